"""The pages a team leaves in docs/: what is still to fill in them, who holds which role, until when the work may be used.

What somebody still has to write begins with `To fill:` and stands under a heading; what stands in code or in a comment is not
meant. A heading with nothing under it is still to fill as well.
"""

import re
import unicodedata
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from pathlib import Path

from datajam.errors import DataJamError

NAMES = ("problem_statement", "log", "assurance", "handover")
ROLES = ("commissioner", "analyst", "assurer", "approver")
_HEADING = re.compile(r" {0,3}(#{1,6})(?:[ \t]+(.*))?")
_CLOSING = re.compile(r"(^|[ \t])#+$")
_TO_FILL = re.compile(r"to fill:", re.IGNORECASE)
_FENCED = re.compile(r"^ {0,3}(```|~~~).*?(?:^ {0,3}\1[`~]*[^\S\n]*$|\Z)", re.MULTILINE | re.DOTALL)
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_INLINE = re.compile(r"`[^`\n]+`")
_DAY = re.compile(r"(?<![0-9])[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?![0-9])")
_NOBODY = {"", "-", "–", "?", "nobody", "none", "tba", "tbc", "tbd"}


@dataclass(frozen=True)
class Section:
    """A heading (level 1 to 6; 0 for what stands before the first) and the text under it, up to the next heading."""

    heading: str
    level: int
    text: str


@dataclass(frozen=True)
class Page:
    """A page as it was read; `problem` says why it could not be."""

    path: str
    sections: tuple[Section, ...] = ()
    problem: str = ""

    @property
    def text(self) -> str:
        """Everything but the headings."""
        return "\n".join(section.text for section in self.sections)

    def to_fill(self) -> tuple[tuple[str, int], ...]:
        """The headings with something still to fill, and how much: (heading, count)."""
        counted = [(each.heading, _left(each, following)) for each, following in pairwise((*self.sections, None))]
        return tuple((heading or "before the first heading", count) for heading, count in counted if count)


def _left(section: Section, following: Section | None) -> int:
    """How much is to fill in a section: what is marked, or all of it where it is empty and no smaller heading follows."""
    if section.text.strip() or not section.level or (following and following.level > section.level):
        return len(_TO_FILL.findall(section.text))
    return 1


def sections(text: str) -> tuple[Section, ...]:
    """A Markdown page by its headings, without its code and comments.

    >>> [(each.heading, each.text) for each in sections("# Log\\nWhat `To fill:` means.\\n## Rest\\nTo fill: all")]
    [('Log', 'What … means.'), ('Rest', 'To fill: all')]
    """
    found: list[tuple[str, int, list[str]]] = [("", 0, [])]
    for line in _COMMENT.sub("", _FENCED.sub("…", text.removeprefix("\ufeff"))).splitlines():
        heading = _HEADING.fullmatch(line)
        if heading:
            words = _CLOSING.sub("", (heading[2] or "").strip()).strip()
            found.append((words or "(a heading without words)", len(heading[1]), []))
        else:
            found[-1][2].append(_INLINE.sub("…", line))
    made = (Section(heading, level, "\n".join(lines)) for heading, level, lines in found)
    return tuple(each for each in made if each.level or each.text.strip())


def read_text(path: Path) -> str:
    """A page's text with its line ends as they are. Raises `DataJamError` where it is not UTF-8."""
    try:
        return path.read_bytes().decode("utf-8")
    except UnicodeDecodeError:
        raise DataJamError(f"docs/{path.name}: not UTF-8. Save it as UTF-8 in your editor.") from None


def read(folder: Path, name: str) -> Page:
    """A page of a project's folder by its name, such as 'handover'; one that cannot be read has its problem in words."""
    path = f"docs/{name}.md"
    try:
        found = sections(read_text(folder / path))
    except FileNotFoundError:
        return Page(path, problem=f"not there: restore it with `git checkout {path}`, or write it anew")
    except OSError as error:
        return Page(path, problem=f"cannot be opened ({error.strerror or error})")
    except DataJamError as error:
        return Page(path, problem=str(error).removeprefix(f"{path}: "))
    return Page(path, found) if found else Page(path, problem=f"empty: restore it with `git checkout {path}`, or write it anew")


def people(text: str, role: str) -> tuple[str, ...]:
    """The names in the last cell of a role's row in a table; none where the row is missing or still to fill.

    >>> people("| Analyst | does it | Ann Lee (council), [Bob](mailto:b@example.org) and Cy |", "analyst")
    ('Ann Lee', 'Bob', 'Cy')
    """
    for line in text.splitlines():
        cells = line.strip().removeprefix("|").removesuffix("|").split("|")
        if len(cells) > 1 and cells[0].strip(" *_").casefold().removesuffix("s") == role:
            return () if _TO_FILL.search(cells[-1]) else _names(cells[-1])
    return ()


def _names(cell: str) -> tuple[str, ...]:
    plain = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", cell)
    plain = re.sub(r"\([^)]*\)", " ", plain)
    parts = (" ".join(part.split()).strip(" *_") for part in re.split(r"[,;/&+]|<br ?/?>|\band\b", plain))
    return tuple(part for part in parts if part.casefold() not in _NOBODY)


def in_both(some: tuple[str, ...], others: tuple[str, ...]) -> tuple[str, ...]:
    """The names that stand in both lists, however they are written in capitals or accents.

    >>> in_both(("Ann Lee", "Zoë"), ("ZOE\u0308", "Bob"))
    ('Zoë',)
    """
    known = {unicodedata.normalize("NFKC", name).casefold() for name in others}
    return tuple(name for name in some if unicodedata.normalize("NFKC", name).casefold() in known)


def sunset(page: Page) -> tuple[date | None, tuple[str, ...]]:
    """The day under the heading 'Sunset date': (day, ()), or (None, what was read instead); (None, ()) where nothing is set.

    A day is written 2027-11-30. Where several stand there, none of them is taken.

    >>> sunset(Page("docs/assurance.md", sections("## Sunset date\\n30/11/2027")))
    (None, ('30/11/2027',))
    """
    text = "\n".join(section.text for section in page.sections if "sunset" in section.heading.casefold())
    written = tuple(dict.fromkeys(_DAY.findall(text)))
    if len(written) == 1:
        try:
            return date.fromisoformat(written[0]), ()
        except ValueError:
            return None, written
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if written or not lines or _TO_FILL.search(text):
        return None, written
    return None, (lines[-1].split(":", 1)[-1].strip() or lines[-1],)
