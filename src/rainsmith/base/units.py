"""Conversion of precipitation to mm/day from any unit in use, and of any quantity from one unit to another.

``unit_text`` reads what a unit says. A context of pint says how a mass or a depth of water becomes a rate of depth.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import xarray as xr

from rainsmith.base.errors import UserError
from rainsmith.base.large_arrays import changed
from rainsmith.base.unit_text import UnclearUnit, read_unit, registry

MM_PER_DAY = "mm/day"
KNOWN_UNITS = "mm, mm/day, mm h-1, kg m-2 s-1, kg m-2 day-1, kg m-2, m, m/s, cm, inches, inches/day"
WATER_DENSITY = 1000.0
"""[kg m-3] The CF names ``lwe_*`` take a kilogram of water on a square metre as a millimetre."""


def _flux(ureg: Any, value: Any, **_: Any) -> Any:
    return value / ureg.Quantity(WATER_DENSITY, "kg / m**3")


def _daily_amount(ureg: Any, value: Any, **_: Any) -> Any:
    return _flux(ureg, value) / ureg.Quantity(1.0, "day")


def _daily_depth(ureg: Any, value: Any, **_: Any) -> Any:
    return value / ureg.Quantity(1.0, "day")


@functools.cache
def _hydrology() -> str:
    """The context in which a mass flux, and a mass or a depth that fell in a day, are a rate of depth; its name."""
    from pint import Context

    context = Context("rainsmith-hydrology")
    context.add_transformation("[mass]/[length]**2/[time]", "[length]/[time]", _flux)
    context.add_transformation("[mass]/[length]**2", "[length]/[time]", _daily_amount)
    context.add_transformation("[length]", "[length]/[time]", _daily_depth)
    registry().add_context(context)
    return str(context.name)


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
    elif da.dtype.kind == "f" and da.chunks is None:
        converted = changed(da, lambda block: block * da.dtype.type(factor))
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
    from pint import DimensionalityError

    reason = "which are no precipitation"
    try:
        return float(read_unit(units).to(MM_PER_DAY, _hydrology()).magnitude)
    except UnclearUnit as unclear:
        reason = f"which cannot be read ({unclear})"
    except DimensionalityError:
        pass
    raise UserError(
        f"{name} has units '{units}', {reason}; expected one of {KNOWN_UNITS}; "
        "correct them with 'units:' in the configuration"
    )


_TEMPERATURES = {
    "kelvin": "K kelvin kelvins degK deg_K degree_K degrees_K degreeK degree_kelvin",
    "degree_Celsius": "C degC deg_C degree_C degrees_C degreeC degree_Celsius degrees_Celsius celsius \u00b0C",
    "degree_Fahrenheit": "F degF deg_F degree_F degrees_F degreeF degree_Fahrenheit fahrenheit \u00b0F",
}
"""Names of temperatures, whose zeros differ; a C alone would be a coulomb."""
_SHARES = frozenset("1 - fraction ratio unitless dimensionless none 0-1".split())
"""Names of a number without a unit; ERA5 writes ``(0 - 1)``."""


def convert(values: np.ndarray, units: str, wanted: str, *, name: str) -> np.ndarray:
    """Convert values from one unit to another; units that mean the same leave the values as they are.

    Args:
        values: of any shape.
        units: the unit that they have.
        wanted: the unit to bring them to.
        name: what they are called in error messages.

    Returns:
        The same array where nothing changes, else a new one of its type.

    Raises:
        UserError: a unit cannot be read, or the two measure different things.
    """
    if units.strip() == wanted.strip():
        return values
    from pint import DimensionalityError

    try:
        old, new = _with_zero(units), _with_zero(wanted)
        zero, one = (registry().Quantity(number * old.magnitude, old.units).to(new.units) for number in (0.0, 1.0))
    except (UnclearUnit, DimensionalityError) as error:
        raise UserError(
            f"{name} has the unit '{units}'; expected '{wanted}', and the first cannot be converted to the second "
            f"({error}); correct it with 'units:', or give the same quantity"
        ) from None
    offset = float(zero.magnitude / new.magnitude)
    factor = float(one.magnitude / new.magnitude) - offset
    if factor == 1.0 and offset == 0.0:
        return values
    return np.asarray(values.astype(np.float64) * factor + offset).astype(values.dtype)


def _with_zero(text: str) -> Any:
    """A unit as a quantity; a temperature keeps its zero."""
    plain = "".join(text.split()).strip("()").lower()
    for unit, names in _TEMPERATURES.items():
        if "_".join(text.split()).lower() in names.lower().split():
            return registry().Quantity(1.0, unit)
    return registry().Quantity(1.0, "") if plain in _SHARES or not plain else read_unit(text)
