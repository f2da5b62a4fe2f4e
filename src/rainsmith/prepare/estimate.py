"""What a preparation will take on this machine, from the last months of training, read and written before the rest."""

from __future__ import annotations

import calendar
import tempfile
from pathlib import Path
from typing import Any

from rainsmith.base import large_arrays
from rainsmith.base.errors import UserError
from rainsmith.base.files import size_of
from rainsmith.base.large_arrays import large_arrays_in
from rainsmith.base.needs import Needs, measured
from rainsmith.config import Config
from rainsmith.data.splits import Span, span_of, split_spans
from rainsmith.data.store import write_store
from rainsmith.prepare.stage import store_of
from rainsmith.run_folder import Run

SIZES = {"gridded": (3, 6), "demo": (12, 24)}
"""Months of the two sizes by kind of data; two of them validate and test. The embedded climate is made by the year."""
LARGE = 4
"""Arrays of all days that are in memory at once; what does not fit lies in files (``base/large_arrays.py``)."""

Month = tuple[int, int]
"""Year and month."""


def needs(config: Config, run: Run) -> Needs | str:
    """Prepare a few months, all checks included, into a folder that is removed.

    All files are opened, and the months of ``data.splits`` are counted; files that lack some of them take less. Files
    whose chunks are longer than these months take more.

    Args:
        config: the configuration.
        run: the run folder, which need not be there.

    Returns:
        The needs; or why they are not known: files of the reference, few months, or months that are refused.
    """
    data, whole = config.data, _months(config)
    if data.kind not in SIZES:
        return "its time, memory and disk are not known before the files of the reference are read"
    number = sum(map(len, whole.values()))
    read = whole["train"] if data.kind == "gridded" else sorted(month for of in whole.values() for month in of)
    few, more = SIZES[data.kind]
    if len(read) < more:
        told = f"they are told from {more} months of training, of which there are {len(read)}"
        return f"its time, memory and disk are not known: {told}"

    def prepare_few(count: int) -> float:
        with tempfile.TemporaryDirectory(prefix="rainsmith-prepare-") as folder, large_arrays_in(Path(folder)):
            write_store(store_of(_cut(config, read[-count:])), Path(folder) / "store.zarr")
            return size_of(Path(folder) / "store.zarr")

    try:
        prepare_few(few)  # which loads what reads the files
        trend = measured(prepare_few, few, more)
    except UserError as error:
        return f"its time, memory and disk are not known, since the last {more} months of training are refused: {error}"
    memory = min(trend.memory_of(number), trend.memory[1] + LARGE * large_arrays.IN_MEMORY)
    return Needs(trend.seconds_of(number), memory, trend.disk_of(number), f"{number} months")


def _months(config: Config) -> dict[str, list[Month]]:
    """The months of each split that are wanted, in order."""
    data = config.data
    period = [] if data.period is None else [span_of(data.period, "data.period")]
    spans = split_spans(data.splits)
    return {
        name: [month for span in spans[name] for month in _of_span(span) if _is_wanted(month, period, data.months)]
        for name in spans
    }


def _of_span(span: Span) -> list[Month]:
    first, last = (day // 10000 * 12 + day // 100 % 100 - 1 for day in span)
    return [(month // 12, month % 12 + 1) for month in range(first, last + 1)]


def _is_wanted(month: Month, period: list[Span], months: list[int] | None) -> bool:
    day = month[0] * 10000 + month[1] * 100
    inside = all(first // 100 * 100 <= day <= last for first, last in period)
    return inside and (months is None or month[1] in months)


def _cut(config: Config, months: list[Month]) -> Config:
    """The configuration of some months alone, of which the last two validate and test."""
    spans = [
        (f"{year:04d}-{month:02d}-01", f"{year:04d}-{month:02d}-{calendar.monthrange(year, month)[1]:02d}")
        for year, month in months
    ]
    splits = {"train": spans[:-2], "validation": spans[-2:-1], "test": spans[-1:]}
    changes: dict[str, Any] = {
        "splits": config.data.splits.model_copy(update=splits),
        "period": (spans[0][0], spans[-1][1]),
    }
    if config.data.kind == "demo":  # its days are made from its first year on
        (first, _), (last, _) = months[0], months[-1]
        changes["demo"] = config.data.demo.model_copy(update={"first_year": first, "years": last - first + 1})
    return config.model_copy(update={"data": config.data.model_copy(update=changes)})
