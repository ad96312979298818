"""Runs beside the first: with other settings, for another place, with each numeric parameter moved."""

import re
import subprocess
from collections.abc import Callable, Iterator
from copy import copy
from typing import Any

from datajam.project import Project
from datajam.review import headline, rerun
from datajam.review.compare import compare
from datajam.review.evidence import Evidence, Reviewed
from datajam.run import checks

OTHER_SETTINGS = {"PYTHONHASHSEED": "4711", "TZ": "Pacific/Auckland", "LC_ALL": "C", "LANG": "C"}
ONE_THREAD = {name: "1" for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")}
SHIFT = 0.1
MOST_RUNS = 8
_PLACES = ("Birmingham", "Leeds", "North West")
_PLACED = re.compile(r"(?P<notebook>[\w-]+), cell (?P<cell>\d+): (?P<words>.*)")
Say = Callable[[str], None]


def determinism(room: rerun.Room, evidence: Evidence, project: Project | None, say: Say) -> dict[str, Any]:
    """A second run with another hash seed, time zone, locale and number of threads: what it gives otherwise."""
    words = ", ".join(f"{name}={value}" for name, value in OTHER_SETTINGS.items()) + ", one thread"
    other = copy(room)
    other.settings = {**OTHER_SETTINGS, **ONE_THREAD}
    if project:
        ran = _run(other, [], project.place.slug)
        seconds = [{"words": ran["problem"], **ran["where"]}] if ran["problem"] else []
        again = ran["notebooks"]
    else:
        seconds, again = [], {}
        for one in [one for one in evidence.notebooks if one.ran]:
            say(f"  again: {one.path}")
            second = Reviewed(one.path, source=one.source, then=one.then)
            rerun.run(other, second, {}, evidence.folder)
            again[one.path] = second.now
            if second.failure:
                where = {"notebook": one.path, "cell": second.failure.cell}
                seconds.append({"words": f"It does not run: {second.failure.words}", **where})
    return {"words": words, "findings": [*seconds, *_apart(evidence, again)]}


def _apart(evidence: Evidence, again: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """What the second run shows otherwise; an output that already differs from the saved one is said once, there."""
    for one in evidence.notebooks:
        second = again.get(one.path)
        if second is None or one.now is None:
            continue
        for each in compare(one.now, second):
            if each.same in ("different", "missing", "new"):
                yield {
                    "words": f"Output {each.output} ({each.kind}) is another in the second run: {each.words}",
                    "notebook": one.path,
                    "cell": each.cell,
                }


def _run(room: rerun.Room, words: list[str], slug: str) -> dict[str, Any]:
    """`datajam run` of the project itself, in the room: its notebooks, results, and what went wrong, in words and where."""
    command = [room.environment.python, "-m", "datajam", "run", "--quiet", *words]
    variables = {name: value for name, value in room.variables().items() if name != "DATAJAM_WATCH"}
    try:
        done = subprocess.run(
            room.walls.around(command, room.inside, room.memory),
            cwd=room.project,
            env={**variables, "PYTHONIOENCODING": "utf-8"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=room.seconds,
        )
    except subprocess.TimeoutExpired:
        return {"problem": f"it took more than {room.seconds:g} s", "where": {}, "notebooks": {}, "results": []}
    if done.returncode != 0:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines()
        line = (said[-1] if said else "it said nothing").removeprefix("datajam: ")[:300]
        found = _PLACED.search(line)
        where = {"notebook": f"notebooks/{found['notebook']}.ipynb", "cell": int(found["cell"])} if found else {}
        return {"problem": line, "where": where, "notebooks": {}, "results": []}
    folder = room.project / "runs" / slug
    executed = {f"notebooks/{path.name}": rerun.read(path)[0] for path in sorted(folder.glob("*.ipynb"))}
    return {"problem": "", "where": {}, "notebooks": executed, "results": headline.recorded(folder / "results.json")}


def generality(room: rerun.Room, evidence: Evidence, project: Project, place: str = "") -> dict[str, Any]:
    """A run for a place the authors did not choose: whether it runs, and whether a number stays as it was."""
    from datajam.vocabulary import places

    own = project.place
    other = places.find(place) if place else next(found for found in map(places.find, _PLACES) if found.code != own.code)
    ran = _run(room, ["--place", other.name], other.slug)
    if ran["problem"]:
        return {"words": other.name, "findings": [{"words": f"{other.name}: {ran['problem']}", **ran["where"]}]}
    same = list(_stays(evidence, ran["results"], own.name, other.name))
    return {"words": other.name, "findings": same, "results": ran["results"]}


def _stays(evidence: Evidence, found: list[dict[str, Any]], own: str, other: str) -> Iterator[dict[str, Any]]:
    """Headline numbers with an interval or many digits that are the same for both places, base and all."""
    here = {entry["name"]: entry for entry in evidence.results_now}
    for entry in found:
        first = here.get(entry["name"], {})
        telling = isinstance(entry.get("value"), float) and entry.get("base") and (entry.get("lower_95") is not None)
        if telling and all(first.get(side) == entry.get(side) for side in ("value", "base", "lower_95", "upper_95")):
            yield {
                "words": f"{entry['label']}: {entry['value']} for {own} and for {other}. Is the place typed in?",
                "notebook": f"notebooks/{entry.get('notebook')}.ipynb",
                "cell": entry.get("cell"),
            }


def moves(project: Project) -> list[tuple[str, Any, Any]]:
    """Each numeric parameter with its value and the one it is moved to: a tenth down and up, a whole number by one at least."""
    values: dict[str, Any] = {}
    for path in checks.notebooks(project):
        values |= checks.declared(path)
    values |= {name: value for name, value in project.parameters.items() if name in values}
    found = []
    for name, value in values.items():
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            continue
        if "seed" in name:
            found.append((name, value, value + 1))
        else:
            step = max(1, round(abs(value) * SHIFT)) if isinstance(value, int) else (abs(value) or 1.0) * SHIFT
            found += [(name, value, value - step), (name, value, value + step)]
    return found[:MOST_RUNS]


def sensitivity(room: rerun.Room, evidence: Evidence, project: Project, say: Say) -> dict[str, Any]:
    """Each numeric parameter moved: which headline number changes its sign, or its place among those of its unit."""
    tried, findings = [], []
    for name, before, after in moves(project):
        say(f"  {name} = {after:g} instead of {before:g}")
        ran = _run(room, ["-p", f"{name}={after}"], project.place.slug)
        about = f"{name} = {after:g} instead of {before:g}"
        tried.append(about)
        if ran["problem"]:
            findings.append({"words": f"{about}: {ran['problem']}", **ran["where"]})
        findings += [{**each, "words": f"{about}: {each['words']}"} for each in turned(evidence.results_now, ran["results"])]
    return {"words": "; ".join(tried) or "no notebook has a numeric parameter", "findings": findings}


def turned(then: list[dict[str, Any]], now: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Headline numbers that changed sign, or changed places with another of their unit.

    >>> turned([{"name": "a", "label": "A", "value": 1.0}], [{"name": "a", "label": "A", "value": -0.5}])[0]["words"]
    'A changes sign: 1.0, then -0.5'
    """
    after = {entry["name"]: entry for entry in now if isinstance(entry.get("value"), (int, float))}
    before = {e["name"]: e for e in then if isinstance(e.get("value"), (int, float)) and e["name"] in after}
    found = []
    for name, entry in before.items():
        if entry["value"] * after[name]["value"] < 0:
            found.append(_turned(entry, f"changes sign: {entry['value']}, then {after[name]['value']}"))
    names = list(before)
    for at, one in enumerate(names):
        for other in names[at + 1 :]:
            apart = [each[one]["value"] - each[other]["value"] for each in (before, after)]
            if before[one].get("unit") == before[other].get("unit") and apart[0] * apart[1] < 0:
                found.append(_turned(before[one], f"changes places with {before[other]['label']}"))
    return found


def _turned(entry: dict[str, Any], words: str) -> dict[str, Any]:
    where = {"notebook": f"notebooks/{entry['notebook']}.ipynb", "cell": entry.get("cell")} if entry.get("notebook") else {}
    return {"words": f"{entry['label']} {words}", **where}
