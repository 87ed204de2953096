"""Roads and buildings: what an upload changes, and the defects of the view that the portal draws (hazard facts, B4)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from ibf_pipeline.sandbox import Sandbox
from tests.worlds.services.portal import Clock, Portal, small_country

BLOCKS = ("2026-11-20T06:00:00Z", "2026-11-20T12:00:00Z", "2026-11-20T18:00:00Z")
LINES = {"buildings": tuple(range(3731, 3741)), "roads": (20, 39, 120)}


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Sandbox]:
    """Alone: a line of one country is hidden by another one's upload."""
    with Sandbox(tmp_path, now=Clock()) as running:
        for iso3 in ("COA", "INL"):
            running.seed(small_country(iso3, disaster_type="flash-floods", lines=LINES))
        yield running


@pytest.fixture
def coast(server: Sandbox) -> Portal:
    return Portal(server, "COA", "flash-floods")


def upload(portal: Portal, category: str, fids: list[Any], date: str = BLOCKS[0], lead_time: Any = "6-hour") -> int:
    sent = {"linesDataCategory": category, "leadTime": lead_time, "exposedFids": fids, "date": date}
    return portal.post("lines-data/exposure-status", portal.place(**sent)).status_code


def drawn(portal: Portal, category: str) -> tuple[set[tuple[int, str]], int]:
    """The exposed ones with their lead time, and how many are drawn at all."""
    lines = portal.sandbox.lines(category, portal.iso3)
    return {(line.fid, line.lead_time or "") for line in lines if line.exposed}, len({line.fid for line in lines})


@pytest.mark.parametrize(
    ("fids", "status", "exposed"),
    [
        (["3731", 3732], 201, {3731, 3732}),  # text or number
        (["99999999"], 201, set()),  # unknown: skipped without a word
        ([None], 201, set()),
        ([], 201, set()),
        (["x1"], 500, set()),
        (["3731.5"], 500, set()),
        (["3731", "x1"], 500, set()),  # one bad id, and nothing of the call is stored
    ],
)
def test_ids_are_integers(coast: Portal, fids: list[Any], status: int, exposed: set[int]) -> None:
    assert upload(coast, "buildings", fids) == status
    assert drawn(coast, "buildings") == ({(fid, "6-hour") for fid in exposed}, 10)


@pytest.mark.parametrize(
    ("category", "lead_time", "status"),
    [("bridges", "6-hour", 400), ("roads", None, 400), ("roads", "170-hour", 400), ("roads", "13-hour", 201)],
)
def test_words_that_are_none(coast: Portal, category: str, lead_time: Any, status: int) -> None:
    assert upload(coast, category, ["20"], lead_time=lead_time) == status


def test_there_is_no_way_to_read_them_or_of_the_older_path(coast: Portal) -> None:
    assert coast.get("lines-data/roads/COA").status_code == 404
    assert coast.post("lines-data/dynamic", coast.place()).status_code == 404


def test_an_empty_list_leaves_what_was_exposed(coast: Portal) -> None:
    """(a): the last exposed buildings stay exposed at that lead time, in whatever block."""
    upload(coast, "buildings", ["3731"])
    upload(coast, "buildings", [], BLOCKS[1])
    assert drawn(coast, "buildings") == ({(3731, "6-hour")}, 10)


def test_a_later_list_makes_the_formerly_exposed_vanish_from_the_map(coast: Portal) -> None:
    """(b): they are drawn neither as exposed nor as safe; within a block the same lines are replaced."""
    upload(coast, "buildings", ["3731", "3732", "3733"])
    upload(coast, "buildings", ["3740"], BLOCKS[1])
    assert drawn(coast, "buildings") == ({(3740, "6-hour")}, 7)
    upload(coast, "buildings", ["3739"], BLOCKS[1], lead_time="12-hour")  # another lead time is a view of its own
    assert drawn(coast, "buildings") == ({(3740, "6-hour"), (3739, "12-hour")}, 7)
    upload(coast, "buildings", ["3731"], BLOCKS[2])
    assert drawn(coast, "buildings") == ({(3731, "6-hour"), (3739, "12-hour")}, 7)


def test_another_countrys_upload_hides_yours(coast: Portal, server: Sandbox) -> None:
    """(c), recorded: 2 roads of ETH at 6-hour remove MWI's 2 exposed roads at 6-hour."""
    upload(coast, "roads", ["20", "39"])
    upload(Portal(server, "INL", "flash-floods"), "roads", ["120"], BLOCKS[1])
    assert drawn(coast, "roads") == (set(), 1)
    upload(coast, "roads", ["20"], BLOCKS[1])  # the same moment: both are there
    assert drawn(coast, "roads") == ({(20, "6-hour")}, 2)


def test_the_page_tells_what_the_view_lost(coast: Portal) -> None:
    upload(coast, "buildings", ["3731", "3732"])
    upload(coast, "buildings", ["3740"], BLOCKS[1])
    address = f"{coast.sandbox.page_url}page/state"
    state = requests.get(address, params={"iso3": "COA", "disaster": "flash-floods"}, timeout=10).json()
    assert state["lines"] == [
        {"category": "roads", "seeded": 3, "exposed": {}, "lost": []},
        {"category": "buildings", "seeded": 10, "exposed": {"6-hour": [3740]}, "lost": [3731, 3732]},
    ]
