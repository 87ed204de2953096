"""Publications that stop in the middle, and what the next run of the same or of the next day makes of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests

from ibf_pipeline.config.configuration import Configuration
from ibf_pipeline.errors import ForbiddenByRule, ServerRefused, ServerUnreachable
from ibf_pipeline.publish.call import Call
from ibf_pipeline.runs.ledger import close
from ibf_pipeline.targets.ibf.transport import IbfClient, IbfTransport
from ibf_pipeline.targets.problems import Overrides
from tests.publish.test_day_sequences import day, kinds, mails, shown
from tests.worlds.countries.flood_days import PIPELINE, FloodDays, clock, open_sandbox
from tests.worlds.services.faulty_proxy import FaultyProxy

BEFORE = "G9001=---TT--- G9002=---w----:min"
AFTER = "G9001=----TT-- G9002=----w---:min"


class Died(BaseException):
    """The process is gone."""


@contextmanager
def dying_after(number: int) -> Iterator[None]:
    """Die as soon as the server has carried out the n-th call of the plan, before anybody has noted it."""
    made, send = 0, IbfTransport.send

    def spoilt(self: IbfTransport, call: Call) -> Any:
        nonlocal made
        made += 1
        answer = send(self, call)
        if made == number:
            raise Died(call.title)
        return answer

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(IbfTransport, "send", spoilt)
        try:
            yield
        except Died:
            return
    pytest.fail(f"call {number} was never made")


@pytest.mark.parametrize("number", [8, 14, 17, 20, 30, 40])
def test_a_second_revision_goes_on_wherever_it_stopped(portal: FloodDays, number: int) -> None:
    """Rows of the new moment without its flags: the server answers 500 to everybody who asks for its events."""
    portal.day(BEFORE, day(1))
    with dying_after(number):
        portal.day(AFTER, day(1))
    portal.day(AFTER, day(1))
    assert shown(portal) == {
        "G9001": ("trigger", "4-day", "4-day", "2026-03-01"),
        "G9002": ("warning-low", "4-day", None, "2026-03-01"),
    }
    assert (mails(portal), len(portal.revisions(day(1)))) == (2, 2)


def test_a_second_revision_that_was_given_up_in_the_middle_keeps_no_day_out(portal: FloodDays) -> None:
    portal.day(BEFORE, day(1))
    with dying_after(17):
        portal.day(AFTER, day(1))
    close(portal.revisions(day(1))[-1], clock, "aborted")
    _, published = portal.day("G9002=---w----:min", day(2))
    assert shown(portal) == {"G9002": ("warning-low", "3-day", None, "2026-03-01")}
    assert ("alert ended", "G9001") in kinds(published), "known from our own record: the server could not tell"


@pytest.mark.parametrize("number", [1, 2, 16, 29, 30])
def test_a_day_that_broke_off_hides_no_open_event(portal: FloodDays, number: int) -> None:
    """The first row of day 2 empties the server's list; it has 31 calls, the 30th of which makes events again."""
    portal.day("G9001=---TT---", day(1))
    with dying_after(number):
        portal.day("G9001=--TT----", day(2))
    assert ("G9001" in shown(portal)) == (number == 30)
    found, run = portal.find("", day(3), missing=["G9001"])
    with pytest.raises(ServerRefused, match="event G9001 is open on the server and its station is blind"):
        portal.publish(found, run)
    _, published = portal.day("", day(3))
    assert kinds(published) == [("alert ended", "G9001")]
    _, published = portal.day("", day(4))
    assert kinds(published) == [], "said once"


def test_what_was_told_before_a_day_broke_off_is_known_and_what_never_became_an_event_is_not(portal: FloodDays) -> None:
    """Day 3 is no news about the trigger of day 1, and the warning of day 2 was never on the portal."""
    portal.day("G9001=---TT---", day(1))
    with dying_after(20):
        portal.day("G9001=--TT---- G9002=---w----:min", day(2))
    _, published = portal.day("G9001=TT------", day(3))
    assert shown(portal) == {"G9001": ("trigger", "0-day", "0-day", "2026-03-01")}
    assert (mails(portal), kinds(published)) == (1, [])


