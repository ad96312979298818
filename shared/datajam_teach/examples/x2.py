"""X2, joining tables of different years: authorities that were recoded or split in between, and a table with two rows a place."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

import datajam
from datajam.errors import DataJamError
from datajam.say import charts
from datajam.vocabulary import places

SEED = 2018
SPLIT = ("E10000006", "E10000021")


@dataclass(frozen=True)
class Truth:
    """The planted parameters: pupils of an authority (from, to), and spending on each pupil in pounds."""

    pupils: tuple[int, int] = (2_000, 60_000)
    pounds: float = 6_200


TRUTH = Truth()


@dataclass(frozen=True)
class Tables:
    """Pupils by the codes of 2018 (one row a place), and spending by today's codes (a row for each of two years)."""

    pupils: pd.DataFrame
    spending: pd.DataFrame

    @property
    def latest(self) -> pd.DataFrame:
        """The spending of the later year, one row a place."""
        return self.spending[self.spending["year"] == self.spending["year"].max()].drop(columns="year")


def make(seed: int = SEED, truth: Truth = TRUTH) -> Tables:
    """Both tables: Cumbria and Northamptonshire were split since, other places have a new code.

    >>> tables = make()
    >>> len(tables.pupils), len(tables.spending)
    (151, 306)
    """
    rng = np.random.default_rng(seed)
    today = places.authorities()
    pupils = pd.Series(rng.integers(*truth.pupils, len(today)), [place.code for place in today])
    pounds = [int(count * truth.pounds * rng.normal(1, 0.05)) for count in pupils]
    spending = pd.DataFrame({"code": pupils.index, "pounds": pounds})
    both = pd.concat([spending.assign(year=year) for year in (2024, 2025)], ignore_index=True)
    old = pd.DataFrame({"code": [_in_2018(code) for code in pupils.index], "pupils": pupils.to_numpy()})
    old = old.groupby("code", as_index=False, sort=False)["pupils"].sum()
    names = [places.retired()[code].name if code in places.retired() else places.by_code()[code].name for code in old["code"]]
    return Tables(old.assign(place=names)[["code", "place", "pupils"]], both)


def _in_2018(code: str) -> str:
    """The code that covered this ground in 2018, among those that were recoded or split since."""
    for past in places.retired().values():
        if code in past.successors and (past.code in SPLIT or (past.same_footprint and past.valid_to > "2018")):
            return past.code
    return code


def lost(tables: Tables) -> list[str]:
    """The places that a plain merge by code drops without a word."""
    return sorted(set(tables.pupils["place"]) - set(tables.pupils.merge(tables.latest, on="code")["place"]))


def ground(codes: pd.Series) -> pd.Series:
    """The code that covers the same ground in both years: today's where only the code changed, the old one of a place since split.

    Two places that came out of one are put together again: nobody knows how the old figure was to be shared between them.
    """
    parts = {part: code for code in SPLIT for part in places.retired()[code].successors}
    same = {code: (places.current(code) or past).code for code, past in places.retired().items()}
    return codes.map(lambda code: parts.get(code, same.get(code, code)))


def joined(tables: Tables) -> pd.DataFrame:
    """Both tables over the ground they share, by the join that projects use: one row a place, or an error."""
    old = tables.pupils.assign(code=ground(tables.pupils["code"]))
    new = tables.latest.assign(code=ground(tables.latest["code"])).groupby("code", as_index=False)["pounds"].sum()
    return datajam.join(old, new, "code")


def refusal(left: pd.DataFrame, right: pd.DataFrame) -> str:
    """What the join says where it refuses; nothing where it does not."""
    try:
        datajam.join(left, right, "code")
    except DataJamError as error:
        return str(error)
    return ""


def total(table: pd.DataFrame) -> int:
    """Pupils in a table."""
    return int(table["pupils"].sum())


def picture(tables: Tables, place: str) -> charts.Chart:
    """Pupils counted after each way of joining, as a percentage of those there are."""
    ways = {
        "merge by code": tables.pupils.merge(tables.latest, on="code"),
        "merge with two years": tables.pupils.merge(tables.spending, on="code"),
        "join over the same ground": joined(tables),
    }
    whole = total(tables.pupils)
    rows = pd.DataFrame(
        [(name, 100 * total(table) / whole, total(table)) for name, table in ways.items()], columns=["way", "percent", "pupils"]
    )
    title = f"A merge counts {rows['percent'].iloc[0]:.0f}% or {rows['percent'].iloc[1]:.0f}% of pupils"
    source = "SYNTHETIC DATA, made for this example"
    figure, axes = charts.canvas(title, f"Pupils counted after joining, {whole:,} in all, {place}. Line: 100%", source, 2.2)
    axes.barh(rows.index, rows["percent"], color=[charts.ORANGE, charts.ORANGE, charts.BLUE], height=0.6)
    for at, row in rows.iterrows():
        axes.text(3, at, f"{row['percent']:.1f}%", va="center", color="white" if at == 2 else "black")
    axes.axvline(100, color="#333333", lw=1)
    axes.set_yticks(rows.index, rows["way"])
    axes.invert_yaxis()
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}%")
    alt = f"Bar chart of pupils counted, of {whole:,}: " + ", ".join(f"{row.way} {row.percent:.1f}%" for row in rows.itertuples())
    return charts.Chart(figure, name="counted", title=title, alt=f"{alt}.", data=rows.round(2), source=source)


def simulate(seed: int) -> dict[str, float]:
    """For one seed: pupils counted as a percentage of those there are, and places without a partner."""
    tables = make(seed)
    whole, done = total(tables.pupils), joined(tables)
    return {
        "pupils counted, merge, percent": 100 * total(tables.pupils.merge(tables.latest, on="code")) / whole,
        "pupils counted, two years, percent": 100 * total(tables.pupils.merge(tables.spending, on="code")) / whole,
        "pupils counted, percent": 100 * total(done) / whole,
        "pounds counted, percent": 100 * done["pounds"].sum() / tables.latest["pounds"].sum(),
        "places without a partner": float(done["pounds"].isna().sum()),
    }


EXPECTED = {"pupils counted, percent": (100.0, 0.0), "pounds counted, percent": (100.0, 0.0)}
TOLERANCE = {
    "pupils counted, percent": (100.0, 0.0),
    "pounds counted, percent": (100.0, 0.0),
    "places without a partner": (0.0, 0.0),
}
