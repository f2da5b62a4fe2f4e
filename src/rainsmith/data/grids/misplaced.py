"""Cells whose 2-D latitudes and longitudes cannot be right: missing, filled, repeated or far from their neighbours."""

from __future__ import annotations

import numpy as np

from rainsmith.data.grids.longitudes import find_gap

MOST_REPEATED = 4
"""A place that more cells than this share is a fill value, except at a pole; rounding makes a few coincide."""
FAR_STEPS = 5.0
"""A neighbour farther off than this many typical steps is no neighbour."""
_POLE = 89.9


def misplaced_cells(latitude: np.ndarray, longitude: np.ndarray) -> np.ndarray:
    """Find cells without a usable place.

    Args:
        latitude: (y, x) [degrees north].
        longitude: (y, x) [degrees east].

    Returns:
        (y, x) bool, True where a value is missing or out of range, where more than four cells share one place, where
        several cells lie at 0 north and 0 east, and for a single cell that is far from all of its neighbours.
    """
    with np.errstate(invalid="ignore"):
        bad = ~(np.isfinite(latitude) & np.isfinite(longitude))
        bad |= (np.abs(latitude) > 90.0 + 1e-3) | (np.abs(longitude) > 720.0)
    at_origin = (latitude == 0) & (longitude == 0)
    if at_origin.sum() > 1:
        bad |= at_origin
    both = np.stack([latitude, longitude], axis=-1)[~bad]
    places, which, count = np.unique(both, axis=0, return_inverse=True, return_counts=True)
    repeated = (count > MOST_REPEATED) & (np.abs(places[:, 0]) < _POLE)
    bad[~bad] = repeated[which.ravel()]
    if bad.any() or min(latitude.shape) < 3:
        return bad
    far = np.ones(latitude.shape, dtype=bool)
    for axis, step in enumerate(_steps(latitude, longitude)):
        broken = step > FAR_STEPS * max(float(np.median(step)), 1e-12)
        edge = np.ones_like(broken.take([0], axis=axis))
        far &= np.concatenate([edge, broken], axis=axis) & np.concatenate([broken, edge], axis=axis)
    return far


def broken_line(latitude: np.ndarray, longitude: np.ndarray) -> tuple[str, int] | None:
    """Find neighbouring rows or columns that lie far apart.

    Args:
        latitude: (y, x) [degrees north], all of them usable.
        longitude: (y, x) [degrees east].

    Returns:
        "rows" or "columns" and the number of the first of both, None where all neighbours lie together.
    """
    for name, axis, step in zip(("rows", "columns"), (0, 1), _steps(latitude, longitude), strict=True):
        # a single row or column that is missing makes all steps across it twice as long as those beside it
        gap = find_gap(np.append(0.0, np.cumsum(np.median(step, axis=1 - axis)))) if step.size else None
        if gap is not None:
            return name, gap
        if step.size and (wide := step > FAR_STEPS * max(float(np.median(step)), 1e-12)).any():
            return name, int(np.argwhere(wide)[0][axis])
    return None


def _steps(latitude: np.ndarray, longitude: np.ndarray) -> list[np.ndarray]:
    """Chords between neighbours along y and along x [radii of the earth]."""
    lat, lon = np.deg2rad(latitude), np.deg2rad(longitude)
    place = np.stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)], axis=-1)
    return [np.linalg.norm(np.diff(place, axis=axis), axis=-1) for axis in (0, 1)]
