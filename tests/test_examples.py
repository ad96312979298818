"""Every worked example: the shipped seed recovers the truth, means are the curriculum's, estimators are right by hand."""

import io
import json
import sys
import time
import types
from contextlib import redirect_stdout
from importlib import import_module
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "benchmarks"))
import truth as at_scale  # noqa: E402

NAMES = at_scale.names()
SLOWEST_CELL = 20


def example(name: str):
    return import_module(f"datajam_teach.examples.{name}")


@pytest.mark.parametrize("name", NAMES)
def test_the_shipped_seed_is_within_the_tolerance_and_the_data_the_same_each_time(name):
    found = example(name).simulate(example(name).SEED)
    assert all(abs(found[key] - planted) <= within for key, (planted, within) in example(name).TOLERANCE.items())
    assert found == example(name).simulate(example(name).SEED)


@pytest.mark.parametrize("name", NAMES)
def test_over_a_few_seeds_the_means_are_those_of_the_curriculum(name):
    table = at_scale.rows(name, [example(name).simulate(seed) for seed in range(12)])
    assert set(example(name).EXPECTED) <= {row["key"] for row in table}
    # A rate that is all 0 or all 1 over so few seeds says nothing of its error: `nox -s truth` judges those.
    assert all(row["good"] or row["within"] is not None or row["sd"] == 0 for row in table), table


@pytest.mark.parametrize("name", NAMES)
def test_there_is_one_notebook_of_each_example_and_it_calls_the_module(name):
    found = list((ROOT / "notebooks").glob(f"*/{name}_*.ipynb"))
    assert len(found) == 1
    source = "".join("".join(cell["source"]) for cell in json.loads(found[0].read_text(encoding="utf-8"))["cells"])
    assert f"from datajam_teach.examples import {name}" in source and f"shipped={name}.SEED" in source


def notebook(name: str) -> Path:
    return next((ROOT / "notebooks").glob(f"*/{name}_*.ipynb"))


def run_all(cells: list[dict], given: str = "") -> str:
    """Run a notebook's code from top to bottom in one namespace, with other parameters where given: what it prints."""
    said, names = io.StringIO(), {"__name__": "__main__"}
    with redirect_stdout(said):
        for cell in cells:
            if cell["cell_type"] == "code":
                started = time.monotonic()
                exec(compile("".join(cell["source"]), "cell", "exec"), names)
                if "parameters" in cell["metadata"].get("tags", []):
                    exec(given, names)
                assert time.monotonic() - started < SLOWEST_CELL
    return said.getvalue()


def cells_of(name: str) -> list[dict]:
    return json.loads(notebook(name).read_text(encoding="utf-8"))["cells"]


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(("place", "seed"), [("Leeds", 1), ("England", 2), ("Isles of Scilly", 3)])
@pytest.mark.parametrize("name", NAMES)
def test_a_notebook_runs_for_other_places_and_seeds(name, place, seed):
    said = run_all(cells_of(name), f"place, seed, strict = {place!r}, {seed}, False")
    assert said.count("Not done yet") == 2 and ": estimate " in said and place in said


@pytest.mark.parametrize(
    ("given", "words"), [("place = 'Newcaslte'", "Did you mean"), ("seed = -1", "seed = -1"), ("seed = '7'", "seed")]
)
def test_a_place_or_seed_that_cannot_be_is_refused_in_one_line_before_any_work(given, words):
    from datajam.errors import DataJamError

    for name in NAMES:
        with pytest.raises(DataJamError) as error:
            run_all(cells_of(name), given)
        assert words in str(error.value) and "\n" not in str(error.value)
        frames = [frame.name for frame in error.traceback]
        assert "begin" in frames and "make" not in frames


def test_papermill_runs_one_with_other_parameters(tmp_path, monkeypatch):
    import papermill

    monkeypatch.setenv("PYTHONPATH", str(ROOT / "shared"))
    given = {"place": "Leeds", "seed": 7}
    done = papermill.execute_notebook(str(notebook("c6")), str(tmp_path / "out.ipynb"), parameters=given, progress_bar=False)
    said = "".join(output.get("text", "") for cell in done.cells for output in cell.get("outputs", []))
    assert "Leeds: " in said and "Not done yet" in said


