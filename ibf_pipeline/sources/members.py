"""Forecasts fetched file by file: members in parallel, each cut to all countries on arrival, fetched once for all."""

from __future__ import annotations

import logging
import re
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Final

from ibf_pipeline.discharge.file_format import is_grib_name
from ibf_pipeline.domain.lead_times import LEAD_TIMES
from ibf_pipeline.domain.wording import counted
from ibf_pipeline.errors import IbfError, InputInvalid, InputMissing, ServerRefused, ServerUnreachable
from ibf_pipeline.io.http_errors import NoAnswer
from ibf_pipeline.io.retry_policy import RetryPolicy
from ibf_pipeline.sources.cache import InputCache
from ibf_pipeline.sources.cache_folder import CacheFolder, Record
from ibf_pipeline.sources.ingestion import DayIngestion
from ibf_pipeline.sources.input_revision import InputRevision, changed_files
from ibf_pipeline.sources.lat_lon_box import LatLonBox
from ibf_pipeline.sources.progress import made_progress
from ibf_pipeline.sources.remote import RemoteFile, RemoteFolder, list_names
from ibf_pipeline.sources.shared_days import RAW
from ibf_pipeline.sources.source import ForecastFiles, no_other_source, require_one_kind, shorten_names
from ibf_pipeline.sources.threads import in_this_context

log = logging.getLogger(__name__)

_WHOLE: Final = "all-countries"
"""folder of GRIB2 files, which are not cut"""
_ROUNDS: Final = 4
"""so often the day is fetched and compared with the server, until nothing changed meanwhile"""
_FAILED = (InputMissing, InputInvalid, ServerRefused, ServerUnreachable)


