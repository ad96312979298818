"""The progress sample: Attainment 8 and Progress 8 by free-school-meal eligibility, in the explore-education-statistics layout.

Synthetic: real places, invented values. The parameters below are the known truth. Rows, pupils and Attainment 8 are those of the
attainment sample to the cell. Attainment 8 is what a pupil's results at age 11 lead one to expect, plus ten times Progress 8, so
that a gap at 16 is the gap of age 11 and what has opened since. Intervals are made as the published ones are (DfE, "Secondary
accountability measures", 2024): 1.96 standard deviations of pupils' Progress 8, over the root of the pupils included.

    python -m datajam_teach.samples.progress > progress_by_fsm_synthetic.csv
"""

import csv
import io
import sys
from dataclasses import dataclass
from functools import cache

import numpy as np

from datajam.vocabulary import places
from datajam_teach.samples import attainment, published


@dataclass(frozen=True)
class Truth:
    """The planted parameters: points of Progress 8, a grade in one subject each; standard deviations between authorities.

    Of each authority's gap in Attainment 8 a share was there at age 11. It is a beta variate between the two ends: mean 0.75,
    deviation 0.13. `pupil_deviation` is that of pupils' Progress 8 in England; `periods` are those for which it was published.
    """

    seed: int = 20181109
    periods: tuple[str, ...] = ("202122", "202223", "202324")
    share_prior_ends: tuple[float, float] = (0.35, 1.0)
    share_prior_shape: tuple[float, float] = (3.2, 2.0)
    progress_deviation: float = 0.15
    progress_with_attainment: float = 0.6
    pupil_deviation: float = 1.27
    included_share: float = 0.94
    included_deviation: float = 0.012


TRUTH = Truth()
SUBJECTS = 10
HEADER = [*attainment.HEADER, "t_inp8calc", "avg_p8score", "p8score_CI_low", "p8score_CI_upp"]
_GROUPS = {"FSM": "fsm", "FSM all other": "other"}


def authority_truth(period: str = "202324", truth: Truth = TRUTH) -> dict[str, np.ndarray]:
    """The truth of each authority in a period, before pupils' chance.

    fsm, other, gap: points of Attainment 8. share_prior: how much of the gap was there at age 11. progress: Progress 8 of all
    pupils, about 0 over England's. progress_gap: Progress 8 of other pupils minus that of pupils eligible for free meals.
    included: the share of pupils that Progress 8 counts. Share, progress and included are the same in every period.

    >>> known = authority_truth()
    >>> bool(np.allclose(known["gap"], known["share_prior"] * known["gap"] + SUBJECTS * known["progress_gap"]))
    True
    """
    rng, planted = np.random.default_rng(truth.seed), attainment.TRUTH
    known = attainment.authority_truth()
    years_before = len(planted.periods) - 1 - planted.periods.index(period)
    fsm = known["fsm"] + years_before * (planted.yearly_gap_growth + known["drift"])
    gap, (low, high) = known["other"] - fsm, truth.share_prior_ends
    share_prior = low + (high - low) * rng.beta(*truth.share_prior_shape, size=len(gap))
    score = known["share"] * known["fsm"] + (1 - known["share"]) * known["other"]
    strength, own = truth.progress_with_attainment, rng.normal(size=len(gap))
    mixed = strength * published.standardised(score, 0, 1) + np.sqrt(1 - strength**2) * own
    progress = published.standardised(mixed, 0, truth.progress_deviation)
    progress -= np.average(progress, weights=known["pupils"])
    included = np.clip(rng.normal(truth.included_share, truth.included_deviation, len(gap)), 0.88, 0.99)
    found = {"fsm": fsm, "other": known["other"], "gap": gap, "share_prior": share_prior}
    return found | {"progress": progress, "progress_gap": (1 - share_prior) * gap / SUBJECTS, "included": included}


def _attainment_rows() -> list[dict[str, str]]:
    """The rows of the attainment sample, boys and girls together."""
    text = attainment.make().decode("utf-8-sig")
    return [row for row in csv.DictReader(io.StringIO(text, newline="")) if row["sex"] == "Total"]


