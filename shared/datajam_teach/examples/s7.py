"""S7, may we publish this table: learners by area and course, with a few cells so small that somebody could be recognised."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from datajam.leave import disclosure
from datajam.say import charts

SEED = 2018
AREAS = ("North", "South", "East", "West", "Centre", "Coast")
COURSES = ("Care", "Construction", "Digital", "Engineering")
BY = ["area", "course"]


@dataclass(frozen=True)
class Truth:
    """The planted parameters: learners in an ordinary cell (from, to), how many cells are small, and the threshold."""

    learners: tuple[int, int] = (20, 90)
    small: int = 4
    least: int = 8


TRUTH = Truth()


def make(seed: int = SEED, truth: Truth = TRUTH) -> pd.DataFrame:
    """One row a cell: area, course and learners; a few cells hold 1 to 7.

    >>> make()["learners"].between(1, 7).sum()
    np.int64(4)
    """
    rng = np.random.default_rng(seed)
    learners = rng.integers(*truth.learners, len(AREAS) * len(COURSES))
    learners[rng.choice(len(learners), truth.small, replace=False)] = rng.integers(1, truth.least, truth.small)
    cells = pd.MultiIndex.from_product([AREAS, COURSES], names=BY).to_frame(index=False)
    return cells.assign(learners=learners)


def wide(rows: pd.DataFrame) -> pd.DataFrame:
    """The table as it would be printed, a row for each area; `c` where a cell is hidden."""
    text = rows["learners"].astype("Float64").astype("object").map(lambda value: "c" if pd.isna(value) else f"{value:.0f}")
    order = [*COURSES, *(["Total"] if "Total" in set(rows["course"]) else [])]
    table = rows.assign(shown=text).pivot(index="area", columns="course", values="shown")[order]
    return table.loc[[area for area in (*AREAS, "Total") if area in table.index]].rename_axis(columns=None)


def hidden(rows: pd.DataFrame, method: str = "optimal") -> disclosure.Suppressed:
    """Cells of 1 to 7 hidden, and as many more as it takes; with method "none" the small ones alone. As projects do it."""
    return disclosure.secondary(rows, BY, count="learners", least=TRUTH.least, method=method)


def worked_out(result: disclosure.Suppressed) -> pd.DataFrame:
    """What an outsider can work out about each hidden cell from the totals, narrowest first."""
    return disclosure.audit(result).sort_values("width", ignore_index=True)


def picture(alone: pd.DataFrame, more: pd.DataFrame, place: str) -> charts.Chart:
    """How narrowly each hidden cell can be worked out, before and after more cells are hidden."""
    given = int((~alone["enough"].astype(bool)).sum())
    still = int((~more["enough"].astype(bool)).sum())
    title = f"{given} hidden cells were given away; now {still or 'none'}"
    source = "SYNTHETIC DATA, made for this example"
    words = f"Width of what an outsider can work out, learners, {place}. Line: the {TRUTH.least} that are asked. "
    words += "Crosses: small cells hidden; circles: more hidden as well"
    figure, axes = charts.canvas(title, words, source, 2.4)
    axes.plot(alone["width"], np.ones(len(alone)), "x", color=charts.ORANGE, ms=9, mew=2)
    axes.plot(more["width"], np.zeros(len(more)), "o", color=charts.BLUE, ms=8, alpha=0.7)
    axes.axvline(TRUTH.least, color="#333333", lw=1)
    axes.set_yticks([1, 0], ["small cells", "more as well"])
    axes.set_ylim(-0.6, 1.6)
    axes.set_xlim(-1, more["width"].max() + 3)
    alt = f"Dot chart of how wide hidden cells are to an outsider: {given} of {len(alone)} narrower than {TRUTH.least} when only "
    alt += f"small cells are hidden; when {len(more)} are hidden the narrowest is {more['width'].min():.0f} wide."
    data = pd.concat([alone.assign(hidden="small cells"), more.assign(hidden="more as well")])
    return charts.Chart(
        figure, name="widths", title=title, alt=alt, data=data[["hidden", *BY, "lower", "upper", "width"]], source=source
    )


def simulate(seed: int) -> dict[str, float]:
    """For one seed: hidden cells an outsider narrows below the threshold, before and after, and the narrowest width after."""
    rows = make(seed)
    alone, more = worked_out(hidden(rows, "none")), worked_out(hidden(rows))
    return {
        "given away, small cells hidden": float((~alone["enough"].astype(bool)).sum()),
        "given away, more hidden": float((~more["enough"].astype(bool)).sum()),
        "narrowest, more hidden": float(more["width"].min()),
        "cells hidden": float(len(more)),
    }


EXPECTED = {"given away, more hidden": (0.0, 0.0)}
TOLERANCE = {"given away, more hidden": (0.0, 0.0)}
