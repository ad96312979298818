"""The data flows one way through the house: no room imports from a floor above it."""

import ast
from pathlib import Path

SHARED = Path(__file__).resolve().parents[1] / "shared" / "datajam"
FLOORS = [
    ["errors", "folders"],
    ["pages", "places", "periods", "markers", "engine"],
    ["districts", "postcodes", "reference", "joins", "kernels"],
    ["observations"],
    ["cells", "disclosure", "disclosure_rule", "disclosure_secondary"],
    ["sources"],
    ["estimates", "aggregate", "codebook"],
    ["gaps", "composite", "shrinkage", "neighbours", "skills"],
    ["demand", "progress", "standardise", "focus"],
    ["results"],
    ["project"],
    ["download", "demand_words", "notes", "say", "skills_page"],
    ["charts", "indicators", "provenance", "report"],
    ["charts_places", "fetch", "last_run", "runner", "show", "status", "status_page"],
    ["cli"],
    ["__main__"],
]
FLOOR = {name: number for number, names in enumerate(FLOORS) for name in names}


def imported(path: Path) -> set[str]:
    """The rooms of the package that a file imports when it is loaded (imports inside functions are left to their reasons)."""
    found = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ImportFrom) and node.module == "datajam":
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("datajam."):
            found.add(node.module.split(".")[1])
    return found - {"__version__"}


def test_every_room_has_a_floor_and_imports_from_no_floor_above():
    for path in [*SHARED.glob("*.py"), *SHARED.glob("*/*.py")]:
        room = path.stem if path.parent == SHARED else path.parent.name
        if room == "__init__":
            continue
        assert room in FLOOR, f"{room}: give it a floor in tests/test_structure.py"
        above = {name for name in imported(path) if FLOOR[name] > FLOOR[room]}
        assert not above, f"{path.name} imports {', '.join(sorted(above))} from above"
