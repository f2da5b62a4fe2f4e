"""Compares the networks of a pool with the pool, and its curves of amounts with none and with one factor.

    python benchmarks/pools.py RUN [--members 20] [--split test]

RUN is the folder of a pool (``rainsmith train --pool J``), which should hold years that nothing was chosen by as its
test split. The CRPS is worked out from all pairs of networks, so that chance in the choice of ten members a day, which
is larger than what pools gain, is kept small. The script prints a Markdown row for each curve and each network, and one
for the pool: CRPS, and members' figures over the observed ones.
"""

from __future__ import annotations

import argparse
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import torch
import xarray as xr
from torch import Tensor

from rainsmith.base.dims import in_split
from rainsmith.config import Sampling
from rainsmith.data.dataset import Days
from rainsmith.models import checkpoint as checkpoints
from rainsmith.models.generative import GenerativeModel
from rainsmith.models.noise import member_noise
from rainsmith.run_folder import Run
from rainsmith.sample.sampler import Sampler
from rainsmith.train.calibration import count_amounts, mean_amounts
from rainsmith.train.folds import days_to_learn_and_to_choose
from rainsmith.train.pool import fold_of

BATCH = 64
"""[days] Days drawn at once."""
CURVES = ("none", "factor", "curve")
"""How the amounts are mapped: not at all, by one factor of the same days as the curve, or by the curve kept."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", type=Path)
    parser.add_argument("--members", type=int, default=20)
    parser.add_argument("--split", default="test")
    arguments = parser.parse_args()
    run = Run(arguments.run)
    store, loaded = run.open_store().load(), checkpoints.load(run.checkpoints / "best_prior")
    networks = Sampler(loaded, Sampling(), "cpu").networks
    days, mask = in_split(store, arguments.split), torch.from_numpy(store["mask"].values)
    observed = torch.from_numpy(days["precip"].values)[:, mask]
    factors = []
    for number, network in enumerate(networks):
        fold = fold_of(loaded.config, number)
        climate = days_to_learn_and_to_choose(store, fold)[0 if fold is None else 1]
        factors.append(factor_of(network, Days(climate)))
    raw = [drawn(network, days, mask, arguments.members) for network in networks]
    print("| curve, network | CRPS, mm | mean | P99 | P99.9 |\n|---|---|---|---|---|")
    for curve in CURVES:
        fields = []
        for network, weights, factor, amounts in zip(networks, loaded.networks, factors, raw, strict=True):
            put(network, weights, curve, factor)
            mapped = network.curve(amounts) if network.curve is not None else amounts
            fields.append(torch.where(mapped < loaded.config.data.wet_mm, 0.0, mapped))
        for name, crps, members in rows(fields, observed):
            ratios = (f"{ratio:.3g}" for ratio in over_observed(members, observed))
            print(f"| {curve}, {name} | {crps:.4f} | {' | '.join(ratios)} |", flush=True)


def factor_of(network: GenerativeModel, days: Days) -> float:
    """Observed over drawn rain of the days that the network's curve is fitted on."""
    assert network.curve is not None, "a model that conserves mass has no curve"
    network.curve.reset()
    counts = count_amounts(network, days, torch.device("cpu"), nullcontext(), seed=0, batch_size=BATCH)
    return mean_amounts(counts.observed) / mean_amounts(counts.drawn)


def put(network: GenerativeModel, weights: dict[str, Tensor], curve: str, factor: float) -> None:
    """Give a network the curve of this name."""
    assert network.curve is not None
    network.curve.reset()
    if curve == "factor":
        network.curve.wanted.mul_(factor)
    elif curve == "curve":
        network.curve.put(weights["curve.drawn"], weights["curve.wanted"])


def drawn(network: GenerativeModel, days: xr.Dataset, mask: Tensor, members: int) -> Tensor:
    """(days, members, cells) amounts of a network as it draws them, without a curve [mm/day]."""
    assert network.curve is not None
    network.curve.reset()
    reader, parts = Days(days, in_memory=True), []
    for start in range(0, len(reader), BATCH):
        batch = reader.batch(np.arange(start, min(start + BATCH, len(reader))))
        noise = member_noise(0, batch.days, range(members), network.latent_shapes)
        parts.append(network.draw(batch.x, noise, valid=batch.valid)[..., mask])
    return torch.cat(parts)


def rows(fields: list[Tensor], observed: Tensor) -> list[tuple[str, float, Tensor]]:
    """Name, CRPS and members (days, members, cells) of each network and of the pool."""
    known = torch.isfinite(observed)
    members = fields[0].shape[1]

    def mean(values: Tensor) -> float:
        return float(values[known].double().mean())

    error = [mean((field - observed[:, None]).abs().mean(1)) for field in fields]
    apart = np.zeros((len(fields), len(fields)))
    for i, j in np.ndindex(apart.shape):
        shifts = range(1 if i == j else 0, members, 3)  # a third of the pairs
        apart[i, j] = np.mean([mean((fields[i] - fields[j].roll(shift, 1)).abs().mean(1)) for shift in shifts])
    alone = [(f"network {i + 1}", error[i] - apart[i, i] / 2, field) for i, field in enumerate(fields)]
    together = ("pool", float(np.mean(error) - apart.mean() / 2), torch.cat(fields, dim=1))
    average = ("mean of the networks", float(np.mean([crps for _, crps, _ in alone])), together[2])
    return [*alone, average, together]


def over_observed(members: Tensor, observed: Tensor) -> list[float]:
    """Mean, P99 and P99.9 of the members over those of the observation."""
    known = torch.isfinite(observed)
    ours, theirs = members.transpose(0, 1)[:, known].numpy().ravel(), observed[known].numpy()
    quantiles = [np.quantile(ours, q) / np.quantile(theirs, q) for q in (0.99, 0.999)]
    return [float(ours.mean() / theirs.mean()), *quantiles]


if __name__ == "__main__":
    main()
