"""The indicator map of each theme and its problem statement: true to the files, honest about what is not there."""

import csv
import re
import tomllib
from pathlib import Path

import pandas as pd
import pytest

import datajam
from datajam.errors import DataJamError
from datajam.say import indicators
from datajam.vocabulary import places, reference

ROOT = Path(__file__).resolve().parents[1]
CONTEXT = ROOT / "{{cookiecutter.project_slug}}" / "data" / "sample" / "context_synthetic.csv"
NOTEBOOKS = {
    "social_cohesion": ["02_what_could_show_it", "03_index_in_the_open", "04_what_the_noise_allows", "05_findings"],
    "attainment": ["02_attainment_or_progression", "03_fair_comparison", "04_after_sixteen", "05_findings"],
    "skills": ["02_supply_and_demand", "03_which_skills_next", "04_findings"],
}
THEMES = list(NOTEBOOKS)
SECTIONS = ["Who is affected", "User needs", "Hypotheses", "Out of scope", "What changed"]
GOOD = dict(
    zip(
        indicators.COLUMNS,
        ["trust", "can_be_trusted", "survey", "Can neighbours be trusted?", "DCMS", "lower tier", "2023/24", "Few asked.", "yes"],
        strict=True,
    )
)


@pytest.fixture(scope="module")
def held():
    """A function giving a theme's map, its data log's ids, and the observations of the sources the map names."""
    found = {}

    def of(theme):
        if theme not in found:
            folder = ROOT / "starters" / theme
            log = tomllib.loads((folder / "hack-theme.toml").read_text(encoding="utf-8"))["sources"]
            files = {key: folder / entry["path"] for key, entry in log.items()} | {"context": CONTEXT}
            known = indicators.read(folder / "data" / "indicators.csv")
            found[theme] = known, files, {key: datajam.read(files[key]) for key in indicators.sources(known)}
        return found[theme]

    return of


@pytest.fixture
def written(tmp_path):
    """A function writing a map of these rows, each the good one with changes, and giving its path."""

    def write(*changes, columns=indicators.COLUMNS):
        path = tmp_path / "indicators.csv"
        rows = [[{**GOOD, **change}.get(name, "more") for name in columns] for change in changes]
        pd.DataFrame(rows, columns=columns).to_csv(path, index=False)
        return path

    return write


def observations(rows, indicator="score", unit="percent"):
    """A made-up observations table: (area level, GSS code, breakdown, period, value, status, base) a row."""
    table = datajam.read(CONTEXT).iloc[[0] * len(rows)].copy().astype("object")
    for position, (level, code, breakdown, period, value, status, base) in enumerate(rows):
        day = pd.Timestamp(f"{period}-01-01")
        known = {"area_level": level, "area_code": code, "source_area_code": code, "breakdown": breakdown, "status": status}
        known |= {"period_label": period, "period_start": day, "period_end": day + pd.DateOffset(years=1, days=-1)}
        known |= {"indicator": indicator, "unit": unit, "value": value, "base": base, "lower_ci": None, "upper_ci": None}
        for name, cell in known.items():
            table.iloc[position, table.columns.get_loc(name)] = cell
    return table.reset_index(drop=True).astype({"value": "float64", "lower_ci": "float64", "upper_ci": "float64", "base": "Int64"})


def row_of(indicator="score", source="made", **more):
    return pd.DataFrame([{**GOOD, "indicator": indicator, "source": source, **more}])


@pytest.mark.parametrize("theme", THEMES)
def test_every_row_of_the_project_is_in_its_data_log_and_in_its_file(theme, held):
    known, files, tables = held(theme)
    inside = known[known["in_project"] == "yes"]
    assert set(inside["source"]) <= set(files) and "context" in set(inside["source"])
    for row in inside.itertuples():
        name, _, group = row.indicator.partition(" / ")
        own = tables[row.source][tables[row.source]["indicator"] == name]
        assert len(own), f"{row.source} has no {name}"
        assert not group or (own["breakdown"] == group).any(), f"{name} has no group {group}"


