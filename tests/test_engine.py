"""The engine gives what a kernel gives; a notebook in the pool harms nobody but itself."""

import logging
import os
import random
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import papermill
import pytest
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from papermill.exceptions import PapermillExecutionError

from datajam.engine import inside, warm
from datajam.engine.pool import ChildDied, Pool

ROOT = Path(__file__).resolve().parents[1]
PYTHON = {"kernelspec": {"name": "python3", "language": "python", "display_name": "Python 3"}}
forks = pytest.mark.skipif(not warm.available(), reason="no process is forked on this system")

EVERY_OUTPUT = [
    'import sys\nprint("out")\nprint("err", file=sys.stderr)\nprint("out again")',
    "2 + 2",
    "None",
    'import warnings\nwarnings.warn("careful")',
    "import matplotlib.pyplot as plt\nplt.plot([1, 2]);",
    "plt.scatter([1], [2])\nplt.show()\nplt.plot([3]);",
    'import pandas as pd\npd.DataFrame({"place": ["Leeds"], "gap": [15.2]})',
    'from IPython.display import HTML, Markdown, SVG, clear_output, display\nshown = display("first", display_id=True)',
    'shown.update("second")',
    'print(1)\nclear_output(wait=True)\nprint(2)\nclear_output()\ndisplay(HTML("<b>kept</b>"), metadata={"alt": "kept"})',
    'display({"text/plain": "a", "application/json": {"b": [1, 2.5, None]}}, raw=True)',
    "!echo from another program",
    'import os\nprint("before")\nsys.stdout.flush()\nos.system("echo below")\nprint("after")',
    'import asyncio\nawait asyncio.sleep(0.01)\nprint("awaited")',
    "asyncio.get_running_loop() is not None",
    'import logging\nlogging.warning("before")\nlogging.basicConfig()\nlogging.warning("after")',
    'if __name__ == "__main__":\n    print("__file__" in globals(), sys.argv[0].endswith("ipykernel_launcher.py"))',
    "class Odd:\n    def __repr__(self):\n        raise ValueError('no words')\nprint(isinstance(Odd(), Odd))",
    "%%capture held\nprint('kept away')",
    "held.stdout",
    "_, Out[2], len(In)",
    "raise SystemExit(0)",
]
FAILURES = ["1 / 0", "def broken(:", "undefined", "import no_such_module", "raise SystemExit(3)", "Odd = 1\nOdd.missing()"]


def write(path: Path, sources: list[str], tags: dict[int, list[str]] | None = None, metadata: dict = PYTHON) -> Path:
    cells = [nbformat.v4.new_code_cell(source) for source in sources]
    for number, names in (tags or {}).items():
        cells[number].metadata["tags"] = names
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=metadata), path)
    return path


def execute(path: Path, engine: str | None = "datajam", **settings):
    """The executed notebook, whether or not it failed, and what was raised."""
    out = path.with_name(f"{path.stem}_{engine}.ipynb")
    raised = None
    os.environ.pop("PYTEST_CURRENT_TEST", None)  # with it, a kernel does not look at what other programs write
    try:
        papermill.execute_notebook(str(path), str(out), engine_name=engine, progress_bar=False, **settings)
    except Exception as error:
        raised = error
    return nbformat.read(out, as_version=4), raised


def said(cell) -> list:
    """A cell's outputs without what differs between two kernels: process numbers, times, how a stream was cut."""
    import re

    outputs = []
    for output in cell.get("outputs", []):
        output = dict(output)
        if output["output_type"] == "stream":
            output["text"] = re.sub(r"ipykernel_\d+", "ipykernel_N", output["text"])
            if outputs and outputs[-1].get("name") == output["name"]:
                outputs[-1]["text"] += output["text"]
                continue
        outputs.append(output)
    return outputs


@pytest.fixture(scope="module")
def pool():
    with Pool(2, seconds=20, memory=1500) as made:
        yield made


@pytest.fixture(scope="module")
def both(tmp_path_factory, pool):
    folder = tmp_path_factory.mktemp("both")
    path = write(folder / "every.ipynb", EVERY_OUTPUT, {21: ["raises-exception"]})
    return pool.submit(execute, path).result(60), execute(path, None)


def test_every_kind_of_output_is_what_a_kernel_gives(both):
    (ours, our_error), (kernels, kernel_error) = both
    assert our_error is None and kernel_error is None
    assert [said(cell) for cell in ours.cells] == [said(cell) for cell in kernels.cells]
    assert [cell.execution_count for cell in ours.cells] == [cell.execution_count for cell in kernels.cells]


