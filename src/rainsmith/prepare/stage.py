"""The command ``prepare``: read, check, split and measure the data, and write ``store.zarr``."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from rainsmith.config import Config
from rainsmith.data.check import check_precip
from rainsmith.data.store import finish
from rainsmith.prepare.gridded import _checks, read_gridded
from rainsmith.run_folder import Run


def prepare(config: Config, run: Run) -> None:
    """Write ``store.zarr`` (precipitation in mm/day, raw predictors, statics, splits, training statistics).

    ``config.yaml`` beside it is what later stages use where no configuration is given.

    Raises:
        UserError: files, variables, units, splits or values are not as expected; see the message.
    """
    kind = config.data.kind
    counts: dict[str, Any] = {}
    if kind == "gridded":
        raw, counts = read_gridded(config.data)
    elif kind == "demo":
        from rainsmith.data.demo.climate import climate

        raw = climate(config.data.demo).raw()
    else:
        from rainsmith.data.legacy import read as legacy

        raw = legacy.read_days(config) if kind == "legacy-days" else legacy.read_arrays(config)
        checked = check_precip(raw.precip, suspect=config.data.suspect)
        raw, counts = replace(raw, precip=checked.precip), _checks(checked, config.data)
    finish(raw, config, run, counts)
    run.write_config(config)
