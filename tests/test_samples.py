"""The synthetic samples come from committed seeds byte for byte, and have the distribution they are said to have."""

from pathlib import Path

import numpy as np
import pytest

import datajam
from datajam.vocabulary import places
from datajam_teach.samples import attainment, local_statistics

ROOT = Path(__file__).resolve().parents[1]
FILES = {
    "starters/attainment/data/sample/attainment_by_fsm_synthetic.csv": attainment.make,
    "starters/social_cohesion/data/sample/wellbeing_synthetic.csv": lambda: local_statistics.make(local_statistics.WELLBEING),
    "starters/skills/data/sample/qualifications_synthetic.csv": lambda: local_statistics.make(local_statistics.QUALIFICATIONS),
}


@pytest.mark.parametrize("path", FILES)
def test_the_generator_gives_the_committed_file_to_the_byte(path):
    assert FILES[path]() == (ROOT / path).read_bytes()


@pytest.mark.parametrize("path", FILES)
def test_a_sample_is_a_valid_table_of_every_place_and_says_it_is_synthetic(path):
    table = datajam.check(datajam.read(ROOT / path))
    report = datajam.load_report(table)
    assert report.synthetic and report.balanced() and not report.areas_unplaced
    assert set(table["area_code"]) == set(places.by_code())
    assert set(report.areas_mapped.values()) == {"E08000038", "E08000039"}


@pytest.mark.parametrize("path", FILES)
def test_scilly_and_the_city_of_london_have_no_number(path):
    table = datajam.read(ROOT / path)
    tiny = table[table["area_code"].isin(["E09000001", "E06000053"])]
    assert len(tiny) and tiny["value"].isna().all()


def test_the_attainment_truth_has_the_stated_means_deviations_and_correlations():
    truth, known = attainment.TRUTH, attainment.authority_truth()
    fsm, other, share = known["fsm"], known["other"], known["share"]
    everyone = share * fsm + (1 - share) * other
    london = np.array([place.region_code == "E12000007" for place in places.authorities()])
    assert (fsm.mean(), fsm.std()) == pytest.approx((truth.fsm_mean, truth.fsm_deviation))
    assert (other.mean(), other.std()) == pytest.approx((truth.other_mean, truth.other_deviation))
    assert (other - fsm).std() == pytest.approx(truth.gap_deviation)
    assert fsm[london].mean() - fsm[~london].mean() == pytest.approx(truth.london_fsm_effect, abs=0.3)
    assert everyone.mean() == pytest.approx(46.2, abs=0.3) and everyone.std() == pytest.approx(4.1, abs=0.3)
    assert np.corrcoef(everyone, other)[0, 1] == pytest.approx(0.96, abs=0.03)
    assert np.corrcoef(everyone, fsm)[0, 1] == pytest.approx(0.68, abs=0.06)


def test_the_published_scores_scatter_around_the_truth_by_chance_only():
    table = datajam.read(ROOT / next(iter(FILES)))
    known = attainment.authority_truth()
    last = table[(table["period_label"] == "202425") & (table["breakdown"] == "fsm_eligible") & (table["area_level"] == "la")]
    scores = last[last["indicator"] == "avg_att8"].set_index("area_code")
    codes = [place.code for place in places.authorities()]
    deviation = (scores["value"].reindex(codes).to_numpy() - known["fsm"]) * np.sqrt(
        scores["base"].reindex(codes).astype("float64").to_numpy()
    )
    deviation = deviation[~np.isnan(deviation)]
    assert deviation.std() == pytest.approx(attainment.TRUTH.pupil_spread, rel=0.15)
    assert abs(deviation.mean()) < 4 * attainment.TRUTH.pupil_spread / np.sqrt(len(deviation))


def test_wellbeing_has_the_published_means_deviations_and_correlations():
    table = datajam.read(ROOT / "starters/social_cohesion/data/sample/wellbeing_synthetic.csv")
    last = table[(table["area_level"] == "la") & (table["period_label"] == "2022-04-01/P1Y")]
    wide = last.pivot(index="area_code", columns="indicator", values="value")
    expected = {"satisfaction": (7.49, 0.25), "happiness": (7.42, 0.26), "worthwhile": (7.77, 0.25), "anxiety": (3.21, 0.40)}
    for name, (mean, deviation) in expected.items():
        assert (wide[name].mean(), wide[name].std()) == pytest.approx((mean, deviation), abs=0.04)
    assert wide["satisfaction"].corr(wide["happiness"]) == pytest.approx(0.67, abs=0.06)
    assert wide["satisfaction"].corr(wide["anxiety"]) == pytest.approx(-0.44, abs=0.06)
    half = ((last["upper_ci"] - last["lower_ci"]) / 2).groupby(last["indicator"]).median()
    assert half.between(0.34, 0.59).all()


def test_a_fifth_of_the_no_qualification_estimates_are_unreliable_and_keep_their_value():
    table = datajam.read(ROOT / "starters/skills/data/sample/qualifications_synthetic.csv")
    none = table[(table["indicator"] == "no_qualifications") & (table["area_level"] == "la")]
    unreliable = none[none["status"] == "unreliable"]
    assert len(unreliable) / len(none) == pytest.approx(0.21, abs=0.05) and unreliable["value"].notna().all()
