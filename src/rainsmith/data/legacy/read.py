"""Reading the files of the reference: one .npy a day with JSON metadata, or one pair of arrays (docs/legacy.md).

Rain is converted to mm/day with the statistics of the files, without a floor: y = max(0, expm1(z * std + mean)).
Predictors are normalised in the files already and are left so. `rainsmith.data.legacy.write` writes the same files.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import xarray as xr

from rainsmith.base.dims import CHANNEL, SPLITS, STATIC, TIME, X_LR, Y_LR, X, Y
from rainsmith.base.errors import UserError
from rainsmith.base.json_files import read_json
from rainsmith.config import Config
from rainsmith.config import Legacy as LegacyKeys
from rainsmith.data.grids.nested import nested_rows_and_columns
from rainsmith.data.legacy.format import CHUNK_DAYS, Statistics, load_array, load_map, wrong_shape
from rainsmith.data.raw import RawData
from rainsmith.data.splits import day_of

STATIC_MAPS = ("land_sea_mask", "dist_to_coast_km", "elevation_m")
REFERENCE_CATEGORIES = ("dry", "moderate", "heavy_coast", "heavy_interior")
"""How the reference names the kinds of days; ours are in ``dims.CATEGORIES``."""
_SPLIT_OF = dict(zip(("train", "val", "test"), SPLITS, strict=True))

_EXPECTED = "see docs/legacy.md for the files that are expected"


def read_days(config: Config) -> RawData:
    """Read the layout of one file a day: the days that ``split.json`` names, in order of their ids.

    Raises:
        UserError: a file is missing, malformed or of an unexpected shape, a day is in two splits or has no file, or
            ``data.legacy.start_date`` is not given.
    """
    legacy, root = config.data.legacy, _data_folder(config.data.root)
    split_of = _read_splits(_metadata(root, "split.json"))
    ids = np.array(sorted(split_of))
    time = _time(legacy, ids)
    y_files, x_files = _day_files(root / "Y_hr", ids), _day_files(root / "X_lr", ids)
    y, x = load_array(y_files[0]), load_array(x_files[0])
    if y.ndim != 3 or y.shape[0] != 1:
        raise wrong_shape(y_files[0], y.shape, "(1, H, W)")
    if x.ndim != 3:
        raise wrong_shape(x_files[0], x.shape, "(C, H_lr, W_lr)")
    shape = y.shape[1:]
    _check_grid(root, shape)
    mean, std = _metadata(root, "ERA5_mean_train.npy"), _metadata(root, "ERA5_std_train.npy")
    statistics = Statistics.of(load_array(mean), load_array(std), shape, where=f"{mean}, {std.name}")
    maps = {name: load_map(root / "statics" / f"{name}.npy", shape) for name in STATIC_MAPS}

    rain = np.empty((len(ids), *shape), dtype=np.float32)
    predictors = np.empty((len(ids), *x.shape), dtype=np.float32)
    for i, (y_file, x_file) in enumerate(zip(y_files, x_files, strict=True)):
        rain[i] = statistics.inverse(load_array(y_file, y.shape)[0], str(y_file))
        predictors[i] = _finite_or_missing(load_array(x_file, x.shape), x_file)
    split = np.array([SPLITS.index(split_of[day]) for day in ids.tolist()], dtype=np.int8)
    attrs = {"source": "per-day .npy files of the reference", **_notes(root, set(split_of))}
    unread = len(list((root / "Y_hr").glob("day_*.npy"))) - len(ids)
    if unread:
        attrs["days_not_read"] = f"{unread} files in Y_hr are in no split"
    return _raw(legacy, time, rain, predictors, maps, statistics, attrs, split)


def read_arrays(config: Config) -> RawData:
    """Read the layout of two arrays; the configuration names their first day, calendar, statistics and splits.

    Raises:
        UserError: a key is not given, or a file is missing, malformed or of an unexpected shape.
    """
    legacy, root = config.data.legacy, config.data.root
    if "splits" not in config.data.model_fields_set:
        raise UserError(
            "data.splits is not given; expected years or dates of each split, which an array pair does not carry"
        )
    x_file, y_file = root / legacy.predictors, root / legacy.observations
    y, x = load_array(y_file, mmap=True), load_array(x_file, mmap=True)
    if y.ndim != 3:
        raise wrong_shape(y_file, y.shape, "(T, H, W)")
    if x.ndim != 4 or x.shape[0] != y.shape[0]:
        raise wrong_shape(x_file, x.shape, f"({y.shape[0]}, H_lr, W_lr, C), with as many days as {y_file.name}")
    time = _time(legacy, np.arange(len(y)))
    mean, std = _statistic(root, "mean", legacy.mean), _statistic(root, "std", legacy.std)
    statistics = Statistics.of(mean, std, y.shape[1:], where="data.legacy.mean and std")
    maps = {Path(name).stem: load_map(root / name, y.shape[1:]) for name in legacy.statics}

    rain = np.empty(y.shape, dtype=np.float32)
    predictors = np.empty((x.shape[0], x.shape[3], *x.shape[1:3]), dtype=np.float32)
    for start in range(0, len(y), CHUNK_DAYS):
        part = slice(start, start + CHUNK_DAYS)
        rain[part] = statistics.inverse(y[part], f"{y_file} from day {start} on")
        predictors[part] = _finite_or_missing(np.moveaxis(x[part], -1, 1), x_file)
    attrs = {"source": f"array pair of the reference: {x_file.name}, {y_file.name}"}
    return _raw(legacy, time, rain, predictors, maps, statistics, attrs, None)


def _raw(
    legacy: LegacyKeys,
    time: xr.DataArray,
    rain: np.ndarray,
    predictors: np.ndarray,
    maps: dict[str, np.ndarray],
    statistics: Statistics,
    attrs: dict[str, str],
    split: np.ndarray | None,
) -> RawData:
    """The raw fields of either layout."""
    if not np.isfinite(rain).any():
        raise UserError(
            "no cell holds a finite value of rain where mean and std are known; check that they fit together"
        )
    constant = int(statistics.constant.sum())
    if constant:
        attrs["cells_with_std_0"] = f"{constant}, invalid on all days: their normalised rain says nothing"
    count = predictors.shape[1]
    names = legacy.channels or [f"channel_{i}" for i in range(count)]
    if len(names) != count:
        raise UserError(
            f"data.legacy.channels names {len(names)} channels; the predictors have {count}; name each once"
        )
    if legacy.rain_channel is not None:
        _check_rain(legacy.rain_channel, names, predictors)
    ny, nx = rain.shape[1:]
    number = {"units": "1"}
    coords = {
        TIME: time,
        Y: xr.DataArray(np.arange(ny), dims=Y, attrs={"long_name": "row", **number}),
        X: xr.DataArray(np.arange(nx), dims=X, attrs={"long_name": "column", **number}),
    }
    row, col = nested_rows_and_columns((ny, nx), (predictors.shape[2], predictors.shape[3]))
    fields = np.stack(list(maps.values())) if maps else np.empty((0, ny, nx), dtype=np.float32)
    known = statistics.known & np.isfinite(rain).any(axis=0)
    mean, std = (np.where(known, part, np.nan).astype(np.float32) for part in (statistics.mean, statistics.std))
    units = {"standard_name": "lwe_precipitation_rate", "units": "mm/day"}
    channels = {TIME: time, CHANNEL: np.array(names, dtype=object)}
    return RawData(
        precip=xr.DataArray(rain, dims=(TIME, Y, X), coords=coords, name="precip", attrs=units),
        predictors=xr.DataArray(predictors, dims=(TIME, CHANNEL, Y_LR, X_LR), coords=channels, name="predictors"),
        statics=xr.DataArray(
            fields, dims=(STATIC, Y, X), coords={STATIC: np.array(list(maps), dtype=object)}, name="statics"
        ),
        coarse_row=row,
        coarse_col=col,
        coarse_rain_channel=legacy.rain_channel or "",
        split=split,
        log_mean=xr.DataArray(mean, dims=(Y, X)),
        log_std=xr.DataArray(std, dims=(Y, X)),
        attrs={"title": "Data in the layout of the reference", **attrs},
    )


def _check_rain(channel: str, names: list[str], predictors: np.ndarray) -> None:
    """Refuse a coarse rain that is no channel or that is normalised, since it must be in mm/day."""
    if channel not in names:
        raise UserError(f"data.legacy.rain_channel is '{channel}'; expected one of {', '.join(names)}")
    lowest = float(np.nanmin(predictors[:, names.index(channel)]))
    if lowest < 0:
        raise UserError(
            f"data.legacy.rain_channel '{channel}' holds {lowest:.3g}, so it is normalised; expected mm/day; "
            "set data.legacy.rain_channel: null"
        )


def _data_folder(root: Path) -> Path:
    """``root/data`` where it holds the days, else ``root`` itself."""
    for folder in (root / "data", root):
        if (folder / "Y_hr").is_dir():
            return folder
    raise UserError(f"{root} holds neither data/Y_hr nor Y_hr; expected the folder that contains data/; set data.root")


def _metadata(root: Path, name: str) -> Path:
    """The path of a metadata file, which lies in ``metadata/``, else beside that folder, else beside ``data/``."""
    for folder in (root / "metadata", root, root.parent):
        if (folder / name).is_file():
            return folder / name
    return root / "metadata" / name


def _read_splits(path: Path) -> dict[int, str]:
    """Split of each day id."""
    given = read_json(path, _EXPECTED)
    if set(given) != set(_SPLIT_OF) or not all(isinstance(ids, list) for ids in given.values()):
        raise UserError(f"{path} has keys {', '.join(given)}; expected train, val and test, each a list of day ids")
    split_of: dict[int, str] = {}
    for key, ids in given.items():
        for text in ids:
            if isinstance(text, bool) or not str(text).isdecimal():
                raise UserError(f"{path}: '{key}' holds {text!r}; expected day ids such as 12 (for day_000012.npy)")
            day = int(text)
            if day in split_of:
                other = next(k for k, name in _SPLIT_OF.items() if name == split_of[day])
                raise UserError(f"{path}: day {day} is in '{other}' and in '{key}'; expected each day once; remove one")
            split_of[day] = _SPLIT_OF[key]
    if not split_of:
        raise UserError(f"{path} names no day; expected day ids in train, val and test")
    return split_of


def _day_files(folder: Path, ids: np.ndarray) -> list[Path]:
    """The file of each day."""
    there = {file.name for file in folder.glob("day_*.npy")}
    names = [f"day_{day:06d}.npy" for day in ids.tolist()]
    missing = [name for name in names if name not in there]
    if missing:
        more = f" and {len(missing) - 1} more" if missing[1:] else ""
        raise UserError(
            f"{folder} lacks {missing[0]}{more} of the {len(names)} days in split.json; "
            "add the files or take the days out of split.json"
        )
    return [folder / name for name in names]


def _check_grid(root: Path, shape: tuple[int, ...]) -> None:
    path = _metadata(root, "H_W.json")
    if path.is_file():
        stated = read_json(path, _EXPECTED)
        if (stated.get("H"), stated.get("W")) != shape:
            raise UserError(
                f"{path} says H, W = {stated.get('H')}, {stated.get('W')}; the files in Y_hr have {shape}; correct it"
            )


def _notes(root: Path, ids: set[int]) -> dict[str, str]:
    """Categories and thresholds of the reference, as attributes; ours are computed from the rain."""
    notes = {}
    path = _metadata(root, "categories.json")
    if path.is_file():
        given = {int(day): kind for day, kind in read_json(path, _EXPECTED).items() if str(day).isdecimal()}
        wrong = sorted({str(kind) for kind in given.values()} - set(REFERENCE_CATEGORIES))
        if wrong:
            raise UserError(f"{path} holds '{wrong[0]}'; expected {', '.join(REFERENCE_CATEGORIES)}")
        count = Counter(kind for day, kind in given.items() if day in ids)
        notes["legacy_categories"] = ", ".join(f"{kind} {count[kind]}" for kind in REFERENCE_CATEGORIES)
    path = _metadata(root, "thresholds.json")
    if path.is_file():
        notes["legacy_thresholds"] = ", ".join(f"{name} {value}" for name, value in read_json(path, _EXPECTED).items())
    return notes


def _statistic(root: Path, key: str, given: str | float | None) -> np.ndarray:
    """``data.legacy.mean`` or ``std``: a file below the root, or a number."""
    if given is None:
        raise UserError(
            f"data.legacy.{key} is not given; expected a .npy file of log1p mm/day, (H, W) or (), or a number"
        )
    try:
        return np.asarray(float(given))
    except ValueError:
        return load_array(root / str(given))


def _time(legacy: LegacyKeys, ids: np.ndarray) -> xr.DataArray:
    """Dates of the day ids, counted from ``data.legacy.start_date`` in ``data.legacy.calendar``."""
    if legacy.start_date is None:
        raise UserError("data.legacy.start_date is not given; expected the date of day 0, such as 1979-01-01")
    day_of(legacy.start_date, "data.legacy.start_date")
    attrs = {"units": f"days since {legacy.start_date.strip()}", "calendar": legacy.calendar}
    try:
        time = xr.decode_cf(xr.Dataset(coords={TIME: (TIME, ids, attrs)}))[TIME].drop_encoding()
    except (ValueError, OverflowError) as error:
        raise UserError(
            f"data.legacy.start_date '{legacy.start_date}' and calendar '{legacy.calendar}' give no dates "
            f"({' '.join(str(error).split())}); expected a CF calendar and a date that exists in it"
        ) from None
    return time.assign_attrs(standard_name="time", axis="T")


def _finite_or_missing(x: np.ndarray, path: Path) -> np.ndarray:
    """The predictors unchanged; NaN is a missing value, and infinity is refused."""
    if np.isinf(x).any():
        raise UserError(f"{path} holds infinite values; expected finite z-scores or NaN; write it again")
    return x
