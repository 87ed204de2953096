"""The subscription commands against catalogues that know the documents' calls alone, and may be unkind."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.request import urlopen

import pytest
import typer
import yaml
from typer.testing import CliRunner

from flows.cli.inbox import inbox_app
from flows.cli.subscriptions import subscriptions_app
from flows.wiring.subscriptions import open_eodata, open_receiver
from ibf_pipeline.errors import IbfError, ServerRefused
from ibf_pipeline.satellites.odata import odata_timestamp
from ibf_pipeline.satellites.subscriptions.intake import Pulled, pull_notifications
from ibf_pipeline.satellites.subscriptions.notification import read_product
from ibf_pipeline.satellites.subscriptions.settings import IntakeSettings
from tests.conftest import ROOT
from tests.satellites.strict_catalogue import Product, StrictCatalogue
from tests.satellites.strict_server import Answer
from tests.satellites.subscriptions.test_trigger import TRIGGERED, WARNED, finished_run, found, outlines
from tests.worlds.services.catalogue_web import Served

app = typer.Typer()
app.add_typer(subscriptions_app, name="subscriptions")
app.add_typer(inbox_app, name="inbox")
FOLDER = Path()
RADAR = {"country": "XTS", "collection": "SENTINEL-1", "product_types": ["IW_GRDH_1S"]}
NAME = "floods [radar] :100:"  # no markup of a terminal
PUSH = {"kind": "push", "endpoint": "https://floods.example.org:8000/"}


def where() -> tuple[str, str]:
    """The folders of configuration and workspace."""
    return str(FOLDER / "config"), str(FOLDER / "workspace")


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
    provider |= {"base_url": catalogue.base, "download_url": catalogue.base, "attempts": 1}
    if provider["token_url"]:
        provider["token_url"] = f"{catalogue.url}/token"
    content["subscriptions"] = {NAME: {"provider": catalogue.service, **RADAR, **more}}
    (FOLDER / "config/eodata.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")


def run(*words: str) -> tuple[int, str]:
    config, workspace = where()
    words = (*words, "--config", config, "--workspace", workspace)
    result = CliRunner().invoke(app, words, env={"COLUMNS": "60"})
    if isinstance(result.exception, IbfError):
        return result.exception.exit_code, str(result.exception)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.output


@pytest.fixture(params=["creodias", "nsis"])
def catalogue(
    request: pytest.FixtureRequest, place: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[StrictCatalogue]:
    """Each of the two catalogues; NSIS' with a ready token, since no document names its token endpoint."""
    with StrictCatalogue(request.param) as served:
        if served.service == "nsis":
            monkeypatch.setenv("NSIS_TOKEN", served.new_token()["access_token"])
        yield served


def product(content: bytes = b"PK a scene" * 20_000, number: int = 1) -> Product:
    """A scene of an hour ago over the event that is alerted."""
    when = odata_timestamp(datetime.now(UTC) - timedelta(hours=1))
    name = f"S1A_IW_GRDH_1SDV_20260217T031245_20260217T031310_063001_07E8A1_{number:04X}.SAFE"
    return Product(f"0dd083d4-360e-4693-9791-{number:012d}", name, content, when, when, (29.5, -0.5, 30.5, 0.5))


@pytest.mark.parametrize("kind", ["push", "pull"])
def test_a_subscription_from_its_plan_to_its_end_and_a_product_from_its_notice_to_the_disk(
    kind: str, catalogue: StrictCatalogue
) -> None:
    declare(catalogue, **(PUSH if kind == "push" else {}))
    code, planned = run("subscriptions", "plan", "--exit-code")
    assert (code, NAME in planned) == (1, True)
    assert run("subscriptions", "apply", "--yes")[0] == 0
    assert run("subscriptions", "plan", "--exit-code")[0] == 0
    ((known, entity),) = catalogue.subscriptions.items()
    listed = run("subscriptions", "list")[1]
    assert all(text in listed for text in (known, NAME, entity["FilterParam"])), "a narrow pipe cuts nothing"
    scene = product()
    if kind == "push":
        receiver, _ = open_receiver(*where())
        with Served(receiver) as served:
            catalogue.reach["floods.example.org:8000"] = f"http://127.0.0.1:{served.port}"
            assert catalogue.publish(scene, copies=2) == [204, 204]
            health = json.loads(urlopen(f"http://127.0.0.1:{served.port}/health").read())
        assert health["subscriptions"][known]["stored"] == 2
    else:
        catalogue.publish(scene, copies=2)
        eodata = open_eodata(*where())
        with eodata.client(catalogue.service) as client:
            assert pull_notifications(client, eodata.inbox, known, IntakeSettings()) == Pulled(2, 1)
        assert catalogue.queues[known] == []
    assert (scene.id in run("inbox", "list")[1], run("inbox", "list")[1].count("waiting")) == (True, 2)
    half = Answer(200, scene.content[:100_000], {"Content-Length": str(len(scene.content))})
    catalogue.instead("GET", r".*/\$value", half)  # and no tag: what the catalogue says of the file is compared
    assert "broke off" in run("inbox", "download", scene.id)[1]
    code, said = run("inbox", "download", scene.id[:34], "--json")
    assert (code, json.loads(said)["verified"]) == (0, "size and MD5 as the catalogue says")
    assert [request.headers.get("range") for request in catalogue.asked("GET", r".*/\$value")] == [None, "bytes=65536-"]
    assert run("subscriptions", "cancel", known, "--provider", catalogue.service)[0] == 0
    assert entity["Status"] == "cancelled"
    assert catalogue.refused == []


