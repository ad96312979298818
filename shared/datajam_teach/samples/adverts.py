"""The sample of online job adverts by place and profession, in the layout of the ONS adverts by profession (Textkernel).

Synthetic: real places, invented values. The parameters are the known truth. Counts are lognormal, rounded to 5, and `[x]` where
that leaves none, about as often as published (October 2022: 16% of cells). Unlike the published file, which has partnerships and
combined authorities, its areas are countries, regions and upper-tier authorities by name, so that each can be placed.

    python -m datajam_teach.samples.adverts > job_adverts_synthetic.csv
"""

import sys
from dataclasses import dataclass

import numpy as np

from datajam.vocabulary import places
from datajam_teach.samples import published


@dataclass(frozen=True)
class Profession:
    """One planted profession: its share of a typical authority's adverts, and the true growth of its adverts a month."""

    summary: str
    detailed: str
    share: float
    monthly_growth: float = 0.0


@dataclass(frozen=True)
class Truth:
    """The planted parameters.

    `specialisms` are by how much a region has more of a profession's adverts than its size says, exactly; `local_deviation` is
    that of the logarithm of each authority's own pattern within it; `typical` is the adverts of an authority of middling size.
    """

    seed: int = 20180921
    months: tuple[str, ...] = ("Aug 22", "Sep 22", "Oct 22")
    typical: float = 500.0
    local_deviation: float = 0.65
    professions: tuple[Profession, ...] = (
        Profession("Healthcare", "Nurses", 0.30, 0.03),
        Profession("Information and Communication Technology", "Software Developers", 0.21, 0.05),
        Profession("Sales and Trading", "Shop Assistants", 0.17, -0.02),
        Profession("Administration and Customer Service", "Receptionists", 0.12),
        Profession("Education and Training", "Teachers", 0.09, -0.04),
        Profession("Engineering", "Mechanical Engineers", 0.055),
        Profession("Hospitality", "Chefs and Cooks", 0.033, 0.02),
        Profession("Construction and Mining", "Bricklayers", 0.014),
        Profession("Agriculture, Livestock and Fishing", "Gardeners", 0.0055, -0.05),
        Profession("Arts, Culture and Media", "Actors", 0.0025),
    )
    specialisms: tuple[tuple[str, str, float], ...] = (
        ("North East", "Mechanical Engineers", 1.8),
        ("London", "Software Developers", 2.2),
        ("London", "Actors", 3.0),
        ("South West", "Chefs and Cooks", 1.7),
        ("East Midlands", "Shop Assistants", 1.4),
        ("East of England", "Gardeners", 1.9),
    )


TRUTH = Truth()
HEADER = ("geographic_level,area,Summary Profession Category,Detailed Profession Category ,time_period,vacancies,note").split(",")
_LEVELS = {"country": "Country", "region": "Region", "la": "Local authority"}
_NAMES_SEEN = {
    "E06000010": "Kingston Upon Hull City of",
    "E06000019": "Herefordshire",
    "E06000023": "Bristol City of",
    "E06000047": "Durham",
    "E06000055": "Bedford Borough",
    "E08000013": "St Helens",
}


def _local_patterns(sizes: np.ndarray, rng: np.random.Generator, truth: Truth) -> np.ndarray:
    """How much more of each profession's adverts an authority has than its size says; over a region's adverts, its specialism."""
    names = [each.detailed for each in truth.professions]
    factors = {(region, name): factor for region, name, factor in truth.specialisms}
    region_of = np.array([place.region_name for place in places.authorities()])
    local = np.exp(rng.normal(0, truth.local_deviation, (len(sizes), len(names))))
    for region in places.regions():
        inside = region_of == region.name
        wanted = np.array([factors.get((region.name, name), 1.0) for name in names])
        local[inside] *= wanted / np.average(local[inside], axis=0, weights=sizes[inside])
    return local


def expected_adverts(truth: Truth = TRUTH) -> np.ndarray:
    """The true mean number of adverts in the last month: authorities by professions."""
    rng = np.random.default_rng(truth.seed)
    sizes = published.cohort_sizes(rng, places.authorities(), truth.typical).astype(float)
    return sizes[:, None] * np.array([each.share for each in truth.professions]) * _local_patterns(sizes, rng, truth)


def region_truth(truth: Truth = TRUTH) -> dict[tuple[str, str], float]:
    """The true mean number of adverts in the last month of each region and profession.

    >>> round(region_truth()["London", "Actors"]) > round(region_truth()["North East", "Actors"])
    True
    """
    expected, authorities = expected_adverts(truth), places.authorities()
    return {
        (region.name, each.detailed): float(expected[[place.region_code == region.code for place in authorities], column].sum())
        for region in places.regions()
        for column, each in enumerate(truth.professions)
    }


def _name(place: places.Place, turn: int) -> str:
    """A place's name in one of the spellings that published files use."""
    return published.REGION_SPELLINGS[turn % 3] if place.code == "E12000003" else _NAMES_SEEN.get(place.code, place.name)


def _cell(count: float, place: places.Place) -> str:
    rounded = 5 * int((count + 2.5) // 5)
    return str(rounded) if rounded and place.code not in published.TINY else "[x]"


def make(truth: Truth = TRUTH) -> bytes:
    """The sample file, byte for byte the same each time.

    >>> make()[3:19], make() == make()
    (b'geographic_level', True)
    """
    rng = np.random.default_rng(truth.seed + 1)
    authorities, expected = places.authorities(), expected_adverts(truth)
    inside = {place: np.array([published.within(each, place) for each in authorities]) for place in places.everywhere()}
    inside |= {place: np.array([each is place for each in authorities]) for place in authorities}
    order = sorted(inside, key=lambda place: list(_LEVELS).index(place.level))
    growth = np.array([1 + each.monthly_growth for each in truth.professions])
    counts = [rng.poisson(expected * growth ** (index + 1 - len(truth.months))) for index in range(len(truth.months))]
    rows = []
    for place in order:
        for column, each in enumerate(truth.professions):
            front = [_LEVELS[place.level], _name(place, column), each.summary, each.detailed]
            cells = [_cell(count[inside[place], column].sum(), place) for count in counts]
            rows += [[*front, month, cell, "synthetic"] for month, cell in zip(truth.months, cells, strict=True)]
    return published.csv_bytes(HEADER, rows)


if __name__ == "__main__":
    sys.stdout.buffer.write(make())
