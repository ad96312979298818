"""Demand beside supply: quotients are what the formulas give by hand, find what was planted, and say what they cannot say."""

import csv
import re
from math import exp, hypot, log, sqrt
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import beta

import datajam
from datajam.analyse import demand, estimates, shrinkage
from datajam.errors import DataJamError
from datajam.say import charts, demand_words
from datajam.vocabulary import places
from datajam_teach.samples import adverts, qualifications_survey

FOLDER = Path(__file__).resolve().parents[1] / "starters/skills/data/sample"
DEGREE = ("Nurses", "Software Developers", "Teachers", "Mechanical Engineers")
LEVEL_4 = "rqf4_plus_percent"
CODES = [place.code for place in places.authorities()]
Z = 1.959964


@pytest.fixture(scope="module")
def vacancies():
    return datajam.read(FOLDER / "job_adverts_synthetic.csv")


@pytest.fixture(scope="module")
def survey():
    return datajam.read(FOLDER / "aps_level4_synthetic.csv")


@pytest.fixture(scope="module")
def found(vacancies):
    """The quotients of all 163 places with the true ones beside them."""
    table, true = demand.everywhere(vacancies), true_shares()
    wanted = true / true.loc[places.ENGLAND]
    return table.assign(true=[wanted.loc[code, name] for code, name in zip(table["area_code"], table["breakdown"], strict=True)])


def true_shares() -> pd.DataFrame:
    """The planted share of each profession in the adverts of each of the 163 places, in the last month."""
    names = [f"{datajam.slug(each.summary)} / {datajam.slug(each.detailed)}" for each in adverts.TRUTH.professions]
    counts = pd.DataFrame(adverts.expected_adverts(), CODES, names)
    for region in places.regions():
        counts.loc[region.code] = counts.loc[[place.code for place in places.authorities(region.code)]].sum()
    counts.loc[places.ENGLAND] = counts.loc[CODES].sum()
    return counts.div(counts.sum(axis="columns"), axis="index")


def cells() -> dict[str, dict[str, float | None]]:
    """The last month of the sample by the csv module alone: {area code: {profession: adverts, or None where hidden}}."""
    with open(FOLDER / "job_adverts_synthetic.csv", encoding="utf-8-sig", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["time_period"] == "Oct 22"]
    table: dict[str, dict[str, float | None]] = {}
    for row in rows:
        own = table.setdefault(places.find(row["area"]).code, {})
        own[row["Detailed Profession Category "]] = None if row["vacancies"] == "[x]" else float(row["vacancies"])
    return table


def case(own: dict[str, float | None], name: str, mine: float, others: float) -> tuple[float, float]:
    """One place's adverts of a profession and all its adverts, with hidden numbers as `mine` in it and `others` elsewhere."""
    filled = {each: (mine if each == name else others) if count is None else count for each, count in own.items()}
    return filled[name], sum(filled.values())


def pulled(x: np.ndarray, n: np.ndarray, place: int) -> tuple[float, float, float, float]:
    """Estimate, ends and pull of one place: Kleinman's moments solved by bisection, Morris's widening, a beta by its moments."""

    def moments(alike):
        weights = n / (1 + alike * (n - 1))
        mean = (weights * x / n).sum() / weights.sum()
        seen = (weights * (x / n - mean) ** 2).sum()
        chance = mean * (1 - mean) / n * (1 + alike * (n - 1))
        return (
            mean,
            seen - (weights * (1 - weights / weights.sum()) * chance).sum(),
            (weights**2 * chance).sum() / weights.sum() ** 2,
        )

    low, high = 0.0, 0.9
    for _ in range(100):
        middle = (low + high) / 2
        low, high = (middle, high) if moments(middle)[1] > 0 else (low, middle)
    mean, _, doubt = moments(low)
    k, prior, own = len(x), (1 - low) / low, x[place] / n[place]
    pull = (k - 3) / (k - 1) * prior / (prior + n[place])
    estimate = (1 - pull) * own + pull * mean
    variance = estimate * (1 - estimate) / (n[place] / (1 - pull) + 1) + pull**2 * doubt
    variance += 2 / (k - 3) * pull**2 * (own - mean) ** 2
    strength = estimate * (1 - estimate) / variance - 1
    ends = beta.ppf([0.025, 0.975], estimate * strength, (1 - estimate) * strength)
    return estimate, *ends, pull


