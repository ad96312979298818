"""A8, attainment or progression: the gap at 16 in twelve authorities, in some there at 11 already, in others opened since."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from datajam.analyse import gaps, progress
from datajam.say import charts
from datajam.vocabulary import places
from datajam_teach.examples.tidy import PERIOD, observed

SEED = 2025
GROUPS = ("fsm_eligible", "not_fsm")
REGION = "North East"


@dataclass(frozen=True)
class Truth:
    """The planted parameters: points of Attainment 8 unless said otherwise.

    The gap at 16, how far authorities' levels differ, which share of the gap was there at 11 (from, to), how far pupils differ
    (Attainment 8, Progress 8), and pupils of each group in an authority.
    """

    gap: float = 15.0
    level_spread: float = 3.0
    shares: tuple[float, float] = (0.4, 0.95)
    pupil_spread: float = 18.0
    progress_spread: float = 1.15
    pupils: tuple[int, int] = (500, 1500)


TRUTH = Truth()


def make(seed: int = SEED, truth: Truth = TRUTH) -> pd.DataFrame:
    """The tidy table of one year: pupils, Attainment 8 and Progress 8 by eligibility for free meals in each authority.

    >>> make()["area_code"].nunique()
    12
    """
    rng, cells = np.random.default_rng([seed, 1]), []
    before = np.sqrt(truth.pupil_spread**2 - (10 * truth.progress_spread) ** 2)
    for place, row in planted(seed, truth).iterrows():
        code = places.find(str(place)).code
        for group, pupils, lower in zip(GROUPS, truth.pupils, (1.0, 0.0), strict=True):
            expected = row["level"] - lower * row["share"] * truth.gap + rng.normal(0, before / np.sqrt(pupils))
            since = row["progress"] - lower * (1 - row["share"]) * truth.gap / 10
            since += rng.normal(0, truth.progress_spread / np.sqrt(pupils))
            numbers = (pupils, expected + 10 * since, pupils, since)
            cells += [(code, group, *each) for each in zip(_NAMES, numbers, strict=True)]
    return observed(cells)


_NAMES = ("t_pupils", "avg_att8", "t_inp8calc", "avg_p8score")


def planted(seed: int = SEED, truth: Truth = TRUTH) -> pd.DataFrame:
    """Each authority's planted share of the gap, its level of attainment from prior results, and its pupils' progress."""
    rng = np.random.default_rng([seed, 0])
    names = [place.name for place in places.authorities() if place.region_name == REGION]
    share = rng.permutation(np.linspace(*truth.shares, len(names)))
    level = rng.normal(48, truth.level_spread, len(names))
    return pd.DataFrame(
        {"share": share, "level": level, "progress": rng.normal(0, 0.15, len(names))}, pd.Index(names, name="place")
    )


def league(table: pd.DataFrame) -> pd.DataFrame:
    """What a league table shows: each authority's average of pupils eligible for free meals, lowest first."""
    found = [gaps.score(table, code, GROUPS[0], PERIOD) for code in table["area_code"].unique()]
    rows = [(one.place, one.value, one.base) for one in found]
    return pd.DataFrame(rows, columns=["authority", "average", "pupils"]).sort_values("average", ignore_index=True)


def splits(table: pd.DataFrame) -> list[progress.Split]:
    """The gap of each authority taken apart, by the function that projects use."""
    return [progress.split(table, code, *GROUPS, PERIOD) for code in table["area_code"].unique()]


def shares(table: pd.DataFrame) -> pd.DataFrame:
    """Which share of each authority's gap was there at 11, with its 95% interval; lowest first."""
    rows = [(each.whole.place, each.whole.value, each.share, *each.share_interval) for each in splits(table)]
    columns = ["authority", "gap", "share", "lower", "upper"]
    return pd.DataFrame(rows, columns=columns).sort_values("share", ignore_index=True)


def against(found: pd.DataFrame, seed: int) -> pd.DataFrame:
    """The shares beside the planted ones, and whether each interval holds it."""
    true = planted(seed)["share"].reindex(found["authority"]).to_numpy()
    return found.assign(planted=true, holds=(found["lower"] <= true) & (true <= found["upper"]))


def picture(table: pd.DataFrame, here: str) -> charts.Chart:
    """The share of the gap that was there at 11 in every authority, in order."""
    every = sorted((each.share_estimate for each in splits(table)), key=lambda one: one.value)
    chosen = next((one for one in every if one.place == places.find(here).name), every[0])
    title = f"There at 11: from {every[0].value:.0f}% to {every[-1].value:.0f}% of the gap"
    label = "share of the gap at 16 that was there at 11"
    source = "SYNTHETIC DATA, made for this example"
    return charts.caterpillar(every, chosen, name="shares", title=title, label=label, source=source, unit="percent")


def simulate(seed: int) -> dict[str, float]:
    """For one seed: the mean and largest error of the shares, and how many of the twelve intervals hold the planted one."""
    found = against(shares(make(seed)), seed)
    error = found["share"] - found["planted"]
    low, high = found.iloc[0], found.iloc[-1]
    return {
        "mean error of the shares": float(error.mean()),
        "largest error": float(error.abs().max()),
        "intervals that hold": float(found["holds"].sum()),
        "part of intervals that hold": float(found["holds"].mean()),
        "range of the shares": float(high["share"] - low["share"]),
    }


EXPECTED = {"mean error of the shares": (0.0, 0.004), "part of intervals that hold": (0.95, 0.02)}
TOLERANCE = {"mean error of the shares": (0.0, 0.05), "intervals that hold": (12.0, 4.0)}
