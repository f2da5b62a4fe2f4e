"""Zarr stores: written whole with checksums and consolidated metadata, and opened only where they can be read."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import xarray as xr
import zarr
from zarr.codecs import Crc32cCodec, ZstdCodec

from rainsmith.base.bucket_products import linked_store
from rainsmith.base.cf import from_cf, to_cf
from rainsmith.base.checked_store import CheckedStore
from rainsmith.base.errors import UserError
from rainsmith.base.object_mirror import mirror_store
from rainsmith.base.urls import Url
from rainsmith.base.zarr_metadata import arrays_with_checksums, check_seal, refuse_codecs_that_run_code, seal

_COMPRESSORS = (ZstdCodec(level=0), Crc32cCodec())
"""The compression that Zarr takes by itself, and a checksum of each chunk after it."""


def open_zarr(path: Path, advice: str, *, with_dask: bool = True) -> xr.Dataset:
    """Open a finished Zarr store; its values are read, and their checksums compared, when they are used.

    Args:
        path: the folder of the store, or a link to one in a bucket.
        advice: what to do where it is missing, such as "run 'rainsmith prepare' first".
        with_dask: whether arrays are those of dask, in the chunks of the store; False is for what dask itself calls.

    Returns:
        The store; ``encoding["source"]`` is the absolute path by which it was opened.

    Raises:
        UserError: the store is missing, unfinished or unreadable, lacks a chunk, or has a codec that can run commands;
            later, where values are read: a chunk is damaged.
    """
    url = linked_store(path)
    if url is not None:
        return _open_in_bucket(url, path, advice, with_dask=with_dask)
    if not path.is_dir():
        raise UserError(f"{path} {'is a file; expected a folder' if path.exists() else 'not found'}; {advice}")
    what_to_do = f"delete {path} and {advice}"
    try:
        refuse_codecs_that_run_code(path)
        complete = check_seal(path)
        summed = arrays_with_checksums(path)
        store = CheckedStore(path, summed=summed, complete=complete, advice=what_to_do)
        return _decoded(store, path, with_dask=with_dask)
    except UserError as error:
        text = str(error)
        raise UserError(text if text.endswith(what_to_do) else f"{text}; {what_to_do}") from None
    except Exception as error:
        raise UserError(f"{path} cannot be read ({type(error).__name__}: {error}); delete it and {advice}") from None


def _open_in_bucket(url: Url, link: Path, advice: str, *, with_dask: bool) -> xr.Dataset:
    """As ``open_zarr``; a store in a bucket must have been finished."""
    store = mirror_store(url, most=None)
    if store is None:
        raise UserError(f"{url} holds no finished Zarr store; {advice}")
    try:
        refuse_codecs_that_run_code(store.folder)
        if not check_seal(store.folder, store.names):
            raise UserError(f"{url} was written by something else; expected a store of rainsmith")
    except UserError as error:
        raise UserError(f"{str(error).replace(str(store.folder), str(url))}; {advice}") from None
    summed, at = arrays_with_checksums(store.folder), (url, store.version)
    checked = CheckedStore(store.folder, summed=summed, complete=True, advice=advice, chunks_at=at)
    return _decoded(checked, link, with_dask=with_dask)


def _decoded(store: CheckedStore, path: Path, *, with_dask: bool) -> xr.Dataset:
    how: dict[str, Any] = {"consolidated": False, "decode_timedelta": False}
    opened = from_cf(xr.open_zarr(store, chunks={} if with_dask else None, **how))
    opened.encoding["source"] = str(path.resolve())
    return opened


def write_zarr(
    path: Path, data: xr.Dataset, *, encoding: Mapping[str, Any] | None = None, compute: bool = True
) -> None:
    """Write a Zarr store after the CF conventions, with consolidated metadata; give it the path of ``atomic``.

    Every chunk is written, also where all its values are missing, so that a chunk that is lost is noticed.

    Args:
        path: the folder of the store.
        data: the data; dask arrays keep their chunks.
        encoding: encoding of variables, such as ``{"precip": {"chunks": (16, 20, 18)}}``.
        compute: False writes all but the values of dask arrays, which ``write_region`` writes afterwards.
    """
    data = to_cf(data)
    encodings = {
        name: {**variable.encoding, "compressors": _COMPRESSORS, **(encoding or {}).get(str(name), {})}
        for name, variable in data.variables.items()
    }
    how: dict[str, Any] = {"mode": "w", "zarr_format": 3, "consolidated": False, "compute": compute}
    data.to_zarr(path, encoding=encodings, write_empty_chunks=True, **how)
    with warnings.catch_warnings():  # consolidated metadata is not yet in the specification of Zarr 3, but all read it
        warnings.filterwarnings("ignore", message="Consolidated metadata is currently not part")
        zarr.consolidate_metadata(path, zarr_format=3)
    seal(path)


def write_region(path: Path, data: xr.Dataset, region: Mapping[str, slice]) -> None:
    """Write the values of a region of a store that ``write_zarr`` made without computing them.

    Args:
        path: the folder of the store.
        data: the values.
        region: where they lie, by dimension; whole chunks.
    """
    how: dict[str, Any] = {"region": dict(region), "zarr_format": 3, "consolidated": False, "write_empty_chunks": True}
    data.to_zarr(path, **how)
