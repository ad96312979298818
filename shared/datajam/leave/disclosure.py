"""What may leave: small numbers suppressed, the others rounded, and a mark that the table has not been changed since.

The default rule is that of NHS Digital for figures below national level: counts of 1 to 7 are suppressed, the others rounded to
the nearest 5, and a true 0 stays 0. A rate or mean on a small base is withheld. The rule needs no decision and runs by itself, but
it sees one table alone: an output checker still has to look. Clear last: a table changed afterwards is no longer cleared.

Source: NHS Digital, "Disclosure control methodology for Hospital Episode Statistics and Emergency Care Data Set" (2018). The
smallest base for a rate, 10, is DataJam's own choice.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field

import numpy as np
import pandas as pd

from datajam.errors import DataJamError, did_you_mean
from datajam.leave.disclosure_rule import (
    Rule,
    amounts_of,
    counts_of,
    narrowed,
    numbers_of,
    scales_of,
    sums_across,
    sums_down,
    sums_of_areas,
)
from datajam.leave.disclosure_secondary import Suppressed, audit, suppressed
from datajam.observe import observations
from datajam.vocabulary import places
from datajam.vocabulary.markers import number as reads_as_number

__all__ = [
    "Credit",
    "Rule",
    "audit",
    "clear",
    "clear_observations",
    "disclosure_report",
    "is_cleared",
    "passes",
    "reasons",
    "secondary",
]
PASSED = "Passed automatic checks; awaiting an output checker."
_PER = {"percent": 100, "rate_per_1k": 1_000, "rate_per_10k": 10_000, "rate_per_100k": 100_000}


@dataclass
class DisclosureReport:
    """What was done to a table before it may leave, and what was not.

    `touched` has a text for each column with a letter for each row, whose meaning is in `words`. `given_away` names the hidden
    cells of which the sums in the table tell more than the rule does, `exact` counts the rates that undo the rounding.

    >>> print(DisclosureReport(str(Rule()), {}, {"pupils": ".ccrr"}, secondary="Secondary suppression was not done."))
    Passed automatic checks; awaiting an output checker.
      rule        Counts of 1 to 7 are suppressed, the others rounded to the nearest 5; rates on a base under 10 are withheld.
      cells       2 suppressed, 2 rounded, 0 withheld, 0 flagged
      secondary   Secondary suppression was not done.
    """

    rule: str
    words: dict[str, str]
    touched: dict[str, str]
    secondary: str
    given_away: list[str] = field(default_factory=list)
    exact: int = 0
    passed: bool = True
    fingerprint: str = ""

    @property
    def counts(self) -> dict[str, int]:
        """How many cells were suppressed, rounded, withheld and flagged."""
        letters = "".join(self.touched.values())
        kinds = {"suppressed": "cs", "rounded": "r", "withheld": "nbg", "flagged": "f"}
        return {kind: sum(letters.count(letter) for letter in among) for kind, among in kinds.items()}

    def __str__(self) -> str:
        lines = [
            PASSED if self.passed else "Did not pass the automatic checks: not to be published.",
            f"  rule        {self.rule}",
            f"  cells       {', '.join(f'{count:,} {kind}' for kind, count in self.counts.items())}",
            f"  secondary   {self.secondary}",
            *(f"  given away  {text}" for text in self.given_away[:8]),
            *[f"  given away  … and {len(self.given_away) - 8:,} more"] * (len(self.given_away) > 8),
        ]
        if self.exact:
            lines.append(
                f"  exact       {self.exact:,} rates give back the count behind a rounded base: work them out from rounded counts"
            )
        return "\n".join(lines)


def disclosure_report(table: pd.DataFrame) -> DisclosureReport:
    """The report of the clearing that made this table.

    Raises `DataJamError` for a table that did not go through it.
    """
    try:
        return DisclosureReport(**table.attrs["disclosure"])
    except KeyError:
        raise DataJamError("This table has no disclosure report: make it with disclosure.clear(table, counts=[…]).") from None


def reasons(table: pd.DataFrame) -> pd.DataFrame:
    """Why each cell of a cleared table was changed, hidden or flagged, in words, laid out as the table; empty text elsewhere."""
    report = disclosure_report(table)
    if any(len(letters) != len(table) for letters in report.touched.values()):
        raise DataJamError(
            "reasons: rows were taken from this table or added to it. Ask for the reasons of the whole cleared table."
        )
    found = pd.DataFrame("", index=table.index, columns=table.columns, dtype="str")
    for column, letters in report.touched.items():
        name = next(each for each in table.columns if str(each) == column)
        found[name] = [report.words.get(letter, "") for letter in letters]
    return found


def is_cleared(table: pd.DataFrame) -> bool:
    """Whether a table came out of `clear`, `clear_observations` or `secondary` and has not been changed since.

    Rows or columns taken from it, a changed cell, another order: no longer cleared. So clear last, then draw and save.
    """
    held = getattr(table, "attrs", {}).get("disclosure")
    mark = held.get("fingerprint") if isinstance(held, dict) else None
    return bool(mark) and mark == _fingerprint(table)


class Credit(str):
    """The line under a chart, which knows what sensitive sources were read without the small-number rule (`uncleared`)."""

    uncleared: tuple[str, ...]

    def __new__(cls, text: str, uncleared: Iterable[str] = ()):
        credit = super().__new__(cls, text)
        credit.uncleared = tuple(uncleared)
        return credit


def passes(what: str, source: str, table: pd.DataFrame | None = None) -> bool:
    """Whether something drawn or written is fit to leave: all of it published or cleared at reading, or from a cleared table.

    Raises `DataJamError` where a sensitive source was read without the small-number rule and the table has not been through it.

    >>> passes("chart a", Credit("DfE")), passes("chart a", "typed by hand")
    (True, False)
    """
    held = table is not None and is_cleared(table)
    uncleared = getattr(source, "uncleared", None)
    if uncleared and not held:
        raise DataJamError(
            f"{what}: {', '.join(uncleared)} was read without the small-number rule. Give a table that went through "
            f"disclosure.clear, or read it with hack.read({uncleared[0]!r})."
        )
    return held or uncleared is not None


def _fingerprint(table: pd.DataFrame) -> str:
    """SHA-256 of the columns' names and of every row with its label; empty where a cell is a list or the like."""
    names = repr([str(name) for name in (*table.columns, *table.index.names)])
    try:
        rows = pd.util.hash_pandas_object(table, index=True).to_numpy().tobytes()
    except TypeError:
        return ""
    return hashlib.sha256(names.encode() + rows).hexdigest()


