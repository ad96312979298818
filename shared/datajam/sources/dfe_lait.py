"""Local authority interactive tool (LAIT): every measure the tool shows, long form, one row a value, as Parquet.

Areas have the department's three-digit numbers, and numbers of the tool's own for regions. What a measure is called, what
it counts and which kind of year it is for stand in the data dictionary: a CSV with `dictionary` in its name, beside the
file. Without it years are read as calendar years and units are guessed, with a warning. A year alone names the year's end:
2025 of an academic-year measure is 2024/25, and is labelled so.

Source: DfE, "Local authority interactive tool: data and data dictionary" (2026).
"""

import re
from itertools import chain, count
from pathlib import Path

import numpy as np
import pandas as pd

from datajam.observe.cells import Block, Cells, combine, constant, numbers
from datajam.observe.observations import BadSource, LoadReport, slug
from datajam.sources import Layout
from datajam.sources.files import Preview, preview, read_csv
from datajam.vocabulary import places
from datajam.vocabulary.markers import DFE_LAIT

_COLUMNS = ("Short Desc", "Years", "LA and Regions", "LA Number", "Values")
_DESCRIBED = ("Measure_short", "Chart_title", "y_axis_name", "Year_Type")
_MOST_ROWS = 20_000_000
_WIDER = {str(980 + index): f"E1200000{index + 1}" for index in range(7)}
_WIDER |= {"970": "E92000001", "987": "E13000001", "988": "E13000002", "989": "E12000008", "990": "E12000009"}
_RATES = {"100,000": "rate_per_100k", "10,000": "rate_per_10k", "1,000": "rate_per_1k", "1000": "rate_per_1k"}
_UNDATED = ("", "0", "NA")
_SPLIT_YEARS = ("academic year", "financial year")
_IDENTIFIERS = {kind: kind for kind in _SPLIT_YEARS} | {"annual - january": "january"}


def _differences(look: Preview) -> list[str]:
    kind = [] if look.kind == "parquet" else [f"it is {look.kind}, not Parquet"]
    return kind + [f"column {name} is missing" for name in _COLUMNS if name not in look.header]


def _texts(column) -> pd.Categorical:
    """An Arrow column of any plain type as published text: 301.0 is '301', nothing is ''."""
    encoded = column.dictionary_encode().unify_dictionaries()
    chunks = [chunk.indices.fill_null(-1).to_numpy(zero_copy_only=False) for chunk in encoded.chunks]
    values = encoded.chunk(0).dictionary.to_pylist() if chunks else []
    codes = np.concatenate([np.zeros(0, dtype="int64"), *chunks])
    texts = [f"{v:.0f}" if isinstance(v, float) and v.is_integer() else str(v) for v in [*values, ""]]
    numbered, distinct = pd.factorize(np.array(texts, dtype=object))
    found = pd.Categorical.from_codes(numbered[codes], categories=pd.Index(distinct, dtype="str"))
    return found.remove_unused_categories()


def _read(look: Preview) -> dict[str, pd.Categorical]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    name = look.path.name
    wanted = {text.strip(): text for text in look.rows[0] if text.strip() in (*_COLUMNS, "Data item")}
    twice = next((text for text in wanted if look.header.count(text) > 1), None)
    if twice:
        raise BadSource(f"{name}: column {twice!r} is there twice. Rename one.")
    try:
        with pq.ParquetFile(look.path, read_dictionary=list(wanted.values())) as file:
            if file.metadata.num_rows > _MOST_ROWS:
                raise BadSource(f"{name}: {file.metadata.num_rows:,} rows, more than the tool publishes. Not opened.")
            table = file.read(columns=list(wanted.values()))
        return {text: _texts(table.column(original)) for text, original in wanted.items()}
    except (pa.ArrowException, OSError, ValueError, KeyError) as error:
        raise BadSource(f"{name}: a damaged Parquet file ({' '.join(str(error).split())[:80]}). Download it again.") from None


def _dictionary(path: Path) -> dict[str, dict[str, str]]:
    """The data dictionary beside a file, by measure; the first row where a measure stands under several topics."""
    for beside in sorted(other for other in path.parent.glob("*.csv") if "dictionary" in other.name.lower()):
        look = preview(beside)
        if set(_DESCRIBED) <= set(look.header):
            rows = pd.DataFrame(read_csv(look)[0])[list(_DESCRIBED)].astype(str).to_dict("records")
            return {row["Measure_short"].strip(): row for row in reversed(rows)}
    return {}


