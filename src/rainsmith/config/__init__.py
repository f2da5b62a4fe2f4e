"""The configuration: its sections, and how it is read."""

from rainsmith.config.augment import Augment
from rainsmith.config.config import Config
from rainsmith.config.data import Data, Demo, Legacy, Mask, PredictorSource, Splits, StaticSource, Target
from rainsmith.config.downscale import Downscale, Experiment, Oversample
from rainsmith.config.evaluate import Evaluate, Sweep
from rainsmith.config.load import DATA_ROOT_VARIABLE, load_config, merge, parse
from rainsmith.config.model import KLWeight, ModelSettings
from rainsmith.config.quantiles import Quantiles
from rainsmith.config.sampling import Sampling
from rainsmith.config.section import Section
from rainsmith.config.train import Train
from rainsmith.config.values import DateSpan
from rainsmith.config.yaml_text import dump_yaml, parse_yaml, read_yaml

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
    "Quantiles",
    "Sampling",
    "Section",
    "Splits",
    "StaticSource",
    "Sweep",
    "Target",
    "Train",
    "dump_yaml",
    "load_config",
    "merge",
    "parse",
    "parse_yaml",
    "read_yaml",
]
