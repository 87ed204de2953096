"""Two recordings of the real server from top to bottom: every answer that is written down is the sandbox's too."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ibf_pipeline.sandbox import CountrySeed, HazardSeed, PointSeed, Sandbox
from tests.sandbox.recordings import country_of, recorded, replayed, rows, send
from tests.worlds.services.portal import Clock, Portal

INDICATORS = ("population_affected", "nr_affected_buildings", "nr_affected_roads", "nr_affected_schools")


def test_flash_floods(tmp_path: Path) -> None:
    calls = recorded("flash_floods")
    assert list(_flash_flood_differences(tmp_path, calls)) == []


def test_typhoon(tmp_path: Path) -> None:
    calls = recorded("typhoon")
    assert list(_typhoon_differences(tmp_path, calls)) == []


def _flash_flood_differences(folder: Path, calls: list[dict[str, Any]]) -> Iterator[str]:
    with Sandbox(folder, now=Clock()) as sandbox:
        for seed in (malawi(calls), ethiopia(calls)):
            sandbox.seed(seed)
        portal = Portal(sandbox, "MWI", "flash-floods")
        everywhere = codes(malawi(calls))
        for n, call in enumerate(calls):
            if n == 157:
                for again in calls[149:155]:
                    send(portal, again)
            if n == 196:
                null_rows_and_rumphi(portal, "2026-11-21T18:00:00Z")
            if n == 224:
                rows(portal, None, dict.fromkeys(everywhere, 0), "2026-11-22T12:00:00Z", "1-hour")
                portal.process()
            yield from replayed(portal, n, call, everywhere)


def _typhoon_differences(folder: Path, calls: list[dict[str, Any]]) -> Iterator[str]:
    with Sandbox(folder, now=Clock(datetime(2026, 11, 29, 9, tzinfo=UTC))) as sandbox:
        seed = replace(country_of(calls, "PHL", HazardSeed("typhoon", (3,), 3)), name="Philippines")
        sandbox.seed(seed)
        portal = Portal(sandbox, "PHL", "typhoon")
        for n, call in enumerate(calls):
            if n == 186:
                two_storms(portal)
            yield from replayed(portal, n, call, codes(seed))
            for again in put_back(n, calls):
                send(portal, again)


WELLS = (("5", "Mzalagwe secondary school borehole "), ("7", "Mbiriyawaka Shallow Well"), ("9", "Chaluwa water point "))


def codes(seed: CountrySeed) -> list[str]:
    return [feature["properties"]["adm3_pcode"] for feature in seed.admin_areas[3]["features"]]


def point(fid: str, name: str, **properties: Any) -> PointSeed:
    return PointSeed(fid, name, -10.5, 33.5, properties)


def malawi(calls: list[dict[str, Any]]) -> CountrySeed:
    seed = country_of(
        calls,
        "MWI",
        HazardSeed("flash-floods", (3,), 3, INDICATORS),
        points={
            "schools": (point("500180", "Chawezga Sch", amenity=None), point("500453", "Chinthi Sch", amenity=None)),
            "health_sites": (
                point("1", "Bolero Rural Hospital", type="Hospital"),
                point("2", "Bwengu Health Centre", type="Health Centre"),
                point("16", "Katiri Health Center", type="Dispensary"),
            ),
            "waterpoints": tuple(point(*well) for well in WELLS),
            "gauges": (point("5", "Lake Kazuni"), point("6", "Karonga"), point("7", "Mudi River")),
        },
        lines={"buildings": tuple(range(3731, 3731 + 403)), "roads": tuple(range(1, 140))},
    )
    return replace(seed, name="Malawi", hazards=(HazardSeed("floods", (3,), 3), *seed.hazards))


def ethiopia(calls: list[dict[str, Any]]) -> CountrySeed:
    gauges = tuple(point(fid, f"wflow_dire_dawa_{fid}") for fid in ("1", "4", "5", "9"))
    lines = {"roads": tuple(range(1, 1001))}
    return country_of(calls, "ETH", HazardSeed("flash-floods", (3,), 3), points={"gauges": gauges}, lines=lines)


def null_rows_and_rumphi(portal: Portal, date: str) -> None:
    rows(portal, None, {"MW10220": 0, "MW10203": 0}, date, "1-hour")
    rows(portal, "Rumphi", {"MW10420": 69, "MW10407": 96}, date, "6-hour")


def put_back(n: int, calls: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Calls of the typhoon's recording that were sent after call `n` and not written down."""
    note = calls[n].get("note", "")
    if "show_admin_area were sent too" in note:
        sent = {name: calls[n]["sent"][name] for name in ("date", "leadTime", "eventName")}
        yield changed(calls[15], **sent) if n != 106 else calls[106]
    if "exposure of 12:00 sent again" in note:
        yield from (changed(calls[k], date=calls[n]["sent"]["date"]) for k in (87, 88, 89))
    # No note names these tracks: later answers show them.
    if n == 44:
        yield calls[8]
    if n == 138:
        yield changed(calls[119], date=calls[n]["sent"]["date"])
    if n in (164, 170, 180):
        yield changed(calls[119], eventName="CHARLIE", date=calls[n]["sent"]["date"])


def changed(call: dict[str, Any], **values: Any) -> dict[str, Any]:
    return call | {"sent": call["sent"] | values}


def two_storms(portal: Portal) -> None:
    """CHARLIE at 0-hour and DELTA at 72-hour, both triggers, that share two areas."""
    for event, lead_time, amounts in (
        ("CHARLIE", "0-hour", {"PH021523000": 0.55, "PH021509000": 0.23}),
        ("DELTA", "72-hour", {"PH021523000": 0.25, "PH021509000": 0.13}),
    ):
        date = "2026-11-27T00:00:00Z"
        portal.exposure("houses_affected", event, amounts, date=date, lead_time=lead_time, level=3)
        for indicator in ("forecast_severity", "forecast_trigger", "show_admin_area"):
            ones = dict.fromkeys(amounts, 1.0)
            portal.exposure(indicator, event, ones, date=date, lead_time=lead_time, level=3)
    portal.process()
