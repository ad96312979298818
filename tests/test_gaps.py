"""The gap is the published one, its interval covers the truth as often as it says, and what is missing is said."""

import csv

import numpy as np
import pandas as pd
import pytest

import datajam
from datajam.analyse import estimates, gaps
from datajam.analyse.estimates import Estimate
from datajam.analyse.gaps import Gap, Measure
from datajam.say import sentences
from datajam.vocabulary.places import everywhere

KS4 = "attainment/ees_ks4_2018_la_char_testdata.csv"
CLA = "attainment/ees_cla_ks4_la.csv"


def totals(path, **where) -> dict[str, tuple[float, float]]:
    """Total score and pupils by free-school-meal status, from the file with the csv module alone."""
    found: dict[str, list[float]] = {}
    with open(path, encoding="utf-8-sig", newline="") as file:
        for row in csv.DictReader(file):
            total = all(row[c] == "Total" for c in row if c.startswith("characteristic_") and "free_school" not in c)
            status = row["characteristic_free_school_meals"]
            if total and status != "Total" and all(row[column] == value for column, value in where.items()):
                held = found.setdefault(status, [0.0, 0.0])
                held[0] += float(row["t_att8"])
                held[1] += float(row["t_pupils"])
    return {status: (held[0], held[1]) for status, held in found.items()}


def by_hand(sums: dict[str, tuple[float, float]]) -> tuple[float, float]:
    """The gap and its standard error, from totals and numbers of pupils."""
    (low, low_n), (high, high_n) = sums["fsm"], sums["fsm all other"]
    return high / high_n - low / low_n, float(np.sqrt(18.0**2 / low_n + 18.0**2 / high_n))


@pytest.mark.parametrize(
    ("place", "where"),
    [
        ("Newcastle upon Tyne", {"new_la_code": "E08000021"}),
        ("County Durham", {"new_la_code": "E06000047"}),
        ("North East", {"geographic_level": "Regional", "region_code": "E12000001"}),
        ("England", {"geographic_level": "Local authority"}),
        ("London", {"geographic_level": "Local authority", "region_code": "E12000007"}),
    ],
)
def test_the_gap_in_a_file_of_totals_is_what_the_csv_module_gives(real, place, where):
    table = datajam.read(real(KS4))
    ours = gaps.gap(table, place, "fsm_eligible", "not_fsm", gaps.labels(table)[-1])
    value, error = by_hand(totals(real(KS4), **where))
    assert ours.value == pytest.approx(value, abs=1e-9)
    assert ours.error == pytest.approx(error, abs=1e-9)


def test_a_published_average_is_used_as_it_stands(real):
    table = datajam.read(real(CLA))
    with open(real(CLA), encoding="utf-8-sig", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["la_name"] == "Sheffield" and row["time_period"] == "202425"]
    published = {row["social_care_group"]: row["avg_att8"] for row in rows}
    for group in published:
        ours = gaps.score(table, "Sheffield", datajam.slug(group), "202425")
        assert ours.value == float(published[group]) and ours.how == "published average"


def test_a_suppressed_cell_is_said_to_be_suppressed_and_has_no_number(real):
    one = gaps.gap(datajam.read(real(CLA)), "Rutland", "cla_12_months_at_31_march", "cino_at_31_march", "202425")
    assert (one.value, one.interval, one.status) == (None, None, "suppressed")
    assert "suppressed by the publisher" in sentences.gap(one)


def test_a_place_the_file_lacks_is_said_to_be_lacking(real):
    table = datajam.read(real(KS4))
    compared = gaps.compared(table, "City of London", "fsm_eligible", "not_fsm", "201718")
    assert compared[0].value is None and "not in the file" in sentences.coverage(compared)
    assert "England is not in the file: added up from the 151 authorities" in sentences.coverage(compared)


def test_a_region_is_not_added_up_from_authorities_of_which_one_is_suppressed(tmp_path):
    header = "time_period,time_identifier,geographic_level,country_code,country_name,region_code,region_name,new_la_code,la_name,g,"
    rows = [
        f"202425,Academic year,Local authority,E92000001,England,E12000001,North East,{code},X,{group},{cells}"
        for code, cells in (("E08000021", "100,4500"), ("E06000047", "c,c"))
        for group in ("fsm", "not fsm")
    ]
    (tmp_path / "made.csv").write_text("\n".join([header + "t_pupils,t_att8", *rows]) + "\n", encoding="utf-8")
    one = gaps.gap(datajam.read(tmp_path / "made.csv"), "North East", "fsm_eligible", "not_fsm", "202425")
    assert one.value is None and "cannot be added up: 2 cells" in one.reason


