"""How much of a forecast should be the climate: found on days that the network was not trained on."""

from __future__ import annotations

import numpy as np

from rainsmith.quantiles.calibration import Calibration, mixed_levels
from rainsmith.quantiles.climate import LEVELS, Climate
from rainsmith.quantiles.distribution import Distribution
from rainsmith.quantiles.exceedances import Counts

SHARES = (0.0, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2)
"""Shares of the climate that are tried."""
_EDGES_AT = (0.5, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.998, 0.999)
"""Levels of the climate between whose amounts the probabilities of forecasts are compared."""
_LEAST = 1e-9
"""Probabilities below this count as this."""


class MixtureTally:
    """Counts, for each share of the climate, how often levels are exceeded, and how probable the observed amounts were.

    The share is that of the lowest ignorance, the mean of -log p of the class of amounts that was observed, which is a
    proper score (Good 1952; Roulston and Smith 2002, doi:10.1175/1520-0493(2002)130<1653:EPFUIT>2.0.CO;2): a forecast
    that calls impossible what happens is punished most.

    Args:
        climate: of the training days.
    """

    def __init__(self, climate: Climate) -> None:
        self.climate = climate
        self.counts = [Counts() for _ in SHARES]
        self.ignorance = np.zeros(len(SHARES))
        of_year = np.interp(_EDGES_AT, LEVELS, climate.amounts.mean(axis=0))
        self.edges = np.concatenate([[0.0], np.unique(of_year[of_year > 0])]).astype(np.float32)

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
            there, amounts = valid[cells], observed[cells]
            points = amounts[:, None], np.broadcast_to(self.edges, (len(amounts), len(self.edges)))
            of_members = [found.levels(each, cells) for each in points]
            kind = np.searchsorted(self.edges, amounts, side="left")[:, None]
            for place, share in enumerate(SHARES):
                at, up_to = (
                    mixed_levels(levels, self.climate, share, each, season)
                    for levels, each in zip(of_members, points, strict=True)
                )
                self.counts[place].add(week, season, at[0][there, 0], at[1][there, 0])
                bounds = np.pad(up_to[1], ((0, 0), (1, 1)), constant_values=((0, 0), (0, 1)))
                probability = np.take_along_axis(np.diff(bounds, axis=1), kind, axis=1)[there]
                self.ignorance[place] -= float(np.log(np.maximum(probability, _LEAST)).sum())

    def calibration(self) -> Calibration:
        """The calibration of the share of the lowest ignorance."""
        best = int(np.argmin(self.ignorance))
        return Calibration(self.counts[best].frequencies(), SHARES[best], self.climate)
