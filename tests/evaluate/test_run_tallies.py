"""Sums of runs of days, added: those of one pass over all days, to the last bit, whatever the blocks and chunks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from rainsmith.base.array_files import read_arrays
from rainsmith.evaluate import forecasts_to_score
from rainsmith.evaluate.forecasts_to_score import samples_of
from rainsmith.evaluate.run_tallies import run_of, tally_run, whole_tally, write_run
from rainsmith.evaluate.scoring import applicable, counted
from rainsmith.metrics import tally
from rainsmith.metrics.core import Settings
from rainsmith.metrics.tally import partition, tally_pieces
from rainsmith.run_folder import Run
from tests.fake_run import config_of, members_of, rain, store_of

SETTINGS = Settings(p90=5.0, p95=8.0, p99=20.0, thresholds_mm=(5.0,), coarsen=4)


@pytest.fixture(scope="module")
def store() -> xr.Dataset:
    return store_of(rain(371, 9, 8), config_of())


@pytest.fixture(scope="module")
def samples(store: xr.Dataset) -> xr.Dataset:
    """Two members of 71 days."""
    return members_of(store, "prior", 2)


@pytest.mark.parametrize(("chunk", "block_days", "of_run"), [(9, 7, 2), (5, 30, 1), (10, 1, 1)])
def test_runs_add_up_to_the_last_bit(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    store: xr.Dataset,
    samples: xr.Dataset,
    chunk: int,
    block_days: int,
    of_run: int,
) -> None:
    """Blocks of seven days: they split chunks and weeks, and weeks lie in two runs."""
    monkeypatch.setattr(tally, "_MOST_DAYS", 7)
    monkeypatch.setattr(forecasts_to_score, "_RUN_BLOCKS", of_run)
    config, run = config_of(sampling={"modes": ["prior"]}), Run(tmp_path)
    samples.chunk(time=chunk).to_zarr(run.sample_path("flat", "prior", "test"), zarr_format=3, consolidated=False)
    (forecast,) = samples_of(config, run, store, "test")
    observed = store["precip"].isel(time=forecast.days)
    wet = (observed.max(("y", "x")) > 20).values
    sets = {"all": np.ones(len(wet), dtype=bool), "wet": wet}
    parts = partition(observed["time"], sets, block_days=block_days)
    metrics = counted(applicable(forecast, SETTINGS)[::4])
    wanted = tally_pieces(forecast.pieces(), observed, parts=parts, settings=SETTINGS, metrics=metrics)

    runs = []
    for part in forecast.runs:
        write_run(tmp_path / "run.npz", tally_run(forecast, part, observed, parts, SETTINGS, metrics))
        runs.append(run_of(read_arrays(tmp_path / "run.npz")))
    total = whole_tally(runs, observed["time"], parts, metrics)
    assert len(runs) > 1 and [part.stop for part in forecast.runs[:-1]] == [part.start for part in forecast.runs[1:]]
    assert total.by_terms.keys() == wanted.by_terms.keys()
    xr.testing.assert_identical(total.by_part, wanted.by_part)
    xr.testing.assert_identical(total.daily, wanted.daily)
    for terms, sums in wanted.by_terms.items():
        assert all(sums[name].dtype == total.by_terms[terms][name].dtype for name in sums.data_vars)
