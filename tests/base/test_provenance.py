"""Provenance: what made a file is told, and the hash changes with every value of the configuration."""

from __future__ import annotations

import datetime
from importlib import metadata

import numpy as np
import pytest

from rainsmith.base import provenance as module
from rainsmith.base.provenance import provenance, versions
from rainsmith.config import load_config


def test_versions_are_those_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    assert versions()["numpy"] == np.__version__
    assert versions()["rainsmith"] == metadata.version("rainsmith")
    monkeypatch.setattr(module, "PACKAGES", ("numpy", "no-such-package"))
    assert versions() == {"numpy": np.__version__, "no-such-package": "not installed"}


def test_the_hash_is_of_the_values_alone() -> None:
    hashes = [
        provenance(load_config(overrides=overrides))["config_sha256"]
        for overrides in ({}, {"train.lr": 2.0e-3}, {"train.lr": 3.0e-3}, {"model.name": "flat"})
    ]
    assert hashes[0] == hashes[1], "a default that is written out changes nothing"
    assert len(set(hashes[1:])) == 3


def test_seed_and_time_are_told() -> None:
    made = provenance(load_config(overrides={"seed": 7}))
    assert made["seed"] == 7
    age = datetime.datetime.now(datetime.UTC) - datetime.datetime.fromisoformat(made["created"])
    assert datetime.timedelta(seconds=-1) < age < datetime.timedelta(minutes=5)
