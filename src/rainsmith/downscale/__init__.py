"""The command ``downscale``: trains a downscaler, forecasts with it and scores the forecasts."""

from rainsmith.downscale.prediction import load_downscaler, predict
from rainsmith.downscale.training import train_downscaler
from rainsmith.evaluate.forecast_scores import score_downscaled, score_quantiles

__all__ = ["load_downscaler", "predict", "score_downscaled", "score_quantiles", "train_downscaler"]
