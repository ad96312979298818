"""Explore education statistics (EES), the Department for Education's open-data CSV: any publication, any theme.

A row is a period, an area and one value of each filter; every other column is an indicator. A `.meta.csv` beside the
file names filters and indicators; without it they are told apart by content. Also read: the table-tool download
(`location`, `location_code`).

Source: DfE, "Explore education statistics: open data standards" (2025).
"""

import csv
import re
from pathlib import Path

import numpy as np
import pandas as pd

from datajam.observe.cells import Block, Cells, combine, constant, understood
from datajam.observe.observations import BadSource, LoadReport, slug
from datajam.sources import Layout
from datajam.sources.files import Preview, read_csv
from datajam.vocabulary.markers import DFE_EES

_AREAS = (
    "country region new_la la old_la lad local_authority_district local_authority pcon rsc_region "
    "opportunity_area lep ward trust sponsor school english_devolved_area mayoral_combined_authority "
    "provider institution"
).split()
_GEOGRAPHY = {f"{area}_{part}" for area in _AREAS for part in ("code", "name", "urn", "ukprn", "id")}
_GEOGRAPHY |= {"geographic_level", "location", "location_code", "school_laestab", "location_id"}
_TIME = {"time_period", "time_identifier"}
_TOTALS = {"", "total", "all", "all schools", "all pupils", "all_pupils", "all children", "total (all)", "persons"}
_BASES = ("t_pupils", "pupil_count", "pupils", "number_of_children", "cohort", "num_pupils", "enrolments")
_OWN_BASE = {"avg_p8score": "t_inp8calc", "t_p8score": "t_inp8calc"}
_SAME = {
    "fsm": "fsm_eligible",
    "fsm_eligible_pupils": "fsm_eligible",
    "pupils_eligible_for_free_school_meals": "fsm_eligible",
    "eligible_for_free_school_meals": "fsm_eligible",
    "fsm_all_other": "not_fsm",
    "not_fsm_eligible": "not_fsm",
    "not_eligible_for_free_school_meals": "not_fsm",
    "all_other_pupils_fsm": "not_fsm",
    "disadvantaged_total_other": "not_disadvantaged",
    "disadvantaged_all_other": "not_disadvantaged",
}
_INTERVAL = re.compile(r"^(.*?)_?(?:95_?)?(?:ci_?)?(low|lower|upp|upper)(?:_?(?:95|ci|95_ci))?$")


def _differences(look: Preview) -> list[str]:
    if look.kind != "csv":
        return [f"it is {look.kind}, not CSV"]
    names = set(look.header)
    table_tool = {"location", "location_code"} <= names
    needed = {"time_period", "geographic_level"} | (set() if table_tool else {"country_code"})
    missing = [f"column {name} is missing" for name in sorted(needed - names)]
    return missing or ([] if len(names) > len(needed) else ["it has no indicators"])


def _meta(path: Path) -> dict[str, dict[str, str]]:
    """The rows of the `.meta.csv` beside a file, by column name; nothing where there is none."""
    beside = path.with_name(re.sub(r"\.csv$", "", path.name) + ".meta.csv")
    if not beside.is_file():
        return {}
    with open(beside, encoding="utf-8-sig", newline="") as file:
        return {row["col_name"].strip(): row for row in csv.DictReader(file) if row.get("col_name")}


def _looks_like_indicator(column: pd.Categorical) -> bool:
    """Whether at least half the cells are numbers or markers, and one is a number or a marker that is not blank."""
    known = understood(column, DFE_EES)
    named = column.categories.str.strip() != ""
    return bool(known[column.codes].mean() >= 0.5 and (known & named).any())


def _roles(columns: dict[str, pd.Categorical], meta: dict[str, dict[str, str]], file: str) -> tuple[list[str], list[str]]:
    """Which columns are filters and which indicators."""
    described = {name: row.get("col_type", "").strip().lower() for name, row in meta.items()}
    filters, indicators = [], []
    for name, column in columns.items():
        if name in _GEOGRAPHY | _TIME or not name:
            continue
        kind = described.get(name) or ("indicator" if _looks_like_indicator(column) else "filter")
        (indicators if kind == "indicator" else filters).append(name)
    if not indicators:
        raise BadSource(f"{file}: no column holds numbers, so there is no indicator to read. Download the file again.")
    return filters, indicators


def unit(name: str, published: str = "") -> str:
    """The unit of an indicator, from the unit its meta file gives or from its name.

    >>> unit("pt_l2basics_95"), unit("avg_att8"), unit("t_pupils"), unit("pay", "£")
    ('percent', 'score', 'count', 'gbp_year')
    """
    if published.strip() in ("%", "pp"):
        return "percent"
    if published.strip() in ("£", "£m"):
        return "gbp_year"
    text = slug(name)
    if re.search(r"(^|_)(pt|percent|percentage|perc|pct|rate|proportion|share)(_|$)", text):
        return "percent"
    if re.search(r"score|att8|attainment8|(^|_)(avg|average|aps|p8|mean)|ebaccaps", text):
        return "score"
    return "count"


