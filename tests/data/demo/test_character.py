"""The constants of an embedded climate: the defaults are the demo's, and others make the climate that they name."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from rainsmith.config import Demo
from rainsmith.data.demo.character import Character
from rainsmith.data.demo.climate import DemoClimate, climate

SMALL = Demo(ny=16, nx=16, ny_lr=3, nx_lr=3, years=3, seed=3)


def test_the_defaults_are_the_climate_of_the_demo() -> None:
    """The figures were written down before the constants could be changed; float32 may differ in its last digit."""
    demo = climate(SMALL)
    state = [7.261446475982666, 4.688223838806152, 6.062838554382324]
    state += [282.5849304199219, 1015.7574462890625, 1.4129801988601685]
    assert demo.predictors[100, :, 1, 1].tolist() == pytest.approx(state, rel=3e-7)
    law = demo.law(300)
    values = [float(part[7]) for part in (law.wet, law.scale, law.shape, law.kappa)]
    expected = [0.11115255035222249, 0.4562532408647691, 0.06358533414996902, 0.8165309516776638]
    assert values == pytest.approx(expected, rel=1e-5)
    assert float(law.spectrum[2, 3]) == pytest.approx(2.62543770273538, rel=1e-5)
    assert DemoClimate(SMALL, Character()) == demo


@pytest.mark.parametrize(
    ("constants", "figure"),
    [
        pytest.param({"forcing": 0.5}, lambda rain: rain.mean(), id="more forcing, more rain"),
        pytest.param({"widespread_mm": 4.0}, lambda rain: rain.mean(), id="more widespread rain"),
        pytest.param({"storms": 2.0}, lambda rain: rain.mean(), id="more storms"),
        pytest.param({"storm_peak_mm": 12.0}, lambda rain: rain.max(), id="heavier storms"),
        pytest.param({"drizzle_mm": 0.4}, lambda rain: (rain > 0).mean(), id="more wet cells"),
        pytest.param({"shape": 0.30}, lambda rain: rain.max(), id="longer tail"),
        pytest.param({"length_km": 15.0}, lambda rain: np.abs(np.diff(rain)).mean(), id="shorter waves"),
        pytest.param({"temperature_k": 295.0}, lambda rain: np.abs(np.diff(rain)).mean(), id="warmer, rougher"),
        pytest.param({"upslope": 1.2}, lambda rain: rain.mean(axis=(0, 1)).std(), id="more rain on slopes"),
        pytest.param({"height": 1.0}, lambda rain: rain.mean(axis=(0, 1)).std(), id="more rain on mountains"),
    ],
)
def test_a_constant_does_what_it_says(constants: dict[str, float], figure) -> None:
    """More of the figure than in the demo, on the same days with the same noise."""
    days = np.arange(0, 1000, 9)

    def value(character: Character) -> float:
        made = DemoClimate(SMALL, character)
        return float(figure(made.truth_ensemble(days, 2).values[..., made.maps.land].astype(float)))

    assert value(replace(Character(), **constants)) > 1.05 * value(Character())
