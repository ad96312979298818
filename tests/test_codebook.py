"""The codebook: the page in the documentation is what the command prints, and it holds all that the schemas define."""

import argparse
from pathlib import Path

import pytest

import datajam
from datajam import project
from datajam.keep.codebook import codebook, codebook_command, project_codebook
from datajam.observe import observations
from datajam.sources import layouts
from datajam.vocabulary import markers

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "codebook.md"
SAMPLES = sorted([*ROOT.glob("starters/*/data/sample/*.csv"), *ROOT.glob("{{*}}/data/sample/*.csv")])


@pytest.fixture(scope="module")
def page():
    return codebook(SAMPLES)


def rows_of(page, heading):
    """The first table below a heading: {first cell: the other cells}."""
    below = page[page.index(f" {heading}\n") :]
    lines = below[below.index("\n|") :].strip().split("\n\n")[0].splitlines()[2:]
    cells = [line.strip("| ").split(" | ") for line in lines]
    return {first: rest for first, *rest in cells}


def test_the_committed_page_is_what_the_command_prints(page):
    words = " ".join(str(path.relative_to(ROOT)) for path in SAMPLES)
    assert PAGE.read_text(encoding="utf-8") == page, f"make it again: datajam codebook {words} > docs/codebook.md"


def test_given_files_the_command_prints_the_whole_codebook(page, capsys):
    codebook_command(argparse.Namespace(files=[str(path) for path in SAMPLES], project=None))
    assert capsys.readouterr().out == page


def test_every_column_unit_status_and_level_has_its_meaning(page):
    columns = rows_of(page, "Columns of the tidy table")
    assert [name for names in columns for name in names.split(", ")] == observations.COLUMNS
    assert list(rows_of(page, "Units")) == list(observations.UNITS)
    assert list(rows_of(page, "Statuses")) == list(markers.STATUSES)
    assert all(level in columns["area_level"][2] for level in observations.LEVELS)
    assert all("–" not in row for name in ("Units", "Statuses") for row in rows_of(page, name).values())
    assert columns["value, unit"][1] == "value" and columns["base"][:2] == ["whole number", "yes"]


def test_every_layout_has_its_publisher_licence_and_markers(page):
    sources, marked = rows_of(page, "Sources"), rows_of(page, "Markers, by layout")
    assert list(sources) == list(marked) == [layout.name for layout in layouts()]
    for layout in layouts():
        assert sources[layout.name][:3] == [layout.title, layout.publisher, layout.licence]
        assert len(sources[layout.name][3]) > 10, "the module's docstring names no source"
        for symbol, status in layout.profile.markers.items():
            column = [name for name in markers.STATUSES if name != "ok"].index(status)
            assert f"`{symbol}`" in marked[layout.name][column]


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.name)
def test_every_indicator_of_a_sample_stands_with_its_unit(page, path):
    table = datajam.read(path)
    rows = rows_of(page, path.name)
    assert set(rows) == set(table["indicator"])
    for indicator, unit in table[["indicator", "unit"]].drop_duplicates().itertuples(index=False):
        assert rows[indicator][1] == unit
    assert "Synthetic: not these places' results" in page[page.index(path.name) :][:300]


def test_labels_are_the_published_ones(page):
    assert rows_of(page, "qualifications_synthetic.csv")["no_qualifications"][0] == "No qualifications"


def test_the_page_names_no_folder_of_this_machine(page):
    assert str(ROOT) not in page and "\\" not in page


def test_a_text_that_would_break_the_table_does_not(tmp_path):
    sample = ROOT / "starters" / "skills" / "data" / "sample" / "qualifications_synthetic.csv"
    lines = sample.read_text(encoding="utf-8-sig").replace("No qualifications", "No | <b>qualifications</b>")
    (tmp_path / "odd.csv").write_text(lines, encoding="utf-8")
    row = next(line for line in codebook([tmp_path / "odd.csv"]).splitlines() if "qualifications&lt;" in line or "\\|" in line)
    assert "No \\| &lt;b>qualifications&lt;/b>" in row and row.replace("\\|", "").count("|") == 5


def test_in_a_project_it_prints_the_data_log_the_units_and_the_statuses(baked, capsys):
    codebook_command(argparse.Namespace(files=[], project=str(baked)))
    said = capsys.readouterr().out
    assert said == project_codebook(project.open_project(baked))
    assert "file: data/sample/attainment_by_fsm_synthetic.csv" in said and "publisher: DataJam (invented)" in said
    assert list(rows_of(said, "Units")) == list(observations.UNITS)
    assert list(rows_of(said, "Statuses")) == list(markers.STATUSES)
    logged = project.open_project(baked).sources.values()
    assert set(rows_of(said, "Markers, by layout")) == {source.layout for source in logged}
    assert all(f"- file: {source.path}\n" in said for source in logged)
    assert "| avg_att8 | – | score |" in said


def test_a_file_of_the_data_log_that_is_missing_or_changed_is_named_and_the_rest_stands(baked):
    path = baked / "data" / "sample" / "attainment_by_fsm_synthetic.csv"
    path.write_bytes(path.read_bytes() + b"\r\n")
    assert "**Not read:** data/sample/attainment_by_fsm_synthetic.csv: not the file" in project_codebook(
        project.open_project(baked)
    )
    path.unlink()
    said = project_codebook(project.open_project(baked))
    assert "does not exist" in said and "## Units" in said and str(baked) not in said


def test_outside_a_project_it_says_so_in_one_line(tmp_path):
    with pytest.raises(datajam.DataJamError, match="No hack.toml") as error:
        codebook_command(argparse.Namespace(files=[], project=str(tmp_path)))
    assert "\n" not in str(error.value)
