"""Opening published files: encodings, headers and damage, before any layout is recognised."""

import codecs
import csv
import hashlib
import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from datajam.observe.observations import BadSource

_SIGNATURES = {
    b"%PDF": "a PDF",
    b"\x1f\x8b": "a gzip archive",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook (.xls)",
    b"\x89PNG": "a picture",
}
_LONGEST_LINE = 1_000_000
_LARGEST_WORKBOOK = 500_000_000
_MOST_COLUMNS = 16_384
_MOST_CELLS = 2_000_000
_REFERENCE = re.compile(rb"""\sr\s*=\s*["']([A-Za-z]{0,3})(\d{1,7})["']""")


@dataclass
class Preview:
    """The first rows of a file, enough to recognise its layout: kind (csv, xlsx, parquet), encoding, rows of cells.

    A workbook has the first rows of each sheet in `sheets`, and of its first sheet in `rows`; a Parquet file has its column
    names as its only row.
    """

    path: Path
    kind: str
    encoding: str = "utf-8"
    rows: list[list[str]] = field(default_factory=list)
    sheets: dict[str, list[list[str]]] = field(default_factory=dict)
    keep_postcodes: bool = False

    @property
    def header(self) -> list[str]:
        """The first row's names, without the spaces some files leave around them."""
        return [name.strip() for name in self.rows[0]] if self.rows else []


def sha256(path: Path) -> str:
    """The SHA-256 of a file's bytes, read in pieces.

    >>> sha256(Path(__file__)) == hashlib.sha256(Path(__file__).read_bytes()).hexdigest()
    True
    """
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def preview(path: str | Path) -> Preview:
    """Look at the beginning of a file.

    Raises `BadSource` for a file that is missing, empty, or of a kind no layout is published in.
    """
    path = Path(path)
    if not path.is_file():
        what = "is a folder" if path.is_dir() else "does not exist"
        raise BadSource(f"{path}: {what}. Check the path in hack.toml, or `datajam add-source FILE`.")
    with open(path, "rb") as file:
        head = file.read(65536)
    if not head.strip(b"\x00\r\n\t ,\xef\xbb\xbf"):
        raise BadSource(f"{path.name}: the file is empty. Download it again.")
    for signature, kind in _SIGNATURES.items():
        if head.startswith(signature):
            raise BadSource(f"{path.name}: this is {kind}, not a CSV file. Download the CSV of the same data.")
    if head.startswith(b"PAR1"):
        return _preview_parquet(path)
    if head.startswith(b"PK\x03\x04"):
        return _preview_workbook(path)
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise BadSource(f"{path.name}: encoded as UTF-16. Save it as CSV UTF-8.")
    if b"\x00" in head:
        raise BadSource(f"{path.name}: binary data, byte {head.index(0) + 1} is NUL. A CSV file was expected.")
    if head.lstrip(b"\xef\xbb\xbf \r\n\t").lower().startswith((b"<!doctype", b"<html")):
        raise BadSource(f"{path.name}: a web page, not data. Open the address in a browser and save the CSV itself.")
    if head.lstrip(b"\xef\xbb\xbf \r\n\t").startswith(b"{"):
        raise BadSource(f"{path.name}: JSON or GeoJSON, not a layout DataJam reads. Download the CSV of the same data.")
    encoding = _encoding(path)
    with open(path, encoding=encoding, newline="") as file:
        rows = [row for row, _ in zip(_csv_rows(file, path.name), range(20), strict=False)]
    return Preview(path, "csv", encoding, rows)


def _preview_parquet(path: Path) -> Preview:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return Preview(path, "parquet", rows=[pq.read_schema(path).names])
    except (pa.ArrowException, OSError) as error:
        raise BadSource(f"{path.name}: a damaged Parquet file ({' '.join(str(error).split())[:80]}). Download it again.") from None


def _check_archive(path: Path) -> None:
    """Refuse a zip archive that is no workbook, or that would unpack to more than memory should hold."""
    try:
        with zipfile.ZipFile(path) as archive:
            parts = archive.infolist()
    except (zipfile.BadZipFile, OSError, NotImplementedError, ValueError) as error:
        raise BadSource(f"{path.name}: a damaged workbook or archive ({str(error)[:80]}). Download it again.") from None
    if not any(part.filename == "xl/workbook.xml" for part in parts):
        raise BadSource(f"{path.name}: a zip archive, not an Excel workbook. Unpack it and use the file inside.")
    unpacked = sum(part.file_size for part in parts)
    if unpacked > _LARGEST_WORKBOOK or unpacked > 300 * max(path.stat().st_size, 4096):
        raise BadSource(f"{path.name}: unpacks to {unpacked / 1e6:,.0f} MB, more than a published workbook. Not opened.")


