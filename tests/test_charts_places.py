"""Tiles lie about where the places do, limits are the binomial ones, and charts say what they show and what is missing."""

import json
from collections import defaultdict
from math import comb

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom, spearmanr

from datajam.errors import DataJamError
from datajam.say import charts_places
from datajam.say.charts_places import beyond, funnel, limits, tile_map, tiles
from datajam.vocabulary import places

BOUNDARIES = "geography/england_utla_2025_supergeneralised.geojson"
SAID = {"name": "places", "title": "Where belonging is strongest", "label": "belonging, 2023/24", "source": "invented"}
CODES = [place.code for place in places.authorities()]


def shapes(path) -> dict[str, list]:
    """The rings of each authority."""
    found = {}
    for feature in json.loads(path.read_text(encoding="utf-8"))["features"]:
        shape = feature["geometry"]
        parts = shape["coordinates"] if shape["type"] == "MultiPolygon" else [shape["coordinates"]]
        found[feature["properties"]["la_code"]] = parts
    return found


def centre(parts) -> np.ndarray:
    """The centre of the largest part, by the shoelace formula."""
    best, where = 0.0, np.zeros(2)
    for part in parts:
        x, y = np.array(part[0]).T
        cross = x[:-1] * y[1:] - x[1:] * y[:-1]
        if abs(cross.sum()) > best:
            best = abs(cross.sum())
            where = np.array([((x[:-1] + x[1:]) * cross).sum(), ((y[:-1] + y[1:]) * cross).sum()]) / (3 * cross.sum())
    return where


def bordering(found) -> set[tuple[str, str]]:
    """Pairs of authorities that share at least two points of a border."""
    owners, shared = defaultdict(set), defaultdict(int)
    for code, parts in found.items():
        for part in parts:
            for ring in part:
                for point in ring:
                    owners[tuple(point)].add(code)
    for codes in owners.values():
        for one in codes:
            for other in codes:
                shared[one, other] += one < other
    return {pair for pair, count in shared.items() if count >= 2}


def groups(cells: set[tuple[int, int]]) -> list[int]:
    """The sizes of the groups of tiles that touch by an edge, largest first."""
    left, sizes = set(cells), []
    while left:
        waiting, size = [left.pop()], 0
        while waiting:
            row, column = waiting.pop()
            size += 1
            for cell in ((row + 1, column), (row - 1, column), (row, column + 1), (row, column - 1)):
                if cell in left:
                    left.remove(cell)
                    waiting.append(cell)
        sizes.append(size)
    return sorted(sizes, reverse=True)


def test_every_authority_has_a_tile_of_its_own():
    assert set(tiles()) == set(CODES) and len(set(tiles().values())) == 153
    rows, columns = zip(*tiles().values(), strict=True)
    assert (min(rows), min(columns)) == (0, 0) and max(rows) < 20 and max(columns) < 15


def test_london_is_one_block_and_regions_hold_together():
    apart = {}
    for region in places.regions():
        sizes = groups({tiles()[place.code] for place in places.authorities(region.code)})
        apart[region.name] = sizes
    assert apart["London"] == [33]
    assert sum(len(sizes) == 1 for sizes in apart.values()) >= 8, apart
    assert all(sizes[0] / sum(sizes) > 0.8 for sizes in apart.values()), apart


def test_tiles_lie_north_to_south_and_west_to_east_as_the_places_do(real):
    centres = {code: centre(parts) for code, parts in shapes(real(BOUNDARIES)).items()}
    west_east = spearmanr([tiles()[code][1] for code in CODES], [centres[code][0] for code in CODES])[0]
    north_south = spearmanr([-tiles()[code][0] for code in CODES], [centres[code][1] for code in CODES])[0]
    assert north_south > 0.95 and west_east > 0.9, (north_south, west_east)


def test_true_neighbours_are_mostly_near(real):
    pairs = bordering(shapes(real(BOUNDARIES)))
    apart = np.array([np.abs(np.subtract(tiles()[one], tiles()[other])).max() for one, other in pairs])
    assert len(pairs) == 362
    assert (apart <= 1).mean() > 0.78 and (apart <= 2).mean() > 0.98, ((apart <= 1).mean(), (apart <= 2).mean())


def values(seed: int = 1) -> pd.DataFrame:
    table = pd.DataFrame({"value": np.random.default_rng(seed).normal(60, 5, 153).round(1), "note": ""}, CODES)
    table.loc["E06000053"] = [np.nan, "suppressed by the publisher"]
    return table.drop("E09000001")


