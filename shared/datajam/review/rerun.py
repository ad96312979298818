"""Run notebooks in the clean room: each in a fresh kernel of the project's environment, behind the walls, watched."""

import ast
import json
import logging
import os
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbclient.util import run_sync

from datajam.review import watched, why
from datajam.review.clean_room import LEFT_OUT
from datajam.review.environment import Environment
from datajam.review.evidence import Failure, Reviewed
from datajam.review.walls import MEMORY_MB, Walls

NOTEBOOK_SECONDS = 900
LARGEST_NOTEBOOK = 300_000_000
_CELLS = ("code", "markdown", "raw")
MOST_OUTPUT = 200_000_000
_STARTING = 180
_KEPT = ("PATH", "SYSTEMROOT", "LD_LIBRARY_PATH")
SETTINGS = {"PYTHONHASHSEED": "0", "TZ": "UTC", "LC_ALL": "C.UTF-8", "LANG": "C.UTF-8"}


@dataclass
class Room:
    """Everything notebooks are run with: the room that can be written, the copy of the project in it, its environment, walls.

    `settings` are the variables of a run, `seconds` and `memory` (MB) the limits of each notebook.
    """

    inside: Path
    project: Path
    root: Path
    environment: Environment
    walls: Walls
    seconds: float = NOTEBOOK_SECONDS
    memory: int = MEMORY_MB
    settings: dict[str, str] = field(default_factory=lambda: dict(SETTINGS))

    def variables(self) -> dict[str, str]:
        """The emptied environment: a path, a temporary home, where to import from, the settings; nothing of the reviewer's."""
        home, temporary = self.inside / "home", self.inside / "tmp"
        for folder in (home, temporary):
            folder.mkdir(exist_ok=True)
        watch = watched.watch(self.inside)
        imports = [self.project / "shared", self.root / "shared", self.project / "src", self.root / "src"]
        folders = dict.fromkeys([str(watch.folder), *(str(path) for path in imports if path.is_dir())])
        return {
            **{name: os.environ[name] for name in _KEPT if name in os.environ},
            "PATH": os.pathsep.join([str(Path(self.environment.python).parent), os.defpath]),
            "HOME": str(home),
            "TMPDIR": str(temporary),
            "IPYTHONDIR": str(home / ".ipython"),
            "MPLCONFIGDIR": str(home / ".matplotlib"),
            "JUPYTER_RUNTIME_DIR": str(home / "runtime"),
            "JUPYTER_PREFER_ENV_PATH": "1",
            "PYTHONPATH": os.pathsep.join(folders),
            "DATAJAM_WATCH": str(watch.log),
            **self.settings,
        }


class _Client(NotebookClient):
    """nbclient that stops taking outputs where a notebook says more than can be kept."""

    said = 0

    def process_message(self, msg, cell, cell_index):
        content = msg["content"]
        self.said += len(content.get("text", "")) + sum(len(str(part)) for part in content.get("data", {}).values())
        if self.said > MOST_OUTPUT and msg["header"]["msg_type"] in ("stream", "display_data", "execute_result"):
            return None
        return super().process_message(msg, cell, cell_index)


def found(folder: Path) -> list[Path]:
    """The notebooks of a folder in path order, without those of tools and checkpoints; no link is followed."""
    listed = []
    for place, folders, files in os.walk(folder, followlinks=False):
        folders[:] = sorted(name for name in folders if name not in LEFT_OUT | {"runs", "review", "batch"} and name[0] != ".")
        listed += [Path(place, name) for name in files if name.endswith(".ipynb") and not Path(place, name).is_symlink()]
    return sorted(listed)


def read(path: Path) -> tuple[Any, str]:
    """A notebook in today's format and '', or None and why it cannot be read."""
    if path.stat().st_size > LARGEST_NOTEBOOK:
        return None, f"it is larger than {LARGEST_NOTEBOOK // 1_000_000} MB"
    try:
        import warnings

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            notebook = nbformat.reads(path.read_text(encoding="utf-8-sig"), as_version=4)
        return _sound(notebook), ""
    except Exception as error:
        return None, f"it is not a notebook ({type(error).__name__})"


def _sound(notebook: Any) -> Any:
    """A notebook in which everything has the type that what follows relies on. Raises `ValueError` where cells are none."""
    for cell in notebook.cells:
        if not isinstance(cell, dict) or cell.get("cell_type") not in _CELLS or not isinstance(cell.get("source"), str):
            raise ValueError("a cell is no cell")
        if not isinstance(cell.get("metadata"), dict) or not isinstance(cell["metadata"].get("tags", []), list):
            cell["metadata"] = nbformat.from_dict({})
        if cell.cell_type == "code":
            listed = cell.get("outputs") if isinstance(cell.get("outputs"), list) else []
            cell["outputs"] = [output for output in listed if isinstance(output, dict) and isinstance(output.get("data", {}), dict)]
    for name in ("kernelspec", "language_info"):
        if not isinstance(notebook.metadata.get(name, {}), dict):
            del notebook.metadata[name]
    return notebook


def language(notebook: Any) -> str:
    """The language a notebook is written in, in small letters; python where it does not say."""
    about = notebook.metadata
    named = about.get("language_info", {}).get("name") or about.get("kernelspec", {}).get("language") or "python"
    return "python" if str(named).lower() in ("python", "python2", "python3", "ipython") else str(named).lower()


