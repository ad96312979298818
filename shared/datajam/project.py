"""A team's project: its one settings file, `hack.toml`, and the data log in it.

[project]          name, theme, organisations, licence, template_version
[parameters]       place, period, source, and whatever the notebooks declare
[sources.<id>]     path, layout, title, publisher, address, licence, retrieved, sha256, sensitivity, agreement, synthetic
"""

import re
import tomllib
from dataclasses import asdict, dataclass, field
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

from datajam.errors import DataJamError, did_you_mean
from datajam.leave import disclosure
from datajam.vocabulary import places

SENSITIVITIES = ("open", "agreement", "personal")
FILE = "hack.toml"


@dataclass(frozen=True)
class Source:
    """One entry of the data log: where a file is, what it is, whose it is, and its hash."""

    id: str
    file: Path
    path: str
    layout: str = ""
    title: str = ""
    publisher: str = ""
    address: str = ""
    licence: str = ""
    retrieved: str = ""
    sha256: str = ""
    sensitivity: str = "open"
    agreement: str = ""
    synthetic: bool = False

    def check(self) -> str:
        """The file's SHA-256, once the file is seen to be the one in the log. Raises `DataJamError` where it is not."""
        from datajam.sources.files import preview, sha256

        preview(self.file)
        found = sha256(self.file)
        if self.sha256 and found != self.sha256.lower():
            raise DataJamError(
                f"{self.path}: not the file in the data log (SHA-256 {self.sha256[:12]}… there, {found[:12]}… here). "
                f"If the change is meant, type `datajam add-source {self.path} --id {self.id}`."
            )
        return found


@dataclass
class Project:
    """A project folder with its settings; parameters given by name override those of `hack.toml`."""

    folder: Path
    settings: dict[str, Any]
    given: dict[str, Any] = field(default_factory=dict)
    uncleared: dict[str, None] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return str(self.settings.get("project", {}).get("name", self.folder.name))

    @cached_property
    def parameters(self) -> dict[str, Any]:
        """`[parameters]` with the given ones on top; an empty text counts as not given."""
        if not isinstance(self.settings.get("parameters", {}), dict):
            raise DataJamError(f"{FILE}: parameters must be a table: [parameters] with a line for each.")
        named = {key: value for key, value in self.given.items() if value not in ("", None)}
        return {**self.settings.get("parameters", {}), **named}

    @property
    def place(self) -> places.Place:
        """The place the analysis is about."""
        return places.find(self.parameter("place"))

    def role(self, name: str) -> str:
        """What a place is to this project's, for the name of a number that every place has: here, region, england or alike."""
        if name == self.place.name:
            return "here"
        known = {place.name: {"country": "england"}.get(place.level, "region") for place in self.place.comparators}
        return known.get(name, "alike")

    def parameter(self, name: str) -> Any:
        """One parameter. Raises `DataJamError` where neither the notebook nor hack.toml sets it."""
        if name not in self.parameters:
            raise DataJamError(f'{FILE} sets no {name!r} under [parameters]. Add a line such as {name} = "…".')
        return self.parameters[name]

    @cached_property
    def sources(self) -> dict[str, Source]:
        """The data log. Raises `DataJamError` for an entry without a path or with an unknown sensitivity."""
        found, entries = {}, self.settings.get("sources", {})
        if not isinstance(entries, dict):
            raise DataJamError(f"{FILE}: sources must be tables such as [sources.my_file].")
        for key, entry in entries.items():
            if not isinstance(entry, dict) or not isinstance(entry.get("path"), str):
                raise DataJamError(f'{FILE}: [sources.{key}] needs path = "data/raw/FILE.csv".')
            kept = {name: entry[name] for name in Source.__dataclass_fields__ if name in entry}
            source = Source(**{**kept, "id": key, "file": self.folder / entry["path"]})
            if source.sensitivity not in SENSITIVITIES:
                raise DataJamError(
                    f"{FILE}: [sources.{key}] sensitivity {source.sensitivity!r}: choose from {', '.join(SENSITIVITIES)}."
                )
            found[key] = source
        return found

    @property
    def source(self) -> Source:
        """The source the notebooks read: the parameter `source`, or the only one there is."""
        if not self.sources:
            raise DataJamError(f"{FILE} lists no data. Type `datajam add-source FILE`.")
        return self.entry(self.parameters.get("source") or next(iter(self.sources)))

    def entry(self, wanted: str) -> Source:
        """An entry of the data log by its name. Raises `DataJamError` with the nearest one."""
        if wanted not in self.sources:
            raise DataJamError(f"{FILE} lists no source {wanted!r}. {did_you_mean(str(wanted), self.sources)}")
        return self.sources[wanted]

    def read(self, key: str = "", *, cleared: bool = True):
        """The observations of the source, or of another entry of the data log; its file is checked against the log first.

        A source that is not open goes through the small-number rule (`disclosure.clear_observations`), unless `cleared` is
        False: then charts and exports take only tables that went through it themselves. In a notebook it leaves a line in the
        output, from which a run knows what was read.
        """
        from datajam.sources import read

        source = self.entry(key) if key else self.source
        source.check()
        observations = read(source.file, source.layout)
        if source.sensitivity != "open" and cleared:
            observations = disclosure.clear_observations(observations)
        self._was_read(source, f"{len(observations):,} observations", cleared)
        return observations

    def file(self, key: str) -> Path:
        """The file of an entry of the data log, checked against the log, for what is not read as observations.

        In a notebook it leaves a line in the output, from which a run knows what was read.
        """
        source = self.entry(key)
        source.check()
        self._was_read(source, "", cleared=False)
        return source.file

    def _was_read(self, source: Source, what: str, cleared: bool) -> None:
        from datajam.outputs import show

        text = f"Read {source.path}{': ' * bool(what)}{what}{' (synthetic)' * source.synthetic}"
        if source.sensitivity != "open" and cleared:
            text += f". {disclosure.PASSED}"
        elif source.sensitivity != "open":
            self.uncleared[source.id] = None
        show({"text/plain": text}, {"datajam": {"source": source.id, "cleared": cleared or source.sensitivity == "open"}})

    def export(self, table, name: str, about: str) -> None:
        """Put a table beside the run's report as CSV: `name` such as schools.csv, and what it is in a few words.

        Raises `DataJamError` where something sensitive was read without the small-number rule and the table has not been
        through it.
        """
        from datajam.outputs import attach

        disclosure.passes(f"export {name}", self.credit(), table)
        attach(name, table.to_csv(index=False, lineterminator="\n"), about)

    def first_lines(self, count: int = 3, width: int = 88) -> str:
        """The first lines of the source's file as published, cut to a width, the header among them."""
        from datajam.sources.files import preview

        look = preview(self.source.file)
        if look.kind != "csv":
            return f"({look.kind}: {len(look.rows)} rows seen)"
        with open(self.source.file, encoding=look.encoding) as file:
            lines = [line.rstrip("\r\n") for line, _ in zip(file, range(count + 1), strict=False)]
        return "\n".join(line if len(line) <= width else line[: width - 1] + "…" for line in lines)

    def credit(self, *keys: str) -> disclosure.Credit:
        """The line under a chart: publisher, title, and 'synthetic' where the data is; of the source, or of entries named."""
        said = [_credited(self.entry(key)) for key in keys] or [_credited(self.source)]
        return disclosure.Credit("; ".join(said), self.uncleared)


