"""Measures speed and memory of the reference network at full size.

    python benchmarks/reference_network.py [--out benchmarks/results/reference_network.json] [--device cuda]

Full size is 156 x 132 cells, 6 x 13 x 11 predictors and base_filters 64. It prints days/s of training and members/s of
sampling, in plain fp32 and as rainsmith runs them. Each is the median of several timed repeats, with its share of the
speed of a plain convolution, measured in the same run.
"""

from __future__ import annotations

import argparse
import json
import platform
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from rainsmith.base.memory import keep_buffers_mapped
from rainsmith.models.blocks import kl_per_dimension
from rainsmith.models.flat.loss import ReferenceLoss
from rainsmith.models.flat.network import FlatCVAE
from rainsmith.models.generative_kinds.flat import FlatSettings, Loss

FINE, COARSE, PREDICTORS, STATICS = (156, 132), (13, 11), 6, 3


def median_seconds(work: Callable[[], object], repeats: int, device: torch.device) -> float:
    """Median wall time of ``work`` after one call to warm up."""
    times = []
    for _ in range(repeats + 1):
        start = time.perf_counter()
        work()
        if device.type == "cuda":
            torch.cuda.synchronize()
        times.append(time.perf_counter() - start)
    return statistics.median(times[1:])


def flops(work: Callable[[], object]) -> int:
    """Floating-point operations of ``work`` as torch counts them (two a multiply-add)."""
    with FlopCounterMode(display=False) as counter:
        work()
    return int(counter.get_total_flops())


def training_step(
    net: FlatCVAE, optimiser: torch.optim.Optimizer, days: int, device: torch.device, bf16: bool
) -> Callable[[], Tensor]:
    """One step on random data, loss in mm/day as in training."""
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(days, PREDICTORS, *COARSE, generator=generator).to(device)
    y = torch.rand(days, *FINE, generator=generator).to(device) * 20
    statics = torch.randn(STATICS, *FINE, generator=generator).to(device)
    valid = torch.ones_like(y, dtype=torch.bool)
    loss = ReferenceLoss(Loss(), scale=11.7, p99=40.0)

    def step() -> Tensor:
        with torch.autocast(device.type, torch.bfloat16) if bf16 else nullcontext():
            condition = net.encode_x(x)
            posterior = net.posterior(condition, torch.log1p(y)[:, None], statics)
            z = posterior.draw(torch.randn_like(posterior.mu))
            y_hat = torch.expm1(net.decode(z, condition).clamp(max=12.0))
            total = loss(y_hat, y, valid, kl_per_dimension(*posterior), 0.01)["loss"]
        optimiser.zero_grad(set_to_none=True)
        total.backward()
        optimiser.step()
        return total

    return step


def sampling(net: FlatCVAE, members: int, device: torch.device, bf16: bool) -> Callable[[], Tensor]:
    """``members`` prior members of one day in one batch."""
    x = torch.randn(1, PREDICTORS, *COARSE, device=device)
    statics = torch.randn(STATICS, *FINE, device=device)
    noise = torch.randn(1, members, net.settings.d_z, device=device)

    def draw() -> Tensor:
        with torch.no_grad(), torch.autocast(device.type, torch.bfloat16) if bf16 else nullcontext():
            return net.draw(x, statics, [noise])

    return draw


def network(device: torch.device, channels_last: bool) -> FlatCVAE:
    torch.manual_seed(0)
    net = FlatCVAE(FlatSettings(injection="all"), PREDICTORS, STATICS, FINE, COARSE).to(device)
    return net.to(memory_format=torch.channels_last) if channels_last else net


def convolution_rate(device: torch.device, dtype: torch.dtype, images: int, *, train: bool) -> float:
    """[FLOP/s] of one plain 3x3 convolution of the decoder's heaviest shape (128 + 32 to 64 channels, full grid)."""
    shape = (images, 160, *FINE)
    x = torch.randn(shape, device=device, dtype=dtype).contiguous(memory_format=torch.channels_last)
    conv = nn.Conv2d(160, 64, 3, padding=1, device=device, dtype=dtype).to(memory_format=torch.channels_last)
    operations = 2 * 9 * 160 * 64 * FINE[0] * FINE[1] * images
    if not train:
        with torch.no_grad():
            return operations / median_seconds(lambda: conv(x), 3, device)
    x.requires_grad_()
    upstream = torch.randn_like(conv(x))
    return 3 * operations / median_seconds(lambda: conv(x).backward(upstream), 3, device)


def measure(device: torch.device, repeats: int) -> dict[str, object]:
    """All figures on one device."""
    batch = 256 if device.type == "cuda" else 16
    figures: dict[str, object] = {
        "device": device_name(device),
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
    }
    for label, bf16, channels_last, size in (("plain", False, False, batch), ("rainsmith", True, True, batch)):
        net = network(device, channels_last)
        optimiser = torch.optim.AdamW(net.parameters(), fused=True)
        step = training_step(net, optimiser, size, device, bf16)
        seconds = median_seconds(step, repeats, device)
        operations = flops(step)
        rate = convolution_rate(device, torch.bfloat16 if bf16 else torch.float32, min(size, 64), train=True)
        figures[f"training {label}, days/s"] = round(size / seconds, 2)
        figures[f"training {label}, share of a plain convolution's speed"] = round(operations / seconds / rate, 3)
        net.eval()
        members = 1 if label == "plain" else size
        draw = sampling(net, members, device, bf16)
        seconds = median_seconds(draw, repeats * 4 if label == "plain" else repeats, device)
        rate = convolution_rate(device, torch.bfloat16 if bf16 else torch.float32, min(size, 64), train=False)
        figures[f"sampling {label}, members/s"] = round(members / seconds, 2)
        figures[f"sampling {label}, share of a plain convolution's speed"] = round(flops(draw) / seconds / rate, 3)
        if device.type == "cuda":
            figures[f"{label}, peak device memory, MiB"] = torch.cuda.max_memory_allocated() // 2**20
        del net, optimiser, step, draw
    for kind, unit in (("training", "days/s"), ("sampling", "members/s")):
        figures[f"{kind}, rainsmith / plain"] = round(
            float(figures[f"{kind} rainsmith, {unit}"]) / float(figures[f"{kind} plain, {unit}"]), 2
        )  # type: ignore[arg-type]
    figures["peak memory, MiB"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    return figures


def help_seconds() -> float:
    """Median wall time of ``rainsmith --help``."""
    command = [sys.executable, "-m", "rainsmith.cli.main", "--help"]
    return median_seconds(lambda: subprocess.run(command, capture_output=True, check=True), 5, torch.device("cpu"))


def device_name(device: torch.device) -> str:
    if device.type == "cuda":
        return torch.cuda.getdevice_name()
    cpu = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        names = [
            line.split(":", 1)[1].strip() for line in info.read_text().splitlines() if line.startswith("model name")
        ]
        flags = next((line for line in info.read_text().splitlines() if line.startswith("flags")), "")
        known = [flag for flag in ("avx512_bf16", "amx_bf16") if flag in flags]
        cpu = f"{names[0] if names else cpu} ({', '.join(known) or 'no bf16 units'})"
    return cpu


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    keep_buffers_mapped()
    figures = measure(torch.device(options.device), options.repeats)
    figures["rainsmith --help, s"] = round(help_seconds(), 3)
    text = json.dumps(figures, indent=1)
    print(text)
    if options.out:
        options.out.parent.mkdir(parents=True, exist_ok=True)
        options.out.write_text(text + "\n")


if __name__ == "__main__":
    main()
