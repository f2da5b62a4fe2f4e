"""Structure, amplitude and location of one forecast field beside the observed one; for a few days, not in the table.

Objects and components are pysteps' (Pulkkinen et al. 2019, doi:10.5194/gmd-12-4185-2019), which needs scikit-image.
"""

from __future__ import annotations

import contextlib
import io
import warnings
from types import ModuleType
from typing import NamedTuple

import numpy as np
import xarray as xr

from rainsmith.base.dims import X, Y
from rainsmith.base.errors import UserError

_QUANTILE, _SHARE = 0.95, 1 / 15  # objects lie above a fifteenth of the P95 of wet cells (Wernli et al. 2009)
_OBJECTS = {"minref": 1.0, "minmax": 1.0, "maxref": 1.0 + 1e-5, "mindiff": 1e-5, "minsize": 1, "mindis": 3}
"""Every connected area at or above 1 is an object; pysteps drops one whose first cell is 2 cells from another's."""


class Sal(NamedTuple):
    """Structure and amplitude, both from -2 to 2, and location, from 0 to 2; all 0 for a perfect field."""

    structure: float
    amplitude: float
    location: float


def sal(fcst: xr.DataArray, obs: xr.DataArray, *, wet_mm: float = 0.1) -> Sal:
    """Compare the objects of rain of one forecast field with those of the observed one.

    structure: (V - V') / ((V + V') / 2), V the mean over objects of sum / peak, weighted by the sum; above 0 too wide
    or flat. amplitude: the same of domain means; above 0 too wet. location: distance of the centres of mass, plus
    twice the difference of the objects' mean distance from it, both over the diagonal of the grid. An object is a
    connected area above a fifteenth of the P95 of the field's own wet cells.

    Args:
        fcst: (y, x) [mm/day], NaN where invalid.
        obs: (y, x) [mm/day], NaN where invalid.
        wet_mm: [mm/day] at or above it a cell is wet.

    Returns:
        NaN for structure and location where either field has no wet cell, for amplitude where both are dry.

    Raises:
        ValueError: the fields are not two of the same grid.
        UserError: pysteps or scikit-image is not installed.

    References:
        Wernli et al. (2008), doi:10.1175/2008MWR2415.1; Wernli et al. (2009), doi:10.1175/2009WAF2222271.1, for the
        threshold.
    """
    if set(fcst.dims) != {Y, X} or set(obs.dims) != {Y, X} or dict(fcst.sizes) != dict(obs.sizes):
        sizes = f"{dict(fcst.sizes)} and {dict(obs.sizes)}"
        raise ValueError(f"found fields of {sizes}; expected two of the same y and x; select one member and day")
    pysteps = _pysteps()
    fields = [field.transpose(Y, X).values.astype(np.float64) for field in (fcst, obs)]
    valid = np.isfinite(fields[0]) & np.isfinite(fields[1])
    forecast, observed = (np.where(valid, field, 0.0) for field in fields)
    with warnings.catch_warnings(), np.errstate(divide="ignore", invalid="ignore"):
        warnings.simplefilter("ignore")  # pysteps uses names that scikit-image is going to drop
        amplitude = float(pysteps.sal_amplitude(forecast, observed))
        if min(forecast.max(initial=0), observed.max(initial=0)) < wet_mm:
            return Sal(np.nan, amplitude, np.nan)
        forecast, observed = (field / _threshold(field, wet_mm) for field in (forecast, observed))
        structure = pysteps.sal_structure(forecast, observed, tstorm_kwargs=_OBJECTS)
        location = pysteps.sal_location(forecast, observed, tstorm_kwargs=_OBJECTS)
    return Sal(float(structure), amplitude, float(location))


def _threshold(field: np.ndarray, wet_mm: float) -> float:
    """[mm/day] Where the objects of a field begin. Structure and location do not change with the unit of a field."""
    return float(np.quantile(field[field >= wet_mm], _QUANTILE) * _SHARE)


def _pysteps() -> ModuleType:
    """The module of pysteps, where it and what it needs are installed."""
    advice = "pip install 'rainsmith[sal]', or leave sal out"
    try:
        with contextlib.redirect_stdout(io.StringIO()):  # pysteps prints where its configuration lies
            from pysteps.verification import salscores
    except ImportError:
        raise UserError(f"found no pysteps; sal needs it; {advice}") from None
    if not salscores.SKIMAGE_IMPORTED:
        raise UserError(f"found pysteps, but no scikit-image; sal needs both; {advice}")
    return salscores
