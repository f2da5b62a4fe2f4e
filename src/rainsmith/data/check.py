"""Quality checks of daily precipitation: impossible values, tiny negatives, values that stand alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import xarray as xr

from rainsmith.base.dims import TIME, X, Y
from rainsmith.base.errors import UserError

LOWEST_MM = -0.1
"""[mm/day] Below this a value is an error; between it and 0 it is a trace of packing or interpolation."""
HIGHEST_MM = 2000.0
"""[mm/day] Above this a value is an error: the largest day on record is 1825 mm (La Reunion, 1966; WMO archive)."""
SUSPECT_EXCESS_MM = 200.0
"""[mm/day] A suspect value exceeds the median of its neighbours by more than this ..."""
SUSPECT_FACTOR = 2.5
"""... and is more than this times that median."""
SUSPECT_NEIGHBOURS = 3
"""Fewer valid neighbours (of eight) can neither support nor contradict a value."""


@dataclass(frozen=True)
class Suspect:
    """One value that stands alone: its place in the array, and what surrounds it [mm/day]."""

    index: tuple[int, int, int]
    day: str
    y: float
    x: float
    value: float
    neighbours: float

    def __str__(self) -> str:
        return f"{self.day} y={self.y:g} x={self.x:g} {self.value:.1f} mm (neighbours {self.neighbours:.1f} mm)"


@dataclass(frozen=True)
class Checked:
    """Precipitation after the checks, and what they found."""

    precip: xr.DataArray
    negatives: int
    suspects: tuple[Suspect, ...]


def check_precip(precip: xr.DataArray, *, suspect: Literal["keep", "mask", "error"] = "mask") -> Checked:
    """Refuse impossible rain, set tiny negatives to 0 and treat values that stand alone.

    Args:
        precip: (time, y, x) [mm/day], NaN where invalid.
        suspect: what happens to suspect values (``find_suspects``): kept, set to NaN, or refused.

    Raises:
        UserError: no valid value, a value below -0.1 or above 2000 mm/day, or a suspect value with ``error``.
    """
    values = precip.values
    if not np.isfinite(values).any():
        raise UserError("precipitation holds no valid value at all; look at the file's fill value and 'variable:'")
    _refuse(precip, values < LOWEST_MM, f"below {LOWEST_MM:g}", "a wrong variable, unit or fill value")
    _refuse(precip, values > HIGHEST_MM, f"above {HIGHEST_MM:g}", "a wrong unit ('units:') or fill value")
    negative = values < 0
    negatives = int(negative.sum())
    suspects = find_suspects(precip)
    if suspects and suspect == "error":
        raise UserError(
            f"{len(suspects)} suspect values stand alone among their neighbours: {'; '.join(map(str, suspects[:5]))}; "
            "correct the file, or set data.suspect to mask or keep"
        )
    if negatives or (suspects and suspect == "mask"):
        values = np.where(negative, values.dtype.type(0), values)
        for one in suspects if suspect == "mask" else ():
            values[one.index] = np.nan
        precip = precip.copy(data=values)
    return Checked(precip, negatives, tuple(suspects))


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
    values = precip.values
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
        Suspect((int(c[0]), int(c[1]), int(c[2])), *_place(precip, c), float(v), float(m))
        for c, v, m in zip(candidates[alone], value[alone], median[alone], strict=True)
    ]


def _place(precip: xr.DataArray, index: np.ndarray) -> tuple[str, float, float]:
    cell = precip.isel({TIME: int(index[0]), Y: int(index[1]), X: int(index[2])})
    stamp = str(cell[TIME].values)[:10]
    return (
        stamp,
        float(cell[Y]) if Y in cell.coords else float(index[1]),
        float(cell[X]) if X in cell.coords else float(index[2]),
    )


def _refuse(precip: xr.DataArray, wrong: np.ndarray, limit: str, reason: str) -> None:
    if not wrong.any():
        return
    first = np.argwhere(wrong)[0]
    day, y, x = _place(precip, first)
    value = float(precip.values[tuple(first)])
    raise UserError(
        f"precipitation has {int(wrong.sum())} values {limit} mm/day (first: {value:.4g} mm/day on {day} at "
        f"y={y:g} x={x:g}); expected {LOWEST_MM:g} to {HIGHEST_MM:g}; this points to {reason}"
    )
