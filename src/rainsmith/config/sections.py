"""The sections of the configuration: frozen, with a default for every key, and units beside the keys."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal, Union

from pydantic import Field, model_validator

from rainsmith.config.data import Data, Date, Section


class FlatModel(Section):
    """The reference cVAE (DESIGN 2.1)."""

    name: Literal["flat"] = "flat"
    d_x: int = Field(default=64, ge=1)  # features of the predictors
    d_y: int = Field(default=256, ge=1)  # features of the observed rain
    d_z: int = Field(default=128, ge=1)  # latents
    base_filters: int = Field(default=64, ge=8, multiple_of=8)  # channels of the first convolution
    injection: Literal["none", "first", "first-two", "all"] = "first"  # blocks of the decoder that see the map of x
    cond_dropout: float = Field(default=0.0, ge=0, lt=1)  # share of days trained without x


class HierarchicalModel(Section):
    """The hierarchical cVAE (DESIGN 2.2)."""

    name: Literal["hierarchical"] = "hierarchical"
    levels: int = Field(default=5, ge=1)  # each has blocks twice as wide as the next
    finest: Literal[1, 2] = 2  # [fine cells] side of the blocks of the finest level
    channels: list[Annotated[int, Field(ge=8)]] = [64, 64, 64, 48, 32]  # of each level, coarse to fine
    latent_channels: list[Annotated[int, Field(ge=1)]] = [8, 8, 8, 4, 2]  # likewise
    x_blocks: int = Field(default=3, ge=1)  # residual blocks on the coarse grid
    shared_blocks: int = Field(default=0, ge=0)  # a level, on what all members of a day share: x, maps and places
    dropout: float = Field(default=0.0, ge=0, lt=1)  # of channels in the encoder of x
    power: float | None = Field(default=None, ge=1)  # amounts are (1 + v / power)^power - 1 of v; null: exp(v) - 1
    # auto: hard where the coarse rain is block means of the target, none where it is another product, with its own bias
    mass: Literal["auto", "none", "soft", "hard"] = "auto"

    @model_validator(mode="after")
    def _one_width_a_level(self) -> HierarchicalModel:
        if not len(self.channels) == len(self.latent_channels) == self.levels:
            raise ValueError(
                f"{self.levels} levels, {len(self.channels)} channels and {len(self.latent_channels)} latent_channels; "
                "expected one entry a level in both lists"
            )
        return self


Model = Annotated[Union[FlatModel, HierarchicalModel], Field(discriminator="name")]


class Loss(Section):
    """The reference loss, all in mm/day (flat)."""

    w_min: float = Field(default=0.1, ge=0)  # least weight of a cell's error
    w_max: float = Field(default=10.0, gt=0)  # largest, before the boost
    scale: Literal["p90"] | Annotated[float, Field(gt=0)] = "p90"  # [mm/day]; p90: the training P90
    tail_boost: float = Field(default=5.0, ge=0)  # times the weight from the training P99 on
    lambda_grad: float = Field(default=0.1, ge=0)  # of the error of spatial differences
    lambda_mass: float = Field(default=0.005, ge=0)  # of the error of daily totals
    beta_kl: float = Field(default=0.01, ge=0)  # of the KL divergence
    warmup_epochs: int = Field(default=50, ge=0)  # of the KL

    @model_validator(mode="after")
    def _ordered(self) -> Loss:
        if self.w_min > self.w_max:
            raise ValueError(f"w_min is {self.w_min:g} and w_max {self.w_max:g}; expected w_min <= w_max")
        return self


class Objective(Section):
    """The objective of the hierarchical model."""

    members: int = Field(default=2, ge=2)  # prior members a day in the loss (mixed ones are always two)
    pooling: list[Annotated[int, Field(ge=1)]] = [1, 2, 4, 8, 16, 64]  # [fine cells] sides of the scored blocks
    increments: list[Annotated[int, Field(ge=1)]] = []  # [cells] distances of cells whose differences are scored too
    w_rec: float = Field(default=1.0, ge=0)  # of the reconstruction
    w_kl: float = Field(default=1.0, ge=0)  # of the KL divergence a valid cell
    w_prior: float = Field(default=5.0, ge=0)  # of prior members
    w_mixed: float = Field(default=1.0, ge=0)  # of members whose coarse levels are the storm's
    tail_weight: float = Field(default=0.2, ge=0)  # of the score in mm/day over the training P90
    free_bits: float = Field(default=0.0, ge=0)  # [nats] of each latent channel and day that cost nothing
    warmup_epochs: int = Field(default=2, ge=0)  # of the KL
    calm_start: bool = False  # begin with some mm everywhere, and let no term be scaled by its first steps for long


class Train(Section):
    """How long and how a model is trained; the defaults are the default model's."""

    epochs: int = Field(default=12, ge=1)
    max_minutes: float | None = Field(default=None, gt=0)  # [min] training ends with the epoch that passes this
    batch_size: int = Field(default=32, ge=1)  # [days]
    lr: float = Field(default=2.0e-3, gt=0)  # largest learning rate, of AdamW
    lr_warmup_epochs: float = Field(default=1.0, ge=0)  # over which the learning rate rises
    weight_decay: float = Field(default=0.1, ge=0)
    grad_clip: float = Field(default=1.0, gt=0)  # norm of the gradient at most
    schedule: Literal["cosine", "plateau", "constant"] = "cosine"
    ema: float = Field(default=0.995, ge=0, lt=1)  # decay per step; 0 keeps no average
    precision: Literal["auto", "fp32", "bf16"] = "auto"  # auto: the faster of the two on this machine
    min_heavy_fraction: float = Field(default=0.0, ge=0, lt=1)  # more than their own share biases p(y | x)
    save_every: int = Field(default=10, ge=1)  # [epochs]
    validate_every: int = Field(default=1, ge=1)  # [epochs]
    validation_members: int = Field(default=4, ge=2)  # a day
    validation_days: int = Field(default=200, ge=1)  # at most; half of them heavy_x
    early_stopping_patience: int = Field(default=100, ge=1)  # [epochs]
    monitor: Literal["prior", "mae_tail"] = "prior"  # score that patience and the plateau schedule watch
    save_last_seconds: float = Field(default=60.0, ge=0)  # [s] between two saves of the resume state


