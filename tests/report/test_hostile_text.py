"""Text of files and configurations stays text: it becomes no markup of the page, and no path outside the run folder."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from rainsmith.base.errors import UserError
from rainsmith.config import Config
from rainsmith.data.store import write_store
from rainsmith.evaluate.stage import evaluate
from rainsmith.experiment.comparison import COLUMNS
from rainsmith.report.gather import gather
from rainsmith.report.page import render
from rainsmith.report.stage import report
from rainsmith.run_folder import Run
from tests.fake_run import config_of, members_of, rain, store_of
from tests.report.conftest import SPLITS
from tests.report.reading import Page

OF_STORE = ("title", "source", "institution", "references", "comment", "license", "terms", "history", "suspect_values")


def hostile(name: str) -> str:
    """Closes whatever may be open, and opens an element of that name."""
    return f'{name} "\'></td></pre></title></style><x-{name} onclick="a()">&lt;'


def store_with(config: Config, attrs: dict[str, str], channel: str = "") -> xr.Dataset:
    store = store_of(rain(170, 12, 10), config).assign_attrs(attrs)
    return (
        store.assign_coords(channel=np.array([channel], dtype=object)).assign_attrs(coarse_rain_channel=channel)
        if channel
        else store
    )


def run_of(folder: Path, config: Config, store: xr.Dataset, attrs: dict[str, str]) -> Run:
    run = Run(folder)
    write_store(store, run.store)
    members = members_of(store, "prior", 4).assign_attrs(attrs)
    members.to_zarr(run.sample_path("flat", "prior", "test"), zarr_format=3, consolidated=False)
    evaluate(config, run)
    return run


def trials(name: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """One arm and its control, both tables of the experiment."""
    rows = [{"network": hostile(name), "arm": arm, "seed": 0, "split": "test", "days": "all"} for arm in ("real", name)]
    results = pd.DataFrame([{**row, "validation_loss": 0.5, "mae": 1.0} for row in rows])
    figures = dict.fromkeys(["value", "control_value", "difference", "lower", "upper", "p", "gain"], 0.5)
    row = {**figures, "network": hostile(name), "arm": hostile(name), "control": "real", "days": "all", "score": "mae"}
    gains = pd.DataFrame([{**row, "seeds": 1, "significant": True, "controls": hostile(name)}], columns=COLUMNS)
    return results, gains


def test_no_name_or_attribute_becomes_markup(tmp_path: Path) -> None:
    of_data = {"root": hostile("root"), "credit": hostile("credit"), "target": {"files": hostile("files")}}
    config = config_of(
        data={"kind": "gridded", "splits": SPLITS, "heavy_quantile": 0.9, **of_data},
        evaluate={"resamples": 50, "baselines": ["climatology", "bilinear"]},
        sampling={"members": 4, "modes": ["prior"], "checkpoint": hostile("configured")},
    )
    store = store_with(config, {name: hostile(name) for name in OF_STORE}, hostile("channel"))
    of_members = {"checkpoint": "checkpoint", "checkpoint_sha256": "sum", "temperature": "temperature"}
    run = run_of(tmp_path, config, store, {name: hostile(word) for name, word in of_members.items()})
    notes = {"not_applicable": {"rainfarm-prior-test": hostile("reason")}}
    (run.evaluation / "notes.json").write_text(json.dumps(notes), encoding="utf-8")
    results, gains = trials("arm")
    page = Page(render(replace(gather(config, run), trials=results, gains=gains), 1))
    assert page.open == [] and not [tag for tag in page.tags if tag.startswith("x-")]
    for word in (*OF_STORE, *of_members.values(), "channel", "reason", "arm"):
        assert hostile(word) in page.text, word
    for word in ("root", "credit", "files", "configured"):  # in the configuration, whose YAML doubles some quotes
        assert f"<x-{word} " in page.text, word


def test_an_attribute_of_the_store_moves_no_file_out_of_the_run_folder(tmp_path: Path) -> None:
    config = config_of(
        data={"kind": "gridded", "splits": SPLITS, "heavy_quantile": 0.9},
        evaluate={"resamples": 50, "baselines": ["climatology"]},
        sampling={"members": 4, "modes": ["prior"]},
    )
    elsewhere = {
        name: "../../elsewhere" for name in (*OF_STORE, "name", "kind", "mode", "split", "variant", "checkpoint")
    }
    run = run_of(tmp_path / "above" / "run", config, store_with(config, elsewhere), elsewhere)
    report(config, run, days=1)
    report(config, run, days=1, png=run.folder / "days")
    assert [path.name for path in tmp_path.iterdir()] == ["above"]
    assert [path.name for path in (tmp_path / "above").iterdir()] == ["run"]
    assert {path.name for path in run.folder.iterdir()} == {
        "store.zarr",
        "samples",
        "evaluation",
        "report.html",
        "days",
    }


def test_a_model_whose_name_is_a_path_is_refused(tmp_path: Path) -> None:
    config = config_of(
        data={"kind": "gridded", "splits": SPLITS, "heavy_quantile": 0.9}, sampling={"members": 4, "modes": ["prior"]}
    )
    with pytest.raises(UserError, match=r"its attribute model is '\.\./\.\./elsewhere'"):
        run_of(tmp_path / "run", config, store_with(config, {}), {"model": "../../elsewhere"})
    assert [path.name for path in tmp_path.iterdir()] == ["run"]
