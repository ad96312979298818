"""The level of a reproducible analytical pipeline that a project reaches, with what was seen for every tick.

Source: NHS RAP Community of Practice, "Levels of RAP" (read in November 2026): baseline, silver and gold, each with all of the
level before. What cannot be seen in a repository (peer review elsewhere, a schedule on somebody's server) gets no tick.
"""

import ast
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import PurePosixPath

from datajam.review.evidence import Evidence
from datajam.review.rules import governance
from datajam.review.rules.reading import about, cells, code, content, outputs, saved

LINK = "https://nhsdigital.github.io/rap-community-of-practice/introduction_to_RAP/levels_of_RAP/"
LEVELS = ("baseline", "silver", "gold")
_COMMAND = re.compile(
    r"^\s*(?:\$ |> )?(?:pip3?|python3?|uv|uvx|conda|mamba|nox|make|jupyter|papermill|docker|Rscript)\b", re.MULTILINE
)
_PIPELINES = (".github/workflows/", ".gitlab-ci.yml", "azure-pipelines.yml", ".circleci/", "Jenkinsfile", ".woodpecker")
_STYLE = ("ruff.toml", ".ruff.toml", ".flake8", ".pre-commit-config.yaml", ".pylintrc")
_TESTS = re.compile(r"(?:^|/)(?:test_[^/]+|[^/]+_test)\.(?:py|R)$")


@dataclass(frozen=True)
class Tick:
    """A criterion of a level: whether it is met, and what was seen that says so, or that it was not seen."""

    level: str
    title: str
    met: bool
    seen: str


def ticks(evidence: Evidence) -> list[Tick]:
    """Every criterion of the three levels, in their order."""
    made = []
    for level, title, look in _CRITERIA:
        seen = look(evidence)
        made.append(Tick(level, title, bool(seen), seen or "not seen"))
    return made


def reached(found: list[Tick]) -> str:
    """The highest level all of whose criteria, and those of the levels before, are met; '' where it is none.

    >>> reached([Tick("baseline", "", True, ""), Tick("silver", "", False, ""), Tick("gold", "", True, "")])
    'baseline'
    """
    level = ""
    for name in LEVELS:
        if not all(tick.met for tick in found if tick.level == name):
            break
        level = name
    return level


def _language(evidence: Evidence) -> str:
    spoken = {str(about(notebook.source or {}, "kernelspec").get("language", "python")) for notebook in evidence.notebooks}
    return f"{len(evidence.notebooks)} notebooks in {', '.join(sorted(spoken))}" if evidence.notebooks else ""


def _versions(evidence: Evidence) -> str:
    return f"git, commit {evidence.commit[:12]}" if evidence.commit else ""


def _readme(evidence: Evidence) -> str:
    for path in evidence.files:
        if PurePosixPath(path).name.lower().startswith("readme") and "/" not in path:
            command = _COMMAND.search(content(evidence, path))
            return f"{path} says: {command[0].strip()} …" if command else ""
    return ""


def _reviewed(evidence: Evidence) -> str:
    names = governance.people(evidence, "assurer")
    independent = [name for name in names if name not in governance.authors_among(evidence, names)]
    return f"docs/assurance.md names {', '.join(independent)}, who made no commit" if independent else ""


def _open(evidence: Evidence) -> str:
    licence = governance.licence(evidence)
    return f"{evidence.origin}, {licence}" if re.match(r"https?://|git@", evidence.origin) and licence else ""


def _by_code(evidence: Evidence) -> str:
    compared = [output for notebook in evidence.notebooks for output in notebook.outputs]
    same = sum(output.same in ("identical", "within tolerance") for output in compared)
    ran = evidence.notebooks and all(notebook.ran for notebook in evidence.notebooks)
    return (
        f"all notebooks ran, {same} of {len(compared)} outputs came out the same"
        if ran and compared and same == len(compared)
        else ""
    )


def _functions(evidence: Evidence) -> list[ast.FunctionDef]:
    """The public functions of the Python files beside the notebooks, the carried package among them."""
    found = []
    for path in evidence.files:
        if path.endswith(".py") and not _TESTS.search(path) and not path.startswith(("tests/", "notebooks/")):
            try:
                tree = ast.parse(content(evidence, path))
            except (SyntaxError, ValueError, RecursionError):
                continue
            found += [node for node in tree.body if isinstance(node, ast.FunctionDef) and not node.name.startswith("_")]
    return found


