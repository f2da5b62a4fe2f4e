"""Checkpoints: three files of one name that come back equal; what is missing, damaged or does not fit is one line."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
import xarray as xr
from safetensors.torch import save_file

from rainsmith.base.errors import UserError
from rainsmith.models import checkpoint
from rainsmith.run_folder import Run
from rainsmith.sample.sampler import Sampler
from tests.small import small_config


@pytest.fixture
def copied(trained: Run, tmp_path: Path) -> Path:
    """A checkpoint of its own to damage."""
    for ending in (".safetensors", ".json", ".nc"):
        path = trained.checkpoints / f"best_prior{ending}"
        (tmp_path / path.name).write_bytes(path.read_bytes())
    return tmp_path / "best_prior.safetensors"


def test_a_checkpoint_is_three_files_that_come_back_equal(trained: Run, tmp_path: Path) -> None:
    domain = trained.open_store().drop_dims("time").load()
    weights = {"a": torch.arange(6.0).reshape(2, 3).t(), "b": torch.ones((), requires_grad=True)}
    path = tmp_path / "new" / "made.safetensors"
    checkpoint.save(path, weights, small_config(), domain, 4, validation={"prior": {"crps": 1.5}})
    assert {file.name for file in path.parent.iterdir()} == {"made.safetensors", "made.json", "made.nc"}
    loaded = checkpoint.load(path)
    assert loaded.networks[0].keys() == weights.keys()
    assert all(torch.equal(loaded.networks[0][name], weights[name]) for name in weights)
    assert (loaded.config, loaded.epoch, loaded.name) == (small_config(), 4, "made")
    xr.testing.assert_equal(loaded.domain, domain)
    assert checkpoint.weights_of(path)[0] == 4
    about = json.loads(path.with_suffix(".json").read_text())
    assert about["validation"] == {"prior": {"crps": 1.5}} and "provenance" in about


def test_the_file_of_an_equal_domain_is_copied_only_where_it_is_intact(copied: Path, trained: Run) -> None:
    """Written anew or copied, it is the same to the last byte; damage is not handed on."""
    domain, path = trained.open_store().drop_dims("time").load(), copied.with_name("other.safetensors")
    whole = copied.with_suffix(".nc").read_bytes()
    for change in (lambda file: None, lambda file: file.write_bytes(whole[:-9] + b"?" * 9), lambda file: file.unlink()):
        change(copied.with_suffix(".nc"))
        checkpoint.save(path, {"a": torch.ones(2)}, small_config(), domain, 0, beside=copied)
        assert path.with_suffix(".nc").read_bytes() == whole
        assert checkpoint.load(path).epoch == 0


def test_the_hash_is_that_of_the_weights(copied: Path) -> None:
    first = checkpoint.load(copied)
    again = checkpoint.load(copied)
    changed = {name: tensor + 1 for name, tensor in first.networks[0].items()}
    checkpoint.save(copied, changed, first.config, first.domain, first.epoch)
    assert first.sha256 == again.sha256 != checkpoint.load(copied).sha256


@pytest.mark.parametrize("ending", [".safetensors", ".json", ".nc"])
@pytest.mark.parametrize("damage", ["missing", "cut off", "empty", "binary", "other type"])
def test_a_file_that_is_missing_or_damaged_is_one_line(copied: Path, ending: str, damage: str) -> None:
    path = copied.with_suffix(ending)
    if damage == "missing":
        path.unlink()
    else:
        other = {"empty": b"", "binary": b"\x80\x00" * 400, "other type": b"[1, 2]"}
        path.write_bytes(other.get(damage, path.read_bytes()[:700]))
    with pytest.raises(
        UserError, match=f"best_prior{ending}.*(not found|truncated or damaged|cut off|is damaged|holds a list)"
    ) as caught:
        checkpoint.load(copied)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("ending", [".safetensors", ".json", ".nc"])
def test_a_flipped_byte_is_one_line(copied: Path, ending: str) -> None:
    """Wherever it lies: in the header and the weights, in the settings of the configuration, anywhere in the domain."""
    path = copied.with_suffix(ending)
    whole = path.read_bytes()
    end = len(whole) if ending != ".json" else whole.index(b'"provenance"')
    for place in np.linspace(1, end - 2, 60, dtype=int):
        if whole[place] in b" \n":
            continue
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        with pytest.raises(UserError, match=f"best_prior{ending}") as caught:
            checkpoint.load(copied)
        assert "\n" not in str(caught.value)


def test_files_of_two_checkpoints_are_no_checkpoint(copied: Path) -> None:
    loaded = checkpoint.load(copied)
    other = copied.with_name("other.safetensors")
    checkpoint.save(other, loaded.networks[0], small_config(seed=5), loaded.domain.assign_attrs(title="b"), 0)
    for ending in (".json", ".nc"):
        whole = copied.with_suffix(ending).read_bytes()
        copied.with_suffix(ending).write_bytes(other.with_suffix(ending).read_bytes())
        with pytest.raises(UserError, match=f"{ending} is damaged, or of another checkpoint: its checksum does not"):
            checkpoint.load(copied)
        copied.with_suffix(ending).write_bytes(whole)


def test_equal_checkpoints_are_equal_files(copied: Path) -> None:
    loaded = checkpoint.load(copied)
    for name in ("a", "b"):
        checkpoint.save(copied.with_name(name + checkpoint.SUFFIX), loaded.networks[0], loaded.config, loaded.domain, 3)
    for ending in (".safetensors", ".nc"):
        assert copied.with_name("a" + ending).read_bytes() == copied.with_name("b" + ending).read_bytes()


def test_when_the_data_were_prepared_is_kept_and_changes_no_checksum(copied: Path) -> None:
    first = checkpoint.load(copied)
    later = first.domain.assign_attrs(history="2031-01-01T00:00:00+00:00 rainsmith prepare")
    checkpoint.save(copied, first.networks[0], first.config, later, first.epoch)
    again = checkpoint.load(copied)
    assert again.sha256 == first.sha256 and again.domain.attrs == later.attrs


def test_a_checkpoint_of_an_earlier_version_has_no_checksums(copied: Path) -> None:
    save_file(checkpoint.load(copied).networks[0], copied, metadata={"epoch": "7"})
    assert checkpoint.load(copied).epoch == 7
    with xr.open_dataset(copied.with_suffix(".nc")) as opened:
        domain = opened.load()
    domain.drop_vars("mask").to_netcdf(copied.with_suffix(".nc"))
    with pytest.raises(UserError, match=r"best_prior\.nc lacks 'mask'; expected the domain of a checkpoint"):
        checkpoint.load(copied)
    copied.with_suffix(".json").write_text("{}")
    with pytest.raises(UserError, match=r"best_prior\.json lacks 'config'; take another checkpoint"):
        checkpoint.load(copied)
    save_file({"w": torch.zeros(1)}, copied, metadata={"other": "1"})
    with pytest.raises(UserError, match="is truncated or damaged"):
        checkpoint.load(copied)


def test_a_model_that_would_fill_the_memory_is_refused_before_it_is_built(copied: Path) -> None:
    """Its first layer alone would take more memory than any machine has."""
    loaded = checkpoint.load(copied)
    small = small_config(model={"name": "hierarchical", "levels": 1, "channels": [8], "latent_channels": [2]})
    channels = {"channels": [10**7]}  # a configuration would be refused
    config = small.model_copy(update={"model": small.model.model_copy(update=channels)})
    huge = replace(loaded, config=config)
    with pytest.raises(UserError, match=r"checkpoint best_prior is of another model configuration: layer .* GiB"):
        Sampler(huge, loaded.config.sampling, "cpu")


def test_the_name_alone_is_enough(copied: Path) -> None:
    assert checkpoint.load(copied.with_suffix("")).name == "best_prior"


def test_weights_of_other_layers_are_one_line(copied: Path) -> None:
    loaded = checkpoint.load(copied)
    with pytest.raises(UserError, match="checkpoint best_prior is of another model configuration: Error") as caught:
        checkpoint.load_weights(torch.nn.Linear(2, 3), loaded)
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 400


@pytest.mark.parametrize("name", ["best.pt", "a/MODEL.PT", "old.pth", "lightning.ckpt"])
def test_checkpoint_of_the_reference_is_refused_in_one_line(name: str) -> None:
    with pytest.raises(UserError, match=r"not readable; .* retrain with the v3 settings") as caught:
        checkpoint.load(Path(name))
    assert "\n" not in str(caught.value) and "configs/models/v3.yaml" in str(caught.value)


def test_our_own_is_not_taken_for_one_of_the_reference() -> None:
    with pytest.raises(UserError, match=r"best_prior\.safetensors not found"):
        checkpoint.load(Path("nowhere/best_prior.safetensors"))


def test_other_training_days_are_said(trained: Run, capsys: pytest.CaptureFixture[str]) -> None:
    loaded = checkpoint.load(trained.checkpoints / "best_prior")
    domain = trained.open_store().drop_dims("time").load()
    checkpoint.check_fits(loaded, domain)
    assert "other training days" not in capsys.readouterr().err
    checkpoint.check_fits(loaded, domain.assign(log_mean=domain["log_mean"] + 0.1))
    assert "other training days" in " ".join(capsys.readouterr().err.split())


def test_a_model_without_static_maps_is_kept(trained: Run, tmp_path: Path) -> None:
    domain = trained.open_store().drop_dims("time").load().isel(static=slice(0))
    config = checkpoint.load(trained.checkpoints / "best_prior").config
    checkpoint.save(tmp_path / "bare.safetensors", {"w": torch.zeros(1)}, config, domain, 0)
    statics = checkpoint.load(tmp_path / "bare").domain["statics"]
    assert statics.shape == (0, *domain["mask"].shape) and statics.dtype == domain["statics"].dtype


def test_checkpoint_of_another_grid_is_refused(trained: Run) -> None:
    loaded = checkpoint.load(trained.checkpoints / "best_prior")
    store = trained.open_store()
    with pytest.raises(UserError, match="trained with y = 20, found 19"):
        checkpoint.check_fits(loaded, store.isel(y=slice(1, None)))
    with pytest.raises(UserError, match="another mask"):
        checkpoint.check_fits(loaded, store.assign(mask=~store["mask"]))
    with pytest.raises(UserError, match="channels"):
        checkpoint.check_fits(loaded, store.isel(channel=slice(None, None, -1)))


def test_checkpoint_keeps_the_domain_exactly(trained: Run) -> None:
    loaded = checkpoint.load(trained.checkpoints / "best_prior")
    domain = trained.open_store().drop_dims("time").load()
    assert set(loaded.domain.variables) == set(domain.variables)
    for name in domain.variables:
        np.testing.assert_array_equal(loaded.domain[name].values, domain[name].values)
        assert loaded.domain[name].dtype.kind in (domain[name].dtype.kind, "U")
    assert loaded.config == small_config()
