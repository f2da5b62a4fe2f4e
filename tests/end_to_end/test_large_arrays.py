"""Every stage that trains or draws gives the same bytes, whether its fields lie in memory or in files."""

from __future__ import annotations

from pathlib import Path

import pytest
import xarray as xr
from safetensors.numpy import load_file

from rainsmith.augment.stage import augment
from rainsmith.base import large_arrays
from rainsmith.config import Config
from rainsmith.data import dataset
from rainsmith.downscale.stage import downscale
from rainsmith.evaluate.stage import evaluate
from rainsmith.run_folder import Run
from rainsmith.train.stage import train
from tests.conftest import copy_of
from tests.fake_run import config_of, rain, store_of, write_run
from tests.small import small_config


@pytest.fixture
def in_files(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """From here on fields lie in files, in small blocks; the list holds their folders."""
    monkeypatch.setattr(large_arrays, "IN_MEMORY", 1000)
    monkeypatch.setattr(large_arrays, "BLOCK_BYTES", 50_000)
    monkeypatch.setattr(dataset, "IN_MEMORY", 1000)
    made: list[Path] = []
    original = large_arrays.file_in

    def counted(folder: Path) -> object:
        made.append(folder)
        return original(folder)

    monkeypatch.setattr(large_arrays, "file_in", counted)
    return made


def same_weights(one: Path, other: Path) -> bool:
    first, second = load_file(one), load_file(other)
    return set(first) == set(second) and all(first[name].tobytes() == second[name].tobytes() for name in first)


def same_store(one: Path, other: Path) -> bool:
    first, second = (xr.open_zarr(path, consolidated=False).load() for path in (one, other))
    return set(first.variables) == set(second.variables) and all(
        first[name].dtype == second[name].dtype
        and first[name].encoding.get("chunks") == second[name].encoding.get("chunks")
        and (first[name].dtype.kind == "O" or first[name].values.tobytes() == second[name].values.tobytes())
        for name in first.variables
    )


def test_training(prepared: Run, trained: Run, tmp_path: Path, in_files: list[Path]) -> None:
    run = copy_of(prepared, tmp_path / "run")
    train(small_config(), run)
    assert in_files
    for path in trained.checkpoints.glob("*.safetensors"):
        assert same_weights(path, run.checkpoints / path.name), path.name
    assert not [path for path in run.folder.iterdir() if path.name.startswith(".rainsmith")]


def settings_of() -> Config:
    tiny = {"network": "q-srdrn", "filters": 8, "blocks": 1, "fine_filters": 8, "steps": 4, "validations": 1}
    return small_config(
        augment={"ratio": 0.1, "checks": ["copy"], "mode": "prior"},
        downscale={**tiny, "train_on": "augmented", "batch_size": 8},
    )


def test_augmentation_and_a_downscaler_on_it(trained: Run, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    memory, files = (copy_of(trained, tmp_path / name) for name in ("memory", "files"))
    for run in (memory, files):
        made = request.getfixturevalue("in_files") if run is files else [Path()]
        augment(settings_of(), run)
        downscale(settings_of(), run)
        assert made
    assert same_store(memory.folder / "augmented.zarr", files.folder / "augmented.zarr")
    pair = sorted((memory.folder / "augmented_npy").iterdir())
    assert len(pair) == 7
    for path in [memory.folder / "augmentation.csv", *pair, *memory.evaluation.glob("*.csv")]:
        assert path.read_bytes() == (files.folder / path.relative_to(memory.folder)).read_bytes(), path.name
    (weights,), (forecast,) = (
        sorted((memory.folder / "downscale").glob(f"*.{kind}")) for kind in ("safetensors", "zarr")
    )
    assert same_weights(weights, files.folder / "downscale" / weights.name)
    assert same_store(forecast, files.folder / "downscale" / forecast.name)


def test_an_evaluation(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    splits = {
        "train": [["2001-01-01", "2001-04-30"]],
        "validation": [["2001-05-01", "2001-05-31"]],
        "test": [["2001-06-01", "2001-07-10"]],
    }
    config = config_of(
        data={"kind": "gridded", "splits": splits, "heavy_quantile": 0.9},
        sampling={"members": 2, "modes": ["prior"]},
        evaluate={"resamples": 50, "baselines": ["climatology", "quantile-mapping"]},
    )
    memory = write_run(tmp_path / "memory", config, store_of(rain(200, 10, 9), config), modes=("prior",))
    files = copy_of(memory, tmp_path / "files")
    evaluate(config, memory)
    made = request.getfixturevalue("in_files")
    evaluate(config, files)
    assert made and not [path for path in files.folder.iterdir() if path.name.startswith(".rainsmith")]
    tables = sorted(path.name for path in memory.evaluation.glob("*.csv"))
    assert {"metrics.csv", "climate.csv", "comparisons.csv"} < set(tables)
    for name in tables:
        assert (memory.evaluation / name).read_bytes() == (files.evaluation / name).read_bytes(), name
