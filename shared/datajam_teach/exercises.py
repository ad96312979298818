"""What a worked example says to a participant: is the answer right, is the method right, what does a table hold."""

import base64
import json
import math
from collections.abc import Mapping
from numbers import Real
from typing import Any

import pandas as pd

from datajam.errors import DataJamError
from datajam.vocabulary import places


def begin(place: str, seed: int) -> None:
    """Refuse a place or seed that an example cannot use, before any work; one line, as every error of ours.

    Raises `UnknownPlace` for what is no region or authority, `DataJamError` for a seed that is not a whole number from 0.

    >>> begin("Leeds", 7)
    >>> begin("Leeds", -1)
    Traceback (most recent call last):
    datajam.errors.DataJamError: seed = -1: a whole number from 0 was expected, such as 2018.
    """
    places.find(place)
    if isinstance(seed, bool) or not isinstance(seed, int) or seed < 0:
        raise DataJamError(f"seed = {seed!r}: a whole number from 0 was expected, such as 2018.")


def check(
    answer: Any,
    right: Any = None,
    within: float = 0.01,
    hint: str = "",
    wrong: Mapping[Any, str] | None = None,
    *,
    sealed: str = "",
) -> None:
    """Say whether an answer is right; never raise, whatever the answer is, so that Run All goes on.

    `right` is a number (right within `within`), a text (compared without regard to case and space), a truth value, or a list or
    set of them in any order. `wrong` gives the answers that common mistakes lead to, each with what went wrong. An answer left
    as `...` or None is not done yet. A participant's copy has all four in `sealed`, as `seal` makes it.

    >>> check(..., 3)
    Not done yet: put your answer in place of the three dots.
    >>> check(3.004, 3)
    Correct: 3.004.
    >>> check(5, 3, wrong={5: "you counted the totals too"})
    Not quite: you counted the totals too.
    >>> check("three", 3, hint="count the rows that are left")
    Not quite: a number was expected, this is text. Hint: count the rows that are left.
    """
    try:
        if sealed:
            right, within, hint, wrong = unseal(sealed)
        print(verdict(answer, right, within, hint, dict(wrong or {})))
    except Exception as error:  # a participant's object may do anything when it is looked at
        print(f"Not quite: your answer cannot be read ({type(error).__name__}).{_hinted(hint)}")


def seal(right: Any, within: float, hint: str, wrong: Mapping[Any, str]) -> str:
    """What a check needs as one word that does not tell it at a glance. It is a seal, not a secret: whoever wants to can open it.

    >>> check(5, sealed=seal(3, 0, "", {5: "you counted the totals too"}))
    Not quite: you counted the totals too.
    """
    return base64.b64encode(json.dumps([right, within, hint, list(wrong.items())]).encode()).decode()


def unseal(sealed: str) -> tuple[Any, float, str, dict[Any, str]]:
    """What `seal` was given. Raises `ValueError` for anything else."""
    right, within, hint, wrong = json.loads(base64.b64decode("".join(sealed.split()), validate=True))
    return right, within, hint, {mistake: words for mistake, words in wrong}


def verdict(answer: Any, right: Any, within: float, hint: str, wrong: dict) -> str:
    """The sentence that `check` prints.

    >>> verdict(4, 3, 0, "", {4: "you counted the totals too"})
    'Not quite: you counted the totals too.'
    """
    if answer is ... or answer is None:
        return (
            f"Not done yet: put your answer in place of the three dots.{_hinted(hint)}"
            if hint
            else ("Not done yet: put your answer in place of the three dots.")
        )
    if isinstance(answer, BaseException):
        return (
            f"Not quite: your answer is an error ({type(answer).__name__}: {answer}). Look at the line that made it.{_hinted(hint)}"
        )
    expected, given = kind_of(right), kind_of(answer)
    if expected != given:
        return f"Not quite: {_A[expected]} was expected, this is {_IS[given]}.{_hinted(hint)}"
    if given == "number" and math.isnan(answer):
        return f"Not quite: this is not a number (NaN): a value was missing on the way.{_hinted(hint)}"
    if _same(answer, right, within):
        return f"Correct: {_short(answer)}."
    for mistake, words in wrong.items():
        if kind_of(mistake) == given and _same(answer, mistake, within):
            return f"Not quite: {_ended(words)}{_hinted(hint)}"
    return f"Not quite: {_short(answer)} is not it.{_hinted(hint)}"


