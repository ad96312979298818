"""Headline numbers: recorded then, collected now; and the numbers said in README, deck and report page that rest on none."""

import json
import re
from collections.abc import Iterable, Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import nbformat

from datajam.errors import DataJamError
from datajam.review.alike import number
from datajam.review.evidence import Evidence, Finding, Reviewed
from datajam.say import results

LARGEST_PAGE = 60_000_000
PAGES = ("report.html", "slides.html", "one_page.html")
_FINDINGS = re.compile(r"^#{1,6}\s.*\b(find|found|result|headline|key number|summary|conclusion)", re.IGNORECASE)
_NUMBER = re.compile(r"(?<![\w./-])[-−]?£?\d[\d,]*(?:\.\d+)?%?(?![\w/]|[-.]\d)")
_NOT_SAID = re.compile(r"\b\d{4}[-/]\d\d(?:[-/]\d\d)?(?:[T ][\d:]+)?\b|\b\d{4}/\d{2,4}\b|\b(?:19|20)\d\d\b|\S*://\S*|`[^`]*`|\b[0-9a-f]{12,}\b")
_SIDES = ("value", "lower_95", "upper_95", "base")


def recorded(path: Path) -> list[dict[str, Any]]:
    """The results in a run's results.json; none where it is not there or is damaged."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return []
    return [entry for entry in found if isinstance(entry, dict) and "name" in entry] if isinstance(found, list) else []


def collected(notebooks: Iterable[Reviewed]) -> list[dict[str, Any]]:
    """The results recorded in the notebooks of now, in order; the first of two with one name."""
    found: dict[str, dict[str, Any]] = {}
    for one in notebooks:
        if one.now is None:
            continue
        try:
            entries = results.collect([(Path(one.path).stem, nbformat.from_dict(one.now))])
        except (DataJamError, KeyError, TypeError):
            continue
        for entry in entries:
            found.setdefault(entry["name"], entry)
    return list(found.values())


def loose_numbers(evidence: Evidence) -> Iterator[Finding]:
    """Every number in README's findings that is no recorded result, and every one in a run's pages that no notebook gives."""
    entries = [*evidence.results_then, *evidence.results_now]
    values = {float(entry[side]) for entry in entries for side in _SIDES if isinstance(entry.get(side), (int, float))}
    if entries:
        yield from _of_readme(evidence, values)
    given = _everything_given(evidence)
    if given:
        for name in evidence.files:
            if name.startswith("runs/") and name.rpartition("/")[2] in PAGES and _of_place(name, evidence):
                yield from _of_page(evidence.folder / name, name, given)


def _of_place(name: str, evidence: Evidence) -> bool:
    """Whether a page is of the run that was compared."""
    return not evidence.run or name.startswith(f"{evidence.run}/")


def _of_readme(evidence: Evidence, values: set[float]) -> Iterator[Finding]:
    name = next((name for name in evidence.files if re.fullmatch(r"readme(\.md|\.rst|\.txt)?", name, re.IGNORECASE)), "")
    path = evidence.folder / name
    if not name or not path.is_file() or path.stat().st_size > LARGEST_PAGE:
        return
    within = False
    for line, text in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), start=1):
        within = bool(_FINDINGS.match(text)) if text.startswith("#") else within
        for said in said_in(text) if within and not text.startswith("#") else ():
            if not any(_says(said, value) for value in values):
                words = f"{said} in {text.strip()[:120]!r} is no recorded result."
                yield Finding("said.number", words, name, line=line, remedy=_REMEDY)


_REMEDY = "Take the number from results.json, or record it in a notebook with results.record."


def said_in(text: str) -> list[str]:
    """The numbers a line of prose says; dates, years, addresses, code and whole numbers up to ten without a unit are none.

    >>> said_in("In 2024/25 the gap was 17.0 points (43% of 9,870), in 3 places, see `v1.2`.")
    ['17.0', '43%', '9,870']
    """
    found = _NUMBER.findall(_NOT_SAID.sub(" ", text))
    return [said for said in found if re.search(r"[.%£,]", said) or abs(number(said) or 0) > 10]


def _says(said: str, value: float) -> bool:
    """Whether a number as written is a value, rounded to the digits written; a minus may be said in words.

    >>> _says("15", 15.2), _says("15.3", 15.2), _says("1.5", -1.5)
    (True, False, True)
    """
    written = number(said)
    digits = len(said.rstrip("%").partition(".")[2])
    return written is not None and abs(abs(written) - abs(value)) <= 0.5 * 10**-digits + 1e-9


def _everything_given(evidence: Evidence) -> set[float]:
    """Every number in the notebooks of now, code and outputs, in the settings and in what a run says of itself."""
    texts = [json.dumps(evidence.settings or {}, default=str), json.dumps([*evidence.results_now, *evidence.results_then])]
    for one in evidence.notebooks:
        texts += list(_texts(one.now or {}))
    if evidence.run:
        about = evidence.folder / evidence.run / "provenance.json"
        texts.append(about.read_text(encoding="utf-8", errors="replace") if about.is_file() else "")
    return {abs(value) for text in texts for value in map(number, _NUMBER_ANYWHERE.findall(text)) if value is not None}


_NUMBER_ANYWHERE = re.compile(r"\d[\d,]*(?:\.\d+)?")


def _texts(held: Any) -> Iterator[str]:
    """Every text in a notebook, pictures left out."""
    if isinstance(held, str):
        yield held
    elif isinstance(held, (int, float)):
        yield str(held)
    elif isinstance(held, dict):
        for key, value in held.items():
            if not str(key).startswith("image/") or isinstance(value, dict):
                yield from _texts(value)
    elif isinstance(held, list):
        for value in held:
            yield from _texts(value)


class _Prose(HTMLParser):
    """What a page says: its text without styles, scripts and drawings."""

    _SILENT = ("style", "script", "svg", "template")

    def __init__(self) -> None:
        super().__init__()
        self.silent, self.said = 0, []

    def handle_starttag(self, tag, attrs):
        self.silent += tag in self._SILENT
        self.said.append(" " if tag in ("b", "i", "em", "strong", "span", "a", "code") else "\n")

    def handle_endtag(self, tag):
        self.silent -= tag in self._SILENT
        self.said.append("" if tag in ("b", "i", "em", "strong", "span", "a", "code") else "\n")

    def handle_data(self, data):
        if not self.silent:
            self.said.append(data)


def _of_page(path: Path, name: str, given: set[float]) -> Iterator[Finding]:
    if not path.is_file() or path.stat().st_size > LARGEST_PAGE:
        return
    reader = _Prose()
    reader.feed(path.read_text(encoding="utf-8", errors="replace"))
    for text in "".join(reader.said).splitlines():
        for said in said_in(text):
            value = number(said)
            if value is not None and abs(value) not in given:
                words = f"{said} in {' '.join(text.split())[:120]!r} is in no output of the notebooks."
                yield Finding("said.number", words, name, remedy="Make the page again with `datajam run` and `datajam show`.")
