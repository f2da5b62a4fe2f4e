"""A loaded model on xarray objects: the same members in memory, in a store and from the command; refusals in a line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

from rainsmith.base.dims import in_split
from rainsmith.base.errors import UserError
from rainsmith.base.zarr_files import open_zarr
from rainsmith.run_folder import Run
from rainsmith.sample.model import Model, load_model
from rainsmith.sample.stage import sample
from tests.conftest import copy_of
from tests.small import small_config

DATES = ["2003-01-05", "2003-04-03", "2003-10-20"]
ROUNDING: dict[str, Any] = {"rtol": 1e-4, "atol": 1e-4}  # convolutions of batches of other sizes


@pytest.fixture(scope="module")
def model(trained: Run) -> Model:
    return load_model(trained.checkpoints / "best_prior.safetensors", device="cpu")


@pytest.fixture(scope="module")
def days(trained: Run) -> xr.Dataset:
    test = in_split(trained.open_store(), "test")
    return test.sel(time=test["time"].dt.strftime("%Y-%m-%d").isin(DATES)).load()


@pytest.mark.parametrize("mode", ["prior", "posterior"])
def test_members_are_those_of_the_command(
    model: Model, days: xr.Dataset, trained: Run, tmp_path: Path, mode: str
) -> None:
    run = copy_of(trained, tmp_path)
    (path,) = sample(small_config(sampling__days=DATES, sampling__modes=[mode], sampling__seed=5), run)
    by_command = open_zarr(path, "sample")["precip"].load()
    drawn = model.sample(days, members=3, seed=5, storms=days["precip"] if mode == "posterior" else None)
    xr.testing.assert_allclose(drawn, by_command, **ROUNDING)
    assert drawn.dims == by_command.dims == ("time", "member", "y", "x")
    assert set(drawn.coords) == set(by_command.coords)


def test_members_in_memory_are_those_of_a_store(model: Model, days: xr.Dataset, tmp_path: Path) -> None:
    in_memory = model.sample(days["predictors"], members=2, seed=1)
    in_store = model.sample(days["predictors"], members=2, seed=1, out=tmp_path / "members.zarr")
    assert in_store.chunks is not None and in_memory.chunks is None  # one is read when it is used
    xr.testing.assert_equal(in_memory, in_store.load())
    in_store.attrs.pop("input_sha256")
    assert in_store.attrs.keys() == in_memory.attrs.keys()
    with xr.open_zarr(tmp_path / "members.zarr", consolidated=False) as written:
        assert written.attrs["Conventions"].startswith("CF-")
        assert written["precip"].attrs["grid_mapping"] in written.variables


def test_members_depend_on_seed_day_and_number_alone(model: Model, days: xr.Dataset) -> None:
    many = model.sample(days["predictors"], members=4, seed=1)
    few = model.sample(days["predictors"].isel(time=[2]), members=2, seed=1)
    xr.testing.assert_allclose(few, many.isel(time=[2], member=[0, 1]), **ROUNDING)
    xr.testing.assert_allclose(model.sample(days["predictors"], members=4, seed=1, batch_size=1), many, **ROUNDING)
    other = model.sample(days["predictors"], members=4, seed=2)
    assert float(np.abs(other - many).max()) > 0.1


def test_channels_are_put_in_order_and_others_are_left_out(model: Model, days: xr.Dataset) -> None:
    predictors = days["predictors"]
    more = predictors.isel(channel=[0]).assign_coords(channel=["not_known"]) + 1e6
    mixed = xr.concat([more, predictors.isel(channel=slice(None, None, -1))], "channel").transpose()
    xr.testing.assert_equal(model.sample(mixed, members=2), model.sample(predictors, members=2))


def test_members_say_what_they_are(model: Model, days: xr.Dataset) -> None:
    drawn = model.sample(days["predictors"], members=2, temperature=0.5, seed=4)
    expected = {"units": "mm/day", "standard_name": "lwe_precipitation_rate", "cell_methods": "time: mean"}
    assert expected.items() <= drawn.attrs.items()
    assert drawn.attrs["mode"] == "prior" and drawn.attrs["temperature"] == 0.5
    assert drawn.attrs["sampling_seed"] == 4 and drawn.attrs["checkpoint"] == "best_prior"
    assert drawn["member"].attrs["standard_name"] == "realization"
    mask = model.checkpoint.domain["mask"].values
    assert np.isnan(drawn.values[..., ~mask]).all() and np.isfinite(drawn.values[..., mask]).all()


def test_storms_are_varied_from_the_reconstruction_to_the_prior(model: Model, days: xr.Dataset) -> None:
    def drawn(**how: Any) -> xr.DataArray:
        return model.sample(days["predictors"], members=2, storms=days["precip"], **how)

    prior = model.sample(days["predictors"], members=2)
    xr.testing.assert_allclose(drawn(keep_levels=0, variation=1.0), prior, **ROUNDING)
    assert float(np.abs(drawn() - prior).max()) > 0.01
    xr.testing.assert_equal(drawn(keep_levels=0, variation=0.0), drawn())
    assert drawn(keep_levels=0, variation=0.5).attrs["variant"] == "-v50"
    assert drawn().attrs["mode"] == "posterior"


def test_a_store_of_other_days_is_not_gone_on_with(
    model: Model, days: xr.Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same dates with other predictors are other days: batches of a drawing that was interrupted do not count."""
    out, predictors = tmp_path / "members.zarr", days["predictors"]
    from rainsmith.sample.files import SampleWriter

    original = SampleWriter.write

    def failing(self: SampleWriter, batch: int, precip: np.ndarray) -> None:
        if batch == 1:
            raise OSError(28, "No space left on device")
        original(self, batch, precip)

    monkeypatch.setattr(SampleWriter, "write", failing)
    with pytest.raises(OSError, match="No space"):
        model.sample(predictors, members=2, batch_size=1, out=out)
    monkeypatch.setattr(SampleWriter, "write", original)
    changed = predictors * 0.99
    drawn = model.sample(changed, members=2, batch_size=1, out=out)
    xr.testing.assert_equal(drawn.load(), model.sample(changed, members=2, batch_size=1))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"members": 0}, r"'sampling\.members' is 0"),
        ({"batch_size": 0}, r"'sampling\.batch_size' is 0"),
        ({"variation": 0.5}, r"set keep_levels: 0"),
        ({"keep_levels": 7}, r"keep_levels is 7, the model has 1"),
    ],
)
def test_settings_that_mean_nothing_are_refused_in_one_line(
    model: Model, days: xr.Dataset, settings: dict[str, Any], message: str
) -> None:
    with pytest.raises(UserError, match=message) as caught:
        model.sample(days["predictors"], storms=days["precip"], **settings)
    assert "\n" not in str(caught.value)


