"""Predictive quantiles and exceedance probabilities of each cell, from members that are not kept."""
