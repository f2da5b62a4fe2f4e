"""Any configuration ends in exit code 0, or in exit code 2 and one line, within seconds: never a traceback.

RAINSMITH_FUZZ_EXAMPLES sets the number of examples of each test (40 where it is not set).
"""

from __future__ import annotations

import contextlib
import copy
import io
import os
import tempfile
import time
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from rainsmith.cli import main as cli
from rainsmith.config import Config, dump_yaml, load_config
from rainsmith.models.registry import MODELS

CONFIGS = Path(__file__).resolve().parents[2] / "configs"
SHIPPED = {path: yaml.safe_load(path.read_text(encoding="utf-8")) for path in sorted(CONFIGS.rglob("*.yaml"))}
SECONDS = 5
many = settings(
    max_examples=int(os.environ.get("RAINSMITH_FUZZ_EXAMPLES", "40")),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)


@pytest.fixture(autouse=True)
def no_data_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RAINSMITH_DATA", raising=False)


def executed(*arguments: str) -> tuple[int, str, str]:
    """Exit code, output and errors of one command; the exit code is checked, and that it was quick."""
    started = time.process_time()
    with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.redirect_stderr(io.StringIO()) as err:
        try:
            cli.main(list(arguments))
            code: Any = 0
        except SystemExit as stopped:
            code = stopped.code
    assert time.process_time() - started < SECONDS
    assert code in (0, 2)
    if code == 2:
        assert out.getvalue() == ""
        line = err.getvalue()
        assert line.startswith("rainsmith: ") and line.count("\n") == 1 and line.endswith("\n")
        assert line[:-1].isprintable() and len(line) < 2000
    return code, out.getvalue(), err.getvalue()


def checked(content: bytes | str) -> int:
    """The exit code of a command with that configuration; what it accepts must read back as the same configuration."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "my.yaml"
        path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8", "surrogatepass"))
        code, shown, _ = executed("train", "--config", str(path), "--run", f"{folder}/run", "--dry-run")
        assert not Path(folder, "run").exists()
        if code == 0:
            path.write_text(shown, encoding="utf-8")
            assert executed("train", "--config", str(path), "--run", f"{folder}/run", "--dry-run")[1] == shown
    return code


def keys_of(values: Any, above: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The ways to all values of nested mappings and lists."""
    entries = values.items() if isinstance(values, dict) else enumerate(values) if isinstance(values, list) else ()
    return [way for key, value in entries for way in ((*above, key), *keys_of(value, (*above, key)))]


DEFAULTS = [
    load_config(overrides={"model.name": name}).model_dump(mode="json", by_alias=True) for name in MODELS.names()
]
WORDS = sorted({str(part) for values in (*SHIPPED.values(), *DEFAULTS) for way in keys_of(values) for part in way})
HOSTILE = st.one_of(
    st.integers(),
    st.floats(),
    st.booleans(),
    st.none(),
    st.text(max_size=30),
    st.sampled_from(
        [
            2**31,
            2**32,
            2**63,
            2**64,
            10**18,
            -1,
            0,
            1,
            0.5,
            1e300,
            -1e300,
            1e-300,
            float("nan"),
            float("inf"),
            -float("inf"),
        ]
    ),
    st.sampled_from(
        [
            "",
            " ",
            "1:30",
            "010",
            "1_000",
            "1e5",
            "nan",
            "inf",
            "yes",
            "no",
            "on",
            "auto",
            "2001-02-30",
            "2001-13-01",
            "9999-12-31",
            "0000-00-00",
            "../..",
            "/",
            "/dev/zero",
            "**/*",
            "[",
            "{",
            "*",
            "~",
            "a" * 5000,
            "é",
            "\U0001f327",
            "\u2028",
            "\x85",
        ]
    ),
    st.lists(st.integers() | st.floats() | st.text(max_size=5), max_size=4),
    st.lists(st.dates().map(str), max_size=3),
    st.dictionaries(st.sampled_from(WORDS) | st.text(max_size=5), st.integers() | st.text(max_size=5), max_size=3),
    st.just([[[[[[[[]]]]]]]]),
    st.sampled_from(DEFAULTS),
).map(copy.deepcopy)


