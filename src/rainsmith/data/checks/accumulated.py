"""The check ``accumulated``: rain that is summed up since a first day is no rain of a day."""

from __future__ import annotations

import numpy as np
import xarray as xr

from rainsmith.base.errors import UserError
from rainsmith.base.large_arrays import blocks
from rainsmith.config import Data
from rainsmith.data.checks.registry import INPUT_CHECKS, InputCheck, Outcome

MOST_RISES = 0.8
"""Share of the changes from one day to the next that may be rises; a daily rain rises as often as it falls."""
FEWEST = 100
"""Fewer changes than this say nothing."""
_CELLS = 2000
"""So many cells are enough to look at."""


def refuse_accumulated(precip: xr.DataArray, settings: Data, target: xr.DataArray | None = None) -> Outcome:
    """Refuse rain that hardly ever falls from one day to the next, as sums since 1 January or a first day do.

    Args:
        precip: (time, y, x) [mm/day], NaN where invalid.
        settings: the section ``data`` of the configuration; not read.
        target: not read.

    Raises:
        UserError: more than 80 % of the changes are rises.
    """
    every = max(1, precip[0].size // _CELLS)
    rises = falls = 0
    last = np.empty((0, len(range(0, precip[0].size, every))), dtype=precip.dtype)
    for _, block in blocks(precip):
        cells = np.concatenate([last, block.reshape(len(block), -1)[:, ::every]])
        changes, last = np.diff(cells, axis=0), cells[-1:]
        rises, falls = rises + int((changes > 0).sum()), falls + int((changes < 0).sum())
    if rises + falls >= FEWEST and rises > MOST_RISES * (rises + falls):
        raise UserError(
            f"'{precip.name}' rises on {rises / (rises + falls):.0%} of its changes from one day to the next, as rain "
            "that is summed up since a first day does; expected the rain of each day; take differences of the days "
            "first, such as with 'cdo deltat'"
        )
    return Outcome(precip)


INPUT_CHECKS.add(
    InputCheck(
        name="accumulated",
        order=25,
        title="accumulated rain",
        meaning=f"Rain that rises in more than {MOST_RISES:.0%} of its changes from day to day is a running sum and "
        "is refused.",
        looks_at=("target", "predictor"),
        moment="converted",
        function=refuse_accumulated,
    )
)
