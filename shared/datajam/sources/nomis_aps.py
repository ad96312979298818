"""Annual Population Survey (APS) qualifications from Nomis: the stacked-block Excel download, and the API's CSV.

In the workbook each year is a table of its own below the last, areas are names (`ladu:Barnsley`) and every estimate has its
half-interval beside it (`conf`). In the CSV (datasets NM_17_1 and NM_17_5) the half-interval is a row of its own. Both give
lower_ci and upper_ci as the estimate minus and plus the half-interval, below zero where it is wider than the estimate.

An indicator is a qualification and `number` (people) or `percent`: `nvq4_plus_percent`. Table T19 counts each person once,
under the highest qualification, so its NVQ3 is `nvq3_only_number`. The series to 2021 counts by NVQ, the one from 2022 by RQF:
they are different indicators, `no_qualifications_nvq` and `no_qualifications_rqf` too, and must not be joined. Breakdown `all`
is everybody aged 16 to 64.

`!` is 0 to 2 people in the sample, `~` an estimate below 500, `-` missing; `*` beside an estimate says that it rests on 3 to 9
people: it is kept as unreliable. Names of authorities are placed by name; enterprise partnerships, skills improvement areas,
lower-tier districts and places outside England stay as published, not placed. Raises `BadSource` where figures stand outside
the tables or in the wrong column.

Source: ONS Annual Population Survey through Nomis (download of April 2023).
"""

import calendar
import re
from dataclasses import dataclass

import numpy as np
import pandas as pd

from datajam.observe.cells import Block, Cells, combine, constant, numbers
from datajam.observe.observations import BadSource, LoadReport, slug
from datajam.sources import Layout
from datajam.sources.files import Preview, read_csv, workbook
from datajam.vocabulary import places
from datajam.vocabulary.markers import NOMIS_APS, Profile, number

_CSV_COLUMNS = ("DATE_NAME", "GEOGRAPHY_NAME", "GEOGRAPHY_CODE", "MEASURES_NAME", "OBS_VALUE")
_MEASURES = {
    "value": "value",
    "variable": "value",
    "number": "value",
    "percent": "percent",
    "%": "percent",
    "numerator": "numerator",
    "denominator": "denominator",
    "confidence": "confidence",
    "conf": "confidence",
}
_SENTENCES = {
    "estimate and confidence interval not available since the group sample size is zero or disclosive (0-2)": "suppressed",
    "estimate and confidence interval unreliable since the group sample size is small (3-9)": "unreliable",
    "estimate is less than 500": "low",
    "these figures are missing": "not_available",
}
_PROFILE = Profile(NOMIS_APS.name, NOMIS_APS.markers | _SENTENCES | {"q": "not_available"})
_LEVELS = {
    "country": ("country", "National"),
    "gor": ("region", "Regional"),
    "region": ("region", "Regional"),
    "lacu": ("la", "Local authority"),
    "county": ("la", "Local authority"),
    "ladu": ("la", "Local authority district"),
    "ualad": ("la", "Local authority district"),
}
_MONTHS = "|".join(calendar.month_abbr[1:])
_SPAN = re.compile(rf"({_MONTHS}) (\d{{4}})-({_MONTHS}) (\d{{4}})")
_CELL = re.compile(r"(?:T\w+:\d+ )?\((.+) : (.+?)\s*\)")
_LEVEL = re.compile(r"(NVQ|RQF)\s?(\d)\s?(\+|only)?", re.IGNORECASE)
_UNLEVELLED = {
    "none": "no_qualifications",
    "no qualifications": "no_qualifications",
    "other qualifications": "other_qualifications",
    "trade apprenticeships": "trade_apprenticeships",
}


@dataclass
class _Published:
    """Published cells one below the other, whichever shape they came in; a row for an estimate, a row for its interval."""

    code: pd.Categorical
    name: pd.Categorical
    level: pd.Categorical
    period: pd.Categorical
    variable: pd.Categorical
    measure: pd.Categorical
    value: pd.Categorical
    marker: pd.Categorical


