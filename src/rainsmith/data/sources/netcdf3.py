"""The size that a NetCDF-3 file must have: where it is cut off, the library reads zeros without a word."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

_WIDTHS = {1: 1, 2: 1, 3: 2, 4: 4, 5: 4, 6: 8, 7: 1, 8: 2, 9: 4, 10: 8, 11: 8}
"""[bytes] Widths of the types of a value, by their numbers in the format."""
_UNKNOWN = 0xFFFFFFFF
"""Number of records of a file that was still being written."""


def least_size(path: Path) -> int | None:
    """The least size [bytes] of a NetCDF-3 file by its own header; None where the file is of another format.

    The format is that of the NetCDF Users Guide, appendix "File Format Specifications" (classic, 64-bit offset and
    64-bit data).

    Args:
        path: of a file.

    Returns:
        The end of its last value; the size of the header where it has no values. A header that is cut off itself gives
        a size that is one byte more than the file has.
    """
    with path.open("rb") as file:
        if file.read(3) != b"CDF" or (version := file.read(1)[:1]) not in (b"\x01", b"\x02", b"\x05"):
            return None
        try:
            return _Header(file, version[0]).end()
        except (EOFError, KeyError, IndexError):
            return path.stat().st_size + 1


class _Header:
    """Reads a header from its fifth byte on.

    Args:
        file: at the fifth byte.
        version: 1, 2 or 5.
    """

    def __init__(self, file: BinaryIO, version: int) -> None:
        self.file = file
        self.count_width, self.offset_width = (8 if version == 5 else 4), (4 if version == 1 else 8)
        self.records = self._number(self.count_width)
        self.is_known = self.records not in (_UNKNOWN, 2**64 - 1)

    def end(self) -> int:
        """The byte after the last value."""
        lengths = [self._dimension() for _ in range(self._list_size())]
        self._skip_attributes()
        fixed_ends, records = [0], []
        for _ in range(self._list_size()):
            shape, width, begin = self._variable(lengths)
            is_record = bool(shape) and shape[0] == 0
            size = width
            for length in shape[1:] if is_record else shape:
                size *= length
            if is_record:
                records.append((begin, size))
            else:
                fixed_ends.append(begin + size)
        header = self.file.tell()
        if not records or not self.records or not self.is_known:
            return max(header, *fixed_ends)
        # a single variable of records is not padded to four bytes
        step = records[0][1] if len(records) == 1 else sum(-(-size // 4) * 4 for _, size in records)
        last = max(begin + (self.records - 1) * step + size for begin, size in records)
        return max(header, last, *fixed_ends)

    def _number(self, width: int) -> int:
        raw = self.file.read(width)
        if len(raw) < width:
            raise EOFError
        return int.from_bytes(raw, "big")

    def _list_size(self) -> int:
        self._number(4)  # the kind of list
        return self._number(self.count_width)

    def _skip(self, size: int) -> None:
        padded = -(-size // 4) * 4
        if len(self.file.read(padded)) < padded:
            raise EOFError

    def _dimension(self) -> int:
        self._skip(self._number(self.count_width))
        return self._number(self.count_width)

    def _skip_attributes(self) -> None:
        for _ in range(self._list_size()):
            self._skip(self._number(self.count_width))
            width = _WIDTHS[self._number(4)]
            self._skip(width * self._number(self.count_width))

    def _variable(self, lengths: list[int]) -> tuple[list[int], int, int]:
        """The lengths of the dimensions of a variable (0 for records), the width of a value, and where it begins."""
        self._skip(self._number(self.count_width))
        shape = [lengths[self._number(self.count_width)] for _ in range(self._number(self.count_width))]
        self._skip_attributes()
        width = _WIDTHS[self._number(4)]
        self._number(self.count_width)  # the size, which is wrong for large variables
        return shape, width, self._number(self.offset_width)
