"""What an evaluation will take: before the sampling, and with samples."""

from __future__ import annotations

from pathlib import Path

import pytest

from rainsmith.base.errors import UserError
from rainsmith.base.files import size_of
from rainsmith.config import Config
from rainsmith.evaluate import estimate
from rainsmith.evaluate.estimate import needs
from rainsmith.evaluate.stage import evaluate
from tests.fake_run import config_of, rain, store_of, write_run
from tests.foretold import foretold_and_done

SPLITS = {
    "train": [["2001-01-01", "2001-04-30"]],
    "validation": [["2001-05-01", "2001-05-31"]],
    "test": [["2001-06-01", "2001-07-10"]],
}


@pytest.fixture
def config(monkeypatch: pytest.MonkeyPatch) -> Config:
    monkeypatch.setattr(estimate, "FEW", 4)
    monkeypatch.setattr(estimate, "MORE", 8)
    data = {"kind": "gridded", "splits": SPLITS, "heavy_quantile": 0.9}
    return config_of(data=data, evaluate={"resamples": 50, "baselines": ["climatology"]})


def test_an_estimate_is_near_what_the_evaluation_takes_and_leaves_nothing(config: Config, tmp_path: Path) -> None:
    store = store_of(rain(200, 10, 9), config)
    run = write_run(tmp_path / "run", config, store, modes=("prior",))
    needed, _ = foretold_and_done(needs, evaluate, config, run)
    assert needed.of == "40 days, 2 forecasts with those of baselines"
    assert needed.disk == pytest.approx(size_of(run.evaluation), rel=0.7)


def test_before_the_sampling_rain_of_other_days_stands_in(config: Config, tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", config, store_of(rain(200, 9, 8), config), modes=())
    needed = needs(config, run)
    assert needed.of == "40 days, 3 forecasts with those of baselines" and needed.seconds > 0.1
    chosen = config.sampling.model_copy(update={"days": ["2001-06-05", "2001-07-05"], "modes": ["prior"]})
    few = needs(config.model_copy(update={"sampling": chosen}), run)
    assert few.of == "2 days, 2 forecasts with those of baselines" and few.seconds < needed.seconds


def test_without_days_there_is_nothing_to_score(config: Config, tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", config, store_of(rain(200, 9, 8), config).isel(time=slice(140)), modes=())
    with pytest.raises(UserError, match="found no days to score in test"):
        needs(config, run)
