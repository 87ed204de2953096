"""A country about which the server can make no mail: its closing call answers 500 after everything was stored."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from flows.day_state import day_state
from flows.states import exit_code
from ibf_pipeline.errors import ForbiddenByRule, OutcomeUnknown, ServerUnreachable
from ibf_pipeline.io.http_errors import NoAnswer
from ibf_pipeline.publish.call import Call
from ibf_pipeline.publish.publisher import Answer, require_decidable
from ibf_pipeline.report.calls import published as in_report
from ibf_pipeline.runs.confirmation import unconfirmed_revision
from ibf_pipeline.runs.ledger import unfinished
from ibf_pipeline.sandbox import Sandbox
from ibf_pipeline.targets.ibf import state
from ibf_pipeline.targets.ibf.capabilities import Choice, choose
from ibf_pipeline.targets.ibf.mail_coverage import MAILED_COUNTRIES, mailed_only
from ibf_pipeline.targets.ibf.revision import PROCESSING
from ibf_pipeline.targets.ibf.transport import IbfClient, IbfTransport
from tests.publish.test_day_sequences import day, kinds, mails, shown
from tests.publish.test_stopped_in_between import portal_calls
from tests.worlds.countries.flood_days import FloodDays, SharedServers, clock
from tests.worlds.runs import flood_run
from tests.worlds.services.faulty_proxy import FaultyProxy

TRIGGER = "G9001=---TT--- G9002=---w----:min"
LATER = "G9001=--TT---- G9002=--w-----:min"
SEND = IbfTransport.send
UNTOLD = [("trigger without mail", "G9001")]


def without_time_zone(sandbox: Sandbox) -> Iterator[None]:
    store = sandbox._backend.store
    store.insert("without_time_zone", [{"iso3": "XDM"}])
    yield
    store.run("DELETE FROM without_time_zone")


@pytest.fixture
def silent(portal: FloodDays) -> Iterator[FloodDays]:
    """The server cannot make a mail about the country, and the pipeline knows that."""
    portal.mailed_only = MAILED_COUNTRIES
    yield from (portal for _ in without_time_zone(portal.sandbox))


@pytest.fixture
def described(portal: FloodDays, servers: SharedServers) -> Iterator[FloodDays]:
    """The same with a server of the description, which has no preview."""
    portal.sandbox = servers.empty("described")
    portal.mailed_only = MAILED_COUNTRIES
    yield from (portal for _ in without_time_zone(portal.sandbox))


def journal(portal: FloodDays, number: int = 1) -> dict[str, str]:
    """What became of the calls that process the day, by their steps."""
    revision = portal.revisions(day(number))[-1]
    progress = revision.state().progress
    return {call.step: str(progress.last_state(call.number)) for call in revision.calls() if call.path in PROCESSING}


def test_three_days_that_nobody_is_mailed_about(silent: FloodDays) -> None:
    """Shown, told by a notice of every trigger, and no question is left for the run of the next day."""
    found, published = silent.day(TRIGGER, day(1))
    assert published is not None
    said = day_state(found, [published])
    assert (said.name, exit_code(said), published.notified) == ("Not notified", 1, False)
    assert "the portal shows it and nobody was mailed: it can make no mail about Demoland" in str(said.message)
    assert journal(silent) == {"close and preview": "not mailed", "notify": "not mailed"}
    assert kinds(published) == UNTOLD
    (notice,) = published.notices
    assert "The portal shows it and nobody was mailed" in notice.text
    assert "tell the recipients yourself" in notice.text
    kept = json.loads(silent.revisions(day(1))[0].folder.joinpath("notices.json").read_text(encoding="utf-8"))
    assert [each["text"] for each in kept["notices"]] == [notice.text]
    (row,) = in_report(flood_run(silent.runs, "XDM", day(1)))
    assert (row.is_complete, row.outcome) == (True, "48 calls; the target shows what they make, and nobody was mailed")

    assert silent.day(TRIGGER, day(1))[1] is None, "nothing to publish"
    assert exit_code(day_state(found, [])) == 0
    run = flood_run(silent.runs, "XDM", day(1))
    assert (unfinished(run, "sandbox"), unconfirmed_revision(run, "sandbox")) == (None, None)

    _, published = silent.day(LATER, day(2))
    assert (kinds(published), journal(silent, 2)["notify"]) == (UNTOLD, "not mailed"), "told every day"
    assert shown(silent)["G9001"] == ("trigger", "2-day", "2-day", "2026-03-01")

    found, published = silent.day("", day(3))
    assert published is not None
    assert (day_state(found, [published]).name, shown(silent), mails(silent)) == ("Completed", {}, 0)
    assert journal(silent, 3) == {"close and preview": "done", "notify": "done"}, "there is nothing to mail about"
    assert kinds(published) == [("alert ended", "G9001"), ("alert ended", "G9002")]


def test_a_changed_forecast_is_a_revision_with_its_own_notices(silent: FloodDays) -> None:
    silent.day("G9002=---w----:min", day(1))
    _, published = silent.day(TRIGGER, day(1))
    assert (kinds(published), set(shown(silent))) == (UNTOLD, {"G9001", "G9002"})


def test_nothing_waits_for_an_approval_that_would_mail_nobody(silent: FloodDays) -> None:
    found, run = silent.find(TRIGGER, day(1))
    published = silent.publish(found, run, hold_until=clock() + timedelta(hours=1))
    assert published is not None
    assert (published.outcome.held, published.unmailed, unfinished(run, "sandbox")) == (False, True, None)


def test_a_day_that_is_to_mail_nobody_is_completed(silent: FloodDays) -> None:
    """A backfill: what would have been mailed is not missed."""
    found, published = silent.day(TRIGGER, day(1), notify=False)
    assert published is not None
    assert (day_state(found, [published]).name, kinds(published)) == ("Completed", [])
    assert set(journal(silent).values()) == {"not mailed"}
    _, published = silent.day(LATER, day(2))
    assert kinds(published) == UNTOLD


def test_a_server_that_was_fixed_mails_as_any_other(portal: FloodDays) -> None:
    portal.mailed_only = MAILED_COUNTRIES
    found, published = portal.day(TRIGGER, day(1))
    assert published is not None
    assert (day_state(found, [published]).name, mails(portal), kinds(published)) == ("Completed", 1, [])


def test_a_country_that_is_mailed_about_keeps_its_error(silent: FloodDays) -> None:
    silent.mailed_only = None
    with pytest.raises(ServerUnreachable, match="close and preview: POST /events/process answered 500"):
        silent.day(TRIGGER, day(1))


@pytest.mark.parametrize(("status", "arrives"), [(500, False), (502, True), (0, True)])
def test_what_is_not_known_to_be_the_mail_is_an_error(
    status: int, silent: FloodDays, monkeypatch: pytest.MonkeyPatch, *, arrives: bool
) -> None:
    """The closing call never arrived, or its answer is none that tells of a mail."""
    found, run = silent.find(TRIGGER, day(1))
    send = IbfTransport.send

    def spoilt(self: IbfTransport, call: Call) -> Answer:
        if call.kind == "preview":
            with suppress(NoAnswer):
                assert not arrives or send(self, call)
            error = NoAnswer(f"{call.title} answered {status}")
            error.status = status
            raise error
        return send(self, call)

    with monkeypatch.context() as patch:
        patch.setattr(IbfTransport, "send", spoilt)
        with pytest.raises(ServerUnreachable):
            silent.publish(found, run)
    assert journal(silent)["close and preview"] == "failed"
    published = silent.publish(found, run)
    assert (kinds(published), journal(silent)["notify"]) == (UNTOLD, "not mailed")


@pytest.mark.parametrize("back", [1, 2, 3, 8, 30])
def test_killed_and_gone_on_with(back: int, silent: FloodDays) -> None:
    """Before the preview's answer was noted, and before the calls that come earlier; the notification has no call."""
    found, run = silent.find(TRIGGER, day(1))
    calls = portal_calls(silent, found, run)
    send = IbfTransport.send

    def dying(self: IbfTransport, call: Call) -> Answer:
        try:
            return send(self, call)
        finally:
            if call.number == len(calls) - back:
                raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(IbfTransport, "send", dying)
        with pytest.raises(KeyboardInterrupt):
            silent.publish(found, run)
    published = silent.publish(found, run)
    assert (kinds(published), set(shown(silent)), mails(silent)) == (UNTOLD, {"G9001", "G9002"}, 0)
    assert set(journal(silent).values()) == {"not mailed"}
    assert silent.publish(found, run) is None


