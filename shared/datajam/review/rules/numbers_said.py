"""Numbers that people read, in README, deck, report page and the notebooks' own text, which no result of the run says."""

import re
from collections.abc import Iterable, Iterator
from html.parser import HTMLParser
from typing import Any

from datajam.review.evidence import Evidence, Finding, Rule
from datajam.review.rules.reading import (
    cells,
    content,
    data,
    joined,
    line_of,
    outputs,
    printed,
    saved,
    source,
    tags,
)

_UNITS = (
    r"%|per ?cent(?:age points?)?\b|percentage points?\b|points?\b|pupils?\b|people\b|adults?\b|children\b|young people\b|"
    r"(?:times|years) (?:more|less|longer|shorter)\b|out of 10\b"
)
_NUMBER = r"[-\u2212]?\d{1,3}(?:,\d{3})+(?:\.\d+)?|[-\u2212]?\d+(?:\.\d+)?"
_SAID = re.compile(rf"(?<![\w.£-])(?:(£)\s?({_NUMBER})|({_NUMBER})\s?(?:{_UNITS}))")
_BARE = re.compile(rf"(?<![\w./:£-])({_NUMBER})(?![\w/:]|\.\d)")
_ROUND = {0, 1, 2, 3, 10, 50, 95, 99, 99.8, 100}
_FINDINGS = re.compile(r"finding|result|headline|what we found|conclusion|may say", re.IGNORECASE)
LARGEST_TEXT, LARGEST_PAGE = 1_000_000, 20_000_000
_SILENT = {"script", "style", "table", "footer", "code", "sources", "provenance"}
_PAGES = ("report.html", "slides.html", "one_page.html")
_CODE = re.compile(r"^(```|~~~).*?^\1|`[^`\n]*`|<!--.*?-->|https?://\S+", re.MULTILINE | re.DOTALL)
_YEAR = re.compile(r"(?:19|20)\d\d")


def said(text: str, everything: bool = False) -> Iterator[tuple[str, float, int]]:
    """Numbers with a unit in a text: (as written, value, where); with `everything` those with a decimal point and no unit too.

    >>> [(words, value) for words, value, _ in said("The gap is 12.4 points, version 3.11, in 2024, at £1,200")]
    [('12.4 points', 12.4), ('£1,200', 1200.0)]
    """
    blank = _CODE.sub(lambda found: " " * len(found[0]), text)
    seen = set()
    for found in _SAID.finditer(blank):
        seen.add(found.start(2) if found[1] else found.start(3))
        yield " ".join(found[0].split()), _value(found[2] or found[3]), found.start()
    for found in _BARE.finditer(blank) if everything else ():
        if "." in found[1] and found.start() not in seen:
            yield found[0], _value(found[1]), found.start()


def _value(text: str) -> float:
    return float(text.replace(",", "").replace("\u2212", "-"))


def recorded(evidence: Evidence) -> set[float]:
    """Every number of the recorded results: values, ends of intervals, bases, and the numbers in their words."""
    found: set[float] = set()
    for entry in evidence.results_now or evidence.results_then:
        for key in ("value", "lower_95", "upper_95", "base"):
            found |= set(_in(entry.get(key)))
        found |= set(_in(str(entry.get("label", "")))) | set(_in(str(entry.get("reason", ""))))
    return found | _ROUND


def _in(value: Any) -> Iterator[float]:
    """The numbers in a value: itself, or all those in a text."""
    if isinstance(value, bool):
        return
    if isinstance(value, (int, float)):
        yield float(value)
    elif isinstance(value, str):
        yield from (_value(found) for found in re.findall(_NUMBER, value))


def _parameters(evidence: Evidence) -> set[float]:
    """The numbers that parameters of hack.toml and of the notebooks are set to."""
    given = (evidence.settings or {}).get("parameters", {})
    found = {number for value in (given.values() if isinstance(given, dict) else ()) for number in _in(value)}
    for notebook in evidence.notebooks:
        for _, cell in cells(notebook.source):
            if "parameters" in tags(cell):
                found |= set(_in(source(cell)))
    return found


def _printed(evidence: Evidence, *, tables: bool) -> set[float]:
    """The numbers that outputs say in words; with `tables` also those in tables and chart data."""
    found: set[float] = set()
    for notebook in evidence.notebooks:
        for _, cell in cells(notebook.now or saved(notebook)):
            for output in outputs(cell):
                text = joined(output.get("text", "")) + data(output, "text/plain") + data(output, "text/markdown")
                found |= set(_in((printed(output) if tables else text)[:LARGEST_TEXT]))
    return found