def test_the_interval_covers_the_truth_95_times_in_100():
    rng = np.random.default_rng(1)
    pupils, truth, spread = (120, 480), (35.0, 50.0), 18.0
    low, high = (rng.normal(mean, spread, (4000, n)).mean(axis=1) for mean, n in zip(truth, pupils, strict=True))
    covered = 0
    for a, b in zip(low, high, strict=True):
        parts = [
            Estimate("Leeds", "x", "2024/25", value, n, "ok", "made", error=spread / n**0.5)
            for value, n in zip((a, b), pupils, strict=True)
        ]
        ends = Gap(*parts).interval
        covered += ends[0] <= 15.0 <= ends[1]
    assert 0.94 < covered / 4000 < 0.96


def test_the_spread_of_pupils_is_recovered_from_means_of_groups():
    rng = np.random.default_rng(2)
    sizes = rng.integers(3, 400, 1500)
    area = rng.integers(0, 30, 1500)
    true = 40 + rng.normal(0, 4, 30)[area] + rng.normal(0, 2, 1500)
    table = pd.DataFrame({"mean": true + rng.normal(size=1500) * 18 / np.sqrt(sizes), "pupils": sizes, "area": area})
    spread, error = gaps.estimate_spread(table, "C(area)")
    assert abs(spread - 18) < 3 * error < 3


def test_the_spread_stated_for_real_pupils_is_what_the_real_file_gives(real):
    with open(real(KS4), encoding="utf-8-sig", newline="") as file:
        rows = [
            {"mean": float(r["t_att8"]) / float(r["t_pupils"]), "pupils": float(r["t_pupils"]), "la": r["la_name"],
             "sex": r["characteristic_gender"], "group": r["characteristic_ethnic_major"]}
            for r in csv.DictReader(file)
            if r["breakdown"] == "Ethnic_major" and r["la_name"] and r["characteristic_gender"] != "Total" and float(r["t_pupils"])
        ]  # fmt: skip
    spread, error = gaps.estimate_spread(pd.DataFrame(rows), "C(la) + C(sex) * C(group)")
    assert spread == pytest.approx(17.9, abs=0.05) and error == pytest.approx(0.7, abs=0.05)
    assert abs(spread - gaps.PUPIL_SPREAD) < error


def made(value: float | None, n: int = 500, place: str = "Leeds", period: str = "2024/25") -> Gap:
    error = None if value is None else 18 / n**0.5
    status = "ok" if value is not None else "suppressed"
    low = Estimate(place, "fsm_eligible", period, None if value is None else 40 - value, n, status, "", error=error)
    return Gap(low, Estimate(place, "not_fsm", period, 40.0, n, "ok", "", error=18 / n**0.5))


@pytest.mark.parametrize("value", [None, -12.0, -0.2, 0.0, 0.3, 15.0])
def test_every_title_is_ten_words_or_fewer_and_every_sentence_has_its_interval(value):
    for place in everywhere():
        one, earlier = made(value, place=place.name), made(4.0, place=place.name, period="2023/24")
        for title in (
            sentences.gap_title(one),
            sentences.change_title([earlier, one]),
            sentences.rank_title([one, made(3.0)], one),
        ):
            assert len(title.split()) <= 10, title
    text = sentences.gap(made(value))
    assert ("95% interval" in text) == (value is not None)


def test_a_difference_that_may_be_chance_is_said_to_be():
    assert "may be chance" in sentences.comparison(made(15.0, 50), made(14.0, 50, "York"))
    assert "may be chance" not in sentences.comparison(made(25.0, 5000), made(14.0, 5000, "York"))


def test_a_gap_the_other_way_round_is_said_the_other_way_round():
    assert "12.0 points higher than other pupils (95% interval 9.8 to 14.2)" in sentences.gap(made(-12.0))


def test_groups_and_periods_are_named_as_published_or_the_nearest_are_offered(real):
    table = datajam.read(real(CLA))
    assert estimates.choose(table, "breakdown", "CINO at 31 March", "group") == "cino_at_31_march"
    with pytest.raises(datajam.DataJamError, match="Did you mean cino_at_31_march"):
        estimates.choose(table, "breakdown", "cino at 31 marc", "group")
    assert estimates.period(table, "2019/20") == estimates.period(table, "201920") == "201920"
    with pytest.raises(datajam.DataJamError, match="2017/18.*Did you mean 2018/19"):
        estimates.period(table, "2017/18")


def test_a_measure_the_file_lacks_names_what_it_has(real):
    with pytest.raises(datajam.DataJamError, match="It has: .*gld_percent"):
        gaps.measure(datajam.read(real("attainment/ees_eyfsp_2013_2018.csv")), Measure())
