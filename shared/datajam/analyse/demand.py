"""What employers advertise for in a place, beside England and beside what adults hold: location quotients, and the excess.

A location quotient is a profession's share of the adverts here over its share in England: 2 is twice as common. Those of
authorities are pulled towards the average of the 153 by as much as chance could have pushed them away (`shrinkage`); a region's
rests on its own row of the file alone, and England's is 1. The excess is the share of adverts in professions that usually ask
for a qualification less the share of adults who hold it, in percentage points.

Adverts are published rounded to 5, and hidden (`[x]`) where few or not available. A hidden number in a place that has others is
taken as 0 to 4 adverts: intervals run from the one case to the other, and allow for the rounding (variance 25/12 a number). All
adverts of a place are the file's own total (breakdown `all`) where it has one, else the sum of the professions it gives. Where
most places hide a profession, those that show it are the lucky ones: on the synthetic sample about 1 in 13 of its intervals then
misses the truth, and 1 in 20 of all.

Source: Florence (1939) for the quotient; Manski, "Partial Identification of Probability Distributions" (2003) for the bounds.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from datajam.analyse import estimates, shrinkage
from datajam.analyse.composite import FEWEST
from datajam.analyse.estimates import Estimate, Z
from datajam.errors import DataJamError, did_you_mean
from datajam.observe.observations import slug
from datajam.vocabulary import periods, places

ROUNDED_TO = 5
HIDDEN_MOST = ROUNDED_TO - 1
ASKED, HELD = "adverts that usually ask for a degree", "adults with level 4 or above"
_NUMBERS = ["raw_quotient", "quotient", "lower", "upper", "pull"]


@dataclass(frozen=True)
class Adverts:
    """The adverts of one period: a row for each of the 163 places by GSS code, a column for each profession.

    `given` are the published numbers, `absent` which cells have no row in the file, `total` all adverts of each place, `summed`
    whether that is the sum of its professions, `areas` which kinds of areas the file is about.
    """

    given: pd.DataFrame
    absent: pd.DataFrame
    total: pd.Series
    summed: bool
    period: str
    areas: str

    @cached_property
    def hidden(self) -> pd.DataFrame:
        """Which cells stand for 0 to 4 adverts: those without a number in a place that has numbers."""
        return self.given.isna() & self.total.notna().to_numpy()[:, None]

    @cached_property
    def _hidden_count(self) -> pd.Series:
        return self.hidden.sum(axis="columns")

    @cached_property
    def not_in_file(self) -> pd.Series:
        """Which places the file has no row for."""
        return self.absent.all(axis="columns")

    def counts(self, columns: list[str], own: float, others: float) -> tuple[pd.Series, pd.Series]:
        """Adverts in these professions, and all adverts: each hidden number is `own` in these and `others` elsewhere."""
        here = self.hidden[columns].sum(axis="columns")
        rest = self._hidden_count - here
        events = (self.given[columns].sum(axis="columns") + own * here).where(self.total.notna())
        base = self.total + own * here + others * rest if self.summed else self.total
        return events, np.maximum(base, events)

    def rounding(self, columns: list[str], share: pd.Series) -> pd.Series:
        """The standard error that rounding alone gives the share of these professions in all adverts."""
        numbers = self.given.notna()
        own = numbers[columns].sum(axis="columns")
        rest = numbers.sum(axis="columns") - own
        squares = own * (1 - share) ** 2 + rest * share**2 if self.summed else own + share**2
        return np.sqrt(ROUNDED_TO**2 / 12 * squares) / self.total


def adverts(observations: pd.DataFrame, label: str = "latest", indicator: str = "vacancies") -> Adverts:
    """The adverts by profession of one period. Raises `DataJamError` for a table without professions or such a period."""
    if set(observations["breakdown"].unique()) <= {"all"}:
        raise DataJamError("This file gives adverts in total, not by profession: use the ONS adverts by profession file.")
    name = estimates.choose(observations, "indicator", indicator, "indicator")
    rows = observations[observations["indicator"] == name]
    rows = rows[rows["period_label"] == (label := estimates.period(rows, label))]
    codes = pd.Index([place.code for place in places.everywhere()], name="area_code")
    own = rows[rows["area_code"].isin(codes)].drop_duplicates(["area_code", "breakdown"])
    plain = own[["area_code", "breakdown", "value"]].astype({"area_code": "str", "breakdown": "str"}).assign(row=True)
    names = list(dict.fromkeys(rows["breakdown"].astype("str")))
    given, held = (plain.pivot(index="area_code", columns="breakdown", values=each) for each in ("value", "row"))
    given, absent = given.reindex(index=codes, columns=names), held.reindex(index=codes, columns=names).isna()
    summed = "all" not in names
    professions = given.drop(columns="all", errors="ignore")
    total = professions.sum(axis="columns", min_count=1) if summed else given["all"]
    return Adverts(professions, absent[professions.columns], total, summed, estimates.spoken_period(label), _areas(rows))


def _areas(rows: pd.DataFrame) -> str:
    """The kinds of areas a file is about, in words: 'authorities, regions', or as the publisher names them."""
    named = {"la": "authorities", "lad": "districts", "region": "regions", "country": "countries"}
    known = [named[level] for level in rows["area_level"].dropna().unique() if level in named]
    others = [text for text in rows.loc[rows["area_level"].isna(), "source_area_code"].astype("str").unique() if text]
    return ", ".join(dict.fromkeys(known + [text for text in others if not any(letter.isdigit() for letter in text)]))


def quotients(observations: pd.DataFrame, place: str, label: str = "latest", indicator: str = "vacancies") -> pd.DataFrame:
    """How much more, or less, of a place's adverts each profession has than of England's: a row for each profession.

    Columns: area_code, place, period, breakdown, profession (in words), adverts, all_adverts, raw_quotient, quotient (pulled, for
    an authority), lower, upper (95%), clear (the interval leaves out 1), pull (0 to 1) and note: why there is no number. A hidden
    number has an upper end only. Raises `DataJamError` for a place, period or indicator the table cannot know, and for a file that
    has no professions; a place the file does not have gives a table that says so.
    """
    where = places.find(place)
    found = _of_level(adverts(observations, label, indicator), where.level)
    return found[found["area_code"] == where.code].reset_index(drop=True)


def everywhere(observations: pd.DataFrame, label: str = "latest", indicator: str = "vacancies") -> pd.DataFrame:
    """The same for all 163 places, one below the other: what `quotients` gives for each."""
    counted = adverts(observations, label, indicator)
    return pd.concat([_of_level(counted, level) for level in ("la", "region", "country")], ignore_index=True)


def _of_level(counted: Adverts, level: str) -> pd.DataFrame:
    """The quotients of all authorities, of all regions, or of England."""
    codes = [place.code for place in places.everywhere() if place.level == level]
    found = pd.concat([_profession(counted, name, codes, level) for name in counted.given], ignore_index=True)
    found.attrs = {"areas": counted.areas}
    return found


def _profession(counted: Adverts, name: str, codes: list[str], level: str) -> pd.DataFrame:
    """One profession's quotients in these places."""
    table = pd.DataFrame({"area_code": codes}, index=codes)
    table["place"], table["period"] = [places.by_code()[code].name for code in codes], counted.period
    table["breakdown"], table["profession"] = name, in_words(name)
    table["adverts"] = counted.given.loc[codes, name].astype("Int64")
    table["all_adverts"] = counted.total[codes].astype("Int64")
    table[_NUMBERS], table["clear"] = np.nan, False
    wider = (counted.given.loc[places.ENGLAND, name], counted.total[places.ENGLAND])
    comparable = bool(0 < wider[0] <= wider[1])
    table["note"] = _notes(counted, name, codes, comparable)
    if level == "country":
        table[["raw_quotient", "quotient"]] = 1.0 if comparable else np.nan
    elif comparable and counted.total[codes].notna().any():
        found = _against(counted, name, codes, wider, level == "la")
        table[found.columns] = found
    return table.astype({"clear": "bool"})


