"""The template: six questions, one clear message for wrong answers, and projects that run for real wherever they are put."""

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import local_extensions

ROOT = Path(__file__).resolve().parents[1]
COOKIECUTTER = [sys.executable, "-m", "cookiecutter"]
THEMES = ("attainment", "social_cohesion", "skills")


def cookiecutter(*words: str, cwd: Path, answers: str | None = None) -> subprocess.CompletedProcess:
    environment = {**os.environ, "HOME": str(cwd), "PYTHONIOENCODING": "utf-8"}
    command = [*COOKIECUTTER, str(ROOT), *([] if answers is not None else ["--no-input"]), *words]
    return subprocess.run(command, cwd=cwd, input=answers, capture_output=True, text=True, encoding="utf-8", env=environment)


def folders(where: Path) -> list[str]:
    return [path.name for path in where.iterdir() if path.is_dir() and not path.name.startswith(".")]


def run(*words: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess:
    done = subprocess.run(words, cwd=cwd, capture_output=True, text=True, env={**os.environ, **environment})
    assert done.returncode == 0, f"{words}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    return done


@pytest.mark.parametrize("licence", ["mit", pytest.param("decide_later", marks=pytest.mark.slow)])
@pytest.mark.parametrize("theme", THEMES)
def test_every_theme_and_licence_makes_a_project_whose_own_tests_pass(bake, theme, licence):
    made = bake(theme=theme, licence=licence)
    done = run(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests", cwd=made, PYTHONPATH="shared")
    assert re.search(r"4 passed, 1 skipped", done.stdout)
    assert ("MIT License" in (made / "LICENSE").read_text(encoding="utf-8")) == (licence == "mit")


def test_a_new_project_passes_its_own_committed_run(finished):
    run(
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "tests",
        "-k",
        "committed",
        cwd=finished,
        PYTHONPATH="shared",
    )


def test_enter_through_every_question_makes_a_project(tmp_path):
    done = cookiecutter("--output-dir", str(tmp_path), cwd=tmp_path, answers="\n" * 6)
    assert done.returncode == 0 and folders(tmp_path) == ["our-data-hack"], done.stderr
    assert "theme attainment, place North East" in done.stdout


def test_there_are_six_questions_with_words_for_people():
    asked = json.loads((ROOT / "cookiecutter.json").read_text(encoding="utf-8"))
    questions = [name for name in asked if not name.startswith("_")]
    assert questions == ["project_name", "theme", "place", "organisations", "licence", "project_slug"]
    assert set(asked["__prompts__"]) == set(questions)


@pytest.mark.parametrize("said", ["E08000021", "newcastle", "Newcastle-upon-Tyne"])
def test_a_place_may_be_a_code_or_an_alias_and_is_written_by_its_name(bake, said):
    settings = tomllib.loads((bake(place=said) / "hack.toml").read_text(encoding="utf-8"))
    assert settings["parameters"]["place"] == "Newcastle upon Tyne"


@pytest.mark.parametrize(
    "name", ["O'Brien's \"big\" data & co", "Llŷn: tŵr", "2018 again", "{curly} [square] \\ back", "emoji 🎉 jam", "a" * 80]
)
def test_an_unusual_name_makes_a_working_project(bake, datajam_command, name):
    made = bake(project_name=name, theme="skills", organisations=name)
    settings = tomllib.loads((made / "hack.toml").read_text(encoding="utf-8"))
    assert settings["project"]["name"] == settings["project"]["organisations"] == name
    tomllib.loads((made / "pyproject.toml").read_text(encoding="utf-8"))
    assert datajam_command("run", "--quiet", cwd=made).returncode == 0


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        ({"project_name": ""}, "project_name is empty"),
        ({"project_name": "x" * 200}, "200 characters"),
        ({"project_name": "jo@council.gov.uk"}, "e-mail address"),
        ({"organisations": "jo@council.gov.uk"}, "e-mail address"),
        ({"project_name": "a\nb"}, "control character"),
        ({"project_slug": "../up"}, "project_slug '../up'"),
        ({"project_slug": "con"}, "Windows"),
        ({"project_slug": "Con"}, "project_slug 'Con'"),
        ({"project_slug": ""}, "project_slug ''"),
        ({"project_slug": "-x"}, "project_slug '-x'"),
        ({"project_name": "🎉"}, "project_slug ''"),
        ({"place": "Atlantis"}, "No place called 'Atlantis'"),
        ({"place": "Cumbria"}, "E06000063 or E06000064"),
        ({"place": ""}, "No place called ''"),
    ],
)
def test_a_wrong_answer_gives_one_message_no_folder_and_exit_1(tmp_path, answers, said):
    done = cookiecutter(*[f"{name}={value}" for name, value in answers.items()], cwd=tmp_path)
    assert done.returncode == 1 and said in done.stderr and "Traceback" not in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1 and folders(tmp_path) == []


