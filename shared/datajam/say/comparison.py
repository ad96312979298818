"""The results of many places side by side: one long table, from which files, a spreadsheet and a page are made.

A batch folder holds a folder for each finished run (`results.json`, `provenance.json`, `report.html`, …), named by its place, or
one level deeper by its place and parameters: `leeds/leeds--pupil_spread=18`. A `batch.json` beside `results.json` says the same
as data: {"place": …, "place_code": …, "parameters": {…}}.
"""

import json
import math
from collections.abc import Collection, Iterator, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from datajam.errors import DataJamError
from datajam.vocabulary import places

PLACE = ["place", "place_code", "level", "region"]
NUMBER = (
    "name label value text unit digits lower_95 upper_95 base base_of status reason synthetic sources notebook cell report".split()
)
_KINDS = {
    **dict.fromkeys(["value", "lower_95", "upper_95"], "float64"),
    **dict.fromkeys(["base", "digits", "cell"], "Int64"),
    "synthetic": "bool",
}
NOT_RECORDED = "the run recorded no such number"
_LEVELS = {"la": "authorities", "region": "regions", "country": "countries"}


def gather(folder: Path, only: Collection[str] | None = None) -> pd.DataFrame:
    """The long table of a batch folder: a row for each place, setting of the parameters, and recorded number.

    `only` names the runs that count, as paths in the folder: others may be of older data or settings.

    Columns: place, place_code, level, region; one for each parameter (`parameters` names them; one that has the name of another
    column is called parameter_NAME); name, label, value (text instead where the number is a text), unit, digits, lower_95,
    upper_95, base, base_of, status, reason, synthetic, sources, notebook, cell, report (its path in the folder). Sorted by place
    and parameters, then as recorded. Raises `DataJamError` where there is no finished run, none recorded a number, one is damaged,
    or two are of one place under the same parameters.
    """
    runs = sorted(run for run in _runs(folder) if only is None or run.as_posix() in only)
    if not runs:
        raise DataJamError(f"{folder.name}: no finished run is in this folder. Type `datajam batch --places all`, or name another.")
    rows = [row for run in runs for row in _rows(folder / run, run)]
    if not rows:
        raise DataJamError(f"{folder.name}: its {len(runs)} runs recorded no number. Record one with results.record(…).")
    named = sorted({name for row in rows for name in row} - {*PLACE, *NUMBER})
    table = pd.DataFrame(rows, columns=[*PLACE, *named, *NUMBER])
    texts = table.columns.difference([*named, *_KINDS])
    table[texts] = table[texts].fillna("").astype("str")
    table = table.astype(_KINDS).assign(**{name: _one_kind(table[name]) for name in named})
    table = table.sort_values(["place", "place_code", *named], kind="stable", ignore_index=True)
    _no_run_twice(table, named)
    return table


def parameters(table: pd.DataFrame) -> list[str]:
    """The columns of the long table that are parameters of the runs."""
    return list(table.columns[len(PLACE) : -len(NUMBER)])


def _runs(folder: Path) -> Iterator[Path]:
    """The finished runs in a folder, as paths in it: neither half-written nor failed ones."""
    for found in (*folder.glob("*/results.json"), *folder.glob("*/*/results.json")):
        run = found.parent.relative_to(folder)
        if not any(part.startswith(".") or part.endswith(".failed") for part in run.parts):
            yield run


def _rows(folder: Path, run: Path) -> Iterator[dict[str, Any]]:
    try:
        recorded = json.loads((folder / "results.json").read_text(encoding="utf-8"))
        beside = folder / "batch.json"
        about = json.loads(beside.read_text(encoding="utf-8")) if beside.is_file() else {}
        given = about["parameters"] if about else _from_name(run.name)
        given = {f"parameter_{name}" if name in (*PLACE, *NUMBER) else name: value for name, value in given.items()}
        given.pop("parameter_place", None)
        for entry in recorded:
            yield {**_place({**entry, **about}), **given, **_number(entry), "report": (run / "report.html").as_posix()}
    except (ValueError, KeyError, TypeError, AttributeError):
        raise DataJamError(
            f"{run.as_posix()}: its results.json or batch.json is damaged. Delete the folder and run it again."
        ) from None


def _from_name(name: str) -> dict[str, Any]:
    """The parameters in the name of a run's folder.

    >>> _from_name("leeds--group=fsm_eligible,pupil_spread=18.5"), _from_name("leeds")
    ({'group': 'fsm_eligible', 'pupil_spread': 18.5}, {})
    """
    pairs = [part.split("=", 1) for part in name.partition("--")[2].split(",") if "=" in part]
    return {key: _literal(text) for key, text in pairs}


