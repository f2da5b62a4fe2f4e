"""Reading the files of the reference, which are written with plain numpy here."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

from rainsmith.base.dims import SPLITS
from rainsmith.base.errors import UserError
from rainsmith.config import Config, load_config, parse
from rainsmith.data.legacy.read import read_arrays, read_days
from rainsmith.data.legacy.write import write_pair
from tests.data.legacy.made import DAYS, day_ids, log_statistics, write_layout


def days_config(root: Path, **legacy: Any) -> Config:
    return parse({"data": {"kind": "legacy-days", "root": str(root), "legacy": {"start_date": "2001-01-01", **legacy}}})


def test_days_come_back_in_mm(layout, demo):
    raw = read_days(days_config(layout))
    np.testing.assert_allclose(raw.precip.values, demo.precip.values, rtol=1e-5, atol=1e-5)
    assert (np.isnan(raw.precip.values) == np.isnan(demo.precip.values)).all()
    assert float(raw.precip.min()) == 0 and raw.precip.dtype == np.float32
    np.testing.assert_array_equal(raw.split, np.repeat([0, 1, 2], [40, 10, 10]))
    assert SPLITS[int(raw.split[45])] == "validation"
    expected = np.datetime64("2001-01-01") + np.array(day_ids(DAYS))
    np.testing.assert_array_equal(raw.precip["time"].values.astype("M8[D]"), expected)
    standardised = np.load(layout / "data" / "X_lr" / "day_000003.npy")
    np.testing.assert_array_equal(raw.predictors.values[0], standardised)  # as they come
    assert list(raw.statics["static"].values) == ["land_sea_mask", "dist_to_coast_km", "elevation_m"]
    np.testing.assert_array_equal(raw.statics.values[2], demo.statics.sel(static="elevation").values)
    xr.testing.assert_allclose(raw.coarse_row, demo.coarse_row)
    xr.testing.assert_allclose(raw.coarse_col, demo.coarse_col)
    assert raw.attrs["legacy_categories"].startswith("dry 30")
    assert "P99 30.0" in raw.attrs["legacy_thresholds"]


def test_statistics_come_as_they_are(layout, demo):
    raw = read_days(days_config(layout))
    assert raw.log_mean is not None and raw.log_std is not None
    mean, std = log_statistics(demo.precip.values)
    np.testing.assert_allclose(raw.log_mean.values, mean, rtol=1e-6)
    np.testing.assert_allclose(raw.log_std.values, std, rtol=1e-6)


def test_root_may_be_the_data_folder_itself(layout):
    xr.testing.assert_identical(read_days(days_config(layout / "data")).precip, read_days(days_config(layout)).precip)


def test_rain_over_sea_is_valid_where_the_files_hold_it(tmp_path, demo):
    write_layout(tmp_path, demo, fill_sea=True)
    assert np.isfinite(read_days(days_config(tmp_path)).precip).all()


def test_a_cell_with_std_0_is_invalid_and_said_so(layout, demo):
    file = layout / "data" / "metadata" / "ERA5_std_train.npy"
    std = np.load(file)
    land = np.argwhere(np.isfinite(std))[5]
    std[tuple(land)] = 0.0
    np.save(file, std)
    for bad in (np.nan, np.inf, 0.0):
        y = layout / "data" / "Y_hr" / "day_000003.npy"
        z = np.load(y)
        z[0, land[0], land[1]] = bad
        np.save(y, z)
        raw = read_days(days_config(layout))
        assert raw.attrs["cells_with_std_0"].startswith("1,")
        assert np.isnan(raw.precip.values[:, land[0], land[1]]).all()
        assert raw.log_std is not None and np.isnan(raw.log_std.values[tuple(land)])
        assert np.isfinite(raw.precip.values).sum() == np.isfinite(demo.precip.values).sum() - DAYS


def test_other_calendars(layout):
    raw = read_days(days_config(layout, start_date="2001-02-28", calendar="360_day"))
    assert raw.precip["time"].dt.calendar == "360_day"
    assert (int(raw.precip["time"].dt.month[0]), int(raw.precip["time"].dt.day[0])) == (3, 1)


def test_channel_names(layout):
    names = ["q", "u", "v", "t", "p", "rain"]
    raw = read_days(days_config(layout, channels=names))
    assert list(raw.predictors["channel"].values) == names and raw.coarse_rain_channel == ""
    with pytest.raises(UserError, match=r"names 2 channels; the predictors have 6"):
        read_days(days_config(layout, channels=["a", "b"]))
    with pytest.raises(UserError, match=r"'tp'; expected one of q, u, v"):
        read_days(days_config(layout, channels=names, rain_channel="tp"))
    with pytest.raises(UserError, match="so it is normalised; expected mm/day"):
        read_days(days_config(layout, channels=names, rain_channel="rain"))


def rewrite_split(root: Path, **changes: Any) -> None:
    file = root / "data" / "metadata" / "split.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), **changes}))


def save(root: Path, name: str, values: np.ndarray) -> None:
    np.save(root / "data" / name, values)


def cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-40])


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda r: (r / "data/Y_hr/day_000005.npy").unlink(), r"Y_hr lacks day_000005.npy of the 60 days"),
        (lambda r: rewrite_split(r, test=[3, 990, 991]), r"day 3 is in 'train' and in 'test'"),
        (lambda r: rewrite_split(r, test=[990, 991]), r"lacks day_000990.npy and 1 more"),
        (lambda r: rewrite_split(r, test=["d12"]), r"'test' holds 'd12'; expected day ids"),
        (lambda r: rewrite_split(r, holdout=[1]), r"has keys train, val, test, holdout"),
        (lambda r: rewrite_split(r, train=[], val=[], test=[]), r"names no day"),
        (lambda r: (r / "data/metadata/split.json").write_text('{"train": [1,'), r"split.json is cut off or not JSON"),
        (lambda r: (r / "data/metadata/split.json").write_text("[1]"), r"split.json holds a list; expected"),
        (lambda r: (r / "data/metadata/split.json").unlink(), r"split.json not found"),
        (lambda r: (r / "data/metadata/ERA5_std_train.npy").unlink(), r"ERA5_std_train.npy not found"),
        (
            lambda r: save(r, "metadata/ERA5_std_train.npy", np.ones((5, 4))),
            r"std has shape \(5, 4\); expected \(17, 19\)",
        ),
        (lambda r: save(r, "metadata/ERA5_std_train.npy", -np.ones((17, 19))), r"std holds -1; expected no negative"),
        (
            lambda r: save(r, "metadata/ERA5_std_train.npy", np.zeros((17, 19))),
            r"no cell has a finite mean and a positive",
        ),
        (
            lambda r: save(r, "Y_hr/day_000006.npy", np.zeros((1, 19, 17))),
            r"has shape \(1, 19, 17\); expected \(1, 17, 19\)",
        ),
        (lambda r: save(r, "Y_hr/day_000003.npy", np.zeros((17, 19))), r"has shape \(17, 19\); expected \(1, H, W\)"),
        (lambda r: save(r, "X_lr/day_000003.npy", np.zeros((4, 3))), r"has shape \(4, 3\); expected \(C, H_lr, W_lr\)"),
        (lambda r: save(r, "X_lr/day_000006.npy", np.zeros((5, 4, 3))), r"has shape \(5, 4, 3\); expected \(6, 4, 3\)"),
        (lambda r: save(r, "X_lr/day_000006.npy", np.full((6, 4, 3), np.inf)), r"day_000006.npy holds infinite"),
        (
            lambda r: save(r, "Y_hr/day_000006.npy", np.full((1, 17, 19), np.inf)),
            r"day_000006.npy holds infinite amounts",
        ),
        (
            lambda r: save(r, "Y_hr/day_000006.npy", np.full((1, 17, 19), "a")),
            r"day_000006.npy holds <U1; expected one",
        ),
        (lambda r: cut(r / "data/Y_hr/day_000006.npy"), r"day_000006.npy is cut off or no .npy"),
        (lambda r: (r / "data/Y_hr/day_000006.npy").write_bytes(b""), r"day_000006.npy is cut off or no .npy"),
        (
            lambda r: save(r, "statics/elevation_m.npy", np.zeros((3, 3))),
            r"elevation_m.npy has shape \(3, 3\); expected \(17, 19\)",
        ),
        (lambda r: (r / "data/statics/elevation_m.npy").unlink(), r"elevation_m.npy not found"),
        (
            lambda r: (r / "data/metadata/H_W.json").write_text('{"H": 156, "W": 132}'),
            r"says H, W = 156, 132; .* \(17, 19\)",
        ),
        (
            lambda r: (r / "data/metadata/categories.json").write_text('{"3": "wet"}'),
            r"holds 'wet'; expected dry, moderate",
        ),
        (lambda r: (r / "data/Y_hr").rename(r / "data/Y"), r"holds neither data/Y_hr nor Y_hr"),
    ],
)
def test_damaged_days_give_one_clear_line(layout, damage, message):
    damage(layout)
    with pytest.raises(UserError, match=message) as caught:
        read_days(days_config(layout))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"start_date": None}, "start_date is not given"),
        ({"start_date": "1 Jan"}, "has '1 Jan'; expected a date"),
        ({"start_date": "2001-02-30", "calendar": "noleap"}, "give no dates"),
        ({"calendar": "lunar"}, "calendar 'lunar' give no dates"),
    ],
)
def test_dates_must_be_named(layout, keys, message):
    with pytest.raises(UserError, match=message):
        read_days(days_config(layout, **keys))


def test_files_in_no_split_are_left_and_counted(layout):
    rewrite_split(layout, test=day_ids(DAYS)[55:])
    raw = read_days(days_config(layout))
    assert raw.precip.sizes["time"] == DAYS - 5
    assert raw.attrs["days_not_read"].startswith("5 files")


PAIR = {"start_date": "2001-01-01", "mean": "log_mean.npy", "std": "log_std.npy"}
SPLIT_DATES = {
    "train": [["2001-01-01", "2001-02-01"]],
    "validation": [["2001-02-02", "2001-02-10"]],
    "test": [["2001-02-11", "2001-03-01"]],
}


def pair_config(root: Path, **legacy: Any) -> Config:
    data = {"kind": "legacy-arrays", "root": str(root), "splits": SPLIT_DATES, "legacy": {**PAIR, **legacy}}
    return parse({"data": data})


def test_pair_round_trip(tmp_path, demo):
    mean, std = log_statistics(demo.precip.values)
    centre = demo.predictors.mean(("time", "y_lr", "x_lr"))
    spread = demo.predictors.std(("time", "y_lr", "x_lr"))
    files = write_pair(
        tmp_path, demo.predictors, demo.precip, mean, std, predictor_mean=centre.values, predictor_std=spread.values
    )
    x, y = np.load(files[0]), np.load(files[1])
    assert x.shape == (DAYS, 4, 3, 6) and y.shape == (DAYS, 17, 19) and x.dtype == y.dtype == np.float32
    np.testing.assert_allclose(y.mean(axis=0)[np.isfinite(mean)], 0, atol=1e-4)
    np.save(tmp_path / "height.npy", demo.statics.values[:1])
    raw = read_arrays(pair_config(tmp_path, statics=["height.npy"]))
    np.testing.assert_allclose(raw.precip.values, demo.precip.values, rtol=1e-5, atol=1e-5)
    back = raw.predictors.values * spread.values[:, None, None] + centre.values[:, None, None]
    np.testing.assert_allclose(back, demo.predictors.values, rtol=1e-4, atol=1e-4)
    assert raw.split is None and list(raw.statics["static"].values) == ["height"]
    np.testing.assert_array_equal(raw.precip["time"].values, demo.precip["time"].values)
    assert {file.name for file in tmp_path.iterdir()} == {file.name for file in files} | {"height.npy"}


def test_pair_with_one_mean_and_std_for_all_cells(tmp_path, demo):
    predictors, rain = demo.predictors.values, np.nan_to_num(demo.precip.values)
    np.save(tmp_path / "predictors_train_mean_std_separate.npy", np.moveaxis(predictors, 1, -1))
    np.save(tmp_path / "obs_train_mean_std_single.npy", (np.log1p(rain) - 0.25) / 1.5)
    np.save(tmp_path / "mean.npy", np.array(0.25))
    raw = read_arrays(pair_config(tmp_path, mean="mean.npy", std="1.5", channels=list("abcdef"), rain_channel="f"))
    np.testing.assert_allclose(raw.precip.values, rain, rtol=1e-5, atol=1e-5)
    np.testing.assert_array_equal(raw.predictors.values, predictors)
    assert raw.coarse_rain_channel == "f" and raw.statics.sizes["static"] == 0


@pytest.mark.parametrize(
    ("damage", "keys", "message"),
    [
        (lambda r: None, {"mean": None}, "data.legacy.mean is not given"),
        (lambda r: None, {"std": "nowhere.npy"}, "nowhere.npy not found"),
        (lambda r: None, {"start_date": None}, "start_date is not given"),
        (lambda r: None, {"predictors": "x.npy"}, "x.npy not found"),
        (lambda r: np.save(r / "log_std.npy", np.ones(7)), {}, r"std has shape \(7,\); expected \(17, 19\)"),
        (
            lambda r: np.save(r / "obs_train_mean_std_single.npy", np.ones((DAYS, 1, 17, 19))),
            {},
            r"expected \(T, H, W\)",
        ),
        (
            lambda r: np.save(r / "predictors_train_mean_std_separate.npy", np.ones((5, 4, 3, 6))),
            {},
            r"shape \(5, 4, 3, 6\); expected \(60, H_lr, W_lr, C\)",
        ),
        (lambda r: cut(r / "obs_train_mean_std_single.npy"), {}, "is cut off or no .npy"),
    ],
)
def test_damaged_pair_gives_one_clear_line(tmp_path, demo, damage, keys, message):
    write_pair(tmp_path, demo.predictors, demo.precip, *log_statistics(demo.precip.values))
    damage(tmp_path)
    with pytest.raises(UserError, match=message) as caught:
        read_arrays(pair_config(tmp_path, **keys))
    assert "\n" not in str(caught.value)


def test_pair_needs_named_splits(tmp_path):
    with pytest.raises(UserError, match=r"data\.splits is not given"):
        read_arrays(parse({"data": {"kind": "legacy-arrays", "root": str(tmp_path), "legacy": PAIR}}))


def test_examples_of_the_page_are_valid_configurations(tmp_path):
    page = (Path(__file__).resolve().parents[3] / "docs" / "legacy.md").read_text()
    blocks = [part.split("```")[0] for part in page.split("```yaml\n")[1:]]
    assert len(blocks) == 2
    kinds = []
    for i, block in enumerate(blocks):
        (tmp_path / f"{i}.yaml").write_text(block)
        kinds.append(load_config(tmp_path / f"{i}.yaml").data.kind)
    assert kinds == ["legacy-days", "legacy-arrays"]
