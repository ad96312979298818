"""A batch: every place asked for, nothing lost, whatever happens to one of them, to the disk, or to whoever started it."""

import functools
import html
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from urllib.request import urlopen

import nbformat
import pytest
from test_runner import cell, only_notebook

from datajam.engine import warm
from datajam.errors import DataJamError
from datajam.project import open_project
from datajam.run import batch
from datajam.run.asked import grid, places_asked
from datajam.say import comparison

ROOT = Path(__file__).resolve().parents[1]
NORTH_EAST = 12
RECORD = (
    'datajam.record("twice", size * 2, "points", label="Twice", base=100, base_of="pupils")\n'
    'datajam.record("letters", len(hack.place.name), "letters", digits=0, label="Letters", base=1, base_of="name")'
)
forks = pytest.mark.skipif(not warm.available(), reason="no process is forked on this system")


@pytest.fixture
def small(baked):
    """A project whose one notebook takes a moment; more cells may be added."""

    def make(*more: str) -> Path:
        only_notebook(baked, cell(RECORD), *(cell(text) for text in more))
        return baked

    return make


def run(made: Path, places: str, *words: str, **settings) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "datajam", "batch", "--places", places, "--workers", "2", *words]
    environment = {**os.environ, "PYTHONPATH": str(made / "shared"), "DATAJAM_COMMAND": "datajam", **settings}
    return subprocess.run(command, cwd=made, env=environment, capture_output=True, text=True, encoding="utf-8", timeout=300)


def value(run_folder: Path, name: str = "twice"):
    recorded = json.loads((run_folder / "results.json").read_text(encoding="utf-8"))
    return next(entry["value"] for entry in recorded if entry["name"] == name)


def test_places_are_named_by_area_list_or_file(tmp_path):
    assert len(places_asked("region:North East")) == NORTH_EAST and len(places_asked("England")) == 153
    assert len(places_asked("ALL")) == 163
    names = [place.name for place in places_asked("Herefordshire, County of, hull, Leeds, E08000035")]
    assert names == ["Herefordshire, County of", "Kingston upon Hull, City of", "Leeds"]
    file = tmp_path / "ours.txt"
    file.write_text('\ufeffLeeds  # us\n\n# the others\n"Bristol, City of"\n', encoding="utf-8")
    assert [place.name for place in places_asked(str(file))] == ["Leeds", "Bristol, City of"]


@pytest.mark.parametrize(
    ("asked", "words"),
    [("Newcastel", "Did you mean"), ("region:Leeds", "is not a region"), (",", "names no place"), ("region:Nowhere", "No place")],
)
def test_a_place_that_is_not_known_is_one_line_with_the_nearest(asked, words):
    with pytest.raises(DataJamError, match=words):
        places_asked(asked)


def test_a_parameter_given_twice_makes_a_grid():
    assert grid([("size", "1"), ("size", "2"), ("group", "boys")]) == [
        {"size": "1", "group": "boys"},
        {"size": "2", "group": "boys"},
    ]


@pytest.mark.parametrize(
    ("pairs", "words"),
    [
        ([("sise", "2")], "Did you mean size"),
        ([("size", "wide")], "float was expected"),
        ([("place", "Leeds")], "--places"),
        ([("period", "1066")], "1066"),
        ([("size", "1/2"), ("size", "1 2")], "float was expected"),
    ],
)
def test_a_parameter_that_cannot_be_is_said_before_anything_runs(small, pairs, words):
    made = small()
    with pytest.raises(DataJamError, match=words):
        batch.jobs(open_project(made), "Leeds", pairs)
    assert not (made / "batch").exists()


