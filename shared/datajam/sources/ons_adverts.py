"""Online job adverts from the ONS: labour demand workbooks (source Adzuna), and adverts by profession (source Textkernel).

A workbook has a table on each numbered sheet, below a title and notes: areas by name, a column for each year or month, or a
row for each. Its indicators are its titles' first words: `total_job_adverts`. Volumes are in units of an unpublished number of
adverts, so their unit is `index`: compare them, never quote them as adverts. Shares given as 0 to 1 under a % title become
percentages. Where the workbook says that each year stands for its January, the period is that January.

The CSV of adverts by profession has a row for each area, profession and month; `vacancies` are counts rounded to 5, `[x]` where
they are too few or not available. Its breakdowns are summary and detailed profession.

Countries, regions and upper-tier authorities are placed by name. Enterprise partnerships, skills improvement plans and combined
authorities that share a region's or an authority's name are not that place: they stay unplaced, with the kind of area in
source_area_code, where no code is published. Raises `BadSource` where figures stand outside a table or in the wrong column.

Source: ONS, "Labour demand indicators by local authority" (May 2022); ONS and DfE, adverts by profession (October 2022).
"""

import calendar
import re
from functools import cache

import numpy as np
import pandas as pd

from datajam.observe.cells import Block, Cells, combine, constant
from datajam.observe.observations import BadSource, LoadReport, slug
from datajam.sources import Layout
from datajam.sources.files import Preview, read_csv, workbook
from datajam.vocabulary import periods, places
from datajam.vocabulary.markers import GSS_BRACKETS, number

_CSV_COLUMNS = ("geographic_level", "area", "time_period", "vacancies")
_KINDS = {
    "country": "country",
    "national": "country",
    "region": "region",
    "regional": "region",
    "local authority": "la",
    "local authority district": "la",
}
_COUNTRIES = ("Scotland", "Wales", "Northern Ireland")
_DATE = re.compile(r"(\d{4})-(\d{2})-01(?: 00:00:00)?")
_VOLUMES = "volumes are in units of an unpublished number of adverts: compare them, do not quote them as numbers of adverts"


def _differences(look: Preview) -> list[str]:
    if look.kind == "xlsx":
        titles = [row[0].lower() for rows in look.sheets.values() for row in rows if row]
        wanting = [] if any("job adverts" in title for title in titles) else ["no sheet is about job adverts"]
        headed = any(_header(rows) is not None for rows in look.sheets.values())
        return wanting + ([] if headed else ["no sheet has a table of areas by year or month"])
    if look.kind != "csv":
        return [f"it is {look.kind}, not Excel or CSV"]
    return [f"column {name} is missing" for name in _CSV_COLUMNS if name not in look.header]


def _plain(heading: str) -> str:
    """A heading without its notes.

    >>> _plain("Volume of adverts, existing [note 6, 7]")
    'Volume of adverts, existing'
    """
    return re.sub(r"\s*\[notes? [\d, ]+\]", "", heading).strip()


def _period(heading: str) -> str:
    """A column's heading as a period's label, dates Excel made of months as months; nothing where it is none.

    >>> _period("2017"), _period("Oct-22"), _period("2022-10-01 00:00:00"), _period("Region [note 2]")
    ('2017', 'Oct-22', 'October 2022', '')
    """
    text = _plain(heading)
    if date := _DATE.fullmatch(text):
        return f"{calendar.month_name[int(date[2])]} {date[1]}"
    if not re.fullmatch(r"(19|20)\d{2}|[A-Za-z]{3,9}[ -](\d{2}|\d{4})", text):
        return ""
    try:
        periods.parse(text)
    except periods.UnknownPeriod:
        return ""
    return text


def _header(rows: list[list[str]]) -> int | None:
    """The row that heads a table: periods beside the name of an area column, or a column of years."""
    for index, row in enumerate(rows):
        headings = [_plain(text).lower() for text in row]
        areas = any(re.match(r"(local authority|region|country|area)\b", text) for text in headings)
        if areas and ("year" in headings or any(_period(text) for text in row)):
            return index
    return None


def _body(rows: list[list[str]], header: int, where: str) -> np.ndarray:
    """The rows of the table below a header; what follows it may only be notes."""
    last = next((index for index in range(header + 1, len(rows)) if not "".join(rows[index]).strip()), len(rows))
    stray = [index for index in range(last, len(rows)) if any(text.strip() for text in rows[index][1:])]
    if stray:
        raise BadSource(f"{where}, row {stray[0] + 1}: figures below the end of the table. Download it again.")
    if last == header + 1:
        raise BadSource(f"{where}, row {header + 1}: no areas below this header. Cut short? Download it again.")
    return np.array(rows[header + 1 : last], dtype=object)


