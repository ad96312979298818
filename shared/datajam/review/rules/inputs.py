"""What the work rests on: every file opened while it ran, against the data log of hack.toml; and whether the network was asked."""

import sys
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from datajam.project import Project, Source
from datajam.review.evidence import Evidence, Finding, Rule
from datajam.review.rules.reading import DATA, inside, named

_LOG = "https://book.the-turing-way.org/reproducible-research/rdm"
_NO_LICENCE = ("", "none", "unknown", "no open licence known")
_NOT_DATA = ("shared/", "runs/", "docs/", ".venv/", ".nox/", ".git/", "tests/")
_OF_THE_THEME = "data/indicators.csv"
_OF_THE_MACHINE = ("/usr", "/etc", "/proc", "/sys", "/dev", "/lib", "/opt", "/var", "/run", "/bin", "/snap")
_LIBRARY = ("site-packages", "dist-packages", ".venv", ".nox", "__pycache__", ".cache", ".config", ".local", ".ipython", ".jupyter")


def log(evidence: Evidence) -> dict[str, Source]:
    """The data log by path; empty where there is no hack.toml. Raises `DataJamError` where it cannot be read."""
    if evidence.settings is None:
        return {}
    return {_plain(source.path): source for source in Project(evidence.folder, evidence.settings).sources.values()}


def _plain(path: str) -> str:
    return PurePosixPath(path.replace("\\", "/")).as_posix()


def reads(evidence: Evidence) -> dict[str, tuple[str, int | None, str]]:
    """Data files of the project that were read, without what a notebook wrote: {path: (notebook, cell, hash)} of the first time."""
    found: dict[str, tuple[str, int | None, str]] = {}
    written: set[str] = set()
    for notebook in evidence.notebooks:
        for opened in notebook.opened:
            path = _plain(opened.path)
            if writes(opened.mode):
                written.add(path)
            elif path not in written and is_data(path):
                found.setdefault(path, (notebook.path, opened.cell, opened.sha256))
    return found


def writes(mode: str) -> bool:
    """Whether a way of opening, as `evidence.Opened` has it, changes a file.

    >>> writes("read (by a library)"), writes("write")
    (False, True)
    """
    return mode.startswith("write")


def is_data(path: str) -> bool:
    """Whether a path relative to the project is data: by its ending, or because it lies in data/.

    >>> is_data("data/raw/pupils"), is_data("shared/datajam/data/places.csv"), is_data("hack.toml")
    (True, False, False)
    """
    if Path(path).is_absolute() or path.startswith((*_NOT_DATA, "../")) or path == _OF_THE_THEME:
        return False
    return path.startswith("data/") or Path(path).suffix.lower() in DATA


def _logged(evidence: Evidence) -> Iterator[Finding]:
    known = log(evidence)
    unknown = {path: where for path, where in reads(evidence).items() if path not in known}
    if evidence.settings is None:
        if unknown:
            words = f"There is no data log: where {named(unknown)} came from, and whether it may be used, is not written down."
            remedy = "List each file with its publisher, address, licence and SHA-256."
            yield Finding("inputs.logged", words, next(iter(unknown)), remedy=remedy, level="note")
        return
    for path, (notebook, cell, _) in unknown.items():
        words = f"{notebook} reads {path}, which is not in the data log."
        yield Finding("inputs.logged", words, notebook, cell, remedy=f"Type `datajam add-source {path}`.")


def _hashes(evidence: Evidence) -> Iterator[Finding]:
    from datajam.sources.files import sha256

    opened = reads(evidence)
    for path, source in log(evidence).items():
        file = inside(evidence, path)
        if not file:
            words = f"{path}: in the data log, not in the project."
            yield Finding("inputs.hash", words, "hack.toml", remedy="Put the file there, or take the entry out.")
            continue
        notebook, cell, seen = opened.get(path, ("", None, ""))
        seen = seen or sha256(file)
        remedy = f"Find out what changed in it. If the change is meant, type `datajam add-source {path} --id {source.id}`."
        if not source.sha256:
            yield Finding("inputs.hash", f"{path}: the data log gives no hash.", "hack.toml", remedy=remedy)
        elif seen.lower() != str(source.sha256).lower():
            words = f"{path}: not the file that was logged (SHA-256 {source.sha256[:12]}… there, {seen[:12]}… here)."
            yield Finding("inputs.hash", words, path, remedy=remedy)