def _published(rows: list[dict[str, str]], period: str, status: str) -> tuple[np.ndarray, np.ndarray]:
    """Pupils and their average Attainment 8 in each authority, from the published counts and totals; 0 where suppressed."""
    at = {place.dfe_number: index for index, place in enumerate(places.authorities())}
    pupils, total = np.zeros(len(at)), np.zeros(len(at))
    for row in rows:
        if (row["time_period"], row["free_school_meal_status"]) == (period, status) and row["la_name"] and row["t_pupils"] != "c":
            pupils[at[row["old_la_code"]]], total[at[row["old_la_code"]]] = int(row["t_pupils"]), float(row["t_att8"])
    return pupils, total / np.maximum(pupils, 1)


def _progress_chance(truth: Truth, chance: np.ndarray, pupils: np.ndarray, included: np.ndarray, rng) -> np.ndarray:
    """Chance in Progress 8 given the chance in Attainment 8 of the same pupils, of which it is a part.

    A pupil's chance in Attainment 8 is that of prior attainment plus ten times that of progress, the two independent.
    """
    variance, whole = (SUBJECTS * truth.pupil_deviation) ** 2, attainment.TRUTH.pupil_spread**2
    rest = variance / np.maximum(included, 1) - variance**2 / whole / np.maximum(pupils, 1)
    return (variance / whole * chance + np.sqrt(rest) * rng.normal(size=len(pupils))) / SUBJECTS


def _measured(truth: Truth, period: str, rows: list[dict[str, str]], rng) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Pupils included and their average Progress 8 in each authority, by free-school-meal status; none where suppressed."""
    known = authority_truth(period, truth)
    scores = {status: _published(rows, period, status) for status in _GROUPS}
    included = {status: (pupils * known["included"]).round() for status, (pupils, _) in scores.items()}
    everyone = sum(included.values())
    others = included["FSM all other"] / np.maximum(everyone, 1)
    true = {"FSM": known["progress"] - others * known["progress_gap"]}
    true["FSM all other"] = true["FSM"] + known["progress_gap"]
    found = {}
    for status, (pupils, average) in scores.items():
        chance = average - known[_GROUPS[status]]
        found[status] = (included[status], true[status] + _progress_chance(truth, chance, pupils, included[status], rng))
    total = sum(count * progress for count, progress in found.values())
    return found | {"Total": (everyone, total / np.maximum(everyone, 1))}


@cache
def _inside(code: str) -> np.ndarray:
    """Which of the authorities make up the area of a row."""
    place = places.current(code)
    return np.array([each is place or published.within(each, place) for each in places.authorities()])


def _cells(truth: Truth, row: dict[str, str], measured: dict) -> list[str]:
    """The cells of Progress 8 beside a row of Attainment 8: `z` where it was not published, `c` where it is suppressed."""
    if row["time_period"] not in measured:
        return ["z"] * 4
    inside = _inside(row["new_la_code"] or row["region_code"] or row["country_code"])
    included, progress = (numbers[inside] for numbers in measured[row["time_period"]][row["free_school_meal_status"]])
    count = int(included.sum())
    if not count:
        return ["c"] * 4
    value, half = np.average(progress, weights=included), 1.96 * truth.pupil_deviation / np.sqrt(count)
    shown = count if row["new_la_code"] else round(count, -1)
    # Adding 0 makes the minus zero of rounding a plain one.
    return [str(shown), *(f"{round(number, 2) + 0:.2f}" for number in (value, value - half, value + half))]


def make(truth: Truth = TRUTH) -> bytes:
    """The sample file, byte for byte the same each time.

    >>> make()[:14].decode("utf-8-sig"), make() == make()
    ('time_period', True)
    """
    rows, rng = _attainment_rows(), np.random.default_rng(truth.seed + 1)
    measured = {period: _measured(truth, period, rows, rng) for period in truth.periods}
    return published.csv_bytes(HEADER, [[*row.values(), *_cells(truth, row, measured)] for row in rows])


if __name__ == "__main__":
    sys.stdout.buffer.write(make())
