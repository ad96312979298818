"""Measure batches side by side in one run and write benchmarks/batch.md. `nox -s bench` runs it after measure.py.

What is compared runs in turns; a slow loop runs over fewer places and is scaled, each of its calls being a fresh start.
"""

import io
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from measure import ENVIRONMENT, ROOT, machine

sys.path.insert(0, str(ROOT / "shared"))
TURNS, PLACES, WORKERS = 5, 153, 2
PAGE = ROOT / "benchmarks" / "batch.md"
SAMPLE = ROOT / "starters" / "attainment" / "data" / "sample" / "attainment_by_fsm_synthetic.csv"
CODE = [
    'place = "E08000035"\nsample = ""',
    "import matplotlib.pyplot as plt\nimport pandas as pd\nimport statsmodels.formula.api as smf",
    'table = pd.read_csv(sample, dtype=str, encoding="utf-8-sig", keep_default_na=False)\n'
    'table = table[table["new_la_code"] == place].assign(score=lambda t: pd.to_numeric(t["avg_att8"], errors="coerce"))\n'
    'table = table.assign(year=table["time_period"].astype(int)).dropna(subset="score")\n'
    "len(table)",
    'fit = smf.ols("score ~ year", table).fit() if len(table) > 2 else None\nround(fit.params["year"], 3) if fit else "too few"',
    'figure, axes = plt.subplots()\naxes.scatter(table["year"], table["score"])\naxes.set_title(place)\nplt.show()',
]


def small_notebook(folder: Path) -> Path:
    import nbformat

    cells = [nbformat.v4.new_code_cell(source) for source in CODE]
    cells[0].metadata["tags"] = ["parameters"]
    about = {"kernelspec": {"name": "python3", "language": "python", "display_name": "Python 3"}}
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=about), folder / "small.ipynb")
    return folder / "small.ipynb"


def codes(count: int) -> list[str]:
    from datajam.vocabulary import places

    return [place.code for place in places.authorities()][:count]


def given(code: str) -> dict[str, str]:
    return {"place": code, "sample": str(SAMPLE)}


def with_papermill(path: str, out: str, parameters: dict[str, str], engine: str | None = None) -> None:
    import papermill

    papermill.execute_notebook(path, out, parameters=parameters, engine_name=engine, kernel_name="python3", progress_bar=False)


def with_engine(path: str, out: str, parameters: dict[str, str]) -> None:
    from datajam.engine import inside

    with_papermill(path, out, parameters, inside.register())


def as_function(parameters: dict[str, str]) -> None:
    names = dict(parameters)
    for source in CODE[1:]:
        exec(source.replace("plt.show()", ""), names)
    names["figure"].savefig(io.BytesIO(), format="png", bbox_inches="tight")
    names["plt"].close("all")


SELF = "import sys; sys.path[:0] = [{here!r}, {shared!r}]; import batch; batch.{call}"


def fresh(call: str, python: str = sys.executable) -> float:
    """Seconds of one call of this module in a fresh process, starting it included."""
    here, shared = str(Path(__file__).parent), str(ROOT / "shared")
    code = SELF.format(here=here, shared=shared, call=call)
    started = time.perf_counter()
    environment = {**ENVIRONMENT, "MPLBACKEND": "agg"} if "floor" in call else ENVIRONMENT
    done = subprocess.run([python, "-c", code], capture_output=True, text=True, env=environment)
    if done.returncode:
        sys.exit(f"{call}\n{done.stderr[-3000:]}")
    return time.perf_counter() - started


def ours(path: str, count: int) -> None:
    from datajam.engine import warm
    from datajam.engine.pool import Pool

    with Pool(WORKERS, warm.imports_of([Path(path)])) as pool:
        list(pool.map(with_engine, *zip(*[(path, f"{path}.{n}.out.ipynb", given(c)) for n, c in enumerate(codes(count))])))  # noqa: B905


def loop(path: str, count: int) -> None:
    for number, code in enumerate(codes(count)):
        with_papermill(path, f"{path}.{number}.loop.ipynb", given(code))


def two_processes(path: str, count: int) -> None:
    with ProcessPoolExecutor(WORKERS, mp_context=get_context("spawn")) as pool:
        words = [(path, f"{path}.{n}.two.ipynb", given(code)) for n, code in enumerate(codes(count))]
        list(pool.map(with_papermill, *zip(*words)))  # noqa: B905


