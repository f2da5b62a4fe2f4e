"""Attributes that say which values of a file are missing, mended where they say what nobody meant."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import xarray as xr

from rainsmith.data.checks.zero_fill_value import ZERO_FILL

_MISSING = ("_FillValue", "missing_value")
_LIMITS = ("valid_range", "valid_min", "valid_max")


def mend_fill_values(encoded: xr.Dataset) -> xr.Dataset:
    """Mend the fill values of a file that is opened but not decoded.

    A fill value of 0 is the default of Zarr 2 and says nothing of the data: it would turn dry cells, the first day and
    the equator into missing values. It is ignored, unless 0 is a code of packed values that stands for another number
    or lies outside their valid range. Text such as "-9999.0" becomes the number that it says, and a number gets the
    type of the data, without which it would equal none of their values.

    Args:
        encoded: opened with ``decode_cf=False``.

    Returns:
        The same variables, whose attributes are mended.
    """
    mended = encoded.copy()
    for name in encoded.variables:
        attrs = dict(encoded[name].attrs)
        dtype = encoded[name].dtype
        if dtype.kind not in "iuf" or not any(key in attrs for key in _MISSING):
            continue
        for key in _MISSING:
            if key in attrs:
                codes = _numbers(attrs.pop(key), dtype)
                if codes.size == 1 and codes[0] == 0 and _is_plain_zero(attrs):
                    attrs[ZERO_FILL] = 1
                elif codes.size:
                    attrs[key] = codes[0] if codes.size == 1 else codes
        if name in encoded.coords or name in encoded.dims:
            attrs.pop(ZERO_FILL, None)
        mended[name].attrs = attrs
    return mended


def unpacked_limits(da: xr.DataArray) -> dict[str, Any]:
    """The attributes of a decoded variable, with its valid range as ``valid_min`` and ``valid_max`` of decoded values.

    In a packed variable the limits are packed as its values are, unless they are floating point numbers and its values
    are not (NetCDF User's Guide, Attribute Conventions). Values at a limit are valid.

    Args:
        da: a decoded variable, whose encoding says how it was packed.
    """
    attrs = {str(key): value for key, value in da.attrs.items() if key not in _LIMITS}
    stored = np.dtype(da.encoding.get("dtype", da.dtype))
    both = _limits(da.attrs.get("valid_range"))
    limits: dict[str, float] = {}
    for number, key in enumerate(("valid_min", "valid_max")):
        given = _limits(da.attrs.get(key))
        if given.size == 1 or both.size == 2:
            limits[key] = _decoded(given[0] if given.size == 1 else both[number], stored, da.encoding)
    if float(da.encoding.get("scale_factor", 1)) < 0:
        turned = {"valid_min": "valid_max", "valid_max": "valid_min"}
        limits = {turned[key]: limit for key, limit in limits.items()}
    return attrs | limits


def _is_plain_zero(attrs: dict[Any, Any]) -> bool:
    """Whether 0 stands for 0, and may: no offset is added to it, and it lies in the valid range."""
    limits = [_limits(attrs.get(key)) for key in _LIMITS]
    lowest = next((limit[0] for limit in limits[:2] if limit.size), -np.inf)
    highest = next((limit[-1] for limit in (limits[0], limits[2]) if limit.size), np.inf)
    return float(attrs.get("add_offset", 0)) == 0 and bool(lowest <= 0 <= highest)


def _decoded(limit: Any, stored: np.dtype, encoding: dict[Any, Any]) -> float:
    packed = "scale_factor" in encoding or "add_offset" in encoding
    if stored.kind in "iu" and np.asarray(limit).dtype.kind == "f" and packed:
        return float(limit)
    number = float(limit)
    if stored.kind == "u" and number < 0:  # NetCDF-3 has no unsigned numbers and writes their bits
        number += 2.0 ** (8 * stored.itemsize)
    return number * float(encoding.get("scale_factor", 1)) + float(encoding.get("add_offset", 0))


def _limits(given: Any) -> np.ndarray:
    """The numbers of an attribute, from text too; none where it says nothing."""
    if given is None:
        return np.empty(0)
    if isinstance(given, str):
        return np.asarray([float(n) for n in re.findall(r"[-+]?\d+\.?\d*(?:[eE][-+]?\d+)?", given)])
    return np.atleast_1d(np.asarray(given))


def _numbers(given: Any, dtype: np.dtype) -> np.ndarray:
    """The codes of an attribute in the type of the data; those that no value of this type can equal are left out."""
    codes = _limits(given)
    if codes.dtype.kind not in "iuf" or codes.dtype == dtype:
        return codes.astype(dtype) if codes.size and codes.dtype.kind in "iuf" else np.empty(0, dtype)
    if dtype.kind == "f":
        return codes.astype(dtype)
    info = np.iinfo(dtype)
    whole = np.asarray([c for c in codes if np.isfinite(c) and float(c).is_integer()], dtype=np.float64)
    if dtype.kind == "u":  # NetCDF-3 has no unsigned numbers and writes their bits
        whole = np.where(whole < 0, whole + float(info.max) + 1, whole)
    return whole[(whole >= info.min) & (whole <= info.max)].astype(dtype)
