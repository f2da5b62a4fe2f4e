"""An evaluation in pieces that shards make: runs of days whose terms are summed, and forecasts that are watched."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import xarray as xr

from rainsmith.base.array_files import columns_of, read_arrays, table_of, write_arrays
from rainsmith.base.console import progress
from rainsmith.base.dims import TIME
from rainsmith.base.errors import UserError
from rainsmith.base.pieces import Pieces
from rainsmith.data.held_days import chosen_days
from rainsmith.evaluate.climate import record_of
from rainsmith.evaluate.forecasts_to_score import Forecast
from rainsmith.evaluate.one_forecast import Watched, Watching, Yardstick, write_maps
from rainsmith.evaluate.run_tallies import run_of, tally_run, whole_tally, write_run
from rainsmith.evaluate.scoring import Scored, applicable, counted, day_sets_of, scored
from rainsmith.metrics.tally import Parts, partition, tally_pieces

RECORD = "record-climate.nc"
_TABLES = ("tail", "climate", "areas")
_REFUSED = "refused"
"""Array of a piece of a baseline that does not apply: the reason."""


class Piecework:
    """The pieces of an evaluation.

    For each forecast a piece holds what is known of members that are seen in order, and further ones hold the sums of
    runs of days. The joined figures are those of one pass, to the last bit.

    Args:
        pieces: their files.
        by: what the forecasts are measured with.
        forecasts: all forecasts of all splits.
    """

    def __init__(self, pieces: Pieces, by: Yardstick, forecasts: Iterable[Forecast]) -> None:
        self.pieces, self.by = pieces, by
        self._last: tuple[str, xr.DataArray, Parts] | None = None
        forecasts = list(forecasts)
        jobs: dict[str, Callable[[Path], None]] = {
            _watched(one): functools.partial(self._watch, one) for one in forecasts
        }
        if by.reference is not None:
            jobs[RECORD] = functools.partial(self._record)
        jobs |= {_summed(one, run): functools.partial(self._sum, one, run) for one in forecasts for run in one.runs}
        self._jobs = jobs

    def work(self) -> None:
        """Make the pieces of this shard.

        Raises:
            Unfinished: others have not finished theirs, or join all.
        """
        names = self.pieces.share(list(self._jobs))
        with progress() as bar:
            task = bar.add_task("evaluate", total=len(names), note="")
            for name in names:
                bar.update(task, note=name.rpartition(".")[0][:34])
                with self.pieces.writing(name) as path:
                    self._jobs[name](path)
                bar.advance(task)
        self.pieces.join_or_leave()

    def measured(self, forecast: Forecast) -> tuple[Scored, Watched]:
        """One forecast, from its pieces.

        Raises:
            UserError: a baseline does not apply, or a piece is damaged.
        """
        observed, parts = self._observed(forecast)
        metrics = applicable(forecast, self.by.settings)
        runs = (run_of(self._read(_summed(forecast, run))) for run in forecast.runs)
        total = whole_tally(runs, observed[TIME], parts, counted(metrics))
        arrays = self._read(_watched(forecast))
        tail, climate, areas = (table_of(arrays, name) if name in arrays else None for name in _TABLES)
        assert tail is not None
        watched = Watched(tail, climate, self.pieces.folder / f"{forecast.stem}-climate.nc", areas)
        return scored(forecast, total, parts, metrics, self.by.settings, self.by.resampling), watched

    @property
    def record(self) -> Path:
        """The file of the observed climate of the whole record, where it is measured."""
        return self.pieces.folder / RECORD

    def _watch(self, forecast: Forecast, path: Path) -> None:
        watching = Watching(forecast, self.by)
        observed, parts = self._observed(forecast)

        def watch() -> None:
            settings = self.by.settings
            tally_pieces(*(forecast.pieces(), observed), parts=parts, settings=settings, metrics=[], watch=watching.add)

        if not _refused(forecast, path, watch):
            result = watching.result()
            if isinstance(result.maps, xr.Dataset):
                with self.pieces.writing(f"{forecast.stem}-climate.nc") as maps:
                    write_maps(maps, result.maps, self.by.store, f"climate of {forecast.stem}")
            tables = zip(_TABLES, (result.tail, result.climate, result.areas), strict=True)
            known = [columns_of(table, name) for name, table in tables if table is not None]
            write_arrays(path, {name: values for part in known for name, values in part.items()})

    def _sum(self, forecast: Forecast, run: slice, path: Path) -> None:
        observed, parts = self._observed(forecast)
        metrics = counted(applicable(forecast, self.by.settings))
        _refused(
            *(forecast, path),
            lambda: write_run(path, tally_run(forecast, run, observed, parts, self.by.settings, metrics)),
        )

    def _record(self, path: Path) -> None:
        assert self.by.reference is not None
        record = record_of(self.by.reference, self.by.store, self.by.resampling)
        write_maps(path, record, self.by.store, "climate of the observation")

    def _observed(self, forecast: Forecast) -> tuple[xr.DataArray, Parts]:
        """Observed rain of the days of a forecast, and their parts; those of the last forecast are kept."""
        if self._last is not None and self._last[0] == forecast.stem:
            return self._last[1:]
        days = chosen_days(self.by.store[["precip", "category", "heavy_x"]], forecast.days)
        parts = partition(days[TIME], day_sets_of(days), block_days=self.by.resampling.block_days)
        self._last = forecast.stem, days["precip"], parts
        return days["precip"], parts

    def _read(self, name: str) -> dict[str, np.ndarray]:
        with self.pieces.reading(name) as path:
            arrays = read_arrays(path)
        if _REFUSED in arrays:
            raise UserError(str(arrays[_REFUSED]))
        return arrays


def _watched(forecast: Forecast) -> str:
    return f"{forecast.stem}.npz"


def _summed(forecast: Forecast, run: slice) -> str:
    return f"{forecast.stem}.{run.start}-{run.stop}.npz"


def _refused(forecast: Forecast, path: Path, work: Callable[[], object]) -> bool:
    """Do some work; where a baseline does not apply, write down why, and return true."""
    try:
        work()
    except UserError as error:
        if not forecast.baseline:
            raise
        write_arrays(path, {_REFUSED: np.array(str(error))})
        return True
    return False
