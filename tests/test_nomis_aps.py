"""Nomis Annual Population Survey downloads: the published workbook against openpyxl, and made-up workbooks and CSV files."""

import csv
from collections import Counter

import openpyxl
import pytest

from datajam.observe.cells import tidy
from datajam.observe.observations import BadSource, LoadReport, check
from datajam.sources.files import preview
from datajam.sources.nomis_aps import LAYOUT
from datajam.vocabulary.markers import NOMIS_APS

REAL = "skills/nomis_aps_T19_qualifications_2017_2021.xlsx"
NVQ = ["None", "NVQ1", "NVQ2", "Trade Apprenticeships", "NVQ3", "NVQ4+", "Other Qualifications"]
GROUPS = ["All people", "Males", "Females"]
AGES = ["16-19", "20-24", "25-29", "30-39", "40-49", "50-64"]
FOOTNOTE = "* Estimate and confidence interval unreliable since the group sample size is small (3-9)."


def load(path):
    look = preview(path)
    assert LAYOUT.differences(look) == []
    report = LoadReport(LAYOUT.name, path.name)
    table = check(tidy(LAYOUT.parse(look, report), profile=LAYOUT.profile, report=report))
    assert report.balanced()
    return table, report


def the(table, area, year, indicator, breakdown="all"):
    """The one row of a published area name and year."""
    found = table[
        (table["source_area_name"] == area)
        & (table["period_start"].dt.year == year)
        & (table["indicator"] == indicator)
        & (table["breakdown"] == breakdown)
    ]
    assert len(found) == 1
    return found.iloc[0]


@pytest.fixture(scope="module")
def raw(real):
    """The published sheet's rows, read with openpyxl: (rows of areas, their years)."""
    book = openpyxl.load_workbook(real(REAL), read_only=True)
    sheet = book.worksheets[0]
    sheet.reset_dimensions()
    rows, years, year = [], [], None
    for row in filter(None, sheet.iter_rows(values_only=True)):
        if row[0] == "date":
            year = int(row[1][-4:])
        if str(row[0]).split(":")[0] in ("ladu", "lep", "country", "User Defined Geography"):
            rows.append([*row, *[None] * (190 - len(row))])
            years.append(year)
    return rows, years


@pytest.fixture(scope="module")
def published(real):
    return load(real(REAL))


def test_the_published_workbook_gives_every_cell_in_its_place(raw, published):
    rows, years = raw
    table, report = published
    assert len(rows) == 2250 and len(table) == 2250 * 63 and report.interval_cells == 2250 * 63
    numbers = [row[column] for row in rows for column in range(1, 190, 3)]
    halves = [row[column] for row in rows for column in range(3, 190, 3)]
    names = [row[0] for row in rows for _ in range(63)]
    assert table["source_area_name"].astype("str").tolist() == names
    assert table["period_start"].dt.year.tolist() == [year for year in years for _ in range(63)]
    expected = [number if isinstance(number, (int, float)) else None for number in numbers]
    assert [None if value != value else value for value in table["value"]] == expected
    pairs = [
        (number, half) if isinstance(number, (int, float)) and isinstance(half, (int, float)) else None
        for number, half in zip(numbers, halves, strict=True)
    ]
    lower = [pair and pair[0] - pair[1] for pair in pairs]
    assert [None if value != value else value for value in table["lower_ci"]] == lower
    assert [None if value != value else value for value in table["upper_ci"]] == [pair and sum(pair) for pair in pairs]


def test_the_published_workbook_gives_every_column_its_qualification_and_group(published):
    table, _ = published
    columns = table.iloc[:63]
    names = "no_qualifications_nvq nvq1_only nvq2_only trade_apprenticeships_nvq nvq3_only nvq4_plus other_qualifications_nvq"
    assert columns["indicator"].tolist() == [f"{name}_number" for name in names.split()] * 9
    groups = ["all", "males", "females", *[f"aged_{age.replace('-', '_')}" for age in AGES]]
    assert columns["breakdown"].tolist() == [group for group in groups for _ in range(7)]
    assert set(table["unit"]) == {"count"}


