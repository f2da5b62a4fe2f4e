"""A batch of synthetic days in a file, as a shard leaves it to the one that joins all batches."""

from __future__ import annotations

import json
from operator import itemgetter

import numpy as np
import pandas as pd

from rainsmith.augment.judge import Rejection
from rainsmith.base.array_files import columns_of, read_arrays, table_of, write_arrays
from rainsmith.base.pieces import Pieces


def write_batch(pieces: Pieces, name: str, fields: np.ndarray, table: pd.DataFrame) -> None:
    """Write a batch.

    Args:
        pieces: the files of all batches.
        name: of the batch.
        fields: (days, y, x) [mm/day].
        table: a row for every candidate; ``rejections`` are kept in words.
    """
    if "rejections" in table:
        words = [json.dumps([[one.check, one.words] for one in of_day]) for of_day in table["rejections"]]
        table = table.assign(rejections=words)
    with pieces.writing(name) as path:
        write_arrays(path, {"fields": fields, **columns_of(table, "table")})


def read_batch(pieces: Pieces, name: str) -> tuple[np.ndarray, pd.DataFrame]:
    """Read what ``write_batch`` wrote.

    Raises:
        UserError: the file is damaged.
    """
    with pieces.reading(name) as path:
        arrays = read_arrays(path)
        table = table_of(arrays, "table")
        if "rejections" in table:
            table["rejections"] = [_rejections(text) for text in table["rejections"]]
        return arrays["fields"], table


def _rejections(text: str) -> tuple[Rejection, ...]:
    return tuple(Rejection(check, {"words": words}, itemgetter("words")) for check, words in json.loads(text))
