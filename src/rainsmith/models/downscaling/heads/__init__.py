"""Heads: what the values of a downscaling network mean in mm/day, and how they are scored in training."""

from rainsmith.models.downscaling.heads.amount import Amount
from rainsmith.models.downscaling.heads.bernoulli import Bernoulli, WetLaw
from rainsmith.models.downscaling.heads.gamma import BernoulliGamma
from rainsmith.models.downscaling.heads.head import Head
from rainsmith.models.downscaling.heads.pareto import BernoulliPareto
from rainsmith.models.downscaling.heads.quantiles import MonotoneQuantiles, pinball

__all__ = [
    "Amount",
    "Bernoulli",
    "BernoulliGamma",
    "BernoulliPareto",
    "Head",
    "MonotoneQuantiles",
    "WetLaw",
    "pinball",
]
