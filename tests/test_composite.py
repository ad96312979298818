"""The index is what a calculation by hand gives, finds the planted order, and names every place that is not in it."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr

import datajam
from datajam.analyse import composite
from datajam.errors import DataJamError
from datajam.vocabulary import places
from datajam_teach.samples import local_statistics, published

SAMPLE = Path(__file__).resolve().parents[1] / "starters/social_cohesion/data/sample/wellbeing_synthetic.csv"
NAMES = ["satisfaction", "happiness", "worthwhile", "anxiety"]
DIRECTIONS = {"satisfaction": 1, "happiness": 1, "worthwhile": 1, "anxiety": -1}
SMALL = pd.DataFrame(
    {"trust": [60.0, 55, 70, 40, 65, np.nan], "lonely": [6.0, 9, 5, 8, 7, 4], "help": [3.0, 1, 4, 1, 5, 9]},
    index=["E06000001", "E06000002", "E06000003", "E06000004", "E06000005", "E06000053"],
)
WAYS = {"trust": 1, "lonely": -1, "help": 1}


@pytest.fixture(scope="module")
def wellbeing():
    return datajam.read(SAMPLE)


@pytest.fixture(scope="module")
def table(wellbeing):
    return composite.wide(wellbeing, NAMES)


def planted_factor() -> pd.Series:
    """The shared factor that the sample's generator draws first, by area code."""
    codes = [place.code for place in places.authorities()]
    rng = np.random.default_rng(local_statistics.WELLBEING.seed)
    return pd.Series(published.standardised(rng.normal(size=len(codes)), 0, 1), codes)


def test_the_wide_table_has_every_authority_and_the_files_own_numbers(wellbeing, table):
    assert list(table.index) == [place.code for place in places.authorities()] and list(table.columns) == NAMES
    last = wellbeing[wellbeing["period_label"] == "2022-04-01/P1Y"]
    for code, name in (("E06000001", "anxiety"), ("E08000038", "happiness"), ("E10000014", "worthwhile")):
        own = last[(last["area_code"] == code) & (last["indicator"] == name)]
        assert table.loc[code, name] == own["value"].item()
    assert composite.spoken_periods(table) == "2022/23"


def test_every_cell_without_a_number_is_reported_with_its_reason(table):
    lacking = composite.missing(table)
    assert len(lacking) == int(table.isna().sum().sum()) > 8
    reasons = lacking.set_index(["place", "indicator"])["reason"]
    assert reasons["City of London", "anxiety"] == "not available in the file"
    assert reasons["Trafford", "anxiety"] == "held back by the publisher as unreliable"


def test_a_place_that_the_file_lacks_is_absent_and_not_dropped(wellbeing):
    without = composite.wide(wellbeing[wellbeing["area_code"] != "E08000035"], NAMES)
    reasons = composite.missing(without).query("place == 'Leeds'")["reason"]
    assert len(without) == 153 and list(reasons) == ["not in the file"] * 4


def test_a_number_that_the_publisher_doubts_is_used_and_named():
    table = composite.wide(
        datajam.read(SAMPLE.parents[3] / "skills/data/sample/qualifications_synthetic.csv"), ["No qualifications"], "2023"
    )
    doubted = composite.unreliable(table)
    assert len(doubted) > 15 and table.loc[doubted["area_code"], "no_qualifications"].notna().all()


def test_each_indicator_can_have_its_own_period(wellbeing):
    both = composite.wide(wellbeing, ["satisfaction", "anxiety"], {"satisfaction": "2020/21", "anxiety": "2022/23"})
    assert both.attrs["periods"] == {"satisfaction": "2020-04-01/P1Y", "anxiety": "2022-04-01/P1Y"}
    assert composite.spoken_periods(both) == "satisfaction 2020/21, anxiety 2022/23"
    first = wellbeing[(wellbeing["period_label"] == "2020-04-01/P1Y") & (wellbeing["indicator"] == "satisfaction")]
    assert both.loc["E06000002", "satisfaction"] == first.set_index("area_code").loc["E06000002", "value"]


@pytest.mark.parametrize(
    ("names", "label", "words"),
    [
        (["satisfacton"], "latest", "Did you mean satisfaction"),
        (["anxiety", "Anxiety"], "latest", "once"),
        ([], "latest", "at least one"),
        (["anxiety"], "1999/00", "2020/21"),
    ],
)
def test_a_wrong_name_or_period_is_said(wellbeing, names, label, words):
    with pytest.raises(DataJamError, match=words):
        composite.wide(wellbeing, names, label)