def embedded(path: str, count: int) -> None:
    from ploomber_engine import execute_notebook

    for number, code in enumerate(codes(count)):
        execute_notebook(path, f"{path}.{number}.embedded.ipynb", parameters=given(code), progress_bar=False, verbose=False)


def floor(count: int) -> None:
    with ProcessPoolExecutor(WORKERS, mp_context=get_context("spawn")) as pool:
        list(pool.map(as_function, [given(codes(1)[0])] * WORKERS))
        started = time.perf_counter()
        list(pool.map(as_function, [given(code) for code in codes(count)]))
        Path(os.environ["FLOOR_TO"]).write_text(str(time.perf_counter() - started))


def warm_only(path: str, count: int) -> None:
    """The same as `ours`, but for the time of warming."""
    from datajam.engine import warm
    from datajam.engine.pool import Pool

    with Pool(WORKERS, warm.imports_of([Path(path)])) as pool:
        pool.submit(os.getpid).result()
        started = time.perf_counter()
        list(pool.map(with_engine, *zip(*[(path, f"{path}.{n}.out.ipynb", given(c)) for n, c in enumerate(codes(count))])))  # noqa: B905
        Path(os.environ["FLOOR_TO"]).write_text(str(time.perf_counter() - started))


def told(call: str) -> float:
    with tempfile.NamedTemporaryFile("r") as held:
        ENVIRONMENT["FLOOR_TO"] = held.name
        fresh(call)
        return float(Path(held.name).read_text())


def row(what: str, mine: list[float], theirs: list[float], scale: float, said: str, wanted: str) -> str:
    ratios = [scale * other / own for own, other in zip(mine, theirs, strict=True)]
    spread = f"{min(ratios):.1f} to {max(ratios):.1f}"
    middle = statistics.median(mine), scale * statistics.median(theirs)
    return f"| {what} | {middle[0]:.1f} s; {said} {middle[1]:.0f} s | **{statistics.median(ratios):.1f}** ({spread}) | {wanted} |"


def small_rows(folder: Path) -> list[str]:
    path = str(small_notebook(folder))
    python = _with_ploomber(folder)
    few, both, many = 6, 12, PLACES
    found: dict[str, list[float]] = {name: [] for name in ("ours", "loop", "two", "embedded", "warm", "floor")}
    for turn in range(TURNS):
        found["ours"].append(fresh(f"ours({path!r}, {many})"))
        found["loop"].append(fresh(f"loop({path!r}, {few})"))
        found["two"].append(fresh(f"two_processes({path!r}, {both})"))
        if python:
            one, several = (fresh(f"embedded({path!r}, {count})", python) for count in (1, both))
            found["embedded"].append(one + (many - 1) * (several - one) / (both - 1))  # it starts once, however many follow
        found["warm"].append(told(f"warm_only({path!r}, {many})"))
        found["floor"].append(told(f"floor({many})"))
        print(turn, {name: round(times[-1], 1) for name, times in found.items() if times}, flush=True)
    what = f"{PLACES} places x one small notebook (read, least squares, one chart), warming included"
    rows = [
        row(
            what,
            found["ours"],
            found["loop"],
            many / few,
            f"a loop of `papermill` ({few} measured, scaled)",
            "20 times or more",
        ),
        row(
            "the same",
            found["ours"],
            found["two"],
            many / both,
            f"`papermill` twice at once ({both} measured, scaled)",
            "12 or more",
        ),
    ]
    if python:
        said = f"`ploomber-engine` 0.0.33's loop in one process ({both} measured, scaled)"
        rows.append(row("the same", found["ours"], found["embedded"], 1, said, "1.5 or more"))
    ratio = statistics.median(own / bare for own, bare in zip(found["warm"], found["floor"], strict=True))
    rows.append(
        f"| the same, once warm, against its code as a function, 2 processes | {statistics.median(found['warm']):.1f} s; the "
        f"function {statistics.median(found['floor']):.1f} s | **{ratio:.1f}** | 2 at most |"
    )
    return rows


