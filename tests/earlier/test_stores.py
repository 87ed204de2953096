"""What is kept beside the run folders: prepared layers with their stamp, the inbox, the order book."""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
from datetime import UTC, datetime, timedelta
from functools import partial
from hashlib import sha256
from pathlib import Path

import pytest

from tests.earlier import doors
from tests.earlier.world import ISO3, ISSUE, KEPT, NOON, Project


def test_every_kept_file_is_what_was_written() -> None:
    lines = (KEPT / "SHA256SUMS").read_text(encoding="utf-8").splitlines()
    kept = {name: digest for digest, name in (line.split("  ", 1) for line in lines)}
    files = {file.relative_to(KEPT).as_posix(): file for file in KEPT.glob("*/**/*") if file.is_file()}
    assert kept == {name: sha256(file.read_bytes()).hexdigest() for name, file in files.items()}


def test_nothing_of_a_machine_is_kept() -> None:
    """Paths begin at /ibf, hosts are 127.0.0.1 and pipeline.example.org."""
    for file in (file for file in KEPT.glob("*/**/*") if file.suffix in (".json", ".jsonl", ".lock", ".txt", ".csv")):
        text = file.read_text(encoding="utf-8")
        assert not re.search(r'"/(?!ibf/)(tmp|home|root|work|usr|var|mnt|Users)\b', text), file
        assert set(re.findall(r"https?://([\w.-]+)", text)) <= {"127.0.0.1", "www.w3.org"}, file
        assert set(re.findall(r'"host": "([^"]*)"', text)) <= {"pipeline.example.org"}, file


def test_an_observation_is_read() -> None:
    (observed,) = doors.read_observations(KEPT / "observed" / "runs" / ISO3 / ISSUE.isoformat())
    assert (observed.event, observed.verdict.kind, observed.people) == ("G1", "hit", (12, 20))
    (look,) = observed.looks
    assert (look.source, look.passes, look.on_the_days) == (
        "open water", (datetime(2026, 2, 17, 4, 30, tzinfo=UTC),), True,
    )  # fmt: skip


def test_layers_that_may_count_people_twice_are_made_anew_once(tmp_path: Path) -> None:
    """Those of before overlapping ground was given to one area: a stamp of that format stands for nothing."""
    project = Project(tmp_path, KEPT / "static", tmp_path / "prepared").configure("http://127.0.0.1:9/api")
    shutil.copytree(KEPT / "prepared", tmp_path / "prepared" / ISO3)
    assert doors.read_stamp(tmp_path / "prepared" / ISO3 / "stamp.json") is None
    prepare = partial(doors.prepare_floods, project.country, KEPT / "static" / ISO3, tmp_path / "prepared" / ISO3)
    assert {"boundaries", "tables", "counts_population_affected_RP10"} <= set(prepare())
    before = (tmp_path / "prepared" / ISO3 / "tables.nc").stat().st_ino
    assert prepare() == ()
    assert (tmp_path / "prepared" / ISO3 / "tables.nc").stat().st_ino == before


@pytest.fixture
def databases(tmp_path: Path) -> Path:
    shutil.copytree(KEPT / "databases", tmp_path / "databases")
    return tmp_path / "databases"


def test_an_inbox_is_read_and_written(databases: Path) -> None:
    inbox = doors.Inbox(doors.taken_over(databases / "inbox.sqlite"), lambda: NOON + timedelta(days=1))
    first, second = sorted(inbox.entries(), key=lambda entry: entry.product_id)
    assert (first.name, first.state, first.first_seen, first.round) == ("S1A_SCENE", "waiting", NOON, 0)
    assert first.footprint is not None
    assert first.footprint.bounds == (10.0, 0.9, 10.2, 1.0)
    assert (second.state, second.acquired, second.provider) == ("incomplete", None, "cdse")
    again = doors.Notification("sub-2", first.product_id, "created", NOON, None, "")
    assert inbox.store("cdse", "push", [again]) == 0, "known by its id, whichever subscription announces it"
    assert len(inbox.entries()) == 2


def test_an_order_book_is_read_and_written(databases: Path) -> None:
    book = doors.OrderBook(doors.taken_over(databases / "orders.sqlite"))
    sent, waiting = book.entries("hook")
    assert (sent.number, sent.state, sent.order_id, sent.asked_at) == (1, "sent", "order-1", NOON)
    assert (waiting.number, waiting.state, waiting.order_id) == (2, "waiting", None)
    assert (sent.request.identifiers, dict(sent.request.options)) == (("S1A_SCENE",), {"polarisation": "VV"})
    assert (book.used("hook", NOON), sent.request.name) == ((1, 1), f"flood {sent.key}")
    assert book.ask("hook", sent.request, NOON + timedelta(days=1)).number == 1, "never ordered twice"
    claimed = book.claim("hook", doors.Quota(10, 10), doors.ExternalUsage(), NOON)
    assert claimed is not None
    assert claimed.number == 2


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
