"""Where an order's input comes from: no password for nobody, and nothing paid that cannot work."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from ibf_pipeline.errors import ConfigError, InputInvalid
from ibf_pipeline.satellites.hook.input_sources import PROVIDED, ordered_options, require_source
from ibf_pipeline.satellites.hook.order_desk import OrderDesk
from ibf_pipeline.satellites.hook.orders import OrderRequest
from ibf_pipeline.satellites.hook.settings import load_hook_settings
from ibf_pipeline.satellites.hook.workflows import Workflow, WorkflowOption
from tests.satellites.hook.conftest import ENVIRONMENT
from tests.satellites.hook.test_tutorial import hook, run
from tests.worlds.services.hook import DESP_PASSWORD, Loopback

STORAGE = {"output_storage": "TEMPORARY"}
DESP = {
    "source_type": "DESP", "desp_source_username": "env:DESP_USERNAME", "desp_source_password": "env:DESP_PASSWORD"
}  # fmt: skip
EXTERNAL = {"source_type": "EXTERNAL", "source_catalogue_api_url": "https://a.test", "source_catalogue_collection": "C"}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, {**STORAGE, **DESP}),
        ({"desp_source_collection": "C"}, {**STORAGE, **DESP, "desp_source_collection": "C"}),
        ({"desp_source_username": ""}, {key: each for key, each in (STORAGE | DESP).items() if "username" not in key}),
        ({"source_type": ""}, STORAGE),
        ({"source_type": "EXTERNAL"}, {**STORAGE, "source_type": "EXTERNAL"}),
        (EXTERNAL, {**STORAGE, **EXTERNAL}),
        ({"output_storage": ""}, DESP),
    ],
)  # fmt: skip
def test_what_an_order_carries(given: dict[str, str], expected: dict[str, str]) -> None:
    assert ordered_options(DESP, given, STORAGE) == expected


def test_passwords_go_only_into_orders_whose_source_wants_them(config: Path, tmp_path: Path, server: Loopback) -> None:
    hook(config, "order", "odp-test", "P1")
    hook(config, "order", "data-harvest", "P2", "-o", "desp_source_collection=C", code=3)
    hook(config, "wait")
    hook(config, "order", "data-harvest", "P3", *[f"-o{name}={value}" for name, value in EXTERNAL.items()])
    bodies = [json.dumps(order.body) for order in server.platform.orders]
    assert [DESP_PASSWORD in body for body in bodies] == [False, True, False]
    assert ["desp_" in body for body in bodies] == [False, True, False]


@pytest.mark.parametrize(
    ("workflow", "options", "said"),
    [
        ("data-harvest", DESP, "desp_source_collection is missing"),
        ("data-harvest", {"source_type": "EXTERNAL"}, "source_catalogue_api_url is missing; source_catalogue_coll"),
        ("sen2cor", {}, "source_type is not given, so that nothing could be read"),
        ("lai", DESP, "desp_source_collection is missing"),
        ("odp-test", {"desp_source_password": "env:DESP_PASSWORD"}, "desp_source_password belongs to source_type DESP"),
        ("data-harvest", {**DESP, "desp_source_collection": "C", "source_password": "env:DESP_PASSWORD"}, "EXTERNAL"),
    ],
)
def test_an_order_that_cannot_work_is_refused_before_it_costs_anything(
    workflow: str, options: dict[str, str], said: str, open_desk: Callable[..., OrderDesk], server: Loopback
) -> None:
    desk = open_desk()
    with pytest.raises(InputInvalid, match=f"this order cannot work: .*{said}"):
        desk.submit(OrderRequest(workflow, ("P1",), {**STORAGE, **options}, "x"))
    assert (desk.unfinished(), server.platform.orders) == ([], [])


def test_what_the_service_has_a_default_for_is_not_missing() -> None:
    defaults = {"source_type": "DESP", "desp_source_username": "", "desp_source_collection": "C"}
    options = tuple(WorkflowOption(name, default=default or None) for name, default in defaults.items())
    workflow = Workflow("1", "sen2cor", options=options)
    account = {name: value for name, value in DESP.items() if name != "source_type"}
    require_source(workflow, account)
    with pytest.raises(InputInvalid, match=r"desp_source_username is missing; desp_source_password is missing"):
        require_source(workflow, {})


def test_every_provided_hook_has_a_preset_and_a_row_and_others_are_named_as_what_they_are(
    config: Path, tmp_path: Path
) -> None:
    settings = load_hook_settings(Path("config"))
    assert set(settings.presets) == PROVIDED
    page = Path("docs/hook.md").read_text(encoding="utf-8")
    assert [name for name in sorted(PROVIDED) if f"| `{name}` |" not in page] == []
    origins = {each["name"]: each["origin"] for each in json.loads(hook(config, "workflows", "--json"))}
    assert {name for name, origin in origins.items() if origin == "provided"} == PROVIDED
    assert origins["maja"] == origins["dedl_hello_world"] == "custom, or not in the service's page"


HTTP = "http://odp.example.org"


@pytest.mark.parametrize(
    "change",
    [
        {"services": {"dedl": {"url": HTTP, "token": {"kind": "desp-user"}}}},
        {"services": {"dedl": {"url": "https://h/o", "token": {"kind": "service-account", "url": HTTP}}}},
        {"private_storage": {"endpoint_url": HTTP, "bucket": "bucket"}},
        {"observation": {"catalogue": {"url": HTTP, "collection": "c", "asset": "a"}}},
        {"outputs": {"private": {"output_s3_endpoint_url": HTTP}}},
        {"presets": {"data-harvest": {"source_token_url": HTTP}}},
    ],
    ids=lambda change: next(iter(change)),
)
def test_no_address_of_a_public_host_goes_without_tls(change: dict[str, Any], tmp_path: Path) -> None:
    content = yaml.safe_load(Path("config/destine.yaml").read_text(encoding="utf-8"))
    (tmp_path / "destine.yaml").write_text(yaml.safe_dump({**content, **change}), encoding="utf-8")
    with pytest.raises(ConfigError, match=r"odp\.example\.org is a public host without TLS"):
        load_hook_settings(tmp_path)


def test_no_order_sends_the_platform_to_a_public_host_without_tls(open_desk: Callable[..., OrderDesk]) -> None:
    with pytest.raises(InputInvalid, match=r"source_token_url: http://odp\.example\.org is a public host without TLS"):
        open_desk().submit(OrderRequest("odp-test", ("P1",), {**STORAGE, "source_token_url": HTTP}, "x"))


def test_a_service_whose_address_is_not_public_takes_it_from_the_environment_with_its_second_factor(
    config: Path, tmp_path: Path, server: Loopback, monkeypatch: pytest.MonkeyPatch
) -> None:
    """CREODIAS as it is shipped, its realm replaced."""
    file = config / "destine.yaml"
    content = yaml.safe_load(file.read_text(encoding="utf-8"))
    content["services"]["creodias"]["token"]["url"] = server.token_url
    file.write_text(yaml.safe_dump(content), encoding="utf-8")
    monkeypatch.setenv("CREODIAS_USERNAME", "somebody")
    monkeypatch.setenv("CREODIAS_PASSWORD", ENVIRONMENT["DESP_PASSWORD"])
    monkeypatch.setenv("CREODIAS_TOTP_SECRET", "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ")
    with pytest.raises(ConfigError, match="CREODIAS_ODP_URL is not set"):
        run(config, "workflows", "--service", "creodias")
    monkeypatch.setenv("CREODIAS_ODP_URL", server.odp)
    assert "maja" in hook(config, "workflows", "--service", "creodias")
    assert len(server.forms[-1]["totp"]) == 6


def test_nothing_is_cut_of_a_table_in_a_pipe(config: Path, tmp_path: Path, server: Loopback) -> None:
    """Eighty columns, as pipes have them: keys, names of products, files and checksums stay whole."""
    product = "S2A_MSIL1C_20230910T050701_N0509_R019_T47VLH_20230910T074321.SAFE"
    label = "a rather long name of an order that somebody made up"
    narrow = {"env": {"COLUMNS": "80"}}
    assert run(config, "order", "odp-test", product, "--name", label, "--wait", **narrow).exit_code == 0
    (entry,) = json.loads(hook(config, "orders", "--book", "--json"))
    for words in (("orders", "--book"), ("orders",), ("status", entry["key"])):
        (line,) = [line for line in run(config, *words, **narrow).output.splitlines() if product in line]
        assert entry["order_id"] in line
        assert label in line
        assert entry["key"] in line
    said = run(config, "download", entry["key"], **narrow).output
    record = json.loads(hook(config, "download", entry["key"], "--json"))[0]
    (line,) = [line for line in said.splitlines() if record["sha256"] in line]
    assert record["file"] in line
