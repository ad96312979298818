"""Districts, the authorities they lie in today, and combined authorities."""

import csv
import re

import pytest

from datajam.errors import DataJamError
from datajam.vocabulary import districts, places
from datajam.vocabulary.districts import UnknownDistrict, authority_of, by_code, combined_authority, divisions

LOOKUP = "geography/LTLA23_UTLA23_lookup_EW.csv"
CHANGES = "geography/uk_topojson_changes.csv"
COMBINED = "geography/LAD_to_Combined_Authority_May_2025_EN.csv"


def raw(path):
    with open(path, encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize(
    ("code", "name", "authority", "valid_to"),
    [
        ("E07000008", "Cambridge", "Cambridgeshire", ""),
        ("E07000026", "Allerdale", "Cumberland", "2023-03-31"),
        ("E07000027", "Barrow-in-Furness", "Westmorland and Furness", "2023-03-31"),
        ("E07000168", "Scarborough", "North Yorkshire", "2023-03-31"),
        ("E07000190", "Taunton Deane", "Somerset", "2019-03-31"),
        ("E07000246", "Somerset West and Taunton", "Somerset", "2023-03-31"),
        ("E07000150", "Corby", "North Northamptonshire", "2021-03-31"),
        ("E07000154", "Northampton", "West Northamptonshire", "2021-03-31"),
        ("E07000048", "Christchurch", "Bournemouth, Christchurch and Poole", "2019-03-31"),
        ("E07000051", "Purbeck", "Dorset", "2019-03-31"),
        ("E07000004", "Aylesbury Vale", "Buckinghamshire", "2020-03-31"),
        ("E07000201", "Forest Heath", "Suffolk", "2019-03-31"),
        ("E07000245", "West Suffolk", "Suffolk", ""),
    ],
)
def test_a_district_lies_in_the_authority_of_today(code, name, authority, valid_to):
    district = by_code()[code]
    assert (district.name, district.authority.name, district.valid_to) == (name, authority, valid_to)
    assert authority_of(code) is district.authority and authority_of(f" {code} ") is district.authority


def test_every_district_is_well_formed_and_lies_in_a_current_upper_tier_authority():
    assert len(by_code()) == 204
    for code, district in by_code().items():
        assert re.fullmatch(r"E07\d{6}", code) and district.name == district.name.strip() != ""
        assert district.authority in places.authorities()
        assert all(re.fullmatch(r"(20\d\d-\d\d-\d\d)?", day) for day in (district.valid_from, district.valid_to))
        exists = not district.valid_to
        assert exists == (district.authority.kind == "county") or district.authority.name == "Suffolk"


def test_no_area_is_in_two_authorities_and_each_division_covers_an_authority_once():
    counties = [place for place in places.authorities() if place.kind == "county"]
    assert sum(len(divisions(place.code)[-1].codes) for place in counties) == 164
    assert all(divisions(place.code)[-1].last_day == "9999-12-31" for place in counties)
    assert not [code for place in places.authorities() if place.kind == "london borough" for code in divisions(place.code)]
    seen = [code for place in places.authorities() for code in set().union(*(d.codes for d in divisions(place.code)))]
    assert sorted(seen) == sorted(districts.names())
    assert set(seen) - set(by_code()) == {"E06000028", "E06000029"}


def test_a_division_before_a_merger_holds_the_old_districts_and_not_the_new():
    old, new = divisions("E10000029")
    assert {"E07000201", "E07000204", "E07000205", "E07000206"} == old.codes - new.codes
    assert {"E07000244", "E07000245"} == new.codes - old.codes
    assert [len(division.codes) for division in divisions("E06000066")] == [5, 4]
    assert divisions("E06000058")[0].codes == {"E07000048", "E06000028", "E06000029"}


@pytest.mark.parametrize(
    ("code", "current"),
    [("E08000021", "E08000021"), ("E08000019", "E08000039"), ("E10000027", "E06000066"), ("E06000028", "E06000058")],
)
def test_an_authority_lies_in_itself_or_in_what_took_its_place(code, current):
    assert authority_of(code).code == current


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("E10000006", "Cumbria, which does not lie in one authority today: Cumberland"),
        ("E10000009", "Christchurch (E07000048) went to E06000058"),
        ("E12000001", "is North East, a region, not within one authority"),
        ("E13000001", "is Inner London, a subregion"),
        ("E07000054", "is no district of April 2018 or later"),
        ("W06000015", "No English district or authority has the code 'W06000015'"),
        ("", "No English district or authority has the code ''"),
    ],
)
def test_a_code_that_lies_in_no_single_authority_is_refused_with_the_reason(code, message):
    with pytest.raises(UnknownDistrict) as refused:
        authority_of(code)
    assert message in str(refused.value) and "\n" not in str(refused.value)


@pytest.mark.parametrize(
    "name", ["Tees Valley", "tees valley combined authority", "Tees Valley Mayoral Combined Authority", "The Tees Valley CA"]
)
def test_a_combined_authority_goes_by_its_usual_names(name):
    assert [place.name for place in combined_authority(name)] == [
        "Hartlepool",
        "Middlesbrough",
        "Redcar and Cleveland",
        "Stockton-on-Tees",
        "Darlington",
    ]


def test_an_unknown_combined_authority_gets_the_nearest_name():
    with pytest.raises(DataJamError, match="No combined authority is called 'Greater Manchster'. Did you mean Greater Manchester"):
        combined_authority("Greater Manchster")
    for name in ("", "London", "combined authority"):
        with pytest.raises(DataJamError):
            combined_authority(name)


def test_current_districts_are_those_of_the_published_lookup(real):
    rows = [row for row in raw(real(LOOKUP)) if row["LTLA23CD"].startswith("E07")]
    published = {row["LTLA23CD"]: (row["LTLA23NM"], row["UTLA23CD"]) for row in rows}
    assert {c: (d.name, d.authority_code) for c, d in by_code().items() if not d.valid_to} == published


def test_ended_districts_are_those_of_the_published_changes(real):
    rows = [row for row in raw(real(CHANGES)) if row["oldcd"].startswith("E07")]
    ended = {code: district for code, district in by_code().items() if district.valid_to}
    assert {row["oldcd"]: (row["oldnm"], f"{row['start']}-03-31") for row in rows} == {
        code: (district.name, district.valid_to) for code, district in ended.items()
    }
    for row in rows:
        assert authority_of(row["oldcd"]) is authority_of(row["newcd"])


def test_combined_authorities_are_those_published(real):
    rows = raw(real(COMBINED))
    for name in {row["CAUTH25NM"] for row in rows}:
        published = {authority_of(row["LAD25CD"]).code for row in rows if row["CAUTH25NM"] == name}
        assert {place.code for place in combined_authority(name)} == published


@pytest.mark.parametrize(
    "name",
    [
        "attainment/els_gcses-in-english-and-maths.csv",
        "skills/els_apprenticeships.csv",
        "cohesion/els_personal-wellbeing-estimates.csv",
    ],
)
def test_every_district_in_real_files_is_known(real, name):
    codes = {row["areacd"] for row in raw(real(name)) if row["areacd"].startswith("E07")}
    assert len(codes) > 160 and codes <= set(by_code())
