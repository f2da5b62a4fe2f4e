"""The distribution of a cell that is known by members, with its tail."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from rainsmith import api
from rainsmith.base.errors import UserError
from rainsmith.quantiles.climate import LEVELS as KNOWN
from rainsmith.quantiles.distribution import Distribution

LEVELS = [0.05, 0.5, 0.9, 0.95, 0.99, 0.999]


def gamma_members(cells: int, members: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).gamma(0.7, 10.0, (cells, members)).astype(np.float32)


def test_quantiles_inside_the_members_are_those_of_the_members() -> None:
    members = gamma_members(50, 400)
    expected = np.quantile(members, [0.05, 0.5, 0.9, 0.97], axis=1, method="weibull").T
    found = Distribution(members.copy()).quantiles([0.05, 0.5, 0.9, 0.97])
    assert np.allclose(found, expected, rtol=1e-5)


def test_the_tail_of_few_members_is_nearer_to_the_truth_than_their_largest() -> None:
    from scipy import stats

    truth = stats.gamma.ppf([0.95, 0.99, 0.999], 0.7, scale=10)
    members = gamma_members(4000, 30)
    found = Distribution(members.copy()).quantiles([0.95, 0.99, 0.999])
    assert np.abs(found.mean(axis=0) / truth - 1).max() < 0.06
    empirical = np.quantile(members, [0.95, 0.99, 0.999], axis=1, method="weibull").T
    errors = [np.sqrt(np.square(one - truth).mean(axis=0)) for one in (found, empirical)]
    assert (errors[0][:2] < errors[1][:2]).all()  # 0.999 of 30 members is their largest, which hardly varies
    assert np.abs(empirical.mean(axis=0) / truth - 1)[2] > 0.3


def test_a_heavy_tail_is_found_from_all_cells_together() -> None:
    from scipy import stats

    members = stats.genpareto.rvs(0.25, size=(5000, 40), random_state=1).astype(np.float32)
    found = Distribution(members)
    assert found.shape == pytest.approx(0.25, abs=0.04)
    assert found.quantiles([0.999]).mean() == pytest.approx(stats.genpareto.ppf(0.999, 0.25), rel=0.1)


@pytest.mark.parametrize("members", [2, 3, 10, 101])
def test_levels_undo_quantiles_and_never_fall(members: int) -> None:
    found = Distribution(gamma_members(20, members, seed=2))
    quantiles = found.quantiles(LEVELS)
    assert (np.diff(quantiles, axis=1) >= 0).all()
    lowest, highest = found.levels(quantiles)
    inside = np.array(LEVELS) * (members + 1) >= 1  # below the smallest member any level has its amount
    assert np.allclose(highest[:, inside], np.array(LEVELS)[inside], atol=2e-4)
    assert (lowest <= highest + 1e-6).all()


def test_dry_members_have_a_range_of_levels() -> None:
    members = np.array([[0, 0, 0, 0, 0, 0, 1, 2, 4, 8]], np.float32)
    found = Distribution(members)
    lowest, highest = found.levels(np.array([[0.0]], np.float32))
    assert (lowest[0, 0], highest[0, 0]) == (0.0, pytest.approx(6 / 11))
    dry = Distribution(np.zeros((3, 10), np.float32))
    assert (dry.quantiles(LEVELS) == 0).all()
    assert dry.levels(np.full((3, 1), 5.0, np.float32))[1] == pytest.approx(1)


def test_quantiles_of_members_in_memory_keep_coordinates_and_invalid_cells() -> None:
    rain = gamma_members(12, 30).T.reshape(30, 3, 4)
    rain[:, 0, 0] = np.nan
    members = xr.DataArray(
        rain[None], dims=("time", "member", "y", "x"), coords={"x": [1.0, 2, 3, 4]}, attrs={"units": "mm/day"}
    )
    found = api.quantiles_of(members.transpose("y", "x", "time", "member"), [0.5, 0.9])
    assert found.dims == ("time", "quantile", "y", "x") and found.attrs["units"] == "mm/day"
    assert np.isnan(found[0, :, 0, 0]).all() and found["x"].equals(members["x"])
    expected = np.quantile(rain[:, 1, 2], 0.5, method="weibull")
    assert float(found.sel(quantile=0.5)[0, 1, 2]) == pytest.approx(expected, rel=1e-5)
    with pytest.raises(UserError, match="rising ones between 0 and 1"):
        api.quantiles_of(members, [0.9, 0.5])
    with pytest.raises(UserError, match="two members or more"):
        api.quantiles_of(members.isel(member=[0]), [0.5])


def test_members_wetter_than_dry_and_drier_than_traces_stay_in_order() -> None:
    """Where a block shares out little rain, wet members hold less than a dry cell may."""
    generator = np.random.default_rng(0)
    members = np.where(generator.random((300, 40)) < 0.3, 0, generator.gamma(0.3, 0.01, (300, 40))).astype(np.float32)
    found = Distribution(members.copy(), np.linspace(0, 0.1, len(KNOWN)))
    assert (np.diff(found.ordered, axis=1) >= 0).all()
    assert np.array_equal(found.mean, members.mean(axis=1))
    lowest, highest = found.levels(generator.random((300, 2)).astype(np.float32) * 0.1)
    assert (lowest >= 0).all() and (lowest <= highest).all() and (highest <= 1).all()
    assert found.quantiles([0.1, 0.5, 0.9, 0.99]) == pytest.approx(
        np.sort(found.quantiles([0.1, 0.5, 0.9, 0.99]), axis=1)
    )
