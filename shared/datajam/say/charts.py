"""Charts in the Government Analysis Function style, each with a finding as its title and alt text with the numbers.

Every chart returns a `Chart`; as the last line of a cell it shows its picture, and carries its alt text and its data
(CSV) in the notebook's output, so that a report, a reviewer and a screen reader all have them.

Source: Government Analysis Function, "Data visualisation: charts" (2024), through the `afcharts` package.
"""

import base64
import io
import re
import textwrap
from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd

from datajam.analyse import estimates
from datajam.analyse.estimates import Estimate
from datajam.analyse.gaps import Gap, as_table
from datajam.errors import DataJamError
from datajam.folders import write_bytes, write_text
from datajam.leave.disclosure import passes
from datajam.say.sentences import amount, capital, group_name, points, without_figure
from datajam.vocabulary.places import spoken

BLUE, TEAL, ORANGE, GREY = "#12436D", "#28A197", "#F46A25", "#6B7072"


class Chart:
    """A drawn figure with its name, alt text and data.

    Raises `DataJamError` for alt text that is missing or too short or long to serve (40 to 300 characters), for a title of
    more than ten words, for a name that is not a slug, and where something sensitive was read without the small-number rule
    and the chart is not drawn from a table that has been through it (`given`, checked by `disclosure.is_cleared`).
    """

    def __init__(self, figure, *, name: str, title: str, alt: str, data: pd.DataFrame, source: str, given=None):
        plt.close(figure)
        self.cleared = passes(f"chart {name}", source, given)
        if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
            raise DataJamError(f"chart name {name!r}: use small letters, digits and _, such as 'gap_by_place'.")
        if not 40 <= len(alt) <= 300:
            raise DataJamError(f"chart {name}: alt text has {len(alt)} characters, 40 to 300 were expected: {alt!r}")
        if len(title.split()) > 10:
            raise DataJamError(f"chart {name}: a title is ten words or fewer, this has {len(title.split())}: {title!r}")
        self.figure, self.name, self.title, self.alt, self.data = figure, name, title, alt, data

    def png(self) -> bytes:
        """The picture, without the time or version that would make two runs differ."""
        held = io.BytesIO()
        self.figure.dpi = 110
        box = self.figure.get_tightbbox().padded(0.1)  # what "tight" does, without drawing the figure once more to find it
        self.figure.savefig(held, format="png", dpi=110, bbox_inches=box, metadata={"Software": None})
        return held.getvalue()

    def svg(self) -> str:
        """The picture as lines and letters, which hold every number drawn to many digits.

        Raises `DataJamError` unless all of it comes from published tables or has been through the small-number rule.
        """
        if not self.cleared:
            raise DataJamError(f"chart {self.name}: no SVG of numbers that have not passed the small-number rule. Use png().")
        held = io.StringIO()
        self.figure.savefig(held, format="svg", bbox_inches="tight", metadata={"Date": None, "Creator": None})
        return held.getvalue()

    def save(self, folder: str | Path) -> list[Path]:
        """Write the picture as PNG, its data as CSV and, where that is allowed, the picture as SVG: the files written."""
        stem = Path(folder) / self.name
        stem.parent.mkdir(parents=True, exist_ok=True)
        write_bytes(stem.with_suffix(".png"), self.png())
        write_text(stem.with_suffix(".csv"), self.csv())
        if self.cleared:
            write_text(stem.with_suffix(".svg"), self.svg())
        return [path for path in (stem.with_suffix(end) for end in (".png", ".csv", ".svg")) if path.exists()]

    def csv(self) -> str:
        """The numbers drawn, with cells that a spreadsheet would run as a formula made harmless."""
        safe = self.data.copy()
        for name in safe.columns[[kind.kind not in "ifbu" for kind in safe.dtypes]]:
            safe[name] = ["'" + text if str(text).startswith(("=", "+", "-", "@")) else text for text in safe[name].astype(object)]
        return safe.to_csv(index=False, lineterminator="\n")

    def _repr_mimebundle_(self, include=None, exclude=None):
        picture = base64.b64encode(self.png()).decode()
        data = {"image/png": picture, "text/csv": self.csv(), "text/plain": f"{self.title}. {self.alt}"}
        return data, {"image/png": {"alt": self.alt}, "datajam": {"chart": self.name, "title": self.title}}


