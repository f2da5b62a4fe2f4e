"""The place where the stage ``prepare`` stood before it had a folder of its own: scripts that import it still find it.

The stage is imported when a name of it is asked for, since no room imports from those above it.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any


def __getattr__(name: str) -> Any:
    if name.startswith("__"):
        raise AttributeError(name)
    return getattr(import_module("rainsmith.prepare.stage"), name)
