"""Running a project: what is wrong is said before a kernel starts, and a run is whole or not there."""

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from datajam import project
from datajam.folders import put_in_place, recover, staging
from datajam.run import runner
from datajam.say import results

ROOT = Path(__file__).resolve().parents[1]


def cell(text: str, *tags: str) -> dict:
    made = {"cell_type": "code", "id": hashlib.sha1(text.encode()).hexdigest()[:8], "metadata": {"tags": list(tags)}}
    return {**made, "source": text, "execution_count": None, "outputs": []}


def only_notebook(made: Path, *cells: dict) -> None:
    """Leave one small notebook in a project, which reads its source and then does what the cells say."""
    for path in (made / "notebooks").glob("*.ipynb"):
        path.unlink()
    parameters = cell('place: str = ""\nperiod: str = ""\nsize: float = 1.5', "parameters")
    reading = cell("import datajam\nhack = datajam.open_project(place=place, period=period)\ntable = hack.read()")
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    notebook = {"cells": [parameters, reading, *cells], "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}
    (made / "notebooks" / "01_only.ipynb").write_text(json.dumps(notebook), encoding="utf-8")
    settings = (made / "hack.toml").read_text(encoding="utf-8").splitlines()
    kept = [line for line in settings if line.split(" =")[0] not in _OF_THEME]
    (made / "hack.toml").write_text("\n".join(kept) + "\n", encoding="utf-8")


_OF_THEME = (
    *("group", "compared_with", "average", "total", "pupils", "measure_name"),
    *("progress_source", "neet_source", "context_source"),
)


def started_kernels(process: subprocess.CompletedProcess) -> bool:
    return "Executing" in process.stderr or "cell/s" in process.stderr


def test_a_run_leaves_notebooks_results_provenance_figures_and_a_report(finished):
    folder = finished / "runs" / "newcastle-upon-tyne"
    assert {path.name for path in folder.iterdir()} == {
        "01_load_and_check.ipynb", "02_attainment_or_progression.ipynb", "03_fair_comparison.ipynb", "04_after_sixteen.ipynb",
        "05_findings.ipynb", "results.json", "provenance.json", "figures", "report.html",
    }  # fmt: skip
    assert len(list((folder / "figures").glob("*.png"))) == len(list((folder / "figures").glob("*.csv"))) == 12


def test_results_hold_names_values_units_intervals_and_bases_and_no_times_or_paths(finished):
    text = (finished / "runs" / "newcastle-upon-tyne" / "results.json").read_text(encoding="utf-8")
    entries = json.loads(text)
    names = [entry["name"] for entry in entries if entry["notebook"] == "05_findings"]
    assert names[:3] == ["group_score", "comparison_score", "gap"]
    assert all(entry["unit"] and entry["base_of"] for entry in entries if entry["value"] is not None)
    assert "/tmp" not in text and str(finished) not in text and time.strftime("%Y-%m") not in text


def test_provenance_names_inputs_versions_lock_and_times(finished):
    about = json.loads((finished / "runs" / "newcastle-upon-tyne" / "provenance.json").read_text(encoding="utf-8"))
    source = about["inputs"][0]
    assert source["sha256"] == hashlib.sha256((finished / source["path"]).read_bytes()).hexdigest()
    assert about["lock_sha256"] == hashlib.sha256((finished / "requirements.lock").read_bytes()).hexdigest()
    assert about["parameters"]["place"] == "Newcastle upon Tyne" and about["versions"]["pandas"] and about["started"]


def test_executed_notebooks_hold_no_path_of_this_machine(finished):
    for path in (finished / "runs" / "newcastle-upon-tyne").glob("*.ipynb"):
        assert str(finished) not in path.read_text(encoding="utf-8")


def test_three_ways_to_name_a_place_give_the_same_numbers_to_the_byte(baked):
    found = []
    for said in ("Durham", "County Durham", "E06000047"):
        done = runner.run(project.open_project(baked, place=said), "05_findings", progress=False)
        figures = {path.name: path.read_bytes() for path in (done.folder / "figures").iterdir()}
        found.append(((done.folder / "results.json").read_bytes(), figures))
    assert done.folder.name == "county-durham" and found[0] == found[1] == found[2]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--place", "Newcastel"], "No place called 'Newcastel'. Did you mean Newcastle upon Tyne?"),
        (["--place", "E10000006"], "Cumberland (E06000063) and Westmorland and Furness (E06000064)"),
        (["-p", "perod=2023/24"], "No notebook has a parameter 'perod'. Did you mean period?"),
        (["-p", "period=2031/32"], "No figures for period '2031/32'"),
        (["-p", "period"], "type NAME=VALUE"),
        (["-p", "pupil_spread=wide"], "float was expected, such as 18.0"),
        (["-p", "group=fsm_eligibel"], "Did you mean fsm_eligible?"),
        (["--notebooks", "09*"], "No notebook matches '09*'"),
        (["-p", "neet_source=neet_scorcard"], "Did you mean neet_scorecard?"),
        (["--speed", "9"], "unrecognized arguments: --speed 9"),
    ],
)
def test_a_wrong_word_is_told_in_one_line_with_exit_2_and_no_kernel(baked, datajam_command, words, said):
    done = datajam_command("run", *words, cwd=baked)
    assert done.returncode == 2 and said in done.stderr and len(done.stderr.strip().splitlines()) == 1
    assert not started_kernels(done) and not (baked / "runs").exists()


