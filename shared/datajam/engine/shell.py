"""A kernel's shell without the kernel: cells run in this process, and its messages are handed over instead of sent."""

import asyncio
import builtins
import getpass
import io
import logging
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

from ipykernel.compiler import get_tmp_hash_seed, murmur2_x86
from ipykernel.ipkernel import IPythonKernel
from ipykernel.zmqshell import ZMQInteractiveShell
from IPython.core.compilerop import CachingCompiler
from IPython.core.interactiveshell import InteractiveShell
from jupyter_client.session import Session
from traitlets.config import Config

from datajam.engine import warm

FLUSH_SECONDS = 0.2
LANGUAGE = IPythonKernel.language_info


class NeedsKernel(BaseException):
    """The notebook asks for what only a kernel with somebody at the other end can give."""


class _Messages(Session):
    """Jupyter's own messages, kept in order until they are taken."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.kept: list[dict[str, Any]] = []

    def send(self, stream, msg_or_type, content=None, parent=None, ident=None, **ignored):
        message = msg_or_type if isinstance(msg_or_type, dict) else self.msg(msg_or_type, content=content, parent=parent)
        self.kept.append({**message, "content": self.unpack(self.pack(message["content"]))})
        return message

    def take(self) -> list[dict[str, Any]]:
        taken, self.kept = self.kept, []
        return taken


class _Compiler(CachingCompiler):
    """Cells are named in warnings and tracebacks as a kernel names them, wherever the notebook's own temporary files go."""

    def get_code_name(self, raw_code, transformed_code, number):
        return os.path.join(warm.TEMPORARY, f"ipykernel_{os.getpid()}", f"{murmur2_x86(raw_code, get_tmp_hash_seed())}.py")


class _Stream(io.TextIOBase):
    """`sys.stdout` or `sys.stderr` while a cell runs, with what programs write to the file descriptor below it."""

    encoding = "UTF-8"
    errors = "strict"

    def __init__(self, name: str, messages: _Messages, descriptor: int) -> None:
        self.name, self._messages, self._descriptor = name, messages, descriptor
        self._owner, self._parts, self._since = os.getpid(), [], 0.0
        self._below, self._read = tempfile.TemporaryFile(prefix="datajam_stream_"), 0  # noqa: SIM115 (closed in `close`)

    def fileno(self) -> int:
        return self._descriptor

    def isatty(self) -> bool:
        return False

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text)}")
        self._drain()
        self._add(text)
        return len(text)

    def _add(self, text: str) -> None:
        if text and not self._parts:
            self._since = time.monotonic()
        self._parts.append(text)
        if time.monotonic() - self._since > FLUSH_SECONDS:
            self.flush()

    def _drain(self) -> None:
        size = os.fstat(self._below.fileno()).st_size
        if size > self._read:
            found = os.pread(self._below.fileno(), size - self._read, self._read)
            self._read = size
            self._parts.append(found.decode("utf-8", "replace"))

    def flush(self) -> None:
        if self.closed or os.getpid() != self._owner:
            return
        self._drain()
        text, self._parts = "".join(self._parts), []
        if text:
            self._messages.send(None, "stream", {"name": self.name, "text": text})

    @contextmanager
    def below(self) -> Iterator[None]:
        """What is written to the file descriptor itself, by C code or another program, comes here too."""
        kept = os.dup(self._descriptor)
        with open(self._below.fileno(), "ab", closefd=False) as end:
            os.dup2(end.fileno(), self._descriptor)
        try:
            yield
        finally:
            os.dup2(kept, self._descriptor)
            os.close(kept)

    def close(self) -> None:
        super().close()
        self._below.close()


