"""What leaves holds no small count, cannot be changed unseen, and gives away no hidden cell through a total."""

import itertools
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from scipy.optimize import linprog

import datajam
from datajam.errors import DataJamError
from datajam.leave import disclosure, disclosure_secondary
from datajam.leave.disclosure_rule import narrowed, sums_across

STARTERS = Path(__file__).resolve().parents[1] / "starters"
WORDS = "Passed automatic checks; awaiting an output checker."
ROWS = some.lists(some.tuples(some.integers(0, 60), some.integers(0, 400)), min_size=1, max_size=30)


@pytest.fixture(scope="module")
def attainment() -> pd.DataFrame:
    return datajam.read(STARTERS / "attainment/data/sample/attainment_by_fsm_synthetic.csv")


def pupils(counts) -> pd.DataFrame:
    """A long table of counts from an array, a column of labels for each dimension."""
    rows = [[*(f"{name}{at}" for name, at in zip("abc", place, strict=False)), int(n)] for place, n in np.ndenumerate(counts)]
    return pd.DataFrame(rows, columns=[*"abc"[: np.ndim(counts)], "pupils"])


def small_cells(shape, seed: int, share: float = 0.3) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return np.where(rng.random(shape) < share, rng.integers(0, 8, shape), rng.integers(8, 60, shape))


def attacked(table: pd.DataFrame, by: list[str], value: str, total: str = "Total") -> dict[tuple, tuple[float, float]]:
    """What an outsider can work out, from the inner cells: each shown number is the sum of those it covers, none below 0."""
    inner = list(itertools.product(*[[label for label in table[name].unique() if label != total] for name in by]))
    covers = np.array(
        [
            [all(wanted in (total, label) for wanted, label in zip(cell, each, strict=True)) for each in inner]
            for cell in table[by].itertuples(index=False)
        ],
        float,
    )
    known = table[value].notna().to_numpy()
    shown = table[value].to_numpy("float64", na_value=np.nan)
    found = {}
    for row in np.flatnonzero(~known):
        ends = [linprog(way * covers[row], A_eq=covers[known], b_eq=shown[known], method="highs") for way in (1, -1)]
        assert all(end.status in (0, 3) for end in ends)
        found[tuple(table[by].iloc[row])] = ends[0].fun, np.inf if ends[1].status == 3 else -ends[1].fun
    return found


def truth(rows: pd.DataFrame, by: list[str], value: str, cell: tuple) -> float:
    inside = np.logical_and.reduce([rows[name].eq(label) | (label == "Total") for name, label in zip(by, cell, strict=True)])
    return float(rows.loc[inside, value].sum())


@settings(max_examples=40, deadline=None, derandomize=True)
@given(ROWS)
def test_no_count_of_1_to_7_and_none_that_is_not_a_multiple_of_5_leaves(rows):
    table = pd.DataFrame(rows, columns=["absent", "pupils"]).assign(school=[f"S{at}" for at in range(len(rows))])
    before = table.copy(deep=True)
    cleared = disclosure.clear(table, counts=["absent", "pupils"])
    pd.testing.assert_frame_equal(table, before)
    assert table.attrs == {}
    for name in ("absent", "pupils"):
        for shown, true in zip(cleared[name], table[name], strict=True):
            assert pd.isna(shown) == (1 <= true <= 7)
            assert pd.isna(shown) or (shown % 5 == 0 and abs(shown - true) <= 2 and (shown == 0) == (true == 0))
    assert disclosure.is_cleared(cleared)
    json.dumps(cleared.attrs, allow_nan=False)
    with pytest.raises(DataJamError, match="cleared already"):
        disclosure.clear(cleared, counts=["absent", "pupils"])
    part = cleared.iloc[:-1]
    if len(part):
        again = disclosure.clear(part, counts=["absent", "pupils"])
        pd.testing.assert_frame_equal(again, part, check_flags=False)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(some.integers(8, 400), some.data(), some.integers(0, 3))
