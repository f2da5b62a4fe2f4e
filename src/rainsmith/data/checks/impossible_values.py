"""The check ``impossible-values``: rain that no gauge can have measured is refused."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import xarray as xr

from rainsmith.base.errors import UserError
from rainsmith.base.large_arrays import blocks, count_where
from rainsmith.config import Data
from rainsmith.data.checks.place import place_of
from rainsmith.data.checks.registry import INPUT_CHECKS, InputCheck, Outcome

LOWEST_MM = -0.1
"""[mm/day] A value below this is an error; a value between this and 0 is a trace of packing or interpolation."""
HIGHEST_MM = 2000.0
"""[mm/day] A value above this is an error: the largest day on record is 1825 mm (La Reunion, 1966; WMO archive)."""


def refuse_impossible_values(precip: xr.DataArray, settings: Data, target: xr.DataArray | None = None) -> Outcome:
    """Refuse rain of the target or of a predictor below -0.1 or above 2000 mm/day.

    Args:
        precip: (time, y, x) [mm/day], NaN where invalid.
        settings: the section ``data`` of the configuration; not read.
        target: not read.

    Raises:
        UserError: a value lies outside these limits; the message gives the first one.
    """
    _refuse(precip, lambda block: block < LOWEST_MM, f"below {LOWEST_MM:g}", "a wrong variable, unit or fill value")
    _refuse(precip, lambda block: block > HIGHEST_MM, f"above {HIGHEST_MM:g}", "a wrong unit ('units:') or fill value")
    return Outcome(precip)


def _refuse(precip: xr.DataArray, is_wrong: Callable[[np.ndarray], np.ndarray], limit: str, reason: str) -> None:
    count = count_where(precip, is_wrong)
    if not count:
        return
    start, block = next((part.start, block) for part, block in blocks(precip) if is_wrong(block).any())
    first = np.argwhere(is_wrong(block))[0]
    value = float(block[tuple(first)])
    day, y, x = place_of(precip, (start + int(first[0]), int(first[1]), int(first[2])))
    raise UserError(
        f"precipitation '{precip.name}' has {count} values {limit} mm/day "
        f"(first: {value:.4g} mm/day on {day} at y={y:g} x={x:g}); expected {LOWEST_MM:g} to {HIGHEST_MM:g}; "
        f"this points to {reason}"
    )


INPUT_CHECKS.add(
    InputCheck(
        name="impossible-values",
        order=20,
        title="impossible values",
        meaning=f"Rain below {LOWEST_MM:g} or above {HIGHEST_MM:g} mm/day is refused.",
        looks_at=("target", "predictor"),
        moment="converted",
        function=refuse_impossible_values,
    )
)
