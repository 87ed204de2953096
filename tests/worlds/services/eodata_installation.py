"""A whole installation in a folder: configuration at a loopback catalogue, outlines and one alerted country."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.conftest import ROOT
from tests.satellites.subscriptions.test_trigger import TRIGGERED, WARNED, finished_run, found, outlines
from tests.worlds.services.catalogue import Catalogue, radar_product
from tests.worlds.services.catalogue_account import PASSWORD, provider_of
from tests.worlds.services.catalogue_web import Served, Web
from tests.worlds.services.dialects import CDSE, Dialect

SECRETS = {
    "EODATA_TEST_USERNAME": "analyst",
    "EODATA_TEST_PASSWORD": PASSWORD,
    "EODATA_ENDPOINT_USERNAME": "receiver",
    "EODATA_ENDPOINT_PASSWORD": "canary-receiver-password",
}


@dataclass
class Installation:
    """Where things are."""

    config: Path
    workspace: Path
    catalogue: Catalogue
    web: Web

    @property
    def options(self) -> list[str]:
        return ["--config", str(self.config), "--workspace", str(self.workspace)]

    def declare(self, **subscriptions: dict[str, Any]) -> None:
        """Write the subscriptions into eodata.yaml."""
        file = self.config / "eodata.yaml"
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
        file.write_text(yaml.safe_dump({**content, "subscriptions": subscriptions}), encoding="utf-8")

    def publish_over_the_alert(self, number: int, **options: bool) -> str:
        """A product acquired an hour ago over place A1 of event G1; its id."""
        at = datetime.now(UTC) - timedelta(hours=1, minutes=number)
        self.catalogue.publish(radar_product(number, at, (29.5, -0.5, 30.5, 0.5)), **options)
        return str(radar_product(number, at, (0, 0, 1, 1))["Id"])


RADAR_OVER_XTS = {"provider": "test", "country": "XTS", "collection": "SENTINEL-1", "product_types": ["IW_GRDH_1S"]}


@contextmanager
def installed(folder: Path, monkeypatch: pytest.MonkeyPatch, dialect: Dialect = CDSE) -> Iterator[Installation]:
    """XTS is alerted at G1 (place A1) and G2 (place B1) by today's run."""
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    catalogue = Catalogue(dialect, lambda: datetime.now(UTC))
    web = Web(catalogue, PASSWORD)
    with Served(web.app()) as served:
        config, workspace = folder / "config", folder / "workspace"
        config.mkdir(parents=True)
        (config / "settings.yaml").write_text((ROOT / "config/settings.yaml").read_text(encoding="utf-8"))
        provider = provider_of(dialect, served.port).model_dump(mode="json")
        (config / "eodata.yaml").write_text(yaml.safe_dump({"providers": {"test": provider}}), encoding="utf-8")
        outlines(workspace / "prepared")
        finished_run(workspace / "runs", found([TRIGGERED, WARNED], [], datetime.now(UTC).date()))
        yield Installation(config, workspace, catalogue, web)
