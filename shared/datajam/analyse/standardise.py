"""A fairer comparison: as if every place had England's mix of pupils, and beside what its circumstances would lead one to expect.

`direct` weights a place's group averages by England's mix instead of its own, so that a place is not thought worse for teaching
more pupils of a group that scores lower everywhere (Simpson's paradox). `beyond` sets a place's number beside what places in
like circumstances have, and pulls the difference towards none by as much as chance could have made it.

Source: direct standardisation as in Breslow and Day, "Statistical methods in cancer research" II (1987), ch. 2; regression
before shrinkage as in Morris, "Parametric Empirical Bayes Inference" (1983), with the spread of Paule and Mandel (1982).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np
import pandas as pd

from datajam.analyse import estimates, gaps
from datajam.analyse.composite import FEWEST, place_name
from datajam.analyse.estimates import Estimate, Z, spoken_period, taken
from datajam.analyse.gaps import Measure
from datajam.analyse.shrinkage import fitted, paule_mandel
from datajam.errors import DataJamError
from datajam.vocabulary import places


def mix(observations: pd.DataFrame, groups: Sequence[str], label: str, chosen: Measure = Measure()) -> dict[str, float]:
    """Which part of England's pupils each group is, adding up to 1; nothing where the file does not give England's pupils."""
    pupils = {group: gaps.score(observations, places.ENGLAND, group, label, chosen).base for group in groups}
    if not all(pupils.values()):
        return {}
    return {group: count / sum(pupils.values()) for group, count in pupils.items()}


def direct(observations: pd.DataFrame, place: str, weights: dict[str, float], label: str, chosen: Measure = Measure()) -> Estimate:
    """A place's average if its pupils were mixed as `weights` say (from `mix`), with its interval.

    No number where a group's average is not known: leaving the group out would be another mix.
    """
    where, said = places.find(place), spoken_period(label)
    parts = {group: gaps.score(observations, where.code, group, label, chosen) for group in weights}
    if not parts:
        return Estimate(where.name, "all", said, None, None, "left_out", "the file does not give England's mix of pupils")
    lacking = next((part for part in parts.values() if part.value is None), None)
    if lacking is not None:
        return Estimate(where.name, "all", said, None, None, lacking.status, lacking.reason, indicator="standardised")
    value = sum(weights[group] * part.value for group, part in parts.items())
    errors, bases = [part.error for part in parts.values()], [part.base for part in parts.values()]
    error = None if None in errors else sqrt(sum((weights[group] * part.error) ** 2 for group, part in parts.items()))
    base = None if None in bases else sum(bases)
    return Estimate(where.name, "all", said, value, base, "ok", "standardised to England's mix", error, indicator="standardised")


def crude(observations: pd.DataFrame, place: str, weights: dict[str, float], label: str, chosen: Measure = Measure()) -> Estimate:
    """A place's average with its own mix of the same groups: what a league table shows."""
    where, said = places.find(place), spoken_period(label)
    parts = [gaps.score(observations, where.code, group, label, chosen) for group in weights]
    if not parts:
        return Estimate(where.name, "all", said, None, None, "left_out", "the file does not give England's mix of pupils")
    lacking = next((part for part in parts if part.value is None or not part.base), None)
    if lacking is not None:
        reason = lacking.reason or "the number of pupils is not published"
        return Estimate(where.name, "all", said, None, None, lacking.status, reason, indicator="crude")
    base = sum(part.base for part in parts)
    value = sum(part.base * part.value for part in parts) / base
    error = sqrt(sum((part.base * part.error) ** 2 for part in parts)) / base if all(p.error for p in parts) else None
    return Estimate(where.name, "all", said, value, base, "ok", "computed", error, indicator="crude")


def around(
    observations: pd.DataFrame, place: str, weights: dict[str, float], label: str, chosen: Measure = Measure(), alike=()
) -> list[Estimate]:
    """The standardised average of a place, the places most like it (codes), its region and England."""
    where = places.find(place)
    here, *wider = (direct(observations, each.code, weights, label, chosen) for each in (where, *where.comparators))
    near = [direct(observations, code, weights, label, chosen) for code in alike]
    return [here, *([estimates.average(near)] if near else []), *wider]


