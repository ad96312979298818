"""What a theme's words could be measured by, what the project holds of it, and what nothing can be said about.

The indicator map is `data/indicators.csv`, which a team edits: a row for each indicator that could show a concept, whether or
not the project holds it. `coverage` sets it beside the files that were read.

| column | meaning |
|---|---|
| concept | what the theme speaks of, such as belonging |
| indicator | in the project: the slug in its file, and the group meant after ` / `; otherwise a name |
| source | in the project: the id in the data log; otherwise the published source |
| what_it_asks, publisher | the question or definition in words; who publishes it |
| geography | the finest areas it is published for, one of `GEOGRAPHIES` |
| years | the years it is published for |
| limits | what it cannot show |
| in_project | yes or no |
"""

import csv
import re
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from datajam.analyse import aggregate, estimates
from datajam.errors import DataJamError, did_you_mean
from datajam.say import sentences
from datajam.vocabulary import places

COLUMNS = ("concept", "indicator", "source", "what_it_asks", "publisher", "geography", "years", "limits", "in_project")
GEOGRAPHIES = ("neighbourhood", "lower tier", "upper tier", "region", "England", "check the release")
ABSENT = "not in this project"
_SLUG = "[a-z0-9][a-z0-9_]*"
_AREAS = {"la": "authorities", "lad": "lower-tier areas", "region": "regions"}
_HEADINGS = {
    "what_it_asks": "What it asks",
    "geography": "Finest areas",
    "limits": "What it cannot show",
    "numbers_for": "Numbers for",
    "here": "Here (95% interval)",
}


def read(path: Path | str) -> pd.DataFrame:
    """The indicator map: a row an indicator, the columns of `COLUMNS`, all text, none empty.

    Raises `DataJamError` with the line, the column and what was expected: for columns other than these, an empty cell, a word
    that geography or in_project does not take, a row of the project without a slug or an id, and a row that is there twice.

    >>> read("nowhere.csv")
    Traceback (most recent call last):
        ...
    datajam.errors.DataJamError: nowhere.csv: no such file can be read. The map is data/indicators.csv in a project.
    """
    path = Path(path)
    (first, header), *lines = _lines(path)
    _check_header(f"{path.name}, line {first}", header)
    seen: dict[tuple[str, ...], int] = {}
    for number, cells in lines:
        line = f"{path.name}, line {number}"
        if len(cells) != len(header):
            raise DataJamError(f"{line}: {len(cells)} cells, expected {len(header)}. Put a text with a comma into double quotes.")
        row = dict(zip(header, cells, strict=True))
        _check_row(line, row)
        key = (row["concept"], row["indicator"], row["source"])
        if key in seen:
            raise DataJamError(f"{line}: indicator {key[1]!r} of {key[0]!r} stands in line {seen[key]} too. Keep one.")
        seen[key] = number
    return pd.DataFrame([cells for _, cells in lines], columns=header, dtype="str")[list(COLUMNS)]


def _lines(path: Path) -> list[tuple[int, list[str]]]:
    """The lines that hold anything, each with its number, spaces around its cells taken off."""
    try:
        with open(path, encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, strict=True)
            found = [(reader.line_num, [cell.strip() for cell in cells]) for cells in reader]
    except UnicodeDecodeError:
        raise DataJamError(f"{path.name}: not UTF-8 text. Save it as CSV UTF-8.") from None
    except csv.Error as error:
        raise DataJamError(f"{path.name}: not a CSV file ({error}). Save it as CSV UTF-8.") from None
    except OSError:
        raise DataJamError(f"{path}: no such file can be read. The map is data/indicators.csv in a project.") from None
    found = [(number, cells) for number, cells in found if any(cells)]
    if len(found) < 2:
        raise DataJamError(f"{path.name}: no indicators. Write the header {','.join(COLUMNS)} and a line for each indicator.")
    return found


def _check_header(line: str, header: list[str]) -> None:
    for name in COLUMNS:
        if header.count(name) != 1:
            count = "twice" if name in header else "not there"
            raise DataJamError(f"{line}: column {name!r} is {count}, expected once. Columns: {', '.join(COLUMNS)}.")
    if unknown := [name for name in header if name not in COLUMNS]:
        raise DataJamError(f"{line}: column {unknown[0]!r} is not one of the map. {did_you_mean(unknown[0], COLUMNS)}")


