"""Every output of a notebook then and now, compared: text, tables cell by cell, pictures as they look, recorded numbers."""

import csv
import io
import json
import re
from collections.abc import Iterator
from difflib import SequenceMatcher
from html.parser import HTMLParser
from typing import Any

from datajam.review.alike import LADDER, same_table, same_text
from datajam.review.evidence import Compared
from datajam.review.pictures import same_picture

LARGEST_TEXT = 2_000_000
KEPT_TEXT = 20_000
SCRAP = "application/scrapbook.scrap.json+json"
_ORDER = {"identical": 0, "within tolerance": 1, "different": 2}


def compare(then: Any, now: Any) -> list[Compared]:
    """Every output of two notebooks, then and now. Cells are paired by their number, or by their code where cells came or went.

    An output is as unlike as its most unlike form: a chart that looks the same over other data is different.
    """
    found = []
    for one, other, number in _pairs(then, now):
        first, second = _outputs(one), _outputs(other)
        for index in range(max(len(first), len(second))):
            old = first[index] if index < len(first) else None
            new = second[index] if index < len(second) else None
            found.append(_compared(number, index + 1, old, new, one, other))
    return found


def _pairs(then: Any, now: Any) -> Iterator[tuple[Any, Any, int]]:
    """Code cells then and now with the number (from 1) in the notebook of now."""
    if [cell.cell_type for cell in then.cells] == [cell.cell_type for cell in now.cells]:
        pairs = list(zip(then.cells, now.cells, range(1, len(now.cells) + 1), strict=True))
    else:
        pairs = list(_by_code(then.cells, now.cells))
    return (pair for pair in pairs if (pair[0] or pair[1]).cell_type == "code")


def _by_code(then: list[Any], now: list[Any]) -> Iterator[tuple[Any, Any, int]]:
    matcher = SequenceMatcher(None, [cell.source for cell in then], [cell.source for cell in now], autojunk=False)
    for _, i1, i2, j1, j2 in matcher.get_opcodes():
        for step in range(max(i2 - i1, j2 - j1)):
            one = then[i1 + step] if i1 + step < i2 else None
            other = now[j1 + step] if j1 + step < j2 else None
            yield one, other, min(j1 + step, len(now) - 1) + 1


def _outputs(cell: Any) -> list[Any]:
    """A cell's outputs with the pieces of each stream together: standard output first, since the two may mix in any order."""
    if cell is None:
        return []
    streams: dict[str, dict[str, Any]] = {}
    for output in cell.get("outputs", []):
        if output.get("output_type") == "stream":
            held = streams.setdefault(
                output.get("name", "stdout"), {"output_type": "stream", "name": output.get("name"), "text": ""}
            )
            held["text"] += "".join(output.get("text", ""))
    rest = [output for output in cell.get("outputs", []) if output.get("output_type") != "stream"]
    return [*(streams[name] for name in sorted(streams, reverse=True)), *rest]


def _compared(cell: int, index: int, old: Any, new: Any, one: Any, other: Any) -> Compared:
    if old is None or new is None:
        held = old or new
        if _only_warns(held):
            return Compared(cell, index, "text", "identical", "deprecation warnings")
        return Compared(cell, index, _kind(held), "missing" if new is None else "new", "", "", _shown(old), _shown(new))
    kind = _kind(new if _kind(new) == _kind(old) else old)
    if old.get("output_type") == "error" or new.get("output_type") == "error" or _is_stream(old) != _is_stream(new):
        same, rung, words = _text(_plain(old), _plain(new))
    else:
        same, rung, words = _forms(old, new)
    if same == "identical" and rung == "identical":
        rung = _before_the_text(one, other)
    return Compared(cell, index, kind, same, rung, words, *_kept(same, kind, old, new))


def _is_stream(output: Any) -> bool:
    return output.get("output_type") == "stream"


def _before_the_text(one: Any, other: Any) -> str:
    """The rung of an output that is the same to the letter: its cell's count or the cutting of its streams may differ."""
    counts = [[output.get("output_type") for output in cell.get("outputs", [])] for cell in (one, other)]
    if counts[0] != counts[1]:
        return "split streams"
    return "identical" if one.get("execution_count") == other.get("execution_count") else "execution counts"


def _forms(old: Any, new: Any) -> tuple[str, str, str]:
    """The most unlike of the forms of an output."""
    if _is_stream(old):
        return _text(_plain(old), _plain(new))
    first, second = old.get("data", {}), new.get("data", {})
    worst = ("identical", "identical", "")
    for name in {**first, **second}:
        if name not in first or name not in second:
            return "different", "", f"{name} only {'then' if name in first else 'now'}"
        found = _form(name, first[name], second[name])
        worst = max(worst, found, key=lambda each: (_ORDER[each[0]], LADDER.index(each[1]) if each[1] else 99))
    return worst


