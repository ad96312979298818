"""A5, what does absence cost: pupils who miss school often, who also came with lower results, and who passes in the end."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from datajam.say import charts

SEED = 2018


@dataclass(frozen=True)
class Truth:
    """The planted parameters: pupils, and the logits of passing and of being often absent by prior results."""

    pupils: int = 6000
    passing: float = 0.411
    absence: float = -1.0
    prior: float = 1.1
    often_absent: float = -1.1
    absent_by_prior: float = -0.53
    difference: float = -0.198


TRUTH = Truth()


def make(seed: int = SEED, truth: Truth = TRUTH) -> pd.DataFrame:
    """One row a pupil: prior results (standard deviations), often absent (1 or 0), and passed (1 or 0).

    >>> make()[["absent", "passed"]].isin([0, 1]).all().all()
    np.True_
    """
    rng = np.random.default_rng(seed)
    prior = rng.normal(size=truth.pupils)
    absent = rng.random(truth.pupils) < _chance(truth.often_absent + truth.absent_by_prior * prior)
    passed = rng.random(truth.pupils) < _chance(truth.passing + truth.absence * absent + truth.prior * prior)
    return pd.DataFrame({"prior": prior, "absent": absent.astype(int), "passed": passed.astype(int)})


def _chance(logit: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-logit))


def raw_difference(table: pd.DataFrame) -> float:
    """The share who passed among those often absent, less the share among the others."""
    share = table.groupby("absent")["passed"].mean()
    return float(share[1] - share[0])


def fitted(table: pd.DataFrame):
    """The logistic regression of passing on absence and prior results, as statsmodels gives it."""
    import statsmodels.formula.api as smf

    return smf.logit("passed ~ absent + prior", table).fit(disp=0)


def chances(fit, table: pd.DataFrame) -> tuple[float, float]:
    """The average chance of passing if nobody were often absent, and if everybody were: two calls of predict."""
    return tuple(float(fit.predict(table.assign(absent=value)).mean()) for value in (0, 1))


def interval(table: pd.DataFrame, draws: int = 200, seed: int = 1) -> tuple[float, float]:
    """The 95% interval of the average difference, by drawing pupils again with replacement (Efron, 1979)."""
    rng, found = np.random.default_rng(seed), []
    for _ in range(draws):
        again = table.iloc[rng.integers(len(table), size=len(table))]
        never, always = chances(fitted(again), again)
        found.append(always - never)
    return tuple(float(end) for end in np.quantile(found, [0.025, 0.975]))


def picture(table: pd.DataFrame, place: str) -> charts.Chart:
    """The difference absence makes: as counted, and among pupils alike in prior results; the odds ratio misread beside them."""
    fit = fitted(table)
    never, always = chances(fit, table)
    low, high = interval(table, draws=100)
    rows = pd.DataFrame(
        {
            "what": ["as counted", "pupils alike in prior results"],
            "points": [100 * raw_difference(table), 100 * (always - never)],
            "lower": [np.nan, 100 * low],
            "upper": [np.nan, 100 * high],
        }
    )
    title = f"Absence costs {abs(100 * (always - never)):.0f} points, not {abs(100 * raw_difference(table)):.0f}"
    source = "SYNTHETIC DATA, made for this example"
    words = f"Difference in the share who pass, in percentage points, {place}. Line: 95% interval"
    figure, axes = charts.canvas(title, words, source, 2.0)
    axes.scatter(rows["points"], rows.index, marker="D", s=60, color=[charts.GREY, charts.BLUE], zorder=3)
    axes.hlines(1, 100 * low, 100 * high, color=charts.BLUE, lw=2)
    axes.set_yticks(rows.index, rows["what"])
    axes.set_ylim(1.5, -0.5)
    axes.set_xlim(min(rows["points"].min(), 100 * low) - 3, 2)
    axes.axvline(0, color="#333333", lw=1)
    alt = f"Dot chart of what absence costs in the share who pass: {rows['points'].iloc[0]:.1f} points as counted, "
    alt += f"{rows['points'].iloc[1]:.1f} (95% interval {100 * low:.1f} to {100 * high:.1f}) among pupils alike in prior results."
    return charts.Chart(figure, name="cost_of_absence", title=title, alt=alt, data=rows.round(2), source=source)


def simulate(seed: int) -> dict[str, float]:
    """For one seed: the difference as counted, the average difference, the odds ratio, and the risk ratio."""
    table = make(seed)
    fit = fitted(table)
    never, always = chances(fit, table)
    return {
        "difference as counted": raw_difference(table),
        "average difference": always - never,
        "odds ratio": float(np.exp(fit.params["absent"])),
        "risk ratio": always / never,
    }


EXPECTED = {
    "difference as counted": (-0.298, 0.01),
    "average difference": (-0.198, 0.004),
    "odds ratio": (0.37, 0.01),
    "risk ratio": (0.66, 0.01),
}
TOLERANCE = {"average difference": (-0.198, 0.045)}