def _stamped(table: pd.DataFrame, report: DisclosureReport, attrs: Mapping) -> pd.DataFrame:
    report.fingerprint = _fingerprint(table) if report.passed else ""
    table.attrs = {**attrs, "disclosure": observations.Told(asdict(report))}
    return table


def clear(
    table: pd.DataFrame,
    *,
    counts: Iterable[str] = (),
    rates: Mapping[str, str] | None = None,
    leave: Iterable[str] = (),
    means: Iterable[str] = (),
    least: int = 8,
    nearest: int = 5,
    small_base: int = 10,
) -> pd.DataFrame:
    """Make a table fit to leave: small counts suppressed, others rounded, rates on a small or unknown base withheld.

    `counts` names the columns of counts, `rates` each rate or mean with the column of its base (a count too, treated as one).
    Every other column that holds numbers must be named in `leave`, so that nothing passes unexamined. A rate from 0 to 100 (or to
    1) is taken for a share of its base, and withheld where it gives back a count of 1 to 7, unless named in `means`; a share of
    exactly 0 or 100% is kept and flagged. Returns a new table, counts as Int64; `disclosure_report(result)` says what was done.

    Secondary suppression is not done: the report names hidden cells that sums in the table narrow. Raises `DataJamError` for an
    unknown or unexamined column, a count that is not a whole number from 0, a boolean or infinite value, and a cleared table.

    >>> pupils = pd.DataFrame({"school": ["A", "B", "C"], "pupils": [3, 48, 61], "absent": [33.3, 12.5, 9.8]})
    >>> cleared = clear(pupils, rates={"absent": "pupils"})
    >>> cleared.astype(object).where(cleared.notna(), "hidden").values.tolist()
    [['A', 'hidden', 'hidden'], ['B', 50, 'hidden'], ['C', 60, 'hidden']]
    >>> reasons(cleared)["absent"].tolist()[:2]
    ['base under 10', 'beside its base it gives back a count of 1 to 7']
    """
    rule, rates, means = Rule(least, nearest, small_base), dict(rates or {}), _names(means)
    counted = list(dict.fromkeys([*_names(counts), *rates.values()]))
    _check_table(table, "clear")
    _check_named(table, counted, rates, means, _names(leave))
    known = {name: counts_of(table[name], name) for name in counted}
    shown = {name: rule.count(values) for name, values in known.items()}
    cleared, touched, exact, undone = table.copy(), {}, {}, 0
    for name, (values, letters) in shown.items():
        cleared[name], touched[str(name)] = pd.array(values, dtype="Float64").astype("Int64"), "".join(letters)
    for name, base in rates.items():
        values = numbers_of(table[name], name)
        scales = () if name in means else scales_of(values)
        letters = rule.rate(values, known[base], scales)
        cleared[name] = np.where(np.isin(letters, [".", "f"]), values, np.nan)
        touched[str(name)] = "".join(letters)
        fits = rule.exact(cleared[name].to_numpy(), known[base], scales)
        exact[base], undone = exact.get(base, False) | fits, undone + int(fits.sum())
    found = _given_away(rule, known, {name: values for name, (values, _) in shown.items()}, exact, _labels(table, [*known, *rates]))
    report = DisclosureReport(str(rule), rule.words, touched, _not_done(found), found, undone)
    return _stamped(cleared, report, table.attrs)


