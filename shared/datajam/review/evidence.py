"""What a review saw: the project, each notebook then and now, every output compared, every file opened."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

LEVELS = ("difference", "problem", "note")
SAME = ("identical", "within tolerance", "different", "missing", "new")


@dataclass(frozen=True)
class Finding:
    """One thing found: by which rule, in words, where (file relative to the project, cell from 1), and what to do.

    Level `difference`: it does not give the same. `problem`: something to mend. `note`: something to know.
    """

    rule: str
    words: str
    file: str = ""
    cell: int | None = None
    line: int | None = None
    remedy: str = ""
    level: str = "problem"


@dataclass(frozen=True)
class Compared:
    """One output then and now: its kind (`text`, `table`, `image`, `number`, `error`), how alike, on which rung of the ladder."""

    cell: int
    output: int
    kind: str
    same: str
    rung: str
    words: str = ""
    then: Any = None
    now: Any = None


@dataclass(frozen=True)
class Opened:
    """A file opened while a notebook ran: relative to the project where it lies in it, its hash before the run, how opened."""

    path: str
    mode: str
    cell: int | None = None
    sha256: str = ""


@dataclass(frozen=True)
class Call:
    """An address that was asked of the network while a notebook ran, and the cell that ran then."""

    address: str
    cell: int | None = None


@dataclass(frozen=True)
class Failure:
    """Why a notebook did not run: the class of the large studies, the error's own line, the cell, and one line of remedy."""

    kind: str
    words: str
    cell: int | None
    remedy: str


@dataclass
class Reviewed:
    """A notebook: as it was committed (`source`), its saved outputs (`then`, from the run or itself) and those of now."""

    path: str
    source: dict[str, Any] | None = None
    then: dict[str, Any] | None = None
    now: dict[str, Any] | None = None
    seconds: float = 0.0
    failure: Failure | None = None
    outputs: list[Compared] = field(default_factory=list)
    opened: list[Opened] = field(default_factory=list)
    network: list[Call] = field(default_factory=list)

    @property
    def ran(self) -> bool:
        return self.now is not None and self.failure is None


@dataclass
class Evidence:
    """Everything a review saw, before it is judged. `settings` is hack.toml, None where there is none.

    `files` are the paths git tracks (or all, where there is no git), relative to `folder`; `declared` the packages that the
    project names with their versions, '' where none is pinned; `authors` who committed; `variations` what a second run gave,
    by kind (`determinism`, `generality`, `sensitivity`), each with `words` and `findings`; `run` is the folder of the run
    compared with, such as runs/durham; `seconds` the time of the whole review; `replay` the line that makes it again.
    """

    folder: Path
    commit: str = ""
    clean: bool = True
    origin: str = ""
    place: str = ""
    settings: dict[str, Any] | None = None
    files: list[str] = field(default_factory=list)
    declared: dict[str, str] | None = None
    lock: str = ""
    lock_sha256: str = ""
    authors: list[str] = field(default_factory=list)
    notebooks: list[Reviewed] = field(default_factory=list)
    results_then: list[dict[str, Any]] = field(default_factory=list)
    results_now: list[dict[str, Any]] = field(default_factory=list)
    variations: dict[str, Any] = field(default_factory=dict)
    not_checked: list[str] = field(default_factory=list)
    environment: dict[str, str] = field(default_factory=dict)
    run: str = ""
    seconds: float = 0.0
    replay: str = ""


@dataclass(frozen=True)
class Rule:
    """A rule of a review: what it looks for, why, where to read more, and the check that gives its findings."""

    id: str
    title: str
    why: str
    link: str
    check: Callable[[Evidence], Iterable[Finding]]