def _differences(look: Preview) -> list[str]:
    if look.kind == "xlsx":
        first = {row[0].strip().lower() for rows in look.sheets.values() for row in rows if row}
        return [f"no row begins with {text!r}" for text in ("annual population survey", "date", "area") if text not in first]
    if look.kind != "csv":
        return [f"it is {look.kind}, not Excel or CSV"]
    names = set(look.header)
    choices = (("VARIABLE_NAME", "CELL_NAME"), ("OBS_STATUS", "OBS_STATUS_NAME"), *((name,) for name in _CSV_COLUMNS))
    return [f"column {' or '.join(choice)} is missing" for choice in choices if not names & set(choice)]


def _split(variable: str) -> tuple[str, str]:
    """Whom a published variable is about, and what of them.

    >>> _split("T19:6 (Total - Males aged 16-64 : NVQ4+ )"), _split("% with NVQ4+ - aged 16-64")
    (('Total - Males aged 16-64', 'NVQ4+'), ('aged 16-64', '% with NVQ4+'))
    """
    cell = _CELL.fullmatch(variable.strip())
    if cell:
        return cell[1].strip(), cell[2].strip()
    what, dash, whom = variable.strip().rpartition(" - ")
    return (whom.strip(), what.strip()) if dash and whom.startswith("aged ") else ("", variable.strip())


def _breakdown(variable: str) -> str:
    """Whom a variable is about as a breakdown: sex, age, both, or `all`.

    >>> _breakdown("T19:8 (Total - Males aged 16-64 : None )"), _breakdown("% with RQF4+ - aged 16-64")
    ('males', 'all')
    >>> _breakdown("T19:29 (Total - All people aged 20-24 : None )")
    'aged_20_24'
    """
    names = []
    for part in _split(variable)[0].split(" - "):
        who, _, age = part.partition("aged ")
        names += [who.strip()] if who.strip().lower() not in ("", "total", "all people", "all persons") else []
        names += [f"aged {age}"] if age.strip() not in ("", "16-64") else []
    return " / ".join(slug(name.replace("+", " plus")) for name in names) or "all"


def _qualification(what: str, period: str) -> str | None:
    """A qualification's name with the scheme that counts it; where only the year tells the scheme, from that.

    >>> _qualification("NVQ3", "Jan 2021-Dec 2021"), _qualification("% with RQF3+", "Jan 2022-Dec 2022")
    ('nvq3_only', 'rqf3_plus')
    >>> _qualification("None", "Jan 2021-Dec 2021"), _qualification("None", "Jan 2022-Dec 2022")
    ('no_qualifications_nvq', 'no_qualifications_rqf')
    """
    text = re.sub(r"^% with ", "", what.strip())
    level = _LEVEL.fullmatch(text)
    if level:
        return f"{level[1].lower()}{level[2]}_{'plus' if level[3] == '+' else 'only'}"
    named = re.fullmatch(r"(.+?)(?: \((NVQ|RQF)\))?", text)
    if not named or named[1].lower() not in _UNLEVELLED:
        return None
    years = re.findall(r"\d{4}", period)
    scheme = named[2] or ("RQF" if years and int(years[-1]) >= 2022 else "NVQ")
    return f"{_UNLEVELLED[named[1].lower()]}_{scheme.lower()}"


def _unit(variable: str, measure: str) -> str:
    percent = measure == "percent" or (measure == "value" and re.search(r"^%|\brate\b", _split(variable)[1]))
    return "percent" if percent else "count"


def _indicator(variable: str, measure: str, period: str) -> str:
    what = _split(variable)[1]
    name = _qualification(what, period) or slug(what.replace("+", " plus"))
    return f"{name}_{'denominator' if measure == 'denominator' else _unit(variable, measure).replace('count', 'number')}"


def _level(name: str) -> tuple[str, str]:
    """The kind of area a prefix stands for: (the level a place of that name must have, the level as published)."""
    prefix = name.partition(":")[0].strip().lower() if ":" in name else ""
    return _LEVELS.get(re.sub(r"\d+$", "", prefix), ("", ""))


def _code(name: str) -> str:
    """The GSS code of an area given by prefix and name; nothing where it is no English authority, region or country.

    >>> _code("ladu:Barnsley"), _code("ladu:Cardiff"), _code("lep:North East"), _code("gor:North East")
    ('E08000038', '', '', 'E12000001')
    """
    level = _level(name)[0]
    if not level:
        return ""
    place = places.named(name.partition(":")[2])
    return place.code if place and place.level == level else ""


