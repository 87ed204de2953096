"""The observation flow over the tiny country: an alerted event, a scene that is ordered, or a map that exists."""

from __future__ import annotations

import json
import re
import shutil
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import FlowRunFilter
from prefect.client.schemas.objects import Artifact, State, StateType
from prefect.flow_engine import run_flow
from typer.testing import CliRunner

from flows.cli.hook import hook_app
from flows.observe_event import observe_event
from flows.states import exit_code
from ibf_pipeline.config.floods import FloodCountry
from ibf_pipeline.domain.findings import EventArea
from ibf_pipeline.domain.observation import DayRange, observed_share
from ibf_pipeline.errors import ServerUnreachable
from ibf_pipeline.prepare.build import prepare_floods
from ibf_pipeline.runs.findings import write_findings_json
from ibf_pipeline.runs.observations import read_observations
from ibf_pipeline.satellites.hook.settings import FloodMapCatalogue
from ibf_pipeline.satellites.observation.catalogue import find_flood_maps
from tests.satellites.hook.conftest import ENVIRONMENT, archive
from tests.worlds.countries.flood_findings import event, found
from tests.worlds.countries.scenes import LAND, WET, flooded_top, write_scene
from tests.worlds.countries.tiny_country import country, write_country, write_raster
from tests.worlds.services.hook import Loopback
from tests.worlds.services.hook_platform import Clock

pytestmark = pytest.mark.usefixtures("plain")
ISSUE = date(2026, 2, 15)
SCENE = "S1A_IW_GRDH_1SDV_20260217T031245_20260217T031310_063001_07E8A1_1B2C.SAFE"
COG = SCENE.replace("_1B2C.SAFE", "_9F00_COG.SAFE")
"""the same scene in another format"""
SCENE_START = "2026-02-17T03:12:45Z"
MAPS = {"return_periods": [10, 20], "permanent_water": "water.tif"}


@pytest.fixture(scope="module")
def tiny_layers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny country's static data and prepared layers, for every test to copy."""
    root = tmp_path_factory.mktemp("tiny")
    static = write_country(root / "data" / "countries" / "XTY")
    lake = np.zeros((10, 20))
    lake[9] = 1
    write_raster(static / "water.tif", lake)
    prepare_floods(country(flood_maps=MAPS), static, root / "prepared" / "XTY")
    return root


@pytest.fixture
def project(tmp_path: Path, tiny_layers: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Path, Loopback]]:
    """The tiny country with a run that alerted station G1 on days 2 and 3, and a loopback service.

    The lowest of the country's ten rows of cells is a lake. It is eight hours after the scene.
    """
    clock = Clock(datetime(2026, 2, 17, 11, 12, 45, tzinfo=UTC))
    with Loopback(clock) as server:
        content = yaml.safe_load(Path("config/destine.yaml").read_text(encoding="utf-8"))
        content["services"]["dedl"]["url"] = server.odp
        content["services"]["dedl"]["token"]["url"] = server.token_url
        folder = tmp_path / "config"
        (folder / "countries").mkdir(parents=True)
        (folder / "destine.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")
        settings = {
            "sources": {"folder": {"kind": "folder", "root": "in"}},
            "targets": {"sandbox": {"kind": "ibf", "embedded_sandbox": True}},
        }
        (folder / "settings.yaml").write_text(yaml.safe_dump(settings), encoding="utf-8")
        write_config(tmp_path, country(flood_maps=MAPS))
        shutil.copytree(tiny_layers, tmp_path, dirs_exist_ok=True)
        write_run(tmp_path / "runs" / "XTY" / ISSUE.isoformat(), "max")
        for name, value in ENVIRONMENT.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr("flows.wiring.hook.clock", clock)
        monkeypatch.setattr("flows.wiring.hook.pause", clock.sleep)
        vh = write_scene(tmp_path / "made" / "x_VH.tif", flooded_top(5, fine=2), cell=0.005).read_bytes()
        server.archives[SCENE] = archive({"S1/x_VH.tif": vh, "S1/x_VV.tif": b"-", "S1/about.xml": b"-"})
        yield tmp_path, server


def write_config(root: Path, tiny: FloodCountry) -> None:
    file = root / "config" / "countries" / "XTY.yaml"
    file.write_text(yaml.safe_dump(tiny.model_dump(mode="json", exclude_unset=True)), encoding="utf-8")


