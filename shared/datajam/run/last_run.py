"""The last finished run of a project's place: how old it is, and whether a run of now would be the same.

A run is current where its notebooks, its parameters and the data it read are those of now. The functions in shared/ and the
packages are not compared: a second run in the project's tests does that.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from datajam.errors import DataJamError
from datajam.project import Project
from datajam.run import checks


@dataclass(frozen=True)
class RunState:
    """The finished run of the project's place: its day, its age in days, and what has changed since, in words.

    `finished` is None where there is no run; `problem` says why its state cannot be told.
    """

    finished: date | None = None
    days: int = 0
    changed: tuple[str, ...] = ()
    problem: str = ""

    @property
    def outstanding(self) -> bool:
        """Whether it has to be made, or made again."""
        return self.finished is None or bool(self.changed or self.problem)


def last_run(project: Project, hashes: dict[str, str], today: date) -> RunState:
    """The run of the project's place, given the data log's hashes of now by name and the day it is.

    Raises `DataJamError` where the run and the project cannot be compared.
    """
    path = project.folder / "runs" / project.place.slug / "provenance.json"
    if not path.is_file():
        return RunState()
    then = _provenance(path)
    changed = (*_notebooks(project, then.notebooks), *_parameters(project, then.parameters), *_inputs(project, then.inputs, hashes))
    return RunState(then.finished, (today - then.finished).days, changed)


@dataclass(frozen=True)
class _Provenance:
    """What a run left about itself: its day, and the notebooks' and read inputs' hashes and parameters by name."""

    finished: date
    notebooks: dict[str, str]
    parameters: dict[str, Any]
    inputs: dict[str, str]


def _provenance(path: Path) -> _Provenance:
    """Raises `DataJamError` where the file is not what a run writes."""
    try:
        about = json.loads(path.read_text(encoding="utf-8"))
        moment = datetime.fromisoformat(about["finished"])
        inputs = {entry["id"]: entry["sha256"] for entry in about["inputs"] if entry.get("read", True)}
        day = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone().date()
        return _Provenance(day, dict(about["notebooks"]), dict(about["parameters"]), inputs)
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError):
        raise DataJamError(f"runs/{path.parent.name}/provenance.json is damaged. Type `datajam run`.") from None


def _notebooks(project: Project, then: dict[str, str]) -> Iterator[str]:
    """The notebooks that are not those of the run."""
    from datajam.sources.files import sha256

    now = {path.stem: sha256(path) for path in checks.notebooks(project)}
    for name in sorted(then.keys() | now.keys()):
        if name not in now:
            yield f"notebook {name} is gone"
        elif then.get(name) != now[name]:
            yield f"notebook {name} {'has changed' if name in then else 'is not in the run'}"


def _parameters(project: Project, then: dict[str, Any]) -> Iterator[str]:
    """The parameters that are not those of the run; its place is that of its folder."""
    declared: dict[str, Any] = {}
    for path in checks.notebooks(project):
        declared |= checks.declared(path)
    given = project.parameters
    now = {name: checks.typed(name, value, declared[name]) if name in declared else value for name, value in given.items()}
    for name in sorted((then.keys() | now.keys()) - {"place"}):
        if then.get(name) != now.get(name):
            yield f"parameter {name} was {_shown(then, name)} and is {_shown(now, name)}"


def _shown(parameters: dict[str, Any], name: str) -> str:
    return json.dumps(parameters[name], ensure_ascii=False, default=str) if name in parameters else "not set"


def _inputs(project: Project, then: dict[str, str], hashes: dict[str, str]) -> Iterator[str]:
    """The files the run read that are others now; what it did not read changes none of its numbers."""
    for key, found in then.items():
        if key not in hashes:
            yield f"source {key} is gone from the data log"
        elif hashes[key] != found:
            yield f"{project.sources[key].path} is {'not there' if hashes[key] == 'missing' else 'another file'}"
