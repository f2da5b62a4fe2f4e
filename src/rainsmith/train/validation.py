"""Scores of prior and posterior members on a fixed set of validation days, worked out at every validation."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Any

import numpy as np
import torch
import xarray as xr

from rainsmith.base.dims import in_day_set
from rainsmith.data.dataset import Batch, Days
from rainsmith.metrics.bootstrap import calendar_blocks
from rainsmith.models.generative import Drawing, GenerativeModel, days_at_once
from rainsmith.models.noise import member_noise
from rainsmith.train.day_scores import Amounts, DayScores, Figures


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
        at_most, limits = (
            len(self.days) * int(self.mask.sum()),
            {"wet_mm": self.wet_mm, "p95": self.p95, "p99": self.p99},
        )
        scores = {mode: DayScores(self.members, at_most, **limits) for mode in modes}
        observed = Amounts(1, at_most, self.wet_mm)
        for batch in self._batches():
            noise = [
                n.to(device) for n in member_noise(self.seed, batch.days, range(self.members), model.latent_shapes)
            ]
            on_device = batch.to(device)
            y, valid = batch.y[:, self.mask], batch.valid[:, self.mask]
            for mode in modes:
                storm = on_device.y if mode == "posterior" else None
                with autocast:
                    members = model.draw(on_device.x, noise, storm, on_device.valid, how).float().cpu()
                for of_day in zip(members, y, valid, strict=True):
                    scores[mode].add(of_day[0][:, self.mask], *of_day[1:])
            observed.add(y[valid].numpy()[None])
        model.train(training)
        figures = {**{mode: of_mode.figures() for mode, of_mode in scores.items()}, "observed": observed.figures()}
        return figures, np.bincount(self.week, weights=scores["prior"].daily()).tolist()

    def _batches(self) -> Iterator[Batch]:
        for start in range(0, len(self.days), self.batch_size):
            yield self.days.batch(np.arange(start, min(start + self.batch_size, len(self.days))))
