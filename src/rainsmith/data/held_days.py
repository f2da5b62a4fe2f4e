"""Days of a store in memory, or in files where their fields are large, so that any of them is there at once."""

from __future__ import annotations

import numpy as np
import xarray as xr

from rainsmith.base import large_arrays
from rainsmith.base.array_pieces import read_into
from rainsmith.base.dims import TIME
from rainsmith.base.large_arrays import days_of, empty, pages_of


def held(days: xr.Dataset, *, in_memory: int | None = None) -> xr.Dataset:
    """The same days, read once: what is small is loaded, and fields that are large are put where ``empty`` puts them.

    Args:
        days: lazy or not.
        in_memory: as ``empty`` has it.
    """
    limit = large_arrays.IN_MEMORY if in_memory is None else in_memory
    fields = {}
    for name, field in days.data_vars.items():
        if field.dims[:1] == (TIME,) and field.nbytes > limit and not isinstance(field.variable._data, np.ndarray):
            values = empty(field.shape, field.dtype, in_memory=in_memory)
            read_into(values, field)
            fields[name] = field.copy(data=values)
    return days.assign(fields).load()


def chosen_days(days: xr.Dataset, positions: np.ndarray) -> xr.Dataset:
    """Some days of a Dataset that ``held`` gave; fields that lie in files are put into files again.

    Args:
        days: in memory or in files.
        positions: places along time, in the order that is wanted.
    """
    large = [name for name, field in days.data_vars.items() if pages_of(field.values) is not None]
    fields = {name: days_of(days[name], positions) for name in large}
    rest = days.drop_vars(large).isel({TIME: positions})
    return rest.assign(fields)[list(days.data_vars)]
