"""The run folder: where stages read and write."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import xarray as xr

from rainsmith.base.files import atomic
from rainsmith.base.zarr_files import open_zarr
from rainsmith.config import Config, dump_yaml


@dataclass(frozen=True)
class Run:
    """The paths of one run folder, which is the whole state of an experiment (docs/architecture.md).

    Args:
        folder: its path, as text or as a Path; stages make the folder where it does not exist.
    """

    folder: Path

    def __init__(self, folder: str | Path) -> None:
        object.__setattr__(self, "folder", Path(folder))

    @property
    def store(self) -> Path:
        return self.folder / "store.zarr"

    @property
    def checkpoints(self) -> Path:
        return self.folder / "checkpoints"

    @property
    def samples(self) -> Path:
        return self.folder / "samples"

    @property
    def quantiles(self) -> Path:
        return self.folder / "quantiles"

    @property
    def evaluation(self) -> Path:
        return self.folder / "evaluation"

    @property
    def metrics_log(self) -> Path:
        return self.folder / "metrics.jsonl"

    @property
    def holds_training(self) -> bool:
        """Whether a training has begun here, so that it can only be resumed."""
        return any(self.checkpoints.glob("last.ckpt")) or any(self.checkpoints.glob("network-*/last.ckpt"))

    def network(self, number: int) -> Run:
        """The folder of one network of a pool, counted from 0, which has the store of this run."""
        return _NetworkOfPool(self.checkpoints / f"network-{number + 1}", self.store)

    def sample_path(self, model: str, mode: str, split: str, variant: str = "") -> Path:
        """The Zarr store of the members of one model, mode and split.

        Args:
            model: name of the model.
            mode: prior or posterior.
            split: train, validation or test.
            variant: what comes behind these names, for members that were drawn in another way.
        """
        return self.samples / f"{model}-{mode}-{split}{variant}.zarr"

    def open_store(self) -> xr.Dataset:
        """The prepared data.

        Raises:
            UserError: ``prepare`` has not run here, or its store is damaged.
        """
        return open_zarr(self.store, "run 'rainsmith prepare' first")

    def write_config(self, config: Config) -> None:
        """Write ``config.yaml``, with every key, so that later commands use the same configuration."""
        values = config.model_dump(mode="json", by_alias=True)
        with atomic(self.folder / "config.yaml") as path:
            path.write_text(dump_yaml(values), encoding="utf-8")


@dataclass(frozen=True)
class _NetworkOfPool(Run):
    """The folder of one network: its checkpoints, log and configuration lie side by side, and its store elsewhere."""

    shared_store: Path

    def __init__(self, folder: Path, store: Path) -> None:
        super().__init__(folder)
        object.__setattr__(self, "shared_store", store)

    @property
    def store(self) -> Path:
        return self.shared_store

    @property
    def checkpoints(self) -> Path:
        return self.folder
