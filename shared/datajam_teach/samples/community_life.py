"""The Community Life Survey sample: percentages by lower-tier authority with their intervals, in the DCMS table layout.

Synthetic: real places, invented values. The parameters below are the known truth. National percentages of belonging and
loneliness, interviews an area and half-widths follow the published ones (DCMS Community Life Survey 2023/24); the other
two percentages and every deviation between areas are invented.

    python -m datajam_teach.samples.community_life > community_life_synthetic.csv
"""

import sys
from dataclasses import dataclass

import numpy as np

from datajam.vocabulary import districts, places
from datajam_teach.samples import published

ON = "2023-04-01"
NOTE = "Synthetic: not these places' results"


@dataclass(frozen=True)
class Question:
    """One planted answer: true mean and deviation between areas in percent, and its loading on the areas' shared factor.

    `asked_loading` is its loading on the chance that comes with who was asked, since one sample answers every question.
    """

    name: str
    text: str
    mean: float
    deviation: float
    loading: float
    asked_loading: float = 0.4


@dataclass(frozen=True)
class Truth:
    """The planted parameters. Chance has deviation sqrt(design_effect * p * (100 - p) / interviews), in points.

    Areas differ truly in belonging, pulling together and trust. In loneliness they hardly do: a true deviation of 0.3 points
    beside a chance of 1.3, so that a league table of it ranks the chance. The seed is one under which England's intervals
    hold the planted means.
    """

    seed: int = 20180925
    year: str = "2023/24"
    interviews: float = 590.0
    interviews_spread: float = 0.08
    design_effect: float = 1.5
    questions: tuple[Question, ...] = (
        Question("belonging", "Belong to the neighbourhood very or fairly strongly", 61.0, 5.0, 0.85),
        Question("loneliness", "Feel lonely often or always", 7.1, 0.3, -0.6, -0.4),
        Question("pull_together", "People in the neighbourhood pull together", 57.0, 5.5, 0.9),
        Question("trust", "Many people in the neighbourhood can be trusted", 43.0, 7.0, 0.8),
    )


TRUTH = Truth()


def header(year: str = TRUTH.year) -> list[str]:
    """The column names of one year, one with a space at its end, as published."""
    return [
        "Question",
        "Response Breakdown ",
        f"{year} Percentage (%)",
        f"{year} Lower Estimate percentage (%)",
        f"{year} Upper Estimate percentage (%)",
        f"{year} Number of respondents",
        f"{year} Unweighted Base - number of people aged 16 and over",
        "LAD23 Code",
        "ITL2 Name",
    ]


def areas() -> dict[str, str]:
    """The name of every lower-tier area of England in April 2023, by the code it had then.

    >>> len(areas()), areas()["E08000016"], areas()["E07000008"]
    (296, 'Barnsley', 'Cambridge')
    """
    single = [place for place in places.authorities() if place.kind != "county"]
    named = {published.RETIRED_STILL_USED.get(place.code, place.code): place.name for place in single}
    for district in districts.by_code().values():
        if district.valid_from <= ON and (not district.valid_to or district.valid_to >= ON):
            named[district.code] = district.name
    return dict(sorted(named.items()))


def area_truth(truth: Truth = TRUTH) -> dict[str, np.ndarray]:
    """The true percentage of each question in each area, in the order of `areas`.

    >>> known = area_truth()
    >>> [round(float(known["loneliness"].mean()), 6), round(float(known["loneliness"].std()), 6)]
    [7.1, 0.3]
    """
    rng = np.random.default_rng(truth.seed)
    factor = published.standardised(rng.normal(size=len(areas())), 0, 1)
    known = {}
    for each in truth.questions:
        mixed = each.loading * factor + np.sqrt(1 - each.loading**2) * rng.normal(size=len(factor))
        known[each.name] = published.standardised(mixed, each.mean, each.deviation)
    return known


def interviews(truth: Truth = TRUTH) -> np.ndarray:
    """How many people were interviewed in each area, in the order of `areas`."""
    rng = np.random.default_rng(truth.seed + 1)
    size = truth.interviews * np.exp(rng.normal(0, truth.interviews_spread, len(areas())))
    return np.where([code in published.TINY for code in areas()], 30, size.round()).astype(int)


def chance(percent: np.ndarray, asked: np.ndarray, truth: Truth = TRUTH) -> np.ndarray:
    """The standard deviation of a measured percentage around the true one, in points.

    >>> chance(np.array([61.0, 7.1]), np.array([590, 590])).round(2).tolist()
    [2.46, 1.29]
    """
    return np.sqrt(truth.design_effect * percent * (100 - percent) / asked)


def _row(each: Question, name: str, code: str, value: float, deviation: float, base: int) -> list[str]:
    """One published row; nothing but markers for the two smallest areas."""
    front, back = [f"Synthetic: {each.text}", name], [code, ""]
    if code in published.TINY:
        return [*front, *["[c]"] * 5, *back]
    numbers = [value, max(value - 1.96 * deviation, 0), min(value + 1.96 * deviation, 100)]
    return [*front, *[f"{number:.1f}" for number in numbers], str(round(base * value / 100)), str(base), *back]


def _rows(each: Question, true: np.ndarray, base: np.ndarray, adults: np.ndarray, noise: np.ndarray, truth: Truth) -> list[list]:
    """England, published without a code, and then every area."""
    seen = np.clip(true + noise * chance(true, base, truth), 0.5, 99.5)
    around = chance(seen, base, truth)
    whole = float(np.average(seen, weights=adults))
    around_whole = float(np.sqrt(((adults * around) ** 2).sum()) / adults.sum())
    rows = [_row(each, "England", "", whole, around_whole, int(base.sum()))]
    return rows + [_row(each, name, code, *cells) for (code, name), *cells in zip(areas().items(), seen, around, base, strict=True)]


def make(truth: Truth = TRUTH) -> bytes:
    """The sample file, byte for byte the same each time: a title and notes, the header in row 8, then question by question.

    >>> make()[3:12], make() == make()
    (b'Community', True)
    """
    rng = np.random.default_rng(truth.seed + 2)
    known, base = area_truth(truth), interviews(truth)
    adults = np.where([code in published.TINY for code in areas()], 0.03, np.exp(rng.normal(0, 0.5, len(base))))
    asked = rng.normal(size=len(base))
    above = [
        f"Community Life Survey {truth.year}: answers by local authority",
        NOTE,
        "Adults aged 16 and over, England",
        "Lower and upper estimates are the ends of the 95% confidence interval",
        "[c]: withheld, too few interviews",
        "ITL2 names are left empty in this sample",
        "",
    ]
    rows = [header(truth.year)]
    for each in truth.questions:
        noise = each.asked_loading * asked + np.sqrt(1 - each.asked_loading**2) * rng.normal(size=len(base))
        rows += _rows(each, known[each.name], base, adults, noise, truth)
    width = len(rows[0])
    lines = [[text, *[""] * (width - 1)] for text in above]
    return published.csv_bytes(lines[0], lines[1:] + rows)


if __name__ == "__main__":
    sys.stdout.buffer.write(make())
