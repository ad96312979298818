"""Each worked example over many seeds, without its notebook: python benchmarks/truth.py [--write] [--seeds N]"""

import argparse
import sys
from concurrent.futures import ProcessPoolExecutor
from importlib import import_module
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
PAGE = Path(__file__).with_name("truth.md")


def names() -> list[str]:
    """The examples there are."""
    return sorted(path.stem for path in (ROOT / "shared/datajam_teach/examples").glob("[acsx][0-9].py"))


def simulated(task: tuple[str, int]) -> dict[str, float]:
    """What one example gives for one seed."""
    name, seed = task
    return import_module(f"datajam_teach.examples.{name}").simulate(seed)


def rows(name: str, found: list[dict[str, float]]) -> list[dict]:
    """A row for each number of an example: its mean and spread over the seeds, what was expected, and how many were within."""
    example, made = import_module(f"datajam_teach.examples.{name}"), []
    for key in found[0]:
        values = np.array([one[key] for one in found], dtype="float64")
        mean, error = values.mean(), values.std(ddof=1) / len(values) ** 0.5
        wanted, slack = example.EXPECTED.get(key, (None, None))
        truth, tolerance = example.TOLERANCE.get(key, (None, None))
        within = None if truth is None else float((np.abs(values - truth) <= tolerance).mean())
        agrees = wanted is None or abs(mean - wanted) <= slack + 3 * error
        good = agrees and (within is None or within >= 0.995)
        made.append(dict(name=name, key=key, mean=mean, sd=values.std(ddof=1), wanted=wanted, within=within, good=good))
    return made


def page(table: list[dict], seeds: int) -> str:
    """The table as a page."""
    lines = [
        "# The truth, at scale",
        "",
        f"Made by `python3 -m nox -s truth`: each worked example over {seeds} seeds, by the functions its notebook calls. A rate",
        "is the share of seeds. 'Expected' is what the curriculum states; 'within' the share of seeds inside the notebook's",
        "tolerance, which must be 99.5% or more.",
        "",
        "| example | number | mean | standard deviation | expected | within | holds |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for row in table:
        wanted = "" if row["wanted"] is None else f"{row['wanted']:g}"
        within = "" if row["within"] is None else f"{row['within']:.1%}"
        numbers = f"{row['mean']:.3f} | {row['sd']:.3f} | {wanted} | {within}"
        lines.append(f"| {row['name']} | {row['key']} | {numbers} | {'yes' if row['good'] else 'no'} |")
    return "\n".join(lines) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=200)
    parser.add_argument("--write", action="store_true")
    given = parser.parse_args()
    table = []
    with ProcessPoolExecutor(2) as pool:
        for name in names():
            found = list(pool.map(simulated, [(name, seed) for seed in range(given.seeds)], chunksize=10))
            table += rows(name, found)
            print(f"{name}: {sum(row['good'] for row in table if row['name'] == name)} numbers hold", flush=True)
    text = page(table, given.seeds)
    print(text)
    if given.write:
        PAGE.write_text(text, encoding="utf-8")
    return 0 if all(row["good"] for row in table) else 1


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT / "shared"))
    sys.exit(main())
