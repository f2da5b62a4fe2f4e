"""Areas: what a file of them may look like, and what is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from rainsmith.base.errors import UserError
from rainsmith.evaluate.area_files import read_areas


def written(path: Path, **maps: xr.DataArray) -> Path:
    xr.Dataset(maps).to_netcdf(path)
    return path


def test_areas_by_number_take_their_names_from_the_flags(
    store: xr.Dataset, labels: xr.DataArray, tmp_path: Path
) -> None:
    assert read_areas(written(tmp_path / "bare.nc", basin=labels), store).names == ("2", "7")
    labels.attrs = {"flag_values": np.array([7, 2], np.int16), "flag_meanings": "Upper_Tarn Lower_Tarn"}
    areas = read_areas(written(tmp_path / "named.nc", basin=labels), store)
    assert areas.names == ("Lower_Tarn", "Upper_Tarn")
    np.testing.assert_array_equal(areas.inside.sum(axis=0), [12, 1])  # nine of the second lie in the sea
    missing = labels.where(labels > 0)  # floats with NaN outside
    np.testing.assert_array_equal(read_areas(written(tmp_path / "nan.nc", basin=missing), store).inside, areas.inside)


def test_areas_by_true_and_false_may_overlap(store: xr.Dataset, labels: xr.DataArray, tmp_path: Path) -> None:
    both = read_areas(written(tmp_path / "b.nc", tarn=labels == 2, all_of_it=labels >= 0), store)
    assert both.names == ("tarn", "all_of_it")
    assert both.inside.sum(axis=0).tolist() == [12, int(store["mask"].sum())]
    ones = read_areas(written(tmp_path / "c.nc", tarn=(labels == 2).astype(np.int8), other=(labels == 7) * 1), store)
    np.testing.assert_array_equal(ones.inside[:, 0], both.inside[:, 0])
    transposed = read_areas(written(tmp_path / "t.nc", tarn=(labels == 2).transpose()), store)
    np.testing.assert_array_equal(transposed.inside[:, 0], both.inside[:, 0])


def test_mistakes_are_one_line(store: xr.Dataset, labels: xr.DataArray, tmp_path: Path) -> None:
    def message(name: str, **maps: xr.DataArray) -> str:
        with pytest.raises(UserError) as raised:
            read_areas(written(tmp_path / f"{name}.nc", **maps), store)
        return str(raised.value)

    assert "expected areas as maps of (9, 8) cells" in message("small", basin=labels.isel(y=slice(1, None)))
    assert "in the same order" in message("flipped", basin=labels.isel(y=slice(None, None, -1)))
    assert "found 1.75" in message("quarters", basin=labels * 0.25)
    assert "holds no area" in message("empty", basin=xr.where(labels > 0, 0, 0).assign_attrs(flag_meanings="a"))
    assert "holds no valid cell" in message("sea", sea=(labels == 7) & (labels["x"] < 25_000) & (labels["y"] < 25_000))
    assert "only maps of true and false" in message("mixed", basin=labels, tarn=labels == 2)
    with pytest.raises(UserError, match="not found"):
        read_areas(tmp_path / "none.nc", store)
    (tmp_path / "text.nc").write_text("no NetCDF")
    with pytest.raises(UserError, match="cannot be read"):
        read_areas(tmp_path / "text.nc", store)
