"""Daily series from a CSV file: one row a day, with a column of dates."""

from __future__ import annotations

import csv
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
_COMMA = re.compile(r"[-+]?\d*,\d+")
_POINT = re.compile(r"[-+]?\d*\.\d+")
_THOUSANDS = re.compile(r"[-+]?[1-9]\d{0,2},\d{3}")
_ONLY_A_TIME = re.compile(r"\d{1,2}:\d{2}(:\d{2}(\.\d*)?)?")
_DATE = re.compile(r"(\d{4})([-/.]?)(\d{1,2})\2(\d{1,2})" + _TIME_OF_DAY)


def read_table(path: Path) -> pd.DataFrame:
    """Read a table of daily values.

    Columns are separated by commas, semicolons, tabs or blanks, and may stand in quotes; lines that begin with ``#``
    are left out, and so are columns without a name and values. Dates stand in one column (``date``, ``time`` and the
    like) as YYYY-MM-DD or YYYYMMDD, or in columns of year, month and day. A time of day is dropped, so that the date is
    the local one; from half a minute before midnight on it is the next day, but 24:00 ends its own day. Decimal
    commas become points.

    Args:
        path: the file.

    Returns:
        The columns beside the date as text, blank where missing, in order of time; the index is datetime64[D]. The
        attribute ``day_rule`` says which times of day were dropped, "" where they were midnights or there were none.

    Raises:
        UserError: the file is no table, a date is missing or not understood, or a comma can be read in two ways.
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
            advice = (
                "begin lines above the names with '#', or correct the file" if row is rows[0] else "correct the file"
            )
            raise UserError(
                f"{path}: line {number} has {len(row)} columns, the line of names has {len(names)}; {advice}"
            )
    kept = [k for k, name in enumerate(names) if name or any(row[k] for row in rows)]
    names, rows = [names[k] for k in kept], [[row[k] for k in kept] for row in rows]
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        problem = f"two columns are called '{repeated[0]}'" if repeated[0] else "two columns have no name"
        raise UserError(f"{path}: {problem}; rename one")
    table = pd.DataFrame(rows, columns=names, dtype=str)
    table.index = pd.Index([number for number, _ in numbered[1:]])
    dated = _with_dates(table, path)
    if not len(dated.columns):
        raise UserError(f"{path} has no column beside its dates; expected one of values")
    return _with_points(dated, path).sort_index(kind="stable")


def _with_points(table: pd.DataFrame, path: Path) -> pd.DataFrame:
    """Decimal commas as decimal points.

    Raises:
        UserError: a comma may be that of thousands.
    """
    commas = [text for name in table.columns for text in table[name] if _COMMA.fullmatch(text)]
    if not commas:
        return table
    point = next((text for name in table.columns for text in table[name] if _POINT.fullmatch(text)), None)
    if point is not None:
        raise UserError(
            f"{path} holds '{commas[0]}' and '{point}', so that a comma or a point may be that of thousands; expected "
            "decimal points and nothing between thousands"
        )
    if all(_THOUSANDS.fullmatch(text) for text in commas):
        raise UserError(
            f"{path} holds '{commas[0]}' and the like, whose comma may be that of thousands; expected decimal points "
            "and nothing between thousands"
        )
    return table.replace(r"^([-+]?\d*),(\d+)$", r"\1.\2", regex=True)


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
    if separator == " ":
        cells = line.split()
    else:
        cells = next(csv.reader([line], delimiter=separator, skipinitialspace=True))
    return [cell.strip().strip('"').strip() for cell in cells]


def _with_dates(table: pd.DataFrame, path: Path) -> pd.DataFrame:
    lower = {str(name).lower(): name for name in table.columns}
    parts = [next((lower[word] for word in words if word in lower), None) for words in _PARTS]
    if all(part is not None for part in parts):
        texts = ["-".join(row) for row in table[parts].itertuples(index=False)]
        used = [str(part) for part in parts]
    else:
        used = [name for word, name in lower.items() if word in _DATE_COLUMNS]
        hours = [name for name in used if table[name].map(lambda text: bool(_ONLY_A_TIME.fullmatch(text))).all()]
        if len(used) == 2 and len(hours) == 1:  # the time of day in a column of its own
            date = next(name for name in used if name not in hours)
            table = table.assign(**{str(date): table[date] + " " + table[hours[0]]}).drop(columns=hours)
            used = [date]
        if len(used) != 1:
            found = "no column of dates" if not used else f"several columns of dates ({', '.join(map(str, used))})"
            raise UserError(
                f"{path} has {found}; its columns are {', '.join(map(str, table.columns))}; "
                "expected one called 'date', or 'year', 'month' and 'day'"
            )
        texts = list(table[used[0]])
    read = [_day(text, f"{path}: line {line}") for line, text in zip(table.index, texts, strict=True)]
    days = np.array([day for day, _ in read], dtype="datetime64[D]")
    hours = sorted({hour for _, hour in read} - {"00:00", "24:00"})
    made = table.drop(columns=used).set_index(pd.Index(days.astype("datetime64[ns]"), name="time"))
    few = ", ".join(hours[:3]) + (" and others" if len(hours) > 3 else "")
    made.attrs["day_rule"] = f"the dates of its stamps, whose times of day ({few}) are dropped" if hours else ""
    return made


def _day(text: str, where: str) -> tuple[np.datetime64, str]:
    """The day of a date, and its time of day as HH:MM; "00:00" where it has none, or just before midnight.

    Raises:
        UserError: it is no date.
    """
    match = _DATE.fullmatch(text.strip())
    if match is None or (not match[2] and len(match[3]) + len(match[4]) != 4):
        found = f"'{text}' is not read as a date" if text.strip("-") else "the date is blank"
        raise UserError(f"{where}: {found}; expected YYYY-MM-DD or YYYYMMDD; begin other lines with '#'")
    try:
        day = np.datetime64(f"{match[1]}-{int(match[3]):02d}-{int(match[4]):02d}", "D")
    except ValueError:
        raise UserError(f"{where}: '{text}' is no day of the calendar; correct the file") from None
    if match[5] is None:
        return day, "00:00"
    late = (23, 59, 30.0) <= (int(match[5]), int(match[6]), float(match[7] or 0)) < (24, 0, 0.0)
    return day + np.timedelta64(int(late), "D"), "00:00" if late else f"{int(match[5]):02d}:{match[6]}"
