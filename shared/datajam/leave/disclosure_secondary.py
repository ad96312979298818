"""What a total gives away about a hidden cell, and hiding further cells so that it does not.

Primary suppression hides the cells that are sensitive; secondary suppression hides others beside them, so that nobody can take
the shown parts from a total. The engine is τ-ARGUS, as official statistics use it, through `pytauargus`; whether it did what was
asked is then computed without it, by linear programming.

Source: Hundepool and others, "Statistical Disclosure Control" (2012), chapter 4: sensitivity rules, protection levels, audit.
"""

import subprocess
import sys
from dataclasses import dataclass
from itertools import combinations, product
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd

from datajam.errors import DataJamError, did_you_mean

METHODS = {"optimal": "OPT(1,1)", "modular": "MOD(1)", "none": ""}
_LIMIT = 1e-6
_LARGEST = 1e6
_PATIENCE = 180


@dataclass(frozen=True)
class Suppressed:
    """A table with its totals, some cells of which are hidden.

    `table` is what may be shown: the columns of `by`, then `value` (missing where hidden) and status (ok or suppressed). `cells`
    stays with the analyst: for the same rows the reason (threshold, dominance, secondary or nothing) and how wide the interval
    of a hidden cell was asked to be. Shown, the reasons would tell which hidden cells are the small ones.
    """

    table: pd.DataFrame
    cells: pd.DataFrame
    by: tuple[str, ...]
    value: str

    def shaped(self, values) -> np.ndarray:
        """Values in the order of the rows as an array with one dimension for each column of `by`, totals last."""
        return np.asarray(values).reshape([self.table[name].nunique() for name in self.by])


def cube(rows: pd.DataFrame, by: list[str], total: str) -> pd.DataFrame:
    """Every combination of labels with its totals: value (the sum), number (contributions above 0) and the largest ones.

    `rows` has the columns of `by` as text and `value`. Column `largest` holds the contributions of a cell, largest first.
    """
    subsets = [names for size in range(len(by) + 1) for names in combinations(by, size)]
    each = pd.concat([rows.assign(**dict.fromkeys(names, total)) for names in subsets])
    each = each[each["value"] > 0].sort_values("value", ascending=False, kind="stable")
    found = each.groupby(by, sort=False)["value"].agg(value="sum", number="size", largest=list)
    every = pd.MultiIndex.from_tuples(list(product(*[[*dict.fromkeys(rows[name]), total] for name in by])), names=by)
    found = found.reindex(every if len(by) > 1 else every.get_level_values(0))
    found["largest"] = [cell if isinstance(cell, list) else [] for cell in found["largest"]]
    return found.fillna({"value": 0, "number": 0}).reset_index()


def dominated(cells: pd.DataFrame, dominance: tuple[int, float] | None, p_percent: float | None) -> np.ndarray:
    """By how much each cell must be uncertain upwards under the (n, k) and p% rules, 0 or less where neither fires.

    (n, k): the n largest give more than k percent of the cell. p%: the second largest can work out the largest to within p percent.
    The amounts are those of Hundepool and others (2012), table 4.2: with so much more in it, the cell would not be sensitive.
    """
    top = [np.array([sum(largest[:count]) for largest in cells["largest"]]) for count in (1, 2, (dominance or (0, 0))[0])]
    whole = cells["value"].to_numpy()
    asked = np.zeros(len(cells))
    if dominance:
        asked = np.maximum(asked, 100 / dominance[1] * top[2] - whole)
    if p_percent:
        asked = np.maximum(asked, p_percent / 100 * top[0] - (whole - top[1]))
    return np.where(asked > _LIMIT * whole, asked, 0)