def _labels(table: pd.DataFrame, numbers: list) -> pd.DataFrame:
    """What tells the rows apart: the columns that are not numbers and the index where it is named, else the rows' own numbers."""
    named = table.reset_index() if any(name is not None for name in table.index.names) else table.reset_index(drop=True)
    labels = named.drop(columns=numbers)
    return labels if len(labels.columns) else pd.DataFrame({"row": [f"row {at + 1}" for at in range(len(table))]})


def _given_away(rule: Rule, known: dict, shown: dict, exact: dict, labels: pd.DataFrame) -> list[str]:
    """The hidden cells of which sums across the columns or down the rows tell more than that they are small."""
    if not known:
        return []
    values, seen = (np.column_stack(list(each.values())) for each in (known, shown))
    undone = np.column_stack([np.broadcast_to(exact.get(name, False), len(values)) for name in known])
    cells = np.arange(values.size).reshape(values.shape)
    relations = list(sums_across(values, cells))
    for at in range(values.shape[1]):
        relations += sums_down(values[:, at], cells[:, at], labels)
    low, high = rule.outsider(seen, ~np.isnan(values))
    low, high = np.where(undone, values, low), np.where(undone, values, high)
    columns = list(known)

    def title(cell: int) -> str:
        row, column = divmod(cell, len(columns))
        return ", ".join(str(each) for each in [*labels.iloc[row, :3], columns[column]])

    hidden = (np.isnan(seen) & ~np.isnan(values)).ravel()
    return _in_words(rule, *narrowed(low.ravel(), high.ravel(), relations), hidden, title)


def _in_words(rule: Rule, low: np.ndarray, high: np.ndarray, hidden: np.ndarray, title: Callable[[int], str]) -> list[str]:
    low, high = np.ceil(low - 1e-6), np.floor(high + 1e-6)
    told = np.flatnonzero(hidden & ((low > 1) | (high < rule.least - 1)))
    ends = ["can be worked out" if low[at] == high[at] else f"can only be {low[at]:.0f} to {high[at]:.0f}" for at in told]
    return [f"{title(int(at))}: {end}" for at, end in zip(told, ends, strict=True)]


def _not_done(found: list[str]) -> str:
    if not found:
        return "Secondary suppression was not done. No sum found in this table tells more of a hidden cell; other tables may."
    cells = f"{len(found):,} hidden cell{'s' * (len(found) != 1)}"
    return f"Secondary suppression was not done. Sums in this table tell more of {cells} than the rule does."


