"""What the plots show, against numpy."""

from __future__ import annotations

from dataclasses import asdict

import numpy as np
import pytest
import xarray as xr

from rainsmith.metrics.core import Settings, daily_terms, pair, pool
from rainsmith.metrics.curves import curves
from rainsmith.metrics.registry import METRICS


@pytest.fixture(scope="module")
def shown(truth: xr.DataArray, observed: xr.DataArray, settings: Settings) -> xr.Dataset:
    members = truth.isel(member=slice(0, 4))
    terms = daily_terms([term for metric in METRICS for term in metric.terms], pair(members, observed), settings)
    return curves(pool(terms, np.ones((1, terms.sizes["time"]))).isel(resample=0))


def test_quantiles_and_their_end(shown: xr.Dataset, observed: xr.DataArray) -> None:
    probability = shown["probability"].values
    seen = observed.size * (1 - probability) >= 1
    np.testing.assert_allclose(
        shown["quantile_observed"].values[seen],
        np.quantile(observed.values.astype(float), probability[seen]),
        rtol=1e-3,
    )
    assert np.isnan(shown["quantile_observed"].values[~seen]).all() and (~seen).any()


def test_exceedance_is_the_share_at_or_above(shown: xr.Dataset, truth: xr.DataArray, observed: xr.DataArray) -> None:
    for intensity in shown["intensity"].values[[0, 40, 90, -1]]:
        at = shown.sel(intensity=intensity)
        assert float(at["exceedance_observed"]) == pytest.approx(float((observed >= intensity).mean()), abs=2e-4)
        expected = (truth.isel(member=3) >= intensity).mean()
        assert float(at["exceedance"].isel(member=3)) == pytest.approx(float(expected), abs=2e-4)


def test_ranks_and_spectra(shown: xr.Dataset, observed: xr.DataArray, settings: Settings) -> None:
    assert int(shown["rank_count"].sum()) == observed.size and shown.sizes["rank"] == 5
    assert shown["spectrum"].dims == ("member", "wavenumber") and (shown["spectrum_observed"] > 0).all()
    assert shown["spectrum"].attrs["units"] == "(mm/day)^2" and asdict(settings)
