"""Faults to plant in a finished project: what is done to it, and which finding must come of it, where."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

LAST = "04_findings"
FIRST = "01_load_and_check"
DATA = "data/sample/qualifications_synthetic.csv"


@dataclass(frozen=True)
class Fault:
    """A fault: its name, how it is planted, the rules that must find it, in which file (any of those named), and what follows.

    `follows` are rules whose findings are consequences, not false alarms. `full` asks for the extra runs; `seconds` is the time
    a notebook may take.
    """

    name: str
    plant: Callable[[Path], None]
    rules: tuple[str, ...]
    files: tuple[str, ...]
    follows: tuple[str, ...] = ()
    full: bool = False
    seconds: float = 900


def run_folder(project: Path) -> Path:
    return next(path for path in (project / "runs").iterdir() if path.is_dir())


def edit(path: Path, change: Callable[[Any], None]) -> None:
    """Change a JSON file in place."""
    held = json.loads(path.read_text(encoding="utf-8"))
    change(held)
    path.write_text(json.dumps(held, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def stored(project: Path, name: str, change: Callable[[Any], None]) -> None:
    """Change a notebook of the committed run."""
    edit(run_folder(project) / f"{name}.ipynb", change)


def outputs(notebook: Any, mime: str) -> list[Any]:
    """The outputs of a notebook that have a form, in order."""
    found = [output for cell in notebook["cells"] for output in cell.get("outputs", [])]
    return [output for output in found if mime in output.get("data", {})]


def code(project: Path, source: str, name: str = LAST) -> None:
    """Add a code cell that shows nothing, to the notebook and to its committed run: as if it had always been there."""
    for path in (project / "notebooks" / f"{name}.ipynb", run_folder(project) / f"{name}.ipynb"):
        cell = {"cell_type": "code", "execution_count": None, "id": "planted", "metadata": {}, "outputs": [], "source": source}
        edit(path, lambda held, cell=cell: held["cells"].append(cell))


def replace(path: Path, old: str, new: str, count: int = 1) -> None:
    """Change a text in a file; the fault must be there, so a text that is not found stops the benchmark."""
    text = path.read_text(encoding="utf-8")
    if not re.search(old, text):
        raise SystemExit(f"{path.name}: nothing matches {old!r}; the fault cannot be planted")
    path.write_text(re.sub(old, new, text, count=count), encoding="utf-8")


def write(project: Path, name: str, text: str) -> None:
    path = project / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def _digit(text: str) -> str:
    """A text with the last digit of its first decimal number changed."""
    return re.sub(r"(\d\.)(\d)", lambda found: found[1] + str((int(found[2]) + 1) % 10), text, count=1)


def _stream(held: Any) -> None:
    for cell in held["cells"]:
        for output in cell.get("outputs", []):
            text = "".join(output.get("text", ""))
            if re.search(r"\d", text):
                output["text"] = re.sub(r"\d(?=\D*$)", lambda found: str((int(found[0]) + 1) % 10), text, count=1)
                return
    raise SystemExit("no printed number")


def _table(held: Any) -> None:
    output = next(o for o in outputs(held, "text/markdown") if re.search(r"\|.*\d\.\d", "".join(o["data"]["text/markdown"])))
    output["data"]["text/markdown"] = _digit("".join(output["data"]["text/markdown"]))


def _scrap(held: Any) -> None:
    mime = "application/scrapbook.scrap.json+json"
    output = next(o for o in outputs(held, mime) if o["data"][mime]["data"]["value"] is not None)
    output["data"][mime]["data"]["value"] += 1


def _said(held: Any) -> None:
    output = outputs(held, "application/scrapbook.scrap.json+json")[0]
    output["data"]["text/plain"] = _digit("".join(output["data"]["text/plain"]))


def _swapped(held: Any) -> None:
    one, other = outputs(held, "image/png")[:2]
    one["data"]["image/png"], other["data"]["image/png"] = other["data"]["image/png"], one["data"]["image/png"]


def _dotted(held: Any) -> None:
    """A bar's worth of pixels painted over in one picture."""
    import base64
    import io

    from PIL import Image, ImageDraw

    output = outputs(held, "image/png")[0]
    picture = Image.open(io.BytesIO(base64.b64decode("".join(output["data"]["image/png"])))).convert("RGB")
    ImageDraw.Draw(picture).rectangle([200, 200, 230, 212], fill="red")
    written = io.BytesIO()
    picture.save(written, "PNG")
    output["data"]["image/png"] = base64.b64encode(written.getvalue()).decode()


