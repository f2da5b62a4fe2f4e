"""What metadata of Zarr give away before anything is decoded: codecs that run code, lost chunks, changed metadata."""

from __future__ import annotations

import json
import os
import pickle
from pathlib import Path
from typing import Any

import numcodecs.pickles
import numpy as np
import pytest
import xarray as xr
import zarr

from rainsmith.base.errors import UserError
from rainsmith.base.zarr_files import open_zarr, write_zarr
from rainsmith.base.zarr_metadata import arrays_with_checksums, check_seal, refuse_codecs_that_run_code
from rainsmith.data.sources.files import open_file


class Planted:
    """An object that leaves a file behind when somebody unpickles it."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.trace),)


def plant(folder: Path, trace: Path, **changes: Any) -> None:
    """An array of the second version of Zarr whose only chunk runs a command when it is decoded."""
    folder.mkdir(parents=True)
    chunk = pickle.dumps([Planted(trace), (1,), "|O"])
    (folder / "0").write_bytes(chunk)
    array = {"zarr_format": 2, "shape": [1], "chunks": [1], "dtype": "|O", "order": "C", "fill_value": ""}
    array |= {"filters": [{"id": "vlen-utf8"}], "compressor": {"id": "pickle", "protocol": 5}, **changes}
    (folder / ".zarray").write_text(json.dumps(array))
    (folder / ".zattrs").write_text(json.dumps({"_ARRAY_DIMENSIONS": ["time"]}))


@pytest.fixture
def foreign(tmp_path: Path) -> Path:
    """A store of the second version, as others write it."""
    store = tmp_path / "foreign.zarr"
    store.mkdir()
    (store / ".zgroup").write_text('{"zarr_format": 2}')
    return store


def test_the_planted_command_would_run(foreign: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without this the tests below would prove nothing. Newer versions of numcodecs run it only where they are asked."""
    monkeypatch.setattr(numcodecs.pickles, "ALLOW_UNSAFE_PICKLE_DECODE", True, raising=False)
    plant(foreign / "time", tmp_path / "trace")
    with pytest.raises(Exception, match=r".+"):
        xr.open_zarr(foreign, consolidated=False).load()
    assert (tmp_path / "trace").is_dir()


@pytest.mark.parametrize("place", ["time", "precip", "group/deep"])
@pytest.mark.parametrize("opening", ["as a store", "as data"])
def test_a_codec_that_runs_code_is_refused_before_anything_is_decoded(
    foreign: Path, tmp_path: Path, place: str, opening: str
) -> None:
    plant(foreign / place, tmp_path / "trace")
    with pytest.raises(UserError, match=rf"{place}/.zarray asks for the codec 'pickle', which can run commands"):
        open_zarr(foreign, "x") if opening == "as a store" else open_file(foreign)
    assert not (tmp_path / "trace").exists()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"compressor": None, "filters": [{"id": "pickle"}]}, "codec 'pickle'"),
        ({"compressor": {"id": "n5_wrapper", "compressor_config": {"id": "pickle"}}}, "codec 'pickle'"),
        (
            {"dtype": "|O", "filters": [{"id": "some_other"}], "compressor": None},
            "holds Python objects with the codec 'some_other'",
        ),
        ({"filters": None, "compressor": None}, "holds Python objects with the codec 'none'"),
        (
            {"dtype": [["a", "|O"]], "filters": [{"id": "x"}], "compressor": None},
            "holds Python objects with the codec 'x'",
        ),
    ],
)
def test_codecs_are_found_wherever_an_array_names_them(
    foreign: Path, tmp_path: Path, changes: dict[str, Any], message: str
) -> None:
    plant(foreign / "a", tmp_path / "trace", **changes)
    with pytest.raises(UserError, match=message):
        refuse_codecs_that_run_code(foreign)


def test_consolidated_metadata_and_links_are_searched_too(foreign: Path, tmp_path: Path) -> None:
    plant(tmp_path / "elsewhere", tmp_path / "trace")
    array = json.loads((tmp_path / "elsewhere" / ".zarray").read_text())
    (foreign / ".zmetadata").write_text(json.dumps({"zarr_consolidated_format": 1, "metadata": {"a/.zarray": array}}))
    with pytest.raises(UserError, match=r"\.zmetadata asks for the codec 'pickle'"):
        refuse_codecs_that_run_code(foreign)
    (foreign / ".zmetadata").unlink()
    (foreign / "link").symlink_to(tmp_path / "elsewhere")
    (foreign / "round").symlink_to(foreign)
    with pytest.raises(UserError, match=r"link/\.zarray asks for the codec 'pickle'"):
        refuse_codecs_that_run_code(foreign)


