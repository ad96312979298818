"""The trainer's kit: copies without solutions, answers that are one cohort's alone, the same bytes twice, nothing overwritten."""

import ast
import functools
import html
import http.server
import json
import re
import shlex
import shutil
import threading
from pathlib import Path

import nbformat
import pytest

from datajam.engine import warm
from datajam.engine.pool import Pool
from datajam.errors import DataJamError
from datajam_teach import exercises
from datajam_teach.workshop import answers, build, cohort, copies, guide, lite, programme, wheelhouse

pytestmark = pytest.mark.xdist_group("workshop")  # every example runs four times: once for all tests, not once a worker
EXAMPLES = build.worked_examples()
IDS = [path.stem for path in EXAMPLES]
IDS_BY_SHORT = {cohort.name(path) for path in EXAMPLES}


def tags(cell) -> list[str]:
    return cell.metadata.get("tags", [])


@pytest.fixture(scope="module")
def autumn():
    """Every worked example as it ran for the cohort autumn, by path."""
    return cohort.work(EXAMPLES, "autumn")


@pytest.fixture(scope="module")
def spring(autumn):
    """The same for the cohort spring, which comes after autumn."""
    last = {cohort.name(path): [answer.right for answer in done.answers] for path, done in autumn.items()}
    return cohort.work(EXAMPLES, "spring", last)


@pytest.fixture(scope="module")
def copied(autumn):
    """The participants' copies of autumn."""
    return {path: nbformat.reads(copies.participant(done.notebook, done.answers), as_version=4) for path, done in autumn.items()}


def said(notebook) -> str:
    """What a notebook's checks print when it runs from top to bottom."""
    from datajam.engine.inside import DataJamEngine

    for cell in notebook.cells:
        cell.metadata["papermill"] = {}
    notebook.metadata["papermill"] = {}
    DataJamEngine.execute_notebook(notebook, "python3", progress_bar=False)
    outputs = [(cell, output) for cell in notebook.cells for output in cell.get("outputs", [])]
    failed = [output.evalue for _, output in outputs if output.output_type == "error"]
    return "\n".join(failed) or "".join(output.text for cell, output in outputs if "check" in tags(cell))


def all_said(notebooks: dict) -> dict:
    with Pool(2, warm.imports_of(EXAMPLES)) as pool:
        tasks = {path: pool.submit(said, notebook) for path, notebook in notebooks.items()}
        return {path: task.result() for path, task in tasks.items()}


@pytest.fixture(scope="module")
def untouched(copied):
    return all_said(copied)


def pasted(copy, done):
    """A participant's copy with each solution put where its stub is, and `answer` what the solution prints first."""
    solutions = iter([cell.source for cell in done.notebook.cells if cell.cell_type == "code" and "solution" in tags(cell)])
    copy = nbformat.reads(nbformat.writes(copy), as_version=4)
    for cell in copy.cells:
        if cell.source == copies.STUB:
            inside = next(solutions).replace("\n", "\n    ")
            cell.source = (
                "import io\nfrom contextlib import redirect_stdout\nprinted = io.StringIO()\n"
                f"with redirect_stdout(printed):\n    {inside}\nanswer = float(printed.getvalue().split()[0].rstrip(':;,'))"
            )
    return copy


@pytest.fixture(scope="module")
def solved(copied, autumn):
    return all_said({path: pasted(copy, autumn[path]) for path, copy in copied.items()})


def strings(value) -> list[str]:
    """Every text in a cell, wherever: source, outputs, metadata."""
    if isinstance(value, str):
        return [value]
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else []
    return [text for one in inside for text in strings(one)]


def leaks(source, copy) -> list[str]:
    """The lines of solutions and of trainer's notes in a source that stand anywhere in a copy."""
    hidden = [cell.source for cell in source.cells if {"solution", "trainer-note"} & set(tags(cell))]
    shown = "\n".join(text for cell in copy.cells for text in strings(cell))
    lines = [line.strip() for text in hidden for line in text.splitlines()]
    return [line for line in lines if len(line) > 8 and not line.startswith(("import ", "from ")) and line in shown]


