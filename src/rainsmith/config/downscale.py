"""The sections ``downscale`` and ``experiment``."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, model_validator

from rainsmith.config.section import Precision, Section, Share, SplitNames, name_in, records_of
from rainsmith.config.values import FilePath, Float, Int, Seed, Unique

NETWORKS = "rainsmith.models.registry:NETWORKS"
NetworkName = name_in(NETWORKS)
TrainingDays = Literal["real", "augmented", "oversampled", "distilled"]
SWEPT_MODES = ("prior", "posterior", "better")
"""First parts of the names of arms whose second part is a number of synthetic days for a hundred real ones."""

ENSEMBLE = "ensemble"
"""End of the names of the mean forecast of several seeds."""


def _arm(name: str) -> str:
    if not re.fullmatch(r"real|oversampled|(prior|posterior|better|distil|members)-[1-9][0-9]{0,3}", name):
        modes = "prior, posterior or better with a number of synthetic days, such as prior-25"
        members = "distil or members with a number of members, such as distil-50"
        raise ValueError(f"expected real, oversampled, {modes}, or {members}")
    return name


ArmName = Annotated[str, AfterValidator(_arm)]


class Oversample(Section):
    """Which training days a downscaler sees more often, where ``downscale.train_on`` is ``oversampled``."""

    days: Literal["heavy_x", "heavy"] = "heavy_x"
    """The days that are drawn more often; heavy is chosen by the observed rain, which biases p(y | x)."""
    times: Float = Field(default=4.0, gt=0, le=1000)
    """How many times as often as any other day they are drawn."""


class Distil(Section):
    """How a downscaler learns from members, where ``downscale.train_on`` is ``distilled``."""

    members: Int = Field(default=50, ge=2, le=100_000)
    """Members of each training day that the model's distribution is made of."""
    share: Float = Field(default=0.5, gt=0, le=1)
    """Share of the loss that this distribution makes; the observed rain makes the rest."""
    predictors: FilePath | None = None
    """YAML file whose `data.predictors` name further days, without observations, from whose members it learns, too; as
    of `rainsmith sample --predictors`."""


class Downscale(Section):
    """The downscaler that augmentation serves (docs/downscaling.md). The defaults are smaller than the reference's."""

    network: NetworkName = "q-srdrn"  # type: ignore[valid-type]
    """The network, and with it what is forecast."""
    train_on: TrainingDays = "real"
    """The training set: the store's days, those of `augmented.zarr`, the store's with some drawn more often, or the
    store's with what members of the trained model say of each."""
    oversample: Oversample = Oversample()
    distil: Distil = Distil()
    steps: Int = Field(default=1200, ge=1, le=10_000_000)
    """Number of training steps, whatever the training set."""
    batch_size: Int = Field(default=32, ge=1, le=4096)
    """[days] Days of one step."""
    lr: Float = Field(default=2.0e-3, gt=0, le=1)
    """Largest learning rate of AdamW. Lower it where the validation loss jumps."""
    weight_decay: Float = Field(default=0.05, ge=0, le=100)
    """Weight decay of AdamW."""
    grad_clip: Float = Field(default=1.0, gt=0, le=1e6)
    """Largest norm of the gradient; a longer gradient is shortened to it."""
    precision: Precision = "auto"
    """Number format of the products: fp32, bf16, or auto, which takes bf16 where the processor multiplies it."""
    filters: Int = Field(default=48, ge=1, le=1024)
    """Channels on the coarse grid (64 in the reference)."""
    blocks: Int = Field(default=8, ge=1, le=256)
    """Residual blocks on the coarse grid of srdrn and q-srdrn (16 in the reference)."""
    fine_filters: Int = Field(default=16, ge=1, le=1024)
    """Channels on the fine grid."""
    quantiles: Annotated[list[Share], Field(min_length=1, max_length=1000)] = [0.5, 0.95, 0.99, 0.999]
    """Rising levels of the quantiles, for the networks that forecast quantiles."""
    scale_mm: Float = Field(default=36.6, gt=0, le=2000)
    """[mm/day] Amount at which the weight of the error of srdrn is 1; the weight is proportional to the amount."""
    w_min: Float = Field(default=0.1, gt=0, le=1e6)
    """Smallest weight of the error of srdrn."""
    w_max: Float = Field(default=2.0, gt=0, le=1e6)
    """Largest weight of the error of srdrn."""
    validations: Int = Field(default=6, ge=1, le=10_000)
    """Number of validations, evenly spaced over the training; the weights of the best one are kept."""
    splits: SplitNames = ["test"]
    """The splits that are predicted and scored."""
    seeds: Annotated[list[Seed], Field(max_length=1000), Unique] = []
    """Seeds of the trainings, one for each. The mean forecast of two or more is written and scored, too, as an
    ensemble; a seed whose file is of the same settings is not trained again. None takes `seed`."""

    @model_validator(mode="after")
    def _ordered_quantiles(self) -> Downscale:
        if self.quantiles != sorted(set(self.quantiles)):
            raise ValueError(f"quantiles are {self.quantiles}; expected rising values")
        missing = [level for level in records_of(NETWORKS)[self.network].needs_quantiles if level not in self.quantiles]
        if missing:
            raise ValueError(f"quantiles are {self.quantiles}; {self.network} needs {missing[0]:g} among them")
        if self.w_min > self.w_max:
            raise ValueError(f"w_min is {self.w_min:g} and w_max {self.w_max:g}; expected w_min <= w_max")
        return self

    @property
    def label(self) -> str:
        """What a downscaler is called in tables: ``<network>-<train_on>``."""
        return f"{self.network}-{self.train_on}"

    def names(self, seed: int) -> list[str]:
        """Names of the files of each seed, and of the ensemble of several as the last.

        Args:
            seed: of the configuration, which is taken where ``seeds`` has none.
        """
        names = [f"{self.label}-s{one}" for one in self.seeds or [seed]]
        return [*names, f"{self.label}-{ENSEMBLE}"] if len(names) > 1 else names


