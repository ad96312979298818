"""C3, does diversity lower trust: residents of areas in which diversity and deprivation go together."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from datajam.say import charts

SEED = 2018


@dataclass(frozen=True)
class Truth:
    """The planted parameters: areas, residents in each, both effects (standard deviations), and how the two go together."""

    areas: int = 120
    asked: int = 25
    diversity: float = 0.15
    deprivation: float = -0.615
    together: float = 0.7
    area_spread: float = 0.3


TRUTH = Truth()


def make(seed: int = SEED, truth: Truth = TRUTH) -> pd.DataFrame:
    """One row a resident: area, the area's diversity and deprivation (standard deviations), and the resident's trust.

    >>> make().shape
    (3000, 4)
    """
    rng = np.random.default_rng(seed)
    deprivation = rng.normal(size=truth.areas)
    diversity = truth.together * deprivation + np.sqrt(1 - truth.together**2) * rng.normal(size=truth.areas)
    level = truth.diversity * diversity + truth.deprivation * deprivation + rng.normal(0, truth.area_spread, truth.areas)
    area = np.repeat(np.arange(truth.areas), truth.asked)
    trust = level[area] + rng.normal(size=len(area))
    return pd.DataFrame({"area": area, "diversity": diversity[area], "deprivation": deprivation[area], "trust": trust})


def effect(table: pd.DataFrame, beside: str = ""):
    """The regression of trust on diversity, with what stands beside it held equal; errors clustered by area."""
    import statsmodels.formula.api as smf

    groups = {"groups": table["area"]}
    return smf.ols(f"trust ~ diversity {beside}", table).fit(cov_type="cluster", cov_kwds=groups)


def in_words(fit) -> str:
    """The slope of diversity with its 95% interval."""
    low, high = fit.conf_int().loc["diversity"]
    return f"{fit.params['diversity']:+.2f} (95% interval {low:+.2f} to {high:+.2f})"


def fifths(table: pd.DataFrame) -> pd.DataFrame:
    """The slope of diversity within each fifth of areas by deprivation: fifth, slope, lower and upper (95%)."""
    areas = table.groupby("area")["deprivation"].first()
    fifth = pd.qcut(areas, 5, labels=range(1, 6)).reindex(table["area"]).to_numpy()
    rows = []
    for number in range(1, 6):
        fit = effect(table[fifth == number])
        rows.append((number, fit.params["diversity"], *fit.conf_int().loc["diversity"]))
    return pd.DataFrame(rows, columns=["fifth", "slope", "lower", "upper"])


def picture(table: pd.DataFrame, place: str) -> charts.Chart:
    """The slope over all areas, and among areas alike in deprivation."""
    fits = {"all areas": effect(table), "areas alike in deprivation": effect(table, "+ deprivation")}
    rows = pd.DataFrame(
        [(name, fit.params["diversity"], *fit.conf_int().loc["diversity"]) for name, fit in fits.items()],
        columns=["what", "slope", "lower", "upper"],
    )
    title = "Among like areas the sign turns round" if rows["slope"].prod() < 0 else "Among like areas the slope changes"
    source = "SYNTHETIC DATA, made for this example"
    words = f"Trust by diversity, both in standard deviations, {place}. Lines: 95% interval"
    figure, axes = charts.canvas(title, words, source, 2.0)
    bars = [rows["slope"] - rows["lower"], rows["upper"] - rows["slope"]]
    axes.errorbar(rows["slope"], rows.index, xerr=bars, fmt="D", color=charts.BLUE, ms=8, lw=2)
    axes.axvline(0, color="#333333", lw=1)
    axes.set_yticks(rows.index, rows["what"])
    axes.set_ylim(1.5, -0.5)
    alt = f"Dot chart of the slope of trust on diversity: over all areas {in_words(fits['all areas'])}, among areas alike in "
    alt += f"deprivation {in_words(fits['areas alike in deprivation'])}."
    return charts.Chart(figure, name="two_slopes", title=title, alt=alt, data=rows.round(3), source=source)


def simulate(seed: int) -> dict[str, float]:
    """For one seed: the slope over all areas and among like areas, and whether the latter's interval holds the planted one."""
    table = make(seed)
    fit = effect(table, "+ deprivation")
    low, high = fit.conf_int().loc["diversity"]
    return {
        "slope over all areas": float(effect(table).params["diversity"]),
        "slope among like areas": float(fit.params["diversity"]),
        "interval holds": float(low <= TRUTH.diversity <= high),
    }


EXPECTED = {"slope over all areas": (-0.28, 0.01), "slope among like areas": (0.15, 0.01), "interval holds": (0.95, 0.04)}
TOLERANCE = {"slope among like areas": (0.15, 0.18)}
