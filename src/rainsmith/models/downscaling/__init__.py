"""Downscaling networks: trunks, heads, and the downscaler in physical units."""
