"""How long a training step takes in several ways: threads, number format, days of a step, and torch's compiler.

    python benchmarks/training_speed.py RUN [--steps 8] [--ways "one thread" "compiled" ...]
    python benchmarks/training_speed.py --convolutions

RUN is a run folder with prepared data; its configuration is settled as `rainsmith train` settles it. Each way is a
process of its own, which takes steps of the real objective on real days. Printed are the seconds of the first step
(the compiler's work is in it), the median seconds of the steps after the third, the days that are learned from in a
second, their ratio to one thread, and the largest memory of the process. --convolutions times a convolution of four
members of 32 days, forward and backward, with members as further days and as groups of one convolution. Needs a machine
that does nothing else.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

WAYS: dict[str, dict[str, object]] = {
    "one thread": {},
    "two threads": {"threads": 2},
    "fp32": {"precision": "fp32"},
    "64 days a step": {"days": 64},
    "16 days a step": {"days": 16},
    "compiled": {"compiled": True},
    "compiled, two threads": {"compiled": True, "threads": 2},
}
"""What differs from one thread, bf16 where the processor has it, the days of the configuration, and no compiler."""
WARM = 3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("run", type=Path, nargs="?")
    parser.add_argument("--convolutions", action="store_true")
    parser.add_argument("--steps", type=int, default=8)
    parser.add_argument("--ways", nargs="+", choices=WAYS, default=list(WAYS))
    parser.add_argument("--one", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.convolutions:
        convolutions()
        return
    if options.one:
        print(json.dumps(measured(options.run, options.steps, **WAYS[options.one])))
        return
    print(
        "| way | first step, s | step, s | days a second | ratio | memory, GiB |\n|---|---|---|---|---|---|", flush=True
    )
    rate = 0.0
    for way in options.ways:
        command = [sys.executable, __file__, str(options.run), "--steps", str(options.steps), "--one", way]
        environment = {**os.environ, "OMP_NUM_THREADS": str(WAYS[way].get("threads", 1))}
        done = subprocess.run(command, capture_output=True, text=True, env=environment)
        if done.returncode:
            print(f"| {way} | failed: {' '.join(done.stderr.split())[-200:]} |", flush=True)
            continue
        first, step, days, memory = json.loads(done.stdout.splitlines()[-1])
        rate = rate or days / step
        print(
            f"| {way} | {first:.1f} | {step:.2f} | {days / step:.0f} | {days / step / rate:.2f} | {memory:.1f} |",
            flush=True,
        )


def convolutions(days: int = 32, members: int = 4, repeats: int = 9) -> None:
    """Print the median seconds of each layout of members, for channels and cells as United Kingdom levels have them."""
    import torch
    from torch.nn import functional as F

    torch.set_num_threads(1)
    print("| channels, cells | members as days, s | as groups, s |\n|---|---|---|")
    for channels, rows, columns in ((64, 13, 8), (48, 26, 15), (32, 51, 29)):
        weight = torch.randn(channels, channels, 3, 3, dtype=torch.bfloat16)
        shapes = {1: (days * members, channels), members: (days, members * channels)}
        medians = []
        for groups, shape in shapes.items():
            x = torch.randn(*shape, rows, columns, dtype=torch.bfloat16).contiguous(memory_format=torch.channels_last)
            kernel = weight.repeat(groups, 1, 1, 1).contiguous(memory_format=torch.channels_last)
            x.requires_grad_()
            kernel.requires_grad_()
            taken = []
            for _ in range(repeats):
                started = time.perf_counter()
                F.conv2d(x, kernel, padding=1, groups=groups).sum().backward()
                taken.append(time.perf_counter() - started)
            medians.append(f"{statistics.median(taken):.4f}")
        print(f"| {channels}, {rows} x {columns} | {' | '.join(medians)} |", flush=True)


def measured(
    folder: Path, steps: int, *, threads: int = 1, precision: str = "auto", days: int = 0, compiled: bool = False
) -> tuple[float, float, int, float]:
    """Seconds of the first step, the median of the later ones, days of a step, and the largest memory [GiB]."""
    import numpy as np
    import torch

    from rainsmith.base import memory
    from rainsmith.base.dims import in_split
    from rainsmith.config import load_config
    from rainsmith.data.dataset import Days
    from rainsmith.models.blocks import channels_last
    from rainsmith.models.generative import build_model
    from rainsmith.models.precision import autocast, training_precision
    from rainsmith.run_folder import Run
    from rainsmith.train.optimise import MovingAverage
    from rainsmith.train.recipe import settled

    torch.set_num_threads(threads)
    torch.manual_seed(0)
    memory.keep_buffers_mapped()
    run = Run(folder)
    store = run.open_store()
    config = settled(load_config(run.folder / "config.yaml"), store)[0]
    model = build_model(config, store.drop_dims("time").load())
    channels_last(model.network)
    if compiled:
        # torch 2.13 compiles the gradient of replicated edges with strides that do not hold, so it stays as it is
        model.network._field = torch.compiler.disable(model.network._field)
        for name in ("encode_x", "conditions", "encode_y", "decode"):
            setattr(model.network, name, torch.compile(getattr(model.network, name)))
    number, training = days or config.train.batch_size, in_split(store, "train")
    reader = Days(training.isel(time=np.linspace(0, training.sizes["time"] - 1, number).astype(int)), in_memory=True)
    batch = reader.batch(np.arange(number))
    optimiser = torch.optim.AdamW(model.network.parameters(), lr=1e-5, fused=True)
    average, taken = MovingAverage(model.network, 0.9), []
    for _ in range(steps + WARM):
        started = time.perf_counter()
        with autocast(batch.x.device, training_precision(precision, batch.x.device)):
            loss = model(batch.x, batch.y, batch.valid, 1.0)[0]["loss"]
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()
        average.update(model.network)
        taken.append(time.perf_counter() - started)
    return taken[0], statistics.median(taken[WARM:]), number, memory.peak() / 2**30


if __name__ == "__main__":
    main()
