"""A6, can we warn early: pupils of year 11 with what a school knows of them, and what was written down only afterwards."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from datajam.say import charts

SEED = 2018
KNOWN = ["absence", "prior", "moved_school", "suspended"]
AFTERWARDS = "calls_from_careers_service"


@dataclass(frozen=True)
class Truth:
    """The planted parameters: pupils, and how strongly what a school knows goes with not being in education, work or training."""

    pupils: int = 4000
    level: float = -2.55
    absence: float = 0.70
    prior: float = -0.70
    moved_school: float = 0.6
    suspended: float = 0.7
    calls: float = 1.95


TRUTH = Truth()


def make(seed: int = SEED, truth: Truth = TRUTH) -> pd.DataFrame:
    """One row a pupil: four things known in year 11, calls from the careers service the year after, the outcome, its true chance.

    >>> make()[["outcome", "moved_school"]].isin([0, 1]).all().all()
    np.True_
    """
    rng = np.random.default_rng(seed)
    absence, prior = rng.normal(size=(2, truth.pupils))
    moved, suspended = (rng.random((2, truth.pupils)) < np.array([[0.15], [0.12]])).astype(int)
    logit = truth.level + truth.absence * absence + truth.prior * prior
    chance = 1 / (1 + np.exp(-(logit + truth.moved_school * moved + truth.suspended * suspended)))
    outcome = (rng.random(truth.pupils) < chance).astype(int)
    # The service rings those who have left: the calls follow the outcome.
    calls = rng.poisson(0.6 + truth.calls * outcome)
    columns = {"absence": absence, "prior": prior, "moved_school": moved, "suspended": suspended}
    return pd.DataFrame({**columns, AFTERWARDS: calls, "outcome": outcome, "true_chance": chance})


def split(table: pd.DataFrame, seed: int = 1) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Two halves: one to fit on, one to judge by, with as many outcomes in each."""
    from sklearn.model_selection import train_test_split

    return train_test_split(table, test_size=0.5, random_state=seed, stratify=table["outcome"])


def model():
    """The model: columns on one scale, then a logistic regression."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    return make_pipeline(StandardScaler(), LogisticRegression())


def ranked_right(table: pd.DataFrame, chances) -> float:
    """How often a pupil with the outcome is ranked above one without it: the area under the curve (AUC), 0.5 for a coin."""
    from sklearn.metrics import roc_auc_score

    return float(roc_auc_score(table["outcome"], chances))


def judged(fit_on: pd.DataFrame, judge_by: pd.DataFrame, columns: list[str]) -> float:
    """The AUC on pupils the model has not seen, from these columns."""
    fitted = model().fit(fit_on[columns], fit_on["outcome"])
    return ranked_right(judge_by, fitted.predict_proba(judge_by[columns])[:, 1])


def found_by(judge_by: pd.DataFrame, chances, calls: int = 200) -> tuple[int, int]:
    """Of the pupils ranked highest, how many have the outcome; and how many pupils have it in all."""
    first = pd.Series(np.asarray(chances), judge_by.index).nlargest(calls).index
    return int(judge_by.loc[first, "outcome"].sum()), int(judge_by["outcome"].sum())


def picture(ceiling: float, honest: float, leaked: float, place: str) -> charts.Chart:
    """What is possible, what is honest, and what the leak pretends."""
    rows = pd.DataFrame({"what": ["true chances", "known in year 11", "with the calls"], "auc": [ceiling, honest, leaked]})
    title = f"An honest warning ranks {honest:.0%} right"
    source = "SYNTHETIC DATA, made for this example"
    words = f"How often a pupil with the outcome is ranked above one without, {place}. 50%: a coin"
    figure, axes = charts.canvas(title, words, source, 2.4)
    axes.scatter(rows["auc"], rows.index, marker="D", s=60, color=[charts.GREY, charts.BLUE, charts.ORANGE], zorder=3)
    axes.set_yticks(rows.index, rows["what"])
    axes.set_ylim(2.5, -0.5)
    axes.set_xlim(0.5, 1)
    axes.axvline(ceiling, color="#333333", lw=1, ls=":")
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
    alt = f"Dot chart of pairs ranked right: {ceiling:.1%} by the true chances, which nothing can beat, {honest:.1%} by what "
    alt += f"is known in year 11, {leaked:.1%} with calls made after the outcome."
    return charts.Chart(figure, name="ranked_right", title=title, alt=alt, data=rows.round(3), source=source)


def simulate(seed: int) -> dict[str, float]:
    """For one seed: the AUC of the true chances, of what is known, and with what was written down afterwards."""
    fit_on, judge_by = split(make(seed))
    return {
        "AUC of the true chances": ranked_right(judge_by, judge_by["true_chance"]),
        "AUC of what is known": judged(fit_on, judge_by, KNOWN),
        "AUC with the leak": judged(fit_on, judge_by, [*KNOWN, AFTERWARDS]),
    }


EXPECTED = {
    "AUC of the true chances": (0.752, 0.006),
    "AUC of what is known": (0.750, 0.006),
    "AUC with the leak": (0.912, 0.01),
}
TOLERANCE = {"AUC of what is known": (0.752, 0.06)}