@pytest.mark.slow
@pytest.mark.parametrize("path", EXAMPLES, ids=IDS)
def test_a_participants_copy_holds_no_solution_no_note_and_no_output(path, copied, autumn):
    copy, source = copied[path], autumn[path].notebook
    assert not leaks(source, copy)
    kept = {cell.id: cell for cell in copy.cells}
    gone = [cell for cell in source.cells if cell.id not in kept]
    assert gone and all({"solution", "trainer-note"} & set(tags(cell)) for cell in gone)
    assert not any(cell.get("outputs") or cell.get("execution_count") for cell in copy.cells)
    assert [cell.source for cell in copy.cells].count(copies.STUB) == len(autumn[path].answers) == 2
    assert all(set(cell.metadata) <= {"tags"} for cell in copy.cells)


@pytest.mark.slow
def test_a_solution_left_in_a_copy_is_found(copied, autumn):
    path = EXAMPLES[0]
    broken = nbformat.reads(nbformat.writes(copied[path]), as_version=4)
    solution = next(cell for cell in autumn[path].notebook.cells if cell.cell_type == "code" and "solution" in tags(cell))
    broken.cells[-1].metadata["seen"] = {"before": [solution.source]}
    assert leaks(autumn[path].notebook, broken)


@pytest.mark.slow
@pytest.mark.parametrize("path", EXAMPLES, ids=IDS)
def test_a_participants_copy_runs_to_the_end_untouched(path, untouched):
    assert untouched[path].count("Not done yet") == 2


@pytest.mark.slow
@pytest.mark.parametrize("path", EXAMPLES, ids=IDS)
def test_a_participants_copy_is_right_throughout_with_the_solutions_in_its_stubs(path, solved):
    assert solved[path].count("Correct: ") == 2, solved[path]


@pytest.mark.slow
@pytest.mark.parametrize("path", EXAMPLES, ids=IDS)
def test_two_cohorts_differ_in_every_answer_and_both_from_the_published_ones(path, autumn, spring):
    old, new, public = autumn[path].answers, spring[path].answers, answers.published(path)
    assert len(old) == len(new) == len(public) == 2
    for last, now, known in zip(old, new, public, strict=True):
        assert not now.accepts(last.right) and not now.accepts(known) and not last.accepts(known)
        assert now.accepts(now.right)


def test_the_command_that_messages_name_is_one_of_the_participants_sessions():
    text = (build._ROOM / "noxfile.py").read_text(encoding="utf-8")
    named = re.search(r'"DATAJAM_COMMAND": "python3 -m nox -s (\w+) --"', text)[1]
    assert f"def {named}(session" in text


@pytest.mark.slow
def test_a_cohort_has_a_place_of_its_own_and_the_same_each_time(autumn, spring):
    source = {path: "".join(cell.source for cell in done.notebook.cells) for path, done in autumn.items()}
    assert all(f'place: str = "{cohort.place("autumn")}"' in text for text in source.values())
    assert cohort.place("autumn") != cohort.place("spring")
    again = cohort.settled(EXAMPLES[1], "autumn", [])
    assert again.notebook == autumn[EXAMPLES[1]].notebook and again.answers == autumn[EXAMPLES[1]].answers


def test_a_cohort_without_answers_of_its_own_is_refused(monkeypatch):
    monkeypatch.setattr(cohort, "taken", lambda *_: [1])
    monkeypatch.setattr(cohort, "seeds", lambda *_: iter([1]))
    with pytest.raises(DataJamError, match="Take another name"):
        cohort.settled(EXAMPLES[1], "autumn", [])


