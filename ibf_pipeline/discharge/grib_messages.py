"""GRIB2 messages of a file, checked by their own bytes before a C library sees them.

ecCodes trusts the lengths and counts that a message states: one flipped bit in them makes it allocate gigabytes, abort
the process or read beyond the message. Source: WMO FM 92 GRIB edition 2, sections 0, 3, 5, 6 and 8.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from ibf_pipeline.errors import InputInvalid

_MARK, _END = b"GRIB", b"7777"
_OTHER_EDITION: Final = "is of GRIB edition"
_INDICATOR: Final = 16
"""bytes of section 0: the mark, the edition in byte 8, the length of the whole message in bytes 9..16"""
_ORDER: Final = {1: (2, 3), 2: (3,), 3: (4,), 4: (5,), 5: (6,), 6: (7,), 7: ()}
"""which section may follow which; a message with several fields is not what GloFAS is delivered in"""
_SHORTEST: Final = {1: 21, 2: 5, 3: 72, 4: 34, 5: 11, 6: 6, 7: 5}
"""bytes of each section"""
_MOST_POINTS: Final = 50_000_000
"""the whole globe in GloFAS cells has 26 million"""


def read_grib_messages(file: Path) -> Iterator[bytes]:
    """The messages of a file, one behind the other; InputInvalid if there is anything else, or one is damaged."""
    size = file.stat().st_size
    with file.open("rb") as stream:
        number = 0
        while indicator := stream.read(_INDICATOR):
            number += 1
            length = int.from_bytes(indicator[8:16], "big")
            problem = _indicator_problem(indicator, length, size - stream.tell())
            if problem is None:
                message = indicator + stream.read(length - _INDICATOR)
                problem = _section_problem(message)
            if problem is not None:
                raise InputInvalid(
                    f"message {number} {problem}",
                    where=file,
                    expected="a whole GRIB2 file",
                    remedy="order GRIB2, or convert it with grib_set -s edition=2"
                    if problem.startswith(_OTHER_EDITION)
                    else "it is damaged or was cut off: delete it and fetch it again",
                )
            yield message


def _indicator_problem(indicator: bytes, length: int, left: int) -> str | None:
    if not indicator.startswith(_MARK) or len(indicator) < _INDICATOR:
        return f"does not begin with {_MARK.decode()}"
    if indicator[7] != 2:
        return f"{_OTHER_EDITION} {indicator[7]}"
    if not _INDICATOR + len(_END) <= length <= _INDICATOR + left:
        return f"of {length} bytes goes beyond the end of the file"
    return None


def _section_problem(message: bytes) -> str | None:
    if not message.endswith(_END):
        return f"does not end with {_END.decode()}"
    sections: dict[int, bytes] = {}
    place = _INDICATOR
    allowed: tuple[int, ...] = (1,)
    end = len(message) - len(_END)
    while place < end:
        length, number = _unsigned(message, place, 4), message[min(place + 4, end)]
        if number not in allowed or length < _SHORTEST[number] or place + length > end:
            return f"has a section {number} of {length} bytes at byte {place}, which cannot be"
        sections[number] = message[place : place + length]
        place, allowed = place + length, _ORDER[number]
    if allowed:
        return f"ends without its section {allowed[0]}"
    return _count_problem(sections[3], sections[5], sections[6], sections[7])


def _count_problem(grid: bytes, representation: bytes, bitmap: bytes, data: bytes) -> str | None:
    """Whether points of the grid (section 3), values (5), bitmap (6) and packed data (7) fit each other."""
    points, columns, rows = _unsigned(grid, 6, 4), _unsigned(grid, 30, 4), _unsigned(grid, 34, 4)
    if _unsigned(grid, 12, 2) != 0 or grid[10] != 0:
        return f"is on a grid of template {_unsigned(grid, 12, 2)}, not on regular latitudes and longitudes"
    if points != columns * rows or not 0 < points <= _MOST_POINTS:
        return f"has {columns} x {rows} points and says {points}"
    values = _unsigned(representation, 5, 4)
    present = points
    if bitmap[5] == 0:
        if len(bitmap) - 6 < (points + 7) // 8:
            return f"has a bitmap of {len(bitmap) - 6} bytes for {points} points"
        bits = int.from_bytes(bitmap[6 : 6 + (points + 7) // 8], "big") >> (-points % 8)
        present = bits.bit_count()
    elif bitmap[5] != 255:
        return f"has a bitmap of the unknown kind {bitmap[5]}"
    if values != present:
        return f"has {values} values for {present} points"
    if _unsigned(representation, 9, 2) == 0 and 8 * (len(data) - 5) < values * representation[19]:
        return f"has {len(data) - 5} bytes for {values} values of {representation[19]} bits"
    return None


def _unsigned(content: bytes, place: int, length: int) -> int:
    return int.from_bytes(content[place : place + length], "big")
