"""The verdict of a review: one line with denominators, an exit code, and the files that say it: report.json, codecheck.yml."""

import json
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from datajam.review.crate import executed_name
from datajam.review.evidence import Compared, Evidence, Finding

REPRODUCED, DIFFERENCES, COULD_NOT_RUN = 0, 1, 2
TO_FILL = "To fill"


def exit_code(evidence: Evidence, findings: list[Finding]) -> int:
    """0 where all was reproduced, 1 where something differs or there was nothing to compare with, 2 where nothing ran."""
    if not any(one.ran for one in evidence.notebooks):
        return COULD_NOT_RUN
    nothing = not any(one.outputs for one in evidence.notebooks)
    return DIFFERENCES if nothing or any(found.level == "difference" for found in findings) else REPRODUCED


def line(evidence: Evidence) -> str:
    """The verdict in one line: notebooks run, outputs compared, headline numbers, time, network, commit."""
    outputs = [output for one in evidence.notebooks for output in one.outputs]
    ran = sum(one.ran for one in evidence.notebooks)
    return "; ".join(
        part
        for part in (
            f"{ran} of {len(evidence.notebooks)} notebooks ran",
            compared(outputs),
            _numbers(evidence),
            duration(evidence.seconds),
            "offline" if evidence.environment.get("network", "").startswith("network off") else "NETWORK NOT SWITCHED OFF",
            f"commit {evidence.commit[:7]}, {'clean' if evidence.clean else 'not clean'}" if evidence.commit else "not under git",
        )
        if part
    )


def compared(outputs: list[Compared]) -> str:
    """The outputs compared, in words with their number."""
    if not outputs:
        return "no saved output to compare with"
    counts = {same: sum(output.same == same for output in outputs) for same in ("identical", "within tolerance")}
    apart = len(outputs) - sum(counts.values())
    said = f"{counts['identical']} of {len(outputs)} outputs identical, {counts['within tolerance']} within tolerance"
    return f"{said}, {apart} different"


def _numbers(evidence: Evidence) -> str:
    if not evidence.results_then:
        return ""
    now = {entry["name"]: entry for entry in evidence.results_now}
    sides = ("value", "lower_95", "upper_95", "base")
    same = sum(all(entry.get(side) == now.get(entry["name"], {}).get(side) for side in sides) for entry in evidence.results_then)
    return f"{same} of {len(evidence.results_then)} headline numbers the same"


def duration(seconds: float) -> str:
    """A length of time as people say it.

    >>> duration(192), duration(41.6)
    ('3 m 12 s', '42 s')
    """
    whole = round(seconds)
    return f"{whole // 60} m {whole % 60} s" if whole >= 60 else f"{whole} s"


def as_json(evidence: Evidence, findings: list[Finding], verdict: str, code: int) -> str:
    """Everything the review found, for other programs; what differs in it between two reviews is the times."""
    about = {
        "made_by": "datajam review",
        "verdict": verdict,
        "exit_code": code,
        "reviewed": datetime.now(UTC).isoformat(timespec="seconds"),
        "replay": evidence.replay,
        "origin": evidence.origin,
        "commit": evidence.commit,
        "clean": evidence.clean,
        "place": evidence.place,
        "lock": {"file": evidence.lock, "sha256": evidence.lock_sha256},
        "environment": evidence.environment,
        "notebooks": [_notebook(one) for one in evidence.notebooks],
        "results": {"then": evidence.results_then, "now": evidence.results_now},
        "findings": [asdict(found) for found in findings],
        "variations": evidence.variations,
        "not_checked": evidence.not_checked,
    }
    return json.dumps(about, indent=1, ensure_ascii=True, default=str) + "\n"


def _notebook(one: Any) -> dict[str, Any]:
    return {
        "path": one.path,
        "ran": one.ran,
        "seconds": round(one.seconds, 1),
        "failure": asdict(one.failure) if one.failure else None,
        "outputs": [{key: value for key, value in asdict(each).items() if key not in ("then", "now")} for each in one.outputs],
        "opened": [asdict(each) for each in one.opened],
        "network": [asdict(each) for each in one.network],
    }


def codecheck(evidence: Evidence, verdict: str) -> str:
    """A codecheck.yml (https://codecheck.org.uk/spec/config/1.0/): what the tool knows; who checked is for that person to write."""
    import yaml

    about = (evidence.settings or {}).get("project", {})
    made = [(f"crate/{executed_name(one, number)}", one) for number, one in enumerate(evidence.notebooks, start=1) if one.now]
    held = {
        "version": "https://codecheck.org.uk/spec/config/1.0/",
        "paper": {
            "title": str(about.get("name", "")) or evidence.folder.name,
            "authors": [{"name": author.rpartition(" <")[0] or author} for author in evidence.authors] or [{"name": TO_FILL}],
            "reference": evidence.origin,
        },
        "manifest": [{"file": name, "comment": f"{one.path}: {compared(one.outputs)}"} for name, one in made],
        "codechecker": [{"name": f"{TO_FILL}: your name"}],
        "summary": f"{verdict}. Made by a program; a person has yet to look at it.",
        "repository": evidence.origin,
        "check_time": datetime.now(UTC).isoformat(timespec="seconds"),
        "report": "report.html",
    }
    return "---\n" + yaml.safe_dump(held, sort_keys=False, allow_unicode=False, width=120)
