"""The LAIT reader: the real file against pyarrow and csv alone, made-up files for each quirk and each kind of damage."""

import csv
import re
from collections import Counter
from contextlib import suppress

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from datajam.observe import observations
from datajam.observe.cells import tidy
from datajam.observe.observations import BadSource, LoadReport
from datajam.sources.dfe_lait import LAYOUT
from datajam.sources.files import preview

REAL = "attainment/lait_bds_long_0.parquet"
NAMES = ("Short Desc", "Data item", "Years", "LA and Regions", "Values", "LA Number", "Region")
ROWS = [
    ("Att8", "Attainment 8", "2025", "England", "46", 970.0, "NA"),
    ("Att8", None, "2025", "Durham", "44.200000000000003", 840.0, "North East"),
    ("Att8", None, "2025", "Cumbria", "-", 909.0, "North West"),
    ("Att8", None, "2025 (prov)", "London (Inner)", "7.0000000000000007E-2", 987.0, "NA"),
    ("Att8%", None, "2024-25", "Durham", "51", 840.0, "North East"),
    ("Permanent", "Excluded", "0", "Durham", "-", 840.0, "North East"),
    ("Roads", "Killed or injured", "2014-16", "Barnsley", "12.5", 370.0, "Yorkshire and The Humber"),
    ("Care", "In care", "2024", "Yorkshire and the Humber", "80", 982.0, "NA"),
    ("Meals", "Free meals", "2024", "York", "104.5", 816.0, "Yorkshire and The Humber"),
    ("Staff", "Social workers", "2024", "York", "300", 816.0, "Yorkshire and The Humber"),
    ("Spending", "Spend", "2016-17 (OT)", "York", "12345678", 816.0, "Yorkshire and The Humber"),
]
DESCRIBED = [
    ("Att8", "Attainment 8", "Score per pupil", "Academic Year"),
    ("Att8%", "Pupils at the standard (%)", "% of pupils", "Academic Year"),
    ("Permanent", "Excluded (%)", "% of pupils", "Academic Year"),
    ("Roads", "Killed or injured", "Rate per 100,000", "Calendar Year"),
    ("Care", "In care", "Rate per 10,000", "Financial Year"),
    ("Meals", "Free meals (%)", "% of pupils", "Annual - January"),
    ("Staff", "Social workers", "Social Workers", "Annual (end of Sept)"),
    ("Spending", "Spend", "Spend", "Financial Year"),
    ("Att8", "The same under a second topic", "Score per pupil", "Academic Year"),
]


def load(path):
    look = preview(path)
    assert LAYOUT.differences(look) == []
    report = LoadReport(LAYOUT.name, path.name)
    table = tidy(LAYOUT.parse(look, report), profile=LAYOUT.profile, report=report)
    assert report.balanced()
    return observations.check(table), report


def write(folder, rows=ROWS, names=NAMES, described=DESCRIBED):
    """A small long table, and a data dictionary beside it where it has rows."""
    if described:
        with open(folder / "Data_Dictionary.csv", "w", encoding="utf-8", newline="") as file:
            lines = csv.writer(file)
            lines.writerow(["Topic", "Measure_short", "Chart_title", "y_axis_name", "Year_Type", "Methodology"])
            lines.writerows([("Topic", *row, "two\r\r\nlines") for row in described])
    path = folder / "long.parquet"
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(names)
    pq.write_table(pa.Table.from_arrays([pa.array(column) for column in columns], names=list(names)), path, row_group_size=4)
    return path


def changed(index, name, value):
    """The made-up rows with one cell changed."""
    rows = [list(row) for row in ROWS]
    rows[index][NAMES.index(name)] = value
    return rows


def cell(table, name, indicator, label):
    found = table[(table["source_area_name"] == name) & (table["indicator"] == indicator) & (table["period_label"] == label)]
    assert len(found) == 1
    return found.iloc[0]


