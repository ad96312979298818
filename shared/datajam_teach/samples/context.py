"""The context sample: what a place is like and cannot soon change, in the Explore Local Statistics layout.

For finding statistical neighbours in every theme. Synthetic: real places, invented values. The parameters are the known truth.
Each authority has a setting, such as coast or inner London, set by hand so that places of one setting are alike; no value in it
is that place's. Regions and England are averages over their authorities, weighted by population; for pay, which is published
as a median, that is a simplification. Poverty goes with the attainment sample's share of pupils eligible for free school meals.

    python -m datajam_teach.samples.context > context_synthetic.csv
"""

import sys
from dataclasses import dataclass, fields

import numpy as np
from scipy.special import expit, logit

from datajam.vocabulary import places
from datajam_teach.samples import attainment, published
from datajam_teach.samples.local_statistics import HEADER, NOTE, front

SCILLY = "E06000053"


@dataclass(frozen=True)
class Setting:
    """One kind of place: the middle of its shares of people, in percent; how far it stands above others, in scores, in the rest."""

    rural: float
    minority: float
    older: float
    poverty: float
    pay: float


@dataclass(frozen=True)
class Indicator:
    """One planted indicator: its true mean and deviation between authorities in the last period, and the true change a year.

    Where `half_width` is above 0 the indicator is a survey's, with a 95% interval of about that width either side and chance to
    match. `missing` authorities have no number but this `marker`.
    """

    name: str
    periods: tuple[str, ...]
    mean: float | None = None
    deviation: float | None = None
    yearly: float = 0.0
    half_width: float = 0.0
    missing: tuple[str, ...] = ()
    marker: str = "x"
    measure: str = "Percentage"
    unit: str = "%"


POVERTY = Indicator(
    "Children in relative poverty after housing costs", ("2023-04-01/P1Y", "2024-04-01/P1Y"), 30.0, 8.0, 0.4, missing=(SCILLY,)
)
PAY = Indicator(
    "Gross median weekly pay", ("2024-04-17", "2025-04-30"), 640.0, 75.0, 29.0, 42.0, published.TINY, "u", "Pounds", "£"
)
OLDER = Indicator("Population aged 65 and over", ("2024-06-30",), 19.5, 4.5)
MINORITY = Indicator("Population from a minority ethnic group", ("2021-03-21",))
RURAL = Indicator("Population in rural areas", ("2021-03-21",))
INDICATORS = (POVERTY, PAY, OLDER, MINORITY, RURAL)


@dataclass(frozen=True)
class Truth:
    """The planted parameters: correlations over all authorities, exact, and the middle of each setting.

    Authorities of one setting differ by `own_deviation`: of log odds in the shares, of scores in the rest. Scores are stretched to
    each indicator's mean and deviation. Pay is higher by `southern_pay` in the South East and the East of England.
    """

    seed: int = 20181126
    poverty_with_fsm: float = 0.75
    pay_with_poverty: float = -0.5
    own_deviation: float = 0.45
    southern_pay: float = 0.8
    settings: tuple[tuple[str, Setting], ...] = (
        ("inner London", Setting(0.1, 45, -1.9, 1.0, 2.2)),
        ("outer London", Setting(0.3, 42, -1.2, 0.3, 1.5)),
        ("city", Setting(0.5, 28, -1.0, 0.7, -0.2)),
        ("town", Setting(4.0, 10, 0.0, 0.0, -0.2)),
        ("coast", Setting(4.0, 6, 0.9, 0.4, -0.6)),
        ("shire", Setting(22.0, 8, 0.3, -0.6, 0.3)),
        ("countryside", Setting(48.0, 4, 1.2, -0.3, -0.3)),
    )


TRUTH = Truth()
_CITY = (
    "Birmingham; Blackburn with Darwen; Bolton; Bradford; Bristol, City of; Coventry; Derby; Kirklees; Leeds; Leicester; "
    "Liverpool; Luton; Manchester; Milton Keynes; Newcastle upon Tyne; Nottingham; Oldham; Peterborough; Reading; Rochdale; "
    "Salford; Sandwell; Sheffield; Slough; Southampton; Walsall; Wolverhampton"
).split("; ")
_COAST = (
    "Blackpool; Bournemouth, Christchurch and Poole; Brighton and Hove; Hartlepool; Isle of Wight; Kingston upon Hull, City of; "
    "North East Lincolnshire; North Somerset; North Tyneside; Plymouth; Portsmouth; Redcar and Cleveland; Sefton; "
    "South Tyneside; Southend-on-Sea; Sunderland; Torbay; Wirral"
).split("; ")
_COUNTRYSIDE = (
    "Cornwall; Cumberland; Devon; Dorset; East Riding of Yorkshire; Herefordshire, County of; Isles of Scilly; Lincolnshire; "
    "Norfolk; North Yorkshire; Northumberland; Rutland; Shropshire; Somerset; Suffolk; Westmorland and Furness; Wiltshire"
).split("; ")
_SHIRE = (
    "Bath and North East Somerset; Buckinghamshire; Central Bedfordshire; Cheshire East; Cheshire West and Chester; "
    "County Durham; North Lincolnshire; North Northamptonshire; South Gloucestershire; West Berkshire; West Northamptonshire"
).split("; ")
_SETTING_OF = dict.fromkeys(_CITY, "city") | dict.fromkeys(_COAST, "coast")
_SETTING_OF |= dict.fromkeys(_COUNTRYSIDE, "countryside") | dict.fromkeys(_SHIRE, "shire")


