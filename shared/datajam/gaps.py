"""The gap between two groups of pupils in a place, with its uncertainty.

Published tables give a group's average (or its total and number of pupils) and nothing about how far pupils differ from
one another. The interval here treats this year's pupils as a sample of those the place could have had: an average over
n pupils varies by `spread / sqrt(n)`, where `spread` is the standard deviation of pupils' scores within a group.

`PUPIL_SPREAD` was estimated from DfE's 2017/18 key stage 4 file (7,044 published groups of pupils by authority, sex and
ethnicity) with `estimate_spread`: 17.9 points, standard error 0.7. The national figure is not published.
"""

from dataclasses import dataclass
from math import sqrt

import pandas as pd

from datajam import places
from datajam.errors import DataJamError, did_you_mean
from datajam.observations import slug

PUPIL_SPREAD = 18.0
_Z = 1.959964
_HIDDEN = {
    "suppressed": "suppressed by the publisher because few pupils are counted",
    "low": "too low for the publisher to give",
    "not_applicable": "marked not applicable by the publisher",
    "not_available": "not available in the file",
    "absent": "not in the file",
}


@dataclass(frozen=True)
class Score:
    """One group's average in one place and period, or the reason there is none.

    `base` is the number of pupils; `how` says where the number came from.
    """

    place: str
    breakdown: str
    period: str
    value: float | None
    base: int | None
    status: str
    how: str
    spread: float

    @property
    def error(self) -> float | None:
        """The standard error of the average."""
        return self.spread / sqrt(self.base) if self.value is not None and self.base else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """The 95% interval of the average."""
        return None if self.error is None else (self.value - _Z * self.error, self.value + _Z * self.error)

    @property
    def reason(self) -> str:
        """Why there is no number, in words; empty where there is one."""
        return "" if self.value is not None else _HIDDEN.get(self.status, self.how)


@dataclass(frozen=True)
class Gap:
    """How far one group's average lies below another's in one place and period.

    >>> low = Score("Leeds", "fsm_eligible", "2024/25", 35.0, 900, "ok", "published", 18.0)
    >>> high = Score("Leeds", "not_fsm", "2024/25", 50.0, 3600, "ok", "published", 18.0)
    >>> gap = Gap(low, high)
    >>> gap.value, round(gap.error, 2), gap.base
    (15.0, 0.67, 4500)
    """

    group: Score
    other: Score

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
        return None if self.error is None else (self.value - _Z * self.error, self.value + _Z * self.error)

    @property
    def base(self) -> int | None:
        return None if self.value is None or None in (self.group.base, self.other.base) else self.group.base + self.other.base

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
        return self.group.reason or self.other.reason


@dataclass(frozen=True)
class Difference:
    """One number minus another, with the interval of the difference (the two taken as independent)."""

    value: float | None
    error: float | None

    @property
    def interval(self) -> tuple[float, float] | None:
        return None if self.error is None else (self.value - _Z * self.error, self.value + _Z * self.error)

    @property
    def clear(self) -> bool:
        """Whether the 95% interval leaves out zero."""
        return self.interval is not None and (self.interval[0] > 0 or self.interval[1] < 0)


def difference(one: Score | Gap, other: Score | Gap) -> Difference:
    """One score or gap minus another. A place is a part of its region and of England, so that the interval of a
    comparison with either is a little too wide rather than too narrow."""
    if one.value is None or other.value is None:
        return Difference(None, None)
    errors = (one.error, other.error)
    return Difference(one.value - other.value, None if None in errors else sqrt(errors[0] ** 2 + errors[1] ** 2))


@dataclass(frozen=True)
class Measure:
    """Which indicators hold an average score: the average itself, and the total and number of pupils it is made of."""

    average: str = "avg_att8"
    total: str = "t_att8"
    pupils: str = "t_pupils"
    spread: float = PUPIL_SPREAD


def breakdown(observations: pd.DataFrame, name: str) -> str:
    """The breakdown a label or slug means in this table. Raises `DataJamError` with the nearest ones.

    >>> table = pd.DataFrame({"breakdown": pd.Categorical(["fsm_eligible", "not_fsm"])})
    >>> breakdown(table, "FSM eligible")
    'fsm_eligible'
    """
    known = list(observations["breakdown"].cat.categories)
    if name in known or slug(name) in known:
        return name if name in known else slug(name)
    raise DataJamError(f"No group of pupils is called {name!r} in this file. {did_you_mean(name, known)}")


def measure(observations: pd.DataFrame, chosen: Measure = Measure()) -> Measure:
    """The measure, once this table is seen to hold it. Raises `DataJamError` naming the indicators it holds."""
    known = set(observations["indicator"].cat.categories)
    if chosen.average in known or {chosen.total, chosen.pupils} <= known:
        return chosen
    raise DataJamError(
        f"The file has neither {chosen.average!r} nor {chosen.total!r} with {chosen.pupils!r}. "
        f"It has: {', '.join(sorted(known)[:10])}. Set average, total and pupils in hack.toml."
    )


