"""The stage end to end: its files, trials that are kept or repeated, and what it refuses."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from rainsmith import api
from rainsmith.base.errors import UserError
from rainsmith.experiment.stage import experiment
from rainsmith.run_folder import Run
from tests.conftest import copy_of
from tests.experiment.planted import SMALL_NET, config_of

ARMS = {"q-srdrn": ["real", "prior-10"], "srdrn": ["real", "better-10"]}


@pytest.fixture(scope="module")
def run(trained: Run, tmp_path_factory: pytest.TempPathFactory) -> Run:
    return copy_of(trained, tmp_path_factory.mktemp("experiment"))


def test_the_stage_is_resumable_trial_by_trial(run: Run) -> None:
    config = config_of(experiment={"arms": ARMS, "seeds": [0, 1]})
    table = experiment(config, run)
    folder = run.folder / "experiment"
    results = pd.read_csv(folder / "results.csv")
    assert len(results) == 8 * 2 and set(results["days"]) == {"all", "heavy_x"}
    assert set(results["arm"]) == {"real", "prior-10"}  # the only mode there is stands in the place of better
    assert (folder / "comparisons.png").read_bytes().startswith(b"\x89PNG")
    assert "## srdrn, heavy_x days of the test split, 2 seeds" in (folder / "tables.md").read_text()
    assert results["pinball_p99"].notna().sum() == 4 * 2 and results["mapped_sedi_20"].notna().any()
    assert set(table["network"]) == {"q-srdrn", "srdrn"} and np.isfinite(table["difference"]).all()
    files = {path: path.stat().st_mtime_ns for path in sorted((folder / "runs").glob("*.nc"))}
    assert len(files) == 8
    first = next(iter(files))
    first.unlink()
    experiment(config, run)
    again = {path: path.stat().st_mtime_ns for path in sorted((folder / "runs").glob("*.nc"))}
    assert {path for path in files if again[path] != files[path]} == {first}
    pd.testing.assert_frame_equal(
        results.drop(columns="seconds"), pd.read_csv(folder / "results.csv").drop(columns="seconds")
    )


def test_other_settings_repeat_a_trial_and_the_api_returns_the_comparisons(run: Run) -> None:
    only = {"arms": {"srdrn": ["real"]}, "seeds": [0]}
    experiment(config_of(experiment=only), run)
    path = run.folder / "experiment" / "runs" / "srdrn-real-s0.nc"
    before = path.stat().st_mtime_ns
    table = api.experiment(config_of(experiment=only, downscale={**SMALL_NET, "steps": 5}), run)
    assert path.stat().st_mtime_ns != before
    assert isinstance(table, pd.DataFrame) and table.empty  # a control alone is compared with nothing


def test_a_median_is_asked_for_before_anything_is_trained(run: Run) -> None:
    config = config_of(downscale={**SMALL_NET, "network": "unet", "quantiles": [0.9, 0.99]})
    with pytest.raises(UserError, match=r"without the 0\.5"):
        experiment(config, run)