def test_the_published_workbook_counts_every_marker_as_openpyxl_does(raw, published):
    rows, _ = raw
    _, report = published
    counts = Counter()
    for row in rows:
        for column in range(1, 190, 3):
            number, flag, conf = row[column : column + 3]
            assert flag is None
            counts[number if isinstance(number, str) else conf if isinstance(conf, str) else "ok"] += 1
    assert report.statuses == {
        "ok": counts["ok"],
        "suppressed": counts["!"],
        "low": counts["~"],
        "not_available": counts["-"],
        "unreliable": counts["*"],
    }
    assert report.markers == {marker: counts[marker] for marker in ("!", "*", "~", "-")}
    assert report.statuses == {"ok": 69166, "suppressed": 37777, "low": 1308, "not_available": 315, "unreliable": 33184}


@pytest.mark.parametrize(
    ("area", "year", "indicator", "breakdown", "value", "half", "status", "code"),
    [
        ("country:England", 2017, "no_qualifications_nvq_number", "all", 2626900, 51400, "ok", "E92000001"),
        ("country:England", 2017, "nvq4_plus_number", "all", 13196900, 115300, "ok", "E92000001"),
        ("country:England", 2017, "nvq1_only_number", "males", 1871200, None, "ok", "E92000001"),
        ("ladu:County Durham", 2019, "nvq1_only_number", "all", 33600, 6400, "ok", "E06000047"),
        ("ladu:County Durham", 2021, "other_qualifications_nvq_number", "aged_50_64", 10900, 3800, "ok", "E06000047"),
        ("ladu:Barnsley", 2017, "no_qualifications_nvq_number", "all", 13700, 3000, "ok", "E08000038"),
        ("ladu:Barnsley", 2021, "trade_apprenticeships_nvq_number", "all", 4400, None, "ok", "E08000038"),
        ("ladu:Barnsley", 2020, "nvq4_plus_number", "aged_50_64", 16100, 3700, "ok", "E08000038"),
        ("ladu:Rutland", 2017, "trade_apprenticeships_nvq_number", "all", None, None, "low", "E06000017"),
        ("ladu:Rutland", 2019, "no_qualifications_nvq_number", "all", 500, None, "unreliable", "E06000017"),
        ("ladu:City of London", 2017, "no_qualifications_nvq_number", "all", None, None, "suppressed", "E09000001"),
        ("ladu:City of London", 2020, "nvq4_plus_number", "aged_50_64", 8000, None, "unreliable", "E09000001"),
        ("ladu:Isles of Scilly", 2021, "nvq4_plus_number", "all", None, None, "not_available", "E06000053"),
        ("ladu:Shetland Islands", 2021, "no_qualifications_nvq_number", "all", 1600, None, "unreliable", None),
        ("ladu:Renfrewshire", 2021, "nvq4_plus_number", "all", 55900, 7100, "ok", None),
        ("lep:North East", 2021, "no_qualifications_nvq_number", "all", 105400, 9800, "ok", None),
    ],
)
def test_the_published_workbook_has_the_cells_picked_by_hand(
    published, area, year, indicator, breakdown, value, half, status, code
):
    row = the(published[0], area, year, indicator, breakdown)
    assert row["status"] == status
    assert (row["value"] == value) if value is not None else row["value"] != row["value"]
    assert (row["area_code"] == code) if code else row["area_code"] != row["area_code"]
    if half is not None:
        assert (row["lower_ci"], row["upper_ci"]) == (value - half, value + half)
    assert row["period_label"] == f"Jan {year}-Dec {year}"
    assert (row["period_start"].isoformat()[:10], row["period_end"].isoformat()[:10]) == (f"{year}-01-01", f"{year}-12-31")


