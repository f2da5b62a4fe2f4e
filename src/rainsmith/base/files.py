"""Files: nothing is left half-written, and a damaged file is refused in one line."""

from __future__ import annotations

import json
import shutil
import tempfile
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import xarray as xr
import zarr

from rainsmith.base.cf import from_cf, to_cf
from rainsmith.base.errors import UserError


def open_zarr(path: Path, advice: str) -> xr.Dataset:
    """Open a finished Zarr store; its values are read when they are used.

    Args:
        path: the folder of the store.
        advice: what to do where it is missing, such as "run 'rainsmith prepare' first".

    Raises:
        UserError: the store is missing, unfinished or unreadable.
    """
    if not path.is_dir():
        raise UserError(f"{path} not found; {advice}")
    try:
        return from_cf(xr.open_zarr(path, consolidated=False, decode_timedelta=False))
    except Exception as error:
        raise UserError(f"{path} cannot be read ({type(error).__name__}: {error}); delete it and {advice}") from None


def write_zarr(
    path: Path, data: xr.Dataset, *, encoding: Mapping[str, Any] | None = None, compute: bool = True
) -> None:
    """Write a Zarr store after the CF conventions, with consolidated metadata; give it the path of ``atomic``.

    Args:
        path: the folder of the store.
        data: the data; dask arrays keep their chunks.
        encoding: encoding of variables, such as ``{"precip": {"chunks": (16, 20, 18)}}``.
        compute: False writes all but the values of dask arrays, which are written region by region afterwards.
    """
    how: dict[str, Any] = {"mode": "w", "zarr_format": 3, "consolidated": False, "compute": compute}
    to_cf(data).to_zarr(path, encoding=encoding, **how)
    with warnings.catch_warnings():  # consolidated metadata is not yet in the specification of Zarr 3, but all read it
        warnings.filterwarnings("ignore", message="Consolidated metadata is currently not part")
        zarr.consolidate_metadata(path, zarr_format=3)


def write_netcdf(path: Path, data: xr.Dataset, *, compress: Sequence[str] = ()) -> None:
    """Write a NetCDF file after the CF conventions; give it the path of ``atomic``.

    Args:
        path: the file.
        data: the data.
        compress: names of the variables that are compressed.
    """
    encoding = {name: {"zlib": True, "complevel": 4, "dtype": "float32"} for name in compress}
    to_cf(data).to_netcdf(path, engine="netcdf4", encoding=encoding)


@contextmanager
def atomic(path: Path) -> Iterator[Path]:
    """Write a file or a folder whole or not at all.

    The block writes to the path that it is given. When the block ends without an error, that file or folder takes the
    place of ``path``; otherwise ``path`` stays as it was. Nothing else is left on the disk. The permissions of
    a file are those that the umask gives.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix=f".{path.name}.", dir=path.parent))  # beside it, so on the same disk
    try:
        yield scratch / path.name
        _give_usual_permissions(scratch / path.name)
        _replace(path, scratch / path.name, scratch / "replaced")
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _give_usual_permissions(new: Path) -> None:
    """Let others read a file where the umask does: safetensors makes its files for their owner alone."""
    if new.is_file():
        probe = new.with_name(f"{new.name}.probe")
        probe.touch()
        new.chmod(probe.stat().st_mode & 0o777)


def _replace(path: Path, new: Path, aside: Path) -> None:
    """Put ``new`` in the place of ``path``; a folder must first go ``aside``, and comes back where that fails."""
    if not path.is_dir():
        new.replace(path)
        return
    path.rename(aside)
    try:
        new.replace(path)
    except BaseException:
        aside.rename(path)
        raise


def write_json(path: Path, values: Mapping[str, Any]) -> None:
    """Write one JSON object, whole or not at all; values that JSON does not know are written as their text."""
    with atomic(path) as scratch:
        scratch.write_text(json.dumps(values, indent=1, default=str) + "\n", encoding="utf-8")


def read_json(path: Path, advice: str = "run the command that writes it") -> dict[str, Any]:
    """Read one JSON object.

    Args:
        path: the file.
        advice: what to do where it is missing.

    Raises:
        UserError: the file is missing or damaged, or holds something else.
    """
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError(f"{path} not found; {advice}") from None
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise UserError(f"{path} is cut off or not JSON ({error}); delete it and write it again") from None
    if not isinstance(values, dict):
        raise UserError(f"{path} holds a {type(values).__name__}; expected a JSON object; write the file again")
    return values


def read_jsonl(path: Path) -> list[dict[str, Any]]:
    """Rows of a JSON-lines file, up to the first damaged one; none where there is no file.

    A process that was killed while it wrote a row leaves that row, the last one, cut off.
    """
    rows = []
    for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else []:
        try:
            rows.append(json.loads(line))
        except json.JSONDecodeError:
            break
    return rows


def check_disk(folder: Path, needed_bytes: float, stage: str) -> None:
    """Refuse to begin what would not fit on the disk.

    Args:
        folder: where the files will lie; it need not exist.
        needed_bytes: [bytes] their size; a tenth more must be free.
        stage: what needs them, for the message.

    Raises:
        UserError: there is too little space.
    """
    existing = next(parent for parent in [folder, *folder.resolve().parents] if parent.exists())
    free = shutil.disk_usage(existing).free
    if free < 1.1 * needed_bytes:
        raise UserError(
            f"{stage} needs about {needed_bytes / 2**20:.0f} MiB in {folder}, where {free / 2**20:.0f} MiB are free; "
            "free some space or give another --run folder"
        )