def test_no_shown_percentage_stands_for_a_count_of_1_to_7(base, data, digits):
    count = data.draw(some.integers(0, base))
    rate = round(100 * count / base, digits)
    table = pd.DataFrame({"school": ["A", "B"], "pupils": [base, 100], "absent": [rate, 50.0]})
    shown = disclosure.clear(table, rates={"absent": "pupils"})["absent"].iloc[0]
    said = round(rate * base / 100)
    assert pd.isna(shown) == (base < 10 or 1 <= said <= 7 or 1 <= base - said <= 7)
    if digits:
        assert said == count


def test_each_rate_says_why_it_is_withheld_or_flagged():
    table = pd.DataFrame(
        {
            "area": list("ABCDEFG"),
            "base": pd.array([14, 103, 40, 12, 9, None, 3], "Int64"),
            "rate": [21.4, 12.6, 100.0, 0.0, 44.4, 50.0, None],
        }
    )
    cleared = disclosure.clear(table, rates={"rate": "base"})
    assert disclosure.reasons(cleared)["rate"].tolist() == [
        "beside its base it gives back a count of 1 to 7",
        "",
        "exactly 0 or 100%",
        "exactly 0 or 100%",
        "base under 10",
        "no base",
        "",
    ]
    assert cleared["rate"].fillna(-1).tolist() == [-1, 12.6, 100, 0, -1, -1, -1]
    assert cleared["base"].fillna(-1).tolist() == [15, 105, 40, 10, 10, -1, -1]
    report = disclosure.disclosure_report(cleared)
    assert report.counts == {"suppressed": 1, "rounded": 5, "withheld": 3, "flagged": 2}
    assert str(report).startswith(WORDS) and "Secondary suppression was not done" in str(report)
    assert "1 suppressed, 5 rounded, 3 withheld, 2 flagged" in str(report)


def test_a_percentage_that_leaves_few_out_is_withheld_as_one_that_takes_few_in():
    table = pd.DataFrame({"area": list("ABCD"), "pupils": [100] * 4, "present": [97.0, 3.0, 92.0, 8.0]})
    assert disclosure.clear(table, rates={"present": "pupils"})["present"].isna().tolist() == [True, True, False, False]


def test_a_mean_is_not_taken_for_a_share_of_its_base():
    table = pd.DataFrame({"area": ["A", "B"], "asked": [100, 50], "satisfaction": [7.0, 6.0]})
    assert disclosure.clear(table, rates={"satisfaction": "asked"})["satisfaction"].isna().all()
    assert disclosure.clear(table, rates={"satisfaction": "asked"}, means=["satisfaction"])["satisfaction"].tolist() == [7, 6]
    pay = table.assign(satisfaction=[577.0, 7.0])
    assert disclosure.clear(pay, rates={"satisfaction": "asked"})["satisfaction"].tolist() == [577, 7]
    shares = table.assign(satisfaction=[0.03, 0.5])
    assert disclosure.clear(shares, rates={"satisfaction": "asked"})["satisfaction"].isna().tolist() == [True, False]


def test_rates_that_undo_the_rounding_are_counted():
    table = pd.DataFrame({"area": ["A", "B"], "pupils": [37, 9000], "absent": [40.5, 40.0]})
    fits = [base for base in range(33, 38) for count in range(base) if round(100 * count / base, 1) == 40.5]
    assert fits == [37]
    report = disclosure.disclosure_report(disclosure.clear(table, rates={"absent": "pupils"}))
    assert report.exact == 1 and "1 rates give back the count behind a rounded base" in str(report)


