"""Where a project stands, on one page of plain text: what `datajam status` prints."""

import argparse
from collections.abc import Iterator
from datetime import date

from datajam.errors import DataJamError, readable
from datajam.keep.status import PageState, Roles, SourceState, Status, Sunset, status
from datajam.project import open_project
from datajam.run.last_run import RunState

_LONGEST = 70
_LACKING = {
    "licence": "no licence",
    "hash": "no SHA-256: type `datajam add-source {path} --id {id}`",
    "agreement": 'no agreement: add agreement = "who allowed it, when" to [sources.{id}] in hack.toml',
}


class Outstanding(DataJamError):
    """Something still has to be done before the project is handed over."""

    exit_code = 1


def status_command(options: argparse.Namespace) -> None:
    """Print where the project stands. Raises `Outstanding` where that was asked for and something is left to do."""
    found = status(open_project(options.project))
    print(page(found))
    if options.strict and found.outstanding:
        raise Outstanding(f"Not ready to hand over: {len(found.outstanding)} outstanding, named above.")


def page(found: Status) -> str:
    """The findings in words, a paragraph for each thing looked at, what is outstanding in the last line."""
    parts = [
        ("", [f"{found.name}: {found.place}, {_day(found.today)}"]),
        ("Pages", [line for each in found.pages for line in _about_page(each)]),
        ("Run", list(_about_run(found.run, found.place))),
        ("Data", [_about_source(each) for each in found.sources] or ["the data log is empty: type `datajam add-source FILE`"]),
        ("Sunset date", [_about_sunset(found.sunset)]),
        ("Roles", list(_about_roles(found.roles))),
        ("", [f"Outstanding: {', '.join(found.outstanding)}." if found.outstanding else "Nothing is outstanding."]),
    ]
    return "\n\n".join("\n".join([title] * bool(title) + [_line(line, bool(title)) for line in lines]) for title, lines in parts)


def _line(text: str, indented: bool) -> str:
    """A line as it is printed: what it says to type works where it is read, and no letter in it moves the cursor."""
    return "  " * indented + readable(text)


def _day(day: date) -> str:
    """A day as people write it.

    >>> _day(date(2026, 3, 1))
    '1 March 2026'
    """
    return f"{day.day} {day:%B %Y}"


def _days(count: int) -> str:
    return f"{count:,} day{'s' * (count != 1)}"


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def _about_page(each: PageState) -> Iterator[str]:
    if each.problem:
        yield f"{each.path}: {each.problem}"
        return
    left = sum(count for _, count in each.to_fill)
    yield f"{each.path}: {f'{left} to fill' if left else 'nothing to fill'}"
    for heading, count in each.to_fill:
        yield f"  {_cut(heading)}{f' ({count})' if count > 1 else ''}"


def _about_run(run: RunState, place: str) -> Iterator[str]:
    if run.problem:
        yield f"its state cannot be told: {run.problem}"
    elif run.finished is None:
        yield f"none yet for {place}: type `datajam run`"
    else:
        ago = "today" if run.days == 0 else f"{_days(run.days)} ago" if run.days > 0 else "in the future: is the clock right?"
        yield f"finished on {_day(run.finished)}, {ago}"
        if run.changed:
            yield "not current: type `datajam run`. Since then:"
            yield from (f"  {_cut(change)}" for change in run.changed)
        else:
            yield "current: the notebooks, parameters and data it read are those of now"


def _about_source(each: SourceState) -> str:
    said = [_LACKING[name].format(path=each.path, id=each.id) for name in each.lacks]
    if each.problem == "differs":
        said.append(f"{each.path} is not the file in the log; if that is meant, `datajam add-source {each.path} --id {each.id}`")
    elif each.problem:
        said.append(f"{each.path} {'is not there' if each.problem == 'missing' else each.problem}")
    said += ["synthetic, not these places' results"] * each.synthetic
    return f"{each.id}: {'; '.join(said) or 'in order'}"


def _about_sunset(sunset: Sunset) -> str:
    where, form = "docs/assurance.md", "a day such as 2027-11-30"
    if sunset.day is None and not sunset.read:
        return f"not set: write {form} into {where}"
    if len(sunset.read) > 1:
        return f"{' and '.join(sunset.read[:3])} stand in {where}: leave one"
    if sunset.day is None:
        return f"not a day: {_cut(sunset.read[0])!r} stands in {where}, {form} was expected"
    if sunset.passed:
        return f"passed on {_day(sunset.day)}, {_days(-sunset.days)} ago: look at the work again before it is used"
    if sunset.soon:
        return f"soon: {_day(sunset.day)}, {f'in {_days(sunset.days)}' if sunset.days else 'today'}"
    return f"{_day(sunset.day)}, in {_days(sunset.days)}"


def _about_roles(roles: Roles) -> Iterator[str]:
    if roles.unnamed:
        yield f"to be named in docs/assurance.md: {', '.join(roles.unnamed)}"
    for name in roles.both:
        yield f"{name} is both analyst and assurer: the assurer is somebody who did not do the analysis"
    if not roles.outstanding:
        yield "all four are named, and the assurer is not an analyst"