@cache
def _place(kind: str, name: str, published: str = "") -> tuple[str, str]:
    """An area given by kind and name: (GSS code, or the kind where that is no country, region or authority; level).

    >>> _place("Country", "England"), _place("LEP", "North East"), _place("local authority", "Adur")
    (('E92000001', 'Country'), ('LEP', ''), ('', 'local authority district'))
    """
    level = _KINDS.get(kind.strip().lower())
    if not level or published.strip():
        return published.strip() or kind.strip(), ""
    place = places.named(_plain(name))
    if place and place.level == level:
        return place.code, kind.strip()
    if level == "region":
        return "", "country" if name.strip() in _COUNTRIES else ""
    return "", "local authority district" if level == "la" else kind.strip()


def _columns(heads: list[str], where: str) -> tuple[str, int, int | None, list[int], list[int]]:
    """What a table's columns hold: the kind of area, the columns of its name and code, of breakdowns, and of figures.

    The finest area is the table's; a wider one beside it says where that lies.
    """
    plain = [_plain(head).lower() for head in heads]
    kinds = ("local authority", "region", "country", "area")
    areas = {kind: index for kind in kinds for index, text in enumerate(plain) if re.match(rf"{kind}\b(?!.*code)", text)}
    kind = next((kind for kind in kinds if kind in areas), "")
    if not kind:
        raise BadSource(f"{where}: no column is headed Local authority, Region or Country. Download it again.")
    dated = [index for index, head in enumerate(heads) if _period(head)]
    others = [index for index, text in enumerate(plain) if text and index not in (*areas.values(), *dated) and text != "year"]
    codes = [index for index in others if re.search(rf"^({kind}.*|area) code$", plain[index])]
    others = [index for index in others if not re.search(r"\bcode$", plain[index])]
    area = kind, areas[kind], codes[0] if codes else None
    return (*area, others, dated) if dated else (*area, [], others)


def _unit(title: str) -> str:
    """The unit a sheet's title says: percent, or index for volumes in units of their own."""
    return "percent" if "%" in title else "index"


def _percent(texts: np.ndarray) -> tuple[np.ndarray, bool]:
    """Shares from 0 to 1 as percentages, and whether they were; markers and percentages as they are."""
    codes, distinct = pd.factorize(texts.ravel())
    found = [number(text) for text in distinct]
    if not any(found) or max(abs(value) for value in found if value is not None) > 1:
        return texts, False
    scaled = [text if value is None else repr(round(value * 100, 10)) for text, value in zip(distinct, found, strict=True)]
    return np.array(scaled, dtype=object)[codes].reshape(texts.shape), True


def _table(rows: list[list[str]], header: int, where: str, report: LoadReport) -> list[np.ndarray]:
    """A sheet's figures one below the other: kinds, names, codes, periods, breakdowns, indicators, units, values."""
    title, heads = next((row[0].strip() for row in rows[:header] if row[0].strip()), ""), rows[header]
    body = _body(rows, header, where)
    kind, name, code, breakdowns, figures = _columns(heads, where)
    unheaded = [index for index, head in enumerate(heads) if not head.strip()]
    if any(text.strip() for text in body[:, unheaded].ravel()):
        raise BadSource(f"{where}: a column of figures has no heading. Download it again.")
    measure, (rows_, columns) = slug(re.split(r" (?:by|per) ", title)[0]), (len(body), len(figures))
    labels = [_period(heads[index]) for index in figures]
    if all(labels):
        period, indicator = np.tile(labels, rows_), np.full(rows_ * columns, measure)
    else:
        year = next(index for index, head in enumerate(heads) if _plain(head).lower() == "year")
        period = np.repeat(body[:, year], columns)
        indicator = np.tile([slug(_plain(heads[index])) for index in figures], rows_)
    values = body[:, figures]
    if _unit(title) == "percent":
        values, shares = _percent(values)
        if shares:
            report.warnings.append(f"{measure}: shares from 0 to 1 under a % title, read as percentages")
    parts = body[:, breakdowns].tolist() if breakdowns else [["all"]] * rows_
    breakdown = np.repeat(np.array([" / ".join(map(slug, part)) for part in parts], dtype=object), columns)
    codes = np.full(rows_, "", dtype=object) if code is None else body[:, code]
    areas = [np.full(rows_ * columns, kind), np.repeat(body[:, name], columns), np.repeat(codes, columns)]
    return [*areas, period, breakdown, indicator, np.full(rows_ * columns, _unit(title)), values.ravel()]


