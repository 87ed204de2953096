"""IMERG from an archive on loopback: what there is of it, once, with a token that goes nowhere else."""

from __future__ import annotations

import base64
import json
import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from flows.wiring.rain_sources import open_rain_sources
from ibf_pipeline.domain.issue_time import IssueTime
from ibf_pipeline.errors import InputInvalid, InputMissing, ServerRefused, ServerUnreachable
from ibf_pipeline.io.http import Client, Server
from ibf_pipeline.io.redaction import Redactor
from ibf_pipeline.io.retry_policy import RetryPolicy
from ibf_pipeline.io.tokens import Token, TokenSource
from ibf_pipeline.rain.declaration import RainDeclaration
from ibf_pipeline.rain.reader import read_rain
from ibf_pipeline.sources.cache import InputCache
from ibf_pipeline.sources.rain.imerg import TOKEN_REMEDIES, Imerg, ImergRun, fetch_imerg, in_spans
from ibf_pipeline.sources.rain.source import RainDelivery
from tests.rain.written import BOUNDS, SHAPE, imerg
from tests.sources.rain.world import areas, configured
from tests.worlds.services import earthdata
from tests.worlds.services.earthdata import TOKEN, Earthdata

FIRST = datetime(2026, 2, 14, 22, tzinfo=UTC)
LAST = FIRST + timedelta(hours=4)
HALF_HOUR = timedelta(minutes=30)


def name_of(start: datetime, revision: str = "B") -> str:
    end, minute = start + timedelta(minutes=29, seconds=59), start.hour * 60 + start.minute
    return f"3B-HHR-L.MS.MRG.3IMERG.{start:%Y%m%d-S%H%M%S}-E{end:%H%M%S}.{minute:04d}.V07{revision}.HDF5"


def published(root: Path, start: datetime, rate: float, revision: str = "B") -> Path:
    """A half hour of the archive, the same rate (mm/h) everywhere."""
    folder = root / "GPM_3IMERGHHL.07" / f"{start:%Y/%j}"
    folder.mkdir(parents=True, exist_ok=True)
    written = imerg(folder, np.datetime64(start.replace(tzinfo=None), "m"), np.full(SHAPE, rate))
    return written.rename(folder / name_of(start, revision))


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Earthdata]:
    """Six half hours over midnight, 1 mm/h more in each; the fourth, from 23:30, is not there."""
    for number in (0, 1, 2, 4, 5):
        published(tmp_path / "archive", FIRST + number * HALF_HOUR, 1.0 + number)
    with earthdata.running(tmp_path / "archive") as running:
        yield running


def run_of(archive: Earthdata, token: str = TOKEN, attempts: int = 3, run: ImergRun = "late") -> Imerg:
    redact, retry_policy = Redactor(), RetryPolicy(attempts=attempts, sleep=lambda _: None)
    tokens = TokenSource(lambda: Token(token), redact)
    return Imerg(
        run,
        Client(Server(archive.url, TOKEN_REMEDIES, renew_on_status=()), retry_policy, redact, tokens=tokens),
        Client(Server(archive.catalogue), retry_policy, redact),
    )


def test_what_there_is_comes_once_and_the_rest_is_named(archive: Earthdata, tmp_path: Path) -> None:
    found = fetch_imerg(run_of(archive), FIRST, LAST, InputCache(tmp_path / "kept"), "imerg")
    assert [file.name for file in found.files] == [name_of(FIRST + number * HALF_HOUR) for number in (0, 1, 2, 4, 5)]
    assert found.missing == (datetime(2026, 2, 14, 23, 30, tzinfo=UTC),)
    rain = read_rain(found.files, RainDeclaration(), BOUNDS, observed=True)
    assert [float(each) for each in rain.amount[0, :, 0, 0]] == [0.5, 1, 1.5, 2.5, 3]
    before, asked = archive.asked.copy(), archive.catalogue_asked
    assert fetch_imerg(run_of(archive), FIRST, LAST, InputCache(tmp_path / "kept"), "imerg") == found
    assert (archive.asked, archive.catalogue_asked) == (before, asked + 1), "the catalogue alone, for what lacks"
    published(archive.root, FIRST + 3 * HALF_HOUR, 4.0)
    whole = FIRST + 4 * HALF_HOUR
    assert fetch_imerg(run_of(archive), FIRST, whole, InputCache(tmp_path / "kept"), "imerg").missing == ()
    before, asked = archive.asked.copy(), archive.catalogue_asked
    assert len(fetch_imerg(run_of(archive), FIRST, whole, InputCache(tmp_path / "kept"), "imerg").files) == 4
    assert (archive.asked, archive.catalogue_asked) == (before, asked), "where nothing lacks nothing is asked"
    assert archive.tokens_abroad == []


