"""Metrics as functions of arrays: the caller's names of dimensions, and one score for each place that is kept.

A score that keeps dimensions is the same formula of the same terms; only the rows over which terms are summed differ. A
row is a day or, where dimensions of the grid are kept, a day at a single cell.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

import numpy as np
import xarray as xr

from rainsmith.base.dims import MEMBER, TIME, X, Y
from rainsmith.metrics.core import POOLING, Pairs, Settings, Terms, daily_terms

_BLOCK_BYTES = 2**25  # [bytes] most memory for the fields and terms that are held at once
_BLOCK_ROWS = 2**16  # most rows that are held at once


def kept_dims(
    preserve_dims: str | Iterable[str] | None, *, time_dim: str, space_dims: Sequence[str]
) -> tuple[str, ...]:
    """The dimensions that a score keeps, in the order time, rows, columns.

    Args:
        preserve_dims: a name, several of them, "all" for time and grid, or None for none.
        time_dim: name of the dimension of days.
        space_dims: names of the two dimensions of the grid.

    Raises:
        ValueError: a name is not one of those three.
    """
    every = (time_dim, *space_dims)
    if preserve_dims is None:
        return ()
    if preserve_dims == "all":
        return every
    wanted = {preserve_dims} if isinstance(preserve_dims, str) else set(preserve_dims)
    if unknown := sorted(wanted - set(every)):
        raise ValueError(f"found preserve_dims {unknown}; expected some of {list(every)}, 'all' or None; leave it out")
    return tuple(dim for dim in every if dim in wanted)


def with_our_dims(
    fcst: xr.DataArray, obs: xr.DataArray, *, member_dim: str, time_dim: str, space_dims: Sequence[str]
) -> tuple[xr.DataArray, xr.DataArray]:
    """Both arrays with the dimensions time, member, y and x, and no other coordinates than those of dimensions.

    Args:
        fcst: with the four dimensions, or without members.
        obs: with the dimensions of days and grid.
        member_dim: name of the dimension of members.
        time_dim: name of the dimension of days.
        space_dims: names of the two dimensions of the grid, rows first.

    Raises:
        ValueError: an array has other dimensions, or the two have different coordinates along the grid.
    """
    days_and_grid = (time_dim, *space_dims)
    if set(obs.dims) != set(days_and_grid) or set(fcst.dims) - {member_dim} != set(days_and_grid):
        raise ValueError(
            f"found fcst {fcst.dims} and obs {obs.dims}; expected {(time_dim, member_dim, *space_dims)} and "
            f"{days_and_grid}; name the dimensions with member_dim, time_dim and space_dims"
        )
    for dim in space_dims:
        if dim in fcst.coords and dim in obs.coords and not _close(fcst[dim].values, obs[dim].values):
            raise ValueError(f"found different coordinates {dim} in fcst and obs; expected the same cells; select them")
    ours = dict(zip((member_dim, *days_and_grid), (MEMBER, TIME, Y, X), strict=True))
    fcst, obs = fcst.reset_coords(drop=True), obs.reset_coords(drop=True)
    return fcst.rename({dim: ours[str(dim)] for dim in fcst.dims}), obs.rename(
        {dim: ours[str(dim)] for dim in obs.dims}
    )


def _close(one: np.ndarray, other: np.ndarray) -> bool:
    """Whether two coordinates agree to the precision of a file; True where their sizes differ, which others refuse."""
    if one.shape != other.shape:
        return True
    if np.issubdtype(one.dtype, np.number) and np.issubdtype(other.dtype, np.number):
        return bool(np.allclose(one, other, rtol=1e-5))
    return bool(np.array_equal(one, other))


def score_by_place(
    terms: Sequence[Terms],
    value: Callable[[xr.Dataset], xr.DataArray],
    pairs: Pairs,
    settings: Settings,
    kept: Sequence[str],
) -> xr.DataArray:
    """One score for each place along the kept dimensions.

    Args:
        terms: the daily terms of the score.
        value: the score of pooled terms.
        pairs: members and observation.
        settings: thresholds and seed.
        kept: some of time, y and x.

    Returns:
        (kept dimensions, ...), NaN where no cell-day is valid.
    """
    sizes = {TIME: len(pairs.days), Y: pairs.grid[0], X: pairs.grid[1]}
    places = {TIME: np.arange(len(pairs.days))}
    if {Y, X} & set(kept):
        days, cells = len(pairs.days), len(pairs.cells)
        row, column = np.divmod(np.tile(pairs.cells, days), pairs.grid[1])
        places = {TIME: np.repeat(places[TIME], cells), Y: row, X: column}
        pairs = single_cells(pairs)
    shape = [sizes[dim] for dim in kept]
    place = np.ravel_multi_index([places[dim] for dim in kept], shape)
    order = np.argsort(place, kind="stable")
    filled, begin = np.unique(place[order], return_index=True)
    end = np.append(begin[1:], len(order))

    step = _rows_at_once(terms, pairs, settings)
    blocks, first = [], 0
    while first < len(filled):
        last = max(first + 1, int(np.searchsorted(end, begin[first] + step, side="right")))
        rows = order[begin[first] : end[last - 1]]
        starts = begin[first:last] - begin[first]
        blocks.append(value(_pooled(terms, pairs, settings, rows, starts, step)).transpose(TIME, ...))
        first = last
    scores = xr.concat(blocks, TIME)
    values = np.full((int(np.prod(shape)), *scores.shape[1:]), np.nan)
    values[filled] = scores.values
    coords = {name: coord for name, coord in scores.coords.items() if TIME not in coord.dims}
    return xr.DataArray(values.reshape(*shape, *scores.shape[1:]), dims=(*kept, *scores.dims[1:]), coords=coords)


def single_cells(pairs: Pairs) -> Pairs:
    """Every day at every cell as a row of its own, day by day; the ranks of ties are drawn anew for each of them."""
    fields = pairs.fields.swapaxes(1, 2).reshape(-1, pairs.fields.shape[1], 1)
    rows = np.arange(len(fields))
    return Pairs(fields, pairs.valid.reshape(-1, 1), np.zeros_like(rows), np.zeros(1, dtype=np.int64), (1, 1), rows)


def _select(pairs: Pairs, rows: np.ndarray) -> Pairs:
    """Some rows of the pairs."""
    return replace(
        pairs, fields=pairs.fields[rows], valid=pairs.valid[rows], lost=pairs.lost[rows], days=pairs.days[rows]
    )


def _rows_at_once(terms: Sequence[Terms], pairs: Pairs, settings: Settings) -> int:
    """How many rows are measured at once, from the size of one row and its terms."""
    one_row = _select(pairs, np.zeros(1, dtype=np.int64))
    size = one_row.fields.nbytes + daily_terms(tuple(terms), one_row, settings).nbytes
    return int(np.clip(_BLOCK_BYTES // size, 1, _BLOCK_ROWS))


def _pooled(
    terms: Sequence[Terms], pairs: Pairs, settings: Settings, rows: np.ndarray, starts: np.ndarray, step: int
) -> xr.Dataset:
    """Terms pooled over groups of rows (group, ...); a group begins at each of ``starts`` among the rows."""
    group = np.zeros(len(rows), dtype=np.int64)
    group[starts[1:]] = 1
    group = np.cumsum(group)
    totals: dict[str, xr.Variable] = {}
    for start in range(0, len(rows), step):
        values = daily_terms(tuple(terms), _select(pairs, rows[start : start + step]), settings)
        seen, first = np.unique(group[start : start + step], return_index=True)
        for key, term in values.data_vars.items():
            join = np.maximum if term.attrs.get(POOLING) == "max" else np.add
            kind = np.float32 if term.dtype == np.float32 else np.float64
            part = join.reduceat(term.values.astype(kind), first, axis=0)
            if key not in totals:
                totals[str(key)] = xr.Variable(term.dims, np.zeros((len(starts), *part.shape[1:]), dtype=kind))
            total = totals[str(key)].values
            total[seen] = join(total[seen], part)
    return xr.Dataset(totals, coords=values.coords)
