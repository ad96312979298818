"""The NEET scorecard reader: real files against the csv module alone, made-up files for each quirk and each kind of damage."""

import csv
import re
from collections import Counter

import pytest

from datajam.observe import observations
from datajam.observe.cells import tidy
from datajam.observe.observations import BadSource, LoadReport, slug
from datajam.sources.dfe_neet import LAYOUT
from datajam.sources.files import preview


def cells(line):
    return line.split(",")


GEOGRAPHY = cells(
    "time_period,time_identifier,geographic_level,country_code,country_name,region_code,region_name,"
    "old_la_code,new_la_code,la_name,Age"
)
MEASURES = cells("Cohort_DJFavg,NEET_percent,annualchange_NEET,VG_cohort_DJF_avg,VG_NEET_NK_percentage,avg_att8,NEET_quintile")
HEADER = ",".join([*GEOGRAPHY, *MEASURES])
ENGLAND = "2024,Calendar year,National,E92000001,England,,,,,,16-17"
NORTH_EAST = "2024,Calendar year,Regional,E92000001,England,E12000001,North East,,,,16-17"
DURHAM = "2024,Calendar year,Local authority,E92000001,England,E12000001,North East,840,E06000047,County Durham,16-17"
BARNSLEY = "2024,Calendar year,Local authority,E92000001,England,E12000003,Yorkshire and The Humber,370,E08000016,Barnsley,16-17"
FIRST = f"{ENGLAND},1000.7,3.4,0.3,36820,28.2,46.1,z"
ROWS = [
    cells(FIRST),
    cells(f"{NORTH_EAST},500,5.0,-0.1,c,c,44.1,z"),
    cells(f"{DURHAM},200,6.2,z,12.5,31.3,44.2,5"),
    cells(f"{BARNSLEY},190,,0,c,c,43,3"),
]


def load(path):
    look = preview(path)
    assert LAYOUT.differences(look) == []
    report = LoadReport(LAYOUT.name, path.name)
    table = tidy(LAYOUT.parse(look, report), profile=LAYOUT.profile, report=report)
    assert report.balanced()
    return observations.check(table), report


def write(folder, rows=ROWS, header=None, ending="\r\n"):
    path = folder / "scorecard.csv"
    lines = [header or [*GEOGRAPHY, *MEASURES], *rows]
    path.write_text(ending.join(",".join(line) for line in lines) + ending, encoding="utf-8", newline="")
    return path


def cell(table, code, indicator):
    found = table[(table["source_area_code"] == code) & (table["indicator"] == indicator)]
    assert len(found) == 1
    return found.iloc[0]


