"""The results of many places as an accessible spreadsheet: cover, contents, notes, and a sheet for each notebook.

Made with `gptables`, after "Releasing statistics in spreadsheets" (Government Analysis Function, 2021): one table for each sheet,
marked as a table; no merged cells, no frozen panes; a shorthand in every cell without a number.
"""

import re
import textwrap
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pandas as pd

from datajam.folders import write_bytes
from datajam.say import comparison
from datajam.say.comparison import Number
from datajam.say.report import ATTRIBUTION

SHORTHAND = {
    "[c]": "confidential: hidden because few people are counted",
    "[low]": "too low to give",
    "[u]": "held back as unreliable",
    "[x]": "not available",
    "[z]": "not applicable, or not recorded by the run of this place",
}
HEADING = 28
_OF_STATUS = {"suppressed": "[c]", "low": "[low]", "unreliable": "[u]", "not_applicable": "[z]"}
_NOTES = {
    "intervals": "Lower and upper are the ends of the 95% interval: about 19 in 20 such intervals hold the number that would be "
    "found without chance. Places whose intervals overlap widely cannot be told apart.",
    "base": "The base is how many the number rests on. A small base swings with chance more than a large one.",
    "order": "Places are in the order of their names. A rank by itself says little: most neighbours in a ranking differ by chance.",
}
_READING = (
    "Places are in the order of their names.$$order$$",
    "Lower and upper are the ends of the 95% interval.$$intervals$$",
    "The base is what a number rests on.$$base$$",
)
_MADE = datetime(2000, 1, 1)  # the spreadsheet says when it was made; always the same, so that the same results give the same bytes