# One mistake that somebody would make in each example: what stands there, and what they would type instead.
MISTAKES = {
    "a1": ('.fit(method="powell")', ".fit()"),
    "a2": ('shrunk.table.loc[low.index, "estimate"]', 'shrunk.table.loc[low.index, "raw"]'),
    "a3": ('.where(~hidden, np.minimum(most, areas["pupils"]))', ".where(~hidden, 0)"),
    "a4": ("direct = a4.averages(table, standardise.direct)", "direct = a4.averages(table, standardise.crude)"),
    "a5": ('"passed ~ absent + prior"', '"passed ~ absent"'),
    "a6": ("judged(fit_on, judge_by, a6.KNOWN)", "judged(fit_on, judge_by, [*a6.KNOWN, a6.AFTERWARDS])"),
    "a7": ("linked = a7.linked(files, likely)", "linked = a7.exact(files)"),
    "a8": ("each.whole.value, each.share,", "each.whole.value, 1 - each.progress.value / each.whole.value,"),
    "c1": ("fit = c1.share(survey, weights)", 'fit = c1.share(survey, "")'),
    "c2": ("listed = c2.outside(wards, level)", "listed = c2.outside(wards, 80)"),
    "c3": ('c3.effect(residents, f"+ {beside}")', "c3.effect(residents)"),
    "c4": ('(fit.params["within"], 0.40', '(fit.params["share"], 0.40'),
    "c5": ("c5.correlation(people), 0.16", "c5.correlation(wards), 0.16"),
    "c6": ('multipletests(answers["p"], level, "fdr_bh")[0]', '(answers["p"] < level).to_numpy()'),
    "c7": ('c7.gained_more(wards, "fresh")', 'c7.gained_more(wards, "chosen_by")'),
    "s1": ('now = list(best["skill"])', "now = s1.as_in_2018(adverts, s1.MINE)"),
    "s2": ("GroupKFold(parts)", "StratifiedKFold(parts, shuffle=True, random_state=0)"),
    "s3": ('premium(measured, "+ C(seniority) + C(region)")', "premium(measured)"),
    "s4": ('s4.growth(board, scale="X2")', "s4.growth(board)"),
    "s5": (
        'shrunk.table["raw"]), s5.error(towns, shrunk.table["estimate"])',
        'shrunk.table["raw"]), s5.error(towns, shrunk.table["raw"])',
    ),
    "s6": ("s6.kaplan_meier(people)", 's6.kaplan_meier(people[people["found"]])'),
    "s7": ("safe = s7.hidden(rows, method)", 'safe = s7.hidden(rows, "none")'),
    "x0": ("counts.get(reason, 0)", "counts.sum()"),
    "x1": ("axes.set_xlim(0, 100)", "axes.set_xlim(70, 80)"),
    "x2": ('tables.pupils.assign(code=ground(tables.pupils["code"]))', "tables.pupils"),
    "x3": ("x3.long(x3.mended(sheet))", "x3.long(sheet)"),
}


def with_mistake(name: str, monkeypatch) -> list[dict]:
    """The notebook's cells with the mistake in them, or in the module they call."""
    right, wrong = MISTAKES[name]
    cells, module = cells_of(name), example(name)
    found = [cell for cell in cells if cell["cell_type"] == "code" and right in "".join(cell["source"])]
    for cell in found:
        cell["source"] = "".join(cell["source"]).replace(right, wrong)
    text = Path(module.__file__).read_text(encoding="utf-8")
    if not found:
        assert right in text, f"{name}: {right!r} is neither in the notebook nor in its module"
        broken = types.ModuleType(module.__name__)
        broken.__file__ = module.__file__
        monkeypatch.setitem(sys.modules, module.__name__, broken)
        monkeypatch.setattr(sys.modules["datajam_teach.examples"], name, broken)
        exec(
            compile(text.replace(right, wrong).replace("import GroupKFold", "import StratifiedKFold"), module.__file__, "exec"),
            broken.__dict__,
        )
    return cells


def test_every_example_has_its_mistake():
    assert sorted(MISTAKES) == NAMES


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", NAMES)
def test_the_truth_cell_is_green_and_a_mistake_turns_it_red(name, monkeypatch):
    run_all(cells_of(name))
    cells = with_mistake(name, monkeypatch)
    with pytest.raises(AssertionError, match="Not recovered with the shipped seed"):
        run_all(cells)


