"""Small counts of people in tables that leave, and hidden ones that can be worked out. Never says that a table is cleared.

The rule is that of `datajam.leave`: counts of people from 1 to 7 are suppressed (NHS Digital, 2018).
"""

import re
from collections import defaultdict
from collections.abc import Iterator

from datajam.leave.disclosure_rule import Rule as SmallNumbers
from datajam.review.evidence import Evidence, Finding, Rule
from datajam.review.rules.reading import Table, named, tables

LEAST = SmallNumbers().least
_PEOPLE = set(
    "pupil pupils people person persons adult adults child children learner learners student students young resident residents "
    "household households family families patient patients client clients claimant claimants respondent respondents victim "
    "victims offender offenders headcount births deaths carers staff teachers women men girls boys cohort leavers".split()
)
_COUNTS = {"n", "count", "counts", "number", "freq", "frequency", "total", "cases"}
_NOT_A_COUNT = set(
    "percent percentage pct share rate ratio score mean average avg median gap age ages year years id code rank points per "
    "proportion index lower upper ci sd se weight quintile decile change difference".split()
)
_HIDDEN = {"c", "*", "-", "–", "[c]", "x", "..", "suppressed", f"<{LEAST}", "<5", "<6", "<10", "low", "nan"}
_TOTAL = re.compile(r"(?:grand )?totals?|all(?: (?:pupils|people|persons|groups|adults|children))?|both|sum", re.IGNORECASE)
_OUTPUT_CHECKER = "Suppress it (`datajam.leave.disclosure.clear`), and ask the output checker."
_SHOWN = 3


def counts_people(name: str, sensitive: bool = False) -> bool:
    """Whether a column's name says that it counts people; where data is not open, any column of counts.

    >>> counts_people("t_pupils"), counts_people("percent of pupils"), counts_people("count"), counts_people("count", True)
    (True, False, False, True)
    """
    words = set(re.split(r"[^a-z]+", re.sub(r"([a-z])([A-Z])", r"\1 \2", name).lower())) - {""}
    return bool(words & (_PEOPLE | _COUNTS if sensitive else _PEOPLE)) and not words & _NOT_A_COUNT and "%" not in name


def whole(text: str) -> int | None:
    """A cell as a count, None where it is none.

    >>> whole("1,204"), whole("3.0"), whole("3.5"), whole("c")
    (1204, 3, None, None)
    """
    plain = text.strip().replace(",", "")
    return int(float(plain)) if re.fullmatch(r"\d{1,12}(?:\.0+)?", plain) else None


def _sensitive(evidence: Evidence) -> bool:
    sources = (evidence.settings or {}).get("sources", {})
    entries = sources.values() if isinstance(sources, dict) else []
    return any(isinstance(entry, dict) and entry.get("sensitivity", "open") != "open" for entry in entries)


def counted(table: Table, sensitive: bool) -> Iterator[tuple[int, list[int]]]:
    """The columns of a table that count people, with the rows to look at; a tidy table's `value` where its indicator does."""
    names = [name.strip().casefold() for name in table.columns]
    if "value" in names and "indicator" in names:
        at, value = names.index("indicator"), names.index("value")
        rows = [row for row, cells in enumerate(table.rows) if counts_people(cells[at], sensitive)]
        if rows:
            yield value, rows
    for column, name in enumerate(table.columns):
        values = [cells[column].strip().casefold() for cells in table.rows]
        if counts_people(name, sensitive) and all(whole(value) is not None for value in values if value not in _HIDDEN | {""}):
            yield column, list(range(len(table.rows)))


def _small(evidence: Evidence) -> Iterator[Finding]:
    sensitive = _sensitive(evidence)
    for table in tables(evidence):
        for column, rows in counted(table, sensitive):
            found = [row for row in rows if 0 < (whole(table.rows[row][column]) or 0) < LEAST]
            if found:
                which = named((_label(table, row, column) for row in found), _SHOWN)
                words = f"{table.columns[column]!r} shows counts of 1 to {LEAST - 1} people: {which}."
                yield Finding("disclosed.small", words, table.file, table.cell, remedy=_OUTPUT_CHECKER)
    yield from _small_results(evidence)


def _small_results(evidence: Evidence) -> Iterator[Finding]:
    for entry in evidence.results_now or evidence.results_then:
        base, value = entry.get("base"), entry.get("value")
        of_people = counts_people(str(entry.get("base_of", "")))
        counts = [base] * of_people + [value] * counts_people(str(entry.get("unit", "")))
        if value is not None and any(isinstance(count, int) and 0 < count < LEAST for count in counts):
            words = f"{entry.get('label') or entry.get('name')}: rests on, or is, 1 to {LEAST - 1} people."
            file = f"notebooks/{entry.get('notebook')}.ipynb" if entry.get("notebook") else ""
            yield Finding("disclosed.small", words, file, entry.get("cell"), remedy="Record it as None with status='suppressed'.")


