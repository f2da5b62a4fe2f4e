"""The check ``suspect-values``: values that all their neighbours contradict are kept, masked or refused."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr

from rainsmith.base.errors import UserError
from rainsmith.base.large_arrays import blocks, changed
from rainsmith.config import Data
from rainsmith.data.checks.place import place_of
from rainsmith.data.checks.registry import INPUT_CHECKS, InputCheck, Outcome

SUSPECT_EXCESS_MM = 200.0
"""[mm/day] A suspect value exceeds the median of its neighbours by more than this."""
SUSPECT_FACTOR = 2.5
"""A suspect value is also more than this many times the median of its neighbours."""
SUSPECT_NEIGHBOURS = 3
"""Fewer valid neighbours (of eight) can neither support nor contradict a value."""


@dataclass(frozen=True)
class Suspect:
    """One value that stands alone.

    Attributes:
        index: its position along time, y and x.
        day: its date.
        y, x: its coordinates, or its row and column number where there are none.
        value: [mm/day].
        neighbours: median of its valid neighbours [mm/day].
    """

    index: tuple[int, int, int]
    day: str
    y: float
    x: float
    value: float
    neighbours: float

    def __str__(self) -> str:
        return f"{self.day} y={self.y:g} x={self.x:g} {self.value:.1f} mm (neighbours {self.neighbours:.1f} mm)"


def find_suspects(precip: xr.DataArray) -> list[Suspect]:
    """Values that their eight neighbours contradict.

    A value is suspect where it exceeds the *median* of its valid neighbours of the same day by more than 200 mm/day
    and by more than a factor of 2.5. The median asks that most of the surroundings disagree, so that a broad or a
    ridge-shaped extreme supports itself; the factor lets steep mountain gradients within a very wet field pass; the
    absolute excess leaves isolated convection, where ratios are large at moderate totals, alone. It has the form of
    the spatial corroboration check of GHCN-Daily, whose allowed difference is 269 mm less a share for climatologically
    extreme days (Durre et al. 2010, doi:10.1175/2010JAMC2375.1). The largest excesses are 89 mm/day among 4018 days
    of HadUK-Grid (12 km), and 361, 211 and 173 mm/day among 2922 days of SPREAD on the Balearic Islands (5 km).

    Args:
        precip: (time, y, x) [mm/day], NaN where invalid.
    """
    suspects = []
    for part, block in blocks(precip):
        suspects += _suspects_of(block, precip, part.start)
    return suspects


def _suspects_of(values: np.ndarray, precip: xr.DataArray, start: int) -> list[Suspect]:
    """Those of a block that begins at a place along time; a value is compared with others of its own day only."""
    with np.errstate(invalid="ignore"):
        candidates = np.argwhere(values > SUSPECT_EXCESS_MM)
    if not len(candidates):
        return []
    around = np.full((len(candidates), 8), np.nan)
    steps = [(i, j) for i in (-1, 0, 1) for j in (-1, 0, 1) if (i, j) != (0, 0)]
    t, row, col = candidates.T
    for k, (i, j) in enumerate(steps):
        inside = (row + i >= 0) & (row + i < values.shape[1]) & (col + j >= 0) & (col + j < values.shape[2])
        around[inside, k] = values[t[inside], row[inside] + i, col[inside] + j]
    known = np.isfinite(around).sum(1) >= SUSPECT_NEIGHBOURS
    candidates, around = candidates[known], around[known]
    if not len(candidates):
        return []
    median = np.nanmedian(around, axis=1)
    value = values[tuple(candidates.T)]
    alone = (value - median > SUSPECT_EXCESS_MM) & (value > SUSPECT_FACTOR * median)
    return [
        Suspect((int(c[0]), int(c[1]), int(c[2])), *place_of(precip, c), float(v), float(m))
        for c, v, m in zip(candidates[alone] + [start, 0, 0], value[alone], median[alone], strict=True)
    ]


def treat_suspect_values(precip: xr.DataArray, settings: Data, target: xr.DataArray | None = None) -> Outcome:
    """Keep, mask or refuse the values that ``find_suspects`` names, as ``data.suspect`` says.

    Args:
        precip: (time, y, x) [mm/day], NaN where invalid. It is not changed.
        settings: the section ``data`` of the configuration, whose ``suspect`` is "keep", "mask" or "error".
        target: not read.

    Raises:
        UserError: there is a suspect value and ``data.suspect`` is "error".
    """
    suspects = find_suspects(precip)
    if suspects and settings.suspect == "error":
        raise UserError(
            f"{len(suspects)} suspect values stand alone among their neighbours: {'; '.join(map(str, suspects[:5]))}; "
            "correct the file, or set data.suspect to mask or keep"
        )
    if suspects and settings.suspect == "mask":
        precip = changed(precip, np.copy)
        for suspect in suspects:
            precip.values[suspect.index] = np.nan
    attributes = {"suspect_values": "; ".join(map(str, suspects)), "suspect_action": settings.suspect}
    return Outcome(precip, attributes, f"{len(suspects)} suspect values ({settings.suspect})")


INPUT_CHECKS.add(
    InputCheck(
        name="suspect-values",
        order=30,
        title="suspect values",
        meaning=(
            f"A value that exceeds the median of its eight neighbours by more than {SUSPECT_EXCESS_MM:g} mm/day and by "
            f"more than a factor of {SUSPECT_FACTOR:g} is kept, masked or refused (data.suspect)."
        ),
        looks_at=("target",),
        moment="converted",
        function=treat_suspect_values,
    )
)
