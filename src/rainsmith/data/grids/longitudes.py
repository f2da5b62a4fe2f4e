"""Longitudes of an axis written without a jump, and gaps in any axis."""

from __future__ import annotations

import numpy as np

GAP_RATIO = 1.9
"""A step that exceeds both its neighbours by this factor is a gap; a missing cell makes a step twice as long."""
MOST_GAPS = 0.1
"""Where more of the steps than this share (and more than two) are long, the axis is coarsely rounded, not broken."""
_SAME_PLACE = 0.01
"""[cells] Two columns nearer than this are one: many global files repeat the first column as the last."""


def find_gap(axis: np.ndarray, *, longitudes: bool = False) -> int | None:
    """Find a step that is much longer than those beside it.

    Args:
        axis: (n,) values that only rise or only fall.
        longitudes: True for [degrees east], where a step of more than half a turn is always a gap.

    Returns:
        The position of the value before the gap, None where there is no gap.
    """
    step = np.abs(np.diff(axis))
    if longitudes and (step > 180.0).any():
        return int(np.argmax(step))
    if len(step) < 2:
        return None
    padded = np.concatenate([[0.0], step, [0.0]])
    beside = np.maximum(padded[:-2], padded[2:])
    long = (beside > 1e-6 * step.max()) & (step > GAP_RATIO * beside)  # places that are coarsely rounded repeat
    if not long.any() or long.sum() > max(2, MOST_GAPS * len(step)):
        return None
    return int(np.argmax(np.where(long, step, 0.0)))


def unroll(longitude: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Write longitudes without a jump, in an order in which they rise.

    Longitudes of a region across the date line or across Greenwich jump by a whole turn in one way to count them. They
    are counted from -180, from 0 or from the widest empty part of the circle, whichever leaves no gap.

    Args:
        longitude: (n,) [degrees east], finite, in any order.

    Returns:
        The longitudes (m,), and which of the given ones they are. Longitudes that already rise or fall without a gap
        are returned as they are. A column that repeats another a whole turn further on is left out. Where a gap is left
        however they are counted, the first way to count is returned; ``find_gap`` then tells.
    """
    order = np.arange(len(longitude))
    if len(longitude) < 2:
        return longitude, order
    if _is_whole(longitude):
        step = float(np.median(np.abs(np.diff(longitude))))
        turn = abs(abs(float(longitude[-1]) - float(longitude[0])) - 360.0)
        last = -1 if len(longitude) > 2 and turn < _SAME_PLACE * step else None
        return longitude[:last], order[:last]
    ways = [_sorted((longitude + 180.0) % 360.0 - 180.0), _sorted(longitude % 360.0)]
    ways.append(_from_widest_gap(longitude, *ways[1]))
    return next((way for way in ways if _is_whole(way[0])), ways[0])


def _is_whole(axis: np.ndarray) -> bool:
    step = np.diff(axis)
    return bool((step > 0).all() or (step < 0).all()) and find_gap(axis, longitudes=True) is None


def _sorted(longitude: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rising longitudes without repetition, and which of the given ones they are."""
    order = np.argsort(longitude, kind="stable")
    rising = longitude[order]
    step = np.diff(rising)
    positive = step[step > 0]
    least = _SAME_PLACE * float(np.median(positive)) if positive.size else 0.0
    new = np.concatenate([[True], step > least])
    return rising[new], order[new]


def _from_widest_gap(longitude: np.ndarray, east: np.ndarray, order: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Longitudes that begin east of the widest empty part of the circle; ``east`` rises from 0 to 360."""
    first = int(np.argmax(np.diff(np.append(east, east[0] + 360.0)))) + 1
    turned = np.concatenate([east[first:] - 360.0, east[:first]])
    return turned, np.concatenate([order[first:], order[:first]])
