"""The report in a real browser: one file, nothing fetched, everything said to somebody who does not see it."""

import json
from html.parser import HTMLParser

import pytest


@pytest.fixture(scope="module")
def page_file(finished):
    return finished / "runs" / "newcastle-upon-tyne" / "report.html"


@pytest.fixture(scope="module")
def page(browser, page_file):
    opened = browser.new_page(viewport={"width": 1000, "height": 900})
    opened.requested = []
    opened.on("request", lambda request: opened.requested.append(request.url))
    opened.problems = []
    opened.on("console", lambda message: opened.problems.append(message.text))
    opened.goto(page_file.as_uri())
    return opened


class Outline(HTMLParser):
    def __init__(self):
        super().__init__()
        self.levels, self.images = [], []

    def handle_starttag(self, tag, attributes):
        if tag in ("h1", "h2", "h3", "h4"):
            self.levels.append(int(tag[1]))
        if tag == "img":
            self.images.append(dict(attributes))


def test_it_opens_offline_and_asks_for_nothing_but_itself(page, page_file):
    assert [url for url in page.requested if not url.startswith("data:")] == [page_file.as_uri()]
    assert not page.problems


def test_it_names_the_place_and_says_in_plain_sight_that_the_data_is_synthetic(page):
    assert page.locator("h1").first.inner_text() == "Newcastle upon Tyne"
    banner = page.locator(".synthetic")
    assert banner.is_visible() and banner.bounding_box()["y"] < 400


def test_it_opens_with_the_headline_numbers_of_results_json(page, page_file):
    recorded = json.loads((page_file.parent / "results.json").read_text(encoding="utf-8"))
    recorded.sort(key=lambda entry: entry["notebook"] != "05_findings")
    cards = page.locator(".cards > div")
    assert cards.count() == len(recorded) >= 3
    for index, entry in enumerate(recorded):
        text = cards.nth(index).inner_text()
        assert entry["label"] in text and (
            f"{entry['value']:,.{entry['digits']}f}" in text if entry["value"] is not None else "No figure" in text
        )
        assert entry["base"] is None or f"{entry['base']:,}" in text
    assert cards.first.bounding_box()["y"] < 900


def test_every_chart_has_alt_text_with_numbers_in_it(page_file):
    outline = Outline()
    outline.feed(page_file.read_text(encoding="utf-8"))
    assert len(outline.images) >= 2
    for image in outline.images:
        assert 40 <= len(image["alt"]) <= 300 and any(letter.isdigit() for letter in image["alt"])


def test_headings_start_at_one_and_skip_no_level(page_file):
    outline = Outline()
    outline.feed(page_file.read_text(encoding="utf-8"))
    assert outline.levels.count(1) == 1 and outline.levels[0] == 1
    assert all(after - before <= 1 for before, after in zip(outline.levels, outline.levels[1:], strict=False))


def test_code_is_folded_away_and_the_keyboard_unfolds_it(page):
    code = page.locator("details.code").first
    assert not code.locator("pre").first.is_visible()
    code.locator("summary").focus()
    page.keyboard.press("Enter")
    assert code.locator("pre").first.is_visible()
    page.keyboard.press("Enter")


def test_the_first_tab_stop_skips_to_the_findings(page):
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") in ("skip", "")


def test_what_may_and_may_not_be_said_sources_and_provenance_are_there_in_order(page):
    text = page.inner_text("body")
    order = [
        "Headline numbers",
        "What you may say",
        "What you may not say",
        "Where the data comes from",
        "How this page was made",
    ]
    places = [text.index(heading) for heading in order]
    assert places == sorted(places)


def test_accessibility_rules_find_nothing_wrong_with_everything_unfolded(page):
    from axe_playwright_python.sync_playwright import Axe

    page.evaluate("document.querySelectorAll('details').forEach(part => { part.open = true; })")
    found = Axe().run(page).response["violations"]
    page.evaluate("document.querySelectorAll('details').forEach(part => { part.open = false; })")
    assert not found, [(rule["id"], rule["nodes"][0]["html"][:120]) for rule in found]


def test_it_fits_a_telephone_without_scrolling_sideways(browser, page_file):
    narrow = browser.new_page(viewport={"width": 360, "height": 700})
    narrow.goto(page_file.as_uri())
    assert narrow.evaluate("document.documentElement.scrollWidth") <= 360
    narrow.close()


def test_printing_unfolds_the_working(page):
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    assert page.evaluate("[...document.querySelectorAll('details.part')].every(part => part.open)")


def test_a_name_with_markup_in_it_is_shown_as_text(bake, browser, datajam_command, tmp_path):
    made = bake(tmp_path, project_name='<script>alert(1)</script> & "co"', theme="skills", place="York")
    assert datajam_command("run", "--quiet", cwd=made).returncode == 0
    opened = browser.new_page()
    opened.goto((made / "runs" / "york" / "report.html").as_uri())
    assert "<script>alert(1)</script>" in opened.locator(".project").inner_text()
    opened.get_by_role("link", name="Which skills next?").click()
    assert opened.url.endswith("runs/york/skills.html") and opened.locator("h1").inner_text() == "Which skills next?"
    assert opened.locator(".synthetic").is_visible()
    opened.close()


@pytest.fixture(scope="module", params=["attainment", "social_cohesion", "skills"])
def every_theme(request, bake):
    """A finished run of each theme with its report, deck and page on one sheet."""
    from datajam import project
    from datajam.run import runner
    from datajam.say import show

    made = bake(theme=request.param, place="Bradford")
    runner.run(project.open_project(made), progress=False)
    return show.build(project.open_project(made)).deck.parent


def test_report_deck_and_page_of_every_theme_ask_for_nothing_complain_of_nothing_and_are_accessible(browser, every_theme):
    from axe_playwright_python.sync_playwright import Axe

    rules = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}
    pages = sorted(every_theme.glob("*.html"))
    assert {path.stem for path in pages} >= {"report", "slides", "one_page"}
    for path in pages:
        opened = browser.new_page(viewport={"width": 1000, "height": 900})
        asked, said = [], []
        opened.on("request", lambda request, asked=asked: asked.append(request.url))
        opened.on("console", lambda message, said=said: said.append(message.text))
        opened.goto(path.as_uri())
        opened.evaluate("document.querySelectorAll('details').forEach(part => { part.open = true; })")
        assert [url for url in asked if not url.startswith("data:")] == [path.as_uri()] and not said
        found = Axe().run(opened, options=rules).response["violations"]
        assert not found, (path.name, [(rule["id"], rule["nodes"][0]["html"][:120]) for rule in found])
        opened.close()
