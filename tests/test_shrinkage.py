"""Shrinkage is what the formulas give by hand, comes nearer to the truth, and its intervals cover it as often as they say."""

from math import exp, hypot, log, sqrt
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import beta
from statsmodels.stats.meta_analysis import combine_effects

import datajam
from datajam.analyse import composite, shrinkage
from datajam.errors import DataJamError
from datajam.vocabulary import places
from datajam_teach.samples import local_statistics

SAMPLE = Path(__file__).resolve().parents[1] / "starters/social_cohesion/data/sample/wellbeing_synthetic.csv"
TOWNS = list("abcdefgh")
EVENTS = pd.Series([0.0, 30, 52, 8, 75, 41, 3, 19], TOWNS)
BASE = pd.Series([4.0, 300, 400, 100, 500, 400, 12, 350], TOWNS)


def towns(seed: int) -> tuple[np.ndarray, pd.Series, pd.Series]:
    """200 towns, beta-distributed rates: the truth, events and base."""
    rng = np.random.default_rng(seed)
    truth = rng.beta(8, 76, 200)
    base = np.exp(rng.uniform(np.log(40), np.log(1800), 200)).astype(int)
    return truth, pd.Series(rng.binomial(base, truth)), pd.Series(base)


def rmse(values: pd.Series, truth: np.ndarray) -> float:
    return sqrt(((values - truth) ** 2).mean())


def test_the_spread_of_proportions_is_where_the_moment_equations_balance():
    """Kleinman's weights and moments, solved by bisection instead of repetition."""
    x, n = EVENTS.to_numpy(), BASE.to_numpy()

    def mean_and_excess(alike):
        weights = [size / (1 + alike * (size - 1)) for size in n]
        whole = sum(weights)
        mean = sum(w * e / size for w, e, size in zip(weights, x, n, strict=True)) / whole
        seen = sum(w * (e / size - mean) ** 2 for w, e, size in zip(weights, x, n, strict=True))
        expected = sum(
            w * (1 - w / whole) * mean * (1 - mean) / size * (1 + alike * (size - 1)) for w, size in zip(weights, n, strict=True)
        )
        return mean, seen - expected

    low, high = 0.0, 0.9
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if mean_and_excess(middle)[1] > 0 else (low, middle)
    mean = mean_and_excess(low)[0]
    found = shrinkage.proportions(EVENTS, BASE)
    assert found.mean == pytest.approx(mean, abs=1e-8)
    assert found.spread == pytest.approx(sqrt(low * mean * (1 - mean)), abs=1e-8)
    prior = (1 - low) / low
    k = len(x)
    for row, size in zip(found.table.itertuples(), n, strict=True):
        pull = (k - 3) / (k - 1) * prior / (prior + size)
        assert row.pull == pytest.approx(pull, abs=1e-7)
        assert row.estimate == pytest.approx((1 - pull) * row.raw + pull * mean, abs=1e-8)


def test_with_many_places_the_estimate_and_interval_are_those_of_the_beta_posterior():
    """With 20,000 places nothing is left of the widening for what is estimated: the plain conjugate posterior remains."""
    rng = np.random.default_rng(3)
    base = rng.integers(20, 400, 20_000)
    events = rng.binomial(base, rng.beta(5, 45, 20_000))
    found = shrinkage.proportions(pd.Series(events), pd.Series(base))
    a = found.mean * (found.mean * (1 - found.mean) / found.spread**2 - 1)
    b = a / found.mean - a
    posterior = beta(a + events, b + base - events)
    assert (a, b) == pytest.approx((5, 45), rel=0.06)
    assert np.abs(found.table["estimate"] - posterior.mean()).max() < 1e-4
    assert np.abs(found.table["lower"] - posterior.ppf(0.025)).max() < 2e-3
    assert np.abs(found.table["upper"] - posterior.ppf(0.975)).max() < 2e-3


def test_two_hundred_seeds_of_towns_come_nearer_to_the_truth_every_time():
    raw, shrunk, covered = [], [], []
    for seed in range(200):
        truth, events, base = towns(seed)
        table = shrinkage.proportions(events, base).table
        raw.append(rmse(table["raw"], truth))
        shrunk.append(rmse(table["estimate"], truth))
        covered.append(((table["lower"] <= truth) & (truth <= table["upper"])).mean())
    assert np.mean(raw) == pytest.approx(0.024, abs=0.0015) and np.mean(shrunk) == pytest.approx(0.017, abs=0.0015)
    assert (np.array(shrunk) < np.array(raw)).sum() == 200
    assert np.mean(covered) == pytest.approx(0.95, abs=0.01)