def write_run(run: Path, alert_class: str) -> None:
    """Forecast: 60 people in 01A, 40 in 01B, 100 in their parent 01."""
    alerted = event("G1", "--TT----" if alert_class == "max" else "--ww----", alert_class, {})
    rows = [(1, "01", 100), (2, "01A", 60), (2, "01B", 40)]
    areas = tuple(EventArea(level, code, f"Area {code}", people, 0.5, {}) for level, code, people in rows)
    (run / "report").mkdir(parents=True, exist_ok=True)
    day = replace(found([replace(alerted, areas=areas, people=100)], [], ISSUE), country="XTY", country_name="Tinyland")
    write_findings_json(day, run / "events.json")
    (run / "manifest.json").write_text("{}", encoding="utf-8")


def observe(root: Path, product: str | None = SCENE, **more: Any) -> State:
    state = observe_event("XTY", ISSUE, "G1", product, config=str(root / "config"), return_state=True, **more)
    return state


def observe_both(root: Path, *products: str) -> list[State]:
    """At the same time, on the same server."""
    with ThreadPoolExecutor(len(products)) as pool:
        running = [pool.submit(copy_context().run, observe, root, product) for product in products]
        return [each.result() for each in running]


def artifacts_of(state: State) -> list[Artifact]:
    """Those that the run of this state has left."""
    runs = FlowRunFilter(id={"any_": [state.state_details.flow_run_id]})
    with get_client(sync_client=True) as client:
        return client.read_artifacts(flow_run_filter=runs)


@pytest.mark.usefixtures("api")
def test_a_scene_is_ordered_once_and_says_hit(project: tuple[Path, Loopback], caplog: pytest.LogCaptureFixture) -> None:
    """Top five rows wet, two people a cell: 5.5 and 4.5 columns hold 55 and 45 people; 50 cells of 1.236 km2."""
    root, server = project
    state = observe(root)
    assert state.is_completed(), state.message
    run = root / "runs" / "XTY" / ISSUE.isoformat()
    (seen,) = read_observations(run)
    assert seen.verdict.kind == "hit"
    assert {area.place_code: (area.people_observed, area.people_forecast) for area in seen.areas} == {
        "01": (100, 100), "01A": (55, 60), "01B": (45, 40)
    }  # fmt: skip
    (whole,) = seen.areas_of(1)
    assert whole.flooded_km2 == pytest.approx(50 * 1.236, rel=1e-3)
    assert whole.observed_km2 == pytest.approx(whole.area_km2) == pytest.approx(100 * 1.236, rel=1e-3)
    (order,) = server.platform.orders
    assert order.body["Name"].startswith("XTY 2026-02-15 G1 fp-")
    text = (run / "observations" / "G1" / "observation.md").read_text(encoding="utf-8")
    for words in ("# G1: hit", "Indicative", "below -20 dB", "Misses cannot be seen"):
        assert words in text
    with get_client(sync_client=True) as client:
        (artifact,) = artifacts_of(state)
        assert (artifact.key, artifact.data) == ("observed-xty-2026-02-15-g1", text)
        flow_run = client.read_flow_run(state.state_details.flow_run_id)
        assert flow_run.name == "observe-XTY-2026-02-15-G1"
        kept = json.dumps([str(flow_run.parameters), artifact.data])
    observe(root)
    assert len(server.platform.orders) == 1
    written = b"".join(file.read_bytes() for file in root.rglob("*") if file.is_file() and "config" not in file.parts)
    for name in ("DESP_PASSWORD", "DEDL_CLIENT_SECRET"):
        assert ENVIRONMENT[name] not in kept + caplog.text
        assert ENVIRONMENT[name].encode() not in written


def test_without_a_layer_of_permanent_water_the_same_scene_is_no_hit(project: tuple[Path, Loopback]) -> None:
    """50 cells of 1.236 km2, as above; the method says which rule applied. A flood map needs no such layer."""
    root, _ = project
    kept = root / "runs" / "XTY" / ISSUE.isoformat() / "observations" / "G1" / "observation.md"
    with_layer = observe(root)
    assert str(with_layer.message).startswith("G1: hit (61.8 km2 flooded")
    assert "-20 dB, the country's permanent water left out;" in kept.read_text(encoding="utf-8")
    write_config(root, country())
    state = observe(root)
    assert str(state.message).startswith(
        "G1: undecided (no permanent-water layer: 61.8 km2 of water seen, lakes and rivers among it)"
    )
    assert "-20 dB, lakes and rivers among it, since the country has no layer" in kept.read_text(encoding="utf-8")
    flood_map = write_scene(root / "made" / "map.tif", flooded_top(5) == WET, dtype="uint8", nodata=255)
    with Stac(flood_map, SCENE_START) as stac:
        look_into(root, stac)
        assert str(observe(root, None).message).startswith("G1: hit (1 of 2 looks say so; the clearest: 61.8 km2")