def test_the_published_workbook_places_128_authorities_and_england_only(published):
    table, report = published
    assert report.areas_matched == 129
    levels = table["area_level"].value_counts()
    assert (levels["la"], levels["lad"], levels["country"]) == (128 * 315, 235 * 315, 315)
    assert table["area_level"].isna().sum() == 86 * 315
    kinds = table.loc[table["area_code"].notna(), "source_area_name"].astype("str").str.split(":").str[0]
    assert set(kinds) == {"ladu", "country"}
    assert report.areas_mapped == {} and report.warnings == []


@pytest.fixture
def book(tmp_path):
    """Write a workbook as Nomis does: a table for each (year, headers, {area: cells}), merged headers, footnotes below."""

    def write(*tables, under=("number", "Flags", "conf"), extra=(), name="aps.xlsx", sheets=()):
        book = openpyxl.Workbook()
        sheet = book.active
        for year, headers, areas in tables:
            sheet.append(["annual population survey"])
            sheet.append(["ONS Crown Copyright Reserved [from Nomis on 24 April 2023]"])
            sheet.append([])
            sheet.append(["date", f"Jan {year}-Dec {year}"])
            sheet.append(["confidence", "95% confidence interval (+/-)"])
            sheet.append([])
            sheet.append(["Area", *[text for header in headers for text in (header, *[None] * (len(under) - 1))]])
            top = sheet.max_row
            for column in range(2, 2 + len(under) * len(headers), len(under)):
                sheet.merge_cells(start_row=top, end_row=top, start_column=column, end_column=column + len(under) - 1)
            sheet.append([None, *under * len(headers)])
            for area, cells in areas.items():
                sheet.append([area, *cells])
            sheet.append([])
            sheet.append([FOOTNOTE])
            sheet.append([])
        for row in extra:
            sheet.append(row)
        for title in sheets:
            book.create_sheet(title).append(["nothing"])
        path = tmp_path / name
        book.save(path)
        return path

    return write


NONE = "T19:1 (Total - All people aged 16-64 : None )"
LEVEL4 = "T19:6 (Total - All people aged 16-64 : {}4+ )"


def refused(path, *words):
    with pytest.raises(BadSource) as error:
        load(path)
    message = str(error.value)
    assert path.name in message and "\n" not in message
    assert all(word in message for word in words), message


def test_stacked_tables_are_read_each_with_its_own_year(book):
    headers = [NONE, LEVEL4.format("NVQ")]
    areas = {"ladu:Barnsley": [100, None, 30, 700, None, 50], "gor:North East": [900, None, 60, "!", None, "!"]}
    table, report = load(book((2020, headers, areas), (2021, headers, {**areas, "ladu:Leeds": [1, None, "*", "~", None, "*"]})))
    assert report.periods == ["2020", "2021"] and len(table) == 10 and report.interval_cells == 10
    barnsley = the(table, "ladu:Barnsley", 2020, "nvq4_plus_number")
    assert (barnsley["value"], barnsley["lower_ci"], barnsley["upper_ci"]) == (700, 650, 750)
    assert (barnsley["area_code"], barnsley["area_name"]) == ("E08000038", "Barnsley")
    region = the(table, "gor:North East", 2021, "nvq4_plus_number")
    assert (region["area_code"], region["area_level"], region["status"]) == ("E12000001", "region", "suppressed")
    leeds = table[table["source_area_name"] == "ladu:Leeds"]
    assert leeds["status"].tolist() == ["unreliable", "low"] and leeds["status_raw"].tolist() == ["*", "~"]
    assert leeds["value"].iloc[0] == 1 and leeds["value"].isna().iloc[1]


def test_nvq_and_rqf_are_never_one_indicator(book):
    areas = {"ladu:Leeds": [10, None, 3, 70, None, 5]}
    path = book((2021, [NONE, LEVEL4.format("NVQ")], areas), (2022, [NONE, LEVEL4.format("RQF")], areas))
    table, _ = load(path)
    by_year = table.groupby(table["period_start"].dt.year)["indicator"].agg(lambda names: sorted(map(str, names)))
    assert by_year[2021] == ["no_qualifications_nvq_number", "nvq4_plus_number"]
    assert by_year[2022] == ["no_qualifications_rqf_number", "rqf4_plus_number"]


