"""CSV tables that the stages write, read again; a damaged one is refused in one line."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import pandas as pd

from rainsmith.base.errors import UserError


def read_table(
    path: Path, advice: str, *, columns: Collection[str] = (), numbers: Collection[str] = ()
) -> pd.DataFrame:
    """Read a table that a stage wrote.

    Args:
        path: the CSV file.
        advice: what to do where it is damaged.
        columns: columns that it must have.
        numbers: columns among them that hold numbers, or nothing.

    Raises:
        UserError: the file is cut off or no table, or lacks a column, or has a text where a number belongs.
    """
    try:
        text = path.read_text(encoding="utf-8")
        if not text.endswith("\n"):
            raise UserError(f"{path} is {'cut off in its last line' if text else 'empty'}; {advice}")
        table = pd.read_csv(path)
    except (OSError, ValueError, pd.errors.ParserError) as error:
        raise UserError(f"{path} cannot be read ({' '.join(str(error).split())[:200]}); {advice}") from None
    missing = [name for name in columns if name not in table.columns]
    if missing:
        raise UserError(f"{path} lacks the columns {', '.join(sorted(missing))}; {advice}")
    check_numbers(path, table, advice, numbers)
    return table


def check_numbers(path: Path, table: pd.DataFrame, advice: str, numbers: Collection[str]) -> None:
    """Refuse a table that was read and has a text where a number belongs.

    Args:
        path: its file.
        table: its rows.
        advice: what to do then.
        numbers: columns that hold numbers, or nothing.

    Raises:
        UserError: names the first such text.
    """
    for name in numbers:
        if len(table) and table[name].dtype.kind not in "fiu":
            texts = table[name][pd.to_numeric(table[name], errors="coerce").isna() & table[name].notna()]
            found = str(texts.iloc[0] if len(texts) else table[name].iloc[0])
            raise UserError(f"{path}: column '{name}' holds {found[:40]!r}; expected numbers; {advice}")
