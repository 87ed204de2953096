"""The Hook commands against a service that knows the documents' calls alone, and may be unkind."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from flows.cli.hook import hook_app
from ibf_pipeline.errors import IbfError
from tests.conftest import ROOT
from tests.satellites.hook.conftest import archive
from tests.satellites.strict_hook import REALM, StrictHook
from tests.satellites.strict_server import Answer, Request
from tests.worlds.services.hook_platform import Clock

SCENE = "S2A_MSIL1C_20230910T050701_N0509_R019_T47VLH_20230910T074321.SAFE"
ORDER = ("order", "data-harvest", SCENE, "-o", "desp_source_collection=EO.ESA.DAT.SENTINEL-2.MSI.L1C")
TOTP = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
Run = Callable[..., str]


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr("flows.wiring.hook.clock", clock)
    monkeypatch.setattr("flows.wiring.hook.pause", clock.sleep)
    return clock


@pytest.fixture
def service() -> Iterator[StrictHook]:
    with StrictHook() as served:
        served.content = archive({"product/B02.jp2": b"blue"})
        yield served


@pytest.fixture
def hook(service: StrictHook, clock: Clock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """A command with the project's own destine.yaml pointed at the service; what it says, exit code as expected."""
    (tmp_path / "config").mkdir()
    content = yaml.safe_load((ROOT / "config/destine.yaml").read_text(encoding="utf-8"))
    for name in ("dedl", "dedl-user"):
        content["services"][name] |= {"url": service.base, "role": "hook-medium"}
    content["services"]["dedl"]["token"]["url"] = f"{service.url}/token"
    content["polling"] = {"attempts": 3}
    (tmp_path / "config/destine.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")
    settings = (ROOT / "config/settings.yaml").read_text(encoding="utf-8")
    (tmp_path / "config/settings.yaml").write_text(settings, encoding="utf-8")
    for name in ("DEDL_CLIENT_ID", "DEDL_CLIENT_SECRET", "DESP_USERNAME", "DESP_PASSWORD"):
        monkeypatch.setenv(name, f"canary-{name}")

    def run(*words: str, code: int = 0) -> str:
        logins = service.logins
        words = (*words, "--config", str(tmp_path / "config"))
        result = CliRunner().invoke(hook_app, words, env={"COLUMNS": "40"})
        assert service.logins <= logins + 1, "one login a command"
        if isinstance(result.exception, IbfError):
            assert result.exception.exit_code == code, str(result.exception)
            return str(result.exception)
        assert result.exit_code == code, result.output
        return result.output

    return run


def test_the_tutorial_asks_for_nothing_that_the_tutorial_does_not(service: StrictHook, hook: Run) -> None:
    assert hook("check").count("missing") == 0
    hook("describe", "data-harvest")
    hook(*ORDER, "--name", "jess11")
    (number,) = service.orders
    assert "queued" in hook("status", number)
    service.move(number, "in_progress")
    assert "in_progress" in hook("status", json.loads(hook("orders", "--book", "--json"))[0]["key"])
    assert "404" in hook("cancel", number, code=1)
    assert service.refused.pop().startswith("POST /odata/v1/ProductionOrder")  # the tutorial cancels nothing
    service.move(number, "completed")
    assert "completed" in hook("wait")  # no document knows an address that would say otherwise
    (item,) = json.loads(hook("products", number, "--json"))
    hook("download", number, str(item["id"]), "--unpack")
    assert SCENE in hook("orders", "--name", "jess11"), "a narrow pipe cuts nothing"
    assert hook("budget")
    assert service.refused == []


def test_several_products_in_one_order_are_asked_for_by_their_items(service: StrictHook, hook: Run) -> None:
    hook(*ORDER, "B", "--batch")
    (number,) = service.orders
    assert "queued" in hook("status", number)
    service.move(number, "completed")
    assert "completed" in hook("wait")
    assert len(json.loads(hook("download", number, "--json"))) == 2
    assert service.refused == []


