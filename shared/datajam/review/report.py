"""The report of a review: one page that opens offline, holds no script, and shows nothing hostile as anything but text."""

import re
from collections import Counter
from importlib import resources
from typing import Any

from datajam import __version__
from datajam.review import rap, report_outputs
from datajam.review.environment import canonical
from datajam.review.evidence import LEVELS, Evidence, Finding, Reviewed
from datajam.review.rules import KINDS, RULES, governance, inputs, kind
from datajam.review.rules.declared import distributions, used
from datajam.review.rules.reading import named
from datajam.review.rules.reproduced import digits, moved, shown
from datajam.review.verdict import exit_code

MOST_FINDINGS = 100
MOST_ROWS = 400
_REPRODUCED, _DIFFERS, _NOT_RUN = "Reproduced", "Not reproduced", "Could not be run"
_WORDS = {"difference": "Difference", "problem": "Problem", "note": "Note"}
_EXTRA = {
    "determinism": ("A second run, other settings", "reproduced.twice"),
    "generality": ("A place the authors did not choose", "reproduced.elsewhere"),
    "sensitivity": ("Numeric parameters moved by a tenth", "reproduced.sensitive"),
}
# The fields of the review form of ReproHack (https://www.reprohack.org/): a question, and how it is answered.
REPROHACK: list[tuple[str, list[tuple[str, str]]]] = [
    (
        "Reproducibility",
        [
            ("Did you manage to reproduce it?", "choice"),
            ("How much of it did you manage to reproduce?", "rating"),
            ("Briefly describe the procedure you followed and the tools you used to reproduce it", "text"),
            ("Briefly describe how familiar you were with the procedure and tools used", "text"),
            ("What operating system were you using?", "text"),
            ("What additional software did you need to install?", "text"),
            ("What software did you use?", "text"),
            ("What were the main challenges you ran into, if any?", "text"),
            ("What were the positive features of this approach?", "text"),
            ("Any other comments or suggestions on the approach to reproducibility?", "text"),
        ],
    ),
    (
        "Documentation",
        [
            ("How well was the material documented?", "rating"),
            ("How could the documentation be improved?", "text"),
            ("What do you like about the documentation?", "text"),
        ],
    ),
    (
        "Transparency",
        [
            ("Having tried to reproduce it, how familiar do you feel with the code and methods?", "rating"),
            ("Any suggestions on how the analysis could be made more transparent?", "text"),
        ],
    ),
    (
        "Reuse",
        [
            ("How reusable is the material?", "rating"),
            ("Does the data have a licence that permits reuse?", "yes"),
            ("Does the code have a licence that permits reuse?", "yes"),
            ("Any suggestions on how the project could be more reusable?", "text"),
            ("Any final comments?", "text"),
            ("Who reviewed it, and when?", "text"),
        ],
    ),
]


def render(evidence: Evidence, findings: list[Finding], verdict: str) -> str:
    """The page of a review: `verdict` is its one line; everything else comes from what was seen and found."""
    from jinja2 import Environment, FileSystemLoader

    folder = str(resources.files("datajam") / "templates")
    environment = Environment(
        loader=FileSystemLoader(folder), autoescape=True, trim_blocks=True, lstrip_blocks=True, finalize=_said
    )
    environment.filters["spoken"] = _spoken
    return environment.get_template("review/page.html.j2").render(
        title=_title(evidence),
        status=_status(evidence, findings),
        verdict=verdict,
        answers=_answers(evidence, findings),
        numbers=_numbers(evidence),
        groups=_groups(findings),
        counts=Counter(found.level for found in findings),
        notebooks=[_notebook(notebook) for notebook in evidence.notebooks],
        sources=_sources(evidence),
        network=sorted({asked.address for notebook in evidence.notebooks for asked in notebook.network})[:MOST_ROWS],
        packages=_packages(evidence),
        variations=_variations(evidence),
        apart=_of_kinds(findings, "disclosed", "privacy"),
        pages=[(page, sum(count for _, count in page.to_fill())) for page in governance.read(evidence)],
        roles={role: governance.people(evidence, role) for role in governance.pages.ROLES}
        if governance.has_pages(evidence)
        else {},
        ticks=(ticks := rap.ticks(evidence)),
        level=rap.reached(ticks),
        rap_link=rap.LINK,
        fields=REPROHACK,
        rules=[(name, KINDS[name], [rule for rule in RULES if kind(rule.id) == name]) for name in KINDS],
        tally=Counter(found.rule for found in findings),
        version=__version__,
        evidence=evidence,
        style=_style("report/report.css") + _style("review/page.css"),
    )


def _style(name: str) -> str:
    return (resources.files("datajam") / "templates" / name).read_text(encoding="utf-8")