def damage_nothing(path: Path) -> None:
    path.unlink()


def damage_empty(path: Path) -> None:
    path.write_bytes(b"")


def damage_cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:100_001])


def damage_binary(path: Path) -> None:
    path.write_bytes(os.urandom(5000) + b"\x00")


def damage_other_layout(path: Path) -> None:
    path.write_text("name,score\nLeeds,3\n", encoding="utf-8")


def damage_encoding(path: Path) -> None:
    path.write_bytes(path.read_text(encoding="utf-8-sig").encode("utf-16"))


@pytest.mark.parametrize(
    ("damage", "said", "unlogged"),
    [
        (damage_nothing, "does not exist", "does not exist"),
        (damage_empty, "the file is empty", "the file is empty"),
        (damage_cut, "not the file in the data log", "cells where the header has 16"),
        (damage_binary, "", ""),
        (damage_other_layout, "not the file in the data log", "column country_code is missing"),
        (damage_encoding, "UTF-16", "UTF-16"),
    ],
)
def test_a_damaged_source_is_told_in_one_line_and_leaves_no_run(baked, datajam_command, damage, said, unlogged):
    path = baked / "data" / "sample" / "attainment_by_fsm_synthetic.csv"
    damage(path)
    for expected in (said, unlogged):
        done = datajam_command("run", cwd=baked)
        assert done.returncode == 2 and expected in done.stderr and len(done.stderr.strip().splitlines()) == 1
        assert path.name in done.stderr and not (baked / "runs").exists() and not started_kernels(done)
        settings = (baked / "hack.toml").read_text(encoding="utf-8")
        settings = "\n".join(line for line in settings.splitlines() if not line.startswith("sha256"))
        (baked / "hack.toml").write_text(settings + "\n", encoding="utf-8")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (('place = "North East"', "place = North East"), "hack.toml"),
        (('source = "attainment_by_fsm"', 'source = "atainment"'), "Did you mean attainment_by_fsm?"),
        (('sensitivity = "open"', 'sensitivity = "secret"'), "choose from open, agreement, personal"),
        (('layout = "dfe_ees"', 'layout = "dfe_eex"'), "No layout is called 'dfe_eex'"),
        (('group = "fsm_eligible"', 'groop = "fsm_eligible"'), "no notebook has the parameter 'groop'"),
        (('path = "data', 'path = 3 #"data'), "needs path"),
    ],
)
def test_a_mistake_in_the_settings_names_what_to_write(baked, datajam_command, change, said):
    settings = (baked / "hack.toml").read_text(encoding="utf-8")
    assert change[0] in settings
    (baked / "hack.toml").write_text(settings.replace(*change, 1), encoding="utf-8")
    done = datajam_command("run", cwd=baked)
    assert done.returncode == 2 and said in done.stderr and len(done.stderr.strip().splitlines()) == 1


