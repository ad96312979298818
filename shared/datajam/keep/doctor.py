"""Is this machine ready: Python, packages, a kernel, a notebook, disk, memory, permission to write, proxy; what to type if not.

Only Python's own library is needed to look, so that a machine without any package gets an answer too.
"""

import argparse
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from datajam.errors import DataJamError, readable

OLDEST_PYTHON = (3, 11)
LEAST_DISK, LEAST_MEMORY = 2.0, 1.0  # GB
PATIENCE = 60  # seconds for a kernel
LOCK = "requirements.lock"
_PIN = re.compile(r"^([A-Za-z0-9._-]+)==(\S+?)(?:\s*;\s*(.*?))?\s*\\?$")
_INSTALL = "`python3 -m nox -s environment`, or `python -m pip install -r requirements.lock` in your environment"
_NOTEBOOK = "import datajam, matplotlib, pandas\nprint(pandas.Series([40, 2]).sum())"


class NotReady(DataJamError):
    """Something on this machine keeps a notebook from running."""

    exit_code = 1


@dataclass(frozen=True)
class Finding:
    """What was looked at, in a word; whether it is ready (False), ready with a doubt (None) or ready; what is so; what to do."""

    name: str
    ready: bool | None
    said: str
    do: str = ""


def examine(folder: Path) -> list[Finding]:
    """Look at this machine, for the project or workshop in a folder; what cannot be looked at is not ready.

    >>> [finding.name for finding in examine(Path("."))][:2]
    ['Python', 'packages']
    """
    looks: dict[str, Callable[[], Finding]] = {
        "Python": _python,
        "packages": lambda: _packages(folder),
        "kernel": _kernel,
        "disk": lambda: _disk(folder),
        "memory": _memory,
        "write": lambda: _write(folder),
        "proxy": _proxy,
    }
    return [_looked(name, look) for name, look in looks.items()]


def _looked(name: str, look: Callable[[], Finding]) -> Finding:
    try:
        return look()
    except Exception as error:  # a machine in any state must get its answer
        return Finding(name, False, f"{type(error).__name__}: {readable(str(error)[:200])}", f"type {_INSTALL}")


def _python() -> Finding:
    have, want = platform.python_version(), ".".join(map(str, OLDEST_PYTHON))
    good = sys.version_info >= OLDEST_PYTHON
    return Finding("Python", good, have, "" if good else f"install Python {want} or newer, then begin again")


def lock_of(folder: Path) -> Path | None:
    """The lock of the project or workshop that a folder is in, else the one that came with this package."""
    around = [folder.resolve(), *folder.resolve().parents, Path(__file__).resolve().parents[3]]
    return next((each / LOCK for each in around if (each / LOCK).is_file()), None)


def _packages(folder: Path) -> Finding:
    lock = lock_of(folder)
    if not lock:
        return Finding("packages", None, "no lock is near", f"go to the folder that holds {LOCK}, and begin again")
    wanted, missing, other = pinned(lock.read_text(encoding="utf-8")), [], []
    for name, version in wanted.items():
        try:
            have = metadata.version(name)
        except metadata.PackageNotFoundError:
            missing.append(name)
        else:
            other += [f"{name} {have}, not {version}"] if have != version else []
    said = f"{len(wanted) - len(missing) - len(other)} of {len(wanted)} as in the lock"
    if missing:
        return Finding("packages", False, f"{said}; missing: {_few(missing)}", f"type {_INSTALL}")
    return Finding("packages", None if other else True, f"{said}; {_few(other)}" if other else said, f"type {_INSTALL}")


