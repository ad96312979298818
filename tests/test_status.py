"""What a team leaves: the pages, the line `datajam note` adds, and what `datajam status` says is still to do."""

import hashlib
import json
import os
import re
import shutil
import tomllib
from datetime import date, datetime, time, timedelta
from html import unescape

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from datajam import project
from datajam.cli import main
from datajam.keep import notes
from datajam.keep.status import Sunset, status

TODAY = date.today()
PAGES = ["problem_statement", "log", "assurance", "handover"]
PEOPLE = {"Commissioner": "Cat Hale", "Analyst": "Ann Lee, Bo Ray", "Assurer": "Dee Fox", "Approver": "Eve Roy"}


@pytest.fixture(scope="module")
def made(bake):
    return bake(theme="attainment")


@pytest.fixture
def fresh(made, tmp_path):
    """A project as it is made, to be changed and broken."""
    return shutil.copytree(made, tmp_path / "team", ignore=shutil.ignore_patterns("__pycache__"))


@pytest.fixture
def ready(fresh):
    """A project with every page filled, a run of two days ago and a sunset date of next year: nothing is outstanding."""
    for name in PAGES:
        page = fresh / "docs" / f"{name}.md"
        text = page.read_text(encoding="utf-8")
        for role, names in PEOPLE.items():
            text = re.sub(rf"(\| {role} \|.*\|) To fill: .* \|", rf"\1 {names} |", text)
        text = re.sub(r"(Not to be used after: )To fill: .*", rf"\g<1>{TODAY + timedelta(400)}", text)
        page.write_text(re.sub(r"To fill: [^|\n]*", "Filled in by the team. ", text), encoding="utf-8")
    leave_run(fresh)
    return fresh


def sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def leave_run(folder, days=2, **parameters):
    """Write the provenance a run of some days ago leaves, from the files as they are now."""
    settings = tomllib.loads((folder / "hack.toml").read_text(encoding="utf-8"))
    about = {
        "finished": datetime.combine(TODAY - timedelta(days), time(12)).astimezone().isoformat(),
        "notebooks": {path.stem: sha256(path) for path in (folder / "notebooks").glob("*.ipynb")},
        "parameters": {**settings["parameters"], **parameters},
        "inputs": [
            {"id": key, "sha256": sha256(folder / entry["path"]), "read": key != "neet_scorecard"}
            for key, entry in settings["sources"].items()
        ],
    }
    run = folder / "runs" / "north-east"
    run.mkdir(parents=True, exist_ok=True)
    (run / "provenance.json").write_text(json.dumps(about), encoding="utf-8")


def change(path, old, new):
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


@pytest.fixture
def says(capsys):
    """What `datajam status` prints about a project, in this process because there is much to ask."""

    def run(folder, *words):
        assert main(["status", "--project", str(folder), *words]) == 0
        return capsys.readouterr().out

    return run


# The pages of a new project


def test_a_new_project_says_what_is_to_fill_by_page_and_heading(fresh, datajam_command):
    done = datajam_command("status", cwd=fresh)
    page = done.stdout
    assert done.returncode == 0 and not done.stderr
    assert "docs/log.md: nothing to fill" in page and "docs/assurance.md: 14 to fill" in page
    assert "    Roles (4)\n" in page and "    Next three steps (3)\n" in page and "    Sunset date\n" in page
    assert "none yet for North East: type `datajam run`" in page
    assert "attainment_by_fsm: synthetic, not these places' results" in page
    assert "not set: write a day such as 2027-11-30 into docs/assurance.md" in page
    assert "to be named in docs/assurance.md: commissioner, analyst, assurer, approver" in page
    assert page.splitlines()[-1].startswith("Outstanding: docs/problem_statement.md, docs/assurance.md, docs/handover.md, the run,")


def test_what_is_to_fill_is_counted_as_a_plain_search_counts_it(fresh):
    found = {each.path: sum(count for _, count in each.to_fill) for each in status(project.open_project(fresh)).pages}
    assert found == {
        f"docs/{name}.md": (fresh / "docs" / f"{name}.md").read_text(encoding="utf-8").count("To fill:") for name in PAGES
    }


