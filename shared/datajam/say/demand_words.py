"""What adverts beside qualifications allow one to say, and what not: sentences and headlines for `demand`."""

import pandas as pd

from datajam.analyse import estimates
from datajam.analyse.demand import ASKED, HELD
from datajam.analyse.estimates import Estimate, Z
from datajam.vocabulary import places


def about(rows: pd.DataFrame) -> str:
    """What a place's quotients (from `quotients`) say: clearly more than England, clearly fewer, cannot tell, no figure."""
    where, period = places.find(rows["place"].iloc[0]), rows["period"].iloc[0]
    start = f"In {where.spoken} in {period}"
    if rows["all_adverts"].isna().all():
        areas = rows.attrs.get("areas", "")
        return f"{start} there is no figure: {rows['note'].iloc[0]}." + (f" The file is about {areas}." if areas else "")
    said = f"{start}, {rows['all_adverts'].iloc[0]:,} adverts"
    if where.level == "country":
        return f"{said} in {len(rows)} professions. England is what other places are compared with: its quotients are all 1."
    known = rows[rows["note"] != ""].groupby("note", sort=False)["profession"].agg(list)
    more, fewer, unclear = _more(rows), _fewer(rows), rows[rows["quotient"].notna() & ~rows["clear"]]
    parts = [
        f"{said}: compared with England, clearly more of them were for {_listed(more)}" if len(more) else "",
        f"{'C' if len(more) else f'{said}: compared with England, c'}learly fewer were for {_listed(fewer)}" if len(fewer) else "",
        "" if len(more) or len(fewer) else f"{said}: for no profession is the share clearly unlike England's",
        f"Chance can explain the difference for {_names(list(unclear['profession']))}" if len(unclear) else "",
        *(f"No figure for {_names(names)}: {note}" for note, names in known.items()),
    ]
    return " ".join(f"{part}." for part in parts if part)


def _more(rows: pd.DataFrame) -> pd.DataFrame:
    return rows[rows["clear"] & (rows["lower"] > 1)].sort_values("quotient", ascending=False, kind="stable")


def _fewer(rows: pd.DataFrame) -> pd.DataFrame:
    return rows[rows["clear"] & (rows["upper"] < 1)].sort_values("upper", kind="stable")


def _listed(rows: pd.DataFrame, most: int = 5) -> str:
    """Professions with their quotients: 'teachers (1.40 times, 95% interval 1.20 to 1.60)'."""
    texts = [
        f"{row.profession} (hidden, at most {_end(row.upper)} times)"
        if pd.isna(row.quotient)
        else f"{row.profession} ({row.quotient:.2f} times, 95% interval {_end(row.lower)} to {_end(row.upper)})"
        for row in rows.itertuples()
    ]
    return _names(texts, most)


def _end(value: float) -> str:
    """An end of an interval to two decimals, or as many as keep one that leaves out 1 from being rounded to it.

    >>> _end(0.8812), _end(0.9997)
    ('0.88', '0.9997')
    """
    texts = [f"{value:.{digits}f}" for digits in range(2, 8)]
    return next((text for text in texts if float(text) != 1), texts[0])


def _names(names: list[str], most: int = 12) -> str:
    """Names in a row: 'a', 'a and b', 'a, b and 3 more'."""
    shown = names[:most] + ([f"{len(names) - most} more"] if len(names) > most else [])
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"


def for_chart(rows: pd.DataFrame) -> list[Estimate]:
    """A place's quotients as estimates for `charts.dots`, largest first, each under its profession's name; hidden ones last."""
    found = rows.sort_values("quotient", ascending=False, na_position="last", kind="stable")
    return [
        Estimate(row.place, row.breakdown, row.period, None, None, "hidden", row.note, **_as(row))
        if pd.isna(row.quotient)
        else Estimate(
            row.place, row.breakdown, row.period, row.quotient, int(row.adverts), "ok", "location quotient",
            (row.upper - row.lower) / (2 * Z) if pd.notna(row.lower) else None,
            (row.lower, row.upper) if pd.notna(row.lower) else None, **_as(row),
        )
        for row in found.itertuples()
    ]  # fmt: skip


def _as(row) -> dict[str, str]:
    return {"indicator": row.profession, "unit": "times"}


