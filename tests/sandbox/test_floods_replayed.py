"""A recording of floods on the real server, from top to bottom: a country without time zone and without parents,
revisions that are half made, flags that miss the lead time of the exposure, uploads by every role, times in a mail.

Every entry with an answer is replayed. Six entries are notes on calls that were sent and not written down: they are
put back (``PUT_BACK``), as are the last two flags of shortened lists. Not compared, because they are the sandbox's own:
ids, shapes, early actions (RWA has none on the real server), settings of the page (``_OWN`` in recordings.py), words of
advice in a mail. Of shortened lists the beginning counts, not how long they were: most areas are left out here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from ibf_pipeline.sandbox import HazardSeed, Sandbox
from tests.sandbox.recordings import LEFT_OUT, country_of, recorded, replayed, rows
from tests.worlds.services.portal import Clock, Portal

RWANDA = {"RW1": 5000.0, "RW2": 10.0}
ABIM = {"UG3064": 1000.0, "UG3065": 500.0}


def rwanda_on(day: str) -> Callable[[Sandbox], None]:
    return lambda sandbox: rows(Portal(sandbox, "RWA"), "RW1", RWANDA, day, "0-day", level=1)


def uganda_on(moment: str, lead_time: str, *, process: bool = True) -> Callable[[Sandbox], None]:
    def send(sandbox: Sandbox) -> None:
        portal = Portal(sandbox, "UGA")
        rows(portal, "G5220", ABIM, moment, lead_time, level=2)
        if process:
            portal.process()

    return send


def uganda_with_two_events(sandbox: Sandbox) -> None:
    portal, moment = Portal(sandbox, "UGA"), "2026-11-22T06:00:00Z"
    rows(portal, "G5230", {"UG3066": 300.0}, moment, "4-day", level=2, severity=0.7, trigger=0)
    uganda_on(moment, "2-day")(sandbox)


PUT_BACK: Mapping[int, Callable[[Sandbox], None]] = {
    18: rwanda_on("2026-11-21T00:00:00Z"),
    51: uganda_on("2026-11-21T06:00:00Z", "3-day"),
    55: uganda_with_two_events,
    76: uganda_on("2026-11-25T06:00:00Z", "4-day", process=False),
    84: uganda_on("2026-11-25T06:10:00Z", "4-day"),
    91: uganda_on("2026-11-25T06:20:00Z", "4-day"),
}


def test_more_floods(tmp_path: Path) -> None:
    calls = recorded("floods_more")
    assert {n for n, call in enumerate(calls) if not call.get("status")} == set(PUT_BACK)
    assert not [call for call in calls if f"{call.get('request')} ".startswith(LEFT_OUT)]
    assert list(_differences(tmp_path, calls)) == []


def _differences(folder: Path, calls: list[dict[str, Any]]) -> Iterator[str]:
    levels = {
        "RWA": (HazardSeed("floods", (1, 2, 3), 1), (r"RW\d", r"RW\d\d", r"RW\d{4}")),
        "UGA": (HazardSeed("floods", (2,), 2), (r"UG\d{4}",)),
        "PHL": (HazardSeed("floods", (2,), 2), (r"PH\d{9}",)),
        "MWI": (HazardSeed("floods", (3,), 3), (r"MW\d{5}",)),
    }
    with Sandbox(folder, now=Clock()) as sandbox:
        for iso3, (hazard, patterns) in levels.items():
            seed = country_of(calls, iso3, hazard, patterns)
            sandbox.seed(replace(seed, name={"RWA": "Rwanda"}.get(iso3, iso3)))
        portal = Portal(sandbox, "UGA")
        for n, call in enumerate(calls):
            if n in PUT_BACK:
                PUT_BACK[n](sandbox)
            yield from replayed(portal, n, call, counted=False)