def test_areas_that_only_share_a_name_with_a_place_are_not_that_place(book):
    names = [
        "lep:North East",
        "lep:London",
        "User Defined Geography:North East-LSIP",
        "ladu:North East",
        "gor:Leeds",
        "ladu:Newport",
    ]
    table, report = load(book((2021, [NONE], {name: [10, None, 3] for name in names})))
    assert table["area_code"].isna().all()
    assert report.areas_unplaced == dict.fromkeys(names, 1)
    assert table["area_level"].astype("object").tolist()[3] == "lad" and table["area_level"].isna().tolist()[:3] == [True] * 3


def test_a_half_interval_wider_than_its_estimate_is_not_cut_off_at_nothing(book):
    table, _ = load(book((2021, [NONE], {"ladu:Leeds": [500, None, 700.5]})))
    assert table["lower_ci"].tolist() == [-200.5] and table["upper_ci"].tolist() == [1200.5]


def test_a_marker_in_the_flags_column_is_read(book):
    areas = {"ladu:Leeds": [500, "*", 100], "ladu:York": [None, "!", None], "ladu:Bury": [None, None, None]}
    table, _ = load(book((2021, [NONE], areas)))
    assert table["status"].tolist() == ["unreliable", "suppressed", "not_available"]
    assert table["value"].tolist()[0] == 500 and table["upper_ci"].tolist()[0] == 600


def test_an_interval_that_is_missing_is_reported_and_its_estimate_kept(book):
    table, report = load(book((2021, [NONE], {"ladu:Leeds": [500, None, "-"], "ladu:York": [5, None, "!"]})))
    assert table["value"].tolist()[0] == 500 and table["status"].tolist() == ["ok", "suppressed"]
    assert table["lower_ci"].isna().all()
    assert report.warnings == ["1 estimates without an interval: conf holds '-'"]


def test_an_unknown_marker_is_missing_and_reported(book):
    table, report = load(book((2021, [NONE], {"ladu:Leeds": ["?", None, 3], "ladu:York": [5, None, 3]})))
    assert table["status"].tolist() == ["not_available", "ok"] and table["status_raw"].tolist()[0] == "?"
    assert any("'?'" in text for text in report.warnings)


def test_percentages_with_their_parts_are_three_indicators(book):
    under = ("numerator", "denominator", "percent", "conf")
    table, report = load(book((2022, ["% with RQF4+ - aged 16-64"], {"ladu:Leeds": [200, 500, 40.1, 3.2]}), under=under))
    assert table["indicator"].tolist() == ["rqf4_plus_number", "rqf4_plus_denominator", "rqf4_plus_percent"]
    assert table["unit"].tolist() == ["count", "count", "percent"] and report.interval_cells == 1
    assert table["lower_ci"].tolist()[2] == 36.9 and table["lower_ci"].isna().tolist() == [True, True, False]


def test_a_synthetic_workbook_says_so(book):
    path = book((2021, [NONE], {"ladu:Leeds": [5, None, 3]}), extra=[["Synthetic: not these places' results"]])
    assert load(path)[1].synthetic


def test_a_sheet_without_tables_is_reported(book):
    _, report = load(book((2021, [NONE], {"ladu:Leeds": [5, None, 3]}), sheets=["Sheet 2"]))
    assert report.warnings == ["sheet 'Sheet 2' has no table of areas: not read"]


def test_swapped_number_and_conf_are_refused(book):
    areas = {"ladu:Leeds": ["*", None, 500], "ladu:York": [30, None, 500]}
    refused(book((2021, [NONE], areas)), "swapped")
    refused(book((2021, [NONE], {"ladu:Leeds": [500, None, -30]})), "negative")