class Shell:
    """A fresh IPython shell of a kernel's own class, for one notebook; as a context, it gives the process back what it had.

    >>> with Shell() as shell:
    ...     reply, messages = shell.run("print('four'); 2 + 2")
    >>> reply["status"], [message["msg_type"] for message in messages]
    ('ok', ['execute_input', 'stream', 'execute_result'])
    """

    def __enter__(self) -> "Shell":
        if InteractiveShell.initialized():
            raise NeedsKernel("an IPython shell is in this process already")
        self._outer_loop = asyncio._get_running_loop()
        asyncio._set_running_loop(None)  # one that runs around us waits until the notebook is done, as it would for a kernel
        self._loop = asyncio.new_event_loop()
        self._before = SimpleNamespace(
            environment=dict(os.environ), path=list(sys.path), argv=sys.argv, main=sys.modules["__main__"], folder=os.getcwd(),
            excepthook=sys.excepthook, stdout=sys.stdout, stderr=sys.stderr, displayhook=sys.displayhook,
        )  # fmt: skip
        asyncio.set_event_loop(self._loop)
        sys.argv, sys.path[:] = [warm.launcher()], warm.kernel_path()
        os.environ.setdefault("MPLBACKEND", "module://matplotlib_inline.backend_inline")
        self._messages = _Messages()
        config = Config(HistoryManager={"enabled": False, "hist_file": ":memory:"})
        self.shell = ZMQInteractiveShell.instance(config=config, compiler_class=_Compiler, kernel=_no_kernel())
        for part in (self.shell.displayhook, self.shell.display_pub):
            part.session, part.pub_socket = self._messages, None
        self.shell.displayhook.topic = b"execute_result"
        self._streams = [_Stream("stdout", self._messages, 1), _Stream("stderr", self._messages, 2)]
        self._logging: tuple[list, int] = ([], logging.WARNING)
        return self

    def __exit__(self, *_) -> None:
        before = self._before
        self.shell.events.callbacks.clear()
        self.shell.restore_sys_module_state()
        self.shell.configurables.clear()
        self.shell.history_manager = None
        ZMQInteractiveShell.clear_instance()
        for stream in self._streams:
            stream.close()
        tasks = asyncio.all_tasks(self._loop)
        for task in tasks:
            task.cancel()
        if tasks:
            self._loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
        self._loop.run_until_complete(self._loop.shutdown_asyncgens())
        asyncio.set_event_loop(None)
        self._loop.close()
        asyncio._set_running_loop(self._outer_loop)
        os.environ.clear()
        os.environ.update(before.environment)
        os.chdir(before.folder)
        sys.path[:], sys.argv, sys.modules["__main__"], sys.excepthook = before.path, before.argv, before.main, before.excepthook
        sys.stdout, sys.stderr, sys.displayhook = before.stdout, before.stderr, before.displayhook

    def run(self, code: str, cell_id: str | None = None) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        """Run one cell: what a kernel replies, and the messages it would have sent, in order.

        Raises `NeedsKernel` where the cell asked for input, or opened a channel to a widget.
        """
        self._messages.send(None, "execute_input", {"code": code, "execution_count": self.shell.execution_count})
        wanted: list[str] = []
        with self._as_in_a_kernel(wanted):
            reply = self._loop.run_until_complete(self._reply(code, cell_id))
        if wanted:
            raise NeedsKernel(wanted[0])
        return reply, self._messages.take()

    async def _reply(self, code: str, cell_id: str | None) -> dict[str, Any]:
        """As ipykernel's `do_execute` does: what awaits runs in the loop, the rest while the loop waits."""
        shell = self.shell
        try:
            transformed, broken = shell.transform_cell(code), None
        except Exception:
            transformed, broken = code, sys.exc_info()
        if shell.should_run_async(code, transformed_cell=transformed, preprocessing_exc_tuple=broken):
            done = None
            try:
                done = await shell.run_cell_async(
                    code, store_history=True, transformed_cell=transformed, preprocessing_exc_tuple=broken, cell_id=cell_id
                )
            finally:
                shell.events.trigger("post_execute")
                shell.events.trigger("post_run_cell", done)
        else:
            done = shell.run_cell(code, store_history=True, cell_id=cell_id)
        shell.payload_manager.clear_payload()
        error = done.error_before_exec or done.error_in_exec
        if done.success and not getattr(shell, "_last_traceback_during_displayhook", None):
            return {"status": "ok", "execution_count": shell.execution_count - 1}
        about = {"traceback": shell._last_traceback or [], "ename": type(error).__name__, "evalue": str(error)}
        return {"status": "error", "execution_count": shell.execution_count - 1, **about}

    @contextmanager
    def _as_in_a_kernel(self, wanted: list[str]) -> Iterator[None]:
        """The streams, the root logger and the ways to ask somebody something are the notebook's own while its cell runs."""
        import comm

        def ask(*_: Any, **__: Any):
            wanted.append("it asks for input")
            raise NeedsKernel(wanted[0])

        def channel(*_: Any, **__: Any):
            wanted.append("it opens a channel to a widget")
            raise NeedsKernel(wanted[0])

        root = logging.getLogger()
        outer = builtins.input, getpass.getpass, comm.create_comm, sys.stdout, sys.stderr
        outer_logging = root.handlers[:], root.level
        for stream in (sys.stdout, sys.stderr):
            if stream is not None and not stream.closed:
                stream.flush()
        out, err = self._streams
        builtins.input, getpass.getpass, comm.create_comm, sys.stdout, sys.stderr = ask, ask, channel, out, err
        root.handlers[:], root.level = self._logging
        try:
            with out.below(), err.below():
                yield
                sys.stdout.flush()
                sys.stderr.flush()
                out.flush()
                err.flush()
        finally:
            self._logging = root.handlers[:], root.level
            builtins.input, getpass.getpass, comm.create_comm, sys.stdout, sys.stderr = outer
            root.handlers[:], root.level = outer_logging
            logging.Logger.manager._clear_cache()


def _no_kernel() -> SimpleNamespace:
    return SimpleNamespace(eventloop=None)
