"""IMERG, NASA's rain of every half hour seen from satellites, from its archive at GES DISC with an Earthdata token.

A day's files lie in `<collection>/<year>/<day of the year>/`. Their names end with the revision of the algorithm,
which changes without notice (V07B, V07C), so they are taken from the archive's own list of the folder.
Source: NASA, IMERG V07 technical documentation; GES DISC, "How to use bearer tokens".
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Final, Literal

import netCDF4

from ibf_pipeline.domain.issue_time import IssueTime
from ibf_pipeline.domain.wording import counted, some
from ibf_pipeline.errors import InputMissing, ServerRefused
from ibf_pipeline.io.answers import Gone, NoAnswer, Refused
from ibf_pipeline.io.download import Opened, arrive, from_web
from ibf_pipeline.io.http import Client
from ibf_pipeline.io.patience import repeated
from ibf_pipeline.rain.reads import Reads
from ibf_pipeline.sources.cache import InputCache
from ibf_pipeline.sources.rain.read import observed_rain
from ibf_pipeline.sources.rain.source import RainAreas, RainGiven, Role
from ibf_pipeline.sources.threads import FILE_LIBRARIES

log = logging.getLogger(__name__)

Run = Literal["late", "early"]
_COLLECTIONS: Final[dict[Run, tuple[str, str]]] = {
    "late": ("GPM_3IMERGHHL.07", "3B-HHR-L"),
    "early": ("GPM_3IMERGHHE.07", "3B-HHR-E"),
}
HALF_HOUR: Final = timedelta(minutes=30)
_LARGEST_PAGE: Final = 5_000_000
"""bytes of a list of 48 files with their sizes and dates"""
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
class HalfHours:
    """What there is of IMERG."""

    files: tuple[Path, ...]
    """in the order of time"""
    missing: tuple[datetime, ...]
    """starts (UTC) of the half hours before the last file that are not there, or damaged"""
    away: str | None = None
    """why the archive could not be asked for all of them"""


def fetch_imerg(client: Client, run: Run, first: datetime, last: datetime, cache: InputCache, source: str) -> HalfHours:
    """The half hours from `first` to `last` (UTC), as far as they are there; kept in the cache under their days.

    `client`: of GES DISC, with the token. What lies there already is not fetched again, and a day whose half hours lie
    there all is not asked for. Where the archive goes away, what has arrived by then is given. Raises InputMissing
    where there is none at all, ServerRefused where the token is not accepted (then a login page comes in place of
    data), NoAnswer where the archive does not answer and nothing lies there.
    """
    wanted = [first + HALF_HOUR * number for number in range(int((last - first) / HALF_HOUR))]
    files: dict[datetime, Path] = {}
    away: NoAnswer | None = None
    for day in sorted({start.date() for start in wanted}):
        starts = {start for start in wanted if start.date() == day}
        with cache.held(source, day) as kept:
            if away is None and not _kept(run, kept).keys() >= starts:
                try:
                    _fetch_day(client, run, day, starts, kept)
                except NoAnswer as error:
                    away = error
            files |= {start: file for start, file in _kept(run, kept).items() if start in starts}
    if not files:
        raise away or _nothing(client, run, first, last)
    missing = tuple(start for start in wanted if start < max(files) and start not in files)
    return HalfHours(tuple(files[start] for start in sorted(files)), missing, None if away is None else away.found)


def _fetch_day(client: Client, run: Run, day: date, starts: Collection[datetime], kept: Path) -> None:
    folder = f"{_COLLECTIONS[run][0]}/{day:%Y}/{day:%j}"
    for start, name in sorted(_by_start(run, _listed(client, f"{folder}/")).items()):
        if start in starts and not (kept / name).is_file():
            _fetch(client, f"{folder}/{name}", kept / name)


def _nothing(client: Client, run: Run, first: datetime, last: datetime) -> InputMissing:
    return InputMissing(
        f"no half hour of IMERG {run.title()} from {first:%Y-%m-%d %H:%M} to {last:%Y-%m-%d %H:%M} UTC",
        where=client.address(_COLLECTIONS[run][0]),
        expected="half hours that are older than 5 hours (Early) or 15 hours (Late)",
        remedy="look at the folder with a browser: the archive may have moved, then correct the url of the source",
    )


def _kept(run: Run, folder: Path) -> dict[datetime, Path]:
    return {start: folder / name for start, name in _by_start(run, (file.name for file in folder.iterdir())).items()}


def _by_start(run: Run, names: Iterable[str]) -> dict[datetime, str]:
    """File names by the start of their half hour (UTC), of each the latest revision."""
    pattern = re.compile(
        rf"{_COLLECTIONS[run][1]}\.MS\.MRG\.3IMERG\.(\d{{8}}-S\d{{6}})-E\d{{6}}\.\d{{4}}\.V07[A-Z]\.HDF5"
    )
    found = {}
    for name in sorted(names):
        if match := pattern.fullmatch(name):
            found[datetime.strptime(match[1], "%Y%m%d-S%H%M%S").replace(tzinfo=UTC)] = name
    return found


def _listed(client: Client, folder: str) -> list[str]:
    """Names in a folder of the archive; none where it is not there (yet)."""
    url = client.address(folder)

    def once() -> str:
        content = b""
        with from_web(client, url) as opened:
            for chunk in opened.chunks:
                content += chunk
                if len(content) > _LARGEST_PAGE:
                    break
        return content.decode(errors="replace")

    with _asking(url):
        try:
            page = repeated(once, client.patience)
        except Gone:
            return []
    names = re.findall(r"""href\s*=\s*["'](?:[^"']*/)?([^"'/]+\.HDF5)["']""", page)
    if not names and _LOGIN.search(page):
        raise _not_let_in(url)
    return names


