"""Members of the embedded climate whose truth is known: healthy ones pass, each planted failure is named."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import xarray as xr
from scipy.ndimage import gaussian_filter

from rainsmith.config import Config
from rainsmith.diagnose.member_scores import MemberScores
from rainsmith.diagnose.natural_variability import NaturalVariability, natural_variability
from rainsmith.diagnose.registry import metrics_of_natural_variability
from rainsmith.evaluate.forecasts_to_score import Forecast
from rainsmith.evaluate.scoring import assess, day_sets_of
from rainsmith.evaluate.settings import Resampling, settings_of
from rainsmith.evaluate.table import MetricTable
from rainsmith.metrics import ensemble, spatial
from tests.diagnose.evidence import ask, evidence_of, verdicts
from tests.evaluate.made import table

METRICS = [
    *metrics_of_natural_variability(),
    ensemble.spread_skill,
    spatial.diversity_ratio,
    spatial.spatial_correlation,
]
Plant = Callable[[xr.DataArray], xr.DataArray]


@pytest.fixture(scope="module")
def variability(climate_store: xr.Dataset, climate_config: Config) -> NaturalVariability:
    return natural_variability(
        climate_store, "test", metrics_of_natural_variability(), settings_of(climate_store, climate_config)
    )


def verdicts_on(
    members: xr.DataArray, days: xr.Dataset, variability: NaturalVariability, config: Config
) -> dict[str, str]:
    labels = {"model": "made", "checkpoint": "", "seed": 0, "mode": "prior", "split": "test"}
    numbers = np.arange(days.sizes["time"])
    forecast = Forecast(labels, numbers, members.sizes["member"], lambda: iter([(slice(None), members)]), False)
    how = settings_of(days, config), Resampling(resamples=50)
    table = assess(forecast, days["precip"], day_sets_of(days), *how, metrics=METRICS, with_curves=False).table
    scores = MemberScores(MetricTable(table, "test"), "made", variability)
    return verdicts(tuple(PLANTED), evidence_of(scores=scores))


def test_days_of_the_truth_are_those_of_the_store(true_members: xr.DataArray, scored_days: xr.Dataset) -> None:
    assert np.array_equal(true_members["time"].values, scored_days["time"].values)


def test_true_members_are_in_order(
    true_members: xr.DataArray, scored_days: xr.Dataset, variability: NaturalVariability, climate_config: Config
) -> None:
    assert set(verdicts_on(true_members, scored_days, variability, climate_config).values()) == {"pass"}


def _smooth(members: xr.DataArray, width: float) -> xr.DataArray:
    filled = gaussian_filter(np.nan_to_num(members.values), (0, 0, width, width))
    return members.copy(data=np.where(np.isfinite(members.values), filled, np.nan))


def _grainy(members: xr.DataArray) -> xr.DataArray:
    noise = np.random.default_rng(0).standard_normal(members.shape)
    return members * np.exp(1.5 * noise - 1.1).astype(np.float32)


def _spread(members: xr.DataArray, factor: float) -> xr.DataArray:
    mean = members.mean("member")
    return (mean + factor * (members - mean)).clip(min=0).transpose(*members.dims)


PLANTED: dict[str, Plant] = {
    "mean-collapse": lambda m: (m.mean(("y", "x")) + 0 * m).transpose(*m.dims),
    "drizzle": lambda m: m + 0.3,
    "tail-deficit": lambda m: m.clip(max=12.0),
    "tail-excess": lambda m: m.where(m < 10, 10 + 4 * (m - 10)).where(m.notnull()),
    "blur": lambda m: _smooth(m, 2.0),
    "noise": _grainy,
    "mass-drift": lambda m: 2 * m,
    "under-dispersion": lambda m: _spread(m, 0.3),
    "over-dispersion": lambda m: _spread(m, 2.5),
}


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_failure_is_found(
    name: str,
    true_members: xr.DataArray,
    scored_days: xr.Dataset,
    variability: NaturalVariability,
    climate_config: Config,
) -> None:
    planted = PLANTED[name](true_members)
    assert verdicts_on(planted, scored_days, variability, climate_config)[name] == "fail"


@pytest.mark.parametrize(
    ("power", "pairs", "blur", "noise"),
    [
        (2.2, 3, "warn", "warn"),
        (2.2, 50, "warn", "warn"),
        (1.0, 3, "pass", "pass"),
        (0.6, 3, "warn", "pass"),
        (9.0, 50, "warn", "fail"),
    ],
)
def test_too_much_power_is_no_blur_and_does_not_pass(power: float, pairs: int, blur: str, noise: str) -> None:
    """On a short record two samples of observations may differ by a factor of three; 2.2 is not healthy for that."""
    rows = [
        {"metric": "fine_power", "model": "made", "value": power, "observed": 1.0, "days": days}
        for days in ("all", "heavy_x")
    ]
    wide = {(days, "fine_power"): (np.log(3.0), np.log(4.0)) for days in ("all", "heavy_x")}
    scores = MemberScores(MetricTable(table(*rows), "test"), "made", NaturalVariability(wide, {}, 1, pairs))
    evidence = evidence_of(scores=scores)
    assert verdicts(("blur", "noise"), evidence) == {"blur": blur, "noise": noise}
    finding = ask("blur", evidence)
    assert ("times the observed power" in finding.note) == ("advice of noise" in finding.advice) == (power > 1.5)


def test_a_threshold_on_normalised_values_is_found(
    true_members: xr.DataArray, scored_days: xr.Dataset, climate_config: Config
) -> None:
    def verdict(member: xr.DataArray, wet_mm: float) -> str:
        evidence = evidence_of(first_member=member, observation=scored_days["precip"], wet_mm=wet_mm)
        return verdicts(("normalised-threshold",), evidence)["normalised-threshold"]

    one, wet = true_members.isel(member=0), climate_config.data.wet_mm
    assert verdict(one, wet) == "pass"
    normalised = (np.log1p(one) - scored_days["log_mean"]) / np.maximum(scored_days["log_std"], 0.1)
    wrong = one.where((normalised >= 0.1) | one.isnull(), 0.0)
    assert verdict(wrong, wet) == "fail"
    cut = one.where((one >= 0.5) | one.isnull(), 0.0)  # as sampling.pixel_threshold: 0.5 does, in mm
    assert verdict(cut, 0.5) == "pass"