def canvas(title: str, subtitle: str, source: str, height: float = 3.6):
    """An empty figure and its axes in the house style, with title, subtitle and source line, to draw on and give to `Chart`."""
    plt.style.use("afcharts.afcharts")
    plt.rcParams.update({"font.size": 11, "font.family": ["DejaVu Sans"], "svg.hashsalt": "datajam"})
    figure, axes = plt.subplots(figsize=(7.6, height))
    top = 1 + 0.62 / height
    figure.text(0.02, top, title, fontsize=14, fontweight="bold", ha="left", va="bottom")
    wrapped = textwrap.fill(subtitle, 92, break_on_hyphens=False)
    figure.text(0.02, top - 0.06 / height, wrapped, fontsize=10.5, color="#333333", ha="left", va="top")
    figure.text(
        0.02,
        -0.5 / height,
        textwrap.fill(f"Source: {source}", 104, break_on_hyphens=False),
        fontsize=9,
        color="#4a4a4a",
        ha="left",
        va="top",
    )
    axes.set_position((0.02, 0.04, 0.96, 0.96 + (0.18 - 0.17 * wrapped.count("\n")) / height - 0.04))
    return figure, axes


def _empty(axes, words: str) -> None:
    axes.text(0.5, 0.5, textwrap.fill(words, 60), transform=axes.transAxes, ha="center", va="center", color="#333333")
    axes.set_axis_off()


def _bars(value: float, interval) -> list[list[float]] | None:
    return None if interval is None else [[value - interval[0]], [interval[1] - value]]


def scores(gaps: list[Gap], *, name: str, title: str, measure: str, source: str) -> Chart:
    """Two groups' averages side by side for each place, bars from zero, intervals as whiskers.

    A figure that is missing is written into its bar's place: it is never a bar of length zero.
    """
    first = gaps[0]
    groups = [group_name(first.group.breakdown), group_name(first.other.breakdown)]
    subtitle = f"{measure}, {first.period}. Whiskers: 95% interval. Darker bars: {groups[0]}; lighter: {groups[1]}"
    figure, axes = canvas(title, subtitle, source, 0.75 * 2 + 0.95 * len(gaps))
    known = [s.interval[1] if s.interval else s.value for g in gaps for s in (g.group, g.other) if s.value is not None]
    right = max(known, default=1) * 1.12
    for row, each in enumerate(gaps):
        for offset, one, colour in ((-0.2, each.group, BLUE), (0.2, each.other, TEAL)):
            _bar(axes, row + offset, one, colour, right)
    axes.set_yticks(range(len(gaps)), [textwrap.fill(capital(each.place), 24) for each in gaps])
    axes.set_ylim(len(gaps) - 0.5, -0.5)
    axes.set_xlim(0, right)
    axes.grid(axis="x", visible=True)
    axes.grid(axis="y", visible=False)
    axes.tick_params(axis="y", length=0)
    spoken = "; ".join(f"{g.place}: {_or_none(g.group)} and {_or_none(g.other)}" for g in gaps)
    alt = f"Bar chart of {measure}, {first.period}, {groups[0]} and {groups[1]}. {spoken}."
    return Chart(figure, name=name, title=title, alt=_fitted(alt), data=as_table(gaps), source=source)


def _bar(axes, height: float, one: Estimate, colour: str, right: float) -> None:
    if one.value is None:
        axes.text(right * 0.01, height, f"no figure: {one.reason}", va="center", fontsize=9, color="#333333")
        return
    axes.barh(height, one.value, height=0.36, color=colour, zorder=2)
    if one.interval:
        axes.errorbar(one.value, height, xerr=_bars(one.value, one.interval), color="black", capsize=3, lw=1.2, zorder=3)
    base = f"{one.base:,} pupils" if one.base else "pupils not published"
    text = f"{points(one.value)}  ({base})"
    axes.text(right * 0.01, height, text, va="center", fontsize=9.5, color="white" if colour == BLUE else "black", zorder=4)


def _or_none(one: Estimate) -> str:
    return "no figure" if one.value is None else points(one.value)


def _fitted(alt: str) -> str:
    return alt if len(alt) <= 300 else alt[:296].rsplit(" ", 1)[0].rstrip(",;") + " …"


