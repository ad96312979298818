"""C2, which wards are really high: 150 wards with one rate, and three with a higher one."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from datajam.say import charts, charts_places

SEED = 2018
SMALL = 500


@dataclass(frozen=True)
class Truth:
    """The planted parameters: wards, how many are truly high, both rates, and how large wards are (median, spread)."""

    wards: int = 150
    high: int = 3
    rate: float = 0.05
    high_rate: float = 0.09
    median: float = 500
    spread: float = 1.1


TRUTH = Truth()


def make(seed: int = SEED, truth: Truth = TRUTH) -> pd.DataFrame:
    """One row a ward: its name (`place`), lonely people (`events`) of those asked (`base`), and whether it is truly high.

    >>> make()["truly_high"].sum()
    np.int64(3)
    """
    rng = np.random.default_rng(seed)
    base = np.clip(rng.lognormal(np.log(truth.median), truth.spread, truth.wards), 40, 8000).round().astype(int)
    chosen = rng.choice(np.flatnonzero((base > 900) & (base < 2500)), truth.high, replace=False)
    high = np.isin(np.arange(truth.wards), chosen)
    events = rng.binomial(base, np.where(high, truth.high_rate, truth.rate))
    names = [f"Ward {number}" for number in range(1, truth.wards + 1)]
    return pd.DataFrame({"place": names, "events": events, "base": base, "truly_high": high})


def league(wards: pd.DataFrame, rows: int = 10) -> pd.DataFrame:
    """The wards with the highest percentages, highest first."""
    percent = 100 * wards["events"] / wards["base"]
    return wards.assign(percent=percent).sort_values("percent", ascending=False).head(rows)[["place", "events", "base", "percent"]]


def small(table: pd.DataFrame) -> int:
    """How many of the wards have fewer than 500 people asked."""
    return int((table["base"] < SMALL).sum())


def outside(wards: pd.DataFrame, level: float = 99.8) -> pd.DataFrame:
    """The wards beyond the funnel's limits, above or below, where chance alone would seldom put one."""
    return wards[charts_places.beyond(wards, centre(wards)) >= level]


def centre(wards: pd.DataFrame) -> float:
    """The rate of all wards together."""
    return float(wards["events"].sum() / wards["base"].sum())


def found(wards: pd.DataFrame, listed: pd.DataFrame) -> tuple[int, int]:
    """How many of the listed wards are truly high, and how many are not."""
    true = wards.loc[listed.index, "truly_high"]
    return int(true.sum()), int((~true).sum())


def picture(wards: pd.DataFrame, level: float, place: str) -> charts.Chart:
    """The funnel, with the highest of the wards outside it named."""
    listed = outside(wards, level)
    here = str(league(wards.loc[listed.index], 1)["place"].iloc[0]) if len(listed) else str(wards["place"].iloc[0])
    title = f"{len(listed)} wards stand out, not ten" if len(listed) != 1 else "One ward stands out, not ten"
    label = f"lonely people among those asked in {len(wards)} wards, {place}"
    source = "SYNTHETIC DATA, made for this example"
    return charts_places.funnel(wards, here, name="wards", title=title, label=label, source=source)


def simulate(seed: int) -> dict[str, float]:
    """For one seed: true and false findings outside 99.8%, and whether most of the league's top ten are small wards."""
    wards = make(seed)
    true, false = found(wards, outside(wards))
    return {
        "planted wards found": true,
        "false alarms": false,
        "top ten mostly small wards": float(small(league(wards)) > 5),
        "false alarms outside 95%": found(wards, outside(wards, 95))[1],
    }


EXPECTED = {"planted wards found": (2.9, 0.1), "false alarms": (0.24, 0.12), "top ten mostly small wards": (0.96, 0.04)}
TOLERANCE = {"planted wards found": (3.0, 1.0), "false alarms": (0.0, 2.0)}
