"""The progress sample agrees with the attainment sample to the cell, and gives back the truth planted in it."""

import csv
import io
from pathlib import Path

import numpy as np
import pytest

import datajam
from datajam.vocabulary import places
from datajam_teach.samples import attainment, progress, published

ROOT = Path(__file__).resolve().parents[1]
SAMPLE = ROOT / "starters/attainment/data/sample/progress_by_fsm_synthetic.csv"
CODES = [place.code for place in places.authorities()]
PERIODS = progress.TRUTH.periods


def raw(data):
    """Every row of a file, by column name, as the csv module reads it."""
    return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline="")))


@pytest.fixture(scope="module")
def table():
    return datajam.read(SAMPLE)


@pytest.fixture(scope="module")
def known():
    return {period: progress.authority_truth(period) for period in PERIODS}


def column(table, period, indicator, breakdown, name="value"):
    """One column of the table for the authorities, in the order of the truth; missing where suppressed."""
    rows = table[(table["period_label"] == period) & (table["indicator"] == indicator) & (table["breakdown"] == breakdown)]
    return rows.set_index("area_code")[name].reindex(CODES).astype("float64").to_numpy()


def gap(table, period, indicator):
    return column(table, period, indicator, "not_fsm") - column(table, period, indicator, "fsm_eligible")


def true_progress(table, known, period, breakdown):
    """The planted Progress 8 of a group of pupils, given how many of each group are included."""
    included = {name: column(table, period, "avg_p8score", name, "base") for name in ("fsm_eligible", "not_fsm")}
    others = included["not_fsm"] / (included["fsm_eligible"] + included["not_fsm"])
    apart = {"all": 0, "fsm_eligible": -others, "not_fsm": 1 - others}[breakdown]
    return known[period]["progress"] + apart * known[period]["progress_gap"]


def shown(values):
    return values[~np.isnan(values)]


def test_the_generator_gives_the_committed_file_to_the_byte():
    assert progress.make() == SAMPLE.read_bytes()


def test_every_cell_of_attainment_is_that_of_the_attainment_sample():
    ours = raw(SAMPLE.read_bytes())
    theirs = [row for row in raw((SAMPLE.parent / "attainment_by_fsm_synthetic.csv").read_bytes()) if row["sex"] == "Total"]
    assert [{name: row[name] for name in attainment.HEADER} for row in ours] == theirs and len(ours) == 165 * 3 * 5


def test_the_sample_is_a_valid_table_of_every_place_that_says_it_is_synthetic(table):
    report = datajam.load_report(datajam.check(table))
    assert report.source == "dfe_ees" and report.synthetic and report.balanced()
    assert not (report.areas_unplaced or report.left_out or report.warnings)
    assert set(table["area_code"]) == set(places.by_code()) and len(report.periods) == 5
    assert set(table["breakdown"]) == {"fsm_eligible", "not_fsm", "all"}


def test_it_has_the_quirks_of_published_files(table):
    data = SAMPLE.read_bytes()
    assert data.startswith(b"\xef\xbb\xbf") and data.count(b"\r\n") == data.count(b"\n") and b",version ," in data
    spellings = {row["region_name"] for row in raw(data) if row["region_code"] == "E12000003"}
    assert spellings == set(published.REGION_SPELLINGS)
    assert set(datajam.load_report(table).areas_mapped.values()) == {"E08000038", "E08000039"}


def test_its_columns_of_progress_are_published_ones(real):
    with open(real("attainment/ees_cla_ks4_la.csv"), encoding="utf-8-sig", newline="") as file:
        assert set(progress.HEADER[-4:]) <= set(next(csv.reader(file)))