def _matches(value: float, words: str, known: Iterable[float]) -> bool:
    """Whether a number said is one known, rounded to as many digits as it is said with, its sign left out."""
    decimals = re.match(r"\d*", words.partition(".")[2])
    half = 0.5 * 10.0 ** -len(decimals[0]) + 1e-9
    return any(abs(abs(value) - abs(number)) <= half for number in known)


def _readme(evidence: Evidence) -> Iterator[tuple[str, int | None, str, bool]]:
    """Texts that say findings: (file, cell, text, whether bare numbers count), README by its headings, then notebooks' prose."""
    for path in evidence.files:
        if re.fullmatch(r"readme\.(md|rst|txt)", path, re.IGNORECASE):
            text = content(evidence, path)
            yield path, None, text, False
            for start, end in _sections(text):
                yield path, None, " " * start + text[start:end], True
    for notebook in evidence.notebooks:
        for number, cell in cells(notebook.source):
            if cell.get("cell_type") == "markdown":
                yield notebook.path, number, source(cell), False


def _sections(text: str) -> Iterator[tuple[int, int]]:
    """Where the sections stand whose heading speaks of findings."""
    heads = [*re.finditer(r"^#+ .*$", text, re.MULTILINE)]
    ends = [*(head.start() for head in heads[1:]), len(text)]
    yield from ((head.end(), end) for head, end in zip(heads, ends, strict=False) if _FINDINGS.search(head[0]))


def _numbers(evidence: Evidence) -> Iterator[Finding]:
    if not (evidence.results_now or evidence.results_then):
        return
    known = recorded(evidence) | _parameters(evidence) | _printed(evidence, tables=False)
    told = set()
    for path, cell, text, everything in _readme(evidence):
        for words, value, at in said(text, everything):
            where = (path, cell, value)
            if where not in told and not _matches(value, words, known):
                told.add(where)
                yield _finding(words, path, cell, line_of(text, at))
    yield from _on_pages(evidence, known | _printed(evidence, tables=True))


def _on_pages(evidence: Evidence, known: set[float]) -> Iterator[Finding]:
    """Numbers on the deck and the report pages of the reviewed place that nothing in the run says."""
    prose = {words for *_, text, _ in _readme(evidence) for words, *_ in said(text)}
    for path in evidence.files:
        if not path.startswith("runs/") or path.rsplit("/", 1)[-1] not in _PAGES or not _of_the_place(evidence, path):
            continue
        told = set()
        for words, value, _ in said(_words_of(content(evidence, path))):
            if words not in told | prose and not _matches(value, words, known):
                told.add(words)
                yield _finding(words, path)


def _of_the_place(evidence: Evidence, path: str) -> bool:
    from datajam.vocabulary.places import named

    place = named(evidence.place) if evidence.place else None
    return place is None or path.split("/")[1] == place.slug


class _Words(HTMLParser):
    """The words of a page, without its code, tables, sources and scripts."""

    def __init__(self) -> None:
        super().__init__()
        self.said: list[str] = []
        self.silent, self.depth = "", 0

    def handle_starttag(self, tag, attrs):
        about = dict(attrs)
        if self.silent:
            self.depth += tag == self.silent
        elif tag in _SILENT or {about.get("class"), about.get("aria-labelledby")} & _SILENT:
            self.silent, self.depth = tag, 1

    def handle_endtag(self, tag):
        self.depth -= tag == self.silent
        self.silent = self.silent if self.depth else ""

    def handle_data(self, data):
        if not self.silent:
            self.said.append(data)


def _words_of(page: str) -> str:
    reader = _Words()
    reader.feed(page[:LARGEST_PAGE])
    return " ".join(" ".join(reader.said).split())


def _finding(words: str, path: str, cell: int | None = None, line: int | None = None) -> Finding:
    remedy = "Correct it, or let the notebook write the sentence from the number it recorded."
    return Finding("said.number", f"Says “{words}”, which no recorded result says.", path, cell, line, remedy)


RULES = [
    Rule(
        "said.number",
        "Every number in README, notebooks' text, deck and report page is a result of the run",
        "A number typed in by hand stays when the data changes. In medicine and economics this is checked by hand, paper by paper.",
        "https://aeadataeditor.github.io/aea-de-guidance/",
        _numbers,
    ),
]
