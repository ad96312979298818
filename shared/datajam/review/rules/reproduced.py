"""Does it run, and does it give the same: here, a second time, and elsewhere."""

from collections.abc import Iterator
from typing import Any

from datajam.review.evidence import Evidence, Finding, Rule
from datajam.say.results import number

NBVAL = "https://nbval.readthedocs.io/"
_STUDIES = "https://doi.org/10.1109/MSR.2019.00077"
_LEVEL = {"different": "difference", "missing": "difference", "new": "difference"}
_NUMBERS = ("value", "lower_95", "upper_95", "base")


def _runs(evidence: Evidence) -> Iterator[Finding]:
    for notebook in evidence.notebooks:
        failure = notebook.failure
        if failure:
            words = f"Did not run to its end ({failure.kind}): {failure.words}"
            yield Finding("reproduced.runs", words, notebook.path, failure.cell, remedy=failure.remedy, level="difference")
        elif notebook.now is None:
            remedy = "Look under what was not checked for the reason."
            yield Finding("reproduced.runs", "Was not run in this review.", notebook.path, remedy=remedy, level="difference")


def _outputs(evidence: Evidence) -> Iterator[Finding]:
    remedy = "Run the notebooks again from the commit and keep the outputs, or find what makes them differ."
    for notebook in evidence.notebooks:
        for output in notebook.outputs:
            if output.same in _LEVEL:
                words = f"Output {output.output} ({output.kind}) is {output.same}{': ' * bool(output.words)}{output.words}"
                yield Finding("reproduced.output", words, notebook.path, output.cell, remedy=remedy, level=_LEVEL[output.same])


def moved(evidence: Evidence) -> Iterator[tuple[dict[str, Any] | None, dict[str, Any] | None]]:
    """Headline numbers then and now that are not the same: pairs of entries, None where there is none."""
    then, now = ({entry.get("name"): entry for entry in found} for found in (evidence.results_then, evidence.results_now))
    for name in dict.fromkeys([*then, *now]):
        one, other = then.get(name), now.get(name)
        if one is None or other is None or any(_apart(one.get(key), other.get(key), one) for key in _NUMBERS):
            yield one, other


def _apart(one: Any, other: Any, entry: dict[str, Any]) -> bool:
    """Whether two values differ by more than half a unit of the last digit shown."""
    if isinstance(one, (int, float)) and isinstance(other, (int, float)):
        return abs(one - other) > 0.5 * 10.0 ** -digits(entry) * 1.000001
    return one != other


def digits(entry: dict[str, Any]) -> int:
    """How many digits after the point a result is shown with, whatever the file says: 0 to 9."""
    found = entry.get("digits")
    return min(max(int(found), 0), 9) if isinstance(found, int) else 0


def _numbers(evidence: Evidence) -> Iterator[Finding]:
    if not evidence.results_now:
        return
    for then, now in moved(evidence) if evidence.results_then else ():
        entry = then or now or {}
        words = f"{entry.get('label') or entry.get('name')}: {shown(then)} recorded, {shown(now)} now."
        remedy = "Run the project again and commit runs/, or find what moved it: data, code or a package."
        file = f"notebooks/{entry.get('notebook')}.ipynb" if entry.get("notebook") else ""
        yield Finding("reproduced.number", words, file, entry.get("cell"), remedy=remedy, level="difference")


def shown(entry: dict[str, Any] | None) -> str:
    """A recorded number in words, with its interval and base where it has them."""
    if not entry:
        return "none"
    try:
        text = number(entry)
    except (KeyError, TypeError, ValueError):
        return str(entry.get("value"))
    interval = f" ({entry['lower_95']} to {entry.get('upper_95')})" if entry.get("lower_95") is not None else ""
    base = f", base {entry['base']:,}" if isinstance(entry.get("base"), int) else ""
    return f"{text}{interval}{base}"


def _found(evidence: Evidence, key: str) -> list[Any]:
    """What a variation found, as a list: texts, or tables with `words`, `notebook` and `cell`."""
    found = evidence.variations.get(key) or []
    if isinstance(found, dict):
        found = found.get("findings") or found.get("failures") or []
    return found if isinstance(found, list) else []


def _varied(evidence: Evidence, key: str, rule: str, remedy: str, level: str) -> Iterator[Finding]:
    for each in _found(evidence, key):
        about = each if isinstance(each, dict) else {"words": str(each)}
        words, file = str(about.get("words", about)), str(about.get("notebook", ""))
        yield Finding(rule, words, file, about.get("cell"), remedy=remedy, level=level)


def _twice(evidence: Evidence) -> Iterator[Finding]:
    remedy = "Give the random numbers a fixed seed, sort what comes from a set, and leave the time of day out of the outputs."
    yield from _varied(evidence, "determinism", "reproduced.twice", remedy, "difference")


def _elsewhere(evidence: Evidence) -> Iterator[Finding]:
    remedy = "Let the notebook take the place from its parameters, and say so where the data has no figure for a place."
    yield from _varied(evidence, "generality", "reproduced.elsewhere", remedy, "problem")


def _sensitive(evidence: Evidence) -> Iterator[Finding]:
    remedy = "Say in the findings how much hangs on this parameter."
    yield from _varied(evidence, "sensitivity", "reproduced.sensitive", remedy, "note")


RULES = [
    Rule(
        "reproduced.runs",
        "Every notebook runs to its end",
        "Of notebooks on GitHub 24% ran in a large study; a result that cannot be run cannot be checked.",
        _STUDIES,
        _runs,
    ),
    Rule(
        "reproduced.output",
        "Every output is the same as the saved one",
        "A saved output that the code does not give again was made by other code, other data or by hand.",
        NBVAL,
        _outputs,
    ),
    Rule(
        "reproduced.number",
        "Every headline number is the same as the recorded one",
        "These are the numbers people quote. They may differ by half a unit of the last digit shown, no more.",
        "https://codecheck.org.uk/",
        _numbers,
    ),
    Rule(
        "reproduced.twice",
        "A second run under other settings gives the same",
        "What changes with a seed, a time zone, a language or the number of threads is chance, not a finding.",
        "https://reproducible-builds.org/docs/deterministic-build-systems/",
        _twice,
    ),
    Rule(
        "reproduced.elsewhere",
        "The notebooks run for a place the authors did not choose",
        "Newcastle's analysis should be Birmingham's tomorrow; a number typed in for one place shows here.",
        "https://papermill.readthedocs.io/en/latest/usage-parameterize.html",
        _elsewhere,
    ),
    Rule(
        "reproduced.sensitive",
        "No headline number changes sign or order when a parameter moves a little",
        "A finding that hangs on one choice has to say so.",
        "https://www.gov.uk/government/publications/the-aqua-book-guidance-on-producing-quality-analysis-for-government",
        _sensitive,
    ),
]
