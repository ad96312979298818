"""Something to show: a three-minute deck of slides and a report on one page, both made from a run that finished.

A heading with cells tagged `slide` under it becomes a slide: the heading, then what those cells say and show; code never shows.
Both pages hold all they need and ask for nothing, so that they open on a borrowed laptop without a connection.
"""

import argparse
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from datajam.errors import DataJamError
from datajam.folders import write_text
from datajam.project import Project, open_project
from datajam.say import report

TAG = "slide"
SECONDS_A_SLIDE, LONGEST_SECONDS = 20, 180
MOST_CARDS = 6
_TEMPLATES = Path(str(resources.files("datajam") / "templates"))
_CLAIMS = ("what you may say", "what you may not say")
HOW_TO_TAG = (
    "No cell is tagged `slide`, so the deck has the headline numbers and the sources only. In JupyterLab select a cell, open the "
    "property inspector (the cogs on the right), add the tag `slide`, save, and run the notebooks again."
)


@dataclass(frozen=True)
class FinishedRun:
    """What a run left: executed notebooks in order as (name, notebook), headline numbers, the sources read, and its day."""

    folder: Path
    executed: list[tuple[str, Any]]
    found: list[dict[str, Any]]
    read: list[dict[str, Any]]
    day: datetime

    @property
    def synthetic(self) -> bool:
        """Whether any source read is invented."""
        return any(source["synthetic"] for source in self.read)

    @property
    def mixed(self) -> bool:
        """Whether some numbers rest on invented data and others do not."""
        return self.synthetic and not all(entry.get("synthetic", True) for entry in self.found)

    @property
    def headline(self) -> list[dict[str, Any]]:
        """The numbers the last notebook, the findings, recorded; all of them where it recorded none."""
        return [entry for entry in self.found if entry["notebook"] == self.executed[-1][0]] or self.found


@dataclass(frozen=True)
class Section:
    """A heading of a notebook and the cells under it, up to the next heading."""

    heading: str
    cells: list


@dataclass(frozen=True)
class Shown:
    """The pages made: the deck, the report on one page, how long the deck takes, and what the team should know."""

    deck: Path
    one_page: Path
    slides: int
    seconds: int
    synthetic: bool
    mixed: bool
    notes: list[str]


def finished_run(project: Project) -> FinishedRun:
    """The finished run of the project's place. Raises `DataJamError` where there is none, or where a file of it is damaged."""
    from nbformat import reads

    folder = project.folder / "runs" / project.place.slug
    if not (folder / "provenance.json").is_file():
        raise DataJamError(_no_run(project))
    read, day = _file(project, folder / "provenance.json", _read_and_day)
    found = _file(project, folder / "results.json", json.loads)
    notebooks = sorted(folder.glob("[0-9][0-9]_*.ipynb"))
    executed = [(path.stem, _file(project, path, lambda text: reads(text, as_version=4))) for path in notebooks]
    if not executed:
        raise DataJamError(f"runs/{folder.name} has no notebooks. {_make_one(project)}")
    return FinishedRun(folder, executed, found, read, day)


def _read_and_day(text: str) -> tuple[list[dict[str, Any]], datetime]:
    about = json.loads(text)
    return [source for source in about["inputs"] if source.get("read", True)], datetime.fromisoformat(about["finished"])