@pytest.mark.parametrize("row", [["", "", 12], [None, None, None, 12], ["Total", 1, 2, 3]])
def test_figures_outside_the_tables_are_refused(book, row):
    refused(book((2021, [NONE], {"ladu:Leeds": [5, None, 3]}), extra=[row]), "row 13 holds figures outside")


def test_an_area_without_a_name_is_refused(book):
    refused(book((2021, [NONE], {"ladu:Leeds": [5, None, 3], None: [6, None, 3]})), "row 10 holds figures outside")


def test_an_unknown_or_missing_heading_is_refused(book):
    table = (2021, [NONE], {"ladu:Leeds": [5, None, 3]})
    refused(book(table, under=("number", "Flags", "margin")), "row 8", "'margin'")
    refused(book(table, under=("Flags", "Flags", "conf")), "no column of the table is headed number")
    refused(book((2021, [NONE], {"ladu:Leeds": [5, 7, 3]}), under=("number", None, "conf")), "no heading")
    refused(book((2021, [None], {"ladu:Leeds": [5, None, 3]})), "stands under no variable")


def test_a_table_without_areas_or_figures_is_refused(book):
    refused(book((2021, [NONE], {})), "no areas below this header")
    refused(book((2021, [NONE], {"ladu:Leeds": ["?", None, "?"]})), "no estimate is a number")


def test_a_table_without_its_date_is_refused(book):
    path = book((2021, [NONE], {"ladu:Leeds": [5, None, 3]}), extra=[["Area", NONE], [None, "number"], ["ladu:York", 5]])
    refused(path, "row 13", "one row 'date'")
    refused(book(("soon", [NONE], {"ladu:Leeds": [5, None, 3]})), "soon")


@pytest.mark.parametrize("label", ["2021", "Jan 2021-Bec 2021", "Dec 2021-Jan 2021", "Jan 2021", ""])
def test_a_date_that_is_no_span_of_months_is_refused(api, label):
    lines = [line(*LEEDS, RQF4, "Variable", 45.6)]
    lines[0][HEADER.index("DATE_NAME")] = label
    refused(api(lines), f"cannot read {label!r} as a period")


def test_a_cut_off_workbook_is_refused(book):
    path = book((2021, [NONE], {"ladu:Leeds": [5, None, 3]}))
    data = path.read_bytes()
    for share in (0.2, 0.6, 0.95):
        path.write_bytes(data[: int(len(data) * share)])
        refused(path, "damaged")


HEADER = [
    "DATE",
    "DATE_NAME",
    "GEOGRAPHY",
    "GEOGRAPHY_NAME",
    "GEOGRAPHY_CODE",
    "VARIABLE",
    "VARIABLE_NAME",
    "MEASURES",
    "MEASURES_NAME",
    "OBS_VALUE",
    "OBS_STATUS",
    "OBS_STATUS_NAME",
    "RECORD_COUNT",
]
MISSING = "These figures are missing."
SMALL = "Estimate and confidence interval unreliable since the group sample size is small (3-9)."
NOBODY = "Estimate and confidence interval not available since the group sample size is zero or disclosive (0-2)."
RQF4, NVQ4 = "% with RQF4+ - aged 16-64", "% with NVQ4+ - aged 16-64"


def line(name, code, variable, measure, value, status="A", why="Normal Value", year=2022):
    return [f"{year}-12", f"Jan {year}-Dec {year}", "1", name, code, "2", variable, "3", measure, value, status, why, "9"]


@pytest.fixture
def api(tmp_path):
    """Write the CSV the Nomis API gives, all cells quoted that are text."""

    def write(lines, header=HEADER):
        path = tmp_path / "data.csv"
        with open(path, "w", newline="", encoding="utf-8") as file:
            csv.writer(file, quoting=csv.QUOTE_NONNUMERIC).writerows([header, *lines])
        return path

    return write


LEEDS = ("Leeds", "E08000035")


