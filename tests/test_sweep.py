"""Awkward places in every theme: every notebook runs to its end, every chart is drawn, and what is missing is said in words."""

import json
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "benchmarks"))
import sweep  # noqa: E402

THEMES = json.loads((ROOT / "cookiecutter.json").read_text(encoding="utf-8"))["theme"]
AWKWARD = [
    "City of London",
    "Isles of Scilly",
    "Kingston upon Hull, City of",
    "Yorkshire and The Humber",
    "London",
    "England",
    "Kent",
]


@pytest.mark.parametrize("theme", THEMES)
def test_awkward_places_run_to_the_end_and_nothing_says_nan(theme, bake):
    made = bake(theme=theme)
    notebooks = len(list((made / "notebooks").glob("0*.ipynb")))
    assert 4 <= notebooks <= 5
    for place in AWKWARD:
        done = sweep.sweep(theme, made, place)
        assert not done.failed and done.notebooks == notebooks and done.charts and done.figures + len(done.reasons) >= 4


def test_a_notebook_that_fails_or_says_nan_is_counted(bake, tmp_path):
    made = bake(tmp_path, theme="skills")
    path = made / "notebooks" / "04_findings.ipynb"
    notebook = json.loads(path.read_text(encoding="utf-8"))
    notebook["cells"].append({"cell_type": "code", "metadata": {}, "source": ["print(float('nan'))"]})
    notebook["cells"].append({"cell_type": "code", "metadata": {}, "source": ["1 / 0"]})
    path.write_text(json.dumps(notebook), encoding="utf-8")
    failed = sweep.sweep("skills", made, "Leeds").failed
    assert len(failed) == 1 and "ZeroDivisionError" in failed[0]
    notebook["cells"].pop()
    path.write_text(json.dumps(notebook), encoding="utf-8")
    sweep._cells.cache_clear()
    assert "says 'nan'" in sweep.sweep("skills", made, "Leeds").failed[0]
