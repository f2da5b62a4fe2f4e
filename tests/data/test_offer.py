"""What a record offers a model: sizes, and the share of the rain that the predictors settle."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from rainsmith.data.offer import explained_share, offer_of
from rainsmith.run_folder import Run

DAYS = 800


def made(share: float, cells: int = 40) -> xr.Dataset:
    """Days whose log1p rain is a linear function of the predictors and noise, ``share`` of its variance the former."""
    random = np.random.default_rng(3)
    predictors = random.standard_normal((DAYS, 2, 2, 2))
    signal = predictors.reshape(DAYS, -1) @ random.standard_normal((8, cells))
    signal /= signal.std()
    logs = 4 + 0.5 * (np.sqrt(share) * signal + np.sqrt(1 - share) * random.standard_normal((DAYS, cells)))
    return xr.Dataset(
        {
            "precip": (("time", "y", "x"), np.expm1(logs).reshape(DAYS, 4, cells // 4).astype(np.float32)),
            "predictors": (("time", "channel", "y_lr", "x_lr"), predictors.astype(np.float32)),
            "mask": (("y", "x"), np.ones((4, cells // 4), dtype=bool)),
            "split": ("time", np.zeros(DAYS, dtype=np.int8)),
        },
        coords={"time": pd.date_range("2001-01-01", periods=DAYS)},
    )


@pytest.mark.parametrize("share", [0.0, 0.3, 0.9])
def test_the_share_that_is_explained_is_that_of_the_signal(share: float) -> None:
    assert explained_share(made(share)) == pytest.approx(share, abs=0.05)


def test_gaps_and_short_records_are_no_obstacle() -> None:
    days = made(0.9)
    days["precip"][5:9] = np.nan
    days["precip"][:, 0, 0] = np.nan
    days["mask"][0, 0] = False
    days["predictors"][:, :, 0, 0] = np.nan
    assert 0.5 < explained_share(days) < 0.95
    assert explained_share(made(0.9).isel(time=slice(0, 8))) == 0


def test_the_offer_of_a_prepared_store(prepared: Run) -> None:
    store = prepared.open_store()
    offer = offer_of(store)
    assert offer.days == int((store["split"] == 0).sum())
    assert offer.coarse_block == 0 and 0 < offer.explained < 1
    assert 0 < offer.side <= max(store.sizes["y"], store.sizes["x"])