@pytest.mark.parametrize(("count", "spread"), [(10, 0.0), (10, 0.17), (153, 0.03), (153, 0.1), (153, 0.17), (153, 0.5)])
@pytest.mark.parametrize("method", ["paule-mandel", "moments"])
def test_intervals_of_means_cover_the_truth(count, spread, method):
    covered, better = [], []
    for seed in range(200):
        rng = np.random.default_rng(seed)
        errors = 0.18 * np.exp(rng.normal(0, 0.5, count))
        truth = 7.5 + spread * rng.normal(size=count)
        values = truth + errors * rng.normal(size=count)
        table = shrinkage.means(pd.Series(values), pd.Series(errors), method).table
        covered.append(((table["lower"] <= truth) & (truth <= table["upper"])).mean())
        better.append(rmse(table["estimate"], truth) < rmse(table["raw"], truth))
    assert 0.935 < np.mean(covered) <= (1.0 if spread < 0.1 or count == 10 else 0.965)
    assert np.mean(better) > 0.9


def test_the_spread_between_means_is_the_one_of_statsmodels():
    rng = np.random.default_rng(4)
    errors = rng.uniform(0.5, 3, 40)
    values = 50 + rng.normal(0, 2, 40) + errors * rng.normal(size=40)
    for method, theirs in (("paule-mandel", "iterated"), ("moments", "chi2")):
        other = combine_effects(values, errors**2, method_re=theirs)
        ours = shrinkage.means(pd.Series(values), pd.Series(errors), method)
        assert ours.spread**2 == pytest.approx(other.tau2, rel=1e-4) and other.tau2 > 1
        assert ours.mean == pytest.approx(other.mean_effect_re, rel=1e-6)


def test_means_with_equal_errors_are_morriss_by_hand():
    """Morris (1983), equal variances: B = (k - 3) V / S, s² = V (1 - B (k - 1) / k) + 2 / (k - 3) B² (y - mean)²."""
    y, error = [4.0, 7, 9, 10, 12, 18], 2.0
    found = shrinkage.means(pd.Series(y), pd.Series([error] * 6))
    k, mean = 6, sum(y) / 6
    squares = sum((value - mean) ** 2 for value in y)
    pull = (k - 3) * error**2 / squares
    for row, value in zip(found.table.itertuples(), y, strict=True):
        half = 1.959964 * sqrt(error**2 * (1 - (k - 1) / k * pull) + 2 / (k - 3) * pull**2 * (value - mean) ** 2)
        expected = (1 - pull) * value + pull * mean
        assert (row.pull, row.estimate) == pytest.approx((pull, expected))
        assert (row.lower, row.upper) == pytest.approx((expected - half, expected + half))


def test_places_that_differ_no_more_than_chance_are_pulled_nearly_all_the_way():
    found = shrinkage.means(pd.Series([10.0, 10.1, 9.9, 10.05, 9.95, 10.0]), pd.Series([1.0] * 6))
    assert found.spread == 0 and found.table["pull"].tolist() == pytest.approx([0.6] * 6)
    same = shrinkage.proportions(pd.Series([10, 20, 30, 40, 50, 60]), pd.Series([100, 200, 300, 400, 500, 600]))
    assert same.spread == 0 and same.table["estimate"].tolist() == pytest.approx([0.1] * 6)
    assert (same.table["lower"] < 0.1).all() and (same.table["upper"] > 0.1).all()


def test_the_less_there_is_behind_a_number_the_further_it_is_pulled():
    table = shrinkage.proportions(EVENTS, BASE).table
    assert table["pull"].loc[BASE.sort_values().index].is_monotonic_decreasing
    assert table["estimate"].between(*np.sort([table["raw"], [shrinkage.proportions(EVENTS, BASE).mean] * 8], axis=0)).all()
    assert (table["lower"] < table["estimate"]).all() and (table["estimate"] < table["upper"]).all()
    assert table[["lower", "upper"]].stack().between(0, 1).all()


def test_the_shipped_sample_comes_nearer_to_its_truth_and_its_intervals_hold_it():
    observations = datajam.read(SAMPLE)
    truth = local_statistics.authority_truth(local_statistics.WELLBEING)
    codes = [place.code for place in places.authorities()]
    last = observations[(observations["period_label"] == "2022-04-01/P1Y") & (observations["area_level"] == "la")]
    covered = []
    for name in ("satisfaction", "happiness", "worthwhile", "anxiety"):
        own = last[last["indicator"] == name].set_index("area_code").reindex(codes)
        found = shrinkage.means(own["value"], (own["upper_ci"] - own["lower_ci"]) / (2 * 1.959964))
        known = pd.Series(truth[name.capitalize()], codes)
        table = found.table
        held = table["estimate"].notna()
        assert rmse(table["estimate"], known) < 0.8 * rmse(table["raw"], known)
        assert found.spread == pytest.approx(known.std(), rel=0.35)
        assert {"City of London", "Isles of Scilly"} <= set(found.left_out)
        covered.append(((table["lower"] <= known) & (known <= table["upper"]))[held].mean())
    assert np.mean(covered) == pytest.approx(0.95, abs=0.03)


