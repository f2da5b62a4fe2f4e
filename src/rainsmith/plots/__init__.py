"""Figures of a run: maps of single days, distributions, and training curves. Each function returns one Figure."""
