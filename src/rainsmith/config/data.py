"""The section ``data`` of the configuration, and what every section is."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator


class Section(BaseModel):
    """A part of the configuration: immutable, and without unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


YearSpan = tuple[int, int]
Date = Annotated[str, BeforeValidator(str)]  # YAML reads an unquoted 2019-01-01 as a date
DateSpan = tuple[Date, Date]


class Target(Section):
    """The predictand: daily precipitation on the fine grid."""

    files: str | list[str] = "*.nc"  # paths or globs below data.root; a *.zarr folder is a Zarr store
    variable: str | None = None  # a variable name or CF standard name; null: the only precipitation in the files
    units: str | None = None  # only where the file is wrong or silent


class PredictorSource(Section):
    """One source of predictors: either the block means of the target (``from: target``) or files."""

    from_: Literal["target"] | None = Field(default=None, alias="from")
    coarsen: int = Field(default=8, ge=2)  # [fine cells] side of a block
    lags: list[int] = [0]  # [days] of the block means
    min_valid_cells: int = Field(default=1, ge=1)  # blocks with fewer valid cells are missing
    files: str | list[str] | None = None
    variable: str | None = None
    units: str | None = None
    name: str | None = None  # of its channels; null: the variable's own
    day_offsets: list[int] = [0]  # [days] of a source from files
    rain: bool = False  # this source is coarse rain; it is converted to mm/day

    @model_validator(mode="after")
    def _one_origin(self) -> PredictorSource:
        if (self.from_ is None) == (self.files is None):
            raise ValueError("a predictor source needs exactly one of 'from: target' and 'files'")
        return self


class StaticSource(Section):
    """One static map: from a file, or derived."""

    files: str | list[str] | None = None
    variable: str | None = None
    derive: Literal["distance_to_coast"] | None = None

    @model_validator(mode="after")
    def _one_origin(self) -> StaticSource:
        if (self.derive is None) == (self.files is None):
            raise ValueError("a static map needs exactly one of 'files' and 'derive'")
        return self


class Splits(Section):
    """Years [first, last], or lists of [first, last] dates; both ends belong to the split."""

    train: YearSpan | list[DateSpan] = (2010, 2016)
    validation: YearSpan | list[DateSpan] = (2017, 2018)
    test: YearSpan | list[DateSpan] = (2019, 2020)


class Legacy(Section):
    """Where the files of the reference lie, below data.root (docs/legacy.md)."""

    predictors: str = "predictors_train_mean_std_separate.npy"  # legacy-arrays: (T, H_lr, W_lr, C)
    observations: str = "obs_train_mean_std_single.npy"  # legacy-arrays: (T, H, W), normalised
    mean: str | None = None  # legacy-arrays: (H, W) mean of log1p mm/day
    std: str | None = None  # legacy-arrays: (H, W) standard deviation of log1p mm/day
    statics: list[str] = []  # legacy-arrays: .npy maps (H, W) or (1, H, W)
    start_date: str | None = None  # date of the first day (legacy-arrays), or of day_000000 (legacy-days)
    calendar: str = "standard"  # CF calendar name
    channels: list[str] | None = None  # names of the predictor channels
    rain_channel: str | None = None  # the name of the channel that is coarse rain, if one is


class Demo(Section):
    """Size of the embedded rain climate."""

    ny: int = Field(default=40, ge=16)  # fine cells from south to north
    nx: int = Field(default=36, ge=16)  # from west to east
    ny_lr: int = Field(default=7, ge=3)  # coarse cells of the predictors
    nx_lr: int = Field(default=6, ge=3)  # likewise
    first_year: int = 2001  # of the series
    years: int = Field(
        default=8, ge=3
    )  # of which the last two are validation and test, unless data.splits says otherwise
    seed: int = 2024  # of the climate itself, not of the training


class Data(Section):
    """What is read, how it is split, and how it is normalised."""

    kind: Literal["demo", "gridded", "legacy-days", "legacy-arrays"] = "demo"  # what the data are
    root: Path = Path("../../shared/data")  # relative to the config file; RAINSMITH_DATA overrides it
    target: Target = Target()
    predictors: list[PredictorSource] = []
    coarse_grid: str | None = None  # a file whose grid the predictors are brought to; null: the first source's
    season: bool = True  # sine and cosine of the day of the year as two more predictors
    statics: list[StaticSource] = []
    period: DateSpan | None = None  # [first, last] date
    months: list[Annotated[int, Field(ge=1, le=12)]] | None = None  # only days of these months
    fit: Literal["pad", "crop"] = "pad"  # where a factor does not divide the grid
    splits: Splits = Splits()
    normalise: Literal["auto", "log1p-cell", "log1p-global"] = (
        "auto"  # statistics of each cell or of all; auto: the model's
    )
    wet_mm: float = Field(default=0.1, ge=0)  # [mm/day]
    heavy_quantile: float = Field(default=0.95, gt=0, lt=1)  # of the training days; amounts above are heavy
    heavy_area: float = Field(default=0.10, gt=0, lt=1)  # share of the cells above it that makes a day heavy
    suspect: Literal["keep", "mask", "error"] = "mask"  # values far above all their neighbours
    credit: str | None = None  # how the data want to be credited; shown in the report
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
