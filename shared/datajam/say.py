"""Findings in words: every sentence carries its uncertainty and its base, and says so when there is no figure.

Names of groups come from `GROUPS`; a group not listed there is named by its published label.
"""

from datajam import places
from datajam.estimates import Difference, Estimate, difference
from datajam.gaps import Gap

GROUPS = {
    "fsm_eligible": "pupils eligible for free school meals",
    "not_fsm": "other pupils",
    "disadvantaged": "disadvantaged pupils",
    "not_disadvantaged": "pupils not known to be disadvantaged",
    "all": "all pupils",
    "cla_12_months_at_31_march": "children looked after for 12 months",
    "cino_at_31_march": "children in need",
    "cppo_at_31_march": "children on a protection plan",
}


def group_name(breakdown: str) -> str:
    """A breakdown in words.

    >>> group_name("fsm_eligible"), group_name("sen_supp")
    ('pupils eligible for free school meals', 'sen supp')
    """
    return GROUPS.get(breakdown) or breakdown.replace("_", " ")


def capital(text: str) -> str:
    """The text with a capital first letter, the rest untouched."""
    return text[:1].upper() + text[1:]


def spoken(place: str) -> str:
    """A place's name as it stands in a sentence."""
    return places.find(place).spoken


def points(value: float, digits: int = 1) -> str:
    """A number of points, without a minus sign on zero.

    >>> points(-0.01), points(15.23)
    ('0.0', '15.2')
    """
    return f"{round(value, digits) + 0.0:.{digits}f}"


def with_interval(value: float, interval: tuple[float, float] | None) -> str:
    """A number with its 95% interval, or with the word that there is none."""
    if interval is None:
        return f"{points(value)} points (no interval: the number of pupils is not published)"
    return f"{points(value)} points (95% interval {points(interval[0])} to {points(interval[1])})"


def score(one: Estimate) -> str:
    """One group's average in a sentence."""
    where = f"In {spoken(one.place)} in {one.period}, {group_name(one.breakdown)}"
    if one.value is None:
        return f"{where} have no figure: {one.reason}."
    base = f", {one.base:,} pupils" if one.base else ", number of pupils not published"
    return f"{where} scored {with_interval(one.value, one.interval)} on average{base}."


def gap(one: Gap) -> str:
    """The gap in a sentence, either way round."""
    group, other = group_name(one.group.breakdown), group_name(one.other.breakdown)
    where = f"In {spoken(one.place)} in {one.period}"
    if one.value is None:
        return f"{where} there is no figure for the gap between {group} and {other}: {one.reason}."
    base = f"; {one.base:,} pupils" if one.base else ""
    if one.interval and one.interval[0] < 0 < one.interval[1]:
        return (
            f"{where}, {group} scored {points(abs(one.value))} points {_lower(one.value)} than {other}, but the 95% "
            f"interval ({points(one.interval[0])} to {points(one.interval[1])}) includes no gap at all{base}."
        )
    size, interval = abs(one.value), one.interval
    if interval and one.value < 0:
        interval = (-interval[1], -interval[0])
    return f"{where}, {group} scored {with_interval(size, interval)} {_lower(one.value)} than {other}{base}."


def _lower(value: float) -> str:
    return "lower" if value >= 0 else "higher"


def gap_title(one: Gap) -> str:
    """The gap as a chart's headline, ten words or fewer."""
    where = capital(spoken(one.place))
    if one.value is None:
        return f"{where} has no figure in {one.period}"
    if one.interval and one.interval[0] < 0 < one.interval[1]:
        return f"{where}: no clear gap in {one.period}"
    return f"{where}: a gap of {points(abs(one.value))} points in {one.period}"


