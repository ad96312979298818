"""English Indices of Deprivation, the local authority summaries: the published workbook, or one table of it saved as CSV.

A row is a local authority, a column one measure of one domain: average score, average rank, the proportion of its LSOAs
in the most deprived tenth, extent, local concentration, scale, and the rank of each (1 is the most deprived). Every edition
and every re-saved table gives the same indicator names; the edition is the period. Scores of two editions do not
compare, ranks do. Proportions and extents, published from 0 to 1, become percent. Average scores of income and
employment are published as proportions of people and stay as published.

Source: MHCLG, "English indices of deprivation: local authority district summaries" (2019, 2025).
"""

import re

import pandas as pd

from datajam.observe.cells import Block, Cells, constant
from datajam.observe.observations import BadSource, LoadReport, slug
from datajam.sources import Layout
from datajam.sources.checking import expect, expect_codes, percentages, table, without_blank_rows
from datajam.sources.files import Preview, read_csv, workbook
from datajam.vocabulary.markers import GSS_BRACKETS

_DOMAINS = ["imd", "income", "employment", "education_skills_and_training", "health_deprivation_and_disability", "crime"]
_DOMAINS += ["barriers_to_housing_and_services", "living_environment", "idaci", "idaopi"]
_RESAVED = {
    "education": "education_skills_and_training",
    "health": "health_deprivation_and_disability",
    "housing_and_access": "barriers_to_housing_and_services",
    "environment": "living_environment",
}
_PROPORTION = "proportion_of_lsoas_in_most_deprived_10_percent_nationally"
_MEASURE = re.compile(
    r"(rank_of_)?(?:(average_rank|extent|local_concentration|scale)|(?:average_)?(score)"
    r"|(proportion)(?:_of_lso_?as_in_most_deprived_10(?:_percent)?_nationally)?)"
)
_AREA = re.compile(
    r"(?:(?:ltla|utla|lad|la)_?(?P<short>\d\d)?_?(?P<part>code|cd|name|nm)"
    r"|(?:upper_tier_)?local_authority(?:_district)?_(?P<words>code|name)(?:_20(?P<long>\d\d))?)"
)
_EDITION = re.compile(r"(?:^|_)(?:imd|iod)_?(?:20)?(\d\d)(?=_|$)")
_OWN_BOUNDARIES = {2024: 2025, 2019: 2019, 2013: 2015}
_SHARES_OF_PEOPLE = ("income", "employment", "idaci", "idaopi")


def indicator(name: str) -> str:
    """The indicator a published or re-saved column holds; nothing where it is no measure of the Indices.

    >>> indicator("IMD 2019 - Rank of extent "), indicator("Rank of Income Scale"), indicator("Score")
    ('imd_rank_of_extent', 'income_rank_of_scale', 'imd_average_score')
    >>> indicator("Health_Proportion")
    'health_deprivation_and_disability_proportion_of_lsoas_in_most_deprived_10_percent_nationally'
    >>> indicator("ltla24_name")
    ''
    """
    text = re.sub(r"^(?:imd|iod)_?(?:20)?\d\d_(?:imd_)?", "imd_", slug(name))
    text = re.sub(r"^rank_of_(income|employment)_scale$", r"\1_rank_of_scale", text)
    owner = max((key for key in [*_DOMAINS, *_RESAVED] if text.startswith(f"{key}_")), key=len, default="")
    match = _MEASURE.fullmatch(text.removeprefix(f"{owner}_"))
    if not match:
        return ""
    measure = match[2] or (match[3] and "average_score") or _PROPORTION
    return f"{_RESAVED.get(owner, owner or 'imd')}_{match[1] or ''}{measure}"


def _area(name: str) -> tuple[str, str]:
    """What a column says of its areas: (code or name, the year of their boundaries), blank where neither.

    >>> _area("ltla24_code"), _area("Local Authority District name (2019)"), _area("lsoa21_code")
    (('code', '24'), ('name', '19'), ('', ''))
    """
    match = _AREA.fullmatch(slug(name))
    if not match:
        return "", ""
    part = {"cd": "code", "nm": "name"}.get(match["part"], match["part"]) or match["words"]
    return part, match["short"] or match["long"] or ""


def _header(rows: list[list[str]]) -> int | None:
    """Which of the first rows names a code column and at least three measures."""
    for index, row in enumerate(rows[:20]):
        if any(_area(name)[0] == "code" for name in row) and sum(bool(indicator(name)) for name in row) >= 3:
            return index
    return None


def _differences(look: Preview) -> list[str]:
    if look.kind not in ("csv", "xlsx"):
        return [f"it is {look.kind}, not CSV or an Excel workbook"]
    sheets = list(look.sheets.values()) or [look.rows]
    names = [name for rows in sheets for row in rows for name in row]
    if any(re.match(r"lsoa_?(\d\d)?_?(code|cd)|lsoa_code", slug(name)) for name in names):
        return ["it has a row for each LSOA, not for each local authority"]
    if any(_header(rows) is not None for rows in sheets):
        return []
    measures = {indicator(name) for name in names}
    found = {
        "local authority codes, such as ltla24_code": any(_area(name)[0] == "code" for name in names),
        "an average score, such as imd_average_score": any(text.endswith("_average_score") for text in measures),
        "the proportion in the most deprived 10%": any(text.endswith(_PROPORTION) for text in measures),
        "an extent or a rank": any(re.search("_extent$|_rank", text) for text in measures),
    }
    lacking = [f"no column holds {what}" for what, there in found.items() if not there]
    return lacking or ["its codes and at least three measures do not stand in one header row"]