def test_the_latest_revision_of_a_half_hour_counts(archive: Earthdata, tmp_path: Path) -> None:
    published(archive.root, FIRST, 7.0, "C")
    found = fetch_imerg(run_of(archive), FIRST, FIRST + HALF_HOUR, InputCache(tmp_path / "kept"), "imerg")
    assert [file.name for file in found.files] == [name_of(FIRST, "C")]


@pytest.mark.parametrize("refused_by", ["redirect", "page", "401", "403"])
def test_a_token_that_is_refused_is_one_clear_error(archive: Earthdata, tmp_path: Path, refused_by: str) -> None:
    archive.refused_by = refused_by
    with pytest.raises(ServerRefused, match="token is wrong or has expired") as caught:
        fetch_imerg(run_of(archive, "an-older-token"), FIRST, LAST, InputCache(tmp_path / "kept"), "imerg")
    assert "NASA GESDISC DATA ARCHIVE" in str(caught.value)
    assert "an-older-token" not in str(caught.value)
    assert archive.asked.total() == 1, "it is not tried again"
    assert archive.tokens_abroad == []


def test_with_a_token_that_has_expired_what_was_fetched_before_is_given(archive: Earthdata, tmp_path: Path) -> None:
    cache = InputCache(tmp_path / "kept")
    fetch_imerg(run_of(archive), FIRST, FIRST + 2 * HALF_HOUR, cache, "imerg")
    archive.token = "a-newer-one"
    found = fetch_imerg(run_of(archive), FIRST, LAST, cache, "imerg")
    assert len(found.files) == 2
    assert "the token is wrong or has expired" in str(found.away)


def test_a_login_page_in_place_of_a_file_is_the_same_error(archive: Earthdata, tmp_path: Path) -> None:
    archive.instead[name_of(FIRST)] = earthdata.LOGIN_PAGE
    with pytest.raises(ServerRefused, match="token is wrong or has expired"):
        fetch_imerg(run_of(archive), FIRST, LAST, InputCache(tmp_path / "kept"), "imerg")
    assert not list((tmp_path / "kept").rglob("*.HDF5"))


def test_data_from_another_host_come_without_the_token(archive: Earthdata, tmp_path: Path) -> None:
    archive.elsewhere = True
    assert len(fetch_imerg(run_of(archive), FIRST, LAST, InputCache(tmp_path / "kept"), "imerg").files) == 5
    assert archive.tokens_abroad == []


def test_what_breaks_off_or_is_no_data_is_asked_for_again(archive: Earthdata, tmp_path: Path) -> None:
    archive.cut_after[name_of(FIRST)] = 100
    archive.instead[name_of(FIRST + HALF_HOUR)] = b"<html>Down for maintenance</html>"
    assert len(fetch_imerg(run_of(archive), FIRST, LAST, InputCache(tmp_path / "kept"), "imerg").files) == 5
    archive.instead[name_of(FIRST)] = b"<html>Down for maintenance</html>"
    with pytest.raises(ServerUnreachable, match="not an HDF5 file"):
        fetch_imerg(run_of(archive, attempts=1), FIRST, LAST, InputCache(tmp_path / "other"), "imerg")


