"""One lock: what the project declares, what conda users get and what is locked agree, and no address is named."""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PROJECT = ROOT / "{{cookiecutter.project_slug}}"
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")


def declared(path: Path) -> dict:
    return tomllib.loads((path / "pyproject.toml").read_text(encoding="utf-8"))


def bare(requirement: str) -> str:
    return re.split(r"[<>=!\[; ]", requirement)[0].lower().replace("_", "-")


def locked() -> dict[str, str]:
    return {name: version for name, version in re.findall(r"^([a-z0-9][a-z0-9._-]*)==([^ \\]+)", LOCK, re.MULTILINE)}


def test_everything_declared_is_locked():
    ours = declared(ROOT)
    names = ours["project"]["dependencies"] + ours["dependency-groups"]["dev"]
    assert {bare(name) for name in names} <= set(locked())


def test_the_packages_the_project_is_named_for_are_declared():
    names = {bare(name) for name in declared(ROOT)["project"]["dependencies"]}
    assert {"jupyterlab", "papermill", "pandas", "scikit-learn", "statsmodels", "seaborn", "nbval"} <= names


def test_a_generated_project_declares_what_the_package_does():
    assert declared(PROJECT)["project"]["dependencies"] == declared(ROOT)["project"]["dependencies"]
    assert declared(PROJECT)["project"]["requires-python"] == declared(ROOT)["project"]["requires-python"]


def test_every_locked_package_has_hashes_and_no_address_is_named():
    blocks = re.split(r"\n(?=[a-z0-9])", LOCK)
    assert all("--hash=sha256:" in block for block in blocks) and len(blocks) > 100
    assert "://" not in LOCK and "index-url" not in LOCK and "find-links" not in LOCK


def test_conda_users_get_the_lock_and_a_python_it_was_made_for():
    text = (ROOT / "environment.yml").read_text(encoding="utf-8")
    assert "- -r requirements.lock" in text
    lowest = re.search(r"python>=(\d+\.\d+)", text)[1]
    assert f">={lowest}" == declared(ROOT)["project"]["requires-python"]


def test_pandas_is_of_the_third_series():
    assert locked()["pandas"].startswith("3.")


def test_the_version_is_told_once():
    from datajam import __version__

    assert declared(ROOT)["project"]["version"] == __version__
    assert f"version: {__version__}" in (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert f"## {__version__}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
