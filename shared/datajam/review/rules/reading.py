"""What rules read of a project: its files' texts, its code, and the tables in its outputs. Nothing outside its folder is opened."""

import csv
import html
import io
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import datajam
from datajam.review.compare import table
from datajam.review.evidence import Evidence, Reviewed

LARGEST_BYTES, LARGEST_OUTPUT, LARGEST_HTML = 30_000_000, 5_000_000, 2_000_000
DATA = {".csv", ".tsv", ".txt", ".json", ".geojson", ".xlsx", ".xls", ".xlsm", ".ods", ".parquet", ".feather", ".dta", ".sav"}
_TEXTS = DATA - {".xlsx", ".xls", ".xlsm", ".ods", ".parquet", ".feather", ".dta", ".sav"}
_PACKAGE = Path(datajam.__file__).parent


@dataclass(frozen=True)
class Text:
    """A piece of a project: its file, the cell where it stands in a notebook (from 1), what it is (data, code, output, prose)."""

    file: str
    text: str
    kind: str
    cell: int | None = None


@dataclass(frozen=True)
class Table:
    """A table that leaves: the file, the cell, its column names and its rows, all as text."""

    file: str
    columns: list[str]
    rows: list[list[str]]
    cell: int | None = None


def inside(evidence: Evidence, path: str) -> Path | None:
    """A file of the project, or None where it is none, or where a link leads out of the folder."""
    try:
        found = (evidence.folder / path).resolve()
        return found if found.is_file() and found.is_relative_to(evidence.folder.resolve()) else None
    except (OSError, ValueError):
        return None


def content(evidence: Evidence, path: str) -> str:
    """A file's text; '' where it cannot be opened, is no text, or is larger than 30 MB."""
    found = inside(evidence, path)
    if not found or found.stat().st_size > LARGEST_BYTES:
        return ""
    held = found.read_bytes()
    if held.startswith((b"\xff\xfe", b"\xfe\xff")):
        return held.decode("utf-16", errors="replace")
    return "" if b"\x00" in held[:65536] else held.decode("utf-8-sig", errors="replace")


def came_with(evidence: Evidence, path: str) -> bool:
    """Whether a file is one of the package that every project carries, unchanged."""
    if not path.startswith("shared/datajam/"):
        return False
    own, found = _PACKAGE / path.removeprefix("shared/datajam/"), inside(evidence, path)
    return bool(found) and own.is_file() and own.read_bytes() == found.read_bytes()


def own_files(evidence: Evidence) -> list[str]:
    """The project's files without the package it carries."""
    return [path for path in evidence.files if not came_with(evidence, path)]


def saved(notebook: Reviewed) -> dict[str, Any]:
    """A notebook as it was committed with its outputs: that of the run, else itself."""
    return notebook.then or notebook.source or {}


def cells(notebook: dict[str, Any] | None) -> Iterator[tuple[int, dict[str, Any]]]:
    """The cells of a notebook's JSON with their numbers from 1, whatever else is in it."""
    found = (notebook or {}).get("cells", [])
    for number, cell in enumerate(found if isinstance(found, list) else [], start=1):
        if isinstance(cell, dict):
            yield number, cell


def source(cell: dict[str, Any]) -> str:
    """What a cell says, as one text."""
    return joined(cell.get("source", ""))


def joined(text: Any) -> str:
    """A text of a notebook's JSON, which may be a list of lines.

    >>> joined(["one", "two"]), joined(None)
    ('onetwo', '')
    """
    return (
        "".join(part for part in text if isinstance(part, str)) if isinstance(text, list) else text if isinstance(text, str) else ""
    )


def outputs(cell: dict[str, Any]) -> list[dict[str, Any]]:
    """The outputs of a cell."""
    found = cell.get("outputs", [])
    return [output for output in found if isinstance(output, dict)] if isinstance(found, list) else []


def data(output: dict[str, Any], mime: str) -> str:
    """One representation of an output as text, '' where there is none."""
    found = output.get("data")
    return joined(found.get(mime, "")) if isinstance(found, dict) else ""


