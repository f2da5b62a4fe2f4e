"""The examples of the docstrings run: those of the API one after another, in one folder, as a reader would."""

from __future__ import annotations

import doctest
import importlib
import inspect
from pathlib import Path

import pytest

from rainsmith import api
from rainsmith.api import arrays, stages


def test_examples_of_the_api_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The whole job first; the functions on arrays then use its run folder. Two months are scored, to save time."""
    test = [["2003-01-01", "2003-02-28"]]
    splits = {"train": [2001, 2001], "validation": [2002, 2002], "test": test}
    with_few = {"data.splits": splits, "evaluate.climate": False}
    load_config = api.load_config
    monkeypatch.setattr(api, "load_config", lambda overrides: load_config(overrides={**overrides, **with_few}))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RAINSMITH_QUIET", "1")
    for module, least in ((stages, 8), (arrays, 10)):
        result = doctest.testmod(module)
        assert result.failed == 0
        assert result.attempted >= least


@pytest.mark.parametrize(
    "module",
    [
        "rainsmith.api.quantiles",
        "rainsmith.baselines.registry",
        "rainsmith.config.load",
        "rainsmith.evaluate.scoring",
        "rainsmith.metrics",
        "rainsmith.prepare.arrays",
    ],
)
def test_examples_of_other_modules_run(module: str) -> None:
    result = doctest.testmod(importlib.import_module(module))
    assert result.attempted > 0 and result.failed == 0


def test_every_function_of_the_api_says_what_it_returns() -> None:
    for name in api.__all__:
        function = getattr(api, name)
        if not inspect.isfunction(function):
            continue
        assert inspect.getdoc(function), name
        assert inspect.signature(function).return_annotation not in (inspect.Signature.empty, "None"), name
