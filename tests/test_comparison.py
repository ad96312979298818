"""What is made of a batch's results: tables, a spreadsheet and a page that say what the runs recorded, and no more."""

import csv
import json
import random
import shutil
import warnings
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path

import pandas as pd
import pytest

from datajam.errors import DataJamError
from datajam.say import comparison, comparison_book, comparison_charts, comparison_page
from datajam.vocabulary import places

KEPT = ["gap", "neet", "group_score", "gap_change"]
SUPPRESSED = "suppressed by the publisher because few people are counted"


def derive(run: Path, into: Path, place: str, change=lambda entry: entry, parameters=None) -> Path:
    """A finished run of another place or setting, from a real one: the same files, other results."""
    into.mkdir(parents=True)
    where = places.find(place)
    recorded = json.loads((run / "results.json").read_text(encoding="utf-8"))
    named = {"place": where.name, "place_code": where.code}
    changed = [change({**entry, **named}) for entry in recorded]
    (into / "results.json").write_text(json.dumps([entry for entry in changed if entry], ensure_ascii=False), encoding="utf-8")
    if parameters:
        (into / "batch.json").write_text(json.dumps({**named, "parameters": parameters}), encoding="utf-8")
    for name in ("provenance.json", "report.html"):
        shutil.copy(run / name, into / name)
    return into


def without(entry: dict) -> dict:
    gone = {"value": None, "lower_95": None, "upper_95": None, "base": None, "status": "suppressed", "reason": SUPPRESSED}
    return {**entry, **gone} if entry["name"] == "gap" else shifted(entry)


def shifted(entry: dict) -> dict | None:
    """A few of the numbers, moved: none at all of the others."""
    if entry["name"] not in KEPT:
        return None
    return {**entry, **{name: round(entry[name] + 0.5, 1) for name in ("value", "lower_95", "upper_95")}}


@pytest.fixture(scope="module")
def real_run(finished) -> Path:
    return finished / "runs" / "newcastle-upon-tyne"


@pytest.fixture(scope="module")
def batch(real_run, tmp_path_factory) -> Path:
    """Three finished runs, one without its gap, and all that is made of them."""
    folder = tmp_path_factory.mktemp("batch")
    shutil.copytree(real_run, folder / "newcastle-upon-tyne")
    derive(real_run, folder / "rutland", "Rutland", without)
    derive(real_run, folder / "hull", "Hull", shifted)
    comparison.write_all(folder)
    return folder


@pytest.fixture(scope="module")
def grid(real_run, tmp_path_factory) -> Path:
    """Two places under two values of a parameter, said in batch.json for one and in the folder's name for the other."""
    folder = tmp_path_factory.mktemp("grid")
    for spread in (15.0, 18.0):
        name = f"pupil_spread={spread},group=fsm_eligible"
        given = {"pupil_spread": spread, "group": "fsm_eligible"}
        derive(real_run, folder / "leeds" / f"leeds--{name}", "Leeds", shifted, given)
        derive(real_run, folder / "york" / f"york--{name}", "York", shifted)
    return folder


def recorded(folder: Path) -> dict[tuple[str, str], dict]:
    """An independent reading: every number of every run by place and name."""
    found = [entry for path in folder.rglob("results.json") for entry in json.loads(path.read_text(encoding="utf-8"))]
    return {(entry["place"], entry["name"]): entry for entry in found}


def number(text: str) -> float | None:
    return float(text) if text else None


class Tables(HTMLParser):
    """The tables of a page: {caption: rows of cells}, every link, and how often each element stands there."""

    def __init__(self, text: str):
        super().__init__()
        self.tables, self.links, self.count, self.cell, self.rows = {}, [], Counter(), None, []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.count[tag] += 1
        if tag == "a":
            self.links.append(dict(attributes)["href"])
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th", "caption"):
            self.cell = ""

    def handle_data(self, text):
        if self.cell is not None:
            self.cell += text

    def handle_endtag(self, tag):
        if tag == "caption":
            self.rows = self.tables[self.cell] = []
        elif tag in ("td", "th"):
            self.rows[-1].append(self.cell)
        if tag in ("td", "th", "caption"):
            self.cell = None


