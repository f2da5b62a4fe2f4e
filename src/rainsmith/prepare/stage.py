"""The stage ``prepare``: read, check, split and measure the data, and write ``store.zarr``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import xarray as xr

from rainsmith.base.bucket_products import store_below
from rainsmith.base.console import console
from rainsmith.base.errors import UserError
from rainsmith.base.large_arrays import large_arrays_in
from rainsmith.base.seasons import cut_seasons, part_seasons
from rainsmith.base.workers import workers
from rainsmith.config import Config
from rainsmith.data.checks import CheckLog, check_input
from rainsmith.data.sources.files import resolve_files
from rainsmith.data.store import build_store, write_store
from rainsmith.prepare.gridded import read_gridded
from rainsmith.run_folder import Run


def prepare(config: Config, run: Run, *, scheduler: str | None = None) -> Path:
    """Write ``store.zarr`` (precipitation in mm/day, raw predictors, statics, splits, training statistics).

    ``config.yaml`` is written beside it; later stages use it where no configuration is given.

    Args:
        config: the configuration.
        run: the run folder.
        scheduler: address of a dask scheduler whose workers read the files of the target and of the predictors, or
            ``local`` for worker processes of this machine; None reads them one after the other.

    Returns:
        The path of the store.

    Raises:
        UserError: files, variables, units, splits or values are not as expected; see the message; the scheduler has no
            worker that can be used.
    """
    root = config.data.root
    if scheduler is not None:
        root = root.resolve()  # workers have another working folder
        if config.data.kind != "gridded":
            raise UserError(f"--scheduler is for data.kind gridded, found '{config.data.kind}'; leave it out")
    sees = [] if scheduler is None else resolve_files(config.data.target.files, root)[:1]
    with large_arrays_in(run.folder), workers(scheduler, sees=sees):
        store = store_of(config.model_copy(update={"data": config.data.model_copy(update={"root": root})}))
        if warning := cut_seasons(store["time"], store["split"].values):
            console.print(f"prepare: WARNING: {warning}", soft_wrap=True)
        if part := part_seasons(store["time"], store["split"].values):
            console.print(f"prepare: {part}", soft_wrap=True)
        write_store(store, run.store, store_below(config.data.to, run.store))
    run.write_config(config)
    return run.store


def store_of(config: Config) -> xr.Dataset:
    """The store, whose large arrays may lie in files."""
    kind = config.data.kind
    counts: dict[str, Any] = {}
    log = CheckLog()
    if kind == "gridded":
        try:
            raw, counts = read_gridded(config.data, log)
        except UserError:  # what was assumed may be why it is refused
            for notice in [one for one in [*log.notices, *log.lines] if not one.startswith("0 ")]:
                console.print(f"prepare: {notice}", soft_wrap=True, markup=False)
            raise
        _print_summary(counts, log)
    elif kind == "demo":
        from rainsmith.data.demo.climate import climate

        raw = climate(config.data.demo).raw()
    else:
        from rainsmith.data.legacy import read as legacy

        raw = legacy.read_days(config) if kind == "legacy-days" else legacy.read_arrays(config)
        raw = replace(raw, precip=check_input(raw.precip, "target", "converted", config.data, log))
    return build_store(raw, config.data, counts | log.of_store())


def _print_summary(counts: Mapping[str, int], log: CheckLog) -> None:
    kept = counts["days_found"] - counts["days_dropped"]
    days = f"{kept} days ({counts['days_dropped']} dropped for lack of a lag or predictor, "
    gaps = f"{counts['days_in_gaps']} left as gaps between splits)"
    console.print(f"prepare: {', '.join([days + gaps, *log.notices])}", soft_wrap=True)
    for line in log.lines:
        console.print(f"prepare: {line}", soft_wrap=True, markup=False)
