"""What several tests share: the real published files beside the project, and a way to run the command."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
REAL = Path(os.environ.get("DATAJAM_REAL_FILES", ROOT.parent / "shared" / "real"))


@pytest.fixture(scope="session")
def real():
    """A function giving the path of a real published file; the test skips where the files are not there."""

    def find(name: str) -> Path:
        path = REAL / name
        if not path.is_file():
            pytest.skip(f"real published file {name} is not beside the project (set DATAJAM_REAL_FILES)")
        return path

    return find


@pytest.fixture
def datajam_command():
    """Run the `datajam` command in a folder: returns the finished process."""

    def run(*words: str, cwd: Path | None = None, **environment: str) -> subprocess.CompletedProcess:
        return subprocess.run(
            [sys.executable, "-m", "datajam", *words],
            cwd=cwd,
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=300,
            env={**os.environ, "PYTHONPATH": str(ROOT / "shared"), "PYTHONIOENCODING": "utf-8", **environment},
        )

    return run
