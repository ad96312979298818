"""The context sample says what places are like: its truth holds, and neighbours found by it are places of the same kind."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import datajam
from datajam.analyse import composite
from datajam.analyse.neighbours import neighbours
from datajam.vocabulary import places
from datajam_teach.samples import attainment, context, published

ROOT = Path(__file__).resolve().parents[1]
SAMPLE = ROOT / "{{cookiecutter.project_slug}}/data/sample/context_synthetic.csv"
AUTHORITIES = places.authorities()
CODES = [place.code for place in AUTHORITIES]
CITY, SCILLY = published.TINY
SLUGS = {each: datajam.slug(each.name) for each in context.INDICATORS}


@pytest.fixture(scope="module")
def table():
    return datajam.read(SAMPLE)


@pytest.fixture(scope="module")
def wide(table):
    return composite.wide(table, list(SLUGS.values()))


@pytest.fixture(scope="module")
def known():
    return context.authority_truth()


def correlation(one, other):
    return np.corrcoef(one, other)[0, 1]


def settings(codes):
    return [context.setting(places.by_code()[code]) for code in codes]


def test_the_generator_gives_the_committed_file_to_the_byte():
    assert context.make() == SAMPLE.read_bytes()


def test_every_project_receives_the_file_to_the_byte(baked):
    assert (baked / "data/sample/context_synthetic.csv").read_bytes() == SAMPLE.read_bytes()


def test_the_sample_is_a_valid_table_of_every_place_that_says_it_is_synthetic(table):
    report = datajam.load_report(datajam.check(table))
    assert report.source == "ons_els" and report.synthetic and report.balanced()
    assert not (report.areas_unplaced or report.left_out or report.warnings)
    assert set(report.areas_mapped.values()) == {"E08000038", "E08000039"}
    assert all(set(rows["area_code"]) == set(places.by_code()) for _, rows in table.groupby(["indicator", "period_label"]))
    assert len(table) == len(places.by_code()) * sum(len(each.periods) for each in context.INDICATORS)


def test_each_indicator_has_a_readable_name_and_a_unit_that_the_layout_knows(table):
    units = table.groupby("indicator", observed=True)["unit"].agg(lambda units: "/".join(sorted(set(units)))).to_dict()
    assert units == {
        "children_in_relative_poverty_after_housing_costs": "percent",
        "gross_median_weekly_pay": "gbp_week",
        "population_aged_65_and_over": "percent",
        "population_from_a_minority_ethnic_group": "percent",
        "population_in_rural_areas": "percent",
    }


@pytest.mark.parametrize(
    ("file", "each"),
    [
        ("cohesion/els_children-in-relative-poverty.csv", context.POVERTY),
        ("skills/els_gross-median-weekly-pay.csv", context.PAY),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_poverty_and_pay_are_labelled_as_the_published_ones(real, file, each):
    lines = pd.read_csv(real(file), dtype="str")
    lines = lines[(lines["indicator"] == each.name) & lines["period"].isin(each.periods)]
    assert set(lines["period"]) == set(each.periods)
    assert set(lines["measure"]) == {each.measure} and set(lines["unit"]) == {each.unit}


def test_the_two_smallest_authorities_have_what_a_census_gives_and_lack_what_a_survey_cannot(wide):
    lacking = composite.missing(wide)[["area_code", "indicator", "status"]].values.tolist()
    pay, poverty = SLUGS[context.PAY], SLUGS[context.POVERTY]
    expected = [[CITY, pay, "unreliable"], [SCILLY, pay, "unreliable"], [SCILLY, poverty, "not_available"]]
    assert sorted(lacking) == sorted(expected)


def test_percentages_and_pay_are_of_a_size_that_can_be(table):
    values = table[table["unit"] == "percent"]["value"].dropna()
    assert values.between(0, 100).all() and values.max() > 40
    assert table[table["unit"] == "gbp_week"]["value"].dropna().between(400, 950).all()


def test_the_truth_has_the_stated_means_deviations_and_correlations(known):
    for each in (context.POVERTY, context.PAY, context.OLDER):
        assert (known[each.name].mean(), known[each.name].std()) == pytest.approx((each.mean, each.deviation))
    poverty = known[context.POVERTY.name]
    assert correlation(poverty, attainment.authority_truth()["share"]) == pytest.approx(0.75)
    assert correlation(poverty, known[context.PAY.name]) == pytest.approx(-0.5)
    assert correlation(known[context.OLDER.name], known[context.RURAL.name]) > 0.45
    assert correlation(known[context.OLDER.name], known[context.MINORITY.name]) < -0.5
    minority = pd.Series(known[context.MINORITY.name])
    assert minority.skew() > 0.8 and minority.mean() > minority.median() + 4


def test_london_is_as_london_is(known):
    london = np.array([place.region_name == "London" for place in AUTHORITIES])
    apart = {each: known[each.name][london].mean() - known[each.name][~london].mean() for each in context.INDICATORS}
    assert apart[context.MINORITY] > 20 and apart[context.PAY] > 50 and apart[context.OLDER] < -6 and apart[context.RURAL] < -8


def test_the_sample_shows_the_truth_and_pay_with_the_chance_of_its_interval(table, wide, known):
    for each in (context.POVERTY, context.OLDER, context.MINORITY, context.RURAL):
        assert (wide[SLUGS[each]] - known[each.name]).abs().max() < 0.051
    pay = table[(table["indicator"] == SLUGS[context.PAY]) & (table["area_level"] == "la") & (table["status"] == "ok")]
    inside = []
    for years_before, period in enumerate(reversed(context.PAY.periods)):
        rows = pay[pay["period_label"] == period].set_index("area_code")
        true = pd.Series(known[context.PAY.name] - context.PAY.yearly * years_before, CODES)[rows.index]
        inside += ((rows["lower_ci"] <= true) & (true <= rows["upper_ci"])).tolist()
    assert len(inside) == 302 and abs(np.mean(inside) - 0.95) < 3 * np.sqrt(0.95 * 0.05 / 302)
    assert ((pay["upper_ci"] - pay["lower_ci"]) / 2).median() == pytest.approx(context.PAY.half_width, rel=0.08)


def test_only_what_comes_from_a_survey_has_intervals(table):
    assert set(table["indicator"][table["lower_ci"].notna()]) == {SLUGS[context.PAY]}


def test_poverty_and_pay_rise_by_the_planted_change_a_year(table):
    for each, chance in ((context.POVERTY, 0.05), (context.PAY, 8)):
        rows = table[(table["indicator"] == SLUGS[each]) & (table["area_level"] == "la")]
        means = rows.groupby("period_label", observed=True)["value"].mean()
        assert means[each.periods[1]] - means[each.periods[0]] == pytest.approx(each.yearly, abs=chance)


@pytest.mark.parametrize("each", context.INDICATORS, ids=lambda each: each.name)
def test_regions_and_england_are_averages_weighted_by_population(table, each):
    weights = pd.Series(context.populations(), CODES)
    rows = table[(table["indicator"] == SLUGS[each]) & (table["period_label"] == each.periods[-1])].set_index("area_code")
    shown = rows["value"].reindex(CODES).dropna()
    for place in [*places.regions(), places.find("England")]:
        inside = [code for code in shown.index if published.within(places.by_code()[code], place)]
        assert rows.loc[place.code, "value"] == pytest.approx(np.average(shown[inside], weights=weights[inside]), abs=0.11)


def test_every_name_given_a_setting_is_an_authority_with_one_setting():
    names = [*context._CITY, *context._COAST, *context._COUNTRYSIDE, *context._SHIRE]
    assert len(set(names)) == len(names) and set(names) <= {place.name for place in AUTHORITIES}
    assert set(settings(CODES)) == {name for name, _ in context.TRUTH.settings}


def test_neighbours_of_a_london_borough_are_in_london_and_those_of_a_rural_county_are_not(wide):
    def in_london(place):
        return sum(places.by_code()[code].region_name == "London" for code in neighbours(wide, place).table["area_code"])

    for borough in ("Hackney", "Tower Hamlets", "Barnet"):
        assert in_london(borough) >= 7
    for rural in ("Northumberland", "Devon", "Shropshire"):
        assert in_london(rural) == 0
        near = settings(neighbours(wide, rural).table["area_code"])
        assert not {"city", "town", "coast"} & set(near) and near.count("countryside") >= 5


def test_most_neighbours_are_of_the_same_setting_and_near_in_what_was_not_used(wide, known):
    same, near, every = [], [], []
    unused = pd.Series(known[context.MINORITY.name], CODES)
    fewer = wide.drop(columns=SLUGS[context.MINORITY])
    for code in wide.dropna().index:
        where = context.setting(places.by_code()[code]).split()[-1]
        found = settings(neighbours(wide, code).table["area_code"])
        same.append(np.mean([each.split()[-1] == where for each in found]))
        near.append((unused[neighbours(fewer, code).table["area_code"]] - unused[code]).abs().mean())
        every.append((unused.drop(code) - unused[code]).abs().mean())
    assert len(same) == 151 and np.mean(same) > 0.7
    assert np.mean(near) < 0.65 * np.mean(every)