def _form(name: str, then: Any, now: Any) -> tuple[str, str, str]:
    if name.startswith("image/") and "svg" not in name:
        return same_picture(_joined(then), _joined(now))
    one, other = _joined(then), _joined(now)
    if name in ("text/html", "text/csv", "text/markdown") and one != other and max(len(one), len(other)) < LARGEST_TEXT:
        tables = table(name, one), table(name, other)
        if all(tables):
            return _by_table(name, tables, one, other)
    return _text(one, other)


def _by_table(kind: str, tables: tuple[Any, ...], one: str, other: str) -> tuple[str, str, str]:
    """Tables cell by cell, and what stands around them as text."""
    same, rung, words = same_table(*tables)
    whole, higher = same_text(one, other)
    if same == "different":
        return same, rung, words
    if whole != "different":
        return whole, higher, ""
    beside, _, said = _text(*(_around(kind, text) for text in (one, other)))
    return (beside, "", said) if beside == "different" else (same, rung, "")


def _around(kind: str, text: str) -> str:
    """What an output says beside its tables."""
    if kind == "text/html":
        return re.sub(r"(?is)<table\b.*?</table>", "", text)
    lines = [] if kind == "text/csv" else text.splitlines()
    return "\n".join(line for line in lines if not line.strip().startswith("|"))


def _text(one: str, other: str) -> tuple[str, str, str]:
    if one == other:
        return "identical", "identical", ""
    if max(len(one), len(other)) > LARGEST_TEXT:
        return "different", "", f"{len(one):,} and {len(other):,} letters, not the same; too long to look into"
    same, rung = same_text(one, other)
    return same, rung, "" if same != "different" else _first_line(one, other)


def _first_line(one: str, other: str) -> str:
    """The first line that differs."""
    first, second = one.splitlines(), other.splitlines()
    at = next((i for i, (a, b) in enumerate(zip(first, second, strict=False)) if a != b), min(len(first), len(second)))
    then, now = (lines[at].strip()[:160] if at < len(lines) else "nothing" for lines in (first, second))
    return f"line {at + 1}: {then!r} then, {now!r} now"


def _joined(data: Any) -> str:
    if isinstance(data, list) and all(isinstance(part, str) for part in data):
        return "".join(data)
    return data if isinstance(data, str) else json.dumps(data, sort_keys=True, indent=1, ensure_ascii=False)


def _plain(output: Any) -> str:
    """An output as text."""
    if output.get("output_type") == "error":
        return f"{output.get('ename')}: {output.get('evalue')}"
    if _is_stream(output):
        return _joined(output.get("text", ""))
    return _joined(output.get("data", {}).get("text/plain", ""))


def _only_warns(output: Any) -> bool:
    return _is_stream(output) and output.get("name") == "stderr" and same_text(_plain(output), "")[0] != "different"


def _kind(output: Any) -> str:
    data = output.get("data", {})
    if output.get("output_type") == "error":
        return "error"
    if SCRAP in data:
        return "number"
    if any(name.startswith("image/") for name in data):
        return "image"
    shown = next((name for name in ("text/html", "text/markdown", "text/csv") if name in data), "")
    return "table" if shown and len(_joined(data[shown])) < LARGEST_TEXT and table(shown, _joined(data[shown])) else "text"


def _kept(same: str, kind: str, old: Any, new: Any) -> tuple[Any, Any]:
    """What the report shows side by side: only what is not identical."""
    return (None, None) if same == "identical" else (_shown(old), _shown(new))


def _shown(output: Any) -> Any:
    """An output as the report shows it: a picture as base64, a table as HTML or markdown text, anything else as text; cut."""
    if output is None:
        return None
    data = output.get("data", {})
    picture = next((name for name in data if name.startswith("image/") and "svg" not in name), "")
    if picture:
        return _joined(data[picture])
    named = next((name for name in ("text/markdown", "text/csv") if name in data), "text/plain")
    return (_joined(data[named]) if named in data else _plain(output))[:KEPT_TEXT]


class _Cells(HTMLParser):
    """The cells of the tables in a piece of HTML, row by row."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.within = False

    def handle_starttag(self, tag, attrs):
        if tag == "tr":
            self.rows.append([])
        self.within = tag in ("td", "th") or self.within and tag not in ("tr", "table")
        if tag in ("td", "th") and self.rows:
            self.rows[-1].append("")

    def handle_endtag(self, tag):
        self.within = self.within and tag not in ("td", "th", "tr", "table")

    def handle_data(self, data):
        if self.within and self.rows and self.rows[-1]:
            self.rows[-1][-1] += data.strip()


def table(kind: str, text: str) -> list[list[str]]:
    r"""The cells of the table in an output, row by row; empty where it holds none.

    >>> table("text/markdown", "|a|b|\n|--|--|\n|1|2|")
    [['a', 'b'], ['1', '2']]
    """
    if kind == "text/html":
        reader = _Cells()
        reader.feed(text)
        return reader.rows
    if kind == "text/csv":
        return [row for row in csv.reader(io.StringIO(text)) if row]
    lines = [line.strip().strip("|").split("|") for line in text.splitlines() if line.strip().startswith("|")]
    return [[part.strip() for part in row] for row in lines if not all(set(part.strip()) <= set("-: ") for part in row)]
