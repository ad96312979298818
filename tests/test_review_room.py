"""A review of small repositories: every class of failure, hostile content, what was touched, and the folder it leaves."""

import hashlib
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import nbformat.v4 as v4
import pytest
import yaml

from datajam.errors import DataJamError
from datajam.review import clean_room, crate, environment, walls
from datajam.review.reviewing import Asked, review

SHARED = Path(__file__).resolve().parents[1] / "shared"
VALIDATED = crate.validated
HELD = sys.platform == "linux"


def notebook(folder: Path, name: str, *sources: str, outputs=(), **metadata) -> Path:
    """A notebook of code cells, written; `outputs` are those of the last cell."""
    cells = [v4.new_code_cell(source) for source in sources]
    cells[-1].outputs = list(outputs)
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(nbformat.writes(v4.new_notebook(cells=cells, metadata=metadata)), encoding="utf-8")
    return path


def said(text: str):
    return v4.new_output("stream", text=text)


def commit(folder: Path) -> None:
    for words in (["init", "-q"], ["add", "-A"], ["-c", "user.name=Ann", "-c", "user.email=a@example.org", "commit", "-qm", "one"]):
        subprocess.run(["git", "-C", str(folder), *words], check=True, capture_output=True)


def reviewed(folder: Path, **asked):
    """A review with the interpreter of the tests, which is not the project's own lock, and says so."""
    return review(Asked(str(folder), python=sys.executable, **{"quick": True, "seconds": 60.0, **asked}), lambda text: None)


def hashes(folder: Path) -> dict[str, str]:
    files = [path for path in sorted(folder.rglob("*")) if path.is_file() and not path.is_symlink()]
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.fixture(scope="module")
def failing(tmp_path_factory):
    """A repository with a notebook for each class of failure, reviewed once; its folder's hashes before."""
    folder = tmp_path_factory.mktemp("failing")
    notebook(folder, "01_good.ipynb", "x = 1", "print(x + 1)", outputs=[said("2\n")])
    notebook(folder, "02_wrong.ipynb", "print(1 + 1)", outputs=[said("3\n")])
    notebook(folder, "03_dependency.ipynb", "import no_such_package")
    notebook(folder, "04_file.ipynb", "open('data/gone.csv')")
    notebook(folder, "05_later.ipynb", "print(made_later)", "made_later = 1")
    notebook(folder, "06_gone.ipynb", "1", "print(of_a_deleted_cell)", outputs=[said("5\n")])
    notebook(folder, "07_name.ipynb", "print(never_made)")
    asks = "import urllib.request\nurllib.request.urlopen('http://example.org/data.csv', timeout=5)"
    notebook(folder, "08_network.ipynb", asks)
    notebook(folder, "09_python2.ipynb", 'print "old"', kernelspec={"name": "python2", "display_name": "Python 2"})
    notebook(folder, "10_code.ipynb", "1 / 0")
    notebook(
        folder, "11_magic.ipynb", "%matplotlib inline\n!echo shell\n%time 1", kernelspec={"name": "anns-own", "display_name": "x"}
    )
    notebook(folder, "12_r.ipynb", "cat(1)", language_info={"name": "R"})
    (folder / "13_cut.ipynb").write_text('{"cells": [')
    (folder / "14_bomb.ipynb").write_text("[" * 200_000)
    reads = "open('data.csv').read()\nimport os, pathlib\npathlib.Path('made.txt').write_text('x')"
    notebook(folder, "15_reads.ipynb", "1", reads)
    (folder / "data.csv").write_text("a\n1\n")
    commit(folder)
    before = hashes(folder)
    return folder, before, reviewed(folder)


@pytest.fixture(autouse=True)
def without_the_validator(monkeypatch):
    """Two seconds each time; the fixture above, which lasts for the module, has it, and its test."""
    monkeypatch.setattr("datajam.review.crate.validated", lambda folder: "not validated in this test")


def found(failing, name: str):
    return next(one for one in failing[2].evidence.notebooks if one.path == name)


@pytest.mark.parametrize(
    ("name", "kind", "cell"),
    [
        ("03_dependency.ipynb", "dependency", 1),
        ("04_file.ipynb", "missing file", 1),
        ("05_later.ipynb", "hidden state", 1),
        ("06_gone.ipynb", "hidden state", 2),
        ("07_name.ipynb", "name", 1),
        ("08_network.ipynb", "network", 1),
        ("09_python2.ipynb", "code", 1),
        ("10_code.ipynb", "code", 1),
        ("12_r.ipynb", "dependency", None),
        ("13_cut.ipynb", "code", None),
        ("14_bomb.ipynb", "code", None),
    ],
)
def test_each_failure_has_its_class_its_cell_and_a_remedy(failing, name, kind, cell):
    failure = found(failing, name).failure
    assert (failure.kind, failure.cell) == (kind, cell) and failure.remedy


