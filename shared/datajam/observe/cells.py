"""From published cells to observations: places found, periods read, markers kept, repeated places counted once.

A layout's parser hands over `Cells`: published text by row, and a `Block` for each indicator. `tidy` does the rest, on the
distinct texts of each column only, so that a million rows take seconds.
"""

from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd

from datajam.observe.observations import LEVELS, BadSource, LoadReport, Told
from datajam.vocabulary import districts, markers, periods, places


def constant(text: str, rows: int) -> pd.Categorical:
    """One text for every row, at the cost of one byte a row."""
    return pd.Categorical.from_codes(np.zeros(rows, dtype="int8"), categories=pd.Index([text], dtype="str"))


@dataclass
class Block:
    """One indicator's cells, as published text, a cell for each row of the file.

    Where the publisher keeps markers in a column of their own, that is the `flag`.
    """

    indicator: str | pd.Categorical
    unit: str | pd.Categorical
    value: pd.Categorical
    lower: pd.Categorical | None = None
    upper: pd.Categorical | None = None
    base: pd.Categorical | None = None
    flag: pd.Categorical | None = None


@dataclass
class Cells:
    """What a layout's parser hands over: published text by row, and blocks of value cells beside it.

    Where the publisher names areas without codes, or numbers them otherwise, `place_code` is the GSS code found for each row.
    """

    area_code: pd.Categorical
    area_name: pd.Categorical
    level: pd.Categorical
    period: pd.Categorical
    identifier: pd.Categorical
    breakdown: pd.Categorical
    blocks: list[Block]
    place_code: pd.Categorical | None = None

    def __len__(self) -> int:
        return len(self.area_code)


def _combined(columns: list[pd.Categorical]) -> tuple[np.ndarray, list[tuple[str, ...]]]:
    """Number the distinct combinations of several columns: (number for each row, the combinations)."""
    numbers = np.zeros(len(columns[0]), dtype="int64")
    for column in columns:
        numbers = numbers * len(column.categories) + column.codes
        if len(column.categories) > 1:
            numbers = pd.factorize(numbers)[0].astype("int64") if numbers.max(initial=0) > 2**40 else numbers
    numbers, _ = pd.factorize(numbers)
    first = np.full(numbers.max(initial=-1) + 1, -1, dtype="int64")
    first[numbers[::-1]] = np.arange(len(numbers))[::-1]
    texts = [column.categories.to_numpy()[column.codes[first]] for column in columns]
    return numbers.astype("int32"), list(zip(*texts, strict=True)) if len(first) else []


def combine(columns: list[pd.Categorical], join) -> pd.Categorical:
    """One category column from several: `join` is called once for each distinct combination of texts."""
    numbers, combinations = _combined(columns)
    texts, categories = pd.factorize(np.array([join(*parts) for parts in combinations], dtype=object))
    return pd.Categorical.from_codes(texts[numbers], categories=pd.Index(categories, dtype="str"))


def plain_decimals(column: pd.Categorical):
    """The distinct texts of a column as an Arrow array, and which of them are plain decimals."""
    import pyarrow as pa
    import pyarrow.compute as pc

    texts = pa.array(column.categories, type=pa.string())
    return texts, pc.match_substring_regex(texts, r"^[+-]?(\d{1,300}(\.\d*)?|\.\d+)$")


def understood(column: pd.Categorical, profile: markers.Profile) -> np.ndarray:
    """Which distinct texts of a column are numbers or markers of the source."""
    texts, plain = plain_decimals(column)
    known = np.array(plain)
    for index in np.flatnonzero(~known):
        known[index] = markers.read(texts[int(index)].as_py(), profile)[2]
    return known


def numbers(column: pd.Categorical, profile: markers.Profile) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Read a column of published cells: (numbers, status codes, the markers that were not understood).

    Works on the distinct texts only; plain decimals go through Arrow, everything else through `markers.read`.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    texts, plain = plain_decimals(column)
    values = np.array(pc.cast(pc.if_else(plain, texts, None), pa.float64()).fill_null(np.nan))
    status = np.zeros(len(texts), dtype="int8")
    strange = []
    for index in np.flatnonzero(~np.array(plain)):
        text = texts[int(index)].as_py()
        value, name, understood = markers.read(text, profile)
        values[index] = np.nan if value is None else value
        status[index] = markers.STATUSES.index(name)
        if not understood:
            strange.append(text)
    return values[column.codes], status[column.codes], strange


@dataclass
class _Area:
    level: str | None
    place: places.Place | None
    region: str
    mapped: bool
    code: str
    name: str
    key: str


