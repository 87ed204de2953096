"""Default schedules begin some minutes apart: runs that begin at once wait for each other in the server's database."""

from __future__ import annotations

from typing import Final
from zlib import crc32

_MINUTES: Final = 15
"""within which the countries of a default schedule begin"""


def offset_schedule(cron: str, hazard: str, iso3: str) -> str:
    """A schedule that many share, for one of them: up to a quarter of an hour later, within the hour.

    The same at all times and on every machine, whichever countries there are. Other minutes than a number stay as they
    are.
    """
    minute, *others = cron.split()
    if not minute.isdecimal() or int(minute) > 59:
        return cron
    later = crc32(f"{hazard}/{iso3}".encode()) % min(_MINUTES, 60 - int(minute))
    return " ".join([str(int(minute) + later), *others])
