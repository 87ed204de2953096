"""From run folders to alerted events, and from products to observations."""

from __future__ import annotations

import json
import logging
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
import shapely

from ibf_pipeline.errors import ServerUnreachable
from ibf_pipeline.hazards.floods.findings import FloodFindings
from ibf_pipeline.publish.call import Call
from ibf_pipeline.runs.findings import write_findings_json
from ibf_pipeline.runs.revision import RevisionMetadata
from ibf_pipeline.runs.revision_staging import begin_revision, keep_revision
from ibf_pipeline.satellites.subscriptions.alerts import AlertedEvent, alerted_events
from ibf_pipeline.satellites.subscriptions.inbox import Start
from ibf_pipeline.satellites.subscriptions.matching import ObservationRequest, is_seen_by, match_products
from ibf_pipeline.satellites.subscriptions.notification import read_product
from tests.worlds.countries.flood_findings import event, found
from tests.worlds.journals import change_record
from tests.worlds.runs import flood_run
from tests.worlds.services.catalogue import radar_product
from tests.worlds.services.catalogue_account import ELSEWHERE, HERE, NOON, World

TODAY = date(2026, 11, 20)
AGE = timedelta(hours=72)


class Recorder:
    """Notes what it was asked to start; unreachable while told so."""

    def __init__(self) -> None:
        self.keys: list[str] = []
        self.away = False

    def __call__(self, observation: ObservationRequest) -> str | None:
        if self.away:
            raise ServerUnreachable("the Prefect server did not answer")
        self.keys.append(observation.key)
        return f"run-{len(self.keys)}"


def finished_run(runs: Path, day: FloodFindings, country: str = "XTS") -> None:
    folder = runs / country / day.issue_date.isoformat()
    folder.mkdir(parents=True)
    write_findings_json(replace(day, country=country), folder / "events.json")
    (folder / "manifest.json").write_text("{}", encoding="utf-8")


def outlines(prepared: Path, country: str = "XTS") -> None:
    """A1 is the degree square at 30 E 0 N, A2 the one east of it, B1 the next."""
    folder = prepared / country
    folder.mkdir(parents=True)
    features = [
        {
            "type": "Feature",
            "properties": {"place_code": code, "name": code},
            "geometry": json.loads(shapely.to_geojson(shapely.box(30 + number, 0, 31 + number, 1))),
        }
        for number, code in enumerate(("A1", "A2", "B1"))
    ]
    (folder / "outlines_adm2.geojson").write_text(json.dumps({"features": features}), encoding="utf-8")


def alerts(tmp_path: Path, **more: object) -> list[AlertedEvent]:
    options = {"valid_days": 2, **more}
    return alerted_events(tmp_path / "runs", lambda iso3: tmp_path / "prepared" / iso3, TODAY, **options)


TRIGGERED = event("G1", "---wTT--", "max", {"A": 500, "A1": 500})
WARNED = event("G2", "----w---", "min", {"B": 0, "B1": 0})


def test_the_latest_run_decides(tmp_path: Path):
    outlines(tmp_path / "prepared")
    finished_run(tmp_path / "runs", found([TRIGGERED, WARNED], [], TODAY - timedelta(days=1)))
    assert [(e.country, e.name, e.alert_class, e.lead_time, e.where.bounds) for e in alerts(tmp_path)] == [
        ("XTS", "G1", "max", 4, (30.0, 0.0, 31.0, 1.0)),
        ("XTS", "G2", "min", 4, (32.0, 0.0, 33.0, 1.0)),
    ]
    assert [e.name for e in alerts(tmp_path, triggers_only=True)] == ["G1"]
    finished_run(tmp_path / "runs", found([], [], TODAY))
    assert alerts(tmp_path) == []


