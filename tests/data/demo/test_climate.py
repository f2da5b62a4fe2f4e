"""The embedded climate: its observation is one draw of its truth, and the truth has the properties it claims."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from scipy.stats import chisquare, genpareto, kstest

from rainsmith.config import Demo, load_config
from rainsmith.data.demo.climate import DemoClimate, climate
from rainsmith.data.raw import RawData

MEMBERS = 9
EVERY = 4  # a truth ensemble for every fourth day is enough, and quick


@pytest.fixture(scope="module")
def truth() -> DemoClimate:
    """Eight years, which the correlations and tails below need."""
    return climate(Demo())


@pytest.fixture(scope="module")
def raw(truth: DemoClimate) -> RawData:
    return truth.raw()


@pytest.fixture(scope="module")
def rain(raw: RawData, truth: DemoClimate) -> np.ndarray:
    """Observed rain at land cells (time, cell)."""
    return raw.precip.values[:, truth.maps.land].astype(float)


@pytest.fixture(scope="module")
def members(truth: DemoClimate) -> np.ndarray:
    """True members at land cells (day, member, cell)."""
    days = np.arange(0, truth.time.size, EVERY)
    return truth.truth_ensemble(days, MEMBERS, seed=5).values[..., truth.maps.land].astype(float)


@pytest.fixture(scope="module")
def expected(truth: DemoClimate) -> np.ndarray:
    """Closed-form mean of the truth at land cells (time, cell)."""
    return np.stack([truth.law(day).mean() for day in range(truth.time.size)])


def ranks(observed: np.ndarray, members: np.ndarray) -> np.ndarray:
    """Rank of (day,) among (day, member), ties at random."""
    rng = np.random.default_rng(1)
    below = (members < observed[:, None]).sum(axis=1)
    ties = (members == observed[:, None]).sum(axis=1)
    return below + rng.integers(0, ties + 1)


def p_uniform(rank: np.ndarray) -> float:
    return float(chisquare(np.bincount(rank, minlength=MEMBERS + 1)).pvalue)


@pytest.mark.parametrize(
    "statistic",
    [
        pytest.param(lambda field, cell: field.mean(axis=-1), id="domain mean"),
        pytest.param(lambda field, cell: field.max(axis=-1), id="domain maximum"),
        pytest.param(lambda field, cell: (field >= 0.1).mean(axis=-1), id="wet area"),
        pytest.param(lambda field, cell: np.take_along_axis(field, cell, axis=-1)[..., 0], id="one cell"),
    ],
)
def test_observation_is_exchangeable_with_the_true_members(statistic, rain, members):
    observed = rain[::EVERY]
    cell = np.random.default_rng(2).integers(0, rain.shape[1], size=len(observed))
    figure = statistic(observed, cell[:, None])
    figures = statistic(members, np.broadcast_to(cell[:, None, None], (*members.shape[:2], 1)))
    assert p_uniform(ranks(figure, figures)) > 0.01


def test_rank_histogram_would_notice_a_wrong_spread(rain, members):
    centre = members.mean(axis=1, keepdims=True)
    narrow = np.maximum(centre + 0.7 * (members - centre), 0)
    assert p_uniform(ranks(rain[::EVERY].mean(axis=1), narrow.mean(axis=-1))) < 1e-3


def test_spread_equals_skill_and_members_are_unbiased(rain, members):
    observed = rain[::EVERY]
    error = members.mean(axis=1) - observed
    spread = np.sqrt((MEMBERS + 1) / MEMBERS * members.var(axis=1, ddof=1).mean())
    assert spread / np.sqrt((error**2).mean()) == pytest.approx(1.0, abs=0.06)
    assert error.mean() / observed.mean() == pytest.approx(0.0, abs=0.04)


def test_probability_integral_transform_of_the_law_is_uniform(truth, rain):
    rng = np.random.default_rng(3)
    values = []
    for day in range(len(rain)):
        law, cell = truth.law(day), int(rng.integers(0, rain.shape[1]))
        observed = rain[day, cell]
        above = law.exceedance(observed)[cell]
        dry = 1 - law.wet[cell]
        values.append(rng.uniform(0, dry) if observed == 0 else 1 - above)
    assert kstest(values, "uniform").pvalue > 0.01


def test_closed_forms_of_the_law_agree_with_many_members(truth, rain):
    day = int(np.argsort(rain.mean(axis=1))[-200])
    law = truth.law(day)
    many = truth.truth_ensemble(day, 600, seed=1).values[0][:, truth.maps.land].astype(float)
    error = many.std(axis=0, ddof=1) / np.sqrt(len(many))
    standardised = (many.mean(axis=0) - law.mean()) / error
    assert np.abs(standardised).max() < 5
    for threshold in (0.0, 0.1, 10.0, 25.0):
        p = law.exceedance(threshold)
        share = (many > threshold).mean(axis=0)
        assert np.abs((share - p) / np.sqrt(np.maximum(p * (1 - p), 1e-3) / len(many))).max() < 5


def test_given_the_predictors_days_are_independent(expected, rain):
    left = (rain - expected).mean(axis=1) / np.sqrt(expected.mean(axis=1))
    assert abs(np.corrcoef(left[1:], left[:-1])[0, 1]) < 0.06
    daily = rain.mean(axis=1)
    assert 0.25 < np.corrcoef(daily[1:], daily[:-1])[0, 1] < 0.6  # the memory of the weather itself


def test_climate_is_rain_like(rain, truth):
    assert 0.50 < (rain >= 0.1).mean() < 0.60
    assert 100 < rain.max() < 250
    assert 0.08 < (rain.mean(axis=1) < 0.1).mean() < 0.3  # dry days
    threshold = np.quantile(rain, 0.95)
    heavy = ((rain > threshold).mean(axis=1) >= 0.10).mean()
    assert 0.05 < heavy < 0.25


def test_tail_is_heavier_than_exponential(truth, rain):
    assert min(truth.law(day).shape.min() for day in range(0, 365, 7)) > 0
    cell_days = rain[:, ::23]
    threshold = np.quantile(cell_days, 0.95)
    shape, _, scale = genpareto.fit(cell_days[cell_days > threshold] - threshold, floc=0)
    assert 0.02 < shape < 0.4
    assert scale > 0


def test_seasons(raw, rain):
    month = raw.precip["time"].dt.month.values
    autumn, spring = np.isin(month, (9, 10, 11)), np.isin(month, (3, 4, 5, 6))
    assert rain[autumn].mean() > 1.3 * rain[spring].mean()
    temperature = raw.predictors.sel(channel="temperature").values
    assert temperature[np.isin(month, (7, 8))].mean() - temperature[np.isin(month, (1, 2))].mean() > 8


def blocks_of(raw: RawData) -> np.ndarray:
    row = np.rint(raw.coarse_row.values).astype(int)
    col = np.rint(raw.coarse_col.values).astype(int)
    return row * raw.predictors.sizes["x_lr"] + col


def block_means(field: np.ndarray, blocks: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Means of (time, cell) over blocks with ten land cells or more, and the numbers of those blocks."""
    counts = np.bincount(blocks)
    chosen = np.flatnonzero(counts >= 10)
    return np.stack([field[:, blocks == k].mean(axis=1) for k in chosen], axis=1), chosen


