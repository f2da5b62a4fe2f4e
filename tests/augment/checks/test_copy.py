"""Copies of training days are rejected, also when they are scaled or disguised by noise."""

from __future__ import annotations

import numpy as np
import xarray as xr

from rainsmith.augment.judge import Judge
from tests.augment.planted import all_fail, failed, heavy_days


def test_copies_are_rejected(stores: dict[str, xr.Dataset], judges: dict[str, Judge], kind: str) -> None:
    sources = heavy_days(stores[kind])
    observed = sources["precip"].values
    table = judges[kind](observed, sources)
    assert failed(table) == [{"copy"}] * len(table)
    assert (table["nearest_day"] == table["source_day"]).all() and (table["source_distance"] < 0.01).all()
    disguised = observed * 1.5 * np.exp(0.03 * np.random.default_rng(0).standard_normal(observed.shape))
    assert all_fail(judges[kind](disguised, sources), "copy")
    another = np.roll(observed, 1, axis=0)  # a copy of another training day is one too
    table = judges[kind](another, sources)
    assert all_fail(table, "copy") and (table["nearest_day"] != table["source_day"]).all()