def test_a_file_that_is_damaged_in_the_archive_is_missing(
    archive: Earthdata, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    whole = (archive.root / "GPM_3IMERGHHL.07" / f"{FIRST:%Y/%j}" / name_of(FIRST)).read_bytes()
    archive.instead[name_of(FIRST)] = whole[: len(whole) // 2]
    with caplog.at_level(logging.WARNING):
        found = fetch_imerg(run_of(archive), FIRST, LAST, InputCache(tmp_path / "kept"), "imerg")
    assert found.missing[0] == FIRST
    assert "S220000-E222959.1320.V07B.HDF5 is damaged" in caplog.text
    assert not (tmp_path / "kept" / "imerg" / "20260214" / name_of(FIRST)).exists()


@pytest.mark.parametrize(
    ("says", "error", "found"),
    [
        ((503, "text/plain", b"later"), ServerUnreachable, "503"),
        ((200, "text/html", b"<html>Earthdata</html>"), ServerUnreachable, "a web page"),
        ((200, "application/json", b'{"errors": ["gone"]}'), InputInvalid, "the catalogue's answer cannot be used"),
        ((200, "application/json", b'{"feed": {"entry": [{}]}}'), InputMissing, "no half hour of IMERG Late"),
        ((400, "application/json", b'{"errors": ["temporal is wrong"]}'), ServerRefused, "temporal is wrong"),
    ],
)
def test_a_catalogue_that_is_not_kind(
    archive: Earthdata, tmp_path: Path, says: tuple[int, str, bytes], error: type[Exception], found: str
) -> None:
    cache = InputCache(tmp_path / "kept")
    archive.catalogue_says = says
    with pytest.raises(error, match=found):
        fetch_imerg(run_of(archive), FIRST, LAST, cache, "imerg")


def test_a_file_that_only_the_catalogue_knows_is_missing(archive: Earthdata, tmp_path: Path) -> None:
    entry = {"links": [{"href": f"https://elsewhere.example.org/{name_of(FIRST + n * HALF_HOUR)}"} for n in (2, 3, 4)]}
    archive.catalogue_says = 200, "application/json", json.dumps({"feed": {"entry": [entry]}}).encode()
    found = fetch_imerg(run_of(archive), FIRST, LAST, InputCache(tmp_path / "kept"), "imerg")
    assert len(found.files) == 2
    assert FIRST + 3 * HALF_HOUR in found.missing


def test_days_without_any_half_hour_are_missing(archive: Earthdata, tmp_path: Path) -> None:
    days = timedelta(days=28)
    with pytest.raises(InputMissing, match=r"no half hour of IMERG Late from 2026-03-14 22:00 to 2026-03-15 02:00 UTC"):
        fetch_imerg(run_of(archive), FIRST + days, LAST + days, InputCache(tmp_path / "kept"), "imerg")
    with pytest.raises(InputMissing, match="no half hour of IMERG Early"):
        fetch_imerg(run_of(archive, run="early"), FIRST, LAST, InputCache(tmp_path / "kept"), "imerg")


def given(
    root: Path, archive: Earthdata, monkeypatch: pytest.MonkeyPatch, last: datetime, token: str | None = TOKEN
) -> RainDelivery:
    """What the source has for a block."""
    monkeypatch.setenv("TOKEN_OF_NASA", token) if token else monkeypatch.delenv("TOKEN_OF_NASA", raising=False)
    section = {
        "kind": "imerg",
        "run": "late",
        "url": archive.url,
        "catalogue": archive.catalogue,
        "token_variable": "TOKEN_OF_NASA",
        "attempts": 1,
    }
    source = open_rain_sources(*configured(root, {"imerg": section, "gfs": {"kind": "gfs"}}))[0]
    assert source.role == "observed"
    return source.hours(IssueTime(last.date(), 6), areas(root), FIRST, last)


def test_hours_of_areas_and_what_lacks_is_said(
    archive: Earthdata, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    published(archive.root, FIRST + 6 * HALF_HOUR, 7.0)
    found = given(tmp_path, archive, monkeypatch, datetime(2026, 2, 15, 6, tzinfo=UTC))
    (series,) = found.series
    assert series.label == "IMERG Late"
    assert series.rain["time"].values[0] == np.datetime64("2026-02-14T23:00")
    assert [float(mm) for mm in series.rain.sel(area="A")[0]] == pytest.approx([1.5, np.nan, 5.5, np.nan], nan_ok=True)
    assert found.notes == ("IMERG Late lacks 1 half hour: 2026-02-14 23:30 UTC",)
    assert found.origin["files"] == 6


def test_an_archive_that_goes_away_leaves_what_has_arrived(
    archive: Earthdata, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive.instead[name_of(FIRST + 2 * HALF_HOUR)] = b"<html>Down for maintenance</html>"
    found = given(tmp_path, archive, monkeypatch, LAST)
    assert found.origin["files"] == 2
    assert "IMERG Late is not whole: something that is not an HDF5 file" in found.notes[-1]


def test_without_a_token_nothing_is_asked(archive: Earthdata, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ServerRefused, match="TOKEN_OF_NASA is not set"):
        given(tmp_path, archive, monkeypatch, LAST, token=None)
    assert archive.asked.total() == 0


def test_a_token_that_ends_soon_is_named(archive: Earthdata, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def found(end: datetime) -> tuple[str, ...]:
        claims = base64.urlsafe_b64encode(json.dumps({"uid": "somebody", "exp": end.timestamp()}).encode())
        archive.token = f"e30.{claims.decode().rstrip('=')}.signed"
        return given(tmp_path, archive, monkeypatch, FIRST + HALF_HOUR, archive.token).notes

    assert found(datetime(2026, 2, 18, 9, 30, tzinfo=UTC)) == (
        "IMERG Late: the token of imerg ends on 2026-02-18 09:30 UTC: make a new one",
    )
    assert found(datetime(2026, 3, 18, tzinfo=UTC)) == ()


def test_half_hours_are_named_in_spans() -> None:
    starts = [FIRST, FIRST + HALF_HOUR, FIRST + 5 * HALF_HOUR]
    assert in_spans(starts) == "2026-02-14 22:00 to 22:30, 2026-02-15 00:30 UTC"
