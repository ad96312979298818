"""A wheelhouse for rooms without a network: every wheel of the lock for the named platforms, and DataJam's own.

pip downloads and checks each file against the lock's hashes. What is published without a wheel is built into one here, where
it is Python alone. pip comes from a fresh environment of Python's own, so that nothing of the one in use matters or changes.
"""

import hashlib
import re
import shutil
import subprocess
import sys
import tempfile
import venv
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name, parse_wheel_filename
from packaging.version import Version

from datajam.errors import DataJamError, did_you_mean
from datajam.folders import put_in_place, staging
from datajam_teach.workshop.build import ROOT

REQUIREMENTS = "requirements.txt"
_POSIX = {"os_name": "posix", "implementation_name": "cpython", "platform_python_implementation": "CPython"}
_LINUX = _POSIX | {"sys_platform": "linux", "platform_system": "Linux", "platform_machine": "x86_64"}
_MAC = _POSIX | {"sys_platform": "darwin", "platform_system": "Darwin", "platform_machine": "arm64"}
_WINDOWS = _POSIX | {"os_name": "nt", "sys_platform": "win32", "platform_system": "Windows", "platform_machine": "AMD64"}
# What markers of the lock see on a platform, and the tags of wheels that it takes, the newest first.
PLATFORMS: dict[str, tuple[dict[str, str], list[str]]] = {
    "linux": (_LINUX, [*(f"manylinux_2_{glibc}_x86_64" for glibc in range(34, 4, -1)), "manylinux2014_x86_64", "linux_x86_64"]),
    "windows": (_WINDOWS, ["win_amd64"]),
    "mac": (_MAC, ["macosx_14_0_arm64", "macosx_14_0_universal2"]),
}


@dataclass(frozen=True)
class Pin:
    """One package of the lock: its requirement, with marker, and the hashes of its files."""

    requirement: Requirement
    hashes: tuple[str, ...]

    @property
    def name(self) -> str:
        return canonicalize_name(self.requirement.name)

    @property
    def key(self) -> tuple[str, str]:
        """Its name and version, as a wheel's file name has them."""
        return self.name, str(Version(str(self.requirement.specifier).removeprefix("==")))

    def wanted(self, seen: Mapping[str, str], python: str) -> bool:
        """Whether a platform and a Python (such as 3.12.4) need it."""
        own = {**seen, "python_version": python.rpartition(".")[0], "python_full_version": python}
        return self.requirement.marker is None or self.requirement.marker.evaluate(own)

    def line(self, hashes: Iterator[str] | tuple[str, ...], *, marker: bool) -> str:
        """The package as a line of a requirements file."""
        tail = f" ; {self.requirement.marker}" if marker and self.requirement.marker else ""
        return " \\\n    ".join(
            [f"{self.requirement.name}{self.requirement.specifier}{tail}", *(f"--hash={each}" for each in hashes)]
        )


