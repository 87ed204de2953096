"""Ten countries on two machines, in processes alone and in real time; Prefect's own database is on the same PostgreSQL.

What four countries show in `test_two_machines.py` as quickly as it can be shown, here with the leases as they are, a
store that is away for a minute, and a database that is started again while every country is at work.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from prefect.client.schemas.objects import FlowRun

from tests.worlds.deployed_runs import crashed, ended, has_begun, machine_of, start, until_ended, wait_until
from tests.worlds.machine.machine import Machine
from tests.worlds.services.postgres import PostgresServer
from tests.worlds.services.prefect_server import eager_client, prefect_server
from tests.worlds.services.s3 import S3Server
from tests.worlds.two_machines import DAY, MADE, NEXT, A, B, Installation, away, installation, restarted, table

pytestmark = [pytest.mark.prefect, pytest.mark.story]

COUNTRIES = tuple(f"XD{letter}" for letter in "MNOPQRSTUV")
AWAY_SECONDS = 60.0


@pytest.fixture(scope="module")
def machines(
    postgres: PostgresServer, store: S3Server, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Installation]:
    of_prefect = postgres.url(postgres.empty()).replace("+psycopg", "+asyncpg")
    with (
        prefect_server(tmp_path_factory.mktemp("prefect"), quiet=True, database=of_prefect) as prefect,
        eager_client(),
        installation(tmp_path_factory.mktemp("machines"), COUNTRIES, prefect, postgres, store) as made,
    ):
        yield made


def test_ten_countries_on_two_machines_of_which_one_is_lost(
    machines: Installation, postgres: PostgresServer, store: S3Server, capsys: pytest.CaptureFixture[str]
) -> None:
    a, b = machines.machine(A), machines.machine(B)
    first_day(machines, a, b)
    for iso3 in COUNTRIES:
        calls = 48 + (machines.repeated if iso3 == "XDP" else 0)
        assert (machines.revisions(iso3, DAY), machines.calls(iso3), machines.mails(iso3)) == ([1], calls, 1), iso3
    code, said = a.command("heartbeat", "--date", str(DAY))
    assert code == 0, said
    code, said = a.command("backfill", "XDP", "--from", str(DAY), "--to", str(DAY))
    assert "published before" in said, f"{code}: {said}"

    second_day(machines, postgres, store)
    for iso3 in COUNTRIES:
        assert machines.revisions(iso3, NEXT) == [1], iso3
        assert machines.mails(iso3) == 2, iso3
    counts = machines.counts()
    with capsys.disabled():
        print(f"\n{table(counts)}")
    assert (counts["countries"], counts["country-days"], counts["revisions"], counts["mails"]) == (10, 20, 20, 20)
    assert counts["calls"] == counts["calls planned"] + counts["calls repeated"]
    assert machines.software() == machines.software_before


def first_day(machines: Installation, a: Machine, b: Machine) -> None:
    """XDP's machine is lost in the middle; a run of its deployment on the other one, with an empty home, goes on."""
    middle = machines.turnstile.hold("XDP", MADE + 1)
    with a.worker() as doomed:
        runs = {"XDP": start("floods/XDP", issue_date=str(DAY))}
        wait_until(lambda: has_begun(runs["XDP"]), "A has taken XDP")
        with b.worker():
            runs |= {iso3: start(f"floods/{iso3}", issue_date=str(DAY)) for iso3 in COUNTRIES if iso3 != "XDP"}
            done = {iso3: until_ended(run) for iso3, run in runs.items() if iso3 != "XDP"}
            middle.wait(lambda: ended(runs["XDP"]))
        assert {machine_of(run) for run in done.values()} == {A, B}
        assert (machines.calls("XDP"), machines.mails("XDP")) == (MADE, 0)
        a.lose(doomed)
        middle.drop()
    b.lose_home()
    code, said = b.command("resume", f"XDP/{DAY}")
    assert (code, "another process is at work there" in said) == (1, True), "it may live: nobody here can tell"
    b.lose_home()
    crashed(runs["XDP"])
    machines.repeated += machines.left("XDP", DAY) - (48 - MADE)
    with b.worker():
        again = until_ended(start("floods/XDP", issue_date=str(DAY)))
    assert machine_of(again) == B
    assert again.state is not None
    assert again.state.is_completed(), again.state.message
    machines.resumed += 1


def second_day(machines: Installation, postgres: PostgresServer, store: S3Server) -> None:
    """Every country at once. While two of them are held in the middle the database is started again, under Prefect's
    server as well; then the store is away for a minute. What did not end well is started again, as a person does.
    """
    held = [machines.turnstile.hold(iso3, MADE + 1) for iso3 in ("XDM", "XDP")]
    with ExitStack() as stack:
        for name in (A, B):
            stack.enter_context(machines.machine(name).worker())
        runs = {"XDM": start("floods/XDM", issue_date=str(NEXT)), "XDP": start("floods/XDP", issue_date=str(NEXT))}
        for iso3, each in zip(("XDM", "XDP"), held, strict=True):
            each.wait(lambda iso3=iso3: ended(runs[iso3]))
        runs |= {iso3: start(f"floods/{iso3}", issue_date=str(NEXT)) for iso3 in COUNTRIES if iso3 not in runs}
        with restarted(postgres):
            for each in held:
                each.let_through()
        with away(store):
            time.sleep(AWAY_SECONDS)
        not_well = [iso3 for iso3, run in runs.items() if not well(until_ended(run))]
        for iso3 in not_well:
            assert well(until_ended(start(f"floods/{iso3}", issue_date=str(NEXT)))), iso3
        machines.resumed += len(not_well)


def well(run: FlowRun) -> bool:
    """Whether it has ended as a day does."""
    return run.state is not None and run.state.is_completed()