def setting(authority: places.Place) -> str:
    """The setting of an authority: London's by its two parts, other ones by name; the counties left are shires, the rest towns.

    >>> [setting(places.find(name)) for name in ("Hackney", "Torbay", "Surrey", "Wigan")]
    ['inner London', 'coast', 'shire', 'town']
    """
    if authority.kind == "london borough":
        return "inner London" if published.within(authority, places.by_code()["E13000001"]) else "outer London"
    return _SETTING_OF.get(authority.name, "shire" if authority.kind == "county" else "town")


def _going_with(z: np.ndarray, own: np.ndarray, correlation: float) -> np.ndarray:
    """Values of mean 0 and deviation 1 that correlate exactly so with z, which has the same; the rest is their own."""
    own = own - own.mean() - (own * z).mean() * z
    return correlation * z + np.sqrt(1 - correlation**2) * own / own.std()


def authority_truth(truth: Truth = TRUTH) -> dict[str, np.ndarray]:
    """The true value of each indicator, by name, in each authority in the last period.

    >>> known = authority_truth()
    >>> round(float(np.corrcoef(known[PAY.name], known[POVERTY.name])[0, 1]), 6)
    -0.5
    """
    rng, authorities = np.random.default_rng(truth.seed), places.authorities()
    where = [dict(truth.settings)[setting(place)] for place in authorities]
    typical = {field.name: np.array([getattr(each, field.name) for each in where]) for field in fields(Setting)}
    own = dict(zip(typical, rng.normal(0, truth.own_deviation, (len(typical), len(where))), strict=True))
    shares = {name: 100 * expit(logit(typical[name] / 100) + own[name]) for name in ("rural", "minority")}
    south = np.array([place.region_name in ("South East", "East of England") for place in authorities])
    fsm = published.standardised(attainment.authority_truth()["share"], 0, 1)
    poverty = _going_with(fsm, typical["poverty"] + own["poverty"], truth.poverty_with_fsm)
    # Exponentials, so that what is its own in pay leans to the right, as published pay does.
    high = np.exp((typical["pay"] + own["pay"] + truth.southern_pay * south) / 2)
    pay = _going_with(poverty, high, truth.pay_with_poverty)
    scores = {POVERTY: poverty, PAY: pay, OLDER: typical["older"] + own["older"]}
    known = {each.name: published.standardised(values, each.mean, each.deviation) for each, values in scores.items()}
    return known | {RURAL.name: shares["rural"], MINORITY.name: shares["minority"]}


def populations() -> np.ndarray:
    """The invented sizes of the authorities, by which wider areas are weighted: those of the attainment sample."""
    return attainment.authority_truth()["pupils"].astype(float)


def _row(place: places.Place, each: Indicator, period: str, value: float, half: float) -> list[str]:
    cells = front(place, each.name, period, each.measure)
    if place.code in each.missing:
        return [*cells, "", each.unit, "", "", each.marker, NOTE]
    ends = [f"{value - half:.1f}", f"{value + half:.1f}"] if half else ["", ""]
    return [*cells, f"{value:.1f}", each.unit, *ends, "", NOTE]


def _rows(each: Indicator, known: np.ndarray, rng: np.random.Generator) -> list[list[str]]:
    """The rows of one indicator: in each period England, the regions and every authority."""
    authorities, weights = places.authorities(), populations()
    half = each.half_width * np.exp(rng.normal(0, 0.25, len(known)))
    rows = []
    for years_before, period in reversed(list(enumerate(reversed(each.periods)))):
        seen = known - years_before * each.yearly + half / 1.96 * rng.normal(size=len(known))
        for place in places.by_code().values():
            inside = np.array([other is place or published.within(other, place) for other in authorities])
            value, shares = np.average(seen[inside], weights=weights[inside]), weights[inside] / weights[inside].sum()
            rows.append(_row(place, each, period, value, np.sqrt(((shares * half[inside]) ** 2).sum())))
    return rows


def make(truth: Truth = TRUTH) -> bytes:
    """The sample file, byte for byte the same each time.

    >>> make()[3:9], make() == make()
    (b'areacd', True)
    """
    rng, known = np.random.default_rng(truth.seed + 1), authority_truth(truth)
    return published.csv_bytes(HEADER, [row for each in INDICATORS for row in _rows(each, known[each.name], rng)])


if __name__ == "__main__":
    sys.stdout.buffer.write(make())
