"""The configuration: its sections, and how it is read."""

from rainsmith.config.augment import Augment
from rainsmith.config.config import Config
from rainsmith.config.data import Data, Demo, Legacy, Mask, PredictorSource, Splits, StaticSource, Target
from rainsmith.config.downscale import Downscale, Experiment, Oversample
from rainsmith.config.evaluate import Evaluate, Sweep
from rainsmith.config.load import DATA_ROOT_VARIABLE, load_config, merge, parse
from rainsmith.config.model import KLWeight, ModelSettings
from rainsmith.config.sampling import Sampling
from rainsmith.config.section import DateSpan, Section
from rainsmith.config.train import Train

__all__ = [
    "DATA_ROOT_VARIABLE",
    "Augment",
    "Config",
    "Data",
    "DateSpan",
    "Demo",
    "Downscale",
    "Evaluate",
    "Experiment",
    "KLWeight",
    "Legacy",
    "Mask",
    "ModelSettings",
    "Oversample",
    "PredictorSource",
    "Sampling",
    "Section",
    "Splits",
    "StaticSource",
    "Sweep",
    "Target",
    "Train",
    "load_config",
    "merge",
    "parse",
]