def test_all_wrong_answers_are_told_at_once(tmp_path):
    done = cookiecutter("project_name=", "place=Atlantis", "project_slug=con", cwd=tmp_path)
    assert all(said in done.stderr for said in ("project_name is empty", "Atlantis", "'con'"))


@pytest.mark.parametrize("answer", ["theme=cohesion", "licence=gpl"])
def test_a_theme_or_licence_there_is_none_of_makes_no_folder(tmp_path, answer):
    done = cookiecutter(answer, cwd=tmp_path)
    assert done.returncode == 1 and "attainment" in done.stderr + str(local_extensions.THEMES) and folders(tmp_path) == []


def test_the_closing_message_repeats_theme_and_place_in_ascii(tmp_path):
    done = cookiecutter("project_name=Llŷn", "theme=skills", "place=Hull", cwd=tmp_path)
    assert "theme skills, place Kingston upon Hull, City of" in done.stdout and done.stdout.isascii()


def test_the_hook_is_python_of_the_standard_library_and_short():
    text = (ROOT / "hooks" / "post_gen_project.py").read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 35 and set(re.findall(r"^(?:import|from) (\w+)", text, re.MULTILINE)) == {
        "shutil",
        "pathlib",
    }


def test_no_code_or_notebook_of_the_template_holds_jinja():
    inside = ROOT / "{{cookiecutter.project_slug}}"
    for path in [*inside.rglob("*"), *(ROOT / "starters").rglob("*.ipynb")]:
        if path.is_file() and (path.name not in ("README.md", "LICENSE") or path.parent != inside):
            assert "{%" not in path.read_text(encoding="utf-8"), path
            if path.suffix in (".py", ".ipynb"):
                assert "cookiecutter" not in path.read_text(encoding="utf-8"), path


@pytest.mark.parametrize("theme", THEMES)
def test_nothing_generated_is_empty_or_litter_and_the_shared_package_is_the_one_source(bake, theme):
    made = bake(theme=theme)
    files = [path for path in made.rglob("*") if path.is_file()]
    assert all(path.stat().st_size for path in files)
    assert not [path for path in files if "__pycache__" in path.parts or ".ipynb_checkpoints" in path.parts]
    ours, theirs = ROOT / "shared" / "datajam", made / "shared" / "datajam"
    for path in ours.rglob("*"):
        if path.is_file() and "__pycache__" not in path.parts:
            assert (theirs / path.relative_to(ours)).read_bytes() == path.read_bytes()
    assert (made / "requirements.lock").read_bytes() == (ROOT / "requirements.lock").read_bytes()
    assert not (made / "shared" / "datajam_teach").exists()


def test_every_notebook_has_its_place_first_among_constant_parameters(bake):
    from datajam.run import checks

    for theme in THEMES:
        for path in (bake(theme=theme) / "notebooks").glob("*.ipynb"):
            assert list(checks.declared(path))[:2] == ["place", "period"]


@pytest.fixture(scope="module")
def clone(tmp_path_factory) -> Path:
    """A clone of this repository as it stands, uncommitted changes included, in which symbolic links are off."""
    folder = tmp_path_factory.mktemp("clone") / "template"
    names = run("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", cwd=ROOT).stdout.split("\0")
    for name in filter(None, names):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, folder / name)
    git = ["git", "-c", "core.symlinks=false", "-c", "user.name=T", "-c", "user.email=t@example.org"]
    run(*git, "init", "-q", "-b", "main", cwd=folder)
    run(*git, "add", "-A", cwd=folder)
    run(*git, "commit", "-qm", "one", cwd=folder)
    return folder


def test_a_clone_without_symbolic_links_makes_the_same_project(clone, bake, tmp_path):
    away = tmp_path / "away"
    run("git", "-c", "core.symlinks=false", "clone", "-q", str(clone), str(away), cwd=tmp_path)
    run(*COOKIECUTTER, str(away), "--no-input", "-o", str(tmp_path / "out"), cwd=tmp_path)
    one, other = bake(), tmp_path / "out" / "our-data-hack"
    names = {path.relative_to(one) for path in one.rglob("*") if path.is_file()}
    assert names == {path.relative_to(other) for path in other.rglob("*") if path.is_file()}
    assert all((one / name).read_bytes() == (other / name).read_bytes() for name in names)


