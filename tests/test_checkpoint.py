"""What a checkpoint is refused for before anything is read."""

from pathlib import Path

import pytest

from rainsmith import checkpoint
from rainsmith.config import UserError


@pytest.mark.parametrize("name", ["best.pt", "a/MODEL.PT", "old.pth", "lightning.ckpt"])
def test_checkpoint_of_the_reference_is_refused_in_one_line(name: str) -> None:
    with pytest.raises(UserError, match=r"not readable; .* retrain with the v3 settings") as caught:
        checkpoint.load(Path(name))
    assert "\n" not in str(caught.value) and "configs/models/v3.yaml" in str(caught.value)


def test_our_own_is_not_taken_for_one_of_the_reference() -> None:
    with pytest.raises(UserError, match=r"best_prior\.safetensors not found"):
        checkpoint.load(Path("nowhere/best_prior.safetensors"))
