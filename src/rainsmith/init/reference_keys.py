"""Keys of the reference's configuration, and what each becomes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


def _as_it_is(value: Any) -> Any:
    return value


@dataclass(frozen=True)
class Key:
    """One key of the reference.

    Attributes:
        theirs: dotted.
        ours: dotted, several where one becomes several; none where nothing takes its place.
        note: why, where it is not simply the same; a note alone says what happens instead.
        value: what the value becomes.
    """

    theirs: str
    ours: tuple[str, ...] = ()
    note: str = ""
    value: Callable[[Any], Any] = _as_it_is


def _schedule(value: Any) -> Any:
    return "constant" if value == "constant" else "cosine"


def _precision(value: Any) -> Any:
    return "auto" if value else "fp32"


def _days(value: Any) -> Any:
    return "heavy" if value == "heavy_only" else "all"


def _monitor(value: Any) -> Any:
    return "mae_tail"


_PLATEAU = "there is no plateau scheduler"
_FROM_DATA = "the data say it"
_MAPS = "all three maps of data/statics are read, and must be there"
KEYS: tuple[Key, ...] = (
    Key(
        "data_root",
        ("data.root",),
        "kind: legacy-days reads its folder data/ (X_lr, Y_hr, metadata, statics); RAINSMITH_DATA overrides it",
    ),
    Key("outputs_root", (), "results go to the run folder: --run FOLDER"),
    Key("statics.use_land_sea", (), _MAPS),
    Key("statics.use_dist_coast", (), _MAPS),
    Key("statics.use_elevation", (), _MAPS),
    Key("statics.normalize_statics", (), "static maps are always normalised"),
    Key("model.d_x", ("model.d_x",)),
    Key("model.d_y", ("model.d_y",)),
    Key("model.d_z", ("model.d_z",)),
    Key("model.base_filters", ("model.base_filters",)),
    Key("model.in_channels_X", (), _FROM_DATA),
    Key("model.in_channels_Y", (), _FROM_DATA),
    Key("model.static_channels", (), _FROM_DATA),
    Key("model.H", (), _FROM_DATA),
    Key("model.W", (), _FROM_DATA),
    Key("loss.type", (), "the weighted loss of the reference is the only one of model.name: flat"),
    Key("loss.scale", ("model.loss.scale",), "mm/day; p90 takes the training P90"),
    Key("loss.w_min", ("model.loss.w_min",)),
    Key("loss.w_max", ("model.loss.w_max",)),
    Key("loss.tail_boost", ("model.loss.tail_boost",)),
    Key("loss.lambda_mass", ("model.loss.lambda_mass",)),
    Key("loss.lambda_grad", ("model.loss.lambda_grad",)),
    Key("loss.beta_kl", ("model.loss.beta_kl",)),
    Key("loss.warmup_epochs", ("model.loss.warmup_epochs",)),
    Key("loss.p99_threshold", (), "P99 is always that of the training days, in mm/day"),
    Key("loss.use_free_bits", (), "flat has no free bits; model.name: hierarchical has model.objective.free_bits"),
    Key("loss.free_bits", (), "flat has no free bits; model.name: hierarchical has model.objective.free_bits"),
    Key("train.epochs", ("train.epochs",)),
    Key("train.batch_size", ("train.batch_size",)),
    Key("train.lr", ("train.lr",)),
    Key("train.weight_decay", ("train.weight_decay",)),
    Key("train.grad_clip", ("train.grad_clip",)),
    Key("train.save_every", ("train.save_every",)),
    Key("train.lr_warmup_epochs", ("train.lr_warmup_epochs",)),
    Key("train.min_heavy_fraction", ("train.min_heavy_fraction",), "used where use_stratified_sampling is true"),
    Key("train.use_stratified_sampling", (), "false becomes train.min_heavy_fraction: 0"),
    Key("train.early_stopping_patience", ("train.early_stopping_patience",), "epochs; theirs counts validations"),
    Key("train.early_stopping_metric", ("train.monitor",), "the error in the tail is the one that is kept", _monitor),
    Key("train.early_stopping_min_delta", (), "every improvement counts"),
    Key("train.amp", ("train.precision",), "true takes bf16 where the device multiplies it", _precision),
    Key("train.num_workers", (), "days are read by the process that trains"),
    Key("scheduler.type", ("train.schedule",), "cosine or constant; others become cosine", _schedule),
    Key("scheduler.T_max", (), "the cosine ends with the last epoch"),
    Key("scheduler.eta_min", (), "the cosine ends at 0"),
    Key("scheduler.mode", (), _PLATEAU),
    Key("scheduler.factor", (), _PLATEAU),
    Key("scheduler.patience", (), _PLATEAU),
    Key("scheduler.min_lr", (), _PLATEAU),
    Key("scheduler.threshold", (), _PLATEAU),
    Key("validation.val_every", ("train.validate_every",)),
    Key("validation.log_every", (), "each epoch is one line of metrics.jsonl"),
    Key("sampling.mode", ("augment.mode",), "sample draws prior and posterior members; this is the mode of augment"),
    Key("sampling.K", ("sampling.members",)),
    Key("sampling.days", ("augment.days",), "heavy_only becomes heavy; heavy_x is the fair choice", _days),
    Key("sampling.temperature", ("sampling.temperature",)),
    Key("sampling.pixel_threshold", ("sampling.pixel_threshold",), "mm/day in both"),
    Key("sampling.min_threshold", (), "a synthetic day has to pass augment.checks instead"),
    Key("device", (), "auto takes a GPU where there is one"),
    Key("seed", ("seed",)),
)
"""All that its configurations are known to hold, in their order."""
