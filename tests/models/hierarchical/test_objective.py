"""The reference loss against hand-made values, and the scores against other libraries."""

import numpy as np
import pytest
import scoringrules
import torch

from rainsmith.models.generative_kinds.hierarchical import Objective
from rainsmith.models.hierarchical.objective import EnsembleObjective


def ensemble_objective(**settings: object) -> EnsembleObjective:
    return EnsembleObjective(Objective(**settings), log_std=1.0, p90=10.0, mask=np.ones((6, 7), dtype=bool))  # type: ignore[arg-type]


def rain(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(seed).gamma(0.5, 8, shape).astype(np.float32))


def test_score_is_the_fair_crps_at_the_cells() -> None:
    members, y = rain(4, 3, 42), rain(4, 42, seed=1)
    valid = torch.ones(4, 42, dtype=torch.bool)
    score = ensemble_objective(pooling=[1], tail_weight=0.5).score(members, y, valid).item()
    drawn, observed = np.moveaxis(members.numpy(), 1, -1), y.numpy()
    logs = scoringrules.crps_ensemble(np.log1p(observed), np.log1p(drawn), estimator="fair")
    amounts = scoringrules.crps_ensemble(observed / 10, drawn / 10, estimator="fair")
    assert score == pytest.approx((logs + 0.5 * amounts).mean(), rel=1e-5)


def test_score_of_a_block_is_that_of_its_valid_mean() -> None:
    objective = ensemble_objective(pooling=[7], tail_weight=0.0)
    members, y = rain(2, 2, 42), rain(2, 42, seed=1)
    valid = torch.rand(2, 42, generator=torch.Generator().manual_seed(0)) > 0.3
    torch.manual_seed(0)
    rows, columns = (int(v) for v in torch.randint(7, (2,)))
    torch.manual_seed(0)
    score = objective.score(members, y * valid, valid).item()
    row, column = np.divmod(np.arange(42), 7)
    block = (row + rows) // 7 * 100 + (column + columns) // 7
    total, weight = 0.0, 0.0
    for day in range(2):
        for b in np.unique(block):
            inside = (block == b) & valid[day].numpy()
            if inside.any():
                means = np.log1p(members[day, :, inside].numpy().mean(1))
                observed = np.log1p(y[day, inside].numpy().mean())
                crps = scoringrules.crps_ensemble(observed, means, estimator="fair")
                total, weight = total + inside.sum() * crps, weight + inside.sum()
    assert score == pytest.approx(total / weight, rel=1e-4)


def test_score_reads_no_invalid_cell() -> None:
    objective = ensemble_objective()
    members, y = rain(2, 2, 42), rain(2, 42, seed=1)
    valid = torch.arange(42).expand(2, -1) % 4 > 0
    scores = []
    for value in (0.0, 1e4):
        torch.manual_seed(0)
        scores.append(objective.score(torch.where(valid[:, None], members, value), y * valid, valid).item())
    assert scores[0] == scores[1]


def test_truth_scores_best() -> None:
    """Members of the law of y < half the spread < one value for all < the mean without spread of a wrong law."""
    objective = ensemble_objective()
    valid = torch.ones(300, 42, dtype=torch.bool)
    y, truth = rain(300, 42, seed=1), rain(300, 2, 42, seed=2)
    middle = truth.mean()

    def score(members: torch.Tensor) -> float:
        torch.manual_seed(0)
        return objective.score(members, y, valid).item()

    narrow = middle + 0.5 * (truth - middle)
    assert score(truth) < score(narrow) < score(torch.full_like(truth, middle.item()))


def test_terms_are_divided_by_running_means_of_earlier_batches() -> None:
    objective = ensemble_objective(w_rec=1.0, w_prior=2.0, w_mixed=0.0, w_kl=1.0).train()
    valid = torch.ones(2, 42, dtype=torch.bool)
    y, kl = rain(2, 42), torch.tensor([42.0])
    first = objective({"rec": rain(2, 1, 42, seed=3), "prior": rain(2, 2, 42, seed=4)}, y, valid, kl, 1.0)
    assert first["loss"].item() == pytest.approx(1.0 + 1.0 + 2.0)  # KL per cell, and each term over itself
    scale = objective.scale.clone()
    second = objective({"rec": 3 * rain(2, 1, 42, seed=3), "prior": rain(2, 2, 42, seed=4)}, y, valid, kl, 0.0)
    expected = second["rec"] / scale[0] + 2 * second["prior"] / scale[1]
    assert second["loss"].item() == pytest.approx(expected.item(), rel=1e-5)
    assert objective.scale[0] > scale[0]
    objective.eval()
    kept = objective.scale.clone()
    objective({"rec": rain(2, 1, 42, seed=3)}, y, valid, kl, 0.0)
    assert torch.equal(objective.scale, kept)


