"""A run as one HTML file that a councillor would read: numbers first, working folded away, nothing fetched."""

import re
from functools import cache
from importlib import resources
from typing import Any

from datajam.project import Project
from datajam.say import results

ATTRIBUTION = "Contains public sector information licensed under the Open Government Licence v3.0."


def _templates() -> str:
    return str(resources.files("datajam") / "templates")


def body(notebook, with_title: bool) -> str:
    """One executed notebook as HTML, through nbconvert and our template, its headings a level below the page's."""
    from copy import deepcopy

    notebook = deepcopy(notebook)
    for cell in [cell for cell in notebook.cells if cell.cell_type == "markdown"]:
        lines = [line for line in cell.source.splitlines() if with_title or not line.startswith("# ")]
        cell.source = "\n".join(f"#{line}" if re.match("#+ ", line) else line for line in lines)
    return _exporter().from_notebook_node(notebook)[0]


@cache
def _exporter():
    from nbconvert import HTMLExporter

    exporter = HTMLExporter(extra_template_basedirs=[_templates()], template_name="report", template_file="notebook.html.j2")
    exporter.exclude_input_prompt = exporter.exclude_output_prompt = True
    return exporter


@cache
def _page():
    from jinja2 import Environment, FileSystemLoader

    environment = Environment(loader=FileSystemLoader(_templates()), autoescape=True, trim_blocks=True)
    return environment.get_template("report/page.html.j2")


def title(notebook, name: str) -> str:
    """The title of a notebook: its first heading, else the name."""
    first = next((cell.source for cell in notebook.cells if cell.cell_type == "markdown"), name)
    line = next((line for line in first.splitlines() if line.startswith("# ")), f"# {name}")
    return line.removeprefix("# ").strip()


@cache
def style() -> str:
    """The style sheet of the report, with that of code in it."""
    from pygments.formatters import HtmlFormatter

    code = HtmlFormatter(style="a11y-high-contrast-light").get_style_defs(".highlight") if _has_style() else ""
    return code + (resources.files("datajam") / "templates" / "report" / "report.css").read_text(encoding="utf-8")


def _has_style() -> bool:
    from pygments.styles import get_all_styles

    return "a11y-high-contrast-light" in set(get_all_styles())


def cards(found: list[dict[str, Any]]) -> list[dict[str, str]]:
    """The headline numbers as a reader meets them: label, number, and what it rests on.

    >>> cards([{"label": "Gap", "value": None, "unit": "points", "digits": 1, "reason": "suppressed"}])
    [{'label': 'Gap', 'number': 'No figure', 'detail': 'suppressed', 'synthetic': False}]
    """
    made = []
    for entry in found:
        text = results.number(entry)
        detail = entry["reason"] if entry["value"] is None else results.sentence(entry)[len(text) :].strip(" ,()")
        detail = detail.replace("), ", "; ").replace(")", "")
        number = "No figure" if entry["value"] is None else text
        made.append({"label": entry["label"], "number": number, "detail": detail, "synthetic": entry.get("synthetic", False)})
    return made


def open_government(read: list[dict[str, Any]], parts: list[dict[str, str]]) -> bool:
    """Whether the page holds open-government information: from a source, or from the reference figures."""
    return any("Open Government" in source["licence"] for source in read) or any(
        "<th>published figure</th>" in part["html"] for part in parts
    )


def render(
    project: Project, executed: list, found: list[dict[str, Any]], about: dict[str, Any], attached: dict[str, dict[str, str]]
) -> str:
    """The report page of a run: the last notebook is the findings, the others are the working; attached pages are linked."""
    parts = [
        {"title": title(notebook, name), "html": body(notebook, with_title=name == executed[-1][0])} for name, notebook in executed
    ]
    read = [source for source in about["inputs"] if source["read"]]
    return _page().render(
        project=project,
        settings=project.settings.get("project", {}),
        place=project.place,
        cards=cards([entry for entry in found if entry["notebook"] == executed[-1][0]]),
        more=cards([entry for entry in found if entry["notebook"] != executed[-1][0]]),
        findings=parts[-1],
        working=parts[:-1],
        mixed=any(source["synthetic"] for source in read) and not all(entry["synthetic"] for entry in found),
        sources=read,
        about=about,
        attached=attached,
        attribution=ATTRIBUTION if open_government(read, parts) else "",
        style=style(),
    )
