"""A revision that broke off half way and was given up: what the portal shows is neither it nor the one before."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ibf_pipeline.errors import ServerRefused, ServerUnreachable
from ibf_pipeline.publish.call import Call
from ibf_pipeline.publish.publisher import Answer
from ibf_pipeline.runs.confirmation import give_up
from ibf_pipeline.targets.ibf import planner
from ibf_pipeline.targets.ibf.target import IbfTarget
from ibf_pipeline.targets.ibf.transport import IbfTransport
from tests.publish.test_day_sequences import day, mails, shown
from tests.worlds.countries.flood_days import FloodDays, clock
from tests.worlds.services.snapshot import snapshot


def broken_off_after(portal: FloodDays, wishes: str, step: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A revision of day 1 whose process is cut off from the server once it has carried out a step; then given up."""
    send = IbfTransport.send

    def send_or_fail(self: IbfTransport, call: Call) -> Answer:
        answer = send(self, call)
        if call.step.startswith(step):
            raise ServerUnreachable("the line is dead")
        return answer

    with monkeypatch.context() as patched:
        patched.setattr(IbfTransport, "send", send_or_fail)
        with pytest.raises(ServerUnreachable, match="the line is dead"):
            portal.day(wishes, day(1))
    give_up(portal.revisions(day(1))[-1], clock, "aborted by a person")


def what_people_see(portal: FloodDays) -> dict[str, Any]:
    """Events, map values, station classes and rasters."""
    stations = portal.get("/point-data/glofas_stations/XDM", disasterType="floods")["features"]
    return {
        "events": shown(portal),
        "people": {level: portal.values(level, "population_affected", "G9001") for level in (1, 2)},
        "classes": {
            f["properties"]["fid"]: (f["properties"]["dynamicData"] or {}).get("eapAlertClass") for f in stations
        },
        "rasters": snapshot(portal.sandbox).get("rasters"),
    }


def test_a_call_that_the_server_refuses_for_good_is_planned_anew_after_an_abort(
    portal: FloodDays, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However often the day is run, the same body is sent: the message says what helps."""
    with monkeypatch.context() as patched:
        plan = planner.plan_calls

        def misspelt(*given: Any) -> list[Call]:
            calls = plan(*given)
            return [replace(calls[0], body={**(calls[0].body or {}), "adminLevel": "two"}), *calls[1:]]

        patched.setattr("ibf_pipeline.targets.ibf.revision.plan_calls", misspelt)
        with pytest.raises(ServerRefused, match="answered 400"):
            portal.day("G9001=--TT----", day(1))
    with pytest.raises(ServerRefused, match=r"answered 400.*planned anew, give these up with .*resume --abort`"):
        portal.day("G9001=--TT----", day(1))
    give_up(portal.revisions(day(1))[-1], clock, "aborted by a person")
    portal.day("G9001=--TT----", day(1))
    assert (set(shown(portal)), mails(portal)) == ({"G9001"}, 1)


@pytest.mark.parametrize(
    ("second", "step"),
    [
        ("G9001=--TT----", "wipe the earlier upload, level 2"),
        ("G9002=---ww---:med", "exposure"),
        ("", "flood extent 7"),
    ],
)
def test_the_earlier_content_again_repairs_what_a_given_up_revision_left(
    second: str, step: str, portal: FloodDays, monkeypatch: pytest.MonkeyPatch
) -> None:
    portal.day("G9001=--TTT---", day(1))
    before = what_people_see(portal)
    assert sum(before["people"][2].values()) > 0
    broken_off_after(portal, second, step, monkeypatch)
    assert what_people_see(portal) != before
    _, published = portal.day("G9001=--TTT---", day(1))
    assert published is not None, "not `the target has this very content`"
    assert what_people_see(portal) == before
    assert [revision.number for revision in portal.revisions(day(1))] == [1, 2, 3]
    assert portal.revisions(day(1))[-1].calls()[0].step.startswith("wipe the earlier upload")
    sent = mails(portal)
    assert (portal.day("G9001=--TTT---", day(1))[1], mails(portal)) == (None, sent), "now it is nothing to do"


def test_a_revision_that_was_given_up_before_its_first_call_changes_nothing(
    portal: FloodDays, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The portal still shows the first one: publishing it again would mail people twice."""
    portal.day("G9001=--TTT---", day(1))

    def stop(*arguments: Any, **more: Any) -> None:
        raise ServerUnreachable("the line is dead")

    with monkeypatch.context() as patched:
        patched.setattr(IbfTarget, "carry_out", stop)
        with pytest.raises(ServerUnreachable):
            portal.day("G9001=---TT---", day(1))
    assert len(portal.revisions(day(1))) == 2
    give_up(portal.revisions(day(1))[-1], clock, "aborted by a person")
    assert portal.day("G9001=--TTT---", day(1))[1] is None
    assert (mails(portal), len(portal.revisions(day(1)))) == (1, 2)
