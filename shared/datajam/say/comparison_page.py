"""The results of many places as one HTML file: each number on a map, with its intervals, and in a table with every report.

It holds all it needs, asks for nothing, and needs no script. It shows intervals wherever it shows an order, since a rank alone says
little: Goldstein and Spiegelhalter, "League tables and their limitations" (1996).
"""

from collections.abc import Mapping
from concurrent.futures import Executor
from importlib import resources
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pandas as pd

from datajam.folders import write_text
from datajam.say import comparison, comparison_charts, results
from datajam.say.comparison import Number
from datajam.say.comparison_charts import ENOUGH, clear_of, half, plain
from datajam.say.report import ATTRIBUTION, style

MOST_DRAWN = 24
_NAMED = 6


def write_page(
    table: pd.DataFrame, folder: Path, failed: Mapping[str, str] | None = None, executor: Executor | None = None
) -> Path:
    """Write index.html, whole or not at all: the file written.

    The first 24 numbers that at least half of the places have are drawn; the others are tables. `failed` is why each place that
    is not in the table failed, in words; `executor` shares the drawing.
    """
    from jinja2 import Environment, FileSystemLoader

    project, sources = comparison.provenance(table, folder)
    credits = {source["id"]: _credited(source) for source in sources}
    found = comparison.numbers(table)
    common = [number for number in found if number.widespread]
    rare = [number for number in found if not number.widespread]
    draws = [place < MOST_DRAWN for place in range(len(common))] + [False] * len(rare)
    each = executor.map if executor else map
    sections = list(each(_section, [*common, *rare], [credits] * len(draws), draws, range(len(draws))))
    templates = resources.files("datajam") / "templates"
    environment = Environment(loader=FileSystemLoader(str(templates)), autoescape=True, trim_blocks=True, lstrip_blocks=True)
    page = environment.get_template("comparison/page.html.j2").render(
        project=project,
        places=table["place_code"].nunique(),
        runs=table["report"].nunique(),
        warning=comparison.warning(table),
        charted=sections[: len(common)],
        listed=sections[len(common) :],
        every=_every(table),
        failed=sorted((failed or {}).items()),
        settings=comparison.parameters(table),
        undrawn=max(len(common) - MOST_DRAWN, 0),
        sources=sources,
        attribution=ATTRIBUTION if any("Open Government" in source["licence"] for source in sources) else "",
        style=style() + (templates / "comparison" / "page.css").read_text(encoding="utf-8"),
    )
    write_text(folder / "index.html", page)
    return folder / "index.html"


def _credited(source: dict[str, Any]) -> str:
    said = ", ".join(filter(None, [source["publisher"], source["title"] or source["path"]]))
    return f"SYNTHETIC DATA, not these places' results ({said})" if source["synthetic"] else said


def _section(number: Number, credits: dict[str, str], draw: bool, place: int) -> dict[str, Any]:
    """One number as the page shows it: heading, sentences, charts, and a row for each place."""
    used = dict.fromkeys(key for keys in number.rows["sources"].unique() for key in keys.split("; ") if key)
    source = "; ".join(credits.get(key, key) for key in used) or "what the notebook recorded"
    rows = number.everyone if number.widespread else number.rows
    return {
        "id": f"number-{place + 1}",
        "label": ", ".join(filter(None, [number.label, number.setting])),
        "count": f"{len(number.known):,} of {len(number.runs):,}",
        "synthetic": number.rows["synthetic"].any(),
        "said": sentences(number),
        "charts": [comparison_charts.picture(chart) for chart in comparison_charts.drawn(number, source)] if draw else [],
        "rows": [_row(row, number) for row in rows.to_dict("records")],
    }


def _row(row: dict[str, Any], number: Number) -> dict[str, str]:
    """A place in a number's table, in words."""
    value = row["text"] or (None if pd.isna(row["value"]) else row["value"])
    entry = {"value": value, "unit": number.unit if pd.isna(row["unit"]) else row["unit"], "digits": number.digits}
    ends = "" if pd.isna(row["lower_95"]) else f"{plain(row['lower_95'], number)} to {plain(row['upper_95'], number)}"
    base = "" if pd.isna(row["base"]) else f"{row['base']:,}"
    return {
        "place": row["place"],
        "region": row["region"],
        "report": quote(row["report"]),
        "value": results.number(entry) if value is not None else f"No figure: {row['reason']}",
        "interval": ends or ("not given" if value is not None else ""),
        "base": f"{base} {row['base_of']}".strip() if value is not None else "",
    }


def sentences(number: Number) -> list[str]:
    """What the page says of a number: who has it, how far places lie apart, and how much of that chance can explain."""
    among = f"{len(number.runs):,} {comparison.among(number.runs)}"
    said = [f"{len(number.known):,} of {among} have a figure."]
    if not number.widespread:
        said = [f"{len(number.rows):,} of {among} recorded it, {len(number.known):,} with a figure."]
    said += _lacking(number.lacking)
    known = number.known[number.known["value"].notna()]
    alike = known[known["level"] == known["level"].mode().iloc[0]] if len(known) else known
    if number.widespread and len(alike) >= ENOUGH:
        said += _spread(number, alike)
    elif len(alike) > 1:
        said.append("They are too few to sum up: compare them one by one, by their intervals.")
    return said


def _lacking(rows: pd.DataFrame) -> list[str]:
    """Why places gave no figure, a sentence for each reason, with the first few places by name."""
    said = []
    for reason, own in rows.groupby("reason", sort=True):
        names = list(dict.fromkeys(own["place"]))
        more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
        said.append(f"No figure, {reason} ({len(names)}): {', '.join(names[:_NAMED])}{more}.")
    return said


def _spread(number: Number, alike: pd.DataFrame) -> list[str]:
    low, middle, high = half(alike)
    amount = [results.number({"value": value, "unit": number.unit, "digits": number.digits}) for value in (low, high, middle)]
    if alike["value"].nunique() == 1:
        return [f"All of these have the same: {amount[2]}."]
    said = [f"Half of the {comparison.among(alike)} lie between {amount[0]} and {amount[1]}; the middle one has {amount[2]}."]
    with_interval = int(alike["lower_95"].notna().sum())
    if not with_interval:
        return [*said, "No interval is given: how much of the difference between places is chance cannot be told."]
    clear = clear_of(alike, middle)
    return [
        *said,
        f"The 95% intervals of {clear} out of {with_interval} leave the middle out; the other {with_interval - clear} cannot be "
        f"told apart from it. If all places were alike, chance would make about {round(with_interval / 20)} leave it out.",
    ]


def _every(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Each run: its place, parameters, how many of its numbers have a figure, and its report."""
    named = comparison.parameters(table)
    figures = (table["value"].notna() | (table["text"] != "")).groupby(table["report"]).agg(["sum", "size"])
    return [
        {
            "place": run["place"],
            "region": run["region"],
            "given": [comparison.shown(run[name]) for name in named],
            "figures": f"{figures['sum'][run['report']]} of {figures['size'][run['report']]}",
            "report": quote(run["report"]),
        }
        for run in table.drop_duplicates("report").to_dict("records")
    ]
