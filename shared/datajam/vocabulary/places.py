"""The places of England that education and skills figures are published for, by name, alias or GSS code.

153 upper-tier and unitary authorities in force since 1 May 2025, 9 regions, England, and the two parts of London that
some files publish instead of London. Codes that ended are kept with their successors: an ended code stands for its
successor only where both cover the same ground.

Source: ONS Code History Database and DfE geography tables (codes, names, dates), May 2025.
"""

import csv
import re
import unicodedata
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from datajam.errors import DataJamError, nearest

_DATA = Path(__file__).parents[1] / "data"
ENGLAND = "E92000001"
_WITH_ARTICLE = {"East of England", "Isles of Scilly", "Isle of Wight", "City of London", "East Riding of Yorkshire"}


class UnknownPlace(DataJamError):
    """No place, or more than one, goes by this name."""


@dataclass(frozen=True)
class Place:
    """One area: its GSS code, official name, level (country, region, subregion, la) and region.

    >>> find("Durham").name, find("Durham").region_name, find("Durham").slug
    ('County Durham', 'North East', 'county-durham')
    """

    code: str
    name: str
    level: str
    region_code: str
    dfe_number: str
    kind: str
    combined_authority: str

    @property
    def slug(self) -> str:
        return re.sub(r"[^a-z0-9]+", "-", self.name.lower()).strip("-")

    @property
    def region_name(self) -> str:
        return by_code()[self.region_code].name if self.region_code else ""

    @property
    def spoken(self) -> str:
        """The name as it stands in a sentence: 'the North East', 'Leeds', 'Herefordshire'."""
        if self.name.endswith((", City of", ", County of")):
            return self.name.rsplit(",", 1)[0]
        article = self.level == "region" and self.name not in ("London", "Yorkshire and The Humber", "East of England")
        return f"the {self.name}" if article or self.name in _WITH_ARTICLE else self.name

    @property
    def opening(self) -> str:
        """The name as it opens a sentence: 'The North East', 'Leeds'."""
        return self.spoken[:1].upper() + self.spoken[1:]

    @property
    def comparators(self) -> tuple["Place", ...]:
        """The wider places this one is compared with, nearest first: its region, then England."""
        region = (by_code()[self.region_code],) if self.level in ("la", "subregion") else ()
        return (*region, by_code()[ENGLAND]) if self.level != "country" else ()


@dataclass(frozen=True)
class Retired:
    """An ended code: what it was, when it ended, what took its place, and whether that covers the same ground."""

    code: str
    name: str
    region_code: str
    dfe_number: str
    valid_to: str
    successors: tuple[str, ...]
    same_footprint: bool
    note: str


