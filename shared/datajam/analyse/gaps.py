"""The gap between two groups of pupils in a place, with its uncertainty.

Published tables give a group's average (or its total and number of pupils) and nothing about how far pupils differ from
one another. The interval here treats this year's pupils as a sample of those the place could have had: an average over
n pupils varies by `spread / sqrt(n)`, where `spread` is the standard deviation of pupils' scores within a group.

`PUPIL_SPREAD` was estimated from DfE's 2017/18 key stage 4 file (7,044 published groups of pupils by authority, sex and
ethnicity) with `estimate_spread`: 17.9 points, standard error 0.7. The national figure is not published.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Any

import pandas as pd

from datajam.analyse import estimates
from datajam.analyse.estimates import ALIKE, Columns, Estimate, Row, Z, cell, labels, spoken_period, taken
from datajam.errors import DataJamError
from datajam.vocabulary import places

PUPIL_SPREAD = 18.0


@dataclass(frozen=True)
class Gap:
    """How far one group's average lies below another's in one place and period.

    >>> low = Estimate("Leeds", "fsm_eligible", "2024/25", 35.0, 900, "ok", "published", error=18 / 900**0.5)
    >>> high = Estimate("Leeds", "not_fsm", "2024/25", 50.0, 3600, "ok", "published", error=18 / 3600**0.5)
    >>> gap = Gap(low, high)
    >>> gap.value, round(gap.error, 2), gap.base
    (15.0, 0.67, 4500)
    """

    group: Estimate
    other: Estimate

    @property
    def value(self) -> float | None:
        known = self.group.value is not None and self.other.value is not None
        return self.other.value - self.group.value if known else None

    @property
    def error(self) -> float | None:
        parts = (self.group.error, self.other.error)
        return None if self.value is None or None in parts else sqrt(sum(part**2 for part in parts))

    @property
    def interval(self) -> tuple[float, float] | None:
        return None if self.error is None else (self.value - Z * self.error, self.value + Z * self.error)

    @property
    def base(self) -> int | None:
        return None if self.value is None or None in (self.group.base, self.other.base) else self.group.base + self.other.base

    @property
    def unit(self) -> str:
        return self.group.unit

    @property
    def place(self) -> str:
        return self.group.place

    @property
    def period(self) -> str:
        return self.group.period

    @property
    def status(self) -> str:
        return "ok" if self.value is not None else next(s.status for s in (self.group, self.other) if s.value is None)

    @property
    def reason(self) -> str:
        """Why there is no gap, in words; empty where there is one."""
        return self.group.reason or self.other.reason


@dataclass(frozen=True)
class Measure:
    """Which indicators hold an average score: the average itself, and the total and number of pupils it is made of."""

    average: str = "avg_att8"
    total: str = "t_att8"
    pupils: str = "t_pupils"
    spread: float = PUPIL_SPREAD


def measure(observations: pd.DataFrame, chosen: Measure = Measure()) -> Measure:
    """The measure, once this table is seen to hold it. Raises `DataJamError` naming the indicators it holds."""
    known = set(observations["indicator"].cat.categories)
    if chosen.average in known or {chosen.total, chosen.pupils} <= known:
        return chosen
    raise DataJamError(
        f"The file has neither {chosen.average!r} nor {chosen.total!r} with {chosen.pupils!r}. "
        f"It has: {', '.join(sorted(known)[:10])}. Set average, total and pupils in hack.toml."
    )


def asked(observations: pd.DataFrame, parameters: Mapping[str, Any]) -> tuple[str, str, str, Measure]:
    """What a project asks of a table, ready to follow a place: group, the group it is compared with, period and measure.

    Read from the parameters group, compared_with, period, average, total, pupils and pupil_spread. Raises `DataJamError` with
    the nearest name for one that the table does not have.
    """
    spread = float(parameters.get("pupil_spread") or PUPIL_SPREAD)
    chosen = measure(observations, Measure(parameters["average"], parameters["total"], parameters["pupils"], spread))
    groups = (
        estimates.choose(observations, "breakdown", parameters[name], "group of pupils") for name in ("group", "compared_with")
    )
    return *groups, estimates.period(observations, str(parameters.get("period", "latest"))), chosen


def score(observations: pd.DataFrame | Columns, place: str, group: str, label: str, chosen: Measure = Measure()) -> Estimate:
    """One group's average in one place and period.

    A published average is used as it stands. Without one, the total is divided by the number of pupils. A region or
    England that the file does not give is added up from its authorities, but only where none of them is suppressed.
    """
    where, said, columns = places.find(place), spoken_period(label), taken(observations)
    average, pupils = (cell(columns, where.code, name, group, label) for name in (chosen.average, chosen.pupils))
    total = cell(columns, where.code, chosen.total, group, label) if average is None else None
    if not (average is None and pupils is None and total is None):
        return _published((average, total, pupils), where.name, group, said, chosen)
    if where.level in ("region", "country"):
        table = columns.table
        rows = table[(table["breakdown"] == group) & (table["period_label"] == label)]
        return _added_up(rows, where, group, said, chosen)
    return Estimate(where.name, group, said, None, None, "absent", "not in the file")


def _known(row: Row | None) -> float | None:
    value = None if row is None else row["value"]
    return None if pd.isna(value) else float(value)


def _published(own: tuple[Row | None, ...], name: str, group: str, said: str, chosen: Measure) -> Estimate:
    average, total, pupils = own
    counted = _known(pupils)
    base = None if counted is None else int(counted)
    error = _published_error(average) or (chosen.spread / sqrt(base) if base else None)
    if average is not None:
        known, status = _known(average), str(average["status"])
        return Estimate(name, group, said, known, base, status, "published average", None if known is None else error)
    if _known(total) is not None and base:
        return Estimate(name, group, said, _known(total) / base, base, "ok", "published total divided by pupils", error)
    status = str(total["status"]) if total is not None else "absent"
    if status == "ok":
        status = str(pupils["status"]) if pupils is not None and _known(pupils) is None else "not_applicable"
    return Estimate(name, group, said, None, base, status, "no average in the file")


def _published_error(average: Row | None) -> float | None:
    """The standard error behind a published interval."""
    if average is None or pd.isna(average["lower_ci"]) or pd.isna(average["upper_ci"]):
        return None
    return float(average["upper_ci"] - average["lower_ci"]) / (2 * Z)


def _added_up(rows: pd.DataFrame, where: places.Place, group: str, said: str, chosen: Measure) -> Estimate:
    # A place given under an ended and a current code with different values would count twice: only the current one does.
    doubled = [places.current(code) is not None for code in rows["source_area_code"]]
    members = rows[(rows["area_level"] == "la") & (rows["area_code"].notna() | ~pd.Series(doubled, rows.index, dtype=bool))]
    if where.level == "region":
        members = members[members["region_code"] == where.code]
    total = members[members["indicator"] == chosen.total]
    pupils = members[members["indicator"] == chosen.pupils]
    if not len(total) or len(total) != len(pupils):
        return Estimate(where.name, group, said, None, None, "absent", "not in the file")
    hidden = int(total["value"].isna().sum() + pupils["value"].isna().sum())
    if hidden:
        how = f"not in the file, and it cannot be added up: {hidden} cells of its authorities have no number"
        return Estimate(where.name, group, said, None, None, "cannot_be_added_up", how)
    base = int(pupils["value"].sum())
    if not base:
        return Estimate(where.name, group, said, None, 0, "not_applicable", "no pupils in the file")
    how = f"not in the file: added up from the {len(total)} authorities it has there"
    return Estimate(where.name, group, said, float(total["value"].sum()) / base, base, "ok", how, chosen.spread / sqrt(base))


def gap(observations: pd.DataFrame | Columns, place: str, group: str, other: str, label: str, chosen: Measure = Measure()) -> Gap:
    """The gap between two groups in one place and period."""
    columns = taken(observations)
    return Gap(score(columns, place, group, label, chosen), score(columns, place, other, label, chosen))


def compared(
    observations: pd.DataFrame,
    place: str,
    group: str,
    other: str,
    label: str,
    chosen: Measure = Measure(),
    alike: Sequence[str] = (),
) -> list[Gap]:
    """The gap in a place, in the places most like it (codes, where any are given), in its region and in England."""
    where = places.find(place)
    columns = taken(observations)
    here, *wider = (gap(columns, each.code, group, other, label, chosen) for each in (where, *where.comparators))
    near = [gap(columns, code, group, other, label, chosen) for code in alike]
    return [here, *([average(near)] if near else []), *wider]


def average(several: Sequence[Gap], name: str = ALIKE) -> Gap:
    """The plain average of several places' gaps, each place counting alike; a place without a gap is left out of both groups."""
    known = [each for each in several if each.value is not None] or several
    return Gap(estimates.average([each.group for each in known], name), estimates.average([each.other for each in known], name))


