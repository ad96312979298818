"""Every worked example: the shipped seed recovers the truth, means are the curriculum's, estimators are right by hand."""

import json
import sys
from importlib import import_module
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "benchmarks"))
import truth as at_scale  # noqa: E402

NAMES = at_scale.names()


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


def test_a_notebook_runs_for_another_place_and_seed_and_asserts_nothing_there(tmp_path):
    import papermill

    path = next((ROOT / "notebooks").glob("*/c6_*.ipynb"))
    given = {"place": "Leeds", "seed": 7}
    done = papermill.execute_notebook(str(path), str(tmp_path / "out.ipynb"), parameters=given, progress_bar=False)
    said = "".join(output.get("text", "") for cell in done.cells for output in cell.get("outputs", []))
    assert "Leeds: " in said and "Not done yet" in said


def test_a_participants_copy_has_no_solution_no_output_and_is_the_same_each_time(tmp_path):
    import nbformat

    from datajam_teach.copies import write_copies

    path = next((ROOT / "notebooks").glob("*/c6_*.ipynb"))
    before = path.read_bytes()
    first, second = (write_copies([path], tmp_path / name)[0] for name in ("one", "two"))
    assert first.read_bytes() == second.read_bytes() and path.read_bytes() == before
    copy = nbformat.read(first, as_version=4)
    tags = {tag for cell in copy.cells for tag in cell.metadata.get("tags", [])}
    assert not tags & {"solution", "trainer-note"} and "exercise" in tags
    assert not any(cell.get("outputs") or cell.get("execution_count") for cell in copy.cells)


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