def trend(series: list[list[Gap]], *, name: str, title: str, measure: str, source: str) -> Chart:
    """The gap over time for a place (dark, with its interval) and wider places (labelled at the line's end).

    A period without a figure breaks the line; nothing is drawn across it.
    """
    here = series[0]
    group, other = group_name(here[0].group.breakdown), group_name(here[0].other.breakdown)
    subtitle = f"{measure}: {other} minus {group}. Band: 95% interval for {here[0].place}"
    figure, axes = canvas(title, subtitle, source)
    if len(here) < 2:
        _empty(axes, f"The file has one period, {here[0].period}: there is no trend to draw.")
        series = []
    styles = [(BLUE, "-", "o"), (TEAL, "--", "s"), (GREY, ":", "^")]
    labels = [each.period for each in here]
    ends = []
    for gaps, (colour, dash, mark) in zip(series, styles, strict=False):
        values = [float("nan") if each.value is None else each.value for each in gaps]
        axes.plot(range(len(values)), values, color=colour, ls=dash, marker=mark, ms=6, zorder=3)
        if gaps is here:
            low, high = zip(*[each.interval or (float("nan"),) * 2 for each in gaps], strict=True)
            axes.fill_between(range(len(values)), low, high, color=colour, alpha=0.15, lw=0)
        last = max((index for index, value in enumerate(values) if value == value), default=None)
        if last is not None:
            ends.append((values[last], gaps[0].place, colour))
    _label_ends(axes, ends, len(labels))
    table = as_table([each for gaps in (series or [here]) for each in gaps])
    said = "; ".join(f"{g.period} {'no figure' if g.value is None else points(g.value)}" for g in here)
    alt = _fitted(f"Line chart of the gap in {here[0].place}: {said}.")
    if not series:
        return Chart(figure, name=name, title=title, alt=f"No line is drawn: {alt}", data=table, source=source)
    axes.set_xticks(range(len(labels)), labels)
    axes.set_xlim(-0.3, len(labels) - 0.5 + 0.32 * max(len(labels), 3))
    low, high = axes.get_ylim()
    axes.set_ylim(min(0, low), max(0.5, high * 1.08))
    return Chart(figure, name=name, title=title, alt=alt, data=table, source=source)


def _label_ends(axes, ends: list[tuple], count: int) -> None:
    """Names at the ends of lines, moved apart so that none covers another."""
    if not ends:
        return
    low, high = axes.get_ylim()
    step, placed = (max(high, 0) - min(low, 0)) * 0.075, []
    for value, place, colour in sorted(ends):
        height = max(value, placed[-1] + step) if placed else value
        placed.append(height)
        axes.text(count - 0.85, height, place, color=BLUE if colour == BLUE else "#333333", va="center", fontsize=10)


def caterpillar(
    every: list[Estimate] | list[Gap],
    here: Estimate | Gap,
    *,
    name: str,
    title: str,
    label: str,
    source: str,
    unit: str = "score",
    wider: Estimate | Gap | None = None,
) -> Chart:
    """Every authority's number (or gap) with its 95% interval, in order, the place highlighted, a wider place as a line.

    Up to forty places are named, a row each; more stand side by side and only the place is named. A region or England, which is
    not one of them, is drawn as a line. Places without a figure are named in the subtitle.
    """
    known = [each for each in every if each.value is not None]
    unknown = without_figure(every)
    subtitle = f"{capital(label)}, {here.period}. Lines: 95% interval" + (f". {unknown}" if unknown else "")
    many = len(known) > 40
    figure, axes = canvas(title, subtitle, source, 4.2 if many else max(3.0, 0.9 + 0.27 * len(known)))
    if known:
        (_upright if many else _rows)(axes, known, here)
        _in_percent(axes.yaxis if many else axes.xaxis, unit)
        _lines(axes, here, wider, known, many)
    else:
        _empty(axes, "The file has no figure for any of these authorities.")
    table = as_table(every) if isinstance(here, Gap) else estimates.as_table(every)
    alt = _caterpillar_alt(known, here, label, unit)
    return Chart(figure, name=name, title=title, alt=alt, data=table, source=source)


def _in_percent(axis, unit: str) -> None:
    if unit == "percent":
        axis.set_major_formatter(lambda value, _: f"{value:g}%")


def _rows(axes, known: list, here) -> None:
    """A row for each place, its name at the left."""
    for row, each in enumerate(known):
        mine = each.place == here.place
        axes.errorbar(
            each.value, row, xerr=_bars(each.value, each.interval), fmt="D" if mine else "o", color=BLUE if mine else GREY,
            ms=8 if mine else 5, lw=2.5 if mine else 1, zorder=4 if mine else 2,
        )  # fmt: skip
    axes.set_yticks(range(len(known)), [each.place for each in known])
    for text in axes.get_yticklabels():
        text.set_fontweight("bold" if text.get_text() == here.place else "normal")
    axes.grid(axis="x", visible=True)
    axes.grid(axis="y", visible=False)
    axes.tick_params(axis="y", length=0)
    low, high = axes.get_xlim()
    if known[0].value >= 0 and low < 0.35 * high:
        axes.set_xlim(min(0, low), high)