def _check_row(line: str, row: dict[str, str]) -> None:
    for name in COLUMNS:
        if not row[name]:
            raise DataJamError(f"{line}, column {name!r}: empty. Write what is known; 'check the release' where it is not.")
    for name, allowed in (("geography", GEOGRAPHIES), ("in_project", ("yes", "no"))):
        if row[name] not in allowed:
            raise DataJamError(f"{line}, column {name!r}: {row[name]!r} is none of {', '.join(allowed)}.")
    if row["in_project"] == "yes":
        if not re.fullmatch(_SLUG, row["source"]):
            raise DataJamError(f"{line}, column 'source': {row['source']!r} is no id of the data log, such as well_being.")
        if not re.fullmatch(f"{_SLUG}( / .+)?", row["indicator"]):
            raise DataJamError(f"{line}, column 'indicator': {row['indicator']!r} is no slug, such as happiness or score / boys.")


def sources(indicator_map: pd.DataFrame) -> list[str]:
    """The ids in the data log that the map's rows of the project name, each once, in its order.

    >>> sources(pd.DataFrame({"source": ["survey", "A census", "survey"], "in_project": ["yes", "no", "yes"]}))
    ['survey']
    """
    return list(dict.fromkeys(indicator_map.loc[indicator_map["in_project"] == "yes", "source"]))


def concepts_without(indicator_map: pd.DataFrame) -> list[str]:
    """The concepts for which the project holds nothing: what the team cannot say anything about.

    >>> known = {"concept": ["trust", "trust", "safety"], "in_project": ["no", "yes", "no"]}
    >>> concepts_without(pd.DataFrame(known))
    ['safety']
    """
    held = (indicator_map["in_project"] == "yes").groupby(indicator_map["concept"], sort=False).any()
    return [str(concept) for concept in held.index[~held]]


def without_sentence(indicator_map: pd.DataFrame) -> str:
    """The same in a sentence, with where each could come from.

    >>> known = {"concept": ["trust", "safety"], "in_project": ["yes", "no"], "source": ["survey", "police.uk"]}
    >>> without_sentence(pd.DataFrame(known))
    'The project holds nothing on safety (police.uk).'
    """
    lacking = concepts_without(indicator_map)
    if not lacking:
        return "The project holds something on every concept of the map."
    named = []
    for concept in lacking:
        where = indicator_map.loc[indicator_map["concept"] == concept, "source"].drop_duplicates()
        named.append(f"{concept} ({'; '.join(where)})")
    return f"The project holds nothing on {', '.join(named)}."


def coverage(indicator_map: pd.DataFrame, project_observations: Mapping[str, pd.DataFrame], place: str) -> pd.DataFrame:
    """How much of the map the project holds, a row an indicator, in the latest period for which its file has a number.

    `project_observations` is {source id: observations}. Columns: concept, indicator, source, `period` in words, `numbers_for`
    (how many of the 153 authorities have a number; of the lower-tier areas or regions where the file has only those), and
    `here` (the place's number with its unit, 95% interval and base, or why there is none, in words). Districts are added up to
    their authority where the file has nothing for it and they have a total. An indicator of several groups counts an area that
    has a number for any. Raises `UnknownPlace`.

    >>> known = dict.fromkeys(COLUMNS, "safety") | {"in_project": "no"}
    >>> coverage(pd.DataFrame([known]), {}, "Leeds")["here"].tolist()
    ['not in this project']
    """
    where = places.find(place)
    rows = []
    for row in indicator_map.itertuples():
        front = {"concept": row.concept, "indicator": row.indicator, "source": row.source}
        inside = row.in_project == "yes"
        held = _held(row, project_observations.get(row.source), where) if inside else _nothing(ABSENT)
        rows.append({**front, **held})
    return pd.DataFrame(rows, columns=["concept", "indicator", "source", "period", "numbers_for", "here"], dtype="str")


def _nothing(why: str) -> dict[str, str]:
    return {"period": "none", "numbers_for": "none", "here": why}


