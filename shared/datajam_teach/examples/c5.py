"""C5, do two problems go together: people on a map, each with two problems, counted in zones of three sizes."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from datajam.say import charts

SEED = 2018


@dataclass(frozen=True)
class Truth:
    """The planted parameters: how many people, the side of the map, and the part of each problem that the place gives."""

    people: int = 8000
    side: float = 16.0
    of_place: float = 0.16


TRUTH = Truth()


def make(seed: int = SEED, truth: Truth = TRUTH) -> pd.DataFrame:
    """One row a person: where they live (east, north) and two scores; what the place gives is common to both.

    >>> make().columns.tolist()
    ['east', 'north', 'debt', 'isolation']
    """
    rng = np.random.default_rng(seed)
    east, north = rng.uniform(0, truth.side, (2, truth.people))
    # A smooth surface of three long waves, so that neighbours share what their place gives.
    angles, phases = rng.uniform(0, np.pi, 3), rng.uniform(0, 2 * np.pi, 3)
    waves = [np.cos(2 * np.pi * (east * np.cos(a) + north * np.sin(a)) / 24 + b) for a, b in zip(angles, phases, strict=True)]
    surface = np.sum(waves, axis=0)
    surface = (surface - surface.mean()) / surface.std()
    scores = np.sqrt(truth.of_place) * surface + np.sqrt(1 - truth.of_place) * rng.normal(size=(2, truth.people))
    return pd.DataFrame({"east": east, "north": north, "debt": scores[0], "isolation": scores[1]})


def zones(table: pd.DataFrame, unit: float) -> pd.DataFrame:
    """The average of both scores in square zones of a side: one row a zone, with how many people live there."""
    cells = [np.floor(table[name] / unit).astype(int) for name in ("east", "north")]
    grouped = table.groupby(cells)
    return grouped[["debt", "isolation"]].mean().assign(people=grouped.size()).reset_index(drop=True)


def correlation(table: pd.DataFrame) -> float:
    """How closely the two scores go together, from -1 to 1 (Pearson)."""
    return float(table["debt"].corr(table["isolation"]))


def by_size(table: pd.DataFrame, units=(1, 2, 4)) -> pd.DataFrame:
    """The correlation of people, and of zones of each size: size, how many, and r with its 95% interval (Fisher, 1915)."""
    rows = [("people", len(table), correlation(table))]
    rows += [(f"zones of {unit}", len(zones(table, unit)), correlation(zones(table, unit))) for unit in units]
    found = pd.DataFrame(rows, columns=["counted by", "how many", "r"])
    half = 1.96 / np.sqrt(found["how many"] - 3)
    return found.assign(lower=np.tanh(np.arctanh(found["r"]) - half), upper=np.tanh(np.arctanh(found["r"]) + half))


def picture(found: pd.DataFrame, place: str) -> charts.Chart:
    """The correlation by the size of what is counted."""
    title = f"The same people: r from {found['r'].iloc[0]:.2f} to {found['r'].iloc[-1]:.2f}"
    source = "SYNTHETIC DATA, made for this example"
    words = f"How closely debt and isolation go together, {place}, by what is counted. Lines: 95% interval"
    figure, axes = charts.canvas(title, words, source, 3.0)
    rows = range(len(found))
    bars = [found["r"] - found["lower"], found["upper"] - found["r"]]
    axes.errorbar(found["r"], rows, xerr=bars, fmt="D", color=charts.BLUE, ms=8, lw=2)
    axes.set_yticks(rows, [f"{name} ({count:,})" for name, count in zip(found["counted by"], found["how many"], strict=True)])
    axes.set_ylim(len(found) - 0.5, -0.5)
    axes.set_xlim(0, 1.02)
    said = "; ".join(f"{name} {r:.2f}" for name, r in zip(found["counted by"], found["r"], strict=True))
    alt = f"Dot chart of the correlation of two problems among the same {found['how many'].iloc[0]:,} people: {said}."
    return charts.Chart(figure, name="by_size", title=title, alt=alt, data=found.round(3), source=source)


def simulate(seed: int) -> dict[str, float]:
    """For one seed: the correlation of people, and of zones of 1, 2 and 4 units."""
    found = by_size(make(seed))
    return dict(zip(["people", "zones of 1", "zones of 2", "zones of 4"], found["r"], strict=True))


EXPECTED = {"people": (0.16, 0.01), "zones of 1": (0.85, 0.02), "zones of 2": (0.96, 0.01), "zones of 4": (0.99, 0.01)}
TOLERANCE = {"people": (0.16, 0.04)}
