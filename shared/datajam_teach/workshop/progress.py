"""What comes back from the room: which exercises pass their checks, where people are stuck, and the commonest wrong answers.

Read from notebooks as they were saved; nothing in them is run unless a trainer asks for it, and nothing is sent anywhere.
"""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from datajam.errors import DataJamError, readable
from datajam_teach.workshop.answers import Answer
from datajam_teach.workshop.copies import STUB
from datajam_teach.workshop.run_again import Again

RIGHT, WRONG, OPEN, UNRUN = "right", "wrong", "open", "not run"
_SEALED = re.compile(r'^check\(answer, sealed=\(\s*((?:"[\w+/=]*"\s*)+)\)\)', re.MULTILINE)
_GIVEN = re.compile(r"^Not quite: (.*) is not it\.", re.MULTILINE)
_SKIP = {".ipynb_checkpoints", ".venv", "shared", "node_modules"}
LARGEST = 50_000_000


@dataclass(frozen=True)
class Attempt:
    """One participant's state in one exercise: right, wrong, open (not done yet) or not run; what the check said; the answer."""

    example: str
    exercise: int
    state: str
    said: str = ""
    given: str = ""


@dataclass(frozen=True)
class Row:
    """One exercise over the room: how many are right, wrong, open or did not run it, and the commonest wrong answers."""

    example: str
    exercise: int
    title: str
    counts: dict[str, int]
    wrong: list[tuple[str, str, int]]

    @property
    def stuck(self) -> bool:
        """Whether more have a wrong or no answer than a right one, among those who opened the notebook."""
        return self.counts[RIGHT] < sum(self.counts.values()) / 2


@dataclass(frozen=True)
class Room:
    """What was read: the exercises in order, the notebooks by name, what could not be read, and what stopped when it was run again.

    `walls` says behind what the notebooks were run again; '' where they were not.
    """

    rows: list[Row]
    read: list[str]
    problems: list[tuple[str, str]]
    stopped: list[tuple[str, str]] = field(default_factory=list)
    walls: str = ""


def checks_of(kit: Path) -> dict[tuple[str, int], tuple[str, str, str]]:
    """The exercises of a kit: {(example, number): (the seal of its check, the cell's id, its title)}.

    Raises `DataJamError` where the folder is not a kit.
    """
    found = {}
    for path in sorted((kit / "participants").glob("*/*.ipynb")):
        cells = _cells(path.read_text(encoding="utf-8"))
        titles = [line.lstrip("# ") for cell in cells for line in _text(cell).splitlines() if line.startswith("## Exercise")]
        sealed = [(seal, str(cell.get("id", ""))) for cell in cells if (seal := _seal(_text(cell)))]
        for number, ((seal, cell_id), title) in enumerate(zip(sealed, titles, strict=True), 1):
            found[path.stem.split("_")[0], number] = (seal, cell_id, title)
    if not found:
        raise DataJamError(
            f"{kit} is not a kit: it has no participants' notebooks. Name the folder that `datajam workshop build` made."
        )
    return found


def _seal(text: str) -> str:
    match = _SEALED.search(text)
    return "".join(re.findall(r'"([^"]*)"', match[1])) if match else ""


def _cells(text: str) -> list[dict[str, Any]]:
    """The cells of a notebook's text. Raises `ValueError`, in words, for what is none."""
    try:
        notebook = json.loads(text.removeprefix("\ufeff"))
    except (ValueError, RecursionError):
        raise ValueError("broken: it is not the text of a notebook (JSON)") from None
    if isinstance(notebook, dict) and isinstance(notebook.get("worksheets"), list):
        raise ValueError("saved in a format of before 2015: open it in JupyterLab and save it again")
    cells = notebook.get("cells") if isinstance(notebook, dict) else None
    if not isinstance(cells, list) or not all(isinstance(cell, dict) for cell in cells):
        raise ValueError("not a notebook: it has no cells")
    return cells


def _text(cell: dict[str, Any]) -> str:
    source = cell.get("source", "")
    return "".join(map(str, source)) if isinstance(source, list) else str(source)


def attempts(text: str, checks: dict[tuple[str, int], tuple[str, str, str]]) -> list[Attempt]:
    """A saved notebook's exercises, in order; a check is known by its seal, else by its cell's id, whatever its name and tags.

    Raises `ValueError`, in words, for what is no notebook, and for one that holds no exercise of the kit.
    """
    by_seal = {seal: key for key, (seal, _, _) in checks.items()}
    by_id = {cell_id: key for key, (_, cell_id, _) in checks.items() if cell_id}
    found, before = [], ""
    for cell in _cells(text):
        key = by_seal.get(_seal(_text(cell))) or by_id.get(str(cell.get("id", "")))
        if key and cell.get("cell_type") == "code":
            found.append(_attempt(key, cell, before))
        elif re.search(r"^answer\b", _text(cell), re.MULTILINE):
            before = _text(cell)
    if not found:
        raise ValueError("no exercise of this kit is in it: is it of another cohort, or were its checks deleted?")
    gone = sorted({key for key in checks if key[0] == found[0].example} - {(each.example, each.exercise) for each in found})
    return [*found, *(Attempt(*key, UNRUN, "its check was deleted") for key in gone)]


