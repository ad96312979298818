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
`python3 -m nox -s notebooks`. `benchmarks/truth.md` has what each gives over 200 seeds. Level 1 needs nothing before it, level 2
something of level 1, and so on.
"""


def contents(folder: Path) -> str:
    """The page: a table for each theme that has examples, a row for each notebook.

    A notebook's level is one more than that of what comes before it. Raises `KeyError` for a notebook that is named and not there.
    """
    told = {path: about(path) for path in sorted(folder.glob("*/*.ipynb"))}
    before = {path.stem.split("_")[0]: each["before"] for path, each in told.items()}
    lines = [_OPENING]
    for theme, title in THEMES.items():
        lines += [f"## {title}", "", "| | question | the trap | the technique | minutes | level | before |", "| --- " * 7 + "|"]
        lines += [_row(path, each, before) for path, each in told.items() if path.parent.name == theme] + [""]
    return "\n".join(lines[:-1]) + "\n"


def about(path: Path) -> dict[str, str]:
    """What a notebook says of itself: question, trap, technique, minutes, and what comes before it."""
    text = "\n".join("".join(cell["source"]) for cell in json.loads(path.read_text(encoding="utf-8"))["cells"])
    return {name: re.search(pattern, text, re.MULTILINE)[1] for name, pattern in _SAID.items()}


_SAID = {
    "question": r"^# (.*)",
    "trap": r"^## The trap: (.*)",
    "technique": r"^## The technique: (.*)",
    "minutes": r"^Time: (\d+)",
    "before": r"^Before this: (.*)",
}


def level(name: str, before: dict[str, str]) -> int:
    """How many notebooks there are up to this one, along the longest way: 1 where nothing comes before.

    >>> level("c4", {"c4": "c5", "c5": "nothing"})
    2
    """
    named = re.findall(r"[acsx]\d", before[name])
    return 1 + max((level(each, before) for each in named), default=0)


def _row(path: Path, each: dict[str, str], before: dict[str, str]) -> str:
    name = path.stem.split("_", 1)[0]
    link = f"[{each['question']}]({path.parent.name}/{path.name})"
    cells = [name.upper(), link, each["trap"], each["technique"], each["minutes"], str(level(name, before)), each["before"]]
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    print(contents(Path(sys.argv[1])), end="")
