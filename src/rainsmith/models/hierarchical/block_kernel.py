"""A convolution of single cells, on a grid whose blocks of cells are channels."""

import torch
from torch import Tensor
from torch.nn import functional as F


def kernel_of_blocks(kernel: Tensor, side: int) -> Tensor:
    """A 3x3 kernel (1, c, 3, 3) of single cells, for blocks of side x side cells as channels: (side^2, c side^2, 3, 3).

    What it makes of an impulse in every channel of a block is the kernel, turned round.
    """
    channels = kernel.shape[1] * side**2
    impulses = kernel.new_zeros(channels, channels, 3, 3)
    impulses[:, :, 1, 1] = torch.eye(channels, dtype=kernel.dtype, device=kernel.device)
    with torch.autocast(kernel.device.type, enabled=False):
        answers = F.conv2d(F.pixel_shuffle(impulses, side), kernel, padding=1)
    blocks = F.pixel_unshuffle(answers, side).flip(2, 3).transpose(0, 1)
    return blocks.contiguous(memory_format=torch.channels_last)