def test_a_table_is_cleared_only_while_it_stays_as_it_was():
    cleared = disclosure.clear(pupils(np.array([[3, 20], [40, 8]])), counts="pupils")
    assert disclosure.is_cleared(cleared) and disclosure.is_cleared(cleared.copy())
    changed = cleared.copy()
    changed.loc[0, "pupils"] = 3
    renamed = cleared.rename(columns={"pupils": "absent"})
    for other in (changed, renamed, cleared.iloc[:2], cleared[["a", "pupils"]], cleared.iloc[::-1], cleared.set_index("a")):
        assert not disclosure.is_cleared(other)
    assert not disclosure.is_cleared(pd.DataFrame({"pupils": [3]})) and not disclosure.is_cleared(None)
    with pytest.raises(DataJamError, match="no disclosure report"):
        disclosure.disclosure_report(pd.DataFrame())
    with pytest.raises(DataJamError, match="rows were taken"):
        disclosure.reasons(cleared.iloc[:2])


def test_the_fingerprint_is_the_same_in_another_process(tmp_path):
    cleared = disclosure.clear(pupils(small_cells((6, 5), 1)), counts="pupils")
    cleared.to_pickle(tmp_path / "table.pickle")
    read = f"pd.read_pickle({str(tmp_path / 'table.pickle')!r})"
    code = f"import pandas as pd; from datajam.leave import disclosure; print(disclosure.is_cleared({read}))"
    path = {"PYTHONPATH": str(STARTERS.parent / "shared"), "PYTHONHASHSEED": "7"}
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=path).stdout.strip() == "True"


def test_a_hidden_cell_that_a_total_gives_away_is_named():
    """Across columns and down rows; without rounding it can be worked out, with rounding it is only narrowed."""
    table = pd.DataFrame(
        {"area": ["North", "South", "East", "All"], "boys": [3, 20, 31, 54], "girls": [25, 40, 30, 95], "both": [28, 60, 61, 149]}
    )
    wide = disclosure.clear(table.iloc[:3], counts=["boys", "girls", "both"], nearest=1)
    assert disclosure.disclosure_report(wide).given_away == ["North, boys: can be worked out"]
    alone = disclosure.clear(table[["area", "boys"]], counts="boys", nearest=1)
    assert disclosure.disclosure_report(alone).given_away == ["North, boys: can be worked out"]
    bare = disclosure.disclosure_report(disclosure.clear(table, counts=["boys", "girls", "both"], nearest=1))
    assert bare.given_away == ["North, boys: can be worked out"]
    assert "Sums in this table tell more of 1 hidden cell than the rule does." in str(bare)
    table["girls"] += [2, 0, 0, 2]
    table["boys"] -= [2, 0, 0, 2]
    table["area_code"] = list("nsea")
    rounded = disclosure.disclosure_report(disclosure.clear(table, counts=["boys", "girls", "both"]))
    assert rounded.given_away == ["North, n, boys: can only be 1 to 6"]  # 52 shown as 50 at most, less 18 and 28 at least
    long = pd.DataFrame({"area": ["North", "South", "All"], "pupils": [1, 42, 43]})
    assert disclosure.disclosure_report(disclosure.clear(long, counts="pupils")).given_away == []
    long["pupils"] = [1, 41, 42]
    assert disclosure.disclosure_report(disclosure.clear(long, counts="pupils")).given_away == ["North, pupils: can only be 1 to 4"]
    indexed = long.set_index("area")
    assert disclosure.disclosure_report(disclosure.clear(indexed, counts="pupils")).given_away[0].startswith("North, pupils")


def test_a_sum_that_does_not_hold_tells_nothing_and_one_that_rates_undo_tells_more():
    long = pd.DataFrame({"area": np.repeat([f"A{at}" for at in range(12)], 3), "sex": ["boys", "girls", "all"] * 12})
    long["pupils"] = [30, 40, 70] * 10 + [3, 40, 43] + [3, 40, 60]
    report = disclosure.disclosure_report(disclosure.clear(long, counts="pupils", nearest=1))
    assert report.given_away == ["A10, boys, pupils: can be worked out"]
    table = pd.DataFrame({"area": ["North", "South", "All"], "pupils": [4, 37, 41], "absent": [None, 40.5, 39.0]})
    told = disclosure.disclosure_report(disclosure.clear(table, rates={"absent": "pupils"}))
    assert told.exact == 2 and told.given_away == ["North, pupils: can be worked out"]


