"""Zeros of a file whose fill value is 0."""

from __future__ import annotations

from rainsmith.config import Data
from rainsmith.data.checks.zero_fill_value import ZERO_FILL, count_zeros
from tests.data.made import rain


def test_kept_zeros_are_counted() -> None:
    made = rain(days=9, sea=False).assign_attrs({ZERO_FILL: 1})
    made.values[:, 0, 0] = 0
    outcome = count_zeros(made, Data())
    zeros = int((made.values == 0).sum())
    assert outcome.attributes == {"zeros_kept": zeros}
    assert f"its {zeros} zeros are values (1 cells are 0 on all days)" in outcome.notice
    assert ZERO_FILL not in outcome.field.attrs and (outcome.field.values == made.values).all()


def test_other_files_are_left_as_they_are() -> None:
    made = rain(days=9)
    assert count_zeros(made, Data()).field is made