def _attempt(key: tuple[str, int], cell: dict[str, Any], stub: str) -> Attempt:
    outputs = cell.get("outputs") if isinstance(cell.get("outputs"), list) else []
    texts = [output.get("text", "") for output in outputs if isinstance(output, dict)]
    said = readable("".join("".join(map(str, text)) if isinstance(text, list) else str(text) for text in texts).strip())
    state = next((state for start, state in _STATES.items() if said.startswith(start)), UNRUN)
    assigned = re.findall(r"^answer\s*=\s*(.+)", stub, re.MULTILINE)
    typed = assigned[-1].strip() if assigned and stub.strip() != STUB else ""
    given = _GIVEN.search(said)
    return Attempt(*key, state, said, given[1] if given else readable(typed)[:60])


_STATES = {"Correct": RIGHT, "Not quite": WRONG, "Not done yet": OPEN}


def read(folder: Path, kit: Path, again: Again | None = None, walls: str = "", say: Callable[[str], None] = lambda _: None) -> Room:
    """Every notebook in a folder against the kit it came from; those that cannot be read are named, and the rest goes on.

    `again` runs a notebook's text of an example anew (`run_again.behind_walls`), behind what `walls` says; without it nothing is
    run. `say` is told each notebook's number and name before it is looked at. Raises `DataJamError` where the folder is not there
    or has no notebooks, and where the kit is none.
    """
    if not folder.is_dir():
        raise DataJamError(f"{folder} is not a folder: name the one that holds the participants' notebooks.")
    checks, found, names, problems, stopped = checks_of(kit), [], [], [], []
    paths = _notebooks(folder)
    for number, path in enumerate(paths, start=1):
        name = readable(path.relative_to(folder).as_posix())
        say(f"[{number}/{len(paths)}] {name}")
        try:
            if path.stat().st_size > LARGEST:
                raise ValueError("larger than 50 MB")
            text = path.read_text(encoding="utf-8")
            own = attempts(text, checks)
            if again:
                text, why = again(text, own[0].example)
                own = attempts(text, checks)
                stopped += [(name, why)] if why else []
            found += own
            names.append(name)
        except (ValueError, OSError) as error:
            problems.append((name, "not text in UTF-8" if isinstance(error, UnicodeDecodeError) else str(error)))
    if not names and not problems:
        raise DataJamError(f"{folder} holds no notebooks (.ipynb).")
    return Room(list(_rows(found, checks)), names, problems, stopped, walls)


def _notebooks(folder: Path) -> list[Path]:
    found = (path for path in folder.rglob("*.ipynb") if not _SKIP & set(path.relative_to(folder).parts))
    return sorted(path for path in found if path.is_file())


def _rows(found: list[Attempt], checks: dict[tuple[str, int], tuple[str, str, str]]) -> Iterator[Row]:
    for key, (_, _, title) in checks.items():
        own = [each for each in found if (each.example, each.exercise) == key]
        if own:
            counts = Counter(each.state for each in own)
            wrong = Counter((each.given or "?", _reason(each.said)) for each in own if each.state == WRONG)
            listed = [(given, said, count) for (given, said), count in wrong.most_common(3)]
            yield Row(*key, title, {state: counts[state] for state in (RIGHT, WRONG, OPEN, UNRUN)}, listed)


def _reason(said: str) -> str:
    """What the check said, without its hint."""
    return said.partition(" Hint: ")[0].removeprefix("Not quite: ")


def opened(checks: dict[tuple[str, int], tuple[str, str, str]]) -> dict[tuple[str, int], Answer]:
    """The answers that the seals of a kit hold."""
    from datajam_teach.exercises import unseal

    return {key: Answer(*unseal(seal)) for key, (seal, _, _) in checks.items()}


def page(room: Room, kit: Path) -> str:
    """The page for the trainer: the room at a glance, where it is stuck, and what could not be read."""
    from datajam_teach.workshop.guide import page as made

    right = {key: f"{answer.right:.6g}" for key, answer in opened(checks_of(kit)).items()}
    return made("progress", title="Where the room is", room=room, right=right, states=(RIGHT, WRONG, OPEN, UNRUN))
