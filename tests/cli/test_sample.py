"""The command ``sample``: its options reach the members, and a new period takes only what it can use."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import xarray as xr
import yaml

from rainsmith import pipeline
from rainsmith.base.errors import UserError
from rainsmith.base.json_files import read_json
from rainsmith.cli import main as cli
from rainsmith.cli.sample import Sample
from rainsmith.config import Config
from rainsmith.run_folder import Run
from rainsmith.sample import application
from tests.conftest import copy_of
from tests.small import small_config


@pytest.fixture
def new_period(tmp_path: Path) -> Path:
    path = tmp_path / "new.yaml"
    path.write_text(yaml.safe_dump({"sampling": {"members": 4, "seed": 5}}))
    return path


def test_options_reach_the_members(trained: Run, tmp_path: Path) -> None:
    run = copy_of(trained, tmp_path / "run")
    run.write_config(small_config())
    options = "--mode prior --split validation --days 2002-04-01 --members 2 --temperature 0.5".split()
    cli.main(["sample", "--run", str(run.folder), *options])
    drawn = xr.open_zarr(run.sample_path("flat", "prior", "validation"), consolidated=False)
    assert dict(drawn.sizes) | {"time": 1, "member": 2} == dict(drawn.sizes)
    assert drawn.attrs["temperature"] == 0.5
    assert read_json(run.folder / "stages" / "sample.json")["finished"]


def test_every_option_has_its_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[Config, dict[str, Any]]] = []
    monkeypatch.setattr(pipeline, "run_stage", lambda name, config, run, **more: asked.append((config, more)))
    Sample(run=tmp_path).execute()
    Sample(run=tmp_path, mode="posterior", split="train", days=("heavy",), checkpoint="epoch010", netcdf=True).execute()
    (default, plain), (chosen, more) = asked
    assert default.sampling == Config().sampling
    assert plain == {"netcdf": False, "legacy_npy": None} and more == {"netcdf": True, "legacy_npy": None}
    sampling = chosen.sampling
    assert (sampling.modes, sampling.splits, sampling.days) == (["posterior"], ["train"], "heavy")
    assert sampling.checkpoint == "epoch010"


def test_a_new_period_is_drawn_into_a_store_of_its_own_with_its_own_settings(
    tmp_path: Path, new_period: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[Any] = []

    def apply(config: Config, source: Path, out: Path, **more: Any) -> Path:
        asked.extend([config, source, out, more])
        return out

    monkeypatch.setattr(application, "apply", apply)
    common = [
        "sample",
        "--run",
        str(tmp_path / "run"),
        "--predictors",
        str(new_period),
        "--checkpoint",
        "a.safetensors",
    ]
    cli.main([*common, "--members", "7", "--netcdf", "--set", "sampling.temperature=1.1"])
    config, source, out, more = asked
    assert (config.sampling.members, config.sampling.seed, config.sampling.temperature) == (7, 5, 1.1)
    assert source == Path("a.safetensors")
    assert out == tmp_path / "run" / "samples" / "new.zarr"
    assert more == {"netcdf": True, "legacy_npy": None}
    assert capsys.readouterr().out.strip() == str(out)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"checkpoint": None}, "--predictors needs --checkpoint FILE"),
        ({"split": "test"}, "--split does not go with --predictors"),
        ({"days": ("heavy",)}, "--days does not go with --predictors"),
        ({"mode": "posterior"}, "--mode posterior does not go with --predictors"),
    ],
)
def test_a_new_period_refuses_what_needs_observations(
    tmp_path: Path, new_period: Path, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(UserError, match=message):
        Sample(run=tmp_path, predictors=new_period, **{"checkpoint": "a.safetensors", **options}).execute()
