"""Cyclone tracks on a file server as ECMWF's: a file a storm, half delivered, gone, and without any cyclone."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ibf_pipeline.errors import InputInvalid, InputMissing, ServerRefused, ServerUnreachable
from ibf_pipeline.sources.source import AccountMissing
from ibf_pipeline.sources.tracks.source import TrackSource
from tests.sources.tracks.world import ISSUE, at, deliver, source
from tests.worlds.services.ftp import PASSWORD, USER, Server, running

Make = Callable[..., TrackSource]
FOLDER = "20261129120000"
ENDS = "A_HEXX98ECEP291200_C_ECMP_20261129120000_240h_em_msl.bin"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    (tmp_path / "served").mkdir()
    with running(tmp_path / "served") as about:
        yield about


@pytest.fixture
def make(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Make:
    monkeypatch.setenv("ECMWF_FTP_USER", USER)
    monkeypatch.setenv("ECMWF_FTP_PASSWORD", PASSWORD)
    section = {"kind": "tracks-ftp", "host": "127.0.0.1", "port": server.port, "attempts": 1, "timeout_seconds": 5}
    return lambda **keys: source(tmp_path, section | keys)


def storm(server: Server, identifier: str, minutes: float = 60) -> Path:
    """A storm's file, delivered so many minutes ago."""
    name = f"A_JSXX01ECEP291200_C_ECMP_{FOLDER}_tropical_cyclone_track_{identifier}_130degE_15degN_bufr4.bin"
    file = deliver(server.root / FOLDER / name, identifier)
    os.utime(file, (time.time() - 60 * minutes,) * 2)
    return file


def test_a_file_a_storm_is_fetched_once_and_kept(make: Make, server: Server) -> None:
    files = [storm(server, "21W"), storm(server, "22W")]
    (server.root / FOLDER / "A_JSXX01ECMF291200_C_ECMF_tropical_cyclone_track_21W.bin").write_bytes(b"another product")
    given = make().cycle(ISSUE)
    assert (list(given.tracks["storm"].values), given.notes) == (["21W", "22W"], ())
    about = given.origin["delivered"][files[1].name]
    assert about["origin"] == f"ftp://127.0.0.1:{server.port}/{FOLDER}/{files[1].name}"
    assert make().cycle(ISSUE).tracks.identical(given.tracks)
    assert server.served == {file.name: 1 for file in files}
    for file in files:
        file.unlink()
    later = make().cycle(ISSUE)
    assert later.tracks.identical(given.tracks)
    assert later.notes == (
        "tracks: the tracks were fetched before, and are not there now: no tracks of 2026-11-29 12 UTC",
    )
    assert make(port=1).cycle(ISSUE).tracks.identical(given.tracks)
    with pytest.raises(ServerUnreachable):
        make(port=1).cycle(at(6))


def test_a_list_that_is_still_growing_is_waited_for(make: Make, server: Server) -> None:
    storm(server, "21W")
    storm(server, "22W", minutes=3)
    with pytest.raises(InputMissing, match=r"2 files of tracks, the newest delivered at .*: more may come"):
        make().cycle(ISSUE)
    assert not server.served
    assert make(settled_minutes=2).cycle(ISSUE).tracks.sizes["storm"] == 2
    with pytest.raises(InputMissing, match="more may come"):
        make().cycle(ISSUE)
    (server.root / FOLDER / ENDS).write_bytes(b"GRIB")
    assert make(finished="*ECEP*_240h_*").cycle(ISSUE).tracks.sizes["storm"] == 2


def test_a_server_that_does_not_say_when_files_came_needs_what_ends_a_cycle(make: Make, server: Server) -> None:
    storm(server, "21W")
    server.unknown.add("MDTM")
    with pytest.raises(InputMissing, match="nobody says when they were delivered"):
        make().cycle(ISSUE)
    (server.root / FOLDER / ENDS).write_bytes(b"GRIB")
    assert make(finished="*ECEP*_240h_*").cycle(ISSUE).tracks.sizes["storm"] == 1


def test_no_cyclone_only_where_what_ends_every_cycle_is_listed(make: Make, server: Server) -> None:
    with pytest.raises(InputMissing, match="no tracks of 2026-11-29 12 UTC"):
        make(finished="*ECEP*_240h_*").cycle(ISSUE)
    (server.root / FOLDER).mkdir()
    (server.root / FOLDER / ENDS).write_bytes(b"GRIB")
    with pytest.raises(InputMissing) as missing:
        make().cycle(ISSUE)
    assert "name `finished`" in missing.value.remedy, "without it a list of other products proves nothing"
    given = make(finished="*ECEP*_240h_*").cycle(ISSUE)
    assert given.tracks.sizes["storm"] == 0
    assert given.origin["finished"]["listed"].endswith(f"{FOLDER}/{ENDS}")


def test_transfers_that_break_off_or_end_early(make: Make, server: Server) -> None:
    file = storm(server, "21W")
    server.cut_after[file.name] = 200
    assert make(attempts=2).cycle(ISSUE).tracks.sizes["storm"] == 1
    later = server.root / FOLDER.replace("1200", "1800") / file.name
    later.parent.mkdir()
    file.rename(later)
    server.short[file.name] = 300
    with pytest.raises(ServerUnreachable, match="broke off after 300"):
        make().cycle(at(18))


def test_accounts(make: Make, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ECMWF_FTP_PASSWORD", "wrong")
    with pytest.raises(ServerRefused, match="the login was refused"):
        make().cycle(ISSUE)
    monkeypatch.delenv("ECMWF_FTP_PASSWORD")
    with pytest.raises(AccountMissing, match="ECMWF_FTP_PASSWORD"):
        make().cycle(ISSUE)


def test_what_is_no_bufr_is_not_kept(make: Make, server: Server, tmp_path: Path) -> None:
    file = storm(server, "21W")
    content = file.read_bytes()
    for wrong, kind in ((b"<html>come back later</html>", InputInvalid), (content[:-20], InputMissing)):
        file.write_bytes(wrong)
        os.utime(file, (time.time() - 3600,) * 2)
        with pytest.raises(kind):
            make().cycle(ISSUE)
    assert not list((tmp_path / "fetched").rglob("*.bin"))
