"""Every metric of ``metrics.csv``, in the order of its rows; a new score is written beside its kin and listed here."""

from __future__ import annotations

from rainsmith.metrics import (
    borders,
    distributions,
    ensemble,
    extremes,
    lags,
    neighbourhood,
    pooled,
    probability,
    spatial,
    structural,
)
from rainsmith.metrics.core import Metric

METRICS: tuple[Metric, ...] = (
    pooled.maximum,
    pooled.max_daily,
    pooled.mean,
    pooled.p95,
    pooled.p99,
    pooled.p999,
    pooled.p9999,
    pooled.wet_fraction,
    pooled.light_fraction,
    spatial.spatial_std,
    lags.fine_power,
    lags.correlation_length,
    ensemble.crps,
    ensemble.twcrps_p99,
    ensemble.mae,
    ensemble.mae_tail,
    ensemble.rmse,
    ensemble.spread_skill,
    ensemble.rank_deviation,
    ensemble.coverage_50,
    ensemble.coverage_90,
    ensemble.outliers,
    probability.brier,
    spatial.spatial_correlation,
    pooled.mass_bias,
    pooled.ks,
    distributions.wasserstein,
    distributions.kl_divergence,
    spatial.diversity,
    spatial.diversity_ratio,
    spatial.energy_score,
    lags.variogram_score,
    structural.ssim,
    spatial.ralsd,
    borders.block_borders,
    extremes.csi,
    extremes.frequency_bias,
    extremes.pod,
    extremes.far,
    extremes.sedi,
    extremes.envelope_top20,
    neighbourhood.fss,
)

SINGLE_EXTREMES = ("max", "p999")
"""Metrics so uncertain that the range of members, not a distance, judges them: ``max_range``, ``p999_range``."""

COMPARED: dict[str, str] = {"crps": "crps", "twcrps_p99": "twcrps", "mae": "absolute_error"}
"""Scores by which forecasts are compared in pairs, and the daily term whose mean over cell-days each of them is."""
