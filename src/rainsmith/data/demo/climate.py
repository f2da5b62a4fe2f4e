"""The embedded data set: a seeded stochastic rain climate whose true distribution p(y | x) is known.

The coarse state x of a day (six predictors, `demo.weather`) is made first; the rain y is then drawn given x *alone*.
No predictor depends on y: the coarse rain is the forcing of the rain, not the block mean of what fell. The observed day
is therefore one draw of the same distribution from which `DemoClimate.truth_ensemble` draws, and true members and
observation are exchangeable given x.

The rain y of a day is drawn as follows. A Gaussian field z with a Matern spectrum (rough and short on warm, unstable
days; stretched along the wind) becomes rain cell by cell through the quantile function of the distribution there. The
cell is dry with probability 1 - p; else its amount has the extended generalised Pareto distribution
F(y) = H(y)^kappa, where H is the generalised Pareto distribution of shape xi (model (i) of Naveau et al. 2016,
doi:10.1002/2015WR018552). The expectation is the interpolated coarse rain times a factor that depends on elevation, on
wind up the slope and on moisture; p, kappa, xi and the spectrum depend on x.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import xarray as xr
from scipy.special import beta, ndtr

from rainsmith.base.dims import CHANNEL, MEMBER, STATIC, TIME, X_LR, Y_LR, X, Y
from rainsmith.config import Demo
from rainsmith.data.demo.character import DEMO, Character
from rainsmith.data.demo.weather import CELL_KM, CHANNELS, Terrain, coarse_state, terrain
from rainsmith.data.grids.nested import nested_index, nested_rows_and_columns
from rainsmith.data.raw import RawData

PROJECTION = "EPSG:32631"
"""Where the imaginary domain lies: UTM zone 31 north."""
ORIGIN_M = (350_000.0, 4_600_000.0)
"""Easting and northing of the south-west corner [m]."""
OBSERVED, TRUTH = 10, 11
"""First numbers of the seeds of the observed day and of true members, so that their noise is independent."""


@dataclass(frozen=True)
class Law:
    """p(y | x) of one day, at the n valid cells.

    Attributes:
        wet: (n,) probability that y > 0.
        scale: (n,) scale of the generalised Pareto distribution [mm/day].
        shape: (n,) its shape xi.
        kappa: (n,) exponent of the lower tail.
        spectrum: (rows, columns // 2 + 1), amplitudes that give the Gaussian field unit variance.
    """

    wet: np.ndarray
    scale: np.ndarray
    shape: np.ndarray
    kappa: np.ndarray
    spectrum: np.ndarray

    def exceedance(self, threshold_mm: float) -> np.ndarray:
        """P(y > threshold) at each valid cell, for a threshold >= 0 [mm/day]."""
        pareto = -np.expm1(-np.log1p(self.shape * threshold_mm / self.scale) / self.shape)
        return self.wet * (1 - pareto**self.kappa)

    def mean(self) -> np.ndarray:
        """E[y] at each valid cell [mm/day]."""
        return self.wet * self.scale * unit_mean(self.shape, self.kappa)

    def amounts(self, z: np.ndarray) -> np.ndarray:
        """Rain [mm/day] of standard normal values z (n,): the quantile function of the law at Phi(z)."""
        tail = ndtr(-z) / self.wet  # P(above | wet); 1 or more where it is dry
        rain = np.zeros_like(z)
        wet = np.flatnonzero(tail < 1)
        shape = self.shape[wet]
        above = -np.expm1(np.log1p(-tail[wet]) / self.kappa[wet])  # 1 - (1 - tail)^(1 / kappa) without cancellation
        rain[wet] = self.scale[wet] / shape * np.expm1(-shape * np.log(above))
        return rain


def unit_mean(shape: np.ndarray, kappa: np.ndarray) -> np.ndarray:
    """Mean of the extended generalised Pareto distribution of scale 1, shape < 1."""
    return (kappa * beta(kappa, 1 - shape) - 1) / shape


@dataclass(frozen=True)
class DemoClimate:
    """The embedded climate of a configuration: its weather, the distribution of its rain, and draws from it.

    Attributes:
        demo: size and seed of the climate.
        character: what kind of rain it has.
    """

    demo: Demo
    character: Character = DEMO

    @cached_property
    def time(self) -> xr.DataArray:
        """Days of the record (time), standard calendar."""
        days = np.arange(
            f"{self.demo.first_year}-01-01", f"{self.demo.first_year + self.demo.years}-01-01", dtype="M8[D]"
        )
        return xr.DataArray(days.astype("M8[ns]"), dims=TIME, attrs={"standard_name": "time", "axis": "T"})

    @cached_property
    def maps(self) -> Terrain:
        """Land, elevation and coast."""
        return terrain(self.demo.ny, self.demo.nx)

    @cached_property
    def predictors(self) -> np.ndarray:
        """The coarse state x: (time, 6, ny_lr, nx_lr) float32."""
        return coarse_state(self.demo, self.time.dt.dayofyear.values, self.character)

    def law(self, day: int) -> Law:
        """p(y | x) of the day with this index: a function of its predictors and the static maps only."""
        x = self.predictors[day].astype(np.float64)
        q, u, v, temperature, _, rain = self._rows @ x @ self._columns.T
        maps, land, kind = self.maps, self.maps.land, self.character
        upslope = (u * maps.slope_x + v * maps.slope_y) * np.clip(q / 6.0, 0.3, 2.0)
        orography = kind.flat + kind.height * maps.elevation / 1000 + kind.upslope * np.tanh(upslope / 0.18)
        mean = np.maximum((rain * np.maximum(orography, 0.25))[land], 1e-3)
        unstable = 1 / (1 + np.exp(-(temperature[land] - 283.0) / 3.0))
        wet = 0.01 + 0.97 * -np.expm1(-((mean / kind.drizzle_mm) ** (0.75 - 0.15 * unstable)))
        shape = kind.shape + kind.shape_unstable * unstable
        kappa = 0.8 + 0.35 * mean
        scale = mean / (wet * unit_mean(shape, kappa))
        return Law(wet, scale, shape, kappa, self._spectrum(float(unstable.mean()), float(u.mean()), float(v.mean())))

    def observed(self, day: int) -> np.ndarray:
        """The rain that fell on the day with this index: (ny, nx) float32 [mm/day], NaN at sea."""
        return self._draw(self.law(day), np.random.default_rng([self.demo.seed, OBSERVED, day]))

    def truth_ensemble(self, day: int | Sequence[int] | np.ndarray, members: int, seed: int = 0) -> xr.DataArray:
        """Draw members of the true p(y | x) of one or more days.

        They are exchangeable with the observed rain of the day. The noise of a member is a pure function of
        (seed, day, member) and does not depend on what else is drawn.

        Args:
            day: index or indices of days in the record.
            members: number of members a day.
            seed: of the noise.

        Returns:
            (time, member, y, x) float32 [mm/day], NaN at sea.
        """
        days = np.atleast_1d(np.asarray(day, dtype=int))
        values = np.empty((len(days), members, self.demo.ny, self.demo.nx), dtype=np.float32)
        for i, d in enumerate(days.tolist()):
            law = self.law(d)
            for m in range(members):
                values[i, m] = self._draw(law, np.random.default_rng([self.demo.seed, TRUTH, seed, d, m]))
        dims = (TIME, MEMBER, Y, X)
        coords = {**self._grid, TIME: self.time.isel(time=days), MEMBER: np.arange(members)}
        return xr.DataArray(values, dims=dims, coords=coords, name="precip", attrs=_RAIN)

    def raw(self) -> RawData:
        """The whole record as raw fields, from which `prepare` makes a store."""
        rain = np.stack([self.observed(day) for day in range(self.time.size)])
        precip = xr.DataArray(
            rain, dims=(TIME, Y, X), coords={TIME: self.time, **self._grid}, name="precip", attrs=_RAIN
        )
        predictors = xr.DataArray(
            self.predictors,
            dims=(TIME, CHANNEL, Y_LR, X_LR),
            coords={TIME: self.time, CHANNEL: np.array(list(CHANNELS), dtype=object)},
            name="predictors",
            attrs={"channel_units": ", ".join(CHANNELS.values())},
        )
        maps = {
            "elevation": self.maps.elevation,
            "distance_to_coast": self.maps.coast_km,
            "land_sea_mask": self.maps.land,
        }
        statics = xr.DataArray(
            np.stack(list(maps.values())).astype(np.float32),
            dims=(STATIC, Y, X),
            coords={STATIC: np.array(list(maps), dtype=object)},
            name="statics",
            attrs={"units": "m, km, 1"},
        )
        row, col = nested_rows_and_columns((self.demo.ny, self.demo.nx), (self.demo.ny_lr, self.demo.nx_lr))
        return RawData(
            precip=precip,
            predictors=predictors,
            statics=statics,
            coarse_row=row,
            coarse_col=col,
            coarse_rain_channel="coarse_rain",
            rain_channels=("coarse_rain",),
            attrs={
                "title": "Embedded stochastic rain climate (not an observation)",
                "source": f"rainsmith.data.demo, seed {self.demo.seed}",
                "terms": "Apache-2.0, part of rainsmith",
            },
        )

    @cached_property
    def _rows(self) -> np.ndarray:
        return linear_weights(self.demo.ny, self.demo.ny_lr)

    @cached_property
    def _columns(self) -> np.ndarray:
        return linear_weights(self.demo.nx, self.demo.nx_lr)

    @cached_property
    def _wavenumbers(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """ky, kx [1/km] of the padded periodic domain, and how often each rfft coefficient counts."""
        padded = [int(np.ceil((n + 20) / 6)) * 6 for n in (self.demo.ny, self.demo.nx)]
        ky = 2 * np.pi * np.fft.fftfreq(padded[0], CELL_KM)[:, None]
        kx = 2 * np.pi * np.fft.rfftfreq(padded[1], CELL_KM)[None, :]
        twice = np.where((kx == 0) | (kx == kx.max()), 1.0, 2.0)
        return ky, kx, twice

    def _spectrum(self, unstable: float, u: float, v: float) -> np.ndarray:
        """Amplitudes of a Matern field that is short and rough where ``unstable`` is 1, stretched along the wind."""
        ky, kx, twice = self._wavenumbers
        speed = np.hypot(u, v)
        along = (kx * u + ky * v) / max(speed, 1e-6)
        across = (ky * u - kx * v) / max(speed, 1e-6)
        stretch = 1 + 0.5 * np.tanh(speed / 12.0)
        length = self.character.length_km - self.character.shorter_km * unstable
        smooth = 0.9 - 0.4 * unstable
        power = (1 + (length * stretch * along) ** 2 + (length / stretch * across) ** 2) ** -(1 + smooth)
        # unit variance: the mean over cells of the squared inverse transform of white noise times the amplitude is 1
        return np.sqrt(power * ky.size * (2 * kx.size - 2) / (power * twice).sum())

    def _draw(self, law: Law, rng: np.random.Generator) -> np.ndarray:
        """One member. Members are drawn one by one, so that their values do not depend on what else is drawn."""
        ky, kx, _ = self._wavenumbers
        noise = np.fft.rfft2(rng.standard_normal((ky.size, 2 * kx.size - 2)))
        z = np.fft.irfft2(noise * law.spectrum)[: self.demo.ny, : self.demo.nx]
        rain = np.full((self.demo.ny, self.demo.nx), np.nan, dtype=np.float32)
        rain[self.maps.land] = law.amounts(z[self.maps.land])
        return rain

    @cached_property
    def _grid(self) -> dict[str, xr.DataArray]:
        """Projection coordinates, latitude, longitude and grid mapping."""
        from pyproj import CRS, Transformer

        x = ORIGIN_M[0] + (np.arange(self.demo.nx) + 0.5) * CELL_KM * 1000
        y = ORIGIN_M[1] + (np.arange(self.demo.ny) + 0.5) * CELL_KM * 1000
        crs = CRS.from_user_input(PROJECTION)
        longitude, latitude = Transformer.from_crs(crs, "EPSG:4326", always_xy=True).transform(*np.meshgrid(x, y))
        north = {"standard_name": "latitude", "units": "degrees_north"}
        east = {"standard_name": "longitude", "units": "degrees_east"}
        return {
            Y: xr.DataArray(y, dims=Y, attrs={"standard_name": "projection_y_coordinate", "units": "m", "axis": "Y"}),
            X: xr.DataArray(x, dims=X, attrs={"standard_name": "projection_x_coordinate", "units": "m", "axis": "X"}),
            "latitude": xr.DataArray(latitude, dims=(Y, X), attrs=north),
            "longitude": xr.DataArray(longitude, dims=(Y, X), attrs=east),
            "crs": xr.DataArray(np.int32(0), attrs=crs.to_cf()),
        }


_RAIN = {"standard_name": "lwe_precipitation_rate", "units": "mm/day", "grid_mapping": "crs"}


def linear_weights(fine: int, coarse: int) -> np.ndarray:
    """Matrix (fine, coarse) of linear interpolation between coarse centres, constant beyond the outermost centres."""
    inside = np.clip(nested_index(fine, coarse), 0, coarse - 1)
    return np.maximum(0.0, 1 - np.abs(inside[:, None] - np.arange(coarse)))


def climate(demo: Demo) -> DemoClimate:
    """The embedded climate of ``config.data.demo``."""
    return DemoClimate(demo)