def _columns(look: Preview, report: LoadReport) -> dict[str, pd.Categorical]:
    """Every column of the table; of a workbook, those of every sheet, which must list the same authorities."""
    if look.kind == "csv":
        columns, report.warnings = read_csv(look, _header(look.rows), may_repeat=("",))
        return without_blank_rows(columns, report)
    merged, unread = {}, []
    for sheet, rows in workbook(look.path).items():
        header = _header(rows)
        if header is None:
            unread.append(sheet)
            continue
        columns = without_blank_rows(table(rows, header, f"{report.file}: sheet {sheet!r}"), report)
        for name, column in columns.items():
            known = merged.setdefault(name, column)
            if list(known) != list(column):
                raise BadSource(f"{report.file}: sheet {sheet!r} differs from the sheets before it in {name!r}. Save it alone.")
    if unread:
        report.warnings.append(f"sheets without a table of the Indices, not read: {', '.join(unread)}")
    return merged


def _edition(names: list[str], vintage: str, report: LoadReport) -> str:
    """The year of the Indices: as a column says, else the last edition made for boundaries no newer than the table's."""
    stated = {f"20{year}" for name in names for year in _EDITION.findall(slug(name))}
    if len(stated) == 1:
        return stated.pop()
    if stated:
        raise BadSource(f"{report.file}: columns of several editions ({', '.join(sorted(stated))}). Save one table for each.")
    made = [edition for drawn, edition in _OWN_BOUNDARIES.items() if vintage and drawn <= 2000 + int(vintage)]
    if not made:
        raise BadSource(f"{report.file}: no column says which year's Indices these are. Rename one, such as imd19_extent.")
    report.warnings.append(
        f"no column says which year's Indices these are: read as {made[0]}, the last made by the boundaries of 20{vintage}"
    )
    return str(made[0])


def _block(name: str, column: pd.Categorical, file: str) -> Block:
    """One measure's cells with their unit, once they are what the column's name says."""
    slugged, where = indicator(name), f"{file}: column {name!r}"
    if "_rank_of_" in slugged:
        expect(column, where, lambda value: value == int(value) and 1 <= value <= 400, "the rank of a local authority")
        return Block(slugged, "rank", column)
    if slugged.endswith(("_average_rank", "_local_concentration")):
        expect(column, where, lambda value: 1 <= value <= 40_000, "an average of LSOA ranks")
        return Block(slugged, "index", column)
    if slugged.endswith(("_extent", _PROPORTION)):
        return Block(slugged, "percent", percentages(column, where))
    if slugged.endswith("_scale"):
        expect(column, where, lambda value: value >= 0, "a number of people")
        return Block(slugged, "count", column)
    share = slugged.startswith(_SHARES_OF_PEOPLE)
    low, high = (0, 1) if share else (-10, 100)
    expect(column, where, lambda value: low <= value <= high, f"an average score from {low} to {high}")
    return Block(slugged, "score", column)


def _label(slugged: str) -> str:
    """An indicator's name as people write it.

    >>> _label("idaci_rank_of_average_score"), _label("income_average_score")
    ('IDACI: rank of average score (1 is the most deprived)', 'Income: average score (proportion of people, 0 to 1)')
    """
    domain = next(domain for domain in _DOMAINS if slugged.startswith(f"{domain}_"))
    measure = slugged.removeprefix(f"{domain}_").replace("_", " ").replace("lsoas", "LSOAs")
    shown = domain.upper() if domain in ("imd", "idaci", "idaopi") else domain.replace("_", " ").capitalize()
    share = " (proportion of people, 0 to 1)" if domain in _SHARES_OF_PEOPLE and measure == "average score" else ""
    return f"{shown}: {measure}{share}" + (" (1 is the most deprived)" if measure.startswith("rank") else "")


def _unread(columns: dict[str, pd.Categorical], read: list[str], report: LoadReport) -> None:
    """Report the columns that are neither measures nor areas, and whether one says that the file is synthetic."""
    unread = [name for name in columns if name.strip() and name not in read and not re.fullmatch(r"\s*\(\d+\)", name)]
    report.synthetic = any("synthetic" in text.lower() for name in unread for text in [name, *columns[name].categories])
    if unread:
        report.warnings.append(f"columns that hold no measure of the Indices, not read: {', '.join(unread)[:200]}")


def _parse(look: Preview, report: LoadReport) -> Cells:
    columns = _columns(look, report)
    areas = {_area(name)[0]: name for name in columns if _area(name)[0]}
    measures = {name: column for name, column in columns.items() if indicator(name)}
    named = [indicator(name) for name in measures]
    if "code" not in areas or not measures or len(set(named)) < len(named):
        twice = next((name for name in named if named.count(name) > 1), "no measure or no code of local authorities")
        raise BadSource(f"{report.file}: two columns hold one measure, or one is missing: {twice}. Download the file again.")
    code = columns[areas["code"]]
    expect_codes(code, f"{report.file}: column {areas['code']!r}")
    edition = _edition(list(measures), _area(areas["code"])[1], report)
    _unread(columns, [*measures, *areas.values()], report)
    report.labels = {slugged: _label(slugged) for slugged in named}
    rows = len(code)
    blank = constant("", rows)
    name = columns.get(areas.get("name", ""), blank)
    blocks = [_block(name, column, report.file) for name, column in measures.items()]
    level = constant("local authority district", rows)
    return Cells(code, name, level, constant(edition, rows), blank, constant("all", rows), blocks)


LAYOUT = Layout(
    name="mhclg_iod",
    title="English Indices of Deprivation, local authority summaries",
    publisher="Ministry of Housing, Communities and Local Government",
    profile=GSS_BRACKETS,
    differences=_differences,
    parse=_parse,
)
