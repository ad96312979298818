"""What every sample in the explore-education-statistics layout shares: areas, quirks, and writing the CSV."""

import csv
import io

import numpy as np

from datajam.vocabulary import places

REGION_SPELLINGS = ("Yorkshire and The Humber", "Yorkshire and the Humber", "Yorkshire And The Humber")
RETIRED_STILL_USED = {"E08000038": "E08000016", "E08000039": "E08000019"}
TINY = ("E09000001", "E06000053")
_INNER = frozenset(
    "E09000001 E09000007 E09000011 E09000012 E09000013 E09000014 E09000019 E09000020 "
    "E09000022 E09000023 E09000025 E09000028 E09000030 E09000032 E09000033".split()
)
GEOGRAPHY = (
    "time_period time_identifier geographic_level country_code country_name region_code region_name old_la_code la_name new_la_code"
).split()


def geography(place: places.Place, period: str, turn: int) -> list[str]:
    """The geography cells of a row, with the spellings and ended codes that published files have."""
    levels = {"country": "National", "region": "Regional", "subregion": "Regional", "la": "Local authority"}
    region_code = place.code if place.level == "subregion" else place.region_code
    region = place.name if place.level == "subregion" else place.region_name
    if region_code == "E12000003":
        region = REGION_SPELLINGS[turn % 3]
    authority = ["", "", ""]
    if place.level == "la":
        authority = [place.dfe_number, place.name, RETIRED_STILL_USED.get(place.code, place.code)]
    return [period, "Academic year", levels[place.level], places.ENGLAND, "England", region_code, region, *authority]


def within(authority: places.Place, place: places.Place) -> bool:
    """Whether an authority lies in a region, in a part of London (DfE's Inner London, Haringey and Newham in it) or England."""
    if place.level == "country":
        return True
    if place.level == "subregion":
        return authority.region_code == "E12000007" and (authority.code in _INNER) == (place.name == "Inner London")
    return authority.region_code == place.code


def csv_bytes(header: list[str], rows: list[list]) -> bytes:
    """A CSV as published: a byte-order mark, and CRLF line ends."""
    held = io.StringIO()
    writer = csv.writer(held, lineterminator="\r\n")
    writer.writerow(header)
    writer.writerows(rows)
    return held.getvalue().encode("utf-8-sig")


def standardised(values: np.ndarray, mean: float, deviation: float) -> np.ndarray:
    """The values moved and stretched to an exact mean and standard deviation."""
    return mean + deviation * (values - values.mean()) / values.std()


def cohort_sizes(rng: np.random.Generator, authorities: list[places.Place], typical: float) -> np.ndarray:
    """Invented sizes: counties large, Scilly and the City of London tiny."""
    scale = {"county": 2.6, "unitary": 0.8, "metropolitan district": 1.05, "london borough": 0.85}
    size = np.array([scale[place.kind] for place in authorities]) * typical
    size = size * np.exp(rng.normal(0, 0.35, len(size)))
    return np.array([20 if place.code in TINY else n for place, n in zip(authorities, size, strict=True)]).round().astype(int)
