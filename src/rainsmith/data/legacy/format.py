"""The number format of the reference's files: safe reading of .npy and JSON, and rain as z-scores of log1p mm/day."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from rainsmith.base.errors import UserError

CHUNK_DAYS = 64
"""Days converted at once, which bounds the memory beside the result."""


def load_array(path: Path, shape: tuple[int, ...] | None = None, *, mmap: bool = False) -> np.ndarray:
    """Read a .npy file of real numbers, or map it into memory.

    Args:
        path: the file.
        shape: the only shape that is accepted; None accepts any.
        mmap: leave the values on disk until they are used.

    Raises:
        UserError: the file is missing, cut off, no array of numbers, or of another shape.
    """
    try:
        values = np.load(path, mmap_mode="r" if mmap else None, allow_pickle=False)
    except FileNotFoundError:
        raise UserError(f"{path} not found; see docs/legacy.md for the files that are expected") from None
    except (ValueError, EOFError, OSError) as error:
        raise UserError(
            f"{path} is cut off or no .npy array ({' '.join(str(error).split())}); write it again"
        ) from None
    if not isinstance(values, np.ndarray) or not (
        np.issubdtype(values.dtype, np.floating) or np.issubdtype(values.dtype, np.integer) or values.dtype == bool
    ):
        found = values.dtype if isinstance(values, np.ndarray) else type(values).__name__
        raise UserError(f"{path} holds {found}; expected one array of real numbers; write it again")
    if shape is not None and values.shape != shape:
        raise wrong_shape(path, values.shape, str(shape))
    return values


def load_map(path: Path, shape: tuple[int, ...]) -> np.ndarray:
    """Read a map stored as (H, W) or (1, H, W): float32 (H, W); values that are not finite become 0."""
    values = load_array(path)
    if values.shape not in (shape, (1, *shape)):
        raise wrong_shape(path, values.shape, f"{shape} or {(1, *shape)}")
    return np.nan_to_num(values.reshape(shape).astype(np.float32), posinf=0.0, neginf=0.0)


def wrong_shape(path: Path, found: tuple[int, ...], expected: str) -> UserError:
    """The error for an array of an unexpected shape."""
    return UserError(f"{path} has shape {found}; expected {expected}; check the file or see docs/legacy.md")


def load_json(path: Path) -> dict[str, Any]:
    """Read a JSON object; UserError where it is missing or malformed."""
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError(f"{path} not found; see docs/legacy.md for the files that are expected") from None
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise UserError(f"{path} is not JSON ({error}); write it again") from None
    if not isinstance(values, dict):
        raise UserError(f"{path} holds a {type(values).__name__}; expected a JSON object {{...}}; write it again")
    return values


@dataclass(frozen=True)
class Statistics:
    """Mean and standard deviation of log1p mm/day that stand behind normalised rain: two (H, W) arrays.

    They are used as they are, without a floor. A cell with std 0 was constant in training: z says nothing about its
    rain there, so the cell has no value (NaN), rather than one made of 0/0.
    """

    mean: np.ndarray
    std: np.ndarray

    @classmethod
    def of(cls, mean: np.ndarray, std: np.ndarray, shape: tuple[int, ...], where: str = "the statistics") -> Statistics:
        """From two maps (H, W) or (1, H, W), or from single values.

        Raises:
            UserError: another shape, a negative std, or no cell at all with a positive std.
        """
        fields = []
        for name, values in (("mean", mean), ("std", std)):
            values = np.asarray(values, dtype=np.float64)
            if values.size == 1:
                values = np.broadcast_to(values.reshape(()), shape)
            elif values.shape in (shape, (1, *shape)):
                values = values.reshape(shape)
            else:
                raise UserError(
                    f"{where}: {name} has shape {values.shape}; expected {shape}, as the rain, or a single value; "
                    "name the file that belongs to these data"
                )
            fields.append(values)
        result = cls(*fields)
        if (result.std < 0).any():
            raise UserError(f"{where}: std holds {result.std.min():g}; expected no negative value; check the file")
        if not result.known.any():
            raise UserError(f"{where}: no cell has a finite mean and a positive std; check the files")
        return result

    @property
    def known(self) -> np.ndarray:
        """Cells whose rain z determines: finite mean, positive std; bool (H, W)."""
        return np.isfinite(self.mean) & np.isfinite(self.std) & (self.std > 0)

    @property
    def constant(self) -> np.ndarray:
        """Cells with std 0: bool (H, W)."""
        return np.isfinite(self.mean) & (self.std == 0)

    def inverse(self, z: np.ndarray, where: str = "normalised rain") -> np.ndarray:
        """Normalised rain (..., H, W) to mm/day, clipped at 0, float32; NaN where z is NaN or the cell unknown.

        Raises:
            UserError: z is infinite, or so large that mm/day is, at a cell with statistics.
        """
        known = self.known
        log = np.asarray(z, dtype=np.float64) * np.where(known, self.std, np.nan) + np.where(known, self.mean, np.nan)
        highest = np.nanmax(log) if np.isfinite(log).any() else 0.0
        if np.isinf(log).any() or highest > 80:
            raise UserError(
                f"{where} holds infinite amounts (log1p mm/day up to {np.nanmax(log):g}); expected finite z-scores; "
                "check that mean and std belong to these data"
            )
        return np.maximum(np.expm1(log), 0.0).astype(np.float32)

    def forward(self, mm: np.ndarray, where: str = "rain") -> np.ndarray:
        """Rain (..., H, W) [mm/day] to z-scores, float32; NaN stays NaN, a constant cell at its constant is 0.

        Raises:
            UserError: rain at a cell that has no statistics, or whose std is 0 and constant another: z cannot hold it.
        """
        log = np.log1p(np.asarray(mm, dtype=np.float64))
        finite = np.isfinite(log)
        at_constant = self.constant & (np.abs(log - self.mean) <= 1e-5 * (1 + np.abs(self.mean)))
        lost = finite & ~self.known & ~at_constant
        if lost.any():
            raise UserError(
                f"{where} has {int(lost.sum())} values in cells whose std is 0 or unknown, where z cannot hold them; "
                "expected the training constant or NaN; mask these cells or give statistics with a positive std"
            )
        with np.errstate(divide="ignore", invalid="ignore"):
            z = (log - self.mean) / self.std
        z = np.where(self.known, z, np.where(finite & at_constant, 0.0, np.nan))
        return z.astype(np.float32)
