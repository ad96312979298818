"""Adding up districts: what adds up, what is refused, and what hides a total."""

import csv
from collections import defaultdict

import pandas as pd
import pytest

import datajam
from datajam.analyse.aggregate import CannotAggregate, aggregate_report, to_upper_tier
from datajam.errors import DataJamError
from datajam.observe.observations import check
from datajam.vocabulary import districts

DESTINATIONS = "attainment/ees_tabletool_ks4_destinations_lad.csv"
ACHIEVEMENTS = "skills/ees_permalink_fe_achievements_lad_202122.csv"
EAST_SUSSEX = ["E07000061", "E07000062", "E07000063", "E07000064", "E07000065"]
SUFFOLK_NOW = ["E07000200", "E07000202", "E07000203", "E07000244", "E07000245"]
SUFFOLK_2018 = ["E07000200", "E07000202", "E07000203", "E07000201", "E07000204", "E07000205", "E07000206"]
CUMBERLAND = ["E07000026", "E07000028", "E07000029"]
NAMES = ("t_pupils", "avg_att8", "pt_basics")


@pytest.fixture
def table(tmp_path):
    """Read a made-up DfE file of districts: a list of (district code, year, sex, *values) and the values' names."""

    def read(rows, names=NAMES):
        head = ["time_period", "time_identifier", "geographic_level", "country_code", "country_name"]
        head += ["new_la_code", "la_name", "lad_code", "lad_name", "sex"]
        lines = []
        for code, year, sex, *values in rows:
            district = code.startswith("E07")
            area = [*(["", ""] * district), code, f"Place {code[-3:]}", *(["", ""] * (not district))]
            level = "Local authority district" if district else "Local authority"
            lines.append([year, "Academic year", level, "E92000001", "England", *area, sex, *values])
        with open(tmp_path / "made_up.csv", "w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([[*head, *names], *lines])
        return datajam.read(tmp_path / "made_up.csv")

    return read


def total(totals, indicator, **where):
    rows = totals[totals["indicator"] == indicator]
    for column, value in where.items():
        rows = rows[rows[column] == value]
    assert len(rows) == 1, where
    return rows.iloc[0]


def east_sussex(change=None, year="201819", sex="Total"):
    """Five districts with 100 to 500 pupils, scores 40 to 44, percentages 50 to 54; `change` replaces one's values."""
    rows = {code: [100 * n, 39 + n, 49 + n] for n, code in enumerate(EAST_SUSSEX, 1)} | (change or {})
    return [(code, year, sex, *values) for code, values in rows.items()]


def test_counts_add_up_and_averages_are_weighted_by_base(table):
    totals = to_upper_tier(table(east_sussex()))
    check(totals)
    pupils, score, percent = (total(totals, name) for name in NAMES)
    assert pupils["value"] == 1500
    weighted = sum(n * 100 * (39 + n) for n in range(1, 6)) / 1500
    assert score["value"] == pytest.approx(weighted) and weighted != 42
    assert percent["value"] == pytest.approx(weighted + 10) and percent["unit"] == "percent"
    assert score["base"] == 1500 and pd.isna(pupils["base"])
    assert (score["area_code"], score["area_name"], score["area_level"]) == ("E10000011", "East Sussex", "la")
    assert score["region_name"] == "South East" and score["source_area_name"] == "East Sussex (5 districts)"
    assert score["status"] == "ok" and pd.isna(score["status_raw"]) and pd.isna(score["lower_ci"])


def test_breakdowns_and_periods_are_added_up_apart(table):
    rows = east_sussex() + east_sussex(sex="Boys") + east_sussex({"E07000061": [1, 1, 1]}, year="201920")
    totals = to_upper_tier(table(rows + east_sussex(year="201920", sex="Boys")), ["t_pupils"])
    found = {(row["period_label"], row["breakdown"]): row["value"] for _, row in totals.iterrows()}
    assert found == {("201819", "all"): 1500, ("201819", "boys"): 1500, ("201920", "all"): 1401, ("201920", "boys"): 1500}


def test_one_suppressed_district_hides_the_total(table):
    totals = to_upper_tier(table(east_sussex({"E07000063": ["c", "c", "c"]})))
    for name in NAMES:
        row = total(totals, name)
        assert pd.isna(row["value"]) and pd.isna(row["base"]) and row["status"] == "suppressed" and row["status_raw"] == "c"


@pytest.mark.parametrize(
    ("markers", "status", "raw"),
    [
        (["x"], "not_available", "x"),
        (["low"], "not_available", "low"),
        (["z"], "not_available", "z"),
        (["z"] * 5, "not_applicable", "z"),
        (["x", "c", "low"], "suppressed", "c low x"),
    ],
)
def test_any_hidden_district_hides_the_total_for_its_reason(table, markers, status, raw):
    change = {code: [marker] * 3 for code, marker in zip(EAST_SUSSEX, markers, strict=False)}
    rows = east_sussex(change) + east_sussex(year="201718")
    row = total(to_upper_tier(table(rows), ["t_pupils"]), "t_pupils", period_label="201819")
    assert pd.isna(row["value"]) and (row["status"], row["status_raw"]) == (status, raw)


def test_an_unreliable_district_makes_the_total_unreliable(table):
    observations = table(east_sussex())
    first = observations.index[(observations["source_area_code"] == "E07000061") & (observations["indicator"] == "t_pupils")]
    observations.loc[first, "status"] = "unreliable"
    row = total(to_upper_tier(observations), "t_pupils")
    assert row["value"] == 1500 and row["status"] == "unreliable"


def test_an_absent_district_leaves_no_partial_sum_and_is_named(table):
    totals = to_upper_tier(table(east_sussex()[:4] + east_sussex(year="201920")))
    row = total(totals, "t_pupils", period_label="201819")
    assert pd.isna(row["value"]) and row["status"] == "not_available"
    assert row["source_area_name"] == "East Sussex (4 of 5 districts)"
    assert total(totals, "t_pupils", period_label="201920")["value"] == 1500
    report = aggregate_report(totals)
    assert report.incomplete == {"East Sussex": ["Wealden"]} and "no row for Wealden" in str(report)


def test_districts_that_ended_add_up_to_the_authority_of_today(table):
    rows = [(code, "202122", "Total", 100, 40, 50) for code in CUMBERLAND]
    row = total(to_upper_tier(table(rows)), "t_pupils")
    assert (row["area_name"], row["value"]) == ("Cumberland", 300)


def test_a_place_given_on_old_and_new_boundaries_is_counted_once(table):
    codes = list(dict.fromkeys(SUFFOLK_2018 + SUFFOLK_NOW))
    rows = [(code, year, "Total", 10 if code in SUFFOLK_2018 else 20, 40, 50) for code in codes for year in ("201718", "202021")]
    totals = to_upper_tier(table(rows), ["t_pupils"])
    assert total(totals, "t_pupils", period_label="201718")["value"] == 70
    assert total(totals, "t_pupils", period_label="202021")["value"] == 30 + 40
    report = aggregate_report(totals)
    assert report.rows_of_other_boundaries == 2 + 4 and report.balanced() and report.rows_in == 18
    assert "6 rows of districts with older or newer boundaries" in str(report)


def test_a_period_given_on_other_boundaries_alone_is_added_up_on_those(table):
    rows = [(code, "201718", "Total", 10, 40, 50) for code in SUFFOLK_NOW]
    rows += [(code, "202021", "Total", 10, 40, 50) for code in SUFFOLK_2018]
    totals = to_upper_tier(table(rows), ["t_pupils"])
    assert [total(totals, "t_pupils", period_label=year)["value"] for year in ("201718", "202021")] == [50, 70]


def test_a_part_alone_is_never_the_whole_of_a_merged_unitary(table):
    christchurch = to_upper_tier(table([("E07000048", "201718", "Total", 583, 40, 50)]), ["t_pupils"])
    row = total(christchurch, "t_pupils")
    assert pd.isna(row["value"]) and row["area_code"] == "E06000058" and row["status"] == "not_available"
    assert aggregate_report(christchurch).incomplete == {"Bournemouth, Christchurch and Poole": ["Bournemouth", "Poole"]}


def test_a_merged_unitary_is_its_district_and_the_unitaries_that_ended_with_it(table):
    rows = [(code, "201718", "Total", n, 40, 50) for code, n in [("E07000048", 583), ("E06000028", 1554), ("E06000029", 1318)]]
    totals = to_upper_tier(table([*rows, ("E08000021", "201718", "Total", 2500, 40, 50)]))
    row = total(totals, "t_pupils")
    assert (row["value"], row["source_area_name"]) == (3455, "Bournemouth, Christchurch and Poole (3 districts)")
    assert set(totals["area_code"]) == {"E06000058"}
    with pytest.raises(CannotAggregate, match="no lower-tier rows"):
        to_upper_tier(table(rows[1:]))


def test_an_unknown_district_is_counted_and_named(table):
    rows = east_sussex() + [("E07000054", "201819", "Total", 1, 2, 3)]
    report = aggregate_report(to_upper_tier(table(rows)))
    assert report.rows_unplaced == {"Place 054 E07000054": 3} and report.balanced()


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["median_pay"], "median_pay: a median of an authority cannot be had"),
        (["rank_of_score"], "rank_of_score: a rank of an authority"),
        (["imd_decile"], "imd_decile: a quantile"),
        (["attainment_gap"], "attainment_gap: a ratio or gap"),
        (["avg_att8"], "avg_att8: score without a base (Place 061, 201819, all)"),
        (["percent_neet"], "percent_neet: percent without a base"),
        (["mean_age"], "mean_age: score without a base"),
        (["typical_wait"], "typical_wait: an average without a base"),
    ],
)
def test_what_has_no_total_is_refused_by_name_with_the_reason(table, names, message):
    observations = table([row[:4] for row in east_sussex()], names)
    with pytest.raises(CannotAggregate) as refused:
        to_upper_tier(observations)
    assert message in str(refused.value) and "\n" not in str(refused.value)


