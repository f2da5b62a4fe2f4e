"""The section ``augment``."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from rainsmith.config.dates import Days
from rainsmith.config.section import Mode, Section, name_in, names_of
from rainsmith.config.values import Float, Int, Month, Seed, Unique

CHECKS = "rainsmith.augment.registry:CHECKS"


class Augment(Section):
    """How synthetic days are made, judged and mixed into the training set."""

    days: Literal["heavy_x", "heavy", "all"] | Days = "heavy_x"
    """Training days that synthetic days are drawn for: heavy_x (chosen by the predictors), heavy (chosen by the
    observed rain, which biases p(y | x)), all, or a list of dates."""
    top: Float | None = Field(default=None, gt=0, le=1)
    """In place of `days`: this share of the training days, the wettest by their predictors."""
    months: Annotated[list[Month], Field(min_length=1), Unique] | None = None
    """Only days of these months (1 to 12); null takes all."""
    return_period: Float | None = Field(default=None, gt=0, le=1e6)
    """[years] Only days whose observed maximum is exceeded once in so many years or more rarely; null takes all."""
    mode: Mode = "prior"
    """prior: new days of the same predictors. posterior: variations of the observed storm."""
    keep_levels: Int | None = Field(default=None, ge=0, le=16)
    """Posterior mode: as `sampling.keep_levels`, whose value null takes."""
    variation: Float | None = Field(default=None, ge=0, le=1)
    """Posterior mode: as `sampling.variation`, whose value null takes."""
    ratio: Float = Field(default=0.25, gt=0, le=100)
    """Synthetic days for each real training day."""
    weight: Float = Field(default=1.0, gt=0, le=1000)
    """Weight of a synthetic day in training, where a real day has 1; that of steered days in the mean."""
    intensity: Float | None = Field(default=None, ge=0, le=1)
    """Steering: the rank near which members are drawn most often among the candidates of their day, ordered by their
    maximum, from 0 (least) to 1 (most); null takes any."""
    target_return_period: Float | None = Field(default=None, gt=0, le=1e6)
    """[years] Steering: candidates are drawn most often near the one whose maximum is nearest to the amount of this
    return period."""
    candidates: Int = Field(default=20, ge=2, le=1000)
    """Members of a day among which steering draws one."""
    tries: Int = Field(default=10, ge=1, le=1000)
    """Members that are judged for one synthetic day before it is given up."""
    checks: Annotated[list[name_in(CHECKS)], Unique] = Field(default_factory=lambda: names_of(CHECKS))  # type: ignore[valid-type]
    """Checks that a synthetic day must pass (docs/checks.md)."""
    mass_tolerance: Float = Field(default=0.1, gt=0, le=100)
    """Largest share of the rain of a day that may differ from the block means of the input."""
    spectrum_tolerance: Float = Field(default=0.3, ge=0, le=100)
    """[log10 of power] Deviation of the spectrum that is always granted, however alike observed days are."""
    max_return_period_years: Float = Field(default=1000.0, gt=0, le=1e6)
    """[years] Largest return period of the domain maximum of a synthetic day."""
    seed: Seed = 0
    """Seed of the synthetic days."""

    @property
    def steered(self) -> bool:
        """Whether some candidates of a day are drawn more often than others."""
        return self.intensity is not None or self.target_return_period is not None

    @model_validator(mode="after")
    def _one_choice_each(self) -> Augment:
        if self.top is not None and not (isinstance(self.days, str) and self.days in ("heavy_x", "all")):
            raise ValueError(
                f"top is {self.top:g} and days {self.days!r}; expected one of the two; leave out the other"
            )
        if self.intensity is not None and self.target_return_period is not None:
            raise ValueError("intensity and target_return_period are both given; expected one of the two")
        target, most = self.target_return_period, self.max_return_period_years
        if target is not None and target > most:
            raise ValueError(
                f"target_return_period is {target:g} years and max_return_period_years {most:g}; raise the latter"
            )
        return self
