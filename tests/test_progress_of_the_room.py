"""What comes back from the room: read as saved, never run; what cannot be read is named, and the rest goes on."""

import io
import json
from contextlib import redirect_stdout

import nbformat
import pytest

from datajam.errors import DataJamError
from datajam.review import walls
from datajam_teach import exercises
from datajam_teach.workshop import build, cohort, progress, run_again

pytestmark = pytest.mark.xdist_group("workshop")


@pytest.fixture(scope="module")
def kit(tmp_path_factory):
    """A kit of one theme's first two examples, for the cohort autumn."""
    folder = tmp_path_factory.mktemp("kit") / "kit"
    examples = [path for path in build.worked_examples() if cohort.name(path) in ("c2", "c6")]
    build.write(build.kit(cohort.work(examples, "autumn"), "autumn"), folder)
    return folder


@pytest.fixture
def collected(kit, tmp_path):
    """Save a participant's notebook with these answers (as typed) into the folder of what was collected."""

    def save(name: str, example: str, *typed: str) -> dict:
        source = next((kit / "participants").glob(f"*/{example}_*.ipynb"))
        notebook, left, given = json.loads(source.read_text(encoding="utf-8")), list(typed), "..."
        for cell in notebook["cells"]:
            text = "".join(cell["source"])
            if text == "answer = ...":
                given = left.pop(0)
                cell["source"] = f"answer = {given}"
            elif seal := progress._seal(text):
                said = io.StringIO()
                with redirect_stdout(said):
                    exercises.check(eval(given), sealed=seal)
                cell["outputs"] = [{"output_type": "stream", "name": "stdout", "text": said.getvalue()}]
        (tmp_path / name).write_text(json.dumps(notebook), encoding="utf-8")
        return notebook

    return save


def right(kit, example: str, number: int) -> str:
    return repr(progress.opened(progress.checks_of(kit))[example, number].right)


def test_the_room_is_counted_and_the_commonest_wrong_answers_are_listed(kit, collected, tmp_path):
    mistake = next(iter(progress.opened(progress.checks_of(kit))["c6", 1].wrong))
    collected("a.ipynb", "c6", right(kit, "c6", 1), "...")
    collected("b.ipynb", "c6", "17.5", "99")
    collected("c.ipynb", "c6", "17.5", right(kit, "c6", 2))
    collected("d.ipynb", "c6", repr(mistake), "'four'")
    room = progress.read(tmp_path, kit)
    first, second = room.rows
    assert first.counts == {"right": 1, "wrong": 3, "open": 0, "not run": 0} and first.stuck
    assert first.wrong[0] == ("17.5", "17.5 is not it.", 2) and first.wrong[1][0] == f"{mistake}"
    assert second.counts == {"right": 1, "wrong": 2, "open": 1, "not run": 0}
    assert ("'four'", "a number was expected, this is text.", 1) in second.wrong and not room.problems


def test_a_notebook_that_was_renamed_lost_its_tags_and_ids_or_some_cells_is_still_read(kit, collected, tmp_path):
    notebook = collected("x.ipynb", "c6", right(kit, "c6", 1), "3")
    for cell in notebook["cells"]:
        cell["metadata"] = {"tags": ["foreign"], "colab": {"x": 1}}
        cell.pop("id", None)
    checks = [cell for cell in notebook["cells"] if progress._seal("".join(cell["source"]))]
    notebook["cells"] = [cell for cell in notebook["cells"] if cell is not checks[1]][3:]
    (tmp_path / "x.ipynb").unlink()
    (tmp_path / "my homework (final).ipynb").write_text(json.dumps(notebook), encoding="utf-8")
    room = progress.read(tmp_path, kit)
    assert [row.counts for row in room.rows] == [
        {"right": 1, "wrong": 0, "open": 0, "not run": 0},
        {"right": 0, "wrong": 0, "open": 0, "not run": 1},
    ]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"{", "broken"),
        (b"[1, 2]", "no cells"),
        (b'{"cells": 3}', "no cells"),
        (b'{"cells": [3]}', "no cells"),
        (b'{"worksheets": []}', "before 2015"),
        (b'{"cells": []}', "no exercise of this kit"),
        (b"\xff\xfe\x00", "not text"),
        (b"[" * 100_000, "broken"),
        (b'{"cells": [{"cell_type": "code", "source": [1], "outputs": 5, "id": 7}]}', "no exercise of this kit"),
    ],
)
def test_a_notebook_that_cannot_be_read_is_named_and_the_rest_goes_on(kit, collected, tmp_path, content, reason):
    collected("good.ipynb", "c6", "1", "1")
    (tmp_path / "bad.ipynb").write_bytes(content)
    room = progress.read(tmp_path, kit)
    assert room.read == ["good.ipynb"] and len(room.problems) == 1
    assert room.problems[0][0] == "bad.ipynb" and reason in room.problems[0][1]


