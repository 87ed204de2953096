"""A cycle's files, kept: what they are, where they came from, and why nothing more of the cycle is to come."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Self

import xarray as xr

from ibf_pipeline.errors import InputInvalid, InputMissing
from ibf_pipeline.io.atomic_files import write_text
from ibf_pipeline.io.digest import sha256
from ibf_pipeline.sources.tracks.source import TrackDelivery
from ibf_pipeline.tracks.dataset import empty_tracks
from ibf_pipeline.tracks.reader import read_tracks_isolated

_BEGIN: Final = b"BUFR"
_END: Final = b"7777"
_LONGEST_HEADER: Final = 200
"""bytes before the first message, as bulletins have them"""


@dataclass(frozen=True, slots=True)
class Delivered:
    """A file as it was delivered."""

    origin: str
    """where it was fetched, without credentials"""
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class CycleFiles:
    """The files of a cycle that is whole, in one folder."""

    folder: Path
    delivered: Mapping[str, Delivered]
    """by path below the folder; none if the cycle has no cyclone"""
    finished: Mapping[str, str] = field(default_factory=dict)
    """what shows that nothing more of the cycle is to come, if something is not there"""
    notes: tuple[str, ...] = ()

    @classmethod
    def of(
        cls, folder: Path, files: Mapping[Path, str], finished: Mapping[str, str], notes: tuple[str, ...] = ()
    ) -> Self:
        """Of files below the folder and where each was fetched."""
        return cls(
            folder,
            {
                file.relative_to(folder).as_posix(): Delivered(origin, file.stat().st_size, sha256(file))
                for file, origin in sorted(files.items())
            },
            dict(finished),
            notes,
        )

    @classmethod
    def noted(cls, folder: Path, began: datetime) -> Self | None:
        """Those that were noted; None if none were, or a file is not what it was, which is deleted then."""
        try:
            content = json.loads(_record(folder, began).read_text(encoding="utf-8"))
            delivered = {name: Delivered(**about) for name, about in content["delivered"].items()}
            found = cls(folder, delivered, content["finished"], tuple(content["notes"]))
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            return None
        changed = [file for file, about in zip(found.paths, delivered.values(), strict=True) if not _is(file, about)]
        for file in changed:
            file.unlink(missing_ok=True)
        return None if changed else found

    @property
    def paths(self) -> tuple[Path, ...]:
        """The files."""
        return tuple(self.folder / name for name in self.delivered)

    def note(self, began: datetime) -> None:
        """So that the cycle is asked for no more."""
        content = {
            "delivered": {name: asdict(about) for name, about in self.delivered.items()},
            "finished": dict(self.finished),
            "notes": self.notes,
        }
        write_text(_record(self.folder, began), json.dumps(content, indent=1))

    def forget(self, began: datetime) -> None:
        """Delete files that cannot be used, to be fetched anew next time."""
        _record(self.folder, began).unlink(missing_ok=True)
        for file in self.paths:
            file.unlink(missing_ok=True)

    def origin(self, address: str) -> dict[str, Any]:
        """For the manifest."""
        delivered = {Path(name).name: asdict(about) for name, about in self.delivered.items()}
        return {"archive": address, "delivered": delivered} | ({"finished": self.finished} if self.finished else {})


@dataclass(frozen=True, slots=True)
class Reading:
    """How the files of a cycle are read."""

    perturbed: int
    """members of the whole cycle"""
    require: Callable[[xr.Dataset], None]
    """InputInvalid if tracks cannot be trusted, such as those of too few members"""

    def given(self, files: CycleFiles, began: datetime, address: str) -> TrackDelivery:
        """What a source gives of them; InputInvalid if they cannot be used."""
        if not files.delivered:
            tracks = empty_tracks(began, self.perturbed)
        else:
            tracks = read_tracks_isolated(files.paths, began, perturbed=self.perturbed)
            self.require(tracks)
        return TrackDelivery(tracks, files.notes, files.origin(address), files.paths)

    def noted(self, files: CycleFiles, began: datetime, address: str) -> TrackDelivery:
        """As `given`; the files are noted if they can be used, and else deleted."""
        try:
            given = self.given(files, began, address)
        except InputInvalid:
            files.forget(began)
            raise
        files.note(began)
        return given


def require_delivered(file: Path, where: object) -> None:
    """InputMissing if a file is not whole yet: empty, or without the end of a BUFR message; InputInvalid if it is
    none at all. `where`: for people."""
    with file.open("rb") as stream:
        begins = stream.read(_LONGEST_HEADER)
        stream.seek(max(0, file.stat().st_size - 16))
        ends = stream.read()
    if begins and _BEGIN not in begins:
        raise InputInvalid(
            f"{file.name} is not a BUFR file",
            where=where,
            expected="cyclone tracks as ECMWF encodes them",
            remedy="look at it: it may be a page of a proxy, or another product",
        )
    if _END not in ends:
        raise InputMissing(
            f"{file.name} is not whole yet",
            where=where,
            expected="a file that ends with a whole message",
            remedy="run again when it has been delivered; if it stays so, deliver it again",
        )


def _record(folder: Path, began: datetime) -> Path:
    return folder / f"{began:%Y%m%d%H}.json"


def _is(file: Path, about: Delivered) -> bool:
    return file.is_file() and file.stat().st_size == about.bytes and sha256(file) == about.sha256


def cycle_text(began: datetime) -> str:
    """`2026-11-24 06 UTC`, the time at which a cycle began."""
    return f"{began:%Y-%m-%d %H} UTC"
