"""Search for analogs: the training days that resemble a day most in its coarse predictors.

Lorenz (1969), doi:10.1175/1520-0469(1969)26<636:APARBN>2.0.CO;2; Zorita and von Storch (1999),
doi:10.1175/1520-0442(1999)012<2474:TAMAAS>2.0.CO;2.
"""

from __future__ import annotations

from collections.abc import Iterator

import cftime
import numpy as np
import xarray as xr

from rainsmith.base.large_arrays import empty, parts, release

COMPONENTS = 15
"""Leading principal components in which days are compared where there is no coarse rain."""
GAP_DAYS = 3
"""[days] Training days within this distance of a training day are not analogs of it."""
_COLUMN_BYTES = 64 * 2**20  # [bytes] of the predictors of all days that are standardised at once
_QUERIES = 256  # days searched at once; bounds the matrix of distances


def ordinals(time: xr.DataArray) -> np.ndarray:
    """Each day as a count of days since 1900 in its own calendar: int64 (time,) [days]."""
    calendar = time.dt.calendar
    if np.issubdtype(time.dtype, np.datetime64):
        return np.asarray(time.values.astype("datetime64[D]") - np.datetime64("1900-01-01"), dtype=np.int64)
    numbers = cftime.date2num(time.values, "days since 1900-01-01", calendar=calendar)
    return np.floor(np.asarray(numbers, dtype=np.float64)).astype(np.int64)


def too_close(days: np.ndarray, library_days: np.ndarray, gap: int = GAP_DAYS) -> np.ndarray:
    """True where two days are at most ``gap`` [days] apart: bool (day, library day); ``gap`` < 0 excludes none."""
    days, library_days = np.asarray(days), np.asarray(library_days)
    close = np.empty((len(days), len(library_days)), dtype=bool)
    for part in parts(len(days), 8 * len(library_days)):
        close[part] = np.abs(days[part, None] - library_days) <= gap
    return close


def standardised(predictors: np.ndarray, train: np.ndarray) -> np.ndarray:
    """Predictors as one row a day, each value standardised by its own training mean and deviation; gaps become 0.

    Args:
        predictors: (time, channel, y_lr, x_lr) raw, NaN where missing.
        train: (time,) bool, the days that centre and scale.

    Returns:
        (time, channel * y_lr * x_lr) float64, dimensionless; in a file where it is large.
    """
    rows = empty((len(predictors), int(np.prod(predictors.shape[1:]))), np.float64)
    for days in parts(len(rows), 8 * rows.shape[1]):
        rows[days] = predictors[days].reshape(-1, rows.shape[1])
        release(predictors)
        release(rows)
    for columns in _some_columns(rows):
        values = np.ascontiguousarray(rows[:, columns])
        known = np.isfinite(values)
        values[~known] = 0.0
        count = np.maximum(known[train].sum(axis=0), 1)
        values -= values[train].sum(axis=0) / count
        values[~known] = 0.0
        scale = np.sqrt((values[train] ** 2).sum(axis=0) / count)
        values /= np.where(scale > 0, scale, 1.0)
        rows[:, columns] = values
        release(rows)
    return rows


