"""Words and digits that the terminal and the page share."""

from __future__ import annotations

import math

import numpy as np
import xarray as xr

from rainsmith.base.dims import X_LR, Y_LR, X, Y

NOTHING = "–"
"""What stands for a figure that is not known."""


def amount(value: float, digits: int = 3) -> str:
    """A number with so many significant digits."""
    if not math.isfinite(value):
        return NOTHING
    if abs(value) >= 10 ** (digits - 1):
        return f"{value:.0f}"
    return f"{value:#.{digits}g}".rstrip(".") if value else "0"


def percent(share: float) -> str:
    """A share as percent, with one decimal below 10 %."""
    if not math.isfinite(share):
        return NOTHING
    value = 100 * share
    return f"{value:.1f} %" if 0 < abs(value) < 9.95 else f"{value:.0f} %"


def correlation(value: float) -> str:
    """A correlation with two decimals."""
    return f"{value:.2f}" if math.isfinite(value) else NOTHING


def date(number: int) -> str:
    """20201003 as 2020-10-03."""
    return f"{number // 10000:04d}-{number // 100 % 100:02d}-{number % 100:02d}" if number else NOTHING


def degrees(value: float, names: str) -> str:
    """A latitude or longitude with its hemisphere; ``names`` are those below and above 0."""
    return f"{abs(value):.1f}\N{DEGREE SIGN}{names[int(value >= 0)]}"


def region(store: xr.Dataset) -> str:
    """The box that holds all valid cells, in degrees."""
    if "latitude" not in store.coords or "longitude" not in store.coords:
        return "without latitudes and longitudes"
    latitude, longitude = store["latitude"].values, store["longitude"].values
    if latitude.ndim == 1:
        longitude, latitude = np.meshgrid(longitude, latitude)
    mask = np.asarray(store["mask"].values, dtype=bool)
    sides = [(latitude[mask], "SN"), (longitude[mask], "WE")]
    return ", ".join(" to ".join(degrees(float(end(v)), names) for end in (np.min, np.max)) for v, names in sides)


def grids(store: xr.Dataset) -> tuple[str, str]:
    """The fine and the coarse grid in words."""
    cells = f"{store.sizes[Y]} x {store.sizes[X]} cells, {int(store['mask'].sum())} of them valid"
    names = [str(name) for name in store["channel"].values]
    listed = ", ".join(names[:6]) + (f" and {len(names) - 6} more" if len(names) > 6 else "")
    count = f"{len(names)} channel{'s' if len(names) > 1 else ''}"
    return cells, f"{store.sizes[Y_LR]} x {store.sizes[X_LR]} cells, {count}: {listed}"


def conversion(found: str, used: str, factor: float) -> str:
    """The unit of a source and what was done with it; an amount without a time is taken as the sum of a day."""
    if factor != 1.0:
        return f"{found} times {factor:g} = {used}"
    if not found:
        return "no unit"
    return found if found == used or not used else f"{found} as {used}"
