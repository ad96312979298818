"""The skills page in a real browser: one file, the engine's own answers, and usable without a mouse or without sight."""

import json
import random
import re
from math import floor
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from datajam.analyse import skills
from datajam.errors import DataJamError
from datajam.say import skills_page

ROOT = Path(__file__).resolve().parents[1]
FILES = [
    ROOT / f"starters/skills/data/sample/{name}_201709_201808_synthetic.csv" for name in ("adjacency", "salaries", "job_titles")
]
ABOUT = "Job adverts, England, September 2017 to August 2018"


def made_up():
    """A small engine with awkward names, ties, a skill too rare, one salary missing and three imputed."""
    names = ["C", "C#", "c++", "Tax, VAT", "</script><b>", 'Ünïcode & "co"', "Rare", "Alone", "Écrit", "zoo"]
    counts = np.full((10, 10), 30) + np.diag([70] * 10)
    counts[6, :] = counts[:, 6] = 3
    counts[7, :] = counts[:, 7] = 0
    counts[6, 6], counts[7, 7] = 5, 90
    pay = [[30000.5, 28876, 28876, 28876, 41000, np.nan, 28876, 20000, 35000, 36000]]
    jobs = [[25] * 5 + [40, 5, 0, 20, 19], [25] * 5 + [40, 0, 0, 20, 19], [0] * 6 + [4, 10, 0, 0]]
    return skills.Engine(
        pd.DataFrame(counts, names, names),
        pd.DataFrame(pay, ["201812"], names),
        pd.DataFrame(jobs, ["Zookeeper", "<i>Analyst</i>", "Embalmer"], names),
    )


@pytest.fixture(scope="module")
def engine():
    if not all(path.is_file() for path in FILES):
        pytest.skip("the skills sample is not here")
    return skills.read(*FILES)


@pytest.fixture(scope="module")
def page_file(engine, tmp_path_factory):
    return skills_page.write(tmp_path_factory.mktemp("page") / "skills.html", engine, synthetic=True, about=ABOUT)


@pytest.fixture
def opened(browser):
    """Open a file as a page that remembers what it asked for and what went wrong."""
    pages = []

    def open_file(path, width=1000):
        page = browser.new_page(viewport={"width": width, "height": 800})
        page.requested, page.problems = [], []
        page.on("request", lambda request: page.requested.append(request.url))
        page.on("console", lambda message: page.problems.append(message.text))
        page.on("pageerror", lambda error: page.problems.append(str(error)))
        page.goto(path.as_uri())
        pages.append(page)
        return page

    yield open_file
    for page in pages:
        assert not page.problems
        assert [url for url in page.requested if not url.startswith("data:")] == [page.url.split("#")[0]]
        page.close()


def add(page, *names):
    for name in names:
        page.locator("#skill").fill(name)
        page.locator("#skill").press("Enter")


def clear(page):
    if page.locator("#clear").is_visible():
        page.locator("#clear").click()


def shown(page, which):
    """The lines of each item of a list: name, then sentences."""
    return page.eval_on_selector_all(f"#{which} li", "items => items.map(item => [...item.children].map(part => part.textContent))")


def expected_skills(engine, mine):
    found = []
    for row in engine.recommend_skills(mine).itertuples():
        shared = f"at least {row.shared:,} of them name a skill of yours too."
        found.append([row.skill, engine.salary(row.skill).words, f"Named in {row.adverts:,} adverts; {shared}"])
    return found


def expected_jobs(engine, mine):
    found, common = [], len(mine) - len(engine.too_rare(mine))
    for row in engine.jobs_for(mine).itertuples():
        percent = floor(row.score / (common * 10_000) + 0.5)
        which = "that name one of your skills, on average, are"
        if common == 1:
            which = f"that name {'your skill' if len(mine) == 1 else 'the one of your skills that is not too rare'} are"
        mine_named = f"{len(mine):,} {'skill' if len(mine) == 1 else 'skills'}"
        basis = f"At least {row.adverts:,} adverts; asks for {row.skills} of your {mine_named}."
        found.append([row.job, f"{percent or 'Under 1'}% of the adverts {which} for this job.", basis])
        assert abs(row.share - percent / 100) <= 0.00501
    return found


def same_as_python(page, engine, mine):
    clear(page)
    add(page, *mine)
    assert shown(page, "skills") == expected_skills(engine, mine), mine
    assert shown(page, "jobs") == expected_jobs(engine, mine), mine


