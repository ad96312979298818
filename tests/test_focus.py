"""Where to look first: the order, what is clear, and what is said where there is nothing."""

import numpy as np
import pytest
from statsmodels.stats.multitest import multipletests

from datajam.analyse import focus
from datajam.analyse.estimates import Estimate
from datajam.errors import DataJamError
from datajam.say import charts


def made(value: float | None, error: float | None = 0.3, place: str = "Leeds") -> Estimate:
    status = "ok" if value is not None else "suppressed"
    return Estimate(place, "all", "2025", value, 500, status, "made up", error if value is not None else None, unit="percent")


def looked(name: str, here: float | None, other: float | None, worse: int = 1, error: float = 0.3) -> focus.Looked:
    every = [made(each) for each in (3.0, 4.0, 5.0, 6.0)]
    return focus.Looked(name, worse, made(here, error), made(other, error, "the places most like it"), every)


def test_worst_comes_first_whichever_way_worse_is_and_missing_comes_last():
    table = focus.compare([looked("a", None, 4.0), looked("b", 4.0, 6.0), looked("c", 3.0, 6.0, worse=-1), looked("d", 6.0, 5.0)])
    assert list(table["name"]) == ["c", "d", "b", "a"]
    assert table["standardised"].iloc[0] == pytest.approx(3.0 / np.std([3, 4, 5, 6], ddof=1))


def test_clear_allows_for_how_many_were_looked_at():
    differences = [0.95, 0.9, 0.86, 0.2, 0.1, 0.05, 0.3, 0.4]
    table = focus.compare([looked(f"n{number}", 5 + gap, 5.0) for number, gap in enumerate(differences)])
    from scipy.stats import norm

    p = 2 * norm.sf(np.array(differences) / (0.3 * 2**0.5))
    wanted = dict(zip([f"n{number}" for number in range(8)], multipletests(p, 0.05, "fdr_bh")[0], strict=True))
    assert dict(zip(table["name"], table["clear"], strict=True)) == wanted
    assert (p < 0.05).sum() > sum(wanted.values())


def test_the_sentences_name_what_is_worse_better_alike_and_missing():
    table = focus.compare(
        [looked("NEET", 8.0, 4.0), looked("absence", 3.0, 6.0), looked("exclusions", 4.1, 4.0), looked("level 3", None, 4.0)]
    )
    said = focus.sentences(table, "Leeds", "the places most like it")
    assert said[0] == "Look first at NEET: worse in Leeds than in the places most like it by more than chance."
    assert said[1] == "Clearly better in Leeds than in the places most like it: absence."
    assert said[2] == "Not to be told apart from the places most like it: exclusions."
    assert said[3] == "No comparison of level 3: suppressed by the publisher because few people are counted."
    assert focus.title(table, "Leeds") == "Leeds: 1 of 4 clearly worse"


def test_where_nothing_can_be_compared_it_says_so_and_the_chart_shows_the_reasons():
    table = focus.compare([looked("NEET", None, 4.0), looked("absence", None, 4.0)])
    assert focus.title(table, "City of London") == "The City of London: nothing to compare"
    chart = charts.standardised(table, name="x", title="Nothing", place="City of London", other="England", source="made up")
    assert "no figure" in chart.alt and "nan" not in chart.alt and "suppressed" in chart.csv()


@pytest.mark.parametrize("wrong", [[], [looked("a", 1.0, 2.0, worse=0)]])
def test_nothing_to_look_at_or_no_direction_is_refused(wrong):
    with pytest.raises(DataJamError, match="worse=1"):
        focus.compare(wrong)
