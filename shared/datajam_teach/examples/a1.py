"""A1, does a breakfast club help: pupils in schools that are alike within and differ between, and a club that does nothing."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from datajam.say import charts

SEED = 29


@dataclass(frozen=True)
class Truth:
    """The planted parameters: schools and their sizes, how alike pupils of one school are (0 to 1), the spread, and the effect."""

    schools: int = 80
    fewest: int = 6
    most: int = 89
    alike: float = 0.10
    spread: float = 18.0
    effect: float = 0.0


TRUTH = Truth()


def make(seed: int = SEED, truth: Truth = TRUTH) -> pd.DataFrame:
    """One row a pupil: school, whether it has a club (1 or 0; half of the schools do), and the pupil's score.

    >>> make().groupby("club")["school"].nunique().to_dict()
    {0: 40, 1: 40}
    """
    rng = np.random.default_rng(seed)
    sizes = rng.integers(truth.fewest, truth.most + 1, truth.schools)
    club = rng.permutation(truth.schools) < truth.schools // 2
    of_school = rng.normal(0, truth.spread * truth.alike**0.5, truth.schools)
    school = np.repeat(np.arange(truth.schools), sizes)
    own = rng.normal(0, truth.spread * (1 - truth.alike) ** 0.5, len(school))
    score = 46 + truth.effect * club[school] + of_school[school] + own
    return pd.DataFrame({"school": school, "club": club[school].astype(int), "score": score})


def plain(table: pd.DataFrame):
    """The regression that takes pupils as independent of one another."""
    import statsmodels.formula.api as smf

    return smf.ols("score ~ club", table).fit()


def clustered(table: pd.DataFrame):
    """The same regression with errors that know which pupils share a school (Liang and Zeger, 1986)."""
    import statsmodels.formula.api as smf

    return smf.ols("score ~ club", table).fit(cov_type="cluster", cov_kwds={"groups": table["school"]})


def mixed(table: pd.DataFrame):
    """A model with a part of each school's own; `powell`, since the default optimiser stops too early on data like these."""
    import statsmodels.formula.api as smf

    return smf.mixedlm("score ~ club", table, groups="school").fit(method="powell")


def alike(fit) -> float:
    """How alike pupils of one school are, from a mixed model: the part of the variance that lies between schools (ICC)."""
    between = float(fit.cov_re.iloc[0, 0])
    return between / (between + float(fit.scale))


def in_words(fit) -> str:
    """The club's effect with its 95% interval."""
    low, high = fit.conf_int().loc["club"]
    return f"{fit.params['club']:+.1f} points (95% interval {low:+.1f} to {high:+.1f})"


def picture(table: pd.DataFrame, place: str) -> charts.Chart:
    """One effect, three intervals."""
    fits = {"pupils independent": plain(table), "schools known": clustered(table), "mixed model": mixed(table)}
    rows = pd.DataFrame(
        [(name, fit.params["club"], *fit.conf_int().loc["club"]) for name, fit in fits.items()],
        columns=["what", "points", "lower", "upper"],
    )
    none = rows["lower"].iloc[1] < 0 < rows["upper"].iloc[1]
    title = "The club: no clear effect" if none else "The club: a difference between schools"
    source = "SYNTHETIC DATA, made for this example"
    words = f"Schools with a club less those without, points of Attainment 8, {place}. Lines: 95% interval"
    figure, axes = charts.canvas(title, words, source, 2.4)
    bars = [rows["points"] - rows["lower"], rows["upper"] - rows["points"]]
    axes.errorbar(rows["points"], rows.index, xerr=bars, fmt="D", color=charts.BLUE, ms=8, lw=2)
    axes.axvline(0, color="#333333", lw=1)
    axes.set_yticks(rows.index, rows["what"])
    axes.set_ylim(2.5, -0.5)
    said = "; ".join(f"{row.what} {row.points:+.1f} ({row.lower:+.1f} to {row.upper:+.1f})" for row in rows.itertuples())
    alt = f"Dot chart of the club's effect in points with 95% intervals, three ways: {said}."
    return charts.Chart(figure, name="three_intervals", title=title, alt=alt, data=rows.round(2), source=source)


def simulate(seed: int) -> dict[str, float]:
    """For one seed: whether each way calls the club, which does nothing, a success or a harm; and the effect it gives."""
    table = make(seed)
    naive, honest = plain(table), clustered(table)
    return {
        "false alarm, pupils independent": float(naive.pvalues["club"] < 0.05),
        "false alarm, schools known": float(honest.pvalues["club"] < 0.05),
        "effect, points": float(honest.params["club"]),
        "half of the interval, points": 1.96 * float(honest.bse["club"]),
        "alike": alike(mixed(table)),
    }


EXPECTED = {
    "false alarm, pupils independent": (0.48, 0.06),
    "false alarm, schools known": (0.08, 0.04),
    "effect, points": (0.0, 0.2),
    "alike": (0.10, 0.01),
}
TOLERANCE = {"effect, points": (0.0, 5.2), "half of the interval, points": (2.9, 1.4), "alike": (TRUTH.alike, 0.07)}
