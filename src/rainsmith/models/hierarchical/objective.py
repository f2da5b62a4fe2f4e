"""The objective of the hierarchical model: scores of its members; amounts in mm/day."""

from __future__ import annotations

import functools
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

from rainsmith.models.day_parts import sums_in_parts
from rainsmith.models.generative_kinds.hierarchical import Objective
from rainsmith.models.hierarchical.scored_cells import ScoredCells
from rainsmith.models.training_scores import fair_crps


class EnsembleObjective(nn.Module):
    """The objective of the hierarchical model: reconstruction, KL, prior members and mixed members.

    L = w_rec S(reconstruction) / s_rec + w_kl KL / cells + w_prior S(prior) / s_prior + w_mixed S(mixed) / s_mixed

    S is one score for all three: the fair CRPS over blocks of several sizes, of log1p in its standard deviation and,
    times ``tail_weight``, of mm/day over the training P90; a single member scores its absolute error. Where
    ``increments`` names distances, the differences between cells that far apart are scored in the same way: scores of
    single cells do not see whether neighbours go together. Every s is the detached running mean of its term over the
    batches before: a scale learned from the data (Rybkin et al. 2021, arXiv:2006.13202) that no batch sets for itself.

    Args:
        settings: weights.
        log_std: standard deviation of log1p mm/day over the training days.
        p90: training P90 [mm/day].
        mask: (H, W) valid cells.
    """

    RUNNING = 0.98
    """Decay of the running means per step. With ``calm_start`` it is min(0.98, (1 + t) / (10 + t)) at step t;
    otherwise the scores of the random network of the first steps scale the terms for hundreds of steps (ADR 0009)."""
    TERMS = ("rec", "prior", "mixed")
    """Terms that have a running mean, in the order of ``scale``."""

    scale: Tensor
    steps: Tensor

    def __init__(self, settings: Objective, log_std: float, p90: float, mask: np.ndarray) -> None:
        super().__init__()
        self.cells = ScoredCells(mask, settings.increments)
        self.settings, self.log_std, self.p90 = settings, log_std, p90
        self.register_buffer("scale", torch.zeros(len(self.TERMS)))
        self.register_buffer("steps", torch.zeros(len(self.TERMS)))

    def score(
        self, members: Tensor, y: Tensor, valid: Tensor, cells: ScoredCells | None = None, parts: int = 1
    ) -> Tensor:
        """S of (N, K, cells) members [mm/day] against (N, cells) y, over valid cells, averaged over block sizes.

        The days are scored in so many parts, whose sums are added up.
        """
        # at random offsets no cell lies at an edge of blocks more often than others
        offsets = [(0, 0) if side == 1 else tuple(torch.randint(side, (2,)).tolist()) for side in self.settings.pooling]
        of_days = functools.partial(self._sums, cells or self.cells, offsets)
        sums = sums_in_parts(of_days, [members, y, valid], min(parts, len(members)))
        total = y.new_zeros(())
        for crps, weight in zip(sums[::2], sums[1::2], strict=True):
            total = total + crps / weight.clamp_min(1.0)
        return total / (len(self.settings.pooling) + len(self.settings.increments))

    def _sums(
        self, cells: ScoredCells, offsets: Sequence[tuple[int, ...]], members: Tensor, y: Tensor, valid: Tensor
    ) -> list[Tensor]:
        """Sums of the weighted CRPS and of the weights, in turn, for each size of blocks and each distance."""
        # inside, cells come first, (cells, K + 1, N): whole rows are picked and added up
        weight = valid.t().float()
        both = torch.cat([members.permute(2, 1, 0), y.t()[:, None]], dim=1) * weight[:, None]
        sums: list[Tensor] = []
        for side, offset in zip(self.settings.pooling, offsets, strict=True):
            share = cells.pooling(weight, side, offset)
            blocks = cells.pooling(both, side, offset) / share.clamp_min(1.0)[:, None]
            sums += self._crps(self._logs(blocks), blocks / self.p90, share)
        logs, amounts = self._logs(both), both / self.p90
        for lag in self.settings.increments:
            first, second = cells.pairs(lag)
            there = weight.index_select(0, first) * weight.index_select(0, second)
            steps, steps_mm = (part.index_select(0, second) - part.index_select(0, first) for part in (logs, amounts))
            sums += self._crps(steps, steps_mm, there)
        return sums

    def _logs(self, amounts: Tensor) -> Tensor:
        return torch.log1p(amounts.clamp_min(-0.9)) / self.log_std

    def _crps(self, logs: Tensor, amounts: Tensor, weight: Tensor) -> tuple[Tensor, Tensor]:
        """Weighted sum of the CRPS of (n, K + 1, N), members first and the observation last, and of weight (n, N)."""
        crps = fair_crps(logs[:, :-1], logs[:, -1])
        if self.settings.tail_weight:
            crps = crps + self.settings.tail_weight * fair_crps(amounts[:, :-1], amounts[:, -1])
        return (crps * weight).sum(), weight.sum()

    def forward(
        self,
        groups: dict[str, Tensor],
        y: Tensor,
        valid: Tensor,
        kl: Tensor,
        weight_kl: float,
        cells: ScoredCells | None = None,
        share: float = 1.0,
        parts: int = 1,
    ) -> dict[str, Tensor]:
        """Every term by itself and their weighted sum ``loss``.

        Args:
            groups: members (n, K, cells) [mm/day] by term: rec (K = 1), prior, mixed; of the first n <= N days. A term
                may be missing.
            y: (N, cells) observation [mm/day], 0 where invalid.
            valid: (N, cells) bool.
            kl: (d,) KL of each latent channel, summed over its cells, averaged over the batch [nats].
            weight_kl: weight of the KL at this step.
            cells: that are scored; None stands for all valid cells of the grid.
            share: of the valid cells that are scored, and of the free bits.
            parts: in which the days are scored, one after another, which takes less memory and more time.
        """
        count = valid.float().sum(1).mean().clamp_min(1.0)
        free = kl.clamp_min(self.settings.free_bits * share).sum() / count
        loss = weight_kl * free
        terms = {"kl": kl.sum()}
        for number, name in enumerate(self.TERMS):
            if name not in groups:
                continue
            days = len(groups[name])
            value = self.score(groups[name], y[:days], valid[:days], cells, parts)
            terms[name] = value
            loss = loss + getattr(self.settings, f"w_{name}") * value / self._running(number, value.detach())
        return {"loss": loss, **terms}

    @torch.no_grad()
    def _running(self, number: int, value: Tensor) -> Tensor:
        """The running mean of a term before this batch, or the value of this batch where it is the first.

        In training the mean takes the value in.
        """
        before, steps = self.scale[number].clone(), self.steps[number]
        known = torch.where(before > 0, before, value).clamp_min(1e-6)
        if self.training:
            at_first = (1 + steps) / (10 + steps) if self.settings.calm_start else torch.ones_like(steps)
            decay = at_first.clamp_max(self.RUNNING)
            self.scale[number] = torch.where(before > 0, decay * before + (1 - decay) * value, value)
            self.steps[number] += 1
        return known