def patches(chart) -> dict[tuple[float, float], object]:
    return {(p.get_y() + 0.5, p.get_x() + 0.5): p for p in chart.figure.axes[0].patches if p.get_width() == 1}


def test_the_map_draws_all_153_and_hatches_what_has_no_figure():
    chart = tile_map(values(), "Leeds", unit="percent", **SAID)
    drawn = patches(chart)
    hatched = {cell for cell, patch in drawn.items() if patch.get_hatch()}
    assert len(drawn) == 153 and hatched == {tiles()["E06000053"], tiles()["E09000001"]}
    texts = [text.get_text() for text in chart.figure.texts]
    assert any("Hatched: no figure (2 of 153)" in text.replace("\n", " ") for text in texts)
    assert any(text.get_text() == "no figure" for text in chart.figure.axes[0].get_legend().get_texts())


def test_darker_is_more_in_five_classes_of_about_as_many_places():
    table = values()
    drawn = patches(tile_map(table, "Leeds", unit="percent", **SAID))
    shade = {code: sum(drawn[tiles()[code]].get_facecolor()[:3]) for code in table["value"].dropna().index}
    by_value = pd.DataFrame({"value": table["value"].dropna(), "shade": shade}).sort_values("value")
    assert by_value["shade"].is_monotonic_decreasing and by_value["shade"].nunique() == 5
    assert by_value["shade"].value_counts().between(28, 33).all()


def test_the_classes_in_the_legend_are_those_of_the_tiles():
    edges = charts_places._edges(values()["value"].dropna())
    shades = charts_places._shades(values()["value"].dropna(), edges)
    for value, shade in zip(values()["value"].dropna(), shades, strict=True):
        assert edges[shade] <= value <= edges[shade + 1] and (shade == 0 or value > edges[shade])


def test_the_place_is_outlined_and_named_and_a_region_whole():
    one = tile_map(values(), "Leeds", unit="percent", **SAID)
    assert "Leeds" in [text.get_text() for text in one.figure.axes[0].texts]

    def outline(chart) -> int:
        lines = [c for c in chart.figure.axes[0].collections if c.get_zorder() == 5]
        return sum(len(c.get_segments()) for c in lines) // 2

    assert outline(one) == 4
    region = tile_map(values(), "London", unit="percent", **SAID)
    assert outline(region) > 20 and outline(tile_map(values(), "England", unit="percent", **SAID)) == 0


def test_the_alt_text_of_the_map_holds_the_numbers():
    table = values()
    awkward = [places.find(name) for name in ("City of London", "Isles of Scilly", "Isle of Wight", "Cornwall", "Havering")]
    for place in [*places.everywhere()[:12], *places.everywhere()[12::9], *awkward]:
        chart = tile_map(table, place.code, unit="percent", **SAID)
        assert 40 <= len(chart.alt) <= 300 and "nan" not in chart.alt.split()
        assert "151 of 153" in chart.alt and f"{table['value'].max():.1f}%" in chart.alt
        if place.code in table["value"].dropna().index:
            above = (table["value"] > table["value"][place.code]).sum()
            assert f"{table['value'][place.code]:.1f}%; {above} authorities have more" in chart.alt
    assert "no figure (not in the file)" in tile_map(table, "City of London", **SAID).alt
    assert "no figure (suppressed by the publisher)" in tile_map(table, "Isles of Scilly", **SAID).alt


def test_the_data_of_the_map_is_every_place_with_its_reason():
    data = tile_map(values(), "Leeds", **SAID).data.set_index("area_code")
    assert len(data) == 153 and data.loc["E09000001", "note"] == "not in the file"
    assert data.loc["E08000035", "value"] == values().loc["E08000035", "value"]


@pytest.mark.parametrize("few", [[], [5.0], [5.0] * 30, [1.0, 2.0], [0.0] * 140 + [3.0]])
def test_a_map_of_few_or_equal_values_is_drawn(few):
    chart = tile_map(pd.DataFrame({"value": few}, CODES[: len(few)]), "Hartlepool", **SAID)
    assert len(patches(chart)) == 153 and chart.png()[:4] == b"\x89PNG" and 40 <= len(chart.alt) <= 300
    assert sum(bool(patch.get_hatch()) for patch in patches(chart).values()) == 153 - len(few)


