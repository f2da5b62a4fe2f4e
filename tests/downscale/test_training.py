"""Training of downscalers: fixed steps, weighted draws, the same seed the same weights, better than the climate."""

from __future__ import annotations

from itertools import islice
from typing import Any

import numpy as np
import pytest
import torch
import xarray as xr

from rainsmith.base.dims import in_split
from rainsmith.base.errors import UserError
from rainsmith.config import Downscale
from rainsmith.data.dataset import Days
from rainsmith.downscale import training as training_module
from rainsmith.downscale.prediction import predict
from rainsmith.downscale.training import drawn_batches, mean_loss, train_downscaler, warning_of_jumps
from rainsmith.evaluate.forecast_scores import climatology
from rainsmith.metrics.ensemble import mae
from rainsmith.metrics.quantiles import pinball
from rainsmith.models.downscaling.downscaler import Downscaler
from rainsmith.run_folder import Run


@pytest.fixture(scope="module")
def store(prepared: Run) -> xr.Dataset:
    return prepared.open_store().load()


def tiny(network: str = "q-srdrn", **more: object) -> Downscale:
    small = {"filters": 8, "blocks": 1, "fine_filters": 4, "precision": "fp32", "lr": 5e-3, "validations": 3}
    return Downscale(network=network, **{**small, **more})  # type: ignore[arg-type]


def trained(store: xr.Dataset, settings: Downscale, **more: object) -> Downscaler:
    given = {"seed": 0, "device": "cpu", "steps": 4, "quiet": True, **more}
    training = given.pop("training", in_split(store, "train"))
    return train_downscaler(
        settings,
        store.drop_dims("time"),
        training,
        in_split(store, "validation"),
        **given,  # type: ignore[arg-type]
    )


def same(a: Downscaler, b: Downscaler) -> bool:
    values = b.state_dict()
    return all(torch.equal(value, values[name]) for name, value in a.state_dict().items())


def test_equal_weights_make_a_round_a_permutation() -> None:
    batches = list(islice(drawn_batches(np.ones(10), 4, seed=3), 10))
    assert all(len(batch) == 4 for batch in batches)
    days = np.concatenate(batches)
    for start in range(0, 40, 10):
        assert sorted(days[start : start + 10]) == list(range(10))
    assert not np.array_equal(days[:10], days[10:20])
    np.testing.assert_array_equal(days, np.concatenate(list(islice(drawn_batches(5 * np.ones(10), 4, seed=3), 10))))


def test_days_are_drawn_as_often_as_their_weight_says() -> None:
    weights = np.array([1.0, 4.0, 0.0, 1.0, 0.5, 0.5])
    rounds = np.concatenate(list(islice(drawn_batches(weights, 6, seed=0), 2000)))
    share = np.bincount(rounds, minlength=6) / len(rounds)
    np.testing.assert_allclose(share, weights / weights.sum(), atol=0.004)
    assert share[2] == 0


def test_the_same_seed_gives_the_same_weights(store: xr.Dataset) -> None:
    torch.manual_seed(11)
    state = torch.get_rng_state()
    first = trained(store, tiny())
    assert torch.equal(torch.get_rng_state(), state)  # the global generator is nobody's business
    torch.manual_seed(12)
    assert same(first, trained(store, tiny()))
    assert not same(first, trained(store, tiny(), seed=1))
    assert not same(first, trained(store, tiny(), weights=np.arange(1.0, in_split(store, "train").sizes["time"] + 1)))


def test_synthetic_days_change_the_training_and_not_the_loss(store: xr.Dataset) -> None:
    real = in_split(store, "train")
    made = real.isel(time=slice(0, 50)).assign(precip=lambda days: 3 * days["precip"])
    mixed = xr.concat([real, made], "time", data_vars="minimal", coords="minimal", compat="override", join="override")
    mixed["synthetic"] = ("time", np.arange(mixed.sizes["time"]) >= real.sizes["time"])
    plain, augmented = trained(store, tiny()), trained(store, tiny(), training=mixed)
    assert torch.equal(plain.head.climate_loss, augmented.head.climate_loss)  # type: ignore[arg-type]
    assert not same(plain, augmented)


