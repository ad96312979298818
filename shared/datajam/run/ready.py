"""Imported once, by the server that a batch's processes are forked from: what every place needs is done here, before any."""

import os
import warnings
from contextlib import redirect_stdout, suppress
from io import StringIO
from pathlib import Path

from datajam.run.workers import READY_FOR


def make_ready(folder: Path) -> None:
    """Read the project's data, and write a small page as a run's report is written."""
    from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

    from datajam import sources
    from datajam.observe import observations
    from datajam.project import open_project
    from datajam.say import report

    project = open_project(folder)
    for key, source in project.sources.items():
        with suppress(Exception), redirect_stdout(StringIO()), warnings.catch_warnings(action="ignore"):
            sources.make_ready(source.file, source.layout)
            observations.check(project.read(key))
    said = new_output("stream", text="one")
    cells = [new_markdown_cell("# One\n\n| a |\n|---|\n| 1 |"), new_code_cell("import datajam", outputs=[said])]
    report.body(new_notebook(cells=cells), with_title=True)
    report.style()


with suppress(Exception):
    make_ready(Path(os.environ.pop(READY_FOR)))
