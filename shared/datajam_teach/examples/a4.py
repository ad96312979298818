"""A4, which authority does better for its pupils: one that is better for both groups, and has more of the lower-scoring one."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from datajam.analyse import estimates, gaps, standardise
from datajam.say import charts
from datajam.vocabulary import places
from datajam_teach.examples.tidy import PERIOD, observed

SEED = 2023
ONE, OTHER = "Gateshead", "Northumberland"
GROUPS = {"fsm_eligible": "eligible for free school meals", "not_fsm": "not eligible"}


@dataclass(frozen=True)
class Truth:
    """The planted parameters: points the one authority is ahead for both groups, the groups' scores, and who is where."""

    ahead: float = 4.0
    scores: tuple[float, float] = (35.0, 50.0)
    pupils: int = 3000
    eligible_one: float = 0.70
    eligible_other: float = 0.133
    england: tuple[int, int] = (150_000, 450_000)


TRUTH = Truth()


def make(seed: int = SEED, truth: Truth = TRUTH) -> pd.DataFrame:
    """The tidy table of one year: pupils and average score by free-school-meal eligibility in two authorities and England.

    >>> make().shape
    (12, 8)
    """
    rng, cells = np.random.default_rng(seed), []
    for name, eligible, ahead in ((ONE, truth.eligible_one, truth.ahead), (OTHER, truth.eligible_other, 0.0)):
        code, count = places.find(name).code, round(truth.pupils * eligible)
        for group, pupils, score in zip(GROUPS, (count, truth.pupils - count), truth.scores, strict=True):
            average = rng.normal(score + ahead, gaps.PUPIL_SPREAD, pupils).mean()
            cells += [(code, group, "t_pupils", pupils), (code, group, "avg_att8", average)]
    for group, pupils, score in zip(GROUPS, truth.england, truth.scores, strict=True):
        cells += [(places.ENGLAND, group, "t_pupils", pupils), (places.ENGLAND, group, "avg_att8", score)]
    return observed(cells)


def by_group(table: pd.DataFrame) -> pd.DataFrame:
    """Pupils and average score of each group in both authorities."""
    found = [(name, GROUPS[group], gaps.score(table, name, group, PERIOD)) for name in (ONE, OTHER) for group in GROUPS]
    rows = [(name, group, one.base, one.value) for name, group, one in found]
    return pd.DataFrame(rows, columns=["authority", "pupils_are", "pupils", "average"])


def averages(table: pd.DataFrame, way) -> tuple[estimates.Estimate, estimates.Estimate]:
    """Both authorities' averages, crude or standardised: `way` is one of the functions that projects use."""
    weights = standardise.mix(table, list(GROUPS), PERIOD)
    return way(table, ONE, weights, PERIOD), way(table, OTHER, weights, PERIOD)


def ahead(pair) -> estimates.Difference:
    """How far the one authority is ahead of the other."""
    return estimates.difference(*pair)


def in_words(pair) -> str:
    """Both averages and their difference with its 95% interval."""
    one, other = pair
    found = ahead(pair)
    low, high = found.interval
    return (
        f"{one.value:.1f} and {other.value:.1f}, a difference of {found.value:+.1f} points (95% interval {low:+.1f} to {high:+.1f})"
    )


def picture(table: pd.DataFrame, place: str) -> charts.Chart:
    """Both authorities, crude and as if their pupils were mixed as England's."""
    pairs = {"crude": averages(table, standardise.crude), "England's mix": averages(table, standardise.direct)}
    rows = pd.DataFrame(
        [(what, one.place, one.value, *one.interval, one.base) for what, pair in pairs.items() for one in pair],
        columns=["what", "authority", "points", "lower", "upper", "pupils"],
    )
    turned = ahead(pairs["crude"]).value * ahead(pairs["England's mix"]).value < 0
    title = "With like pupils the order turns round" if turned else "With like pupils the difference changes"
    source = "SYNTHETIC DATA, made for this example"
    words = f"Attainment 8, {place}, {TRUTH.pupils:,} pupils each. Diamonds: {ONE}; circles: {OTHER}. Lines: 95% interval"
    figure, axes = charts.canvas(title, words, source, 2.2)
    for name, mark, colour, shift in ((ONE, "D", charts.BLUE, -0.12), (OTHER, "o", charts.ORANGE, 0.12)):
        own = rows[rows["authority"] == name].reset_index()
        bars = [own["points"] - own["lower"], own["upper"] - own["points"]]
        axes.errorbar(own["points"], own.index + shift, xerr=bars, fmt=mark, color=colour, ms=8, lw=2)
    axes.set_yticks([0, 1], list(pairs))
    axes.set_ylim(1.6, -0.6)
    crude, direct = (in_words(pair) for pair in pairs.values())
    alt = f"Dot chart of Attainment 8 in two authorities: crude {crude}; with England's mix of pupils {direct}."
    return charts.Chart(figure, name="two_authorities", title=title, alt=alt, data=rows.round(2), source=source)


def simulate(seed: int) -> dict[str, float]:
    """For one seed: how far the one authority is ahead, crude and standardised, and whether the interval holds the planted lead."""
    table = make(seed)
    direct = ahead(averages(table, standardise.direct))
    low, high = direct.interval
    return {
        "ahead, crude": ahead(averages(table, standardise.crude)).value,
        "ahead, standardised": direct.value,
        "interval holds": float(low <= TRUTH.ahead <= high),
    }


EXPECTED = {"ahead, crude": (-4.5, 0.1), "ahead, standardised": (4.0, 0.1), "interval holds": (0.95, 0.03)}
TOLERANCE = {"ahead, standardised": (TRUTH.ahead, 1.8)}
