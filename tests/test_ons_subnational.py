"""ONS subnational indicator sheets: the published files cell by cell, their quirks, and files that are damaged."""

import csv
from collections import Counter
from datetime import date
from functools import cache

import pytest

from datajam.observe.cells import tidy
from datajam.observe.observations import BadSource, LoadReport, check
from datajam.sources.files import preview
from datajam.sources.ons_subnational import LAYOUT

HAPPINESS = "cohesion/ons_subnational_2022_Happiness.csv"
EMPLOYMENT = "skills/ons_subnational_2022_Employment_rate.csv"
PREAMBLE = [
    ["Indicator:", "Adults that smoke", "(Back to data dictionary)", "", "", "", ""],
    ["Date: ", "2020", "", "", "", "", ""],
    ["Coverage:", "Great Britain", "", "", "", "", ""],
    ["Geography:", "Unitary Authorities, 2019\nDistricts, 2018", "", "", "", "", ""],
    ["", "", "", "", "", "", ""],
]
HEADER = ["Area Code", "Area", "Adults that smoke %", "LCI", "UCI", "Notes", ""]
ROWS = [
    ["E06000001", "Hartlepool", " \t15.9 ", "12.4", "19.4", "", ""],
    ["E08000016", "Barnsley", "13.7", "10.2", "17.1", "", ""],
    ["E06000053", "Isles of Scilly", "na", "na", "na", "", ""],
    ["E07000150", "Corby", "27.2", "12.0", "42.5", "Obsolete code since 2021\n", ""],
    ["E10000006", "lacu:Cumbria", "x", "x", "x", "", ""],
    ["W06000024", "Merthyr Tydfil", "18.0", "15.0", "21.0", "", ""],
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
def sheet(tmp_path):
    """Write a sheet, changed as asked, and give its path."""

    def write(rows=ROWS, header=HEADER, preamble=PREAMBLE, end="\r\n"):
        path = tmp_path / "sheet.csv"
        with open(path, "w", encoding="utf-8", newline="") as file:
            csv.writer(file, lineterminator=end).writerows([*preamble, header, *rows])
        return path

    return write


def row_of(table, code):
    found = table[table["source_area_code"] == code]
    assert len(found) == 1
    return found.iloc[0]


def published(path):
    """The rows below the sixth, as the csv module reads them."""
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.reader(file))[6:]


@pytest.mark.parametrize(
    ("code", "name", "value", "status", "placed"),
    [
        ("E06000001", "Hartlepool", 7.21, "ok", "E06000001"),
        ("E06000010", "Kingston upon Hull, City of", 7.28, "ok", "E06000010"),
        ("E06000023", "Bristol, City of", 6.99, "ok", "E06000023"),
        ("E06000053", "Isles of Scilly", None, "not_available", "E06000053"),
        ("E07000004", "Aylesbury Vale", 7.38, "ok", None),
        ("E07000135", "Oadby and Wigston", None, "not_available", "E07000135"),
        ("E07000150", "Corby", None, "not_available", None),
        ("E08000016", "Barnsley", 7.37, "ok", "E08000038"),
        ("E08000019", "Sheffield", 6.90, "ok", "E08000039"),
        ("E08000021", "Newcastle upon Tyne", 7.29, "ok", "E08000021"),
        ("E09000001", "City of London", None, "not_available", "E09000001"),
        ("N09000003", "Belfast", 7.11, "ok", None),
        ("W06000024", "Merthyr Tydfil", 7.33, "ok", None),
    ],
)
def test_happiness_cells_are_as_published(real, code, name, value, status, placed):
    path = real(HAPPINESS)
    raw = [row for row in published(path) if row[0] == code]
    assert [raw[0][1], raw[0][2]] == [name, "na" if value is None else f"{value:.2f}"]
    row = row_of(loaded(path)[0], code)
    assert (row["source_area_name"], row["status"], row["unit"]) == (name, status, "mean_0_10")
    assert row["value"] == value if value is not None else row["value"] != row["value"]
    assert row["area_code"] == placed if placed else row["area_code"] != row["area_code"]
    assert (row["period_start"].date(), row["period_end"].date()) == (date(2020, 4, 1), date(2021, 3, 31))
    assert row["status_raw"] == "na" if value is None else row["status_raw"] != row["status_raw"]


