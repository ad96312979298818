"""`datajam batch`: what is typed, what a waiting person sees, and what is said at the end."""

import argparse
import os
from pathlib import Path

from datajam.errors import DataJamError
from datajam.project import Project, open_project
from datajam.run import batch, storage
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
    progress = batch.Progress(options.quiet)
    settings = {"pattern": options.notebooks, "workers": options.workers or os.cpu_count() or 1, "address": address}
    try:
        if options.scheduler:
            from datajam.run.cluster import on_scheduler

            with on_scheduler(options.scheduler, project, options.notebooks, out) as elsewhere:
                done = batch.run(project, asked, out, elsewhere=elsewhere, say=progress, **settings)
        else:
            done = batch.run(project, asked, out, say=progress, **settings)
    finally:
        progress.end()
    written = _compared(done, address)
    print(_said(done, address or _shown(out, project), written))
    if done.failed:
        raise SomeFailed(f"{len(done.failed)} of {len(asked)} failed. Mend it and type the same command: only they run again.")


def _folder(project: Project, given: str, address: str) -> Path:
    """Where the runs go: a folder of the project's that git ignores, unless another is named."""
    if address:
        return project.folder / "batch" / address.partition("://")[2].replace("/", "-")
    return Path(given).resolve() if given else project.folder / "batch"


def _compared(done: batch.Batch, address: str) -> list[Path]:
    """Write the tables, the spreadsheet and the page of the places that are done."""
    finished = [job.name for job in (*done.done, *done.skipped)]
    if not finished:
        return []
    written = comparison.write_all(done.out, only=finished)
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