def test_a_notebook_for_python_2_is_told_from_other_code_that_fails(failing):
    assert "2to3" in found(failing, "09_python2.ipynb").failure.remedy
    assert "2to3" not in found(failing, "10_code.ipynb").failure.remedy


def test_what_runs_is_compared_and_what_differs_is_a_difference(failing):
    assert [output.same for output in found(failing, "01_good.ipynb").outputs] == ["identical"]
    assert [output.same for output in found(failing, "02_wrong.ipynb").outputs] == ["different"]
    assert found(failing, "11_magic.ipynb").ran


def test_the_verdict_counts_what_ran_and_the_exit_code_says_differences(failing):
    done = failing[2]
    assert done.code == 1
    assert done.verdict.startswith("4 of 15 notebooks ran; 1 of 2 outputs identical, 0 within tolerance, 1 different;")
    assert f"commit {done.evidence.commit[:7]}, clean" in done.verdict
    assert "NOT the project's own lock" in done.evidence.environment["packages"]


def test_files_and_addresses_asked_for_are_written_down_with_their_cell(failing):
    opened = {(each.path, each.mode): each for each in found(failing, "15_reads.ipynb").opened}
    assert opened["data.csv", "read"].cell == 2
    assert opened["data.csv", "read"].sha256 == hashlib.sha256(b"a\n1\n").hexdigest()
    assert opened["made.txt", "write"].sha256 == ""
    assert not [path for path, _ in opened if path.endswith((".py", "c.json"))]
    assert not found(failing, "04_file.ipynb").opened
    assert any("example.org" in asked.address and asked.cell == 1 for asked in found(failing, "08_network.ipynb").network)
    assert not found(failing, "15_reads.ipynb").network


def test_the_project_stays_as_it_was_and_gets_one_folder(failing):
    folder, before, _ = failing
    now = hashes(folder)
    assert {name for name in now if name not in before} == {name for name in now if name.startswith("review/")}
    assert {name: now[name] for name in before} == before


def test_the_review_is_a_page_json_a_codecheck_file_and_a_crate(failing):
    folder, _, done = failing
    assert {path.name for path in (folder / "review").iterdir()} == {"report.html", "report.json", "codecheck.yml", "crate"}
    about = json.loads((folder / "review" / "report.json").read_text(encoding="utf-8"))
    assert about["verdict"] == done.verdict and about["exit_code"] == 1 and len(about["notebooks"]) == 15
    assert about["replay"].startswith("datajam review ") and done.evidence.commit in about["replay"]


def test_the_codecheck_file_has_what_its_specification_demands(failing):
    folder = failing[0] / "review"
    text = (folder / "codecheck.yml").read_text(encoding="utf-8")
    held = yaml.safe_load(text)
    assert text.startswith("---\n") and held["version"] == "https://codecheck.org.uk/spec/config/1.0/"
    assert held["report"] and held["codechecker"][0]["name"].startswith("To fill")
    assert held["manifest"] and all((folder / entry["file"]).is_file() for entry in held["manifest"])


def test_the_crate_is_valid_and_the_validator_would_see_where_it_is_not(failing):
    assert failing[2].evidence.environment["crate"].startswith("valid as a Workflow Run Crate 0.5")
    path = failing[0] / "review" / "crate" / "ro-crate-metadata.json"
    whole = path.read_text(encoding="utf-8")
    about = json.loads(whole)
    next(entity for entity in about["@graph"] if entity["@id"] == "#review").pop("instrument")
    path.write_text(json.dumps(about), encoding="utf-8")
    assert VALIDATED(path.parent).startswith("NOT valid")
    path.write_text(whole, encoding="utf-8")


def test_a_second_review_takes_the_place_of_the_first(failing, tmp_path):
    folder = tmp_path / "small"
    notebook(folder, "a.ipynb", "print(1)", outputs=[said("1\n")])
    assert reviewed(folder).code == 0
    first = (folder / "review" / "report.json").read_text(encoding="utf-8")
    done = reviewed(folder)
    assert done.code == 0 and "not under git" in done.verdict
    assert (folder / "review" / "report.json").read_text(encoding="utf-8") != first
    assert not list(folder.glob(".unfinished*"))


def test_a_folder_with_other_peoples_files_is_refused_before_anything_runs(tmp_path):
    folder = tmp_path / "small"
    notebook(folder, "a.ipynb", "1")
    (folder / "review").mkdir()
    (folder / "review" / "thesis.docx").write_text("mine")
    with pytest.raises(DataJamError, match="holds thesis.docx, which is not a review's"):
        reviewed(folder)
    (folder / "link").symlink_to(tmp_path)
    with pytest.raises(DataJamError, match="is no folder"):
        reviewed(folder, out=str(folder / "link"))


