"""What a checkpoint is refused for before anything is read."""

from pathlib import Path

import pytest
import torch

from rainsmith.base.errors import UserError
from rainsmith.models import checkpoint
from rainsmith.run_folder import Run


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
    found = checkpoint.load(tmp_path / "bare").domain
    assert found["statics"].shape == (0, *domain["mask"].shape) and found["statics"].dtype == domain["statics"].dtype
