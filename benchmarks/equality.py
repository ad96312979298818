"""Every notebook of the repository three ways: an ordinary kernel, a forked kernel, the engine in a fresh fork. All must be alike.

`nox -s equality` runs it and writes benchmarks/equality.md. What differs between any two kernels (process numbers in file names,
times, how a stream was cut) does not count; pictures are compared byte for byte.
"""

import json
import os
import re
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from batch import with_engine, with_papermill
from measure import ROOT, machine

sys.path.insert(0, str(ROOT / "shared"))
PAGE = ROOT / "benchmarks" / "equality.md"
_NUMBERS = re.compile(r"ipykernel_\d+")


def alike(path: Path) -> list[tuple[Any, ...]]:
    """What a reader of an executed notebook sees, cell by cell."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return [(cell["cell_type"], "".join(cell["source"]), cell.get("execution_count"), _outputs(cell)) for cell in cells]


def _outputs(cell: dict[str, Any]) -> list[Any]:
    found: list[Any] = []
    for output in cell.get("outputs", []):
        if output["output_type"] == "stream":
            text = _NUMBERS.sub("ipykernel_N", "".join(output["text"]))
            if found and found[-1][0] == output["name"]:
                text = found.pop()[1] + text
            found.append((output["name"], text))
        else:
            found.append(("other", json.dumps(output, sort_keys=True)))
    return found


def projects(folder: Path) -> list[Path]:
    """The notebooks of a project of each theme, and the worked examples."""
    from cookiecutter.main import cookiecutter

    found = sorted((ROOT / "notebooks").glob("*/*.ipynb"))
    for theme in json.loads((ROOT / "cookiecutter.json").read_text(encoding="utf-8"))["theme"]:
        made = Path(cookiecutter(str(ROOT), no_input=True, output_dir=str(folder / theme), extra_context={"theme": theme}))
        shutil.rmtree(made / "shared")
        (made / "shared").symlink_to(ROOT / "shared")
        found += sorted((made / "notebooks").glob("*.ipynb"))
    return found


def three_ways(path: Path, folder: Path, pool: Any) -> tuple[bool, str]:
    """One notebook under each: whether all are alike, and the row that says so."""
    out = {name: folder / f"{path.stem}.{name}.ipynb" for name in ("ordinary", "forked", "engine")}
    seconds = {}
    os.chdir(path.parent)
    for name, target in out.items():
        started = time.perf_counter()
        if name == "engine":
            pool.submit(with_engine, str(path), str(target), {}).result()
        else:
            _as_launched(name)
            with_papermill(str(path), str(target), {})
        seconds[name] = time.perf_counter() - started
    seen = {name: alike(target) for name, target in out.items()}
    same = seen["ordinary"] == seen["forked"] == seen["engine"]
    pictures = sum("image/png" in each for _, _, _, outputs in seen["engine"] for _, each in outputs)
    times = " | ".join(f"{seconds[name]:.1f}" for name in out)
    return same, f"| {path.stem} | {len(seen['engine'])} | {pictures} | {'yes' if same else 'NO'} | {times} |"


def main(write: bool) -> int:
    from datajam import kernels
    from datajam.engine import warm
    from datajam.engine.pool import Pool

    folder = Path(tempfile.mkdtemp())
    os.environ["PYTHONPATH"] = str(ROOT / "shared")
    found = []
    try:
        notebooks = projects(folder)
        kernels.register(notebooks)
        with Pool(1, warm.imports_of(notebooks)) as pool:
            for path in notebooks:
                found.append(three_ways(path, folder, pool))
                print(found[-1][1], flush=True)
    finally:
        os.chdir(ROOT)
        shutil.rmtree(folder, ignore_errors=True)
    alike_all = sum(same for same, _ in found)
    about = f"Written by `python3 -m nox -s equality` on {time.strftime('%d %B %Y')}, {machine()}."
    lines = [
        "# The same answers",
        "",
        f"{about} {alike_all} of {len(found)} notebooks give",
        "the same under an ordinary kernel, a forked kernel and the engine in a fresh fork: sources, outputs, counts, and pictures",
        "byte for byte. Seconds as they came, once each, on a shared machine.",
        "",
        "| notebook | cells | pictures | alike | ordinary | forked | engine |",
        "|---|---|---|---|---|---|---|",
        *(row for _, row in found),
    ]
    if write:
        PAGE.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return int(alike_all < len(found))


def _as_launched(name: str) -> None:
    """The provisioner of the kernels to come: jupyter_client reads the variable once, and keeps what it read."""
    from jupyter_client.provisioning import KernelProvisionerFactory

    wanted = "datajam" if name == "forked" else "local-provisioner"
    KernelProvisionerFactory.instance().default_provisioner_name = wanted


if __name__ == "__main__":
    sys.exit(main("--write" in sys.argv[1:]))
