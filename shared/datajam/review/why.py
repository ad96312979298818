"""Why a notebook did not run, in the classes of the large studies, with one line of what to do.

Classes after Pimentel and others, "A large-scale study about quality and reproducibility of Jupyter notebooks" (2019), and
Samuel and Mietchen, "Computational reproducibility of Jupyter notebooks from biomedical publications" (2024).
"""

import ast
import re
from typing import Any

from datajam.review.evidence import Failure

_MISSING = re.compile(r"No module named '?([\w.]+)'?|cannot import name '?(\w+)'?")
_NAME = re.compile(r"name '(\w+)' is not defined")
_NETWORK = re.compile(
    r"URLError|ConnectionError|gaierror|Name or service not known|Temporary failure in name resolution|Network is unreachable|"
    r"Max retries exceeded|NewConnectionError|ConnectError|No address associated|HTTPError|SSLError|Failed to resolve"
)
_FILES = ("FileNotFoundError", "NotADirectoryError", "IsADirectoryError", "NoSuchKey")
_OLD = re.compile(r"Missing parentheses in call to|unexpected EOF.*print|exec code in|leading zeros in decimal|print \"|<>")


def failure(error: str, message: str, cell: int | None, notebook: Any = None) -> Failure:
    """The failure of a notebook from the error's name, its message, the cell (from 1) where it came, and the saved notebook.

    >>> failure("ModuleNotFoundError", "No module named 'seaborn'", 3).kind
    'dependency'
    """
    words = f"{error}: {message}".strip().removesuffix(":")
    first = next((line for line in words.splitlines() if line.strip()), words)[:300]
    kind, remedy = _class(error, words, cell, notebook)
    return Failure(kind, first, cell, remedy)


def _class(error: str, words: str, cell: int | None, notebook: Any) -> tuple[str, str]:
    missing, name = _MISSING.search(words), _NAME.search(words)
    if error in ("ModuleNotFoundError", "ImportError", "PackageNotFoundError") or missing and "Error" in error:
        what = next((found for found in missing.groups() if found), "it") if missing else "it"
        return "dependency", f"Add {what.split('.')[0]!r} to the declared packages, with its version, and lock again."
    if "not the file in the data log" in words:
        return "missing file", "Restore the file that was logged, or log the new one with `datajam add-source`, and run again."
    if _NETWORK.search(words):
        return "network", "Download the file once, keep it with the project and its hash, and read it from there."
    if error in _FILES or "No such file or directory" in words:
        return "missing file", "Commit the file, or say in README how to get it; name it relative to the project."
    if name:
        return _of_name(name[1], cell, notebook)
    if error == "MemoryError" or "Unable to allocate" in words:
        return "memory", "Read less at a time, or say how much memory it needs and review with more."
    if error == "SyntaxError" and _OLD.search(words):
        return "code", "Written for Python 2: convert it with 2to3, run it, and save it again."
    return "code", "Run it yourself from a fresh clone with Restart and Run All, and mend the cell named."


def _of_name(name: str, cell: int | None, notebook: Any) -> tuple[str, str]:
    """A name that is not defined: defined in a later cell or in one that is gone (hidden state), or nowhere (name)."""
    cells = list(notebook.cells) if notebook is not None else []
    later = [number for number, each in enumerate(cells, start=1) if each.cell_type == "code" and name in assigned(each.source)]
    if later:
        return "hidden state", f"{name!r} is made in cell {later[0]}: put the cells in the order in which they must run."
    if cell and cell <= len(cells) and _had_run(cells[cell - 1]):
        return "hidden state", f"{name!r} was made by a cell that is gone: write that cell again, then Restart and Run All."
    return "name", f"{name!r} is made nowhere in this notebook: define or import it."


def _had_run(cell: Any) -> bool:
    return bool(cell.get("execution_count") or cell.get("outputs"))


def assigned(source: str) -> set[str]:
    """The names a cell makes: assigned, imported, defined; empty for code that does not parse.

    >>> sorted(assigned("import numpy as np\\nx = 1\\ndef f(): pass\\n%magic"))
    ['f', 'np', 'x']
    """
    plain = "\n".join("" if line.lstrip().startswith(("%", "!", "?")) else line for line in source.splitlines())
    try:
        tree = ast.parse(plain)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return set()
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
        elif isinstance(node, (ast.FunctionDef, ast.ClassDef, ast.AsyncFunctionDef)):
            found.add(node.name)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            found |= {(alias.asname or alias.name).split(".")[0] for alias in node.names}
    return found


def out_of_time(seconds: float, cell: int | None) -> Failure:
    """A notebook that took more than its time."""
    words = f"it took more than {seconds:g} s"
    return Failure("time-out", words, cell, "Make it faster, save what takes long as data, or review with a longer --seconds.")


def died(words: str, cell: int | None) -> Failure:
    """A notebook whose kernel ended."""
    return Failure("memory", words, cell, "The kernel died, of memory most likely: read less at a time.")


def not_python(language: str) -> Failure:
    """A notebook in a language that is not run here."""
    return Failure("dependency", f"it is written in {language}", None, f"Run it where there is a kernel for {language}.")
