"""A small prepared run and what an inspection finds in it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import xarray as xr

from rainsmith.config import Config
from rainsmith.data.store import write_store
from rainsmith.inspection.result import Inspection, look_at
from rainsmith.run_folder import Run
from tests.fake_run import config_of, rain, store_of

SPLITS = {
    "train": [["2001-01-01", "2001-12-31"]],
    "validation": [["2002-01-01", "2002-06-30"]],
    "test": [["2002-07-01", "2002-12-31"]],
}


def config_of_years() -> Config:
    """A configuration for two years of made-up rain: the first trains."""
    return config_of(data={"kind": "gridded", "splits": SPLITS, "heavy_quantile": 0.9})


def inspected(folder: Path, store: xr.Dataset | None = None, config: Config | None = None) -> Inspection:
    """What an inspection finds in a store, by default 730 days of made-up rain with their block means."""
    config = config_of_years() if config is None else config
    run = Run(folder)
    write_store(store_of(rain(730), config) if store is None else store, run.store)
    return look_at(config, run)


def with_attrs(found: Inspection, **attrs: Any) -> Inspection:
    """The same inspection of a store with other attributes."""
    return replace(found, store=found.store.assign_attrs(attrs))
