"""Joining two tables so that nobody is counted twice and nobody is lost in silence.

A team in 2018 joined two tables by postcode, repeated in both, and forecast from the 671,229 rows that came out; off its
maps fell the third busiest station, because the station's rows found no partner. `join` refuses the first and reports the
second by name.
"""

import re
from dataclasses import asdict, dataclass, field

import numpy as np
import pandas as pd

from datajam.errors import DataJamError, did_you_mean, nearest

HOW = ("left", "right", "inner", "outer")
EXPECT = ("one_to_one", "many_to_one", "one_to_many", "many_to_many")
_MOST_NAMES = 1_000
_MOST_LINES = 12
_SIDES = ("left", "right")
_KINDS = {
    "string": "text",
    **dict.fromkeys(("integer", "floating", "mixed-integer-float"), "numbers"),
    "boolean": "truth values",
    **dict.fromkeys(("datetime64", "datetime"), "dates"),
}


class BadJoin(DataJamError):
    """Two tables that cannot be joined as asked without counting rows twice, or at all."""


@dataclass
class Unmatched:
    """What one table holds that the other does not: keys, rows, rows without a key, and rows by key, most first.

    `names` stops at 1,000 keys; the counts do not. `likely` gives keys of the other table that are spelled nearly the same.
    """

    keys: int = 0
    rows: int = 0
    rows_without_key: int = 0
    names: dict[str, int] = field(default_factory=dict)
    likely: dict[str, str] = field(default_factory=dict)

    def lines(self, side: str, other: str) -> list[str]:
        """The report's lines about this table."""
        said = [f"  only {side:<6} {self.keys:,} keys in {self.rows:,} rows are not in the {other} table"]
        said += [
            f"              {name} ({count:,} rows){self._guess(name)}" for name, count in list(self.names.items())[:_MOST_LINES]
        ]
        said += [f"              … and {self.keys - _MOST_LINES:,} more keys"] * (self.keys > _MOST_LINES)
        without = f"  no key      {self.rows_without_key:,} rows of the {side} table have no key, so they match nothing"
        return (said if self.keys else []) + [without] * bool(self.rows_without_key)

    def _guess(self, name: str) -> str:
        return f": spelled {self.likely[name]!r} there?" if name in self.likely else ""


@dataclass
class JoinReport:
    """What happened in a join: rows on each side and out, keys in both, and what did not match both ways."""

    on: list[str]
    how: str
    expect: str
    rows_left: int = 0
    rows_right: int = 0
    rows_out: int = 0
    keys_matched: int = 0
    left: Unmatched = field(default_factory=Unmatched)
    right: Unmatched = field(default_factory=Unmatched)

    def complete(self) -> bool:
        """Whether every row of both tables found a partner."""
        return not any((side.rows or side.rows_without_key) for side in (self.left, self.right))

    def __str__(self) -> str:
        lines = [
            f"{self.how} join on {', '.join(self.on)} ({self.expect.replace('_', ' ')}): "
            f"{self.rows_left:,} rows with {self.rows_right:,} rows gives {self.rows_out:,}",
            f"  matched     {self.keys_matched:,} keys are in both tables",
        ]
        lines += self.left.lines("left", "right") + self.right.lines("right", "left")
        return "\n".join(lines + ["  everything matched"] * self.complete())


