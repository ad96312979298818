"""NEET and participation local-authority scorecard: one row for each area, a column for each measure, one file a year.

Columns come and go and change their names every year. What stays is the geography, `Age`, a NEET percentage and the
quintiles; every other column is a measure. The layout fits explore education statistics too, whose reader would take the
yearly changes and the attainment rates for counts: recognise this one first.

Source: DfE, "NEET and participation: local authority figures, scorecard data" (2021 to 2025).
"""

import re

import numpy as np
import pandas as pd

from datajam.observe.cells import Block, Cells, combine, numbers
from datajam.observe.observations import BadSource, LoadReport, slug
from datajam.sources import Layout
from datajam.sources.files import Preview, read_csv
from datajam.vocabulary.markers import DFE_EES, number

_LEVELS = {
    "national": ("country_code", "country_name", "E92"),
    "regional": ("region_code", "region_name", "E12|E13"),
    "local authority": ("new_la_code", "la_name", "E06|E08|E09|E10"),
}
_GEOGRAPHY = [column for code, name, _ in _LEVELS.values() for column in (code, name)]
_CORE = ["time_period", "time_identifier", "geographic_level", *_GEOGRAPHY, "age"]
_NO_MEASURE = (*_CORE, "old_la_code")
_BASES = {
    r"(neet|notknown|not_known|neet_not_known|neet_nk)_percent(age)?": r"cohort_djf_?avg",
    r"(total_participating_in_|full_time_|other_)?(education(_and_training)?|apprenticeship)_percent(age)?": "cohort_march",
    r"vg_neet_nk_percent(age)?": r"vg_cohort_djf_?avg",
}
_UNITS = (
    (r"quintile", "index"),
    (r"percent|percentage|ppts|change|annualchange|pt|l2.*|level_?[23]", "percent"),
    (r"avg_att8|att8|score", "score"),
)


def _names(names: list[str]) -> list[str]:
    """Column names, those of the core without regard to case, which differs between years."""
    return [name.lower() if name.lower() in _NO_MEASURE else name for name in names]


def _synthetic(texts: list[str]) -> bool:
    return {text.strip().lower() for text in texts} == {"synthetic"}


def _cell(text: str) -> bool:
    return number(text) is not None or DFE_EES.status(text) is not None


def _differences(look: Preview) -> list[str]:
    names = _names(look.header)
    missing = [] if look.kind == "csv" else [f"it is {look.kind}, not CSV"]
    missing += [f"column {name} is missing" for name in _CORE if name not in names]
    measures = {index: name for index, name in enumerate(names) if name not in _NO_MEASURE}
    if not any(re.fullmatch(r"(.*_)?neet(_.*)?_percent(age)?", slug(name)) for name in measures.values()):
        missing.append("no column holds a NEET percentage")
    if not any(slug(name).endswith("quintile") for name in measures.values()):
        missing.append("no column holds a quintile")
    if missing:
        return missing
    cells = {name: [row[index] for row in look.rows[1:] if index < len(row)] for index, name in measures.items()}
    texts = [name for name, column in cells.items() if not _synthetic(column) and not any(map(_cell, column or [""]))]
    return [f"column {name} holds text, not a measure" for name in texts]


def unit(name: str) -> str | None:
    """The unit a measure's column name says; None where it says nothing. Yearly changes are in percentage points.

    >>> unit("NEET_percent"), unit("annualchange_NEET"), unit("Level_3"), unit("avg_att8"), unit("NEET_quintile")
    ('percent', 'percent', 'percent', 'score', 'index')
    >>> unit("VG_cohort_percentage"), unit("VG_cohort_DJF_avg"), unit("Age1617_ONS_population"), unit("employed")
    ('percent', 'count', 'count', None)
    """
    text = slug(name)
    found = (measured for pattern, measured in _UNITS if re.search(rf"(^|_)({pattern})(_|$)", text))
    return next(found, "count" if re.search(r"cohort|population|number", text) else None)


def _base(name: str, measures: dict[str, str]) -> str | None:
    """The column holding the young people a percentage is of, where the file has it."""
    wanted = next((base for pattern, base in _BASES.items() if re.fullmatch(pattern, slug(name))), None)
    return next((other for other in measures if wanted and re.fullmatch(wanted, slug(other))), None)


def _row(column: pd.Categorical, text: str, among: np.ndarray | bool = True) -> int:
    """The first row of data that holds a text."""
    return int(np.flatnonzero((column == text) & among)[0]) + 1


