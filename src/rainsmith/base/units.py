"""Conversion of precipitation to mm/day from any unit in use.

Unit strings are read as CF spells them. A context of pint says how a mass or a depth of water becomes a rate of depth.
"""

from __future__ import annotations

import re
from typing import Any

import cf_xarray.units
import pint
import xarray as xr

from rainsmith.base.errors import UserError

registry: Any = cf_xarray.units.units
"""The registry of pint that reads CF spellings such as ``kg m-2 s-1``."""
MM_PER_DAY = "mm/day"
KNOWN_UNITS = "mm, mm/day, mm h-1, kg m-2 s-1, kg m-2 day-1, kg m-2, m, m/s, cm, inches, inches/day"
WATER_DENSITY = 1000.0
"""[kg m-3] The CF names ``lwe_*`` take a kilogram of water on a square metre as a millimetre."""
_CONTEXT = "rainsmith-hydrology"


def _flux(ureg: Any, value: Any, **_: Any) -> Any:
    return value / ureg.Quantity(WATER_DENSITY, "kg / m**3")


def _daily_amount(ureg: Any, value: Any, **_: Any) -> Any:
    return _flux(ureg, value) / ureg.Quantity(1.0, "day")


def _daily_depth(ureg: Any, value: Any, **_: Any) -> Any:
    return value / ureg.Quantity(1.0, "day")


def _hydrology() -> Any:
    """The context in which a mass flux, and a mass or a depth that fell in a day, are a rate of depth."""
    context = pint.Context(_CONTEXT)
    context.add_transformation("[mass]/[length]**2/[time]", "[length]/[time]", _flux)
    context.add_transformation("[mass]/[length]**2", "[length]/[time]", _daily_amount)
    context.add_transformation("[length]", "[length]/[time]", _daily_depth)
    return context


registry.add_context(_hydrology())


def to_mm_per_day(da: xr.DataArray, units: str | None = None, *, name: str = "precipitation") -> xr.DataArray:
    """Convert precipitation to mm/day; an amount without a time (mm, m, kg m-2) is taken as a daily sum.

    Args:
        da: precipitation of any shape with the attribute ``units``.
        units: replaces that attribute; give it where the file names no unit or a wrong one.
        name: the name of the variable in error messages.

    Returns:
        The same array [mm/day], float32 where it was float32, with ``units`` and ``standard_name`` set.

    Raises:
        UserError: there are no units, they are unknown, or they do not measure precipitation.
    """
    factor = mm_per_day_factor(da.attrs.get("units") if units is None else units, name=name)
    if factor == 1.0:
        converted = da.copy(deep=False)
    else:
        converted = da * (da.dtype.type(factor) if da.dtype.kind == "f" else factor)
    ranges = ("valid_min", "valid_max", "valid_range", "actual_range")  # these hold for the old unit
    kept = {key: value for key, value in da.attrs.items() if key not in ranges}
    converted.attrs = {**kept, "units": MM_PER_DAY, "standard_name": "lwe_precipitation_rate"}
    return converted


def mm_per_day_factor(units: str | None, *, name: str = "precipitation") -> float:
    """The number by which a value in ``units`` is multiplied to give mm/day.

    Raises:
        UserError: there are no units, they are unknown, or they do not measure precipitation.
    """
    if units is None or not str(units).strip():
        raise UserError(
            f"{name} has no units; expected one of {KNOWN_UNITS}; name them with 'units:' in the configuration"
        )
    text = re.sub(r"\s+of\s+(water|rain)(\s+equivalent)?", "", str(units).strip())
    text = re.sub(r"/\s*24\s*h(r|rs|our|ours)?\b", "/day", text)
    for spelling in (text, text.lower()):  # pint reads 'MM' as megamolar and does not know 'Kg'
        try:
            quantity = registry.Quantity(1.0, "") * registry.parse_expression(spelling)
            return float(quantity.to(MM_PER_DAY, _CONTEXT).magnitude)
        except Exception:  # on odd text pint raises errors of many kinds, from TokenError to AttributeError
            continue
    raise UserError(
        f"{name} has units '{units}', which are no precipitation; expected one of {KNOWN_UNITS}; "
        "correct them with 'units:' in the configuration"
    )