def test_storms_lie_where_the_coarse_state_says(raw, rain, truth):
    means, chosen = block_means(rain, blocks_of(raw)[truth.maps.land])
    coarse = raw.predictors.sel(channel=raw.coarse_rain_channel).values.reshape(len(rain), -1)[:, chosen]
    assert np.corrcoef(means.ravel(), coarse.ravel())[0, 1] > 0.6
    place, coarse_place = means - means.mean(axis=1, keepdims=True), coarse - coarse.mean(axis=1, keepdims=True)
    within_days = np.corrcoef(place.ravel(), coarse_place.ravel())[0, 1]
    shifted = np.corrcoef(place[30:].ravel(), coarse_place[:-30].ravel())[0, 1]
    assert within_days > 0.35
    assert abs(shifted) < 0.15


def test_predictors_explain_much_but_not_all(raw, rain, expected, truth):
    blocks = blocks_of(raw)[truth.maps.land]
    means, forecast = block_means(rain, blocks)[0], block_means(expected, blocks)[0]
    assert 0.5 < 1 - ((means - forecast) ** 2).mean() / means.var() < 0.75


def test_raw_follows_the_contract(raw, truth):
    demo = truth.demo
    assert raw.precip.dims == ("time", "y", "x") and raw.precip.dtype == np.float32
    assert raw.predictors.shape == (raw.precip.sizes["time"], 6, demo.ny_lr, demo.nx_lr)
    assert raw.predictors.dtype == np.float32 and np.isfinite(raw.predictors).all()
    assert raw.coarse_rain_channel in raw.predictors["channel"].values and raw.coarsen == 0
    assert float(raw.predictors.sel(channel=raw.coarse_rain_channel).min()) >= 0
    np.testing.assert_array_equal(np.isfinite(raw.precip.values), np.broadcast_to(truth.maps.land, raw.precip.shape))
    assert 0.2 < 1 - truth.maps.land.mean() < 0.5  # sea
    assert np.isfinite(raw.statics).all() and raw.statics.sizes["static"] == 3
    # the mean position over the box is the middle of the coarse grid, and a step is the ratio of the grids
    assert float(raw.coarse_row.mean()) == pytest.approx((demo.ny_lr - 1) / 2, abs=1e-4)
    assert float(raw.coarse_col[0, 1] - raw.coarse_col[0, 0]) == pytest.approx(demo.nx_lr / demo.nx, abs=1e-5)
    assert raw.precip.attrs["grid_mapping"] in raw.precip.coords
    assert raw.precip["crs"].attrs["grid_mapping_name"] == "transverse_mercator"
    assert 40 < float(raw.precip["latitude"].mean()) < 44
    assert bool((raw.precip["latitude"].diff("y") > 0).all())


