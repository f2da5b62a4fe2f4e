"""Thresholds from training days: those of a store, and those of an array."""

from __future__ import annotations

import numpy as np
import pytest

from rainsmith.base.dims import in_split
from rainsmith.base.errors import UserError
from rainsmith.evaluate.settings import settings_from_training, settings_of, with_quantiles
from rainsmith.metrics.core import Settings
from tests.fake_run import config_of, rain, store_of


def test_an_array_of_training_days_has_the_thresholds_of_its_store() -> None:
    config = config_of()
    store = store_of(rain(400, 9, 8), config)
    of_store = settings_of(store, config)
    of_array = settings_from_training(in_split(store, "train")["precip"], Settings(wet_mm=config.data.wet_mm))
    assert (of_store.p90, of_store.p95, of_store.p99) == (of_array.p90, of_array.p95, of_array.p99)
    assert of_store.p99 == float(store["p99"]) and of_store.coarsen == 4
    assert of_store.thresholds_mm == tuple(config.evaluate.thresholds_mm)


def test_a_quantile_that_is_no_rain_is_zero() -> None:
    settings = with_quantiles(Settings(wet_mm=0.1), 0.0, 0.05, 2.0)
    assert (settings.p90, settings.p95, settings.p99) == (0.0, 0.0, 2.0)


def test_without_training_days_quantiles_are_those_that_are_given_or_none() -> None:
    assert settings_from_training(None) == with_quantiles(Settings(), 0.0, 0.0, 0.0)
    assert settings_from_training(None, Settings(p95=7.0)).p95 == 7.0
    with pytest.raises(UserError, match="no finite value"):
        settings_from_training(rain(2, 3, 3) * np.nan)