def test_every_place_is_run_compared_and_skipped_the_second_time(small):
    made = small()
    first = run(made, "Leeds, Hull", "-p", "size=1", "-p", "size=2.5")
    assert first.returncode == 0, first.stderr
    assert "batch/: 4 of 4 done, 0 failed" in first.stdout
    folder = made / "batch" / "leeds" / "leeds--size=2.5"
    assert value(folder) == 5.0 and value(folder, "letters") == 5
    assert {"results.json", "provenance.json", "report.html", "01_only.ipynb", "batch.json"} <= {p.name for p in folder.iterdir()}
    beside = {path.name for path in (made / "batch").iterdir() if path.is_file()} - {".batch.lock"}
    assert beside == {"results.csv", "results.parquet", "results_wide.csv", "results.xlsx", "index.html"}
    before = (folder / "provenance.json").stat().st_mtime_ns
    again = run(made, "Leeds", "-p", "size=2.5")
    assert "1 of 1 done (1 done before), 0 failed" in again.stdout
    assert (folder / "provenance.json").stat().st_mtime_ns == before
    page = (made / "batch" / "index.html").read_text(encoding="utf-8")
    comparison.write_all(made / "batch", only=["leeds/leeds--size=2.5"])
    assert page == (made / "batch" / "index.html").read_text(encoding="utf-8")
    assert "Hull" not in page.split("<table", 1)[1]

    notebook = made / "notebooks" / "01_only.ipynb"
    notebook.write_text(notebook.read_text(encoding="utf-8").replace("size * 2", "size * 4"), encoding="utf-8")
    changed = run(made, "Leeds", "-p", "size=2.5")
    assert "1 of 1 done, 0 failed" in changed.stdout and value(folder) == 10.0


def test_the_run_of_a_batch_is_what_datajam_run_makes(small):
    made = small(
        "import matplotlib.pyplot as plt\nplt.plot([1, 2]);",
        "import warnings\nwarnings.warn('careful')",
        "table.head(2).iloc[:, :3]",
    )
    assert run(made, "Leeds").returncode == 0
    ordinary = {**os.environ, "PYTHONPATH": str(made / "shared"), "DATAJAM_KERNELS": "ordinary"}
    subprocess.run([sys.executable, "-m", "datajam", "run", "--place", "Leeds", "--quiet"], cwd=made, env=ordinary, check=True)
    ours, theirs = made / "batch" / "leeds", made / "runs" / "leeds"
    assert (ours / "results.json").read_bytes() == (theirs / "results.json").read_bytes()
    both = [nbformat.read(folder / "01_only.ipynb", as_version=4) for folder in (ours, theirs)]
    assert [said(each) for each in both[0].cells] == [said(each) for each in both[1].cells]


def said(each) -> str:
    return re.sub(r"ipykernel_\d+", "ipykernel_N", json.dumps([each.source, each.get("outputs"), each.get("execution_count")]))


BAD = {
    "Leeds": ("1 / 0", "01_only, cell 5: ZeroDivisionError: division by zero"),
    "Rutland": ("import ctypes; ctypes.string_at(0)", "01_only, cell 5: .*SIGSEGV"),
    "Kent": ("import os; os._exit(3)", "01_only, cell 5: .*exit code 3"),
    "Devon": ("exit()", "01_only: the kernel died"),
}


@forks
def test_places_that_fail_stop_no_other_are_named_with_notebook_and_cell_and_alone_run_again(small):
    made = small(f"exec({ {name: code for name, (code, _) in BAD.items()} }.get(hack.place.name, 'pass'))", "'after'")
    done = run(made, "Leeds, Rutland, Kent, Devon, Hull")
    assert done.returncode == 1 and "1 of 5 done, 4 failed" in done.stdout, done.stderr
    for name, (_, words) in BAD.items():
        assert re.search(f"  {name}: {words}", done.stdout), done.stdout
        assert (made / "batch" / f"{name.lower()}.failed" / "FAILED.txt").is_file() and not (made / "batch" / name.lower()).exists()
    assert "Traceback" not in done.stderr and "Mend it and type the same command" in done.stderr
    page = html.unescape((made / "batch" / "index.html").read_text(encoding="utf-8"))
    assert "4 runs failed" in page and all(re.search(f"<li>{name}: {words}", page) for name, (_, words) in BAD.items())
    assert value(made / "batch" / "kingston-upon-hull-city-of") == 3.0
    notebook = made / "notebooks" / "01_only.ipynb"
    notebook.write_text(notebook.read_text(encoding="utf-8").replace("exec(", "str("), encoding="utf-8")
    assert "1 of 1 done, 0 failed" in run(made, "Leeds").stdout
    assert not (made / "batch" / "leeds.failed").exists()


