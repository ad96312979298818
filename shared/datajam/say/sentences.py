"""Findings in words: every sentence carries its uncertainty and its base, and says so when there is no figure.

Names of groups come from `GROUPS`; a group not listed there is named by its published label.
"""

from datajam.analyse.estimates import Difference, Estimate, difference
from datajam.analyse.gaps import Gap
from datajam.vocabulary import places
from datajam.vocabulary.places import spoken

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
_NO_INTERVAL = "(no interval: the number of pupils is not published)"


def group_name(breakdown: str) -> str:
    """A breakdown in words.

    >>> group_name("fsm_eligible"), group_name("sen_supp")
    ('pupils eligible for free school meals', 'sen supp')
    """
    return GROUPS.get(breakdown) or breakdown.replace("_", " ")


def capital(text: str) -> str:
    """The text with a capital first letter, the rest untouched."""
    return text[:1].upper() + text[1:]


def points(value: float, digits: int = 1) -> str:
    """A number of points, without a minus sign on zero.

    >>> points(-0.01), points(15.23)
    ('0.0', '15.2')
    """
    return f"{round(value, digits) + 0.0:.{digits}f}"


def with_interval(value: float, interval: tuple[float, float] | None) -> str:
    """A number with its 95% interval, or with the word that there is none."""
    if interval is None:
        return f"{points(value)} points {_NO_INTERVAL}"
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
    ends = f"(95% interval {points(interval[0])} to {points(interval[1])})" if interval else _NO_INTERVAL
    return f"{where}, {group} scored {points(size)} points {_lower(one.value)} than {other} {ends}{base}."


def _lower(value: float) -> str:
    return "lower" if value >= 0 else "higher"


def gap_title(one: Gap) -> str:
    """The gap as a chart's headline, ten words or fewer."""
    where = capital(spoken(one.place))
    if one.value is None:
        return f"{where} has no figure in {one.period}"
    if one.interval and one.interval[0] < 0 < one.interval[1]:
        return f"{where}: no clear gap in {one.period}"
    return f"{where}: {points(abs(one.value))}-point gap in {one.period}"


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
    return f"{where}: {f'the gap {_grew(moved)}' if moved.clear else 'no clear change'} since {first.period}"


_SHORT = {
    "suppressed": "Suppressed",
    "low": "Too low to give",
    "not_applicable": "Not applicable",
    "not_available": "Not available",
    "absent": "Not in the file",
}


def without_figure(gaps: list[Gap], most: int = 4) -> str:
    """The places without a figure, by reason: 'Suppressed: Rutland. Not in the file: Cumberland'; empty where none is."""
    by_reason: dict[str, list[str]] = {}
    for each in gaps:
        if each.value is None:
            by_reason.setdefault(_SHORT.get(each.status, "No figure"), []).append(each.place)
    more = {reason: f" and {len(names) - most} more" if len(names) > most else "" for reason, names in by_reason.items()}
    return ". ".join(f"{reason}: {', '.join(names[:most])}{more[reason]}" for reason, names in by_reason.items())


def rank(gaps: list[Gap], here: Gap) -> str:
    """Where a place stands among authorities, with how many of them it can be told apart from.

    For a region or England, which are not in the ranking, the range of their authorities.
    """
    known = [each for each in gaps if each.value is not None]
    lacking = f" {without_figure(gaps, most=40)}." if any(each.value is None for each in gaps) else ""
    if not known:
        return f"The file has no figure for any of these authorities.{lacking}"
    ends = (
        f"The gap runs from {points(known[0].value)} points in {spoken(known[0].place)} to {points(known[-1].value)} in "
        f"{spoken(known[-1].place)}, over {len(known)} authorities."
    )
    others = [each for each in known if each.place != here.place]
    if here.value is None:
        return f"{ends} {capital(spoken(here.place))} has no figure: {here.reason}.{lacking}"
    apart = [each for each in others if difference(here, each).clear]
    return f"{ends} {capital(spoken(here.place))} differs from {len(apart)} of {len(others)} by more than chance.{lacking}"


def rank_title(gaps: list[Gap], here: Gap) -> str:
    """The ranking as a headline."""
    others = [each for each in gaps if each.value is not None and each.place != here.place]
    if here.value is None or not others:
        return f"{capital(spoken(here.place))} has no figure to compare"
    apart = sum(difference(here, each).clear for each in others)
    title = f"{capital(spoken(here.place))}: differs from {apart} of {len(others)}"
    return f"{title} authorities" if len(title.split()) < 10 else title


