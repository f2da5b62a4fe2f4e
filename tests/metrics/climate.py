"""A rain climate of one line, for tests: a known amplitude a day times independent gamma amounts with dry gaps."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr


@dataclass(frozen=True)
class GammaClimate:
    """p(y | day): dry with probability 0.4, else amplitude(day) times a gamma variate; cells are independent."""

    days: int = 150
    ny: int = 12
    nx: int = 10
    start: str = "2001-01-01"
    seed: int = 5

    @property
    def time(self) -> xr.DataArray:
        stamps = np.datetime64(self.start, "ns") + np.arange(self.days) * np.timedelta64(1, "D")
        return xr.DataArray(stamps, dims="time", coords={"time": stamps})

    def draw(self, members: int, seed: int) -> xr.DataArray:
        """(time, member, y, x) float32 [mm/day], exchangeable with any other draw."""
        amplitude = np.random.default_rng(self.seed).lognormal(1.0, 0.8, self.days)
        random = np.random.default_rng([self.seed, seed])
        shape = (self.days, members, self.ny, self.nx)
        amount = random.gamma(0.7, 1.6, shape) * amplitude[:, None, None, None]
        amount = np.where(random.random(shape) < 0.4, 0.0, amount + 0.1)
        return xr.DataArray(
            amount.astype(np.float32), dims=("time", "member", "y", "x"), coords={"time": self.time.values}
        )

    def observed(self) -> xr.DataArray:
        """(time, y, x) float32 [mm/day]."""
        return self.draw(1, seed=999).isel(member=0, drop=True)


def array(values: object, members: bool = True) -> xr.DataArray:
    """Nested lists as (time, member, y, x), or (time, y, x), float32 [mm/day]."""
    dims = ("time", "member", "y", "x") if members else ("time", "y", "x")
    return xr.DataArray(np.asarray(values, dtype=np.float32), dims=dims)
