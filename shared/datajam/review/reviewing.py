"""A whole review, from an address or a folder to a folder with its report: fetch, build, run, compare, vary, judge, write."""

import platform
import shlex
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from datajam.errors import DataJamError, readable
from datajam.folders import put_in_place, staging, write_text
from datajam.project import Project, open_project
from datajam.review import clean_room, environment, headline, rerun, variations, verdict, walls
from datajam.review.compare import compare
from datajam.review.evidence import Evidence, Failure, Finding, Reviewed
from datajam.run import checks

OWN_FILES = {"report.html", "report.json", "codecheck.yml", "crate"}
WARNING = "A review executes other people's code on this computer."
Say = Callable[[str], None]


@dataclass(frozen=True)
class Asked:
    """What a review was asked: where, which commit, and how.

    `place` is the place for the run that the authors did not choose; `python` an environment that is there already and is
    used instead of the project's own lock; `quick` leaves out the extra runs.
    """

    source: str = "."
    commit: str = ""
    offline: bool = False
    place: str = ""
    out: str = ""
    quick: bool = False
    python: str = ""
    seconds: float = rerun.NOTEBOOK_SECONDS


@dataclass
class Done:
    """A finished review: its verdict, exit code, findings, what it saw, and the folder it lies in."""

    verdict: str
    code: int
    findings: list[Finding]
    evidence: Evidence
    folder: Path


def review(asked: Asked, say: Say = print) -> Done:
    """Review a project and write `review/`, whole or not at all.

    Raises `DataJamError` before anything is run where the address, the commit or the folder for the review is wrong.
    """
    from datajam.review.rules import apply

    target = _target(asked)
    with clean_room.temporary() as outer:
        evidence = gather(asked, outer, say)
        say("Applying the rules")
        findings = apply(evidence)
        said, code = verdict.line(evidence), verdict.exit_code(evidence, findings)
        _write(target, evidence, findings, said, code)
    return Done(said, code, findings, evidence, target)


def gather(asked: Asked, outer: Path, say: Say) -> Evidence:
    """Everything a review sees: the commit fetched, its environment built, its notebooks run and compared, the extra runs."""
    started = time.monotonic()
    say(f"{WARNING} Fetching {readable(asked.source)}")
    clone = clean_room.fetch(asked.source, asked.commit, outer)
    inside = outer / "inside"
    inside.mkdir()
    project = _project(clone.folder)
    evidence = _begun(clone, project, asked)
    room = _built(asked, clone, outer, evidence, say)
    if room:
        parameters = _parameters(project) if project else {}
        for number, one in enumerate(evidence.notebooks, start=1):
            _reviewed(room, one, parameters, clone.folder, f"[{number}/{len(evidence.notebooks)}] {readable(one.path)}", say)
        evidence.results_now = headline.collected(evidence.notebooks)
        _vary(asked, room, evidence, project, say, lambda: clean_room.working_copy(clone, inside))
    evidence.seconds = time.monotonic() - started
    return evidence


def _project(folder: Path) -> Project | None:
    """The project with its settings, or None where there is no hack.toml or it cannot be used."""
    if not (folder / "hack.toml").is_file():
        return None
    try:
        found = open_project(folder)
        _ = found.place, found.sources
        return found
    except DataJamError:
        return None


def _begun(clone: clean_room.Clone, project: Project | None, asked: Asked) -> Evidence:
    """The evidence before anything has run."""
    asked_for = environment.declared(clone.folder, clone.root)
    evidence = Evidence(
        folder=clone.folder,
        commit=clone.commit,
        clean=not clone.changed,
        origin=clone.origin,
        settings=project.settings if project else None,
        files=clone.files,
        declared=asked_for.packages,
        lock=asked_for.file,
        lock_sha256=asked_for.sha256,
        authors=clone.authors,
        replay=_replay(clone, asked),
    )
    if project:
        evidence.place, run = project.place.name, f"runs/{project.place.slug}"
        evidence.run = run if (clone.folder / run).is_dir() else ""
        evidence.results_then = headline.recorded(clone.folder / run / "results.json")
    evidence.notebooks = [_saved(path, clone.folder, evidence.run) for path in rerun.found(clone.folder)]
    evidence.not_checked = list(_not_checked(clone, project))
    return evidence


