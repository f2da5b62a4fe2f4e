"""Static maps without values where the target has rain."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from rainsmith.base.errors import UserError
from rainsmith.config import Data
from rainsmith.data.checks.gaps_in_maps import refuse_many_gaps
from tests.data.made import rain

TARGET = rain(days=3, ny=20, nx=20)


def height(factor: int = 1) -> xr.DataArray:
    made = rain(days=1, ny=20 * factor, nx=20 * factor, name="height", sea=False)[0]
    offset = 2500.0 * (1 / factor - 1)
    return made.assign_coords(
        y=4_600_000.0 + offset + 5000.0 / factor * np.arange(20 * factor),
        x=400_000.0 + offset + 5000.0 / factor * np.arange(20 * factor),
    )


@pytest.mark.parametrize("factor", [1, 2])
def test_gaps_over_sea_are_meant(factor: int) -> None:
    made = height(factor)
    made.values[:, :factor] = np.nan
    outcome = refuse_many_gaps(made, Data(), TARGET)
    assert outcome.field is made and (outcome.attributes, outcome.notice) == ({}, "")


def test_a_few_gaps_are_counted_and_many_refused() -> None:
    made = height()
    made.values[3, 4] = np.nan
    outcome = refuse_many_gaps(made, Data(), TARGET)
    assert outcome.attributes == {"cells_set_to_0": 1}
    assert outcome.notice == "1 valid cells without a value of 'height' set to 0"
    made.values[:, :3] = np.nan
    with pytest.raises(UserError, match=r"'height' has no value in 41 of the 380 cells .*expected at most 1%; fill"):
        refuse_many_gaps(made, Data(), TARGET)
    assert refuse_many_gaps(made, Data()).field is made  # no target, nothing to compare with


def test_arrays_without_coordinates_are_compared_cell_by_cell() -> None:
    made = height().drop_vars(["y", "x"])
    made.values[:, 5] = np.nan
    with pytest.raises(UserError, match="no value in 20 of the 380 cells"):
        refuse_many_gaps(made, Data(), TARGET.drop_vars(["y", "x"]))
