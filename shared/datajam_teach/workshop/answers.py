"""What the exercises of a worked example ask for: found by running it, told apart between cohorts, sealed into its copies."""

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import datajam_teach
from datajam.errors import DataJamError
from datajam_teach import exercises


@dataclass(frozen=True)
class Answer:
    """What one check takes as right, within what, the hint it gives, and the answers of common mistakes with their words."""

    right: Any
    within: float
    hint: str
    wrong: dict[Any, str]

    @property
    def sealed(self) -> str:
        """The answer as one word, for a participant's copy."""
        return exercises.seal(self.right, self.within, self.hint, self.wrong)

    def says(self, answer: Any) -> str:
        """What this check prints of an answer, its hint left out."""
        return exercises.verdict(answer, self.right, self.within, "", self.wrong)

    def accepts(self, answer: Any) -> bool:
        """Whether this check would call an answer right."""
        return self.says(answer).startswith("Correct")


@dataclass(frozen=True)
class Worked:
    """A worked example that ran: the notebook with its outputs, the answers in the order of its checks, and the seconds it took."""

    notebook: Any
    answers: list[Answer]
    seconds: float


def worked(path: Path, given: Mapping[str, Any]) -> Worked:
    """Run a worked example with these parameters in this process, and keep what its checks take as right.

    For a fresh process each, submit this to `datajam.engine.pool.Pool`. Raises `DataJamError` naming the cell that failed.
    """
    from papermill.iorw import load_notebook_node
    from threadpoolctl import threadpool_limits

    from datajam.engine.inside import DataJamEngine

    # papermill's own reader adds the metadata that its engines expect.
    notebook = with_parameters(load_notebook_node(str(path)), given)
    kept: list[Answer] = []
    before = datajam_teach.check, exercises.check
    datajam_teach.check = exercises.check = _keeping(kept)
    started = time.monotonic()
    try:
        with threadpool_limits(1):  # as many run beside one another as there are cores
            DataJamEngine.execute_notebook(notebook, "python3", progress_bar=False)
    finally:
        datajam_teach.check, exercises.check = before
    seconds = time.monotonic() - started
    for at, cell in enumerate(notebook.cells, 1):
        for output in cell.get("outputs", []):
            if output.output_type == "error":
                raise DataJamError(f"{path.name}: cell {at} ends in {output.ename}: {output.evalue}")
    return Worked(_plain(notebook), kept, seconds)


def _keeping(kept: list[Answer]):
    """`check`, which also keeps what it was told."""

    def check(answer: Any, right: Any, within: float = 0.01, hint: str = "", wrong: Mapping[Any, str] | None = None) -> None:
        kept.append(Answer(_jsonable(right), within, hint, {_jsonable(one): words for one, words in (wrong or {}).items()}))
        _check(answer, right, within, hint, wrong)

    return check


_check = exercises.check


def _jsonable(value: Any) -> Any:
    """A number to ten digits, so that machines agree; a text, a truth value or a sorted list as it is."""
    kind = exercises.kind_of(value)
    if kind == "several":
        return sorted(_jsonable(one) for one in value)
    if kind == "truth":
        return bool(value)
    return (int(value) if float(value).is_integer() else float(f"{float(value):.10g}")) if kind == "number" else value


def with_parameters(notebook, given: Mapping[str, Any]):
    """The notebook with other values in its parameters' cell, where papermill would add a cell of its own.

    Raises `DataJamError` for a parameter that the cell does not have.
    """
    cell = next(cell for cell in notebook.cells if "parameters" in cell.metadata.get("tags", []))
    for name, value in given.items():
        line = re.compile(rf"^({name}(?:: \w+)? = )(\"[^\"]*\"|\S+)", re.MULTILINE)
        cell.source, found = line.subn(lambda match, value=value: f"{match[1]}{_literal(value)}", cell.source)
        if not found:
            raise DataJamError(f"No parameter is called {name!r}.")
    return notebook


def _literal(value: Any) -> str:
    import json

    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)


def _plain(notebook):
    """Without the times at which cells ran, which differ each time."""
    notebook.metadata.pop("papermill", None)
    for cell in notebook.cells:
        cell.metadata.pop("papermill", None)
        cell.metadata.pop("execution", None)
        if not cell.metadata.get("tags", True):
            del cell.metadata["tags"]
    return notebook


def printed(cell) -> str:
    """The first word that a solution's saved output begins with: its answer, as a participant would paste it."""
    text = "".join("".join(output.get("text", "")) for output in cell.get("outputs", []))
    return text.split()[0].rstrip(":;,")


def published(path: Path) -> list[float]:
    """The answers that the worked example itself shows, in the order of its exercises: anybody can look them up."""
    import nbformat

    cells = nbformat.read(path, as_version=4).cells
    return [float(printed(cell)) for cell in cells if cell.cell_type == "code" and "solution" in cell.metadata.get("tags", [])]
