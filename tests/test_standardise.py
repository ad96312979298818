"""Fairer comparisons: the same as by hand, and true on data whose truth is known."""

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

import datajam
from datajam.analyse import gaps, shrinkage, standardise
from datajam.errors import DataJamError
from datajam.vocabulary import places
from datajam_teach.samples import attainment

FILE = "starters/attainment/data/sample/attainment_by_fsm_synthetic.csv"
GROUPS, YEAR = ["fsm_eligible", "not_fsm"], "202425"


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    return datajam.read(FILE)


@pytest.fixture(scope="module")
def mix(table) -> dict[str, float]:
    return standardise.mix(table, GROUPS, YEAR)


def cell(table, code: str, indicator: str, group: str) -> float:
    own = table[(table["area_code"] == code) & (table["indicator"] == indicator) & (table["breakdown"] == group)]
    return float(own.loc[own["period_label"] == YEAR, "value"].iloc[0])


def test_the_mix_is_englands_share_of_pupils(table, mix):
    pupils = [cell(table, places.ENGLAND, "t_pupils", group) for group in GROUPS]
    assert mix == {group: pytest.approx(count / sum(pupils)) for group, count in zip(GROUPS, pupils, strict=True)}


def test_the_standardised_average_is_the_one_worked_by_hand(table, mix):
    code = places.find("Leeds").code
    by_hand = sum(mix[group] * cell(table, code, "avg_att8", group) for group in GROUPS)
    error = sum((mix[group] * 18 / cell(table, code, "t_pupils", group) ** 0.5) ** 2 for group in GROUPS) ** 0.5
    found = standardise.direct(table, "Leeds", mix, YEAR)
    assert found.value == pytest.approx(by_hand) and found.error == pytest.approx(error)
    assert found.base == sum(cell(table, code, "t_pupils", group) for group in GROUPS)


def test_england_standardised_to_its_own_mix_is_england(table, mix):
    assert standardise.direct(table, "England", mix, YEAR).value == pytest.approx(
        standardise.crude(table, "England", mix, YEAR).value
    )


def test_a_place_that_is_better_for_both_groups_but_has_more_of_the_lower_one_is_better_once_standardised():
    """The paradox of Simpson, by hand: A is 4 points better for each group, and 4.5 points worse crude."""
    rows = {"E08000035": ((80, 39.0), (20, 54.0)), "E08000021": ((20, 35.0), (80, 50.0)), "E92000001": ((100, 36.0), (300, 50.0))}
    cells = []
    for code, groups in rows.items():
        for group, (pupils, average) in zip(GROUPS, groups, strict=True):
            cells += [(code, group, "t_pupils", pupils), (code, group, "avg_att8", average)]
    table = pd.DataFrame(cells, columns=["area_code", "breakdown", "indicator", "value"])
    table = table.assign(period_label=YEAR, status="ok", lower_ci=np.nan, upper_ci=np.nan)
    weights = standardise.mix(table, GROUPS, YEAR)
    crude = [standardise.crude(table, code, weights, YEAR).value for code in ("E08000035", "E08000021")]
    direct = [standardise.direct(table, code, weights, YEAR).value for code in ("E08000035", "E08000021")]
    assert crude[0] - crude[1] == pytest.approx(-5.0) and direct[0] - direct[1] == pytest.approx(4.0)


def test_a_suppressed_group_gives_no_number_rather_than_another_mix(table, mix):
    found = standardise.direct(table, "City of London", mix, YEAR)
    assert found.value is None and "suppressed" in found.reason


def test_without_englands_pupils_there_is_no_mix_and_the_reason_is_said(table):
    assert standardise.mix(table, ["fsm_eligible", "no such group"], YEAR) == {}
    assert "England's mix" in standardise.direct(table, "Leeds", {}, YEAR).reason
    assert "England's mix" in standardise.crude(table, "Leeds", {}, YEAR).reason


def test_standardised_averages_recover_the_planted_ones(table, mix):
    known = attainment.authority_truth()
    truth = mix["fsm_eligible"] * known["fsm"] + mix["not_fsm"] * known["other"]
    held = []
    for place, true in zip(places.authorities(), truth, strict=True):
        found = standardise.direct(table, place.code, mix, YEAR)
        if found.value is not None:
            held.append(found.interval[0] <= true <= found.interval[1])
    assert 0.90 <= np.mean(held) <= 0.99


