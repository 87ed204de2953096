"""The client against the catalogue, in every dialect."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from pathlib import Path

import pytest
import requests
from starlette.responses import JSONResponse, PlainTextResponse, Response

from ibf_pipeline.errors import ForbiddenByRule, OutcomeUnknown, ServerRefused, ServerUnreachable
from ibf_pipeline.io.http import Client, Server
from ibf_pipeline.io.pagination import on_same_scheme
from ibf_pipeline.io.redaction import Redactor
from ibf_pipeline.io.retry_policy import RetryPolicy
from ibf_pipeline.io.tokens import Token, TokenSource
from ibf_pipeline.satellites.subscriptions.entity import EndpointAccount, SubscriptionChange, SubscriptionRequest
from tests.worlds.services.catalogue import radar_product
from tests.worlds.services.catalogue_account import HERE, NOON, PASSWORD, RADAR, World, open_world
from tests.worlds.services.catalogue_web import Served
from tests.worlds.services.dialects import CREODIAS, NSIS

RECEIVER = EndpointAccount("receiver", "canary-receiver-password")
PULL = SubscriptionRequest("pull", RADAR)
PUSH = SubscriptionRequest("push", RADAR, endpoint="https://floods.example.org/notifications", account=RECEIVER)


def test_a_subscription_from_its_making_to_its_end(every: World):
    client = every.client
    given = client.create(PUSH)
    assert (given is None) == (every.catalogue.dialect is CREODIAS)
    (made,) = client.info()
    assert (made.kind, made.status, made.filter, made.events) == ("push", "running", RADAR, ("created",))
    assert client.pause(made).status == "paused"
    moved = client.edit(client.get(made.id), SubscriptionChange(endpoint="https://new.example.org/notifications"))
    assert (moved.endpoint, moved.status) == ("https://new.example.org/notifications", "paused")
    assert client.resume(moved).status == "running"
    client.delete(made.id.upper())
    assert client.info() == []
    client.delete(made.id)  # gone already: fine


def test_the_running_limit_is_refused_before_the_catalogue_is_asked(every: World):
    for _ in range(every.catalogue.dialect.running_limit):
        every.client.create(PULL)
    before = every.web.requests.count(("POST", "Subscriptions"))
    with pytest.raises(ForbiddenByRule, match="running subscriptions are taken") as refused:
        every.client.create(PULL)
    assert all(subscription.id in str(refused.value) for subscription in every.client.info())
    assert every.web.requests.count(("POST", "Subscriptions")) == before
    every.client.create(SubscriptionRequest("pull", RADAR, status="paused"))


def test_the_total_limit_offers_which_to_delete(every: World):
    for _ in range(10):
        every.client.create(SubscriptionRequest("pull", RADAR, status="paused"))
    with pytest.raises(ForbiddenByRule, match=r"has 10 subscriptions.*fewer than 10.*delete one of"):
        every.client.create(SubscriptionRequest("pull", RADAR, status="paused"))


@pytest.mark.parametrize(
    ("request_", "reason"),
    [
        (SubscriptionRequest("push", RADAR, account=RECEIVER), "would make a pull subscription of it"),
        (SubscriptionRequest("push", RADAR, endpoint="  ", account=RECEIVER), "would make a pull subscription of it"),
        (SubscriptionRequest("push", RADAR, endpoint="http://a.example.org", account=RECEIVER), "not reached by https"),
        (
            SubscriptionRequest("push", RADAR, endpoint="https://a.example.org/x:8000", account=RECEIVER),
            "behind the path",
        ),
        (
            SubscriptionRequest("push", RADAR, endpoint="https://u:p@a.example.org", account=RECEIVER),
            "credentials in it",
        ),
        (SubscriptionRequest("push", RADAR, endpoint="https://a.example.org"), "without Basic credentials"),
        (
            SubscriptionRequest(
                "push", RADAR, endpoint="https://a.example.org", account=EndpointAccount("receiver", PASSWORD)
            ),
            "those of the catalogue's account",
        ),
        (SubscriptionRequest("pull", " "), "everything published"),
        (SubscriptionRequest("pull", RADAR, endpoint="https://a.example.org"), "would become a push subscription"),
        (SubscriptionRequest("pull", RADAR, ("erased",)), "erased"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_would_go_wrong_silently_is_refused(world: World, request_: SubscriptionRequest, reason: str):
    with pytest.raises(ForbiddenByRule, match=reason) as refused:
        world.client.create(request_)
    assert "canary" not in str(refused.value)
    assert world.web.requests == []


def test_everything_needs_an_explicit_yes(world: World):
    world.client.create(SubscriptionRequest("pull", "", everything=True))
    assert world.client.info()[0].filter == ""


def test_a_wrong_filter_is_told_in_the_catalogues_words(every: World):
    with pytest.raises(ServerRefused, match="Invalid field: Colection"):
        every.client.create(SubscriptionRequest("pull", "Colection/Name eq 'SENTINEL-1'"))


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (JSONResponse({"detail": "plain words"}, 400), "plain words"),
        (JSONResponse({"detail": {"message": "not there", "request_id": "77"}}, 404), "not there (request 77)"),
        (JSONResponse({"detail": [{"loc": ["body", "X"], "msg": "missing"}]}, 422), "body.X: missing"),
        (PlainTextResponse("just text", 400), "just text"),
        (Response("<html>no</html>", 403, media_type="text/html"), "a web page"),
        (JSONResponse(None, 418), "answered 418: I'm a Teapot"),
        (JSONResponse({"detail": f"bad password {PASSWORD}"}, 400), "bad password <hidden>"),
        (JSONResponse({"NotificationEpPassword": "canary-echo"}, 400), "answered 400: Bad Request"),
    ],
    ids=["text", "object", "list", "plain", "web page", "null", "echo of the password", "echo of the request"],
)
def test_errors_of_every_shape_become_one_message(world: World, reply: Response, words: str):
    world.web.faults.append(lambda _: reply)
    with pytest.raises(ServerRefused) as refused:
        world.client.info()
    assert words in str(refused.value)
    assert "canary" not in str(refused.value)


def test_busy_and_broken_are_tried_again_and_the_asked_wait_is_kept(world: World):
    world.web.faults += [
        lambda _: JSONResponse({"detail": "slow down"}, 429, {"Retry-After": "7"}),
        lambda _: JSONResponse({"detail": "oops"}, 503, {"Retry-After": "9999"}),
    ]
    assert world.client.info() == []
    assert world.slept == [7.0, 120.0]
    world.web.faults += [lambda _: PlainTextResponse("down", 500)] * 4
    with pytest.raises(ServerUnreachable, match="answered 500: down"):
        world.client.info()


def test_a_lost_answer_to_a_post_is_not_sent_again(world: World):
    world.web.cut_after_create = True
    with pytest.raises(OutcomeUnknown, match="it looks before it makes one"):
        world.client.create(PULL)
    assert world.web.requests.count(("POST", "Subscriptions")) == 1
    assert len(world.catalogue.subscriptions) == 1


def test_one_renewal_after_an_expired_token_then_the_refusal(world: World):
    assert world.client.info() == []
    world.web.tokens.clear()  # the session ended early: the refresh token is void too
    assert world.client.info() == []
    assert world.web.grants == ["password", "refresh_token", "password"]
    world.web.faults += [lambda _: JSONResponse({"detail": "no"}, 401)] * 2
    with pytest.raises(ServerRefused, match="answered 401"):
        world.client.info()
    assert world.web.faults == []


def test_tokens_are_refreshed_before_they_expire_and_signed_in_again_after_the_session(world: World):
    world.client.info()
    world.clock.forward(seconds=500)
    world.client.info()
    assert world.web.grants == ["password"]
    world.clock.forward(seconds=80)  # 20 s before its expiry
    world.client.info()
    assert world.web.grants == ["password", "refresh_token"]
    world.clock.forward(hours=2)
    world.client.info()
    assert world.web.grants == ["password", "refresh_token", "password"]


def test_the_second_factor(server: Served, tmp_path: Path):
    """RFC 6238, appendix B: at 59 s the key's code is 94287082, of which services ask for the last six digits."""
    with open_world(server, tmp_path, NSIS, totp=True) as world:
        world.web.totp = lambda: "287082"
        world.clock.at = datetime(1970, 1, 1, 0, 0, 59, tzinfo=UTC)
        assert world.client.info() == []
        world.clock.forward(hours=3)
        with pytest.raises(ServerRefused, match="user name, password or secret, and second factor") as refused:
            world.client.info()
        assert PASSWORD not in str(refused.value)


