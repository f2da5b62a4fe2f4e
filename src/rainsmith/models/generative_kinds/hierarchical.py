"""``model.name: hierarchical``: settings and record of the default model (docs/model.md)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer, model_validator

from rainsmith.config import Config, KLWeight, ModelSettings, Section
from rainsmith.config.change import Change
from rainsmith.config.values import NUMBER, Flag, Float, Int, Unique
from rainsmith.models.generative_kinds.hierarchical_recipe import recipe
from rainsmith.models.registry import MODELS, ModelKind

if TYPE_CHECKING:
    import xarray as xr

    from rainsmith.models.generative import GenerativeModel


class Objective(Section):
    """What the hierarchical model is trained on: scores of reconstructions, prior members and mixed members."""

    members: Int = Field(default=2, ge=2, le=100)
    """Prior members of each day that the loss scores (mixed members are always two). With more of them, steps take
    longer and vary less."""
    pooling: Annotated[list[Annotated[Int, Field(ge=1, le=4096)]], Field(min_length=1), Unique] = [1, 2, 4, 8, 16, 64]
    """[fine cells] Sides of the blocks whose means are scored. Leave out sides beyond the size of the domain."""
    increments: Annotated[list[Annotated[Int, Field(ge=1, le=4096)]], Unique] = []
    """[fine cells] Distances at which differences between cells are scored, too. Use [1, 2, 4] against grainy
    fields."""
    posterior_share: Float = Field(default=1.0, gt=0, le=1)
    """Share of the days of a step that have a reconstruction and mixed members; prior members are scored on all days.
    With less of it, steps take less time."""
    w_rec: Float = Field(default=1.0, ge=0, le=1e6)
    """Weight of the score of the reconstruction."""
    w_kl: Float = Field(default=1.0, ge=0, le=1e6)
    """Weight of the KL divergence for each valid cell."""
    w_prior: Float = Field(default=5.0, ge=0, le=1e6)
    """Weight of the score of prior members. Raise it where members are too alike or close to the mean."""
    w_mixed: Float = Field(default=1.0, ge=0, le=1e6)
    """Weight of the score of members whose coarse latents are the storm's and whose fine latents are the prior's."""
    tail_weight: Float = Field(default=0.2, ge=0, le=1e6)
    """Weight of the score of amounts in mm/day, over the training P90, beside the score of their logarithms. Raise it
    where the largest amounts fall short."""
    free_bits: Float = Field(default=0.0, ge=0, le=1e6)
    """[nats] KL divergence of each latent channel and day that costs nothing. Raise it where latents stay unused."""
    warmup_epochs: Int = Field(default=2, ge=0, le=100_000)
    """[epochs] Time over which the weight of the KL divergence rises from 0."""
    calm_start: Flag = False
    """Whether the network begins with a few mm of rain everywhere, and the scales of the loss soon forget its first
    steps. Use it where the first epoch scores far worse than the climatology."""


class HierarchicalSettings(ModelSettings):
    """The hierarchical cVAE (docs/model.md)."""

    name: Literal["hierarchical"] = "hierarchical"
    auto: Flag = False
    """Whether the recipe of docs/model.md chooses every key of this section that is not given, from the data; `train`
    prints what it chose, and why. `model: auto` says the same."""
    levels: Int = Field(default=5, ge=1, le=16)
    """Number of latent levels; the blocks of each are twice as wide as those of the next. The coarsest blocks should be
    as wide as the weather systems that the predictors leave open."""
    finest: Annotated[Literal[1, 2], NUMBER] = 2
    """[fine cells] Side of the blocks of the finest level. 1 gives sharper fields and slower steps."""
    channels: list[Annotated[Int, Field(ge=8, le=1024)]] = [64, 64, 64, 48, 32]
    """Channels of each level, coarse to fine."""
    latent_channels: list[Annotated[Int, Field(ge=1, le=1024)]] = [8, 8, 8, 4, 2]
    """Latent channels of each level, coarse to fine."""
    x_blocks: Int = Field(default=3, ge=1, le=64)
    """Residual blocks of the encoder of the predictors, on the coarse grid."""
    shared_blocks: Int = Field(default=0, ge=0, le=64)
    """Residual blocks of each level on what all members of a day share: predictors, static maps and places."""
    dropout: Float = Field(default=0.0, ge=0, lt=1)
    """Share of the channels that is dropped in the encoder of the predictors in training. Raise it, up to 0.5, where
    there are few years and the predictors say little about the rain."""
    edges: Literal["zero", "continued"] = "zero"
    """What the last layer finds beyond the edges of the grid. With zero the outermost rows and columns are too dry;
    continued repeats the blocks at the edge."""
    power: Float | None = Field(default=None, ge=1, le=1000)
    """The amount is (1 + v / power)^power - 1 of the network's output v, or exp(v) - 1 with null. Set 6 to 12 where the
    tail is too long."""
    mass: Literal["auto", "none", "soft", "hard"] = "auto"
    """Whether block means of the members are made equal to the coarse rain: exactly (hard), nearly, by smooth factors
    (soft), or not at all (none). auto takes hard where the coarse rain is block means of the target, and none where it
    is another product, with a bias of its own."""
    objective: Objective = Objective()

    @property
    def kl(self) -> KLWeight:
        return KLWeight(self.objective.w_kl, self.objective.warmup_epochs)

    @property
    def summary(self) -> str:
        if self.auto:
            return f"{self.name}, settings from the data"
        widths = ", ".join(map(str, self.channels))
        return f"{self.name}, {self.levels} levels of {widths} channels, mass {self.mass}"

    @model_serializer(mode="wrap")
    def _without_open_keys(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """All keys; with ``auto`` those that are given, so that a file that was written leaves the others open, too."""
        values: dict[str, Any] = handler(self)
        if self.auto:
            values = {key: value for key, value in values.items() if key in {"name", *self.model_fields_set}}
            if "objective" in values:
                values["objective"] = {key: values["objective"][key] for key in self.objective.model_fields_set}
        return values

    @model_validator(mode="after")
    def _one_width_a_level(self) -> HierarchicalSettings:
        if self.auto and not {"levels", "channels", "latent_channels"} <= self.model_fields_set:
            return self
        if not len(self.channels) == len(self.latent_channels) == self.levels:
            raise ValueError(
                f"{self.levels} levels, {len(self.channels)} channels and {len(self.latent_channels)} latent_channels; "
                "expected one entry a level in both lists"
            )
        return self


ADVICE = {
    "mean-collapse": (
        "Members fall back on the mean: raise model.objective.w_prior, lower model.objective.w_rec, score larger "
        "blocks (model.objective.pooling)."
    ),
    "tail-deficit": (
        "The tail stops short: raise model.objective.tail_weight or model.objective.w_prior, train longer, pick the "
        "checkpoint by prior samples (train.monitor: prior), and do not trust return levels of these members."
    ),
    "tail-excess": (
        "The tail is too long: where noise is found, too, mend that first; set model.power (6 to 12 gives a shorter "
        "tail than the exponential), lower model.objective.tail_weight, or raise train.weight_decay."
    ),
    "blur": (
        "Fields are too smooth: score the differences between neighbours (model.objective.increments: [1, 2, 4]), "
        "add a finer latent level (model.finest: 1), raise sampling.temperature to 1 where it is lower, give prior "
        "members more weight against the reconstruction (model.objective.w_prior)."
    ),
    "noise": (
        "Diversity that comes from grains instead of storms: score differences between neighbours in training "
        "(model.objective.increments: [1, 2, 4]), lower sampling.temperature to 1, train longer (train.epochs)."
    ),
    "mass-drift": (
        "The total drifts: set model.mass (hard where coarse rain is an input), score larger blocks "
        "(model.objective.pooling up to the domain), or look whether training and scored years differ."
    ),
    "under-dispersion": (
        "Members are too alike: raise model.objective.w_prior, lower model.objective.w_rec or model.objective.w_kl, "
        "more latent levels up to the size of the weather systems (model.levels), more dropout of the predictors "
        "(model.dropout); for a few per cent, a sampling.temperature a little above 1, chosen on validation days."
    ),
    "over-dispersion": (
        "Members differ more than the truth does from them: set sampling.temperature to 1, train longer, raise "
        "model.objective.w_rec."
    ),
    "ignores-z": ("The decoder reads the predictors alone: lower model.objective.w_kl, raise model.objective.w_prior."),
    "prior-posterior-gap": (
        "Prior members are unlike reconstructions: raise the weight of prior members "
        "(model.objective.w_prior) or of the KL (model.objective.w_kl), choose the checkpoint by prior samples, and "
        "judge the model in prior mode only."
    ),
    "posterior-collapse": (
        "The posterior equals the prior: lower model.objective.w_kl, lengthen model.objective.warmup_epochs, set "
        "model.objective.free_bits."
    ),
    "kl-explosion": (
        "Latents carry more than a prior can give back: raise model.objective.w_kl, shorten "
        "model.objective.warmup_epochs, lower train.lr."
    ),
}
_MORE_PRIOR, _LESS_KL, _MORE_KL = (
    Change("model.objective.w_prior", times=1.5),
    Change("model.objective.w_kl", times=0.5),
    Change("model.objective.w_kl", times=2.0),
)
_SMOOTHER = Change("model.objective.increments", to=[1, 2, 4], only_if=[])
CHANGES = {
    "mean-collapse": (_MORE_PRIOR,),
    "tail-deficit": (Change("model.objective.tail_weight", times=2.0), _MORE_PRIOR),
    "tail-excess": (Change("model.objective.tail_weight", times=0.5), Change("train.weight_decay", times=2.0)),
    "blur": (_SMOOTHER, Change("model.finest", to=1), _MORE_PRIOR),
    "noise": (_SMOOTHER,),
    "under-dispersion": (_MORE_PRIOR,),
    "over-dispersion": (Change("sampling.temperature", to=1.0),),
    "ignores-z": (_LESS_KL,),
    "prior-posterior-gap": (_MORE_PRIOR,),
    "posterior-collapse": (_LESS_KL,),
    "kl-explosion": (_MORE_KL,),
}
"""What to change where a diagnosis finds this model failing."""


def _build(config: Config, domain: xr.Dataset) -> GenerativeModel:
    from rainsmith.models.hierarchical.model import HierarchicalModel

    return HierarchicalModel(config, domain)


MODELS.add(
    ModelKind(
        name="hierarchical",
        order=10,
        title="hierarchical cVAE",
        meaning="Latents on the grid at several scales, each with a learned prior, trained on proper scores of its "
        "members.",
        settings=HierarchicalSettings,
        build=_build,
        recipe=recipe,
        advice=ADVICE,
        changes=CHANGES,
    )
)