@pytest.mark.parametrize("theme", THEMES)
def test_every_source_of_the_data_log_is_in_the_map(theme, held):
    known, files, _ = held(theme)
    assert set(files) == set(indicators.sources(known))


@pytest.mark.parametrize("theme", THEMES)
def test_each_map_shows_what_the_project_lacks_and_no_row_names_an_id_for_it(theme, held):
    known, files, _ = held(theme)
    outside = known[known["in_project"] == "no"]
    assert len(outside) >= 5 and not set(outside["source"]) & set(files)
    lacking = indicators.concepts_without(known)
    assert lacking and not set(lacking) & set(known.loc[known["in_project"] == "yes", "concept"])
    assert known["limits"].str.len().between(20, 160).all()


@pytest.mark.parametrize("place", ["City of London", "Isles of Scilly", "North East", "England", "Kent", "Durham"])
@pytest.mark.parametrize("theme", THEMES)
def test_coverage_says_in_words_what_there_is_for_any_place(theme, place, held):
    known, _, tables = held(theme)
    found = indicators.coverage(known, tables, place)
    assert len(found) == len(known) and found.notna().all(axis=None) and (found != "").all(axis=None)
    page = indicators.as_markdown(found)
    assert not re.search(r"\b(nan|NaN|None|NA|absent)\b", page)
    outside = known["in_project"] == "no"
    assert (found.loc[outside.to_numpy(), "here"] == "not in this project").all()
    said = found.loc[~outside.to_numpy(), "here"]
    words = r"no number: .+|not published for (authorities|regions|England)|-?£?\d.*"
    assert said.str.fullmatch(words).all(), said[~said.str.fullmatch(words)].tolist()


def test_coverage_counts_what_the_file_holds(held):
    """Against the sample itself, counted another way."""
    known, _, tables = held("social_cohesion")
    found = indicators.coverage(known, tables, "Newcastle").set_index("indicator")
    table = tables["wellbeing"].query("indicator == 'satisfaction' and period_label == '2022-04-01/P1Y'")
    codes = {place.code for place in places.authorities()}
    count = sum(code in codes and value == value for code, value in zip(table["area_code"], table["value"], strict=True))
    assert found.loc["satisfaction", "numbers_for"] == f"{count} of 153 authorities"
    assert found.loc["satisfaction", "period"] == "2022/23"
    here = table.set_index("area_code").loc["E08000021"]
    assert found.loc["satisfaction", "here"] == (
        f"{here['value']:.2f} out of 10 ({here['lower_ci']:.2f} to {here['upper_ci']:.2f})"
    )


def test_a_published_file_is_counted_as_the_csv_module_counts_it(real):
    path = real("cohesion/els_personal-wellbeing-estimates.csv")
    with open(path, encoding="utf-8-sig", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["period"] == "2022-04-01/P1Y" and row["indicator"] == "Satisfaction"]
    standing = {places.current(row["areacd"]) for row in rows if row["observation"]}
    count = sum(place in standing for place in places.authorities())
    kent = next(row for row in rows if row["areacd"] == "E10000016")
    found = indicators.coverage(row_of("satisfaction"), {"made": datajam.read(path)}, "Kent").iloc[0]
    assert found["period"] == "2022/23" and found["numbers_for"] == f"{count} of 153 authorities" and count > 140
    ends = " to ".join(f"{float(kent[name]):.2f}" for name in ("lci_95", "uci_95"))
    assert found["here"] == f"{float(kent['observation']):.2f} out of 10 ({ends})"


def test_districts_count_as_the_authorities_they_lie_in(held):
    known, _, tables = held("social_cohesion")
    name = "synthetic_people_in_the_neighbourhood_pull_together"
    found = indicators.coverage(known, tables, "Kent").set_index("indicator").loc[name]
    own = tables["community_life"].query("indicator == @name and area_level == 'lad'")
    kent = own[own["source_area_code"].isin([f"E07000{number}" for number in range(105, 117)])]
    mean = (kent["value"] * kent["base"].astype(float)).sum() / kent["base"].sum()
    assert len(kent) == 12
    assert found["here"] == f"{mean:.1f}%, base {kent['base'].sum():,}, added up from its districts, no interval"
    assert found["numbers_for"] == "151 of 153 authorities"  # not City of London, not the Isles of Scilly