def _against(counted: Adverts, name: str, codes: list[str], wider: tuple[float, float], pulled: bool) -> pd.DataFrame:
    """Quotients with intervals that hold whatever the hidden numbers are, widened by what rounding adds."""
    shares = [
        _shares(*(part[codes] for part in counted.counts([name], own, others)), pulled)
        for own, others in ((0, HIDDEN_MOST), (HIDDEN_MOST / 2, HIDDEN_MOST / 2), (HIDDEN_MOST, 0))
    ]
    cases = [shrinkage.location_quotient(each, wider) for each in shares]
    lowest, highest = np.minimum.reduce([each["lower"] for each in cases]), np.maximum.reduce([each["upper"] for each in cases])
    share, pull = shares[1].table["estimate"], shares[1].table["pull"]
    rounding = Z * (1 - pull) * counted.rounding([name], share)[codes] / share
    middle = cases[1]["quotient"]
    found = pd.DataFrame({"quotient": middle, "pull": pull})
    found["raw_quotient"] = counted.given.loc[codes, name] / counted.total[codes] / (wider[0] / wider[1])
    found["lower"] = middle * np.exp(-np.hypot(np.log(middle / lowest), rounding))
    found["upper"] = middle * np.exp(np.hypot(np.log(highest / middle), rounding))
    known = ["raw_quotient", "quotient", "lower", "pull"]
    found[known] = found[known].mask(counted.hidden.loc[codes, name])
    return found.assign(clear=(found["lower"] > 1) | (found["upper"] < 1))


