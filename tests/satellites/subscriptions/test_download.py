"""`inbox download`: a product whole, as the catalogue says it is, and the token with its own host alone."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from starlette.responses import RedirectResponse
from typer.testing import CliRunner

from flows.cli.inbox import inbox_app
from flows.wiring.subscriptions import open_eodata
from ibf_pipeline.errors import InputInvalid, InputMissing
from ibf_pipeline.satellites.subscriptions.download import ProductFile, fetch_product
from ibf_pipeline.satellites.subscriptions.notification import read_product
from tests.worlds.services.catalogue import radar_product
from tests.worlds.services.catalogue_account import HERE, NOON, World
from tests.worlds.services.catalogue_web import Served
from tests.worlds.services.eodata_installation import RADAR_OVER_XTS, installed

FILE = b"PK scene" * 40_000
MD5 = hashlib.md5(FILE, usedforsecurity=False).hexdigest()
AS_STATED = {
    "ContentLength": len(FILE),
    "Checksum": [{"Value": "1f", "Algorithm": "BLAKE3"}, {"Value": MD5.upper(), "Algorithm": "MD5"}],
}


def publish(world: World, **more: Any) -> str:
    product = radar_product(1, NOON, HERE, **{**AS_STATED, **more})
    world.catalogue.publish(product)
    world.web.files[product["Id"]] = FILE
    return str(product["Id"])


def fetch(world: World, product_id: str, folder: Path, **more: Any) -> ProductFile:
    return fetch_product(world.client, product_id, folder, 10_000_000, **more)


def test_a_product_is_fetched_compared_and_kept(every: World, tmp_path: Path):
    got = fetch(every, publish(every), tmp_path)
    assert got.file.read_bytes() == FILE
    assert got.file.name == f"{radar_product(1, NOON, HERE)['Name']}.zip"
    assert (got.verified, got.sha256) == ("size and MD5 as the catalogue says", hashlib.sha256(FILE).hexdigest())
    record = json.loads(got.file.with_name(f"{got.file.name}.json").read_text(encoding="utf-8"))
    assert (record["bytes"], record["host"]) == (len(FILE), "127.0.0.1")
    assert sorted(path.name for path in tmp_path.glob("S1A*")) == [got.file.name, f"{got.file.name}.json"]
    del every.web.files[got.product_id]
    assert fetch(every, got.product_id, tmp_path) == got, "what is there is not fetched again"


def test_a_download_goes_on_where_it_broke_off(world: World, tmp_path: Path):
    product_id = publish(world)
    world.web.breaks_after = 200_000
    asked: list[str | None] = []
    whole = world.web._file
    world.web._file = lambda request, key: asked.append(request.headers.get("range")) or whole(request, key)  # type: ignore[method-assign,func-returns-value]
    assert fetch(world, product_id, tmp_path).file.read_bytes() == FILE
    assert asked[0] is None
    assert asked[1] is not None


@pytest.mark.parametrize(
    ("stated", "said"),
    [
        ({"ContentLength": 7}, "320,000 of 7 bytes"),
        ({"Checksum": [{"Value": "00", "Algorithm": "MD5"}]}, "another MD5"),
        ({"Checksum": [{"Value": MD5, "Algorithm": "sha-256"}]}, "another sha-256"),
    ],
)
def test_what_is_not_as_the_catalogue_says_is_refused(world: World, tmp_path: Path, stated: dict[str, Any], said: str):
    product_id = publish(world, **stated)
    with pytest.raises(InputInvalid, match=f"not what the catalogue says: {said}"):
        fetch(world, product_id, tmp_path)
    assert list(tmp_path.glob("S1A*")) == []
    assert fetch(world, product_id, tmp_path, unverified=True).verified == f"not verified: {said}"


def test_what_the_catalogue_does_not_state_is_not_claimed(world: World, tmp_path: Path):
    """`"Checksum": [{}]` stands in the CREODIAS document."""
    product_id = publish(world, ContentLength=None, Checksum=[{}])
    assert fetch(world, product_id, tmp_path).verified == "not verified: the catalogue states nothing"


def test_what_is_not_there_is_told(world: World, tmp_path: Path):
    with pytest.raises(InputMissing, match="not in the catalogue"):
        fetch(world, "00000000-0000-0000-0000-0000000000ff", tmp_path)
    with pytest.raises(InputMissing, match="is offline"):
        fetch(world, publish(world, Online=False), tmp_path)


def test_the_token_stays_on_the_host_of_the_download_service(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """Sent on to a storage elsewhere, which has an account in the .netrc: neither the token nor that goes there."""
    netrc = tmp_path / "netrc"
    netrc.write_text("default login thief password secret\n", encoding="utf-8")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    product_id, heard = publish(world), []

    async def storage(scope: Any, receive: Any, send: Any) -> None:
        heard.append(dict(scope["headers"]).get(b"authorization"))
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"320000")]})
        await send({"type": "http.response.body", "body": FILE})

    with Served(storage) as elsewhere:
        away = RedirectResponse(f"http://localhost:{elsewhere.port}/file")
        world.web.faults += [lambda _: None]
        world.web._file = lambda *_: away  # type: ignore[method-assign]
        assert fetch(world, product_id, tmp_path).file.read_bytes() == FILE
    assert heard == [None]
    assert world.web.accounts[-1] == ("odata", "Bearer token-1")


def test_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    with installed(tmp_path, monkeypatch) as place:
        place.declare(floods=RADAR_OVER_XTS)
        product = radar_product(1, NOON, HERE, **AS_STATED)
        place.catalogue.publish(product)
        place.web.files[product["Id"]] = FILE
        eodata = open_eodata(str(place.config), str(place.workspace))
        eodata.inbox.store_products("test", [read_product(product)])
        folder = tmp_path / "scenes"
        words = ["download", product["Id"], "--folder", str(folder), *place.options]
        said = CliRunner().invoke(inbox_app, words, env={"COLUMNS": "40"}, catch_exceptions=False).output
        assert f"{folder / product['Name']}.zip" in said.splitlines()[0]
        assert hashlib.sha256(FILE).hexdigest() in said
        data = json.loads(CliRunner().invoke(inbox_app, [*words, "--json"], catch_exceptions=False).output)
        assert (data["product_id"], data["bytes"]) == (product["Id"], len(FILE))