def by_hand(table: pd.DataFrame, ways: dict, weights: dict) -> dict[str, float]:
    """The scores with plain Python."""
    rows = [row for row in table.itertuples() if not any(value != value for value in row[1:])]
    total = sum(weights.values())
    scores = dict.fromkeys([row[0] for row in rows], 0.0)
    for number, name in enumerate(table.columns, start=1):
        column = [row[number] for row in rows]
        mean = sum(column) / len(column)
        spread = (sum((value - mean) ** 2 for value in column) / len(column)) ** 0.5
        for row in rows:
            scores[row[0]] += weights[name] / total * ways[name] * (row[number] - mean) / spread
    return scores


@pytest.mark.parametrize("weights", [{"trust": 1, "lonely": 1, "help": 1}, {"trust": 5, "lonely": 2, "help": 0.5}])
def test_the_index_is_the_weighted_mean_of_z_scores(weights):
    built = composite.index(SMALL, WAYS, weights)
    expected = by_hand(SMALL, WAYS, weights)
    assert built.scores.to_dict() == pytest.approx(expected)
    order = sorted(expected, key=expected.get, reverse=True)
    assert built.ranks.sort_values().index.tolist() == order and sum(built.weights.values()) == pytest.approx(1)
    assert built.contributions.sum(axis="columns").to_dict() == pytest.approx(expected)


def test_turning_a_direction_round_turns_its_contribution_round():
    one, other = (composite.index(SMALL, {**WAYS, "help": way}) for way in (1, -1))
    assert (one.contributions["help"] == -other.contributions["help"]).all()
    assert (one.contributions["trust"] == other.contributions["trust"]).all()


def test_a_place_without_an_indicator_is_left_out_and_named():
    built = composite.index(SMALL, WAYS)
    assert "E06000053" not in built.scores.index and built.scores.notna().all()
    assert built.coverage() == "1 of 6 places is not in the index: Isles of Scilly (trust: not available in the file)."
    assert built.about("Isles of Scilly") == "The Isles of Scilly is not in the index: trust: not available in the file."
    assert "index is of authorities" in built.about("London")
    assert built.about("Redcar and Cleveland").endswith("1 of 5 (1 is the highest).")
    # What is left out changes nothing: the same index as of the complete places alone.
    alone = composite.index(SMALL.iloc[:5], WAYS)
    assert alone.scores.to_dict() == built.scores.to_dict() and alone.coverage() == "All 5 places are in the index."


def test_every_place_has_a_sentence_without_a_nan(table):
    built = composite.index(table, DIRECTIONS)
    said = [built.about(place.code) for place in places.everywhere()]
    assert not any("nan" in text.lower().split() for text in said)
    assert sum("is not in the index" in text for text in said) == 163 - len(built.z)


def test_the_index_finds_the_planted_order_better_than_any_single_indicator(table):
    built = composite.index(table, DIRECTIONS)
    factor = planted_factor()[built.z.index]
    whole = spearmanr(built.scores, factor)[0]
    single = {name: spearmanr(built.z[name], factor)[0] for name in NAMES}
    assert whole > max(single.values()) + 0.05 and whole > 0.6, (whole, single)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"directions": {"trust": 1, "lonely": -1}}, "help"),
        ({"directions": {**WAYS, "other": 1}}, "other"),
        ({"directions": {**WAYS, "help": 0}}, "direction of 'help' is 0"),
        ({"weights": {"trust": 1, "lonely": 1, "help": 0}}, "weight of 'help'"),
        ({"weights": {"trust": 1, "lonely": 1, "help": float("nan")}}, "weight of 'help'"),
        ({"table": SMALL.assign(help=7.1)}, "same in every place"),
        ({"table": SMALL.iloc[2:]}, "Only 3 places"),
    ],
)
def test_an_index_that_cannot_be_built_says_why(change, words):
    with pytest.raises(DataJamError, match=words):
        composite.index(**{"table": SMALL, "directions": WAYS, **change})


def test_alpha_is_the_one_of_the_mean_correlation(table):
    z = composite.index(table, DIRECTIONS).z
    correlations = np.corrcoef(z.to_numpy().T)
    count = len(NAMES)
    mean = (correlations.sum() - count) / (count * (count - 1))
    assert composite.cronbach_alpha(z) == pytest.approx(count * mean / (1 + (count - 1) * mean))
    assert 0.7 < composite.cronbach_alpha(z) < 0.95


def test_alpha_shows_a_direction_that_is_wrong(table):
    wrong = composite.index(table, {**DIRECTIONS, "anxiety": 1}).z
    assert composite.cronbach_alpha(wrong) < composite.cronbach_alpha(composite.index(table, DIRECTIONS).z) - 0.3