def test_an_indicator_is_judged_by_its_published_label_too(table):
    observations = table([row[:4] for row in east_sussex()], ["emp_x1"])
    observations.attrs["load_report"]["labels"] = {"emp_x1": "Gross median weekly pay (£)"}
    with pytest.raises(CannotAggregate, match="emp_x1: a median"):
        to_upper_tier(observations)


def test_money_and_indices_are_refused(table):
    observations = table(east_sussex())
    for unit in ("gbp_week", "gbp_year", "index"):
        changed = observations.copy()
        changed["unit"] = pd.Categorical([unit] * len(changed))
        with pytest.raises(CannotAggregate, match=f"{unit} is neither a count nor a share of a base"):
            to_upper_tier(changed)


def test_one_district_without_its_base_is_enough_to_refuse(table):
    observations = table(east_sussex())
    observations.loc[observations.index[observations["indicator"] == "avg_att8"][2], "base"] = pd.NA
    with pytest.raises(CannotAggregate, match="avg_att8: score without a base .Place 063"):
        to_upper_tier(observations)
    assert total(to_upper_tier(observations, ["t_pupils"]), "t_pupils")["value"] == 1500


def test_bases_of_nought_give_no_average(table):
    row = total(to_upper_tier(table(east_sussex({code: [0, 0, 0] for code in EAST_SUSSEX}))), "avg_att8")
    assert pd.isna(row["value"]) and row["status"] == "not_applicable"