NO_LISTS = [
    {}, None, "OK", {"value": None}, {"value": {}}, {"value": "none"}, {"value": [None]}, {"value": [{}]},
    {"value": [{"Id": "25380", "Status": "queued"}]}, {"value": [{"Name": "a fp-1", "Status": "queued"}]},
    {"value": [], "error": "busy"}, {"value": [], "detail": [{"msg": "busy"}]}, {"value": [], "message": "busy"},
    b"", b"[",
]  # fmt: skip


def accepts_without_a_word(service: StrictHook) -> None:
    """The next order arrives, and its answer is lost."""

    def accepted(request: Request) -> Answer:
        service.answer(request)
        return Answer(503)

    service.instead("POST", ".*Order", accepted)


def test_an_order_whose_answer_was_lost_is_not_sent_again_while_listings_say_nothing(
    service: StrictHook, hook: Run, clock: Clock
) -> None:
    accepts_without_a_word(service)
    hook(*ORDER, code=4)
    for said in NO_LISTS:
        clock.sleep(3600)  # longer than an order may take to appear
        service.instead("GET", ".*/ProductionOrders", Answer(200, said))
        hook("wait", code=1)
    (number,) = service.orders
    service.move(number, "completed")
    assert "completed" in hook("wait")
    assert len(service.asked("POST", ".*Order")) == 1


@pytest.mark.parametrize("status", [None, ["completed"]])
def test_a_status_that_is_none_ends_no_order(status: object, service: StrictHook, hook: Run) -> None:
    hook(*ORDER)
    (number,) = service.orders
    service.orders[number]["Status"] = status
    assert "no Status" in hook("status", number, code=1)
    items = {"value": [{"Id": 1, "BatchOrderId": int(number) + 1, "Status": "completed"}]}
    service.instead("GET", r".*\(\d+\)/Products", Answer(200, items), Answer(200, {"value": [{"Status": "completed"}]}))
    assert f"of order {int(number) + 1}" in hook("download", number, code=1)
    assert "without Id" in hook("download", number, code=1)


def test_an_order_that_endswith_does_not_find_is_found_in_the_listing(service: StrictHook, hook: Run) -> None:
    def found(request: Request) -> Answer:
        return Answer(200, {"value": []}) if "$filter" in request.query else service.answer(request)

    accepts_without_a_word(service)
    service.instead("GET", ".*/ProductionOrders", *[found] * 1000)
    hook(*ORDER, code=4)
    service.move("25380", "completed")
    assert "completed" in hook("wait")
    assert len(service.asked("POST", ".*Order")) == 1


def test_a_token_that_ends_in_the_middle_is_renewed_once_and_nothing_is_ordered_twice(
    service: StrictHook, hook: Run
) -> None:
    def ended(request: Request) -> Answer:
        service.forget_tokens()
        service.logins -= 1  # the one that is needed
        return Answer(401, {"detail": "token expired"})

    service.instead("POST", ".*Order", ended, Answer(429, None, {"Retry-After": "7"}))
    hook(*ORDER)
    assert len(service.orders) == 1
    sent = [request.headers["authorization"] for request in service.asked("POST", ".*Order")]
    assert sent == ["Bearer token-1", "Bearer token-2", "Bearer token-2"]


def test_no_token_goes_to_where_a_result_is_handed_out(service: StrictHook, hook: Run) -> None:
    hook(*ORDER)
    service.move("25380", "completed")
    (item,) = json.loads(hook("products", "25380", "--json"))
    with StrictHook() as other:
        other.content = service.content
        service.links = lambda item: f"{other.url}/swift/v1/store/{item}.zip?temp_url_sig=1"
        without = {"value": [{"Id": item["id"], "Status": "completed", "DownloadLink": None}]}
        service.instead("GET", r".*\(\d+\)/Products", Answer(200, without))
        hook("download", "25380")
        assert other.refused == []
        assert len(service.asked("GET", r".*/\$value")) == len(other.requests) == 1


