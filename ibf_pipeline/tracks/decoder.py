"""One storm's BUFR message, read by rank.

In a compressed message a key without its rank (`latitude`) gives the values of all ranks behind each other, and those
that are the same for every member once: whoever pairs them by position mixes members. So each is asked for by its rank
(`#4#latitude`) and repeated where it came once. Source: template 3-16-082 of the WMO's manual on codes, and ECMWF's
messages since 2020. Of n steps it holds

    latitude, longitude   1: where the storm was seen; 2, 3: centre and place of the largest wind of the analysis;
                          2k + 2, 2k + 3: the same of step k = 1..n
    pressure, wind        1: of the analysis; k + 1: of step k
    radius                twelve of the analysis, then twelve a step: four sectors of each of three speeds
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import eccodes
import numpy as np
import numpy.typing as npt

from ibf_pipeline.errors import FileDamaged, InputInvalid
from ibf_pipeline.tracks.storm_message import Floats, StormMessage

LATITUDE: Final = "latitude"
LONGITUDE: Final = "longitude"
PRESSURE: Final = "pressureReducedToMeanSeaLevel"
WIND: Final = "windSpeedAt10M"
STEP: Final = "timePeriod"
PLACE: Final = "meteorologicalAttributeSignificance"
SPEED: Final = "windSpeedThreshold"
BEARING: Final = "bearingOrAzimuth"
RADIUS: Final = "effectiveRadiusWithRespectToWindSpeedsAboveThreshold"
_STEPS: Final = "delayedDescriptorReplicationFactor"
SPEEDS: Final = (18, 26, 33)
"""m/s, as the message rounds 34, 50 and 64 knots"""
BEARINGS: Final = (0, 90, 90, 180, 180, 270, 270, 0)
"""degrees, from and to, of the quadrants NE, SE, SW, NW"""
SEEN, CENTRE_PERTURBED, CENTRE, STRONGEST = 1, 4, 5, 3
"""what a position is of, code table 0 08 005; the centre of a step is 1, too"""
_MISSING: Final = -1e99
"""ecCodes has -1e100 for what is missing"""


def decode(content: bytes, file: Path) -> StormMessage:
    """The storm of a message of `read_bufr_messages`; InputInvalid if its numbers are laid out otherwise.

    `file`: for errors alone.
    """
    with _unpacked(content) as handle:
        ranks = _Ranks(handle, file)
        lat, lon = (np.round(ranks.values(key, 3, 2), 2) for key in (LATITUDE, LONGITUDE))
        lon = np.where(lon >= 180, np.round(lon - 360, 2), lon)
        _require_places(ranks.values(PLACE, 3, 2), file)
        step = np.concatenate([np.zeros((ranks.members, 1)), ranks.values(STEP, 0, 1)], axis=1)
        return StormMessage(
            file=file,
            centre=int(eccodes.codes_get(handle, "bufrHeaderCentre")),
            identifier=_text(handle, "stormIdentifier"),
            name=_text(handle, "longStormName"),
            cycle=_cycle(handle, ranks, file),
            member=ranks.of_each("ensembleMemberNumber"),
            forecast_type=ranks.of_each("ensembleForecastType"),
            step=step,
            observed=(_one(lat[:, 0], file), _one(lon[:, 0], file)),
            lat=lat[:, 1::2],
            lon=lon[:, 1::2],
            pressure=np.round(ranks.values(PRESSURE, 1, 1) / 100, 1),
            wind=np.round(ranks.values(WIND, 1, 1), 1),
            wind_lat=lat[:, 2::2],
            wind_lon=lon[:, 2::2],
            radius=_radius(ranks, file),
        )


@contextmanager
def _unpacked(content: bytes) -> Iterator[int]:
    handle = eccodes.codes_new_from_message(content)
    try:
        eccodes.codes_set(handle, "unpack", 1)
        yield handle
    finally:
        eccodes.codes_release(handle)


class _Ranks:
    """Values of an unpacked message by rank."""

    def __init__(self, handle: int, file: Path) -> None:
        self._handle, self._file = handle, file
        self.members = int(eccodes.codes_get(handle, "numberOfSubsets"))
        self._compressed = bool(eccodes.codes_get(handle, "compressedData"))
        self._steps = self._flat(_STEPS).astype(int)
        """of each member; of a compressed message once"""
        if len(self._steps) not in ({1} if self._compressed else {self.members}) or (self._steps < 0).any():
            raise _laid_out(f"{len(self._steps)} numbers of steps for {self.members} members", file)

    def values(self, key: str, of_analysis: int, of_step: int) -> Floats:
        """(member, rank): those of the analysis, then those of each step."""
        if not self._compressed:
            return self._uncompressed(key, of_analysis, of_step)
        values = np.empty((self.members, of_analysis + of_step * int(self._steps[0])))
        for rank in range(values.shape[1]):
            values[:, rank] = self._all(f"#{rank + 1}#{key}")
        return values

    def of_each(self, key: str) -> Floats:
        """(member), of a key that stands once in a member."""
        if self._compressed:
            return self._all(key)
        return np.concatenate([self._flat(f"/subsetNumber={each + 1}/{key}")[:1] for each in range(self.members)])

    def _uncompressed(self, key: str, of_analysis: int, of_step: int) -> Floats:
        values = np.full((self.members, of_analysis + of_step * int(self._steps.max())), np.nan)
        for member, steps in enumerate(self._steps.tolist()):
            if wanted := of_analysis + of_step * steps:
                found = self._flat(f"/subsetNumber={member + 1}/{key}")
                if len(found) != wanted:
                    raise _laid_out(f"{len(found)} values of {key} in place of {wanted}", self._file)
                values[member, :wanted] = found
        return values

    def _all(self, key: str) -> Floats:
        found = self._flat(key)
        if len(found) not in (1, self.members):
            raise _laid_out(f"{len(found)} values of {key} for {self.members} members", self._file)
        return np.broadcast_to(found, self.members)

    def _flat(self, key: str) -> Floats:
        found = np.asarray(eccodes.codes_get_array(self._handle, key, float), dtype=np.float64)
        return np.where(found < _MISSING, np.nan, found)


def _radius(ranks: _Ranks, file: Path) -> Floats:
    shape = (ranks.members, -1, len(SPEEDS), len(BEARINGS) // 2)
    _require(ranks.values(SPEED, 3, 3).reshape(shape[:3]), np.array(SPEEDS), "radii of winds of", file)
    bearings = ranks.values(BEARING, 24, 24).reshape(*shape[:3], len(BEARINGS))
    _require(bearings, np.array(BEARINGS), "radii in sectors of", file)
    return np.round(ranks.values(RADIUS, 12, 12).reshape(shape) / 1000, 1)


def _require_places(found: Floats, file: Path) -> None:
    """The rank scheme holds: seen, analysed centre, strongest wind; then centre and strongest wind of each step."""
    _require(found[:, :1], np.array([SEEN]), "first a position of kind", file)
    _require(np.where(found[:, 1:2] == CENTRE, CENTRE_PERTURBED, found[:, 1:2]), np.array([CENTRE_PERTURBED]),
             "as the analysed centre a position of kind", file)  # fmt: skip
    _require(found[:, 2::2], np.array(STRONGEST), "as the place of the largest wind a position of kind", file)
    _require(found[:, 3::2], np.array(SEEN), "as a forecast centre a position of kind", file)


def _require(found: Floats, wanted: npt.NDArray[np.int64], words: str, file: Path) -> None:
    """What is there is as wanted; what is missing belongs to a member without the storm."""
    other = np.isfinite(found) & (found != wanted)
    if other.any():
        raise _laid_out(f"{words} {found[other][0]:g}", file)


def _cycle(handle: int, ranks: _Ranks, file: Path) -> datetime:
    """Of the message's head and of its body, which must agree."""
    parts = [_one(ranks.of_each(key), file) for key in ("year", "month", "day", "hour", "minute")]
    head = [eccodes.codes_get(handle, f"typical{key}") for key in ("Year", "Month", "Day", "Hour", "Minute")]
    try:
        cycle = datetime(*(int(part) for part in parts), tzinfo=UTC)  # type: ignore[misc, arg-type]
    except ValueError:
        raise _laid_out(f"a cycle of {parts}", file) from None
    if parts != [int(part) for part in head] or cycle.minute:
        raise _laid_out(f"a cycle of {cycle:%Y-%m-%d %H:%M} UTC, by its head of {head}", file)
    return cycle


def _one(values: Floats, file: Path) -> float:
    """What is the same for all members; NaN where it is missing."""
    found = np.unique(values[np.isfinite(values)])
    if len(found) > 1:
        raise _laid_out(f"members that do not agree: {found[0]:g} and {found[1]:g}", file)
    return float(found[0]) if len(found) else float("nan")


def _text(handle: int, key: str) -> str:
    found = {str(each).strip() for each in eccodes.codes_get_string_array(handle, key)}
    return found.pop() if len(found) == 1 else ""


def _laid_out(found: str, file: Path) -> InputInvalid:
    return FileDamaged(
        found,
        where=file,
        expected="cyclone tracks as ECMWF writes them, template 3-16-082",
        remedy="it is damaged: delete it and fetch it again; if it stays, its layout has changed and the reader must "
        "learn it",
    )
