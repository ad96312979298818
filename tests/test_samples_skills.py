"""The synthetic skills samples come from committed seeds byte for byte, and their known truth can be found again in them."""

import csv
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import datajam
from datajam.sources.skill_adjacency import matrix
from datajam.vocabulary import places
from datajam_teach.samples import adverts, qualifications_survey, skills

FOLDER = Path(__file__).resolve().parents[1] / "starters/skills/data/sample"
SURVEY, ADVERTS = "aps_level4_synthetic.csv", "job_adverts_synthetic.csv"
ADJACENCY, SALARIES, TITLES = (f"{name}_201709_201808_synthetic.csv" for name in ("adjacency", "salaries", "job_titles"))
FILES = {
    SURVEY: (qualifications_survey.make, "nomis_aps"),
    ADVERTS: (adverts.make, "ons_adverts"),
    ADJACENCY: (lambda: skills.make("adjacency"), "skill_adjacency"),
    SALARIES: (lambda: skills.make("salaries"), "skill_adjacency"),
    TITLES: (lambda: skills.make("job_titles"), "skill_adjacency"),
}
LONDON = np.array([place.region_code == "E12000007" for place in places.authorities()])
CODES = [place.code for place in places.authorities()]


def published(name):
    """The sample as the csv module reads it: (header, rows)."""
    with open(FOLDER / name, encoding="utf-8-sig", newline="") as file:
        header, *rows = csv.reader(file)
    return header, rows


@pytest.fixture(scope="module")
def survey():
    return datajam.read(FOLDER / SURVEY)


@pytest.fixture(scope="module")
def vacancies():
    return datajam.read(FOLDER / ADVERTS)


@pytest.fixture(scope="module")
def similarity():
    """Ochiai similarity of each two skills, missing on the diagonal."""
    counts = matrix(FOLDER / ADJACENCY)
    own = np.diag(counts)
    values = counts / np.sqrt(np.outer(own, own))
    return values.mask(np.eye(len(own), dtype=bool))


@pytest.fixture(scope="module")
def of_clusters(similarity):
    """The skills of one cluster only: no hub, and none too rare to compare."""
    known = pd.Series(skills.clusters())[similarity.index]
    return known[(known != "hub") & (known.index != skills.TRUTH.rare[2])]


@pytest.mark.parametrize("name", FILES)
def test_the_generator_gives_the_committed_file_to_the_byte(name):
    assert FILES[name][0]() == (FOLDER / name).read_bytes()


@pytest.mark.parametrize("name", FILES)
def test_a_sample_is_a_valid_table_of_its_layout_and_says_it_is_synthetic(name):
    table = datajam.check(datajam.read(FOLDER / name))
    report = datajam.load_report(table)
    assert report.source == FILES[name][1] and report.synthetic and report.balanced()
    assert not report.areas_unplaced and not any("does not define" in text for text in report.warnings)


@pytest.mark.parametrize("name", FILES)
def test_a_sample_has_the_quirks_of_published_files_and_is_small(name):
    data = (FOLDER / name).read_bytes()
    assert data.startswith(b"\xef\xbb\xbf") and data.endswith(b"\r\n")
    assert any(column.endswith(" ") for column in published(name)[0])
    assert len(data) < (500_000 if name == ADVERTS else 400_000)


@pytest.mark.parametrize("name", [SURVEY, ADVERTS])
def test_a_sample_of_places_has_each_place_and_three_spellings_of_one(name):
    table = datajam.read(FOLDER / name)
    assert set(table["area_code"]) == {place.code for place in places.everywhere()} and len(table["area_code"].unique()) == 163
    yorkshire = table[table["area_code"] == "E12000003"]["source_area_name"].unique()
    assert {text.lower() for text in yorkshire} == {"yorkshire and the humber"} and len(yorkshire) == 3
    tiny = table[table["area_code"].isin(["E09000001", "E06000053"])]
    assert len(tiny) and tiny["value"].isna().all()


