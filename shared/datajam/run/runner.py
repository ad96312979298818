"""Run a project's notebooks for a place: check everything first, execute in order, keep the run whole."""

import ast
import base64
import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from datajam.errors import DataJamError, did_you_mean
from datajam.folders import put_in_place, staging, write_text
from datajam.project import Project
from datajam.run import provenance
from datajam.say import results

_ORDERED = re.compile(r"\d\d_.*\.ipynb")
CELL_SECONDS = 600
SMALL_BASE = 10
_NOT_PEOPLE = re.compile(r"(years|periods|weeks|months|days|indicators|authorities|places|areas|numbers|concepts|professions)\b")
_NAMED_IN_DATA = (
    ("group", "breakdown", "group of pupils"),
    ("compared_with", "breakdown", "group of pupils"),
    ("indicator", "indicator", "indicator"),
)


class NotebookFailed(DataJamError):
    """A notebook did not run to its end."""

    exit_code = 1


class InputChanged(DataJamError):
    """A notebook changed the data it read."""

    exit_code = 1


@dataclass(frozen=True)
class Run:
    """A finished run: its folder, its headline numbers, its report, and whether it read invented data."""

    folder: Path
    results: list[dict[str, Any]]
    synthetic: bool

    @property
    def report(self) -> Path:
        return self.folder / "report.html"


def notebooks(project: Project, pattern: str = "") -> list[Path]:
    """The project's numbered notebooks in order, or those a pattern names ('02*', '05_findings').

    Raises `DataJamError` where none is found, naming those there are.
    """
    folder = project.folder / "notebooks"
    ordered = sorted(path for path in folder.glob("*.ipynb") if _ORDERED.fullmatch(path.name))
    if not ordered:
        raise DataJamError(f"No notebook in {folder.name}/ is named NN_name.ipynb, such as 01_load_and_check.ipynb.")
    if not pattern:
        return ordered
    chosen = [path for path in ordered if path.match(pattern) or path.stem == pattern or path.match(f"{pattern}.ipynb")]
    if not chosen:
        raise DataJamError(f"No notebook matches {pattern!r}. {did_you_mean(pattern, [path.stem for path in ordered])}")
    return chosen


def declared(path: Path) -> dict[str, Any]:
    """The parameters a notebook declares in the cell tagged `parameters`, with their defaults.

    Raises `DataJamError` for a notebook that does not parse, or whose parameters are not constants.
    """
    try:
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    except (ValueError, KeyError, TypeError):
        raise DataJamError(f"{path.name}: not a notebook (the JSON does not parse). Restore it with `git checkout`.") from None
    for number, cell in enumerate(cells, start=1):
        if "parameters" in cell.get("metadata", {}).get("tags", []):
            try:
                return dict(_constants(ast.parse("".join(cell["source"]))))
            except (SyntaxError, ValueError) as error:
                raise DataJamError(f"{path.name}, cell {number}: parameters must be constants ({error}).") from None
    return {}


def _constants(tree: ast.Module) -> Iterator[tuple[str, Any]]:
    for node in tree.body:
        target = node.target if isinstance(node, ast.AnnAssign) else getattr(node, "targets", [None])[0]
        if not isinstance(target, ast.Name) or getattr(node, "value", None) is None:
            raise ValueError(f"line {node.lineno} is not NAME = VALUE")
        yield target.id, ast.literal_eval(node.value)


def typed(name: str, given: Any, default: Any) -> Any:
    """A parameter's value in the type its notebook declares. Raises `DataJamError` where it cannot be.

    >>> typed("pupil_spread", "18", 18.0), typed("strict", "false", True)
    (18.0, False)
    """
    kind = type(default)
    if kind is bool:
        known = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
        if str(given).lower() in known:
            return known[str(given).lower()]
    elif kind in (int, float):
        try:
            return kind(given)
        except (TypeError, ValueError):
            pass
    elif kind is str and isinstance(given, str) or kind not in (bool, int, float, str):
        return given
    raise DataJamError(f"Parameter {name} = {given!r}: {kind.__name__} was expected, such as {default!r}.")


