"""The number format of the reference's files: safe reading of .npy and JSON, and rain as z-scores of log1p mm/day."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from rainsmith.base.errors import UserError

CHUNK_DAYS = 64
"""[days] Days converted at once; this bounds the memory that is needed beside the result."""


def load_array(path: Path, shape: tuple[int, ...] | None = None, *, mmap: bool = False) -> np.ndarray:
    """Read a .npy file of real numbers, or map it into memory.

    Args:
        path: the file.
        shape: the only shape that is accepted; None accepts any.
        mmap: True leaves the values on disk until they are used.

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
        content = values.dtype if isinstance(values, np.ndarray) else type(values).__name__
        raise UserError(f"{path} holds {content}; expected one array of real numbers; write it again")
    if shape is not None and values.shape != shape:
        raise wrong_shape(path, values.shape, str(shape))
    return values


def load_map(path: Path, shape: tuple[int, ...]) -> np.ndarray:
    """Read a map that is stored as (H, W) or (1, H, W).

    Args:
        path: the .npy file.
        shape: (H, W).

    Returns:
        float32 (H, W); values that are not finite become 0.

    Raises:
        UserError: the file is missing, damaged or of another shape.
    """
    values = load_array(path)
    if values.shape not in (shape, (1, *shape)):
        raise wrong_shape(path, values.shape, f"{shape} or {(1, *shape)}")
    return np.nan_to_num(values.reshape(shape).astype(np.float32), posinf=0.0, neginf=0.0)


def wrong_shape(path: Path, shape: tuple[int, ...], expected: str) -> UserError:
    """The error for an array of an unexpected shape."""
    return UserError(f"{path} has shape {shape}; expected {expected}; check the file or see docs/legacy.md")


@dataclass(frozen=True)
class Statistics:
    """Mean and standard deviation of log1p mm/day by which rain was normalised.

    They are used without a floor. A cell with std 0 was constant in training; z says nothing about its rain, so it is
    NaN there.

    Attributes:
        mean: (H, W).
        std: (H, W).
    """

    mean: np.ndarray
    std: np.ndarray

    @classmethod
    def of(cls, mean: np.ndarray, std: np.ndarray, shape: tuple[int, ...], where: str = "the statistics") -> Statistics:
        """Make statistics from two maps or two single values.

        Args:
            mean: (H, W), (1, H, W) or one value.
            std: (H, W), (1, H, W) or one value, not negative.
            shape: (H, W) of the rain.
            where: what to call them in error messages.

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
        """Cells whose rain can be read from z, which have a finite mean and a positive std: bool (H, W)."""
        return np.isfinite(self.mean) & np.isfinite(self.std) & (self.std > 0)

    @property
    def constant(self) -> np.ndarray:
        """Cells with std 0: bool (H, W)."""
        return np.isfinite(self.mean) & (self.std == 0)

    def inverse(self, z: np.ndarray, where: str = "normalised rain") -> np.ndarray:
        """Convert normalised rain to mm/day.

        Args:
            z: (..., H, W) z-scores of log1p mm/day.
            where: what to call it in error messages.

        Returns:
            float32 [mm/day] of the same shape, clipped at 0; NaN where z is NaN or the cell is not ``known``.

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
        """Normalise rain.

        Args:
            mm: (..., H, W) rain [mm/day].
            where: what to call it in error messages.

        Returns:
            float32 z-scores of log1p mm/day, same shape. NaN stays NaN; a cell with std 0 that holds its constant is 0.

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
