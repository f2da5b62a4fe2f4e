"""Days as batches: order, masks, and the share of heavy days."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from rainsmith.base.dims import in_split
from rainsmith.data.dataset import Days, stratified_batches
from rainsmith.run_folder import Run


def test_batch_keeps_the_asked_order_and_marks_invalid_cells(prepared: Run) -> None:
    selected = in_split(prepared.open_store(), "train")
    for in_memory in (True, False):
        batch = Days(selected, in_memory=in_memory).batch(np.array([5, 2, 9, 2]))
        expected = selected["precip"].values[[5, 2, 9, 2]]
        assert np.array_equal(batch.valid.numpy(), np.isfinite(expected))
        assert np.array_equal(batch.y.numpy(), np.nan_to_num(expected))
        assert np.array_equal(batch.x.numpy(), selected["predictors"].values[[5, 2, 9, 2]], equal_nan=True)
        assert batch.days.tolist() == [20010106, 20010103, 20010110, 20010103]


@settings(max_examples=100, deadline=None)
@given(
    n=st.integers(4, 300),
    share=st.floats(0.01, 0.6),
    batch_size=st.integers(2, 64),
    least=st.floats(0, 0.5),
    seed=st.integers(0, 99),
)
def test_every_batch_has_its_heavy_days(n: int, share: float, batch_size: int, least: float, seed: int) -> None:
    heavy = np.random.default_rng(seed).random(n) < share
    heavy[0] = True
    batches = stratified_batches(heavy, batch_size, least, np.random.default_rng(seed))
    assert sum(map(len, batches)) == n
    for batch in batches:
        assert len(batch) <= batch_size
        assert heavy[batch].mean() >= least - 1e-9


def test_without_a_least_share_every_day_appears_once() -> None:
    heavy = np.arange(50) % 7 == 0
    batches = stratified_batches(heavy, 16, 0.0, np.random.default_rng(0))
    assert sorted(np.concatenate(batches).tolist()) == list(range(50))