_LEVELS_PUBLISHED = {
    "national": "country",
    "country": "country",
    "regional": "region",
    "region": "region",
    "local authority": "la",
    "localauthority": "la",
    "local authority district": "lad",
    "localauthoritydistrict": "lad",
}
_LEVELS_BY_CODE = {"E92": "country", "E12": "region", "E13": "subregion", "E07": "lad"}
_LEVELS_BY_CODE |= dict.fromkeys(("E06", "E08", "E09", "E10"), "la")


def _place(code: str, name: str, level: str, published: str) -> _Area:
    """Where an area lies, from its code; what is published stays as it was."""
    code, name, published = code.strip(), name.strip(), published.strip()
    key = f"?{level.strip()}|{code}|{name}"
    known = _LEVELS_BY_CODE.get(code[:3]) if code else _LEVELS_PUBLISHED.get(level.strip().lower())
    if known == "region" and name in ("Inner London", "Outer London"):
        code = "E13000001" if name == "Inner London" else "E13000002"
    past = places.retired().get(code)
    place = places.current(code) or districts.place(code)
    if place:
        return _Area(place.level, place, place.region_code, past is not None, published, name, key)
    region = past.region_code if past else districts.region_of(code)
    return _Area(known if known in LEVELS else None, None, region, False, published, name, key)


def tidy(cells: Cells, *, profile: markers.Profile, report: LoadReport) -> pd.DataFrame:
    """Turn published cells into observations, filling in the load report on the way.

    Raises `BadSource` where one place, period and breakdown has two different values under one code.
    """
    if not len(cells) or not cells.blocks:
        raise BadSource(f"{report.file}: no rows of data below the header. Download the file again.")
    found = cells.area_code if cells.place_code is None else cells.place_code
    area_numbers, combinations = _combined([found, cells.area_name, cells.level, cells.area_code])
    areas = [_place(*parts) for parts in combinations]
    period_numbers, labels = _combined([cells.period, cells.identifier])
    spans = [_period(label, identifier, report.file) for label, identifier in labels]

    codes, statuses, values, columns = [], [], [], {"lower_ci": [], "upper_ci": [], "base": []}
    for block in cells.blocks:
        value, status, strange = numbers(block.value, profile)
        if block.flag is not None:
            status, strange = _flagged(value, block, profile, strange)
        _warn_strange(block, strange, report)
        values.append(value)
        statuses.append(status)
        codes.append(block.value if block.flag is None else block.flag)
        for name, text in (("lower_ci", block.lower), ("upper_ci", block.upper), ("base", block.base)):
            columns[name].append(_beside(text, profile, name, block, value, report))

    keep, area_numbers, areas = _collapse(cells, area_numbers, areas, period_numbers, spans, values, statuses, report)
    blocks = len(cells.blocks)
    rows = int(keep.sum())

    def tiled(numbers: np.ndarray, texts: list) -> pd.Categorical:
        return _categories(np.tile(numbers[keep], blocks), texts)

    area, period = area_numbers, period_numbers
    dates = np.array([(span.start, span.end) for span in spans], dtype="datetime64[s]").reshape(-1, 2)
    value = np.concatenate([part[keep] for part in values])
    status = np.concatenate([part[keep] for part in statuses])
    frame = {
        "source": constant(report.source, rows * blocks),
        "area_level": tiled(area, [a.level for a in areas]),
        "area_code": tiled(area, [a.place.code if a.place else None for a in areas]),
        "area_name": tiled(area, [a.place.name if a.place else None for a in areas]),
        "region_code": tiled(area, [a.region or None for a in areas]),
        "region_name": tiled(area, [places.by_code()[a.region].name if a.region else None for a in areas]),
        "source_area_code": tiled(area, [a.code for a in areas]),
        "source_area_name": tiled(area, [a.name for a in areas]),
        "period_start": np.tile(dates[period[keep], 0], blocks),
        "period_end": np.tile(dates[period[keep], 1], blocks),
        "period_label": tiled(period, [label for label, _ in labels]),
        "indicator": _stacked([block.indicator for block in cells.blocks], keep),
        "breakdown": _categories(np.tile(cells.breakdown.codes[keep], blocks), list(cells.breakdown.categories)),
        "value": value,
        "unit": _stacked([block.unit for block in cells.blocks], keep),
        "lower_ci": _floats(columns["lower_ci"], keep, rows),
        "upper_ci": _floats(columns["upper_ci"], keep, rows),
        "base": _whole(_floats(columns["base"], keep, rows)),
        "status": pd.Categorical.from_codes(status, categories=pd.Index(markers.STATUSES, dtype="str")),
        "status_raw": _raw(codes, statuses, keep),
    }
    observations = pd.DataFrame(frame, copy=False)
    observations["value"] = observations["value"].where(np.isin(status, (0, 5)))
    _fill(report, observations, areas, spans, cells)
    observations.attrs["load_report"] = Told(asdict(report))
    return observations


