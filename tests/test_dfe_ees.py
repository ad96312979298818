"""Explore education statistics: every cell of the real files comes out as published, counted, or the file is refused."""

import collections
import csv

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import datajam
from datajam.observe.observations import BadSource
from datajam.vocabulary import places

KS4 = "attainment/ees_ks4_2018_la_char_testdata.csv"
CLA = "attainment/ees_cla_ks4_la.csv"
EYFSP = "attainment/ees_eyfsp_2013_2018.csv"
ATTENDANCE = "attainment/ees_attendance_ytd_202425.csv"
DESTINATIONS = "attainment/ees_tabletool_ks4_destinations_lad.csv"
ACHIEVEMENTS = "skills/ees_permalink_fe_achievements_lad_202122.csv"
MARKERS = {"c": "suppressed", "~": "suppressed", "z": "not_applicable", "x": "not_available", "k": "low"}


def raw(path):
    with open(path, encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def one(table, **where):
    for column, value in where.items():
        table = table[table[column] == value]
    assert len(table) == 1, where
    return table.iloc[0]


@pytest.mark.parametrize("name", [KS4, CLA, EYFSP, ATTENDANCE, DESTINATIONS, ACHIEVEMENTS])
def test_real_files_are_valid_tables_in_which_no_cell_is_lost(real, name):
    table = datajam.read(real(name))
    report = datajam.load_report(table)
    datajam.check(table)
    assert report.balanced()
    assert report.rows_in == len(raw(real(name)))


@pytest.mark.parametrize(
    ("name", "indicators"),
    [
        (CLA, ["t_pupils", "avg_att8", "t_l2basics_95", "pt_l2basics_94", "avg_p8score", "avg_ebaccaps"]),
        (EYFSP, ["number_of_children", "gld_percent"]),
        (ATTENDANCE, ["enrolments", "pa_perc", "total_num_schools"]),
        (KS4, ["t_att8", "t_pupils", "t_p8score"]),
    ],
)
def test_every_marker_is_counted_as_in_the_file(real, name, indicators):
    table, rows = datajam.read(real(name)), raw(real(name))
    for indicator in indicators:
        expected = collections.Counter(MARKERS.get(row[indicator], "ok") for row in rows)
        found = table.loc[table["indicator"] == indicator, "status"].value_counts()
        assert {status: int(count) for status, count in found.items() if count} == expected


def test_every_value_of_a_real_file_equals_the_published_text(real):
    table, rows = datajam.read(real(CLA)), raw(real(CLA))
    ours = table[table["indicator"] == "t_att8"].reset_index(drop=True)
    assert len(ours) == len(rows)
    for (_, mine), row in zip(ours.iterrows(), rows, strict=True):
        if row["t_att8"] in MARKERS:
            assert mine["status_raw"] == row["t_att8"] and mine["value"] != mine["value"]
        else:
            assert mine["value"] == float(row["t_att8"])
        assert mine["period_label"] == row["time_period"]


def published_area(row: dict[str, str]) -> str:
    """The code of a row's area, by its level, with the csv module's row alone."""
    if "location_code" in row:
        return row["location_code"]
    column = {"National": "country_code", "Regional": "region_code"}.get(row["geographic_level"], "new_la_code")
    return row[column].strip()


@pytest.mark.parametrize("name", [KS4, CLA, EYFSP, ATTENDANCE, DESTINATIONS, ACHIEVEMENTS])
def test_every_cell_of_every_real_file_comes_out_with_its_value_status_area_and_period(real, name):
    table, rows = datajam.read(real(name)), raw(real(name))
    indicators = [column for column in rows[0] if datajam.slug(column) in set(table["indicator"])]
    assert len(indicators) == table["indicator"].nunique()
    seen = 0
    for indicator in indicators:
        ours = table[table["indicator"] == datajam.slug(indicator)]
        mine = collections.Counter(
            (code, label, status, None if value != value else value)
            for code, label, status, value in zip(
                ours["source_area_code"], ours["period_label"], ours["status"].astype(str), ours["value"], strict=True
            )
        )
        theirs = collections.Counter(
            (published_area(row), row["time_period"], MARKERS.get(row[indicator], "ok"),
             None if row[indicator] in MARKERS else float(row[indicator]))
            for row in rows
        )  # fmt: skip
        seen += sum(mine.values())
        assert mine == theirs
    assert seen == len(table)


@pytest.mark.parametrize(
    ("name", "code", "period", "breakdown", "indicator", "value"),
    [
        (EYFSP, "E92000001", "201718", "all", "gld_percent", 71.5),
        (EYFSP, "E92000001", "201718", "gender_female", "number_of_children", 318293),
        (EYFSP, "E92000001", "201718", "gender_male", "average_point_score", 33.4),
        (DESTINATIONS, "E06000047", "201516", "all", "cohort", 4938),
        (DESTINATIONS, "E06000047", "201617", "all", "education", 4067),
        (DESTINATIONS, "E06000047", "201718", "all", "all_unknown", 24),
        (ATTENDANCE, "E10000029", "202425", "primary", "overall_absence_perc", 5.193840549),
        (ATTENDANCE, "E10000029", "202425", "primary", "pa_perc", 12.45379353),
        (ATTENDANCE, "E10000029", "202425", "primary", "total_enrolments", 55603),
        (ACHIEVEMENTS, "E07000223", "202122", "all", "e_and_t_aims_ach", 90),
    ],
)
def test_cells_read_off_the_files_by_eye(real, name, code, period, breakdown, indicator, value):
    table = datajam.read(real(name))
    where = {"source_area_code": code, "period_label": period, "breakdown": breakdown, "indicator": indicator}
    mine = one(table, **where)
    assert mine["value"] == value and mine["status"] == "ok"


@pytest.mark.parametrize(
    ("area", "group", "period", "indicator"),
    [
        ("Newcastle upon Tyne", "CLA 12 months at 31 March", "202425", "avg_att8"),
        ("Sheffield", "CINO at 31 March", "201819", "avg_att8"),
        ("County Durham", "CPPO at 31 March", "202122", "t_pupils"),
        ("Barnsley", "CLA 12 months at 31 March", "202021", "t_l2basics_95"),
        ("Rutland", "CLA 12 months at 31 March", "202425", "avg_att8"),
        ("City of London", "CPPO at 31 March", "202324", "t_pupils"),
        ("Isles of Scilly", "CINO at 31 March", "202223", "avg_att8"),
        ("Camden", "CINO at 31 March", "201920", "pt_l2basics_94"),
        ("Somerset", "CLA 12 months at 31 March", "201819", "avg_ebaccaps"),
        ("Westmorland and Furness", "CINO at 31 March", "202425", "avg_att8"),
        ("Birmingham", "CPPO at 31 March", "202324", "avg_p8score"),
    ],
)
def test_hand_picked_cells_of_the_social_care_file(real, area, group, period, indicator):
    rows = [r for r in raw(real(CLA)) if (r["la_name"], r["social_care_group"], r["time_period"]) == (area, group, period)]
    table = datajam.read(real(CLA))
    if not rows:
        assert not len(table[(table["area_name"] == area) & (table["period_label"] == period)])
        return
    mine = one(table, area_name=area, breakdown=datajam.slug(group), period_label=period, indicator=indicator)
    text = rows[0][indicator]
    assert mine["status"] == MARKERS.get(text, "ok")
    assert (mine["value"] == float(text)) if text not in MARKERS else (mine["status_raw"] == text)


@pytest.mark.parametrize(
    ("code", "sex", "fsm", "breakdown"),
    [
        ("E08000021", "Total", "fsm", "fsm_eligible"),
        ("E08000021", "Boys", "fsm all other", "boys / not_fsm"),
        ("E06000047", "Total", "fsm all other", "not_fsm"),
        ("E06000047", "Girls", "fsm", "girls / fsm_eligible"),
        ("E06000053", "Total", "fsm", "fsm_eligible"),
    ],
)
def test_hand_picked_cells_of_the_key_stage_4_file(real, code, sex, fsm, breakdown):
    rows = [
        row
        for row in raw(real(KS4))
        if (row["new_la_code"], row["characteristic_gender"], row["characteristic_free_school_meals"]) == (code, sex, fsm)
    ]
    table = datajam.read(real(KS4))
    for indicator in ("t_att8", "t_pupils", "t_l2basics_94"):
        mine = one(table, area_code=code, breakdown=breakdown, indicator=indicator)
        assert mine["value"] == float(rows[0][indicator])
    assert one(table, area_code=code, breakdown=breakdown, indicator="t_att8")["base"] == int(rows[0]["t_pupils"])


def test_inner_and_outer_london_are_kept_apart_under_londons_code(real):
    table = datajam.read(real(KS4))
    parts = table[table["region_code"].eq("E12000007") & table["area_level"].eq("subregion")]
    assert set(parts["area_code"]) == {"E13000001", "E13000002"}
    assert set(parts["source_area_code"]) == {"E12000007"} or set(parts["source_area_code"]) == {"E13000001", "E13000002"}


def test_areas_that_were_split_are_kept_named_and_not_placed(real):
    table = datajam.read(real(KS4))
    assert any(name.startswith("Cumbria E10000006") for name in datajam.load_report(table).areas_unplaced)
    cumbria = table[table["source_area_code"] == "E10000006"]
    assert len(cumbria) and cumbria["area_code"].isna().all() and (cumbria["region_code"] == "E12000002").all()


def test_published_intervals_stand_beside_their_indicator(real):
    row = next(r for r in raw(real(CLA)) if r["la_name"] == "Birmingham" and r["p8score_CI_low"] not in MARKERS)
    mine = one(
        datajam.read(real(CLA)),
        area_name="Birmingham",
        indicator="avg_p8score",
        period_label=row["time_period"],
        breakdown=datajam.slug(row["social_care_group"]),
    )
    assert (mine["lower_ci"], mine["upper_ci"]) == (float(row["p8score_CI_low"]), float(row["p8score_CI_upp"]))


def test_labels_come_from_the_meta_file_beside_it(real):
    labels = datajam.load_report(datajam.read(real(KS4))).labels
    assert labels["t_att8"] == "Total sum of pupils Attainment 8 scores"


HEADER = "time_period,time_identifier,geographic_level,country_code,country_name,region_code,region_name,new_la_code,la_name"
PLACE = "202425,Academic year,Local authority,E92000001,England,E12000001,North East"


def made(tmp_path, *rows: str, header: str = f"{HEADER},group,t_pupils,avg_att8", encoding: str = "utf-8", end: str = "\n"):
    path = tmp_path / "made.csv"
    path.write_bytes((end.join([header, *rows]) + end).encode(encoding))
    return path


def test_spaces_in_headers_and_blank_geography_do_not_matter(tmp_path):
    header = f"{HEADER.replace('la_name', 'la_name ')},group , t_pupils,avg_att8"
    path = made(
        tmp_path,
        "202425,Academic year,National,E92000001,England, , , , ,Total,1000,46.1",
        f"{PLACE},E08000021,Newcastle upon Tyne,Total, 10 ,45",
        header=header,
    )
    table = datajam.read(path)
    assert list(table.loc[table["indicator"] == "avg_att8", "area_name"]) == ["England", "Newcastle upon Tyne"]
    assert table.loc[table["indicator"] == "t_pupils", "value"].tolist() == [1000, 10]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_any_encoding_and_line_end_gives_the_same_table(tmp_path, encoding, end):
    path = made(tmp_path, f"{PLACE},E08000021,Newcastle upon Tyne – café,Total,10,45", encoding=encoding, end=end)
    table = datajam.read(path)
    assert table["value"].tolist() == [10, 45] and set(table["area_code"]) == {"E08000021"}


def test_a_place_under_both_its_codes_with_the_same_value_counts_once(tmp_path):
    rows = [f"{PLACE},{code},Sheffield,Total,10,45" for code in ("E08000019", "E08000039")]
    table = datajam.read(made(tmp_path, *rows))
    report = datajam.load_report(table)
    assert len(table) == 2 and report.duplicates_collapsed == 2 and report.balanced()
    assert any("Sheffield (E08000019)" in text for text in report.warnings)


def test_a_place_under_both_its_codes_with_different_values_is_kept_apart(tmp_path):
    rows = [f"{PLACE},{code},Sheffield,Total,10,{score}" for code, score in (("E08000019", 45), ("E08000039", 46))]
    table = datajam.check(datajam.read(made(tmp_path, *rows)))
    scores = table[table["indicator"] == "avg_att8"]
    assert scores["value"].tolist() == [45, 46]
    assert scores.loc[scores["area_code"].notna(), "value"].tolist() == [46]
    assert any("kept apart" in text for text in datajam.load_report(table).warnings)


def test_two_values_for_one_place_under_one_code_are_refused(tmp_path):
    path = made(tmp_path, f"{PLACE},E08000021,Newcastle,Total,10,45", f"{PLACE},E08000021,Newcastle,Total,10,46")
    with pytest.raises(BadSource, match="rows 1 and 2 give two different values for Newcastle"):
        datajam.read(path)


def test_markers_the_source_does_not_define_are_missing_and_said(tmp_path):
    rows = [f"{PLACE},{code},X,Total,10,{cell}" for code, cell in [("E08000021", "45"), ("E08000022", "oops"), ("E08000023", "")]]
    table = datajam.read(made(tmp_path, *rows))
    scores = table[table["indicator"] == "avg_att8"]
    assert scores["status"].tolist() == ["ok", "not_available", "not_available"]
    assert scores["status_raw"].tolist()[1:] == ["oops", ""]
    assert any("'oops'" in text for text in datajam.load_report(table).warnings)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "empty"),
        (b"\x00" * 100, "empty"),
        (b"PK\x03\x04nonsense", "damaged workbook"),
        (b"%PDF-1.7 \x00", "PDF"),
        (b"<!DOCTYPE html><html>", "web page"),
        (b"a,b\n1,\x002\n", "NUL"),
        ("time_period,geographic_level".encode("utf-16"), "UTF-16"),
        (b"name,value\nLeeds,3\n", "Nearest is"),
        (HEADER.encode() + b",t_pupils\n", "no rows"),
        (HEADER.encode() + b",t_pupils\n" + PLACE.encode() + b",E08000021,Newcastle,10\n202425,Acad", "line 3 has 2 cells"),
        (HEADER.encode() + b",x,x\n" + PLACE.encode() + b",E08000021,N,1,2\n", "column 'x' is there twice"),
        (HEADER.encode() + b",x\n" + PLACE.encode() + b",E08000021,N,hello\n", "no column holds numbers"),
        (HEADER.encode() + b",x\n" + PLACE.encode().replace(b"202425", b"soon") + b",E08000021,N,1\n", "'soon'"),
    ],
)
def test_a_bad_file_is_refused_in_one_line_that_says_what_to_do(tmp_path, content, said):
    path = tmp_path / "bad.csv"
    path.write_bytes(content)
    with pytest.raises(BadSource) as caught:
        datajam.read(path)
    assert said in str(caught.value) and "\n" not in str(caught.value) and "bad.csv" in str(caught.value)