def test_a_sealed_answer_is_not_read_at_a_glance_and_a_broken_seal_stops_nobody(capsys):
    sealed = exercises.seal(68.25, 0.006, "use the weights", {64.5: "this is the raw share"})
    assert "68.25" not in sealed and "raw" not in sealed
    exercises.check(68.25, sealed=sealed)
    exercises.check(64.5, sealed=sealed)
    exercises.check(64.5, sealed=sealed[:-7])
    told = capsys.readouterr().out.splitlines()
    assert told[:2] == ["Correct: 68.25.", "Not quite: this is the raw share. Hint: use the weights."]
    assert "cannot be read" in told[2]


@pytest.fixture(scope="module")
def half():
    """The worked examples of half a day as they ran for autumn."""
    return cohort.work(programme.read("half_a_day", EXAMPLES).notebooks, "autumn")


@pytest.fixture(scope="module")
def kit(half, tmp_path_factory):
    """The kit of half a day for autumn, in a folder."""
    folder = tmp_path_factory.mktemp("kit") / "kit"
    build.write(build.kit(half, "autumn", programme.read("half_a_day", EXAMPLES), "--programme half_a_day"), folder)
    return folder


def test_a_kit_is_built_by_the_command_twice_the_same_bytes_and_as_from_here(kit, datajam_command, tmp_path):
    words = ["workshop", "build", "--programme", "half_a_day", "--cohort", "autumn"]
    for _ in range(2):  # the second replaces the first
        done = datajam_command(*words, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        made = {path.relative_to(tmp_path / "workshop"): path.read_bytes() for path in (tmp_path / "workshop").rglob("*.*")}
        assert made == {path.relative_to(kit): path.read_bytes() for path in kit.rglob("*.*")}
    assert cohort.place("autumn") in done.stdout and "trainer/guide.html" in done.stdout


def test_participants_get_what_their_notebooks_need_and_nothing_of_the_trainers(kit):
    names = {path.relative_to(kit / "participants").as_posix() for path in (kit / "participants").rglob("*") if path.is_file()}
    assert {"README.md", "noxfile.py", "requirements.lock", "shared/datajam/cli.py", "shared/datajam_teach/exercises.py"} <= names
    assert not [name for name in names if "workshop" in name or "answers" in name]


def test_nothing_built_is_committed():
    assert "/workshop/" in (build.ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()


def test_a_folder_with_anything_of_somebodys_is_refused_and_left_alone(kit, tmp_path, datajam_command):
    other = tmp_path / "other"
    other.mkdir()
    (other / "thesis.txt").write_text("three years")
    done = datajam_command("workshop", "build", "--out", str(other))
    assert done.returncode == 2 and "thesis.txt" in done.stderr and (other / "thesis.txt").read_text() == "three years"
    worked = tmp_path / "kit"
    shutil.copytree(kit, worked)
    build.refuse(worked)
    notebook = next((worked / "participants").glob("*/*.ipynb"))
    notebook.write_text(notebook.read_text(encoding="utf-8").replace("answer = ...", "answer = 3"), encoding="utf-8")
    with pytest.raises(DataJamError, match=notebook.name):
        build.refuse(worked)
    (worked / "kit.json").write_text("{")
    with pytest.raises(DataJamError, match="kit.json"):
        build.refuse(worked)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--theme", "skils"], "Did you mean skills?"),
        (["--programme", "one_dya"], "Did you mean one_day"),
        (["--theme", "skills", "--programme", "one_day"], "not both"),
        (["--cohort", "b", "--after", "nowhere"], "nowhere is not a kit"),
    ],
)
def test_what_is_mistyped_is_told_in_one_line_before_any_work(words, told, datajam_command, tmp_path):
    done = datajam_command("workshop", "build", *words, cwd=tmp_path)
    assert done.returncode == 2 and told in done.stderr and done.stderr.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_the_workshop_is_a_command_only_where_teaching_is_installed(datajam_command, baked):
    assert "workshop" in datajam_command("--help").stdout
    assert "workshop" not in datajam_command("--help", PYTHONPATH=str(baked / "shared")).stdout