@dataclass(frozen=True, slots=True)
class MemberSource:
    """Forecast files of a server, for one country."""

    name: str
    remote: RemoteFolder
    cache: InputCache
    country: str
    areas: Mapping[str, LatLonBox]
    """of every configured country that uses this source"""
    expected: int
    """members of a whole ensemble"""
    glofas_version: str | None
    parallel: int = 4
    """files at a time"""
    retry_policy: RetryPolicy = field(default_factory=RetryPolicy)
    keep_raw: bool = False
    now: Callable[[], float] = time.time
    elsewhere: Callable[[date], str | None] = no_other_source
    """later source of a run that has a whole forecast: others that fetch are not waited for then"""
    lead_times: Mapping[str, int] = field(default_factory=dict)
    """country -> how many it looks at, 0-day counted; 0-day to 7-day if it is not in it"""

    def fetch(self, issue_date: date) -> ForecastFiles:
        """The country's part of the members that are there; what lacks is fetched, for all countries at once.

        What was fetched before is compared with the server's sizes and stamps: the files of a day that was corrected
        are fetched again, all of them, so that no ensemble holds members of two versions.
        """
        self.cache.touch(self.name, issue_date)
        instead = None if self.has_whole(issue_date) else self.elsewhere(issue_date)
        with self.cache.held(self.name, issue_date, instead=instead) as folder:
            try:
                return self._fullest(folder, issue_date)
            finally:
                self.remote.close()

    def has_whole(self, issue_date: date) -> bool:
        """Whether every member of one version was fetched already."""
        folder = self.cache.day(self.name, issue_date)
        revision = InputRevision.of(folder)
        return revision.settled and len(self._there(folder, revision)) >= self.expected

    def forget(self, issue_date: date) -> None:
        """Begin the day anew: what was fetched is used only until the day was fetched again; the files as delivered are
        deleted.
        """
        with self.cache.held(self.name, issue_date) as folder:
            shutil.rmtree(folder / RAW, ignore_errors=True)
            revision = InputRevision.of(folder)
            if self._records(folder, revision):
                text = f"all files of {issue_date} were fetched again because an operator asked for it"
                revision.next(text, before=self._last(folder, revision), asked=True).keep(folder)

    def _fullest(self, folder: Path, issue_date: date) -> ForecastFiles:
        """The day as it is on the server, or as it was before a correction that is not there as fully yet."""
        try:
            files = self._completed(folder, issue_date)
        except _FAILED as error:
            earlier = self._earlier(folder, issue_date, error.found)
            if earlier is None:
                raise
        else:
            revision = InputRevision.of(folder)
            earlier = self._earlier(folder, issue_date, f"{len(files.files)} of the new ones are there")
            if earlier is None or len(files.files) >= len(earlier.files) or (revision.asked and revision.settled):
                return files
        log.warning("%s: %s", self.name, earlier.origin["corrected"])
        return earlier

    def _earlier(self, folder: Path, issue_date: date, why: str) -> ForecastFiles | None:
        """The day as it was before a correction, with a note why it is used."""
        number = InputRevision.of(folder).before
        there = [] if number is None else self._there(folder, InputRevision(number))
        if number is None or not there:
            return None
        note = f"files of {issue_date} were replaced; the {len(there)} of before are used: {why}"
        return self._files(folder, InputRevision(number, corrected=note), there)

    def _last(self, folder: Path, revision: InputRevision) -> int | None:
        """Number of the fullest settled revision up to this one."""
        before = (
            0 if revision.before is None or revision.asked else len(self._there(folder, InputRevision(revision.before)))
        )
        return revision.number if revision.settled and len(self._there(folder, revision)) >= before else revision.before

    def _completed(self, folder: Path, issue_date: date) -> ForecastFiles:
        revision, asked, left_out = InputRevision.of(folder), set[str](), dict[str, str]()
        for _ in range(_ROUNDS):
            there = self._there(folder, revision)
            try:
                names, others, described = self._on_server(issue_date, self._records(folder, revision), there)
            except (InputMissing, ServerUnreachable, ServerRefused) as error:
                if not there:
                    raise
                log.warning("%s: %s; going on with what was fetched before", self.name, error)
                return self._files(folder, revision, there)
            changed = changed_files(self._records(folder, revision), described)
            if changed:
                text = f"{len(changed)} of {len(described)} files of {issue_date} were replaced on the server"
                waiting = revision.waits(len(changed), len(described), self.now())
                if waiting is not None:
                    note = f"{text}: a correction may be under way; those of before are used"
                    log.warning("%s: %s", self.name, note)
                    return self._files(folder, replace(waiting.keep(folder), corrected=note), there)
                text = f"{text} after they had been fetched: all were fetched again"
                revision = revision.next(text, before=self._last(folder, revision)).keep(folder)
                asked = set()
                log.warning("%s: %s", self.name, revision.corrected)
            lacking = [name for name in self._lacking(folder, revision, names) if name not in asked]
            if not lacking:
                revision = replace(revision, settled=True, changing_since=None).keep(folder)
                unused = [*others, *(f"{name}: {left_out[name]}" for name in names if name in left_out)]
                return self._files(folder, revision, names, unused)
            revision = replace(revision, settled=False, changing_since=None).keep(folder)
            asked.update(lacking)
            left_out = self._fetch_files(folder, revision, issue_date, lacking, names)
        raise InputMissing(
            f"the files of {issue_date} were replaced again and again while they were fetched",
            where=self._address(issue_date),
            expected="files that stay the same",
            remedy="run again when the service has put all of them there",
        )

    def _on_server(
        self, issue_date: date, records: Mapping[str, Record], there: Sequence[str]
    ) -> tuple[list[str], list[str], dict[str, RemoteFile]]:
        """Names of the day's forecast files, of all that lies there besides, and what those that were fetched before
        look like on the server now.

        One try if the ensemble is whole already: it is only compared.
        """
        is_whole = len(there) >= self.expected or any(map(is_grib_name, there))
        retry_policy = RetryPolicy(attempts=1) if is_whole else self.retry_policy
        listing = list_names(self.remote, issue_date, retry_policy)
        names = self._forecast_files(listing, issue_date)

        def describe(name: str) -> RemoteFile | None:
            try:
                return self.remote.describe(issue_date, name)
            except (NoAnswer, InputMissing, ServerRefused) as error:
                log.info("%s: %s cannot be compared: %s", self.name, name, error)
                return None

        with ThreadPoolExecutor(self.parallel, thread_name_prefix=self.name) as pool:
            found = list(pool.map(in_this_context(describe), [name for name in names if name in records]))
        others = sorted(set(listing) - set(names))
        if others:
            log.warning(
                "%s: %s of %s is not used: no name of a forecast file", self.name, shorten_names(others), issue_date
            )
        return names, others, {remote.name: remote for remote in found if remote is not None}

    def _forecast_files(self, names: list[str], issue_date: date) -> list[str]:
        """By their names in upper or lower case: nothing is fetched to look what it is."""
        gribs = [name for name in names if is_grib_name(name)]
        member = re.compile(rf"dis_\d{{2,3}}_{issue_date:%Y%m%d}00(_\w+)?\.nc", re.IGNORECASE)
        members = [name for name in names if member.fullmatch(name)]
        require_one_kind(gribs, members, issue_date, self._address(issue_date))
        if not gribs and not members:
            raise InputMissing(
                f"no forecast of {issue_date} among {counted(len(names), 'file')}"
                + (f": {shorten_names(sorted(names))}" if names else ""),
                where=self.remote.address,
                expected=f"dis_<NN>_{issue_date:%Y%m%d}00.nc or *.grib2",
                remedy="run again when it has been published, or check the source's folder; archives are opened in a "
                "folder of this machine",
            )
        return sorted(gribs or members)

    def _lacking(self, folder: Path, revision: InputRevision, names: Sequence[str]) -> list[str]:
        """Files that a country lacks; those that serve all countries lie in one folder."""
        if is_grib_name(names[0]):
            there = set(self._whole(folder, revision).names())
        else:
            there = set.intersection(*(set(cut.names()) for cut in self._cuts(folder, revision).values()))
        return [name for name in names if name not in there]

    def _fetch_files(
        self, folder: Path, revision: InputRevision, issue_date: date, names: Sequence[str], on_server: Sequence[str]
    ) -> dict[str, str]:
        """Fetch files; those that are left out, and why."""
        cuts = self._cuts(folder, revision)
        log.info(
            "%s: %s has %d files, of %d members; fetching %d, %d at a time, for %s",
            self.name,
            issue_date,
            len(on_server),
            self.expected,
            len(names),
            self.parallel,
            ", ".join(cuts),
        )
        arrival = DayIngestion(
            self.remote, issue_date, folder, cuts, self._whole(folder, revision), self.retry_policy, self.keep_raw
        )
        began = time.monotonic()
        errors: dict[str, IbfError] = {}
        done = size = 0

        def one(name: str) -> int:
            try:
                return arrival.fetch(name)
            except _FAILED as error:
                errors[name] = error
                log.warning("%s: %s is left out: %s", self.name, name, error)
                return 0

        with ThreadPoolExecutor(self.parallel, thread_name_prefix=self.name) as pool:
            for fetched in pool.map(in_this_context(one), names):
                done, size = done + 1, size + fetched
                made_progress(done, len(names))
                if done % 10 == 0 or done == len(names):
                    log.info(
                        "%s: %d of %d files, %.1f MB in %.1f s",
                        self.name,
                        done - len(errors),
                        len(names),
                        size / 1e6,
                        time.monotonic() - began,
                    )
        if errors and not self._there(folder, revision):
            raise next(iter(errors.values()))
        return {name: error.found for name, error in errors.items()}

    def _cuts(self, folder: Path, revision: InputRevision) -> dict[str, CacheFolder]:
        return {
            code: CacheFolder(revision.folder_of(folder, code), area, self.lead_times.get(code, len(LEAD_TIMES)))
            for code, area in self.areas.items()
        }

    def _whole(self, folder: Path, revision: InputRevision) -> CacheFolder:
        return CacheFolder(revision.folder_of(folder, _WHOLE))

    def _there(self, folder: Path, revision: InputRevision) -> list[str]:
        """Names of the whole files that the country can use."""
        return self._whole(folder, revision).names() or self._cuts(folder, revision)[self.country].names()

    def _records(self, folder: Path, revision: InputRevision) -> dict[str, Record]:
        """What was fetched, for whatever country, by name."""
        folders = [*self._cuts(folder, revision).values(), self._whole(folder, revision)]
        return {name: record for cut in folders for name in cut.names() if (record := cut.record_of(name))}

    def _address(self, issue_date: date) -> str:
        return f"{self.remote.address}/{issue_date:%Y%m%d}"

    def _files(
        self, folder: Path, revision: InputRevision, names: Sequence[str], unused: Sequence[str] = ()
    ) -> ForecastFiles:
        """`unused`: what lies on the server besides, and what of it is left out and why."""
        grib = any(map(is_grib_name, names))
        cut = self._whole(folder, revision) if grib else self._cuts(folder, revision)[self.country]
        whole = cut.names()
        origin = cut.origin(whole) | ({"corrected": revision.corrected} if revision.corrected else {})
        origin |= {"not_used": list(unused)} if unused else {}
        return ForecastFiles(self.name, tuple(cut.folder / name for name in whole), self.glofas_version, origin)
