"""Blocks of flash floods that broke off: the server cannot list its open events then, and nothing is lost by it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ibf_pipeline.errors import ServerRefused, ServerUnreachable
from ibf_pipeline.hazards.flash_floods.findings import FlashFloodFindings
from ibf_pipeline.runs.confirmation import give_up
from ibf_pipeline.runs.revision_staging import begin_revision
from ibf_pipeline.targets.ibf.bodies import POINT_DATA
from ibf_pipeline.targets.ibf.incomplete_day import shows
from ibf_pipeline.targets.ibf.lookback.verification import look_back
from ibf_pipeline.targets.ibf.portal import IbfPortal
from ibf_pipeline.targets.ibf.publication import carry_out
from ibf_pipeline.targets.ibf.snapshot import read_snapshot
from ibf_pipeline.targets.incomplete_day import portal_words
from ibf_pipeline.targets.problems import Overrides
from ibf_pipeline.targets.target import Publication
from tests.worlds.countries.flash_days import EXPOSED, FlashDays, clock
from tests.worlds.countries.two_valleys import block, found, rain


def kinds(published: Publication | None) -> list[tuple[str, str]]:
    assert published is not None
    return [(notice.kind, notice.event) for notice in published.notices]


def test_points_of_a_revision_that_broke_off_are_cleared_too(days: FlashDays) -> None:
    """After a wipe the server tells of the block before, so that our own record has to say what was exposed."""
    first, _ = days.block(EXPOSED)
    result = found(rain({"B1": EXPOSED["B1"]}), first, late=0.1)
    run = days.keep(result)
    with days.target() as target:
        begun = target.revise(result, run, Overrides())
        assert begun is not None
        _break_off(days, begun, after="wipe the earlier upload")
    assert days.points("schools") == {}, "the server's newest upload is gone"
    with days.target() as target:
        plan = target.draft(result, run, begin_revision(run, "sandbox", 3))
    cleared = [
        [row["fid"] for row in call.body["dynamicPointData"]]
        for call in plan.calls
        if call.path == POINT_DATA and call.body and call.body["dynamicPointData"][0]["value"] is False
    ]
    assert cleared == [["7", "16"]]
    days.publish(result)  # goes on with what broke off
    assert (list(days.events()), len(days.revisions())) == (["Beta"], 2)
    assert {fid: values["exposure"] for fid, values in days.points("schools").items()} == {
        "7": "false", "9": "true", "16": "false",
    }  # fmt: skip
    assert [set(names) for names in days.mails] == [{"Alpha", "Beta"}, {"Beta"}]


def _break_off(days: FlashDays, revision: Any, *, after: str) -> None:
    """Make the calls up to the last one of a step."""
    number = max(call.number for call in revision.calls() if call.step.startswith(after))

    class Stopped(Exception):
        pass

    def stop(done: int, of: int) -> None:
        if done >= number:
            raise Stopped

    with days.target() as target, pytest.raises(Stopped):
        carry_out(revision, target.client, clock, progress=stop)


@pytest.fixture
def half_made(days: FlashDays) -> tuple[FlashDays, FlashFloodFindings]:
    """Two events of 06:00, and the first rows of 12:00: the server cannot list its events (`GET event` 500)."""
    first, _ = days.block(EXPOSED)
    result = found(rain({"A1": {1: 60}, "B1": {9: 60}}, block(1)), first)
    run = days.keep(result)
    with days.target() as target:
        begun = target.revise(result, run, Overrides())
    assert begun is not None
    _break_off(days, begun, after="exposure, level 3, population_affected")
    assert days.get("/event", countryCodeISO3="XTV", disasterType="flash-floods").status_code == 500
    return days, result


def test_a_second_block_of_the_day_that_broke_off_is_gone_on_with(half_made: tuple[FlashDays, Any]) -> None:
    """Neither is the publication lost nor does anybody get two mails, though the list of events cannot be read."""
    days, result = half_made
    published = days.publish(result)
    assert published is not None
    assert published.notified
    assert {name: shown[:3] for name, shown in days.events().items()} == {
        "Alpha": ("trigger", "1-hour", "1-hour"), "Beta": ("trigger", "9-hour", "9-hour"),
    }  # fmt: skip
    assert days.mails == [("Alpha", "Beta")] * 2
    assert days.publish(result) is None
    assert len(days.mails) == 2


def test_a_second_block_that_broke_off_and_changed_is_planned_anew(half_made: tuple[FlashDays, Any]) -> None:
    """Our own record stands in for the list of events: what it has is compared, closed and told of."""
    days, result = half_made
    (begun,) = days.revisions(1)
    with begun.run.right_to_publish("sandbox", "test"):
        give_up(begun, clock, "aborted by a person")
    published = days.publish(result.without({"Beta"}))
    assert kinds(published)[:1] == [("alert ended", "Beta")]
    assert list(days.events()) == ["Alpha"]
    assert days.mails == [("Alpha", "Beta"), ("Alpha",)]


def test_the_next_block_after_one_that_broke_off_is_published(half_made: tuple[FlashDays, Any]) -> None:
    days, result = half_made
    third = found(rain({"A1": {1: 60}}, block(2)), result)
    published = days.publish(third)
    assert published is not None
    assert published.notified
    assert "Alpha" in days.events()
    assert len(days.mails) == 2


def test_questions_while_the_list_of_events_cannot_be_read(half_made: tuple[FlashDays, Any]) -> None:
    """A check leaves them out, a comparison says why it cannot be made, a look back is unread and raises nothing."""
    days, _ = half_made
    with days.target() as target:
        state = IbfPortal(target.client).state("XTV", days.run(block(1)).profile)
        assert state.open_events is None
        assert any("somebody's upload may be half made there" in words for words in state.not_checked)
    said = portal_words(days.run(block(1)), "sandbox", shows)
    assert said == "the portal shows no alerts, those of the block before included"
    with days.target() as target:
        with pytest.raises(ServerUnreachable, match="500"):
            read_snapshot(target.client, "XTV", days.run(block(1)).profile, 3)
        assert look_back(days.revisions(1)[0], target.client, clock).verdict == "unread"


def test_somebody_elses_half_made_block_is_not_published_over(half_made: tuple[FlashDays, Any], tmp_path: Path) -> None:
    days, result = half_made
    stranger = FlashDays(tmp_path / "others", days.sandbox)
    with pytest.raises(ServerRefused, match="somebody else's day may be half made there"):
        stranger.publish(result)
    assert days.mails == [("Alpha", "Beta")]