@pytest.mark.parametrize(("place", "name"), [("Newcastle upon Tyne", "Receptionists"), ("Rutland", "Chefs and Cooks")])
def test_a_quotient_of_an_authority_is_the_one_by_hand(found, place, name):
    table, code = cells(), places.find(place).code
    codes = [each for each in CODES if any(count is not None for count in table[each].values())]
    assert len(codes) == 151 and None in table[code].values()
    england = case(table[places.ENGLAND], name, 0, 0)
    rate, ends = england[0] / england[1], []
    for mine, others in ((0, 4), (2, 2), (4, 0)):
        x, n = np.array([case(table[each], name, mine, others) for each in codes]).T
        estimate, low, high, pull = pulled(x, n, codes.index(code))
        wider = Z * sqrt((1 - rate) / england[0])
        down, up = hypot(log(estimate / low), wider), hypot(log(high / estimate), wider)
        ends.append((estimate / rate, estimate / rate * exp(-down), estimate / rate * exp(up), pull, estimate))
    quotient, _, _, pull, share = ends[1]
    given = [count for count in table[code].values() if count is not None]
    rounding = sqrt(25 / 12 * ((1 - share) ** 2 + (len(given) - 1) * share**2)) / sum(given) * (1 - pull) / share
    lower = quotient * exp(-hypot(log(quotient / min(end[1] for end in ends)), Z * rounding))
    upper = quotient * exp(hypot(log(max(end[2] for end in ends) / quotient), Z * rounding))
    row = found[(found["area_code"] == code) & (found["profession"] == name.lower())].iloc[0]
    assert (row["adverts"], row["all_adverts"]) == (table[code][name], sum(given))
    assert row["raw_quotient"] == pytest.approx(table[code][name] / sum(given) / rate)
    assert (row["quotient"], row["lower"], row["upper"], row["pull"]) == pytest.approx((quotient, lower, upper, pull), rel=1e-6)


def test_a_quotient_of_a_region_rests_on_its_own_row_and_counts_alone(found):
    table, code, name = cells(), places.find("North East").code, "Mechanical Engineers"
    (x, n), england = case(table[code], name, 0, 0), case(table[places.ENGLAND], name, 0, 0)
    share, rate = x / n, england[0] / england[1]
    low, high = beta.ppf([0.025, 0.975], x + 0.5, n - x + 0.5)
    rounding = sqrt(25 / 12 * ((1 - share) ** 2 + 9 * share**2)) / n / share
    beyond = Z * hypot(sqrt((1 - rate) / england[0]), rounding)
    row = found[(found["area_code"] == code) & (found["breakdown"] == "engineering / mechanical_engineers")].iloc[0]
    assert (row["raw_quotient"], row["quotient"], row["pull"]) == pytest.approx((share / rate, share / rate, 0))
    assert row["lower"] == pytest.approx(share / rate * exp(-hypot(log(share / low), beyond)), rel=1e-6)
    assert row["upper"] == pytest.approx(share / rate * exp(hypot(log(high / share), beyond)), rel=1e-6)


def test_the_quotients_of_england_are_all_1_without_intervals(found):
    england = found[found["area_code"] == places.ENGLAND]
    assert (england[["raw_quotient", "quotient"]] == 1).all(axis=None) and not england["clear"].any()
    assert england[["lower", "upper"]].isna().all(axis=None) and "its quotients are all 1" in demand_words.about(england)


def test_the_planted_specialisms_are_found_again_in_the_regions(found):
    for region, name, factor in adverts.TRUTH.specialisms:
        row = found[(found["place"] == region) & (found["profession"] == name.lower())].iloc[0]
        assert row["lower"] < row["true"] < row["upper"] and row["clear"] and row["lower"] > 1
        assert 1.2 < row["true"] < 1.1 * factor  # below the planted factor: England's own share holds the specialism too


