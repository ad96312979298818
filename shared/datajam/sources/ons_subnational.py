"""ONS subnational indicators: one sheet of the explorer's workbook, one indicator, exported to CSV.

Lines of metadata (`Indicator:`, `Date: `, `Coverage:`, `Geography:`) stand above the table, whose header is the row that
begins `Area Code, Area`; then come the value, on some sheets its interval, and notes. Areas are of all the UK and of the
boundaries of some past year: what is not an English upper-tier place is kept and reported as not placed.

Source: ONS, "Subnational indicators explorer: underlying publicly available datasets and metadata" (2022).
"""

import calendar
import re

import numpy as np
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
    without_blank_rows,
)
from datajam.sources.files import Preview, read_csv
from datajam.vocabulary import periods
from datajam.vocabulary.markers import Profile

ONS_SUBNATIONAL = Profile(
    "ons_subnational",
    {
        "na": "not_available",
        "x": "not_available",
        "[x]": "not_available",
        "c": "suppressed",
        "[c]": "suppressed",
        "z": "not_applicable",
        "[z]": "not_applicable",
        "u": "unreliable",
        "[u]": "unreliable",
    },
)
_BOUNDS = {"percent": (0, 100), "mean_0_10": (0, 10), "gbp_week": (0, 100_000), "gbp_year": (0, 10_000_000)}


def _metadata(rows: list[list[str]]) -> dict[str, str]:
    """The labelled lines above the table: {label: text}, without the colon and spaces labels end with."""
    labelled = {row[0].strip().rstrip(":").strip().lower(): row[1].strip() for row in rows if len(row) > 1}
    return {label: text for label, text in labelled.items() if label}


def _differences(look: Preview) -> list[str]:
    if look.kind != "csv":
        return [f"it is {look.kind}, not CSV"]
    header = header_row(look.rows, "area code", "area")
    above = _metadata(look.rows[:header] if header is not None else look.rows)
    missing = [f"no line {label}: stands above the table" for label in ("Indicator", "Date") if not above.get(label.lower())]
    if about := above.get("indicator"):
        missing += [] if slug(about) else [f"the indicator's name {about[:30]!r} holds no letter or digit"]
    return missing + (["no row begins Area Code, Area"] if header is None else [])


def unit(name: str) -> str:
    """The unit a value column's name gives; `score` where it gives none of the known ones.

    >>> unit("Employment rate %"), unit("Mean happiness yesterday scored 0 (not at all) - 10 (completely)")
    ('percent', 'mean_0_10')
    >>> unit("Median weekly pay (£)"), unit("Count of apprenticeships started"), unit("Average travel time in minutes")
    ('gbp_week', 'count', 'score')
    """
    text = name.lower()
    if "%" in text or "percentage" in text:
        return "percent"
    if re.search(r"\b0\b.*\b10\b", text) and "scor" in text:
        return "mean_0_10"
    if "£" in text and re.search(r"week|year|annual", text):
        return "gbp_week" if "week" in text else "gbp_year"
    return "count" if re.search(r"\b(count|number|increase)\b", text) else "score"


def spelled(text: str) -> str:
    """A date of these sheets as `periods.parse` reads it.

    >>> spelled("04/2020-03/2021"), spelled("2017-2019"), spelled("2021 Provisional")
    ('April 2020-March 2021', 'January 2017-December 2019', '2021')
    """
    text = re.sub(r"\s+(provisional|revised|final)$", "", text.strip(), flags=re.IGNORECASE)
    months = re.fullmatch(r"(\d\d)/(\d{4})\s*(?:-|to)\s*(\d\d)/(\d{4})", text)
    years = re.fullmatch(r"(\d{4})\s*(?:-|to)\s*(\d{4})", text)
    parts = months.groups() if months else ("01", years[1], "12", years[2]) if years else ()
    first, start, last, end = (int(part) for part in parts) if parts else (0, 0, 0, 0)
    if not (1 <= first <= 12 and 1 <= last <= 12 and (start, first) <= (end, last)):
        return text
    return f"{calendar.month_name[first]} {start}-{calendar.month_name[last]} {end}"


def _date(text: str, report: LoadReport) -> str:
    """The date above the table as a period's label, saying where it had to be read."""
    try:
        periods.parse(text)
        label = text
    except periods.UnknownPeriod:
        label = spelled(text)
    if label != text:
        report.warnings.append(f"Date {text!r} is read as {label!r}")
    if re.fullmatch(r"\d{4}[/-]\d{2}", label):
        report.warnings.append(f"Date {text!r} does not say what kind of year: read as an academic year, from 1 September")
    return label