def clear_observations(table: pd.DataFrame, *, least: int = 8, nearest: int = 5, small_base: int = 10) -> pd.DataFrame:
    """The rule of `clear` for an observations table: counts by value, every other unit by its base, bases as counts.

    A rate, score or amount whose base is small or missing is withheld, as is a share that gives back a count of 1 to 7; its
    interval goes with it, and the interval of a rounded count is rounded. What is hidden gets the status suppressed, and in
    `status_raw` why ('DataJam: count of 1 to 7'). What the publisher had hidden stays as it was. Returns a new, valid observations
    table with the attrs of the old one and the report. Raises `DataJamError` as `clear` does, and for another kind of table.
    """
    rule = Rule(least, nearest, small_base)
    _check_table(table, "clear_observations")
    observations.check(table)
    units, values = table["unit"].astype("str"), table["value"].to_numpy()
    count = (units == "count").to_numpy()
    base = counts_of(table["base"], "base")
    counts_of(table["value"][count], "value")
    letters, exact = np.full(len(table), "."), 0
    for unit in units.unique():
        rows, scales = (units == unit).to_numpy(), [_PER[unit]] if unit in _PER else []
        letters[rows] = rule.count(values[rows])[1] if unit == "count" else rule.rate(values[rows], base[rows], scales)
        kept = rows & np.isin(letters, [".", "f"]) & ~count
        exact += int(rule.exact(values[kept], base[kept], scales).sum())
    hidden = ~np.isin(letters, [".", "f", "r"])
    cleared = table.copy()
    for name in ("value", "lower_ci", "upper_ci"):
        ends = np.floor(table[name].to_numpy() / nearest + 0.5) * nearest
        cleared[name] = np.where(hidden, np.nan, np.where(letters == "r", ends, table[name]))
    shown_base, base_letters = rule.count(base)
    cleared["base"] = pd.array(shown_base, dtype="Float64").astype("Int64")
    why = np.array([f"DataJam: {rule.words[letter]}" if out else "" for letter, out in zip(letters, hidden, strict=True)], object)
    cleared["status"] = _changed(table["status"], hidden, np.full(len(table), "suppressed", object))
    cleared["status_raw"] = _changed(table["status_raw"], hidden, why)
    found = _given_away_by_areas(rule, table, np.where(count, values, np.nan), np.where(hidden, np.nan, cleared["value"]))
    touched = {"value": "".join(letters), "base": "".join(base_letters)}
    report = DisclosureReport(str(rule), rule.words, touched, _not_done(found), found, exact)
    return _stamped(observations.check(cleared), report, table.attrs)


def _changed(column: pd.Series, rows: np.ndarray, to: np.ndarray) -> pd.Series:
    """A column of categories with some rows replaced."""
    found = column.cat.add_categories(sorted(set(to[rows]) - set(column.cat.categories)))
    found[rows] = to[rows]
    return found


def _given_away_by_areas(rule: Rule, table: pd.DataFrame, values: np.ndarray, shown: np.ndarray) -> list[str]:
    """The hidden counts of which breakdowns that add up, or the areas within a region or England, tell more."""
    rows = table.assign(cell=np.arange(len(table)))[~np.isnan(values)]
    if not np.isnan(shown[rows["cell"]]).any():
        return []
    relations = list(sums_of_areas(rows, values, places.ENGLAND))
    key = ["source", "area_code", "period_start", "period_end"]
    for _, part in rows.astype({"breakdown": "str", "indicator": "str"}).groupby("indicator"):
        cells = part.drop_duplicates([*key, "breakdown"]).set_index([*key, "breakdown"])["cell"].unstack().to_numpy("float64")
        numbers = np.where(np.isnan(cells), np.nan, values[np.nan_to_num(cells).astype(int)])
        relations += sums_across(numbers, np.nan_to_num(cells).astype(int))
    low, high = rule.outsider(shown, ~np.isnan(values))
    named = table[["area_name", "period_label", "indicator", "breakdown"]]
    hidden = np.isnan(shown) & ~np.isnan(values)
    return _in_words(rule, *narrowed(low, high, relations), hidden, lambda cell: ", ".join(map(str, named.iloc[cell])))


def secondary(
    table: pd.DataFrame,
    by: str | Iterable[str],
    *,
    count: str = "",
    contributions: str = "",
    least: int = 8,
    dominance: tuple[int, float] | None = None,
    p_percent: float | None = None,
    margin: float = 30,
    total: str = "Total",
    method: str = "optimal",
) -> Suppressed:
    """Hide small or dominated cells, and as many more as it takes that no total gives one away; then audit the result.

    Either `count`: a row for each cell (one not given is 0); counts of 1 to `least` - 1 are hidden, and every hidden cell is to
    stay uncertain by at least `least`. Or `contributions`: a row for each contributor, amounts from 0; hidden are cells of fewer
    than `least` contributors (to stay uncertain by `margin` percent of their value either way) and those that fall under
    `dominance` (n, k: the n largest give more than k percent) or `p_percent` (the largest can be worked out to within p percent).
    Totals are computed; shown numbers are not rounded. `method`: 'optimal' hides as little as it finds in a minute, 'modular' is
    faster on large tables, 'none' leaves the primary suppression alone, to see in `audit` what that gives away.

    `result.table` is cleared where the audit passes. It protects from somebody outside the table, not from one counted in it.
    Raises `DataJamError` for values that cannot be, a label like `total`, and where `pytauargus` is missing or finds no way.

    >>> pupils = pd.DataFrame({"area": list("NNSS"), "meals": ["yes", "no"] * 2, "pupils": [3, 40, 25, 60]})
    >>> alone = secondary(pupils, ["area", "meals"], count="pupils", method="none")
    >>> int(alone.table["pupils"].isna().sum()), is_cleared(alone.table)
    (1, False)
    """
    by, value = _names(by), count or contributions
    _check_table(table, "secondary")
    if bool(count) == bool(contributions):
        raise DataJamError(
            "secondary: name the column of numbers in count= (a row for each cell) or in contributions=, one of them."
        )
    if count and (dominance or p_percent):
        raise DataJamError("secondary: dominance= and p_percent= need contributions=, a row for each contributor.")
    _check_known(table, [*by, value])
    Rule(least, nearest=1)
    numbers = counts_of(table[value], value) if count else amounts_of(table[value], value)
    result = suppressed(
        table[by], numbers, value=value, counted=bool(count), least=least, dominance=dominance, p_percent=p_percent,
        margin=margin, total=total, method=method,
    )  # fmt: skip
    return _with_audit(result, least, method, table.attrs)


