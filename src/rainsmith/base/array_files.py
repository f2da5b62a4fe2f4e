"""Named arrays in one file, with a checksum each, without compression."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

DAMAGE = (ValueError, OSError, KeyError, EOFError, zipfile.BadZipFile)
"""Errors of reading a file that is damaged, or holds something else."""


def write_arrays(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    """Write arrays of numbers and texts; give it the path of ``atomic``."""
    with path.open("wb") as file:
        np.savez(file, **arrays)  # type: ignore[arg-type]  # numpy takes the name of an array for an option


def read_arrays(path: Path) -> dict[str, np.ndarray]:
    """Read what ``write_arrays`` wrote.

    Raises:
        one of ``DAMAGE``: the file is damaged.
    """
    with path.open("rb") as file, np.load(file) as opened:  # numpy leaves a damaged file open
        return {name: opened[name] for name in opened.files}


def columns_of(table: pd.DataFrame, name: str) -> dict[str, np.ndarray]:
    """A table as arrays: numbers as they are, all else as texts; ``name`` begins the names of the arrays."""
    arrays = {name: np.array(list(table.columns), dtype=str)}
    for column in table.columns:
        values = table[column].to_numpy()
        arrays[f"{name}/{column}"] = values if values.dtype.kind in "fiub" else np.array(values, dtype=str)
    return arrays


def table_of(arrays: Mapping[str, np.ndarray], name: str) -> pd.DataFrame:
    """The table that ``columns_of`` gave, whose texts are texts.

    Raises:
        KeyError: there is none of that name.
    """
    return pd.DataFrame({str(column): arrays[f"{name}/{column}"] for column in arrays[name]})