def test_outside_a_project_the_command_says_where_to_go(tmp_path, datajam_command):
    done = datajam_command("run", cwd=tmp_path)
    assert done.returncode == 2 and "No hack.toml" in done.stderr


def test_a_folder_that_cannot_be_written_is_told_in_one_line(baked, datajam_command):
    (baked / "runs").write_text("in the way", encoding="utf-8")
    done = datajam_command("run", "--quiet", cwd=baked)
    assert done.returncode == 2 and len(done.stderr.strip().splitlines()) == 1 and "runs" in done.stderr


def test_debug_shows_the_traceback(baked, datajam_command):
    assert "Traceback" in datajam_command("run", "--place", "Nowhere", "--debug", cwd=baked).stderr


def test_a_failing_notebook_is_named_with_its_cell_and_kept_and_the_good_run_stays(baked, datajam_command):
    only_notebook(baked, cell('datajam.record("answer", 42, "people", label="Answer", base=1, base_of="asked")'))
    assert datajam_command("run", "--quiet", cwd=baked).returncode == 0
    good = (baked / "runs" / "north-east" / "results.json").read_bytes()
    only_notebook(baked, cell("print('before')"), cell("1 / 0"))
    done = datajam_command("run", "--quiet", cwd=baked)
    assert done.returncode == 1
    assert "01_only, cell 5: ZeroDivisionError: division by zero" in done.stderr.strip().splitlines()[-1]
    failed = baked / "runs" / "north-east.failed"
    assert "before" in (failed / "01_only.ipynb").read_text(encoding="utf-8") and (failed / "FAILED.txt").is_file()
    assert (baked / "runs" / "north-east" / "results.json").read_bytes() == good


def test_a_notebook_whose_kernel_dies_is_reported_as_such(baked, datajam_command):
    only_notebook(baked, cell("import os\nos._exit(3)"))
    done = datajam_command("run", "--quiet", cwd=baked)
    assert done.returncode == 1 and "01_only: the kernel died" in done.stderr


def test_a_notebook_that_changes_its_input_fails_the_run(baked, datajam_command):
    only_notebook(baked, cell("with open(hack.source.file, 'ab') as file:\n    file.write(b'x')"))
    done = datajam_command("run", "--quiet", cwd=baked)
    assert done.returncode == 1 and "The run changed its own input" in done.stderr
    assert not (baked / "runs" / "north-east").exists()


def test_one_name_recorded_twice_fails_the_run(baked, datajam_command):
    record = 'datajam.record("answer", 42, "people", label="Answer", base=1, base_of="asked")'
    only_notebook(baked, cell(record), cell(f"{record}  # again"))
    done = datajam_command("run", "--quiet", cwd=baked)
    assert done.returncode == 2 and "'answer' was recorded before, in 01_only, cell 4" in done.stderr


def test_a_page_made_by_a_notebook_stands_beside_the_report_and_one_name_serves_once(baked, datajam_command):
    page = 'from datajam.say import results\nresults.attach("try.html", "<p>hello</p>", "A page to try")'
    only_notebook(baked, cell(page))
    assert datajam_command("run", "--quiet", cwd=baked).returncode == 0
    folder = baked / "runs" / "north-east"
    assert (folder / "try.html").read_text(encoding="utf-8") == "<p>hello</p>"
    assert 'href="try.html">A page to try' in (folder / "report.html").read_text(encoding="utf-8")
    only_notebook(baked, cell(page), cell(f"{page}  # again"))
    done = datajam_command("run", "--quiet", cwd=baked)
    assert done.returncode == 2 and "'try.html' is there already" in done.stderr