def comparison(one: Gap, other: Gap) -> str:
    """One place's gap against another's, in a sentence that does not claim more than the interval allows."""
    between = difference(one, other)
    here, there = spoken(one.place), spoken(other.place)
    if between.value is None:
        missing = one if one.value is None else other
        return f"The gap in {here} cannot be compared with {there}: {spoken(missing.place)} has no figure, {missing.reason}."
    said = f"The gap in {here} is {points(abs(between.value))} points {'wider' if between.value >= 0 else 'narrower'}"
    if between.interval is None:
        return f"{said} than in {there}; no interval can be given."
    size = sorted(abs(end) for end in between.interval) if between.clear else between.interval
    ends = f"(95% interval {points(size[0])} to {points(size[1])})"
    if between.clear:
        return f"{said} than in {there} {ends}."
    return f"{said} than in {there}, which may be chance {ends}."


def comparison_title(one: Gap, other: Gap) -> str:
    """The comparison as a headline."""
    between, here, there = difference(one, other), capital(spoken(one.place)), spoken(other.place)
    if between.value is None:
        return f"{here} cannot be compared with {there}"
    if not between.clear:
        return f"{here}: no clear difference from {there}"
    return f"{here} has a {'wider' if between.value > 0 else 'narrower'} gap than {there}"


def change(gaps: list[Gap]) -> tuple[Difference, str]:
    """What happened from the first to the last period with a figure: (the difference, a sentence)."""
    known = [each for each in gaps if each.value is not None]
    where = spoken(gaps[0].place)
    if len(known) < 2:
        had = f"only {known[0].period}" if known else "no period"
        return Difference(None, None), f"There is no trend for {where}: the file has a figure for {had}."
    first, last = known[0], known[-1]
    moved = difference(last, first)
    lacking = [each.period for each in gaps if each.value is None]
    gone = f" There is no figure for {', '.join(lacking)}." if lacking else ""
    said = f"From {first.period} to {last.period} the gap in {where} {_grew(moved)} by {points(abs(moved.value))} points"
    if moved.interval is None:
        return moved, f"{said}; no interval can be given.{gone}"
    ends = f"(95% interval of the change {points(moved.interval[0])} to {points(moved.interval[1])})"
    return moved, f"{said} {ends}{'' if moved.clear else ', which may be chance'}.{gone}"


def _grew(moved: Difference) -> str:
    return "grew" if moved.value >= 0 else "shrank"


def change_title(gaps: list[Gap]) -> str:
    """The trend as a headline."""
    moved, _ = change(gaps)
    where = capital(spoken(gaps[0].place))
    if moved.value is None:
        return f"{where}: no trend to show"
    first = next(each for each in gaps if each.value is not None)
    return f"{where}: the gap {_grew(moved) if moved.clear else 'has not clearly changed'} since {first.period}"


def coverage(gaps: list[Gap]) -> str:
    """What the file does not give, place by place; that nothing is missing, where nothing is."""
    notes = []
    for each in gaps:
        if each.value is None:
            notes.append(f"{capital(spoken(each.place))} has no figure: {each.reason}.")
        elif each.group.how.startswith("not in"):
            notes.append(f"{capital(spoken(each.place))} is {each.group.how}.")
    return " ".join(notes) or "The file gives a figure for every place compared here."


def may_say(here: Gap, wider: list[Gap], over_time: list[Gap]) -> str:
    """The sentences the figures allow, as a Markdown list."""
    lines = [gap(here), *(comparison(here, each) for each in wider), change(over_time)[1]]
    return "\n".join(f"- {line}" for line in lines)


def may_not_say(here: Gap, wider: list[Gap]) -> str:
    """The sentences people will be tempted by and the figures do not allow, as a Markdown list."""
    group = group_name(here.group.breakdown)
    unclear = [spoken(each.place) for each in wider if each.value is not None and not difference(here, each).clear]
    lines = [
        f"That any one of the {group} will do worse: these are averages, and the groups overlap widely.",
        "That schools here cause the gap: nothing in these figures separates schools from what pupils bring with them.",
        "That a place's rank means much: neighbours in a ranking usually differ by less than chance.",
    ]
    if here.value is None:
        lines.insert(0, f"Anything about the gap in {spoken(here.place)}: there is no figure, which is not a gap of zero.")
    elif unclear:
        lines.insert(0, f"That {spoken(here.place)} is better or worse than {' or '.join(unclear)}: chance can explain it.")
    return "\n".join(f"- {line}" for line in lines)
