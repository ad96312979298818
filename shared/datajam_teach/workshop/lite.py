"""A site that runs a kit's notebooks in the browser, with nothing installed: JupyterLite, with Python as WebAssembly (Pyodide).

python -m datajam_teach.workshop.lite KIT [--out FOLDER] [--pyodide FOLDER]

Runs in the environment of `lite.lock`. The site asks for one outside address, that of the Pyodide distribution, unless
`--pyodide` names an unpacked one, which then travels with the site.
"""

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from datajam.errors import DataJamError

ROOT = Path(__file__).resolve().parents[3]
LEFT_OUT = {"a7": "linking needs splink and DuckDB", "s7": "hiding cells needs the compiled engine pytauargus"}
PACKAGES = ["numpy", "pandas", "scipy", "matplotlib", "statsmodels", "scikit-learn", "packaging", "tzdata"]
_FIRST = f"""# In the browser this fetches what the notebook stands on; on a laptop it does nothing.
import sys

if sys.platform == "emscripten":
    import piplite

    await piplite.install({PACKAGES!r})
    await piplite.install("datajam", deps=False)
"""


def contents(kit: Path, folder: Path) -> list[str]:
    """Put the participants' notebooks that can run in a browser into a folder, each with a first cell for it: their names.

    Raises `DataJamError` where the folder is not a kit.
    """
    names = []
    for path in sorted((kit / "participants").glob("*/*.ipynb")):
        if path.stem.split("_")[0] in LEFT_OUT:
            continue
        notebook = json.loads(path.read_text(encoding="utf-8"))
        cell = {
            "cell_type": "code",
            "execution_count": None,
            "id": "in-the-browser",
            "metadata": {},
            "outputs": [],
            "source": _FIRST,
        }
        notebook["cells"].insert(0, cell)
        copy = folder / path.parent.name / path.name
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_text(json.dumps(notebook, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        names.append(copy.relative_to(folder).as_posix())
    if not names:
        raise DataJamError(f"{kit} is not a kit: make one first with `datajam workshop build --out {kit}`.")
    return names


def site(kit: Path, out: Path, pyodide: Path | None = None) -> list[str]:
    """Build the site into a folder: the notebooks on it. Raises `DataJamError` where a folder is not what it is said to be."""
    if out.exists() and not (out / "jupyter-lite.json").is_file():
        raise DataJamError(f"{out} is there and is no site of this kind: name another folder with --out.")
    if pyodide and not (pyodide / "pyodide.mjs").is_file():
        raise DataJamError(f"{pyodide} is not an unpacked Pyodide distribution: pyodide.mjs is not in it.")
    with tempfile.TemporaryDirectory() as rough:
        folder = Path(rough)
        names = contents(kit, folder / "files")
        _wheel(folder)
        if pyodide:
            shutil.copytree(pyodide, folder / "static" / "pyodide")
        shutil.rmtree(out, ignore_errors=True)
        _run(
            folder, str(Path(sys.executable).with_name("jupyter-lite")), "build", "--contents", "files", "--lite-dir", str(folder),
            "--output-dir", str(out.resolve()), "--piplite-wheels", str(next(folder.glob("datajam-*.whl"))), "--no-sourcemaps",
        )  # fmt: skip
    return names


def _wheel(folder: Path) -> None:
    """DataJam's own wheel, from a copy, so that nothing is left in the repository."""
    source = folder / "source"
    shutil.copytree(ROOT / "shared", source / "shared", ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    _run(folder, sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(source))


def _run(folder: Path, *words: str) -> None:
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, encoding="utf-8", errors="replace")
    if done.returncode:
        raise DataJamError(f"{Path(words[0]).name} failed: {(done.stderr or done.stdout).strip().splitlines()[-1][:300]}")


def main() -> None:
    """Build the site from the command line."""
    parser = argparse.ArgumentParser(description="A site that runs a kit's notebooks in the browser.")
    parser.add_argument("kit", help="the folder that `datajam workshop build` made")
    parser.add_argument("--out", default="lite", help="where the site goes; by default ./lite")
    parser.add_argument("--pyodide", help="the folder of an unpacked Pyodide distribution, for a site without any outside request")
    options = parser.parse_args()
    try:
        names = site(Path(options.kit), Path(options.out), Path(options.pyodide) if options.pyodide else None)
    except DataJamError as error:
        sys.exit(f"lite: {error}")
    print(f"{options.out}: {len(names)} notebooks. Left out: {', '.join(f'{name} ({why})' for name, why in LEFT_OUT.items())}.")
    if not options.pyodide:
        print("When opened it asks for the Pyodide distribution at one outside address; --pyodide FOLDER takes one along.")
    print(f"Try it: python3 -m http.server --directory {options.out}")


if __name__ == "__main__":
    main()