def test_the_long_tables_hold_every_number_of_every_run_and_nothing_else(batch):
    expected = recorded(batch)
    assert len(expected) == 13 + 2 * len(KEPT)
    with open(batch / "results.csv", encoding="utf-8", newline="") as file:
        rows = {(row["place"], row["name"]): row for row in csv.DictReader(file)}
    assert rows.keys() == expected.keys()
    for key, entry in expected.items():
        row = rows[key]
        for name in ("value", "lower_95", "upper_95", "base"):
            assert number(row[name]) == entry[name], (key, name)
        for name in ("label", "unit", "base_of", "status", "reason", "notebook"):
            assert row[name] == entry[name]
        assert (batch / row["report"]).is_file()
    parquet = pd.read_parquet(batch / "results.parquet")
    pd.testing.assert_frame_equal(parquet, comparison.gather(batch))


def test_the_wide_table_has_each_number_beside_its_interval_and_base(batch):
    expected = recorded(batch)
    with open(batch / "results_wide.csv", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["place"] for row in rows] == ["Kingston upon Hull, City of", "Newcastle upon Tyne", "Rutland"]
    assert [row["region"] for row in rows] == ["Yorkshire and The Humber", "North East", "East Midlands"]
    names = {name for _, name in expected}
    for row in rows:
        for name in names:
            entry = expected.get((row["place"], name), {})
            for column, field in ((name, "value"), (f"{name}_lower_95", "lower_95"), (f"{name}_base", "base")):
                assert number(row[column]) == entry.get(field), (row["place"], column)


def test_writing_again_gives_the_same_bytes(batch, tmp_path):
    again = shutil.copytree(batch, tmp_path / "again")
    table = comparison.gather(again)
    before = {path.name: path.read_bytes() for path in again.iterdir() if path.is_file()}
    assert before.keys() == {"index.html", "results.csv", "results.parquet", "results.xlsx", "results_wide.csv"}
    comparison.write_tables(table, again)
    comparison_book.write_book(table, again)
    assert {path.name: path.read_bytes() for path in again.iterdir() if path.is_file()} == before


def test_parameters_are_columns_from_batch_json_or_the_name_of_the_folder(grid):
    table = comparison.gather(grid)
    assert comparison.parameters(table) == ["group", "pupil_spread"]
    runs = table.drop_duplicates("report")[["place", "pupil_spread", "group"]].values.tolist()
    assert runs == [[place, spread, "fsm_eligible"] for place in ("Leeds", "York") for spread in (15.0, 18.0)]
    assert len(comparison.wide(table)) == 4
    settings = {found.setting for found in comparison.numbers(table)}
    assert settings == {f"group = fsm_eligible, pupil_spread = {spread}" for spread in (15, 18)}


def test_a_parameter_that_has_the_name_of_a_column_keeps_it_apart(real_run, tmp_path):
    derive(real_run, tmp_path / "york", "York", shifted, {"base": 10, "place": "York"})
    table = comparison.gather(tmp_path)
    assert comparison.parameters(table) == ["parameter_base"] and set(table["parameter_base"]) == {10}


def test_a_folder_without_a_finished_run_is_an_error_in_one_line(real_run, tmp_path):
    for folder in (tmp_path, tmp_path / "not there"):
        with pytest.raises(DataJamError, match="no finished run is in this folder") as caught:
            comparison.write_all(folder)
        assert "\n" not in str(caught.value)
    derive(real_run, tmp_path / ".unfinished-york-12", "York")
    derive(real_run, tmp_path / "leeds.failed", "Leeds")
    with pytest.raises(DataJamError, match="no finished run"):
        comparison.gather(tmp_path)


@pytest.mark.parametrize("damage", ["[{", '[{"name": "gap"}]', "{}x", '{"a": 1}'])
def test_a_damaged_run_is_named(real_run, tmp_path, damage):
    (derive(real_run, tmp_path / "york", "York") / "results.json").write_text(damage, encoding="utf-8")
    with pytest.raises(DataJamError, match="^york: its results.json or batch.json is damaged"):
        comparison.gather(tmp_path)