def test_a_place_without_a_number_is_told_why(held):
    known, _, tables = held("attainment")
    found = indicators.coverage(known, tables, "City of London").set_index("indicator")["here"]
    assert found["avg_att8 / fsm_eligible"] == "no number: suppressed by the publisher because few people are counted"
    region = indicators.coverage(*(held("social_cohesion")[part] for part in (0, 2)), "North East").set_index("indicator")["here"]
    assert region["synthetic_feel_lonely_often_or_always"] == "not published for regions"
    assert region["satisfaction"].endswith(")")


def test_what_is_published_for_england_alone_says_so(held):
    known, _, tables = held("skills")
    here, there = (indicators.coverage(known, tables, place).set_index("indicator") for place in ("Leeds", "England"))
    assert here.loc["adverts_with_skill", ["numbers_for", "here"]].tolist() == ["England only", "not published for authorities"]
    groups = tables["skill_adjacency"].query("indicator == 'adverts_with_skill'")["breakdown"].nunique()
    assert there.loc["adverts_with_skill", "here"] == f"{groups} of {groups} groups have a number"


def test_the_latest_period_is_the_latest_that_has_a_number():
    table = observations(
        [
            ("la", "E08000035", "all", "2023", 40.0, "ok", 500),
            ("la", "E08000035", "all", "2024", None, "not_applicable", None),
        ]
    )
    found = indicators.coverage(row_of(), {"made": table}, "Leeds").iloc[0]
    assert found["period"] == "2023" and found["numbers_for"] == "1 of 153 authorities" and found["here"].startswith("40.0% (")


def test_districts_that_have_no_total_are_counted_as_districts():
    kent = [("lad", code, "all", "2024", 4.0, "ok", None) for code in ("E07000105", "E07000106", "E07000107")]
    table = observations([*kent, ("lad", "E07000108", "all", "2024", None, "suppressed", None)], "median_age", "years")
    found = indicators.coverage(row_of("median_age"), {"made": table}, "Kent").iloc[0]
    assert found["numbers_for"] == "3 of 4 lower-tier areas" and found["here"] == "not published for authorities"


def test_a_doubtful_number_and_one_about_zero_are_shown_as_they_are():
    rows = [("la", "E08000035", "all", "2024", -0.07, "unreliable", 90)]
    found = indicators.coverage(row_of(), {"made": observations(rows, unit="score")}, "Leeds").iloc[0]
    assert found["here"] == "-0.07 points, base 90, unreliable, says the publisher"


def test_a_source_not_read_and_an_indicator_not_there_are_named():
    table = observations([("la", "E08000035", "all", "2024", 1.0, "ok", 9)])
    known = pd.concat([row_of(), row_of("trust"), row_of(source="other"), row_of("score / boys")])
    found = indicators.coverage(known, {"made": table}, "Leeds")["here"].tolist()
    assert found[1:] == ["not in the file", "other was not read", "not in the file"]
    assert indicators.sources(known) == ["made", "other"]


def test_an_unknown_place_is_refused(held):
    known, _, tables = held("skills")
    with pytest.raises(places.UnknownPlace, match="Leeds"):
        indicators.coverage(known, tables, "Leds")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"limits": ""}, r"line 3, column 'limits': empty"),
        ({"limits": "  "}, r"line 3, column 'limits': empty"),
        ({"in_project": "Yes"}, r"line 3, column 'in_project': 'Yes' is none of yes, no"),
        ({"geography": "ward"}, r"line 3, column 'geography': 'ward' is none of neighbourhood, lower tier"),
        ({"source": "Community Life Survey"}, r"line 3, column 'source': .* no id of the data log"),
        ({"indicator": "Many can be trusted"}, r"line 3, column 'indicator': .* no slug"),
        ({}, r"line 3: indicator 'can_be_trusted' of 'trust' stands in line 2 too"),
    ],
)
def test_a_row_that_cannot_be_is_refused_with_its_line_and_column(change, said, written):
    with pytest.raises(DataJamError, match=f"^indicators.csv, {said}"):
        indicators.read(written({}, change))


