"""What the definitions of the scores leave open: thresholds taken from training days, and how intervals are made."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np
import xarray as xr

from rainsmith.base.errors import UserError
from rainsmith.config import Config
from rainsmith.metrics.core import Settings

PROBABILITIES = (0.90, 0.95, 0.99)
"""Of the quantiles of training days that are thresholds: ``p90``, ``p95`` and ``p99``."""


@dataclass(frozen=True)
class Resampling:
    """How intervals are made: blocks of days are drawn with replacement.

    Attributes:
        block_days: [days] calendar days that are drawn together.
        resamples: how often all blocks are drawn.
        seed: of the draws.
    """

    block_days: int = 7
    resamples: int = 500
    seed: int = 0


def settings_of(store: xr.Dataset, config: Config) -> Settings:
    """Thresholds of the scores: training quantiles of the store, and fixed ones of the configuration [mm/day].

    Args:
        store: the prepared data.
        config: the configuration.
    """
    fixed = Settings(
        wet_mm=config.data.wet_mm,
        thresholds_mm=tuple(config.evaluate.thresholds_mm),
        seed=config.seed,
        coarsen=int(store.attrs.get("coarsen", 0)),
    )
    return with_quantiles(fixed, *(float(store[name]) for name in ("p90", "p95", "p99")))


def settings_from_training(training: xr.DataArray | None, settings: Settings | None = None) -> Settings:
    """Thresholds of the scores where there is no store.

    Args:
        training: (..., y, x) [mm/day] the rain of training days, NaN where invalid; None leaves out the scores that
            need its quantiles, unless ``settings`` has them.
        settings: the other thresholds; those of ``Settings`` unless they are given.

    Raises:
        UserError: the training days hold no value.
    """
    settings = settings or Settings()
    if training is None:
        return with_quantiles(settings, *np.nan_to_num([settings.p90, settings.p95, settings.p99]).tolist())
    values = training.values[np.isfinite(training.values)]
    if not values.size:
        raise UserError("found no finite value in the training rain; expected amounts in mm/day; give other days")
    return with_quantiles(settings, *np.quantile(values, PROBABILITIES).tolist())


def with_quantiles(settings: Settings, p90: float, p95: float, p99: float) -> Settings:
    """Settings with quantiles of training days [mm/day].

    A quantile that is no rain, as P90 where nine days of ten are dry, marks no event: it becomes 0, and scores that
    need it are left out.
    """
    p90, p95, p99 = (value if value >= settings.wet_mm else 0.0 for value in (p90, p95, p99))
    return dataclasses.replace(settings, p90=p90, p95=p95, p99=p99)