def test_progress_is_read_as_a_score_with_its_interval_and_its_own_base(table):
    row = next(row for row in raw(SAMPLE.read_bytes()) if row["la_name"] == "Leeds" and row["time_period"] == "202324")
    leeds = table[(table["area_name"] == "Leeds") & (table["period_label"] == "202324") & (table["breakdown"] == "fsm_eligible")]
    found = leeds[leeds["indicator"] == "avg_p8score"].iloc[0]
    assert row["free_school_meal_status"] == "FSM" and found["unit"] == "score"
    numbers = [float(row[name]) for name in progress.HEADER[-4:]]
    assert found[["base", "value", "lower_ci", "upper_ci"]].tolist() == numbers
    assert not table["indicator"].isin(["p8score_ci_low", "p8score_ci_upp"]).any()


def test_progress_stands_only_in_the_years_it_was_published_for(table):
    scores = table[table["indicator"] == "avg_p8score"]
    tiny = scores["area_code"].isin(published.TINY)
    for period, rows in scores.groupby("period_label", observed=True):
        hidden = "suppressed" if period in PERIODS else "not_applicable"
        assert set(rows["status"][~tiny]) == {"ok" if period in PERIODS else "not_applicable"}
        assert set(rows["status"][tiny]) == {hidden} and rows["value"][tiny].isna().all()


def test_the_truth_is_as_stated(known):
    truth = known["202324"]
    share, low_high = truth["share_prior"], progress.TRUTH.share_prior_ends
    assert low_high[0] <= share.min() < 0.45 and 0.95 < share.max() <= low_high[1]
    assert (share.mean(), share.std()) == pytest.approx((0.75, 0.13), abs=0.015)
    assert truth["progress"].std() == pytest.approx(0.15)
    assert np.average(truth["progress"], weights=attainment.authority_truth()["pupils"]) == pytest.approx(0, abs=1e-12)
    assert truth["gap"] == pytest.approx(share * truth["gap"] + 10 * truth["progress_gap"])
    last, planted = progress.authority_truth("202425"), attainment.authority_truth()
    assert last["gap"] == pytest.approx(planted["other"] - planted["fsm"])
    assert all(known[period]["share_prior"] == pytest.approx(share) for period in PERIODS)


@pytest.mark.parametrize("period", PERIODS)
def test_the_share_of_the_gap_that_was_there_at_11_is_recovered(table, known, period):
    whole = gap(table, period, "avg_att8")
    found = (whole - 10 * gap(table, period, "avg_p8score")) / whole
    share, seen = known[period]["share_prior"], ~np.isnan(found)
    assert seen.sum() == 151 and np.corrcoef(found[seen], share[seen])[0, 1] > 0.93
    slope, start = np.polyfit(share[seen], found[seen], 1)
    assert slope == pytest.approx(1, abs=0.09) and start == pytest.approx(0, abs=0.07)
    assert (found - share)[seen].mean() == pytest.approx(0, abs=0.012)


@pytest.mark.parametrize("breakdown", ["all", "fsm_eligible", "not_fsm"])
def test_the_published_intervals_hold_the_planted_progress_95_times_in_100(table, known, breakdown):
    inside = []
    for period in PERIODS:
        true = true_progress(table, known, period, breakdown)
        low, high = (column(table, period, "avg_p8score", breakdown, end) for end in ("lower_ci", "upper_ci"))
        inside += ((low <= true) & (true <= high))[~np.isnan(low)].tolist()
    assert len(inside) == 3 * 151 and abs(np.mean(inside) - 0.95) < 3 * np.sqrt(0.95 * 0.05 / len(inside))


def test_the_interval_of_the_gap_in_progress_holds_the_planted_gap(table, known):
    inside = []
    for period in PERIODS:
        ends = [column(table, period, "avg_p8score", group, "upper_ci") for group in ("fsm_eligible", "not_fsm")]
        middles = [column(table, period, "avg_p8score", group) for group in ("fsm_eligible", "not_fsm")]
        half = np.hypot(*(end - middle for end, middle in zip(ends, middles, strict=True)))
        inside += (np.abs(gap(table, period, "avg_p8score") - known[period]["progress_gap"]) <= half)[~np.isnan(half)].tolist()
    assert len(inside) == 3 * 151 and abs(np.mean(inside) - 0.95) < 3 * np.sqrt(0.95 * 0.05 / len(inside))


