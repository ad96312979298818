"""A fourth theme by the steps of CONTRIBUTING.md alone: what they say is done, nothing else, and the project runs."""

import json
import re
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def steps() -> dict[int, list[str]]:
    """The fenced blocks of each numbered step."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    section = text[text.index("## Add a theme in an hour") :]
    section = section[: section.index("\n## ", 5)]
    parts = re.split(r"^(\d)\. ", section, flags=re.MULTILINE)[1:]
    fenced = re.compile(r"^   ```\w*\n(.*?)^   ```$", re.MULTILINE | re.DOTALL)
    return {
        int(n): [textwrap.dedent(block) for block in fenced.findall(body)] for n, body in zip(parts[::2], parts[1::2], strict=True)
    }


@pytest.fixture(scope="module")
def template(tmp_path_factory, steps) -> Path:
    """A copy of the repository with the fourth theme in it."""
    folder = tmp_path_factory.mktemp("fourth") / "template"
    names = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT, capture_output=True)
    for name in filter(None, names.stdout.decode().split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, folder / name)
    subprocess.run([sys.executable, "-c", steps[1][0]], cwd=folder, check=True)
    theme = folder / "starters" / "innovation"
    (theme / "hack-theme.toml").write_text(steps[2][0], encoding="utf-8")
    (theme / "data" / "indicators.csv").write_text(steps[3][0], encoding="utf-8")
    (theme / "docs").mkdir()
    shutil.copy(folder / "starters/skills/docs/problem_statement.md", theme / "docs")
    write_notebooks(folder, theme / "notebooks", steps[5])
    asked = json.loads((folder / "cookiecutter.json").read_text(encoding="utf-8"))
    asked["theme"].append("innovation")
    asked["__prompts__"]["theme"]["innovation"] = "Innovation in local services"
    (folder / "cookiecutter.json").write_text(json.dumps(asked), encoding="utf-8")
    return folder


def write_notebooks(folder: Path, to: Path, cells: list[str]) -> None:
    to.mkdir()
    findings = nbformat.read(folder / "starters/social_cohesion/notebooks/05_findings.ipynb", as_version=4)
    findings.cells = [cell for cell in findings.cells if "published" not in cell.source.lower()]
    nbformat.write(findings, to / "03_findings.ipynb")
    forecast = nbformat.v4.new_notebook(metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}})
    forecast.cells = [nbformat.v4.new_markdown_cell("# What will be asked of us?"), *map(nbformat.v4.new_code_cell, cells)]
    forecast.cells[1].metadata["tags"] = ["parameters"]
    nbformat.write(forecast, to / "02_forecast.ipynb")


def test_the_steps_make_a_theme_that_runs_for_places_it_has_and_says_so_for_those_it_lacks(template, tmp_path):
    command = [sys.executable, "-m", "cookiecutter", str(template), "--no-input", "-o", str(tmp_path), "theme=innovation"]
    subprocess.run([*command, "place=Newcastle"], check=True, capture_output=True, cwd=tmp_path)
    made = tmp_path / "our-data-hack"
    assert "Innovation in local services" in (made / "README.md").read_text(encoding="utf-8")
    for place, slug in (("Newcastle upon Tyne", "newcastle-upon-tyne"), ("Rutland", "rutland")):
        words = [sys.executable, "-m", "datajam", "run", "--quiet", "--place", place]
        done = subprocess.run(
            words, cwd=made, capture_output=True, text=True, env={**environment(), "PYTHONPATH": str(made / "shared")}
        )
        assert done.returncode == 0, done.stderr
        found = {each["name"]: each for each in json.loads((made / "runs" / slug / "results.json").read_text(encoding="utf-8"))}
        forecast = found["next_week"]
        if place == "Rutland":
            assert forecast["value"] is None and forecast["reason"] == "fewer than 60 weeks in the file"
        else:
            assert 250 < forecast["value"] < 600 and forecast["lower_95"] < forecast["value"] < forecast["upper_95"]
        page = (made / "runs" / slug / "report.html").read_text(encoding="utf-8")
        assert "Synthetic data" in page and " nan" not in re.sub(r"<pre.*?</pre>", "", page, flags=re.DOTALL).lower()


def environment() -> dict[str, str]:
    import os

    return dict(os.environ)


def test_the_map_and_the_statement_of_the_new_theme_are_what_projects_expect(template):
    from datajam.say import indicators

    table = indicators.read(template / "starters/innovation/data/indicators.csv")
    assert indicators.sources(table) == ["requests"]
    assert indicators.concepts_without(table) == ["satisfaction with services"]
