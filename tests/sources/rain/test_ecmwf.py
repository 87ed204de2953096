"""ECMWF's open data from an archive on loopback: precipitation of all members, by the indexes."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from ibf_pipeline.domain.issue_time import IssueTime
from ibf_pipeline.errors import InputMissing, ServerRefused, ServerUnreachable
from ibf_pipeline.io.http import Client, Server
from ibf_pipeline.io.http_errors import Refused
from ibf_pipeline.io.redaction import Redactor
from ibf_pipeline.io.retry_policy import RetryPolicy
from ibf_pipeline.rain.declaration import RainDeclaration
from ibf_pipeline.rain.reader import read_rain
from ibf_pipeline.sources.cache import InputCache
from ibf_pipeline.sources.rain.ecmwf import SINGLE_RUN, ecmwf_runs, ecmwf_steps, ensemble, fetch_ecmwf
from ibf_pipeline.sources.rain.source import RainDelivery
from tests.rain.written import BOUNDS
from tests.sources.rain.world import areas, block
from tests.worlds.services import web_archive
from tests.worlds.services.ecmwf_open_data import publish
from tests.worlds.services.web_archive import Archive

CYCLE = datetime(2026, 11, 29, 6, tzinfo=UTC)
OLD = datetime(2026, 2, 14, 6, tzinfo=UTC)
"""a run in which the control was a member of its own, and the run of 06 UTC had another name"""
PERTURBED = range(1, 51)


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two steps of a run: 2 and 5 mm from its start in the control, as much more in a member as its number."""
    root = tmp_path_factory.mktemp("ecmwf")
    for step, mm in ((3, 2.0), (6, 5.0)):
        publish(root, CYCLE, step, "oper", "fc", {0: mm})
        publish(root, CYCLE, step, "enfo", "pf", {member: mm * (1 + member) for member in PERTURBED})
    return root


@pytest.fixture
def archive(tmp_path: Path, published: Path) -> Iterator[Archive]:
    shutil.copytree(published, tmp_path / "archive")
    with web_archive.running(tmp_path / "archive") as running:
        yield running


def client(archive: Archive, attempts: int = 3) -> Client:
    return Client(Server(archive.url), RetryPolicy(attempts=attempts, sleep=lambda _: None), Redactor())


def test_all_members_come_once_and_nothing_else_does(archive: Archive, tmp_path: Path) -> None:
    files = fetch_ecmwf(client(archive), CYCLE, [3, 6], tmp_path / "kept", ensemble(CYCLE))
    rain = read_rain(files, RainDeclaration(), BOUNDS, np.datetime64("2026-11-29T06:00", "m"))
    assert rain.members == (0, *PERTURBED)
    assert [[round(float(mm), 2) for mm in rain.amount[member, :, 0, 0]] for member in (0, 1, 50)] == [
        [2, 3],
        [4, 6],
        [102, 153],
    ]
    grib_bytes = sum(sent for name, sent in archive.sent.items() if name.endswith("grib2"))
    assert grib_bytes == sum(file.stat().st_size for file in files)
    asked = archive.asked.total()
    assert fetch_ecmwf(client(archive), CYCLE, [3, 6], tmp_path / "kept", ensemble(CYCLE)) == files
    assert archive.asked.total() == asked


def test_the_single_run_is_one_message_a_step(archive: Archive, tmp_path: Path) -> None:
    files = fetch_ecmwf(client(archive), CYCLE, [3, 6], tmp_path / "kept", [SINGLE_RUN])
    rain = read_rain(files, RainDeclaration(), BOUNDS)
    assert rain.members == (0,)
    assert [round(float(mm), 2) for mm in rain.amount[0, :, 0, 0]] == [2, 3]


def test_older_runs_are_found_under_their_old_names(archive: Archive, tmp_path: Path) -> None:
    publish(archive.root, OLD, 3, "enfo", "cf", {0: 1.0})
    publish(archive.root, OLD, 3, "enfo", "pf", dict.fromkeys(PERTURBED, 2.0))
    publish(archive.root, OLD, 3, "scda", "fc", {0: 3.0})
    rain = read_rain(
        fetch_ecmwf(client(archive), OLD, [3], tmp_path / "kept", ensemble(OLD)), RainDeclaration(), BOUNDS
    )
    assert rain.members == (0, *PERTURBED)
    assert float(rain.amount[0, 0, 0, 0]) == pytest.approx(1)
    alone = fetch_ecmwf(client(archive), OLD, [3], tmp_path / "kept", [SINGLE_RUN])
    assert float(read_rain(alone, RainDeclaration(), BOUNDS).amount[0, 0, 0, 0]) == pytest.approx(3)


