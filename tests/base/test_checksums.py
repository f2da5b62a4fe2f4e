"""Checksums of files and values."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from rainsmith.base.checksums import is_intact, sha256_of_file, sha256_of_json, sign


def test_the_hash_of_a_file_is_that_of_its_bytes(tmp_path: Path) -> None:
    content = bytes(range(256)) * 10_000
    (tmp_path / "a").write_bytes(content)
    assert sha256_of_file(tmp_path / "a") == hashlib.sha256(content).hexdigest()
    assert sha256_of_file(tmp_path / "a", end=1_500_000) == hashlib.sha256(content[:1_500_000]).hexdigest()


def test_the_hash_of_json_does_not_depend_on_the_order_of_keys() -> None:
    assert sha256_of_json({"a": 1, "b": [0.1]}) == sha256_of_json({"b": [0.1], "a": 1}) != sha256_of_json({"a": 2})


@pytest.mark.parametrize("size", [0, 10, 5000])
def test_a_signed_file_shows_any_flipped_bit(tmp_path: Path, size: int) -> None:
    path = tmp_path / "state"
    path.write_bytes(b"x" * size)
    assert is_intact(path)  # an older file, without a signature
    sign(path)
    assert is_intact(path)
    signed = path.read_bytes()
    for place in (0, size // 2, size - 1, size + 10, len(signed) - 2):
        if 0 <= place < size or place > size + 8:
            path.write_bytes(signed[:place] + bytes([signed[place] ^ 4]) + signed[place + 1 :])
            assert not is_intact(path), place
