"""X1, one accessible chart: the same four numbers drawn to mislead, and drawn to be read."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from datajam.say import charts

SEED = 2018
PLACES = ("Harbour", "Old Town", "Riverside", "Moorside")
RAINBOW = ("#FF4040", "#FFE135", "#7CFC00", "#00E5FF")
BARS, TEXT, WHITE = 3.0, 4.5, "#FFFFFF"


@dataclass(frozen=True)
class Truth:
    """The planted parameters: the smallest and largest percentage, and residents asked in each place."""

    low: float = 71.0
    high: float = 75.0
    asked: int = 1600


TRUTH = Truth()


def make(seed: int = SEED, truth: Truth = TRUTH) -> pd.DataFrame:
    """One row a place: who is satisfied with it, in percent, with the 95% interval and how many were asked.

    >>> make()["percent"].between(66, 80).all()
    np.True_
    """
    rng = np.random.default_rng(seed)
    true = rng.permutation(np.linspace(truth.low, truth.high, len(PLACES)))
    percent = 100 * rng.binomial(truth.asked, true / 100) / truth.asked
    half = 1.96 * np.sqrt(percent * (100 - percent) / truth.asked)
    rows = pd.DataFrame({"place": PLACES, "percent": percent, "lower": percent - half, "upper": percent + half})
    return rows.assign(asked=truth.asked)


def contrast(colour: str, background: str = WHITE) -> float:
    """How well a colour stands out, from 1 (not at all) to 21 (black on white).

    Source: W3C, "Web Content Accessibility Guidelines" 2.2 (2023): 3 for the parts of a chart, 4.5 for its words.

    >>> round(contrast("#000000"), 1), round(contrast("#FFE135"), 1)
    (21.0, 1.3)
    """
    lighter, darker = sorted((_luminance(colour), _luminance(background)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def offered(seed: int = SEED) -> tuple[str, str]:
    """Two colours for bars: one too pale to be seen on white, and one dark enough for bars and not for words.

    >>> pale, strong = offered()
    >>> contrast(pale) < 2.5, BARS < contrast(strong) < TEXT
    (True, True)
    """
    drawn = (f"#{number:06X}" for number in np.random.default_rng(seed).integers(2**24, size=1000))
    colours = {colour: contrast(colour) for colour in drawn}
    pale = next(colour for colour, found in colours.items() if 1.1 < found < 2.5)
    return pale, next(colour for colour, found in colours.items() if BARS + 0.1 < found < TEXT - 0.1)


def _luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return float(np.dot((0.2126, 0.7152, 0.0722), linear))


def exaggeration(chart: charts.Chart) -> float:
    """How many times as large the difference between the longest and shortest bar looks as it is, measured on the drawing.

    1 is honest. Source: the lie factor of Tufte, "The Visual Display of Quantitative Information" (1983), ch. 2.
    """
    axes = chart.figure.axes[0]
    ends = [(bar.get_x(), bar.get_x() + bar.get_width()) for bar in axes.patches]
    low, high = axes.get_xlim()
    seen = [min(end, high) - max(start, low) for start, end in ends]
    true = [end - start for start, end in ends]
    return float((max(seen) / min(seen) - 1) / (max(true) / min(true) - 1))


def as_usual(rows: pd.DataFrame) -> charts.Chart:
    """A chart as the first attempt often is: bars that begin at 68, a colour each, and a title that says nothing."""
    figure, axes = charts.canvas("Satisfaction by place", "2025", "SYNTHETIC DATA, made for this example", 2.4)
    axes.barh(range(len(rows)), rows["percent"], color=RAINBOW)
    axes.set_yticks(range(len(rows)), rows["place"])
    axes.set_xlim(rows["percent"].min() - 1, rows["percent"].max() + 1)
    alt = "Bar chart of satisfaction by place whose bars do not begin at 0: " + _listed(rows)
    return _chart(figure, "as_usual", "Satisfaction by place", alt, rows)


def picture(rows: pd.DataFrame, place: str, colour: str = charts.BLUE) -> charts.Chart:
    """The same numbers to be read: bars from 0, in order, one colour, intervals, and the finding as the title."""
    order = rows.sort_values("percent", ignore_index=True)
    apart = order["upper"].iloc[0] < order["lower"].iloc[-1]
    title = f"{order['place'].iloc[-1]} most satisfied" if apart else "The four places hardly differ"
    words = f"Residents satisfied with their place, {place}, {rows['asked'].iloc[0]:,} asked in each. Whiskers: 95% interval"
    figure, axes = charts.canvas(title, words, "SYNTHETIC DATA, made for this example", 2.6)
    bars = [order["percent"] - order["lower"], order["upper"] - order["percent"]]
    axes.barh(range(len(order)), order["percent"], xerr=bars, color=colour, height=0.6, error_kw={"ecolor": "#333333"})
    for at, row in order.iterrows():
        axes.text(2, at, f"{row['percent']:.1f}%", va="center", color=WHITE)
    axes.set_yticks(range(len(order)), order["place"])
    axes.set_xlim(0, 100)
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}%")
    alt = f"Bar chart of residents satisfied with their place, {rows['asked'].iloc[0]:,} asked in each, from 0: {_listed(order)}"
    return _chart(figure, "satisfied", title, alt, order)


def _listed(rows: pd.DataFrame) -> str:
    return ", ".join(f"{row.place} {row.percent:.1f}%" for row in rows.itertuples()) + "."


def _chart(figure, name: str, title: str, alt: str, rows: pd.DataFrame) -> charts.Chart:
    source = "SYNTHETIC DATA, made for this example"
    return charts.Chart(figure, name=name, title=title, alt=alt, data=rows.round(2), source=source)


def simulate(seed: int) -> dict[str, float]:
    """For one seed: how much both charts exaggerate, and the weakest contrast of their bars."""
    rows = make(seed)
    return {
        "exaggeration as usual": exaggeration(as_usual(rows)),
        "exaggeration": exaggeration(picture(rows, "here")),
        "weakest contrast as usual": min(contrast(colour) for colour in RAINBOW),
        "contrast": contrast(charts.BLUE),
    }


EXPECTED = {"exaggeration": (1.0, 0.0)}
TOLERANCE = {"exaggeration": (1.0, 0.01)}