@pytest.mark.parametrize("gives_up", [True, False])
@pytest.mark.parametrize(("number", "next_day"), [(14, 3), (15, 2), (15, 3)])
def test_a_wipe_that_broke_off_keeps_no_day_out(
    portal: FloodDays, number: int, next_day: int, *, gives_up: bool
) -> None:
    """Without the rows of day 2 the server is back at day 1, and breaks on the two events of day 2."""
    portal.day("G9001=---TT---", day(1))
    portal.day("G9001=--TT---- G9002=---w----:min", day(2))
    with dying_after(number):
        portal.day("G9001=--TT---- G9002=---ww---:min", day(2))
    if gives_up:
        close(portal.revisions(day(2))[-1], clock, "aborted")
    with pytest.raises(requests.HTTPError, match="500"):
        shown(portal)
    portal.day("G9003=---TT---", day(next_day))
    assert list(shown(portal)) == ["G9003"]


def test_the_500_of_a_day_that_is_whole_stops_the_run(portal: FloodDays, monkeypatch: pytest.MonkeyPatch) -> None:
    portal.day(BEFORE, day(1))
    ask = IbfClient.get

    def broken(self: IbfClient, path: str, **query: Any) -> Any:
        if path == "/event":
            raise ServerUnreachable("GET /event answered 500", where=self.base)
        return ask(self, path, **query)

    monkeypatch.setattr(IbfClient, "get", broken)
    with pytest.raises(ServerUnreachable, match="answered 500"):
        portal.day(AFTER, day(2))


def half_made_by_others(portal: FloodDays, hour: int = 9) -> None:
    """Another pipeline's rows of one of our two events, by default at nine on day 1, and no more."""
    account = {"email": PIPELINE.email, "password": PIPELINE.password}
    token = requests.post(f"{portal.sandbox.url}/user/login", json=account, timeout=10).json()["user"]["token"]
    for indicator in ("population_affected", "forecast_severity", "forecast_trigger"):
        body = {
            "countryCodeISO3": "XDM", "disasterType": "floods", "adminLevel": 2, "leadTime": "3-day",
            "dynamicIndicator": indicator, "eventName": "G9001", "date": f"{day(1)}T{hour:02}:00:00Z",
            "exposurePlaceCodes": [{"placeCode": "XD0102", "amount": 1}],
        }  # fmt: skip
        requests.post(
            f"{portal.sandbox.url}/admin-area-dynamic-data/exposure", json=body,
            headers={"Authorization": f"Bearer {token}"}, timeout=10,
        ).raise_for_status()  # fmt: skip


@pytest.mark.parametrize(("next_day", "lost"), [(1, False), (2, False), (2, True)])
def test_a_day_that_others_left_half_made_is_taken_over(
    portal: FloodDays, next_day: int, caplog: pytest.LogCaptureFixture, *, lost: bool
) -> None:
    """Their rows have no flags: the server breaks on two events. Our record tells them, unless it is lost."""
    portal.day(BEFORE, day(1))
    half_made_by_others(portal)
    if lost:
        portal.runs = portal.runs.with_name("new")
    found, run = portal.find("G9002=---w----:min", day(next_day))
    with pytest.raises(ServerRefused, match=r"GET /event answered 500.* 09:00:00Z, is not ours.*with --take-over"):
        portal.publish(found, run)
    published = portal.publish(found, run, overrides=Overrides(take_over=True))
    assert "open events: not checked, our own record stands in (GET /event answered 500" in caplog.text
    assert list(shown(portal)) == ["G9002"]
    assert kinds(published) == ([] if lost else [("alert ended", "G9001")])