def test_the_api_pairs_an_estimate_with_the_interval_in_another_row(api):
    lines = [
        line(*LEEDS, RQF4, "Confidence", 3.1),
        line("North East", "E12000001", RQF4, "Variable", 40.2),
        line(*LEEDS, RQF4, "Variable", 45.6),
        line("North East", "E12000001", RQF4, "Confidence", 1.4),
        line(*LEEDS, RQF4, "Denominator", 500000),
    ]
    table, report = load(api(lines))
    assert table["indicator"].tolist() == ["rqf4_plus_percent", "rqf4_plus_percent", "rqf4_plus_denominator"]
    assert table["value"].tolist() == [40.2, 45.6, 500000]
    assert table["lower_ci"].tolist()[:2] == [38.8, 42.5] and table["upper_ci"].tolist()[:2] == [41.6, 48.7]
    assert table["area_code"].tolist() == ["E12000001", "E08000035", "E08000035"]
    assert report.interval_cells == 2 and report.warnings == [] and set(table["breakdown"]) == {"all"}


def test_the_api_keeps_nvq_and_rqf_apart(api):
    lines = [
        line(*LEEDS, NVQ4, "Variable", 40.0, year=2021),
        line(*LEEDS, RQF4, "Variable", 45.0, year=2022),
        line(*LEEDS, "% with no qualifications (NVQ) - aged 16-64", "Variable", 7.0, year=2021),
        line(*LEEDS, "% with no qualifications (RQF) - aged 16-64", "Variable", 6.0, year=2022),
        line(*LEEDS, "% with NVQ3 only - aged 16-64", "Variable", 12.0, year=2021),
        line(*LEEDS, "% with NVQ3+ - aged 16-64", "Variable", 52.0, year=2021),
    ]
    names = ["nvq4_plus", "rqf4_plus", "no_qualifications_nvq", "no_qualifications_rqf", "nvq3_only", "nvq3_plus"]
    assert load(api(lines))[0]["indicator"].tolist() == [f"{name}_percent" for name in names]


def test_the_api_reads_table_cells_of_counts(api):
    header = ["CELL_NAME" if name == "VARIABLE_NAME" else name for name in HEADER]
    lines = [line(*LEEDS, "T19:13 (Total - Males aged 16-64 : NVQ4+ )", "Value", 90000, year=2021)]
    table, _ = load(api(lines, header))
    assert table.loc[0, ["indicator", "breakdown", "unit"]].tolist() == ["nvq4_plus_number", "males", "count"]


def test_the_api_says_why_a_figure_is_missing_or_unreliable(api):
    lines = [
        line(*LEEDS, RQF4, "Variable", "", "Q", MISSING),
        line("Rutland", "E06000017", RQF4, "Variable", 31.0),
        line("Rutland", "E06000017", RQF4, "Confidence", "", "S", SMALL),
        line("City of London", "E09000001", RQF4, "Variable", "", "N", NOBODY),
        line("York", "E06000014", RQF4, "Variable", 52.0, "*", ""),
        line("Bury", "E08000002", RQF4, "Variable", "", "~", ""),
    ]
    table, report = load(api(lines))
    assert table["status"].tolist() == ["not_available", "unreliable", "suppressed", "unreliable", "low"]
    assert table["value"].tolist()[1] == 31 and table["value"].tolist()[3] == 52
    assert table["status_raw"].tolist() == [MISSING[:-1], SMALL[:-1], NOBODY[:-1], "*", "~"]
    assert report.warnings == []


def test_the_api_reads_statuses_from_codes_alone(api):
    drop = HEADER.index("OBS_STATUS_NAME")
    lines = [line(*LEEDS, RQF4, "Variable", ""), line("York", "E06000014", RQF4, "Variable", 52.0)]
    lines[0][HEADER.index("OBS_STATUS")] = "Q"
    shorter = [[cell for index, cell in enumerate(row) if index != drop] for row in (HEADER, *lines)]
    assert load(api(shorter[1:], shorter[0]))[0]["status"].tolist() == ["not_available", "ok"]