def test_nothing_in_a_notebook_is_run_unless_asked(kit, collected, tmp_path):
    trap = tmp_path / "ran"
    notebook = collected("a.ipynb", "c6", "1", "1")
    notebook["cells"].insert(0, {"cell_type": "code", "source": f"open({str(trap)!r}, 'w')", "metadata": {}, "outputs": []})
    (tmp_path / "a.ipynb").write_text(json.dumps(notebook), encoding="utf-8")
    progress.page(progress.read(tmp_path, kit), kit)
    assert not trap.exists()


def test_the_command_writes_a_page_that_escapes_what_people_typed(kit, collected, tmp_path, datajam_command, browser):
    from axe_playwright_python.sync_playwright import Axe

    collected("<b>a.ipynb", "c6", "'<script>document.title = 1</script>'", "2")
    (tmp_path / "bad.ipynb").write_text("{")
    done = datajam_command("workshop", "progress", str(tmp_path), "--kit", str(kit), "--out", str(tmp_path / "room.html"))
    assert done.returncode == 0 and "c6 1  1 wrong  <- stuck" in done.stdout and "bad.ipynb: broken" in done.stdout
    page = browser.new_page()
    page.goto((tmp_path / "room.html").as_uri())
    assert page.title().startswith("Progress") and "<script>" in page.inner_text("main")
    found = Axe().run(page).response["violations"]
    assert not found, [(rule["id"], rule["nodes"][0]["html"][:160]) for rule in found]
    page.close()


def test_what_is_mistyped_is_told_in_one_line(kit, tmp_path, datajam_command):
    with pytest.raises(DataJamError, match="is not a folder"):
        progress.read(tmp_path / "nowhere", kit)
    with pytest.raises(DataJamError, match="holds no notebooks"):
        progress.read(tmp_path, kit)
    done = datajam_command("workshop", "progress", str(tmp_path), "--kit", str(tmp_path))
    assert done.returncode == 2 and "is not a kit" in done.stderr and done.stderr.count("\n") == 1


def test_code_is_run_again_only_when_asked_and_then_behind_the_walls_of_a_review(kit, collected, tmp_path, datajam_command):
    """What was never run counts; one that writes outside the room or fails is told, and does no harm."""
    answers, trap = [right(kit, "c6", number) for number in (1, 2)], tmp_path / "ran"
    for name, first in (("good", ""), ("rude", f"open({str(trap)!r}, 'w')"), ("slip", "1 / 0")):
        notebook = collected(f"{name}.ipynb", "c6", *answers)
        for cell in notebook["cells"]:
            if cell["cell_type"] == "code":
                cell["outputs"] = []
        if first:
            notebook["cells"].insert(0, nbformat.v4.new_code_cell(first, id="x"))
        (tmp_path / f"{name}.ipynb").write_text(json.dumps(notebook), encoding="utf-8")
    saved = progress.read(tmp_path, kit)
    assert saved.rows[0].counts == {"right": 0, "wrong": 0, "open": 0, "not run": 3}
    done = datajam_command("workshop", "progress", str(tmp_path), "--kit", str(kit), "--run", "--out", str(tmp_path / "room.html"))
    assert done.returncode == 0 and "executes other people's code" in done.stdout, done.stderr
    if walls.walls(tmp_path).kind == "full":
        assert "c6 1  1 right, 2 not run" in done.stdout and not trap.exists()
        assert "rude.ipynb: run again, it stopped at cell 1" in done.stdout
    assert "slip.ipynb: run again, it stopped at cell 1: ZeroDivisionError" in done.stdout
    page = (tmp_path / "room.html").read_text(encoding="utf-8")
    assert "run again before it was counted" in page and "What stopped when it was run again" in page


def test_what_one_notebook_leaves_in_its_home_or_beside_it_is_not_there_for_the_next(kit):
    again, _ = run_again.behind_walls(kit)
    leaves = "import pathlib\nfor where in (pathlib.Path.home(), pathlib.Path()):\n    left = where / 'left'\n"
    cells = [nbformat.v4.new_code_cell(leaves + "    assert not left.exists()\n    left.touch()")]
    for _ in range(2):
        text, why = again(json.dumps(nbformat.v4.new_notebook(cells=cells)), "c6")
        assert why == "" and json.loads(text)["cells"][0]["execution_count"] == 1
