"""Synthetic days from training days, mixed with the real ones, each with its provenance.

First form: days are drawn, checked for physical range and mixed. Further checks join ``CHECKS``.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from rainsmith import checkpoint as checkpoints
from rainsmith.arrays import SPLITS, day_numbers, in_split
from rainsmith.config import Config, UserError
from rainsmith.data.dataset import Days
from rainsmith.data.legacy import write_pair
from rainsmith.data.normalise import cell_statistics
from rainsmith.run import Run, atomic, check_disk, progress
from rainsmith.sample import Sampler, choose_days

MAX_PHYSICAL_MM = 2000.0
"""Above the largest daily sums on record (1825 mm, La Reunion, 1966; WMO Weather and Climate Extremes Archive)."""


def physical_range(synthetic: np.ndarray, source: np.ndarray) -> str:
    """Reason to reject a day [mm/day] whose valid cells are not finite, negative or beyond any record; else ""."""
    valid = np.isfinite(source)
    values = synthetic[valid]
    if not np.isfinite(values).all():
        return "values missing at valid cells"
    if values.min(initial=0.0) < 0 or values.max(initial=0.0) > MAX_PHYSICAL_MM:
        return f"outside 0 to {MAX_PHYSICAL_MM:.0f} mm"
    return ""


Check = Callable[[np.ndarray, np.ndarray], str]
CHECKS: dict[str, Check] = {"physical_range": physical_range}
"""Each takes (synthetic, source) fields (y, x) [mm/day] and returns a reason to reject, or ""."""


def augment(config: Config, run: Run) -> Path:
    """Draw ``augment.ratio`` synthetic days per real training day and write both as one training set.

    Writes ``augmented.zarr`` (the store's format, training days only, with ``synthetic(time)``), the reference's array
    pair under ``augmented_npy/`` in its normalisation, and ``augmentation.csv``, a row a synthetic day.

    Raises:
        UserError: no checkpoint, no training day in the asked set, too little disk.
    """
    settings = config.augment
    store = run.open_store()
    real = in_split(store, "train").load()
    sources = choose_days(real, settings.days, "train")
    loaded = checkpoints.load(run.checkpoints / config.sampling.checkpoint)
    checkpoints.check_fits(loaded, store)
    wanted = round(settings.ratio * real.sizes["time"])
    check_disk(run.folder, 8.0 * (real.sizes["time"] + wanted) * store.sizes["y"] * store.sizes["x"], "augmentation")

    sampler = Sampler(loaded, config.sampling.model_copy(update={"seed": settings.seed}), config.device)
    table, fields = _draw(sampler, sources, wanted, settings.mode, config.sampling.batch_size)
    table = table.assign(
        mode=settings.mode, seed=settings.seed, checkpoint=loaded.name, checkpoint_sha256=loaded.sha256
    )
    accepted = table["accepted"].to_numpy()
    mixed = mix(real, sources, table["source"].to_numpy()[accepted], fields[accepted])
    require_training_days(mixed)

    with atomic(run.folder / "augmented.zarr") as scratch:
        mixed.drop_encoding().chunk({"time": 16}).to_zarr(scratch, consolidated=False, zarr_format=3)
    write_pair(
        run.folder / "augmented_npy",
        mixed["predictors"].fillna(mixed["predictor_mean"]),
        mixed["precip"],
        *cell_statistics(mixed),
        predictor_mean=mixed["predictor_mean"].values,
        predictor_std=mixed["predictor_std"].values,
    )
    with atomic(run.folder / "augmentation.csv") as scratch:
        table.drop(columns="source").to_csv(scratch, index=False)
    return run.folder / "augmented.zarr"


def mix(real: xr.Dataset, sources: xr.Dataset, indices: np.ndarray, fields: np.ndarray) -> xr.Dataset:
    """Real training days followed by synthetic ones, each with the date and the predictors of its source.

    Args:
        real: the training days of the store.
        sources: the days that synthetic ones were drawn for.
        indices: (M,) index into ``sources`` of each synthetic day.
        fields: (M, y, x) synthetic rain [mm/day].
    """
    drawn = sources.isel(time=indices)
    observed = np.isfinite(drawn["precip"].values)
    drawn = drawn.assign(precip=drawn["precip"].copy(data=np.where(observed, fields, np.nan).astype(np.float32)))
    real = real.assign(synthetic=("time", np.zeros(real.sizes["time"], dtype=bool)))
    drawn = drawn.assign(synthetic=("time", np.ones(drawn.sizes["time"], dtype=bool)))
    return xr.concat(
        [real, drawn], dim="time", data_vars="minimal", coords="minimal", compat="override", join="override"
    )


def _draw(
    sampler: Sampler, sources: xr.Dataset, wanted: int, mode: str, batch_size: int
) -> tuple[pd.DataFrame, np.ndarray]:
    """``wanted`` synthetic days, spread evenly over the source days, with the outcome of every check."""
    if wanted < 1:
        raise UserError(f"augment.ratio asks for {wanted} synthetic days; raise it")
    n = sources.sizes["time"]
    numbers = day_numbers(sources["time"])
    reader = Days(sources)
    rows: list[dict[str, object]] = []
    fields = np.empty((wanted, sources.sizes["y"], sources.sizes["x"]), dtype=np.float32)
    jobs = [(start % n, start // n) for start in range(wanted)]  # (source day, member)
    with progress() as bar:
        task = bar.add_task("augment", total=wanted, note="")
        for member in range(-(-wanted // n)):
            of_member = [i for i, (_, m) in enumerate(jobs) if m == member]
            for start in range(0, len(of_member), batch_size):
                part = of_member[start : start + batch_size]
                batch = reader.batch(np.array([jobs[i][0] for i in part]))
                given = (batch.y, batch.valid) if mode == "posterior" else (None, None)
                drawn = sampler.draw(batch.x, batch.days, [member], *given)[:, 0]
                fields[part] = drawn
                for i, field in zip(part, drawn, strict=True):
                    day = jobs[i][0]
                    source = sources["precip"].values[day]
                    reasons = [f"{name}: {why}" for name, check in CHECKS.items() if (why := check(field, source))]
                    rows.append(
                        {
                            "source": day,
                            "source_day": int(numbers[day]),
                            "member": member,
                            "max_mm": float(np.nanmax(field)),
                            "mean_mm": float(np.nanmean(field)),
                            "source_max_mm": float(np.nanmax(source)),
                            "accepted": not reasons,
                            "reason": "; ".join(reasons),
                        }
                    )
                bar.advance(task, len(part))
    return pd.DataFrame(rows), fields


def require_training_days(mixed: xr.Dataset) -> None:
    """The invariant of augmentation: every day is of the training split, and no source is a stranger.

    Raises:
        UserError: names a day that is not.
    """
    numbers = day_numbers(mixed["time"])
    training = set(numbers[~mixed["synthetic"].values].tolist())
    wrong = (mixed["split"].values != SPLITS.index("train")) | ~np.isin(numbers, list(training))
    if wrong.any():
        raise UserError(f"day {numbers[wrong][0]} lies outside the training split; only training days may be a source")
