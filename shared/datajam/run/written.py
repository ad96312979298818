"""What a finished run leaves: recorded numbers, charts with their data, pages, provenance, the report."""

import base64
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from datajam.errors import DataJamError
from datajam.folders import write_text
from datajam.project import Project
from datajam.run import provenance
from datajam.say import report, results

SMALL_BASE = 10
_NOT_PEOPLE = re.compile(r"(years|periods|weeks|months|days|indicators|authorities|places|areas|numbers|concepts|professions)\b")


def write(project: Project, folder: Path, executed: list, parameters: dict[str, Any], hashes: dict[str, str], started: str):
    """Fill a run's folder from its executed notebooks: (the recorded numbers, whether invented data was read).

    Raises `DataJamError` for a number or chart recorded twice, and for a number on few people of a source that is not open.
    """
    found = [{**_rests_on(entry, executed, project), **_place(project)} for entry in results.collect(executed)]
    write_text(folder / "results.json", json.dumps(found, indent=1, ensure_ascii=False) + "\n")
    charts = list(drawn(executed))
    for chart in charts:
        (folder / "figures").mkdir(exist_ok=True)
        (folder / "figures" / f"{chart['name']}.png").write_bytes(base64.b64decode(chart["png"]))
        write_text(folder / "figures" / f"{chart['name']}.csv", chart["csv"])
    pages = attached(executed)
    for name, page in pages.items():
        write_text(folder / name, page["text"])
    about = provenance.gather(project, parameters, hashes, started, [name for name, _ in executed])
    read = sources_read(executed)
    raw = {found["source"] for _, found, _ in _about_outputs(executed) if found.get("cleared") is False}
    about["inputs"] = [{**entry, "read": entry["id"] in read, "cleared": entry["id"] not in raw} for entry in about["inputs"]]
    write_text(folder / "provenance.json", json.dumps(about, indent=1, ensure_ascii=False) + "\n")
    write_text(folder / "report.html", report.render(project, executed, found, about, pages))
    return found, any(entry["read"] and entry["synthetic"] for entry in about["inputs"])


def _place(project: Project) -> dict[str, str]:
    return {"place": project.place.name, "place_code": project.place.code}


def _rests_on(entry: dict[str, Any], executed: list, project: Project) -> dict[str, Any]:
    """A recorded number with the sources it rests on, and whether any of them is synthetic.

    Raises `DataJamError` for a source that the data log does not have, and for a number on few people of one that is not open.
    """
    named = entry["sources"] or sorted(sources_read([each for each in executed if each[0] == entry["notebook"]]))
    sensitive = [key for key in named if project.entry(key).sensitivity != "open"]
    few = entry["base"] is not None and entry["base"] < SMALL_BASE and not _NOT_PEOPLE.match(entry["base_of"])
    if sensitive and few and entry["value"] is not None:
        raise DataJamError(
            f"{entry['notebook']}, cell {entry['cell']}: {entry['name']!r} rests on {entry['base']} {entry['base_of']} of "
            f"{sensitive[0]}, which is not open: {SMALL_BASE} are needed. Record it as None with status='suppressed'."
        )
    return {**entry, "sources": named, "synthetic": any(project.entry(key).synthetic for key in named)}


def _about_outputs(executed: list) -> Iterator[tuple[str, dict[str, Any], Any]]:
    """What DataJam wrote beside the outputs of executed notebooks: (notebook, what, output)."""
    for title, notebook in executed:
        for cell in notebook.cells:
            for output in cell.get("outputs", []):
                about = output.get("metadata", {}).get("datajam")
                if about:
                    yield title, about, output


def sources_read(executed: list) -> set[str]:
    """The ids of the sources that executed notebooks read."""
    return {about["source"] for _, about, _ in _about_outputs(executed) if "source" in about}


def attached(executed: list) -> dict[str, dict[str, str]]:
    """The pages that executed notebooks put beside the report: {file name: its text and what it is about}.

    Raises `DataJamError` where two have one name, or that of a run's own file.
    """
    found: dict[str, dict[str, str]] = {}
    for title, about, output in _about_outputs(executed):
        if "file" in about:
            name = about["file"]
            if name in found or name in ("report.html", "slides.html", "one_page.html"):
                raise DataJamError(f"{title}: a page called {name!r} is there already. Rename one.")
            found[name] = {"text": output["data"][results.FILE_MIME], "about": about["about"]}
    return found


def drawn(executed: list) -> Iterator[dict[str, str]]:
    """The charts in executed notebooks: name, title, alt text, PNG (base64) and data (CSV).

    Raises `DataJamError` where two charts have one name.
    """
    seen: dict[str, str] = {}
    for title, about, output in _about_outputs(executed):
        if "chart" not in about:
            continue
        name = about["chart"]
        if name in seen:
            raise DataJamError(f"{title}: a chart called {name!r} was drawn before, in {seen[name]}. Rename one.")
        seen[name] = title
        alt, data = output["metadata"]["image/png"]["alt"], output["data"]
        yield {"name": name, "title": about["title"], "alt": alt, "png": data["image/png"], "csv": data["text/csv"]}