def _literal(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _place(entry: dict[str, Any]) -> dict[str, str]:
    now = places.current(entry["place_code"])
    known = {"level": now.level, "region": now.region_name} if now else {}
    return {"place": entry["place"], "place_code": entry["place_code"], **known}


def _number(entry: dict[str, Any]) -> dict[str, Any]:
    """A recorded number as a row: a value that is a text stands beside the numbers, not among them."""
    value = entry["value"]
    text = value if isinstance(value, str) else ""
    finite = value is not None and not text and math.isfinite(value)
    row = {**{name: entry.get(name) for name in NUMBER if name != "report"}, "text": text, "value": value if finite else None}
    if not finite and not text and not row["reason"]:
        row |= {"status": "not_available", "reason": "the number recorded is not finite"}
    return {**row, "sources": "; ".join(entry["sources"]), "synthetic": bool(entry["synthetic"])}


def _one_kind(values: pd.Series) -> pd.Series:
    """A parameter's values as numbers where all are, else as texts; empty where a run has none."""
    if all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in values.dropna()):
        return pd.to_numeric(values)
    return (
        values.map(lambda value: value if isinstance(value, str) else json.dumps(value), na_action="ignore")
        .fillna("")
        .astype("str")
    )


def _no_run_twice(table: pd.DataFrame, named: list[str]) -> None:
    runs = table.drop_duplicates("report")
    again = runs[runs.duplicated(["place_code", *named], keep=False)]["report"]
    if len(again):
        one, other = (Path(path).parent.as_posix() for path in again.iloc[:2])
        raise DataJamError(f"{one} and {other} are runs of one place with the same parameters. Delete the one that is not wanted.")


@dataclass(frozen=True)
class Number:
    """One headline number under one setting of the parameters: a row for each run that recorded it.

    `runs` has a row for every run under that setting, whether it recorded the number or not. A number is `widespread`, and can be
    compared, where it has one unit and at least half of all runs have it.
    """

    rows: pd.DataFrame
    runs: pd.DataFrame
    setting: str
    widespread: bool

    @property
    def name(self) -> str:
        return self.rows["name"].iloc[0]

    @property
    def label(self) -> str:
        """What the places call it, their own name and their region's put in general; where they still differ, what most do."""
        rows = zip(self.rows["label"], self.rows["place"], self.rows["region"], strict=True)
        return pd.Series([_in_general(label, place, region) for label, place, region in rows]).mode().iloc[0]

    @property
    def unit(self) -> str:
        return self.rows["unit"].mode().iloc[0]

    @property
    def digits(self) -> int:
        return int(self.rows["digits"].max())

    @property
    def known(self) -> pd.DataFrame:
        """The rows with a figure, a text among them."""
        return self.rows[self.rows["value"].notna() | (self.rows["text"] != "")]

    @property
    def lacking(self) -> pd.DataFrame:
        """The rows without a figure; of a widespread number those of the runs that did not record it too."""
        rows = self.everyone if self.widespread else self.rows
        return rows[rows["value"].isna() & (rows["text"] == "")]

    @property
    def everyone(self) -> pd.DataFrame:
        """A row for every run: those that did not record it have no figure, and the reason."""
        lacking = self.runs[~self.runs["report"].isin(self.rows["report"])]
        added = lacking.assign(value=float("nan"), text="", status="absent", reason=NOT_RECORDED, name=self.name)
        added = added.assign(lower_95=float("nan"), upper_95=float("nan"), base=pd.array([pd.NA] * len(added), dtype="Int64"))
        return pd.concat([self.rows, added]).sort_values(["place", "place_code"], kind="stable") if len(added) else self.rows


def _in_general(label: str, place: str, region: str) -> str:
    """A label that serves for every place.

    >>> _in_general("Gap here minus gap in the North East", "Gateshead", "North East")
    'Gap here minus gap in its region'
    """
    for name, words in ((place, "the place"), (region, "its region")):
        for said in (places.spoken(name), name):
            label = label.replace(said, words) if said else label
    return label


def numbers(table: pd.DataFrame) -> list[Number]:
    """Every headline number of each setting, as in a report: those of the last notebook, the findings, first."""
    named, last = parameters(table), table["notebook"].max()
    seen = table.groupby("name").agg(values=("value", "count"), units=("unit", "nunique"))
    common = set(seen.index[(seen["units"] == 1) & (2 * seen["values"] >= table["report"].nunique())])
    found = []
    for values, rows in table.groupby(named, dropna=False) if named else [((), table)]:
        setting = ", ".join(f"{name} = {shown(value)}" for name, value in zip(named, values, strict=True) if shown(value))
        ordered = rows.assign(working=rows["notebook"] != last).sort_values(["working", "notebook", "cell"], kind="stable")
        runs = rows.drop_duplicates("report")
        found += [Number(rows[rows["name"] == name], runs, setting, name in common) for name in ordered["name"].unique()]
    return found