def test_pages_are_followed_to_the_end(world: World):
    for number in range(45):
        world.catalogue.publish(radar_product(number + 1, NOON, HERE))
    pages = list(world.client.products(RADAR, max_pages=10))
    assert [len(page.products) for page in pages] == [20, 20, 5]
    assert len({product.id for page in pages for product in page.products}) == 45
    assert len(list(world.client.products(RADAR, max_pages=2))) == 2


def test_pages_in_a_circle_or_elsewhere_are_refused(world: World):
    for number in range(25):
        world.catalogue.publish(radar_product(number + 1, NOON, HERE))
    first = f"{world.client.provider.base_url}/Products?$skip=0"
    world.web.page_link = lambda _: first
    with pytest.raises(ServerRefused, match="go in circles"):
        list(world.client.products(RADAR, max_pages=50))
    world.web.page_link = lambda _: "http://elsewhere.example.org/Products"
    with pytest.raises(ServerRefused, match=r"another host \(elsewhere.example.org\)"):
        list(world.client.products(RADAR, max_pages=50))


def test_a_redirect_does_not_carry_the_token_away(world: World):
    world.web.faults.append(lambda _: Response(status_code=307, headers={"Location": "http://127.0.0.1:9/x"}))
    with pytest.raises(ServerRefused, match=r"redirect \(307\)"):
        world.client.info()