def test_the_authorities_of_a_region_give_its_specialism_together(found):
    looked = []
    for region, name, _ in adverts.TRUTH.specialisms:
        code = places.find(region).code
        inside = [place.code for place in places.authorities(code)]
        own = found[found["area_code"].isin(inside) & (found["profession"] == name.lower())]
        known = own[own["quotient"].notna()]
        if len(known) < 0.9 * len(inside):
            continue  # where many are hidden, those shown are no fair sample of the region
        weight = known["all_adverts"].astype("float64") / known["all_adverts"].sum()
        error = sqrt((weight**2 * ((known["upper"] - known["lower"]) / (2 * Z)) ** 2).sum())
        assert (weight * known["quotient"]).sum() == pytest.approx((weight * known["true"]).sum(), abs=2 * error)
        assert (weight * known["quotient"]).sum() - 2 * error > 1
        looked.append((region, name))
    assert ("North East", "Mechanical Engineers") in looked and len(looked) == 3


def test_intervals_hold_the_truth_about_95_times_in_100(found):
    known = found[found["quotient"].notna() & (found["area_code"] != places.ENGLAND)]
    held = (known["lower"] <= known["true"]) & (known["true"] <= known["upper"])
    authority = known["area_code"].isin(CODES)
    assert authority.sum() == 1261 and held[authority].mean() == pytest.approx(0.95, abs=3 * sqrt(0.95 * 0.05 / 1261))
    assert held[~authority].mean() == pytest.approx(0.95, abs=3 * sqrt(0.95 * 0.05 / 90))
    hidden = found[found["quotient"].isna() & found["upper"].notna()]
    assert len(hidden) > 200 and (hidden["true"] <= hidden["upper"]).mean() > 0.975
    assert (hidden["upper"] < 1).equals(hidden["clear"])


def test_quotients_with_chance_taken_out_come_nearer_to_the_truth(found):
    known = found[found["quotient"].notna() & found["area_code"].isin(CODES)]
    raw, shrunk = (sqrt(((known[name] - known["true"]) ** 2).mean()) for name in ("raw_quotient", "quotient"))
    assert shrunk < 0.85 * raw


def test_what_rounding_and_hiding_add_is_in_the_interval(vacancies, found):
    """Without either, the interval is the one of `shrinkage` alone; the few adverts of a profession gain most from it."""
    counted = demand.adverts(vacancies)
    events, base = (part[CODES] for part in counted.counts(["hospitality / chefs_and_cooks"], 0, 0))
    england = tuple(float(part[places.ENGLAND]) for part in counted.counts(["hospitality / chefs_and_cooks"], 0, 0))
    plain = shrinkage.location_quotient(shrinkage.proportions(events, base), england)
    rows = found[found["profession"] == "chefs and cooks"].set_index("area_code").loc[CODES]
    more = (rows["upper"] - rows["lower"]) / (plain["upper"] - plain["lower"])
    few, many = rows["adverts"] <= 10, rows["adverts"] >= 50
    assert more[few].median() > 1.1 > more[many].median() > 1


def test_a_hidden_number_is_never_zero_and_bounds_the_share(vacancies):
    rows = demand.quotients(vacancies, "Newcastle upon Tyne").set_index("profession")
    actors = rows.loc["actors"]
    assert pd.isna(actors["adverts"]) and np.isnan(actors["quotient"]) and np.isnan(actors["raw_quotient"])
    assert actors["upper"] > 0 and actors["note"].startswith("too few to give or not available, so taken as 4")
    assert rows["all_adverts"].unique().tolist() == [rows["adverts"].sum()]


def test_the_percentage_of_adverts_is_the_one_by_hand(vacancies):
    table, code = cells(), places.find("Newcastle upon Tyne").code
    own = table[code]
    x, n, lost = sum(own[name] for name in DEGREE), sum(filter(None, own.values())), list(own.values()).count(None)
    assert lost == 2
    share, given = x / n, 10 - lost
    low, high = beta.ppf(0.025, x + 0.5, n + 4 * lost - x + 0.5), beta.ppf(0.975, x + 0.5, n - x + 0.5)
    rounding = Z * sqrt(25 / 12 * (4 * (1 - share) ** 2 + (given - 4) * share**2)) / n
    one = demand.share(vacancies, "Newcastle upon Tyne", DEGREE)
    assert (one.value, one.base, one.period) == (pytest.approx(100 * share), n, "October 2022")
    assert one.interval == pytest.approx(
        (100 * (share - hypot(share - low, rounding)), 100 * (share + hypot(high - share, rounding)))
    )


