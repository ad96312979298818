"""A folder for what an example writes: one a process, gone when Python ends."""

import atexit
import shutil
import tempfile
from functools import cache
from pathlib import Path


@cache
def scratch(example: str) -> Path:
    """The example's own empty folder.

    >>> scratch("x0").is_dir(), scratch("x0") == scratch("x0")
    (True, True)
    """
    folder = Path(tempfile.mkdtemp(prefix=f"datajam_{example}_"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder
