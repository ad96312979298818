"""The participation and Community Life Survey samples come from their seeds byte for byte, and hold the truth they state."""

import csv
import io
from pathlib import Path

import numpy as np
import pytest

import datajam
from datajam.vocabulary import places
from datajam_teach.samples import attainment, community_life, participation, published

ROOT = Path(__file__).resolve().parents[1]
SCORECARD = ROOT / "starters/attainment/data/sample/neet_scorecard_synthetic.csv"
SURVEY = ROOT / "starters/social_cohesion/data/sample/community_life_synthetic.csv"
MAKERS = {SCORECARD: participation.make, SURVEY: community_life.make}
TINY = ["E09000001", "E06000053"]
EACH_SAMPLE = pytest.mark.parametrize("path", MAKERS, ids=lambda path: path.stem)


def raw(path):
    """Every row of a sample, as the csv module reads it."""
    return list(csv.reader(io.StringIO(path.read_text("utf-8-sig"), newline="")))


def scorecard(name):
    """The published numbers of one measure, by authority code, the two smallest left out."""
    table = datajam.read(SCORECARD)
    shown = table[(table["area_level"] == "la") & (table["indicator"] == name) & ~table["area_code"].isin(TINY)]
    return shown.set_index("area_code")["value"].astype("float64")


def survey(question):
    """The published rows of one question, areas in the order of the truth, England left out."""
    text = next(each.text for each in community_life.TRUTH.questions if each.name == question)
    table = datajam.read(SURVEY)
    rows = table[table["indicator"] == datajam.slug(f"Synthetic: {text}")]
    return rows.set_index("source_area_code").reindex(list(community_life.areas()))


@EACH_SAMPLE
def test_the_generator_gives_the_committed_file_to_the_byte(path):
    assert MAKERS[path]() == path.read_bytes()


@EACH_SAMPLE
def test_the_file_begins_with_a_byte_order_mark_has_crlf_line_ends_and_a_name_with_a_trailing_space(path):
    data = path.read_bytes()
    assert data.startswith(b"\xef\xbb\xbf") and data.count(b"\r\n") == data.count(b"\n") == data.count(b"\r")
    assert b"version \r\n" in data or b",Response Breakdown ," in data
    assert len(data) < 300_000


@EACH_SAMPLE
def test_a_sample_is_a_valid_table_that_says_it_is_synthetic_and_loses_nothing(path):
    table = datajam.check(datajam.read(path))
    report = datajam.load_report(table)
    assert report.synthetic and report.balanced() and not report.areas_unplaced and not report.left_out
    assert report.source == ("dfe_neet" if path == SCORECARD else "dcms_cls")
    assert set(report.areas_mapped.values()) == {"E08000038", "E08000039"}


@EACH_SAMPLE
def test_the_two_smallest_authorities_are_suppressed_throughout(path):
    table = datajam.read(path)
    tiny = table[table["area_code"].isin(TINY)]
    assert set(tiny["area_code"]) == set(TINY) and set(tiny["status"]) == {"suppressed"} and tiny["value"].isna().all()


def test_the_scorecard_has_england_the_regions_and_every_authority_once():
    table = datajam.read(SCORECARD)
    assert set(table["area_code"]) == {place.code for place in places.everywhere()}
    assert len(raw(SCORECARD)) == 1 + 163


def test_the_scorecard_has_columns_of_the_published_one_in_its_order(real):
    with open(real("attainment/dfe_neet_la_scorecard_2025.csv"), encoding="utf-8-sig", newline="") as file:
        names = next(csv.reader(file))
    ours = raw(SCORECARD)[0]
    assert ours[-1] == "version " and [name for name in names if name in ours] == ours[:-1]


def test_the_scorecard_holds_the_markers_and_spellings_of_published_ones():
    rows = [dict(zip(raw(SCORECARD)[0], row, strict=True)) for row in raw(SCORECARD)[1:]]
    assert {row["version "] for row in rows} == {"Synthetic"}
    regions = {row["region_name"] for row in rows if row["region_code"] == "E12000003"}
    assert regions == set(published.REGION_SPELLINGS)
    wider = [row for row in rows if row["geographic_level"] != "Local authority"]
    assert {row["NEET_NK_quintile"] for row in wider} == {"z"} and len(wider) == 10
    taking_part = [row["TOTAL_participating_in_education_and_training_percent"] for row in rows]
    assert 2 < taking_part.count("c") < 12


def test_neet_or_not_known_has_the_published_distribution():
    values = scorecard("neet_not_known_percent")
    assert len(values) == 151
    assert (values.mean(), values.std(), values.median()) == pytest.approx((5.3, 2.6, 4.8), abs=0.1)
    assert (values.min(), values.max()) == pytest.approx((1.0, 21.5), abs=0.15)
    assert values.skew() > 1.5


def test_neet_goes_with_attainment_and_not_known_does_not():
    known, truth = participation.authority_truth(), participation.TRUTH
    score = attainment.authority_truth()
    everyone = score["share"] * score["fsm"] + (1 - score["share"]) * score["other"]
    assert known["attainment"] == pytest.approx(everyone)
    assert np.corrcoef(known["neet"], everyone)[0, 1] == pytest.approx(truth.neet_with_attainment, abs=0.02)
    assert np.corrcoef(known["not_known"], everyone)[0, 1] == pytest.approx(0, abs=0.03)
    assert (known["neet"].mean(), known["neet"].std()) == pytest.approx((truth.neet_mean, truth.neet_deviation), abs=0.03)
    assert known["neet"] + known["not_known"] == pytest.approx(known["total"])
    published_scores = scorecard("avg_att8")
    assert published_scores.corr(scorecard("neet_percent")) == pytest.approx(-0.57, abs=0.05)
    assert published_scores.corr(scorecard("notknown_percent")) == pytest.approx(0, abs=0.05)


