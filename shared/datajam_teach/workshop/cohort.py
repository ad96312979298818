"""A cohort's own place and seeds, made from its name, so that the answers of another cohort are wrong for it."""

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from datajam.engine import warm
from datajam.engine.pool import Pool
from datajam.errors import DataJamError
from datajam.vocabulary import places
from datajam_teach.workshop.answers import Worked, published, worked

_TURNS = 60


def place(cohort: str) -> str:
    """The upper-tier authority a cohort works for.

    >>> place("autumn") == place("autumn") != place("spring")
    True
    """
    found = places.authorities()
    return found[_number(cohort, "place") % len(found)].name


def seeds(cohort: str, example: str) -> Iterator[int]:
    """The seeds a cohort may have for one example, the first that gives answers of its own is taken.

    >>> 0 <= next(seeds("autumn", "c6")) < 1_000_000
    True
    """
    return (_number(cohort, example, turn) % 1_000_000 for turn in range(_TURNS))


def _number(*words: Any) -> int:
    return int.from_bytes(hashlib.sha256("/".join(map(str, words)).encode()).digest()[:8], "big")


def name(path: Path) -> str:
    """The short name of a worked example: c6 for c6_which_of_forty_indicators_differ."""
    return path.stem.split("_")[0]


def work(notebooks: list[Path], cohort: str = "", last: Mapping[str, list[Any]] | None = None) -> dict[Path, Worked]:
    """Run every worked example for a cohort, each in a process of its own: notebooks with outputs, and their answers.

    Without a cohort they run as they are. `last` holds the right answers of a cohort before, by example: no answer is like one
    of those, nor like the one the worked example shows.
    """
    with Pool(os.cpu_count() or 1, warm.imports_of(notebooks)) as pool:
        tasks = {path: pool.submit(settled, path, cohort, (last or {}).get(name(path), [])) for path in notebooks}
        return {path: task.result() for path, task in tasks.items()}


def settled(path: Path, cohort: str, last: list[Any]) -> Worked:
    """One worked example for a cohort, with the first of its seeds whose answers are nobody else's."""
    if not cohort:
        return worked(path, {})
    for seed in seeds(cohort, name(path)):
        done = worked(path, {"place": place(cohort), "seed": seed})
        if not taken(done, published(path), last):
            return done
    raise DataJamError(f"{path.name}: none of {_TURNS} seeds of the cohort {cohort!r} gives answers of its own. Take another name.")


def taken(done: Worked, *others: list[Any]) -> list[int]:
    """The exercises, counted from 1, whose check would take an answer of somebody else's for right."""
    pairs = [(number, answer, at) for number, answer in enumerate(done.answers, 1) for at in others]
    return sorted({number for number, answer, rights in pairs if number <= len(rights) and answer.accepts(rights[number - 1])})


def answers_of(kit: Path) -> dict[str, list[Any]]:
    """The right answers of a kit that was built before, by example. Raises `DataJamError` where the folder is not a kit."""
    file = kit / "trainer" / "answers.json"
    try:
        return {name: about["answers"] for name, about in json.loads(file.read_text(encoding="utf-8"))["examples"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise DataJamError(f"{kit} is not a kit: {file} is not there or damaged. Name the folder of last cohort's kit.") from None
