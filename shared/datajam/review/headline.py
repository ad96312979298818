"""Headline numbers: as a run recorded them then, and as its notebooks record them now."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import nbformat

from datajam.errors import DataJamError
from datajam.review.evidence import Reviewed
from datajam.say import results


def recorded(path: Path) -> list[dict[str, Any]]:
    """The results in a run's results.json; none where it is not there or is damaged."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return []
    return (
        [entry for entry in found if isinstance(entry, dict) and isinstance(entry.get("name"), str)]
        if isinstance(found, list)
        else []
    )


def collected(notebooks: Iterable[Reviewed]) -> list[dict[str, Any]]:
    """The results recorded in the notebooks of now, in order; the first of two with one name."""
    found: dict[str, dict[str, Any]] = {}
    for one in notebooks:
        if one.now is None:
            continue
        try:
            entries = results.collect([(Path(one.path).stem, nbformat.from_dict(one.now))])
        except (DataJamError, KeyError, TypeError):
            continue
        for entry in entries:
            found.setdefault(entry["name"], entry)
    return list(found.values())
