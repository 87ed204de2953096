"""Forecasts of the Early Warning Data Store: the country's part of the ensemble as one GRIB2 file, 20-60 MB."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Final

from ibf_pipeline.discharge.grib_messages import read_grib_messages
from ibf_pipeline.discharge.reader import StationCells, read_cube
from ibf_pipeline.discharge.version import VersionRefused
from ibf_pipeline.domain.lead_times import LEAD_TIMES
from ibf_pipeline.errors import IbfError, InputInvalid, InputMissing, ServerRefused, ServerUnreachable
from ibf_pipeline.io.atomic_files import write_errors
from ibf_pipeline.io.digest import sha256
from ibf_pipeline.io.netcdf import FILE_LIBRARIES
from ibf_pipeline.sources.cache import InputCache
from ibf_pipeline.sources.cache_folder import CacheFolder
from ibf_pipeline.sources.ewds_orders import Orders, Placed
from ibf_pipeline.sources.ewds_request import (
    Request,
    check_constraints,
    check_form,
    estimated_bytes,
    glofas_request,
    requested_fields,
    split,
)
from ibf_pipeline.sources.ewds_service import EwdsService
from ibf_pipeline.sources.ewds_versions import check_current, check_not_superseded
from ibf_pipeline.sources.lat_lon_box import LatLonBox
from ibf_pipeline.sources.progress import made_progress
from ibf_pipeline.sources.remote import Fetched, RemoteFile
from ibf_pipeline.sources.source import ForecastFiles, no_other_source

log = logging.getLogger(__name__)

_ORDERS: Final = "orders.json"
_BEFORE: Final = "-before"
"""the folder of what was fetched before an operator asked for the day anew"""
_QUEUED: Final = "accepted"
"""state of an order that the service has not begun yet"""
_TOGETHER_SECONDS: Final = 1800.0
"""results of orders that are further apart are not joined: they may be of two versions of the run"""
_REPEATED_SECONDS: Final = 300.0
"""a state that does not change is logged again after so long"""


@dataclass(frozen=True, slots=True)
class EwdsSource:
    """The service, for one country."""

    name: str
    service: EwdsService
    cache: InputCache
    country: str
    area: LatLonBox
    """around the country's stations"""
    glofas_version: str | None
    days: int
    changes: Mapping[str, str | list[str]] = field(default_factory=dict)
    """keys of the order that differ from ours"""
    most_fields: int = 1000
    """members x lead times of one order"""
    check: bool = True
    """hold orders against the service's form and constraints"""
    again_seconds: float = 1800
    """an incomplete ensemble is not ordered again before"""
    now: Callable[[], float] = time.time
    cells: StationCells | None = None
    """of the stations, at which what arrives is read before it is kept; the area's corners if none are given"""
    elsewhere: Callable[[date], str | None] = no_other_source
    """later source of a run that has a whole forecast: neither the queue nor others that order are waited for then"""
    accepted_versions: Sequence[str] = ()
    """GloFAS versions that fit the country's thresholds; the form must not list the newest of them as legacy"""
    lead_times: int = len(LEAD_TIMES)
    """that the country looks at, 0-day counted: what arrives with fewer is not kept"""

    def fetch(self, issue_date: date) -> ForecastFiles:
        """One GRIB2 file, ordered if it is not there, or has been incomplete for `again_seconds`."""
        self.cache.touch(self.name, issue_date)
        request = glofas_request(issue_date, self.area, self.days, self.changes)
        if not self._suffices(request, issue_date):
            instead = self.elsewhere(issue_date)
            with self.cache.held(self.name, issue_date, self.country, instead=instead):
                if not self._suffices(request, issue_date):
                    there = self._fields_there(issue_date)
                    try:
                        self._order(request, issue_date)
                    except VersionRefused:
                        raise  # what is in the cache may be of the other version as well
                    except (InputMissing, InputInvalid, ServerRefused, ServerUnreachable) as error:
                        if not there:
                            earlier = self._earlier(issue_date, error.found)
                            if earlier is None:
                                raise
                            return earlier
                        log.warning("%s: %s; going on with the %d fields fetched before", self.name, error, there)
        folder, name = self._folder(issue_date), self._file(issue_date).name
        return ForecastFiles(
            self.name, (folder.folder / name,), self.glofas_version, {"request": request, **folder.origin([name])}
        )

    def has_whole(self, issue_date: date) -> bool:
        """Whether every field was fetched already."""
        request = glofas_request(issue_date, self.area, self.days, self.changes)
        return self._fields_there(issue_date) >= requested_fields(request)

    def forget(self, issue_date: date) -> None:
        """Order the day anew at the next `fetch`: what was fetched is used only if that fails."""
        with self.cache.held(self.name, issue_date, self.country):
            folder, before = self._folder(issue_date).folder, self._folder(issue_date, _BEFORE).folder
            if self._fields_there(issue_date):
                shutil.rmtree(before, ignore_errors=True)
                folder.rename(before)
            shutil.rmtree(folder, ignore_errors=True)

    def _suffices(self, request: Request, issue_date: date) -> bool:
        """Whether what is there is whole, or was ordered so lately that the service will hardly have more."""
        there = self._fields_there(issue_date)
        if not there or there >= requested_fields(request):
            return bool(there)
        return self.now() - self._file(issue_date).stat().st_mtime < self.again_seconds

    def _folder(self, issue_date: date, which: str = "") -> CacheFolder:
        folder = self.cache.day(self.name, issue_date) / f"{self.country}{which}"
        return CacheFolder(folder, self.area, self.days)

    def _earlier(self, issue_date: date, why: str) -> ForecastFiles | None:
        """The file of before an operator asked for the day anew, with a note why it is used."""
        before, name = self._folder(issue_date, _BEFORE), self._file(issue_date).name
        if name not in before.names():
            return None
        note = f"the day was to be ordered again; what was fetched before is used: {why}"
        log.warning("%s: %s", self.name, note)
        origin = {"corrected": note, **before.origin([name])}
        return ForecastFiles(self.name, (before.folder / name,), self.glofas_version, origin)

    def _file(self, issue_date: date) -> Path:
        return self._folder(issue_date).folder / f"glofas_{issue_date:%Y%m%d}.grib2"

    def _fields_there(self, issue_date: date) -> int:
        """Fields of the file in the cache; 0 where there is none for the whole area."""
        file = self._file(issue_date)
        try:
            return count_fields(file) if file.name in self._folder(issue_date).names() else 0
        except InputInvalid:
            return 0

    def _order(self, request: Request, issue_date: date) -> None:
        if self.check:
            form = self.service.form()
            if form is not None:
                check_form(request, form, self.service.address)
                check_current(request, form, self.changes, self.service.address)
                if unread := check_not_superseded(request, form, self.accepted_versions, self.service.address):
                    log.warning("%s: whether its model was replaced cannot be judged: %s", self.name, unread)
            possible = self.service.possible(request)
            if possible is not None:
                check_constraints(request, possible, self.service.address)
        parts = list(split(request, self._most_fields(request)))
        log.info(
            "%s: %s for %s: %d fields of %d cells, about %.0f MB, %d order%s",
            self.name,
            issue_date,
            self.country,
            requested_fields(request),
            self.area.cells,
            estimated_bytes(request, self.area) / 1e6,
            len(parts),
            "s"[: len(parts) != 1],
        )
        folder = self._folder(issue_date).folder
        orders = Orders(folder / _ORDERS)
        files = [folder / f"part_{_digest(part)}" for part in parts]
        self._drop_old_results(folder, files, orders)
        for number, (part, file) in enumerate(zip(parts, files, strict=True), start=1):
            self._part(part, file, orders, issue_date)
            made_progress(number, len(parts))
        self._join(files, issue_date, orders)

    def _drop_old_results(self, folder: Path, files: Sequence[Path], orders: Orders) -> None:
        """Results that an earlier run left are of an earlier time: the run may have been corrected since."""
        for file in folder.glob("part_*"):
            if file not in files or self.now() - file.stat().st_mtime > _TOGETHER_SECONDS:
                file.unlink()
                orders.put(file.name, None)
        for file in files if len(files) > 1 else ():
            known = orders.get(file.name)
            if known is None or file.is_file() or self.now() - known.at <= _TOGETHER_SECONDS:
                continue
            if self.service.is_over(known.order):
                log.info("%s: order %s is too old to be joined with new ones", self.name, known.order)
                orders.put(file.name, None)

    def _most_fields(self, request: Request) -> float:
        """Our own limit, or the account's if that is lower: its costs grow with the fields."""
        cost = self.service.cost(request) if self.check else None
        if cost is None or cost[0] <= cost[1] or cost[0] <= 0:
            return self.most_fields
        log.info("%s: the order costs %g and the account's limit is %g: it is split", self.name, *cost)
        return min(self.most_fields, requested_fields(request) * cost[1] / cost[0])

    def _part(self, request: Request, file: Path, orders: Orders, issue_date: date) -> None:
        """The result of one order; one that an earlier run placed is waited for, and not placed twice."""
        if file.is_file():
            return
        known = orders.get(file.name)
        if known is not None:
            try:
                self._await(known.order, file, orders, issue_date)
                return
            except (InputMissing, InputInvalid, ServerRefused) as error:
                log.info("%s: %s; ordering again", self.name, error.found)
        orders.require_no_pause(self.now(), self.again_seconds, self.service.address)
        placed = self.service.submit(request)
        orders.put(file.name, Placed(placed, self.now()))
        self.cache.share(self.name, issue_date, self.country)
        log.info("%s: order %s placed, %d fields", self.name, placed, requested_fields(request))
        try:
            self._await(placed, file, orders, issue_date)
        except (InputMissing, InputInvalid, ServerRefused) as error:
            orders.fail(error, self.now())
            raise

    def _await(self, order: str, file: Path, orders: Orders, issue_date: date) -> None:
        said: list[tuple[str, float]] = []

        def progress(state: str, seconds: float) -> None:
            if not said or said[-1][0] != state or seconds - said[-1][1] >= _REPEATED_SECONDS:
                said.append((state, seconds))
                log.info("%s: order %s is %s after %.0f s", self.name, order, state, seconds)
            if state == _QUEUED and (instead := self.elsewhere(issue_date)) is not None:
                raise ServerUnreachable(
                    f"order {order} is still {state}, and {instead} has the whole forecast",
                    where=self.service.address,
                    expected="an order that is carried out",
                    remedy="run again: the order goes on, and is continued and not placed twice",
                )

        self.service.wait(order, progress)
        try:
            self.service.download(order, file)
        except ServerUnreachable:
            orders.break_off(file.name)
            raise
        try:
            count_fields(file)
        except IbfError:
            file.unlink(missing_ok=True)
            raise

    def _join(self, parts: Sequence[Path], issue_date: date, orders: Orders) -> None:
        """GRIB messages follow each other in any number, so that joined files are one; it is read before it is kept."""
        target = self._file(issue_date)
        partial = target.with_name(target.name + ".part")
        with write_errors(target), partial.open("wb") as out:
            for part in parts:
                with part.open("rb") as stream:
                    shutil.copyfileobj(stream, out)
        try:
            self._require_readable(partial, issue_date)
            arrived, there = count_fields(partial), self._fields_there(issue_date)
        except InputInvalid as error:
            partial.unlink()
            orders.fail(error, self.now())
            raise
        finally:
            placed = ", ".join(known.order for part in parts if (known := orders.get(part.name)))
            for part in parts:
                part.unlink()
        orders.clear()
        if arrived < there:
            partial.unlink()
            os.utime(target)
            log.warning("%s: %d fields were delivered; the %d of before are kept", self.name, arrived, there)
            return
        with write_errors(target):
            partial.replace(target)
        remote = RemoteFile(target.name, target.stat().st_size, f"orders {placed}")
        self._folder(issue_date).add(Fetched(target, remote, sha256(target)), self.service.url)
        log.info("%s: %s, %d fields, %.1f MB", self.name, target.name, arrived, remote.size / 1e6)

    def _require_readable(self, file: Path, issue_date: date) -> None:
        """InputInvalid if the reader would refuse it: another day, variable, unit or grid, something twice."""
        with FILE_LIBRARIES:
            read_cube([file], self.cells or self.area.corners, issue_date, lead_times=self.lead_times)


def count_fields(file: Path) -> int:
    """GRIB2 messages of a file; InputInvalid if it is damaged, cut off or something else."""
    number = sum(1 for _ in read_grib_messages(file))
    if not number:
        raise InputInvalid(
            "the file is empty", where=file, expected="a whole GRIB2 file", remedy="delete it and fetch it again"
        )
    return number


def _digest(request: Request) -> str:
    return hashlib.sha256(json.dumps(request, sort_keys=True).encode()).hexdigest()[:12]
