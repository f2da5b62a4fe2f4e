"""What a training will take, and the plan that fits it into a time."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from rainsmith.base import memory
from rainsmith.base.errors import UserError
from rainsmith.base.needs import Trend
from rainsmith.config import Config
from rainsmith.models import checkpoint
from rainsmith.models.generative import build_model
from rainsmith.models.hierarchical.model import HierarchicalModel
from rainsmith.run_folder import Run
from rainsmith.train.estimate import Estimate, estimate, fewest_parts, refuse_what_does_not_fit
from rainsmith.train.log import read_log
from rainsmith.train.plan import as_planned, planned
from rainsmith.train.stage import foresee, train
from tests.conftest import copy_of
from tests.small import small_config

SMALL = {"name": "hierarchical", "levels": 2, "channels": [8, 8], "latent_channels": [2, 1], "x_blocks": 1}
GIB = 2.0**30


def config_of(**more: object) -> Config:
    return small_config(**{"model": SMALL, "train__min_heavy_fraction": 0.0, "train__epochs": 4, **more})


def an_estimate(**changes: float) -> Estimate:
    values = {"step": 2.0, "steps": 30, "epochs": 4, "validation": 0.0, "validations": 4, "memory": GIB, "disk": 1e6}
    return Estimate(**{**values, **changes})


def test_an_estimate_is_near_what_the_training_takes_and_changes_nothing(prepared: Run, tmp_path: Path) -> None:
    config, run = config_of(train__epochs=2), copy_of(prepared, tmp_path / "run")
    store, state = run.open_store(), torch.random.get_rng_state()
    foreseen = estimate(config, store)
    assert torch.equal(torch.random.get_rng_state(), state) and not run.checkpoints.exists()
    assert foreseen.steps == -(-int((store["split"] == 0).sum()) // config.train.batch_size) and foreseen.epochs == 2
    started = time.monotonic()
    train(config, run)
    took = time.monotonic() - started
    assert took / 20 < 60 * foreseen.minutes < 20 * took  # a busy machine may be far off; minutes for seconds are not
    written = sum(path.stat().st_size for path in run.checkpoints.iterdir())
    assert foreseen.disk / 3 < written < 3 * foreseen.disk + 1e6


def test_an_estimate_draws_no_more_at_once_than_a_validation(prepared: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rainsmith.train.estimate.MORE", 8)
    store, drawn = prepared.open_store(), set[int]()
    of_model = HierarchicalModel.draw
    monkeypatch.setattr(
        HierarchicalModel, "draw", lambda self, x, *more, **how: drawn.add(len(x)) or of_model(self, x, *more, **how)
    )
    estimate(config_of(), store)
    assert drawn == {1, 8}
    drawn.clear()
    monkeypatch.setattr("rainsmith.models.generative.AT_ONCE", 3 * 4 * store["mask"].size)
    estimate(config_of(), store)
    assert drawn == {1, 3}


def grows_by(per_day: float) -> Trend:
    """Steps that take 1 GiB without any day, and so many [GiB] for each."""
    return Trend(2, 8, (1.0, 1.0), ((1 + 2 * per_day) * GIB, (1 + 8 * per_day) * GIB))


def test_memory_that_is_missing_is_refused_with_the_setting_that_fits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "memory", lambda: memory.Memory(int(8 * GIB), int(4 * GIB)))
    monkeypatch.setattr(memory, "present", lambda: 0)
    asked: list[tuple[int, float]] = []

    def parts(days: int, usable: float) -> int | None:
        asked.append((days, usable / GIB))
        return 4 if days > 16 else None

    refuse_what_does_not_fit(grows_by(0.08), 32, 1, parts)
    assert not asked
    # 0.9 of 4 GiB are to be had
    found = r"needs about 7.4 GiB of memory, found 4.0 GiB free; "
    with pytest.raises(UserError, match=found + r"set train.accumulate: 4, which changes no result and makes steps"):
        refuse_what_does_not_fit(grows_by(0.2), 32, 1, parts)
    assert asked == [(32, pytest.approx(3.6))]
    with pytest.raises(UserError, match=found + r"set train.batch_size: 13$"):  # 2.6 GiB for days of 0.2 GiB
        refuse_what_does_not_fit(grows_by(0.2), 32, 1, None)
    with pytest.raises(UserError, match=r"set train.batch_size: 4, or OMP_NUM_THREADS=1"):
        refuse_what_does_not_fit(grows_by(0.2), 16, 2, parts)
    with pytest.raises(UserError, match=r"narrow the network"):
        refuse_what_does_not_fit(grows_by(8.0), 1, 1, parts)


@pytest.mark.parametrize(("usable", "parts"), [(14, 2), (9.75, 4), (9.5, 5), (9, 7), (8, 32), (7.9, None)])
def test_the_fewest_parts_that_fit(usable: float, parts: int | None) -> None:
    """32 days of 0.25 GiB each in their part, and 7.75 GiB whatever the parts."""
    assert fewest_parts(7.75 * GIB, 0.25 * GIB, 32, usable * GIB) == parts


def test_parts_are_measured_and_named(prepared: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """A step that does not fit whole, by far less than parts would save: a number of parts is named, which takes less.

    Two measurements of one step differ by up to a third of what parts save here, hence the distances.
    """
    wide = {**SMALL, "channels": [64, 64]}
    store = prepared.open_store()
    monkeypatch.setattr("rainsmith.train.estimate.MORE", 8)

    def needed(accumulate: int) -> float:
        return estimate(config_of(model=wide, train__accumulate=accumulate), store).memory

    monkeypatch.setattr(memory, "memory", lambda: memory.Memory(0, 0))  # unknown: nothing is refused
    most, least = needed(1), needed(16)
    assert most > least + 50 * 2**20
    with monkeypatch.context() as patched:
        patched.setattr(memory, "memory", lambda: memory.Memory(int(GIB), 1))
        patched.setattr(memory, "present", lambda: most - (most - least) / 3)
        with pytest.raises(UserError, match=r"set train.accumulate: (\d+)") as refused:
            needed(1)
    parts = int(str(refused.value).split("train.accumulate: ")[1].split(",")[0])
    assert 2 <= parts < 16 and needed(parts) < most


def test_a_model_that_normalises_over_a_batch_takes_no_parts(prepared: Run) -> None:
    with pytest.raises(UserError, match=r"train.accumulate is 2, .* model 'flat' .* set train.accumulate: 1"):
        estimate(small_config(train__accumulate=2), prepared.open_store())


def test_steps_on_patches_are_measured_on_the_largest(prepared: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    config, store = config_of(train__patch=16), prepared.open_store()
    model = build_model(config, store.drop_dims("time").load())
    patches, _ = model.patches(16)
    largest = max(np.prod([span.stop - span.start for span in patch.read]) for patch in patches)
    seen = []

    def note(self: HierarchicalModel, x: Tensor, y: Tensor, *others: object) -> tuple[dict[str, Tensor], Tensor]:
        seen.append((y[0].numel(), len(others)))
        return forward(self, x, y, *others)

    forward = HierarchicalModel.forward
    monkeypatch.setattr(HierarchicalModel, "forward", note)
    assert estimate(config, store).step > 0
    assert set(seen) == {(largest, 3)}


def test_needs_of_a_pool_and_of_a_limited_time() -> None:
    one = an_estimate()
    assert one.needs().seconds == 240 and one.needs().disk == 1e6
    assert "(4 epochs of 30 steps of 2 s, 4 validations of 0 s)" in str(one.needs())
    pool = one.needs(networks=4, rounds=2)
    assert (pool.seconds, pool.disk, pool.of[:15]) == (480, 8e6, "2 times 4 epoch")
    limited = one.needs(max_minutes=3)
    assert limited.seconds == 180 and limited.of.startswith("train.max_minutes, instead of 4.0 minutes for 4 epochs")
    assert one.needs(max_minutes=5) == one.needs()


@pytest.mark.parametrize(("minutes", "epochs", "steps"), [(4.0, 4, None), (3.0, 2, None), (0.5, 1, 13)])
def test_as_many_epochs_are_planned_as_fit(minutes: float, epochs: int, steps: int | None, tmp_path: Path) -> None:
    config, run = config_of(train__max_minutes=minutes), Run(tmp_path)
    fits = planned(config, run, an_estimate())
    assert (fits.train.epochs, fits.train.epoch_steps) == (epochs, steps)
    assert as_planned(config, run) == fits  # what --resume goes on with
    longer = config_of(train__max_minutes=2 * minutes)
    assert as_planned(longer, run) == longer


def test_networks_in_turn_share_the_time(tmp_path: Path) -> None:
    fits = planned(config_of(train__max_minutes=4.0, train__pool=2), Run(tmp_path), an_estimate(), rounds=2)
    assert fits.train.epochs == 1


def test_a_training_without_time_for_an_epoch_ends_within_it(prepared: Run, tmp_path: Path) -> None:
    """The learning rate has come down, and the checkpoints are there."""
    run = copy_of(prepared, tmp_path / "short")
    train(config_of(train__epochs=400, train__max_minutes=0.002), run)
    rows = read_log(run.metrics_log)
    assert len(rows) == 1 and rows[0]["step"] < 365 // config_of().train.batch_size
    assert checkpoint.load(run.checkpoints / "best_prior").config.train.epoch_steps == rows[0]["step"]


def test_to_foresee_a_training_trains_nothing(prepared: Run, tmp_path: Path) -> None:
    run = copy_of(prepared, tmp_path / "run")
    assert foresee(config_of(), run).epochs == 4 and not run.checkpoints.exists()
    train(config_of(train__epochs=1), run)
    assert foresee(config_of(), run).epochs == 4 and len(read_log(run.metrics_log)) == 1


def test_more_time_goes_on_with_a_training_that_ended_within_an_epoch(prepared: Run, tmp_path: Path) -> None:
    run = copy_of(prepared, tmp_path / "more")
    train(config_of(train__epochs=2, train__max_minutes=0.001), run)
    train(config_of(train__epochs=2, train__max_minutes=10.0), run, resume=True)
    assert [row["epoch"] for row in read_log(run.metrics_log)] == [0, 1]