def test_an_interval_is_that_of_a_mean_of_the_pupils_included(table):
    rows = table[(table["indicator"] == "avg_p8score") & (table["status"] == "ok")]
    half = 1.96 * progress.TRUTH.pupil_deviation / np.sqrt(rows["base"].astype("float64"))
    assert ((rows["upper_ci"] - rows["value"] - half).abs() < 0.0101).all()
    assert ((rows["value"] - rows["lower_ci"] - half).abs() < 0.0101).all()


def test_chance_in_attainment_is_that_of_prior_attainment_and_ten_times_that_of_progress(table, known):
    """Standardised over 906 groups of pupils: a variance of 1 within 4 standard errors, and the correlation of part and whole."""
    whole, prior, ahead = [], [], []
    variance = 12.7**2
    for period in PERIODS:
        for group, name in (("fsm_eligible", "fsm"), ("not_fsm", "other")):
            pupils = column(table, period, "avg_att8", group, "base")
            included = column(table, period, "avg_p8score", group, "base")
            score = column(table, period, "t_att8", group) / pupils - known[period][name]
            since = 10 * (column(table, period, "avg_p8score", group) - true_progress(table, known, period, group))
            whole += shown(score / np.sqrt(18**2 / pupils)).tolist()
            ahead += shown(since / np.sqrt(variance / included)).tolist()
            expected = 18**2 / pupils + variance / included - 2 * variance / pupils
            prior += shown((score - since) / np.sqrt(expected)).tolist()
    tolerance = 4 * np.sqrt(2 / len(whole))
    assert len(whole) == 906
    assert np.var(prior) == pytest.approx(1, abs=tolerance) and np.var(ahead) == pytest.approx(1, abs=tolerance)
    assert np.corrcoef(whole, ahead)[0, 1] == pytest.approx(12.7 / 18 * np.sqrt(0.94), abs=0.07)
    assert np.corrcoef(prior, ahead)[0, 1] == pytest.approx(0, abs=0.13)


def test_about_94_in_100_pupils_are_included(table):
    for period in PERIODS:
        share = column(table, period, "t_inp8calc", "all") / column(table, period, "t_pupils", "all")
        assert np.nanmean(share) == pytest.approx(0.94, abs=0.004) and np.nanmin(share) > 0.87 and np.nanmax(share) < 0.995


@pytest.mark.parametrize("breakdown", ["all", "fsm_eligible", "not_fsm"])
def test_wider_areas_are_averages_of_their_authorities_weighted_by_pupils(table, breakdown):
    for period in PERIODS:
        rows = table[(table["period_label"] == period) & (table["breakdown"] == breakdown)]
        rows = rows[rows["indicator"] == "avg_p8score"].set_index("area_code")
        scores, weights = (np.nan_to_num(column(table, period, "avg_p8score", breakdown, name)) for name in ("value", "base"))
        for place in [*places.regions(), places.find("England")]:
            inside = np.array([published.within(authority, place) for authority in places.authorities()])
            assert rows.loc[place.code, "value"] == pytest.approx(np.average(scores[inside], weights=weights[inside]), abs=0.008)
            assert rows.loc[place.code, "base"] == pytest.approx(weights[inside].sum(), abs=5)


def test_over_england_progress_is_zero_and_that_of_pupils_with_free_meals_below(table):
    england = table[(table["area_level"] == "country") & (table["indicator"] == "avg_p8score")].dropna(subset="value")
    for breakdown, low, high in (("all", -0.011, 0.011), ("fsm_eligible", -0.5, -0.2), ("not_fsm", 0.05, 0.2)):
        assert england["value"][england["breakdown"] == breakdown].between(low, high).all()
