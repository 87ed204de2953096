"""Machines with the same records and store, each with run folders of its own, and all of them may vanish."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from flows.day_state import failed_state
from flows.states import exit_code
from flows.wiring.targets import OPENERS, away_is_told
from ibf_pipeline.errors import StoreUnavailable
from ibf_pipeline.hazards.floods.profile import FLOODS
from ibf_pipeline.io.file_store import FileStore
from ibf_pipeline.io.retry_policy import RetryPolicy
from ibf_pipeline.publish.call import Call
from ibf_pipeline.report.calls import published
from ibf_pipeline.report.writer import rewrite_report
from ibf_pipeline.runs.verification import read_verification
from ibf_pipeline.sources.past_runs import RunSource
from ibf_pipeline.storage.storage import Storage
from ibf_pipeline.targets.attempts import next_attempt
from ibf_pipeline.targets.comparison_records import compare_snapshot, kept_comparisons
from ibf_pipeline.targets.day_summary import mail_of
from ibf_pipeline.targets.ibf.snapshot import read_snapshot
from ibf_pipeline.targets.ibf.transport import IbfClient, IbfTransport
from ibf_pipeline.targets.incomplete_day import interruption_words
from ibf_pipeline.targets.problems import Overrides
from ibf_pipeline.targets.resumption import Decision, PublishedDay, resume
from ibf_pipeline.targets.withdrawal import withdraw
from tests.publish.test_day_sequences import day, mails, shown
from tests.publish.test_stopped_in_between import dying_after
from tests.worlds.countries.flood_days import PIPELINE, FloodDays, clock
from tests.worlds.runs import kept_notices

TRIGGER = "G9001=---TT---"
Machines = Callable[[str], FloodDays]


@pytest.fixture
def machine(portal: FloodDays, tmp_path: Path) -> Machines:
    """A machine of some name: the same portal, records and store."""
    store = FileStore(f"file://{tmp_path}/store", RetryPolicy(attempts=1))
    storage = Storage(f"sqlite:///{tmp_path / 'records.sqlite'}", store)
    return lambda name: replace(portal, runs=tmp_path / name / "runs", storage=storage)


def decided_about(days: FloodDays) -> PublishedDay:
    return PublishedDay(days.run(day(1)), "sandbox", days.prepared)


def test_what_one_machine_began_another_ends_and_a_third_repeats_nothing(machine: Machines) -> None:
    one, other, third = map(machine, ("one", "other", "third"))
    with dying_after(17):
        one.day(TRIGGER, day(1))
    shutil.rmtree(one.runs)
    (begun,) = other.revisions(day(1))
    left = len(begun.state().remaining_calls)
    assert 0 < len(begun.calls()) - left <= 17
    morning = interruption_words(other.run(day(1)), "sandbox", OPENERS["ibf"].shows)
    assert morning == "the portal shows no alerts, yesterday's included", "the first line of the morning page"
    decision, overrides = Decision(), Overrides()
    revision, publication = resume(decided_about(other), decision, overrides, lambda: other.target(), clock)
    assert publication is not None
    assert (revision.number, publication.outcome.made, publication.notified, mails(other)) == (1, left, True, 1)
    assert publication.verified is not None
    assert publication.verified.verdict == "agrees", "what it must show was written down on the first machine"
    assert shown(other) == {"G9001": ("trigger", "3-day", "3-day", "2026-03-01")}

    for each in (third, one):
        assert each.day(TRIGGER, day(1))[1] is None, "nothing to publish"
    assert (mails(one), len(one.revisions(day(1)))) == (1, 1)

    shutil.rmtree(third.runs)
    page = rewrite_report(third.run(day(1)), third.prepared).read_text(encoding="utf-8")
    assert "G9001" in page
    assert [each.outcome for each in published(one.run(day(1)))] == [f"all {len(begun.calls())} calls made"]
    assert other.run(day(1)).report.file("report.html").read_text(encoding="utf-8") == page
    kept = RunSource("kept", one.runs, "XDM", one.storage).fetch(day(1))
    assert kept.files[0].is_file()


def test_a_day_of_one_machine_is_compared_on_another_and_a_third_knows_of_it(machine: Machines) -> None:
    one, other, third = map(machine, ("one", "other", "third"))
    one.day(TRIGGER, day(1))
    shutil.rmtree(one.runs)
    with closing(IbfClient(other.sandbox.url, PIPELINE)) as client:
        shown_now = read_snapshot(client, "XDM", FLOODS, other.country.default_admin_level)
    issued, rows = compare_snapshot(shown_now, lambda shown: other.run(shown.day), None, "sandbox", other.sandbox.url)
    assert [(row.event, row.verdict) for row in rows] == [("G9001", "agrees")]
    shutil.rmtree(other.runs)
    assert kept_comparisons(third.run(day(2)), "sandbox") == [(issued, {"agrees": 1})]


def test_a_disk_that_vanishes_after_every_call_loses_nothing(
    machine: Machines, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, send, vanished = machine("one"), IbfTransport.send, []

    def then_gone(self: IbfTransport, call: Call) -> Any:
        answer = send(self, call)
        if one.runs.is_dir():
            shutil.rmtree(one.runs)
            vanished.append(call.number)
        return answer

    with monkeypatch.context() as patch:
        patch.setattr(IbfTransport, "send", then_gone)
        _, publication = one.day(TRIGGER, day(1))
    assert publication is not None
    assert publication.outcome.made == publication.outcome.calls == len(one.revisions(day(1))[0].calls())
    assert len(vanished) >= 8, "each of the rasters was brought anew"
    assert (mails(one), set(shown(one))) == (1, {"G9001"})
    assert one.day(TRIGGER, day(1))[1] is None


def test_a_store_that_is_away_in_the_middle_is_no_portal_that_is_away(
    machine: Machines, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk is gone after the first raster, and the store does not answer: the day goes on where it stopped."""
    one, other, send = machine("one"), machine("other"), IbfTransport.send
    assert one.storage is not None
    assert one.storage.store is not None
    files = one.storage.store._files

    def away(*_: object, **__: object) -> None:
        raise ConnectionError("nobody answers")

    with monkeypatch.context() as patch:

        def then_away(self: IbfTransport, call: Call) -> Any:
            answer = send(self, call)
            if call.file is not None:
                shutil.rmtree(one.runs)
                patch.setattr(files, "get_file", away)
            return answer

        patch.setattr(IbfTransport, "send", then_away)
        with pytest.raises(StoreUnavailable, match="nobody answers") as raised, away_is_told():
            one.day(TRIGGER, day(1))
        state = failed_state(raised.value)
        assert (state.name, exit_code(state), mails(one)) == ("Failed", 1, 0)
        assert "what was done is not lost" in str(state.message)
        step = next_attempt(one.run(day(1)), "sandbox", since=clock(), mails=True)
        assert step.kind == "resume", "nothing about it is left to a person"
    _, publication = resume(decided_about(other), Decision(), Overrides(), lambda: other.target(), clock)
    assert publication is not None
    rasters = sum(call.file is not None for call in other.revisions(day(1))[0].calls())
    assert publication.outcome.made >= rasters - 1
    assert (len(other.revisions(day(1))), mails(other), set(shown(other))) == (1, 1, {"G9001"})


