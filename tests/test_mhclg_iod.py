"""Indices of Deprivation summaries: the re-saved files cell by cell, the published column names, and damaged files."""

import csv
from datetime import date
from functools import cache

import openpyxl
import pytest

from datajam.observe.cells import tidy
from datajam.observe.observations import BadSource, LoadReport, check
from datajam.sources.files import preview
from datajam.sources.mhclg_iod import LAYOUT, indicator

IOD2025 = "cohesion/iod2025_la_summaries_ltla24.csv"
IMD2019 = "cohesion/imd2019_ltla23.csv"
TENTH = "proportion_of_lsoas_in_most_deprived_10_percent_nationally"
RAW_TENTH = "proportion_of_lso_as_in_most_deprived_10_percent_nationally"
HEADER = ["ltla24_code", "ltla24_name", "imd_average_score", "imd_rank_of_average_score", f"imd_{RAW_TENTH}", "imd25_extent"]
ROWS = [
    ["E06000001", "Hartlepool", "37.58", "6.0", "0.4211", "0.5259"],
    ["E07000008", "Cambridge", "13.1", "200.0", "0.0", "0.01"],
    ["E08000016", "Barnsley", "29.9", "38.0", "0.2", "0.3"],
    ["E06000053", "Isles of Scilly", "[c]", "[x]", "[c]", "[z]"],
]


def load(path):
    look = preview(path)
    assert LAYOUT.differences(look) == []
    report = LoadReport(LAYOUT.name, path.name)
    table = check(tidy(LAYOUT.parse(look, report), profile=LAYOUT.profile, report=report))
    assert report.balanced()
    return table, report


loaded = cache(load)


@pytest.fixture
def saved(tmp_path):
    """Write a table as CSV and give its path."""

    def write(rows=ROWS, header=HEADER):
        path = tmp_path / "table.csv"
        with open(path, "w", encoding="utf-8-sig", newline="") as file:
            csv.writer(file).writerows([header, *rows])
        return path

    return write


def cell(table, code, name):
    found = table[(table["source_area_code"] == code) & (table["indicator"] == name)]
    assert len(found) == 1
    return found.iloc[0]


def published(path):
    with open(path, encoding="utf-8", newline="") as file:
        return {row[next(iter(row))]: row for row in csv.DictReader(file)}


CELLS_2025 = [
    ("E06000001", "imd_average_score", "37.58", "imd_average_score", 37.58, "score"),
    ("E06000001", f"imd_{RAW_TENTH}", "0.4211", f"imd_{TENTH}", 42.11, "percent"),
    ("E06000001", "imd25_extent", "0.5259", "imd_extent", 52.59, "percent"),
    ("E06000001", "imd25_rank_of_extent", "8.0", "imd_rank_of_extent", 8, "rank"),
    ("E06000001", "income_scale", "33507.0", "income_scale", 33507, "count"),
    ("E06000001", "rank_of_income_scale", "127.0", "income_rank_of_scale", 127, "rank"),
    ("E06000002", "imd_rank_of_average_score", "2.0", "imd_rank_of_average_score", 2, "rank"),
    ("E06000002", "income_average_score", "0.375", "income_average_score", 0.375, "score"),
    ("E06000002", "crime_average_score", "0.952", "crime_average_score", 0.952, "score"),
    ("E06000003", "imd25_local_concentration", "33529.27", "imd_local_concentration", 33529.27, "index"),
    ("E09000032", "health_deprivation_and_disability_average_score", "-0.559", None, -0.559, "score"),
    ("E09000032", f"crime_rank_of_{RAW_TENTH}", "213.0", f"crime_rank_of_{TENTH}", 213, "rank"),
    ("E09000033", f"living_environment_{RAW_TENTH}", "0.5854", f"living_environment_{TENTH}", 58.54, "percent"),
    ("E09000033", "barriers_to_housing_and_services_average_rank", "21765.83", None, 21765.83, "index"),
]


@pytest.mark.parametrize(("code", "column", "raw", "name", "value", "unit"), CELLS_2025)
def test_cells_of_2025_are_as_published(real, code, column, raw, name, value, unit):
    path = real(IOD2025)
    assert published(path)[code][column] == raw
    row = cell(loaded(path)[0], code, name or column)
    assert (row["value"], row["unit"], row["status"], row["area_code"]) == (value, unit, "ok", code)
    assert (row["period_start"].date(), row["period_end"].date()) == (date(2025, 1, 1), date(2025, 12, 31))