def test_two_runs_of_one_place_with_the_same_parameters_are_an_error(real_run, tmp_path):
    derive(real_run, tmp_path / "york", "York")
    derive(real_run, tmp_path / "york-old", "York")
    with pytest.raises(DataJamError, match="york and york-old are runs of one place"):
        comparison.gather(tmp_path)


def sheets(folder: Path):
    import openpyxl

    return openpyxl.load_workbook(folder / "results.xlsx")


def test_the_spreadsheet_has_one_marked_table_on_each_sheet_a_title_no_merged_cells_and_nothing_frozen(batch):
    book = sheets(batch)
    assert book.sheetnames[:4] == ["Cover", "Contents", "Notes", "Places"] and "05 findings" in book.sheetnames
    for sheet in book:
        assert not sheet.merged_cells.ranges and sheet.freeze_panes is None and sheet["A1"].value
        assert len(sheet.tables) == (sheet.title != "Cover")
        for table in sheet.tables.values():
            headings = [str(cell.value).lower() for cell in sheet[table.ref][0]]
            assert len(set(headings)) == len(headings)
            assert all(cell.value not in (None, "") for row in sheet[table.ref] for cell in row), sheet.title


def test_the_spreadsheet_holds_the_numbers_of_results_json_and_says_why_one_is_missing(batch):
    sheet = sheets(batch)["05 findings"]
    rows = list(sheet[next(iter(sheet.tables.values())).ref])
    place = {row[0].value: row for row in rows[1:]}
    headings = [" ".join(str(cell.value).split()) for cell in rows[0]]
    at = headings.index("Gap between the two, 2024/25 (points)")
    for name, row in place.items():
        entry = recorded(batch)[name, "gap"]
        shown = [cell.value for cell in row[at : at + 4]]
        expected = [entry[field] for field in ("value", "lower_95", "upper_95", "base")]
        assert shown == (expected if entry["value"] is not None else ["[c]"] * 4)
    assert place["Newcastle upon Tyne"][at].number_format == "#,##0.0"
    above = [row[0].value for row in sheet.iter_rows(max_row=rows[0][0].row - 1)]
    assert any(text.startswith("Shorthand: [c] confidential") for text in above)
    reasons = [[cell.value for cell in row] for row in sheets(batch)["No figure"].iter_rows()]
    assert ["Rutland", "E06000017", "Gap between the two, 2024/25", SUPPRESSED] in reasons


def test_the_synthetic_warning_is_on_the_cover_on_every_sheet_of_data_and_on_the_page(batch):
    for sheet in [sheet for sheet in sheets(batch) if sheet.title not in ("Contents", "Notes")]:
        top = [str(row[0].value) for row in sheet.iter_rows(max_row=4)]
        assert any(text.startswith("Synthetic data.") for text in top), sheet.title
    assert '<p class="synthetic" role="note">Synthetic data.' in (batch / "index.html").read_text(encoding="utf-8")


def test_real_data_carries_no_warning_and_a_mixture_says_which_number_is_invented(batch):
    table = comparison.gather(batch)
    assert comparison.warning(table.assign(synthetic=False)) == ""
    mixed = comparison.warning(table.assign(synthetic=table["name"] == "gap"))
    assert mixed.startswith("Part of the data is synthetic") and mixed.endswith("Gap between the two, 2024/25.")


def hostile(entry: dict) -> dict | None:
    text = {"gap": "=HYPERLINK(1)", "neet": "[a](b) $$c$$ <script>alert(1)</script>", "group_score": "@SUM(1)"}.get(entry["name"])
    return {**entry, "label": text} if text else None


