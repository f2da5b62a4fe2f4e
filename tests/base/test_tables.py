"""Tables that were written come back; damaged ones are one line."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from rainsmith.base.errors import UserError
from rainsmith.base.tables import read_table

COLUMNS = ("metric", "value")


def test_a_table_comes_back(tmp_path: Path) -> None:
    table = pd.DataFrame({"metric": ["crps", "max"], "value": [1.5, float("nan")]})
    table.to_csv(tmp_path / "a.csv", index=False)
    pd.testing.assert_frame_equal(read_table(tmp_path / "a.csv", "", columns=COLUMNS, numbers=["value"]), table)
    table[:0].to_csv(tmp_path / "a.csv", index=False)
    assert read_table(tmp_path / "a.csv", "", columns=COLUMNS, numbers=["value"]).empty


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"metric,value\ncrps,1.", "is cut off in its last line"),
        (b"metric,value\n\x80\x81,1\n", "cannot be read"),
        (b"metric,value\na,1\nb,1,2,3\n", "cannot be read"),
        (b"\n\n", "cannot be read"),
        (b"metric\na\n", "lacks the columns value"),
        (b"metric,value\na,1.5\nb,1.q\n", "column 'value' holds '1.q'; expected numbers"),
    ],
)
def test_a_damaged_table_is_one_line(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(content)
    with pytest.raises(UserError, match=rf"a\.csv:? {message}.*; run it again") as refused:
        read_table(path, "run it again", columns=COLUMNS, numbers=["value"])
    assert "\n" not in str(refused.value)
