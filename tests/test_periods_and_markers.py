"""Time labels and markers: read as published, or refused; never guessed."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datajam.vocabulary import markers, periods


@pytest.mark.parametrize(
    ("label", "identifier", "start", "end"),
    [
        ("202425", "Academic year", "2024-09-01", "2025-08-31"),
        ("202425", "", "2024-09-01", "2025-08-31"),
        ("2024/25", "", "2024-09-01", "2025-08-31"),
        ("2020-21", "", "2020-09-01", "2021-08-31"),
        ("2016-17 (OT)", "", "2016-09-01", "2017-08-31"),
        ("201819", "Financial year", "2018-04-01", "2019-03-31"),
        ("201819", "Tax year", "2018-04-06", "2019-04-05"),
        ("201819", "Financial year Q3", "2018-10-01", "2018-12-31"),
        ("199900", "Academic year", "1999-09-01", "2000-08-31"),
        ("202425", "Autumn term", "2024-09-01", "2024-12-31"),
        ("202425", "Spring term", "2025-01-01", "2025-04-15"),
        ("2018", "Calendar year", "2018-01-01", "2018-12-31"),
        ("2018 (Rev)", "", "2018-01-01", "2018-12-31"),
        ("2025 (prov)", "", "2025-01-01", "2025-12-31"),
        ("2025", "Reporting year", "2025-01-01", "2025-12-31"),
        ("2025", "Week 30", "2025-07-21", "2025-07-27"),
        ("2019", "January", "2019-01-01", "2019-01-31"),
        ("2017/18-19/20", "", "2017-09-01", "2020-08-31"),
        ("2024-09-01/P1Y", "", "2024-09-01", "2025-08-31"),
        ("2014-04-01/P3Y", "", "2014-04-01", "2017-03-31"),
        ("2025-04-30", "", "2025-04-30", "2025-04-30"),
        ("Jan 2021-Dec 2021", "", "2021-01-01", "2021-12-31"),
        ("Oct 22", "", "2022-10-01", "2022-10-31"),
        ("Oct-22", "", "2022-10-01", "2022-10-31"),
        ("201809", "", "2018-09-01", "2018-09-30"),
        ("04/2020-03/2021", "", "2020-04-01", "2021-03-31"),
        ("04/2020 - 12/2020", "", "2020-04-01", "2020-12-31"),
        ("2017-2019", "", "2017-01-01", "2019-12-31"),
        ("2021 Provisional", "", "2021-01-01", "2021-12-31"),
    ],
)
def test_every_label_seen_in_published_files_is_read(label, identifier, start, end):
    period = periods.parse(label, identifier)
    assert (period.start.isoformat(), period.end.isoformat()) == (start, end)


NO_PERIODS = [
    "",
    "soon",
    "20245",
    "2024/27",
    "2024-13-01",
    "Foo 22",
    "9999999",
    "2025-02-30/P1Y",
    "Jan 2021-Bec 2021",
    "Dec 2021-Jan 2021",
]


@pytest.mark.parametrize("label", NO_PERIODS)
def test_what_is_no_period_is_refused_with_an_example(label):
    with pytest.raises(periods.UnknownPeriod, match="2024/25"):
        periods.parse(label)


@given(st.text(max_size=25), st.sampled_from(["", "Academic year", "Week 60", "Financial year Q9", "Month 3"]))
def test_any_label_is_a_span_that_ends_after_it_starts_or_a_clear_error(label, identifier):
    try:
        period = periods.parse(label, identifier)
    except periods.UnknownPeriod:
        return
    assert dt.date(1, 1, 1) <= period.start <= period.end


@pytest.mark.parametrize(
    "text",
    [
        "nan",
        "inf",
        "-inf",
        "NaN",
        "1e999",
        "0x10",
        "1_000",
        "",
        " ",
        "1,2",
        "12,34",
        "--1",
        "1.2.3",
        "E06",
        ".e5",
        ".",
        "+",
        "%",
        "١٢",
    ],
)
def test_texts_that_only_look_like_numbers_are_not_numbers(text):
    assert markers.number(text) is None


@pytest.mark.parametrize(
    ("text", "value"), [("1,234.5", 1234.5), (" \t67.1 ", 67.1), ("43%", 43), ("-0.0", 0), ("1e3", 1000), (".5", 0.5)]
)
def test_published_numbers_are_numbers(text, value):
    assert markers.number(text) == value


def test_the_same_symbol_means_what_its_source_says():
    assert markers.read("~", markers.DFE_EES)[1] == "suppressed"
    assert markers.read("~", markers.NOMIS_APS)[1] == "low"
    assert markers.read("-", markers.NOMIS_APS)[1] == "not_available"


@given(st.floats(allow_nan=False, allow_infinity=False, width=32))
def test_every_decimal_survives(value):
    assert markers.number(repr(value)) == value