def unit(axis: str, title: str) -> str:
    """The unit of a measure, from the axis and the title of its chart.

    >>> unit("% of births", ""), unit("Rate per 100,000", ""), unit("Rate per 10,000", ""), unit("Entries", "Entries (%)")
    ('percent', 'rate_per_100k', 'rate_per_10k', 'percent')
    >>> unit("Score per pupil", ""), unit("Unit Cost", "weekly unit costs"), unit("Spend", ""), unit("Social Workers", "")
    ('score', 'gbp_week', 'gbp_year', 'count')
    >>> unit("% of deaths", "Number of child death reviews")  # the axis of this one is mislabelled
    'count'
    """
    axis, title = axis.strip().lower(), title.strip().lower()
    if "%" in axis + title:
        return "count" if title.startswith("number") and "%" not in title else "percent"
    if axis.startswith("rate per"):
        return next((unit for base, unit in _RATES.items() if re.match(rf"rate per {base}(?![,\d])", axis)), "index")
    if axis == "unit cost":
        return "gbp_week" if "week" in title else "gbp_year"
    kinds = (("spend", "gbp_year"), ("score", "score"), ("average", "score"))
    return next((kind for word, kind in kinds if word in axis), "count")


def _indicators(names: list[str]) -> dict[str, str]:
    """A different indicator name for every measure.

    >>> _indicators(["LAC_ceased", "LAC_ceased%", "16-17 NEET", "16-17_NEET"])
    {'16-17 NEET': '16_17_neet', '16-17_NEET': '16_17_neet_2', 'LAC_ceased': 'lac_ceased', 'LAC_ceased%': 'lac_ceased_percent'}
    """
    indicators: dict[str, str] = {}
    for name in sorted(names):
        base = slug(name.replace("%", " percent ")) or "measure"
        numbered = (f"{base}_{number}" for number in count(2))
        taken = set(indicators.values())
        indicators[name] = next(text for text in chain([base], numbered) if text not in taken)
    return indicators


def _period(years: str, kind: str) -> str:
    """A published year as the span it stands for: an academic or financial year alone is named by its end.

    >>> _period("2025", "academic year"), _period("2018 (Rev)", "academic year"), _period("2016-17 (OT)", "financial year")
    ('2024/25', '2017/18 (Rev)', '2016-17 (OT)')
    >>> _period("2025", "annual (end of sept)"), _period("2014-16", "calendar year"), _period("2024", "calendar year")
    ('Oct 2024-Sep 2025', 'Jan 2014-Dec 2016', '2024')
    """
    years = years.strip()
    if alone := re.fullmatch(r"([12]\d{3})( \([A-Za-z]+\))?", years):
        last, note = int(alone[1]), alone[2] or ""
        if kind in _SPLIT_YEARS:
            return f"{last - 1}/{last % 100:02d}{note}"
        return f"Oct {last - 1}-Sep {last}{note}" if kind == "annual (end of sept)" else years
    span = re.fullmatch(r"([12]\d)(\d\d)-(\d\d)", years)
    if span and kind not in _SPLIT_YEARS and (kind == "calendar year" or (int(span[2]) + 1) % 100 != int(span[3])):
        return f"Jan {span[1]}{span[2]}-Dec {int(span[1]) + (span[3] < span[2])}{span[3]}"
    return years


def _other_place(name: str, code: str) -> str:
    """The place a published name means, where that is another than its number says; nothing where they agree."""
    text = re.sub(r"^London \((Inner|Outer)\)$", r"\1 London", name.strip())
    if code not in places.by_code() or text == places.by_code()[code].name:
        return ""
    try:
        meant = places.find(text)
    except places.UnknownPlace:
        return ""
    return "" if meant.code == code else f"{meant.name} ({meant.code})"


def _area_codes(columns: dict[str, pd.Categorical], file: str) -> pd.Categorical:
    """The GSS code of each row; the number itself where it is nobody's. Refuses numbers that contradict the names."""
    numbered = {place.dfe_number: place.code for place in places.by_code().values() if place.dfe_number}
    ended = {past.dfe_number: past.code for past in places.retired().values() if past.dfe_number}
    codes = ended | numbered | _WIDER

    def code(number: str, name: str) -> str:
        found = codes.get(number.strip(), number.strip())
        other = _other_place(name, found)
        if other or not re.fullmatch(r"\d{3,4}|", number.strip()):
            row = int(((columns["LA and Regions"] == name) & (columns["LA Number"] == number)).argmax()) + 1
            named = f"{name.strip()[:40]!r} has LA Number {number.strip()[:20]!r}"
            wrong = f"which is {places.by_code()[found].name}, not {other}" if other else "which is no number of an area"
            raise BadSource(f"{file}: data row {row}: {named}, {wrong}. Are columns swapped? Download the file again.")
        return found

    return combine([columns["LA Number"], columns["LA and Regions"]], code)