PICKED = [
    ("RTA", "2014-16", 301, "Barking and Dagenham", "E09000002", "Jan 2014-Dec 2016", "2014-01-01", "2016-12-31", 12.13),
    ("Vacancies_cover", "2025", 990, "South West", "E12000009", "Oct 2024-Sep 2025", "2024-10-01", "2025-09-30", 76.6),
    ("AVG_Attain8_Score", "2025", 980, "North East", "E12000001", "2024/25", "2024-09-01", "2025-08-31", 44.1),
    ("AVG_Attain8_Score", "2025", 391, "Newcastle upon Tyne", "E08000021", "2024/25", "2024-09-01", "2025-08-31", 43.9),
    ("FSM_AVG_Attain8_Score", "2025", 970, "England", "E92000001", "2024/25", "2024-09-01", "2025-08-31", 35),
    ("16-17 NEET", "2025", 370, "Barnsley", "E08000038", "2024/25", "2024-04-01", "2025-03-31", 3.9),
    ("A3A", "2025 (Rev)", 970, "England", "E92000001", "2024/25 (Rev)", "2024-09-01", "2025-08-31", 14.88),
    ("KS1P_all", "2025 (prov)", 988, "London (Outer)", "E13000002", "2024/25 (prov)", "2024-09-01", "2025-08-31", 82),
    ("LACFinance", "2024-25 (OT)", 373, "Sheffield", "E08000039", "2024-25 (OT)", "2024-04-01", "2025-03-31", 2295),
    ("Hosp_Adm_Alc_<18yrs", "2021/22-23/24", 909, "Cumbria", None, "2021/22-23/24", "2021-04-01", "2024-03-31", None),
    ("LAC_ceased_SGO%", "2024", 301, "Barking and Dagenham", "E09000002", "2023/24", "2023-04-01", "2024-03-31", 11),
    ("LAC_ceased_SGO", "2024", 970, "England", "E92000001", "2023/24", "2023-04-01", "2024-03-31", 3890),
    ("PriFSM", "2024", 837, "Bournemouth (Pre LG)", None, "2024", "2024-01-01", "2024-01-31", None),
    ("HE_19_All", "2023-24", 420, "Isles of Scilly", "E06000053", "2023-24", "2023-09-01", "2024-08-31", 35),
    ("LAC", "2024", 202, "Camden", "E09000007", "2024", "2024-01-01", "2024-12-31", 59),
    ("PreChildDea", "2018", 970, "England", "E92000001", "2017/18", "2017-04-01", "2018-03-31", 1015),
    ("Premium", "2025-26", 982, "Yorkshire and the Humber", "E12000003", "2025-26", "2025-04-01", "2026-03-31", 244027),
]


def indicator_of(short):
    return re.sub(r"[^0-9a-z]+", "_", short.lower().replace("%", " percent ")).strip("_")


@pytest.fixture(scope="module")
def published(real):
    """The real file by pyarrow alone, a dict for each row."""
    return pq.read_table(real(REAL)).to_pydict()


@pytest.fixture(scope="module")
def loaded(real):
    path = real(REAL)
    real("attainment/lait_data_dictionary.csv")
    return load(path)


def test_picked_cells_of_the_real_file_are_read_as_published(published, loaded):
    table, _ = loaded
    keys = zip(published["Short Desc"], published["Years"], published["LA Number"], strict=True)
    wanted = {row[:3]: row[8] for row in PICKED}
    values = {key: text for key, text in zip(keys, published["Values"], strict=True) if key in wanted}
    for short, years, number, name, code, label, start, end, value in PICKED:
        raw = values[short, years, float(number)]
        assert raw == "-" if value is None else float(raw) == value
        got = cell(table, name, indicator_of(short), label)
        assert (got["status"], got["status_raw"] == "-") == (("not_available", True) if value is None else ("ok", False))
        assert got[["value"]].isna().all() if value is None else got["value"] == value
        assert got[["area_code"]].isna().all() if code is None else got["area_code"] == code
        assert (str(got["period_start"].date()), str(got["period_end"].date())) == (start, end)


def test_every_row_of_the_real_file_comes_out_or_is_reported(published, loaded):
    table, report = loaded
    undated = [value for year, value in zip(published["Years"], published["Values"], strict=True) if year == "0"]
    assert set(undated) == {"-"}
    assert len(published["Values"]) == 641_070 == report.rows_in == report.cells_in
    assert report.left_out == len(undated) == 170 and report.rows_out == len(table) == 640_900 and report.balanced()
    assert report.warnings[0] == "170 rows of CINPermExclusion left out: they have neither a year nor a value"
    assert report.duplicates_collapsed == report.interval_cells == 0


def test_every_marker_of_the_real_file_is_counted(published, loaded):
    table, report = loaded
    raw = Counter(text for text in published["Values"] if not re.fullmatch(r"-?\d+(\.\d+)?(E-?\d+)?", text))
    assert raw == {"-": 93_883}
    assert report.markers == {"-": 93_883 - 170}
    assert report.statuses == {"ok": 547_187, "not_available": 93_713}
    assert table["value"].sum() == pytest.approx(sum(float(text) for text in published["Values"] if text != "-"), rel=1e-12)


def test_the_areas_of_the_real_file_are_the_authorities_and_the_regions_and_five_that_ended(loaded):
    table, report = loaded
    assert table["area_level"].value_counts().gt(0).sum() == 4
    assert report.areas_matched == 153 + 1 + 9 + 2
    assert {name: code for name, code in (text.rsplit(" ", 1) for text in report.areas_unplaced)} == {
        "Bournemouth (Pre LG)": "837",
        "Poole (Pre LG)": "836",
        "Dorset (Pre LG)": "835",
        "Cumbria": "909",
        "Northamptonshire": "928",
    }
    assert set(report.areas_unplaced.values()) == {3770}