def test_columns_that_are_not_those_of_a_map_are_refused(written):
    with pytest.raises(DataJamError, match="line 1: column 'limits' is not there"):
        indicators.read(written({}, columns=[name for name in indicators.COLUMNS if name != "limits"]))
    with pytest.raises(DataJamError, match="line 1: column 'limit' is not one of the map. Did you mean limits"):
        indicators.read(written({}, columns=[*indicators.COLUMNS, "limit"]))
    with pytest.raises(DataJamError, match="line 1: column 'years' is twice"):
        indicators.read(written({}, columns=[*indicators.COLUMNS, "years"]))


def test_a_file_that_is_no_map_is_refused_in_one_line(tmp_path, written):
    path = tmp_path / "indicators.csv"
    with pytest.raises(DataJamError, match="no such file"):
        indicators.read(path)
    for content, said in [
        (b"", "no indicators"),
        (",".join(indicators.COLUMNS).encode(), "no indicators"),
        ("concept\nWorcester \u2013 caf\u00e9".encode("cp1252"), "not UTF-8"),
        (b'concept\n"open', "not a CSV file"),
    ]:
        path.write_bytes(content)
        with pytest.raises(DataJamError, match=said) as refused:
            indicators.read(path)
        assert "\n" not in str(refused.value)
    with open(written({}), "a", encoding="utf-8") as file:
        file.write("trust,score,survey,Who, and how many,DCMS,region,2024,Few.,yes\n")
    with pytest.raises(DataJamError, match="line 3: 10 cells, expected 9. Put a text with a comma"):
        indicators.read(path)


def test_columns_may_stand_in_any_order_and_a_row_outside_the_project_may_have_any_name(written):
    path = written({"in_project": "no", "source": "A survey", "indicator": "Can be trusted"}, columns=indicators.COLUMNS[::-1])
    assert list(indicators.read(path).columns) == list(indicators.COLUMNS)
    assert indicators.concepts_without(indicators.read(path)) == ["trust"]


def test_the_table_is_markdown_that_keeps_its_shape():
    table = pd.DataFrame({"concept": ["a|b\n<script>", "$5 *x* [y](z)"], "indicator": ["can_be", None], "here": ["1%", "2%"]})
    lines = indicators.as_markdown(table).splitlines()
    assert lines[0] == "| Concept | Indicator | Here (95% interval) |" and set(lines[1]) == set("| -")
    assert lines[2:] == [r"| a\|b &lt;script> | can be | 1% |", r"| \$5 \*x\* \[y\](z) | none | 2% |"]


@pytest.mark.parametrize("theme", THEMES)
def test_the_table_becomes_one_table_with_a_header_row(theme, held):
    from nbconvert.filters import markdown2html

    known, _, tables = held(theme)
    html = markdown2html(indicators.as_markdown(indicators.coverage(known, tables, "Leeds")))
    assert html.count("<table") == 1 and html.count("<tr") == len(known) + 1
    assert html.count("<th>") == 6 and html.count("<td>") == 6 * len(known) and "<em>" not in html


def statement(theme):
    return (ROOT / "starters" / theme / "docs" / "problem_statement.md").read_text(encoding="utf-8")


def section(text, name):
    return text.split(f"\n## {name}\n")[1].split("\n## ")[0]


