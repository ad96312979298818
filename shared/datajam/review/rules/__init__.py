"""The rules of a review: one small object each, a module for each kind. `apply` gives what they find.

Kinds, and what they ask: reproduced (does it give the same), said (does anybody say another number), inputs (what it rests on),
declared (is what it needs written down), disclosed and privacy (may it leave), governance (does the team say what it should).
"""

from datajam.review.evidence import Evidence, Finding, Rule
from datajam.review.rules import declared, disclosed, governance, inputs, numbers_said, privacy, reproduced

KINDS = {
    "reproduced": "Does it run, and give the same",
    "said": "Numbers said elsewhere",
    "inputs": "What it rests on",
    "declared": "Declared against used",
    "disclosed": "Small counts",
    "privacy": "Personal data and secrets",
    "governance": "Governance",
}
_MODULES = (reproduced, numbers_said, inputs, declared, disclosed, privacy, governance)
RULES: list[Rule] = [rule for module in _MODULES for rule in module.RULES]


def kind(rule: str) -> str:
    """The kind of a rule, by its id.

    >>> kind("inputs.hash")
    'inputs'
    """
    return rule.partition(".")[0]


def apply(evidence: Evidence, rules: list[Rule] | None = None) -> list[Finding]:
    """What the rules find, in their order. A rule that fails becomes a finding that says so."""
    found: list[Finding] = []
    for rule in RULES if rules is None else rules:
        try:
            found += rule.check(evidence)
        except Exception as error:
            words = " ".join(f"This rule could not be applied: {type(error).__name__}: {error}".split())[:300]
            found.append(Finding(rule.id, words, remedy="What it looks for was not checked."))
    return found


def rules_page() -> str:
    """The list of rules as the page docs/review_rules.md has it."""
    parts = ["# What a review looks for", "Made from the rules themselves (`datajam.review.rules`): change those, not this page."]
    for name, title in KINDS.items():
        rows = [f"| `{rule.id}` | {rule.title} | {rule.why} [More]({rule.link}) |" for rule in RULES if kind(rule.id) == name]
        parts += [f"## {title}", "\n".join(["| rule | what should hold | why |", "| --- | --- | --- |", *rows])]
    return "\n\n".join(parts) + "\n"