def join(
    left: pd.DataFrame,
    right: pd.DataFrame,
    on: str | list[str] | dict[str, str],
    *,
    how: str = "left",
    expect: str = "one_to_one",
) -> pd.DataFrame:
    """Join two tables on key columns, with the number of partners checked and what did not match reported.

    `on` is a column of both, several, or {left column: right column}. `how` is left, right, inner or outer. `expect` says
    how often a key may repeat: "many_to_one" allows repeats on the left only, "many_to_many" multiplies rows and has to
    be asked for. Missing keys match nothing. Rows keep the left table's order (in a right join the right one's) and are
    renumbered. `joined.attrs["join_report"]` is the report as a plain dict, `join_report(joined)` the same to print.

    Raises `BadJoin` for a key that repeats more than expected, keys of different kinds ('390' and 390.0), no key in common,
    and a column besides the key that is in both tables.

    >>> schools = pd.DataFrame({"la": ["390", "390", "391"], "pupils": [100, 200, 300]})
    >>> names = pd.DataFrame({"la": ["390", "392"], "name": ["Gateshead", "North Tyneside"]})
    >>> joined = join(schools, names, "la", expect="many_to_one")
    >>> print(join_report(joined))
    left join on la (many to one): 3 rows with 2 rows gives 3
      matched     1 keys are in both tables
      only left   1 keys in 1 rows are not in the right table
                  391 (1 rows)
      only right  1 keys in 1 rows are not in the left table
                  392 (1 rows)
    >>> join(schools, names, "la")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    datajam.observe.joins.BadJoin: join on la: '390' is there 2 times in the left table (1 key repeats), but ...
    """
    pairs = _pairs(left, right, on, how, expect)
    report = JoinReport([*pairs], how, expect, len(left), len(right))
    keys = _numbered(left, right, pairs)
    _check_repeats(left, right, pairs, keys, report)
    _compare(left, right, pairs, keys, report)
    joined = _joined(left, right, pairs, keys, how)
    report.rows_out = len(joined)
    joined.attrs = {**left.attrs, "join_report": asdict(report)}
    return joined


def join_report(joined: pd.DataFrame) -> JoinReport:
    """The report of the join that made this table.

    Raises `DataJamError` for a table that did not come from `join`.
    """
    try:
        told = dict(joined.attrs["join_report"])
    except KeyError:
        raise DataJamError("This table has no join report: make it with datajam.join(left, right, on).") from None
    return JoinReport(**{**told, "left": Unmatched(**told["left"]), "right": Unmatched(**told["right"])})


def _pairs(left, right, on, how: str, expect: str) -> dict[str, str]:
    """The key columns as {left column: right column}, with everything asked for checked."""
    for name, asked, allowed in (("how", how, HOW), ("expect", expect, EXPECT)):
        if asked not in allowed:
            raise BadJoin(f"join: {name}={asked!r} is not known. {did_you_mean(str(asked), allowed)}")
    pairs = dict(on) if isinstance(on, dict) else {name: name for name in ([on] if isinstance(on, str) else on)}
    if not pairs:
        raise BadJoin("join: no key is named. Name a column that both tables have.")
    for side, table, names in (("left", left, pairs), ("right", right, pairs.values())):
        twice = table.columns[table.columns.duplicated()]
        if len(twice):
            raise BadJoin(f"join: the {side} table has two columns called {twice[0]!r}. Rename one of them first.")
        for name in names:
            if name not in table.columns:
                close = did_you_mean(str(name), map(str, table.columns))
                raise BadJoin(f"join: column {name!r} is missing in the {side} table. {close}")
    shared = set(left.columns) & (set(right.columns) - set(pairs.values()))
    if shared:
        raise BadJoin(
            f"join on {', '.join(pairs)}: both tables have a column {sorted(map(str, shared))[0]!r} besides the key. "
            "Rename or drop it in one of them first, or name it as part of the key."
        )
    return pairs


def _kind(column: pd.Series, name: str, side: str) -> str:
    """What sort of key a column holds; a mixture is refused."""
    values = column.cat.categories if isinstance(column.dtype, pd.CategoricalDtype) else column
    if not column.notna().any():
        return "nothing"
    sort = pd.api.types.infer_dtype(values, skipna=True)
    if sort.startswith("mixed") and sort not in _KINDS:
        shown = ", ".join(repr(value) for value in {type(value): value for value in values.dropna()}.values())
        raise BadJoin(f"join: column {name!r} of the {side} table mixes kinds: {shown}. Make them all text with .astype('str').")
    return _KINDS.get(sort, sort)


