"""Charts of every place at once: a map of equal tiles, and a funnel of what chance alone would do.

The tiles' positions are fixed (`data/tiles.csv`: code, row from the north, column from the west). They were computed once from
the areas' centres (ONS super-generalised boundaries, May 2025; contains OS data © Crown copyright and database right): centres
pushed apart to the size of a tile, London opened into a block, assigned to cells with the least movement, and swapped to keep
true neighbours, regions and compass directions together. 78% of the places that truly share a border touch on the map.
"""

import csv
import textwrap
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd

from datajam.errors import DataJamError
from datajam.say.charts import BLUE, GREY, ORANGE, TEAL, Chart, _empty, _fitted, canvas
from datajam.say.sentences import amount, capital
from datajam.vocabulary import places
from datajam.vocabulary.places import spoken

_TILES = Path(__file__).parents[1] / "data" / "tiles.csv"
_DARK = "#333333"
# Where each region's name stands beside its tiles: (column, row, alignment).
_NAMES = {
    "E12000001": (3.3, 1.4, "right"),
    "E12000002": (0.4, 3.0, "right"),
    "E12000003": (9.7, 5.6, "left"),
    "E12000004": (9.7, 8.0, "left"),
    "E12000005": (2.4, 9.6, "right"),
    "E12000006": (12.6, 9.0, "left"),
    "E12000007": (13.7, 12.0, "left"),
    "E12000008": (11.6, 18.0, "left"),
    "E12000009": (1.4, 14.0, "right"),
}


@cache
def tiles() -> dict[str, tuple[int, int]]:
    """The fixed tile of each of the 153 authorities: {GSS code: (row, column)}, row 0 the northernmost.

    >>> len(tiles()), tiles()["E08000021"], tiles()["E06000052"][0] > tiles()["E08000035"][0]
    (153, (0, 5), True)
    """
    with open(_TILES, encoding="utf-8", newline="") as file:
        return {row["code"]: (int(row["row"]), int(row["column"])) for row in csv.DictReader(file)}


def tile_map(values: pd.DataFrame, here: str, *, name: str, title: str, label: str, source: str, unit: str = "score") -> Chart:
    """A map of the 153 authorities as tiles of one size, darker for more, in up to five classes of about as many places.

    `values` is by GSS code with the column `value` and, where there is one, `note`: why a place has no number. Such places, and
    those not in the table, are hatched, and said. The place is outlined and named; for a region its tiles are. Raises
    `DataJamError` for a code that is no authority's, one given twice, or a value that is not finite.
    """
    where, table = places.find(here), _by_tile(values)
    known = table[table["value"].notna()]
    lacking = len(table) - len(known)
    subtitle = f"{capital(label)}. Each tile is one authority, about where it lies; darker is more"
    if lacking:
        subtitle += f". Hatched: no figure ({lacking} of {len(table)})"
    figure, axes = canvas(title, subtitle, source, 7.4)
    edges = _edges(known["value"])
    table["shade"] = _shades(table["value"], edges)
    _draw_tiles(axes, table, max(len(edges) - 1, 1))
    _outline(axes, table, where)
    _shade_legend(axes, edges, unit, lacking)
    axes.set_aspect("equal")
    axes.set_xlim(-3.6, 16.0)
    axes.set_ylim(18.8, -1.0)
    axes.set_axis_off()
    if not len(known):
        axes.text(8, -0.9, "The file has no figure for any authority.", ha="center", color=_DARK)
    said = table.reset_index()[["area_code", "place", "value", "row", "column", "note"]]
    return Chart(figure, name=name, title=title, alt=_map_alt(table, where, label, unit), data=said, source=source, given=values)


def _by_tile(values: pd.DataFrame) -> pd.DataFrame:
    """A row for each of the 153 authorities: place, region_code, row, column, value and note."""
    strange = [str(code) for code in values.index if code not in tiles()]
    if strange or "value" not in values or not values.index.is_unique:
        what = f"{strange[0]!r} is no authority's code" if strange else "a code is there twice, or the column value is not"
        raise DataJamError(f"tile_map: {what}. Give a row for each authority by GSS code, with the column value.")
    every = places.authorities()
    front = {"place": [each.name for each in every], "region_code": [each.region_code for each in every]}
    table = pd.DataFrame(front, index=pd.Index([each.code for each in every], name="area_code"))
    table["row"], table["column"] = zip(*[tiles()[code] for code in table.index], strict=True)
    table["value"] = pd.to_numeric(values["value"]).astype("float64").reindex(table.index)
    if np.isinf(table["value"]).any():
        raise DataJamError("tile_map: a value is infinite. Leave it missing, with a note that says why.")
    notes = values["note"].astype("object") if "note" in values else pd.Series("", values.index, dtype="object")
    notes = notes.reindex(table.index).fillna("")
    absent = ~table.index.isin(values.index)
    table["note"] = np.where(absent, "not in the file", np.where((notes == "") & table["value"].isna(), "no figure", notes))
    return table


