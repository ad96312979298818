"""Rates and means of small places, pulled towards the average by as much as chance could have pushed them away from it.

Empirical Bayes: how far places truly differ is estimated from all of them together; a place with little behind its number
leans on the others, one with much keeps its own. Each estimate says how far it was pulled (0 not at all, 1 all the way).
Intervals hold the truth about 95% of the time over all places together, not for each single one: a place that truly stands
far out is pulled in too.

Source: Morris, "Parametric Empirical Bayes Inference: Theory and Applications" (1983): the shrinkage of normal means and the
widening of intervals for the estimated average and spread, used here for proportions as well.
"""

from dataclasses import dataclass
from math import log, sqrt

import numpy as np
import pandas as pd

from datajam.analyse.composite import FEWEST, place_name
from datajam.analyse.estimates import Estimate, Z
from datajam.errors import DataJamError
from datajam.vocabulary import places


@dataclass(frozen=True)
class Shrunk:
    """The places' estimates, and what they were pulled to.

    `table` has a row for each place given, in the order given: raw, estimate, lower and upper (95%), pull (0 to 1) and a note
    where there is no number. `mean` is the average pulled towards, `spread` the standard deviation of the true values between
    places: 0 where they differ no more than chance would make them. `left_out` names the places without a number.
    """

    table: pd.DataFrame
    mean: float
    spread: float
    method: str
    left_out: tuple[str, ...]

    def coverage(self) -> str:
        """Which places have no estimate, in a sentence."""
        if not self.left_out:
            return f"All {len(self.table)} places have an estimate."
        names = ", ".join(self.left_out)
        return f"{len(self.left_out)} of {len(self.table)} places have no number and no estimate: {names}."

    def estimate(self, place: str) -> Estimate:
        """A place's number with chance taken out, as an estimate; why there is none, where it has none."""
        where = places.find(place)
        if where.code not in self.table.index or pd.isna(self.table.loc[where.code, "estimate"]):
            reason = "no number to take chance out of" if where.level == "la" else "chance is taken out for authorities only"
            return Estimate(where.name, "all", "", None, None, "left_out", reason)
        row = self.table.loc[where.code]
        ends = (float(row["lower"]), float(row["upper"]))
        return Estimate(where.name, "all", "", float(row["estimate"]), None, "ok", self.method, (ends[1] - ends[0]) / (2 * Z), ends)

    def about(self, place: str, digits: int = 2, unit: str = "") -> str:
        """What is published for a place and what is left when chance is taken out, in a sentence.

        With the unit "percent" proportions, which run from 0 to 1, are told as percentages.

        >>> codes = ["E08000035", "E08000021", "E06000047", "E06000001", "E06000002"]
        >>> five = pd.Series([7.1, 7.6, 7.4, 7.5, None, 7.9], [*codes, "E06000003"])
        >>> shrunk = means(five, pd.Series(0.2, five.index))
        >>> print(shrunk.about("Leeds"))
        Leeds: 7.10 published; 7.19 when chance is taken out (95% interval 6.80 to 7.59).
        >>> print(shrunk.about("Middlesbrough"))
        Middlesbrough has no number, so there is nothing to take chance out of.
        """
        where = places.find(place)
        if where.code not in self.table.index:
            return f"{where.opening} is not among the places compared."
        row = self.table.loc[where.code]
        if pd.isna(row["estimate"]):
            return f"{where.opening} has {row['note'] or 'no number'}, so there is nothing to take chance out of."
        written = "{:.1%}" if unit == "percent" else f"{{:.{digits}f}}"
        raw, estimate, lower, upper = (written.format(row[name]) for name in ("raw", "estimate", "lower", "upper"))
        return f"{where.opening}: {raw} published; {estimate} when chance is taken out (95% interval {lower} to {upper})."


