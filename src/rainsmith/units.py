"""Precipitation in any of its usual units to mm/day, by CF unit strings and a small hydrology context of pint."""

from __future__ import annotations

import re

import pint
import xarray as xr
from cf_xarray.units import units as registry

from rainsmith.config import UserError

MM_PER_DAY = "mm/day"
KNOWN = "mm, mm/day, mm h-1, kg m-2 s-1, kg m-2 day-1, kg m-2, m, m/s, cm, inches, inches/day"
_CONTEXT = "rainsmith-hydrology"


def _hydrology() -> pint.Context:
    """Depths and masses of a daily sum, and mass fluxes, as a rate of depth.

    A kilogram of liquid water on a square metre is a millimetre (1000 kg m-3, the convention of the CF names
    ``lwe_*``), and an amount without a time belongs to the day that it stands in.
    """
    density = registry.Quantity(1000.0, "kg / m**3")
    day = registry.Quantity(1.0, "day")
    context = pint.Context(_CONTEXT)
    context.add_transformation("[mass]/[length]**2/[time]", "[length]/[time]", lambda _, flux: flux / density)
    context.add_transformation("[mass]/[length]**2", "[length]/[time]", lambda _, amount: amount / density / day)
    context.add_transformation("[length]", "[length]/[time]", lambda _, depth: depth / day)
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
    attrs = {**da.attrs, "units": MM_PER_DAY, "standard_name": "lwe_precipitation_rate"}
    return converted.assign_attrs(attrs)


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
        except Exception:  # noqa: S112  pint raises anything from TokenError to AttributeError on odd text
            continue
    raise UserError(
        f"{name} has units '{units}', which are no precipitation; expected one of {KNOWN}; "
        "correct them with 'units:' in the configuration"
    )
