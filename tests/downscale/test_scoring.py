"""Scores of a downscaler: those of the evaluation and of its quantiles, and the climatology beside them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from rainsmith.base.dims import in_day_set, in_split
from rainsmith.base.seasons import SEASONS
from rainsmith.base.zarr_files import open_zarr
from rainsmith.evaluate.forecast_scores import climatology, score_quantiles
from rainsmith.evaluate.scoring import COLUMNS
from rainsmith.metrics.core import Settings
from rainsmith.metrics.ensemble import mae
from rainsmith.metrics.quantiles import exceeded, pinball, quantile_crps
from rainsmith.run_folder import Run


def test_the_table_holds_the_scores_of_the_evaluation_and_of_the_quantiles(downscaled: Run) -> None:
    table = pd.read_csv(downscaled.evaluation / "q-srdrn-real-s3-test.csv")
    assert table.columns.tolist() == COLUMNS
    assert set(table.loc[table["metric"] == "mae", "days"]) == {"all", "heavy", "heavy_x"}
    assert set(table["days"]) == {"all", "heavy", "heavy_x", *SEASONS}  # quantiles by season, too
    store = downscaled.open_store().load()
    days = in_split(store, "test")
    forecast = open_zarr(downscaled.folder / "downscale" / "q-srdrn-real-s3-test.zarr", "").load()
    ours = table[table["model"] == "q-srdrn-real"]
    assert set(ours["checkpoint"]) == {"q-srdrn-real-s3"} and set(ours["seed"]) == {3} and set(ours["members"]) == {1}

    def value(metric: str, day_set: str, rows: pd.DataFrame = ours) -> float:
        (row,) = rows[(rows["metric"] == metric) & (rows["days"] == day_set)].to_dict("records")
        assert row["lower"] <= row["value"] <= row["upper"]
        return float(row["value"])

    for name in ("all", "heavy"):
        chosen = {"time": np.flatnonzero(in_day_set(days, name))}
        observed = days["precip"].isel(chosen)
        quantiles = forecast["quantiles"].isel(chosen)
        assert value("mae", name) == pytest.approx(float(mae(forecast["precip"].isel(chosen), observed)), rel=1e-5)
        tail = pinball(quantiles.sel(quantile=0.99, drop=True), observed, quantile=0.99)
        assert value("pinball_p99", name) == pytest.approx(float(tail), rel=1e-5)
        assert value("quantile_crps", name) == pytest.approx(float(quantile_crps(quantiles, observed)), rel=1e-5)
    summer = days["precip"].isel(time=days["time"].dt.month.isin([6, 7, 8]).values)
    above = exceeded(forecast["quantiles"].sel(time=summer["time"], quantile=0.95, drop=True), summer, quantile=0.95)
    assert value("exceeded_p95", "JJA") == pytest.approx(float(above), rel=1e-5)
    beside = table[table["model"] == "climatology"]
    climate = climatology(in_split(store, "train"), [0.95]).isel(quantile=0, drop=True)
    expected = pinball(climate.broadcast_like(days["precip"]), days["precip"], quantile=0.95)
    assert value("pinball_p95", "all", beside) == pytest.approx(float(expected), rel=1e-4)


def test_climatology_is_the_quantile_of_each_cell(prepared: Run) -> None:
    training = in_split(prepared.open_store(), "train").load()
    quantiles = climatology(training, [0.5, 0.99])
    mask = training["mask"].values
    values = training["precip"].values[:, mask]
    np.testing.assert_allclose(quantiles.values[:, mask], np.quantile(values, [0.5, 0.99], axis=0), rtol=1e-5)
    assert np.isnan(quantiles.values[:, ~mask]).all()


def test_quantiles_that_are_never_wrong_lose_nothing(prepared: Run) -> None:
    days = in_split(prepared.open_store(), "test").isel(time=slice(0, 60)).load()
    levels = xr.DataArray([0.5, 0.9], dims="quantile", coords={"quantile": [0.5, 0.9]})
    perfect = (days["precip"] * (1 + 0 * levels)).transpose("time", "quantile", "y", "x")
    table = score_quantiles(perfect, days, settings=Settings(), labels={"model": "perfect", "split": "test"})
    on_all = table[table["days"] == "all"].set_index("metric")["value"]
    assert (on_all == 0).all() and set(on_all.index) == {
        *["pinball_p50", "pinball_p90", "exceeded_p50", "exceeded_p90", "quantile_crps"]
    }
    assert set(table["model"]) == {"perfect"} and set(table["members"]) == {1} and set(table["mode"]) == {"prior"}
