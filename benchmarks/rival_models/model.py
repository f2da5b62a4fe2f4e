"""What rivals have in common: mm/day in and out, and what happens to amounts after the network, as in the product."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
import xarray as xr
from torch import Tensor, nn

from rainsmith.base.dims import in_split
from rainsmith.config import Config
from rainsmith.data.dataset import Days
from rainsmith.data.normalise import PredictandTransform, Standardiser
from rainsmith.models.amounts_curve import AmountsCurve
from rainsmith.models.generative import AS_TRAINED, BOUND, Drawing, GenerativeModel, without_drizzle
from rainsmith.models.geometry import Geometry, valid_box
from rainsmith.models.hierarchical.mass import MassConservation
from rainsmith.models.noise import member_noise
from rainsmith.models.precision import autocast, sampling_precision

CPU = torch.device("cpu")
"""Minutes are those of a processor, so that all is trained and drawn there."""
Facts = dict[str, Any]
"""Plain values that are written beside a trained rival: minutes, steps, scores."""


@dataclass(frozen=True)
class Problem:
    """What every rival is given.

    Attributes:
        config: of the run; the rivals read its transform, mass, dropout, batch size, weight decay and average.
        store: the prepared data with all days. Rain is read on training and validation days only.
    """

    config: Config
    store: xr.Dataset

    def __deepcopy__(self, memo: dict[int, Any]) -> Problem:
        return self  # copies of a model share the data

    @cached_property
    def domain(self) -> xr.Dataset:
        """Grids, statics and training statistics."""
        return self.store.drop_dims("time").load()

    @cached_property
    def training(self) -> xr.Dataset:
        return in_split(self.store, "train").load()

    @cached_property
    def validation(self) -> xr.Dataset:
        return in_split(self.store, "validation").load()


@dataclass(frozen=True)
class Budget:
    """How long, how fast and with which seed one training runs.

    Attributes:
        minutes: [min] processor time of the training with all that belongs to it: planning, validation, curve.
        lr: largest learning rate.
        seed: of the first weights, the order of the days and the noise.
        steps: number of steps of each stage; None takes as many as fit into the minutes.
    """

    minutes: float
    lr: float
    seed: int = 0
    steps: int | None = None


class RivalModel(GenerativeModel):
    """A rival in physical units; its file has network, loss and sampler, and this class the rest.

    Members are the network's amounts, mapped by the curve of amounts where no mass is conserved, without drizzle, and
    with the block means of the coarse rain where these are known exactly: what the default model does to its own.

    Attributes:
        stages: names of the parts that are trained one after another, and each one's share of the minutes.

    Args:
        problem: what the rival is given.
    """

    has_posterior = False
    stages: Mapping[str, float] = {"network": 1.0}
    cells: Tensor  # (cells,) places of the valid cells in the flattened box
    on_grid: Tensor  # (cells,) their places in the flattened whole grid

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.config, problem.domain)
        domain, settings = problem.domain, problem.config.model
        self.transform = PredictandTransform.from_store(domain, "log1p-global")
        self.standardise = Standardiser.from_store(domain, log_rain=True)
        self.problem, self.wet_mm = problem, problem.config.data.wet_mm
        whole = Geometry.from_domain(domain)
        self.grid, self.box = whole.fine, valid_box(whole.mask.numpy())
        self.geometry = whole.within(self.box)
        self.dropout = float(getattr(settings, "dropout", 0.0))
        self.mass = MassConservation.from_domain(getattr(settings, "mass", "auto"), domain)
        self.amounts_curve = AmountsCurve()
        self.bound = float(np.log(1 + BOUND * float(domain["train_max"])))
        self.stage = next(iter(self.stages))
        self.register_buffer("cells", torch.from_numpy(np.flatnonzero(self.geometry.mask.numpy())), persistent=False)
        self.register_buffer("on_grid", torch.from_numpy(np.flatnonzero(whole.mask.numpy())), persistent=False)

    @property
    def curve(self) -> AmountsCurve | None:
        return self.amounts_curve if self.mass is None else None

    @abstractmethod
    def amounts(self, x: Tensor, noise: Sequence[Tensor]) -> Tensor:
        """Amounts (N, K, cells) [mm/day] of raw predictors (N, C, H_lr, W_lr) and noise (N, K, *shape)."""

    @abstractmethod
    def loss(self, x: Tensor, y: Tensor, valid: Tensor) -> Tensor:
        """The loss of the present stage; arguments as in ``GenerativeModel.forward``, on the box of valid cells."""

    def part(self, stage: str) -> nn.Module:
        """The module that a stage trains."""
        return self.network

    def begin(self, stage: str) -> None:
        """Prepare a stage, with the stages before it trained."""
        self.stage = stage

    def forward(self, x: Tensor, y: Tensor, valid: Tensor, beta: float = 0.0) -> tuple[dict[str, Tensor], Tensor]:
        return {"loss": self.loss(x, y[..., *self.box], valid[..., *self.box])}, x.new_zeros(0)

    @torch.no_grad()
    def draw(
        self,
        x: Tensor,
        noise: Sequence[Tensor],
        y: Tensor | None = None,
        valid: Tensor | None = None,
        how: Drawing = AS_TRAINED,
    ) -> Tensor:
        there = None if valid is None else self.at_cells(valid[..., *self.box])
        return self.finished(self.amounts(x, noise), x, there, how.threshold_mm)

    def finished(self, amounts: Tensor, x: Tensor, valid: Tensor | None, threshold_mm: float) -> Tensor:
        """Amounts (N, K, cells) as the network gives them, to members (N, K, H, W) [mm/day], 0 at invalid cells."""
        amounts = amounts.clamp_min(0.0)
        drawn = without_drizzle(amounts if self.curve is None else self.curve(amounts), threshold_mm)
        if self.mass is not None:
            drawn = self.mass(drawn, x, valid, exact=True)
        whole = drawn.new_zeros(*drawn.shape[:2], self.grid[0] * self.grid[1])
        whole[..., self.on_grid] = drawn
        return whole.reshape(*drawn.shape[:2], *self.grid)

    def at_cells(self, fields: Tensor) -> Tensor:
        """(..., h, w) of the box to (..., cells)."""
        return fields.flatten(-2)[..., self.cells]

    def mean_at_cells(self, values: Tensor, valid: Tensor) -> Tensor:
        """Mean over the valid cells of fields (K * N, h, w) of the box, ``valid`` (N, h, w): a number."""
        weight = valid.float().repeat(len(values) // len(valid), 1, 1)
        return (values * weight).sum() / weight.sum().clamp_min(1.0)

    def to_mm(self, fields: Tensor) -> Tensor:
        """Normalised output to mm/day, levelling off towards the bound as that of the default model."""
        value = self.bound - nn.functional.softplus(self.bound - fields.float() * self.transform.std, beta=4.0)
        return torch.expm1(value)

    def members(self, days: xr.Dataset, count: int, *, seed: int = 0, at_once: int = 64) -> xr.DataArray:
        """Members of some days, each a function of seed, day and its number.

        Args:
            days: with raw ``predictors`` (time, channel, y_lr, x_lr) and the coordinates of the fine grid.
            count: number of members.
            seed: of their noise.
            at_once: [days] drawn together.

        Returns:
            (time, member, y, x) [mm/day], NaN at cells that are never valid.
        """
        self.eval()
        reader, parts = Days(days.drop_vars("precip", errors="ignore"), in_memory=True), []
        for start in range(0, len(reader), at_once):
            chosen = np.arange(start, min(start + at_once, len(reader)))
            batch = reader.batch(chosen)
            with autocast(CPU, sampling_precision(self.problem.config.train.precision, CPU)):
                parts.append(self.drawn(batch.x, batch.days, count, seed).float())
        fields = torch.cat(parts).numpy()
        mask = np.asarray(days["mask"].values, dtype=bool)
        coords = {name: days[name] for name in ("time", "y", "x")}
        return xr.DataArray(
            np.where(mask, fields, np.float32("nan")),
            dims=("time", "member", "y", "x"),
            coords=coords,
            attrs={"units": "mm/day"},
        )

    def drawn(self, x: Tensor, days: np.ndarray, count: int, seed: int) -> Tensor:
        """Members (N, K, H, W) [mm/day] of raw predictors (N, C, H_lr, W_lr) of days YYYYMMDD."""
        noise = member_noise(seed, days, range(count), self.latent_shapes)
        return self.draw(x, noise, how=Drawing(threshold_mm=self.wet_mm))


@dataclass(frozen=True)
class Rival:
    """A way of forecasting p(y | x) that the default model is compared with.

    Attributes:
        name: on the command line and in files.
        title: in the table.
        source: the papers.
        lr: the largest learning rate of the first try; others are multiples of it.
        build: an untrained model, whose first weights follow from torch's global generator.
        train: trains it within a budget, and returns what is to be known of that.
    """

    name: str
    title: str
    source: str
    lr: float
    build: Callable[[Problem], RivalModel]
    train: Callable[[RivalModel, Problem, Budget], Facts]
