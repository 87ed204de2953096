"""Four countries on two machines: PostgreSQL, S3, a Prefect server with a worker on each, and one portal.

What the portal has carried out and mailed is counted there, not in our records. A machine's home is all that it has.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field

import pytest
from prefect.client.schemas.objects import FlowRun

from tests.worlds.deployed_runs import crashed, ended, has_begun, machine_of, start, until_ended, wait_until
from tests.worlds.services.portal import Portal
from tests.worlds.services.postgres import PostgresServer
from tests.worlds.services.prefect_server import PrefectServer
from tests.worlds.services.s3 import S3Server
from tests.worlds.two_machines import DAY, MADE, NEXT, A, B, C, Installation, away, installation, restarted, table

pytestmark = [pytest.mark.prefect, pytest.mark.story]

COUNTRIES = ("XDM", "XDN", "XDO", "XDP")
LEASE_SECONDS = 10.0


@pytest.fixture(scope="module")
def machines(
    prefect: PrefectServer, postgres: PostgresServer, store: S3Server, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Installation]:
    folder = tmp_path_factory.mktemp("machines")
    with installation(folder, COUNTRIES, prefect, postgres, store, LEASE_SECONDS) as made:
        yield made


@dataclass
class FirstDay:
    """What happened on the first day."""

    runs: dict[str, FlowRun]
    made: int = 0
    """calls of XDP when its machine vanished"""
    mails: int = 0
    """of XDP by then"""
    left: int = 0
    """calls of XDP that the records did not know to be done then"""
    where: dict[str, str] = field(default_factory=dict)
    """which machine ran the other countries"""
    resumed: str = ""
    """what the other machine said"""
    calls: dict[str, int] = field(default_factory=dict)
    """that the portal has carried out of each country, after all of it"""


@pytest.fixture(scope="module")
def first_day(machines: Installation) -> FirstDay:
    """A takes XDP and XDM, B the two others. In the middle of XDP A is gone for good; B goes on, with an empty home."""
    a, b = machines.machine(A), machines.machine(B)
    middle, first = machines.turnstile.hold("XDP", MADE + 1), machines.turnstile.hold("XDM", 1)
    pause = machines.turnstile.hold("XDP", 10)
    with ExitStack() as stack:
        doomed = stack.enter_context(a.worker(limit=2))
        day = FirstDay({iso3: start(f"floods/{iso3}", issue_date=str(DAY)) for iso3 in ("XDP", "XDM")})
        wait_until(lambda: all(map(has_begun, day.runs.values())), "A has taken XDP and XDM")
        stack.enter_context(b.worker(limit=2))
        day.runs |= {iso3: start(f"floods/{iso3}", issue_date=str(DAY)) for iso3 in ("XDN", "XDO")}
        wait_until(lambda: all(map(has_begun, day.runs.values())), "B has taken XDN and XDO, for A is busy")
        first.let_through()
        day.runs |= {iso3: until_ended(day.runs[iso3]) for iso3 in ("XDM", "XDN", "XDO")}
        day.where = {iso3: machine_of(day.runs[iso3]) for iso3 in ("XDM", "XDN", "XDO")}
        pause.wait(lambda: ended(day.runs["XDP"]))
        time.sleep(0.6)  # what may be repeated waits half a second to be recorded: the first nine have waited
        pause.let_through()
        middle.wait(lambda: ended(day.runs["XDP"]))
        day.made, day.mails = machines.calls("XDP"), machines.mails("XDP")
        a.lose(doomed)
        middle.drop()
        crashed(day.runs["XDP"])
    b.lose_home()
    machines.await_lapse("XDP")
    day.left = machines.left("XDP", DAY)
    code, day.resumed = b.here("resume", f"XDP/{DAY}")
    assert code == 0, day.resumed
    machines.resumed, machines.repeated = 1, day.left - (48 - MADE)
    day.calls = {iso3: machines.calls(iso3) for iso3 in COUNTRIES}
    return day


def test_both_machines_were_at_work_and_each_country_is_published_and_mailed_once(
    machines: Installation, first_day: FirstDay
) -> None:
    assert first_day.where == {"XDM": A, "XDN": B, "XDO": B}
    for iso3 in ("XDM", "XDN", "XDO"):
        state = first_day.runs[iso3].state
        assert state is not None
        assert state.is_completed(), state.message
    assert [machines.revisions(iso3, DAY) for iso3 in COUNTRIES] == [[1]] * 4
    assert [machines.mails(iso3, DAY) for iso3 in COUNTRIES] == [1] * 4


def test_what_a_machine_had_begun_that_is_gone_is_gone_on_with_by_another(
    machines: Installation, first_day: FirstDay
) -> None:
    """48 calls: 19 were made on A, those that the records do not know of them and the other 29 on B.

    The tenth came more than half a second after the first, so nine at least were recorded by then.
    """
    assert (first_day.made, first_day.mails) == (MADE, 0)
    assert 29 <= first_day.left <= 39, "those of the last half second may not be recorded: they are made again"
    assert f"revision 1: {first_day.left} of 48 calls made now" in first_day.resumed
    assert "the notification was sent now" in first_day.resumed
    assert first_day.calls == {"XDM": 48, "XDN": 48, "XDO": 48, "XDP": MADE + first_day.left}
    assert machines.mails("XDP", DAY) == 1
    assert Portal(machines.portal, "XDP").levels() == {"G9P03": "trigger", "G9P08": "trigger"}


@dataclass(frozen=True)
class Again:
    """What commands on B said of XDM's day, which A has published."""

    calls: int
    """of XDM, before them"""
    run: tuple[int, str]
    backfill: tuple[int, str]
    heartbeat: tuple[int, str]


