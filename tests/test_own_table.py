"""A team's own table: four columns are enough, markers say why a number is missing, and what is wrong is told in one line."""

import pytest

import datajam
from datajam import project
from datajam.errors import DataJamError
from datajam.observe import observations


def written(folder, *lines: str, header: str = "place,period,indicator,value"):
    path = folder / "own.csv"
    path.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
    return path


def test_names_aliases_and_codes_are_placed_and_others_are_kept_and_listed(tmp_path):
    path = written(
        tmp_path,
        "Leeds,2023/24,Requests,4",
        "newcastle,2023/24,Requests,5",
        "E12000001,2023/24,Requests,9",
        "Oz,2023/24,Requests,1",
    )
    table = datajam.read(path)
    assert table["area_code"].astype(object).where(table["area_code"].notna(), None).tolist() == [
        "E08000035", "E08000021", "E12000001", None
    ]  # fmt: skip
    assert list(datajam.load_report(table).areas_unplaced) == ["Oz"] and list(table["unit"].unique()) == ["count"]
    observations.check(table)


def test_every_kind_of_period_and_the_markers_are_read(tmp_path):
    lines = [
        "Leeds,2025 week 30,Requests,[c]",
        "Leeds,2025 week 31,Requests,7",
        "Leeds,2024/25,Requests,[z]",
        "Leeds,2025-04,Requests,?",
    ]
    table = datajam.read(written(tmp_path, *lines))
    assert list(table["status"]) == ["suppressed", "ok", "not_applicable", "not_available"]
    assert [str(day.date()) for day in table["period_start"]] == ["2025-07-21", "2025-07-28", "2024-09-01", "2025-04-01"]
    assert "? " in str(datajam.load_report(table)) or "'?'" in str(datajam.load_report(table))


def test_more_columns_hold_groups_units_bases_and_intervals(tmp_path):
    header = "place,period,indicator,value,breakdown,unit,base,lower_95,upper_95"
    table = datajam.read(written(tmp_path, "Leeds,2024,Satisfied,61.5,Women,percent,400,56.7,66.3", header=header))
    row = table.iloc[0]
    assert (row["breakdown"], row["unit"], row["base"], row["lower_ci"], row["upper_ci"]) == ("women", "percent", 400, 56.7, 66.3)


@pytest.mark.parametrize(
    ("header", "line", "said"),
    [
        ("place,period,indicator", "Leeds,2024,Requests", "column value is missing"),
        ("place,period,indicator,value,colour", "Leeds,2024,Requests,4,red", "column colour is not one it knows"),
        ("place,period,indicator,value,unit", "Leeds,2024,Requests,4,furlongs", "unit 'furlongs' is not one DataJam knows"),
        ("place,period,indicator,value", "Leeds,soon,Requests,4", "Cannot read 'soon' as a period"),
        ("place,period,indicator,value", "Leeds,2024,Requests,4\nLeeds,2024,Requests,5", "Leeds"),
    ],
)
def test_what_is_wrong_is_told_in_one_line(tmp_path, header, line, said):
    with pytest.raises(DataJamError) as told:
        datajam.read(written(tmp_path, line, header=header))
    assert said in str(told.value) and "\n" not in str(told.value)


def test_add_source_explains_the_four_columns_for_a_file_in_no_known_layout(baked, datajam_command):
    (baked / "data" / "raw" / "ours.csv").write_text("ward,week,calls\nByker,30,12\n", encoding="utf-8")
    done = datajam_command("add-source", "data/raw/ours.csv", cwd=baked)
    assert done.returncode == 2 and len(done.stderr.strip().splitlines()) == 1
    assert "four columns, place, period, indicator and value" in done.stderr


def test_an_own_table_joins_a_project(baked, datajam_command):
    written(baked / "data" / "raw", "Leeds,2024,Requests,412")
    done = datajam_command("add-source", "data/raw/own.csv", "--id", "ours", "--licence", "MIT", cwd=baked)
    assert done.returncode == 0 and "read as own_table" in done.stdout
    assert len(project.open_project(baked).read("ours")) == 1
