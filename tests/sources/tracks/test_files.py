"""Cyclone tracks in a folder, on a web server and behind other urls; an operator says that there is no cyclone."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from flows.cli.app import app
from flows.watch_source import LOOKS
from ibf_pipeline.config.typhoon import TyphoonCountry
from ibf_pipeline.domain.issue_time import IssueTime
from ibf_pipeline.errors import InputInvalid, InputMissing, ServerRefused, UsageError
from ibf_pipeline.sources.watch import Availability
from tests.conftest import real_data
from tests.sources.tracks.world import ISSUE, at, configured, deliver, source
from tests.worlds.services import web_archive
from tests.worlds.services.web_archive import Archive

pytestmark = pytest.mark.usefixtures("tracks_here")
FOLDER: dict[str, Any] = {"kind": "tracks-folder", "root": "in"}


@pytest.fixture
def cycle(tmp_path: Path) -> Path:
    """The folder of the cycle."""
    (tmp_path / "in" / "2026112912").mkdir(parents=True)
    return tmp_path / "in" / "2026112912"


@pytest.fixture
def archive(cycle: Path) -> Iterator[Archive]:
    with web_archive.running(cycle.parent) as running:
        yield running


def test_files_of_a_folder_are_one_cycle(tmp_path: Path, cycle: Path) -> None:
    files = (deliver(cycle / "21W.bin", "21W"), deliver(cycle / "22W.bin", "22W"))
    (cycle / ".23W.bin.part").write_bytes(b"BUFR")
    given = source(tmp_path, FOLDER).cycle(ISSUE)
    assert (list(given.tracks["storm"].values), given.files, given.notes) == (["21W", "22W"], files, ())
    assert list(given.origin["delivered"]) == ["21W.bin", "22W.bin"]


def test_real_cycles_are_used_and_a_single_run_alone_is_no_ensemble(tmp_path: Path, cycle: Path) -> None:
    for name, folder in (("four_storms_2023082200", "2023082200"), ("herold_2020031912_det", "2020031912")):
        (cycle.parent / folder).mkdir()
        shutil.copy(real_data("tracks", f"{name}.bufr"), cycle.parent / folder)
    given = source(tmp_path, FOLDER).cycle(IssueTime(date(2023, 8, 22), 0))
    assert list(given.tracks["name"].values) == ["GERT", "EMILY", "FRANKLIN", "09L"]
    with pytest.raises(InputInvalid, match="only 1 members are listed of storm 22S"):
        source(tmp_path, FOLDER).cycle(IssueTime(date(2020, 3, 19), 12))


def test_no_cyclone_is_said_by_an_operator_or_by_what_ends_every_cycle(tmp_path: Path, cycle: Path) -> None:
    with pytest.raises(InputMissing) as missing:
        source(tmp_path, FOLDER).cycle(ISSUE)
    assert "put an empty file no-cyclones there" in missing.value.remedy
    (cycle / "no-cyclones").touch()
    given = source(tmp_path, FOLDER).cycle(ISSUE)
    assert (given.tracks.sizes["storm"], given.files) == (0, ())
    assert given.origin["finished"] == {"listed": str(cycle / "no-cyclones")}
    deliver(cycle / "21W.bin", "21W")
    with pytest.raises(InputInvalid, match=r"no-cyclones beside tracks of 2026-11-29 12 UTC: 21W.bin"):
        source(tmp_path, FOLDER).cycle(ISSUE)
    (tmp_path / "in" / "2026112906").mkdir()
    (tmp_path / "in" / "2026112906" / "DONE-06").touch()
    assert source(tmp_path, FOLDER | {"finished": "DONE-%H"}).cycle(at(6)).tracks.sizes["storm"] == 0


def test_a_sign_that_there_is_none_with_an_ending_is_an_error_and_no_file_to_wait_for(
    tmp_path: Path, cycle: Path
) -> None:
    (cycle / "No-Cyclones.txt").touch()
    with pytest.raises(InputInvalid, match=r"No-Cyclones\.txt says nothing under this name") as wrong:
        source(tmp_path, FOLDER).cycle(ISSUE)
    assert wrong.value.expected == "no-cyclones, in small letters and without an ending"


def test_where_a_folder_holds_all_cycles_the_name_says_which_has_none(tmp_path: Path, cycle: Path) -> None:
    flat = FOLDER | {"files": "tracks_%Y%m%d%H.bufr"}
    (tmp_path / "in" / "no-cyclones").touch()
    with pytest.raises(InputMissing):
        source(tmp_path, flat).cycle(ISSUE)
    (tmp_path / "in" / "no-cyclones-2026112912").touch()
    assert source(tmp_path, flat).cycle(ISSUE).tracks.sizes["storm"] == 0
    with pytest.raises(InputMissing):
        source(tmp_path, flat).cycle(at(18))


def test_a_file_that_is_still_copied_is_waited_for_and_another_product_is_refused(tmp_path: Path, cycle: Path) -> None:
    content = deliver(cycle / "21W.bin", "21W").read_bytes()
    for half in (b"", content[:200]):
        (cycle / "21W.bin").write_bytes(half)
        with pytest.raises(InputMissing, match=r"21W.bin is not whole yet"):
            source(tmp_path, FOLDER).cycle(ISSUE)
    (cycle / "21W.bin").write_text("basin, number, date")
    with pytest.raises(InputInvalid, match=r"21W.bin is not a BUFR file"):
        source(tmp_path, FOLDER).cycle(ISSUE)
    deliver(cycle / "21W.bin", "21W", cycle=at(6).start)
    with pytest.raises(InputInvalid, match="the cycle of 2026-11-29 06 UTC"):
        source(tmp_path, FOLDER).cycle(ISSUE)
    assert (cycle / "21W.bin").is_file(), "nobody deletes what an operator put there"


def test_a_web_server_gives_each_revision_once(tmp_path: Path, cycle: Path, archive: Archive) -> None:
    deliver(cycle / "tracks.bufr", "21W")
    store = {"kind": "tracks-object-store", "url": archive.url, "attempts": 1}
    tracks = source(tmp_path, store)
    assert list(tracks.cycle(ISSUE).tracks["storm"].values) == ["21W"]
    tracks.cycle(ISSUE)
    assert archive.asked["tracks.bufr"] == 1
    deliver(cycle / "tracks.bufr", "21W", "22W")
    assert tracks.cycle(ISSUE).tracks.sizes["storm"] == 2, "it was delivered again"
    archive.refuse = 4
    given = tracks.cycle(ISSUE)
    assert given.tracks.sizes["storm"] == 2
    assert "were fetched before, and are not there now" in given.notes[0]


def test_a_web_server_without_tracks(tmp_path: Path, cycle: Path, archive: Archive) -> None:
    store = {"kind": "tracks-object-store", "url": archive.url, "attempts": 1}
    (cycle / "readme.bufr").mkdir()
    archive.listing, archive.unlisted = False, 403
    with pytest.raises(ServerRefused, match="403"):
        source(tmp_path, store).cycle(ISSUE)
    archive.listing = True
    (cycle / "readme.bufr").rmdir()
    (cycle / "no-cyclones").touch()
    assert source(tmp_path, store).cycle(ISSUE).tracks.sizes["storm"] == 0
    plain = store | {"url": f"file://{tmp_path}/in"}
    assert source(tmp_path, plain).cycle(ISSUE).tracks.sizes["storm"] == 0
    (cycle / "no-cyclones").unlink()
    with pytest.raises(InputMissing):
        source(tmp_path, plain).cycle(ISSUE)


def test_the_sensor_finds_a_cycle_or_that_it_has_no_cyclone(tmp_path: Path, cycle: Path) -> None:
    configuration, country = configured(tmp_path, {"tracks": FOLDER})
    ask = LOOKS[TyphoonCountry.hazard](configuration, "tracks", country, ISSUE)
    with pytest.raises(InputMissing):
        ask()
    (cycle / "no-cyclones").touch()
    assert ask() == Availability(True, True, "cycle of 2026-11-29 12 UTC, no cyclone")
    (cycle / "no-cyclones").unlink()
    deliver(cycle / "21W.bin", "21W", "22W")
    assert ask() == Availability(True, True, "cycle of 2026-11-29 12 UTC, 2 storms")


def test_a_cycle_is_fetched_by_a_command_from_the_first_source_that_has_it(tmp_path: Path, cycle: Path) -> None:
    configured(tmp_path, {"tracks": FOLDER, "other": FOLDER | {"root": "other"}})
    deliver(tmp_path / "other" / "2026112912" / "21W.bin", "21W")
    fetch = ["inputs", "fetch", "PHL", "--date", "2026-11-29T12", "--config", str(tmp_path / "config")]
    told = CliRunner().invoke(app, fetch, catch_exceptions=False)
    assert told.output.splitlines() == [
        "cycle 2026-11-29 12 UTC, 1 storm in the world, made up, no forecast of anybody",
        "21W: seen, 52 members, to 24 hours ahead",
        "note: source tracks: no tracks of 2026-11-29 12 UTC",
    ]
    with pytest.raises(UsageError, match="are for floods"):
        CliRunner().invoke(app, [*fetch, "--again"], catch_exceptions=False)
    with pytest.raises(UsageError, match="has no source 'third'"):
        CliRunner().invoke(app, [*fetch, "--source", "third"], catch_exceptions=False)
