"""Personal data and secrets: in data files, in what notebooks say and show, and in what git remembers.

A find names the place, never the number itself: a report is passed on. That nothing was found is not a clearance.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from functools import cache, partial
from pathlib import Path

from datajam.review.clean_room import git
from datajam.review.evidence import Evidence, Finding, Rule
from datajam.review.rules import privacy_patterns as patterns
from datajam.review.rules.reading import (
    DATA,
    LARGEST_OUTPUT,
    Text,
    as_csv,
    cells,
    content,
    inside,
    line_of,
    outputs,
    own_files,
    saved,
    size,
    texts,
)

_IDENTIFIERS: dict[str, tuple[str, Callable[[str], Iterable[int]]]] = {
    "upn": ("a unique pupil number", patterns.upn),
    "nhs": ("an NHS number", patterns.nhs),
    "nino": ("a National Insurance number", patterns.nino),
    "birth": ("a date of birth", patterns.birth),
    "postcode": ("a full postcode", patterns.postcode),
    "email": ("an e-mail address", patterns.email),
    "phone": ("a telephone number", patterns.phone),
}
_EVERYWHERE = ("upn", "nhs", "nino")
_LONGEST_LINE = 5_000
_MOST_LINES, _MOST_SECONDS = 400_000, 60
_WORDS = re.compile(r"passw|pwd|secret|token|api_?key|PRIVATE KEY|AKIA|gh[opsu]_|://[^/\s:]+:[^@\s]+@", re.IGNORECASE)
_TOKEN = re.compile(r"(?=[A-Za-z_+/=.:-]*[0-9])[A-Za-z0-9_+/=.:-]{16,}")
_DETECTORS = (
    "ArtifactoryDetector AWSKeyDetector AzureStorageKeyDetector BasicAuthDetector CloudantDetector DiscordBotTokenDetector "
    "GitHubTokenDetector GitLabTokenDetector IbmCloudIamDetector IbmCosHmacDetector JwtTokenDetector KeywordDetector "
    "MailchimpDetector NpmDetector OpenAIDetector PrivateKeyDetector PypiTokenDetector SendGridDetector SlackDetector "
    "SoftlayerDetector SquareOAuthDetector StripeDetector TelegramBotTokenDetector TwilioKeyDetector"
).split()
_REMEDY = "Take it out, here and from git's history, and tell whoever looks after the data."
_GENERATED = ("requirements.lock", "poetry.lock", "uv.lock", "Pipfile.lock", "package-lock.json")


def _identifier(key: str, evidence: Evidence) -> Iterator[Finding]:
    what, find = _IDENTIFIERS[key]
    for text in texts(evidence):
        if text.file in _GENERATED or text.kind in ("prose", "code") and not (key in _EVERYWHERE or text.cell):
            continue
        places = list(find(text.text))
        if places:
            more = f", and {len(places) - 1:,} more in this {'cell' if text.cell else 'file'}" if len(places) > 1 else ""
            line = None if text.cell and text.kind == "output" else line_of(text.text, places[0])
            yield Finding(f"privacy.{key}", f"Looks like {what}{_where(text)}{more}.", text.file, text.cell, line, _REMEDY)


def _where(text: Text) -> str:
    return {"output": " in what the cell shows", "code": " in the code", "prose": "", "data": ""}[text.kind]


def _secrets(evidence: Evidence) -> Iterator[Finding]:
    for text in texts(evidence):
        lines = [] if text.file in _GENERATED else text.text.splitlines()
        numbers = text.kind in ("data", "output")
        lines = [line if _may_hold_secret(line[:_LONGEST_LINE], numbers) else "" for line in lines]
        for kind, number in secrets(lines).items():
            words = f"Looks like a secret ({kind}){_where(text)}."
            remedy = "Change the password or key today, wherever it is used; then take it out, here and from git's history."
            yield Finding("privacy.secret", words, text.file, text.cell, number, remedy)


def _may_hold_secret(line: str, numbers: bool) -> bool:
    """Whether a line is worth a closer look: a word that goes with secrets, or a long token where it is no table of numbers."""
    return bool(_WORDS.search(line)) or not numbers and bool(_TOKEN.search(line))


def secrets(lines: list[str]) -> dict[str, int]:
    """The kinds of secret that `detect-secrets` sees in lines, each with the first line (from 1) where it stands.

    Its measures of randomness are left out, since hashes are random too.

    >>> secrets(["import pandas", "password = 'correct-horse-7-battery'"])
    {'Secret Keyword': 2}
    """
    found: dict[str, int] = {}
    numbered = [(number, line) for number, line in enumerate(lines, start=1) if line.strip() and len(line) <= _LONGEST_LINE]
    if not numbered:
        return found
    from detect_secrets.core.scan import scan_line
    from detect_secrets.settings import transient_settings

    with transient_settings({"plugins_used": [{"name": name} for name in _DETECTORS]}):
        for number, line in numbered:
            for secret in scan_line(line):
                found.setdefault(secret.type, number)
    return found


def _history(evidence: Evidence) -> Iterator[Finding]:
    now = {line.strip() for text in texts(evidence) for line in text.text.splitlines()}
    seen: set[tuple[str, str]] = set()
    stands = cache(lambda file: {line.strip() for line in content(evidence, file).splitlines()})  # a notebook's lines are JSON's
    for commit, file, line in _once_added(evidence.folder):
        if line.strip() in now or not _of_interest(file) or line.strip() in stands(file):
            continue
        for what in set(_kinds(file, line)) - {what for what, where in seen if where == file}:
            seen.add((what, file))
            words = f"Looks like {what}, in commit {commit[:10]}; it is gone now, and git still has it."
            yield Finding("privacy.history", words, file, remedy=_REMEDY)


def _kinds(file: str, line: str) -> Iterator[str]:
    data = Path(file).suffix.lower() in {*DATA, ".ipynb"}
    for key, (what, find) in _IDENTIFIERS.items():
        if (key in _EVERYWHERE or data) and next(iter(find(line)), None) is not None:
            yield what
    if _WORDS.search(line):
        yield from (f"a secret ({kind})" for kind in secrets([line]))


def _of_interest(file: str) -> bool:
    return not file.startswith("shared/datajam/") and Path(file).name not in _GENERATED and Path(file).suffix != ".html"


def _once_added(folder: Path) -> Iterator[tuple[str, str, str]]:
    """Lines that some commit added: (commit, file, line), the newest first, no longer than a line of text is."""
    words = "log --all -p --unified=0 --relative --no-color --no-textconv --no-ext-diff".split()
    said = git(folder, *words, "--format=commit %H", "--", ".", seconds=_MOST_SECONDS) or ""
    commit = file = ""
    for line in said.split("\n", _MOST_LINES)[:_MOST_LINES]:
        if line.startswith("commit "):
            commit = line[7:]
        elif line.startswith("+++ "):
            file = line[4:].removeprefix("b/").strip('"')
        elif line.startswith("+") and len(line) <= _LONGEST_LINE:
            yield commit, file, line[1:]


def _unsearched(evidence: Evidence) -> Iterator[Finding]:
    remedy = "Look into it yourself."
    for path in own_files(evidence):
        file = inside(evidence, path)
        if (
            file
            and Path(path).suffix.lower() in DATA
            and file.stat().st_size
            and not (as_csv(evidence, path) or content(evidence, path))
        ):
            words = "Was not searched: too large, damaged, or of a kind that is not opened."
            yield Finding("privacy.unsearched", words, path, remedy=remedy, level="note")
    for notebook in evidence.notebooks:
        for number, cell in cells(saved(notebook)):
            if any(size(output) > LARGEST_OUTPUT for output in outputs(cell)):
                words = f"Only the first {LARGEST_OUTPUT // 1_000_000} MB of what the cell shows were searched."
                yield Finding("privacy.unsearched", words, notebook.path, number, remedy=remedy, level="note")


_ICO = "https://ico.org.uk/for-organisations/uk-gdpr-guidance-and-resources/personal-information-what-is-it/"
_WHY = {
    "upn": "It follows a pupil through school: with it anybody who holds the register has the name.",
    "nhs": "It identifies a patient for life.",
    "nino": "It identifies a person to tax and benefits.",
    "birth": "With a postcode it singles out nearly everybody.",
    "postcode": "About 15 addresses share one: with an age or a date it can single a person out.",
    "email": "It is a name and a way to reach its owner, who did not ask to be in a repository.",
    "phone": "It is a way to reach its owner, who did not ask to be in a repository.",
}
_TITLES = {key: f"No {what.partition(' ')[2]} in data, notebooks or outputs" for key, (what, _) in _IDENTIFIERS.items()}
RULES = [
    *(Rule(f"privacy.{key}", _TITLES[key], _WHY[key], _ICO, partial(_identifier, key)) for key in _IDENTIFIERS),
    Rule(
        "privacy.secret",
        "No password, key or token",
        "Whoever has read the repository has it.",
        "https://github.com/Yelp/detect-secrets",
        _secrets,
    ),
    Rule(
        "privacy.history",
        "None of these in what git remembers",
        "What was deleted in a later commit is still in every clone.",
        "https://git-scm.com/docs/git-filter-branch",
        _history,
    ),
    Rule(
        "privacy.unsearched",
        "All data and outputs could be searched",
        "What was not looked into may hold anything.",
        _ICO,
        _unsearched,
    ),
]
