"""The checks of synthetic days, one file each."""
