"""A country that wants map images, on a server that takes them and on one that does not."""

from __future__ import annotations

import hashlib
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from ibf_pipeline.config.floods import FloodCountry
from tests.worlds.countries.flood_days import FloodDays, SharedServers
from tests.worlds.services.snapshot import snapshot

DAY = date(2026, 11, 10)
WISHES = "G9001=---TT--- G9004=----w---:min"


@pytest.fixture(params=["described", "current"])
def portal(
    request: pytest.FixtureRequest, tmp_path: Path, servers: SharedServers, demo_country: FloodCountry,
    demo_prepared: Path, demo_layers: Any,
) -> FloodDays:  # fmt: skip
    country = demo_country.model_copy(update={"map_image": True})
    return FloodDays(country, *demo_layers, demo_prepared, tmp_path / "runs", servers.empty(request.param))


def image_calls(portal: FloodDays) -> list[str]:
    (revision,) = portal.revisions(DAY)
    return [str(call.event) for call in revision.calls() if call.step == "map image"]


def test_each_event_gets_the_map_of_the_report(portal: FloodDays, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    portal.day(WISHES, DAY)
    (revision,) = portal.revisions(DAY)
    images = snapshot(portal.sandbox)["map_images"]
    if revision.about().capabilities == "current":
        assert (image_calls(portal), images) == ([], {})
        assert revision.about().left_out == (
            "map images (map_image: true): the server has no endpoint for them (current)",
        )
        assert "XDM: left out: map images (map_image: true)" in caplog.text
        return
    assert revision.about().left_out == ()
    assert sorted(image_calls(portal)) == ["G9001", "G9004"]
    report = portal.runs / "XDM" / "floods" / "2026-11-10" / "report"
    assert images == {
        f"XDM/floods/{name}": hashlib.sha256((report / f"map_{name}.png").read_bytes()).hexdigest()
        for name in ("G9001", "G9004")
    }


def test_a_map_that_looks_different_is_no_news(portal: FloodDays, monkeypatch: pytest.MonkeyPatch) -> None:
    found, run = portal.find(WISHES, DAY)
    assert portal.publish(found, run) is not None
    found, run = portal.find(WISHES, DAY)
    monkeypatch.setattr("ibf_pipeline.report.writer.event_map", lambda *parts: b"another picture")
    assert portal.publish(found, run) is None
    assert len(portal.revisions(DAY)) == 1


def test_a_map_that_cannot_be_drawn_does_not_stop_the_alert(
    portal: FloodDays, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*parts: object) -> bytes:
        raise ZeroDivisionError("a font without height")

    monkeypatch.setattr("ibf_pipeline.report.writer.event_map", broken)
    portal.day(WISHES, DAY)
    assert [mail.event_names for mail in portal.sandbox.mails("XDM")] == [("G9001", "G9004")]
    assert image_calls(portal) == []
    (revision,) = portal.revisions(DAY)
    said = "map images could not be drawn; the alert goes out without them" in caplog.text
    assert said == (revision.about().capabilities == "described")
    assert said == (revision.about().left_out == ("map images: they could not be drawn",))
