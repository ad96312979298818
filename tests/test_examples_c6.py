"""Forty indicators: the correction is the one worked by hand, the trap traps, and the shipped seed recovers the truth."""

import numpy as np
import pandas as pd
import pytest
from statsmodels.stats.multitest import multipletests

from datajam_teach.examples import c6


def by_hand(p: np.ndarray, level: float) -> np.ndarray:
    """Benjamini and Hochberg (1995): keep all up to the last p-value at or below its rank times level over how many."""
    order = np.argsort(p)
    below = np.flatnonzero(p[order] <= level * np.arange(1, len(p) + 1) / len(p))
    kept = np.zeros(len(p), dtype=bool)
    kept[order[: below[-1] + 1 if len(below) else 0]] = True
    return kept


def test_what_is_kept_is_what_the_rule_keeps_by_hand():
    for seed in range(30):
        p = c6.with_tests(c6.make(seed))["p"].to_numpy()
        assert (multipletests(p, 0.05, "fdr_bh")[0] == by_hand(p, 0.05)).all()


def test_the_p_values_are_those_of_the_score_test_of_a_proportion():
    from statsmodels.stats.proportion import proportions_ztest

    table = c6.with_tests(c6.make())
    row = table.iloc[3]
    share = row["england"] / 100
    _, p = proportions_ztest(row["here"] * row["asked"] / 100, row["asked"], share, prop_var=share)
    assert row["p"] == pytest.approx(p)


def test_the_trap_gives_false_alarms_and_the_cure_keeps_most_of_the_five():
    found = pd.DataFrame([c6.simulate(seed) for seed in range(60)])
    means = found.mean()
    assert 1.2 < means["false at p below 0.05"] < 2.2 and means["false after"] < 0.6 and means["true after"] > 4.0


def test_the_shipped_seed_is_within_the_tolerance():
    found = c6.simulate(c6.SEED)
    assert all(abs(found[name] - planted) <= within for name, (planted, within) in c6.TOLERANCE.items())
