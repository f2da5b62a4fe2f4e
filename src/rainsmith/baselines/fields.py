"""Fields that the baselines share: training days without gaps, the coarse rain, and its interpolation.

Fields of cells are flat, (day, cell) over the valid cells of the domain, so that no invalid cell is ever read.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr
from scipy import ndimage

from rainsmith.base.dims import SPLITS, TIME
from rainsmith.base.errors import UserError
from rainsmith.base.large_arrays import blocks_of_days, empty, release
from rainsmith.data.grids.bilinear import bilinear

FLOOR_MM = 0.02
"""[mm/day] Added to both sides of a ratio of coarse fields, or its smallest divisor: a dry day keeps it finite."""


class NotApplicable(UserError):
    """A baseline cannot be formed from these data; the message says what it lacks."""


@dataclass(frozen=True)
class CoarseRain:
    """The coarse rain of each day itself, without gaps, and how it lies under the fine cells.

    Attributes:
        fields: (time, y_lr, x_lr) [mm/day], missing cells filled from the nearest valid one.
        row: (cell,) fractional row of each valid fine cell in the coarse grid, clamped to it.
        col: (cell,) fractional column, likewise.
        block: (cell,) flat index of the coarse cell that holds each fine cell.
        share: (y_lr * x_lr,) number of valid fine cells in each coarse cell.
        exact: the coarse cells are block means of the target.
    """

    fields: np.ndarray
    row: np.ndarray
    col: np.ndarray
    block: np.ndarray
    share: np.ndarray
    exact: bool

    def at_cells(self, fields: np.ndarray, cells: slice = slice(None)) -> np.ndarray:
        """Bilinear interpolation of coarse fields (day, y_lr, x_lr) to the fine cells, or some of them: (day, cell)."""
        return bilinear(fields, self.row[cells], self.col[cells])

    def block_values(self, fields: np.ndarray) -> np.ndarray:
        """Each fine cell's own coarse cell, without interpolation: (day, cell)."""
        return np.asarray(fields.reshape(len(fields), -1)[:, self.block])


def has_coarse_rain(store: xr.Dataset) -> bool:
    """Whether a channel of the predictors is coarse rain."""
    return bool(store.attrs.get("coarse_rain_channel", ""))


def coarse_rain(store: xr.Dataset) -> CoarseRain:
    """The coarse rain among the predictors of a store that has some (``has_coarse_rain``)."""
    channel = store.attrs["coarse_rain_channel"]
    mask = store["mask"].values
    raw = store["predictors"].sel(channel=channel).transpose(TIME, "y_lr", "x_lr").values
    ny, nx = raw.shape[1:]
    block = store["block"].values[mask]
    return CoarseRain(
        fields=fill_nearest(np.asarray(raw, dtype=np.float64)),
        row=np.clip(store["coarse_row"].values[mask].astype(np.float64), 0, ny - 1),
        col=np.clip(store["coarse_col"].values[mask].astype(np.float64), 0, nx - 1),
        block=block,
        share=np.bincount(block, minlength=ny * nx).astype(np.float64),
        exact=int(store.attrs.get("coarsen", 0)) > 0,
    )


