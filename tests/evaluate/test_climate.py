"""The climate of forecasts: thresholds from training days, tables and maps beside the observed, the whole record."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from rainsmith.base.dims import MEMBER, SPLITS, in_split
from rainsmith.base.netcdf_files import read_netcdf, write_netcdf
from rainsmith.config import Config
from rainsmith.evaluate.climate import (
    CLIMATE_COLUMNS,
    ClimateWatch,
    climate_of,
    covers,
    record_of,
)
from rainsmith.evaluate.climate_reference import Reference, reference_of
from rainsmith.evaluate.forecasts_to_score import Forecast
from rainsmith.evaluate.settings import Resampling
from rainsmith.metrics.core import pair
from tests.fake_run import config_of, members_of, rain, store_of

FEW = Resampling(resamples=50)


@pytest.fixture(scope="module")
def config() -> Config:
    return config_of()


@pytest.fixture(scope="module")
def store(config: Config) -> xr.Dataset:
    """730 days: two years, whose last 430 days are the test split."""
    return store_of(rain(730, 12, 10), config)


@pytest.fixture(scope="module")
def reference(store: xr.Dataset) -> Reference:
    return reference_of(store, 0.1)


def forecast_of(store: xr.Dataset, members: xr.DataArray, days: np.ndarray | None = None) -> Forecast:
    labels = {"model": "flat", "checkpoint": "", "seed": 0, "mode": "prior", "split": "test"}
    days = np.flatnonzero(store["split"].values == SPLITS.index("test")) if days is None else days
    return Forecast(labels, days, members.sizes[MEMBER], lambda: iter([(slice(None), members)]), baseline=False)


def watched(store: xr.Dataset, reference: Reference, members: xr.DataArray) -> tuple[ClimateWatch, Forecast]:
    forecast = forecast_of(store, members)
    watch, obs = ClimateWatch(reference, forecast, store), in_split(store, "test")["precip"]
    for start in range(0, len(forecast.days), 100):
        days = np.arange(start, min(start + 100, len(forecast.days)))
        watch.add(days, pair(members.isel(time=days), obs.isel(time=days)))
    return watch, forecast


def test_members_that_are_the_observation_have_no_bias(store: xr.Dataset, reference: Reference) -> None:
    same = in_split(store, "test")["precip"].expand_dims(member=3, axis=1)
    table, maps = climate_of(*watched(store, reference, same), FEW)
    assert list(table.columns) == CLIMATE_COLUMNS and set(table["members"]) == {3}
    np.testing.assert_allclose(table["value"], table["observed"], rtol=1e-6)
    np.testing.assert_allclose(table["lower"], table["upper"], rtol=1e-6)
    for name in ("mean", "R1mm", "SDII", "Rx1day", "R95p", "CDD", "lag1"):
        assert np.nanmax(np.abs(maps[f"{name}_bias"])) < 1e-5, name
    domain = maps["return_level_domain"].sel(fit="gpd_regional", source="observed")
    assert np.isfinite(domain).all()
    np.testing.assert_allclose(maps["return_level_by_member"], domain.expand_dims(member=3), rtol=1e-5)


def test_table_and_maps_say_the_same_and_know_their_units(
    store: xr.Dataset, reference: Reference, tmp_path: Path
) -> None:
    members = members_of(store, "prior", 4)["precip"]
    table, maps = climate_of(*watched(store, reference, 2 * members), FEW)
    rows = table.set_index("index")
    assert rows.loc["mean", "value"] > 1.5 * rows.loc["mean", "observed"]
    obs = in_split(store, "test")["precip"]
    np.testing.assert_allclose(maps["mean_observed"], obs.mean("time"), rtol=1e-5)
    np.testing.assert_allclose(maps["R95p_bias"], maps["R95p_members"] - maps["R95p_observed"], rtol=1e-3, atol=1e-2)
    for name in ("mean", "R1mm", "SDII", "Rx1day", "R95p"):
        assert rows.loc[name, "observed"] == pytest.approx(float(maps[f"{name}_observed"].mean()), rel=1e-4)
        assert rows.loc[name, "units"] == maps[f"{name}_bias"].attrs["units"]
        assert rows.loc[name, "lower"] <= rows.loc[name, "value"] <= rows.loc[name, "upper"]
    level = rows.loc["return_level_10y"]
    by_member = maps["return_level_by_member"].sel(return_period=10)
    assert level["value"] == pytest.approx(float(by_member.median()), rel=1e-5)
    assert level["value"] > 1.5 * level["observed"]
    domain = maps.sel(fit="gpd_regional", return_period=10)
    assert level["observed"] == pytest.approx(float(domain["return_level_domain"].sel(source="observed")), rel=1e-4)
    assert (domain["return_level_domain_lower"] < domain["return_level_domain_upper"]).all()
    assert np.isnan(maps["return_level"].sel(fit="gev")).all() and int(maps["whole_years"]) == 1
    assert maps["seasonal_cycle_members"].shape == (12, 4) and "exchangeable" in maps.attrs["note"]
    assert maps["peaks_per_year"].sel(source="members").mean() > maps["peaks_per_year"].sel(source="observed").mean()
    write_netcdf(tmp_path / "climate.nc", maps)
    again = read_netcdf(tmp_path / "climate.nc")
    assert again["return_level"].dims == ("source", "fit", "return_period", "y", "x")
    assert again["R1mm_bias"].attrs["units"] == "days/year" and again["y"].attrs["units"] == "m"


def test_a_single_value_has_no_range_and_a_baseline_no_intervals(store: xr.Dataset, reference: Reference) -> None:
    one = in_split(store, "test")["precip"].expand_dims(member=1, axis=1)
    watch, forecast = watched(store, reference, one)
    alone = Forecast(forecast.labels, forecast.days, 1, forecast.pieces, baseline=True)
    table, maps = climate_of(watch, alone, FEW)
    assert table["value"].notna().all() and table["lower"].isna().all()
    assert np.isnan(maps["return_level_lower"]).all() and np.isnan(maps["return_level_domain_upper"]).all()


def test_a_missing_member_leaves_the_cell_day_out_of_both(store: xr.Dataset, reference: Reference) -> None:
    members = members_of(store, "prior", 2)["precip"].copy()
    members[:, 0, 8, 5] = np.nan
    members[:, 1, 8, 5] = 900.0
    _, maps = climate_of(*watched(store, reference, members), FEW)
    assert np.isnan(maps["mean_observed"][8, 5]) and np.isnan(maps["Rx1day_members"][8, 5])
    assert float(maps["Rx1day_members"].max()) < 900


def test_only_whole_splits_have_a_climate(store: xr.Dataset) -> None:
    members = members_of(store, "prior", 2)["precip"]
    assert covers(forecast_of(store, members), store)
    days = np.flatnonzero(store["split"].values == SPLITS.index("test"))
    assert not covers(forecast_of(store, members, days[1:]), store)


def test_the_record_is_all_days_of_the_store(store: xr.Dataset, reference: Reference) -> None:
    record = record_of(reference, store, FEW)
    np.testing.assert_allclose(record["mean_observed"], store["precip"].mean("time"), rtol=1e-5)
    assert (record.attrs["first_day"], record.attrs["last_day"]) == ("2001-01-01", "2002-12-31")
    assert int(record["whole_years"]) == 2 and list(record["source"].values) == ["record"]
    assert "mean_bias" not in record and "seasonal_cycle_members" not in record


def test_twelve_years_have_a_gev_of_annual_maxima(config: Config) -> None:
    """Close to the largest of twelve values: the level of twelve years lies among them, and the interval around it."""
    store = store_of(rain(12 * 365 + 3, 5, 4), config)
    record = record_of(reference_of(store, 0.1), store, FEW)
    gev = record.sel(source="record", fit="gev")
    maxima = store["precip"].groupby("time.year").max()
    level = gev["return_level"].sel(return_period=5).values
    known = np.isfinite(level)
    assert int(record["whole_years"]) == 12 and known.sum() == np.isfinite(maxima[0]).sum()
    assert (level < maxima.max("year").values)[known].all() and (level > maxima.median("year").values)[known].all()
    lower, upper = (gev[f"return_level_{bound}"].sel(return_period=5).values for bound in ("lower", "upper"))
    assert (lower < upper)[known].all() and (lower <= level)[known].all() and (level <= upper)[known].all()
    own = record["return_level"].sel(source="record", fit="gpd", return_period=5).values
    np.testing.assert_allclose(np.nanmean(own), np.nanmean(level), rtol=0.15)