def _held(row, observations: pd.DataFrame | None, where: places.Place) -> dict[str, str]:
    """What one source's observations hold of one indicator, in words."""
    if observations is None:
        return _nothing(f"{row.source} was not read")
    name, _, group = row.indicator.partition(" / ")
    own = observations[observations["indicator"] == name]
    group = group or ("all" if (own["breakdown"] == "all").any() else "")
    own = own[own["breakdown"] == group] if group else own
    if not len(own):
        return _nothing("not in the file")
    known = own[own["value"].notna()]
    label = estimates.period(known if len(known) else own)
    own, added_up = _with_totals(own[own["period_label"] == label])
    here = _here(own, where, name, label, group, where.code in added_up)
    return {"period": estimates.spoken_period(label), "numbers_for": _numbers_for(own), "here": here}


def _with_totals(own: pd.DataFrame) -> tuple[pd.DataFrame, set[str]]:
    """The rows, with totals of districts for the authorities that have none; and the codes of those authorities."""
    given = set(own.loc[own["area_level"] == "la", "area_code"].dropna())
    try:
        totals = aggregate.to_upper_tier(own)
    except aggregate.CannotAggregate:
        return own, set()
    totals = totals[~totals["area_code"].isin(given)]
    return pd.concat([own, totals], ignore_index=True), set(totals["area_code"])


def _numbers_for(own: pd.DataFrame) -> str:
    """How many areas have a number, of how many: of all authorities, else of the finest areas that the file has."""
    authorities = {place.code for place in places.authorities()}
    has = own["value"].notna()
    for level, areas in _AREAS.items():
        codes = own["area_code"].where(own["area_level"] == level)
        if codes.notna().any():
            every = authorities if level == "la" else set(codes.dropna())
            return f"{len(set(codes[has]) & every)} of {len(every)} {areas}"
    return "England only" if has.any() else "none"


def _here(own: pd.DataFrame, where: places.Place, name: str, label: str, group: str, added_up: bool) -> str:
    """A place's number in words, or why there is none."""
    if not (own["area_level"] == where.level).any():
        return f"not published for {_AREAS.get(where.level, where.spoken)}"
    if group:
        return _said(estimates.estimate(own, where.code, name, label, group), added_up)
    cells = own[own["area_code"] == where.code]
    known, every = int(cells["value"].notna().sum()), own["breakdown"].nunique()
    if known:
        return f"{known:,} of {every:,} groups have a number"
    return _said(estimates.estimate(own, where.code, name, label, str(cells["breakdown"].iloc[0]) if len(cells) else "all"))


def _said(one: estimates.Estimate, added_up: bool = False) -> str:
    """An estimate in a few words. A total of districts has no interval: how its sample was drawn is not known."""
    if one.value is None:
        return f"no number: {one.reason}"
    about_zero = one.unit == "score" and abs(one.value) < 1  # Progress 8 is published to two decimals
    digits = 2 if about_zero else sentences.digits(one.unit)
    amount = f"{round(one.value, 2) + 0.0:.2f} points" if about_zero else sentences.amount(one.value, one.unit)
    ends = " to ".join(f"{round(end, digits) + 0.0:,.{digits}f}" for end in one.interval or ())
    interval = f" ({ends})" if ends and not added_up else ""
    notes = [f"base {one.base:,}"] if one.base else []
    notes += ["added up from its districts, no interval"] if added_up else []
    notes += ["unreliable, says the publisher"] if one.status == "unreliable" else []
    return ", ".join([f"{amount}{interval}", *notes])


def as_markdown(table: pd.DataFrame) -> str:
    r"""A map, a coverage or some of their columns as a Markdown table with a header row; indicators as words, marks escaped.

    >>> print(as_markdown(pd.DataFrame({"concept": ["trust | belief"], "indicator": ["can_be_trusted"]})))
    | Concept | Indicator |
    | --- | --- |
    | trust \| belief | can be trusted |
    """
    headings = [_HEADINGS.get(name, name.replace("_", " ").capitalize()) for name in table.columns]
    shown = table.astype("object").where(table.notna(), "none").astype("str")
    if "indicator" in shown:
        shown["indicator"] = shown["indicator"].str.replace("_", " ")
    rows = shown.to_numpy().tolist()
    lines = [headings, ["---"] * len(headings), *([_cell(text) for text in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _cell(text: str) -> str:
    escaped = re.sub(r"([\\`*_\[\]|$])", r"\\\1", " ".join(text.split()))
    return escaped.replace("&", "&amp;").replace("<", "&lt;")
