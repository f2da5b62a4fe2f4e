"""The check ``missing-codes``: numbers that stand for a missing value, though the file does not say so.

A code is told from a value by two things: it is the lowest or the highest number of the field, and nothing lies between
it and the others, for a distance as large as all the others span.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr

from rainsmith.base.errors import UserError
from rainsmith.base.large_arrays import blocks, replace_where
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
    huge = np.empty(0, dtype=field.dtype)
    for _, block in blocks(field):
        huge = np.unique(np.concatenate([huge, block[np.abs(block) >= HUGE]]))[:3]
    codes, known = {f"{code:g}" for code in huge}, np.empty(0, dtype=field.dtype)
    for _ in range(4):  # a file may hold several codes, one beyond the other
        code = _code(field, known)
        if code is None:
            break
        codes.add(f"{code:.7g}")
        known = np.append(known, field.dtype.type(code))
    mended, count = replace_where(field, lambda block: _is_masked(block, known), np.nan)
    if not count:
        return Outcome(field)
    said = f"{count} values of '{field.name}' that stand for missing ones ({', '.join(sorted(codes))}) set to NaN"
    return Outcome(mended, {"missing_codes": count}, said)


def _is_masked(block: np.ndarray, codes: np.ndarray) -> np.ndarray:
    """Which values are missing by their size, or are one of the codes."""
    masked = np.abs(block) >= HUGE
    for code in codes:
        masked |= block == code
    return masked


@dataclass
class _Ends:
    """The lowest and the second lowest value of what was looked at, or of the negative of what was: the highest ones.

    Attributes:
        first: the lowest value, infinite before there is one.
        count: how often it stands there.
        second: the lowest value but for the first.
    """

    first: float = np.inf
    count: int = 0
    second: float = np.inf

    def look_at(self, values: np.ndarray) -> None:
        """Take further finite values into account."""
        if not values.size:
            return
        low = float(values.min())
        if low < self.first:
            self.first, self.count, self.second = low, 0, self.first
        others = values[values != self.first]
        self.count += values.size - others.size
        if others.size:
            self.second = min(self.second, float(others.min()))


def _code(field: xr.DataArray, codes: np.ndarray) -> float | None:
    """The lowest or highest value where it is a code, None where neither is.

    Args:
        field: of any shape.
        codes: values that are codes already.

    Raises:
        UserError: it may be one.
    """
    lowest, highest = _Ends(), _Ends()
    for _, block in blocks(field):
        values = block[np.isfinite(block) & ~_is_masked(block, codes)]
        lowest.look_at(values)
        highest.look_at(-values)
    if not lowest.count:
        return None
    for ends, end in ((lowest, lowest.first), (highest, -highest.first)):
        if ends.second == np.inf:
            return end if _is_known(end) else None
        low, high = (ends.second, -highest.first) if ends is lowest else (lowest.first, -ends.second)
        gap, span, count = max(low - end, end - high), high - low, ends.count
        if _is_known(end) and (end < 0 or count >= REPEATED) and (gap > NEAR * span or low > POSITIVE * end > end):
            return end
        far = gap > LONELY * span or (count >= REPEATED and gap > FAR * span)
        if span > 0 and far and _has_many_others(field, codes, end):
            raise UserError(
                f"'{field.name}' holds {count} times {end:.7g}, and all other values lie from {low:.7g} to {high:.7g}; "
                "this looks like a code for missing values that the file does not name; set its attribute _FillValue "
                "or valid_range, or correct the values"
            )
    return None


def _has_many_others(field: xr.DataArray, codes: np.ndarray, end: float) -> bool:
    """Whether the first values of a field that are not this one are of many kinds."""
    left, different = 100_000, np.empty(0, dtype=field.dtype)
    for _, block in blocks(field):
        others = block[np.isfinite(block) & ~_is_masked(block, codes) & (block != end)][:left]
        left -= others.size
        different = np.unique(np.concatenate([different, others]))
        if different.size >= DIFFERENT:
            return True
        if not left:
            break
    return False


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
