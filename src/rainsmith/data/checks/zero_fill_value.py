"""The check ``zero-fill-value``: zeros of a file whose fill value is 0 are values, which is said."""

from __future__ import annotations

import numpy as np
import xarray as xr

from rainsmith.base.large_arrays import blocks
from rainsmith.config import Data
from rainsmith.data.checks.registry import INPUT_CHECKS, InputCheck, Outcome

ZERO_FILL = "zero_fill_value"
"""Attribute that a reader gives to a field whose file has the fill value 0, when it keeps the zeros."""


def count_zeros(field: xr.DataArray, settings: Data, target: xr.DataArray | None = None) -> Outcome:
    """Count the zeros of a file whose fill value is 0; its reader has kept them as values.

    Args:
        field: (time, y, x) or (y, x), in the unit of its file.
        settings: the section ``data`` of the configuration; not read.
        target: not read.
    """
    if ZERO_FILL not in field.attrs:
        return Outcome(field)
    count, always_zero = 0, np.full(field.shape[1:], field.ndim == 3)
    for _, block in blocks(field):
        zeros = block == 0
        count += int(zeros.sum())
        always_zero &= zeros.all(axis=0)
    always = int(always_zero.sum())
    plain = field.copy(deep=False)
    plain.attrs = {key: value for key, value in field.attrs.items() if key != ZERO_FILL}
    notice = f"the fill value of '{field.name}' is 0 and was ignored: its {count} zeros are values"
    notice += f" ({always} cells are 0 on all days)" if always else ""
    return Outcome(plain, {"zeros_kept": count}, notice)


INPUT_CHECKS.add(
    InputCheck(
        name="zero-fill-value",
        order=3,
        title="fill value of 0",
        meaning="Zeros of a file whose fill value is 0, the default of Zarr 2, are values; they are counted.",
        looks_at=("target", "predictor", "static"),
        moment="read",
        function=count_zeros,
    )
)
