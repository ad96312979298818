"""S6, how long to find work: spells of looking for work, more than half of which have not ended when somebody counts."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from datajam.say import charts

SEED = 2018


@dataclass(frozen=True)
class Truth:
    """The planted parameters: how many people, the median days to find work, and over how many days they began to look."""

    people: int = 600
    median: float = 200.0
    window: float = 366.0


TRUTH = Truth()


def make(seed: int = SEED, truth: Truth = TRUTH) -> pd.DataFrame:
    """One row a person: days since they began to look when counted, or until they found work, and whether they have found it.

    >>> make().shape
    (600, 2)
    """
    rng = np.random.default_rng(seed)
    needed = rng.exponential(truth.median / np.log(2), truth.people)
    watched = rng.uniform(0, truth.window, truth.people)
    return pd.DataFrame({"days": np.minimum(needed, watched).round(1).clip(0.1), "found": needed <= watched})


def kaplan_meier(table: pd.DataFrame):
    """The share still looking after so many days (Kaplan and Meier, 1958), as statsmodels gives it."""
    import statsmodels.api as sm

    return sm.SurvfuncRight(table["days"], table["found"].astype(int))


def picture(table: pd.DataFrame, place: str) -> charts.Chart:
    """The share still looking by days, the median marked; the tempting figure of finished spells beside it."""
    curve = kaplan_meier(table)
    steps = pd.DataFrame({"days": curve.surv_times, "still_looking": 100 * curve.surv_prob, "error": 100 * curve.surv_prob_se})
    median, tempting = curve.quantile(0.5), table.loc[table["found"], "days"].median()
    title = f"Half find work within {median:.0f} days"
    source = "SYNTHETIC DATA, made for this example"
    figure, axes = charts.canvas(title, f"Share still looking for work, {place}. Band: 95% interval", source)
    axes.step(steps["days"], steps["still_looking"], where="post", color=charts.BLUE)
    low, high = (steps["still_looking"] + side * 1.96 * steps["error"] for side in (-1, 1))
    axes.fill_between(steps["days"], low, high, step="post", color=charts.BLUE, alpha=0.15, lw=0)
    axes.axhline(50, color="#333333", lw=1, ls=":")
    axes.axvline(median, color=charts.BLUE, lw=1, ls="--")
    axes.set_ylim(0, 100)
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:g}%")
    axes.set_xlabel("Days since they began to look")
    alt = f"Line chart of the share of {len(table)} people still looking for work by days: it falls to half at {median:.0f} days. "
    alt += f"The median of finished spells alone would be {tempting:.0f} days."
    return charts.Chart(figure, name="still_looking", title=title, alt=alt, data=steps.round(2), source=source)


def simulate(seed: int) -> dict[str, float]:
    """For one seed: the median of finished spells, the Kaplan-Meier median, and the share still looking."""
    table = make(seed)
    finished = table.loc[table["found"], "days"]
    return {
        "median of finished spells": float(finished.median()),
        "Kaplan-Meier median": float(kaplan_meier(table).quantile(0.5)),
        "still looking, percent": float(100 * (~table["found"]).mean()),
    }


EXPECTED = {
    "median of finished spells": (80, 25),
    "Kaplan-Meier median": (200, 4),
    "still looking, percent": (57, 1),
}
TOLERANCE = {"Kaplan-Meier median": (200.0, 60.0)}
