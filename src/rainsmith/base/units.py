"""Precipitation in any of its usual units to mm/day, by CF unit strings and a small hydrology context of pint."""

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
KNOWN = "mm, mm/day, mm h-1, kg m-2 s-1, kg m-2 day-1, kg m-2, m, m/s, cm, inches, inches/day"
WATER_DENSITY = 1000.0
"""[kg m-3] By convention of the CF names ``lwe_*``: a kilogram of water on a square metre is a millimetre."""
_CONTEXT = "rainsmith-hydrology"


def _flux(ureg: Any, value: Any, **_: Any) -> Any:
    return value / ureg.Quantity(WATER_DENSITY, "kg / m**3")


def _daily_amount(ureg: Any, value: Any, **_: Any) -> Any:
    return _flux(ureg, value) / ureg.Quantity(1.0, "day")


def _daily_depth(ureg: Any, value: Any, **_: Any) -> Any:
    return value / ureg.Quantity(1.0, "day")


def _hydrology() -> Any:
    """Depths and masses of a daily sum, and mass fluxes, as a rate of depth."""
    context = pint.Context(_CONTEXT)
    context.add_transformation("[mass]/[length]**2/[time]", "[length]/[time]", _flux)
    context.add_transformation("[mass]/[length]**2", "[length]/[time]", _daily_amount)
    context.add_transformation("[length]", "[length]/[time]", _daily_depth)
    return context


registry.add_context(_hydrology())


def to_mm_per_day(da: xr.DataArray, units: str | None = None, *, name: str = "precipitation") -> xr.DataArray:
    """Convert precipitation to mm/day; an amount without a time (mm, m, kg m-2) is a daily sum.

    Args:
        da: precipitation of any shape with the attribute ``units``.
        units: takes the place of that attribute, where the file is wrong or silent.
        name: what an error calls the variable.

    Returns:
        The same array [mm/day], float32 where it was float32, with ``units`` and ``standard_name`` set.

    Raises:
        UserError: no units, unknown units, or units that are no precipitation.
    """
    found = da.attrs.get("units") if units is None else units
    factor = mm_per_day_factor(found, name=name)
    converted = da if factor == 1.0 else (da * da.dtype.type(factor) if da.dtype.kind == "f" else da * factor)
    kept = {k: v for k, v in da.attrs.items() if k not in ("valid_min", "valid_max", "valid_range", "actual_range")}
    attrs = {**kept, "units": MM_PER_DAY, "standard_name": "lwe_precipitation_rate"}
    converted = converted.copy(deep=False)
    converted.attrs = attrs
    return converted


def mm_per_day_factor(units: str | None, *, name: str = "precipitation") -> float:
    """The number that turns ``units`` into mm/day.

    Raises:
        UserError: no units, unknown units, or units that are no precipitation.
    """
    if units is None or not str(units).strip():
        raise UserError(f"{name} has no units; expected one of {KNOWN}; name them with 'units:' in the configuration")
    text = re.sub(r"\s+of\s+(water|rain)(\s+equivalent)?", "", str(units).strip())
    text = re.sub(r"/\s*24\s*h(r|rs|our|ours)?\b", "/day", text)
    for spelling in (text, text.lower()):  # 'MM' is megamolar and 'Kg' nothing at all
        try:
            quantity = registry.Quantity(1.0, "") * registry.parse_expression(spelling)
            return float(quantity.to(MM_PER_DAY, _CONTEXT).magnitude)
        except Exception:  # pint raises anything from TokenError to AttributeError on odd text
            continue
    raise UserError(
        f"{name} has units '{units}', which are no precipitation; expected one of {KNOWN}; "
        "correct them with 'units:' in the configuration"
    )