def proportions(events: pd.Series, base: pd.Series) -> Shrunk:
    """Shrink proportions: `events` out of `base` in each place, both counts on the same index. Results are from 0 to 1.

    Beta-binomial: average and spread by the method of moments with weights that fit the spread, repeated until they settle
    (Kleinman, 1973); the estimate is the mean of the beta posterior, the interval that of a beta with the posterior's variance,
    widened as Morris (1983) does. Places without a count, or with a base of 0, get no estimate and are named. Raises
    `DataJamError` for counts that cannot be, for fewer than five places, and where no or every person counted is an event.

    >>> towns = list("abcdef")
    >>> found = proportions(pd.Series([0, 30, 52, 8, 75, 41], towns), pd.Series([4, 300, 400, 100, 500, 400], towns))
    >>> found.table.loc["a", ["raw", "estimate", "pull"]].round(2).tolist(), round(found.mean, 2)
    ([0.0, 0.07, 0.59], 0.12)
    """
    events, base = events.astype("float64"), base.astype("float64")
    _same_index(events, base, "events", "base")
    known = events.notna() & base.notna() & (base > 0)
    x, n = events[known].to_numpy(), base[known].to_numpy()
    bad = (x < 0) | (x > n) | ~np.isfinite(n)
    if bad.any() or (base < 0).any():
        place = place_name(events[known].index[bad][0] if bad.any() else base.index[base < 0][0])
        raise DataJamError(f"{place}: events must be from 0 to the base, and the base not below 0.")
    _enough(len(x))
    if x.sum() in (0, n.sum()):
        raise DataJamError("No one, or everyone, is an event in every place: there is no difference to estimate.")
    mean, alike, variance_of_mean = _beta_moments(x, n)
    raw, k = x / n, len(x)
    pull = (k - 3) / (k - 1) / (1 + n * alike / (1 - alike))
    estimate = (1 - pull) * raw + pull * mean
    prior = n * pull / (1 - pull)
    variance = estimate * (1 - estimate) / (prior + n + 1)
    variance += pull**2 * variance_of_mean + 2 / (k - 3) * (pull * (raw - mean)) ** 2
    strength = np.maximum(estimate * (1 - estimate) / variance - 1, 1e-3)
    lower, upper = _beta_ends(estimate, strength)
    return _shrunk(known, raw, estimate, lower, upper, pull, mean, sqrt(alike * mean * (1 - mean)), "beta-binomial, moments")


def _beta_moments(x: np.ndarray, n: np.ndarray) -> tuple[float, float, float]:
    """Average, likeness of two people of one place (from 0 to 1) beyond chance, and the variance of the average."""
    alike, rates = 0.0, x / n
    for _ in range(100):
        weights = n / (1 + alike * (n - 1))
        whole = weights.sum()
        mean = (weights * rates).sum() / whole
        by_chance = mean * (1 - mean)
        rest = weights * (1 - weights / whole)
        over = (weights * (rates - mean) ** 2).sum() - by_chance * (rest / n).sum()
        room = by_chance * (rest - rest / n).sum()
        before, alike = alike, float(np.clip(over / room, 0, 0.999)) if room > 0 else 0.0
        if abs(alike - before) < 1e-10:
            break
    chance = by_chance / n * (1 + alike * (n - 1))
    return float(mean), alike, float((weights**2 * chance).sum() / whole**2)


