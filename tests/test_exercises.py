"""What an exercise says of a right, a wrong and a missing answer, and that nothing a participant types stops Run All."""

import numpy as np
import pandas as pd
import pytest

from datajam_teach import check, show, truth


class Strange:
    """An object that fails when it is looked at."""

    def __eq__(self, other):
        raise RuntimeError("no")

    def __str__(self):
        raise RuntimeError("no")


@pytest.mark.parametrize(
    ("answer", "right", "said"),
    [
        (..., 3, "Not done yet"),
        (None, "a", "Not done yet"),
        (3.005, 3, "Correct: 3.005."),
        (np.float64(3.0), 3, "Correct"),
        (3.5, 3, "Not quite: 3.5 is not it."),
        (float("nan"), 3, "not a number (NaN)"),
        ("3", 3, "a number was expected, this is text"),
        (True, 1, "a number was expected, this is True or False"),
        (" Leeds ", "leeds", "Correct"),
        ("Hull", "Leeds", "Not quite: Hull is not it."),
        (False, True, "Not quite"),
        (np.bool_(True), True, "Correct"),
        (["b", "a"], ["a", "b"], "Correct"),
        (np.array([1.0, 2.0]), [1, 2], "Correct"),
        (["a"], ["a", "b"], "Not quite"),
        (["a", "a"], ["a", "b"], "Not quite"),
        (pd.Series(["a", "b"]), {"a", "b"}, "Correct"),
        (ValueError("oh"), 3, "your answer is an error (ValueError: oh)"),
        (Strange(), 3, "a number was expected, this is something else"),
        (Strange(), Strange, "cannot be read (RuntimeError)"),
        (lambda: 3, 3, "something else"),
        ("x" * 500, "y", "…"),
    ],
)
def test_an_answer_is_told_in_a_sentence_and_never_raises(capsys, answer, right, said):
    check(answer, right)
    out = capsys.readouterr().out
    assert said in out and out.count("\n") == 1


def test_a_common_mistake_is_told_by_name_and_the_hint_follows(capsys):
    check(68.1, 64.0, within=0.2, hint="use the weights", wrong={68.1: "this is the raw share"})
    assert capsys.readouterr().out == "Not quite: this is the raw share. Hint: use the weights.\n"


def test_the_truth_is_asserted_for_the_shipped_seed_alone_and_only_when_strict(capsys):
    truth({"share": (64.0, 64.5, 1.0)}, seed=7, shipped=7)
    assert "within 1.000: yes" in capsys.readouterr().out
    with pytest.raises(AssertionError, match="share"):
        truth({"share": (60.0, 64.5, 1.0)}, seed=7, shipped=7)
    truth({"share": (60.0, 64.5, 1.0)}, seed=8, shipped=7)
    truth({"share": (60.0, 64.5, 1.0)}, strict=False, seed=7, shipped=7)
    assert "chance puts an estimate outside" in capsys.readouterr().out


def test_a_truth_that_is_not_a_number_is_not_recovered():
    with pytest.raises(AssertionError):
        truth({"share": (float("nan"), 64.5, 1.0)})


def test_a_table_is_shown_rounded_with_its_index_where_that_has_a_name_and_cut_when_long(capsys):
    show(pd.DataFrame({"share": [1 / 3] * 12}, index=pd.Index(range(12), name="ward")), digits=3)
    out = capsys.readouterr().out
    assert "0.333" in out and out.splitlines()[0].split() == ["ward", "share"] and "and 2 rows more" in out
