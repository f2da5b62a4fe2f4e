"""rainsmith from Python: the commands as functions on run folders, and functions on xarray objects beside them."""

from rainsmith.api.arrays import baseline, load_model, make_store, open_samples, score
from rainsmith.api.quantiles import quantiles, quantiles_of
from rainsmith.api.stages import (
    apply,
    augment,
    compare,
    diagnose,
    downscale,
    evaluate,
    experiment,
    inspect,
    prepare,
    report,
    run,
    sample,
    sweep,
    train,
)
from rainsmith.base.errors import UserError
from rainsmith.config import Config, load_config
from rainsmith.run_folder import Run

__all__ = [
    "Config",
    "Run",
    "UserError",
    "apply",
    "augment",
    "baseline",
    "compare",
    "diagnose",
    "downscale",
    "evaluate",
    "experiment",
    "inspect",
    "load_config",
    "load_model",
    "make_store",
    "open_samples",
    "prepare",
    "quantiles",
    "quantiles_of",
    "report",
    "run",
    "sample",
    "score",
    "sweep",
    "train",
]