def _beta_ends(mean: np.ndarray, strength: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    from scipy.stats import beta

    return tuple(beta.ppf(end, mean * strength, (1 - mean) * strength) for end in (0.025, 0.975))


def means(values: pd.Series, errors: pd.Series, method: str = "paule-mandel") -> Shrunk:
    """Shrink means with known standard errors, on the same index; the unit stays that of the values.

    Normal-normal: the spread between places by Paule and Mandel (1982), or by "moments" (DerSimonian and Laird, 1986);
    estimate and interval after Morris (1983). Places without a value or error get no estimate and are named. Raises
    `DataJamError` for an error that is not above 0, an unknown method and fewer than five places.

    >>> found = means(pd.Series([10.0, 12, 14, 16, 18, 40]), pd.Series([1.0, 1, 1, 1, 1, 20]))
    >>> found.table["pull"].round(2).tolist(), round(float(found.table["estimate"].iloc[5]), 1)
    ([0.05, 0.05, 0.05, 0.05, 0.05, 0.58], 24.9)
    """
    if method not in ("paule-mandel", "moments"):
        raise DataJamError(f"method {method!r}: write 'paule-mandel' or 'moments'.")
    values, errors = values.astype("float64"), errors.astype("float64")
    _same_index(values, errors, "values", "errors")
    known = values.notna() & errors.notna()
    y, squares = values[known].to_numpy(), errors[known].to_numpy() ** 2
    bad = ~(errors[known].to_numpy() > 0) | ~np.isfinite(squares) | ~np.isfinite(y)
    if bad.any():
        raise DataJamError(f"{place_name(values[known].index[bad][0])}: a standard error must be a number above 0.")
    _enough(len(y))
    between = paule_mandel(y, squares, np.ones((len(y), 1))) if method == "paule-mandel" else _moments(y, squares)
    weights, k = 1 / (squares + between), len(y)
    share = weights / weights.sum()
    mean = float((share * y).sum())
    pull = (k - 3) / (k - 1) * squares * weights
    estimate = (1 - pull) * y + pull * mean
    typical = (share * squares).sum()
    doubt = 2 / (k - 3) * pull**2 * (typical + between) * weights
    half = Z * np.sqrt(squares * (1 - (1 - share) * pull) + doubt * (y - mean) ** 2)
    return _shrunk(known, y, estimate, estimate - half, estimate + half, pull, mean, sqrt(between), f"normal-normal, {method}")


def _moments(y: np.ndarray, squares: np.ndarray) -> float:
    """Variance between places from one weighted sum of squares."""
    weights = 1 / squares
    mean = (weights * y).sum() / weights.sum()
    over = (weights * (y - mean) ** 2).sum() - (len(y) - 1)
    return max(0.0, float(over / (weights.sum() - (weights**2).sum() / weights.sum())))


def paule_mandel(y: np.ndarray, squares: np.ndarray, x: np.ndarray) -> float:
    """The variance between places at which the weighted squares around a regression are what chance would make them.

    `y` are the places' numbers, `squares` their squared standard errors, `x` the regression's columns (one of ones for a plain
    average). Source: Paule and Mandel (1982).

    >>> round(paule_mandel(np.array([1.0, 2, 3, 4, 5]), np.full(5, 0.5), np.ones((5, 1))), 6)
    2.0
    """
    from scipy.optimize import brentq

    def over(between: float) -> float:
        weights = 1 / (squares + between)
        return float((weights * (y - x @ fitted(y, weights, x)) ** 2).sum() - (len(y) - x.shape[1]))

    if over(0) <= 0:
        return 0.0
    top = float(np.var(y) + squares.max())
    while over(top) > 0:
        top *= 2
    return float(brentq(over, 0, top, xtol=1e-14 * top, rtol=1e-12))


def fitted(y: np.ndarray, weights: np.ndarray, x: np.ndarray) -> np.ndarray:
    """The coefficients of the weighted regression of `y` on the columns of `x`."""
    root = np.sqrt(weights)
    return np.linalg.lstsq(x * root[:, None], y * root, rcond=None)[0]


def location_quotient(local: Shrunk, wider: tuple[float, float]) -> pd.DataFrame:
    """Each place's shrunk rate over that of the wider place, with its 95% interval: 1 as there, 2 twice as common.

    `local` comes from `proportions`; `wider` is the events and base of the region or country. Columns: raw_quotient, quotient,
    lower, upper, clear (whether the interval leaves out 1) and note. The two intervals are joined on the log scale by the method
    of variance estimates recovery (Donner and Zou, 2012), as if a place were not part of the wider one: a little too wide.
    Raises `DataJamError` where the wider place has no events. The quotient itself: Florence (1939).

    >>> towns = list("abcdef")
    >>> local = proportions(pd.Series([2, 30, 52, 8, 175, 41], towns), pd.Series([4, 300, 400, 100, 500, 400], towns))
    >>> location_quotient(local, (12_000, 100_000)).round(1).loc["e", ["quotient", "lower", "upper"]].tolist()
    [2.9, 2.6, 3.3]
    """
    events, base = wider
    if not 0 < events <= base:
        raise DataJamError(f"The wider place has {events!r} events of {base!r}: there must be at least one, and no more than all.")
    rate, table = events / base, local.table
    if not local.method.startswith("beta"):
        raise DataJamError("A location quotient needs the result of shrinkage.proportions.")
    error = Z * sqrt((1 - rate) / events)
    centre = np.log(table["estimate"]) - log(rate)
    down = np.hypot(np.log(table["estimate"]) - np.log(table["lower"]), error)
    up = np.hypot(np.log(table["upper"]) - np.log(table["estimate"]), error)
    found = pd.DataFrame({"raw_quotient": table["raw"] / rate, "quotient": np.exp(centre)})
    found["lower"], found["upper"] = np.exp(centre - down), np.exp(centre + up)
    found["clear"] = (found["lower"] > 1) | (found["upper"] < 1)
    return found.assign(note=table["note"])


def _same_index(one: pd.Series, other: pd.Series, first: str, second: str) -> None:
    if not one.index.equals(other.index) or not one.index.is_unique:
        raise DataJamError(f"{first} and {second} must be of the same places in the same order, each once.")


def _enough(count: int) -> None:
    if count < FEWEST:
        raise DataJamError(f"Only {count} places have a number: shrinkage needs {FEWEST} to tell spread from chance.")


def _shrunk(known: pd.Series, raw, estimate, lower, upper, pull, mean: float, spread: float, method: str) -> Shrunk:
    columns = {"raw": raw, "estimate": estimate, "lower": lower, "upper": upper, "pull": pull}
    table = pd.DataFrame(columns, index=known.index[known]).reindex(known.index)
    table["note"] = np.where(known, "", "no number")
    return Shrunk(table, mean, spread, method, tuple(place_name(code) for code in known.index[~known]))
