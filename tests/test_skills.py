"""The skills engine against counts worked by hand, plain numpy, and adverts made with a known truth; and the engine of 2018."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from datajam.analyse import skills
from datajam.analyse.skills import Engine
from datajam.errors import DataJamError
from datajam.sources.skill_adjacency import matrix
from datajam_teach.examples import s1

FOLDER = Path(__file__).resolve().parents[1] / "starters/skills/data/sample"
FILES = [FOLDER / f"{name}_201709_201808_synthetic.csv" for name in ("adjacency", "salaries", "job_titles")]

SKILLS = ["SQL", "C", "C#", "Embalming", "Talking", "Care"]
COUNTS = [
    [100, 20, 40, 0, 70, 0],
    [20, 50, 25, 0, 35, 1],
    [40, 25, 80, 0, 40, 0],
    [0, 0, 0, 4, 3, 4],
    [70, 35, 40, 3, 800, 90],
    [0, 1, 0, 4, 90, 200],
]
MONTHS = [f"2018{month:02}" for month in range(1, 9)]
PAY = {
    "SQL": [30000 * 1.01**month for month in range(8)],
    "C": [40000, 41000, np.nan, 28876, 42000, 39000, 43000, 28876],
    "C#": [28876, 28876, 28876, 35000, 28876, 28876, 28876, 28876],
    "Embalming": [28876.0] * 8,
    "Talking": [24000.0] * 7 + [25000.0],
    "Care": [21000.0] * 7 + [np.nan],
}
TITLES = {
    "Analyst": [60, 10, 8, 0, 30, 0],
    "Developer": [25, 30, 60, 0, 40, 0],
    "Embalmer": [0, 0, 0, 4, 2, 4],
    "Carer": [0, 0, 0, 0, 70, 180],
}


def engine_of(adjacency=COUNTS, salaries=None, jobs=None, support=20, names=SKILLS):
    salaries = pd.DataFrame(PAY, MONTHS)[list(names)] if salaries is None else salaries
    jobs = pd.DataFrame(TITLES, SKILLS).T[list(names)] if jobs is None else jobs
    return Engine(pd.DataFrame(adjacency, names, names), salaries, jobs, support)


@pytest.fixture(scope="module")
def small():
    return engine_of()


@pytest.fixture(scope="module")
def sample():
    if not all(path.is_file() for path in FILES):
        pytest.skip("the skills sample is not here")
    return skills.read(*FILES)


def refused(*words, call):
    with pytest.raises(DataJamError) as error:
        call()
    message = str(error.value)
    assert "\n" not in message and all(word in message for word in words), message


def test_an_association_is_the_squared_cosine_of_two_skills_adverts(small):
    assert small.associations.at["SQL", "C"] == 80_000  # 20 x 20 / (100 x 50) = 0.08
    assert small.associations.at["C#", "C"] == 156_250  # 25 x 25 / (80 x 50) = 0.15625
    assert small.associations.at["Talking", "Care"] == 50_625  # 90 x 90 / (800 x 200)
    assert small.associations.at["SQL", "SQL"] == 1_000_000


def test_recommendations_add_up_associations_best_first(small):
    found = small.recommend_skills(["SQL", "C"])
    # C#: 40²/(100·80) + 25²/(50·80) = 0.2 + 0.15625; Talking: 70²/(100·800) + 35²/(50·800) = 0.06125 + 0.030625
    assert found[["skill", "score", "adverts", "shared"]].values.tolist() == [["C#", 356_250, 80, 40], ["Talking", 91_875, 800, 70]]
    assert found["association"].tolist() == pytest.approx([0.35625, 0.091875])


def test_popularity_alone_is_not_enough(small):
    shared = small.adjacency.loc["C", ["C#", "Talking"]]
    assert shared["Talking"] > shared["C#"] and small.recommend_skills("C")["skill"].tolist()[0] == "C#"


def test_an_association_that_rests_on_too_few_adverts_counts_for_nothing(small):
    assert small.recommend_skills("Embalming").empty and "Embalming" not in set(small.recommend_skills("Care")["skill"])
    assert engine_of(support=3).recommend_skills("Embalming")["skill"].tolist() == ["Care", "Talking"]
    assert small.recommend_skills("SQL")["skill"].tolist() == ["C#", "C", "Talking"]  # 20 adverts shared with C are just enough
    assert engine_of(support=21).recommend_skills("SQL")["skill"].tolist() == ["C#", "Talking"]
    assert small.too_rare(["sql", "embalming"]) == {"Embalming": 4}


def test_jobs_are_ranked_by_the_share_of_each_skills_adverts(small):
    found = small.jobs_for(["SQL", "C#"])
    # Developer: 25/100 + 60/80 = 1.0; Analyst: 60/100, its 8 adverts of C# being too few
    assert found[["job", "score", "adverts", "skills"]].values.tolist() == [
        ["Developer", 1_000_000, 60, 2],
        ["Analyst", 600_000, 60, 1],
    ]
    assert found["share"].tolist() == [0.5, 0.3]


def test_a_title_of_a_handful_of_adverts_cannot_top_the_jobs(small):
    bare = engine_of(support=1)
    assert bare.jobs_for(["Embalming", "Care"])["job"].tolist()[0] == "Embalmer"
    assert small.jobs_for(["Embalming", "Care"])["job"].tolist() == ["Carer"]
    assert small.jobs_for(["Embalming", "Care"])["share"].tolist() == [0.9]  # of Care's adverts: Embalming's say nothing
    assert small.jobs_for("Embalming").empty


def test_equals_come_in_order_of_name_whatever_the_order_of_the_files():
    names = ["b", "C", "a", "mine"]
    counts = [[50, 0, 0, 30], [0, 50, 0, 30], [0, 0, 50, 30], [30, 30, 30, 90]]
    pay, jobs = pd.DataFrame([[1.0] * 4], ["201808"], names), pd.DataFrame([[30] * 4, [30] * 4], ["Zoo", "ant"], names)
    for order in ([0, 1, 2, 3], [2, 1, 0, 3], [3, 1, 2, 0]):
        square = pd.DataFrame(counts, names, names).iloc[order, order[::-1]]
        engine = Engine(square, pay.iloc[:, order], jobs)
        assert engine.recommend_skills("mine")["skill"].tolist() == ["a", "b", "C"]
        assert engine.recommend_skills("mine", n=2)["skill"].tolist() == ["a", "b"]
        assert engine.jobs_for("mine")["job"].tolist() == ["ant", "Zoo"]


def test_many_equals_come_in_order_of_name():
    names = [f"skill {place:03}" for place in range(200)]
    counts = np.full((200, 200), 30) + np.diag([70] * 200)
    counts[100:150, 199] = counts[199, 100:150] = 40
    engine = Engine(
        pd.DataFrame(counts, names, names),
        pd.DataFrame([[1.0] * 200], ["201808"], names),
        pd.DataFrame([[30] * 200] * 60, [f"job {place:02}" for place in range(60)], names).sample(frac=1, random_state=1),
    )
    found = engine.recommend_skills(names[199], n=199)["skill"].tolist()
    assert found == names[100:150] + names[:100] + names[150:199]
    assert engine.jobs_for(names[:3], n=60)["job"].tolist() == [f"job {place:02}" for place in range(60)]


def test_skills_are_found_whatever_their_capitals_and_counted_once(small):
    once, again = small.recommend_skills(["SQL", "C"]), small.recommend_skills([" sql ", "C", "SQL"])
    assert once.equals(again) and small.known("c") == ["C"]


def test_n_is_kept_to(small):
    assert [len(small.recommend_skills(["SQL"], n=n)) for n in (1, 2, 3, 9)] == [1, 2, 3, 3]
    assert [len(small.jobs_for(["Talking"], n=n)) for n in (1, 2, 9)] == [1, 2, 3]
    for n in (0, -1, 2.5, True, "5"):
        refused("n is", call=lambda n=n: small.recommend_skills(["SQL"], n=n))


def test_an_imputed_salary_is_said_to_be_imputed(small):
    assert small.salary("C").words == "Pay of £28,876 a year is imputed: filled in for 3 of 5 skills in August 2018, not measured."
    assert small.salary("Talking").words == "Median pay £25,000 a year in August 2018."
    assert small.salary("Care").words == "No pay figure for August 2018." and small.salary("Care").value is None
    assert (small.salary("C").imputed, small.salary("C").adverts, small.salary("Talking").imputed) == (True, 50, False)
    found = small.recommend_skills("SQL").set_index("skill")
    assert found["imputed"].to_dict() == {"C#": True, "C": True, "Talking": False}
    assert found["salary"].to_dict() == {"C#": 28876, "C": 28876, "Talking": 25000}


def test_the_last_month_is_the_latest_not_the_last_row():
    pay = pd.DataFrame(PAY, MONTHS).iloc[::-1]
    assert engine_of(salaries=pay).salary("Talking").month == "201808"


def test_growth_is_of_measured_months_only(small):
    sql = small.growth("SQL")
    assert (
        sql.a_year == pytest.approx(1.01**12 - 1) and sql.interval == pytest.approx((sql.a_year, sql.a_year)) and sql.adverts == 100
    )
    c = small.growth("C")
    # In April one other skill of the five has 28,876, so nothing marks it as imputed there; in August it is.
    assert "201803" not in c.months and "201808" not in c.months and len(c.months) == 6
    values = pd.DataFrame(PAY, MONTHS)["C"][list(c.months)].to_numpy()
    place = np.array([int(month[4:]) for month in c.months]) / 12
    slopes = [np.log(values[b] / values[a]) / (place[b] - place[a]) for a in range(6) for b in range(a + 1, 6)]
    assert c.a_year == pytest.approx(np.expm1(np.median(slopes))) and c.interval[0] <= c.a_year <= c.interval[1]


def test_growth_is_withheld_with_the_reason_where_months_are_too_few(small):
    imputed = engine_of(salaries=pd.DataFrame(PAY, MONTHS).assign(C=28876.0))
    found = imputed.growth("C#")
    assert found.a_year is None and found.interval is None
    assert found.reason == "pay was measured in 1 of 8 months, and 6 are needed"
    assert engine_of(salaries=pd.DataFrame(PAY, MONTHS).tail(1)).growth("SQL").a_year is None


def test_a_mistyped_or_missing_skill_is_one_line_with_the_nearest(small, sample):
    refused("No skill 'Pythn' in the adverts.", "Did you mean Python?", call=lambda: sample.recommend_skills(["Pythn"]))
    refused("No skill 'a\\nb'", call=lambda: small.jobs_for(["a\nb"]))
    refused("Name at least one skill, such as 'Talking'", call=lambda: small.recommend_skills([]))
    refused("No skill 'None'", call=lambda: small.salary([None]))


def test_names_that_differ_only_in_capitals_are_told_apart():
    names = ["go", "Go"]
    engine = Engine(
        pd.DataFrame([[50, 30], [30, 60]], names, names),
        pd.DataFrame([[1.0, 2.0]], ["201808"], names),
        pd.DataFrame([[30, 30]], ["Player"], names),
    )
    assert engine.recommend_skills("go")["skill"].tolist() == ["Go"]
    refused("Did you mean", "Go or go", call=lambda: engine.recommend_skills("GO"))


def test_matrices_that_do_not_belong_together_are_refused():
    frame = pd.DataFrame(COUNTS, SKILLS, SKILLS)
    pay, jobs = pd.DataFrame(PAY, MONTHS), pd.DataFrame(TITLES, SKILLS).T
    refused("'Care' is missing from the salaries", call=lambda: Engine(frame, pay.drop(columns="Care"), jobs))
    refused("'R' is only in the job titles", call=lambda: Engine(frame, pay, jobs.assign(R=1)))
    refused("columns of the adjacency", call=lambda: Engine(frame.iloc[:, :-1], pay, jobs))
    refused("not symmetric", call=lambda: Engine(frame.assign(C=9), pay, jobs))
    refused("'Analyst' has 101 adverts that name 'SQL'", "100 in all", call=lambda: Engine(frame, pay, jobs.replace(60, 101)))
    refused("not a month", call=lambda: Engine(frame, pay.rename(index={"201801": "January"}), jobs))
    refused("not a salary", call=lambda: Engine(frame, pay.replace(25000.0, -1.0), jobs))
    refused("not a count", call=lambda: Engine(frame.astype(float).replace(40, np.nan), pay, jobs))
    refused("not a count", call=lambda: Engine(frame, pay, jobs.astype(str)))
    refused("twice", call=lambda: Engine(frame, pay, pd.concat([jobs, jobs])))
    refused("empty", call=lambda: Engine(frame, pay, jobs.iloc[:0]))
    for support in (0, 2.5, True):
        refused("support", call=lambda support=support: Engine(frame, pay, jobs, support))


def test_the_engine_keeps_its_own_copy_of_the_matrices():
    frame = pd.DataFrame(COUNTS, SKILLS, SKILLS)
    engine = Engine(frame, pd.DataFrame(PAY, MONTHS), pd.DataFrame(TITLES, SKILLS).T)
    frame.loc[:, :] = 0
    assert engine.recommend_skills("SQL")["skill"].tolist() == ["C#", "C", "Talking"]


# --- the sample, against plain numpy ---


def test_recommendations_and_jobs_of_the_sample_are_those_of_plain_numpy(sample):
    counts, jobs = matrix(FILES[0]), matrix(FILES[2])
    names, square = list(counts.index), counts.to_numpy().astype(float)
    rng = np.random.default_rng(1)
    for _ in range(40):
        chosen = rng.choice(len(names), size=rng.integers(1, 6), replace=False)
        mine = [names[index] for index in chosen]
        cosine = square[chosen] / np.sqrt(np.outer(np.diag(square)[chosen], np.diag(square)))
        score = (cosine**2 * (square[chosen] >= 20)).sum(axis=0)
        score[chosen] = 0
        found = sample.recommend_skills(mine, n=8)
        assert found["association"].to_numpy() == pytest.approx(np.sort(score)[::-1][: len(found)], abs=5e-6)
        assert found["association"].to_numpy() == pytest.approx([score[names.index(name)] for name in found["skill"]], abs=5e-6)
        assert len(found) == min(8, (score > 0).sum())
        carried = jobs[mine].to_numpy() * (jobs[mine].to_numpy() >= 20) / np.diag(square)[chosen]
        share = pd.Series(carried.mean(axis=1) * len(mine) / max(1, (np.diag(square)[chosen] >= 20).sum()), jobs.index)
        listed = sample.jobs_for(mine, n=4)
        assert listed["share"].to_numpy() == pytest.approx(
            share.sort_values(ascending=False).head(len(listed)).to_numpy(), abs=5e-6
        )
        assert listed["share"].to_numpy() == pytest.approx(share[listed["job"]].to_numpy(), abs=5e-6)


def test_the_embalmer_of_the_sample_never_appears_and_would_without_support(sample):
    for names in (["Embalming"], ["Embalming", "Care Plans"], ["Embalming", "Social Work", "Supported Living"]):
        assert "Embalmer" not in set(sample.jobs_for(names, n=50)["job"])
    assert skills.read(*FILES, support=1).jobs_for(["Embalming", "Care Plans"])["job"].iloc[0] == "Embalmer"


def test_the_imputed_salary_of_the_sample_is_marked_each_month_and_no_other_is(sample):
    pay = matrix(FILES[1])
    assert {month: heap[0] for month, heap in sample.heaped.items()} == dict.fromkeys(pay.index, 27418.0)
    marked = [sample.salary(name) for name in sample.skills]
    assert {salary.value for salary in marked if salary.imputed} == {27418.0}
    assert sum(salary.imputed for salary in marked) == int((pay.loc["201808"] == 27418).sum()) > 150


# --- S1, the worked example: 4,000 adverts, five families of eight skills, one popular skill, five rare ones ---


def trial(seed):
    adverts = s1.make(seed)
    return s1.counts(adverts), s1.engine(adverts), s1.MINE, s1.RIGHT, adverts


@pytest.fixture(scope="module")
def trials():
    return [trial(seed) for seed in range(30)]


def test_the_code_of_2018_offers_the_users_own_skill_every_time(trials):
    offered = [(s1.as_in_2018(adverts, mine), mine, right) for _, _, mine, right, adverts in trials]
    assert all(set(found) & set(mine) for found, mine, _ in offered)
    assert np.mean([len(set(found) & right) / 3 for found, _, right in offered]) == pytest.approx(0.67, abs=0.01)


def test_this_engine_never_does_and_is_right_every_time(trials):
    for _, engine, mine, right, _ in trials:
        everything = engine.recommend_skills(mine, n=len(s1.SKILLS))["skill"]
        assert not set(everything) & set(mine)
        assert set(everything[:3]) == right
        assert engine.jobs_for(mine)["job"].iloc[0] == "data"


def test_counts_would_offer_the_popular_skill_and_lift_the_rare_ones(trials):
    for counts, engine, mine, _, _ in trials:
        others = counts.drop(columns=mine).loc[mine]
        assert others.sum().idxmax() == s1.POPULAR
        own = pd.Series(np.diag(counts), counts.index)
        lift = (others / own[others.columns]).div(own[mine], axis=0).sum().sort_values(ascending=False)
        assert set(s1.RARE) & set(lift.index[:3])
        found = engine.recommend_skills(mine, n=len(s1.SKILLS))["skill"]
        assert s1.POPULAR not in set(found[:3]) and not set(s1.RARE) & set(found)