def test_a_label_that_is_a_formula_a_link_or_markup_is_shown_as_text(real_run, tmp_path):
    derive(real_run, tmp_path / "york", "York", hostile)
    comparison.write_all(tmp_path)
    with open(tmp_path / "results.csv", encoding="utf-8", newline="") as file:
        labels = {row["name"]: row["label"] for row in csv.DictReader(file)}
    assert labels["gap"] == "'=HYPERLINK(1)" and labels["group_score"] == "'@SUM(1)"
    cells = [cell for sheet in sheets(tmp_path) for row in sheet.iter_rows() for cell in row if cell.value is not None]
    assert not [cell for cell in cells if cell.data_type == "f"]
    assert any(str(cell.value).startswith("=HYPERLINK(1)") for cell in cells)
    assert not [cell for cell in cells if cell.hyperlink and cell.hyperlink.target == "b"]
    page = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert Tables(page).count["script"] == 1 and "&lt;script&gt;alert(1)&lt;/script&gt;" in page


def test_a_number_that_is_a_text_stands_in_every_output(real_run, tmp_path):
    worded = {"value": "Welding", "unit": "", "lower_95": None, "upper_95": None}
    derive(real_run, tmp_path / "york", "York", lambda entry: {**entry, **worded} if entry["name"] == "gap" else shifted(entry))
    derive(real_run, tmp_path / "leeds", "Leeds", shifted)
    comparison.write_all(tmp_path)
    wide = pd.read_csv(tmp_path / "results_wide.csv", dtype=str).set_index("place")["gap"]
    assert wide.to_dict() == {"Leeds": "12.9", "York": "Welding"}
    assert any(cell.value == "Welding" for row in sheets(tmp_path)["Some places only"].iter_rows() for cell in row)
    assert "Welding" in (tmp_path / "index.html").read_text(encoding="utf-8")


def test_the_page_has_every_place_with_its_value_interval_and_base_and_a_report_behind_each_link(batch):
    page = Tables((batch / "index.html").read_text(encoding="utf-8"))
    rows = {row[0]: row for row in page.tables["Gap between the two, 2024/25, by name of place"][1:]}
    assert rows["Newcastle upon Tyne"] == ["Newcastle upon Tyne", "North East", "12.4 points", "10.6 to 14.2", "2,000 pupils"]
    assert rows["Rutland"][2] == f"No figure: {SUPPRESSED}"
    inside = [link for link in page.links if not link.startswith("#")]
    assert inside and all((batch / link).is_file() for link in inside)


def test_the_page_says_how_many_gave_no_figure_and_why_and_that_a_rank_alone_says_little(batch):
    text = (batch / "index.html").read_text(encoding="utf-8")
    assert f"2 of 3 authorities have a figure. No figure, {SUPPRESSED} (1): Rutland." in text
    assert "This is not a league table" in text


@pytest.fixture(scope="module")
def everywhere(real_run, tmp_path_factory) -> Path:
    """All 153 authorities with invented results: a share of its base, one with a wider interval, one that is the same
    everywhere, one of some places only."""
    folder = tmp_path_factory.mktemp("everywhere")
    draw = random.Random(6)

    def invented(entry: dict) -> dict | None:
        if entry["name"] == "neet":
            base = draw.randint(300, 9000)
            share = sum(draw.random() < 0.05 for _ in range(base)) / base
            half = 1.96 * (share * (1 - share) / base) ** 0.5
            value, lower, upper = (round(100 * end, 1) for end in (share, share - half, share + half))
            return {**entry, "base": base, "value": value, "lower_95": lower, "upper_95": upper}
        if entry["name"] == "share_of_gap_at_11":
            value = draw.randint(40, 95)
            return {**entry, "value": value, "lower_95": value - 9, "upper_95": value + 9}
        if entry["name"] == "gap_minus_england":
            return entry
        return entry if entry["name"] == "gap_minus_region" and entry["place"] in ("Gateshead", "Sunderland") else None

    for place in places.authorities():
        derive(real_run, folder / place.slug, place.name, invented)
    comparison_page.write_page(comparison.gather(folder), folder)
    return folder