def _chart_data(held: Any) -> None:
    output = outputs(held, "text/csv")[0]
    output["data"]["text/csv"] = _digit("".join(output["data"]["text/csv"]))


def _removed(held: Any) -> None:
    next(cell for cell in held["cells"] if cell.get("outputs"))["outputs"] = []


def _added(held: Any) -> None:
    cell = [cell for cell in held["cells"] if cell["cell_type"] == "code"][-1]
    cell["outputs"].append({"output_type": "stream", "name": "stdout", "text": "All checks passed\n"})


def _results(project: Path) -> None:
    def change(held: Any) -> None:
        entry = next(entry for entry in held if isinstance(entry["value"], (int, float)))
        entry["value"] += 1

    edit(run_folder(project) / "results.json", change)


def _changed_cell(project: Path) -> None:
    """The notebook records another number than its committed run shows, which a person left as it was."""
    value = "results.record('by_hand', 12.5, 'points', label='By hand', base=120, base_of='adults')"
    code(project, f"from datajam.say import results\n{value}")
    source, ran = project / "notebooks" / f"{LAST}.ipynb", run_folder(project) / f"{LAST}.ipynb"
    shown = {"output_type": "stream", "name": "stdout", "text": "By hand: 13.5 points, 120 adults\n"}
    edit(ran, lambda held: held["cells"][-1].update(outputs=[shown]))
    assert source.is_file()


def _byte(project: Path) -> None:
    held = bytearray((project / DATA).read_bytes())
    held[-3] = ord("7") if held[-3] != ord("7") else ord("8")
    (project / DATA).write_bytes(bytes(held))


def _hidden(project: Path) -> None:
    code(project, "shown = widest_of_all")
    for path in (project / "notebooks" / f"{LAST}.ipynb", run_folder(project) / f"{LAST}.ipynb"):
        edit(path, lambda held: held["cells"][-1].update(execution_count=31))


def _later(project: Path) -> None:
    code(project, "shown = made_below + 1")
    code(project, "made_below = 1")


def _random(project: Path) -> None:
    """A result drawn without a seed; the committed run shows one draw."""
    code(project, "import random\nprint(random.random())")
    shown = {"output_type": "stream", "name": "stdout", "text": "0.4142135623\n"}
    edit(run_folder(project) / f"{LAST}.ipynb", lambda held: held["cells"][-1].update(outputs=[shown]))


def _of_hashes(project: Path) -> None:
    """An output in the order of a set: the same in every run with one hash seed, another with another."""
    code(project, "print(list({'Leeds', 'York', 'Hull', 'Bury', 'Bath', 'Wigan', 'Derby'}))")
    shown = {"output_type": "stream", "name": "stdout", "text": "[]\n"}
    edit(run_folder(project) / f"{LAST}.ipynb", lambda held: held["cells"][-1].update(outputs=[shown]))


def recorded(project: Path, source: str, entry: dict[str, Any]) -> None:
    """A cell that records a number, its output in the committed run, and the number in results.json."""
    code(project, source)
    mime = "application/scrapbook.scrap.json+json"
    data = {mime: {"name": entry["name"], "data": entry, "encoder": "json", "version": 1}, "text/plain": entry.pop("said")}
    shown = {"output_type": "display_data", "data": data, "metadata": {}}
    ran = run_folder(project)
    edit(ran / f"{LAST}.ipynb", lambda held: held["cells"][-1].update(outputs=[shown]))
    number = len(json.loads((ran / f"{LAST}.ipynb").read_text(encoding="utf-8"))["cells"])
    edit(ran / "results.json", lambda held: held.append({**entry, "notebook": LAST, "cell": number, "synthetic": True}))


