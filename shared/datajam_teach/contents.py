"""The contents of the worked examples, read from the notebooks: question, trap, technique, minutes, and what comes before.

python -m datajam_teach.contents notebooks > notebooks/README.md
"""

import json
import re
import sys
from pathlib import Path

THEMES = {"start_here": "Start here", "social_cohesion": "Social cohesion", "attainment": "Attainment", "skills": "Skills"}
_OPENING = """# Worked examples

Each is one story about a place and a decision: the tempting analysis first, then the cure, on data made from known parameters, so
that the notebook can check its answer and not only its output. Open one with `python3 -m nox -s lab`, or run all with
`python3 -m nox -s notebooks`. `benchmarks/truth.md` has what each gives over 200 seeds.
"""


def contents(folder: Path) -> str:
    """The page: a table for each theme that has examples, a row for each notebook."""
    lines = [_OPENING]
    for theme, title in THEMES.items():
        paths = sorted((folder / theme).glob("*.ipynb"))
        if paths:
            lines += [f"## {title}", "", "| | question | the trap | the technique | minutes | before |", "| --- " * 6 + "|"]
            lines += [_row(path) for path in paths] + [""]
    return "\n".join(lines)


def _row(path: Path) -> str:
    text = "\n".join("".join(cell["source"]) for cell in json.loads(path.read_text(encoding="utf-8"))["cells"])
    question, trap, technique, minutes, before = (
        re.search(pattern, text, re.MULTILINE)[1]
        for pattern in (r"^# (.*)", r"^## The trap: (.*)", r"^## The technique: (.*)", r"^Time: (\d+)", r"^Before this: (.*)")
    )
    name = path.stem.split("_", 1)[0].upper()
    return f"| {name} | [{question}]({path.parent.name}/{path.name}) | {trap} | {technique} | {minutes} | {before} |"


if __name__ == "__main__":
    print(contents(Path(sys.argv[1])), end="")
