"""The trainer's pages: the guide, session by session, the run-sheet from two weeks before to the day after, and the slides."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from datajam.say import report, show
from datajam_teach import contents
from datajam_teach.workshop.answers import Answer, Worked
from datajam_teach.workshop.cohort import name
from datajam_teach.workshop.programme import Programme, needs

_TEMPLATES = [str(resources.files(package) / "templates") for package in ("datajam_teach", "datajam")]
_PREDICTION = re.compile(r"[^.?!]*\b(?:[Pp]redict|before you look|Decide)\b[^.?!]*[.?!](?:[^.?!\n]*\?)?")


@dataclass(frozen=True)
class Exercise:
    """An exercise as the trainer sees it: title, text, what to have predicted, the answer, and what mistakes are told."""

    title: str
    text: str
    predictions: list[str]
    answer: str
    mistakes: list[tuple[str, str]]


@dataclass(frozen=True)
class Lesson:
    """A worked example as the trainer sees it."""

    short: str
    about: Mapping[str, str]
    before: list[str]
    notes: list[str]
    exercises: list[Exercise]
    catch_up: list[str]
    quiz: list[str]


def lesson(path: Path, done: Worked) -> Lesson:
    """What the guide says of one worked example, as it ran for the cohort."""
    cells = done.notebook.cells
    asked = [cell.source for cell in cells if cell.cell_type == "markdown" and "exercise" in _tags(cell)]
    return Lesson(
        short=name(path).upper(),
        about=contents.about(path),
        before=[each.upper() for each in needs(path)],
        notes=_texts(cells, "trainer-note"),
        exercises=[_exercise(text, answer) for text, answer in zip(asked, done.answers, strict=True)],
        catch_up=_texts(cells, "catch-up"),
        quiz=_texts(cells, "solution"),
    )


def _tags(cell) -> list[str]:
    return cell.metadata.get("tags", [])


def _texts(cells, tag: str) -> list[str]:
    """What cells of text say, answers written behind one another each on a line of its own."""
    found = (cell.source for cell in cells if cell.cell_type == "markdown" and tag in _tags(cell))
    return [_html(re.sub(r" (?=\d\. )", "\n", text)) for text in found]


def _exercise(text: str, answer: Answer) -> Exercise:
    heading, _, body = text.strip().partition("\n")
    predictions = [found.strip() for found in _PREDICTION.findall(body)]
    told = [(mistake, answer.says(mistake)) for mistake in answer.wrong]
    mistakes = [(f"{mistake:.4g}" if isinstance(mistake, float) else str(mistake), words) for mistake, words in told]
    return Exercise(heading.lstrip("# "), _html(body.strip()), predictions, f"{answer.right:.6g}", mistakes)


def _html(text: str) -> str:
    from nbconvert.filters import markdown2html

    return markdown2html(text)


def pages(cohort: str, place: str, programme: Programme | None, done: Mapping[Path, Worked], again: str) -> dict[str, str]:
    """`guide.html`, `run_sheet.html` and `slides.html`: the text of each, by name."""
    lessons = {path: lesson(path, worked) for path, worked in done.items()}
    title = programme.title if programme else "Worked examples"
    said: dict[str, Any] = {"cohort": cohort, "place": place, "programme": programme, "lessons": lessons, "title": title}
    said["again"] = again
    decks = [(path, show.slides([(path.stem, worked.notebook)])) for path, worked in done.items()]
    slides = [(lessons[path], [(part.heading, _cells(part.cells)) for part in parts]) for path, parts in decks]
    script = (resources.files("datajam") / "templates" / "slides" / "page.js").read_text(encoding="utf-8")
    look = (resources.files("datajam") / "templates" / "slides" / "page.css").read_text(encoding="utf-8")
    return {
        "guide.html": page("guide", **said),
        "run_sheet.html": page("run_sheet", **said),
        "slides.html": page("slides", slides=slides, script=script, more=look, **said),
    }


def index(place: str, programme: Programme | None, done: Mapping[Path, Worked]) -> str:
    """The page that lists the hand-outs."""
    listed = {f"{path.parent.name}/{path.stem}.html": lesson(path, worked) for path, worked in done.items()}
    return page("handouts", title=programme.title if programme else "Worked examples", place=place, pages=listed)


def page(template: str, more: str = "", **said: Any) -> str:
    """A page from one of the kit's templates, in the style of the project's report."""
    from jinja2 import Environment, FileSystemLoader

    environment = Environment(loader=FileSystemLoader(_TEMPLATES), autoescape=True, trim_blocks=True, lstrip_blocks=True)
    own = (resources.files("datajam_teach") / "templates" / "workshop" / "page.css").read_text(encoding="utf-8")
    style = report.style() + (more or own)
    return environment.get_template(f"workshop/{template}.html.j2").render(style=style, **said) + "\n"


def _cells(cells: list) -> str:
    """Cells as they are shown, without their code."""
    from nbconvert import HTMLExporter
    from nbformat.v4 import new_notebook

    exporter = HTMLExporter(extra_template_basedirs=_TEMPLATES, template_name="slides", template_file="cells.html.j2")
    exporter.exclude_anchor_links = True
    return exporter.from_notebook_node(new_notebook(cells=cells))[0]
