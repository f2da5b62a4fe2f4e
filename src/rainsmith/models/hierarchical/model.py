"""The hierarchical cVAE in physical units: mm/day in, mm/day out (docs/model.md)."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence

import numpy as np
import torch
import xarray as xr
from torch import Tensor, nn

from rainsmith.config import Config
from rainsmith.data.normalise import Standardiser
from rainsmith.models.amounts_curve import AmountsCurve
from rainsmith.models.day_parts import in_parts
from rainsmith.models.generative import AS_TRAINED, BOUND, Drawing, GenerativeModel, all_valid, without_drizzle
from rainsmith.models.generative_kinds.hierarchical import HierarchicalSettings
from rainsmith.models.geometry import Geometry, valid_box
from rainsmith.models.hierarchical.mass import MassConservation
from rainsmith.models.hierarchical.network import HierarchicalCVAE
from rainsmith.models.hierarchical.objective import EnsembleObjective
from rainsmith.models.hierarchical.parts import Part, part_of, patches_of
from rainsmith.models.hierarchical.windows import Windows
from rainsmith.models.patch import Patch, Window, cut, whole

AT_ONCE_ON_A_CPU = 2**20
"""Largest number of amounts that are drawn at once on a CPU where there are several days: more would only take more
memory, some 200 bytes each."""
KEPT_PARTS = 64
"""Parts of the grid whose places are kept for further steps."""
LEAK = 0.05
"""Slope of the output below 0 in training: dry cells keep a gradient; sampling clips them at 0."""


class HierarchicalModel(GenerativeModel):
    """The hierarchical cVAE with the bound of its amounts, the conservation of mass and its objective.

    The network works on the box of rows and columns that hold valid cells, mass and objective on the valid cells; what
    comes in and goes out is on the whole grid.

    Args:
        config: the run's configuration; its model is ``hierarchical``.
        domain: the store without its time dimension.
    """

    network: HierarchicalCVAE
    has_day_parts = True
    mass: MassConservation | None
    cells: Tensor  # (cells,) places of the valid cells in the flattened box
    on_grid: Tensor  # (cells,) their places in the flattened whole grid

    def __init__(self, config: Config, domain: xr.Dataset) -> None:
        super().__init__(config, domain)
        settings = config.model
        assert isinstance(settings, HierarchicalSettings)
        if settings.auto:
            raise ValueError("model.auto is true; expected a value for every key; settle the configuration first")
        self.settings = settings.objective
        self.levels = settings.levels
        grids = Geometry.from_domain(domain)
        self.grid, self.box = grids.fine, valid_box(grids.mask.numpy())
        geometry = grids.within(self.box)
        self.network = HierarchicalCVAE(settings, domain.sizes["channel"], geometry)
        if settings.objective.calm_start:
            self.network.start_calmly()
        self.standardise = Standardiser.from_store(domain, log_rain=True)
        self.mass = MassConservation.from_domain(settings.mass, domain)
        self.power = settings.power
        largest = 1 + BOUND * float(domain["train_max"])
        self.bound = float(np.log(largest)) if self.power is None else self.power * (largest ** (1 / self.power) - 1)
        log_std = float(domain["log_std_global"])
        p90, self.valid_cells = max(float(domain["p90"]), config.data.wet_mm), geometry.mask.numpy()
        self.objective = EnsembleObjective(settings.objective, log_std, p90, self.valid_cells)
        self._parts: dict[Window, Part] = {}
        self.register_buffer("cells", torch.from_numpy(np.flatnonzero(self.valid_cells)), persistent=False)
        self.register_buffer("on_grid", torch.from_numpy(np.flatnonzero(grids.mask.numpy())), persistent=False)

    @property
    def latent_shapes(self) -> list[tuple[int, ...]]:
        return self.network.latent_shapes

    @property
    def curve(self) -> AmountsCurve | None:
        return self.network.curve if self.mass is None else None

    def patches(self, side: int) -> tuple[list[Patch], np.ndarray]:
        return patches_of(self.network, side, self.valid_cells, self.box, self.mass)

    def forward(
        self, x: Tensor, y: Tensor, valid: Tensor, beta: float, patch: Patch | None = None
    ) -> tuple[dict[str, Tensor], Tensor]:
        if patch is None:
            y, valid = self._inside(y), self._inside(valid)
        part = self._part(whole(self.network.fine) if patch is None else patch.part)
        windows, network = part.windows, self.network
        # all that is random is drawn for the whole batch, and the objective sees all of it: parts change nothing
        features = network.encode_x(self.standardise(x), part.coarse)
        of_prior = self._noise(len(x), self.settings.members, windows)
        # one reconstruction of each of the first days, and mixed members: their first k levels are the posterior's
        n = math.ceil(self.settings.posterior_share * len(x))
        mixed = 2 if self.settings.w_mixed > 0 and self.levels > 1 else 0
        kept = torch.randint(1, max(2, self.levels), (n, 1, 1), device=x.device)
        by_level = (torch.arange(self.levels, device=x.device) >= kept).float()
        variation = torch.cat([torch.zeros_like(by_level), by_level.expand(-1, mixed, -1)], dim=1)
        days = [features, x, y, valid, variation, *of_prior, *self._noise(n, 1 + mixed, windows)]
        of_days = functools.partial(self._members_in_training, part)
        prior, amounts, *divergences = in_parts(of_days, days, min(self.day_parts, n))
        groups = {"prior": prior, "rec": amounts[:, :1], "mixed": amounts[:, 1:]}
        kl = torch.cat([of_level.mean(0) for of_level in divergences])
        present = {name: members for name, members in groups.items() if members.shape[1]}
        at_cells = self._scored(y, part), self._scored(valid, part)
        return self.objective(present, *at_cells, kl, beta, part.scored, part.share, self.day_parts), kl.detach()

    def _members_in_training(
        self, part: Part, features: Tensor, x: Tensor, y: Tensor, valid: Tensor, variation: Tensor, *noise: Tensor
    ) -> list[Tensor]:
        """Members (N, K, cells) [mm/day] of some days from the prior, and those of the first n from their posteriors.

        Returns:
            Both, and the KL divergence of each level, (n, c) [nats].
        """
        n, windows, network = len(variation), part.windows, self.network
        conditions = network.conditions(features, windows, part.coarse)
        prior, _ = network.decode(conditions, windows, noise[: self.levels])
        evidence = network.encode_y(self.normalised(y[:n], valid[:n]), valid[:n, None], part.seen)
        shared = [condition[:n] for condition in conditions]
        fields, posteriors = network.decode(shared, windows, noise[self.levels :], evidence, variation, part.seen)
        own = [cut(p.kl()[:, 0], *at) for p, *at in zip(posteriors, part.own, windows.worked, strict=True)]
        members = [self._in_training(prior, x, valid, part), self._in_training(fields, x[:n], valid[:n], part)]
        return members + [level.sum((2, 3)) for level in own]

    def _part(self, window: Window) -> Part:
        """A part that training scores; those of the last steps are kept."""
        if window not in self._parts:
            if len(self._parts) >= KEPT_PARTS:
                self._parts.pop(next(iter(self._parts)))
            self._parts[window] = part_of(self.network, window, self.valid_cells, self.mass, self.cells.device)
        return self._parts[window]

    def _noise(self, days: int, members: int, windows: Windows) -> list[Tensor]:
        channels = [shape[0] for shape in self.latent_shapes]
        sizes = [(rows[1] - rows[0], columns[1] - columns[0]) for rows, columns in windows.worked]
        device = self.cells.device
        return [torch.randn(days, members, c, *size, device=device) for c, size in zip(channels, sizes, strict=True)]

    def _scored(self, fields: Tensor, part: Part) -> Tensor:
        """What a step reads (..., h, w), at the cells that it scores (..., cells)."""
        return _at(cut(fields, part.windows.part, part.seen), part.cells)

    def _in_training(self, fields: Tensor, x: Tensor, valid: Tensor, part: Part) -> Tensor:
        """Members (N, K, cells) [mm/day], slightly below 0 where dry, from the network's (N, K, h, w)."""
        amounts = self._bounded(nn.functional.leaky_relu(_at(fields, part.cells).float(), LEAK))
        return amounts if part.mass is None else part.mass(amounts, x, self._scored(valid, part))

    @torch.no_grad()
    def draw(
        self,
        x: Tensor,
        noise: Sequence[Tensor],
        y: Tensor | None = None,
        valid: Tensor | None = None,
        how: Drawing = AS_TRAINED,
    ) -> Tensor:
        step = max(1, AT_ONCE_ON_A_CPU // (noise[0].shape[1] * math.prod(self.grid)))
        if step < len(x) and not x.is_cuda:
            few: list[Tensor] = []
            for part in (slice(start, start + step) for start in range(0, len(x), step)):
                storm, there = (None if field is None else field[part] for field in (y, valid))
                few.append(self.draw(x[part], [level[part] for level in noise], storm, there, how))
            return torch.cat(few)
        observed = all_valid(y) if y is not None and valid is None else valid
        observed = None if observed is None else self._inside(observed)
        storm = None if y is None or observed is None else self.normalised(self._inside(y), observed)
        fields = self.network.draw(
            self.standardise(x),
            noise,
            storm,
            None if observed is None else observed[:, None],
            temperature=how.temperature,
            keep_levels=how.keep_levels,
            variation=how.variation,
            tile=how.tile,
        )
        amounts = self._bounded(_at(fields, self.cells).float()).clamp_min(0.0)
        if y is None:  # prior members only: the posterior of an observed day knows how much it rained
            amounts = self.network.curve(amounts)
        elif how.keep_levels == 0:  # nothing of the storm is kept, so the ratio grows on the way to the prior
            amounts = self.network.curve(amounts, how.variation)
        drawn = without_drizzle(amounts, how.threshold_mm)
        if self.mass is not None:
            drawn = self.mass(drawn, x, None if observed is None else _at(observed, self.cells), exact=True)
        whole = drawn.new_zeros(*drawn.shape[:2], self.grid[0] * self.grid[1])
        whole[..., self.on_grid] = drawn
        return whole.reshape(*drawn.shape[:2], *self.grid)

    @torch.no_grad()
    def posterior_latents(self, x: Tensor, noise: Sequence[Tensor], y: Tensor, valid: Tensor) -> list[Tensor]:
        y, valid = self._inside(y), self._inside(valid)
        windows = self._part(whole(self.network.fine)).windows
        conditions = self.network.conditions(self.network.encode_x(self.standardise(x)), windows)
        evidence = self.network.encode_y(self.normalised(y, valid), valid[:, None])
        kept = x.new_zeros(*noise[0].shape[:2], self.levels)
        posteriors = self.network.decode(conditions, windows, noise, evidence, kept)[1]
        return [level.shift + level.ratio * part for level, part in zip(posteriors, noise, strict=True)]

    def _inside(self, fields: Tensor) -> Tensor:
        """(..., H, W) of the whole grid -> (..., h, w) of the box that the network works on, a view."""
        return fields[..., *self.box]

    def _bounded(self, fields: Tensor) -> Tensor:
        """Output of the network to mm/day, levelling off towards the bound."""
        value = self.bound - nn.functional.softplus(self.bound - fields * self.transform.std, beta=4.0)
        return torch.expm1(value) if self.power is None else (1 + value / self.power) ** self.power - 1


def _at(fields: Tensor, cells: Tensor) -> Tensor:
    """(..., h, w) -> (..., cells), some of the cells; in memory the cells come first."""
    return fields.flatten(-2).movedim(-1, 0).contiguous().index_select(0, cells).movedim(0, -1)