def test_killed_between_the_two_notes_no_call_is_made_any_more(
    silent: FloodDays, monkeypatch: pytest.MonkeyPatch
) -> None:
    found, run = silent.find(TRIGGER, day(1))
    with monkeypatch.context() as patch:
        patch.setattr("ibf_pipeline.targets.publication.keep_notices", _stop)
        with pytest.raises(KeyboardInterrupt):
            silent.publish(found, run)
    assert journal(silent) == {"close and preview": "not mailed", "notify": "None"}
    with monkeypatch.context() as patch:
        patch.setattr(IbfClient, "send", _stop)
        assert kinds(silent.publish(found, run)) == UNTOLD
    assert journal(silent)["notify"] == "not mailed"


def _stop(*given: Any, **more: Any) -> Any:
    raise KeyboardInterrupt


def test_a_server_without_a_preview_says_so_with_its_own_calls(described: FloodDays) -> None:
    found, run = described.find(TRIGGER, day(1))
    published = described.publish(found, run)
    assert published is not None
    assert (day_state(found, [published]).name, kinds(published), mails(described)) == ("Not notified", UNTOLD, 0)
    assert journal(described)["notify"] == "not mailed"
    assert described.publish(found, run) is None
    _, published = described.day(LATER, day(2))
    assert kinds(published) == UNTOLD


