"""An executor whose every task has a fresh process of its own, forked from a warmed server; one that dies harms no other."""

import os
import pickle
import shutil
import signal
import tempfile
import threading
import time
import traceback
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

from datajam.engine import warm
from datajam.errors import DataJamError

MEGABYTE = 2**20


class ChildDied(DataJamError):
    """The process of one task ended before it had a result."""

    exit_code = 1


@dataclass
class _Task:
    future: Future
    call: bytes
    environment: dict[str, str]
    process: Any = None
    answers: Connection | None = None
    until: float = float("inf")
    folder: str = ""


class Pool(Executor):
    """Tasks run at most `workers` at a time, each in a fresh process, each with its own temporary folder and the environment that
    its submitter had.

    `seconds` and `memory` (MB above what the server holds) limit each task. A task whose process is killed, ends itself, or
    runs out of time or memory gives `ChildDied`, which says what happened; other tasks go on.

    >>> with Pool(2) as pool:
    ...     list(pool.map(abs, [-1, 2]))
    [1, 2]
    """

    def __init__(
        self, workers: int, preload: Sequence[str] = (), *, seconds: float | None = None, memory: float | None = None
    ) -> None:
        self._workers, self._seconds, self._memory = max(1, workers), seconds, memory
        self._context = warm.context(preload) if warm.available() else _spawned()
        self._folder = tempfile.mkdtemp(prefix="datajam_pool_")
        self._waiting: deque[_Task] = deque()
        self._running: list[_Task] = []
        self._woken, self._wake = self._context.Pipe(duplex=False)
        self._lock, self._closed, self._number = threading.Lock(), False, 0
        self._keeper = threading.Thread(target=self._keep, name="datajam pool", daemon=True)
        self._keeper.start()

    def submit(self, function: Callable, /, *words: Any, **names: Any) -> Future:
        task = _Task(Future(), pickle.dumps((function, words, names)), dict(os.environ))
        with self._lock:
            if self._closed:
                raise RuntimeError("cannot schedule new futures after shutdown")
            self._waiting.append(task)
            self._wake.send_bytes(b"+")
        return task.future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        with self._lock:
            if cancel_futures:
                for task in self._waiting:
                    task.future.cancel()
            if not self._closed:
                self._closed = True
                self._wake.send_bytes(b"-")
        if wait:
            self._keeper.join()

    def stop(self) -> None:
        """Let nothing start any more, and end what runs."""
        with self._lock:
            for task in self._waiting:
                task.future.cancel()
            for task in self._running:
                task.until = 0.0
            if not self._closed:
                self._closed = True
                self._wake.send_bytes(b"-")
        self._keeper.join()

    def __exit__(self, kind, *_) -> None:
        self.stop() if kind else self.shutdown()

    def _keep(self) -> None:
        """The one thread that starts, watches and buries processes."""
        try:
            while True:
                self._start_some()
                with self._lock:
                    if self._closed and not self._waiting and not self._running:
                        return
                handles = [self._woken, *(task.answers for task in self._running), *(t.process.sentinel for t in self._running)]
                nearest = min((task.until for task in self._running), default=float("inf"))
                ready = set(map(id, wait(handles, None if nearest == float("inf") else max(0.0, nearest - time.monotonic()))))
                if id(self._woken) in ready:
                    self._woken.recv_bytes()
                for task in list(self._running):
                    if task.answers.poll():
                        self._finish(task)
                    elif not task.process.is_alive():
                        self._bury(task, _cause(task.process.exitcode))
                    elif time.monotonic() >= task.until:
                        _kill(task.process)
                        self._bury(task, f"it took more than {self._seconds:g} s" if task.until else "it was stopped")
        finally:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._woken.close()
            self._wake.close()

    def _start_some(self) -> None:
        while len(self._running) < self._workers:
            with self._lock:
                if not self._waiting:
                    return
                task = self._waiting.popleft()
            if not task.future.set_running_or_notify_cancel():
                continue
            self._number += 1
            task.folder = os.path.join(self._folder, str(self._number))
            task.answers, theirs = self._context.Pipe(duplex=False)
            given = (theirs, task.call, task.environment, task.folder, self._memory)
            task.process = self._context.Process(target=_child, args=given, daemon=False)
            try:
                os.mkdir(task.folder)
                warm.start(task.process)
            except OSError as error:
                task.answers.close()
                theirs.close()
                task.future.set_exception(ChildDied(f"No process could be started ({error.strerror})."))
                continue
            theirs.close()
            task.until = time.monotonic() + self._seconds if self._seconds else float("inf")
            with self._lock:
                self._running.append(task)

    def _finish(self, task: _Task) -> None:
        try:
            worked, result = pickle.loads(task.answers.recv_bytes())
        except Exception:
            task.process.join(5)
            self._bury(task, _cause(task.process.exitcode))
            return
        self._clear(task)
        task.future.set_result(result) if worked else task.future.set_exception(result)

    def _bury(self, task: _Task, cause: str) -> None:
        self._clear(task)
        task.future.set_exception(ChildDied(f"The process of this task ended: {cause}."))

    def _clear(self, task: _Task) -> None:
        with self._lock:
            self._running.remove(task)
        task.process.join(5)
        if task.process.is_alive():
            _kill(task.process)
        with suppress(OSError):
            os.killpg(task.process.pid, signal.SIGKILL)
        task.process.close()
        task.answers.close()
        shutil.rmtree(task.folder, ignore_errors=True)


def _spawned():
    import multiprocessing

    return multiprocessing.get_context("spawn")


def _kill(process: Any) -> None:
    for left in warm.descendants(process.pid):
        with suppress(OSError):
            os.kill(left, signal.SIGKILL)
    process.kill()
    process.join()


def _cause(code: int | None) -> str:
    if code is not None and code < 0:
        name = signal.Signals(-code).name if -code in signal.valid_signals() else f"signal {-code}"
        return f"it was killed by {name}{' (out of memory, perhaps)' if name == 'SIGKILL' else ''}"
    return f"it ended itself with exit code {code}"


def _child(answers: Connection, call: bytes, environment: dict[str, str], folder: str, memory: float | None) -> None:
    """Run the call and send back what it gave; never returns."""
    if warm.available():
        warm.begin_child()
    os.environ.clear()
    os.environ.update(environment)
    tempfile.tempdir = os.environ["TMPDIR"] = folder
    if memory:
        _limit(memory)
    owner = os.getpid()
    try:
        function, words, names = pickle.loads(call)
        found = (True, function(*words, **names))
    except BaseException as error:
        found = (False, error)
    if os.getpid() != owner:
        os._exit(0)
    try:
        answers.send_bytes(_sendable(found))
    finally:
        warm.end_child()


def _sendable(found: tuple[bool, Any]) -> bytes:
    try:
        text = pickle.dumps(found)
        pickle.loads(text)
        return text
    except Exception:
        worked, result = found
        what = "".join(traceback.format_exception_only(result)).strip() if not worked else f"a {type(result).__name__}"
        return pickle.dumps((False, ChildDied(f"The task gave what cannot be sent back: {what}")))


def _limit(megabytes: float) -> None:
    """Let this process hold so much more memory of its own than the server it was forked from."""
    import resource

    about = Path("/proc/self/status").read_text()
    held = next(int(line.split()[1]) * 1024 for line in about.splitlines() if line.startswith("VmData"))
    wanted = held + int(megabytes * MEGABYTE)
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    resource.setrlimit(resource.RLIMIT_DATA, (wanted if hard == resource.RLIM_INFINITY else min(wanted, hard), hard))