def pins(text: str) -> list[Pin]:
    """The packages of a lock.

    >>> pins("pandas==3.1.1 ; python_version > '3' \\\\\\n    --hash=sha256:aa \\\\\\n    --hash=sha256:bb")[0].hashes
    ('sha256:aa', 'sha256:bb')
    """
    joined = re.sub(r"\\\n\s*", " ", text)
    lines = [line for line in joined.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    return [Pin(Requirement(line.split(" --hash=")[0]), tuple(re.findall(r"--hash=(\S+)", line))) for line in lines]


def make(out: Path, platforms: list[str], python: str, say: Callable[[str], None] = print) -> list[Path]:
    """Fill a folder with the wheels for these platforms and a Python such as 3.12: the wheels, in order of their names.

    Raises `DataJamError` for an unknown platform, a folder that holds anything else, and a package that is to be had for a
    platform neither as a wheel nor as Python alone.
    """
    for name in platforms:
        if name not in PLATFORMS:
            raise DataJamError(f"No platform is called {name!r}. {did_you_mean(name, PLATFORMS)}")
    _refuse(out)
    lock = pins((ROOT / "requirements.lock").read_text(encoding="utf-8"))
    folder = staging(out)
    with tempfile.TemporaryDirectory() as rough:
        pip = _pip(Path(rough))
        for name in platforms:
            say(f"{name}, Python {python}: {_download(pip, lock, folder, name, python, Path(rough))} packages")
        _own(pip, folder, Path(rough))
    (folder / REQUIREMENTS).write_text(requirements(folder, lock), encoding="utf-8")
    put_in_place(folder, out)
    return sorted(out.glob("*.whl"))


def _refuse(out: Path) -> None:
    foreign = [path.name for path in out.glob("*") if path.suffix != ".whl" and path.name != REQUIREMENTS] if out.is_dir() else []
    if foreign or out.is_file():
        raise DataJamError(
            f"{out} holds {foreign[0] if foreign else 'no folder'}, which no wheelhouse does. Name another with --out."
        )


def _pip(folder: Path) -> Callable[..., subprocess.CompletedProcess]:
    venv.create(folder / "pip", with_pip=True, symlinks=sys.platform != "win32")
    python = folder / "pip" / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")

    def run(*words: str) -> subprocess.CompletedProcess:
        return subprocess.run([str(python), "-m", "pip", "--quiet", *words], capture_output=True, text=True, encoding="utf-8")

    return run


def _download(pip: Callable, lock: list[Pin], folder: Path, name: str, python: str, rough: Path) -> int:
    """Download what one platform needs; pip looks at markers of this machine alone, so the lines it gets have none."""
    seen, tags = PLATFORMS[name]
    # A marker may ask for a patch release: laptops have any, so both ends are served, one after the other.
    first, last = ([pin for pin in lock if pin.wanted(seen, f"{python}.{patch}")] for patch in (0, 99))
    target = [word for tag in tags for word in ("--platform", tag)]
    target += ["--python-version", python, "--implementation", "cp", "--only-binary", ":all:", "--dest", str(folder)]
    listed = rough / "wanted.txt"

    def get(some: list[Pin]) -> subprocess.CompletedProcess:
        listed.write_text("\n".join(pin.line(pin.hashes, marker=False) for pin in some), encoding="utf-8")
        return pip("download", "--no-deps", "--require-hashes", *target, "-r", str(listed))

    for left in filter(None, (first, [pin for pin in last if pin not in first])):
        _all(left, name, get, lambda pin: _build(pip, pin, folder, rough))
    return len({pin.name for pin in (*first, *last)})


def _all(left: list[Pin], name: str, get: Callable, build: Callable[[Pin], None]) -> None:
    """Get these packages; each for which no wheel is published is built instead."""
    while left and (done := get(left)).returncode:
        refused = re.search(r"No matching distribution found for ([\w.-]+)==", done.stderr)
        stuck = [pin for pin in left if refused and pin.name == canonicalize_name(refused[1])]
        if not stuck:
            raise DataJamError(f"pip could not download for {name}: {_last(done)}")
        build(stuck[0])
        left = [pin for pin in left if pin is not stuck[0]]


def _build(pip: Callable, pin: Pin, folder: Path, rough: Path) -> None:
    """Build a wheel of what is published as source alone, if it is Python alone and so for every platform."""
    listed, made = rough / "source.txt", rough / "made"
    listed.write_text(pin.line(pin.hashes, marker=False), encoding="utf-8")
    done = pip("wheel", "--no-deps", "--require-hashes", "--no-binary", ":all:", "--wheel-dir", str(made), "-r", str(listed))
    wheels = list(made.glob("*-none-any.whl")) if not done.returncode else []
    if not wheels:
        raise DataJamError(f"{pin.requirement}: no wheel is published for this platform, and none can be made here. {_last(done)}")
    shutil.move(wheels[0], folder / wheels[0].name)


def _own(pip: Callable, folder: Path, rough: Path) -> None:
    """DataJam's own wheel, from a copy of what it is made of, with the setuptools of the wheelhouse."""
    source = rough / "source"
    shutil.copytree(ROOT / "shared", source / "shared", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    for words in (
        ("install", "--upgrade", "--no-index", "--find-links", str(folder), "setuptools"),
        ("wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(folder), str(source)),
    ):
        done = pip(*words)
        if done.returncode:
            raise DataJamError(f"DataJam's own wheel could not be made: {_last(done)}")


def _last(done: subprocess.CompletedProcess) -> str:
    said = [line for line in done.stderr.splitlines() if line.strip() and not line.startswith("[notice]")]
    return said[-1].strip()[:200] if said else f"pip ended with {done.returncode}."


def requirements(folder: Path, lock: list[Pin]) -> str:
    """What to install from a wheelhouse: each package of the lock that has wheels there, with the hashes of those wheels."""
    there: dict[tuple[str, str], list[str]] = {}
    for path in sorted(folder.glob("*.whl")):
        name, version, *_ = parse_wheel_filename(path.name)
        there.setdefault((name, str(version)), []).append(f"sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}")
    own = [Pin(Requirement(f"{name}=={version}"), ()) for name, version in there if name == "datajam"]
    return "\n".join(pin.line(tuple(there[pin.key]), marker=True) for pin in [*lock, *own] if pin.key in there) + "\n"
