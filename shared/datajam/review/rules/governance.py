"""What the team says about its own work: the pages in docs/, who assured it, under which licence it may be used."""

import re
import unicodedata
from collections.abc import Iterator
from pathlib import PurePosixPath

from datajam.keep import pages
from datajam.review.evidence import Evidence, Finding, Rule
from datajam.review.rules.reading import named

_AQUA = "https://www.gov.uk/government/publications/the-aqua-book-guidance-on-producing-quality-analysis-for-government"


def has_pages(evidence: Evidence) -> bool:
    """Whether the project has the pages that DataJam gives, or says that it is one of its projects."""
    return evidence.settings is not None or any(f"docs/{name}.md" in evidence.files for name in pages.NAMES)


def read(evidence: Evidence) -> list[pages.Page]:
    """The pages of docs/ as they were read; none where the project is not one of DataJam's."""
    return [pages.read(evidence.folder, name) for name in pages.NAMES] if has_pages(evidence) else []


def _filled(evidence: Evidence) -> Iterator[Finding]:
    for page in read(evidence):
        if page.problem:
            yield Finding("governance.filled", f"{page.path}: {page.problem}", page.path, level="note")
        elif page.to_fill():
            total = sum(count for _, count in page.to_fill())
            where = named((heading for heading, _ in page.to_fill()), 6)
            words = f"{total} thing{'s' * (total > 1)} still to fill: {where}."
            remedy = "Look for “To fill:” in the page, and write what is true."
            yield Finding("governance.filled", words, page.path, remedy=remedy, level="note")


def people(evidence: Evidence, role: str) -> tuple[str, ...]:
    """Who holds a role according to docs/assurance.md; nobody where the page is not there or not filled in."""
    page = next((page for page in read(evidence) if page.path.endswith("assurance.md")), None)
    return pages.people(page.text, role) if page else ()


def authors_among(evidence: Evidence, names: tuple[str, ...]) -> tuple[str, ...]:
    """The names that stand among the authors of the commits too, by name or by the first part of the address.

    >>> from pathlib import Path
    >>> authors_among(Evidence(Path(), authors=["Ann Lee <ann.lee@example.org>"]), ("ANN LEE", "Bob"))
    ('ANN LEE',)
    """
    known = set()
    for author in evidence.authors:
        name, _, address = author.partition("<")
        known |= {_key(name), _key(re.sub(r"[._]", " ", address.partition("@")[0]))}
    return tuple(name for name in names if _key(name) in known - {""})


def _key(name: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())


def _assurer(evidence: Evidence) -> Iterator[Finding]:
    assurers = people(evidence, "assurer")
    both = dict.fromkeys([*pages.in_both(assurers, people(evidence, "analyst")), *authors_among(evidence, assurers)])
    for name in both:
        words = f"{name} is named as assurer and wrote part of the work."
        remedy = "Name somebody who did none of the analysis, and have it assured again."
        yield Finding("governance.assurer", words, "docs/assurance.md", remedy=remedy)


def licence(evidence: Evidence) -> str:
    """The file that says under which licence the work may be used, '' where none does."""
    found = (
        path for path in evidence.files if "/" not in path and PurePosixPath(path).stem.upper() in ("LICENSE", "LICENCE", "COPYING")
    )
    return next(found, "")


def _licence(evidence: Evidence) -> Iterator[Finding]:
    if evidence.files and not licence(evidence):
        remedy = "Choose one and add the file LICENSE: without it nobody else may use the work."
        yield Finding("governance.licence", "The project has no licence.", remedy=remedy, level="note")


RULES = [
    Rule(
        "governance.filled",
        "Problem statement, log, assurance and handover are filled in",
        "Whoever takes the work over has only these pages to go by. What is open is a note, not a problem.",
        _AQUA,
        _filled,
    ),
    Rule(
        "governance.assurer",
        "The assurer is neither an analyst nor an author of a commit",
        "Nobody sees the mistakes in their own work.",
        _AQUA,
        _assurer,
    ),
    Rule(
        "governance.licence",
        "The work has a licence",
        "Without one nobody else may use it.",
        "https://choosealicense.com/no-permission/",
        _licence,
    ),
]
