"""Getting the official data: a catalogue of published sources, and a download that is there whole and checked, or not at all.

A file is downloaded beside its place, read once as the layout it should be, written into the data log with its hash, and
only then renamed into `data/raw/`. Ever after, a download with another hash is refused and the old file stays.
"""

import os
import re
import shutil
import sys
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from datajam.errors import DataJamError, did_you_mean
from datajam.folders import staging
from datajam.keep.download import PATIENCE, Patience, check_address, check_public, download
from datajam.project import FILE, Project, Source, add_source, open_project

_CATALOGUE = Path(__file__).parents[1] / "data" / "catalogue.toml"


@dataclass(frozen=True)
class Entry:
    """A source in the catalogue. `address` is None where it changes with each release; `address_form` is what it looks like."""

    id: str
    title: str = ""
    publisher: str = ""
    licence: str = ""
    layout: str = ""
    landing_page: str = ""
    address: str | None = None
    address_form: str = ""
    exercised: bool = False
    notes: str = ""


@cache
def catalogue() -> dict[str, Entry]:
    """The published sources that can be fetched, by ID.

    >>> catalogue()["ks4_performance"].layout, catalogue()["ks4_performance"].address
    ('dfe_ees', None)
    """
    entries = tomllib.loads(_CATALOGUE.read_text(encoding="utf-8"))
    return {key: Entry(key, **entry) for key, entry in entries.items()}


def _refuse_page(path: Path) -> None:
    with open(path, "rb") as file:
        if file.read(4096).lstrip(b"\xef\xbb\xbf \r\n\t").startswith(b"<"):
            raise DataJamError("a web page came with status 200, not data.")


def _examine(path: Path, entry: Entry, say: Callable[[str], None]) -> dict[str, str]:
    """Read a file as the entry's layout and say what the reader warns of: what the data log should say of it."""
    from datajam.observe.observations import load_report
    from datajam.sources import read, recognise
    from datajam.sources.files import preview

    layout = recognise(preview(path)).name
    if entry.layout and layout != entry.layout:
        raise DataJamError(f"the file is {layout}, where the catalogue says {entry.layout}.")
    report = load_report(read(path, layout))
    for warning in report.warnings:
        say(f"{entry.id}: {warning}")
    return {"title": entry.title} | ({} if report.synthetic else {"publisher": entry.publisher, "licence": entry.licence})


def _by_hand(entry: Entry) -> str:
    if not entry.landing_page:
        return ""
    kept = f"save the file into data/raw/ and type `datajam add-source data/raw/FILE --id {entry.id}`"
    return f" Visit {entry.landing_page}, {kept}."


@contextmanager
def _or_by_hand(entry: Entry) -> Iterator[None]:
    """Add to an error which source it is about, and the page to visit."""
    try:
        yield
    except DataJamError as error:
        raise DataJamError(f"{entry.id}: {str(error).removeprefix(f'{entry.id}: ')}{_by_hand(entry)}") from None


@contextmanager
def _beside(target: Path) -> Iterator[Path]:
    """A path to download to, in a folder beside the target that goes away afterwards."""
    try:
        folder = staging(target)
        try:
            yield folder / target.name
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    except OSError as error:
        raise DataJamError(f"{target.name}: cannot be written to data/raw ({error.strerror or error}).") from None


def _entry(project: Project, key: str) -> Entry:
    known = {**{name: Entry(name) for name in project.sources}, **catalogue()}
    if key not in known or not re.fullmatch(r"[a-z0-9_]+", key):
        raise DataJamError(f"Neither the catalogue nor {FILE} has {key[:60]!r}. {did_you_mean(key, known)}")
    return known[key]


