"""Daily fields that become predictors."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rainsmith.base.errors import UserError
from rainsmith.config import PredictorSource
from rainsmith.data.sources.axes import read_days
from rainsmith.data.sources.predictors import (
    DailyField,
    farthest_offset,
    field_of_array,
    field_of_target,
    least_common_block,
    unused_label,
    widen,
)
from tests.data.made import config, pressure, rain

BLOCKS = [{"from": "target", "coarsen": 6, "lags": [-2, 0]}, {"from": "target", "coarsen": 4}]
SETTINGS = config(Path("nowhere")).data


def field(standard_name: str, units: str, *, rainy: bool = False) -> DailyField:
    da = pressure(days=3).assign_attrs(standard_name=standard_name, units=units)
    return field_of_array(read_days(da.to_dataset(), "msl", "made"), "msl", [0], rainy, SETTINGS, None)


def test_the_widest_reach_and_the_common_block_of_all_sources() -> None:
    files = {"files": "a.nc", "day_offsets": [0, 3]}
    settings = config(Path("nowhere"), predictors=[*BLOCKS, files]).data
    assert farthest_offset(settings) == 3
    assert least_common_block(settings) == 12
    assert farthest_offset(config(Path("nowhere"), predictors=[files]).data) == 3
    assert least_common_block(config(Path("nowhere"), predictors=[files]).data) == 1


@pytest.mark.parametrize(
    ("span", "days", "expected"),
    [
        ((20010115, 20010215), 0, (20010115, 20010215)),
        ((20010115, 20010215), 1, (20001201, 20010331)),
        ((20010115, 20011215), 29, (20001101, 20020231)),
        (None, 3, None),
    ],
)
def test_a_span_is_widened_by_whole_months(span, days, expected) -> None:
    assert widen(span, days) == expected


def test_the_name_of_a_channel_says_the_day() -> None:
    target = field_of_target(PredictorSource(**BLOCKS[0]), rain())
    assert [target.channel_name(offset) for offset in (-2, 0, 1)] == ["rain_6_lag-2", "rain_6_lag0", "rain_6_lag+1"]
    assert field("air_pressure", "Pa").channel_name(1) == "msl_day+1"


def test_a_label_that_is_used_gets_a_number() -> None:
    one = field("air_pressure", "Pa")
    assert unused_label("z", [one]) == "z"
    assert unused_label("msl", [one]) == "msl_2"


@pytest.mark.parametrize(
    ("standard_name", "conservative"),
    [("air_pressure", False), ("surface_upward_heat_flux", True), ("precipitation_amount", True)],
)
def test_fluxes_and_rain_are_regridded_conservatively(standard_name: str, conservative: bool) -> None:
    assert field(standard_name, "1").conservative is conservative


def test_rain_is_converted_to_mm() -> None:
    lengths = field("precipitation_amount", "um", rainy=True)
    assert lengths.rain and lengths.conservative
    np.testing.assert_allclose(lengths.values, pressure(days=3).values / 1000, rtol=1e-6)
    with pytest.raises(UserError, match="predictor 'msl' has units 'Pa', which are no precipitation"):
        field("air_pressure", "Pa", rainy=True)
