"""Outputs side by side: what a notebook gave then and what it gives now, as a report can show it, whatever is in them.

Pictures are opened and written anew as PNG, texts and tables are cut to a length with words that say so; nothing is passed on
as it came.
"""

import base64
import io
import re
from difflib import SequenceMatcher
from typing import Any

from datajam.errors import readable
from datajam.review import pictures
from datajam.review.compare import table
from datajam.review.evidence import Compared, Reviewed
from datajam.review.rules.reading import from_print

MOST_SHOWN, LONGEST_TABLE = 60, 20_000
MOST_LETTERS, MOST_LINES, MOST_ROWS = 4_000, 60, 25
WIDEST_PIXELS = 900
_ALIKE = ("identical", "within tolerance")
Line = tuple[str, bool]


def plain_line(line: str) -> str:
    r"""A line as it can be shown: spaces of every kind as spaces, what cannot be seen as U+FFFD.

    >>> plain_line("1\u00a0204\x07")
    '1 204\ufffd'
    """
    return readable(re.sub(r"[^\S\n]", " ", line.expandtabs()))


def cut(text: str, most: int = MOST_LETTERS) -> str:
    """A text as it can be shown: without unseen characters, at most so long, with words where it was cut.

    >>> cut("a" * 12, 10)
    'aaaaaaaaaa\\n(cut here: 2 more characters)'
    """
    kept = "\n".join(map(plain_line, text[:most].split("\n")))
    return kept if len(text) <= most else f"{kept}\n(cut here: {len(text) - most:,} more characters)"


def shown(notebook: Reviewed, most: int = MOST_SHOWN) -> list[dict[str, Any]]:
    """The outputs of a notebook that are not identical, each with what is shown of it; after so many only in words."""
    apart = [output for output in notebook.outputs if output.same != "identical"]
    return [
        {"about": output, "words": cut(output.words, 600), **(side_by_side(output) if at < most else {})}
        for at, output in enumerate(sorted(apart, key=lambda each: each.same in _ALIKE))
    ]


def side_by_side(output: Compared) -> dict[str, Any]:
    """Both sides of an output: `pictures`, `rows` of a table with the cells that differ, or `lines` of two texts."""
    if output.kind == "image" and (drawn := _pictures(output)):
        return {"pictures": drawn}
    then, now = (str(side) if side is not None else "" for side in (output.then, output.now))
    if output.kind == "image":
        return {"lines": tuple([(cut(side, 200), False)] if side else [] for side in (then, now))}
    rows = _table(then), _table(now)
    if all(rows) and len(rows[0]) == len(rows[1]) and {*map(len, rows[0])} == {*map(len, rows[1])}:
        return {"rows": _cells(*rows)}
    return {"lines": _lines(cut(then), cut(now))}


def _pictures(output: Compared) -> list[dict[str, str]]:
    """The picture then, now, and where they differ: [{"title", "png" (base64), "alt"}]; none where neither can be opened."""
    where = f"output {output.output} of cell {output.cell}"
    found = [
        {"title": title, "png": png, "alt": f"The picture of {where} {words}"}
        for title, side, words in (("Then", output.then, "as saved"), ("Now", output.now, "as this review drew it"))
        if side and (png := picture(str(side)))
    ]
    if len(found) == 2 and (apart := pictures.difference(str(output.then), str(output.now))):
        alt = f"Where the two pictures of {where} differ, in red on the pale picture of now"
        found.append({"title": "Difference", "png": picture(apart), "alt": alt})
    return found


def picture(data: str) -> str:
    """A picture (base64, any format) written anew as PNG, at most 900 pixels wide; '' where it cannot be opened."""
    try:
        opened = pictures.opened(data)
    except ValueError:
        return ""
    opened.thumbnail((WIDEST_PIXELS, WIDEST_PIXELS))
    written = io.BytesIO()
    opened.quantize(128).save(written, "PNG", optimize=True)
    return base64.b64encode(written.getvalue()).decode()


def _table(text: str) -> list[list[str]]:
    """The rows of an output kept as Markdown, CSV or pandas' print, up to a length; empty where it is no table."""
    text = text if len(text) <= LONGEST_TABLE else text[:LONGEST_TABLE].rpartition("\n")[0]
    if text.lstrip().startswith("|"):
        return table("text/markdown", text)
    printed = next(from_print(text), None)
    if printed:
        return [printed[0], *printed[1]]
    rows = table("text/csv", text) if "," in text else []
    return rows if len({*map(len, rows)}) == 1 and len(rows) > 1 and len(rows[0]) > 1 else []


def _cells(then: list[list[str]], now: list[list[str]]) -> dict[str, Any]:
    """The header of two tables of one shape, and the rows in which they differ: cells as (then, now, whether they differ)."""
    pairs = [(number, list(zip(one, other, strict=False))) for number, (one, other) in enumerate(zip(then, now, strict=True))]
    apart = [(number, pair) for number, pair in pairs[1:] if any(one != other for one, other in pair)]
    made = [(number, [(cut(one, 200), cut(other, 200), one != other) for one, other in pair]) for number, pair in apart[:MOST_ROWS]]
    return {"header": [cut(name, 80) for name in now[0]], "rows": made, "left": len(apart) - len(made), "of": len(then) - 1}


def _lines(then: str, now: str) -> tuple[list[Line], list[Line]]:
    """Two texts as lines, each with whether the other text lacks it; from a little above the first difference."""
    one, other = then.splitlines(), now.splitlines()
    start = max(0, next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), 0) - 3)
    one, other = one[start : start + MOST_LINES], other[start : start + MOST_LINES]
    same = SequenceMatcher(None, one, other, autojunk=False).get_matching_blocks()
    kept = [{block[side] + step for block in same for step in range(block.size)} for side in (0, 1)]
    sides = [[(line, at not in held) for at, line in enumerate(lines)] for lines, held in zip((one, other), kept, strict=True)]
    above = [(f"({start} lines above are the same)", False)] if start else []
    return above + sides[0], above + sides[1]