class Sampling(Section):
    """Which members are drawn."""

    modes: list[Literal["prior", "posterior"]] = ["prior", "posterior"]
    splits: list[Literal["train", "validation", "test"]] = ["test"]
    members: int = Field(default=10, ge=1)  # a day
    days: Literal["all", "heavy", "heavy_x"] | list[Date] = "all"
    temperature: float = Field(default=1.0, ge=0)  # factor of the noise
    pixel_threshold: float | None = None  # [mm/day]; null: wet_mm
    keep_levels: int | None = Field(default=None, ge=0)  # posterior: coarsest levels kept of the storm; null: all
    variation: float = Field(default=1.0, ge=0, le=1)  # how far the other levels go, 0 reconstruction to 1 prior
    noise_memory: float = Field(default=0.0, ge=0, lt=1)  # correlation of a member's noise with that of the day before
    seed: int = 0
    checkpoint: str = "best_prior"  # a name in checkpoints/
    batch_size: int = Field(default=16, ge=1)  # [days]

    @model_validator(mode="after")
    def _something_varies(self) -> Sampling:
        if self.variation < 1 and self.keep_levels is None:
            raise ValueError(
                f"variation is {self.variation:g}, but keep_levels null keeps every level of the storm; "
                "expected a number beside it; set keep_levels: 0 to vary all levels"
            )
        return self


Baseline = Literal[
    "climatology", "bilinear", "ratio", "quantile-mapping", "analogs", "scaled-analogs", "tuned-analogs", "rainfarm"
]