def write_book(table: pd.DataFrame, folder: Path) -> Path:
    """Write results.xlsx, whole or not at all: the file written. The same table and provenance give the same bytes."""
    import gptables

    project, sources = comparison.provenance(table, folder)
    runs = table["report"].nunique()
    title = f"{_text(project)}: results of {table['place_code'].nunique()} places"
    held = BytesIO()
    book = gptables.produce_workbook(
        held,
        _sheets(table),
        cover=gptables.Cover(title, intro=_intro(table, runs), about=_about(sources)),
        contentsheet_options={"instructions": "This worksheet contains one table. It lists the other worksheets, with links."},
        notes_table=pd.DataFrame(_NOTES.items(), columns=["Note reference", "Note text"]),
        workbook_options={"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False},
    )
    book.set_properties({"title": title, "created": _MADE})
    book.close()
    write_bytes(folder / "results.xlsx", held.getvalue())
    return folder / "results.xlsx"


def _text(text: str) -> str:
    """A text as gptables writes it and no more: it takes [a](b) for a link, $$a$$ for a note, and refuses mere signs."""
    plain = re.sub(r"\$\$", "$ $", str(text)).replace("](", "] (").strip()
    return plain if re.search("[a-zA-Z0-9]", plain) else f"text {plain}" if plain else "[x]"


def _intro(table: pd.DataFrame, runs: int) -> list[str]:
    said = [comparison.warning(table)] if table["synthetic"].any() else []
    said.append(f"{runs} runs of the project's notebooks, with the headline numbers that each recorded.")
    return [_text(line) for line in said] + ["The same numbers as data, unrounded and with more columns, are in results.csv."]


def _about(sources: list[dict[str, Any]]) -> list[str]:
    lines = ["Where a cell has no number, it says why:", *(f"{sign} {words}" for sign, words in SHORTHAND.items())]
    lines.append("The worksheet No figure, where there is one, has the reasons in words.")
    for source in sources:
        named = ", ".join(filter(None, [source["title"] or source["path"], source["publisher"], source["licence"]]))
        closed = "" if source["sensitivity"] == "open" else f" Not open data ({source['sensitivity']}): do not pass on."
        lines.append(_text(f"{'Synthetic data' if source['synthetic'] else 'Source'}: {named}.{closed}"))
    return lines + [ATTRIBUTION] * any("Open Government" in source["licence"] for source in sources)


def _sheets(table: pd.DataFrame) -> dict[str, Any]:
    """The worksheets by label: places, a sheet for each notebook, numbers of some places only, reasons where no figure is."""
    found = comparison.numbers(table)
    sheets = {"Places": _places(table)}
    common = [number for number in found if number.widespread]
    for notebook in sorted({number.rows["notebook"].iloc[0] for number in common}):
        own = [number for number in common if number.rows["notebook"].iloc[0] == notebook]
        sheets[_label(notebook, sheets)] = _notebook(table, notebook, own, len(sheets))
    some = [number.known for number in found if not number.widespread and len(number.known)]
    if some:
        sheets["Some places only"] = _some(table, pd.concat(some))
    lacking = [number.lacking for number in found if len(number.lacking)]
    if lacking:
        sheets["No figure"] = _reasons(table, pd.concat(lacking))
    return sheets


def _label(notebook: str, taken: dict[str, Any]) -> str:
    """A worksheet's label from a notebook's name: 31 characters, no sign that a spreadsheet forbids, none twice."""
    plain = re.sub(r"[\[\]:*?/\\']", " ", notebook).replace("_", " ").strip()[:31].strip() or "Results"
    held = {name.lower() for name in (*taken, "cover", "contents", "notes", "places", "some places only", "no figure", "history")}
    return plain if plain.lower() not in held else f"{plain[:27].strip()} {len(taken)}"


def _sheet(
    name: str, title: str, cells: pd.DataFrame, rows: pd.DataFrame, *, digits: dict[str, int] | None = None, said: tuple = ()
):
    """A worksheet: title, warning where numbers are invented, what it holds, the shorthand used, and its one table."""
    import gptables

    texts = cells.stack().astype("str")
    used = [f"Shorthand: {sign} {words}" for sign, words in SHORTHAND.items() if (texts == sign).any()]
    formats = [
        {
            "column": {
                "columns": [column],
                "format": {"num_format": f"#,##0{'.' * (places > 0)}{'0' * places}"},
                "include_names": False,
            }
        }
        for column, places in (digits or {}).items()
    ]
    return gptables.GPTable(
        cells.reset_index(drop=True),
        name,
        title,
        subtitles=[*([_text(comparison.warning(rows))] if rows["synthetic"].any() else []), *said],
        instructions="This worksheet contains one table. Notes are on the worksheet Notes.",
        legend=used,
        index_columns={2: 0},
        additional_formatting=formats,
    )


def _front(table: pd.DataFrame, runs: pd.DataFrame) -> pd.DataFrame:
    """The columns that say which run a row is about: place, code, parameters."""
    cells = pd.DataFrame({"Place": runs["place"].map(_text), "Code": runs["place_code"].map(_text)}, index=runs.index)
    for name in comparison.parameters(table):
        given = runs[name]
        texts = given.map(_text) if given.dtype == "str" else given.astype("object").where(given.notna(), "[x]")
        cells[name] = texts
    return cells


def _places(table: pd.DataFrame):
    runs = table.drop_duplicates("report").set_index("report")
    figures = (table["value"].notna() | (table["text"] != "")).groupby(table["report"]).agg(["sum", "size"])
    cells = _front(table, runs).assign(
        Level=runs["level"].map({"la": "Local authority", "region": "Region", "country": "Country"}).fillna("[x]"),
        Region=[region or "[z]" for region in runs["region"]],
    )
    cells["Numbers recorded"], cells["Numbers with a figure"] = figures["size"], figures["sum"]
    cells["Report"] = [
        f"[Report of {place}](external:{quote(path)})" for path, place in zip(runs.index, cells["Place"], strict=True)
    ]
    return _sheet("places", "Places, and the report of each", cells, table, said=_READING)


def _notebook(table: pd.DataFrame, notebook: str, own: list[Number], place: int):
    """A notebook's numbers that most places have: a row for each run, a number with its interval and base beside it."""
    runs = table.drop_duplicates("report").set_index("report")
    cells, digits = _front(table, runs), {}
    by_name: dict[str, list[Number]] = {}
    for number in own:
        by_name.setdefault(number.name, []).append(number)
    for settings in by_name.values():
        rows = pd.concat([number.everyone for number in settings]).set_index("report").reindex(runs.index)
        rows["reason"] = rows["reason"].fillna(comparison.NOT_RECORDED)
        for column, (values, places) in _columns(settings[0], rows, set(cells)).items():
            cells[column], digits[column] = values, places
    title = f"{_text(notebook.replace('_', ' '))}: the numbers that most places have"
    return _sheet(f"numbers_{place}", title, cells, pd.concat([number.rows for number in own]), digits=digits, said=_READING)


def _columns(number: Number, rows: pd.DataFrame, taken: set[str]) -> dict[str, tuple[pd.Series, int]]:
    """A number's columns: {heading: (cells, digits)}; no interval or base where no place has one."""
    heading = textwrap.fill(_text(number.label), HEADING)
    if any(name.lower().startswith(f"{heading.lower()}\n") for name in taken):
        heading += f"\n{number.name}"
    unit, base_of = number.unit or "number", number.rows["base_of"].mode().iloc[0]
    ends = {"value": f"({_text(unit)})", "lower_95": "lower 95%", "upper_95": "upper 95%"}
    ends["base"] = textwrap.fill(f"base ({_text(base_of)})" if base_of else "base", HEADING)
    return {
        f"{heading}\n{words}": (_or_sign(rows[name], rows), 0 if name == "base" else number.digits)
        for name, words in ends.items()
        if name == "value" or rows[name].notna().any()
    }


def _or_sign(cells: pd.Series, rows: pd.DataFrame) -> pd.Series:
    """The numbers, and in the place of each missing one the shorthand for why it is: the row's reason, or that it was not given."""
    sign = rows["status"].map(_OF_STATUS).fillna("[x]").where(rows["reason"] != comparison.NOT_RECORDED, "[z]")
    return cells.astype("object").where(cells.notna(), sign.where(rows["value"].isna(), "[x]"))


def _some(table: pd.DataFrame, rows: pd.DataFrame):
    """The numbers that only some places have, texts, and numbers in several units: a row for each."""
    cells = _front(table, rows)
    cells["Number"] = rows["label"].map(_text)
    cells["Value"] = rows["value"].astype("object").where(rows["text"] == "", rows["text"].map(_text))
    cells["Unit"] = [unit or "[z]" for unit in rows["unit"].map(lambda unit: _text(unit) if unit else "")]
    for column, name in {"Lower 95%": "lower_95", "Upper 95%": "upper_95", "Base": "base"}.items():
        cells[column] = rows[name].astype("object").where(rows[name].notna(), "[x]")
    cells["Base of"] = rows["base_of"].map(_text)
    return _sheet(
        "some_places",
        "Numbers that only some places have",
        cells,
        rows,
        said=("A row for each place and number.$$intervals$$$$base$$",),
    )


def _reasons(table: pd.DataFrame, rows: pd.DataFrame):
    cells = _front(table, rows)
    label = table.groupby("name")["label"].agg(lambda labels: labels.mode().iloc[0])
    cells["Number"] = rows["name"].map(label).map(_text)
    cells["Reason"] = rows["reason"].map(_text)
    return _sheet("no_figure", "Where there is no figure, and why", cells, rows)