def test_percentages_and_the_excess_hold_the_truth_about_95_times_in_100(vacancies, survey):
    true = true_shares()
    wanted = [name for name in true if name.split(" / ")[1] in [datajam.slug(each) for each in DEGREE]]
    share = (100 * true[wanted].sum(axis="columns")).reindex(CODES)
    shares = [demand.share(vacancies, code, DEGREE) for code in CODES[::8]]
    assert sum(one.value is not None for one in shares) >= 18
    excess = pd.Series(share.to_numpy() - qualifications_survey.true_percent(2022), [each.name for each in places.authorities()])
    every = demand.every(vacancies, survey, DEGREE, LEVEL_4)
    known = [one for one in every if one.interval]
    held = [one.interval[0] <= excess[one.place] <= one.interval[1] for one in known]
    assert len(held) > 90 and np.mean(held) == pytest.approx(0.95, abs=3 * sqrt(0.95 * 0.05 / len(held)))
    inside = [
        one.interval[0] <= share[code] <= one.interval[1] for one, code in zip(shares, CODES[::8], strict=True) if one.interval
    ]
    assert np.mean(inside) > 0.8


def test_the_excess_is_of_every_authority_lowest_first_and_says_why_there_is_none(vacancies, survey):
    every = demand.every(vacancies, survey, DEGREE, LEVEL_4)
    values = [one.value for one in every if one.value is not None]
    assert len({one.place for one in every}) == 153 and values == sorted(values) and len(values) > 130
    none = {one.place: one.reason for one in every if one.value is None}
    assert none["City of London"] == "the share of adverts is not available in the file" and every[0].value is None
    assert any("adults is missing (suppressed by the publisher" in reason for reason in none.values())
    unreliable = [one for one in every if one.status == "unreliable" and one.value is not None]
    assert unreliable and all(one.interval is None for one in unreliable)
    assert "no interval is published" in demand_words.about_excess(unreliable[0]) and "unreliable" in demand_words.about_excess(
        unreliable[0]
    )


def test_places_like_it_stand_between_the_place_and_its_region(vacancies, survey):
    codes = ["E06000001", "E06000003", "E09000001"]
    shares = demand.around(vacancies, "Leeds", DEGREE, alike=codes)
    assert [one.place for one in shares] == ["Leeds", estimates.ALIKE, "Yorkshire and The Humber", "England"]
    assert shares[1].value == pytest.approx(np.mean([demand.share(vacancies, code, DEGREE).value for code in codes[:2]]))
    found = demand.compared(vacancies, survey, "Leeds", DEGREE, LEVEL_4, alike=codes)
    assert [one.place for one in found] == [one.place for one in shares] and "City of London" in found[1].how
    leeds = estimates.estimate(survey, "Leeds", LEVEL_4, "Jan 2022-Dec 2022")
    assert found[0].value == pytest.approx(shares[0].value - leeds.value)
    (low, high), (least, most) = shares[0].interval, leeds.interval
    down, up = hypot(shares[0].value - low, most - leeds.value), hypot(high - shares[0].value, leeds.value - least)
    assert found[0].interval == pytest.approx((found[0].value - down, found[0].value + up))
    assert f"({found[0].interval[0]:.1f} to" in demand_words.about_excess(found[0]).replace("95% interval ", "")
    assert len(demand.compared(vacancies, survey, "England", DEGREE, LEVEL_4)) == 1


