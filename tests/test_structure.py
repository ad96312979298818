"""The data flows one way through the house: no room imports from a floor above it."""

import ast
from pathlib import Path

SHARED = Path(__file__).resolve().parents[1] / "shared" / "datajam"
FLOORS = [
    ["errors", "folders", "outputs"],
    ["vocabulary", "engine"],
    ["observe", "kernels"],
    ["leave"],
    ["sources"],
    ["analyse"],
    ["project"],
    ["say"],
    ["run"],
    ["keep"],
    ["review"],
    ["cli"],
    ["__main__"],
]
FLOOR = {name: number for number, names in enumerate(FLOORS) for name in names}


def room(path: Path) -> str:
    return path.stem if path.parent == SHARED else path.relative_to(SHARED).parts[0]


def imported(path: Path) -> set[str]:
    """The rooms of the package that a file imports, wherever in it."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module == "datajam":
            found |= {alias.name for alias in node.names} & set(FLOOR)
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("datajam."):
            found.add(node.module.split(".")[1])
    return found


def test_every_room_has_a_floor_and_imports_from_no_floor_above():
    for path in [path for path in SHARED.rglob("*.py") if path != SHARED / "__init__.py"]:
        assert room(path) in FLOOR, f"{room(path)}: give it a floor in tests/test_structure.py"
        above = {name for name in imported(path) if FLOOR[name] > FLOOR[room(path)]}
        assert not above, f"{path.relative_to(SHARED)} imports {', '.join(sorted(above))} from above"


def test_every_room_says_in_one_line_what_is_in_it():
    for path in SHARED.glob("*/__init__.py"):
        assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))), f"{path.parent.name}: a room needs its line"