def _file(project: Project, path: Path, parse: Callable[[str], Any]) -> Any:
    try:
        return parse(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise DataJamError(f"runs/{path.parent.name}/{path.name} is damaged or gone. {_make_one(project)}") from None


def _make_one(project: Project) -> str:
    return f'Make one with `datajam run --place "{project.place.name}"`.'


def _no_run(project: Project) -> str:
    finished = sorted((project.folder / "runs").glob("[!.]*/provenance.json"))
    names = [path.parent.name for path in finished if path.parent.suffix != ".failed"]
    there = f"There are runs of: {', '.join(names)}." if names else "No place has one yet."
    return f"No finished run of {project.place.name}. {there} {_make_one(project)}"


def sections(name: str, notebook) -> Iterator[Section]:
    """A notebook cut at its headings (a Markdown cell that begins with one), each heading taken out of its cell's text."""
    section = Section(name.split("_", 1)[-1].replace("_", " "), [])
    for cell in notebook.cells:
        heading, _, rest = cell.source.strip().partition("\n")
        if cell.cell_type == "markdown" and re.match("#{1,6} ", heading):
            yield section
            section = Section(heading.lstrip("#").strip(), [])
            cell = _saying(cell, rest.strip())
        section.cells.append(cell)
    yield section


def _saying(cell, text: str):
    """A copy of a cell with another text, its pictures and tags kept."""
    return type(cell)({**cell, "source": text})


def slides(executed: list[tuple[str, Any]]) -> list[Section]:
    """The slides of executed notebooks: each heading that has cells tagged `slide`, with those cells."""
    tagged = (
        Section(section.heading, [cell for cell in section.cells if TAG in cell.metadata.get("tags", [])])
        for name, notebook in executed
        for section in sections(name, notebook)
    )
    return [section for section in tagged if section.cells]


def build(project: Project) -> Shown:
    """Write `slides.html` and `one_page.html` beside the report of the place's finished run; both or, on an error, neither.

    Raises `DataJamError` where there is no finished run.
    """
    run = finished_run(project)
    chosen = slides(run.executed)
    pages = {"slides": _deck(project, run, chosen), "one_page": _one_page(project, run)}
    for name, text in pages.items():
        write_text(run.folder / f"{name}.html", text)
    content = len(chosen) + bool(run.found)
    notes = [*_notes(run, chosen, content), *_outside("".join(pages.values()))]
    deck, page = (run.folder / f"{name}.html" for name in pages)
    return Shown(deck, page, content + 2, content * SECONDS_A_SLIDE, run.synthetic, run.mixed, notes)


def _notes(run: FinishedRun, chosen: list[Section], content: int) -> Iterator[str]:
    if not chosen:
        yield HOW_TO_TAG
    if content * SECONDS_A_SLIDE > LONGEST_SECONDS:
        most = LONGEST_SECONDS // SECONDS_A_SLIDE
        yield f"Longer than three minutes: keep {most} of the {content} slides between the title and the sources."
    headings = [section.heading.casefold() for section in sections(*run.executed[-1])]
    for claim in _CLAIMS:
        if not any(heading.startswith(claim) for heading in headings):
            yield f"{run.executed[-1][0]} has no heading “{claim.capitalize()}”: the one-page report goes without it."


def _outside(text: str) -> Iterator[str]:
    for name in dict.fromkeys(re.findall('<img [^>]*src="(?!data:)([^"]*)"', text)):
        yield f"The picture {name} does not show: save it into notebooks/ and name it in the Markdown without a folder."


def _deck(project: Project, run: FinishedRun, chosen: list[Section]) -> str:
    made = [_parts(project, section) for section in chosen]
    return _page("slides", project, run, made, slides=made, script=_text("slides/page.js"))


def _one_page(project: Project, run: FinishedRun) -> str:
    claims = [each for each in sections(*run.executed[-1]) if each.heading.casefold().startswith(_CLAIMS)]
    made = [_parts(project, section) for section in claims]
    chart = {"content": _html(project, _first_chart(run.executed[-1][1]))}
    return _page("one_page", project, run, [chart, *made], chart=chart, claims=made, date=f"{run.day.day} {run.day:%B %Y}")


def _parts(project: Project, section: Section) -> dict[str, str]:
    """A section's heading and its content as HTML, the heading at the second level and those in the content at the third."""
    from nbformat.v4 import new_markdown_cell

    lowered = [
        _saying(cell, re.sub("(?m)^#+ ", "### ", cell.source)) if cell.cell_type == "markdown" else cell for cell in section.cells
    ]
    return {"heading": _html(project, [new_markdown_cell(f"## {section.heading}")]), "content": _html(project, lowered)}


def _first_chart(notebook) -> list:
    """The first chart of a notebook in a cell tagged `slide`, else the first at all, as a cell that shows nothing else."""
    from nbformat.v4 import new_code_cell

    for cell in sorted(notebook.cells, key=lambda cell: TAG not in cell.metadata.get("tags", [])):
        for output in cell.get("outputs", []):
            if "image/png" in output.get("data", {}):
                return [new_code_cell(outputs=[output])]
    return []


def _html(project: Project, cells: list) -> str:
    """Cells as HTML without their code; pictures beside the notebooks that the team's Markdown names are put in."""
    from nbformat.v4 import new_notebook

    beside = {"metadata": {"path": str(project.folder / "notebooks")}}
    return _exporter().from_notebook_node(new_notebook(cells=cells), resources=beside)[0]


@cache
def _exporter():
    """nbconvert's exporter with our template, made once: that takes longer than a slide."""
    from nbconvert import HTMLExporter

    exporter = HTMLExporter(extra_template_basedirs=[str(_TEMPLATES)], template_name="slides", template_file="cells.html.j2")
    exporter.exclude_anchor_links = exporter.embed_images = True
    return exporter


def _text(name: str) -> str:
    return (_TEMPLATES / name).read_text(encoding="utf-8")


def _page(name: str, project: Project, run: FinishedRun, parts: list[dict[str, str]], **more: Any) -> str:
    """A page from its template, with what both pages say of project, place, numbers and sources."""
    from jinja2 import Environment, FileSystemLoader

    environment = Environment(loader=FileSystemLoader(_TEMPLATES), autoescape=True, trim_blocks=True)
    settings = project.settings.get("project", {})
    return environment.get_template(f"{name}/page.html.j2").render(
        project=project,
        place=project.place,
        theme=str(settings.get("theme", "")).replace("_", " "),
        organisations=settings.get("organisations", ""),
        synthetic=run.synthetic,
        mixed=run.mixed,
        cards=report.cards(run.headline[:MOST_CARDS]),
        more_numbers=len(run.found) - len(run.headline[:MOST_CARDS]),
        sources=run.read,
        attribution=report.ATTRIBUTION if report.open_government(run.read, [{"html": part["content"]} for part in parts]) else "",
        style=_text("report/report.css") + _text(f"{name}/page.css"),
        **more,
    )


def show_command(options: argparse.Namespace) -> None:
    """Make both pages for a place and say what was made."""
    project = open_project(options.project, place=options.place)
    made = build(project)
    print(f"{project.place.name}: {project.name}")
    if made.synthetic:
        print("Part of the data is synthetic." if made.mixed else "Synthetic data: these are not this place's results.")
    length = f"about {made.seconds // 60} min {made.seconds % 60} s to show"
    print(f"  Deck: {made.deck} ({made.slides} slides, {length}, {made.deck.stat().st_size // 1000} kB)")
    print(f"  One page: {made.one_page}")
    for note in made.notes:
        print(note)