CELLS_2019 = [
    ("E06000001", "Score", "imd_average_score", 35.036692631192025, "score"),
    ("E06000001", "Proportion", f"imd_{TENTH}", 36.20689655172414, "percent"),
    ("E06000001", "Extent", "imd_extent", 49.73461161606908, "percent"),
    ("E06000002", "Income_Score", "income_average_score", 0.25120818318857224, "score"),
    ("E06000002", "Income_Proportion", f"income_{TENTH}", 50.0, "percent"),
    ("E06000002", "Health_Extent", "health_deprivation_and_disability_extent", 65.5393102849004, "percent"),
    ("E06000003", "Education_Score", "education_skills_and_training_average_score", 27.76755840057935, "score"),
    ("E06000003", "Housing_and_Access_Score", "barriers_to_housing_and_services_average_score", 14.138943779373948, "score"),
    ("E09000032", "Health_Score", "health_deprivation_and_disability_average_score", -0.3884435759832135, "score"),
    ("E09000032", "Environment_Proportion", f"living_environment_{TENTH}", 8.379888268156424, "percent"),
    ("E09000033", "Crime_Extent", "crime_extent", 18.148275893327565, "percent"),
    ("E09000033", "Environment_Extent", "living_environment_extent", 69.70366533101712, "percent"),
]


@pytest.mark.parametrize(("code", "column", "name", "value", "unit"), CELLS_2019)
def test_cells_of_2019_are_as_published(real, code, column, name, value, unit):
    path = real(IMD2019)
    raw = float(published(path)[code][column])
    assert raw * (100 if unit == "percent" else 1) == pytest.approx(value, rel=1e-9)
    row = cell(loaded(path)[0], code, name)
    assert row["value"] == pytest.approx(value, rel=1e-9)
    assert (row["unit"], row["status"], row["period_start"].date()) == (unit, "ok", date(2019, 1, 1))


@pytest.mark.parametrize(("name", "measures"), [(IOD2025, 56), (IMD2019, 24)])
def test_every_cell_of_a_published_file_comes_out_once(real, name, measures):
    path = real(name)
    raw = published(path)
    table, report = loaded(path)
    assert (report.rows_in, report.cells_in, len(table)) == (len(raw), len(raw) * measures, len(raw) * measures)
    assert table["indicator"].nunique() == measures
    for column in [column for column in next(iter(raw.values())) if not column.startswith("ltla")]:
        found = table[table["indicator"] == indicator(column)]
        factor = 100 if set(found["unit"]) == {"percent"} else 1
        assert found["value"].tolist() == pytest.approx([float(row[column]) * factor for row in raw.values()], rel=1e-12)
        assert ("extent" in column.lower() or "proportion" in column.lower()) and "rank" not in column or factor == 1
    assert report.markers == {} and report.statuses == {"ok": len(table)}
    assert sorted(report.areas_mapped.values()) == ["E08000038", "E08000039"]
    districts = sum(code.startswith("E07") for code in raw)
    assert not report.areas_unplaced and table["area_level"].eq("lad").sum() == measures * districts


def test_ranks_and_scores_are_different_indicators_in_different_units(saved):
    table, _ = load(saved())
    assert cell(table, "E06000001", "imd_average_score")[["value", "unit"]].tolist() == [37.58, "score"]
    assert cell(table, "E06000001", "imd_rank_of_average_score")[["value", "unit"]].tolist() == [6, "rank"]


def test_proportions_become_percent_and_scores_do_not(saved):
    table, _ = load(saved())
    assert cell(table, "E06000001", f"imd_{TENTH}")[["value", "unit"]].tolist() == [42.11, "percent"]
    assert cell(table, "E06000001", "imd_extent")["value"] == 52.59


def test_markers_and_mapped_codes_are_kept(saved):
    table, report = load(saved())
    assert report.statuses == {"ok": 12, "suppressed": 2, "not_applicable": 1, "not_available": 1}
    assert cell(table, "E06000053", "imd_extent")["status_raw"] == "[z]"
    assert cell(table, "E08000016", "imd_extent")["area_code"] == "E08000038"
    assert cell(table, "E07000008", "imd_extent")["area_level"] == "lad"


def test_an_unknown_marker_is_reported_and_kept(saved):
    _, report = load(saved([["E06000001", "Hartlepool", "?", "6", "0.4", "0.5"], *ROWS[1:]]))
    assert any("does not define" in text and "'?'" in text for text in report.warnings)


@pytest.mark.parametrize(
    ("code", "extent", "year", "warned"),
    [
        ("ltla23_code", "extent", 2019, True),
        ("ltla24_code", "extent", 2025, True),
        ("LAD13CD", "extent", 2015, True),
        ("ltla24_code", "imd19_extent", 2019, False),
        ("Local Authority District code (2019)", "IMD 2019 - Extent ", 2019, False),
    ],
)
def test_the_edition_is_read_from_the_columns(saved, code, extent, year, warned):
    table, report = load(saved(header=[code, *HEADER[1:5], extent]))
    assert set(table["period_label"]) == {str(year)}
    assert any("no column says" in text for text in report.warnings) == warned


def test_columns_that_are_no_measure_are_reported(saved):
    rows = [[*row, "North"] for row in ROWS]
    assert any("not read: Region" in text for text in load(saved(rows, [*HEADER, "Region"]))[1].warnings)


