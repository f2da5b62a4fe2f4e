"""Areas: what a file of them may look like, their means, and that they are scored as any forecast is."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from rainsmith.base.dims import MEMBER, SPLITS, in_split
from rainsmith.base.errors import UserError
from rainsmith.config import Config
from rainsmith.evaluate.areas import AREA_COLUMNS, METRICS_OF_AREAS, AreaMeans, area_means, read_areas, score_areas
from rainsmith.evaluate.forecasts_to_score import Forecast
from rainsmith.evaluate.scoring import Resampling
from rainsmith.evaluate.stage import settings_of
from rainsmith.metrics.core import pair
from rainsmith.metrics.ensemble import crps
from tests.fake_run import config_of, members_of, rain, store_of


@pytest.fixture(scope="module")
def config() -> Config:
    return config_of()


@pytest.fixture(scope="module")
def store(config: Config) -> xr.Dataset:
    return store_of(rain(400, 9, 8), config)


@pytest.fixture
def labels(store: xr.Dataset) -> xr.DataArray:
    """Two areas by number on the store's grid; the second holds sea cells and one land cell in the corner's row."""
    field = np.zeros((9, 8), dtype=np.int16)
    field[6:, :4] = 2
    field[:3, :3] = 7
    field[2, 3] = 7
    return xr.DataArray(field, dims=("y", "x"), coords={dim: store[dim] for dim in ("y", "x")})


def written(path: Path, **maps: xr.DataArray) -> Path:
    xr.Dataset(maps).to_netcdf(path)
    return path


def test_areas_by_number_take_their_names_from_the_flags(
    store: xr.Dataset, labels: xr.DataArray, tmp_path: Path
) -> None:
    assert read_areas(written(tmp_path / "bare.nc", basin=labels), store).names == ("2", "7")
    labels.attrs = {"flag_values": np.array([7, 2], np.int16), "flag_meanings": "Upper_Tarn Lower_Tarn"}
    found = read_areas(written(tmp_path / "named.nc", basin=labels), store)
    assert found.names == ("Lower_Tarn", "Upper_Tarn")
    np.testing.assert_array_equal(found.inside.sum(axis=0), [12, 1])  # nine of the second lie in the sea
    missing = labels.where(labels > 0)  # floats with NaN outside
    np.testing.assert_array_equal(read_areas(written(tmp_path / "nan.nc", basin=missing), store).inside, found.inside)


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


def test_means_count_valid_cells_alike() -> None:
    fields = np.array([[[1.0, 3.0, 8.0]], [[1.0, 0.0, 8.0]], [[0.0, 0.0, 8.0]]], dtype=np.float32)
    valid = np.array([[True, True, True], [True, False, True], [False, False, True]])
    inside = np.array([[1.0, 1.0], [1.0, 1.0], [0.0, 1.0]])
    expected = [[[2.0, 4.0]], [[1.0, 4.5]], [[np.nan, 8.0]]]
    np.testing.assert_allclose(area_means(fields, valid, inside), expected)


def test_an_area_of_one_cell_is_scored_as_that_cell(
    config: Config, store: xr.Dataset, labels: xr.DataArray, tmp_path: Path
) -> None:
    """And the area of every cell as the domain mean; thresholds are the quantiles of the area's own training days."""
    cell = xr.zeros_like(labels).copy()
    cell[7, 2] = 1
    areas = read_areas(written(tmp_path / "a.nc", cell=cell > 0, domain=labels >= 0), store)
    days = np.flatnonzero(store["split"].values == SPLITS.index("test"))
    members, obs = members_of(store, "prior", 3)["precip"], in_split(store, "test")["precip"]
    about = {"model": "flat", "checkpoint": "", "seed": 0, "mode": "prior", "split": "test"}
    forecast = Forecast(about, days, members.sizes[MEMBER], lambda: iter([]), baseline=False)
    watch = AreaMeans(areas)
    for chosen in (slice(0, 60), slice(60, None)):
        watch.add(np.arange(len(days))[chosen], pair(members.isel(time=chosen), obs.isel(time=chosen)))
    table = score_areas(watch, forecast, store, settings_of(store, config), Resampling(resamples=50))
    assert list(table.columns) == AREA_COLUMNS and set(table["area"]) == {"cell", "domain"}
    assert set(table["metric"]) >= {"crps", "spread_skill", "p99", "brier", "csi", "mass_bias"}
    assert not set(table["metric"]) & {"fss", "ralsd", "spatial_correlation", "energy_score", "block_borders"}
    rows = table[table["days"] == "all"].set_index(["area", "metric"])
    one = {"y": [7], "x": [2]}
    assert rows.loc[("cell", "crps"), "value"].item() == pytest.approx(
        float(crps(members.isel(one), obs.isel(one))), rel=1e-5
    )
    whole = [field.mean(("y", "x"), keepdims=True) for field in (members, obs)]
    assert rows.loc[("domain", "crps"), "value"].item() == pytest.approx(float(crps(*whole)), rel=1e-5)
    assert rows.loc[("domain", "mean"), "observed"].item() == pytest.approx(float(whole[1].mean()), rel=1e-5)
    training = in_split(store, "train")["precip"][:, 7, 2].astype(float)
    tail = rows.loc[("cell", "twcrps_p99")]
    assert tail["threshold"].item() == pytest.approx(float(training.quantile(0.99)), rel=1e-5)
    assert tail["lower"].item() <= tail["value"].item() <= tail["upper"].item()
    heavy = table[(table["days"] == "heavy") & (table["metric"] == "crps")]
    assert set(heavy["n_days"]) == {int((in_split(store, "test")["category"] == 3).sum())}


def test_scores_of_areas_need_no_field() -> None:
    names = {metric.name for metric in METRICS_OF_AREAS}
    assert {"crps", "rank_deviation", "brier", "sedi", "max"} <= names and not names & {"fss", "diversity", "ralsd"}
