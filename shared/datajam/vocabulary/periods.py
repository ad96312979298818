"""Published time labels, read as a first and a last day.

>>> parse("202425").label, parse("2024/25", "Academic year").start.isoformat()
('2024/25', '2024-09-01')
>>> parse("Oct-22").end.isoformat(), parse("2024-09-01/P1Y").end.isoformat()
('2022-10-31', '2025-08-31')
"""

import calendar
import re
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache

from datajam.errors import DataJamError

_MONTHS = {name.lower(): number for number, name in enumerate(calendar.month_name) if name}
_MONTHS |= {name.lower(): number for number, name in enumerate(calendar.month_abbr) if name}
_YEAR_STARTS = {"academic": (9, 1), "financial": (4, 1), "tax": (4, 6), "reporting": (1, 1), "calendar": (1, 1)}
_TERMS = {
    "autumn term": ((9, 1), (12, 31)),
    "spring term": ((1, 1), (4, 15)),
    "summer term": ((4, 16), (8, 31)),
    "autumn and spring term": ((9, 1), (4, 15)),
}


class UnknownPeriod(DataJamError):
    """No known way to read this label as a time."""


@dataclass(frozen=True, order=True)
class Period:
    """A span of time: first day, last day, and a label people use ('2024/25', 'October 2022')."""

    start: date
    end: date
    label: str


def _year_end(start: date, years: int = 1) -> date:
    return start.replace(year=start.year + years) - timedelta(days=1)


def _month(year: int, month: int, months: int = 1) -> Period:
    last_year, last_month = divmod(year * 12 + month - 1 + months - 1, 12)
    end = date(last_year, last_month + 1, calendar.monthrange(last_year, last_month + 1)[1])
    return Period(date(year, month, 1), end, f"{calendar.month_name[month]} {year}")


