"""The noise of a member: a pure function of (seed, day, member), with or without a memory of the days before."""

from __future__ import annotations

import math
from collections.abc import Sequence

import cftime
import numpy as np
import torch
from torch import Tensor

_STREAM = 0x7261696E  # separates member noise from any other use of the same seed


_FORGOTTEN = 1e-3  # a day before whose weight is less than this times the day's own is left out


def member_noise(
    seed: int,
    days: np.ndarray,
    members: Sequence[int],
    shapes: Sequence[tuple[int, ...]],
    *,
    memory: float = 0.0,
    calendar: str = "standard",
) -> list[Tensor]:
    """Standard normal noise, the same whatever the batch, the order, the processes or the device.

    Philox is a counter-based generator (Salmon et al. 2011, doi:10.1145/2063384.2063405): each (day, member) has a
    stream of its own, and the latent levels follow each other in it. With a memory the noise of a member follows an
    AR(1) process from day to day, written as the moving average of the independent noise of the days before
    (u_t = sum_k memory^k e_{t-k}, of unit variance), so that no day has to be drawn before another.

    Args:
        seed: of the sampling.
        days: (N,) integers YYYYMMDD.
        members: the numbers of the K members.
        shapes: shape of the noise of one member, one entry a latent level.
        memory: correlation of the noise of one day with that of the day before, 0 to less than 1.
        calendar: CF calendar of the days; it says which day comes before another.

    Returns:
        One float32 tensor (N, K, *shape) a level.
    """
    sizes = [math.prod(shape) for shape in shapes]
    before = 1 + (math.ceil(math.log(_FORGOTTEN) / math.log(memory)) if memory > 0 else 0)
    weights = memory ** np.arange(before, dtype=np.float64)
    weights = (weights / np.sqrt((weights**2).sum())).astype(np.float32)
    earlier = _days_before(days, before, calendar)
    streams: dict[tuple[int, int], np.ndarray] = {}
    drawn = np.zeros((len(days), len(members), sum(sizes)), dtype=np.float32)
    for i, k in np.ndindex(len(days), len(members)):
        for weight, day in zip(weights, earlier[i], strict=True):
            key = (int(day), int(members[k]))
            if key not in streams:
                streams[key] = _stream(seed, *key, sum(sizes))
            drawn[i, k] += weight * streams[key]
            if before == 1:
                del streams[key]
    parts = np.split(drawn, np.cumsum(sizes)[:-1], axis=2)
    return [
        torch.from_numpy(np.ascontiguousarray(part)).reshape(len(days), len(members), *shape)
        for part, shape in zip(parts, shapes, strict=True)
    ]


def _stream(seed: int, day: int, member: int, size: int) -> np.ndarray:
    stream = np.random.Philox(key=[seed % 2**64, _STREAM], counter=[0, 0, member, day])
    return np.random.Generator(stream).standard_normal(size, dtype=np.float32)


def _days_before(days: np.ndarray, count: int, calendar: str) -> np.ndarray:
    """(N, count) the days themselves, then the days before them, as YYYYMMDD."""
    if count == 1:
        return np.asarray(days)[:, None]
    dates = [cftime.datetime(int(d) // 10000, int(d) // 100 % 100, int(d) % 100, calendar=calendar) for d in days]
    unit = "days since 0001-01-01"
    number = cftime.date2num(dates, unit, calendar)[:, None] - np.arange(count)
    before = cftime.num2date(number.ravel(), unit, calendar)
    return np.array([d.year * 10000 + d.month * 100 + d.day for d in before]).reshape(number.shape)
