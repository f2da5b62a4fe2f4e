"""Paired comparisons of forecasts on the days that both have."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from rainsmith.evaluate.comparisons import COMPARISON_COLUMNS, compare_in_pairs
from rainsmith.evaluate.forecasts_to_score import Forecast
from rainsmith.evaluate.scoring import Scored
from rainsmith.evaluate.settings import Resampling

DAYS = 60


@pytest.fixture(scope="module")
def store() -> xr.Dataset:
    return xr.Dataset(
        {"category": ("time", np.full(DAYS, 3)), "heavy_x": ("time", np.arange(DAYS) < 20)},
        coords={"time": pd.date_range("2001-01-01", periods=DAYS)},
    )


def scored(crps: np.ndarray, days: np.ndarray, baseline: bool = False) -> tuple[Forecast, Scored]:
    """A forecast whose mean CRPS over ten cells is given for each of its days."""
    labels = {"model": "m", "checkpoint": "", "seed": 0, "mode": "prior", "split": "test"}
    forecast = Forecast(labels, days, 3, lambda: iter([]), baseline)
    daily = xr.Dataset({"crps": ("time", 10 * crps), "cells": ("time", np.full(len(days), 10.0))})
    return forecast, Scored(pd.DataFrame(), xr.Dataset(), daily, [])


def test_differences_are_means_over_the_days_of_both(store: xr.Dataset) -> None:
    score = np.random.default_rng(0).gamma(2, 1, DAYS)
    every, late = np.arange(DAYS), np.arange(10, DAYS)
    forecasts = {
        "m-prior": scored(score, every),
        "worse": scored(score[late] + 0.5, late, baseline=True),
        "equal": scored(score, every, baseline=True),
    }
    table = compare_in_pairs(forecasts, store, "test", Resampling(resamples=50))
    assert list(table.columns) == COMPARISON_COLUMNS
    assert set(zip(table["a"], table["b"], strict=True)) == {("m-prior", "worse"), ("m-prior", "equal")}
    rows = table.set_index(["b", "days"])
    assert set(table["metric"]) == {"crps"} and set(table["split"]) == {"test"}
    for days in ("all", "heavy", "heavy_x"):
        assert rows.loc[("worse", days), "difference"] == pytest.approx(-0.5)
        assert rows.loc[("equal", days), "difference"] == 0 and rows.loc[("equal", days), "p"] == 1
    assert rows.loc[("worse", "heavy_x"), "blocks"] < rows.loc[("worse", "all"), "blocks"]


def test_days_whose_cells_differ_are_left_out(store: xr.Dataset) -> None:
    days = np.arange(DAYS)
    one, other = scored(np.ones(DAYS), days), scored(np.where(days < 30, 100.0, 2.0), days, baseline=True)
    other[1].daily["cells"][:30] = 9.0
    table = compare_in_pairs({"a": one, "b": other}, store, "test", Resampling(resamples=50))
    assert table.loc[table["days"] == "all", "difference"].item() == pytest.approx(-1.0)
    assert "heavy_x" not in set(table["days"])  # those days lie among the first
