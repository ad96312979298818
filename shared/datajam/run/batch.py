"""A project for many places: what is finished and still current is skipped, one that fails stops no other, nothing is lost."""

import re
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, as_completed
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from datajam.errors import DataJamError
from datajam.project import Project, open_project
from datajam.run import checks, storage
from datajam.run.asked import grid, places_asked
from datajam.run.current import digest, fingerprint, marked
from datajam.run.place import DiskFull, Job
from datajam.run.workers import Workers


class Stopped(DataJamError):
    """Somebody stopped the batch."""

    exit_code = 130


@dataclass
class Batch:
    """What became of a batch: its folder, the jobs done now, those skipped as current, and why each that failed did."""

    out: Path
    asked: list[Job]
    done: list[Job] = field(default_factory=list)
    skipped: list[Job] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0


def jobs(project: Project, places: str, pairs: list[tuple[str, str]], pattern: str = "") -> list[Job]:
    """What a batch has to run: each place with each combination of parameters.

    Raises `DataJamError` for a place, parameter or notebook that is not known, and where two would have one folder.
    """
    chosen = checks.notebooks(project, pattern)
    if any(name == "place" for name, _ in pairs):
        raise DataJamError("-p place=…: name the places with --places.")
    asked, settings = places_asked(places), grid(pairs)
    for given in settings:
        checks.check(open_project(project.folder, place=asked[0].name, **given), chosen)
    rests_on = fingerprint(project, chosen)
    found = [
        Job(place.name, place.code, given, _folder(place.slug, given), digest([rests_on, place.code, given, pattern]))
        for place in asked
        for given in settings
    ]
    names = [job.name for job in found]
    if twice := next((name for name in names if names.count(name) > 1), ""):
        raise DataJamError(f"Two settings would write the folder {twice}/. Give values that differ in letters and digits.")
    return found


def _folder(slug: str, given: dict[str, str]) -> str:
    """The folder of a run: its place, and with parameters one a level deeper that names them.

    >>> _folder("leeds", {}), _folder("leeds", {"period": "2023/24", "group": "boys"})
    ('leeds', 'leeds/leeds--period=2023-24,group=boys')
    """
    if not given:
        return slug
    return f"{slug}/{slug}--" + ",".join(f"{name}={re.sub(r'[^A-Za-z0-9._+-]+', '-', value)}" for name, value in given.items())


def run(asked: list[Job], out: Path, workers: Workers, *, address: str = "", say: Callable[[str], None] = lambda _: None) -> Batch:
    """Run the jobs that are not finished and current into `out`, each durable at once, and copy each to `address` where given.

    `say` is told the state in one line after each place. Raises `DiskFull` and `StorageFailed`, which end a batch, and `Stopped`
    after Ctrl-C: what was done by then is kept in each case.
    """
    started = time.monotonic()
    batch = Batch(out, asked)
    wanted = [job for job in asked if not _finished(job, out, address, batch)]
    try:
        waiting = {workers.start(job): job for job in wanted}
        for future in as_completed(waiting):
            _settle(waiting[future], future, workers.receive, batch, address)
            say(_state(batch, len(wanted), time.monotonic() - started))
    except KeyboardInterrupt:
        raise Stopped(go_on(batch)) from None
    batch.seconds = time.monotonic() - started
    return batch


def _finished(job: Job, out: Path, address: str, batch: Batch) -> bool:
    """Whether a job has been done before and would give the same now; then it is skipped."""
    folder = out / job.name
    if address and not folder.exists():
        storage.bring_run(f"{address}/{job.name}", folder)
    found = marked(folder) == job.current
    if found:
        batch.skipped.append(job)
    return found


def _settle(job: Job, future: Future, receive: Callable[[Job, Any], None], batch: Batch, address: str) -> None:
    try:
        receive(job, future.result())
        if address:
            storage.put_run(batch.out / job.name, f"{address}/{job.name}")
        batch.done.append(job)
    except (DiskFull, storage.StorageFailed):
        raise
    except Exception as error:
        batch.failed[_named(job)] = str(error) if isinstance(error, DataJamError) else f"{type(error).__name__}: {error}"


def _named(job: Job) -> str:
    return ", ".join([job.place, *(f"{name} {value}" for name, value in job.parameters.items())])


def _state(batch: Batch, wanted: int, seconds: float) -> str:
    """The line that a waiting person reads: done, failed, rate, time left."""
    over = len(batch.done) + len(batch.failed)
    left = (wanted - over) * seconds / over
    return (
        f"{len(batch.done) + len(batch.skipped)} of {len(batch.asked)} done, {len(batch.failed)} failed, "
        f"{60 * over / seconds:.0f} a minute, about {spoken(left)} left"
    )


def spoken(seconds: float) -> str:
    """A time as somebody would say it.

    >>> spoken(8.4), spoken(100), spoken(3700)
    ('8 s', '1 min 40 s', '1 h 1 min')
    """
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    return f"{whole // 60} min {whole % 60} s" if whole < 3600 else f"{whole // 3600} h {whole % 3600 // 60} min"


def go_on(batch: Batch) -> str:
    """What to tell somebody who stopped a batch."""
    done = len(batch.done) + len(batch.skipped)
    return f"Stopped: {done} of {len(batch.asked)} are done and kept. The same command goes on with the rest."


@contextmanager
def alone_in(out: Path) -> Iterator[None]:
    """Hold the folder, and leave nothing unfinished in it: a second batch refuses, and one that was killed holds nothing.

    Raises `DataJamError` where another batch holds it.
    """
    from filelock import FileLock, Timeout

    out.mkdir(parents=True, exist_ok=True)
    lock = FileLock(out / ".batch.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise DataJamError(f"Another batch is running in {out.name}/. Wait for it, or name another folder with --out.") from None
    try:
        yield
    finally:
        _sweep(out)
        lock.release()


def _sweep(out: Path) -> None:
    """Take away what unfinished places have left."""
    for left in (*out.glob(".unfinished-*"), *out.glob("*/.unfinished-*")):
        shutil.rmtree(left, ignore_errors=True)


class Progress:
    """One line that is written over on a screen; elsewhere a line now and then."""

    def __init__(self, quiet: bool = False, every: float = 10.0) -> None:
        self._quiet, self._every, self._last, self._screen = quiet, every, 0.0, sys.stderr.isatty()

    def __call__(self, text: str) -> None:
        if self._quiet:
            return
        if self._screen:
            print(f"\r\x1b[K{text}", end="", file=sys.stderr, flush=True)
        elif time.monotonic() - self._last >= self._every:
            self._last = time.monotonic()
            print(text, file=sys.stderr, flush=True)

    def __enter__(self) -> "Progress":
        return self

    def __exit__(self, *_: Any) -> None:
        if self._screen and not self._quiet:
            with suppress(OSError):
                print(file=sys.stderr)