def test_a_district_given_twice_is_refused(table):
    observations = table(east_sussex())
    twice = pd.concat([observations, observations.iloc[:1]], ignore_index=True)
    twice.attrs = observations.attrs
    with pytest.raises(CannotAggregate, match=r"Place 061 \(E07000061\), 201819, all is there twice"):
        to_upper_tier(twice)


def test_wrong_arguments_and_tables_without_districts_are_refused(table):
    observations = table(east_sussex())
    with pytest.raises(CannotAggregate, match="no indicator is called 't_pupil'. Did you mean t_pupils"):
        to_upper_tier(observations, ["t_pupil"])
    with pytest.raises(CannotAggregate, match="no lower-tier rows"):
        to_upper_tier(observations[observations["area_level"] != "lad"])
    with pytest.raises(CannotAggregate, match="column area_level is missing"):
        to_upper_tier(observations.drop(columns="area_level"))
    with pytest.raises(DataJamError, match="no aggregate report"):
        aggregate_report(observations)


def test_the_table_given_is_left_alone_and_its_load_report_goes_along(table):
    observations = table(east_sussex())
    before = observations.copy()
    totals = to_upper_tier(observations)
    pd.testing.assert_frame_equal(observations, before)
    assert "aggregate_report" not in observations.attrs
    assert totals.attrs["load_report"] == observations.attrs["load_report"]


