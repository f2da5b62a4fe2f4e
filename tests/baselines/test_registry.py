"""Baselines: identities of each, what they may not read, and their order of skill."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from rainsmith.base.dims import SPLITS, day_numbers, in_split
from rainsmith.base.errors import UserError
from rainsmith.baselines.fields import fill_nearest
from rainsmith.baselines.registry import BASELINES, SINGLE_VALUED, NotApplicable, forecast

NY, NX, FACTOR = 12, 10, 4  # 10 columns are no multiple of 4: the last blocks are half as wide
EVERY = tuple(name for name in BASELINES if name != "rainfarm")  # which has its own tests
ENSEMBLES = tuple(name for name in EVERY if name not in SINGLE_VALUED)


def make_store(years: int = 6, calendar: str = "standard", seed: int = 0) -> xr.Dataset:
    """A store by the contract: rain of a smooth random field times noise, block means of it as predictors."""
    generator = np.random.default_rng(seed)
    use_cftime = calendar != "standard"
    time = xr.date_range("2001-01-01", f"{2000 + years}-12-30", freq="3D", calendar=calendar, use_cftime=use_cftime)
    days = len(time)
    state = np.repeat(np.repeat(generator.normal(size=(days, 3, 3)), FACTOR, axis=1), FACTOR, axis=2)[:, :NY, :NX]
    slope = np.linspace(0.5, 1.5, NX)
    rain = slope * np.exp(1.2 * state + 0.6 * generator.normal(size=(days, NY, NX)))
    rain[generator.random(rain.shape) < 0.2] = 0.0
    mask = np.ones((NY, NX), dtype=bool)
    mask[:3, :3] = False
    mask[8:, 8:] = False  # the whole of the last block
    precip = np.where(mask, rain, np.nan).astype(np.float32)
    padded = np.pad(precip.astype(np.float64), ((0, 0), (0, 0), (0, 2)), constant_values=np.nan)
    blocks = padded.reshape(days, 3, FACTOR, 3, FACTOR)
    count = np.isfinite(blocks).sum(axis=(2, 4))
    mean = np.where(count > 0, np.nansum(blocks, axis=(2, 4)) / np.maximum(count, 1), np.nan)
    other = np.full_like(mean, generator.normal())
    year = 2001 + (np.arange(days) * years) // days
    split = np.select([year <= 1998 + years, year == 1999 + years], [0, 1], 2).astype(np.int8)
    row, col = np.indices((NY, NX))
    training = precip[split == 0].astype(np.float64)
    return xr.Dataset(
        {
            "precip": (("time", "y", "x"), precip, {"units": "mm/day", "standard_name": "lwe_precipitation_rate"}),
            "predictors": (("time", "channel", "y_lr", "x_lr"), np.stack([other, mean], axis=1).astype(np.float32)),
            "mask": (("y", "x"), mask),
            "split": ("time", split),
            "coarse_row": (("y", "x"), ((row + 0.5) / FACTOR - 0.5).astype(np.float32)),
            "coarse_col": (("y", "x"), ((col + 0.5) / FACTOR - 0.5).astype(np.float32)),
            "block": (("y", "x"), (row // FACTOR * 3 + col // FACTOR).astype(np.int32)),
            "climatology": (("y", "x"), np.where(mask, np.nan_to_num(training).mean(axis=0), np.nan)),
        },
        coords={"time": time, "y": np.arange(NY) * 5.0, "x": np.arange(NX) * 5.0, "channel": ["other", "rain_4_lag0"]},
        attrs={"coarse_rain_channel": "rain_4_lag0", "coarsen": FACTOR},
    )


@pytest.fixture(scope="module")
def store() -> xr.Dataset:
    return make_store()


def without_coarse_rain(store: xr.Dataset) -> xr.Dataset:
    return store.assign_attrs(coarse_rain_channel="", coarsen=0)


def fair_crps(fcst: xr.DataArray, obs: xr.DataArray) -> float:
    """Ferro (2014) from sorted members, over valid cells [mm/day]."""
    truth = obs.values
    valid = np.isfinite(truth)
    members = np.sort(np.moveaxis(fcst.values, 1, 0)[:, valid].astype(np.float64), axis=0)
    count = len(members)
    error = np.abs(members - truth[valid]).mean()
    if count == 1:
        return float(error)
    weight = 2.0 * np.arange(1, count + 1) - count - 1
    return float(error - (weight @ members).mean() / (count * (count - 1)))


@pytest.mark.parametrize("name", EVERY)
def test_shape_units_and_valid_cells(store: xr.Dataset, name: str) -> None:
    found = forecast(name, store, "test", 5)
    days = in_split(store, "test")
    assert found.dims == ("time", "member", "y", "x")
    assert found.dtype == np.float32
    assert found.attrs["units"] == "mm/day"
    assert found.sizes["member"] == (1 if name in SINGLE_VALUED else 5)
    assert (found["time"] == days["time"]).all() and (found["y"] == store["y"]).all()
    assert (np.isfinite(found) == store["mask"]).all()
    assert float(found.min()) >= 0


@pytest.mark.parametrize("name", EVERY)
def test_the_rain_of_the_forecast_days_is_never_read(store: xr.Dataset, name: str) -> None:
    hidden = store.copy()
    hidden["precip"] = store["precip"].where(store["split"] == 0, 1e6)
    xr.testing.assert_equal(forecast(name, hidden, "test", 4), forecast(name, store, "test", 4))


@pytest.mark.parametrize("name", ENSEMBLES)
def test_a_member_does_not_depend_on_how_many_are_drawn_or_on_other_days(store: xr.Dataset, name: str) -> None:
    many = forecast(name, store, "test", 6)
    few = forecast(name, store, "test", 3)
    np.testing.assert_allclose(few, many.isel(member=slice(3)), rtol=1e-6)
    kinds = store["split"].values.copy()
    kept = np.flatnonzero(kinds == 2)[5:9]
    kinds[(kinds == 2) & ~np.isin(np.arange(len(kinds)), kept)] = -1
    some = forecast(name, store.assign(split=("time", kinds)), "test", 6)
    np.testing.assert_allclose(some, many.isel(time=slice(5, 9)), rtol=1e-6)


@pytest.mark.parametrize("calendar", ["standard", "360_day"])
@pytest.mark.parametrize("split", ["train", "test"])
def test_climatology_draws_other_training_days_of_the_season(calendar: str, split: str) -> None:
    store = make_store(calendar=calendar)
    train, target = in_split(store, "train"), in_split(store, split)
    found = forecast("climatology", store, split, 8)
    mask = store["mask"].values
    library = {field[mask].tobytes(): index for index, field in enumerate(train["precip"].values)}
    season, own = train["time"].dt.dayofyear.values, day_numbers(train["time"])
    length = 360 if calendar == "360_day" else 365
    for day in range(0, target.sizes["time"], 7):
        chosen = [library[member[mask].tobytes()] for member in found.values[day]]
        assert len(set(chosen)) == 8
        away = np.abs(season[chosen] - int(target["time"].dt.dayofyear[day]))
        assert np.minimum(away, length - away).max() <= 15
        assert day_numbers(target["time"])[day] not in own[chosen]


def test_climatology_changes_with_the_seed_only(store: xr.Dataset) -> None:
    first = forecast("climatology", store, "test", 4, seed=1)
    xr.testing.assert_equal(first, forecast("climatology", store, "test", 4, seed=1))
    assert not first.equals(forecast("climatology", store, "test", 4, seed=2))


def test_climatology_repeats_days_only_when_the_season_is_used_up(store: xr.Dataset) -> None:
    short = store.isel(time=np.flatnonzero((store["split"] != 0) | (store["time"].dt.year == 2001)))
    found = forecast("climatology", short, "test", 30)
    season = found["time"].dt.dayofyear.values
    day = int(np.abs(season - 180).argmin())
    candidates = (np.abs(in_split(short, "train")["time"].dt.dayofyear.values - season[day]) <= 15).sum()
    assert 5 < candidates < 30
    assert len({field.tobytes() for field in found.values[day]}) == candidates
    winter = store.isel(time=np.flatnonzero((store["split"] != 0) | (store["time"].dt.month == 1)))
    with pytest.raises(UserError, match="no training day within 15 calendar days"):
        forecast("climatology", winter, "test", 2)


def test_bilinear_is_exact_for_a_plane_inside_the_centres_and_constant_outside(store: xr.Dataset) -> None:
    plane = 1.0 + 2.0 * np.arange(3)[:, None] + 3.0 * np.arange(3)
    flat = store.copy(deep=True)
    flat["predictors"][:, 1] = plane
    found = forecast("bilinear", flat, "test", 1).isel(time=0, member=0)
    expected = 1.0 + 2.0 * store["coarse_row"].clip(0, 2) + 3.0 * store["coarse_col"].clip(0, 2)
    np.testing.assert_allclose(found, expected.where(store["mask"]), rtol=1e-5)


def test_bilinear_takes_a_missing_coarse_cell_from_its_neighbour(store: xr.Dataset) -> None:
    whole = store.copy(deep=True)
    whole["predictors"][:, 1, :2] = 1.0
    whole["predictors"][:, 1, 2] = 4.0
    holed = whole.copy(deep=True)
    holed["predictors"][::2, 1, 2, 1] = np.nan  # between two cells of 4
    xr.testing.assert_allclose(forecast("bilinear", holed, "test", 1), forecast("bilinear", whole, "test", 1))


def test_fill_nearest_leaves_values_alone_and_empty_days_empty() -> None:
    fields = np.full((3, 4, 5), np.nan)
    fields[0, 1, 1], fields[0, 3, 4] = 2.0, 7.0
    fields[1] = np.arange(20.0).reshape(4, 5)
    filled = fill_nearest(fields)
    assert filled[0, 0, 0] == 2.0 and filled[0, 2, 4] == 7.0 and np.isfinite(filled[0]).all()
    np.testing.assert_array_equal(filled[1], fields[1])
    assert np.isnan(filled[2]).all()


def test_ratio_has_the_training_climatology(store: xr.Dataset) -> None:
    found = forecast("ratio", store, "train", 1).mean(("time", "member"))
    np.testing.assert_allclose(found, store["climatology"], rtol=1e-4)


def test_quantile_mapping_has_the_training_distribution_of_every_cell(store: xr.Dataset) -> None:
    mapped = forecast("quantile-mapping", store, "train", 1).isel(member=0)
    observed = in_split(store, "train")["precip"]
    wet = np.sort(mapped.values, axis=0) > 0
    np.testing.assert_allclose(np.sort(mapped.values, axis=0)[wet], np.sort(observed.values, axis=0)[wet], rtol=1e-4)


def test_quantile_mapping_goes_on_beyond_the_training_maximum(store: xr.Dataset) -> None:
    wetter = store.copy(deep=True)
    test = np.flatnonzero(store["split"] == SPLITS.index("test"))
    largest = store["predictors"].isel(time=store["split"] == 0).max("time")
    wetter["predictors"][test[0]], wetter["predictors"][test[1]] = 2 * largest, 4 * largest
    found = forecast("quantile-mapping", wetter, "test", 1).isel(member=0)
    assert bool((found[0] > in_split(store, "train")["precip"].max("time")).where(store["mask"], True).all())
    np.testing.assert_allclose(found[1], 2 * found[0], rtol=1e-3)


@pytest.mark.parametrize("with_rain", [True, False])
@pytest.mark.parametrize("name", ["analogs", "tuned-analogs"])
def test_analogs_find_the_twin_of_a_day(store: xr.Dataset, name: str, with_rain: bool) -> None:
    train, test = (np.flatnonzero(store["split"] == SPLITS.index(kind)) for kind in ("train", "test"))
    twin = store.copy(deep=True)
    twin["predictors"][test[4]] = store["predictors"].values[train[30]]
    twin = twin if with_rain else without_coarse_rain(twin)
    found = forecast(name, twin, "test", 3).isel(time=4, member=0)
    np.testing.assert_allclose(found, store["precip"][train[30]], rtol=1e-2 if "tuned" in name else 1e-6, atol=1e-3)


def test_a_training_day_is_no_analog_of_itself_nor_of_its_neighbours(store: xr.Dataset) -> None:
    train = in_split(store, "train")
    found = forecast("analogs", store, "train", 1).isel(member=0)
    place = {field.tobytes(): index for index, field in enumerate(train["precip"].values)}
    chosen = np.array([place[field.tobytes()] for field in found.values])
    assert np.abs(chosen - np.arange(len(chosen))).min() > 1  # the days of this store are 3 apart


def test_scaled_analogs_double_where_the_coarse_rain_is_double(store: xr.Dataset) -> None:
    train, test = (np.flatnonzero(store["split"] == SPLITS.index(kind)) for kind in ("train", "test"))
    wet = store.copy(deep=True)
    wet["predictors"][:, 1] *= 1e-3  # all other days are far away
    for day, factor in ((train[30], 200.0), (test[4], 400.0)):
        wet["predictors"][day, 1] = factor * store["predictors"].values[train[30], 1]
    wet["precip"][train[30]] *= 200.0
    found = forecast("scaled-analogs", wet, "test", 1).isel(time=4, member=0)
    np.testing.assert_allclose(found, 2 * wet["precip"][train[30]], rtol=1e-2)


def test_scaled_analogs_have_the_domain_mean_and_tuned_ones_the_block_means(store: xr.Dataset) -> None:
    wanted = in_split(store, "test")["precip"]
    scaled = forecast("scaled-analogs", store, "test", 5)
    np.testing.assert_allclose(
        scaled.mean(("y", "x")), wanted.mean(("y", "x")).expand_dims(member=5, axis=1), rtol=1e-3
    )
    tuned = forecast("tuned-analogs", store, "test", 5)
    own, other = (array.groupby(store["block"].where(store["mask"], -1)).mean() for array in (wanted, tuned))
    difference = abs(other - own).isel(block=slice(1, None))
    assert float((difference > 1e-3 * own.isel(block=slice(1, None)) + 1e-3).mean()) < 0.01  # the cap of the factor


def test_coarse_rain_that_is_not_block_means_leaves_its_bias_alone(store: xr.Dataset) -> None:
    biased = store.assign_attrs(coarsen=0)
    biased["predictors"] = store["predictors"].copy()
    biased["predictors"][:, 1] *= 3.0
    scaled = forecast("scaled-analogs", biased, "test", 5)
    observed = in_split(store, "test")["precip"].mean()
    assert float(scaled.mean() / observed) == pytest.approx(1, abs=0.15)
    with pytest.raises(NotApplicable, match="not block means"):
        forecast("tuned-analogs", biased, "test", 5)


@pytest.mark.parametrize("name", ["bilinear", "ratio", "scaled-analogs"])
def test_without_coarse_rain_it_says_so(store: xr.Dataset, name: str) -> None:
    with pytest.raises(NotApplicable, match=f"no coarse rain .* '{name}'"):
        forecast(name, without_coarse_rain(store), "test", 3)


@pytest.mark.parametrize("name", ENSEMBLES)
def test_a_gap_of_a_training_day_is_filled_and_an_empty_day_is_left_out(store: xr.Dataset, name: str) -> None:
    train = np.flatnonzero(store["split"] == 0)
    holed = store.copy(deep=True)
    holed["precip"][train, 5, 5] = np.nan
    holed["precip"][train[::3]] = np.nan
    found = forecast(name, holed, "test", 5)
    assert (np.isfinite(found) == store["mask"]).all()
    if name == "analogs":
        kept = {field[6:].tobytes() for field in np.delete(store["precip"].values[train], np.s_[::3], axis=0)}
        assert all(field[6:].tobytes() in kept for field in found.values.reshape(-1, NY, NX))


def test_what_cannot_be_made_is_refused(store: xr.Dataset) -> None:
    with pytest.raises(UserError, match="'analog'; expected one of climatology"):
        forecast("analog", store, "test", 3)
    with pytest.raises(UserError, match="found 0 members"):
        forecast("analogs", store, "test", 0)
    with pytest.raises(UserError, match="candidate days for 9999 analogs"):
        forecast("analogs", store, "test", 9999)
    with pytest.raises(UserError, match="no training day with a rain value"):
        forecast("analogs", store.assign(split=store["split"].where(store["split"] != 0, -1)), "test", 3)


def test_more_information_scores_better(store: xr.Dataset) -> None:
    obs = in_split(store, "test")["precip"]
    score: Callable[[str], float] = lambda name: fair_crps(forecast(name, store, "test", 10), obs)  # noqa: E731
    assert score("tuned-analogs") < score("scaled-analogs") < 0.95 * score("analogs") < 0.9 * score("climatology")
    assert score("ratio") < score("bilinear")


@pytest.mark.real_data
def test_on_real_rain_the_scaled_analogs_are_strong(real_data: Path, tmp_path: Path) -> None:
    from rainsmith.config import parse
    from rainsmith.prepare.stage import prepare
    from rainsmith.run_folder import Run

    data = {
        "kind": "gridded",
        "root": str(real_data),
        "target": {
            "files": [f"haduk-grid-12km/rainfall_hadukgrid_uk_12km_day_{year}.nc" for year in range(2013, 2016)]
        },
        "predictors": [{"from": "target", "coarsen": 8, "lags": [0]}],
        "splits": {
            "train": [2013, 2014],
            "validation": [["2015-01-01", "2015-01-31"]],
            "test": [["2015-03-01", "2015-12-31"]],
        },
    }
    run = Run(tmp_path)
    prepare(parse({"data": data}), run)
    store = run.open_store()
    days = in_split(store, "test")
    heavy = days["heavy_x"].values
    found = {name: forecast(name, store, "test", 10) for name in ENSEMBLES}
    score = {name: fair_crps(fcst, days["precip"]) for name, fcst in found.items()}
    assert score["tuned-analogs"] < 0.95 * score["scaled-analogs"]
    assert score["scaled-analogs"] < 0.75 * score["analogs"] < 0.5 * score["climatology"]
    mask = store["mask"].values
    observed = days["precip"].values[heavy][:, mask]
    for name, tolerance in (("scaled-analogs", 0.06), ("tuned-analogs", 0.10)):
        storms = found[name].values[heavy][:, :, mask]
        assert storms.mean() / observed.mean() == pytest.approx(1, abs=0.01)
        assert np.quantile(storms, 0.99) / np.quantile(observed, 0.99) == pytest.approx(1, abs=tolerance)
        assert storms.max(axis=2).mean() / observed.max(axis=1).mean() == pytest.approx(1, abs=tolerance)
