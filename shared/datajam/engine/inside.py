"""A papermill engine that runs a notebook in this process, in a kernel's own shell; `pool` gives each a fresh process."""

import json
import logging
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from nbclient.exceptions import CellTimeoutError, DeadKernelError
from nbclient.util import run_sync
from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import Engine, NBClientEngine, papermill_engines

NAME = "datajam"
log = logging.getLogger("papermill")


class _OutOfTime(BaseException):
    """The cell has had its time."""


class _Client(PapermillNotebookClient):
    """nbclient's own handling of a kernel's messages, with a shell in this process where the kernel was."""

    shell: Any = None

    def execute_cell(self, cell, index, **_):
        if cell.cell_type != "code" or not cell.source.strip() or self.skip_cells_with_tag in cell.metadata.get("tags", []):
            return cell
        if self.shell.shell.exit_now:
            raise DeadKernelError("the notebook called exit(): what follows did not run")
        if self.record_timing:
            cell.metadata["execution"] = {}
        cell.outputs = []
        self.clear_before_next_output = False
        late = []
        owner = os.getpid()
        with _alarm(self._get_timeout(cell), late):
            reply, messages = self.shell.run(cell.source, cell.get("id"))
        if os.getpid() != owner:
            os._exit(0)
        self.code_cells_executed += 1
        for message in messages:
            self.process_message(message, cell, index)
        if late:
            raise CellTimeoutError.error_from_timeout_and_cell("Cell execution timed out", late[0], cell)
        run_sync(self._check_raise_for_error)(cell, index, {"content": reply})
        return cell


@contextmanager
def _saved_seldom(nb_man) -> Iterator[None]:
    """Save when a cell of code starts, which tells where a process died, and not also twice for each cell of text.

    Whether all of it is valid papermill looks when it writes the whole.
    """
    save, start, to = nb_man.save, nb_man.cell_start, str(nb_man.output_path or "")

    def saved() -> None:
        if not to or "://" in to:
            save()
        else:
            Path(to).write_text(json.dumps(nb_man.nb), encoding="utf-8")

    def cell_start(cell, cell_index=None, **rest):
        start(cell, cell_index, **rest)
        if cell.cell_type == "code":
            saved()

    nb_man.save, nb_man.cell_start = (lambda **_: None), cell_start
    try:
        yield
    finally:
        del nb_man.save, nb_man.cell_start


@contextmanager
def _alarm(seconds: float | None, late: list[float]) -> Iterator[None]:
    """Stop the cell when its time is over; `late` then holds the limit. Only a main thread can be stopped so."""
    if not seconds or seconds < 0 or not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        yield
        return

    def ring(*_: Any) -> None:
        late.append(seconds)
        raise _OutOfTime(f"{seconds:g} s are over")

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


class DataJamEngine(Engine):
    """papermill's engine `datajam`: cells run in this process, and outputs are what a kernel gives.

    What only a kernel can do (another language, another interpreter, input, widgets) goes to papermill's ordinary engine,
    and the log says so. State of this process that a shell changes is put back; for a fresh process for each notebook use
    `datajam.engine.pool`.

    >>> import nbformat, papermill
    >>> notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("2 + 2")])
    >>> told = {"kernel_name": "python3", "language": "python", "progress_bar": False}
    >>> done = papermill.execute_notebook(notebook, None, engine_name=register(), **told)
    >>> done.cells[0].outputs[0].data["text/plain"]
    '4'
    """

    @classmethod
    def execute_managed_notebook(cls, nb_man, kernel_name, log_output=False, start_timeout=60, execution_timeout=None, **settings):
        from datajam.engine.shell import LANGUAGE, NeedsKernel, Shell

        reason = elsewhere(nb_man.nb, kernel_name)
        if not reason:
            known = {name: value for name, value in settings.items() if name in _Client.class_trait_names()}
            known |= {"stdout_file": settings.get("stdout_file"), "stderr_file": settings.get("stderr_file")}
            timeout = execution_timeout or settings.get("timeout")
            client = _Client(nb_man, log=log, log_output=log_output, kernel_name=kernel_name, **{**known, "timeout": timeout})
            client.reset_execution_trackers()
            try:
                with Shell() as shell, _saved_seldom(nb_man):
                    client.shell = shell
                    client.papermill_execute_cells()
                nb_man.nb.metadata["language_info"] = LANGUAGE
                return nb_man.nb
            except NeedsKernel as asked:
                reason = str(asked)
                if nb_man.pbar:
                    nb_man.pbar.reset()
                nb_man.notebook_start()
        log.warning("An ordinary kernel runs this notebook: %s.", reason)
        return NBClientEngine.execute_managed_notebook(
            nb_man, kernel_name, log_output, start_timeout=start_timeout, execution_timeout=execution_timeout, **settings
        )


def elsewhere(notebook, kernel_name: str | None) -> str:
    """Why a notebook must have an ordinary kernel, or '' where this process can run it.

    >>> import nbformat
    >>> elsewhere(nbformat.v4.new_notebook(), "python3")
    ''
    """
    language = notebook.metadata.get("kernelspec", {}).get("language", "python")
    if str(language).lower() != "python":
        return f"it is written in {language}"
    if threading.current_thread() is not threading.main_thread():
        return "this is not the main thread"
    if kernel_name in (None, "", "python3"):
        return ""
    from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel

    try:
        found = KernelSpecManager().get_kernel_spec(kernel_name)
    except NoSuchKernel:
        return f"no kernel is called {kernel_name!r} here"
    if found.language.lower() != "python" or "ipykernel_launcher" not in found.argv or found.env:
        return f"kernel {kernel_name!r} is not an ordinary Python kernel"
    if os.path.realpath(found.argv[0]) != os.path.realpath(sys.executable) and os.path.sep in found.argv[0]:
        return f"kernel {kernel_name!r} has its own Python"
    return ""


def register() -> str:
    """Make papermill know the engine where the package is only on the path, not installed: returns its name."""
    papermill_engines.register(NAME, DataJamEngine)
    return NAME


register()