def published(path):
    """Every value cell of a real file, by the csv module: {(area code, indicator): text}."""
    with open(path, encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return rows, {
        (row["new_la_code"] or row["region_code"] or row["country_code"], slug(name)): text
        for row in rows
        for name, text in row.items()
        if name not in GEOGRAPHY
    }


YEARS = [2022, 2025]
PICKED = {
    2022: [
        ("E92000001", "E92000001", "England", "neet_percent", 2.6, "ok"),
        ("E12000001", "E12000001", "North East", "neet_not_known_percent", 5.4, "ok"),
        ("E12000007", "E12000007", "London", "total_participating_in_education_and_training_percent", 96.2, "ok"),
        ("E06000047", "E06000047", "County Durham", "avg_att8", 50.1, "ok"),
        ("E08000016", "E08000038", "Barnsley", "neet_percent", 2.7, "ok"),
        ("E08000019", "E08000039", "Sheffield", "cohort_djfavg", 12172, "ok"),
        ("E10000006", None, None, "neet_percent", 2.1, "ok"),
        ("E10000023", "E06000065", "North Yorkshire", "cohort_march", 11662, "ok"),
        ("E10000027", "E06000066", "Somerset", "september_guarantee_annual_change_ppts", 1, "ok"),
        ("E06000023", "E06000023", "Bristol, City of", "neet_nk_quintile", 5, "ok"),
        ("E06000015", "E06000015", "Derby", "cohort_sendsupport_percent", None, "not_applicable"),
        ("E06000061", "E06000061", "North Northamptonshire", "annualchange_neet", None, "not_applicable"),
        ("E06000017", "E06000017", "Rutland", "vg_cohort_djf_avg", None, "suppressed"),
        ("E92000001", "E92000001", "England", "sep_guarantee_quintile", None, "not_applicable"),
    ],
    2025: [
        ("E92000001", "E92000001", "England", "neet_percent", 3.4, "ok"),
        ("E12000001", "E12000001", "North East", "neet_not_known_percent", 6.8, "ok"),
        ("E12000007", "E12000007", "London", "total_participating_in_education_and_training_percent", 96.3, "ok"),
        ("E06000047", "E06000047", "County Durham", "avg_att8", 44.2, "ok"),
        ("E08000016", "E08000038", "Barnsley", "neet_percent", 3.9, "ok"),
        ("E08000019", "E08000039", "Sheffield", "cohort_djfavg", 12977, "ok"),
        ("E09000033", "E09000033", "Westminster", "level_3", 73.8, "ok"),
        ("E06000065", "E06000065", "North Yorkshire", "vg_cohort_djf_avg", 113.7, "ok"),
        ("E06000063", "E06000063", "Cumberland", "annualchange_neet", -0.3, "ok"),
        ("E06000064", "E06000064", "Westmorland and Furness", "level_3", None, "not_applicable"),
        ("E06000032", "E06000032", "Luton", "full_time_education_percent", None, "suppressed"),
        ("E09000019", "E09000019", "Islington", "vg_neet_nk_percentage", None, "suppressed"),
        ("E06000032", "E06000032", "Luton", "participation_et_quintile", None, "suppressed"),
    ],
}


@pytest.mark.parametrize("year", YEARS)
def test_picked_cells_of_a_real_file_are_read_as_published(real, year):
    path = real(f"attainment/dfe_neet_la_scorecard_{year}.csv")
    table, _ = load(path)
    raw = published(path)[1]
    for source, code, name, indicator, value, status in PICKED[year]:
        assert raw[source, indicator] in ("c", "z") if value is None else float(raw[source, indicator]) == value
        got = cell(table, source, indicator)
        assert (got["status"], got["source_area_code"]) == (status, source)
        assert got["value"] == value if value is not None else got[["value"]].isna().all()
        assert (got["area_code"], got["area_name"]) == (code, name) if code else got[["area_code"]].isna().all()
        assert (got["period_label"], str(got["period_start"].date()), str(got["period_end"].date())) == (
            str(year),
            f"{year}-01-01",
            f"{year}-12-31",
        )


@pytest.mark.parametrize("year", YEARS)
def test_every_cell_of_a_real_file_comes_out_once_with_its_number_or_marker(real, year):
    path = real(f"attainment/dfe_neet_la_scorecard_{year}.csv")
    table, report = load(path)
    rows, raw = published(path)
    assert report.rows_in == len(rows)
    assert report.cells_in == report.rows_out == len(table) == len(raw)
    assert report.duplicates_collapsed == report.interval_cells == 0
    found = zip(table["source_area_code"], table["indicator"], table["value"], table["status_raw"], strict=True)
    for code, indicator, value, marker in found:
        text = raw[code, indicator]
        assert value == float(text) if re.fullmatch(r"-?[\d.]+", text) else marker == text


@pytest.mark.parametrize("year, markers", [(2022, {"z": 74, "c": 10}), (2025, {"z": 56, "c": 34})])
def test_every_marker_of_a_real_file_is_counted(real, year, markers):
    path = real(f"attainment/dfe_neet_la_scorecard_{year}.csv")
    _, report = load(path)
    raw = Counter(text for text in published(path)[1].values() if not re.fullmatch(r"-?[\d.]+", text))
    assert report.markers == dict(raw) == markers
    assert report.statuses["not_applicable"] == markers["z"]
    assert report.statuses["suppressed"] == markers["c"]


def test_a_split_county_stays_unplaced_and_is_named(real):
    _, report = load(real("attainment/dfe_neet_la_scorecard_2022.csv"))
    assert report.areas_unplaced == {"Cumbria E10000006": 39}
    assert report.areas_mapped["Barnsley E08000016"] == "E08000038"
    assert len(report.areas_mapped) == 4


def test_real_columns_have_the_units_their_names_say(real):
    table, report = load(real("attainment/dfe_neet_la_scorecard_2022.csv"))
    units = dict(zip(table["indicator"], table["unit"], strict=True))
    assert not report.warnings
    assert Counter(units.values()) == {"percent": 29, "index": 5, "count": 4, "score": 1}
    assert units["annual_change_apprenticeship"] == units["l2_em_gcse_othl2"] == units["sess_overall_percent_pa_10_exact"]
    assert cell(table, "E92000001", "neet_percent")["base"] == 1208393
    assert cell(table, "E92000001", "apprenticeship_percent")["base"] == 1210281


def test_each_quirk_of_a_small_file_is_read(tmp_path):
    table, report = load(write(tmp_path))
    assert (report.rows_in, report.cells_in, report.rows_out) == (4, 28, 28)
    assert report.markers == {"z": 3, "c": 4, "": 1}
    assert cell(table, "E12000001", "vg_cohort_djf_avg")["status"] == "suppressed"
    assert cell(table, "E08000016", "neet_percent")["status"] == "not_available"
    assert cell(table, "E08000016", "avg_att8")["area_code"] == "E08000038"
    assert cell(table, "E06000047", "annualchange_neet")["unit"] == "percent"
    assert cell(table, "E06000047", "vg_neet_nk_percentage")["base"] == 12
    assert set(table["breakdown"]) == {"all"}
    assert not report.synthetic


def test_new_columns_are_measures_and_a_silent_unit_is_reported(tmp_path):
    header = [*GEOGRAPHY, *MEASURES, "Employed_2027", "NEET_NK_care_percent"]
    table, report = load(write(tmp_path, [[*row, "17", "9.5"] for row in ROWS], header))
    assert cell(table, "E06000047", "employed_2027")[["value", "unit"]].tolist() == [17, "count"]
    assert cell(table, "E06000047", "neet_nk_care_percent")[["value", "unit"]].tolist() == [9.5, "percent"]
    assert report.warnings == ["read as counts, for their names do not say the unit: employed_2027"]


def test_column_order_and_the_case_of_core_names_do_not_matter(tmp_path):
    order = [3, 17, 0, 10, 1, 2, 16, *range(4, 10), *range(11, 16)]
    header = [[*GEOGRAPHY, *MEASURES][index] for index in order]
    header[header.index("Age")] = "AGE "
    table, _ = load(write(tmp_path, [[row[index] for index in order] for row in ROWS], header))
    assert cell(table, "E06000047", "neet_percent")["value"] == 6.2


def test_single_years_of_age_are_breakdowns(tmp_path):
    rows = [[*ROWS[2][:10], age, *ROWS[2][11:]] for age in ("16", "17", "16-17")]
    table, _ = load(write(tmp_path, rows))
    assert list(table["breakdown"].cat.categories) == ["age_16", "age_17", "all"]


def test_a_synthetic_file_says_so(tmp_path):
    _, report = load(write(tmp_path, [[*row, "Synthetic"] for row in ROWS], [*GEOGRAPHY, *MEASURES, "version "]))
    assert report.synthetic and report.cells_in == 28


def test_an_unknown_marker_is_missing_and_reported(tmp_path):
    rows = [row.copy() for row in ROWS]
    rows[2][12] = "??"
    table, report = load(write(tmp_path, rows))
    assert cell(table, "E06000047", "neet_percent")["status"] == "not_available"
    assert report.warnings == ["neet_percent: 1 markers this source does not define, read as missing: '??'"]


def test_a_percentage_above_100_is_kept_and_reported(tmp_path):
    rows = [row.copy() for row in ROWS]
    rows[2][12] = "100.2"
    table, report = load(write(tmp_path, rows))
    assert cell(table, "E06000047", "neet_percent")["value"] == 100.2
    assert report.warnings == ["neet_percent: 1 percentages above 100, kept as published"]


def swapped(first, second):
    header = [*GEOGRAPHY, *MEASURES]
    one, other = header.index(first), header.index(second)
    header[one], header[other] = header[other], header[one]
    return header


@pytest.mark.parametrize(
    "first, second, message",
    [
        ("Cohort_DJFavg", "NEET_percent", r"data row 1: NEET_percent is 1000\.7, and most of that column is above 100"),
        ("geographic_level", "Age", r"data row 1: geographic_level is '16-17', expected National, Regional or Local authority"),
        ("new_la_code", "old_la_code", r"data row 3: new_la_code is '840', not the code of a local authority row"),
        ("new_la_code", "la_name", r"data row 3: new_la_code is 'County Durham', not the code"),
        ("region_code", "country_code", r"data row 2: region_code is 'E92000001', not the code of a regional row"),
        ("time_period", "time_identifier", r"Cannot read 'Calendar year' as a period"),
    ],
)
def test_swapped_columns_are_refused(tmp_path, first, second, message):
    path = write(tmp_path, header=swapped(first, second))
    with pytest.raises(BadSource, match=message):
        load(path)


@pytest.mark.parametrize(
    "text, message",
    [
        (HEADER + "".join(f"\n{','.join(row)}" for row in ROWS)[:-40], r"line 5 has 9 cells where the header has 18"),
        (HEADER + "\n", "no rows of data below the header"),
        (f"{HEADER},NEET percent\n{FIRST},1\n", "columns 'NEET_percent' and 'NEET percent' have the same name"),
        (f"{HEADER},NEET_percent\n{FIRST},1\n", "column 'NEET_percent' is there twice"),
        (f"{HEADER},age\n{FIRST},16\n", "column 'age' is there twice"),
    ],
)
def test_damaged_files_are_refused_in_one_line(tmp_path, text, message):
    path = tmp_path / "scorecard.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(BadSource, match=message) as refusal:
        load(path)
    assert "\n" not in str(refusal.value) and "scorecard.csv" in str(refusal.value)


def test_a_column_of_values_without_a_name_is_refused_and_an_empty_one_ignored(tmp_path):
    _, report = load(write(tmp_path, [[*row, ""] for row in ROWS], [*GEOGRAPHY, *MEASURES, ""]))
    assert report.cells_in == 28
    path = write(tmp_path, [[*row, "5"] for row in ROWS], [*GEOGRAPHY, *MEASURES, ""])
    with pytest.raises(BadSource, match="a column of values has no name"):
        load(path)


def test_two_different_values_for_one_place_are_refused(tmp_path):
    other = ROWS[2].copy()
    other[12] = "7"
    path = write(tmp_path, [*ROWS, other])
    with pytest.raises(BadSource, match="data rows 3 and 5 give two different values for County Durham, 2024, all"):
        load(path)


def test_a_file_with_text_columns_or_no_neet_percentage_is_not_recognised(tmp_path):
    without = [*GEOGRAPHY, *(name.replace("NEET", "other") for name in MEASURES)]
    assert LAYOUT.differences(preview(write(tmp_path, header=without))) == ["no column holds a NEET percentage"]
    filtered = write(tmp_path, [[*row, "Girls"] for row in ROWS], [*GEOGRAPHY, *MEASURES, "sex"])
    assert LAYOUT.differences(preview(filtered)) == ["column sex holds text, not a measure"]


def test_real_files_of_other_layouts_are_not_recognised(real):
    assert len(LAYOUT.differences(preview(real("attainment/ees_cla_ks4_la.csv")))) == 3
    assert len(LAYOUT.differences(preview(real("attainment/lait_bds_long_0.parquet")))) > 5