def title(rows: pd.DataFrame) -> str:
    """A place's quotients as a chart's headline, ten words or fewer."""
    where = places.find(rows["place"].iloc[0])
    if rows["all_adverts"].isna().all():
        return f"{where.opening} has no figure, {rows['period'].iloc[0]}"
    if where.level == "country":
        return "England: what other places are compared with"
    more, fewer = _more(rows), _fewer(rows)
    for found, way in ((more, "towards"), (fewer, "away from")):
        text = f"{where.opening}: adverts lean {way} {found['profession'].iloc[0]}" if len(found) else ""
        if 0 < len(text.split()) <= 10:
            return text
    count = len(more) + len(fewer)
    return f"{where.opening}: {count or 'no'} profession{'s' * (count > 1)} clearly unlike England"


def about_excess(one: Estimate, asked: str = ASKED, held: str = HELD) -> str:
    """The excess in a sentence, with its interval and base, or why there is none."""
    where = f"In {places.spoken(one.place)} in {one.period}"
    if one.value is None:
        return f"{where} the share of {asked} cannot be set beside the share of {held}: {one.reason}."
    side = "above" if one.value >= 0 else "below"
    said = f"{where}, the share of {asked} was {abs(one.value):.1f} percentage points {side} the share of {held}"
    ends = f"95% interval {one.interval[0]:.1f} to {one.interval[1]:.1f}" if one.interval else "no interval is published"
    doubt = ", which chance can explain" if one.interval and one.interval[0] <= 0 <= one.interval[1] else ""
    base = f"; {one.base:,} adverts; {one.how}" if one.base else f"; {one.how}"
    unsure = " The publisher calls its estimate of adults unreliable." if one.status == "unreliable" else ""
    return f"{said} ({ends}{base}){doubt}.{unsure}"


def beside(one: Estimate, other: Estimate) -> str:
    """The excess of two places compared, in a sentence that does not claim more than the interval allows."""
    between, here, there = estimates.difference(one, other), places.spoken(one.place), places.spoken(other.place)
    if between.value is None:
        lacking = one if one.value is None else other
        return f"{here[:1].upper()}{here[1:]} cannot be compared with {there}: {lacking.reason}."
    way = "more" if between.value >= 0 else "less"
    said = f"That difference is {abs(between.value):.1f} percentage points {way} in {here} than in {there}"
    if between.interval is None:
        return f"{said}; no interval can be given."
    ends = f"95% interval {between.interval[0]:.1f} to {between.interval[1]:.1f}"
    return f"{said} ({ends})." if between.clear else f"{said}, which may be chance ({ends})."


def title_excess(one: Estimate) -> str:
    """The excess as a chart's headline, ten words or fewer."""
    where = places.spoken(one.place)
    where = where[:1].upper() + where[1:]
    if one.value is None:
        return f"{where} has no figure, {one.period}"
    if one.interval is None or one.interval[0] <= 0 <= one.interval[1]:
        return f"{where}: no clear difference"
    return f"{where}: {'more' if one.value > 0 else 'less'} asked than held"


def may_say(rows: pd.DataFrame, excesses: list[Estimate]) -> list[str]:
    """The sentences that a place's quotients and excess (from `compared`, the place first) allow."""
    here, *wider = excesses
    return [about(rows), about_excess(here), *(beside(here, each) for each in wider if here.value is not None)]


def may_not_say(rows: pd.DataFrame, excesses: list[Estimate]) -> list[str]:
    """The sentences people will be tempted by and the figures do not allow."""
    here, where = excesses[0], places.find(rows["place"].iloc[0])
    lines = [
        "That adverts are jobs: one can stand for many posts, one post can be advertised often, and much is never advertised.",
        f"That {where.spoken} lacks people with qualifications: who works here may live elsewhere, and most adults seek no work.",
        "That the difference between adverts and adults is a shortage: the two are shares of different things.",
        "That every post in a profession asks for a degree, or that every adult with level 4 has the one asked for.",
        "That one clear profession among many means much alone: of each 20 intervals about one misses the truth by chance.",
        "That adverts come one by one: an employer who places many at once makes true intervals wider than those given.",
    ]
    hidden = list(rows.loc[rows["note"] != "", "profession"])
    if 0 < len(hidden) < len(rows):
        lines.insert(0, f"That nobody advertises for {_names(hidden)}: no figure is not zero.")
    if where.level == "region":
        lines.insert(0, "That its quotients can be ranked among the authorities': a region's is not pulled towards their average.")
    if here.value is None:
        lines.insert(0, f"Anything about adverts against qualifications in {where.spoken}: there is no figure, which is not zero.")
    return lines