def _few(names: list[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def pinned(text: str) -> dict[str, str]:
    """The packages that a lock names for this machine, with their versions.

    >>> pinned("pandas==3.1.1 \\\\\\n    --hash=sha256:aa\\ncolorama==0.4.6 ; python_version < '3'")
    {'pandas': '3.1.1'}
    """
    found = filter(None, map(_PIN.match, text.splitlines()))
    return {match[1]: match[2] for match in found if not match[3] or _holds(match[3])}


def _holds(marker: str) -> bool:
    try:
        from packaging.markers import Marker
    except ImportError:
        return False  # without this package others are missing too, and those have no marker
    return Marker(marker).evaluate()


def _kernel() -> Finding:
    """Start a kernel as a notebook does, and run a small notebook in it."""
    from jupyter_client.kernelspec import KernelSpecManager
    from nbclient import NotebookClient
    from nbformat.v4 import new_code_cell, new_notebook

    spec = KernelSpecManager().get_kernel_spec("python3")
    started = time.monotonic()
    client = NotebookClient(new_notebook(cells=[new_code_cell(_NOTEBOOK)]), timeout=PATIENCE, startup_timeout=PATIENCE)
    with client.setup_kernel(stderr=subprocess.DEVNULL):
        up = time.monotonic() - started
        cell = client.execute_cell(client.nb.cells[0], 0)
    took = f"starts in {up:.1f} s, a notebook runs in {time.monotonic() - started - up:.1f} s"
    right = "42" in "".join(output.get("text", "") for output in cell.outputs)
    if os.path.isabs(spec.argv[0]) and os.path.normcase(spec.argv[0]) != os.path.normcase(sys.executable):
        return Finding(
            "kernel", None, f"{took}, but in another Python than this one", "type `python -m ipykernel install --sys-prefix`"
        )
    return Finding("kernel", right, took, "" if right else f"it printed something else: type {_INSTALL}")


def _disk(folder: Path) -> Finding:
    free = shutil.disk_usage(folder).free / 1e9
    good = free >= LEAST_DISK
    return Finding("disk", good, f"{free:.0f} GB free", "" if good else f"free some space: {LEAST_DISK:g} GB are needed")


def _memory() -> Finding:
    import psutil

    free = psutil.virtual_memory().available / 1e9
    good = free >= LEAST_MEMORY
    return Finding(
        "memory", good or None, f"{free:.1f} GB free", "" if good else "close the browser's other tabs and other programs"
    )


def _write(folder: Path) -> Finding:
    for where, name in ((folder, "this folder"), (Path(tempfile.gettempdir()), "the folder for temporary files")):
        try:
            with tempfile.TemporaryFile(dir=where) as file:
                file.write(b"ready")
        except OSError as error:
            return Finding(
                "write", False, f"not in {name} ({error.strerror})", "move the folder to where you may write, such as Documents"
            )
    return Finding("write", True, "allowed")


def _proxy() -> Finding:
    """Whether a proxy is set, without its address, which may hold a password; the browser must reach this machine without it."""
    kinds = sorted(kind for kind in urllib.request.getproxies() if kind in ("http", "https", "all"))
    if not kinds:
        return Finding("proxy", True, "none")
    around = bool(urllib.request.proxy_bypass("localhost"))
    do = "" if around else "set NO_PROXY to localhost,127.0.0.1 in your environment, then begin again"
    return Finding("proxy", around or None, f"set for {' and '.join(kinds)}{'' if around else ', and for this machine itself'}", do)


def summary(findings: list[Finding]) -> str:
    """One line to be pasted: it names no person, no file and no address.

    >>> summary([Finding("Python", True, "3.12.1"), Finding("disk", False, "1 GB free")])[:39]
    'datajam doctor: NOT READY (disk) | Pyth'
    """
    wrong = [finding.name for finding in findings if finding.ready is False]
    verdict = f"NOT READY ({', '.join(wrong)})" if wrong else "ready"
    parts = [
        f"{finding.name} {finding.said}{'' if finding.ready else ' (?)' if finding.ready is None else ' (!)'}"
        for finding in findings
    ]
    return " | ".join([f"datajam doctor: {verdict}", *parts, f"{platform.system()} {platform.machine()}"])


def doctor_command(options: argparse.Namespace) -> None:
    """Print what was found, what to do, and the line for the trainer. Raises `NotReady` (exit code 1) if something is missing."""
    started = time.monotonic()
    findings = examine(Path(options.project or "."))
    for finding in findings:
        mark = {True: "ready", None: "look", False: "NOT READY"}[finding.ready]
        print(f"{mark:9}  {finding.name:9} {readable(finding.said)}")
        if finding.do and finding.ready is not True:
            print(f"{'':9}  {'':9} What to do: {readable(finding.do)}.")
    print(f"\n{time.monotonic() - started:.1f} s. For your trainer:\n{readable(summary(findings))}")
    if any(finding.ready is False for finding in findings):
        raise NotReady("this machine is not ready: what to do stands above.")