def _entry(value: float, said: str, **more: Any) -> dict[str, Any]:
    names = dict(name="planted", label="Planted", value=value, unit="points", lower_95=None, upper_95=None, base=1200)
    return {**names, "base_of": "adults", "status": "ok", "reason": "", "digits": 1, "sources": [], "said": said, **more}


def _typed_in(project: Path) -> None:
    call = "results.record('planted', 12.5, 'points', label='Planted', base=1200, base_of='adults', interval=(11.5, 13.5))"
    said = "Planted: 12.5 points (95% interval 11.5 to 13.5), 1,200 adults"
    recorded(project, f"from datajam.say import results\n{call}", _entry(12.5, said, lower_95=11.5, upper_95=13.5))


def _turns(project: Path) -> None:
    """A headline number whose sign hangs on a parameter a little."""
    source = "from datajam.say import results\nwidth: float = globals().get('share_kept', 1.0)\n"
    source += "results.record('planted', width - 0.95, 'points', label='Planted', base=1200, base_of='adults', digits=2)"
    for path in (project / "notebooks" / f"{LAST}.ipynb", run_folder(project) / f"{LAST}.ipynb"):

        def add(held: Any) -> None:
            cell = next(cell for cell in held["cells"] if "parameters" in cell["metadata"].get("tags", []))
            cell["source"] = "".join(cell["source"]) + "\nshare_kept: float = 1.0"

        edit(path, add)
    recorded(project, source, _entry(0.05, "Planted: 0.05 points, 1,200 adults", digits=2))


def _assurer(project: Path) -> None:
    replace(project / "docs" / "assurance.md", r"To fill: a name that is not an analyst's", "Ann Analyst")


def _history(project: Path) -> None:
    import subprocess

    write(project, "notes.txt", f"key: {_key()}\n")
    for words in (["add", "-A"], ["commit", "-qm", "notes"]):
        subprocess.run(
            ["git", "-C", str(project), "-c", "user.name=Ann Analyst", "-c", "user.email=ann@example.org", *words], check=True
        )
    (project / "notes.txt").unlink()


def _key() -> str:
    """A made-up access key, put together here so that no file of this repository holds one."""
    return "AKIA" + "Q7ZT3MNPR5XWV2KD"


def _loose(project: Path) -> None:
    lock = (project / "requirements.lock").read_text(encoding="utf-8")
    names = re.findall(r"^([A-Za-z0-9][\w.-]*)==", lock, re.MULTILINE)
    (project / "requirements.lock").unlink()
    write(project, "requirements.txt", "\n".join(names) + "\n")


def _small(project: Path) -> None:
    table = "| Group | Pupils |\n|--|--|\n| Boys | 3 |\n| Girls | 412 |\n"
    code(project, f"from IPython.display import Markdown\nMarkdown({table!r})")
    data = {"text/markdown": table, "text/plain": "<IPython.core.display.Markdown object>"}
    shown = {"output_type": "execute_result", "execution_count": 1, "data": data, "metadata": {}}
    edit(run_folder(project) / f"{LAST}.ipynb", lambda held: held["cells"][-1].update(outputs=[shown]))


def _said_in_output(project: Path, text: str) -> None:
    code(project, f"print({text!r})")
    shown = {"output_type": "stream", "name": "stdout", "text": f"{text}\n"}
    edit(run_folder(project) / f"{LAST}.ipynb", lambda held: held["cells"][-1].update(outputs=[shown]))


def _unread_notebook(project: Path) -> None:
    write(project, "notebooks/05_more.ipynb", '{"cells": [')


