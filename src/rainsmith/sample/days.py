"""The choice of days that are sampled."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import xarray as xr

from rainsmith.base.dims import day_numbers, in_day_set
from rainsmith.base.errors import UserError


def select_days(days: xr.Dataset, wanted: str | Iterable[str], split: str) -> xr.Dataset:
    """The days of a split that are asked for.

    Args:
        days: the days of the split.
        wanted: all, heavy, heavy_x, or dates YYYY-MM-DD.
        split: its name, for messages.

    Raises:
        UserError: a date is not among the days, or none is left.
    """
    if isinstance(wanted, str):
        chosen = np.flatnonzero(in_day_set(days, wanted))
    else:
        numbers = day_numbers(days["time"])
        asked = np.array([_day_number(text) for text in wanted], dtype=np.int64)
        missing = [text for text, number in zip(wanted, asked, strict=True) if number not in numbers]
        if missing:
            raise UserError(
                f"day {missing[0]} is not in the {split} split; expected dates from {numbers[0]} to {numbers[-1]}; "
                "check sampling.days and sampling.splits"
            )
        chosen = np.flatnonzero(np.isin(numbers, asked))
    if not len(chosen):
        raise UserError(f"no day of the {split} split is in the set {wanted!r}; choose other days or another split")
    return days.isel(time=chosen)


def _day_number(text: str) -> int:
    try:
        year, month, day = (int(part) for part in str(text).split("-"))
    except ValueError:
        raise UserError(f"day {text!r} is not a date; expected YYYY-MM-DD") from None
    return year * 10000 + month * 100 + day