DAY = """title = "A day"
[[day]]
starts = "09:00"
ends = "10:10"
session = [
  {notebook = "x0", minutes = 30},
  {break = "Coffee", minutes = 15},
  {notebook = "x2", minutes = 25},
]
"""


@pytest.fixture
def day(tmp_path):
    """Read a programme's text, with one part replaced."""

    def read(old: str = "", new: str = ""):
        assert old in DAY
        file = tmp_path / "day.toml"
        file.write_text(DAY.replace(old, new, 1) if old else DAY, encoding="utf-8")
        return programme.read(str(file), EXAMPLES)

    return read


@pytest.mark.parametrize("name", programme.ready())
def test_a_ready_programme_adds_up_and_says_when_each_session_starts(name):
    made = programme.read(name, EXAMPLES)
    assert all(day[0].starts == "09:30" for day in made.days) and made.notebooks


def test_a_programme_of_ones_own_is_read(day):
    assert [(each.starts, each.kind) for each in day().days[0]] == [
        ("09:00", "notebook"),
        ("09:30", "break"),
        ("09:45", "notebook"),
    ]


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('"x0"', '"x9"', "day 1, session 1: no worked example is called 'x9'. Choose from: x0, x1, x2, x3."),
        ('"x2"', '"x2_did_the_join_loose_anybody"', "Did you mean x2_did_the_join_lose_anybody"),
        ("10:10", "10:00", "takes 70 minutes, so it ends at 10:10; from 09:00 to 10:00 are 60. Take away 10 minutes"),
        ("10:10", "10:30", "Add 20 minutes"),
        ('{notebook = "x0", minutes = 30}', '{title = "Hello", minutes = 30}', "x2 needs x0 before it"),
        ('"x2"', '"x0"', "x0 is there twice"),
        ("minutes = 25", "minutes = 20", "x2 takes 25 minutes by its own account, 20 are given"),
        ("minutes = 25", "minutes = 2.5", "a whole number"),
        ("minutes = 25", "minuets = 25", "Did you mean minutes"),
        ("break =", "title = 'a', break =", "one of notebook, title or break"),
        ('"09:00"', '"nine"', "no time of day"),
        ('title = "A day"', "title = 3", "a title"),
        ("[[day]]", "[[day", "is not TOML"),
        ("session = [", "sessions = [", "at least one"),
    ],
)
def test_a_programme_that_cannot_be_is_refused_in_one_line(day, old, new, told):
    with pytest.raises(DataJamError, match=re.escape(told) if "Did" not in told else told) as error:
        day(old, new)
    assert error.value.exit_code == 2 and "\n" not in str(error.value)


def test_a_notebook_too_slow_for_the_room_is_named(half):
    made = programme.read("half_a_day", EXAMPLES)
    slow = half | {made.notebooks[0]: answers.Worked(None, [], 600)}
    assert "x0 would take 40.0 minutes" in next(programme.too_slow(made, slow))


def test_the_guide_has_notes_predictions_timings_and_what_the_checks_say(kit, half):
    text = (kit / "trainer" / "guide.html").read_text(encoding="utf-8")
    lessons = [guide.lesson(path, half[path]) for path in programme.read("half_a_day", EXAMPLES).notebooks]
    for lesson in lessons:
        assert all(note in text for note in lesson.notes) and f'id="{lesson.short}"' in text
        assert all(each.answer in text for each in lesson.exercises)
    assert "09:45" in text and "Ask before anybody types:" in text and "Not quite: " in text


@pytest.mark.slow
def test_every_exercise_with_a_prediction_has_it_in_the_guide(autumn):
    for path, done in autumn.items():
        for each in guide.lesson(path, done).exercises:
            assert bool(each.predictions) == bool(re.search("predict|before you look|Decide", each.text, re.IGNORECASE)), each.title