def _upright(axes, known: list, here) -> None:
    """The places side by side from the lowest to the highest, too many to be named."""
    for mine, colour, width, sign, size in ((False, GREY, 0.9, "o", 2.5), (True, BLUE, 3, "D", 8)):
        drawn = [(column, each) for column, each in enumerate(known) if (each.place == here.place) is mine]
        columns, values = [column for column, _ in drawn], [each.value for _, each in drawn]
        bounds = [each.interval or (each.value, each.value) for _, each in drawn]
        layer = 4 if mine else 2
        axes.vlines(columns, [low for low, _ in bounds], [high for _, high in bounds], colors=colour, lw=width, zorder=layer)
        axes.plot(columns, values, sign, color=colour, ms=size, zorder=layer)
    mine = next(((column, each.value) for column, each in enumerate(known) if each.place == here.place), None)
    if mine:
        top = max((each.interval or (0, each.value))[1] for each in known)
        left = mine[0] < len(known) / 2
        axes.annotate(
            here.place, mine, (mine[0], top), ha="left" if left else "right", va="bottom", color=BLUE, fontweight="bold",
            arrowprops={"arrowstyle": "-", "color": BLUE, "lw": 1},
        )  # fmt: skip
    axes.set_xticks([])
    axes.set_xlim(-1.5, len(known) + 0.5)
    axes.set_xlabel(f"{len(known)} authorities, from the lowest to the highest")


def _lines(axes, here, wider, known: list, many: bool) -> None:
    """A dashed line at the place where it is none of the authorities, a dotted one at the wider place, both named."""
    drawn = [] if any(each.place == here.place for each in known) else [(here, BLUE, "--")]
    drawn += [(wider, "#333333", ":")] if wider is not None else []
    for one, colour, dash in drawn:
        if one.value is None:
            continue
        if many:
            axes.axhline(one.value, color=colour, lw=1.4, ls=dash, zorder=3)
            axes.text(len(known), one.value, f" {one.place}", color=colour, va="bottom", ha="right", fontsize=10)
        else:
            axes.axvline(one.value, color=colour, lw=1.4, ls=dash, zorder=1)
            axes.text(one.value, len(known) - 0.4, one.place, color=colour, va="bottom", ha="center", fontsize=10)


def _caterpillar_alt(known: list, here, label: str, unit: str) -> str:
    ends = "with no figure for any"
    if known:
        low, high = known[0], known[-1]
        ends = f"from {amount(low.value, unit)} in {low.place} to {amount(high.value, unit)} in {high.place}"
    mine = "no figure" if here.value is None else amount(here.value, unit)
    return _fitted(f"Dot chart of {label} in {len(known)} authorities, {here.period}, {ends}. {capital(here.place)}: {mine}.")


def gaps(compared: list[Gap], *, name: str, title: str, measure: str, source: str) -> Chart:
    """The gap in a place and in wider places, each a dot with its 95% interval, from zero."""
    first = compared[0]
    label = f"{measure}: {group_name(first.other.breakdown)} minus {group_name(first.group.breakdown)}"
    shown = [
        Estimate(g.place, g.group.breakdown, g.period, g.value, g.base, g.status, g.reason, g.error, indicator="gap")
        for g in compared
    ]
    return dots(shown, name=name, title=title, label=label, source=source, zero=True)


