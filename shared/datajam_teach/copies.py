"""A participant's copy of a worked example: solutions and trainer's notes taken out, outputs cleared, made the same each time.

python -m datajam_teach.copies notebooks FOLDER
"""

import sys
from pathlib import Path

REMOVED = ("solution", "trainer-note")


def participant(path: Path):
    """The participant's copy of a notebook, through nbconvert's own preprocessors; the notebook itself stays as it is."""
    import nbformat
    from nbconvert.preprocessors import ClearOutputPreprocessor, TagRemovePreprocessor

    notebook = nbformat.read(path, as_version=4)
    for step in (TagRemovePreprocessor(remove_cell_tags=REMOVED, enabled=True), ClearOutputPreprocessor(enabled=True)):
        notebook, _ = step.preprocess(notebook, {})
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
    return notebook


def write_copies(notebooks: list[Path], folder: Path) -> list[Path]:
    """Write the participants' copies of notebooks into a folder, by theme: the files written."""
    import nbformat

    made = []
    for path in notebooks:
        copy = folder / path.parent.name / path.name
        copy.parent.mkdir(parents=True, exist_ok=True)
        nbformat.write(participant(path), copy)
        made.append(copy)
    return made


if __name__ == "__main__":
    for copy in write_copies(sorted(Path(sys.argv[1]).glob("*/*.ipynb")), Path(sys.argv[2])):
        print(copy)