def _with_ploomber(folder: Path) -> str:
    """A Python of its own with ploomber-engine, which brings a telemetry client and is therefore no dependency."""
    python = folder / "peer" / "bin" / "python"
    uv = [shutil.which("uv")] if shutil.which("uv") else [sys.executable, "-m", "uv"]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "env": {**os.environ, "UV_COMPILE_BYTECODE": "1"}}
    made = subprocess.run([*uv, "venv", "--python", sys.executable, str(folder / "peer")], **quiet).returncode
    words = ["pip", "install", "--python", str(python), "-r", str(ROOT / "requirements.lock")]
    made = made or subprocess.run([*uv, *words], **quiet).returncode
    made = made or subprocess.run([*uv, "pip", "install", "--python", str(python), "ploomber-engine==0.0.33"], **quiet).returncode
    return "" if made else str(python)


def project(folder: Path, theme: str) -> Path:
    words = [
        sys.executable,
        "-m",
        "cookiecutter",
        str(ROOT),
        "--no-input",
        "-o",
        str(folder / theme),
        f"theme={theme}",
        "place=Leeds",
    ]
    subprocess.run(words, check=True, capture_output=True, env=ENVIRONMENT)
    return next((folder / theme).iterdir())


def batch(made: Path, places: str, *words: str) -> tuple[float, str]:
    environment = {**ENVIRONMENT, "PYTHONPATH": str(made / "shared")}
    command = [sys.executable, "-m", "datajam", "batch", "--places", places, "--workers", str(WORKERS), *words]
    started = time.perf_counter()
    done = subprocess.run(command, cwd=made, env=environment, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{done.stdout[-3000:]}\n{done.stderr[-3000:]}")
    return time.perf_counter() - started, done.stdout


def notebooks_only(made: str, names: list[str], out: str) -> None:
    """A project's notebooks for each place on the engine's warm processes, and nothing else: what a loop of papermill does."""
    import papermill

    from datajam.engine import inside
    from datajam.project import open_project
    from datajam.run import checks
    from datajam.run.workers import warmed

    paths = checks.notebooks(open_project(Path(made)))
    os.environ["PYTHONPATH"] = f"{made}/shared"
    with warmed(WORKERS, Path(made), paths) as pool:
        asked = [
            (path, f"{out}/{n}-{path.name}", in_folder(path, name, inside.NAME)) for n, name in enumerate(names) for path in paths
        ]
        futures = [pool.submit(papermill.execute_notebook, str(path), there, **settings) for path, there, settings in asked]
        [future.result() for future in futures]


def in_folder(path: Path, place: str, engine: str | None = None) -> dict[str, object]:
    """How papermill is told to run a project's notebook for a place."""
    given = {"parameters": {"place": place}} if place else {}
    return {"kernel_name": "python3", "progress_bar": False, "cwd": str(path.parent), "engine_name": engine, **given}


def starters_loop(made: Path, place: str, out: Path) -> float:
    """Every notebook of a project for one place by `papermill` alone, as many notebooks as the batch runs for it."""
    import papermill

    os.environ["PYTHONPATH"] = str(made / "shared")
    started = time.perf_counter()
    for path in sorted((made / "notebooks").glob("0*.ipynb")):
        papermill.execute_notebook(str(path), str(out / path.name), **in_folder(path, place))
    return time.perf_counter() - started


def starter_rows(folder: Path) -> list[str]:
    from datajam.vocabulary import places

    made, few = project(folder, "attainment"), 48
    names = [place.name for place in places.authorities()[:few]]
    whole, alone, theirs = [], [], []
    for turn in range(TURNS):
        whole.append(batch(made, ", ".join(names), "--out", str(folder / f"out{turn}"))[0])
        alone.append(fresh(f"notebooks_only({str(made)!r}, {names!r}, {str(folder)!r})"))
        theirs.append(starters_loop(made, "Leeds", folder))
        print("starters", turn, round(whole[-1], 1), round(alone[-1], 1), round(theirs[-1], 1), flush=True)
    loop, wanted = "a loop of `papermill` (one place, scaled)", "10 or more"
    what = f"{few} places x the five attainment notebooks"
    return [
        row(f"{what}, the notebooks alone, warming included", alone, theirs, few, loop, wanted),
        row(f"{what} by `datajam batch`: checks, reports and comparison too", whole, theirs, few, f"{loop} without those", wanted),
    ]


def shares_row(folder: Path) -> str:
    """Where a place's time goes, and how much faster than a loop two cores can be that do the notebooks' own work alone."""
    made = project(folder, "attainment")
    words = [sys.executable, str(ROOT / "benchmarks" / "where_time_goes.py"), str(made), str(TURNS)]
    environment = {**ENVIRONMENT, "PYTHONPATH": str(made / "shared")}
    said = subprocess.run(words, cwd=made, env=environment, capture_output=True, text=True, check=True).stdout
    seconds, own, shares = said.strip().split("; ")
    loop = statistics.median(starters_loop(made, "Leeds", folder) for _ in range(TURNS))
    what = "where the time of one of those places goes, sampled each millisecond in its warm processes"
    bound = f"a loop of `papermill` takes {loop:.1f} s, {own} CPU seconds of it the notebooks' own: two cores cannot be faster than"
    return f"| {what} | {seconds} CPU seconds: {shares}; {bound} | **{loop / float(own) * 2:.1f}** | |"


def one_by_one(paths: list[str], out: str) -> None:
    """Notebooks one after another in warm processes, without nbval: nearly nothing but the notebooks' own work."""
    import papermill

    from datajam.engine import inside, warm
    from datajam.engine.pool import Pool

    with Pool(1, warm.imports_of(map(Path, paths))) as pool:
        pool.submit(os.getpid).result()
        started = time.perf_counter()
        for path in paths:
            pool.submit(
                papermill.execute_notebook, path, f"{out}/{Path(path).name}", **in_folder(Path(path), "", inside.NAME)
            ).result()
        Path(os.environ["FLOOR_TO"]).write_text(str(time.perf_counter() - started))


def examples_row(folder: Path) -> list[str]:
    everything = sorted((ROOT / "notebooks").glob("*/*.ipynb"))
    fast, slow = [], []
    for turn in range(TURNS):
        fast.append(_nbval(everything, "-p", "datajam.kernels"))
        slow.append(_nbval(everything))
        print("examples", turn, round(fast[-1], 1), round(slow[-1], 1), flush=True)
    start = _nbval(everything, "-p", "datajam.kernels", "--collect-only")
    own = told(f"one_by_one({[str(path) for path in everything]!r}, {str(folder)!r})")
    said = (
        f"pytest and nbval {start:.1f} s before the first kernel, the notebooks' own work {own:.1f} s (on the engine), "
        f"0.2 s that jupyter_client waits on each new kernel {0.2 * len(everything):.1f} s; the rest is the warming and the forks"
    )
    return [
        row(f"nbval over all {len(everything)} worked examples, forked kernels", fast, slow, 1, "ordinary kernels", "3 or more"),
        f"| where the time of the forked ones goes | {said} | | |",
    ]


def _nbval(paths: list[Path], *plugin: str) -> float:
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        *plugin,
        "-p",
        "no:cacheprovider",
        "-p",
        "no:xdist",
        "--nbval",
        *map(str, paths),
    ]
    started = time.perf_counter()
    done = subprocess.run(command, cwd=ROOT, env=ENVIRONMENT, capture_output=True, text=True)
    if done.returncode:
        sys.exit(done.stdout[-3000:])
    return time.perf_counter() - started


