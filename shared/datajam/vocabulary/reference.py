"""Published figures of the nine regions and England: the real picture to set beside synthetic local data.

Nine measures, each for its latest year and for the years before it that were at hand, as their publishers gave them; nothing
is computed here. The table beside this module keeps the publishers' period labels; `figures` reads them as days. The tool
named LAIT names an academic year by its end: its 2025 is 2024/25. Scilly, the authorities and any other year are not in it.

Contains public sector information licensed under the Open Government Licence v3.0.

Source: DfE local authority interactive tool and NEET scorecard (2022 to 2025), ONS Explore Local Statistics (2026).
"""

from functools import cache
from pathlib import Path

import pandas as pd

from datajam.errors import DataJamError, did_you_mean
from datajam.vocabulary import periods

LICENCE = "Contains public sector information licensed under the Open Government Licence v3.0."
_FILE = Path(__file__).parents[1] / "data" / "region_reference_figures.csv"
_MEASURES = {
    "attainment8_all": "Average Attainment 8 score",
    "attainment8_fsm_eligible": "Average Attainment 8 score, pupils eligible for free school meals",
    "attainment8_not_fsm": "Average Attainment 8 score, pupils not eligible for free school meals",
    "neet_16_17": "Aged 16 to 17 not in education, employment or training",
    "level3_by_19_all": "Level 3 qualification by age 19",
    "level3plus_16_64_rqf": "Level 3 or above qualification (RQF), aged 16 to 64",
    "gross_median_weekly_pay": "Gross median weekly pay",
    "wellbeing_mean_satisfaction": "Mean life satisfaction, 0 to 10",
    "children_relative_poverty_ahc": "Children in relative poverty after housing costs",
}
_UNITS = {"%": "percent", "score": "score", "GBP": "gbp_week", "0-10": "mean_0_10"}
_NAMED_BY_ITS_END = "LAIT year label"


@cache
def _table() -> pd.DataFrame:
    table = pd.read_csv(_FILE, dtype=str, keep_default_na=False)
    spans = [_span(label, source) for label, source in zip(table["period"], table["source"], strict=True)]
    return table.assign(
        value=table["value"].astype(float),
        unit=table["unit"].map(_UNITS),
        period_label=[span.label for span in spans],
        period_start=pd.to_datetime([span.start for span in spans]),
        period_end=pd.to_datetime([span.end for span in spans]),
    )


def _span(label: str, source: str) -> periods.Period:
    """A publisher's label as days: an academic year that LAIT names by its end is the one that ends then."""
    if _NAMED_BY_ITS_END in source:
        return periods.parse(f"{int(label) - 1}/{int(label) % 100:02d}", "academic year")
    return periods.parse(label)


def measures() -> dict[str, str]:
    """The measures there are figures for: {measure: what it is}.

    >>> measures()["neet_16_17"]
    'Aged 16 to 17 not in education, employment or training'
    """
    return dict(_MEASURES)


def figures(measure: str) -> pd.DataFrame:
    """One measure's published figures, oldest year first, then England and the regions by code.

    Columns: measure, period (as published), area_code, area_name, value, unit (one of `observations.UNITS`; percentages 0 to
    100), source, period_label, period_start, period_end. Quote a figure with its source and period_label. Child poverty has
    no figure for England. Raises `DataJamError` with the nearest measure for one that is not there.

    >>> latest = figures("attainment8_fsm_eligible").query("period_label == '2024/25'").set_index("area_name")["value"]
    >>> float(latest["North East"]), float(latest["London"]), float(latest["England"])
    (33.8, 42.0, 35.0)
    >>> figures("atainment8_all")
    Traceback (most recent call last):
        ...
    datajam.errors.DataJamError: No reference figures for 'atainment8_all'. Did you mean attainment8_all?
    """
    if measure not in _MEASURES:
        raise DataJamError(f"No reference figures for {str(measure)[:60]!r}. {did_you_mean(str(measure), _MEASURES)}")
    table = _table()
    return table[table["measure"] == measure].sort_values(["period_start", "area_code"], ignore_index=True)