def started(made: Path, places: str, *words: str) -> subprocess.Popen:
    """A batch that goes on; returns when its first place is done."""
    command = [sys.executable, "-m", "datajam", "batch", "--places", places, "--workers", "2", *words]
    environment = {**os.environ, "PYTHONPATH": str(made / "shared"), "DATAJAM_MARK": str(made)}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    hears = functools.partial(signal.signal, signal.SIGINT, signal.SIG_DFL)  # a shell's background jobs are started deaf to Ctrl-C
    process = subprocess.Popen(command, cwd=made, env=environment, preexec_fn=hears if warm.available() else None, **pipes)
    wait_for(lambda: finished_in(made), process)
    return process


def finished_in(made: Path) -> set[str]:
    """The places that are done: not those that a killed batch left in a folder whose name begins with a dot."""
    return {path.parent.name for path in (made / "batch").glob("*/batch.json") if path.parent.name[0] != "."}


def wait_for(seen, process: subprocess.Popen | None = None, seconds: float = 120) -> None:
    until = time.monotonic() + seconds
    while not seen():
        assert time.monotonic() < until and (process is None or process.poll() is None), process and process.communicate()
        time.sleep(0.05)


def left_running(mark: Path) -> list[str]:
    found = []
    for path in Path("/proc").glob("[0-9]*/environ"):
        try:
            if f"DATAJAM_MARK={mark}".encode() in path.read_bytes():
                found.append(path.parent.name)
        except OSError:
            continue
    return found


SLOW = "import time; time.sleep(1.0)"


@pytest.mark.slow
@forks
def test_a_batch_that_is_killed_leaves_nothing_half_done_and_goes_on_where_it_was(small):
    made = small(SLOW)
    process = started(made, "region:North East")
    process.kill()
    process.communicate()
    wait_for(lambda: not left_running(made), seconds=20)
    kept = finished_in(made)
    assert 1 <= len(kept) < NORTH_EAST
    assert all((made / "batch" / name / "report.html").is_file() for name in kept)
    done = run(made, "region:North East")
    assert f"{NORTH_EAST} of {NORTH_EAST} done ({len(kept)} done before), 0 failed" in done.stdout, done.stderr
    assert not list((made / "batch").glob(".unfinished-*"))


@forks
def test_ctrl_c_stops_it_cleanly_and_says_how_to_go_on(small):
    made = small(SLOW)
    process = started(made, "region:North East")
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=30)
    assert process.returncode == 130 and "are done and kept. The same command goes on with the rest." in told, told
    assert "Traceback" not in told
    wait_for(lambda: not left_running(made), seconds=10)
    assert not list((made / "batch").glob(".unfinished-*"))


def test_a_second_batch_in_the_same_folder_refuses(small):
    made = small()
    with batch.alone_in(made / "batch"):
        second = run(made, "Leeds")
    assert second.returncode == 2 and "Another batch is running in batch/" in second.stderr


@pytest.mark.slow
@pytest.mark.skipif(not (hasattr(os, "geteuid") and os.geteuid() == 0 and shutil.which("mount")), reason="needs a small disk")
def test_a_full_disk_is_said_to_be_full_and_loses_nothing_that_was_done(small, tmp_path):
    made, disk = small("print('x' * 60_000)"), tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1536k", "tmpfs", str(disk)], capture_output=True).returncode:
        pytest.skip("no small disk can be made here")
    try:
        full = run(made, "region:North East", "--out", str(disk / "out"))
        assert full.returncode == 1 and "The disk is full" in full.stderr and "Traceback" not in full.stderr
        kept = {path.parent.name for path in (disk / "out").glob("*/batch.json")}
        assert all(value(disk / "out" / name) == 3.0 for name in kept) and len(kept) < NORTH_EAST
        subprocess.run(["mount", "-o", "remount,size=64m", str(disk)], check=True)
        done = run(made, "region:North East", "--out", str(disk / "out"))
        assert f"{NORTH_EAST} of {NORTH_EAST} done ({len(kept)} done before)" in done.stdout, done.stderr
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=True)