def cells_with_a_number(holdings, place: str) -> str:
    """How much of what a file holds about a place is numbers, in a sentence (from `estimates.holdings`)."""
    cells = int(holdings.to_numpy().sum())
    known = int(holdings["ok"].sum()) if "ok" in holdings else 0
    if not cells:
        return f"The file has no row for {spoken(place)}."
    return f"{known:,} of the {cells:,} cells about {spoken(place)} hold a number; the others say why not."


def from_to(gaps: list[Gap]) -> str:
    """The first and last period with a figure, as a label's end; nothing where there are not two."""
    known = [each.period for each in gaps if each.value is not None]
    return f", {known[0]} to {known[-1]}" if len(known) > 1 else ""


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


_UNITS = {
    "percent": "{}%",
    "mean_0_10": "{} out of 10",
    "score": "{} points",
    "gbp_week": "£{} a week",
    "gbp_year": "£{}",
    "rate_per_100k": "{} per 100,000",
    "percentage points": "{} percentage points",
    "times": "{} times",
}
_DIGITS = {"mean_0_10": 2, "gbp_week": 0, "gbp_year": 0, "count": 0}


def amount(value: float, unit: str) -> str:
    """A number with its unit, rounded as the unit is published.

    >>> amount(7.2345, "mean_0_10"), amount(6.25, "percent"), amount(-0.001, "score")
    ('7.23 out of 10', '6.2%', '0.0 points')
    """
    digits = _DIGITS.get(unit, 1)
    return _UNITS.get(unit, "{}").format(f"{round(value, digits) + 0.0:,.{digits}f}")


def apart(value: float, unit: str) -> str:
    """The size of a difference with its unit: two percentages differ by percentage points.

    >>> apart(-7.68, "percent"), apart(0.3, "mean_0_10")
    ('7.7 percentage points', '0.30 points')
    """
    named = {"percent": "percentage points", "mean_0_10": "points"}.get(unit)
    return f"{abs(round(value, _DIGITS.get(unit, 1))):.{_DIGITS.get(unit, 1)}f} {named}" if named else amount(abs(value), unit)


def about(one: Estimate, label: str, base_of: str = "asked") -> str:
    """An estimate in a sentence, with its interval, its base where there is one, or why there is no figure."""
    where = f"In {spoken(one.place)} in {one.period}"
    if one.value is None:
        return f"{where} there is no figure for {label}: {one.reason}."
    ends = f" (95% interval {_ends(one.interval, one.unit)})" if one.interval else " (no interval is published)"
    base = f", {one.base:,} {base_of}" if one.base else ""
    doubt = " The publisher calls this estimate unreliable." if one.status == "unreliable" else ""
    return f"{where}, {label} was {amount(one.value, one.unit)}{ends}{base}.{doubt}"


def _ends(interval: tuple[float, float], unit: str) -> str:
    digits = _DIGITS.get(unit, 1)
    return " to ".join(f"{round(end, digits) + 0.0:,.{digits}f}" for end in interval)


def against(one: Estimate, other: Estimate, label: str) -> str:
    """Two places' estimates compared in a sentence that does not claim more than the interval allows."""
    between = difference(one, other)
    here, there = spoken(one.place), spoken(other.place)
    if between.value is None:
        missing = one if one.value is None else other
        return f"{capital(label)} in {here} cannot be compared with {there}: {spoken(missing.place)} has no figure."
    way = "higher" if between.value >= 0 else "lower"
    said = f"{capital(label)} in {here} is {apart(between.value, one.unit)} {way} than in {there}"
    if between.interval is None:
        return f"{said}; no interval can be given."
    size = between.interval if not between.clear else tuple(sorted(abs(end) for end in between.interval))
    ends = f"(95% interval {_ends(size, one.unit)})"
    return f"{said} {ends}." if between.clear else f"{said}, which may be chance {ends}."


def against_title(one: Estimate, other: Estimate) -> str:
    """The comparison as a headline."""
    between, here, there = difference(one, other), capital(spoken(one.place)), spoken(other.place)
    if between.value is None:
        return f"{here} has no figure in {one.period}"
    if not between.clear:
        return f"{here}: no clear difference from {there}"
    return f"{here} is {'above' if between.value > 0 else 'below'} {there}"


