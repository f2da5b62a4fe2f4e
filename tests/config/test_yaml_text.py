"""YAML 1.2 as configurations use it: what is read as what, and what is refused in one line, at once."""

from __future__ import annotations

import math
import os
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rainsmith.base.errors import UserError
from rainsmith.config import dump_yaml, parse_yaml, read_yaml

BOMB = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{chr(98 + level)}: &{chr(98 + level)} [{', '.join([f'*{chr(97 + level)}'] * 10)}]\n" for level in range(9)
)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("3", 3),
        ("-3", -3),
        ("0", 0),
        ("0x1F", 31),
        ("0o17", 15),
        ("1e3", 1000.0),
        ("2.0e-3", 0.002),
        (".5", 0.5),
        ("1.", 1.0),
        ("0.0e-400", 0.0),
        ("-.inf", -math.inf),
        ("true", True),
        ("FALSE", False),
        ("~", None),
        ("", None),
        ("yes", "yes"),
        ("no", "no"),
        ("on", "on"),
        ("1:30", "1:30"),
        ("1_000", "1_000"),
        ("0b11", "0b11"),
        ("2001-02-03", "2001-02-03"),
        ("'010'", "010"),
        ('"3"', "3"),
        ("café: 1", {"café": 1}),
        ("[1, {a: b}]", [1, {"a": "b"}]),
        ("%YAML 1.2\n---\n3", 3),
        ("a: &x {b: 1, c: 2}\nd: {<<: *x, c: 3}", {"a": {"b": 1, "c": 2}, "d": {"b": 1, "c": 3}}),
        ("a: &x {b: 1}\nc: {<<: [*x, {b: 2, d: 2}]}", {"a": {"b": 1}, "c": {"b": 1, "d": 2}}),
    ],
)
def test_values_are_those_of_the_core_schema(text: str, value: Any) -> None:
    read = parse_yaml(text, "my.yaml")
    assert read == value and type(read) is type(value)


def test_what_an_alias_repeats_is_a_copy() -> None:
    values = parse_yaml("a: &x {b: 1}\nc: *x", "my.yaml")
    values["a"]["b"] = 2
    assert values["c"] == {"b": 1}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\nb: 2\na: 3", ", line 3: the key 'a' stands in line 1 already; keep one"),
        ("train: {lr: 1, lr: 2}", ", line 1: the key 'lr' stands in line 1 already; keep one"),
        ("a: 010", "line 1: found 010, which is octal to some programs; write 10, or put it in quotes"),
        ("a: -007", "write -7, or put it in quotes"),
        ("a: 1e999", "line 1: found 1e999, which a computer cannot hold"),
        ("a: 1e-999", "line 1: found 1e-999, which a computer cannot hold"),
        ("a: " + "9" * 5000, "found a number of 5000 characters; expected at most 40"),
        ("1: a", "line 1: the key 1 is no text; put it in quotes"),
        ("[a]: b", "a list or a mapping stands as a key"),
        ("a: &x [*x]", "the alias '*x' holds itself"),
        ("a: *x", "the alias '*x' has no '&x' before it"),
        ("a: &x 1\nb: &x 2", "line 2: the anchor '&x' stands twice"),
        ("<<: 3", "'<<' takes keys from a mapping"),
        ("a: !!python/object/apply:os.system [ls]", "found the tag 'tag:yaml.org,2002:python/object/apply:os.system'"),
        ("a: !!int '3'", "found the tag"),
        ("--- 1\n--- 2", "line 2: a second document begins"),
        ("a: \0", "character U+0000 in line 1 is no text; remove it"),
        ("a: 1\nb: \x1b", "character U+001B in line 2 is no text; remove it"),
        ('a: "\\0"', "found the character U+0000"),
        ('a: "\\uD800"', "found the character U+D800"),
        ('a: "\\UFFFFFFFF"', "is not valid YAML"),
        ("a:\n\tb: 1", "is not valid YAML: found character '\\t' that cannot start any token in line 2"),
        ("a: [1", "is not valid YAML: expected ',' or ']'"),
        ("a: b: c", "is not valid YAML: mapping values are not allowed here in line 1"),
        ("[" * 1000 + "]" * 1000, "values are nested more than 20 deep"),
        ("{a: " * 1000, "values are nested more than 20 deep"),
        ("- " * 50_000, "values are nested more than 20 deep"),
        (BOMB, "holds more than 50000 values"),
        ("\n".join(f"k{number}: 0" for number in range(20_000)), "holds more than 2000 keys"),
    ],
)
def test_what_would_be_misread_is_refused_in_one_line_at_once(text: str, message: str) -> None:
    started = time.process_time()
    with pytest.raises(UserError) as refused:
        parse_yaml(text, "my.yaml")
    assert time.process_time() - started < 1
    line = str(refused.value)
    assert line.startswith("my.yaml") and message in line
    assert line.isprintable() and len(line) < 250


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("a: 1".encode("utf-16"), "it is UTF-16 or UTF-32 text; expected UTF-8; save it as UTF-8"),
        ("a: 1".encode("utf-32"), "it is UTF-16 or UTF-32 text"),
        ("a: 1".encode("utf-16-le"), "character U+0000 in line 1"),
        ("a: 1\ncredit: M\u00e9t\u00e9o".encode("latin-1"), "byte 0xe9 in line 2 is not UTF-8"),
        (b"\x00" * 100, "character U+0000 in line 1"),
        (b"a: 1\n" + b"# long\n" * 100_000, "is larger than 256 KiB"),
    ],
)
def test_files_that_are_no_text_are_refused(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "my.yaml"
    path.write_bytes(content)
    with pytest.raises(UserError) as refused:
        read_yaml(path)
    assert message in str(refused.value) and str(refused.value).startswith(str(path))


def test_a_byte_order_mark_of_utf_8_is_read_over(tmp_path: Path) -> None:
    path = tmp_path / "my.yaml"
    path.write_bytes("\ufeffcredit: Météo".encode())
    assert read_yaml(path) == {"credit": "Météo"}


def test_a_file_without_end_is_refused_at_once() -> None:
    with pytest.raises(UserError, match="larger than 256 KiB"):
        read_yaml(Path("/dev/zero"))


PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**18), 10**18)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cc", "Cs"], exclude_characters="\ufffe\uffff"), max_size=20)
    | st.sampled_from(
        ["010", "1e5", "0o17", "0x1f", "yes", "null", "~", "2001-01-01", ".inf", "1_0", "1:30", "<<", "="]
    ),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc<~01", max_size=3), inner, max_size=3),
    max_leaves=8,
)


@given(PLAIN)
def test_what_is_written_is_read_back(value: Any) -> None:
    assert parse_yaml(dump_yaml(value), "x") == value
    assert parse_yaml(dump_yaml(value, flow=True), "x") == value


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.yaml")
    with pytest.raises(UserError, match="is a pipe; give a YAML file"):
        read_yaml(tmp_path / "pipe.yaml")
