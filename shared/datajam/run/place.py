"""One place of a batch: each notebook in a fresh process of its own, forked from a server that has everything ready."""

import errno
import json
import os
import shutil
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from datajam.engine import warm
from datajam.engine.pool import ChildDied, Pool
from datajam.errors import DataJamError
from datajam.folders import staging, write_text
from datajam.project import open_project
from datajam.run import runner
from datajam.run.current import MARK


class DiskFull(DataJamError):
    """There is no room for what the batch writes."""

    exit_code = 1


@dataclass(frozen=True)
class Job:
    """A place with its parameters: what to run, the name of its folder, and the hash of all that it rests on."""

    place: str
    code: str
    parameters: dict[str, Any]
    name: str
    current: str


def run_job(job: Job, folder: Path, pattern: str, out: Path, pool: Pool) -> int:
    """Run a project for a place into `out/<job.name>`, whole or not at all: how many numbers it recorded.

    Raises `DataJamError` with notebook, cell and error where one fails (what was executed is then in `<job.name>.failed/`), and
    `DiskFull`.
    """
    project = open_project(folder, place=job.place, **job.parameters)
    try:
        planned = pool.submit(runner.plan, project, pattern, out / job.name).result()
        inside = staging(planned.target)
    except OSError as error:
        raise _told(error, out) from error
    try:
        for path in planned.notebooks:
            _execute(planned, path, inside, pool)
        about = {"place": job.place, "place_code": job.code, "parameters": job.parameters, "current": job.current}
        write_text(inside / MARK, json.dumps(about, indent=1, ensure_ascii=False) + "\n")
        done = pool.submit(runner.finish, planned, inside).result()
        shutil.rmtree(runner.failed(planned.target), ignore_errors=True)
        return len(done.results)
    except DataJamError as error:
        with suppress(OSError):
            runner.keep_failed(planned, inside, error)
        raise _told(error, out) from error
    except OSError as error:
        raise _told(error, out) from error
    finally:
        shutil.rmtree(inside, ignore_errors=True)


def _execute(planned: runner.Plan, path: Path, inside: Path, pool: Pool) -> None:
    try:
        pool.submit(_notebook, planned, path, inside).result()
    except ChildDied as error:
        cell = _cell_it_was_in(inside / path.name)
        raise runner.NotebookFailed(f"{path.stem}{f', cell {cell}' if cell else ''}: {error}") from error


def _notebook(planned: runner.Plan, path: Path, inside: Path) -> None:
    """In the process of its own: the notebook imports the project's own functions, whichever are loaded."""
    from datajam.engine import inside as engine

    warm.forget_others(planned.project.folder / "shared")
    runner.execute(planned, path, inside, engine=engine.register())


def _cell_it_was_in(path: Path) -> int | None:
    try:
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    except (OSError, ValueError, KeyError):
        return None
    states = [cell.get("metadata", {}).get("papermill", {}).get("status") for cell in cells]
    return states.index("running") + 1 if "running" in states else None


def _told(error: Exception, out: Path) -> DataJamError:
    """The error in words; a disk that is full is one, whoever met it."""
    if getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT) or os.strerror(errno.ENOSPC) in str(error):
        where = getattr(error, "filename", None) or out
        return DiskFull(f"The disk is full ({where}). Make room, then type the same command: what is done is kept.")
    if isinstance(error, DataJamError):
        return error
    return DataJamError(f"{getattr(error, 'filename', None) or out}: {getattr(error, 'strerror', None) or error}.")
