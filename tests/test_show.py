"""Slides and one-page report in a real browser: one file each, nothing fetched, read by keyboard, telephone and paper."""

import json
import re
import shutil
from pathlib import Path

import nbformat
import pytest
import tomlkit

from datajam.errors import DataJamError
from datajam.project import open_project
from datajam.run import runner
from datajam.say import show

RUN = Path("runs", "newcastle-upon-tyne")
AWKWARD = 'Tŷ "Coed" <script>alert(1)</script> & ŵ'
PARAMETERS = ["parameters"], 'place: str = ""'
DRAW = """
import base64, io
import matplotlib.pyplot as plt
from datajam.say.results import show
figure, axes = plt.subplots(figsize=(7.6, 4.6))
drawn, held = axes.barh(["Newcastle upon Tyne", "England"], [12.4, 15.2]), io.BytesIO()
figure.savefig(held, dpi=110)
plt.close(figure)
data = {{"image/png": base64.b64encode(held.getvalue()).decode(), "text/csv": "gap", "text/plain": "A gap of 12.4 points"}}
alt = {{"alt": "{alt}, 12.4 points here and 15.2 points in England"}}
show(data, {{"image/png": alt, "datajam": {{"chart": "{name}", "title": "A gap of 12.4 points"}}}})
"""
WORKING = [
    "# The working",
    PARAMETERS,
    "## Beside the others",
    "Words that nobody tagged.",
    (["slide"], DRAW.format(name="beside", alt="Bar chart of the gap beside the others")),
    "## The rest of the working",
]
FINDINGS = [
    (["slide"], "# What we found\n\nThe gap is *narrower* than it was.\n\n# A smaller heading"),
    PARAMETERS,
    ([], "import datajam\nfrom datajam.say import results\nobservations = datajam.open_project(place=place).read()"),
    ([], "for n in range(8): results.record(f'n{n}', n + 0.5, 'points', label=f'Number {n}', base=100 + n, base_of='pupils')"),
    "## Drawn, not shown",
    ([], DRAW.format(name="first", alt="Bar chart of the gap that is not tagged")),
    (["slide"], "## Is it getting better?"),
    (["slide"], DRAW.format(name="later", alt="Bar chart of the gap as it is now")),
    (["slide"], "from IPython.display import Markdown\nMarkdown('It shrank, which may be chance. ' * 14)"),
    (["slide"], "## What you may say"),
    (["slide"], "Markdown('- The gap is 12.4 points.\\n- ' + 'It is narrower than in England, which may be chance. ' * 3)"),
    (["slide"], "## What you may not say"),
    (["slide"], "Markdown('| not | because |\\n|---|---|\\n| that schools cause it | ' + 'nothing here tells ' * 9 + '|')"),
    "## How sure this is",
]


def write_notebook(path: Path, cells: list) -> None:
    """A notebook of cells: Markdown where the text opens with a heading or is a plain sentence, else (tags, code)."""
    made = []
    for cell in cells:
        tags, text = cell if isinstance(cell, tuple) else ([], cell)
        prose = text.startswith("#") or not isinstance(cell, tuple)
        make = nbformat.v4.new_markdown_cell if prose else nbformat.v4.new_code_cell
        made.append(make(text, metadata={"tags": tags}))
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    nbformat.write(nbformat.v4.new_notebook(cells=made, metadata=kernel), path)


def retag(folder: Path, wanted) -> None:
    """Tag those cells of the findings whose text `wanted` chooses, and no others anywhere."""
    for path in (folder / RUN).glob("*.ipynb"):
        notebook = nbformat.read(path, as_version=4)
        for cell in notebook.cells:
            cell.metadata["tags"] = [show.TAG] * (path.stem == "02_findings" and wanted(cell.source))
        nbformat.write(notebook, path)