def test_the_published_rates_scatter_around_the_truth_by_chance_only():
    codes = [place.code for place in places.authorities() if place.code not in TINY]
    true = dict(zip([place.code for place in places.authorities()], participation.authority_truth()["total"], strict=True))
    true = np.array([true[code] for code in codes])
    cohort = scorecard("cohort_djfavg").reindex(codes).to_numpy()
    seen = scorecard("neet_not_known_percent").reindex(codes).to_numpy()
    standard = (seen - true) / np.sqrt(true * (100 - true) / cohort)
    assert standard.std() == pytest.approx(1, abs=0.15) and abs(standard.mean()) < 0.3


def test_the_parts_add_up_and_the_yearly_change_is_the_planted_one():
    truth = participation.TRUTH
    parts = scorecard("neet_percent") + scorecard("notknown_percent") - scorecard("neet_not_known_percent")
    assert parts.abs().max() < 0.11
    assert scorecard("annual_change_ppts_neet_not_known").mean() == pytest.approx(truth.yearly_change, abs=0.15)


def test_quintiles_are_fifths_of_the_authorities_from_the_lowest_rate_up():
    quintile, rate = scorecard("neet_nk_quintile"), scorecard("neet_not_known_percent")
    assert quintile.value_counts().sort_index().tolist() == [31, 30, 30, 30, 30]
    assert (rate.groupby(quintile).max().to_numpy()[:-1] <= rate.groupby(quintile).min().to_numpy()[1:]).all()


def test_englands_rate_is_that_of_its_authorities_together():
    table = datajam.read(SCORECARD)
    england = table[(table["area_level"] == "country") & (table["indicator"] == "neet_not_known_percent")]["value"].item()
    assert england == pytest.approx(np.average(scorecard("neet_not_known_percent"), weights=scorecard("cohort_djfavg")), abs=0.06)


def test_the_survey_has_every_lower_tier_area_of_april_2023(real):
    with open(real("geography/LTLA23_UTLA23_lookup_EW.csv"), encoding="utf-8-sig", newline="") as file:
        codes = {row["LTLA23CD"] for row in csv.DictReader(file) if row["LTLA23CD"].startswith("E")}
    assert set(community_life.areas()) == codes


def test_the_survey_puts_its_header_below_a_title_and_england_first_in_each_question():
    rows = raw(SURVEY)
    assert rows[7][0] == "Question" and rows[1][0] == "Synthetic: not these places' results"
    questions = [f"Synthetic: {each.text}" for each in community_life.TRUTH.questions]
    assert [row[0] for row in rows[8::297]] == questions and [row[1] for row in rows[8::297]] == ["England"] * 4
    assert len(rows) == 8 + 4 * 297 and all(row[0] in questions for row in rows[8:])


def test_interviews_and_half_intervals_are_of_the_published_size():
    for question in ("belonging", "pull_together", "trust"):
        rows = survey(question)
        half = (rows["upper_ci"] - rows["lower_ci"]).dropna() / 2
        assert half.quantile(0.02) > 3.9 and half.quantile(0.98) < 6
        assert rows["base"].dropna().median() == pytest.approx(590, abs=15)


@pytest.mark.parametrize("each", community_life.TRUTH.questions, ids=lambda each: each.name)
def test_the_published_percentages_are_the_truth_and_a_chance_their_intervals_hold(each):
    rows, true = survey(each.name), community_life.area_truth()[each.name]
    shown = rows["value"].notna().to_numpy()
    rows, true = rows[shown], true[shown]
    assert len(rows) == 294
    standard = (rows["value"] - true) / community_life.chance(true, rows["base"].to_numpy("float64"))
    assert standard.std() == pytest.approx(1, abs=0.12) and abs(standard.mean()) < 0.2
    inside = (rows["lower_ci"] <= true) & (true <= rows["upper_ci"])
    assert inside.mean() == pytest.approx(0.95, abs=0.035)
    assert rows["value"].mean() == pytest.approx(each.mean, abs=0.5)


@pytest.mark.parametrize("each", community_life.TRUTH.questions, ids=lambda each: each.name)
def test_the_deviation_between_areas_can_be_recovered_by_taking_the_chance_out(each):
    known = community_life.area_truth()[each.name]
    assert (known.mean(), known.std()) == pytest.approx((each.mean, each.deviation))
    rows = survey(each.name).dropna(subset="value")
    around = ((rows["upper_ci"] - rows["lower_ci"]) / 3.92) ** 2
    recovered = np.sqrt(max(rows["value"].var() - around.mean(), 0))
    assert recovered == pytest.approx(each.deviation, abs=0.5)


def test_differences_in_loneliness_are_mostly_chance():
    rows = survey("loneliness").dropna(subset="value")
    chance = ((rows["upper_ci"] - rows["lower_ci"]) / 3.92).mean()
    assert rows["value"].mean() == pytest.approx(7.1, abs=0.2)
    assert community_life.area_truth()["loneliness"].std() < chance / 4


def test_englands_interval_holds_the_planted_mean():
    table = datajam.read(SURVEY)
    england = table[(table["area_level"] == "country") & (table["unit"] == "percent")]
    means = {datajam.slug(f"Synthetic: {each.text}"): each.mean for each in community_life.TRUTH.questions}
    planted = england["indicator"].astype(str).map(means)
    assert len(england) == 4 and ((england["lower_ci"] <= planted) & (planted <= england["upper_ci"])).all()
