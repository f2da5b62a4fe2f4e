"""Advice names keys that exist, and fits the model that it is given for."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import rainsmith.diagnose
from rainsmith.config import load_config
from rainsmith.diagnose.reference_advice import ADVICE

KEY = re.compile(r"\b(model|loss|objective|train|sampling|data)\.([a-z_]+)\b")
PAGE = Path(__file__).parents[2] / "docs/failure-modes.md"
FAILURES = {name for line in PAGE.read_text("utf-8").splitlines() for name in re.findall(r"`([a-z-]+)`", line[:40])}


def keys(model: str) -> set[tuple[str, str]]:
    """Every key of the configuration of a model."""
    config = load_config(None, None, {"model.name": model})
    return {(section, key) for section in type(config).model_fields for key in vars_of(getattr(config, section))}


def vars_of(section: object) -> list[str]:
    return list(getattr(type(section), "model_fields", {}))


@pytest.mark.parametrize("name", sorted(ADVICE))
def test_advice_for_the_reference_is_of_a_known_failure_and_of_its_own_keys(name: str) -> None:
    assert name in FAILURES
    own, others = keys("flat"), keys("hierarchical")
    for section, key in KEY.findall(ADVICE[name]):
        assert (section, key) in own or ((section, key) == ("model", "mass") and (section, key) in others), key
        assert section != "objective"  # of the hierarchical model only


def test_other_advice_names_keys_that_exist() -> None:
    known = keys("hierarchical")
    found = 0
    for path in sorted(Path(rainsmith.diagnose.__file__).parent.glob("*.py")):
        if path.stem == "reference_advice":
            continue
        text = path.read_text(encoding="utf-8").replace('"\n        "', "")
        for advice in re.findall(r'^ {8}"([A-Z][^"\n]*[.])",$', text, re.MULTILINE):
            for section, key in KEY.findall(advice):
                assert (section, key) in known, (path.name, section, key)
                found += 1
    assert found > 5
