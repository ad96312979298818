"""The codebook: what stands in the tidy table, in which units, why a number can be missing, and where it all comes from.

Everything in it is taken from the layouts and schemas themselves, and from the files it is given, so that it cannot be out
of date. Its page in the documentation is what `datajam codebook FILE…` prints of the shipped samples.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from importlib import import_module
from pathlib import Path

import pandas as pd

from datajam.errors import DataJamError
from datajam.observe import observations
from datajam.sources import Layout, layouts, named, read
from datajam.vocabulary import markers

_UNITS = {
    "percent": "per cent, from 0 to 100, never a proportion from 0 to 1",
    "score": "a score, an average of scores or a total of them, on the publisher's own scale",
    "count": "a number of people, adverts or events, rounded where the publisher rounds",
    "gbp_hour": "pounds an hour",
    "gbp_week": "pounds a week",
    "gbp_year": "pounds a year",
    "rate_per_1k": "for every 1,000",
    "rate_per_10k": "for every 10,000",
    "rate_per_100k": "for every 100,000",
    "mean_0_10": "the mean of answers from 0 to 10",
    "rank": "a place in an order, 1 first; ranks are not averaged",
    "index": "on a scale of its own: compare, do not quote as an amount",
    "years": "years",
    "minutes": "minutes",
}
_STATUSES = {
    "ok": "a number",
    "suppressed": "withheld, so that nobody can be recognised",
    "low": "too small to show, not zero",
    "not_applicable": "the question does not arise",
    "not_available": "missing, or the reason is lost",
    "unreliable": "a number resting on few people: kept, to be shown with its warning",
}
_KINDS = {"category": "text", "float64": "number", "Int64": "whole number"}
_ABOUT = "Made by `datajam codebook` from the layouts and the files themselves: change those, not this page."
_INDICATORS = ("indicator", "label", "unit", "breakdowns")


def codebook(samples: Iterable[Path] = ()) -> str:
    """Every column, unit, status, marker and source, and the indicators of these files, as Markdown.

    Files are published ones or samples in their layouts. Raises `BadSource` for one that cannot be read.

    >>> print(codebook().splitlines()[0])
    # Codebook
    """
    parts = [_heading(1, "Codebook"), _ABOUT]
    parts += [_heading(2, "Columns of the tidy table"), _columns()]
    parts += [*_units(), *_statuses(), _heading(2, "Markers, by layout"), _markers(layouts())]
    parts += [_heading(2, "Sources"), _sources(layouts())]
    samples = list(samples)
    parts += [_heading(2, "Indicators of the samples")] if samples else []
    for path in samples:
        parts += [_heading(3, path.name), *_contents(read(path))]
    return "\n\n".join(parts) + "\n"


def project_codebook(project) -> str:
    """The files in a project's data log with their indicators, the units, the statuses, and the markers of their layouts.

    A file that is missing, has changed or cannot be read is named with the reason.
    """
    parts = [_heading(1, f"Codebook of {project.name}"), _ABOUT]
    for source in project.sources.values():
        parts += [_heading(2, source.title or source.id), _entry(source)]
        try:
            source.check()
            parts += _contents(read(source.file, source.layout))
        except DataJamError as error:
            parts.append(f"**Not read:** {_cell(str(error).replace(str(source.file), source.path))}")
    names = dict.fromkeys(source.layout for source in project.sources.values() if source.layout)
    used = [layout for layout in layouts() if layout.name in names]
    parts += [*_units(), *_statuses()]
    parts += [_heading(2, "Markers, by layout"), _markers(used)] if used else []
    return "\n\n".join(parts) + "\n"


def codebook_command(options) -> None:
    """Print the codebook of the project's data log; of everything that can be read, where files are given instead."""
    from datajam.project import open_project

    files = [Path(name) for name in getattr(options, "files", None) or []]
    print(codebook(files) if files else project_codebook(open_project(options.project)), end="")


def _heading(level: int, text: str) -> str:
    return f"{'#' * level} {_cell(text)}"


def _cell(text: str) -> str:
    """A text as it can stand in a Markdown table.

    >>> _cell("a | b <i>"), _cell("two\\nlines")
    ('a \\\\| b &lt;i>', 'two lines')
    """
    return " ".join(str(text).split()).replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;")