def _roles(columns: dict[str, pd.Categorical], file: str) -> tuple[str, dict[str, str], list[str]]:
    """Which column is the value, which are ends of its 95% interval, and which of another interval."""
    ends, others, values = {}, [], []
    for name in columns:
        text = plain(name)
        end = re.search(r"\b(lci|uci|lower|upper)\b(?:.*?(\d+(?:\.\d+)?))?", text)
        if text in ("area code", "area") or text.startswith("note") or re.fullmatch(r"(\(\d+\))?", text):
            continue
        side = "lower" if end and end[1][0] == "l" else "upper"
        if not end:
            values.append(name)
        elif float(end[2] or 95) == 95 and side not in ends:
            ends[side] = name
        else:
            others.append(name)
    if len(values) != 1 or len(ends) == 1:
        named = ", ".join(repr(name) for name in [*values, *ends.values()]) or "none"
        raise BadSource(f"{file}: one value column, with both ends of its interval or none, was expected; found {named[:150]}.")
    return values[0], ends, others


def _report_notes(columns: dict[str, pd.Categorical], report: LoadReport) -> None:
    """Say what notes the rows carry, and what stands in columns without a name."""
    for name, column in columns.items():
        text = plain(name)
        if text.startswith("note"):
            report.synthetic |= any(note.strip().lower().startswith("synthetic") for note in column.categories)
            counts = column.value_counts().sort_values(ascending=False, kind="stable")
            notes = [
                f"noted on {count} rows: {' '.join(note.split())[:150]}" for note, count in counts.items() if note.strip() and count
            ]
            report.warnings += notes[:8] + [f"{len(notes) - 8} further notes stand on rows of the file"] * (len(notes) > 8)
        elif re.fullmatch(r"(\(\d+\))?", text) and any(cell.strip() for cell in column.categories):
            report.warnings.append(f"a column without a name holds text, not read: {max(column.categories, key=len)[:80]!r}")


def _values(columns: dict[str, pd.Categorical], names: list[str], measured: str, report: LoadReport) -> list[pd.Categorical]:
    """The value column and its interval's ends, percentages from 0 to 100, once they are in the unit's range."""
    cells = [columns[name] for name in names]
    if measured == "percent" and proportions(cells):
        report.warnings.append(f"{names[0]}: published as proportions from 0 to 1, read as percentages")
        cells = [percentages(column, f"{report.file}: column {name!r}") for name, column in zip(names, cells, strict=True)]
    low, high = _BOUNDS.get(measured, (-np.inf, np.inf))
    for name, column in zip(names, cells, strict=True):
        expect(column, f"{report.file}: column {name!r}", lambda value: low <= value <= high, f"from {low} to {high}")
    return cells


def _parse(look: Preview, report: LoadReport) -> Cells:
    header = header_row(look.rows, "area code", "area")
    about = _metadata(look.rows[:header])
    columns, report.warnings = read_csv(look, header, may_repeat=("",))
    columns = without_blank_rows(columns, report)
    code, name = list(columns.values())[:2]
    expect_codes(code, f"{report.file}: column 'Area Code'")
    value, ends, others = _roles(columns, report.file)
    rows = len(code)
    report.interval_cells = (len(ends) + len(others)) * rows
    if others:
        report.warnings.append(f"ends of further intervals, not read: {', '.join(others)}")
    measured = unit(value)
    if measured == "score" and "score" not in value.lower():
        report.warnings.append(f"{value}: no unit here fits, the values stand as published with the unit 'score'")
    report.synthetic = any("synthetic" in cell.lower() for row in look.rows[:header] for cell in row)
    _report_notes(columns, report)
    names = [value, *(ends[end] for end in ("lower", "upper") if ends)]
    cells = _values(columns, names, measured, report)
    if ends:
        expect_interval(*cells, ONS_SUBNATIONAL, report.file)
    report.labels = {slug(about["indicator"]): about["indicator"]}
    blank = constant("", rows)
    block = Block(slug(about["indicator"]), measured, *cells)
    return Cells(code, name, blank, constant(_date(about["date"], report), rows), blank, constant("all", rows), [block])


LAYOUT = Layout(
    name="ons_subnational",
    title="ONS subnational indicators explorer, one sheet as CSV",
    publisher="Office for National Statistics",
    profile=ONS_SUBNATIONAL,
    differences=_differences,
    parse=_parse,
)