def period(observations: pd.DataFrame, wanted: str = "latest") -> str:
    """The published label of a period: the latest, or the one that a label such as '2024/25' means.

    Raises `DataJamError` naming the periods the table has.
    """
    from datajam import periods

    spans = observations[["period_label", "period_start", "period_end"]].drop_duplicates().sort_values("period_end")
    if wanted in ("latest", ""):
        return str(spans["period_label"].iloc[-1])
    labels = [str(label) for label in spans["period_label"]]
    if wanted in labels:
        return wanted
    try:
        span = periods.parse(wanted)
        same = spans[(spans["period_start"] == pd.Timestamp(span.start)) & (spans["period_end"] == pd.Timestamp(span.end))]
        if len(same):
            return str(same["period_label"].iloc[0])
    except periods.UnknownPeriod:
        pass
    named = [spoken_period(label) for label in labels]
    raise DataJamError(f"No figures for period {wanted!r} in this file. {did_you_mean(wanted, named[::-1])}")


def spoken_period(label: str) -> str:
    """A published label as people write it.

    >>> spoken_period("202425")
    '2024/25'
    """
    from datajam import periods

    return periods.parse(label).label


def score(observations: pd.DataFrame, place: str, group: str, label: str, chosen: Measure = Measure()) -> Score:
    """One group's average in one place and period.

    A published average is used as it stands. Without one, the total is divided by the number of pupils. A region or
    England that the file does not give is added up from its authorities, but only where none of them is suppressed.
    """
    where = places.find(place)
    rows = observations[(observations["breakdown"] == group) & (observations["period_label"] == label)]
    own = rows[rows["area_code"] == where.code]
    said = spoken_period(label)
    if len(own):
        return _published(own, where.name, group, said, chosen)
    if where.level in ("region", "country"):
        return _added_up(rows, where, group, said, chosen)
    return Score(where.name, group, said, None, None, "absent", "not in the file", chosen.spread)


def _cell(rows: pd.DataFrame, indicator: str) -> tuple[float | None, str]:
    found = rows[rows["indicator"] == indicator]
    if not len(found):
        return None, "absent"
    row = found.iloc[0]
    return (None if pd.isna(row["value"]) else float(row["value"])), str(row["status"])


def _published(own: pd.DataFrame, name: str, group: str, said: str, chosen: Measure) -> Score:
    value, status = _cell(own, chosen.average)
    total, total_status = _cell(own, chosen.total)
    pupils, _ = _cell(own, chosen.pupils)
    base = None if pupils is None else int(pupils)
    if value is not None or status != "absent":
        return Score(name, group, said, value, base, status, "published average", chosen.spread)
    if total is not None and pupils:
        return Score(name, group, said, total / pupils, base, "ok", "published total divided by pupils", chosen.spread)
    return Score(name, group, said, None, base, total_status, "no average in the file", chosen.spread)


def _added_up(rows: pd.DataFrame, where: places.Place, group: str, said: str, chosen: Measure) -> Score:
    members = rows[rows["area_level"] == "la"]
    if where.level == "region":
        members = members[members["region_code"] == where.code]
    total = members[members["indicator"] == chosen.total]
    pupils = members[members["indicator"] == chosen.pupils]
    if not len(total) or not len(pupils):
        return Score(where.name, group, said, None, None, "absent", "not in the file", chosen.spread)
    hidden = int(total["value"].isna().sum() + pupils["value"].isna().sum())
    if hidden:
        how = f"not in the file, and it cannot be added up: {hidden} cells of its authorities have no number"
        return Score(where.name, group, said, None, None, "cannot_be_added_up", how, chosen.spread)
    base = int(pupils["value"].sum())
    how = f"not in the file: added up from its {len(total)} authorities there"
    return Score(where.name, group, said, float(total["value"].sum()) / base, base, "ok", how, chosen.spread)


def gap(observations: pd.DataFrame, place: str, group: str, other: str, label: str, chosen: Measure = Measure()) -> Gap:
    """The gap between two groups in one place and period."""
    return Gap(score(observations, place, group, label, chosen), score(observations, place, other, label, chosen))


def compared(observations: pd.DataFrame, place: str, group: str, other: str, label: str, chosen: Measure = Measure()):
    """The gap in a place, then in its region and in England: a list of `Gap`, nearest first."""
    where = places.find(place)
    everywhere = [where, *where.comparators]
    return [gap(observations, each.code, group, other, label, chosen) for each in everywhere]


def trend(observations: pd.DataFrame, place: str, group: str, other: str, chosen: Measure = Measure()) -> list[Gap]:
    """The gap in one place in every period of the table, earliest first; a missing year is there with its reason."""
    spans = observations[["period_label", "period_end"]].drop_duplicates().sort_values("period_end")
    return [gap(observations, place, group, other, str(label), chosen) for label in spans["period_label"]]


def authorities(observations: pd.DataFrame, place: str, group: str, other: str, label: str, chosen=Measure()) -> list[Gap]:
    """The gap in every authority of the place's region (of England, for England), widest last, those without one first."""
    where = places.find(place)
    within = places.authorities(where.region_code) if where.level != "country" else places.authorities()
    gaps = [gap(observations, each.code, group, other, label, chosen) for each in within]
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
