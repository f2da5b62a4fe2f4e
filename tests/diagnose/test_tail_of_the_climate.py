"""The verdict's lines on the tail, on the embedded climate whose truth is known: true members pass, others do not."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from rainsmith.config import Config
from rainsmith.evaluate.criteria import verdict
from rainsmith.evaluate.forecasts_to_score import Forecast
from rainsmith.evaluate.settings import settings_of
from rainsmith.evaluate.tail import TailReference, TailWatch, tail_reference, tail_rows
from rainsmith.metrics.core import pair


@pytest.fixture(scope="module")
def reference(climate_store: xr.Dataset, climate_config: Config) -> TailReference:
    return tail_reference(climate_store, settings_of(climate_store, climate_config))


def failed(members: xr.DataArray, store: xr.Dataset, reference: TailReference) -> set[str]:
    days = np.flatnonzero(store["split"].values == 2)
    labels = {"model": "m", "checkpoint": "", "seed": 0, "mode": "prior", "split": "test"}
    forecast = Forecast(labels, days, members.sizes["member"], lambda: iter([]), baseline=False)
    watch = TailWatch(reference, forecast, store)
    watch.add(np.arange(len(days)), pair(members, store["precip"].isel(time=days)))
    lines = verdict(tail_rows(watch, forecast, whole_split=True, seed=0), "m", "test")
    judged = [line for line in lines if line.rule.of_tail and line.grade != "n/a"]
    assert len(judged) >= 10
    return {line.name for line in judged if line.grade == "fail"}


def test_true_members_pass(true_members: xr.DataArray, climate_store: xr.Dataset, reference: TailReference) -> None:
    assert failed(true_members, climate_store, reference) == set()


def test_twice_the_cells_above_a_high_threshold_fail(
    true_members: xr.DataArray, climate_store: xr.Dataset, reference: TailReference
) -> None:
    observed = climate_store["precip"].isel(time=np.flatnonzero(climate_store["split"].values == 2))
    high = float(observed.quantile(0.998))
    wetter = true_members * 1.25
    ratio = float((wetter >= high).sum() / wetter.sizes["member"] / (observed >= high).sum())
    assert ratio > 1.7
    assert {"heavy cells", "extreme cells"} & failed(wetter, climate_store, reference)


def test_a_tail_that_stops_short_fails(
    true_members: xr.DataArray, climate_store: xr.Dataset, reference: TailReference
) -> None:
    short = true_members.where(true_members < 15, 15 + 0.5 * (true_members - 15)).where(true_members.notnull())
    assert {"heavy cells", "p999 all days"} <= failed(short, climate_store, reference)
