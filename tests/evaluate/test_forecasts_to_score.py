"""What there is to score: samples on disk, and baselines made in pieces."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from rainsmith.base.dims import SPLITS
from rainsmith.base.errors import UserError
from rainsmith.baselines.registry import forecast as baseline_forecast
from rainsmith.config import Config
from rainsmith.evaluate import forecasts_to_score
from rainsmith.evaluate.forecasts_to_score import baselines_of, samples_of
from tests.fake_run import config_of, members_of, rain, store_of, write_run


@pytest.fixture(scope="module")
def config() -> Config:
    splits = {
        "train": [["2001-01-01", "2001-12-31"]],
        "validation": [["2002-01-01", "2002-01-31"]],
        "test": [["2002-02-01", "2002-04-10"]],
    }
    return config_of(
        data={"kind": "gridded", "splits": splits, "heavy_quantile": 0.9},
        evaluate={"baselines": ["climatology", "bilinear"]},
        sampling={"members": 3},
    )


@pytest.fixture(scope="module")
def store(config: Config) -> xr.Dataset:
    return store_of(rain(465, 9, 8), config)


def days_of(store: xr.Dataset, split: str) -> np.ndarray:
    return np.flatnonzero(store["split"].values == SPLITS.index(split))


def test_samples_are_found_by_mode_and_split(config: Config, store: xr.Dataset, tmp_path: Path) -> None:
    run = write_run(tmp_path, config, store)
    varied = run.samples / "flat-posterior-test-v0.5.zarr"
    members_of(store, "posterior", 2).isel(time=slice(3, 9)).to_zarr(varied, zarr_format=3, consolidated=False)
    forecasts = {forecast.name: forecast for forecast in samples_of(config, run, store, "test")}
    assert set(forecasts) == {"flat-prior", "flat-posterior", "flat-v0.5-posterior"}
    prior, variation = forecasts["flat-prior"], forecasts["flat-v0.5-posterior"]
    assert prior.stem == "flat-prior-test" and prior.labels["checkpoint"] == "best_prior"
    assert (prior.members, variation.members) == (3, 2) and not prior.baseline
    test = days_of(store, "test")
    np.testing.assert_array_equal(prior.days, test)
    np.testing.assert_array_equal(variation.days, test[3:9])
    (piece,) = variation.pieces()
    assert piece[0] == slice(None) and piece[1].sizes["time"] == 6
    assert samples_of(config, run, store, "train") == []


@pytest.mark.parametrize("name", ["../../elsewhere", "/tmp/elsewhere", "..", ""])
def test_a_name_that_would_leave_the_folder_is_refused(
    config: Config, store: xr.Dataset, tmp_path: Path, name: str
) -> None:
    """The attribute becomes the name of files."""
    run = write_run(tmp_path, config, store, modes=())
    path = run.sample_path("flat", "prior", "test")
    members_of(store, "prior", 2).assign_attrs(model=name).to_zarr(path, zarr_format=3, consolidated=False)
    with pytest.raises(UserError, match=f"its attribute model is '{name}'; expected a name"):
        samples_of(config, run, store, "test")


@pytest.mark.parametrize("split", ["test", "train"])
def test_a_baseline_in_pieces_is_the_baseline_of_the_whole_split(
    config: Config, store: xr.Dataset, split: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forecasts_to_score, "_PIECE_BYTES", 4 * 3 * 9 * 8 * 7)  # seven days
    days = days_of(store, split)
    chosen = days[2:40:3]
    climatology, bilinear = baselines_of(config, store, split, chosen)
    assert (climatology.members, bilinear.members) == (3, 1) and climatology.baseline
    assert climatology.name == "climatology" and climatology.stem == f"climatology-prior-{split}"
    for one in (climatology, bilinear):
        pieces = list(one.pieces())
        assert len(pieces) == (1 if split == "train" else 2)
        together = xr.concat([piece for _, piece in pieces], "time")
        whole = baseline_forecast(one.name, store, split, 3, seed=config.seed)
        xr.testing.assert_allclose(together, whole.isel(time=np.searchsorted(days, chosen)))
