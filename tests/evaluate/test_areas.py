"""Areas: their means, and that they are scored as any forecast is."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from rainsmith.base.dims import MEMBER, SPLITS, in_split
from rainsmith.config import Config
from rainsmith.evaluate.areas import AREA_COLUMNS, AreaMeans, Areas, area_means, score_areas, training_quantiles
from rainsmith.evaluate.forecasts_to_score import Forecast
from rainsmith.evaluate.settings import PROBABILITIES, Resampling, settings_of
from rainsmith.metrics.core import pair
from rainsmith.metrics.ensemble import crps
from tests.fake_run import members_of


def test_means_count_valid_cells_alike() -> None:
    fields = np.array([[[1.0, 3.0, 8.0]], [[1.0, 0.0, 8.0]], [[0.0, 0.0, 8.0]]], dtype=np.float32)
    valid = np.array([[True, True, True], [True, False, True], [False, False, True]])
    inside = np.array([[1.0, 1.0], [1.0, 1.0], [0.0, 1.0]])
    expected = [[[2.0, 4.0]], [[1.0, 4.5]], [[np.nan, 8.0]]]
    np.testing.assert_allclose(area_means(fields, valid, inside), expected)


def test_an_area_of_one_cell_is_scored_as_that_cell(config: Config, store: xr.Dataset) -> None:
    """And the area of every cell as the domain mean; thresholds are the quantiles of the area's own training days."""
    cells = np.flatnonzero(store["mask"].values)
    inside = np.column_stack([cells == 7 * 8 + 2, np.ones(len(cells))]).astype(float)
    areas = Areas(("cell", "domain"), cells, inside, training_quantiles(store, cells, inside))
    days = np.flatnonzero(store["split"].values == SPLITS.index("test"))
    members, obs = members_of(store, "prior", 3)["precip"], in_split(store, "test")["precip"]
    about = {"model": "flat", "checkpoint": "", "seed": 0, "mode": "prior", "split": "test"}
    forecast = Forecast(about, days, members.sizes[MEMBER], lambda: iter([]), baseline=False)
    watch = AreaMeans(areas)
    for chosen in (slice(0, 60), slice(60, None)):
        watch.add(np.arange(len(days))[chosen], pair(members.isel(time=chosen), obs.isel(time=chosen)))
    table = score_areas(watch, forecast, store, settings_of(store, config), Resampling(resamples=50))
    assert list(table.columns) == AREA_COLUMNS and set(table["area"]) == {"cell", "domain"}
    assert set(table["metric"]) >= {"crps", "spread_skill", "p99", "brier", "csi", "mass_bias"}
    assert not set(table["metric"]) & {"fss", "ralsd", "spatial_correlation", "energy_score", "block_borders"}
    rows = table[table["days"] == "all"].set_index(["area", "metric"])
    one = {"y": [7], "x": [2]}
    assert rows.loc[("cell", "crps"), "value"].item() == pytest.approx(
        float(crps(members.isel(one), obs.isel(one))), rel=1e-5
    )
    whole = [field.mean(("y", "x"), keepdims=True) for field in (members, obs)]
    assert rows.loc[("domain", "crps"), "value"].item() == pytest.approx(float(crps(*whole)), rel=1e-5)
    assert rows.loc[("domain", "mean"), "observed"].item() == pytest.approx(float(whole[1].mean()), rel=1e-5)
    training = in_split(store, "train")["precip"][:, 7, 2].astype(float)
    tail = rows.loc[("cell", "twcrps_p99")]
    assert tail["threshold"].item() == pytest.approx(float(training.quantile(0.99)), rel=1e-5)
    assert tail["lower"].item() <= tail["value"].item() <= tail["upper"].item()
    heavy = table[(table["days"] == "heavy") & (table["metric"] == "crps")]
    assert set(heavy["n_days"]) == {int((in_split(store, "test")["category"] == 3).sum())}


def test_an_area_without_a_valid_training_day_has_the_quantiles_of_the_others(store: xr.Dataset) -> None:
    cells = np.flatnonzero(store["mask"].values)
    inside = np.ones((len(cells), 1))
    holed = store.copy()
    holed["precip"] = store["precip"].where(store["time"] != store["time"][3])
    means = in_split(store, "train")["precip"].mean(("y", "x")).values.astype(float)
    for data, kept in ((store, means), (holed, np.delete(means, 3))):
        np.testing.assert_allclose(
            training_quantiles(data, cells, inside)[:, 0], np.quantile(kept, PROBABILITIES), rtol=1e-6
        )
