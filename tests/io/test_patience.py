"""How long and how often something is tried; time is made up."""

from __future__ import annotations

import pytest
import requests

from ibf_pipeline.errors import ServerRefused
from ibf_pipeline.io.http import Client, Server
from ibf_pipeline.io.http_errors import NoAnswer, retry_after
from ibf_pipeline.io.redaction import Redactor
from ibf_pipeline.io.retry_policy import RetryPolicy, retry_call
from tests.worlds.services.scripted_server import Says, ScriptedServer

SENT = "Sun, 22 Nov 2026 07:00:00 GMT"


@pytest.fixture(autouse=True)
def no_jitter(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every pause is the longest that chance allows: 1, 2, 4, 8, 16, then 30 seconds."""
    monkeypatch.setattr("random.uniform", lambda low, high: high)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "7"}, 7),
        ({"Retry-After": "Sun, 22 Nov 2026 07:00:40 GMT", "Date": SENT}, 40),
        ({"Retry-After": "Sun, 22 Nov 2026 06:00:00 GMT", "Date": SENT}, 0),
        ({"Retry-After": "Sun, 22 Nov 2026 07:00:40 GMT"}, None),
        ({"Retry-After": "Sun, 22 Nov 2026 07:00:40 -0000", "Date": SENT}, None),
        ({"Retry-After": "soon", "Date": SENT}, None),
        ({"Retry-After": "-5", "Date": SENT}, None),
        ({"Retry-After": "\u00b2", "Date": SENT}, None),
        ({}, None),
    ],
)
def test_what_a_retry_after_asks_for(headers: dict[str, str], seconds: float | None) -> None:
    response = requests.Response()
    response.headers.update(headers)
    assert retry_after(response) == seconds


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize(("asked", "slept"), [("7", 7), ("9999", 120), ("soon", 1)])
def test_a_busy_server_is_left_alone_as_long_as_it_asks(status: int, asked: str, slept: float) -> None:
    pauses: list[float] = []
    answers = [Says(status, headers={"Retry-After": asked}), Says(200)]
    with ScriptedServer({"/x": answers}) as server:
        Client(Server(server.url), RetryPolicy(5, 2, pauses.append), Redactor()).ask("GET", "/x")
    assert pauses == [slept]


class Trouble:
    """Raises these errors one after the other, then gives "done"; seconds pass only in sleep."""

    def __init__(self, *errors: Exception) -> None:
        self.left = list(errors)
        self.now = 0.0
        self.slept: list[float] = []

    def __call__(self) -> str:
        if self.left:
            raise self.left.pop(0)
        return "done"

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    def retry_policy(self, attempts: int, keep_trying_seconds: float = 0) -> RetryPolicy:
        return RetryPolicy(1, attempts, self.sleep, keep_trying_seconds, lambda: self.now)


def away(after: float | None = None) -> NoAnswer:
    error = NoAnswer("away")
    error.passes, error.after = True, after
    return error


def test_attempts_are_the_limit() -> None:
    trouble = Trouble(*[NoAnswer("no")] * 9)
    with pytest.raises(NoAnswer, match="no"):
        retry_call(trouble, trouble.retry_policy(4))
    assert trouble.slept == [1, 2, 4]


def test_a_server_that_is_away_is_waited_for_from_its_first_failure_on() -> None:
    """1 + 2 + 4 + 8 + 16 s, 30 s, and the 29 s that are left of 90."""
    trouble = Trouble(*[away()] * 99)
    with pytest.raises(NoAnswer, match="away"):
        retry_call(trouble, trouble.retry_policy(2, 90))
    assert trouble.slept == [1, 2, 4, 8, 16, 30, 29]


def test_what_only_waited_does_not_count_against_the_attempts() -> None:
    trouble = Trouble(away(), away(), away(), NoAnswer("not ready"))
    assert retry_call(trouble, trouble.retry_policy(2, 90)) == "done"
    trouble = Trouble(away(), away(), away(), NoAnswer("not ready"), NoAnswer("not ready"))
    with pytest.raises(NoAnswer, match="not ready"):
        retry_call(trouble, trouble.retry_policy(2, 90))


def test_without_keep_trying_the_attempts_are_the_limit_in_any_case() -> None:
    trouble = Trouble(*[away()] * 9)
    with pytest.raises(NoAnswer):
        retry_call(trouble, trouble.retry_policy(3, 90), keep_trying=False)
    assert trouble.slept == [1, 2]


def test_a_retry_after_of_no_time_is_no_busy_loop() -> None:
    trouble = Trouble(*[away(after=0)] * 6)
    assert retry_call(trouble, trouble.retry_policy(3, 600)) == "done"
    assert trouble.slept == [0, 0, 4, 8, 16, 30]


def test_other_errors_end_it_at_once() -> None:
    trouble = Trouble(ServerRefused("never"))
    with pytest.raises(ServerRefused, match="never"):
        retry_call(trouble, trouble.retry_policy(5))
    assert trouble.slept == []