def _edges(values: pd.Series, most: int = 5) -> list[float]:
    """The ends of up to five classes of about as many places; equal values are never parted."""
    if not len(values):
        return []
    ends = np.unique(np.quantile(values, np.linspace(0, 1, most + 1), method="inverted_cdf"))
    return [float(end) for end in ends] if len(ends) > 1 else [float(ends[0])] * 2


def _shades(values: pd.Series, edges: list[float]) -> np.ndarray:
    """The class of each value, 0 the lowest; -1 where there is none."""
    if not edges:
        return np.full(len(values), -1)
    return np.where(values.isna(), -1, np.clip(np.searchsorted(edges, values, side="left") - 1, 0, len(edges) - 2))


def _palette(count: int) -> list[str]:
    """So many colours of the sequential palette, light to dark."""
    from afcharts.af_colours import get_af_colours

    colours = get_af_colours("sequential", number_of_colours=min(max(count, 3), 5))[::-1]
    return {1: [colours[1]], 2: [colours[0], colours[-1]]}.get(count, colours)


def _draw_tiles(axes, table: pd.DataFrame, count: int) -> None:
    import matplotlib.pyplot as plt

    colours = _palette(count)
    for tile in table.itertuples():
        plain = {"facecolor": colours[tile.shade], "edgecolor": "white"}
        hatched = {"facecolor": "white", "edgecolor": "#8a8f91", "hatch": "////"}
        corner = (tile.column - 0.5, tile.row - 0.5)
        axes.add_patch(plt.Rectangle(corner, 1, 1, lw=1, zorder=2, **(plain if tile.shade >= 0 else hatched)))
    held = dict(zip(zip(table["row"], table["column"], strict=True), table["region_code"], strict=True))
    for colour, width in (("white", 3.6), (_DARK, 1.2)):
        axes.vlines(*_borders(held, 0, 1), color=colour, lw=width, zorder=3, capstyle="projecting")
        axes.hlines(*_borders(held, 1, 0), color=colour, lw=width, zorder=3, capstyle="projecting")
    for code, (column, row, side) in _NAMES.items():
        axes.text(column, row, textwrap.fill(places.by_code()[code].name, 13), ha=side, va="center", fontsize=9.5, color=_DARK)


def _borders(held: dict[tuple[int, int], str], down: int, right: int) -> tuple[list[float], list[float], list[float]]:
    """The lines between regions, across which `down` and `right` step: where they lie, and their two ends."""
    cells = {(row + step * down, column + step * right) for row, column in held for step in (0, 1)}
    apart = [cell for cell in sorted(cells) if held.get(cell) != held.get((cell[0] - down, cell[1] - right))]
    at = [cell[0 if down else 1] - 0.5 for cell in apart]
    along = [cell[1 if down else 0] for cell in apart]
    return at, [end - 0.5 for end in along], [end + 0.5 for end in along]


def _outline(axes, table: pd.DataFrame, where: places.Place) -> None:
    """A thick line round the place, with its name for an authority: a region's stands beside it already."""
    if where.level == "country":
        return
    own = table[(table.index == where.code) | (table["region_code"] == where.code)]
    held = dict.fromkeys(zip(own["row"], own["column"], strict=True), where.code)
    for colour, width in (("white", 6), (ORANGE, 3.2)):
        axes.vlines(*_borders(held, 0, 1), color=colour, lw=width, zorder=5, capstyle="projecting")
        axes.hlines(*_borders(held, 1, 0), color=colour, lw=width, zorder=5, capstyle="projecting")
    if where.level == "la":
        row, column = tiles()[where.code]
        _name(axes, where.name, row, column)


