"""Forecasts of the Early Warning Data Store: the country's part of the ensemble as one GRIB2 file, 20-60 MB."""

from __future__ import annotations

import hashlib
import json
import logging
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Final

from ibf_pipeline.discharge.grib_messages import read_messages
from ibf_pipeline.errors import IbfError, InputInvalid, InputMissing, ServerRefused, ServerUnreachable
from ibf_pipeline.prepare.stamp import sha256
from ibf_pipeline.sources.area import Area
from ibf_pipeline.sources.cache import InputCache
from ibf_pipeline.sources.ewds_request import (
    Request,
    check_constraints,
    check_form,
    estimated_bytes,
    fields_of,
    glofas_request,
    split,
)
from ibf_pipeline.sources.ewds_service import EwdsService, Progress
from ibf_pipeline.sources.fetched import FetchedFolder
from ibf_pipeline.sources.remote import Fetched, RemoteFile
from ibf_pipeline.sources.source import ForecastFiles
from ibf_pipeline.writing import writing

log = logging.getLogger(__name__)

_ORDERS: Final = "orders.json"
_REPEATED_SECONDS: Final = 300.0
"""a state that does not change is logged again after so long"""


@dataclass(frozen=True, slots=True)
class EwdsSource:
    """The service, for one country."""

    name: str
    service: EwdsService
    cache: InputCache
    country: str
    area: Area
    """around the country's stations"""
    glofas_version: str | None
    days: int
    changes: Mapping[str, str | list[str]] = field(default_factory=dict)
    """keys of the order that differ from ours"""
    most_fields: int = 1000
    """members x lead times of one order"""
    check: bool = True
    """hold orders against the service's form and constraints"""
    progress: Progress | None = None
    again_seconds: float = 1800
    """an incomplete ensemble is not ordered again before"""
    now: Callable[[], float] = time.time

    def fetch(self, issue_date: date) -> ForecastFiles:
        """One GRIB2 file, ordered where it is not there, or has been incomplete for `again_seconds`."""
        self.cache.touch(self.name, issue_date)
        request = glofas_request(issue_date, self.area, self.days, self.changes)
        if not self._suffices(request, issue_date):
            with self.cache.held(self.name, issue_date, self.country):
                if not self._suffices(request, issue_date):
                    there = self._fields_there(issue_date)
                    try:
                        self._order(request, issue_date)
                    except (InputMissing, InputInvalid, ServerRefused, ServerUnreachable) as error:
                        if not there:
                            raise
                        log.warning("%s: %s; going on with the %d fields fetched before", self.name, error, there)
        folder, name = self._folder(issue_date), self._file(issue_date).name
        return ForecastFiles(
            self.name, (folder.folder / name,), self.glofas_version, {"request": request, **folder.origin([name])}
        )

    def _suffices(self, request: Request, issue_date: date) -> bool:
        """Whether what is there is whole, or was ordered so lately that the service will hardly have more."""
        there = self._fields_there(issue_date)
        if not there or there >= fields_of(request):
            return bool(there)
        return self.now() - self._file(issue_date).stat().st_mtime < self.again_seconds

    def _folder(self, issue_date: date) -> FetchedFolder:
        return FetchedFolder(self.cache.day(self.name, issue_date) / self.country, self.area)

    def _file(self, issue_date: date) -> Path:
        return self._folder(issue_date).folder / f"glofas_{issue_date:%Y%m%d}.grib2"

    def _fields_there(self, issue_date: date) -> int:
        """Fields of the file in the cache; 0 where there is none for the whole area."""
        file = self._file(issue_date)
        return count_fields(file) if file.name in self._folder(issue_date).names() else 0

    def _order(self, request: Request, issue_date: date) -> None:
        if self.check:
            form = self.service.form()
            if form is not None:
                check_form(request, form, self.service.address)
            possible = self.service.possible(request)
            if possible is not None:
                check_constraints(request, possible, self.service.address)
        parts = list(split(request, self._most_fields(request)))
        log.info(
            "%s: %s for %s: %d fields of %d cells, about %.0f MB, %d order%s",
            self.name, issue_date, self.country, fields_of(request), self.area.cells,
            estimated_bytes(request, self.area) / 1e6, len(parts), "s"[: len(parts) != 1],
        )  # fmt: skip
        folder = self._folder(issue_date).folder
        orders = _Orders(folder / _ORDERS)
        files = [self._part(part, folder / f"part_{_digest(part)}", orders) for part in parts]
        self._join(files, self._file(issue_date), orders)

    def _most_fields(self, request: Request) -> float:
        """Our own limit, or the account's where that is lower: its costs grow with the fields."""
        cost = self.service.cost(request) if self.check else None
        if cost is None or cost[0] <= cost[1] or cost[0] <= 0:
            return self.most_fields
        log.info("%s: the order costs %g and the account's limit is %g: it is split", self.name, *cost)
        return min(self.most_fields, fields_of(request) * cost[1] / cost[0])

    def _part(self, request: Request, file: Path, orders: _Orders) -> Path:
        """The result of one order; one that an earlier run placed is waited for, and not placed twice."""
        if file.is_file():
            return file
        known = orders.get(file.name)
        if known is not None:
            try:
                self._await(known, file)
                return file
            except (InputMissing, InputInvalid, ServerRefused) as error:
                log.info("%s: %s; ordering again", self.name, error.found)
        placed = self.service.submit(request)
        orders.put(file.name, placed)
        log.info("%s: order %s placed, %d fields", self.name, placed, fields_of(request))
        try:
            self._await(placed, file)
        except (InputMissing, InputInvalid, ServerRefused):
            orders.put(file.name, None)
            raise
        return file

    def _await(self, order: str, file: Path) -> None:
        said: list[tuple[str, float]] = []

        def progress(state: str, seconds: float) -> None:
            if not said or said[-1][0] != state or seconds - said[-1][1] >= _REPEATED_SECONDS:
                said.append((state, seconds))
                log.info("%s: order %s is %s after %.0f s", self.name, order, state, seconds)
            if self.progress is not None:
                self.progress(state, seconds)

        self.service.wait(order, progress)
        self.service.download(order, file)
        try:
            count_fields(file)
        except IbfError:
            file.unlink(missing_ok=True)
            raise

    def _join(self, parts: Sequence[Path], target: Path, orders: _Orders) -> None:
        """GRIB messages follow each other in any number, so that joined files are one."""
        partial = target.with_name(target.name + ".part")
        with writing(target):
            with partial.open("wb") as out:
                for part in parts:
                    with part.open("rb") as stream:
                        shutil.copyfileobj(stream, out)
            partial.replace(target)
        placed = ", ".join(order for part in parts if (order := orders.get(part.name)))
        remote = RemoteFile(target.name, target.stat().st_size, f"orders {placed}")
        self._folder_of(target).add(Fetched(target, remote, sha256(target)), self.service.url)
        log.info("%s: %s, %d fields, %.1f MB", self.name, target.name, count_fields(target), remote.size / 1e6)
        for part in parts:
            part.unlink()
        orders.clear()

    def _folder_of(self, target: Path) -> FetchedFolder:
        return FetchedFolder(target.parent, self.area)


def count_fields(file: Path) -> int:
    """GRIB2 messages of a file; InputInvalid where it is damaged, cut off or something else."""
    number = sum(1 for _ in read_messages(file))
    if not number:
        raise InputInvalid(
            "the file is empty", where=file, expected="a whole GRIB2 file", remedy="delete it and fetch it again"
        )
    return number


def _digest(request: Request) -> str:
    return hashlib.sha256(json.dumps(request, sort_keys=True).encode()).hexdigest()[:12]


class _Orders:
    """Orders that were placed and not fetched yet, by the file that they are for: a killed run is continued."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def get(self, name: str) -> str | None:
        return self._read().get(name)

    def put(self, name: str, order: str | None) -> None:
        placed = {key: value for key, value in {**self._read(), name: order}.items() if value is not None}
        with writing(self._file):
            self._file.parent.mkdir(parents=True, exist_ok=True)
            partial = self._file.with_suffix(".part")
            partial.write_text(json.dumps(placed), encoding="utf-8")
            partial.replace(self._file)

    def clear(self) -> None:
        self._file.unlink(missing_ok=True)

    def _read(self) -> dict[str, str]:
        try:
            placed = json.loads(self._file.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return placed if isinstance(placed, dict) else {}