def _label(table: Table, row: int, column: int) -> str:
    """A row in words: its cells that are neither numbers nor markers."""
    others = [cell for at, cell in enumerate(table.rows[row]) if at != column and cell.casefold() not in _HIDDEN]
    said = [cell for cell in others if cell and not re.fullmatch(r"[-\d.,%]+", cell)]
    return "/".join(said[:3])[:60] or f"row {row + 1}"


def _totals(evidence: Evidence) -> Iterator[Finding]:
    sensitive = _sensitive(evidence)
    for table in tables(evidence):
        columns = [column for column, rows in counted(table, sensitive) if len(rows) == len(table.rows)]
        for column in columns:
            for row in _given_away([cells[column] for cells in table.rows], [_is_total(cells) for cells in table.rows]):
                words = f"The hidden {table.columns[column]!r} of {_label(table, row, column)} is the total less the other rows."
                yield Finding("disclosed.total", words, table.file, table.cell, remedy=_OUTPUT_CHECKER)
        totals = [bool(_TOTAL.search(table.columns[column])) for column in columns]
        for row, cells in enumerate(table.rows):
            for at in _given_away([cells[column] for column in columns], totals):
                hidden = table.columns[columns[at]]
                words = f"The hidden {hidden!r} of {_label(table, row, columns[at])} is the total less the other columns."
                yield Finding("disclosed.total", words, table.file, table.cell, remedy=_OUTPUT_CHECKER)


def _is_total(cells: list[str]) -> bool:
    return any(_TOTAL.fullmatch(cell.strip()) for cell in cells)


def _given_away(cells: list[str], totals: list[bool]) -> Iterator[int]:
    """The one hidden cell that a total and the other cells give back, where what is left for it is a small count."""
    values = [whole(cell) for cell in cells]
    parts = [at for at, total in enumerate(totals) if not total]
    hidden = [at for at in parts if values[at] is None]
    known = [values[at] for at in parts if values[at] is not None]
    if sum(totals) == 1 and len(hidden) == 1 and known and cells[hidden[0]].strip().casefold() in _HIDDEN:
        total = values[totals.index(True)]
        if total is not None and 0 < total - sum(known) < LEAST:
            yield hidden[0]


def _places(evidence: Evidence) -> Iterator[Finding]:
    """Cells hidden in the run of one place and shown, small, in that of another: for the same table, row and column."""
    sensitive, shown, hidden = _sensitive(evidence), {}, defaultdict(list)
    for table in (each for each in tables(evidence) if each.file.startswith("runs/")):
        run, _, name = table.file.removeprefix("runs/").partition("/")
        for column, rows in counted(table, sensitive):
            for row in rows:
                cells = table.rows[row]
                key = (
                    name,
                    table.columns[column],
                    *(cell for at, cell in enumerate(cells) if at != column and whole(cell) is None),
                )
                if 0 < (whole(cells[column]) or 0) < LEAST:
                    shown.setdefault(key, run)
                elif cells[column].strip().casefold() in _HIDDEN:
                    hidden[key].append((run, _label(table, row, column)))
    for key in hidden.keys() & shown.keys():
        for run, label in hidden[key]:
            words = f"{key[1]!r} of {label} is hidden in the run of {run} and shown in that of {shown[key]}."
            remedy = "Suppress the same cells for every place that is published."
            yield Finding("disclosed.places", words, f"runs/{shown[key]}/{key[0]}", remedy=remedy)


_METHOD = "https://digital.nhs.uk/data-and-information/publications/statistical/hospital-admitted-patient-care-activity"
_HANDBOOK = "https://securedatagroup.org/sdc-handbook/"
RULES = [
    Rule(
        "disclosed.small",
        f"No table or result shows a count of 1 to {LEAST - 1} people",
        "Somebody who knows one of a few people learns something about them.",
        _METHOD,
        _small,
    ),
    Rule(
        "disclosed.total",
        "No hidden count can be worked out from a total",
        "One hidden cell in a row or column with a total is the total less the others.",
        _HANDBOOK,
        _totals,
    ),
    Rule(
        "disclosed.places",
        "No count hidden for one place is shown in the run of another",
        "Runs of several places are read side by side.",
        _HANDBOOK,
        _places,
    ),
]
