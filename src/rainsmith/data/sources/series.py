"""Predictors without a grid: time series of indices, stations and types of weather, one value a day everywhere."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from rainsmith.base.dims import TIME, X, Y, day_numbers
from rainsmith.base.errors import UserError
from rainsmith.config import Data, PredictorSource
from rainsmith.data.sources.axes import is_horizontal, is_time
from rainsmith.data.sources.files import find_variable, only_field, open_file, open_variable, resolve_files
from rainsmith.data.sources.join import refuse_other_than_daily
from rainsmith.data.sources.tables import SUFFIXES, missing, numbers_of, read_table
from rainsmith.data.splits import Span, assign, split_spans

MOST_STATIONS = 200
"""A variable (time, other) with more series than this is refused: it is rather a grid whose cells stand in a row."""
MOST_TYPES = 100
"""A category of more types than this is refused: it is rather a number."""
_FEW_WHOLE_NUMBERS = 40


@dataclass(frozen=True)
class ReadVariable:
    """One variable of a source of predictors.

    Attributes:
        label: what its channels are called, before the day.
        values: (time, y, x) float32; (time, 1, 1) for a time series.
        has_grid: False for a time series, which holds everywhere.
        notice: what was assumed, for the line that ``prepare`` prints, or "".
    """

    label: str
    values: xr.DataArray
    has_grid: bool = True
    notice: str = ""


@dataclass(frozen=True)
class _Text(ReadVariable):
    """A column of text: ``values`` are numbers of its types, whose names are ``names``."""

    names: tuple[str, ...] = ()


def read_source(
    source: PredictorSource, settings: Data, span: Span | None, channels: Sequence[str] | None = None
) -> Iterator[ReadVariable]:
    """Read each variable, level, member, station and column of a source from files.

    Args:
        source: one entry of ``data.predictors`` with files.
        settings: the section ``data`` of the configuration.
        span: first and last day to read, as YYYYMMDD.
        channels: names of the channels of a trained model, which fix the types of categories; None takes the types of
            the training days.

    Raises:
        UserError: what ``open_variable`` refuses, columns and stations that do not exist, or a category that is none.
    """
    paths = resolve_files(source.files or [], settings.root)
    tables = [path.suffix.lower() in SUFFIXES for path in paths]
    if any(tables):
        if not all(tables):
            raise UserError(f"{source.files} matches tables and other files; expected one kind; name two sources")
        variables = _of_tables(source, paths, span)
    else:
        variables = _of_files(source, settings, span)
    unknown = set(source.categories)
    for variable in variables:
        is_category = str(variable.values.name) in source.categories
        unknown.discard(str(variable.values.name))
        if isinstance(variable, _Text) or is_category:
            yield from _types(variable, source, settings, channels)
        else:
            yield variable
    if unknown:
        raise UserError(f"'categories' names '{sorted(unknown)[0]}', which {source.files} does not hold as a series")


def _of_tables(source: PredictorSource, paths: Sequence[Path], span: Span | None) -> Iterator[ReadVariable]:
    if source.select:
        raise UserError(f"{paths[0]} is a table and has no dimensions to select from; name its columns in 'variable'")
    tables = [read_table(path) for path in paths]
    columns = list(tables[0].columns)
    for path, table in zip(paths, tables, strict=True):
        if set(table.columns) != set(columns):
            raise UserError(f"{paths[0]} and {path} have different columns; expected the same; name two sources")
    table = pd.concat([one[columns] for one in tables]).sort_index(kind="stable")
    rule = next((str(one.attrs["day_rule"]) for one in tables if one.attrs["day_rule"]), "")
    wanted = _listed(source.variable) or columns
    if "" in wanted:
        raise UserError(f"{paths[0]} has a column without a name; name it in the file, or the others in 'variable:'")
    for name in wanted:
        if name not in columns:
            raise UserError(f"{paths[0]} has no column '{name}'; it holds {', '.join(columns)}; correct 'variable:'")
    for name in wanted:
        column = table[name]
        numbers = None if name in source.categories else numbers_of(column, paths[0])
        label = _label(source, name, len(wanted) > 1)
        if numbers is not None:
            notice = _maybe_types(name, numbers)
            series = _series(name, column, numbers, source, span)
            if rule and name == wanted[0]:  # said once for all columns
                series[TIME].attrs["day_rule"] = rule
            yield ReadVariable(label, series, False, notice)
            continue
        there = ~missing(column)
        texts = np.array([_plain(text) for text in column], dtype=object)
        names = sorted(set(texts[there]), key=_in_order)
        codes = np.array([names.index(text) if kept else np.nan for text, kept in zip(texts, there, strict=True)])
        yield _Text(label, _series(name, column, codes, source, span), False, "", tuple(names))


def _series(
    name: str, column: pd.Series, values: np.ndarray, source: PredictorSource, span: Span | None
) -> xr.DataArray:
    attrs = {} if source.units is None else {"units": source.units}
    da = xr.DataArray(
        np.asarray(values, dtype=np.float32)[:, None, None],
        dims=(TIME, Y, X),
        coords={TIME: (TIME, column.index.values)},
        name=name,
        attrs=attrs,
    )
    refuse_other_than_daily(da)
    if span is not None:
        days = day_numbers(da[TIME])
        da = da.isel({TIME: np.flatnonzero((days >= span[0]) & (days <= span[1]))})
        if not da.sizes[TIME]:
            raise UserError(f"no day of {source.files} lies within the days that are wanted; correct 'data.period'")
    return da


def _of_files(source: PredictorSource, settings: Data, span: Span | None) -> Iterator[ReadVariable]:
    first = resolve_files(source.files or [], settings.root)[0]
    variables: list[str | None] = [*_listed(source.variable)] or [None]
    for wanted in variables:
        with open_file(first) as ds:
            wanted = only_field(ds) if wanted is None else wanted
            name = find_variable(ds, wanted, str(first))
            stations = _stations(ds, name, source, first)
        select: dict[str, Any] = dict(source.select)
        if stations is not None and stations[0] is not None:
            select.setdefault(stations[0], stations[1])
        lists = {key: values for key, values in select.items() if isinstance(values, list)}
        single = {key: value for key, value in select.items() if key not in lists}
        several = len(variables) > 1 or any(len(values) > 1 for values in lists.values())
        for chosen in product(*lists.values()):
            da = open_variable(
                source.files or [],
                wanted,
                settings.root,
                source.units,
                span=span,
                select={**single, **dict(zip(lists, chosen, strict=True))},
                adapt=(lambda ds, name: ds) if stations is None else _as_one_cell,
            )
            named = stations[2] if stations is not None else {}
            parts = [str(da.name), *(_plain(named.get(value, value)) for value in chosen)]
            label = _label(source, "_".join(parts), several, "_".join(parts[1:]) if len(variables) == 1 else None)
            notice = "" if stations is None else _maybe_types(str(da.name), da.values)
            yield ReadVariable(label, da, stations is None, notice if str(da.name) not in source.categories else "")


def _label(source: PredictorSource, own: str, several: bool, short: str | None = None) -> str:
    if source.name is None:
        return own
    return f"{source.name}_{short or own}" if several else source.name


def _stations(
    ds: xr.Dataset, name: str, source: PredictorSource, path: Path
) -> tuple[str | None, list[Any], dict[Any, str]] | None:
    """The dimension of stations of a variable without a grid, its values, and their names; None for a grid."""
    da = ds[name]
    if any(is_horizontal(da, dim) for dim in da.dims):
        return None
    others = [
        dim
        for dim in da.dims
        if not is_time(da, dim) and da.sizes[dim] > 1 and not isinstance(source.select.get(str(dim)), float | str)
    ]
    if not others:
        return None, [], {}
    if len(others) > 1:
        return None
    dim = others[0]
    if str(dim) not in source.select and da.sizes[dim] > MOST_STATIONS:
        raise UserError(
            f"{path}: '{name}' has {da.sizes[dim]} series along '{dim}' and no grid; expected at most {MOST_STATIONS} "
            f"stations; choose some with 'select: {{{dim}: [...]}}', or give a file with dimensions of y and x"
        )
    values: list[Any] = [float(number) for number in range(da.sizes[dim])]
    if dim in da.coords:
        values = [value.decode() if isinstance(value, bytes) else value for value in da[dim].values.tolist()]
    names = next(
        (v for v in ds.variables if ds[v].attrs.get("cf_role") == "timeseries_id" and ds[v].dims == (dim,)), None
    )
    called = {} if names is None else dict(zip(values, map(_plain, ds[names].values.tolist()), strict=True))
    return str(dim), values, called


def _as_one_cell(ds: xr.Dataset, name: str) -> xr.Dataset:
    """A variable (time) as (time, y, x) of one cell, without the coordinates of its station."""
    da = ds[name].squeeze([d for d in ds[name].dims if not is_time(ds[name], d)])
    places = [key for key, coordinate in da.coords.items() if coordinate.ndim == 0]
    cell = da.drop_vars(places).expand_dims({Y: 1, X: 1}, axis=(-2, -1))
    kept = [key for key in ds.variables if set(ds[key].dims) & set(da.dims) and key != name]
    return ds[kept].assign({name: cell})


def _types(
    variable: ReadVariable, source: PredictorSource, settings: Data, channels: Sequence[str] | None
) -> Iterator[ReadVariable]:
    """A series of 0 and 1 for each type; missing on the days of types that the training does not know."""
    if variable.has_grid:
        raise UserError(f"'categories' names '{variable.values.name}', which has a grid; expected a time series")
    codes = variable.values.values[:, 0, 0]
    there = np.isfinite(codes)
    if not isinstance(variable, _Text) and (codes[there] % 1 != 0).any():
        raise UserError(
            f"category '{variable.values.name}' holds {codes[there & (codes % 1 != 0)][0]:g}; expected types"
        )
    names = variable.names if isinstance(variable, _Text) else None
    texts = np.array([names[int(c)] if names else f"{c:.0f}" if np.isfinite(c) else "" for c in np.nan_to_num(codes)])
    prefix = f"{variable.label}_is_"
    if channels is None:
        days = day_numbers(variable.values[TIME])
        training = assign(days, split_spans(settings.splits)) == 0
        if settings.months is not None:
            training &= np.isin(days // 100 % 100, settings.months)
        known = sorted(set(texts[there & training]), key=_in_order)
    else:
        ends = [f"_day{offset:+d}" if offset else "_day0" for offset in source.day_offsets]
        known = list(
            dict.fromkeys(
                name.removeprefix(prefix).rpartition("_day")[0]
                for name in channels
                if name.startswith(prefix) and any(name.endswith(end) for end in ends)
            )
        )
    if len(known) > MOST_TYPES and str(variable.values.name) not in source.categories:
        raise UserError(
            f"'{variable.values.name}' holds text such as '{known[0]}' and '{known[-1]}', {len(known)} different ones "
            f"on the training days; expected numbers, or at most {MOST_TYPES} types"
        )
    if not 1 < len(known) <= MOST_TYPES:
        raise UserError(
            f"category '{variable.values.name}' has {len(known)} types on the training days; "
            f"expected 2 to {MOST_TYPES}; leave it out of 'categories'"
        )
    strange = there & ~np.isin(texts, known)
    notice = f"{variable.label} has {len(known)} types"
    if strange.any():
        others = ", ".join(sorted(set(texts[strange]), key=_in_order))
        notice += f" (days of type {others}, unknown to the training, count as missing: {int(strange.sum())})"
    for name in known:
        values = np.where(there & ~strange, texts == name, np.nan).astype(np.float32)
        yield ReadVariable(prefix + name, variable.values.copy(data=values[:, None, None]), False, notice)
        notice = ""


def _maybe_types(name: str, values: np.ndarray) -> str:
    """Say that whole numbers were taken as amounts, since they may be codes."""
    known = values[np.isfinite(values)]
    distinct = len(np.unique(known))
    if known.size and distinct <= _FEW_WHOLE_NUMBERS and (known % 1 == 0).all() and len(known) > 5 * distinct:
        return f"{name} holds {distinct} whole numbers, taken as amounts (name it in 'categories' if they are types)"
    return ""


def _plain(value: Any) -> str:
    """A value as part of a channel's name: whole numbers without decimals, text without blanks."""
    text = value.decode(errors="replace") if isinstance(value, bytes) else str(value)
    try:
        return f"{float(text):g}"
    except ValueError:
        return "_".join(text.split())


def _in_order(text: str) -> tuple[float, str]:
    try:
        return float(text), text
    except ValueError:
        return float("inf"), text


def _listed(variable: str | list[str] | None) -> list[str]:
    return [] if variable is None else [variable] if isinstance(variable, str) else list(variable)
