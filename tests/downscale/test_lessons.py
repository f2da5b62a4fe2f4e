"""What a generative model teaches a downscaler."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
import xarray as xr

from rainsmith.base.dims import TIME, in_split
from rainsmith.base.errors import UserError
from rainsmith.config import Config
from rainsmith.data.checks import CheckLog
from rainsmith.downscale.lessons import EDGES, LEVELS, WEIGHTS, Lessons, lessons, taught_days
from rainsmith.downscale.stage import downscale
from rainsmith.models.downscaling.downscaler import Downscaler, Lesson
from rainsmith.models.downscaling.heads.head import Head
from rainsmith.run_folder import Run
from rainsmith.sample import application
from tests.conftest import copy_of
from tests.downscale.small import tiny


@pytest.mark.parametrize("network", ["q-srdrn", "srdrn", "unet"])
def test_a_lesson_that_is_sure_of_the_observation_is_the_observation(prepared: Run, network: str) -> None:
    store = prepared.open_store()
    days = in_split(store, "train").isel({TIME: slice(0, 3)}).load()
    module = Downscaler(tiny(network=network).downscale, store.drop_dims(TIME).load())
    module.start_from(days["precip"].values[np.isfinite(days["precip"].values)])
    x, y = torch.from_numpy(days["predictors"].values), torch.from_numpy(days["precip"].values)
    valid, known = torch.isfinite(y), torch.nan_to_num(y)
    amounts = known.flatten(1)[:, None, module.cells].expand(-1, len(WEIGHTS), -1)
    weights = torch.tensor(WEIGHTS, dtype=torch.float32)

    def loss(there: torch.Tensor, more_mm: float = 0.0, share: float = 0.0) -> float:
        lesson = Lesson(amounts + more_mm, weights, share) if share else None
        return float(module(x, known, there, lesson).item())

    assert loss(valid, share=0.7) == pytest.approx(loss(valid), rel=1e-4)
    assert loss(valid, more_mm=30, share=1.0) != pytest.approx(loss(valid), rel=0.05)
    unobserved = torch.zeros_like(valid)
    assert loss(unobserved, share=0.5) == pytest.approx(0.5 * loss(valid), rel=1e-4)


def test_expected_pinball_losses_and_their_slopes_are_those_of_all_amounts(prepared: Run) -> None:
    store = prepared.open_store()
    head = Downscaler(tiny().downscale, store.drop_dims(TIME).load()).head
    generator = torch.Generator().manual_seed(0)
    amounts = 20 * torch.rand(2, len(WEIGHTS), 30, generator=generator)
    values = torch.randn(2, head.channels, 30, generator=generator).requires_grad_()
    weights = torch.tensor(WEIGHTS, dtype=torch.float32)
    found = [head.expected(values, amounts, weights), Head.expected(head, values, amounts, weights)]
    assert torch.allclose(*found, rtol=1e-5)
    slopes = [torch.autograd.grad(losses.sum(), values, retain_graph=True)[0] for losses in found]
    assert torch.allclose(*slopes, rtol=1e-4, atol=1e-6)


def test_amounts_and_weights_are_a_distribution() -> None:
    assert sum(WEIGHTS) == pytest.approx(1)
    assert all(low < level < high for low, level, high in zip(EDGES, LEVELS, EDGES[1:], strict=False))


def test_lessons_are_drawn_once_and_a_downscaler_learns_from_them(trained: Run, tmp_path: Path) -> None:
    run = copy_of(trained, tmp_path / "run")
    config = tiny(train_on="distilled", distil={"members": 8, "share": 0.6})
    tables = downscale(config, run)
    assert tables[0].name == "q-srdrn-distilled-s3-test.csv"
    path = run.quantiles / "lessons-8.zarr" / "zarr.json"
    written = path.stat().st_mtime_ns
    store = run.open_store()
    days = in_split(store, "train")
    made = lessons(config, run, days, members=8, share=0.6)
    assert path.stat().st_mtime_ns == written
    assert made.amounts.shape == (days.sizes[TIME], len(LEVELS), int(store["mask"].sum()))
    assert (np.diff(made.amounts.astype(np.float32), axis=1) >= -0.05).all() and made.amounts.max() > 0
    lesson = Lessons(made.amounts, 0.6).of(np.array([4, 0]), torch.device("cpu"))
    with xr.open_zarr(run.quantiles / "lessons-8.zarr", consolidated=False) as kept:
        expected = kept["quantiles"].isel(time=[4, 0]).values[..., store["mask"].values]
        assert kept.attrs["calibration"] == "none"  # the mean of calibrated distributions would be too wide
    np.testing.assert_allclose(lesson.amounts.numpy(), expected, rtol=2e-3, atol=1e-3)


def test_days_without_observations_are_taught_by_members_alone(
    trained: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run = copy_of(trained, tmp_path / "run")
    store = run.open_store().load()
    real, file = in_split(store, "train"), tmp_path / "new.yaml"
    file.write_text("data: {kind: gridded, predictors: [{files: none.nc}]}")
    later = store.isel({TIME: slice(-12, None)})
    moved = later.assign_coords({TIME: later[TIME] + np.timedelta64(3, "D")})  # nine of them are in the store

    def read(config: Config, domain: xr.Dataset, log: CheckLog) -> xr.Dataset:
        return moved[["predictors"]]

    monkeypatch.setattr(application, "prepare_predictors", read)
    config = tiny(train_on="distilled", distil={"members": 4, "predictors": str(file)}, steps=3)
    days = taught_days(config, run, real)
    assert days.sizes[TIME] == real.sizes[TIME] + 3
    assert np.isnan(days["precip"].values[-3:]).all() and np.isfinite(days["predictors"].values).all()
    assert "3 days without observations" in " ".join(capsys.readouterr().err.split())
    assert downscale(config, run)
    known = tiny(distil={"predictors": str(file)})
    moved = later
    with pytest.raises(UserError, match="all its days are in the store"):
        taught_days(known, run, real)