def unit_words(unit: str) -> str:
    """A unit as recorded beside a number.

    >>> unit_words("mean_0_10"), unit_words("percent")
    ('out of 10', 'percent')
    """
    return unit if unit in ("percent", "gbp_week", "gbp_year") else _UNITS.get(unit, "{}").replace("{}", "").strip()


def digits(unit: str) -> int:
    """How many decimals a unit is shown with."""
    return _DIGITS.get(unit, 1)


def over_time(series: list[Estimate], label: str) -> str:
    """What happened from the first to the last period with a figure, in a sentence."""
    known = [each for each in series if each.value is not None]
    where = spoken(series[0].place)
    if len(known) < 2:
        return f"There is no trend of {label} for {where}: the file has a figure for {len(known)} of {len(series)} periods."
    moved = difference(known[-1], known[0])
    way = "rose" if moved.value >= 0 else "fell"
    said = f"From {known[0].period} to {known[-1].period} {label} in {where} {way} by {apart(moved.value, known[0].unit)}"
    if moved.interval is None:
        return f"{said}; no interval can be given."
    ends = f"(95% interval of the change {_ends(moved.interval, known[0].unit)})"
    return f"{said} {ends}{'' if moved.clear else ', which may be chance'}."


def over_time_title(series: list[Estimate]) -> str:
    """The periods compared, as a headline."""
    known = [each for each in series if each.value is not None]
    where = capital(spoken(series[0].place))
    if len(known) < 2:
        return f"{where}: no trend to show"
    moved = difference(known[-1], known[0])
    if not moved.clear:
        return f"{where}: no clear change since {known[0].period}"
    return f"{where}: {'up' if moved.value > 0 else 'down'} since {known[0].period}"


def allowed(around: list[Estimate], series: list[Estimate], label: str) -> list[str]:
    """The sentences the figures allow."""
    here = around[0]
    return [about(here, label), *(against(here, each, label) for each in around[1:]), over_time(series, label)]


def not_allowed(around: list[Estimate], label: str) -> list[str]:
    """The sentences people will be tempted by and the figures do not allow."""
    here = around[0]
    unclear = [spoken(each.place) for each in around[1:] if each.value is not None and not difference(here, each).clear]
    lines = [
        f"That the place causes {label}: who lives somewhere differs from place to place, and nothing here separates the two.",
        f"That everybody in {spoken(here.place)} is like the average: people within a place differ far more than places do.",
        "That the order of places in a league table means much: the intervals of neighbours overlap.",
    ]
    if here.value is None:
        lines.insert(0, f"Anything about {label} in {spoken(here.place)}: there is no figure, which is not zero.")
    elif unclear:
        lines.insert(0, f"That {spoken(here.place)} differs from {' or '.join(unclear)}: chance can explain it.")
    return lines


def published(place: str, *measures: str) -> str:
    """The real published figures of a place's region and of England, latest year, as a Markdown table with their source.

    >>> print(published("Durham", "attainment8_fsm_eligible").splitlines()[2])
    | Average Attainment 8 score, pupils eligible for free school meals | 2024/25 | 33.8 points | 35.0 points | DfE LAIT |
    """
    from datajam.vocabulary import reference

    region = next((each for each in (places.find(place), *places.find(place).comparators) if each.level == "region"), None)
    wider = [region, places.by_code()[places.ENGLAND]] if region else [places.by_code()[places.ENGLAND]]
    lines = [" | ".join(["", "published figure", "period", *(each.name for each in wider), "source", ""]).strip()]
    lines.append("|" + "---|" * (len(wider) + 3))
    for measure in measures:
        figures = reference.figures(measure)
        latest = figures[figures["period_end"] == figures["period_end"].max()].set_index("area_code")
        cells = [
            amount(latest["value"][each.code], latest["unit"][each.code]) if each.code in latest.index else "no figure"
            for each in wider
        ]
        row = [reference.measures()[measure], latest["period_label"].iloc[0], *cells]
        lines.append(f"| {' | '.join([*row, _source_name(latest['source'].iloc[0])])} |")
    return "\n".join(lines)


def _source_name(source: str) -> str:
    """The publisher and table of a reference figure, without the name of a file."""
    known = ("DfE LAIT", "DfE NEET", "ONS Explore Local Statistics")
    return next((name for name in known if source.startswith(name)), source)