def test_the_trainers_notebook_is_the_one_that_ran_and_the_handout_has_answers_but_no_notes(kit, half):
    for path in programme.read("half_a_day", EXAMPLES).notebooks:
        done, where = half[path], f"{path.parent.name}/{path.stem}"
        assert nbformat.read(kit / "trainer" / f"{where}.ipynb", as_version=4) == done.notebook
        page = (kit / "handouts" / f"{where}.html").read_text(encoding="utf-8")
        notes = [cell.source for cell in done.notebook.cells if "trainer-note" in tags(cell)]
        assert notes and not any(note[:40] in page for note in notes)
        assert f"{done.answers[0].right:g}"[:4] in page


PAGES = ["trainer/guide.html", "trainer/run_sheet.html", "trainer/slides.html", "handouts/index.html"]


@pytest.mark.parametrize("width", [1200, 360])
def test_the_kits_pages_ask_for_nothing_and_break_no_accessibility_rule(kit, browser, width):
    from axe_playwright_python.sync_playwright import Axe

    page = browser.new_page(viewport={"width": width, "height": 800})
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    for path in [kit / name for name in PAGES] + sorted((kit / "handouts").glob("*/*.html")):
        page.goto(path.as_uri())
        found = Axe().run(page).response["violations"]
        assert not found, [(path.name, rule["id"], rule["nodes"][0]["html"][:160]) for rule in found]
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{path.name} is wider than {width} pixels"
    page.close()
    assert all(url.startswith(("file:", "data:")) for url in asked)


def test_the_links_of_the_kit_lead_somewhere(kit):
    for path in [kit / name for name in PAGES]:
        text = path.read_text(encoding="utf-8")
        for address in re.findall(r'href="([^"]+)"', text):
            target, _, part = address.partition("#")
            assert f'id="{part}"' in text if part else (path.parent / target).is_file(), address
    readme = (kit / "participants" / "README.md").read_text(encoding="utf-8")
    assert all((kit / "participants" / name).is_file() for name in re.findall(r"\]\(([^)]+)\)", readme))


def test_answers_of_a_kit_are_read_back(kit, half):
    read = cohort.answers_of(kit)
    for path in programme.read("half_a_day", EXAMPLES).notebooks:
        assert read[cohort.name(path)] == [answer.right for answer in half[path].answers]
    with pytest.raises(DataJamError, match="is not a kit"):
        cohort.answers_of(Path(json.dumps("nowhere")))


def test_the_commands_of_the_trainers_pages_are_commands():
    from datajam import cli

    parser, tried = cli._parser(), []
    texts = [(build.ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "docs/trainers.md")]
    texts.append(guide.page("run_sheet", title="A day", cohort="autumn", place="", programme=None, lessons={}, again=""))
    for words in re.findall(r"nox -s datajam -- ((?:workshop|doctor)[^`\n<]*)", html.unescape("\n".join(texts))):
        tried.append(parser.parse_args(shlex.split(words)).function.__name__)
    assert {"build", "wheelhouse", "progress", "doctor"} <= set(tried)


def test_containers_and_binder_install_the_one_lock():
    root = build.ROOT
    assert (
        root / ".binder" / (root / ".binder" / "requirements.txt").read_text().split()[1]
    ).resolve() == root / "requirements.lock"
    container = json.loads((root / ".devcontainer" / "devcontainer.json").read_text())
    docker = (root / ".devcontainer" / container["build"]["dockerfile"]).read_text()
    assert "--require-hashes --requirement requirements.lock" in docker and container["build"]["context"] == ".."
    oldest = re.search(r'requires-python = ">=([\d.]+)"', (root / "pyproject.toml").read_text())[1]
    assert f"python:{oldest}-" in docker and (root / ".binder" / "runtime.txt").read_text().strip() == f"python-{oldest}"


