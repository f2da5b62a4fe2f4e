"""The configuration of the reference's scripts as one of ours."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from rainsmith.base.errors import UserError
from rainsmith.config import load_config
from rainsmith.init.reference_keys import KEYS
from rainsmith.init.stage import init_from_reference

THEIRS: dict[str, Any] = {
    "data_root": "data_of_the_cvae",
    "outputs_root": "outputs",
    "statics": {"use_land_sea": True, "use_dist_coast": True, "use_elevation": False, "normalize_statics": True},
    "model": {"d_x": 32, "d_y": 128, "d_z": 64, "base_filters": 24, "in_channels_X": 6, "H": 156, "W": 132},
    "loss": {"type": "simplified", "scale": 20.0, "w_min": 0.1, "w_max": 3.0, "tail_boost": 2.0, "lambda_mass": 0.005,
             "lambda_grad": 0.0, "beta_kl": 0.01, "warmup_epochs": 20, "p99_threshold": "from_thresholds_json"},
    "train": {"epochs": 200, "batch_size": 64, "num_workers": 2, "lr": 0.0003, "weight_decay": 0.0005, "grad_clip": 1.0,
              "amp": True, "save_every": 20, "early_stopping_patience": 50, "early_stopping_metric": "MAE_tail",
              "lr_warmup_epochs": 5, "use_stratified_sampling": True, "min_heavy_fraction": 0.4},
    "scheduler": {"type": "plateau", "factor": 0.5, "patience": 20},
    "validation": {"val_every": 1, "log_every": 50},
    "sampling": {"mode": "posterior", "K": 5, "days": "heavy_only", "min_threshold": 0.1, "temperature": 1.2, "pixel_threshold": 1.0},
    "device": "cuda",
    "seed": 42,
}  # fmt: skip


def translated(folder: Path, theirs: dict[str, Any]) -> Path:
    (folder / "config.yaml").write_text(yaml.safe_dump(theirs))
    return init_from_reference(folder / "config.yaml", folder / "ours.yaml", force=True)


def test_every_value_that_has_a_key_reaches_it(tmp_path: Path) -> None:
    out = translated(tmp_path, THEIRS)
    config = load_config(out)
    assert config.data.kind == "legacy-days" and config.data.root == (tmp_path / "data_of_the_cvae").resolve()
    assert (config.model.name, config.model.d_z, config.model.base_filters) == ("flat", 64, 24)  # type: ignore[attr-defined]
    loss = config.model.loss  # type: ignore[attr-defined]
    assert (loss.scale, loss.w_max, loss.tail_boost, loss.beta_kl, loss.warmup_epochs) == (20.0, 3.0, 2.0, 0.01, 20)
    train = config.train
    assert (train.epochs, train.lr, train.schedule, train.monitor) == (200, 3e-4, "cosine", "mae_tail")
    assert (train.precision, train.min_heavy_fraction, train.validate_every) == ("auto", 0.4, 1)
    assert (config.sampling.members, config.sampling.temperature, config.sampling.pixel_threshold) == (5, 1.2, 1.0)
    assert (config.augment.mode, config.augment.days, config.seed) == ("posterior", "heavy", 42)


def test_what_is_not_taken_over_and_what_is_open_is_said(tmp_path: Path) -> None:
    theirs = {**THEIRS, "train": {**THEIRS["train"], "use_stratified_sampling": False, "luck": 3}}
    out = translated(tmp_path, theirs)
    text = out.read_text()
    assert "# - train.luck: 3: not known" in text and "# - outputs_root: results go to the run folder" in text
    assert load_config(out).train.min_heavy_fraction == 0
    assert text.count("# TODO: ") == 2 and "the date of day_000000" in text and "2 choices are open" in text
    named = {key.theirs for key in KEYS}
    told = [f"{s}.{k}" for s, values in THEIRS.items() if isinstance(values, dict) for k in values]
    assert set(told) <= named


def test_other_files_and_wrong_values_are_refused_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"is no configuration of the reference: it lacks data_root, and holds a\.b"):
        translated(tmp_path, {"a": {"b": 1}})
    with pytest.raises(UserError, match=r"'train\.epochs' is 'many'"):
        translated(tmp_path, {**THEIRS, "train": {"epochs": "many"}})