def emptied(notebook: Any) -> Any:
    """A copy of a notebook without outputs and execution counts."""
    bare = nbformat.from_dict(json.loads(json.dumps(notebook)))
    for cell in bare.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
            cell.metadata.pop("execution", None)
    return bare


def with_parameters(notebook: Any, parameters: dict[str, Any]) -> Any:
    """The notebook with those of the parameters it declares put in, where papermill would."""
    from papermill.parameterize import parameterize_notebook

    names = declared(notebook)
    wanted = {name: value for name, value in parameters.items() if name in names}
    if not wanted:
        return notebook
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    notebook.metadata.setdefault("papermill", nbformat.from_dict({}))
    for cell in notebook.cells:
        cell.metadata.setdefault("tags", [])
    return parameterize_notebook(notebook, wanted, kernel_name="python3", language="python")


def declared(notebook: Any) -> dict[str, Any]:
    """The parameters in a notebook's cell tagged so, with their defaults; none where they are no constants."""
    for cell in notebook.cells:
        if "parameters" in cell.metadata.get("tags", []):
            try:
                nodes = [node for node in ast.parse(cell.source).body if isinstance(node, (ast.Assign, ast.AnnAssign))]
                pairs = [(node.target if isinstance(node, ast.AnnAssign) else node.targets[0], node.value) for node in nodes]
                return {name.id: ast.literal_eval(value) for name, value in pairs if isinstance(name, ast.Name) and value}
            except (SyntaxError, ValueError):
                return {}
    return {}


def run(room: Room, one: Reviewed, parameters: dict[str, Any], committed: Path) -> None:
    """Run one notebook of `room.project` and fill in `one`: outputs of now, time, why it failed, what it touched."""
    path = room.project / one.path
    notebook, problem = read(path)
    if notebook is None:
        one.failure = Failure("code", problem, None, "Restore the notebook from git, or save it again in JupyterLab.")
        return
    if language(notebook) != "python":
        one.failure = why.not_python(language(notebook))
        return
    bare = with_parameters(emptied(notebook), parameters)
    starts: list[tuple[float, int]] = []
    watched.age(room.project)
    log = room.inside / "watched.jsonl"
    log.unlink(missing_ok=True)
    started = time.time()
    one.failure = _execute(room, bare, path.parent, starts, one.then or notebook)
    one.seconds, one.now = time.time() - started, bare
    files, one.network = watched.seen(log, room.project, starts)
    one.opened = watched.with_hashes(files, committed)


def _execute(room: Room, notebook: Any, folder: Path, starts: list[tuple[float, int]], then: Any) -> Failure | None:
    """Execute a notebook in place; the failure, or None."""
    until = time.monotonic() + room.seconds

    def begins(cell: Any, cell_index: int) -> None:
        starts.append((time.time(), cell_index + 1))

    logging.getLogger("asyncio").setLevel(logging.CRITICAL)  # nbclient lets a task fall where a kernel died
    client = _client(room, notebook, until, begins)
    try:
        client.execute(cwd=str(folder), env=room.variables())
    except CellExecutionError as error:
        return why.failure(error.ename, error.evalue, _last(starts), then)
    except CellTimeoutError:
        return why.out_of_time(room.seconds, _last(starts))
    except (DeadKernelError, RuntimeError) as error:
        if getattr(client, "_async_cleanup_kernel_future", None) is not None:  # nbclient keeps Ctrl+C to itself
            raise KeyboardInterrupt from None
        return why.died(_first(error), _last(starts))
    except Exception as error:
        return Failure("code", f"{type(error).__name__}: {_first(error)}", _last(starts), "Open it in JupyterLab and run it.")
    finally:
        _end(client)
    if client.said > MOST_OUTPUT:
        words = f"it put out more than {MOST_OUTPUT // 1_000_000} MB"
        return Failure("code", words, _last(starts), "Print less; write large results to a file.")
    return None


def _first(error: Exception) -> str:
    return (str(error).splitlines() or ["the kernel could not be started"])[0][:200]


def _last(starts: list[tuple[float, int]]) -> int | None:
    return starts[-1][1] if starts else None


def _client(room: Room, notebook: Any, until: float, begins: Callable) -> _Client:
    from jupyter_client import AsyncKernelManager
    from jupyter_client.kernelspec import KernelSpecManager

    folder = room.inside / "kernels"
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "room").mkdir(parents=True)
    command = [room.environment.python, "-m", "ipykernel_launcher", "-f", "{connection_file}", "--log-level=CRITICAL"]
    spec = {"argv": room.walls.around(command, room.inside, room.memory), "display_name": "room", "language": "python",
            "metadata": {"kernel_provisioner": {"provisioner_name": "local-provisioner", "config": {}}}}  # fmt: skip
    (folder / "room" / "kernel.json").write_text(json.dumps(spec), encoding="utf-8")
    specs = KernelSpecManager(kernel_dirs=[str(folder)], ensure_native_kernel=False)
    named = {"connection_file": str(folder / "c.json"), "transport": "tcp" if room.walls.kind == "none" else "ipc"}
    manager = AsyncKernelManager(kernel_name="room", kernel_spec_manager=specs, **named)
    return _Client(
        notebook,
        km=manager,
        timeout_func=lambda cell: max(1, round(until - time.monotonic())),
        startup_timeout=_STARTING,
        allow_errors=False,
        coalesce_streams=False,
        on_cell_execute=begins,
    )


def _end(client: _Client) -> None:
    """Leave no kernel behind, however it went."""
    if client.km is not None and client.km.has_kernel:
        run_sync(client.km.shutdown_kernel)(now=True)
