"""X0, what is in this file: a spreadsheet as a department publishes it, with reasons where numbers are missing."""

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from datajam.say import charts
from datajam.vocabulary import places
from datajam_teach.samples import published
from datajam_teach.scratch import scratch

SEED = 2018
HEADER = [*published.GEOGRAPHY, "free_school_meal_status", "t_pupils", "avg_att8"]
GROUPS = ("FSM", "FSM all other")
REASONS = {"suppressed": "hidden, so that nobody is recognised", "not_applicable": "not applicable here"}


@dataclass(frozen=True)
class Truth:
    """The planted parameters: averages that are hidden, and that do not apply; authorities and regions in the file."""

    hidden: int = 37
    not_applicable: int = 12
    authorities: int = 153
    regions: int = 9
    periods: tuple[str, ...] = ("202223", "202324")


TRUTH = Truth()


def make(seed: int = SEED, truth: Truth = TRUTH) -> bytes:
    """The file as published: names of regions spelled three ways, ended codes, and markers among the averages.

    >>> make()[:14].decode("utf-8-sig"), make().count(b"\\r\\n") > 600
    ('time_period', True)
    """
    rng = np.random.default_rng(seed)
    rows, at = [], []
    for period in truth.periods:
        for turn, place in enumerate(places.everywhere()):
            for group in GROUPS:
                at += [len(rows)] if place.level == "la" else []
                score = rng.normal(35 if group == "FSM" else 50, 4)
                pupils = int(rng.integers(200, 4000))
                rows.append([*published.geography(place, period, turn), group, str(pupils), f"{score:.1f}"])
    chosen = rng.choice(at, truth.hidden + truth.not_applicable, replace=False)
    for number, row in enumerate(chosen):
        rows[row][-1] = "c" if number < truth.hidden else "z"
    return published.csv_bytes(HEADER, rows)


def save(text: bytes) -> Path:
    """The file on disk, gone when Python ends."""
    path = scratch("x0") / "attainment_as_published.csv"
    path.write_bytes(text)
    return path


def lines(text: bytes, count: int = 3) -> str:
    """The first lines of the file, shortened."""
    rows = list(csv.reader(io.StringIO(text.decode("utf-8-sig"))))[:count]
    return "\n".join(" | ".join([row[2], row[6] or "-", row[8] or "-", row[9] or "-", *row[10:]]) for row in rows)


def pupils_behind(path: Path, marker: str) -> int:
    """How many pupils stand in the rows whose average is this marker."""
    table = pd.read_csv(path)
    return int(table.loc[table["avg_att8"] == marker, "t_pupils"].sum())


def at_first_sight(path: Path) -> dict[str, int]:
    """What the usual four lines of pandas see: regions by name, authorities by code, and missing numbers without a reason."""
    table = pd.read_csv(path)
    averages = pd.to_numeric(table["avg_att8"], errors="coerce")
    own = table[table["geographic_level"] == "Local authority"]
    known = {place.code for place in places.authorities()}
    return {
        "regions": table["region_name"].nunique(),
        "authorities lost in a join by code": len(set(own["new_la_code"]) - known),
        "averages missing": int(averages.isna().sum()),
    }


def missing(observations: pd.DataFrame) -> Mapping[str, int]:
    """How many averages are missing, by reason."""
    own = observations[observations["indicator"] == "avg_att8"]
    counts = own.loc[own["value"].isna(), "status"].astype("str").value_counts()
    return {reason: int(counts.get(reason, 0)) for reason in REASONS}


def held(observations: pd.DataFrame) -> dict[str, int]:
    """How many authorities and regions were recognised."""
    areas = observations.drop_duplicates("area_code")["area_level"].astype("str").value_counts()
    return {"authorities": int(areas["la"]), "regions": int(areas["region"])}


def picture(observations: pd.DataFrame, place: str) -> charts.Chart:
    """Why averages are missing."""
    counts = missing(observations)
    total = int((observations["indicator"] == "avg_att8").sum())
    rows = pd.DataFrame([(REASONS[reason], count) for reason, count in counts.items()], columns=["reason", "averages"])
    title = f"{sum(counts.values())} averages are missing, for {sum(count > 0 for count in counts.values())} reasons"
    source = "SYNTHETIC DATA, made for this example"
    figure, axes = charts.canvas(title, f"Missing averages by reason, {total:,} in the file, read for {place}", source, 1.8)
    axes.barh(rows.index, rows["averages"], color=charts.BLUE, height=0.55)
    for at, count in enumerate(rows["averages"]):
        axes.text(count, at, f" {count}", va="center")
    axes.set_yticks(rows.index, ["hidden", "not applicable"])
    axes.invert_yaxis()
    alt = (
        f"Bar chart of missing averages among {total:,}: {counts['suppressed']} hidden, {counts['not_applicable']} not applicable."
    )
    return charts.Chart(figure, name="missing", title=title, alt=alt, data=rows.assign(total=total), source=source)


def simulate(seed: int) -> dict[str, float]:
    """For one seed: what is recognised in the file, and what the usual four lines see."""
    import datajam

    path = save(make(seed))
    observations, naive = datajam.read(path), at_first_sight(path)
    return {
        "hidden": missing(observations)["suppressed"],
        "not applicable": missing(observations)["not_applicable"],
        **held(observations),
        "regions at first sight": naive["regions"],
        "missing at first sight": naive["averages missing"],
    }


EXPECTED = {"regions at first sight": (11.0, 0.0), "missing at first sight": (49.0, 0.0)}
TOLERANCE = {"hidden": (37.0, 0.0), "not applicable": (12.0, 0.0), "authorities": (153.0, 0.0), "regions": (9.0, 0.0)}
