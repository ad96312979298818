"""A clean room: a fresh copy of the commit in a temporary folder, and nothing of the reviewer's beside it."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from datajam.errors import DataJamError

LEFT_OUT = {".git", ".venv", "venv", ".nox", ".tox", "__pycache__", ".ipynb_checkpoints", ".pytest_cache", "node_modules"}
CLONE_SECONDS = 600
LONGEST_TEMPORARY = 45
_ADDRESS = re.compile(r"(?:https?|ssh|git|file)://\S+|[\w.-]+@[\w.-]+:\S+")
_SAFE = ["-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "-c", "safe.directory=*", "-c", "core.quotePath=false"]


@dataclass
class Clone:
    """A project as committed: its folder in the room, the root of its repository there, and where it came from.

    `commit` is '' where there is no git; `changed` counts files beside it that differ from the commit, which are not reviewed;
    `links` are the symbolic links that lead out of the project, which were taken away.
    """

    folder: Path
    root: Path
    origin: str
    commit: str = ""
    changed: int = 0
    files: list[str] = field(default_factory=list)
    authors: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)


@contextmanager
def temporary() -> Iterator[Path]:
    """A temporary folder that is gone afterwards, whatever rights were taken from what lies in it.

    Its path is short, since the sockets to the kernels lie in it, and a socket's path has a hundred letters at most.
    """
    short = "/tmp" if len(tempfile.gettempdir()) > LONGEST_TEMPORARY and Path("/tmp").is_dir() else None
    folder = Path(tempfile.mkdtemp(prefix="datajam_review_", dir=short)).resolve()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, onerror=_made_writable) if sys.version_info < (3, 12) else shutil.rmtree(folder, onexc=_made_writable)


def _made_writable(function: Callable, path: str, _: Any) -> None:
    for each in (os.path.dirname(path), path):
        if not os.path.islink(each) and os.path.exists(each):
            os.chmod(each, 0o700)
    if os.path.isdir(path) and not os.path.islink(path):
        shutil.rmtree(path, ignore_errors=True)
    elif os.path.lexists(path):
        os.unlink(path)


def is_address(text: str) -> bool:
    """Whether this is a git address, not a folder.

    >>> is_address("https://example.org/jam.git"), is_address("git@example.org:a/jam.git"), is_address("../jam")
    (True, True, False)
    """
    return bool(_ADDRESS.fullmatch(text))


def git(folder: Path | None, *words: str, seconds: float = 60) -> str | None:
    """What a git command says, or None where it fails; no hook, helper or question of the repository's own is run."""
    quiet = {"GIT_TERMINAL_PROMPT": "0", "GIT_LFS_SKIP_SMUDGE": "1", "GIT_CONFIG_NOSYSTEM": "1", "LC_ALL": "C.UTF-8"}
    where = ["-C", str(folder)] if folder else []
    try:
        done = subprocess.run(
            ["git", *_SAFE, *where, *words],
            capture_output=True,
            timeout=seconds,
            stdin=subprocess.DEVNULL,
            env={**os.environ, **quiet},
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.decode("utf-8", "replace") if done.returncode == 0 else None


def fetch(source: str, commit: str, room: Path) -> Clone:
    """Put a commit of a git address or folder, or a folder that is under no git, into `room/committed`.

    A folder under git is cloned at its commit: what was changed since is counted, not reviewed. Raises `DataJamError` for what
    is neither, and for a commit that is not there.
    """
    target = room / "committed"
    if is_address(source):
        clone = _cloned(source, commit, target, Path("."), source)
    else:
        folder = Path(source).expanduser().resolve()
        if not folder.is_dir():
            raise DataJamError(f"{source}: no such folder, and not a git address. Type a project's folder or https://….")
        top = git(folder, "rev-parse", "--show-toplevel")
        head = git(folder, "rev-parse", "--verify", "HEAD") if top else None
        if top and head:
            root = Path(top.removesuffix("\n")).resolve()
            clone = _cloned(str(root), commit, target, folder.relative_to(root), str(folder))
            changed = git(folder, "status", "--porcelain", "-z", "--", ".")
            clone.changed = len([line for line in (changed or "").split("\0") if line and not _a_review(line)])
        else:
            clone = _copied(folder, commit, target)
    clone.links = [path.relative_to(clone.root).as_posix() for path in _leading_out(clone.root)]
    for name in clone.links:
        (clone.root / name).unlink()
    if not clone.folder.is_dir():
        raise DataJamError(f"{source}: the commit {clone.commit[:12]} has no such folder. Commit it, then review.")
    return clone


def _a_review(line: str) -> bool:
    """Whether what git does not know is the folder that an earlier review left."""
    return line.startswith("?? ") and line.endswith("review/")


def _cloned(source: str, commit: str, target: Path, inside: Path, origin: str) -> Clone:
    words = ["clone", "--quiet", "--no-hardlinks", "--no-checkout", "--template=", "--no-recurse-submodules"]
    if git(None, *words, "--", source, str(target), seconds=CLONE_SECONDS) is None:
        raise DataJamError(f"{origin}: git could not clone it. Check the address, or clone it yourself and type its folder.")
    wanted = commit or git(Path(source), "rev-parse", "HEAD") if Path(source).is_dir() else commit or "HEAD"
    found = next((_resolved(target, name) for name in (wanted, f"origin/{wanted}") if _resolved(target, name)), None)
    if found is None or git(target, "checkout", "--quiet", "--detach", found, seconds=CLONE_SECONDS) is None:
        raise DataJamError(f"{origin}: no commit {commit!r}. `git log --oneline` lists those there are.")
    listed = git(target / inside, "ls-files", "-z") if (target / inside).is_dir() else ""
    people = git(target, "log", "--format=%aN <%aE>", found) or ""
    folder = target / inside
    return Clone(folder, target, origin, found, 0, [name for name in (listed or "").split("\0") if name], _each(people))


def _resolved(folder: Path, name: str) -> str | None:
    found = git(folder, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{name.strip()}^{{commit}}")
    return found.strip().splitlines()[-1] if found else None


def _each(text: str) -> list[str]:
    return list(dict.fromkeys(line.strip() for line in text.splitlines() if line.strip()))


def _copied(folder: Path, commit: str, target: Path) -> Clone:
    """A folder that is under no git, copied; links stay links."""
    if commit:
        raise DataJamError(f"{folder}: is not under git, so it has no commit {commit!r}. Leave --commit out.")

    def left_out(_: str, names: list[str]) -> set[str]:
        return set(names) & LEFT_OUT

    shutil.copytree(folder, target, symlinks=True, ignore=left_out, ignore_dangling_symlinks=True)
    files = [path.relative_to(target).as_posix() for path in sorted(target.rglob("*")) if path.is_file() or path.is_symlink()]
    return Clone(target, target, str(folder), files=files)


def _leading_out(root: Path) -> Iterator[Path]:
    """The symbolic links under a folder whose end is not in it."""
    real = root.resolve()
    for folder, folders, files in os.walk(root, followlinks=False):
        folders[:] = [name for name in folders if Path(folder, name) != root / ".git"]
        for name in [*folders, *files]:
            path = Path(folder, name)
            if path.is_symlink() and not _ends_in(path, real):
                yield path


def _ends_in(path: Path, real: Path) -> bool:
    try:
        return path.resolve().is_relative_to(real)
    except (OSError, RuntimeError):
        return False


def working_copy(clone: Clone, room: Path) -> Path:
    """The project once more, to be run: without git, without the runs and reviews it has; returns the copy of its folder.

    The first copy stays as committed for everything that only reads.
    """
    target = room / "project"
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(clone.root, target, symlinks=True, ignore=shutil.ignore_patterns(".git", ".venv", ".nox", "__pycache__"))
    inside = target / clone.folder.relative_to(clone.root)
    if (inside / "hack.toml").is_file():
        for name in ("runs", "review", "batch"):
            shutil.rmtree(inside / name, ignore_errors=True)
    return inside
