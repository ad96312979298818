"""A number about a place, with its base and uncertainty, or the reason there is no number."""

import weakref
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np
import pandas as pd

from datajam.errors import DataJamError, did_you_mean
from datajam.observe.observations import slug
from datajam.vocabulary import periods, places

Z = 1.959964
ALIKE = "the places most like it"
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


_KEYS = ("area_code", "indicator", "breakdown", "period_label")
_POSITIONS: dict[int, tuple[weakref.ref, dict]] = {}


class Columns:
    """A table with its columns taken out once, for many look-ups in a row, between which nobody changes it."""

    def __init__(self, table: pd.DataFrame) -> None:
        self.table, self._arrays = table, {}

    def __getitem__(self, name: str):
        if name not in self._arrays:
            self._arrays[name] = self.table[name].array
        return self._arrays[name]


def taken(observations: "pd.DataFrame | Columns") -> Columns:
    """The table's columns taken out, or what was taken out already."""
    return observations if isinstance(observations, Columns) else Columns(observations)


class Row(Mapping):
    """A row of a table, whose cells are looked up when they are asked for: thousands are, of which few cells matter."""

    def __init__(self, columns: Columns, position: int) -> None:
        self._columns, self._position = columns, position

    def __getitem__(self, name: str):
        return self._columns[name][self._position]

    def __iter__(self) -> Iterator[str]:
        return iter(self._columns.table.columns)

    def __len__(self) -> int:
        return len(self._columns.table.columns)


def cell(observations: pd.DataFrame | Columns, code: str, indicator: str, breakdown: str, label: str) -> Row | None:
    """The one row of the table for an area, indicator, breakdown and period; None where the file has none."""
    columns, wanted = taken(observations), (code, indicator, breakdown, label)
    position = _positions(columns.table).get(wanted)
    if position is not None and position < len(columns.table):
        row = Row(columns, position)
        if tuple(row[name] for name in _KEYS) == wanted:
            return row
    held = np.logical_and.reduce([columns.table[name] == text for name, text in zip(_KEYS, wanted, strict=True)])
    return Row(columns, int(held.argmax())) if held.any() else None


def _positions(observations: pd.DataFrame) -> dict:
    """Where each cell of a table stands, worked out once a table: a notebook asks for thousands of them."""
    known = _POSITIONS.get(id(observations))
    if known is None or known[0]() is not observations:
        keys = zip(*(observations[name].astype("object") for name in _KEYS), strict=True)
        found = {}
        for position, key in enumerate(keys):
            found.setdefault(key, position)
        forget = weakref.ref(observations, lambda _, number=id(observations): _POSITIONS.pop(number, None))
        known = _POSITIONS[id(observations)] = (forget, found)
    return known[1]


def estimate(observations: pd.DataFrame | Columns, place: str, indicator: str, label: str, breakdown: str = "all") -> Estimate:
    """A published number about a place with its published interval."""
    where, said = places.find(place), spoken_period(label)
    row = cell(observations, where.code, indicator, breakdown, label)
    if row is None:
        return Estimate(where.name, breakdown, said, None, None, "absent", "not in the file", indicator=indicator)
    known = lambda name: None if pd.isna(row[name]) else float(row[name])  # noqa: E731
    value, low, high = known("value"), known("lower_ci"), known("upper_ci")
    base = None if pd.isna(row["base"]) else int(row["base"])
    interval, how = ((low, high) if low is not None and high is not None else None), "published"
    if interval is None and value is not None and base and row["unit"] == "percent":
        interval, how = wilson(value, base), "published, its interval from the number it rests on"
    error = (interval[1] - interval[0]) / (2 * Z) if interval else None
    return Estimate(
        where.name, breakdown, said, value, base, str(row["status"]), how, error, interval, indicator, str(row["unit"]),
    )  # fmt: skip


def wilson(percent: float, base: int) -> tuple[float, float]:
    """The 95% interval of a percentage of `base` people, as if they were a sample of those who could have been there.

    Source: Wilson (1927).

    >>> [round(end, 1) for end in wilson(5.0, 400)], [round(end, 1) for end in wilson(0.0, 50)]
    ([3.3, 7.6], [0.0, 7.1])
    """
    share, square = percent / 100, Z**2
    middle = share + square / (2 * base)
    half = Z * sqrt(max(share * (1 - share), 0) / base + square / (4 * base**2))
    return (max(100 * (middle - half) / (1 + square / base), 0.0), min(100 * (middle + half) / (1 + square / base), 100.0))


