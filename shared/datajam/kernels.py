"""Kernels forked from a warmed server, for everything that wants a real kernel: nbval, nbclient, nbconvert, JupyterLab.

Chosen by the environment, `JUPYTER_DEFAULT_PROVISIONER_NAME=datajam`, or in a kernelspec's `metadata`; where the package is
only on the path, `register()` does the same for this process, and `pytest -p datajam.kernels` for a run of pytest.
"""

import asyncio
import logging
import os
import signal
import sys
from collections.abc import Iterable
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.provisioning import KernelProvisionerFactory, LocalProvisioner

from datajam.engine import warm

NAME = "datajam"
_KERNEL = ("ipykernel.kernelapp", "ipykernel.debugger")
_LAUNCHER = ["-m", "ipykernel_launcher", "-f"]
_READ_AT_START = ("PYTHON", "LC_", "OMP_", "OPENBLAS_", "MKL_", "NUMEXPR_", "LD_", "MALLOC_")
_READ_AT_START_NAMES = ("LANG", "LANGUAGE", "TZ")
log = logging.getLogger("datajam.kernels")
_preload: list[str] = []
_said: set[str] = set()


class _Forked:
    """What jupyter_client expects of a `Popen`, about a process forked from the server."""

    stdin = stdout = stderr = None

    def __init__(self, process: Any) -> None:
        self._process, self.pid = process, process.pid

    def poll(self) -> int | None:
        return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int | None:
        self._process.join(timeout)
        return self._process.exitcode

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)


class ForkProvisioner(LocalProvisioner):
    """A kernel provisioner that forks the kernel from a server which has imported what the notebooks beside it import.

    Connection file, key, ports, signals, restart and shutdown are jupyter_client's own. A kernel ends with the process that
    asked for it, however that one ends. What cannot be forked (no Linux, another interpreter, an environment that Python or
    a library reads only at its start) is launched in the ordinary way, and the log says so once.
    """

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> KernelConnectionInfo:
        reason = _ordinary(cmd, kwargs)
        if reason:
            if reason not in _said:
                _said.add(reason)
                log.warning("Kernels start in the ordinary way: %s.", reason)
            return await super().launch_kernel(cmd, **kwargs)
        folder = str(kwargs.get("cwd") or os.getcwd())
        context = warm.context([*_KERNEL, *(_preload or warm.imports_of(sorted(Path(folder).glob("*.ipynb"))))])
        environment = {**(kwargs.get("env") or os.environ), "JPY_PARENT_PID": str(os.getpid())}
        parent = f"--IPKernelApp.parent_handle={os.getpid()}"
        hears, says = context.Pipe(duplex=False)
        process = context.Process(target=_kernel, args=([*cmd[cmd.index("-f") :], parent], folder, environment, says))
        warm.start(process)
        says.close()
        while not hears.poll() and process.is_alive():
            await asyncio.sleep(0.002)
        hears.close()
        self.process = _Forked(process)
        self.pid = self.pgid = process.pid
        self.cwd = folder
        return self.connection_info

    async def kill(self, restart: bool = False) -> None:
        """As jupyter_client's, and gone when this returns, so that nobody need look again a tenth of a second later."""
        await super().kill(restart)
        if isinstance(self.process, _Forked):
            self.process.wait(1)

    async def wait(self) -> int | None:
        """As jupyter_client's, but for looking ten times as often."""
        if not isinstance(self.process, _Forked):
            return await super().wait()
        while await self.poll() is None:
            await asyncio.sleep(0.01)
        found = self.process.wait()
        self.process = None
        return found


def _ordinary(cmd: list[str], kwargs: dict[str, Any]) -> str:
    """Why this kernel must be launched in the ordinary way; '' where it can be forked."""
    if not warm.available():
        return "this system does not fork safely"
    module = [word for word in cmd[1:] if word != "-Xfrozen_modules=off"][:3]
    if os.path.realpath(cmd[0]) != os.path.realpath(sys.executable) or module != _LAUNCHER:
        return f"the command is {' '.join(cmd[:4])}"
    given = kwargs.get("env")
    if given is None:
        return ""
    names = {name for name in {*given, *os.environ} if name.startswith(_READ_AT_START) or name in _READ_AT_START_NAMES}
    changed = sorted(name for name in names - {"PYTHONPATH"} if given.get(name) != os.environ.get(name))
    return f"{changed[0]} is read only when Python starts" if changed else ""


def _kernel(words: list[str], folder: str, environment: dict[str, str], says: Any) -> None:
    """In the fork: what `python -m ipykernel_launcher` does; what `says` ends when somebody can connect."""
    warm.begin_child()
    before = os.environ.get("PYTHONPATH", "")
    os.environ.clear()
    os.environ.update(environment)
    wanted = environment.get("PYTHONPATH", "")
    os.chdir(folder)
    sys.argv, sys.path[:] = [warm.launcher(), *words], warm.kernel_path()
    if wanted != before:
        warm.forget_others(*(Path(name) for name in wanted.split(os.pathsep) if name))
    code = 0
    try:
        from ipykernel.kernelapp import IPKernelApp

        app = IPKernelApp.instance()
        app.initialize(words)
        says.close()
        app.start()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    finally:
        for stream in (sys.__stdout__, sys.__stderr__):
            if stream is not None:
                stream.flush()
        warm.end_child(code)


def register(notebooks: Iterable[Path] = ()) -> None:
    """Make this process's kernels forked ones; the server imports what the notebooks import.

    The environment stays as it is: a program started from a notebook, where the package may not be installed, has ordinary
    kernels.

    >>> kept = KernelProvisionerFactory.instance().default_provisioner_name
    >>> register()
    >>> KernelProvisionerFactory.instance().default_provisioner_name
    'datajam'
    >>> KernelProvisionerFactory.instance().default_provisioner_name = kept
    """
    KernelProvisionerFactory.provisioners[NAME] = EntryPoint(
        NAME, "datajam.kernels:ForkProvisioner", KernelProvisionerFactory.GROUP_NAME
    )
    KernelProvisionerFactory.instance().default_provisioner_name = NAME
    _preload[:] = warm.imports_of(notebooks)


def pytest_configure(config: Any) -> None:
    """`pytest -p datajam.kernels --nbval FOLDER`: the server imports what the notebooks named import."""
    named = [Path(str(word).split("::")[0]) for word in config.args]
    register([path for given in named for path in (sorted(given.rglob("*.ipynb")) if given.is_dir() else [given])])