def raw(path):
    with open(path, encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def test_real_counts_add_up_as_in_the_file(real):
    totals = to_upper_tier(datajam.read(real(DESTINATIONS)), ["cohort", "education"])
    cohorts = {
        (row["area_name"], row["period_label"]): row["value"] for _, row in totals[totals["indicator"] == "cohort"].iterrows()
    }
    for place, year, expected in [
        ("Essex", "201516", 15014),
        ("Essex", "202021", 14945),
        ("Suffolk", "201516", 7299),
        ("Suffolk", "202021", 7296),
        ("Cumberland", "201819", 2460),
        ("Westmorland and Furness", "201819", 2201),
        ("Somerset", "201516", 5200),
        ("Somerset", "202021", 4862),
        ("Buckinghamshire", "201819", 5552),
        ("North Yorkshire", "202021", 6080),
        ("Dorset", "201516", 3531),
        ("Bournemouth, Christchurch and Poole", "201516", 587 + 1520 + 1598),
        ("Bournemouth, Christchurch and Poole", "201819", 566 + 1291 + 1460),
    ]:
        assert cohorts[place, year] == expected, (place, year)
    report = aggregate_report(totals)
    assert report.balanced() and report.statuses == {"ok": len(totals)} and not report.incomplete
    rows = raw(real(DESTINATIONS))
    parts = [row for row in rows if row["location_code"].startswith("E07") or row["location_code"] in ("E06000028", "E06000029")]
    assert report.rows_in == 2 * len(parts)
    published = sum(int(row["education"]) for row in parts)
    assert totals.loc[totals["indicator"] == "education", "value"].sum() == published


def test_real_suppressed_districts_hide_exactly_the_totals_they_are_part_of(real):
    rows = raw(real(ACHIEVEMENTS))
    observations = datajam.read(real(ACHIEVEMENTS))
    totals = to_upper_tier(observations)
    cells = defaultdict(list)
    for row in rows:
        if row["location_code"].startswith("E07"):
            area = districts.authority_of(row["location_code"]).code
            cells[area, datajam.slug(row["ssa_t1_desc"])].append(row["e_and_t_aims_ach"])
    assert len(totals) == len(cells) == 425
    for _, row in totals.iterrows():
        published = cells[row["area_code"], "total" if row["breakdown"] == "all" else row["breakdown"]]
        hidden = "~" in published
        assert (row["status"], pd.isna(row["value"])) == (("suppressed", True) if hidden else ("ok", False))
        assert hidden or row["value"] == sum(map(int, published))
    assert total(totals, "e_and_t_aims_ach", area_name="Essex", breakdown="all")["value"] == 3590


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("skills/els_gross-median-weekly-pay.csv", "gross_median_weekly_pay: a median"),
        ("cohesion/els_claimant-count.csv", "claimant_count: percent without a base"),
        ("cohesion/els_personal-wellbeing-estimates.csv", "mean_0_10 without a base"),
        ("skills/els_apprenticeships.csv", "rate_per_100k without a base"),
    ],
)
def test_real_medians_rates_and_means_without_a_base_are_refused(real, name, message):
    with pytest.raises(CannotAggregate, match=message):
        to_upper_tier(datajam.read(real(name)))
