"""Plant faults in a finished project, review it, and write which were found: python benchmarks/faults.py [--write] [-k WORDS]

A clean project is made, run and committed; each fault is planted in a copy of it, committed and reviewed. Found means: by the
rule that is for it, in the file where it is. A false alarm is every other finding that the clean project does not have. The
environment is installed once from the project's lock; a notebook whose code, settings, data and packages a review has run
before is not run again, since the fault then lies in what it is compared with.
"""

import argparse
import contextlib
import hashlib
import io
import shutil
import subprocess
import sys
import tempfile
import time
from copy import deepcopy
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
PAGE = Path(__file__).with_name("faults.md")
THEME = "skills"


@dataclass
class Tried:
    """A fault tried: whether each rule found it where it is, what else was found, the verdict and the time."""

    name: str
    rules: tuple[str, ...]
    missed: list[str]
    alarms: list[str]
    verdict: str
    seconds: float


def commit(project: Path, words: str) -> None:
    """Commit everything in a project, as its author."""
    who = ["-c", "user.name=Ann Analyst", "-c", "user.email=ann@example.org"]
    for line in (["init", "-q"], ["add", "-A"], ["commit", "-q", "--allow-empty", "-m", words]):
        subprocess.run(["git", "-C", str(project), *who, *line], check=True, capture_output=True)


def clean(folder: Path, python: str) -> Path:
    """A project made, run and committed, by the interpreter that reviews will use."""
    from cookiecutter.main import cookiecutter

    with contextlib.redirect_stdout(io.StringIO()):
        project = Path(cookiecutter(str(ROOT), no_input=True, output_dir=str(folder), extra_context={"theme": THEME}))
    words = [python, "-m", "datajam", "run", "--quiet"]
    subprocess.run(
        words, cwd=project, check=True, capture_output=True, env={"PYTHONPATH": str(project / "shared"), "PATH": "/usr/bin:/bin"}
    )
    commit(project, "First run")
    return project


def installed(folder: Path) -> str:
    """The environment of the repository's lock, which is that of every project, made once."""
    from datajam.review import environment

    made = environment.build(ROOT, ROOT, environment.declared(ROOT, ROOT), folder)
    if made.problem:
        sys.exit(f"The environment could not be made: {made.problem}")
    return made.python


def remember() -> None:
    """Let reviews of this process run no notebook twice that is the same in all it rests on."""
    from datajam.review import rerun

    run, known = rerun.run, {}

    def remembered(room: Any, one: Any, parameters: Any, committed: Path, *more: Any) -> None:
        key = (one.path, repr(parameters), room.seconds, tuple(sorted(room.settings.items())), _rests_on(room.project, one.path))
        if key not in known:
            run(room, one, parameters, committed, *more)
            known[key] = deepcopy((one.now, one.failure, one.seconds, one.opened, one.network))
        one.now, one.failure, one.seconds, one.opened, one.network = deepcopy(known[key])

    rerun.run = remembered


def _rests_on(project: Path, path: str) -> str:
    """The hash of a notebook and of everything beside the other notebooks and the pages that it could read."""
    digest = hashlib.sha256()
    for file in sorted(project.rglob("*")):
        name = file.relative_to(project).as_posix()
        other = name.endswith((".ipynb", ".md")) and name != path
        if file.is_file() and not other and not name.startswith((".", "docs/")):
            digest.update(name.encode() + file.read_bytes())
    return digest.hexdigest()


def try_one(fault: Any, project: Path, folder: Path, python: str, usual: set[tuple[str, str, str]]) -> Tried:
    """Plant one fault in a copy of the project, review it, and see what was found."""
    copy = folder / "tried"
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(project, copy, symlinks=True)
    fault.plant(copy)
    commit(copy, "Second run")
    started = time.monotonic()
    done = reviewed(copy, python, quick=not fault.full, seconds=fault.seconds)
    found = [each for each in done.findings if (each.rule, each.file, each.words) not in usual]
    missed = [rule for rule in fault.rules if not any(each.rule == rule and _placed(each, fault) for each in found)]
    due = {*fault.rules, *fault.follows}
    alarms = [f"{each.rule} {each.file} {each.words[:100]}" for each in found if each.rule not in due]
    return Tried(fault.name, fault.rules, missed, alarms, done.verdict, time.monotonic() - started)


def reviewed(project: Path, python: str, **more: Any) -> Any:
    """A review of a project, in silence."""
    from datajam.review.reviewing import Asked, review

    return review(Asked(str(project), python=python, out=str(project / "review"), **more), lambda text: None)


def _placed(found: Any, fault: Any) -> bool:
    return any(fnmatch(found.file, file) for file in fault.files)


def everything(only: str = "") -> tuple[list[Tried], str]:
    """Every fault tried, and the verdict on the clean project."""
    from planted import FAULTS

    chosen = [fault for fault in FAULTS if only in fault.name]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        python = installed(folder)
        project = clean(folder / "made", python)
        remember()
        tried, base = [], {}
        for fault in sorted(chosen, key=lambda fault: fault.full):
            if fault.full not in base:
                base[fault.full] = reviewed(project, python, quick=not fault.full)
                print(f"clean: exit {base[fault.full].code}: {base[fault.full].verdict}", flush=True)
            usual = {(each.rule, each.file, each.words) for each in base[fault.full].findings}
            tried.append(try_one(fault, project, folder, python, usual))
            print(f"{_found(tried[-1]):10} {fault.name}  {'; '.join(tried[-1].alarms)[:300]}", flush=True)
    last = base[max(base)]
    return tried, f"exit {last.code}: {last.verdict}"


def _found(one: Tried) -> str:
    return "found" if not one.missed else f"MISSED by {', '.join(one.missed)}"


def page(tried: list[Tried], base: str) -> str:
    """The table of faults and what was found."""
    found, alarms = sum(not one.missed for one in tried), sum(len(one.alarms) for one in tried)
    lines = [
        "# Faults planted, and found by a review",
        "",
        "Made by `python3 -m nox -s faults`: each fault is planted in a copy of a generated, run and committed project",
        f"(theme {THEME}), which is then reviewed. Found means by the rule named and in the file where it is; a false alarm is",
        "any other finding that the clean project does not have. Rules in the second column must all find it.",
        "",
        f"{found} of {len(tried)} found, {alarms} false alarms. The clean project: {base}.",
        "",
        "| fault | by the rules | found | false alarms |",
        "| --- | --- | --- | --- |",
    ]
    for one in tried:
        rules = ", ".join(f"`{rule}`" for rule in one.rules)
        lines.append(f"| {one.name} | {rules} | {_found(one)} | {'; '.join(one.alarms).replace('|', '/') or 'none'} |")
    return "\n".join(lines) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="write benchmarks/faults.md")
    parser.add_argument("-k", dest="only", default="", help="only faults whose name holds these words")
    options = parser.parse_args()
    tried, base = everything(options.only)
    text = page(tried, base)
    print(text)
    if options.write:
        PAGE.write_text(text, encoding="utf-8")
    return 1 if any(one.missed or one.alarms for one in tried) else 0


if __name__ == "__main__":
    sys.path[:0] = [str(ROOT / "shared"), str(ROOT), str(Path(__file__).parent)]
    sys.exit(main())
