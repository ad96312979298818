"""Explore Local Statistics: every cell of the eight real files comes out as published; a place given twice counts once."""

import collections
import csv

import pytest

import datajam
from datajam.observe.observations import BadSource
from datajam.vocabulary import places

FILES = [
    "attainment/els_gcses-in-english-and-maths.csv",
    "attainment/els_persistent-absences-for-pupils-eligible-for-free-school-meals.csv",
    "cohesion/els_children-in-relative-poverty.csv",
    "cohesion/els_claimant-count.csv",
    "cohesion/els_personal-wellbeing-estimates.csv",
    "skills/els_apprenticeships.csv",
    "skills/els_gross-median-weekly-pay.csv",
    "skills/els_qualifications-level-3-or-above.csv",
    "skills/els_qualifications-none-gb.csv",
]
STATUSES = {"x": "not_available", "u": "unreliable", "c": "suppressed"}


def raw(path) -> list[list[str]]:
    with open(path, encoding="utf-8-sig", newline="") as file:
        header, *rows = csv.reader(file)
    names = [name if name not in header[:index] else f"{name}{index}" for index, name in enumerate(header)]
    return [dict(zip(names, row, strict=True)) for row in rows]


def expected(row: dict[str, str]) -> str:
    if row["status"] == "u" and "suppressed" in row["notes"]:
        return "suppressed"
    return STATUSES.get(row["status"]) or ("unreliable" if "unreliable" in row["notes"] else "ok")


@pytest.mark.parametrize("name", FILES)
def test_every_row_of_a_real_file_comes_out_with_its_value_status_and_interval(real, name):
    rows = raw(real(name))
    table = datajam.check(datajam.read(real(name)))
    report = datajam.load_report(table)
    assert report.balanced() and report.rows_in == len(rows)
    assert report.duplicates_collapsed == len(rows) - len(table)
    mine = {
        (code, label, indicator): (value, status, low)
        for code, label, indicator, value, status, low in zip(
            table["source_area_code"], table["period_label"], table["indicator"], table["value"], table["status"],
            table["lower_ci"], strict=True,
        )
    }  # fmt: skip
    missing = 0
    for row in rows:
        key = (row["areacd"], row["period"], datajam.slug(row["indicator"]))
        if key not in mine:
            missing += 1
            continue
        value, status, low = mine[key]
        assert status == expected(row), row
        assert (value == float(row["observation"])) if row["observation"] else value != value
        assert (low == float(row["lci_95"])) if row["lci_95"] else low != low
    assert missing == report.duplicates_collapsed


@pytest.mark.parametrize("name", FILES)
def test_every_marker_of_a_real_file_is_counted(real, name):
    rows = raw(real(name))
    report = datajam.load_report(datajam.read(real(name)))
    counted = collections.Counter(expected(row) for row in rows)
    counted["ok"] -= report.duplicates_collapsed
    assert report.statuses == {status: count for status, count in counted.items() if count}


@pytest.mark.parametrize(
    ("name", "area", "period", "indicator", "value", "unit"),
    [
        ("cohesion/els_personal-wellbeing-estimates.csv", "Leeds", "2022-04-01/P1Y", "Satisfaction", None, "mean_0_10"),
        ("cohesion/els_personal-wellbeing-estimates.csv", "North East", "2022-04-01/P1Y", "Anxiety", None, "mean_0_10"),
        ("cohesion/els_personal-wellbeing-estimates.csv", "England", "2011-04-01/P1Y", "Happiness", None, "mean_0_10"),
        ("cohesion/els_claimant-count.csv", "County Durham", "2025-01-01/P1Y", "Claimant Count", None, "percent"),
        ("skills/els_gross-median-weekly-pay.csv", "North East", "2025-04-30", "Gross median weekly pay", 577.9, "gbp_week"),
        ("skills/els_gross-median-weekly-pay.csv", "London", "2025-04-30", "Gross median weekly pay", 767.4, "gbp_week"),
        ("skills/els_apprenticeships.csv", "England", "2024-08-01/P1Y", "Apprenticeship starts (England)", 959, "rate_per_100k"),
        ("attainment/els_gcses-in-english-and-maths.csv", "England", "2016-09-01/P1Y", "GCSEs in English and Maths", 71.572,
         "percent"),
        ("skills/els_qualifications-none-gb.csv", "York", "2023-01-01/P1Y", "No qualifications", None, "percent"),
        ("cohesion/els_children-in-relative-poverty.csv", "Birmingham", "2024-04-01/P1Y",
         "Children in relative poverty after housing costs", None, "percent"),
    ],
)  # fmt: skip
def test_cells_picked_by_hand(real, name, area, period, indicator, value, unit):
    code = places.find(area).code
    row = next(r for r in raw(real(name)) if (r["areacd"], r["period"], r["indicator"]) == (code, period, indicator))
    table = datajam.read(real(name))
    found = table[
        (table["area_code"] == code) & (table["period_label"] == period) & (table["indicator"] == datajam.slug(indicator))
    ].iloc[0]
    assert found["unit"] == unit and found["status"] == expected(row) and found["area_name"] == area
    if row["observation"]:
        assert found["value"] == float(row["observation"]) and (value is None or found["value"] == pytest.approx(value, abs=0.05))