def test_estimates_can_be_drawn_and_said_as_any_others(vacancies, survey, found):
    rows = found[found["place"] == "Newcastle upon Tyne"]
    drawn = charts.dots(
        demand_words.for_chart(rows),
        name="quotients",
        title=demand_words.title(rows),
        label="times England's share",
        source="a test",
    )
    assert drawn.data["indicator"].tolist()[0] == "receptionists" and drawn.data["note"].iloc[-1].startswith("too few to give")
    assert all(one.interval is None for one in demand_words.for_chart(found[found["place"] == "England"]))
    shares, own = demand.around(vacancies, "Leeds", DEGREE), demand.compared(vacancies, survey, "Leeds", DEGREE, LEVEL_4)
    words = {"title": "A finding", "label": "adverts that usually ask for a degree", "source": "a test"}
    assert len(charts.dots(shares, name="shares", **words).data) == 3
    every = demand.every(vacancies, survey, DEGREE, LEVEL_4)
    drawn = charts.caterpillar(every, own[0], name="excess", wider=own[-1], **words)
    assert len(drawn.data) == 153 and "Leeds" in drawn.alt


@pytest.fixture(scope="module")
def excesses(vacancies, survey):
    """The excess of every place, with its region and England, from one reading: {code: [place, region, England]}."""
    every = {places.find(one.place).code: one for one in demand.every(vacancies, survey, DEGREE, LEVEL_4)}
    wider = [demand.compared(vacancies, survey, region.code, DEGREE, LEVEL_4)[0] for region in places.regions()]
    every |= {places.find(one.place).code: one for one in wider}
    every[places.ENGLAND] = demand.compared(vacancies, survey, "England", DEGREE, LEVEL_4)[0]
    return {place.code: [every[each.code] for each in (place, *place.comparators)] for place in places.everywhere()}


def test_every_place_is_told_in_words_without_a_missing_number(found, excesses):
    for place in places.everywhere():
        rows, own = found[found["area_code"] == place.code], excesses[place.code]
        assert len(rows) == 10 and ((rows["note"] == "") == rows["quotient"].notna()).all()
        lines = [
            *demand_words.may_say(rows, own),
            *demand_words.may_not_say(rows, own),
            demand_words.title(rows),
            demand_words.title_excess(own[0]),
        ]
        text = "\n".join(lines)
        assert not re.search(r"\b(nan|None|NA|inf)\b|<NA>|  |\.\.|: \.|, \.", text), text
        assert all(len(title.split()) <= 10 for title in lines[-2:]) and place.spoken in text
        if place.code in ("E09000001", "E06000053"):
            assert "there is no figure: no number for any profession" in text and "has no figure, October 2022" in lines[-2]
        else:
            assert f"{rows['all_adverts'].iloc[0]:,} adverts" in lines[0]
            named = sum(name in lines[0] for name in rows["profession"])
            named += sum(int(count) for count in re.findall(r"and (\d+) more", lines[0]))
            assert named == (0 if place.level == "country" else 10)


def test_one_place_gives_what_all_places_give(vacancies, found):
    for place in ("Durham", "City of London", "London", "England"):
        one = demand.quotients(vacancies, place)
        same = found.loc[found["area_code"] == places.find(place).code, one.columns].reset_index(drop=True)
        pd.testing.assert_frame_equal(one, same)


def test_sentences_part_what_is_clear_from_what_chance_explains(found):
    newcastle = found[found["place"] == "Newcastle upon Tyne"]
    said = demand_words.about(newcastle)
    assert "clearly more of them were for receptionists (1.8" in said and "Clearly fewer were for teachers (0.3" in said
    assert "Chance can explain the difference for shop assistants, chefs and cooks and bricklayers." in said
    assert "No figure for gardeners and actors: too few to give" in said
    assert demand_words.title(newcastle) == "Newcastle upon Tyne: adverts lean towards receptionists"
    north_east = demand_words.may_not_say(found[found["place"] == "North East"], [estimates_without_figure()])
    assert any("not pulled towards their average" in line for line in north_east) and "Anything about" in north_east[0]
    none = newcastle.assign(clear=False)
    assert "for no profession is the share clearly unlike England's" in demand_words.about(none)
    assert demand_words.title(none) == "Newcastle upon Tyne: no profession clearly unlike England"


def estimates_without_figure():
    return estimates.Estimate("North East", "all", "October 2022", None, None, "absent", "not in the file")


