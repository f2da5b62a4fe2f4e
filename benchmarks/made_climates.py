"""Six small made climates whose p(y | x) is known, as NetCDF files that `prepare` reads; `climates.py` trains on them.

    python benchmarks/made_climates.py

prints what falls in each of them.

They differ in what falls (wet or dry; convective, frontal or orographic), in the coarse rain among the predictors and
in the number of training years. Given what the predictors hold, the true members are exact in each of them:

- ``biased``: the coarse rain of the files is a rising function of the forcing of the rain, too much where it is little
  and too little where it is much. The forcing follows from it.
- ``absent``: the files hold no coarse rain. The forcing is a function of the other five predictors.
- ``perfect``: the coarse rain is block means of what fell. They come first, from a draw of the law of the weather. The
  rain is then a second draw of the law, given these block means as forcing, that is brought to them by factors. True
  members are more such draws. For a field with given block means there is no other way to know the truth; the price is
  that true fields, too, have small steps at the borders of blocks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np
import xarray as xr

from rainsmith.base.dims import TIME, X, Y
from rainsmith.base.markdown import markdown_table
from rainsmith.config import Config, Demo, load_config
from rainsmith.data.demo.character import Character
from rainsmith.data.demo.climate import DemoClimate, linear_weights
from rainsmith.data.demo.weather import CHANNELS, coarse_state, saturation, widespread_rain

Coarse = Literal["perfect", "biased", "absent"]

FIRST_YEAR, STOP_YEARS, VALIDATION_YEARS, TEST_YEARS = 2001, 1, 2, 4
"""A record begins with the year that chooses the epoch, then come the years that are scored, then those of training."""
RAIN = list(CHANNELS).index("coarse_rain")
BLOCK_DRAWS = 900_001
"""Seed of the draws that give the block means of ``perfect``: no other members have it."""
LARGEST_FACTOR, LARGEST_LAST_FACTOR = 4.0, 1.5
"""Of the rain of a draw that is brought to block means, interpolated between blocks and then in each block alone."""

CONVECTIVE = Character(
    temperature_k=289.0, widespread_mm=1.2, storm_peak_mm=9.0, shape_unstable=0.12, length_km=24.0, drizzle_mm=2.0
)
FRONTAL = Character(temperature_k=276.0, widespread_mm=3.0, storms=-3.0, length_km=55.0)
OROGRAPHIC = Character(storms=-2.0, flat=0.60, height=0.50, upslope=0.90)


@dataclass(frozen=True)
class Region:
    """What one made climate is, and how many years a model is given.

    Attributes:
        name: in the table and on the command line.
        character: the kind of its rain.
        coarse: what the coarse rain among the predictors is.
        years: of training.
        seed: of the climate.
        side: [fine cells] length of each side of the domain.
        block: [fine cells] length of each side of a coarse cell.
    """

    name: str
    character: Character
    coarse: Coarse
    years: int
    seed: int
    side: int = 24
    block: int = 4

    @property
    def demo(self) -> Demo:
        """Size, years and seed of the embedded climate that it is made of."""
        years = STOP_YEARS + VALIDATION_YEARS + TEST_YEARS + self.years
        n = self.side // self.block
        return Demo(ny=self.side, nx=self.side, ny_lr=n, nx_lr=n, first_year=FIRST_YEAR, years=years, seed=self.seed)

    @property
    def spans(self) -> dict[str, tuple[int, int]]:
        """First and last year of each part of the record."""
        lengths = {"stop": STOP_YEARS, "validation": VALIDATION_YEARS, "test": TEST_YEARS, "train": self.years}
        ends = np.cumsum([FIRST_YEAR, *lengths.values()]).tolist()
        return {name: (ends[i], ends[i + 1] - 1) for i, name in enumerate(lengths)}

    def climate(self) -> DemoClimate:
        """The climate itself, which draws observations and true members."""
        kind = {"perfect": BlockMeansClimate, "biased": DemoClimate, "absent": CirculationClimate}[self.coarse]
        return kind(self.demo, self.character)


REGIONS = (
    Region("wet-frontal", replace(FRONTAL, forcing=0.2), "perfect", 3, 1),
    Region("dry-convective", replace(CONVECTIVE, forcing=-1.2, widespread_mm=2.4, drizzle_mm=4.0), "absent", 3, 5),
    Region("dry-orographic", replace(OROGRAPHIC, forcing=-2.0), "perfect", 10, 2),
    Region("wet-convective", replace(CONVECTIVE, storms=1.5, drizzle_mm=1.6), "biased", 10, 3),
    Region("dry-frontal", replace(FRONTAL, forcing=-2.0, drizzle_mm=2.5), "biased", 30, 4),
    Region("wet-orographic", replace(OROGRAPHIC, forcing=0.2, widespread_mm=2.8), "absent", 30, 6),
)


def biased(forcing: np.ndarray) -> np.ndarray:
    """Coarse rain [mm/day] with a bias, of the forcing [mm/day]: 1.8 for 1, 7 for 7, 19 for 30."""
    return np.asarray(1.8 * forcing**0.7)


@dataclass(frozen=True)
class CirculationClimate(DemoClimate):
    """A climate whose forcing is a function of moisture, winds, temperature and pressure."""

    @cached_property
    def predictors(self) -> np.ndarray:
        """The state of every day (time, 6, ny_lr, nx_lr) float32, whose sixth channel follows from the others."""
        state = coarse_state(self.demo, self.time.dt.dayofyear.values, self.character)
        state[:, RAIN] = forcing_of_circulation(state[:, :RAIN], self.character)
        return state


def forcing_of_circulation(state: np.ndarray, character: Character) -> np.ndarray:
    """Forcing [mm/day] that the other five predictors give (time, 5, ...): much in moist air and low pressure."""
    moisture, u, v, temperature, pressure = np.moveaxis(state.astype(np.float64), 1, 0)
    humidity = np.clip(moisture / saturation(temperature), 0.02, 0.98)
    humid = (np.log(humidity / (1 - humidity)) - 0.7 - 0.04 * v + 0.02 * u) / 0.8
    low = (1015.0 - pressure) / 6.5
    return widespread_rain(character.forcing + 1.2 * humid + 1.1 * low + 0.05 * v, character)


@dataclass(frozen=True)
class BlockMeansClimate(DemoClimate):
    """A climate whose block means are given, and whose fields have exactly these."""

    @cached_property
    def predictors(self) -> np.ndarray:
        """The state of every day (time, 6, ny_lr, nx_lr) float32, whose sixth channel is the block means.

        Blocks without land take the mean of the others, so that the law is a function of blocks with land.
        """
        weather = DemoClimate(self.demo, self.character)
        state = weather.predictors.copy()
        first = weather.truth_ensemble(np.arange(self.time.size), 1, seed=BLOCK_DRAWS).values[:, 0]
        means = block_means(np.nan_to_num(first.astype(np.float64)), self.maps.land, state.shape[2:])
        land = np.isfinite(means[0])
        state[:, RAIN] = np.where(land, means, means[:, land].mean(axis=1)[:, None, None])
        return state

    def observed(self, day: int) -> np.ndarray:
        """The rain that fell on the day with this index: (ny, nx) float32 [mm/day], NaN at sea."""
        return self._with_block_means(super().observed(day), np.asarray(day))

    def truth_ensemble(self, day: int | Sequence[int] | np.ndarray, members: int, seed: int = 0) -> xr.DataArray:
        """Draw members of the true p(y | x): (time, member, y, x) float32 [mm/day], NaN at sea."""
        drawn = super().truth_ensemble(day, members, seed)
        days = np.atleast_1d(np.asarray(day, dtype=int))
        return drawn.copy(data=self._with_block_means(drawn.values, days[:, None]))

    def _with_block_means(self, fields: np.ndarray, days: np.ndarray) -> np.ndarray:
        wanted = self.predictors[days, RAIN].astype(np.float64)
        return scaled_to_blocks(fields, wanted, self.maps.land)


def block_means(fields: np.ndarray, land: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Means over the land cells of each block: (..., ny, nx), 0 at sea, to (..., *shape), NaN without land."""
    parts = (shape[0], fields.shape[-2] // shape[0], shape[1], fields.shape[-1] // shape[1])
    total = fields.reshape(*fields.shape[:-2], *parts).sum(axis=(-3, -1))
    count = land.reshape(parts).sum(axis=(1, 3))
    return np.asarray(np.where(count > 0, total / np.maximum(count, 1), np.nan))


def scaled_to_blocks(fields: np.ndarray, wanted: np.ndarray, land: np.ndarray, smoothings: int = 8) -> np.ndarray:
    """Bring fields to given block means: by factors interpolated between blocks, and in the end by one a block.

    Factors are bounded. Rain that a block lacks even so, as where the draw is dry there, falls on it evenly.

    Args:
        fields: (..., ny, nx) [mm/day], not read at sea.
        wanted: (..., ny_lr, nx_lr) means over land [mm/day], not read in blocks without land.
        land: (ny, nx) bool.
        smoothings: how often factors are interpolated, which makes the last ones nearly 1.

    Returns:
        (..., ny, nx) float32 [mm/day], NaN at sea.
    """
    shape = wanted.shape[-2:]
    drawn = np.where(land, fields.astype(np.float64), 0.0)
    rows, columns = (linear_weights(fine, coarse) for fine, coarse in zip(land.shape, shape, strict=True))
    block = np.ones([fine // coarse for fine, coarse in zip(land.shape, shape, strict=True)])

    def lacking(rain: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The mean of each block, and by what it has to be multiplied; 1 where it is dry."""
        means = np.nan_to_num(block_means(rain, land, shape))
        return means, np.where(means > 0, wanted / np.where(means > 0, means, 1.0), 1.0)

    factors = np.ones_like(drawn)
    for _ in range(smoothings):
        factor = np.minimum(lacking(drawn * factors)[1], LARGEST_FACTOR)
        factors = np.minimum(factors * (rows @ factor @ columns.T), LARGEST_FACTOR)
    means, factor = lacking(drawn * factors)
    factor = np.minimum(factor, LARGEST_LAST_FACTOR)
    rain = drawn * factors * np.kron(factor, block) + np.kron(np.maximum(wanted - means * factor, 0.0), block)
    return np.where(land, rain, np.nan).astype(np.float32)


def write_files(region: Region, folder: Path) -> None:
    """Write rain, predictors and static maps of a region as NetCDF files."""
    folder.mkdir(parents=True, exist_ok=True)
    raw = region.climate().raw()
    raw.precip.to_netcdf(folder / "precip.nc")
    fine = {dim: raw.precip[dim] for dim in (Y, X)}
    coarse = {dim: (dim, axis.values.reshape(-1, region.block).mean(axis=1), axis.attrs) for dim, axis in fine.items()}
    grid = {"crs": raw.precip["crs"]}
    values = raw.predictors.values.copy()
    if region.coarse == "biased":
        values[:, RAIN] = biased(values[:, RAIN])
    given = list(CHANNELS) if region.coarse == "biased" else list(CHANNELS)[:RAIN]
    fields = {
        name: ((TIME, Y, X), values[:, i], {"units": CHANNELS[name], "grid_mapping": "crs"})
        for i, name in enumerate(given)
    }
    xr.Dataset(fields, {TIME: raw.precip[TIME], **coarse, **grid}).to_netcdf(folder / "predictors.nc")
    maps = {
        name: (raw.statics.dims[1:], raw.statics.sel(static=name).values, {"units": unit, "grid_mapping": "crs"})
        for name, unit in (("elevation", "m"), ("distance_to_coast", "km"))
    }
    xr.Dataset(maps, {**fine, **grid}).to_netcdf(folder / "statics.nc")


def configuration(region: Region, folder: Path, overrides: dict[str, Any]) -> Config:
    """The configuration that reads these files.

    The scored years are its test split, validation and test years of the benchmark alike; the year that chooses the
    epoch is its validation split.
    """
    spans, root = region.spans, folder.resolve()  # whole paths, because RAINSMITH_DATA would replace data.root
    circulation = {"files": str(root / "predictors.nc"), "variable": list(CHANNELS)[:RAIN]}
    rain: dict[Coarse, list[dict[str, Any]]] = {
        "perfect": [{"from": "target", "coarsen": region.block}],
        "biased": [{"files": circulation["files"], "variable": "coarse_rain", "rain": True}],
        "absent": [],
    }
    data = {
        "kind": "gridded",
        "target": {"files": str(root / "precip.nc")},
        "suspect": "keep",  # every value is real; without the largest the members would not be true
        "predictors": [*rain[region.coarse], circulation],
        "statics": [
            {"files": str(root / "statics.nc"), "variable": name} for name in ("elevation", "distance_to_coast")
        ],
        "splits": {
            "train": list(spans["train"]),
            "validation": list(spans["stop"]),
            "test": [spans["validation"][0], spans["test"][1]],
        },
    }
    return load_config(
        overrides={**{f"data.{key}": value for key, value in data.items()}, "model": "auto", **overrides}
    )


def facts(region: Region, step: int = 3, members: int = 4) -> list[str]:
    """A row of the table: true members of some days, and what share of their variance the predictors explain."""
    climate = region.climate()
    days = np.arange(0, climate.time.size, step)
    rain = climate.truth_ensemble(days, members).values[..., climate.maps.land].astype(np.float64)
    explained = 1 - rain.var(axis=1, ddof=1).mean() / rain.var()
    quantiles = (f"{value:.1f}" for value in np.quantile(rain, (0.95, 0.99, 0.999)))
    wet = (rain >= 0.1).mean()
    return [
        *[region.name, region.coarse, str(region.years), str(rain.shape[-1])],
        *[f"{rain.mean():.2f}", f"{wet:.2f}", *quantiles, f"{explained:.2f}"],
    ]


def main() -> None:
    header = [
        *["climate", "coarse rain", "training years", "land cells", "mean, mm/day", "wet cells"],
        *["P95", "P99", "P99.9", "variance explained"],
    ]
    print(markdown_table(header, [facts(region) for region in REGIONS]))


if __name__ == "__main__":
    main()
