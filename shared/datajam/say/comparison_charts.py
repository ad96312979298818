"""One headline number in every authority, drawn: a tile map, and its intervals or the funnel of what chance alone would do."""

import base64
import io
from dataclasses import replace

import numpy as np
import pandas as pd

from datajam.analyse.estimates import Estimate, Z
from datajam.say import comparison, sentences
from datajam.say.charts import Chart, caterpillar, dots
from datajam.say.charts_places import beyond, funnel, tile_map
from datajam.say.comparison import Number
from datajam.say.sentences import capital
from datajam.vocabulary import places

FEWEST, ENOUGH = 3, 8
_COLOURS = 64


def drawn(number: Number, source: str) -> list[Chart]:
    """The charts worth drawing of a number: none where fewer than three places have it, or all have the same.

    Of authorities a tile map; beside it a funnel where the number is a share of its base, else the ranked intervals where it has
    them. Where there are only regions, their intervals.
    """
    own = number.everyone[number.everyone["level"] == "la"]
    own = own.assign(code=[current.code if (current := places.current(code)) else "" for code in own["place_code"]])
    own = own[(own["code"] != "") & ~own["code"].duplicated(keep=False)]
    known = own[own["value"].notna()]
    if not len(own):
        regions = number.known[(number.known["level"] == "region") & number.known["lower_95"].notna()]
        return [_few(number, regions, source)] if len(regions) >= FEWEST and regions["value"].nunique() > 1 else []
    if len(known) < FEWEST or known["value"].nunique() == 1:
        return []
    charts = [_map(number, own, known, source)]
    if share_of_base(known) and 0 < known["value"].sum() < 100 * len(known):
        charts.append(_funnel(number, known, source))
    elif known["lower_95"].notna().any():
        charts.append((_ranked if len(known) >= ENOUGH else _few)(number, known, source))
    return charts


def unit_known(unit: str) -> str:
    """The unit of which a recorded number's unit is the words; empty where there is none.

    >>> unit_known("points"), unit_known("out of 10"), unit_known("of 4")
    ('score', 'mean_0_10', '')
    """
    return {sentences.unit_words(each): each for each in sentences._UNITS}.get(unit, "")


def plain(value: float, number: Number) -> str:
    """A value of a number without its unit, with the digits it was recorded with."""
    return f"{round(value, number.digits) + 0.0:,.{number.digits}f}"


def half(known: pd.DataFrame) -> tuple[float, float, float]:
    """The values between which half of the places lie, and the middle one: (lower quartile, median, upper quartile)."""
    low, high = known["value"].quantile([0.25, 0.75])
    return float(low), float(known["value"].median()), float(high)


def clear_of(known: pd.DataFrame, value: float) -> int:
    """How many places' 95% intervals leave a value out."""
    return int(((known["lower_95"] > value) | (known["upper_95"] < value)).sum())


def give_or_take(known: pd.DataFrame, number: Number) -> str:
    """How far the 95% interval of a typical place reaches to either side, in words."""
    reach = ((known["upper_95"] - known["lower_95"]) / 2).median()
    return "no interval is given" if pd.isna(reach) else f"typical 95% interval: {plain(reach, number)} either side"


def share_of_base(known: pd.DataFrame) -> bool:
    """Whether a number is a percentage of its own base, so that a funnel's limits are those of chance.

    It is one where nearly every interval is about as wide as that of such a share (Wilson 1927): one that is wider, as of a survey
    with weights or a ratio of two averages, has more in it than the base says.
    """
    full = known[known["base"].notna() & (known["base"] > 0) & known["lower_95"].notna() & known["value"].between(0, 100)]
    if set(known["unit"]) != {"percent"} or len(full) < len(known):
        return False
    share, base = full["value"] / 100, full["base"].astype("float64")
    wilson = 200 * Z * np.sqrt(share * (1 - share) / base + Z**2 / (4 * base**2)) / (1 + Z**2 / base)
    rounding = 10.0 ** -full["digits"].astype("float64")
    apart = (full["upper_95"] - full["lower_95"] - wilson).abs()
    return bool((apart <= 0.2 * wilson + rounding).mean() >= 0.9)


