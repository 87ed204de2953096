"""IMERG, NASA's rain of every half hour seen from satellites, from the archive GES DISC with an Earthdata token.

Which half hours there are is asked of NASA's catalogue (CMR), without the token: since autumn 2026 the archive lists no
folders. Names of files end with the revision of the algorithm, which changes without notice (V07B, V07C).
Source: NASA, IMERG V07 technical documentation; GES DISC, Migration to Earthdata Cloud; CMR search API.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Final, Literal

from ibf_pipeline.domain.issue_time import IssueTime
from ibf_pipeline.domain.wording import counted, some
from ibf_pipeline.errors import IbfError, InputInvalid, InputMissing, ServerRefused, ServerUnreachable, errors_as
from ibf_pipeline.io.download import DownloadStream, download_attempt, web_stream
from ibf_pipeline.io.http import Client
from ibf_pipeline.io.http_errors import Gone, NoAnswer, Refused
from ibf_pipeline.io.netcdf import netcdf_file
from ibf_pipeline.io.retry_policy import retry_call
from ibf_pipeline.rain.declaration import RainDeclaration
from ibf_pipeline.sources.cache import InputCache
from ibf_pipeline.sources.rain.areal_rain import observed_rain
from ibf_pipeline.sources.rain.source import RainAreas, RainDelivery, Role

log = logging.getLogger(__name__)

ImergRun = Literal["late", "early"]
_NAMES: Final[dict[ImergRun, tuple[str, str]]] = {
    "late": ("GPM_3IMERGHHL", "3B-HHR-L"),
    "early": ("GPM_3IMERGHHE", "3B-HHR-E"),
}
"""collection, and what its files begin with"""
_HALF_HOUR: Final = timedelta(minutes=30)
_LARGEST: Final = 100_000_000
"""bytes of a file; those of the globe have 5 to 10 million"""
_SOON: Final = timedelta(days=7)
"""before the end of a token, in which every block says it"""
_HDF5: Final = b"\x89HDF\r\n\x1a\n"
_LOGIN: Final = re.compile(r"earthdata login|urs\.earthdata|type\s*=\s*[\"']?password", re.I)
TOKEN_REMEDIES: Final = dict.fromkeys(
    (401, 403),
    "make a new token (Earthdata, Generate Token: one lives for 60 days) and put it into the environment; in the same "
    "profile approve the application NASA GESDISC DATA ARCHIVE, once an account",
)


@dataclass(frozen=True, slots=True)
class Imerg:
    """One run of IMERG, and where it is."""

    run: ImergRun
    archive: Client
    """of GES DISC, with the token"""
    catalogue: Client
    """of CMR, without"""
    version: str = "07"

    @property
    def title(self) -> str:
        """For people: IMERG Late."""
        return f"IMERG {self.run.title()}"

    def address(self, start: datetime, name: str) -> str:
        """Of a half hour's file."""
        return self.archive.address(f"{_NAMES[self.run][0]}.{self.version}/{start:%Y}/{start:%j}/{name}")

    def by_start(self, names: Iterable[str]) -> dict[datetime, str]:
        """File names by the start of their half hour (UTC), of each the latest revision."""
        begin = rf"{_NAMES[self.run][1]}\.MS\.MRG\.3IMERG\."
        pattern = re.compile(rf"{begin}(\d{{8}}-S\d{{6}})-E\d{{6}}\.\d{{4}}\.V{self.version}[A-Z]\.HDF5")
        return {
            datetime.strptime(match[1], "%Y%m%d-S%H%M%S").replace(tzinfo=UTC): match[0]
            for match in filter(None, map(pattern.fullmatch, sorted(names)))
        }


@dataclass(frozen=True, slots=True)
class HalfHours:
    """What there is of IMERG."""

    files: tuple[Path, ...]
    """in the order of time"""
    missing: tuple[datetime, ...]
    """starts (UTC) of the half hours before the last file that are not there, or damaged"""
    away: str | None = None
    """why the archive could not be asked for all of them"""


def fetch_imerg(imerg: Imerg, first: datetime, last: datetime, cache: InputCache, source: str) -> HalfHours:
    """The half hours from `first` to `last` (UTC), as far as they are there; kept in the cache under their days.

    What lies there already is not fetched again; if nothing lacks, nothing is asked. If a server goes down or refuses,
    what has arrived by then is given. If nothing has, raises InputMissing if there is nothing, ServerRefused if the
    token is not accepted (a login page comes in place of data), InputInvalid if the catalogue says something else,
    NoAnswer if a server does not answer.
    """
    wanted = [first + _HALF_HOUR * number for number in range(int((last - first) / _HALF_HOUR))]
    files: dict[datetime, Path] = {}
    named: dict[datetime, str] | None = None
    away: IbfError | None = None
    for day in sorted({start.date() for start in wanted}):
        with cache.held(source, day) as kept:
            here = imerg.by_start(file.name for file in kept.iterdir())
            lacking = [start for start in wanted if start.date() == day and start not in here]
            try:
                if lacking and away is None:
                    named = _catalogued(imerg, lacking[0], last) if named is None else named
                    for start in lacking:
                        _fetch(imerg, start, named.get(start), kept)
            except (InputInvalid, ServerRefused, ServerUnreachable) as error:
                away = error
            here = imerg.by_start(file.name for file in kept.iterdir())
            files |= {start: kept / here[start] for start in wanted if start in here}
    if not files:
        raise away or _nothing(imerg, first, last)
    missing = tuple(start for start in wanted if start < max(files) and start not in files)
    return HalfHours(tuple(files[start] for start in sorted(files)), missing, None if away is None else away.found)


