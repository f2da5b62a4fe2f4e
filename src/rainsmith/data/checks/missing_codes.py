"""The check ``missing-codes``: numbers that stand for a missing value, though the file does not say so.

A code is told from a value by two things: it is the lowest or the highest number of the field, and nothing lies between
it and the others, for a distance as large as all the others span.
"""

from __future__ import annotations

import numpy as np
import xarray as xr

from rainsmith.base.errors import UserError
from rainsmith.config import Data
from rainsmith.data.checks.registry import INPUT_CHECKS, InputCheck, Outcome

HUGE = 1e15
"""No quantity of the atmosphere reaches this in its unit; 1e20, 1e30 and 9.97e36 are in use for missing values."""
KNOWN = np.asarray([
    *(sign * code for sign in (-1, 1) for code in (
        999.9, 999.99, 9999.9, 9999.99, 7777.0, 8888.0, 32766.0, 32767.0, 32768.0, 65535.0, 2147483647.0, 2147483648.0,
        *(10.0**n - 1 for n in range(3, 11)), 1e10, 1e12,
    )),
    -99.0, -99.9, -99.99,
])  # fmt: skip
"""Numbers that are in use as codes. One that is far from all values is masked; another number like it is refused.

There is no 99 among them: it may be the largest rain of a record."""
NEAR = 0.5
"""A known code is farther from all values than this share of their range, ..."""
POSITIVE = 0.1
"""... or negative, while no value is lower than this share of it: -999 beside heights of up to 4000 m."""
FAR = 1.0
"""Another number is taken for a code where it is farther away than this share of the range, ..."""
REPEATED = 3
"""... stands at least so many times in the field, ..."""
DIFFERENT = 20
"""... and the field has at least so many other values: a map of classes is no measurement."""
LONELY = 100.0
"""A single number is refused where it is farther from all values than this many times their range."""


def mask_missing_codes(field: xr.DataArray, settings: Data, target: xr.DataArray | None = None) -> Outcome:
    """Set values that are codes of missing values to NaN, and refuse those that may be.

    Args:
        field: (time, y, x) or (y, x), in the unit of its file. It is not changed.
        settings: the section ``data`` of the configuration; not read.
        target: not read.

    Raises:
        UserError: a number that is no known code stands as far from all values as one.
    """
    values = field.values
    masked = np.abs(values) >= HUGE
    codes = {f"{code:g}" for code in np.unique(values[masked])[:3]}
    for _ in range(4):  # a file may hold several codes, one beyond the other
        code = _code(values, masked, str(field.name))
        if code is None:
            break
        codes.add(f"{code:.7g}")
        masked |= values == values.dtype.type(code)
    count = int(masked.sum())
    if not count:
        return Outcome(field)
    mended = field.copy(data=np.where(masked, values.dtype.type(np.nan), values))
    said = f"{count} values of '{field.name}' that stand for missing ones ({', '.join(sorted(codes))}) set to NaN"
    return Outcome(mended, {"missing_codes": count}, said)


def _code(values: np.ndarray, masked: np.ndarray, name: str) -> float | None:
    """The lowest or highest value where it is a code, None where neither is.

    Raises:
        UserError: it may be one.
    """
    known = ~masked & np.isfinite(values)
    if not known.any():
        return None
    for end in (float(values.min(where=known, initial=np.inf)), float(values.max(where=known, initial=-np.inf))):
        rest = known & (values != end)
        if not rest.any():
            return end if _is_known(end) else None
        low, high = float(values.min(where=rest, initial=np.inf)), float(values.max(where=rest, initial=-np.inf))
        gap, span = max(low - end, end - high), high - low
        count = int(known.sum()) - int(rest.sum())
        if _is_known(end) and (end < 0 or count >= REPEATED) and (gap > NEAR * span or low > POSITIVE * end > end):
            return end
        far = gap > LONELY * span or (count >= REPEATED and gap > FAR * span)
        if span > 0 and far and np.unique(values[rest][:100_000]).size >= DIFFERENT:
            raise UserError(
                f"'{name}' holds {count} times {end:.7g}, and all other values lie from {low:.7g} to {high:.7g}; this "
                "looks like a code for missing values that the file does not name; set its attribute _FillValue or "
                "valid_range, or correct the values"
            )
    return None


def _is_known(value: float) -> bool:
    return bool(np.isclose(value, KNOWN, rtol=1e-6, atol=0).any())


INPUT_CHECKS.add(
    InputCheck(
        name="missing-codes",
        order=8,
        title="codes for missing values",
        meaning=(
            "Numbers such as -9999, 1e20 or 9.97e36 that lie far from all other values are missing and counted, though "
            "the file names no fill value; another number as far away is refused."
        ),
        looks_at=("target", "predictor", "static"),
        moment="read",
        function=mask_missing_codes,
    )
)
