"""A number about a place, with its base and uncertainty, or the reason there is no number."""

from dataclasses import dataclass
from math import sqrt

import pandas as pd

from datajam import periods, places
from datajam.errors import DataJamError, did_you_mean
from datajam.observations import slug

Z = 1.959964
_HIDDEN = {
    "suppressed": "suppressed by the publisher because few people are counted",
    "low": "too low for the publisher to give",
    "not_applicable": "marked not applicable by the publisher",
    "not_available": "not available in the file",
    "unreliable": "held back by the publisher as unreliable",
    "absent": "not in the file",
}


@dataclass(frozen=True)
class Estimate:
    """One number about one group in one place and period, or the reason there is none.

    `base` is how many people it rests on, `error` its standard error, `published` its interval where the publisher gives
    one, and `how` where the number came from.

    >>> Estimate("Leeds", "all", "2024/25", 46.0, 900, "ok", "published average", error=0.6).interval
    (44.8240216, 47.1759784)
    """

    place: str
    breakdown: str
    period: str
    value: float | None
    base: int | None
    status: str
    how: str
    error: float | None = None
    published: tuple[float, float] | None = None
    indicator: str = ""
    unit: str = "score"

    @property
    def interval(self) -> tuple[float, float] | None:
        """The 95% interval: the published one, else value ± 1.96 standard errors."""
        if self.value is None or (self.error is None and self.published is None):
            return None
        return self.published or (self.value - Z * self.error, self.value + Z * self.error)

    @property
    def reason(self) -> str:
        """Why there is no number, in words; empty where there is one."""
        return "" if self.value is not None else _HIDDEN.get(self.status, self.how)


@dataclass(frozen=True)
class Difference:
    """One number minus another, with the interval of the difference."""

    value: float | None
    error: float | None

    @property
    def interval(self) -> tuple[float, float] | None:
        return None if self.error is None else (self.value - Z * self.error, self.value + Z * self.error)

    @property
    def clear(self) -> bool:
        """Whether the 95% interval leaves out zero."""
        return self.interval is not None and (self.interval[0] > 0 or self.interval[1] < 0)


def difference(one, other) -> Difference:
    """One estimate or gap minus another, taken as independent.

    A place is a part of its region and of England, so that the interval of such a comparison is a little too wide rather
    than too narrow.
    """
    if one.value is None or other.value is None:
        return Difference(None, None)
    errors = (one.error, other.error)
    return Difference(one.value - other.value, None if None in errors else sqrt(errors[0] ** 2 + errors[1] ** 2))


def cell(observations: pd.DataFrame, code: str, indicator: str, breakdown: str, label: str) -> pd.Series | None:
    """The one row of the table for an area, indicator, breakdown and period; None where the file has none."""
    found = observations[
        (observations["area_code"] == code)
        & (observations["indicator"] == indicator)
        & (observations["breakdown"] == breakdown)
        & (observations["period_label"] == label)
    ]
    return found.iloc[0] if len(found) else None


def estimate(observations: pd.DataFrame, place: str, indicator: str, label: str, breakdown: str = "all") -> Estimate:
    """A published number about a place with its published interval."""
    where, said = places.find(place), spoken_period(label)
    row = cell(observations, where.code, indicator, breakdown, label)
    if row is None:
        return Estimate(where.name, breakdown, said, None, None, "absent", "not in the file", indicator=indicator)
    known = lambda name: None if pd.isna(row[name]) else float(row[name])  # noqa: E731
    low, high = known("lower_ci"), known("upper_ci")
    published = (low, high) if low is not None and high is not None else None
    base = None if pd.isna(row["base"]) else int(row["base"])
    error = (high - low) / (2 * Z) if published else None
    return Estimate(
        where.name, breakdown, said, known("value"), base, str(row["status"]), "published", error, published,
        indicator, str(row["unit"]),
    )  # fmt: skip


def around(observations: pd.DataFrame, place: str, indicator: str, label: str, breakdown: str = "all") -> list[Estimate]:
    """The same number for a place, its region and England, nearest first."""
    where = places.find(place)
    return [estimate(observations, each.code, indicator, label, breakdown) for each in (where, *where.comparators)]


def trend(observations: pd.DataFrame, place: str, indicator: str, breakdown: str = "all") -> list[Estimate]:
    """The same number about a place in every period of the table, earliest first."""
    return [estimate(observations, place, indicator, label, breakdown) for label in labels(observations)]


def labels(observations: pd.DataFrame) -> list[str]:
    """The published labels of the table's periods, earliest first."""
    spans = observations[["period_label", "period_start", "period_end"]].drop_duplicates()
    return [str(label) for label in spans.sort_values(["period_end", "period_start"])["period_label"].drop_duplicates()]


def holdings(observations: pd.DataFrame, place: str) -> pd.DataFrame:
    """What the table holds about a place: a row each period and indicator, with how many cells have which status.

    An empty table means that the place is not in the file.
    """
    code = places.find(place).code
    own = observations[observations["area_code"] == code]
    counts = own.groupby(["period_label", "indicator"])["status"].value_counts().unstack(fill_value=0)
    return counts.loc[:, counts.sum() > 0].astype(int)


def choose(observations: pd.DataFrame, column: str, name: str, what: str) -> str:
    """The name in a column that a published label or slug means. Raises `DataJamError` with the nearest ones.

    >>> table = pd.DataFrame({"breakdown": pd.Categorical(["fsm_eligible", "not_fsm"])})
    >>> choose(table, "breakdown", "FSM eligible", "group of pupils")
    'fsm_eligible'
    """
    known = list(observations[column].cat.categories)
    if name in known or slug(name) in known:
        return name if name in known else slug(name)
    raise DataJamError(f"No {what} is called {name!r} in this file. {did_you_mean(name, known)}")


def period(observations: pd.DataFrame, wanted: str = "latest") -> str:
    """The published label of a period: the latest, or the one that a label such as '2024/25' means.

    Raises `DataJamError` naming the periods the table has.
    """
    columns = ["period_label", "period_start", "period_end"]
    spans = observations[columns].drop_duplicates().sort_values("period_end")
    labels = [str(label) for label in spans["period_label"]]
    if wanted in ("latest", ""):
        return labels[-1]
    if wanted in labels:
        return wanted
    try:
        span = periods.parse(wanted)
    except periods.UnknownPeriod:
        span = None
    if span:
        starts, ends = (spans[name].dt.date for name in columns[1:])
        for label, start, end in zip(labels, starts, ends, strict=True):
            if (start, end) == (span.start, span.end) or spoken_period(label) == span.label:
                return label
    shown = [spoken_period(label) for label in labels]
    raise DataJamError(f"No figures for period {wanted!r} in this file. {did_you_mean(wanted, shown[::-1])}")


def spoken_period(label: str) -> str:
    """A published label as people write it.

    >>> spoken_period("202425"), spoken_period("2022-04-01/P1Y")
    ('2024/25', '2022/23')
    """
    return periods.parse(label).label