class Evaluate(Section):
    """What the samples are compared with."""

    baselines: list[Baseline] = [
        "climatology",
        "bilinear",
        "ratio",
        "quantile-mapping",
        "analogs",
        "scaled-analogs",
        "tuned-analogs",
    ]  # rainfarm has to be named: it needs pysteps
    thresholds_mm: list[float] = [20, 50, 100]  # [mm/day] of events, beside the training P90, P95 and P99
    block_days: int = Field(default=7, ge=1)  # [days] that are drawn together for the intervals
    resamples: int = Field(default=500, ge=50)  # of the intervals
    climate: bool = True  # indices, seasonal cycle and return levels, where the samples hold every day of a split
    areas: Path | None = None  # NetCDF file of areas on the fine grid, e.g. catchments, whose means are scored too


AugmentCheck = Literal["physical_range", "mass", "return_level", "copy", "stranger", "spectrum"]


class Augment(Section):
    """How synthetic days are made, judged and mixed into the training set."""

    days: Literal["heavy_x", "heavy", "all"] | list[Date] = "heavy_x"  # training days that are a source
    top: float | None = Field(default=None, gt=0, le=1)  # in place of days: share of them, the wettest by x
    months: list[Annotated[int, Field(ge=1, le=12)]] | None = None  # and of these months
    return_period: float | None = Field(default=None, gt=0)  # [years] and with an observed maximum as rare
    mode: Literal["prior", "posterior"] = "prior"
    keep_levels: int | None = Field(default=None, ge=0)  # posterior; null: sampling.keep_levels
    variation: float | None = Field(default=None, ge=0, le=1)  # posterior; null: sampling.variation
    ratio: float = Field(default=0.25, gt=0)  # synthetic days per real training day
    weight: float = Field(default=1.0, gt=0)  # of a synthetic day, where a real one has 1
    intensity: float | None = Field(default=None, ge=0, le=1)  # rank of the member's maximum among its day's candidates
    target_return_period: float | None = Field(default=None, gt=0)  # [years] of the member's maximum, as near as may be
    candidates: int = Field(default=20, ge=2)  # members of which steering picks
    tries: int = Field(default=10, ge=1)  # members that are judged for a synthetic day before it is given up
    checks: list[AugmentCheck] = ["physical_range", "mass", "return_level", "copy", "stranger", "spectrum"]
    mass_tolerance: float = Field(default=0.1, gt=0)  # share of the rain off the block means of the input
    spectrum_tolerance: float = Field(default=0.3, ge=0)  # [log10 of power] always granted, however alike days are
    max_return_period_years: float = Field(default=1000.0, gt=0)  # [years] of the domain maximum
    seed: int = 0

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


class Sweep(Section):
    """How saved checkpoints are compared."""

    members: int = Field(default=5, ge=2)


class Oversample(Section):
    """Which training days a downscaler sees more often, where ``downscale.train_on`` is ``oversampled``."""

    days: Literal["heavy_x", "heavy"] = "heavy_x"  # heavy is chosen by the outcome, which biases p(y | x)
    times: float = Field(default=4.0, gt=0)  # as often as any other day


class Downscale(Section):
    """The downscaler that augmentation serves (DESIGN 2.3); the defaults take less than the reference's size."""

    network: Literal["srdrn", "q-srdrn", "unet"] = "q-srdrn"
    train_on: Literal["real", "augmented", "oversampled"] = "real"
    oversample: Oversample = Oversample()
    steps: int = Field(default=1200, ge=1)  # of the gradient, whatever the training set
    batch_size: int = Field(default=32, ge=1)  # [days]
    lr: float = Field(default=2.0e-3, gt=0)
    weight_decay: float = Field(default=0.05, ge=0)
    grad_clip: float = Field(default=1.0, gt=0)
    precision: Literal["auto", "fp32", "bf16"] = "auto"  # auto: bf16 where the processor multiplies it
    filters: int = Field(default=48, ge=1)  # channels on the coarse grid; 64 in the reference
    blocks: int = Field(default=8, ge=1)  # residual blocks there (not unet); 16 in the reference
    fine_filters: int = Field(default=16, ge=1)  # channels on the fine grid
    quantiles: list[Annotated[float, Field(gt=0, lt=1)]] = [0.5, 0.95, 0.99, 0.999]  # of q-srdrn and unet
    scale_mm: float = Field(default=36.6, gt=0)  # [mm/day] where the weight of srdrn's error is 1
    w_min: float = Field(default=0.1, gt=0)
    w_max: float = Field(default=2.0, gt=0)
    validations: int = Field(default=6, ge=1)  # in a training, evenly spaced; the best weights are kept
    splits: list[Literal["train", "validation", "test"]] = ["test"]  # to predict

    @model_validator(mode="after")
    def _ordered_quantiles(self) -> Downscale:
        if self.quantiles != sorted(set(self.quantiles)):
            raise ValueError(f"quantiles are {self.quantiles}; expected rising values")
        if self.network == "q-srdrn" and 0.5 not in self.quantiles:
            raise ValueError(f"quantiles are {self.quantiles}; expected 0.5 among them: the median is the forecast")
        if self.w_min > self.w_max:
            raise ValueError(f"w_min is {self.w_min:g} and w_max {self.w_max:g}; expected w_min <= w_max")
        return self

    @property
    def label(self) -> str:
        """What a downscaler is called in tables: ``<network>-<train_on>``."""
        return f"{self.network}-{self.train_on}"


