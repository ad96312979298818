"""Every rule of a review with a failing twin and a passing one, on evidence of a few lines."""

import json
import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

from datajam.project import open_project
from datajam.review import environment, rap, report, rules
from datajam.review.evidence import Call, Compared, Evidence, Failure, Finding, Opened, Reviewed, Rule
from datajam.review.rules import declared as declared_rules
from datajam.review.rules import privacy_patterns as patterns
from datajam.review.rules import reading
from datajam.run import runner
from datajam.say import show

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "review_rules.md"
# Numbers of nobody: from the documentation of stdnum, from Ofcom's numbers for drama, and made for these tests.
UPN, NHS, NINO = "B801200005001", "943 476 5919", "AB123456C"
RESULT = {
    "name": "gap",
    "label": "Gap at 16",
    "value": 12.4,
    "unit": "points",
    "lower_95": 10.6,
    "upper_95": 14.2,
    "base": 2000,
    "base_of": "pupils",
    "digits": 1,
    "notebook": "01_gap",
    "cell": 2,
    "reason": "",
}
LOGGED = {"path": "data/raw/a.csv", "licence": "OGL v3.0", "sha256": "aa" * 32, "sensitivity": "open"}


def code(source, *outputs, count=1, **metadata):
    return {"cell_type": "code", "source": source, "outputs": list(outputs), "execution_count": count, "metadata": metadata}


def words(source):
    return {"cell_type": "markdown", "source": source, "metadata": {}}


def printed(text):
    return {"output_type": "stream", "name": "stdout", "text": text}


def html(table):
    return {"output_type": "display_data", "data": {"text/html": table, "text/plain": "a table"}, "metadata": {}}