def _check_extent(path: Path) -> None:
    """Refuse a workbook with a sheet whose cells lie so far apart that the rectangle around them would fill memory."""
    try:
        with zipfile.ZipFile(path) as archive:
            for part in archive.namelist():
                if part.startswith("xl/worksheets/") and (cells := _rectangle(archive, part)) > _MOST_CELLS:
                    raise BadSource(f"{path.name}: a sheet spreads over {cells:,} cells, more than a published one. Not opened.")
    except (zipfile.BadZipFile, OSError, NotImplementedError, RuntimeError, ValueError, EOFError, zlib.error) as error:
        raise BadSource(f"{path.name}: a damaged workbook ({str(error)[:80]}). Download it again.") from None


def _rectangle(archive: zipfile.ZipFile, part: str) -> int:
    """How many cells the rectangle from A1 to a sheet's last row and column has."""
    columns, last, rest = {b"A"}, 1, b""
    with archive.open(part) as sheet:
        while piece := sheet.read(1 << 20):
            found = _REFERENCE.findall(rest + piece)
            columns.update(letters.upper() for letters, _ in found)
            last = max([last, *(int(row) for _, row in found)])
            rest = piece[-64:]
    widest = max(columns, key=lambda letters: (len(letters), letters))
    return last * sum((letter - 64) * 26**power for power, letter in enumerate(reversed(widest)))


def workbook(path: Path, sheet: str = "") -> dict[str, list[list[str]]]:
    """Every sheet of an Excel workbook, or one, as rows of texts: numbers as Excel stores them, whole ones without '.0'.

    Raises `BadSource` for a damaged file, and for one that unpacks to more than a published workbook does.
    """
    import python_calamine

    _check_archive(path)
    try:
        book = python_calamine.CalamineWorkbook.from_path(str(path))
        names = [sheet] if sheet else book.sheet_names
        return {
            name: [[_text(cell) for cell in row] for row in book.get_sheet_by_name(name).to_python(skip_empty_area=False)]
            for name in names
        }
    except Exception as error:  # calamine raises its own, Rust panics among them
        raise BadSource(f"{path.name}: a damaged workbook ({' '.join(str(error).split())[:80]}). Download it again.") from None


def _text(cell) -> str:
    if isinstance(cell, bool):
        return str(cell).upper()
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() else repr(cell)
    return str(cell)


def _preview_workbook(path: Path) -> Preview:
    _check_archive(path)
    _check_extent(path)
    sheets = {name: rows[:20] for name, rows in workbook(path).items()}
    return Preview(path, "xlsx", rows=next(iter(sheets.values()), []), sheets=sheets)


