"""The rehearsal of docs/subscriptions.md, from push to announcement: its own blocks, in an installation of its own."""

from __future__ import annotations

import json
import re
import textwrap
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
import requests
import yaml
from shapely.geometry import box

from flows.wiring.subscriptions import open_eodata, open_receiver
from ibf_pipeline.satellites.subscriptions.alerts import AlertedEvent
from ibf_pipeline.satellites.subscriptions.declarations import boundaries_outline
from ibf_pipeline.satellites.subscriptions.matching import match_products
from tests.conftest import ROOT
from tests.worlds.services.catalogue_web import Served

STEPS = (ROOT / "docs/subscriptions.md").read_text(encoding="utf-8").split("## A rehearsal")[1].split("\n## ")[0]


def test_the_push_of_the_rehearsal_is_stored_and_shows_the_demo_countrys_alerts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    snippet, scene = (re.search(rf"```{kind}\n(.*?)```", STEPS, re.DOTALL) for kind in ("yaml", "json"))
    assert snippet is not None
    assert scene is not None
    config = tmp_path / "config"
    config.mkdir()
    for name in ("settings.yaml", "eodata.yaml"):
        (config / name).write_text((ROOT / "config" / name).read_text(encoding="utf-8"), encoding="utf-8")
    with (config / "eodata.yaml").open("a", encoding="utf-8") as out:
        out.write(textwrap.dedent(snippet.group(1)))
    assert yaml.safe_load((config / "eodata.yaml").read_text(encoding="utf-8"))["receiver"]
    for name in ("USERNAME", "PASSWORD"):
        given = re.search(rf"EODATA_ENDPOINT_{name}=([\w-]+)", STEPS)
        assert given is not None
        monkeypatch.setenv(f"EODATA_ENDPOINT_{name}", given.group(1))
    app, _ = open_receiver(str(config), str(tmp_path / "demo"))
    with Served(app) as served:
        account = ("rehearsal", "only-for-the-rehearsal")
        pushed = requests.post(
            f"http://127.0.0.1:{served.port}/", json=json.loads(scene.group(1)), auth=account, timeout=10
        )
    assert pushed.status_code == 204
    eodata = open_eodata(str(config), str(tmp_path / "demo"))
    (entry,) = eodata.inbox.entries()
    assert entry.name in STEPS.split("--product ")[1]
    country = boundaries_outline(ROOT / "data/fixtures/XDM/admin_areas", 1)
    assert box(*country.bounds).within(entry.footprint)
    alerts = [AlertedEvent("XDM", f"G900{number}", date(2026, 2, 15), "max", 0, country) for number in range(1, 8)]
    age, valid = (eodata.settings.trigger.max_age_hours, eodata.settings.trigger.alert_valid_days)
    done = match_products(eodata.inbox, alerts, lambda _: None, datetime.now(UTC), max_age=timedelta(hours=age))
    assert (len(done.announced), done.started, eodata.providers_to_ask()) == (7, (), [])
    assert datetime.now(UTC).date() - timedelta(days=valid) < date(2026, 2, 15)
    assert len(re.findall(r"^\d\. ", STEPS, re.MULTILINE)) == 8
