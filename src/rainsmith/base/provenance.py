"""What made a file: versions, seed, time and a hash of the configuration."""

from __future__ import annotations

import datetime
import hashlib
import json
from importlib import metadata
from typing import Any

from pydantic import BaseModel


def versions() -> dict[str, str]:
    """Versions of what a figure depends on."""
    names = ("rainsmith", "torch", "numpy", "xarray", "zarr", "scores", "scipy")
    found = {}
    for name in names:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = "not installed"
    return found


def provenance(config: BaseModel) -> dict[str, Any]:
    """What made a file: versions, seed, time and a hash of the configuration."""
    values = config.model_dump(mode="json", by_alias=True)
    text = json.dumps(values, sort_keys=True)
    return {
        "versions": versions(),
        "seed": values["seed"],
        "created": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "config_sha256": hashlib.sha256(text.encode()).hexdigest(),
    }
