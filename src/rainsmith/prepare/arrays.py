"""A store from xarray objects: what ``prepare`` makes of files, without files."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import xarray as xr

from rainsmith.base.dims import CHANNEL, STATIC
from rainsmith.base.errors import UserError
from rainsmith.base.seasons import cut_seasons
from rainsmith.base.units import MM_PER_DAY
from rainsmith.config import Data, parse
from rainsmith.data.checks import CheckLog
from rainsmith.data.sources.axes import read_days, read_map
from rainsmith.data.sources.fill_values import unpacked_limits
from rainsmith.data.sources.join import refuse_other_than_daily
from rainsmith.data.sources.predictors import DailyField, field_of_array, field_of_target
from rainsmith.data.store import build_store
from rainsmith.prepare.day_lags import compare_days, say
from rainsmith.prepare.days import split_days
from rainsmith.prepare.gridded import join_fields, target_of_array

_SETTINGS = ("period", "months", "season", "fit", "wet_mm", "heavy_quantile", "heavy_area", "suspect", "credit")
"""Keys of the section ``data`` that ``make_store`` takes."""


def make_store(
    precip: xr.DataArray | xr.Dataset,
    predictors: xr.Dataset | xr.DataArray | None = None,
    statics: xr.Dataset | xr.DataArray | None = None,
    *,
    splits: Mapping[str, Any],
    day_offsets: Sequence[int] = (0,),
    rain: Sequence[str] = (),
    coarsen: int | None = None,
    lags: Sequence[int] = (0,),
    distance_to_coast: bool = False,
    **settings: Any,
) -> xr.Dataset:
    """Check, split and measure daily rain and its predictors, and return the store in memory.

    The store equals that which ``prepare`` writes of the same arrays in files.

    Args:
        precip: (time, y, x) daily precipitation, NaN where invalid, in the unit of its attribute ``units`` [mm/day if
            it has none]. Its dimensions may have any names and order that ``prepare`` understands in files. A CF grid
            mapping is a coordinate that its attribute ``grid_mapping`` names. A Dataset of one such variable may also
            hold its time bounds, which say the day of each value.
        predictors: a Dataset of variables (time, y, x) on a coarse grid, one such variable, or an array
            (time, channel, y, x) whose channels keep their names. They are matched to ``precip`` by date.
        statics: a Dataset of maps (y, x), one such map, or an array (static, y, x).
        splits: the years or dates of "train", "validation" and "test", as in ``data.splits`` of the configuration.
        day_offsets: [days] the days of each variable that become channels; 0 is the day itself.
        rain: names of the predictors that are the coarse rain of the day itself, in a unit of precipitation.
        coarsen: also take block means of ``precip`` over blocks of this side [cells] as predictors, before the others.
        lags: [days] the days of these block means that become channels.
        distance_to_coast: also derive the distance to the nearest invalid cell as a static map.
        **settings: ``period``, ``months``, ``season``, ``fit``, ``wet_mm``, ``heavy_quantile``, ``heavy_area``,
            ``suspect`` and ``credit``, as in the section ``data`` of the configuration.

    Returns:
        The store, with ``precip`` [mm/day], ``predictors``, ``statics``, splits, categories and statistics of the
        training days (docs/architecture.md).

    Raises:
        UserError: an argument is not understood, a check refuses a value, grids do not fit, or a split has no day.

    Warns:
        UserWarning: a predictor fits the rain clearly better a day earlier or later, a check warns of values, or splits
            divide a winter.

    Example:
        >>> import numpy as np, xarray as xr
        >>> time = xr.date_range("2001-01-01", "2003-12-31", freq="D")
        >>> values = np.random.default_rng(0).gamma(0.4, 9.0, size=(time.size, 6, 8))
        >>> places = {"time": time, "y": 5000.0 * np.arange(6), "x": 5000.0 * np.arange(8)}
        >>> precip = xr.DataArray(values, dims=("time", "y", "x"), coords=places, attrs={"units": "mm"})
        >>> splits = {"train": [2001, 2001], "validation": [2002, 2002], "test": [2003, 2003]}
        >>> store = make_store(precip, coarsen=2, lags=[-1, 0], splits=splits)
        >>> [str(name) for name in store["channel"].values]
        ['rain_2_lag-1', 'rain_2_lag0', 'season_sin', 'season_cos']
        >>> store["precip"].attrs["units"], dict(store["predictors"].sizes)
        ('mm/day', {'time': 1094, 'channel': 4, 'y_lr': 3, 'x_lr': 4})
    """
    section = _section(splits, coarsen, lags, settings)
    log = CheckLog()
    target = target_of_array(_daily(*_target(precip)), section, log)
    days = split_days(target, section)
    fields = [field_of_target(source, target) for source in section.predictors]
    fields += _fields(predictors, section, target, day_offsets, rain, log)
    if not fields:
        raise UserError("there are no predictors; give 'predictors', or 'coarsen' for block means of the rain")
    say(compare_days(target, days, fields), log)
    for line in log.lines:
        if "WARNING" in line:
            warnings.warn(line, stacklevel=2)
    maps = [*_maps(statics), *([None] if distance_to_coast else [])]
    raw, counts = join_fields(section, target, days, fields, maps, {}, log)
    store = build_store(raw, section, counts | log.of_store())
    if cut := cut_seasons(store["time"], store["split"].values):
        warnings.warn(cut, stacklevel=2)
    return store


def _section(splits: Mapping[str, Any], coarsen: int | None, lags: Sequence[int], settings: Mapping[str, Any]) -> Data:
    """The arguments as the section ``data`` of a configuration, which validates them."""
    unknown = sorted(set(settings) - set(_SETTINGS))
    if unknown:
        raise UserError(f"make_store does not know '{unknown[0]}'; expected one of {', '.join(_SETTINGS)}")
    blocks = [] if coarsen is None else [{"from": "target", "coarsen": coarsen, "lags": list(lags)}]
    section = {"kind": "gridded", "splits": dict(splits), "predictors": blocks, **settings}
    return parse({"data": section}, "make_store").data


def _target(precip: xr.DataArray | xr.Dataset) -> tuple[xr.Dataset, str]:
    """The target in a Dataset with its coordinates, and its name.

    Raises:
        UserError: a Dataset holds no variable (time, y, x), or several.
    """
    ds = precip if isinstance(precip, xr.Dataset) else precip.to_dataset(name=precip.name or "precip")
    names = [str(name) for name in ds.data_vars if ds[name].ndim >= 3]
    if len(names) != 1:
        raise UserError(f"'precip' holds {', '.join(names) or 'no variable (time, y, x)'}; give one variable")
    name = names[0]
    return (ds if "units" in ds[name].attrs else ds.assign({name: ds[name].assign_attrs(units=MM_PER_DAY)})), name


def _daily(ds: xr.Dataset, name: Any) -> xr.DataArray:
    da = read_days(_with_limits(ds, name), name, "make_store")
    refuse_other_than_daily(da)
    return da


def _fields(
    predictors: xr.Dataset | xr.DataArray | None,
    section: Data,
    target: xr.DataArray,
    offsets: Sequence[int],
    rain: Sequence[str],
    log: CheckLog,
) -> list[DailyField]:
    variables = _variables(predictors, CHANNEL, 3)
    unknown = sorted(set(rain) - set(variables))
    if unknown:
        raise UserError(f"'rain' names '{unknown[0]}'; the predictors are {', '.join(variables) or 'none'}")
    keep_names = isinstance(predictors, xr.DataArray) and CHANNEL in predictors.dims
    if keep_names and tuple(offsets) != (0,):
        raise UserError("an array with channels is taken as it is; give a Dataset of variables to use 'day_offsets'")
    fields = []
    for name, ds in variables.items():
        field = field_of_array(_daily(ds, name), name, offsets, name in rain, section, target, log)
        fields.append(replace(field, add_day=not keep_names))
    return fields


def _maps(statics: xr.Dataset | xr.DataArray | None) -> list[xr.DataArray]:
    return [read_map(_with_limits(ds, name), name, "make_store") for name, ds in _variables(statics, STATIC, 2).items()]


def _with_limits(ds: xr.Dataset, name: Any) -> xr.Dataset:
    """The same Dataset, whose variable gives its valid range in the unit of its values."""
    variable = ds[name].copy(deep=False)
    variable.attrs = unpacked_limits(ds[name])
    return ds.assign({name: variable})


def _variables(given: xr.Dataset | xr.DataArray | None, stacked: str, ndim: int) -> dict[str, xr.Dataset]:
    """Each variable by its name, in a Dataset that holds its coordinates and grid mapping.

    Args:
        given: a Dataset, one variable, or variables stacked along a dimension.
        stacked: the name of that dimension.
        ndim: least number of dimensions of a variable; others are bounds or grid mappings.
    """
    if given is None:
        return {}
    if isinstance(given, xr.Dataset):
        return {str(name): given for name in given.data_vars if given[name].ndim >= ndim}
    if stacked not in given.dims:
        if given.name is None:
            raise UserError(f"an array without a name is no {stacked}; name it, or give a Dataset")
        return {str(given.name): given.to_dataset()}
    if stacked not in given.coords:
        raise UserError(f"the dimension '{stacked}' has no names; give it a coordinate")
    names = [str(name) for name in given[stacked].values]
    return {name: given.isel({stacked: i}, drop=True).to_dataset(name=name) for i, name in enumerate(names)}
