"""How a file was made: versions, seed, time and a hash of the configuration."""

from __future__ import annotations

import datetime
import hashlib
import json
from importlib import metadata
from typing import Any

from pydantic import BaseModel

PACKAGES = ("rainsmith", "torch", "numpy", "xarray", "zarr", "scores", "scipy")
"""The packages on which figures depend."""


def versions() -> dict[str, str]:
    """Installed version of every package in ``PACKAGES``, by name."""
    return {name: _version(name) for name in PACKAGES}


def provenance(config: BaseModel) -> dict[str, Any]:
    """How a file was made, as values for its attributes.

    Args:
        config: the whole configuration.

    Returns:
        ``versions``, ``seed``, ``created`` (UTC) and ``config_sha256``, a hash of all values of the configuration.
    """
    values = config.model_dump(mode="json", by_alias=True)
    text = json.dumps(values, sort_keys=True)
    return {
        "versions": versions(),
        "seed": values["seed"],
        "created": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "config_sha256": hashlib.sha256(text.encode()).hexdigest(),
    }


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "not installed"
