"""Flags on a grid, and directions."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import xarray as xr

from rainsmith.base.errors import UserError
from rainsmith.config import Data
from rainsmith.data.checks.not_amounts import judge_amounts


def field(name: str = "wt", top: int = 9, cells: int = 4, **attrs: Any) -> xr.DataArray:
    values = np.random.default_rng(0).integers(0, top + 1, (50, cells, 1)).astype(np.float32)
    return xr.DataArray(values, dims=("time", "y", "x"), name=name, attrs=attrs)


@pytest.mark.parametrize("attrs", [{"flag_values": np.arange(9)}, {"flag_meanings": "fog rain snow"}])
def test_flags_on_a_grid_are_refused(attrs: dict[str, Any]) -> None:
    with pytest.raises(UserError, match=r"'wt' holds [39] kinds of flags on a grid"):
        judge_amounts(field(**attrs), Data())
    assert not judge_amounts(field(cells=1, **attrs), Data()).warning  # a series, which 'categories' can name


def test_a_mask_of_two_kinds_has_a_mean() -> None:
    assert not judge_amounts(field(flag_meanings="land sea"), Data()).warning


@pytest.mark.parametrize(
    ("name", "standard"), [("wd", "wind_from_direction"), ("wind_dir", ""), ("DD", ""), ("wdir10m", "")]
)
def test_directions_are_said(name: str, standard: str) -> None:
    outcome = judge_amounts(field(name, 360, standard_name=standard), Data())
    assert outcome.warning.startswith(f"WARNING: '{name}' is a direction in degrees")


@pytest.mark.parametrize(
    ("name", "top"), [("directed_flow", 360), ("wind_direction", 9), ("t2m", 360), ("wind_dir", 400)]
)
def test_other_fields_are_not(name: str, top: int) -> None:
    assert not judge_amounts(field(name, top), Data()).warning
