"""A batch on other machines: the workers of a Dask scheduler get the project once, and send finished runs back.

A worker needs the packages of the lock and nothing of ours. Each starts a station (`datajam.run.station`): a process of its own
that imports the project's own functions, keeps a warmed pool, and ends with its worker.
"""

import io
import shutil
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from datajam.errors import DataJamError
from datajam.folders import put_in_place, staging
from datajam.project import FILE, Project
from datajam.run import checks, provenance
from datajam.run.current import fingerprint, shared_files
from datajam.run.place import DiskFull, Job
from datajam.run.runner import failed
from datajam.run.workers import Workers

START_SECONDS = 180


def pack(project: Project, notebooks: list[Path]) -> bytes:
    """A project as a zip: settings, notebooks, functions, lock and the data of its log; the same bytes for the same project.

    Raises `DataJamError` for data that lies outside the project's folder.
    """
    home = project.folder.resolve()
    outside = next((source.path for source in project.sources.values() if not source.file.resolve().is_relative_to(home)), "")
    if outside:
        raise DataJamError(f"{outside} lies outside the project: copy it into data/raw/ and add it again, so that it travels.")
    files = [*notebooks, project.folder / FILE, project.folder / "requirements.lock", *shared_files(project.folder / "shared")]
    files += [source.file for source in project.sources.values()]
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as packed:
        for path in sorted({path.resolve() for path in files if path.is_file()}):
            packed.writestr(zipfile.ZipInfo(path.relative_to(home).as_posix()), path.read_bytes(), zipfile.ZIP_DEFLATED)
    return held.getvalue()


@contextmanager
def on_scheduler(address: str, project: Project, pattern: str, out: Path) -> Iterator[Workers]:
    """The workers of a Dask scheduler, each given the project once.

    Raises `DataJamError` where no scheduler answers.
    """
    try:
        from distributed import Client
    except ImportError:
        raise DataJamError('--scheduler needs the package distributed. Type pip install "datajam[cluster]".') from None
    notebooks = checks.notebooks(project, pattern)
    digest = fingerprint(project, notebooks)[:16]
    plugin, work = _for_workers(digest, pattern, START_SECONDS)
    try:
        client = Client(address, timeout=15)
    except (OSError, TimeoutError, ValueError) as error:
        raise DataJamError(f"--scheduler {address}: no scheduler answers ({str(error).splitlines()[0]}).") from None
    with client:
        client.register_plugin(plugin(pack(project, notebooks)), name=f"datajam-{digest}")
        executor = client.get_executor(pure=False)
        try:
            yield Workers(lambda job: executor.submit(work, asdict(job)), lambda job, came: receive(job, came, out))
        finally:
            executor.shutdown(wait=False)


def receive(job: Job, came: dict[str, Any], out: Path) -> None:
    """Put a run that came back in its place, whole; what a failed one left goes beside it. Raises as the run there did."""
    ours = provenance.versions()
    differs = next((name for name, version in ours.items() if came["versions"].get(name) != version), "")
    if differs:
        theirs = came["versions"].get(differs, "not there")
        raise DataJamError(f"A worker has {differs} {theirs}, here is {ours[differs]}: install requirements.lock on every machine.")
    target = out / job.name
    if came["files"]:
        folder = staging(target)
        with zipfile.ZipFile(io.BytesIO(came["files"])) as packed:
            packed.extractall(folder)
        put_in_place(folder, failed(target) if came["error"] else target)
    if came["error"]:
        raise (DiskFull if came["full"] else DataJamError)(came["error"])
    shutil.rmtree(failed(target), ignore_errors=True)


def _for_workers(digest: str, pattern: str, patience: float) -> tuple[type, Callable[[Any], dict[str, Any]]]:
    """What is sent to workers, made inside a function so that it travels by value: they cannot import this package."""
    from distributed.diagnostics.plugin import WorkerPlugin

    class Station(WorkerPlugin):
        """Unpacks the project on a worker and starts its station, there and on every worker that joins later."""

        def __init__(self, packed: bytes) -> None:
            self.packed, self.process = packed, None

        def setup(self, worker: Any) -> None:
            import io
            import os
            import subprocess
            import sys
            import zipfile
            from pathlib import Path

            folder = Path(worker.local_directory) / f"datajam-{digest}"
            with zipfile.ZipFile(io.BytesIO(self.packed)) as packed:
                packed.extractall(folder)
            words = [sys.executable, "-m", "datajam.run.station", str(folder), str(worker.state.nthreads), pattern]
            environment = {**os.environ, "PYTHONPATH": str(folder / "shared")}
            self.process = subprocess.Popen(words, stdin=subprocess.PIPE, env=environment, cwd=folder)

        def teardown(self, worker: Any) -> None:
            if self.process:
                self.process.stdin.close()
                self.process.wait(20)

    def there(job: Any) -> dict[str, Any]:
        import time
        from multiprocessing.connection import Client
        from pathlib import Path

        from distributed import get_worker

        door = Path(get_worker().local_directory) / f"datajam-{digest}" / "door"
        until = time.monotonic() + patience
        while not door.exists():
            if time.monotonic() > until:
                raise RuntimeError("the worker's station did not start: are the packages of requirements.lock there?")
            time.sleep(0.05)
        with Client(door.read_text(), authkey=digest.encode()) as station:
            station.send(job)
            return station.recv()

    return Station, there
