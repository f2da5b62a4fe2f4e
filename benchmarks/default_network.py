"""Measures the speed of the default network, of the reference, and of a diffusion model of the same size.

    python benchmarks/default_network.py [--out benchmarks/results/default_network_cpu.json] [--device cuda]

All networks run in bf16, in batches, on 156 x 132 cells and 6 x 13 x 11 predictors. The speed of sampling is in prior
members/s, that of training in days/s of one step of the network's own objective. The diffusion model is here to compare
costs, and is not trained: a U-Net with about as many parameters, with one evaluation per day in training and 18 Heun
steps (35 evaluations) in sampling (Karras et al. 2022, arXiv:2206.00364).
"""

from __future__ import annotations

import argparse
import itertools
import json
import resource
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from reference_network import (
    COARSE,
    FINE,
    PREDICTORS,
    STATICS,
    convolution_rate,
    device_name,
    flops,
    median_seconds,
    network,
    sampling,
    training_step,
)
from torch import Tensor, nn
from torch.nn import functional as F

from rainsmith.base.memory import keep_buffers_mapped
from rainsmith.models.blocks import ResidualBlock, channels_last
from rainsmith.models.generative_kinds.hierarchical import HierarchicalSettings, Objective
from rainsmith.models.geometry import Geometry
from rainsmith.models.hierarchical.network import HierarchicalCVAE
from rainsmith.models.hierarchical.objective import EnsembleObjective
from rainsmith.models.patch import whole

HEUN_STEPS = 18


def geometry() -> Geometry:
    """Coarse cells spread evenly over the fine grid, every cell valid."""
    row, column = torch.meshgrid(
        *((torch.arange(n) + 0.5) * c / n - 0.5 for n, c in zip(FINE, COARSE, strict=True)), indexing="ij"
    )
    maps = torch.randn(STATICS + 2, *FINE)
    return Geometry(row, column, maps, torch.ones(FINE, dtype=torch.bool), COARSE, torch.ones(COARSE))


class Denoiser(nn.Module):
    """A U-Net on the fine grid, about as large as the default network: noisy field, condition and noise level in."""

    def __init__(self, widths: tuple[int, ...] = (48, 72, 96)) -> None:
        super().__init__()
        self.first = nn.Conv2d(4 * (1 + STATICS) + PREDICTORS, widths[0], 3, padding=1)
        self.level = nn.Linear(1, sum(widths))
        self.widths = widths
        self.down = nn.ModuleList(nn.Sequential(ResidualBlock(w), ResidualBlock(w)) for w in widths)
        self.narrow = nn.ModuleList(nn.Conv2d(a, b, 1) for a, b in itertools.pairwise(widths))
        self.widen = nn.ModuleList(nn.Conv2d(b, a, 1) for a, b in itertools.pairwise(widths))
        self.up = nn.ModuleList(nn.Sequential(ResidualBlock(w), ResidualBlock(w)) for w in widths)
        self.last = nn.Conv2d(widths[0], 4, 3, padding=1)

    def forward(self, noisy: Tensor, x: Tensor, statics: Tensor, level: Tensor) -> Tensor:
        fine = F.pixel_unshuffle(torch.cat([noisy, statics.expand(len(noisy), -1, -1, -1)], dim=1), 2)
        h = self.first(torch.cat([fine, F.interpolate(x, size=fine.shape[-2:], mode="bilinear")], dim=1))
        shifts = self.level(level[:, None]).split(self.widths, dim=1)
        kept = []
        for i, blocks in enumerate(self.down):
            h = blocks(h + shifts[i][:, :, None, None].to(h.dtype))
            kept.append(h)
            if i < len(self.narrow):
                h = self.narrow[i](F.avg_pool2d(h, 2, ceil_mode=True))
        for i in reversed(range(len(self.widths))):
            h = self.up[i](h + kept[i] if i < len(self.widths) - 1 else h)
            if i:
                h = F.interpolate(self.widen[i - 1](h), size=kept[i - 1].shape[-2:], mode="nearest")
        return F.pixel_shuffle(self.last(h), 2)


def diffusion_sampling(net: Denoiser, members: int, device: torch.device) -> Callable[[], Tensor]:
    """Heun's method over ``HEUN_STEPS`` noise levels from 80 to 0.002 (Karras et al. 2022, algorithm 1)."""
    x = torch.randn(members, PREDICTORS, *COARSE, device=device)
    statics = torch.randn(STATICS, *FINE, device=device)
    ramp = torch.linspace(0, 1, HEUN_STEPS, device=device)
    levels = (80 ** (1 / 7) + ramp * (0.002 ** (1 / 7) - 80 ** (1 / 7))) ** 7
    levels = torch.cat([levels, levels.new_zeros(1)])

    def slope(field: Tensor, level: Tensor) -> Tensor:
        return (field - net(field, x, statics, level.log().expand(members) / 4).float()) / level

    def draw() -> Tensor:
        with torch.no_grad(), torch.autocast(device.type, torch.bfloat16):
            field = levels[0] * torch.randn(members, 1, *FINE, device=device)
            for now, then in itertools.pairwise(levels):
                first = slope(field, now)
                ahead = field + (then - now) * first
                field = field + (then - now) * 0.5 * (first + slope(ahead, then)) if then > 0 else ahead
            return field

    return draw


