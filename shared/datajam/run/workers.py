"""Who does a batch's work on this machine: processes forked from a server that has read the project's data."""

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from datajam.engine import warm
from datajam.engine.pool import MEGABYTE, Pool
from datajam.project import Project
from datajam.run import checks
from datajam.run.place import Job, run_job

NOTEBOOK_SECONDS, READY_FOR = 1800, "DATAJAM_READY_FOR"
_COMPARES = ("datajam.say.comparison_page", "datajam.say.comparison_book", "datajam.say.comparison_charts")


@dataclass(frozen=True)
class Workers:
    """Who runs the jobs of a batch: gives each job to somebody, takes in what comes back, and can do other tasks (or None)."""

    start: Callable[[Job], Any]
    receive: Callable[[Job, Any], None]
    tasks: Executor | None = None


def warmed(workers: int, folder: Path, notebooks: Sequence[Path], also: Sequence[str] = ()) -> Pool:
    """A pool for a project, warm when this returns, with modules `also`; each notebook may hold its share of the memory here."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / MEGABYTE if warm.available() else None
    preload = ["datajam.run.runner", "datajam.run.written", *warm.imports_of(notebooks), *also, "datajam.run.ready"]
    os.environ[READY_FOR] = str(folder)
    pool = Pool(workers, preload, seconds=NOTEBOOK_SECONDS, memory=memory / workers if memory else None)
    try:
        pool.submit(os.getpid).result()
    except BaseException:
        pool.stop()
        raise
    finally:
        del os.environ[READY_FOR]
    return pool


@contextmanager
def on_this_machine(project: Project, pattern: str, out: Path, workers: int) -> Iterator[Workers]:
    """`workers` processes here; left in a hurry (Ctrl-C, a full disk), what runs is ended."""
    pool = warmed(workers, project.folder, checks.notebooks(project, pattern), _COMPARES)
    places = ThreadPoolExecutor(workers)
    try:
        yield Workers(lambda job: places.submit(run_job, job, project.folder, pattern, out, pool), lambda *_: None, pool)
    finally:
        places.shutdown(wait=False, cancel_futures=True)
        pool.stop()
        places.shutdown()
