"""Forecasts fetched file by file: members in parallel, each cut to all countries on arrival, fetched once for all."""

from __future__ import annotations

import json
import logging
import re
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from datetime import date
from pathlib import Path
from typing import Final

from ibf_pipeline.errors import IbfError, InputInvalid, InputMissing, ServerUnreachable
from ibf_pipeline.prepare.stamp import sha256
from ibf_pipeline.sources.area import Area
from ibf_pipeline.sources.cache import RAW, InputCache
from ibf_pipeline.sources.cut import cut_member
from ibf_pipeline.sources.fetched import FetchedFolder
from ibf_pipeline.sources.remote import Broken, Fetched, RemoteFile, RemoteFolder, Tries, fetch_file, listed
from ibf_pipeline.sources.source import ForecastFiles
from ibf_pipeline.sources.threads import in_this_context

log = logging.getLogger(__name__)

_WHOLE: Final = "all-countries"
"""folder of GRIB2 files, which are not cut"""
_GRIB: Final = (".grib2", ".grib")


@dataclass(frozen=True, slots=True)
class MemberSource:
    """Forecast files of a server, for one country."""

    name: str
    remote: RemoteFolder
    cache: InputCache
    country: str
    areas: Mapping[str, Area]
    """of every configured country that uses this source"""
    expected: int
    """members of a whole ensemble"""
    glofas_version: str | None
    parallel: int = 4
    """files at a time"""
    tries: Tries = field(default_factory=Tries)
    keep_raw: bool = False

    def fetch(self, issue_date: date) -> ForecastFiles:
        """The country's part of the members that are there; what lacks is fetched, for all countries at once."""
        self.cache.touch(self.name, issue_date)
        cached = FetchedFolder(self.cache.day(self.name, issue_date) / self.country, self.areas[self.country]).names()
        if len(cached) < self.expected:
            with self.cache.held(self.name, issue_date) as folder:
                try:
                    whole = self._complete(folder, issue_date)
                finally:
                    self.remote.close()
            if whole is not None:
                return whole
        return self._files(issue_date)

    def _complete(self, folder: Path, issue_date: date) -> ForecastFiles | None:
        """Fetch what a country lacks; the files themselves where they are GRIB2, which serve all countries."""
        cuts = {country: FetchedFolder(folder / country, area) for country, area in self.areas.items()}
        try:
            names = listed(self.remote, issue_date, self.tries)
        except (InputMissing, ServerUnreachable) as error:
            if not cuts[self.country].names():
                raise
            log.warning("%s: %s; going on with what was fetched before", self.name, error)
            return None
        gribs = [name for name in names if name.endswith(_GRIB)]
        if gribs:
            return self._whole_files(folder / _WHOLE, issue_date, gribs)
        members = [name for name in names if re.fullmatch(rf"dis_\d{{2,3}}_{issue_date:%Y%m%d}00(_\w+)?\.nc", name)]
        if not members:
            raise InputMissing(
                f"no forecast of {issue_date} among {len(names)} files",
                where=self.remote.address,
                expected=f"dis_<NN>_{issue_date:%Y%m%d}00.nc or *.grib2",
                remedy="run again when it has been published, or check the source's folder",
            )
        whole = set.intersection(*(set(cut.names()) for cut in cuts.values()))
        lacking = [name for name in members if name not in whole]
        if lacking:
            self._fetch_members(folder, issue_date, lacking, cuts, len(members))
        return None

    def _fetch_members(
        self, folder: Path, issue_date: date, names: list[str], cuts: Mapping[str, FetchedFolder], listed_members: int
    ) -> None:
        log.info(
            "%s: %s has %d of %d members; fetching %d, %d at a time, for %s",
            self.name, issue_date, listed_members, self.expected, len(names), self.parallel, ", ".join(cuts),
        )  # fmt: skip
        began = time.monotonic()
        errors: dict[str, IbfError] = {}
        done = size = 0

        def one(name: str) -> int:
            try:
                return self._member(folder, issue_date, name, cuts)
            except (InputMissing, InputInvalid, ServerUnreachable) as error:
                errors[name] = error
                log.warning("%s: member left out: %s", self.name, error)
                return 0

        with ThreadPoolExecutor(self.parallel, thread_name_prefix=self.name) as pool:
            for fetched in pool.map(in_this_context(one), names):
                done, size = done + 1, size + fetched
                if done % 10 == 0 or done == len(names):
                    seconds = time.monotonic() - began
                    log.info(
                        "%s: %d of %d members, %.1f MB in %.1f s",
                        self.name, done - len(errors), len(names), size / 1e6, seconds,
                    )  # fmt: skip
        if errors and not cuts[self.country].names():
            raise next(iter(errors.values()))

    def _member(self, folder: Path, issue_date: date, name: str, cuts: Mapping[str, FetchedFolder]) -> int:
        """Fetch and cut one member; a damaged one is fetched once more, in case the damage happened on the way."""
        raw = folder / RAW / name
        self._require_other_than_refused(raw, issue_date)
        for last in (False, True):
            kept = raw.is_file()
            fetched = _kept(raw) if kept else fetch_file(self.remote, issue_date, name, raw, self.tries)
            try:
                cut_member(raw, issue_date, {cuts[code].folder / name: area for code, area in self.areas.items()})
                break
            except InputInvalid as error:
                raw.unlink(missing_ok=True)
                if last:
                    _refusal(raw).write_text(json.dumps([asdict(fetched.remote), error.found]), encoding="utf-8")
                    raise
        for cut in cuts.values():
            cut.add(fetched, self._address(issue_date))
        if not self.keep_raw:
            raw.unlink(missing_ok=True)
        return 0 if kept else fetched.remote.size

    def _require_other_than_refused(self, raw: Path, issue_date: date) -> None:
        """A file that was found damaged is not fetched again before the server has another one."""
        try:
            about, found = json.loads(_refusal(raw).read_text(encoding="utf-8"))
            refused = RemoteFile(**about)
        except (OSError, ValueError, TypeError):
            return
        if refused.stamp and self._described(issue_date, raw.name) == refused:
            raise InputInvalid(
                f"{raw.name}: still the damaged file of before: {found}",
                where=self._address(issue_date),
                expected="a whole netCDF file",
                remedy="wait until the service has replaced it",
            )
        _refusal(raw).unlink()

    def _described(self, issue_date: date, name: str) -> RemoteFile | None:
        try:
            return self.remote.describe(issue_date, name)
        except Broken:
            return None

    def _whole_files(self, folder: Path, issue_date: date, names: list[str]) -> ForecastFiles:
        cut = FetchedFolder(folder)
        there = cut.names()
        lacking = [name for name in names if name not in there]

        def one(name: str) -> Fetched:
            return fetch_file(self.remote, issue_date, name, folder / name, self.tries)

        with ThreadPoolExecutor(self.parallel, thread_name_prefix=self.name) as pool:
            for fetched in pool.map(in_this_context(one), lacking):
                cut.add(fetched, self._address(issue_date))
                log.info("%s: %s, %.1f MB", self.name, fetched.path.name, fetched.remote.size / 1e6)
        return ForecastFiles(
            self.name, tuple(folder / name for name in sorted(names)), self.glofas_version, cut.origin(names)
        )

    def _address(self, issue_date: date) -> str:
        return f"{self.remote.address}/{issue_date:%Y%m%d}"

    def _files(self, issue_date: date) -> ForecastFiles:
        cut = FetchedFolder(self.cache.day(self.name, issue_date) / self.country, self.areas[self.country])
        names = cut.names()
        return ForecastFiles(
            self.name, tuple(cut.folder / name for name in names), self.glofas_version, cut.origin(names)
        )


def _refusal(raw: Path) -> Path:
    return raw.with_name(raw.name + ".refused.json")


def _kept(raw: Path) -> Fetched:
    """A whole file that an earlier run kept."""
    return Fetched(raw, RemoteFile(raw.name, raw.stat().st_size, ""), sha256(raw))
