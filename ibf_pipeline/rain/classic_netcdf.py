"""Whether a classic netCDF file is whole: the library reads 0 where the end of one is missing, and says nothing.

Source: NetCDF classic format specification (Unidata), versions 1 (classic), 2 (64-bit offset) and 5 (64-bit data).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

_BYTES: Final = {1: 1, 2: 1, 3: 2, 4: 4, 5: 4, 6: 8, 7: 1, 8: 2, 9: 4, 10: 8, 11: 8}
"""of one value, by nc_type"""


@dataclass(frozen=True, slots=True)
class _Variable:
    begin: int
    size: int
    """bytes, of one record where it has records"""
    has_records: bool


def bytes_missing(file: Path) -> int:
    """How many bytes a classic netCDF file lacks at its end; 0 of a whole one. ValueError if the header is none."""
    with file.open("rb") as stream:
        header = _Header(stream)
        records = header.number()
        lengths = header.dimensions()
        header.skip_attributes()
        variables = header.variables(lengths)
    if records == header.largest:
        raise ValueError("it does not say how many records it has")
    of_records = [variable for variable in variables if variable.has_records]
    padded = [math.ceil(variable.size / 4) * 4 for variable in of_records]
    record = sum(padded) if len(of_records) > 1 else sum(variable.size for variable in of_records)
    ends = [variable.begin + variable.size for variable in variables if not variable.has_records]
    ends += [variable.begin + (records - 1) * record + variable.size for variable in of_records if records]
    return max(0, max(ends, default=0) - file.stat().st_size)


class _Header:
    """Reads the header of a file, from its magic number on."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        magic = stream.read(4)
        if magic[:3] != b"CDF" or magic[3] not in (1, 2, 5):
            raise ValueError("it has no header of a classic netCDF file")
        self._wide, self._far = magic[3] == 5, magic[3] > 1
        self.largest = 2 ** (64 if self._wide else 32) - 1

    def _read(self, count: int) -> int:
        content = self._stream.read(count)
        if len(content) < count:
            raise ValueError("its header was cut off")
        return int.from_bytes(content, "big")

    def number(self) -> int:
        return self._read(8 if self._wide else 4)

    def _skip(self, count: int) -> None:
        self._stream.seek(math.ceil(count / 4) * 4, 1)

    def _entries(self) -> range:
        self._read(4)  # a tag, or 0 of an empty list
        return range(self.number())

    def dimensions(self) -> list[int]:
        """Their lengths; 0 is that of the records."""
        lengths = []
        for _ in self._entries():
            self._skip(self.number())
            lengths.append(self.number())
        return lengths

    def skip_attributes(self) -> None:
        for _ in self._entries():
            self._skip(self.number())
            kind = self._read(4)
            self._skip(self.number() * _BYTES[kind])

    def variables(self, lengths: list[int]) -> list[_Variable]:
        found = []
        for _ in self._entries():
            self._skip(self.number())
            shape = [lengths[self.number()] for _ in range(self.number())]
            self.skip_attributes()
            value = _BYTES[self._read(4)]
            self.number()  # its size, which is not to be relied on above 4 GB
            has_records = bool(shape) and shape[0] == 0
            size = math.prod(shape[1:] if has_records else shape) * value
            found.append(_Variable(self._read(8 if self._far else 4), size, has_records))
        return found
