"""What ships beside the code: configurations, the README, versions, the command, the layers, the example of the API."""

from __future__ import annotations

import inspect
import re
import resource
import runpy
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
import yaml

import rainsmith
from rainsmith import api
from rainsmith.config import Config, load_config, parse

ROOT = Path(__file__).resolve().parents[1]
CONFIGS = sorted((ROOT / "configs").glob("*.yaml"))
OVERLAYS = sorted((ROOT / "configs" / "models").glob("*.yaml"))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def installed(command: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a command of the environment that runs the tests."""
    path = Path(sys.executable).with_name(command)
    if not path.exists():
        pytest.skip(f"{command} is not installed")
    return subprocess.run([path, *arguments], cwd=ROOT, capture_output=True, text=True, timeout=120)


def value(config: Config, dotted: str) -> Any:
    found: Any = config
    for part in dotted.split("."):
        found = getattr(found, part)
    return found


def test_the_expected_configurations_ship() -> None:
    assert {"demo", "uk", "balearic"} <= {path.stem for path in CONFIGS}
    assert {"v1", "v2", "v3", "first-two", "mean-collapse", "mean-collapse-fix"} <= {path.stem for path in OVERLAYS}


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_configuration_loads(path: Path) -> None:
    config = load_config(path)
    assert config.data.kind == ("demo" if path.stem.startswith("demo") else "gridded")


@pytest.mark.parametrize("path", OVERLAYS, ids=lambda path: path.stem)
@pytest.mark.parametrize("base", [None, *CONFIGS], ids=lambda path: path.stem if path else "defaults")
def test_overlay_loads_on_every_configuration(path: Path, base: Path | None) -> None:
    config, bare = load_config(base, path), load_config(base)
    own = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert config.model.name == own["model"]["name"]
    assert config.data.target == bare.data.target
    if config.model.name == bare.model.name == "flat":
        assert config.model.base_filters == bare.model.base_filters, "the size is the data configuration's"


DOCUMENTED: dict[str, dict[str, Any]] = {
    "v1": {"model.injection": "none", "model.loss.beta_kl": 0.05, "model.loss.w_max": 2.0},
    "v2": {"model.injection": "all", "model.loss.beta_kl": 0.01, "model.loss.w_max": 10.0},
    "v3": {
        "model.injection": "first",
        "model.loss.beta_kl": 0.01,
        "model.loss.w_max": 10.0,
        "model.loss.tail_boost": 5.0,
        "train.epochs": 300,
        "train.early_stopping_patience": 100,
        "sampling.temperature": 1.0,
    },
    "first-two": {"model.injection": "first-two", "model.loss.beta_kl": 0.01, "model.loss.w_max": 10.0},
    "mean-collapse": {
        "model.cond_dropout": 0.5,
        "model.loss.w_min": 1.0,
        "model.loss.w_max": 4.0,
        "model.loss.tail_boost": 3.0,
    },
    "mean-collapse-fix": {
        "model.cond_dropout": 0.0,
        "model.loss.w_min": 0.2,
        "model.loss.w_max": 4.0,
        "model.loss.tail_boost": 1.5,
        "model.loss.lambda_grad": 1.0,
        "sampling.pixel_threshold": 0.5,
    },
}
ARCHITECTURE = {"model.d_x": 64, "model.d_y": 256, "model.d_z": 128, "model.loss.scale": "p90"}


@pytest.mark.parametrize("name", DOCUMENTED)
def test_overlay_holds_the_documented_settings(name: str) -> None:
    path = ROOT / "configs" / "models" / f"{name}.yaml"
    config = load_config(None, path)
    assert config.transform == "log1p-cell"
    lines = path.read_text(encoding="utf-8").splitlines()
    for key, expected in {**ARCHITECTURE, **DOCUMENTED[name]}.items():
        assert value(config, key) == expected, key
        (line,) = [line for line in lines if line.strip().startswith(key.split(".")[-1] + ":")]
        assert "# ours" not in line, f"{key} is the documents' own"


def flatten(values: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, inner in values.items():
        flat |= flatten(inner, f"{prefix}{key}.") if isinstance(inner, dict) else {f"{prefix}{key}": inner}
    return flat


@pytest.mark.parametrize(
    ("name", "keys"),
    [
        ("first-two", {"model.injection"}),
        ("mean-collapse", {"model.cond_dropout", "model.loss.w_min", "model.loss.w_max", "model.loss.tail_boost"}),
    ],
)
def test_overlay_differs_from_v3_only_where_it_is_documented(name: str, keys: set[str]) -> None:
    v3, other = (
        flatten(load_config(None, ROOT / "configs" / "models" / f"{stem}.yaml").model_dump()) for stem in ("v3", name)
    )
    assert {key for key in v3 if v3[key] != other[key]} == keys


@pytest.mark.parametrize("page", ["new-region", "seasonal"])
def test_examples_of_the_pages_are_valid_configurations(page: str) -> None:
    text = (ROOT / "docs" / "how-to" / f"{page}.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)
    assert parse(yaml.safe_load(example)).data.kind == "gridded"


def test_readme_links_lead_somewhere() -> None:
    links = re.findall(r"\]\(([^)#:]+)\)", (ROOT / "README.md").read_text(encoding="utf-8"))
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_versions_agree() -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    version = PROJECT["project"]["version"]
    assert rainsmith.__version__ == version
    assert metadata.version("rainsmith") == version
    assert citation["version"] == version
    assert citation["license"] == PROJECT["project"]["license"]


def test_every_dependency_is_pinned_once() -> None:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = dict(line.split("==") for line in lines if line and not line.startswith("#"))
    names = [re.sub(r"[-_.]+", "-", name).lower() for name in pins]
    assert len(names) == len(set(names))
    assert "rainsmith" not in names
    assert not any("+" in version for version in pins.values())
    extras = PROJECT["project"]["optional-dependencies"]
    wanted = [
        *PROJECT["project"]["dependencies"],
        *PROJECT["build-system"]["requires"],
        *(text for extra in extras.values() for text in extra),
    ]
    bare = {re.sub(r"[-_.]+", "-", re.split(r"[\[<>=!~ ;]", text)[0]).lower() for text in wanted} - {"rainsmith"}
    assert bare - set(names) == set()


def test_command_shows_help_without_loading_torch() -> None:
    done = installed("rainsmith", "--help")
    assert done.returncode == 0, done.stderr
    for command in ("prepare", "train", "sample", "evaluate", "augment", "report", "compare"):
        assert command in done.stdout
    lean = installed("python", "-c", "import sys, rainsmith.cli, rainsmith.api; sys.exit('torch' in sys.modules)")
    assert lean.returncode == 0, lean.stderr or "importing the command line or the API loads torch"


def test_the_wheel_and_the_sdist_hold_every_file_of_the_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    build = pytest.importorskip("hatchling.build")
    monkeypatch.chdir(ROOT)
    source = ROOT / "src"
    ours = {
        str(path.relative_to(source))
        for path in (source / "rainsmith").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    wheel = zipfile.ZipFile(tmp_path / build.build_wheel(str(tmp_path)))
    inside = {name for name in wheel.namelist() if not name.split("/")[0].endswith(".dist-info")}
    assert inside == ours
    assert {"rainsmith/data/demo/demo.yaml", "rainsmith/inspection/inspect.html.j2", "rainsmith/py.typed"} <= inside
    (entry,) = (name for name in wheel.namelist() if name.endswith("entry_points.txt"))
    assert "rainsmith = rainsmith.cli.main:main" in wheel.read(entry).decode()
    with tarfile.open(tmp_path / build.build_sdist(str(tmp_path))) as sdist:
        names = {name.partition("/")[2] for name in sdist.getnames()}
    assert {f"src/{name}" for name in ours} <= names
    assert {
        "pyproject.toml",
        "README.md",
        "LICENSE",
        "configs/uk.yaml",
        "constraints.txt",
        "tests/conftest.py",
    } <= names


def test_help_and_doctor_take_less_than_a_second_of_the_processor() -> None:
    """Of the processor and not of the clock, which says more of other programs; the best of a few tries counts."""
    for arguments in (["--help"], ["doctor", "--no-speed"]):
        seconds = []
        for _ in range(3):
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            assert installed("rainsmith", *arguments).returncode == 0
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            seconds.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
            if seconds[-1] < 1:
                break
        assert min(seconds) < 1, arguments


def test_readme_names_no_command_that_is_not_there() -> None:
    documented = set(re.findall(r"^rainsmith ([a-z]+)", (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE))
    shown = installed("rainsmith", "--help").stdout
    assert documented
    assert {command for command in documented if command not in shown} == set()


def test_layers_hold() -> None:
    done = installed("lint-imports", "--no-cache", "--no-logo")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("name", ["prepare", "train", "sample", "evaluate", "augment", "report", "run", "inspect"])
def test_api_takes_configuration_and_run_folder(name: str) -> None:
    function = getattr(api, name)
    assert list(inspect.signature(function).parameters)[:2] == ["config", "run"]
    assert inspect.getdoc(function)


def test_the_pages_are_those_of_the_code() -> None:
    script = runpy.run_path(str(ROOT / "docs" / "make_pages.py"))
    pages = script["pages"]()
    made = {"checks.md", "cli.md", "configuration.md", "failure-modes.md", "legacy.md", "records.md"}
    assert {path.name for path in pages} == made
    for path, text in pages.items():
        assert path.read_text(encoding="utf-8") == text, f"{path.name} is older than the code; run: make docs"
    for key in ("`increments`", "`keep_levels`", "`max_minutes`", "`rain`", "`arms`"):
        assert key in pages[ROOT / "docs" / "configuration.md"]