def test_labels_and_units_of_the_real_file_are_those_of_the_dictionary(real, loaded):
    table, report = loaded
    with open(real("attainment/lait_data_dictionary.csv"), encoding="utf-8-sig", newline="") as file:
        titles = {row["Measure_short"].strip(): row for row in reversed(list(csv.DictReader(file)))}
    assert len(report.indicators) == len(set(table["indicator"])) == len(titles) == 434
    assert report.labels["16_17_neet"] == titles["16-17 NEET"]["Chart_title"]
    assert report.labels["cinpermexclusion"] == titles["CINPermExclusion"]["Chart_title"]
    units = dict(zip(table["indicator"], table["unit"], strict=True))
    percents = {indicator_of(name) for name, row in titles.items() if "%" in row["y_axis_name"]} - {"prechilddea"}
    assert len(percents) > 250 and {units[name] for name in percents} == {"percent"}
    assert units["prechilddea"] == "count"
    assert [units[name] for name in ("lac", "rta", "lacfinance", "c_ypexpenditure", "avg_attain8_score")] == [
        "rate_per_10k",
        "rate_per_100k",
        "gbp_week",
        "gbp_year",
        "score",
    ]
    assert {"rate_per_1k", "rate_per_10k"} <= set(units.values()) and "index" not in units.values()


def test_each_quirk_of_a_small_file_is_read(tmp_path):
    table, report = load(write(tmp_path))
    assert (report.rows_in, report.rows_out, report.markers) == (11, 10, {"-": 1})
    assert cell(table, "Durham", "att8", "2024/25")["value"] == 44.2
    assert cell(table, "Durham", "att8", "2024/25")["area_code"] == "E06000047"
    assert cell(table, "Durham", "att8_percent", "2024-25")["unit"] == "percent"
    assert cell(table, "London (Inner)", "att8", "2024/25 (prov)")[["value", "area_code"]].tolist() == [0.07, "E13000001"]
    assert cell(table, "Barnsley", "roads", "Jan 2014-Dec 2016")["area_code"] == "E08000038"
    assert cell(table, "Yorkshire and the Humber", "care", "2023/24")["unit"] == "rate_per_10k"
    assert str(cell(table, "York", "meals", "2024")["period_end"].date()) == "2024-01-31"
    assert str(cell(table, "York", "staff", "Oct 2023-Sep 2024")["period_start"].date()) == "2023-10-01"
    assert cell(table, "York", "spending", "2016-17 (OT)")[["value", "unit"]].tolist() == [12345678, "gbp_year"]
    assert report.areas_unplaced == {"Cumbria 909": 1}
    assert report.labels["att8"] == "Attainment 8"
    assert report.labels["att8_percent"] == "Pupils at the standard (%)"
    assert report.warnings == [
        "1 rows of Permanent left out: they have neither a year nor a value",
        "meals: 1 percentages above 100, kept as published",
    ]


def test_without_a_data_dictionary_the_file_is_read_with_a_warning(tmp_path):
    table, report = load(write(tmp_path, described=()))
    assert report.warnings[1] == (
        "no data dictionary beside the file: 7 measures with years read as calendar years and units guessed"
    )
    assert str(cell(table, "Durham", "att8", "2025")["period_start"].date()) == "2025-01-01"
    assert report.labels["att8"] == "Attainment 8"
    assert cell(table, "Durham", "att8_percent", "2024-25")["unit"] == "percent"


def test_a_measure_the_dictionary_lacks_is_named(tmp_path):
    _, report = load(write(tmp_path, described=DESCRIBED[1:-1]))
    assert "not in the data dictionary: Att8: 1 measures with years read as calendar years and units guessed" in report.warnings


def test_another_csv_file_named_dictionary_is_passed_over(tmp_path):
    (tmp_path / "A_dictionary.csv").write_text("word,meaning\nhack,event\n", encoding="utf-8")
    _, report = load(write(tmp_path))
    assert not any("dictionary" in text for text in report.warnings)


def test_measures_whose_names_differ_only_in_signs_stay_apart(tmp_path):
    rows = [(name, None, "2024", "York", "1", 816.0, "NA") for name in ("Pri_ Pup", "Pri_Pup", "Pri-Pup")]
    table, _ = load(write(tmp_path, rows, described=()))
    assert sorted(table["indicator"]) == ["pri_pup", "pri_pup_2", "pri_pup_3"]


@pytest.mark.parametrize("numbers", [("970", "840"), (970, 840)])
def test_area_numbers_may_be_texts_or_whole_numbers(tmp_path, numbers):
    rows = [(*row[:5], number, row[6]) for row, number in zip(ROWS, numbers, strict=False)]
    table, _ = load(write(tmp_path, rows))
    assert list(table["area_code"]) == ["E92000001", "E06000047"]


