"""Community Life Survey tables by local authority, made here in the described layout: no published file is at hand."""

import csv
from datetime import date

import openpyxl
import pytest

from datajam.observe.cells import tidy
from datajam.observe.observations import BadSource, LoadReport, check
from datajam.sources.dcms_cls import LAYOUT
from datajam.sources.files import preview

LONELY = "How often do you feel lonely?: Often/Always"
BELONG = "How strongly do you feel you belong to your immediate neighbourhood?"


def header(year="2023/24"):
    return [
        "Question",
        "Response Breakdown ",
        f"{year} Percentage (%)",
        f"{year} Lower Estimate percentage (%)",
        f"{year} Upper Estimate percentage (%)",
        f"{year} Number of respondents",
        f"{year} Unweighted Base - number of people aged 16 and over",
        "LAD23 Code",
        "ITL2 Name",
    ]


def rows(question):
    return [
        [question, "All", 7.1, 6.8, 7.4, 12000, 170255, "", ""],
        [question, "Hartlepool", 9.25, 5.5, 13.0, 52, 561, "E06000001", "Tees Valley and Durham"],
        [question, "Barnsley", 8.0, 4.5, 11.5, 47, 590, "E08000016", "South Yorkshire"],
        [question, "Cambridge", 6.5, 3.0, 10.0, 40, 610, "E07000008", "East Anglia"],
        [question, "Isles of Scilly", "[c]", "[c]", "[c]", "[c]", "[low]", "E06000053", "Cornwall and Isles of Scilly"],
        [question, "City of London", "[x]", "[x]", "[x]", "[x]", 88, "E09000001", "Inner London - West"],
    ]


def load(path):
    look = preview(path)
    assert LAYOUT.differences(look) == []
    report = LoadReport(LAYOUT.name, path.name)
    table = check(tidy(LAYOUT.parse(look, report), profile=LAYOUT.profile, report=report))
    assert report.balanced()
    return table, report


@pytest.fixture
def book(tmp_path):
    """Write a workbook of sheets, each {name: rows}, a title and notes above each table, and give its path."""

    def write(sheets, above=6):
        book = openpyxl.Workbook()
        book.active.title = "Contents"
        book.active.append(["Community Life Survey"])
        for name, lines in sheets.items():
            sheet = book.create_sheet(name)
            for line in [[f"Table {name}"], *[[]] * (above - 1), *lines]:
                sheet.append(line)
        path = tmp_path / "book.xlsx"
        book.save(path)
        return path

    return write


@pytest.fixture
def one(book):
    """Write a workbook with one table, its rows or header changed as asked."""
    return lambda lines=None, head=None, above=6: book({"A1c": [head or header(), *(lines or rows(LONELY))]}, above)


def cell(table, code, name):
    found = table[(table["source_area_code"] == code) & (table["indicator"] == name)]
    assert len(found) == 1
    return found.iloc[0]


INDICATOR = "how_often_do_you_feel_lonely_often_always"


def test_a_reading_says_that_it_is_experimental(one):
    assert load(one())[1].warnings[0].startswith("experimental: ")


def test_values_intervals_and_bases_stand_together(one):
    row = cell(load(one())[0], "E06000001", INDICATOR)
    assert (row["value"], row["lower_ci"], row["upper_ci"], row["base"], row["unit"]) == (9.25, 5.5, 13.0, 561, "percent")
    assert (row["area_code"], row["area_name"], row["status"]) == ("E06000001", "Hartlepool", "ok")


def test_the_survey_year_is_a_financial_year(one):
    table, _ = load(one())
    assert set(table["period_label"]) == {"2023/24"}
    assert (table["period_start"][0].date(), table["period_end"][0].date()) == (date(2023, 4, 1), date(2024, 3, 31))


def test_the_number_of_respondents_is_an_indicator_of_its_own(one):
    row = cell(load(one())[0], "E06000001", f"{INDICATOR}_number_of_respondents")
    assert (row["value"], row["unit"]) == (52, "count")


