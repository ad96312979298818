"""C7, did the pilot work: the worst fifth of wards get a pilot, and everybody gets better, pilot or not."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from datajam.say import charts

SEED = 2018


@dataclass(frozen=True)
class Truth:
    """The planted parameters: wards, true spread and a year's chance in points, what all gain a year, and what the pilot adds."""

    wards: int = 200
    chosen: int = 40
    spread: float = 5.05
    chance: float = 5.05
    all_gain: float = 1.0
    pilot: float = 3.0


TRUTH = Truth()


def make(seed: int = SEED, truth: Truth = TRUTH) -> pd.DataFrame:
    """One row a ward: its score in the year it was chosen by, in a fresh year before the pilot, and after; and whether chosen.

    >>> make()["pilot"].sum()
    np.int64(40)
    """
    rng = np.random.default_rng(seed)
    level = rng.normal(50, truth.spread, truth.wards)
    chosen_by, fresh, after = level + rng.normal(0, truth.chance, (3, truth.wards))
    pilot = chosen_by.argsort().argsort() < truth.chosen
    after = after + truth.all_gain + truth.pilot * pilot
    columns = {"ward": np.arange(truth.wards), "chosen_by": chosen_by, "fresh": fresh, "after": after}
    return pd.DataFrame(columns).assign(pilot=pilot.astype(int))


def before_and_after(table: pd.DataFrame) -> float:
    """What the chosen wards gained since the year they were chosen by."""
    own = table[table["pilot"] == 1]
    return float((own["after"] - own["chosen_by"]).mean())


def gained_more(table: pd.DataFrame, baseline: str):
    """How much more the chosen wards gained than the others since a baseline year (difference in differences)."""
    import statsmodels.formula.api as smf

    return smf.ols("gain ~ pilot", table.assign(gain=table["after"] - table[baseline])).fit(cov_type="HC1")


def like_for_like(table: pd.DataFrame):
    """The chosen wards beside wards that would be expected where they started (analysis of covariance)."""
    import statsmodels.formula.api as smf

    return smf.ols("after ~ pilot + chosen_by", table).fit(cov_type="HC1")


def in_words(fit) -> str:
    """The pilot's effect with its 95% interval."""
    low, high = fit.conf_int().loc["pilot"]
    return f"{fit.params['pilot']:+.1f} points (95% interval {low:+.1f} to {high:+.1f})"


def picture(table: pd.DataFrame, place: str) -> charts.Chart:
    """The chosen wards and the others in three years: they rise before the pilot begins."""
    means = table.groupby("pilot")[["chosen_by", "fresh", "after"]].mean()
    risen = float(means.loc[1, "fresh"] - means.loc[1, "chosen_by"])
    title = f"{risen:.0f} points came before the pilot began"
    source = "SYNTHETIC DATA, made for this example"
    figure, axes = charts.canvas(title, f"Average score of wards, {place}", source)
    for value, colour, dash, name in ((1, charts.BLUE, "-", "chosen"), (0, charts.GREY, "--", "the others")):
        axes.plot(range(3), means.loc[value], color=colour, ls=dash, marker="o", lw=2)
        axes.annotate(name, (2, means.loc[value, "after"]), (8, 0), textcoords="offset points", color=colour, va="center")
    axes.set_xticks(range(3), ["year they were chosen by", "a fresh year, no pilot yet", "after the pilot"])
    axes.set_xlim(-0.3, 2.6)
    alt = (
        f"Line chart of average scores: the chosen wards rise from {means.loc[1, 'chosen_by']:.1f} to {means.loc[1, 'fresh']:.1f} "
    )
    alt += f"before the pilot and to {means.loc[1, 'after']:.1f} after it; the others end at {means.loc[0, 'after']:.1f}."
    data = means.reset_index().round(2)
    return charts.Chart(figure, name="three_years", title=title, alt=alt, data=data, source=source)


def simulate(seed: int) -> dict[str, float]:
    """For one seed: the pilot's effect in four ways, in points."""
    table = make(seed)
    return {
        "before and after": before_and_after(table),
        "gained more, since the year chosen by": float(gained_more(table, "chosen_by").params["pilot"]),
        "gained more, since a fresh year": float(gained_more(table, "fresh").params["pilot"]),
        "like for like": float(like_for_like(table).params["pilot"]),
    }


EXPECTED = {
    "before and after": (8.9, 0.2),
    "gained more, since the year chosen by": (9.1, 0.2),
    "gained more, since a fresh year": (3.0, 0.2),
    "like for like": (3.0, 0.2),
}
TOLERANCE = {"gained more, since a fresh year": (3.0, 4.2)}
