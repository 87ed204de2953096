"""The subscription commands against catalogues that know the documents' calls alone, and may be unkind."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import typer
import yaml
from typer.testing import CliRunner

from flows.cli.inbox import inbox_app
from flows.cli.intake import intake
from flows.cli.subscriptions import subscriptions_app
from flows.wiring.subscriptions import open_receiver
from ibf_pipeline.errors import IbfError
from tests.conftest import ROOT
from tests.satellites.strict_catalogue import Product, StrictCatalogue
from tests.satellites.strict_server import Answer
from tests.satellites.subscriptions.test_trigger import TRIGGERED, WARNED, finished_run, found, outlines
from tests.worlds.services.catalogue_web import Served

app = typer.Typer()
app.add_typer(subscriptions_app, name="subscriptions")
app.add_typer(inbox_app, name="inbox")
app.command()(intake)
FOLDER = Path()
RADAR = {"country": "XTS", "collection": "SENTINEL-1", "product_types": ["IW_GRDH_1S"]}
PUSH = {"kind": "push", "endpoint": "https://floods.example.org:8000/"}


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("NSIS_TOKEN",):
        monkeypatch.delenv(name, raising=False)
    for name in ("CREODIAS_USERNAME", "CREODIAS_PASSWORD", "EODATA_ENDPOINT_USERNAME", "EODATA_ENDPOINT_PASSWORD"):
        monkeypatch.setenv(name, f"canary-{name}")
    outlines(tmp_path / "workspace/prepared")
    finished_run(tmp_path / "workspace/runs", found([TRIGGERED, WARNED], [], datetime.now(UTC).date()))
    (tmp_path / "config").mkdir()
    (tmp_path / "config/settings.yaml").write_text((ROOT / "config/settings.yaml").read_text(encoding="utf-8"))
    monkeypatch.setattr("tests.satellites.subscriptions.test_by_document.FOLDER", tmp_path)
    return tmp_path


def declare(catalogue: StrictCatalogue, **more: object) -> None:
    content = yaml.safe_load((ROOT / "config/eodata.yaml").read_text(encoding="utf-8"))
    provider = content["providers"][catalogue.service]
    provider |= {"base_url": catalogue.base, "download_url": catalogue.base}
    if provider["token_url"]:
        provider["token_url"] = f"{catalogue.url}/token"
    content["subscriptions"] = {"floods": {"provider": catalogue.service, **RADAR, **more}}
    (FOLDER / "config/eodata.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")


def run(*words: str) -> tuple[int, str]:
    options = ["--config", str(FOLDER / "config"), "--workspace", str(FOLDER / "workspace")]
    result = CliRunner().invoke(app, [*words, *options], env={"COLUMNS": "60"})
    if isinstance(result.exception, IbfError):
        return result.exception.exit_code, str(result.exception)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.output


@pytest.mark.parametrize("service", ["creodias", "nsis"])
@pytest.mark.parametrize("kind", ["push", "pull"])
def test_probe(service, kind, place, monkeypatch):
    with StrictCatalogue(service) as catalogue:
        if service == "nsis":
            monkeypatch.setenv("NSIS_TOKEN", catalogue.new_token()["access_token"])
        declare(catalogue, **(PUSH if kind == "push" else {}))

        def out(*words):
            before, n = catalogue.logins, len(catalogue.requests)
            print(
                "$",
                " ".join(words),
                "\n",
                run(*words),
                "\nlogins",
                catalogue.logins - before,
                [(r.method, r.path, r.query) for r in catalogue.requests[n:]],
                catalogue.refused,
            )
            catalogue.refused.clear()

        out("subscriptions", "plan", "--exit-code")
        out("subscriptions", "apply", "--yes")
        out("subscriptions", "plan", "--exit-code")
        out("subscriptions", "list")
        receiver, _ = open_receiver(str(FOLDER / "config"), str(FOLDER / "workspace"))
        with Served(receiver) as served:
            catalogue.reach["floods.example.org:8000"] = f"http://127.0.0.1:{served.port}"
            now = datetime.now(UTC)
            when = (now - timedelta(hours=1)).isoformat(timespec="milliseconds").replace("+00:00", "Z")
            print(
                "pushed",
                catalogue.publish(
                    Product(
                        "0dd083d4-360e-4693-9791-1215da02c3a3",
                        "S1A_IW_GRDH_1SDV_20260217T031245_20260217T031310_063001_07E8A1_1B2C.SAFE",
                        b"x" * 1000,
                        when,
                        when,
                        (29.5, -0.5, 30.5, 0.5),
                    ),
                    copies=2,
                ),
            )
        out("inbox", "list")
        out("intake", "--catch-up")
        out("inbox", "list")
        out("inbox", "show", "0dd083d4")
        out("inbox", "download", "0dd083d4")
        made = next(iter(catalogue.subscriptions))
        out("subscriptions", "cancel", made, "--provider", service)
        out("subscriptions", "list")