def test_the_best_weights_are_kept(store: xr.Dataset) -> None:
    """A rate far too high ruins the network in the end; an early validation wins."""
    module = trained(store, tiny(lr=0.5, grad_clip=1e6, validations=6), steps=6)
    losses = [entry["validation"] for entry in module.history]
    assert [entry["step"] for entry in module.history] == [1, 2, 3, 4, 5, 6]
    best = int(np.argmin(losses))
    assert best < 5 and losses[best] < losses[-1]
    again = trained(store, tiny(lr=0.5, grad_clip=1e6, validations=6), steps=6)
    loss = mean_loss(again, Days(in_split(store, "validation")), 64, "fp32")
    assert loss == pytest.approx(losses[best], rel=1e-5)


def _with_losses(monkeypatch: pytest.MonkeyPatch, spoilt: set[int]) -> None:
    """Validations of these numbers, from 1, give NaN, as those of a network whose numbers overflow for a while."""
    number, real = [0], training_module.mean_loss

    def sometimes(*values: Any) -> float:
        number[0] += 1
        return float("nan") if number[0] in spoilt else real(*values)

    monkeypatch.setattr(training_module, "mean_loss", sometimes)


def test_a_first_loss_that_is_nan_gives_way_to_a_finite_one(store: xr.Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    _with_losses(monkeypatch, {1})
    module = trained(store, tiny(validations=3), steps=6)
    losses = [entry["validation"] for entry in module.history]
    assert np.isnan(losses[0])
    best = mean_loss(module, Days(in_split(store, "validation")), 64, "fp32")
    assert best == pytest.approx(min(losses[1:]), rel=1e-5)


def test_a_training_without_any_finite_validation_is_refused(
    store: xr.Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    _with_losses(monkeypatch, {1, 2, 3})
    with pytest.raises(UserError, match=r"no validation loss .* is finite .* lower downscale\.lr"):
        trained(store, tiny(validations=3), steps=6)


@pytest.mark.parametrize(
    ("losses", "warning"),
    [
        ([], ""),
        ([0.9], ""),
        ([0.9, 0.6, 0.62, 0.85], ""),
        ([0.656, 4.03, 0.88, 0.54], "from 0.656 at step 1 to 4.03 at step 2"),
        ([float("nan"), 0.6], "was nan at step 1; expected a finite one"),
        ([0.6, float("inf")], "was inf at step 2"),
    ],
)
def test_a_loss_that_jumped_up_is_said(losses: list[float], warning: str) -> None:
    history = [{"step": step, "training": 1.0, "validation": loss} for step, loss in enumerate(losses, start=1)]
    assert warning in warning_of_jumps(history)
    assert bool(warning_of_jumps(history)) == bool(warning)


@pytest.mark.parametrize("network", ["srdrn", "q-srdrn", "unet-egp"])
def test_a_short_training_beats_the_climate(network: str, store: xr.Dataset) -> None:
    """On days that it has not seen: the absolute error, and the 0.99 quantile, of the training climate of each cell."""
    training, test = in_split(store, "train"), in_split(store, "test")
    forecast = predict(trained(store, tiny(network, filters=16, fine_filters=8), steps=60), test)
    observed = test["precip"]
    mean = training["precip"].mean("time").broadcast_like(observed)
    assert float(mae(forecast["precip"], observed)) < 0.85 * float(mae(mean, observed))
    if network != "srdrn":
        climate = climatology(training, [0.99]).isel(quantile=0, drop=True).broadcast_like(observed)
        ours = forecast["quantiles"].sel(quantile=0.99, drop=True)
        assert float(pinball(ours, observed, quantile=0.99)) < 0.85 * float(pinball(climate, observed, quantile=0.99))


def test_refusals(store: xr.Dataset) -> None:
    with pytest.raises(UserError, match="one a day"):
        trained(store, tiny(), weights=np.ones(3))
    with pytest.raises(UserError, match="negative, missing or all zero"):
        trained(store, tiny(), weights=np.zeros(in_split(store, "train").sizes["time"]))
    with pytest.raises(UserError, match="no training days"):
        trained(store, tiny(), training=in_split(store, "train").isel(time=slice(0, 0)))
    with pytest.raises(UserError, match="x_lr = 3"):
        trained(store, tiny(), training=in_split(store, "train").isel(x_lr=slice(0, 3)))
    with pytest.raises(UserError, match=r"diverged in step .* lower downscale\.lr"):
        trained(store, tiny().model_copy(update={"lr": 1e30}))