def test_every_row_cell_and_marker_is_counted(one):
    table, report = load(one())
    assert (report.rows_in, report.cells_in, report.interval_cells, report.rows_out) == (6, 24, 12, 12)
    assert report.markers == {"[c]": 2, "[x]": 2}
    assert report.statuses == {"ok": 8, "suppressed": 2, "not_available": 2}
    assert cell(table, "E06000053", INDICATOR)[["status", "status_raw"]].tolist() == ["suppressed", "[c]"]


def test_lower_tier_and_retired_codes_are_told_apart(one):
    table, report = load(one())
    assert cell(table, "E08000016", INDICATOR)["area_code"] == "E08000038"
    assert cell(table, "E07000008", INDICATOR)["area_level"] == "lad"
    assert cell(table, "E07000008", INDICATOR)["area_name"] == "Cambridge" and not report.areas_unplaced


def test_the_row_of_the_whole_country_is_england_and_reported(one):
    table, report = load(one())
    row = cell(table, "E92000001", INDICATOR)
    assert (row["value"], row["area_name"], row["source_area_name"]) == (7.1, "England", "All")
    assert "1 rows named All, without a code, are taken as England" in report.warnings


@pytest.mark.parametrize("above", [0, 1, 6, 7, 12])
def test_the_header_is_found_by_its_first_cell_not_by_number(one, above):
    assert cell(load(one(above=above))[0], "E06000001", INDICATOR)["value"] == 9.25


def test_a_workbook_is_read_across_its_sheets_and_names_those_it_leaves_out(book):
    national = [["Question", "Response", "Topic Breakdown", "2023/24 Percentage (%)"], [LONELY, "Often", "Total", 7.1]]
    table, report = load(book({"A1b": national, "A1c": [header(), *rows(LONELY)], "B1c": [header(), *rows(BELONG)]}))
    assert table["indicator"].nunique() == 4 and len(table) == 24
    assert "2 sheets without a table by local authority, not read: Contents, A1b" in report.warnings
    assert report.labels[INDICATOR] == LONELY


def test_one_question_on_two_sheets_gives_two_indicators(book):
    second = [[row[0], row[1], *(v + 1 if isinstance(v, float) else v for v in row[2:])] for row in rows(LONELY)]
    table, report = load(book({"C1c(A)": [header(), *rows(LONELY)], "C1c(B)": [header(), *second]}))
    assert cell(table, "E06000001", f"{INDICATOR}_c1c_a")["value"] == 9.25
    assert cell(table, "E06000001", f"{INDICATOR}_c1c_b")["value"] == 10.25
    assert any("stand on several sheets" in text for text in report.warnings)


def test_two_years_beside_each_other_give_two_periods(one):
    latest = [[*row[:7], *row[2:7], *row[7:]] for row in rows(LONELY)]
    table, report = load(one(latest, [*header()[:7], *header("2024/25")[2:7], *header()[7:]]))
    assert sorted(set(table["period_label"])) == ["2023/24", "2024/25"]
    assert (report.rows_in, len(table), report.interval_cells) == (12, 24, 24)


def test_a_merged_question_cell_counts_for_the_rows_below_it(one):
    lines = [[LONELY if index == 0 else None, *row[1:]] for index, row in enumerate(rows(LONELY))]
    assert set(load(one(lines))[0]["indicator"]) == {INDICATOR, f"{INDICATOR}_number_of_respondents"}


def test_notes_and_blank_rows_below_a_table_are_left_out_and_reported(one):
    table, report = load(one([*rows(LONELY), [], ["Source: Community Life Survey"]]))
    assert len(table) == 12
    assert "1 rows with nothing in any cell are left out" in report.warnings
    assert any("rows hold only text in their first cell" in text and "Source: Comm" in text for text in report.warnings)


def test_line_breaks_and_notes_in_column_names_do_not_matter(one):
    head = [name.replace(" percentage", "\npercentage") + " [note 3]" for name in header()]
    assert cell(load(one(head=head))[0], "E06000001", INDICATOR)["upper_ci"] == 13.0


