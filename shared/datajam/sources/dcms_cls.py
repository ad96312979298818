"""Community Life Survey, the tables by local authority: the published workbook, or one of its sheets saved as CSV.

Experimental: written from a description of the layout, tried on no published file; the load report says so. A table
begins at the row whose first cell is `Question` (row 7 or 8, by sheet); `Response Breakdown ` holds the
authority's name. Each question is an indicator, in percent with its 95% interval and the unweighted base; the number of
respondents is an indicator of its own. The survey's years are financial years. Authorities are lower tier.

Source: DCMS, "Community Life Survey 2023/24: annual publication", tables by local authority (2024).
"""

import re

import pandas as pd

from datajam.observe.cells import Block, Cells, constant
from datajam.observe.observations import BadSource, LoadReport, slug
from datajam.sources import Layout
from datajam.sources.checking import (
    expect,
    expect_codes,
    expect_interval,
    header_row,
    percentages,
    plain,
    proportions,
    table,
    without_blank_rows,
)
from datajam.sources.files import Preview, read_csv, workbook
from datajam.vocabulary.markers import GSS_BRACKETS
from datajam.vocabulary.places import ENGLAND

EXPERIMENTAL = (
    "experimental: this layout is read from its description, no published file was at hand; "
    "compare some values with the workbook before using them"
)
_YEARLY = re.compile(r"(\d{4}/\d\d) (percentage|lower estimate|upper estimate|number of respondents|unweighted base)\b.*")
_NUMBERS = ("percentage", "lower estimate", "upper estimate", "number of respondents", "unweighted base")
_CODE = re.compile(r"lad\d\d ?(code|cd)")
_WHOLE_COUNTRY = {"all", "total", "england", "all adults", "all respondents", "england total"}


def _lacking(row: list[str]) -> list[str]:
    """What a table that begins with `Question` lacks to be one by local authority."""
    names = [plain(name) for name in row]
    lacking = [] if "response breakdown" in names else ["column 'Response Breakdown' is missing"]
    if not any(_CODE.fullmatch(name) for name in names):
        lacking.append("no column such as 'LAD23 Code' holds local authority codes")
    yearly = [match for name in names if (match := _YEARLY.fullmatch(name))]
    for year in sorted({match[1] for match in yearly}) or ["2023/24"]:
        here = [match[2] for match in yearly if match[1] == year]
        lacking += [f"column '{year} {kind.capitalize()}' is missing" for kind in _NUMBERS if kind not in here]
        lacking += [f"column '{year} {kind.capitalize()}' is there twice" for kind in _NUMBERS if here.count(kind) > 1]
    return lacking


def _differences(look: Preview) -> list[str]:
    if look.kind not in ("csv", "xlsx"):
        return [f"it is {look.kind}, not CSV or an Excel workbook"]
    headers = [(rows, header_row(rows, "question")) for rows in list(look.sheets.values()) or [look.rows]]
    found = [rows[header] for rows, header in headers if header is not None]
    return min((_lacking(row) for row in found), key=len, default=["no row begins with the cell Question", *_lacking([])])


def _tables(look: Preview, report: LoadReport) -> dict[str, dict[str, pd.Categorical]]:
    """Every table by local authority, by sheet and plain column name; other sheets are listed in the report."""
    if look.kind == "csv":
        columns, warnings = read_csv(look, header_row(look.rows, "question") or 0, may_repeat=("",))
        report.warnings += warnings
        sheets = {"": columns}
    else:
        sheets, unread = {}, []
        for sheet, rows in workbook(look.path).items():
            header = header_row(rows[:20], "question")
            if header is None or _lacking(rows[header]):
                unread.append(sheet)
            else:
                sheets[sheet] = table(rows, header, f"{report.file}: sheet {sheet!r}")
        if unread:
            named = ", ".join(unread)[:200]
            report.warnings.append(f"{len(unread)} sheets without a table by local authority, not read: {named}")
    return {sheet: without_blank_rows(_plainly(columns, report.file), report) for sheet, columns in sheets.items()}


def _plainly(columns: dict[str, pd.Categorical], file: str) -> dict[str, pd.Categorical]:
    named = {plain(name): column for name, column in columns.items()}
    if len(named) < len(columns):
        raise BadSource(f"{file}: two columns of one table have the same name: {', '.join(columns)[:150]}. Rename one.")
    return named


def _percent(columns: dict[str, pd.Categorical], year: str, where: str, report: LoadReport) -> dict[str, pd.Categorical]:
    """A year's percentage and its interval, from 0 to 100, once they are in range and in order."""
    names = {kind: next(name for name in columns if name.startswith(f"{year} {kind}")) for kind in _NUMBERS}
    cells = {kind: columns[name] for kind, name in names.items()}
    percent = _NUMBERS[:3]
    if proportions([cells[kind] for kind in percent]):
        report.warnings.append(f"{where or report.file}: published as proportions from 0 to 1, read as percentages")
        cells |= {kind: percentages(cells[kind], f"{report.file}: {where}column {names[kind]!r}") for kind in percent}
    for kind, column in cells.items():
        high = 100 if kind in percent else float("inf")
        what = "a percentage" if kind in percent else "a number of people"
        expect(column, f"{report.file}: {where}column {names[kind]!r}", lambda value, high=high: 0 <= value <= high, what)
    expect_interval(*(cells[kind] for kind in percent), GSS_BRACKETS, f"{report.file}: {where}{year}".strip())
    return cells