def _fetch(client: Client, path: str, target: Path) -> None:
    url = client.address(path)

    @contextmanager
    def open_at(start: int, stamp: str) -> Iterator[Opened]:
        with from_web(client, url, start, stamp) as opened:
            yield opened if opened.start else replace(opened, chunks=_data(opened.chunks, url))

    with _asking(url), suppress(Gone):  # listed, and being replaced by another revision
        repeated(lambda: arrive(open_at, target, largest=_LARGEST), client.patience)
        _require_readable(target)


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
    return NoAnswer("something that is no HDF5 file", where=url, remedy="look at the address with a browser")


def _require_readable(file: Path) -> None:
    """A file that cannot be opened is not kept: its half hour is missing until the archive has a better one."""
    try:
        with FILE_LIBRARIES, netCDF4.Dataset(file):
            pass
    except (OSError, RuntimeError) as error:
        log.warning("%s is damaged in the archive and left out: %s", file.name, error)
        file.unlink()


@contextmanager
def _asking(url: str) -> Iterator[None]:
    """A token that is refused is one error, in whatever way the archive says it."""
    try:
        yield
    except Refused as error:
        if error.status in TOKEN_REMEDIES:
            raise _not_let_in(url) from None
        raise


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
    run: Run
    client: Client
    """of GES DISC, with the token"""
    cache: InputCache
    token_ends: Callable[[], datetime | None]
    """when the token expires, as far as it says so itself"""
    role: Role = field(default="observed", init=False)

    def hours(self, issue_time: IssueTime, areas: RainAreas, first: datetime, last: datetime) -> RainGiven:
        """As every source of rain; half hours that are not there yet are no note, those that lack before others are."""
        title = f"IMERG {self.run.title()}"
        found = fetch_imerg(self.client, self.run, first, last, self.cache, self.name)
        series, notes = observed_rain(found.files, Reads(), areas, title)
        if found.missing:
            notes += (f"{title} lacks {counted(len(found.missing), 'half hour')}: {in_spans(found.missing)}",)
        if found.away is not None:
            notes += (f"{title} is not whole: {found.away}",)
        ends = self.token_ends()
        if ends is not None and ends - issue_time.start < _SOON:
            notes += (f"{title}: the token of {self.name} ends on {ends:%Y-%m-%d %H:%M} UTC: make a new one",)
        origin = {
            "url": self.client.server.base,
            "files": len(found.files),
            "first": found.files[0].name,
            "last": found.files[-1].name,
        }
        return RainGiven((series,), notes, origin)


def in_spans(starts: Sequence[datetime]) -> str:
    """`2026-02-14 22:00 to 23:30, 2026-02-15 03:00 UTC`: spans of half hours by the start of the first and last."""
    spans: list[list[datetime]] = []
    for start in starts:
        if spans and start - spans[-1][-1] == HALF_HOUR:
            spans[-1].append(start)
        else:
            spans.append([start])
    told = [f"{span[0]:%Y-%m-%d %H:%M}" + (f" to {span[-1]:%H:%M}" if len(span) > 1 else "") for span in spans]
    return some(told, 5) + " UTC"