def printed(output: dict[str, Any], most: int = LARGEST_OUTPUT) -> str:
    """What an output says to somebody who reads only text, each form of it up to 5 MB."""
    said = (joined(output.get("text", "")) or data(output, "text/plain"))[:most]
    marked, listed, shown = (data(output, f"text/{name}")[:most] for name in ("markdown", "csv", "html"))
    return f"{said}\n{marked}{listed}\n{plain(shown)}"


def size(output: dict[str, Any]) -> int:
    """How many letters the longest text of an output has."""
    forms = (data(output, f"text/{name}") for name in ("plain", "markdown", "csv", "html"))
    return max(len(joined(output.get("text", ""))), *map(len, forms))


def plain(markup: str) -> str:
    """The words of a piece of HTML, whatever is in it.

    >>> plain("<p>3 &lt; 4</p>").split()
    ['3', '<', '4']
    """
    return html.unescape(re.sub(r"<[^<>]*>", " ", markup)) if "<" in markup else markup


def about(thing: dict[str, Any], name: str = "datajam") -> dict[str, Any]:
    """One part of the metadata of a cell or an output, {} where it is not there or no table."""
    found = thing.get("metadata")
    found = found.get(name) if isinstance(found, dict) else None
    return found if isinstance(found, dict) else {}


def tags(cell: dict[str, Any]) -> list[str]:
    """The tags of a cell."""
    found = cell.get("metadata")
    found = found.get("tags") if isinstance(found, dict) else None
    return [tag for tag in found if isinstance(tag, str)] if isinstance(found, list) else []


def code(evidence: Evidence, *, carried: bool = False) -> Iterator[Text]:
    """The project's own code: its notebooks' cells and its Python files; with `carried` the package in shared/datajam too."""
    for notebook in evidence.notebooks:
        for number, cell in cells(notebook.source):
            if cell.get("cell_type") == "code":
                yield Text(notebook.path, source(cell), "code", number)
    for path in evidence.files if carried else own_files(evidence):
        if path.endswith(".py"):
            yield Text(path, content(evidence, path), "code")


def texts(evidence: Evidence) -> Iterator[Text]:
    """Everything in a project that can be read as text, cell by cell where it is a notebook."""
    yield from code(evidence)
    known = {notebook.path for notebook in evidence.notebooks}
    for notebook in evidence.notebooks:
        yield from _said(notebook)
    for path in own_files(evidence):
        suffix = Path(path).suffix.lower()
        if path in known or suffix in (".py", ".ipynb") or path.startswith("runs/") and suffix == ".html":
            continue
        yield Text(path, as_csv(evidence, path) or content(evidence, path), "data" if suffix in DATA else "prose")


def _said(notebook: Reviewed) -> Iterator[Text]:
    for number, cell in cells(notebook.source):
        if cell.get("cell_type") != "code":
            yield Text(notebook.path, source(cell), "prose", number)
    for number, cell in cells(saved(notebook)):
        for output in outputs(cell):
            yield Text(notebook.path, printed(output), "output", number)


def as_csv(evidence: Evidence, path: str) -> str:
    """A workbook or Parquet file as CSV text, all sheets one after another; '' for other files and those that do not open."""
    found = inside(evidence, path)
    if not found or found.suffix.lower() not in DATA - _TEXTS or found.stat().st_size > LARGEST_BYTES:
        return ""
    import pandas as pd

    try:
        if found.suffix.lower() == ".parquet":
            return pd.read_parquet(found).to_csv(index=False)
        sheets = pd.read_excel(found, sheet_name=None, header=None, dtype=str, engine="calamine")
        return "\n".join(sheet.to_csv(index=False, header=False) for sheet in sheets.values())
    except Exception:
        return ""


def tables(evidence: Evidence) -> Iterator[Table]:
    """Every table that a project shows or exports: in the outputs of now (else those saved), and as CSV in runs/."""
    for notebook in evidence.notebooks:
        for number, cell in cells(notebook.now or saved(notebook)):
            for output in outputs(cell):
                yield from (Table(notebook.path, *parts, number) for parts in _in_output(output))
    for path in evidence.files:
        if path.startswith("runs/") and path.endswith(".csv"):
            yield from (Table(path, *parts) for parts in from_csv(content(evidence, path)))