def test_proportions_become_percentages(one):
    lines = [[*row[:2], *(v / 100 if isinstance(v, float) else v for v in row[2:5]), *row[5:]] for row in rows(LONELY)]
    table, report = load(one(lines))
    row = cell(table, "E06000001", INDICATOR)
    assert (row["value"], row["lower_ci"], row["upper_ci"]) == pytest.approx((9.25, 5.5, 13.0), rel=1e-12)
    assert any("read as percentages" in text for text in report.warnings)
    assert cell(table, "E06000001", f"{INDICATOR}_number_of_respondents")["value"] == 52


def test_a_sheet_saved_as_csv_gives_the_same_table(one, tmp_path):
    path = tmp_path / "A1c.csv"
    above = [["Table A1c: loneliness,\nby local authority"] + [""] * 8, *[[""] * 9] * 5]
    with open(path, "w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file).writerows([*above, header(), *rows(LONELY)])
    table, report = load(path)
    assert table.equals(load(one())[0])
    assert report.warnings[0].startswith("experimental: ")


def test_an_unknown_marker_is_reported_and_kept(one):
    lines = [*rows(LONELY)[:-1], [LONELY, "City of London", "*", "*", "*", "*", 88, "E09000001", ""]]
    table, report = load(one(lines))
    assert cell(table, "E09000001", INDICATOR)[["status", "status_raw"]].tolist() == ["not_available", "*"]
    assert any("does not define" in text for text in report.warnings)


def test_columns_not_known_are_reported(one):
    lines = [[*row, "x"] for row in rows(LONELY)]
    assert any("columns not read: shading" in text for text in load(one(lines, [*header(), "Shading"]))[1].warnings)


def test_a_synthetic_question_says_so(one):
    assert not load(one())[1].synthetic
    assert load(one(rows(f"Synthetic: {LONELY}")))[1].synthetic


def swapped(first, second):
    lines = rows(LONELY)
    for row in lines:
        row[first], row[second] = row[second], row[first]
    return lines


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (swapped(1, 7), "not GSS codes"),
        (swapped(3, 4), "an interval's lower end is above its upper end"),
        (swapped(2, 3), "outside their own interval"),
        (swapped(2, 6), "holds 170255, not a percentage"),
        (
            [*rows(LONELY), [LONELY, "Hartlepool", 9.5, 5.5, 13, 52, 561, "E06000001", ""]],
            "two different values for Hartlepool",
        ),
        ([["", *row[1:]] for row in rows(LONELY)], "a row of the table has no question"),
        ([["???", *row[1:]] for row in rows(LONELY)], "a row of the table has no question"),
        ([["", "", "", "", "", "", "", "", ""]], "no rows of data"),
    ],
)
def test_a_damaged_table_is_refused_in_one_line(one, lines, words):
    with pytest.raises(BadSource, match=words) as error:
        load(one(lines))
    assert str(error.value).startswith("book.xlsx") and "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("index", "words"),
    [
        (0, "no row begins with the cell Question"),
        (1, "column 'Response Breakdown' is missing"),
        (2, "column '2023/24 Percentage' is missing"),
        (4, "column '2023/24 Upper estimate' is missing"),
        (7, "no column such as 'LAD23 Code' holds local authority codes"),
    ],
)
def test_a_table_without_a_column_is_told_which(one, index, words):
    head = [name if place != index else "Something" for place, name in enumerate(header())]
    assert words in LAYOUT.differences(preview(one(head=head)))


def test_a_column_given_twice_is_refused(one):
    with pytest.raises(BadSource, match="'ITL2 Name' is there twice"):
        load(one([[*row, ""] for row in rows(LONELY)], [*header(), "ITL2 Name"]))


def test_a_cut_workbook_is_refused(one):
    path = one()
    data = path.read_bytes()
    for cut in range(1, 10):
        path.write_bytes(data[: len(data) * cut // 10])
        with pytest.raises(BadSource):
            load(path)
