"""The configurations by hand are the answers: what is proposed for their files agrees in everything that matters."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rainsmith.config import load_config
from rainsmith.config.data import PredictorSource
from rainsmith.init.questions import nobody
from rainsmith.init.stage import init

CONFIGS = Path(__file__).resolve().parents[2] / "configs"


def variables(source: PredictorSource) -> list[str]:
    return [source.variable] if isinstance(source.variable, str) else list(source.variable or [])


def channels(sources: list[PredictorSource]) -> dict[str, Any]:
    """What is done with each variable, whatever the order of the sources and the spelling of their files."""
    of_files = {v: (s.day_offsets, s.select, s.rain) for s in sources if s.files for v in variables(s)}
    return of_files | {s.from_: (s.coarsen, s.lags, s.min_valid_cells) for s in sources if s.from_}


@pytest.mark.real_data
@pytest.mark.parametrize(
    ("name", "folders"),
    [
        ("balearic", ["balearic"]),
        ("uk", ["haduk-grid-12km"]),
        ("uk-weather", ["haduk-grid-12km", "uk-weather"]),
    ],
)
def test_the_proposal_agrees(real_data: Path, tmp_path: Path, name: str, folders: list[str]) -> None:
    out = init([real_data / folder for folder in folders], tmp_path / f"{name}.yaml", ask=nobody)
    assert "TODO" not in out.read_text(encoding="utf-8")
    whole, example = load_config(out), load_config(CONFIGS / f"{name}.yaml")
    if name != "uk-weather":  # its example has settings of its own; of the others the recipe decides all of them
        assert whole.model == example.model
        assert whole.train == example.train.model_copy(update={"max_minutes": None})
    made, by_hand = whole.data, example.data
    assert made.target.variable == by_hand.target.variable and made.target.units is None
    assert channels(made.predictors) == channels(by_hand.predictors)
    assert (made.season, made.fit, made.suspect) == (by_hand.season, by_hand.fit, by_hand.suspect)
    assert (made.splits, made.period) == (by_hand.splits, by_hand.period)
    assert [(s.variable, s.derive) for s in made.statics] == [(s.variable, s.derive) for s in by_hand.statics]