def shown(value: Any) -> str:
    """A parameter's value in words; nothing where a run has none."""
    return "" if pd.isna(value) else f"{value:g}" if isinstance(value, float) else str(value)


def among(rows: pd.DataFrame) -> str:
    """What the places of a table are: 'authorities', or 'places' where they are of several levels."""
    levels = set(rows["level"])
    return _LEVELS.get(levels.pop(), "places") if len(levels) == 1 else "places"


def warning(rows: pd.DataFrame) -> str:
    """The warning that goes with numbers of which some or all are invented; empty where none is."""
    invented = rows[rows["synthetic"]]
    if not len(invented):
        return ""
    if len(invented) == len(rows):
        return "Synthetic data. These numbers are invented to show how the analysis works. They are not these places' results."
    labels = "; ".join(dict.fromkeys(invented["label"]))
    return f"Part of the data is synthetic, invented to show how the analysis works, and no place's results: {labels}."


def provenance(table: pd.DataFrame, folder: Path) -> tuple[str, list[dict[str, Any]]]:
    """The project's name, and the sources that the runs read, each once, from what the runs say of themselves.

    Raises `DataJamError` where a run's provenance is missing or damaged.
    """
    names, read = {}, {}
    for report in table["report"].unique():
        path = (folder / report).with_name("provenance.json")
        try:
            about = json.loads(path.read_text(encoding="utf-8"))
            names[about["project"]] = None
            read |= {(entry["id"], entry["sha256"]): entry for entry in about["inputs"] if entry["read"]}
        except (OSError, ValueError, KeyError, TypeError):
            raise DataJamError(
                f"{Path(report).parent.as_posix()}/provenance.json is missing or damaged. Run the place again."
            ) from None
    return ", ".join(names), [read[key] for key in sorted(read)]


def wide(table: pd.DataFrame) -> pd.DataFrame:
    """A row for each run: its place and parameters, then each number with its interval and base beside it."""
    runs = table.drop_duplicates("report").set_index("report")
    columns = [runs[[*PLACE, *parameters(table)]], table.groupby("report")["synthetic"].any()]
    for name in table.sort_values(["notebook", "cell"], kind="stable")["name"].unique():
        rows = table[table["name"] == name].set_index("report")
        value = (
            rows["text"].where(rows["text"] != "", rows["value"].map(str, na_action="ignore"))
            if any(rows["text"])
            else rows["value"]
        )
        columns.append(rows[["lower_95", "upper_95", "base"]].add_prefix(f"{name}_").assign(**{name: value}))
        columns[-1] = columns[-1][[name, f"{name}_lower_95", f"{name}_upper_95", f"{name}_base"]]
    joined = pd.concat([part.reindex(runs.index) for part in columns], axis="columns").reset_index()
    return joined[[*joined.columns.drop("report"), "report"]]


def write_tables(table: pd.DataFrame, folder: Path) -> list[Path]:
    """Write results.parquet and results.csv (long) and results_wide.csv, each whole or not at all: the files written.

    In CSV a text that a spreadsheet would run as a formula is prefixed with an apostrophe.
    """
    from datajam.sources import writing

    written = [(table, folder / "results.parquet"), (table, folder / "results.csv"), (wide(table), folder / "results_wide.csv")]
    for one, path in written:
        texts = [name for name, kind in one.dtypes.items() if path.suffix == ".csv" and kind in ("str", "object")]
        writing.write(one.astype(dict.fromkeys(texts, "category")), path)
    return [path for _, path in written]


def write_all(
    folder: Path, only: Collection[str] | None = None, failed: Mapping[str, str] | None = None, executor: Executor | None = None
) -> list[Path]:
    """Write all that is made of a batch's results into its folder: tables, spreadsheet and page. The files written.

    `failed` is why each place that is not among them failed, in words; `executor` shares the work.
    """
    from datajam.say.comparison_book import write_book
    from datajam.say.comparison_page import write_page

    table = gather(folder, only)
    if executor is None:
        return [*write_tables(table, folder), write_book(table, folder), write_page(table, folder, failed)]
    tables, book = (executor.submit(write, table, folder) for write in (write_tables, write_book))
    page = write_page(table, folder, failed, executor)
    return [*tables.result(), book.result(), page]
