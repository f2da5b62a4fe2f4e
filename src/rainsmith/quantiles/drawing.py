"""Members are drawn a few at a time, and only the distributions that they give are kept, a day at a time."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from torch import Tensor

from rainsmith.base.large_arrays import empty, release
from rainsmith.models.generative import AT_ONCE, days_at_once
from rainsmith.quantiles.distribution import Distribution
from rainsmith.sample.sampler import Sampler


def distributions(
    sampler: Sampler, x: Tensor, days: np.ndarray, members: int, traces: np.ndarray | None = None
) -> Iterator[Distribution]:
    """The distribution of the rain of the valid cells on each of some days, in their order.

    Values of many members of a large grid lie in a file (``large_arrays_in``), so that memory does not grow with them.

    Args:
        sampler: draws prior members.
        x: (N, C, H_lr, W_lr) raw predictors.
        days: (N,) YYYYMMDD.
        members: number of members a day.
        traces: amounts that dry members get, as in ``Distribution``.
    """
    cells, size = np.flatnonzero(sampler.mask.numpy()), sampler.mask.numel()
    some, step = max(1, min(members, AT_ONCE // size)), days_at_once(len(days), members, size)
    for start in range(0, len(days), step):
        part = slice(start, start + step)
        values = [empty((len(cells), members)) for _ in days[part]]
        for first in range(0, members, some):
            numbers = range(first, min(first + some, members))
            drawn = sampler.draw(x[part], days[part], numbers)
            for of_day, fields in zip(values, drawn, strict=True):
                of_day[:, numbers.start : numbers.stop] = fields.reshape(len(numbers), size)[:, cells].T
                release(of_day)
        yield from (Distribution(of_day, traces) for of_day in values)
