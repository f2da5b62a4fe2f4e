"""The check ``cell-places``: what was assumed of the place of the cells is said."""

from __future__ import annotations

import xarray as xr

from rainsmith.config import Data
from rainsmith.data.checks.registry import INPUT_CHECKS, InputCheck, Outcome

NOTICE = "place_notice"
"""Attribute of a field that was set when it was read (``sources.places``)."""


def say_places(field: xr.DataArray, settings: Data, target: xr.DataArray | None = None) -> Outcome:
    """Move what was assumed of the places of a field from its attributes to the store and the printed line.

    Args:
        field: (time, y, x) or (y, x). It is not changed.
        settings: the section ``data`` of the configuration; not read.
        target: not read.
    """
    notice = field.attrs.get(NOTICE)
    if not notice:
        return Outcome(field)
    kept = field.copy(deep=False)
    kept.attrs = {key: value for key, value in field.attrs.items() if key != NOTICE}
    return Outcome(kept, {"places": notice}, notice)


INPUT_CHECKS.add(
    InputCheck(
        name="cell-places",
        order=5,
        title="places of the cells",
        meaning="What was assumed where statements about the place of the cells disagree is said.",
        looks_at=("target", "predictor", "static"),
        moment="read",
        function=say_places,
    )
)
