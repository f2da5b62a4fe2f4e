"""The section ``sampling``: a variation needs levels that vary."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from rainsmith.config import Sampling


def test_a_variation_needs_levels_that_vary() -> None:
    with pytest.raises(ValidationError, match=r"variation is 0.5, but keep_levels null keeps every level"):
        Sampling(variation=0.5)
    assert Sampling(variation=0.5, keep_levels=0).variation == 0.5
    assert Sampling(variation=1).keep_levels is None


def test_days_are_a_set_or_dates() -> None:
    assert Sampling(days="heavy_x").days == "heavy_x"
    assert Sampling(days=["2001-02-03"]).days == ["2001-02-03"]
    with pytest.raises(ValidationError):
        Sampling(days="2001-02-03")  # type: ignore[arg-type]
