"""Functions on xarray objects: a store of arrays, members of a trained model, baselines and scores."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import xarray as xr

from rainsmith.base.errors import UserError
from rainsmith.base.zarr_files import open_zarr
from rainsmith.baselines.registry import forecast
from rainsmith.evaluate.scoring import score
from rainsmith.prepare.arrays import make_store
from rainsmith.run_folder import Run

if TYPE_CHECKING:
    from rainsmith.sample.model import Model

__all__ = ["baseline", "load_model", "make_store", "open_samples", "score"]


def open_samples(
    run: Run | str | Path, *, mode: str = "prior", split: str = "test", model: str | None = None
) -> xr.DataArray:
    """The members that ``sample`` wrote, lazily.

    Args:
        run: the run folder, sampled.
        mode: prior, or posterior, which may be followed by what a variation adds to its name (``posterior-k1``).
        split: train, validation or test.
        model: name of the model; None where the folder holds samples of one only.

    Returns:
        (time, member, y, x) [mm/day], NaN at invalid cells.

    Raises:
        UserError: there are no such samples, or those of several models.

    Example::

        >>> from rainsmith import api
        >>> members = api.open_samples("runs/tiny")
        >>> members.dims, members.attrs["units"]
        (('time', 'member', 'y', 'x'), 'mm/day')
        >>> observed = api.Run("runs/tiny").open_store()["precip"].sel(time=members["time"])
        >>> api.score(members, observed, metrics=["crps"])["metric"].tolist()
        ['crps']
    """
    folder = run if isinstance(run, Run) else Run(run)
    mode, _, variant = mode.partition("-")
    pattern = f"{model or '*'}-{mode}-{split}{f'-{variant}' if variant else ''}.zarr"
    paths = sorted(folder.samples.glob(pattern))
    if len(paths) != 1:
        there = ", ".join(sorted(path.stem for path in folder.samples.glob("*.zarr"))) or "none"
        raise UserError(
            f"found {len(paths)} stores {pattern} in {folder.samples} (there: {there}); expected one; "
            "run 'rainsmith sample', or name mode, split and model"
        )
    return open_zarr(paths[0], "run 'rainsmith sample' again")["precip"]


def load_model(path: str | Path, *, device: str = "auto") -> Model:
    """Read a trained model, whose ``sample`` draws members.

    Args:
        path: a ``.safetensors`` file, with the ``.json`` and ``.nc`` of its name beside it.
        device: auto, cpu or cuda.

    Raises:
        UserError: a file is missing or damaged.

    Example::

        >>> from rainsmith import api
        >>> model = api.load_model("runs/tiny/checkpoints/best_prior.safetensors")
        >>> days = api.Run("runs/tiny").open_store().isel(time=slice(-3, None))
        >>> model.sample(days["predictors"], members=2, seed=1).sizes["member"]
        2
    """
    from rainsmith.sample.model import load_model as load

    return load(path, device=device)


def baseline(name: str, store: xr.Dataset, *, split: str = "test", members: int = 10, seed: int = 0) -> xr.DataArray:
    """Forecast every day of a split without a network.

    Args:
        name: one of the baselines of ``evaluate.baselines`` (docs/configuration.md).
        store: the prepared data, from ``make_store`` or ``Run.open_store``; only its training days and the predictors
            are read.
        split: train, validation or test.
        members: number of members; a single-valued baseline gives one.
        seed: of the baselines that draw at random; a member is a function of (seed, day, member) only.

    Returns:
        (time, member, y, x) float32 [mm/day], NaN at invalid cells.

    Raises:
        UserError: an unknown name, fewer training days than members, or a store that lacks what the baseline needs.

    Example::

        >>> from rainsmith import api
        >>> store = api.Run("runs/tiny").open_store()
        >>> analogs = api.baseline("analogs", store, members=5)
        >>> dict(analogs.sizes)["member"], analogs.attrs["units"]
        (5, 'mm/day')
    """
    return forecast(name, store, split, members, seed=seed)
