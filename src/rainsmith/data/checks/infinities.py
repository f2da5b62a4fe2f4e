"""The check ``infinities``: values that are infinite are missing."""

from __future__ import annotations

import numpy as np
import xarray as xr

from rainsmith.base.large_arrays import replace_where
from rainsmith.config import Data
from rainsmith.data.checks.registry import INPUT_CHECKS, InputCheck, Outcome


def mask_infinities(field: xr.DataArray, settings: Data, target: xr.DataArray | None = None) -> Outcome:
    """Set infinite values to NaN and count them; a division by zero or a code beyond single precision left them.

    Args:
        field: (time, y, x) or (y, x), in the unit of its file. It is not changed.
        settings: the section ``data`` of the configuration; not read.
        target: not read.
    """
    masked, count = replace_where(field, np.isinf, np.nan)
    if not count:
        return Outcome(field)
    return Outcome(masked, {"infinite_values": count}, f"{count} infinite values of '{field.name}' set to NaN")


INPUT_CHECKS.add(
    InputCheck(
        name="infinities",
        order=6,
        title="infinite values",
        meaning="Infinite values are missing and counted.",
        looks_at=("target", "predictor", "static"),
        moment="read",
        function=mask_infinities,
    )
)
