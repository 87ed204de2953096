"""Queue, catalogue search and details by id: what gets into the inbox."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from starlette.responses import JSONResponse

from ibf_pipeline.errors import InputInvalid, ServerRefused, UsageError, WriteFailed
from ibf_pipeline.records.database import open_records, records_url
from ibf_pipeline.satellites.subscriptions.entity import SubscriptionRequest
from ibf_pipeline.satellites.subscriptions.inbox import DROPPED, Inbox
from ibf_pipeline.satellites.subscriptions.intake import catch_up, catch_up_is_due, complete, pull_notifications
from ibf_pipeline.satellites.subscriptions.notification import read_notification
from ibf_pipeline.satellites.subscriptions.reconciliation import apply_subscriptions
from ibf_pipeline.satellites.subscriptions.settings import IntakeSettings
from ibf_pipeline.satellites.subscriptions.subscription_plan import DeclaredSubscription
from tests.worlds.services.catalogue import radar_product
from tests.worlds.services.catalogue_account import HERE, NOON, RADAR, World


def subscribe(world: World) -> str:
    events = tuple(event for event in world.catalogue.dialect.events if event != "deleted")
    apply_subscriptions(
        world.client, world.ledger, [DeclaredSubscription("floods", SubscriptionRequest("pull", RADAR, events))]
    )
    return world.ledger.owned()[0].id


def search(world: World, **settings: int):
    return catch_up(world.client, world.inbox, world.ledger, "floods", RADAR, world.clock, IntakeSettings(**settings))


def test_a_queue_is_read_to_its_end_and_acknowledged(every: World):
    queue = subscribe(every)
    for number in range(45):
        every.catalogue.publish(radar_product(number + 1, NOON, HERE))
    pulled = pull_notifications(every.client, every.inbox, queue, every.settings)
    assert (pulled.notifications, pulled.new_products) == (45, 45)
    assert every.catalogue.queues[queue] == []
    assert every.web.requests.count(("POST", f"Subscriptions({queue})/Ack")) == 3  # 20 + 20 + 5
    assert every.inbox.counts()["waiting"] == 45


def test_a_run_reads_its_share_and_says_so(world: World):
    queue = subscribe(world)
    for number in range(45):
        world.catalogue.publish(radar_product(number + 1, NOON, HERE))
    pulled = pull_notifications(world.client, world.inbox, queue, IntakeSettings(max_batches=2))
    assert (pulled.notifications, len(world.catalogue.queues[queue])) == (40, 5)


def test_what_was_not_acknowledged_is_read_again_and_kept_once(world: World):
    queue = subscribe(world)
    world.catalogue.publish(radar_product(1, NOON, HERE))
    world.inbox.store("cdse", "pull", world.client.read(queue).notifications)  # and then the process ends
    pulled = pull_notifications(world.client, world.inbox, queue, world.settings)
    assert (pulled.notifications, pulled.new_products) == (1, 0)
    (entry,) = world.inbox.entries()
    assert world.inbox.notifications(entry.product_id) == [(queue, "created", "pull", 2)]


def test_entries_older_than_three_days_are_fetched_by_id(world: World):
    queue = subscribe(world)
    world.catalogue.publish(radar_product(1, NOON, HERE))
    world.catalogue.publish(radar_product(2, NOON, HERE))
    world.clock.forward(days=4)
    pull_notifications(world.client, world.inbox, queue, world.settings)
    assert world.inbox.counts()["incomplete"] == 2
    del world.catalogue.products[radar_product(2, NOON, HERE)["Id"]]
    assert complete(world.client, world.inbox) == 2
    first, second = (world.inbox.entry(radar_product(number, NOON, HERE)["Id"]) for number in (1, 2))
    assert (first.state, first.acquired, first.product_type) == ("waiting", NOON, "IW_GRDH_1S")
    assert (second.state, second.reason) == ("ignored", "the catalogue has no such product any more")


def test_a_product_without_a_footprint_is_ignored_with_the_reason(world: World):
    world.catalogue.publish(radar_product(1, NOON, HERE, GeoFootprint=None, Footprint=""))
    search(world)
    complete(world.client, world.inbox)
    (entry,) = world.inbox.entries()
    assert (entry.state, entry.reason) == ("ignored", "the catalogue states no acquisition time or no footprint")


def test_an_unreadable_entry_does_not_block_the_queue(world: World, monkeypatch: pytest.MonkeyPatch):
    queue = subscribe(world)
    for number in (1, 2, 3):
        world.catalogue.publish(radar_product(number, NOON, HERE))
    whole = world.catalogue.read
    monkeypatch.setattr(
        world.catalogue,
        "read",
        lambda key, top: [{**item, "ProductId": 7} if n == 1 else item for n, item in enumerate(whole(key, top))],
    )
    pulled = pull_notifications(world.client, world.inbox, queue, world.settings)
    assert (pulled.notifications, world.catalogue.queues[queue]) == (2, [])


def test_the_search_finds_what_no_notification_brought(every: World):
    subscribe(every)
    every.catalogue.publish(radar_product(1, NOON - timedelta(hours=5), HERE), lose=True)
    every.catalogue.publish(radar_product(2, NOON - timedelta(days=9), HERE), lose=True)  # beyond the first 72 h
    every.catalogue.publish(radar_product(3, NOON, HERE, Collection="SENTINEL-2"), lose=True)
    found = search(every)
    assert (found.products, found.new_products, found.finished) == (1, 1, True)
    assert found.watermark == NOON - timedelta(hours=4)
    again = search(every)
    assert (again.products, again.new_products) == (1, 0)


def test_late_products_of_the_day_before_the_watermark_are_found(world: World):
    world.catalogue.publish(radar_product(1, NOON - timedelta(hours=3), HERE), lose=True)
    assert search(world).watermark == NOON - timedelta(hours=2)
    world.catalogue.publish(radar_product(2, NOON - timedelta(hours=25), HERE), lose=True)  # published 22 h before it
    world.catalogue.publish(radar_product(3, NOON - timedelta(hours=28), HERE), lose=True)  # 25 h before it
    assert search(world).new_products == 1


def test_a_search_that_is_cut_short_goes_on(world: World):
    """70 products in four pages; two pages a run. The overlap is bridged because it is shorter than two pages."""
    for number in range(70):
        at = NOON - timedelta(hours=69 - number)
        world.catalogue.publish(radar_product(number + 1, at - timedelta(hours=1), HERE), lose=True)
    runs = [search(world, max_pages=2) for _ in range(6)]
    assert sum(run.new_products for run in runs) == 70
    assert [run.finished for run in runs][-1] is True
    assert runs[0].finished is False


def test_a_search_that_never_ends_is_told(world: World):
    """45 products within the day before the newest: three pages, of which every run reads the same two."""
    world.catalogue.publish(radar_product(1, NOON - timedelta(hours=1), HERE), lose=True)
    assert search(world).watermark == NOON
    for number in range(45):
        at = NOON - timedelta(hours=20, minutes=number)
        world.catalogue.publish(radar_product(number + 2, at, HERE), lose=True)
    with pytest.raises(InputInvalid, match=r"stays at 2026-\d\d-\d\d 12:00 UTC: 40 products and more .* narrow the"):
        search(world, max_pages=2)
    assert world.inbox.counts()["waiting"] == 41, "what was read is kept"
    assert search(world, max_pages=3).finished


def test_the_watermark_never_runs_ahead_of_the_clock(world: World):
    world.catalogue.publish(radar_product(1, NOON, HERE, PublicationDate="2099-01-01T00:00:00Z"), lose=True)
    assert search(world).watermark == NOON


def test_when_a_search_is_due(world: World):
    settings = IntakeSettings(catch_up_minutes=60)
    assert catch_up_is_due(world.ledger, "floods", RADAR, NOON, settings)
    search(world)
    assert not catch_up_is_due(world.ledger, "floods", RADAR, NOON + timedelta(minutes=59), settings)
    assert catch_up_is_due(world.ledger, "floods", RADAR, NOON + timedelta(minutes=60), settings)
    assert catch_up_is_due(world.ledger, "floods", "another filter", NOON, settings)


def test_deleted_products_start_nothing_whatever_comes_first(world: World):
    apply_subscriptions(
        world.client, world.ledger, [DeclaredSubscription("gone", SubscriptionRequest("pull", RADAR, ("deleted",)))]
    )
    queue = world.ledger.owned()[0].id
    product = radar_product(1, NOON, HERE, DeletionCause="Corrupted product")
    world.catalogue.publish(product, lose=True)
    world.catalogue.publish(product, "deleted")
    world.catalogue.products[product["Id"]] = product  # so that the queue can show it
    pull_notifications(world.client, world.inbox, queue, world.settings)
    search(world)  # the creation, late
    (entry,) = world.inbox.entries()
    assert (entry.state, entry.reason) == ("ignored", "deleted from the catalogue (Corrupted product)")


def test_prune_forgets_contents_and_still_knows_the_ids(world: World):
    world.catalogue.publish(radar_product(1, NOON, HERE), lose=True)
    search(world)
    (entry,) = world.inbox.entries()
    world.clock.forward(days=100)
    assert world.inbox.prune(world.clock() - timedelta(days=90)) == 0, "it still waits"
    world.inbox.decide(entry.product_id, "ignored", "too old")
    assert world.inbox.prune(world.clock() - timedelta(days=90)) == 1
    assert world.inbox.entry(entry.product_id).content is None
    assert search(world).new_products == 0
    assert world.inbox.replay(entry.product_id).state == "incomplete"
    complete(world.client, world.inbox)
    assert world.inbox.entry(entry.product_id).state == "waiting"


def test_what_waits_is_dropped_only_by_its_state_and_starts_nothing_any_more(world: World):
    world.catalogue.publish(radar_product(1, NOON, HERE), lose=True)
    search(world)
    world.clock.forward(days=3)
    world.catalogue.publish(radar_product(2, world.clock(), HERE), lose=True)
    search(world)
    old, young = (radar_product(number, NOON, HERE)["Id"] for number in (1, 2))
    after = world.clock() - timedelta(days=2)
    assert (world.inbox.prune(after), world.inbox.prune(after, ("incomplete",))) == (0, 0)
    assert world.inbox.prune(after, ("waiting",)) == 1
    dropped = world.inbox.entry(old)
    assert (dropped.state, dropped.reason, dropped.content, dropped.footprint) == ("ignored", DROPPED, None, None)
    assert [entry.product_id for entry in world.inbox.open_products(NOON)] == [young]
    assert search(world).new_products == 0, "announced again, it stays dropped"
    assert world.inbox.replay(old).state == "incomplete"
    complete(world.client, world.inbox)
    assert world.inbox.entry(old).state == "waiting"


def test_a_full_inbox_acknowledges_nothing_and_says_what_fills_it(world: World, tmp_path: Path):
    queue = subscribe(world)
    world.catalogue.publish(radar_product(1, NOON, HERE))
    full = Inbox(open_records(records_url(tmp_path / "full")), world.clock, max_megabytes=0)
    with pytest.raises(WriteFailed, match=r"0 of 0 products are not settled.*`inbox prune --state waiting`"):
        pull_notifications(world.client, full, queue, world.settings)
    assert len(world.catalogue.queues[queue]) == 1
    assert pull_notifications(world.client, world.inbox, queue, world.settings).new_products == 1


def test_an_unknown_product(world: World):
    with pytest.raises(UsageError, match="there is no product 5"):
        world.inbox.entry("5")


BROKEN = "bad \ud800 name"
"""half of a character: valid JSON as an escape, no valid UTF-8"""


def test_half_a_character_is_stored_as_a_question_mark_and_blocks_nothing(every: World):
    queue = subscribe(every)
    every.catalogue.publish(radar_product(1, NOON, HERE, Name=BROKEN, Comment=[BROKEN]))
    every.catalogue.publish(radar_product(2, NOON, HERE))
    assert pull_notifications(every.client, every.inbox, queue, every.settings).notifications == 2
    assert every.catalogue.queues[queue] == []
    every.catalogue.publish(radar_product(3, NOON, HERE, Name=BROKEN), lose=True)
    assert search(every).new_products == 1
    assert sorted(entry.name for entry in every.inbox.entries())[1:] == ["bad ? name", "bad ? name"]
    assert every.inbox.counts()["waiting"] == 3


@pytest.mark.parametrize(
    "footprint",
    [
        {"GeoFootprint": None, "Footprint": "geography'SRID=4326;CURVEPOLYGON(CIRCULARSTRING(0 0,4 0,4 4,0 4,0 0))'"},
        {"GeoFootprint": {"type": "Polygon", "coordinates": [[[10**400, 0], [1, 1], [2, 0]]]}, "Footprint": ""},
    ],
    ids=["a curve", "a number beyond every limit"],
)
def test_a_footprint_that_no_library_reads_blocks_nothing(world: World, footprint: dict[str, Any]):
    queue = subscribe(world)
    world.catalogue.publish(radar_product(1, NOON, HERE, **footprint))
    world.catalogue.publish(radar_product(2, NOON, HERE))
    assert pull_notifications(world.client, world.inbox, queue, world.settings).notifications == 2
    assert world.catalogue.queues[queue] == []
    world.catalogue.publish(radar_product(3, NOON, HERE, **footprint), lose=True)
    world.catalogue.publish(radar_product(4, NOON, HERE), lose=True)
    found = search(world)
    assert (found.new_products, found.finished) == (2, True)


def test_what_cannot_be_stored_is_an_error_of_its_own(world: World):
    with pytest.raises(InputInvalid, match="a value cannot be kept"):
        world.inbox.decide("1", "ignored", BROKEN)
    assert world.inbox.counts()["waiting"] == 0, "the database is free again"


def acks(world: World, monkeypatch: pytest.MonkeyPatch, given: Callable[[int, Any], Any]) -> None:
    """Let the queue answer with other AckIds: given(place in the batch, its own)."""
    whole = world.catalogue.read
    monkeypatch.setattr(
        world.catalogue,
        "read",
        lambda key, top: [{**item, "AckId": given(n, item["AckId"])} for n, item in enumerate(whole(key, top))],
    )


def test_entries_without_an_ack_id_are_stored_before_it_is_told(world: World, monkeypatch: pytest.MonkeyPatch):
    """Three entries, the last without an id: two are acknowledged, the third is kept here and stays in the queue."""
    queue = subscribe(world)
    for number in (1, 2, 3):
        world.catalogue.publish(radar_product(number, NOON, HERE))
    last = radar_product(3, NOON, HERE)["Id"]
    whole = world.catalogue.read
    acks(world, monkeypatch, lambda place, ack: None if place == len(whole(queue, 20)) - 1 else ack)
    with pytest.raises(InputInvalid, match="1 notifications were stored and carry no AckId"):
        pull_notifications(world.client, world.inbox, queue, world.settings)
    assert world.inbox.counts()["waiting"] == 3
    assert [item.product_id for item in world.catalogue.queues[queue]] == [last]


def test_an_ack_id_may_be_a_number(world: World, monkeypatch: pytest.MonkeyPatch):
    queue = subscribe(world)
    world.catalogue.publish(radar_product(1, NOON, HERE))
    acks(world, monkeypatch, lambda place, ack: 7)
    heard: list[str] = []

    def acknowledge(key: str, ack: str) -> dict[str, int]:
        heard.append(ack)
        world.catalogue.queues[key].clear()
        return {}

    monkeypatch.setattr(world.catalogue, "acknowledge", acknowledge)
    assert pull_notifications(world.client, world.inbox, queue, world.settings).notifications == 1
    assert (heard, world.inbox.counts()["waiting"]) == (["7"], 1)


def test_one_id_that_the_catalogue_cannot_read_does_not_cost_the_others_their_details(world: World):
    queue = subscribe(world)
    for number in (1, 2, 3):
        world.catalogue.publish(radar_product(number, NOON, HERE))
    world.clock.forward(days=4)
    pull_notifications(world.client, world.inbox, queue, world.settings)
    world.web.faults += [lambda _: JSONResponse({"detail": "value is not a valid uuid"}, 422)]
    assert complete(world.client, world.inbox) == 3
    assert world.inbox.counts() == {"incomplete": 0, "waiting": 2, "triggered": 0, "ignored": 1, "notifications": 3}
    (refused,) = world.inbox.entries("ignored")
    assert "value is not a valid uuid" in refused.reason


def test_a_refusal_of_the_account_ignores_nothing(world: World):
    queue = subscribe(world)
    for number in (1, 2):
        world.catalogue.publish(radar_product(number, NOON, HERE))
    world.clock.forward(days=4)
    pull_notifications(world.client, world.inbox, queue, world.settings)
    world.web.faults += [lambda _: JSONResponse({"detail": "no right"}, 403)]
    with pytest.raises(ServerRefused, match="no right"):
        complete(world.client, world.inbox)
    assert (world.inbox.counts()["incomplete"], world.inbox.counts()["waiting"]) == (1, 1)


@pytest.mark.parametrize("product_id", ["--------", "abcdef0-", "-abcdef0", "ab--cdef0", "abc"])
def test_what_is_no_product_id(product_id: str):
    with pytest.raises(InputInvalid, match="no ProductId"):
        read_notification({"SubscriptionId": "0000a001-0000-4000-8000-000000000001", "ProductId": product_id})


@pytest.mark.parametrize(
    "answer", [None, {"message": "moved"}, {"value": None}, "text", {"Id": "00000000-0000-0000-0000-0000000000ff"}]
)
def test_an_answer_about_something_else_does_not_say_that_there_is_no_such_product(world: World, answer: Any):
    """Details that were not told are asked for again; a product that was ignored would be a scene lost."""
    queue = subscribe(world)
    world.catalogue.publish(radar_product(1, NOON, HERE))
    world.clock.forward(days=4)
    pull_notifications(world.client, world.inbox, queue, world.settings)
    world.web.faults += [lambda _: JSONResponse(answer)]
    with pytest.raises(ServerRefused, match="the answer "):
        complete(world.client, world.inbox)
    assert world.inbox.counts()["incomplete"] == 1
    complete(world.client, world.inbox)
    assert world.inbox.counts()["waiting"] == 1
