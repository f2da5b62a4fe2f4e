"""The scores of the training, against another library."""

import numpy as np
import scoringrules
import torch

from rainsmith.models.training_scores import fair_crps, threshold_weighted_crps


def test_fair_crps_against_scoringrules() -> None:
    rng = np.random.default_rng(0)
    members, y = rng.gamma(0.5, 8, (40, 7)), rng.gamma(0.5, 8, 40)
    ours = fair_crps(torch.from_numpy(members), torch.from_numpy(y)).numpy()
    np.testing.assert_allclose(ours, scoringrules.crps_ensemble(y, members, estimator="fair"), rtol=1e-10)
    tail = threshold_weighted_crps(torch.from_numpy(members), torch.from_numpy(y), 9.0).numpy()
    oracle = scoringrules.crps_ensemble(np.maximum(y, 9.0), np.maximum(members, 9.0), estimator="fair")
    np.testing.assert_allclose(tail, oracle, rtol=1e-10, atol=1e-12)


def test_crps_orders_forecasts() -> None:
    rng = torch.Generator().manual_seed(0)
    y = torch.randn(4000, generator=rng)
    truth = torch.randn(4000, 8, generator=rng)
    assert (
        fair_crps(y[:, None].expand(-1, 8), y).mean()
        < fair_crps(truth, y).mean()
        < fair_crps(0.2 * truth, y).mean()
        < fair_crps(truth + 2, y).mean()
    )