def _shares(events: pd.Series, base: pd.Series, pulled: bool) -> shrinkage.Shrunk:
    """A profession's share of each place's adverts: pulled towards their average, or each by itself (Jeffreys' interval)."""
    known = events.notna() & (base > 0)
    if pulled and known.sum() >= FEWEST and 0 < events[known].sum() < base[known].sum():
        return shrinkage.proportions(events, base)
    lower, upper = (pd.Series(end, events.index) for end in _jeffreys(events, base))
    # Half an advert in place of none: a quotient is compared on the scale of logarithms.
    columns = {"raw": events / base, "estimate": events.clip(lower=0.5) / base, "lower": lower, "upper": upper, "pull": 0.0}
    table = pd.DataFrame(columns).where(known).assign(note=np.where(known, "", "no number"))
    return shrinkage.Shrunk(table, np.nan, np.nan, "beta, each place by itself", ())


def _jeffreys(events, base) -> np.ndarray:
    """The ends of the 95% interval of a share, from Jeffreys' prior (Brown, Cai and DasGupta, 2001)."""
    from scipy.stats import beta

    return np.array([beta.ppf(end, events + 0.5, base - events + 0.5) for end in (0.025, 0.975)])


def _notes(counted: Adverts, name: str, codes: list[str], known: bool) -> np.ndarray:
    """Why each place has no quotient; empty where it has one."""
    given, total = counted.given.loc[codes, name], counted.total[codes]
    if not known:
        return np.full(len(codes), "England has no number to compare with", dtype=object)
    reasons = [
        (given.notna() & total.notna(), ""),
        (counted.not_in_file[codes], "not in the file"),
        (total.isna(), "no number for any profession" if counted.summed else "no number for all adverts together"),
        (counted.absent.loc[codes, name], f"no row in the file, so taken as {HIDDEN_MOST} adverts at most"),
    ]
    conditions, words = zip(*reasons, strict=True)
    return np.select(conditions, words, f"too few to give or not available, so taken as {HIDDEN_MOST} adverts at most")


def in_words(breakdown: str) -> str:
    """A profession as it stands in a sentence.

    >>> in_words("engineering / mechanical_engineers")
    'mechanical engineers'
    """
    return breakdown.rsplit(" / ", 1)[-1].replace("_", " ")


def share(observations: pd.DataFrame, place: str, professions: Sequence[str], label: str = "latest") -> Estimate:
    """What percentage of a place's adverts are in these professions, such as those that usually ask for a degree.

    A profession is named by its label or breakdown, or all of a summary profession by its own: "Nurses", "Healthcare". The
    interval treats adverts as drawn one by one (Jeffreys); an employer who places many at once makes the true one wider. Raises
    `DataJamError` for a profession that the table lacks.
    """
    return _shares_of_adverts(adverts(observations, label), [places.find(place)], professions)[0]