def _licences(evidence: Evidence) -> Iterator[Finding]:
    for path, source in log(evidence).items():
        if str(source.licence).strip().casefold() in _NO_LICENCE:
            remedy = "Ask the publisher, and write the licence into the entry."
            yield Finding("inputs.licence", f"{path}: the data log gives no licence.", "hack.toml", remedy=remedy)
        if source.sensitivity != "open" and not str(source.agreement).strip():
            words = f"{path}: {source.sensitivity}, and no agreement is named."
            remedy = 'Write agreement = "…" into the entry: which one allows this use.'
            yield Finding("inputs.licence", words, "hack.toml", remedy=remedy)


def _outside(evidence: Evidence) -> Iterator[Finding]:
    for notebook in evidence.notebooks:
        seen = set()
        for opened in notebook.opened:
            path = opened.path
            if path in seen or not (Path(path).is_absolute() or path.startswith("../")) or _of_the_machine(path):
                continue
            seen.add(path)
            words = f"{'Writes to' if writes(opened.mode) else 'Reads'} {path}, which is not in the project."
            remedy = "Copy the file into data/raw/ and log it, so that it travels with the project."
            yield Finding("inputs.outside", words, notebook.path, opened.cell, remedy=remedy)


def _of_the_machine(path: str) -> bool:
    """Whether a file is Python's, a package's or the system's, rather than somebody's data."""
    parts = Path(path).parts
    if any(part in _LIBRARY or part.startswith("python3") for part in parts):
        return True
    return path.startswith((*(f"{folder}/" for folder in _OF_THE_MACHINE), sys.prefix, sys.base_prefix))


def _changed(evidence: Evidence) -> Iterator[Finding]:
    known, opened = log(evidence), reads(evidence)
    for notebook in evidence.notebooks:
        for each in notebook.opened:
            path = _plain(each.path)
            if writes(each.mode) and (path in known or path in opened):
                remedy = "Write what is made to another file: data is read, never written."
                yield Finding("inputs.changed", f"Writes to {path}, which is data.", notebook.path, each.cell, remedy=remedy)


def _network(evidence: Evidence) -> Iterator[Finding]:
    for notebook in evidence.notebooks:
        for asked in dict.fromkeys(notebook.network):
            remedy = "Download the file once (`datajam fetch`), keep it in data/raw/ and log it: the address will not stay."
            yield Finding("inputs.network", f"Asks the network for {asked.address}.", notebook.path, asked.cell, remedy=remedy)


RULES = [
    Rule(
        "inputs.logged",
        "Every file read is in the data log",
        "Nobody can check, replace or lawfully pass on a file of unknown origin.",
        _LOG,
        _logged,
    ),
    Rule(
        "inputs.hash",
        "Every file in the data log is the one that was logged",
        "A publisher's revision or a slip in a spreadsheet changes every number, silently.",
        "https://docs.python.org/3/library/hashlib.html",
        _hashes,
    ),
    Rule(
        "inputs.licence",
        "Every file in the data log has a licence, and an agreement where it is not open",
        "Without a licence the work may not be reused; without the agreement not even made.",
        "https://www.nationalarchives.gov.uk/doc/open-government-licence/version/3/",
        _licences,
    ),
    Rule(
        "inputs.outside",
        "Nothing is read from outside the project",
        "What lies in somebody's home folder is not there for anybody else; missing files are 14 to 21% of failures.",
        "https://doi.org/10.1109/MSR.2019.00077",
        _outside,
    ),
    Rule(
        "inputs.changed",
        "No notebook writes to the data it reads",
        "A second run would start from other data than the first.",
        "https://book.the-turing-way.org/reproducible-research/rdm",
        _changed,
    ),
    Rule(
        "inputs.network",
        "Nothing is asked of the network",
        "Addresses go, and what they give changes: in two years the run fails, or gives other numbers.",
        "https://doi.org/10.1371/journal.pone.0115253",
        _network,
    ),
]