def _scratch(project: Path) -> None:
    cell = {"cell_type": "code", "execution_count": None, "id": "a1", "metadata": {}, "outputs": [], "source": "scratch = 1"}
    held = {"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    write(project, "notebooks/scratch.ipynb", json.dumps(held))


def _out_of_order(project: Path) -> None:
    def change(held: Any) -> None:
        cells = [cell for cell in held["cells"] if cell["cell_type"] == "code"]
        for cell, count in zip(cells, range(len(cells), 0, -1), strict=True):
            cell["execution_count"] = count

    edit(project / "notebooks" / f"{FIRST}.ipynb", change)


def _parquet(project: Path) -> None:
    import pandas as pd

    pd.DataFrame({"a": [1, 2]}).to_parquet(project / "data" / "extra.parquet")
    code(project, "import pyarrow.parquet\nextra = pyarrow.parquet.read_table('../data/extra.parquet')")


def _csv(project: Path) -> None:
    write(project, "data/extra.csv", "a,b\n1,2\n")
    code(project, "import pandas as pd\nextra = pd.read_csv('../data/extra.csv')")


def _no_licence(project: Path) -> None:
    replace(project / "hack.toml", r'licence = "MIT"\n(retrieved = .*\n(?:sha256 = .*\n)?sensitivity)', r'licence = ""\n\1')


def _duplicate(project: Path) -> None:
    (project / "data" / "sample" / "copy.csv").write_bytes((project / DATA).read_bytes())


NOTEBOOK = (f"notebooks/{LAST}.ipynb", f"runs/*/{LAST}.ipynb")
FAULTS = [
    Fault("one changed digit in a printed output", lambda p: stored(p, FIRST, _stream), ("reproduced.output",), (f"notebooks/{FIRST}.ipynb",)),
    Fault("one changed digit in a stored table", lambda p: stored(p, LAST, _table), ("reproduced.output",), NOTEBOOK, ("said.number",)),
    Fault("one changed number in a stored result", lambda p: stored(p, LAST, _scrap), ("reproduced.output",), NOTEBOOK),
    Fault("the sentence of a stored result written over", lambda p: stored(p, LAST, _said), ("reproduced.output",), NOTEBOOK, ("said.number",)),
    Fault("two pictures swapped", lambda p: stored(p, LAST, _swapped), ("reproduced.output",), NOTEBOOK),
    Fault("a patch of 31 by 13 pixels painted into a picture", lambda p: stored(p, LAST, _dotted), ("reproduced.output",), NOTEBOOK),
    Fault("one changed number in the data of a chart", lambda p: stored(p, LAST, _chart_data), ("reproduced.output",), NOTEBOOK),
    Fault("an output taken out of the run", lambda p: stored(p, LAST, _removed), ("reproduced.output",), NOTEBOOK),
    Fault("an output written in by hand", lambda p: stored(p, LAST, _added), ("reproduced.output",), NOTEBOOK),
    Fault("one changed number in results.json", _results, ("reproduced.number",), ("notebooks/*.ipynb",)),
    Fault("a result that no longer matches its cell", _changed_cell, ("reproduced.output",), NOTEBOOK, ("reproduced.number",)),
    Fault("one changed byte of an input", _byte, ("inputs.hash", "reproduced.runs"), (DATA, "notebooks/*.ipynb"),
          ("reproduced.number", "reproduced.output", "said.number")),
    Fault("a package that is not declared", lambda p: code(p, "try:\n    import geopandas\nexcept ImportError:\n    pass"), ("declared.import",), NOTEBOOK),
    Fault("a package that is not there", lambda p: code(p, "import geopandas"), ("declared.import", "reproduced.runs"), NOTEBOOK, ("reproduced.number",)),
    Fault("a name from a cell that is gone", _hidden, ("reproduced.runs",), NOTEBOOK, ("declared.order",)),
    Fault("a name made in a later cell", _later, ("reproduced.runs",), NOTEBOOK),
    Fault("a name made nowhere", lambda p: code(p, "shown = nowhere"), ("reproduced.runs",), NOTEBOOK),
    Fault("a file that is not there", lambda p: code(p, "open('../data/raw/ours.csv')"), ("reproduced.runs",), NOTEBOOK),
    Fault("a notebook that takes too long", lambda p: code(p, "import time\ntime.sleep(900)"), ("reproduced.runs",), NOTEBOOK, seconds=100),
    Fault("cells run out of order", _out_of_order, ("declared.order",), (f"notebooks/{FIRST}.ipynb",)),
    Fault("a question to the network", lambda p: code(p, "import socket\ntry:\n    socket.create_connection(('example.org', 80), 2)\nexcept OSError:\n    pass"),
          ("inputs.network",), NOTEBOOK),
    Fault("a file read that is not in the data log", _csv, ("inputs.logged",), ("data/extra.csv", *NOTEBOOK)),
    Fault("the same by a library that opens files itself", _parquet, ("inputs.logged",), ("data/extra.parquet", *NOTEBOOK)),
    Fault("a notebook that writes to its data", lambda p: code(p, f"open('../{DATA}', 'a').close()"), ("inputs.changed",), (DATA, *NOTEBOOK)),
    Fault("a source without a licence", _no_licence, ("inputs.licence",), ("hack.toml", "data/sample/*")),
    Fault("a folder of one machine in the code", lambda p: code(p, "where = '/home/ann/jam/data.csv'"), ("declared.path",), NOTEBOOK),
    Fault("packages without versions", _loose, ("declared.pinned",), ("requirements.txt", ""), ("declared.unused",)),
    Fault("a notebook that was never run", _scratch, ("declared.never_run",), ("notebooks/scratch.ipynb",)),
    Fault("a notebook that is cut off", _unread_notebook, ("declared.unreadable", "reproduced.runs"), ("notebooks/05_more.ipynb",)),
    Fault("an empty file", lambda p: write(p, "data/raw/empty.csv", ""), ("declared.empty",), ("data/raw/empty.csv",)),
    Fault("a file twice", _duplicate, ("declared.duplicate",), ("data/sample/*",)),
    Fault("an order that hangs on the hash seed", _of_hashes, ("reproduced.twice", "reproduced.output"), NOTEBOOK, full=True),
    Fault("a random number without a seed", _random, ("reproduced.twice", "reproduced.output"), NOTEBOOK, ("said.number",), full=True),
    Fault("a number typed in for one place", _typed_in, ("reproduced.elsewhere",), NOTEBOOK, full=True),
    Fault("a sign that hangs on a parameter", _turns, ("reproduced.sensitive",), NOTEBOOK, full=True),
    Fault("a small count in a table", _small, ("disclosed.small",), NOTEBOOK, ("disclosed.total",)),
    Fault("an NHS number in the data", lambda p: write(p, "data/raw/people.csv", "id,nhs_number\n1,943 476 5919\n"), ("privacy.nhs",), ("data/raw/people.csv",)),
    Fault("a National Insurance number in an output", lambda p: _said_in_output(p, "Claimed by AB 12 34 56 C"), ("privacy.nino",), NOTEBOOK),
    Fault("an e-mail address in an output", lambda p: _said_in_output(p, "Ask jo.bloggs@gmail.com"), ("privacy.email",), NOTEBOOK),
    Fault("a full postcode in the data", lambda p: write(p, "data/raw/homes.csv", "id,postcode\n1,NE1 7RU\n2,NE1 8ST\n"), ("privacy.postcode",), ("data/raw/homes.csv",)),
    Fault("a key in the code", lambda p: code(p, f"key = '{_key()}'"), ("privacy.secret",), NOTEBOOK),
    Fault("a key only in what git remembers", _history, ("privacy.history",), ("notes.txt",)),
    Fault("an assurer who is an author", _assurer, ("governance.assurer",), ("docs/assurance.md",), ("governance.filled",)),
    Fault("a number in README that was not recorded", lambda p: write(p, "README.md", (p / "README.md").read_text("utf-8") + "\n## Findings\n\nThe gap is 37.4 points.\n"),
          ("said.number",), ("README.md",)),
    Fault("a number changed on the report page", lambda p: replace(run_folder(p) / "report.html", r"(\d)\.(\d)%", r"8\1.\2%"), ("said.number",), ("runs/*/report.html",)),
]  # fmt: skip
