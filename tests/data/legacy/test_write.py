"""Writing the files of the reference."""

from __future__ import annotations

import numpy as np
import pytest

from rainsmith.base.errors import UserError
from rainsmith.data.legacy.write import write_day, write_pair
from tests.data.legacy.made import log_statistics


def test_written_day_is_what_the_layout_holds(tmp_path, layout, demo):
    mean, std = log_statistics(demo.precip.values)
    path = write_day(tmp_path / "new", 3, demo.precip.values[0], mean, std)
    assert path.name == "day_000003.npy"
    ours, theirs = np.load(path), np.load(layout / "data" / "Y_hr" / "day_000003.npy")
    assert ours.shape == theirs.shape == (1, 17, 19) and ours.dtype == np.float32
    np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-6)
    write_day(tmp_path / "new", 3, demo.precip.values[1], mean, std)  # replaces
    np.testing.assert_allclose(
        np.load(path), np.load(layout / "data" / "Y_hr" / "day_000004.npy"), rtol=1e-5, atol=1e-6
    )
    assert [file.name for file in (tmp_path / "new").iterdir()] == ["day_000003.npy"]
    assert write_day(tmp_path / "dated", 20010104, demo.precip.values[1], mean, std).name == "day_20010104.npy"
    with pytest.raises(UserError, match=r"shape \(1, 17, 19\); expected an id"):
        write_day(tmp_path / "new", 3, demo.precip.values[:1], mean, std)


def test_failed_export_leaves_no_file(tmp_path, demo):
    mean, std = log_statistics(demo.precip.values)
    dry = std.copy()
    dry[tuple(np.argwhere(np.isfinite(std))[0])] = 0.0
    with pytest.raises(UserError, match="whose std is 0 or unknown"):
        write_pair(tmp_path / "out", demo.predictors, demo.precip, mean, dry)
    assert list((tmp_path / "out").iterdir()) == []
    with pytest.raises(UserError, match="found 59 days of predictors and 60 of rain"):
        write_pair(tmp_path / "out", demo.predictors[1:], demo.precip, mean, std)


def test_predictors_of_a_pair_are_normalised_by_channel_and_a_constant_one_becomes_0(tmp_path, demo):
    mean, std = log_statistics(demo.precip.values)
    x = demo.predictors.copy(data=demo.predictors.values.copy())
    x.values[:, 2] = 7.0
    shift, scale = x.mean(("time", "y_lr", "x_lr")), x.std(("time", "y_lr", "x_lr"))
    files = write_pair(tmp_path, x, demo.precip, mean, std, predictor_mean=shift, predictor_std=scale)
    assert [file.name for file in files] == [
        "predictors_train_mean_std_separate.npy",
        "obs_train_mean_std_single.npy",
        "log_mean.npy",
        "log_std.npy",
    ]
    written = np.load(files[0])
    assert written.shape == (60, 4, 3, 6)
    np.testing.assert_allclose(written[..., 2], 0.0, atol=1e-6)
    np.testing.assert_allclose(np.delete(written, 2, -1).std(axis=(0, 1, 2)), 1.0, rtol=1e-4)
    expected = (np.log1p(demo.precip.values) - mean) / std
    np.testing.assert_allclose(np.load(files[1]), expected, rtol=1e-4, atol=1e-5)
