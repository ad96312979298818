"""Folders and files written whole or not at all."""

import ctypes
import os
import shutil
import sys
import time
from pathlib import Path

_AT_FDCWD, _RENAME_EXCHANGE = -100, 2
_STALE_SECONDS = 6 * 3600


def write_text(path: Path, text: str) -> None:
    """Write a file so that a reader finds the old text or the new one, never a part."""
    write_bytes(path, text.encode("utf-8"))


def write_bytes(path: Path, content: bytes) -> None:
    """The same for a file that is not text."""
    beside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        beside.write_bytes(content)
        os.replace(beside, path)
    finally:
        beside.unlink(missing_ok=True)


def staging(target: Path) -> Path:
    """A new empty folder beside a target, to be filled and then put in its place; leftovers of killed runs go."""
    recover(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    for old in target.parent.glob(f".unfinished-{target.name}-*"):
        if time.time() - old.stat().st_mtime > _STALE_SECONDS or not _alive(old.name.rsplit("-", 1)[1]):
            shutil.rmtree(old, ignore_errors=True)
    folder = target.parent / f".unfinished-{target.name}-{os.getpid()}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    return folder


def _alive(pid: str) -> bool:
    return sys.platform == "win32" or Path(f"/proc/{pid}").exists() or not Path("/proc").exists()


def _exchange(one: Path, other: Path) -> bool:
    """Swap two folders in one step, where the system can (Linux)."""
    try:
        rename = ctypes.CDLL(None, use_errno=True).renameat2
    except (AttributeError, OSError, TypeError):
        return False
    return rename(_AT_FDCWD, os.fsencode(one), _AT_FDCWD, os.fsencode(other), _RENAME_EXCHANGE) == 0


def put_in_place(folder: Path, target: Path) -> None:
    """Make a finished folder the target, replacing an older one as a whole.

    On Linux the two change places in one step. Elsewhere the old one steps aside first; `recover` brings it back should
    the machine stop between the two renames.
    """
    if not target.exists():
        os.replace(folder, target)
    elif _exchange(folder, target):
        shutil.rmtree(folder, ignore_errors=True)
    else:
        aside = target.parent / f".previous-{target.name}"
        shutil.rmtree(aside, ignore_errors=True)
        os.replace(target, aside)
        os.replace(folder, target)
        shutil.rmtree(aside, ignore_errors=True)


def recover(target: Path) -> None:
    """Bring back a folder that stepped aside for one that never came."""
    aside = target.parent / f".previous-{target.name}"
    if aside.exists() and not target.exists():
        os.replace(aside, target)