@pytest.mark.parametrize(
    "table",
    [
        pd.DataFrame({"value": [1.0]}, ["E12000001"]),
        pd.DataFrame({"value": [1.0, 2.0]}, ["E08000035"] * 2),
        pd.DataFrame({"share": [1.0]}, ["E08000035"]),
        pd.DataFrame({"value": [np.inf]}, ["E08000035"]),
    ],
)
def test_a_table_that_is_not_of_authorities_is_refused(table):
    with pytest.raises(DataJamError, match="tile_map"):
        tile_map(table, "Leeds", **SAID)


def test_two_maps_of_the_same_numbers_are_the_same_to_the_byte():
    assert tile_map(values(), "Leeds", **SAID).png() == tile_map(values(), "Leeds", **SAID).png()


def smoothed_by_hand(size: int, rate: float, end: float) -> float:
    """Spiegelhalter's limit: the first count whose cumulative probability reaches the end, moved back in proportion."""
    chances = [comb(size, count) * rate**count * (1 - rate) ** (size - count) for count in range(size + 1)]
    total = 0.0
    for count, chance in enumerate(chances):
        total += chance
        if total >= end:
            return min(max((count - (total - end) / chance) / size, 0), 1)
    return 1.0


@pytest.mark.parametrize(("size", "rate"), [(10, 0.05), (40, 0.3), (200, 0.05), (350, 0.5), (900, 0.98)])
def test_the_limits_are_the_binomial_ones_by_hand(size, rate):
    for level in (0.95, 0.998):
        low, high = limits(np.array([size]), rate, level)
        assert low[0] == pytest.approx(smoothed_by_hand(size, rate, (1 - level) / 2), abs=1e-9)
        assert high[0] == pytest.approx(1 - smoothed_by_hand(size, 1 - rate, (1 - level) / 2), abs=1e-9)
        exact = binom.ppf([(1 - level) / 2, (1 + level) / 2], size, rate) / size
        assert abs(low[0] - exact[0]) <= 1 / size and abs(high[0] - exact[1]) <= 1 / size


def test_a_place_is_outside_exactly_where_its_tail_is_too_unlikely():
    for size, rate in ((8, 0.05), (20, 0.05), (60, 0.4), (300, 0.93)):
        events = np.arange(size + 1)
        found = beyond(pd.DataFrame({"events": events, "base": size}), rate)
        tail = np.minimum(binom.cdf(events, size, rate), binom.sf(events - 1, size, rate))
        assert found.tolist() == [99.8 if chance < 0.001 else 95.0 if chance < 0.025 else 0.0 for chance in tail]


def test_the_wards_that_are_really_high_are_found():
    """150 wards at 5%, three of them at 9%: a funnel finds them, a league table of rates finds small wards."""
    found, false, small = [], [], []
    for seed in range(200):
        rng = np.random.default_rng(seed)
        base = np.exp(rng.normal(np.log(900), 0.8, 150)).round().astype(int)
        base[:3] = rng.integers(800, 2500, 3)
        events = rng.binomial(base, np.where(np.arange(150) < 3, 0.09, 0.05))
        outside = beyond(pd.DataFrame({"events": events, "base": base}), 0.05) > 99
        high = outside & (events / base > 0.05)
        found.append(high[:3].sum())
        false.append(outside[3:].sum())
        top = np.argsort(-events / base)[:10]
        small.append(np.mean(base[top] < np.median(base)) > 0.5)
    assert np.mean(found) == pytest.approx(2.9, abs=0.1) and np.mean(false) == pytest.approx(0.24, abs=0.12)
    assert np.mean(small) > 0.6


def test_about_one_place_in_twenty_is_outside_95_by_chance():
    rng = np.random.default_rng(7)
    base = rng.integers(100, 3000, 20_000)
    outside = beyond(pd.DataFrame({"events": rng.binomial(base, 0.06), "base": base}), 0.06)
    assert (outside >= 95).mean() == pytest.approx(0.05, abs=0.008)
    assert (outside > 99).mean() == pytest.approx(0.002, abs=0.001)