def _tables(rows: list[list[str]], file: str) -> list[tuple[int, int, str]]:
    """The tables stacked in a sheet: (row of the header, row after the last area, period).

    Raises `BadSource` for a table without its date and for figures that stand outside the tables.
    """
    found, below = [], 0
    for header in (index for index, row in enumerate(rows) if row and row[0].strip() == "Area"):
        dates = [row[1].strip() for row in rows[below:header] if row[0].strip().lower() == "date" and len(row) > 1]
        if len(dates) != 1:
            raise BadSource(f"{file}: row {header + 1}: a table of areas needs one row 'date' above it. Download it again.")
        below = next((index for index in range(header + 2, len(rows)) if not rows[index][0].strip()), len(rows))
        if below <= header + 2:
            raise BadSource(f"{file}: row {header + 1}: no areas below this header. Cut short? Download it again.")
        found.append((header, below, dates[0]))
    inside = {index for header, last, _ in found for index in range(header, last)}
    stray = [index for index, row in enumerate(rows) if index not in inside and any(text.strip() for text in row[2:])]
    if found and stray:
        raise BadSource(f"{file}: row {stray[0] + 1} holds figures outside any table of areas. Download it again.")
    return found


def _columns(header: list[str], below: list[str], where: str) -> list[tuple[str, str]]:
    """What each column of a table holds: (variable, measure); a merged header's text stands in its first column only."""
    found, variable = [("", "")], ""
    for text, under in zip(header[1:], below[1:], strict=True):
        variable, under = text.strip() or variable, under.strip().lower()
        if under and under != "flags" and under not in _MEASURES:
            raise BadSource(f"{where}: a column is headed {under[:30]!r}, not number, percent or conf. Download it again.")
        if under and not variable:
            raise BadSource(f"{where}: a column headed {under!r} stands under no variable. Download it again.")
        found.append((variable, _MEASURES.get(under, under)))
    if not any(measure in ("value", "percent") for _, measure in found):
        raise BadSource(f"{where}: no column of the table is headed number or percent. Download it again.")
    return found


def _table(rows: list[list[str]], header: int, last: int, file: str) -> list[np.ndarray]:
    """One table's cells, one below the other: area names, variables, measures, values, flags."""
    columns = _columns(rows[header], rows[header + 1], f"{file}: row {header + 2}")
    body = np.array(rows[header + 2 : last], dtype=object)
    unnamed = [index for index, (_, measure) in enumerate(columns) if index and not measure]
    if any(text.strip() for text in body[:, unnamed].ravel()):
        raise BadSource(f"{file}: row {header + 2}: a column of figures has no heading. Download it again.")
    kept = [index for index, (_, measure) in enumerate(columns) if measure not in ("", "flags")]
    flags = {variable: index for index, (variable, measure) in enumerate(columns) if measure == "flags"}
    marks = np.full((len(body), len(kept)), "", dtype=object)
    for place, index in enumerate(kept):
        variable, measure = columns[index]
        if measure in ("value", "percent") and variable in flags:
            marks[:, place] = body[:, flags[variable]]
    variables, measures = (np.array(texts, dtype=object) for texts in zip(*(columns[index] for index in kept), strict=True))
    count = len(body)
    parts = np.repeat(body[:, 0], len(kept)), np.tile(variables, count), np.tile(measures, count)
    return [*parts, body[:, kept].ravel(), marks.ravel()]


def _read_workbook(look: Preview, report: LoadReport) -> _Published:
    parts, periods = [], []
    for sheet, rows in workbook(look.path).items():
        tables = _tables(rows, report.file)
        if not tables:
            report.warnings.append(f"sheet {sheet!r} has no table of areas: not read")
        report.synthetic |= any(row[0].strip().lower().startswith("synthetic") for row in rows if row)
        for header, last, period in tables:
            parts.append(_table(rows, header, last, report.file))
            periods.append(np.full(len(parts[-1][0]), period, dtype=object))
    if not parts:
        raise BadSource(f"{report.file}: no row begins with 'Area', so no table was found. Download it again.")
    name, variable, measure, value, mark = (_categorical(np.concatenate(texts)) for texts in zip(*parts, strict=True))
    code, level = combine([name], _code), combine([name], lambda text: _level(text)[1])
    return _Published(code, name, level, _categorical(np.concatenate(periods)), variable, measure, value, mark)