def diffusion_step(
    net: Denoiser, optimiser: torch.optim.Optimizer, days: int, device: torch.device
) -> Callable[[], Tensor]:
    x, y = torch.randn(days, PREDICTORS, *COARSE, device=device), torch.randn(days, 1, *FINE, device=device)
    statics = torch.randn(STATICS, *FINE, device=device)

    def step() -> Tensor:
        level = torch.randn(days, device=device).exp()
        with torch.autocast(device.type, torch.bfloat16):
            noisy = y + level[:, None, None, None] * torch.randn_like(y)
            loss = (net(noisy, x, statics, level.log() / 4).float() - y).square().mean()
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()
        return loss

    return step


def default_sampling(net: HierarchicalCVAE, members: int, device: torch.device) -> Callable[[], Tensor]:
    x = torch.randn(1, PREDICTORS, *COARSE, device=device)
    noise = [torch.randn(1, members, *shape, device=device) for shape in net.latent_shapes]

    def draw() -> Tensor:
        with torch.no_grad(), torch.autocast(device.type, torch.bfloat16):
            return net.draw(x, noise)

    return draw


def default_step(
    net: HierarchicalCVAE, optimiser: torch.optim.Optimizer, days: int, device: torch.device
) -> Callable[[], Tensor]:
    """One step with a reconstruction, two mixed and two prior members of every day, as in training."""
    settings = Objective()
    objective = EnsembleObjective(settings, 1.0, 10.0, np.ones(FINE, dtype=bool)).to(device)
    x, y = torch.randn(days, PREDICTORS, *COARSE, device=device), torch.rand(days, *FINE, device=device) * 20
    valid = torch.ones(days, FINE[0] * FINE[1], dtype=torch.bool, device=device)
    # 0 keeps a level of the posterior: a reconstruction, then members that keep the coarsest level, or all but one
    levels, windows = len(net.latent_shapes), net.windows(whole(FINE))
    kept = torch.tensor([levels, 1, levels - 1], device=device)
    variation = (torch.arange(levels, device=device) >= kept[:, None]).float().expand(days, -1, -1)

    def step() -> Tensor:
        noise = [torch.randn(days, 3 + settings.members, *shape, device=device) for shape in net.latent_shapes]
        with torch.autocast(device.type, torch.bfloat16):
            observed = torch.log1p(y)[:, None]
            evidence = net.encode_y(observed, torch.ones_like(observed))
            conditions = net.conditions(net.encode_x(x), windows)
            fields, posteriors = net.decode(conditions, windows, noise, evidence, variation)
            members = torch.expm1(fields.clamp(max=8.0)).flatten(2)
            kl = torch.cat([p.kl()[:, 0].sum((2, 3)).mean(0) for p in posteriors])
            groups = {"rec": members[:, :1], "mixed": members[:, 1:3], "prior": members[:, 3:]}
            total = objective(groups, y.flatten(1), valid, kl, 1.0)["loss"]
        optimiser.zero_grad(set_to_none=True)
        total.backward()
        optimiser.step()
        return total

    return step


def measure(device: torch.device, repeats: int) -> dict[str, object]:
    """All figures on one device, from one run."""
    batch = 256 if device.type == "cuda" else 16
    torch.manual_seed(0)
    default = HierarchicalCVAE(HierarchicalSettings(), PREDICTORS, geometry()).to(device)
    denoiser = Denoiser().to(device)
    channels_last(default)
    channels_last(denoiser)
    reference = network(device, True)
    figures: dict[str, object] = {"device": device_name(device), "threads": torch.get_num_threads(), "batch": batch}
    jobs: dict[str, tuple[nn.Module, Callable[..., Callable[[], Tensor]], Callable[[], Tensor]]] = {
        "reference": (
            reference,
            lambda o: training_step(reference, o, batch, device, True),
            sampling(reference, batch, device, True),
        ),
        "default": (
            default,
            lambda o: default_step(default, o, batch, device),
            default_sampling(default, batch, device),
        ),
        "diffusion": (
            denoiser,
            lambda o: diffusion_step(denoiser, o, batch, device),
            diffusion_sampling(denoiser, batch, device),
        ),
    }
    rate = convolution_rate(device, torch.bfloat16, min(batch, 64), train=True)
    figures["plain 3x3 convolution, forward and backward, TFLOP/s"] = round(rate / 1e12, 3)
    for name, (net, make_step, draw) in jobs.items():
        figures[f"{name}, million parameters"] = round(sum(p.numel() for p in net.parameters()) / 1e6, 3)
        step = make_step(torch.optim.AdamW(net.train().parameters(), fused=True))
        seconds = median_seconds(step, repeats, device)
        figures[f"{name}, training, days/s"] = round(batch / seconds, 2)
        figures[f"{name}, training, share of the convolution's rate"] = round(flops(step) / seconds / rate, 3)
        net.eval()
        figures[f"{name}, sampling, members/s"] = round(batch / median_seconds(draw, repeats, device), 2)
        if device.type == "cuda":
            figures[f"{name}, peak device memory, MiB"] = torch.cuda.max_memory_allocated() // 2**20
            torch.cuda.reset_peak_memory_stats()
    for other in ("reference", "diffusion"):
        ratio = float(figures["default, sampling, members/s"]) / float(figures[f"{other}, sampling, members/s"])  # type: ignore[arg-type]
        figures[f"sampling, default / {other}"] = round(ratio, 2)
    figures["peak memory, MiB"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    keep_buffers_mapped()
    text = json.dumps(measure(torch.device(options.device), options.repeats), indent=1)
    print(text)
    if options.out:
        options.out.parent.mkdir(parents=True, exist_ok=True)
        options.out.write_text(text + "\n")


if __name__ == "__main__":
    main()
