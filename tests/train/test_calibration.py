"""The curve that brings the members' climate to the observed one."""

from __future__ import annotations

from contextlib import nullcontext

import numpy as np
import pytest
import torch
import xarray as xr

from rainsmith.base.dims import in_split
from rainsmith.config import Config
from rainsmith.data.dataset import Days
from rainsmith.models import checkpoint as checkpoints
from rainsmith.models.amounts_curve import LEVELS, AmountsCurve
from rainsmith.models.generative import GenerativeModel, build_model
from rainsmith.models.noise import member_noise
from rainsmith.run_folder import Run
from rainsmith.train import calibration
from rainsmith.train.calibration import RANGE, Counts, calibrate, count_amounts, mean_amounts, points_of_curve
from rainsmith.train.stage import train
from tests.conftest import copy_of
from tests.small import small_config

SMALL = {"name": "hierarchical", "levels": 2, "channels": [8, 8], "latent_channels": [2, 1], "x_blocks": 1}
BINS = 2500


def config_of(**more: object) -> Config:
    return small_config(model=SMALL, train__epochs=1, train__lr=2e-3, train__min_heavy_fraction=0.0, **more)


def fit(model: GenerativeModel, days: Days) -> AmountsCurve:
    calibrate(model, days, torch.device("cpu"), nullcontext(), seed=0, batch_size=32, wet_mm=0.1)
    assert model.curve is not None
    return model.curve


@pytest.fixture(scope="module")
def store(prepared: Run) -> xr.Dataset:
    return prepared.open_store().load()


def counts_of(observed: np.ndarray, drawn: np.ndarray) -> Counts:
    """Counts of (weeks, values) amounts [mm/day]."""

    def counted(values: np.ndarray) -> np.ndarray:
        place = np.clip(np.floor(np.log(np.maximum(values, 1e-6) / 0.05) / 0.005).astype(int) + 1, 0, BINS - 1)
        return np.stack([np.bincount(row, minlength=BINS) for row in place])

    return Counts(counted(observed), counted(drawn))


def rain(weeks: int, seed: int) -> np.ndarray:
    random = np.random.default_rng(seed)
    return np.where(random.random((weeks, 4000)) < 0.4, random.gamma(0.6, 9.0, (weeks, 4000)), 0.0)


def test_members_get_the_observed_quantiles(store: xr.Dataset) -> None:
    """Rain that is other members of the network, stretched: the curve must be the stretch."""
    torch.manual_seed(0)
    model = build_model(config_of(), store.drop_dims("time"))
    torch.nn.init.constant_(model.network.last.bias, 1.2)
    training = in_split(store, "train")
    batch = Days(training).batch(np.arange(training.sizes["time"]))
    other = model.draw(batch.x, member_noise(5, batch.days, [0], model.latent_shapes))[:, 0].numpy()
    stretched = np.where(training["precip"].notnull(), np.where(other > 1, 1.3 * other - 0.3, other), np.nan)
    curve = fit(model, Days(training.assign(precip=(training["precip"].dims, stretched.astype(np.float32)))))
    amounts = torch.tensor(np.quantile(other[batch.valid], [0.95, 0.99, 0.998]), dtype=torch.float32)
    assert amounts[0] > 1.1
    torch.testing.assert_close(curve(amounts), 1.3 * amounts - 0.3, rtol=0.02, atol=0.0)
    points = curve.wanted.clone()
    fit(model, Days(training.assign(precip=(training["precip"].dims, stretched.astype(np.float32)))))
    torch.testing.assert_close(curve.wanted, points)  # not the curve of a curve


def test_a_dry_network_is_not_blown_up_and_conserved_mass_is_left_alone(store: xr.Dataset) -> None:
    domain = store.drop_dims("time")
    days = Days(in_split(store, "train"))
    model = build_model(config_of(), domain)
    torch.nn.init.constant_(model.network.last.bias, -9.0)
    torch.testing.assert_close(fit(model, days).wanted, model.network.curve.drawn)
    torch.nn.init.constant_(model.network.last.bias, 0.02)
    ratio = fit(model, days).wanted / model.network.curve.drawn
    assert ratio.max() == pytest.approx(RANGE[1], rel=1e-3)
    conserving = build_model(
        config_of().model_copy(update={"model": config_of().model.model_copy(update={"mass": "hard"})}), domain
    )
    assert conserving.curve is None
    calibrate(conserving, days, torch.device("cpu"), nullcontext(), seed=0, batch_size=32, wet_mm=0.1)
    torch.testing.assert_close(conserving.network.curve.wanted, conserving.network.curve.drawn)