def many(path: str, out: str, count: int) -> None:
    """Many notebooks in a row in one pool: its memory all the while, and how many files this process has open."""
    import papermill

    from datajam.engine import inside, warm
    from datajam.engine.pool import Pool

    settings = {"engine_name": inside.NAME, "kernel_name": "python3", "progress_bar": False}
    open_files, asked, memory = [], codes(PLACES), []
    with Pool(WORKERS, warm.imports_of([Path(path)])) as pool:
        for start in range(0, count, 20):
            turns = [(f"{out}/many{n % 20}.ipynb", given(asked[n % PLACES])) for n in range(start, start + 20)]
            futures = [pool.submit(papermill.execute_notebook, path, there, parameters=words, **settings) for there, words in turns]
            while not all(future.done() for future in futures):
                memory.append((start, _pss()))
                time.sleep(0.2)
            [future.result() for future in futures]
            open_files.append(len(os.listdir("/proc/self/fd")))
    Path(os.environ["FLOOR_TO"]).write_text(json.dumps({"memory": memory, "files": open_files[-1] - open_files[0]}))


def endurance(folder: Path, count: int = 2000) -> list[str]:
    """What many notebooks in a row hold, and what is left of them when the process that ran them has ended."""
    path, mark = str(small_notebook(folder)), f"DATAJAM_ENDURANCE={os.getpid()}"
    (folder / "temporary").mkdir()
    ENVIRONMENT.update([mark.split("="), ("TMPDIR", str(folder / "temporary"))])
    before = _listening()
    with tempfile.NamedTemporaryFile("r", dir=folder) as held:
        ENVIRONMENT["FLOOR_TO"] = held.name
        fresh(f"many({path!r}, {str(folder)!r}, {count})")
        found = json.loads(Path(held.name).read_text())
    time.sleep(1)
    sizes = [[size for start, size in found["memory"] if at * count // 4 <= start < (at + 1) * count // 4] for at in range(4)]
    left = (
        f"processes {_marked(mark)}, open files {found['files']}, "
        f"ports {len(_listening() - before)}, temporary files {len(os.listdir(folder / 'temporary'))}"
    )
    middle = ", ".join(f"{statistics.median(each):.0f}" for each in sizes)
    return [
        f"| memory of server and {WORKERS} workers over {count:,} notebooks in a row, proportional set size | largest "
        f"{max(map(max, sizes)):.0f} MB; medians of the four quarters {middle} MB | | under 1,000 MB, flat |",
        f"| what those {count:,} notebooks left behind, once the process that ran them had ended | {left} | | none |",
    ]


def _listening() -> set[str]:
    """The sockets of this machine that wait for somebody."""
    lines = [line.split() for name in ("tcp", "tcp6") for line in Path(f"/proc/net/{name}").read_text().splitlines()[1:]]
    return {words[1] for words in lines if words[3] == "0A"}


def _marked(mark: str) -> int:
    """How many processes were started with a variable in their environment."""
    found = 0
    for path in Path("/proc").glob("[0-9]*/environ"):
        try:
            found += mark.encode() in path.read_bytes().split(b"\0")
        except OSError:
            continue
    return found


def _pss() -> float:
    """MB that the server and its children hold, shared pages counted once."""
    from datajam.engine.warm import descendants

    total = 0
    for process in descendants(os.getpid()):
        try:
            lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
        except OSError:
            continue
        total += next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)
    return total / 1024


def everywhere(folder: Path) -> str:
    said = []
    for theme in json.loads((ROOT / "cookiecutter.json").read_text(encoding="utf-8"))["theme"]:
        made = project(folder / "all", theme)
        seconds, text = batch(made, "england")
        size = sum(path.stat().st_size for path in (made / "batch").rglob("*") if path.is_file()) / 1e6
        notebooks = len(list((made / "notebooks").glob("0*.ipynb")))
        said.append(f"{theme} {seconds / 60:.0f} min, {PLACES * notebooks} notebooks, {size:.0f} MB")
        print(said[-1], text.splitlines()[0], flush=True)
    return f"| all {PLACES} places x 3 themes by `datajam batch`, unattended | {'; '.join(said)} | | completes |"


PARTS = {
    "small": small_rows,
    "starters": starter_rows,
    "shares": lambda folder: [shares_row(folder)],
    "examples": examples_row,
    "endurance": endurance,
    "everywhere": lambda folder: [everywhere(folder)],
}
HELD = PAGE.with_suffix(".json")


def main(wanted: list[str]) -> None:
    """Measure the parts named, or all, and write the page of what has been measured."""
    rows = json.loads(HELD.read_text(encoding="utf-8")) if wanted and HELD.is_file() else {}
    for name in wanted or PARTS:
        folder = Path(tempfile.mkdtemp())
        try:
            rows[name] = {"on": time.strftime("%d %B %Y"), "rows": PARTS[name](folder)}
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        HELD.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    lines = [
        "# Batches, measured",
        "",
        f"Written by `python3 -m nox -s bench` on {machine()}, shared and noisy. Medians of {TURNS} turns (where not said "
        "otherwise), each in fresh processes; what is compared was measured in turns in one run, and the ratio is the median of "
        "the turns' ratios (least to most).",
        "",
        "| what | measured | ratio | wanted |",
        "|---|---|---|---|",
        *(line for name in PARTS if name in rows for line in rows[name]["rows"]),
    ]
    PAGE.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print("\n".join(lines))


if __name__ == "__main__":
    main(sys.argv[1:])
