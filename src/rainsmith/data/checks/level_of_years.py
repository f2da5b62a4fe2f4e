"""The check ``level-of-years``: a year that lies far from all others may have another unit than its file says."""

from __future__ import annotations

import numpy as np
import xarray as xr

from rainsmith.base.dims import TIME, day_numbers
from rainsmith.base.large_arrays import count_where
from rainsmith.config import Data
from rainsmith.data.checks.registry import INPUT_CHECKS, InputCheck, Outcome
from rainsmith.data.statistics import domain_means

RATIO = 8.0
"""A year is far from the others where its mean differs from their median by this factor, in a field without negative
values, ..."""
DEVIATIONS = 10.0
"""... or by so many standard deviations of the days of a year."""
FEWEST_DAYS = 90
"""A year of fewer days is left out."""


def warn_of_years(field: xr.DataArray, settings: Data, target: xr.DataArray | None = None) -> Outcome:
    """Warn of years whose level is far from that of the others, as files of another unit or packing have.

    Args:
        field: (time, y, x) in the unit of its file, NaN where invalid.
        settings: the section ``data`` of the configuration; not read.
        target: not read.
    """
    year = day_numbers(field[TIME]) // 10000
    means = domain_means(field.values)
    days = {int(y): means[(year == y) & np.isfinite(means)] for y in np.unique(year)}
    days = {y: values for y, values in days.items() if values.size >= FEWEST_DAYS}
    if len(days) < 3:
        return Outcome(field)
    level = {y: float(values.mean()) for y, values in days.items()}
    middle = float(np.median(list(level.values())))
    spread = float(np.median([values.std() for values in days.values()]))
    positive = middle > 0 and not count_where(field, lambda block: block < -1e-3 * middle)
    far = [
        y
        for y, mean in level.items()
        if (positive and not middle / RATIO <= mean <= middle * RATIO)
        or (spread > 0 and abs(mean - middle) > DEVIATIONS * spread)
    ]
    if not far:
        return Outcome(field)
    named = ", ".join(f"{y} ({level[y]:.4g})" for y in far[:3]) + (" and others" if len(far) > 3 else "")
    warning = (
        f"WARNING: the mean of '{field.name}' in {named} is far from that of the other years ({middle:.4g}); its files "
        "may have another unit than they say"
    )
    return Outcome(field, {"years_apart": ", ".join(map(str, far))}, warning=warning)


INPUT_CHECKS.add(
    InputCheck(
        name="level-of-years",
        order=14,
        title="years apart",
        meaning=f"It warns of years whose mean is {RATIO:g} times that of the others or more, or {DEVIATIONS:g} "
        "standard deviations away, as in files of another unit.",
        looks_at=("target", "predictor"),
        moment="read",
        function=warn_of_years,
    )
)
