"""Forecasts that a model has to beat, made of training days: by the calendar, the coarse rain and analogs."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import xarray as xr

from rainsmith.base.dims import SPLITS, TIME, day_numbers
from rainsmith.base.errors import UserError
from rainsmith.baselines.fields import CoarseRain, NotApplicable, as_forecast, coarse_rain, training_days
from rainsmith.baselines.rainfarm import rainfarm
from rainsmith.data import analogs

__all__ = ["BASELINES", "SINGLE_VALUED", "NotApplicable", "forecast"]

WINDOW_DAYS = 15
"""[days] Half width of the season that climatology draws from."""
FLOOR_MM = 0.02
"""[mm/day] Added to numerator and denominator of a ratio of coarse fields, so that dry air keeps it finite."""
CAP = 10.0
"""Largest factor by which a cell of an analog is rescaled."""
_CHUNK = 64  # days rescaled at a time


def forecast(name: str, store: xr.Dataset, split: str, members: int, *, seed: int = 0) -> xr.DataArray:
    """Forecast of one baseline for every day of a split.

    climatology: training days drawn without replacement within 15 calendar days, of any year, never the day itself.
    bilinear: the coarse rain interpolated to the fine grid (one member).
    ratio: bilinear times the ratio of the training climatologies, fine over interpolated coarse (one member).
    quantile-mapping: bilinear mapped cell by cell so that its training distribution is the observed one (one member).
    rainfarm: the coarse rain with random detail that continues its spectrum (needs pysteps).
    analogs: the nearest training days, by the square root of the coarse rain, or where there is none by the 15
    leading principal components of the standardised predictors.
    scaled-analogs: analogs rescaled cell by cell by the ratio of the interpolated coarse fields (docs/adr/0001).
    tuned-analogs: the strongest that were found: block means exact, or components half whitened (docs/adr/0001).

    Args:
        name: one of ``BASELINES``.
        store: the prepared data (DESIGN 4); only its training days and the predictors are read.
        split: train, validation or test; a training day and its neighbours within 3 days are no analogs of it.
        members: K; single-valued baselines give one.
        seed: of climatology and rainfarm; a member is a function of (seed, day, member) only.

    Returns:
        (time, member, y, x) float32 [mm/day], NaN at invalid cells.

    Raises:
        NotApplicable: the store lacks what the baseline is made of.
        UserError: an unknown name, or fewer training days than members.
    """
    if name not in BASELINES:
        raise UserError(f"found the baseline '{name}'; expected one of {', '.join(BASELINES)}")
    if members < 1:
        raise UserError(f"found {members} members; expected at least 1")
    days = np.flatnonzero(store["split"].values == SPLITS.index(split))
    if name == "climatology":
        cells = _climatology(store, days, members, seed)
    elif name in ("bilinear", "ratio"):
        cells = _interpolated(name, store, days)
    elif name == "rainfarm":
        cells = rainfarm(store, days, members, seed)
    else:
        cells = _FROM_TRAINING_DAYS[name](store, days, members)
    return as_forecast(cells, store, days, name)


def _climatology(store: xr.Dataset, days: np.ndarray, members: int, seed: int) -> np.ndarray:
    library, fields = training_days(store)
    time = store[TIME]
    year_length = 360 if time.dt.calendar == "360_day" else 365
    season = time.dt.dayofyear.values.astype(int)
    numbers = day_numbers(time)
    chosen = np.empty((len(days), members), dtype=np.int64)
    for row, day in enumerate(days):
        away = np.abs(season[library] - season[day])
        near = np.minimum(away, year_length - away) <= WINDOW_DAYS
        candidates = np.flatnonzero(near & (library != day))
        if not len(candidates):
            raise UserError(
                f"found no training day within {WINDOW_DAYS} calendar days of {numbers[day]}; climatology needs some; "
                "train on the same months"
            )
        generator = np.random.default_rng([seed % 2**32, int(numbers[day])])
        rounds = -(-members // len(candidates))  # a small library repeats itself only when it is used up
        drawn = np.concatenate([generator.permutation(candidates) for _ in range(rounds)])
        chosen[row] = drawn[:members]
    return fields[chosen]


def _interpolated(name: str, store: xr.Dataset, days: np.ndarray) -> np.ndarray:
    coarse = coarse_rain(store, name)
    values = coarse.at_cells(coarse.fields[days])
    if name == "ratio":
        train = store["split"].values == SPLITS.index("train")
        mean = coarse.at_cells(np.nanmean(coarse.fields[train], axis=0, keepdims=True))
        values = values * (store["climatology"].values[store["mask"].values] / np.maximum(mean, FLOOR_MM))
    return values[:, None]


def _quantile_mapped(store: xr.Dataset, days: np.ndarray, members: int) -> np.ndarray:
    """Empirical quantile mapping of the interpolated coarse rain, cell by cell; above its maximum by the last ratio."""
    coarse = coarse_rain(store, "quantile-mapping")
    library, fields = training_days(store)
    before = np.sort(coarse.at_cells(coarse.fields[library]), axis=0)
    after = np.sort(fields, axis=0)
    values = coarse.at_cells(coarse.fields[days])
    mapped = np.empty_like(values)
    for cell in range(values.shape[1]):
        x, y = before[:, cell], after[:, cell]
        beyond = np.maximum(values[:, cell] / max(float(x[-1]), FLOOR_MM), 1.0)
        mapped[:, cell] = np.interp(values[:, cell], x, y) * beyond
    return np.where(values > 0, mapped, 0.0)[:, None]


def _search(store: xr.Dataset, features: np.ndarray, library: np.ndarray, days: np.ndarray, members: int) -> np.ndarray:
    """Indices into the library of each day's analogs: (day, member), nearest first."""
    ordinals = analogs.ordinals(store[TIME])
    exclude = analogs.too_close(ordinals[days], ordinals[library])
    try:
        return analogs.nearest(features[library], features[days], members, exclude=exclude)
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
    scores = analogs.principal_components(predictors, train)
    return np.asarray(scores / scores[train].std(axis=0) ** whitening)