def _without_notes(frame: pd.DataFrame, where: str, report: LoadReport) -> pd.DataFrame:
    """The rows that are not mere text in the first column, such as notes below the table."""
    beside = frame[["name", "code", *_NUMBERS]].apply(lambda column: column.str.strip() == "").all(axis=1)
    if beside.any():
        first = frame["question"][beside].iloc[0].strip()[:80]
        report.warnings.append(f"{where}{int(beside.sum())} rows hold only text in their first cell, not read: {first!r}")
    return frame[~beside]


def _frame(sheet: str, columns: dict[str, pd.Categorical], report: LoadReport) -> pd.DataFrame:
    """One sheet's cells as text, a row for each authority and year, without the lines of text below the table."""
    where = f"sheet {sheet!r}: " if sheet else ""
    code = next(name for name in columns if _CODE.fullmatch(name))
    areas = {"question": columns["question"], "name": columns["response breakdown"], "code": columns[code]}
    years = sorted({match[1] for name in columns if (match := _YEARLY.fullmatch(name))})
    frames = [pd.DataFrame({**areas, **_percent(columns, year, where, report), "year": year}) for year in years]
    frame = pd.concat(frames, ignore_index=True).astype("str")
    frame = _without_notes(frame, where, report).assign(sheet=sheet)
    known = {"question", "response breakdown", code, "itl2 name"}
    unread = [name for name in columns if name not in known and not _YEARLY.fullmatch(name) and re.search("[a-z]", name)]
    if unread:
        report.warnings.append(f"{where}columns not read: {', '.join(unread)[:150]}")
    question = frame["question"].str.strip()
    frame["question"] = question.where(question != "").ffill()
    if not all(isinstance(text, str) and slug(text) for text in frame["question"].unique()):
        raise BadSource(
            f"{report.file}: {where}a row of the table has no question in words, nor has one above it. Download the file again."
        )
    return frame


def _indicators(frame: pd.DataFrame, report: LoadReport) -> pd.Series:
    """A name for each row's question; the sheet's name is added where several sheets ask in the same words."""
    pairs = frame[["question", "sheet"]].drop_duplicates()
    slugs = pairs["question"].map(slug)
    repeated = set(slugs[pairs.assign(slug=slugs).groupby("slug")["sheet"].transform("nunique") > 1])
    if repeated:
        report.warnings.append(f"{len(repeated)} questions stand on several sheets: the sheet's name is added to the indicator")
    pairs = pairs.assign(indicator=slugs.where(~slugs.isin(repeated), slugs + "_" + pairs["sheet"].map(slug)))
    report.labels = dict(zip(pairs["indicator"], pairs["question"], strict=True))
    return frame.merge(pairs, on=["question", "sheet"], how="left", validate="many_to_one")["indicator"]


def _place_england(frame: pd.DataFrame, report: LoadReport) -> None:
    """Give the row of the whole country, published without a code, England's."""
    whole = frame["name"].str.strip().str.lower().isin(_WHOLE_COUNTRY) & (frame["code"].str.strip() == "")
    if whole.any():
        named = ", ".join(sorted(set(frame["name"][whole].str.strip())))
        report.warnings.append(f"{int(whole.sum())} rows named {named}, without a code, are taken as England")
        frame.loc[whole, "code"] = ENGLAND


def _parse(look: Preview, report: LoadReport) -> Cells:
    report.warnings = [EXPERIMENTAL]
    tables = _tables(look, report)
    frame = pd.concat([_frame(sheet, columns, report) for sheet, columns in tables.items()], ignore_index=True)
    report.synthetic = bool(frame["question"].str.lower().str.startswith("synthetic").any())
    _place_england(frame, report)
    frame["indicator"] = _indicators(frame, report)
    frame["respondents"] = frame["indicator"] + "_number_of_respondents"
    cells = {name: pd.Categorical(frame[name]) for name in frame}
    expect_codes(cells["code"], f"{report.file}: the column of LAD codes")
    rows = len(frame)
    report.interval_cells = 2 * rows
    percentage, lower, upper, respondents, base = (cells[kind] for kind in _NUMBERS)
    blocks = [
        Block(cells["indicator"], constant("percent", rows), percentage, lower, upper, base),
        Block(cells["respondents"], constant("count", rows), respondents),
    ]
    level = constant("local authority district", rows)
    year = constant("Financial year", rows)
    return Cells(cells["code"], cells["name"], level, cells["year"], year, constant("all", rows), blocks)


LAYOUT = Layout(
    name="dcms_cls",
    title="Community Life Survey, tables by local authority (experimental)",
    publisher="Department for Culture, Media and Sport",
    profile=GSS_BRACKETS,
    differences=_differences,
    parse=_parse,
)
