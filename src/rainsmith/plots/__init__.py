"""Figures of a run: maps of single days, distributions, climate and training curves.

Each function returns one Figure; stages write them to files.
"""
