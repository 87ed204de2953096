"""compose.yaml: a compose file by its specification, and an installation whose workers share no disk."""

from __future__ import annotations

import json
import re
from importlib.resources import files
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from flows.deployment.server_settings import WANTED
from flows.wiring.environment import RETRIES
from ibf_pipeline.config.settings import Operations
from tests.conftest import ROOT

LONG_RUNNING = ("postgres", "store", "server", "worker", "observer")
OURS = ("server", "bucket", "deploy", "worker", "observer", "cli")


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    content = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
    assert isinstance(content, dict)
    return content


def test_it_is_a_compose_file(compose: dict[str, Any]) -> None:
    schema = json.loads(files("check_jsonschema").joinpath("builtin_schemas/vendor/compose-spec.json").read_text())
    problems = [f"{'/'.join(map(str, found.path))}: {found.message}" for found in errors(schema, compose)]
    assert problems == []
    assert errors(schema, {"services": {"worker": {"imagee": "x"}}}), "the schema knows its keys"


def errors(schema: dict[str, Any], content: dict[str, Any]) -> list[Any]:
    return list(Draft202012Validator(schema).iter_errors(content))


def test_whatever_is_waited_for_says_when_it_is_there(compose: dict[str, Any]) -> None:
    services = compose["services"]
    for name in LONG_RUNNING:
        assert "healthcheck" in services[name], name
    for name, service in services.items():
        for other, how in service.get("depends_on", {}).items():
            if how["condition"] == "service_healthy":
                assert "healthcheck" in services[other], f"{name} waits for {other}"
    assert services["worker"]["depends_on"] == services["observer"]["depends_on"]
    assert "deploy" not in services["worker"]["depends_on"], (
        "one country's mistake would keep all others from their day"
    )


def test_two_workers_share_nothing_that_they_write(compose: dict[str, Any]) -> None:
    services = compose["services"]
    assert services["worker"]["deploy"]["replicas"] == 2
    for name in set(OURS) - {"server"}:
        mounts = services[name].get("volumes", [])
        assert all(mount["type"] == "bind" and mount["read_only"] for mount in mounts), name
    assert [mount["target"] for mount in services["worker"]["volumes"]] == ["/app/config", "/app/data"]
    named = [mount.split(":")[0] for name in ("postgres", "store") for mount in services[name]["volumes"]]
    assert sorted([*named, "server"]) == sorted(compose["volumes"])


def test_the_server_and_its_workers_outlive_a_restart(compose: dict[str, Any]) -> None:
    server = compose["services"]["server"]
    said = {each.variable: each.wanted for each in WANTED}
    assert said.items() <= server["environment"].items()
    (kept,) = server["volumes"]
    assert (kept["type"], kept["target"]) == ("volume", server["environment"]["PREFECT_HOME"])
    made = (ROOT / "Containerfile").read_text(encoding="utf-8")
    assert re.search(rf"install --directory --owner ibf .*{kept['target']}\b", made), "else it is root's"
    for name in ("worker", "observer", "deploy"):
        assert RETRIES.items() <= compose["services"][name]["environment"].items()


def test_nothing_listens_beyond_this_machine(compose: dict[str, Any]) -> None:
    published = {name: service["ports"] for name, service in compose["services"].items() if "ports" in service}
    assert published == {"server": ["127.0.0.1:4200:4200"]}


def test_secrets_are_files_that_are_not_in_the_repository(compose: dict[str, Any]) -> None:
    ignored = (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()
    assert {"/secrets/", "/accounts.env", ".env"} <= set(ignored)
    assert all(secret["file"] == f"secrets/{name}" for name, secret in compose["secrets"].items())
    for name, service in compose["services"].items():
        assert set(service.get("secrets", [])) <= set(compose["secrets"]), name
        for variable, value in service.get("environment", {}).items():
            assert "PASSWORD" not in variable or value == f"/run/secrets/{variable.removesuffix('_FILE')}", variable
    secrets = set(compose["services"]["worker"]["secrets"])
    assert "POSTGRES_PASSWORD" not in secrets, "workers are no administrators of the database"
    assert compose["services"]["server"]["secrets"] == ["PREFECT_SERVER_DATABASE_PASSWORD"]


def test_images_can_be_given_by_digest(compose: dict[str, Any]) -> None:
    images = {name: service["image"] for name, service in compose["services"].items()}
    assert all(re.fullmatch(r"\$\{[A-Z_]+_IMAGE:-[^:}]+:[^}]+\}", image) for image in images.values()), images
    assert not any(image.endswith(":latest}") for image in images.values())
    assert {images[name] for name in OURS} == {images["worker"]}
    (built,) = (service["build"]["args"]["BASE"] for service in compose["services"].values() if "build" in service)
    assert built.startswith("${BASE:?"), "without a base it says so, and takes none of its own choice"


def test_the_workers_look_at_the_pools_of_the_deployments(compose: dict[str, Any]) -> None:
    def pool(service: str) -> str:
        command: list[str] = compose["services"][service]["command"]
        return command[command.index("--pool") + 1]

    operations = Operations()
    assert (pool("worker"), pool("observer")) == (operations.work_pool, operations.pool_of_observations)
