"""Analogs: the training days with the most similar coarse input, as they were or rescaled (docs/adr/0001)."""

from __future__ import annotations

import numpy as np
import xarray as xr

from rainsmith.base.dims import SPLITS, TIME
from rainsmith.base.errors import UserError
from rainsmith.baselines.fields import FLOOR_MM, CoarseRain, coarse_rain, has_coarse_rain, library_of
from rainsmith.baselines.registry import BASELINES, Baseline, NotApplicable
from rainsmith.data.analogs import nearest, ordinals, principal_components, too_close

CAP = 10.0
"""Largest factor by which a cell of an analog is rescaled."""
_CHUNK_DAYS = 16  # [days] that are rescaled at a time, to bound the memory


def analogs(store: xr.Dataset, days: np.ndarray, members: int, seed: int) -> np.ndarray:
    """The training days with the most similar coarse input, nearest first: (day, member, cell) [mm/day].

    Days are compared by the square root of the coarse rain, or where there is none by the 15 leading principal
    components of the standardised predictors. A training day within 3 days of the forecast day is no analog of it.
    """
    return _unscaled(store, days, members, whitening=0.0)


def scaled_analogs(store: xr.Dataset, days: np.ndarray, members: int, seed: int) -> np.ndarray:
    """Analogs rescaled cell by cell by the ratio of the interpolated coarse fields: (day, member, cell) [mm/day].

    Where the coarse rain is block means of the target, each member's domain mean is then set to that of the day.
    """
    return _scaled(store, days, members, block_means_exact=False)


def tuned_analogs(store: xr.Dataset, days: np.ndarray, members: int, seed: int) -> np.ndarray:
    """The strongest form that was found (docs/adr/0001): (day, member, cell) [mm/day].

    With coarse rain, every block mean is set exactly; without, the principal components are half whitened.

    Raises:
        NotApplicable: the coarse rain is not block means of the target.
    """
    if not has_coarse_rain(store):
        return _unscaled(store, days, members, whitening=0.5)
    if not int(store.attrs.get("coarsen", 0)):
        raise NotApplicable(
            "found coarse rain that is not block means of the target, which they would keep "
            "exactly; 'scaled-analogs' are the form for it"
        )
    return _scaled(store, days, members, block_means_exact=True)


def _unscaled(store: xr.Dataset, days: np.ndarray, members: int, whitening: float) -> np.ndarray:
    library = library_of(store)
    if has_coarse_rain(store):
        features = _coarse_features(coarse_rain(store))
    else:
        features = _component_features(store, whitening)
    return library.fields(_search(store, features, library.days, days, members))


def _scaled(store: xr.Dataset, days: np.ndarray, members: int, block_means_exact: bool) -> np.ndarray:
    """Analogs times the ratio of the interpolated coarse fields, forecast day over analog.

    Where the coarse rain is block means of the target, each member's domain mean, and with ``block_means_exact`` each
    block mean, is then set to that of the forecast day. Coarse rain from elsewhere has a bias that is left alone.
    """
    coarse = coarse_rain(store)
    library = library_of(store)
    chosen = _search(store, _coarse_features(coarse), library.days, days, members)
    result = library.fields(chosen)
    for start in range(0, len(days), _CHUNK_DAYS):
        part = slice(start, start + _CHUNK_DAYS)
        target = coarse.fields[days[part]]
        of_analogs = coarse.at_cells(coarse.fields[library.days[chosen[part].ravel()]]).astype(np.float32)
        ratio = (coarse.at_cells(target)[:, None] + FLOOR_MM) / (of_analogs.reshape(result[part].shape) + FLOOR_MM)
        scaled = result[part] * np.minimum(ratio, CAP)
        if coarse.exact:
            wanted = coarse.block_values(target)
            scaled *= _factor(wanted.mean(axis=1)[:, None], scaled.mean(axis=2))[:, :, None]
            if block_means_exact:
                scaled *= _factor(wanted[:, None], _block_means(scaled, coarse))
        result[part] = scaled
    return result


def _search(store: xr.Dataset, features: np.ndarray, library: np.ndarray, days: np.ndarray, members: int) -> np.ndarray:
    """Indices into the library of each day's analogs: (day, member), nearest first."""
    day_count = ordinals(store[TIME])
    exclude = too_close(day_count[days], day_count[library])
    try:
        return nearest(features[library], features[days], members, exclude=exclude)
    except ValueError as error:
        raise UserError(str(error)) from None


def _coarse_features(coarse: CoarseRain) -> np.ndarray:
    """Square root of the coarse rain, coarse cells weighted by their valid fine cells: (time, coarse cell)."""
    rain = np.nan_to_num(np.maximum(coarse.fields, 0.0)).reshape(len(coarse.fields), -1)
    return np.asarray(np.sqrt(rain * coarse.share))


def _component_features(store: xr.Dataset, whitening: float) -> np.ndarray:
    """Scores on the leading components, each divided by its standard deviation to the power of ``whitening``."""
    train = store["split"].values == SPLITS.index("train")
    predictors = store["predictors"].transpose(TIME, "channel", "y_lr", "x_lr").values
    scores = principal_components(predictors, train)
    return np.asarray(scores / scores[train].std(axis=0) ** whitening)


def _factor(wanted: np.ndarray, actual: np.ndarray) -> np.ndarray:
    """wanted / actual, capped; 0 where both are 0."""
    return np.asarray(np.minimum(wanted / np.maximum(actual, 1e-6), CAP))


def _block_means(values: np.ndarray, coarse: CoarseRain) -> np.ndarray:
    """The mean of each cell's block: (day, member, cell)."""
    order = np.argsort(coarse.block, kind="stable")
    starts = np.flatnonzero(np.diff(coarse.block[order], prepend=-1))
    sums = np.add.reduceat(values[:, :, order], starts, axis=2)
    means = sums / np.diff(np.append(starts, len(order)))
    position = np.unique(coarse.block, return_inverse=True)[1]
    return np.asarray(means[:, :, position])


BASELINES.add(
    Baseline(
        name="analogs",
        order=50,
        title="analogs",
        meaning="the training days with the most similar coarse input",
        needs_coarse_rain=False,
        single_valued=False,
        by_default=True,
        function=analogs,
    )
)
BASELINES.add(
    Baseline(
        name="scaled-analogs",
        order=60,
        title="scaled analogs",
        meaning="analogs, rescaled to the coarse rain of the day",
        needs_coarse_rain=True,
        single_valued=False,
        by_default=True,
        function=scaled_analogs,
    )
)
BASELINES.add(
    Baseline(
        name="tuned-analogs",
        order=70,
        title="tuned analogs",
        meaning="the strongest form of analogs that was found",
        needs_coarse_rain=False,
        single_valued=False,
        by_default=True,
        function=tuned_analogs,
    )
)
