"""Online job adverts: the published workbook against openpyxl, the published CSV against csv, and made-up files."""

import csv
from collections import Counter
from datetime import datetime

import openpyxl
import pytest

from datajam.observe.cells import tidy
from datajam.observe.observations import BadSource, LoadReport, check
from datajam.sources.files import preview
from datajam.sources.ons_adverts import LAYOUT

WORKBOOK = "skills/ons_adzuna_labour_demand_by_la_2017_2022.xlsx"
PROFESSIONS = "skills/dfe_ons_textkernel_profession_oct22.csv"
UNKNOWN = "adverts_with_an_unknown_local_authority"
SHARE = "proportion_of_unknown_local_authority_adverts"


def load(path):
    look = preview(path)
    assert LAYOUT.differences(look) == []
    report = LoadReport(LAYOUT.name, path.name)
    table = check(tidy(LAYOUT.parse(look, report), profile=LAYOUT.profile, report=report))
    assert report.balanced()
    return table, report


def refused(path, *words):
    with pytest.raises(BadSource) as error:
        load(path)
    message = str(error.value)
    assert path.name in message and "\n" not in message
    assert all(word in message for word in words), message


@pytest.fixture(scope="module")
def sheets(real):
    """The published workbook's sheets as openpyxl reads them, rows below the header of each table."""
    book = openpyxl.load_workbook(real(WORKBOOK), read_only=True)
    return {name: [row[:8] for row in book[name].iter_rows(min_row=5, values_only=True) if row[0]] for name in "12356"}


@pytest.fixture(scope="module")
def workbook(real):
    return load(real(WORKBOOK))


@pytest.fixture(scope="module")
def professions(real):
    return load(real(PROFESSIONS))


def test_the_published_workbook_gives_every_figure_of_every_sheet(sheets, workbook):
    table, report = workbook
    years = range(2017, 2023)
    expected = [
        ("total_job_adverts", area.strip(), year, value)
        for area, _, *values in sheets["1"]
        for year, value in zip(years, values, strict=True)
    ]
    for sheet, indicator in (("2", "total_job_adverts"), ("3", UNKNOWN), ("5", SHARE)):
        for area, *values in sheets[sheet]:
            scale = 100 if sheet == "5" else 1
            expected += [(indicator, area.strip(), year, value * scale) for year, value in zip(years, values[:6], strict=True)]
    for year, area, new, existing, *_ in sheets["6"]:
        expected.append(("volume_of_adverts_new", area.strip(), year, new))
        expected.append(("volume_of_adverts_existing", area.strip(), year, existing))
    assert len(expected) == len(table) == 331 * 6 + 13 * 6 * 2 + 12 * 6 + 48 * 2
    columns = table["indicator"], table["source_area_name"], table["period_start"].dt.year, table["value"]
    for found, wanted in zip(zip(*columns, strict=True), expected, strict=True):
        assert found[:3] == wanted[:3] and found[3] == pytest.approx(wanted[3], abs=1e-9)
    assert report.statuses == {"ok": len(expected)} and report.markers == {}


@pytest.mark.parametrize(
    ("indicator", "area", "year", "value", "unit", "code"),
    [
        ("total_job_adverts", "Aberdeen City", 2017, 18.2, "index", None),
        ("total_job_adverts", "Adur", 2018, 16.0, "index", None),
        ("total_job_adverts", "York", 2022, 20.2, "index", "E06000014"),
        ("total_job_adverts", "North East", 2017, 181.1, "index", "E12000001"),
        ("total_job_adverts", "Yorkshire And The Humber", 2022, 744.3, "index", "E12000003"),
        ("total_job_adverts", "Unknown [note 4]", 2019, 687.2, "index", None),
        (UNKNOWN, "London", 2021, 778.3, "index", "E12000007"),
        (UNKNOWN, "Wales", 2022, 15.7, "index", None),
        (SHARE, "London", 2017, 79.4392924609308, "percent", "E12000007"),
        (SHARE, "Yorkshire and The Humber", 2022, 22.692462716646516, "percent", "E12000003"),
        ("volume_of_adverts_new", "North East", 2022, 175.5, "index", "E12000001"),
        ("volume_of_adverts_existing", "East of England", 2022, 98.6, "index", "E12000006"),
    ],
)
def test_the_published_workbook_has_the_cells_picked_by_hand(workbook, indicator, area, year, value, unit, code):
    table, _ = workbook
    row = table[(table["indicator"] == indicator) & (table["source_area_name"] == area) & (table["period_start"].dt.year == year)]
    assert len(row) == 1
    row = row.iloc[0]
    assert row["value"] == pytest.approx(value, abs=1e-9) and row["unit"] == unit and row["status"] == "ok"
    assert (row["area_code"] == code) if code else row["area_code"] != row["area_code"]
    assert (str(row["period_start"])[:10], str(row["period_end"])[:10]) == (f"{year}-01-01", f"{year}-01-31")
    assert row["period_label"] == str(year)


