"""A3, what is the rate when small counts are suppressed: 300 areas of which the counts from 1 to 9 are hidden."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from datajam.say import charts
from datajam.vocabulary import markers

SEED = 2018


@dataclass(frozen=True)
class Truth:
    """The planted parameters: areas, the rate over all and how areas scatter around it, pupils of an area (mean, shape), the
    largest count hidden."""

    areas: int = 300
    rate: float = 0.10
    scatter: float = 0.04
    pupils: float = 92
    shape: float = 2.5
    hidden: int = 9


TRUTH = Truth()


def make(seed: int = SEED, truth: Truth = TRUTH) -> pd.DataFrame:
    """One row an area as published: its name, pupils, and those persistently absent as text, `c` where the count is hidden.

    >>> make()["absent"].eq("c").mean().round(1)
    np.float64(0.6)
    """
    rng = np.random.default_rng(seed)
    pupils = rng.gamma(truth.shape, truth.pupils / truth.shape, truth.areas).round().astype(int).clip(10)
    strength = truth.rate * (1 - truth.rate) / truth.scatter**2 - 1
    absent = rng.binomial(pupils, rng.beta(truth.rate * strength, (1 - truth.rate) * strength, truth.areas))
    text = np.where((absent > 0) & (absent <= truth.hidden), "c", absent.astype(str))
    names = [f"Area {number}" for number in range(1, truth.areas + 1)]
    return pd.DataFrame({"area": names, "pupils": pupils, "absent": text})


def read(published: pd.DataFrame) -> pd.DataFrame:
    """Numbers where there are numbers, and the reason where there is none, by the markers that projects read DfE files with."""
    value = pd.Series([markers.number(text) for text in published["absent"]], published.index, dtype="float64")
    status = [markers.DFE_EES.status(text) or "ok" for text in published["absent"]]
    return published.assign(absent=value, status=status)


def percent(areas: pd.DataFrame) -> float:
    """The percentage absent in areas whose counts are all known."""
    return float(100 * areas["absent"].sum() / areas["pupils"].sum())


def bounds(areas: pd.DataFrame, least: int = 1, most: int = TRUTH.hidden) -> tuple[float, float]:
    """Between which percentages the rate must lie: every hidden count at its least, and at its most.

    A hidden count cannot be more than the area's pupils.
    """
    hidden = areas["status"] == "suppressed"
    low = areas["absent"].where(~hidden, least)
    high = areas["absent"].where(~hidden, np.minimum(most, areas["pupils"]))
    return tuple(float(100 * count.sum() / areas["pupils"].sum()) for count in (low, high))


def picture(areas: pd.DataFrame, ends: tuple[float, float], place: str) -> charts.Chart:
    """Three answers: hidden counts dropped, taken for nothing, and bounded."""
    dropped, zero = percent(areas.dropna(subset="absent")), percent(areas.fillna({"absent": 0}))
    title = f"The rate is between {ends[0]:.1f}% and {ends[1]:.1f}%"
    source = "SYNTHETIC DATA, made for this example"
    hidden = int((areas["status"] == "suppressed").sum())
    words = f"Pupils persistently absent, {place}, {areas['pupils'].sum():,} pupils in {len(areas)} areas, {hidden} counts hidden"
    figure, axes = charts.canvas(title, words, source, 2.4)
    axes.plot(ends, [0, 0], color=charts.BLUE, lw=7, solid_capstyle="butt")
    axes.plot([dropped, zero], [1, 2], ls="", marker="X", ms=9, color=charts.ORANGE)
    axes.set_yticks(range(3), ["bounds: counts from 1 to 9", "hidden areas dropped", "hidden taken for none"])
    axes.set_ylim(2.6, -0.6)
    axes.set_xlim(0, ends[1] + 2)
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}%")
    alt = f"Range chart of pupils persistently absent: from {ends[0]:.1f}% to {ends[1]:.1f}% whatever is hidden; {dropped:.1f}% if "
    alt += f"the {hidden} hidden areas are dropped, {zero:.1f}% if they are taken for none."
    rows = [("bounds", *ends), ("dropped", dropped, dropped), ("taken for none", zero, zero)]
    data = pd.DataFrame(rows, columns=["what", "lower", "upper"]).round(2)
    return charts.Chart(figure, name="bounds", title=title, alt=alt, data=data, source=source)


def simulate(seed: int) -> dict[str, float]:
    """For one seed: the rate with hidden areas dropped, taken for none, and bounded; and whether the bounds hold the truth."""
    areas = read(make(seed))
    low, high = bounds(areas)
    return {
        "areas hidden, percent": 100 * float((areas["status"] == "suppressed").mean()),
        "hidden dropped, percent": percent(areas.dropna(subset="absent")),
        "hidden taken for none, percent": percent(areas.fillna({"absent": 0})),
        "lower bound, percent": low,
        "upper bound, percent": high,
        "bounds hold": float(low <= 100 * TRUTH.rate <= high),
    }


EXPECTED = {
    "areas hidden, percent": (59, 1.5),
    "hidden dropped, percent": (12.0, 0.3),
    "hidden taken for none, percent": (6.6, 0.2),
    "lower bound, percent": (7.3, 0.2),
    "upper bound, percent": (12.9, 0.3),
    "bounds hold": (1.0, 0.0),
}
TOLERANCE = {"bounds hold": (1.0, 0.0)}
