"""Made-up rows of metrics.csv for the tests of what reads them."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd


def table(*rows: dict[str, Any]) -> pd.DataFrame:
    """Rows of metrics.csv; what a row does not say is a prior figure of the model on heavy_x of the test split."""
    plain = {
        **{"model": "m", "checkpoint": "best_prior", "seed": 0, "mode": "prior", "split": "test", "days": "heavy_x"},
        **{"members": 10, "n_days": 50, "threshold": math.nan, "scale": math.nan, "observed": math.nan},
        **{"lower": math.nan, "upper": math.nan, "units": "1"},
    }
    return pd.DataFrame([plain | row for row in rows], columns=[*plain, "metric", "value"])
