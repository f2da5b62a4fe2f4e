"""What tiles and patches of the default network cost on large grids, and whether tiled fields equal whole ones.

    python benchmarks/tiles.py draw --size 1400 1000 [--tile 256] [--members 4] [--compare]
    python benchmarks/tiles.py step --size 290 180 [--patch 96] [--days 32]

A network of five levels with random weights, coarse cells of 8 x 8 fine cells, every cell valid, one thread, bf16 where
the processor has it. Each call prints one row: processor seconds, and the largest memory of the process, of which about
0.4 GiB are Python and torch. --compare draws the same members at once, too, and prints the largest difference.
"""

from __future__ import annotations

import argparse
import time

import numpy as np
import torch
from torch import Tensor

from rainsmith.base.markdown import markdown_table
from rainsmith.base.memory import peak
from rainsmith.models.blocks import channels_last
from rainsmith.models.generative_kinds.hierarchical import HierarchicalSettings
from rainsmith.models.geometry import Geometry
from rainsmith.models.hierarchical.network import HierarchicalCVAE
from rainsmith.models.hierarchical.objective import EnsembleObjective
from rainsmith.models.hierarchical.parts import part_of, patches_of
from rainsmith.models.patch import whole
from rainsmith.models.precision import autocast, training_precision

COARSE, PREDICTORS = 8, 6
CPU = torch.device("cpu")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=["draw", "step"])
    parser.add_argument("--size", type=int, nargs=2, required=True, help="rows and columns of the fine grid")
    parser.add_argument("--tile", type=int)
    parser.add_argument("--members", type=int, default=4)
    parser.add_argument("--compare", action="store_true")
    parser.add_argument("--patch", type=int)
    parser.add_argument("--days", type=int, default=32)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    rows, columns = arguments.size
    network = network_of((rows, columns))
    facts = [arguments.what, f"{rows} x {columns}"]
    if arguments.what == "draw":
        fields, seconds = draw(network, arguments.members, arguments.tile or max(rows, columns))
        facts += [f"tile {arguments.tile}", f"{arguments.members} members of a day", f"{seconds:.2f}"]
        facts.append(f"{peak() / 2**30:.2f}")
        if arguments.compare:
            at_once, _ = draw(network, arguments.members, max(rows, columns))
            facts.append(f"{(fields - at_once).abs().max():.1e}")
    else:
        seconds = step(network, arguments.days, arguments.patch)
        facts += [f"patch {arguments.patch}", f"{arguments.days} days", f"{seconds:.2f}", f"{peak() / 2**30:.2f}"]
    header = ["", "grid", "part", "of", "processor s", "memory, GiB", "largest difference"][: len(facts)]
    print(markdown_table(header, [facts]))


def network_of(size: tuple[int, int]) -> HierarchicalCVAE:
    """A network with random weights, none of which is 0."""
    row, column = torch.meshgrid(*(torch.arange(float(n)) for n in size), indexing="ij")
    coarse = (-(-size[0] // COARSE), -(-size[1] // COARSE))
    geometry = Geometry(
        row=(row + 0.5) / COARSE - 0.5,
        column=(column + 0.5) / COARSE - 0.5,
        maps=torch.randn(4, *size),
        mask=torch.ones(size, dtype=torch.bool),
        coarse=coarse,
        share=torch.ones(coarse),
    )
    network = HierarchicalCVAE(HierarchicalSettings(edges="continued"), PREDICTORS, geometry)
    for parameter in network.parameters():
        parameter.data += 0.05 * torch.randn_like(parameter)
    channels_last(network)
    return network


@torch.no_grad()
def draw(network: HierarchicalCVAE, members: int, tile: int) -> tuple[Tensor, float]:
    """Members of one day, and the processor seconds that they took."""
    generator = torch.Generator().manual_seed(1)
    x = torch.randn(1, PREDICTORS, *network.share.shape[-2:], generator=generator)
    noise = [torch.randn(1, members, *shape, generator=generator) for shape in network.latent_shapes]
    started = time.process_time()
    with autocast(CPU, training_precision("auto", CPU)):
        fields = network.eval().draw(x, noise, tile=tile)
    return fields, time.process_time() - started


def step(network: HierarchicalCVAE, days: int, patch: int | None) -> float:
    """Processor seconds of a step with two prior members of each day, the second of two."""
    mask = np.ones(network.fine, dtype=bool)
    objective = EnsembleObjective(network.settings.objective, 1.0, 10.0, mask)
    window = whole(network.fine)
    if patch is not None:
        box = (slice(0, network.fine[0]), slice(0, network.fine[1]))
        patches, _ = patches_of(network, patch, mask, box, None)
        window = patches[len(patches) // 2].part
    part = part_of(network, window, mask, None, CPU)
    x = torch.randn(days, PREDICTORS, *network.share.shape[-2:])
    y = 20 * torch.rand(days, len(part.cells))
    sizes = [(rows[1] - rows[0], columns[1] - columns[0]) for rows, columns in part.windows.worked]
    network.train()
    for _ in range(2):
        started = time.process_time()
        noise = [
            torch.randn(days, 2, c, *size) for c, size in zip(network.settings.latent_channels, sizes, strict=True)
        ]
        with autocast(CPU, training_precision("auto", CPU)):
            conditions = network.conditions(network.encode_x(x, part.coarse), part.windows, part.coarse)
            fields, _ = network.decode(conditions, part.windows, noise)
        members = torch.expm1(fields.clamp(max=8.0)).flatten(2)[..., part.cells]
        value = objective.score(members, y, torch.ones_like(y, dtype=torch.bool), part.scored)
        value.backward()
    if not bool(torch.isfinite(fields).all()):
        raise SystemExit("the network gives values that are no numbers")
    return time.process_time() - started


if __name__ == "__main__":
    main()