def _shared_kind(left: pd.Series, right: pd.Series, names: tuple[str, str]) -> str:
    """The kind both keys are of; refused, with an example of each, where they differ."""
    kinds = [_kind(column, name, side) for column, name, side in zip((left, right), names, _SIDES, strict=True)]
    if "nothing" in kinds or kinds[0] == kinds[1]:
        return min(kinds, key=lambda kind: kind == "nothing")
    shown = [repr(column.dropna().tolist()[0]) for column in (left, right)]
    held = f"the left table holds {kinds[0]} such as {shown[0]}, the right one {kinds[1]} such as {shown[1]}"
    why = "Read both files alike."
    if set(kinds) == {"text", "numbers"}:
        why = "A code read as a number gains '.0' or loses its zeros, so nothing would match: read codes as text, dtype='str'."
    raise BadJoin(f"join on {names[0]}: {held}. {why}")


def _numbered(left: pd.DataFrame, right: pd.DataFrame, pairs: dict[str, str]) -> tuple[np.ndarray, np.ndarray]:
    """Number the keys of both tables alike: (number for each left row, for each right row), -1 where a key is missing."""
    numbers = np.zeros(len(left) + len(right), dtype="int64")
    for names in pairs.items():
        both = [left[names[0]], right[names[1]]]
        plain = {"text": "str", "numbers": "Float64"}.get(_shared_kind(*both, names), object)
        if all(pd.api.types.is_integer_dtype(column.dtype) for column in both):
            plain = "Int64"
        codes, values = pd.factorize(pd.concat([column.astype(plain) for column in both], ignore_index=True))
        missing = (numbers < 0) | (codes < 0)
        numbers = np.where(missing, -1, pd.factorize(numbers * (len(values) + 1) + codes)[0])
    return numbers[: len(left)], numbers[len(left) :]


def _name(table: pd.DataFrame, names, row: int) -> str:
    return " / ".join(str(table[name].iloc[row]) for name in names)


def _check_repeats(left, right, pairs: dict[str, str], keys, report: JoinReport) -> None:
    """Refuse a key that repeats on a side where it may not."""
    counts = [np.bincount(numbers[numbers >= 0]) for numbers in keys]
    repeats = [bool(count.max(initial=0) > 1) for count in counts]
    first, second = report.expect.split("_to_")
    may = [first == "many", second == "many"]
    if not any(there and not allowed for there, allowed in zip(repeats, may, strict=True)):
        return
    index = next(i for i in (0, 1) if repeats[i] and not may[i])
    worst = int(counts[index].argmax())
    tables, names = (left, right), (list(pairs), list(pairs.values()))
    shown = _name(tables[index], names[index], int(np.flatnonzero(keys[index] == worst)[0]))
    several = int((counts[index] > 1).sum())
    fitting = f"{'many' if repeats[0] else 'one'}_to_{'many' if repeats[1] else 'one'}"
    size = min(map(len, counts))
    rows = int((counts[0][:size] * counts[1][:size]).sum())
    advice = f'or type expect="{fitting}".'
    if fitting == "many_to_many":
        advice = f'or type expect="many_to_many" if all {rows:,} combinations of rows are meant.'
    raise BadJoin(
        f"join on {', '.join(pairs)}: {shown!r} is there {counts[index][worst]:,} times in the {_SIDES[index]} table "
        f'({several:,} key{"s repeat" if several > 1 else " repeats"}), but expect="{report.expect}" allows it once. '
        f"Keep one row for each key, {advice}"
    )


def _compare(left, right, pairs: dict[str, str], keys, report: JoinReport) -> None:
    """Fill in what matched and what did not; refuse two tables that have no key in common."""
    known = [np.unique(numbers[numbers >= 0]) for numbers in keys]
    report.keys_matched = len(np.intersect1d(*known, assume_unique=True))
    report.left = _unmatched(left, list(pairs), keys[0], known[1])
    report.right = _unmatched(right, list(pairs.values()), keys[1], known[0])
    if len(left) and len(right) and not report.keys_matched:
        shown = [next(iter(side.names), "nothing") for side in (report.left, report.right)]
        raise BadJoin(
            f"join on {', '.join(pairs)}: no key is in both tables; the left one has {shown[0]!r}, the right one {shown[1]!r}. "
            "Check that both hold the same kind of code, spelled alike."
        )
    report.left.likely = _likely(report.left.names, report.right.names)
    report.right.likely = _likely(report.right.names, report.left.names)


