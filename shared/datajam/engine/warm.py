"""A server that has imported everything already, from which fresh processes are forked.

Only Linux forks here: elsewhere (Windows has no fork, and on macOS the system's own libraries do not survive one) callers
start ordinary processes.
"""

import ast
import importlib.util
import json
import multiprocessing
import os
import random
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from multiprocessing import forkserver
from pathlib import Path
from threading import Lock
from types import ModuleType

ALWAYS = (
    "datajam.engine.inside", "datajam.engine.pool", "datajam.engine.shell", "papermill", "ipykernel.ipkernel",
    "IPython.core.pylabtools", "matplotlib.pyplot", "pandas", "numpy",
)  # fmt: skip
_NEVER = ("matplotlib_inline.backend_inline",)
_PRELOAD, _PATH = "DATAJAM_PRELOAD", "DATAJAM_PYTHONPATH"
TEMPORARY = tempfile.gettempdir()
_PARENT_DIES, _SUBREAPER = 1, 36
_main = Lock()
_wanted: list[str] = []


def available() -> bool:
    """Whether processes can be forked from a warmed server here.

    >>> available() == (sys.platform == "linux")
    True
    """
    return sys.platform == "linux" and "forkserver" in multiprocessing.get_all_start_methods()


def context(preload: Sequence[str] = ()) -> multiprocessing.context.BaseContext:
    """The means to start processes from a server that has imported `preload`. The first process starts the server.

    One server serves a Python process: where one runs already, it is used as it is.
    """
    found = multiprocessing.get_context("forkserver")
    _wanted[:] = dict.fromkeys([*ALWAYS, *(name for name in preload if name not in _NEVER)])
    found.set_forkserver_preload(["datajam.engine.warmed"])
    return found


def start(process: multiprocessing.process.BaseProcess) -> None:
    """Start a process without its importing again what the parent was started with."""
    with _main, _no_main(), _told_to_the_server():
        process.start()


@contextmanager
def _told_to_the_server() -> Iterator[None]:
    """The first process starts the server, which finds in its environment what to import; ours stays as it is.

    The server's path is not that of this process (Python 3.11 forgets to hand it over), and a module that it does not find
    is passed over in silence: the path tells it where this package is, and `warmed` puts that back for what is forked.
    """
    ours, home = os.environ.get("PYTHONPATH", ""), str(Path(__file__).resolve().parents[2])
    told = {
        _PRELOAD: ",".join(_wanted),
        _PATH: ours,
        "PYTHONPATH": os.pathsep.join([*([ours] if ours else []), home]),
        "MPLBACKEND": os.environ.get("MPLBACKEND") or "module://matplotlib_inline.backend_inline",
    }
    before = {name: os.environ.get(name) for name in told}
    os.environ.update(told)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None) if value is None else os.environ.__setitem__(name, value)


@contextmanager
def _no_main() -> Iterator[None]:
    kept, sys.modules["__main__"] = sys.modules["__main__"], ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = kept


def imports_of(notebooks: Iterable[Path]) -> list[str]:
    """What a server should have imported: the modules that notebooks import, and what the team's own modules among them do.

    A module of the team's own is one that no package manager installed; what it imports inside functions counts too, since
    the first call would pay for it. In order, only what is here.

    >>> imports_of([])
    []
    """
    found: dict[str, None] = {}
    for path in notebooks:
        try:
            cells = json.loads(Path(path).read_text(encoding="utf-8"))["cells"]
            sources = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
        except (OSError, ValueError, KeyError, TypeError):
            continue
        for source in sources:
            for name in _imported(source):
                _follow(name, found)
    return list(found)


def _follow(name: str, found: dict[str, None]) -> None:
    """Add a module that is here, and what it imports where it is the team's own."""
    if name in found or name in _NEVER:
        return
    file = _file(name)
    if file is None:
        return
    found[name] = None
    own = file.endswith(".py") and not file.startswith((sys.prefix, sys.base_prefix))
    if own and not name.startswith("datajam.engine"):
        for inner in _imported(Path(file).read_text(encoding="utf-8")):
            _follow(inner, found)