NO_INFO = [{}, None, "none", {"value": None}, {"detail": "busy", "value": []}, [None], [{}], b"", b"[",
           {"message": "Internal", "value": []}, {"subscriptions": []}]  # fmt: skip


def test_a_listing_that_says_nothing_makes_no_second_subscription(catalogue: StrictCatalogue) -> None:
    declare(catalogue)
    for said in NO_INFO:
        catalogue.instead("GET", ".*/Info", Answer(200, said))
        assert run("subscriptions", "apply", "--yes")[0] == 1, said
    assert catalogue.asked("POST", ".*/Subscriptions") == []
    assert run("subscriptions", "apply", "--yes")[0] == 0
    for said in NO_INFO:
        catalogue.instead("GET", ".*/Info", Answer(200, said))
        assert run("subscriptions", "list")[0] == 1, said
    (known,) = catalogue.subscriptions
    eodata = open_eodata(*where())
    with eodata.client(catalogue.service) as client:
        for said in NO_INFO[:5]:
            catalogue.instead("GET", ".*/(Read|Products)", Answer(200, said), Answer(200, said))
            with pytest.raises(ServerRefused):
                pull_notifications(client, eodata.inbox, known, IntakeSettings())
            with pytest.raises(ServerRefused):
                list(client.products("", 3))


def test_a_download_that_is_a_web_page_is_no_product(catalogue: StrictCatalogue) -> None:
    declare(catalogue)
    scene = product()
    catalogue.products[scene.id] = scene
    eodata = open_eodata(*where())
    eodata.inbox.store_products(catalogue.service, [read_product(scene.entity())])
    page = Answer(200, b"<html><title>Sign in</title></html>", {"Content-Type": "text/html"})
    catalogue.instead("GET", r".*/\$value", page)
    assert "was answered with a web page" in run("inbox", "download", scene.id)[1]
    assert run("inbox", "download", scene.id)[0] == 0


@pytest.mark.parametrize(("away", "code"), [("https://127.0.0.1", True), ("http://other.test", False)])
def test_a_next_page_is_read_on_the_same_host_in_whatever_scheme(
    away: str, code: bool, catalogue: StrictCatalogue
) -> None:
    declare(catalogue)
    catalogue.products = {scene.id: scene for scene in (product(number=1), product(number=2))}
    first = {"value": [product().entity()], "@odata.nextLink": f"{away}/odata/v1/Products?$filter=&$skip=1"}
    catalogue.instead("GET", ".*/Products", Answer(200, first))
    eodata = open_eodata(*where())
    with eodata.client(catalogue.service) as client:
        if code:
            assert [len(page.products) for page in client.products("", 3)] == [1, 1]
        else:
            with pytest.raises(ServerRefused, match="lies on another host"):
                list(client.products("", 3))
    assert catalogue.refused == []


def test_a_token_that_ends_in_the_middle_is_renewed_once_and_nothing_is_made_twice(place: Path) -> None:
    with StrictCatalogue("creodias") as catalogue:
        declare(catalogue)
        catalogue.lives = 60
        catalogue.second_factor = "123456"
        assert "Invalid totp" in run("subscriptions", "plan")[1]
        with open_eodata(*where()).client("creodias") as client:
            for _ in range(3):
                with pytest.raises(ServerRefused, match="Invalid totp"):
                    client.info()
        assert catalogue.logins == 2, "one for each, or the account is locked"
        catalogue.second_factor = None

        def ended(_: object) -> Answer:
            catalogue.forget_tokens()
            return Answer(401, {"detail": "expired"})

        catalogue.instead("POST", ".*/Subscriptions", ended)
        before = catalogue.logins
        assert run("subscriptions", "apply", "--yes")[0] == 0
        assert (catalogue.logins - before, len(catalogue.subscriptions)) == (2, 1)
        assert run("subscriptions", "list")[0] == 0
        assert catalogue.logins - before == 3, "one login a command"
