"""BUFR messages of a file, checked by their own bytes before a C library sees them.

ecCodes trusts the lengths, counts and descriptors that a message states: a flipped bit in them can make it abort the
process. Source: WMO FM 94 BUFR, editions 3 and 4, sections 0 to 5.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from ibf_pipeline.errors import FileDamaged, InputInvalid

_MARK, _END = b"BUFR", b"7777"
_INDICATOR: Final = 8
"""bytes of section 0: the mark, the length of the whole message in bytes 5..7, the edition in byte 8"""
_OPTIONAL_SECTION: Final = {3: 7, 4: 9}
"""by edition: place of the byte in section 1 whose first bit says whether there is a section 2"""
_LONGEST_HEADING: Final = 80
"""bytes between messages: the heading and the end of a bulletin of the WMO's network"""
_MOST_MEMBERS: Final = 500
CYCLONE_TRACK: Final = (316082,)
"""the WMO's template of forecast tropical cyclone tracks"""
_WRITTEN_OUT: Final = (
    1033, 1034, 1032, 1025, 1027, 1090, 1091, 1092, 301011, 301012, 8005, 301023, 8005, 301023, 10051, 8005, 301023,
    11012, 107003, 19003, 105004, 5021, 5021, 201131, 19004, 201000, 116000, 31001, 8021, 4024, 8005, 301023, 10051,
    8005, 301023, 11012, 107003, 19003, 105004, 5021, 5021, 201131, 19004, 201000,
)  # fmt: skip
"""the same, before it had a number: until 2020"""


def read_bufr_messages(file: Path) -> Iterator[bytes]:
    """The messages of a file, one behind the other, each a whole cyclone track.

    Bulletin headings around them are passed over. Raises FileDamaged if the file is empty, cut off or holds
    anything else, InputInvalid if a message is BUFR of something else than cyclone tracks.
    """
    if not file.is_file():
        raise InputInvalid("there is no such file", where=file, expected=_EXPECTED, remedy="fetch it again")
    content = file.read_bytes()
    place = number = 0
    while (start := content.find(_MARK, place, place + _LONGEST_HEADING + len(_MARK))) >= 0:
        number += 1
        message = content[start : start + _unsigned(content, start + 4, 3)]
        if (problem := _problem(message)) is not None:
            raise _damaged(file, f"message {number} {problem}")
        _require_cyclone(message, file, number)
        yield message
        place = start + len(message)
    if number == 0 or len(content) - place > _LONGEST_HEADING or not _is_text(content[place:]):
        after = f"something else than BUFR after message {number}" if number else "this is not a BUFR file"
        raise _damaged(file, after if content else "the file is empty")


_EXPECTED: Final = "a whole BUFR file of cyclone tracks"


def _damaged(file: Path, found: str) -> FileDamaged:
    return FileDamaged(
        found, where=file, expected=_EXPECTED, remedy="it is damaged or was cut off: delete it and fetch it again"
    )


def _problem(message: bytes) -> str | None:
    if len(message) < _INDICATOR + 4 * len(_END) or not message.endswith(_END):
        return "is cut off, or does not end where it says"
    edition = message[7]
    if edition not in _OPTIONAL_SECTION:
        return f"is of BUFR edition {edition}"
    place = _INDICATOR
    flagged = message[place + _OPTIONAL_SECTION[edition]] & 0x80
    for section in (1, 2, 3, 4) if flagged else (1, 3, 4):
        length = _unsigned(message, place, 3)
        if length < 4 or place + length > len(message) - len(_END):
            return f"has a section {section} of {length} bytes at byte {place}, which cannot be"
        place += length
    if place != len(message) - len(_END):
        return f"has {len(message) - len(_END) - place} bytes that belong to no section"
    members = _unsigned(message, _description(message) + 4, 2)
    return None if 0 < members <= _MOST_MEMBERS else f"has {members} subsets"


def _description(message: bytes) -> int:
    """Where section 3 begins: it says how many subsets there are and of what."""
    place = _INDICATOR + _unsigned(message, _INDICATOR, 3)
    flagged = message[_INDICATOR + _OPTIONAL_SECTION[message[7]]] & 0x80
    return place + (_unsigned(message, place, 3) if flagged else 0)


def _require_cyclone(message: bytes, file: Path, number: int) -> None:
    place = _description(message)
    codes = [_unsigned(message, at, 2) for at in range(place + 7, place + _unsigned(message, place, 3) - 1, 2)]
    found = tuple((code >> 14) * 100_000 + (code >> 8 & 0x3F) * 1000 + (code & 0xFF) for code in codes)
    if found not in (CYCLONE_TRACK, _WRITTEN_OUT):
        raise InputInvalid(
            f"message {number} is BUFR of something else (its descriptors begin with {found[:3]})",
            where=file,
            expected="forecast tropical cyclone tracks, the WMO's template 3-16-082",
            remedy="remove the file, or fetch it again where it should hold tracks",
        )


def _is_text(content: bytes) -> bool:
    """Whether it may be the end of a bulletin."""
    return all(byte < 0x7F for byte in content)


def _unsigned(content: bytes, place: int, length: int) -> int:
    return int.from_bytes(content[place : place + length], "big")
