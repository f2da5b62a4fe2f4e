"""Fractions of events in neighbourhoods: is the rain near the place where it was observed, and at what scale?"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import xarray as xr

from rainsmith.base.dims import TIME
from rainsmith.metrics.core import SCALE, THRESHOLD, Pairs, Settings, in_float32
from rainsmith.metrics.extremes import thresholds_of
from rainsmith.metrics.registry import metric
from rainsmith.metrics.windows import window_sums


def fraction_terms(pairs: Pairs, settings: Settings) -> xr.Dataset:
    """Sums over each day of the squared differences of fractions, and of the largest value that they could have.

    A fraction is the share of the valid cells of a window that have the event. Hence coasts bias neither members nor
    observation.
    """
    thresholds, scales = thresholds_of(settings), np.asarray(settings.scales, dtype=np.int64)
    days, series, _ = pairs.fields.shape
    limits = in_float32(thresholds)[:, None, None]
    shape = (days, len(thresholds), len(scales))
    difference, reference = np.zeros(shape), np.zeros(shape)
    valid: np.ndarray | None = None
    for day in range(days):  # day by day: what one day needs stays in the cache of a core
        events = (pairs.fields[day] >= limits) & pairs.valid[day]  # (threshold, series, cell)
        some = events.any(axis=2)  # (threshold, series); without an event all fractions are 0
        used = np.flatnonzero(some.any(axis=1))
        if not used.size:
            continue
        if valid is None or not np.array_equal(valid, pairs.valid[day]):
            valid, weights = pairs.valid[day], _weights(pairs, day, settings.scales)
        some[used, -1] = True
        stops = some.sum(axis=1)[used].cumsum()
        starts = np.concatenate([[0], stops[:-1]])
        for j, counts in enumerate(window_sums(_on_grid(events[some], pairs), settings.scales)):
            share = np.multiply(counts, weights[j], dtype=np.float32)
            total = np.add.reduceat(_squares(share), starts)
            for start, last in zip(starts, stops - 1, strict=True):  # the observation is the last of its threshold
                share[start:last] -= share[last]
            squares = _squares(share)
            observed = squares[stops - 1]
            reference[day, used, j] = total + observed * (series - 2)
            difference[day, used, j] = np.add.reduceat(squares, starts) + observed * (series - 1 - (stops - starts))
    dims = (TIME, THRESHOLD, SCALE)
    return xr.Dataset(
        {"fraction_error": (dims, difference), "fraction_reference": (dims, reference)},
        coords={THRESHOLD: thresholds, SCALE: scales},
    )


def _weights(pairs: Pairs, day: int, scales: Sequence[int]) -> list[np.ndarray]:
    """For each scale, one over the valid cells in the window of each valid cell, 0 at invalid ones: (row, column)."""
    valid = _on_grid(pairs.valid[day, None], pairs)
    return [(valid[0] / np.maximum(counts[0], 1)).astype(np.float32) for counts in window_sums(valid, scales)]


def _on_grid(flags: np.ndarray, pairs: Pairs) -> np.ndarray:
    """Flags (map, cell) as (map, row, column), false where no cell is valid on any day."""
    grid = np.zeros((len(flags), pairs.grid[0] * pairs.grid[1]), dtype=bool)
    grid[:, pairs.cells] = flags
    return grid.reshape(-1, *pairs.grid)


def _squares(values: np.ndarray) -> np.ndarray:
    """Sums of squares (map,); each row is summed in single precision, for which it is short enough."""
    return np.asarray(np.einsum("...i,...i", values, values).sum(axis=1, dtype=np.float64))


@metric(fraction_terms, units="1", perfect=1.0, order=420, title="Fractions skill score", aim="high")
def fss(sums: xr.Dataset) -> xr.DataArray:
    """Fractions skill score, each member a forecast of its own.

    1 - sum (p - q)^2 / (sum p^2 + sum q^2), where p and q are the forecast and observed shares of the valid cells of a
    window that have the event. The sums are over cells, days and members, before the ratio.

    References:
        Roberts and Lean (2008), doi:10.1175/2007MWR2123.1.
    """
    return 1 - sums["fraction_error"] / sums["fraction_reference"].where(sums["fraction_reference"] > 0)