def test_the_kaplan_meier_median_is_the_one_worked_by_hand():
    s6 = example("s6")
    table = s6.make().sort_values(["days", "found"], ascending=[True, False])
    share, left, median = 1.0, len(table), None
    for days, group in table.groupby("days"):
        share *= 1 - group["found"].sum() / left
        left -= len(group)
        median = days if median is None and share <= 0.5 else median
    assert s6.kaplan_meier(table).quantile(0.5) == median


def test_a_published_kaplan_meier_table_is_reproduced():
    """Remission of leukaemia under 6-mercaptopurine: Freireich and others (1963), the curve as printed in many textbooks."""
    s6 = example("s6")
    days = [6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35]
    found = [1, 1, 1, 0, 1, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0]
    curve = s6.kaplan_meier(pd.DataFrame({"days": days, "found": np.array(found, dtype=bool)}))
    steps = dict(zip(curve.surv_times, curve.surv_prob.round(3), strict=True))
    assert [steps[day] for day in (6, 7, 10, 13, 16, 22, 23)] == [0.857, 0.807, 0.753, 0.690, 0.627, 0.538, 0.448]


def test_the_scatter_of_months_is_pearsons_chi_squared_over_its_degrees_of_freedom():
    s4 = example("s4")
    board = s4.make()
    plain, wide = s4.growth(board), s4.growth(board, scale="X2")
    pearson = ((board["naming"] - plain.fittedvalues) ** 2 / plain.fittedvalues).sum() / (len(board) - 2)
    assert wide.scale == pytest.approx(pearson)
    assert wide.bse["month"] / plain.bse["month"] == pytest.approx(pearson**0.5)


def test_the_difference_within_areas_is_that_of_scores_less_their_areas_mean():
    c4 = example("c4")
    table = c4.make()
    own = table[["minority", "satisfaction"]] - table.groupby("area")[["minority", "satisfaction"]].transform("mean")
    by_hand = (own["minority"] * own["satisfaction"]).sum() / (own["minority"] ** 2).sum()
    assert c4.within_areas(table).params["within"] == pytest.approx(by_hand)


def test_the_intervals_of_correlations_are_fishers():
    c5 = example("c5")
    found = c5.by_size(c5.make())
    people = found.iloc[0]
    half = 1.96 / (8000 - 3) ** 0.5
    assert people["lower"] == pytest.approx(np.tanh(np.arctanh(people["r"]) - half))
    assert people["r"] == pytest.approx(np.corrcoef(c5.make()["debt"], c5.make()["isolation"])[0, 1])


def test_the_average_difference_is_the_mean_of_each_pupils_own():
    a5 = example("a5")
    pupils = a5.make()
    fit = a5.fitted(pupils)
    logit = fit.params["Intercept"] + fit.params["prior"] * pupils["prior"]
    own = 1 / (1 + np.exp(-(logit + fit.params["absent"]))) - 1 / (1 + np.exp(-logit))
    never, always = a5.chances(fit, pupils)
    assert always - never == pytest.approx(own.mean())
    low, high = a5.interval(pupils, draws=60)
    assert low < always - never < high and 0.02 < high - low < 0.09


def test_the_premium_is_the_coefficient_of_least_squares_by_hand():
    s3 = example("s3")
    table = s3.make()
    table = table[~table["filled_in"]]
    columns = pd.get_dummies(table[["seniority", "region"]], drop_first=True).astype(float)
    x = np.column_stack([np.ones(len(table)), table["python"], columns])
    by_hand = np.linalg.lstsq(x, np.log(table["salary"]), rcond=None)[0][1]
    assert s3.premium(table, "+ C(seniority) + C(region)").params["python"] == pytest.approx(by_hand)


def test_the_contents_page_is_made_from_the_notebooks():
    from datajam_teach.contents import contents

    page = (ROOT / "notebooks" / "README.md").read_text(encoding="utf-8")
    assert page == contents(ROOT / "notebooks"), "make it again: python -m datajam_teach.contents notebooks > notebooks/README.md"


def test_how_often_pairs_are_ranked_right_is_counted_by_hand():
    a6 = example("a6")
    pupils = a6.make().head(600)
    with_it, without = (pupils.loc[pupils["outcome"] == value, "true_chance"].to_numpy() for value in (1, 0))
    pairs = (with_it[:, None] > without).mean() + 0.5 * (with_it[:, None] == without).mean()
    assert a6.ranked_right(pupils, pupils["true_chance"]) == pytest.approx(pairs)
    assert (pupils[a6.AFTERWARDS].corr(pupils["outcome"])) > 0.4