def test_for_thirty_random_sets_of_skills_the_page_answers_as_python_does(opened, page_file, engine):
    page, chance = opened(page_file), random.Random(20180917)
    sets = [chance.sample(engine.skills, 1 + place % 5) for place in range(30)]
    for mine in sets:
        same_as_python(page, engine, mine)
    assert sum(len(engine.recommend_skills(mine)) for mine in sets) > 120


def test_rare_skills_and_every_popular_one_at_once_are_answered_as_python_does(opened, page_file, engine):
    page, popular = opened(page_file), engine.adverts.sort_values(ascending=False).index[:12].tolist()
    for mine in (["Embalming"], ["Embalming", "Care Plans"], popular):
        same_as_python(page, engine, mine)


def test_ties_markup_and_letters_beyond_english_are_answered_as_python_does(opened, tmp_path):
    engine = made_up()
    page = opened(skills_page.write(tmp_path / "made.html", engine, synthetic=False, title="<b>R&D</b>"))
    for mine in [[name] for name in engine.skills] + [["C", "zoo"], ['Ünïcode & "co"', "Écrit", "Rare"], engine.skills[:6]]:
        same_as_python(page, engine, mine)
    assert page.locator("h1").inner_text() == "<b>R&D</b>" and page.title() == "<b>R&D</b>"
    clear(page)
    add(page, "</script><b>")
    assert page.get_by_role("button", name="Remove </script><b>", exact=True).count() == 1
    assert "<i>Analyst</i>" in page.locator("#jobs").inner_text()


def test_it_is_one_file_that_runs_nothing_from_an_attribute(page_file):
    text = page_file.read_text(encoding="utf-8")
    assert not re.search(r"<[^>]+\son\w+\s*=", text) and not re.search(r"(src|href)=\"(?!#|data:,)", text)
    assert "default-src 'none'" in text and "javascript:" not in text and not re.search(r"\b(fetch|XMLHttpRequest|eval)\b", text)
    assert len(text.encode()) < 200_000
    script = (ROOT / "shared/datajam/templates/skills/page.js").read_text(encoding="utf-8")
    assert len(script.splitlines()) < 150 and "innerHTML" not in script


def test_it_carries_no_count_below_the_support(page_file, engine):
    held = json.loads(re.search(r'id="data">(.*?)</script>', page_file.read_text(encoding="utf-8"))[1])
    assert min(count for row in held["links"] + held["carries"] for count in row[2::3]) >= engine.support == 20
    assert "Embalmer" in held["jobs"] and all(held["jobs"].index("Embalmer") not in row[::3] for row in held["carries"])


def test_it_says_in_plain_sight_that_data_is_synthetic_and_only_when_it_is(opened, page_file, tmp_path):
    banner = opened(page_file).locator(".synthetic")
    assert banner.is_visible() and banner.bounding_box()["y"] < 300 and "invented" in banner.inner_text()
    assert opened(skills_page.write(tmp_path / "real.html", made_up(), synthetic=False)).locator(".synthetic").count() == 0
    with pytest.raises(TypeError):
        skills_page.render(made_up())


def test_an_imputed_salary_is_said_in_words(opened, page_file, engine):
    page = opened(page_file)
    name = next(n for n in engine.skills if engine.recommend_skills(n)["imputed"].any())
    add(page, name)
    marked = page.locator("#skills .imputed")
    assert marked.count() == engine.recommend_skills(name)["imputed"].sum()
    assert "is imputed: filled in for 200 of 317 skills in August 2018, not measured" in marked.first.inner_text()


def test_the_keyboard_alone_adds_removes_and_reads(opened, page_file):
    page = opened(page_file)
    focused = "document.activeElement.id || document.activeElement.textContent"
    page.keyboard.press("Tab")
    assert page.evaluate(focused) == "Skip to the skills"
    page.keyboard.press("Tab")
    assert page.evaluate(focused) == "skill"
    page.keyboard.type("python")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.locator("#mine li").count() == 1 and page.locator("#skill").input_value() == ""
    page.keyboard.press("Shift+Tab")
    page.keyboard.type("SQL")
    page.keyboard.press("Escape")
    page.keyboard.press("Enter")
    assert page.locator("#mine li").count() == 2
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    assert page.evaluate(focused) == "Remove Python ✕"
    page.keyboard.press("Space")
    assert page.evaluate(focused) == "Remove SQL ✕"
    page.keyboard.press("Tab")
    assert page.evaluate(focused) == "clear"
    page.keyboard.press("Enter")
    assert page.evaluate(focused) == "skill" and not page.locator("#answers").is_visible()