@pytest.mark.parametrize("theme", ["attainment", "social_cohesion", "skills"])
def test_the_pages_name_the_project_and_its_place_and_hold_no_placeholder(bake, theme):
    folder = bake(theme=theme, place="Durham", project_name="Fair starts & O'Neill")
    for name in PAGES:
        text = (folder / "docs" / f"{name}.md").read_text(encoding="utf-8")
        assert text.startswith("# ") and "Fair starts & O'Neill" in text.splitlines()[0]
        assert "[place]" not in text and "[project]" not in text and "{{" not in text
    assert "the place is County Durham" in (folder / "docs" / "log.md").read_text(encoding="utf-8")


def test_every_command_the_pages_show_is_one(fresh, datajam_command):
    shown = "".join(page.read_text(encoding="utf-8") for page in [fresh / "README.md", *fresh.glob("docs/*.md")])
    verbs = set(re.findall(r"nox -s datajam -- ([a-z-]+)", shown))
    assert {"note", "status", "add-source"} <= verbs
    known = datajam_command("--help").stdout
    assert all(re.search(rf"^ +{verb}\b", known, re.MULTILINE) for verb in verbs)


# datajam note


def test_a_note_is_one_line_at_the_end_with_todays_date(fresh, datajam_command):
    log = fresh / "docs" / "log.md"
    before = log.read_bytes()
    assert datajam_command("note", "We compare with Leeds.", cwd=fresh).returncode == 0
    done = datajam_command("note", "Schools", "answer", "alike.", "--assumption", cwd=fresh)
    assert done.stdout == f"docs/log.md: - {TODAY}, assumption: Schools answer alike.\n"
    added = f"- {TODAY}, decision: We compare with Leeds.\n- {TODAY}, assumption: Schools answer alike.\n"
    assert log.read_bytes() == before + added.encode()


@pytest.mark.parametrize(
    ("page", "added"),
    [
        (b"# Log\r\n\r\n- old\r\n", b"- 2026-11-22, decision: new\r\n"),
        (b"# Log\r\n- no line end", b"\r\n- 2026-11-22, decision: new\r\n"),
        (b"\xef\xbb\xbf# Log\n- no line end", b"\n- 2026-11-22, decision: new\n"),
        (b"", b"- 2026-11-22, decision: new\n"),
        ("a page that Zoë rewrote\n\n\n| a |".encode(), b"\n- 2026-11-22, decision: new\n"),
    ],
)
def test_an_edited_page_stays_to_the_byte_and_keeps_its_line_ends(fresh, page, added):
    (fresh / "docs" / "log.md").write_bytes(page)
    assert notes.note(project.open_project(fresh), "new", today=date(2026, 11, 22)) == "- 2026-11-22, decision: new"
    assert (fresh / "docs" / "log.md").read_bytes() == page + added
    assert sorted(path.name for path in (fresh / "docs").iterdir()) == sorted([*(f"{name}.md" for name in PAGES), "how_to.md"])


def test_a_missing_page_is_made_with_its_folder(fresh, datajam_command):
    shutil.rmtree(fresh / "docs")
    assert datajam_command("note", "Begun again.", "--project", str(fresh)).returncode == 0
    text = (fresh / "docs" / "log.md").read_text(encoding="utf-8")
    assert text.startswith("# Log\n\n") and text.endswith(f"\n\n- {TODAY}, decision: Begun again.\n")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("one\ntwo", "A note is one line"),
        ("one\u2028two", "A note is one line"),
        ("one\r", "A note is one line"),
        ("bell \x07", "U+0007"),
        ("turned \u202e round", "U+202E"),
        ("\x1b[31mred", "U+001B"),
        ("", "A note needs words"),
        ("   \u00a0", "A note needs words"),
    ],
)
def test_what_is_not_one_line_of_words_is_refused_in_one_line_and_nothing_is_written(fresh, datajam_command, text, said):
    before = (fresh / "docs" / "log.md").read_bytes()
    done = datajam_command("note", text, cwd=fresh)
    assert done.returncode == 2 and said in done.stderr and len(done.stderr.splitlines()) == 1
    assert (fresh / "docs" / "log.md").read_bytes() == before