def _categorical(texts: np.ndarray) -> pd.Categorical:
    codes, categories = pd.factorize(texts)
    return pd.Categorical.from_codes(codes, categories=pd.Index(categories, dtype="str"))


def _status(code: str, name: str) -> str:
    """The marker of a CSV row: nothing for a normal value, else the sentence that explains it, else the code.

    >>> _status("A", "Normal Value"), _status("Q", "These figures are missing."), _status("*", "")
    ('', 'These figures are missing', '*')
    """
    code, name = code.strip(), name.strip().rstrip(".")
    if name.lower() == "normal value" or (not name and code.upper() == "A"):
        return ""
    return name or code


def _read_csv(look: Preview, report: LoadReport) -> _Published:
    columns, report.warnings = read_csv(look)
    code = columns["GEOGRAPHY_CODE"]
    if len(code) and not any(re.fullmatch(r"[A-Z]\d{8}", text.strip()) for text in code.categories):
        raise BadSource(f"{report.file}: GEOGRAPHY_CODE holds no codes such as E08000021. Is it swapped with another column?")
    strange = [text for text in columns["MEASURES_NAME"].categories if text.strip().lower() not in _MEASURES]
    if strange:
        known = "Value, Variable, Percent, Numerator, Denominator, Confidence"
        raise BadSource(f"{report.file}: MEASURES_NAME holds {strange[0][:30]!r}; it can be {known}.")
    report.synthetic = any({text.strip().lower() for text in column.categories} == {"synthetic"} for column in columns.values())
    blank = constant("", len(code))
    measure = combine([columns["MEASURES_NAME"]], lambda text: _MEASURES[text.strip().lower()])
    variable = columns["VARIABLE_NAME"] if "VARIABLE_NAME" in columns else columns["CELL_NAME"]
    marker = combine([columns.get("OBS_STATUS", blank), columns.get("OBS_STATUS_NAME", blank)], _status)
    value, period = columns["OBS_VALUE"], columns["DATE_NAME"]
    return _Published(code, columns["GEOGRAPHY_NAME"], blank, period, variable, measure, value, marker)


def _interval(published: _Published, rows: np.ndarray, report: LoadReport) -> np.ndarray:
    """For each row of an estimate, the row that holds its half-interval, or -1."""
    key = np.zeros(len(published.code), dtype="int64")
    for column in (published.code, published.name, published.period, published.variable):
        key = pd.factorize(key * len(column.categories) + column.codes)[0]
    halves = np.flatnonzero(published.measure == "confidence")
    texts = pd.DataFrame({"key": key[halves], "text": published.value.codes[halves]}).drop_duplicates()
    halves = halves[texts.index]
    again = halves[texts["key"].duplicated()]
    if len(again):
        where = f"{published.name[again[0]]}, {published.period[again[0]]}, {published.variable[again[0]]}"
        raise BadSource(f"{report.file}: two different confidence figures for {where}. Download it again.")
    main = (published.measure[rows] == "value") | (published.measure[rows] == "percent")
    alone = int((~np.isin(key[halves], key[rows[main]])).sum())
    if alone:
        report.warnings.append(f"{alone} confidence figures have no estimate beside them")
    position = pd.Index(key[halves]).get_indexer(key[rows])
    position[~main] = -1
    return np.append(halves, -1)[position]


def _at(column: pd.Categorical, rows: np.ndarray) -> pd.Categorical:
    """The column's texts at these rows, blank at row -1."""
    texts = column.add_categories([""]) if "" not in column.categories else column
    codes = np.where(rows < 0, texts.categories.get_loc(""), texts.codes[rows].astype("int64"))
    return pd.Categorical.from_codes(codes, categories=texts.categories)


def _marker(marker: str, word: str, interval_marker: str, interval_word: str) -> str:
    """Why an estimate is missing or unreliable: its own marker, else the one that stands beside its interval."""
    beside = interval_marker.strip() or interval_word.strip()
    return marker.strip() or word.strip() or (beside if _PROFILE.status(beside) in ("unreliable", "suppressed") else "")