@st.composite
def mutated(draw: st.DrawFn) -> Any:
    """A configuration of this project in which some values are others, missing, or somewhere else."""
    values = copy.deepcopy(draw(st.sampled_from([*SHIPPED.values(), *DEFAULTS])))
    for _ in range(draw(st.integers(1, 3))):
        ways = keys_of(values)
        if not ways:
            break
        *above, last = draw(st.sampled_from(ways))
        place = values
        for part in above:
            place = place[part]
        kind = draw(st.sampled_from(["replace", "replace", "replace", "delete", "nest", "move", "add"]))
        if kind == "replace":
            place[last] = draw(HOSTILE)
        elif kind == "delete":
            del place[last]
        elif kind == "nest":
            place[last] = draw(st.sampled_from([[place[last]], {str(last): place[last]}]))
        elif kind == "move":
            values[draw(st.sampled_from(WORDS))] = copy.deepcopy(place[last])
        elif isinstance(place, dict):
            place[draw(st.sampled_from(WORDS) | st.text(max_size=10))] = draw(HOSTILE)
    return values


@many
@given(mutated())
def test_mutated_values(values: Any) -> None:
    checked(yaml.safe_dump(values, allow_unicode=True))


@many
@given(st.sampled_from(sorted(SHIPPED)), st.data())
def test_mutated_text(path: Path, data: st.DataObject) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    for _ in range(data.draw(st.integers(1, 3))):
        line = data.draw(st.integers(0, len(lines) - 1))
        column = data.draw(st.integers(0, len(lines[line])))
        text = data.draw(
            st.sampled_from(
                [": ", "- ", "[", "{", "&a ", "*a", "<<: ", "!!x ", "010", "\t", "\0", "'", '"', "%", "---", "?", "|"]
            )
        )
        change = data.draw(st.sampled_from(["repeat", "delete", "insert", "cut", "indent", "junk"]))
        if change == "repeat":
            lines.insert(data.draw(st.integers(0, len(lines))), lines[line])
        elif change == "delete" and len(lines) > 1:
            del lines[line]
        elif change == "insert":
            lines[line] = lines[line][:column] + text + lines[line][column:]
        elif change == "cut":
            lines[line] = lines[line][:column]
        elif change == "indent":
            lines[line] = "  " + lines[line]
        else:
            lines.insert(line, data.draw(st.text(max_size=20)))
    checked("\n".join(lines))


@many
@given(
    st.lists(
        st.sampled_from([*WORDS, *": , - [ ] { } & * ! | > ' \" % @ ` # ? << \n \n \n \t 010 .nan ~ 1 -1".split(" ")])
    ).map(" ".join)
)
def test_random_yaml(text: str) -> None:
    checked(text)


@many
@given(st.binary(max_size=200) | st.text(max_size=200).map(lambda text: text.encode("utf-16")))
def test_random_bytes(content: bytes) -> None:
    checked(content)


LEAVES = sorted(
    {
        ".".join(map(str, way))
        for values in DEFAULTS
        for way in keys_of(values)
        if not any(isinstance(part, int) for part in way)
    }
)


@many
@given(
    st.sampled_from(LEAVES) | st.text(max_size=10),
    HOSTILE.map(lambda value: yaml.safe_dump(value, default_flow_style=True)) | st.text(max_size=20),
)
def test_single_values_of_the_command_line(key: str, text: str) -> None:
    assume(not key.startswith("-"))  # which is an option
    with tempfile.TemporaryDirectory() as folder:
        executed("prepare", "--run", folder, "--dry-run", "--set", f"{key}={text}")


@pytest.mark.parametrize("values", DEFAULTS)
def test_defaults_are_accepted(values: dict[str, Any]) -> None:
    assert checked(dump_yaml(values)) == 0
    assert set(values) == set(Config.model_fields)


def test_what_is_shipped_is_accepted() -> None:
    assert {checked(path.read_bytes()) for path in SHIPPED} == {0}
