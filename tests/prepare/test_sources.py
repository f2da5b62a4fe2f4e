"""Sources of a whole preparation: what a target may be, and what holds for predictors as for the target."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from rainsmith.base.errors import UserError
from tests.data.made import mapped, pressure, rain
from tests.prepare.made import made

DAYS = [f"{day:%Y-%m-%d}" for day in rain(days=61)["time"].to_index()]


def test_the_target_is_no_table(tmp_path: Path) -> None:
    (tmp_path / "rain.csv").write_text("\n".join(["date,pr", *[f"{day},1.5" for day in DAYS]]))
    with pytest.raises(UserError, match=r"rain\.csv.*expected a NetCDF file or a Zarr store"):
        made(tmp_path, target={"files": "rain.csv"})


def test_a_member_of_the_target_is_chosen(tmp_path: Path) -> None:
    several = xr.concat([rain(), rain(seed=5)], xr.Variable("number", [3, 7]))
    with pytest.raises(UserError, match=r"'select: {number: 3}' \(3, 7\)"):
        made(tmp_path, several)
    store = made(tmp_path, several, target={"files": "rain.nc", "select": {"number": 7}})
    np.testing.assert_array_equal(store["precip"].values, rain(seed=5).values)


@pytest.mark.parametrize("is_rain", [True, False])
def test_impossible_rain_is_refused_in_predictors_too(tmp_path: Path, is_rain: bool) -> None:
    coarse = (pressure() / 100).rename("tp")
    coarse = coarse.assign_attrs(units="mm", standard_name="precipitation_amount")
    coarse.values[7, 2, 3] = 2500.0
    coarse.to_netcdf(tmp_path / "tp.nc")
    sources = [{"files": "tp.nc", "variable": "tp", "rain": is_rain}]
    if is_rain:
        with pytest.raises(UserError, match="'tp' has 1 values above 2000 mm/day"):
            made(tmp_path, predictors=sources)
    else:
        made(tmp_path, predictors=sources)


def test_a_day_without_a_value_in_a_table_is_dropped_and_counted(tmp_path: Path) -> None:
    rows = [f"{day}," if number == 40 else f"{day},{number % 7}.5" for number, day in enumerate(DAYS)]
    (tmp_path / "nao.csv").write_text("\n".join(["date,nao", *rows]))
    blocks = {"from": "target", "coarsen": 3, "lags": [0]}
    store = made(tmp_path, mapped(rain()), predictors=[{"files": "nao.csv"}, blocks])
    assert store.attrs["days_dropped"] == 1 and store.sizes["time"] == 59
    assert DAYS[40] not in store["time"].dt.strftime("%Y-%m-%d").values