def _old_file(project: Project, logged: Source | None) -> Path | None:
    """Where the data log has the file. Raises `DataJamError` where that is not in data/raw, or the file is another one."""
    from datajam.sources.files import sha256

    raw, folder = (project.folder / "data" / "raw").resolve(), project.folder.resolve()
    if not raw.is_relative_to(folder):
        raise DataJamError("data/raw leads out of the project: fetch writes only inside it.")
    if logged is None:
        return None
    if not logged.file.resolve().is_relative_to(raw) or logged.file.is_dir():
        raise DataJamError(f"{FILE}: [sources.{logged.id}] path {logged.path!r} is no file in data/raw/, where fetch writes.")
    if logged.sha256 and logged.file.is_file() and sha256(logged.file) != logged.sha256.lower():
        raise DataJamError(f"{logged.path}: not the file in the data log. Move it away, then fetch again.")
    return logged.file


def _keep(project: Project, staged: Path, target: Path, logged: Source | None, described: dict[str, str]) -> None:
    """Write the data log where it has no hash yet, then put the file in its place."""
    if not (logged and logged.sha256):
        own = project.settings.get("sources", {}).get(logged.id, {}) if logged else {}
        path = logged.path if logged else target.relative_to(project.folder).as_posix()
        described = {name: text for name, text in described.items() if name == "address" or not own.get(name)}
        add_source(project, staged, staged.name, path=path, **described)
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        os.replace(staged, target)


def _check_same(staged: Path, target: Path, logged: Source | None) -> None:
    """See that a download is the file in the data log, or the one already in its place."""
    from datajam.sources.files import sha256

    found = sha256(staged)
    if logged and logged.sha256 and found != logged.sha256.lower():
        raise DataJamError(
            f"{logged.path}: the published file has changed since {logged.retrieved or 'it was put into the data log'} "
            f"(SHA-256 {logged.sha256[:12]}… then, {found[:12]}… now). The old one stays. If you want the new one, move "
            f"the old one away, delete its sha256 line from {FILE} and fetch again."
        )
    if target.is_file() and found != sha256(target):
        raise DataJamError(f"data/raw/{target.name}: another file is there already. Move it away, then fetch again.")


def fetch(
    project: Project,
    id: str,
    *,
    address: str = "",
    patience: Patience = PATIENCE,
    say: Callable[[str], None] = lambda text: None,
) -> Path:
    """Download a source of the catalogue, or of the data log, into data/raw/: the file's path.

    The address is the given one, else the data log's, else the catalogue's. The first time the file is read as its layout
    and its SHA-256 goes into `hack.toml`; later a download must have that hash. `say` gets retries and reader's warnings.

    Raises `DataJamError`, with the page to visit by hand, for anything but a whole file as expected; nothing changes then.
    """
    from datajam.sources.files import preview

    project = open_project(project.folder)
    entry, logged = _entry(project, id), project.sources.get(id)
    target = _old_file(project, logged)
    address = address.strip() or (logged.address if logged else "") or entry.address or ""
    if not address:
        form = f" (it looks like {entry.address_form})" if entry.address_form else ""
        raise DataJamError(f"{id}: its address changes with each release. Add --address ADDRESS{form}.{_by_hand(entry)}")
    check_address(address)
    check_public(address)
    raw = project.folder / "data" / "raw"
    with _beside(raw / id) as staged:
        with _or_by_hand(entry):
            download(address, staged, patience, say)
            _refuse_page(staged)
            target = target or raw / f"{id}.{preview(staged).kind}"
            described = {} if logged and logged.sha256 else _examine(staged, entry, say)
        _check_same(staged, target, logged)
        _keep(project, staged, target, logged, {**described, "address": address})
    return open_project(project.folder).sources[id].file


def fetch_command(options) -> None:
    """Download a published file into data/raw/ and check it against the data log; without an ID, list the catalogue."""
    if not options.id:
        for entry in catalogue().values():
            print(f"{entry.id:26}  {entry.title} ({entry.publisher})\n{'':26}  {entry.landing_page}")
        return
    project = open_project(options.project)
    path = fetch(project, options.id, address=options.address, say=lambda text: print(text, file=sys.stderr))
    source = open_project(options.project).sources[options.id]
    print(f"{source.path}: {path.stat().st_size:,} bytes, SHA-256 {source.sha256[:12]}…, as in the data log of {FILE}.")
    print(f'To use it, set source = "{source.id}" under [parameters].')
