"""Daily series from a CSV file: one row a day, with a column of dates."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd

from rainsmith.base.errors import UserError

SUFFIXES = frozenset({".csv", ".tsv", ".txt"})
"""Endings of the names of files that are read as tables."""
_DATE_COLUMNS = frozenset("date dates time times day datum datetime timestamp valid_time yyyymmdd".split())
_PARTS = (("year", "yyyy", "yr"), ("month", "mm", "mo"), ("day", "dd", "dy"))
_MISSING = frozenset({"", "na", "n/a", "nan", "null", "none", "-", "--"})
_TIME_OF_DAY = r"(?:[T ]+(\d{1,2}):(\d{2})(?::(\d{2}(?:\.\d*)?))?.*|[T ]\d\dZ?)?"
_DATE = re.compile(r"(\d{4})([-/.]?)(\d{1,2})\2(\d{1,2})" + _TIME_OF_DAY)


def read_table(path: Path) -> pd.DataFrame:
    """Read a table of daily values.

    Columns are separated by commas, semicolons, tabs or blanks; lines that begin with ``#`` are left out. Dates stand
    in one column (``date``, ``time`` and the like) as YYYY-MM-DD or YYYYMMDD, or in columns of year, month and day. A
    time of day is dropped, so that the date is the local one; from half a minute before midnight on it is the next day.

    Args:
        path: the file.

    Returns:
        The columns beside the date as text, blank where missing, in order of time; the index is datetime64[D].

    Raises:
        UserError: the file is no table, or a date is missing or not understood.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path} cannot be read ({error}); expected a CSV file in UTF-8") from None
    numbered = [(number, line) for number, line in enumerate(lines, 1) if line.strip() and not line.startswith("#")]
    if len(numbered) < 2:
        raise UserError(f"{path} holds no table; expected a line of column names and one line a day")
    separator = _separator(numbered[0][1])
    names, *rows = [_cells(line, separator) for _, line in numbered]
    for (number, _), row in zip(numbered[1:], rows, strict=True):
        if len(row) != len(names):
            raise UserError(
                f"{path}: line {number} has {len(row)} columns, the line of names has {len(names)}; correct the file"
            )
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise UserError(f"{path}: two columns are called '{repeated[0]}'; rename one")
    table = pd.DataFrame(rows, columns=names, dtype=str)
    if separator == ";":
        table = table.replace(r"^([-+]?\d+),(\d+)$", r"\1.\2", regex=True)  # a decimal comma
    return _with_dates(table, path).sort_index(kind="stable")


def numbers_of(column: pd.Series, path: Path) -> np.ndarray | None:
    """The numbers of a column, NaN where missing; None where not one of its values is a number.

    Raises:
        UserError: some values are numbers and others are not.
    """
    there = ~missing(column)
    numbers = pd.to_numeric(column.where(there), errors="coerce")
    no_number = there & numbers.isna()
    if no_number.any() and numbers.notna().any():
        first = column.index[no_number][0]
        raise UserError(
            f"{path}: column '{column.name}' holds '{column[no_number].iloc[0]}' on {str(first)[:10]} among numbers; "
            "expected numbers; leave a missing value blank, or name the column in 'categories'"
        )
    return None if no_number.any() else np.asarray(numbers, dtype=np.float64)


def missing(column: pd.Series) -> pd.Series:
    """Which values of a column of text are blank or a word for missing."""
    return column.str.lower().isin(_MISSING)


def _separator(header: str) -> str:
    counts = {separator: header.count(separator) for separator in (",", ";", "\t")}
    best = max(counts, key=lambda separator: counts[separator])
    return best if counts[best] else " "


def _cells(line: str, separator: str) -> list[str]:
    cells = line.split() if separator == " " else line.split(separator)
    return [cell.strip().strip('"').strip() for cell in cells]


def _with_dates(table: pd.DataFrame, path: Path) -> pd.DataFrame:
    lower = {str(name).lower(): name for name in table.columns}
    parts = [next((lower[word] for word in words if word in lower), None) for words in _PARTS]
    if all(part is not None for part in parts):
        texts = ["-".join(row) for row in table[parts].itertuples(index=False)]
        used = parts
    else:
        used = [name for word, name in lower.items() if word in _DATE_COLUMNS]
        if len(used) != 1:
            found = "no column of dates" if not used else f"several columns of dates ({', '.join(map(str, used))})"
            raise UserError(
                f"{path} has {found}; its columns are {', '.join(map(str, table.columns))}; "
                "expected one called 'date', or 'year', 'month' and 'day'"
            )
        texts = list(table[used[0]])
    days = np.array([_day(text, path) for text in texts], dtype="datetime64[D]")
    return table.drop(columns=used).set_index(pd.Index(days.astype("datetime64[ns]"), name="time"))


def _day(text: str, path: Path) -> np.datetime64:
    match = _DATE.fullmatch(text.strip())
    if match is None or (not match[2] and len(match[3]) + len(match[4]) != 4):
        raise UserError(f"{path}: '{text}' is not read as a date; expected YYYY-MM-DD or YYYYMMDD")
    try:
        day = np.datetime64(f"{match[1]}-{int(match[3]):02d}-{int(match[4]):02d}", "D")
    except ValueError:
        raise UserError(f"{path}: '{text}' is no day of the calendar; correct the file") from None
    late = match[5] is not None and (int(match[5]), int(match[6]), float(match[7] or 0)) >= (23, 59, 30.0)
    return day + np.timedelta64(int(late), "D")