def test_cruft_makes_a_project_and_brings_it_a_later_mend(clone, datajam_command, tmp_path):
    git = ["git", "-c", "user.name=T", "-c", "user.email=t@example.org"]
    cruft = [sys.executable, "-m", "cruft"]
    home = {"HOME": str(tmp_path), "PYTHONIOENCODING": "utf-8"}
    run(*cruft, "create", str(clone), "--no-input", "--output-dir", str(tmp_path), cwd=tmp_path, **home)
    made = tmp_path / "our-data-hack"
    assert (made / "shared" / "datajam" / "vocabulary" / "places.py").is_file() and (
        made / "notebooks" / "05_findings.ipynb"
    ).is_file()
    notebook = made / "notebooks" / "02_attainment_or_progression.ipynb"
    notebook.write_text(
        notebook.read_text(encoding="utf-8").replace("how wide is the gap here", "how wide is our gap here"), encoding="utf-8"
    )
    run(*git, "init", "-q", "-b", "main", cwd=made)
    run(*git, "add", "-A", cwd=made)
    run(*git, "commit", "-qm", "ours", cwd=made)

    for name, old, new in (
        ("shared/datajam/say/sentences.py", "other pupils", "all other pupils"),
        ("starters/attainment/notebooks/02_attainment_or_progression.ipynb", "How wide is", "How very wide is"),
    ):
        path = clone / name
        path.write_text(path.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    run(*git, "commit", "-qam", "a mend", cwd=clone)

    run(*cruft, "update", "--skip-apply-ask", cwd=made, **home)
    assert "all other pupils" in (made / "shared" / "datajam" / "say" / "sentences.py").read_text(encoding="utf-8")
    assert "how wide is our gap" in notebook.read_text(encoding="utf-8")
    assert "How very wide" not in notebook.read_text(encoding="utf-8")
    assert not list(made.rglob("*.rej"))
    assert datajam_command("run", "--quiet", "--notebooks", "05*", cwd=made).returncode == 0


# A new network namespace has its loopback down; kernels need it. 0x8914 is SIOCSIFFLAGS, 0x41 up and running.
LOOPBACK_ONLY = (
    "import fcntl, os, socket, struct, sys\n"
    "fcntl.ioctl(socket.socket(), 0x8914, struct.pack('16sh', b'lo', 0x41))\n"
    "os.execvp(sys.argv[1], sys.argv[1:])"
)


def offline() -> list[str]:
    """The command that runs another without any network, where this system has one."""
    words = ["unshare", "--net", "--map-root-user", sys.executable, "-c", LOOPBACK_ONLY]
    if sys.platform.startswith("linux") and shutil.which("unshare"):
        tried = subprocess.run([*words, "true"], capture_output=True)
        if tried.returncode == 0:
            return words
    return []


@pytest.mark.slow
def test_a_project_runs_by_nox_then_offline_then_moved_with_the_template_gone(clone, tmp_path):
    template = tmp_path / "template"
    shutil.copytree(clone, template)
    run(*COOKIECUTTER, str(template), "--no-input", "-o", str(tmp_path), cwd=tmp_path)
    made = tmp_path / "our-data-hack"
    nox = [sys.executable, "-m", "nox"]
    first = run(*nox, cwd=made)
    assert "Gap between the two" in first.stdout
    numbers = (made / "runs" / "north-east" / "results.json").read_bytes()
    no_network = offline()
    if not no_network and os.environ.get("CI"):
        pytest.fail("the network cannot be taken away on this system")
    run(*no_network, *nox, cwd=made)
    shutil.rmtree(template)
    moved = tmp_path / "elsewhere" / "moved folder"
    moved.parent.mkdir()
    made.rename(moved)
    run(*no_network, *nox, "-s", "run", "tests", cwd=moved)
    assert (moved / "runs" / "north-east" / "results.json").read_bytes() == numbers
    said = run(*no_network, *nox, "-s", "datajam", "--", "places", "tyneside", cwd=moved)
    assert "North Tyneside" in said.stdout
    run(*no_network, *nox, "-s", "lab", "--", "--version", cwd=moved)
    wrong = subprocess.run([*nox, "-s", "run", "--", "--place", "Newcastel"], cwd=moved, capture_output=True, text=True)
    assert wrong.returncode and "`python3 -m nox -s datajam -- places Newcastel` searches" in wrong.stdout + wrong.stderr
