"""The attainment sample: Attainment 8 by free-school-meal eligibility, in the explore-education-statistics layout.

Synthetic: real places, invented values. The parameters below are the known truth. Means, deviations and the London
effect follow the published distribution (DfE key stage 4 performance and local authority interactive tool, 2024/25).

    python -m datajam_teach.samples.attainment > attainment_by_fsm_synthetic.csv
"""

import sys
from dataclasses import dataclass

import numpy as np

from datajam.vocabulary import places
from datajam_teach.samples import published


@dataclass(frozen=True)
class Truth:
    """The planted parameters: points of Attainment 8, standard deviations between authorities."""

    seed: int = 20180917
    periods: tuple[str, ...] = ("202021", "202122", "202223", "202324", "202425")
    fsm_mean: float = 35.2
    fsm_deviation: float = 4.3
    other_mean: float = 50.2
    other_deviation: float = 4.0
    gap_deviation: float = 3.3
    london_fsm_effect: float = 8.0
    pupil_spread: float = 18.0
    yearly_gap_growth: float = 0.35
    yearly_drift_deviation: float = 0.25
    fsm_share_mean: float = 0.267
    cohort: float = 3250.0
    boys_penalty: float = 4.6
    suppressed_share: float = 0.06


TRUTH = Truth()
HEADER = [*published.GEOGRAPHY, "version ", "sex", "free_school_meal_status", "t_pupils", "t_att8", "avg_att8"]


def authority_truth(truth: Truth = TRUTH) -> dict[str, np.ndarray]:
    """The true scores of each authority in the last period, before pupils' chance: fsm, other, share, pupils, drift."""
    rng = np.random.default_rng(truth.seed)
    authorities = places.authorities()
    london = np.array([place.region_code == "E12000007" for place in authorities])
    shared, own, extra = rng.normal(size=(3, len(authorities)))
    other = published.standardised(shared + 0.8 * london, truth.other_mean, truth.other_deviation)
    # The correlation that gives the gap its deviation: var(gap) = var(fsm) + var(other) - 2 cov.
    wanted = truth.fsm_deviation**2 + truth.other_deviation**2 - truth.gap_deviation**2
    wanted /= 2 * truth.fsm_deviation * truth.other_deviation
    base = own + truth.london_fsm_effect / 1.9 * london
    base = (base - base.mean()) / base.std()
    z = (other - truth.other_mean) / truth.other_deviation
    rest = base - z * (base * z).mean()
    rest /= rest.std()
    fsm = truth.fsm_mean + truth.fsm_deviation * (wanted * z + np.sqrt(1 - wanted**2) * rest)
    share = np.clip(published.standardised(extra + 0.45 * rest, truth.fsm_share_mean, 0.085), 0.06, 0.6)
    pupils = published.cohort_sizes(rng, authorities, truth.cohort)
    drift = rng.normal(0, truth.yearly_drift_deviation, len(authorities))
    return {"fsm": fsm, "other": other, "share": share, "pupils": pupils, "drift": drift}


def _means(rng, true_means: np.ndarray, pupils: np.ndarray, spread: float) -> np.ndarray:
    """What is measured: the true mean plus the chance of who the year's pupils are, between 0 and 90."""
    return np.clip(true_means + rng.normal(size=len(pupils)) * spread / np.sqrt(np.maximum(pupils, 1)), 1, 89)


def _groups(truth: Truth, index: int, rng: np.random.Generator) -> dict[tuple[str, str], tuple[np.ndarray, np.ndarray]]:
    """Pupils and total points of every authority in one period: {(sex, status): (pupils, total)}."""
    known = authority_truth(truth)
    years_before = len(truth.periods) - 1 - index
    fsm_pupils = np.maximum((known["pupils"] * known["share"] * (1 - 0.015 * years_before)).round(), 2).astype(int)
    other_pupils = np.maximum(known["pupils"] - fsm_pupils, 2)
    fsm_true = known["fsm"] + years_before * (truth.yearly_gap_growth + known["drift"])
    fsm = _means(rng, fsm_true, fsm_pupils, truth.pupil_spread)
    other = _means(rng, known["other"], other_pupils, truth.pupil_spread)
    pupils = fsm_pupils + other_pupils
    totals = {
        ("Total", "FSM"): (fsm_pupils, fsm * fsm_pupils),
        ("Total", "FSM all other"): (other_pupils, other * other_pupils),
    }
    whole = fsm * fsm_pupils + other * other_pupils
    totals["Total", "Total"] = (pupils, whole)
    boys = (pupils * 0.51).round().astype(int)
    boys_mean = np.clip(whole / pupils - truth.boys_penalty * 0.49, 1, 89)
    totals["Boys", "Total"] = (boys, boys_mean * boys)
    totals["Girls", "Total"] = (pupils - boys, whole - boys_mean * boys)
    return totals


def _cells(pupils: int, total: float, hidden: bool, level: str) -> list[str]:
    if hidden:
        return ["c", "c", "c"]
    total = round(total * 4) / 4
    shown = pupils if level == "la" else int(round(pupils, -1))
    return [str(shown), f"{total:.2f}".rstrip("0").rstrip("."), f"{total / pupils:.1f}"]


def make(truth: Truth = TRUTH) -> bytes:
    """The sample file, byte for byte the same each time.

    >>> make()[:14].decode("utf-8-sig"), make() == make()
    ('time_period', True)
    """
    authorities = places.authorities()
    rng = np.random.default_rng(truth.seed + 1)
    wider = [place for place in places.by_code().values() if place.level != "la"]
    rows, turn = [], 0
    for index, period in enumerate(truth.periods):
        groups = _groups(truth, index, rng)
        chance = rng.random((len(groups), len(authorities)))
        for number, ((sex, status), (pupils, total)) in enumerate(groups.items()):
            labels = ["Synthetic", sex, status]
            for place in wider:
                inside = np.array([published.within(authority, place) for authority in authorities])
                turn += 1
                cells = _cells(int(pupils[inside].sum()), float(total[inside].sum()), False, place.level)
                rows.append([*published.geography(place, period, turn), *labels, *cells])
            for row, place in enumerate(authorities):
                hidden = place.code in published.TINY or (sex != "Total" and chance[number, row] < truth.suppressed_share)
                turn += 1
                cells = _cells(int(pupils[row]), float(total[row]), hidden, "la")
                rows.append([*published.geography(place, period, turn), *labels, *cells])
    return published.csv_bytes(HEADER, rows)


if __name__ == "__main__":
    sys.stdout.buffer.write(make())