def test_alpha_of_one_item_repeated_is_one_and_of_unrelated_items_near_zero():
    rng = np.random.default_rng(1)
    one = rng.normal(size=400)
    assert composite.cronbach_alpha(pd.DataFrame({"a": one, "b": one})) == pytest.approx(1)
    assert abs(composite.cronbach_alpha(pd.DataFrame(rng.normal(size=(4000, 4))))) < 0.1


def test_the_checks_refuse_missing_cells_and_a_single_indicator():
    for check in (composite.cronbach_alpha, composite.first_component):
        with pytest.raises(DataJamError, match="1 cells have no number"):
            check(SMALL)
        with pytest.raises(DataJamError, match="2 indicators or more"):
            check(SMALL[["help"]])


def test_the_first_component_is_that_of_an_eigenvalue_decomposition(table):
    built = composite.index(table, DIRECTIONS)
    found = composite.first_component(built.z, built.scores)
    values, vectors = np.linalg.eigh(np.corrcoef(built.z.to_numpy().T))
    vector = vectors[:, -1] * np.sign(vectors[:, -1].sum())
    assert found.share == pytest.approx(values[-1] / len(NAMES))
    assert found.loadings.to_numpy() == pytest.approx(vector * np.sqrt(values[-1]))
    correlations = [np.corrcoef(built.z[name], found.scores)[0, 1] for name in NAMES]
    assert found.loadings.to_numpy() == pytest.approx(correlations)
    assert found.rank_correlation == pytest.approx(spearmanr(found.scores, built.scores)[0])
    assert (found.loadings > 0.5).all() and found.rank_correlation > 0.95


def test_ranks_with_an_indicator_left_out_are_those_of_the_index_without_it(table):
    ranges = composite.sensitivity(table, DIRECTIONS, draws=50)
    complete = table.dropna()
    for name in NAMES:
        rest = [other for other in NAMES if other != name]
        without = composite.index(complete[rest], {other: DIRECTIONS[other] for other in rest})
        assert ranges[f"without_{name}"].to_dict() == without.ranks.to_dict()
    every = ranges[[f"without_{name}" for name in NAMES]]
    assert (ranges["left_out_best"] == every.min(axis=1)).all() and (ranges["left_out_worst"] == every.max(axis=1)).all()


def test_the_range_over_weights_is_that_of_weightings_drawn_one_by_one(table):
    stated = {"satisfaction": 3, "happiness": 1, "worthwhile": 1, "anxiety": 1}
    built = composite.index(table, DIRECTIONS, stated)
    ranges = composite.sensitivity(table, DIRECTIONS, stated, draws=300, seed=5)
    rng = np.random.default_rng(5)
    drawn = rng.dirichlet([4 * built.weights[name] for name in NAMES], size=300)
    assert drawn.mean(axis=0) == pytest.approx([0.5, 1 / 6, 1 / 6, 1 / 6], abs=0.04)
    for code in ("E08000021", "E10000014"):
        ranks = []
        for weights in drawn:
            scores = {place: sum(z * w for z, w in zip(row, weights, strict=True)) for place, row in built.z.T.items()}
            ranks.append(1 + sum(score > scores[code] + 1e-11 for score in scores.values()))
        ranks.sort()
        assert (ranges.loc[code, "weights_best"], ranges.loc[code, "weights_worst"]) == (ranks[7], ranks[292])


def test_sensitivity_is_the_same_each_time_and_holds_the_stated_rank_mostly(table):
    one, other = (composite.sensitivity(table, DIRECTIONS) for _ in range(2))
    pd.testing.assert_frame_equal(one, other)
    assert (one["weights_best"] <= one["weights_worst"]).all() and one["rank"].is_monotonic_increasing
    held = (one["weights_best"] <= one["rank"]) & (one["rank"] <= one["weights_worst"])
    assert held.mean() > 0.97 and len(one) == len(table.dropna())


def test_a_place_that_is_first_in_everything_is_first_under_any_weights():
    rising = pd.DataFrame({name: [5.0, 4, 3, 2, 1] for name in "abc"}, index=list("vwxyz"))
    ranges = composite.sensitivity(rising, dict.fromkeys("abc", 1))
    columns = ["rank", "weights_best", "weights_worst", "left_out_best", "left_out_worst"]
    assert (ranges[columns].nunique(axis=1) == 1).all() and ranges.loc["v", "rank"] == 1


def test_a_headline_is_ten_words_or_fewer_for_every_place():
    rng = np.random.default_rng(1)
    codes = [place.code for place in places.authorities()][:150]
    built = composite.index(pd.DataFrame(rng.normal(size=(150, 2)), index=codes, columns=["a", "b"]), {"a": 1, "b": 1})
    for place in places.everywhere():
        assert len(built.headline(place.name).split()) <= 10
    assert built.headline("England") == "England: not in the index"
