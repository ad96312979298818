"""Where the time of one place of a batch goes: a sample of its processes' own CPU time, a thousand times a second.

A sample belongs to the innermost function of ours on its stack: what matplotlib does for a chart of ours is that chart's.
"""

import signal
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

PARTS = (
    ("drawing pictures", ("say/charts.py:png", "say/comparison_charts.py:picture")),
    ("report and files of the run", ("run/written.py", "say/report.py", "run/provenance.py")),
    ("building charts, tables and sentences", ("datajam/say/",)),
    (
        "reading, checking and estimating",
        ("datajam/analyse/", "datajam/observe/", "datajam/sources/", "datajam/leave/", "datajam/vocabulary/", "datajam/project.py"),
    ),
    ("papermill, IPython and saving the notebook", ("",)),
)


def sampled(function, *words: Any) -> tuple[float, Counter]:
    """Run a function in this process: its CPU seconds, and how many samples each part of the work has."""
    found: Counter = Counter()

    def look(_, frame) -> None:
        found[_part(frame)] += 1

    signal.signal(signal.SIGPROF, look)
    started = time.process_time()
    signal.setitimer(signal.ITIMER_PROF, 0.001, 0.001)
    function(*words)
    signal.setitimer(signal.ITIMER_PROF, 0)
    return time.process_time() - started, found


def _part(frame) -> str:
    while frame:
        where = f"{frame.f_code.co_filename}:{frame.f_code.co_name}"
        for name, marks in PARTS[:-1]:
            if any(mark in where for mark in marks):
                return name
        frame = frame.f_back
    return PARTS[-1][0]


def of_a_place(made: Path, turns: int) -> str:
    """A place of a generated project: its CPU seconds; those of its notebooks alone; the shares of all, with '; ' between."""
    from datajam.project import open_project
    from datajam.run import checks, place, runner
    from datajam.run.workers import warmed

    project = open_project(made, place="Leeds")
    pool = warmed(1, made, checks.notebooks(project))
    seconds, report, found = 0.0, 0.0, Counter()
    with pool, tempfile.TemporaryDirectory() as out:
        for turn in range(turns):
            planned = pool.submit(runner.plan, project, "", Path(out) / f"leeds{turn}").result()
            inside = runner.staging(planned.target)
            tasks = [(place._notebook, planned, path, inside) for path in planned.notebooks]
            for task in [*tasks, (runner.finish, planned, inside)]:
                took, samples = pool.submit(sampled, *task).result()
                seconds, found, last = seconds + took, found + samples, took
            report += last
    shares = [f"{name} {100 * found[name] / found.total():.0f}%" for name, _ in PARTS]
    return f"{seconds / turns:.1f}; {(seconds - report) / turns:.1f}; {', '.join(shares)}"


if __name__ == "__main__":
    import where_time_goes

    print(where_time_goes.of_a_place(Path(sys.argv[1]), int(sys.argv[2])))
