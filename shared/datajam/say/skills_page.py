"""The skills engine as one HTML file for a resident: type your skills, see which come next, their pay, and the jobs.

The file holds everything (style, script and the engine's scores as compact JSON), asks for nothing, and keeps nothing. Its
script adds up the same whole-number scores as `skills.Engine`, so that its answers are the engine's, in the same order.
"""

import json
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from datajam.analyse.skills import Engine, month_in_words
from datajam.errors import DataJamError

SHOWN = 5


def _flat(scores: pd.Series, counts: pd.Series, support: int, first: int = 0) -> list[int]:
    """One skill's partners from position `first` on, as a flat list: position, score, adverts; position, score, adverts."""
    places = np.flatnonzero(counts.to_numpy() >= support)
    places = places[places >= first]
    return np.column_stack([places, scores.to_numpy()[places], counts.to_numpy()[places]]).astype(int).ravel().tolist()


def payload(engine: Engine, n: int = SHOWN) -> dict[str, Any]:
    """What the page needs of the engine, and no more.

    `skills`: name, adverts, salary in whole pounds or None, and how many skills share it where it is imputed, else 0. `links`:
    for each skill those after it that it shares enough adverts with; `carries`: for each skill the job titles with enough adverts.
    """
    salaries = [engine.salary(name) for name in engine.skills]
    rows = [
        [salary.skill, salary.adverts, None if salary.value is None else round(salary.value), salary.shared_by * salary.imputed]
        for salary in salaries
    ]
    scores, counts, support = engine.associations, engine.adjacency, engine.support
    return {
        "n": n,
        "support": support,
        "month": month_in_words(salaries[0].month),
        "with_figure": salaries[0].skills,
        "skills": rows,
        "links": [_flat(scores[name], counts[name], support, place + 1) for place, name in enumerate(engine.skills)],
        "jobs": list(engine.jobs.index),
        "carries": [_flat(engine.shares[name], engine.jobs[name], support) for name in engine.skills],
    }


def _text(name: str) -> str:
    return (resources.files("datajam") / "templates" / name).read_text(encoding="utf-8")


def _embedded(data: dict[str, Any]) -> str:
    """The data as JSON that cannot end the script element it stands in."""
    return json.dumps(data, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")


def render(engine: Engine, *, synthetic: bool, title: str = "Which skills next?", about: str = "", n: int = SHOWN) -> str:
    """The page as HTML text. `synthetic` must be said, and puts a warning first; `about` says whose adverts, where and when.

    >>> skills = ["Java", "SQL"]
    >>> square = pd.DataFrame([[100, 60], [60, 90]], skills, skills)
    >>> pay = pd.DataFrame([[41000.0, 38000.0]], ["201808"], skills)
    >>> made = Engine(square, pay, pd.DataFrame([[70, 50]], ["Developer"], skills))
    >>> "These adverts are invented" in render(made, synthetic=True)
    True
    """
    from jinja2 import Environment, FileSystemLoader

    if isinstance(n, bool) or not isinstance(n, int) or n < 1:
        raise DataJamError(f"n is {n!r}: it must be a whole number, 1 or more.")
    folder = str(resources.files("datajam") / "templates" / "skills")
    environment = Environment(loader=FileSystemLoader(folder), autoescape=True, trim_blocks=True)
    month = str(engine.salaries.index[-1])
    heap, imputed, with_figure = engine.heaped.get(month, (0, 0, 0))
    return environment.get_template("page.html.j2").render(
        title=title,
        about=about,
        synthetic=synthetic,
        names=engine.skills,
        jobs=len(engine.jobs),
        support=engine.support,
        month=month_in_words(month),
        heap=round(heap),
        imputed=imputed,
        with_figure=with_figure,
        data=_embedded(payload(engine, n)),
        style=_text("report/report.css") + _text("skills/page.css"),
        script=_text("skills/page.js"),
    )


def write(path: str | Path, engine: Engine, **said: Any) -> Path:
    """Write the page to a file, as `render` makes it, and return its path."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(render(engine, **said), encoding="utf-8", newline="\n")
    return path
