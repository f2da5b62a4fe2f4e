"""Scores of one checkpoint on some days, in each mode."""

from __future__ import annotations

import numpy as np
import xarray as xr

from rainsmith.data.dataset import Days
from rainsmith.metrics import ensemble, pooled, spatial
from rainsmith.metrics.core import MODES, Settings
from rainsmith.metrics.estimates import score_days
from rainsmith.sample.sampler import Sampler
from rainsmith.train.day_scores import BULK_WEIGHT

SCORED = (
    *[ensemble.crps, ensemble.twcrps_p99, ensemble.rank_deviation, ensemble.spread_skill],
    *[pooled.max_daily, pooled.mean, pooled.p99, pooled.p999, pooled.wet_fraction],
    *[spatial.diversity, spatial.spatial_correlation],
)
"""Metrics of every checkpoint and mode."""


def score_checkpoint(sampler: Sampler, days: xr.Dataset, members: int, settings: Settings) -> dict[str, float]:
    """Scores of the members that a checkpoint draws for some days.

    Args:
        sampler: of the checkpoint.
        days: of the store, with predictors and observed rain.
        members: number of members a day.
        settings: thresholds of the metrics [mm/day].

    Returns:
        By ``<mode>_<metric>``; a model without a posterior has scores in prior mode only.
    """
    scores = {}
    for mode in MODES if sampler.model.has_posterior else ("prior",):
        members_of_mode = _draw(sampler, days, mode, members)
        of_mode = score_days(members_of_mode, days["precip"], SCORED, settings=settings, mode=mode)
        scores[f"{mode}_tail_score"] = of_mode["twcrps_p99"] + BULK_WEIGHT * of_mode["crps"]
        scores |= {f"{mode}_{name}": value for name, value in of_mode.items()}
    return scores


def _draw(sampler: Sampler, days: xr.Dataset, mode: str, members: int) -> xr.DataArray:
    """(time, member, y, x) [mm/day]."""
    reader = Days(days, in_memory=True)
    batches = []
    for start in range(0, len(reader), sampler.settings.batch_size):
        batch = reader.batch(np.arange(start, min(start + sampler.settings.batch_size, len(reader))))
        given = (batch.y, batch.valid) if mode == "posterior" else (None, None)
        batches.append(sampler.draw(batch.x, batch.days, range(members), *given))
    coords = {name: days[name] for name in ("time", "y", "x")}
    return xr.DataArray(np.concatenate(batches), dims=("time", "member", "y", "x"), coords=coords)