def dots(
    found: list[Estimate],
    *,
    name: str,
    title: str,
    label: str,
    source: str,
    rows: str = "place",
    zero: bool = False,
    mark: float | None = None,
) -> Chart:
    """One number for each place, or for each period, indicator or breakdown of one place (`rows`), as a dot with its interval.

    The first place, or the last period, is highlighted. What has no figure keeps its row, with the reason written in it. A line
    stands at `mark`, where there is one.
    """
    here = found[0]
    names = [capital(str(getattr(each, rows))) for each in found]
    marked = {"place": [0], "period": [len(found) - 1]}.get(rows, range(len(found)))
    where = here.period if rows == "place" else here.place if rows == "period" else f"{here.place}, {here.period}"
    with_lines = any(each.interval for each in found)
    subtitle = ", ".join(filter(None, [capital(label), where])) + (". Lines: 95% interval" if with_lines else ". No interval")
    figure, axes = canvas(title, subtitle, source, 0.9 + 0.55 * len(found))
    known = [each for each in found if each.value is not None]
    ends = [end for each in known for end in (each.interval or (each.value, each.value))]
    ends += [0.0] * zero + [mark] * (mark is not None)
    low, high = (min(ends), max(ends)) if ends else (0, 1)
    room = max((high - low) * 0.25, abs(high) * 0.02, 0.1)
    for row, each in enumerate(found):
        colour = BLUE if row in marked else GREY
        if each.value is None:
            words = f"no figure: {each.reason}"
            axes.text(0.01, row, words, transform=axes.get_yaxis_transform(), va="center", fontsize=10, color="#333333")
            continue
        bars = _bars(each.value, each.interval)
        axes.errorbar(each.value, row, xerr=bars, fmt="D" if row in marked else "o", color=colour, ms=8, lw=2)
        axes.annotate(
            amount(each.value, each.unit), (each.value, row), (0, 9), textcoords="offset points", ha="center", fontsize=10
        )
    axes.set_yticks(range(len(found)), [textwrap.fill(text, 24) for text in names])
    axes.set_ylim(len(found) - 0.4, -0.7)
    axes.set_xlim(0 if zero and low == 0 else low - room, high + room)
    _in_percent(axes.xaxis, here.unit)
    if mark is not None:
        axes.axvline(mark, color="#333333", lw=1, ls=":", zorder=1)
    axes.grid(axis="x", visible=True)
    axes.grid(axis="y", visible=False)
    axes.tick_params(axis="y", length=0)
    values = ["no figure" if each.value is None else amount(each.value, each.unit) for each in found]
    said = "; ".join(f"{text} {value}" for text, value in zip(names, values, strict=True))
    start = ", ".join(filter(None, [f"Dot chart of {label}", where, "with 95% intervals" if with_lines else "without intervals"]))
    alt = _fitted(f"{start}. {said}.")
    return Chart(figure, name=name, title=title, alt=alt, data=estimates.as_table(found), source=source)


def standardised(compared: pd.DataFrame, *, name: str, title: str, place: str, other: str, source: str) -> Chart:
    """Differences of several kinds in one order, from `focus.compare`: standard deviations between authorities, worse to the right.

    Filled marks are clear of chance, hollow ones are not; what cannot be compared keeps its row, with the reason written in it.
    """
    subtitle = f"{capital(spoken(place))} less {spoken(other)}, in standard deviations between authorities. Right of 0 is worse"
    figure, axes = canvas(title, f"{subtitle}. Filled: more than chance. Lines: 95% interval", source, 1.1 + 0.5 * len(compared))
    for row, each in enumerate(compared.itertuples()):
        if pd.isna(each.standardised):
            words = f"no comparison: {each.note or 'no figure'}"
            axes.text(0.01, row, words, transform=axes.get_yaxis_transform(), va="center", fontsize=10, color="#333333")
            continue
        scale = each.standardised / each.difference if each.difference else 0.0
        ends = sorted((scale * each.lower, scale * each.upper)) if pd.notna(each.lower) else None
        axes.errorbar(
            each.standardised, row, xerr=_bars(each.standardised, ends), fmt="D", color=BLUE, ms=8, lw=2,
            markerfacecolor=BLUE if each.clear else "white",
        )  # fmt: skip
    axes.axvline(0, color="#333333", lw=1)
    axes.set_yticks(range(len(compared)), [textwrap.fill(capital(text), 24) for text in compared["name"]])
    axes.set_ylim(len(compared) - 0.4, -0.6)
    reach = max(abs(end) for end in (*axes.get_xlim(), 1.0))
    axes.set_xlim(-reach, reach)
    axes.grid(axis="x", visible=True)
    axes.grid(axis="y", visible=False)
    axes.tick_params(axis="y", length=0)
    said = "; ".join(
        f"{each.name}: {'no figure' if pd.isna(each.standardised) else f'{each.standardised:+.1f}'}{', clear' * bool(each.clear)}"
        for each in compared.itertuples()
    )
    alt = _fitted(f"Dot chart of {spoken(place)} less {spoken(other)} in standard deviations, worse above 0. {said}.")
    return Chart(figure, name=name, title=title, alt=alt, data=compared.drop(columns="z").round(3), source=source)