def _words(column: pd.Categorical) -> pd.Categorical:
    """The cells that hold no number, as published; blank for those that do."""
    return combine([column], lambda text: "" if number(text) is not None else text)


def _texts(values: np.ndarray) -> pd.Categorical:
    """Numbers as text, without the noise of subtraction; blank where there is none."""
    codes, distinct = pd.factorize(np.round(values, 6))
    texts = [np.format_float_positional(value, trim="-") for value in distinct]
    return pd.Categorical.from_codes(np.where(codes < 0, len(texts), codes), categories=pd.Index([*texts, ""], dtype="str"))


def _block(published: _Published, rows: np.ndarray, report: LoadReport) -> Block:
    """The estimates with their intervals and markers."""
    interval = _interval(published, rows, report)
    value, half = _at(published.value, rows), _at(published.value, interval)
    estimates, halves = numbers(value, _PROFILE)[0], numbers(half, _PROFILE)[0]
    _check(value, estimates, halves, report)
    flag = combine([_at(published.marker, rows), _words(value), _at(published.marker, interval), _words(half)], _marker)
    lost = ~np.isnan(estimates) & np.isnan(halves) & (interval >= 0) & (flag == "")
    if lost.any():
        held = ", ".join(sorted({repr(text) for text in half[lost]}))
        report.warnings.append(f"{int(lost.sum())} estimates without an interval: conf holds {held}")
    variable, measure, period = (_at(part, rows) for part in (published.variable, published.measure, published.period))
    indicator, unit = combine([variable, measure, period], _indicator), combine([variable, measure], _unit)
    shown = combine([value], lambda text: text if number(text) is not None else "")
    return Block(indicator, unit, shown, _texts(estimates - halves), _texts(estimates + halves), flag=flag)


def _check(value: pd.Categorical, estimates: np.ndarray, halves: np.ndarray, report: LoadReport) -> None:
    """Raise `BadSource` where columns must have changed places: `*` and negative half-intervals have only one."""
    if any(text.strip() == "*" for text in value.categories[np.unique(value.codes)]) or (halves < 0).any():
        raise BadSource(f"{report.file}: '*' where an estimate belongs, or a negative conf: are number and conf swapped?")
    if not np.isfinite(estimates).any():
        raise BadSource(f"{report.file}: no estimate is a number. Is the column of values swapped with another?")


def _check_periods(period: pd.Categorical, file: str) -> None:
    """Raise `BadSource` for a label that is not a span of months, the only periods this survey has."""
    for text in period.categories:
        span = _SPAN.fullmatch(text.strip())
        months = [int(span[year]) * 12 + _MONTHS.index(span[month]) // 4 for month, year in ((1, 2), (3, 4))] if span else [1, 0]
        if months[0] > months[1]:
            raise BadSource(f"{file}: cannot read {text[:40]!r} as a period such as Jan 2021-Dec 2021. Download it again.")


def _parse(look: Preview, report: LoadReport) -> Cells:
    published = _read_workbook(look, report) if look.kind == "xlsx" else _read_csv(look, report)
    _check_periods(published.period, report.file)
    kinds = set(published.measure.categories)
    if {"value", "percent", "confidence"} <= kinds:
        raise BadSource(f"{report.file}: numbers and percentages share one conf column. Download them one at a time.")
    rows = np.flatnonzero(published.measure != "confidence")
    if not len(rows):
        raise BadSource(f"{report.file}: no rows of estimates below the header. Download it again.")
    report.interval_cells = len(published.code) - len(rows)
    areas = [_at(part, rows) for part in (published.code, published.name, published.level, published.period)]
    breakdown = combine([_at(published.variable, rows)], _breakdown)
    found, blank = areas[0], constant("", len(rows))
    areas[0] = blank if look.kind == "xlsx" else found
    return Cells(*areas, blank, breakdown, [_block(published, rows, report)], place_code=found)


LAYOUT = Layout(
    name="nomis_aps",
    title="Nomis Annual Population Survey, Excel download or API CSV",
    publisher="Office for National Statistics",
    profile=_PROFILE,
    differences=_differences,
    parse=_parse,
)