def trend(observations: pd.DataFrame, place: str, group: str, other: str, chosen: Measure = Measure()) -> list[Gap]:
    """The gap in one place in every period of the table, earliest first; a missing year is there with its reason."""
    columns = taken(observations)
    return [gap(columns, place, group, other, label, chosen) for label in labels(observations)]


def authorities(observations: pd.DataFrame, place: str, group: str, other: str, label: str, chosen=Measure()) -> list[Gap]:
    """The gap in every authority of the place's region (of England, for England), widest last, those without one first."""
    where = places.find(place)
    within = places.authorities(where.region_code) if where.level != "country" else places.authorities()
    columns = taken(observations)
    gaps = [gap(columns, each.code, group, other, label, chosen) for each in within]
    return sorted(gaps, key=lambda each: (each.value is not None, each.value or 0))


def estimate_spread(groups: pd.DataFrame, fixed: str) -> tuple[float, float]:
    """Estimate the standard deviation of pupils' scores within a group, with its standard error.

    `groups` has a row for each published group: `mean`, `pupils`, and the columns that the formula `fixed` names. The
    squared residual of a group's mean has the expectation a + spread² / pupils: a weighted regression on 1 / pupils gives
    the spread. Method: variance-function estimation (Davidian and Carroll, 1987).
    """
    import statsmodels.formula.api as smf

    weights = 1 / (8 + 400 / groups["pupils"])
    fit = smf.wls(f"mean ~ {fixed}", groups, weights=weights).fit()
    squares = pd.DataFrame({"square": fit.resid**2, "inverse": 1 / groups["pupils"]})
    slope = smf.wls("square ~ inverse", squares, weights=weights**2).fit()
    spread = sqrt(max(slope.params["inverse"], 0))
    return spread, slope.bse["inverse"] / (2 * spread) if spread else float("nan")


def as_table(gaps: list[Gap]) -> pd.DataFrame:
    """Gaps as a table for charts and CSV: a row each, numbers to two decimals, the reason where there is none."""
    rows = [
        {
            "place": each.place,
            "period": each.period,
            "group_score": each.group.value,
            "group_pupils": each.group.base,
            "other_score": each.other.value,
            "other_pupils": each.other.base,
            "gap": each.value,
            "lower_95": each.interval[0] if each.interval else None,
            "upper_95": each.interval[1] if each.interval else None,
            "note": each.reason or (each.group.how if each.group.how.startswith("not in") else ""),
        }
        for each in gaps
    ]
    table = pd.DataFrame(rows)
    numbers = ["group_score", "other_score", "gap", "lower_95", "upper_95"]
    table[numbers] = table[numbers].astype("float64").round(2)
    return table.astype({"group_pupils": "Int64", "other_pupils": "Int64"})
