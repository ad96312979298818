"""What is checked before a notebook starts: which there are, the parameters they declare, the place, the data, the period."""

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from datajam.errors import DataJamError, did_you_mean
from datajam.project import Project

_ORDERED = re.compile(r"\d\d_.*\.ipynb")
_NAMED_IN_DATA = (
    ("group", "breakdown", "group of pupils"),
    ("compared_with", "breakdown", "group of pupils"),
    ("indicator", "indicator", "indicator"),
)


def notebooks(project: Project, pattern: str = "") -> list[Path]:
    """The project's numbered notebooks in order, or those a pattern names ('02*', '05_findings').

    Raises `DataJamError` where none is found, naming those there are.
    """
    folder = project.folder / "notebooks"
    ordered = sorted(path for path in folder.glob("*.ipynb") if _ORDERED.fullmatch(path.name))
    if not ordered:
        raise DataJamError(f"No notebook in {folder.name}/ is named NN_name.ipynb, such as 01_load_and_check.ipynb.")
    if not pattern:
        return ordered
    chosen = [path for path in ordered if path.match(pattern) or path.stem == pattern or path.match(f"{pattern}.ipynb")]
    if not chosen:
        raise DataJamError(f"No notebook matches {pattern!r}. {did_you_mean(pattern, [path.stem for path in ordered])}")
    return chosen


def declared(path: Path) -> dict[str, Any]:
    """The parameters a notebook declares in the cell tagged `parameters`, with their defaults.

    Raises `DataJamError` for a notebook that does not parse, or whose parameters are not constants.
    """
    try:
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    except (ValueError, KeyError, TypeError):
        raise DataJamError(f"{path.name}: not a notebook (the JSON does not parse). Restore it with `git checkout`.") from None
    for number, cell in enumerate(cells, start=1):
        if "parameters" in cell.get("metadata", {}).get("tags", []):
            try:
                return dict(_constants(ast.parse("".join(cell["source"]))))
            except (SyntaxError, ValueError) as error:
                raise DataJamError(f"{path.name}, cell {number}: parameters must be constants ({error}).") from None
    return {}


def _constants(tree: ast.Module) -> Iterator[tuple[str, Any]]:
    for node in tree.body:
        target = node.target if isinstance(node, ast.AnnAssign) else getattr(node, "targets", [None])[0]
        if not isinstance(target, ast.Name) or getattr(node, "value", None) is None:
            raise ValueError(f"line {node.lineno} is not NAME = VALUE")
        yield target.id, ast.literal_eval(node.value)


def typed(name: str, given: Any, default: Any) -> Any:
    """A parameter's value in the type its notebook declares. Raises `DataJamError` where it cannot be.

    >>> typed("pupil_spread", "18", 18.0), typed("strict", "false", True)
    (18.0, False)
    """
    kind = type(default)
    if kind is bool:
        known = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
        if str(given).lower() in known:
            return known[str(given).lower()]
    elif kind in (int, float):
        try:
            return kind(given)
        except (TypeError, ValueError):
            pass
    elif kind is str and isinstance(given, str) or kind not in (bool, int, float, str):
        return given
    raise DataJamError(f"Parameter {name} = {given!r}: {kind.__name__} was expected, such as {default!r}.")


def parameters(project: Project, chosen: list[Path]) -> dict[str, Any]:
    """The values of the parameters that the notebooks declare, in their types.

    Raises `DataJamError` for one that no notebook has, or of the wrong type, and for a place that is not known.
    """
    declarations: dict[str, Any] = {}
    for path in chosen:
        declarations |= declared(path)
    place = project.place
    for name in project.given:
        if name not in declarations and name != "place":
            raise DataJamError(f"No notebook has a parameter {name!r}. {did_you_mean(name, declarations)}")
    for name in project.settings.get("parameters", {}):
        if name not in declarations and name not in ("place", "period", "source") and len(chosen) > 1:
            raise DataJamError(f"hack.toml: no notebook has the parameter {name!r}. {did_you_mean(name, declarations)}")
    values = {name: typed(name, value, declarations[name]) for name, value in project.parameters.items() if name in declarations}
    return {**values, "place": place.name} if "place" in declarations else values


def check(project: Project, chosen: list[Path]) -> tuple[dict[str, Any], dict[str, str]]:
    """Everything that can be known to be wrong before a kernel starts: (parameters, hash of each input).

    Checks parameter names and types, the place, the data log, the source's layout, the period and the groups compared.
    """
    values = parameters(project, chosen)
    hashes = {key: source.check() for key, source in project.sources.items()}
    _check_against_data(project, values)
    return values, hashes


def _check_against_data(project: Project, values: dict[str, Any]) -> None:
    from datajam.analyse import estimates
    from datajam.sources import read

    for name, value in values.items():
        if name.endswith("_source"):
            project.entry(value)
    observations = read(project.source.file, project.source.layout)
    estimates.period(observations, str(project.parameters.get("period", "latest")))
    for name, column, what in _NAMED_IN_DATA:
        if values.get(name):
            estimates.choose(observations, column, values[name], what)