def _nothing(imerg: Imerg, first: datetime, last: datetime) -> InputMissing:
    return InputMissing(
        f"no half hour of {imerg.title} from {first:%Y-%m-%d %H:%M} to {last:%Y-%m-%d %H:%M} UTC",
        where=imerg.catalogue.server.base,
        expected="half hours that are older than 5 hours (Early) or 15 hours (Late)",
        remedy="look with a browser whether there is a newer version of IMERG, or the archive has moved, then correct "
        "version or url of the source",
    )


def _catalogued(imerg: Imerg, first: datetime, last: datetime) -> dict[datetime, str]:
    """Names of the files of half hours from one time to the other, by their starts."""
    span = f"{first:%Y-%m-%dT%H:%M:%SZ},{last:%Y-%m-%dT%H:%M:%SZ}"
    query = {"short_name": _NAMES[imerg.run][0], "version": imerg.version, "temporal": span, "page_size": "2000"}
    answer = imerg.catalogue.read("GET", "granules.json", query)
    with errors_as(
        InputInvalid,
        "the catalogue's answer cannot be used ({type})",
        where=imerg.catalogue.server.base,
        expected="a feed with an entry for each half hour",
        remedy="look at the address with a browser: the catalogue may have changed",
    ):
        links = [str(link["href"]) for entry in answer["feed"]["entry"] for link in entry.get("links", ())]
    return imerg.by_start(link.rpartition("/")[2] for link in links)


def _fetch(imerg: Imerg, start: datetime, name: str | None, folder: Path) -> None:
    """One half hour into a folder, if there is one."""
    if name is None:
        return
    url = imerg.address(start, name)

    @contextmanager
    def open_at(begin: int, stamp: str) -> Iterator[DownloadStream]:
        with web_stream(imerg.archive, url, begin, stamp) as opened:
            yield opened if opened.start else replace(opened, chunks=_data(opened.chunks, url))

    try:
        retry_call(lambda: download_attempt(open_at, folder / name, largest=_LARGEST), imerg.archive.retry_policy)
        _require_readable(folder / name)
    except Gone:
        log.warning("%s is in the catalogue and not in the archive", name)
    except Refused as error:
        if error.status in TOKEN_REMEDIES:
            raise _not_let_in(url) from None
        raise


def _data(chunks: Iterable[bytes], url: str) -> Iterator[bytes]:
    """The content of a file, if it is one: a login page comes with 200, too."""
    begin = b""
    for chunk in chunks:
        if not begin.startswith(_HDF5):
            begin += chunk
            if not _HDF5.startswith(begin[: len(_HDF5)]):
                raise _no_data(begin + b"".join(islice(chunks, 8)), url)
        yield chunk


def _no_data(content: bytes, url: str) -> ServerRefused | NoAnswer:
    if _LOGIN.search(content.decode(errors="replace")):
        return _not_let_in(url)
    return NoAnswer("something that is not an HDF5 file", where=url, remedy="look at the address with a browser")


def _require_readable(file: Path) -> None:
    """A file that cannot be opened is not kept: its half hour is missing until the archive has a better one."""
    try:
        with netcdf_file(file):
            pass
    except (OSError, RuntimeError) as error:
        log.warning("%s is damaged in the archive and left out: %s", file.name, error)
        file.unlink()


def _not_let_in(url: str) -> ServerRefused:
    return ServerRefused(
        "NASA Earthdata asks for a login in place of an answer: the token is wrong or has expired, or the account has "
        "not approved the archive",
        where=url,
        expected="data",
        remedy=TOKEN_REMEDIES[401],
    )


@dataclass(frozen=True, slots=True)
class ImergRain:
    """One run of IMERG as a source of rain."""

    name: str
    imerg: Imerg
    cache: InputCache
    token_ends: Callable[[], datetime | None]
    """when the token expires, as far as it says so itself"""
    role: Role = field(default="observed", init=False)

    def hours(self, issue_time: IssueTime, areas: RainAreas, first: datetime, last: datetime) -> RainDelivery:
        """As every source of rain; half hours that are not there yet make no note, those that lack before others do."""
        title = self.imerg.title
        found = fetch_imerg(self.imerg, first, last, self.cache, self.name)
        series, notes = observed_rain(found.files, RainDeclaration(), areas, title)
        if found.missing:
            notes += (f"{title} lacks {counted(len(found.missing), 'half hour')}: {in_spans(found.missing)}",)
        if found.away is not None:
            notes += (f"{title} is not whole: {found.away}",)
        ends = self.token_ends()
        if ends is not None and ends - issue_time.start < _SOON:
            notes += (f"{title}: the token of {self.name} ends on {ends:%Y-%m-%d %H:%M} UTC: make a new one",)
        names = [file.name for file in found.files]
        origin = {"archive": self.imerg.archive.server.base, "files": len(names), "from": names[0], "to": names[-1]}
        return RainDelivery((series,), notes, origin)


def in_spans(starts: Sequence[datetime]) -> str:
    """`2026-02-14 22:00 to 23:30, 2026-02-15 03:00 UTC`: spans of half hours by the start of the first and last."""
    spans: list[list[datetime]] = []
    for start in starts:
        if spans and start - spans[-1][-1] == _HALF_HOUR:
            spans[-1].append(start)
        else:
            spans.append([start])
    told = [f"{span[0]:%Y-%m-%d %H:%M}" + (f" to {span[-1]:%H:%M}" if len(span) > 1 else "") for span in spans]
    return some(told, 5) + " UTC"
