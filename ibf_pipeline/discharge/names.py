"""What GloFAS files call things: the FTP product, EWDS GRIB and EWDS netCDF differ, and names change in a version."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from ibf_pipeline.errors import InputInvalid

VARIABLES: Final = ("dis", "dis24", "avg_dis")
COORDINATES: Final[Mapping[str, tuple[str, ...]]] = {
    "lat": ("lat", "latitude", "y"),
    "lon": ("lon", "longitude", "x"),
    "time": ("valid_time", "forecast_period", "time", "step"),
    "member": ("number", "member", "realization"),
}
_CUBIC_METRES_PER_SECOND: Final = ("m3/s", "m3 s-1", "m**3 s**-1", "m^3/s", "m3.s-1", "m3s-1", "m**3/s")


def find_coordinate(role: str, present: Iterable[str], where: object) -> str:
    """The name that a file uses for a coordinate; InputInvalid if it has none of the known ones."""
    remedy = "check that this is a GloFAS river discharge file"
    return _first(COORDINATES[role], present, f"no {role} coordinate among", where, remedy)


def find_variable(present: Iterable[str], where: object) -> str:
    """The name of the discharge variable; InputInvalid if there is none."""
    remedy = "order river discharge in the last 24 hours"
    return _first(VARIABLES, present, "no discharge among the variables", where, remedy)


def _first(known: Sequence[str], present: Iterable[str], found: str, where: object, remedy: str) -> str:
    names = list(present)
    for name in known:
        if name in names:
            return name
    found = f"{found} {', '.join(names) or 'none'}"
    raise InputInvalid(found, where=where, expected="one of " + ", ".join(known), remedy=remedy)


def check_unit(unit: object, where: object) -> None:
    """Discharge must be in m3/s; InputInvalid otherwise, also if the file names no unit."""
    if str(unit).strip() not in _CUBIC_METRES_PER_SECOND:
        raise InputInvalid(
            f"discharge is in {unit!r}" if unit else "discharge has no unit",
            where=where,
            expected="m3/s",
            remedy="use the original GloFAS product",
        )
