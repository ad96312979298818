"""The copies of a worked example: a participant's without solutions, a trainer's with everything, a page and slides to show.

Cells are taken out and outputs cleared by nbconvert's own preprocessors, as `PARTICIPANT` and `PUBLISHED` configure them.
"""

from copy import deepcopy

from traitlets.config import Config

from datajam_teach import handouts
from datajam_teach.workshop.answers import Answer

STUB = "answer = ..."
_BY_TAG = "nbconvert.preprocessors.TagRemovePreprocessor"
_CLEARED = "nbconvert.preprocessors.ClearOutputPreprocessor"
PARTICIPANT = Config(
    NotebookExporter={"preprocessors": [_BY_TAG, _CLEARED]},
    TagRemovePreprocessor={"enabled": True, "remove_cell_tags": ["solution", "trainer-note"]},
    ClearOutputPreprocessor={"enabled": True},
)
PUBLISHED = Config(
    NotebookExporter={"preprocessors": [_BY_TAG]}, TagRemovePreprocessor={"enabled": True, "remove_cell_tags": ["trainer-note"]}
)
_SEALED = """# The right answer was computed for this copy's place and seed, and is sealed here.
check(answer, sealed=(
{lines}
))"""


def participant(notebook, answers: list[Answer]) -> str:
    """The participant's copy as the text of a notebook file: stubs to fill in, and checks that hold their answers sealed."""
    from nbconvert import NotebookExporter

    notebook = deepcopy(notebook)
    checks = iter(answers)
    for cell in notebook.cells:
        tags = cell.metadata.get("tags", [])
        if "check" in tags:
            cell.source = _SEALED.format(lines=_lines(next(checks).sealed))
        elif "exercise" in tags and cell.cell_type == "code":
            cell.source = STUB
    return NotebookExporter(config=PARTICIPANT).from_notebook_node(notebook)[0] + "\n"


def _lines(word: str, width: int = 110) -> str:
    return "\n".join(f'    "{word[at : at + width]}"' for at in range(0, len(word), width))


def trainer(notebook) -> str:
    """The trainer's copy as the text of a notebook file: everything, as it ran for this cohort."""
    import nbformat

    return nbformat.writes(notebook) + "\n"


def handout(notebook) -> str:
    """The page with answers that participants take home: all but the trainer's notes."""
    import nbformat
    from nbconvert import NotebookExporter

    text = NotebookExporter(config=PUBLISHED).from_notebook_node(notebook)[0]
    return handouts.page(nbformat.reads(text, as_version=4))