@pytest.mark.parametrize(
    ("code", "value"),
    [
        ("E06000001", 67.1),
        ("E06000019", 77.8),
        ("E06000060", 77.5),
        ("E06000053", None),
        ("E07000008", 77.2),
        ("E08000003", 66.3),
        ("E08000037", 74.9),
        ("E09000001", None),
        ("E09000033", 67.2),
        ("S12000036", 74.0),
        ("N09000003", 67.0),
        ("W06000024", 65.8),
    ],
)
def test_employment_rate_cells_are_as_published(real, code, value):
    path = real(EMPLOYMENT)
    raw = next(row[2] for row in published(path) if row[0] == code)
    assert raw == ("na" if value is None else f" \t{value:.1f} ")
    row = row_of(loaded(path)[0], code)
    assert row["value"] == value if value is not None else (row["status"], row["status_raw"]) == ("not_available", "na")
    assert (row["unit"], row["indicator"]) == ("percent", "employment_rate_for_16_to_64_year_olds")
    assert (row["period_start"].date(), row["period_end"].date()) == (date(2020, 1, 1), date(2020, 12, 31))


@pytest.mark.parametrize("name", [HAPPINESS, EMPLOYMENT])
def test_every_row_and_marker_of_a_published_file_is_counted(real, name):
    path = real(name)
    raw = published(path)
    table, report = loaded(path)
    assert report.rows_in == report.cells_in == report.rows_out == len(table) == len(raw)
    numbers = [row[2].strip() for row in raw if row[2].strip()[0].isdigit()]
    assert table["value"].dropna().tolist() == [float(text) for text in numbers]
    assert report.markers == dict(Counter(row[2].strip() for row in raw if not row[2].strip()[0].isdigit()))
    assert table["source_area_code"].tolist() == [row[0] for row in raw]
    assert report.areas_mapped == {"Barnsley E08000016": "E08000038", "Sheffield E08000019": "E08000039"}
    noted = Counter(" ".join(row[3].split()) for row in raw if row[3])
    assert {f"noted on {count} rows: {note}" for note, count in noted.items()} <= set(report.warnings)


def test_tabs_and_spaces_around_a_number_are_no_part_of_it(sheet):
    assert row_of(load(sheet())[0], "E06000001")["value"] == 15.9


def test_cells_of_several_lines_above_and_in_the_table_do_not_shift_it(sheet):
    table, report = load(sheet())
    assert table["source_area_code"].tolist() == [row[0] for row in ROWS]
    assert "noted on 1 rows: Obsolete code since 2021" in report.warnings


def test_na_and_x_are_not_available_and_keep_their_marker(sheet):
    table, report = load(sheet())
    assert row_of(table, "E06000053")["status"] == row_of(table, "E10000006")["status"] == "not_available"
    assert report.markers == {"na": 1, "x": 1}
    assert not any("does not define" in text for text in report.warnings)


def test_intervals_stand_beside_the_value(sheet):
    table, report = load(sheet())
    row = row_of(table, "E08000016")
    assert (row["lower_ci"], row["upper_ci"], row["area_code"]) == (10.2, 17.1, "E08000038")
    assert report.interval_cells == 2 * len(ROWS) == report.cells_in - report.rows_out


def test_further_intervals_are_reported_not_read(sheet):
    header = ["Area Code", "Area", "Overweight %", "Lower CI 95.0 limit", "Upper CI 95.0 limit", "Lower CI 99.8 limit", ""]
    table, report = load(sheet([["E06000001", "Hartlepool", "73.0", "68.7", "77.3", "65.8", ""]], header))
    assert (table["lower_ci"][0], table["upper_ci"][0], report.interval_cells) == (68.7, 77.3, 3)
    assert "ends of further intervals, not read: Lower CI 99.8 limit" in report.warnings


@pytest.mark.parametrize(
    ("published", "start", "end"),
    [
        ("2020", date(2020, 1, 1), date(2020, 12, 31)),
        ("04/2020-03/2021", date(2020, 4, 1), date(2021, 3, 31)),
        ("04/2020 - 12/2020", date(2020, 4, 1), date(2020, 12, 31)),
        ("2017-2019", date(2017, 1, 1), date(2019, 12, 31)),
        ("2021 Provisional", date(2021, 1, 1), date(2021, 12, 31)),
        ("May-21", date(2021, 5, 1), date(2021, 5, 31)),
        ("2019/20", date(2019, 9, 1), date(2020, 8, 31)),
    ],
)
def test_dates_of_every_published_form_are_read(sheet, published, start, end):
    preamble = [PREAMBLE[0], ["Date: ", published, "", "", "", "", ""], *PREAMBLE[2:]]
    table, report = load(sheet(preamble=preamble))
    assert (table["period_start"][0].date(), table["period_end"][0].date()) == (start, end)
    assert any("academic year" in text for text in report.warnings) == (published == "2019/20")


@pytest.mark.parametrize("published", ["soon", "13/2020-03/2021", "03/2021-04/2020", "2019-2017"])
def test_a_date_that_is_none_is_refused(sheet, published):
    preamble = [PREAMBLE[0], ["Date: ", published, "", "", "", "", ""], *PREAMBLE[2:]]
    with pytest.raises(BadSource, match=r"sheet\.csv: Cannot read"):
        load(sheet(preamble=preamble))


