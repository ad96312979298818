"""The participation sample: 16 and 17 year olds not in education, employment or training, in the DfE scorecard layout.

Synthetic: real places, invented values. The parameters below are the known truth. The distribution follows the published
one (DfE NEET and participation local authority scorecard, 2025), with columns named as in that year. The attainment beside
it is the true attainment of the attainment sample, so that the two can be joined.

    python -m datajam_teach.samples.participation > neet_scorecard_synthetic.csv
"""

import sys
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from datajam.vocabulary import places
from datajam_teach.samples import attainment, published


@dataclass(frozen=True)
class Truth:
    """The planted parameters: percent of 16 and 17 year olds, standard deviations between authorities.

    NEET or not known is lognormal with this median, but for its two ends. NEET goes with attainment; whose activity is not
    known goes with the authority's records and not with attainment (correlation within 0.03 of 0), so that a ranking by the
    two together ranks record keeping too. What an authority shows in one year is counts: its rate, and the chance of who its
    young people are. The seed is one under which that chance leaves the two ends about where they were planted.
    """

    seed: int = 20181023
    period: str = "2025"
    median: float = 4.8
    log_deviation: float = 0.44
    lowest: float = 1.0
    highest: float = 21.5
    neet_mean: float = 3.45
    neet_deviation: float = 1.55
    neet_with_attainment: float = -0.57
    not_known_median: float = 1.1
    not_known_log_deviation: float = 1.03
    yearly_change: float = 0.2
    yearly_change_deviation: float = 0.4
    working_mean: float = 2.35
    working_log_deviation: float = 0.55
    cohort: float = 7500.0
    suppressed_share: float = 0.02


TRUTH = Truth()
CORE = (
    "time_period time_identifier geographic_level country_code country_name region_code region_name "
    "old_la_code new_la_code la_name Age"
).split()
MEASURES = (
    "Cohort_DJFavg NEET_not_known_percent NEET_percent Notknown_percent annual_change_ppts_NEET_not_known cohort_March "
    "TOTAL_participating_in_education_and_training_percent avg_att8 NEET_NK_quintile NEET_quintile Notknown_quintile"
).split()
HEADER = [*CORE, *MEASURES, "version "]


def _unlike(values: np.ndarray, other: np.ndarray) -> np.ndarray:
    """The values with what goes with the other ones (mean 0, deviation 1) taken out: mean 0, deviation 1, correlation 0."""
    values = values - values.mean() - (values * other).mean() * other
    return values / values.std()


def _planned(truth: Truth, count: int) -> np.ndarray:
    """The rates to hand out, lowest first: lognormal, but for the planted ends."""
    scores = np.array([NormalDist().inv_cdf((index + 0.5) / count) for index in range(count)])
    rates = truth.median * np.exp(truth.log_deviation * scores)
    rates[0], rates[-1] = truth.lowest, truth.highest
    return rates


def authority_truth(truth: Truth = TRUTH) -> dict[str, np.ndarray]:
    """The true rates of each authority before a year's chance, in percent: total, neet, not_known, before, participating.

    `total` is NEET and not known together, `before` the same a year earlier; `attainment` is the true Attainment 8 score.

    >>> known = authority_truth()
    >>> float(known["total"].min()), float(np.median(known["total"])), float(known["total"].max())
    (1.0, 4.8, 21.5)
    """
    rng = np.random.default_rng(truth.seed)
    schools = attainment.authority_truth()
    scores = schools["share"] * schools["fsm"] + (1 - schools["share"]) * schools["other"]
    z = published.standardised(scores, 0, 1)
    own, records, change, work = (_unlike(values, z) for values in rng.normal(size=(4, len(z))))
    strength = truth.neet_with_attainment
    mixed = strength * z + np.sqrt(1 - strength**2) * own
    # Squared, so that it leans to the right a little, as the published one does.
    neet = published.standardised((1 + 0.235 * mixed) ** 2, truth.neet_mean, truth.neet_deviation)
    draft = neet + truth.not_known_median * np.exp(truth.not_known_log_deviation * records)
    total = _planned(truth, len(z))[draft.argsort().argsort()]
    neet = np.clip(neet, 0.1 * total, 0.97 * total)
    before = np.maximum(total - truth.yearly_change - truth.yearly_change_deviation * change, 0.5)
    working = truth.working_mean * np.exp(truth.working_log_deviation * work - truth.working_log_deviation**2 / 2)
    known = {"total": total, "neet": neet, "not_known": total - neet, "before": before}
    return known | {"participating": 100 - total - working, "attainment": scores}


