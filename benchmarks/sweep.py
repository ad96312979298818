"""Run every theme's notebooks for every place, and write what came of it: python benchmarks/sweep.py [--write]

The notebooks' own code is run, cell by cell, in one process for each share of the places, without a kernel: what a kernel adds
(start, messages) is tested elsewhere, and 163 places in three themes would take it hours. A file is read once a process.
"""

import ast
import contextlib
import io
import json
import os
import re
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGE = Path(__file__).with_name("sweep.md")


@dataclass
class Swept:
    """One place in one theme: cells and charts done, numbers recorded with a figure and without, what went wrong."""

    theme: str
    place: str
    notebooks: int = 0
    charts: int = 0
    figures: int = 0
    reasons: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    seconds: float = 0.0


def bake(theme: str, folder: str) -> Path:
    """A fresh project of a theme."""
    from cookiecutter.main import cookiecutter

    with contextlib.redirect_stdout(io.StringIO()):
        return Path(cookiecutter(str(ROOT), no_input=True, output_dir=folder, extra_context={"theme": theme}))


@cache
def _cells(path: Path) -> list[tuple[int, bool, ast.Module, ast.expr | None]]:
    """A notebook's code cells: number, whether it holds the parameters, the statements, and the value shown."""
    found = []
    for number, cell in enumerate(json.loads(path.read_text(encoding="utf-8"))["cells"], start=1):
        if cell["cell_type"] == "code":
            tree = ast.parse("".join(cell["source"]))
            last = tree.body.pop().value if tree.body and isinstance(tree.body[-1], ast.Expr) else None
            found.append((number, "parameters" in cell["metadata"].get("tags", []), tree, last))
    return found


def sweep(theme: str, made: Path, place: str) -> Swept:
    """Run a project's notebooks for one place."""
    from datajam import sources
    from datajam.say import results

    done, started = Swept(theme, place), time.perf_counter()
    read, shown = sources.read, results.show
    sources.read = _read_once
    results.show = lambda data, metadata: _take(done, data, metadata)
    before = Path.cwd()
    os.chdir(made / "notebooks")
    try:
        for path in sorted((made / "notebooks").glob("0*.ipynb")):
            _run(done, path, place)
    finally:
        os.chdir(before)
        sources.read, results.show = read, shown
    done.seconds = time.perf_counter() - started
    return done


@cache
def _parsed(path: str, layout: str):
    from datajam.sources import LoadReport, named, preview, tidy

    look, chosen = preview(path), named(layout)
    report = LoadReport(chosen.name, look.path.name)
    return tidy(chosen.parse(look, report), profile=chosen.profile, report=report)


def _read_once(path, layout: str = "", **_):
    return _parsed(str(path), layout)


def _take(done: Swept, data: dict, metadata: dict) -> None:
    from datajam.say import results

    if results.MIME in data:
        entry = data[results.MIME]["data"]
        if entry["value"] is None:
            done.reasons.append(f"{entry['name']}: {entry['reason']}")
        else:
            done.figures += 1
    print(data["text/plain"])


def _run(done: Swept, path: Path, place: str) -> None:
    names: dict = {"__name__": "__main__"}
    written = io.StringIO()
    try:
        number = 0
        with contextlib.redirect_stdout(written):
            for number, parameters, tree, last in _cells(path):  # noqa: B007
                exec(compile(tree, path.name, "exec"), names)
                names |= {"place": place} if parameters else {}
                if last is not None:
                    _show(done, eval(compile(ast.Expression(last), path.name, "eval"), names))
    except Exception as error:
        done.failed.append(f"{path.stem}, cell {number}: {type(error).__name__}: {error}")
        return
    done.notebooks += 1
    spoken = re.findall(r"^.*\b(?:nan|NaN|None|NaT|inf)\b.*$", written.getvalue(), re.MULTILINE)
    done.failed += [f"{path.stem} says {line[:120]!r}" for line in spoken]


def _show(done: Swept, value) -> None:
    if hasattr(value, "_repr_mimebundle_") and hasattr(value, "alt"):
        data, _ = value._repr_mimebundle_()
        done.charts += 1
        print(value.title, value.alt)
        empty = not len(data["image/png"])
        done.failed += [f"chart {value.name} has no picture"] * empty
    elif isinstance(getattr(value, "data", None), str):
        print(value.data)
    elif value is not None:
        print(value)


def _share(task: tuple[str, str, list[str]]) -> list[Swept]:
    theme, folder, names = task
    return [sweep(theme, Path(folder), name) for name in names]


def everything(workers: int = 2) -> list[Swept]:
    """Every theme for every place, in this many processes."""
    from datajam.vocabulary import places

    themes = json.loads((ROOT / "cookiecutter.json").read_text(encoding="utf-8"))["theme"]
    names = [place.name for place in places.everywhere()]
    with tempfile.TemporaryDirectory() as folder, ProcessPoolExecutor(workers) as pool:
        tasks = []
        for theme in themes:
            made = bake(theme, f"{folder}/{theme}")
            tasks += [(theme, str(made), names[start::8]) for start in range(8)]
        return [one for share in pool.map(_share, tasks) for one in share]


def page(found: list[Swept]) -> str:
    """The summary as a page."""
    lines = [
        "# Every theme for every place",
        "",
        "Made by `python3 -m nox -s sweep`: the notebooks of each theme, run for each of the 153 authorities, 9 regions and",
        "England on the synthetic samples. A number without a figure has its reason, in words; `nan`, `None` or `inf` in",
        "anything that is said counts as a failure, as does a chart without a picture.",
        "",
        "| theme | places | completed | notebooks | charts | numbers with a figure | without, with the reason | failures |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for theme in dict.fromkeys(one.theme for one in found):
        own = [one for one in found if one.theme == theme]
        counts = [sum(getattr(one, name) for one in own) for name in ("notebooks", "charts", "figures")]
        reasons, failures = sum(len(one.reasons) for one in own), sum(len(one.failed) for one in own)
        complete = sum(not one.failed for one in own)
        cells = [theme, len(own), complete, *counts, reasons, failures]
        lines.append(f"| {' | '.join(map(str, cells))} |")
    lacking = sorted((one for one in found if one.reasons), key=lambda one: (one.theme, -len(one.reasons), one.place))
    lines += ["", "## Places with most numbers missing, and why", "", "| theme | place | numbers missing | the first reason |"]
    lines.append("| --- | --- | --- | --- |")
    for theme in dict.fromkeys(one.theme for one in lacking):
        for one in [each for each in lacking if each.theme == theme][:6]:
            lines.append(f"| {theme} | {one.place} | {len(one.reasons)} | {one.reasons[0]} |")
    lines += ["", "## Failures", "", *(f"* {one.theme}, {one.place}: {text}" for one in found for text in one.failed)]
    return "\n".join(lines + ["None."] * (not any(one.failed for one in found))) + "\n"


def main() -> int:
    found = everything()
    text = page(found)
    print(text)
    if "--write" in sys.argv:
        PAGE.write_text(text, encoding="utf-8")
    return 1 if any(one.failed for one in found) else 0


if __name__ == "__main__":
    sys.path[:0] = [str(ROOT / "shared"), str(ROOT)]
    sys.exit(main())