def test_a_path_may_be_text_and_must_be_there(trained: Run) -> None:
    assert load_model(str(trained.checkpoints / "best_prior")).checkpoint.name == "best_prior"
    with pytest.raises(UserError, match=r"nothing\.safetensors not found; found there: best_prior"):
        load_model(trained.checkpoints / "nothing.safetensors")


def test_values_that_the_training_has_not_seen_are_warned_of(model: Model, days: xr.Dataset) -> None:
    predictors = days["predictors"].isel(time=[0])
    name = str(predictors["channel"].values[0])
    far = predictors.copy(deep=True)
    far.loc[{"channel": name}] = 1e5
    with pytest.warns(UserWarning, match=r"100% of the values of predictor .* lie outside the range of the training"):
        model.sample(far, members=1)
    some = predictors.copy(deep=True)
    some.loc[{"channel": name}] = np.where(np.arange(some[0, 0].size).reshape(some[0, 0].shape) < 3, 1e5, some[0, 0])
    with pytest.warns(UserWarning, match="the model has seen nothing like them"):
        model.sample(some, members=1)
    gaps = predictors.copy(deep=True)
    gaps.loc[{"channel": name}] = np.nan
    with pytest.warns(UserWarning, match=r"lacks 100.0% of its values on the grid of the model"):
        model.sample(gaps, members=1)
