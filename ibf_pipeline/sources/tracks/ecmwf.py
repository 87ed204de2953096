"""Cyclone tracks of ECMWF's open data, without an account: the file of the ensemble and that of the single run.

The library `ecmwf-opendata` knows where they lie, whatever their streams were called at the time; they are fetched with
our own client (see `sources/rain/ecmwf.py`). Their names have a length in hours: that of the ensemble, and of older
cycles another one. There is a file only if there is a cyclone: that none is found proves nothing
before the cycle is finished.
Source: ECMWF, open data ("tropical cyclone tracks products are only available when there are tropical cyclones observed
or forecast") and Implementation of IFS Cycle 50r1; rule 2 of docs/design/typhoon.md.
"""

from __future__ import annotations

import email.utils
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from ibf_pipeline.domain.issue_time import IssueTime
from ibf_pipeline.errors import InputInvalid, InputMissing
from ibf_pipeline.io.download import download
from ibf_pipeline.io.http import Client
from ibf_pipeline.io.http_errors import Gone
from ibf_pipeline.io.retry_policy import retry_call
from ibf_pipeline.sources.cache import InputCache
from ibf_pipeline.sources.rain.ecmwf import OpenDataClient, open_data_client
from ibf_pipeline.sources.tracks.cycles import CycleFiles, Reading, cycle_text, require_delivered
from ibf_pipeline.sources.tracks.source import TrackDelivery

log = logging.getLogger(__name__)

_LICENCE: Final = "ECMWF open data, CC BY 4.0"
_STREAMS: Final = {"enfo": "ensemble", "oper": "single run"}
"""as the archive calls them"""
_STEPS: Final = {0: (360, 240), 6: (144, 240, 90), 12: (360, 240), 18: (144, 240, 90)}
"""hour of a cycle -> hours in the names of its files: today's, which is the last step of its ensemble, and those of
older cycles"""
_SETTLED: Final = timedelta(hours=1)
"""after the last step of the ensemble is listed: tracks are made of it, and may be listed behind it"""


@dataclass(frozen=True, slots=True)
class EcmwfTracks:
    """ECMWF's open data as a source of cyclone tracks."""

    name: str
    client: Client
    """of ECMWF, which keeps cycles for four days, or of a mirror"""
    cache: InputCache
    reading: Reading

    def cycle(self, issue_time: IssueTime) -> TrackDelivery:
        """As `TrackSource` says. A whole cycle is asked for once; no cyclone is an answer only if neither file is
        there an hour after the last step of the ensemble was listed."""
        began, address = issue_time.start, self.client.server.base
        with self.cache.held(self.name, began.date()) as folder:
            files = CycleFiles.noted(folder, began)
            if files is None:
                files = self._fetched(folder, began)
            given = self.reading.noted(files, began, address)
        return TrackDelivery(given.tracks, given.notes, {**given.origin, "licence": _LICENCE}, given.files)

    def _fetched(self, folder: Path, began: datetime) -> CycleFiles:
        found = {stream: self._file(folder, began, stream) for stream in _STREAMS}
        there = dict(each for each in found.values() if each is not None)
        lacking = [words for stream, words in _STREAMS.items() if found[stream] is None]
        if not lacking:
            return CycleFiles.of(folder, there, {})
        finished = self._finished(began, lacking)
        said = f"{self.name}: the cycle of {cycle_text(began)} is finished, without tracks of the {lacking[0]}"
        return CycleFiles.of(folder, there, finished, (said,) if there else ())

    def _file(self, folder: Path, began: datetime, stream: str) -> tuple[Path, str] | None:
        """A file and its address, fetched if it was not before; None if the archive has none."""
        for url in self._addresses(began, stream):
            target = folder / f"{began:%Y%m%d%H}" / url.rpartition("/")[2]
            if not target.is_file():
                try:
                    download(self.client, url, target)
                except Gone:
                    continue
                log.info("ECMWF of %s: tracks of the %s are fetched", cycle_text(began), _STREAMS[stream])
            try:
                require_delivered(target, url)
            except (InputInvalid, InputMissing):
                target.unlink()
                raise
            return target, url
        return None

    def _addresses(self, began: datetime, stream: str) -> Iterator[str]:
        for step in _STEPS[began.hour]:
            yield _address(open_data_client(self.client), began, stream, "tf", step)

    def _finished(self, began: datetime, lacking: list[str]) -> dict[str, str]:
        """What shows that nothing more of a cycle is to come; InputMissing as long as nothing does."""
        last = _STEPS[began.hour][0]
        index = _address(open_data_client(self.client), began, "enfo", "pf", last).rpartition(".")[0] + ".index"
        try:
            with retry_call(lambda: self.client.open(index, {}, "HEAD"), self.client.retry_policy) as answer:
                listed, now = (_moment(answer.headers.get(key, "")) for key in ("Last-Modified", "Date"))
        except Gone:
            raise _not_yet(began, lacking, index, f"step {last} of its ensemble is not listed yet") from None
        if listed is None or now is None:
            raise _not_yet(began, lacking, index, f"since when step {last} of its ensemble is listed is not told")
        if now - listed < _SETTLED:
            minutes = int((now - listed) / timedelta(minutes=1))
            why = f"the last step of its ensemble is listed for {minutes} minutes: they may still come"
            raise _not_yet(began, lacking, index, why)
        return {"listed": index, "since": f"{listed:%Y-%m-%dT%H:%M:%SZ}", "asked": f"{now:%Y-%m-%dT%H:%M:%SZ}"}


def _address(library: OpenDataClient, began: datetime, stream: str, kind: str, step: int) -> str:
    answer = library.download(date=f"{began:%Y%m%d}", time=began.hour, stream=stream, type=kind, step=step)
    (url,) = answer.urls
    return str(url)


def _moment(header: str) -> datetime | None:
    try:
        return email.utils.parsedate_to_datetime(header)
    except (ValueError, TypeError):
        return None


def _not_yet(began: datetime, lacking: list[str], where: str, why: str) -> InputMissing:
    return InputMissing(
        f"no tracks of the {' and the '.join(lacking)} of {cycle_text(began)}, and {why}",
        where=where,
        expected="the file, or a cycle that is finished without it: an hour after its last step was listed",
        remedy="run again later: tracks are there 7 to 9 hours after the cycle began",
    )