def test_the_survey_counts_by_nvq_to_2021_and_by_rqf_from_2022(survey):
    years = survey.groupby("indicator", observed=True)["period_label"].unique()
    assert {name: [text[-4:] for text in labels] for name, labels in years.items()} == {
        "nvq4_plus_percent": ["2019", "2020", "2021"],
        "rqf4_plus_percent": ["2022", "2023", "2024"],
    }
    assert set(datajam.load_report(survey).areas_mapped.values()) == {"E08000038", "E08000039"}


def test_the_survey_has_the_published_mean_deviation_and_share_of_each_marker(survey):
    authorities = survey[survey["area_level"] == "la"]
    last = authorities[authorities["period_label"] == "Jan 2024-Dec 2024"]["value"]
    assert (last.mean(), last.std()) == pytest.approx((42.1, 11.7), abs=0.5)
    shares = authorities["status"].value_counts(normalize=True)
    assert (shares["unreliable"], shares["suppressed"]) == pytest.approx((0.21, 0.06), abs=0.005)
    assert 0 < shares["not_available"] < 0.01


def test_an_unreliable_estimate_keeps_its_value_and_has_no_interval(survey):
    unreliable, sound = survey[survey["status"] == "unreliable"], survey[survey["status"] == "ok"]
    assert unreliable["value"].notna().all() and unreliable["lower_ci"].isna().all()
    assert sound[["value", "lower_ci", "upper_ci"]].notna().all(axis=None)
    header, rows = published(SURVEY)
    marked = [row for row in rows if row[header.index("OBS_STATUS")] == "*"]
    assert len(marked) == len(unreliable) and {row[header.index("MEASURES_NAME")] for row in marked} == {"Confidence"}


def test_the_survey_truth_has_the_stated_moments_and_break():
    truth, known = qualifications_survey.TRUTH, qualifications_survey.authority_truth()
    assert (known.mean(), known.std()) == pytest.approx((truth.mean, truth.deviation))
    assert known[LONDON].mean() - known[~LONDON].mean() == pytest.approx(truth.london_effect)
    assert known.min() > 5 and known.max() < 90
    steps = np.diff([qualifications_survey.true_percent(year).mean() for year in truth.years])
    assert steps == pytest.approx([0.9, 0.9, 0.9 + truth.break_points, 0.9, 0.9])


def test_the_estimates_scatter_around_the_truth_as_their_intervals_say(survey):
    found = []
    for year in qualifications_survey.TRUTH.years:
        rows = survey[(survey["period_label"] == f"Jan {year}-Dec {year}") & (survey["status"] == "ok")].set_index("area_code")
        half = (rows["upper_ci"] - rows["value"]).reindex(CODES).to_numpy()
        found.append((rows["value"].reindex(CODES).to_numpy() - qualifications_survey.true_percent(year)) / half * 1.96)
    scores = np.concatenate(found)
    scores = scores[~np.isnan(scores)]
    assert len(scores) > 600 and scores.std() == pytest.approx(1, abs=0.08) and abs(scores.mean()) < 3 / np.sqrt(len(scores))
    assert (np.abs(scores) < 1.96).mean() == pytest.approx(0.95, abs=0.025)


def test_the_adverts_are_lognormal_rounded_to_5_and_a_sixth_are_not_given(vacancies):
    assert (vacancies["status"] == "not_available").mean() == pytest.approx(0.16, abs=0.01)
    assert set(vacancies.loc[vacancies["value"].isna(), "status_raw"]) == {"[x]"}
    given = vacancies["value"].dropna()
    assert (given % 5 == 0).all() and given.min() == 5
    large = vacancies[(vacancies["breakdown"] == "healthcare / nurses") & (vacancies["area_level"] == "la")]["value"].dropna()
    assert abs(np.log(large).skew()) < 0.5 < 1.5 < large.skew()


def test_the_adverts_are_three_months_of_ten_professions_everywhere(vacancies):
    assert vacancies.groupby("area_code", observed=True).size().eq(30).all()
    assert [str(day)[:7] for day in sorted(vacancies["period_start"].unique())] == ["2022-08", "2022-09", "2022-10"]
    assert {"Durham", "Bristol City of", "St Helens"} <= set(vacancies["source_area_name"])