def test_a_funnel_is_drawn_of_shares_of_their_base_and_ranked_intervals_of_the_rest(everywhere):
    found = {number.name: number for number in comparison.numbers(comparison.gather(everywhere))}
    assert comparison_charts.share_of_base(found["neet"].known)
    assert not comparison_charts.share_of_base(found["share_of_gap_at_11"].known)
    wider = found["neet"].known.assign(lower_95=lambda rows: rows["lower_95"] - 1)
    assert not comparison_charts.share_of_base(wider)
    page = (everywhere / "index.html").read_text(encoding="utf-8")
    assert page.count("Tile map of") == 2 and page.count("Funnel plot of") == 1 and page.count("Dot chart of") == 1
    assert "153 of 153 authorities have a figure. All of these have the same: -2.8 points." in page
    assert [number.name for number in found.values() if not number.widespread] == ["gap_minus_region"]


def test_a_batch_of_regions_has_their_intervals_and_no_map(real_run, tmp_path):
    draw = random.Random(7)

    def moved(entry: dict) -> dict | None:
        if entry["name"] != "gap":
            return None
        by = draw.randint(1, 9)
        return {**entry, **{name: entry[name] + by for name in ("value", "lower_95", "upper_95")}}

    for place in (each for each in places.everywhere() if each.level == "region"):
        derive(real_run, tmp_path / place.slug, place.name, moved)
    comparison_page.write_page(comparison.gather(tmp_path), tmp_path)
    page = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert page.count("<img ") == 1 and "9 regions with their 95% intervals" in page and "Tile map of" not in page


def test_the_page_of_every_authority_is_small_and_names_each(everywhere):
    page = everywhere / "index.html"
    assert page.stat().st_size < 500_000
    tables = Tables(page.read_text(encoding="utf-8")).tables
    names = [place.name for place in places.authorities()]
    shown = [row[0] for row in tables["Part of the gap at 16 that was there at 11, 2023/24, by name of place"][1:]]
    assert shown == sorted(names)
    assert len(tables["Gap here minus gap in its region, by name of place"]) == 1 + 2


def test_the_sentences_count_whom_chance_can_explain_as_an_independent_reading_does(everywhere):
    own = [entry for (_, name), entry in recorded(everywhere).items() if name == "share_of_gap_at_11"]
    middle = sorted(entry["value"] for entry in own)[76]
    clear = sum(entry["lower_95"] > middle or entry["upper_95"] < middle for entry in own)
    found = next(each for each in comparison.numbers(comparison.gather(everywhere)) if each.name == "share_of_gap_at_11")
    said = " ".join(comparison_page.sentences(found))
    assert said.startswith("153 of 153 authorities have a figure.") and f"the middle one has {middle}%." in said
    assert f"intervals of {clear} out of 153 leave the middle out; the other {153 - clear} cannot be told apart" in said


@pytest.mark.parametrize("which", ["batch", "everywhere"])
def test_the_page_asks_for_nothing_is_accessible_and_fits_a_telephone(browser, request, which):
    from axe_playwright_python.sync_playwright import Axe

    page = request.getfixturevalue(which) / "index.html"
    opened = browser.new_page(viewport={"width": 360, "height": 700})
    asked, said = [], []
    opened.on("request", lambda request: asked.append(request.url))
    opened.on("console", lambda message: said.append(message.text))
    opened.goto(page.as_uri())
    opened.evaluate("document.querySelectorAll('details').forEach(part => { part.open = true; })")
    assert opened.evaluate("document.documentElement.scrollWidth") <= 360
    assert [url for url in asked if not url.startswith("data:")] == [page.as_uri()] and not said
    found = Axe().run(opened).response["violations"]
    assert not found, [(rule["id"], rule["nodes"][0]["html"][:120]) for rule in found]
    opened.close()


def test_without_a_script_a_link_opens_the_number_it_names(browser, everywhere):
    context = browser.new_context(java_script_enabled=False)
    opened = context.new_page()
    opened.goto((everywhere / "index.html").as_uri())
    table = opened.get_by_role("region", name="Table of places: Known not to be")
    assert not table.is_visible()
    opened.locator("nav").get_by_role("link", name="Known not to be").click()
    assert table.is_visible()
    context.close()


def test_gptables_has_nothing_to_complain_of(batch, tmp_path):
    copy = shutil.copytree(batch, tmp_path / "copy")
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        comparison_book.write_book(comparison.gather(copy), copy)