def test_nothing_in_a_value_or_an_unknown_marker_is_missing_and_reported(tmp_path):
    rows = changed(0, "Values", None)
    rows[1][NAMES.index("Values")] = "x"
    table, report = load(write(tmp_path, rows))
    assert cell(table, "England", "att8", "2024/25")["status"] == "not_available"
    assert report.markers == {"-": 1, "": 1, "x": 1}
    assert "value: 1 markers this source does not define, read as missing: 'x'" in report.warnings


def test_a_number_that_is_nobodys_stays_unplaced_under_its_number(tmp_path):
    rows = changed(0, "LA Number", 1000.0)
    rows[0][NAMES.index("LA and Regions")] = "England (discontinued)"
    _, report = load(write(tmp_path, rows))
    assert report.areas_unplaced == {"England (discontinued) 1000": 1, "Cumbria 909": 1}


def test_a_synthetic_file_says_so(tmp_path):
    assert load(write(tmp_path, changed(0, "Data item", "Synthetic: not these places' results")))[1].synthetic


@pytest.mark.parametrize(
    "index, name, value, message",
    [
        (1, "LA Number", 302.0, r"data row 2: 'Durham' has LA Number '302', which is Barnet, not County Durham \(E06000047\)"),
        (1, "LA Number", 840.5, r"data row 2: 'Durham' has LA Number '840\.5', which is no number of an area"),
        (2, "Short Desc", None, "data row 3: Short Desc is empty"),
        (5, "Values", "3.1", "data row 6: Permanent has the value 3.1 and '0' for its year"),
        (1, "Years", "soon", "Cannot read 'soon' as a period"),
        (3, "Years", "2025", None),
    ],
)
def test_cells_that_contradict_each_other_are_refused(tmp_path, index, name, value, message):
    path = write(tmp_path, changed(index, name, value))
    if message is None:
        assert load(path)[1].rows_out == 10
        return
    with pytest.raises(BadSource, match=message) as refusal:
        load(path)
    assert "long.parquet" in str(refusal.value) and "\n" not in str(refusal.value)


@pytest.mark.parametrize(
    "first, second",
    [
        ("LA Number", "Values"),
        ("LA and Regions", "Region"),
        ("Short Desc", "Data item"),
        ("Years", "Values"),
        ("Short Desc", "Years"),
        ("LA Number", "Region"),
    ],
)
def test_swapped_columns_are_refused(tmp_path, first, second):
    names = list(NAMES)
    one, other = names.index(first), names.index(second)
    names[one], names[other] = second, first
    with pytest.raises(BadSource):
        load(write(tmp_path, names=names))


def test_two_different_values_for_one_place_are_refused(tmp_path):
    other = ("Att8", None, "2025", "Durham", "45", 840.0, "North East")
    with pytest.raises(BadSource, match="two different values for Durham, 2024/25"):
        load(write(tmp_path, [*ROWS, other]))


def test_a_column_given_twice_is_refused(tmp_path):
    rows = [(*row, "2020") for row in ROWS]
    with pytest.raises(BadSource, match="column 'Years' is there twice"):
        load(write(tmp_path, rows, (*NAMES, "Years ")))


def test_a_file_without_rows_is_refused(tmp_path):
    with pytest.raises(BadSource, match="no rows of data"):
        load(write(tmp_path, []))


def test_columns_of_lists_are_refused(tmp_path):
    rows = [(*row[:4], [row[4]], *row[5:]) for row in ROWS]
    with pytest.raises(BadSource, match="a damaged Parquet file"):
        load(write(tmp_path, rows))


@pytest.mark.parametrize("share", [0.1, 0.5, 0.99])
def test_a_truncated_file_is_refused(tmp_path, share):
    path = write(tmp_path)
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(BadSource, match="a damaged Parquet file"):
        load(path)


def test_damage_inside_the_file_is_refused_or_leaves_a_valid_table(tmp_path):
    path = write(tmp_path)
    data = path.read_bytes()
    for start in range(4, len(data) - 8, 97):
        path.write_bytes(data[:start] + b"\xff" * 16 + data[start + 16 :])
        with suppress(BadSource):
            load(path)


def test_files_of_other_layouts_are_not_recognised(tmp_path):
    other = tmp_path / "other.csv"
    other.write_text("time_period,geographic_level\n2024,National\n", encoding="utf-8")
    assert LAYOUT.differences(preview(other))[:2] == ["it is csv, not Parquet", "column Short Desc is missing"]
    without = write(tmp_path, [row[:4] + row[5:] for row in ROWS], NAMES[:4] + NAMES[5:])
    assert LAYOUT.differences(preview(without)) == ["column Values is missing"]
