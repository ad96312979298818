"""What a notebook touched while it ran: files opened (Python's audit events, and access times for libraries in C), network."""

import hashlib
import json
import os
import sys
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from datajam.review.evidence import Call, Opened

LARGEST_LOG = 50_000_000
_AGES_AGO = 86_400
_HOOK = '''\
"""Put here by datajam review: writes down the files this interpreter opens and the addresses it asks for."""
import os, sys, time

def _watch():
    import json
    log = os.open(os.environ["DATAJAM_WATCH"], os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC)
    skipped = tuple({os.path.realpath(p) + os.sep for p in (sys.prefix, sys.base_prefix)}) + ("/proc/", "/sys/", "/dev/", "/etc/")
    skipped += tuple(p + os.sep for p in (sys.prefix, sys.base_prefix, os.path.dirname(os.__file__)))
    seen, write, now, dumps = set(), os.write, time.time, json.dumps
    def hook(event, given):
        try:
            if event == "open":
                path, mode, flags = given
                if isinstance(path, int) or path is None:
                    return
                path = os.path.join(os.getcwd(), os.fsdecode(path))
                if path.startswith(skipped) or path.endswith((".pyc", ".so")):
                    return
                writes = bool(flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT))
                what = ["write" if writes else "read", path]
            elif event in ("socket.getaddrinfo", "socket.gethostbyname"):
                what = ["network", str(given[0]) + (":%s" % given[1] if len(given) > 1 and given[1] else "")]
            elif event == "socket.connect" and isinstance(given[1], tuple):
                what = ["network", "%s:%s" % given[1][:2]]
            elif event == "sqlite3.connect":
                what = ["write", os.path.join(os.getcwd(), os.fsdecode(given[0]))]
            else:
                return
            key = tuple(what) + (int(now() * 2),)
            if key not in seen:
                seen.add(key)
                write(log, (dumps([now(), *what]) + "\\n").encode())
        except Exception:
            pass
    sys.addaudithook(hook)

if os.environ.get("DATAJAM_WATCH"):
    _watch()
'''


@dataclass(frozen=True)
class Watch:
    """Where the hook lies and where it writes: put `folder` on PYTHONPATH and `log` into DATAJAM_WATCH."""

    folder: Path
    log: Path


def watch(room: Path) -> Watch:
    """Put the hook into the room, as the `sitecustomize` that every Python started there imports first."""
    folder = room / "watch"
    folder.mkdir(exist_ok=True)
    (folder / "sitecustomize.py").write_text(_HOOK, encoding="utf-8")
    return Watch(folder, room / "watched.jsonl")


def age(folder: Path) -> None:
    """Make every file of a folder look unread for a day, so that a read shows in its access time."""
    for path in _files(folder):
        about = path.lstat()
        os.utime(path, (about.st_mtime - _AGES_AGO, about.st_mtime), follow_symlinks=False)


def _files(folder: Path) -> Iterable[Path]:
    return (path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())


def seen(log: Path, folder: Path, starts: list[tuple[float, int]]) -> tuple[list[Opened], list[Call]]:
    """Files opened and addresses asked for since the log was begun, each with the cell that ran then.

    `folder` is the project as run, `starts` when each cell began. Files of the room beside the project, and code that is
    imported, are left out, as is what was not there to be opened; what only the access time tells is mode
    `read (by a library)`.
    """
    opened: dict[tuple[str, str], Opened] = {}
    network: dict[str, Call] = {}
    real = folder.resolve()
    for moment, kind, what in _events(log):
        if kind == "network":
            network.setdefault(what, Call(what, _cell(moment, starts)))
            continue
        path = _shown(what, real)
        if path and _is_data(path) and (path, kind) not in opened and (real / path).exists():
            opened[path, kind] = Opened(path, kind, _cell(moment, starts))
    for path in _files(folder):
        about = path.stat()
        name = path.relative_to(folder).as_posix()
        if about.st_atime >= (starts[0][0] if starts else float("inf")) and _is_data(name) and not _known(name, opened):
            opened[name, "read"] = Opened(name, "read (by a library)", _cell(about.st_atime, starts))
    return list(opened.values()), list(network.values())


def _known(name: str, opened: dict[tuple[str, str], Opened]) -> bool:
    return (name, "read") in opened or (name, "write") in opened


def _events(log: Path) -> Iterable[tuple[float, str, str]]:
    if not log.is_file():
        return
    with open(log, encoding="utf-8", errors="replace") as lines:
        for line in lines.readlines(LARGEST_LOG):
            try:
                moment, kind, what = json.loads(line)
                yield float(moment), str(kind), str(what)
            except (ValueError, TypeError):
                continue


def _shown(path: str, folder: Path) -> str:
    """A path relative to the project where it lies in it, absolute elsewhere; '' for the room's own files beside it."""
    whole = os.path.normpath(path)
    real = os.path.realpath(os.path.dirname(whole)) + os.sep + os.path.basename(whole)
    if real.startswith(f"{folder}{os.sep}"):
        return Path(real).relative_to(folder).as_posix()
    room = folder
    while room.name and room.name != "inside":
        room = room.parent
    return "" if real.startswith(f"{room}{os.sep}") or _of_python(real) else real


def _of_python(path: str) -> bool:
    return path.startswith((sys.prefix, sys.base_prefix, "/usr/lib", "/usr/share", "/usr/local/lib"))


def _is_data(path: str) -> bool:
    """Not code, not what Python and Jupyter read for themselves."""
    parts = Path(path).parts
    return not (path.endswith((".py", ".pth", ".pyi")) or "__pycache__" in parts or ".ipython" in parts or "ipykernel_" in path)


def _cell(moment: float, starts: list[tuple[float, int]]) -> int | None:
    at = bisect_right(starts, (moment, 10**9))
    return starts[at - 1][1] if at else None


def with_hashes(found: list[Opened], committed: Path) -> list[Opened]:
    """The same with each file's SHA-256 as committed; '' for a file that is not part of the commit."""
    return [Opened(one.path, one.mode, one.cell, _hash(committed / one.path)) for one in found]


@lru_cache(maxsize=4096)
def _hash(path: Path) -> str:
    if not path.is_file():
        return ""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