def check(project: Project, chosen: list[Path]) -> tuple[dict[str, Any], dict[str, str]]:
    """Everything that can be known to be wrong before a kernel starts: (parameters, hash of each input).

    Checks parameter names and types, the place, the data log, the source's layout, the period and the groups compared.
    """
    declarations: dict[str, Any] = {}
    for path in chosen:
        declarations |= declared(path)
    place = project.place
    for name in project.given:
        if name not in declarations and name != "place":
            raise DataJamError(f"No notebook has a parameter {name!r}. {did_you_mean(name, declarations)}")
    for name in project.settings.get("parameters", {}):
        if name not in declarations and name not in ("place", "period", "source") and len(chosen) > 1:
            raise DataJamError(f"hack.toml: no notebook has the parameter {name!r}. {did_you_mean(name, declarations)}")
    values = {name: typed(name, value, declarations[name]) for name, value in project.parameters.items() if name in declarations}
    hashes = {key: source.check() for key, source in project.sources.items()}
    _check_against_data(project, values)
    return {**values, "place": place.name} if "place" in declarations else values, hashes


def _check_against_data(project: Project, values: dict[str, Any]) -> None:
    from datajam.analyse import estimates
    from datajam.sources import read

    for name, value in values.items():
        if name.endswith("_source"):
            project.entry(value)
    observations = read(project.source.file, project.source.layout)
    estimates.period(observations, str(project.parameters.get("period", "latest")))
    for name, column, what in _NAMED_IN_DATA:
        if values.get(name):
            estimates.choose(observations, column, values[name], what)


def run(project: Project, pattern: str = "", *, progress: bool = True, engine: str = "", into: Path | None = None) -> Run:
    """Execute the project's notebooks for its place into `runs/<place>/`, which is replaced only by a finished run.

    Each notebook has a kernel of its own, forked from a warmed server where that is possible (`datajam.kernels`; the variable
    DATAJAM_KERNELS=ordinary says otherwise), or runs in this process where `engine` names papermill's engine for that. `into`
    is another folder for the run.

    Raises `DataJamError` before any kernel starts where an input is wrong, `NotebookFailed` with notebook, cell and error
    where one fails (what was executed is then in `runs/<place>.failed/`), and `InputChanged` where one changes its data.
    """
    started = provenance.now()
    chosen = notebooks(project, pattern)
    parameters, hashes = check(project, chosen)
    target = into or project.folder / "runs" / project.place.slug
    folder = staging(target)
    if not engine and os.environ.get("DATAJAM_KERNELS") != "ordinary":
        _forked_kernels(chosen)
    try:
        executed = [(path.stem, _execute(path, folder, target, parameters, project, progress, engine)) for path in chosen]
        changed = [key for key, found in hashes.items() if _hash(project, key) != found]
        if changed:
            named = ", ".join(project.sources[key].path for key in changed)
            raise InputChanged(f"The run changed its own input: {named}. Data is read, never written: mend the notebook.")
        found, synthetic = _write(project, folder, executed, parameters, hashes, started)
    except DataJamError as error:
        _keep_failed(folder, target, error)
        raise
    put_in_place(folder, target)
    return Run(target, found, synthetic)


def _forked_kernels(chosen: list[Path]) -> None:
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


def _keep_failed(folder: Path, target: Path, error: DataJamError) -> None:
    """Put what a failed run left where it can be looked at, away from the last good run."""
    write_text(folder / "FAILED.txt", f"{error}\n")
    put_in_place(folder, target.with_name(f"{target.name}.failed"))


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