@settings(max_examples=60, deadline=None, derandomize=True)
@given(some.lists(some.integers(0, 14), min_size=2, max_size=3), some.sampled_from([1, 5]))
def test_what_a_sum_narrows_is_what_trying_every_number_leaves(parts, nearest):
    numbers = [*parts, sum(parts)]
    rule = disclosure.Rule(nearest=nearest)
    shown = rule.count(np.array(numbers, float))[0]

    looks = rule.count(np.arange(80.0))[0]
    possible = []
    for guess in itertools.product(range(20), repeat=len(parts)):
        seen = [looks[value] for value in (*guess, sum(guess))]
        if all(a == b or (np.isnan(a) and np.isnan(b)) for a, b in zip(seen, shown, strict=True)):
            possible.append((*guess, sum(guess)))
    low, high = rule.outsider(shown, np.ones(len(numbers), bool))
    relations = list(sums_across(np.array([numbers], float), np.arange(len(numbers))[None, :]))
    relation = [each for each in relations if each[0][-1] == len(parts) and len(each[0]) == len(numbers)]
    low, high = narrowed(low, high, relation)
    if sum(parts):
        assert low.tolist() == np.min(possible, axis=0).tolist() and high.tolist() == np.max(possible, axis=0).tolist()


@pytest.mark.parametrize(
    ("change", "given", "words"),
    [
        ({}, {"counts": ["pupil"]}, "Did you mean pupils?"),
        ({}, {}, "No rule for pupils, which hold numbers"),
        ({"year": "2024"}, {"counts": ["pupils"]}, "No rule for year"),
        ({"note": ["c", "12"]}, {"counts": ["pupils"]}, "No rule for note"),
        ({"pupils": [2.5, 9]}, {"counts": ["pupils"]}, "pupils holds 2.5: a count is a whole number from 0"),
        ({"pupils": [-1, 9]}, {"counts": ["pupils"]}, "pupils holds -1"),
        ({"pupils": [True, False]}, {"counts": ["pupils"]}, "a number was expected"),
        ({"pupils": ["c", "12"]}, {"counts": ["pupils"]}, "pupils holds 'c'"),
        ({"pupils": [np.inf, 9]}, {"counts": ["pupils"]}, "infinite"),
        ({"rate": [np.inf, 9]}, {"rates": {"rate": "pupils"}}, "rate holds an infinite value"),
        ({"rate": [1.0, 2]}, {"rates": {"rate": "base"}}, "No column is called 'base'"),
        ({}, {"counts": ["pupils"], "leave": ["pupils"]}, "named twice"),
        ({}, {"counts": ["pupils"], "means": ["pupils"]}, "which has no base"),
        ({}, {"counts": ["pupils"], "least": 1}, "least=1: write a whole number from 2"),
        ({}, {"counts": ["pupils"], "nearest": 2.5}, "nearest=2.5"),
        ({}, {"counts": ["pupils"], "nearest": 20}, "would show a count of 8 as 0"),
        ({"list": [[1], [2]]}, {"counts": ["pupils"], "leave": ["list"]}, "a cell holds a list"),
    ],
)
def test_what_cannot_be_cleared_is_refused_in_a_sentence(change, given, words):
    table = pd.DataFrame({"school": ["A", "B"], "pupils": [12, 9]}).assign(**change)
    with pytest.raises(DataJamError) as refused:
        disclosure.clear(table, **given)
    assert words in str(refused.value) and "\n" not in str(refused.value)


