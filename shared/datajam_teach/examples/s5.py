"""S5, which towns are short of a skill: 200 towns of very different size, whose true shares differ a little."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from datajam.analyse import shrinkage
from datajam.say import charts

SEED = 2023


@dataclass(frozen=True)
class Truth:
    """The planted parameters: towns, the mean share and how far towns truly differ, and adults asked (median, spread)."""

    towns: int = 200
    share: float = 0.12
    spread: float = 0.027
    median: float = 280
    sizes: float = 0.9


TRUTH = Truth()


def make(seed: int = SEED, truth: Truth = TRUTH) -> pd.DataFrame:
    """One row a town: adults asked, how many have the skill, and the true share, which no survey shows.

    >>> make().index[0]
    'Town 1'
    """
    rng = np.random.default_rng(seed)
    strength = truth.share * (1 - truth.share) / truth.spread**2 - 1
    true = rng.beta(truth.share * strength, (1 - truth.share) * strength, truth.towns)
    asked = np.clip(rng.lognormal(np.log(truth.median), truth.sizes, truth.towns), 20, None).round().astype(int)
    names = pd.Index([f"Town {number}" for number in range(1, truth.towns + 1)], name="town")
    return pd.DataFrame({"asked": asked, "skilled": rng.binomial(asked, true), "true": true}, names)


def fit(towns: pd.DataFrame) -> shrinkage.Shrunk:
    """Each town's share with chance taken out, by the function that projects use."""
    return shrinkage.proportions(towns["skilled"], towns["asked"])


def error(towns: pd.DataFrame, estimate: pd.Series) -> float:
    """How far estimates lie from the true shares (root of the mean square)."""
    return float(np.sqrt(((estimate - towns["true"]) ** 2).mean()))


def shortest(towns: pd.DataFrame, shares: pd.Series, rows: int = 20) -> pd.DataFrame:
    """The towns with the lowest shares, lowest first, with how many were asked and the share in percent."""
    return towns.assign(share=100 * shares).nsmallest(rows, "share")[["asked", "skilled", "share"]]


def quotients(towns: pd.DataFrame, shrunk: shrinkage.Shrunk) -> pd.DataFrame:
    """Each town's share over that of all towns, with its 95% interval: below 1 it is short of the skill."""
    return shrinkage.location_quotient(shrunk, (int(towns["skilled"].sum()), int(towns["asked"].sum())))


def picture(towns: pd.DataFrame, shrunk: shrinkage.Shrunk, place: str) -> charts.Chart:
    """Shares as counted and with chance taken out, against how many were asked."""
    raw, estimate = 100 * shrunk.table["raw"], 100 * shrunk.table["estimate"]
    title = f"Shares run from {estimate.min():.0f}% to {estimate.max():.0f}%, not {raw.min():.0f}% to {raw.max():.0f}%"
    source = "SYNTHETIC DATA, made for this example"
    words = f"Adults with the skill, {len(towns)} towns, {place}. Hollow: as counted; filled: with chance taken out"
    figure, axes = charts.canvas(title, words, source, 3.8)
    axes.scatter(towns["asked"], raw, s=22, facecolor="none", edgecolor=charts.ORANGE)
    axes.scatter(towns["asked"], estimate, s=14, color=charts.BLUE)
    axes.axhline(100 * shrunk.mean, color="#333333", lw=1, ls=":")
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    axes.set_xlabel("adults asked (each step to the right multiplies)")
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:g}%")
    alt = f"Scatter of shares in {len(towns)} towns by adults asked: as counted {raw.min():.1f}% to {raw.max():.1f}%, "
    alt += f"with chance taken out {estimate.min():.1f}% to {estimate.max():.1f}%, around {100 * shrunk.mean:.1f}%."
    data = pd.DataFrame({"asked": towns["asked"], "raw": raw, "estimate": estimate}).round(2).reset_index()
    return charts.Chart(figure, name="towns", title=title, alt=alt, data=data, source=source)


def simulate(seed: int) -> dict[str, float]:
    """For one seed: the error of shares as counted and shrunk, whether it became smaller, and how many intervals hold."""
    towns = make(seed)
    shrunk = fit(towns)
    raw, better = error(towns, shrunk.table["raw"]), error(towns, shrunk.table["estimate"])
    holds = shrunk.table["lower"].le(towns["true"]) & shrunk.table["upper"].ge(towns["true"])
    return {
        "error as counted": raw,
        "error, shrunk": better,
        "smaller error": float(better < raw),
        "part of intervals that hold": float(holds.mean()),
    }


EXPECTED = {
    "error as counted": (0.024, 0.001),
    "error, shrunk": (0.017, 0.001),
    "smaller error": (1.0, 0.0),
    "part of intervals that hold": (0.95, 0.01),
}
TOLERANCE = {"error, shrunk": (0.017, 0.004), "part of intervals that hold": (0.95, 0.06)}
