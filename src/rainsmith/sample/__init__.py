"""The command ``sample``: members of days, as Zarr stores; ``model`` draws them from xarray objects."""
