"""Whether a finished run of a batch is what a run of now would be: notebooks, functions, settings, lock and data, by hash."""

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from datajam.project import FILE, Project
from datajam.sources.files import sha256

MARK = "batch.json"
_NOT_CODE = {"__pycache__", ".ipynb_checkpoints"}


def fingerprint(project: Project, notebooks: Iterable[Path]) -> str:
    """One hash of everything that a project's runs rest on, whichever the place."""
    files = [*notebooks, project.folder / FILE, project.folder / "requirements.lock", *shared_files(project.folder / "shared")]
    parts = {path.relative_to(project.folder).as_posix(): sha256(path) for path in files if path.is_file()}
    parts |= {f"source {key}": source.check() for key, source in project.sources.items()}
    return digest(parts)


def shared_files(folder: Path) -> list[Path]:
    """The functions a project carries, and what lies beside them."""
    return sorted(path for path in folder.rglob("*") if path.is_file() and not _NOT_CODE & set(path.parts))


def digest(about: Any) -> str:
    """The SHA-256 of something that JSON can say.

    >>> digest({"place": "E06000047"})[:12]
    '7ad3debe9828'
    """
    return hashlib.sha256(json.dumps(about, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def marked(folder: Path) -> str:
    """The hash a finished run of a batch was made under; '' where the folder holds none."""
    try:
        return str(json.loads((folder / MARK).read_text(encoding="utf-8"))["current"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""
