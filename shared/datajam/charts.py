"""Charts in the Government Analysis Function style, each with a finding as its title and alt text with the numbers.

Every chart returns a `Chart`; as the last line of a cell it shows its picture, and carries its alt text and its data
(CSV) in the notebook's output, so that a report, a reviewer and a screen reader all have them.

Source: Government Analysis Function, "Data visualisation: charts" (2024), through the `afcharts` package.
"""

import base64
import io
import re
import textwrap

import matplotlib.pyplot as plt
import pandas as pd

from datajam.errors import DataJamError
from datajam.estimates import Estimate
from datajam.gaps import Gap, as_table
from datajam.say import amount, capital, group_name, points, without_figure

BLUE, TEAL, ORANGE, GREY = "#12436D", "#28A197", "#F46A25", "#6B7072"


class Chart:
    """A drawn figure with its name, alt text and data.

    Raises `DataJamError` for alt text that is missing or too short or long to serve (40 to 300 characters), for a title of
    more than ten words, and for a name that is not a slug.
    """

    def __init__(self, figure, *, name: str, title: str, alt: str, data: pd.DataFrame):
        plt.close(figure)
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
        self.figure.savefig(held, format="png", dpi=110, bbox_inches="tight", metadata={"Software": None})
        return held.getvalue()

    def csv(self) -> str:
        """The numbers drawn, with cells that a spreadsheet would run as a formula made harmless."""
        safe = self.data.copy()
        for name in safe.columns[[kind.kind not in "ifbu" for kind in safe.dtypes]]:
            safe[name] = ["'" + text if str(text)[:1] in "=+-@" else text for text in safe[name].astype(object)]
        return safe.to_csv(index=False, lineterminator="\n")

    def _repr_mimebundle_(self, include=None, exclude=None):
        picture = base64.b64encode(self.png()).decode()
        data = {"image/png": picture, "text/csv": self.csv(), "text/plain": f"{self.title}. {self.alt}"}
        return data, {"image/png": {"alt": self.alt}, "datajam": {"chart": self.name, "title": self.title}}


def _canvas(title: str, subtitle: str, source: str, height: float = 3.6):
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
    figure, axes = _canvas(title, subtitle, source, 0.75 * 2 + 0.95 * len(gaps))
    known = [s.interval[1] if s.interval else s.value for g in gaps for s in (g.group, g.other) if s.value is not None]
    right = max(known, default=1) * 1.12
    for row, each in enumerate(gaps):
        for offset, one, colour in ((-0.2, each.group, BLUE), (0.2, each.other, TEAL)):
            _bar(axes, row + offset, one, colour, right)
    axes.set_yticks(range(len(gaps)), [textwrap.fill(each.place, 18) for each in gaps])
    axes.set_ylim(len(gaps) - 0.5, -0.5)
    axes.set_xlim(0, right)
    axes.grid(axis="x", visible=True)
    axes.grid(axis="y", visible=False)
    axes.tick_params(axis="y", length=0)
    spoken = "; ".join(f"{g.place}: {_or_none(g.group)} and {_or_none(g.other)}" for g in gaps)
    alt = f"Bar chart of {measure}, {first.period}, {groups[0]} and {groups[1]}. {spoken}."
    return Chart(figure, name=name, title=title, alt=_fitted(alt), data=as_table(gaps))


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
    figure, axes = _canvas(title, subtitle, source)
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
        return Chart(figure, name=name, title=title, alt=f"No line is drawn: {alt}", data=table)
    axes.set_xticks(range(len(labels)), labels)
    axes.set_xlim(-0.3, len(labels) - 0.5 + 0.32 * max(len(labels), 3))
    low, high = axes.get_ylim()
    axes.set_ylim(min(0, low), max(0.5, high * 1.08))
    return Chart(figure, name=name, title=title, alt=alt, data=table)


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