def test_a_run_that_is_half_delivered_is_missing(archive: Archive, tmp_path: Path) -> None:
    with pytest.raises(InputMissing, match=r"the run of 2026-11-29 06 UTC has no step 9 yet"):
        fetch_ecmwf(client(archive), CYCLE, [3, 9], tmp_path / "kept", [SINGLE_RUN])
    index = archive.root / "20261129/06z/ifs/0p25/enfo/20261129060000-6h-enfo-ef.index"
    whole = index.read_text().splitlines(keepends=True)
    index.write_text("".join(whole[:30]))
    with pytest.raises(InputMissing, match=r"step 6 of the run of 2026-11-29 06 UTC has 29 of 50 members"):
        fetch_ecmwf(client(archive), CYCLE, [6], tmp_path / "kept", ensemble(CYCLE))
    index.write_text("".join(whole)[:-40])
    with pytest.raises(InputMissing, match="the index of step 6 of the run of 2026-11-29 06 UTC cannot be used"):
        fetch_ecmwf(client(archive), CYCLE, [6], tmp_path / "kept", ensemble(CYCLE))
    index.write_text(whole[0])
    with pytest.raises(InputMissing, match="Cannot find index entries"):
        fetch_ecmwf(client(archive), CYCLE, [6], tmp_path / "kept", ensemble(CYCLE))
    assert not list((tmp_path / "kept").rglob("enfo*"))


def test_a_message_that_is_not_there_yet_is_not_kept(archive: Archive, tmp_path: Path) -> None:
    file = archive.root / "20261129/06z/ifs/0p25/enfo/20261129060000-6h-enfo-ef.grib2"
    file.write_bytes(file.read_bytes()[:-200])
    with pytest.raises((ServerUnreachable, ServerRefused)):
        fetch_ecmwf(client(archive, attempts=2), CYCLE, [6], tmp_path / "kept", ensemble(CYCLE))
    assert not list((tmp_path / "kept").rglob("enfo*"))


def test_what_breaks_off_is_asked_for_again(archive: Archive, tmp_path: Path) -> None:
    archive.refuse = 1
    archive.cut_after["20261129060000-3h-oper-fc.grib2"] = 20
    file = fetch_ecmwf(client(archive), CYCLE, [3], tmp_path / "kept", [SINGLE_RUN])[0]
    assert file.read_bytes().endswith(b"7777")


def test_an_archive_that_forbids_or_gives_no_parts_is_refused(archive: Archive, tmp_path: Path) -> None:
    archive.forbidden = 403
    with pytest.raises(Refused, match="403"):
        fetch_ecmwf(client(archive), CYCLE, [3], tmp_path / "kept", [SINGLE_RUN])
    archive.forbidden, archive.ranges = None, False
    with pytest.raises(Refused, match="the whole file in place of a part of it"):
        fetch_ecmwf(client(archive), CYCLE, [3], tmp_path / "kept", [SINGLE_RUN])


def test_a_page_in_place_of_an_index_is_no_answer(archive: Archive, tmp_path: Path) -> None:
    index = archive.root / "20261129/06z/ifs/0p25/oper/20261129060000-3h-oper-fc.index"
    index.unlink()
    index.mkdir()  # the archive answers folders with pages
    with pytest.raises(ServerUnreachable, match="a web page"):
        fetch_ecmwf(client(archive), CYCLE, [3], tmp_path / "kept", [SINGLE_RUN])


