"""What identifies a person, recognised in text: numbers with their check digits verified, postcodes, addresses, dates of birth.

Sources: the check digits of UPN and NHS number are those of `stdnum.gb`; the form of a National Insurance number is that of
HMRC's manual NIM39110; postcode areas are those of Royal Mail.
"""

import csv
import io
import re
from collections.abc import Iterator
from itertools import islice

_UPN = re.compile(r"(?<![A-Za-z0-9])[A-HJ-NP-RT-Z][0-9]{11}[0-9A-HJ-NP-RT-Z](?![A-Za-z0-9])")
_NHS = re.compile(r"(?<![\w.-])[0-9]{3}([ -]?)[0-9]{3}\1[0-9]{4}(?![\w]|[.-][0-9])")
_NINO = re.compile(
    r"(?<![A-Za-z0-9])(?!BG|GB|NK|KN|TN|NT|ZZ)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z]"
    r" ?[0-9]{2} ?[0-9]{2} ?[0-9]{2} ?[A-D](?![A-Za-z0-9])"
)
_POSTCODE = re.compile(r"(?<![A-Za-z0-9])([A-Z]{1,2})[0-9][0-9A-Z]? ?[0-9][ABD-HJLNP-UW-Z]{2}(?![A-Za-z0-9])")
_AREAS = set(
    "AB AL B BA BB BD BH BL BN BR BS BT CA CB CF CH CM CO CR CT CV CW DA DD DE DG DH DL DN DT DY E EC EH EN EX FK FY G GL GU "
    "GY HA HD HG HP HR HS HU HX IG IM IP IV JE KA KT KW KY L LA LD LE LL LN LS LU M ME MK ML N NE NG NN NP NR NW OL OX PA PE "
    "PH PL PO PR RG RH RM S SA SE SG SK SL SM SN SO SP SR SS ST SW SY TA TD TF TN TQ TR TS TW UB W WA WC WD WF WN WR WS WV YO "
    "ZE".split()
)
_EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]+@((?:[A-Za-z0-9-]+\.)+[A-Za-z]{2,})(?![\w-])")
_NOBODYS = re.compile(
    r"(?:^|\.)(?:example(?:\.(?:com|org|net))?|test|invalid|localhost|users\.noreply\.github\.com)$", re.IGNORECASE
)
_PHONE = re.compile(
    r"(?<![\w.+-])(?:\+44 ?(?:\(0\) ?)?|0)(?:7[0-9]{3}[ -]?[0-9]{3}[ -]?[0-9]{3}|1[0-9]{2,3}[ -][0-9]{3}[ -]?[0-9]{3,4}|"
    r"2[0-9][ -][0-9]{4}[ -]?[0-9]{4})(?![\w]|[.-][0-9])"
)
_DATE = r"(?:[0-3]?[0-9][/.-][01]?[0-9][/.-](?:19|20)?[0-9]{2}|(?:19|20)[0-9]{2}-[01][0-9]-[0-3][0-9])"
_BORN = re.compile(rf"\b(?:born(?: on)?|d\.?o\.?b\.?|date of birth|birth ?date)\W{{0,4}}({_DATE})(?![0-9])", re.IGNORECASE)
_BIRTH_COLUMN = re.compile(r"(?:^|[^a-z])(?:dob|date_?of_?birth|birth_?date|born)(?:$|[^a-z])")
_MANY, _MOSTLY, _NEAR, _MOST = 5, 0.9, 200, 20_000


def upn(text: str) -> Iterator[int]:
    """Where unique pupil numbers stand, check letter verified.

    >>> list(upn("pupil B801200005001, not A801200005001"))
    [6]
    """
    from stdnum.gb import upn as known

    yield from (found.start() for found in _UPN.finditer(text) if known.is_valid(found[0]))


def nhs(text: str) -> Iterator[int]:
    """Where NHS numbers stand, check digit verified.

    One number in eleven has a right check digit by chance. So ten digits in a row are taken for an NHS number only where
    'NHS' stands before them in the line or in the first line, or where nine in ten of all such numbers in the text verify.

    >>> list(nhs("943 476 5919 or 9434765919")), list(nhs("nhs_number\\n9434765919"))
    ([0], [11])
    """
    from stdnum.gb import nhs as known

    found = [(each, known.is_valid(each[0])) for each in islice(_NHS.finditer(text), _MOST)]
    plain = [valid for each, valid in found if not each[1]]
    column = len(plain) >= _MANY and sum(plain) >= _MOSTLY * len(plain)
    told = "nhs" in text.partition("\n")[0].lower()
    for each, valid in found:
        before = text[max(0, each.start() - _NEAR) : each.start()].rpartition("\n")[2]
        if valid and (each[1] or column or told or "nhs" in before.lower()):
            yield each.start()


def nino(text: str) -> Iterator[int]:
    """Where National Insurance numbers stand; they have no check digit, only prefixes that are never given out.

    >>> list(nino("AB123456C, and QQ123456C of the forms"))
    [0]
    """
    yield from (found.start() for found in _NINO.finditer(text))


def postcode(text: str) -> Iterator[int]:
    """Where full postcodes of an area that exists stand; half a postcode (NE1) is not meant.

    >>> list(postcode("NE1 7RU but not NE1, E08000021 or QZ1 7RU"))
    [0]
    """
    yield from (found.start() for found in _POSTCODE.finditer(text) if found[1] in _AREAS)


def email(text: str) -> Iterator[int]:
    """Where e-mail addresses stand, other than those of examples and of machines.

    >>> list(email("ann.lee@gateshead.gov.uk, somebody@example.org, git@github.com"))
    [0]
    """
    for found in _EMAIL.finditer(text):
        if not _NOBODYS.search(found[1]) and not re.match(r"(?:git|no-?reply|donotreply)@", found[0], re.IGNORECASE):
            yield found.start()


def phone(text: str) -> Iterator[int]:
    """Where UK telephone numbers stand: mobile ones, and others written with spaces.

    >>> list(phone("07700 900123, 0191 498 0123, 0.07700900123 and 01914980123"))
    [0, 14]
    """
    yield from (found.start() for found in _PHONE.finditer(text))


def birth(text: str) -> Iterator[int]:
    """Where dates of birth stand: a full date after words that say so, or in a column named so.

    >>> list(birth("born 12/03/2009")), list(birth("id,dob\\n1,2009-03-12")), list(birth("date,n\\n2009-03-12,1"))
    ([0], [9], [])
    """
    yield from (found.start() for found in _BORN.finditer(text))
    header = text.partition("\n")[0].lower()
    if _BIRTH_COLUMN.search(header.replace(" ", "_")):
        yield from _in_columns(text)


def _in_columns(text: str) -> Iterator[int]:
    rows = csv.reader(io.StringIO(text))
    try:
        names = next(rows)
        wanted = [at for at, name in enumerate(names) if _BIRTH_COLUMN.search(name.strip().lower().replace(" ", "_"))]
        for row in rows:
            for at in wanted:
                if at < len(row) and re.match(rf"{_DATE}(?:[ T].*)?$", row[at].strip()):
                    yield text.find(row[at], text.find("\n"))
    except (csv.Error, StopIteration):
        return