def _name(axes, text: str, row: int, column: int) -> None:
    """The place's name beside the map where there is room, joined to its tile by a line."""
    from matplotlib.patheffects import Stroke

    west = ((3, (0.2, -0.2)), (9, (-1.6, 5.6)), (14, (-1.3, 11.9)), (99, (-1.0, 18.0)))
    east = ((3, (0.2, -0.2)), (6, (13.8, 3.6)), (10, (14.0, 6.9)), (99, (14.6, 16.0)))
    side = west if column <= (4 if row < 9 else 8) else east
    spot = next(spot for below, spot in side if row < below)
    cased = [Stroke(linewidth=4, foreground="white"), Stroke(linewidth=1.6, foreground="black")]
    line = {"arrowstyle": "-", "path_effects": cased, "shrinkB": 0}
    axes.annotate(
        textwrap.fill(text, 16), (column, row), spot, ha="center", va="center", fontsize=11, fontweight="bold", color="black",
        arrowprops=line, zorder=6, bbox={"facecolor": "white", "edgecolor": ORANGE, "lw": 1.5, "pad": 3},
    )  # fmt: skip


def _shade_legend(axes, edges: list[float], unit: str, lacking: int) -> None:
    """The classes with the values they run between, and what hatching means."""
    import matplotlib.pyplot as plt

    count = max(len(edges) - 1, 0)
    colours = _palette(max(count, 1))
    labels = [_range(edges, number, unit) for number in range(count)]
    boxes = [plt.Rectangle((0, 0), 1, 1, facecolor=colours[number], edgecolor=_DARK, lw=0.5) for number in range(count)]
    if lacking:
        boxes.append(plt.Rectangle((0, 0), 1, 1, facecolor="white", edgecolor="#8a8f91", hatch="////"))
        labels.append("no figure")
    axes.legend(boxes, labels, loc="upper right", fontsize=9, frameon=False, handlelength=1.4, bbox_to_anchor=(1.0, 1.0))


def _range(edges: list[float], number: int, unit: str) -> str:
    low, high = amount(edges[number], unit), amount(edges[number + 1], unit)
    if low == high:
        return low
    low = low.split(" ")[0]
    return f"{low} to {high}" if number == 0 else f"over {low} to {high}"


def _map_alt(table: pd.DataFrame, where: places.Place, label: str, unit: str) -> str:
    known = table[table["value"].notna()].sort_values("value", kind="stable")
    start = f"Tile map of {label} in {len(known)} of {len(table)} authorities"
    if not len(known):
        return _fitted(f"{start}: there is no figure for any of them, {capital(where.spoken)} included.")
    low, high = known.iloc[0], known.iloc[-1]
    ends = f"from {amount(low['value'], unit)} in {low['place']} to {amount(high['value'], unit)} in {high['place']}"
    return _fitted(f"{start}, {ends}. {_map_place(table, known, where, unit)}")


def _map_place(table: pd.DataFrame, known: pd.DataFrame, where: places.Place, unit: str) -> str:
    if where.level == "country":
        return f"The middle authority has {amount(known['value'].median(), unit)}."
    if where.level == "region":
        own = known[known["region_code"] == where.code]["value"]
        if not len(own):
            return f"No authority of {where.spoken} has a figure."
        return f"{capital(where.spoken)}, outlined: {amount(own.min(), unit)} to {amount(own.max(), unit)}."
    value = table.loc[where.code, "value"]
    if np.isnan(value):
        return f"{capital(where.spoken)}, outlined: no figure ({table.loc[where.code, 'note']})."
    above = int((known["value"] > value).sum())
    return f"{capital(where.spoken)}, outlined: {amount(value, unit)}; {above} authorities have more."


def limits(base: np.ndarray, rate: float, level: float) -> tuple[np.ndarray, np.ndarray]:
    """Between which proportions a place lies with this probability if its true rate is `rate`: exact binomial, smoothed.

    A place is below where so few events, or fewer, have a chance under half of 1 - level, and above likewise. Between whole counts
    the ends are smoothed as in Spiegelhalter, "Funnel plots for comparing institutional performance" (2005), A.1; the upper end
    is the lower one of people without the event, since his own lets small places out too easily.

    >>> [round(float(end[0]), 3) for end in limits(np.array([100]), 0.5, 0.95)]
    [0.397, 0.603]
    """
    base = np.asarray(base, dtype="float64")
    tail = (1 - level) / 2
    return np.clip(_smoothed(base, rate, tail), 0, 1), np.clip(1 - _smoothed(base, 1 - rate, tail), 0, 1)


def _smoothed(base: np.ndarray, rate: float, end: float) -> np.ndarray:
    from scipy.stats import binom

    count = binom.ppf(end, base, rate)
    above = binom.cdf(count, base, rate) - end
    return (count - above / binom.pmf(count, base, rate)) / base


