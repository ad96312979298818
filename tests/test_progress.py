"""A gap at 16 taken apart: the parts add up, intervals hold the planted truth, a real file gives the csv module's numbers."""

import csv

import numpy as np
import pandas as pd
import pytest

import datajam
from datajam.analyse import progress
from datajam.analyse.estimates import Estimate
from datajam.analyse.gaps import Gap
from datajam.vocabulary import places
from datajam_teach.samples import progress as sample

FILE = "starters/attainment/data/sample/progress_by_fsm_synthetic.csv"
KS4 = "attainment/ees_ks4_2018_la_char_testdata.csv"
ASKED = ("fsm_eligible", "not_fsm", "202324")


@pytest.fixture(scope="module")
def schools() -> pd.DataFrame:
    return datajam.read(FILE)


def gap(value: float, error: float | None, breakdowns=("fsm_eligible", "not_fsm")) -> Gap:
    half = None if error is None else error / 2**0.5
    low, high = (Estimate("Leeds", name, "2023/24", number, 900, "ok", "published", half) for name, number in zip(
        breakdowns, (30.0, 30.0 + value), strict=True
    ))  # fmt: skip
    return Gap(low, high)


def test_the_two_parts_add_up_to_the_gap_and_their_chance_to_its_chance(schools):
    for place in ("Leeds", "North East", "England"):
        split = progress.split(schools, place, *ASKED)
        before, since, whole = split.parts
        assert before.value + since.value == pytest.approx(whole.value)
        assert before.error**2 + since.error**2 == pytest.approx(whole.error**2)


def test_the_share_intervals_hold_the_planted_share_about_95_times_in_100(schools):
    truth = sample.authority_truth()["share_prior"]
    held = []
    for place, share in zip(places.authorities(), truth, strict=True):
        found = progress.split(schools, place.code, *ASKED)
        if found.clear:
            low, high = found.share_interval
            held.append(low <= share <= high)
    assert len(held) > 140 and 0.90 <= np.mean(held) <= 0.99


def test_the_interval_of_a_share_is_fiellers_and_agrees_with_a_simulation():
    split = progress.Split(gap(15.0, 0.9), gap(0.5, 0.05))
    low, high = split.share_interval
    rng = np.random.default_rng(7)
    since = rng.normal(5.0, 0.5, 400_000)
    before = rng.normal(10.0, (0.9**2 - 0.5**2) ** 0.5, 400_000)
    drawn = np.quantile(before / (before + since), [0.025, 0.975])
    assert (low, high) == pytest.approx(tuple(drawn), abs=0.003)


def test_a_gap_that_may_be_none_is_not_shared_out():
    split = progress.Split(gap(1.0, 0.9), gap(0.05, 0.05))
    assert not split.clear and split.share is None and split.share_estimate.value is None
    assert "no clear gap at 16" in split.verdict() and "no gap to share out" in split.title()


def test_a_suppressed_place_says_why_and_never_a_number(schools):
    for place in ("City of London", "Isles of Scilly"):
        split = progress.split(schools, place, *ASKED)
        assert "cannot be shared out: suppressed by the publisher" in split.verdict()
        assert "nan" not in split.verdict() and split.share_estimate.status == "suppressed"


def test_a_year_without_progress_scores_gives_way_to_the_latest_that_has_them(schools):
    assert progress.latest(schools, "fsm_eligible", "not_fsm", "202425") == "202324"
    assert progress.latest(schools, "fsm_eligible", "not_fsm", "202223") == "202223"
    assert "no progress scores for 2024/25" in progress.about_period("202324", "202425")


def test_a_file_without_progress_scores_says_so(schools):
    without = schools[~schools["indicator"].isin(["avg_p8score", "t_inp8calc"])]
    split = progress.split(without, "Leeds", *ASKED)
    assert split.since.value is None and "cannot be shared out: not in the file" in split.verdict()


def test_every_headline_has_ten_words_or_fewer_for_the_longest_name(schools):
    for place in places.everywhere():
        assert len(progress.split(schools, place.code, *ASKED).title().split()) <= 10


def test_a_real_file_gives_the_split_of_the_csv_module(real):
    table = datajam.read(real(KS4))
    split = progress.split(table, "Sheffield", "fsm_eligible", "not_fsm", "201718")
    means = {}
    with open(real(KS4), encoding="utf-8-sig", newline="") as file:
        for row in csv.DictReader(file):
            if (row["la_name"], row["breakdown"], row["characteristic_gender"]) == ("Sheffield", "Free_school_meals", "Total"):
                status = row["characteristic_free_school_meals"]
                means[status] = (
                    float(row["t_att8"]) / int(row["t_pupils"]), float(row["t_p8score"]) / int(row["t_inp8calc"])
                )  # fmt: skip
    low, high = means["fsm"], means["fsm all other"]
    assert split.whole.value == pytest.approx(high[0] - low[0])
    assert split.since.value == pytest.approx(10 * (high[1] - low[1]))
    assert split.before.value == pytest.approx(split.whole.value - split.since.value)


def test_the_spread_of_progress_is_the_one_estimated_from_the_real_file(real):
    from datajam.analyse import gaps

    table = pd.read_csv(real(KS4), dtype=str, keep_default_na=False)
    own = table[(table["breakdown"] == "Ethnic_major") & (table["geographic_level"] == "Local authority")]
    own = own[(own["characteristic_gender"] != "Total") & (own["characteristic_ethnic_major"] != "Total")]
    numbers = own[["t_p8score", "t_inp8calc"]].apply(pd.to_numeric, errors="coerce")
    names = {"new_la_code": "area", "characteristic_gender": "sex", "characteristic_ethnic_major": "ethnic"}
    groups = own.rename(columns=names).assign(mean=numbers["t_p8score"] / numbers["t_inp8calc"], pupils=numbers["t_inp8calc"])
    groups = groups[groups["pupils"] > 0].dropna(subset=["mean"])
    spread, error = gaps.estimate_spread(groups, "C(area) + C(sex) * C(ethnic)")
    assert spread == pytest.approx(progress.SPREAD, abs=0.01) and error == pytest.approx(0.036, abs=0.005)