def suppressed(
    labels: pd.DataFrame, numbers: np.ndarray, *, value: str, counted: bool, least: int, dominance, p_percent, margin: float,
    total: str, method: str,
) -> Suppressed:  # fmt: skip
    """The table of `disclosure.secondary` before its audit: rules, protection asked for, engine.

    `labels` and `numbers` are the rows given. Raises `DataJamError` as `secondary` says.
    """
    if method not in METHODS:
        raise DataJamError(f"method={method!r}: {did_you_mean(str(method), METHODS)}")
    _check_rules(dominance, p_percent, margin)
    rows, by = _rows(labels, numbers, value, counted, total), list(labels.columns)
    cells = cube(rows, by, total)
    values = cells["value"].to_numpy()
    few = ((values if counted else cells["number"]) > 0) & ((values if counted else cells["number"]) < least)
    up = np.where(few, least - values if counted else margin / 100 * values, 0)
    up = up if counted else np.maximum(up, dominated(cells, dominance, p_percent))
    down = np.where(counted, values, np.minimum(values, up))
    rule = np.where(few, "threshold", np.where(up > 0, "dominance", ""))
    shape = [cells[name].nunique() for name in by]
    also = hide(*(each.reshape(shape) for each in (values, rule != "", down, up)), method).ravel()
    hidden = also | (rule != "")
    shown = cells[by].assign(**{value: np.where(hidden, np.nan, values), "status": np.where(hidden, "suppressed", "ok")})
    shown[value] = shown[value].astype("Int64" if counted else "float64")
    asked = np.where(hidden, least, 0) if counted else np.where(rule != "", down + up, 0)
    kept = cells[by].assign(reason=np.where(also, "secondary", rule), asked=asked)
    return Suppressed(shown, kept, tuple(by), value)


def _check_rules(dominance, p_percent, margin) -> None:
    if dominance and not (len(dominance) == 2 and dominance[0] >= 1 and 0 < dominance[1] < 100):
        raise DataJamError(f"dominance={dominance!r}: write (n, k), such as (2, 85): the 2 largest give more than 85 percent.")
    for name, each in (("p_percent", p_percent), ("margin", margin)):
        if each is not None and not 0 < each <= 100:
            raise DataJamError(f"{name}={each!r}: write a percentage above 0 and up to 100.")


def _rows(labels: pd.DataFrame, numbers: np.ndarray, value: str, counted: bool, total: str) -> pd.DataFrame:
    """The rows with labels as text. Raises `DataJamError` for what has no place in a table with totals."""
    taken = [name for name in labels.columns if name in (value, "value", "number", "largest", "status", "reason", "asked")]
    if taken or not 1 <= len(labels.columns) <= 4 or value == "status":
        raise DataJamError(
            f"by={list(labels.columns)}: name one to four columns of labels, none called {(taken or ['status'])[0]!r}."
        )
    if not len(labels) or np.isnan(numbers).any() or labels.isna().any(axis=None):
        raise DataJamError(f"{value}: a number or label is missing, and a total cannot be right without it. Leave no cell empty.")
    labels = labels.astype("str")
    if labels.isin([total, ""]).any(axis=None):
        raise DataJamError(f"A label is {total!r} or empty: leave totals out, they are computed, or name them otherwise in total=.")
    if counted and labels.duplicated().any():
        twice = ", ".join(labels[labels.duplicated()].iloc[0])
        raise DataJamError(f"{twice} is there twice: give one row for each cell, such as groupby(…).sum() makes.")
    return labels.assign(value=numbers).reset_index(drop=True)