def test_a_server_of_today_that_is_spoken_to_as_described_fails_at_its_close(silent: FloodDays) -> None:
    """What comes after that call in the plan is made all the same."""
    found, run = silent.find(TRIGGER, day(1))
    published = silent.publish(found, run, capabilities="described")
    assert (journal(silent), kinds(published)) == (
        {"close old events": "not mailed", "notify": "not mailed"},
        UNTOLD,
    )
    (revision,) = silent.revisions(day(1))
    states = Counter(entry.state for entry in revision.state().progress.newest.values())
    assert states == {"not mailed": 2, "done": len(revision.calls()) - 2, "begun": 1}


def quietly_closed(self: IbfTransport, call: Call) -> Answer:
    """A server that closes events without a look at the mail."""
    return Answer(201, "") if call.path == "/event/close-events" else SEND(self, call)


def cut_off(self: IbfTransport, call: Call) -> Answer:
    """The process is killed before the answer to its notification is noted."""
    try:
        return quietly_closed(self, call)
    finally:
        if call.kind == "end":
            raise KeyboardInterrupt


def test_a_server_that_fails_at_its_notification_alone_is_looked_at(
    silent: FloodDays, monkeypatch: pytest.MonkeyPatch
) -> None:
    found, run = silent.find(TRIGGER, day(1))
    monkeypatch.setattr(IbfTransport, "send", quietly_closed)
    published = silent.publish(found, run, capabilities="described")
    assert published is not None
    assert (journal(silent), kinds(published)) == ({"close old events": "done", "notify": "not mailed"}, UNTOLD)


@pytest.mark.parametrize("closes", [False, True])
def test_a_notification_that_was_cut_off(silent: FloodDays, monkeypatch: pytest.MonkeyPatch, *, closes: bool) -> None:
    """Where no closing call was answered before, nobody can have been mailed; else a person has to say, as anywhere."""
    if not closes:
        monkeypatch.setattr(state, "choose", lambda *given: without_close(choose(*given)))
    found, run = silent.find(TRIGGER, day(1))
    with monkeypatch.context() as patch:
        patch.setattr(IbfTransport, "send", cut_off)
        with pytest.raises(KeyboardInterrupt):
            silent.publish(found, run, capabilities="described")
    assert journal(silent)["notify"] == "sending"
    if closes:
        with pytest.raises(OutcomeUnknown):
            silent.publish(found, run, capabilities="described")
        return
    assert kinds(silent.publish(found, run, capabilities="described")) == UNTOLD
    assert journal(silent) == {"notify": "not mailed"}


def without_close(choice: Choice) -> Choice:
    return replace(choice, capabilities=replace(choice.capabilities, close_path=None))


def test_a_person_has_nothing_to_decide(silent: FloodDays) -> None:
    found, run = silent.find(TRIGGER, day(1))
    silent.publish(found, run)
    target = silent.revisions(day(1))[0]
    assert target.state().unconfirmed_call is None
    with pytest.raises(ForbiddenByRule, match="nothing is unknown"):
        require_decidable(target.calls()[-1:], target.journal(clock), "again")


def test_an_answer_that_is_lost_after_a_preview_stays_unknown(portal: FloodDays) -> None:
    """A preview that was answered says that the server can make the mail."""
    portal.mailed_only = MAILED_COUNTRIES
    found, run = portal.find(TRIGGER, day(1))
    portal.publish(found, run, hold_until=clock() + timedelta(hours=1))
    with FaultyProxy(portal.sandbox.url) as proxy:
        proxy.spoil("reset after", 1)
        with pytest.raises(OutcomeUnknown):
            portal.publish(found, run, end="send", url=proxy.url)
    with pytest.raises(OutcomeUnknown):
        portal.publish(found, run)
    assert journal(portal)["notify"] == "unknown"


@pytest.mark.parametrize(
    ("iso3", "setting", "only"),
    [
        ("UGA", None, None),
        ("RWA", None, MAILED_COUNTRIES),
        ("XDM", None, None),
        ("RWA", ("RWA", "KEN"), None),
        ("XDM", (), ()),
        ("UGA", ("KEN",), ("KEN",)),
    ],
)
def test_the_countries_are_nine_or_those_of_the_setting(iso3: str, setting: Any, only: Any) -> None:
    assert mailed_only(iso3, setting) == only