@pytest.mark.parametrize(("link", "code"), [("https://127.0.0.1/odata/v1/p2", 0), ("http://other.test/p2", 1)])
def test_a_next_page_is_read_on_the_same_host_in_whatever_scheme(
    link: str, code: int, service: StrictHook, hook: Run
) -> None:
    hook(*ORDER)
    service.instead("GET", ".*/ProductionOrders", Answer(200, {"value": [], "@odata.nextLink": link}))
    service.instead("GET", "/odata/v1/p2", lambda _: service.production_orders())
    assert ("25380" in hook("orders", code=code)) == (code == 0)


def test_what_two_pages_list_is_there_once(service: StrictHook, hook: Run) -> None:
    """An order that comes in between moves the last one of a page onto the next one."""
    service.orders["7"] = {"Id": "7", "Name": "a colleague's", "Status": "completed", "IdentifierList": ["A"],
                           "WorkflowName": "lai", "WorkflowOptions": []}  # fmt: skip
    for words in (("orders", "--json"), ("budget", "--json")):
        first = service.production_orders().body | {"@odata.nextLink": f"{service.base}p2"}
        service.instead("GET", ".*/ProductionOrders", Answer(200, first))
        service.instead("GET", "/odata/v1/p2", lambda _: service.production_orders())
        told = json.loads(hook(*words))
        assert (len(told) == 1) if words[0] == "orders" else (told["used_elsewhere"] == 1)


@pytest.mark.parametrize("factor", [None, "right", "missing"])
def test_a_desp_account_logs_in_once_a_command_with_a_second_factor_or_without(
    factor: str | None, service: StrictHook, hook: Run, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    pyotp = pytest.importorskip("pyotp")
    destinelab = pytest.importorskip("destinelab")
    monkeypatch.setattr(destinelab.desp_auth, "IAM_URL", service.url)
    monkeypatch.setattr(destinelab.dedl_auth, "DEDL_TOKEN_URL", f"{service.url}/exchange")
    monkeypatch.delenv("DESP_TOTP_SECRET", raising=False)
    if factor:
        service.second_factor = pyotp.TOTP(TOTP).at(int(clock().timestamp()))
    if factor == "right":
        monkeypatch.setenv("DESP_TOTP_SECRET", TOTP)
    said = hook(*ORDER, "--service", "dedl-user", code=1 if factor == "missing" else 0)
    assert ("one-time code" in said) == (factor == "missing")
    assert len(service.asked("GET", f"{REALM}/auth")) == 1
    assert len(service.orders) == (factor != "missing")
    assert service.refused == []


@pytest.mark.parametrize(
    "words",
    [
        ("data-harvest", SCENE),
        ("data-harvest", SCENE, "-o", "source_type="),
        ("sen2cor", SCENE, "-o", "source_type="),
        ("card_cohinf", SCENE),
        ("copdem", SCENE, "-o", "desp_source_password=env:DESP_PASSWORD"),
        ("data-harvest", SCENE, "-o", "desp_source_colection=x"),
    ],
    ids=" ".join,
)
def test_an_order_that_cannot_work_is_not_sent(words: tuple[str, ...], service: StrictHook, hook: Run) -> None:
    hook("order", *words, code=1)
    assert (service.asked("POST", ".*Order"), service.refused) == ([], [])


def test_a_download_that_is_no_result_is_not_kept(service: StrictHook, hook: Run) -> None:
    hook(*ORDER)
    service.move("25380", "completed")
    page = Answer(200, b"<html>Sign in</html>", {"Content-Type": "text/html"})
    service.instead("GET", ".*/store/.*", *[page] * 3, Answer(200, {"detail": "busy"}))
    assert "web page" in hook("download", "25380", code=1)
    assert "not a readable zip archive" in hook("download", "25380", code=1)
    hook("download", "25380", "--unpack")
