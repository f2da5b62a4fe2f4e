"""Every kind of file of a run folder, damaged in every way of the table in docs/damaged-files.md, gets the line there."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from rainsmith.base.errors import UserError
from rainsmith.base.json_files import read_json
from rainsmith.base.netcdf_files import read_netcdf
from rainsmith.cli.main import main
from rainsmith.downscale import load_downscaler
from tests.small import small_config

PAGE = Path(__file__).resolve().parents[2] / "docs" / "damaged-files.md"
OTHER = {"empty": b"", "binary": b"\x80\x00\n" * 300, "another type": b"[1, 2]\n"}
WAYS = {"cut off", "flipped", "missing", "first row", *OTHER}
COMMANDS = ("train", "sample", "evaluate", "diagnose", "sweep", "augment", "downscale", "experiment")


@dataclass(frozen=True)
class Case:
    """A row of the table, for one way of damage."""

    file: str
    way: str
    command: str
    line: str

    def __str__(self) -> str:
        return f"{self.file} {self.way}"


def cases() -> list[Case]:
    """What the table promises."""
    page = PAGE.read_text(encoding="utf-8")
    found = []
    for row in re.findall(r"^\| `(.+?)` \| (.+?) \| `rainsmith (.+?)` \| `(.+?)` \|$", page, flags=re.MULTILINE):
        file, ways, command, line = row
        found += [Case(file, way, command, line) for way in ways.split(", ")]
    return found


def damaged(content: bytes, way: str) -> bytes:
    if way == "first row":
        return b"{" + content
    if way == "cut off":
        return content[: len(content) // 2]
    if way == "flipped":
        place = len(content) // 2
        return content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :]
    return OTHER[way]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run, as small as one can be."""
    folder = tmp_path_factory.mktemp("damaged")
    splits = {
        "train": [["2001-01-01", "2001-12-31"]],
        "validation": [["2002-05-01", "2002-06-30"]],
        "test": [["2003-07-01", "2003-07-31"]],
    }
    config = small_config(
        data__demo={"ny": 16, "nx": 16, "ny_lr": 4, "nx_lr": 4, "first_year": 2001, "years": 3, "seed": 7},
        data__splits=splits,
        train__epochs=1,
        train__validation_days=8,
        sampling__members=2,
        sampling__modes=["prior"],
        evaluate__baselines=["climatology"],
        evaluate__climate=False,
        evaluate__resamples=50,
        sweep__members=2,
        augment={"ratio": 0.03, "tries": 2, "checks": []},
        downscale={"filters": 4, "blocks": 1, "fine_filters": 4, "steps": 1, "validations": 1, "train_on": "augmented"},
        experiment={"arms": {"q-srdrn": ["real", "prior-3"]}, "seeds": [0], "steps": 1},
    )
    values = config.model_dump(mode="json", by_alias=True)
    (folder / "small.yaml").write_text(yaml.safe_dump(values), encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("rainsmith.data.store.CHUNK_DAYS", 128)  # a hundred commands open the store and read its chunks
        run(folder, "prepare")
    for command in COMMANDS:
        run(folder, command)
    shutil.copy(folder / "small.yaml", folder / "run" / "config.yaml")
    return folder


def run(folder: Path, command: str) -> None:
    name, *options = command.split()
    if name == "compare":
        main([name, str(folder / "run"), "--out", str(folder / "compared"), *options])
    else:
        main([name, "--config", str(folder / "small.yaml"), "--run", str(folder / "run"), *options])


@pytest.fixture(scope="module")
def contents(folder: Path) -> dict[Path, bytes]:
    """Every file of the finished run."""
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def whole(contents: dict[Path, bytes]) -> Iterator[None]:
    """The run folder is as it was when the test ends."""
    written = {path: path.stat().st_mtime_ns for path in contents}
    yield
    for path, content in contents.items():
        if not path.is_file() or path.stat().st_mtime_ns != written[path]:
            path.write_bytes(content)


@pytest.mark.parametrize("case", cases(), ids=str)
def test_a_damaged_file_gets_the_line_of_the_table(
    folder: Path, whole: None, case: Case, capsys: pytest.CaptureFixture[str]
) -> None:
    (path,) = (folder / "run").glob(case.file)
    if case.way == "missing":
        path.unlink()
    else:
        path.write_bytes(damaged(path.read_bytes(), case.way))
    capsys.readouterr()
    with pytest.raises(SystemExit) as ended:
        run(folder, case.command)
    said = [line for line in capsys.readouterr().err.splitlines() if line.startswith("rainsmith: ")]
    assert ended.value.code == 2 and len(said) == 1
    assert case.line in said[0] and path.name in said[0] and "; " in said[0], said[0]


@pytest.mark.parametrize(
    ("command", "products"),
    [
        ("sweep", ["sweep.csv", "sweep.png"]),
        ("augment", ["augmented.zarr/zarr.json", "augmented.zarr/precip/c/0/0/0", "augmentation.csv"]),
        ("downscale", ["downscale/*.safetensors", "downscale/*.json", "downscale/*.zarr/zarr.json"]),
        ("experiment", ["experiment/results.csv", "experiment/comparisons.csv", "experiment/tables.md"]),
    ],
)
def test_the_command_that_writes_a_file_does_not_mind_its_damage(
    folder: Path, whole: None, command: str, products: list[str]
) -> None:
    paths = [path for pattern in products for path in (folder / "run").glob(pattern)]
    assert len(paths) == len(products)
    before = {path: path.read_bytes() for path in paths}
    for path in paths:
        path.write_bytes(OTHER["binary"])
    run(folder, command)
    for path, content in before.items():
        now = path.read_bytes()
        assert now == content if path.suffix == ".csv" else now != OTHER["binary"], path


@pytest.mark.parametrize("ending", [".safetensors", ".json", ".nc"])
@pytest.mark.parametrize("way", ["flipped", "cut off", "missing", *OTHER])
def test_a_damaged_downscaler_is_one_line(folder: Path, whole: None, ending: str, way: str) -> None:
    (path,) = (folder / "run" / "downscale").glob(f"*{ending}")
    if way == "missing":
        path.unlink()
    else:
        path.write_bytes(damaged(path.read_bytes(), way))
    with pytest.raises(UserError, match=path.stem) as refused:
        load_downscaler(path.with_suffix(".safetensors"))
    assert "; " in str(refused.value) and "\n" not in str(refused.value)


def test_a_trial_whose_file_is_missing_is_made_again(folder: Path, whole: None) -> None:
    (path,) = (folder / "run" / "experiment" / "runs").glob("*-real-s0.nc")
    scores = read_netcdf(path)
    path.unlink()
    run(folder, "experiment")
    assert read_netcdf(path).equals(scores)


def test_the_table_has_every_kind_of_file_and_of_damage() -> None:
    """A file that a stage writes for another stage, and no row: the table would promise less than it says."""
    ways: dict[str, set[str]] = {}
    for case in cases():
        ways.setdefault(Path(case.file).suffix or "chunk", set()).add(case.way)
    assert set(ways) == {"chunk", ".json", ".safetensors", ".nc", ".ckpt", ".jsonl", ".csv", ".yaml"}
    for kind in ("chunk", ".json", ".safetensors", ".nc", ".ckpt"):
        assert {"cut off", "empty", "flipped", "missing", "another type", "binary"} <= ways[kind], kind
    assert set().union(*ways.values()) <= WAYS


def test_a_last_row_of_the_log_that_was_cut_off_is_dropped(folder: Path, whole: None) -> None:
    log = folder / "run" / "metrics.jsonl"
    log.write_bytes(log.read_bytes()[:-20])
    run(folder, "diagnose")
    unfinished = read_json(folder / "run" / "diagnosis.json")["findings"]
    assert [finding["number"] for finding in unfinished if finding["name"] == "unfinished-training"] == [0.0]
