"""A forked kernel behaves as one that was launched, and none outlives who asked for it."""

import json
import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path
from queue import Empty

import nbformat
import pytest
from jupyter_client import KernelManager
from test_engine import execute, forks, marked, write

from datajam import kernels
from datajam.engine.pool import Pool

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(autouse=True)
def as_before(monkeypatch):
    monkeypatch.setenv("JUPYTER_DEFAULT_PROVISIONER_NAME", "local-provisioner")
    kernels.register()


@pytest.fixture
def started(tmp_path):
    """A running kernel with a client: gone afterwards."""
    managers = []

    def start(**settings):
        manager = KernelManager(kernel_name="python3")
        manager.start_kernel(cwd=str(tmp_path), extra_arguments=["--log-level=CRITICAL"], **settings)
        client = manager.client()
        client.start_channels()
        client.wait_for_ready(timeout=60)
        managers.append((manager, client))
        return manager, client

    yield start
    for manager, client in managers:
        client.stop_channels()
        if manager.has_kernel:
            manager.shutdown_kernel(now=True)


def ask(client, code: str, timeout: float = 30):
    """What a cell printed or gave, and its reply."""
    texts = []

    def hear(message):
        content = message["content"]
        texts.append(content.get("text") or content.get("data", {}).get("text/plain") or content.get("ename") or "")

    reply = client.execute_interactive(code, output_hook=hear, timeout=timeout, allow_stdin=False)
    return "".join(texts).strip(), reply["content"]


def forked(manager) -> bool:
    return isinstance(manager.provisioner.process, kernels._Forked)


@forks
def test_a_kernel_is_forked_in_its_folder_with_its_environment(started, tmp_path):
    manager, client = started(env={**os.environ, "COLOUR": "teal"})
    assert forked(manager)
    said, _ = ask(client, "import os, sys; print(os.getcwd(), os.environ['COLOUR'], os.getsid(0) == os.getpid())")
    assert said == f"{tmp_path} teal True"


NOT_COMPARED = "JPY_PARENT_PID TMPDIR PYDEVD_USE_FRAME_EVAL PYTEST_CURRENT_TEST"
AROUND = f"import os, sys; print(sys.path, sys.argv[0], sorted(set(os.environ) - set('{NOT_COMPARED}'.split())), os.getcwd())"


@forks
def test_path_program_and_environment_are_those_of_a_kernel(started, tmp_path, monkeypatch):
    with Pool(1) as pool:
        notebook = write(tmp_path / "n.ipynb", [AROUND])
        inside = pool.submit(execute, notebook, cwd=str(tmp_path)).result(60)[0].cells[0].outputs[0].text.strip()
    sys.path.insert(0, "/of/this/test/only")
    ours = ask(started()[1], AROUND)[0]
    monkeypatch.setattr(kernels.warm, "available", lambda: False)
    launched = ask(started()[1], AROUND)[0]
    sys.path.remove("/of/this/test/only")
    assert ours.split() == launched.split()
    assert launched.split() == inside.split()


@forks
def test_its_streams_errors_and_pictures_come_through(started):
    _, client = started()
    assert ask(client, "print('hello')\n1 + 1")[0] == "hello\n2"
    assert ask(client, "1 / 0")[1]["ename"] == "ZeroDivisionError"
    pictures = []
    client.execute_interactive(
        "import matplotlib.pyplot as plt\nplt.plot([1, 2]);", output_hook=lambda m: pictures.extend(m["content"].get("data", {}))
    )
    assert "image/png" in pictures


@forks
def test_connection_file_and_key_are_as_strict_as_jupyters(started):
    manager, _ = started()
    about = json.loads(Path(manager.connection_file).read_text())
    assert stat.S_IMODE(os.stat(manager.connection_file).st_mode) == 0o600
    assert about["ip"] == "127.0.0.1" and len(about["key"]) >= 32 and about["signature_scheme"] == "hmac-sha256"


@forks
def test_an_interrupt_stops_the_cell_and_not_the_kernel(started):
    manager, client = started()
    client.execute("x = 41\nimport time\ntime.sleep(60)")
    time.sleep(0.5)
    manager.interrupt_kernel()
    assert client.get_shell_msg(timeout=10)["content"]["ename"] == "KeyboardInterrupt"
    assert ask(client, "x + 1")[0].endswith("42")


@forks
def test_a_restart_gives_a_fresh_kernel_at_the_same_address(started):
    manager, client = started()
    ask(client, "x = 1")
    before, ports = manager.provisioner.pid, manager.ports
    manager.restart_kernel(now=True)
    client.wait_for_ready(timeout=60)
    assert forked(manager) and manager.provisioner.pid != before and manager.ports == ports
    assert ask(client, "x")[1]["ename"] == "NameError"
    assert not Path(f"/proc/{before}").exists()


@forks
@pytest.mark.parametrize("now", [True, False])
def test_a_shut_down_kernel_is_gone_with_its_files_and_what_it_started(started, now):
    manager, client = started()
    left = int(ask(client, "import subprocess\nprint(subprocess.Popen(['sleep', '300']).pid)")[0])
    process, file = manager.provisioner.pid, Path(manager.connection_file)
    manager.shutdown_kernel(now=now)
    assert not Path(f"/proc/{process}").exists() and not file.exists() and not manager.has_kernel
    for _ in range(50):
        if not Path(f"/proc/{left}").exists():
            return
        time.sleep(0.1)
    pytest.fail("a program started by the kernel goes on")


