"""What to change where the model is the reference's (``model.name: flat``): by failure, in place of other advice.

It comes from the reference's documents and from what this project measured (docs/results.md): the settings of this
model shift its failures, and none of them was seen to end one in prior mode. The change that did is named last.
"""

from __future__ import annotations

from collections.abc import Mapping

_ABOVE_ALL = "What helped in prior mode: model.name: hierarchical (train anew)."

ADVICE = {
    "mean-collapse": (
        "Members fall back on the mean: set model.cond_dropout: 0, loss.w_min: 0.2, loss.tail_boost: 1.5, "
        f"loss.lambda_grad: 1.0 (train anew). {_ABOVE_ALL}"
    ),
    "drizzle": (
        "Faint rain everywhere: where more than 95 % of the cells are wet, check first that fields are denormalised "
        "once; sampling.pixel_threshold: 0.5 to 1.0 mm/day hides it (sample anew; mean and spread stay wrong). "
        f"{_ABOVE_ALL} Its output can be exactly dry."
    ),
    "tail-deficit": (
        "The tail stops short: the documents name loss.beta_kl: 0.005, model.d_z: 256 and model.injection: first-two; "
        "none of them mended it here (docs/results.md). Of no use: temperatures of 1.0 to 1.4, loss.w_max: 20. "
        f"{_ABOVE_ALL} Do not trust return levels of these members."
    ),
    "tail-excess": "The tail is too long: lower loss.w_max or loss.tail_boost, raise train.weight_decay (train anew).",
    "blur": f"Fields are too smooth: lower loss.lambda_grad and loss.w_min (train anew). {_ABOVE_ALL}",
    "noise": "Diversity that comes from grains instead of storms: set sampling.temperature: 1, raise loss.lambda_grad.",
    "mass-drift": (
        "The total drifts: raise loss.lambda_mass; where it is too high, lower loss.w_max and loss.tail_boost; or look "
        f"whether training and scored years differ. {_ABOVE_ALL} With coarse rain in the input its model.mass: hard "
        "keeps the total."
    ),
    "under-dispersion": (
        "Members are too alike: temperature does not mend it (measured up to 1.4); lower loss.beta_kl, weaken "
        f"model.injection (all, first-two, first). {_ABOVE_ALL} Its prior members are scored in training."
    ),
    "over-dispersion": "Members differ too much: set sampling.temperature: 1, raise loss.beta_kl.",
    "ignores-z": f"The decoder reads x alone: weaken model.injection (all, first-two, first). {_ABOVE_ALL}",
    "posterior-collapse": (
        "The posterior equals the prior: lower loss.beta_kl (1e-4 where members do not even follow the predictors), "
        f"lengthen loss.warmup_epochs. {_ABOVE_ALL}"
    ),
    "kl-explosion": "Latents carry more than a prior can give back: raise loss.beta_kl, shorten loss.warmup_epochs.",
    "prior-posterior-gap": (
        "Reconstructions prove nothing about prior members: raise loss.beta_kl, and choose the checkpoint by prior "
        f"samples (sampling.checkpoint: best_prior). {_ABOVE_ALL}"
    ),
    "unstable-training": (
        "The error jumped: the documents name loss.w_min: 0.1, loss.tail_boost: 1.0, loss.lambda_grad: 0.5; lower "
        "train.lr, set train.precision: fp32."
    ),
}
"""Advice by the name of the failure; the others do not depend on the model."""


def advice_of_model(model: str) -> Mapping[str, str]:
    """Advice of a kind of model, by failure, that takes the place of the general advice."""
    return ADVICE if model == "flat" else {}