def test_the_published_workbook_says_what_it_leaves_out_and_how_to_read_it(workbook):
    _, report = workbook
    assert any(text.startswith("43 authorities the publisher left out: Allerdale,") for text in report.warnings)
    assert any("shares from 0 to 1" in text for text in report.warnings)
    assert any("unpublished number of adverts" in text for text in report.warnings)
    assert report.areas_matched == 118 + 9 and report.areas_unplaced["Adur"] == 6


def test_the_published_csv_gives_every_row(real, professions):
    table, report = professions
    with open(real(PROFESSIONS), encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == len(table) == 26535
    values = [None if row["vacancies"] == "[x]" else float(row["vacancies"]) for row in rows]
    assert [None if value != value else value for value in table["value"]] == values
    assert table["source_area_name"].astype("str").tolist() == [row["area"] for row in rows]
    pairs = {(row["Summary Profession Category"], row["Detailed Profession Category"]) for row in rows}
    assert len(set(table["breakdown"])) == len(pairs) == 295
    counts = Counter(row["vacancies"] for row in rows if not row["vacancies"].isdigit())
    assert report.markers == dict(counts) == {"[x]": 4281}
    assert report.statuses == {"ok": 22254, "not_available": 4281}


@pytest.mark.parametrize(
    ("kind", "area", "breakdown", "value", "code"),
    [
        ("LEP", "Black Country", "administration_and_customer_service / administrative_personnel", 210, None),
        ("LEP", "Black Country", "administration_and_customer_service / customer_service_personnel", 255, None),
        ("Country", "Unknown", "transport_and_traffic / train_drivers_and_conductors", 35, None),
        ("Country", "Unknown", "transport_and_traffic / transport_and_traffic_other", 15, None),
    ],
)
def test_the_published_csv_has_the_cells_picked_by_hand(professions, kind, area, breakdown, value, code):
    table, _ = professions
    found = table[(table["source_area_name"] == area) & (table["breakdown"] == breakdown)]
    found = found[found["source_area_code"] == ("" if kind == "Country" else kind)]
    assert found["value"].tolist() == [value] and found["area_code"].isna().all()
    assert str(found["period_start"].iloc[0])[:10] == "2022-10-01" and str(found["period_end"].iloc[0])[:10] == "2022-10-31"
    assert found["period_label"].tolist() == ["Oct 22"] and found["unit"].tolist() == ["count"]


def test_the_published_csv_agrees_with_csv_where_kinds_of_area_share_a_name(real, professions):
    table, report = professions
    with open(real(PROFESSIONS), encoding="utf-8-sig", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["area"] in ("North East", "Greater Manchester", "England")]
    assert Counter(row["geographic_level"] for row in rows).keys() == {
        "LEP",
        "Local Skills Improvement Plan",
        "Mayoral Combined Authorities",
        "Country",
    }
    for kind, area in {(row["geographic_level"], row["area"]) for row in rows}:
        values = [row["vacancies"] for row in rows if (row["geographic_level"], row["area"]) == (kind, area)]
        found = table[table["source_area_name"] == area]
        found = found[found["source_area_code"] == ("" if kind == "Country" else kind)]
        assert found["value"].fillna(-1).tolist() == [-1 if text == "[x]" else float(text) for text in values]
        assert set(found["area_code"].dropna()) == ({"E92000001"} if kind == "Country" else set())
    assert report.areas_matched == 1 and report.areas_unplaced["North East LEP"] in (294, 295)


@pytest.fixture
def book(tmp_path):
    """Write a workbook of sheets, each {name: rows}, and give its path."""

    def write(sheets, cover="These tables are about online job adverts", name="adverts.xlsx"):
        book = openpyxl.Workbook()
        book.active.title = "Cover_sheet"
        book.active.append([cover])
        for title, rows in sheets.items():
            sheet = book.create_sheet(title)
            for row in rows:
                sheet.append(row)
        path = tmp_path / name
        book.save(path)
        return path

    return write


TITLE = "Total job adverts by local authority, UK, units"
HEAD = ["Local authority [note 1]", "Region [note 2]", "2021", "2022"]
LEEDS = ["Leeds", "Yorkshire And The Humber", 10.5, 12]


def test_markers_and_names_without_codes_are_read(book):
    rows = [
        [TITLE],
        ["Source: Adzuna"],
        HEAD,
        LEEDS,
        ["St Helens", "North West", "[x]", 3],
        ["Bristol City of", "South West", "[c]", "[q]"],
    ]
    table, report = load(book({"1": rows}))
    assert table["area_code"].tolist() == ["E08000035"] * 2 + ["E08000013"] * 2 + ["E06000023"] * 2
    assert table["status"].tolist() == ["ok", "ok", "not_available", "ok", "suppressed", "not_available"]
    assert report.markers == {"[x]": 1, "[c]": 1, "[q]": 1}
    assert any("'[q]'" in text for text in report.warnings)


def test_a_year_is_january_only_where_the_workbook_says_so(book):
    rows = [[TITLE], HEAD, LEEDS]
    whole, _ = load(book({"1": rows}))
    assert [str(day)[:10] for day in whole["period_end"]] == ["2021-12-31", "2022-12-31"]
    january, _ = load(book({"1": rows}, cover="online job adverts in the month of January for the years 2021 to 2022"))
    assert [str(day)[:10] for day in january["period_end"]] == ["2021-01-31", "2022-01-31"]


def test_months_as_columns_are_read_as_dates_or_as_words(book):
    head = ["Region", datetime(2022, 10, 1), "Nov 22", "December 2022"]
    table, _ = load(book({"1": [[TITLE], head, ["North East", 1, 2, 3]]}))
    assert [str(day)[:10] for day in table["period_start"]] == ["2022-10-01", "2022-11-01", "2022-12-01"]
    assert [str(day)[:10] for day in table["period_end"]] == ["2022-10-31", "2022-11-30", "2022-12-31"]


def test_occupations_beside_the_area_are_breakdowns_and_codes_are_used(book):
    head = ["Local authority code", "Local authority", "Occupation", "Oct 22"]
    rows = [["E08000016", "Barnsley", "Nurses", 5], ["E08000016", "Barnsley", "IT managers", "[x]"]]
    table, report = load(book({"1": [[TITLE], head, *rows]}))
    assert table["breakdown"].tolist() == ["nurses", "it_managers"]
    assert table["area_code"].tolist() == ["E08000038"] * 2 and table["source_area_code"].tolist() == ["E08000016"] * 2
    assert report.areas_mapped == {"Barnsley E08000016": "E08000038"}


def test_shares_under_a_percent_title_become_percentages(book):
    head = ["Region", "2021", "2022"]
    title = "Proportion of unknown adverts per region, UK, %"
    table, _ = load(book({"5": [[title], head, ["North East", 0.075, "[x]"], ["London", 1, 0.6]]}))
    assert table["value"].tolist()[0] == 7.5 and table["value"].tolist()[2:] == [100, 60]
    assert table["status"].tolist()[1] == "not_available" and set(table["unit"]) == {"percent"}
    already, report = load(book({"5": [[title], head, ["North East", 7.5, 12]]}))
    assert already["value"].tolist() == [7.5, 12] and not any("0 to 1" in text for text in report.warnings)


def test_a_sheet_of_figures_that_is_not_understood_is_reported(book):
    sheets = {"1": [[TITLE], HEAD, LEEDS], "7": [["By week"], ["x", 1, 2, 3]], "8": [["Nothing"]]}
    assert "sheet '7' holds figures but no table of areas by year or month: not read" in load(book(sheets))[1].warnings


def test_a_synthetic_workbook_says_so(book):
    path = book({"1": [[TITLE], HEAD, LEEDS], "Notes": [["Synthetic: not these places' results"]]})
    assert load(path)[1].synthetic


def test_notes_below_a_table_are_left_and_figures_below_it_refused(book):
    table, _ = load(book({"1": [[TITLE], HEAD, LEEDS, [], ["[x] too few adverts"]]}))
    assert len(table) == 2
    refused(book({"1": [[TITLE], HEAD, LEEDS, [], LEEDS]}), "sheet '1', row 5", "below the end")


def test_damaged_tables_are_refused(book):
    refused(book({"1": [[TITLE], HEAD]}), "no areas below")
    refused(book({"1": [[TITLE], HEAD, [*LEEDS, 7]]}), "no heading")
    refused(book({"1": [[TITLE], [HEAD[1], HEAD[0], *HEAD[2:]], LEEDS]}), "Are columns swapped")
    refused(book({"1": [[TITLE], HEAD, ["Leeds", "Yorkshire And The Humber", "?", "?"]]}), "no value is a number")
    refused(book({"1": [[TITLE], HEAD, LEEDS, ["Leeds", "Yorkshire And The Humber", 1, 2]]}), "Leeds")
    refused(book({"6": [[TITLE], ["Year", "Region", "New"], ["Jan 2021-Bec 2021", "London", 1]]}), "as a year or month")


def test_a_cut_off_workbook_is_refused(book):
    path = book({"1": [[TITLE], HEAD, LEEDS]})
    data = path.read_bytes()
    for share in (0.2, 0.6, 0.95):
        path.write_bytes(data[: int(len(data) * share)])
        refused(path, "damaged")


COLUMNS = [
    "geographic_level",
    "area",
    "Summary Profession Category",
    "Detailed Profession Category",
    "time_period",
    "vacancies",
]
ROWS = [
    ["LEP", "North East", "Healthcare", "Nurses", "Oct 22", "[x]"],
    ["Local Skills Improvement Plan", "North East", "Healthcare", "Nurses", "Oct 22", "15"],
    ["Country", "England", "Healthcare", "Nurses", "Oct 22", "6,000"],
    ["Country", "Wales", "Healthcare", "Nurses", "Oct 22", "400"],
    ["Country", "Total UK", "Healthcare", "Nurses", "Oct 22", "7000"],
]


@pytest.fixture
def made(tmp_path):
    def write(rows, header=COLUMNS):
        path = tmp_path / "profession.csv"
        with open(path, "w", newline="", encoding="utf-8") as file:
            csv.writer(file, quoting=csv.QUOTE_ALL).writerows([header, *rows])
        return path

    return write


def test_kinds_of_area_that_share_a_name_stay_apart_and_unplaced(made):
    table, report = load(made(ROWS))
    assert table["area_code"].astype("object").fillna("").tolist() == ["", "", "E92000001", "", ""]
    assert table["source_area_code"].tolist() == ["LEP", "Local Skills Improvement Plan", "", "", ""]
    assert table["value"].fillna(-1).tolist() == [-1, 15, 6000, 400, 7000]
    assert report.areas_unplaced["North East LEP"] == 1 and report.duplicates_collapsed == 0
    assert table["breakdown"].unique().tolist() == ["healthcare / nurses"]


def test_a_contradiction_is_refused_and_a_repetition_collapsed(made):
    assert load(made([*ROWS, ROWS[2]]))[1].duplicates_collapsed == 1
    refused(made([*ROWS, [*ROWS[2][:5], "5"]]), "England")


def test_an_unknown_marker_is_missing_and_reported(made):
    table, report = load(made([*ROWS, ["LEP", "Solent", "Healthcare", "Nurses", "Oct 22", "[q]"]]))
    assert table["status"].tolist()[-1] == "not_available" and any("'[q]'" in text for text in report.warnings)


def test_a_synthetic_csv_says_so_without_a_breakdown_of_that_name(made):
    table, report = load(made([[*row, "synthetic"] for row in ROWS], [*COLUMNS, "label"]))
    assert report.synthetic and set(table["breakdown"]) == {"healthcare / nurses"}


def test_swapped_and_missing_columns_are_refused(made):
    def swapped(first, second):
        header = list(COLUMNS)
        one, other = header.index(first), header.index(second)
        header[one], header[other] = second, first
        return made(ROWS, header)

    refused(swapped("geographic_level", "area"), "geographic_level holds no Country")
    refused(swapped("time_period", "vacancies"), "no value is a number")
    refused(swapped("area", "time_period"), "'North East' as a year or month")
    refused(swapped("Detailed Profession Category", "vacancies"), "no value is a number")
    assert LAYOUT.differences(preview(made([row[:5] for row in ROWS], COLUMNS[:5]))) == ["column vacancies is missing"]


def test_a_cut_off_csv_is_refused(made):
    path = made(ROWS)
    data = path.read_bytes()
    path.write_bytes(data[:-20])
    refused(path)
    path.write_bytes(data.splitlines(keepends=True)[0])
    refused(path, "no rows")


def test_other_files_are_not_taken_for_it(real):
    assert LAYOUT.differences(preview(real("skills/nomis_aps_T19_qualifications_2017_2021.xlsx")))
    assert LAYOUT.differences(preview(real("skills/ees_permalink_fe_achievements_lad_202122.csv")))
    assert LAYOUT.differences(preview(real("geography/lait_la_code_list.xlsx")))