def every(
    observations: pd.DataFrame, weights: dict[str, float], label: str, chosen: Measure = Measure(), way=direct
) -> list[Estimate]:
    """The average of each of the 153 authorities, `direct` or `crude`, lowest first, those without one at the front."""
    columns = taken(observations)
    found = [way(columns, each.code, weights, label, chosen) for each in places.authorities()]
    return sorted(found, key=lambda each: (each.value is not None, each.value or 0))


def series(found: Sequence[Estimate]) -> tuple[pd.Series, pd.Series]:
    """Estimates of authorities as two series by GSS code: the numbers, and their standard errors."""
    codes = [places.find(each.place).code for each in found]
    values = pd.Series([each.value for each in found], codes, dtype="float64")
    return values, pd.Series([each.error for each in found], codes, dtype="float64")


@dataclass(frozen=True)
class Beyond:
    """Each place's number beside what its circumstances lead one to expect.

    `table` has a row for each place given: raw, expected, difference (raw less expected), shrunk (the difference when chance is
    taken out), lower and upper (95%), pull and note. `explained` is the part of the true differences between places that goes
    with the circumstances, from 0 to 1; `spread` the standard deviation of what is left; `slopes` what one more of a
    circumstance goes with.
    """

    table: pd.DataFrame
    explained: float
    spread: float
    slopes: pd.Series
    left_out: tuple[str, ...]

    def estimate(self, place: str, period: str, unit: str = "score") -> Estimate:
        """A place's shrunk difference from what is expected, as an estimate for charts and sentences."""
        where = places.find(place)
        if where.code not in self.table.index or pd.isna(self.table.loc[where.code, "shrunk"]):
            note = self.table.loc[where.code, "note"] if where.code in self.table.index else "not an authority"
            return Estimate(where.name, "all", period, None, None, "left_out", str(note), indicator="beyond", unit=unit)
        row = self.table.loc[where.code]
        interval, error = (float(row["lower"]), float(row["upper"])), float(row["upper"] - row["lower"]) / (2 * Z)
        how = "difference from what is expected, shrunk"
        return Estimate(where.name, "all", period, float(row["shrunk"]), None, "ok", how, error, interval, "beyond", unit)

    def about(self, place: str, unit: str = "points") -> str:
        """What a place has, what is expected of it, and what is left when chance is taken out, in a sentence."""
        where = places.find(place)
        if where.code not in self.table.index or pd.isna(self.table.loc[where.code, "shrunk"]):
            note = self.table.loc[where.code, "note"] if where.code in self.table.index else "only authorities are compared"
            return f"{where.opening} has no comparison with what is expected: {note}."
        row = self.table.loc[where.code]
        start = f"{where.opening} has {row['raw']:.1f} {unit}; places in its circumstances have {row['expected']:.1f}"
        ends = f"(95% interval {row['lower'] + 0.0:.1f} to {row['upper'] + 0.0:.1f})"
        clear = row["lower"] > 0 or row["upper"] < 0
        end = "" if clear else ", which may be none"
        return f"{start}. When chance is taken out the difference is {round(row['shrunk'], 1) + 0.0:+.1f} {ends}{end}."

    def every(self, period: str, unit: str = "score") -> list[Estimate]:
        """Each authority's shrunk difference, lowest first, those without one at the front."""
        found = [self.estimate(code, period, unit) for code in self.table.index]
        return sorted(found, key=lambda each: (each.value is not None, each.value or 0))

    def headline(self, place: str) -> str:
        """The finding as a chart's headline of ten words or fewer."""
        one = self.estimate(place, "")
        where = places.find(place).opening
        if one.value is None:
            return f"{where}: not compared"
        if one.interval[0] <= 0 <= one.interval[1]:
            return f"{where}: about what is expected"
        return f"{where}: {'above' if one.value > 0 else 'below'} what is expected"

    def coverage(self) -> str:
        """Which places are not compared, in a sentence."""
        if not self.left_out:
            return f"All {len(self.table)} places are compared."
        return (
            f"{len(self.left_out)} of {len(self.table)} places are not compared, for want of a figure: {', '.join(self.left_out)}."
        )


