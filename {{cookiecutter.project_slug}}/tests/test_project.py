"""The project holds together: its data is what the log says, its notebooks run, and they give the same numbers twice."""

import json
import shutil
from pathlib import Path

import pytest

from datajam import project as projects
from datajam.run import runner

HERE = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def copy(tmp_path_factory) -> Path:
    """A copy of the project without its environment and runs, so that a test leaves nothing behind."""
    folder = tmp_path_factory.mktemp("project") / HERE.name
    shutil.copytree(HERE, folder, ignore=shutil.ignore_patterns(".venv", ".nox", "runs", ".git", "__pycache__"))
    return folder


@pytest.fixture(scope="module")
def finished(copy: Path) -> runner.Run:
    return runner.run(projects.open_project(copy), progress=False)


def test_every_file_in_the_data_log_is_there_with_its_hash():
    for source in projects.open_project(HERE).sources.values():
        assert source.check() == source.sha256


def test_the_notebooks_run_in_order_and_record_numbers(finished: runner.Run):
    assert finished.results
    assert all(entry["value"] is not None or entry["reason"] for entry in finished.results)


def test_the_report_names_the_place_and_describes_every_picture(copy: Path, finished: runner.Run):
    page = finished.report.read_text(encoding="utf-8")
    assert projects.open_project(copy).place.name.replace("'", "&#39;") in page
    assert page.count("<img ") == page.count('alt="') > 0 and 'alt=""' not in page


def test_a_second_run_gives_the_same_numbers_to_the_byte(copy: Path, finished: runner.Run):
    first = (finished.folder / "results.json").read_bytes()
    again = runner.run(projects.open_project(copy), progress=False)
    assert (again.folder / "results.json").read_bytes() == first


def test_the_committed_run_has_todays_numbers(finished: runner.Run):
    committed = HERE / "runs" / finished.folder.name / "results.json"
    if not committed.is_file():
        pytest.skip("no run of this place is kept in runs/ yet: `nox` makes one")
    assert json.loads(committed.read_text(encoding="utf-8")) == finished.results
