"""What is put into the notebook beside the text a person reads."""

import re
import sys
from typing import Any

from datajam.errors import DataJamError

FILE_MIME = "application/vnd.datajam.file"


def attach(name: str, text: str, about: str) -> None:
    """Put a page made by a notebook beside the run's report: `name` such as skills.html, and what it is in a few words.

    Raises `DataJamError` for a name that is not a plain file name ending in .html, .csv or .md.

    >>> attach("skills.html", "<!DOCTYPE html>", "a page to try")
    skills.html: a page to try
    """
    if not re.fullmatch(r"[a-z0-9][a-z0-9_-]*\.(html|csv|md)", name):
        raise DataJamError(f"results.attach: {name!r} is not a file name such as skills.html.")
    show({FILE_MIME: text, "text/plain": f"{name}: {about}"}, {"datajam": {"file": name, "about": about}})


def show(data: dict[str, Any], metadata: dict[str, Any]) -> None:
    """Put an output with its metadata into the notebook; print its text where there is no notebook."""
    if "IPython" not in sys.modules or sys.modules["IPython"].get_ipython() is None:
        print(data["text/plain"])
    else:
        sys.modules["IPython"].display.display(data, metadata=metadata, raw=True)
