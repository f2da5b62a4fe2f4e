"""The check ``tiny-negatives``: traces of packing below zero become zero."""

from __future__ import annotations

import xarray as xr

from rainsmith.base.large_arrays import replace_where
from rainsmith.config import Data
from rainsmith.data.checks.registry import INPUT_CHECKS, InputCheck, Outcome


def set_negatives_to_zero(precip: xr.DataArray, settings: Data, target: xr.DataArray | None = None) -> Outcome:
    """Set negative rain to 0 and count it; what is too far below 0 has been refused before.

    Args:
        precip: (time, y, x) [mm/day], NaN where invalid. It is not changed.
        settings: the section ``data`` of the configuration; not read.
        target: not read.
    """
    precip, count = replace_where(precip, lambda block: block < 0, 0.0)
    return Outcome(precip, {"negatives_set_to_zero": count}, f"{count} tiny negatives set to 0")


INPUT_CHECKS.add(
    InputCheck(
        name="tiny-negatives",
        order=40,  # after suspect-values, which compares values as they were read
        title="tiny negatives",
        meaning="Rain a little below 0, as packing and interpolation leave it, is set to 0 and counted.",
        looks_at=("target",),
        moment="converted",
        function=set_negatives_to_zero,
    )
)
