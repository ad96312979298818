"""What went wrong, in words for the person who has to mend it."""

import os
from collections.abc import Iterable
from difflib import SequenceMatcher


class DataJamError(Exception):
    """A mistake the user can mend: one line with the bad value, what was expected, and what to type next.

    Where the command is started in another way, as a project's nox sessions do, `DATAJAM_COMMAND` says what to type for it.
    """

    exit_code = 2

    def __init__(self, message: str = ""):
        super().__init__(readable(message))


def readable(text: str) -> str:
    r"""A line for people: what it says to type works where it is read, and no letter in it moves the cursor.

    >>> readable("Look at it.\x07")
    'Look at it.\ufffd'
    """
    said = str(text).replace("`datajam ", f"`{os.environ.get('DATAJAM_COMMAND', 'datajam')} ")
    return "".join(letter if letter.isprintable() else "\ufffd" for letter in said)


def nearest(value: str, allowed: Iterable[str], count: int = 3) -> list[str]:
    """List the allowed values most like a mistyped one, best first, ignoring case; none where none is near.

    >>> nearest("Newcastel", ["Newcastle upon Tyne", "Newcastle", "Leeds"])
    ['Newcastle']
    """
    likeness = {text: SequenceMatcher(None, value.casefold(), text.casefold()).ratio() for text in allowed}
    best = max(likeness.values(), default=0)
    near = [text for text in likeness if likeness[text] >= max(0.65, best - 0.1)]
    return sorted(near, key=lambda text: -likeness[text])[:count]


def did_you_mean(value: str, allowed: Iterable[str]) -> str:
    """Say which allowed values are nearest, or list the first few when none is near.

    >>> did_you_mean("Leds", ["Leeds", "York"])
    'Did you mean Leeds?'
    >>> did_you_mean("xyz", ["Leeds", "York"])
    'Choose from: Leeds, York.'
    """
    allowed = list(allowed)
    close = nearest(value, allowed)
    if close:
        return f"Did you mean {' or '.join(close)}?"
    listed = ", ".join(allowed[:8])
    return f"Choose from: {listed}{', …' if len(allowed) > 8 else ''}."
