"""Skills in job adverts, the three layouts of DataJam 2018: skills with skills, salaries by month, job titles with skills.

Adjacency: a square of counts, first column `skills`, the same skills across; the diagonal is the adverts that name the skill,
every other cell the adverts that name both. Salaries: a row for each month (yyyymm), a column for each skill, median pounds a
year. Job titles: first column `normalised_job_title`, a column for each skill, counts of adverts.

These are matrices, not areas and periods: `matrix` gives one as plain numbers, checked, and is what a skills engine should use.
They become observations only so that they can be read, reported and exported like everything else, and the fit is poor: the
files name no place, so each row is put under England, whatever its adverts covered; breakdowns are `skill`, `skill / other
skill` and `job title / skill` as published (as slugs C, C# and C++ would be one), so an adjacency of 500 skills has 250,000.
The counts' months stand only in the file's name (`adjacency_201709_201808.csv`), which must therefore have them.

In 2018 most salaries of a month were one imputed value: a value that most skills share is named in the load report, and kept.
Raises `BadSource` for a square with rows or columns missing, halves that differ, or a diagonal below a count beside it.

Source: Adzuna adverts prepared for DataJam North East, 2018 (not public; the project's samples are synthetic).
"""

import calendar
import re
from pathlib import Path

import numpy as np
import pandas as pd

from datajam.observe.cells import Block, Cells, combine, constant, numbers
from datajam.observe.observations import BadSource, LoadReport
from datajam.sources import Layout
from datajam.sources.files import Preview, preview, read_csv
from datajam.vocabulary import markers, places

_PROFILE = markers.Profile("skill_adjacency", {})
_MONTH = re.compile(r"(19|20)\d{2}(0[1-9]|1[0-2])")
_SPAN = re.compile(rf"(?<!\d)({_MONTH.pattern})_({_MONTH.pattern})(?!\d)")
_MOST_CELLS = 1_000_000
_LARGEST_COUNT = 10**12


def _shape(look: Preview) -> str:
    """Which of the three layouts a file is: adjacency, job_titles, salaries, or none ('')."""
    first = re.sub(r"\s*\(synthetic.*\)$", "", look.header[0].lower()) if look.kind == "csv" and look.header else "no"
    if first in ("skills", "normalised_job_title"):
        return "adjacency" if first == "skills" else "job_titles"
    rows = [row[0].strip() for row in look.rows[1:] if row]
    months = first in ("", "month", "yyyymm") and rows and all(_MONTH.fullmatch(text) for text in rows)
    return "salaries" if months else ""


def _differences(look: Preview) -> list[str]:
    if look.kind != "csv":
        return [f"it is {look.kind}, not CSV"]
    if not _shape(look):
        return [
            "its first column is neither skills nor normalised_job_title nor months as yyyymm",
            "it has no matrix of skills",
        ]
    return [] if len(look.header) > 1 else ["it has no columns of skills"]


def _table(look: Preview) -> tuple[list[str], dict[str, pd.Categorical], list[str]]:
    """A matrix file as published: (row labels, columns of cells, warnings).

    Raises `BadSource` for a row without a label, given twice, or no month where months are the rows.
    """
    columns, warnings = read_csv(look)
    first, *skills = columns
    labels = [text.strip() for text in columns[first]]
    if not labels or not skills:
        raise BadSource(f"{look.path.name}: no figures below the header. Download the file again.")
    blank = next((index for index, text in enumerate(labels) if not text), None)
    if blank is not None or "" in skills:
        where = f"data row {blank + 1} has no label" if blank is not None else f"column {skills.index('') + 2} has no name"
        raise BadSource(f"{look.path.name}: {where}. Download the file again.")
    strange = [text for text in labels if _shape(look) == "salaries" and not _MONTH.fullmatch(text)]
    if strange:
        raise BadSource(f"{look.path.name}: row {strange[0][:20]!r} is not a month such as 201807. Mend or remove it.")
    again = pd.Index(labels)[pd.Index(labels).duplicated()]
    if len(again):
        raise BadSource(f"{look.path.name}: row {again[0]!r} is there twice. Remove one.")
    return labels, {name: columns[name] for name in skills}, warnings


def _values(columns: dict[str, pd.Categorical], labels: list[str], shape: str, file: str) -> np.ndarray:
    """The cells as numbers, rows by columns: counts whole, salaries missing where blank, nothing negative."""
    values = np.column_stack([numbers(column, _PROFILE)[0] for column in columns.values()])
    if shape == "salaries":
        blank = np.column_stack([np.array([not text.strip() for text in c.categories])[c.codes] for c in columns.values()])
        wrong = ~blank & ~(values > 0)
    else:
        wrong = ~((values >= 0) & (values <= _LARGEST_COUNT)) | (values != np.rint(values))
    if wrong.any():
        row, place = np.argwhere(wrong)[0]
        name = list(columns)[place]
        text, kind = columns[name][row], "salary" if shape == "salaries" else "whole count"
        raise BadSource(f"{file}: row {labels[row]!r}, column {name!r} holds {text[:20]!r}, not a {kind}. Mend that cell.")
    return values