def test_what_a_person_took_back_is_no_alert(tmp_path: Path):
    outlines(tmp_path / "prepared")
    day = found([TRIGGERED, WARNED], [], TODAY)
    finished_run(tmp_path / "runs", day)
    run = flood_run(tmp_path / "runs", "XTS", TODAY)
    about = RevisionMetadata("2026-11-20T00:00:01Z", "portal", "https://x.example", "current", "asked", True, "hash")
    calls = [Call(1, "exposure", "POST", "/exposure", body={})]
    left, about = day.without(["G1"]), replace(about, withdraws=("G1",))
    revision = keep_revision(run, "portal", 2, begin_revision(run, "portal", 2), left, calls, about)
    assert [e.name for e in alerts(tmp_path)] == ["G1", "G2"]  # planned, and not on the portal yet
    revision.journal(lambda: datetime(2026, 11, 20, 7, tzinfo=UTC)).append(1, "done")
    assert [e.name for e in alerts(tmp_path)] == ["G2"]
    change_record(revision, plan="torn")  # rather a picture too many than none
    assert [e.name for e in alerts(tmp_path)] == ["G1", "G2"]


def test_old_runs_exercises_and_unfinished_runs_do_not_count(tmp_path: Path):
    outlines(tmp_path / "prepared")
    finished_run(tmp_path / "runs", found([TRIGGERED], [], TODAY - timedelta(days=3)))
    finished_run(tmp_path / "runs", replace(found([TRIGGERED], [], TODAY), exercise=True))
    finished_run(tmp_path / "runs", found([TRIGGERED], [], TODAY + timedelta(days=1)))
    finished_run(tmp_path / "runs", found([TRIGGERED], [], TODAY - timedelta(days=1)))
    (tmp_path / "runs/XTS" / (TODAY - timedelta(days=1)).isoformat() / "manifest.json").unlink()
    assert alerts(tmp_path) == []
    assert len(alerts(tmp_path, valid_days=3)) == 1