def beyond(counts: pd.DataFrame, rate: float) -> pd.Series:
    """How far out each place lies: 0 inside the 95% limits, 95 outside them, 99.8 outside the 99.8% limits."""
    found = pd.Series(0.0, counts.index)
    for level in (0.95, 0.998):
        low, high = limits(counts["base"].to_numpy(), rate, level)
        share = (counts["events"] / counts["base"]).to_numpy()
        found[(share < low) | (share > high)] = round(100 * level, 1)
    return found


def funnel(counts: pd.DataFrame, here: str, *, name: str, title: str, label: str, source: str, rate: float | None = None) -> Chart:
    """Each place's percentage against the number it rests on, within the limits that chance alone would keep it.

    `counts` has the columns place, events and base. The centre is `rate` (from 0 to 1), else all events over all bases. A place
    outside the 99.8% limits differs by more than chance (one in 500 would be by chance); outside the 95% limits, one in 20
    would. Where far more are outside, places truly differ, or count differently: the chart says so. Places without a count, or
    with a base of 0, are named, not drawn. Raises `DataJamError` for counts that cannot be and a place that is there twice.
    """
    table, lacking = _countable(counts)
    here = places.named(here).name if places.named(here) else here
    middle = float(table["events"].sum() / table["base"].sum()) if rate is None and table["base"].sum() else rate
    if len(table) and not 0 < middle < 1:
        raise DataJamError(f"funnel: the rate in the middle is {middle:g}; a funnel needs one between 0 and 1.")
    table = _placed(table, middle)
    subtitle = _funnel_words(table, label, middle, lacking)
    figure, axes = canvas(title, subtitle, source, 4.6)
    if len(table):
        _draw_funnel(axes, table, here, middle)
    else:
        _empty(axes, "The file has no counts for any of these places.")
    data = table[["place", "events", "base", "percent", "lower_95", "upper_95", "lower_99_8", "upper_99_8", "outside"]]
    alt = _funnel_alt(table, here, label, middle)
    return Chart(figure, name=name, title=title, alt=alt, data=data.round(2).reset_index(drop=True), source=source, given=counts)


def _placed(table: pd.DataFrame, middle: float | None) -> pd.DataFrame:
    """The table with each place's percentage, its limits in percent, and how far out it lies."""
    table = table.assign(percent=100 * table["events"] / table["base"])
    for level, text in ((0.95, "95"), (0.998, "99_8")):
        ends = limits(table["base"].to_numpy(), middle, level) if len(table) else (np.nan, np.nan)
        table[f"lower_{text}"], table[f"upper_{text}"] = (100 * end for end in ends)
    return table.assign(outside=beyond(table, middle) if len(table) else 0.0)