def hide(values: np.ndarray, sensitive: np.ndarray, down: np.ndarray, up: np.ndarray, method: str) -> np.ndarray:
    """Which cells to hide besides the sensitive ones, so that each of those stays uncertain by `down` and `up`.

    Arrays of one shape, a dimension for each variable, totals last. Raises `DataJamError` where the engine is not installed or
    does not find a way. Where all or none is sensitive there is nothing to choose, and the engine is not asked.
    """
    if method == "none" or not sensitive.any() or sensitive[values > 0].all():
        return np.zeros(values.shape, bool)
    try:
        from pytauargus.result import parse_simple_tab
    except ImportError:
        raise DataJamError('Secondary suppression needs pytauargus. Type pip install "datajam[disclosure]".') from None
    values, down, up = _whole(values, down, up)
    names = [f"v{number}" for number in range(values.ndim)]
    with TemporaryDirectory() as folder:
        batch = _batch(Path(folder), values, sensitive, down, np.minimum(up, values.max() - values), method)
        _run(batch)
        rows = parse_simple_tab(batch.with_name("out.tab"), names, "value")
    hidden = np.zeros(values.shape, bool)
    for row in rows:
        place = tuple(-1 if row[name] in ("T", "") else int(row[name][1:]) for name in names)
        hidden[place] = row["status"] == "M"
    return hidden


def _run(batch: Path) -> None:
    """Let the engine carry out its orders, in a process of its own: on some tables it crashes, or does not end.

    It works in the folder of the orders, where it leaves logs with the true numbers in them.
    """
    order = "import sys; from pytauargus.engine import run_batch; run_batch(sys.argv[1])"
    try:
        command = [sys.executable, "-c", order, str(batch)]
        done = subprocess.run(command, cwd=batch.parent, capture_output=True, text=True, timeout=_PATIENCE)
        said = "" if done.returncode == 0 else (done.stderr.strip().splitlines() or [f"it ended with {done.returncode}"])[-1]
    except subprocess.TimeoutExpired:
        said = f"nothing was found in {_PATIENCE} seconds"
    if said or not batch.with_name("out.tab").is_file():
        raise DataJamError(f"pytauargus found no way to protect this table ({said}): merge small categories, or method='modular'.")


