"""Fractions of events in neighbourhoods: is the rain near the place where it was observed, and at what scale?"""

from __future__ import annotations

import numpy as np
import xarray as xr

from rainsmith.base.dims import TIME
from rainsmith.metrics.core import SCALE, THRESHOLD, Pairs, Settings
from rainsmith.metrics.extremes import thresholds_of
from rainsmith.metrics.registry import metric


def fraction_terms(pairs: Pairs, settings: Settings) -> xr.Dataset:
    """Sums over each day of the squared differences of fractions, and of the largest value that they could have.

    A fraction is the share of the valid cells of a window that have the event. Hence coasts bias neither members nor
    observation.
    """
    thresholds, scales = thresholds_of(settings), np.asarray(settings.scales, dtype=np.int64)
    days, series, _ = pairs.fields.shape
    shape = (days, len(thresholds), len(scales))
    difference, reference = np.zeros(shape), np.zeros(shape)
    margin = int(scales.max(initial=1)) // 2 + 1
    for day in range(days):  # day by day: what one day needs stays in the cache of a core
        weights: list[np.ndarray] = []
        for i, threshold in enumerate(thresholds):
            event = (pairs.fields[day] >= threshold) & pairs.valid[day]
            if not event.any():  # all fractions are 0
                continue
            counts = _integral(event, pairs, margin)
            weights = weights or _weights(pairs, day, scales, margin)
            for j, side in enumerate(scales):
                share = _window_counts(counts, int(side), margin, pairs.grid) * weights[j]
                fcst, obs = share[:-1], share[-1]
                difference[day, i, j] = _squares(fcst - obs)
                reference[day, i, j] = _squares(fcst) + _squares(obs) * (series - 1)
    dims = (TIME, THRESHOLD, SCALE)
    return xr.Dataset(
        {"fraction_error": (dims, difference), "fraction_reference": (dims, reference)},
        coords={THRESHOLD: thresholds, SCALE: scales},
    )


def _weights(pairs: Pairs, day: int, scales: np.ndarray, margin: int) -> list[np.ndarray]:
    """For each scale, one over the valid cells in the window of each valid cell, 0 at invalid ones."""
    counts = _integral(pairs.valid[day], pairs, margin)
    here = _window_counts(counts, 1, margin, pairs.grid)
    windows = (_window_counts(counts, int(side), margin, pairs.grid) for side in scales)
    return [(here / np.maximum(window, 1)).astype(np.float32) for window in windows]


def _integral(flags: np.ndarray, pairs: Pairs, margin: int) -> np.ndarray:
    """How many flags (..., cell) lie above and to the left of each cell of the grid with a margin around it."""
    rows, columns = pairs.grid
    sums = np.zeros((*flags.shape[:-1], rows + 2 * margin, columns + 2 * margin), dtype=np.int32)
    row, column = np.divmod(pairs.cells, columns)
    sums[..., margin + row, margin + column] = flags
    np.cumsum(sums, axis=-2, out=sums)
    return np.cumsum(sums, axis=-1, out=sums)


def _window_counts(integral: np.ndarray, side: int, margin: int, grid: tuple[int, int]) -> np.ndarray:
    """Flags in the window of ``side`` cells around each cell of the grid, from four corners of the integral."""
    before, upto = margin - side // 2 - 1, margin + (side - 1) // 2
    top, bottom = slice(before, before + grid[0]), slice(upto, upto + grid[0])
    left, right = slice(before, before + grid[1]), slice(upto, upto + grid[1])
    counts = integral[..., bottom, right] - integral[..., top, right]
    counts -= integral[..., bottom, left]
    counts += integral[..., top, left]
    return counts.astype(np.float32)


def _squares(values: np.ndarray) -> float:
    """Sum of squares; each row is summed in single precision, for which it is short enough."""
    return float(np.einsum("...i,...i", values, values).sum(dtype=np.float64))


@metric(fraction_terms, units="1", perfect=1.0, order=420, title="Fractions skill score", aim="high")
def fss(sums: xr.Dataset) -> xr.DataArray:
    """Fractions skill score, each member a forecast of its own.

    1 - sum (p - q)^2 / (sum p^2 + sum q^2), where p and q are the forecast and observed shares of the valid cells of a
    window that have the event. The sums are over cells, days and members, before the ratio.

    References:
        Roberts and Lean (2008), doi:10.1175/2007MWR2123.1.
    """
    return 1 - sums["fraction_error"] / sums["fraction_reference"].where(sums["fraction_reference"] > 0)
