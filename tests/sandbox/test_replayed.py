"""Two recordings of the real server from top to bottom: every answer that is written down is the sandbox's too."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from ibf_pipeline.sandbox import SANDBOX_PASSWORD, CountrySeed, HazardSeed, PointSeed, Sandbox
from tests.sandbox.recordings import LEFT_OUT, country_of, recorded, replayed, rows, send
from tests.worlds.services.portal import Clock, Portal

INDICATORS = (
    "population_affected",
    "damage_estimation",
    "nr_affected_roads",
    "nr_affected_schools",
    "nr_affected_clinics",
    "nr_affected_waterpoints",
    "nr_affected_buildings",
)


def test_flash_floods(tmp_path: Path) -> None:
    calls = recorded("flash_floods")
    assert list(_flash_flood_differences(tmp_path, calls)) == []


def test_typhoon(tmp_path: Path) -> None:
    calls = recorded("typhoon")
    assert list(_typhoon_differences(tmp_path, calls)) == []


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    calls = recorded("flash_floods")
    with Sandbox(tmp_path_factory.mktemp("known"), now=Clock()) as sandbox:
        for seed in (malawi(calls), ethiopia(calls), philippines(recorded("typhoon"))):
            sandbox.seed(seed)
        yield Portal(sandbox, "MWI", "flash-floods")


def test_the_lists_of_indicators_name_the_same_ones(known: Portal) -> None:
    """Of the alert they have `trigger` alone."""
    for n, iso3 in ((3, "MWI"), (4, "ETH")):
        expected = {entry["name"] for entry in recorded("flash_floods")[n]["body"] if entry["dynamic"]}
        found = known.get(f"metadata/indicators/{iso3}/flash-floods").json()
        assert {entry["name"] for entry in found if entry["dynamic"]} == expected


def test_the_lists_of_typhoon_name_the_same_ones(known: Portal) -> None:
    """Whether the portal draws an area, `show_admin_area`, is in none of them, and is uploaded all the same."""
    calls = recorded("typhoon")
    expected = {entry["name"] for entry in calls[1]["body"] if entry["dynamic"]}
    found = {entry["name"] for entry in known.get("metadata/indicators/PHL/typhoon").json() if entry["dynamic"]}
    assert found == expected == {"trigger", *PHILIPPINES} - {"show_admin_area"}
    layers = {entry["name"] for entry in known.get("metadata/layers/PHL/typhoon").json()}
    assert {entry["name"] for entry in calls[2]["body"]} - layers == {f"adminRegions{n}" for n in (1, 2, 3, 4)}


def test_the_list_of_layers_has_all_but_boundaries_and_rivers(known: Portal) -> None:
    expected = {entry["name"] for entry in recorded("flash_floods")[5]["body"]}
    found = {entry["name"] for entry in known.get("metadata/layers/MWI/flash-floods").json()}
    assert expected - found == {f"adminRegions{n}" for n in (1, 2, 3, 4)} | {"rivers"}
    assert found <= expected


def test_login_answers_with_the_same_words(known: Portal) -> None:
    expected = recorded("flash_floods")[0]["body"]["user"]
    sent = {"email": "pipeline@sandbox.example", "password": SANDBOX_PASSWORD}
    found = known.post("user/login", sent).json()["user"]
    assert (found.keys(), found["userRole"]) == (expected.keys(), "pipeline")
    assert {"MWI", "ETH"} <= set(found["countryCodesISO3"])
    assert set(expected["disasterTypes"]) <= set(found["disasterTypes"])


def test_every_entry_of_flash_floods_is_replayed_or_named() -> None:
    """What is left: three notes on calls that are put back, and five entries with a test of their own or static."""
    calls = recorded("flash_floods")
    notes = [n for n, call in enumerate(calls) if not call.get("status") and "sql" not in call]
    left = [n for n, call in enumerate(calls) if f"{call.get('request')} ".startswith(LEFT_OUT)]
    assert (len(calls), notes, left) == (271, [157, 196, 224], [0, 3, 4, 5, 103])


def test_every_entry_of_typhoon_is_replayed_or_named() -> None:
    """What is left: lists of settings, which have a test of their own, made up shapes, and a note on two storms that
    are put back."""
    calls = recorded("typhoon")
    unanswered = [n for n, call in enumerate(calls) if not call.get("status")]
    left = [n for n, call in enumerate(calls) if call.get("status") and f"{call['request']} ".startswith(LEFT_OUT)]
    assert (len(calls), unanswered, left) == (191, [186], [1, 2, 3])


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
            for again in further_indicators(n, calls):
                send(portal, again)


def _typhoon_differences(folder: Path, calls: list[dict[str, Any]]) -> Iterator[str]:
    with Sandbox(folder, now=Clock(datetime(2026, 11, 29, 9, tzinfo=UTC))) as sandbox:
        seed = philippines(calls, number=1647)
        sandbox.seed(seed)
        portal = Portal(sandbox, "PHL", "typhoon")
        for n, call in enumerate(calls):
            if n == 186:
                two_storms(portal)
            yield from replayed(portal, n, call, codes(seed))
            for again in put_back(n, calls):
                send(portal, again)


AREAS, POINTS = 367, {"schools": 458, "health_sites": 185, "waterpoints": 3, "gauges": 3}
"""how many there are in Malawi, but for its 16,733 water points; those that the recording does not show are made up"""


def codes(seed: CountrySeed) -> list[str]:
    return [feature["properties"]["adm3_pcode"] for feature in seed.admin_areas[3]["features"]]


def points(calls: list[dict[str, Any]], iso3: str, category: str, number: int) -> tuple[PointSeed, ...]:
    """Those that the recording shows, as it shows them; behind them others, as many as there are."""
    found: dict[str, PointSeed] = {}
    for call in calls:
        if call.get("request", "").startswith(f"GET /api/point-data/{category}/{iso3}"):
            for feature in call["body"]["features"]:
                if isinstance(feature, dict) and feature["properties"]["fid"] not in found:
                    about = dict(feature["properties"])
                    fid, name = about.pop("fid"), about.pop("name")
                    del about["pointDataId"], about["dynamicData"]
                    lon, lat = (
                        feature["geometry"]["coordinates"] if feature["geometry"] != "<geometry>" else (33.5, -10)
                    )
                    found[fid] = PointSeed(fid, name, lat, lon, about)
    more = (PointSeed(f"more {n}", "", -10.5, 33.5) for n in range(number - len(found)))
    return (*found.values(), *more)


def malawi(calls: list[dict[str, Any]]) -> CountrySeed:
    seed = country_of(
        calls,
        "MWI",
        HazardSeed("flash-floods", (3,), 3, INDICATORS),
        number=AREAS,
        points={category: points(calls, "MWI", category, number) for category, number in POINTS.items()},
        lines={"buildings": tuple(range(3731, 3731 + 403)), "roads": tuple(range(1, 140))},
    )
    return replace(seed, name="Malawi", hazards=(HazardSeed("floods", (3,), 3), *seed.hazards))


def ethiopia(calls: list[dict[str, Any]]) -> CountrySeed:
    gauges = points(calls, "ETH", "gauges", 4)
    lines = {"roads": tuple(range(1, 1001))}
    hazard = HazardSeed("flash-floods", (3,), 3, tuple(name for name in INDICATORS if name != "damage_estimation"))
    return country_of(calls, "ETH", hazard, points={"gauges": gauges}, lines=lines)


PHILIPPINES = (
    "houses_affected", "affected_population", "prob_within_50km", "windspeed", "rainfall", "show_admin_area",
)  # fmt: skip


def philippines(calls: list[dict[str, Any]], number: int = 0) -> CountrySeed:
    hazard = HazardSeed("typhoon", (3,), 3, PHILIPPINES)
    return replace(country_of(calls, "PHL", hazard, number=number), name="Philippines")


def further_indicators(n: int, calls: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """The six others that followed the people of an event, in the shape in which Rumphi's were written down."""
    if "six other indicators were sent too" in calls[n].get("note", ""):
        sent = calls[n]["sent"]
        for k in range(59, 65 if sent["countryCodeISO3"] == "MWI" else 64):
            amounts = [place["amount"] for place in calls[k]["sent"]["exposurePlaceCodes"]]
            places = zip(sent["exposurePlaceCodes"], amounts, strict=False)
            indicator = calls[k]["sent"]["dynamicIndicator"]
            rows = [{"placeCode": place["placeCode"], "amount": amount} for place, amount in places]
            yield {**calls[n], "sent": {**sent, "dynamicIndicator": indicator, "exposurePlaceCodes": rows}}


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
