"""The check ``gaps-in-maps``: a static map without values where the target has rain is counted or refused."""

from __future__ import annotations

import numpy as np
import xarray as xr

from rainsmith.base.dims import TIME, valid_cells
from rainsmith.base.errors import UserError
from rainsmith.config import Data
from rainsmith.data.checks.registry import INPUT_CHECKS, InputCheck, Outcome
from rainsmith.data.grids.grid import Grid
from rainsmith.data.grids.locate import locate_points

MOST = 0.01
"""Share of the valid cells of the target that may lack a value in a map."""


def refuse_many_gaps(field: xr.DataArray, settings: Data, target: xr.DataArray | None = None) -> Outcome:
    """Count the valid cells of the target at which a static map has no value and becomes 0; refuse more than 1 %.

    Args:
        field: (y, x), in the unit of its file, NaN where it has no value.
        settings: the section ``data`` of the configuration; not read.
        target: (time, y, x) [mm/day], NaN where invalid, on any grid; None where there is none.

    Raises:
        UserError: the map lacks a value in more than 1 % of the cells.
    """
    present = np.isfinite(field.values)
    if target is None or present.all():
        return Outcome(field)
    valid = valid_cells(target).values
    try:
        row, column, within = locate_points(Grid.of(field), Grid.of(target.isel({TIME: 0})))
    except UserError:  # whoever brings the map to the grid of the target says why
        if present.shape != valid.shape:
            return Outcome(field)
        gaps = valid & ~present
    else:
        nearest = [np.clip(np.rint(i), 0, n - 1).astype(int) for i, n in zip((row, column), present.shape, strict=True)]
        gaps = valid & within & ~present[nearest[0], nearest[1]]
    count, cells = int(gaps.sum()), int(valid.sum())
    if count > MOST * cells:
        raise UserError(
            f"static map '{field.name}' has no value in {count} of the {cells} cells where the target has rain "
            f"(missing, or a code for it); expected at most {MOST:.0%}; fill it there, with 0 if that is meant"
        )
    notice = f"{count} valid cells without a value of '{field.name}' set to 0" if count else ""
    return Outcome(field, {"cells_set_to_0": count} if count else {}, notice)


INPUT_CHECKS.add(
    InputCheck(
        name="gaps-in-maps",
        order=60,
        title="gaps in static maps",
        meaning=(
            f"Cells with rain at which a static map has no value are counted; more than {MOST:.0%} of them are refused."
        ),
        looks_at=("static",),
        moment="read",
        function=refuse_many_gaps,
    )
)