def around(
    observations: pd.DataFrame, place: str, professions: Sequence[str], label: str = "latest", alike: Sequence[str] = ()
) -> list[Estimate]:
    """The same percentage for a place, the places most like it (codes, where any are given), its region and England."""
    where = places.find(place)
    wanted = [where, *(places.find(code) for code in alike), *where.comparators]
    return _with_average(_shares_of_adverts(adverts(observations, label), wanted, professions), len(alike))


def _with_average(found: list[Estimate], alike: int) -> list[Estimate]:
    """A place, so many places like it, and wider places: the ones like it as one average."""
    near = found[1 : alike + 1]
    return [found[0], *([estimates.average(near)] if near else []), *found[alike + 1 :]]


def _shares_of_adverts(counted: Adverts, wanted: Sequence[places.Place], professions: Sequence[str]) -> list[Estimate]:
    """The percentage of adverts in these professions in each place, with intervals that hold whatever is hidden."""
    columns = _columns(counted, professions)
    few, many = (counted.counts(columns, own, HIDDEN_MOST - own) for own in (0, HIDDEN_MOST))
    value = counted.given[columns].sum(axis="columns", min_count=1) / counted.total.where(counted.total > 0)
    rounding = Z * counted.rounding(columns, value)
    table = pd.DataFrame({"value": 100 * value, "base": counted.total, "known": counted.given[columns].notna().sum(axis="columns")})
    table["lower"] = 100 * (value - np.hypot(value - _jeffreys(*few)[0], rounding)).clip(lower=0)
    table["upper"] = 100 * (value + np.hypot(_jeffreys(*many)[1] - value, rounding)).clip(upper=1)
    table["absent"] = counted.not_in_file
    rows = table.loc[[place.code for place in wanted]].itertuples()
    return [_share(row, place.name, counted.period, len(columns)) for row, place in zip(rows, wanted, strict=True)]


def _share(row, name: str, period: str, count: int) -> Estimate:
    front, kept = (name, "these professions", period), {"indicator": "share_of_adverts", "unit": "percent"}
    if pd.isna(row.value):
        status, how = ("absent", "not in the file") if row.absent else ("not_available", "no number for these professions")
        return Estimate(*front, None, None, status, how, **kept)
    how = "from adverts by profession" if row.known == count else f"{row.known} of {count} professions have a number"
    error = (row.upper - row.lower) / (2 * Z)
    return Estimate(*front, row.value, int(row.base), "ok", how, error, (row.lower, row.upper), **kept)


def _columns(counted: Adverts, professions: Sequence[str]) -> list[str]:
    """The breakdowns that names of professions, or of summary professions, mean."""
    found: list[str] = []
    for name in [professions] if isinstance(professions, str) else professions:
        own = [each for each in counted.given if each == name or slug(name) in each.split(" / ")]
        if not own:
            known = [in_words(each) for each in counted.given]
            raise DataJamError(f"No profession is called {name!r} in this file. {did_you_mean(name, known)}")
        found += [each for each in own if each not in found]
    if not found:
        raise DataJamError("Name at least one profession whose share of the adverts is wanted, such as 'Nurses'.")
    return found


def survey_period(qualifications: pd.DataFrame, indicator: str, label: str) -> str:
    """The survey's period of this indicator that a period of adverts lies in, else the nearest, as its published label.

    Raises `DataJamError` for an indicator that the survey's table lacks.
    """
    name = estimates.choose(qualifications, "indicator", indicator, "indicator")
    spans = qualifications.loc[qualifications["indicator"] == name, ["period_label", "period_start", "period_end"]]
    spans = spans.drop_duplicates().sort_values("period_end", ascending=False)
    middle = spans["period_start"] + (spans["period_end"] - spans["period_start"]) / 2
    span = periods.parse(label)
    wanted = pd.Timestamp(span.start) + (pd.Timestamp(span.end) - pd.Timestamp(span.start)) / 2
    inside = (spans["period_start"] <= wanted) & (wanted <= spans["period_end"])
    far = (middle - wanted).abs().where(~inside, pd.Timedelta(0))
    return str(spans.loc[far.idxmin(), "period_label"])


