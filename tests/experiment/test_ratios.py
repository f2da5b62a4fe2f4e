"""The gain over the number of synthetic days: which score it is in, which arms it has, and its bounds."""

from __future__ import annotations

import numpy as np

from rainsmith.experiment.comparison import COLUMNS, compare_arms
from rainsmith.experiment.ratios import gains_by_ratio, main_score
from tests.experiment.planted import SHIFTS, WEEKS, planted_trials


def test_gains_of_a_mode_with_several_numbers_of_days_come_in_their_order_with_bounds_around_them() -> None:
    shifts = {"prior-200": 0.1, **SHIFTS}  # the least number does best, and the control has a loss of 1
    comparisons = compare_arms(planted_trials(shifts), "all", WEEKS)
    table = gains_by_ratio(comparisons)
    assert table["mode"].tolist() == ["prior"] * 3 and set(table["score"]) == {"pinball_p99"}
    assert table["ratio"].tolist() == [25, 100, 200]  # posterior-25 stands alone
    np.testing.assert_allclose(table["gain"], [0.1, -0.2, -0.1], atol=0.01)
    assert (table["lower"] < table["gain"]).all() and (table["gain"] < table["upper"]).all()
    assert (table["lower"] > 0).tolist() == [True, False, False] and table["significant"].all()
    assert gains_by_ratio(comparisons[comparisons["arm"] != "prior-25"])["ratio"].tolist() == [100, 200]
    for without in (comparisons[~comparisons["arm"].isin(["prior-25", "prior-100"])], comparisons.iloc[:0]):
        assert gains_by_ratio(without).empty and list(without) == COLUMNS


def test_every_network_is_judged_by_a_proper_score_that_it_has() -> None:
    single = {"rmse", "mae", "twcrps_p99", "csi_20"}
    assert main_score("q-srdrn", {*single, "pinball_p99", "quantile_crps"}) == "pinball_p99"
    assert main_score("q-srdrn", {*single, "pinball_p95", "quantile_crps"}) == "quantile_crps"
    assert (main_score("unet", single), main_score("srdrn", single)) == ("rmse", "mae")
