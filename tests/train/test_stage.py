"""Training on the small embedded climate: resuming, real kills, logs, both best checkpoints, two processes."""

from __future__ import annotations

import json
import os
import shutil
import signal
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pytest
import torch
import xarray as xr
import yaml

from rainsmith.base.dims import in_split
from rainsmith.base.errors import Interrupted, UserError
from rainsmith.cli.main import main
from rainsmith.data.store import fingerprint_of
from rainsmith.evaluate.settings import settings_of
from rainsmith.metrics.estimates import score_days
from rainsmith.metrics.registry import METRICS
from rainsmith.models import checkpoint
from rainsmith.prepare.stage import prepare
from rainsmith.run_folder import Run
from rainsmith.sample.sampler import Sampler
from rainsmith.sample.stage import sample
from rainsmith.train.log import read_log
from rainsmith.train.stage import train
from rainsmith.train.validation import Validation, validation_days
from tests.conftest import copy_of
from tests.processes import Command, by_two_processes
from tests.small import SMALL, small_config


def same_weights(a: Path, b: Path) -> bool:
    first, second = checkpoint.load(a).networks[0], checkpoint.load(b).networks[0]
    return first.keys() == second.keys() and all(torch.equal(first[name], second[name]) for name in first)


def interrupt_at_step(number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Send this process SIGINT in the optimiser's step of that number, counted from 1."""
    steps = 0
    original = torch.optim.AdamW.step

    def counting(self: torch.optim.AdamW, *args: object, **kwargs: object) -> object:
        nonlocal steps
        steps += self.param_groups[0]["lr"] > 0  # the steps that are measured beforehand move nothing
        if steps == number:
            os.kill(os.getpid(), signal.SIGINT)
        return original(self, *args, **kwargs)

    monkeypatch.setattr(torch.optim.AdamW, "step", counting)


def command_line(run: Run, *more: str) -> list[str]:
    pairs = [
        f"{key}={yaml.safe_dump(value, default_flow_style=True).strip().removesuffix('...')}"
        for key, value in SMALL.items()
    ]
    return ["train", "--run", str(run.folder), *more, "--set", *pairs]


def test_log_holds_every_term_and_both_modes(trained: Run) -> None:
    rows = read_log(trained.metrics_log)
    assert [row["epoch"] for row in rows] == [0, 1]
    for row in rows:
        assert {"loss", "rec", "grad", "mass", "kl"} <= row["train"].keys()
        assert len(row["validation"]["kl_per_dimension"]) == 8
        assert sum(row["validation"]["kl_per_dimension"]) == pytest.approx(row["train"]["kl"], rel=1e-5)
        for mode in ("prior", "posterior"):
            figures = row["validation"][mode]
            assert {
                "max",
                "mean",
                "p99",
                "diversity",
                "wet_fraction",
                "correlation",
                "crps",
                "twcrps_p99",
            } <= figures.keys()
            assert all(np.isfinite(value) for value in figures.values())
    assert rows[0]["beta"] < rows[1]["beta"] <= 0.01
    assert rows[1]["train"]["loss"] < rows[0]["train"]["loss"]


def test_both_best_checkpoints_are_those_that_the_log_names(trained: Run) -> None:
    rows = read_log(trained.metrics_log)
    prior = [row["validation"]["prior"]["tail_score"] for row in rows if "prior" in row["validation"]["best"]][-1]
    tail = min(row["validation"]["posterior"]["mae_tail"] for row in rows)
    about = {
        name: json.loads((trained.checkpoints / f"{name}.json").read_text()) for name in ("best_prior", "best_tail")
    }
    assert about["best_prior"]["validation"]["prior"]["tail_score"] == prior
    assert about["best_tail"]["validation"]["posterior"]["mae_tail"] == tail
    assert {path.stem for path in trained.checkpoints.glob("epoch_*.safetensors")} == {"epoch_001", "epoch_002"}


def test_validation_figures_agree_with_the_metrics(trained: Run) -> None:
    """The torch figures of training are the same numbers as those of rainsmith.metrics."""
    config = small_config()
    store = trained.open_store()
    domain = store.drop_dims("time").load()
    validation_set = in_split(store, "validation")
    loaded = checkpoint.load(trained.checkpoints / "epoch_002")
    sampler = Sampler(loaded, config.sampling.model_copy(update={"seed": config.seed}), "cpu")
    validate = Validation(validation_set, domain, members=3, at_most=24, wet_mm=0.1, seed=config.seed, batch_size=64)
    days = validation_set.isel(time=validation_days(validation_set, 24, config.seed)).load()
    y, x = torch.from_numpy(days["precip"].values), torch.from_numpy(days["predictors"].values)
    given = {"prior": (None, None), "posterior": (y.nan_to_num(), y.isfinite())}
    figures, weekly = validate(sampler.model, torch.device("cpu"), nullcontext())
    assert sum(weekly) == pytest.approx(figures["prior"]["tail_score"], rel=1e-5)
    for mode in ("prior", "posterior"):
        drawn = sampler.draw(x, validate.days.numbers, range(3), *given[mode])
        fcst = xr.DataArray(drawn, dims=("time", "member", "y", "x"), coords={"time": days["time"]})
        scores = score_days(fcst, days["precip"], METRICS, settings=settings_of(store, config), mode=mode)
        for ours, theirs in (
            ("crps", "crps"),
            ("twcrps_p99", "twcrps_p99"),
            ("mae_tail", "mae_tail"),
            ("diversity", "diversity"),
            ("correlation", "spatial_correlation"),
            ("max", "max"),
        ):
            assert figures[mode][ours] == pytest.approx(float(scores[theirs]), rel=1e-3, abs=1e-5), (mode, ours)


@pytest.mark.parametrize("stop_after", [1, 7])
def test_resumed_training_ends_in_the_same_weights(
    prepared: Run, trained: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stop_after: int
) -> None:
    run = copy_of(prepared, tmp_path)
    interrupt_at_step(stop_after, monkeypatch)
    with pytest.raises(Interrupted, match="--resume"):
        train(small_config(), run)
    train(small_config(), run, resume=True)
    assert same_weights(run.checkpoints / "epoch_002", trained.checkpoints / "epoch_002")
    ours, theirs = read_log(run.metrics_log), read_log(trained.metrics_log)
    for row in (*ours, *theirs):
        row.pop("seconds")
    assert ours == theirs


def test_killed_training_resumes_to_the_same_weights(prepared: Run, trained: Run, tmp_path: Path) -> None:
    run = copy_of(prepared, tmp_path)
    process = Command(*command_line(run), "train.save_last_seconds=0")
    process.wait_for(run.checkpoints / "last.ckpt")
    process.close()
    train(small_config(), run, resume=True)
    assert same_weights(run.checkpoints / "epoch_002", trained.checkpoints / "epoch_002")


def test_ctrl_c_exits_with_one_line(prepared: Run, tmp_path: Path) -> None:
    run = copy_of(prepared, tmp_path)
    process = Command(*command_line(run), "train.epochs=500", "train.save_last_seconds=0")
    process.wait_for(run.checkpoints / "last.ckpt")
    process.send(signal.SIGINT)
    code, errors = process.wait(60)
    process.close()
    assert code == 130
    assert "Traceback" not in errors
    assert "--resume" in errors.splitlines()[-1]


def train_and_sample(arguments: list[str]) -> None:
    main(arguments)
    main(["sample", *arguments[1:], "sampling.days=heavy_x"])


def test_two_processes_train_and_sample_what_one_samples(prepared: Run, tmp_path: Path) -> None:
    run = copy_of(prepared, tmp_path / "run")
    by_two_processes(train_and_sample, command_line(run))
    rows = read_log(run.metrics_log)
    assert [row["epoch"] for row in rows] == [0, 1]
    assert rows[1]["train"]["loss"] < rows[0]["train"]["loss"]

    alone = copy_of(run, tmp_path / "alone")
    shutil.rmtree(alone.samples)
    sample(small_config(sampling__days="heavy_x"), alone)
    for mode in ("prior", "posterior"):
        one, both = (xr.open_zarr(r.sample_path("flat", mode, "test"), consolidated=False) for r in (alone, run))
        np.testing.assert_allclose(one["precip"].values, both["precip"].values, rtol=1e-5, atol=1e-4)


def test_refusals(trained: Run, prepared: Run, tmp_path: Path) -> None:
    run = copy_of(trained, tmp_path / "a")
    with pytest.raises(UserError, match="holds a training already; add --resume"):
        train(small_config(), run)
    with pytest.raises(UserError, match=r"model\.d_z differ"):
        train(small_config(model__d_z=9), run, resume=True)
    with pytest.raises(UserError, match="nothing to resume"):
        train(small_config(), prepared, resume=True)
    state = run.checkpoints / "last.ckpt"
    state.write_bytes(state.read_bytes()[:1000])
    with pytest.raises(UserError, match="truncated or damaged"):
        train(small_config(), run, resume=True)


def test_a_state_saved_at_the_end_of_an_epoch_resumes(
    prepared: Run, trained: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed while validating: the last step is done, the epoch is not."""
    run = copy_of(prepared, tmp_path)

    def killed(self: Validation, *args: object) -> None:
        raise MemoryError

    original = Validation.__call__
    monkeypatch.setattr(Validation, "__call__", killed)
    with pytest.raises(MemoryError):
        train(small_config(train__save_last_seconds=0.0), run)
    monkeypatch.setattr(Validation, "__call__", original)
    train(small_config(), run, resume=True)
    assert same_weights(run.checkpoints / "epoch_002", trained.checkpoints / "epoch_002")


def test_a_finished_training_goes_on_where_its_limit_is_raised(prepared: Run, tmp_path: Path) -> None:
    run = copy_of(prepared, tmp_path)
    short = {"train__schedule": "constant", "train__epoch_steps": 2, "train__validation_days": 8}
    train(small_config(train__epochs=1, **short), run)
    train(small_config(train__epochs=1, **short), run, resume=True)
    assert len(read_log(run.metrics_log)) == 1
    train(small_config(train__epochs=2, **short), run, resume=True)
    assert len(read_log(run.metrics_log)) == 2


def test_other_data_are_not_resumed(trained: Run, tmp_path: Path) -> None:
    run = copy_of(trained, tmp_path)
    prepare(small_config(data__splits={"train": [2002, 2002], "validation": [2001, 2001], "test": [2003, 2003]}), run)
    with pytest.raises(UserError, match=r"another configuration \(data differ"):
        train(small_config(train__epochs=3), run, resume=True)


def test_early_stopping_and_the_time_limit_end_a_training(prepared: Run, tmp_path: Path) -> None:
    patient = copy_of(prepared, tmp_path / "patience")
    unsteady = {"train__lr": 0.02, "train__ema": 0.0, "train__batch_size": 256, "train__validation_days": 8}
    train(small_config(train__epochs=40, train__early_stopping_patience=1, **unsteady), patient)
    rows = read_log(patient.metrics_log)
    best = int(np.argmin([row["validation"]["prior"]["tail_score"] for row in rows]))
    assert len(rows) == best + 2 < 40  # one epoch after the best
    timed = copy_of(prepared, tmp_path / "time")
    train(small_config(train__epochs=40, train__max_minutes=1e-6), timed)
    assert len(read_log(timed.metrics_log)) == 1
    assert (timed.checkpoints / "best_prior.safetensors").exists()


def test_the_hash_of_a_store_sees_every_part_of_it(prepared: Run) -> None:
    store = prepared.open_store().load()
    hashes = [fingerprint_of(prepared.open_store())]
    assert fingerprint_of(store) == hashes[0]
    for name in ("precip", "predictors", "heavy_x", "category", "split", "p99", "log_mean"):
        values = store[name].values.copy()
        values.reshape(-1)[-1] = ~values.reshape(-1)[-1] if values.dtype == bool else 77
        hashes.append(fingerprint_of(store.assign({name: store[name].copy(data=values)})))
    assert len(set(hashes)) == len(hashes) == 8


def test_a_training_in_patches_is_the_same_each_time(prepared: Run, tmp_path: Path) -> None:
    model = {"name": "hierarchical", "levels": 2, "channels": [8, 8], "latent_channels": [2, 1], "x_blocks": 1}
    short = {"train__patch": 16, "train__precision": "bf16", "train__accumulate": 2, "train__epoch_steps": 2}
    short |= {"train__batch_size": 8, "train__validation_days": 4}
    logs = []
    for name in ("first", "second"):
        run = copy_of(prepared, tmp_path / name)
        train(small_config(model=model, **short), run)
        logs.append([row["train"] for row in read_log(run.metrics_log)])
    assert logs[0] == logs[1]
    assert np.isfinite([list(row.values()) for row in logs[0]]).all()
    assert logs[0][0] != logs[0][1]


def test_a_training_in_parts_is_the_same_up_to_rounding(prepared: Run, tmp_path: Path) -> None:
    model = {"name": "hierarchical", "levels": 2, "channels": [8, 8], "latent_channels": [2, 1], "x_blocks": 1}
    rows = []
    for parts in (1, 3):
        run = copy_of(prepared, tmp_path / str(parts))
        short = {"train__batch_size": 16, "train__epoch_steps": 2, "train__validation_days": 8}
        train(small_config(model={**model, "dropout": 0.2}, train__accumulate=parts, **short), run)
        rows.append(read_log(run.metrics_log))
    for whole, cut in zip(*rows, strict=True):
        assert cut["train"] == pytest.approx(whole["train"], rel=1e-3)
        assert cut["validation"]["prior"]["crps"] == pytest.approx(whole["validation"]["prior"]["crps"], rel=1e-2)
