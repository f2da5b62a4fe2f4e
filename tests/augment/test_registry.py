"""The checks are found, docs/augmentation.md lists them as they are, and one record adds another."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import xarray as xr

from rainsmith.augment.judge import Judge
from rainsmith.augment.measured_days import SyntheticDays
from rainsmith.augment.registry import CHECKS, Figures, SyntheticCheck
from rainsmith.augment.source_check import SOURCE
from rainsmith.base.dims import in_split
from rainsmith.config import Augment
from tests.augment.planted import failed, heavy_days


def test_all_checks_are_found_and_are_the_default() -> None:
    names = ["physical_range", "mass", "return_level", "copy", "stranger", "spectrum"]
    assert [name for name in CHECKS.names() if name in names] == names
    assert tuple(Augment().checks) == CHECKS.names()
    assert SOURCE.name not in CHECKS  # no configuration can leave it out


def test_bounds_are_of_columns_of_the_table(stores: dict[str, xr.Dataset], judges: dict[str, Judge], kind: str) -> None:
    sources = heavy_days(stores[kind]).isel(time=slice(0, 2))
    table = judges[kind](sources["precip"].values, sources)
    columns = [name for check in CHECKS for name in check.columns]
    assert set(judges[kind].bounds()) <= set(table)
    assert list(table)[4:-2] == columns and list(table)[-2:] == ["accepted", "rejections"]


@dataclass(frozen=True)
class Hail:
    """Rejects days with more than a share of cells above the amount that no training day exceeds."""

    most_mm: float

    @property
    def bounds(self) -> dict[str, float]:
        return {"hail": 0.5}

    def measure(self, days: SyntheticDays) -> Figures:
        return {"hail": (days.rain > self.most_mm).sum(axis=(1, 2)) / days.valid.sum(axis=(1, 2))}

    def rejects(self, figures: Figures) -> np.ndarray:
        return np.asarray(figures["hail"] > 0.5)

    def says(self, figures: Mapping[str, Any]) -> str:
        return f"{figures['hail']:.1f} of the cells"


def test_one_record_adds_a_check(stores: dict[str, xr.Dataset], monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    CHECKS.names()
    hail = SyntheticCheck(
        name="hail",
        order=25,
        meaning="hail",
        columns={"hail": "share of the cells"},
        calibrate=lambda training, settings: Hail(float(np.nanmax(training.rain))),
    )
    monkeypatch.setitem(CHECKS._records, "hail", hail)
    settings = Augment.model_construct(**{**dict(Augment()), "checks": ["hail"]})
    judge = Judge.from_training_days(in_split(stores[kind], "train"), settings, 0.1)
    sources = heavy_days(stores[kind]).isel(time=slice(0, 2))
    most = float(in_split(stores[kind], "train")["precip"].max())
    fields = np.stack([np.full(sources["precip"].shape[1:], amount) for amount in (most + 1, most - 1)])
    table = judge(fields, sources)
    assert failed(table) == [{"hail"}, set()]
    assert table["hail"].tolist() == [1.0, 0.0]
    assert list(table).index("hail") == list(table).index("mass") + 1
    assert judge.bounds()["hail"] == 0.5
    assert str(table["rejections"][0][0]) == "hail: 1.0 of the cells"
