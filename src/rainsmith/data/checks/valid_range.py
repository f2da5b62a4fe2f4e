"""The check ``valid-range``: values outside the valid range that the file itself gives are missing."""

from __future__ import annotations

import numpy as np
import xarray as xr

from rainsmith.base.large_arrays import replace_where
from rainsmith.config import Data
from rainsmith.data.checks.registry import INPUT_CHECKS, InputCheck, Outcome

LIMITS = ("valid_min", "valid_max")
"""Attributes of a field that give its valid range, in the unit of its values."""
COUNTED = "outside_valid_range"
"""Attribute of a field whose files had different valid ranges: the number of values that were masked file by file."""


def mask_outside(field: xr.DataArray) -> xr.DataArray:
    """Set values outside ``valid_min`` to ``valid_max`` to NaN, and replace these attributes by the count.

    Args:
        field: of any shape, in the unit of its attributes.
    """
    low, high = (float(field.attrs.get(key, bound)) for key, bound in zip(LIMITS, (-np.inf, np.inf), strict=True))
    slack = 1e-5 * max((abs(limit) for limit in (low, high) if np.isfinite(limit)), default=0.0)  # of single precision
    masked, outside = replace_where(field, lambda block: (block < low - slack) | (block > high + slack), np.nan)
    count = int(field.attrs.get(COUNTED, 0)) + outside
    masked = masked.copy(deep=False)
    masked.attrs = {key: value for key, value in field.attrs.items() if key not in LIMITS} | {COUNTED: count}
    return masked


def mask_outside_valid_range(field: xr.DataArray, settings: Data, target: xr.DataArray | None = None) -> Outcome:
    """Set values outside the valid range of the file to NaN and count them.

    Args:
        field: (time, y, x) or (y, x), in the unit of its file. It is not changed.
        settings: the section ``data`` of the configuration; not read.
        target: not read.
    """
    if not {*LIMITS, COUNTED} & set(field.attrs):
        return Outcome(field)
    masked = mask_outside(field)
    count = masked.attrs.pop(COUNTED)
    if not count:
        return Outcome(masked)
    notice = f"{count} values of '{field.name}' outside the valid range of the file set to NaN"
    return Outcome(masked, {COUNTED: count}, notice)


INPUT_CHECKS.add(
    InputCheck(
        name="valid-range",
        order=4,
        title="values outside the valid range",
        meaning="Values outside valid_range, valid_min or valid_max, packed or not, are missing and counted.",
        looks_at=("target", "predictor", "static"),
        moment="read",
        function=mask_outside_valid_range,
    )
)
