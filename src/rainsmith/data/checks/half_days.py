"""The check ``half-days``: rain of half a day is no rain of a day."""

from __future__ import annotations

import xarray as xr

from rainsmith.base.dims import TIME
from rainsmith.base.errors import UserError
from rainsmith.config import Data
from rainsmith.data.checks.registry import INPUT_CHECKS, InputCheck, Outcome
from rainsmith.data.sources.bounds import MAKE_DAILY


def refuse_half_days(precip: xr.DataArray, settings: Data, target: xr.DataArray | None = None) -> Outcome:
    """Refuse rain whose time bounds are shorter than a day; states such as pressure may have them.

    Raises:
        UserError: ``sources.days.dated`` found such bounds.
    """
    hours = precip[TIME].attrs.get("hours_of_bounds")
    if hours is not None:
        raise UserError(
            f"'{precip.name}' is rain and has time bounds of {hours:.3g} hours; expected bounds of one day; "
            f"{MAKE_DAILY}"
        )
    return Outcome(precip)


INPUT_CHECKS.add(
    InputCheck(
        name="half-days",
        order=18,
        title="rain of half a day",
        meaning="Rain whose time bounds are 12 to 18 hours long is refused; for other fields it is said.",
        looks_at=("target", "predictor"),
        moment="converted",
        function=refuse_half_days,
    )
)
