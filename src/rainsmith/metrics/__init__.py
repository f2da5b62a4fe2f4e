"""Scores of ensembles of daily rain: xarray in, xarray out, mm/day, each a formula of sums over days."""
