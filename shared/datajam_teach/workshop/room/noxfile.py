"""What a participant types: `nox -s doctor` says whether this laptop is ready, `nox -s lab` opens the notebooks."""

import os
import shutil
import sys
from pathlib import Path

import nox

nox.options.sessions = ["lab"]
HERE = Path(__file__).parent
PYTHON = HERE / ".venv" / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
UV = [shutil.which("uv")] if shutil.which("uv") else [sys.executable, "-m", "uv"]
SHARED = {
    "PYTHONPATH": str(HERE / "shared"),
    "UV_COMPILE_BYTECODE": "1",
    "DATAJAM_COMMAND": "python3 -m nox -s datajam --",
}


@nox.session(venv_backend="none")
def environment(session: nox.Session) -> None:
    """Make .venv from requirements.lock; does nothing where it is there already."""
    if not PYTHON.exists():
        session.run(*UV, "venv", "--quiet", "--python", sys.executable, str(HERE / ".venv"))
    session.run(*UV, "pip", "install", "--quiet", "--python", str(PYTHON), "-r", "requirements.lock", env=SHARED)


@nox.session(venv_backend="none", requires=["environment"])
def doctor(session: nox.Session) -> None:
    """Say whether this laptop is ready, and what to type where it is not."""
    session.run(str(PYTHON), "-m", "datajam", "doctor", *session.posargs, env=SHARED)


@nox.session(venv_backend="none", requires=["environment"])
def datajam(session: nox.Session) -> None:
    """The command itself: `-- read FILE` says what is in a file of your own."""
    session.run(str(PYTHON), "-m", "datajam", *session.posargs, env=SHARED)


@nox.session(venv_backend="none", requires=["environment"])
def lab(session: nox.Session) -> None:
    """Open JupyterLab on the notebooks."""
    session.run(str(PYTHON), "-m", "jupyterlab", "--notebook-dir=.", *session.posargs, env=SHARED)
