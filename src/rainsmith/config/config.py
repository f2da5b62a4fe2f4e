"""The whole configuration of a run."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, SerializeAsAny

from rainsmith.config.augment import Augment
from rainsmith.config.data import Data
from rainsmith.config.downscale import Downscale, Experiment
from rainsmith.config.evaluate import Evaluate, Sweep
from rainsmith.config.model import ModelSettings, Normalisation, model_settings
from rainsmith.config.quantiles import Quantiles
from rainsmith.config.sampling import Sampling
from rainsmith.config.section import Section
from rainsmith.config.train import Train
from rainsmith.config.values import Seed


class Config(Section):
    """What all sections share."""

    seed: Seed = 0
    """Seed of the training and of the intervals of scores. Train with several to see how far results differ."""
    device: Literal["auto", "cpu", "cuda"] = "auto"
    """Where networks run; auto takes a GPU where there is one."""
    data: Data = Data()
    model: Annotated[SerializeAsAny[ModelSettings], BeforeValidator(model_settings)] = Field(
        default_factory=lambda: model_settings({})
    )
    train: Train = Train()
    sampling: Sampling = Sampling()
    quantiles: Quantiles = Quantiles()
    evaluate: Evaluate = Field(default_factory=Evaluate)
    augment: Augment = Field(default_factory=Augment)
    sweep: Sweep = Sweep()
    downscale: Downscale = Field(default_factory=Downscale)
    experiment: Experiment = Experiment()

    @property
    def transform(self) -> Normalisation:
        """The normalisation in force: ``data.normalise``, or the model's own where that is ``auto``."""
        return self.model.normalise if self.data.normalise == "auto" else self.data.normalise
