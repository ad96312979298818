"""What can be done here: `nox -l` lists it. Words after `--` are passed on."""

import shutil
import sys
from pathlib import Path

import nox

nox.options.default_venv_backend = "uv"
nox.options.reuse_existing_virtualenvs = True
nox.options.sessions = ["tests"]
HERE = Path(__file__).parent
SHARED = {"PYTHONPATH": str(HERE / "shared"), "DATAJAM_COMMAND": "python3 -m nox -s datajam --"}
DEMO = HERE / "demo"
SAMPLES = {
    "starters/attainment/data/sample/attainment_by_fsm_synthetic.csv": ["attainment"],
    "starters/attainment/data/sample/neet_scorecard_synthetic.csv": ["participation"],
    "starters/attainment/data/sample/progress_by_fsm_synthetic.csv": ["progress"],
    "starters/social_cohesion/data/sample/wellbeing_synthetic.csv": ["local_statistics", "wellbeing"],
    "starters/social_cohesion/data/sample/community_life_synthetic.csv": ["community_life"],
    "starters/skills/data/sample/qualifications_synthetic.csv": ["local_statistics", "qualifications"],
    "starters/skills/data/sample/aps_level4_synthetic.csv": ["qualifications_survey"],
    "starters/skills/data/sample/job_adverts_synthetic.csv": ["adverts"],
    "starters/skills/data/sample/adjacency_201709_201808_synthetic.csv": ["skills", "adjacency"],
    "starters/skills/data/sample/salaries_201709_201808_synthetic.csv": ["skills", "salaries"],
    "starters/skills/data/sample/job_titles_201709_201808_synthetic.csv": ["skills", "job_titles"],
    "{{cookiecutter.project_slug}}/data/sample/context_synthetic.csv": ["context"],
}


def locked(session: nox.Session) -> None:
    """Install exactly what the lock names, compiled, so that the first notebook is as fast as the second."""
    session.install("--quiet", "-r", "requirements.lock", env={"UV_COMPILE_BYTECODE": "1"})


def answers(words: list[str]) -> list[str]:
    """The words after `--` as cookiecutter answers: --theme skills --place Hull gives theme=skills place=Hull."""
    names = [word.removeprefix("--").replace("-", "_") for word in words[::2]]
    if len(words) % 2 or not all(word.startswith("--") for word in words[::2]):
        sys.exit(f"demo: {' '.join(words)!r}: type pairs, such as --theme attainment --place Durham")
    known = ["project_name", "theme", "place", "organisations", "licence", "project_slug"]
    wrong = [name for name in names if name not in known]
    if wrong:
        sys.exit(f"demo: no question is called {wrong[0]!r}. Choose from: {', '.join(known)}.")
    return [f"{name}={value}" for name, value in zip(names, words[1::2], strict=True)]


@nox.session
def demo(session: nox.Session) -> None:
    """Make a project and run it: nox -s demo -- --theme attainment --place "Newcastle upon Tyne" """
    given = answers(session.posargs)
    locked(session)
    if DEMO.is_dir():
        shutil.rmtree(DEMO)
    session.run("cookiecutter", str(HERE), "--no-input", "--output-dir", str(DEMO), *given)
    made = next(DEMO.iterdir())
    session.run("python", "-m", "datajam", "run", "--project", str(made), env={"PYTHONPATH": str(made / "shared")})


@nox.session
def new(session: nox.Session) -> None:
    """Ask the six questions and make a project beside this folder, or where `-- FOLDER` says."""
    locked(session)
    folder = session.posargs[0] if session.posargs else str(HERE.parent)
    session.run("cookiecutter", str(HERE), "--output-dir", folder)


@nox.session
def datajam(session: nox.Session) -> None:
    """Any datajam command: nox -s datajam -- read FILE"""
    locked(session)
    session.run("python", "-m", "datajam", *session.posargs, env=SHARED)


@nox.session
def tests(session: nox.Session) -> None:
    """Everything that must hold; `-- -k name` runs a part."""
    locked(session)
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    session.run("pytest", "-n", "2", "--dist", "loadgroup", "tests", "shared", "local_extensions.py", *session.posargs)


@nox.session
def slow(session: nox.Session) -> None:
    """The tests that take minutes: a project moved and offline, batches in trouble, kits for two cohorts; `-- -k name`."""
    locked(session)
    session.run("pytest", "-n", "2", "--dist", "loadgroup", "-m", "slow", "tests", *session.posargs)


