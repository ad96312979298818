"""The report of a review in a real browser: it answers, it opens offline without a script, and nothing hostile gets out of it."""

import base64
import io
import json
from pathlib import Path

import pytest

from datajam.review import report, report_outputs, rules
from datajam.review.evidence import Call, Compared, Evidence, Failure, Finding, Opened, Reviewed

HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)>"
RESULT = {
    "name": "gap",
    "label": "Gap at 16",
    "value": 12.4,
    "unit": "points",
    "lower_95": 10.6,
    "upper_95": 14.2,
    "base": 2000,
    "digits": 1,
    "notebook": "05_findings",
    "cell": 9,
}
SETTINGS = {
    "project": {"name": "Our data hack"},
    "sources": {"a": {"path": "data/a.csv", "licence": "OGL v3.0", "sha256": "aa" * 32, "publisher": "DfE", "title": "Attainment"}},
}


def drawing(colour="navy", bar=120):
    """A picture of a bar as base64 PNG."""
    from PIL import Image, ImageDraw

    made, written = Image.new("RGB", (320, 200), "white"), io.BytesIO()
    ImageDraw.Draw(made).rectangle((40, 200 - bar, 120, 190), fill=colour)
    made.save(written, "PNG")
    return base64.b64encode(written.getvalue()).decode()


def notebook(*cells):
    return {"cells": list(cells), "metadata": {}, "nbformat": 4, "nbformat_minor": 5}


def code(source, *outputs):
    return {"cell_type": "code", "source": source, "outputs": list(outputs), "execution_count": 1, "metadata": {}}


def reviewed(path="notebooks/05_findings.ipynb", **about):
    made = notebook(code("import pandas"))
    return Reviewed(**{"path": path, "source": made, "then": made, "now": made, "seconds": 3.2, **about})


def table(*rows):
    return "place,pupils\n" + "".join(f"{place},{count}\n" for place, count in rows)


@pytest.fixture(scope="module")
def seen(tmp_path_factory):
    """What was seen of a project with a difference of every kind, and a name and outputs that want to be scripts."""
    folder = tmp_path_factory.mktemp("reviewed")
    (folder / "docs").mkdir()
    (folder / "docs" / "assurance.md").write_text(
        "# Assurance\n\n| Role | Who |\n|---|---|\n| Assurer | Ann Lee |\n\nTo fill: the rest\n"
    )
    (folder / "data").mkdir()
    (folder / "data" / "a.csv").write_text("place,upn\nLeeds,B801200005001\n")
    outputs = [
        Compared(3, 1, "text", "identical", "identical"),
        Compared(4, 1, "text", "identical", "memory addresses", "", "<A at 0x7f>", "<A at 0x80>"),
        Compared(5, 1, "image", "different", "", "2.1% of its pixels differ visibly", drawing(), drawing(bar=60)),
        Compared(6, 1, "table", "different", "", "", table(("Leeds", 210), ("York", 90)), table(("Leeds", 210), ("York", 91))),
        Compared(7, 1, "text", "different", "", "line 2", f"The same\nthen {HOSTILE}", f"The same\nnow {HOSTILE}"),
        Compared(8, 1, "text", "missing", "", "", "It was here", None),
        Compared(9, 1, "number", "within tolerance", "numbers", "", "Gap: 12.4", "Gap: 12.40000001"),
    ]
    failure = Failure("missing file", f"FileNotFoundError: {HOSTILE}", 2, "Add the file.")
    books = [
        reviewed(outputs=outputs, opened=[Opened("data/a.csv", "read", 3, "bb" * 32)], network=[Call("example.org:443", 3)]),
        reviewed(path=f"notebooks/{HOSTILE}\nsecond line.ipynb", failure=failure, now=None),
    ]
    return Evidence(
        folder,
        commit="abc123" * 6,
        origin="https://example.org/jam.git",
        place="Leeds",
        settings={**SETTINGS, "project": {"name": f"Our hack {HOSTILE}"}},
        files=["README.md", "docs/assurance.md", "data/a.csv", f"data/{HOSTILE}\u202e.csv"],
        declared={"numpy": "2.0"},
        lock="requirements.lock",
        lock_sha256="cc" * 32,
        authors=["Ann Lee <ann@example.org>"],
        notebooks=books,
        results_then=[RESULT, {**RESULT, "name": "gone", "label": "Gone"}],
        results_now=[{**RESULT, "value": 15.2}],
        variations={"determinism": {"words": "PYTHONHASHSEED=4711", "findings": [{"words": "cell 4 differs", "cell": 4}]}},
        not_checked=[f"A link that leads out: {HOSTILE}"],
        environment={"packages": "installed by uv from requirements.lock", "network": "network off"},
        replay="datajam review https://example.org/jam.git --commit abc123",
    )