def test_texts_and_names_are_no_codecs(tmp_path: Path) -> None:
    group = zarr.open_group(tmp_path / "a.zarr", mode="w", zarr_format=2)
    texts = group.create_array("pickle", shape=(2,), dtype=str)
    texts.attrs["filters"] = [{"id": "pickle"}]
    texts.attrs["_ARRAY_DIMENSIONS"] = ["pickle"]
    texts[:] = np.array(["a", "bc"])
    assert "vlen-utf8" in (tmp_path / "a.zarr" / "pickle" / ".zarray").read_text()
    refuse_codecs_that_run_code(tmp_path / "a.zarr")
    assert open_file(tmp_path / "a.zarr")["pickle"].values.tolist() == ["a", "bc"]


@pytest.mark.parametrize("text", ["", "{", "[1]", '"a"', "\x00\x01", "[" * 5000])
def test_metadata_that_are_no_json_are_one_line(foreign: Path, text: str) -> None:
    (foreign / "a").mkdir()
    (foreign / "a" / ".zarray").write_text(text)
    with pytest.raises(
        UserError, match=r"a/\.zarray (cannot be read: it is missing, cut off or not JSON|holds a)"
    ) as refused:
        refuse_codecs_that_run_code(foreign)
    assert "\n" not in str(refused.value)


@pytest.fixture
def sealed(tmp_path: Path) -> Path:
    """A store of our own, one of whose chunks holds missing values alone."""
    rain = np.arange(16, dtype=np.float32).reshape(4, 2, 2)
    rain[2:] = np.nan
    data = xr.Dataset(
        {"precip": (("time", "y", "x"), rain), "name": ("one", np.array(["text"], dtype=object))}, attrs={"title": "a"}
    )
    write_zarr(tmp_path / "store.zarr", data, encoding={"precip": {"chunks": (2, 2, 2)}})
    return tmp_path / "store.zarr"


def test_every_array_has_checksums_and_every_chunk_is_written(sealed: Path) -> None:
    assert arrays_with_checksums(sealed) == {"precip", "name"}
    assert sorted(p.name for p in (sealed / "precip" / "c").iterdir()) == ["0", "1"]
    assert check_seal(sealed)


@pytest.mark.parametrize("chunk", ["precip/c/1/0/0", "name/c/0"])
def test_a_missing_chunk_is_refused_when_the_store_is_opened(sealed: Path, chunk: str) -> None:
    (sealed / chunk).unlink()
    with pytest.raises(UserError, match=rf"{chunk} is missing \(1 of [12] chunks of .*\); delete .* and run it"):
        open_zarr(sealed, "run it")


@pytest.mark.parametrize("file", ["zarr.json", "precip/zarr.json"])
def test_a_flipped_letter_of_the_metadata_is_refused(sealed: Path, file: str) -> None:
    text = (sealed / file).read_text()
    (sealed / file).write_text(text.replace("time", "tine", 1))
    with pytest.raises(UserError, match=rf"{file} was damaged or changed by hand: .*; delete .* and run it"):
        open_zarr(sealed, "run it")


def test_equal_data_have_equal_seals_whenever_they_were_written(sealed: Path, tmp_path: Path) -> None:
    def seal_of(history: str, title: str = "a") -> str:
        data = open_zarr(sealed, "run it").load().drop_encoding()
        write_zarr(tmp_path / "again.zarr", data.assign_attrs(history=history, provenance=history, title=title))
        assert check_seal(tmp_path / "again.zarr")
        root = json.loads((tmp_path / "again.zarr" / "zarr.json").read_text())
        return str(root["consolidated_metadata"]["sha256"])

    assert seal_of("today") == seal_of("tomorrow") != seal_of("today", "b")


def test_a_store_that_another_program_has_changed_has_no_seal(sealed: Path, tmp_path: Path) -> None:
    zarr.open_group(sealed, mode="a").attrs["title"] = "b"
    assert not check_seal(sealed)
    assert open_zarr(sealed, "run it").attrs["title"] == "b"
    with xr.open_zarr(sealed, consolidated=False) as opened:
        opened.drop_encoding().to_zarr(tmp_path / "copy.zarr", zarr_format=3, consolidated=False)
    assert not (tmp_path / "copy.zarr" / "precip" / "c" / "1").exists()  # its chunks may be missing: they hold no value
    assert np.isnan(open_zarr(tmp_path / "copy.zarr", "run it")["precip"].values[2:]).all()
