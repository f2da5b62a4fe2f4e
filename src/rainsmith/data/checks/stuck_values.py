"""The check ``stuck-values``: it warns of fields that stay the same from day to day, such as repeated monthly means."""

from __future__ import annotations

import numpy as np
import xarray as xr

from rainsmith.base.large_arrays import blocks
from rainsmith.config import Data
from rainsmith.data.checks.registry import INPUT_CHECKS, InputCheck, Outcome

MOST = 0.3
"""Share of the days that may repeat the day before without a word."""
FEW_VALUES = 40
"""A series of so many whole numbers or fewer, such as a type of weather, may stay the same."""


def warn_of_stuck_values(field: xr.DataArray, settings: Data, target: xr.DataArray | None = None) -> Outcome:
    """Warn where many days hold the values of the day before in every cell; days of 0 everywhere are not meant.

    Args:
        field: (time, y, x) in the unit of its file, NaN where invalid.
        settings: the section ``data`` of the configuration; not read.
        target: not read.
    """
    days = pairs = same = 0
    before = None
    for _, block in blocks(field):
        for day in block:
            if (np.nan_to_num(day) != 0).any():
                days += 1
                pairs += before is not None
                same += before is not None and np.array_equal(before, day, equal_nan=True)
            before = day
    if days < 3:
        return Outcome(field)
    if same == pairs:
        say = f"'{field.name}' is the same on all days, so that it says nothing of a day"
    elif same > MOST * pairs and not _is_of_types(field):
        say = (
            f"'{field.name}' is that of the day before on {same / pairs:.0%} of its days, as repeated means of a "
            "month or a week are: a day then holds values of later days"
        )
    else:
        return Outcome(field)
    return Outcome(field, {"days_like_the_day_before": int(same)}, warning=f"WARNING: {say}")


def _is_of_types(field: xr.DataArray) -> bool:
    """Whether a field holds few whole numbers, as types of weather do."""
    different = np.empty(0, dtype=field.dtype)
    for _, block in blocks(field):
        different = np.unique(np.concatenate([different, block[np.isfinite(block)]]))
        if different.size > FEW_VALUES:
            return False
    return different.size <= FEW_VALUES and bool((different % 1 == 0).all())


INPUT_CHECKS.add(
    InputCheck(
        name="stuck-values",
        order=15,
        title="values that do not change",
        meaning=f"It warns where more than {MOST:.0%} of the days repeat the day before in every cell, or all do.",
        looks_at=("target", "predictor"),
        moment="read",
        function=warn_of_stuck_values,
    )
)