def _documented(evidence: Evidence) -> str:
    functions = _functions(evidence)
    told = sum(bool(ast.get_docstring(function)) for function in functions)
    guides = [path for path in evidence.files if path.startswith("docs/") and path.endswith((".md", ".rst"))]
    good = functions and told >= 0.8 * len(functions) and guides
    return f"{told} of {len(functions)} public functions have a docstring; {len(guides)} pages in docs/" if good else ""


def _organised(evidence: Evidence) -> str:
    folders = {PurePosixPath(path).parts[0] for path in evidence.files if "/" in path}
    known = sorted(folders & {"notebooks", "data", "docs", "src", "shared", "tests", "reports", "runs"})
    return f"{', '.join(known)}" if len(known) >= 3 else ""


def _reusable(evidence: Evidence) -> str:
    count = len(_functions(evidence))
    return f"{count} public functions beside the notebooks" if count else ""


def _style(evidence: Evidence) -> str:
    files = [path for path in evidence.files if path in _STYLE]
    tools = re.findall(r"^\[tool\.(ruff|black|flake8|pylint|isort)\b", content(evidence, "pyproject.toml"), re.MULTILINE)
    return ", ".join([*files, *(f"[tool.{tool}] in pyproject.toml" for tool in dict.fromkeys(tools))])


def _tests(evidence: Evidence) -> str:
    return ", ".join([path for path in evidence.files if _TESTS.search(path)][:3])


def _dependencies(evidence: Evidence) -> str:
    return f"{len(evidence.declared)} packages declared" if evidence.declared else ""


def _logs(evidence: Evidence) -> str:
    kept = [path for path in evidence.files if re.fullmatch(r"runs/[^/]+/provenance\.json", path)]
    logging = next((text for text in code(evidence) if re.search(r"^\s*(?:import|from) logging\b", text.text, re.MULTILINE)), None)
    return kept[0] if kept else f"{logging.file} uses logging" if logging else ""


def _tidy(evidence: Evidence) -> str:
    """Sources read as the tidy table of observations leave a line in the notebook."""
    read = set()
    for notebook in evidence.notebooks:
        for _, cell in cells(notebook.now or saved(notebook)):
            read |= {str(about(output)["source"]) for output in outputs(cell) if "source" in about(output)}
    return f"read as the tidy table of observations: {', '.join(sorted(read))}" if read else ""


def _packaged(evidence: Evidence) -> str:
    text = content(evidence, "pyproject.toml")
    both = re.search(r"^\[project\]", text, re.MULTILINE) and re.search(r"^\[build-system\]", text, re.MULTILINE)
    return "pyproject.toml with a build system" if both else "setup.py" if "setup.py" in evidence.files else ""


def _pipelines(evidence: Evidence) -> list[str]:
    return [path for path in evidence.files if path.startswith(_PIPELINES)]


def _integration(evidence: Evidence) -> str:
    return ", ".join(_pipelines(evidence)[:3])


def _triggered(evidence: Evidence) -> str:
    found = (
        path
        for path in _pipelines(evidence)
        if re.search(r"^\s*(?:schedule|repository_dispatch):", content(evidence, path), re.MULTILINE)
    )
    return next((f"{path} runs on a schedule or an event" for path in found), "")


def _signposted(evidence: Evidence) -> str:
    return next((path for path in evidence.files if PurePosixPath(path).stem.upper() in ("CHANGELOG", "CHANGES", "NEWS")), "")


_CRITERIA: list[tuple[str, str, Callable[[Evidence], str]]] = [
    ("baseline", "Data is produced by code in an open-source language", _language),
    ("baseline", "Code is under version control", _versions),
    ("baseline", "A README says what to type to reproduce it", _readme),
    ("baseline", "Code was reviewed by somebody else", _reviewed),
    ("baseline", "Code is published in the open, with a licence", _open),
    ("silver", "Outputs are produced by code, with hardly anything done by hand", _by_code),
    ("silver", "Code is documented: a guide, and docstrings", _documented),
    ("silver", "Code is organised in a standard way", _organised),
    ("silver", "Reusable functions are used", _reusable),
    ("silver", "Code follows an agreed style", _style),
    ("silver", "There are tests", _tests),
    ("silver", "It says which packages it needs", _dependencies),
    ("silver", "Logs are kept by the pipeline itself", _logs),
    ("silver", "Data is handled in a tidy format", _tidy),
    ("gold", "Code is a package", _packaged),
    ("gold", "Tests run by themselves on every change", _integration),
    ("gold", "It runs on an event or on a schedule", _triggered),
    ("gold", "Changes are signposted", _signposted),
]
