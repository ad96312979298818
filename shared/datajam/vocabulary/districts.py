"""The lower-tier districts of England, and the upper-tier authority each lies in today.

Two kinds of county: where district councils still exist (Essex, Kent, …) figures come by district and have to be added up;
where they were replaced by a unitary authority (Cumbria in 2023, Buckinghamshire in 2020, …) older figures carry the codes
of districts that ended. A county that was split (Cumbria) has no successor, but each of its districts has one.

Source: ONS lower-tier to upper-tier lookup (April 2023) and ONS local authority changes 2018 to 2025 (codes, names, dates).
"""

import csv
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from datajam.errors import DataJamError, did_you_mean
from datajam.vocabulary import places

_DATA = Path(__file__).parents[1] / "data"
_STILL = "9999-12-31"


class UnknownDistrict(DataJamError):
    """No district has this code, or the area lies in more than one authority."""


@dataclass(frozen=True)
class District:
    """A lower-tier district: its GSS code, name, the authority it lies in today, and the days it began and ended.

    `valid_from` is empty for a district older than April 2019, `valid_to` for one that still exists.

    >>> by_code()["E07000246"].name, by_code()["E07000246"].valid_to
    ('Somerset West and Taunton', '2023-03-31')
    >>> by_code()["E07000246"].authority.name
    'Somerset'
    """

    code: str
    name: str
    authority_code: str
    valid_from: str
    valid_to: str

    @property
    def authority(self) -> places.Place:
        return places.by_code()[self.authority_code]


@dataclass(frozen=True)
class Division:
    """The areas that together covered an authority, once each, until `last_day` ('9999-12-31' where they still do)."""

    last_day: str
    codes: frozenset[str]


@cache
def by_code() -> dict[str, District]:
    """Every district by GSS code: the 164 that exist and the 40 that ended between 2019 and 2023.

    >>> len(by_code()), sum(not district.valid_to for district in by_code().values())
    (204, 164)
    """
    with open(_DATA / "districts.csv", encoding="utf-8", newline="") as file:
        return {row["code"]: District(**row) for row in csv.DictReader(file)}


@cache
def place(code: str) -> places.Place | None:
    """A district that exists, as a place of the level `lad`; None for any other code.

    >>> place("E07000223").name, place("E07000223").region_name, place("E07000026") is None
    ('Adur', 'South East', True)
    """
    found = by_code().get(code)
    if found is None or found.valid_to:
        return None
    return places.Place(code, found.name, "lad", found.authority.region_code, "", "district", found.authority.combined_authority)


def region_of(code: str) -> str:
    """The region a district lies in, ended ones too; nothing for any other code."""
    return by_code()[code].authority.region_code if code in by_code() else ""


@cache
def _merged_unitaries() -> dict[str, places.Retired]:
    """Ended unitary authorities that are now a part of one larger authority: Bournemouth and Poole."""
    return {
        code: past
        for code, past in places.retired().items()
        if code.startswith("E06") and len(past.successors) == 1 and not past.same_footprint
    }


def authority_of(code: str) -> places.Place:
    """The upper-tier authority an area lies in today: a district's county or unitary, any authority's own successor.

    Raises `UnknownDistrict` for a code that is none, and for a county that was split between several authorities.

    >>> authority_of("E07000026").name, authority_of("E07000048").name
    ('Cumberland', 'Bournemouth, Christchurch and Poole')
    >>> authority_of("E08000016").code  # Barnsley until April 2025
    'E08000038'
    >>> authority_of("E10000006")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    datajam.vocabulary.districts.UnknownDistrict: E10000006 is Cumbria, which does not lie in one authority today: Cumberland ...
    """
    code = str(code).strip()
    if code in by_code():
        return by_code()[code].authority
    place = places.current(code)
    if place and place.level == "la":
        return place
    if code in _merged_unitaries():
        return places.by_code()[_merged_unitaries()[code].successors[0]]
    raise UnknownDistrict(_why_not(code))


def _why_not(code: str) -> str:
    past = places.retired().get(code)
    if past:
        named = ", ".join([f"{places.by_code()[part].name} ({part})" for part in past.successors])
        note = f" ({past.note})" if past.note else ""
        return f"{code} is {past.name}, which does not lie in one authority today: {named}{note}. Use its districts."
    if code in places.by_code():
        return f"{code} is {places.by_code()[code].name}, a {places.by_code()[code].level}, not within one authority."
    if re.fullmatch(r"E07\d{6}", code):
        return f"{code} is no district of April 2018 or later. Use figures published with newer codes."
    return f"No English district or authority has the code {code!r}. Codes look like E07000223."


@cache
def names() -> dict[str, str]:
    """The name of every area that a division can hold, by code: districts, and the unitaries that were merged."""
    return {code: area.name for code, area in (by_code() | _merged_unitaries()).items()}


@cache
def divisions(authority_code: str) -> tuple[Division, ...]:
    """Every set of areas that covered this authority exactly once, oldest first; none where it never had districts.

    >>> [(division.last_day, len(division.codes)) for division in divisions("E10000029")]  # Suffolk, mergers in 2019
    [('2019-03-31', 7), ('9999-12-31', 5)]
    >>> divisions("E08000021")  # Newcastle upon Tyne
    ()
    """
    spans = [(d.code, d.valid_from, d.valid_to or _STILL) for d in by_code().values() if d.authority_code == authority_code]
    spans += [(code, "", past.valid_to) for code, past in _merged_unitaries().items() if authority_code in past.successors]
    ends = sorted({last for _, _, last in spans})
    return tuple(Division(end, frozenset(code for code, first, last in spans if first <= end <= last)) for end in ends)


def _combined_key(name: str) -> str:
    text = re.sub(r"\b(mayoral|combined|county|strategic|authority|the|mca|cca|ca)\b", " ", name.lower().replace("&", " and "))
    return " ".join(text.split())


def combined_authority(name: str) -> list[places.Place]:
    """The upper-tier authorities in a combined authority or combined county authority (May 2025).

    Raises `DataJamError` with the nearest names. The North East Combined Authority is smaller than the North East region.

    >>> [place.name for place in combined_authority("Hull and East Yorkshire Combined Authority")]
    ['Kingston upon Hull, City of', 'East Riding of Yorkshire']
    >>> len(combined_authority("North East")), len(places.authorities("North East"))
    (7, 12)
    """
    known = sorted({place.combined_authority for place in places.authorities()} - {""})
    chosen = [official for official in known if _combined_key(official) == _combined_key(str(name))]
    if not chosen:
        raise DataJamError(f"No combined authority is called {str(name)[:60]!r}. {did_you_mean(str(name)[:60], known)}")
    return [place for place in places.authorities() if place.combined_authority == chosen[0]]
