"""Are two texts the same? The ladder: each rung takes away one thing that differs without meaning anything."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cache

RELATIVE, ABSOLUTE = 1e-6, 1e-9
_MONTHS = "Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec"
_RUNGS = {
    "memory addresses": r"\b0x[0-9a-fA-F]{6,16}\b",
    "table ids": r"\bT_[0-9a-f]{5,}|\b[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\b|\b(?:clip|glyph|image|m|p)[0-9a-f]{8,10}\b",
    "paths": r"(?:(?<=[\s'\"(=:>])|^)(?:[A-Za-z]:\\|/)(?:[\w.~+-]+[/\\])+[\w.~+-]*|<ipython-input-[\w-]+>|ipykernel_\d+",
    "dates": rf"\b\d{{4}}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)?\b|\b\d\d?/\d\d?/\d{{4}}\b"
    rf"|\b\d\d? (?:{_MONTHS})[a-z]* \d{{4}}\b|\b(?:{_MONTHS})[a-z]* \d\d?,? (?:\d\d:\d\d:\d\d )?\d{{4}}\b"
    r"|\b\d\d:\d\d:\d\d(?:\.\d+)?\b",
    "timings": r"\b\d+(?:\.\d+)? ?(?:ns|µs|us|ms|s|sec|secs|seconds|min|minutes|it/s|s/it)(?=[\s.,;)\]]|$)",
    "numbers": r"(?<![\w.])[-+−]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?(?:[eE][-+]?\d+)?(?![\w])",
}
LADDER = ["identical", "execution counts", "split streams", "deprecation warnings", *_RUNGS, "image bytes", "pixels"]
_WARNED = re.compile(r"(?:^.*(?:Deprecation|PendingDeprecation|Future)Warning:.*\n?(?:^[ \t]+.*\n?)*)+", re.MULTILINE)


@cache
def _pattern() -> re.Pattern:
    named = (f"(?P<{name.replace(' ', '_')}>{pattern})" for name, pattern in _RUNGS.items())
    return re.compile("|".join(named), re.MULTILINE)


def _parts(text: str) -> tuple[list[str], list[tuple[str, str]]]:
    """A text cut into what stays and the tokens that may differ: each token with the rung it belongs to."""
    between, tokens, at = [], [], 0
    for match in _pattern().finditer(text):
        between.append(text[at : match.start()])
        tokens.append((match.lastgroup.replace("_", " "), match.group()))
        at = match.end()
    return [*between, text[at:]], tokens


def same_text(then: str, now: str) -> tuple[str, str]:
    """How alike two texts are, and the highest rung of the ladder it needed: identical, within tolerance or different.

    Numbers are the same within a relative 1e-6; dates only where the one of now is today's; paths where the last part is.

    >>> same_text("<A at 0x7f00aa11>", "<A at 0x7f00bb22>")
    ('identical', 'memory addresses')
    >>> same_text("gap 15.2 points", "gap 15.3 points")
    ('different', '')
    """
    if then == now:
        return "identical", "identical"
    then, now = (text.replace("\r\n", "\n").rstrip("\n") for text in (then, now))
    quiet_then, quiet_now = (_WARNED.sub("", text).rstrip("\n") for text in (then, now))
    quiet = (quiet_then, quiet_now) != (then, now)
    (kept_then, tokens_then), (kept_now, tokens_now) = _parts(quiet_then), _parts(quiet_now)
    if kept_then != kept_now or len(tokens_then) != len(tokens_now):
        return "different", ""
    needed = ["deprecation warnings"] if quiet else ["identical"]
    for (kind, one), (other_kind, other) in zip(tokens_then, tokens_now, strict=True):
        if one == other:
            continue
        if kind != other_kind or not _ALLOWED[kind](one, other):
            return "different", ""
        needed.append(kind)
    highest = max(needed, key=LADDER.index)
    return ("within tolerance" if highest == "numbers" else "identical"), highest


def _any(one: str, other: str) -> bool:
    return True


def _same_end(one: str, other: str) -> bool:
    """Paths that end alike; those of a room or of installed packages may lie anywhere."""
    ends = [re.split(r"[/\\]", text)[-1] for text in (one, other)]
    return ends[0] == ends[1] or "ipykernel" in one + other or "<ipython-input" in one


def _of_today(one: str, other: str) -> bool:
    """A date of now that is the day of this review, a time of day of now that is within the hours of it."""
    if re.fullmatch(r"\d\d:\d\d:\d\d(?:\.\d+)?", other):
        return True
    return any(form in other for form in _todays(datetime.now(UTC).strftime("%Y-%m-%d")))


@cache
def _todays(day: str) -> tuple[str, ...]:
    """Yesterday, today and tomorrow, as they are written: a review may pass midnight, and lie in any time zone."""
    found = []
    for shift in (-1, 0, 1):
        date = datetime.fromisoformat(day) + timedelta(days=shift)
        found += [date.strftime(form) for form in ("%Y-%m-%d", "%d/%m/%Y", "%m/%d/%Y", "%B %d, %Y", "%b %d %Y", "%b %d, %Y")]
        found += [f"{date.day} {date.strftime(form)}" for form in ("%B %Y", "%b %Y")]
    return tuple(found)


def close(one: str, other: str) -> bool:
    """Whether two written numbers are the same within a relative 1e-6 (and 1e-9 near zero).

    >>> close("0.12345678", "0.12345679"), close("15.2", "15.3"), close("1,000", "1000")
    (True, False, True)
    """
    first, second = number(one), number(other)
    if first is None or second is None:
        return False
    return abs(first - second) <= max(ABSOLUTE, RELATIVE * max(abs(first), abs(second)))


def number(text: str) -> float | None:
    """A written number, or None for what is none: thousands' commas, a minus sign of any kind, per cent and pound are understood.

    >>> number("−1,234.5"), number("£410"), number("43%"), number("North")
    (-1234.5, 410.0, 43.0, None)
    """
    plain = text.strip().replace("−", "-").replace(",", "").removesuffix("%").replace("£", "").strip()
    try:
        return float(plain)
    except ValueError:
        return None


_ALLOWED: dict[str, Callable[[str, str], bool]] = {
    "memory addresses": _any,
    "table ids": _any,
    "paths": _same_end,
    "dates": _of_today,
    "timings": _any,
    "numbers": close,
}


def same_table(then: list[list[str]], now: list[list[str]]) -> tuple[str, str, str]:
    """Two tables cell by cell: how alike, the rung needed, and in words the first cells that differ.

    >>> same_table([["Leeds", "15.2"]], [["Leeds", "15.3"]])
    ('different', '', 'row 1, column 2: 15.2 then, 15.3 now')
    """
    shapes = [(len(table), max(map(len, table), default=0)) for table in (then, now)]
    if shapes[0] != shapes[1] or [len(row) for row in then] != [len(row) for row in now]:
        sizes = " then, ".join(f"{rows} rows of {columns} columns" for rows, columns in shapes)
        return "different", "", f"{sizes} now"
    apart, needed, worst = [], ["identical"], "identical"
    for row, (one_row, other_row) in enumerate(zip(then, now, strict=True), start=1):
        for column, (one, other) in enumerate(zip(one_row, other_row, strict=True), start=1):
            same, rung = ("within tolerance", "numbers") if one != other and close(one, other) else same_text(one, other)
            if same == "different":
                apart.append(f"row {row}, column {column}: {one[:60]} then, {other[:60]} now")
            else:
                needed.append(rung)
                worst = same if same != "identical" else worst
    if apart:
        more = f"; and {len(apart) - 5} more" if len(apart) > 5 else ""
        return "different", "", "; ".join(apart[:5]) + more
    return worst, max(needed, key=LADDER.index), ""
