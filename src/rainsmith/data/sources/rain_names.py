"""Which variable of a file is the total precipitation, told by exact names, and which may be, by words of its names."""

from __future__ import annotations

import re

import xarray as xr

from rainsmith.base.errors import UserError
from rainsmith.base.units import mm_per_day_factor

_STANDARD_NAMES = frozenset(
    "precipitation_flux precipitation_amount lwe_precipitation_rate lwe_thickness_of_precipitation_amount "
    "thickness_of_precipitation_amount precipitation_rate precipitation total_precipitation rainfall_flux "
    "rainfall_amount rainfall_rate thickness_of_rainfall_amount lwe_thickness_of_rainfall_amount rainfall".split()
)
_NAMES = frozenset(
    "pr tp precip precipitation prec pcp prcp rain rainfall rr rainrate rain_rate ppt tprate mtpr total_precipitation "
    "rainf prect rfe tot_prec pre rainfall_amount rainfall_rate daily_precipitation precipitation_amount "
    "precipitation_flux precipitationcal".split()
)
_PART_OF_IT = re.compile(
    r"convecti|stratiform|large.?scale|grid.?scale|shallow|snow|solid|frozen|\bice\b|graupel|hail|sleet|\bliquid\b|"
    r"error|uncertain|deviation|variance|spread|quality|\bflag|probab|likelihood|\bnumber\b|\bcount|anomal|climatolog|"
    r"percentile|quantile|maximum|minimum|\bmax\b|\bmin\b|weight|duration|interception|isotop"
)
"""Words of names that speak of a part of the precipitation, or of another quantity."""
_SUM_OF_PARTS = re.compile(r"\btotal\b.*(\+|\band\b|&|,)|\b(liquid|rain)\b.*(\band\b|\bor\b|\+).*\b(solid|snow)")
_NO_AMOUNT = re.compile(
    r"precipitable|\bwtr\b|\banom\b|\b(std|stdev|sd|err|unc|frac|fraction|share|area|type|class|index|mask|days|gauges)\b"
)
"""Further words that speak against an amount where only words of the names speak for it."""
_NOT_A_MEAN = re.compile(r"time\s*:\s*(maximum|minimum|standard_deviation|variance|range|median|mode)")


def only_precipitation(ds: xr.Dataset, existing: list[str]) -> tuple[str | None, str]:
    """The one variable whose name or standard name is one of total precipitation.

    Args:
        ds: the opened file.
        existing: the variables to choose from.

    Returns:
        Its name and ""; or None and why there is none, in words that follow "holds".
    """
    fits = [name for name in existing if is_total(ds[name])]
    if not fits:
        return None, "no precipitation that can be told by its name"
    if len(fits) > 1:
        return None, f"several kinds of precipitation ({', '.join(fits)})"
    snow = [name for name in existing if "snowfall" in _words(ds[name])] if _is_rain_alone(ds[fits[0]]) else []
    if snow:
        return None, f"rain ('{fits[0]}') beside snowfall ('{snow[0]}'), which it may leave out"
    return fits[0], ""


def is_total(da: xr.DataArray) -> bool:
    """Whether a variable is total precipitation by its names, and neither its unit nor its cell methods object."""
    standard = str(da.attrs.get("standard_name", "")).strip().lower()
    named = str(da.name).lower() in _NAMES
    known_by_name = named and (standard in ("", "unknown", "none", "-") or standard in _NAMES)
    if standard not in _STANDARD_NAMES and not known_by_name:
        return False
    return not _is_another_quantity(da) and _may_measure_rain(da)


def speaks_of_total(da: xr.DataArray) -> bool:
    """Whether words of its names speak of total precipitation and nothing objects, as of ``pr_obs`` or ``DailyRain``.

    It says less than ``is_total``, and is for those who can ask. A missing unit does not object.
    """
    standard = str(da.attrs.get("standard_name", "")).strip().lower()
    if standard not in ("", "unknown", "none", "-") and standard not in _STANDARD_NAMES:
        return False
    words = {word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+", str(da.name))}
    long_name = str(da.attrs.get("long_name", "")).lower()
    if not words & (_NAMES - {"pre"}) and not re.search(r"\b(precipitation|rainfall)\b", long_name):
        return False
    return not _is_another_quantity(da) and not _NO_AMOUNT.search(_words(da)) and _may_measure_rain(da)


def may_be_rain(da: xr.DataArray) -> bool:
    """Whether a variable may be precipitation or another sum: by its names, its cell methods or its unit."""
    if is_total(da) or "sum" in str(da.attrs.get("cell_methods", "")):
        return True
    try:
        factor = mm_per_day_factor(str(da.attrs.get("units", "")))
    except UserError:
        return False
    return factor < 1000.0 or factor == 86400.0  # mm, mm h-1, kg m-2 s-1; m and m s-1 are heights and winds as well


def _is_another_quantity(da: xr.DataArray) -> bool:
    """Whether names or cell methods speak of a part of the precipitation, or of another quantity."""
    standard = str(da.attrs.get("standard_name", "")).strip().lower()
    long_name = str(da.attrs.get("long_name", "")).lower()
    words = (
        f"{da.name} ".lower().replace("_", " ")
        + standard
        + " "
        + ("" if _SUM_OF_PARTS.search(long_name) else long_name)
    )
    return bool(_PART_OF_IT.search(words) or _NOT_A_MEAN.search(str(da.attrs.get("cell_methods", ""))))


def _may_measure_rain(da: xr.DataArray) -> bool:
    units = da.attrs.get("units")
    if units is None or not str(units).strip():
        return True
    try:
        mm_per_day_factor(str(units))
    except UserError as error:
        return _is_named_by_cf(da) or "cannot be read" in str(error)
    return True


def _is_named_by_cf(da: xr.DataArray) -> bool:
    """Whether the CF standard name itself says total precipitation."""
    return str(da.attrs.get("standard_name", "")).strip().lower() in _STANDARD_NAMES


def _is_rain_alone(da: xr.DataArray) -> bool:
    standard = str(da.attrs.get("standard_name", "")).lower()
    return "rain" in standard or (not standard and str(da.name).lower() in ("rain", "rainf", "rainfall"))


def _words(da: xr.DataArray) -> str:
    attrs = da.attrs
    words = f"{da.name} {attrs.get('standard_name', '')} {attrs.get('long_name', '')}".lower().replace("_", " ")
    return words.replace("snow fall", "snowfall").replace("prsn", "snowfall")
