"""The section ``train``."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from rainsmith.config.section import Precision, Section
from rainsmith.config.values import Flag, Float, Int

_SAVES, _VALIDATIONS = 8, 12


class Train(Section):
    """How a model is trained, and for how long. The defaults suit the default model."""

    pool: Int = Field(default=1, ge=1, le=64)
    """Number of networks that are trained, each from weights of its own. Every member of a day is drawn by one of them,
    so that a pool knows what one network cannot: how sure the training is."""
    cross_fit: Flag = False
    """Whether each network of a pool leaves out another block of the training and validation years, which chooses its
    epoch and fits its curve. All years teach then, and members of validation days prove little."""
    epochs: Annotated[Int, Field(ge=1, le=100_000)] | Literal["auto"] = "auto"
    """Number of passes over the training days; auto takes as many as the recipe of the model says for so many days.
    Raise it where the validation score still falls at the end."""
    epoch_steps: Int | None = Field(default=None, ge=1, le=1_000_000)
    """[steps] Length of an epoch, with other days in each; null takes every training day once."""
    max_minutes: Float | None = Field(default=None, gt=0, le=1e6)
    """[min] Fewer epochs are planned where all would take longer, so that the learning rate has come down when the time
    is over; null sets no limit."""
    batch_size: Int = Field(default=32, ge=1, le=4096)
    """[days] Days of one step. Lower it where memory is short."""
    patch: Int | None = Field(default=None, ge=16, le=65_536)
    """[fine cells] Side of the part of the grid that a step of the default model works on, another one in each step, to
    save memory where the grid is large; rounded up to whole blocks of the coarsest level. null takes the whole grid."""
    accumulate: Int = Field(default=1, ge=1, le=4096)
    """Number of parts in which the days of a step go through the network, one after another; their gradients are added
    up. Raise it where memory is short: the results stay the same up to rounding, and steps take longer."""
    lr: Float = Field(default=2.0e-3, gt=0, le=1)
    """Largest learning rate of AdamW. Lower it where the loss jumps or the training diverges."""
    lr_warmup_epochs: Float = Field(default=1.0, ge=0, le=100_000)
    """[epochs] Time over which the learning rate rises from 0 to `lr`."""
    weight_decay: Float = Field(default=0.1, ge=0, le=100)
    """Weight decay of AdamW. Raise it where the training score is much better than the validation score."""
    grad_clip: Float = Field(default=1.0, gt=0, le=1e6)
    """Largest norm of the gradient; a longer gradient is shortened to it."""
    schedule: Literal["cosine", "constant"] = "cosine"
    """How the learning rate goes on after its rise: down to 0 along a cosine, or constant."""
    ema: Float = Field(default=0.995, ge=0, lt=1)
    """Decay per step of the moving average of the weights, which is what is validated and saved; 0 keeps no average."""
    precision: Precision = "auto"
    """Number format of the products: fp32, bf16, or auto, which takes bf16 where the processor multiplies it (on
    the CPUs of several machines fp32, since they must agree)."""
    min_heavy_fraction: Float = Field(default=0.0, ge=0, lt=1)
    """Smallest share of heavy days in a batch. More than their own share biases p(y | x), so leave it at 0, but for the
    reference's models."""
    save_every: Int | None = Field(default=None, ge=1, le=100_000)
    """[epochs] Time between two checkpoints that are kept for `rainsmith sweep`; null keeps eight or more, where there
    are so many epochs."""
    validate_every: Int | None = Field(default=None, ge=1, le=100_000)
    """[epochs] Time between two validations; null makes twelve or more, where there are so many epochs. Raise it where
    validations take long beside the epochs."""
    validation_members: Int = Field(default=4, ge=2, le=1000)
    """Members that are drawn for each validation day."""
    validation_days: Int = Field(default=200, ge=1, le=100_000)
    """[days] Largest number of validation days that are scored; half of them are heavy_x days."""
    early_stopping_patience: Int = Field(default=100, ge=1, le=100_000)
    """[epochs] The training ends where the monitored score has not improved for so long."""
    monitor: Literal["prior", "mae_tail"] = "prior"
    """The score that the patience watches: the tail score of prior members, or the reference's error of
    reconstructions in the tail."""
    save_last_seconds: Float = Field(default=60.0, ge=0, le=1e6)
    """[s] Time between two saves of the state from which `--resume` goes on."""

    @property
    def planned_epochs(self) -> int:
        """``epochs`` as a number, in a configuration that was settled (``rainsmith.train.recipe``)."""
        if self.epochs == "auto":
            raise ValueError("train.epochs is auto; expected a number; settle the configuration first")
        return self.epochs

    @property
    def save_interval(self) -> int:
        """[epochs] ``save_every`` as a number."""
        return self.save_every or max(1, self.planned_epochs // _SAVES)

    @property
    def validation_interval(self) -> int:
        """[epochs] ``validate_every`` as a number."""
        return self.validate_every or max(1, self.planned_epochs // _VALIDATIONS)

    @model_validator(mode="after")
    def _has_days_for_all_parts(self) -> Train:
        if self.accumulate > self.batch_size:
            raise ValueError(
                f"accumulate is {self.accumulate} and batch_size {self.batch_size}; expected at most a part a day"
            )
        return self

    @model_validator(mode="after")
    def _has_blocks(self) -> Train:
        if self.cross_fit and self.pool < 2:
            raise ValueError(f"cross_fit needs a pool of 2 networks or more, found pool: {self.pool}")
        return self