def frame(**columns):
    """A table as pandas shows it in a notebook."""
    head = "".join(f"<th>{name}</th>" for name in columns)
    body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in zip(*columns.values(), strict=True))
    return html(f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>")


def notebook(*cells, **about):
    made = {"cells": list(cells), "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    return Reviewed(**{"path": "notebooks/01_gap.ipynb", "source": made, "then": made, "now": made, **about})


@pytest.fixture
def project(tmp_path):
    """Evidence of a project: its files as texts or bytes by path, and whatever else is given."""

    def make(files=(), *notebooks, **about):
        for path, text in dict(files).items():
            (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / path).write_bytes(text if isinstance(text, bytes) else text.encode())
        return Evidence(tmp_path, **{"files": list(dict(files)), "notebooks": list(notebooks), **about})

    return make


def found(evidence, rule):
    """What one rule finds."""
    return rules.apply(evidence, [each for each in rules.RULES if each.id == rule])


def test_ids_are_of_a_known_kind_and_come_once():
    ids = [rule.id for rule in rules.RULES]
    assert len(set(ids)) == len(ids) and {rules.kind(id) for id in ids} == set(rules.KINDS)
    assert all(rule.title and rule.why.endswith(".") and rule.link.startswith("https://") for rule in rules.RULES)


def test_the_committed_page_is_what_the_rules_give():
    expected = rules.rules_page()
    made = 'python -c "from datajam.review.rules import rules_page; print(rules_page(), end=str())" > docs/review_rules.md'
    assert PAGE.read_text(encoding="utf-8") == expected, f"make it again: {made}"


def test_a_rule_that_fails_is_a_finding_and_the_others_go_on():
    broken = Rule("inputs.broken", "", "", "", lambda evidence: 1 / 0)
    fine = Rule("inputs.fine", "", "", "", lambda evidence: [Finding("inputs.fine", "seen")])
    first, second = rules.apply(Evidence(Path()), [broken, fine])
    assert "could not be applied: ZeroDivisionError" in first.words and second.words == "seen"


def test_nothing_is_found_in_nothing(project):
    assert {each.rule for each in rules.apply(project())} == {"declared.pinned"}


# reproduced


def test_a_notebook_that_fails_is_named_with_its_cell_class_and_remedy(project):
    failure = Failure("missing file", "FileNotFoundError: a.csv", 3, "Add the file.")
    [one] = found(project((), notebook(failure=failure)), "reproduced.runs")
    assert (one.cell, one.remedy, one.level) == (3, "Add the file.", "difference") and "missing file" in one.words
    assert found(project((), notebook(now=None)), "reproduced.runs") and not found(project((), notebook()), "reproduced.runs")


@pytest.mark.parametrize("same, level", [("different", 1), ("missing", 1), ("new", 1), ("identical", 0), ("within tolerance", 0)])
def test_an_output_that_is_not_the_same_is_a_difference(project, same, level):
    evidence = project((), notebook(outputs=[Compared(4, 1, "table", same, "exact", "row 2: 3 then, 4 now")]))
    assert [each.cell for each in found(evidence, "reproduced.output")] == [4] * level


@pytest.mark.parametrize("change, count", [({"value": 12.5}, 1), ({"base": 1999}, 1), ({"value": 12.44}, 0), ({}, 0)])
def test_a_headline_number_may_move_by_half_its_last_digit(project, change, count):
    evidence = project(results_then=[RESULT], results_now=[{**RESULT, **change}])
    findings = found(evidence, "reproduced.number")
    assert len(findings) == count and all("12.4 points" in each.words and each.cell == 2 for each in findings)


def test_a_headline_number_that_is_gone_or_new_is_said(project):
    other = {**RESULT, "name": "other", "label": "Other"}
    both = found(project(results_then=[RESULT], results_now=[other]), "reproduced.number")
    assert ["none now" in both[0].words, "none recorded" in both[1].words] == [True, True]


@pytest.mark.parametrize("key, rule", [("determinism", "twice"), ("generality", "elsewhere"), ("sensitivity", "sensitive")])
def test_what_a_variation_found_is_a_finding(project, key, rule):
    seen = [{"words": "cell 4 differs", "notebook": "notebooks/01_gap.ipynb", "cell": 4}, "one line"]
    shaped = {"findings": seen} if key == "generality" else seen
    assert [each.cell for each in found(project(variations={key: shaped}), f"reproduced.{rule}")] == [4, None]
    assert not found(project(variations={key: []}), f"reproduced.{rule}")


# inputs


def settings(**entry):
    return {"sources": {"a": {**LOGGED, **entry}}}


def reading_of(path, mode="read", sha256="aa" * 32):
    return notebook(opened=[Opened(path, mode, 2, sha256)])


def test_a_file_read_that_is_not_in_the_log_is_found(project):
    [one] = found(project((), reading_of("data/raw/b.csv"), settings=settings()), "inputs.logged")
    assert "data/raw/b.csv" in one.words and one.cell == 2
    for path in ("data/raw/a.csv", "hack.toml", "shared/datajam/data/places.csv", "data/indicators.csv"):
        assert not found(project((), reading_of(path), settings=settings()), "inputs.logged")


def test_without_a_data_log_there_is_a_note(project):
    [one] = found(project((), reading_of("pupils.csv")), "inputs.logged")
    assert one.level == "note" and not found(project((), notebook()), "inputs.logged")


def test_a_file_that_is_not_the_logged_one_is_found(project):
    files = {"data/raw/a.csv": "a"}
    [one] = found(project(files, reading_of("data/raw/a.csv", sha256="bb" * 32), settings=settings()), "inputs.hash")
    assert one.file == "data/raw/a.csv"
    assert not found(project(files, reading_of("data/raw/a.csv"), settings=settings()), "inputs.hash")
    assert found(project(files, settings=settings(sha256="")), "inputs.hash")
    assert "not in the project" in found(project((), settings=settings(path="data/gone.csv")), "inputs.hash")[0].words


def test_a_source_needs_its_licence_and_its_agreement(project):
    assert found(project(settings=settings(licence="")), "inputs.licence")
    assert found(project(settings=settings(sensitivity="personal")), "inputs.licence")
    assert not found(project(settings=settings(sensitivity="personal", agreement="DSA 12")), "inputs.licence")


def test_a_file_outside_the_project_is_found_and_those_of_python_are_not(project):
    assert found(project((), reading_of("/home/ann/pupils.csv")), "inputs.outside")
    for path in ("data/raw/a.csv", "/usr/share/zoneinfo/UTC", "/srv/.venv/lib/python3.12/site-packages/a/b.csv"):
        assert not found(project((), reading_of(path)), "inputs.outside")


def test_writing_to_data_is_found(project):
    assert found(project((), reading_of("data/raw/a.csv", "write"), settings=settings()), "inputs.changed")
    assert not found(project((), reading_of("out.csv", "write"), settings=settings()), "inputs.changed")


def test_a_question_to_the_network_is_found_once(project):
    [one] = found(project((), notebook(network=[Call("example.org:443", 2)] * 2)), "inputs.network")
    assert "example.org" in one.words and one.cell == 2 and not found(project((), notebook()), "inputs.network")


def test_a_data_log_that_cannot_be_read_is_a_finding_with_its_reason(project):
    assert "needs path" in found(project(settings={"sources": {"a": {}}}), "inputs.hash")[0].words


# declared


def test_an_import_that_nothing_declares_is_found_with_its_cell(project):
    cells = notebook(
        code("import os, pandas, datajam, helper"), code("%matplotlib inline\nfrom sklearn import tree\nimport notdeclared")
    )
    evidence = project({"helper.py": ""}, cells, declared={"pandas": "3.0", "scikit-learn": "1.9"})
    [one] = found(evidence, "declared.import")
    assert "notdeclared" in one.words and (one.cell, one.line) == (2, 3)


def test_python_2_is_passed_over(project):
    assert not found(project((), notebook(code("print 'a'\nimport gone")), declared={"a": ""}), "declared.import")


def test_a_package_nobody_imports_is_a_note(project):
    cells = notebook(code("import pandas"))
    [one] = found(project((), cells, declared={"pandas": "3", "spare": "1"}, lock="requirements.txt"), "declared.unused")
    assert "spare" in one.words and one.level == "note"
    assert not found(project((), cells, declared={"pandas": "3", "spare": "1"}, lock="requirements.lock"), "declared.unused")
    assert not found(project((), cells, declared={"pandas": "3"}, lock="requirements.txt"), "declared.unused")


def test_what_the_template_declares_for_everybody_is_not_called_spare(project):
    asked = tomllib.loads((ROOT / "{{cookiecutter.project_slug}}" / "pyproject.toml").read_text(encoding="utf-8"))
    assert {environment.canonical(name.split(">")[0]) for name in asked["project"]["dependencies"]} == declared_rules.FOR_EVERYBODY


def test_packages_need_declaring_and_versions(project):
    [one] = found(project((), notebook(code("import pandas"))), "declared.pinned")
    assert "pandas" in one.words
    assert "numpy" in found(project(declared={"numpy": "", "pandas": "3"}), "declared.pinned")[0].words
    assert not found(project(declared={"pandas": "3"}), "declared.pinned")


def test_cells_run_out_of_order_are_found(project):
    [one] = found(project((), notebook(code("a = 1", count=5), code("b = 2", count=2))), "declared.order")
    assert one.cell == 2
    assert not found(project((), notebook(code("a", count=1), code("b", count=None), code("c", count=7))), "declared.order")


@pytest.mark.parametrize("path", ["/home/ann/a.csv", "C:\\\\Users\\\\ann\\\\a.csv", "~/a.csv", "/Users/ann/a"])
def test_a_folder_of_one_machine_is_found(project, path):
    assert found(project((), notebook(code(f"x = 1\npd.read_csv('{path}')"))), "declared.path")[0].line == 2


@pytest.mark.parametrize("text", ["'data/raw/a.csv'", "'https://example.org/data/'", "'a/b'", "'//'", "'s3://data/a'"])
def test_other_paths_are_not(project, text):
    assert not found(project((), notebook(code(f"read({text})"))), "declared.path")


def test_a_notebook_never_run_is_found(project):
    assert found(project((), notebook(code("1 + 1", count=None), then=None)), "declared.never_run")
    assert not found(project((), notebook(code("1 + 1"))), "declared.never_run")
    assert not found(project((), notebook(words("only words"), then=None)), "declared.never_run")


def test_a_notebook_that_cannot_be_read_is_found(project):
    assert found(project((), notebook(source=None, then=None, now=None)), "declared.unreadable")
    assert found(project((), notebook(source={"worksheets": []}, then=None)), "declared.unreadable")
    assert not found(project((), notebook()), "declared.unreadable")


def test_empty_and_duplicate_files_are_found(project):
    evidence = project({"a.csv": "", "pkg/__init__.py": "", "b.csv": "x,y", "copy of b.csv": "x,y", "runs/l/b.csv": "x,y"})
    assert [each.file for each in found(evidence, "declared.empty")] == ["a.csv"]
    assert [each.file for each in found(evidence, "declared.duplicate")] == ["copy of b.csv"]


# privacy


FAULTS = {
    "upn": (f"pupil,upn\n1,{UPN}\n", "pupil,code\n1,A801200005001\n2,E08000021\n"),
    "nhs": (f"id,number\n1,{NHS}\n", "id,number\n1,9434765918\n2,9434765919\n"),
    "nino": (f"id,ni\n1,{NINO}\n", "id,ni\n1,GB123456C\n2,QQ123456C\n"),
    "birth": ("id,Date of birth\n1,12/03/2009\n", "id,date\n1,12/03/2009\n"),
    "postcode": ("id,where\n1,NE1 7RU\n", "id,where\n1,NE1\n2,QZ1 7RU\n3,E08000021\n"),
    "email": ("id,mail\n1,ann.lee@gateshead.gov.uk\n", "id,mail\n1,someone@example.org\n2,@pytest.fixture\n"),
    "phone": ("id,tel\n1,07700 900123\n2,0191 498 0123\n", "id,tel\n1,0.07700900123\n2,201914980123\n"),
    "secret": ("password = 'correct-horse-7-battery'\n", f"sha256 = '{'3f' * 32}'\n"),
}


@pytest.mark.parametrize("key", FAULTS)
def test_personal_data_and_secrets_in_a_file_are_found_and_what_looks_alike_is_not(project, key):
    wrong, right = FAULTS[key]
    [one] = found(project({"data/raw/a.csv": wrong}), f"privacy.{key}")
    assert one.file == "data/raw/a.csv" and one.line and not found(project({"data/raw/a.csv": right}), f"privacy.{key}")


@pytest.mark.parametrize("key", FAULTS)
def test_they_are_found_in_what_a_notebook_shows_with_the_cell(project, key):
    wrong, right = FAULTS[key]
    [one] = found(project((), notebook(words("# A"), code("show()", printed(wrong)))), f"privacy.{key}")
    assert one.cell == 2 and not found(project((), notebook(code("show()", printed(right)))), f"privacy.{key}")


@pytest.mark.parametrize("key", [key for key in FAULTS if key != "secret"])
def test_a_find_does_not_repeat_what_it_found(project, key):
    wrong = FAULTS[key][0]
    [one] = found(project({"a.csv": wrong}), f"privacy.{key}")
    assert not [part for line in wrong.splitlines()[1:] for part in line.split(",") if len(part) > 4 and part in repr(one)]


def test_ten_digits_are_an_nhs_number_where_a_column_of_them_verifies():
    valid = ["9434765919", "4010232137", "4505577104", "6328796966", "4698571732"]
    from stdnum.gb import nhs

    numbers = [number for number in valid if nhs.is_valid(number)]
    assert len(list(patterns.nhs("a\n" + "\n".join(numbers * 3)))) == 3 * len(numbers) > 0
    assert not list(patterns.nhs("a\n" + "\n".join(["9434765919", *(str(9434765920 + step) for step in range(9))])))


def test_a_workbook_is_looked_into(tmp_path):
    import pandas as pd

    pd.DataFrame({"upn": [UPN]}).to_excel(tmp_path / "a.xlsx", index=False)
    assert found(Evidence(tmp_path, files=["a.xlsx"]), "privacy.upn")


def test_an_address_in_the_readme_is_meant_to_be_there(project):
    assert not found(project({"README.md": "Write to ann.lee@gateshead.gov.uk, NE1 7RU, 0191 498 0123"}), "privacy.email")


def test_a_link_out_of_the_project_is_not_followed(project, tmp_path):
    folder = tmp_path / "inside"
    folder.mkdir()
    (tmp_path / "secret.csv").write_text(UPN)
    (folder / "a.csv").symlink_to(tmp_path / "secret.csv")
    assert not found(Evidence(folder, files=["a.csv", "../secret.csv", "a\nb.csv"]), "privacy.upn")


def test_what_could_not_be_searched_is_said(project):
    evidence = project({"a.xlsx": b"PK\x00 no workbook", "b.csv": "x,y", "c.sav": b"\x00\x01"})
    assert [each.file for each in found(evidence, "privacy.unsearched")] == ["a.xlsx", "c.sav"]
    long = project((), notebook(code("x", printed("x" * (reading.LARGEST_OUTPUT + 1)))))
    [one] = found(long, "privacy.unsearched")
    assert (one.cell, one.level) == (1, "note") and not found(project((), notebook(code("x", printed("x")))), "privacy.unsearched")


JUNK = [None, 3, True, 2.5, "text <b>", [], {}, [None, {"data": [1]}], {"text/html": 3, "tags": 3, "datajam": 3, "language": []}]


@pytest.mark.parametrize("junk", JUNK, ids=range(len(JUNK)))
def test_a_notebook_full_of_junk_stops_no_rule_and_no_report(project, junk):
    cell = {
        "cell_type": "code",
        "source": junk,
        "outputs": [{"data": junk, "metadata": junk, "text": junk}, junk],
        "metadata": junk,
    }
    book = {"cells": [cell, junk, {**cell, "cell_type": "markdown", "execution_count": junk}], "metadata": {"kernelspec": junk}}
    result = {**RESULT, "value": junk, "digits": junk, "base": junk}
    evidence = project(
        {"README.md": "9 points"}, Reviewed("a.ipynb", book, book, book), results_then=[result], results_now=[RESULT]
    )
    findings = rules.apply(evidence)
    assert not [each.words for each in findings if "could not be applied" in each.words]
    assert "a.ipynb" in report.render(evidence, findings, "")


def git(folder, *words):
    who = ["-c", "user.name=Ann", "-c", "user.email=ann@example.org", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *who, *words], cwd=folder, check=True, capture_output=True)


def test_what_was_deleted_is_found_in_the_history(project, tmp_path):
    evidence = project({"data/a.csv": f"upn\n{UPN}\n", "key.py": "password = 'correct-horse-7-battery'\n"})
    for change in ("first", "second"):
        git(tmp_path, "init", "-q")
        git(tmp_path, "add", "-A")
        git(tmp_path, "commit", "-q", "-m", change)
        assert bool(found(evidence, "privacy.history")) == (change == "second"), "what is still there is told by the other rules"
        (tmp_path / "data/a.csv").write_text("upn\nnone\n")
        (tmp_path / "key.py").write_text("password = ask()\n")
    assert {each.file for each in found(evidence, "privacy.history")} == {"data/a.csv", "key.py"}


# disclosed


def test_a_small_count_of_people_in_a_shown_table_is_found(project):
    [one] = found(project((), notebook(code("t", frame(group=["a", "b"], pupils=["210", "3"])))), "disclosed.small")
    assert one.cell == 1 and "b" in one.words and "3 people" not in one.words
    for columns in (
        {"pupils": ["210", "0"]},
        {"percent_of_pupils": ["3", "4"]},
        {"periods": ["3", "4"]},
        {"pupils": ["3.4", "210"]},
    ):
        assert not found(project((), notebook(code("t", frame(**columns)))), "disclosed.small")


def test_small_counts_are_found_in_print_markdown_csv_tidy_tables_and_results(project):
    shown = {
        "output_type": "display_data",
        "metadata": {},
        "data": {"text/markdown": "Seen:\n\n| Group | Pupils |\n|--|--|\n| Boys | 3 |\n"},
    }
    assert "Boys" in found(project((), notebook(code("t", shown))), "disclosed.small")[0].words
    assert found(project((), notebook(code("t", printed("    group  pupils\n0       a       3\n")))), "disclosed.small")
    assert found(project({"runs/leeds/a.csv": "group,pupils\na,3\n"}), "disclosed.small")
    assert found(project({"runs/leeds/a.csv": "indicator,value\nt_pupils,3\nrate,4\n"}), "disclosed.small")
    assert found(project(results_now=[{**RESULT, "base": 6}]), "disclosed.small")
    assert not found(project(results_now=[{**RESULT, "base": 5, "base_of": "years with a figure"}]), "disclosed.small")


def test_where_data_is_not_open_any_count_is_of_people(project):
    table = notebook(code("t", frame(group=["a"], n=["3"])))
    assert found(project((), table, settings=settings(sensitivity="personal")), "disclosed.small")
    assert not found(project((), table, settings=settings()), "disclosed.small")


def test_a_hidden_count_that_a_total_gives_back_is_found(project):
    table = frame(group=["a", "b", "Total"], pupils=["c", "210", "213"])
    assert found(project((), notebook(code("t", table))), "disclosed.total")
    for pupils in (["c", "c", "213"], ["c", "210", "c"], ["100", "113", "213"]):
        other = frame(group=["a", "b", "Total"], pupils=pupils)
        assert not found(project((), notebook(code("t", other))), "disclosed.total")


def test_a_hidden_count_that_a_total_of_columns_gives_back_is_found(project):
    table = frame(place=["Leeds"], girls=["c"], boys=["210"], **{"all pupils": ["213"]})
    [one] = found(project((), notebook(code("t", table))), "disclosed.total")
    assert "girls" in one.words and "Leeds" in one.words


def test_a_count_hidden_in_one_run_and_shown_in_another_is_found(project):
    runs = {"runs/leeds/a.csv": "place,pupils\nYork,c\nLeeds,90\n", "runs/york/a.csv": "place,pupils\nYork,4\nLeeds,90\n"}
    [one] = found(project(runs), "disclosed.places")
    assert one.file == "runs/york/a.csv"
    assert not found(project({**runs, "runs/york/a.csv": "place,pupils\nYork,c\nLeeds,90\n"}), "disclosed.places")


def test_no_rule_ever_says_cleared(project):
    assert not [rule.id for rule in rules.RULES if "cleared" in f"{rule.title} {rule.why}".casefold()]


# governance


ASSURANCE = "# Assurance\n\n| Role | What | Who |\n|---|---|---|\n| Analyst | does it | Cy |\n| Assurer | checks it | {} |\n"


def test_pages_not_filled_in_are_notes(project):
    pages = {f"docs/{name}.md": "# A page\n\nAll is said.\n" for name in ("problem_statement", "log", "assurance", "handover")}
    assert not found(project(pages), "governance.filled")
    [one] = found(project({**pages, "docs/log.md": "# Log\n\nTo fill: all of it\n"}), "governance.filled")
    assert one.level == "note" and one.file == "docs/log.md" and not found(project({"a.py": "1"}), "governance.filled")


@pytest.mark.parametrize("assurer, count", [("Ann Lee", 1), ("ann lee", 1), ("Cy", 1), ("Bob", 0), ("To fill: a name", 0)])
def test_an_assurer_who_is_an_author_or_an_analyst_is_found(project, assurer, count):
    evidence = project({"docs/assurance.md": ASSURANCE.format(assurer)}, authors=["Ann Lee <a.lee@example.org>"])
    assert len(found(evidence, "governance.assurer")) == count


def test_a_project_without_a_licence_has_a_note(project):
    assert found(project({"a.py": "1"}), "governance.licence")[0].level == "note"
    assert not found(project({"LICENSE": "MIT"}), "governance.licence")


# said


def saying(project, text, **about):
    return found(project({"README.md": text}, notebook(), results_now=[RESULT], **about), "said.number")


def test_a_number_in_the_readme_that_no_result_says_is_found_with_its_line(project):
    [one] = saying(project, "# Findings\n\nThe gap is 15.2 points.\n")
    assert one.line == 3 and "15.2 points" in one.words
    for text in (
        "# Findings\nThe gap is 12.4 points (10.6 to 14.2), 2,000 pupils",
        "# Install\nPython 3.11, 40 files, `15.2 points`",
    ):
        assert not saying(project, text)


def test_a_number_rounded_is_the_same_number(project):
    assert not saying(project, "About 12 points, or 12.40 points") and saying(project, "About 13 points")


def test_a_bare_number_counts_under_a_heading_that_speaks_of_findings(project):
    assert saying(project, "# Results\nGap: 15.2") and not saying(project, "# Install\nVersion: 15.2")


def test_a_number_typed_into_a_notebook_is_found_unless_it_is_a_parameter_or_printed(project):
    spread = code("spread: float = 18.0", tags=["parameters"])
    said = words("They spread by 18 points; the share is 40%; the gap was 15.2 points.")
    evidence = project((), notebook(spread, said, code("p", printed("40% of all"))), results_now=[RESULT])
    [one] = found(evidence, "said.number")
    assert (one.cell, "15.2 points" in one.words) == (2, True)


def test_a_number_changed_on_the_deck_is_found(project):
    page = "<h1>Leeds</h1><table><tr><td>7 points</td></tr></table><p>Gap <b>{} points</b></p><script>9 points</script>"
    wrong = project({"runs/leeds/slides.html": page.format("15.2")}, notebook(), results_now=[RESULT], place="Leeds")
    assert [each.file for each in found(wrong, "said.number")] == ["runs/leeds/slides.html"]
    right = project({"runs/leeds/slides.html": page.format("12.4")}, notebook(), results_now=[RESULT], place="Leeds")
    assert not found(right, "said.number")


# levels of RAP


def test_levels_build_on_one_another_and_every_tick_says_what_was_seen(project):
    everything = {
        "README.md": "```\npython3 -m nox\n```\n",
        "LICENSE": "MIT",
        "docs/assurance.md": ASSURANCE.format("Bob"),
        "src/a.py": 'def one():\n    """One."""\n    import logging\n',
        "tests/test_a.py": "def test(): pass",
        "notebooks/01_gap.ipynb": "{}",
        "pyproject.toml": "[project]\n[build-system]\n[tool.ruff]\n",
        ".github/workflows/run.yml": "on:\n  schedule:\n",
        "CHANGELOG.md": "first",
        "runs/leeds/provenance.json": "{}",
    }
    read = {"output_type": "display_data", "data": {}, "metadata": {"datajam": {"source": "a"}}}
    book = notebook(code("hack.read()", read), outputs=[Compared(1, 1, "text", "identical", "exact")])
    about = {"commit": "abc", "origin": "https://example.org/jam", "declared": {"pandas": "3"}, "authors": ["Ann <a@example.org>"]}
    evidence = project(everything, book, **about)
    ticks = rap.ticks(evidence)
    assert rap.reached(ticks) == "gold", [tick for tick in ticks if not tick.met]
    assert all(tick.seen and tick.seen != "not seen" for tick in ticks)
    for gone, level in (("LICENSE", ""), ("tests/test_a.py", "baseline"), ("CHANGELOG.md", "silver")):
        evidence.files = [path for path in everything if path != gone]
        assert rap.reached(rap.ticks(evidence)) == level


# a project as generated


@pytest.mark.parametrize("theme", ["attainment", "social_cohesion", "skills"])
def test_a_fresh_project_of_each_theme_raises_no_alarm(theme, bake, finished, tmp_path):
    if theme == "attainment":
        folder = shutil.copytree(finished, tmp_path / "project")
    else:
        folder = bake(tmp_path, theme=theme, place="Newcastle")
        runner.run(open_project(folder), progress=False, engine="datajam")
    evidence = evidence_of(folder)
    findings = rules.apply(evidence)
    assert not [each for each in findings if each.level != "note"]
    assert {each.rule for each in findings} == {"governance.filled"} and len(evidence.results_now) >= 3


def evidence_of(folder):
    """A finished project as a review sees one whose outputs came out the same."""
    run = show.build(open_project(folder)).deck.parent
    git(folder, "init", "-q")
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "first")
    results = json.loads((run / "results.json").read_text(encoding="utf-8"))
    lock = (folder / "requirements.lock").read_text(encoding="utf-8")
    settings = tomllib.loads((folder / "hack.toml").read_text(encoding="utf-8"))
    opened = [Opened(entry["path"], "read", 2, entry["sha256"]) for entry in settings["sources"].values()]
    books = []
    for path in sorted((folder / "notebooks").glob("*.ipynb")):
        then = json.loads((run / path.name).read_text(encoding="utf-8"))
        books.append(Reviewed(f"notebooks/{path.name}", json.loads(path.read_text(encoding="utf-8")), then, then, opened=opened))
    return Evidence(
        folder,
        place="Newcastle upon Tyne",
        settings=settings,
        files=subprocess.run(["git", "ls-files"], cwd=folder, capture_output=True, text=True).stdout.splitlines(),
        declared=dict(re.findall(r"^([\w.-]+)==(\S+)", lock, re.MULTILINE)),
        lock="requirements.lock",
        authors=["Ann <ann@example.org>"],
        notebooks=books,
        results_then=results,
        results_now=results,
    )
