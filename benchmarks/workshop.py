"""The workshop kit at full size: python benchmarks/workshop.py [--write]. Linux, root, and a network for the wheelhouse.

A `wheelhouse/` that is there already, made by `datajam workshop wheelhouse`, is used as it is.
"""

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGE = Path(__file__).with_name("workshop.md")
KIT = ["workshop", "build", "--programme", "two_days", "--cohort", "spring 2027"]
OFFLINE = """
set -e
ip link set lo up
python3 -m venv .venv
.venv/bin/python -m pip install --quiet --no-index --find-links wheelhouse -r wheelhouse/requirements.txt
echo installed
.venv/bin/datajam doctor
"""


def datajam(*words: str, folder: Path) -> tuple[float, str]:
    """Run the command: the seconds it took, and what it said."""
    started = time.monotonic()
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "shared")}
    done = subprocess.run([sys.executable, "-m", "datajam", *words], cwd=folder, env=environment, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"datajam {' '.join(words)}: {done.stderr}")
    return time.monotonic() - started, done.stdout


def digest(folder: Path) -> str:
    """One hash of every file in a folder, names included."""
    total = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        total.update(f"{path.relative_to(folder)}\0".encode() + path.read_bytes())
    return total.hexdigest()


def kits(folder: Path) -> list[str]:
    """The two-day kit, twice."""
    took = [datajam(*KIT, "--out", name, folder=folder)[0] for name in ("one", "two")]
    if digest(folder / "one") != digest(folder / "two"):
        sys.exit("two builds of one kit differ")
    size = sum(path.stat().st_size for path in (folder / "one").rglob("*") if path.is_file()) / 1e6
    count = len(list((folder / "one" / "participants").glob("*/*.ipynb")))
    return [
        f"- The two-day kit, {count} worked examples, {size:.1f} MB: {took[0]:.0f} s and {took[1]:.0f} s; the same bytes twice."
    ]


def offline(folder: Path) -> list[str]:
    """Install from the wheelhouse in a network namespace of its own, in the participants' folder, and let the doctor look."""
    wheels = ROOT / "wheelhouse"
    took = 0.0
    if not wheels.is_dir():
        took, _ = datajam("workshop", "wheelhouse", "--platform", "linux", "--out", str(wheels), folder=folder)
    shutil.copytree(folder / "one" / "participants", folder / "participants")
    (folder / "participants" / "wheelhouse").symlink_to(wheels)
    clean = {"PATH": os.environ["PATH"], "HOME": str(folder), "PIP_CONFIG_FILE": os.devnull}
    started = time.monotonic()
    done = subprocess.run(
        ["unshare", "--net", "bash", "-c", OFFLINE], cwd=folder / "participants", env=clean, capture_output=True, text=True
    )
    if done.returncode or "datajam doctor: ready" not in done.stdout:
        sys.exit(f"offline: exit code {done.returncode}: {done.stdout}{done.stderr}")
    found = sorted(wheels.glob("*.whl"))
    size = sum(path.stat().st_size for path in found) / 1e6
    made = f", made in {took:.0f} s" if took else ""
    line = done.stdout.strip().splitlines()[-1]
    return [
        f"- The wheelhouse for Linux: {len(found)} wheels, {size:.0f} MB{made}. Installed, and looked at by the doctor, in a fresh",
        f"  environment and a network namespace without a network: {time.monotonic() - started:.0f} s. The line for the trainer:",
        "",
        f"  `{line}`",
    ]


def main() -> None:
    """Measure, print, and write the page where asked."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as rough:
        lines = [*kits(Path(rough)), *offline(Path(rough))]
    about = f"Made by `python3 -m nox -s workshop` on {os.cpu_count()} cores, with a load of {load:.0f} when it began."
    text = "\n".join(["# The workshop kit, at full size", "", about, "", *lines]) + "\n"
    print(text)
    if options.write:
        PAGE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
