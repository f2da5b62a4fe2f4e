"""Trains with terms of the objective that were measured and not taken (ADR 0008), to make their rows again.

    python benchmarks/objective_options.py TERM CONFIG --folds 2000:2001 2003:2002 2005:2004 --runs DIR [--set ...]

It trains and scores as held_out_years.py does, with one more term in the score of every group of members. TERM is

- maxima: fair CRPS of the wettest cell of a day, of log1p over its standard deviation and, with weight 1/4, of mm/day
  over P90;
- patches: energy score of the cells of square patches of 4 and 16 cells at random places (log1p over its standard
  deviation);
- spectrum: fair CRPS of the amplitudes of the Fourier transform of log1p (0 where invalid), each over its mean on the
  days of the batch.
"""

from __future__ import annotations

import sys

import held_out_years
import numpy as np
import torch
from torch import Tensor

from rainsmith.models.generative_kinds.hierarchical import Objective
from rainsmith.models.hierarchical import model
from rainsmith.models.hierarchical.objective import EnsembleObjective
from rainsmith.models.training_scores import fair_crps

PATCHES = (4, 16)
SHARE_IN_MM = 0.25


class WithMaxima(EnsembleObjective):
    """A score on the largest amount of the domain."""

    def score(self, members: Tensor, y: Tensor, valid: Tensor) -> Tensor:
        largest, observed = (members * valid[:, None]).amax(2), (y * valid).amax(1)
        logs = fair_crps(self._logs(largest), self._logs(observed))
        amounts = fair_crps(largest / self.p90, observed / self.p90)
        return super().score(members, y, valid) + (logs + SHARE_IN_MM * amounts).mean()


class WithPatches(EnsembleObjective):
    """An energy score (Gneiting and Raftery 2007, eq. 22; fair as Ferro 2014) of small patches."""

    def score(self, members: Tensor, y: Tensor, valid: Tensor) -> Tensor:
        total, weight, k = super().score(members, y, valid), valid.t().float(), members.shape[1]
        # cells first, as the pooling wants them
        logs, observed = self._logs(members.permute(2, 1, 0)) * weight[:, None], self._logs(y.t()) * weight
        for side in PATCHES:
            offset = tuple(torch.randint(side, (2,)).tolist())
            cells = self.cells.pooling(weight, side, offset)

            def distance(
                difference: Tensor, side: int = side, offset: tuple[int, ...] = offset, cells: Tensor = cells
            ) -> Tensor:
                squares = self.cells.pooling(difference.square(), side, (offset[0], offset[1]))
                return (squares / cells.clamp_min(1.0)[:, None] + 1e-8).sqrt()

            energy = distance(logs - observed[:, None]).mean(1)
            if k > 1:
                first, second = np.triu_indices(k, 1)
                energy = energy - 0.5 * distance(logs[:, first] - logs[:, second]).mean(1)
            total = total + (energy * cells).sum() / cells.sum().clamp_min(1.0)
        return total


class WithSpectrum(EnsembleObjective):
    """A score of the amplitudes of all wavenumbers."""

    def __init__(self, settings: Objective, log_std: float, p90: float, mask: np.ndarray) -> None:
        super().__init__(settings, log_std, p90, mask)
        self.grid = mask.shape
        self.register_buffer("places", torch.from_numpy(np.flatnonzero(mask)), persistent=False)

    def score(self, members: Tensor, y: Tensor, valid: Tensor) -> Tensor:
        weight = valid.float()
        logs = self._logs(torch.cat([members, y[:, None]], dim=1)) * weight[:, None]
        field = logs.new_zeros(*logs.shape[:2], self.grid[0] * self.grid[1])
        field = field.index_copy(2, self.places, logs).unflatten(2, self.grid)
        transform = torch.fft.rfft2(field)
        amplitude = (transform.real.square() + transform.imag.square() + 1e-8).sqrt().flatten(2)
        scaled = amplitude / amplitude[:, -1].mean(0).clamp_min(1e-3)
        return super().score(members, y, valid) + fair_crps(scaled[:, :-1], scaled[:, -1]).mean()


OPTIONS: dict[str, type[EnsembleObjective]] = {
    "maxima": WithMaxima,
    "patches": WithPatches,
    "spectrum": WithSpectrum,
}


def main() -> None:
    name = sys.argv.pop(1) if len(sys.argv) > 1 else ""
    if name not in OPTIONS:
        raise SystemExit(f"found {name!r} in the place of TERM, expected one of {', '.join(OPTIONS)}")
    model.EnsembleObjective = OPTIONS[name]  # type: ignore[misc]
    held_out_years.main()


if __name__ == "__main__":
    main()