@pytest.fixture(scope="module")
def with_run(bake) -> Path:
    """A project with two small notebooks of its own and their finished run; tests read it and leave it as it is."""
    folder = bake(theme="attainment", place="Newcastle")
    for path in (folder / "notebooks").glob("*.ipynb"):
        path.unlink()
    write_notebook(folder / "notebooks" / "01_working.ipynb", WORKING)
    write_notebook(folder / "notebooks" / "02_findings.ipynb", FINDINGS)
    settings = tomlkit.parse((folder / "hack.toml").read_text(encoding="utf-8"))
    settings["parameters"] = {name: settings["parameters"][name] for name in ("place", "period", "source")}
    (folder / "hack.toml").write_text(tomlkit.dumps(settings), encoding="utf-8")
    runner.run(open_project(folder), progress=False)
    return folder


def change(path: Path, edit) -> None:
    held = json.loads(path.read_text(encoding="utf-8"))
    edit(held)
    path.write_text(json.dumps(held), encoding="utf-8")


@pytest.fixture
def project_folder(with_run, tmp_path):
    return Path(shutil.copytree(with_run, tmp_path / "project"))


@pytest.fixture(scope="module")
def shown(with_run, tmp_path_factory):
    return show.build(open_project(shutil.copytree(with_run, tmp_path_factory.mktemp("shown") / "project")))


@pytest.fixture
def opened(browser, shown):
    """A function that opens a page of the deck's run at a width and height; requests and messages are kept."""
    pages = []

    def open_page(path: Path = shown.deck, width: int = 1280, height: int = 720, **more):
        page = browser.new_page(viewport={"width": width, "height": height}, **more)
        pages.append(page)
        page.requested, page.problems = [], []
        page.on("request", lambda request: page.requested.append(request.url))
        page.on("console", lambda message: page.problems.append(message.text))
        page.on("pageerror", lambda error: page.problems.append(str(error)))
        page.goto(path.as_uri())
        return page

    yield open_page
    for page in pages:
        page.close()