def test_clustered_errors_are_those_of_the_sandwich_by_hand():
    a1 = example("a1")
    table = a1.make()
    x = np.column_stack([np.ones(len(table)), table["club"]])
    rest = a1.plain(table).resid.to_numpy()
    sums = pd.DataFrame(x * rest[:, None]).groupby(table["school"].to_numpy()).sum().to_numpy()
    inside = np.linalg.inv(x.T @ x)
    schools, pupils = len(sums), len(table)
    correction = schools / (schools - 1) * (pupils - 1) / (pupils - 2)
    by_hand = np.sqrt((inside @ (sums.T @ sums) @ inside * correction)[1, 1])
    assert a1.clustered(table).bse["club"] == pytest.approx(by_hand)


def test_a_mixed_model_gives_the_published_estimates_of_the_sleep_study():
    """Reaction times without sleep: Belenky and others (2003); estimates as published with lme4, Bates and others (2015)."""
    days = np.tile(np.arange(10), 18)
    people = np.repeat(np.arange(18), 10)
    reaction = SLEEP.ravel()
    import statsmodels.formula.api as smf

    table = pd.DataFrame({"reaction": reaction, "days": days, "person": people})
    fit = smf.mixedlm("reaction ~ days", table, groups="person", re_formula="~days").fit(method="powell")
    assert fit.params["Intercept"] == pytest.approx(251.405, abs=0.01) and fit.params["days"] == pytest.approx(10.467, abs=0.001)
    assert fit.cov_re.iloc[0, 0] == pytest.approx(612.1, rel=0.01) and fit.cov_re.iloc[1, 1] == pytest.approx(35.07, rel=0.01)
    assert fit.scale == pytest.approx(654.94, rel=0.005)


def test_least_squares_gives_the_certified_values_of_the_longley_data():
    """NIST Statistical Reference Datasets, linear regression, "Longley" (higher difficulty)."""
    import statsmodels.api as sm

    data = sm.datasets.longley.load_pandas()
    fit = sm.OLS(data.endog, sm.add_constant(data.exog)).fit()
    certified = [
        (-3482258.63459582, 890420.383607373), (15.0618722713733, 84.9149257747669), (-0.0358191792925910, 0.0334910077722432),
        (-2.02022980381683, 0.488399681651699), (-1.03322686717359, 0.214274163161675),
        (-0.0511041056535807, 0.226073200069370), (1829.15146461355, 455.478499142212),
    ]  # fmt: skip
    assert fit.params.tolist() == pytest.approx([value for value, _ in certified], rel=1e-7)
    assert fit.bse.tolist() == pytest.approx([error for _, error in certified], rel=1e-7)
    assert fit.mse_resid**0.5 == pytest.approx(304.854073561965, rel=1e-8)


SLEEP = np.array(
    [
        [249.5600, 258.7047, 250.8006, 321.4398, 356.8519, 414.6901, 382.2038, 290.1486, 430.5853, 466.3535],
        [222.7339, 205.2658, 202.9778, 204.7070, 207.7161, 215.9618, 213.6303, 217.7272, 224.2957, 237.3142],
        [199.0539, 194.3322, 234.3200, 232.8416, 229.3074, 220.4579, 235.4208, 255.7511, 261.0125, 247.5153],
        [321.5426, 300.4002, 283.8565, 285.1330, 285.7973, 297.5855, 280.2396, 318.2613, 305.3495, 354.0487],
        [287.6079, 285.0000, 301.8206, 320.1153, 316.2773, 293.3187, 290.0750, 334.8177, 293.7469, 371.5811],
        [234.8606, 242.8118, 272.9613, 309.7688, 317.4629, 309.9976, 454.1619, 346.8311, 330.3003, 253.8644],
        [283.8424, 289.5550, 276.7693, 299.8097, 297.1710, 338.1665, 332.0265, 348.8399, 333.3600, 362.0428],
        [265.4731, 276.2012, 243.3647, 254.6723, 279.0244, 284.1912, 305.5248, 331.5229, 335.7469, 377.2990],
        [241.6083, 273.9472, 254.4907, 270.8021, 251.4519, 254.6362, 245.4523, 235.3110, 235.7541, 237.2466],
        [312.3666, 313.8058, 291.6112, 346.1222, 365.7324, 391.8385, 404.2601, 416.6923, 455.8643, 458.9167],
        [236.1032, 230.3167, 238.9256, 254.9220, 250.7103, 269.7744, 281.5648, 308.1020, 336.2806, 351.6451],
        [256.2968, 243.4543, 256.2046, 255.5271, 268.9165, 329.7247, 379.4445, 362.9184, 394.4872, 389.0527],
        [250.5265, 300.0576, 269.8939, 280.5891, 271.8274, 304.6336, 287.7466, 266.5955, 321.5418, 347.5655],
        [221.6771, 298.1939, 326.8785, 346.8555, 348.7402, 352.8287, 354.4266, 360.4326, 375.6406, 388.5417],
        [271.9235, 268.4369, 257.2424, 277.6566, 314.8222, 317.2135, 298.1353, 348.1229, 340.2800, 366.5131],
        [225.2640, 234.5235, 238.9008, 240.4730, 267.5373, 344.1937, 281.1481, 347.5855, 365.1630, 372.2288],
        [269.8804, 272.4428, 277.8989, 281.7895, 279.1705, 284.5120, 259.2658, 304.6306, 350.7807, 369.4692],
        [269.4117, 273.4740, 297.5968, 310.6316, 287.1726, 329.6076, 334.4818, 343.2199, 369.1417, 364.1236],
    ]
)