@pytest.mark.parametrize("theme", THEMES)
def test_the_problem_statement_has_its_sections_and_marks(theme):
    text = statement(theme)
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == SECTIONS
    assert text.startswith("# Problem statement: [project]\n") and text.count("[place]") >= 4
    assert 3 <= text.count("To fill:") <= 5 and text.count("\nTo fill:") == text.count("To fill:") - 1
    assert set(re.findall(r"\[(\w+)\]", text)) == {"place", "project"}
    assert len(text.split()) < 700


@pytest.mark.parametrize("theme", THEMES)
def test_each_user_need_has_its_form_its_acceptance_and_its_evidence(theme):
    needs = [part for part in section(statement(theme), "User needs").split("\n### ")[1:] if "Accepted when" in part]
    assert len(needs) >= 2
    for need in needs:
        assert re.search(r"\nAs an? \*\*[^*]+\*\*, I need .+? so\s+that .+?\.\n", need, re.DOTALL), need
        assert "\n* Accepted when: " in need and "\n* Evidence: " in need


@pytest.mark.parametrize("theme", THEMES)
def test_the_evidence_is_in_the_map_and_every_hypothesis_names_a_notebook_and_its_refutation(theme, held):
    known, text = held(theme)[0], statement(theme)
    hypotheses = [line.strip("| ").split(" | ") for line in section(text, "Hypotheses").strip().splitlines()]
    assert hypotheses[0] == ["No.", "We think", "Refuted if", "Looked at in"] and len(hypotheses) >= 5
    for position, (count, *words, notebook) in enumerate(hypotheses[2:], start=1):
        assert count == str(position) and all(len(part) > 20 for part in words)
        assert notebook.strip("`") in NOTEBOOKS[theme]
    named = set(re.findall(r"`([^`]+)`", text)) - set(NOTEBOOKS[theme])
    assert named and named <= set(known["indicator"])


@pytest.mark.parametrize(
    ("theme", "measure", "period", "quoted"),
    [
        ("social_cohesion", "wellbeing_mean_satisfaction", "2022/23", {"England": 7.44, "London": 7.35, "South East": 7.53}),
        ("attainment", "attainment8_fsm_eligible", "2024/25", {"England": 35.0}),
        ("attainment", "attainment8_not_fsm", "2024/25", {"England": 50.0}),
        ("attainment", "children_relative_poverty_ahc", "2024/25", {"South East": 20.8, "West Midlands": 32.2}),
        ("attainment", "neet_16_17", "2025", {"England": 3.4, "London": 1.9, "North East": 5.0}),
        ("attainment", "level3_by_19_all", "2023/24", {"England": 57.6}),
        ("skills", "level3plus_16_64_rqf", "2023", {"England": 67.4, "East Midlands": 61.9, "London": 74.9}),
        ("skills", "gross_median_weekly_pay", "2025-04-30", {"England": 648, "North East": 578, "London": 767}),
    ],
)
def test_figures_quoted_are_the_published_ones_and_the_ends_are_the_ends(theme, measure, period, quoted):
    table = reference.figures(measure)
    values = table[table["period_label"] == period].set_index("area_name")["value"]
    text = " ".join(statement(theme).split())
    for place, value in quoted.items():
        digits = len(str(value).partition(".")[2])
        assert round(float(values[place]), digits) == value
        assert re.search(rf"(?<![\d.]){re.escape(str(value))}(?![\d]|\.\d)", text), f"{value} is not quoted"
    regions = values.drop("England", errors="ignore")
    if len(quoted) > 1:
        ends = {regions.idxmin(), regions.idxmax()}
        assert ends == set(quoted) - {"England"}


def test_the_gaps_quoted_are_differences_of_published_figures():
    groups = [reference.figures(f"attainment8_{group}") for group in ("not_fsm", "fsm_eligible")]
    most, least = (table[table["period_label"] == "2024/25"].set_index("area_name")["value"] for table in groups)
    gap = (most - least).round(1)
    text = " ".join(statement("attainment").split())
    assert f"The gap of {gap['England']} was {gap['London']} in London and {gap['South East']} in the South East" in text
    assert gap.drop("England").idxmin() == "London" and gap.drop("England").idxmax() == "South East"
