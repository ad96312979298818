"""A worker's station in a batch on other machines: it runs jobs for whoever knocks, and ends with the worker that started it."""

import io
import os
import shutil
import sys
import tempfile
import threading
import zipfile
from concurrent.futures import CancelledError
from contextlib import suppress
from multiprocessing.connection import Connection, Listener
from pathlib import Path
from typing import Any

from datajam.engine.pool import Pool
from datajam.errors import DataJamError
from datajam.project import open_project
from datajam.run import checks, provenance, runner
from datajam.run.current import fingerprint
from datajam.run.place import DiskFull, Job, run_job
from datajam.run.workers import warmed


def answer(told: dict[str, Any], folder: Path, pattern: str, pool: Pool) -> dict[str, Any]:
    """Run a job in a folder of its own: its files as a zip, the versions here, and the error in words where it failed."""
    job = Job(**told)
    error, full, out = "", False, Path(tempfile.mkdtemp(prefix="datajam_batch_"))
    try:
        run_job(job, folder, pattern, out, pool)
    except DataJamError as found:
        error, full = str(found), isinstance(found, DiskFull)
    target = out / job.name
    files = _zipped(runner.failed(target) if error else target)
    shutil.rmtree(out, ignore_errors=True)
    return {"files": files, "error": error, "full": full, "versions": provenance.versions()}


def _zipped(folder: Path) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as packed:
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            packed.write(path, path.relative_to(folder).as_posix())
    return held.getvalue() if folder.is_dir() else b""


def _serve(caller: Connection, *settings: Any) -> None:
    with caller, suppress(EOFError, OSError, CancelledError):
        caller.send(answer(caller.recv(), *settings))


def _end_with_worker(pool: Pool) -> None:
    sys.stdin.buffer.read()
    pool.stop()
    os._exit(0)


def main(folder: Path, workers: int, pattern: str) -> None:
    """Open the door, say in the file `door` where it is, and serve each caller in a thread until standard input ends."""
    project = open_project(folder)
    notebooks = checks.notebooks(project, pattern)
    pool = warmed(workers, folder, notebooks)
    threading.Thread(target=_end_with_worker, args=(pool,), daemon=True).start()
    with Listener(authkey=fingerprint(project, notebooks)[:16].encode()) as door:
        beside = folder / ".door"
        beside.write_text(str(door.address))
        beside.replace(folder / "door")
        while True:
            caller = door.accept()
            threading.Thread(target=_serve, args=(caller, folder, pattern, pool), daemon=True).start()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3])
