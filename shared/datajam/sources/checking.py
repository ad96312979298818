"""What several layouts check and tidy before their cells are read: that a column holds what its name says.

Swapped columns are the damage that is hardest to see: every cell is a number, of something else.
"""

import re
from collections.abc import Callable
from decimal import Decimal

import numpy as np
import pandas as pd

from datajam.observe.cells import combine, numbers
from datajam.observe.observations import BadSource, LoadReport
from datajam.vocabulary.markers import Profile, number

_GSS = re.compile(r"\s*[A-Z]\d{8}\s*")


def expect(column: pd.Categorical, where: str, allowed: Callable[[float], bool], what: str) -> None:
    """Raise `BadSource` naming the first number of a column that cannot be what the column is said to hold."""
    wrong = [text for text in column.categories if (value := number(text)) is not None and not allowed(value)]
    rows = np.flatnonzero(np.isin(column.codes, column.categories.get_indexer(wrong)))
    if len(rows):
        found = column.categories[column.codes[rows[0]]].strip()
        raise BadSource(
            f"{where}, data row {rows[0] + 1}, holds {found[:20]}, not {what}. Are columns swapped? Download the file again."
        )


def expect_codes(column: pd.Categorical, where: str) -> None:
    """Raise `BadSource` where fewer than half the cells of a code column are GSS codes."""
    codes = np.array([bool(_GSS.fullmatch(text)) for text in column.categories] or [False])
    if len(column) and codes[column.codes].mean() < 0.5:
        first = column.categories[column.codes[0]].strip()
        raise BadSource(f"{where} holds {first[:30]!r}, not GSS codes such as E06000001. Are columns swapped?")


def percentages(column: pd.Categorical, where: str) -> pd.Categorical:
    """A column of proportions as percentages, digit for digit; markers and cells with a percent sign stay.

    Raises `BadSource` for a number outside 0 to 1, which is no proportion.

    >>> list(percentages(pd.Categorical(["0.4211", "[c]", "1e-05"]), "imd.csv: column extent"))
    ['42.1100', '[c]', '0.00100']
    """
    bare = combine([column], lambda text: "" if "%" in text else text)
    expect(bare, where, lambda value: 0 <= value <= 1, "a proportion from 0 to 1")

    def hundredfold(text: str) -> str:
        if number(text) is None or "%" in text:
            return text
        return f"{Decimal(text.strip().replace(',', '')) * 100:f}"

    return combine([column], hundredfold)


def proportions(columns: list[pd.Categorical]) -> bool:
    """Whether the numbers under a percent heading are proportions after all: none is above 1, and one is above 0.

    >>> proportions([pd.Categorical(["0.61", "[c]"])]), proportions([pd.Categorical(["0.61", "61.2"])])
    (True, False)
    """
    texts = [text for column in columns for text in column.unique()]
    values = [value for text in texts if (value := number(text)) is not None]
    return bool(values) and 0 < max(values) <= 1 and not any("%" in text for text in texts)


def table(rows: list[list[str]], header: int, where: str) -> dict[str, pd.Categorical]:
    """The table of a workbook's sheet below its header row, by column name; columns without a name are left out.

    Raises `BadSource` for a column name given twice.
    """
    names = [re.sub(r"\s+", " ", name).strip() for name in rows[header]]
    repeated = sorted({name for name in names if name and names.count(name) > 1})
    if repeated:
        raise BadSource(f"{where}: column {repeated[0]!r} is there twice. Rename one.")
    body = rows[header + 1 :]
    return {name: pd.Categorical([row[index] for row in body]) for index, name in enumerate(names) if name}


def without_blank_rows(columns: dict[str, pd.Categorical], report: LoadReport) -> dict[str, pd.Categorical]:
    """Leave out rows with nothing in any cell, as spreadsheets save them below a table, and report how many."""
    filled = np.zeros(max((len(column) for column in columns.values()), default=0), dtype=bool)
    for column in columns.values():
        filled |= np.array([bool(text.strip()) for text in column.categories] or [False])[column.codes]
    if filled.all():
        return columns
    report.warnings.append(f"{int((~filled).sum())} rows with nothing in any cell are left out")
    return {name: column[filled] for name, column in columns.items()}


def plain(name: str) -> str:
    """A column's name without capitals, notes in brackets, line breaks and the spaces around it.

    >>> plain("Response Breakdown "), plain("2023/24 Lower Estimate\\npercentage (%) [note 3]")
    ('response breakdown', '2023/24 lower estimate percentage (%)')
    """
    return " ".join(re.sub(r"\[note[^\]]*\]", "", name.lower()).split())


def header_row(rows: list[list[str]], *names: str) -> int | None:
    """Which of the first rows begins with these column names, whatever their capitals and notes; None where no row does.

    >>> header_row([["Date: ", "2020"], [], ["Area Code", "Area [note 1]", "Rate %"]], "area code", "area")
    2
    """
    for index, row in enumerate(rows):
        if [plain(cell) for cell in row[: len(names)]] == list(names):
            return index
    return None


def expect_interval(value: pd.Categorical, lower: pd.Categorical, upper: pd.Categorical, profile: Profile, where: str) -> None:
    """Raise `BadSource` where an interval ends below its start, or where most values lie outside theirs."""
    middle, start, end = (numbers(column, profile)[0] for column in (value, lower, upper))
    backwards = np.flatnonzero(start > end)
    if len(backwards):
        row = backwards[0] + 1
        raise BadSource(f"{where}, data row {row}: an interval's lower end is above its upper end. Are columns swapped?")
    outside = (middle < start) | (middle > end)
    if outside.sum() > 0.5 * (~np.isnan(start)).sum():
        row = np.flatnonzero(outside)[0] + 1
        raise BadSource(f"{where}, data row {row}: most values lie outside their own interval. Are columns swapped?")
