"""Angles and distances on the sphere [degrees]."""

from __future__ import annotations

import numpy as np


def wrap_degrees(degrees: np.ndarray) -> np.ndarray:
    """Angles between -180 and 180 [degrees]."""
    return (degrees + 180.0) % 360.0 - 180.0


def typical_step(latitude: np.ndarray, longitude: np.ndarray) -> float:
    """Median distance between neighbouring cells [degrees of latitude].

    Args:
        latitude: (ny, nx) [degrees north].
        longitude: (ny, nx) [degrees east].

    Returns:
        The smaller of the medians along the two axes; 1.0 for a single cell.
    """
    steps = []
    for axis in (0, 1):
        if latitude.shape[axis] > 1:
            shrink = np.cos(np.deg2rad(latitude)).take(range(latitude.shape[axis] - 1), axis=axis)
            east = wrap_degrees(np.diff(longitude, axis=axis)) * shrink
            steps.append(float(np.median(np.hypot(np.diff(latitude, axis=axis), east))))
    return min(steps, default=1.0)
