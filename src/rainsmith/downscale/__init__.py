"""The command ``downscale``: trains a downscaler, forecasts with it and scores the forecasts."""

from rainsmith.downscale.prediction import load_downscaler, predict
from rainsmith.downscale.scoring import score_downscaled, score_quantiles
from rainsmith.downscale.training import train_downscaler

__all__ = ["load_downscaler", "predict", "score_downscaled", "score_quantiles", "train_downscaler"]
