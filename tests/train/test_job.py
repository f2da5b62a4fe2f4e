"""What a training works with: set up, saved, restored, and refused before the first step."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from rainsmith.base.errors import UserError
from rainsmith.models import checkpoint
from rainsmith.run_folder import Run
from rainsmith.train.job import MONITORED, Job, set_up
from tests.conftest import copy_of
from tests.small import small_config


@pytest.fixture
def job(prepared: Run, tmp_path: Path) -> Job:
    return set_up(small_config(), copy_of(prepared, tmp_path), resume=False)


def test_the_seed_settles_the_first_weights(job: Job, prepared: Run, tmp_path: Path) -> None:
    for seed, same in ((0, True), (1, False)):
        other = set_up(small_config(seed=seed), copy_of(prepared, tmp_path / str(seed)), resume=False)
        weights, others = job.model.network.state_dict(), other.model.network.state_dict()
        assert torch.equal(weights["seed.weight"], others["seed.weight"]) == same


def test_an_epoch_holds_every_day_in_an_order_of_its_own(job: Job) -> None:
    first = job.batches()
    assert all(np.array_equal(a, b) for a, b in zip(first, job.batches(), strict=True))  # resumed: the same again
    assert sorted(np.concatenate(first).tolist()) == list(range(len(job.days)))
    job.state["epoch"] = 1
    assert not np.array_equal(first[0], job.batches()[0])


def test_only_the_steps_that_are_left_are_taken(job: Job) -> None:
    batches = job.batches()
    job.state["step"] = len(batches) - 1
    (last,) = _taken(job, batches)
    assert last.days.tolist() == job.days.numbers[batches[-1]].tolist()


def _taken(job: Job, batches: list[np.ndarray]) -> list:  # type: ignore[type-arg]
    taken = []
    for batch, patch in job.remaining(batches):
        assert patch is None
        taken.append(batch)
        job.state["step"] += 1
    return taken


def test_everything_that_changes_is_saved_and_restored(job: Job) -> None:
    with torch.no_grad():
        for parameter in job.model.network.parameters():
            parameter.add_(1.0)
    job.average.update(job.model.network)
    job.state.update({"epoch": 1, "step": 2, "sums": {"loss": 3.0}, "elapsed": 4.0})
    job.save_state()
    again = set_up(small_config(), job.run, resume=True)
    assert again.state == job.state
    for ours, theirs in (
        (job.model.network.state_dict(), again.model.network.state_dict()),
        (job.average.values, again.average.values),
    ):
        assert all(torch.equal(ours[name], theirs[name]) for name in ours)
    assert again.average.steps == 1


def test_a_checkpoint_holds_the_present_weights(job: Job) -> None:
    job.state["epoch"] = 6
    job.save_checkpoint("epoch_007", {"prior": {"crps": 1.0}})
    loaded = checkpoint.load(job.run.checkpoints / "epoch_007")
    weights = job.model.network.state_dict()
    assert loaded.epoch == 6 and all(torch.equal(loaded.networks[0][name], weights[name]) for name in weights)


def test_other_processes_write_nothing(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Job, "is_main", property(lambda self: False))
    job.save_state()
    job.save_checkpoint("best_prior", {})
    assert not job.run.checkpoints.exists()


def test_a_model_with_a_posterior_has_both_best_checkpoints(job: Job) -> None:
    assert job.monitored == MONITORED
    assert job.state["best"].keys() == {"prior", "tail"}


def test_refusals_come_before_the_first_step(prepared: Run, trained: Run, tmp_path: Path) -> None:
    run = copy_of(prepared, tmp_path / "one_day")
    store = run.open_store().load()
    split = store["split"].values.copy()
    split[np.flatnonzero(split == 1)[1:]] = -1
    store.assign(split=store["split"].copy(data=split)).drop_encoding().to_zarr(
        run.store, mode="w", consolidated=False, zarr_format=3
    )
    with pytest.raises(UserError, match=r"the validation split has 1 days, expected 2 or more; change data\.splits"):
        set_up(small_config(), run, resume=False)
    with pytest.raises(UserError, match="holds a training already; add --resume to go on, or give another --run"):
        set_up(small_config(), trained, resume=False)
    with pytest.raises(UserError, match="prepare"):
        set_up(small_config(), Run(tmp_path / "empty"), resume=False)


def test_a_step_has_its_patch_whenever_it_is_taken(prepared: Run, tmp_path: Path) -> None:
    small = {"name": "hierarchical", "levels": 3, "channels": [8, 8, 8], "latent_channels": [1, 1, 1]}
    in_patches = set_up(small_config(model=small, train__patch=16), copy_of(prepared, tmp_path), resume=False)
    drawn = []
    for epoch, step in [(0, 0), (0, 1), (1, 0), (1, 1), (0, 0)]:
        in_patches.state.update({"epoch": epoch, "step": step})
        batch, patch = next(in_patches.remaining(in_patches.batches()))
        assert patch is not None
        rows, columns = patch.read
        assert batch.y.shape[1:] == (rows.stop - rows.start, columns.stop - columns.start)
        drawn.append(patch.part)
    assert drawn[-1] == drawn[0]
    assert len(set(drawn)) > 1
