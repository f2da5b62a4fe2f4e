"""What a check of input data is, the registry of all checks, and the loop that applies them."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from typing import Any, Literal

import xarray as xr

from rainsmith.base.registry import Registry
from rainsmith.config import Data

Kind = Literal["target", "predictor", "static"]
"""What a field is for."""
Moment = Literal["read", "converted"]
"""When a field is checked: as it was read, in the units and with the attributes of its file, or as rain in mm/day."""


@dataclass(frozen=True)
class Outcome:
    """What one check did with one field.

    Attributes:
        field: the field to go on with; the one that was given where nothing had to be mended.
        attributes: what was counted or mended, as attributes of the store.
        notice: the same in a few words for the line that ``prepare`` prints, or "".
        warning: what deserves a line of its own, or "".
    """

    field: xr.DataArray
    attributes: dict[str, Any] = dataclass_field(default_factory=dict)
    notice: str = ""
    warning: str = ""


CheckFunction = Callable[[xr.DataArray, Data, xr.DataArray | None], Outcome]
"""Takes the field, the section ``data`` of the configuration and the target.

The target (time, y, x) [mm/day], already checked, is given with predictors and static maps, so that a check can compare
their days or cells with it. It is None for the target itself and where there are no observations.

A function refuses a field with a ``UserError``, mends it by returning another, or only counts.
"""


@dataclass(frozen=True)
class InputCheck:
    """One check of input data.

    Attributes:
        name: how code refers to it.
        order: its place among the checks; a check sees what earlier ones have mended.
        title: a short noun phrase.
        meaning: one sentence that says what is refused, mended or counted.
        looks_at: the kinds of field that it is applied to.
        moment: "read" to see values in the units of the file, "converted" to see rain in mm/day. A predictor is
            converted only where the configuration calls it rain, and a static map never is.
        function: does the check.
    """

    name: str
    order: int
    title: str
    meaning: str
    looks_at: tuple[Kind, ...]
    moment: Moment
    function: CheckFunction


INPUT_CHECKS: Registry[InputCheck] = Registry("check of input data", "rainsmith.data.checks")


@dataclass
class CheckLog:
    """What the checks of a preparation counted and said; ``check_input`` adds to it.

    Attributes:
        attributes: of the store; those of a predictor or a static map end in its name.
        notices: what ``prepare`` prints, in order, in one line.
        lines: what it prints after them, each in a line of its own.
        sources: what each source was found to be (``sources/found.py``).
    """

    attributes: dict[str, Any] = dataclass_field(default_factory=dict)
    notices: list[str] = dataclass_field(default_factory=list)
    lines: list[str] = dataclass_field(default_factory=list)
    sources: list[dict[str, Any]] = dataclass_field(default_factory=list)

    def of_store(self) -> dict[str, Any]:
        """All of it as attributes of the store; lists are text, because files have no attributes of lists of texts."""
        texts = {"prepare_said": [*self.notices, *self.lines], "sources_found": self.sources}
        return self.attributes | {name: json.dumps(values) for name, values in texts.items() if values}


def check_input(
    field: xr.DataArray,
    kind: Kind,
    moment: Moment,
    settings: Data,
    log: CheckLog | None = None,
    target: xr.DataArray | None = None,
) -> xr.DataArray:
    """Apply every check that looks at this kind of field at this moment, in order.

    Args:
        field: (time, y, x), or (y, x) for a static map; NaN where invalid. It is not changed.
        kind: what the field is for.
        moment: "read" for a field in the units of its file, "converted" for rain in mm/day.
        settings: the section ``data`` of the configuration.
        log: takes what the checks count and say.
        target: the checked target [mm/day], for predictors and static maps.

    Returns:
        The field as the checks leave it.

    Raises:
        UserError: a check refuses the field.
    """
    log = CheckLog() if log is None else log
    suffix = "" if kind == "target" else f"_{field.name}"
    for check in INPUT_CHECKS:
        if kind in check.looks_at and check.moment == moment:
            outcome = check.function(field, settings, target)
            field = outcome.field
            log.attributes |= {key + suffix: value for key, value in outcome.attributes.items()}
            log.notices += [outcome.notice] if outcome.notice else []
            log.lines += [outcome.warning] if outcome.warning else []
    return field
