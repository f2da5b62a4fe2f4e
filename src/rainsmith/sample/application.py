"""Members for a period that has predictors and no observations, drawn from a checkpoint."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path

import xarray as xr

from rainsmith.base.console import console
from rainsmith.base.errors import UserError
from rainsmith.base.locks import writing
from rainsmith.base.processes import is_main
from rainsmith.base.scratch import remove_leftovers
from rainsmith.config import Config
from rainsmith.data.checks import CheckLog
from rainsmith.models import checkpoint as checkpoints
from rainsmith.prepare.new_period import prepare_predictors
from rainsmith.sample.attributes import sample_attributes
from rainsmith.sample.draw import draw_days
from rainsmith.sample.export import export
from rainsmith.sample.sampler import Sampler

MANY_OUTSIDE = 0.05
"""Share of the values of a channel outside the training range that is warned of."""
MOST_OUTSIDE = 0.5
"""Share that is refused: a wrong unit, level or variable, or a climate of which the model knows nothing."""
LEAST_SPREAD = 0.02
"""A channel that varies less than this share of its spread in the training is warned of: its unit may be wrong."""
FEWEST_DAYS = 30
"""Fewer days say nothing of how much a channel varies."""


def apply(config: Config, source: Path, out: Path, *, netcdf: bool = False, legacy_npy: Path | None = None) -> Path:
    """Draw prior members for a period with predictors only (no observations, any calendar).

    Args:
        config: its ``data.predictors`` name the new files, its ``sampling`` says how many members and how.
        source: the checkpoint, whose grids and statistics are used.
        out: the Zarr store to write.
        netcdf: whether a NetCDF file is written beside it.
        legacy_npy: folder of the reference's normalised per-day files, or None.

    Returns:
        The path of the store.

    Raises:
        UserError: predictors that do not match the checkpoint's, or most of whose values the training has not seen;
            another process that writes or reads ``out``.
    """
    loaded = checkpoints.load(source)
    settings = config.sampling
    log = CheckLog()
    predictors = prepare_predictors(config, loaded.domain, log)
    days = loaded.domain.drop_dims("channel").assign(predictors=predictors["predictors"])
    checkpoints.check_fits(loaded, days)
    for notice in log.notices:
        console.print(f"new predictors: {notice}", soft_wrap=True)
    shares = outside_training_range(predictors, loaded.domain)
    for channel, share in shares.items():
        console.print(f"{channel}: {100 * share:.2f} % of the values lie outside the training range")
    for warning in judge_range(shares, predictors, loaded.domain):
        console.print(f"[bold red]warning[/]: {warning}", soft_wrap=True)
    sampler = Sampler(loaded, settings, config.device)
    attrs = log.attributes | sample_attributes(loaded, sampler, "prior", "application", config)
    size = {"members": settings.members, "batch_size": settings.batch_size}
    with writing(out, "rainsmith sample") if is_main() else nullcontext():
        remove_leftovers(out.parent)
        draw_days(sampler, days, out, mode="prior", attrs=attrs, **size)
        export(out, loaded, netcdf=netcdf, legacy_npy=legacy_npy)
    return out


def outside_training_range(predictors: xr.Dataset, domain: xr.Dataset) -> dict[str, float]:
    """Share of the values of each channel that lie outside the range of the training days."""
    values = predictors["predictors"]
    outside = (values < domain["predictor_min"]) | (values > domain["predictor_max"])
    known = values.notnull()
    share = (outside & known).sum(("time", "y_lr", "x_lr")) / known.sum(("time", "y_lr", "x_lr")).clip(1)
    return {str(name): float(value) for name, value in zip(values["channel"].values, share.values, strict=True)}


def judge_range(shares: dict[str, float], predictors: xr.Dataset, domain: xr.Dataset) -> list[str]:
    """Warnings of channels whose values are not those of the training.

    Args:
        shares: of each channel, from ``outside_training_range``.
        predictors: of the new period, ``predictors`` (time, channel, y_lr, x_lr).
        domain: the store of the trained model without its time.

    Raises:
        UserError: most values of a channel lie outside the range of the training.
    """
    warnings = []
    for channel, share in shares.items():
        values, trained = predictors["predictors"].sel(channel=channel), domain.sel(channel=channel)
        low, high = float(trained["predictor_min"]), float(trained["predictor_max"])
        ranges = f"({float(values.min()):.5g} to {float(values.max()):.5g}, in the training {low:.5g} to {high:.5g})"
        if share > MOST_OUTSIDE:
            raise UserError(
                f"{share:.0%} of the values of predictor '{channel}' lie outside the range of the training {ranges}; "
                f"expected at most {MOST_OUTSIDE:.0%}; correct its variable, its level or its 'units:'"
            )
        if share > MANY_OUTSIDE:
            warnings.append(
                f"{share:.1%} of the values of predictor '{channel}' lie outside the range of the training {ranges}; "
                "the model has seen nothing like them, so do not trust these members without a check"
            )
        spread = float(values.std())
        if values.sizes["time"] >= FEWEST_DAYS and spread < LEAST_SPREAD * float(trained["predictor_std"]):
            warnings.append(
                f"the values of predictor '{channel}' hardly vary {ranges}; expected as much as in the training; its "
                "unit or variable may be wrong"
            )
    return warnings
