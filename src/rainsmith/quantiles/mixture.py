"""How much of a forecast should be the climate: found on days that the network was not trained on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np

from rainsmith.quantiles.calibration import CLASSES, Calibration, class_of, mixed_levels
from rainsmith.quantiles.climate import climate_of, quantiles_in
from rainsmith.quantiles.distribution import Distribution
from rainsmith.quantiles.exceedances import Counts

SHARES = (0.0, 0.005, 0.01, 0.02, 0.05, 0.1)
"""Shares of the climate that are tried."""
JUDGED = np.array([0.5, 0.9, 0.95, 0.99, 0.999])
"""Levels at which they are judged."""
COUNTED_CELLS = 4_000_000
"""Cell-days whose levels are counted, at most; cells of a day are thinned out evenly."""
KEPT_VALUES = 16_000_000
"""Members of cells that are kept for the judgement, at most."""
LEAST_CELLS = 20
"""Cells of a day that are counted and kept all the same."""


@dataclass(frozen=True, eq=False)
class _Counted:
    """Cells of one or more days: weeks, classes, observed amounts [mm/day], and their levels among the members."""

    weeks: np.ndarray
    classes: np.ndarray
    amounts: np.ndarray
    lowest: np.ndarray
    highest: np.ndarray

    def chosen(self, places: np.ndarray) -> _Counted:
        """Those of some places, (cells,) bool."""
        return _Counted(*(getattr(self, one.name)[places] for one in fields(self)))


class MixtureTally:
    """Keeps what the members said of observed amounts, day by day, and makes a calibration of it.

    The climate of a class of cells is what was observed in them, so that its share adds what members call impossible
    and what happens in such cells all the same. The share is the one of the lowest pinball loss of calibrated
    quantiles, summed over the levels ``JUDGED``, each divided by that of the climate. Each half of the weeks is judged
    by the calibration of the other half; what is given back is made of all weeks.

    Args:
        days: number of days that will be added.
        members: number of members of each.
    """

    def __init__(self, days: int, members: int) -> None:
        self.most_counted = max(LEAST_CELLS, COUNTED_CELLS // max(1, days))
        self.most_kept = max(LEAST_CELLS, KEPT_VALUES // max(1, days * members))
        self.counted: list[_Counted] = []
        self.kept: list[tuple[int, Distribution, np.ndarray]] = []

    def add(self, week: int, found: Distribution, observed: np.ndarray, valid: np.ndarray) -> None:
        """Keep one day.

        Args:
            week: number of the week.
            found: distributions of the cells.
            observed: (cells,) [mm/day].
            valid: (cells,) True where there is an observation.
        """
        known = np.flatnonzero(valid)
        if not len(known):
            return
        chosen = _thinned(known, self.most_counted)
        some = found.some(slice(None), chosen)
        lowest, highest = (levels[:, 0] for levels in some.levels(observed[chosen, None]))
        weeks = np.full(len(chosen), week)
        self.counted.append(_Counted(weeks, class_of(some.mean), observed[chosen], lowest, highest))
        chosen = _thinned(known, self.most_kept)
        self.kept.append((week, found.some(slice(None), chosen), observed[chosen]))

    def calibration(self, traces: np.ndarray | None = None) -> Calibration:
        """The calibration whose share of the climate forecasts best in each class.

        Args:
            traces: (levels,) quantiles [mm/day] that dry members were given.
        """
        losses, counted = np.zeros((len(SHARES), len(CLASSES) + 1)), _joined(self.counted)
        for half in (0, 1):
            tried = _calibrations(counted.chosen(counted.weeks % 2 != half))
            judges = [one for one in self.kept if one[0] % 2 == half]
            losses += [_losses(calibration, judges) for calibration in tried]
        best, of_all = losses.argmin(axis=0), _calibrations(counted)
        exceeded = np.stack([of_all[place].exceeded[kind] for kind, place in enumerate(best)])
        return Calibration(exceeded, np.array(SHARES)[best], of_all[0].climates, traces)


def _thinned(places: np.ndarray, most: int) -> np.ndarray:
    return places[:: -(-len(places) // most)]


def _joined(counted: Sequence[_Counted]) -> _Counted:
    nothing = _Counted(*np.zeros((2, 0), np.int64), *np.zeros((3, 0)))
    parts = [nothing, *counted]
    return _Counted(*(np.concatenate([getattr(part, one.name) for part in parts]) for one in fields(nothing)))


def _calibrations(counted: _Counted) -> list[Calibration]:
    """The calibration of some days for each of ``SHARES``."""
    kinds = [counted.chosen(counted.classes == kind) for kind in range(len(CLASSES) + 1)]
    climates = np.stack([climate_of(one.amounts) for one in kinds])
    made = []
    for share in SHARES:
        exceeded = []
        for one, climate in zip(kinds, climates, strict=True):
            counts = Counts()
            lowest, highest = mixed_levels((one.lowest, one.highest), climate, share, one.amounts)
            for week in np.unique(one.weeks):
                of_week = one.weeks == week
                counts.add(int(week), lowest[of_week], highest[of_week])
            exceeded.append(counts.frequencies())
        made.append(Calibration(np.stack(exceeded), np.full(len(kinds), share), climates))
    return made


def _losses(calibration: Calibration, judges: Sequence[tuple[int, Distribution, np.ndarray]]) -> np.ndarray:
    """(classes,) the pinball losses of calibrated quantiles, each over that of the climate, summed over levels."""
    ours, climates = np.zeros((2, len(CLASSES) + 1, len(JUDGED)))
    for _, found, observed in judges:
        loss, classes = _pinball(calibration.quantiles(found, JUDGED), observed), class_of(found.mean)
        for kind in np.unique(classes):
            of_class = classes == kind
            ours[kind] += loss[of_class].sum(axis=0)
            alone = quantiles_in(calibration.climates[kind], JUDGED)
            climates[kind] += _pinball(alone[None], observed[of_class]).sum(axis=0)
    return np.asarray((ours / np.maximum(climates, 1e-9)).sum(axis=1))


def _pinball(quantiles: np.ndarray, observed: np.ndarray) -> np.ndarray:
    """Pinball losses (cells, levels) [mm/day]."""
    error = observed[:, None] - quantiles
    return np.asarray(np.maximum(JUDGED * error, (JUDGED - 1) * error))