def _replay(clone: clean_room.Clone, asked: Asked) -> str:
    words = ["datajam", "review", clone.origin, *(["--commit", clone.commit] if clone.commit else [])]
    words += [*(["--place", asked.place] if asked.place else []), *(["--quick"] if asked.quick else [])]
    return readable(shlex.join(words))


def _saved(path: Path, folder: Path, run: str) -> Reviewed:
    """A notebook as committed, with the outputs it is compared with: those of the committed run, else its own."""
    one = Reviewed(path.relative_to(folder).as_posix())
    one.source, problem = rerun.read(path)
    if problem:
        one.failure = Failure("code", problem, None, "Restore the notebook from git, or save it again in JupyterLab.")
    beside = folder / run / path.name
    if run and path.parent == folder / "notebooks" and beside.is_file() and not beside.is_symlink():
        one.then = rerun.read(beside)[0]
    elif one.source is not None and any(cell.get("outputs") for cell in one.source.cells):
        one.then = one.source
    return one


def _not_checked(clone: clean_room.Clone, project: Project | None) -> Iterator[str]:
    yield "Whether the question was worth asking, the method suits it, and the data is true: a person has to judge that."
    if clone.changed:
        files = "1 file differs" if clone.changed == 1 else f"{clone.changed} files differ"
        yield f"In the folder given {files} from the commit: the commit was reviewed."
    for name in clone.links[:20]:
        yield f"{readable(name)} is a link that leads out of the project: it was taken away."
    if (clone.folder / "hack.toml").is_file() and project is None:
        yield "hack.toml could not be used: the notebooks were run as they stand."


def _built(asked: Asked, clone: clean_room.Clone, outer: Path, evidence: Evidence, say: Say) -> rerun.Room | None:
    """The room with its environment, or None where there can be none; what it is goes into the evidence."""
    inside = outer / "inside"
    asked_for = environment.declared(clone.folder, clone.root)
    if asked.python:
        made = environment.existing(asked.python)
    else:
        say(f"Installing {asked_for.file or 'nothing but a kernel: no packages are declared'}")
        made = environment.build(clone.folder, clone.root, asked_for, inside, asked.offline)
    held = walls.walls(outer)
    evidence.environment = {
        "packages": made.words,
        "network": held.words,
        "python": made.packages.get("python", platform.python_version()),
        "system": f"{platform.system()} {platform.machine()}",
        "limits": f"{asked.seconds:g} s and {walls.MEMORY_MB} MB a notebook",
        "settings": ", ".join(f"{name}={value}" for name, value in rerun.SETTINGS.items()),
    }
    say(f"Environment: {made.words}. {held.words[0].upper()}{held.words[1:]}.")
    if held.kind == "none":
        evidence.not_checked.append("Whether it runs without a network: this system could not switch it off.")
    if made.problem:
        remedy = f"Mend {asked_for.file or 'the declared packages'} and lock again."
        for one in evidence.notebooks:
            one.failure = Failure("dependency", made.problem, None, remedy)
        return None
    project = clean_room.working_copy(clone, inside)
    return rerun.Room(inside, project, inside / "project", made, held, seconds=asked.seconds)


def _parameters(project: Project) -> dict[str, Any]:
    """The parameters of hack.toml in the types the notebooks declare, the place by its name."""
    declared: dict[str, Any] = {}
    for path in rerun.found(project.folder):
        notebook, _ = rerun.read(path)
        declared |= rerun.declared(notebook) if notebook is not None else {}
    values = {}
    for name, value in project.parameters.items():
        try:
            values[name] = checks.typed(name, value, declared[name]) if name in declared else value
        except DataJamError:
            values[name] = value
    return {**values, "place": project.place.name}


