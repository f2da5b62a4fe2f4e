"""A small configuration of the embedded climate that many tests share."""

from __future__ import annotations

from typing import Any

from rainsmith.config import Config, load_config

VALIDATION, TEST = (
    [[f"{year}-{month}-01", f"{year}-{month}-30"] for month in ("01", "04", "07", "10")] for year in (2002, 2003)
)
"""A month of each season: stages that draw, choose or score go through all their days."""
TEST_DAYS = 120
WHOLE_YEARS = {"train": [2001, 2001], "validation": [2002, 2002], "test": [2003, 2003]}
SMALL: dict[str, Any] = {
    "device": "cpu",
    "data.kind": "demo",
    "data.demo": {"ny": 20, "nx": 18, "ny_lr": 5, "nx_lr": 4, "first_year": 2001, "years": 3, "seed": 7},
    "data.splits": {"train": [2001, 2001], "validation": VALIDATION, "test": TEST},
    "model": {
        "name": "flat",
        "base_filters": 8,
        "d_x": 8,
        "d_y": 16,
        "d_z": 8,
        "injection": "first",
        "loss": {"warmup_epochs": 2},
    },
    "train": {
        "epochs": 2,
        "batch_size": 64,
        "precision": "fp32",
        "validation_days": 24,
        "validation_members": 2,
        "save_every": 1,
        "lr_warmup_epochs": 0.5,
    },
    "sampling": {"members": 3, "batch_size": 32, "splits": ["test"]},
    "evaluate.resamples": 50,
}
CURVE_DAYS = 40
"""Days that trainings draw for their curves of amounts; ``train`` as users run it draws many more."""


def small_config(**overrides: Any) -> Config:
    """The small configuration with further values by dotted key (``__`` stands for the dot)."""
    return load_config(overrides={**SMALL, **{key.replace("__", "."): value for key, value in overrides.items()}})
