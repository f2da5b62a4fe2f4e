"""Errors, names of dimensions, units and files: what every room uses."""
