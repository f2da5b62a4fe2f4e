"""The settings of a small downscaler."""

from __future__ import annotations

from typing import Any

from rainsmith.config import Config, load_config
from tests.small import SMALL

TINY: dict[str, Any] = {
    "downscale": {"filters": 8, "blocks": 1, "fine_filters": 6, "steps": 6, "validations": 2, "precision": "fp32"},
    "seed": 3,
}


def tiny(**downscale_settings: Any) -> Config:
    section = {**TINY["downscale"], **downscale_settings}
    return load_config(overrides={**SMALL, **TINY, "downscale": section})