def _said(value: Any) -> Any:
    """Every text on the page: unseen characters are shown as such, spaces of all kinds as spaces, line breaks stay."""
    if isinstance(value, str) and not hasattr(value, "__html__"):
        return "\n".join(report_outputs.plain_line(line) for line in value.split("\n"))
    return "" if value is None else value


def _spoken(text: str) -> Any:
    """A text with what it says to type set as code; everything in it is escaped first."""
    from markupsafe import Markup, escape

    return Markup(re.sub("`([^`]+)`", r"<code>\1</code>", str(escape(_said(text)))))


def _title(evidence: Evidence) -> str:
    settings = (evidence.settings or {}).get("project", {})
    name = settings.get("name") if isinstance(settings, dict) else ""
    origin = evidence.origin.rstrip("/").removesuffix(".git").replace("\\", "/").rpartition("/")[2]
    return str(name or origin or evidence.folder.name)[:120]


def _status(evidence: Evidence, findings: list[Finding]) -> str:
    """The verdict in two words."""
    return (_REPRODUCED, _DIFFERS, _NOT_RUN)[exit_code(evidence, findings)]


def _answers(evidence: Evidence, findings: list[Finding]) -> list[tuple[str, str, str]]:
    """The four questions of somebody who has never seen the project: (question, answer, where it is on the page)."""
    outputs = Counter(output.same for notebook in evidence.notebooks for output in notebook.outputs)
    ran, total = sum(notebook.ran for notebook in evidence.notebooks), len(evidence.notebooks)
    failed = [f"{notebook.path}: {notebook.failure.kind}" for notebook in evidence.notebooks if notebook.failure]
    runs = f"{'Yes' if total and ran == total else 'No' if not ran else 'In part'}: {ran} of {total} notebooks ran to their end."
    return [
        ("Does it run?", f"{runs}{f' Not: {named(failed, 3)}.' if failed else ''}", "notebooks"),
        ("Are the numbers the same?", _same(evidence, outputs), "numbers"),
        ("What does it rest on?", _rests_on(evidence, findings), "inputs"),
        ("What was not checked?", _not_checked(evidence), "unchecked"),
    ]


def _same(evidence: Evidence, outputs: Counter) -> str:
    recorded = len(evidence.results_then)
    apart = sum(then is not None for then, _ in moved(evidence))
    headline = f"{recorded - apart} of {recorded} headline numbers are the same; " if recorded and evidence.results_now else ""
    if not outputs:
        return f"{headline}no saved output to compare with."
    total, same, close = outputs.total(), outputs["identical"], outputs["within tolerance"]
    return f"{headline}of {_many(total, 'output')} {same} identical, {close} within tolerance, {total - same - close} different."


def _rests_on(evidence: Evidence, findings: list[Finding]) -> str:
    """The data and packages in a sentence, with what the rules about inputs found."""
    logged, read = _log(evidence), inputs.reads(evidence)
    synthetic = sum(path in logged and bool(logged[path].synthetic) for path in read)
    data = f"{_many(len(read), 'data file')} read, {sum(path in logged for path in read)} of them in the data log"
    data += f", {synthetic} of them SYNTHETIC" if synthetic else ""
    packages = (
        f"{_many(len(evidence.declared), 'package')} declared in {evidence.lock or 'the project'}" if evidence.declared else ""
    )
    against = sum(kind(found.rule) == "inputs" for found in findings)
    found = f"{_many(against, 'finding')} about it" if against else "nothing found against it"
    return f"{data}; {packages or 'no packages declared'}; {found}."


def _log(evidence: Evidence) -> dict[str, Any]:
    """The data log by path, empty where it cannot be read: the rules say that."""
    try:
        return inputs.log(evidence)
    except Exception:
        return {}


def _many(count: int, what: str) -> str:
    return f"{count:,} {what}{'s' * (count != 1)}"


def _not_checked(evidence: Evidence) -> str:
    left = [title for name, (title, _) in _EXTRA.items() if name not in evidence.variations]
    without = f" Not run: {'; '.join(left)}." if left else ""
    return f"Whether the analysis is right: that is for a person to judge, with what else is listed below.{without}"


def _numbers(evidence: Evidence) -> list[dict[str, Any]]:
    """Every headline number then and now, with the difference and where it was recorded."""
    apart = {(one or other or {}).get("name") for one, other in moved(evidence)}
    then, now = ({entry.get("name"): entry for entry in found} for found in (evidence.results_then, evidence.results_now))
    rows = []
    for name in dict.fromkeys([*then, *now]):
        one, other = then.get(name), now.get(name)
        entry = other or one
        same = "not recorded before" if one is None else "gone" if other is None else "different" if name in apart else "the same"
        where = f"{entry.get('notebook', '')}, cell {entry.get('cell', '?')}"
        rows.append({"label": entry.get("label") or name, "then": shown(one), "now": shown(other), "same": same, "where": where,
                     "apart": _difference(one, other), "tolerance": _tolerance(entry)})  # fmt: skip
    return rows[:MOST_ROWS]


