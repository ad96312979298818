"""Charts of one number in many places: everything drawn is said, and what is missing is named."""

import pytest

from datajam.analyse.estimates import Estimate
from datajam.errors import DataJamError
from datajam.say import charts
from datajam.vocabulary import places

WORDS = {"name": "a", "label": "the share helped", "source": "made up", "unit": "percent"}


def one(place: str, value: float | None, error: float | None = 1.0) -> Estimate:
    status = "ok" if value is not None else "suppressed"
    return Estimate(place, "all", "2025", value, 100, status, "", error if value is not None else None, unit="percent")


def every(count: int, missing: int = 0) -> list[Estimate]:
    names = [place.name for place in places.authorities()][: count + missing]
    return [one(name, None) for name in names[:missing]] + [one(name, float(n)) for n, name in enumerate(names[missing:])]


@pytest.mark.parametrize("count", [12, 150])
def test_a_caterpillar_says_its_ends_and_the_place_and_names_what_is_missing(count):
    found = every(count, missing=2)
    chart = charts.caterpillar(found, found[5], title="The share helped", **WORDS)
    assert f"in {count} authorities" in chart.alt and f"from 0.0% in {found[2].place} to {count - 1:.1f}%" in chart.alt
    assert chart.alt.endswith(f"{found[5].place}: 3.0%.") and len(chart.data) == count + 2
    assert found[0].place in "".join(text.get_text() for text in chart.figure.texts)


def test_many_places_stand_side_by_side_and_few_are_named_in_rows():
    few, many = (charts.caterpillar(every(n), every(n)[3], title="The share", **WORDS) for n in (12, 150))
    assert few.figure.axes[0].get_yticklabels()[3].get_text() == every(12)[3].place
    assert not many.figure.axes[0].get_xticklabels() and "150 authorities" in many.figure.axes[0].get_xlabel()
    assert many.figure.get_size_inches()[1] < 6


def test_a_region_is_a_line_across_its_authorities():
    chart = charts.caterpillar(every(12), one("North East", 4.0), title="The share", wider=one("England", 6.0), **WORDS)
    assert [text.get_text() for text in chart.figure.axes[0].texts] == ["North East", "England"]


def test_without_any_figure_it_says_so_and_is_not_empty():
    found = every(0, missing=12)
    chart = charts.caterpillar(found, found[0], title="No figure", **WORDS)
    assert "no figure for any" in chart.alt and "no figure" in chart.figure.axes[0].texts[0].get_text()


def test_dots_without_intervals_say_there_are_none():
    chart = charts.dots([one("Leeds", 4.0, None)], name="a", title="One", label="the share helped", source="made up")
    assert "without intervals" in chart.alt and "No interval" in "".join(text.get_text() for text in chart.figure.texts)


def test_dots_of_indicators_are_named_by_them_and_a_mark_is_drawn():
    from dataclasses import replace

    two = [replace(one("Leeds", 4.0), indicator="nurses"), replace(one("Leeds", None), indicator="actors")]
    chart = charts.dots(two, name="a", title="Two", label="times England's", source="made up", rows="indicator", mark=1)
    assert [text.get_text() for text in chart.figure.axes[0].get_yticklabels()] == ["Nurses", "Actors"]
    assert "Actors no figure" in chart.alt


@pytest.mark.parametrize(
    ("change", "said"),
    [({"title": "one two three four five six seven eight nine ten eleven"}, "ten words"), ({"name": "A b"}, "small letters")],
)
def test_a_long_title_or_a_name_that_is_no_slug_is_refused(change, said):
    with pytest.raises(DataJamError, match=said):
        charts.caterpillar(every(12), every(12)[0], **{**WORDS, "title": "A", **change})
