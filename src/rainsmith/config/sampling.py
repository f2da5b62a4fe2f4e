"""The section ``sampling``."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from rainsmith.config.dates import Days
from rainsmith.config.section import Mode, Section, SplitNames
from rainsmith.config.values import BucketFolder, Float, Int, Seed, Text, Unique


class Sampling(Section):
    """Which members are drawn, of which days, and how."""

    modes: Annotated[list[Mode], Field(min_length=1), Unique] = ["prior", "posterior"]
    """prior: members given the predictors of a day. posterior: variations of the rain that was observed that day."""
    splits: SplitNames = ["test"]
    """The splits whose days are sampled."""
    members: Int = Field(default=10, ge=1, le=10_000)
    """Members a day. Spread and extremes of the ensemble need 10 or more; the range of single extremes needs 100."""
    days: Literal["all", "heavy", "heavy_x"] | Days = "all"
    """The days of a split that are sampled: all, heavy (chosen by the observed rain), heavy_x (chosen by the
    predictors), or a list of dates."""
    temperature: Float = Field(default=1.0, ge=0, le=10)
    """Factor of the standard deviation of the latents. Change it by a few per cent where the spread of validation days
    is not their error."""
    pixel_threshold: Float | None = Field(default=None, ge=0, le=2000)
    """[mm/day] Smaller amounts of a member become 0; null takes `data.wet_mm`."""
    keep_levels: Int | None = Field(default=None, ge=0, le=16)
    """Posterior mode: the number of coarsest latent levels that are kept of the observed storm; null keeps all."""
    variation: Float = Field(default=1.0, ge=0, le=1)
    """Posterior mode: how far the other levels go from the reconstruction (0) to the prior (1)."""
    to: BucketFolder | None = None
    """URL of a folder in a bucket, such as s3://bucket/run, that takes the stores of the members; null keeps them in
    the run folder."""
    seed: Seed = 0
    """Seed of the members. The noise of a member depends on it, the day and the number of the member, on nothing
    else."""
    checkpoint: Text = "best_prior"
    """A name in `checkpoints/`, or the path of a .safetensors file."""
    batch_size: Int = Field(default=16, ge=1, le=4096)
    """[days] Days that are drawn at once. Lower it where memory is short; members do not depend on it."""
    tile: Int | None = Field(default=None, ge=16, le=65_536)
    """[fine cells] Side of the squares of the grid that the default model works out one after another, so that memory
    stays bounded; members do not depend on it. null takes 256 where the grid is wider than 512, or else the whole."""

    @model_validator(mode="after")
    def _something_varies(self) -> Sampling:
        if self.variation < 1 and self.keep_levels is None:
            raise ValueError(
                f"variation is {self.variation:g}, but keep_levels null keeps every level of the storm; "
                "expected a number beside it; set keep_levels: 0 to vary all levels"
            )
        return self