def _credited(source: Source) -> str:
    said = ", ".join(part for part in (source.publisher, source.title or source.path) if part)
    return f"SYNTHETIC DATA, not these places' results ({said})" if source.synthetic else said


def find_folder(start: Path | None = None) -> Path:
    """The project folder around a folder: the nearest one upwards with a hack.toml.

    Raises `DataJamError` where there is none.
    """
    start = (start or Path.cwd()).resolve()
    for folder in (start, *start.parents):
        if (folder / FILE).is_file():
            return folder
    raise DataJamError(f"No {FILE} in {start} or above it. Go to your project's folder: `cd my-project`.")


def open_project(folder: str | Path | None = None, **given: Any) -> Project:
    """Open the project around the current folder; parameters given here override those of `hack.toml`.

    Raises `DataJamError` for a settings file that is missing or does not parse, naming the line.
    """
    path = find_folder(Path(folder) if folder else None) / FILE
    try:
        settings = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except tomllib.TOMLDecodeError as error:
        raise DataJamError(f'{FILE}: {error}. Texts need quotes: place = "Leeds".') from None
    except UnicodeDecodeError:
        raise DataJamError(f"{FILE}: not UTF-8. Save it as UTF-8 in your editor.") from None
    return Project(path.parent, settings, given)


def add_source(project: Project, file: Path, key: str = "", **described: str) -> Source:
    """Fill an entry of the data log from a file: layout, publisher and licence by its layout, hash, today's date.

    `hack.toml` keeps its comments and order. Raises `DataJamError` for a file no layout reads, with nothing written.
    """
    import tomlkit

    from datajam.folders import write_text
    from datajam.sources import named, read, recognise
    from datajam.sources.files import preview, sha256

    layout = recognise(preview(file))
    observations = read(file, layout.name)
    synthetic = bool(observations.attrs["load_report"]["synthetic"])
    key = key or re.sub(r"[^a-z0-9]+", "_", file.stem.lower()).strip("_") or "source"
    if not re.fullmatch(r"[a-z0-9_]+", key):
        raise DataJamError(f"--id {key!r}: use small letters, digits and _, such as ks4_2025.")
    resolved = file.resolve()
    inside = resolved.is_relative_to(project.folder.resolve())
    path = resolved.relative_to(project.folder.resolve()).as_posix() if inside else resolved.as_posix()
    old = project.settings.get("sources", {}).get(key, {})
    entry = {
        "path": path,
        "layout": layout.name,
        "title": old.get("title", file.stem.replace("_", " ")),
        "publisher": old.get("publisher", "DataJam (invented)" if synthetic else named(layout.name).publisher),
        "address": old.get("address", ""),
        "licence": old.get("licence", "MIT" if synthetic else layout.licence),
        "retrieved": date.today().isoformat(),
        "sha256": sha256(file),
        "sensitivity": old.get("sensitivity", "open"),
        **({"agreement": old["agreement"]} if old.get("agreement") else {}),
        "synthetic": synthetic,
    }
    entry |= {name: text for name, text in described.items() if text}
    if entry["sensitivity"] not in SENSITIVITIES:
        raise DataJamError(f"--sensitivity {entry['sensitivity']!r}: choose from {', '.join(SENSITIVITIES)}.")
    path_toml = project.folder / FILE
    document = tomlkit.parse(path_toml.read_text(encoding="utf-8-sig"))
    sources = document.setdefault("sources", tomlkit.table(is_super_table=True))
    table = tomlkit.table()
    table.update(entry)
    sources[key] = table
    write_text(path_toml, tomlkit.dumps(document))
    project.settings = tomllib.loads(path_toml.read_text(encoding="utf-8"))
    project.__dict__.pop("sources", None)
    return Source(id=key, file=file, **entry)


def as_json(source: Source, found: str) -> dict[str, Any]:
    """A data-log entry for provenance: as written, with the hash found."""
    entry = {key: value for key, value in asdict(source).items() if key != "file"}
    return {**entry, "sha256": found}