def test_a_page_in_another_encoding_is_refused_and_left(fresh, datajam_command):
    (fresh / "docs" / "log.md").write_bytes("Zoë".encode("cp1252"))
    done = datajam_command("note", "new", cwd=fresh)
    assert done.returncode == 2 and "docs/log.md: not UTF-8. Save it as UTF-8" in done.stderr
    assert (fresh / "docs" / "log.md").read_bytes() == "Zoë".encode("cp1252")


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script> and <!-- the rest",
        r"\<b>bold</b> \\ and \`code`",
        "![seen](http://example.org/a.png) [x](javascript:alert(1)) [ref]: y",
        "*a* **b** _c_ __d__ avg_att8 ~~e~~ `f`",
        "&lt;b&gt; A&B | c | # d > e - f 1. g",
        "To fill: everything",
    ],
)
def test_a_note_is_shown_as_typed_and_carries_no_markup(fresh, text):
    line = notes.note(project.open_project(fresh), text)
    assert shown(line) == f"{TODAY}, decision: {text}"
    assert not status(project.open_project(fresh)).pages[1].outstanding


def shown(line):
    """What a reader of the rendered page sees of a line of the log, which must hold no tag."""
    html = MarkdownIt("commonmark").enable(["table", "strikethrough"]).render(f"{line}\n- next\n")
    inside = html.removeprefix("<ul>\n<li>").removesuffix("</li>\n<li>next</li>\n</ul>\n")
    assert "<" not in inside
    return unescape(inside)


@given(st.text(alphabet="abé_*`[]()<>&;#!~|\\\"'-=+:/. 1", min_size=1, max_size=30))
@settings(max_examples=300, deadline=None)
def test_whatever_is_typed_is_shown_as_typed(text):
    assume(text.strip())
    plain = notes.one_line(text)
    assert shown(f"- 2026-11-22, decision: {notes.harmless(plain)}") == f"2026-11-22, decision: {plain}"


# datajam status: pages


def test_a_filled_project_has_nothing_outstanding(ready, says):
    page = says(ready, "--strict")
    assert page.count("nothing to fill") == 4 and page.endswith("\nNothing is outstanding.\n")
    assert "2 days ago" in page and "current: the notebooks, parameters and data it read are those of now" in page
    assert "in 400 days" in page and "all four are named, and the assurer is not an analyst" in page


def test_strict_exits_with_1_and_says_how_much_is_outstanding(fresh, datajam_command):
    done = datajam_command("status", "--strict", cwd=fresh)
    assert done.returncode == 1 and done.stdout.startswith("Our data hack: North East, ")
    assert done.stderr == "datajam: Not ready to hand over: 6 outstanding, named above.\n"


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (lambda page: page.unlink(), "not there: restore it with `git checkout docs/handover.md`"),
        (lambda page: page.write_bytes(b""), "empty: restore it"),
        (lambda page: page.write_bytes(b"<!-- gone -->\n"), "empty: restore it"),
        (lambda page: page.write_bytes(b"\xff\xfe#\x00"), "not UTF-8. Save it as UTF-8 in your editor."),
        (lambda page: (page.unlink(), page.mkdir()), "cannot be opened"),
        (lambda page: page.write_bytes(b"# Done\nAll of it.\n## Steps\n\n## Owner\nAnn\n"), "1 to fill\n    Steps\n"),
        (lambda page: page.write_bytes(b"# Done\n## Steps\n### First\nto FILL: x\n"), "1 to fill\n    First\n"),
        (lambda page: page.write_bytes(b"To fill: all of it"), "1 to fill\n    before the first heading\n"),
        (lambda page: page.write_bytes(b"#\nTo fill: x\x1b[2J\n# A\x07 ##\nTo fill: y"), "    A\N{REPLACEMENT CHARACTER}\n"),
    ],
)
def test_a_missing_broken_or_edited_page_is_told_and_the_rest_goes_on(ready, says, edit, said):
    edit(ready / "docs" / "handover.md")
    page = says(ready)
    assert f"docs/handover.md: {said}" in page or (said.startswith("  ") and said in page)
    assert "docs/assurance.md: nothing to fill" in page and "\x1b" not in page
    assert page.endswith("\nOutstanding: docs/handover.md.\n")


def test_what_stands_in_code_or_a_comment_is_not_to_fill(ready, says):
    text = "# Handover\n`To fill:` marks\n```\n# To fill: no heading\nTo fill: x\n```\n<!-- To fill: y\n# z -->\n"
    (ready / "docs" / "handover.md").write_text(text, encoding="utf-8")
    assert "docs/handover.md: nothing to fill" in says(ready)


