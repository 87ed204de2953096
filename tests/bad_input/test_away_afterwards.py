"""Records or a store that are away once a day is over change nothing of what people are told of it."""

from __future__ import annotations

from typing import Any, NoReturn

import pytest

from flows.states import COMPLETED, NOTIFICATION_UNCONFIRMED
from ibf_pipeline.errors import OutcomeUnknown, StoreUnavailable
from ibf_pipeline.io.sql import DatabaseAway
from tests.worlds.countries.tiny_day import TinyDay


def unconfirmed(*_: object, **__: object) -> NoReturn:
    raise OutcomeUnknown("the notification was sent, and no answer came", remedy="ask the recipients")


def published(*_: object, **__: object) -> list[Any]:
    return []


def no_records(*_: object) -> NoReturn:
    raise DatabaseAway("the records cannot be used")


def no_store(*_: object) -> NoReturn:
    raise StoreUnavailable("the store does not answer")


def test_a_notification_stays_unconfirmed(day: TinyDay, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("flows.hazard_run.publish_day", unconfirmed)
    monkeypatch.setattr("flows.notice_events.has_server", lambda: True)
    monkeypatch.setattr("flows.notice_events.keep_further", no_records)
    monkeypatch.setattr("flows.hazard_run.fetch_run_layers", no_records)
    state = day.flow()
    assert (state.name, "no answer came" in str(state.message)) == (NOTIFICATION_UNCONFIRMED.name, True)


def test_a_day_that_is_done_stays_done(
    day: TinyDay, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("flows.hazard_run.publish_day", published)
    monkeypatch.setattr("flows.hazard_run.fetch_run_layers", no_store)
    assert day.flow().name == COMPLETED.name
    assert "XTY: the report could not be written: the store does not answer" in caplog.text