def _counts(truth: Truth) -> dict[str, np.ndarray]:
    """The young people of each authority: cohort, neet, not_known, before (of as large a cohort), march, participating."""
    rng = np.random.default_rng(truth.seed + 1)
    known = {name: rates / 100 for name, rates in authority_truth(truth).items()}
    cohort = published.cohort_sizes(rng, places.authorities(), truth.cohort)
    march = (cohort * rng.normal(1.0015, 0.004, len(cohort))).round().astype(int)
    neet = rng.binomial(cohort, known["neet"])
    not_known = rng.binomial(cohort - neet, known["not_known"] / (1 - known["neet"]))
    before = rng.binomial(cohort, known["before"])
    participating = rng.binomial(march, known["participating"])
    counted = {"cohort": cohort, "neet": neet, "not_known": not_known, "total": neet + not_known, "before": before}
    return counted | {"march": march, "participating": participating}


def _quintiles(values: np.ndarray, ranked: np.ndarray) -> list[str]:
    """1 for the fifth of the authorities with the lowest values to 5; `c` for those that are not ranked."""
    quintile = np.full(len(values), "c", dtype=object)
    quintile[ranked] = [str(1 + 5 * rank // int(ranked.sum())) for rank in values[ranked].argsort().argsort()]
    return list(quintile)


def _shown(value: float) -> str:
    """One decimal where there is one, as published: 5.2, 5, 0.

    >>> _shown(5.21), _shown(4.96), _shown(-0.04)
    ('5.2', '5', '0')
    """
    return f"{round(value, 1) + 0:.1f}".removesuffix(".0")


def _cells(counts: dict[str, np.ndarray], scores: np.ndarray, inside: np.ndarray, quintiles: list[str], hidden: bool) -> list[str]:
    """The measures of one area, from the young people and scores of the authorities in it."""
    people = {name: int(count[inside].sum()) for name, count in counts.items()}
    percent = {name: 100 * people[name] / people["cohort"] for name in ("total", "neet", "not_known", "before")}
    taking_part = "c" if hidden else _shown(100 * people["participating"] / people["march"])
    score = np.average(scores[inside], weights=counts["cohort"][inside])
    cohorts = [str(round(people[name], -1 if inside.sum() > 1 else 0)) for name in ("cohort", "march")]
    rates = [_shown(percent[name]) for name in ("total", "neet", "not_known")]
    change = _shown(percent["total"] - percent["before"])
    return [cohorts[0], *rates, change, cohorts[1], taking_part, _shown(score), *quintiles]


def _front(place: places.Place, period: str, turn: int) -> list[str]:
    """The geography cells of a row, in the scorecard's order."""
    front = published.geography(place, period, turn)
    return [front[0], "Calendar year", *front[2:8], front[9], front[8], "16-17"]


def make(truth: Truth = TRUTH) -> bytes:
    """The sample file, byte for byte the same each time: England, then each region and its authorities.

    >>> make()[:14].decode("utf-8-sig"), make() == make()
    ('time_period', True)
    """
    authorities = places.authorities()
    ranked = np.array([place.code not in published.TINY for place in authorities])
    hidden = np.random.default_rng(truth.seed + 2).random(len(authorities)) < truth.suppressed_share
    counts, scores = _counts(truth), authority_truth(truth)["attainment"]
    measured = [_quintiles(counts[name] / counts["cohort"], ranked) for name in ("total", "neet", "not_known")]
    quintiles = {place.code: list(marks) for place, marks in zip(authorities, zip(*measured, strict=True), strict=True)}
    areas = [places.find("England")]
    for region in sorted(places.regions(), key=lambda region: region.name):
        areas += [region, *sorted(places.authorities(region.code), key=lambda place: place.dfe_number)]
    rows = []
    for turn, place in enumerate(areas):
        same = np.array([authority.code == place.code for authority in authorities])
        inside = same if place.level == "la" else np.array([published.within(authority, place) for authority in authorities])
        cells = _cells(counts, scores, inside, quintiles.get(place.code, ["z"] * 3), bool((same & hidden).any()))
        if place.code in published.TINY:
            cells = ["c"] * len(cells)
        rows.append([*_front(place, truth.period, turn), *cells, "Synthetic"])
    return published.csv_bytes(HEADER, rows)


if __name__ == "__main__":
    sys.stdout.buffer.write(make())