def test_proportions_under_a_percent_heading_become_percentages(sheet):
    rows = [
        ["E06000001", "Hartlepool", "0.159", "0.124", "0.194", "", ""],
        ["E06000002", "Middlesbrough", "x", "x", "x", "", ""],
    ]
    table, report = load(sheet(rows))
    assert (table["value"][0], table["lower_ci"][0], table["upper_ci"][0]) == (15.9, 12.4, 19.4)
    assert any("read as percentages" in text for text in report.warnings)


def test_blank_rows_below_the_table_are_left_out_and_reported(sheet):
    table, report = load(sheet([*ROWS, [""] * 7, [" "] * 7]))
    assert len(table) == len(ROWS)
    assert "2 rows with nothing in any cell are left out" in report.warnings


def test_a_unit_without_a_name_here_is_reported(sheet):
    header = ["Area Code", "Area", "Average travel time in minutes", "LCI", "UCI", "Notes", ""]
    table, report = load(sheet(header=header))
    assert set(table["unit"]) == {"score"}
    assert any("no unit here fits" in text for text in report.warnings)


def test_an_unknown_marker_is_reported_and_kept(sheet):
    table, report = load(sheet([["E06000001", "Hartlepool", "??", "", "", "", ""], *ROWS[1:]]))
    assert (row_of(table, "E06000001")["status"], row_of(table, "E06000001")["status_raw"]) == ("not_available", "??")
    assert any("does not define" in text and "'??'" in text for text in report.warnings)


def test_a_synthetic_sheet_says_so(sheet):
    assert not load(sheet())[1].synthetic
    note = ["Note:", "synthetic: not these places' results", "", "", "", "", ""]
    assert load(sheet(preamble=[*PREAMBLE[:4], note]))[1].synthetic


def swapped(first, second):
    """The rows with two columns exchanged under an unchanged header."""
    rows = [list(row) for row in ROWS]
    for row in rows:
        row[first], row[second] = row[second], row[first]
    return rows


@pytest.mark.parametrize(
    ("rows", "header", "words"),
    [
        (swapped(0, 1), HEADER, "not GSS codes"),
        (swapped(3, 4), HEADER, "data row 1: an interval's lower end is above its upper end"),
        (swapped(2, 3), HEADER, "outside their own interval"),
        (ROWS, [*HEADER[:2], "Smoke %", "Drink %", *HEADER[4:]], "one value column"),
        (ROWS, [*HEADER[:3], "LCI", "Other UCI %", "Area", ""], "'Area' is there twice"),
        ([*ROWS, ["E06000002", "Middlesbrough", "487.4", "400", "500", "", ""]], HEADER, "data row 7, holds 487.4"),
        ([*ROWS, ["E06000002", "Middlesbrough", "48.4"]], HEADER, r"line 15 has 3 cells where the header has 7"),
        ([*ROWS, ["E06000001", "Hartlepool", "16.0", "12.4", "19.4", "", ""]], HEADER, "two different values for Hartlepool"),
        ([], HEADER, "no rows of data"),
    ],
)
def test_a_damaged_sheet_is_refused_in_one_line(sheet, rows, header, words):
    with pytest.raises(BadSource, match=words) as error:
        load(sheet(rows, header))
    assert str(error.value).startswith("sheet.csv") and "\n" not in str(error.value)


def test_an_indicator_without_a_name_is_refused(sheet):
    preamble = [["Indicator:", "???", "", "", "", "", ""], *PREAMBLE[1:]]
    assert LAYOUT.differences(preview(sheet(preamble=preamble))) == ["the indicator's name '???' holds no letter or digit"]


def test_many_notes_are_shortened_and_the_rest_counted(sheet):
    rows = [[f"E0600000{index}", "A place", "15.9", "12.4", "19.4", f"note {index}", ""] for index in range(1, 10)]
    warnings = load(sheet(rows))[1].warnings
    assert sum(text.startswith("noted on 1 rows: note") for text in warnings) == 8
    assert "1 further notes stand on rows of the file" in warnings


def test_other_files_are_told_what_they_lack(tmp_path):
    path = tmp_path / "other.csv"
    path.write_text("Area Code,Name,Value\nE06000001,Hartlepool,1\n", encoding="utf-8")
    lacking = LAYOUT.differences(preview(path))
    assert lacking == [
        "no line Indicator: stands above the table",
        "no line Date: stands above the table",
        "no row begins Area Code, Area",
    ]


@pytest.mark.parametrize("cut", range(1, 40))
def test_a_sheet_cut_anywhere_is_read_or_refused(sheet, cut):
    path = sheet()
    data = path.read_bytes()
    path.write_bytes(data[: len(data) * cut // 40])
    try:
        look = preview(path)
        if not LAYOUT.differences(look):
            load(path)
    except BadSource as error:
        assert "\n" not in str(error)