def beyond(values: pd.Series, errors: pd.Series, circumstances: pd.DataFrame) -> Beyond:
    """Set each place's number beside what its circumstances lead one to expect; all three on the same index of GSS codes.

    A weighted regression on the circumstances, its weights one over chance and spread together; the difference shrunk by the
    part of it that is chance. Places that lack a number or a circumstance are left out and named; all are, where too few are left
    for so many circumstances. Raises `DataJamError` for an error that is not above 0 and a circumstance that does not vary.
    """
    if not (values.index.equals(errors.index) and values.index.isin(circumstances.index).all()):
        raise DataJamError("values, errors and circumstances must be of the same places.")
    table = circumstances.reindex(values.index).astype("float64")
    known = values.notna() & errors.notna() & table.notna().all(axis="columns")
    y, squares = values[known].to_numpy(dtype="float64"), errors[known].to_numpy(dtype="float64") ** 2
    if not (squares > 0).all() or not np.isfinite(squares).all():
        raise DataJamError("A standard error must be a number above 0.")
    if known.sum() < len(table.columns) + 1 + FEWEST:
        return _none(values, f"{known.sum()} places with figures are too few for {len(table.columns)} circumstances")
    x = _design(table[known])
    between = paule_mandel(y, squares, x)
    alone = paule_mandel(y, squares, x[:, :1])
    found = _differences(y, squares, x, between)
    found.index = values.index[known]
    found = found.reindex(values.index)
    found["note"] = np.where(known, "", np.where(values.isna(), "no figure", "no figure for its circumstances"))
    slopes = pd.Series(fitted(y, 1 / (squares + between), x)[1:] / table[known].std(ddof=0).to_numpy(), table.columns)
    explained = max(0.0, 1 - between / alone) if alone > 0 else 0.0
    return Beyond(found, explained, sqrt(between), slopes, tuple(place_name(code) for code in values.index[~known]))


def _none(values: pd.Series, why: str) -> Beyond:
    table = pd.DataFrame(np.nan, values.index, ["raw", "expected", "difference", "shrunk", "lower", "upper", "pull"])
    names = tuple(place_name(code) for code in values.index)
    return Beyond(table.assign(note=why), 0.0, 0.0, pd.Series(dtype="float64"), names)


def _design(table: pd.DataFrame) -> np.ndarray:
    """A column of ones and the circumstances as z-scores, so that their units do not matter to the arithmetic."""
    spread = table.std(ddof=0)
    flat = [name for name in table if not spread[name] > 1e-9 * max(1.0, table[name].abs().max())]
    if flat:
        raise DataJamError(f"Circumstance {flat[0]!r} is the same in every place: it explains nothing. Leave it out.")
    return np.column_stack([np.ones(len(table)), ((table - table.mean()) / spread).to_numpy()])


def _differences(y: np.ndarray, squares: np.ndarray, x: np.ndarray, between: float) -> pd.DataFrame:
    """Expected, difference, and the difference shrunk, with its interval (Morris, 1983)."""
    weights = 1 / (squares + between)
    expected = x @ fitted(y, weights, x)
    k, r = x.shape
    pull = (k - r - 2) / (k - r) * squares * weights
    rest = y - expected
    doubt_of_expected = np.einsum("ij,jk,ik->i", x, np.linalg.inv(x.T @ (x * weights[:, None])), x)
    typical = (weights * squares).sum() / weights.sum()
    doubt_of_pull = 2 / (k - r - 2) * pull**2 * (typical + between) * weights
    half = Z * np.sqrt(squares * (1 - pull) + (1 - pull) ** 2 * doubt_of_expected + doubt_of_pull * rest**2)
    shrunk = (1 - pull) * rest
    columns = {"raw": y, "expected": expected, "difference": rest, "shrunk": shrunk}
    return pd.DataFrame({**columns, "lower": shrunk - half, "upper": shrunk + half, "pull": pull})
