"""Reading evaluated runs: their labels, what tells them apart, and what cannot be compared."""

from __future__ import annotations

from pathlib import Path

import pytest

from rainsmith.base.errors import UserError
from rainsmith.compare.evaluated import differing_settings, labels_of, read_runs
from tests.compare.planted import make_run


def test_a_run_has_flat_settings_its_models_and_the_rows_of_one_split(tmp_path: Path) -> None:
    (run,) = read_runs([make_run(tmp_path / "a", modes=("prior", "posterior"), seed=4)], "test")
    assert run.label == "a" and run.seed == 4 and run.settings["loss.beta_kl"] == 0.01
    assert run.models == [("flat", "prior"), ("flat", "posterior")]  # baselines are no models
    assert set(run.metrics["split"]) == {"test"}


def test_repeats_share_all_but_seeds_and_places_and_data_is_told_apart_by_its_settings(tmp_path: Path) -> None:
    folders = [
        make_run(tmp_path / "a"),
        make_run(
            tmp_path / "repeat", seed=1, sampling__seed=5, device="cpu", data__root="elsewhere", sampling__to="s3://b/x"
        ),
        make_run(tmp_path / "other", loss__beta_kl=0.5),
        make_run(tmp_path / "other-data", data__wet_mm=1.0),
    ]
    first, repeat, other, other_data = read_runs(folders, "test")
    assert first.all_but_seed == repeat.all_but_seed != other.all_but_seed
    assert first.data == repeat.data == other.data != other_data.data


def test_differing_settings_leave_out_seeds_and_epochs(tmp_path: Path) -> None:
    folders = [make_run(tmp_path / "a"), make_run(tmp_path / "b", seed=1, train__epochs=90, loss__beta_kl=0.5)]
    assert differing_settings(read_runs(folders, "test")) == ["loss.beta_kl"]


def test_a_run_without_a_configuration_has_no_settings(tmp_path: Path) -> None:
    folder = make_run(tmp_path / "a")
    (folder / "config.yaml").unlink()
    (run,) = read_runs([folder], "test")
    assert run.settings == {} and run.seed == 0


def test_labels_take_parents_where_names_are_equal(tmp_path: Path) -> None:
    assert labels_of([tmp_path / "uk" / "v3", tmp_path / "sea" / "v3"]) == ["uk/v3", "sea/v3"]
    assert labels_of([tmp_path / "uk" / "v3", tmp_path / "uk" / "v2"]) == ["v3", "v2"]


def test_what_cannot_be_compared_is_said(tmp_path: Path) -> None:
    run = make_run(tmp_path / "a")
    with pytest.raises(UserError, match="no run folders"):
        read_runs([], "test")
    with pytest.raises(UserError, match="same run folder twice"):
        read_runs([run, run], "test")
    with pytest.raises(UserError, match=r"metrics.csv not found; .* run 'rainsmith evaluate"):
        read_runs([run, tmp_path / "empty"], "test")
    with pytest.raises(UserError, match="holds the splits test; expected validation"):
        read_runs([run], "validation")
    (tmp_path / "a" / "evaluation" / "metrics.csv").write_text("model,value\nflat,1\n", encoding="utf-8")
    with pytest.raises(UserError, match="lacks the columns days, metric"):
        read_runs([run], "test")
