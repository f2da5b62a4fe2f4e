"""The section ``model``: what the settings of every generative model have in common.

The settings of a model stand with the model itself, in ``rainsmith.models.generative_kinds``: ``model.name`` says which
they are.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal, NamedTuple

from rainsmith.config.section import Section, records_of
from rainsmith.config.values import shown

DEFAULT_MODEL = "hierarchical"
"""The model of a configuration that names none."""
MODELS = "rainsmith.models.registry:MODELS"

Normalisation = Literal["log1p-cell", "log1p-global"]


class KLWeight(NamedTuple):
    """How much the KL divergence weighs in a loss, and over how many epochs its weight rises from 0."""

    weight: float
    warmup_epochs: int


class ModelSettings(Section):
    """Settings of a generative model.

    Attributes:
        normalise: the normalisation that the model works with where ``data.normalise`` is ``auto``.
        kl: the weight of the KL divergence in the loss; None for a model without one.
        summary: its size and kind in a few words, for the report.
    """

    normalise: ClassVar[Normalisation] = "log1p-global"
    name: str

    @property
    def kl(self) -> KLWeight | None:
        return None

    @property
    def summary(self) -> str:
        return self.name


def settings_of(values: Mapping[str, Any]) -> type[ModelSettings]:
    """The class of the section ``model`` whose values these are.

    Raises:
        UserError: there is no model of that name.
    """
    name = values.get("name", DEFAULT_MODEL)
    settings: type[ModelSettings] = records_of(MODELS)[name[:60] if isinstance(name, str) else shown(name)].settings
    return settings


def model_settings(values: Any) -> Any:
    """The section that a mapping stands for; anything else as it is.

    Raises:
        UserError: there is no model of that name.
        ValidationError: a key is unknown, or a value is refused.
    """
    return settings_of(values).model_validate(values) if isinstance(values, Mapping) else values
