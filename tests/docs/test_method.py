"""The Python examples of docs/method.md run, and give what their comments say."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

from tests.metrics.climate import GammaClimate

PAGE = Path(__file__).resolve().parents[2] / "docs" / "method.md"
EXAMPLES = re.findall(r"^```python\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)


@pytest.fixture(scope="module")
def arrays() -> dict[str, xr.DataArray]:
    """What the examples take as given: a forecast and an observation, and the same two with other names of dimensions."""
    climate = GammaClimate(days=20)
    fcst, obs = climate.draw(5, seed=1), climate.observed()
    dims = {"time": "day", "y": "lat", "x": "lon"}
    return {"fcst": fcst, "obs": obs, "ensemble": fcst.rename(member="number", **dims), "analysis": obs.rename(dims)}


def results_of(example: str, given: dict[str, Any]) -> dict[str, Any]:
    """Run an example; the value of each line that is an expression, by the line."""
    names, values = dict(given), {}
    for statement in ast.parse(example).body:
        text = ast.unparse(statement)
        if isinstance(statement, ast.Expr):
            values[text] = eval(text, names)
        else:
            exec(text, names)
    return values


def test_the_page_has_two_examples() -> None:
    assert len(EXAMPLES) == 2


def test_scores_of_all_cell_days_are_numbers(arrays: dict[str, xr.DataArray]) -> None:
    crps, twcrps = results_of(EXAMPLES[0], arrays).values()
    assert crps.dims == twcrps.dims == () and 0 < float(twcrps) < float(crps)


def test_kept_dimensions_and_other_names_give_what_the_comments_say(arrays: dict[str, xr.DataArray]) -> None:
    pooled, daily, maps, named = results_of(EXAMPLES[1], arrays).values()
    assert pooled.dims == () and daily.dims == ("time",) and float(daily.mean()) == pytest.approx(float(pooled))
    assert maps.dims == ("y", "x", "threshold") and maps["threshold"].values.tolist() == [20.0]
    assert named.dims == () and np.isfinite(named)
