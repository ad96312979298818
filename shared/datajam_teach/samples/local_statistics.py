"""Samples in the Explore Local Statistics layout: personal well-being (social cohesion) and qualifications (skills).

Synthetic: real places, invented values. The parameters are the known truth. Means, deviations between authorities and
half-widths of intervals follow the published ones (ONS personal well-being 2022/23; ONS qualifications 2022 and 2023).

    python -m datajam_teach.samples.local_statistics wellbeing > wellbeing_synthetic.csv
"""

import sys
from dataclasses import dataclass

import numpy as np

from datajam.vocabulary import places
from datajam_teach.samples import published

HEADER = "areacd areanm geography indicator period measure observation unit lci_95 uci_95 status notes".split()
NOTE = "Synthetic: not these places' results"


@dataclass(frozen=True)
class Indicator:
    """One planted indicator: true mean and deviation between authorities, loading on the shared factor, half-width.

    `half_width` is the 95% interval's for a typical authority; `yearly` the true change a year; `shared_chance` the
    loading on the chance that comes with who was asked, since one sample answers every question.
    """

    name: str
    measure: str
    unit: str
    mean: float
    deviation: float
    loading: float
    half_width: float
    yearly: float
    digits: int
    unreliable_share: float = 0.0
    shared_chance: float = 0.7


@dataclass(frozen=True)
class Truth:
    """The planted parameters of one sample."""

    seed: int
    periods: tuple[str, ...]
    indicators: tuple[Indicator, ...]


def _mean(word: str) -> str:
    return f"Mean (Where 0 is 'not at all {word}' and 10 is 'completely {word}')"


_TEN = "Score out of 10"
WELLBEING = Truth(
    20180918,
    ("2020-04-01/P1Y", "2021-04-01/P1Y", "2022-04-01/P1Y"),
    (
        Indicator("Satisfaction", _mean("satisfied"), _TEN, 7.49, 0.17, 0.95, 0.36, 0.02, 2, 0.01),
        Indicator("Happiness", _mean("happy"), _TEN, 7.42, 0.17, 0.95, 0.40, 0.02, 2, 0.01),
        Indicator("Worthwhile", _mean("worthwhile"), _TEN, 7.77, 0.17, 0.90, 0.36, 0.01, 2, 0.01),
        Indicator("Anxiety", _mean("anxious"), _TEN, 3.21, 0.29, -0.75, 0.55, -0.03, 2, 0.01, -0.25),
    ),
)
QUALIFICATIONS = Truth(
    20180919,
    ("2021-01-01/P1Y", "2022-01-01/P1Y", "2023-01-01/P1Y"),
    (
        Indicator("Level 3 or above qualifications (Great Britain)", "Percentage", "%", 66.4, 7.6, 0.9, 5.5, 0.9, 1, 0.01),
        Indicator("No qualifications", "Percentage", "%", 7.1, 2.4, -0.8, 2.7, -0.2, 1, 0.21, -0.4),
    ),
)
SAMPLES = {"wellbeing": WELLBEING, "qualifications": QUALIFICATIONS}


def authority_truth(truth: Truth) -> dict[str, np.ndarray]:
    """The true value of each indicator in each authority in the last period."""
    rng = np.random.default_rng(truth.seed)
    count = len(places.authorities())
    factor = published.standardised(rng.normal(size=count), 0, 1)
    known = {}
    for each in truth.indicators:
        mixed = each.loading * factor + np.sqrt(1 - each.loading**2) * rng.normal(size=count)
        known[each.name] = published.standardised(mixed, each.mean, each.deviation)
    return known


def _rows(truth: Truth, each: Indicator, known: np.ndarray, weights: np.ndarray, asked: np.ndarray, rng) -> list[list]:
    authorities = places.authorities()
    wider = [place for place in places.by_code().values() if place.level != "la"]
    half = each.half_width * np.exp(rng.normal(0, 0.18, len(authorities)))
    rows = []
    for turn, period in enumerate(truth.periods):
        true = known - each.yearly * (len(truth.periods) - 1 - turn)
        chance = each.shared_chance * asked[turn] + np.sqrt(1 - each.shared_chance**2) * rng.normal(size=len(true))
        seen = np.clip(true + chance * half / 1.96, 0.1, None)
        small = rng.random(len(true)) < each.unreliable_share
        for place in wider:
            inside = np.array([published.within(authority, place) for authority in authorities])
            value = np.average(seen[inside], weights=weights[inside])
            width = np.sqrt(((weights * half)[inside] ** 2).sum()) / weights[inside].sum()
            rows.append(_row(place, period, each, value, width, False))
        for index, place in enumerate(authorities):
            rows.append(_row(place, period, each, seen[index], half[index], bool(small[index])))
    return rows


_KINDS = {"country": "Nation", "region": "Region", "subregion": "Region"}


def front(place: places.Place, indicator: str, period: str, measure: str) -> list[str]:
    """The cells of a row before its number; two authorities stand under codes that ended, as in published files."""
    code = published.RETIRED_STILL_USED.get(place.code, place.code)
    kind = _KINDS.get(place.level, "Local Authority District" if code[:3] in ("E08", "E09") else "County or Unitary Authority")
    return [code, place.name, kind, indicator, period, measure]


def _row(place: places.Place, period: str, each: Indicator, value: float, half: float, small: bool) -> list:
    cells = front(place, each.name, period, each.measure)
    if place.code in published.TINY:
        return [*cells, "", each.unit, "", "", "x", NOTE]
    if small and each.unit != "%":
        return [*cells, "", each.unit, "", "", "u", NOTE]
    note = f"{NOTE}. Estimate and confidence interval unreliable since the group sample size is small (3-9)" if small else NOTE
    numbers = [f"{max(x, 0):.{each.digits}f}" for x in (value, value - half, value + half)]
    return [*cells, numbers[0], each.unit, *numbers[1:], "", note]


def make(truth: Truth) -> bytes:
    """One sample file, byte for byte the same each time.

    >>> make(WELLBEING)[3:9], make(WELLBEING) == make(WELLBEING)
    (b'areacd', True)
    """
    rng = np.random.default_rng(truth.seed + 1)
    known = authority_truth(truth)
    weights = published.cohort_sizes(rng, places.authorities(), 1000.0).astype(float)
    asked = rng.normal(size=(len(truth.periods), len(weights)))
    rows = [row for each in truth.indicators for row in _rows(truth, each, known[each.name], weights, asked, rng)]
    return published.csv_bytes(HEADER, rows)


if __name__ == "__main__":
    sys.stdout.buffer.write(make(SAMPLES[sys.argv[1]]))
