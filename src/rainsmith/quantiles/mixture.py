"""How much of a forecast should be the climate: found on days that the network was not trained on."""

from __future__ import annotations

import numpy as np

from rainsmith.quantiles.calibration import CLASSES, Calibration, class_of, mixed_levels
from rainsmith.quantiles.climate import Climate
from rainsmith.quantiles.distribution import Distribution
from rainsmith.quantiles.exceedances import Counts

SHARES = (0.0, 0.005, 0.01, 0.02, 0.05, 0.1)
"""Shares of the climate that are tried."""
JUDGED = np.array([0.5, 0.9, 0.95, 0.99, 0.999])
"""Levels at which they are judged."""
KEPT_VALUES = 16_000_000
"""Members of cells that are kept for the judgement, at most."""
LEAST_CELLS = 20


class MixtureTally:
    """Counts, for each share of the climate, how often levels are exceeded; then says which share forecasts best.

    The share is that of the lowest pinball loss of calibrated quantiles, summed over the levels ``JUDGED``, each
    divided by that of the climate, on evenly spaced cells of the same days. Where the weather tells dry cells from wet
    ones, no share is needed; where all members may be dry and it rains all the same, some is.

    Args:
        climate: of the training days.
        draws: members that will be counted of each cell, over all days.
    """

    def __init__(self, climate: Climate, draws: int) -> None:
        self.climate = climate
        self.counts = [[Counts() for _ in SHARES] for _ in range(len(CLASSES) + 1)]
        self.kept: list[tuple[int, Distribution, np.ndarray]] = []
        self.cells = max(LEAST_CELLS, KEPT_VALUES // max(1, draws))

    def add(self, week: int, season: int, found: Distribution, observed: np.ndarray, valid: np.ndarray) -> None:
        """Count one day.

        Args:
            week: number of the week.
            season: number of the season.
            found: distributions of the cells.
            observed: (cells,) [mm/day].
            valid: (cells,) True where there is an observation.
        """
        for cells in found.blocks():
            amounts, classes = observed[cells][:, None], class_of(found.mean[cells])
            of_members = found.levels(amounts, cells)
            for place, share in enumerate(SHARES):
                lowest, highest = mixed_levels(of_members, self.climate, share, amounts, season)
                for kind in np.unique(classes[valid[cells]]):
                    chosen = valid[cells] & (classes == kind)
                    self.counts[kind][place].add(week, lowest[chosen, 0], highest[chosen, 0])
        known = np.flatnonzero(valid)
        chosen = known[:: max(1, len(known) // self.cells)]
        if len(chosen):
            self.kept.append((season, found.some(slice(None), chosen), observed[chosen]))

    def calibration(self) -> Calibration:
        """The calibration whose share forecasts best in each class."""
        tried = [
            Calibration(
                np.stack([of_class[place].frequencies() for of_class in self.counts]),
                np.full(len(self.counts), share),
                self.climate,
            )
            for place, share in enumerate(SHARES)
        ]
        best = np.argmin([self.losses(calibration) for calibration in tried], axis=0)
        exceeded = np.stack([tried[place].exceeded[kind] for kind, place in enumerate(best)])
        return Calibration(exceeded, np.array(SHARES)[best], self.climate)

    def losses(self, calibration: Calibration) -> np.ndarray:
        """(classes,) the pinball losses of calibrated quantiles, each over that of the climate, summed over levels."""
        ours, climates = np.zeros((2, len(self.counts), len(JUDGED)))
        for season, found, observed in self.kept:
            loss = _pinball(calibration.quantiles(found, JUDGED, season), observed)
            of_climate = _pinball(self.climate.quantiles(JUDGED, season)[None], observed)
            classes = class_of(found.mean)
            for kind in np.unique(classes):
                ours[kind] += loss[classes == kind].sum(axis=0)
                climates[kind] += of_climate[classes == kind].sum(axis=0)
        return np.asarray((ours / np.maximum(climates, 1e-9)).sum(axis=1))


def _pinball(quantiles: np.ndarray, observed: np.ndarray) -> np.ndarray:
    """Pinball losses (cells, levels) [mm/day]."""
    error = observed[:, None] - quantiles
    return np.asarray(np.maximum(JUDGED * error, (JUDGED - 1) * error))
