"""The settings file and its data log: filled by a command, read without guessing."""

import hashlib
import tomllib

import pytest

import datajam
from datajam import project


def settings(made):
    return tomllib.loads((made / "hack.toml").read_text(encoding="utf-8"))


def test_add_source_fills_an_entry_from_the_file(baked, datajam_command, real):
    raw = baked / "data" / "raw" / "ks4.csv"
    raw.write_bytes(real("attainment/ees_ks4_2018_la_char_testdata.csv").read_bytes())
    done = datajam_command("add-source", "data/raw/ks4.csv", "--address", "https://example.org/ks4", cwd=baked)
    assert done.returncode == 0, done.stderr
    entry = settings(baked)["sources"]["ks4"]
    assert entry["path"] == "data/raw/ks4.csv" and entry["layout"] == "dfe_ees"
    assert entry["publisher"] == "Department for Education" and entry["licence"] == "Open Government Licence v3.0"
    assert entry["sha256"] == hashlib.sha256(raw.read_bytes()).hexdigest() and entry["synthetic"] is False
    assert entry["address"] == "https://example.org/ks4"


def test_add_source_keeps_comments_and_what_was_written_by_hand(baked, datajam_command):
    before = (baked / "hack.toml").read_text(encoding="utf-8")
    done = datajam_command("add-source", "data/sample/attainment_by_fsm_synthetic.csv", "--id", "attainment_by_fsm", cwd=baked)
    assert done.returncode == 0, done.stderr
    after = (baked / "hack.toml").read_text(encoding="utf-8")
    assert [line for line in before.splitlines() if "#" in line] == [line for line in after.splitlines() if "#" in line]
    old, new = tomllib.loads(before), tomllib.loads(after)
    old["sources"]["attainment_by_fsm"].pop("retrieved"), new["sources"]["attainment_by_fsm"].pop("retrieved")
    assert old == new


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["data/raw/none.csv"], "does not exist"),
        (["README.md"], "Nearest is"),
        (["data/sample/attainment_by_fsm_synthetic.csv", "--id", "../x"], "use small letters"),
        (["data/sample/attainment_by_fsm_synthetic.csv", "--sensitivity", "secret"], "choose from open"),
    ],
)
def test_add_source_writes_nothing_where_something_is_wrong(baked, datajam_command, words, said):
    before = (baked / "hack.toml").read_bytes()
    done = datajam_command("add-source", *words, cwd=baked)
    assert done.returncode == 2 and said in done.stderr and len(done.stderr.strip().splitlines()) == 1
    assert (baked / "hack.toml").read_bytes() == before


def test_a_file_that_changed_is_refused_and_the_message_says_how_to_accept_it(baked):
    path = baked / "data" / "sample" / "attainment_by_fsm_synthetic.csv"
    path.write_bytes(path.read_bytes() + b"\r\n")
    with pytest.raises(datajam.DataJamError, match="datajam add-source data/sample/attainment_by_fsm_synthetic.csv --id"):
        project.open_project(baked).read()


def test_parameters_given_win_over_the_settings_and_an_empty_text_does_not(baked):
    opened = project.open_project(baked, place="", period="2022/23")
    assert opened.place.name == "North East" and opened.parameter("period") == "2022/23"


def test_a_source_that_is_not_open_is_marked_so_in_the_report(baked, datajam_command):
    text = (baked / "hack.toml").read_text(encoding="utf-8").replace('sensitivity = "open"', 'sensitivity = "agreement"')
    (baked / "hack.toml").write_text(text, encoding="utf-8")
    assert datajam_command("run", "--quiet", "--notebooks", "05*", cwd=baked).returncode == 0
    page = (baked / "runs" / "north-east" / "report.html").read_text(encoding="utf-8")
    assert "Not open data (agreement)" in page and "passed automatic checks; awaiting an output checker" in page


@pytest.mark.parametrize(
    ("place", "roles"),
    [("Leeds", ["here", "region", "england", "alike"]), ("Yorkshire and The Humber", ["alike", "here", "england", "alike"])],
)
def test_a_number_about_another_place_has_the_same_name_in_every_project(baked, place, roles):
    hack = project.open_project(baked, place=place)
    assert [hack.role(name) for name in ("Leeds", "Yorkshire and The Humber", "England", "the places most like it")] == roles