def average(several: Sequence[Estimate], name: str = ALIKE) -> Estimate:
    """The plain average of several places' numbers, each place counting alike, as one more estimate under a name.

    Places without a number are left out, and named in `how`. The interval holds the places' own chance; that they truly differ
    from one another is not in it. No number where no place has one.

    >>> two = [Estimate(place, "all", "2024", 4.0 + n, 100, "ok", "", error=0.6) for n, place in enumerate(["Leeds", "Hull"])]
    >>> average(two).value, round(average(two).error, 2), average(two).base
    (4.5, 0.42, 200)
    """
    first, known = several[0], [each for each in several if each.value is not None]
    lacking = [each.place for each in several if each.value is None]
    how = f"the average of {len(known)} places" + (f"; no figure for {', '.join(lacking)}" if lacking else "")
    kept = {"indicator": first.indicator, "unit": first.unit}
    if not known:
        return Estimate(name, first.breakdown, first.period, None, None, "absent", "none of them has a figure", **kept)
    errors, bases = [each.error for each in known], [each.base for each in known]
    error = None if None in errors else sqrt(sum(each**2 for each in errors)) / len(known)
    base = None if None in bases else sum(bases)
    value = sum(each.value for each in known) / len(known)
    return Estimate(name, first.breakdown, first.period, value, base, "ok", how, error, **kept)


def around(
    observations: pd.DataFrame, place: str, indicator: str, label: str, breakdown: str = "all", alike: Sequence[str] = ()
) -> list[Estimate]:
    """The same number for a place, the places most like it (codes, where any are given), its region and England."""
    where = places.find(place)
    columns = taken(observations)
    here, *wider = (estimate(columns, each.code, indicator, label, breakdown) for each in (where, *where.comparators))
    near = [estimate(columns, code, indicator, label, breakdown) for code in alike]
    return [here, *([average(near)] if near else []), *wider]


def every(observations: pd.DataFrame, indicator: str, label: str, breakdown: str = "all") -> list[Estimate]:
    """The same number for each of the 153 authorities, lowest first, those without one at the front."""
    columns = taken(observations)
    found = [estimate(columns, each.code, indicator, label, breakdown) for each in places.authorities()]
    return sorted(found, key=lambda each: (each.value is not None, each.value or 0))


def trend(observations: pd.DataFrame, place: str, indicator: str, breakdown: str = "all") -> list[Estimate]:
    """The same number about a place in every period of the table, earliest first."""
    columns = taken(observations)
    return [estimate(columns, place, indicator, label, breakdown) for label in labels(observations)]


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


def counts(found: Sequence[Estimate]) -> pd.DataFrame:
    """Percentages as counts, for a funnel or for shrinkage: place, events and base by GSS code.

    A percentage is published rounded, so that `events` is the nearest whole number; missing where there is no number or base.
    A survey that asks people in clusters, or weights them, knows less than its number of interviews says: where an interval is
    published, the base is the number of people a plain sample would have needed for it (the effective sample; Kish, 1965).

    >>> counts([Estimate("Leeds", "all", "2025", 5.0, 410, "ok", "published", unit="percent")]).values.tolist()
    [['Leeds', 20.0, 410.0]]
    """
    rows = {}
    for each in found:
        base = _effective(each)
        events = round(each.value * base / 100) if base else None
        rows[places.find(each.place).code] = (each.place, events, base)
    table = pd.DataFrame.from_dict(rows, orient="index", columns=["place", "events", "base"])
    return table.astype({"events": "float64", "base": "float64"})


def _effective(one: Estimate) -> int | None:
    if one.value is None or not one.base:
        return None
    if one.how != "published" or not one.error or not 0 < one.value < 100:
        return one.base
    return min(max(round(one.value * (100 - one.value) / one.error**2), 1), one.base)


def as_table(found: Sequence[Estimate]) -> pd.DataFrame:
    """Estimates as a table for charts and CSV: a row each, the reason where there is no number."""
    rows = [
        {
            "place": each.place, "period": each.period, "indicator": each.indicator, "value": each.value,
            "lower_95": each.interval[0] if each.interval else None, "upper_95": each.interval[1] if each.interval else None,
            "base": each.base, "unit": each.unit, "note": each.reason,
        }
        for each in found
    ]  # fmt: skip
    table = pd.DataFrame(rows)
    numbers = ["value", "lower_95", "upper_95"]
    table[numbers] = table[numbers].astype("float64").round(4)
    return table.astype({"base": "Int64"})
