"""A worked example as a page to read or print: the project's own template, the code in its place, alt text kept.

python -m datajam_teach.handouts notebooks FOLDER
"""

import sys
from functools import cache
from importlib import resources
from pathlib import Path

from datajam.say import report

_TEMPLATES = [str(resources.files(package) / "templates") for package in ("datajam_teach", "datajam")]
_STYLE = """
body { max-width: 50rem; margin: 0 auto; padding: 1rem; }
.code pre { overflow-x: auto; padding: .5rem .75rem; border-left: .25rem solid var(--blue); background: #f8f8f8; }
details { margin: 0 0 1rem; } summary { cursor: pointer; }
@media print { details > * { display: block; } figure, pre { break-inside: avoid; } }
"""


def page(notebook) -> str:
    """One notebook as an HTML page that holds all it needs; scrolling parts can be reached with the keyboard."""
    about = {"title": report.title(notebook, "Worked example"), "style": report.style() + _STYLE}
    return _exporter().from_notebook_node(notebook, resources=about)[0].replace("<pre><span>", '<pre tabindex="0"><span>')


@cache
def _exporter():
    """nbconvert's exporter with our template, made once: that takes longer than a page."""
    from nbconvert import HTMLExporter

    exporter = HTMLExporter(extra_template_basedirs=_TEMPLATES, template_name="handout", template_file="page.html.j2")
    exporter.exclude_input_prompt = exporter.exclude_output_prompt = True
    return exporter


def write_handouts(notebooks: list[Path], folder: Path) -> list[Path]:
    """Write the pages of notebooks into a folder, by theme: the files written."""
    import nbformat

    from datajam.folders import write_text

    made = [folder / path.parent.name / f"{path.stem}.html" for path in notebooks]
    for path, target in zip(notebooks, made, strict=True):
        target.parent.mkdir(parents=True, exist_ok=True)
        write_text(target, page(nbformat.read(path, as_version=4)))
    return made


if __name__ == "__main__":
    for made in write_handouts(sorted(Path(sys.argv[1]).glob("*/*.ipynb")), Path(sys.argv[2])):
        print(made)