def _categorical(texts: np.ndarray) -> pd.Categorical:
    codes, categories = pd.factorize(texts.astype(object))
    return pd.Categorical.from_codes(codes, categories=pd.Index(categories, dtype="str"))


def _without_table(sheet: str, rows: list[list[str]], report: LoadReport) -> None:
    """Say what a sheet without a table of figures holds, where that matters: places left out, figures not understood."""
    heads = [index for index, row in enumerate(rows) if row and row[0].lower().startswith("excluded local authorities")]
    names = [row[0].strip() for row in rows[heads[0] + 1 :] if row[0].strip()] if heads else []
    if names:
        report.warnings.append(f"{len(names)} authorities the publisher left out: {', '.join(names)}")
    elif any(sum(number(text) is not None for text in row) > 2 for row in rows):
        report.warnings.append(f"sheet {sheet!r} holds figures but no table of areas by year or month: not read")


def _read_workbook(look: Preview, report: LoadReport) -> Cells:
    sheets = workbook(look.path)
    firsts = [row[0] for rows in sheets.values() for row in rows if row]
    report.synthetic = any(text.strip().lower().startswith("synthetic") for text in firsts)
    january = any("month of january" in text.lower() for text in firsts)
    tables = []
    for sheet, rows in sheets.items():
        header = _header(rows)
        if header is None:
            _without_table(sheet, rows, report)
        else:
            tables.append(_table(rows, header, f"{report.file}, sheet {sheet!r}", report))
    if not tables:
        raise BadSource(f"{report.file}: no sheet has a table of areas by year or month. Download it again.")
    columns = [_categorical(np.concatenate(texts)) for texts in zip(*tables, strict=True)]
    *area, period, breakdown, indicator, unit, value = columns
    report.warnings += [_VOLUMES] if "index" in unit.categories else []
    yearly = combine([period], lambda text: "January" if january and re.fullmatch(r"\d{4}", text.strip()) else "")
    return _cells(area, period, yearly, breakdown, Block(indicator, unit, value), report)


def _cells(area: list[pd.Categorical], period, identifier, breakdown, block: Block, report: LoadReport) -> Cells:
    """The cells of areas given by kind, name and code; refused where columns must have changed places."""
    if len(block.value) and not any(number(text) is not None for text in block.value.categories):
        raise BadSource(f"{report.file}: no value is a number. Is the column of values swapped with another?")
    strange = next((text for text in period.categories if not _period(text)), None)
    if strange is not None:
        raise BadSource(f"{report.file}: cannot read {strange[:40]!r} as a year or month. Are columns swapped?")
    code, level = combine(area, lambda *parts: _place(*parts)[0]), combine(area, lambda *parts: _place(*parts)[1])
    named = [text for text in area[0].categories if text.strip().lower() in _KINDS]
    if named and len(code) and not any(re.fullmatch(r"[A-Z]\d{8}", text) for text in code.categories):
        raise BadSource(f"{report.file}: no {' or '.join(named)} has a name that is known. Are columns swapped?")
    shown = combine([code, area[2]], lambda found, published: published or re.sub(r"[A-Z]\d{8}", "", found))
    return Cells(shown, area[1], level, period, identifier, breakdown, [block], place_code=code)


def _read_professions(look: Preview, report: LoadReport) -> Cells:
    columns, report.warnings = read_csv(look)
    kinds = [text.strip().lower() for text in columns["geographic_level"].categories]
    kinds_known = (*_KINDS, "lep", "local skills improvement plan", "mayoral combined authorities")
    if kinds and not set(kinds) & set(kinds_known):
        raise BadSource(f"{report.file}: geographic_level holds no Country, Region or LEP. Are columns swapped?")
    marks = {name for name, column in columns.items() if {text.strip().lower() for text in column.categories} == {"synthetic"}}
    report.synthetic = bool(marks)
    filters = [column for name, column in columns.items() if name not in (*_CSV_COLUMNS, *marks)]
    rows = len(columns["vacancies"])
    breakdown = combine(filters, lambda *parts: " / ".join(map(slug, parts)) or "all") if filters else constant("all", rows)
    block = Block("vacancies", "count", columns["vacancies"])
    blank = constant("", rows)
    return _cells([columns["geographic_level"], columns["area"], blank], columns["time_period"], blank, breakdown, block, report)


def _parse(look: Preview, report: LoadReport) -> Cells:
    return _read_workbook(look, report) if look.kind == "xlsx" else _read_professions(look, report)


LAYOUT = Layout(
    name="ons_adverts",
    title="ONS online job adverts, labour demand workbook or adverts by profession CSV",
    publisher="Office for National Statistics",
    profile=GSS_BRACKETS,
    differences=_differences,
    parse=_parse,
)