def _with_audit(result: Suppressed, least: int, method: str, attrs: Mapping) -> Suppressed:
    """Stamp the table of a result with what its audit found; a table that does not pass is not stamped as cleared."""
    audited, reason = audit(result), result.cells["reason"]
    narrow, more = int((~audited["enough"]).sum()), int((reason == "secondary").sum())
    done = f"Secondary suppression ({method}) hid {more:,} more. " if method != "none" else "Secondary suppression was not done. "
    done += f"Audit: {narrow:,} of {len(audited):,} hidden cells can be narrowed down further than asked."
    hidden = (result.table["status"] == "suppressed").to_numpy()
    report = DisclosureReport(
        f"Cells under {least} or dominated by few are hidden, and others that would give them away.",
        {"c": "suppressed"}, {result.value: "".join(np.where(hidden, "c", "."))}, done, passed=not narrow,
    )  # fmt: skip
    _stamped(result.table, report, attrs)
    return result


def _names(given: str | Iterable[str]) -> list:
    return [given] if isinstance(given, str) else list(given)


def _check_table(table: pd.DataFrame, name: str) -> None:
    if not isinstance(table, pd.DataFrame):
        raise DataJamError(f"{name}: {type(table).__name__} is not a table. Give a DataFrame.")
    if not table.columns.is_unique:
        raise DataJamError(f"{name}: column {table.columns[table.columns.duplicated()][0]!r} is there twice. Rename one.")
    if not _fingerprint(table):
        raise DataJamError(f"{name}: a cell holds a list or the like, which cannot be checked. Give each value its own cell.")
    if is_cleared(table):
        raise DataJamError(f"{name}: this table is cleared already. Start from the table it was made from.")


def _check_known(table: pd.DataFrame, names: list) -> None:
    for name in names:
        if name not in table.columns:
            raise DataJamError(f"No column is called {name!r}. {did_you_mean(str(name), map(str, table.columns))}")


def _check_named(table: pd.DataFrame, counted: list, rates: Mapping, means: list, leave: list) -> None:
    """Every column is named once, and none that holds numbers is left without a rule."""
    _check_known(table, [*counted, *rates, *means, *leave])
    twice = [name for name in rates if name in counted] + [name for name in leave if name in [*counted, *rates]]
    if twice:
        raise DataJamError(f"Column {twice[0]!r} is named twice: a column is a count, a rate, or left as it is.")
    if wrong := [name for name in means if name not in rates]:
        raise DataJamError(f"means= names {wrong[0]!r}, which has no base: add it to rates={{{wrong[0]!r}: 'its base'}} too.")
    named = {*counted, *rates, *leave}
    others = {name: table[name] for name in table.columns if name not in named}
    others |= {name: table.index.get_level_values(name).to_series() for name in table.index.names if name not in (None, *named)}
    if unseen := [str(name) for name, column in others.items() if _holdsnumbers_of(column)]:
        raise DataJamError(f"No rule for {', '.join(unseen)}, which hold numbers: name each in counts=, rates= or leave=.")


def _holdsnumbers_of(column: pd.Series) -> bool:
    if pd.api.types.is_datetime64_any_dtype(column):
        return False
    return any(not isinstance(each, str) or reads_as_number(each) is not None for each in column.dropna().unique())
