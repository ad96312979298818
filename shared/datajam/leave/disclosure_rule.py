"""The small-number rule on plain numbers, and what the sums in a table tell about the cells it hides.

A relation is three arrays of one length: the number of a cell, the number of the sum it belongs to, and 1 for a part or -1 for the
total. Relations are found by their values before anything is hidden; what they tell is worked out from what is shown.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd

from datajam.errors import DataJamError

_MOST_COLUMNS = 8
_USUALLY = 0.9


@dataclass(frozen=True)
class Rule:
    """Counts from 1 to below `least` are suppressed, others rounded to `nearest`; rates need a base of `small_base`.

    Raises `DataJamError` for settings that are not whole numbers, and for those that would show a count as 0.
    """

    least: int = 8
    nearest: int = 5
    small_base: int = 10

    def __post_init__(self):
        for name, lowest in (("least", 2), ("nearest", 1), ("small_base", 1)):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or value < lowest:
                raise DataJamError(f"{name}={value!r}: write a whole number from {lowest}.")
        if 2 * self.least < self.nearest:
            raise DataJamError(f"nearest={self.nearest} would show a count of {self.least} as 0: write at most {2 * self.least}.")

    def __str__(self) -> str:
        others = f", the others rounded to the nearest {self.nearest}" if self.nearest > 1 else ""
        return f"Counts of 1 to {self.least - 1} are suppressed{others}; rates on a base under {self.small_base} are withheld."

    @property
    def words(self) -> dict[str, str]:
        """What each letter of a report's `touched` stands for."""
        small = f"count of 1 to {self.least - 1}"
        return {
            "c": small,
            "r": f"rounded to the nearest {self.nearest}",
            "n": "no base",
            "b": f"base under {max(self.small_base, self.least)}",
            "g": f"beside its base it gives back a {small}",
            "f": "exactly 0 or 100%",
        }

    def count(self, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Counts as they may be shown, missing where suppressed, and a letter for each cell ('.' where untouched)."""
        small = (values > 0) & (values < self.least)
        shown = np.where(small, np.nan, np.floor(values / self.nearest + 0.5) * self.nearest)
        return shown, np.where(small, "c", np.where((shown > 0) & (self.nearest > 1), "r", "."))

    def rate(self, values: np.ndarray, base: np.ndarray, scales: Iterable[int] = ()) -> np.ndarray:
        """A letter for each rate: why it is withheld, 'f' where it is flagged, '.' where it stays as it is.

        `scales` are what a rate may be out of (100 for a percentage, none for a mean). A rate that comes to a whole number from 1
        to `least` - 1 of its base, or to that many short of all of it, is withheld: it would give back a suppressed count.
        """
        letters = np.full(len(values), ".")
        for scale in scales:
            count = values * base / scale
            near = np.abs(count - np.round(count)) <= base * _half_unit(values) / scale + 1e-9
            small = [(part > 0) & (part < self.least) for part in (np.round(count), np.round(base - count))]
            letters[near & (small[0] | small[1])] = "g"
            letters[(letters == ".") & ((values == 0) | (values == scale)) & (scale <= 100)] = "f"
        letters[base < max(self.small_base, self.least)] = "b"
        letters[np.isnan(base)] = "n"
        letters[np.isnan(values)] = "."
        return letters

    def exact(self, values: np.ndarray, base: np.ndarray, scales: Iterable[int]) -> np.ndarray:
        """Whether a shown rate fits only one of the bases that its rounded base may stand for."""
        within = np.arange(-(self.nearest // 2), (self.nearest + 1) // 2)
        bases = self.count(base)[0][:, None] + within
        found = np.zeros(len(values), bool)
        for scale in scales if self.nearest > 1 else ():
            nearest_rate = np.round(values[:, None] * bases / scale) / bases * scale
            found |= (np.abs(nearest_rate - values[:, None]) <= _half_unit(values) + 1e-9).sum(axis=1) == 1
        return found

    def outsider(self, shown: np.ndarray, known: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The least and most each count can be for somebody who sees it as shown; `known` tells which were no missing numbers."""
        low, high = np.maximum(self.least, shown - self.nearest // 2), shown + (self.nearest - 1) // 2
        low, high = (np.where(shown == 0, 0, end) for end in (low, high))
        hidden = np.isnan(shown)
        return np.where(hidden, 1.0 * known, low), np.where(hidden, np.where(known, self.least - 1, np.inf), high)


def _half_unit(values: np.ndarray) -> float:
    """Half a unit of the last decimal that a column of rates is given with."""
    known = values[np.isfinite(values)]
    digits = next((digits for digits in range(9) if np.allclose(known, known.round(digits), rtol=0, atol=1e-10)), 9)
    return 0.5 * 10.0**-digits if digits < 9 else 0.0


def numbers_of(column: pd.Series, name: str) -> np.ndarray:
    """A column as floats, missing as NaN. Raises `DataJamError` for text, booleans and infinite values."""
    known = column.dropna()
    if pd.api.types.is_bool_dtype(column) or not all(_is_real(each) for each in known.unique()):
        bad = next((each for each in known if not _is_real(each)), "True or False")
        raise DataJamError(f"{name} holds {bad!r}, and a number was expected: turn it into numbers, missing where there is none.")
    found = column.astype("Float64").to_numpy("float64", na_value=np.nan)
    if np.isinf(found).any():
        raise DataJamError(f"{name} holds an infinite value: a number divided by 0 has no value, so make it missing.")
    return found


def _is_real(value) -> bool:
    return isinstance(value, (int, float, np.integer, np.floating)) and not isinstance(value, (bool, np.bool_))


def counts_of(column: pd.Series, name: str) -> np.ndarray:
    """A column of counts as floats, missing as NaN. Raises `DataJamError` for what is not a whole number from 0."""
    found = numbers_of(column, name)
    bad = found[(found < 0) | (found != np.round(found)) & ~np.isnan(found)]
    if len(bad):
        raise DataJamError(f"{name} holds {bad[0]:g}: a count is a whole number from 0. Name a rate or mean in rates=.")
    return found


def amounts_of(column: pd.Series, name: str) -> np.ndarray:
    """A column of what contributors add as floats. Raises `DataJamError` for a number below 0."""
    found = numbers_of(column, name)
    if (found < 0).any():
        raise DataJamError(f"{name} holds {found[found < 0][0]:g}: what contributors add must be 0 or more.")
    return found


def scales_of(values: np.ndarray) -> tuple[int, ...]:
    """What a column of rates may be out of: 100, 1 as well where none is above 1; nothing where it cannot be a share."""
    known = values[~np.isnan(values)]
    if not len(known) or known.min() < 0 or known.max() > 100:
        return ()
    return (100,) if known.max() > 1 else (1, 100)


def sums_across(values: np.ndarray, cells: np.ndarray) -> Iterator[tuple]:
    """Columns that are the sum of others in nine rows of ten or more: (cells, groups, signs), a group for each such row.

    `values` and `cells` (the cells' numbers) have one shape, missing values NaN. Every choice of parts is tried among up to eight
    columns, among more only all the others together.
    """
    known = ~np.isnan(values).any(axis=1)
    values, cells = values[known], cells[known]
    for total, parts in _choices(values):
        first = values[:99, parts].sum(axis=1) == values[:99, total]
        if not values[:, total].any() or first.mean() < 0.5:
            continue
        rows = np.flatnonzero(values[:, parts].sum(axis=1) == values[:, total])
        if len(rows) >= _USUALLY * len(values):
            signs = np.tile([1] * len(parts) + [-1], len(rows))
            yield cells[rows][:, [*parts, total]].ravel(), np.repeat(np.arange(len(rows)), len(parts) + 1), signs


def _choices(values: np.ndarray) -> Iterator[tuple[int, list[int]]]:
    """Each column that may be a total, with columns that may be its parts."""
    columns = range(values.shape[1])
    if len(columns) > _MOST_COLUMNS:
        half = np.flatnonzero((2 * values == values.sum(axis=1, keepdims=True)).mean(axis=0) >= _USUALLY)
        yield from ((int(total), [column for column in columns if column != total]) for total in half if len(values))
        return
    for total in columns:
        others = [column for column in columns if column != total]
        for size in range(2, len(columns)):
            yield from ((total, list(parts)) for parts in combinations(others, size))


def sums_down(values: np.ndarray, cells: np.ndarray, labels: pd.DataFrame) -> Iterator[tuple]:
    """Rows that are the sum of the others with the same labels elsewhere: (cells, groups, signs), for one column of values."""
    codes = _distinct(labels)
    sizes = range(len(codes)) if len(codes) <= 5 else [0, len(codes) - 1]
    for kept in (set(chosen) for size in sizes for chosen in combinations(range(len(codes)), size)):
        frame = pd.DataFrame({"value": values, "cell": cells})
        frame["group"] = _combined([codes[at] for at in kept], len(values))
        frame["label"] = _combined([code for at, code in enumerate(codes) if at not in kept], len(values))
        grouped = frame.groupby("group")["value"]
        whole = grouped.transform("sum")
        frame = frame[(grouped.transform("count") == grouped.transform("size")) & (grouped.transform("size") > 2) & (whole > 0)]
        adds_up = 2 * frame["value"] == whole[frame.index]
        share = adds_up.groupby(frame["label"]).sum() / max(1, frame["group"].nunique())
        if len(share) and share.max() >= _USUALLY:
            total = frame["label"] == share.idxmax()
            frame = frame[frame["group"].isin(frame["group"][total & adds_up])]
            yield frame["cell"].to_numpy(), frame["group"].to_numpy(), np.where(total[frame.index], -1, 1)


def sums_of_areas(rows: pd.DataFrame, values: np.ndarray, country: str) -> Iterator[tuple]:
    """Observations whose authorities add up to their region, or regions to the country: (cells, groups, signs).

    `rows` has the columns of observations and `cell`, each row's place in `values`.
    """
    key = ["source", "indicator", "breakdown", "period_start", "period_end", "within"]
    for part, whole in (("la", "region"), ("region", "country")):
        parts, wholes = (rows[rows["area_level"] == level] for level in (part, whole))
        within = parts["region_code"].astype("str") if part == "la" else country
        parts, wholes = parts.assign(within=within, sign=1), wholes.assign(within=wholes["area_code"].astype("str"), sign=-1)
        frame = pd.concat([parts, wholes])
        frame["group"] = frame.groupby(key, observed=True, sort=False).ngroup()
        frame["signed"] = frame["sign"] * values[frame["cell"]]
        grouped = frame.groupby("group")
        several = (grouped["sign"].transform("size") > 2) & (grouped["sign"].transform("min") == -1)
        frame = frame[several & (grouped["signed"].transform("sum") == 0)]
        yield frame["cell"].to_numpy(), frame["group"].to_numpy(), frame["sign"].to_numpy()


def _distinct(labels: pd.DataFrame) -> list[np.ndarray]:
    """The label columns as numbers, without those that are constant or another name for one before (a code and its name)."""
    kept: list[np.ndarray] = []
    for name in labels.columns:
        code = pd.factorize(labels[name], use_na_sentinel=False)[0]
        same = (len(np.unique(code)) == len(np.unique(one)) == len(set(zip(code, one, strict=True))) for one in kept)
        if len(np.unique(code)) > 1 and not any(same):
            kept.append(code)
    return kept


def _combined(codes: list[np.ndarray], length: int) -> np.ndarray:
    return pd.factorize(pd.MultiIndex.from_arrays(codes))[0] if codes else np.zeros(length, int)


def narrowed(low: np.ndarray, high: np.ndarray, relations: list[tuple]) -> tuple[np.ndarray, np.ndarray]:
    """How far the least and most each cell can be close in when every sum must hold: intervals taken through each sum in turn."""
    low, high = low.copy(), high.copy()
    for _ in range(4):
        for cells, groups, signs in relations:
            least, most = np.where(signs > 0, low[cells], -high[cells]), np.where(signs > 0, high[cells], -low[cells])
            others_least = np.bincount(groups, least)[groups] - least
            others_most = np.bincount(groups, most)[groups] - most
            ends = np.where(signs > 0, [-others_most, -others_least], [others_least, others_most])
            np.maximum.at(low, cells, ends[0])
            np.minimum.at(high, cells, ends[1])
    return low, high