def test_numbers_in_the_index_and_columns_of_one_name_are_refused():
    with pytest.raises(DataJamError, match="No rule for pupils"):
        disclosure.clear(pd.DataFrame({"pupils": [3], "absent": [20]}).set_index("pupils"), counts="absent")
    with pytest.raises(DataJamError, match="is there twice"):
        disclosure.clear(pd.DataFrame([[1, 2]], columns=["pupils", "pupils"]), counts="pupils")
    with pytest.raises(DataJamError, match="is not a table"):
        disclosure.clear([1, 2])


def test_observations_keep_their_form_and_say_what_was_hidden(attainment):
    planted = attainment.copy()
    small = planted.index[(planted["unit"] == "count") & (planted["status"] == "ok")][:7]
    planted.loc[small, "value"] = [1.0, 3, 7, 8, 12, 13, 0]
    score = planted.index[(planted["unit"] == "score") & (planted["status"] == "ok")][:4]
    planted.loc[score, "base"] = pd.array([3, 9, 10, None], "Int64")
    planted.loc[score, ["lower_ci", "upper_ci"]] = [1.0, 2.0]
    planted.loc[small[4], ["lower_ci", "upper_ci"]] = [8.0, 16.0]
    cleared = datajam.check(disclosure.clear_observations(planted))
    assert cleared["value"][small].fillna(-1).tolist() == [-1, -1, -1, 10, 10, 15, 0]
    assert cleared["status"][small].tolist() == ["suppressed"] * 3 + ["ok"] * 4
    assert cleared["status_raw"][small[:3]].tolist() == ["DataJam: count of 1 to 7"] * 3
    assert cleared["base"][score].fillna(-1).tolist() == [-1, 10, 10, -1]
    assert cleared["value"][score].notna().tolist() == [False, False, True, False]
    assert cleared["lower_ci"][score].notna().tolist() == cleared["upper_ci"][score].notna().tolist() == [False, False, True, False]
    assert cleared.loc[small[4], ["lower_ci", "upper_ci"]].tolist() == [10, 15]
    said = cleared["status_raw"][score].tolist()
    assert said[:2] == ["DataJam: base under 10"] * 2 and said[3] == "DataJam: no base"
    hidden = attainment["value"].isna()
    assert cleared["status_raw"][hidden].astype(str).equals(attainment["status_raw"][hidden].astype(str))
    assert datajam.load_report(cleared) == datajam.load_report(attainment) and disclosure.is_cleared(cleared)
    assert not disclosure.is_cleared(cleared[cleared["area_level"] == "la"])
    assert disclosure.disclosure_report(cleared).counts["withheld"] >= 3
    with pytest.raises(DataJamError, match="cleared already"):
        disclosure.clear_observations(cleared)


def test_no_small_or_unrounded_count_is_left_in_any_sample():
    for path in sorted(STARTERS.glob("*/data/sample/*.csv")):
        if "adjacency" in path.name:
            continue
        observations = datajam.read(path)
        cleared = disclosure.clear_observations(observations)
        assert len(cleared) == len(observations)
        counts = cleared["value"][cleared["unit"] == "count"].dropna()
        others = cleared[(cleared["unit"] != "count") & cleared["value"].notna()]
        bases = cleared["base"].dropna()
        assert (counts % 5 == 0).all() and not counts.between(1, 7).any()
        assert (bases % 5 == 0).all() and not bases.between(1, 7).any() and (others["base"] >= 10).all()


