"""The section ``data``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError, model_validator

from rainsmith.base.errors import UserError
from rainsmith.base.urls import url_of
from rainsmith.config.model import Normalisation
from rainsmith.config.section import Section
from rainsmith.config.spans import span_of, spans_of_splits
from rainsmith.config.values import BucketFolder, DateSpan, Flag, Float, Int, Month, Root, Seed, Text, Unique, YearSpan

Names = Annotated[list[Text], Field(min_length=1, max_length=1000), Unique]
Files = Text | Names
Choice = Float | Text
DayOffsets = Annotated[list[Annotated[Int, Field(ge=-366, le=366)]], Field(min_length=1, max_length=100), Unique]
Selection = dict[Text, Choice]
MOST_DEMO_VALUES = 5e8
"""Values of rain of the embedded climate, which is made in memory (2 GB)."""


class Target(Section):
    """The predictand: daily precipitation on the fine grid."""

    files: Files = "*.nc"
    """Paths or globs below `data.root`; a folder whose name ends with .zarr is a Zarr store."""
    variable: Text | None = None
    """Name or CF standard name of the variable; null takes the only precipitation in the files."""
    units: Text | None = None
    """Unit of the values, where the file gives a wrong unit or none."""
    select: Selection = {}
    """The value of each further dimension, such as {height: 2} or {member: 0}, in the units of the file; the position,
    counted from 0, where the dimension has no values."""


class PredictorSource(Section):
    """One source of predictors: either block means of the target (``from: target``) or files."""

    from_: Literal["target"] | None = Field(default=None, alias="from")
    """`target` takes block means of the target itself, a perfect coarse input; null where `files` are given."""
    coarsen: Int = Field(default=8, ge=2, le=4096)
    """[fine cells] Side of the blocks of a source from the target."""
    lags: DayOffsets = [0]
    """[days] Days whose block means are predictors, counted from the day itself: -1 is the day before."""
    min_valid_cells: Int = Field(default=1, ge=1, le=4096**2)
    """Blocks with fewer valid fine cells are missing."""
    files: Files | None = None
    """Paths or globs below `data.root` of a source from files; a folder whose name ends with .zarr is a Zarr store."""
    variable: Files | None = None
    """Name or CF standard name of the variable, or of several; null takes the only one in the files, or all columns of
    a CSV file."""
    units: Text | None = None
    """Unit of the values, where the file gives a wrong unit or none. Coarse rain is converted to mm/day, other fields
    keep it; a new period is converted to the unit of the training."""
    select: dict[Text, Choice | Annotated[list[Choice], Field(min_length=1), Unique]] = {}
    """The value of each further dimension, such as {plev: 50000} or {member: 0}, in the units of the file, or a list of
    values, each of which gives channels of its own; the position, counted from 0, where the dimension has no values."""
    categories: Annotated[list[Text], Unique] = []
    """Columns or variables of time series whose values are names of types and no amounts, such as a weather type. Each
    type of the training days becomes a channel that is 1 on its days."""
    name: Text | None = None
    """What its channels are called; null takes the name of the variable."""
    day_offsets: DayOffsets = [0]
    """[days] Days of a source from files that are predictors, counted from the day itself. Use [0, 1] where the rain
    day runs into the next calendar day."""
    rain: Flag = False
    """Whether the source is coarse rain. It is converted to mm/day, and baselines rescale it."""

    @model_validator(mode="after")
    def _one_origin(self) -> PredictorSource:
        if (self.from_ is None) == (self.files is None):
            raise ValueError("a predictor source needs exactly one of 'from: target' and 'files'")
        return self


class StaticSource(Section):
    """One static map on the fine grid: from a file, or derived."""

    files: Files | None = None
    """Path below `data.root` of a map from a file."""
    variable: Text | None = None
    """Name or CF standard name of the variable; null takes the only map in the file."""
    select: Selection = {}
    """The value of each further dimension, as in `data.target.select`."""
    derive: Literal["distance_to_coast"] | None = None
    """`distance_to_coast` computes the map from the mask of valid cells; null where `files` are given."""

    @model_validator(mode="after")
    def _one_origin(self) -> StaticSource:
        if (self.derive is None) == (self.files is None):
            raise ValueError("a static map needs exactly one of 'files' and 'derive'")
        return self


class Mask(Section):
    """Cells that are trained and scored: those inside a map, a box, or both; without either, all valid cells.

    The rest counts as missing, also in block means of the target. Distances to the coast do not change.
    """

    files: Files | None = None
    """Path below `data.root` of the map: a cell is inside from 0.5 on, so that flags, numbers of regions and fractions
    (also in %) are understood; missing values are outside. It must cover the target."""
    variable: Text | None = None
    """Name or CF standard name of the variable; null takes the only map in the file."""
    select: Selection = {}
    """The value of each further dimension, as in `data.target.select`."""
    box: tuple[Float, Float, Float, Float] | None = None
    """[degrees] West, south, east and north end of a box that holds the centres of the cells."""

    @model_validator(mode="after")
    def _is_a_box(self) -> Mask:
        if self.box is not None:
            west, south, east, north = self.box
            if not (-90 <= south < north <= 90 and -360 <= min(west, east) <= max(west, east) <= 360 and west != east):
                raise ValueError(f"{list(self.box)} is no box; expected [west, south, east, north] in degrees")
        return self


class Splits(Section):
    """Which days train, validate and test a model: years [first, last], or lists of [first, last] dates.

    Both ends belong to the split.
    """

    train: YearSpan | list[DateSpan] = (2010, 2016)
    """Days that a model learns from; all statistics and thresholds come from them alone."""
    validation: YearSpan | list[DateSpan] = (2017, 2018)
    """Days that choose the best epoch and all settings."""
    test: YearSpan | list[DateSpan] = (2019, 2020)
    """Days of the final scores, which choose nothing."""


class Legacy(Section):
    """Where the files of the reference lie, below ``data.root`` (docs/legacy.md)."""

    predictors: Text = "predictors_train_mean_std_separate.npy"
    """legacy-arrays: file of the predictors (T, H_lr, W_lr, C)."""
    observations: Text = "obs_train_mean_std_single.npy"
    """legacy-arrays: file of the normalised rain (T, H, W)."""
    mean: Text | None = None
    """legacy-arrays: file of the mean (H, W) of log1p mm/day of each cell."""
    std: Text | None = None
    """legacy-arrays: file of the standard deviation (H, W) of log1p mm/day of each cell."""
    statics: Annotated[list[Text], Unique] = []
    """legacy-arrays: .npy files of static maps (H, W) or (1, H, W)."""
    start_date: Text | None = None
    """Date of the first day (legacy-arrays) or of `day_000000` (legacy-days)."""
    calendar: Text = "standard"
    """Name of the CF calendar of the days."""
    channels: Names | None = None
    """Names of the predictor channels; null numbers them."""
    rain_channel: Text | None = None
    """Name of the channel that is coarse rain, if one is."""


class Demo(Section):
    """Size of the embedded rain climate."""

    ny: Int = Field(default=40, ge=16, le=1024)
    """Fine cells from south to north."""
    nx: Int = Field(default=36, ge=16, le=1024)
    """Fine cells from west to east."""
    ny_lr: Int = Field(default=7, ge=3, le=512)
    """Coarse cells of the predictors from south to north."""
    nx_lr: Int = Field(default=6, ge=3, le=512)
    """Coarse cells of the predictors from west to east."""
    first_year: Int = Field(default=2001, ge=1700, le=2200)
    """First year of the series."""
    years: Int = Field(default=8, ge=3, le=60)
    """Number of years. The last two are validation and test, unless `data.splits` says otherwise."""
    seed: Seed = 2024
    """Seed of the climate itself, not of the training."""

    @model_validator(mode="after")
    def _fits_into_memory(self) -> Demo:
        values = self.ny * self.nx * self.years * 366
        if values > MOST_DEMO_VALUES:
            raise ValueError(
                f"{self.years} years of {self.ny} x {self.nx} cells are {values:.1e} values; "
                f"expected at most {MOST_DEMO_VALUES:.0e}; give fewer cells or years"
            )
        if self.ny_lr > self.ny or self.nx_lr > self.nx:
            raise ValueError(
                f"{self.ny_lr} x {self.nx_lr} coarse cells and {self.ny} x {self.nx} fine cells; "
                "expected fewer coarse cells"
            )
        return self


class Data(Section):
    """What is read, how it is split, and how it is normalised."""

    kind: Literal["demo", "gridded", "legacy-days", "legacy-arrays"] = "demo"
    """What the data are: the embedded climate, files on grids (NetCDF or Zarr), or the reference's files."""
    root: Root = Path("../../shared/data")
    """Folder below which files are named, relative to the configuration file, or the URL of a folder in a bucket or on
    a web server (docs/how-to/buckets.md); the environment variable RAINSMITH_DATA overrides it."""
    target: Target = Target()
    predictors: list[PredictorSource] = []
    coarse_grid: Text | None = None
    """A file whose grid all predictors are brought to; null takes the grid of the first source."""
    season: Flag = True
    """Whether sine and cosine of the day of the year are two more predictors."""
    statics: list[StaticSource] = []
    mask: Mask = Mask()
    period: DateSpan | None = None
    """[first, last] date of the days that are read; null takes all days of the files."""
    months: Annotated[list[Month], Field(min_length=1), Unique] | None = None
    """Only days of these months (1 to 12); null takes all."""
    fit: Literal["pad", "crop"] = "pad"
    """What happens where the blocks of `coarsen` do not divide the grid: pad adds missing cells, crop cuts it."""
    splits: Splits = Splits()
    normalise: Literal["auto"] | Normalisation = "auto"
    """Statistics of log1p mm/day that normalise the rain: of each cell or of all cells; auto takes what the model
    was made for."""
    wet_mm: Float = Field(default=0.1, gt=0, le=100)
    """[mm/day] A cell is wet from this amount on."""
    heavy_quantile: Float = Field(default=0.95, gt=0, lt=1)
    """Quantile of all values of the training days; an amount above it is heavy."""
    heavy_area: Float = Field(default=0.10, gt=0, lt=1)
    """Share of the cells with a heavy amount from which on a day is heavy."""
    suspect: Literal["keep", "mask", "error"] = "mask"
    """What happens to values far above all their neighbours: they are kept, left out, or refused. `prepare` lists
    them; choose `keep` where they are real."""
    to: BucketFolder | None = None
    """URL of a folder in a bucket, such as s3://bucket/run, that takes the prepared store; null keeps it in the run
    folder."""
    credit: Text | None = None
    """How the data want to be credited; the report shows it."""
    legacy: Legacy = Legacy()
    demo: Demo = Demo()

    @model_validator(mode="before")
    @classmethod
    def _demo_years(cls, values: Any) -> Any:
        """Without splits of its own, the embedded climate keeps its last two years for validation and test."""
        if isinstance(values, Mapping) and values.get("kind", "demo") == "demo" and "splits" not in values:
            try:
                demo = Demo.model_validate(values.get("demo", {}))
            except ValidationError:
                return values  # the section itself says what is wrong with it
            last = demo.first_year + demo.years - 1
            spans = {"train": [demo.first_year, last - 2], "validation": [last - 1] * 2, "test": [last] * 2}
            return {**values, "splits": spans}
        return values

    @model_validator(mode="after")
    def _root_is_a_folder(self) -> Data:
        if self.kind.startswith("legacy") and url_of(self.root) is not None:
            raise ValueError(
                f"root is {url_of(self.root)}; expected a folder, since kind is {self.kind}; fetch the files"
            )
        return self

    @model_validator(mode="after")
    def _dates_are_dates(self) -> Data:
        try:
            if self.period is not None:
                span_of(self.period, "data.period")
            spans_of_splits({name: getattr(self.splits, name) for name in Splits.model_fields})
        except UserError as error:
            raise ValueError(str(error)) from None
        return self
