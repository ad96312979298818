"""The rules of a worked example, one small object each, with a notebook that passes and one that fails it."""

import json
import re
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*/*.ipynb"))
TAGS = {
    *("parameters", "exercise", "hint", "check", "catch-up", "solution", "trainer-note", "truth", "slide"),
    *("nbval-ignore-output", "nbval-check-output"),
}
KNOWN_ACRONYMS = {"CSV", "UK", "OK", "A", "B", "I", "ID", "SVG", "PNG"}


@dataclass(frozen=True)
class Rule:
    """A rule: what it says, how it is checked (messages with the cell and how to mend it), and a change that breaks it."""

    says: str
    broken: Callable[[dict], Iterator[str]]
    breaks: Callable[[dict], object]


def source(cell: dict) -> str:
    return "".join(cell["source"])


def numbered(notebook: dict, kind: str = "") -> Iterator[tuple[int, dict]]:
    return ((at, cell) for at, cell in enumerate(notebook["cells"], 1) if not kind or cell["cell_type"] == kind)


def tags(cell: dict) -> list[str]:
    return cell["metadata"].get("tags", [])


def tagged(notebook: dict, tag: str) -> list[tuple[int, dict]]:
    return [(at, cell) for at, cell in numbered(notebook) if tag in tags(cell)]


def outputs(notebook: dict) -> Iterator[tuple[int, dict]]:
    return ((at, output) for at, cell in numbered(notebook, "code") for output in cell["outputs"])


def prose(cell: dict) -> str:
    """A Markdown cell without code, tags of HTML and marks."""
    return re.sub(r"`[^`]*`|<[^>]+>|[#*_>|]", " ", re.sub(r"```.*?```", " ", source(cell), flags=re.DOTALL))


def alt_text(notebook):
    for at, output in outputs(notebook):
        if "image/png" in output.get("data", {}):
            alt = output["metadata"].get("image/png", {}).get("alt", "")
            if not 40 <= len(alt) <= 300 or not any(letter.isdigit() for letter in alt):
                yield f"cell {at}: a picture needs alt text of 40 to 300 characters with numbers. End it with charts.Chart(…)"
            if "text/csv" not in output["data"]:
                yield f"cell {at}: a picture needs its data beside it. End the cell with charts.Chart(…, data=…)"


def headings(notebook):
    levels = [
        (at, len(mark))
        for at, cell in numbered(notebook, "markdown")
        for mark in re.findall(r"^(#+) ", re.sub(r"```.*?```", "", source(cell), flags=re.DOTALL), re.MULTILINE)
    ]
    if [level for _, level in levels].count(1) != 1 or levels[0] != (1, 1):
        yield "cell 1: the title is the one heading with a single #"
    for (_, before), (at, level) in zip(levels, levels[1:], strict=False):
        if level > before + 1:
            yield f"cell {at}: a heading skips a level, from {before} to {level}. Use {before + 1} marks"


def first_cell(notebook):
    text = source(notebook["cells"][0])
    for what, pattern in (
        ("a question as its title", r"^# .*\?"),
        ("what one will be able to do", r"You will be able to"),
        ("the time", r"Time: \d+ minutes \(\d+ reading, \d+ exercises\)"),
        ("what comes before this", r"Before this:"),
    ):
        if not re.search(pattern, text, re.MULTILINE):
            yield f"cell 1: {what} is missing"


def minutes(notebook):
    said = re.search(r"Time: (\d+) minutes \((\d+) reading, (\d+) exercises\)", source(notebook["cells"][0]))
    spent = [int(n) for _, cell in tagged(notebook, "exercise") for n in re.findall(r"\((\d+) minutes\)", source(cell))]
    if said and (sum(spent) != int(said[3]) or int(said[1]) != int(said[2]) + int(said[3])):
        yield f"cell 1: the exercises take {sum(spent)} minutes, {said[3]} are said of {said[1]}"


def sizes(notebook):
    count = len(notebook["cells"])
    if not 20 <= count <= 30:
        yield f"{count} cells: 20 to 30 are wanted"
    for at, cell in numbered(notebook):
        if cell["cell_type"] == "code" and len(source(cell).strip().splitlines()) > 12:
            yield f"cell {at}: more than 12 lines of code. Move a step into the example's module"
        if cell["cell_type"] == "markdown" and len(prose(cell).split()) > 120:
            yield f"cell {at}: {len(prose(cell).split())} words, 120 are wanted at most"
    if len(json.dumps(notebook, ensure_ascii=False).encode()) > 200_000:
        yield "more than 200 kB: draw a smaller picture"


def words(notebook):
    seen: set[str] = set()
    for at, cell in numbered(notebook, "markdown"):
        text = prose(cell)
        if found := re.search(r"\b(e\.g\.|i\.e\.|etc\b|cf\.|et al\b|viz\.|N\.B\.)", text):
            yield f"cell {at}: {found[1]!r} is a Latin short form. Write 'for example', 'that is', 'and so on'"
        for short in re.findall(r"\b[A-Z]{2,}\b", text):
            if short not in seen | KNOWN_ACRONYMS and f"({short})" not in text and not re.search(rf"{short} \([a-z]", text):
                yield f"cell {at}: {short} is not spelled out where it is first used: write the words, then ({short})"
            seen.add(short)


def counts(notebook):
    found = [cell["execution_count"] for _, cell in numbered(notebook, "code")]
    if found != list(range(1, len(found) + 1)):
        yield f"executed in the order {found}: restart, run all, save"


def code(notebook):
    for at, cell in numbered(notebook, "code"):
        for pattern, why in (
            (r"https?://", "reads an address: data comes with the notebook"),
            (r"""['"](/|[A-Za-z]:\\|~/)""", "names a path of one machine"),
            (r";\s*$", "ends in a semicolon: assign instead, such as ax = …"),
            (r"^\s*[%!]", "is a magic or a shell command"),
            (r"np\.random\.(seed|rand|normal|choice|randint)\b|^import random", "uses a global random state: default_rng(seed)"),
            (r"^\s*(def|class) ", "holds a function: move it into the example's module"),
        ):
            if re.search(pattern, source(cell), re.MULTILINE):
                yield f"cell {at}: {why}"


def printed(notebook):
    for at, output in outputs(notebook):
        data = output.get("data", {})
        text = "".join(output.get("text", "")) + "".join(data.get("text/plain", "")) * ("image/png" not in data)
        if "text/html" in data or "dtype:" in text or text.strip() == "None" or "<class" in text:
            yield f"cell {at}: shows a bare table, dtype or None. Use show(table)"
        if found := re.search(r"\d\.\d{7,}", text):
            yield f"cell {at}: prints {found[0]}, more digits than platforms agree on. Round it"
        if output.get("name") == "stderr":
            yield f"cell {at}: a warning: {''.join(output['text']).splitlines()[0][:80]}"
        if output["output_type"] == "error":
            yield f"cell {at}: ends in {output['ename']}"


def closed_tags(notebook):
    for at, cell in numbered(notebook):
        for tag in tags(cell):
            if tag not in TAGS:
                yield f"cell {at}: no tag is called {tag!r}. Use one of {', '.join(sorted(TAGS))}"


def parameters(notebook):
    found = tagged(notebook, "parameters")
    text = source(found[0][1]) if found else ""
    names = re.findall(r"^(\w+): ?(\w+) = ", text, re.MULTILINE)
    if len(found) != 1 or [name for name, _ in names][:3] != ["place", "seed", "strict"] or len(names) < 4:
        yield "one cell tagged parameters holds place, seed, strict and one setting, each typed: place: str = …"


def exercises(notebook):
    order = [tag for _, cell in numbered(notebook) for tag in tags(cell)]
    for tag, least in (("exercise", 4), ("hint", 2), ("solution", 3), ("check", 2), ("catch-up", 1)):
        if order.count(tag) < least:
            yield f"{order.count(tag)} cells tagged {tag}: {least} are wanted at least"
    for at, cell in tagged(notebook, "check"):
        said = "".join("".join(output.get("text", "")) for output in cell["outputs"])
        if "Not done yet" not in said:
            yield f"cell {at}: a saved check says 'Not done yet': leave the stub as answer = ..."


def trap_first(notebook):
    trap = next((at for at, cell in numbered(notebook, "markdown") if re.search(r"^## .*trap", source(cell), re.I | re.M)), None)
    planted = [at for at, _ in tagged(notebook, "truth")]
    if not planted:
        yield "no cell is tagged truth: compare the estimate with what was planted"
    elif trap is None or trap > planted[0]:
        yield "the trap comes first: a heading '## The trap: …' before the technique and the cell tagged truth"


def ending(notebook):
    text = "\n".join(source(cell) for _, cell in numbered(notebook, "markdown"))
    for what in ("What you may say", "may not", "Your data", "Quiz", "Key points"):
        if what.lower() not in text.lower():
            yield f"nothing is headed {what!r}"
    if "python3 -m nox -s" not in text:
        yield "'Your data' gives the exact command: python3 -m nox -s demo -- --theme …"


def _first(notebook, kind: str) -> dict:
    return next(cell for _, cell in numbered(notebook, kind))


def _replace(notebook, old: str, new: str) -> None:
    for cell in notebook["cells"]:
        cell["source"] = source(cell).replace(old, new)


def _picture(notebook) -> dict:
    return next(output for _, output in outputs(notebook) if "image/png" in output.get("data", {}))


def _no_alt(notebook):
    _picture(notebook)["metadata"] = {"image/png": {"alt": "a"}}


def _a_deep_heading(notebook):
    notebook["cells"][-1].update(source="#### Deep", cell_type="markdown")


def _latin(notebook):
    notebook["cells"][1].update(source="We use XYZ, e.g. here.", cell_type="markdown")


def _long_number(notebook):
    _first(notebook, "code")["outputs"] = [{"output_type": "stream", "name": "stdout", "text": "0.123456789"}]


def _no_checks(notebook):
    for _, cell in tagged(notebook, "check"):
        cell["metadata"]["tags"] = []


def _replacing(old: str, new: str):
    return lambda notebook: _replace(notebook, old, new)


RULES = [
    Rule("every picture has alt text and its data", alt_text, _no_alt),
    Rule("one title, no heading level skipped", headings, _a_deep_heading),
    Rule("the first cell says what, how long and what before", first_cell, _replacing("Before this:", "First:")),
    Rule("the minutes add up", minutes, _replacing(" minutes)", "0 minutes)")),
    Rule("20 to 30 cells, short ones", sizes, lambda notebook: notebook["cells"].__delitem__(slice(15, None))),
    Rule("acronyms are spelled out and no Latin short form is used", words, _latin),
    Rule("executed from top to bottom", counts, lambda notebook: _first(notebook, "code").update(execution_count=9)),
    Rule("nothing of one machine, no function", code, lambda notebook: _first(notebook, "code").update(source="np.random.seed(1)")),
    Rule("printed numbers are rounded and nothing is bare", printed, _long_number),
    Rule("tags are of the closed list", closed_tags, lambda n: _first(n, "code")["metadata"].update(tags=["raises-exception"])),
    Rule("parameters: place, seed, strict, one setting", parameters, _replacing("strict: bool", "firm: bool")),
    Rule("two exercises with stub, hint, check and solution", exercises, _no_checks),
    Rule("the trap comes before the cure", trap_first, lambda n: [_replace(n, word, "start") for word in ("trap", "Trap")]),
    Rule("it ends with what may be said, your data, a quiz and key points", ending, _replacing("Key points", "The end")),
]


def read(path: Path) -> dict:
    return json.loads(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_worked_example_keeps_every_rule(path):
    notebook = read(path)
    broken = [f"{path.name}: {message}." for rule in RULES for message in rule.broken(notebook)]
    assert not broken, "\n".join(broken)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.says)
def test_each_rule_passes_a_good_notebook_and_names_the_cell_of_a_bad_one(rule):
    good = read(NOTEBOOKS[0])
    assert not list(rule.broken(good))
    bad = deepcopy(good)
    rule.breaks(bad)
    messages = list(rule.broken(bad))
    assert messages and all(len(message) < 200 for message in messages)
