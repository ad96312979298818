"""A review of a generated project: nothing where nothing is wrong, and what was changed by hand."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from datajam.project import open_project
from datajam.review import variations
from datajam.review.evidence import Evidence
from datajam.review.reviewing import Asked, review
from datajam.run import checks, runner


def commit(folder: Path) -> None:
    who = ["-c", "user.name=Ann Analyst", "-c", "user.email=ann@example.org"]
    for words in (["init", "-q"], ["add", "-A"], [*who, "commit", "-qm", "Run"]):
        subprocess.run(["git", "-C", str(folder), *words], check=True, capture_output=True)


@pytest.fixture(scope="module")
def small(bake) -> Path:
    """A project of two notebooks, run and committed: the first of its theme and its findings."""
    made = bake(theme="social_cohesion", place="Leeds")
    for path in (made / "notebooks").glob("0[234]*.ipynb"):
        path.unlink()
    hack = made / "hack.toml"
    names = {name for path in (made / "notebooks").glob("*.ipynb") for name in checks.declared(path)} | {"source"}
    kept, within = [], False
    for line in hack.read_text(encoding="utf-8").splitlines():
        within = line == "[parameters]" if line.startswith("[") else within
        if not within or "=" not in line or line.split(" = ")[0] in names:
            kept.append(line)
    hack.write_text("\n".join(kept) + "\n", encoding="utf-8")
    runner.run(open_project(made), progress=False)
    commit(made)
    return made


def reviewed(folder: Path):
    return review(Asked(str(folder), python=sys.executable, quick=True), lambda text: None)


def test_a_project_that_was_run_and_committed_is_reproduced_and_nothing_is_found(small):
    done = reviewed(small)
    assert done.code == 0 and [found for found in done.findings if found.level != "note"] == []
    outputs = [output for one in done.evidence.notebooks for output in one.outputs]
    assert (
        done.verdict.startswith(f"2 of 2 notebooks ran; {len(outputs)} of {len(outputs)} outputs identical") and len(outputs) > 10
    )
    number = len(done.evidence.results_then)
    assert number and f"{number} of {number} headline numbers the same" in done.verdict
    read = {each.path for each in done.evidence.notebooks[0].opened}
    assert {"hack.toml", done.evidence.settings["sources"][open_project(small).source.id]["path"]} <= read


def test_a_digit_changed_in_the_run_is_found_in_its_notebook_and_cell(small, tmp_path):
    changed = tmp_path / "changed"
    shutil.copytree(small, changed, ignore=shutil.ignore_patterns("review"))
    ran = next(changed.glob("runs/*/05_findings.ipynb"))
    held = json.loads(ran.read_text(encoding="utf-8"))
    number, output = next(
        (number, output)
        for number, cell in enumerate(held["cells"], start=1)
        for output in cell.get("outputs", [])
        if "application/scrapbook.scrap.json+json" in output.get("data", {})
    )
    output["data"]["application/scrapbook.scrap.json+json"]["data"]["value"] += 1
    ran.write_text(json.dumps(held), encoding="utf-8")
    results = ran.with_name("results.json")
    entries = json.loads(results.read_text(encoding="utf-8"))
    entries[-1]["value"] += 1
    results.write_text(json.dumps(entries), encoding="utf-8")
    commit(changed)
    done = reviewed(changed)
    assert done.code == 1
    found = {(each.rule, each.file, each.cell) for each in done.findings if each.level == "difference"}
    assert ("reproduced.output", "notebooks/05_findings.ipynb", number) in found
    assert ("reproduced.number", "notebooks/05_findings.ipynb", entries[-1]["cell"]) in found and len(found) == 2


def test_each_numeric_parameter_is_moved_down_and_up_and_a_seed_to_the_next(baked):
    assert variations.moves(open_project(baked)) == [
        ("pupil_spread", 18.0, pytest.approx(16.2)),
        ("pupil_spread", 18.0, pytest.approx(19.8)),
    ]
    path = baked / "notebooks" / "01_load_and_check.ipynb"
    path.write_text(
        path.read_text(encoding="utf-8").replace('place: str = \\"\\"', 'seed: int = 7\\n",\n    "place: str = \\"\\"'),
        encoding="utf-8",
    )
    assert ("seed", 7, 8) in variations.moves(open_project(baked))


def test_a_number_that_is_the_same_for_two_places_with_its_base_and_interval_is_told():
    entry = {"name": "gap", "label": "Gap", "value": 1.5, "base": 40, "lower_95": 1.0, "upper_95": 2.0, "notebook": "05", "cell": 3}
    evidence = Evidence(Path("."), results_now=[entry])
    told = list(variations._stays(evidence, [entry], "Leeds", "Hull"))
    assert told[0]["notebook"] == "notebooks/05.ipynb" and "for Leeds and for Hull" in told[0]["words"]
    assert not list(variations._stays(evidence, [{**entry, "base": 41}], "Leeds", "Hull"))


def test_a_number_changes_sign_or_place_only_among_those_of_its_unit():
    def numbers(gap, share, pay):
        units = {"gap": "points", "share": "points", "pay": "gbp"}
        return [{"name": n, "label": n, "value": v, "unit": units[n]} for n, v in (("gap", gap), ("share", share), ("pay", pay))]

    assert [each["words"] for each in variations.turned(numbers(1.0, 2.0, 3.0), numbers(2.5, 2.0, 0.5))] == [
        "gap changes places with share"
    ]
    assert not variations.turned(numbers(1.0, 2.0, 3.0), numbers(1.1, 2.1, 0.1))
