"""Explore Local Statistics (ELS), the ONS download of one indicator for every area, one row a value.

Markers stand in a column of their own (`status`), some reasons only in `notes`. Areas are of every UK kind and of every
vintage: what is not an English place is kept and reported as not placed.

Source: ONS, "Explore local statistics: data downloads" (2026).
"""

from datajam.observe.cells import Block, Cells, combine, constant
from datajam.observe.observations import LoadReport, slug
from datajam.sources import Layout
from datajam.sources.files import Preview, read_csv
from datajam.vocabulary.markers import ONS_ELS

_COLUMNS = "areacd areanm geography indicator period measure observation unit lci_95 uci_95 status notes".split()
_UNITS = {
    "%": "percent",
    "score out of 10": "mean_0_10",
    "£": "gbp_week",
    "rate per 100,000 population": "rate_per_100k",
}


def _differences(look: Preview) -> list[str]:
    if look.kind != "csv":
        return [f"it is {look.kind}, not CSV"]
    return [f"column {name} is missing" for name in _COLUMNS if name not in look.header]


def _flag(status: str, note: str) -> str:
    """The marker of a row, from its status and, where only the note says it, from that.

    >>> _flag("x", ""), _flag("", "Estimate and confidence interval unreliable"), _flag("u", "Observation suppressed")
    ('x', 'noted as unreliable', 'u, noted as suppressed')
    """
    status, note = status.strip(), note.lower()
    if status == "u" and "suppressed" in note:
        return "u, noted as suppressed"
    return status or ("noted as unreliable" if "unreliable" in note else "")


def _parse(look: Preview, report: LoadReport) -> Cells:
    columns, report.warnings = read_csv(look, may_repeat=("notes",))
    rows = len(columns["areacd"])
    report.synthetic = any(text.lower().startswith("synthetic") for text in columns["notes"].categories)
    kinds = combine([columns["indicator"], columns["measure"]], lambda indicator, measure: f"{indicator}|{measure}")
    measures = {text.split("|")[0] for text in kinds.categories}
    several = len(measures) < len(kinds.categories)
    name = (lambda indicator, measure: slug(f"{indicator} {measure}")) if several else (lambda indicator, _: slug(indicator))
    report.labels = {slug(text): text for text in columns["indicator"].categories}
    block = Block(
        indicator=combine([columns["indicator"], columns["measure"]], name),
        unit=combine([columns["unit"]], lambda unit: _UNITS.get(unit.strip().lower(), "count")),
        value=columns["observation"],
        lower=columns["lci_95"],
        upper=columns["uci_95"],
        flag=combine([columns["status"], columns["notes"]], _flag),
    )
    blank = constant("", rows)
    return Cells(
        columns["areacd"], columns["areanm"], columns["geography"], columns["period"], blank, constant("all", rows), [block]
    )


LAYOUT = Layout(
    name="ons_els",
    title="ONS Explore Local Statistics CSV",
    publisher="Office for National Statistics",
    profile=ONS_ELS,
    differences=_differences,
    parse=_parse,
)
