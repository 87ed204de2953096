"""A folder that is the same on all machines: what is new here is shared, what is new elsewhere is brought."""

from __future__ import annotations

import json
import logging
import secrets
import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Final

from ibf_pipeline.io.atomic_files import write_errors, write_text
from ibf_pipeline.io.json_files import read_json_or_empty
from ibf_pipeline.storage.file_sets import FileEntry, FileSet
from ibf_pipeline.storage.shared_folder import SharedFolder

log = logging.getLogger(__name__)

_ARRIVING: Final = (".part", ".part.stamp")
Written = tuple[int, ...]
"""bytes, and when it was written in nanoseconds"""


@dataclass(frozen=True, slots=True)
class Mirror:
    """A folder of this machine, or a part of it, beside its place in the store."""

    place: SharedFolder
    folder: Path
    belongs: Callable[[PurePath], bool] = lambda name: True
    """(path below the folder): whether a file is shared; hidden files and those that only arrive never are"""
    part: str = ""
    """what tells parts of one folder apart"""
    merges: bool = False
    """whether what several machines add is kept together; else the folder is one machine's work or another's"""

    def bring(self) -> None:
        """Fetch what the last machine left, unless this one has more.

        It has more if that could not be shared: the store was unreachable, or the process was killed.
        """
        kept = next(iter(self.place.sets()), None)
        if kept is None:
            return
        here, noted = self._here(), self._noted()
        names = {each.name for each in kept.files} - {self.place.times}
        unshared = any(name not in noted or noted[name].written != written for name, written in here.items())
        if unshared and len(here) > len(names) and not self.merges:
            return
        if names == here.keys() and not unshared and self.is_of(kept):
            return
        as_kept = {name for name in names if name in here and _is(noted.get(name), kept.file(name), here[name])}
        own = {name for name in here if self.merges and name not in noted}
        wanted = names - as_kept - own
        self._bring(kept, wanted, here.keys() - names - own)
        self._note(kept.row, [file for file in kept.files if file.name not in own])
        log.info("%s: %d files were brought from the store", self.place.name, len(wanted))

    def share(self, but: str = "") -> None:
        """Let all machines have what is here, if it differs from what was fetched or shared last.

        An empty folder takes nothing from them: it may be a cache that somebody has deleted. `but`: a file whose change
        alone is not a reason to share.
        """
        here, noted = self._here(), self._noted()
        written = {name: about.written for name, about in noted.items()}
        if not here or {**written, but: None} == {**here, but: None}:
            return
        kept = next(iter(self.place.sets()), None)
        same = [name for name, written in here.items() if name in noted and noted[name].written == written]
        known = () if kept is None or not self.is_of(kept) else [file for file in kept.files if file.name in same]
        row, files = self.place.share(self.folder, sorted(here), known)
        self._note(row, files)

    def _bring(self, kept: FileSet, names: set[str], others: set[str]) -> None:
        """Take files over when all of them have arrived."""
        arriving = self.folder.with_name(f".{self.folder.name}.{secrets.token_hex(4)}")
        try:
            self.place.bring(kept, arriving, names)
            with write_errors(self.folder):
                for name in sorted(others):
                    (self.folder / name).unlink(missing_ok=True)
                for name in sorted(names):
                    (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
                    (arriving / name).replace(self.folder / name)
        finally:
            shutil.rmtree(arriving, ignore_errors=True)

    def _here(self) -> dict[str, Written]:
        found = dict[str, Written]()
        for file in self.folder.rglob("*"):
            name = file.relative_to(self.folder)
            if self._is_shared(name) and file.is_file():
                about = file.stat()
                found[name.as_posix()] = about.st_size, about.st_mtime_ns
        return found

    def _is_shared(self, name: PurePath) -> bool:
        is_hidden = any(part.startswith(".") for part in name.parts)
        return not (is_hidden or name.name.endswith(_ARRIVING)) and self.belongs(name)

    @property
    def _mark(self) -> Path:
        return self.folder / f".shared{self.part}.json"

    def is_of(self, kept: FileSet) -> bool:
        """Whether the folder holds this set, or something newer."""
        return self._row() == kept.row

    def _row(self) -> object:
        return read_json_or_empty(self._mark).get("row")

    def _noted(self) -> dict[str, _Noted]:
        """What lay here when it was brought or shared last."""
        files = read_json_or_empty(self._mark).get("files", {})
        return {name: _Noted(tuple(written), sha256) for name, (*written, sha256) in files.items()}

    def _note(self, row: int, files: Iterable[FileEntry]) -> None:
        here = self._here()
        noted = {each.name: (*here[each.name], each.sha256) for each in files if each.name in here}
        write_text(self._mark, json.dumps({"row": row, "files": noted}))


@dataclass(frozen=True, slots=True)
class _Noted:
    written: Written
    sha256: str


def _is(noted: _Noted | None, kept: FileEntry | None, written: Written) -> bool:
    """Whether a file here is that of a set."""
    return noted is not None and kept is not None and (noted.written, noted.sha256) == (written, kept.sha256)