def test_free_bits_cost_nothing() -> None:
    objective = ensemble_objective(free_bits=5.0)
    y, valid = rain(1, 42), torch.ones(1, 42, dtype=torch.bool)
    kl = torch.tensor([1.0, 9.0], requires_grad=True)
    objective({}, y, valid, kl, 1.0)["loss"].backward()
    assert kl.grad is not None
    assert kl.grad.tolist() == pytest.approx([0.0, 1 / 42])


def _correlated(shape: tuple[int, ...], seed: int) -> torch.Tensor:
    """Amounts that are equal along a row: (..., rows, columns) flattened."""
    rng = torch.Generator().manual_seed(seed)
    rows = torch.randn(*shape, 1, generator=rng).exp()
    return rows.expand(*shape, 8).flatten(-2)


def test_increments_tell_grains_from_storms_where_single_cells_do_not() -> None:
    """Members with the right amounts in every cell but without their neighbours' company."""
    mask, days = np.ones((6, 8), dtype=bool), 400
    y = _correlated((days, 6), 0)
    storms = _correlated((days, 4, 6), 1)
    grains = torch.randn(days, 4, 48, generator=torch.Generator().manual_seed(2)).exp()
    valid = torch.ones_like(y, dtype=torch.bool)
    plain = EnsembleObjective(Objective(pooling=[1]), 1.0, 3.0, mask)
    beside = EnsembleObjective(Objective(pooling=[1], increments=[1, 2]), 1.0, 3.0, mask)
    difference = [float(one.score(grains, y, valid) - one.score(storms, y, valid)) for one in (plain, beside)]
    assert abs(difference[0]) < 0.01 and difference[1] > 0.05


def test_increments_are_the_crps_of_differences_of_valid_pairs() -> None:
    rng = np.random.default_rng(0)
    mask = rng.random((5, 6)) > 0.3
    cells = int(mask.sum())
    members, y = rng.gamma(0.5, 8, (7, 4, cells)), rng.gamma(0.5, 8, (7, cells))
    valid = rng.random((7, cells)) > 0.2
    y, p90, log_std = y * valid, 12.0, 0.8
    settings = Objective(pooling=[1], increments=[2], tail_weight=0.5)
    found = EnsembleObjective(settings, log_std, p90, mask).score(
        torch.from_numpy(members), torch.from_numpy(y), torch.from_numpy(valid)
    )
    at = np.full(mask.shape, -1)
    at[mask] = np.arange(cells)
    first = np.concatenate([at[:, :-2].ravel(), at[:-2].ravel()])
    second = np.concatenate([at[:, 2:].ravel(), at[2:].ravel()])
    known = (first >= 0) & (second >= 0)
    first, second = first[known], second[known]

    def score(change: object, fields: np.ndarray, truth: np.ndarray) -> np.ndarray:
        a, b = change(fields), change(truth)  # type: ignore[operator]
        return scoringrules.crps_ensemble(b, np.moveaxis(a, 1, -1), estimator="fair")

    def total(fields: np.ndarray, truth: np.ndarray, weight: np.ndarray, change: object) -> float:
        return float((score(change, fields, truth) * weight).sum() / weight.sum())

    def both(pick: object, weight: np.ndarray) -> float:
        masked = members * valid[:, None]
        logs = total(masked, y, weight, lambda v: pick(np.log1p(v) / log_std))  # type: ignore[operator]
        return logs + 0.5 * total(masked, y, weight, lambda v: pick(v / p90))  # type: ignore[operator]

    single = both(lambda v: v, valid.astype(float))
    steps = both(lambda v: v[..., second] - v[..., first], (valid[:, first] & valid[:, second]).astype(float))
    assert float(found) == pytest.approx((single + steps) / 2, rel=1e-5)


def objective_of_four_cells(*, calm_start: bool) -> EnsembleObjective:
    settings = Objective(calm_start=calm_start)
    return EnsembleObjective(settings, log_std=1.0, p90=10.0, mask=np.ones((2, 2), dtype=bool)).train()


def test_the_first_members_of_a_random_network_are_soon_forgotten() -> None:
    """A term that began 500 times too large counts in full within an epoch of forty batches."""
    objective = objective_of_four_cells(calm_start=True)
    values = [500.0] + [1.0] * 40
    known = [objective._running(0, torch.tensor(value)).item() for value in values]
    assert known[0] == known[1] == 500.0  # no batch counts in its own divisor, but for the first
    assert known[-1] == pytest.approx(1.0, rel=0.05)
    slow = objective_of_four_cells(calm_start=False)
    assert [slow._running(0, torch.tensor(value)).item() for value in values][-1] > 100
    # later the mean is long: one odd batch moves it by no more than its share
    for _ in range(1000):
        objective._running(0, torch.tensor(1.0))
    objective._running(0, torch.tensor(2.0))
    assert objective.scale[0].item() == pytest.approx(1.0 + (1 - EnsembleObjective.RUNNING), rel=1e-3)
    resumed = objective_of_four_cells(calm_start=True)
    resumed.load_state_dict(objective.state_dict())
    assert resumed._running(0, torch.tensor(3.0)) == objective._running(0, torch.tensor(3.0))
    assert torch.equal(resumed.scale, objective.scale)
