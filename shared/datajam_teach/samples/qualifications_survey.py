"""The sample of adults with level 4 or above, by survey, in the layout of the Nomis API's CSV (Annual Population Survey).

Synthetic: real places, invented values. The parameters are the known truth. The mean, the deviation between authorities and
the shares of estimates marked unreliable or suppressed follow the published survey. The survey counts by NVQ to 2021 and by
RQF from 2022: in the same year the two would differ by `break_points`, so the series must not be joined.

    python -m datajam_teach.samples.qualifications_survey > aps_level4_synthetic.csv
"""

import sys
from dataclasses import dataclass

import numpy as np

from datajam.vocabulary import places
from datajam_teach.samples import published


@dataclass(frozen=True)
class Truth:
    """The planted parameters: percentages of people aged 16 to 64, and percentage points.

    `deviation` is the true one between authorities; the chance of who was asked brings what is published to 11.7.
    `london_effect` is the true mean of London's authorities above the others'. `design_effect` makes the half-intervals
    those of a survey that is no simple random sample of `asked` people. Markers go to the estimates from fewest people.
    """

    seed: int = 20180920
    years: tuple[int, ...] = (2019, 2020, 2021, 2022, 2023, 2024)
    first_rqf_year: int = 2022
    mean: float = 42.1
    deviation: float = 11.25
    london_effect: float = 14.0
    yearly: float = 0.9
    break_points: float = 2.4
    asked: float = 330.0
    design_effect: float = 1.3
    unreliable_share: float = 0.21
    suppressed_share: float = 0.06
    missing_share: float = 0.004


TRUTH = Truth()
HEADER = (
    "DATE,DATE_NAME,GEOGRAPHY_NAME,GEOGRAPHY_CODE ,VARIABLE_NAME,MEASURES_NAME,OBS_VALUE,OBS_STATUS,OBS_STATUS_NAME,NOTE"
).split(",")
_MARKERS = {
    "ok": ("A", "Normal Value"),
    "unreliable": ("*", "Estimate and confidence interval unreliable since the group sample size is small (3-9)."),
    "suppressed": ("!", "Estimate and confidence interval not available since the group sample size is zero or disclosive (0-2)."),
    "missing": ("-", "These figures are missing."),
}


def authority_truth(truth: Truth = TRUTH) -> np.ndarray:
    """The true percentage with RQF level 4 or above in each authority in the last year, London's higher by its effect."""
    rng = np.random.default_rng(truth.seed)
    london = np.array([place.region_code == "E12000007" for place in places.authorities()])
    own = rng.normal(size=len(london))
    own -= np.where(london, own[london].mean(), own[~london].mean())
    share = london.mean()
    rest = np.sqrt(truth.deviation**2 - truth.london_effect**2 * share * (1 - share))
    return truth.mean + truth.london_effect * (london - share) + rest * own / own.std()


def true_percent(year: int, truth: Truth = TRUTH) -> np.ndarray:
    """The true percentage of each authority in a year, under the scheme that counts that year.

    >>> bool(np.allclose(true_percent(2022) - true_percent(2021), TRUTH.yearly + TRUTH.break_points))
    True
    """
    before = truth.break_points if year < truth.first_rqf_year else 0.0
    return authority_truth(truth) - truth.yearly * (truth.years[-1] - year) - before


def _statuses(asked: np.ndarray, rng: np.random.Generator, truth: Truth) -> np.ndarray:
    """Why each estimate is marked, by year and authority: the estimates from fewest people are, at the planted shares."""
    order = asked.ravel().argsort(kind="stable").argsort(kind="stable").reshape(asked.shape) / asked.size
    found = np.full(asked.shape, "ok", dtype=object)
    found[rng.random(asked.shape) < truth.missing_share] = "missing"
    found[order < truth.suppressed_share + truth.unreliable_share] = "unreliable"
    found[order < truth.suppressed_share] = "suppressed"
    return found


def _pair(place: places.Place, year: int, turn: int, value: float, half: float, status: str, truth: Truth) -> list[list]:
    """The two rows of an estimate: itself, and its half-interval, which holds no number where the estimate is unreliable."""
    name = published.REGION_SPELLINGS[turn % 3] if place.code == "E12000003" else place.name
    code = published.RETIRED_STILL_USED.get(place.code, place.code)
    scheme = "RQF" if year >= truth.first_rqf_year else "NVQ"
    front = [f"{year}-12", f"Jan {year}-Dec {year}", name, code, f"% with {scheme}4+ - aged 16-64"]
    beside = "ok" if status == "unreliable" else status
    estimate = [f"{value:.1f}" if beside == "ok" else "", *_MARKERS[beside]]
    interval = [f"{half:.1f}" if status == "ok" else "", *_MARKERS[status]]
    return [[*front, "Variable", *estimate, "Synthetic"], [*front, "Confidence", *interval, "Synthetic"]]


def make(truth: Truth = TRUTH) -> bytes:
    """The sample file, byte for byte the same each time.

    >>> make()[3:7], make() == make()
    (b'DATE', True)
    """
    rng = np.random.default_rng(truth.seed + 1)
    authorities = places.authorities()
    adults = published.cohort_sizes(rng, authorities, 130_000.0).astype(float)
    tiny = np.array([place.code in published.TINY for place in authorities])
    typical = truth.asked * np.exp(rng.normal(0, 0.3, len(authorities))) * np.where(tiny, 0.01, 1)
    asked = typical * np.exp(rng.normal(0, 0.2, (len(truth.years), len(authorities))))
    status = _statuses(asked, rng, truth)
    wider = [place for place in places.everywhere() if place.level != "la"]
    rows = []
    for index, year in enumerate(truth.years):
        true = true_percent(year, truth)
        half = 1.96 * np.sqrt(true * (100 - true) * truth.design_effect / np.maximum(asked[index], 50))
        seen = np.clip(true + rng.normal(size=len(true)) * half / 1.96, 4, 96)
        for place in wider:
            inside = np.array([published.within(authority, place) for authority in authorities])
            value = np.average(seen[inside], weights=adults[inside])
            width = np.sqrt(((adults * half)[inside] ** 2).sum()) / adults[inside].sum()
            rows += _pair(place, year, index, value, width, "ok", truth)
        for row, place in enumerate(authorities):
            rows += _pair(place, year, index, seen[row], half[row], status[index, row], truth)
    return published.csv_bytes(HEADER, rows)


if __name__ == "__main__":
    sys.stdout.buffer.write(make())
