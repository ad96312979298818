"""Places: every name people use finds the one place it means; what was split is never guessed."""

import csv

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datajam.vocabulary import places


def test_there_are_153_authorities_9_regions_and_england():
    levels = [place.level for place in places.everywhere()]
    assert {level: levels.count(level) for level in set(levels)} == {"la": 153, "region": 9, "country": 1}


def test_every_place_is_found_by_its_name_its_code_and_its_name_in_capitals():
    for place in places.everywhere():
        assert places.find(place.name) == places.find(place.code) == places.find(place.name.upper()) == place


def test_every_authority_is_found_by_its_number_at_the_department_for_education():
    for place in places.authorities():
        assert places.find(place.dfe_number) == place


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("Durham", "E06000047"),
        ("Newcastle-upon-Tyne", "E08000021"),
        ("Newcastle City Council", "E08000021"),
        ("City of Bristol", "E06000023"),
        ("Herefordshire", "E06000019"),
        ("St Helens", "E08000013"),
        ("Bristol City of", "E06000023"),
        ("Kingston Upon Hull City of", "E06000010"),
        ("London Borough of Camden", "E09000007"),
        ("Yorkshire & the Humber", "E12000003"),
        ("  leeds ", "E08000035"),
        ("e08000035", "E08000035"),
    ],
)
def test_common_aliases_find_the_place_people_mean(said, meant):
    assert places.find(said).code == meant


@pytest.mark.parametrize(("old", "new"), [("E08000016", "E08000038"), ("E10000022", "E06000057"), ("E10000002", "E06000060")])
def test_an_ended_code_stands_for_its_successor_where_the_ground_is_the_same(old, new):
    assert places.find(old).code == new


@pytest.mark.parametrize("said", ["E10000006", "Cumbria", "E10000021", "Northamptonshire", "E06000028"])
def test_a_split_or_merged_area_names_its_successors_instead_of_guessing(said):
    with pytest.raises(places.UnknownPlace) as caught:
        places.find(said)
    past = next(past for past in places.retired().values() if said in (past.code, past.name))
    assert all(code in str(caught.value) for code in past.successors)


@pytest.mark.parametrize("said", ["", "Atlantis", "x" * 500, "Newcastle-under-Lyme", "Inner London", "E99999999", "ŵ", "'; drop"])
def test_what_is_no_place_is_refused_in_one_line(said):
    with pytest.raises(places.UnknownPlace) as caught:
        places.find(said)
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 300


@given(st.text(max_size=40))
def test_any_text_is_a_place_or_one_clear_error(text):
    try:
        assert places.find(text) in places.everywhere()
    except places.UnknownPlace as error:
        assert len(str(error).splitlines()) <= 1 or text.splitlines() != [text]


def test_search_lists_places_by_a_part_of_their_name():
    assert [place.name for place in places.search("tyneside")] == ["North Tyneside", "South Tyneside"]
    assert places.search("Newcastel")[0].name == "Newcastle upon Tyne"


def test_the_table_agrees_with_the_lookup_derived_from_the_publishers(real):
    with open(real("geography/la_lookup.csv"), encoding="utf-8") as file:
        published = {row["la_code"]: (row["la_name"], row["region_code"], row["old_la_code"]) for row in csv.DictReader(file)}
    ours = {place.code: (place.name, place.region_code, place.dfe_number) for place in places.authorities()}
    assert ours == published


def test_every_alias_seen_in_published_files_is_known(real):
    with open(real("reference/la_name_aliases_seen.csv"), encoding="utf-8") as file:
        seen = [(row["alias"], row["la_code"]) for row in csv.DictReader(file) if row["la_code"]]
    for alias, code in seen:
        if places.current(code):
            assert places.find(alias).code == code
        else:
            with pytest.raises(places.UnknownPlace, match=code):
                places.find(alias)