@pytest.fixture
def book(tmp_path):
    """Write the published workbook's shape: a sheet of notes, then a sheet for each domain."""

    def write(income_rows=None):
        book = openpyxl.Workbook()
        book.active.title = "Notes"
        book.active.append(["English Indices of Deprivation 2019"])
        area = ["Local Authority District code (2019)", "Local Authority District name (2019)"]
        measures = ["Average rank ", "Rank of average rank ", "Average score ", "Rank of average score "]
        tenth = "Proportion of LSOAs in most deprived 10% nationally "
        imd = book.create_sheet("IMD")
        imd.append([*area, *(f"IMD - {text}" for text in measures), f"IMD - {tenth}", "IMD 2019 - Extent "])
        imd.append(["E06000001", "Hartlepool", 22573.28, 25, 35.037, 10, 0.3621, 0.4973])
        imd.append(["E06000002", "Middlesbrough", 22739.13, 16, 40.46, 5, 0.4884, 0.5721])
        income = book.create_sheet("Income")
        income.append([*area, *(f"Income - {text}" for text in measures), "Income scale", "Rank of Income Scale"])
        for row in income_rows or [["E06000001", "Hartlepool"], ["E06000002", "Middlesbrough"]]:
            income.append([*row, 22000.5, 18, 0.228, 10, 21230, 190])
        path = tmp_path / "book.xlsx"
        book.save(path)
        return path

    return write


def test_the_published_workbook_is_read_across_its_sheets(book):
    table, report = load(book())
    assert cell(table, "E06000002", "imd_average_score")["value"] == 40.46
    assert cell(table, "E06000001", "imd_extent")["value"] == 49.73
    assert cell(table, "E06000002", "income_rank_of_scale")["value"] == 190
    assert (report.rows_in, len(table), set(table["period_label"])) == (2, 24, {"2019"})
    assert any("not read: Notes" in text for text in report.warnings)


def test_sheets_that_list_other_authorities_are_refused(book):
    with pytest.raises(BadSource, match="sheet 'Income' differs from the sheets before it"):
        load(book([["E06000002", "Middlesbrough"], ["E06000001", "Hartlepool"]]))


def swapped(first, second):
    rows = [list(row) for row in ROWS]
    for row in rows:
        row[first], row[second] = row[second], row[first]
    return rows


@pytest.mark.parametrize(
    ("rows", "header", "words"),
    [
        (swapped(0, 1), HEADER, "not GSS codes"),
        (swapped(2, 3), HEADER, "data row 2, holds 200.0, not an average score"),
        ([[*row[:3], row[2], *row[4:]] for row in ROWS], HEADER, "data row 1, holds 37.58, not the rank of a local authority"),
        (swapped(2, 4), HEADER, "holds 37.58, not a proportion"),
        ([[*row[:5], "52.59"] for row in ROWS], HEADER, "holds 52.59, not a proportion from 0 to 1"),
        ([[*row[:2], "337.58", *row[3:]] for row in ROWS], HEADER, "holds 337.58, not an average score"),
        (ROWS, [*HEADER[:2], *HEADER[2:5], "Score"], "two columns hold one measure, or one is missing: imd_average_score"),
        (ROWS, [*HEADER[:5], HEADER[4]], "is there twice"),
        (ROWS, ["ltla24_code", "ltla24_name", *HEADER[2:4], "imd19_extent", "imd25_local_concentration"], "several editions"),
        (ROWS, ["lad_code", *HEADER[1:5], "extent"], "no column says which year"),
        ([*ROWS, ["E06000001", "Hartlepool", "30", "6", "0.4", "0.5"]], HEADER, "two different values for Hartlepool"),
        ([*ROWS, ["E06000002", "Middlesb"]], HEADER, "line 6 has 2 cells where the header has 6"),
        ([], HEADER, "no rows of data"),
    ],
)
def test_a_damaged_table_is_refused_in_one_line(saved, rows, header, words):
    with pytest.raises(BadSource, match=words) as error:
        load(saved(rows, header))
    assert str(error.value).startswith("table.csv") and "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("header", "words"),
    [
        (["lsoa21_code", *HEADER[1:]], "each LSOA"),
        (["code", *HEADER[1:]], "local authority codes"),
        (["ltla24_code", "name", "a", "b", "c", "d"], "an average score"),
    ],
)
def test_other_tables_are_told_what_they_lack(saved, header, words):
    assert any(words in text for text in LAYOUT.differences(preview(saved(header=header))))


@pytest.mark.parametrize("cut", range(1, 30))
def test_a_table_cut_anywhere_is_read_or_refused(saved, cut):
    path = saved()
    data = path.read_bytes()
    path.write_bytes(data[: len(data) * cut // 30])
    try:
        if not LAYOUT.differences(preview(path)):
            load(path)
    except BadSource as error:
        assert "\n" not in str(error)
