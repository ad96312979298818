"""Run a project's notebooks for a place: check everything first, execute in order, keep the run whole."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from datajam.errors import DataJamError
from datajam.folders import put_in_place, staging, write_text
from datajam.project import Project
from datajam.run import checks, provenance

CELL_SECONDS = 600


class NotebookFailed(DataJamError):
    """A notebook did not run to its end."""

    exit_code = 1


class InputChanged(DataJamError):
    """A notebook changed the data it read."""

    exit_code = 1


@dataclass(frozen=True)
class Plan:
    """What is to run, once all that could be known to be wrong has been looked at: nothing is written yet."""

    project: Project
    notebooks: tuple[Path, ...]
    parameters: dict[str, Any]
    hashes: dict[str, str]
    target: Path
    started: str


@dataclass(frozen=True)
class Run:
    """A finished run: its folder, its headline numbers, its report, and whether it read invented data."""

    folder: Path
    results: list[dict[str, Any]]
    synthetic: bool

    @property
    def report(self) -> Path:
        return self.folder / "report.html"


def plan(project: Project, pattern: str = "", into: Path | None = None) -> Plan:
    """Check everything that can be checked before a kernel starts. `into` is the run's folder, by default `runs/<place>`.

    Raises `DataJamError` where an input is wrong.
    """
    started = provenance.now()
    chosen = checks.notebooks(project, pattern)
    parameters, hashes = checks.check(project, chosen)
    target = into or project.folder / "runs" / project.place.slug
    return Plan(project, tuple(chosen), parameters, hashes, target, started)


def run(project: Project, pattern: str = "", *, progress: bool = True, engine: str = "", into: Path | None = None) -> Run:
    """Execute the project's notebooks for its place into `runs/<place>/`, which is replaced only by a finished run.

    Each notebook has a kernel of its own, forked from a warmed server where that is possible (`datajam.kernels`; the variable
    DATAJAM_KERNELS=ordinary says otherwise), or runs in this process where `engine` names papermill's engine for that. `into`
    is another folder for the run.

    Raises `DataJamError` before any kernel starts where an input is wrong, `NotebookFailed` with notebook, cell and error
    where one fails (what was executed is then in `runs/<place>.failed/`), and `InputChanged` where one changes its data.
    """
    planned = plan(project, pattern, into)
    folder = staging(planned.target)
    if engine:
        from datajam.engine import inside

        inside.register()
    elif os.environ.get("DATAJAM_KERNELS") != "ordinary":
        _forked_kernels(planned.notebooks)
    try:
        for path in planned.notebooks:
            execute(planned, path, folder, progress=progress, engine=engine)
        return finish(planned, folder)
    except DataJamError as error:
        keep_failed(planned, folder, error)
        raise


def execute(planned: Plan, path: Path, folder: Path, *, progress: bool = False, engine: str = "") -> None:
    """Execute one of the plan's notebooks into a folder. Raises `NotebookFailed` with notebook, cell and error."""
    import nbformat
    import papermill
    from nbclient.exceptions import CellTimeoutError, DeadKernelError
    from papermill.exceptions import PapermillExecutionError

    declared = checks.declared(path)
    output = folder / path.name
    where = f"{_shown(planned)}.failed/{path.name}"
    try:
        with _kernel_environment(planned.project):
            papermill.execute_notebook(
                str(path),
                str(output),
                parameters={name: value for name, value in planned.parameters.items() if name in declared},
                engine_name=engine or None,
                kernel_name="python3",
                language="python",
                cwd=str(path.parent),
                progress_bar={"desc": path.stem} if progress else False,
                execution_timeout=CELL_SECONDS,
                extra_arguments=["--log-level=CRITICAL"],
            )
    except PapermillExecutionError as error:
        reason = f"{error.ename}: {str(error.evalue).splitlines()[0] if error.evalue else ''}"
        raise NotebookFailed(f"{path.stem}, cell {error.cell_index + 1}: {reason} Look at {where}.") from error
    except CellTimeoutError as error:
        raise NotebookFailed(f"{path.stem}: a cell took more than {CELL_SECONDS} s. Look at {where}.") from error
    except (DeadKernelError, RuntimeError) as error:
        why = str(error).splitlines()[0][:100] if str(error) else "out of memory perhaps"
        raise NotebookFailed(f"{path.stem}: the kernel died ({why}). Look at {where}.") from error
    notebook = nbformat.read(output, as_version=4)
    _without_machine_paths(notebook, path)
    nbformat.write(notebook, output)


def finish(planned: Plan, folder: Path) -> Run:
    """Write what the executed notebooks in a folder recorded, drew and read, and put the folder in the run's place.

    Raises `InputChanged` where a notebook changed its data.
    """
    import nbformat

    from datajam.run import written

    executed = [(path.stem, nbformat.read(folder / path.name, as_version=4)) for path in planned.notebooks]
    changed = [key for key, found in planned.hashes.items() if _hash(planned.project, key) != found]
    if changed:
        named = ", ".join(planned.project.sources[key].path for key in changed)
        raise InputChanged(f"The run changed its own input: {named}. Data is read, never written: mend the notebook.")
    found, synthetic = written.write(planned.project, folder, executed, planned.parameters, planned.hashes, planned.started)
    put_in_place(folder, planned.target)
    return Run(planned.target, found, synthetic)


def keep_failed(planned: Plan, folder: Path, error: Exception) -> None:
    """Put what a failed run left where it can be looked at, away from the last good run."""
    write_text(folder / "FAILED.txt", f"{error}\n")
    put_in_place(folder, failed(planned.target))


def failed(target: Path) -> Path:
    """Where what a failed run left is kept."""
    return target.with_name(f"{target.name}.failed")


def _forked_kernels(chosen: tuple[Path, ...]) -> None:
    from datajam.engine import warm

    if warm.available():
        from datajam import kernels

        kernels.register(chosen)


def _hash(project: Project, key: str) -> str:
    from datajam.sources.files import sha256

    try:
        return sha256(project.sources[key].file)
    except OSError:
        return "gone"


@contextmanager
def _kernel_environment(project: Project) -> Iterator[None]:
    """Kernels import the project's own `shared/`, whatever else is installed."""
    before = os.environ.get("PYTHONPATH")
    shared = str(project.folder / "shared")
    os.environ["PYTHONPATH"] = os.pathsep.join([shared, *([before] if before else [])])
    try:
        yield
    finally:
        if before is None:
            del os.environ["PYTHONPATH"]
        else:
            os.environ["PYTHONPATH"] = before


def _shown(planned: Plan) -> str:
    """Where a run is, as somebody in the project's folder would type it."""
    target, home = planned.target, planned.project.folder
    return target.relative_to(home).as_posix() if target.is_relative_to(home) else str(target)


def _without_machine_paths(notebook, path: Path) -> None:
    about = notebook.metadata.get("papermill", {})
    for name in ("input_path", "output_path"):
        if name in about:
            about[name] = f"notebooks/{path.name}" if name == "input_path" else path.name
