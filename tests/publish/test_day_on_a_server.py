"""A whole flood day whose records are on a database server behind a line that is cut again and again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from itertools import count

import pytest
from sqlalchemy import func, select

from ibf_pipeline.records.database import open_records
from ibf_pipeline.records.schema import ENTRY, REVISION, RUN
from ibf_pipeline.storage.storage import Storage
from tests.worlds.countries.flood_days import FloodDays
from tests.worlds.countries.stories import STORIES
from tests.worlds.services.postgres import PostgresServer
from tests.worlds.services.wire import Wire

ISSUE = date(2026, 2, 15)


def every_third(word: bytes, cuts: list[int]) -> Callable[[bytes], bool]:
    """Of what is sent and holds a word; which it notes."""
    met = count(1)

    def is_it(sent: bytes) -> bool:
        if word not in sent or (number := next(met)) % 3:
            return False
        cuts.append(number)
        return True

    return is_it


@pytest.mark.parametrize("how", ["cut_after", pytest.param("cut_before", marks=pytest.mark.story)])
def test_every_third_transaction_of_a_day_is_lost_or_gets_no_answer(
    how: str, portal: FloodDays, postgres: PostgresServer
) -> None:
    """One run, one revision, one mail, each call known as done once; and the same day again has nothing to publish."""
    database = postgres.records()
    with Wire(postgres.port) as wire:
        cuts: list[int] = []
        setattr(wire, how, every_third(b"COMMIT", cuts))
        days = replace(portal, storage=Storage(postgres.url(database, wire.port)))
        found, published = days.day(STORIES["busiest"].wishes, ISSUE)
        assert published is not None
        assert days.publish(found, days.run(ISSUE)) is None
    assert len(cuts) > 5
    assert len(portal.sandbox.mails("XDM")) == 1
    kept = open_records(postgres.url(database))
    assert [kept.rows(select(func.count()).select_from(table)) for table in (RUN, REVISION)] == [[(1,)], [(1,)]]
    rows = kept.rows(select(ENTRY.c.call, ENTRY.c.state).order_by(ENTRY.c.id))
    calls = replace(portal, storage=Storage(postgres.url(database))).revisions(ISSUE)[0].calls()
    done = [call.number for call in calls]
    assert [row.call for row in rows if row.state == "done"] == done
    assert [tuple(row) for row in rows if row.state != "done"] == [(0, "begun"), (done[-1], "sending")]