@pytest.mark.parametrize("name", ["cohesion/els_children-in-relative-poverty.csv", "attainment/els_gcses-in-english-and-maths.csv"])
def test_every_place_given_under_two_codes_is_named_and_counted_once(real, name):
    by_code = collections.defaultdict(dict)
    for row in raw(real(name)):
        by_code[row["areacd"]][row["period"], row["indicator"]] = row["observation"]
    twice = {
        code for code, past in places.retired().items()
        if past.same_footprint and code in by_code and places.current(code) and places.current(code).code in by_code
    }  # fmt: skip
    assert twice
    table = datajam.read(real(name))
    warnings = " ".join(datajam.load_report(table).warnings)
    for code in twice:
        now = places.current(code)
        assert f"{places.retired()[code].name} ({code})" in warnings
        both = set(by_code[code]) & set(by_code[now.code])
        assert all(by_code[code][key] == by_code[now.code][key] for key in both)
        rows = table[table["area_code"] == now.code]
        assert len(rows) == len(set(by_code[code]) | set(by_code[now.code]))


HEADER = "areacd,areanm,geography,indicator,period,observation,measure,unit,lci_95,uci_95,status,notes"


def made(tmp_path, *rows: str, header: str = HEADER):
    path = tmp_path / "made.csv"
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return path


def test_places_that_disagree_under_two_codes_are_kept_apart_and_said(tmp_path):
    rows = [f"{code},Sheffield,District,Pay,2024,{n},Pounds,£,,,," for code, n in (("E08000019", 500), ("E08000039", 510))]
    table = datajam.check(datajam.read(made(tmp_path, *rows)))
    assert table["value"].tolist() == [500, 510] and table["area_code"].notna().tolist() == [False, True]
    assert any("Sheffield (E08000019)" in text and "kept apart" in text for text in datajam.load_report(table).warnings)


def test_a_second_column_of_notes_measure_and_observation_swapped_and_districts_are_read(tmp_path):
    header = "areacd,areanm,geography,indicator,period,measure,observation,unit,lci_95,uci_95,status,notes,notes"
    rows = [
        "E07000223,Adur,Local Authority District,Pay,2024-04-17,Pounds,512.3,£,500,520,,,",
        "K02000001,United Kingdom,Country,Pay,2024-04-17,Pounds,642.5,£,,,,,",
        "E08000021,Newcastle upon Tyne,Local Authority District,Pay,2024-04-17,Pounds,,£,,,c,,",
    ]
    table = datajam.check(datajam.read(made(tmp_path, *rows, header=header)))
    assert table["area_level"].astype(object).fillna("").tolist() == ["lad", "", "la"]
    assert table["status"].tolist() == ["ok", "ok", "suppressed"] and table["lower_ci"].tolist()[0] == 500
    assert list(datajam.load_report(table).areas_unplaced) == ["United Kingdom K02000001"]


def test_an_indicator_in_two_measures_becomes_two_indicators(tmp_path):
    rows = [
        f"E92000001,England,Nation,Jobs,2024,{n},{measure},{unit},,,,"
        for n, measure, unit in ((5, "Number", "n"), (7, "Share", "%"))
    ]
    table = datajam.read(made(tmp_path, *rows))
    assert sorted(table["indicator"]) == ["jobs_number", "jobs_share"] and set(table["unit"]) == {"count", "percent"}


@pytest.mark.parametrize("lacking", ["areacd", "status", "observation"])
def test_a_file_without_one_of_its_columns_is_refused_naming_it(tmp_path, lacking):
    header = ",".join("other" if name == lacking else name for name in HEADER.split(","))
    with pytest.raises(BadSource, match=f"column {lacking} is missing"):
        datajam.read(made(tmp_path, "E92000001,England,Nation,Pay,2024,1,P,£,,,,", header=header))