def _countable(counts: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """The places with counts, and the names of those without."""
    if not {"place", "events", "base"} <= set(counts) or counts["place"].duplicated().any():
        raise DataJamError("funnel: give a row for each place, once, with the columns place, events and base.")
    table = counts[["place", "events", "base"]].astype({"events": "float64", "base": "float64"})
    known = table["events"].notna() & (table["base"] != 0) & table["base"].notna()
    bad = table[known & ((table["events"] < 0) | (table["events"] > table["base"]) | ~np.isfinite(table["base"]))]
    bad = pd.concat([bad, table[known & (table[["events", "base"]] % 1 != 0).any(axis="columns")]])
    if len(bad):
        raise DataJamError(f"funnel: {bad['place'].iloc[0]}: events and base must be whole, events from 0 to the base.")
    return table[known].reset_index(drop=True), [spoken(str(place)) for place in table["place"][~known]]


def _funnel_words(table: pd.DataFrame, label: str, middle: float | None, lacking: list[str]) -> str:
    words = capital(label)
    if len(table):
        words += f". Dashed: 95% limits around {middle:.1%}; solid: 99.8%. Chance puts about 1 place in 20 outside the dashed lines"
        if (table["outside"] > 99).sum() > max(4, 0.1 * len(table)):
            words += ". Here far more are outside than chance explains: places truly differ, or count differently"
    if lacking:
        more = f" and {len(lacking) - 4} more" if len(lacking) > 4 else ""
        words += f". No figure: {', '.join(lacking[:4])}{more}"
    return words


def _draw_funnel(axes, table: pd.DataFrame, here: str, middle: float) -> None:
    """The limits as lines, the places as marks that differ in shape as well as colour, the place large and named."""
    least, most = table["base"].min(), table["base"].max()
    wide = most > 25 * least
    ends = (least / 1.2, most * 1.2) if wide else (max(least - 0.06 * (most - least), 1), most * 1.06 + 1)
    bases = np.unique(np.rint(np.geomspace(max(ends[0], 1), ends[1], 400) if wide else np.linspace(*ends, 400)))
    for level, dash in ((0.95, "--"), (0.998, "-")):
        for end in limits(bases, middle, level):
            axes.plot(bases, 100 * end, color=_DARK, ls=dash, lw=1.1, zorder=2)
    axes.axhline(100 * middle, color=_DARK, lw=1, ls=":", zorder=1)
    for outside, colour, mark in ((0.0, GREY, "o"), (95.0, TEAL, "s"), (99.8, ORANGE, "^")):
        own = table[(table["outside"] == outside) & (table["place"] != here)]
        if len(own):
            words = {0.0: "within chance", 95.0: "outside 95%", 99.8: "outside 99.8%"}[outside]
            axes.scatter(
                own["base"], own["percent"], s=26, color=colour, marker=mark, lw=0, zorder=3, label=f"{words} ({len(own)})"
            )
    if wide:
        axes.set_xscale("log", subs=[2, 5])
        axes.xaxis.set_minor_formatter(lambda value, _: f"{value:,.0f}")
    axes.set_xlim(*ends)
    axes.set_ylim(*_heights(table))
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:g}%")
    axes.set_xlabel("Number of people it rests on" + (" (a scale of multiples)" if wide else ""))
    axes.grid(axis="y", visible=True)
    own = table["place"] == here
    if own.any():
        axes.scatter(table["base"][own], table["percent"][own], s=90, color=BLUE, marker="D", zorder=5, edgecolor="white")
        _name_mark(axes, here, table[["base", "percent"]].to_numpy(), int(own.to_numpy().argmax()))
    axes.legend(loc="lower left", bbox_to_anchor=(0, 1.01), ncols=3, fontsize=9, frameon=False, handletextpad=0.2, borderpad=0)


def _name_mark(axes, text: str, marks: np.ndarray, own: int) -> None:
    """The place's name beside its mark, on the side where it covers fewest others and stays inside."""
    pixel = axes.figure.dpi / 72
    seen = axes.transData.transform(marks) / pixel
    (left, low), (right, high) = axes.get_window_extent().get_points() / pixel
    width, best = 8.2 * len(text), None
    for across, up in ((9, 9), (-9, 9), (9, -9), (-9, -9)):
        start = seen[own] + (across - width * (across < 0), up - 7)
        end = start + (width, 14)
        covered = int(((seen > start - 3) & (seen < end + 3)).all(axis=1).sum())
        covered += 1000 * bool(start[0] < left or end[0] > right or start[1] < low or end[1] > high)
        if best is None or covered < best[0]:
            best = (covered, across, up)
    _, across, up = best
    axes.annotate(
        text, marks[own], (across, up), textcoords="offset points", ha="left" if across > 0 else "right", va="center",
        fontsize=11, fontweight="bold", color=BLUE, zorder=6, bbox={"facecolor": "white", "lw": 0, "alpha": 0.6, "pad": 0.5},
    )  # fmt: skip


def _heights(table: pd.DataFrame) -> tuple[float, float]:
    """Room for every mark and for the limits of all but the smallest places, whose limits would flatten the rest."""
    low = min(table["percent"].min(), table["lower_99_8"].quantile(0.05))
    high = max(table["percent"].max(), table["upper_99_8"].quantile(0.95))
    room = 0.06 * (high - low) or 1.0
    return max(low - room, -0.02 * high - 0.2), high + 2 * room


def _funnel_alt(table: pd.DataFrame, here: str, label: str, middle: float | None) -> str:
    start = f"Funnel plot of {label}"
    if not len(table):
        return _fitted(f"{start}: the file has no counts for any of these places.")
    beyond_95, beyond_998 = (int((table["outside"] >= level).sum()) for level in (95, 99))
    words = f"{start} in {len(table)} places around {middle:.1%}: {beyond_95} outside the 95% limits"
    words += f", {beyond_998} of them outside 99.8%."
    own = table[table["place"] == here]
    if not len(own):
        return _fitted(f"{words} {capital(spoken(here))} has no figure.")
    one = own.iloc[0]
    share = one["events"] / one["base"]
    far = {0.0: "within the limits of chance"}.get(one["outside"], f"outside the {one['outside']:g}% limits")
    return _fitted(f"{words} {capital(spoken(here))}: {share:.1%} of {one['base']:,.0f}, {far}.")
