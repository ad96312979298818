"""Why a cell has no number: the same symbol means different things in different sources.

A profile lists a source's markers. `read` turns published cells into numbers and statuses without losing the marker.
"""

import re
from dataclasses import dataclass, field

STATUSES = ("ok", "suppressed", "low", "not_applicable", "not_available", "unreliable")
_BLANKS = ("", "NA", "N/A", "n/a", "NULL", "null", "NaN", "nan", ".", "..")
_NUMBER = re.compile(r"[+-]?(\d{1,3}(,\d{3})+(\.\d*)?|\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?%?", re.ASCII)


@dataclass(frozen=True)
class Profile:
    """A source's markers: {symbol: status}, matched without regard to case of letters or space around them."""

    name: str
    markers: dict[str, str]
    blanks: tuple[str, ...] = field(default=_BLANKS)

    def status(self, text: str) -> str | None:
        """The status a marker stands for, or None where it is not one of this source's.

        >>> DFE_EES.status("c"), DFE_EES.status("what")
        ('suppressed', None)
        """
        text = text.strip()
        if text in self.markers:
            return self.markers[text]
        return self.markers.get(text.lower()) or ("not_available" if text in self.blanks else None)


DFE_EES = Profile(
    "dfe_ees",
    {
        "c": "suppressed",
        "~": "suppressed",
        "low": "low",
        "k": "low",
        "z": "not_applicable",
        "x": "not_available",
        ":": "not_available",
        "u": "unreliable",
    },
)
GSS_BRACKETS = Profile(
    "gss_brackets",
    {"[c]": "suppressed", "[low]": "low", "[z]": "not_applicable", "[x]": "not_available", "[u]": "unreliable"},
)
NOMIS_APS = Profile("nomis_aps_xlsx", {"!": "suppressed", "~": "low", "-": "not_available", "*": "unreliable"})
DFE_LAIT = Profile("dfe_lait", {"-": "not_available"})
PERFORMANCE_TABLES = Profile(
    "perf_tables",
    {"supp": "suppressed", "np": "not_applicable", "ne": "not_applicable", "lowcov": "unreliable"},
)
ONS_ELS = Profile(
    "ons_els",
    {
        "c": "suppressed",
        "x": "not_available",
        "u": "unreliable",
        "z": "not_applicable",
        "u, noted as suppressed": "suppressed",
        "noted as unreliable": "unreliable",
    },
)


def number(text: str) -> float | None:
    """A published cell as a number, thousands commas and a percent sign allowed; None where it is not one.

    >>> number(" 1,234.5 "), number("43%"), number("c"), number("nan")
    (1234.5, 43.0, None, None)
    """
    text = text.strip()
    if not _NUMBER.fullmatch(text):
        return None
    value = float(text.rstrip("%").replace(",", ""))
    return value if abs(value) != float("inf") else None


def read(text: str, profile: Profile) -> tuple[float | None, str, bool]:
    """One published cell as (number, status, whether the cell was understood).

    >>> read("15.2", DFE_EES), read("c", DFE_EES), read("?", DFE_EES)
    ((15.2, 'ok', True), (None, 'suppressed', True), (None, 'not_available', False))
    """
    value = number(text)
    if value is not None:
        return value, "ok", True
    status = profile.status(text)
    return None, status or "not_available", status is not None