def _grid(headings: Sequence[str], rows: Iterable[Iterable[str]]) -> str:
    """Rows of texts as a Markdown table."""
    lines = [headings, ["---"] * len(headings), *([_cell(text) or "–" for text in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _described() -> list[tuple[list[str], str]]:
    """Columns and what they mean, as the table at the head of the module that defines them groups them."""
    rows = re.findall(r"^\| (.+?) \| (.+?) \|$", observations.__doc__, re.MULTILINE)
    return [(names.split(", "), meaning) for names, meaning in rows if names != "column"]


def _columns() -> str:
    known, rows = observations.schema().columns, []
    for names, meaning in _described():
        kinds = dict.fromkeys(_KINDS.get(str(known[name].dtype), "date") for name in names)
        missing = [name for name in names if known[name].nullable]
        told = "no" if not missing else "yes" if missing == names else ", ".join(missing)
        rows.append((", ".join(names), ", ".join(kinds), told, meaning))
    return _grid(("columns", "hold", "may be missing", "meaning"), rows)


def _units() -> list[str]:
    return [_heading(2, "Units"), _grid(("unit", "meaning"), [(unit, _UNITS[unit]) for unit in observations.UNITS])]


def _statuses() -> list[str]:
    said = "`value` is missing unless the status is ok or unreliable; `status_raw` keeps the marker as it was published."
    table = _grid(("status", "meaning"), [(status, _STATUSES[status]) for status in markers.STATUSES])
    return [_heading(2, "Statuses"), said, table]


def _markers(known: list[Layout]) -> str:
    """The markers of each layout, by the status they stand for, and the blanks that have one meaning everywhere."""
    statuses = [status for status in markers.STATUSES if status != "ok"]
    shared = set.intersection(*(set(layout.profile.blanks) for layout in known))
    rows = []
    for layout in known:
        symbols = {status: [text for text, is_ in layout.profile.markers.items() if is_ == status] for status in statuses}
        symbols["not_available"] += [text for text in layout.profile.blanks if text not in shared]
        rows.append([layout.name, *(_quoted(symbols[status]) for status in statuses)])
    everywhere = [text for text in known[0].profile.blanks if text in shared]
    return f"{_grid(['layout', *statuses], rows)}\n\nIn all of them, read as not_available: {_quoted(everywhere)}."


def _quoted(texts: list[str]) -> str:
    return " ".join(f"`{text}`" if text else "(blank)" for text in texts)


def _sources(known: Iterable[Layout]) -> str:
    rows = [(layout.name, layout.title, layout.publisher, layout.licence, _cited(layout)) for layout in known]
    return _grid(("layout", "what it is", "publisher", "licence", "written from"), rows)


def _cited(layout: Layout) -> str:
    """The publication a layout's reader was written from, as the reader's module says."""
    text = import_module(f"datajam.sources.{layout.name}").__doc__ or ""
    return " ".join(text.partition("\nSource:")[2].split()).rstrip(".")


def _entry(source) -> str:
    """A data-log entry as a list."""
    said = {
        "file": source.path,
        "layout": source.layout,
        "publisher": source.publisher or (named(source.layout).publisher if source.layout else ""),
        "licence": source.licence,
        "address": source.address,
        "retrieved": source.retrieved,
        "sensitivity": source.sensitivity,
    }
    return "\n".join(f"- {name}: {_cell(text)}" for name, text in said.items() if text)


def _contents(table: pd.DataFrame) -> list[str]:
    """What a file read as the tidy table holds: its layout, periods, areas and statuses, and a row for each indicator."""
    report, layout = observations.load_report(table), named(table["source"].iloc[0])
    lines = [f"{report.rows_out:,} observations in the layout {layout.name}, {_span(report.periods)}."]
    lines += ["**Synthetic: not these places' results.**"] if report.synthetic else []
    levels = table["area_level"].value_counts(sort=False)
    counts = {"area levels": {**levels, "not placed": len(table) - levels.sum()}, "statuses": report.statuses}
    lines.append("\n".join(f"- {what}: {_counted(these)}" for what, these in counts.items()))
    return [*lines, _grid(_INDICATORS, _indicators(table, report))]


def _counted(counts: dict[str, int]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in counts.items() if count)


def _span(periods: list[str]) -> str:
    return periods[0] if len(periods) == 1 else f"{periods[0]} to {periods[-1]} ({len(periods)} periods)"


def _indicators(table: pd.DataFrame, report: observations.LoadReport) -> Iterator[tuple[str, str, str, str]]:
    """For each indicator its label, its units, and its breakdowns, the first few where there are many."""
    distinct = table[["indicator", "unit", "breakdown"]].drop_duplicates().astype("str")
    for indicator, rows in distinct.groupby("indicator", sort=False):
        breakdowns = list(dict.fromkeys(rows["breakdown"]))
        more = f" … ({len(breakdowns):,} in all)" if len(breakdowns) > 6 else ""
        yield str(indicator), _label(indicator, report), ", ".join(dict.fromkeys(rows["unit"])), ", ".join(breakdowns[:6]) + more


def _label(indicator: str, report: observations.LoadReport) -> str:
    """An indicator's label; where the file gives several measures of one, the label of that one and the measure's name.

    >>> report = observations.LoadReport("", "", labels={"anxiety": "Anxiety"})
    >>> _label("anxiety", report), _label("anxiety_mean_0_to_10", report), _label("t_pupils", report)
    ('Anxiety', 'Anxiety: mean 0 to 10', '')
    """
    if indicator in report.labels:
        return report.labels[indicator]
    stems = [stem for stem in report.labels if indicator.startswith(f"{stem}_")]
    stem = max(stems, key=len, default="")
    return f"{report.labels[stem]}: {indicator.removeprefix(stem).replace('_', ' ').strip()}" if stem else ""
