"""Where a project stands: what is still to fill in, whether its run is current, what its data lacks, until when it may be used.

The roles and the sunset date come from docs/assurance.md, the data from the data log in hack.toml, the run from its
provenance. The findings are facts; `status_page` puts them into words.
"""

from dataclasses import dataclass
from datetime import date

from datajam.errors import DataJamError
from datajam.keep import pages
from datajam.project import Project, Source
from datajam.run.last_run import RunState, last_run

SOON_DAYS = 30
_NO_LICENCE = ("", "none", "unknown", "no open licence known")


@dataclass(frozen=True)
class PageState:
    """A page of docs/: the headings with something to fill, as (heading, how much), or why it cannot be read."""

    path: str
    to_fill: tuple[tuple[str, int], ...] = ()
    problem: str = ""

    @property
    def outstanding(self) -> bool:
        """Whether somebody still has to do something."""
        return bool(self.to_fill or self.problem)


@dataclass(frozen=True)
class SourceState:
    """An entry of the data log: what it lacks (licence, hash, agreement), what is wrong with its file, whether it is invented."""

    id: str
    path: str
    lacks: tuple[str, ...] = ()
    problem: str = ""
    synthetic: bool = False

    @property
    def outstanding(self) -> bool:
        """Whether it lacks anything; being synthetic is not a lack."""
        return bool(self.lacks or self.problem)


@dataclass(frozen=True)
class Sunset:
    """The day after which the work is not used without another look, and how many days it is away; or what was read instead."""

    day: date | None = None
    days: int = 0
    read: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether that day is over."""
        return self.day is not None and self.days < 0

    @property
    def soon(self) -> bool:
        """Whether it comes within 30 days, today included."""
        return self.day is not None and 0 <= self.days <= SOON_DAYS

    @property
    def outstanding(self) -> bool:
        """Whether a day has to be set, or set again."""
        return self.day is None or self.passed


@dataclass(frozen=True)
class Roles:
    """The roles nobody is named for, and who is both analyst and assurer."""

    unnamed: tuple[str, ...] = ()
    both: tuple[str, ...] = ()

    @property
    def outstanding(self) -> bool:
        """Whether somebody has to be named, or replaced."""
        return bool(self.unnamed or self.both)


@dataclass(frozen=True)
class Status:
    """Everything found about a project on a day."""

    name: str
    place: str
    today: date
    pages: tuple[PageState, ...]
    run: RunState
    sources: tuple[SourceState, ...]
    sunset: Sunset
    roles: Roles

    @property
    def outstanding(self) -> tuple[str, ...]:
        """What still has to be done, each thing by its name."""
        named = [(page.path, page) for page in self.pages]
        named += [("the run", self.run), *((f"the source {each.id}", each) for each in self.sources)]
        named += [("the sunset date", self.sunset), ("the roles", self.roles)]
        return tuple(name for name, each in named if each.outstanding)


def status(project: Project, today: date | None = None) -> Status:
    """Look at a project's pages, run and data. Raises `DataJamError` where its data log cannot be read."""
    today = today or date.today()
    read = {name: pages.read(project.folder, name) for name in pages.NAMES}
    hashes = {key: _hash(source) for key, source in project.sources.items()}
    try:
        place, run = project.place.name, last_run(project, hashes, today)
    except DataJamError as error:
        place, run = str(project.parameters.get("place", "no place")), RunState(problem=str(error))
    return Status(
        name=project.name,
        place=place,
        today=today,
        pages=tuple(PageState(page.path, page.to_fill(), page.problem) for page in read.values()),
        run=run,
        sources=tuple(_source(project, source, hashes[key]) for key, source in project.sources.items()),
        sunset=_sunset(read["assurance"], today),
        roles=_roles(read["assurance"]),
    )


def _hash(source: Source) -> str:
    """The SHA-256 of a source's file; 'missing' or why it cannot be opened where there is none."""
    from datajam.sources.files import sha256

    try:
        return sha256(source.file)
    except FileNotFoundError:
        return "missing"
    except OSError as error:
        return f"cannot be opened ({error.strerror or error})"


def _source(project: Project, source: Source, found: str) -> SourceState:
    lacks = {
        "licence": str(source.licence).strip().casefold() in _NO_LICENCE,
        "hash": not source.sha256,
        "agreement": source.sensitivity != "open" and not str(source.agreement).strip(),
    }
    problem = found if len(found) != 64 else ""
    if not problem and source.sha256 and found != str(source.sha256).lower():
        problem = "differs"
    return SourceState(source.id, source.path, tuple(name for name, gone in lacks.items() if gone), problem, bool(source.synthetic))


def _sunset(page: pages.Page, today: date) -> Sunset:
    day, read = pages.sunset(page)
    return Sunset(day, (day - today).days if day else 0, read)


def _roles(page: pages.Page) -> Roles:
    named = {role: pages.people(page.text, role) for role in pages.ROLES}
    unnamed = tuple(role for role, names in named.items() if not names)
    return Roles(unnamed, pages.in_both(named["analyst"], named["assurer"]))