def test_a_stretched_tail_is_mended_and_equal_climates_are_left_alone() -> None:
    observed = rain(200, 0)
    stretched = np.where(observed > 10, 10 + 0.6 * (observed - 10), observed)
    drawn, wanted = points_of_curve(counts_of(observed, stretched), seed=0, wet_mm=0.1)
    by_level = dict(zip(LEVELS, (wanted / drawn)[-len(LEVELS) :], strict=True))
    true = {level: np.quantile(observed, level) / np.quantile(stretched, level) for level in LEVELS}
    assert by_level[0.99] == pytest.approx(true[0.99], rel=0.03) and true[0.99] > 1.2
    assert by_level[0.999] == pytest.approx(true[0.999], rel=0.04)
    drawn, wanted = points_of_curve(counts_of(observed, rain(200, 1)), seed=0, wet_mm=0.1)
    assert np.abs(np.log(wanted / drawn))[1:].max() < 0.03 and abs(np.log(wanted / drawn)[0]) < 0.05


def test_drizzle_too_many_becomes_dry() -> None:
    observed, amounts = rain(200, 0), rain(200, 1)
    drizzle = np.where(amounts > 0, amounts, np.random.default_rng(2).uniform(0.1, 0.6, amounts.shape))
    drawn, wanted = (
        torch.from_numpy(part) for part in points_of_curve(counts_of(observed, drizzle), seed=0, wet_mm=0.1)
    )
    curve = AmountsCurve()
    curve.put(drawn, wanted)
    mapped = curve(torch.from_numpy(drizzle.astype(np.float32))).numpy()
    assert (drizzle >= 0.1).mean() > 0.95
    assert (mapped >= 0.1).mean() == pytest.approx((observed >= 0.1).mean(), abs=0.01)
    assert mapped[mapped >= 0.1].mean() == pytest.approx(observed[observed >= 0.1].mean(), rel=0.03)


def test_the_mean_of_counts_is_that_of_the_amounts() -> None:
    observed = rain(50, 0)
    assert mean_amounts(counts_of(observed, observed).observed) == pytest.approx(observed.mean(), rel=2e-3)


def test_one_storm_does_not_decide_the_tail() -> None:
    observed, drawn = rain(200, 0), rain(200, 1)
    observed[17] *= 6
    raw = np.log(np.quantile(observed, LEVELS[-1]) / np.quantile(drawn, LEVELS[-1]))
    start, end = points_of_curve(counts_of(observed, drawn), seed=0, wet_mm=0.1)
    assert raw > 0.4 and np.log(end[-1] / start[-1]) < 0.7 * raw
    assert (np.diff(start) > 0).all() and (np.diff(end) >= 0).all()


def test_quantiles_without_rain_lie_on_the_line_to_the_first_with_rain() -> None:
    observed, drawn = (np.where(rain(200, seed) > 22, rain(200, seed), 0.0) for seed in (0, 1))
    assert np.quantile(observed, 0.95) == 0 < np.quantile(observed, 0.99)
    start, end = points_of_curve(counts_of(observed, drawn * 0.8), seed=0, wet_mm=0.1)
    assert (np.diff(start) > 0).all() and np.allclose(end[:5] / start[:5], end[0] / start[0])


def test_members_that_are_no_numbers_get_no_curve(store: xr.Dataset) -> None:
    model = build_model(config_of(), store.drop_dims("time"))
    torch.nn.init.constant_(model.network.last.bias, torch.nan)
    curve = fit(model, Days(in_split(store, "train")))
    assert torch.equal(curve.wanted, curve.drawn)


def test_checkpoints_hold_the_curve_and_training_goes_on_without_it(
    prepared: Run, tmp_path_factory: pytest.TempPathFactory
) -> None:
    run = copy_of(prepared, tmp_path_factory.mktemp("calibrated"))
    train(config_of(), run)
    saved = checkpoints.load(run.checkpoints / "best_prior").networks[0]
    assert not torch.equal(saved["curve.wanted"], saved["curve.drawn"])
    state = torch.load(run.checkpoints / "last.ckpt", weights_only=True)["network"]
    assert torch.equal(state["curve.wanted"], state["curve.drawn"])


def test_a_few_members_are_drawn_at_once_where_the_grid_is_large(
    store: xr.Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.manual_seed(0)
    model = build_model(config_of(), store.drop_dims("time")).eval()
    days, drawn = Days(in_split(store, "train").isel(time=slice(0, 20))), []
    of_model = model.draw
    monkeypatch.setattr(
        model, "draw", lambda x, noise, **how: drawn.append(noise[0].shape[:2]) or of_model(x, noise, **how)
    )

    def counts() -> Counts:
        drawn.clear()
        return count_amounts(model, days, torch.device("cpu"), nullcontext(), seed=0, batch_size=8)

    whole = counts()
    assert drawn == [(8, 10), (8, 10), (4, 10)]
    monkeypatch.setattr(calibration, "AT_ONCE", 4 * 8 * store["mask"].size)
    few = counts()
    assert drawn == [(8, 4), (8, 4), (8, 2)] * 2 + [(4, 8), (4, 2)]
    assert np.array_equal(few.observed, whole.observed) and few.drawn.sum() == whole.drawn.sum() > 0
    assert np.abs(few.drawn - whole.drawn).sum() < 0.001 * whole.drawn.sum()  # amounts at the edge of two bins