@nox.session
def bench(session: nox.Session) -> None:
    """Measure speed and size, and write benchmarks/README.md and batch.md; `-- small` measures one part of batches."""
    locked(session)
    if not session.posargs:
        session.run("python", "benchmarks/measure.py", env=SHARED)
    session.run("python", "benchmarks/batch.py", *session.posargs, env=SHARED)


@nox.session
def notebooks(session: nox.Session) -> None:
    """Check the worked examples: the rules, the saved outputs in full, and participants' copies that run."""
    locked(session)
    shared = {"PYTHONPATH": str(HERE / "shared")}
    session.run("pytest", "-q", "tests/test_notebook_rules.py", env=shared)
    fast = ["pytest", "-q", "-n", "2", "--dist", "loadfile", "-p", "datajam.kernels"]
    session.run(*fast, "--nbval", "notebooks", *session.posargs, env=shared)
    kit = Path(session.create_tmp()) / "kit"
    session.run("python", "-m", "datajam", "workshop", "build", "--cohort", "nbval", "--out", str(kit), env=shared)
    folders = [str(path) for path in sorted((kit / "participants").iterdir()) if any(path.glob("*.ipynb"))]
    session.run(*fast, "--nbval-lax", *folders, env=shared)


@nox.session
def lab(session: nox.Session) -> None:
    """Open JupyterLab on the worked examples."""
    locked(session)
    session.run("jupyter", "lab", "--notebook-dir=notebooks", *session.posargs, env={"PYTHONPATH": str(HERE / "shared")})


@nox.session
def workshop(session: nox.Session) -> None:
    """Build the two-day kit twice and time it, and install from a wheelhouse without a network (Linux, root; a download)."""
    locked(session)
    session.run("python", "benchmarks/workshop.py", "--write", *session.posargs, env=SHARED)


@nox.session
def lite(session: nox.Session) -> None:
    """A site that runs a kit's notebooks in the browser: nox -s lite -- KIT [--pyodide FOLDER]; then python3 -m http.server"""
    session.install("--quiet", "--require-hashes", "-r", "lite.lock")
    session.run("python", "-m", "datajam_teach.workshop.lite", *(session.posargs or ["workshop"]), env=SHARED)


@nox.session
def truth(session: nox.Session) -> None:
    """Run each worked example over 200 seeds and write benchmarks/truth.md."""
    locked(session)
    session.run("python", "benchmarks/truth.py", "--write", *session.posargs, env={"PYTHONPATH": str(HERE / "shared")})


@nox.session
def equality(session: nox.Session) -> None:
    """Run every notebook under an ordinary kernel, a forked one and the engine: all alike; writes benchmarks/equality.md."""
    locked(session)
    session.run("python", "benchmarks/equality.py", "--write", *session.posargs, env=SHARED)


@nox.session
def sweep(session: nox.Session) -> None:
    """Run every theme for every place (half an hour), and write benchmarks/sweep.md."""
    locked(session)
    session.run("python", "benchmarks/sweep.py", "--write", *session.posargs, env=SHARED)


@nox.session
def faults(session: nox.Session) -> None:
    """Plant faults in a finished project, review it (20 minutes), and write benchmarks/faults.md."""
    locked(session)
    session.run("python", "benchmarks/faults.py", "--write", *session.posargs, env=SHARED)


@nox.session
def samples(session: nox.Session) -> None:
    """Make the synthetic samples again from their seeds."""
    locked(session)
    for path, (module, *words) in SAMPLES.items():
        with open(HERE / path, "wb") as file:
            session.run("python", "-m", f"datajam_teach.samples.{module}", *words, env=SHARED, stdout=file)


@nox.session(venv_backend="none")
def lock(session: nox.Session) -> None:
    """Solve the requirements again and write requirements.lock and lite.lock: names, versions, hashes, no address."""
    uv = [shutil.which("uv")] if shutil.which("uv") else [sys.executable, "-m", "uv"]
    for words in (["--group", "dev", "pyproject.toml", "-o", "requirements.lock"], ["--group", "lite", "-o", "lite.lock"]):
        session.run(
            *uv, "pip", "compile", "--universal", "--python-version", "3.11", "--generate-hashes", "--no-emit-index-url",
            "--no-annotate", "--no-header", "--quiet", *words, *session.posargs,
        )  # fmt: skip