def test_no_secret_in_logs_errors_or_names(world: World, caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.DEBUG)
    world.client.create(PUSH)
    made = world.client.info()[0]
    world.web.faults.append(lambda _: JSONResponse({"detail": "token-1 canary-receiver-password"}, 400))
    with pytest.raises(ServerRefused) as refused:
        world.client.edit(made, SubscriptionChange(account=RECEIVER))
    shown = [caplog.text, str(refused.value), repr(PUSH), repr(RECEIVER), repr(world.client)]
    assert not [text for text in shown if "canary" in text or "token-1" in text]


def test_nobody_there(world: World, monkeypatch: pytest.MonkeyPatch):
    def refuse(*_: object, **__: object) -> None:
        raise requests.ConnectionError(f"http://x/?password={PASSWORD}")

    world.client.info()
    monkeypatch.setattr(world.client._http._session, "request", refuse)
    with pytest.raises(ServerUnreachable, match="connection failed") as error:
        world.client.info()
    assert PASSWORD not in str(error.value)
    assert len(world.slept) == 3


def test_a_next_page_that_names_the_scheme_behind_a_proxy_is_read_as_we_reach_the_server(world: World):
    """Servers behind a proxy that ends TLS write `http` into their links; no token goes to another port for that."""
    for number in range(45):
        world.catalogue.publish(radar_product(number + 1, NOON, HERE))
    world.web.page_link = lambda link: link.replace("http://", "https://")
    assert sum(len(page.products) for page in world.client.products(RADAR, 10)) == 45
    assert on_same_scheme("http://a.test/odata?x=1", "https://a.test:8443/odata") == "https://a.test:8443/odata?x=1"
    for elsewhere in ("http://b.test/x", "https://a.test:9/x", "ftp://a.test/x"):
        assert on_same_scheme(elsewhere, "https://a.test/odata") == elsewhere


def test_every_call_carries_the_obligatory_headers(every: World):
    """The stand-in answers 415 to a call without them, those without a body among them."""
    made = every.client.create(PULL) or every.client.info()[0].id
    every.client.pause(every.client.get(made))
    every.client.resume(every.client.get(made))
    every.client.acknowledge(made, "YWNrOjAwMDAwMTp4")
    assert every.client.read(made).notifications == ()
    assert every.client.product("00000000-0000-0000-0000-0000000000ff") is None
    assert list(every.client.products(RADAR, 1))
    every.client.cancel(made)
    plain = Client(Server(every.client.provider.base_url), RetryPolicy(5, 1), Redactor(), tokens=tokens_for(every))
    with pytest.raises(ServerRefused, match="415"):
        plain.read("GET", "Subscriptions/Info")


def tokens_for(world: World) -> TokenSource:
    world.web.tokens.append("ready")
    return TokenSource(lambda: Token("ready"), Redactor())
