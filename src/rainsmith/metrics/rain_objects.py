"""Objects of rain in one forecast field and in the observed one: structure, amplitude and location (SAL).

The score is slow, so that it is not among the metrics of the table. Objects and the three components come from pysteps
(Pulkkinen et al. 2019, doi:10.5194/gmd-12-4185-2019), which needs scikit-image.
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

    An object is a connected area above a fifteenth of the P95 of the wet cells of its own field.

    structure: (V - V') / ((V + V') / 2), where V is the mean over the objects of their sum over their peak, weighted
    by the sum. It is above 0 where the objects are too wide or too flat.
    amplitude: the same formula, of the means over the domain. It is above 0 where the forecast is too wet.
    location: the distance of the two centres of mass, plus twice the difference of the mean distances of the objects
    from the centre of their field, both over the diagonal of the grid.

    Args:
        fcst: (y, x) [mm/day], NaN where invalid.
        obs: (y, x) [mm/day], NaN where invalid.
        wet_mm: [mm/day] at or above it a cell is wet.

    Returns:
        The three components. Structure and location are NaN where either field has no wet cell, amplitude where both
        have none.

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
    """The amount [mm/day] at which objects of a field begin; structure and location do not depend on the unit."""
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