def test_nothing_is_printed_and_no_bar_is_drawn(
    archive: Archive, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fetch_ecmwf(client(archive), CYCLE, [3], tmp_path / "kept", [SINGLE_RUN])
    assert capsys.readouterr() == ("", "")


def test_steps_that_a_run_has() -> None:
    assert ecmwf_steps(48) == [*range(3, 49, 3)]
    assert ecmwf_steps(49)[-2:] == [48, 51]
    assert ecmwf_steps(145)[-3:] == [141, 144, 150]
    assert ecmwf_steps(400)[-1] == 360


def given(
    archive: Archive, root: Path, first: datetime, *, is_ensemble: bool = False, ahead_h: int = -6
) -> RainDelivery:
    """What the source has for the block of 12 UTC, of runs that are fetched to their 6th hour."""
    cache = InputCache(root / "inputs")
    source = ecmwf_runs(
        "ecmwf", client(archive, 1), cache, is_ensemble=is_ensemble, oldest_h=12, ahead_h=ahead_h, parallel=2
    )
    return source.hours(IssueTime(CYCLE.date(), 12), areas(root), first, CYCLE + timedelta(hours=6))


def test_the_newest_whole_run_leads_and_single_runs_fill_the_hours_before(archive: Archive, tmp_path: Path) -> None:
    publish(archive.root, CYCLE + timedelta(hours=6), 3, "oper", "fc", {0: 9.0})
    publish(archive.root, CYCLE - timedelta(hours=6), 3, "oper", "fc", {0: 1.0})
    publish(archive.root, CYCLE - timedelta(hours=6), 6, "oper", "fc", {0: 7.0})
    found = given(archive, tmp_path, CYCLE - timedelta(hours=8), is_ensemble=True)
    assert [each.label for each in found.series] == ["ECMWF ensemble 2026-11-29T06", "ECMWF 2026-11-29T00"]
    leads, fills = (each.rain.sel(area="A") for each in found.series)
    assert leads.sizes["member"] == 51
    assert [float(mm) for mm in leads.sel(member=50)] == pytest.approx([34] * 3 + [51] * 3)
    assert [float(mm) for mm in fills[0]] == pytest.approx([1 / 3] * 3 + [2] * 3)
    assert found.notes == (
        "ecmwf: ECMWF of 2026-11-29 12 UTC does not lead: the run of 2026-11-29 12 UTC has no step 6 yet",
        "ecmwf: ECMWF of 2026-11-28 18 UTC fills no hours: the run of 2026-11-28 18 UTC has no step 6 yet",
    )


def test_what_was_fetched_leads_while_the_archive_is_away(archive: Archive, tmp_path: Path) -> None:
    given(archive, tmp_path, CYCLE)
    archive.refuse = 3
    assert [each.label for each in given(archive, tmp_path, CYCLE).series] == ["ECMWF 2026-11-29T06"]
    assert archive.refuse == 2, "one question for the run of 12 UTC"


def test_a_damaged_file_is_fetched_anew(archive: Archive, tmp_path: Path) -> None:
    given(archive, tmp_path, CYCLE)
    (kept,) = tmp_path.rglob("oper-fc-6h.grib2")
    content = kept.read_bytes()
    kept.write_bytes(content[:-50])
    with pytest.raises(InputMissing):
        given(archive, tmp_path, CYCLE)
    assert not kept.exists()
    given(archive, tmp_path, CYCLE)
    assert kept.read_bytes() == content


def test_without_a_whole_run_the_newest_one_is_named(archive: Archive, tmp_path: Path) -> None:
    with pytest.raises(InputMissing, match=r"the run of 2026-11-29 12 UTC has no step 60 yet"):
        given(archive, tmp_path, CYCLE, ahead_h=48)


def test_a_block_out_of_the_settings(archive: Archive, tmp_path: Path) -> None:
    for step in range(9, 61, 3):
        publish(archive.root, CYCLE, step, "oper", "fc", {0: step - 1.0})
    settings = {"kind": "ecmwf-open-data", "url": f"{archive.url}/", "run": "single", "attempts": 1}
    found = block(tmp_path, {"ecmwf": settings}, IssueTime(CYCLE.date(), 6))
    assert found.rain.attrs["members"] == "one run"
    assert set(np.unique(found.rain["step_hours"])) >= {3}
    ahead = found.rain.sel(area="B").sel(time=slice("2026-11-29T07", "2026-12-01T06"))[0]
    assert float(ahead.sum()) == pytest.approx(47, abs=0.01)