def _in_output(output: dict[str, Any]) -> Iterator[tuple[list[str], list[list[str]]]]:
    """The tables in an output, from the first of its forms that has any."""
    readers = {"text/html": from_html, "text/markdown": from_markdown, "text/csv": from_csv}
    for mime, reader in readers.items():
        if found := list(reader(data(output, mime))):
            yield from found
            return
    yield from from_print(joined(output.get("text", "")) or data(output, "text/plain"))


def from_markdown(text: str) -> Iterator[tuple[list[str], list[list[str]]]]:
    """The tables in a piece of Markdown.

    >>> list(from_markdown("| place | pupils |\\n|--|--|\\n| Leeds | 3 |"))
    [(['place', 'pupils'], [['Leeds', '3']])]
    """
    for part in re.split(r"\n(?!\s*\|)", text[:LARGEST_HTML]) if "|" in text else []:
        rows = table("text/markdown", part)
        if len(rows) > 1:
            yield _even(rows)


def from_html(markup: str) -> Iterator[tuple[list[str], list[list[str]]]]:
    """The tables in a piece of HTML: (column names, rows), row labels first.

    >>> list(from_html("<table><tr><th>place<th>pupils<tr><td>Leeds<td>3</table>"))
    [(['place', 'pupils'], [['Leeds', '3']])]
    """
    for part in re.split(r"(?i)</table\s*>", markup[:LARGEST_HTML]) if "<t" in markup.lower() else []:
        rows = [row for row in table("text/html", part) if row]
        if len(rows) > 1:
            yield _even(rows)


def from_csv(text: str) -> Iterator[tuple[list[str], list[list[str]]]]:
    """A CSV text as one table.

    >>> list(from_csv("place,pupils\\nLeeds,3"))
    [(['place', 'pupils'], [['Leeds', '3']])]
    """
    try:
        rows = [row for row in csv.reader(io.StringIO(text)) if row]
    except csv.Error:
        return
    if len(rows) > 1:
        yield _even(rows)


def from_print(text: str) -> Iterator[tuple[list[str], list[list[str]]]]:
    """A table printed by pandas: lines with the same number of columns, two spaces or more apart.

    >>> list(from_print("       group  pupils\\n0   eligible       3\\n1  all other     210"))
    [(['', 'group', 'pupils'], [['0', 'eligible', '3'], ['1', 'all other', '210']])]
    """
    lines = [re.split(r" {2,}", line.strip()) for line in text[:LARGEST_HTML].splitlines()[:5000] if line.strip()]
    for start in range(len(lines) - 1):
        header, following = lines[start], lines[start + 1]
        if len(header) >= 2 and len(following) - len(header) in (0, 1) and not any(_is_number(part) for part in header):
            rows = [row for row in lines[start + 1 :] if len(row) == len(following)]
            yield [""] * (len(following) - len(header)) + header, rows
            return


def _is_number(text: str) -> bool:
    return bool(re.fullmatch(r"-?[\d,]*\.?\d+%?", text))


def _even(rows: list[list[str]]) -> tuple[list[str], list[list[str]]]:
    """Column names and rows of one width: what is missing in a row stands at its beginning, where labels span rows."""
    width = max(map(len, rows))
    return [""] * (width - len(rows[0])) + rows[0], [[""] * (width - len(row)) + row for row in rows[1:]]


def line_of(text: str, at: int) -> int:
    """The line of a place in a text, from 1."""
    return text.count("\n", 0, at) + 1


def named(paths: Iterable[str], most: int = 4) -> str:
    """A few names, and how many more there are.

    >>> named(["a", "b", "c"], 2)
    'a, b and 1 more'
    """
    paths = list(paths)
    return ", ".join(paths[:most]) + (f" and {len(paths) - most} more" if len(paths) > most else "")
