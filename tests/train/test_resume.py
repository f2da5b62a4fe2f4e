"""The state for --resume: written whole, read by the same configuration and data alone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
import xarray as xr

from rainsmith.base.errors import UserError
from rainsmith.run_folder import Run
from rainsmith.train import resume
from rainsmith.train.log import read_log
from tests.small import small_config

PARTS = ("network", "optimiser", "average", "objective")


@pytest.fixture(scope="module")
def store(prepared: Run) -> xr.Dataset:
    """In memory, because each state holds a hash of it."""
    return prepared.open_store().load()


def written(path: Path, store: xr.Dataset, **parts: dict[str, torch.Tensor]) -> dict[str, object]:
    state = resume.fresh_state(small_config(), store, "fp32", ("prior", "tail"))
    resume.write(path, state, **{**{key: {} for key in PARTS}, **parts})
    return state


def test_a_state_comes_back_with_its_parts(store: xr.Dataset, tmp_path: Path) -> None:
    state = written(tmp_path / "last.ckpt", store, network={"weight": torch.arange(3.0)})
    saved = resume.read(tmp_path / "last.ckpt", small_config(), store)
    assert torch.equal(saved.pop("network")["weight"], torch.arange(3.0))
    assert all(saved.pop(name) == {} for name in PARTS[1:])
    assert saved == state
    assert saved["best"] == {name: {"score": float("inf"), "epoch": -1, "weekly": []} for name in ("prior", "tail")}


@pytest.mark.parametrize(("key", "value"), [(key, 7) for key in sorted(resume.FREE_TO_CHANGE)])
def test_limits_may_change(store: xr.Dataset, tmp_path: Path, key: str, value: int) -> None:
    written(tmp_path / "last.ckpt", store)
    resume.read(tmp_path / "last.ckpt", small_config(**{f"train__{key}": value}), store)


@pytest.mark.parametrize(
    ("key", "value"), [("seed", 1), ("train__lr", 0.5), ("model__d_z", 9), ("data__normalise", "log1p-global")]
)
def test_another_configuration_is_refused(store: xr.Dataset, tmp_path: Path, key: str, value: object) -> None:
    written(tmp_path / "last.ckpt", store)
    with pytest.raises(UserError, match=r"is of another configuration .* differ"):
        resume.read(tmp_path / "last.ckpt", small_config(**{key: value}), store)


def test_other_data_are_refused(store: xr.Dataset, tmp_path: Path) -> None:
    written(tmp_path / "last.ckpt", store)
    other = store.assign(precip=store["precip"] * 2)
    with pytest.raises(UserError, match=r"another configuration \(data differ"):
        resume.read(tmp_path / "last.ckpt", small_config(), other)


@pytest.mark.parametrize("length", [0, 10, 500])
def test_a_damaged_state_is_one_line(store: xr.Dataset, tmp_path: Path, length: int) -> None:
    path = tmp_path / "last.ckpt"
    written(path, store)
    path.write_bytes(path.read_bytes()[:length])
    with pytest.raises(UserError, match="truncated or damaged") as caught:
        resume.read(path, small_config(), store)
    assert "\n" not in str(caught.value)


def test_a_flipped_byte_is_one_line(store: xr.Dataset, tmp_path: Path) -> None:
    path = tmp_path / "last.ckpt"
    written(path, store, network={"weight": torch.arange(300.0)})
    whole = path.read_bytes()
    for place in range(100, len(whole) - 80, 97):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        with pytest.raises(UserError, match=r"truncated or damaged: its checksum does not match; .* delete it"):
            resume.read(path, small_config(), store)


@pytest.mark.parametrize("key", ["epoch", "best", "config", "network", "objective"])
def test_a_state_that_lacks_a_key_is_one_line(store: xr.Dataset, tmp_path: Path, key: str) -> None:
    state = resume.fresh_state(small_config(), store, "fp32", ("prior",)) | {name: {} for name in PARTS}
    for changed in ({k: v for k, v in state.items() if k != key}, state | {key: [1]}):
        resume.write(tmp_path / "last.ckpt", changed)
        with pytest.raises(UserError, match=rf"is no state of a training \({key}: ") as caught:
            resume.read(tmp_path / "last.ckpt", small_config(), store)
        assert "\n" not in str(caught.value)


def test_other_objects_are_no_state(store: xr.Dataset, tmp_path: Path) -> None:
    torch.save([1, 2], tmp_path / "last.ckpt")
    with pytest.raises(UserError, match="is no state of a training"):
        resume.read(tmp_path / "last.ckpt", small_config(), store)


def test_a_state_of_an_earlier_version_has_no_checksum(store: xr.Dataset, tmp_path: Path) -> None:
    state = resume.fresh_state(small_config(), store, "fp32", ("prior",)) | {name: {} for name in PARTS}
    torch.save(state, tmp_path / "last.ckpt")
    assert resume.read(tmp_path / "last.ckpt", small_config(), store) == state


def test_a_state_that_is_not_there_is_said(store: xr.Dataset, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="there is nothing to resume; train without --resume"):
        resume.read(tmp_path / "last.ckpt", small_config(), store)


def test_a_disk_that_fills_leaves_the_state_before(
    store: xr.Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "last.ckpt"
    written(path, store)
    before = path.read_bytes()

    def failing(values: object, scratch: Path) -> None:
        scratch.write_bytes(b"half of it")
        raise RuntimeError("PytorchStreamWriter failed writing file")

    monkeypatch.setattr(torch, "save", failing)
    with pytest.raises(UserError, match=r"could not be written .* free some space and go on with --resume"):
        written(path, store)
    assert path.read_bytes() == before and [file.name for file in tmp_path.iterdir()] == ["last.ckpt"]


def test_rows_of_epochs_after_the_state_are_dropped(tmp_path: Path) -> None:
    log = tmp_path / "metrics.jsonl"
    log.write_text(
        "".join(json.dumps({"epoch": epoch, "train": {}}) + "\n" for epoch in range(4)) + '{"epoch": 4, "los'
    )
    resume.truncate_log(log, 2)
    assert read_log(log) == [{"epoch": 0, "train": {}}, {"epoch": 1, "train": {}}]
    resume.truncate_log(log, 0)
    assert log.read_text() == ""


def test_an_epoch_begins_with_empty_sums(store: xr.Dataset) -> None:
    state = resume.fresh_state(small_config(), store, "fp32", ("prior",))
    state.update({"step": 5, "sums": {"loss": 1.0}, "kl": [1.0], "seconds": 2.0, "elapsed": 9.0})
    resume.start_epoch(state, 3)
    assert (state["epoch"], state["step"], state["sums"], state["kl"], state["seconds"]) == (3, 0, {}, [], 0.0)
    assert state["elapsed"] == 9.0  # of the whole training
