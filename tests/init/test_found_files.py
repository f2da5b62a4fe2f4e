"""Paths, globs and folders as files of data."""

from __future__ import annotations

from pathlib import Path

import pytest

from rainsmith.base.errors import UserError
from rainsmith.init.found_files import find_files


def test_folders_globs_and_paths(tmp_path: Path) -> None:
    for name in ("a.nc", "sub/b.csv", "sub/.hidden.nc", "sub/c.pdf"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("")
    (tmp_path / "z.zarr").mkdir()
    (tmp_path / "run" / "store.zarr").mkdir(parents=True)
    (tmp_path / "run" / "config.yaml").write_text("")
    found = find_files([tmp_path])
    assert [path.relative_to(tmp_path).as_posix() for path in found.paths] == ["a.nc", "sub/b.csv", "z.zarr"]
    assert found.passed_over == ("c.pdf",) and "c.pdf" in found.notice
    assert find_files([f"{tmp_path}/*.nc", tmp_path / "a.nc"]).paths == (tmp_path / "a.nc",)
    with pytest.raises(UserError, match="no file matches"):
        find_files([tmp_path / "none*.nc"])
    with pytest.raises(UserError, match="no file of data found"):
        find_files([tmp_path / "run"])
