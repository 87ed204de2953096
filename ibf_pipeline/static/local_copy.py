"""The copy of static data behind a URL: it changes all at once, and a whole one is kept when the URL fails."""

from __future__ import annotations

import json
import logging
import os
import shutil
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from ibf_pipeline.config.floods import FloodCountry
from ibf_pipeline.domain.wording import utc_text
from ibf_pipeline.errors import IbfError, InputMissing, ServerRefused, ServerUnreachable, errors_logged
from ibf_pipeline.io.atomic_files import atomic_path, write_errors
from ibf_pipeline.io.json_files import read_json_or_empty
from ibf_pipeline.io.locks import file_lock, lock_file_of
from ibf_pipeline.io.retry_policy import RetryPolicy
from ibf_pipeline.prepare import inputs
from ibf_pipeline.prepare.raster_files import sidecars_of
from ibf_pipeline.static.origin import OriginFolder
from ibf_pipeline.storage.mirror import Mirror
from ibf_pipeline.storage.shared_folder import SharedFolder

log = logging.getLogger(__name__)

_OPTIONAL: Final = ("population_totals.csv", inputs.PARENT_FILE)
_COPY_RECORD: Final = "copy.json"
"""in the copy: the URL that it is a whole copy of, and why it could not be brought up to date the last time"""
_RASTER: Final = (".tif", ".tiff", ".vrt")
_INCOMING: Final = ".incoming"


def refresh_copy(
    country: FloodCountry, folder: Path, retry_policy: RetryPolicy | None = None, shared: SharedFolder | None = None
) -> str:
    """Bring the copy of a country's static data up to date by size and tag; "" if it is as the URL has it.

    What changed is fetched beside the copy and taken over when all of it has arrived. Where the URL does not answer or
    lacks a file, a whole copy of the same URL stays as it is, and the text returned says so. Without such a copy the
    error of the URL is raised; files that are not there are left to those who need them. Another process that does the
    same is waited for. `shared`: where machines put whole copies; one without a copy begins with the last.
    """
    mirror = None if shared is None else Mirror(shared, folder)
    with file_lock(lock_file_of(folder), f"is bringing the static data of {country.iso3} up to date"):
        if mirror is not None and not (folder / _COPY_RECORD).is_file():
            with errors_logged(log, "%s: the copy of another machine cannot be brought", country.iso3):
                mirror.bring()
        said = _refresh(country, folder, retry_policy)
        if mirror is not None and not said:
            with errors_logged(log, "%s: the copy of its static data is not shared", country.iso3):
                mirror.share(but=_COPY_RECORD)
        return said


def _refresh(country: FloodCountry, folder: Path, retry_policy: RetryPolicy | None) -> str:
    url = str(country.static)
    needed = inputs.static_files(folder, country, no_river=inputs.has_no_river(folder))
    files = (file.relative_to(folder).as_posix() for file in needed)
    names = [inputs.MAPPING if name == inputs.PROPOSED else name for name in files if name not in _OPTIONAL]
    is_whole = read_json_or_empty(folder / _COPY_RECORD).get("url") == url and all(
        (folder / name).is_file() for name in names
    )
    try:
        gone = _sync(url, folder, names, is_whole=is_whole, retry_policy=retry_policy)
    except (ServerUnreachable, ServerRefused) as error:
        if not is_whole:
            raise
        return _keep(folder, url, error)
    if gone and is_whole:
        return _keep(folder, url, InputMissing(f"{url}: not there: {', '.join(gone)}"))
    if not gone:
        _write_record(folder, {"url": url})
    return f"{url}: not there: {', '.join(gone)}" if gone else ""


def outdated(folder: Path) -> str | None:
    """What a run must know of a copy that could not be brought up to date; None if it is as it should be."""
    text = read_json_or_empty(folder / _COPY_RECORD).get("outdated")
    return str(text) if text else None


def _sync(url: str, folder: Path, names: list[str], *, is_whole: bool, retry_policy: RetryPolicy | None) -> list[str]:
    """Fetch what changed; names of the necessary files that are not there. A whole copy changes only when none is."""
    incoming = folder / _INCOMING
    arriving, here = (
        OriginFolder(url, incoming, retry_policy=retry_policy),
        OriginFolder(url, folder, retry_policy=retry_policy),
    )
    changed, gone = [], []
    beside = _sidecars(here, folder, [name for name in names if name.endswith(_RASTER)])
    for name in (*names, *_OPTIONAL, *beside):
        try:
            if not here.is_current(name):
                arriving.file(name)
                changed.append(name)
        except InputMissing:
            gone.append(name)
        except ServerRefused:  # a store that may not be listed says so of what is not there
            if name not in beside or (folder / name).is_file():
                raise
    necessary = [name for name in gone if name in names]
    if necessary and is_whole:
        return necessary
    with write_errors(folder):
        _take_over(incoming, folder, changed)
        for name in set(gone) - set(necessary):
            here.drop_copy(name)
    shutil.rmtree(incoming, ignore_errors=True)
    return necessary


def _sidecars(place: OriginFolder, folder: Path, rasters: Sequence[str]) -> list[str]:
    """What may lie beside rasters and decides what they say; only what is there, if the place lists its folders."""
    listed: dict[str, list[str]] = {}
    found = []
    for raster in rasters:
        below, _, base = raster.rpartition("/")
        if below not in listed:
            try:
                listed[below] = place.names(below)
            except (InputMissing, ServerRefused):  # many servers do not list their folders
                listed[below] = []
        known = listed[below] if base in listed[below] else None
        found += [name for name in sidecars_of(raster) if known is None or name.rpartition("/")[2] in known]
    kept = (name for raster in rasters for name in sidecars_of(raster) if (folder / name).is_file())
    return list(dict.fromkeys((*found, *kept)))


def _take_over(incoming: Path, folder: Path, names: Iterable[str]) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / f"{name}.json").unlink(missing_ok=True)  # it must never describe the other file
        (incoming / name).replace(folder / name)
        (incoming / f"{name}.json").replace(folder / f"{name}.json")


def _keep(folder: Path, url: str, error: IbfError) -> str:
    record = folder / _COPY_RECORD
    copied = datetime.fromtimestamp(record.stat().st_mtime, UTC)
    text = (
        f"the static data could not be brought up to date ({error.found}); "
        f"the copy of {url} of {utc_text(copied)} is used"
    )
    _write_record(folder, {"url": url, "outdated": text}, copied)
    return text


def _write_record(folder: Path, content: dict[str, str], copied: datetime | None = None) -> None:
    """Its time is that of the last whole copy."""
    with atomic_path(folder / _COPY_RECORD) as partial:
        partial.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
        if copied is not None:
            os.utime(partial, (copied.timestamp(), copied.timestamp()))