def test_a_day_that_others_uploaded_for_at_an_earlier_moment_is_not_gone_on_with(portal: FloodDays) -> None:
    """Ours was planned for 00:00:01Z and came to no call; theirs is of 00:00:00Z, so a run takes it over or stops."""
    portal.day("", day(0))
    found, run = portal.find("G9002=--TT----", day(1))
    with FaultyProxy(portal.sandbox.url) as proxy:
        proxy.spoil("500", 99)
        with pytest.raises(ServerUnreachable):
            portal.publish(found, run, url=proxy.url)
    half_made_by_others(portal, 0)
    with pytest.raises(ForbiddenByRule, match=r"is of 2026-03-01 00:00:00Z, which is not where revision 1 stopped"):
        portal.publish(found, run)
    close(portal.revisions(day(1))[-1], clock, "aborted")
    with pytest.raises(ServerRefused, match="--take-over"):
        portal.publish(found, run)
    portal.publish(found, run, overrides=Overrides(take_over=True))
    assert (list(shown(portal)), mails(portal)) == (["G9002"], 1)


def test_a_day_is_not_gone_on_with_on_a_server_that_was_brought_back(
    portal: FloodDays, tmp_path: Path, configuration: Configuration
) -> None:
    """Its last call alone would mail nobody, and the trigger would be lost."""
    with dying_after(30):
        portal.day("G9001=--TT----", day(1))
    static = configuration.static_folder(portal.country)
    with open_sandbox(tmp_path / "other", static, [portal.country]) as sandbox:
        portal.sandbox = sandbox
        with pytest.raises(ForbiddenByRule, match=r"last upload is none at all, .* Expected: 2026-03-01 00:00:01Z"):
            portal.day("G9001=--TT----", day(1))
        close(portal.revisions(day(1))[-1], clock, "aborted")
        portal.day("G9001=--TT----", day(1))
        assert (list(shown(portal)), mails(portal)) == (["G9001"], 1)


def test_a_server_that_does_not_tell_its_last_upload_is_mailed_once(
    portal: FloodDays, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The ledger tells instead: nothing twice, a wipe before the second revision, no day after a later one."""
    ask = IbfClient.get_if_there

    def older(self: IbfClient, path: str, **query: str) -> Any:
        return None if path.startswith("/event/last-upload-date") else ask(self, path, **query)

    monkeypatch.setattr(IbfClient, "get_if_there", older)
    portal.day(BEFORE, day(2))
    assert portal.day(BEFORE, day(2))[1] is None
    assert (mails(portal), len(portal.revisions(day(2)))) == (1, 1)
    portal.day("G9003=---TT---", day(2))
    assert list(shown(portal)) == ["G9003"]
    assert (mails(portal), len(portal.revisions(day(2)))) == (2, 2)
    with pytest.raises(Exception, match="later than the issue date 2026-03-01"):
        portal.day(BEFORE, day(1))


def test_a_trigger_of_a_run_that_stopped_before_its_mail_is_told_of_the_next_day(portal: FloodDays) -> None:
    """Day 2 made it a trigger and died before it knew; day 3's server sends no mail about a trigger that it has."""
    portal.day("G9001=-ww-----:med", day(1))
    found, run = portal.find("G9001=wwwTT---", day(2))
    with dying_after(len(portal_calls(portal, found, run)) - 1):
        portal.publish(found, run)
    assert shown(portal)["G9001"][0] == "trigger"
    assert mails(portal) == 1
    _, published = portal.day("G9001=wwTT----", day(3))
    assert mails(portal) == 1
    assert ("trigger without mail", "G9001") in kinds(published)


def portal_calls(portal: FloodDays, found: Any, run: Any) -> tuple[Call, ...]:
    """The calls as they would be made."""
    from ibf_pipeline.targets.ibf.revision import Destination
    from ibf_pipeline.targets.ibf.target import IbfTarget
    from tests.worlds.countries.flood_days import PIPELINE

    client = IbfClient(portal.sandbox.url, PIPELINE, portal.retry_policy)
    target = IbfTarget(client, Destination("sandbox", client.base, True, None), portal.prepared, clock)
    try:
        return target.draft(found, run, run.path).calls
    finally:
        client.close()
