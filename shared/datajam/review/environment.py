"""The environment of a review: the packages a project declares, from its own lock and nothing else, installed by uv."""

import hashlib
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

INSTALL_SECONDS = 1200
_LOCKS = ("requirements.lock", "requirements.txt", "environment.yml", "environment.yaml")
_NOT_PYTHON = {"python", "pip", "r-base", "nodejs", "gcc", "make", "git", "conda", "mamba", "setuptools"}
_CONDA_NAMES = {"pytorch": "torch", "matplotlib-base": "matplotlib", "py-xgboost": "xgboost", "msgpack-python": "msgpack"}
_LINE = re.compile(r"\s*([A-Za-z0-9][\w.-]*)(\[[\w, .-]*\])?\s*([^;#\\]*)")


@dataclass
class Declared:
    """What a project declares: the file (relative to its repository), packages with versions ('' where none is pinned).

    `hashed` says whether each package has its hash; `python` is the version asked for.
    """

    file: str = ""
    packages: dict[str, str] | None = None
    sha256: str = ""
    hashed: bool = False
    python: str = ""


@dataclass
class Environment:
    """An interpreter with what was declared: `words` say what it is, `problem` why there is none."""

    python: str
    words: str
    problem: str = ""
    packages: dict[str, str] = field(default_factory=dict)


def declared(folder: Path, root: Path) -> Declared:
    """What a project declares, in its folder or a folder above it in the repository; the first of lock, requirements, conda."""
    for place in [folder, *(parent for parent in folder.parents if parent.is_relative_to(root))]:
        for name in _LOCKS:
            path = place / name
            if path.is_file() and not path.is_symlink() and path.stat().st_size < 20_000_000:
                return _read(path, path.relative_to(root).as_posix())
    return Declared()


def _read(path: Path, name: str) -> Declared:
    text = path.read_text(encoding="utf-8-sig", errors="replace")
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    if path.suffix in (".yml", ".yaml"):
        packages, python = _conda(text)
        return Declared(name, packages, digest, False, python)
    return Declared(name, _pinned(text), digest, "--hash=" in text)


def _pinned(text: str) -> dict[str, str]:
    r"""Package names with their versions from the lines of a requirements file.

    >>> _pinned("pandas==3.0.1 \\\n  --hash=sha256:aa\nnumpy>=2\n-r other.txt\n# done")
    {'pandas': '3.0.1', 'numpy': ''}
    """
    found = {}
    for line in text.splitlines():
        read = None if line[:1] in (" ", "\t", "#", "-", "") else _LINE.match(line)
        if read:
            pin = re.fullmatch(r"===?\s*([\w.!+-]+)", read[3].strip())
            found[canonical(read[1])] = pin[1] if pin else ""
    return found


@cache
def canonical(name: str) -> str:
    """A package's name as indexes compare it.

    >>> canonical("Scikit_Learn")
    'scikit-learn'
    """
    return re.sub(r"[-_.]+", "-", name).lower()


def _conda(text: str) -> tuple[dict[str, str], str]:
    """Names, versions and the Python of a conda file: its pip part as it stands, its own names without channel and build."""
    import yaml

    try:
        listed = (yaml.safe_load(text) or {}).get("dependencies") or []
    except (yaml.YAMLError, AttributeError, RecursionError):
        return {}, ""
    found: dict[str, str] = {}
    python = ""
    for entry in listed if isinstance(listed, list) else []:
        if isinstance(entry, dict):
            found |= _pinned("\n".join(str(line) for line in entry.get("pip") or []))
            continue
        name, _, version = re.split(r"::", str(entry))[-1].strip().partition("=")
        name, version = re.split(r"[<>! ]", name)[0].lower(), version.strip("= ").split("=")[0]
        if name == "python":
            python = version.rstrip("*.")
        elif name and name not in _NOT_PYTHON:
            found[canonical(_CONDA_NAMES.get(name, name))] = version if re.fullmatch(r"\d[\w.]*", version) else ""
    return found, python


def uv() -> list[str]:
    """The command that is uv."""
    return [shutil.which("uv")] if shutil.which("uv") else [sys.executable, "-m", "uv"]


def build(project: Path, root: Path, asked: Declared, room: Path, offline: bool = False) -> Environment:
    """Make `room/environment` with what a project declares and nothing else, and ipykernel where that is not among it.

    Nothing of the reviewer's own environment is in it. What cannot be installed is said in `problem`, in one line.
    """
    target = room / "environment"
    python = target / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    said = _uv(["venv", "--quiet", "--python", sys.executable, str(target)], room)
    if said:
        return Environment("", "no environment could be made", said)
    words = _installing(root, asked, room)
    flags = ["pip", "install", "--quiet", "--python", str(python), *(["--offline"] if offline else [])]
    said = _uv([*flags, *words], root) if words else ""
    if said:
        return Environment("", f"{asked.file} could not be installed", said)
    packages = installed(python)
    added = ""
    if "ipykernel" not in packages:
        said = _uv([*flags, "ipykernel"], root)
        added = ", with ipykernel added to run the notebooks"
        if said:
            return Environment("", "ipykernel could not be added", said)
        packages = installed(python)
    if asked.python and not packages["python"].startswith(asked.python):
        added += f"; it asks for Python {asked.python}, which was not there"
    what = f"{asked.file}{' (with hashes)' if asked.hashed else ''}" if asked.file else "nothing: the project declares no packages"
    return Environment(str(python), f"installed by uv from {what}{added}", packages=packages)


def _installing(root: Path, asked: Declared, room: Path) -> list[str]:
    if not asked.file:
        return []
    if not asked.file.endswith((".yml", ".yaml")):
        return ["-r", str(root / asked.file)]
    names = [f"{name}=={version}" if version.count(".") > 1 else f"{name}=={version}.*" if version else name
             for name, version in (asked.packages or {}).items()]  # fmt: skip
    written = room / "from_conda.txt"
    written.write_text("\n".join(names) + "\n", encoding="utf-8")
    return ["-r", str(written)]


def _uv(words: list[str], folder: Path) -> str:
    """Run uv; '' where it worked, else the last line that says why not."""
    try:
        done = subprocess.run([*uv(), *words], cwd=folder, capture_output=True, text=True, timeout=INSTALL_SECONDS)
    except subprocess.TimeoutExpired:
        return f"it took more than {INSTALL_SECONDS} s"
    except OSError as error:
        return f"uv could not be started ({error.strerror}): pip install uv"
    lines = [line.strip(" ×╰─▶│├") for line in done.stderr.splitlines() if line.strip(" ×╰─▶│├")]
    return "" if done.returncode == 0 else " ".join(lines)[:400] or "uv said nothing"


def existing(python: str) -> Environment:
    """An environment that is there already, used as it is."""
    return Environment(python, "an existing environment, NOT the project's own lock", packages=installed(Path(python)))


def installed(python: Path) -> dict[str, str]:
    """The packages an interpreter has, with their versions, and its own as `python`."""
    import json

    asking = "import json, platform, importlib.metadata as m; found = {d.name: d.version for d in m.distributions() if d.name}; "
    asking += "print(json.dumps({'python': platform.python_version(), **found}))"
    done = subprocess.run([str(python), "-I", "-c", asking], capture_output=True, text=True, timeout=60)
    found: dict[str, Any] = json.loads(done.stdout) if done.returncode == 0 else {}
    return {canonical(name): version for name, version in found.items()}
