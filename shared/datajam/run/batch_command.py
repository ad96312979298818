"""`datajam batch`: what is typed, what a waiting person sees, and what is said at the end."""

import argparse
import os
from contextlib import AbstractContextManager
from pathlib import Path

from datajam.errors import DataJamError
from datajam.project import Project, open_project
from datajam.run import batch, storage
from datajam.run.workers import Workers, on_this_machine
from datajam.say import comparison


class SomeFailed(DataJamError):
    """Some places of a batch failed."""

    exit_code = 1


def batch_command(options: argparse.Namespace, pairs: list[tuple[str, str]]) -> None:
    """Run a batch and compare its places. Raises `SomeFailed` where any failed, once all else is done and written."""
    project = open_project(options.project)
    if options.workers < 0:
        raise DataJamError(f"--workers {options.workers}: type 1 or more, or leave it out for one each core.")
    asked = batch.jobs(project, options.places, pairs, options.notebooks)
    address = options.out.rstrip("/") if storage.is_address(options.out) else ""
    out = _folder(project, options.out, address)
    with batch.alone_in(out), _workers(options, project, out) as workers, batch.Progress(options.quiet) as progress:
        done = batch.run(asked, out, workers, address=address, say=progress)
        progress("Comparing the places …")
        written = _compared(done, address, workers)
    print(_said(done, address or _shown(out, project), written))
    if done.failed:
        raise SomeFailed(f"{len(done.failed)} of {len(asked)} failed. Mend it and type the same command: only they run again.")


def _folder(project: Project, given: str, address: str) -> Path:
    """Where the runs go: a folder of the project's that git ignores, unless another is named."""
    if address:
        return project.folder / "batch" / address.partition("://")[2].replace("/", "-")
    return Path(given).resolve() if given else project.folder / "batch"


def _workers(options: argparse.Namespace, project: Project, out: Path) -> AbstractContextManager[Workers]:
    """Those of the scheduler that is named, else this machine's."""
    if options.scheduler:
        from datajam.run.cluster import on_scheduler

        return on_scheduler(options.scheduler, project, options.notebooks, out)
    return on_this_machine(project, options.notebooks, out, options.workers or os.cpu_count() or 1)


def _compared(done: batch.Batch, address: str, workers: Workers) -> list[Path]:
    """Write the tables, the spreadsheet and the page of the places that are done; the page names those that failed too."""
    finished = [job.name for job in (*done.done, *done.skipped)]
    if not finished:
        return []
    try:
        written = comparison.write_all(done.out, finished, done.failed, workers.tasks)
    except KeyboardInterrupt:
        raise batch.Stopped(batch.go_on(done)) from None
    for path in written if address else ():
        storage.put(path, f"{address}/{path.name}")
    return written


def _said(done: batch.Batch, where: str, written: list[Path]) -> str:
    kept = len(done.done) + len(done.skipped)
    skipped = f" ({len(done.skipped)} done before)" if done.skipped else ""
    lines = [f"{where}: {kept} of {len(done.asked)} done{skipped}, {len(done.failed)} failed, {batch.spoken(done.seconds)}"]
    lines += [f"  {path.name}" for path in written]
    lines += ["Failed:"] * bool(done.failed)
    return "\n".join([*lines, *(f"  {name}: {why}" for name, why in sorted(done.failed.items()))])


def _shown(out: Path, project: Project) -> str:
    return f"{out.relative_to(project.folder).as_posix()}/" if out.is_relative_to(project.folder) else f"{out}/"
