"""What an inspection holds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rainsmith.base.errors import UserError
from rainsmith.inspection import result
from rainsmith.inspection.result import Inspection, look_at
from rainsmith.run_folder import Run
from tests.fake_run import config_of
from tests.inspection.made import config_of_years, with_attrs


def test_a_large_store_is_read_a_few_days_at_a_time_to_the_same_figures(
    found: Inspection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(result, "IN_MEMORY", 0)
    lazy = look_at(config_of_years(), Run(found.path.parent))
    assert lazy.store["precip"].chunks is not None and found.store["precip"].chunks is None
    np.testing.assert_array_equal(lazy.rain.rare, found.rain.rare)
    assert [one.crps for one in lazy.explained[1:]] == [one.crps for one in found.explained[1:]]
    assert lazy.largest[:3] == found.largest[:3]


def test_suspect_values_are_one_text_each(found: Inspection) -> None:
    assert found.suspects == []
    assert with_attrs(found, suspect_values="a; b").suspects == ["a", "b"]


def test_without_a_store_it_says_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="run 'rainsmith prepare' first"):
        look_at(config_of(), Run(tmp_path))