def test_what_is_held_here_is_approved_there_and_taken_back_elsewhere(machine: Machines) -> None:
    one, other, third = map(machine, ("one", "other", "third"))
    found, run = one.find(TRIGGER, day(1))
    held = one.publish(found, run, hold_until=clock() + timedelta(hours=1))
    assert held is not None
    assert (held.outcome.held, mails(one)) == (True, 0)
    shutil.rmtree(one.runs)

    (revision,) = other.revisions(day(1))
    seen = read_verification(revision.kept)
    assert seen is not None
    assert (seen.verdict, "G9001" in str(mail_of(revision))) == ("agrees", True)
    decision = Decision(approve=True, by="Amina")
    _, approved = resume(decided_about(other), decision, Overrides(), lambda: other.target(), clock)
    assert approved is not None
    assert (approved.notified, mails(other)) == (True, 1)
    shutil.rmtree(other.runs)

    done = withdraw(
        decided_about(third), [], notify=False, overrides=Overrides(), now=clock,
        open_target=lambda notify: third.target(notify=notify),
    )  # fmt: skip
    assert (done.revision.number, shown(third), mails(third)) == (2, {}, 1)
    first, second = one.revisions(day(1))
    assert first.decisions() == [f"{clock().isoformat(timespec='seconds')} approve by Amina"]
    assert second.kept.note("withdrawal.txt") == done.text
    assert kept_notices(one.run(day(1)), "sandbox") == list(done.publication.notices)
    with one.target() as target:
        assert target.look_back(second).verdict == "agrees", "verify on a machine that published nothing of it"