def counts(rng_seed: int = 1) -> pd.DataFrame:
    rng = np.random.default_rng(rng_seed)
    base = np.exp(rng.normal(6.2, 0.8, 153)).round()
    table = pd.DataFrame({"place": [place.name for place in places.authorities()], "base": base})
    table["events"] = rng.binomial(base.astype(int), 0.06).astype(float)
    table.loc[table["place"] == "Leeds", ["events", "base"]] = [120.0, 1000.0]
    table.loc[table["place"] == "Isles of Scilly", "events"] = np.nan
    table.loc[table["place"] == "City of London", ["events", "base"]] = 0.0
    return table


def test_the_funnel_draws_who_has_a_count_and_names_who_has_not():
    chart = funnel(counts(), "Leeds", **SAID)
    subtitle = " ".join(text.get_text().replace("\n", " ") for text in chart.figure.texts)
    assert "No figure: the Isles of Scilly, the City of London" in subtitle
    drawn = sum(len(c.get_offsets()) for c in chart.figure.axes[0].collections)
    assert drawn == len(chart.data) == 151
    data = chart.data.set_index("place")
    assert data.loc["Leeds", "percent"] == 12.0 and data.loc["Leeds", "outside"] == 99.8
    rate = counts()["events"].sum() / counts()["base"][counts()["events"].notna()].sum()
    low, high = limits(np.array([1000]), rate, 0.95)
    assert data.loc["Leeds", ["lower_95", "upper_95"]].tolist() == [round(100 * low[0], 2), round(100 * high[0], 2)]


def test_the_alt_text_of_the_funnel_holds_the_numbers():
    table = counts()
    for code in [*CODES[::9], "E12000001", "E92000001", "E06000053", "E09000001"]:
        chart = funnel(table, code, **SAID)
        assert 40 <= len(chart.alt) <= 300 and "nan" not in chart.alt
    chart = funnel(table, "Leeds", **SAID)
    assert "Leeds: 12.0% of 1,000, outside the 99.8% limits." in chart.alt and "in 151 places around" in chart.alt
    assert "The Isles of Scilly has no figure." in funnel(table, "Scilly", **SAID).alt
    outside = (chart.data["outside"] > 0).sum()
    assert f"{outside} outside the 95% limits" in chart.alt


def test_the_name_in_the_funnel_covers_no_other_mark():
    chart = funnel(counts(), "Leeds", **SAID)
    axes = chart.figure.axes[0]
    chart.figure.canvas.draw()
    name = next(text for text in axes.texts if text.get_text() == "Leeds").get_window_extent()
    marks = axes.transData.transform(chart.data[["base", "percent"]].to_numpy())
    assert not any(name.contains(x, y) for x, y in marks)


def test_wards_and_schools_that_are_no_places_of_ours_can_be_drawn():
    table = pd.DataFrame({"place": ["Ward 1", "Ward 2", "Ward 3"], "events": [3, 5, 40], "base": [50, 90, 100]})
    chart = funnel(table, "Ward 3", rate=0.05, **SAID)
    assert "around 5.0%" in chart.alt and "Ward 3: 40.0% of 100, outside the 99.8% limits" in chart.alt


def test_a_funnel_says_when_far_more_are_outside_than_chance_explains():
    def words(table):
        return " ".join(text.get_text().replace("\n", " ") for text in funnel(table, "Leeds", **SAID).figure.texts)

    rng = np.random.default_rng(2)
    spread = counts().dropna().query("base > 0").assign(base=20_000.0)
    spread["events"] = rng.binomial(20_000, rng.uniform(0.03, 0.09, len(spread))).astype(float)
    assert "truly differ" in words(spread) and "truly differ" not in words(counts())


def test_a_funnel_without_any_count_says_so():
    chart = funnel(counts().assign(events=np.nan), "Leeds", **SAID)
    assert "no counts" in chart.alt and chart.data.empty and "149 more" in chart.figure.texts[1].get_text().replace("\n", " ")


@pytest.mark.parametrize(
    "table",
    [
        pd.DataFrame({"place": ["A", "A"], "events": [1, 2], "base": [10, 10]}),
        pd.DataFrame({"place": ["A", "B"], "events": [1, 20], "base": [10, 10]}),
        pd.DataFrame({"place": ["A", "B"], "events": [1, 0.5], "base": [10, 10]}),
        pd.DataFrame({"place": ["A", "B"], "events": [0, 0], "base": [10, 10]}),
        pd.DataFrame({"place": ["A"], "share": [0.1]}),
    ],
)
def test_counts_that_cannot_be_are_refused(table):
    with pytest.raises(DataJamError, match="funnel"):
        funnel(table, "A", **SAID)
