"""The one tidy table every loader emits: a row for each place, period, indicator and breakdown.

| column | meaning |
|---|---|
| source | the layout it was read with |
| area_level | country, region, subregion (Inner or Outer London), la (upper tier or unitary), lad (lower tier) |
| area_code, area_name | current GSS code and official name; missing where the area cannot be placed |
| region_code, region_name | the region it lies in |
| source_area_code, source_area_name | exactly as published |
| period_start, period_end, period_label | first and last day; the label as published |
| indicator, breakdown | slugs; `all` is everybody |
| value, unit | percentages 0 to 100, never 0 to 1; missing unless status is ok or unreliable |
| lower_ci, upper_ci | published 95% interval |
| base | denominator or sample size |
| status, status_raw | why there is no number, and the marker as published |

Repeated text is held as pandas categories: a million rows need a tenth of the memory.
"""

import re
from dataclasses import dataclass, field
from functools import cache

import numpy as np
import pandas as pd

from datajam.errors import DataJamError
from datajam.vocabulary import districts, markers, places

COLUMNS = (
    "source area_level area_code area_name region_code region_name source_area_code source_area_name "
    "period_start period_end period_label indicator breakdown value unit lower_ci upper_ci base status "
    "status_raw"
).split()
LEVELS = ("country", "region", "subregion", "la", "lad")
UNITS = (
    "percent score count gbp_hour gbp_week gbp_year rate_per_1k rate_per_10k rate_per_100k mean_0_10 rank index years minutes"
).split()
KEY = ["source", "area_code", "period_start", "period_end", "indicator", "breakdown"]


class BadSource(DataJamError):
    """A file that cannot be read as what it claims to be."""


@dataclass
class LoadReport:
    """What happened between a published file and the tidy table: nothing is dropped without a line here."""

    source: str
    file: str
    rows_in: int = 0
    cells_in: int = 0
    rows_out: int = 0
    duplicates_collapsed: int = 0
    interval_cells: int = 0
    left_out: int = 0
    areas_matched: int = 0
    areas_mapped: dict[str, str] = field(default_factory=dict)
    areas_unplaced: dict[str, int] = field(default_factory=dict)
    periods: list[str] = field(default_factory=list)
    indicators: list[str] = field(default_factory=list)
    breakdowns: list[str] = field(default_factory=list)
    statuses: dict[str, int] = field(default_factory=dict)
    markers: dict[str, int] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    labels: dict[str, str] = field(default_factory=dict)
    synthetic: bool = False

    def balanced(self) -> bool:
        """Whether every value cell of the file is a row out, or counted as collapsed, left out or an interval's end."""
        return self.cells_in == self.rows_out + self.duplicates_collapsed + self.interval_cells + self.left_out

    def __str__(self) -> str:
        lines = [
            f"{self.file}: {self.rows_in:,} rows with {self.cells_in:,} values, read as {self.source}",
            f"  out         {self.rows_out:,} observations"
            + (f", {self.duplicates_collapsed:,} repeated values collapsed" if self.duplicates_collapsed else "")
            + (f", {self.interval_cells:,} values are ends of intervals" if self.interval_cells else "")
            + (f", {self.left_out:,} left out" if self.left_out else ""),
            f"  areas       {self.areas_matched} matched"
            + (f", {len(self.areas_mapped)} under an ended code" if self.areas_mapped else "")
            + (f", {len(self.areas_unplaced)} not placed" if self.areas_unplaced else ""),
            f"  periods     {_shortened(self.periods)}",
            f"  indicators  {_shortened(self.indicators)}",
            f"  breakdowns  {_shortened(self.breakdowns)}",
            "  statuses    " + ", ".join(f"{name} {count:,}" for name, count in self.statuses.items()),
        ]
        lines += [f"  mapped      {old} -> {new}" for old, new in self.areas_mapped.items()]
        unplaced = [f"  not placed  {name} ({count:,} values)" for name, count in self.areas_unplaced.items()]
        lines += unplaced[:12] + [f"  not placed  … and {len(unplaced) - 12} more"] * (len(unplaced) > 12)
        lines += [f"  warning     {text}" for text in self.warnings]
        return "\n".join(lines)


def _shortened(names: list[str], most: int = 8) -> str:
    return ", ".join(names[:most]) + (f" … ({len(names)} in all)" if len(names) > most else "")


def slug(text: str) -> str:
    """A published label as an indicator or breakdown name.

    >>> slug("CLA 12 months at 31 March"), slug(" Gender Female ")
    ('cla_12_months_at_31_march', 'gender_female')
    """
    return re.sub(r"[^0-9a-z]+", "_", text.strip().lower()).strip("_")


class Told(dict):
    """What is said about a table in its attrs, which pandas copies in depth at every step: said once, it never changes."""

    def __deepcopy__(self, _) -> "Told":
        return self


def load_report(observations: pd.DataFrame) -> LoadReport:
    """The report of the load that made this table.

    Raises `DataJamError` for a table that did not come from `datajam.read`.
    """
    try:
        return LoadReport(**observations.attrs["load_report"])
    except KeyError:
        raise DataJamError("This table has no load report: read it with datajam.read(path).") from None


@cache
def schema():
    """The table as a pandera schema: dtypes, allowed values, value missing unless ok, rows unique on their key."""
    import pandera.pandas as pa

    def text(nullable: bool, allowed=None):
        checks = [pa.Check.isin(allowed)] if allowed else []
        return pa.Column("category", checks, nullable=nullable)

    def missing_unless_known(table):
        hidden = ~table["status"].isin(["ok", "unreliable"])
        return not (table["value"].notna() & hidden).any() and table["value"][table["status"] == "ok"].notna().all()

    def unique(table):
        placed = table[table["area_code"].notna()]
        return not placed.duplicated(KEY).any()

    number = pa.Column(float, pa.Check(lambda v: np.isfinite(v.dropna()).all()), nullable=True)
    return pa.DataFrameSchema(
        {
            "source": text(False),
            "area_level": text(True, LEVELS),
            "area_code": text(True, [*places.by_code(), *districts.by_code()]),
            **{name: text(True) for name in ("area_name", "region_code", "region_name")},
            **{name: text(False) for name in ("source_area_code", "source_area_name")},
            "period_start": pa.Column("datetime64[s]"),
            "period_end": pa.Column("datetime64[s]"),
            **{name: text(False) for name in ("period_label", "indicator", "breakdown")},
            "value": number,
            "unit": text(False, UNITS),
            "lower_ci": number,
            "upper_ci": number,
            "base": pa.Column("Int64", nullable=True),
            "status": text(False, markers.STATUSES),
            "status_raw": text(True),
        },
        checks=[
            pa.Check(missing_unless_known, name="value", error="value is missing unless status is ok or unreliable"),
            pa.Check(unique, name="unique", error=f"rows are unique on {', '.join(KEY)}"),
        ],
        strict=True,
        ordered=True,
    )


def check(observations: pd.DataFrame) -> pd.DataFrame:
    """Return the table if it is a valid observations table, else raise `DataJamError` with what is not."""
    import pandera.errors

    try:
        return schema().validate(observations)
    except pandera.errors.SchemaError as error:
        raise DataJamError(f"Not an observations table: {str(error).splitlines()[0]}") from None
