"""Whether a grid covers the cells that it is wanted on, and the message where it does not."""

from __future__ import annotations

import numpy as np

from rainsmith.base.errors import UserError
from rainsmith.data.grids.grid import Grid
from rainsmith.data.grids.locate import locate_points
from rainsmith.data.grids.sphere import wrap_degrees

Box = tuple[float, float, float, float]
"""Least and greatest latitude, and the western and eastern longitude [degrees]."""

_ADVICE = "give files of a larger region, or a smaller 'data.coarse_grid'"


def refuse_uncovered(source: Grid, wanted: Grid, name: str, cells: np.ndarray | None = None) -> None:
    """Refuse a grid that does not reach all the cells that it is wanted on.

    A cell is covered where its centre lies within a cell of the source, so that at most half a cell is continued.

    Args:
        source: the grid of a field.
        wanted: the grid that the field is needed on.
        name: the field in the message.
        cells: (y, x) bool, the cells of ``wanted`` that count; None for all.

    Raises:
        UserError: a cell is not covered, or nothing relates the two grids.
    """
    _, _, within = locate_points(source, wanted)
    refuse_outside(within if cells is None else within[cells], source, wanted, name)


def refuse_outside(within: np.ndarray, source: Grid, wanted: Grid, name: str) -> None:
    """The same where it is known which cells lie within the source.

    Args:
        within: bool of any shape, True for a cell that is covered.
        source: the grid of a field.
        wanted: the grid that the field is needed on.
        name: the field in the message.

    Raises:
        UserError: a cell is not covered; the message gives the extents of both.
    """
    if within.all():
        return
    here, there = extents_of(source, wanted)
    raise UserError(
        f"'{name}' covers {within.mean():.0%} of the cells that it is wanted on ({here}; wanted: {there}); "
        f"expected all; {_likely_mistake(source, wanted) or _ADVICE}"
    )


def extents_of(*grids: Grid) -> tuple[str, ...]:
    """The extent of each grid in words: latitudes and longitudes where all have them, else the axes."""
    boxes = [box_of(grid) for grid in grids]
    known = [box for box in boxes if box is not None]
    if len(known) == len(grids):
        return tuple(f"latitude {b[0]:.6g} to {b[1]:.6g}, longitude {b[2]:.6g} to {b[3]:.6g}" for b in known)
    return tuple(f"y {g.y[0]:.6g} to {g.y[-1]:.6g}, x {g.x[0]:.6g} to {g.x[-1]:.6g}" for g in grids)


def box_of(grid: Grid) -> Box | None:
    """The latitudes and longitudes between which the centres of the cells lie; None where they are unknown."""
    if grid.latitude is None or grid.longitude is None:
        return None
    # longitudes are counted from a cell in the middle, so that a region across the date line stays narrow
    middle = float(grid.longitude[grid.shape[0] // 2, grid.shape[1] // 2])
    east = middle + wrap_degrees(grid.longitude - middle)
    if grid.has_axes and grid.crs is not None and grid.crs.is_geographic:
        east = grid.longitude  # the axis is known to be without a jump
    return float(grid.latitude.min()), float(grid.latitude.max()), float(east.min()), float(east.max())


def _likely_mistake(source: Grid, wanted: Grid) -> str:
    """What may be wrong with the coordinates, "" where the grids simply lie elsewhere."""
    here, there = box_of(source), box_of(wanted)
    if here is None or there is None:
        return ""
    south, north, west, east = there
    if _holds(here, (west, east, south, north)):
        return "latitude and longitude look exchanged in one of the files; correct its coordinates"
    if _holds(here, (-north, -south, west, east)):
        return "latitudes look as if they had lost their sign in one of the files; correct its coordinates"
    if _holds(here, (south, north, -east, -west)):
        return "longitudes look as if they had lost their sign in one of the files; correct its coordinates"
    return ""


def _holds(large: Box, small: Box) -> bool:
    middle = (large[2] + large[3]) / 2
    half = (large[3] - large[2]) / 2
    lies_east = all(abs(float(wrap_degrees(np.asarray(lon - middle)))) <= half for lon in small[2:])
    return large[0] <= small[0] and small[1] <= large[1] and lies_east