def excess(demanded: Estimate, supplied: Estimate) -> Estimate:
    """The share of adverts less the share of adults in one place, in percentage points, with the interval of both.

    Above 0, more of the adverts ask for it than adults hold it. The two intervals, not symmetric, are joined by the method of
    variance estimates recovery (Donner and Zou, 2012). Raises `DataJamError` for estimates of two places.

    >>> adverts = Estimate("Leeds", "all", "October 2022", 50.0, 800, "ok", "", 2.0, (46.1, 53.9), unit="percent")
    >>> adults = Estimate("Leeds", "all", "2022", 44.0, None, "ok", "", 1.5, (41.1, 46.9), unit="percent")
    >>> found = excess(adverts, adults)
    >>> found.value, [round(end, 1) for end in found.interval]
    (6.0, [1.1, 10.9])
    """
    if demanded.place != supplied.place:
        raise DataJamError(f"Adverts of {demanded.place} and adults of {supplied.place}: give both of one place.")
    front, kept = (demanded.place, demanded.breakdown, demanded.period), {"indicator": "excess", "unit": "percentage points"}
    if supplied.value is not None and supplied.unit != "percent":
        how = "the survey's table has numbers of adults, not percentages"
        return Estimate(*front, None, None, "not_a_share", how, **kept)
    lacking = next(((name, each) for name, each in (("adverts", demanded), ("adults", supplied)) if each.value is None), None)
    if lacking:
        return Estimate(*front, None, None, f"no_{lacking[0]}", f"the share of {lacking[0]} is {_plain(lacking[1])}", **kept)
    value, interval, error = demanded.value - supplied.value, None, None
    if demanded.interval and supplied.interval:
        (low, high), (least, most) = demanded.interval, supplied.interval
        down, up = np.hypot(demanded.value - low, most - supplied.value), np.hypot(high - demanded.value, supplied.value - least)
        interval, error = (float(value - down), float(value + up)), float(down + up) / (2 * Z)
    how = f"adults surveyed in {supplied.period}"
    return Estimate(*front, value, demanded.base, supplied.status, how, error, interval, **kept)


def _plain(one: Estimate) -> str:
    return one.reason if one.reason.startswith("not ") else f"missing ({one.reason})"


def compared(
    observations: pd.DataFrame,
    qualifications: pd.DataFrame,
    place: str,
    professions: Sequence[str],
    indicator: str,
    label: str = "latest",
    alike: Sequence[str] = (),
) -> list[Estimate]:
    """The excess in a place, in the places most like it (their average; codes, where any are given), its region and England.

    `observations` are the adverts, `qualifications` the survey with the `indicator` of who holds the qualification, in the period
    that the adverts' lies in or the nearest (`survey_period`).
    """
    where = places.find(place)
    wanted = [where, *(places.find(code) for code in alike), *where.comparators]
    return _with_average(_excesses(observations, qualifications, wanted, professions, indicator, label), len(alike))


def every(
    observations: pd.DataFrame, qualifications: pd.DataFrame, professions: Sequence[str], indicator: str, label: str = "latest"
) -> list[Estimate]:
    """The excess in each of the 153 authorities, lowest first, those without one at the front."""
    found = _excesses(observations, qualifications, places.authorities(), professions, indicator, label)
    return sorted(found, key=lambda each: (each.value is not None, each.value or 0))


def _excesses(observations, qualifications, wanted, professions, indicator, label) -> list[Estimate]:
    counted = adverts(observations, label)
    year = survey_period(qualifications, indicator, counted.period)
    survey = qualifications[qualifications["period_label"] == year]
    held = [estimates.estimate(survey, each.code, indicator, year) for each in wanted]
    asked = _shares_of_adverts(counted, wanted, professions)
    return [excess(one, other) for one, other in zip(asked, held, strict=True)]
