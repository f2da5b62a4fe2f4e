"""Attributes that say which values of a file are missing, mended where they say what nobody meant."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from rainsmith.base.errors import UserError
from rainsmith.data.checks.zero_fill_value import ZERO_FILL

_MISSING = ("_FillValue", "missing_value")
_LIMITS = ("valid_range", "valid_min", "valid_max")
_PACKING = ("scale_factor", "add_offset")
_OTHER_PACKING = re.compile(
    r"scale|scale_?fact?(or)?|slope|gain|multiplier|add_?off(set)?|offset|intercept", re.IGNORECASE
)
"""Names that say how numbers are packed in files that do not follow CF, such as HDF-EOS; none of them is applied."""


def mend_fill_values(encoded: xr.Dataset) -> xr.Dataset:
    """Mend the fill values of a file that is opened but not decoded.

    A fill value of 0 is the default of Zarr 2 and says nothing of the data: it would turn dry cells, the first day and
    the equator into missing values. It is ignored, unless 0 is a code of packed values that stands for another number
    or lies outside their valid range. Text such as "-9999.0" becomes the number that it says, and a number gets the
    type of the data, without which it would equal none of their values. Where ``_Unsigned`` says that signed numbers
    are meant without a sign, or the other way round, so are the codes. Text in ``scale_factor`` and ``add_offset``
    becomes a number too.

    Args:
        encoded: opened with ``decode_cf=False``.

    Returns:
        The same variables, whose attributes are mended.
    """
    mended = encoded.copy()
    for name in encoded.variables:
        attrs = dict(encoded[name].attrs)
        meant = _meant_type(encoded[name].dtype, attrs)
        if meant.kind not in "iuf":
            continue
        for key in _PACKING:
            if isinstance(attrs.get(key), str) and _limits(attrs[key]).size == 1:
                attrs[key] = float(_limits(attrs[key])[0])
        for key in _MISSING:
            if key in attrs:
                codes = _numbers(attrs.pop(key), meant, meant != encoded[name].dtype)
                if codes.size == 1 and codes[0] == 0 and _is_plain_zero(attrs):
                    attrs[ZERO_FILL] = 1
                elif codes.size:
                    attrs[key] = codes[0] if codes.size == 1 else codes
        if "_Unsigned" in attrs:
            attrs["_Unsigned"] = str(attrs["_Unsigned"]).lower()
            held = [np.atleast_1d(attrs.pop(key)) for key in _MISSING if key in attrs]
            if held:  # xarray turns the sign of a _FillValue alone, and these codes are as they are meant already
                attrs["missing_value"] = np.unique(np.concatenate(held))
        if name in encoded.coords or name in encoded.dims:
            attrs.pop(ZERO_FILL, None)
        mended[name].attrs = attrs
    return mended


def refuse_other_packing(da: xr.DataArray, path: Path | str) -> None:
    """Refuse packed values whose packing cannot be undone, since they would be taken as they are stored.

    Args:
        da: a decoded variable, whose encoding says how it was stored.
        path: the file, for error messages.

    Raises:
        UserError: ``scale_factor`` or ``add_offset`` is no number, or whole numbers have an attribute such as
            ``scale`` or ``Scale_Factor`` in their place.
    """
    for key in _PACKING:
        if isinstance(da.encoding.get(key, da.attrs.get(key)), str):
            raise UserError(
                f"{path}: '{da.name}' has the {key} '{da.encoding.get(key, da.attrs.get(key))}', which is no number; "
                f"correct it in the file, such as with 'ncatted -a {key},{da.name},o,d,NUMBER'"
            )
    if np.dtype(da.encoding.get("dtype", da.dtype)).kind not in "iu" or set(_PACKING) & set(da.encoding):
        return
    for key, value in da.attrs.items():
        if _OTHER_PACKING.fullmatch(str(key)) and not (_limits(value) == (0 if "off" in str(key).lower() else 1)).all():
            raise UserError(
                f"{path}: '{da.name}' holds whole numbers and the attribute '{key}' = {value}, which CF does not know; "
                "where it says how they are packed, rename it to 'scale_factor' or 'add_offset' (ncrename -a); "
                "where it does not, remove it (ncatted)"
            )


def unpacked_limits(da: xr.DataArray) -> dict[str, Any]:
    """The attributes of a decoded variable, with its valid range as ``valid_min`` and ``valid_max`` of decoded values.

    In a packed variable the limits are packed as its values are, unless they are floating point numbers and its values
    are not (NetCDF User's Guide, Attribute Conventions). Values at a limit are valid.

    Args:
        da: a decoded variable, whose encoding says how it was packed.
    """
    attrs = {str(key): value for key, value in da.attrs.items() if key not in _LIMITS}
    stored = _meant_type(np.dtype(da.encoding.get("dtype", da.dtype)), da.encoding)
    both = _limits(da.attrs.get("valid_range"))
    limits: dict[str, float] = {}
    for number, key in enumerate(("valid_min", "valid_max")):
        given = _limits(da.attrs.get(key))
        if given.size == 1 or both.size == 2:
            limits[key] = _decoded(given[0] if given.size == 1 else both[number], stored, da.encoding)
    if _packing(da.encoding)[0] < 0:
        turned = {"valid_min": "valid_max", "valid_max": "valid_min"}
        limits = {turned[key]: limit for key, limit in limits.items()}
    return attrs | limits


def _meant_type(dtype: np.dtype, attrs: Mapping[Any, Any]) -> np.dtype:
    """The type of whole numbers that the attribute ``_Unsigned`` asks for, that of the data without it."""
    says = str(attrs.get("_Unsigned", "")).lower()
    if says in ("true", "false") and dtype.kind in "iu":
        return np.dtype(f"{'u' if says == 'true' else 'i'}{dtype.itemsize}")
    return dtype


def _is_plain_zero(attrs: dict[Any, Any]) -> bool:
    """Whether 0 stands for 0, and may: no offset is added to it, and it lies in the valid range."""
    limits = [_limits(attrs.get(key)) for key in _LIMITS]
    lowest = next((limit[0] for limit in limits[:2] if limit.size), -np.inf)
    highest = next((limit[-1] for limit in (limits[0], limits[2]) if limit.size), np.inf)
    return _packing(attrs)[1] == 0 and bool(lowest <= 0 <= highest)


def _decoded(limit: Any, stored: np.dtype, encoding: dict[Any, Any]) -> float:
    packed = "scale_factor" in encoding or "add_offset" in encoding
    if stored.kind in "iu" and np.asarray(limit).dtype.kind == "f" and packed:
        return float(limit)
    number = float(limit)
    if stored.kind == "u" and number < 0:  # NetCDF-3 has no unsigned numbers and writes their bits
        number += 2.0 ** (8 * stored.itemsize)
    factor, offset = _packing(encoding)
    return number * factor + offset


def _packing(encoding: Mapping[Any, Any]) -> tuple[float, float]:
    """Factor and offset of packed values, 1 and 0 where they are no numbers, which ``refuse_other_packing`` says."""
    given = [encoding.get(key, plain) for key, plain in zip(_PACKING, (1.0, 0.0), strict=True)]
    factor, offset = (
        plain if isinstance(g, str) else float(np.ravel(g)[0]) for g, plain in zip(given, (1.0, 0.0), strict=True)
    )
    return factor, offset


def _limits(given: Any) -> np.ndarray:
    """The numbers of an attribute, from text too; none where it says nothing."""
    if given is None:
        return np.empty(0)
    if isinstance(given, str):
        return np.asarray([float(n) for n in re.findall(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?", given)])
    return np.atleast_1d(np.asarray(given))


def _numbers(given: Any, dtype: np.dtype, signs_differ: bool) -> np.ndarray:
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
    elif signs_differ:  # 255 for the byte -1
        whole = np.where(whole > info.max, whole - 2.0 ** (8 * dtype.itemsize), whole)
    return whole[(whole >= info.min) & (whole <= info.max)].astype(dtype)