def test_the_same_scene_in_another_format_is_one_order_and_one_look(project: tuple[Path, Loopback]) -> None:
    root, server = project
    server.archives[COG] = server.archives[SCENE]
    observe(root)
    state = observe(root, COG)
    assert (state.name, f"{COG} is seen as {SCENE}" in str(state.message)) == ("Skipped", True), state.message
    assert observe(root).is_completed()
    assert len(server.platform.orders) == 1
    (seen,) = read_observations(root / "runs" / "XTY" / ISSUE.isoformat())
    assert [look.products for look in seen.looks] == [(SCENE,)]


def test_both_formats_of_a_scene_at_the_same_time(project: tuple[Path, Loopback]) -> None:
    root, server = project
    server.archives[COG] = server.archives[SCENE]
    states = observe_both(root, SCENE, COG)
    assert sorted(str(state.name) for state in states) == ["Completed", "Skipped"], [state.message for state in states]
    assert len(server.platform.orders) == 1


def test_where_the_order_of_one_format_failed_the_other_is_a_new_try(project: tuple[Path, Loopback]) -> None:
    root, server = project
    server.archives[COG] = server.archives[SCENE]
    server.platform.fail.add(SCENE)
    assert "ended as failed" in str(observe(root).message)
    assert str(observe(root, COG).message).startswith("G1: hit (61.8 km2")
    assert len(server.platform.orders) == 2


def dry_archive(root: Path, rows: int = 0) -> bytes:
    """A scene over the whole country with its top rows wet, none at first."""
    values = flooded_top(rows, fine=2) if rows else np.full((20, 40), LAND)
    vh = write_scene(root / "made" / f"dry{rows}_VH.tif", values, cell=0.005).read_bytes()
    return archive({"S1/x_VH.tif": vh})


@pytest.mark.usefixtures("api")
def test_a_later_dry_pass_leaves_a_hit_a_hit_and_is_listed(project: tuple[Path, Loopback]) -> None:
    """50 cells of 1.236 km2 flooded on the 17th, none on the 19th: still a hit, and both passes are shown."""
    root, server = project
    later = SCENE.replace("20260217T03", "20260219T03")
    server.archives[later] = dry_archive(root)
    observe(root)
    state = observe(root, later)
    assert str(state.message).startswith("G1: hit (1 of 2 looks say so; the clearest: 61.8 km2 flooded")
    run = root / "runs" / "XTY" / ISSUE.isoformat()
    (seen,) = read_observations(run)
    assert [(look.products, look.verdict.kind, look.people) for look in seen.looks] == [
        ((SCENE,), "hit", 100), ((later,), "false alarm", 0)
    ]  # fmt: skip
    assert seen.people == (100, 100)
    assert len(list((run / "observations" / "G1").glob("*/observed.tif"))) == 2
    (newest,) = artifacts_of(state)
    assert "2026-02-19 03:12" in str(newest.data)
    assert "| 2026-02-17 03:12 | open water | 100% | 61.8 | 100 | hit |" in str(newest.data)
    observe(root, later)
    assert len(read_observations(run)[0].looks) == 2


def test_two_passes_of_one_event_at_the_same_time(project: tuple[Path, Loopback]) -> None:
    """The last five rows wet in one, the first five in the other: together 20 rows of 10 cells, half of each."""
    root, server = project
    later = SCENE.replace("20260217T03", "20260219T03")
    server.archives[later] = dry_archive(root, 2)
    server.platform.workers = 5
    states = observe_both(root, SCENE, later)
    assert [state.is_completed() for state in states] == [True, True], [state.message for state in states]
    (seen,) = read_observations(root / "runs" / "XTY" / ISSUE.isoformat())
    assert [(look.verdict.kind, look.people) for look in seen.looks] == [("hit", 100), ("hit", 40)]
    assert seen.people == (100, 100)


