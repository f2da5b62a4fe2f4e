"""What an augmentation will take."""

from __future__ import annotations

from pathlib import Path

import pytest

from rainsmith.augment.estimate import needs
from rainsmith.augment.stage import augment
from rainsmith.base.files import size_of
from rainsmith.run_folder import Run
from tests.conftest import copy_of
from tests.foretold import foretold_and_done
from tests.small import small_config


def test_an_estimate_is_near_what_the_augmentation_takes_and_leaves_nothing(trained: Run, tmp_path: Path) -> None:
    run, config = copy_of(trained, tmp_path / "run"), small_config(augment={"ratio": 0.2, "checks": []})
    needed, _ = foretold_and_done(needs, augment, config, run)
    assert needed.of == "73 synthetic days for 365 real ones"
    written = size_of(run.folder / "augmented.zarr") + size_of(run.folder / "augmented_npy")
    assert needed.disk == pytest.approx(written, rel=0.5)
