"""Cyclone tracks of ECMWF's open data from an archive on loopback: both files, no cyclone, and what proves nothing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from threading import Event

import numpy as np
import pytest

from ibf_pipeline.errors import InputInvalid, InputMissing, ServerRefused, ServerUnreachable
from ibf_pipeline.sources.cache import InputCache
from ibf_pipeline.sources.tracks.source import TrackSource
from tests.sources.tracks.world import CYCLE, ISSUE, at, deliver, source
from tests.worlds.services import web_archive
from tests.worlds.services.ecmwf_open_data import finish, track_file
from tests.worlds.services.web_archive import Archive

pytestmark = pytest.mark.usefixtures("tracks_here")
PERTURBED = range(1, 51)


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    (tmp_path / "archive").mkdir()
    with web_archive.running(tmp_path / "archive") as running:
        yield running


@pytest.fixture
def tracks(archive: Archive, tmp_path: Path) -> TrackSource:
    return source(tmp_path, {"kind": "ecmwf-tracks", "url": archive.url, "attempts": 1})


def ensemble(archive: Archive) -> Path:
    return deliver(track_file(archive.root, CYCLE, 360, "enfo"), "21W", "22W", members=PERTURBED)


def single_run(archive: Archive) -> Path:
    return deliver(track_file(archive.root, CYCLE, 360, "oper"), "21W", members=[52])


def kept(root: Path) -> list[str]:
    return [file.name for file in (root / "fetched").rglob("*tf.bufr*")]


def test_both_files_are_one_cycle_and_are_fetched_once(archive: Archive, tracks: TrackSource, tmp_path: Path) -> None:
    ensemble(archive)
    single_run(archive)
    given = tracks.cycle(ISSUE)
    there = np.isfinite(given.tracks["lat"].values).any(axis=2)
    assert list(given.tracks["storm"].values) == ["21W", "22W"]
    assert [int(members.sum()) for members in there] == [51, 50]
    assert (given.notes, len(given.files)) == ((), 2)
    assert given.origin["licence"] == "ECMWF open data, CC BY 4.0"
    (enfo, oper) = given.origin["delivered"].values()
    assert oper["origin"] == f"{archive.url}/20261129/12z/ifs/0p25/oper/20261129120000-360h-oper-tf.bufr"
    assert (enfo["bytes"], len(enfo["sha256"])) == (given.files[0].stat().st_size, 64)
    (day,) = InputCache(tmp_path / "fetched").days()
    assert (day.source, day.countries) == ("tracks", {"2026112912": 2})
    archive.refuse, asked = 1, archive.asked.total()
    assert tracks.cycle(ISSUE).tracks.identical(given.tracks)
    assert (archive.refuse, archive.asked.total()) == (1, asked), "not a single question"


def test_a_404_alone_is_no_answer_and_closes_nothing(archive: Archive, tracks: TrackSource) -> None:
    with pytest.raises(InputMissing) as missing:
        tracks.cycle(ISSUE)
    assert missing.value.found == (
        "no tracks of the ensemble and the single run of 2026-11-29 12 UTC, and step 360 of its ensemble is not listed "
        "yet"
    )
    finish(archive.root, CYCLE, 240, 600)
    with pytest.raises(InputMissing):
        tracks.cycle(ISSUE)


def test_no_cyclone_is_a_finished_cycle_without_tracks(archive: Archive, tracks: TrackSource) -> None:
    index = finish(archive.root, CYCLE, 360, 90)
    given = tracks.cycle(ISSUE)
    assert (given.tracks.sizes["storm"], given.files, given.notes) == (0, (), ())
    assert given.tracks.attrs["cycle"] == "2026-11-29T12:00:00+00:00"
    assert given.origin["finished"]["listed"].endswith("/enfo/20261129120000-360h-enfo-ef.index")
    index.unlink()
    assert tracks.cycle(ISSUE).tracks.sizes["storm"] == 0, "what was proven once stays so after the archive's four days"


def test_a_cycle_that_has_just_ended_may_still_get_its_tracks(archive: Archive, tracks: TrackSource) -> None:
    finish(archive.root, CYCLE, 360, 20.5)
    with pytest.raises(InputMissing, match="is listed for 20 minutes: they may still come"):
        tracks.cycle(ISSUE)
    finish(archive.root, CYCLE, 360, 600)
    archive.dated = False
    with pytest.raises(InputMissing, match="since when step 360 of its ensemble is listed is not told"):
        tracks.cycle(ISSUE)


def test_short_cycles_end_earlier_and_older_ones_have_other_names(archive: Archive, tracks: TrackSource) -> None:
    finish(archive.root, at(6).start, 144, 90)
    assert tracks.cycle(at(6)).tracks.attrs["last_step_h"] == 144
    old = datetime(2024, 11, 16, 6, tzinfo=UTC)
    deliver(track_file(archive.root, old, 144, "enfo"), "26W", members=range(1, 52), cycle=old)
    deliver(track_file(archive.root, old, 90, "scda"), "26W", members=[52], cycle=old)
    old_issue = type(ISSUE)(old.date(), 6)
    assert np.isfinite(tracks.cycle(old_issue).tracks["lat"].values).any(axis=2).sum() == 52


def test_an_ensemble_without_its_single_run_waits_until_the_cycle_is_finished(
    archive: Archive, tracks: TrackSource
) -> None:
    ensemble(archive)
    with pytest.raises(InputMissing, match="no tracks of the single run of 2026-11-29 12 UTC"):
        tracks.cycle(ISSUE)
    finish(archive.root, CYCLE, 360, 90)
    given = tracks.cycle(ISSUE)
    assert given.notes == ("tracks: the cycle of 2026-11-29 12 UTC is finished, without tracks of the single run",)
    assert np.isfinite(given.tracks["lat"].values).any(axis=2).sum() == 100
    assert archive.asked["20261129120000-360h-enfo-tf.bufr"] == 1


def test_a_server_that_refuses_or_is_away_is_no_missing_input(archive: Archive, tracks: TrackSource) -> None:
    ensemble(archive)
    archive.forbidden = 403
    with pytest.raises(ServerRefused, match="403"):
        tracks.cycle(ISSUE)
    archive.forbidden = 500
    with pytest.raises(ServerUnreachable, match="500"):
        tracks.cycle(ISSUE)


def test_a_web_page_in_the_place_of_tracks_is_no_answer(archive: Archive, tracks: TrackSource, tmp_path: Path) -> None:
    track_file(archive.root, CYCLE, 360, "enfo").mkdir()  # the archive answers folders with pages
    with pytest.raises(ServerUnreachable, match="web page"):
        tracks.cycle(ISSUE)
    assert not kept(tmp_path)


def test_what_breaks_off_is_asked_for_again(archive: Archive, tmp_path: Path) -> None:
    file = ensemble(archive)
    single_run(archive)
    archive.cut_after[file.name] = 300
    patient = source(tmp_path, {"kind": "ecmwf-tracks", "url": archive.url, "attempts": 3})
    given = patient.cycle(ISSUE)
    assert (given.files[0].read_bytes(), archive.asked[file.name]) == (file.read_bytes(), 2)


def test_a_server_that_stalls_is_left_in_time(archive: Archive, tmp_path: Path) -> None:
    released = Event()
    archive.cut_after[ensemble(archive).name] = 300

    def stall() -> None:
        released.wait(60)

    archive.before_cut = stall
    hurried = {"kind": "ecmwf-tracks", "url": archive.url, "attempts": 1, "timeout_seconds": 0.3}
    with pytest.raises(ServerUnreachable):
        source(tmp_path, hurried).cycle(ISSUE)
    released.set()
    assert not [name for name in kept(tmp_path) if name.endswith(".bufr")]


def test_a_file_that_is_not_whole_yet_or_is_none_is_not_kept(
    archive: Archive, tracks: TrackSource, tmp_path: Path
) -> None:
    file = ensemble(archive)
    content = file.read_bytes()
    single_run(archive)
    file.write_bytes(content[:-60])
    with pytest.raises(InputMissing, match=r"enfo-tf.bufr is not whole yet"):
        tracks.cycle(ISSUE)
    assert "20261129120000-360h-enfo-tf.bufr" not in kept(tmp_path)
    file.write_bytes(b"GRIB, something else altogether 7777")
    with pytest.raises(InputInvalid, match=r"enfo-tf.bufr is not a BUFR file"):
        tracks.cycle(ISSUE)
    file.write_bytes(content)
    assert tracks.cycle(ISSUE).tracks.sizes["storm"] == 2


def test_a_cycle_that_cannot_be_used_is_fetched_anew(archive: Archive, tracks: TrackSource, tmp_path: Path) -> None:
    deliver(track_file(archive.root, CYCLE, 360, "enfo"), "21W", members=PERTURBED, cycle=at(6).start)
    single_run(archive)
    with pytest.raises(InputInvalid, match="the cycle of 2026-11-29 06 UTC"):
        tracks.cycle(ISSUE)
    assert not kept(tmp_path)
    deliver(track_file(archive.root, CYCLE, 360, "enfo"), "21W", members=range(1, 39))
    with pytest.raises(InputInvalid, match="only 39 members are listed of storm 21W"):
        tracks.cycle(ISSUE)
    ensemble(archive)
    given = tracks.cycle(ISSUE)
    given.files[0].write_bytes(b"BUFR of a bad disk 7777")
    assert tracks.cycle(ISSUE).tracks.identical(given.tracks)