_A = {"number": "a number", "text": "a text", "truth": "True or False", "several": "a list", "other": "something else"}
_IS = {"number": "a number", "text": "text", "truth": "True or False", "several": "a list", "other": "something else"}


def kind_of(value: Any) -> str:
    """What an answer is to a check: number, text, truth (a truth value), several or other.

    >>> kind_of(3.5), kind_of(True), kind_of([1])
    ('number', 'truth', 'several')
    """
    if isinstance(value, bool) or type(value).__name__ == "bool":
        return "truth"
    if isinstance(value, Real):
        return "number"
    if isinstance(value, str):
        return "text"
    if isinstance(value, (list, tuple, set, frozenset, pd.Series, pd.Index)) or type(value).__name__ == "ndarray":
        return "several"
    return "other"


def _same(answer: Any, right: Any, within: float) -> bool:
    kind = kind_of(right)
    if kind == "number":
        return abs(float(answer) - float(right)) <= within
    if kind == "text":
        return " ".join(answer.split()).casefold() == " ".join(right.split()).casefold()
    if kind == "several":
        given, wanted = list(answer), list(right)
        rest = [each for each in wanted if not any(kind_of(each) == kind_of(one) and _same(one, each, within) for one in given)]
        return len(given) == len(wanted) and not rest
    return bool(answer == right)


def _short(answer: Any) -> str:
    if kind_of(answer) == "several":
        answer = list(answer)
    text = f"{answer:g}" if kind_of(answer) == "number" and not isinstance(answer, int) else " ".join(str(answer).split())
    return text if len(text) <= 60 else text[:57] + "…"


def _hinted(hint: str) -> str:
    return f" Hint: {_ended(hint)}" if hint else ""


def _ended(words: str) -> str:
    return words if words.endswith(("?", ".")) else f"{words}."


def truth(found: Mapping[str, tuple[float, float, float]], *, strict: bool = True, seed: int = 0, shipped: int = 0) -> None:
    """Compare what a method found with what was planted: {name: (estimate, truth, tolerance)}, a line each.

    For the shipped seed and `strict` an estimate outside its tolerance raises `AssertionError`; for any other seed the line says
    how far it is, since chance alone puts some outside.

    >>> truth({"share": (64.2, 64.0, 2.0)})
    share: estimate 64.200, truth 64.000, within 2.000: yes
    """
    outside = []
    for name, (estimate, planted, tolerance) in found.items():
        near = abs(estimate - planted) <= tolerance
        print(f"{name}: estimate {estimate:.3f}, truth {planted:.3f}, within {tolerance:.3f}: {'yes' if near else 'no'}")
        outside += [] if near else [name]
    if outside and strict and seed == shipped:
        raise AssertionError(f"Not recovered with the shipped seed: {', '.join(outside)}.")
    if outside:
        print("With another seed chance puts an estimate outside now and then: with 200 seeds, one at most.")


def show(table: pd.DataFrame | pd.Series, digits: int = 2, rows: int = 10) -> None:
    """Print a table rounded, so that it looks the same on every machine; only the first rows of a long one.

    >>> show(pd.DataFrame({"place": ["Leeds", "Hull"], "share": [0.12345, 0.5]}))
    place  share
    Leeds   0.12
     Hull   0.50
    """
    frame = table.reset_index() if isinstance(table, pd.Series) or table.index.name else table
    shown = frame.head(rows)
    print(shown.to_string(index=False, float_format=lambda value: f"{value:,.{digits}f}"))
    if len(frame) > rows:
        print(f"… and {len(frame) - rows:,} rows more")