def sheets(page) -> list[tuple[int, int]]:
    """The pages of the printed document, each as (width, height) in whole millimetres."""
    pdf = page.pdf(prefer_css_page_size=True)
    assert len(re.findall(rb"/Type\s*/Page\b", pdf)) == len(re.findall(rb"/MediaBox", pdf))
    boxes = re.findall(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", pdf)
    return [(round(float(width) / 72 * 25.4), round(float(height) / 72 * 25.4)) for width, height in boxes]


@pytest.mark.parametrize("which", ["deck", "one_page"])
@pytest.mark.parametrize("width", [1280, 360])
def test_each_page_asks_for_nothing_breaks_no_accessibility_rule_and_fits_the_width(opened, shown, which, width):
    from axe_playwright_python.sync_playwright import Axe

    path = getattr(shown, which)
    page = opened(path, width, 740)
    found = Axe().run(page).response["violations"]
    assert not found, [(rule["id"], rule["nodes"][0]["html"][:120]) for rule in found]
    assert [url for url in page.requested if not url.startswith("data:")] == [path.as_uri()]
    assert not page.problems
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_deck_opens_with_name_place_theme_and_warning_and_ends_with_the_data_log(opened, shown):
    slides = opened().locator(".slide")
    assert slides.count() == shown.slides
    first, last = slides.first.inner_text(), slides.last.inner_text()
    assert [line for line in first.splitlines() if line] == [
        "Attainment",
        "Our data hack",
        "Newcastle upon Tyne",
        "Synthetic data. These numbers are invented to show how the analysis works. They are not this place's results.",
    ]
    source = open_project(shown.deck.parent).source
    assert all(text in last for text in (source.title, source.publisher, source.licence, source.retrieved))


def test_each_heading_with_tagged_cells_is_a_slide_and_a_tagged_chart_takes_the_heading_above_it(opened):
    headings = [text.strip() for text in opened().locator(".slide h2").all_inner_texts()]
    assert headings == [
        "Headline numbers",
        "Beside the others",
        "What we found",
        "Is it getting better?",
        "What you may say",
        "What you may not say",
        "Where the data comes from",
    ]


def test_only_tagged_cells_show_and_their_code_never_does(opened, shown):
    page = opened()
    text = page.inner_text("main")
    assert "It shrank, which may be chance." in text and "A smaller heading" in page.locator("h3").all_inner_texts()
    assert not any(untagged in text for untagged in ("nobody tagged", "The rest of the working", "How sure this is"))
    assert "pyplot" not in shown.deck.read_text(encoding="utf-8") and page.locator("pre").count() == 0


def test_pictures_keep_their_alt_text(opened):
    alts = opened().locator(".slide img").evaluate_all("all => all.map(one => one.alt)")
    said = "12.4 points here and 15.2 points in England"
    assert alts == [f"Bar chart of the gap beside the others, {said}", f"Bar chart of the gap as it is now, {said}"]


def test_arrow_keys_home_and_end_go_through_the_deck_and_the_counter_follows(opened, shown):
    from playwright.sync_api import expect

    page = opened()
    counter = page.locator("nav p")
    expect(counter).to_have_text(f"Slide 1 of {shown.slides}")
    last = shown.slides
    presses = ["ArrowRight", "ArrowDown", "PageDown", "ArrowUp", "PageUp", "ArrowRight", "ArrowLeft", "End", "ArrowRight", "Home"]
    for key, number in zip(presses, [2, 3, 4, 3, 2, 3, 2, last, last, 1], strict=True):
        page.keyboard.press(key)
        expect(counter).to_have_text(f"Slide {number} of {last}")
        assert page.evaluate("document.activeElement.ariaLabel") == f"{number} of {last}"
        assert page.evaluate("document.activeElement.getBoundingClientRect().top") == 0
        buttons = [button.is_disabled() for button in page.locator("nav button").all()]
        assert buttons == [number == 1, number == last]


def test_a_slide_taller_than_the_window_is_scrolled_through_before_the_next(opened):
    page = opened(height=300)
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowDown")
    page.wait_for_timeout(500)
    assert page.evaluate("document.activeElement.ariaLabel").startswith("2 of")
    assert page.evaluate("document.activeElement.getBoundingClientRect().top") < 0


def test_the_buttons_move_too_and_keep_the_focus(opened, shown):
    from playwright.sync_api import expect

    page = opened()
    page.get_by_role("button", name="Next").focus()
    page.keyboard.press("Enter")
    expect(page.locator("nav p")).to_have_text(f"Slide 2 of {shown.slides}")
    assert page.evaluate("document.activeElement.textContent") == "Next"


def test_every_slide_fits_a_projector_and_its_text_can_be_read_there_and_on_a_telephone(opened):
    for width, height, smallest in ((1280, 720, 16), (360, 740, 12)):
        page = opened(width=width, height=height)
        sizes = page.evaluate("[...document.querySelectorAll('.slide *')].map(one => parseFloat(getComputedStyle(one).fontSize))")
        assert min(sizes) >= smallest
        heights = page.locator(".slide").evaluate_all("all => all.map(one => one.getBoundingClientRect().height)")
        assert width == 360 or set(heights) == {720}


def test_on_a_telephone_a_chart_that_is_tapped_grows_within_its_frame(opened):
    page = opened(width=360, height=740)
    picture = page.locator(".slide img").first
    before = picture.bounding_box()["width"]
    picture.click()
    assert picture.bounding_box()["width"] > 1.8 * before
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_the_deck_prints_one_slide_a_page_and_the_one_page_report_on_one(opened, shown):
    assert sheets(opened()) == [(297, 210)] * shown.slides
    assert sheets(opened(shown.one_page)) == [(210, 297)]


def test_the_one_page_report_stays_on_one_page_when_there_is_more_to_say(opened, shown):
    page = opened(shown.one_page)
    page.evaluate(
        "document.querySelectorAll('.claims ul').forEach(list => [1, 2, 3, 4, 5, 6].forEach(() => "
        "list.append(list.lastElementChild.cloneNode(true))))"
    )
    assert len(sheets(page)) == 1


def test_without_scripts_the_deck_is_a_page_to_scroll_through(opened, shown):
    page = opened(java_script_enabled=False)
    assert page.locator(".slide").count() == shown.slides and not page.locator("nav").is_visible()
    assert page.locator(".slide").last.inner_text()


def test_the_one_page_report_has_the_numbers_the_tagged_chart_what_may_be_said_and_the_date_of_the_run(opened, shown):
    page = opened(shown.one_page)
    cards = page.locator(".cards > div").all_inner_texts()
    assert [card.split("\n")[0] for card in cards] == [f"Number {number}" for number in range(show.MOST_CARDS)]
    assert all(f"{number}.5 points" in card and f"10{number} pupils" in card for number, card in enumerate(cards))
    assert page.locator(".synthetic").is_visible()
    assert page.locator("img").get_attribute("alt").startswith("Bar chart of the gap as it is now")
    text = page.inner_text("body")
    order = ["Headline numbers", "What you may say", "What you may not say", "Where the data comes from", "Run of "]
    assert "2 more headline numbers" in text
    assert [text.index(each) for each in order] == sorted(text.index(each) for each in order)
    finished = json.loads((shown.one_page.parent / "provenance.json").read_text(encoding="utf-8"))["finished"]
    assert f"Run of {int(finished[8:10])} " in text and f" {finished[:4]}." in text


def test_the_chart_of_the_one_page_report_is_the_first_drawn_where_none_is_tagged(project_folder):
    retag(project_folder, lambda text: text.startswith("#"))
    text = show.build(open_project(project_folder)).one_page.read_text(encoding="utf-8")
    assert len(re.findall('alt="Bar chart of the gap that is not tagged', text)) == text.count("<img") == 1


def test_names_with_quotes_markup_and_other_letters_come_out_as_typed(opened, project_folder):
    settings = tomlkit.parse((project_folder / "hack.toml").read_text(encoding="utf-8"))
    settings["project"].update({"name": AWKWARD, "organisations": AWKWARD})
    (project_folder / "hack.toml").write_text(tomlkit.dumps(settings), encoding="utf-8")
    made = show.build(open_project(project_folder))
    for path in (made.deck, made.one_page):
        page = opened(path)
        assert page.inner_text("body").count(AWKWARD) == 2 and AWKWARD in page.title() and not page.problems


def test_published_data_is_not_called_synthetic_and_is_attributed(opened, project_folder):
    published = {"synthetic": False, "licence": "Open Government Licence v3.0", "sensitivity": "agreement"}
    change(project_folder / RUN / "provenance.json", lambda about: [each.update(published) for each in about["inputs"]])
    made = show.build(open_project(project_folder))
    assert not made.synthetic
    for path in (made.deck, made.one_page):
        page = opened(path)
        assert page.locator(".synthetic").count() == 0
        text = page.inner_text("body")
        assert "Contains public sector information licensed under the Open Government Licence v3.0." in text
        assert "Not open data (agreement): do not pass on." in text


def test_a_source_the_notebooks_did_not_read_is_not_credited(shown, project_folder):
    assert "NEET and participation scorecard" not in shown.deck.read_text(encoding="utf-8")
    change(project_folder / RUN / "provenance.json", lambda about: [each.update(read=True) for each in about["inputs"]])
    assert "NEET and participation scorecard" in show.build(open_project(project_folder)).deck.read_text(encoding="utf-8")


def test_a_run_with_nothing_tagged_gives_a_short_deck_and_says_how_to_tag(datajam_command, project_folder):
    retag(project_folder, lambda text: False)
    done = datajam_command("show", cwd=project_folder)
    assert done.returncode == 0 and "Traceback" not in done.stderr
    said = [line for line in done.stdout.splitlines() if "property inspector" in line]
    assert len(said) == 1 and "tag `slide`" in said[0]
    assert "(3 slides, about 0 min 20 s to show, " in done.stdout
    text = (project_folder / RUN / "slides.html").read_text(encoding="utf-8")
    headings = ["Our data hack</h1>", "Headline numbers</h2>", "Where the data comes from</h2>"]
    assert [text.count(heading) for heading in headings] == [1, 1, 1]


def test_a_deck_longer_than_three_minutes_says_how_many_slides_to_keep(project_folder):
    for count, seconds, warned in ((4, 180, False), (5, 200, True)):
        write_notebook(project_folder / RUN / "01_working.ipynb", [(["slide"], f"## Point {number}") for number in range(count)])
        made = show.build(open_project(project_folder))
        assert (made.slides, made.seconds) == (count + 7, seconds)
        assert made.notes == ["Longer than three minutes: keep 9 of the 10 slides between the title and the sources."] * warned


def test_findings_without_what_may_be_said_give_a_page_without_it_and_a_note(opened, project_folder):
    write_notebook(project_folder / RUN / "02_findings.ipynb", ["# Nothing yet"])
    made = show.build(open_project(project_folder))
    assert sum("has no heading “What you may" in note for note in made.notes) == 2
    page = opened(made.one_page)
    assert page.locator(".claims").count() == page.locator("figure").count() == 0 and len(sheets(page)) == 1


def test_a_place_without_a_run_gets_one_line_with_the_runs_there_are_and_what_to_type(datajam_command, project_folder):
    shutil.copytree(project_folder / RUN, project_folder / "runs" / "leeds.failed")
    done = datajam_command("show", "--place", "County Durham", "--project", str(project_folder))
    assert done.returncode == 2 and len(done.stderr.splitlines()) == 1
    expected = 'There are runs of: newcastle-upon-tyne. Make one with `datajam run --place "County Durham"`.'
    assert done.stderr.startswith("datajam: No finished run of County Durham. ") and expected in done.stderr
    shutil.rmtree(project_folder / "runs")
    assert "No place has one yet." in datajam_command("show", cwd=project_folder).stderr


@pytest.mark.parametrize("name", ["results.json", "provenance.json", "02_findings.ipynb"])
def test_a_damaged_run_is_refused_in_one_line_and_the_old_pages_stay(project_folder, name):
    deck = show.build(open_project(project_folder)).deck
    before = deck.read_bytes()
    (project_folder / RUN / name).write_text('{"half', encoding="utf-8")
    with pytest.raises(DataJamError, match=f"{name} is damaged or gone.*datajam run --place") as caught:
        show.build(open_project(project_folder))
    assert "\n" not in str(caught.value) and deck.read_bytes() == before


def test_the_same_run_gives_the_same_bytes(shown):
    before = shown.deck.read_bytes(), shown.one_page.read_bytes()
    show.build(open_project(shown.deck.parent))
    assert (shown.deck.read_bytes(), shown.one_page.read_bytes()) == before


def test_a_picture_beside_the_notebooks_travels_in_the_page_and_one_from_elsewhere_is_named_not_fetched(opened, project_folder):
    charts = sorted((project_folder / RUN / "figures").glob("*.png"))
    shutil.copy(charts[0], project_folder / "notebooks" / "ours.png")
    path = project_folder / RUN / "01_working.ipynb"
    write_notebook(
        path, [(["slide"], "## Drawn by hand\n\n![Three boxes](ours.png) ![Four](../four.png) ![Five](https://five.test/5.png)")]
    )
    made = show.build(open_project(project_folder))
    page = opened(made.deck)
    sources = [page.get_by_alt_text(name, exact=True).get_attribute("src") for name in ("Three boxes", "Four")]
    assert [source.startswith("data:image/png;base64,") for source in sources] == [True, False]
    assert [note.split(" does not show")[0] for note in made.notes] == [
        "The picture ../four.png",
        "The picture https://five.test/5.png",
    ]
    assert len(page.problems) == 2 and all("Content Security Policy" in problem for problem in page.problems)


def test_the_starter_as_it_comes_gives_a_deck_of_three_minutes_at_most_and_one_sheet(opened, finished, tmp_path):
    made = show.build(open_project(shutil.copytree(finished, tmp_path / "project")))
    assert made.notes == [] and 60 <= made.seconds <= show.LONGEST_SECONDS
    deck = opened(made.deck)
    assert set(deck.locator(".slide").evaluate_all("all => all.map(one => one.getBoundingClientRect().height)")) == {720}
    assert len(sheets(deck)) == made.slides and len(sheets(opened(made.one_page))) == 1
