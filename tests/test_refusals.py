"""Recognising published files: each of the real ones is the layout it is in, or is refused with what it lacks."""

import re
from pathlib import Path

import pytest

from datajam.cli import main
from datajam.observe.observations import BadSource
from datajam.sources import layouts, recognise
from datajam.sources.files import preview

LAYOUTS = {
    "dfe_ees": [
        "attainment/ees_attendance_ytd_202425.csv",
        "attainment/ees_cla_ks4_la.csv",
        "attainment/ees_eyfsp_2013_2018.csv",
        "attainment/ees_ks4_2018_la_char_testdata.csv",
        "attainment/ees_tabletool_ks4_destinations_lad.csv",
        "skills/ees_permalink_fe_achievements_lad_202122.csv",
    ],
    "dfe_neet": ["attainment/dfe_neet_la_scorecard_2022.csv", "attainment/dfe_neet_la_scorecard_2025.csv"],
    "dfe_lait": ["attainment/lait_bds_long_0.parquet"],
    "ons_els": [
        "attainment/els_gcses-in-english-and-maths.csv",
        "attainment/els_persistent-absences-for-pupils-eligible-for-free-school-meals.csv",
        "cohesion/els_children-in-relative-poverty.csv",
        "cohesion/els_claimant-count.csv",
        "cohesion/els_personal-wellbeing-estimates.csv",
        "skills/els_apprenticeships.csv",
        "skills/els_gross-median-weekly-pay.csv",
        "skills/els_qualifications-level-3-or-above.csv",
        "skills/els_qualifications-none-gb.csv",
    ],
    "ons_subnational": ["cohesion/ons_subnational_2022_Happiness.csv", "skills/ons_subnational_2022_Employment_rate.csv"],
    "mhclg_iod": ["cohesion/imd2019_ltla23.csv", "cohesion/iod2025_la_summaries_ltla24.csv"],
    "nomis_aps": ["skills/nomis_aps_T19_qualifications_2017_2021.xlsx"],
    "ons_adverts": ["skills/ons_adzuna_labour_demand_by_la_2017_2022.xlsx", "skills/dfe_ons_textkernel_profession_oct22.csv"],
}
# Files no layout is for, with the layout each is nearest to (nothing where it is not a table at all) and what it says differs.
REFUSED = {
    "geography/LAD_to_Combined_Authority_May_2025_EN.csv": ("mhclg_iod", "no column holds an average score"),
    "geography/LTLA23_UTLA23_lookup_EW.csv": ("mhclg_iod", "no column holds an average score"),
    "geography/dfe_screener_las.csv": ("dfe_neet", "column time_period is missing"),
    "geography/dfe_screener_region_la_hierarchy.csv": ("dfe_neet", "column time_period is missing"),
    "geography/england_utla_2025_supergeneralised.geojson": ("", "JSON"),
    "geography/la_code_changes.csv": ("", "is missing"),
    "geography/la_lookup.csv": ("dfe_neet", "column time_period is missing"),
    "geography/lait_la_code_list.xlsx": ("", "no "),
    "geography/uk_topojson_changes.csv": ("", "is missing"),
    "cohesion/census2021_ethnicity_ltla21_demographr.csv": ("mhclg_iod", "no column holds an average score"),
    "attainment/dfe_level2_level3_age19_la_2022.csv": ("dfe_neet", "column time_period is missing"),
    "attainment/lait_data_dictionary.csv": ("", "is missing"),
    "attainment/ees_ks4_2018_la_char_testdata.meta.csv": ("", "is missing"),
    "reference/la_name_aliases_seen.csv": ("", "no column holds an average score"),
    "reference/region_reference_figures.csv": ("", "is missing"),
}


@pytest.mark.parametrize(("layout", "name"), [(layout, name) for layout, names in LAYOUTS.items() for name in names])
def test_a_published_file_is_recognised_as_the_layout_it_is_in(real, layout, name):
    look = preview(real(name))
    assert recognise(look).name == layout


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_file_is_recognised_whatever_it_is_called(real, tmp_path, layout):
    path = tmp_path / "download"
    path.write_bytes(real(LAYOUTS[layout][0]).read_bytes())
    assert recognise(preview(path)).name == layout


@pytest.mark.parametrize("name", REFUSED)
def test_a_file_no_layout_is_for_is_refused_with_the_nearest_and_what_differs(real, capsys, name):
    path, (nearest, differs) = real(name), REFUSED[name]
    assert main(["read", str(path)]) == 2
    said = capsys.readouterr()
    assert said.out == "" and len(said.err.strip().splitlines()) == 1
    assert said.err.startswith(f"datajam: {path.name}: ") and differs in said.err
    if nearest:
        assert f"Nearest is {nearest} (" in said.err


@pytest.mark.parametrize("name", [name for name in REFUSED if not name.endswith("geojson")])
def test_the_layout_named_as_nearest_reads_such_files_and_differs_as_said(real, name):
    look = preview(real(name))
    with pytest.raises(BadSource) as error:
        recognise(look)
    found, differences = re.search(r"Nearest is (\w+) \(.*?\), but (.*)\. `datajam layouts`", str(error.value)).groups()
    layout = next(layout for layout in layouts() if layout.name == found)
    assert differences.split("; ") == layout.differences(look)[:4] and f"it is {look.kind}" not in differences


def test_every_real_file_is_either_assigned_or_refused(real):
    folder = Path(real("README.md")).parent
    files = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()} - {"README.md"}
    assert files == {*REFUSED, *(name for names in LAYOUTS.values() for name in names)}


def made(tmp_path, name, text):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("text", "nearest", "differs"),
    [
        ("time_period,country_code,t_pupils\n202425,E92000001,5\n", "dfe_ees", "column geographic_level is missing"),
        ("areacd,areanm,geography,indicator,period,observation\nE92000001,England,Country,x,2024,5\n", "ons_els", "lci_95"),
        ("Area Code,Area,Rate %\nE06000001,Hartlepool,5\n", "ons_subnational", "no line Indicator"),
        ("DATE_NAME,GEOGRAPHY_NAME,GEOGRAPHY_CODE,OBS_VALUE\n2021,Leeds,E08000035,5\n", "nomis_aps", "MEASURES_NAME"),
        ("geographic_level,area,time_period\nCountry,England,Oct 22\n", "ons_adverts", "column vacancies is missing"),
        ("Question,Response Breakdown ,LAD23 Code\nLonely,Leeds,E08000035\n", "dcms_cls", "2023/24 Percentage"),
    ],
)
def test_a_table_that_lacks_some_columns_is_told_them_and_not_those_of_another_layout(tmp_path, text, nearest, differs):
    with pytest.raises(BadSource) as error:
        recognise(preview(made(tmp_path, "part.csv", text)))
    assert f"Nearest is {nearest} (" in str(error.value) and differs in str(error.value)


@pytest.mark.parametrize(
    ("start", "said"), [('{"type": "FeatureCollection",\n', "JSON"), ("<!DOCTYPE html>\n", "a web page"), ("%PDF-1.7\n", "a PDF")]
)
def test_what_is_no_table_is_called_what_it_is(tmp_path, start, said):
    with pytest.raises(BadSource, match=said):
        preview(made(tmp_path, "data.csv", start + "a,b\n1,2\n"))