def test_a_place_without_a_number_has_no_estimate_and_is_named():
    events, base = EVENTS.copy(), BASE.copy()
    events.index = base.index = [*["E06000053", "E09000001", "E06000005"], *TOWNS[3:]]
    events["E06000053"], base["E09000001"], events["E09000001"] = np.nan, 0, 0
    found = shrinkage.proportions(events, base)
    assert found.left_out == ("Isles of Scilly", "City of London") and len(found.table) == 8
    assert found.table.loc["E06000053", ["raw", "estimate", "lower", "pull"]].isna().all()
    assert found.table["note"].tolist() == ["no number"] * 2 + [""] * 6
    assert found.coverage() == "2 of 8 places have no number and no estimate: Isles of Scilly, City of London."
    alone = shrinkage.proportions(events.iloc[2:], base.iloc[2:])
    assert alone.table["estimate"].to_dict() == found.table["estimate"].iloc[2:].to_dict()
    assert alone.coverage() == "All 6 places have an estimate."


@pytest.mark.parametrize(
    ("events", "base", "words"),
    [
        (EVENTS + 400, BASE, "a: events must be"),
        (EVENTS - 1, BASE, "a: events must be"),
        (EVENTS, BASE.iloc[::-1], "same places in the same order"),
        (EVENTS.iloc[:4], BASE.iloc[:4], "Only 4 places"),
        (EVENTS * 0, BASE, "No one"),
        (BASE, BASE, "everyone"),
        (EVENTS, BASE * float("inf"), "events must be"),
    ],
)
def test_counts_that_cannot_be_are_refused(events, base, words):
    with pytest.raises(DataJamError, match=words):
        shrinkage.proportions(events, base)


def test_errors_that_cannot_be_are_refused():
    values = pd.Series([1.0, 2, 3, 4, 5])
    for bad in (0.0, -1.0, float("inf")):
        with pytest.raises(DataJamError, match="standard error must be"):
            shrinkage.means(values, pd.Series([1.0, 1, bad, 1, 1]))
    with pytest.raises(DataJamError, match="'median'"):
        shrinkage.means(values, pd.Series([1.0] * 5), "median")


def test_the_location_quotient_is_the_shrunk_rate_over_the_wider_one_with_both_errors():
    local = shrinkage.proportions(EVENTS, BASE)
    found = shrinkage.location_quotient(local, (900, 10_000))
    wider = 1.959964 * sqrt((1 - 0.09) / 900)
    for row, quotient in zip(local.table.itertuples(), found.itertuples(), strict=True):
        assert quotient.quotient == pytest.approx(row.estimate / 0.09) and quotient.raw_quotient == pytest.approx(row.raw / 0.09)
        low = exp(log(row.estimate / 0.09) - hypot(log(row.estimate / row.lower), wider))
        high = exp(log(row.estimate / 0.09) + hypot(log(row.upper / row.estimate), wider))
        assert (quotient.lower, quotient.upper) == pytest.approx((low, high))
        assert quotient.clear == (low > 1 or high < 1)


def test_intervals_of_location_quotients_cover_the_true_ones():
    covered, raw, shrunk = [], [], []
    for seed in range(200):
        truth, events, base = towns(seed)
        sample = np.random.default_rng(10_000 + seed).binomial(20_000, 8 / 84)
        found = shrinkage.location_quotient(shrinkage.proportions(events, base), (sample, 20_000))
        known = truth / (8 / 84)
        covered.append(((found["lower"] <= known) & (known <= found["upper"])).mean())
        raw.append(rmse(found["raw_quotient"], known))
        shrunk.append(rmse(found["quotient"], known))
    assert np.mean(covered) == pytest.approx(0.95, abs=0.012) and (np.array(shrunk) < np.array(raw)).all()


def test_a_quotient_that_cannot_be_is_refused_and_a_missing_place_keeps_its_note():
    local = shrinkage.proportions(EVENTS.where(EVENTS.index != "c"), BASE)
    found = shrinkage.location_quotient(local, (900, 10_000))
    assert found.loc["c", "note"] == "no number" and not found.loc["c", "clear"] and np.isnan(found.loc["c", "quotient"])
    for wider in ((0, 100), (101, 100)):
        with pytest.raises(DataJamError, match="wider place"):
            shrinkage.location_quotient(local, wider)
    with pytest.raises(DataJamError, match="proportions"):
        shrinkage.location_quotient(shrinkage.means(EVENTS, BASE), (1, 2))


def test_a_table_of_an_index_can_be_shrunk_as_it_comes():
    table = composite.wide(datajam.read(SAMPLE), ["satisfaction"])
    found = shrinkage.means(table["satisfaction"], pd.Series(0.18, table.index))
    assert len(found.table) == 153 and len(found.left_out) == int(table["satisfaction"].isna().sum())
