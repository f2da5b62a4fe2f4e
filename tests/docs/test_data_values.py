"""The section of docs/data.md on values and units is true: its units, names and codes are tried."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from rainsmith.base.errors import UserError
from rainsmith.base.units import mm_per_day_factor
from rainsmith.config import Data
from rainsmith.data.checks import gaps_in_maps, impossible_values
from rainsmith.data.checks.missing_codes import mask_missing_codes
from rainsmith.data.sources.rain_names import is_total
from rainsmith.prepare import same_channels
from rainsmith.sample import training_range

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "data.md").read_text()
SECTION = PAGE[PAGE.index("## Values and units") : PAGE.index("## Predictors without a grid")]
ROWS = [line.strip("|").split("|") for line in SECTION.splitlines() if line.startswith("|")]
UNITS = [
    (unit, float(row[1])) for row in ROWS if re.fullmatch(r" [\d.]+ ", row[1]) for unit in re.findall("`(.+?)`", row[0])
]


def between(start: str, end: str) -> list[str]:
    text = SECTION[SECTION.index(start) :]
    return re.findall("`(.+?)`", text[: text.index(end)])


@pytest.mark.parametrize(("unit", "factor"), UNITS)
def test_units(unit: str, factor: float) -> None:
    assert mm_per_day_factor(unit) == pytest.approx(factor, rel=1e-12)


@pytest.mark.parametrize("unit", [*between("Refused: ", "and no unit at all"), ""])
def test_units_that_are_refused(unit: str) -> None:
    with pytest.raises(UserError):
        mm_per_day_factor(unit)


def test_names_of_rain() -> None:
    standard = between("a CF standard name such as", "or a usual name")
    usual = between("or a usual name such as", "whose standard name")
    assert len(standard) == 3 and len(usual) == 6
    for name in standard:
        assert is_total(xr.DataArray([1.0], name="x", attrs={"units": "kg m-2 s-1", "standard_name": name}))
    for name in usual:
        assert is_total(xr.DataArray([1.0], name=name, attrs={"units": "mm"}))


@pytest.mark.parametrize("code", between("| holds infinities, ", "|\n") + between("| holds `-9999`", " far from"))
def test_codes(code: str) -> None:
    field = xr.DataArray(np.linspace(101_000, 102_000, 60).reshape(3, 4, 5), dims=("time", "y", "x"), name="msl")
    field.values[:, 0, 0] = float(code)
    assert mask_missing_codes(field, Data()).attributes == {"missing_codes": 3}


def test_bounds() -> None:
    rain = f"below {impossible_values.LOWEST_MM:g} or above {impossible_values.HIGHEST_MM:g} mm/day"
    shares = (
        f"more than {100 * gaps_in_maps.MOST:g} % of the cells",
        f"more than {100 * same_channels.MOST_MISSING:g} % of a channel's values beyond",
        f"more than {100 * training_range.MANY_OUTSIDE:g} % of a channel outside the range",
        f"more than {100 * training_range.MOST_OUTSIDE:g} % of a channel outside it",
        f"less than {100 * training_range.LEAST_SPREAD:g} % as much as in the training, over {training_range.FEWEST_DAYS} days",
    )
    assert all(text in SECTION for text in (rain, *shares))