def _intervals(names: list[str]) -> dict[str, dict[str, str]]:
    """Columns that are ends of another column's 95% interval: {indicator: {"lower": column, "upper": column}}."""
    found: dict[str, dict[str, str]] = {}
    by_slug = {slug(name): name for name in names}
    for text, name in by_slug.items():
        match = _INTERVAL.match(text)
        if not match or not match[1]:
            continue
        stem = match[1].removesuffix("_ci").removesuffix("_")
        owner = next((by_slug[key] for key in (stem, f"avg_{stem}", f"{stem}_average") if key in by_slug), None)
        if owner and owner != name:
            found.setdefault(owner, {})["lower" if match[2].startswith("low") else "upper"] = name
    return {owner: ends for owner, ends in found.items() if len(ends) == 2}


def _breakdown_name(*parts: str) -> str:
    """Filter values as one breakdown name: totals are left out, several are joined.

    >>> _breakdown_name("Total", "fsm"), _breakdown_name("Boys", "ASIAN"), _breakdown_name("Total")
    ('fsm_eligible', 'boys / asian', 'all')
    """
    named = [slug(part) for part in parts if part.strip().lower() not in _TOTALS]
    return " / ".join(_SAME.get(name, name) for name in named if name) or "all"


def _telling(filters: list[str], columns: dict[str, pd.Categorical], row: list[pd.Categorical], grouping: set[str]):
    """The filters that tell rows apart: one that is constant within a period, or only names a group of others, does not."""

    def distinct(names: list[str]) -> int:
        return _distinct(row + [columns[name] for name in names])

    period = row[0]
    kept = [name for name in filters if _distinct([period, columns[name]]) > _distinct([period])]
    whole = distinct(kept)
    for name in sorted(kept, key=lambda name: (name not in grouping, not _names_a_group(name))):
        others = [other for other in kept if other != name]
        if (name in grouping or _names_a_group(name)) and distinct(others) == whole:
            kept = others
    return kept


def _names_a_group(name: str) -> bool:
    return slug(name) in ("breakdown", "breakdown_topic", "characteristic_group", "characteristic_type", "topic")


def _distinct(columns: list[pd.Categorical]) -> int:
    """How many distinct combinations several columns hold."""
    numbers, count = np.zeros(len(columns[0]), dtype="int64"), 1
    for column in columns:
        numbers, found = pd.factorize(numbers * len(column.categories) + column.codes)
        count = len(found)
    return count


def _area(level: str, codes: tuple[str, ...]) -> tuple[str, str]:
    """Which of a row's geography columns hold its area: (code, name)."""
    country, region, authority, district = codes[0:2], codes[2:4], codes[4:6], codes[6:8]
    kind = level.strip().lower()
    if kind == "national":
        return country
    if kind == "regional":
        return region
    if kind == "local authority district":
        return district
    return authority if kind == "local authority" else ("", level.strip())


def _geography(columns: dict[str, pd.Categorical], rows: int) -> tuple[pd.Categorical, pd.Categorical]:
    if "location_code" in columns:
        return columns["location_code"], columns["location"]
    blank = constant("", rows)
    names = ("country", "region", "new_la", "lad")
    pairs = [(f"{name}_code", f"{name.removeprefix('new_')}_name") for name in names]
    parts = [columns.get(column, blank) for pair in pairs for column in pair]
    levels = columns["geographic_level"]
    code = combine([levels, *parts], lambda level, *rest: _area(level, rest)[0])
    name = combine([levels, *parts], lambda level, *rest: _area(level, rest)[1])
    return code, name


def _parse(look: Preview, report: LoadReport) -> Cells:
    columns, report.warnings = read_csv(look)
    meta = _meta(look.path)
    filters, indicators = _roles(columns, meta, report.file)
    rows = len(columns["time_period"])
    report.synthetic = any(text.strip().lower() == "synthetic" for name in filters for text in columns[name].categories)
    report.labels = {slug(name): meta[name]["label"] for name in indicators if meta.get(name, {}).get("label")}
    code, name = _geography(columns, rows)
    period = columns["time_period"]
    identifier = columns.get("time_identifier", constant("", rows))
    grouping = {row.get("filter_grouping_column", "").strip() for row in meta.values()} - {""}
    row = [period, identifier, columns["geographic_level"], code, name]
    telling = _telling(filters, columns, row, grouping)
    breakdown = combine([columns[name] for name in telling], _breakdown_name) if telling else constant("all", rows)
    intervals = _intervals(indicators)
    ends = {column for pair in intervals.values() for column in pair.values()}
    report.interval_cells = len(ends) * rows
    base = next((name for name in _BASES if name in columns), None)
    blocks = []
    for indicator in indicators:
        if indicator in ends:
            continue
        measured = unit(indicator, meta.get(indicator, {}).get("indicator_unit", "") or "")
        own = _OWN_BASE.get(indicator, base)
        pair = intervals.get(indicator, {})
        blocks.append(
            Block(
                slug(indicator),
                measured,
                columns[indicator],
                columns[pair["lower"]] if pair else None,
                columns[pair["upper"]] if pair else None,
                columns.get(own) if own and own != indicator and measured != "count" else None,
            )
        )
    return Cells(code, name, columns["geographic_level"], period, identifier, breakdown, blocks)


LAYOUT = Layout(
    name="dfe_ees",
    title="DfE explore education statistics, underlying data or table-tool CSV",
    publisher="Department for Education",
    profile=DFE_EES,
    differences=_differences,
    parse=_parse,
)