def _difference(one: dict[str, Any] | None, other: dict[str, Any] | None) -> str:
    if one is None or other is None:
        return ""
    values = [one.get("value"), other.get("value")]
    if not all(isinstance(value, (int, float)) for value in values):
        return "" if values[0] == values[1] else "not a difference of numbers"
    return f"{values[1] - values[0]:+,.{digits(one)}f}" if values[0] != values[1] else "0"


def _tolerance(entry: dict[str, Any]) -> str:
    return "" if isinstance(entry.get("value"), str) else f"{0.5 * 10.0 ** -digits(entry):g}"


def _groups(findings: list[Finding]) -> list[dict[str, Any]]:
    """The findings by kind, differences first in each; after a hundred of a kind only how many more there are."""
    groups = []
    for name, title in KINDS.items():
        of_kind = sorted((found for found in findings if kind(found.rule) == name), key=lambda each: LEVELS.index(each.level))
        made = [(found, _WORDS[found.level], _place(found)) for found in of_kind[:MOST_FINDINGS]]
        if made:
            groups.append({"kind": name, "title": title, "findings": made, "left": len(of_kind) - len(made)})
    return groups


def _place(found: Finding) -> str:
    """Where a finding is, as a person would say it."""
    parts = [report_outputs.cut(found.file, 200)] if found.file else []
    parts += [f"cell {found.cell}"] if found.cell else []
    parts += [f"line {found.line}"] if found.line else []
    return ", ".join(parts)


def _of_kinds(findings: list[Finding], *kinds: str) -> int:
    return sum(kind(found.rule) in kinds for found in findings)


def _notebook(notebook: Reviewed) -> dict[str, Any]:
    """A notebook with how many outputs are how alike, which rung of the ladder they needed, and those not identical."""
    alike = Counter(output.same for output in notebook.outputs)
    rungs = Counter(output.rung or "none" for output in notebook.outputs if output.rung != "identical")
    return {
        "about": notebook,
        "counts": ", ".join(f"{count} {same}" for same, count in alike.items()),
        "apart": sum(count for same, count in alike.items() if same not in ("identical", "within tolerance")),
        "rungs": [(rung, count) for rung, count in rungs.most_common() if rung != "none"],
        "shown": report_outputs.shown(notebook),
    }


def _sources(evidence: Evidence) -> list[dict[str, Any]]:
    """Every data file of the log, and every one that was read: what it is, whose, and who read it."""
    from datajam.sources.files import sha256

    logged, read, rows = _log(evidence), inputs.reads(evidence), []
    for path in dict.fromkeys([*logged, *read]):
        source, (notebook, cell, seen) = logged.get(path), read.get(path, ("", None, ""))
        file = inputs.inside(evidence, path)
        seen = seen or (sha256(file) if file else "")
        asked = str(source.sha256).lower() if source else ""
        as_logged = (
            "not logged" if not source else "no hash logged" if not asked else "as logged" if seen == asked else "NOT as logged"
        )
        readers = f"{notebook}{f', cell {cell}' if cell else ''}" if notebook else "not seen to be read"
        rows.append({"path": path, "source": source, "hash": seen, "as_logged": as_logged, "readers": readers})
    return rows[:MOST_ROWS]


def _packages(evidence: Evidence) -> list[tuple[str, str, str]]:
    """What the code imports: (module, the packages it comes from, the version declared)."""
    declared = {canonical(name): version for name, version in (evidence.declared or {}).items()}
    rows = []
    for module in sorted(used(evidence)):
        names = sorted(distributions(module) & declared.keys()) or sorted(distributions(module))
        held = [name for name in names if name in declared]
        version = ", ".join(declared[name] or "no version" for name in held) if held else "NOT declared"
        rows.append((module, ", ".join(names), version))
    return rows[:MOST_ROWS]


def _variations(evidence: Evidence) -> list[dict[str, Any]]:
    """The extra runs: what was varied, and how much was found; those not made say so."""
    rows = []
    for name, (title, rule) in _EXTRA.items():
        made = evidence.variations.get(name)
        words = made.get("words", "") if isinstance(made, dict) else ""
        count = len(made.get("findings", [])) if isinstance(made, dict) else len(made or [])
        rows.append({"title": title, "rule": rule, "made": made is not None, "words": words, "count": count})
    return rows
