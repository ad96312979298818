"""Where to look first: a place's numbers beside those of the places most like it, the clearest differences first.

Each difference is also given in standard deviations between authorities, so that points and percentages can be set in one
order. Where many are looked at, some differ by chance alone: the false discovery rate of those called clear is held at 5%.

Source: Benjamini and Hochberg, "Controlling the false discovery rate" (1995).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from datajam.analyse.estimates import Estimate, difference
from datajam.errors import DataJamError
from datajam.vocabulary import places


@dataclass(frozen=True)
class Looked:
    """One number looked at: its name in words, which way is worse (+1 higher, -1 lower), here, compared with, everywhere."""

    name: str
    worse: int
    here: Estimate
    other: Estimate
    every: Sequence[Estimate]


def compare(looked: Sequence[Looked]) -> pd.DataFrame:
    """A row for each number, worst first: name, here, other, difference, lower, upper, standardised, worse, clear, note.

    `standardised` is the difference in standard deviations between authorities, above 0 where the place does worse. `clear`
    allows for how many were looked at. Raises `DataJamError` where nothing is looked at or a direction is not 1 or -1.

    >>> made = lambda value: Estimate("Leeds", "all", "2025", value, 500, "ok", "made up", error=0.3, unit="percent")
    >>> one = Looked("NEET", 1, made(6.0), made(4.0), [made(3.0), made(4.0), made(5.0), made(6.0)])
    >>> compare([one])[["name", "difference", "standardised", "clear"]].round(2).values.tolist()
    [['NEET', 2.0, 1.55, True]]
    """
    if not looked or any(each.worse not in (1, -1) for each in looked):
        raise DataJamError("focus.compare: give at least one number, each with worse=1 (higher is worse) or -1.")
    rows = [_row(each) for each in looked]
    table = pd.DataFrame(rows)
    table["clear"] = _clear(table)
    return table.sort_values("standardised", ascending=False, na_position="last", ignore_index=True, kind="stable")


def _row(one: Looked) -> dict:
    between = difference(one.here, one.other)
    known = np.array([each.value for each in one.every if each.value is not None], dtype="float64")
    spread = float(known.std(ddof=1)) if len(known) > 2 else 0.0
    interval = between.interval or (None, None)
    reason = "" if between.value is not None else (one.here.reason or one.other.reason)
    return {
        "name": one.name, "here": one.here.value, "other": one.other.value, "difference": between.value,
        "lower": interval[0], "upper": interval[1], "unit": one.here.unit, "period": one.here.period,
        "standardised": one.worse * between.value / spread if between.value is not None and spread > 0 else None,
        "z": abs(between.value / between.error) if between.error else None, "note": reason,
    }  # fmt: skip


def _clear(table: pd.DataFrame) -> np.ndarray:
    """Which differences are clear of chance, allowing for how many were looked at."""
    from scipy.stats import norm
    from statsmodels.stats.multitest import multipletests

    known = table["z"].notna().to_numpy()
    found = np.zeros(len(table), dtype=bool)
    if known.any():
        found[known] = multipletests(2 * norm.sf(table["z"][known].astype("float64")), 0.05, "fdr_bh")[0]
    return found


def sentences(table: pd.DataFrame, place: str, other: str) -> list[str]:
    """What to look at first and what cannot be told apart, a sentence each; which numbers are missing and why."""
    where, there = places.spoken(place), places.spoken(other)
    worse = table[table["clear"] & (table["standardised"] > 0)]["name"]
    better = table[table["clear"] & (table["standardised"] < 0)]["name"]
    same = table[~table["clear"] & table["difference"].notna()]["name"]
    said = [
        f"{'Look first at' if len(worse) else 'Nothing is clearly worse in'} "
        + (f"{_list(worse)}: worse in {where} than in {there} by more than chance." if len(worse) else f"{where} than in {there}.")
    ]
    if len(better):
        said.append(f"Clearly better in {where} than in {there}: {_list(better)}.")
    if len(same):
        said.append(f"Not to be told apart from {there}: {_list(same)}.")
    missing = table[table["difference"].isna()]
    said += [f"No comparison of {row.name}: {row.note or 'no figure'}." for row in missing.itertuples(index=False, name="Row")]
    return said


def title(table: pd.DataFrame, place: str) -> str:
    """The finding as a headline of ten words or fewer."""
    where = places.spoken(place)
    where = where[:1].upper() + where[1:]
    if table["difference"].isna().all():
        return f"{where}: nothing to compare"
    count = int((table["clear"] & (table["standardised"] > 0)).sum())
    return f"{where}: {count} of {len(table)} clearly worse" if count else f"{where}: nothing clearly worse"


def _list(names: Sequence[str]) -> str:
    names = list(names)
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
