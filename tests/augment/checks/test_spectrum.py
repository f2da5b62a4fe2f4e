"""Blurred days and noise are rejected."""

from __future__ import annotations

import numpy as np
import xarray as xr
from scipy.ndimage import gaussian_filter

from rainsmith.augment.judge import Judge
from tests.augment.planted import all_fail, days_and_members, heavy_days, texts


def test_blurred_days_are_rejected(
    stores: dict[str, xr.Dataset], judges: dict[str, Judge], truth: xr.DataArray, kind: str
) -> None:
    sources, members = days_and_members(stores[kind], truth, kind)
    valid = np.isfinite(members)
    share = gaussian_filter(valid.astype(float), (0, 1.5, 1.5))
    blurred = np.where(valid, gaussian_filter(np.nan_to_num(members), (0, 1.5, 1.5)) / np.maximum(share, 1e-9), np.nan)
    table = judges[kind](blurred, sources)
    assert all_fail(table, "spectrum")
    assert texts(table, "spectrum").str.contains("too little power in the").all() and (table["spectrum"] < -1).all()
    flat = np.where(valid, np.nanmean(members, axis=(1, 2), keepdims=True), np.nan)
    assert all_fail(judges[kind](flat, sources), "spectrum")


def test_noise_is_rejected(stores: dict[str, xr.Dataset], judges: dict[str, Judge], kind: str) -> None:
    """The amounts of the very day, shuffled among its cells."""
    sources = heavy_days(stores[kind])
    rng = np.random.default_rng(0)
    shuffled = sources["precip"].values.copy()
    for field in shuffled:
        field[np.isfinite(field)] = rng.permutation(field[np.isfinite(field)])
    table = judges[kind](shuffled, sources)
    assert all_fail(table, "spectrum")
    assert texts(table, "spectrum").str.contains("too much power in the").all()
