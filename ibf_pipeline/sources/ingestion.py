"""One file of a day on its way into the cache: fetched, checked, cut to the countries or kept whole."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path

from ibf_pipeline.discharge.file_format import is_grib_name
from ibf_pipeline.errors import InputInvalid
from ibf_pipeline.io.atomic_files import write_errors, write_text
from ibf_pipeline.io.http_errors import NoAnswer
from ibf_pipeline.io.netcdf import FILE_LIBRARIES
from ibf_pipeline.io.retry_policy import RetryPolicy
from ibf_pipeline.sources.cache_folder import CacheFolder
from ibf_pipeline.sources.input_revision import is_another
from ibf_pipeline.sources.remote import Fetched, RemoteFile, RemoteFolder, fetch_file
from ibf_pipeline.sources.shared_days import RAW
from ibf_pipeline.sources.subset import Subset, cut_member


@dataclass(frozen=True, slots=True)
class DayIngestion:
    """Where the files of a day come from and go to."""

    remote: RemoteFolder
    issue_date: date
    folder: Path
    """of the day in the cache"""
    cuts: Mapping[str, CacheFolder]
    """country -> where its part of a netCDF member is kept"""
    whole: CacheFolder
    """where GRIB2 files are kept, for all countries"""
    retry_policy: RetryPolicy
    keep_raw: bool

    def fetch(self, name: str) -> int:
        """Fetch one file and keep what is needed of it; the bytes that were fetched.

        A damaged one is fetched once more, in case the damage happened on the way; then InputInvalid is raised, and
        again without fetching it until the server has another file.
        """
        raw = self.folder / RAW / name
        self._require_other_than_refused(raw)
        for last in (False, True):
            kept = self._kept(raw)
            fetched = kept or fetch_file(self.remote, self.issue_date, name, raw, self.retry_policy)
            try:
                self._take(raw, fetched)
                return 0 if kept else fetched.remote.size
            except InputInvalid as error:
                raw.unlink(missing_ok=True)
                if last:
                    write_text(_refusal(raw), json.dumps([asdict(fetched.remote), error.found]))
                    raise
        raise AssertionError("unreachable")

    def _take(self, raw: Path, fetched: Fetched) -> None:
        address = f"{self.remote.address}/{self.issue_date:%Y%m%d}"
        if is_grib_name(raw.name):
            from ibf_pipeline.discharge.grib import check_grib  # loads the GRIB library

            with FILE_LIBRARIES:
                check_grib(raw, self.issue_date)
            target = self.whole.folder / raw.name
            with write_errors(target):
                target.parent.mkdir(parents=True, exist_ok=True)
                raw.replace(target)
            self.whole.add(fetched, address)
            return
        targets = {cut.folder / raw.name: Subset(cut.area, cut.lead_times) for cut in self.cuts.values() if cut.area}
        cut_member(raw, self.issue_date, targets)
        for cut in self.cuts.values():
            cut.add(fetched, address)
        if self.keep_raw:
            CacheFolder(raw.parent).add(fetched, address)
        else:
            raw.unlink(missing_ok=True)

    def _kept(self, raw: Path) -> Fetched | None:
        """A whole file that an earlier run kept, as long as the server has no other one."""
        record = CacheFolder(raw.parent).record_of(raw.name)
        if record is None or not raw.is_file():
            return None
        now = self._described(raw.name)
        if now is not None and is_another(record, now):
            return None
        return Fetched(raw, RemoteFile(raw.name, record.bytes, record.stamp), record.sha256)

    def _require_other_than_refused(self, raw: Path) -> None:
        """A file that was found damaged is not fetched again before the server has another one."""
        try:
            about, found = json.loads(_refusal(raw).read_text(encoding="utf-8"))
            refused = RemoteFile(**about)
        except (OSError, ValueError, TypeError):
            return
        if refused.stamp and self._described(raw.name) == refused:
            raise InputInvalid(
                f"{raw.name}: still the damaged file of before: {found}",
                where=f"{self.remote.address}/{self.issue_date:%Y%m%d}",
                expected="a whole forecast file",
                remedy="wait until the service has replaced it",
            )
        _refusal(raw).unlink()

    def _described(self, name: str) -> RemoteFile | None:
        try:
            return self.remote.describe(self.issue_date, name)
        except NoAnswer:
            return None


def _refusal(raw: Path) -> Path:
    return raw.with_name(raw.name + ".refused.json")