def drawn(seed: int, count: int = 150, spread: float = 0.8):
    rng = np.random.default_rng(seed)
    index = [place.code for place in places.authorities()][:count]
    circumstances = pd.DataFrame(rng.normal(size=(count, 3)) * [1, 10, 0.1] + [5, 30, 0], index, columns=["a", "b", "c"])
    errors = pd.Series(np.exp(rng.normal(0, 0.5, count)), index)
    own = rng.normal(0, spread, count)
    slopes = np.array([1.5, -0.05, 0.0])
    values = 45 + circumstances.to_numpy() @ slopes + own + rng.normal(size=count) * errors
    return values, errors, circumstances, own


def test_the_intervals_beyond_what_is_expected_hold_the_truth_95_times_in_100():
    held, slopes = [], []
    for seed in range(60):
        values, errors, circumstances, own = drawn(seed)
        found = standardise.beyond(values, errors, circumstances)
        held.append(((found.table["lower"] <= own) & (own <= found.table["upper"])).mean())
        slopes.append(found.slopes)
    assert np.mean(held) == pytest.approx(0.95, abs=0.012)
    assert np.mean(slopes, axis=0) == pytest.approx([1.5, -0.05, 0.0], abs=0.15)


def test_the_expected_numbers_are_those_of_statsmodels_with_the_same_weights():
    values, errors, circumstances, _ = drawn(3)
    found = standardise.beyond(values, errors, circumstances)
    fit = sm.WLS(values, sm.add_constant(circumstances), weights=1 / (errors**2 + found.spread**2)).fit()
    assert found.table["expected"].to_numpy() == pytest.approx(fit.fittedvalues.to_numpy())
    assert found.slopes.to_numpy() == pytest.approx(fit.params.to_numpy()[1:])


def test_circumstances_that_explain_nothing_leave_plain_shrinkage():
    values, errors, circumstances, _ = drawn(5)
    rng = np.random.default_rng(0)
    noise = pd.DataFrame(rng.normal(size=(len(values), 1)), values.index, columns=["noise"])
    found = standardise.beyond(values, errors, noise)
    plain = shrinkage.means(values, errors)
    together = found.table["expected"] + found.table["shrunk"]
    assert np.corrcoef(together, plain.table["estimate"])[0, 1] > 0.99 and found.explained < 0.08


def test_places_without_a_number_or_a_circumstance_are_named_and_the_rest_goes_on():
    values, errors, circumstances, _ = drawn(1)
    values.iloc[0], circumstances.iloc[1, 0] = np.nan, np.nan
    found = standardise.beyond(values, errors, circumstances)
    names = [places.by_code()[code].name for code in values.index[:2]]
    assert list(found.left_out) == names and names[0] in found.coverage()
    assert "no figure" in found.about(names[0]) and "circumstances" in found.about(names[1])
    assert "only authorities" in found.about("North East") and found.estimate("North East", "2024/25").value is None


def test_too_few_places_give_no_comparison_and_say_why():
    values, errors, circumstances, _ = drawn(2, count=8)
    found = standardise.beyond(values, errors, circumstances)
    name = places.by_code()[values.index[0]].name
    assert "8 places with figures are too few for 3 circumstances" in found.about(name)
    assert found.estimate(name, "2024/25").value is None and len(found.left_out) == 8


@pytest.mark.parametrize("change", ["flat", "error", "places"])
def test_what_cannot_be_compared_is_said_in_one_line(change):
    values, errors, circumstances, _ = drawn(2, count=30)
    if change == "flat":
        circumstances["a"] = 3.0
    elif change == "error":
        errors.iloc[3] = 0.0
    else:
        circumstances = circumstances.iloc[5:]
    with pytest.raises(DataJamError) as told:
        standardise.beyond(values, errors, circumstances)
    assert "\n" not in str(told.value)


def test_a_wider_place_and_like_places_stand_beside_the_place(table, mix):
    alike = [places.find(name).code for name in ("Hull", "Bradford", "City of London")]
    here, near, region, england = standardise.around(table, "Leeds", mix, YEAR, alike=alike)
    assert [each.place for each in (here, region, england)] == ["Leeds", "Yorkshire and The Humber", "England"]
    two = [standardise.direct(table, code, mix, YEAR).value for code in alike[:2]]
    assert near.value == pytest.approx(sum(two) / 2) and "City of London" in near.how


def test_gaps_of_like_places_are_averaged_over_those_that_have_one(table):
    alike = [places.find(name).code for name in ("Hull", "City of London")]
    compared = gaps.compared(table, "Leeds", *GROUPS, YEAR, alike=alike)
    assert compared[1].value == pytest.approx(gaps.gap(table, "Hull", *GROUPS, YEAR).value)
    assert [each.place for each in compared][1] == "the places most like it"
