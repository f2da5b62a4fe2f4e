"""Forecasts without a network, which a model has to beat: one file a family, each adds its records to the registry."""

from rainsmith.baselines.registry import BASELINES, Baseline, NotApplicable, forecast

__all__ = ["BASELINES", "Baseline", "NotApplicable", "forecast"]
