"""The account of a .netrc goes to no service at which we have an account of our own."""

from __future__ import annotations

import ast
import json
from importlib.util import find_spec
from pathlib import Path

import pytest
import requests
from requests.adapters import HTTPAdapter

from ibf_pipeline.errors import ForbiddenByRule
from ibf_pipeline.io.download import download
from ibf_pipeline.io.http import Client, Server
from ibf_pipeline.io.redaction import Redactor
from ibf_pipeline.io.retry_policy import RetryPolicy
from ibf_pipeline.io.session import Session
from ibf_pipeline.io.tokens import Grant, TokenSource
from ibf_pipeline.io.tokens import Token as Ready
from ibf_pipeline.satellites.hook.client import OdpClient
from ibf_pipeline.satellites.hook.downloads import fetch_result
from ibf_pipeline.satellites.hook.orders import OrderRequest, order_body
from ibf_pipeline.satellites.hook.settings import TokenSettings
from ibf_pipeline.satellites.hook.tokens import desp_login, token_source
from ibf_pipeline.sources.ewds_service import EwdsService, Queue
from tests.conftest import ROOT, missing
from tests.satellites.hook.conftest import ENVIRONMENT, client_of
from tests.worlds.services.catalogue_account import RADAR, open_world
from tests.worlds.services.catalogue_web import Served, Switch
from tests.worlds.services.ewds import DATASET, KEY, running
from tests.worlds.services.hook import Loopback
from tests.worlds.services.hook_platform import Clock

THIEF = "Basic dGhpZWY6c2VjcmV0"
"""of `thief:secret`"""


