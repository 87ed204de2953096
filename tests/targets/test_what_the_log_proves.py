"""An entry of the server's notification log beside the call that nobody answered: two moments of two clocks."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from ibf_pipeline.targets.ibf.publication import notification_log_words, what_entry_proves
from tests.targets.test_server_away import LOGIN, client_of
from tests.worlds.services.scripted_server import Says, ScriptedServer

CALLED = datetime(2026, 2, 15, 15, 4, 2, 700_000, tzinfo=UTC)


@pytest.mark.parametrize(
    ("created", "words"),
    [
        (
            "2026-02-15T15:04:10.000Z",
            "the call was made at 2026-02-15 15:04:02Z, and the newest entry of the server's notification log, of "
            "2026-02-15 15:04:10Z, is later: the mail went out, unless the clocks of this machine and of the server "
            "differ by more than 7 s",
        ),
        (
            "2026-02-15T16:59:58+02:00",
            "the call was made at 2026-02-15 15:04:02Z, and the newest entry of the server's notification log, of "
            "2026-02-15 14:59:58Z, is older: it proves nothing about this call, unless the clocks of this machine and "
            "of the server differ by more than 245 s",
        ),
        (None, "is of an unknown time: whether it is about this call is not known"),
        ("2026-02-15T15:04:10", "is of an unknown time"),
        ("yesterday", "is of an unknown time: whether it is about this call is not known"),
    ],
)
def test_what_an_entry_proves(created: object, words: str) -> None:
    assert words in what_entry_proves(created, CALLED)


def test_the_newest_entry_is_held_against_the_call() -> None:
    entries = [
        {"createdAt": f"2026-02-{day:02}T15:04:01Z", "recipientCount": day, "eventNames": [f"G{day}"]}
        for day in (14, 15, 13)
    ]
    script = {"/api/user/login": [LOGIN], "/api/notification/log": [Says(200, {"logs": entries})]}
    with ScriptedServer(script) as server, client_of(server.url) as (client, _):
        said = notification_log_words(client, "UGA", "floods", CALLED)
    assert said.startswith("the call was made at 2026-02-15 15:04:02Z, and the newest entry")
    assert "of 2026-02-15 15:04:01Z, is older: it proves nothing about this call" in said
    assert said.endswith("(15 recipients, about G15)")