def test_a_region_is_the_sum_of_its_authorities_but_for_rounding(vacancies):
    authorities = vacancies[vacancies["area_level"] == "la"]
    keys = ["region_code", "breakdown", "period_label"]
    sums = authorities.groupby(keys, observed=True)["value"].sum()
    within = authorities.groupby(keys, observed=True).size() * 2.5 + 2.5
    regions = vacancies[vacancies["area_level"] == "region"].rename(columns={"area_code": "area"})
    regions = regions.set_index(keys)["value"].fillna(0).reindex(sums.index)
    assert len(regions) == 270 and ((regions - sums).abs() <= within + 2.5 * 2).all()


def _last_month(vacancies, name):
    rows = vacancies[(vacancies["period_label"] == "Oct 22") & vacancies["breakdown"].str.endswith(f"/ {datajam.slug(name)}")]
    return rows.set_index("area_code")["value"]


def test_the_adverts_scatter_around_the_truth_by_chance_and_rounding_only(vacancies):
    expected = pd.DataFrame(adverts.expected_adverts(), index=CODES, columns=[each.detailed for each in adverts.TRUTH.professions])
    for name in expected:
        seen = _last_month(vacancies, name).reindex(CODES)
        spread = np.sqrt(expected[name] + 25 / 12)
        scores = ((seen - expected[name]) / spread)[(expected[name] > 15) & seen.notna()]
        assert scores.empty or (scores.abs().max() < 4.5 and abs(scores.mean()) < 4 / np.sqrt(len(scores)))


def test_the_planted_growth_is_found_again(vacancies):
    england = vacancies[vacancies["area_level"] == "country"].pivot(index="breakdown", columns="period_label", values="value")
    for each in adverts.TRUTH.professions[:5]:
        row = england.loc[f"{datajam.slug(each.summary)} / {datajam.slug(each.detailed)}"]
        chance = np.sqrt(1 / row["Oct 22"] + 1 / row["Aug 22"]) / 2
        assert abs((row["Oct 22"] / row["Aug 22"]) ** 0.5 - 1 - each.monthly_growth) < 3 * chance < 0.04


def test_the_planted_specialism_of_a_region_is_found_again_beside_a_profession_without_one(vacancies):
    """The odds of a profession against nurses, in the region and in the rest of England, differ by the planted factor."""
    nurses, england = _last_month(vacancies, "Nurses"), "E92000001"
    for region, name, factor in adverts.TRUTH.specialisms:
        code, seen = places.find(region).code, _last_month(vacancies, name)
        ratio = (seen[code] / nurses[code]) / ((seen[england] - seen[code]) / (nurses[england] - nurses[code]))
        chance = np.sqrt(1 / seen[code] + 1 / (seen[england] - seen[code]))
        assert abs(np.log(ratio / factor)) < 3 * chance + 0.02 and np.log(ratio) > 4 * chance


def test_the_truth_of_a_region_is_its_size_share_and_specialism():
    wanted = adverts.region_truth()
    shares = {each.detailed: each.share for each in adverts.TRUTH.professions}
    factors = {(region, name): factor for region, name, factor in adverts.TRUTH.specialisms}
    for (region, name), count in wanted.items():
        size = wanted[region, "Nurses"] / shares["Nurses"]
        assert count == pytest.approx(size * shares[name] * factors.get((region, name), 1))


def test_the_adjacency_is_square_symmetric_and_what_the_adverts_hold():
    counts, named = matrix(FOLDER / ADJACENCY), skills.simulate().named
    assert counts.shape == (317, 317) and np.array_equal(counts, counts.T) and set(counts.index) == set(skills.clusters())
    assert np.array_equal(np.diag(counts), named.sum(axis=0))
    first, second = counts.index.get_loc("C#"), counts.index.get_loc("Communication")
    assert counts.loc["C#", "Communication"] == sum(row[first] and row[second] for row in named.tolist())


def test_names_are_as_awkward_as_real_ones():
    names = set(skills.clusters())
    assert {"R", "C", "C#", "C++", ".Net", "Tax, VAT", "Communication", "Management"} <= names
    assert b',"Tax, VAT",' in (FOLDER / ADJACENCY).read_bytes().splitlines()[0]
    assert 300 <= len(names) <= 400 and 12 <= len(skills.premiums()) <= 20


