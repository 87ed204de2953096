"""The rain of a block: every source asked for what those before it do not have, and put together to one series."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import xarray as xr

from ibf_pipeline.domain.issue_time import IssueTime
from ibf_pipeline.domain.wording import counted
from ibf_pipeline.errors import IbfError, InputInvalid, InputMissing, ServerUnreachable
from ibf_pipeline.rain.assembly import BEFORE, HORIZON_HOURS, OLDEST_CYCLE, assemble, is_given, leading
from ibf_pipeline.rain.hourly_rain import HourlyRain
from ibf_pipeline.sources.fallback import PASSED_OVER
from ibf_pipeline.sources.rain.areal_rain import utc_minute
from ibf_pipeline.sources.rain.cycles import clip_until
from ibf_pipeline.sources.rain.quality_control import repeated_cycles, silent, stuck_sensors
from ibf_pipeline.sources.rain.source import RainAreas, RainSource, Role

log = logging.getLogger(__name__)

_RECENT: Final = 24
"""hours before the block of which at least one must have been measured somewhere"""


@dataclass(frozen=True, slots=True)
class BlockRain:
    """The rain that a block is judged by."""

    rain: xr.DataArray
    """(member, time, area) as `domain/flash_flood_layers.py` says"""
    notes: tuple[str, ...]
    """sources and cycles that could not be used, and why; hours that are missing"""
    doubts: tuple[str, ...]
    """why its numbers may be wrong although nothing failed"""
    origin: Mapping[str, Any]
    """where everything was fetched from; for the manifest"""


@dataclass(slots=True)
class _Asked:
    """What the sources of a block gave so far."""

    issue_time: IssueTime
    areas: RainAreas
    unseen: npt.NDArray[np.bool_]
    """(hour, area) hours up to the issue time that no source has given yet"""
    hours: npt.NDArray[np.datetime64]
    """their ends"""
    measured_alone: int
    """how many of them, the first ones, only measurements are asked for"""
    given: dict[Role, list[HourlyRain]] = field(default_factory=lambda: {"observed": [], "nowcast": [], "forecast": []})
    notes: list[str] = field(default_factory=list)
    passed_over: dict[str, str] = field(default_factory=dict)
    origin: dict[str, Any] = field(default_factory=dict)
    forecasts: dict[str, IbfError | None] = field(default_factory=dict)
    """source of forecasts -> why none of it leads; None if something leads, or may with its next cycle"""

    @property
    def now(self) -> datetime:
        return self.issue_time.start

    def lacks(self, role: Role) -> npt.NDArray[np.bool_]:
        """(hour,) whether an area lacks it, and sources of a role are asked for it."""
        lacking = np.array(self.unseen.any(axis=1))
        if role != "observed":
            lacking[: self.measured_alone] = False
        return lacking

    def first_unseen(self, role: Role) -> datetime:
        """From when on rain is asked for: the beginning of the first hour that an area lacks."""
        lacking = self.hours[self.lacks(role)]
        begin = (lacking[0] if len(lacking) else self.hours[-1] + np.timedelta64(1, "h")) - np.timedelta64(1, "h")
        return datetime.fromisoformat(str(begin.astype("datetime64[s]"))).replace(tzinfo=UTC)

    def ask(self, source: RainSource, last: datetime) -> None:
        """Add what a source has up to `last`; one that fails is passed over, and said."""
        try:
            found = source.hours(self.issue_time, self.areas, self.first_unseen(source.role), last)
        except PASSED_OVER as error:
            log.warning("source %s is passed over: %s", source.name, error)
            remedy = f" ({error.remedy})" if isinstance(error, InputInvalid) and error.remedy else ""
            self.notes.append(f"source {source.name} is passed over: {error.found}{remedy}")
            self.passed_over[source.name] = str(error)
            if source.role == "forecast":
                self.forecasts[source.name] = error
            return
        if source.role == "forecast":
            self.forecasts[source.name] = found.spoiled
        self.notes += found.notes
        self.origin[source.name] = dict(found.origin)
        series = [clip_until(each, self.now) for each in found.series] if source.role == "observed" else found.series
        self.given[source.role] += series
        for each in series:
            rain = each.rain.reindex(time=self.hours, area=list(self.areas.codes))
            self.unseen &= ~is_given(rain)


def rain_of_block(
    sources: Sequence[RainSource],
    issue_time: IssueTime,
    areas: RainAreas,
    *,
    longest_h: int,
    last_published: IssueTime | None = None,
    oldest_h: int = OLDEST_CYCLE,
    measured_h: int = 0,
) -> BlockRain:
    """The hourly rain of areas for a block, of all sources in their order, better ones first within a role.

    `longest_h`: the longest duration that is summed up; `last_published`: of the block that the portal shows;
    `oldest_h`: how many hours before the block the leading cycle may have begun; `measured_h`: the same as `longest_h`
    for measurements, if they are asked for further back than forecasts. Observations that are later than the
    issue time are not used, so that a past block is judged as it was.

    Raises InputMissing if no forecast leads, with what each source said, or InputInvalid if only an operator can
    change that (`_stopped`); whatever else goes wrong with a source is a note.
    """
    now = utc_minute(issue_time.start).astype("datetime64[h]")
    further = max(0, measured_h - longest_h) if any(_of("observed", sources)) else 0
    longest_h += further
    hours = np.arange(now - BEFORE - longest_h + 1, now + 1).astype("datetime64[ns]")
    asked = _Asked(issue_time, areas, np.ones((len(hours), len(areas.codes)), dtype=bool), hours, further)
    ahead = issue_time.start + timedelta(hours=HORIZON_HOURS)
    for source in _of("observed", sources):
        if asked.unseen.any():
            asked.ask(source, issue_time.start)
    doubts = list(_unmeasured(asked, sources))
    for source in _of("nowcast", sources):
        asked.ask(source, ahead)
    for source in _of("forecast", sources):
        if asked.lacks("forecast").any() or leading(issue_time, areas.codes, asked.given["forecast"], oldest_h) is None:
            asked.ask(source, ahead)
    rain = _assembled(asked, longest_h, last_published, oldest_h)
    doubts += _untold(asked, rain)
    origin = {"sources": asked.origin, "passed_over": asked.passed_over, "cycle": rain.attrs["cycle"]}
    return BlockRain(rain, (*dict.fromkeys(asked.notes), *_missing(asked)), tuple(doubts), origin)


def _of(role: Role, sources: Sequence[RainSource]) -> Iterator[RainSource]:
    return (source for source in sources if source.role == role)


def _assembled(asked: _Asked, longest_h: int, last_published: IssueTime | None, oldest_h: int) -> xr.DataArray:
    try:
        return assemble(
            asked.issue_time,
            asked.areas.codes,
            asked.given["observed"],
            asked.given["forecast"],
            nowcasts=asked.given["nowcast"],
            longest_h=longest_h,
            last_published=last_published,
            oldest_h=oldest_h,
        )
    except InputMissing as error:
        raise _stopped(asked, error) from None


def _stopped(asked: _Asked, error: InputMissing) -> InputMissing | InputInvalid:
    """Why a block has no forecast, with what each source said.

    InputInvalid if forecasts are there, none of them can be trusted, and waiting changes nothing: a wrong unit stays
    wrong. InputMissing as long as one source may still have a forecast: it has none yet, its newest cycle is too old or
    not whole, or its server is down. A server that refuses is a reason neither to wait nor, alone, to call the input
    wrong.
    """
    found = error.found + "".join(f"; {note}" for note in dict.fromkeys(asked.notes))
    said = asked.forecasts.values()
    may_come = any(each is None or isinstance(each, InputMissing | ServerUnreachable) for each in said)
    if may_come or not any(isinstance(each, InputInvalid) for each in said):
        return InputMissing(found, where=error.where, expected=error.expected, remedy=error.remedy)
    remedy = f"fix what the sources are passed over for; {error.remedy}"
    return InputInvalid(found, where=error.where, expected=error.expected, remedy=remedy)


def _unmeasured(asked: _Asked, sources: Sequence[RainSource]) -> Iterator[str]:
    """A doubt if sources of observations are listed, and nothing was measured of late."""
    names = [source.name for source in _of("observed", sources)]
    if names and asked.unseen[-_RECENT:].all():
        yield (
            f"no rain was measured in the {_RECENT} hours before the block ({', '.join(names)}): what fell is only "
            "forecast, and nothing that was expected to begin can be refuted"
        )


def _untold(asked: _Asked, rain: xr.DataArray) -> Iterator[str]:
    """A doubt of every series that repeats itself, or is silent; of observations if any of it is used."""
    used = {label for number, label in enumerate(rain.attrs["origins"]) if (rain["origin"].values == number).any()}
    for each in asked.given["observed"]:
        if each.label in used:
            yield from stuck_sensors(each)
    yield from silent(asked.given["observed"])
    yield from repeated_cycles(asked.given["forecast"])


def _missing(asked: _Asked) -> Iterator[str]:
    """A note of past hours that nobody has: their sums are lower bounds."""
    unseen = asked.unseen[asked.measured_alone :]
    areas = unseen.any(axis=0)
    if areas.any():
        hours = int(unseen.any(axis=1).sum())
        yield (
            f"rain is missing in {counted(hours, 'hour')} before the block, in {counted(int(areas.sum()), 'area')}: "
            "sums over them are lower bounds"
        )
