"""The worked examples as pages: alt text is kept, nothing is asked for, and nobody is kept out."""

import re
from pathlib import Path

import nbformat
import pytest

from datajam_teach import handouts

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*/*.ipynb"))


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    folder = tmp_path_factory.mktemp("handouts")
    return dict(zip(NOTEBOOKS, handouts.write_handouts(NOTEBOOKS, folder), strict=True))


@pytest.fixture(scope="module")
def page(browser):
    opened = browser.new_page(viewport={"width": 1000, "height": 800})
    opened.asked, opened.problems = [], []
    opened.on("request", lambda request: opened.asked.append(request.url))
    opened.on("console", lambda message: opened.problems.append(message.text))
    yield opened
    opened.close()


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_page_keeps_alt_text_asks_for_nothing_and_breaks_no_accessibility_rule(path, pages, page):
    from axe_playwright_python.sync_playwright import Axe

    page.asked.clear()
    page.goto(pages[path].as_uri())
    wanted = [
        output["metadata"]["image/png"]["alt"]
        for cell in nbformat.read(path, as_version=4).cells
        for output in cell.get("outputs", [])
        if "image/png" in output.get("data", {})
    ]
    assert page.locator("figure img").evaluate_all("images => images.map(image => image.alt)") == wanted and wanted
    assert [url for url in page.asked if not url.startswith("data:")] == [pages[path].as_uri()] and not page.problems
    found = Axe().run(page).response["violations"]
    assert not found, [(rule["id"], rule["nodes"][0]["html"][:160]) for rule in found]


def test_the_whole_notebook_is_on_the_page(pages):
    path = NOTEBOOKS[0]
    text = pages[path].read_text(encoding="utf-8")
    cells = nbformat.read(path, as_version=4).cells
    assert text.count('class="code"') == sum(cell.cell_type == "code" for cell in cells)
    assert text.count("<h1") == 1 and "http://" not in re.sub(r'xmlns="[^"]*"', "", text)


def test_an_accessibility_rule_that_is_broken_is_found(pages, page, tmp_path):
    from axe_playwright_python.sync_playwright import Axe

    broken = tmp_path / "broken.html"
    broken.write_text(re.sub(r'alt="[^"]*"', "", pages[NOTEBOOKS[0]].read_text(encoding="utf-8")), encoding="utf-8")
    page.goto(broken.as_uri())
    assert "image-alt" in {rule["id"] for rule in Axe().run(page).response["violations"]}