def test_the_gain_since_a_baseline_is_the_difference_of_two_mean_gains():
    c7 = example("c7")
    wards = c7.make()
    gain = (wards["after"] - wards["fresh"]).groupby(wards["pilot"]).mean()
    assert c7.gained_more(wards, "fresh").params["pilot"] == pytest.approx(gain[1] - gain[0])
    risen = wards.loc[wards["pilot"] == 1, "fresh"].mean() - wards.loc[wards["pilot"] == 1, "chosen_by"].mean()
    assert risen > 3


def test_holding_deprivation_equal_is_regressing_what_it_leaves_of_both():
    c3 = example("c3")
    table = c3.make()
    x = np.column_stack([np.ones(len(table)), table["deprivation"]])
    left = [table[name] - x @ np.linalg.lstsq(x, table[name], rcond=None)[0] for name in ("diversity", "trust")]
    by_hand = (left[0] * left[1]).sum() / (left[0] ** 2).sum()
    assert c3.effect(table, "+ deprivation").params["diversity"] == pytest.approx(by_hand)
    assert len(c3.fifths(table)) == 5


def test_the_sandwich_of_a_weighted_mean_is_the_one_by_hand():
    c1 = example("c1")
    survey = c1.make()
    weight, said = survey["weight"].to_numpy(), survey["belongs"].to_numpy()
    mean = np.average(said, weights=weight)
    by_hand = np.sqrt(((weight * (said - mean)) ** 2).sum() * len(said) / (len(said) - 1)) / weight.sum()
    fit = c1.share(survey)
    assert fit.params.iloc[0] == pytest.approx(mean) and fit.bse.iloc[0] == pytest.approx(by_hand)


def test_contrast_is_that_of_the_guidelines_examples():
    """The lightest grey that passes 4.5 on white, as in the W3C's own advice, and the one beyond it."""
    x1 = example("x1")
    assert x1.contrast("#767676") == pytest.approx(4.54, abs=0.005) and x1.contrast("#777777") < 4.5
    assert x1.contrast("#FFFFFF") == 1


def test_the_exaggeration_of_a_cut_axis_is_the_one_worked_by_hand():
    x1 = example("x1")
    rows = x1.make()
    low, high = rows["percent"].min(), rows["percent"].max()
    shown = (high - low + 1) / 1 - 1
    assert x1.exaggeration(x1.as_usual(rows)) == pytest.approx(shown / (high / low - 1))


def test_bounds_hold_every_number_that_a_hidden_count_may_be():
    a3 = example("a3")
    areas = a3.read(a3.make()).head(30)
    rng, (low, high) = np.random.default_rng(1), a3.bounds(areas)
    for _ in range(50):
        filled = areas["absent"].fillna(pd.Series(rng.integers(1, 10, len(areas)), areas.index))
        assert low <= 100 * filled.sum() / areas["pupils"].sum() <= high


def test_two_runs_of_a_linkage_find_the_same_pairs():
    a7 = example("a7")
    files = a7.make(3)
    assert a7.linked(files).equals(a7.linked(files))
    assert a7.judged(files, a7.exact(files))["in_both"].sum() == len(files.both)
