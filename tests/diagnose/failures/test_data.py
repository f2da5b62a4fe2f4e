"""Faults planted in the data, and the same data without them."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from rainsmith.base.dims import SPLITS
from rainsmith.prepare.stage import prepare
from rainsmith.run_folder import Run
from tests.diagnose import evidence
from tests.small import WHOLE_YEARS, small_config


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> xr.Dataset:
    run = Run(tmp_path_factory.mktemp("whole_years"))
    prepare(small_config(data__splits=WHOLE_YEARS), run)
    return run.open_store().load()


def verdicts(store: xr.Dataset) -> dict[str, str]:
    return evidence.verdicts(("suspect-values", "normalisation"), evidence.evidence_of(store=store))


def test_data_as_they_were_prepared_pass(store: xr.Dataset) -> None:
    assert verdicts(store) == {"suspect-values": "pass", "normalisation": "pass"}


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("log_mean", lambda value: value + 1.0),
        ("log_std", lambda value: 2 * value),
        ("log_mean", lambda value: 0 * value),
    ],
)
def test_statistics_of_other_data_are_found(store: xr.Dataset, name: str, change: object) -> None:
    assert verdicts(store.assign({name: change(store[name])}))["normalisation"] == "fail"  # type: ignore[operator]


def test_predictors_that_the_training_never_saw_are_found(store: xr.Dataset) -> None:
    scored = store["split"] == SPLITS.index("test")
    spread = xr.DataArray(store["predictor_std"], dims="channel")
    strange = store["predictors"] + 8 * spread * scored
    assert verdicts(store.assign(predictors=strange.transpose(*store["predictors"].dims)))["normalisation"] == "fail"


@pytest.mark.parametrize(("planted", "verdict"), [(1, "warn"), (12, "fail")])
def test_values_that_stand_alone_are_found(store: xr.Dataset, planted: int, verdict: str) -> None:
    rain = store["precip"].copy(deep=True)
    row, column = (int(i) for i in np.argwhere(store["mask"].values)[len(np.argwhere(store["mask"].values)) // 2])
    rain[3 : 3 + planted, row, column] = 700.0
    finding = evidence.ask("suspect-values", evidence.evidence_of(store=store.assign(precip=rain)))
    assert finding.verdict == verdict and finding.advice.count("700.0 mm") == min(planted, 3)
