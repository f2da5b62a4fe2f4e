"""The check ``no-values``: a target without a single valid value is refused."""

from __future__ import annotations

import numpy as np
import xarray as xr

from rainsmith.base.errors import UserError
from rainsmith.base.large_arrays import blocks
from rainsmith.config import Data
from rainsmith.data.checks.registry import INPUT_CHECKS, InputCheck, Outcome


def refuse_empty_target(precip: xr.DataArray, settings: Data, target: xr.DataArray | None = None) -> Outcome:
    """Refuse precipitation that is missing everywhere on every day.

    Raises:
        UserError: no value is finite.
    """
    if not any(np.isfinite(block).any() for _, block in blocks(precip)):
        raise UserError("precipitation holds no valid value at all; look at the file's fill value and 'variable:'")
    return Outcome(precip)


INPUT_CHECKS.add(
    InputCheck(
        name="no-values",
        order=10,
        title="no valid value",
        meaning="A target without any valid value is refused.",
        looks_at=("target",),
        moment="converted",
        function=refuse_empty_target,
    )
)
