"""Participants' notebooks run again, only where a trainer asks for it: other people's code, behind the walls of a review."""

import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

from datajam.review import clean_room, environment, rerun, walls
from datajam.review.evidence import Reviewed

NOTEBOOK_SECONDS = 300
Again = Callable[[str, str], tuple[str, str]]


def behind_walls(kit: Path, seconds: float = NOTEBOOK_SECONDS) -> tuple[Again, str]:
    """A function that runs a notebook's text in a clean room, and the words that say what its walls hold.

    The function takes the text and the short name of the worked example it is of. It gives the text with the outputs of now, as
    far as it came, and why it went no further ('' where it ran to its end). Each notebook has a room of its own: a fresh copy of
    the kit's files beside it, an empty home, the packages of the Python that runs this, and `seconds`.
    """
    with clean_room.temporary() as tried:
        here, held = environment.existing(sys.executable), walls.walls(tried)

    def again(text: str, example: str) -> tuple[str, str]:
        with clean_room.temporary() as outer:
            inside = outer / "inside"
            project = shutil.copytree(kit / "participants", inside / "project")
            path = next(project.glob(f"*/{example}_*.ipynb"))
            path.write_text(text, encoding="utf-8")
            one = Reviewed(path.relative_to(project).as_posix())
            rerun.run(rerun.Room(inside, project, project, here, held, seconds=seconds), one, {}, kit / "participants")
            return (text if one.now is None else json.dumps(one.now)), _said(one)

    return again, held.words


def _said(one: Reviewed) -> str:
    if one.failure is None:
        return ""
    where = f" at cell {one.failure.cell}" if one.failure.cell else ""
    return f"run again, it stopped{where}: {one.failure.words}"