def _square(values: pd.DataFrame, file: str) -> pd.DataFrame:
    """The adjacency with its columns in the order of its rows.

    Raises `BadSource` unless it is square, symmetric, and no two skills share more adverts than either has.
    """
    odd = values.index.symmetric_difference(values.columns)
    if len(odd):
        where = "row but no column" if odd[0] in values.index else "column but no row"
        raise BadSource(f"{file}: not square: {odd[0]!r} has a {where} ({len(odd)} such skills). Cut short? Download it again.")
    values = values[values.index]
    counts = values.to_numpy()
    if not np.array_equal(counts, counts.T):
        row, column = np.argwhere(counts != counts.T)[0]
        names = f"{values.index[row]!r} and {values.index[column]!r}"
        both = f"{counts[row, column]} one way and {counts[column, row]} the other"
        raise BadSource(f"{file}: not symmetric: {names} share {both}. Are columns in the wrong order? Download it again.")
    beyond = np.argwhere(counts > np.diag(counts)[:, None])
    if len(beyond):
        row, column = beyond[0]
        raise BadSource(
            f"{file}: {values.index[row]!r} is named in {counts[row, row]} adverts, fewer than the {counts[row, column]} it "
            f"shares with {values.index[column]!r}. The diagonal must hold each skill's own adverts."
        )
    return values


def _matrix(look: Preview, labels: list[str], columns: dict[str, pd.Categorical]) -> pd.DataFrame:
    shape = _shape(look)
    values = _values(columns, labels, shape, look.path.name)
    kind = float if shape == "salaries" else "int64"
    name = {"adjacency": "skills", "job_titles": "normalised_job_title", "salaries": "month"}[shape]
    table = pd.DataFrame(values.astype(kind), index=pd.Index(labels, name=name, dtype="str"), columns=list(columns))
    return _square(table, look.path.name) if shape == "adjacency" else table


def matrix(path: str | Path) -> pd.DataFrame:
    """A file of one of the three layouts as plain numbers: adverts (whole) by skill and skill, or by job title and skill, or
    median salaries (pounds a year, missing where blank) by month and skill.

    An adjacency comes back square and symmetric, rows and columns in the same order. Raises `BadSource` for any other file
    and for one that fails its checks, naming the row and column.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "adjacency.csv"
    ...     size = path.write_text('skills,R,"Tax, VAT"\\nR,90,2\\n"Tax, VAT",2,40\\n')
    ...     int(matrix(path).loc["R", "Tax, VAT"])
    2
    """
    look = preview(path)
    differences = _differences(look)
    if differences:
        raise BadSource(f"{look.path.name}: not a matrix of skills: {differences[0]}.")
    labels, columns, _ = _table(look)
    return _matrix(look, labels, columns)


def _month(text: str) -> str:
    """A month as yyyymm, spelt out where it would be read as an academic year.

    >>> _month("201807"), _month("200910")
    ('201807', 'October 2009')
    """
    year, month = int(text[:4]), int(text[4:])
    return f"{calendar.month_name[month]} {year}" if (year + 1) % 100 == month else text


def _span(look: Preview) -> str:
    """The months a file of counts covers, from its name: 'September 2017-August 2018'."""
    found = _SPAN.search(look.path.name)
    if not found or found[1] > found[4]:
        raise BadSource(
            f"{look.path.name}: counts of adverts, with no word of when. Put the first and last month in the file's name, "
            "such as adjacency_201709_201808.csv."
        )
    return "-".join(f"{calendar.month_name[int(text[4:])]} {text[:4]}" for text in (found[1], found[4]))


def _shared(salaries: pd.DataFrame) -> list[str]:
    """Warnings of months in which most skills have the same salary: imputed, not measured."""
    found = []
    for month, row in salaries.iterrows():
        counts = row.value_counts()
        if len(counts) and counts.iloc[0] > 2 and counts.iloc[0] * 2 > counts.sum():
            found.append(f"{month}: {counts.iloc[0]} of {counts.sum()} skills have the median {counts.index[0]:,.0f}")
    shown = "; ".join(found[:3]) + (f"; and {len(found) - 3} months more" if len(found) > 3 else "")
    return [f"one value for most skills, imputed rather than measured: {shown}"] if found else []


def _parse(look: Preview, report: LoadReport) -> Cells:
    labels, columns, report.warnings = _table(look)
    shape, cells = _shape(look), len(labels) * len(columns)
    if cells > _MOST_CELLS:
        raise BadSource(f"{report.file}: {cells:,} cells, too many to be observations. Use skill_adjacency.matrix(path).")
    table = _matrix(look, labels, columns)
    report.synthetic = "synthetic" in look.header[0].lower()
    report.warnings.append("the file names no place: put under England")
    rows = pd.Categorical(np.tile(np.array(labels, dtype=object), len(columns)), categories=pd.Index(labels, dtype="str"))
    skills = pd.Index(list(columns), dtype="str")
    skill = pd.Categorical.from_codes(np.repeat(np.arange(len(columns)), len(labels)), categories=skills)
    texts, distinct = pd.factorize(np.concatenate([np.asarray(column, dtype=object) for column in columns.values()]))
    value = pd.Categorical.from_codes(texts, categories=pd.Index(distinct, dtype="str"))
    where = [constant(text, cells) for text in (places.ENGLAND, "England", "National")]
    blank = constant("", cells)
    if shape == "salaries":
        report.warnings += _shared(table)
        return Cells(*where, combine([rows], _month), blank, skill, [Block("median_salary", "gbp_year", value)])
    square, period = shape == "adjacency", constant(_span(look), cells)
    breakdown = combine([rows, skill], lambda label, name: label if square and label == name else f"{label} / {name}")
    which = combine([rows, skill], lambda label, name: "adverts_with_skill" if label == name else "adverts_with_both_skills")
    indicator = which if square else constant("adverts_with_title_and_skill", cells)
    return Cells(*where, period, blank, breakdown, [Block(indicator, "count", value)])


LAYOUT = Layout(
    name="skill_adjacency",
    title="skills in job adverts, DataJam 2018: adjacency, salaries or job titles CSV",
    publisher="Adzuna, for DataJam North East 2018",
    profile=_PROFILE,
    differences=_differences,
    parse=_parse,
    licence="no open licence known",
)