def test_observations_whose_breakdowns_or_areas_add_up_say_what_they_give_away(attainment):
    planted = attainment.copy()
    here = (planted["unit"] == "count") & (planted["area_name"] == "Leeds")
    here &= planted["period_label"] == planted["period_label"].iloc[-1]
    for breakdown, value in (("fsm_eligible", 1.0), ("not_fsm", 5821), ("all", 5822), ("boys", 2969), ("girls", 2853)):
        planted.loc[here & (planted["breakdown"] == breakdown), "value"] = value
    found = disclosure.disclosure_report(disclosure.clear_observations(planted)).given_away
    assert "Leeds, 202425, t_pupils, fsm_eligible: can only be 1 to 4" in found
    rows = (planted["unit"] == "count") & (planted["breakdown"] == "boys") & (planted["area_level"].isin(["la", "region"]))
    part = planted[rows & (planted["region_name"].eq("North East") | planted["area_name"].eq("North East"))]
    part = part[(part["period_label"] == part["period_label"].iloc[-1]) & ((part["status"] == "ok") | (part["area_level"] != "la"))]
    authorities = part.index[part["area_level"] == "la"]
    region = part.index[part["area_level"] == "region"]
    part.loc[authorities, "value"] = [1.0] + [41.0] * (len(authorities) - 1)
    part.loc[region, "value"] = part.loc[authorities, "value"].sum()
    assert len(authorities) > 3 and len(region) == 1
    report = disclosure.disclosure_report(disclosure.clear_observations(part.iloc[:], nearest=1))
    assert len(report.given_away) == 1 and report.given_away[0].endswith("boys: can be worked out")


@pytest.mark.parametrize(("shape", "seed"), [((7,), 0), ((4, 5), 1), ((4, 5), 2), ((6, 4), 3), ((3, 4, 3), 4), ((3, 3, 3), 5)])
def test_no_hidden_count_can_be_narrowed_below_the_threshold(shape, seed):
    rows = pupils(small_cells(shape, seed))
    before, by = rows.copy(deep=True), list("abc")[: len(shape)]
    result = disclosure.secondary(rows, by, count="pupils")
    pd.testing.assert_frame_equal(rows, before)
    audited = disclosure.audit(result).set_index(by)
    found = attacked(result.table, by, "pupils")
    assert len(found) == len(audited) and audited["enough"].all() and (audited["asked"] == 8).all()
    assert disclosure.is_cleared(result.table)
    for cell, (low, high) in found.items():
        ours, true = audited.loc[cell if len(by) > 1 else cell[0]], truth(rows, by, "pupils", cell)
        assert high - low >= 8 - 1e-6
        assert low - 1e-6 <= true <= high + 1e-6
        assert (ours["lower"], ours["upper"]) == pytest.approx((low, high), abs=1e-5)
    for row in result.table.itertuples(index=False):
        true, shown = truth(rows, by, "pupils", tuple(row[: len(by)])), row[len(by)]
        assert pd.isna(shown) == (row.status == "suppressed") and (pd.isna(shown) or (shown == true and not 1 <= true <= 7))


def test_the_trap_one_hidden_cell_in_a_row_with_a_total_is_found_and_then_closed():
    rows = pupils(np.array([[3, 40, 22], [31, 25, 60], [18, 33, 47]]))
    alone = disclosure.secondary(rows, ["a", "b"], count="pupils", method="none")
    audited = disclosure.audit(alone)
    assert audited[["a", "b", "lower", "upper", "width", "enough"]].values.tolist() == [["a0", "b0", 3, 3, 0, False]]
    assert not disclosure.is_cleared(alone.table)
    assert str(disclosure.disclosure_report(alone.table)).startswith("Did not pass the automatic checks")
    closed = disclosure.secondary(rows, ["a", "b"], count="pupils")
    assert disclosure.audit(closed)["enough"].all() and len(disclosure.audit(closed)) == 4
    assert closed.cells["reason"].value_counts().to_dict() == {"": 12, "secondary": 3, "threshold": 1}
    assert set(closed.table["status"]) == {"ok", "suppressed"} and list(closed.table.columns) == ["a", "b", "pupils", "status"]
    assert str(disclosure.disclosure_report(closed.table)).startswith(WORDS)
    json.dumps(closed.table.attrs, allow_nan=False)