def _split_year(first: int, identifier: str, years: int = 1) -> Period:
    kind = next((kind for kind in _YEAR_STARTS if identifier.startswith(kind)), "academic")
    month, day = _YEAR_STARTS[kind] if kind not in ("reporting", "calendar") else (9, 1)
    start = date(first, month, day)
    label = f"{first}/{(first + years) % 100:02d}"
    quarter = re.search(r"\bq([1-4])", identifier)
    if quarter:
        index = date(first, month, 1).month - 1 + 3 * (int(quarter[1]) - 1)
        span = _month(first + index // 12, index % 12 + 1, 3)
        return Period(span.start, span.end, f"{label} Q{quarter[1]}")
    for name, ((from_month, from_day), (to_month, to_day)) in _TERMS.items():
        if identifier == name:
            term = [date(first + (m < 9), m, d) for m, d in ((from_month, from_day), (to_month, to_day))]
            return Period(term[0], term[1], f"{label} {name}")
    return Period(start, _year_end(start, years), label)


def _iso(start: date, length: str) -> Period:
    count, unit = int(length[1:-1]), length[-1]
    if unit == "Y":
        academic = (start.month, start.day) in ((9, 1), (8, 1))
        label = f"{start.year}/{(start.year + 1) % 100:02d}" if count == 1 and (academic or start.month > 1) else ""
        if count == 1 and not label:
            label = str(start.year)
        return Period(start, _year_end(start, count), label or f"{start:%Y-%m-%d}/{length}")
    if unit == "M":
        return Period(start, _month(start.year, start.month, count).end, f"{start:%Y-%m-%d}/{length}")
    return Period(start, start + timedelta(days=count * (7 if unit == "W" else 1) - 1), f"{start:%Y-%m-%d}/{length}")


@cache
def parse(label: str, identifier: str = "") -> Period:
    """Read a published label, with the identifier that stands beside it in some files, as a period.

    Academic years run from 1 September to 31 August, financial years from 1 April, tax years from 6 April. Six digits
    are an academic year unless the identifier says otherwise. ISO spans ('2014-04-01/P3Y') are read as written.
    Raises `UnknownPeriod` for anything else.

    >>> parse("201819", "Financial year").start.isoformat()
    '2018-04-01'
    >>> parse("2025", "Week 30").start.isoformat(), parse("2019", "January").end.isoformat()
    ('2025-07-21', '2019-01-31')
    >>> parse("2025 week 30").label
    '2025 week 30'
    >>> parse("2017/18-19/20").end.isoformat(), parse("Jan 2021-Dec 2021").label
    ('2020-08-31', '2021')
    >>> parse("soon")
    Traceback (most recent call last):
        ...
    datajam.vocabulary.periods.UnknownPeriod: Cannot read 'soon' as a period. Type an academic year such as 2024/25.
    """
    text = re.sub(r"\s*(\([A-Za-z ]*\)|Provisional)$", "", str(label).strip())
    kind = str(identifier).strip().lower()
    try:
        period = _read(text, kind)
    except (ValueError, KeyError, OverflowError):
        period = None
    if period is None or period.end < period.start:
        raise UnknownPeriod(f"Cannot read {str(label)[:40]!r} as a period. Type an academic year such as 2024/25.")
    return period


def _read(text: str, kind: str) -> Period | None:
    if match := re.fullmatch(r"(\d{4})[/-]?(\d{2})", text):
        first, second = int(match[1]), int(match[2])
        if (first + 1) % 100 == second:
            return _split_year(first, kind)
        return _month(first, second) if 1 <= second <= 12 and "/" not in text else None
    if match := re.fullmatch(r"(\d{4})/(\d{2})-(\d{2})/(\d{2})", text):
        years = (int(match[4]) - int(match[1])) % 100
        span = _split_year(int(match[1]), kind, years)
        return Period(span.start, span.end, text)
    if match := re.fullmatch(r"(\d{4}-\d{2}-\d{2})(?:T[\d:]+)?/(P\d+[YMWD])", text):
        return _iso(date.fromisoformat(match[1]), match[2])
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
        day = date.fromisoformat(text)
        return Period(day, day, text)
    if match := re.fullmatch(r"([A-Za-z]+) (\d{4})\s*(?:-|to)\s*([A-Za-z]+) (\d{4})", text):
        first, last = _MONTHS[match[1].lower()], _MONTHS[match[3].lower()]
        months = (int(match[4]) - int(match[2])) * 12 + last - first + 1
        span = _month(int(match[2]), first, months)
        return Period(span.start, span.end, match[2] if (first, months) == (1, 12) else text)
    if match := re.fullmatch(r"([A-Za-z]+)[ -](\d{2}|\d{4})", text):
        if match[1].lower() not in _MONTHS:
            return None
        year = int(match[2]) + (2000 if len(match[2]) == 2 else 0)
        return _month(year, _MONTHS[match[1].lower()])
    if match := re.fullmatch(r"(\d{2})/(\d{4})\s*-\s*(\d{2})/(\d{4})", text):
        first, year, last, until = map(int, match.groups())
        span = _month(year, first, (until - year) * 12 + last - first + 1)
        return Period(span.start, span.end, text)
    if match := re.fullmatch(r"(\d{4})\s*-\s*(\d{4})", text):
        return Period(date(int(match[1]), 1, 1), date(int(match[2]), 12, 31), text)
    if match := re.fullmatch(r"(\d{4}) (week \d{1,2})", text, re.IGNORECASE):
        return _whole_year(int(match[1]), match[2].lower())
    if re.fullmatch(r"\d{4}", text):
        return _whole_year(int(text), kind)
    return None


def _whole_year(year: int, kind: str) -> Period | None:
    if match := re.fullmatch(r"week (\d{1,2})", kind):
        start = date.fromisocalendar(year, int(match[1]), 1)
        return Period(start, start + timedelta(days=6), f"{year} week {int(match[1])}")
    if kind in _MONTHS:
        return _month(year, _MONTHS[kind])
    if kind.startswith(("academic", "financial", "tax")) or kind in _TERMS:
        return _split_year(year, kind)
    if match := re.search(r"\bq([1-4])", kind):
        span = _month(year, 3 * int(match[1]) - 2, 3)
        return Period(span.start, span.end, f"{year} Q{match[1]}")
    return Period(date(year, 1, 1), date(year, 12, 31), str(year))
