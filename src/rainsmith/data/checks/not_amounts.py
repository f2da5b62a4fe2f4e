"""The check ``not-amounts``: flags and directions in degrees, of which a mean is none."""

from __future__ import annotations

import re

import numpy as np
import xarray as xr

from rainsmith.base.errors import UserError
from rainsmith.base.large_arrays import blocks
from rainsmith.config import Data
from rainsmith.data.checks.registry import INPUT_CHECKS, InputCheck, Outcome

DIRECTION = re.compile(r"direction|(^|_)(w|wind_?)dir($|_|\d)|^dd$", re.IGNORECASE)
"""Names of a direction."""
LEAST_SPAN = 180.0
"""[degrees] Values that span less are no angles all around the compass."""


def judge_amounts(field: xr.DataArray, settings: Data, target: xr.DataArray | None = None) -> Outcome:
    """Refuse a grid of flags, and warn of a direction in degrees.

    Args:
        field: (time, y, x) in the unit of its file.
        settings: the section ``data`` of the configuration; not read.
        target: not read.

    Raises:
        UserError: a field on a grid has more than two kinds of flags.
    """
    flags = np.size(field.attrs.get("flag_values", ()))
    flags = max(flags, len(str(field.attrs.get("flag_meanings", "")).split()))
    if flags > 2 and field[0].size > 1:
        raise UserError(
            f"predictor '{field.name}' holds {flags} kinds of flags on a grid, and cells between them would be given "
            "means of flags; expected amounts; give the share of each kind as a variable of its own"
        )
    names = f"{field.attrs.get('standard_name', '')} {field.name}".split()
    if any(DIRECTION.search(name) for name in names) and _is_around(field):
        return Outcome(
            field,
            {"direction": 1},
            warning=f"WARNING: '{field.name}' is a direction in degrees, taken as an amount, though 359 and 1 are "
            "neighbours; give its sine and cosine, or the wind as u and v",
        )
    return Outcome(field)


def _is_around(field: xr.DataArray) -> bool:
    low, high = np.inf, -np.inf
    for _, block in blocks(field):
        finite = np.isfinite(block)
        low = min(low, float(block.min(where=finite, initial=np.inf)))
        high = max(high, float(block.max(where=finite, initial=-np.inf)))
    return -LEAST_SPAN <= low and high <= 2 * LEAST_SPAN and high - low > LEAST_SPAN


INPUT_CHECKS.add(
    InputCheck(
        name="not-amounts",
        order=16,
        title="flags and directions",
        meaning="More than two kinds of flags on a grid are refused, and it warns of directions in degrees.",
        looks_at=("predictor",),
        moment="read",
        function=judge_amounts,
    )
)
