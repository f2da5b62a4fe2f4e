"""What suits the hierarchical model for data that offer so much (docs/adr/0012, `benchmarks/climates.py`)."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from rainsmith.models.registry import Choice

if TYPE_CHECKING:
    from rainsmith.data.offer import Offer

STEPS, FEWER_STEPS = 2000, 600
"""Steps of a training, and of one whose predictors explain less than ``LITTLE``: members of a longer one are too
smooth."""
EPOCHS = 8, 30
"""Least and most passes over the training days, however many these are."""
WIDE, EPOCHS_OF_WIDE = 64, 18
"""[fine cells] Side of a wide grid, and the most passes there: members of more passes are too alike."""
DAYS_A_STEP = 32
"""[days] The default ``train.batch_size``. With another one the passes over the days stay as many."""
LITTLE = 0.5
"""Share of the variance of log1p rain below which the predictors say little."""
DROPOUT = 0.15
"""Of the encoder of the predictors, whatever they say: with more of it, members of new days vary as if the predictors
said less than they do."""


def recipe(offer: Offer, given: Mapping[str, Any]) -> list[Choice]:
    """Keys of ``model`` and ``train``, what they are set to, and why; as many levels as a given key has."""
    return [*_network(offer, given), *_objective(offer), _epochs(offer)]


def _network(offer: Offer, given: Mapping[str, Any]) -> Iterator[Choice]:
    lists = [len(given[key]) for key in ("channels", "latent_channels") if key in given]
    if lists or "levels" in given:
        levels, why = given.get("levels", lists[0] if lists else 0), "as many as are given"
    elif offer.coarse_block:
        levels = min(max(3, math.ceil(math.log2(offer.coarse_block))), 5)
        why = f"block means of {offer.coarse_block} cells settle what is wider"
    else:
        levels = min(max(5, math.ceil(math.log2(0.6 * offer.side))), 7)
        why = f"blocks from 2 cells to {2**levels} of {offer.side}, as no block means of the target settle the totals"
    yield Choice("model.levels", levels, why)
    yield Choice("model.channels", [64] * (levels - 2) + [48, 32][-levels:], why)
    yield Choice("model.latent_channels", [8] * (levels - 2) + [4, 4 if offer.coarse_block else 2][-levels:], why)
    if offer.coarse_block:
        yield Choice("model.shared_blocks", 1, "much is the same for all members of a day")
    yield Choice("model.dropout", DROPOUT, "predictors should not be learned by heart")
    yield Choice("model.edges", "continued", "the outermost rows should be as wet as the others")


def _objective(offer: Offer) -> Iterator[Choice]:
    yield Choice("model.objective.increments", [1, 2, 4], "neighbours should go together")
    yield Choice("model.objective.free_bits", 10.0, "small latents stay in use, so that members are not too smooth")
    yield Choice("model.objective.posterior_share", 0.5, "steps of the whole cost more and teach no more")
    if offer.coarse_block:
        sides = [2**power for power in range(offer.coarse_block.bit_length())]
        yield Choice("model.objective.pooling", sides, "from a cell to the blocks that the predictors settle")
        yield Choice("model.objective.calm_start", True, "the first epochs count where the input settles most")
    if offer.explained < LITTLE:
        why = "the predictors say little, so that most of the rain is up to the latents"
        for key, value in {"members": 3, "w_prior": 6.0, "w_mixed": 2.0, "tail_weight": 1.0}.items():
            yield Choice(f"model.objective.{key}", value, why)


def _epochs(offer: Offer) -> Choice:
    steps = max(1, offer.days // DAYS_A_STEP)
    wanted = FEWER_STEPS if offer.explained < LITTLE else STEPS
    most = EPOCHS_OF_WIDE if offer.side >= WIDE else EPOCHS[1]
    epochs = min(max(math.ceil(wanted / steps), EPOCHS[0]), most)
    settled = f"a regression explains {offer.explained:.2f} of log1p rain on other days"
    return Choice("train.epochs", epochs, f"{epochs * steps} steps of {DAYS_A_STEP} of {offer.days} days; {settled}")
