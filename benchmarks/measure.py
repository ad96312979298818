"""Measure speed and size side by side in one run and write benchmarks/README.md. `nox -s bench` runs it.

Times on shared machines wander: read the ratios, measured in turns within this run.
"""

import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
REAL = Path(os.environ.get("DATAJAM_REAL_FILES", ROOT.parent / "shared" / "real"))
TURNS = 5
ROWS = 1_000_000
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT / "shared")}
_HEADER = (
    "time_period,time_identifier,geographic_level,country_code,country_name,region_code,region_name,old_la_code,"
    "la_name,new_la_code,version,sex,group,t_pupils,t_att8,avg_att8"
)
_PROBE = """
import resource, sys, time
import numpy, pandas, pyarrow.csv, pyarrow.compute, datajam
from datajam.sources import layouts
layouts()
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
start = time.perf_counter()
{call}
seconds = time.perf_counter() - start
print(seconds, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024, before / 1024)
"""


def large_file(path: Path) -> None:
    """A file of a million rows in the explore-education-statistics layout: real areas, made-up groups and numbers."""
    import numpy as np

    sys.path.insert(0, str(ROOT / "shared"))
    from datajam.vocabulary import places

    rng = np.random.default_rng(1)
    areas = [
        f'Local authority,E92000001,England,{p.region_code},{p.region_name},{p.dfe_number},"{p.name}",{p.code},Made up'
        for p in places.authorities()
    ]
    groups = -(-ROWS // (len(areas) * 10 * 3))
    with open(path, "w", encoding="utf-8") as file:
        file.write(_HEADER + "\n")
        written = 0
        for year in range(2015, 2025):
            for sex in ("Total", "Boys", "Girls"):
                for group in range(groups):
                    pupils = rng.integers(3, 4000, len(areas))
                    scores = rng.normal(46, 6, len(areas))
                    for area, n, score in zip(areas, pupils, scores, strict=True):
                        cells = "c,c,c" if n < 10 else f"{n},{n * score:.2f},{score:.1f}"
                        file.write(f"{year}{(year + 1) % 100:02d},Academic year,{area},{sex},Group {group},{cells}\n")
                        written += 1
                        if written == ROWS:
                            return


def probe(call: str) -> tuple[float, float]:
    """Seconds and peak memory in MB above the imports', of one call in a fresh process."""
    done = subprocess.run(
        [sys.executable, "-c", _PROBE.format(call=call)], capture_output=True, text=True, check=True, env=ENVIRONMENT
    )
    seconds, grown, _ = map(float, done.stdout.split()[-3:])
    return seconds, grown


def timed(command: list[str], cwd: Path, **environment: str) -> float:
    start = time.perf_counter()
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, env={**ENVIRONMENT, **environment})
    if done.returncode:
        sys.exit(f"{' '.join(command)}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}")
    return time.perf_counter() - start


def reading(folder: Path) -> list[str]:
    path = folder / "large.csv"
    large_file(path)
    size = path.stat().st_size / 1e6
    ours, theirs = [], []
    for _ in range(TURNS):
        ours.append(probe(f"datajam.read({str(path)!r})"))
        theirs.append(probe(f"pandas.read_csv({str(path)!r}, dtype=str)"))
    seconds, memory = (statistics.median(values) for values in zip(*ours, strict=True))
    pandas_seconds, pandas_memory = (statistics.median(values) for values in zip(*theirs, strict=True))
    return [
        f"| read a {ROWS:,}-row explore-education-statistics file ({size:,.0f} MB, 3 indicators, 3,000,000 observations out) "
        f"| {seconds:.1f} s; `pandas.read_csv(dtype=str)` of the same file {pandas_seconds:.1f} s "
        f"| **{seconds / pandas_seconds:.2f}** of pandas | 2 of pandas |",
        f"| its peak memory above the imports' | {memory:,.0f} MB; pandas {pandas_memory:,.0f} MB "
        f"| **{memory / size:.1f}** of the file's size | 4 of the file's size |",
    ]


def real_files() -> list[str]:
    wanted = [
        ("attainment/lait_bds_long_0.parquet", "641,070 rows of the local authority interactive tool", 4),
        ("skills/nomis_aps_T19_qualifications_2017_2021.xlsx", "the 1.5 MB Nomis workbook", 2),
    ]
    rows = []
    for name, words, limit in wanted:
        path = REAL / name
        if path.is_file():
            seconds, memory = zip(*[probe(f"datajam.read({str(path)!r})") for _ in range(TURNS)], strict=True)
            rows.append(
                f"| read {words} | {statistics.median(seconds):.2f} s, {statistics.median(memory):,.0f} MB above the imports' "
                f"| | {limit} s |"
            )
    return rows


def generating(folder: Path) -> list[str]:
    made = [
        timed([sys.executable, "-m", "cookiecutter", str(ROOT), "--no-input", "-o", str(folder / f"g{turn}")], folder)
        for turn in range(TURNS)
    ]
    return [f"| make a project | {statistics.median(made):.2f} s | | 2 s |"]


def importing(folder: Path) -> list[str]:
    bare = [timed([sys.executable, "-c", "pass"], folder) for _ in range(TURNS)]
    ours = [timed([sys.executable, "-c", "import datajam"], folder) for _ in range(TURNS)]
    spent = statistics.median(ours) - statistics.median(bare)
    return [f"| `import datajam`, above starting Python | {max(spent, 0):.3f} s | | 0.3 s |"]


def demo(folder: Path) -> list[str]:
    clone = folder / "clone"
    subprocess.run(["git", "clone", "-q", str(ROOT), str(clone)], check=True)
    seconds = timed([sys.executable, "-m", "nox", "-s", "demo"], clone, PYTHONPATH="")
    return [f"| `nox -s demo` in a fresh clone, packages in the cache | {seconds:.0f} s | | 120 s |"]


def machine() -> str:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, {memory:.0f} GiB, Python {platform.python_version()}"


BESIDE = (
    "Beside this page: batches at speed (`batch.md`), the same answers three ways (`equality.md`), faults planted and found by a "
    "review (`faults.md`), the worked examples' truth over 200 seeds (`truth.md`), every theme for every place (`sweep.md`), the "
    "trainer's kit (`workshop.md`)."
)


def main() -> None:
    folder = Path(tempfile.mkdtemp())
    try:
        rows = [*generating(folder), *importing(folder), *demo(folder), *reading(folder), *real_files()]
    finally:
        shutil.rmtree(folder)
    lines = [
        "# Benchmarks",
        "",
        f"Written by `python3 -m nox -s bench` on {time.strftime('%d %B %Y')}: {machine()}, shared and noisy. Medians of "
        f"{TURNS} turns (the demo once), each in a fresh process; what is compared was measured in turns.",
        "",
        "| what | measured | ratio | wanted at most |",
        "|---|---|---|---|",
        *rows,
        "",
        BESIDE,
    ]
    (ROOT / "benchmarks" / "README.md").write_text("\n".join(lines) + "\n", encoding="utf-8")
    print("\n".join(rows))


if __name__ == "__main__":
    main()
