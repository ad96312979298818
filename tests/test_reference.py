"""Regional reference figures: the numbers of the published table, typed here by hand, and the larger table they come from."""

import csv
import importlib.resources

import pandas as pd
import pytest

from datajam.errors import DataJamError
from datajam.observe.observations import UNITS
from datajam.vocabulary import periods, places, reference

AREAS = [*(f"E1200000{number}" for number in range(1, 10)), "E92000001"]
# North East to South West, then England, as published; the day each period begins.
LATEST = {
    "attainment8_all": ("2024-09-01", "score", "44.1 44.6 44.4 45.1 44.6 46.3 50.5 47.1 46.2 46.0"),
    "attainment8_fsm_eligible": ("2024-09-01", "score", "33.8 34.2 33.4 33.8 35.7 33.1 42.0 32.2 32.8 35.0"),
    "attainment8_not_fsm": ("2024-09-01", "score", "49.0 48.9 48.7 48.8 48.6 49.8 54.4 50.9 49.7 50.0"),
    "neet_16_17": ("2025-01-01", "percent", "5.0 4.3 3.9 2.8 3.3 3.8 1.9 3.4 3.9 3.4"),
    "level3_by_19_all": ("2023-09-01", "percent", "51.2 55.1 51.7 54.5 55.0 58.2 68.9 58.7 55.9 57.6"),
    "level3plus_16_64_rqf": ("2023-01-01", "percent", "62.8 65.8 64.8 61.9 63.6 64.7 74.9 70.2 68.2 67.4"),
    "gross_median_weekly_pay": ("2025-04-30", "gbp_week", "577.9 615.9 600.0 605.9 619.7 670.8 767.4 678.0 613.6 648.4"),
    "wellbeing_mean_satisfaction": ("2022-04-01", "mean_0_10", "7.44 7.40 7.41 7.42 7.43 7.50 7.35 7.53 7.49 7.44"),
    "children_relative_poverty_ahc": ("2024-04-01", "percent", "28.9 29.1 30.8 26.5 32.2 23.4 30.7 20.8 23.1 –"),
}


def shipped():
    text = (importlib.resources.files("datajam") / "data" / "region_reference_figures.csv").read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))


@pytest.mark.parametrize("measure", LATEST)
def test_the_latest_figures_are_the_published_ones(measure):
    start, unit, typed = LATEST[measure]
    table = reference.figures(measure)
    latest = table[table["period_start"] == table["period_start"].max()]
    digits = len(typed.split()[0].split(".")[1])
    expected = {code: float(text) for code, text in zip(AREAS, typed.split(), strict=True) if text != "–"}
    assert latest["period_start"].unique() == pd.Timestamp(start)
    assert {code: round(value, digits) for code, value in zip(latest["area_code"], latest["value"], strict=True)} == expected
    assert set(table["unit"]) == {unit} <= set(UNITS)


def test_there_is_a_description_and_a_figure_for_every_measure_and_no_other():
    assert list(reference.measures()) == list(LATEST) == list(dict.fromkeys(row["measure"] for row in shipped()))


@pytest.mark.parametrize("measure", LATEST)
def test_every_year_has_every_area_once_under_its_official_name(measure):
    table = reference.figures(measure)
    wanted = [code for code in AREAS if (measure, code) != ("children_relative_poverty_ahc", "E92000001")]
    for _, year in table.groupby("period"):
        assert sorted(year["area_code"]) == sorted(wanted)
    assert [places.find(code).name for code in table["area_code"]] == table["area_name"].tolist()
    assert table["value"].notna().all() and table["source"].str.len().min() > 10


def test_periods_are_those_the_project_reads_elsewhere():
    years = reference.figures("attainment8_all")["period_label"].unique().tolist()
    assert years == ["2022/23", "2023/24", "2024/25"]
    assert all(label == periods.parse(label, "academic year").label for label in years)
    assert reference.figures("neet_16_17")["period_label"].unique().tolist() == ["2022", "2023", "2025"]


def test_a_mistyped_measure_is_told_the_nearest_in_one_line():
    with pytest.raises(DataJamError, match="Did you mean neet_16_17") as error:
        reference.figures("NEET 16-17")
    assert "\n" not in str(error.value)


def test_changing_the_figures_one_was_given_changes_nobody_elses():
    table = reference.figures("neet_16_17")
    table["value"] = 0.0
    assert reference.figures("neet_16_17")["value"].min() > 1


def test_the_table_is_small_plain_and_says_its_licence():
    assert len("".join(",".join(row.values()) for row in shipped())) < 40_000
    assert list(shipped()[0]) == "measure period area_code area_name value unit source".split()
    assert "Open Government Licence v3.0" in reference.LICENCE


def test_every_row_stands_so_in_the_larger_table_and_none_of_these_measures_is_left_out(real):
    with open(real("reference/region_reference_figures.csv"), encoding="utf-8", newline="") as file:
        larger = [row for row in csv.DictReader(file) if row["measure"] in LATEST]
    kept = {tuple(row.values()) for row in shipped()}
    assert kept == {tuple(row.values()) for row in larger} and len(kept) == len(shipped())


def test_the_figures_agree_with_the_published_files_they_cite(real):
    import datajam

    table = datajam.read(real("skills/els_gross-median-weekly-pay.csv"))
    table = table[table["area_level"].isin(["region", "country"]) & table["area_code"].notna()]
    pay = reference.figures("gross_median_weekly_pay")
    merged = pay.merge(table, on=["area_code", "period_start"], validate="one_to_one")
    assert len(merged) == len(pay) and (merged["value_x"] == merged["value_y"]).all()