class Experiment(Section):
    """Which downscalers are trained on which days, to see whether synthetic days help (docs/experiment.md)."""

    arms: dict[NetworkName, Annotated[list[ArmName], Field(min_length=1)]] = Field(  # type: ignore[valid-type]
        default={
            "q-srdrn": ["real", "oversampled", "prior-25", "prior-100", "posterior-25", "posterior-100"],
            "srdrn": ["real", "oversampled", "better-25"],
            "unet": ["real", "oversampled", "better-25"],
        },
        min_length=1,
    )
    """The training sets of each network: real, oversampled, `<mode>-<synthetic days for a hundred real ones>`, where
    the mode better is the one that did better with the first network, or `distil-<members a day>`; and in their place
    `members-<members a day>`, the quantiles of members without any downscaler."""
    ratios: Annotated[list[Annotated[Int, Field(ge=1, le=9999)]], Field(max_length=100), Unique] = []
    """Numbers of synthetic days for a hundred real ones that are tried beside those of `arms`: in each network, for
    every mode (prior, posterior, better) that one of its arms has. The gains are drawn over them, in `ratios.png`."""
    seeds: list[Seed] = Field(default=[0, 1, 2], min_length=1, max_length=1000)
    """Seeds of the trainings; every arm is trained once with each. One seed proves nothing."""
    steps: Int | None = Field(default=None, ge=1, le=10_000_000)
    """Number of training steps; null takes `downscale.steps`."""
    lr: dict[NetworkName, Annotated[Float, Field(gt=0, le=1)]] = {}  # type: ignore[valid-type]
    """Learning rate of a network, where it is not `downscale.lr`."""
    keep_levels: Int = Field(default=1, ge=0, le=16)
    """Latent levels that posterior days keep of the observed storm, where `augment.keep_levels` does not say."""
    split: Literal["validation", "test"] = "test"
    """The split that is scored."""

    @model_validator(mode="after")
    def _each_once(self) -> Experiment:
        lists: dict[str, list[Any]] = {"seeds": self.seeds, **{f"arms.{key}": arms for key, arms in self.arms.items()}}
        for name, values in lists.items():
            if len(set(values)) < len(values):
                raise ValueError(f"{name} are {values}; expected each once")
        return self

    @model_validator(mode="after")
    def _a_mode_for_ratios(self) -> Experiment:
        if self.ratios and not any(map(_modes, self.arms.values())):
            raise ValueError(
                f"ratios are {self.ratios}, but no arm says in which mode; expected an arm such as prior-25"
            )
        return self

    @property
    def arms_with_ratios(self) -> dict[str, list[str]]:
        """The arms of each network, followed by those that ``ratios`` adds; none stands twice."""
        with_ratios = {}
        for network, arms in self.arms.items():
            added = [f"{mode}-{ratio}" for mode in _modes(arms) for ratio in self.ratios]
            with_ratios[network] = list(dict.fromkeys([*arms, *added]))
        return with_ratios


def _modes(arms: list[str]) -> list[str]:
    """The modes in which some arms have synthetic days, each once."""
    modes = (arm.partition("-")[0] for arm in arms)
    return list(dict.fromkeys(mode for mode in modes if mode in SWEPT_MODES))
