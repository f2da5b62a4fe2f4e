"""Grids of cells: where they lie, and how fields get from one to another."""
