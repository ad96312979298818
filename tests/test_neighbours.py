"""Neighbours are the nearest by standardised distance, never the place itself, the same each time."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.spatial.distance import cdist

import datajam
from datajam.analyse import composite
from datajam.analyse.neighbours import like, neighbours
from datajam.errors import DataJamError
from datajam.vocabulary import places
from datajam_teach.samples import local_statistics

SAMPLE = Path(__file__).resolve().parents[1] / "starters/social_cohesion/data/sample/wellbeing_synthetic.csv"
NAMES = ["satisfaction", "happiness", "worthwhile", "anxiety"]


@pytest.fixture(scope="module")
def table():
    return composite.wide(datajam.read(SAMPLE), NAMES)


def test_distances_are_those_of_scipy_and_the_nearest_come_first(table):
    complete = table.dropna()
    for code in complete.index[::11]:
        far = cdist(complete.loc[[code]], complete, "seuclidean", V=complete.var(ddof=1))[0]
        expected = pd.Series(far, complete.index).drop(code).sort_values()
        found = neighbours(table, code, 10)
        assert found.table["area_code"].tolist() == expected.index[:10].tolist()
        assert found.table["distance"].to_numpy() == pytest.approx(expected.to_numpy()[:10])
        assert found.typical == pytest.approx(expected.median())
        assert found.table["rank"].tolist() == list(range(1, 11)) and code not in set(found.table["area_code"])


def test_a_distance_by_hand():
    codes = [f"E0600000{n}" for n in range(1, 6)]
    table = pd.DataFrame({"one": [1.0, 2, 3, 4, 5], "two": [10.0, 10, 30, 20, 30]}, codes)
    # Variances 2.5 and 100: from the first to the third, (2² / 2.5 + 20² / 100) = 5.6.
    found = neighbours(table, codes[0], 9).table.set_index("area_code")["distance"]
    assert found[codes[2]] == pytest.approx(5.6**0.5) and found[codes[1]] == pytest.approx(0.4**0.5) and len(found) == 4
    twice = neighbours(table, codes[0], 9, {"one": 4, "two": 1}).table.set_index("area_code")["distance"]
    assert twice[codes[2]] == pytest.approx((4 * 1.6 + 4) ** 0.5)


def test_ties_go_by_code_whatever_the_order_of_the_table():
    codes = [place.code for place in places.authorities()][:9]
    table = pd.DataFrame({"one": [0.0, 1, -1, 1, -1, 1, 3, -3, 0.1 + 0.2 + 0.7]}, codes)
    expected = sorted(code for code, value in table["one"].items() if abs(abs(value) - 1) < 1e-9)
    for order in (codes, codes[::-1], sorted(codes, key=lambda code: code[::-1])):
        assert neighbours(table.loc[order], codes[0], 6).table["area_code"].tolist() == expected


def test_the_scale_of_an_indicator_does_not_matter(table):
    other = table.assign(anxiety=table["anxiety"] * 1000 - 5)
    for code in ("E08000021", "E10000014"):
        one, two = (neighbours(each, code).table for each in (table, other))
        assert one["area_code"].tolist() == two["area_code"].tolist()


def test_neighbours_by_the_true_values_are_alike_in_an_indicator_not_used():
    """The sample's shared factor: places near in three indicators are near in the fourth, more than others are."""
    truth = local_statistics.authority_truth(local_statistics.WELLBEING)
    codes = [place.code for place in places.authorities()]
    table = pd.DataFrame({name: truth[name] for name in ("Satisfaction", "Happiness", "Worthwhile")}, codes)
    unused = pd.Series(truth["Anxiety"], codes)
    near = [abs(unused[neighbours(table, code).table["area_code"]] - unused[code]).mean() for code in codes]
    every = [abs(unused.drop(code) - unused[code]).mean() for code in codes]
    assert np.mean(near) < 0.85 * np.mean(every)


def test_every_place_has_neighbours_or_a_reason(table):
    for place in places.everywhere():
        found = neighbours(table, place.code, 5)
        complete = place.code in table.dropna().index
        assert (len(found.table) == 5) == complete and bool(found.reason) != complete
        assert "nan" not in str(found).lower().replace("nant", "").split()
        assert not set(found.left_out) & set(found.table["place"])


def test_the_reason_is_in_words(table):
    assert neighbours(table, "City of London").reason == (
        "The City of London has no statistical neighbours: satisfaction, happiness, worthwhile, anxiety: not available in the file."
    )
    assert neighbours(table, "North East").reason.endswith("found for authorities, not for a region or England.")
    assert neighbours(table.drop("E08000035"), "Leeds").reason.endswith("it is not in the table.")
    assert "Isles of Scilly" in neighbours(table, "Leeds").left_out
    assert str(neighbours(table, "Leeds", 2)).startswith("Most like Leeds, with distances in standard deviations")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"count": 0}, "1 or more"),
        ({"count": 2.5}, "1 or more"),
        ({"weights": {"satisfaction": 1}}, "anxiety"),
        ({"weights": {**dict.fromkeys(NAMES, 1), "anxiety": -1}}, "anxiety"),
        ({"place": "Atlantis"}, "No place"),
    ],
)
def test_what_cannot_be_is_refused(table, change, words):
    with pytest.raises(DataJamError, match=words):
        neighbours(**{"table": table, "place": "Leeds", **change})


def test_an_indicator_that_does_not_vary_and_too_few_authorities_are_refused(table):
    with pytest.raises(DataJamError, match="same in every authority"):
        neighbours(table.assign(anxiety=3.2), "Leeds")
    with pytest.raises(DataJamError, match="Only 4 authorities"):
        neighbours(table.dropna().head(4), "Leeds")


def test_a_table_of_too_few_authorities_gives_none_and_the_reason(tmp_path):
    path = tmp_path / "own.csv"
    path.write_text("place,period,indicator,value\nLeeds,2024,pay,600\nHull,2024,pay,550\n", encoding="utf-8")
    found = like(datajam.read(path), "Leeds")
    assert found.codes == [] and str(found) == (
        "Leeds has no statistical neighbours: only 2 authorities have every indicator of the file."
    )