@forks
@pytest.mark.parametrize("code", ["import os; os._exit(3)", "import ctypes; ctypes.string_at(0)"])
def test_a_kernel_that_dies_is_known_to_be_dead(started, code):
    manager, client = started()
    client.execute(code)
    for _ in range(100):
        if not manager.is_alive():
            return
        time.sleep(0.1)
    pytest.fail("it is said to be alive")


@forks
def test_a_kernel_asks_for_input_where_somebody_answers(started):
    _, client = started()
    client.execute("name = input('who? ')", allow_stdin=True)
    assert client.get_stdin_msg(timeout=10)["content"]["prompt"] == "who? "
    client.input("Ada")
    client.get_shell_msg(timeout=10)
    assert ask(client, "name")[0] == "'Ada'"


@forks
def test_two_kernels_draw_different_random_numbers(started):
    drawn = {ask(started()[1], "import random, numpy; print(random.random(), numpy.random.rand())")[0] for _ in range(2)}
    assert len(drawn) == 2


@forks
@pytest.mark.parametrize(("name", "value"), [("PYTHONHASHSEED", "7"), ("TZ", "Asia/Tokyo"), ("OMP_NUM_THREADS", "1")])
def test_what_python_reads_only_at_its_start_makes_an_ordinary_kernel(started, caplog, name, value):
    kernels._said.clear()
    with caplog.at_level("WARNING"):
        manager, client = started(env={**os.environ, name: value})
    assert not forked(manager) and caplog.text.count("ordinary way") == 1 and name in caplog.text
    assert ask(client, f"import os; os.environ['{name}']")[0] == repr(value)


def test_where_no_process_is_forked_kernels_start_as_ever_and_the_log_says_so_once(started, monkeypatch, caplog):
    monkeypatch.setattr(kernels.warm, "available", lambda: False)
    kernels._said.clear()
    with caplog.at_level("WARNING"):
        manager, client = started()
        started()
    assert not forked(manager) and ask(client, "1 + 1")[0] == "2"
    assert caplog.text.count("Kernels start in the ordinary way: this system does not fork safely.") == 1


def test_another_command_than_this_python_is_launched_as_it_is():
    assert "the command is" in kernels._ordinary(["/usr/bin/other", "-m", "ipykernel_launcher", "-f", "x"], {})
    assert "the command is" in kernels._ordinary([sys.executable, "-m", "xeus", "-f", "x"], {})
    ours = [sys.executable, "-Xfrozen_modules=off", "-m", "ipykernel_launcher", "-f", "x"]
    assert kernels._ordinary(ours, {}) == ("" if kernels.warm.available() else "this system does not fork safely")


@forks
def test_a_kernel_imports_the_package_from_the_folder_it_is_told(started, tmp_path):
    (tmp_path / "own" / "datajam").mkdir(parents=True)
    (tmp_path / "own" / "datajam" / "__init__.py").write_text("whose = 'mine'\n")
    manager, client = started(env={**os.environ, "PYTHONPATH": str(tmp_path / "own")})
    assert forked(manager) and ask(client, "import datajam; print(datajam.whose)")[0] == "mine"


@forks
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_no_kernel_outlives_who_asked_for_it(tmp_path, how):
    script = tmp_path / "asks.py"
    script.write_text(
        "import time\nfrom datajam import kernels\nkernels.register()\nfrom jupyter_client import KernelManager\n"
        "manager = KernelManager(kernel_name='python3')\nmanager.start_kernel()\nclient = manager.client()\n"
        "client.start_channels()\nclient.wait_for_ready()\nclient.execute('import time; time.sleep(300)')\n"
        "print('up', flush=True)\ntime.sleep(300)\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "shared"), "DATAJAM_MARK": str(tmp_path)}
    quiet = {"stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    with subprocess.Popen([sys.executable, str(script)], env=environment, text=True, **quiet) as process:
        while process.stdout.readline() != "up\n":
            pass
        assert len(marked(tmp_path)) >= 3
        process.send_signal(how)
        process.wait()
    for _ in range(100):
        if not marked(tmp_path):
            return
        time.sleep(0.1)
    pytest.fail(f"still running: {marked(tmp_path)}")


@forks
def test_pytest_with_the_plugin_checks_notebooks_in_forked_kernels(tmp_path):
    path = write(
        tmp_path / "n.ipynb", ["import os\nos.getsid(0) == os.getpid() and 'ipykernel' in __import__('sys').modules", "2 + 2"]
    )
    notebook = nbformat.read(path, as_version=4)
    for number, text in enumerate(["True", "4"], start=1):
        about = nbformat.v4.new_output("execute_result", {"text/plain": text}, execution_count=number)
        notebook.cells[number - 1].update(execution_count=number, outputs=[about])
    nbformat.write(notebook, path)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "datajam.kernels", "-p", "no:cacheprovider", "--nbval", str(path)]
    done = subprocess.run(
        command, capture_output=True, text=True, cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT / "shared")}
    )
    assert "2 passed" in done.stdout, done.stdout


def test_what_notebooks_import_is_found_whatever_else_their_cells_hold(tmp_path):
    from datajam.engine import warm

    path = write(
        tmp_path / "n.ipynb",
        ["%matplotlib inline\nimport json, no_such_module", "!pip list\nfrom statsmodels.stats import weightstats", "def broken(:"],
    )
    (tmp_path / "not.ipynb").write_text("{")
    found = warm.imports_of([path, tmp_path / "not.ipynb", tmp_path / "absent.ipynb"])
    assert found == ["json", "statsmodels.stats", "statsmodels.stats.weightstats"]


def test_a_queue_that_stays_empty_is_not_an_answer(started):
    _, client = started()
    with pytest.raises(Empty):
        client.get_stdin_msg(timeout=0.2)
