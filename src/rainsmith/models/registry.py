"""The generative models and the downscaling networks that a configuration can name.

The records are light: torch is imported when a model is built, so that a command that needs no network starts at once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from rainsmith.base.registry import Registry
from rainsmith.config import Config, Downscale, ModelSettings
from rainsmith.config.change import Change

if TYPE_CHECKING:
    import xarray as xr

    from rainsmith.data.offer import Offer
    from rainsmith.models.downscaling.heads import Head
    from rainsmith.models.generative import GenerativeModel
    from rainsmith.models.geometry import Geometry


class Choice(NamedTuple):
    """What a recipe takes for one key of the configuration, and why."""

    key: str
    value: Any
    reason: str


def twelve_epochs(offer: Offer, given: Mapping[str, Any]) -> list[Choice]:
    """The recipe of a model that has none of its own."""
    return [Choice("train.epochs", 12, "the model has no recipe of its own")]


@dataclass(frozen=True)
class ModelKind:
    """One generative model.

    Attributes:
        name: value of ``model.name``.
        order: its place in lists.
        title: what it is called in texts.
        meaning: what it is, in one sentence.
        settings: its section of the configuration.
        build: makes the model of a configuration, for the grids and training statistics of a store without its time.
        recipe: what suits a store that offers so much, as choices of keys of ``model`` and ``train`` with dots. It also
            sees the keys of ``model`` that are given.
        advice: by name of a diagnosis, what to change where this model fails; it may name keys of ``settings``. Other
            diagnoses give their general advice.
        changes: by name of a diagnosis, the same advice as keys with values, the best first.
    """

    name: str
    order: int
    title: str
    meaning: str
    settings: type[ModelSettings]
    build: Callable[[Config, xr.Dataset], GenerativeModel]
    recipe: Callable[[Offer, Mapping[str, Any]], list[Choice]] = twelve_epochs
    advice: Mapping[str, str] = field(default_factory=dict)
    changes: Mapping[str, tuple[Change, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class NetworkKind:
    """One downscaling network: a trunk, which gives some values for each cell, and a head, which says what they mean.

    Attributes:
        name: value of ``downscale.network``.
        order: its place in lists.
        title: what it is called in texts.
        meaning: what it forecasts and is trained on, in one sentence.
        forecasts_quantiles: whether it forecasts ``downscale.quantiles``.
        needs_quantiles: levels that must be among ``downscale.quantiles``.
        head: makes its head for the training statistics of a store, its settings and the least rain of a wet cell
            [mm/day].
        trunk: makes its trunk of so many channels in and out for a geometry. It has ``to_cells.last``, the layer whose
            biases start from the climate.
        forecasts_mean: whether its single forecast is a mean, so that it cannot lower its RMSE by raining more.
    """

    name: str
    order: int
    title: str
    meaning: str
    forecasts_quantiles: bool
    needs_quantiles: tuple[float, ...]
    head: Callable[[xr.Dataset, Downscale, float], Head]
    trunk: Callable[[int, int, Geometry, Downscale], Any]
    forecasts_mean: bool = False


MODELS: Registry[ModelKind] = Registry("model", "rainsmith.models.generative_kinds")
NETWORKS: Registry[NetworkKind] = Registry("downscaling network", "rainsmith.models.downscaling_kinds")
