"""The authorities most like a place: its statistical neighbours, for a fairer comparison than the places next door.

Distance is standardised Euclidean: each indicator counts in its own standard deviations, all alike unless weighted. Which
indicators are chosen decides who is a neighbour: choose what the place cannot change (who lives there), not what is compared.

Source: Benton, Chamberlain, Wilson and Teeman, "Development of the Children's Services Statistical Neighbour Benchmarking
Model" (NFER, 2007).
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from datajam.analyse.composite import FEWEST, missing, place_name, reasons, wide
from datajam.errors import DataJamError
from datajam.vocabulary import places


@dataclass(frozen=True)
class Neighbours:
    """A place's neighbours, nearest first: rank, area_code, place, distance, then its indicators; or the reason there are none.

    `typical` is the median distance to all other authorities: a neighbour about that far is not much of one. `left_out` names
    the authorities that lack an indicator and so could not be neighbours.
    """

    place: str
    table: pd.DataFrame
    typical: float | None
    left_out: tuple[str, ...]
    reason: str = ""

    @property
    def codes(self) -> list[str]:
        """The neighbours' GSS codes, nearest first; none where there are none."""
        return list(self.table["area_code"])

    def __str__(self) -> str:
        if self.reason:
            return self.reason
        names = ", ".join(f"{row.place} ({row.distance:.2f})" for row in self.table.itertuples())
        lacking = f" Not considered, for want of a figure: {', '.join(self.left_out)}." if self.left_out else ""
        start = f"Most like {places.find(self.place).spoken}, with distances in standard deviations"
        return f"{start} (to the middle authority {self.typical:.2f}): {names}.{lacking}"


def neighbours(table: pd.DataFrame, place: str, count: int = 10, weights: Mapping[str, float] | None = None) -> Neighbours:
    """The `count` authorities nearest to a place over the columns of a table such as `composite.wide` gives.

    Standard deviations (ddof 1) are those of the authorities with every indicator; a distance is the root of the weighted sum of
    squared differences. Ties go by code. Fewer where there are not so many. A region, England or a place that lacks an indicator
    has none, and says why. Raises `DataJamError` for a wrong count or weight, an indicator that does not vary, or fewer than five
    complete authorities.

    >>> codes = ["E06000001", "E06000002", "E06000003", "E06000004", "E06000005"]
    >>> table = pd.DataFrame({"poverty": [30.0, 36, 31, 24, 26], "rural": [0.0, 0, 10, 5, 20]}, codes)
    >>> neighbours(table, "Hartlepool", 2).table[["place", "distance"]].round(2).values.tolist()
    [['Redcar and Cleveland', 1.21], ['Middlesbrough', 1.29]]
    """
    where = places.find(place)
    if isinstance(count, bool) or not isinstance(count, (int, np.integer)) or count < 1:
        raise DataJamError(f"count {count!r}: write how many neighbours you want, 1 or more.")
    complete = table[table.notna().all(axis="columns")].astype("float64")
    if len(complete) < FEWEST:
        raise DataJamError(f"Only {len(complete)} authorities have every indicator: neighbours need {FEWEST}.")
    lacking = tuple(place_name(code) for code in table.index.difference(complete.index, sort=False) if code != where.code)
    if where.code not in complete.index:
        return Neighbours(where.name, _none(table), None, lacking, _why(table, where))
    far = _distances(complete, where.code, _factors(table, weights)).drop(where.code)
    near = pd.DataFrame({"area_code": far.index, "distance": far.to_numpy(), "tie": far.round(12).to_numpy()})
    near = near.sort_values(["tie", "area_code"], ignore_index=True).head(count)
    near.insert(0, "rank", range(1, len(near) + 1))
    near.insert(2, "place", [place_name(code) for code in near["area_code"]])
    found = near.drop(columns="tie").join(complete, on="area_code")
    return Neighbours(where.name, found, float(far.median()), lacking)


def like(observations: pd.DataFrame, place: str, count: int = 10) -> Neighbours:
    """The authorities most like a place over every indicator of a table, each in its latest period.

    None, with the reason, where the table does not hold enough authorities: a project goes on without them.
    """
    table, where = wide(observations), places.find(place)
    complete = int(table.notna().all(axis="columns").sum())
    if complete < FEWEST:
        reason = f"{where.opening} has no statistical neighbours: only {complete} authorities have every indicator of the file."
        return Neighbours(where.name, _none(table), None, (), reason)
    return neighbours(table, place, count)


def _factors(table: pd.DataFrame, weights: Mapping[str, float] | None) -> pd.Series:
    given = dict.fromkeys(table.columns, 1.0) if weights is None else dict(weights)
    wrong = sorted(map(str, set(table.columns) ^ set(given)))
    wrong += [str(name) for name, weight in given.items() if not (np.isfinite(weight) and weight > 0)]
    if wrong or not given:
        raise DataJamError(f"Every indicator needs one weight above 0. Look at: {', '.join(wrong) or 'no indicators given'}.")
    return pd.Series(given, dtype="float64")[list(table.columns)]


def _distances(complete: pd.DataFrame, code: str, factors: pd.Series) -> pd.Series:
    spread = complete.std(ddof=1)
    flat = [name for name in complete.columns if not spread[name] > 1e-9 * max(1.0, complete[name].abs().max())]
    if flat:
        raise DataJamError(f"Indicator {flat[0]!r} is the same in every authority: it cannot tell them apart. Leave it out.")
    apart = (complete - complete.loc[code]) / spread
    return np.sqrt((apart**2 * factors).sum(axis="columns"))


def _why(table: pd.DataFrame, where: places.Place) -> str:
    start = f"{where.opening} has no statistical neighbours"
    if where.level != "la":
        return f"{start}: they are found for authorities, not for a region or England."
    if where.code not in table.index:
        return f"{start}: it is not in the table."
    return f"{start}: {reasons(missing(table.loc[[where.code]]))}."


def _none(table: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(columns=["rank", "area_code", "place", "distance", *table.columns])
