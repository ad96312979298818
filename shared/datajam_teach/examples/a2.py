"""A2, which schools turned round: value added of 150 schools in two years between which nothing changed."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from datajam.analyse import shrinkage
from datajam.say import charts

SEED = 2018


@dataclass(frozen=True)
class Truth:
    """The planted parameters: schools, how far they truly differ, how far pupils do, and pupils in a school (least, most)."""

    schools: int = 150
    spread: float = 0.245
    pupil_spread: float = 2.55
    pupils: tuple[int, int] = (60, 190)

    @property
    def reliability(self) -> float:
        """Which part of the differences between schools is theirs and not chance."""
        low, high = self.pupils
        chance = self.pupil_spread**2 * np.mean(1 / np.arange(low, high + 1))
        return float(self.spread**2 / (self.spread**2 + chance))


TRUTH = Truth()


def make(seed: int = SEED, truth: Truth = TRUTH) -> pd.DataFrame:
    """One row a school: pupils, value added in both years, and the standard error of each. No school changes.

    >>> make().columns.tolist()
    ['school', 'pupils', 'first', 'second', 'error']
    """
    rng = np.random.default_rng(seed)
    own = rng.normal(0, truth.spread, truth.schools)
    pupils = rng.integers(truth.pupils[0], truth.pupils[1] + 1, truth.schools)
    error = truth.pupil_spread / np.sqrt(pupils)
    first, second = own + rng.normal(0, error), own + rng.normal(0, error)
    names = [f"School {number}" for number in range(1, truth.schools + 1)]
    return pd.DataFrame({"school": names, "pupils": pupils, "first": first, "second": second, "error": error})


def bottom(schools: pd.DataFrame, tenths: int = 1) -> pd.DataFrame:
    """The schools that were lowest in the first year: the bottom tenth, or so many tenths."""
    return schools.nsmallest(len(schools) * tenths // 10, "first")


def fit(schools: pd.DataFrame) -> shrinkage.Shrunk:
    """Each school's first year with chance taken out, by the function that projects use."""
    return shrinkage.means(schools["first"], schools["error"])


def reliability(schools: pd.DataFrame, shrunk: shrinkage.Shrunk) -> float:
    """Which part of the differences in the first year lasts, from the errors alone: no second year is needed."""
    chance = float((schools["error"] ** 2).mean())
    return shrunk.spread**2 / (shrunk.spread**2 + chance)


def mean_error(chosen: pd.DataFrame) -> float:
    """The standard error of the mean of these schools in one year."""
    return float(np.sqrt((chosen["error"] ** 2).sum()) / len(chosen))


def picture(schools: pd.DataFrame, shrunk: shrinkage.Shrunk, place: str) -> charts.Chart:
    """The two years of each school, the bottom tenth marked, with what is predicted and what would be if all lasted."""
    low = bottom(schools)
    line = np.linspace(schools["first"].min(), schools["first"].max(), 2)
    lasting = reliability(schools, shrunk)
    title = f"About {100 * lasting:.0f}% of a first year lasts"
    source = "SYNTHETIC DATA, made for this example"
    words = f"Value added of {len(schools)} schools in two years, {place}. Orange triangles: bottom tenth of the first year. "
    words += "Solid: predicted; dotted: if all of it lasted"
    figure, axes = charts.canvas(title, words, source, 4.2)
    rest = schools.drop(low.index)
    axes.scatter(rest["first"], rest["second"], s=18, color=charts.GREY)
    axes.scatter(low["first"], low["second"], s=36, color=charts.ORANGE, marker="^")
    axes.plot(line, shrunk.mean + lasting * (line - shrunk.mean), color=charts.BLUE, lw=2)
    axes.plot(line, line, color="#333333", lw=1, ls=":")
    axes.set_xlabel("first year")
    axes.set_ylabel("second year")
    alt = (
        f"Scatter of value added in two years for {len(schools)} schools: the bottom tenth goes from {low['first'].mean():.2f} to "
    )
    alt += f"{low['second'].mean():.2f}, {shrunk.table.loc[low.index, 'estimate'].mean():.2f} predicted though no school changed."
    data = schools.assign(bottom_tenth=schools.index.isin(low.index)).round(3)
    return charts.Chart(figure, name="two_years", title=title, alt=alt, data=data, source=source)


def simulate(seed: int) -> dict[str, float]:
    """For one seed: the bottom tenth in both years and as predicted, and the part that lasts."""
    schools = make(seed)
    shrunk, low = fit(schools), bottom(schools)
    predicted = float(shrunk.table.loc[low.index, "estimate"].mean())
    return {
        "bottom tenth, first year": float(low["first"].mean()),
        "bottom tenth, second year": float(low["second"].mean()),
        "bottom tenth, predicted": predicted,
        "second year beyond prediction": float(low["second"].mean()) - predicted,
        "part that lasts": reliability(schools, shrunk),
    }


EXPECTED = {
    "bottom tenth, first year": (-0.60, 0.02),
    "bottom tenth, second year": (-0.30, 0.02),
    "bottom tenth, predicted": (-0.31, 0.02),
}
TOLERANCE = {"second year beyond prediction": (0.0, 0.28), "part that lasts": (TRUTH.reliability, 0.24)}
