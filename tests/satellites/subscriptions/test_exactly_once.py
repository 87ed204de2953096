"""Every product triggers exactly once, whatever is lost, doubled, late, reordered or interrupted."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from ibf_pipeline.io.sql import Database
from ibf_pipeline.records.database import migrate_schema, records_url
from ibf_pipeline.satellites.subscriptions.alerts import AlertedEvent
from ibf_pipeline.satellites.subscriptions.client import ProductPage, QueueBatch
from ibf_pipeline.satellites.subscriptions.inbox import Inbox
from ibf_pipeline.satellites.subscriptions.intake import catch_up, complete, pull_notifications
from ibf_pipeline.satellites.subscriptions.ledger import Ledger
from ibf_pipeline.satellites.subscriptions.matching import ObservationRequest, match_products
from ibf_pipeline.satellites.subscriptions.notification import Product, read_notification, read_product
from ibf_pipeline.satellites.subscriptions.settings import IntakeSettings
from tests.budget import examples
from tests.worlds.services.catalogue import Catalogue, radar_product
from tests.worlds.services.catalogue_account import ELSEWHERE, HERE, NOON, RADAR, Clock
from tests.worlds.services.dialects import NSIS

EVENT = AlertedEvent("XTS", "G1", NOON.date(), "max", 3, shapely.box(*HERE))
MAX_AGE = timedelta(hours=72)


class Crash(BaseException):
    """The process ends here."""


@dataclass
class Fuse:
    """Ends the process at a chosen step; a step is the moment before or after something outside changes."""

    left: int = -1

    def burn(self) -> None:
        if self.left == 0:
            self.left = -1
            raise Crash
        self.left -= self.left > 0


class FragileDatabase(Database):
    """A database whose process may end just before a transaction or just after its commit."""

    def __init__(self, folder: Path, fuse: Fuse) -> None:
        super().__init__(records_url(folder), migrate_schema, "")
        self.fuse = fuse

    @contextmanager
    def transaction(self, **how: bool) -> Iterator[Any]:
        self.fuse.burn()
        with super().transaction(**how) as connection:
            yield connection
        self.fuse.burn()


@dataclass
class DirectClient:
    """The catalogue without HTTP, read by the same readers; the process may end around every request."""

    catalogue: Catalogue
    fuse: Fuse
    name: str = "nsis"

    def read(self, subscription_id: str, top: int = 20) -> QueueBatch:
        self.fuse.burn()
        entries = self.catalogue.read(subscription_id, top)
        items = tuple(read_notification(entry) for entry in entries)
        return QueueBatch(items, (), entries[-1]["AckId"] if entries else None)

    def acknowledge(self, subscription_id: str, ack_id: str) -> None:
        self.fuse.burn()
        self.catalogue.acknowledge(subscription_id, ack_id)
        self.fuse.burn()

    def product(self, product_id: str) -> Product | None:
        self.fuse.burn()
        found = self.catalogue.products.get(product_id)
        return read_product(found) if found else None

    def products(self, text: str, max_pages: int) -> Iterator[ProductPage]:
        for page in range(max_pages):
            self.fuse.burn()
            found, more = self.catalogue.search(text, page * 20, 100)
            yield ProductPage(tuple(read_product(entry) for entry in found), 0, last=not more)
            if not more:
                return


@dataclass
class Runs:
    """What Prefect was seen to do: one key is one flow run, however often it is asked for."""

    fuse: Fuse
    runs: dict[str, str] = field(default_factory=dict)
    asked: Counter[str] = field(default_factory=Counter)

    def __call__(self, observation: ObservationRequest) -> str:
        self.fuse.burn()
        self.asked[observation.key] += 1
        run = self.runs.setdefault(observation.key, f"run-{len(self.runs) + 1}")
        self.fuse.burn()
        return run


class Story:
    """One account, one inbox, and everything that may happen to them."""

    def __init__(self, folder: Path) -> None:
        self.clock, self.fuse = Clock(), Fuse()
        self.catalogue = Catalogue(NSIS, self.clock)
        self.catalogue.create({"FilterParam": RADAR, "SubscriptionEvent": ["created, modified"]})
        push = {"FilterParam": RADAR, "NotificationEndpoint": "https://x.example.org"}
        self.catalogue.create(push)
        self.queue, self.push = self.catalogue.subscriptions
        self.on_the_way: list[dict[str, Any]] = []
        self.catalogue.deliver = lambda _url, _name, _password, message: self.on_the_way.append(message) or 204
        self.folder = folder
        self.database = self._open()
        self.runs = Runs(self.fuse)
        self.published: dict[str, bool] = {}
        """product id -> whether it must start an observation"""

    def _open(self) -> FragileDatabase:
        return FragileDatabase(self.folder, self.fuse)

    def do(self, what: str, number: int, crash_at: int) -> None:
        """One thing that happens; a process that it ends is started anew."""
        self.fuse.left = crash_at
        try:
            getattr(self, what)(number)
        except Crash:
            self.database.close()
            self.database = self._open()
        self.fuse.left = -1

    @property
    def inbox(self) -> Inbox:
        return Inbox(self.database, self.clock)

    def publish(self, number: int, *, lose: bool = False) -> None:
        here, young = number % 3 != 0, number % 5 != 0
        at = self.clock() - (timedelta(hours=2) if young else timedelta(days=300))
        product = radar_product(
            len(self.published) + 1, at, HERE if here else ELSEWHERE,
            PublicationDate=self.clock().isoformat(),
        )  # fmt: skip
        self.published[product["Id"]] = here and young
        self.catalogue.publish(product, lose=lose)

    def publish_unheard(self, number: int) -> None:
        self.publish(number, lose=True)

    def modify(self, number: int) -> None:
        if self.catalogue.products:
            product = list(self.catalogue.products.values())[number % len(self.catalogue.products)]
            self.catalogue.publish(product, "modified")

    def lose_pushes(self, _: int) -> None:
        self.on_the_way.clear()

    def receive_one(self, number: int) -> None:
        """A push arrives, in any order; it stays on the way, to arrive again or to be lost."""
        if self.on_the_way:
            item = read_notification(self.on_the_way[number % len(self.on_the_way)])
            self.inbox.store("nsis", "push", [item])

    def pull(self, number: int) -> None:
        batch = IntakeSettings(batch=1 + number % 5)
        pull_notifications(DirectClient(self.catalogue, self.fuse), self.inbox, self.queue, batch)  # type: ignore[arg-type]

    def forget_queue(self, _: int) -> None:
        """The queue is deleted with its subscription: what was in it is lost."""
        self.catalogue.queues[self.queue].clear()

    def search(self, _: int) -> None:
        client: Any = DirectClient(self.catalogue, self.fuse)
        ledger = Ledger(self.database, self.clock)
        catch_up(client, self.inbox, ledger, "floods", RADAR, self.clock, IntakeSettings())
        complete(client, self.inbox)

    def trigger(self, _: int) -> None:
        match_products(self.inbox, [EVENT], self.runs, self.clock(), max_age=MAX_AGE)

    def wait(self, number: int) -> None:
        self.clock.forward(minutes=number)


happenings = st.lists(
    st.tuples(
        st.sampled_from(
            [
                "publish", "publish", "publish_unheard", "modify", "receive_one", "receive_one", "lose_pushes", "pull",
                "forget_queue", "search", "trigger", "wait",
            ]
        ),
        st.integers(0, 60),
        st.integers(-1, 8),
    ),
    max_size=40,
)  # fmt: skip


@given(happenings)
@settings(max_examples=examples(15, 500), deadline=None)
def test_every_product_triggers_exactly_once(story_of):
    """After one undisturbed search and pass: a run for each young product over the event, and no other run ever."""
    with tempfile.TemporaryDirectory() as folder:
        story = Story(Path(folder))
        try:
            for what, number, crash_at in story_of:
                story.do(what, number, crash_at)
            for what in ("pull", "search", "trigger", "trigger"):
                story.do(what, 4, -1)
            expected = {f"eodata:XTS:G1:{product}" for product, wanted in story.published.items() if wanted}
            assert set(story.runs.runs) == expected
            assert len(story.inbox.entries()) == len(story.published)
            states = {entry.product_id: entry.state for entry in story.inbox.entries()}
            assert {product for product, state in states.items() if state == "triggered"} == {
                product for product, wanted in story.published.items() if wanted
            }
        finally:
            story.database.close()


@given(happenings)
@settings(max_examples=examples(20, 300), deadline=None)
def test_without_crashes_nothing_is_even_asked_for_twice(story_of):
    """The inbox alone keeps starts apart; the idempotency key is only needed after a crash."""
    with tempfile.TemporaryDirectory() as folder:
        story = Story(Path(folder))
        try:
            for what, number, _ in story_of:
                story.do(what, number, -1)
            story.do("search", 0, -1)
            story.do("trigger", 0, -1)
            assert set(story.runs.asked.values()) <= {1}
            assert len(story.runs.asked) == sum(story.published.values())
        finally:
            story.database.close()


def test_a_crash_between_start_and_note_repeats_the_same_key(tmp_path: Path):
    """Steps of the pass: before the start, after it (1). The process ends there; the next one asks again."""
    story = Story(tmp_path)
    story.publish(1)
    story.do("pull", 0, -1)
    story.do("trigger", 0, 1)
    assert story.inbox.counts()["triggered"] == 0
    story.do("trigger", 0, -1)
    (key,) = story.runs.runs
    assert story.runs.asked[key] == 2
    assert len(story.runs.runs) == 1
    story.database.close()
