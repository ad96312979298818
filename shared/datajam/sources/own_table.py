"""A team's own table: any CSV brought into four columns, place, period, indicator and value, a row for each number.

`place` is a name, alias or GSS code of an English area; `period` a label such as 2023/24, 2025, 2025-04 or 2025 week 30;
`indicator` what the number is; `value` the number, or a marker that says why there is none: [c] suppressed, [low] too low to
give, [z] not applicable, [x] not available, [u] unreliable. More columns where there are any: `breakdown` (which group; without
it all), `unit` (one of `observations.UNITS`; without it count), `base` (how many it rests on), `lower_95` and `upper_95`.

Source: the markers are those of the Government Statistical Service, "Using symbols in tables" (2024).
"""

import re

from datajam.observe.cells import Block, Cells, combine, constant
from datajam.observe.observations import UNITS, BadSource, LoadReport, slug
from datajam.sources import Layout
from datajam.sources.files import Preview, read_csv
from datajam.vocabulary import places
from datajam.vocabulary.markers import GSS_BRACKETS

NEEDED = ("place", "period", "indicator", "value")
MORE = ("breakdown", "unit", "base", "lower_95", "upper_95", "note")
_GSS = r"[A-Za-z]\d{8}"


def _differences(look: Preview) -> list[str]:
    if look.kind != "csv":
        return [f"it is {look.kind}, not CSV"]
    missing = [f"column {name} is missing" for name in NEEDED if name not in look.header]
    strange = [name for name in look.header if name not in (*NEEDED, *MORE)]
    return missing + [f"column {name} is not one it knows ({', '.join(MORE)})" for name in strange]


def _unit(text: str) -> str:
    return slug(text) if text.strip() else "count"


def _checked_units(look: Preview, units) -> None:
    wrong = [text for text in units.categories if text not in UNITS]
    if wrong:
        raise BadSource(f"{look.path.name}: unit {wrong[0]!r} is not one DataJam knows. Choose from: {', '.join(UNITS)}.")


def _code(text: str) -> str:
    """The GSS code that a cell of the column place holds or names; the text itself where it is a code of another kind."""
    found = places.named(text)
    return found.code if found else text.strip() if re.fullmatch(_GSS, text.strip()) else ""


def _parse(look: Preview, report: LoadReport) -> Cells:
    columns, report.warnings = read_csv(look)
    rows = len(columns["place"])
    notes = columns["note"].categories if "note" in columns else []
    report.synthetic = any(text.lower().startswith("synthetic") for text in notes)
    report.labels = {slug(text): text for text in columns["indicator"].categories}
    unit = combine([columns["unit"]], _unit) if "unit" in columns else constant("count", rows)
    _checked_units(look, unit)
    ends = {name: columns.get(name) for name in ("lower_95", "upper_95", "base")}
    block = Block(
        indicator=combine([columns["indicator"]], slug),
        unit=unit,
        value=columns["value"],
        lower=ends["lower_95"],
        upper=ends["upper_95"],
        base=ends["base"],
    )
    place = columns["place"]
    return Cells(
        combine([place], lambda text: text.strip() if re.fullmatch(_GSS, text.strip()) else ""),
        combine([place], lambda text: "" if re.fullmatch(_GSS, text.strip()) else text.strip()),
        constant("", rows),
        columns["period"],
        constant("", rows),
        combine([columns["breakdown"]], lambda text: slug(text) or "all") if "breakdown" in columns else constant("all", rows),
        [block],
        place_code=combine([place], _code),
    )


LAYOUT = Layout(
    name="own_table",
    title="A team's own table: place, period, indicator, value",
    publisher="the team itself",
    profile=GSS_BRACKETS,
    differences=_differences,
    parse=_parse,
    licence="no open licence known",
)
