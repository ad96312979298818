"""A batch's folder copied to object storage (s3://, gs://, abs://): text through papermill's handlers, the rest through Arrow."""

from collections.abc import Iterator
from pathlib import Path

from datajam.errors import DataJamError
from datajam.run.current import MARK

_TEXT = {".ipynb", ".json", ".html", ".csv", ".md", ".txt"}
_ENOUGH = (MARK, "results.json", "provenance.json")


class StorageFailed(DataJamError):
    """Object storage did not take or give a file."""

    exit_code = 1


def is_address(text: str) -> bool:
    """Whether `--out` names object storage.

    >>> is_address("s3://bucket/hack"), is_address("batch")
    (True, False)
    """
    return "://" in text


def put(path: Path, address: str) -> None:
    """Copy a file. Raises `StorageFailed` where the storage does not take it."""
    try:
        if path.suffix in _TEXT:
            _papermill().write(path.read_text(encoding="utf-8"), address)
            return
        system, name = _arrow(address)
        with system.open_output_stream(name) as out:
            out.write(path.read_bytes())
    except Exception as error:
        raise StorageFailed(
            f"{address}: could not be written ({_first_line(error)}). Check the bucket and the credentials."
        ) from error


def put_run(folder: Path, address: str) -> None:
    """Copy a finished run, its mark last: a run without its mark is not finished."""
    files = sorted((path for path in folder.rglob("*") if path.is_file()), key=lambda path: (path.name == MARK, path))
    for path in files:
        put(path, f"{address}/{path.relative_to(folder).as_posix()}")


def bring_run(address: str, folder: Path) -> bool:
    """Fetch of a finished run what the comparison needs; False where there is none."""
    try:
        texts = {name: _papermill().read(f"{address}/{name}") for name in _ENOUGH}
    except Exception:
        return False
    folder.mkdir(parents=True, exist_ok=True)
    for name in reversed(_ENOUGH):
        (folder / name).write_text(texts[name], encoding="utf-8")
    return True


def _papermill():
    from papermill.iorw import papermill_io

    return papermill_io


def _arrow(address: str):
    from pyarrow import fs

    return fs.FileSystem.from_uri(address)


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)[:160]


def files_of(folder: Path) -> Iterator[Path]:
    """The files that stand beside the runs of a batch: its tables and its page."""
    yield from sorted(path for path in folder.iterdir() if path.is_file() and not path.name.startswith("."))