def _execute(path: Path, folder: Path, target: Path, parameters: dict[str, Any], project: Project, progress: bool, engine: str):
    import nbformat
    import papermill
    from nbclient.exceptions import CellTimeoutError, DeadKernelError
    from papermill.exceptions import PapermillExecutionError

    wanted = {name: value for name, value in parameters.items() if name in declared(path)}
    output = folder / path.name
    where = f"{_shown(target, project)}.failed/{path.name}"
    try:
        with _kernel_environment(project):
            papermill.execute_notebook(
                str(path),
                str(output),
                parameters=wanted,
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
    return notebook


def _shown(target: Path, project: Project) -> str:
    """Where a run is, as somebody in the project's folder would type it."""
    return target.relative_to(project.folder).as_posix() if target.is_relative_to(project.folder) else str(target)


def _without_machine_paths(notebook, path: Path) -> None:
    about = notebook.metadata.get("papermill", {})
    for name in ("input_path", "output_path"):
        if name in about:
            about[name] = f"notebooks/{path.name}" if name == "input_path" else path.name


def _write(project: Project, folder: Path, executed: list, parameters: dict[str, Any], hashes: dict[str, str], started: str):
    from datajam.say import report

    found = [{**_rests_on(entry, executed, project), **_place(project)} for entry in results.collect(executed)]
    write_text(folder / "results.json", json.dumps(found, indent=1, ensure_ascii=False) + "\n")
    charts = list(drawn(executed))
    for chart in charts:
        (folder / "figures").mkdir(exist_ok=True)
        (folder / "figures" / f"{chart['name']}.png").write_bytes(base64.b64decode(chart["png"]))
        write_text(folder / "figures" / f"{chart['name']}.csv", chart["csv"])
    pages = attached(executed)
    for name, page in pages.items():
        write_text(folder / name, page["text"])
    about = provenance.gather(project, parameters, hashes, started, [name for name, _ in executed])
    read = sources_read(executed)
    raw = {found["source"] for _, found, _ in _about_outputs(executed) if found.get("cleared") is False}
    about["inputs"] = [{**entry, "read": entry["id"] in read, "cleared": entry["id"] not in raw} for entry in about["inputs"]]
    write_text(folder / "provenance.json", json.dumps(about, indent=1, ensure_ascii=False) + "\n")
    write_text(folder / "report.html", report.render(project, executed, found, about, pages))
    return found, any(entry["read"] and entry["synthetic"] for entry in about["inputs"])


def _place(project: Project) -> dict[str, str]:
    return {"place": project.place.name, "place_code": project.place.code}


def _rests_on(entry: dict[str, Any], executed: list, project: Project) -> dict[str, Any]:
    """A recorded number with the sources it rests on, and whether any of them is synthetic.

    Raises `DataJamError` for a source that the data log does not have, and for a number on few people of one that is not open.
    """
    named = entry["sources"] or sorted(sources_read([each for each in executed if each[0] == entry["notebook"]]))
    sensitive = [key for key in named if project.entry(key).sensitivity != "open"]
    few = entry["base"] is not None and entry["base"] < SMALL_BASE and not _NOT_PEOPLE.match(entry["base_of"])
    if sensitive and few and entry["value"] is not None:
        raise DataJamError(
            f"{entry['notebook']}, cell {entry['cell']}: {entry['name']!r} rests on {entry['base']} {entry['base_of']} of "
            f"{sensitive[0]}, which is not open: {SMALL_BASE} are needed. Record it as None with status='suppressed'."
        )
    return {**entry, "sources": named, "synthetic": any(project.entry(key).synthetic for key in named)}


def _about_outputs(executed: list) -> Iterator[tuple[str, dict[str, Any], Any]]:
    """What DataJam wrote beside the outputs of executed notebooks: (notebook, what, output)."""
    for title, notebook in executed:
        for cell in notebook.cells:
            for output in cell.get("outputs", []):
                about = output.get("metadata", {}).get("datajam")
                if about:
                    yield title, about, output


def sources_read(executed: list) -> set[str]:
    """The ids of the sources that executed notebooks read."""
    return {about["source"] for _, about, _ in _about_outputs(executed) if "source" in about}


def attached(executed: list) -> dict[str, dict[str, str]]:
    """The pages that executed notebooks put beside the report: {file name: its text and what it is about}.

    Raises `DataJamError` where two have one name, or that of a run's own file.
    """
    found: dict[str, dict[str, str]] = {}
    for title, about, output in _about_outputs(executed):
        if "file" in about:
            name = about["file"]
            if name in found or name in ("report.html", "slides.html", "one_page.html"):
                raise DataJamError(f"{title}: a page called {name!r} is there already. Rename one.")
            found[name] = {"text": output["data"][results.FILE_MIME], "about": about["about"]}
    return found


def drawn(executed: list) -> Iterator[dict[str, str]]:
    """The charts in executed notebooks: name, title, alt text, PNG (base64) and data (CSV).

    Raises `DataJamError` where two charts have one name.
    """
    seen: dict[str, str] = {}
    for title, about, output in _about_outputs(executed):
        if "chart" not in about:
            continue
        name = about["chart"]
        if name in seen:
            raise DataJamError(f"{title}: a chart called {name!r} was drawn before, in {seen[name]}. Rename one.")
        seen[name] = title
        alt, data = output["metadata"]["image/png"]["alt"], output["data"]
        yield {"name": name, "title": about["title"], "alt": alt, "png": data["image/png"], "csv": data["text/csv"]}
