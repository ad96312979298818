"""Joining tables: cardinality, kinds of key, and what did not match."""

import json

import numpy as np
import pandas as pd
import pytest

from datajam.errors import DataJamError
from datajam.observe import joins
from datajam.observe.joins import BadJoin, join, join_report


def stations() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Passengers by station and hour, and where the stations are: 2018's two spellings of the third busiest."""
    busiest = {"Monument": 900, "Haymarket": 700, "Central": 600, "Jesmond": 200, "Byker": 100}
    hours = pd.DataFrame(
        [(name, hour, passengers) for name, passengers in busiest.items() for hour in range(7, 10)],
        columns=["station", "hour", "passengers"],
    )
    places = pd.DataFrame(
        {
            "name": ["Monument", "Haymarket", "Central Station", "Jesmond", "Byker", "Airport"],
            "latitude": [54.973, 54.977, 54.968, 54.983, 54.976, 55.036],
        }
    )
    return hours, places


def requests_by_postcode() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Weekly requests and streets by postcode sector, both with every key many times, as in 2018."""
    requests = pd.DataFrame({"postcode": np.repeat([f"NE{n} 1" for n in range(1, 21)], 50), "requests": range(1000)})
    streets = pd.DataFrame({"postcode": np.repeat([f"NE{n} 1" for n in range(1, 21)], 40), "street": range(800)})
    return requests, streets


def test_an_exploding_postcode_join_is_refused_with_a_key_and_the_rows_it_would_make():
    requests, streets = requests_by_postcode()
    assert len(requests.merge(streets, on="postcode")) == 40_000
    for expect in ("one_to_one", "many_to_one", "one_to_many"):
        with pytest.raises(BadJoin) as refused:
            join(requests, streets, "postcode", expect=expect)
        assert "'NE1 1' is there" in str(refused.value) and "20 keys repeat" in str(refused.value)
        assert 'expect="many_to_many" if all 40,000 combinations' in str(refused.value)
        assert "\n" not in str(refused.value)


def test_many_to_many_is_done_when_it_is_asked_for_by_name():
    requests, streets = requests_by_postcode()
    joined = join(requests, streets, "postcode", expect="many_to_many")
    assert len(joined) == 40_000
    assert joined["requests"].nunique() == 1000 and joined["street"].nunique() == 800
    assert join_report(joined).rows_out == 40_000


def test_the_lost_third_busiest_station_is_named_first_with_its_likely_other_spelling():
    hours, places = stations()
    joined = join(hours, places, {"station": "name"}, expect="many_to_one")
    report = join_report(joined)
    assert report.left.names == {"Central": 3}
    assert report.left.likely == {"Central": "Central Station"}
    assert list(report.right.names) == ["Central Station", "Airport"]
    said = str(report)
    assert "Central (3 rows): spelled 'Central Station' there?" in said
    assert "only left   1 keys in 3 rows" in said and "only right  2 keys in 2 rows" in said and "Airport" in said
    assert len(joined) == len(hours) and joined["latitude"].isna().sum() == 3


def test_unmatched_keys_are_listed_by_rows_most_first_and_counted_past_the_twelfth():
    left = pd.DataFrame({"key": ["same"] + [name for n, name in enumerate("abcdefghijklmnop") for _ in range(n + 1)]})
    said = str(join_report(join(left, pd.DataFrame({"key": ["same"], "value": [1]}), "key", expect="many_to_one")))
    assert said.index("p (16 rows)") < said.index("o (15 rows)")
    assert "… and 4 more keys" in said and "16 keys in 136 rows" in said


def test_the_report_is_a_plain_dict_that_parquet_and_json_keep(tmp_path):
    joined = join(*stations(), {"station": "name"}, expect="many_to_one")
    told = joined.attrs["join_report"]
    assert type(told) is dict and json.loads(json.dumps(told)) == told
    joined.to_parquet(tmp_path / "joined.parquet")
    assert str(join_report(pd.read_parquet(tmp_path / "joined.parquet"))) == str(join_report(joined))
    with pytest.raises(DataJamError, match="no join report"):
        join_report(pd.DataFrame())


def test_what_the_left_table_carries_along_stays():
    left = pd.DataFrame({"key": ["a"]})
    left.attrs["load_report"] = {"source": "dfe_ees"}
    joined = join(left, pd.DataFrame({"key": ["a"], "value": [1]}), "key")
    assert joined.attrs["load_report"] == {"source": "dfe_ees"} and join_report(joined).complete()
    assert "everything matched" in str(join_report(joined))
    assert list(left.attrs) == ["load_report"]


@pytest.mark.parametrize(
    ("texts", "numbers"),
    [(["390", "391"], [390.0, 391.0]), (["390"], [390]), (["390", None], [390.0, None])],
)
def test_a_code_as_text_and_as_a_number_are_refused_and_explained(texts, numbers):
    text, number = pd.DataFrame({"la": texts, "a": 1}), pd.DataFrame({"la": numbers, "b": 2})
    for left, right in ((text, number), (number, text), (text.astype({"la": "category"}), number)):
        with pytest.raises(BadJoin, match="join on la: the left table holds .* such as .*390.*read codes as text"):
            join(left, right, "la", expect="many_to_many")


def test_other_kinds_of_key_are_told_apart():
    dates = pd.DataFrame({"day": pd.to_datetime(["2024-09-01"]), "a": 1})
    with pytest.raises(BadJoin, match="the left table holds dates .* the right one text"):
        join(dates, pd.DataFrame({"day": ["2024-09-01"], "b": 2}), "day")
    with pytest.raises(BadJoin, match="mixes kinds: '390', 390"):
        join(pd.DataFrame({"la": ["390", 390]}), pd.DataFrame({"la": ["390"], "b": 2}), "la")
    whole = pd.DataFrame({"n": [1, 2], "a": 1})
    assert len(join(whole, pd.DataFrame({"n": [1.0, 2.0], "b": 2}), "n", how="inner")) == 2
    assert len(join(whole, pd.DataFrame({"n": pd.array([2, None], dtype="Int64"), "b": 2}), "n", how="inner")) == 1


def test_missing_keys_match_nothing_and_are_counted():
    left = pd.DataFrame({"key": ["a", None, None], "x": [1, 2, 3]})
    right = pd.DataFrame({"key": ["a", None], "y": [10, 20]})
    assert len(left.merge(right, on="key")) == 3
    for how, rows in (("left", 3), ("right", 2), ("inner", 1), ("outer", 4)):
        joined = join(left, right, "key", how=how)
        assert len(joined) == rows, how
        assert joined[["x", "y"]].notna().all(axis=1).sum() == 1
        report = join_report(joined)
        assert (report.left.rows_without_key, report.right.rows_without_key) == (2, 1)
    assert "2 rows of the left table have no key" in str(report)


def as_rows(table: pd.DataFrame) -> list[str]:
    plain = table[["key", "x", "y"]].astype({"key": "str", "x": "Float64", "y": "Float64"})
    return sorted(map(str, plain.values.tolist()))


@pytest.mark.parametrize("how", joins.HOW)
@pytest.mark.parametrize("kind", ["str", "category", "int64", "object"])
def test_rows_and_values_are_those_of_pandas_where_no_key_is_missing(how, kind):
    random = np.random.default_rng(20180917)
    keys = (random.integers(0, 30, 40), random.integers(10, 45, 50))
    if kind != "int64":
        keys = tuple([f"E{key:08d}" for key in part] for part in keys)
    left = pd.DataFrame({"key": pd.Series(keys[0]).astype(kind), "x": range(40)})
    right = pd.DataFrame({"key": pd.Series(keys[1]).astype(kind), "y": range(50)})
    ours = join(left, right, "key", how=how, expect="many_to_many")
    theirs = left.merge(right, on="key", how=how)
    assert as_rows(ours) == as_rows(theirs)
    report = join_report(ours)
    assert report.rows_left - report.left.rows == left["key"].isin(right["key"]).sum()
    assert report.rows_right - report.right.rows == right["key"].isin(left["key"]).sum()


def test_column_types_and_whole_numbers_survive_unmatched_rows():
    left = pd.DataFrame({"la": pd.Categorical(["a", "b"]), "x": [390, 391], "seen": [True, False]})
    right = pd.DataFrame({"la": pd.Categorical(["b", "c"]), "number": [391, 392]})
    joined = join(left, right, "la", how="outer")
    assert str(joined["la"].dtype) == "category" and joined["la"].tolist() == ["a", "b", "c"]
    assert [str(joined[name].dtype) for name in ("x", "seen", "number")] == ["Int64", "boolean", "Int64"]
    assert join(left, right, "la")["x"].dtype == "int64"
    codes = join(pd.DataFrame({"n": [390]}), pd.DataFrame({"n": [390, 391], "y": 1}), "n", how="right")["n"]
    assert codes.tolist() == [390, 391] and codes.dtype == "int64"


def test_several_key_columns_make_one_key():
    left = pd.DataFrame({"la": ["a", "a", "b"], "year": [2023, 2024, 2023], "x": [1, 2, 3]})
    right = pd.DataFrame({"la": ["a", "b"], "year": [2024, 2024], "y": [20, 30]})
    joined = join(left, right, ["la", "year"])
    assert joined["y"].isna().tolist() == [True, False, True]
    assert list(join_report(joined).left.names) == ["a / 2023", "b / 2023"]
    with pytest.raises(BadJoin, match="'a' is there 2 times in the left table"):
        join(left[["la", "x"]], right[["la", "y"]], "la")


def test_the_row_order_and_the_tables_themselves_are_left_alone():
    left = pd.DataFrame({"key": ["c", "a", "b"]}, index=[7, 7, 9])
    right = pd.DataFrame({"key": ["a", "b", "c"], "y": [1, 2, 3]}, index=[5, 5, 5])
    joined = join(left, right, "key")
    assert joined["y"].tolist() == [3, 1, 2] and joined.index.tolist() == [0, 1, 2]
    assert list(right.columns) == ["key", "y"] and left.index.tolist() == [7, 7, 9]


def test_two_spellings_of_one_code_are_pointed_out_but_a_neighbouring_code_is_not():
    left = pd.DataFrame({"la": ["same", "e06000001 ", "E06000002"]})
    right = pd.DataFrame({"la": ["same", "E06000001", "E06000003"], "y": 1})
    assert join_report(join(left, right, "la")).left.likely == {"e06000001 ": "E06000001"}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"how": "cross"}, "how='cross' is not known"),
        ({"expect": "many_to_mny"}, "Did you mean many_to_many"),
        ({"on": "statoin"}, "column 'statoin' is missing in the left table. Did you mean station"),
        ({"on": {"station": "nam"}}, "column 'nam' is missing in the right table. Did you mean name"),
        ({"on": []}, "no key is named"),
    ],
)
def test_a_wrong_argument_is_one_clear_line(change, message):
    hours, places = stations()
    with pytest.raises(BadJoin) as refused:
        join(hours, places, **{"on": {"station": "name"}, "expect": "many_to_one", **change})
    assert message in str(refused.value) and "\n" not in str(refused.value)


def test_a_column_in_both_tables_besides_the_key_is_refused():
    left = pd.DataFrame({"key": ["a"], "value": [1]})
    with pytest.raises(BadJoin, match="both tables have a column 'value' besides the key"):
        join(left, left, "key")
    with pytest.raises(BadJoin, match="two columns called 'key'"):
        join(left.set_axis(["key", "key"], axis=1), left, "key")


def test_two_tables_without_one_key_in_common_are_refused():
    with pytest.raises(BadJoin, match="no key is in both tables; the left one has 'E08000021', the right one 'Newcastle'"):
        join(pd.DataFrame({"la": ["E08000021"]}), pd.DataFrame({"la": ["Newcastle"], "y": 1}), "la")


def test_an_empty_table_joins_and_says_so():
    left = pd.DataFrame({"key": ["a", "b"], "x": [1, 2]})
    nobody = pd.DataFrame({"key": pd.Series([], dtype="str"), "y": pd.Series([], dtype="int64")})
    assert join_report(join(left, nobody, "key")).left.keys == 2
    assert len(join(nobody, left, "key")) == 0
    assert len(join(nobody, left, "key", how="outer")) == 2


def test_joining_two_real_loads_keeps_every_authority(real):
    from datajam.sources import read
    from datajam.vocabulary import places

    absences = read(real("attainment/els_persistent-absences-for-pupils-eligible-for-free-school-meals.csv"))
    latest = absences[(absences["period_start"] == absences["period_start"].max()) & (absences["area_level"] == "la")]
    authorities = pd.DataFrame([(p.code, p.kind) for p in places.authorities()], columns=["area_code", "kind"])
    report = join_report(join(latest, authorities, "area_code"))
    assert report.keys_matched + report.right.keys == 153
    assert report.rows_out == len(latest) and report.left.rows == 0