@pytest.fixture
def bucket(monkeypatch):
    """An object store on this machine, with one bucket in it."""
    boto3 = pytest.importorskip("boto3")
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    for name, text in {
        "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "eu-west-2",
        "AWS_ENDPOINT_URL": f"http://{host}:{port}", "AWS_EC2_METADATA_DISABLED": "true",
    }.items():  # fmt: skip
        monkeypatch.setenv(name, text)
    urlopen(f"http://{host}:{port}/moto-api/reset", data=b"").close()
    store = boto3.client("s3")
    store.create_bucket(Bucket="hack-results", CreateBucketConfiguration={"LocationConstraint": "eu-west-2"})
    yield store
    server.stop()


@pytest.mark.slow
def test_runs_go_to_object_storage_and_are_found_there_from_another_machine(small, bucket):
    made = small()
    first = run(made, "Leeds, Hull", "--out", "s3://hack-results/north")
    assert first.returncode == 0 and "s3://hack-results/north: 2 of 2 done" in first.stdout, first.stderr
    keys = {entry["Key"] for entry in bucket.list_objects_v2(Bucket="hack-results")["Contents"]}
    assert {"north/leeds/batch.json", "north/leeds/report.html", "north/index.html", "north/results.parquet"} <= keys
    page = bucket.get_object(Bucket="hack-results", Key="north/results.xlsx")["Body"].read()
    assert page == (made / "batch" / "hack-results-north" / "results.xlsx").read_bytes()
    shutil.rmtree(made / "batch")
    again = run(made, "Leeds, Hull", "--out", "s3://hack-results/north")
    assert "2 of 2 done (2 done before)" in again.stdout, again.stderr


@pytest.mark.slow
def test_object_storage_that_takes_nothing_ends_the_batch_in_one_line(small, bucket):
    done = run(small(), "Leeds", "--out", "s3://no-such-bucket/north")
    assert done.returncode == 1 and "s3://no-such-bucket/north" in done.stderr and "Traceback" not in done.stderr


@pytest.fixture
def cluster(tmp_path):
    """A Dask scheduler and two workers on this machine, which have nothing of ours: its address, and the workers."""
    pytest.importorskip("distributed")
    bare = {name: text for name, text in os.environ.items() if name != "PYTHONPATH"}
    about = tmp_path / "scheduler.json"
    module = [sys.executable, "-m"]
    local = ["--host", "127.0.0.1", "--no-dashboard", "--scheduler-file", str(about)]
    running = [subprocess.Popen([*module, "distributed.cli.dask_scheduler", "--port", "0", *local], cwd=tmp_path, env=bare)]
    wait_for(about.is_file, running[0])
    worker = [*module, "distributed.cli.dask_worker", *local, "--no-nanny", "--nthreads", "1", "--local-directory"]
    running += [subprocess.Popen([*worker, str(tmp_path / f"worker{n}")], cwd=tmp_path, env=bare) for n in (1, 2)]
    yield json.loads(about.read_text(encoding="utf-8"))["address"], running[1:]
    for process in reversed(running):
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()


@pytest.mark.slow
@forks
def test_a_batch_on_other_machines_loses_nothing_when_one_of_them_dies(small, cluster):
    address, workers = cluster
    made = small(SLOW, 'if hack.place.name == "Sunderland":\n    1 / 0')
    process = started(made, "region:North East", "--scheduler", address)
    workers[0].kill()
    told, errors = process.communicate(timeout=300)
    assert process.returncode == 1, errors
    assert f"{NORTH_EAST - 1} of {NORTH_EAST} done, 1 failed" in told, errors
    assert "Sunderland: 01_only, cell 6: ZeroDivisionError" in told
    assert value(made / "batch" / "gateshead", "letters") == len("Gateshead") and (made / "batch" / "sunderland.failed").is_dir()
    here = run(made, "Gateshead", "--out", "here")
    assert here.returncode == 0
    ours, theirs = (made / folder / "gateshead" / "results.json" for folder in ("here", "batch"))
    assert ours.read_bytes() == theirs.read_bytes()


def test_a_scheduler_that_does_not_answer_is_one_line(small):
    done = run(small(), "Leeds", "--scheduler", "tcp://127.0.0.1:9")
    assert done.returncode == 2 and "no scheduler answers" in done.stderr and "Traceback" not in done.stderr