@pytest.fixture(scope="module")
def small() -> bytes:
    rows = [
        f"{PLACE},{code},Place,{group},{n},{n / 7:.1f}"
        for n, code in enumerate(["E08000021", "E06000047"], 30)
        for group in ("A", "B")
    ]
    return ("\n".join([f"{HEADER},group,t_pupils,avg_att8", *rows]) + "\n").encode()


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_any_damage_gives_a_balanced_table_or_one_clear_error(tmp_path, small, data):
    content = bytearray(small)
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(content)))
        match data.draw(st.sampled_from(["cut", "insert", "replace", "swap"])):
            case "cut":
                content = content[:at]
            case "insert":
                content[at:at] = data.draw(st.binary(max_size=8))
            case "replace":
                content[at : at + 3] = data.draw(st.sampled_from([b"", b",", b'"', b"\n", b"c", b"\xff", b"\x00", b"=cmd|"]))
            case "swap":
                content = content[at:] + content[:at]
    path = tmp_path / "damaged.csv"
    path.write_bytes(bytes(content))
    try:
        table = datajam.read(path)
    except datajam.DataJamError as error:
        assert len(str(error).splitlines()) == 1
    else:
        assert datajam.load_report(table).balanced()
        datajam.check(table)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(["12.5", "c", "z", "x", "low", "0", "1,000", "u", ":"]), min_size=1, max_size=20))
