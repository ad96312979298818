"""Invented cells as the tidy table that `datajam.read` gives for a published file, for examples that call projects' functions."""

from collections.abc import Iterable

import numpy as np
import pandas as pd

PERIOD = "2023/24"


def observed(cells: Iterable[tuple[str, str, str, float]]) -> pd.DataFrame:
    """Cells as observations of one period; a cell is (GSS code, breakdown, indicator, value).

    >>> observed([("E08000035", "not_fsm", "avg_att8", 50.1)])["status"].tolist()
    ['ok']
    """
    table = pd.DataFrame(cells, columns=["area_code", "breakdown", "indicator", "value"])
    return table.assign(period_label=PERIOD, status="ok", lower_ci=np.nan, upper_ci=np.nan)