@pytest.fixture(scope="module")
def page_file(seen, tmp_path_factory):
    path = tmp_path_factory.mktemp("review") / "report.html"
    path.write_text(report.render(seen, rules.apply(seen), "1 of 2 notebooks ran; offline; commit abc123, clean"), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def clean_file(tmp_path_factory):
    """The report of a project about which nothing was found."""
    folder = tmp_path_factory.mktemp("clean")
    book = reviewed(outputs=[Compared(1, 1, "text", "identical", "identical")])
    evidence = Evidence(folder, notebooks=[book], declared={"pandas": "3.0"}, results_then=[RESULT], results_now=[RESULT])
    path = folder / "report.html"
    path.write_text(report.render(evidence, rules.apply(evidence), "1 of 1 notebooks ran"), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def page(browser, page_file):
    """The page with scripts switched off, as a careful reader opens it."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, java_script_enabled=False)
    opened = context.new_page()
    opened.requested = []
    opened.on("request", lambda request: opened.requested.append(request.url))
    opened.goto(page_file.as_uri())
    yield opened
    context.close()


def section(page, name):
    return page.locator(f"section[aria-labelledby={name}]").inner_text()


def test_it_opens_offline_holds_no_script_and_asks_for_nothing(page, page_file):
    assert [url for url in page.requested if not url.startswith("data:")] == [page_file.as_uri()]
    assert page.locator("script").count() == 0


def test_its_first_screen_answers_the_four_questions_of_a_stranger(page):
    assert (
        "Not reproduced" in page.locator(".verdict").inner_text()
        and "1 of 2 notebooks ran" in page.locator(".verdict").inner_text()
    )
    answers = page.locator(".answers > div")
    said = {answers.nth(at).locator("dt").inner_text(): answers.nth(at).locator("dd").inner_text() for at in range(answers.count())}
    assert said["Does it run?"].startswith("In part: 1 of 2") and "0 of 2 headline numbers" in said["Are the numbers the same?"]
    assert (
        "1 data file read" in said["What does it rest on?"]
        and "Not run: A place the authors did not choose" in said["What was not checked?"]
    )
    assert answers.last.bounding_box()["y"] < 900


def test_headline_numbers_stand_then_and_now_with_their_difference(page):
    rows = page.locator("section[aria-labelledby=numbers] tbody tr")
    assert [rows.nth(0).locator("td").nth(at).inner_text() for at in (0, 3, 4)] == ["different", "+2.8", "0.05"]
    assert "gone" in rows.nth(1).inner_text() and "cell 9" in rows.nth(0).inner_text()


def test_findings_are_grouped_with_place_and_remedy(page):
    text = section(page, "findings")
    for words in (
        "Does it run, and give the same",
        "Personal data and secrets",
        "notebooks/05_findings.ipynb, cell 5",
        "Add the file.",
    ):
        assert words in text
    assert text.index("Difference.") < text.index("Note.")


def test_both_pictures_and_their_difference_are_shown_as_new_png(page, page_file):
    figures = page.locator(".output figure")
    assert [figures.nth(at).locator("figcaption").inner_text() for at in range(3)] == ["Then", "Now", "Difference"]
    for at in range(3):
        kept = figures.nth(at).locator("img").get_attribute("src")
        assert kept.startswith("data:image/png;base64,iVBORw0KGgo") and figures.nth(at).locator("img").get_attribute("alt")
    assert drawing() not in page_file.read_text(encoding="utf-8")


def test_cells_of_a_table_that_differ_are_marked(page):
    assert page.locator(".output td mark").all_inner_texts() == ["90 91"]
    assert "1 of 2" in page.locator(".output caption").inner_text()


def test_lines_that_differ_are_marked_and_a_missing_output_says_so(page):
    marked = page.locator(".output pre mark").all_inner_texts()
    assert f"then {HOSTILE}" in marked and f"now {HOSTILE}" in marked
    assert "(no output)" in section(page, "notebooks")


def test_the_rungs_needed_are_named(page):
    assert "memory addresses (1)" in section(page, "notebooks") and "numbers (1)" in section(page, "notebooks")


def test_data_packages_variations_and_room_are_told(page):
    assert "NOT as logged" in section(page, "inputs") and "example.org:443" in section(page, "inputs")
    assert "1 are imported" in section(page, "declared") and "not run" in section(page, "variations")


def test_disclosure_never_says_cleared(page_file, clean_file):
    for path in (page_file, clean_file):
        assert "cleared" not in path.read_text(encoding="utf-8").casefold()
    assert "Did not pass the automatic checks" in page_file.read_text(encoding="utf-8")
    assert "Passed automatic checks; awaiting an output checker." in clean_file.read_text(encoding="utf-8")


def test_governance_has_its_ticks_with_what_was_seen(page):
    text = section(page, "governance")
    assert "does not reach the first level" in text and "git, commit abc123abc123" in text and "not seen" in text
    assert "Ann Lee" in text


def test_the_page_for_a_person_is_blank(page):
    fields = page.locator(".form textarea, .form input[type=number]")
    assert fields.count() >= 15 and not any(fields.nth(at).input_value() for at in range(fields.count()))
    assert page.locator(".form input:checked").count() == 0


def test_it_says_how_to_make_it_again_with_commit_and_lock(page):
    text = section(page, "replay")
    assert "datajam review https://example.org/jam.git --commit abc123" in text and "cc" * 32 in text and "abc123" * 6 in text


def test_nothing_hostile_is_more_than_text(page, page_file):
    text = page_file.read_text(encoding="utf-8")
    assert "<script" not in text and "<img src=x" not in text and "\u202e" not in text
    assert HOSTILE in page.locator("h1").inner_text()
    assert page.locator("img").count() == page.locator(".output figure img").count() == 3


def test_everything_unfolds_in_print(browser, page_file):
    opened = browser.new_page()
    opened.goto(page_file.as_uri())
    opened.emulate_media(media="print")
    rows = opened.locator("section[aria-labelledby=findings] details td").first
    assert rows.is_visible() and rows.bounding_box()["height"] > 5
    opened.close()


@pytest.mark.parametrize("width", [1280, 360])
def test_it_fits_the_screen_and_accessibility_rules_find_nothing_with_everything_unfolded(browser, page_file, clean_file, width):
    from axe_playwright_python.sync_playwright import Axe

    for path in (page_file, clean_file):
        opened = browser.new_page(viewport={"width": width, "height": 800})
        opened.goto(path.as_uri())
        opened.evaluate("document.querySelectorAll('details').forEach(part => { part.open = true; })")
        assert opened.evaluate("document.documentElement.scrollWidth") <= width
        found = Axe().run(opened).response["violations"]
        assert not found, [(rule["id"], rule["nodes"][0]["html"][:160]) for rule in found]
        opened.close()


def test_nothing_found_is_reproduced_and_still_no_promise(clean_file):
    text = clean_file.read_text(encoding="utf-8")
    assert "<strong>Reproduced</strong>" in text and "No rule found anything." in text


@pytest.mark.parametrize("book, status", [({"now": None}, "Could not be run"), ({"outputs": []}, "Not reproduced")])
def test_a_review_that_compared_nothing_does_not_say_reproduced(book, status):
    assert f"<strong>{status}</strong>" in report.render(Evidence(Path(), notebooks=[reviewed(**book)]), [], "")


def test_an_empty_repository_has_a_report():
    assert "There is no notebook." in report.render(Evidence(Path()), [], "0 of 0 notebooks ran")


def test_a_hundred_megabytes_are_cut_with_words():
    huge = "a line of an output\n" * 500_000
    book = reviewed(outputs=[Compared(1, at, "text", "different", "", huge[:99999], huge, huge + "b") for at in range(1, 90)])
    findings = [Finding("reproduced.output", "words " * 100, "a.ipynb")] * 5_000
    made = report.render(Evidence(Path(), notebooks=[book]), findings, "")
    assert len(made) < 3_000_000 and "more characters)" in made and "4900 more of this kind" in made
    assert "Not shown: there are too many." in made


def test_a_picture_that_is_none_is_not_passed_on():
    page = base64.b64encode(b"<html><script>alert(1)</script></html>").decode()
    shown = report_outputs.side_by_side(Compared(1, 1, "image", "different", "", "", page, drawing()))
    assert [each["title"] for each in shown["pictures"]] == ["Now"]
    assert "pictures" not in report_outputs.side_by_side(Compared(1, 1, "image", "different", "", "", page, page))


def test_a_picture_in_a_report_is_no_wider_than_a_page():
    from PIL import Image

    written = io.BytesIO()
    Image.effect_noise((3000, 500), 50).save(written, "PNG")
    kept = Image.open(io.BytesIO(base64.b64decode(report_outputs.picture(base64.b64encode(written.getvalue()).decode()))))
    assert kept.size == (900, 150)


def test_odd_settings_and_results_do_not_stop_the_report(tmp_path):
    odd = {"name": None, "value": [1], "digits": "x", "notebook": 3}
    evidence = Evidence(
        Path(), settings={"project": "text", "sources": 3}, results_then=[odd], results_now=[{**odd, "value": json}]
    )
    assert "Headline numbers" in report.render(evidence, rules.apply(evidence), "")
