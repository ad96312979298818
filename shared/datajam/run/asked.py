"""What a batch is asked for: which places, and which values of the notebooks' parameters."""

from collections.abc import Iterable, Sequence
from itertools import product
from pathlib import Path

from datajam.errors import DataJamError
from datajam.vocabulary import places
from datajam.vocabulary.places import Place, UnknownPlace

EVERY = ("all", "england")
_LONGEST_NAME = 3  # commas there are in the name of a place, and one more


def places_asked(text: str) -> list[Place]:
    """The places that `--places` names, each once, in the order named.

    `england` is its 153 upper-tier authorities, `all` those, the nine regions and England itself, `region:NAME` the
    authorities of a region. Anything else is a list of names, aliases or GSS codes with commas between them, or a text file
    with one in each line, where # begins a comment. Raises `DataJamError` for a place that is not known, with the nearest
    names, and for a file that holds none.

    >>> [place.name for place in places_asked("region:North East")][:2]
    ['Hartlepool', 'Middlesbrough']
    >>> [place.name for place in places_asked("Hull, Bristol, City of, E06000047")]
    ['Kingston upon Hull, City of', 'Bristol, City of', 'County Durham']
    >>> len(places_asked("england")), len(places_asked("all"))
    (153, 163)
    """
    wanted = text.strip()
    if wanted.casefold() == "all":
        return places.everywhere()
    if wanted.casefold() == "england":
        return places.authorities()
    if wanted.casefold().startswith("region:"):
        return _of_region(wanted.partition(":")[2].strip())
    named = _of_file(Path(wanted)) if _is_file(wanted) else _parted(wanted)
    found = list(dict.fromkeys(places.find(name) for name in named))
    if not found:
        raise DataJamError(f"--places {text!r} names no place. Type all, england, region:NAME, names, or a file of names.")
    return found


def _of_region(name: str) -> list[Place]:
    region = places.find(name)
    if region.level != "region":
        known = ", ".join(each.name for each in places.regions())
        raise DataJamError(f"--places region:{name}: {region.name} is not a region. Choose from: {known}.")
    return places.authorities(region.code)


def _is_file(text: str) -> bool:
    try:
        return Path(text).is_file()
    except OSError:
        return False


def _of_file(path: Path) -> list[str]:
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError:
        raise DataJamError(f"--places {path}: not a text file in UTF-8. Save one place in each line.") from None
    return [line for line in (line.partition("#")[0].strip().strip('"') for line in lines) if line]


def _parted(text: str) -> list[str]:
    """The names in a list, some of which hold a comma themselves: the longest that is a place counts as one."""
    parts, found = [part.strip() for part in text.split(",") if part.strip()], []
    while parts:
        length = next((n for n in range(min(_LONGEST_NAME, len(parts)), 1, -1) if _is_place(", ".join(parts[:n]))), 1)
        found.append(", ".join(parts[:length]))
        del parts[:length]
    return found


def _is_place(text: str) -> bool:
    try:
        places.find(text)
    except UnknownPlace:
        return False
    return True


def grid(pairs: Iterable[Sequence[str]]) -> list[dict[str, str]]:
    """Every combination of parameters given more than once: each a dict, in order.

    >>> grid([("period", "2022/23"), ("period", "2023/24"), ("group", "boys")])
    [{'period': '2022/23', 'group': 'boys'}, {'period': '2023/24', 'group': 'boys'}]
    >>> grid([])
    [{}]
    """
    values: dict[str, dict[str, None]] = {}
    for name, value in pairs:
        values.setdefault(name, {})[value] = None
    return [dict(zip(values, chosen, strict=True)) for chosen in product(*values.values())]