def test_a_parameter_reaches_the_notebook_in_its_type(baked, datajam_command):
    only_notebook(baked, cell('datajam.record("twice", size * 2, "people", label="Twice", base=1, base_of="asked")'))
    done = datajam_command("run", "--quiet", "-p", "size=2.5", cwd=baked)
    assert "Twice: 5.0 people" in done.stdout, done.stderr


def test_the_run_uses_the_projects_own_shared_package(baked, datajam_command):
    changed = baked / "shared" / "datajam" / "say" / "sentences.py"
    changed.write_text(changed.read_text(encoding="utf-8") + "\nTEAM = 'ours'\n", encoding="utf-8")
    only_notebook(baked, cell("from datajam.say import sentences\nprint(sentences.TEAM)"))
    assert datajam_command("run", "--quiet", cwd=baked).returncode == 0


def fingerprint(folder: Path) -> str:
    return hashlib.sha256(b"".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())).hexdigest()


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL is not there on Windows")
def test_killing_a_run_at_any_moment_leaves_the_old_run_or_the_new_one(baked):
    only_notebook(baked, cell('datajam.record("answer", 42, "people", label="Answer", base=1, base_of="asked")'))
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "shared")}
    command = [sys.executable, "-m", "datajam", "run", "--quiet", "-p"]
    subprocess.run([*command, "size=0"], cwd=baked, env=environment, check=True, capture_output=True)
    target = baked / "runs" / "north-east"
    wanted = {path.name for path in target.iterdir()}
    for turn in range(8):
        process = subprocess.Popen([*command, f"size={turn + 1}"], cwd=baked, env=environment, stderr=subprocess.DEVNULL)
        time.sleep(0.4 + 0.45 * turn)
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert {path.name for path in target.iterdir()} == wanted
        size = json.loads((target / "provenance.json").read_text(encoding="utf-8"))["parameters"].get("size")
        papermill = json.loads((target / "01_only.ipynb").read_text(encoding="utf-8"))["metadata"]["papermill"]
        assert papermill["parameters"].get("size") == size


def test_a_folder_takes_anothers_place_as_a_whole_and_a_reader_never_sees_a_gap(tmp_path):
    target = tmp_path / "run"
    target.mkdir()
    (target / "a").write_text("old")
    watcher = subprocess.Popen(
        [sys.executable, "-c", "import pathlib,sys\nwhile True:\n    pathlib.Path(sys.argv[1], 'a').read_text()", str(target)],
        stderr=subprocess.DEVNULL,
    )
    for turn in range(200):
        fresh = staging(target)
        (fresh / "a").write_text(str(turn))
        put_in_place(fresh, target)
    alive = watcher.poll() is None
    watcher.kill()
    assert (target / "a").read_text() == "199" and [path.name for path in tmp_path.iterdir()] == ["run"]
    assert alive or not sys.platform.startswith("linux")


def test_where_folders_cannot_be_exchanged_the_old_one_comes_back_after_a_stop(tmp_path, monkeypatch):
    monkeypatch.setattr("datajam.folders._exchange", lambda one, other: False)
    target = tmp_path / "run"
    target.mkdir()
    (target / "a").write_text("old")
    fresh = staging(target)
    (fresh / "a").write_text("new")
    put_in_place(fresh, target)
    assert (target / "a").read_text() == "new"
    shutil.move(target, tmp_path / ".previous-run")
    recover(target)
    assert (target / "a").read_text() == "new"


@pytest.mark.parametrize(
    ("call", "said"),
    [
        ({"name": "Gap", "value": 1, "unit": "points", "base": 3}, "is not a name"),
        ({"name": "gap", "value": 1, "unit": "points"}, "say what the number rests on"),
        ({"name": "gap", "value": None, "unit": "points"}, "needs status= and reason="),
    ],
)
def test_a_number_without_a_base_or_a_missing_one_without_a_reason_is_not_recorded(call, said):
    with pytest.raises(runner.DataJamError, match=said):
        results.record(**call, label="Gap")