def test_hostile_names_links_and_outputs_end_as_text_and_touch_nothing_outside(tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret.txt").write_text("secret")
    folder = tmp_path / "jam"
    bad = "<script>alert(1)</script>\n"
    html = v4.new_output("display_data", data={"text/html": "<script>document.title='owned'</script>", "text/plain": "x"})
    tries = f"""
import pathlib, os
for path in ({str(outside / "secret.txt")!r}, {str(Path.home() / "datajam_was_here")!r}, '../link/secret.txt', 'review/x'):
    try:
        pathlib.Path(path).write_text('owned')
    except OSError:
        pass
"""
    notebook(folder, f"notebooks/{bad}.ipynb", "1", outputs=[html])
    notebook(folder, "notebooks/tries.ipynb", tries)
    (folder / "link").symlink_to(outside)
    (folder / "notebooks" / "abs.ipynb").symlink_to(outside / "secret.txt")
    commit(folder)
    done = reviewed(folder)
    if done.evidence.environment["network"] == walls.WORDS["full"]:
        assert (outside / "secret.txt").read_text() == "secret"
        assert not (Path.home() / "datajam_was_here").exists()
    page = (folder / "review" / "report.html").read_text(encoding="utf-8")
    assert "<script>alert" not in page and "<script>document" not in page
    assert any("link that leads out" in words or "leads out of the project" in words for words in done.evidence.not_checked)
    assert {path.name for path in outside.iterdir()} == {"secret.txt"}
    assert sorted(path.name for path in (folder / "review").iterdir()) == ["codecheck.yml", "crate", "report.html", "report.json"]


@pytest.mark.skipif(not HELD, reason="the walls are Linux's")
def test_behind_the_walls_there_is_no_network_and_nothing_outside_can_be_written(tmp_path):
    held = walls.walls(tmp_path)
    if held.kind != "full":
        pytest.skip("this system gives no namespaces")
    tries = (
        "import os, socket, sys\n"
        "for act in (lambda: open(sys.argv[1], 'w'), lambda: socket.create_connection(('192.0.2.1', 80), 2)):\n"
        "    try:\n        act(); print('done')\n    except OSError as error:\n        print(error.errno)\n"
        "open('here', 'w'); print(socket.create_server(('127.0.0.1', 0)) and 'loopback')"
    )
    inside = tmp_path / "inside"
    command = held.around([sys.executable, "-c", tries, str(tmp_path / "out")], inside)
    done = subprocess.run(command, cwd=inside, capture_output=True, text=True, env={"PATH": os.defpath, "HOME": str(inside)})
    assert done.stdout.split() == ["30", "101", "loopback"] and (inside / "here").exists()


def test_a_notebook_that_takes_too_long_or_too_much_memory_is_stopped(tmp_path):
    folder = tmp_path / "slow"
    notebook(folder, "1.ipynb", "import time", "time.sleep(600)")
    notebook(folder, "2.ipynb", "held = bytearray(8 * 2**30)")
    done = reviewed(folder, seconds=8.0)
    assert [(one.failure.kind, one.failure.cell) for one in done.evidence.notebooks] == [("time-out", 2), ("memory", 1)]
    assert done.code == 2 and done.verdict.startswith("0 of 2 notebooks ran; no saved output")


def test_what_differs_from_run_to_run_is_found_by_the_second(tmp_path):
    folder = tmp_path / "chance"
    notebook(folder, "1.ipynb", "print(list({'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'}))")
    notebook(folder, "2.ipynb", "import time\nprint(time.tzname[0] == 'UTC')")
    notebook(folder, "3.ipynb", "print(2)", outputs=[said("2\n")])
    done = reviewed(folder, quick=False)
    assert [each["notebook"] for each in done.evidence.variations["determinism"]["findings"]] == ["1.ipynb", "2.ipynb"]


def test_changes_beside_the_commit_are_counted_and_not_reviewed(tmp_path):
    folder = tmp_path / "jam"
    notebook(folder, "a.ipynb", "print(1)", outputs=[said("1\n")])
    commit(folder)
    notebook(folder, "a.ipynb", "print(2)", outputs=[said("1\n")])
    done = reviewed(folder)
    assert done.code == 0 and "not clean" in done.verdict
    assert any("1 file differs from the commit" in words for words in done.evidence.not_checked)


def test_a_commit_that_is_not_there_and_an_address_that_is_wrong_are_said_in_one_line(tmp_path):
    notebook(tmp_path / "jam", "a.ipynb", "1")
    with pytest.raises(DataJamError, match="no such folder"):
        clean_room.fetch(str(tmp_path / "nowhere"), "", tmp_path / "r1")
    with pytest.raises(DataJamError, match="not under git"):
        clean_room.fetch(str(tmp_path / "jam"), "abc", tmp_path / "r2")
    commit(tmp_path / "jam")
    with pytest.raises(DataJamError, match="no commit 'abc'"):
        clean_room.fetch(str(tmp_path / "jam"), "abc", tmp_path / "r3")
    with pytest.raises(DataJamError, match="could not clone"):
        clean_room.fetch(f"file://{tmp_path}/none.git", "", tmp_path / "r4")


def test_a_git_address_is_cloned_and_a_folder_in_a_repository_is_reviewed_alone(tmp_path):
    notebook(tmp_path / "jam", "part/a.ipynb", "1")
    (tmp_path / "jam" / "requirements.txt").write_text("pandas==3.0.1\n")
    commit(tmp_path / "jam")
    whole = clean_room.fetch(f"file://{tmp_path}/jam", "", tmp_path / "r1")
    part = clean_room.fetch(str(tmp_path / "jam" / "part"), "", tmp_path / "r2")
    assert whole.files == ["part/a.ipynb", "requirements.txt"] and part.files == ["a.ipynb"]
    assert environment.declared(part.folder, part.root).packages == {"pandas": "3.0.1"}
    assert whole.authors == ["Ann <a@example.org>"]


def test_what_is_declared_is_read_from_lock_requirements_or_conda_in_that_order(tmp_path):
    assert environment.declared(tmp_path, tmp_path).packages is None
    conda = (
        "name: x\ndependencies:\n  - python=3.9\n  - conda-forge::pandas=2.1.0=py39_0\n  - pytorch\n  - pip:\n    - afcharts==1.2\n"
    )
    (tmp_path / "environment.yml").write_text(conda)
    read = environment.declared(tmp_path, tmp_path)
    assert read.packages == {"pandas": "2.1.0", "torch": "", "afcharts": "1.2"} and read.python == "3.9"
    (tmp_path / "requirements.txt").write_text("Pandas>=2\nnumpy==2.0 # why\n-e .\n")
    assert environment.declared(tmp_path, tmp_path).packages == {"pandas": "", "numpy": "2.0"}
    (tmp_path / "requirements.lock").write_text("numpy==2.1.0 \\\n    --hash=sha256:00\n")
    assert environment.declared(tmp_path, tmp_path).hashed


def test_a_hundred_megabytes_of_output_are_let_go(tmp_path, monkeypatch):
    from datajam.review import rerun

    monkeypatch.setattr(rerun, "MOST_OUTPUT", 3_000_000)
    notebook(tmp_path / "loud", "a.ipynb", "for _ in range(100):\n    print('x' * 100_000)")
    done = reviewed(tmp_path / "loud")
    assert "put out more than" in done.evidence.notebooks[0].failure.words
    assert (tmp_path / "loud" / "review" / "report.json").stat().st_size < 3_000_000


def test_a_notebook_in_which_nothing_has_its_type_does_not_end_the_review_of_the_others(tmp_path):
    folder = tmp_path / "odd"
    notebook(folder, "3_good.ipynb", "print(1)", outputs=[said("1\n")])
    bare = {"nbformat": 4, "nbformat_minor": 5, "metadata": {"kernelspec": [], "language_info": "python"}}
    odd = [{"output_type": "display_data", "data": [1]}, 7, {"output_type": "stream", "text": {"a": 1}}]
    cells = [{"cell_type": "code", "source": "print(1)", "metadata": {"tags": 3}, "outputs": odd, "execution_count": "x"}]
    (folder / "1_odd.ipynb").write_text(json.dumps({**bare, "cells": cells}))
    (folder / "2_none.ipynb").write_text(json.dumps({**bare, "cells": [1, "two"]}))
    done = reviewed(folder)
    assert done.evidence.notebooks[1].failure.kind == "code"
    assert done.evidence.notebooks[2].ran and done.evidence.notebooks[2].outputs[0].same == "identical"


def test_a_review_that_is_stopped_leaves_no_folder_and_no_kernel(tmp_path):
    import signal
    import tempfile

    rooms = Path(tempfile.mkdtemp(prefix="dj"))
    folder = tmp_path / "slow"
    notebook(folder, "1.ipynb", "import time\nopen('begun', 'w').close()\ntime.sleep(600)")
    words = [sys.executable, "-m", "datajam", "review", str(folder), "--quick", "--python", sys.executable]
    variables = {**os.environ, "PYTHONPATH": str(SHARED), "TMPDIR": str(rooms)}
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=variables) as running:
        deadline = time.monotonic() + 120
        while not list(rooms.glob("datajam_review_*/inside/project/begun")) and time.monotonic() < deadline:
            time.sleep(0.1)
        running.send_signal(signal.SIGINT)
        _, told = running.communicate(timeout=60)
    assert running.returncode == 130 and told.decode().strip().endswith("datajam: stopped")
    assert not list(rooms.glob("datajam_review_*")) and [path.name for path in folder.iterdir()] == ["1.ipynb"]
    rooms.rmdir()
