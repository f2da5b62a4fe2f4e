"""Reading a configuration: what lies over what, where data lie, and every refusal in one line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from rainsmith.base.errors import UserError
from rainsmith.baselines.registry import BASELINES
from rainsmith.config import DATA_ROOT_VARIABLE, Config, Data, load_config, merge, parse
from rainsmith.models.registry import MODELS, NETWORKS


@pytest.fixture(autouse=True)
def no_data_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(DATA_ROOT_VARIABLE, raising=False)


def yaml_file(path: Path, values: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump(values))
    return path


def refusal(**values: Any) -> str:
    """The one line with which ``parse`` refuses some sections."""
    with pytest.raises(UserError) as refused:
        parse(values, "my.yaml")
    message = str(refused.value)
    assert message.startswith("my.yaml: ") and "\n" not in message and "Value error" not in message
    return message.removeprefix("my.yaml: ")


def test_nothing_gives_the_defaults() -> None:
    assert load_config() == load_config(overrides={"data.root": str(load_config().data.root)})
    assert parse({}) == Config()


def test_an_overlay_lies_over_the_file_and_single_values_over_both(tmp_path: Path) -> None:
    file = yaml_file(tmp_path / "a.yaml", {"seed": 1, "train": {"epochs": 3, "lr": 0.1, "ema": 0.5}})
    overlay = yaml_file(tmp_path / "b.yaml", {"train": {"epochs": 4, "lr": 0.2}})
    config = load_config(file, overlay, {"train.epochs": 5})
    assert (config.seed, config.train.ema, config.train.lr, config.train.epochs) == (1, 0.5, 0.2, 5)
    assert load_config(str(file), str(overlay), {"train.epochs": 5}) == config, "paths may be text"


def test_merge_goes_down_sections_replaces_lists_and_leaves_its_arguments_alone() -> None:
    base = {"a": {"b": 1, "c": [1, 2]}, "d": {"e": 1}}
    overlay = {"a": {"c": [3]}, "d": 4, "f": {"g": 5}}
    merged = merge(base, overlay)
    assert merged == {"a": {"b": 1, "c": [3]}, "d": 4, "f": {"g": 5}}
    merged["f"]["g"] = merged["a"]["b"] = 9
    merged["a"]["c"].append(9)
    assert base == {"a": {"b": 1, "c": [1, 2]}, "d": {"e": 1}}
    assert overlay == {"a": {"c": [3]}, "d": 4, "f": {"g": 5}}


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ({"name": "hierarchical", "levels": 3}, {"name": "flat", "d_z": 4}, {"name": "flat", "d_z": 4}),
        ({"levels": 3}, {"name": "flat"}, {"name": "flat"}),
        ({"levels": 3}, {"name": "hierarchical"}, {"name": "hierarchical", "levels": 3}),
        ({"name": "flat", "d_z": 4}, {"d_y": 8}, {"name": "flat", "d_z": 4, "d_y": 8}),
        (
            {"name": "flat", "loss": {"w_min": 1}},
            {"loss": {"w_max": 2}},
            {"name": "flat", "loss": {"w_min": 1, "w_max": 2}},
        ),
    ],
)
def test_another_model_replaces_the_whole_section(before: Any, after: Any, expected: Any) -> None:
    assert merge({"model": before}, {"model": after}) == {"model": expected}


def test_data_lie_where_the_file_says_seen_from_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = yaml_file(tmp_path / "configs" / "a.yaml", {"data": {"root": "../files"}})
    assert load_config(file).data.root == tmp_path / "files"
    assert load_config(file, overrides={"data.root": "/elsewhere"}).data.root == Path("/elsewhere")
    monkeypatch.chdir(tmp_path)
    assert load_config(overrides={"data.root": "here"}).data.root == tmp_path / "here"
    bare = yaml_file(tmp_path / "x" / "y" / "b.yaml", {"seed": 1})
    assert load_config(bare).data.root == (tmp_path / "x" / "y" / Data().root).resolve(), "the default, too"


def test_the_environment_overrides_every_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = yaml_file(tmp_path / "a.yaml", {"data": {"root": "files"}})
    monkeypatch.setenv(DATA_ROOT_VARIABLE, str(tmp_path / "mounted"))
    assert load_config(file).data.root == tmp_path / "mounted"
    assert load_config(file, overrides={"data.root": "other"}).data.root == tmp_path / "mounted"
    monkeypatch.setenv(DATA_ROOT_VARIABLE, "")
    assert load_config(file).data.root == tmp_path / "files"


def test_an_empty_file_is_the_defaults(tmp_path: Path) -> None:
    (tmp_path / "empty.yaml").write_text("# nothing yet\n")
    assert load_config(tmp_path / "empty.yaml").train == load_config().train


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "not found; give the path of a YAML file"),
        (b"train: {epochs: 3", "is not valid YAML"),
        (b"\x89HDF\r\n\x1a\n\x00\xff", "is not valid YAML"),
        (b"- train\n- data\n", "holds a list; expected sections such as 'data:' and 'train:'"),
        (b"train", "holds a str; expected sections"),
    ],
)
def test_a_file_that_is_no_configuration_is_refused(tmp_path: Path, content: bytes | None, message: str) -> None:
    path = tmp_path / "my.yaml"
    if content is not None:
        path.write_bytes(content)
    for arguments in ((path, None), (None, path)):
        with pytest.raises(UserError) as refused:
            load_config(*arguments)
        assert message in str(refused.value) and str(path) in str(refused.value)
        assert "\n" not in str(refused.value)


def test_a_folder_is_no_configuration(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"cannot be read \(Is a directory\); give a YAML file"):
        load_config(tmp_path)


@pytest.mark.parametrize(
    ("values", "near", "listed"),
    [
        ({"trian": {}}, "unknown key 'trian'; did you mean 'train'?", "sampling, quantiles"),
        ({"train": {"epoch": 3}}, "unknown key 'train.epoch'; did you mean 'epochs'?", "max_minutes"),
        ({"data": {"demo": {"nny": 3}}}, "unknown key 'data.demo.nny'; did you mean 'ny'?", "ny_lr"),
        (
            {"data": {"predictors": [{"form": 1, "files": "a"}]}},
            "'data.predictors.0.form'; did you mean 'from'?",
            "rain",
        ),
        ({"model": {"level": 3}}, "unknown key 'model.level'; did you mean 'levels'?", "x_blocks"),
        ({"model": {"objective": {"member": 2}}}, "'model.objective.member'; did you mean 'members'?", "w_kl"),
        ({"model": {"name": "flat", "loss": {"beta": 2}}}, "'model.loss.beta'; did you mean 'beta_kl'?", "w_min"),
    ],
)
def test_an_unknown_key_names_the_nearest_and_lists_the_known(values: dict[str, Any], near: str, listed: str) -> None:
    message = refusal(**values)
    assert near in message
    assert listed in message.partition("(known here: ")[2]


@pytest.mark.parametrize(("section", "model"), [("loss", "flat"), ("objective", "hierarchical")])
def test_a_section_that_has_moved_names_its_new_place(section: str, model: str) -> None:
    message = refusal(**{section: {"w_min": 1.0}})
    assert message == f"the section '{section}' is now model.{section} (of name: {model}); move its keys there"


def test_a_key_of_another_model_names_that_model() -> None:
    expected = "the model 'hierarchical' has no key 'model.loss'; it belongs to model.name: flat"
    assert refusal(model={"loss": {"w_min": 1.0}}) == expected
    expected = "the model 'flat' has no key 'model.objective'; it belongs to model.name: hierarchical"
    assert refusal(model={"name": "flat", "objective": {}}) == expected


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"train": {"epochs": "many"}}, "'train.epochs' is 'many'; expected a whole number from 1 to 100000 or auto"),
        (
            {"train": {"epochs": 0, "lr": -1}},
            "'train.epochs' is 0; expected a whole number from 1 to 100000 or auto; 'train.lr' is -1; expected a number above 0 up to 1",
        ),
        ({"train": None}, "'train' is None; expected a section with keys below it"),
        ({"model": 3}, "'model' is 3; expected a section with keys below it"),
        ({"model": {"levels": "x"}}, "'model.levels' is 'x'; expected a whole number from 1 to 16"),
        ({"data": {"kind": "csv"}}, "'data.kind' is 'csv'; expected one of demo, gridded, legacy-days, legacy-arrays"),
        (
            {"data": {"splits": {"train": [2001]}}},
            "'data.splits.train' is [2001]; expected [first, last] years such as [2010, 2016] or a list, each entry [first, last] dates",
        ),
        (
            {"sampling": {"days": "wet"}},
            "'sampling.days' is 'wet'; expected one of heavy_x, heavy, all or a list, each entry a date such as 2010-01-31",
        ),
        ({"downscale": {"w_min": 3}}, "'downscale': w_min is 3 and w_max 2; expected w_min <= w_max"),
    ],
)
def test_a_value_that_is_refused_is_shown_with_what_is_expected(values: dict[str, Any], message: str) -> None:
    assert refusal(**values).startswith(message)


@pytest.mark.parametrize(
    ("values", "where", "kind", "names"),
    [
        ({"model": {"name": "flt"}}, "'model.name'", "model", MODELS.names()),
        ({"downscale": {"network": "cnn"}}, "'downscale.network' is 'cnn'", "downscaling network", NETWORKS.names()),
        ({"experiment": {"arms": {"cnn": ["real"]}}}, "'experiment.arms.cnn'", "downscaling network", NETWORKS.names()),
        (
            {"evaluate": {"baselines": ["ratio", "mean"]}},
            "'evaluate.baselines.1' is 'mean'",
            "baseline",
            BASELINES.names(),
        ),
        (
            {"augment": {"checks": ["hail"]}},
            "'augment.checks.0' is 'hail'",
            "check of synthetic days",
            ("mass", "copy"),
        ),
    ],
)
def test_names_of_records_are_checked_and_listed(
    values: dict[str, Any], where: str, kind: str, names: tuple[str, ...]
) -> None:
    message = refusal(**values)
    assert message.startswith(where) and f"there is no {kind} '" in message
    listed = message.partition("expected one of ")[2].split(", ")
    assert set(names) <= set(listed)


def test_a_configuration_survives_being_written(tmp_path: Path) -> None:
    config = load_config(overrides={"model.name": "flat", "data.period": ["2001-01-01", "2003-12-31"], "seed": 3})
    kept = yaml_file(tmp_path / "config.yaml", config.model_dump(mode="json", by_alias=True))
    assert load_config(kept) == config