def _check(columns: dict[str, pd.Categorical], file: str) -> None:
    """Refuse a file whose levels or codes are not what its columns are named for."""
    level = columns["geographic_level"]
    for text in level.categories:
        if text.strip().lower() not in _LEVELS:
            raise BadSource(
                f"{file}: data row {_row(level, text)}: geographic_level is {text[:40]!r}, expected National, Regional or "
                "Local authority. Are columns swapped? Download the file again."
            )
    kinds = np.array([text.strip().lower() for text in level.categories], dtype=object)[level.codes]
    for kind, (name, _, prefixes) in _LEVELS.items():
        column = columns[name]
        for text in column[kinds == kind].unique():
            if text.strip() and not re.fullmatch(rf"({prefixes})\d{{6}}", text.strip()):
                raise BadSource(
                    f"{file}: data row {_row(column, text, kinds == kind)}: {name} is {text[:40]!r}, not the code of a "
                    f"{kind} row. Are columns swapped? Download the file again."
                )


def _check_percent(name: str, column: pd.Categorical, report: LoadReport) -> None:
    """Refuse a percentage column that holds something else; report the few that pass 100."""
    published = numbers(column, DFE_EES)[0]
    beyond = np.abs(published) > 100
    if beyond.sum() * 2 > (~np.isnan(published)).sum():
        raise BadSource(
            f"{report.file}: data row {int(beyond.argmax()) + 1}: {name} is {column[beyond.argmax()]}, and most of that column "
            "is above 100: not the percentages it is named for. Are columns swapped? Download the file again."
        )
    if beyond.any():
        report.warnings.append(f"{slug(name)}: {int(beyond.sum())} percentages above 100, kept as published")


def _measures(columns: dict[str, pd.Categorical], report: LoadReport) -> dict[str, str]:
    """The columns that are measures, each with its unit."""
    blank = [name for name, column in columns.items() if not slug(name) and not "".join(column.categories).strip()]
    names = [name for name in columns if name not in (*_NO_MEASURE, *blank)]
    measures = {name: unit(name) for name in names if not _synthetic(list(columns[name].categories))}
    report.synthetic = len(measures) < len(names)
    last = {slug(name): name for name in measures}
    if "" in last:
        raise BadSource(f"{report.file}: a column of values has no name. Download the file again, or name it.")
    same = [name for name in measures if last[slug(name)] != name]
    if same:
        raise BadSource(f"{report.file}: columns {same[0]!r} and {last[slug(same[0])]!r} have the same name. Rename one.")
    unsaid = [slug(name) for name, measured in measures.items() if measured is None]
    if unsaid:
        report.warnings.append(f"read as counts, for their names do not say the unit: {', '.join(unsaid)}")
    return {name: measured or "count" for name, measured in measures.items()}


def _breakdown(age: str, ages: int) -> str:
    """Everybody in the scorecard is 16 or 17; a year of age is a breakdown where both stand in one file.

    >>> _breakdown("16-17", 3), _breakdown("16", 3), _breakdown("17", 1)
    ('all', 'age_16', 'age_17')
    """
    return "all" if age.strip() == "16-17" or (ages == 1 and not age.strip()) else f"age_{slug(age)}"


def _area(level: str, *geography: str) -> tuple[str, str]:
    code, name, _ = _LEVELS[level.strip().lower()]
    return geography[_GEOGRAPHY.index(code)], geography[_GEOGRAPHY.index(name)]


def _parse(look: Preview, report: LoadReport) -> Cells:
    columns, report.warnings = read_csv(look)
    names = _names(list(columns))
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice:
        raise BadSource(f"{report.file}: column {twice!r} is there twice. Rename one.")
    columns = dict(zip(names, columns.values(), strict=True))
    _check(columns, report.file)
    measures = _measures(columns, report)
    report.labels = {slug(name): name for name in measures}
    blocks = []
    for name, measured in measures.items():
        base = _base(name, measures)
        if measured == "percent":
            _check_percent(name, columns[name], report)
        blocks.append(Block(slug(name), measured, columns[name], base=columns[base] if base else None))
    where = [columns[name] for name in ("geographic_level", *_GEOGRAPHY)]
    ages = len(columns["age"].categories)
    return Cells(
        combine(where, lambda *row: _area(*row)[0]),
        combine(where, lambda *row: _area(*row)[1]),
        columns["geographic_level"],
        columns["time_period"],
        columns["time_identifier"],
        combine([columns["age"]], lambda age: _breakdown(age, ages)),
        blocks,
    )


LAYOUT = Layout(
    name="dfe_neet",
    title="DfE NEET and participation local authority scorecard CSV",
    publisher="Department for Education",
    profile=DFE_EES,
    differences=_differences,
    parse=_parse,
)