def test_tables_with_primary_suppression_alone_fail_wherever_the_outsider_succeeds():
    failed = 0
    for seed in range(12):
        rows = pupils(small_cells([(6,), (4, 4), (3, 3, 2)][seed % 3], seed, 0.15))
        by = list(rows.columns[:-1])
        alone = disclosure.secondary(rows, by, count="pupils", method="none")
        found = attacked(alone.table, by, "pupils")
        narrow = {cell for cell, (low, high) in found.items() if high - low < 8 - 1e-6}
        audited = disclosure.audit(alone)
        assert {tuple(cell) for cell in audited.loc[~audited["enough"], by].values} == narrow
        assert disclosure.is_cleared(alone.table) == (not narrow)
        failed += bool(narrow)
    assert failed > 5


def companies(seed: int, spread: float = 1.5) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    columns = {"area": rng.choice(list("NSEW"), 120), "sector": rng.choice(list("xyz"), 120)}
    return pd.DataFrame({**columns, "turnover": np.round(rng.lognormal(4, spread, 120), 2)})


@pytest.mark.parametrize("seed", range(3))
def test_dominated_cells_are_those_of_the_rules_and_stay_uncertain_by_what_was_asked(seed):
    rows = companies(seed)
    result = disclosure.secondary(rows, ["area", "sector"], contributions="turnover", least=3, dominance=(2, 75), p_percent=15)
    found = attacked(result.table, ["area", "sector"], "turnover")
    assert disclosure.is_cleared(result.table) and found
    for row in result.cells.itertuples():
        inside = (rows["area"].eq(row.area) | (row.area == "Total")) & (rows["sector"].eq(row.sector) | (row.sector == "Total"))
        each, whole = sorted(rows.loc[inside, "turnover"], reverse=True), rows.loc[inside, "turnover"].sum()
        few = 0 < len(each) < 3
        dominated = len(each) and (sum(each[:2]) > 0.75 * whole or whole - sum(each[:2]) < 0.15 * each[0])
        assert (row.reason == "threshold") == few and (row.reason == "dominance") == bool(dominated and not few)
        if row.reason in ("threshold", "dominance"):
            up = max(sum(each[:2]) / 0.75 - whole, 0.15 * each[0] - (whole - sum(each[:2])), 0.3 * whole * few)
            assert row.asked == pytest.approx(up + min(up, whole))
        if row.reason:
            low, high = found[(row.area, row.sector)]
            assert high - low >= row.asked - 1e-4 and low - 1e-4 <= whole <= high + 1e-4


def test_the_engines_own_rules_find_the_same_dominated_cells(monkeypatch, tmp_path):
    from pytauargus import protect

    monkeypatch.chdir(tmp_path)
    rows = companies(5).assign(turnover=lambda table: np.ceil(table["turnover"]).astype(int))
    for ours, theirs in (({"dominance": (2, 75)}, "NK(2,75)"), ({"p_percent": 15}, "P(15,1)")):
        result = disclosure.secondary(rows, ["area", "sector"], contributions="turnover", least=2, method="none", **ours)
        engine = protect(rows, ["area", "sector"], "turnover", safety_rules=theirs, workdir=str(tmp_path)).tables[0].dataframe()
        unsafe = {(row.area or "Total", row.sector or "Total") for row in engine[engine["status"] == "U"].itertuples()}
        cells = result.cells[result.cells["reason"] != ""]
        single = rows.groupby(["area", "sector"]).size().eq(1).sum()
        assert set(zip(cells["area"], cells["sector"], strict=True)) == unsafe and (len(unsafe) or single == 0)


def test_awkward_tables_come_through():
    for counts in ([3], [3, 0, 0], [3, 100], [0, 0], [[0, 0], [0, 0]], [[1, 1], [1, 1]], [[3, 0], [0, 90]], [[30, 20], [40, 50]]):
        rows = pupils(np.array(counts))
        result = disclosure.secondary(rows, list(rows.columns[:-1]), count="pupils")
        assert disclosure.is_cleared(result.table) and disclosure.audit(result)["enough"].all()
        assert not result.table["pupils"].between(1, 7).any()


