"""Scores of prior and posterior members on a fixed set of validation days, worked out at every validation."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Any

import numpy as np
import torch
import xarray as xr
from torch import Tensor

from rainsmith.base.dims import in_day_set
from rainsmith.data.dataset import Batch, Days
from rainsmith.metrics.bootstrap import calendar_blocks
from rainsmith.models.generative import Drawing, GenerativeModel, days_at_once
from rainsmith.models.noise import member_noise
from rainsmith.models.training_scores import fair_crps, threshold_weighted_crps

Figures = dict[str, float]
"""Scores by name, as ``metrics.jsonl`` keeps them."""

BULK_WEIGHT = 0.1
"""Weight of the CRPS in ``tail_score``, which is the CRPS with weight 1.1 above the training P99 and 0.1 below it.

The tail alone cannot tell models apart that never reach it: their twCRPS is the same constant, and the first of them
would stay the best.
"""


def validation_days(days: xr.Dataset, at_most: int, seed: int) -> np.ndarray:
    """Indices of a fixed choice of days: half of them ``heavy_x`` days, the rest drawn from the others.

    Args:
        days: the validation split of a store.
        at_most: largest number of days.
        seed: of the choice.

    Returns:
        Rising indices along ``time``.
    """
    generator = np.random.default_rng([seed, 0])
    heavy = in_day_set(days, "heavy_x")
    heavy_days, others = np.flatnonzero(heavy), np.flatnonzero(~heavy)
    n_heavy = min(len(heavy_days), max(at_most // 2, at_most - len(others)))
    chosen = [
        generator.choice(heavy_days, n_heavy, replace=False),
        generator.choice(others, min(len(others), at_most - n_heavy), replace=False),
    ]
    return np.sort(np.concatenate(chosen))


class Validation:
    """Draws members for the chosen days and scores them over valid cells, all in mm/day.

    Args:
        days: the validation split of the store.
        domain: the store without time (thresholds).
        members: members a day, K, of each mode.
        at_most: largest number of days.
        wet_mm: least rain of a wet cell [mm/day].
        seed: of the choice of days and of the members' noise.
        batch_size: days drawn at once, or fewer where the grid is large.
    """

    def __init__(
        self,
        days: xr.Dataset,
        domain: xr.Dataset,
        *,
        members: int,
        at_most: int,
        wet_mm: float,
        seed: int,
        batch_size: int,
    ) -> None:
        chosen = validation_days(days, at_most, seed)
        self.days = Days(days.isel(time=chosen), in_memory=True)
        self.week = np.unique(calendar_blocks(days["time"][chosen], 7), return_inverse=True)[1]
        self.mask = torch.from_numpy(np.asarray(domain["mask"].values, dtype=bool))
        self.members, self.wet_mm, self.seed = members, wet_mm, seed
        self.batch_size = days_at_once(batch_size, members, self.mask.numel())
        self.p95, self.p99 = float(domain["p95"]), float(domain["p99"])

    def __call__(
        self, model: GenerativeModel, device: torch.device, autocast: AbstractContextManager[Any]
    ) -> tuple[dict[str, Figures], list[float]]:
        """Score the modes that the model has.

        Returns:
            Figures of each mode and of the observations, as ``metrics.jsonl`` keeps them; and the parts of the prior's
            ``tail_score`` that the weeks add to it.
        """
        training = model.training
        model.eval()
        how = Drawing(threshold_mm=self.wet_mm)
        modes = ("prior", "posterior") if model.has_posterior else ("prior",)
        drawn: dict[str, list[Tensor]] = {mode: [] for mode in modes}
        observed, valid = [], []
        for batch in self._batches():
            noise = [
                n.to(device) for n in member_noise(self.seed, batch.days, range(self.members), model.latent_shapes)
            ]
            on_device = batch.to(device)
            for mode in modes:
                storm = on_device.y if mode == "posterior" else None
                with autocast:
                    members = model.draw(on_device.x, noise, storm, on_device.valid, how)
                drawn[mode].append(members.float().cpu()[..., self.mask])
            observed.append(batch.y[:, self.mask])
            valid.append(batch.valid[:, self.mask])
        model.train(training)
        y, ok = torch.cat(observed), torch.cat(valid)
        scored = {mode: self._figures(torch.cat(members), y, ok) for mode, members in drawn.items()}
        figures = {
            **{mode: of_mode for mode, (of_mode, _) in scored.items()},
            "observed": {
                "max": y[ok].max().item(),
                "mean": y[ok].mean().item(),
                "p99": _quantile(y[ok], 0.99),
                "wet_fraction": (y[ok] >= self.wet_mm).float().mean().item(),
            },
        }
        return figures, np.bincount(self.week, weights=scored["prior"][1].numpy()).tolist()

    def _batches(self) -> Iterator[Batch]:
        for start in range(0, len(self.days), self.batch_size):
            yield self.days.batch(np.arange(start, min(start + self.batch_size, len(self.days))))

    def _figures(self, members: Tensor, y: Tensor, valid: Tensor) -> tuple[Figures, Tensor]:
        """Figures of (N, K, cells) members against (N, cells) observations, and the days' parts of ``tail_score``."""
        flat = members.transpose(0, 1)[:, valid]  # (K, valid cell-days)
        tail = (y >= self.p95) & valid
        mean = members.mean(dim=1)
        crps, twcrps = fair_crps(members, y), threshold_weighted_crps(members, y, self.p99)
        daily = ((twcrps + BULK_WEIGHT * crps) * valid).sum(dim=1, dtype=torch.float64) / valid.sum()
        figures = {
            "max": flat.max(dim=1).values.median().item(),
            "mean": flat.mean().item(),
            "p99": float(np.median([_quantile(row, 0.99) for row in flat])),
            "wet_fraction": (flat >= self.wet_mm).float().mean().item(),
            "diversity": _diversity(members * valid[:, None]),
            "correlation": _correlation(members, y, valid),
            "crps": crps[valid].mean().item(),
            "twcrps_p99": twcrps[valid].mean().item(),
            "tail_score": daily.sum().item(),
            "mae_tail": (mean - y)[tail].abs().mean().item() if tail.any() else math.nan,
        }
        return figures, daily


def _quantile(values: Tensor, q: float) -> float:
    return float(np.quantile(values.numpy(), q))


def _diversity(members: Tensor) -> float:
    """1 - cosine similarity, mean over member pairs, then days: (N, K, cells); a dry member has no angle."""
    k = members.shape[1]
    norm = members.norm(dim=2, keepdim=True)
    unit = members / norm.clamp_min(1e-12)
    wet = (norm > 0).float()
    pairs = torch.triu(wet @ wet.transpose(1, 2), diagonal=1)
    similarity = (unit @ unit.transpose(1, 2) * pairs).sum((1, 2))
    count = pairs.sum((1, 2))
    if k < 2 or not (count > 0).any():
        return math.nan
    return 1.0 - (similarity[count > 0] / count[count > 0]).mean().item()


def _correlation(members: Tensor, y: Tensor, valid: Tensor) -> float:
    """Pearson correlation over valid cells of each member and day, averaged; days without variance are left out."""
    weight = valid[:, None].float()
    count = weight.sum(2, keepdim=True).clamp_min(1)
    a = (members - (members * weight).sum(2, keepdim=True) / count) * weight
    b = y[:, None]
    b = (b - (b * weight).sum(2, keepdim=True) / count) * weight
    scale = a.norm(dim=2) * b.norm(dim=2)
    r = (a * b).sum(2) / scale.clamp_min(1e-12)
    return r[scale > 1e-9].mean().item()