def _said(number: Number) -> tuple[str, str]:
    """What is drawn, in words, and the unit in which charts write it."""
    unit = unit_known(number.unit) or ("count" if number.digits == 0 else "")
    label = ", ".join(filter(None, [number.label, number.setting]))
    written = unit_known(number.unit) or not number.unit
    return (label if written else f"{label} ({number.unit})", unit)


def _map(number: Number, own: pd.DataFrame, known: pd.DataFrame, source: str) -> Chart:
    label, unit = _said(number)
    values = own.assign(note=own["reason"].where(own["value"].isna(), "")).set_index("code")[["value", "note"]]
    low, _, high = half(known)
    title = f"Half of the authorities lie between {plain(low, number)} and {plain(high, number)}"
    if len(known) < ENOUGH:
        title = f"{len(known)} authorities, from {plain(known['value'].min(), number)} to {plain(known['value'].max(), number)}"
    label = f"{label}. {capital(give_or_take(known, number))}"
    return tile_map(values, "England", name=f"map_{number.name}", title=title, label=label, source=source, unit=unit)


def _funnel(number: Number, known: pd.DataFrame, source: str) -> Chart:
    base = known["base"].astype("float64")
    counts = pd.DataFrame({"place": known["place"], "events": (known["value"] / 100 * base).round(), "base": base})
    outside = int((beyond(counts, counts["events"].sum() / base.sum()) > 99).sum())
    title = f"{outside} of {len(known)} authorities lie outside the 99.8% limits"
    label = f"{_said(number)[0]} (counts worked out from the rounded percentage)"
    chart = funnel(counts, "", name=f"funnel_{number.name}", title=title, label=label, source=source)
    chart.alt = chart.alt.removesuffix("  has no figure.")
    return chart


def _ranked(number: Number, known: pd.DataFrame, source: str) -> Chart:
    label, unit = _said(number)
    middle = half(known)[1]
    title = f"{clear_of(known, middle)} of {len(known)} differ clearly from the middle"
    every = [_estimate(row, unit) for row in known.sort_values(["value", "place"]).itertuples()]
    centre = Estimate("The middle", "all", "these runs", middle, None, "ok", "median of the places", unit=unit)
    return caterpillar(every, centre, name=f"intervals_{number.name}", title=title, label=label, source=source, unit=unit)


def _few(number: Number, known: pd.DataFrame, source: str) -> Chart:
    """A few places by name, each with its interval: a row for each, as for the indicators of one place."""
    label, unit = _said(number)
    among = f"{len(known)} {comparison.among(known)}"
    found = [replace(_estimate(row, unit), place=among, indicator=row.place) for row in known.itertuples()]
    title = f"{among} with their 95% intervals"
    return dots(found, name=f"intervals_{number.name}", title=title, label=label, source=source, rows="indicator")


def _estimate(row, unit: str) -> Estimate:
    ends = (min(row.lower_95, row.value), max(row.upper_95, row.value)) if row.lower_95 == row.lower_95 else None
    return Estimate(row.place, "all", "these runs", row.value, None, "ok", "recorded", published=ends, unit=unit)


def picture(chart: Chart) -> dict[str, str]:
    """A chart for a page: its PNG in few colours (base64), a third of the size and no different to look at, title and alt text."""
    from PIL import Image

    held = io.BytesIO()
    with Image.open(io.BytesIO(chart.png())) as image:
        width, height = image.size
        image.convert("RGB").quantize(_COLOURS, dither=Image.Dither.NONE).save(held, format="png", optimize=True)
    png = base64.b64encode(held.getvalue()).decode()
    return {"png": png, "title": chart.title, "alt": chart.alt, "width": str(width), "height": str(height)}