@dataclass(frozen=True)
class Library:
    """Training days as whole fields, which are read when they are asked for: a long record does not fit into memory.

    Attributes:
        days: (library day,) indices into the store's time of the training days that hold any rain value.
        rain: (time, y, x) [mm/day] of the store.
        mask: (y, x) bool, the valid cells.
    """

    days: np.ndarray
    rain: xr.DataArray
    mask: np.ndarray

    def fields(self, chosen: np.ndarray) -> np.ndarray:
        """Fields of chosen days, (..., cell) float32 [mm/day] over the valid cells.

        A missing cell takes the nearest valid value of the day.

        Args:
            chosen: (...) positions in the library; each day is read once, however often it is chosen.
        """
        wanted, place = np.unique(chosen, return_inverse=True)
        place = place.reshape(chosen.shape)
        fields = np.empty((*chosen.shape, int(self.mask.sum())), dtype=np.float32)
        for part, block in blocks_of_days(self.rain, self.days[wanted]):
            inside = (place >= part.start) & (place < part.stop)
            fields[inside] = self._without_gaps(block)[place[inside] - part.start]
        return fields

    def by_cell(self) -> np.ndarray:
        """All fields, (cell, library day) float32 [mm/day]; in a file where they are large."""
        fields = empty((int(self.mask.sum()), len(self.days)))
        for part, block in blocks_of_days(self.rain, self.days):
            fields[:, part] = self._without_gaps(block).T
            release(fields)
        return fields

    def _without_gaps(self, rain: np.ndarray) -> np.ndarray:
        """Values (day, cell) of some days (day, y, x) that hold any value."""
        gaps = ~np.isfinite(rain[:, self.mask]).all(axis=1)
        if gaps.any():
            rain = rain.copy()
            rain[gaps] = fill_nearest(np.where(self.mask, rain[gaps], np.nan))
        return np.asarray(rain[:, self.mask], dtype=np.float32)


def library_of(store: xr.Dataset) -> Library:
    """The training days of a store.

    Raises:
        UserError: no training day holds a value.
    """
    mask = store["mask"].values
    rain = store["precip"].transpose(TIME, ...)
    days = np.flatnonzero(store["split"].values == SPLITS.index("train"))
    some = np.zeros(len(days), dtype=bool)
    for part, block in blocks_of_days(rain, days):
        some[part] = np.isfinite(block[:, mask]).any(axis=1)
    if not some.any():
        raise UserError("found no training day with a rain value; the baselines need some; check data.splits")
    return Library(days[some], rain, mask)


def training_days(store: xr.Dataset) -> tuple[np.ndarray, np.ndarray]:
    """All training days in memory, for baselines that need them at once; ``Library`` reads those that are chosen.

    Returns:
        Indices into the store's time of the training days that hold any rain value, and their fields
        (day, cell) float32 [mm/day] over the valid cells; a missing cell takes the nearest valid value of the day.

    Raises:
        UserError: no training day holds a value.
    """
    library = library_of(store)
    return library.days, library.fields(np.arange(len(library.days)))


def fill_nearest(fields: np.ndarray) -> np.ndarray:
    """Copy of (day, row, column) fields whose NaNs take the nearest finite value of that day; empty days stay NaN."""
    filled = fields.copy()
    missing = ~np.isfinite(fields)
    patterns, group = np.unique(np.packbits(missing.reshape(len(fields), -1), axis=1), axis=0, return_inverse=True)
    for number in range(len(patterns)):
        members = np.flatnonzero(group.ravel() == number)
        gap = missing[members[0]]
        if gap.any() and not gap.all():
            row, col = ndimage.distance_transform_edt(gap, return_distances=False, return_indices=True)
            filled[members] = fields[members][:, row, col]
    return filled


def as_forecast(cells: np.ndarray, store: xr.Dataset, days: np.ndarray, name: str) -> xr.DataArray:
    """Values (day, member, cell) as a DataArray (time, member, y, x) float32 [mm/day], NaN at invalid cells."""
    precip = store["precip"].isel({TIME: days})
    mask = store["mask"].values
    values = np.full((*cells.shape[:2], *mask.shape), np.nan, dtype=np.float32)
    values[:, :, mask] = cells
    kept = {key: precip.attrs[key] for key in ("standard_name", "grid_mapping") if key in precip.attrs}
    coords = {key: value for key, value in precip.coords.items() if key != "member"}
    return xr.DataArray(
        values,
        dims=(TIME, "member", "y", "x"),
        coords={**coords, "member": np.arange(cells.shape[1])},
        name="precip",
        attrs={"units": "mm/day", **kept, "long_name": f"precipitation of the baseline {name}"},
    )
