"""Headline numbers as data: what a notebook records, any report, table or review reads without parsing prose.

A number goes into the notebook's output in the scrapbook format (`application/scrapbook.scrap.json+json`), beside the
sentence a person reads.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Any

from datajam.errors import DataJamError
from datajam.outputs import FILE_MIME, attach, show

__all__ = ["FILE_MIME", "MIME", "attach", "collect", "number", "record", "sentence", "show"]
MIME = "application/scrapbook.scrap.json+json"


def record(
    name: str,
    value: float | int | str | None,
    unit: str,
    *,
    label: str,
    base: int | None = None,
    base_of: str = "",
    interval: tuple[float, float] | None = None,
    status: str = "ok",
    reason: str = "",
    digits: int = 1,
    sources: Sequence[str] = (),
) -> None:
    """Record a headline number and show it in words.

    A number needs its base; a missing one (`None`) needs its status and the reason in words. Numbers are rounded to
    `digits`, so that every platform records the same bytes. `sources` names the entries of the data log it rests on; without
    them it rests on all that its notebook reads. Raises `DataJamError` for a name that is not a slug, a
    number without a base, or a missing number without a reason.

    >>> record("gap", 15.23, "points", label="Gap", base=4500, base_of="pupils", interval=(13.9, 16.5))
    Gap: 15.2 points (95% interval 13.9 to 16.5), 4,500 pupils
    >>> record("gap", None, "points", label="Gap", status="suppressed", reason="few pupils")
    Gap: no figure (few pupils)
    """
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
        raise DataJamError(f"results.record: {name!r} is not a name: use small letters, digits and _, such as 'gap_2025'.")
    if value is None and (status == "ok" or not reason):
        raise DataJamError(f"results.record({name!r}): a missing value needs status= and reason=, in words.")
    if value is not None and base is None and not base_of:
        raise DataJamError(
            f"results.record({name!r}): say what the number rests on: base= (how many) and base_of= (of what), or "
            "base_of='number asked not published'."
        )
    entry: dict[str, Any] = {
        "name": name,
        "label": label,
        "value": _rounded(value, digits),
        "unit": unit,
        "lower_95": _rounded(interval[0], digits) if interval else None,
        "upper_95": _rounded(interval[1], digits) if interval else None,
        "base": base,
        "base_of": base_of,
        "status": status,
        "reason": reason,
        "digits": digits,
        "sources": list(sources),
    }
    text = f"{label}: {sentence(entry)}"
    scrap = {"name": name, "data": entry, "encoder": "json", "version": 1}
    show({MIME: scrap, "text/plain": text}, {"scrapbook": {"name": name, "data": True, "display": False}})


def _rounded(value, digits: int):
    if value is None or isinstance(value, str):
        return value
    return int(round(value)) if digits == 0 else round(float(value), digits) + 0.0


def number(entry: dict[str, Any]) -> str:
    """The value as written in a sentence: '15.2 points', '£410', '43.1%'."""
    value, unit, digits = entry["value"], entry["unit"], entry["digits"]
    if value is None:
        return "no figure"
    text = value if isinstance(value, str) else f"{value:,.{digits}f}"
    if unit == "percent":
        return f"{text}%"
    return f"£{text}" if unit.startswith("gbp") else f"{text} {unit}".strip()


def sentence(entry: dict[str, Any]) -> str:
    """A recorded number with its interval and base, or why there is none."""
    if entry["value"] is None:
        return f"no figure ({entry['reason']})"
    parts = number(entry)
    if entry["lower_95"] is not None:
        digits = entry["digits"]
        parts += f" (95% interval {entry['lower_95']:,.{digits}f} to {entry['upper_95']:,.{digits}f})"
    rests_on = f"{entry['base']:,} {entry['base_of']}".strip() if entry["base"] is not None else entry["base_of"]
    return f"{parts}, {rests_on}" if rests_on else parts


def collect(notebooks: Iterable[tuple[str, Any]]) -> list[dict[str, Any]]:
    """Every number recorded in executed notebooks, in order: [{"name", "value", "unit", …, "notebook", "cell"}].

    Raises `DataJamError` where two cells record the same name.
    """
    found: dict[str, dict[str, Any]] = {}
    for title, notebook in notebooks:
        for index, cell in enumerate(notebook.cells, start=1):
            for output in cell.get("outputs", []):
                scrap = output.get("data", {}).get(MIME)
                if not scrap:
                    continue
                entry = {**scrap["data"], "notebook": title, "cell": index}
                if entry["name"] in found:
                    first = found[entry["name"]]
                    raise DataJamError(
                        f"{title}, cell {index}: {entry['name']!r} was recorded before, in {first['notebook']}, cell "
                        f"{first['cell']}. Give each headline number its own name."
                    )
                found[entry["name"]] = entry
    return list(found.values())
