"""Is this machine ready: what is looked at, what is said where something is missing, and the line for the trainer."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from datajam.keep import doctor

ROOT = Path(__file__).resolve().parents[1]


def test_a_ready_machine_is_told_so_in_a_line_that_names_nobody(datajam_command):
    done = datajam_command("doctor", cwd=ROOT, HTTPS_PROXY="http://user:secret@proxy.example:8080", NO_PROXY="localhost")
    assert done.returncode == 0, done.stdout + done.stderr
    last = done.stdout.strip().splitlines()[-1]
    assert last.startswith("datajam doctor: ready | Python 3") and "a notebook runs in" in last
    assert "proxy set for https" in last and "secret" not in done.stdout and "example" not in done.stdout
    assert str(Path.home()) not in last and str(ROOT) not in last


def test_a_machine_without_any_package_gets_an_answer_and_exit_code_1():
    environment = {"PYTHONPATH": str(ROOT / "shared"), "PATH": ""}
    done = subprocess.run(
        [sys.executable, "-S", "-m", "datajam", "doctor"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        encoding="utf-8",
    )
    assert done.returncode == 1 and "NOT READY  packages" in done.stdout and "python3 -m nox -s environment" in done.stdout
    assert done.stdout.strip().splitlines()[-1].startswith("datajam doctor: NOT READY (packages, kernel")
    assert "Traceback" not in done.stderr and done.stderr.count("\n") == 1


@pytest.fixture
def quick(monkeypatch):
    """No kernel is started: the other looks are tested."""
    monkeypatch.setattr(doctor, "_kernel", lambda: doctor.Finding("kernel", True, "starts"))


def found(folder: Path) -> dict[str, doctor.Finding]:
    return {finding.name: finding for finding in doctor.examine(folder)}


def test_a_missing_package_is_not_ready_and_another_version_is_a_doubt(quick, tmp_path):
    (tmp_path / "requirements.lock").write_text("pandas==3.0.0 \\\n    --hash=sha256:aa\n")
    assert found(tmp_path)["packages"].ready is None and "not 3.0.0" in found(tmp_path)["packages"].said
    (tmp_path / "requirements.lock").write_text("no-such-package==1.0 \\\n    --hash=sha256:aa\n")
    package = found(tmp_path)["packages"]
    assert package.ready is False and "no-such-package" in package.said and package.do
    (tmp_path / "requirements.lock").write_text("no-such-package==1.0 ; sys_platform == 'nowhere' \\\n    --hash=sha256:aa\n")
    assert found(tmp_path)["packages"].ready is True


def test_the_lock_of_the_folder_comes_before_that_of_the_package(tmp_path):
    inside = tmp_path / "notebooks"
    inside.mkdir()
    assert doctor.lock_of(inside) == ROOT / "requirements.lock"
    (tmp_path / "requirements.lock").write_text("")
    assert doctor.lock_of(inside) == tmp_path / "requirements.lock"


def test_a_full_disk_an_old_python_and_a_kernel_that_dies_are_named(quick, monkeypatch, tmp_path):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(10**9, 10**9, 10**8))
    monkeypatch.setattr(doctor, "OLDEST_PYTHON", (99, 1))
    monkeypatch.setattr(doctor, "_kernel", lambda: 1 / 0)
    findings = doctor.examine(tmp_path)
    assert [finding.name for finding in findings if finding.ready is False] == ["Python", "kernel", "disk"]
    assert all(finding.do for finding in findings if finding.ready is False)
    assert doctor.summary(findings).startswith("datajam doctor: NOT READY (Python, kernel, disk)")


def test_a_folder_that_cannot_be_written_to_is_told(quick, monkeypatch, tmp_path):
    monkeypatch.setattr(
        doctor.tempfile, "TemporaryFile", lambda dir: (_ for _ in ()).throw(PermissionError(13, "Permission denied"))
    )
    assert found(tmp_path)["write"].ready is False and "Permission denied" in found(tmp_path)["write"].said


def test_a_proxy_that_would_catch_this_machine_is_a_doubt(quick, monkeypatch, tmp_path):
    monkeypatch.setenv("http_proxy", "http://proxy.example:8080")
    monkeypatch.setenv("no_proxy", "")
    proxy = found(tmp_path)["proxy"]
    assert proxy.ready is None and "NO_PROXY" in proxy.do
    monkeypatch.setenv("no_proxy", "localhost")
    assert found(tmp_path)["proxy"].ready is True


def test_a_project_carries_the_doctor(baked, datajam_command):
    done = datajam_command("doctor", "--help", PYTHONPATH=str(baked / "shared"))
    assert done.returncode == 0 and "ready" in done.stdout
