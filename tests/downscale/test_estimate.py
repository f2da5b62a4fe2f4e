"""What a downscaler will take."""

from __future__ import annotations

from pathlib import Path

import pytest

from rainsmith.base.dims import in_split
from rainsmith.base.errors import UserError
from rainsmith.base.files import size_of
from rainsmith.downscale import estimate
from rainsmith.downscale.estimate import needs
from rainsmith.downscale.stage import downscale
from rainsmith.run_folder import Run
from tests.conftest import copy_of
from tests.downscale.small import tiny
from tests.foretold import foretold_and_done
from tests.small import TEST_DAYS


@pytest.fixture(autouse=True)
def one_repeat(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(estimate, "REPEATS", 1)


def test_an_estimate_is_near_what_the_downscaler_takes_and_leaves_nothing(prepared: Run, tmp_path: Path) -> None:
    run, config = copy_of(prepared, tmp_path / "run"), tiny(network="srdrn", seeds=[0, 1])
    needed, _ = foretold_and_done(needs, downscale, config, run)
    assert needed.of.startswith("6 steps of ") and needed.of.endswith(
        f" s, 2 validations, {TEST_DAYS} days, 2 seeds and their mean"
    )
    assert needed.memory > 2**27  # with the libraries of this process
    assert needed.disk == pytest.approx(size_of(run.folder / "downscale"), rel=0.7)


def test_a_longer_training_takes_longer(prepared: Run) -> None:
    store = prepared.open_store()
    domain, training, validation = (
        store.drop_dims("time").load(),
        in_split(store, "train"),
        in_split(store, "validation"),
    )
    trained = estimate.training_needs(tiny(), domain, training, validation)
    more = trained.seconds(7, 2) - trained.seconds(6, 2), trained.seconds(6, 2) - trained.seconds(6, 1)
    assert more == pytest.approx((trained.step, trained.validation)) and min(more) > 0 and trained.start > 0


def test_a_downscaler_that_would_be_refused_is_refused(prepared: Run) -> None:
    with pytest.raises(UserError, match="run 'rainsmith augment' first"):
        needs(tiny(train_on="augmented"), prepared)