def _whole(values: np.ndarray, down: np.ndarray, up: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Amounts as whole numbers that add up: the engine is slow with decimals and crashes on long ones. Asks are rounded up."""
    if (values == np.round(values)).all() and values.max() <= _LARGEST:
        return values, down, up
    scale, parts = _LARGEST / values.max(), tuple([slice(-1)] * values.ndim)
    whole = np.ceil(values[parts] * scale)
    more = whole.size
    for axis in range(values.ndim):
        whole = np.concatenate([whole, whole.sum(axis=axis, keepdims=True)], axis=axis)
    return whole, np.minimum(np.ceil(down * scale) + more, whole), np.ceil(up * scale) + more


def _batch(folder: Path, values, sensitive, down, up, method: str) -> Path:
    """The table, its description and what to do with it as files of τ-ARGUS; labels are numbered, so that any text will do."""
    lines = []
    for place in np.ndindex(*values.shape):
        codes = ["T" if at == size - 1 else f"c{at:04d}" for at, size in zip(place, values.shape, strict=True)]
        asked = (repr(float(down[place])), repr(float(up[place]))) if sensitive[place] else ("0", "0")
        number, status = "1" if values[place] > 0 else "0", "U" if sensitive[place] else "S"
        lines.append(";".join([*codes, repr(float(values[place])), number, status, *asked]))
    explained = [f'v{number}\n  <RECODEABLE>\n  <TOTCODE> "T"' for number in range(values.ndim)]
    described = [
        '<SEPARATOR> ";"\n<SAFE> "S"\n<UNSAFE> "U"\n<PROTECT> "P"',
        *explained,
        "value\n  <NUMERIC>\n  <DECIMALS> 0\nfreq\n  <FREQUENCY>\nstatus\n  <STATUS>",
        "down\n  <NUMERIC> <LOWERPL>\nup\n  <NUMERIC> <UPPERPL>",
    ]
    columns = "".join(f'"v{number}"' for number in range(values.ndim))
    orders = [
        f'<OPENTABLEDATA> "{folder / "in.tab"}"\n<OPENMETADATA> "{folder / "in.rda"}"',
        f'<SPECIFYTABLE> {columns}|"value"||\n<SAFETYRULE>\n<READTABLE>',
        f'<SUPPRESS> {METHODS[method]}\n<WRITETABLE> (1,5,SO+,"{folder / "out.tab"}")',
    ]
    for name, text in (("in.tab", lines), ("in.rda", described), ("orders.arb", orders)):
        (folder / name).write_text("\n".join(text) + "\n", encoding="utf-8")
    return folder / "orders.arb"


def audit(result: Suppressed) -> pd.DataFrame:
    """What an outsider can work out about each hidden cell from the shown ones, the totals, and that no cell is below 0.

    One row for each hidden cell: the columns of `by`, lower and upper (the least and most the cell can be), width, asked, and
    enough (whether the width is at least what was asked). Two linear programmes for each hidden cell, solved with HiGHS. Somebody
    who is counted in a cell knows more than this outsider. Raises `DataJamError` where shown cells do not add up to shown totals.

    >>> from datajam.leave.disclosure import secondary
    >>> pupils = pd.DataFrame({"area": list("NNSS"), "meals": ["yes", "no"] * 2, "pupils": [3, 40, 25, 60]})
    >>> audit(secondary(pupils, ["area", "meals"], count="pupils", method="none"))[["lower", "upper", "asked", "enough"]].values
    array([[3.0, 3.0, 8, False]], dtype=object)
    """
    values = result.shaped(result.table[result.value].to_numpy("float64", na_value=np.nan))
    scale = np.nanmax(np.abs(values), initial=1.0)
    rows = np.flatnonzero(np.isnan(values))
    matrix, sums = _restrictions(values / scale)
    ends = np.array([_ends(cell, matrix, sums) for cell in range(len(rows))]).reshape(-1, 2) * scale
    found = result.cells.iloc[rows][[*result.by, "asked"]].reset_index(drop=True)
    found.insert(len(result.by), "lower", ends[:, 0].round(6) + 0.0)
    found.insert(len(result.by) + 1, "upper", ends[:, 1].round(6) + 0.0)
    found.insert(len(result.by) + 2, "width", found["upper"] - found["lower"])
    return found.assign(enough=found["width"] >= found["asked"] - _LIMIT * scale)


def _restrictions(values: np.ndarray):
    """The sums that hold between hidden cells: a sparse matrix of +1 (part) and -1 (total), and what each line comes to."""
    from scipy.sparse import csr_matrix

    number = np.full(values.shape, -1)
    number[np.isnan(values)] = np.arange(np.isnan(values).sum())
    columns, lines, signs, sums, before = [], [], [], [], 0
    for axis, size in enumerate(values.shape):
        sign = np.where(np.arange(size) == size - 1, -1.0, 1.0)
        cells = np.moveaxis(number, axis, -1).reshape(-1, size)
        cells, known = cells[used := (cells >= 0).any(axis=1)], np.moveaxis(values, axis, -1).reshape(-1, size)[used]
        line, at = np.nonzero(cells >= 0)
        lines.append(line + before)
        columns.append(cells[line, at])
        signs.append(sign[at])
        sums.append(-(np.nan_to_num(known) * sign).sum(axis=1))
        before += len(cells)
    entries = (np.concatenate(signs), (np.concatenate(lines), np.concatenate(columns)))
    return csr_matrix(entries, shape=(before, int(number.max()) + 1)), np.concatenate(sums)


def _ends(cell: int, matrix, sums: np.ndarray) -> tuple[float, float]:
    """The least and most one hidden cell can be."""
    from scipy.optimize import linprog

    aim, ends = np.zeros(matrix.shape[1]), []
    for direction in (1.0, -1.0):
        aim[cell] = direction
        solved = linprog(aim, A_eq=matrix, b_eq=sums, bounds=(0, None), method="highs")
        if solved.status not in (0, 3):
            raise DataJamError("audit: the shown cells do not add up to the shown totals. Make the table again with secondary().")
        ends.append(direction * solved.fun if solved.status == 0 else np.inf)
    return ends[0], ends[1]
