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


@pytest.fixture(scope="session")
def bake(tmp_path_factory):
    """Make a project from answers: returns its folder. The same answers give a fresh copy each time."""
    from cookiecutter.main import cookiecutter

    def make(folder: Path | None = None, **answers: str) -> Path:
        folder = folder or tmp_path_factory.mktemp("baked")
        return Path(cookiecutter(str(ROOT), no_input=True, output_dir=str(folder), extra_context=answers))

    return make


@pytest.fixture(scope="session")
def finished(bake) -> Path:
    """A project about Newcastle upon Tyne whose notebooks have run; tests read it and leave it as it is."""
    from datajam import project
    from datajam.run import runner

    made = bake(theme="attainment", place="Newcastle")
    runner.run(project.open_project(made), progress=False)
    return made


@pytest.fixture
def baked(bake, tmp_path) -> Path:
    """A fresh project about the North East, to be changed and broken."""
    return bake(tmp_path, theme="attainment")


@pytest.fixture(scope="session")
def browser():
    """Headless Chromium; without one the tests that look at pages skip, except where tests must be complete (CI)."""
    import shutil

    from playwright.sync_api import sync_playwright

    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if not found:
        if os.environ.get("CI"):
            pytest.fail("no Chromium: the pages cannot be looked at")
        pytest.skip("no Chromium on this machine: the pages are not looked at")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=found, args=["--no-sandbox", "--disable-gpu"])
        yield started
        started.close()