def _period(label: str, identifier: str, file: str) -> periods.Period:
    try:
        return periods.parse(label, identifier)
    except periods.UnknownPeriod as error:
        raise BadSource(f"{file}: {error}") from None


def _flagged(value: np.ndarray, block: Block, profile: markers.Profile, strange: list[str]) -> tuple[np.ndarray, list[str]]:
    """Statuses from a column of markers: a value stays where it is flagged unreliable, else the flag says why it is not."""
    of_flag = [profile.status(text) if text.strip() else None for text in block.flag.categories]
    unknown = [text for text, status in zip(block.flag.categories, of_flag, strict=True) if text.strip() and not status]
    missing = np.array([markers.STATUSES.index(status or "not_available") for status in of_flag], dtype="int8")
    present = np.array([5 if status == "unreliable" else 0 for status in of_flag], dtype="int8")
    codes = block.flag.codes
    hidden = np.isnan(value) | ((missing[codes] != 5) & np.array([bool(status) for status in of_flag])[codes])
    value[hidden] = np.nan
    return np.where(hidden, missing[codes], present[codes]), strange + unknown


def _warn_strange(block: Block, strange: list[str], report: LoadReport) -> None:
    if strange:
        name = block.indicator if isinstance(block.indicator, str) else "value"
        shown = ", ".join(repr(text[:20]) for text in sorted(strange)[:5])
        report.warnings.append(f"{name}: {len(strange)} markers this source does not define, read as missing: {shown}")


def _beside(text, profile, name: str, block: Block, beside: np.ndarray, report: LoadReport) -> np.ndarray | None:
    """The numbers of a column that stands beside the value; a marker there leaves the number missing and is counted."""
    if text is None:
        return None
    value, status, _ = numbers(text, profile)
    if name == "base" and (np.abs(value) > 2**53).any():
        raise BadSource(f"{report.file}: a base of {np.nanmax(np.abs(value)):.3g} people. Are columns swapped? Download it again.")
    named = np.array([bool(category.strip()) for category in text.categories] or [False])
    marked = np.isnan(value) & ~np.isnan(beside) & named[text.codes]
    if name != "base" and marked.any():
        shown = ", ".join(sorted({str(text.categories[code]) for code in text.codes[marked]}))
        indicator = block.indicator if isinstance(block.indicator, str) else "interval"
        report.warnings.append(f"{indicator}: {int(marked.sum())} {name} cells hold a marker, not a number: {shown}")
    return value


def _collapse(cells, area_numbers, areas, period_numbers, spans, values, statuses, report):
    """Keep one of each repeated row; keep two codes of one place apart where their values differ."""
    keys = np.array([a.place.code if a.place else a.key for a in areas], dtype=object)
    place_numbers = pd.factorize(keys)[0][area_numbers]
    span_numbers = pd.factorize(np.array([f"{span.start}|{span.end}" for span in spans], dtype=object))[0][period_numbers]
    key = (place_numbers.astype("int64") * (span_numbers.max(initial=0) + 1) + span_numbers) * len(
        cells.breakdown.categories
    ) + cells.breakdown.codes
    for block in cells.blocks:
        if not isinstance(block.indicator, str):
            key = key * len(block.indicator.categories) + block.indicator.codes
    keep = np.ones(len(cells), dtype=bool)
    order = pd.factorize(key)[0]
    counts = np.bincount(order)
    if counts.max(initial=0) <= 1:
        report.duplicates_collapsed = 0
        return keep, area_numbers, areas
    apart: set[int] = set()
    repeated = np.flatnonzero(counts[order] > 1)
    groups: dict[int, list[int]] = {}
    for row in repeated:
        groups.setdefault(int(order[row]), []).append(int(row))
    for rows in groups.values():
        rows.sort(key=lambda row: areas[area_numbers[row]].mapped)
        first = rows[0]
        for row in rows[1:]:
            same = all(
                status[row] == status[first] and (value[row] == value[first] or np.isnan(value[row] + value[first]))
                for value, status in zip(values, statuses, strict=True)
            )
            if same:
                keep[row] = False
            elif areas[area_numbers[row]].mapped:
                apart.add(int(area_numbers[row]))
            else:
                raise BadSource(_conflict(cells, report.file, first, row))
    if apart:
        areas = [
            _Area(area.level, None, area.region, False, area.code, area.name, area.key) if index in apart else area
            for index, area in enumerate(areas)
        ]
        keep[np.isin(area_numbers, list(apart))] = True
        named = ", ".join(f"{areas[index].name} ({areas[index].code})" for index in sorted(apart))
        report.warnings.append(f"given under an ended and a current code with different values, kept apart: {named}")
    dropped = np.unique(area_numbers[~keep])
    if len(dropped):
        named = ", ".join(sorted({f"{areas[index].name} ({areas[index].code})" for index in dropped}))
        report.warnings.append(f"given more than once with the same values, counted once: {named}")
    report.duplicates_collapsed = int((~keep).sum()) * len(cells.blocks)
    return keep, area_numbers, areas