# datajam status: roles and sunset date


@pytest.mark.parametrize(
    ("assurer", "said"),
    [
        ("ANN LEE (council)", "Ann Lee is both analyst and assurer"),
        ("Dee Fox and **Bo  Ray**", "Bo Ray is both analyst and assurer"),
        ("[Ann Lee](mailto:ann@example.org)", "Ann Lee is both analyst and assurer"),
        ("tbc", "to be named in docs/assurance.md: assurer\n"),
        ("", "to be named in docs/assurance.md: assurer\n"),
    ],
)
def test_an_assurer_who_is_an_analyst_or_nobody_is_told(ready, says, assurer, said):
    change(ready / "docs" / "assurance.md", "| Dee Fox |", f"| {assurer} |")
    page = says(ready)
    assert said in page and page.endswith("\nOutstanding: the roles.\n")


@pytest.mark.parametrize(
    ("written", "said", "outstanding"),
    [
        (str(TODAY - timedelta(1)), "passed on ", True),
        (str(TODAY - timedelta(45)), ", 45 days ago: look at the work again before it is used", True),
        (str(TODAY), ", today\n", False),
        (f"**{TODAY + timedelta(30)}**, agreed with Eve", ", in 30 days\n", False),
        (str(TODAY + timedelta(31)), ", in 31 days\n", False),
        ("30/11/2027", "not a day: '30/11/2027' stands in docs/assurance.md, a day such as 2027-11-30 was expected", True),
        ("2027-02-30", "not a day: '2027-02-30' stands in", True),
        ("2027-1-5", "not a day: '2027-1-5' stands in", True),
        ("next summer", "not a day: 'next summer' stands in", True),
        ("2027-01-01 or 2028-01-01", "2027-01-01 and 2028-01-01 stand in docs/assurance.md: leave one", True),
    ],
)
def test_the_sunset_date_is_told_as_passed_soon_later_or_not_a_day(ready, says, written, said, outstanding):
    change(ready / "docs" / "assurance.md", str(TODAY + timedelta(400)), written)
    page = says(ready)
    assert said in page and ("Outstanding: the sunset date." in page) is outstanding


def test_soon_means_within_30_days():
    assert [Sunset(TODAY, days).soon for days in (-1, 0, 30, 31)] == [False, True, True, False]


def test_a_page_without_the_sunset_heading_says_it_is_not_set(ready, says):
    change(ready / "docs" / "assurance.md", "## Sunset date", "## Until when")
    assert "not set: write a day such as 2027-11-30 into docs/assurance.md" in says(ready)


# datajam status: the run


def test_what_changed_since_the_run_is_named(ready, says):
    first, second, *_ = sorted((ready / "notebooks").glob("0*.ipynb"))
    first.write_bytes(first.read_bytes() + b"\n")
    second.rename(ready / "notebooks" / "88_renamed.ipynb")
    change(ready / "hack.toml", 'period = "latest"', 'period = "2022/23"')
    data = ready / "data" / "sample" / "attainment_by_fsm_synthetic.csv"
    data.write_bytes(data.read_bytes() + b"\n")
    page = says(ready)
    assert f"notebook {first.stem} has changed" in page and f"notebook {second.stem} is gone" in page
    assert "notebook 88_renamed is not in the run" in page
    assert 'parameter period was "latest" and is "2022/23"' in page
    assert "data/sample/attainment_by_fsm_synthetic.csv is another file" in page
    assert "attainment_by_fsm: data/sample/attainment_by_fsm_synthetic.csv is not the file in the log; if that is meant" in page
    assert "not current: type `datajam run`" in page and "Outstanding: the run, the source attainment_by_fsm." in page


def test_a_run_with_another_parameter_than_the_settings_is_not_current(ready, says):
    leave_run(ready, pupil_spread=10.0)
    assert "parameter pupil_spread was 10.0 and is not set" in says(ready)


def test_a_file_the_run_did_not_read_does_not_make_it_old(ready, says):
    (ready / "data" / "sample" / "neet_scorecard_synthetic.csv").unlink()
    page = says(ready)
    assert "neet_scorecard: data/sample/neet_scorecard_synthetic.csv is not there; synthetic" in page
    assert "current: the notebooks" in page and "not current" not in page


def test_a_run_from_the_future_asks_for_the_clock(ready, says):
    leave_run(ready, days=-3)
    assert "in the future: is the clock right?" in says(ready)