def _without_years(columns: dict[str, pd.Categorical], report: LoadReport) -> dict[str, pd.Categorical]:
    """Leave out rows that have no year, saying so; refuse them where they have a value."""
    years = columns["Years"]
    undated = np.isin(years.codes, [code for code, text in enumerate(years.categories) if text.strip() in _UNDATED])
    given = undated & ~np.isnan(numbers(columns["Values"], DFE_LAIT)[0])
    if given.any():
        row = int(given.argmax())
        raise BadSource(
            f"{report.file}: data row {row + 1}: {columns['Short Desc'][row]} has the value {columns['Values'][row]} and "
            f"{years[row]!r} for its year. Download the file again, or remove the row."
        )
    if undated.any():
        measures = ", ".join(sorted(set(columns["Short Desc"][undated])))
        report.rows_in, report.left_out = len(undated), int(undated.sum())
        report.warnings.append(f"{report.left_out} rows of {measures} left out: they have neither a year nor a value")
    return {name: column[~undated].remove_unused_categories() for name, column in columns.items()}


def _describe(columns: dict[str, pd.Categorical], look: Preview, report: LoadReport) -> dict[str, dict[str, str]]:
    """The dictionary's row for each measure; for one it lacks, the title the file itself has."""
    described = _dictionary(look.path)
    short = columns["Short Desc"]
    for blank in (text for text in short.categories if not text.strip()):
        row = int((short == blank).argmax()) + 1
        raise BadSource(f"{report.file}: data row {row}: Short Desc is empty. Are columns swapped? Download the file again.")
    lacking = [name for name in short.categories if name.strip() not in described]
    if lacking:
        where = f"not in the data dictionary: {', '.join(lacking[:5])}" if described else "no data dictionary beside the file"
        report.warnings.append(f"{where}: {len(lacking)} measures with years read as calendar years and units guessed")
    both = combine([short, columns.get("Data item", short)], lambda name, title: f"{name}\n{title}")
    titles = dict(text.split("\n", 1) for text in sorted(both.categories))
    for name in lacking:
        title = titles[name] or name
        described[name.strip()] = {"Chart_title": title, "y_axis_name": title, "Year_Type": ""}
    return {name: described[name.strip()] for name in short.categories}


def _report_units(block: Block, report: LoadReport) -> None:
    """Name the measures whose rate has an unusual base, and those with percentages above 100."""
    per = combine([block.indicator, block.unit], lambda name, unit: name if unit == "index" else "").categories
    if any(per):
        named = ", ".join(sorted(filter(None, per)))
        report.warnings.append(f"rates of an unusual base, kept as published with unit index: {named}")
    beyond = (block.unit == "percent") & (np.abs(numbers(block.value, DFE_LAIT)[0]) > 100)
    for name, cells in zip(*np.unique(np.asarray(block.indicator[beyond]), return_counts=True), strict=True):
        report.warnings.append(f"{name}: {cells} percentages above 100, kept as published")


def _parse(look: Preview, report: LoadReport) -> Cells:
    columns = _read(look)
    columns["area_code"] = _area_codes(columns, report.file)
    columns = _without_years(columns, report)
    short, rows = columns["Short Desc"], len(columns["Short Desc"])
    measures = _describe(columns, look, report)
    names = _indicators(list(measures))
    report.labels = {names[name]: row["Chart_title"].strip() for name, row in measures.items()}
    report.synthetic = any(text.lower().startswith("synthetic") for text in columns.get("Data item", short).categories)
    kind = combine([short], lambda name: measures[name]["Year_Type"].strip().lower())
    block = Block(
        indicator=combine([short], names.__getitem__),
        unit=combine([short], lambda name: unit(measures[name]["y_axis_name"], measures[name]["Chart_title"])),
        value=columns["Values"],
    )
    _report_units(block, report)
    return Cells(
        area_code=columns["LA Number"],
        area_name=columns["LA and Regions"],
        level=constant("", rows),
        period=combine([columns["Years"], kind], _period),
        identifier=combine([kind], lambda text: _IDENTIFIERS.get(text, "")),
        breakdown=constant("all", rows),
        blocks=[block],
        place_code=columns["area_code"],
    )


LAYOUT = Layout(
    name="dfe_lait",
    title="DfE local authority interactive tool, long table (Parquet)",
    publisher="Department for Education",
    profile=DFE_LAIT,
    differences=_differences,
    parse=_parse,
)
