"""An evaluation in shards ends in the files of one process, byte for byte."""

from __future__ import annotations

from pathlib import Path

import pytest
import xarray as xr

from rainsmith.base.errors import UserError
from rainsmith.base.json_files import read_json
from rainsmith.base.shards import Shard
from rainsmith.config import Config
from rainsmith.evaluate import forecasts_to_score
from rainsmith.metrics import tally
from rainsmith.pipeline import run_stage
from rainsmith.run_folder import Run
from tests.conftest import copy_of
from tests.fake_run import config_of, rain, store_of, write_run

PERIODS = {
    "train": [["2001-01-01", "2001-04-30"]],
    "validation": [["2001-05-01", "2001-05-31"]],
    "test": [["2001-06-01", "2001-07-03"]],
}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Samples of 33 days, and an area."""
    config = configured()
    field = rain(210, 9, 8)
    run = write_run(tmp_path_factory.mktemp("run"), config, store_of(field, config), modes=("prior",))
    xr.Dataset({"all": xr.ones_like(field[0]).fillna(1) > 0}).to_netcdf(run.folder / "areas.nc")
    return run


def configured(areas: Path | None = None, **changes: object) -> Config:
    baselines = ["bilinear"]
    return config_of(
        data={"kind": "gridded", "splits": PERIODS, "heavy_quantile": 0.9},
        sampling={"members": 3, "modes": ["prior"]},
        evaluate={"resamples": 50, "baselines": baselines, "areas": areas, **changes},
    )


def files_of(run: Run) -> dict[str, object]:
    """The tables as bytes, and the maps and curves without the time at which they were made."""
    found: dict[str, object] = {}
    for path in sorted(run.evaluation.rglob("*")):
        if path.suffix == ".nc":
            with xr.open_dataset(path) as opened:
                data = opened.load()
            data.attrs.pop("history")
            found[path.name] = (data.to_dict(encoding=False), data.dtypes)
        else:
            found[path.name] = path.read_bytes()
    return found


def test_shards_end_in_the_files_of_one_process(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tally, "_MOST_DAYS", 16)
    monkeypatch.setattr(forecasts_to_score, "_RUN_BLOCKS", 1)
    monkeypatch.setattr(forecasts_to_score, "_PIECE_BYTES", 4 * 3 * 9 * 8 * 20)  # twenty days
    alone, shared = copy_of(run, tmp_path / "alone"), copy_of(run, tmp_path / "shared")
    monkeypatch.chdir(tmp_path)
    config = configured(areas=run.folder / "areas.nc")
    run_stage("evaluate", config, alone)
    for number in (2, 3):
        assert run_stage("evaluate", config, shared, shard=Shard(number, 3)) is None
    assert not (shared.evaluation / "metrics.csv").exists()
    result = run_stage("evaluate", config, shared, shard=Shard(1, 3))
    wanted, found = files_of(alone), files_of(shared)
    assert found.keys() == wanted.keys() and {"areas.csv", "climate.csv", "record-climate.nc"} <= found.keys()
    assert [name for name in wanted if str(found[name]) != str(wanted[name])] == []
    assert len(result.metrics) == len((shared.evaluation / "metrics.csv").read_text().splitlines()) - 1
    record = read_json(shared.folder / "stages" / "evaluate.json")
    assert (
        record["finished"] and record["fingerprint"] == read_json(alone.folder / "stages/evaluate.json")["fingerprint"]
    )

    assert run_stage("evaluate", config, shared, shard=Shard(3, 3)) is None  # all have finished
    assert files_of(shared).keys() == wanted.keys()


def test_a_baseline_that_does_not_apply_is_noted(run: Run, tmp_path: Path) -> None:
    alone, shared = copy_of(run, tmp_path / "alone"), copy_of(run, tmp_path / "shared")
    store = run.open_store().load()
    without = store.drop_attrs().assign_attrs({**store.attrs, "coarse_rain_channel": ""})
    for folder in (alone, shared):
        without.drop_encoding().to_zarr(folder.store, mode="w", zarr_format=3, consolidated=False)
    config = configured(climate=False)
    run_stage("evaluate", config, alone)
    for number in (1, 2):
        run_stage("evaluate", config, shared, shard=Shard(number, 2))
    notes = read_json(shared.evaluation / "notes.json")
    assert notes == read_json(alone.evaluation / "notes.json") and "bilinear-prior-test" in notes["not_applicable"]
    assert (shared.evaluation / "metrics.csv").read_bytes() == (alone.evaluation / "metrics.csv").read_bytes()


def test_pieces_of_other_samples_or_settings_are_refused(run: Run, tmp_path: Path) -> None:
    shared = copy_of(run, tmp_path / "shared")
    run_stage("evaluate", configured(baselines=[], climate=False), shared, shard=Shard(1, 2))
    with pytest.raises(UserError, match=r"another request \(evaluate.resamples is 50 there and 60 here\)"):
        run_stage("evaluate", configured(baselines=[], climate=False, resamples=60), shared, shard=Shard(2, 2))
    about = shared.sample_path("flat", "prior", "test") / "zarr.json"
    about.write_text(about.read_text().replace("0123abcd", "4567abcd"))
    with pytest.raises(UserError, match=r"another request \(made from.samples/flat-prior-test.zarr/zarr.json is "):
        run_stage("evaluate", configured(baselines=[], climate=False), shared, shard=Shard(2, 2))


def test_a_damaged_piece_is_named_with_the_shard_that_makes_it_again(run: Run, tmp_path: Path) -> None:
    shared = copy_of(run, tmp_path / "shared")
    config = configured(baselines=["climatology"], climate=False)
    run_stage("evaluate", config, shared, shard=Shard(1, 2))
    pieces = shared.evaluation / "metrics.csv.done"
    (piece, *_) = sorted(pieces.glob("*.npz"))
    whole = piece.read_bytes()
    piece.write_bytes(whole[:-200])
    with pytest.raises(UserError, match=r"is damaged \(.*\); run shard 1/2 again"):
        run_stage("evaluate", config, shared, shard=Shard(2, 2))
    assert run_stage("evaluate", config, shared, shard=Shard(1, 2)) is not None
    assert not pieces.exists()


def test_shards_do_not_use_a_scheduler(run: Run, tmp_path: Path) -> None:
    own = copy_of(run, tmp_path / "run")
    before = sorted(own.folder.iterdir())
    with pytest.raises(UserError, match=r"--shard and --scheduler both share out the work; .* leave out the other"):
        run_stage("evaluate", configured(), own, shard=Shard(1, 2), scheduler="local")
    assert sorted(own.folder.iterdir()) == before
    assert run_stage("evaluate", configured(), own, shard=Shard(1, 2)) is None
    with pytest.raises(UserError, match=r"shards have begun this evaluation, .* leave out --scheduler"):
        run_stage("evaluate", configured(), own, scheduler="local")