@pytest.fixture(scope="module")
def again(machines: Installation, first_day: FirstDay) -> Again:
    b, calls = machines.machine(B), machines.calls("XDM")
    return Again(
        calls,
        run=b.here("run", "XDM", "--date", str(DAY)),
        backfill=b.here("backfill", "XDM", "--from", str(DAY), "--to", str(DAY)),
        heartbeat=b.here("heartbeat", "--date", str(DAY)),
    )


def test_the_same_day_again_on_the_other_machine_has_nothing_to_publish(machines: Installation, again: Again) -> None:
    code, said = again.run
    assert code == 0, said
    assert "nothing to publish: portal has this very content" in said
    assert machines.revisions("XDM", DAY) == [1]
    assert (machines.calls("XDM"), machines.mails("XDM", DAY)) == (again.calls, 1), "nothing was written"


def test_backfill_and_heartbeat_on_the_other_machine_know_what_was_published(again: Again) -> None:
    code, said = again.backfill
    assert code == 0, said
    assert "published before" in said
    code, said = again.heartbeat
    assert (code, said.strip()) == (0, f"{DAY}: every country's day has ended")


def test_what_one_machine_holds_is_approved_on_the_other(machines: Installation, first_day: FirstDay) -> None:
    before = machines.mails("XDO")
    code, said = machines.machine(A).here("run", "XDO", "--date", str(NEXT), "--hold")
    assert "held before the notification" in said, f"{code}: {said}"
    assert machines.mails("XDO") == before
    code, said = machines.machine(B).here("resume", f"XDO/{NEXT}", "--approve", "--by", "Amina")
    assert code == 0, said
    assert "revision 1: 1 of " in said, "the notification alone"
    assert (machines.revisions("XDO", NEXT), machines.mails("XDO")) == ([1], before + 1)


def test_a_third_machine_takes_back_what_others_have_published(machines: Installation, first_day: FirstDay) -> None:
    portal, mails = Portal(machines.portal, "XDN"), machines.mails("XDN")
    assert portal.levels() == {"G9N03": "trigger", "G9N08": "trigger"}
    code, said = machines.machine(C).here("withdraw", f"XDN/{DAY}", "--all", "--by", "Amina")
    assert code == 0, said
    assert "revision 2 is published" in said
    assert machines.revisions("XDN", DAY) == [1, 2]
    assert (portal.levels(), machines.mails("XDN")) == ({}, mails)


def asked_in_vain(store: S3Server) -> int:
    return sum(each.status == 0 for each in list(store.asked))


def test_a_database_that_is_started_again_in_the_middle_of_a_day_loses_and_doubles_nothing(
    machines: Installation, first_day: FirstDay, postgres: PostgresServer
) -> None:
    mails, made = machines.mails("XDM"), machines.calls("XDM")
    middle = machines.turnstile.hold("XDM", MADE + 1)
    with machines.beside(machines.machine(B), "run", "XDM", "--date", str(NEXT)) as run:
        middle.wait(lambda: run.done() and run.result())
        with restarted(postgres):
            middle.let_through()
            wait_until(lambda: machines.calls("XDM") > made + MADE, "a call ends while there is no database")
    code, said = run.result()
    assert code == 0, said
    assert machines.revisions("XDM", NEXT) == [1]
    assert machines.calls("XDM") == made + machines.planned("XDM", NEXT)
    assert machines.mails("XDM") == mails + 1


def test_a_store_that_is_away_in_the_middle_of_a_day_loses_and_doubles_nothing(
    machines: Installation, first_day: FirstDay, store: S3Server
) -> None:
    """From before its plan until it has asked in vain three times."""
    mails, made = machines.mails("XDP"), machines.calls("XDP")
    log_in = machines.turnstile.hold_log_in()
    with machines.beside(machines.machine(A), "run", "XDP", "--date", str(NEXT)) as run:
        log_in.wait(lambda: run.done() and run.result())
        with away(store):
            log_in.let_through()
            wait_until(lambda: asked_in_vain(store) >= 3, "the store is asked in vain")
            assert machines.calls("XDP") == made, "no call before its files are in the store"
    code, said = run.result()
    assert code == 0, said
    assert machines.revisions("XDP", NEXT) == [1]
    assert machines.calls("XDP") == made + machines.planned("XDP", NEXT)
    assert machines.mails("XDP") == mails + 1


def test_the_counts(machines: Installation, first_day: FirstDay, capsys: pytest.CaptureFixture[str]) -> None:
    """One mail a country and day, whatever happened; each revision's calls once; what a machine has is as it was."""
    counts = machines.counts()
    with capsys.disabled():
        print(f"\n{table(counts)}")
    assert counts["mails"] == counts["country-days"]
    assert counts["calls"] == counts["calls planned"] + counts["calls repeated"]
    assert (counts["countries"], counts["resumed"]) == (4, 1)
    assert counts["bytes in the store"] > 0
    assert machines.software() == machines.software_before