def test_focus_is_seen_wherever_it_is(opened, page_file):
    page = opened(page_file)
    add(page, "Python")
    for key, stop in (("Shift+Tab", "a"), ("Tab", "input"), *[("Tab", "button")] * 3):
        page.keyboard.press(key)
        assert page.evaluate("document.activeElement.localName") == stop
        style = page.evaluate(
            "(() => { const s = getComputedStyle(document.activeElement); return s.outlineStyle + s.outlineWidth; })()"
        )
        assert style == "solid3px"


def test_a_choice_from_the_suggestions_is_offered_for_every_skill(opened, page_file, engine):
    page = opened(page_file)
    assert page.eval_on_selector_all("#known option", "options => options.map(option => option.value)") == engine.skills
    assert page.locator("#skill").get_attribute("list") == "known"


def test_results_are_announced(opened, page_file, engine):
    page = opened(page_file)
    said = page.locator("#said")
    assert said.get_attribute("role") == "status" and said.text_content() == ""
    add(page, "python")
    best = engine.recommend_skills("Python")["skill"].iloc[0]
    assert (
        said.text_content() == f"Python added. 5 skills to look at next, the first {best}; {len(engine.jobs_for('Python'))} jobs."
    )
    add(page, "Python")
    assert said.text_content().startswith("Python is there already. ") and page.locator("#mine li").count() == 1
    add(page, "Embalming")
    assert "Embalming is named in 6 adverts, too few to say anything of." in said.text_content()
    assert page.locator("#rare").is_visible()
    clear(page)
    assert said.text_content() == "All skills removed. No skills chosen."


def test_an_unknown_skill_is_explained_and_nothing_else_changes(opened, page_file):
    page = opened(page_file)
    problem = page.locator("#problem")
    add(page, "Pythn")
    assert (
        problem.inner_text() == "No skill “Pythn” in the adverts. Did you mean Python?" and problem.get_attribute("role") == "alert"
    )
    assert page.locator("#skill").get_attribute("aria-invalid") == "true" and page.locator("#skill").input_value() == "Pythn"
    assert "problem" in page.locator("#skill").get_attribute("aria-describedby") and page.locator("#mine li").count() == 0
    add(page, "   ")
    assert problem.inner_text() == "Type a skill first."
    add(page, "<img src=x>" * 20)
    assert problem.inner_text().startswith("No skill “<img src=x>")
    add(page, "Python")
    assert problem.inner_text() == "" and page.locator("#skill").get_attribute("aria-invalid") == "false"


def test_where_nothing_can_be_said_it_says_so(opened, page_file):
    page = opened(page_file)
    add(page, "Embalming")
    assert page.locator("#no-skills").inner_text() == "No other skill is named with one of yours in 20 or more adverts."
    assert page.locator("#no-jobs").is_visible() and not page.locator("#skills li").count()


@pytest.mark.parametrize("width", [1000, 360])
def test_accessibility_rules_find_nothing_wrong_empty_full_or_mistaken(opened, page_file, width):
    from axe_playwright_python.sync_playwright import Axe

    page = opened(page_file, width)
    for names in ([], ["Python", "Embalming", "Moving, Lifting and Handling"], ["Pythn"]):
        add(page, *names)
        found = Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]})
        wrong = found.response["violations"]
        assert not wrong, [(rule["id"], rule["nodes"][0]["html"][:120]) for rule in wrong]
    assert "color-contrast" in {rule["id"] for rule in found.response["passes"]}


def test_it_fits_a_telephone_and_its_buttons_a_finger(opened, page_file, engine):
    page = opened(page_file, 360)
    add(page, *sorted(engine.skills, key=len)[-3:])
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    boxes = [button.bounding_box() for button in page.locator("button:visible").all()]
    assert len(boxes) == 5 and all(box["height"] >= 44 and box["width"] >= 44 for box in boxes)


def test_without_javascript_it_says_what_is_needed(browser, page_file):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(page_file.as_uri())
    assert "needs JavaScript" in page.locator("main").inner_text()
    context.close()


def test_the_page_of_the_same_engine_is_the_same_to_the_byte(engine, page_file):
    assert skills_page.render(skills.read(*FILES), synthetic=True, about=ABOUT) == page_file.read_text(encoding="utf-8")


def test_a_number_of_answers_that_is_none_is_refused():
    for n in (0, -1, 2.5, True):
        with pytest.raises(DataJamError, match="whole number"):
            skills_page.render(made_up(), synthetic=True, n=n)
