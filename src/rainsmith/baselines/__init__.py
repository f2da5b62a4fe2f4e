"""Forecasts without a network, which a model has to beat."""