Network = Literal["srdrn", "q-srdrn", "unet"]
ArmName = Annotated[str, Field(pattern=r"^(real|oversampled|(prior|posterior|better)-[1-9][0-9]*)$")]


class Experiment(Section):
    """Which downscalers are trained on which days (docs/downscaling.md)."""

    # real; oversampled; <mode>-<synthetic days for a hundred real ones>; better: the better mode of the first network
    arms: dict[Network, Annotated[list[ArmName], Field(min_length=1)]] = Field(
        default={
            "q-srdrn": ["real", "oversampled", "prior-25", "prior-100", "posterior-25", "posterior-100"],
            "srdrn": ["real", "oversampled", "better-25"],
            "unet": ["real", "oversampled", "better-25"],
        },
        min_length=1,
    )
    seeds: list[Annotated[int, Field(ge=0)]] = Field(default=[0, 1, 2], min_length=1)
    steps: int | None = Field(default=None, ge=1)  # of the gradient; null: downscale.steps
    lr: dict[Network, Annotated[float, Field(gt=0)]] = {}  # of a network, in place of downscale.lr
    keep_levels: int = Field(default=1, ge=0)  # of posterior days, where augment.keep_levels does not say
    split: Literal["validation", "test"] = "test"  # that is scored

    @model_validator(mode="after")
    def _each_once(self) -> Experiment:
        lists: dict[str, list[Any]] = {"seeds": self.seeds, **{f"arms.{key}": arms for key, arms in self.arms.items()}}
        for name, values in lists.items():
            if len(set(values)) < len(values):
                raise ValueError(f"{name} are {values}; expected each once")
        return self


class Config(Section):
    """The whole configuration of a run."""

    seed: int = Field(default=0, ge=0)
    device: Literal["auto", "cpu", "cuda"] = "auto"
    data: Data = Data()
    model: Model = HierarchicalModel()
    loss: Loss = Loss()
    objective: Objective = Objective()
    train: Train = Train()
    sampling: Sampling = Sampling()
    evaluate: Evaluate = Evaluate()
    augment: Augment = Augment()
    sweep: Sweep = Sweep()
    downscale: Downscale = Downscale()
    experiment: Experiment = Experiment()

    @property
    def transform(self) -> Literal["log1p-cell", "log1p-global"]:
        """The normalisation in force: ``data.normalise``, or the model's own where it is ``auto``."""
        if self.data.normalise != "auto":
            return self.data.normalise
        return "log1p-cell" if self.model.name == "flat" else "log1p-global"

    @property
    def beta(self) -> float:
        """Weight of the KL divergence after its warm-up."""
        return self.loss.beta_kl if self.model.name == "flat" else self.objective.w_kl

    @property
    def kl_warmup_epochs(self) -> int:
        """[epochs] over which the weight of the KL divergence rises from 0."""
        return self.loss.warmup_epochs if self.model.name == "flat" else self.objective.warmup_epochs
