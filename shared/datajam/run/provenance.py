"""Where a run came from: parameters, inputs with their hashes, package versions, lock, commit, times."""

import platform
import subprocess
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from datajam import __version__
from datajam.project import Project, as_json

_PACKAGES = "pandas numpy scipy statsmodels scikit-learn seaborn matplotlib pyarrow papermill nbconvert ipykernel".split()


def now() -> str:
    """This moment in UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def _git(folder: Path, *words: str) -> str:
    try:
        done = subprocess.run(["git", "-C", str(folder), *words], capture_output=True, text=True, timeout=20)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def commit(folder: Path) -> str:
    """The git commit of a folder, with '+ changes' where files differ from it; 'not under git' where there is none."""
    found = _git(folder, "rev-parse", "HEAD")
    if not found:
        return "not under git"
    changed = _git(folder, "status", "--porcelain", "--", ".", ":!runs")
    return f"{found} + changes" if changed else found


def versions() -> dict[str, str]:
    """The versions of Python and of the packages that make the numbers."""
    found = {"python": platform.python_version(), "datajam": __version__}
    for name in _PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def gather(
    project: Project, parameters: dict[str, Any], hashes: dict[str, str], started: str, notebooks: list[str]
) -> dict[str, Any]:
    """Everything a reviewer needs to repeat a run, as plain JSON."""
    from datajam.sources.files import sha256

    lock = project.folder / "requirements.lock"
    return {
        "project": project.name,
        "place": {"code": project.place.code, "name": project.place.name},
        "parameters": {**project.parameters, **parameters},
        "notebooks": {name: sha256(project.folder / "notebooks" / f"{name}.ipynb") for name in notebooks},
        "inputs": [as_json(project.sources[key], found) for key, found in hashes.items()],
        "versions": versions(),
        "platform": f"{platform.system()} {platform.machine()}",
        "lock_sha256": sha256(lock) if lock.is_file() else "no requirements.lock",
        "commit": commit(project.folder),
        "template_version": str(project.settings.get("project", {}).get("template_version", "")),
        "started": started,
        "finished": now(),
    }
