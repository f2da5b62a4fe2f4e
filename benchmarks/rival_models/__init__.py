"""Rivals of the default model: other ways of forecasting p(y | x), one file each, trained in the same minutes.

What differs between the files is the objective and how members are drawn. The networks are one U-Net (`body.py`), and
normalisation, bound of the amounts, drizzle threshold, curve of amounts and conservation of mass are those of the
default model (`model.py`), so that a comparison is one of objectives and not of architectures. The Bernoulli-gamma
network and engression bring networks of their own.
"""

from rival_models import bernoulli_gamma, crps_only, diffusion, engression_mlp, flow
from rival_models.model import Rival

RIVALS: dict[str, Rival] = {
    rival.name: rival
    for rival in (diffusion.RIVAL, flow.RIVAL, crps_only.RIVAL, bernoulli_gamma.RIVAL, engression_mlp.RIVAL)
}
"""All rivals by name, in the order of the table."""