def test_the_api_reports_an_unknown_status_and_an_interval_alone(api):
    lines = [line(*LEEDS, RQF4, "Variable", 45.6, "Z", ""), line("York", "E06000014", RQF4, "Confidence", 2.0)]
    table, report = load(api(lines))
    assert len(table) == 1 and report.interval_cells == 1
    assert any("'Z'" in text for text in report.warnings)
    assert "1 confidence figures have no estimate beside them" in report.warnings


def test_the_api_collapses_repeated_rows_and_refuses_contradictions(api):
    same = line(*LEEDS, RQF4, "Variable", 45.6)
    table, report = load(api([same, same]))
    assert len(table) == 1 and report.duplicates_collapsed == 1
    refused(api([same, line(*LEEDS, RQF4, "Variable", 46.6)]), "Leeds")
    refused(api([same, line(*LEEDS, RQF4, "Confidence", 1), line(*LEEDS, RQF4, "Confidence", 2)]), "two different confidence")


def test_an_ended_code_in_the_api_stands_for_its_successor(api):
    table, report = load(api([line("Barnsley", "E08000016", RQF4, "Variable", 30.0)]))
    assert table["area_code"].tolist() == ["E08000038"] and table["source_area_code"].tolist() == ["E08000016"]
    assert report.areas_mapped == {"Barnsley E08000016": "E08000038"}


def test_swapped_columns_in_the_api_csv_are_refused(api):
    def swapped(first, second):
        header = list(HEADER)
        one, other = header.index(first), header.index(second)
        header[one], header[other] = second, first
        return api([line(*LEEDS, RQF4, "Variable", 45.6)], header)

    refused(swapped("GEOGRAPHY_NAME", "GEOGRAPHY_CODE"), "GEOGRAPHY_CODE")
    refused(swapped("VARIABLE_NAME", "MEASURES_NAME"), "MEASURES_NAME")
    refused(swapped("OBS_VALUE", "OBS_STATUS"), "no estimate is a number")
    refused(swapped("DATE_NAME", "VARIABLE_NAME"), "period")


def test_a_cut_off_api_csv_is_refused_or_warned_of(api):
    path = api([line(*LEEDS, RQF4, "Variable", 45.6), line("York", "E06000014", RQF4, "Variable", 52.0)])
    data = path.read_bytes()
    path.write_bytes(data[:-30])
    refused(path, "line 3")
    path.write_bytes(data.rstrip())
    assert "cut short" in load(path)[1].warnings[0]
    path.write_bytes(data.splitlines(keepends=True)[0])
    refused(path)


def test_only_intervals_are_refused(api):
    refused(api([line(*LEEDS, RQF4, "Confidence", 3.0)]), "no rows of estimates")


def test_numbers_and_percentages_that_share_an_interval_are_refused(api):
    lines = [line(*LEEDS, RQF4, measure, 5.0) for measure in ("Value", "Percent", "Confidence")]
    refused(api(lines), "share one conf")


def test_a_synthetic_api_csv_says_so(api):
    rows = [[*line(*LEEDS, RQF4, "Variable", 45.6), "synthetic"]]
    assert load(api(rows, [*HEADER, "NOTE"]))[1].synthetic


def test_other_files_are_not_taken_for_it(tmp_path, real):
    path = tmp_path / "other.csv"
    path.write_text("a,b\n1,2\n")
    differences = LAYOUT.differences(preview(path))
    assert "column GEOGRAPHY_CODE is missing" in differences and len(differences) == 7
    assert LAYOUT.differences(preview(real("skills/ons_adzuna_labour_demand_by_la_2017_2022.xlsx")))
    assert LAYOUT.differences(preview(real("skills/dfe_ons_textkernel_profession_oct22.csv")))


def test_the_markers_are_those_of_the_published_profile():
    assert NOMIS_APS.markers.items() <= LAYOUT.profile.markers.items()
