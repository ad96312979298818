"""S1, which skills next: adverts of five job families, one skill that nearly all name, and five that hardly any does."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from datajam.analyse.skills import Engine
from datajam.say import charts

SEED = 2018
_FAMILIES = {
    "data": "SQL,Python,Statistics,Dashboards,Data cleaning,Machine learning,Survey design,Data ethics",
    "care": "Personal care,First aid,Medication,Safeguarding,Dementia care,Moving and handling,Care plans,Night shifts",
    "building": "Bricklaying,Plastering,Roofing,Site safety,Scaffolding,Joinery,Tiling,Groundwork",
    "office": "Bookkeeping,Payroll,Spreadsheets,Minutes,Diary management,Invoicing,Filing,Reception",
    "kitchen": "Food hygiene,Menus,Baking,Stock control,Butchery,Sauces,Pastry,Knife skills",
}
FAMILIES = {name: words.split(",") for name, words in _FAMILIES.items()}
POPULAR = "Communication"
RARE = ["Falconry", "Embalming", "Thatching", "Lock keeping", "Glass eye making"]
SKILLS = [*(skill for words in FAMILIES.values() for skill in words), POPULAR, *RARE]
MINE = [*FAMILIES["data"][:5], FAMILIES["care"][0]]
RIGHT = set(FAMILIES["data"][5:])


@dataclass(frozen=True)
class Truth:
    """The planted parameters: adverts; the chance that one names a skill of its family, of another, the popular one; rare ones."""

    adverts: int = 4000
    own: float = 0.6
    other: float = 0.02
    popular: float = 0.7
    rare: int = 3


TRUTH = Truth()


def make(seed: int = SEED, truth: Truth = TRUTH) -> pd.DataFrame:
    """One row an advert: its family, and for each skill whether it names it (0 or 1). Three adverts name each rare skill.

    >>> make().shape
    (4000, 47)
    """
    rng = np.random.default_rng(seed)
    family = rng.integers(len(FAMILIES), size=truth.adverts)
    own = np.repeat(np.arange(len(FAMILIES)), 8)[None, :] == family[:, None]
    named = np.zeros((truth.adverts, len(SKILLS)), dtype="int64")
    named[:, : own.shape[1]] = rng.random(own.shape) < np.where(own, truth.own, truth.other)
    named[:, own.shape[1]] = rng.random(truth.adverts) < truth.popular
    for column in range(own.shape[1] + 1, len(SKILLS)):
        named[rng.choice(np.flatnonzero(family == 0), truth.rare, replace=False), column] = 1
    table = pd.DataFrame(named, columns=SKILLS)
    table.insert(0, "family", np.array(list(FAMILIES))[family])
    return table


def counts(adverts: pd.DataFrame) -> pd.DataFrame:
    """How many adverts name each two skills together; on the diagonal, how many name each."""
    named = adverts[SKILLS].to_numpy()
    return pd.DataFrame(named.T @ named, SKILLS, SKILLS)


def engine(adverts: pd.DataFrame, support: int = 20) -> Engine:
    """The engine that projects use, on these adverts: families stand for job titles, pay is not looked at."""
    jobs = adverts.groupby("family")[SKILLS].sum()
    pay = pd.DataFrame([np.arange(len(SKILLS)) + 20_000.0], ["201808"], SKILLS)
    return Engine(counts(adverts), pay, jobs, support)


def as_in_2018(adverts: pd.DataFrame, mine: list[str], n: int = 3) -> list[str]:
    """The code of 2018: adds up association, sorts, and drops as many from the top as the user has, as if those were theirs."""
    values = counts(adverts).to_numpy(dtype=float)
    share = values / values.max(axis=0)
    association = pd.DataFrame(share * share.T, SKILLS, SKILLS)
    return list(association.loc[mine].sum().sort_values(ascending=False)[len(mine) :].head(n).index)


def by_count(adverts: pd.DataFrame, mine: list[str], n: int = 3) -> list[str]:
    """The skills that stand in most adverts together with mine."""
    return list(counts(adverts).drop(columns=mine).loc[mine].sum().sort_values(ascending=False).head(n).index)


def by_lift(adverts: pd.DataFrame, mine: list[str], n: int = 3) -> list[str]:
    """The skills named together with mine most often beyond what chance would do, however few adverts that is."""
    both = counts(adverts)
    own = pd.Series(np.diag(both), SKILLS)
    others = both.drop(columns=mine).loc[mine]
    return list((others / own[others.columns]).div(own[mine], axis=0).sum().sort_values(ascending=False).head(n).index)


def right(offered: list[str]) -> float:
    """Which part of what is offered belongs to the family and is not known yet (precision)."""
    return len(set(offered) & RIGHT) / len(offered)


def picture(adverts: pd.DataFrame, offered: list[str], place: str) -> charts.Chart:
    """The share of right answers among the first three, by way of asking."""
    ways = {
        "as in 2018": as_in_2018(adverts, MINE),
        "most adverts": by_count(adverts, MINE),
        "highest lift": by_lift(adverts, MINE),
        "association, 20 adverts or more": offered,
    }
    rows = pd.DataFrame(
        [(name, ", ".join(found), 100 * right(found)) for name, found in ways.items()], columns=["way", "offered", "right"]
    )
    title = f"{round(3 * right(offered))} of 3 right, {round(3 * right(ways['as in 2018']))} by the code of 2018"
    source = "SYNTHETIC DATA, made for this example"
    figure, axes = charts.canvas(
        title, f"Share of the first three offers that are right, {len(adverts):,} adverts, {place}", source, 2.6
    )
    axes.barh(rows.index, rows["right"], color=charts.BLUE, height=0.6)
    for at, row in rows.iterrows():
        start, colour = (1.5, "white") if row["right"] > 60 else (row["right"] + 1.5, "#333333")
        axes.text(start, at, row["offered"], va="center", color=colour, fontsize=9)
    axes.set_yticks(rows.index, rows["way"])
    axes.invert_yaxis()
    axes.set_xlim(0, 100)
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}%")
    alt = "Bar chart of the share of right offers among three: " + ", ".join(
        f"{row.way} {row.right:.0f}%" for row in rows.itertuples()
    )
    return charts.Chart(figure, name="offers", title=title, alt=f"{alt}.", data=rows.round(1), source=source)


def simulate(seed: int) -> dict[str, float]:
    """For one seed: whether an own skill is offered, and which part of three offers is right, as in 2018 and now."""
    adverts = make(seed)
    before, now = as_in_2018(adverts, MINE), list(engine(adverts).recommend_skills(MINE, n=3)["skill"])
    return {
        "own skill offered, as in 2018": float(bool(set(before) & set(MINE))),
        "right of three, as in 2018": right(before),
        "own skill offered": float(bool(set(now) & set(MINE))),
        "right of three": right(now),
        "popular skill first by count": float(by_count(adverts, MINE)[0] == POPULAR),
        "rare skill offered by lift": float(bool(set(by_lift(adverts, MINE)) & set(RARE))),
    }


EXPECTED = {
    "own skill offered, as in 2018": (1.0, 0.0),
    "right of three, as in 2018": (0.67, 0.01),
    "own skill offered": (0.0, 0.0),
    "right of three": (1.0, 0.0),
}
TOLERANCE = {"right of three": (1.0, 0.0), "own skill offered": (0.0, 0.0)}