def test_totals_fall_by_zipfs_law_from_the_hubs_down():
    counts = matrix(FOLDER / ADJACENCY)
    own = pd.Series(np.diag(counts), index=counts.index).sort_values(ascending=False)[:-1]
    slope, _ = np.polyfit(np.log(np.arange(1, len(own) + 1)), np.log(own), 1)
    assert slope == pytest.approx(-skills.TRUTH.exponent, abs=0.03)
    assert own.index[:2].tolist() == ["Communication", "Management"]
    assert own.iloc[0] / len(skills.simulate().named) == pytest.approx(skills.TRUTH.top_share, abs=0.02)


def test_skills_of_one_cluster_are_far_more_similar_than_others(similarity, of_clusters):
    values = similarity.loc[of_clusters.index, of_clusters.index].to_numpy()
    same = np.equal.outer(of_clusters.to_numpy(), of_clusters.to_numpy())
    assert np.nanmean(values[same]) > 20 * np.nanmean(values[~same])
    nearest = of_clusters.to_numpy()[np.nanargmax(values, axis=1)]
    assert (nearest == of_clusters).mean() > 0.98


def test_the_planted_clusters_are_recovered_from_the_adjacency_alone(similarity, of_clusters):
    from sklearn.cluster import SpectralClustering
    from sklearn.metrics import adjusted_rand_score

    values = similarity.loc[of_clusters.index, of_clusters.index].fillna(1).to_numpy()
    found = SpectralClustering(len(skills.premiums()), affinity="precomputed", random_state=1).fit_predict(values)
    assert adjusted_rand_score(of_clusters, found) > 0.95


def test_hub_skills_go_with_every_cluster(similarity, of_clusters):
    for hub in ("Communication", "Management"):
        beside = similarity.loc[hub, of_clusters.index].groupby(of_clusters.to_numpy()).mean()
        assert len(beside) == 14 and beside.min() > 0.4 * beside.max()


def test_job_titles_add_up_to_the_diagonal_and_one_is_too_rare_to_say_anything():
    titles, counts = matrix(FOLDER / TITLES), matrix(FOLDER / ADJACENCY)
    own = pd.Series(np.diag(counts), index=counts.index)
    assert titles.sum().equals(own[titles.columns]) and 30 <= len(titles) <= 60
    cluster, title, skill, adverts_ = skills.TRUTH.rare
    assert titles.loc[title, skill] == own[skill] == adverts_ and skills.clusters()[skill] == cluster
    assert (titles.loc[title] <= adverts_).all()


def test_about_60_percent_of_a_months_salaries_are_one_imputed_value():
    salaries, truth = matrix(FOLDER / SALARIES), skills.TRUTH
    imputed = (salaries == truth.imputed).mean(axis=1)
    assert salaries.index.tolist() == list(truth.months) and len(salaries) == 12
    assert imputed.mean() == pytest.approx(0.6, abs=0.03) and imputed.between(0.55, 0.67).all()
    assert truth.imputed % 50  # stated salaries are whole hundreds, so no median is the imputed value
    assert 0 < salaries.isna().sum().sum() < 12
    report = datajam.load_report(datajam.read(FOLDER / SALARIES))
    assert any("imputed rather than measured" in text and "27,418" in text for text in report.warnings)


def test_the_pay_of_each_cluster_is_found_again_once_the_imputed_value_is_left_out():
    salaries, truth = matrix(FOLDER / SALARIES), skills.TRUTH
    known = pd.Series(skills.clusters())[salaries.columns].to_numpy()
    true = pd.Series(skills.premiums())

    def found(table):
        return (table.median().groupby(known).median() / truth.pay - 1).reindex(true.index)

    measured = found(salaries.mask(salaries == truth.imputed))
    assert (measured - true).abs().max() < 0.08 and measured.corr(true) > 0.98
    assert (found(salaries) - true).abs().max() > 0.4  # left in, the imputed value hides them