def test_an_existing_flood_map_costs_nothing_and_says_false_alarm(project: tuple[Path, Loopback]) -> None:
    root, server = project
    with Stac(write_scene(root / "made" / "map.tif", flooded_top(0) * 0, dtype="uint8", nodata=255)) as stac:
        look_into(root, stac)
        state = observe(root, None)
        assert state.is_completed(), state.message
        assert "false alarm (0.0 km2 flooded, less than 1 km2, with 100% seen)" in str(state.message)
        assert server.platform.orders == []
        (asked,) = stac.asked
        assert asked["bbox"] == [10.0, 0.9, 10.1, 1.0]
        assert asked["datetime"] == "2026-02-17T00:00:00Z/2026-02-21T23:59:59Z"
        kept = [file.read_bytes() for file in (root / "runs").rglob("*.json")]
        assert len(kept) >= 3
        assert not [text for text in kept if b"canary-signature" in text]
        look_into(root, stac, asset="nonsense")
        state = observe(root, None)
        assert "expected: one of its assets: flood" in str(state.message).lower()
    state = observe(root)  # the catalogue is gone: the scene is ordered
    assert "hit" in str(state.message)


def look_into(root: Path, stac: Stac, **more: object) -> None:
    """Configure a catalogue of flood maps."""
    file = root / "config" / "destine.yaml"
    content = yaml.safe_load(file.read_text(encoding="utf-8"))
    content["observation"]["catalogue"] = {"url": stac.url, "collection": "maps", "asset": "flood", **more}
    file.write_text(yaml.safe_dump(content), encoding="utf-8")


def dry_map(root: Path, rows: int = 10) -> Path:
    """A flood map without any flood; the upper rows of the country's ten were not seen, so many of the lower were."""
    values = np.full((10, 20), 255)
    values[10 - rows :] = 0
    return write_scene(root / "made" / "map.tif", values, dtype="uint8", nodata=255)


@pytest.mark.parametrize(
    ("moment", "rows", "stands"),
    [
        ("2026-02-17T03:22:00Z", 10, True),  # 9 minutes and 15 seconds after the scene's start
        ("2026-02-17T03:03:00Z", 6, True),
        ("2026-02-17T03:23:00Z", 10, False),  # 10 minutes and 15 seconds
        ("2026-02-18T04:00:00Z", 10, False),
        ("2026-02-17T03:12:45Z", 4, False),
        ("2026-02-17T03:12:45Z", 0, False),
    ],
)
def test_only_a_map_of_the_scenes_own_pass_that_saw_enough_stands_for_it(
    project: tuple[Path, Loopback], moment: str, rows: int, stands: bool
) -> None:
    """The scene of 03:12:45 is flooded, the map is dry; within 10 minutes and half of the areas are asked for."""
    root, server = project
    with Stac(dry_map(root, rows), moment) as stac:
        look_into(root, stac)
        state = observe(root)
    assert state.is_completed(), state.message
    assert str(state.message).startswith("G1: false alarm (0.0 km2" if stands else "G1: hit (1 of 2 looks say so;")
    assert len(server.platform.orders) == (0 if stands else 1)
    (seen,) = read_observations(root / "runs" / "XTY" / ISSUE.isoformat())
    looks = {look.source: round(observed_share(look.areas), 2) for look in seen.looks}
    assert looks == {"flood map": rows / 10} | ({} if stands else {"open water": 1.0})


def test_maps_of_other_passes_are_kept_where_the_scene_is_not_ordered(project: tuple[Path, Loopback]) -> None:
    """Two dry maps of two passes, and a scene of a third one for which the event's class is too low."""
    root, server = project
    run = root / "runs" / "XTY" / ISSUE.isoformat()
    write_run(run, "med")
    with Stac(dry_map(root), "2026-02-18T04:00:00Z", "2026-02-19T04:00:00Z") as stac:
        look_into(root, stac)
        state = observe(root)
    assert (state.name, "the event's class is med" in str(state.message)) == ("Skipped", True)
    assert server.platform.orders == []
    (seen,) = read_observations(run)
    assert [(look.products, look.verdict.kind) for look in seen.looks] == [
        (("map-0",), "false alarm"), (("map-1",), "false alarm")
    ]  # fmt: skip
    assert seen.verdict.kind == "false alarm"


