"""A programme: days, their sessions in order, and what must hold before anybody is invited."""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from importlib import resources
from pathlib import Path

from datajam.errors import DataJamError, did_you_mean
from datajam_teach import contents
from datajam_teach.workshop.answers import Worked
from datajam_teach.workshop.cohort import name

READY = Path(str(resources.files("datajam_teach") / "workshop" / "programmes"))
SLOWER, LONGEST_WAIT = 4, 2  # a participant's laptop beside this machine; minutes a room waits in patience
_FIELDS = {"notebook", "title", "break", "minutes", "say"}


@dataclass(frozen=True)
class Session:
    """One item of a day: a worked example, something else with a title, or a break; when it starts and how long it takes."""

    starts: str
    minutes: int
    title: str
    kind: str
    notebook: Path | None = None
    say: str = ""


@dataclass(frozen=True)
class Programme:
    """A workshop's title and its days, each a list of sessions."""

    title: str
    days: list[list[Session]]

    @cached_property
    def notebooks(self) -> list[Path]:
        """The worked examples in the order in which they are taught."""
        return [session.notebook for day in self.days for session in day if session.notebook]


def ready() -> list[str]:
    """The names of the programmes that come with DataJam.

    >>> ready()
    ['half_a_day', 'one_day', 'two_days']
    """
    return sorted(path.stem for path in READY.glob("*.toml"))


def read(given: str, notebooks: list[Path]) -> Programme:
    """A programme by the name of a ready one, or from a file of one's own.

    Raises `DataJamError`: no such file, not TOML, an unknown notebook (with the nearest names), minutes that do not add up, and
    a worked example whose own needs come after it or not at all.
    """
    path = READY / f"{given}.toml" if given in ready() else Path(given)
    try:
        told = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except tomllib.TOMLDecodeError as error:
        raise DataJamError(f"{path} is not TOML: {error}.") from None
    except OSError:
        raise DataJamError(f"No programme {given!r}: {did_you_mean(given, ready())} Or name a file.") from None
    if not isinstance(told.get("title"), str) or not _tables(told.get("day")):
        raise DataJamError(
            f"{path.name}: a title and at least one [[day]] are needed. Look at the ready ones: {READY.name}/*.toml."
        )
    days = [_day(path.name, number, day, notebooks) for number, day in enumerate(told["day"], 1)]
    made = Programme(told["title"], days)
    _in_order(path.name, made.notebooks)
    return made


def _tables(value) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(one, dict) for one in value)


def _day(file: str, number: int, told: Mapping, notebooks: list[Path]) -> list[Session]:
    where = f"{file}: day {number}"
    starts, ends = (_clock(where, told.get(word, "")) for word in ("starts", "ends"))
    if not _tables(told.get("session")):
        raise DataJamError(f"{where}: at least one [[day.session]] is needed.")
    sessions, now = [], starts
    for at, each in enumerate(told["session"], 1):
        sessions.append(_session(f"{where}, session {at}", each, now, notebooks))
        now += timedelta(minutes=sessions[-1].minutes)
    if now != ends:
        have, want = ((until - starts).seconds // 60 for until in (now, ends))
        raise DataJamError(
            f"{where} takes {have} minutes, so it ends at {now:%H:%M}; from {starts:%H:%M} to {ends:%H:%M} are {want}. "
            f"{'Take away' if have > want else 'Add'} {abs(have - want)} minutes."
        )
    return sessions


def _clock(where: str, text) -> datetime:
    try:
        return datetime.combine(date(2000, 1, 1), datetime.strptime(text, "%H:%M").time())
    except (TypeError, ValueError):
        raise DataJamError(f'{where}: {text!r} is no time of day. Write starts = "09:30" and ends = "12:30".') from None


def _session(where: str, told: Mapping, now: datetime, notebooks: list[Path]) -> Session:
    for field in set(told) - _FIELDS:
        raise DataJamError(f"{where}: no field is called {field!r}. {did_you_mean(field, sorted(_FIELDS))}")
    kinds = [kind for kind in ("notebook", "title", "break") if kind in told]
    minutes = told.get("minutes")
    if len(kinds) != 1:
        raise DataJamError(f"{where}: give one of notebook, title or break.")
    if isinstance(minutes, bool) or not isinstance(minutes, int) or not 1 <= minutes <= 480:
        raise DataJamError(f"{where}: minutes = {minutes!r}: a whole number from 1 to 480 was expected.")
    title, notebook = str(told[kinds[0]]), None
    if kinds == ["notebook"]:
        notebook = find(where, title, notebooks)
        title = contents.about(notebook)["question"]
        _long_enough(where, notebook, minutes)
    return Session(f"{now:%H:%M}", minutes, title, kinds[0], notebook, str(told.get("say", "")))


def find(where: str, typed: str, notebooks: list[Path]) -> Path:
    """A worked example by its short name (c6) or its file's. Raises `DataJamError` with the nearest names."""
    known = {name(path): path for path in notebooks} | {path.stem: path for path in notebooks}
    chosen = known.get(typed.lower().removesuffix(".ipynb"))
    if not chosen:
        beside = [short for short in known if len(typed) <= len(short) < 4 and short[0] == typed[:1].lower()]
        raise DataJamError(f"{where}: no worked example is called {typed!r}. {did_you_mean(typed, beside or known)}")
    return chosen


def _long_enough(where: str, notebook: Path, minutes: int) -> None:
    needs = int(contents.about(notebook)["minutes"])
    if minutes < needs:
        raise DataJamError(f"{where}: {name(notebook)} takes {needs} minutes by its own account, {minutes} are given.")


def needs(notebook: Path) -> list[str]:
    """The short names of the worked examples that come before one."""
    import re

    return re.findall(r"\b[acsx]\d\b", contents.about(notebook)["before"])


def _in_order(file: str, notebooks: list[Path]) -> None:
    taught: list[str] = []
    for path in notebooks:
        missing = [each for each in needs(path) if each not in taught]
        if missing:
            raise DataJamError(f"{file}: {name(path)} needs {' and '.join(missing)} before it. Put it in, and earlier.")
        if name(path) in taught:
            raise DataJamError(f"{file}: {name(path)} is there twice. Keep one.")
        taught.append(name(path))


def too_slow(programme: Programme, done: Mapping[Path, Worked]) -> Iterator[str]:
    """The worked examples that a laptop of the room would not run in the minutes they have beside their exercises.

    Run times are as measured on this machine; a laptop is taken as four times as slow, and two minutes of waiting as the most.
    """
    for session in (session for day in programme.days for session in day if session.notebook):
        waits = SLOWER * done[session.notebook].seconds / 60
        spare = session.minutes - int(contents.about(session.notebook)["minutes"])
        if waits > max(LONGEST_WAIT, spare):
            yield f"{name(session.notebook)} would take {waits:.1f} minutes to run on a slow laptop, beside {spare} to spare"
