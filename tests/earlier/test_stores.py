"""What is kept beside the run folders: prepared layers with their stamp, the inbox, the order book."""

from __future__ import annotations

import json
import shutil
import sqlite3
from datetime import timedelta
from pathlib import Path

import pytest

from tests.earlier import doors
from tests.earlier.world import ISO3, KEPT, NOON, Project


def test_a_stamp_is_read(tmp_path: Path) -> None:
    stamp = doors.read_stamp(KEPT / "prepared" / "stamp.json")
    assert stamp is not None
    assert sorted(stamp.inputs) == sorted(
        file.relative_to(KEPT / "static" / ISO3).as_posix()
        for file in (KEPT / "static" / ISO3).rglob("*")
        if file.is_file()
    )
    assert stamp.inputs["population.tif"].size == (KEPT / "static" / ISO3 / "population.tif").stat().st_size
    assert set(stamp.outputs) <= {
        file.relative_to(KEPT / "prepared").as_posix() for file in (KEPT / "prepared").rglob("*")
    }


def test_prepared_layers_are_not_made_again(tmp_path: Path) -> None:
    """Only times differ, as after a copy: the hashes say that nothing has changed."""
    project = Project(tmp_path, KEPT / "static", tmp_path / "prepared").configure("http://127.0.0.1:9/api")
    shutil.copytree(KEPT / "prepared", tmp_path / "prepared" / ISO3)
    before = (tmp_path / "prepared" / ISO3 / "tables.nc").stat().st_ino
    assert doors.prepare(project.country, KEPT / "static" / ISO3, tmp_path / "prepared" / ISO3) == ()
    assert (tmp_path / "prepared" / ISO3 / "tables.nc").stat().st_ino == before


@pytest.fixture
def databases(tmp_path: Path) -> Path:
    shutil.copytree(KEPT / "databases", tmp_path / "databases")
    return tmp_path / "databases"


def test_an_inbox_is_read_and_written(databases: Path) -> None:
    with doors.Database(databases / "inbox.sqlite") as database:
        inbox = doors.Inbox(database, lambda: NOON + timedelta(days=1))
        first, second = sorted(inbox.entries(), key=lambda entry: entry.product_id)
        assert (first.name, first.state, first.first_seen, first.round) == ("S1A_SCENE", "waiting", NOON, 0)
        assert first.footprint is not None
        assert first.footprint.bounds == (10.0, 0.9, 10.2, 1.0)
        assert (second.state, second.acquired, second.provider) == ("incomplete", None, "cdse")
        again = doors.Notification("sub-2", first.product_id, "created", NOON, None, "", None)
        assert inbox.store("cdse", "push", [again]) == 0, "known by its id, whichever subscription announces it"
        assert len(inbox.entries()) == 2


def test_an_order_book_is_read_and_written(databases: Path) -> None:
    book = doors.OrderBook(databases / "orders.sqlite")
    try:
        sent, waiting = book.entries("hook")
        assert (sent.number, sent.state, sent.order_id, sent.asked_at) == (1, "sent", "order-1", NOON)
        assert (waiting.number, waiting.state, waiting.order_id) == (2, "waiting", None)
        assert (sent.request.identifiers, dict(sent.request.options)) == (("S1A_SCENE",), {"polarisation": "VV"})
        assert (book.used("hook", NOON), sent.request.name) == ((1, 1), f"flood {sent.key}")
        assert book.ask("hook", sent.request, NOON + timedelta(days=1)).number == 1, "never ordered twice"
        claimed = book.claim("hook", doors.Quota(10, 10), doors.Elsewhere(), NOON)
        assert claimed is not None
        assert claimed.number == 2
    finally:
        book.close()


def test_the_keys_of_orders_stay(databases: Path) -> None:
    """As they stand in the file: the same request must have the same key for ever."""
    with sqlite3.connect(databases / "orders.sqlite") as connection:
        rows = connection.execute(
            "SELECT key, workflow, identifiers, options, label, repeat FROM hook_order"
        ).fetchall()
    connection.close()
    assert len(rows) == 2
    for key, workflow, identifiers, options, label, repeat in rows:
        request = doors.OrderRequest(workflow, tuple(json.loads(identifiers)), json.loads(options), label, repeat)
        assert request.key == key