def ranked(gaps: list[Gap], here: Gap, *, name: str, title: str, measure: str, source: str) -> Chart:
    """Every authority's gap with its interval, in order, the place highlighted; places without a figure are named."""
    group, other = group_name(here.group.breakdown), group_name(here.other.breakdown)
    known = [each for each in gaps if each.value is not None]
    unknown = without_figure(gaps)
    subtitle = f"{measure}, {here.period}: {other} minus {group}. Lines: 95% interval"
    if unknown:
        subtitle += f". {unknown}"
    many = len(known) > 40
    figure, axes = _canvas(title, subtitle, source, max(3.0, 0.9 + (0.07 if many else 0.27) * len(known)))
    if not known:
        _empty(axes, "The file has no figure for any of these authorities.")
    for row, each in enumerate(known):
        mine = each.place == here.place
        colour = BLUE if mine else GREY
        axes.errorbar(
            each.value, row, xerr=_bars(each.value, each.interval), fmt="D" if mine else "o", color=colour,
            ms=(8 if mine else 5) if not many else (6 if mine else 2.5), lw=2.5 if mine else 1, zorder=4 if mine else 2,
        )  # fmt: skip
    if here.value is not None:
        axes.axvline(here.value, color=BLUE, lw=1, ls="--", zorder=1)
    names = [f"{each.place}" for each in known]
    axes.set_yticks([] if many else range(len(known)), [] if many else names)
    for label in axes.get_yticklabels():
        label.set_fontweight("bold" if label.get_text() == here.place else "normal")
    axes.grid(axis="x", visible=True)
    axes.grid(axis="y", visible=False)
    axes.tick_params(axis="y", length=0)
    if known:
        low, high = axes.get_xlim()
        axes.set_xlim(min(0, low), max(0, high))
        ends = f"from {points(known[0].value)} in {known[0].place} to {points(known[-1].value)} in {known[-1].place}"
    else:
        ends = "with no figure for any"
    mine = f"{capital(here.place)}: {'no figure' if here.value is None else points(here.value) + ' points'}."
    alt = f"Dot chart of the gap in {len(known)} authorities, {here.period}, {ends}. {mine}"
    return Chart(figure, name=name, title=title, alt=_fitted(alt), data=as_table(gaps))


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
    estimates: list[Estimate], *, name: str, title: str, label: str, source: str, rows: str = "place", zero: bool = False
) -> Chart:
    """One number for each place, or for each period, as a dot with its 95% interval.

    The first place, or the last period, is highlighted. What has no figure keeps its row, with the reason written in it.
    """
    here = estimates[0]
    by_period = rows == "period"
    marked = len(estimates) - 1 if by_period else 0
    names = [each.period if by_period else each.place for each in estimates]
    subtitle = f"{capital(label)}, {here.place if by_period else here.period}. Lines: 95% interval"
    figure, axes = _canvas(title, subtitle, source, 0.9 + 0.55 * len(estimates))
    known = [each for each in estimates if each.value is not None]
    ends = [end for each in known for end in (each.interval or (each.value, each.value))]
    ends += [0.0] * zero
    low, high = (min(ends), max(ends)) if ends else (0, 1)
    room = max((high - low) * 0.25, abs(high) * 0.02, 0.1)
    for row, each in enumerate(estimates):
        colour = BLUE if row == marked else GREY
        if each.value is None:
            words = f"no figure: {each.reason}"
            axes.text(0.01, row, words, transform=axes.get_yaxis_transform(), va="center", fontsize=10, color="#333333")
            continue
        bars = _bars(each.value, each.interval)
        axes.errorbar(each.value, row, xerr=bars, fmt="D" if row == marked else "o", color=colour, ms=8, lw=2)
        axes.annotate(
            amount(each.value, each.unit), (each.value, row), (0, 9), textcoords="offset points", ha="center", fontsize=10
        )
    axes.set_yticks(range(len(estimates)), [textwrap.fill(text, 18) for text in names])
    axes.set_ylim(len(estimates) - 0.4, -0.7)
    axes.set_xlim(0 if zero and low == 0 else low - room, high + room)
    axes.grid(axis="x", visible=True)
    axes.grid(axis="y", visible=False)
    axes.tick_params(axis="y", length=0)
    table = [
        {
            "place": each.place, "period": each.period, "indicator": each.indicator, "value": each.value,
            "lower_95": each.interval[0] if each.interval else None,
            "upper_95": each.interval[1] if each.interval else None, "unit": each.unit, "note": each.reason,
        }
        for each in estimates
    ]  # fmt: skip
    values = ["no figure" if each.value is None else amount(each.value, each.unit) for each in estimates]
    said = "; ".join(f"{text} {value}" for text, value in zip(names, values, strict=True))
    where = here.place if by_period else here.period
    alt = _fitted(f"Dot chart of {label}, {where}, with 95% intervals. {said}.")
    return Chart(figure, name=name, title=title, alt=alt, data=pd.DataFrame(table))