def test_one_country_that_cannot_be_read_does_not_silence_the_others(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    outlines(tmp_path / "prepared")
    finished_run(tmp_path / "runs", found([TRIGGERED], [], TODAY))
    finished_run(tmp_path / "runs", found([TRIGGERED], [], TODAY), "XBB")
    (tmp_path / "runs/XBB" / TODAY.isoformat() / "events.json").write_text("{", encoding="utf-8")
    with caplog.at_level(logging.WARNING):
        assert [e.country for e in alerts(tmp_path)] == ["XTS"]
    assert "XBB: its alerts are not known" in caplog.text


def test_without_outlines_or_areas_the_station_stands_for_them(tmp_path: Path):
    """The made station lies at 30 E, 0 N."""
    finished_run(tmp_path / "runs", found([replace(TRIGGERED, areas=())], [], TODAY))
    (alert,) = alerts(tmp_path)
    assert alert.where.equals(shapely.Point(30, 0))
    assert is_seen_by(alert, shapely.box(29, -1, 31, 1))
    assert not is_seen_by(alert, shapely.box(31, -1, 32, 1))


def test_a_shared_border_is_not_seen():
    alert = AlertedEvent("XTS", "G1", TODAY, "max", 3, shapely.box(30, 0, 31, 1))
    assert not is_seen_by(alert, shapely.box(31, 0, 32, 1))
    assert is_seen_by(alert, shapely.box(30.9, 0, 32, 1))


ALERTS = [AlertedEvent("XTS", name, TODAY, "max", 3, shapely.box(*HERE)) for name in ("G1", "G2")]


def keep(world: World, number: int, hours: float, box: tuple[float, float, float, float] = HERE) -> str:
    product = read_product(radar_product(number, NOON - timedelta(hours=hours), box))
    world.inbox.store_products("cdse", [product])
    return product.id


def run(world: World, starter: Recorder, events: list[AlertedEvent] | None = None):
    return match_products(world.inbox, ALERTS if events is None else events, starter, world.clock(), max_age=AGE)


def test_a_product_starts_one_observation_for_each_event_it_shows(world: World):
    product, starter = keep(world, 1, 2), Recorder()
    assert len(run(world, starter).started) == 2
    assert len(run(world, starter).started) == 0
    assert starter.keys == [f"eodata:XTS:G1:{product}", f"eodata:XTS:G2:{product}"]
    assert world.inbox.entry(product).state == "triggered"
    assert [start.run for start in world.inbox.starts(product)] == ["run-1", "run-2"]


def test_age_place_and_reasons(world: World):
    """Acquired 73 h ago: ignored. Elsewhere: waits, in case its place is alerted while it is young."""
    old, elsewhere, starter = keep(world, 1, 73), keep(world, 2, 2, ELSEWHERE), Recorder()
    done = run(world, starter)
    assert (len(done.started), done.ignored, done.waiting) == (0, 1, 1)
    assert world.inbox.entry(old).reason == "acquired 73 h ago, the limit is 72 h"
    assert world.inbox.entry(elsewhere).reason == "inside the footprint is none of 2 alerted events"
    later = AlertedEvent("XTS", "G9", TODAY, "max", 0, shapely.box(*ELSEWHERE))
    assert [start.event for start in run(world, starter, [later]).started] == ["G9"]
    world.clock.forward(hours=71)
    assert run(world, starter).ignored == 0, "what has started something stays triggered"


class Announcer(Recorder):
    """There is no deployment, until there is."""

    deployed = False

    def __call__(self, observation: ObservationRequest) -> str | None:
        run = super().__call__(observation)
        self.again = observation.announced
        return run if self.deployed else None


def test_what_was_announced_is_started_once_when_the_deployment_appears(world: World):
    product, starter = keep(world, 1, 2), Announcer()
    done = run(world, starter, ALERTS[:1])
    assert (len(done.started), len(done.announced), starter.again) == (0, 1, False)
    done = run(world, starter, ALERTS[:1])
    assert (len(done.started), len(done.announced), starter.again) == (0, 1, True)
    starter.deployed = True
    done = run(world, starter, ALERTS[:1])
    assert ([start.key for start in done.started], done.announced) == ([f"eodata:XTS:G1:{product}"], ())
    assert run(world, starter, ALERTS[:1]).started == ()
    (start,) = world.inbox.starts(product)
    assert start.run == "run-3"
    assert world.inbox.entry(product).reason == "observation of XTS G1: flow run run-3"


def test_what_was_announced_expires_with_a_word(world: World, caplog: pytest.LogCaptureFixture):
    """One product was announced for both events; of another the first was started before the deployment went."""
    product, other, starter = keep(world, 1, 2), keep(world, 2, 2), Announcer()
    run(world, starter)
    starter.deployed = True
    world.inbox.record_start(Start(f"eodata:XTS:G1:{other}", other, "XTS", "G1", 0, "run-0"), "started")
    world.clock.forward(hours=71)
    assert run(world, starter).ignored == 2
    said = "announced for {} and never started: within 72 h there was no deployment to start"
    entries = [world.inbox.entry(each) for each in (product, other)]
    assert [(entry.state, entry.reason) for entry in entries] == [
        ("ignored", said.format("XTS G1, XTS G2")), ("triggered", said.format("XTS G2"))
    ]  # fmt: skip
    assert "announced for XTS G2 and never started" in caplog.text
    assert run(world, starter).ignored == 0, "it is said once"


def test_a_server_that_is_away_loses_nothing(world: World):
    product, starter = keep(world, 1, 2), Recorder()
    starter.away = True
    assert len(run(world, starter).failures) == 2
    assert world.inbox.entry(product).state == "waiting"
    starter.away = False
    assert len(run(world, starter).started) == 2


def test_a_replay_is_a_new_start(world: World):
    product, starter = keep(world, 1, 2), Recorder()
    run(world, starter, ALERTS[:1])
    world.inbox.replay(product)
    run(world, starter, ALERTS[:1])
    assert starter.keys == [f"eodata:XTS:G1:{product}", f"eodata:XTS:G1:{product}:replay1"]