@pytest.mark.parametrize("comes", [True, False])
@pytest.mark.usefixtures("api")
def test_a_young_scene_waits_for_its_flood_map_without_a_worker(project: tuple[Path, Loopback], comes: bool) -> None:
    """Of 03:12:45, looked at an hour before 11:12:45 and again then: a map that has come saves the order."""
    root, server = project
    server.platform.clock.now_ -= timedelta(hours=1)
    with Stac(dry_map(root), SCENE_START) as stac, get_client(sync_client=True) as client:
        look_into(root, stac)
        flood_map = stac.items.pop()
        assert exit_code(observe(root)) == 3, "nobody would start a run without a deployment again"
        deployment = client.create_deployment(client.create_flow(observe_event), f"waits-{comes}")
        parameters = {"country": "XTY", "issue_date": "2026-02-15", "event": "G1", "product_name": SCENE}
        first = client.create_flow_run_from_deployment(
            deployment, parameters={**parameters, "config": str(root / "config")}
        )
        state = run_flow(observe_event, flow_run=first, return_type="state")
        assert str(state.message).startswith("looks again at 2026-02-17 11:12 UTC: G1: no flood map"), state.message
        assert server.platform.orders == []
        (second,) = [
            run
            for run in client.read_flow_runs(flow_run_filter=FlowRunFilter(deployment_id={"any_": [deployment]}))
            if run.id != first.id
        ]
        assert second.state.type == StateType.SCHEDULED
        assert second.state.state_details.scheduled_time == datetime(2026, 2, 17, 11, 12, 45, tzinfo=UTC)
        server.platform.clock.now_ += timedelta(hours=1)
        stac.items += [flood_map] if comes else []
        state = run_flow(observe_event, flow_run=client.read_flow_run(second.id), return_type="state")
    assert str(state.message).startswith("G1: false alarm (0.0 km2" if comes else "G1: hit (61.8 km2"), state.message
    assert len(server.platform.orders) == (0 if comes else 1)


@pytest.mark.parametrize("trouble", ["no such asset", "refused", "no raster"])
def test_trouble_of_a_map_does_not_keep_the_scene_from_being_ordered(
    project: tuple[Path, Loopback], trouble: str
) -> None:
    root, server = project
    flood_map = root / "made" / "map.tif"
    flood_map.parent.mkdir(exist_ok=True)
    flood_map.write_bytes(b"no raster")
    with Stac(flood_map, SCENE_START) as stac:
        look_into(root, stac, **({"asset": "nonsense"} if trouble == "no such asset" else {}))
        stac.refuses = trouble == "refused"
        assert observe(root, None).is_failed(), "where there is nothing else to look at"
        state = observe(root)
    assert str(state.message).startswith("G1: hit (61.8 km2 flooded"), state.message
    assert len(server.platform.orders) == 1


@pytest.mark.parametrize("answer", [{"message": "moved"}, {"features": None}, {"type": "FeatureCollection"}])
def test_only_a_list_says_that_there_are_no_flood_maps(answer: dict[str, Any], tmp_path: Path) -> None:
    days = DayRange(date(2026, 2, 15), date(2026, 2, 19))
    with Stac(tmp_path / "none") as stac:
        catalogue = FloodMapCatalogue(url=stac.url, collection="maps", asset="flood")
        stac.instead = {"type": "FeatureCollection", "features": []}
        assert find_flood_maps(catalogue, (0, 0, 1, 1), days, 5) == []
        stac.instead = answer
        with pytest.raises(ServerUnreachable, match="did not answer"):
            find_flood_maps(catalogue, (0, 0, 1, 1), days, 5)


def test_a_map_without_the_asset_does_not_hide_the_others(project: tuple[Path, Loopback]) -> None:
    root, server = project
    with Stac(dry_map(root), SCENE_START, SCENE_START) as stac:
        look_into(root, stac)
        stac.items[0]["assets"] = {}
        state = observe(root)
    assert str(state.message).startswith("G1: false alarm (0.0 km2"), state.message
    assert server.platform.orders == []


def test_what_is_not_ordered(project: tuple[Path, Loopback]) -> None:
    root, server = project
    state = observe(root, None)
    assert (exit_code(state), str(state.message)[:28]) == (3, "nothing to look at yet: G1: ")
    words = ["observe", "XTY", "--date", "2026-02-15", "--event", "G1", "--config", str(root / "config")]
    result = CliRunner().invoke(hook_app, words)
    assert result.exit_code == 3
    assert "nothing to look at yet" in result.output
    assert "no event 'G7' with areas" in CliRunner().invoke(hook_app, [*words, "--event", "G7"]).output
    state = observe(root, SCENE.replace("20260217T", "20260216T"))
    assert "choose a pass on the event's days" in str(state.message)
    assert (state.is_completed(), state.name) == (True, "Skipped"), "nothing went wrong"
    single = observe(root, SCENE.replace("1SDV", "1SDH"))
    assert ("polarisation DH" in str(single.message), single.name) == (True, "Skipped")
    write_run(root / "runs" / "XTY" / ISSUE.isoformat(), "med")
    state = observe(root)
    assert "the event's class is med: the scene is not ordered" in str(state.message)
    assert (state.is_completed(), state.name) == (True, "Skipped")
    result = CliRunner().invoke(hook_app, [*words, "--product", SCENE])
    assert (result.exit_code, "skipped: G1: the event's class is med" in result.output) == (1, True)
    write_run(root / "runs" / "XTY" / ISSUE.isoformat(), "max")
    content = yaml.safe_load((root / "config" / "destine.yaml").read_text())
    content["services"]["dedl"]["items_per_month"] = 0
    (root / "config" / "destine.yaml").write_text(yaml.safe_dump(content))
    state = observe(root)
    assert "budget is used up" in str(state.message)
    assert exit_code(state) == 1
    assert server.platform.orders == []
    assert read_observations(root / "runs" / "XTY" / ISSUE.isoformat()) == []


