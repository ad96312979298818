"""What the documentation says is true: its examples run, its commands and files are there."""

import doctest
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PROJECT = ROOT / "{{cookiecutter.project_slug}}"


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md"])
def test_the_examples_give_what_they_show(name, monkeypatch):
    monkeypatch.chdir(ROOT)
    failures, tried = doctest.testfile(str(ROOT / name), module_relative=False, optionflags=doctest.NORMALIZE_WHITESPACE)
    assert not failures and (tried or name != "README.md")


def sessions(folder: Path) -> set[str]:
    command = [sys.executable, "-m", "nox", "-f", str(folder / "noxfile.py"), "--list"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return set(re.findall(r"^[*-] (\w+)", done.stdout, re.MULTILINE))


def test_every_nox_session_the_documents_name_is_there():
    here, there = sessions(ROOT), sessions(PROJECT)
    for path in [ROOT / "README.md", ROOT / "CONTRIBUTING.md", PROJECT / "README.md", *PROJECT.glob("d*/*.md")]:
        for name in re.findall(r"nox -s (\w+)", path.read_text(encoding="utf-8")):
            assert name in (here | there if path.parent == ROOT else there), f"{path.name}: nox -s {name}"


def test_ci_runs_the_readmes_test_command():
    command = 'python3 -m pip install "nox[uv]" && python3 -m nox -s tests'
    assert command in (ROOT / "README.md").read_text(encoding="utf-8")
    assert command.replace("install ", "install -q ") in (ROOT / ".ci" / "run").read_text(encoding="utf-8")


def test_every_path_the_documents_name_is_there():
    for name in ("README.md", "CONTRIBUTING.md"):
        text = (ROOT / name).read_text(encoding="utf-8")
        for path in re.findall(r"`((?:shared|tests|hooks|starters|benchmarks|notebooks)/[\w./]*)`", text):
            made_by_following_it = path.startswith("starters/innovation/")
            assert made_by_following_it or (ROOT / path).exists(), f"{name}: {path}"


def test_the_readme_shows_data_in_and_answer_out_before_anything_else():
    headings = re.findall(r"^## (.*)", (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert headings[0] == "In, and out"


def test_no_tracked_file_is_empty_or_names_this_machine_or_a_package_host():
    names = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\0")
    forbidden = re.compile(r"(/wo" + r"rk/|/ro" + r"ot/|files\.pythonhos" + r"ted|py" + r"pi\.org|registry\.npm" + r"js)")
    for name in filter(None, names):
        path = ROOT / name
        assert path.suffix not in (".orig", ".rej", ".log", ".lp"), f"{name} is litter"
        if path.is_file():
            assert path.stat().st_size, f"{name} is empty"
            if path.suffix not in (".png", ".csv"):
                assert not forbidden.search(path.read_text(encoding="utf-8")), name
