"""An evaluation in pieces that shards make: runs of days whose terms are summed, and forecasts that are watched."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import xarray as xr

from rainsmith.base.array_files import columns_of, read_arrays, table_of, write_arrays
from rainsmith.base.checksums import sha256_of_file
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
_RECORD_PIECE = "record-climate.npz"
_SHA256 = "sha256"
"""Array of a piece that has a NetCDF file beside it: the hash of that file."""
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
            jobs[_RECORD_PIECE] = self._record
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
        maps = None if climate is None else self._checked(f"{forecast.stem}-climate.nc", arrays)
        watched = Watched(tail, climate, maps, areas)
        return scored(forecast, total, parts, metrics, self.by.settings, self.by.resampling), watched

    def record(self) -> Path:
        """The file of the observed climate of the whole record, where it is measured.

        Raises:
            DamagedPiece: it is damaged.
        """
        return self._checked(RECORD, self._read(_RECORD_PIECE))

    def _watch(self, forecast: Forecast, path: Path) -> None:
        watching = Watching(forecast, self.by)
        observed, parts = self._observed(forecast)

        def watch() -> None:
            settings = self.by.settings
            tally_pieces(*(forecast.pieces(), observed), parts=parts, settings=settings, metrics=[], watch=watching.add)

        if not _refused(forecast, path, watch):
            result = watching.result()
            arrays: dict[str, np.ndarray] = {}
            if isinstance(result.maps, xr.Dataset):
                arrays = self._write_maps(f"{forecast.stem}-climate.nc", result.maps, f"climate of {forecast.stem}")
            tables = zip(_TABLES, (result.tail, result.climate, result.areas), strict=True)
            for name, table in tables:
                arrays |= {} if table is None else columns_of(table, name)
            write_arrays(path, arrays)

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
        write_arrays(path, self._write_maps(RECORD, record, "climate of the observation"))

    def _write_maps(self, name: str, maps: xr.Dataset, holds: str) -> dict[str, np.ndarray]:
        """Write a NetCDF file beside a piece; what the piece holds to check it by."""
        with self.pieces.writing(name) as path:
            write_maps(path, maps, self.by.store, holds)
        return {_SHA256: np.array(sha256_of_file(self.pieces.folder / name))}

    def _checked(self, name: str, piece: dict[str, np.ndarray]) -> Path:
        """The path of a NetCDF file beside a piece, which holds its hash.

        Raises:
            DamagedPiece: it is another file.
        """
        of_piece = _RECORD_PIECE if name == RECORD else name.replace("-climate.nc", ".npz")
        with self.pieces.reading(of_piece):
            if sha256_of_file(self.pieces.folder / name) != str(piece[_SHA256]):
                raise ValueError(f"{name} is another file")
        return self.pieces.folder / name

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
