"""The command ``sample``: members of every mode and split that is asked for, written to CF Zarr."""

from __future__ import annotations

import functools
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import xarray as xr

from rainsmith.base.bucket_products import store_below
from rainsmith.base.console import console
from rainsmith.base.dims import in_split
from rainsmith.base.errors import UserError
from rainsmith.base.locks import writing
from rainsmith.base.pieces import Pieces, others_go_on
from rainsmith.base.processes import is_main
from rainsmith.base.shards import Shard
from rainsmith.config import Config
from rainsmith.models import checkpoint as checkpoints
from rainsmith.run_folder import Run
from rainsmith.sample.attributes import sample_attributes, variant_of
from rainsmith.sample.days import select_days
from rainsmith.sample.draw import draw_days
from rainsmith.sample.export import export
from rainsmith.sample.sampler import Sampler


def sample(
    config: Config, run: Run, *, netcdf: bool = False, legacy_npy: Path | None = None, shard: Shard | None = None
) -> list[Path] | None:
    """Draw the members that ``config.sampling`` asks for from ``sampling.checkpoint``.

    Writes ``samples/<model>-<mode>-<split>.zarr`` for every mode and split; with ``sampling.to`` these are links to
    stores in a bucket. A mode that the model does not have is left out, and a note says so.

    Args:
        config: the configuration.
        run: the run folder, trained.
        netcdf: whether NetCDF files are written beside the Zarr stores.
        legacy_npy: folder of the reference's normalised per-day files, or None.
        shard: which part of the members of every mode and split is drawn; None draws all that is missing.

    Returns:
        The paths of the stores; None where other shards have not finished.

    Raises:
        UserError: no checkpoint, one of another grid, an empty choice of days, no mode that the model has, too little
            disk, another process that writes or reads the same members, or shards of another request.
    """
    store = run.open_store()
    settings = config.sampling
    loaded = checkpoint_of(config, run, store)
    sampler = Sampler(loaded, settings, config.device)
    modes = modes_of(config, sampler)
    asked = [(split, mode) for split in settings.splits for mode in modes]
    model = loaded.config.model.name
    targets = [run.sample_path(model, mode, split, variant_of(settings, mode)) for split, mode in asked]
    waiting: list[Pieces] = []
    with ExitStack() as locks:
        for target in targets if is_main() and shard is None else ():
            locks.enter_context(writing(target, "rainsmith sample"))
        for (split, mode), target in zip(asked, targets, strict=True):
            days = select_days(in_split(store, split), settings.days, split)
            attrs = sample_attributes(loaded, sampler, mode, split, config)
            how: dict[str, Any] = {"members": settings.members, "batch_size": settings.batch_size, "shard": shard}
            how["bucket"] = store_below(settings.to, target)
            finish = functools.partial(export, loaded=loaded, netcdf=netcdf, legacy_npy=legacy_npy)
            pieces = draw_days(sampler, days, target, mode=mode, attrs=attrs, export=finish, **how)
            waiting += [] if pieces is None else [pieces]
    return None if others_go_on(waiting) else targets


def checkpoint_of(config: Config, run: Run, store: xr.Dataset) -> checkpoints.Checkpoint:
    """The checkpoint that ``sampling.checkpoint`` names, in the run folder or elsewhere.

    Raises:
        UserError: it is missing, damaged or of another grid.
    """
    path = Path(config.sampling.checkpoint)
    loaded = checkpoints.load(path if path.parent != Path(".") else run.checkpoints / path)
    checkpoints.check_fits(loaded, store)
    return loaded


def modes_of(config: Config, sampler: Sampler) -> list[str]:
    """The configured modes that the model has.

    Raises:
        UserError: it has none of them.
    """
    modes: list[str] = [mode for mode in config.sampling.modes if mode == "prior" or sampler.model.has_posterior]
    if not modes:
        raise UserError(
            f"sampling.modes asks for posterior members, and a model '{config.model.name}' varies no observed storms; "
            "set sampling.modes: [prior]"
        )
    if len(modes) < len(config.sampling.modes):
        console.print(f"posterior: left out, a model '{config.model.name}' varies no observed storms")
    return modes