def test_a_large_amount_and_labels_of_any_text_come_through():
    rows = companies(8).replace({"sector": {"x": 'Arts; "media"', "y": "Cŵn & co", "z": "T"}})
    rows["turnover"] *= 1e9
    result = disclosure.secondary(rows, ["area", "sector"], contributions="turnover", least=3, dominance=(1, 60), total="All areas")
    assert set(result.table["sector"]) == {'Arts; "media"', "Cŵn & co", "T", "All areas"}
    assert disclosure.is_cleared(result.table)
    assert result.table["turnover"].iloc[-1] == pytest.approx(rows["turnover"].sum())


@pytest.mark.parametrize(
    ("change", "given", "words"),
    [
        ({}, {"count": "pupil"}, "Did you mean pupils?"),
        ({}, {}, "one of them"),
        ({}, {"count": "pupils", "p_percent": 10}, "need contributions="),
        ({}, {"count": "pupils", "method": "optimum"}, "Did you mean optimal?"),
        ({}, {"count": "pupils", "total": "N"}, "A label is 'N'"),
        ({}, {"contributions": "pupils", "dominance": (2, 0.75, 1)}, "write (n, k)"),
        ({}, {"contributions": "pupils", "p_percent": -5}, "p_percent=-5"),
        ({"area": ["N", "N"]}, {"count": "pupils"}, "N is there twice"),
        ({"area": ["N", None]}, {"count": "pupils"}, "Leave no cell empty"),
        ({"pupils": [3.0, None]}, {"count": "pupils"}, "Leave no cell empty"),
        ({"pupils": [3.5, 4]}, {"count": "pupils"}, "pupils holds 3.5"),
        ({"pupils": [-3, 4]}, {"contributions": "pupils"}, "must be 0 or more"),
    ],
)
def test_what_cannot_be_protected_is_refused_in_a_sentence(change, given, words):
    table = pd.DataFrame({"area": ["N", "S"], "pupils": [3, 40]}).assign(**change)
    with pytest.raises(DataJamError) as refused:
        disclosure.secondary(table, "area", **given)
    assert words in str(refused.value) and "\n" not in str(refused.value)


def test_the_engine_leaves_nothing_behind(monkeypatch, tmp_path):
    """Its logs and tables hold the true numbers."""
    for name in ("here", "temporary"):
        (tmp_path / name).mkdir()
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    result = disclosure.secondary(pupils(small_cells((4, 5), 1)), ["a", "b"], count="pupils")
    assert "secondary" in set(result.cells["reason"])
    assert [path for name in ("here", "temporary") for path in (tmp_path / name).iterdir()] == []


def test_without_the_engine_the_extra_to_install_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "pytauargus.result", None)
    monkeypatch.setitem(sys.modules, "pytauargus", None)
    with pytest.raises(DataJamError, match=r'pip install "datajam\[disclosure\]"'):
        disclosure.secondary(pupils(np.array([3, 40, 25])), "a", count="pupils")


def test_an_engine_that_crashes_or_does_not_end_is_a_sentence(monkeypatch, tmp_path):
    (tmp_path / "orders.arb").write_text("<NONSENSE>", encoding="utf-8")
    with pytest.raises(DataJamError, match="found no way to protect this table"):
        disclosure_secondary._run(tmp_path / "orders.arb")
    monkeypatch.setattr(disclosure_secondary, "_PATIENCE", 0.01)
    with pytest.raises(DataJamError, match="nothing was found in 0.01 seconds"):
        disclosure_secondary._run(tmp_path / "orders.arb")


def test_shown_numbers_that_do_not_add_up_are_found_by_the_audit():
    result = disclosure.secondary(pupils(np.array([[3, 40], [25, 60]])), ["a", "b"], count="pupils", method="none")
    result.table.loc[1, "pupils"] = 50
    assert not disclosure.is_cleared(result.table)
    with pytest.raises(DataJamError, match="do not add up"):
        disclosure.audit(result)