def _encoding(path: Path) -> str:
    """UTF-8 where every byte of the file is, else Windows-1252, the other encoding publishers use."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    with open(path, "rb") as file:
        marked = file.read(3) == b"\xef\xbb\xbf"
        file.seek(0)
        try:
            while piece := file.read(1 << 20):
                if not piece.isascii() or decoder.getstate()[0]:
                    decoder.decode(piece)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return "cp1252"
    return "utf-8-sig" if marked else "utf-8"


def _lines(file, name: str) -> Iterator[str]:
    while line := file.readline(_LONGEST_LINE):
        if len(line) >= _LONGEST_LINE:
            raise BadSource(f"{name}: a line of more than {_LONGEST_LINE:,} letters: the file is damaged. Download it again.")
        yield line


def _csv_rows(file, name: str) -> Iterator[list[str]]:
    csv.field_size_limit(_LONGEST_LINE)
    try:
        for row in csv.reader(_lines(file, name), strict=True):
            if len(row) > _MOST_COLUMNS:
                raise BadSource(f"{name}: a row of {len(row):,} cells, more than a published table has. Download it again.")
            yield row
    except (csv.Error, UnicodeDecodeError) as error:
        raise BadSource(f"{name}: not a CSV file ({error}). Download it again.") from None


def read_csv(look: Preview, header_row: int = 0, may_repeat: tuple[str, ...] = ()) -> tuple[dict[str, pd.Categorical], list[str]]:
    """Read every cell of a CSV file as published text: ({column name: categories}, warnings).

    Column names lose the spaces around them. Raises `BadSource` naming the line for a row with too many or too few cells,
    and for a column name given twice, unless it is one that may repeat: the later ones then get their number.
    """
    import pyarrow as pa
    import pyarrow.csv as pacsv

    name = look.path.name
    names = [text.strip() for text in look.rows[header_row]]
    for index in range(len(names) - 1, -1, -1):
        if names[index] in may_repeat and names.index(names[index]) < index:
            names[index] = f"{names[index]} ({index + 1})"
    repeated = sorted({text for text in names if names.count(text) > 1})
    if repeated:
        where = [str(index + 1) for index, text in enumerate(names) if text == repeated[0]]
        often = "twice" if len(where) == 2 else f"{len(where)} times"
        raise BadSource(f"{name}: column {repeated[0][:60]!r} is there {often} (columns {' and '.join(where[:2])}). Rename one.")
    data = look.path.read_bytes()
    warnings = [] if data.endswith((b"\n", b"\r")) else ["the last line does not end: the file may be cut short"]
    if b"\x00" in data:
        line = data[: data.index(0)].count(b"\n") + 1
        raise BadSource(f"{name}: line {line} holds a NUL byte: the file is damaged. Download it again.")
    if look.encoding == "cp1252":
        warnings.append("not UTF-8: read as Windows-1252")
        data = data.decode("cp1252", errors="replace").encode()
    keys = [f"{index}" for index in range(len(names))]
    lines = sum(1 + sum(cell.count("\n") for cell in row) for row in look.rows[: header_row + 1])
    try:
        table = pacsv.read_csv(
            pa.BufferReader(data),
            read_options=pacsv.ReadOptions(column_names=keys, skip_rows=lines, block_size=8 << 20),
            parse_options=pacsv.ParseOptions(newlines_in_values=True, ignore_empty_lines=True),
            convert_options=pacsv.ConvertOptions(
                column_types={key: pa.dictionary(pa.int32(), pa.string()) for key in keys}, strings_can_be_null=False
            ),
        )
    except pa.ArrowInvalid as error:
        raise BadSource(_bad_row(look, len(names), header_row, str(error))) from None
    del data
    if not table.num_rows:
        raise BadSource(f"{name}: no rows of data below the header. Download the file again.")
    table = table.unify_dictionaries()
    columns = {}
    for key, text in zip(keys, names, strict=True):
        column = table.column(key)
        columns[text] = _categorical(column)
    return (columns if look.keep_postcodes else _without_postcodes(columns, warnings)), warnings


def _without_postcodes(columns: dict[str, pd.Categorical], warnings: list[str]) -> dict[str, pd.Categorical]:
    """Replace a column of full postcodes by the authority each lies in, or drop it where the directory is not installed."""
    from datajam.vocabulary import postcodes

    kept = {}
    for name, column in columns.items():
        texts = pd.Series(column.categories)
        if not postcodes.is_postcodes(texts.head(50)) or not postcodes.is_postcodes(texts):
            kept[name] = column
            continue
        try:
            codes = postcodes.to_authority(texts).fillna("").astype("str")
        except postcodes.NoDirectory:
            warnings.append(f"column {name!r} holds full postcodes, personal data: dropped (read with keep_postcodes=True to keep)")
            continue
        numbers, found = pd.factorize(codes.to_numpy(dtype=object))
        kept[f"{name}_la_code"] = pd.Categorical.from_codes(numbers[column.codes], categories=pd.Index(found, dtype="str"))
        unplaced = int((codes == "").sum())
        warnings.append(
            f"column {name!r} holds full postcodes, personal data: coded to authorities and dropped "
            f"({len(codes)} postcodes, {unplaced} not in the directory)"
        )
    return kept


def _categorical(column) -> pd.Categorical:
    """An Arrow dictionary column as a pandas one, sharing the distinct texts."""
    import numpy as np

    if column.num_chunks == 0:
        return pd.Categorical([], categories=pd.Index([], dtype="str"))
    texts = pd.Index(column.chunk(0).dictionary.to_pandas(), dtype="str")
    codes = np.concatenate([np.asarray(chunk.indices) for chunk in column.chunks])
    return pd.Categorical.from_codes(codes.astype(np.min_scalar_type(-max(len(texts), 1))), categories=texts)


def _bad_row(look: Preview, expected: int, header_row: int, reason: str) -> str:
    """Find the first line whose number of cells is wrong, for the message."""
    with open(look.path, encoding=look.encoding, newline="", errors="replace") as file:
        reader = csv.reader(io.StringIO(file.read()))
        try:
            for index, row in enumerate(reader):
                if index > header_row and row and len(row) != expected:
                    return (
                        f"{look.path.name}: line {reader.line_num} has {len(row)} cells where the header has {expected}. "
                        "The file is damaged or cut short: download it again."
                    )
        except csv.Error as error:
            reason = f"line {reader.line_num}: {error}"
    return f"{look.path.name}: not a CSV file ({reason.splitlines()[0][:120]}). Download it again."
