"""Cyclone tracks in files of a place that can be listed: a folder, an object store, ECMWF's file server.

A cycle may come as one file or as one a storm, so a list can be half of it: it is used once the file that ends every
cycle lies beside the tracks, or nothing was delivered for a while. That there is no cyclone says an empty file that an
operator puts there, or the one that ends every cycle; an empty list proves nothing (rule 2 of docs/design/typhoon.md).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from ibf_pipeline.domain.issue_time import IssueTime
from ibf_pipeline.errors import InputInvalid, InputMissing, ServerUnreachable
from ibf_pipeline.sources.file_locations import FileLocation, UrlLocation
from ibf_pipeline.sources.tracks.cycles import CycleFiles, Reading, cycle_text, require_delivered
from ibf_pipeline.sources.tracks.source import TrackDelivery

NO_CYCLONES: Final = "no-cyclones"
"""name of the empty file that says that a cycle has none; `-<YYYYMMDDHH>` behind it if a folder holds several"""
_EVERY: Final = timedelta(hours=6)


class _NothingThere(InputMissing):
    """A place has nothing of a cycle: no tracks, and nothing that says that there are none."""


@dataclass(frozen=True, slots=True)
class FilesTracks:
    """A source of cyclone tracks in files."""

    name: str
    place: FileLocation
    folder: str
    """of a cycle, below the place, of strftime"""
    files: tuple[str, ...]
    """names in it, of strftime and with wildcards: the files of a cycle are those of any of them"""
    finished: str
    """the same of what ends every cycle, with a cyclone or without; empty: nothing does"""
    settled: timedelta
    """on a file server: tracks are all there when the newest of them is so old; 0: at once"""
    reading: Reading
    clock: Callable[[], datetime] = field(repr=False)
    """now, UTC"""

    def cycle(self, issue_time: IssueTime) -> TrackDelivery:
        """As `TrackSource` says; if the place has nothing of a cycle any more, or is unreachable, its tracks as
        they were fetched before. That it had none is asked again: who said so may have taken it back."""
        began, said = issue_time.start, tuple[str, ...]()
        try:
            files = self._found(began)
        except (_NothingThere, ServerUnreachable) as error:
            kept = self._kept(began)
            if kept is None or not kept.delivered:
                raise
            files, said = kept, (f"{self.name}: the tracks were fetched before, and are not there now: {error.found}",)
        finally:
            self.place.close()
        given = self._given(files, began)
        return replace(given, notes=(*given.notes, *said))

    def _given(self, files: CycleFiles, began: datetime) -> TrackDelivery:
        """What was fetched over a network is noted; what of it cannot be used is fetched anew next time."""
        if not isinstance(self.place, UrlLocation):
            return self.reading.given(files, began, self.place.address)
        with self.place.cache.held(self.name, began.date()):
            return self.reading.noted(files, began, self.place.address)

    def _found(self, began: datetime) -> CycleFiles:
        """What the place has of a cycle; InputMissing if that is nothing, or maybe not all."""
        none = self._listed(began, self._says_none(began))
        ends = self._listed(began, self.finished) if self.finished else []
        every = {name for pattern in self.files for name in self._listed(began, pattern)}
        names = sorted(every - {*none, *ends})
        misnamed = next((name for name in names if name.lower().startswith(NO_CYCLONES)), None)
        if misnamed is not None:
            raise InputInvalid(
                f"{misnamed} says nothing under this name",
                where=self._where(began),
                expected=f"{began.strftime(self._says_none(began))}, in small letters and without an ending",
                remedy="rename it if the cycle has no cyclone, else delete it",
            )
        if names and none:
            raise InputInvalid(
                f"{none[0]} beside tracks of {cycle_text(began)}: {names[0]}",
                where=self._where(began),
                expected="one of the two",
                remedy=f"delete {none[0]} if there is a cyclone",
            )
        if not names and not none and not ends:
            raise self._missing(began, "no tracks", "tracks, or what shows that there is no cyclone", _NothingThere)
        if names and not ends:
            self._require_settled(began, names)
        shown = {"listed": f"{self._where(began)}/{(none or ends)[0]}"} if none or ends else {}
        return self._fetched(began, names, shown)

    def _fetched(self, began: datetime, names: list[str], shown: Mapping[str, str]) -> CycleFiles:
        where = self._where(began)
        found = [file for name in names for file in self.place.files(began, self._path(_literal(name)))]
        if len(found) < len(names):
            raise self._missing(began, "files that are listed and cannot be fetched", "all of them")
        for file in found:
            try:
                require_delivered(file, where)
            except (InputInvalid, InputMissing):
                if isinstance(self.place, UrlLocation):
                    file.unlink()
                raise
        below = self.place.cache.day(self.name, began.date()) if isinstance(self.place, UrlLocation) else Path("/")
        return CycleFiles.of(below, {file.absolute(): f"{where}/{file.name}" for file in found}, shown)

    def _kept(self, began: datetime) -> CycleFiles | None:
        if not isinstance(self.place, UrlLocation):
            return None
        with self.place.cache.held(self.name, began.date()) as folder:
            return CycleFiles.noted(folder, began)

    def _require_settled(self, began: datetime, names: list[str]) -> None:
        """InputMissing while more files of the cycle may come."""
        if not self.settled or not isinstance(self.place, UrlLocation):
            return
        stamps = [each.stamp for name in names for each in self.place.described(began, self._path(_literal(name)))]
        try:
            newest = max(datetime.strptime(stamp[:14], "%Y%m%d%H%M%S").replace(tzinfo=UTC) for stamp in stamps)
        except ValueError:
            raise self._missing(
                began, "tracks of which nobody says when they were delivered", "a server that does, or `finished`"
            ) from None
        if self.clock() - newest < self.settled:
            minutes = self.settled / timedelta(minutes=1)
            raise self._missing(
                began,
                f"{len(names)} files of tracks, the newest delivered at {newest:%H:%M} UTC: more may come",
                f"no new one for {minutes:g} minutes (settled_minutes), or what ends a cycle (finished)",
            )

    def _says_none(self, began: datetime) -> str:
        is_shared = began.strftime(self.folder) == (began + _EVERY).strftime(self.folder)
        return f"{NO_CYCLONES}-%Y%m%d%H" if is_shared else NO_CYCLONES

    def _listed(self, began: datetime, name: str) -> list[str]:
        return self.place.names(began, self._path(name))

    def _path(self, name: str) -> str:
        return f"{self.folder}/{name}" if self.folder else name

    def _where(self, began: datetime) -> str:
        folder = began.strftime(self.folder)
        return f"{self.place.address.rstrip('/')}/{folder}" if folder else self.place.address

    def _missing(
        self, began: datetime, found: str, expected: str, kind: type[InputMissing] = InputMissing
    ) -> InputMissing:
        marker = began.strftime(self._says_none(began))
        proof = f", or put an empty file {marker} there" + ("" if self.finished else ", or name `finished`")
        return kind(
            f"{found} of {cycle_text(began)}",
            where=self._where(began),
            expected=expected,
            remedy=f"run again when they have been delivered; if there is no cyclone, wait for what ends it{proof}",
        )


def _literal(name: str) -> str:
    """A name that strftime leaves as it is."""
    return name.replace("%", "%%")