def test_the_notebook_around_the_outputs_is_what_papermill_writes(both):
    (ours, _), (kernels, _) = both
    assert ours.metadata.language_info == kernels.metadata.language_info
    assert set(ours.metadata.papermill) == set(kernels.metadata.papermill)
    assert [set(cell.metadata.papermill) for cell in ours.cells] == [set(cell.metadata.papermill) for cell in kernels.cells]
    assert {cell.metadata.papermill.status for cell in ours.cells} == {"completed"}


@pytest.mark.parametrize("source", FAILURES)
def test_a_cell_that_fails_fails_as_under_a_kernel(tmp_path, pool, source):
    path = write(tmp_path / "failing.ipynb", ["x = 1", source, "print('never')"])
    (ours, our_error), (kernels, kernel_error) = pool.submit(execute, path).result(60), execute(path, None)
    assert type(our_error) is type(kernel_error)
    assert [said(cell) for cell in ours.cells] == [said(cell) for cell in kernels.cells]
    if isinstance(our_error, PapermillExecutionError):
        assert (our_error.ename, our_error.evalue, our_error.cell_index) == (
            kernel_error.ename, kernel_error.evalue, kernel_error.cell_index,
        )  # fmt: skip


def test_parameters_reach_the_notebook(tmp_path):
    path = write(tmp_path / "n.ipynb", ["n = 1", "n * 2"], {0: ["parameters"]})
    done, _ = execute(path, parameters={"n": 21})
    assert done.cells[-1].outputs[0].data["text/plain"] == "42"


def test_this_process_gets_back_what_it_had(tmp_path):
    import builtins

    path = write(
        tmp_path / "rude.ipynb",
        [
            "import os, sys, logging, builtins\nos.environ['RUDE'] = '1'\nos.chdir('/')\nsys.path.insert(0, '/rude')",
            "sys.stdout = open(os.devnull, 'w')\nlogging.getLogger().setLevel(1)\nsys.argv = ['x']\nsys.excepthook = print",
        ],
    )
    state = lambda: (  # noqa: E731
        dict(os.environ), os.getcwd(), list(sys.path), sys.stdout, sys.stderr, sys.argv, sys.modules["__main__"], sys.excepthook,
        logging.getLogger().level, logging.getLogger().handlers[:], builtins.input,
    )  # fmt: skip
    os.environ.pop("PYTEST_CURRENT_TEST", None)
    before = state()
    _, error = execute(path)
    assert error is None and state() == before


def test_two_notebooks_in_one_process_see_nothing_of_each_other(tmp_path):
    execute(write(tmp_path / "one.ipynb", ["secret = 1"]))
    done, error = execute(write(tmp_path / "two.ipynb", ["'secret' in globals()"]))
    assert error is None and done.cells[0].outputs[0].data["text/plain"] == "False" and done.cells[0].execution_count == 1


def test_a_cell_over_its_time_is_stopped_as_under_a_kernel(tmp_path):
    path = write(tmp_path / "slow.ipynb", ["print('started')", "import time\ntime.sleep(60)", "print('never')"])
    started = time.monotonic()
    done, error = execute(path, execution_timeout=1)
    assert isinstance(error, CellTimeoutError) and time.monotonic() - started < 20
    assert done.cells[0].outputs[0].text == "started\n" and not done.cells[2].outputs


def test_what_follows_a_call_of_exit_does_not_run(tmp_path):
    _, error = execute(write(tmp_path / "exit.ipynb", ["exit()", "print('never')"]))
    assert isinstance(error, DeadKernelError) and "exit()" in str(error)


@pytest.mark.parametrize(
    ("sources", "metadata", "why"),
    [
        (["print('once')", "name = input('who? ')"], PYTHON, "asks for input"),
        (["import getpass\ngetpass.getpass()"], PYTHON, "asks for input"),
        (["import comm\nslider = comm.create_comm(target_name='slider')"], PYTHON, "channel to a widget"),
    ],
)
def test_what_needs_a_kernel_goes_to_one_and_the_log_says_so(tmp_path, caplog, sources, metadata, why):
    path = write(tmp_path / "asks.ipynb", sources, metadata=metadata)
    with caplog.at_level(logging.WARNING, "papermill"):
        (ours, our_error), (kernels, kernel_error) = execute(path), execute(path, None)
    assert why in caplog.text and type(our_error) is type(kernel_error)
    assert [said(cell) for cell in ours.cells] == [said(cell) for cell in kernels.cells]


def test_another_language_or_interpreter_is_not_run_here():
    about = {"kernelspec": {"name": "ir", "language": "R", "display_name": "R"}}
    notebook = nbformat.v4.new_notebook(metadata=about)
    assert "written in R" in inside.elsewhere(notebook, "ir")
    assert "no kernel is called 'mine'" in inside.elsewhere(nbformat.v4.new_notebook(metadata=PYTHON), "mine")