def test_raw_survives_a_zarr_store(tmp_path):
    raw = climate(Demo(ny=16, nx=18, ny_lr=3, nx_lr=3, years=3)).raw()
    dataset = xr.Dataset({"precip": raw.precip, "predictors": raw.predictors, "statics": raw.statics})
    dataset.to_zarr(tmp_path / "store.zarr", zarr_format=3, consolidated=False)
    back = xr.open_zarr(tmp_path / "store.zarr", consolidated=False)
    xr.testing.assert_identical(back["precip"].load().drop_vars("crs"), raw.precip.drop_vars("crs"))
    assert back["crs"].attrs["grid_mapping_name"] == "transverse_mercator"


def test_noise_is_a_function_of_seed_day_and_member_only():
    small = Demo(ny=20, nx=17, ny_lr=4, nx_lr=3, years=3)
    truth = climate(small)
    together = truth.truth_ensemble([3, 700, 41], 5, seed=8)
    np.testing.assert_array_equal(climate(small).truth_ensemble(41, 2, seed=8)[0], together[2, :2])
    np.testing.assert_array_equal(truth.truth_ensemble([700, 3], 5, seed=8), together[[1, 0]])
    assert together["time"].values[1] == truth.time.values[700]
    apart = [together[0, 0], together[0, 1], truth.truth_ensemble(3, 1, seed=9)[0, 0], truth.observed(3)]
    for i, one in enumerate(apart):
        for other in apart[:i]:
            assert not np.array_equal(np.asarray(one), np.asarray(other), equal_nan=True)


def test_climate_is_a_function_of_its_seed_and_a_longer_record_starts_with_the_shorter():
    small = Demo(ny=16, nx=16, ny_lr=3, nx_lr=4, years=3)
    one, again = climate(small), climate(small)
    np.testing.assert_array_equal(one.predictors, again.predictors)
    np.testing.assert_array_equal(one.observed(100), again.observed(100))
    longer = climate(small.model_copy(update={"years": 4}))
    np.testing.assert_allclose(longer.predictors[: one.time.size], one.predictors, rtol=1e-5, atol=1e-5)
    other = climate(small.model_copy(update={"seed": 1}))
    assert not np.array_equal(other.predictors, one.predictors)
    assert not np.array_equal(other.observed(100), one.observed(100), equal_nan=True)


@pytest.mark.parametrize("shape", [(16, 16, 3, 3), (41, 37, 5, 7), (30, 64, 11, 4)])
def test_any_size_works(shape):
    demo = Demo(ny=shape[0], nx=shape[1], ny_lr=shape[2], nx_lr=shape[3], years=3)
    fields = climate(demo).truth_ensemble(np.arange(0, 1000, 25), 2).values
    inside = fields[..., climate(demo).maps.land]
    assert fields.shape == (40, 2, *shape[:2])
    assert np.isfinite(inside).all() and (inside >= 0).all()
    assert 0.35 < (inside >= 0.1).mean() < 0.8


def test_demo_configuration_matches_the_record():
    config = load_config("configs/demo.yaml")
    time = climate(config.data.demo).time
    years = [span for span in (config.data.splits.train, config.data.splits.validation, config.data.splits.test)]
    assert config.data.kind == "demo"
    assert years[0][0] == int(time.dt.year[0]) and years[2][1] == int(time.dt.year[-1])
