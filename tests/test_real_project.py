"""A project on a real published file: only hack.toml changes, and the headline numbers are those of the csv module."""

import csv
import json
import re

import pytest

from datajam import project
from datajam.run import runner
from datajam.vocabulary import places

KS4 = "attainment/ees_ks4_2018_la_char_testdata.csv"
CLA = "attainment/ees_cla_ks4_la.csv"


def pointed_at(made, path, key: str, **parameters: str) -> None:
    """Add a file to the data log and set parameters, in hack.toml and nowhere else."""
    project.add_source(project.open_project(made), path, key)
    text = (made / "hack.toml").read_text(encoding="utf-8")
    for name, value in {"source": key, **parameters}.items():
        text, changed = re.subn(rf'^{name} = ".*?"', f'{name} = "{value}"', text, count=1, flags=re.MULTILINE)
        assert changed, name
    (made / "hack.toml").write_text(text, encoding="utf-8")


def headline(made, place: str, pattern: str = "") -> tuple[dict, str]:
    """The recorded numbers by name, and the report's text, of a run for a place."""
    done = runner.run(project.open_project(made, place=place), pattern, progress=False)
    entries = json.loads((done.folder / "results.json").read_text(encoding="utf-8"))
    return {entry["name"]: entry for entry in entries}, done.report.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def on_totals(bake, real):
    made = bake(theme="attainment")
    pointed_at(made, real(KS4), "ks4_2018", progress_source="ks4_2018")
    return made


@pytest.fixture(scope="module")
def on_social_care(bake, real):
    made = bake(theme="attainment")
    pointed_at(made, real(CLA), "cla", progress_source="cla", group="CLA 12 months at 31 March", compared_with="CINO at 31 March")
    return made


def totals(path, place: str) -> dict[str, tuple[float, int]]:
    """Average score and pupils by free-school-meal status in a place, with the csv module alone."""
    code = places.find(place).code
    column = "new_la_code" if code.startswith("E0") else "region_code"
    level = "Local authority" if column == "new_la_code" else "Regional"
    found = {}
    with open(path, encoding="utf-8-sig", newline="") as file:
        for row in csv.DictReader(file):
            if row[column] == code and row["geographic_level"] == level and row["characteristic_gender"] == "Total":
                found[row["characteristic_free_school_meals"]] = (
                    float(row["t_att8"]) / float(row["t_pupils"]),
                    int(row["t_pupils"]),
                )
    return found


@pytest.mark.parametrize("place", ["Newcastle upon Tyne", "County Durham", "North East"])
def test_a_file_of_totals_gives_the_numbers_of_the_csv_module(on_totals, real, place):
    found, page = headline(on_totals, place)
    by_hand = totals(real(KS4), place)
    low, high = by_hand["fsm"], by_hand["fsm all other"]
    assert found["group_score"]["value"] == round(low[0], 1) and found["group_score"]["base"] == low[1]
    assert found["comparison_score"]["value"] == round(high[0], 1) and found["comparison_score"]["base"] == high[1]
    assert found["gap"]["value"] == round(high[0] - low[0], 1)
    half = 1.959964 * 18 * (1 / low[1] + 1 / high[1]) ** 0.5
    assert found["gap"]["upper_95"] - found["gap"]["lower_95"] == pytest.approx(2 * half, abs=0.11)
    assert "England is not in the file: added up from the 151 authorities" in page
    assert "the file has a figure for only 2017/18" in page and found["gap_change"]["value"] is None
    assert "Part of the data is synthetic" in page and "Open Government Licence" in page
    own = ("gap", "group_score", "gap_change", "share_of_gap_at_11", "standardised_score")
    assert not any(found[name]["synthetic"] for name in own) and found["neet"]["synthetic"]


def test_a_place_the_file_lacks_is_said_to_be_lacking_and_no_number_is_made_up(on_totals):
    found, page = headline(on_totals, "City of London")
    assert all(entry["value"] is None and entry["reason"] for name, entry in found.items() if name != "clearly_worse")
    assert "In the City of London in 2017/18 there is no figure" in page and "not in the file" in page
    assert "The City of London has no figure" in page


@pytest.mark.parametrize("place", ["Sheffield", "Rutland", "North East"])
def test_other_groups_are_a_parameter_and_suppressed_cells_are_shown_as_suppressed(on_social_care, real, place):
    found, page = headline(on_social_care, place)
    name = places.find(place).name
    with open(real(CLA), encoding="utf-8-sig", newline="") as file:
        rows = {
            row["social_care_group"]: row["avg_att8"]
            for row in csv.DictReader(file)
            if row["time_period"] == "202425" and (row["la_name"] or row["region_name"]) == name
        }
    for key, group in (("group_score", "CLA 12 months at 31 March"), ("comparison_score", "CINO at 31 March")):
        if rows[group] == "c":
            assert (found[key]["value"], found[key]["status"]) == (None, "suppressed")
            assert "suppressed by the publisher" in page and "No figure" in page
        else:
            assert found[key]["value"] == float(rows[group])
    assert "children looked after for 12 months" in page


def test_a_year_of_a_real_file_is_chosen_by_its_label(on_social_care, real):
    done = runner.run(project.open_project(on_social_care, place="Sheffield", period="2019/20"), "05*", progress=False)
    with open(real(CLA), encoding="utf-8-sig", newline="") as file:
        wanted = next(
            float(row["avg_att8"])
            for row in csv.DictReader(file)
            if (row["la_name"], row["time_period"], row["social_care_group"]) == ("Sheffield", "201920", "CINO at 31 March")
        )
    assert next(entry for entry in done.results if entry["name"] == "comparison_score")["value"] == wanted
