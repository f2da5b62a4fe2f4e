"""The stages of a run, in order, and what the result of each depends on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any


@dataclass(frozen=True)
class Stage:
    """One stage, and what its result depends on.

    Attributes:
        name: the name of its command and of its function.
        module: the module that holds the function.
        sections: sections of the configuration that it reads, beside those of the stages before it.
        after: earlier stages whose files it reads.
        product: the file or folder without which the stage is never skipped.
        reads: stores that it reads while it works, which nobody may replace meanwhile; a pattern stands for many.
        pieces_of: files that say what its pieces are made from; none where it cannot be shared out to shards.
    """

    name: str
    module: str
    sections: tuple[str, ...]
    after: tuple[str, ...]
    product: str
    reads: tuple[str, ...] = ()
    pieces_of: tuple[str, ...] = ()

    def load(self) -> Callable[..., Any]:
        """The function of the stage, which is imported only now, so that a command loads what it needs and no more."""
        function: Callable[..., Any] = getattr(import_module(self.module), self.name)
        return function


_STORE, _MEMBERS = "store.zarr", "samples/*.zarr"
_ABOUT_STORE, _ABOUT_MEMBERS, _ABOUT_CHECKPOINTS = (
    "store.zarr/zarr.json",
    "samples/*.zarr/zarr.json",
    "checkpoints/*.json",
)

STAGES = (
    Stage("prepare", "rainsmith.prepare.stage", ("data",), (), "store.zarr"),
    Stage("train", "rainsmith.train.stage", ("seed", "model", "train"), ("prepare",), "checkpoints", (_STORE,)),
    Stage("sample", "rainsmith.sample.stage", ("sampling",), ("train",), "samples", (_STORE,)),
    Stage(
        "evaluate",
        "rainsmith.evaluate.stage",
        ("evaluate",),
        ("sample",),
        "evaluation/metrics.csv",
        (_STORE, _MEMBERS),
        (_ABOUT_STORE, _ABOUT_MEMBERS),
    ),
    Stage("diagnose", "rainsmith.diagnose.stage", ("sampling",), ("evaluate",), "diagnosis.json", (_STORE, _MEMBERS)),
    Stage(
        "augment",
        "rainsmith.augment.stage",
        ("augment", "sampling"),
        ("train",),
        "augmented.zarr",
        (_STORE,),
        (_ABOUT_STORE, _ABOUT_CHECKPOINTS),
    ),
    Stage(
        "report",
        "rainsmith.report.stage",
        (),
        ("evaluate", "diagnose", "augment", "sweep", "quantiles", "downscale", "experiment"),
        "report.html",
        (_STORE, _MEMBERS),
    ),
)
ON_REQUEST = (
    Stage("inspect", "rainsmith.inspection.stage", ("data",), ("prepare",), "inspect.html", (_STORE,)),
    Stage(
        "quantiles",
        "rainsmith.quantiles.stage",
        ("sampling", "quantiles"),
        ("train",),
        "quantiles",
        (_STORE,),
    ),
    Stage(
        "sweep",
        "rainsmith.sweep.stage",
        ("sampling", "sweep"),
        ("train",),
        "sweep.csv",
        (_STORE,),
        (_ABOUT_STORE, _ABOUT_CHECKPOINTS),
    ),
    Stage(
        "downscale",
        "rainsmith.downscale.stage",
        ("seed", "downscale"),
        ("prepare", "augment"),
        "downscale",
        (_STORE, "augmented.zarr"),
    ),
    Stage(
        "experiment",
        "rainsmith.experiment.stage",
        ("seed", "experiment", "downscale", "augment", "sampling", "evaluate"),
        ("train",),
        "experiment/results.csv",
        (_STORE,),
    ),
)
"""Stages that ``run`` leaves out; each has a command of its own."""
BY_NAME = {stage.name: stage for stage in (*STAGES, *ON_REQUEST)}
"""All stages by name."""
