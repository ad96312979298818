"""Writing the tidy table so that value, status and marker come back as they were."""

from pathlib import Path

import pandas as pd

from datajam.errors import DataJamError


def write(observations: pd.DataFrame, path: Path) -> None:
    """Write the table as .parquet or .csv, whole or not at all.

    In CSV a text that a spreadsheet would run as a formula is prefixed with an apostrophe. Raises `DataJamError` for any
    other ending.
    """
    if path.suffix not in (".parquet", ".csv"):
        raise DataJamError(f"--out {path.name!r}: end it in .parquet or .csv.")
    if not path.parent.is_dir():
        raise DataJamError(f"--out {path}: the folder {path.parent} does not exist.")
    beside = path.with_name(f".{path.name}.tmp")
    try:
        if path.suffix == ".parquet":
            observations.to_parquet(beside, index=False)
        else:
            _harmless(observations).to_csv(beside, index=False, lineterminator="\n")
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def _harmless(observations: pd.DataFrame) -> pd.DataFrame:
    table = observations.copy(deep=False)
    for name in table.columns[[isinstance(kind, pd.CategoricalDtype) for kind in table.dtypes]]:
        table[name] = table[name].cat.rename_categories(
            lambda text: "'" + text if text[:1] in ("=", "+", "@", "\t", "\r") or (text[:1] == "-" and len(text) > 1) else text
        )
    return table
