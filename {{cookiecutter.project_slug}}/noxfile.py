"""What can be done with this project: `nox` runs it; `nox -l` lists the rest. Words after `--` are passed on."""

import os
import shutil
import sys
from pathlib import Path

import nox

nox.options.sessions = ["run"]
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
def run(session: nox.Session) -> None:
    """Run the notebooks and write the report: nox -s run -- --place Durham -p period=2023/24"""
    session.run(str(PYTHON), "-m", "datajam", "run", *session.posargs, env=SHARED)


@nox.session(venv_backend="none", requires=["environment"])
def batch(session: nox.Session) -> None:
    """Run it for many places and compare them: nox -s batch -- --places all"""
    session.run(str(PYTHON), "-m", "datajam", "batch", *session.posargs, env=SHARED)


@nox.session(venv_backend="none", requires=["environment"])
def tests(session: nox.Session) -> None:
    """Check the project: data as logged, notebooks run, the same numbers twice."""
    session.run(str(PYTHON), "-m", "pytest", "-q", "tests", *session.posargs, env=SHARED)


@nox.session(venv_backend="none", requires=["environment"])
def lab(session: nox.Session) -> None:
    """Open JupyterLab on the notebooks."""
    session.run(str(PYTHON), "-m", "jupyterlab", "--notebook-dir=.", *session.posargs, env=SHARED)


@nox.session(venv_backend="none", requires=["environment"])
def datajam(session: nox.Session) -> None:
    """Any datajam command: nox -s datajam -- places tyneside"""
    session.run(str(PYTHON), "-m", "datajam", *session.posargs, env=SHARED)


@nox.session(venv_backend="none", requires=["environment"])
def review(session: nox.Session) -> None:
    """Re-run the last commit somewhere clean, compare every output, write review/report.html: nox -s review -- --quick"""
    session.run(str(PYTHON), "-m", "datajam", "review", *session.posargs, env=SHARED)