@pytest.fixture(params=["machine 127.0.0.1 login thief password secret", "default login thief password secret"])
def netrc(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "netrc"
    file.write_text(request.param + "\n", encoding="utf-8")
    file.chmod(0o600)
    monkeypatch.setenv("NETRC", str(file))


def test_hook_gets_the_bearer_its_realm_nothing_and_links_nothing(netrc: None, tmp_path: Path) -> None:
    clock = Clock()
    with Loopback(clock) as server:
        server.default_archive = b"result"
        client = client_of(server, clock)
        options = {"output_storage": "TEMPORARY"}
        order_id = str(client.place(order_body(OrderRequest("data-harvest", ("P1",), options, "x"), options)))
        clock.sleep(300)
        (product,) = client.products(order_id)
        fetch_result(client, product, tmp_path / "by its link", 100)
        server.faults = ["expired"]
        fetch_result(client, product, tmp_path / "by the service", 100)
        client.close()
        (token,) = server.tokens
    assert [(path.rsplit("/", 1)[-1], account) for path, account in server.seen_tokens] == [
        ("token", None),
        ("OData.CSC.Order", f"Bearer {token}"),
        ("Products", f"Bearer {token}"),
        ("20260216_253770.zip", None),
        ("20260216_253770.zip", None),
        ("$value", f"Bearer {token}"),
    ]


@pytest.mark.parametrize("kind", ["service-account", "password"])
def test_token_endpoints_get_the_form_alone(kind: str, netrc: None) -> None:
    clock = Clock()
    with Loopback(clock) as server:
        settings = TokenSettings(
            kind=kind, url=server.token_url, client_id="cdse-public" if kind == "password" else None
        )
        source = token_source(settings, ENVIRONMENT, now=clock, redact=Redactor(), timeout=5)
        source.token()
        source.renew()
    assert [account for _, account in server.seen_tokens] == [None, None]


def test_the_catalogue_gets_the_bearer_and_its_account_service_nothing(netrc: None, tmp_path: Path) -> None:
    with Served(Switch()) as served, open_world(served, tmp_path) as world:
        assert world.client.info() == []
        (page,) = world.client.products(RADAR, max_pages=1)
        assert page.products == ()
        world.clock.forward(seconds=590)
        assert world.client.info() == []
        assert world.web.accounts == [
            ("token", None),
            ("odata", "Bearer token-1"),
            ("odata", "Bearer token-1"),
            ("token", None),
            ("odata", "Bearer token-2"),
        ]


def test_the_early_warning_data_store_gets_its_key_alone(netrc: None) -> None:
    with running() as service:
        client = EwdsService(service.url, DATASET, lambda: KEY, RetryPolicy(5, 3), Queue(0.01, 600, 30))
        assert client.form()
    assert service.accounts == {None}


@pytest.mark.parametrize("netrc", ["default login thief password secret"], indirect=True)
@pytest.mark.parametrize("kind", ["service", "token endpoint", "catalogue", "download"])
def test_nothing_of_the_satellite_leg_goes_to_a_public_host_without_tls(
    kind: str, netrc: None, web: Web, tmp_path: Path
) -> None:
    """Also where no configuration was asked: no request is made, with whatever account."""
    public, tokens = "http://service.example.org/odata/v1", TokenSource(lambda: Ready("ours"), Redactor())
    grant = Grant(public, {"grant_type": "password"}, Redactor())
    ask = {
        "service": OdpClient(public, tokens, RetryPolicy(5, 1), Redactor(), Clock()).workflows,
        "token endpoint": TokenSource(grant, Redactor()).token,
        "catalogue": lambda: Client(Server(public), RetryPolicy(5, 1), Redactor(), tokens=tokens).read(
            "GET", "Products"
        ),
        "download": lambda: download(Client(Server(public), RetryPolicy(5, 1), Redactor()), public, tmp_path / "file"),
    }
    with pytest.raises(ForbiddenByRule, match=r"service\.example\.org is a public host without TLS"):
        ask[kind]()
    assert web.asked == []


class Web(HTTPAdapter):
    """The identity services of DESP and DEDL, and what each request carried."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[tuple[str, str | None]] = []
        self.answers = [
            (200, b'<html><form action="https://desp.test/login"></form></html>', ""),
            (302, b"", "https://desp.test/?code=1"),
            (200, json.dumps({"access_token": "desp-token"}).encode(), ""),
            (200, json.dumps({"access_token": "dedl-token"}).encode(), ""),
        ]

    def answer(self, request: requests.PreparedRequest, **_: object) -> requests.Response:
        self.asked.append((str(request.url).split("?")[0], request.headers.get("Authorization")))
        response = requests.Response()
        response.status_code, response._content, location = self.answers.pop(0)
        response.request, response.url = request, str(request.url)
        response.headers["Location"] = location
        return response


@pytest.fixture
def web(monkeypatch: pytest.MonkeyPatch) -> Web:
    found = Web()
    monkeypatch.setattr(HTTPAdapter, "send", lambda _, request, **more: found.answer(request, **more))
    monkeypatch.setattr("requests.sessions.extract_cookies_to_jar", lambda *_: None)
    return found


@pytest.mark.parametrize("netrc", ["default login thief password secret"], indirect=True)
def test_the_login_of_a_desp_account_carries_nothing_of_a_netrc(netrc: None, web: Web) -> None:
    if find_spec("destinelab") is None:
        missing("destinelab is not installed: install the extra destine")
    assert desp_login("somebody", "password", redact=Redactor()).text == "dedl-token"
    assert [account for _, account in web.asked] == [None] * 4


@pytest.mark.parametrize("netrc", ["default login thief password secret"], indirect=True)
@pytest.mark.parametrize(
    ("onward", "account"), [("https://a.test/y", "Bearer ours"), ("https://b.test/y", None)], ids=["home", "foreign"]
)
def test_a_redirect_brings_no_account_of_a_netrc_either(
    onward: str, account: str | None, netrc: None, web: Web
) -> None:
    for session, expected in ((requests.Session(), [THIEF, THIEF]), (Session(follows=True), ["Bearer ours", account])):
        web.asked, web.answers = [], [(307, b"", onward), (200, b"", "")]
        session.get("https://a.test/x", headers={"Authorization": "Bearer ours"})
        assert web.asked == list(zip(["https://a.test/x", onward], expected, strict=True))


def test_a_key_in_a_header_of_its_own_stays_at_home_too(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[set[str]] = []
    answer = web.answer
    monkeypatch.setattr(web, "answer", lambda request, **more: seen.append({*request.headers}) or answer(request))
    for onward in ("https://a.test/y", "https://b.test/y"):
        web.answers = [(302, b"", onward), (200, b"", "")]
        Session(follows=True).get("https://a.test/x", headers={"PRIVATE-TOKEN": "ours", "Range": "bytes=1-"})
    assert ["PRIVATE-TOKEN" in headers for headers in seen] == [True, True, True, False]
    assert all("Range" in headers for headers in seen)


def test_nothing_but_the_guarded_session_sends_requests() -> None:
    found = {
        str(file.relative_to(ROOT))
        for folder in ("ibf_pipeline", "flows", "tasks")
        for file in sorted((ROOT / folder).rglob("*.py"))
        if sends(ast.parse(file.read_text(encoding="utf-8")))
    }
    assert found == {"ibf_pipeline/io/session.py"}


def test_no_client_of_the_satellite_leg_has_an_account_or_a_token_of_its_own() -> None:
    """One object puts the token into a request, and every token comes out of one kind of source: both are in `io`.

    The receiver reads the account of a push, and the login of a DESP account is the package's own.
    """
    found: dict[str, set[str]] = {}
    for file in sorted((ROOT / "ibf_pipeline/satellites").rglob("*.py")):
        tree = ast.parse(file.read_text(encoding="utf-8"))
        words = {
            node.value.lower() for node in ast.walk(tree) if isinstance(node, ast.Constant) and type(node.value) is str
        }
        names = {ast.unparse(node) for node in ast.walk(tree) if isinstance(node, ast.Name | ast.Attribute)}
        own = {"authorization", "bearer"} & words | {
            "Bearer",
            "HTTPBasicAuth",
            "requests",
            "httpx",
            "urllib.request",
        } & names
        if own:
            found[file.name] = own
    assert found == {"receiver.py": {"authorization"}}


def sends(tree: ast.AST) -> set[str]:
    """Sessions of requests that are opened or derived from, and requests without one."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            found.add(ast.unparse(node.func))
        elif isinstance(node, ast.ClassDef):
            found.update(map(ast.unparse, node.bases))
    verbs = ("Session", "session", "request", "get", "head", "post", "put", "patch", "delete", "options")
    return found & {f"requests.{verb}" for verb in verbs}
