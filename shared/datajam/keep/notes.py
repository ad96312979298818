"""Decisions and assumptions, one line each, in docs/log.md: what was chosen, and when, for whoever takes the work over."""

import re
import unicodedata
from datetime import date

from datajam.errors import DataJamError
from datajam.folders import write_text
from datajam.keep.pages import read_text
from datajam.project import Project

_NEW_PAGE = "# Log\n\nDecisions and assumptions, one line each, newest last. `datajam note` adds a line.\n\n"
_MARKUP = re.compile(r"[\\`*\[\]<&~|]|(?<![^\W_])_|_(?![^\W_])|(?<=to fill)(?=:)", re.IGNORECASE)


def note(project: Project, text: str, kind: str = "decision", today: date | None = None) -> str:
    """Add a line to the end of docs/log.md and return it; what stands there stays to the byte, a missing page is made.

    `kind` is 'decision' or 'assumption'. Raises `DataJamError` for a text that is empty or more than one line, and for a page
    that is not UTF-8.
    """
    line = f"- {(today or date.today()).isoformat()}, {kind}: {harmless(one_line(text))}"
    path = project.folder / "docs" / "log.md"
    before = read_text(path) if path.exists() else _NEW_PAGE
    end = "\r\n" if "\r\n" in before else "\n"
    between = "" if not before or before.endswith("\n") else end
    path.parent.mkdir(exist_ok=True)
    write_text(path, f"{before}{between}{line}{end}")
    return line


def one_line(text: str) -> str:
    """A note's text with single spaces. Raises `DataJamError` where it is empty, or holds a line break or an unseen character.

    >>> one_line("  We compare\u00a0with  Leeds. ")
    'We compare with Leeds.'
    """
    spaced = "".join(" " if unicodedata.category(letter) == "Zs" else letter for letter in text).strip(" ")
    if not spaced.strip():
        raise DataJamError('A note needs words: `datajam note "We compare with Leeds, which is as large."`')
    if spaced.splitlines() != [spaced]:
        raise DataJamError("A note is one line: leave out the line break, or type `datajam note` once for each line.")
    unseen = next((letter for letter in spaced if not letter.isprintable()), "")
    if unseen:
        raise DataJamError(f"The note holds U+{ord(unseen):04X}, which cannot be seen. Type it again without that character.")
    return re.sub(" +", " ", spaced)


def harmless(text: str) -> str:
    r"""A text as Markdown that shows it as typed: no link, picture, tag or code, and nothing that counts as still to fill.

    >>> print(harmless("avg_att8 < 40 is *low*; see [x](y)"))
    avg_att8 \< 40 is \*low\*; see \[x\](y)
    """
    return _MARKUP.sub(lambda found: f"\\{found[0]}", text)