def test_papermill_at_the_command_line_knows_the_engine_once_installed():
    declared = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    made = (ROOT / "{{cookiecutter.project_slug}}" / "pyproject.toml").read_text(encoding="utf-8")
    for line in ('datajam = "datajam.engine.inside:DataJamEngine"', 'datajam = "datajam.kernels:ForkProvisioner"'):
        assert line in declared and line in made


# In the pool: functions are found by name, so they stand here.


def segfault():
    import ctypes

    ctypes.string_at(0)


def end_itself():
    os._exit(3)


def kill_itself():
    os.kill(os.getpid(), 9)


def fill_memory():
    return [bytearray(50_000_000) for _ in range(1000)]


def wait_long():
    time.sleep(300)


def leave_a_program():
    return subprocess.Popen(["sleep", "300"], start_new_session=True).pid


def leave_a_thread():
    import threading

    threading.Thread(target=time.sleep, args=(300,)).start()
    return "left"


def fork_and_go_on():
    os.fork()
    return os.getpid()


def draws():
    import numpy

    return random.random(), float(numpy.random.rand()), sys.modules["__main__"].__name__, os.environ["TMPDIR"]


def unpicklable():
    return lambda: 1


def a_stubborn_error():
    class Local(Exception):
        pass

    raise Local("said")


def around():
    import signal

    return os.getcwd(), signal.getsignal(signal.SIGTERM) == signal.SIG_DFL, "_pytest" in sys.modules, os.getsid(0) == os.getpid()


def run_notebook(path: str) -> str:
    done, error = execute(Path(path))
    return str(error) if error else "ran"


def files_open() -> int:
    return len(os.listdir("/proc/self/fd"))


@forks
@pytest.mark.parametrize(
    ("task", "said_so"),
    [(segfault, "killed by SIGSEGV"), (end_itself, "exit code 3"), (kill_itself, "out of memory, perhaps")],
)
def test_a_task_whose_process_dies_says_how_and_the_others_go_on(pool, task, said_so):
    dying, others = pool.submit(task), [pool.submit(abs, -n) for n in range(6)]
    with pytest.raises(ChildDied, match=said_so):
        dying.result(30)
    assert [other.result(30) for other in others] == list(range(6))


@forks
def test_a_task_that_fills_memory_is_stopped_at_its_limit(pool):
    with pytest.raises((MemoryError, ChildDied)):
        pool.submit(fill_memory).result(30)


@forks
def test_a_task_over_its_time_is_ended():
    with Pool(1, seconds=1) as short, pytest.raises(ChildDied, match="more than 1 s"):
        short.submit(wait_long).result(30)


@forks
def test_what_a_task_left_running_ends_with_it(pool):
    left = pool.submit(leave_a_program).result(30)
    assert pool.submit(leave_a_thread).result(30) == "left"
    for _ in range(50):
        if not Path(f"/proc/{left}").exists():
            return
        time.sleep(0.1)
    pytest.fail("the program goes on")


@forks
def test_a_task_that_forks_gives_one_answer(pool):
    assert pool.submit(fork_and_go_on).result(30) != os.getpid()
    assert pool.submit(abs, -1).result(30) == 1


@forks
def test_each_task_has_its_own_random_state_main_module_signals_and_temporary_folder(pool):
    one, other = pool.submit(draws).result(30), pool.submit(draws).result(30)
    assert one[0] != other[0] and one[1] != other[1] and one[3] != other[3]
    assert not Path(one[3]).exists()
    folder, plain_signal, _, own_session = pool.submit(around).result(30)
    assert folder == os.getcwd() and plain_signal and own_session


@forks
def test_an_answer_that_cannot_be_sent_is_an_error_of_its_own(pool):
    with pytest.raises(ChildDied, match="cannot be sent back"):
        pool.submit(unpicklable).result(30)
    with pytest.raises(ChildDied, match="Local: said"):
        pool.submit(a_stubborn_error).result(30)


@forks
def test_a_task_starts_with_no_more_files_open_each_time(pool):
    counts = [pool.submit(files_open).result(30) for _ in range(12)]
    assert len(set(counts[2:])) == 1


@forks
def test_leaving_a_pool_in_a_hurry_ends_what_runs():
    started = time.monotonic()
    with pytest.raises(KeyboardInterrupt), Pool(1) as hurried:
        running, waiting = hurried.submit(wait_long), hurried.submit(wait_long)
        time.sleep(0.5)
        raise KeyboardInterrupt
    assert time.monotonic() - started < 20 and waiting.cancelled()
    with pytest.raises(ChildDied, match="stopped"):
        running.result(1)