def test_a_long_name_of_a_profession_gives_way_to_a_number_in_the_title(found):
    rows = found[found["place"] == "North East"].copy()
    rows.loc[rows["clear"], "profession"] = "civil engineering contractors and project leaders of large works"
    assert demand_words.title(rows) == f"The North East: {rows['clear'].sum()} professions clearly unlike England"


def test_the_survey_year_is_the_one_the_adverts_lie_in_or_the_nearest(survey):
    assert demand.survey_period(survey, LEVEL_4, "Oct 22") == "Jan 2022-Dec 2022"
    assert demand.survey_period(survey, LEVEL_4, "Dec 2024") == "Jan 2024-Dec 2024"
    assert demand.survey_period(survey, LEVEL_4, "March 2020") == "Jan 2022-Dec 2022"
    assert demand.survey_period(survey, "nvq4_plus_percent", "Oct 22") == "Jan 2021-Dec 2021"


def made(tmp_path, changed, drop=lambda row: False) -> pd.DataFrame:
    """A file of six authorities, their regions and England, two professions; `changed` are cells by area and profession."""
    names = ["Hartlepool", "Middlesbrough", "Darlington", "Gateshead", "Sunderland", "Leeds", "North East", "England"]
    rows = []
    for turn, name in enumerate(names):
        kind = {"North East": "Region", "England": "Country"}.get(name, "Local authority")
        size = {"North East": 8, "England": 40}.get(name, 1)
        for profession, count in (("Cooks", 20 + 5 * turn), ("Nurses", 200)):
            cell = changed.get((name, profession), str(count * size))
            rows.append([kind, name, "Work", profession, "Oct 22", cell])
        if (name, "All") in changed:
            rows.append([kind, name, "", "", "Oct 22", changed[name, "All"]])
    path = tmp_path / "adverts.csv"
    with open(path, "w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerow(["geographic_level", "area", "summary", "detailed", "time_period", "vacancies"])
        csv.writer(file).writerows(row for row in rows if not drop(row))
    return datajam.read(path)


def test_the_files_own_total_is_used_where_it_has_one(tmp_path):
    table = made(tmp_path, {("Leeds", "Cooks"): "60", ("Leeds", "Nurses"): "[x]"})
    table["breakdown"] = table["breakdown"].astype("str").replace({"work / nurses": "all"}).astype("category")
    table.loc[(table["area_name"] == "Leeds") & (table["breakdown"] == "all"), ["value", "status"]] = [300.0, "ok"]
    rows = demand.quotients(table, "Leeds")
    assert rows["profession"].tolist() == ["cooks"] and rows["all_adverts"].tolist() == [300]
    one = demand.share(table, "Leeds", ["Cooks"])
    low, high = beta.ppf([0.025, 0.975], 60.5, 240.5)
    rounding = Z * sqrt(25 / 12 * (1 + 0.2**2)) / 300
    assert one.interval == pytest.approx((100 * (0.2 - hypot(0.2 - low, rounding)), 100 * (0.2 + hypot(high - 0.2, rounding))))


def test_few_authorities_are_not_pulled_and_an_absent_row_or_england_is_said(tmp_path):
    few = made(tmp_path, {}, drop=lambda row: row[1] in ("Hartlepool", "Darlington"))
    rows = demand.quotients(few, "Leeds")
    assert (rows["pull"] == 0).all() and np.allclose(rows["quotient"], rows["raw_quotient"])
    assert demand.quotients(few, "Hartlepool")["note"].unique().tolist() == ["not in the file"]
    lacking = made(tmp_path, {}, drop=lambda row: row[1] == "Leeds" and row[3] == "Cooks")
    note = demand.quotients(lacking, "Leeds").set_index("profession")["note"]
    assert note["cooks"].startswith("no row in the file") and note["nurses"] == ""
    alone = demand.quotients(made(tmp_path, {}, drop=lambda row: row[1] == "England"), "Leeds")
    assert (alone["note"] == "England has no number to compare with").all() and alone["quotient"].isna().all()
    assert "No figure for cooks and nurses: England has no number" in demand_words.about(alone)


def test_a_profession_hidden_in_every_authority_has_no_figure_there_and_stops_nothing(tmp_path):
    hidden = {(name, "Cooks"): "[x]" for name in ("Hartlepool", "Middlesbrough", "Darlington", "Gateshead", "Sunderland", "Leeds")}
    rows = demand.quotients(made(tmp_path, hidden), "Leeds").set_index("profession")
    assert np.isnan(rows.loc["cooks", "quotient"]) and rows.loc["cooks", "upper"] < 1 and rows.loc["cooks", "clear"]
    assert "fewer were for cooks (hidden, at most 0." in demand_words.about(rows.reset_index())


def test_what_cannot_be_is_refused_in_words(vacancies, survey):
    with pytest.raises(DataJamError, match="'Nurces' in this file. Did you mean nurses"):
        demand.share(vacancies, "Leeds", ["Nurces"])
    with pytest.raises(DataJamError, match="at least one profession"):
        demand.share(vacancies, "Leeds", [])
    with pytest.raises(DataJamError, match="No figures for period '2019'"):
        demand.quotients(vacancies, "Leeds", "2019")
    with pytest.raises(DataJamError, match="vacancies"):
        demand.quotients(vacancies, "Leeds", indicator="vacancy")
    with pytest.raises(DataJamError, match="in total, not by profession"):
        demand.quotients(survey, "Leeds")
    with pytest.raises(DataJamError, match="one place"):
        demand.excess(demand.share(vacancies, "Leeds", DEGREE), demand.share(vacancies, "Hull", DEGREE))
    assert demand.share(vacancies, "Leeds", "Healthcare").value == demand.share(vacancies, "Leeds", ["Nurses"]).value


def test_the_tables_given_are_not_changed(vacancies, survey):
    before = vacancies.copy(deep=True), survey.copy(deep=True)
    demand.quotients(vacancies, "Leeds")
    demand.compared(vacancies, survey, "Leeds", DEGREE, LEVEL_4)
    pd.testing.assert_frame_equal(vacancies, before[0])
    pd.testing.assert_frame_equal(survey, before[1])


def test_published_adverts_by_profession_say_what_they_cannot_give(real):
    table = datajam.read(real("skills/dfe_ons_textkernel_profession_oct22.csv"))
    rows = demand.quotients(table, "Newcastle upon Tyne")
    said = demand_words.about(rows)
    assert len(rows) == 295 and rows["quotient"].isna().all() and "there is no figure: not in the file" in said
    assert "LEP, Local Skills Improvement Plan, Mayoral Combined Authorities" in said
    assert demand_words.title(rows) == "Newcastle upon Tyne has no figure, October 2022"
    england = demand.quotients(table, "England")
    assert england["all_adverts"].unique().tolist() == [1_553_150] and "295 professions" in demand_words.about(england)
    teachers = demand.share(table, "England", ["Primary School Teachers", "Secondary School Teachers"])
    given = england.set_index("profession").loc[["primary school teachers", "secondary school teachers"], "adverts"]
    assert teachers.value == pytest.approx(100 * given.sum() / 1_553_150) and teachers.interval[0] < teachers.value
    assert demand.share(table, "Leeds", ["Healthcare"]).reason == "not in the file"


def test_published_volumes_without_professions_and_numbers_without_percentages_are_refused_in_words(real):
    volumes = datajam.read(real("skills/ons_adzuna_labour_demand_by_la_2017_2022.xlsx"))
    with pytest.raises(DataJamError, match="not by profession"):
        demand.quotients(volumes, "Leeds")
    numbers = datajam.read(real("skills/nomis_aps_T19_qualifications_2017_2021.xlsx"))
    table = datajam.read(real("skills/dfe_ons_textkernel_profession_oct22.csv"))
    one = demand.compared(table, numbers, "England", ["Healthcare"], "nvq4_plus_number")[0]
    assert one.value is None and "numbers of adults, not percentages" in demand_words.about_excess(one)
    shares = datajam.read(real("skills/els_qualifications-level-3-or-above.csv"))
    indicator = str(shares["indicator"].iloc[0])
    found = demand.compared(table, shares, "England", ["Healthcare"], indicator)[0]
    assert found.value is not None and "England" in demand_words.about_excess(found)
