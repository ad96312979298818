"""What cookiecutter asks us while it asks the team: are the answers good, and where does this template lie.

Every wrong answer is told in one message, before anything is written.
"""

import json
import re
import sys
import unicodedata
from pathlib import Path

from click import ClickException
from jinja2.ext import Extension

TEMPLATE = Path(__file__).resolve().parent
sys.path.insert(0, str(TEMPLATE / "shared"))

from datajam import __version__  # noqa: E402
from datajam.vocabulary.places import UnknownPlace, find  # noqa: E402

_ASKED = json.loads((TEMPLATE / "cookiecutter.json").read_text(encoding="utf-8"))
THEMES = tuple(_ASKED["theme"])
LICENCES = ("mit", "decide_later")
_LONGEST = 80
_RESERVED = {"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(1, 10))}


def project_slug(name: str) -> str:
    """A project's name as a folder name that every system takes.

    >>> project_slug("Llŷn & Môn's data"), project_slug("2018 again")
    ('llyn-and-mons-data', '2018-again')
    """
    plain = unicodedata.normalize("NFKD", name.replace("&", " and ")).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain.lower().replace("'", "")).strip("-")[:50].strip("-")


def _wrong_text(question: str, text: str, empty: bool = False) -> str:
    if not text.strip():
        return "" if empty else f"{question} is empty: type a few words."
    if len(text) > _LONGEST:
        return f"{question} has {len(text)} characters: {_LONGEST} at most."
    if any(unicodedata.category(letter) in ("Cc", "Cs") for letter in text):
        return f"{question} holds a control character: type plain text."
    if re.search(r"\S@\S+\.\S", text):
        return f"{question} {text!r} is an e-mail address: type a name, not personal data."
    return ""


def _wrong_slug(slug: str) -> str:
    if not re.fullmatch(r"[a-z0-9][a-z0-9_-]{0,59}", slug):
        shown = slug if len(slug) <= _LONGEST else slug[:_LONGEST] + "..."
        return f"project_slug {shown!r}: use small letters, digits and hyphens, such as our-data-hack."
    if slug in _RESERVED:
        return f"project_slug {slug!r} is a name Windows keeps for itself: type another."
    return ""


def problems(answers: dict) -> list[str]:
    """Everything that is wrong with a team's answers, a sentence each.

    >>> problems({"project_name": "Jam", "organisations": "", "theme": "skills", "licence": "mit", "place": "Hull",
    ...           "project_slug": "jam"})
    []
    """
    found = [_wrong_text("project_name", str(answers["project_name"]))]
    found.append(_wrong_text("organisations", str(answers["organisations"]), empty=True))
    found += [f"theme {answers['theme']!r}: choose from {', '.join(THEMES)}."] * (answers["theme"] not in THEMES)
    found += [f"licence {answers['licence']!r}: choose from {', '.join(LICENCES)}."] * (answers["licence"] not in LICENCES)
    try:
        find(str(answers["place"]))
    except UnknownPlace as error:
        found.append(re.sub(r" `[^`]*datajam [^`]*` searches\.$", "", str(error)))
    found.append(_wrong_slug(str(answers["project_slug"])))
    return [problem for problem in found if problem]


def checked(answers: dict) -> str:
    """Stop generation with one message that lists everything wrong; 'yes' where nothing is."""
    found = problems(answers)
    if found:
        message = "No project was made. " + " ".join(found)
        raise ClickException(message.encode(sys.stderr.encoding or "ascii", "replace").decode(sys.stderr.encoding or "ascii"))
    return "yes"


class DataJam(Extension):
    """The filters and functions that cookiecutter.json, hack.toml and the hook use."""

    def __init__(self, environment):
        super().__init__(environment)
        environment.filters.update(
            project_slug=project_slug,
            checked=checked,
            place_name=lambda text: find(text).name,
            place_spoken=lambda text: find(text).spoken,
            theme_words=lambda name: _ASKED["__prompts__"]["theme"].get(name, name),
            toml=lambda text: json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f"),
        )
        environment.globals.update(template_folder=lambda: str(TEMPLATE), template_version=lambda: __version__)