def _unmatched(table: pd.DataFrame, names: list[str], keys: np.ndarray, other: np.ndarray) -> Unmatched:
    alone = np.flatnonzero((keys >= 0) & ~np.isin(keys, other))
    found, first, counts = np.unique(keys[alone], return_index=True, return_counts=True)
    order = np.lexsort((first, -counts))[:_MOST_NAMES]
    rows = {_name(table, names, int(alone[first[index]])): int(counts[index]) for index in order}
    return Unmatched(len(found), len(alone), int((keys < 0).sum()), rows)


def _plain(text: str) -> str:
    return re.sub(r"[^0-9a-z]+", "", text.casefold().removesuffix(".0")).lstrip("0")


def _likely(names: dict[str, int], other: dict[str, int]) -> dict[str, str]:
    """For the keys with most rows, the other table's unmatched key that is spelled nearly the same, where there is one.

    A code differs from its neighbour by one digit and means another place, so only its case, spaces, zeros may differ.
    """
    by_plain = {_plain(text): text for text in reversed(other)}
    found = {}
    for name in list(names)[:_MOST_LINES]:
        plain = _plain(name)
        near = [by_plain[plain]] if plain in by_plain else []
        if not any(letter.isdigit() for letter in name):
            longer = [text for key, text in by_plain.items() if min(len(key), len(plain)) > 3 and (plain in key or key in plain)]
            near = near or longer or nearest(name, list(other)[:200], 1)
        if near:
            found[name] = near[0]
    return found


def _joined(left: pd.DataFrame, right: pd.DataFrame, pairs: dict[str, str], keys, how: str) -> pd.DataFrame:
    """The joined rows: the left table's columns, then the right one's without its key."""
    sides = [pd.DataFrame({"key": numbers, side: np.arange(len(numbers))}) for side, numbers in zip(_SIDES, keys, strict=True)]
    sides[1].loc[sides[1]["key"] < 0, "key"] = -2  # or a missing key would match the left table's missing keys
    rows = sides[0].merge(sides[1], on="key", how="left" if how == "outer" else how)
    if how == "outer":
        extra = sides[1][~sides[1]["right"].isin(rows["right"])]
        rows = pd.concat([rows, extra], ignore_index=True)
    taken = [rows[side].fillna(-1).astype("int64").to_numpy() for side in _SIDES]
    rest = right.drop(columns=list(pairs.values()))
    parts = [_take(table, numbers) for table, numbers in zip((left, rest), taken, strict=True)]
    if (taken[0] < 0).any():
        for name, theirs in pairs.items():
            parts[0][name] = _filled(left[name], right[theirs], taken)
    return pd.concat(parts, axis=1)


def _take(table: pd.DataFrame, rows: np.ndarray) -> pd.DataFrame:
    """The table's rows by number, empty ones for -1; there whole numbers stay whole (390, not 390.0)."""
    taken = table.set_axis(pd.RangeIndex(len(table)), axis=0)
    if (rows >= 0).all():
        return taken.iloc[rows].set_axis(pd.RangeIndex(len(rows)), axis=0)
    whole = {name: "Int64" for name in taken.columns if pd.api.types.is_integer_dtype(taken[name].dtype)}
    whole |= {name: "boolean" for name in taken.columns if pd.api.types.is_bool_dtype(taken[name].dtype)}
    return taken.astype(whole).reindex(rows).set_axis(pd.RangeIndex(len(rows)), axis=0)


def _filled(left: pd.Series, right: pd.Series, taken: list[np.ndarray]) -> pd.Series:
    """A key column with the right table's keys where only that one has the row; whole numbers stay whole."""
    from_left = taken[0] >= 0
    parts = [
        column.astype(column.dtype.categories.dtype if isinstance(column.dtype, pd.CategoricalDtype) else column.dtype)
        .iloc[numbers[rows]]
        .set_axis(np.flatnonzero(rows), axis=0)
        for column, numbers, rows in ((left, taken[0], from_left), (right, taken[1], ~from_left))
    ]
    filled = pd.concat([part for part in parts if len(part)]).sort_index()
    return filled.astype("category") if isinstance(left.dtype, pd.CategoricalDtype) else filled