def test_an_event_without_areas_is_skipped(project: tuple[Path, Loopback]) -> None:
    root, server = project
    alerted = event("G1", "--TT----", "max", {})
    day = replace(found([replace(alerted, areas=())], [], ISSUE), country="XTY")
    write_findings_json(day, root / "runs" / "XTY" / "2026-02-15" / "events.json")
    state = observe(root)
    assert (state.is_completed(), state.name) == (True, "Skipped"), state.message
    assert "G1: the event's station has no areas" in str(state.message)
    assert server.platform.orders == []


def test_an_order_that_the_service_lost_names_the_way_out(project: tuple[Path, Loopback]) -> None:
    root, server = project
    accept = server.platform.place

    def forgetful(body: dict[str, Any]) -> Any:
        placed = accept(body)
        server.platform.orders.remove(placed)
        return placed

    server.platform.place = forgetful  # type: ignore[method-assign]
    message = str(observe(root).message)
    assert re.search(r"ended as gone.*hook settle fp-[0-9a-f]{12} --never-arrived", message), message


def test_a_failed_order_and_a_result_without_vh(project: tuple[Path, Loopback]) -> None:
    root, server = project
    server.archives[SCENE] = archive({"S1/x_VV.tif": b"-"})
    assert "0 files of the result match *VH*.tif: x_VV.tif" in str(observe(root).message)
    other = SCENE.replace("031245", "031345")
    server.platform.fail.add(other)
    assert "ended as failed" in str(observe(root, other).message)


class Stac:
    """A STAC API with one map for each of these moments, the same picture each time."""

    def __init__(self, flood_map: Path, *moments: str) -> None:
        self.asked: list[dict[str, Any]] = []
        self.refuses = False
        self.instead: dict[str, Any] | None = None
        """what a search is answered with in place of the list"""
        stac = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def log_message(self, format: str, *args: Any) -> None:
                pass

            def do_GET(self) -> None:
                if not self.path.startswith("/map.tif"):
                    self._answer(json.dumps(stac.root()).encode())
                elif stac.refuses:
                    self._answer(b"no", 403)
                else:
                    self._answer(flood_map.read_bytes())

            def do_POST(self) -> None:
                stac.asked.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                listing = {"type": "FeatureCollection", "features": stac.items, "links": []}
                content = listing if stac.instead is None else stac.instead
                self._answer(json.dumps(content).encode())

            def _answer(self, body: bytes, status: int = 200) -> None:
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self.items = [self.item(*entry) for entry in enumerate(moments or ["2026-02-18T04:00:00Z"])]
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    def __enter__(self) -> Stac:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(timeout=5)

    def root(self) -> dict[str, Any]:
        core = "https://api.stacspec.org/v1.0.0/"
        return {
            "type": "Catalog", "id": "root", "stac_version": "1.0.0", "description": "flood maps",
            "conformsTo": [f"{core}core", f"{core}item-search"],
            "links": [
                {"rel": "self", "href": self.url},
                {"rel": "root", "href": self.url},
                {"rel": "search", "href": f"{self.url}/search", "method": "POST", "type": "application/geo+json"},
            ],
        }  # fmt: skip

    def item(self, number: int, moment: str) -> dict[str, Any]:
        return {
            "type": "Feature", "stac_version": "1.0.0", "id": f"map-{number}", "collection": "maps",
            "bbox": [10, 0.9, 10.2, 1], "geometry": {"type": "Point", "coordinates": [10.1, 0.95]}, "links": [],
            "properties": {"datetime": moment},
            "assets": {"flood": {"href": f"{self.url}/map.tif?token=canary-signature"}},
        }  # fmt: skip
