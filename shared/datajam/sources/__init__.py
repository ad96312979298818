"""Readers of published layouts, one module each, all giving the observations table.

A layout is one `Layout` object; `read` finds the one that fits a file by its content, never by its name.
"""

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

import pandas as pd

from datajam.errors import DataJamError
from datajam.observe.cells import Cells, tidy
from datajam.observe.observations import BadSource, LoadReport
from datajam.sources.files import Preview, preview, sha256
from datajam.vocabulary.markers import Profile

OGL = "Open Government Licence v3.0"
# The NEET scorecard is an EES file with measures of its own: it is asked first.
_READY: dict[tuple[str, str, str], pd.DataFrame] = {}
_MODULES = (
    "dfe_neet dfe_ees dfe_lait ons_els ons_subnational mhclg_iod nomis_aps ons_adverts skill_adjacency dcms_cls own_table"
).split()


@dataclass(frozen=True)
class Layout:
    """A published layout: how it is recognised, what its markers mean, and how its cells are found.

    `differences` lists what keeps a file from being this layout, in words; an empty list recognises it.
    """

    name: str
    title: str
    publisher: str
    profile: Profile
    differences: Callable[[Preview], list[str]]
    parse: Callable[[Preview, LoadReport], Cells]
    licence: str = OGL


def layouts() -> list[Layout]:
    """Every known layout."""
    return [import_module(f"datajam.sources.{name}").LAYOUT for name in _MODULES]


def recognise(look: Preview) -> Layout:
    """The layout a file is published in.

    Raises `BadSource` naming the nearest known layout and what differs.
    """
    differing = [(layout.differences(look), layout) for layout in layouts()]
    for differences, layout in differing:
        if not differences:
            return layout
    empty = Preview(look.path, look.kind, rows=[[""]], sheets={"": [[""]]} if look.sheets else {})

    def distance(pair: tuple[list[str], Layout]) -> tuple[bool, float]:
        """Files of another kind last; then by how much is lacking of what an empty file lacks."""
        differences, layout = pair
        return differences[0].startswith(f"it is {look.kind},"), len(differences) / max(len(layout.differences(empty)), 1)

    differences, layout = min(differing, key=distance)
    raise BadSource(
        f"{look.path.name}: not a layout DataJam reads. Nearest is {layout.name} ({layout.title}), but "
        f"{'; '.join(differences[:4])}. `datajam layouts` lists what can be read; your own data joins in as a CSV with four "
        "columns, place, period, indicator and value, a row for each number."
    )


def read(path: str | Path, layout: str = "", *, keep_postcodes: bool = False) -> pd.DataFrame:
    """Read a published file as the observations table; `datajam.load_report` of it says what happened.

    The layout is recognised by content unless it is named. A column of full postcodes is coded to authorities and dropped
    unless it is kept on purpose. Raises `BadSource` for a file that cannot be read as one.
    """
    ready = _READY.get(_content(path, layout)) if _READY and not keep_postcodes else None
    if ready is not None:
        return ready.copy(deep=False)
    look = preview(path)
    look.keep_postcodes = keep_postcodes
    chosen = named(layout) if layout else recognise(look)
    differences = chosen.differences(look) if layout else []
    if differences:
        raise BadSource(f"{look.path.name}: not {chosen.name} as hack.toml says: {'; '.join(differences[:4])}.")
    report = LoadReport(chosen.name, look.path.name)
    return tidy(chosen.parse(look, report), profile=chosen.profile, report=report)


def make_ready(path: str | Path, layout: str = "") -> None:
    """Read a file now for every `read` of the same content to come, in this process and those forked from it.

    A file that is read with a warning is read again each time, so that whoever reads it is warned.
    """
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        observations = read(path, layout)
    if not warned:
        _READY[_content(path, layout)] = observations


def _content(path: str | Path, layout: str) -> tuple[str, str, str]:
    return Path(path).name, layout, sha256(Path(path)) if Path(path).is_file() else ""


def named(name: str) -> Layout:
    """The layout of that name.

    >>> named("dfe_ees").publisher
    'Department for Education'
    """
    known = {layout.name: layout for layout in layouts()}
    if name not in known:
        raise DataJamError(f"No layout is called {name!r}. Choose from: {', '.join(known)}.")
    return known[name]
