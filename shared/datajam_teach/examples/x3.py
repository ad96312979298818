"""X3, from example to your own data: a team's spreadsheet, brought into the four columns that a project reads."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

import datajam
from datajam.analyse import estimates
from datajam.say import charts
from datajam.vocabulary import places
from datajam_teach.scratch import scratch

SEED = 2018
SPELLED = {"Newcastle upon Tyne": "Newcastle", "County Durham": "Durham", "Redcar and Cleveland": "Redcar & Cleveland"}
MISSPELLED = {"Gateshead": "Gateshed"}
MONTHS = ("2025-04", "2025-05")


@dataclass(frozen=True)
class Truth:
    """The planted parameters: visits to youth clubs for each thousand young people, over all and how places differ."""

    visits: float = 40.0
    spread: float = 8.0
    region: str = "North East"


TRUTH = Truth()


def planted(seed: int = SEED, truth: Truth = TRUTH) -> pd.DataFrame:
    """The true numbers: a row for each authority of the region, a column for each month."""
    rng = np.random.default_rng(seed)
    names = [place.name for place in places.authorities(truth.region)]
    return pd.DataFrame(rng.normal(truth.visits, truth.spread, (len(names), len(MONTHS))).round(1), names, MONTHS)


def make(seed: int = SEED, truth: Truth = TRUTH) -> pd.DataFrame:
    """The team's sheet: a column for each month, names as people type them, one misspelt, and `tbc` where nobody counted.

    >>> make().shape
    (12, 3)
    """
    sheet = planted(seed, truth).astype(object)
    sheet.iloc[3, 1] = "tbc"
    sheet.index = [MISSPELLED.get(name, SPELLED.get(name, name)) for name in sheet.index]
    return sheet.rename_axis("Council").reset_index()


def mended(sheet: pd.DataFrame) -> pd.DataFrame:
    """The sheet with the misspelt name put right: in a copy, the sheet stays as it came."""
    right = {wrong: name for name, wrong in MISSPELLED.items()}
    return sheet.assign(Council=sheet["Council"].replace(right))


def long(sheet: pd.DataFrame) -> pd.DataFrame:
    """The sheet as four columns: place, period, indicator and value, a row for each number; `tbc` becomes the marker [x]."""
    rows = sheet.melt("Council", var_name="period", value_name="value").rename(columns={"Council": "place"})
    rows["value"] = rows["value"].replace({"tbc": "[x]"})
    return rows.assign(indicator="Youth club visits per 1,000", unit="rate per 1k")[
        ["place", "period", "indicator", "value", "unit"]
    ]


def save(rows: pd.DataFrame, name: str = "youth_clubs.csv") -> Path:
    """The rows as a CSV file, gone when Python ends."""
    path = scratch("x3") / name
    rows.to_csv(path, index=False)
    return path


def by_name(sheet: pd.DataFrame) -> pd.DataFrame:
    """The sheet merged with official names: those typed otherwise are not in it, and nothing says so."""
    official = pd.DataFrame({"Council": [place.name for place in places.authorities(TRUTH.region)]})
    return official.merge(sheet, on="Council")


def against(observations: pd.DataFrame, seed: int) -> pd.DataFrame:
    """The numbers read beside the planted ones."""
    true = planted(seed).stack().rename("planted").rename_axis(["area_name", "period_label"]).reset_index()
    known = observations.astype({"area_name": "str", "period_label": "str"})[["area_name", "period_label", "value", "status"]]
    return known.merge(true, on=["area_name", "period_label"], how="left")


def picture(observations: pd.DataFrame, place: str, seed: int) -> charts.Chart:
    """The latest month of every authority in the file, the place highlighted where it is one of them."""
    label = estimates.labels(observations)[-1]
    indicator = str(observations["indicator"].iloc[0])
    codes = [code for code in observations["area_code"].dropna().unique()]
    found = sorted((estimates.estimate(observations, code, indicator, label) for code in codes), key=_in_order)
    known = [one for one in found if one.value is not None]
    title = f"From {known[0].value:.0f} to {known[-1].value:.0f} visits per 1,000"
    chosen = [one for one in found if one.place == places.find(place).name]
    words, source = "youth club visits per 1,000 young people", "SYNTHETIC DATA, made for this example"
    listed = [*chosen, *(one for one in found if one not in chosen)]
    return charts.dots(listed, name="visits", title=title, label=words, source=source)


def _in_order(one: estimates.Estimate) -> tuple[bool, float]:
    return one.value is None, one.value or 0.0


def simulate(seed: int) -> dict[str, float]:
    """For one seed: councils a merge by name keeps, and how far the numbers read are from the planted ones."""
    sheet = make(seed)
    observations = datajam.read(save(long(mended(sheet)), f"youth_clubs_{seed}.csv"))
    table = against(observations, seed)
    return {
        "councils after a merge by name": len(by_name(sheet)),
        "councils read": observations["area_code"].nunique(),
        "largest error": float((table["value"] - table["planted"]).abs().max()),
        "not available": int((table["status"] == "not_available").sum()),
    }


EXPECTED = {"councils after a merge by name": (8.0, 0.0)}
TOLERANCE = {"councils read": (12.0, 0.0), "largest error": (0.0, 1e-9), "not available": (1.0, 0.0)}