def _rows(name: str) -> list[dict[str, str]]:
    with open(_DATA / name, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@cache
def by_code() -> dict[str, Place]:
    """Every current place by GSS code, London's two parts included."""
    return {row["code"]: Place(**{key: value for key, value in row.items() if key != "valid_from"}) for row in _rows("places.csv")}


@cache
def retired() -> dict[str, Retired]:
    """Every ended code that is still met in published files."""
    return {
        row["code"]: Retired(
            row["code"],
            row["name"],
            row["region_code"],
            row["dfe_number"],
            row["valid_to"],
            tuple(row["successors"].split("|")),
            row["same_footprint"] == "yes",
            row["note"],
        )
        for row in _rows("retired.csv")
    }


def everywhere() -> list[Place]:
    """The 163 places a project can be about: 153 authorities, 9 regions, England.

    >>> len(everywhere()), len(authorities()), len(regions())
    (163, 153, 9)
    """
    return [place for place in by_code().values() if place.level != "subregion"]


def authorities(region: str = "") -> list[Place]:
    """The upper-tier authorities, of one region where its code or name is given.

    >>> [place.name for place in authorities("North East")][:2]
    ['Hartlepool', 'Middlesbrough']
    """
    code = find(region).code if region else ""
    return [place for place in by_code().values() if place.level == "la" and code in ("", place.region_code)]


def regions() -> list[Place]:
    """The nine regions."""
    return [place for place in by_code().values() if place.level == "region"]


def current(code: str) -> Place | None:
    """The place a code stands for today: itself, or its successor where both cover the same ground.

    >>> current("E08000020").code, current("E10000022").code
    ('E08000037', 'E06000057')
    >>> current("E10000006") is None  # Cumbria was split
    True
    """
    seen = retired().get(code)
    while seen and seen.same_footprint and len(seen.successors) == 1:
        code = seen.successors[0]
        seen = retired().get(code)
    return None if seen else by_code().get(code)


def _key(text: str) -> str:
    """A name without case, accents, punctuation and the words councils put around it."""
    text = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower().replace("&", " and ")
    words = re.sub(r"[^a-z0-9]+", " ", text.replace(".", "").replace("'", "")).split()
    return " ".join(words)


def _short(key: str) -> str:
    """A key without the titles around a name: 'leeds city council' and 'city of leeds' are both 'leeds'."""
    key = re.sub(r"^(the )?(london borough|royal borough|metropolitan borough|city|county|borough) of ", "", key)
    key = re.sub(r" (city of|county of)$", "", key)
    return re.sub(r" (metropolitan borough|city and county|city|county|borough|unitary)? ?council$", "", key)


@cache
def _by_name() -> dict[str, str]:
    names = {_key(alias["alias"]): alias["code"] for alias in _rows("aliases.csv")}
    current_names = {_key(place.name): code for code, place in by_code().items() if place.level != "subregion"}
    for code, place in by_code().items():
        names.setdefault(_short(_key(place.name)), code)
        if place.dfe_number:
            names[place.dfe_number] = code
    for code, past in retired().items():
        names.setdefault(_key(past.name), code)
    return names | current_names


def _ended(past: Retired) -> str:
    parts = [f"{by_code()[code].name} ({code})" for code in past.successors]
    became = " and ".join(parts) if len(parts) < 3 else ", ".join(parts)
    verb = "was split into" if len(parts) > 1 else "became part of"
    return (
        f"{past.code} is {past.name}, which ended on {past.valid_to} and {verb} {became}, not the same ground. "
        f"Type {' or '.join(past.successors)}."
    )


def _near(text: str) -> list[str]:
    official = {place.name: place.name for place in everywhere()}
    for alias in _rows("aliases.csv"):
        if alias["code"] in by_code():
            official[alias["alias"]] = by_code()[alias["code"]].name
    return list(dict.fromkeys(official[name] for name in nearest(text, official)))


def _code(text: str) -> str:
    """The code a text is or names, current or ended; nothing where it names none."""
    if re.fullmatch(r"[A-Za-z]\d{8}", text):
        return text.upper()
    return _by_name().get(_key(text)) or _by_name().get(_short(_key(text)), "")


def named(text: str) -> Place | None:
    """The place a name, alias or code means; None, without looking for near ones, where it means none.

    >>> named("hull").code, named("Atlantis") is None, named("Cumbria") is None
    ('E06000010', True, True)
    """
    place = current(_code(str(text).strip()))
    return place if place and place.level != "subregion" else None


def spoken(text: str) -> str:
    """A place's name as it stands in a sentence; what is no place of ours, such as a ward, as it is written.

    >>> spoken("North East"), spoken("the places most like it")
    ('the North East', 'the places most like it')
    """
    found = named(text)
    return found.spoken if found else text


def find(query: str) -> Place:
    """The place somebody means by a name, common alias, three-digit DfE number or GSS code.

    Raises `UnknownPlace` with the nearest names, or with the successors of an area that was split or merged.

    >>> find("hull").name, find("E06000047").name, find("Yorkshire and the humber").code
    ('Kingston upon Hull, City of', 'County Durham', 'E12000003')
    >>> find("E08000016").code  # Barnsley's code until April 2025
    'E08000038'
    >>> find("Newcastel")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    datajam.vocabulary.places.UnknownPlace: No place called 'Newcastel'. Did you mean Newcastle upon Tyne? ...
    """
    text = str(query).strip()
    code = _code(text)
    place = current(code)
    if place and place.level != "subregion":
        return place
    if code in retired():
        raise UnknownPlace(_ended(retired()[code]))
    if place:
        raise UnknownPlace(f"{place.name} ({code}) is a part of London, not a place a project is about. Type London.")
    if code:
        raise UnknownPlace(
            f"No English region or upper-tier authority has the code {code!r}. Type its name, or `datajam places NAME`."
        )
    close = _near(text)
    hint = f"Did you mean {' or '.join(close)}?" if close else "Type a region, an upper-tier authority, or England."
    shown = text if len(text) <= 60 else text[:57] + "..."
    raise UnknownPlace(f"No place called {shown!r}. {hint} `datajam places {shown or 'NAME'}` searches.")


def search(query: str, count: int = 10) -> list[Place]:
    """Places whose name, alias or code holds the query, best first; near spellings when none does.

    >>> [place.name for place in search("tyneside")]
    ['North Tyneside', 'South Tyneside']
    """
    try:
        exact = [find(query)]
    except UnknownPlace:
        exact = []
    key = _key(query)
    holds = [place for place in everywhere() if key and (key in _key(place.name) or key in place.code.lower())]
    close = [find(name) for name in _near(query)]
    return list(dict.fromkeys(exact + (holds or ([] if exact else close))))[:count]