@pytest.mark.parametrize("text", ["", "[]", '{"finished": "yesterday"}', '{"finished": "2026-11-22T10:00:00", "inputs": [1]}', "{"])
def test_a_damaged_run_is_told_and_the_rest_goes_on(ready, says, text):
    (ready / "runs" / "north-east" / "provenance.json").write_text(text, encoding="utf-8")
    page = says(ready)
    assert "its state cannot be told: runs/north-east/provenance.json is damaged. Type `datajam run`." in page
    assert "Outstanding: the run." in page


def test_an_unknown_place_is_told_where_the_run_would_be(ready, says):
    change(ready / "hack.toml", 'place = "North East"', 'place = "Atlantis"')
    assert "its state cannot be told: No place called 'Atlantis'" in says(ready)


def test_a_real_run_is_current_until_its_notebook_changes(ready, says, datajam_command):
    first, *others = sorted((ready / "notebooks").glob("0*.ipynb"))
    for path in others:
        path.unlink()
    done = datajam_command("run", "--quiet", cwd=ready)
    assert done.returncode == 0, done.stderr
    page = says(ready, "--strict")
    assert ", today\n" in page and "current: the notebooks" in page
    change(first, '"source"', '"source" ')
    assert f"notebook {first.stem} has changed" in says(ready)


# datajam status: the data


def test_what_the_data_log_lacks_is_named_with_what_to_do(ready, says):
    settings = ready / "hack.toml"
    text = settings.read_text(encoding="utf-8")
    head, entry = text.split("[sources.attainment_by_fsm]")
    entry = re.sub(r'sha256 = ".*"', 'sha256 = ""', entry, count=1)
    entry = entry.replace('licence = "MIT"', 'licence = "no open licence known"', 1).replace('"open"', '"personal"', 1)
    entry = entry.replace("synthetic = true", "synthetic = false", 1)
    settings.write_text(f"{head}[sources.attainment_by_fsm]{entry}", encoding="utf-8")
    page = says(ready)
    assert "attainment_by_fsm: no licence; no SHA-256: type `datajam add-source data/sample/attainment_by_fsm_synthetic.csv" in page
    assert 'no agreement: add agreement = "who allowed it, when" to [sources.attainment_by_fsm] in hack.toml\n' in page
    change(settings, 'sensitivity = "personal"', 'sensitivity = "personal"\nagreement = "Leeds City Council, 3 May 2026"')
    assert "no agreement" not in says(ready)


def test_a_project_without_data_says_how_to_add_some(fresh, says):
    text = (fresh / "hack.toml").read_text(encoding="utf-8")
    kept = re.sub(r"(?ms)^\[sources\..*?(?=^\[|\Z)", "", text)
    (fresh / "hack.toml").write_text(kept, encoding="utf-8")
    assert "the data log is empty: type `datajam add-source FILE`" in says(fresh)


def test_settings_that_cannot_be_read_end_with_exit_2(fresh, datajam_command, tmp_path):
    assert datajam_command("status", cwd=tmp_path).returncode == 2
    (fresh / "hack.toml").write_text("place = Leeds", encoding="utf-8")
    for words in (["status"], ["note", "x"]):
        done = datajam_command(*words, cwd=fresh)
        assert done.returncode == 2 and "Texts need quotes" in done.stderr and len(done.stderr.splitlines()) == 1


def test_what_to_type_is_what_works_where_it_is_read(fresh, datajam_command):
    done = datajam_command("status", cwd=fresh, DATAJAM_COMMAND="python3 -m nox -s datajam --")
    assert "type `python3 -m nox -s datajam -- run`" in done.stdout and "`datajam " not in done.stdout


def test_status_changes_nothing(ready, says):
    def everything():
        return {path: path.read_bytes() for path in ready.rglob("*") if path.is_file() and "__pycache__" not in path.parts}

    before = everything()
    says(ready)
    assert everything() == before


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="everything can be written here")
def test_a_folder_that_cannot_be_written_is_told_in_one_line(fresh, datajam_command):
    (fresh / "docs").chmod(0o500)
    done = datajam_command("note", "new", cwd=fresh)
    (fresh / "docs").chmod(0o700)
    assert done.returncode == 2 and len(done.stderr.splitlines()) == 1