def _file(name: str) -> str | None:
    """Where a module is, without importing the packages it lies in; None where it is not here."""
    top, *rest = name.split(".")
    try:
        spec = importlib.util.find_spec(top)
    except (ImportError, AttributeError, ValueError):
        return None
    if spec is None:
        return None
    file, folders = spec.origin or "", list(spec.submodule_search_locations or [])
    for part in rest:
        candidates = [Path(folder) / part for folder in folders]
        package = next((path for path in candidates if (path / "__init__.py").is_file()), None)
        files = (one for path in candidates for one in (path.with_suffix(".py"), *path.parent.glob(f"{part}.*.so")))
        plain = next((one for one in files if one.is_file()), None)
        if package is None and plain is None:
            return None
        file, folders = str(package / "__init__.py" if package else plain), [str(package)] if package else []
    return file


def _imported(source: str) -> Iterator[str]:
    plain = "\n".join("" if line.lstrip().startswith(("%", "!", "?")) else line for line in source.splitlines())
    try:
        tree = ast.parse(plain)
    except SyntaxError:
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names if alias.name != "*")


@cache
def _at_start() -> tuple[str, tuple[str, ...]]:
    """PYTHONPATH, and the path of a Python started with it, without the folder it is started in: asked of one, once."""
    done = subprocess.run(
        [sys.executable, "-c", "import json, sys; print(json.dumps(sys.path[1:]))"], capture_output=True, text=True
    )
    return os.environ.get("PYTHONPATH", ""), tuple(json.loads(done.stdout))


def kernel_path() -> list[str]:
    """The path a kernel started now would have, with the working folder where IPython puts it."""
    before, path = _at_start()
    old, new = ([name for name in text.split(os.pathsep) if name] for text in (before, os.environ.get("PYTHONPATH", "")))
    found = [*new, *(name for name in path if name not in old)] if old != new else list(path)
    place = next((at for at, name in enumerate(found) if Path(name).name in ("site-packages", "dist-packages")), 0)
    return [*found[:place], "", *found[place:]]


def forget_others(*folders: Path) -> None:
    """Forget this package where the server imported it from one folder and a notebook is to have it from the first of these."""
    here = Path(__file__).resolve().parents[2]
    wanted = next((folder.resolve() for folder in folders if (folder / "datajam" / "__init__.py").is_file()), here)
    if wanted != here:
        for name, module in list(sys.modules.items()):
            if str(getattr(module, "__file__", None) or "").startswith(f"{here}{os.sep}"):
                del sys.modules[name]


def launcher() -> str:
    """What a kernel finds as the name of the program it runs in."""
    return importlib.util.find_spec("ipykernel_launcher").origin


def begin_child() -> None:
    """What a forked process does first: its own session and random state, ordinary signals, and death with its server.

    The server ends when nobody holds the other end of a pipe; a child that held it would keep server and itself alive.
    """
    import ctypes

    os.setsid()
    with suppress(AttributeError, OSError, TypeError):
        os.close(forkserver._forkserver._forkserver_alive_fd)
    libc = ctypes.CDLL(None)
    libc.prctl(_PARENT_DIES, signal.SIGKILL)
    libc.prctl(_SUBREAPER, 1)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGCHLD, signal.SIGALRM):
        signal.signal(number, signal.SIG_DFL if number != signal.SIGINT else signal.default_int_handler)
    os.environ.pop(_PRELOAD, None)
    random.seed()
    if "numpy" in sys.modules:
        sys.modules["numpy"].random.seed()


def descendants(process: int) -> set[int]:
    """The processes a process started, and theirs (Linux)."""
    found: set[int] = set()
    for task in Path(f"/proc/{process}/task").glob("*/children"):
        try:
            children = {int(number) for number in task.read_text().split()}
        except OSError:
            continue
        for child in children - found:
            found |= {child} | descendants(child)
    return found


def end_child(code: int = 0) -> None:
    """End a forked process at once, and with it everything it started and left running."""
    for process in descendants(os.getpid()):
        try:
            os.kill(process, signal.SIGKILL)
        except OSError:
            continue
    os._exit(code)
