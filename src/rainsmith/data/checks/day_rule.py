"""The check ``day-rule``: what was assumed of the days of a field is said."""

from __future__ import annotations

import xarray as xr

from rainsmith.base.dims import TIME
from rainsmith.config import Data
from rainsmith.data.checks.registry import INPUT_CHECKS, InputCheck, Outcome


def say_day_rule(field: xr.DataArray, settings: Data, target: xr.DataArray | None = None) -> Outcome:
    """Say where the days of a field are not simply the dates of its stamps, as ``sources.days.dated`` found them."""
    rule = field[TIME].attrs.get("day_rule", "")
    return Outcome(field, {"day_rule": rule}, f"'{field.name}' has {rule}") if rule else Outcome(field)


INPUT_CHECKS.add(
    InputCheck(
        name="day-rule",
        order=2,
        title="days that are not those of the stamps",
        meaning="It is said where the day of a value is that of its time bounds, of an offset of the units, or of a "
        "rounded stamp.",
        looks_at=("target", "predictor"),
        moment="read",
        function=say_day_rule,
    )
)
