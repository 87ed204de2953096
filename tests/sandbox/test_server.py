"""The sandbox as a program: restarts, seeding again, tokens, many callers at once, comparable states."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
import requests

from ibf_pipeline.errors import ConfigError, IbfError, InputInvalid, InputMissing
from ibf_pipeline.sandbox import Sandbox, User, seed_from_static
from tests.worlds.services.portal import Clock, Portal, new_portal, rectangle, small_country
from tests.worlds.services.snapshot import snapshot

DAY = "2026-11-10T00:00:00Z"


def test_data_survive_a_restart_and_seeding_again(tmp_path: Path) -> None:
    with Sandbox(tmp_path, now=Clock()) as first:
        first.seed(small_country("XAA"))
        portal = Portal(first, "XAA")
        portal.event("G1", [1, 2], DAY)
        portal.station("eapAlertClass", "max", date=DAY)
        portal.process()
        before, token = snapshot(first), portal.session.headers["Authorization"]
    with Sandbox(tmp_path, now=Clock()) as second:
        second.seed(small_country("XAA"))
        assert snapshot(second) == before
        assert [mail.event_names for mail in second.mails("XAA")] == [("G1",)]
        again = Portal(second, "XAA")
        again.session.headers["Authorization"] = token  # tokens survive as well
        assert again.levels() == {"G1": "trigger"}
        assert again.station_data() == {"eapAlertClass": "max"}


def test_a_stopped_server_starts_again_at_the_same_place(tmp_path: Path) -> None:
    sandbox = Sandbox(tmp_path)
    with pytest.raises(IbfError, match="not running"):
        _ = sandbox.url
    sandbox.start()
    url = sandbox.url
    assert url.startswith("http://127.0.0.1:")
    assert url.endswith("/api")
    sandbox.stop()
    with pytest.raises(requests.ConnectionError):
        requests.get(f"{url}/country", timeout=2)
    with sandbox:
        assert sandbox.url == url
        assert requests.get(f"{url}/country", timeout=2).json() == []


def test_two_servers_with_the_same_calls_have_equal_snapshots(tmp_path: Path) -> None:
    states = []
    for name, start in (("one", 0), ("two", 40)):
        clock = Clock()
        clock.moment += timedelta(minutes=start)
        with Sandbox(tmp_path / name, now=clock) as sandbox:
            sandbox.seed(small_country("XAB"))
            portal = Portal(sandbox, "XAB")
            portal.event("G1", [2, 1], DAY)
            portal.station("forecastLevel", 5, date=DAY)
            old = [{"leadTime": "3-day", "triggered": True, "thresholdReached": False}]
            portal.post("event/triggers-per-leadtime", portal.place(eventName="G1", date=DAY, triggersPerLeadTime=old))
            url = f"{sandbox.url}/admin-area-dynamic-data/raster/floods"
            portal.session.post(url, files={"file": ("flood_extent_0-day_XAB.tif", b"extent")})
            portal.process()
            states.append(snapshot(sandbox))
    assert states[0] == states[1]
    assert json.dumps(states[0])
    assert len(states[0]["rasters"]) == 1


def test_a_snapshot_shows_every_difference(portal: Portal) -> None:
    before = snapshot(portal.sandbox)
    portal.event("G1", [1], DAY)
    after_upload = snapshot(portal.sandbox)
    portal.process()
    after_process = snapshot(portal.sandbox)
    assert before["exposure"] != after_upload["exposure"]
    assert after_upload["event_areas"] != after_process["event_areas"]


def test_a_token_expires(tmp_path: Path) -> None:
    clock = Clock()
    with Sandbox(tmp_path, now=clock, token_lifetime=timedelta(seconds=10)) as sandbox:
        sandbox.seed(small_country("XAC"))
        portal = Portal(sandbox, "XAC")
        assert portal.get("admin-areas/XAC/2").status_code == 200
        clock.moment += timedelta(seconds=11)
        answer = portal.get("admin-areas/XAC/2")
        assert (answer.status_code, answer.json()["error"]) == (403, "Forbidden")
        portal.login("pipeline")
        assert portal.get("admin-areas/XAC/2").status_code == 200


def test_users_see_their_countries_and_are_counted_as_readers(tmp_path: Path) -> None:
    users = [
        User("pipeline@sandbox.example", "pipeline", "Pipe", "Line", countries=("XAD",)),
        User("far@sandbox.example", "viewer", "Far", "Away", countries=("XAE",), password="far-away"),
    ]
    with Sandbox(tmp_path, now=Clock(), users=users) as sandbox:
        sandbox.seed(small_country("XAD"))
        sandbox.seed(small_country("XAE"))
        portal = Portal(sandbox, "XAD")
        assert [c["countryCodeISO3"] for c in portal.get("country").json()] == ["XAD"]
        assert len(requests.get(f"{sandbox.url}/country", timeout=5).json()) == 2
        portal.event("G1", [1], DAY)
        portal.process()
        assert [mail.recipients for mail in sandbox.mails()] == [1]


def test_many_callers_at_once(portal: Portal) -> None:
    def upload(n: int) -> int:
        caller = Portal(portal.sandbox, portal.iso3)
        for k in range(5):
            caller.exposure("population_affected", f"E{n}", {portal.area(1): k}, date=DAY)
            caller.exposure("forecast_severity", f"E{n}", {portal.area(1): 1}, date=DAY)
        return len(caller.events())

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(upload, range(8))) == [0] * 8
    portal.process()
    assert {e["eventName"]: e["alertAreas"][0]["mainExposureValue"] for e in portal.events()} == {
        f"E{n}": 4 for n in range(8)
    }


def test_a_large_plan_takes_seconds_on_one_connection(portal: Portal) -> None:
    codes = {f"P{n}": 0.0 for n in range(1520)}
    for _ in range(10):
        for indicator in ("population_affected", "forecast_severity", "forecast_trigger"):
            portal.exposure(indicator, None, codes, date=DAY, level=4)
    assert len(portal.session.adapters["http://"].poolmanager.pools) == 1


def test_levels_come_from_the_seed(portal: Portal) -> None:
    with pytest.raises(ConfigError, match="default admin level"):
        portal.sandbox.seed(small_country("XAF", levels=(3,)))


def test_seeding_replaces_static_data(tmp_path: Path) -> None:
    with Sandbox(tmp_path, now=Clock()) as sandbox:
        portal = new_portal(sandbox)
        portal.event("G1", [1], DAY)
        portal.process()
        changed = small_country(portal.iso3)
        changed.admin_areas[2]["features"][0]["properties"]["ADM2_EN"] = "New name"
        sandbox.seed(changed)
        assert portal.events()[0]["alertAreas"][0]["name"] == "New name"


@pytest.mark.parametrize("name", [None, ""])
def test_an_area_without_name_is_named_by_its_code(name: str | None, tmp_path: Path) -> None:
    country = small_country("XAN")
    first, *_ = country.admin_areas[2]["features"]
    first["properties"]["ADM2_EN"] = name
    with Sandbox(tmp_path, now=Clock()) as sandbox:
        sandbox.seed(country)
        shown = Portal(sandbox, "XAN").get("admin-areas/XAN/2").json()["features"][0]["properties"]
    assert shown["adm2_en"] == shown["adm2_pcode"] == first["properties"]["ADM2_PCODE"]


def test_an_area_without_code_is_refused(tmp_path: Path) -> None:
    country = small_country("XAN")
    country.admin_areas[2]["features"][0]["properties"]["ADM2_PCODE"] = None
    with Sandbox(tmp_path, now=Clock()) as sandbox, pytest.raises(InputInvalid, match="give every area its place code"):
        sandbox.seed(country)


def test_a_static_folder_is_read_as_text(tmp_path: Path) -> None:
    (tmp_path / "admin_areas").mkdir()
    properties = {"ADM1_PCODE": "0071", "ADM1_EN": "Na"}
    # Labelled Polygon while nested as MultiPolygon, as in many seed files.
    geometry = {"type": "Polygon", "coordinates": [rectangle(0, 0, 1, 1)["coordinates"]]}
    collection = {"type": "FeatureCollection", "features": [{"properties": properties, "geometry": geometry}]}
    (tmp_path / "admin_areas" / "adm1.geojson").write_text(json.dumps(collection))
    (tmp_path / "stations.csv").write_text(
        "stationCode,stationName,lat,lon,fid\nNA,None,0.5,1.5,NA\n0012,Na,0.1,1,0012\n"
    )
    seed = seed_from_static(tmp_path, "XAG", name="Static", admin_levels=(1,), default_admin_level=1)
    assert [(s.code, s.name) for s in seed.stations] == [("NA", "None"), ("0012", "Na")]
    with Sandbox(tmp_path / "box", now=Clock()) as sandbox:
        sandbox.seed(seed)
        portal = Portal(sandbox, "XAG")
        [feature] = portal.get("admin-areas/XAG/1").json()["features"]
        assert feature["properties"] == {"adm1_en": "Na", "adm1_pcode": "0071"}
        assert feature["geometry"] == {"type": "MultiPolygon", "coordinates": geometry["coordinates"]}
    with pytest.raises(InputMissing, match=r"adm2\.geojson"):
        seed_from_static(tmp_path, "XAG", name="Static", admin_levels=(2,), default_admin_level=2)