def _some_columns(rows: np.ndarray) -> Iterator[slice]:
    """Slices of the columns of (time, column) rows; numpy adds up a column in another order where it is alone."""
    step = max(2, _COLUMN_BYTES // max(8 * len(rows), 1))
    starts = list(range(0, max(rows.shape[1] - 1, 1), step))
    for start, stop in zip(starts, [*starts[1:], rows.shape[1]], strict=True):
        yield slice(start, stop)


def principal_components(predictors: np.ndarray, train: np.ndarray, n: int = COMPONENTS) -> np.ndarray:
    """Scores of every day on the leading principal components of the standardised training predictors.

    Args:
        predictors: (time, channel, y_lr, x_lr) raw, NaN where missing.
        train: (time,) bool, the days that the components are fitted on.
        n: number of components; fewer where the training days vary in fewer.

    Returns:
        (time, n) float64: unscaled scores, so that a leading component counts more in a distance.
    """
    rows = standardised(predictors, train)
    fitted = _chosen(rows, np.flatnonzero(train))
    wide = fitted.shape[1] > fitted.shape[0]  # the smaller of the two Gram matrices has the same leading components
    values, vectors = np.linalg.eigh(fitted @ fitted.T if wide else fitted.T @ fitted)
    leading = np.arange(len(values))[::-1][:n]
    leading = leading[values[leading] > 1e-12 * values[-1]]
    axes = vectors[:, leading]
    if wide:
        axes = fitted.T @ axes / np.sqrt(values[leading])
    return np.asarray(rows @ axes)


def _chosen(rows: np.ndarray, days: np.ndarray) -> np.ndarray:
    """Some rows: a view where they follow each other, else a copy, which lies in a file where it is large."""
    if len(days) and (np.diff(days) == 1).all():
        return rows[days[0] : days[-1] + 1]
    chosen = empty((len(days), rows.shape[1]), rows.dtype)
    for part in parts(len(days), rows[:1].nbytes):
        chosen[part] = rows[days[part]]
        release(rows)
        release(chosen)
    return chosen


def nearest(library: np.ndarray, queries: np.ndarray, k: int, *, exclude: np.ndarray | None = None) -> np.ndarray:
    """The ``k`` rows of a library that are nearest to each query in Euclidean distance, nearest first.

    Args:
        library: (n, feature) of the training days.
        queries: (m, feature) of the days that look for analogs.
        k: number of analogs of each query.
        exclude: (m, n) bool, True for pairs that must not be chosen; None excludes none.

    Returns:
        (m, k) int64 indices into the library.

    Raises:
        ValueError: a query has fewer than ``k`` candidates.
    """
    allowed = np.full(len(queries), len(library)) if exclude is None else (~exclude).sum(axis=1)
    if len(queries) and allowed.min() < k:
        raise ValueError(
            f"found {allowed.min()} candidate days for {k} analogs; ask for fewer members or give more training days"
        )
    analogs = np.empty((len(queries), k), dtype=np.int64)
    norm = (library**2).sum(axis=1)
    for start in range(0, len(queries), _QUERIES):
        part = slice(start, start + _QUERIES)
        distance = norm - 2.0 * queries[part] @ library.T  # plus the query's own norm, the same for all candidates
        if exclude is not None:
            distance[exclude[part]] = np.inf
        chosen = np.argpartition(distance, k - 1, axis=1)[:, :k]
        order = np.argsort(np.take_along_axis(distance, chosen, axis=1), axis=1, kind="stable")
        analogs[part] = np.take_along_axis(chosen, order, axis=1)
    return analogs


def analog_mean(
    predictors: np.ndarray,
    rain: np.ndarray,
    train: np.ndarray,
    days: np.ndarray,
    *,
    members: int = 50,
    gap: int = GAP_DAYS,
) -> np.ndarray:
    """Mean domain rain of each day's analog ensemble: how wet the predictors alone make a day look.

    Args:
        predictors: (time, channel, y_lr, x_lr) raw, NaN where missing.
        rain: (time,) domain mean [mm/day]; only training days are read.
        train: (time,) bool, the days that are analogs and that the components are fitted on.
        days: (time,) from ``ordinals``.
        members: number of analogs of a day; fewer where there are not enough training days.
        gap: training days within this distance of a training day are not analogs of it [days].

    Returns:
        (time,) [mm/day].

    Raises:
        ValueError: a day has no candidate for an analog.
    """
    features = principal_components(predictors, train)
    library = np.flatnonzero(train & np.isfinite(rain))
    few = [slice(start, start + _QUERIES) for start in range(0, len(days), _QUERIES)]  # all pairs would not fit
    members = min([members, *(int((~too_close(days[part], days[library], gap)).sum(axis=1).min()) for part in few)])
    if members < 1:
        raise ValueError("found no candidate day for the analogs of some day; give more training days")
    means = np.empty(len(days))
    for part in few:
        exclude = too_close(days[part], days[library], gap)
        chosen = nearest(features[library], features[part], members, exclude=exclude)
        means[part] = rain[library][chosen].mean(axis=1)
    return means