def _analogs(store: xr.Dataset, days: np.ndarray, members: int, whitening: float = 0.0) -> np.ndarray:
    library, fields = training_days(store)
    if store.attrs.get("coarse_rain_channel"):
        features = _coarse_features(coarse_rain(store, "analogs"))
    else:
        features = _component_features(store, whitening)
    return fields[_search(store, features, library, days, members)]


def _scaled(store: xr.Dataset, days: np.ndarray, members: int, exact: bool = False) -> np.ndarray:
    """Analogs times the ratio of the interpolated coarse fields, target over analog.

    Where the coarse rain is block means of the target, each member's domain mean (``exact``: each block mean) is then
    set to that of the target day's coarse rain; where it is another field its bias is not ours to impose.
    """
    coarse = coarse_rain(store, "scaled-analogs")
    library, fields = training_days(store)
    chosen = _search(store, _coarse_features(coarse), library, days, members)
    at_library = coarse.at_cells(coarse.fields[library]).astype(np.float32)
    result = np.empty((len(days), members, fields.shape[1]), dtype=np.float32)
    for start in range(0, len(days), _CHUNK):
        part = slice(start, start + _CHUNK)
        target = coarse.fields[days[part]]
        ratio = (coarse.at_cells(target)[:, None] + FLOOR_MM) / (at_library[chosen[part]] + FLOOR_MM)
        scaled = fields[chosen[part]] * np.minimum(ratio, CAP)
        if coarse.exact:
            wanted = coarse.block_values(target)
            scaled *= _factor(wanted.mean(axis=1)[:, None], scaled.mean(axis=2))[:, :, None]
            if exact:
                scaled *= _factor(wanted[:, None], _block_means(scaled, coarse))
        result[part] = scaled
    return result


def _factor(wanted: np.ndarray, found: np.ndarray) -> np.ndarray:
    """wanted / found, capped; where both are zero it does no harm."""
    return np.asarray(np.minimum(wanted / np.maximum(found, 1e-6), CAP))


def _block_means(values: np.ndarray, coarse: CoarseRain) -> np.ndarray:
    """The mean of each cell's block: (day, member, cell)."""
    order = np.argsort(coarse.block, kind="stable")
    starts = np.flatnonzero(np.diff(coarse.block[order], prepend=-1))
    sums = np.add.reduceat(values[:, :, order], starts, axis=2)
    means = sums / np.diff(np.append(starts, len(order)))
    position = np.unique(coarse.block, return_inverse=True)[1]
    return np.asarray(means[:, :, position])


def _tuned(store: xr.Dataset, days: np.ndarray, members: int) -> np.ndarray:
    if not store.attrs.get("coarse_rain_channel"):
        return _analogs(store, days, members, whitening=0.5)
    if not int(store.attrs.get("coarsen", 0)):
        raise NotApplicable(
            "found coarse rain that is not block means of the target; 'tuned-analogs' sets block means exactly; "
            "name 'scaled-analogs'"
        )
    return _scaled(store, days, members, exact=True)


_FROM_TRAINING_DAYS: dict[str, Callable[[xr.Dataset, np.ndarray, int], np.ndarray]] = {
    "quantile-mapping": _quantile_mapped,
    "analogs": _analogs,
    "scaled-analogs": _scaled,
    "tuned-analogs": _tuned,
}
SINGLE_VALUED = ("bilinear", "ratio", "quantile-mapping")
"""Baselines of one member."""
BASELINES = ("climatology", "bilinear", "ratio", *_FROM_TRAINING_DAYS, "rainfarm")
"""Names that ``forecast`` knows."""