@forks
@pytest.mark.parametrize(
    ("source", "result"),
    [
        ("import os\npid = os.fork()\nif pid == 0:\n    print('child')", "ran"),
        ("import threading, time\nthreading.Thread(target=time.sleep, args=(300,)).start()", "ran"),
        ("import multiprocessing\nwith multiprocessing.get_context('fork').Pool(2) as p:\n    print(p.map(abs, [-1]))", "ran"),
        ("import random, numpy\nrandom.seed(1); numpy.random.seed(1)", "ran"),
    ],
)
def test_a_notebook_that_forks_threads_or_seeds_runs_in_the_pool(pool, tmp_path, source, result):
    path = write(tmp_path / "n.ipynb", ["x = 1", source, "print('on')"])
    assert pool.submit(run_notebook, str(path)).result(60) == result
    done = nbformat.read(tmp_path / "n_datajam.ipynb", as_version=4)
    assert done.cells[2].outputs[0].text == "on\n"


@forks
def test_a_notebook_that_kills_its_process_leaves_the_cell_it_was_in(pool, tmp_path):
    path = write(tmp_path / "n.ipynb", ["x = 1", "import ctypes\nctypes.string_at(0)", "print('never')"])
    with pytest.raises(ChildDied, match="SIGSEGV"):
        pool.submit(run_notebook, str(path)).result(60)
    left = nbformat.read(tmp_path / "n_datajam.ipynb", as_version=4)
    assert [cell.metadata.papermill.status for cell in left.cells] == ["completed", "running", "pending"]


@forks
def test_nothing_is_left_when_a_process_with_a_pool_ends_even_when_killed(tmp_path):
    script = tmp_path / "uses_pool.py"
    script.write_text(
        "import os, sys, time\nfrom datajam.engine.pool import Pool\n"
        "pool = Pool(2)\nfutures = [pool.submit(time.sleep, 300) for _ in range(3)]\n"
        "time.sleep(300)\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "shared"), "DATAJAM_MARK": str(tmp_path)}
    with subprocess.Popen([sys.executable, str(script)], env=environment) as process:
        until = time.monotonic() + 60
        while len(running := marked(tmp_path)) < 4 and time.monotonic() < until:
            time.sleep(0.1)
        process.kill()
        process.wait()
    assert len(running) >= 4
    for _ in range(100):
        if not marked(tmp_path):
            return
        time.sleep(0.1)
    pytest.fail(f"still running: {marked(tmp_path)}")


def marked(folder: Path) -> list[str]:
    """The processes that were started with our mark in their environment."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if f"DATAJAM_MARK={folder}".encode() in (process / "environ").read_bytes():
                found.append(process.name)
        except OSError:
            continue
    return found


def within_a_loop(path: Path):
    import asyncio

    async def around():
        mine = asyncio.get_running_loop()
        done, error = execute(path)
        await asyncio.sleep(0)
        return done.cells[0].outputs[0].data["text/plain"], error, asyncio.get_running_loop() is mine

    return asyncio.run(around())


def test_a_loop_that_runs_around_it_waits_and_runs_on(pool, tmp_path):
    path = write(tmp_path / "n.ipynb", ["import asyncio\nawait asyncio.sleep(0)\n6 * 7"])
    assert pool.submit(within_a_loop, path).result(60) == ("42", None, True)


@forks
def test_the_server_is_warm_where_only_this_process_knows_the_way_to_the_package(tmp_path):
    code = (
        f"import sys; sys.path.insert(0, {str(ROOT / 'shared')!r})\n"
        "from datajam.engine.pool import Pool\n"
        "with Pool(1, ['statistics']) as pool:\n"
        "    print(pool.submit(eval, \"{'pandas', 'statistics'} <= set(__import__('sys').modules)\").result(60))\n"
        "    print(pool.submit(eval, \"'PYTHONPATH' in __import__('os').environ\").result(60))\n"
    )
    clean = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path, env=clean)
    assert done.stdout.split() == ["True", "False"], done.stderr


@forks
def test_a_task_has_the_environment_of_when_it_was_asked_for(pool, monkeypatch):
    monkeypatch.setenv("DATAJAM_ASKED", "then")
    asked = pool.submit(os.getenv, "DATAJAM_ASKED")
    monkeypatch.setenv("DATAJAM_ASKED", "later")
    assert asked.result(60) == "then"
    monkeypatch.delenv("DATAJAM_ASKED")
    assert pool.submit(os.getenv, "DATAJAM_ASKED").result(60) is None


def test_a_first_cell_that_awaits_is_a_cell_like_any_other(pool, tmp_path):
    path = write(tmp_path / "n.ipynb", ["import asyncio\nawait asyncio.sleep(0)\n6 * 7"])
    done, error = pool.submit(execute, path).result(60)
    assert error is None and done.cells[0].outputs[0].data["text/plain"] == "42"