def test_values_statuses_and_markers_survive_both_file_formats(tmp_path, cells):
    import pandas as pd

    from datajam.sources.writing import write

    codes = [place.code for place in places.authorities()]
    path = made(tmp_path, *[f'{PLACE},{code},P,Total,10,"{cell}"' for code, cell in zip(codes, cells, strict=False)])
    try:
        table = datajam.read(path)
    except BadSource:
        assert not any(cell[0].isdigit() for cell in cells)
        return
    for ending, back in (
        (".parquet", pd.read_parquet),
        (".csv", lambda p: pd.read_csv(p, keep_default_na=False, na_values=[""])),
    ):
        out = tmp_path / f"out{ending}"
        write(table, out)
        again = back(out)
        assert again["value"].equals(table["value"])
        for column in ("status", "status_raw", "source_area_code"):
            was, now = table[column].astype(object), again[column].astype(object)
            assert [x if x == x else None for x in was] == [x if x == x else None for x in now]


def test_a_cell_that_a_spreadsheet_would_run_is_made_harmless_on_the_way_out(tmp_path):
    from datajam.sources.writing import write

    path = made(tmp_path, f"{PLACE},E08000021,=cmd|' /C calc'!A0,Total,10,45")
    write(datajam.read(path), tmp_path / "out.csv")
    with open(tmp_path / "out.csv", encoding="utf-8", newline="") as file:
        assert {row["source_area_name"] for row in csv.DictReader(file)} == {"'=cmd|' /C calc'!A0"}