def _reviewed(room: rerun.Room, one: Reviewed, parameters: dict[str, Any], committed: Path, label: str, say: Say) -> None:
    """Run one notebook and compare what it gives with what was saved."""
    if one.failure:
        say(f"{label}: {one.failure.words}")
        return
    say(label)
    try:
        rerun.run(room, one, parameters, committed)
        if one.then is not None and one.ran:
            one.outputs = compare(one.then, one.now)
    except Exception as error:  # other people's notebooks: one that nothing here foresaw must not end the review of the others
        remedy = "Open it in JupyterLab, run it and save it again."
        one.failure = Failure("code", f"it could not be reviewed ({type(error).__name__}: {str(error)[:200]})", None, remedy)
    what = f"{one.failure.kind}: {readable(one.failure.words)}" if one.failure else verdict.compared(one.outputs)
    say(f"{' ' * 6}{what}, {one.seconds:.0f} s")


def _vary(
    asked: Asked, room: rerun.Room, evidence: Evidence, project: Project | None, say: Say, afresh: Callable[[], Path]
) -> None:
    """The extra runs, where they were not declined and the first run gave something to compare with."""
    if asked.quick:
        evidence.not_checked.append("A second run, another place, moved parameters: --quick left them out.")
        return
    if not all(one.ran for one in evidence.notebooks):
        evidence.not_checked.append("A second run, another place, moved parameters: the first run did not come to its end.")
        return
    say("Again, with another hash seed, time zone, locale and number of threads")
    afresh()
    evidence.variations["determinism"] = variations.determinism(room, evidence, project, say)
    if project is None:
        evidence.not_checked.append("Another place and moved parameters: there is no hack.toml that names them.")
        return
    say("For a place the authors did not choose")
    evidence.variations["generality"] = variations.generality(room, evidence, project, asked.place)
    say("With each numeric parameter moved")
    evidence.variations["sensitivity"] = variations.sensitivity(room, evidence, project, say)


def _target(asked: Asked) -> Path:
    """The folder for the review. Raises `DataJamError` where it holds anything that a review does not write."""
    beside = Path(".") if clean_room.is_address(asked.source) else Path(asked.source).expanduser()
    target = Path(asked.out).expanduser() if asked.out else beside / "review"
    if target.is_symlink() or target.exists() and not target.is_dir():
        raise DataJamError(f"{target}: is no folder. Say where the review goes with --out FOLDER.")
    foreign = sorted({path.name for path in target.iterdir()} - OWN_FILES) if target.is_dir() else []
    if foreign:
        raise DataJamError(f"{target}: holds {foreign[0]}, which is not a review's. Say where it goes with --out FOLDER.")
    return target.resolve()


def _write(target: Path, evidence: Evidence, findings: list[Finding], said: str, code: int) -> None:
    from datajam.review import crate
    from datajam.review.report import render

    folder = staging(target)
    try:
        evidence.environment["crate"] = crate.write(folder / "crate", evidence, said)
        write_text(folder / "report.html", render(evidence, findings, said))
        write_text(folder / "report.json", verdict.as_json(evidence, findings, said, code))
        write_text(folder / "codecheck.yml", verdict.codecheck(evidence, said))
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    put_in_place(folder, target)


def review_command(asked: Asked) -> int:
    """Review, and print what came of it: 0 all reproduced, 1 differences, 2 could not run."""
    done = review(asked, lambda text: print(text, flush=True))
    for found in [found for found in done.findings if found.level != "note"][:40]:
        where = f" ({readable(found.file)}{f', cell {found.cell}' if found.cell else ''})" if found.file else ""
        print(f"  {found.level} {found.rule}{where}: {readable(found.words)}")
    print(f"\n{done.verdict}\n\nReport: {done.folder / 'report.html'}\nAgain:  {done.evidence.replay}")
    return done.code