def _conflict(cells: Cells, file: str, first: int, second: int) -> str:
    name = cells.area_name.categories[cells.area_name.codes[second]].strip() or "England"
    period = cells.period.categories[cells.period.codes[second]]
    breakdown = cells.breakdown.categories[cells.breakdown.codes[second]]
    return (
        f"{file}: data rows {first + 1} and {second + 1} give two different values for {name}, {period}, {breakdown}. "
        "Is a column that tells them apart missing? Download the file again, or remove one row."
    )


def _categories(numbers: np.ndarray, texts: list) -> pd.Categorical:
    """Category codes for a list of texts that may repeat or be missing."""
    codes, categories = pd.factorize(np.array(texts, dtype=object), use_na_sentinel=True)
    small = np.min_scalar_type(-max(len(categories), 1))
    return pd.Categorical.from_codes(codes.astype(small)[numbers], categories=pd.Index(categories, dtype="str"))


def _stacked(parts: list[str | pd.Categorical], keep: np.ndarray) -> pd.Categorical:
    rows = int(keep.sum())
    if all(isinstance(part, str) for part in parts):
        small = np.min_scalar_type(-max(len(parts), 1))
        return _categories(np.repeat(np.arange(len(parts), dtype=small), rows), parts)
    return pd.concat([pd.Series(part[keep]) for part in parts], ignore_index=True).astype("category").array


def _floats(parts: list[np.ndarray | None], keep: np.ndarray, rows: int) -> np.ndarray:
    return np.concatenate([np.full(rows, np.nan) if part is None else part[keep] for part in parts])


def _whole(values: np.ndarray) -> pd.arrays.IntegerArray:
    missing = np.isnan(values)
    return pd.arrays.IntegerArray(np.rint(np.where(missing, 0, values)).astype("int64"), missing)


def _raw(codes: list[pd.Categorical], statuses: list[np.ndarray], keep: np.ndarray) -> pd.Categorical:
    """The published markers; nothing where the cell held a number."""
    known: dict[str, int] = {}
    parts = []
    for column, status in zip(codes, statuses, strict=True):
        numbers = np.full(len(column.categories), -1, dtype="int32")
        for code in np.unique(column.codes[status != 0]):
            numbers[code] = known.setdefault(column.categories[code], len(known))
        parts.append(numbers[column.codes][keep])
    small = np.min_scalar_type(-max(len(known), 1))
    return pd.Categorical.from_codes(
        np.concatenate([part.astype(small) for part in parts]), categories=pd.Index(list(known), dtype="str")
    )


def _fill(report: LoadReport, observations: pd.DataFrame, areas, spans, cells: Cells) -> None:
    report.rows_in = report.rows_in or len(cells)
    report.cells_in = report.cells_in or len(cells) * len(cells.blocks) + report.interval_cells + report.left_out
    report.rows_out = len(observations)
    report.areas_matched = len({a.place.code for a in areas if a.place})
    report.areas_mapped = {f"{a.name} {a.code}": a.place.code for a in areas if a.mapped and a.place}
    unplaced = observations["area_code"].isna()
    if unplaced.any():
        named = (observations.loc[unplaced, name].astype("str") for name in ("source_area_name", "source_area_code"))
        counts = pd.Series([" ".join(parts).strip() for parts in zip(*named, strict=True)]).value_counts(sort=False)
        report.areas_unplaced = {str(name): int(count) for name, count in counts.items()}
    report.periods = [span.label for span in sorted(set(spans))]
    report.indicators = list(observations["indicator"].cat.categories)
    report.breakdowns = _first(list(observations["breakdown"].cat.categories))
    counts = observations["status"].value_counts()
    report.statuses = {name: int(counts[name]) for name in markers.STATUSES if counts[name]}
    report.markers = {str(name): int(count) for name, count in observations["status_raw"].value_counts().items()}


def _first(names: list[str], most: int = 500) -> list[str]:
    """A list that may be long, cut with a count: a table carries its report through every step of an analysis."""
    return names if len(names) <= most else [*names[:most], f"… {len(names) - most:,} more"]