def test_the_lock_of_the_browser_site_has_hashes_and_names_no_address():
    text = (build.ROOT / "lite.lock").read_text(encoding="utf-8")
    assert "jupyterlite-pyodide-kernel==" in text and "://" not in text
    assert all("--hash=sha256:" in block for block in re.split(r"\n(?=[a-z0-9])", text))


def test_a_wheelhouse_takes_what_the_lock_wants_for_each_platform(tmp_path):
    lock = wheelhouse.pins((build.ROOT / "requirements.lock").read_text(encoding="utf-8"))
    names = {name: {pin.name for pin in lock if pin.wanted(seen, "3.12.3")} for name, (seen, _) in wheelhouse.PLATFORMS.items()}
    assert {"pandas", "jupyterlab"} <= set.intersection(*names.values())
    assert "pywinpty" in names["windows"] - names["linux"] and "pytauargus" not in names["mac"]
    (tmp_path / "pandas-3.1.1-py3-none-any.whl").write_bytes(b"x")
    (tmp_path / "datajam-0.1.0-py3-none-any.whl").write_bytes(b"y")
    pandas = next(pin for pin in lock if pin.name == "pandas")
    (tmp_path / "pandas-3.1.1-py3-none-any.whl").rename(tmp_path / f"pandas-{pandas.key[1]}-py3-none-any.whl")
    text = wheelhouse.requirements(tmp_path, lock)
    assert [pin.name for pin in wheelhouse.pins(text)] == ["pandas", "datajam"]


def test_a_wheelhouse_for_an_unknown_platform_or_into_somebodys_folder_is_refused(tmp_path, datajam_command):
    (tmp_path / "thesis.txt").write_text("three years")
    for words, told in ((["--platform", "widnows"], "Did you mean windows"), (["--platform", "linux"], "thesis.txt")):
        done = datajam_command("workshop", "wheelhouse", *words, "--out", str(tmp_path))
        assert done.returncode == 2 and told in done.stderr and done.stderr.count("\n") == 1


def test_the_browsers_notebooks_begin_with_what_they_fetch_and_leave_out_what_cannot_run(kit, tmp_path):
    names = lite.contents(kit, tmp_path)
    assert sorted(names) == sorted(
        path.relative_to(kit / "participants").as_posix() for path in (kit / "participants").glob("*/*.ipynb")
    )
    first = nbformat.read(tmp_path / names[0], as_version=4).cells[0].source
    compile(first, "cell", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    assert "datajam" in first and all(name in IDS_BY_SHORT for name in lite.LEFT_OUT)
    with pytest.raises(DataJamError, match="is not a kit"):
        lite.contents(tmp_path, tmp_path / "other")


@pytest.mark.parametrize("name", ["lite"])
def test_the_site_opens_with_its_notebooks_and_asks_one_outside_address(name, browser):
    """Looks at the site that `nox -s lite` made, where it is there."""
    folder = build.ROOT / name
    if not (folder / "jupyter-lite.json").is_file():
        pytest.skip("no site in lite/: make one with nox -s workshop build, then nox -s lite")
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(folder))
    server = http.server.ThreadingHTTPServer(("localhost", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    here = f"http://localhost:{server.server_port}"
    notebook = next(path for path in sorted((folder / "files").rglob("*.ipynb"))).relative_to(folder / "files").as_posix()
    page, asked = browser.new_page(), []
    page.context.on("request", lambda request: asked.append(request.url))
    page.goto(f"{here}/lab/index.html?path={notebook}")
    page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=120_000)
    page.wait_for_timeout(15_000)
    assert page.locator(".jp-Notebook .jp-MarkdownCell").count() >= 5
    page.close()
    server.shutdown()
    outside = {url for url in asked if not url.startswith((here, "data:", "blob:"))}
    assert {url.rsplit("/", 1)[0] for url in outside} and len({url.split("/")[2] for url in outside}) == 1, outside
    assert all("pyodide" in url for url in outside)
