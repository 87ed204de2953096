"""The base job template as the Kubernetes worker of Prefect fills it, and the values of the charts."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import kubernetes_validate
import pytest
import yaml
from prefect.client.schemas.objects import FlowRun

from flows.deployment.server_settings import WANTED
from flows.deployment.table import planned_deployments
from flows.wiring.day import open_configuration
from flows.wiring.environment import RETRIES
from ibf_pipeline.config.settings import Operations
from tests.conftest import ROOT
from tests.worlds.countries.projects import add_country, make_project

FOLDER = ROOT / "docs/kubernetes"
IMAGE = "registry.example.org/ibf@sha256:" + "0" * 64


@pytest.fixture(scope="module")
def jobs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """The manifest of a job of each country's deployment: XDM says nothing of its jobs, XDN needs more memory."""
    config = Path(make_project(tmp_path_factory.mktemp("project"), ("XDM", "XDN"), stories={}))
    settings = yaml.safe_load((config / "settings.yaml").read_text(encoding="utf-8"))
    settings["operations"] = {"job_variables": {"image": IMAGE, "env": {"GDAL_CACHEMAX": "64"}}}
    (config / "settings.yaml").write_text(yaml.safe_dump(settings), encoding="utf-8")
    add_country(config, "XDN", job_variables={"memory_limit": "6Gi", "accounts": "ibf-accounts-of-xdn"})
    planned = planned_deployments(open_configuration(str(config)), "/app/config", None)
    return {item.name: manifest(item.job_variables) for item in planned if item.flow.name == "floods"}


def manifest(variables: dict[str, Any]) -> dict[str, Any]:
    # not above: every process of the tests reads this file, and its thousand modules take five seconds
    from prefect_kubernetes.worker import KubernetesWorkerJobConfiguration

    template = json.loads((FOLDER / "base-job-template.json").read_text(encoding="utf-8"))
    nobody: Any = object()  # a server is asked only where a template names a block
    job = asyncio.run(KubernetesWorkerJobConfiguration.from_template_and_values(template, variables, client=nobody))
    job.prepare_for_flow_run(FlowRun(id=uuid4(), flow_id=uuid4(), name="a-day", created=datetime.now(UTC)))
    return job.job_manifest


def container(job: dict[str, Any]) -> dict[str, Any]:
    (only,) = job["spec"]["template"]["spec"]["containers"]
    assert isinstance(only, dict)
    return only


def test_a_job_is_one_that_kubernetes_takes(jobs: dict[str, dict[str, Any]]) -> None:
    job = json.loads(json.dumps(jobs["XDM"]))
    assert "{{" not in json.dumps(job)
    for wanted_by_prefect_alone in ("parallelism", "completions"):
        del job["spec"]["template"]["spec"][wanted_by_prefect_alone]
    kubernetes_validate.validate(job, kubernetes_validate.latest_version(), strict=True)


def test_kubernetes_makes_no_attempt_of_its_own_and_the_image_is_the_installation_s(
    jobs: dict[str, dict[str, Any]],
) -> None:
    for job in jobs.values():
        assert job["spec"]["backoffLimit"] == 0
        assert job["spec"]["template"]["spec"]["restartPolicy"] == "Never"
        assert (container(job)["image"], container(job)["args"]) == (IMAGE, ["prefect", "flow-run", "execute"])


def test_a_country_has_the_memory_and_the_accounts_that_its_file_names(jobs: dict[str, dict[str, Any]]) -> None:
    assert {
        iso3: (container(job)["resources"]["limits"]["memory"], container(job)["envFrom"]) for iso3, job in jobs.items()
    } == {
        "XDM": ("2Gi", [{"secretRef": {"name": "ibf-accounts"}}]),
        "XDN": ("6Gi", [{"secretRef": {"name": "ibf-accounts-of-xdn"}}]),
    }
    environment = {item["name"]: item.get("value") for item in container(jobs["XDN"])["env"]}
    assert environment["GDAL_CACHEMAX"] == "64"
    assert environment["PREFECT_FLOWS_HEARTBEAT_FREQUENCY"] == "30"


def test_a_job_writes_only_where_everything_may_vanish_and_is_not_root(jobs: dict[str, dict[str, Any]]) -> None:
    pod = jobs["XDM"]["spec"]["template"]["spec"]
    assert [set(volume) for volume in pod["volumes"]] == [{"name", "emptyDir"}]
    assert {mount["mountPath"] for mount in container(jobs["XDM"])["volumeMounts"]} == {"/scratch", "/home/ibf", "/tmp"}  # noqa: S108
    assert pod["securityContext"]["runAsNonRoot"]
    assert container(jobs["XDM"])["securityContext"] == {
        "allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}
    }  # fmt: skip


def values(name: str) -> dict[str, Any]:
    content = yaml.safe_load((FOLDER / name).read_text(encoding="utf-8"))
    assert isinstance(content, dict)
    return content


def test_server_and_worker_are_of_the_version_that_was_tested() -> None:
    locked = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    (version,) = (line.removeprefix("prefect==") for line in locked if line.startswith("prefect=="))
    server, worker = values("server-values.yaml"), values("worker-values.yaml")["worker"]
    assert server["global"]["prefect"]["image"]["prefectTag"] == f"{version}-python3.11"
    assert worker["image"]["prefectTag"] == f"{version}-python3.11-kubernetes"


def test_the_server_and_its_workers_outlive_a_restart() -> None:
    server, worker = values("server-values.yaml")["server"], values("worker-values.yaml")["worker"]
    said = {each["name"]: each["value"] for each in server["env"]}
    leases, order = WANTED
    assert said[leases.variable] == leases.wanted
    mounts = {each["mountPath"]: each["name"] for each in server["extraVolumeMounts"]}
    volumes = {each["name"]: each for each in server["extraVolumes"]}
    home, claim = volumes[mounts[said["PREFECT_HOME"]]]["persistentVolumeClaim"], values("server-home.yaml")
    kubernetes_validate.validate(claim, kubernetes_validate.latest_version(), strict=True)
    assert (claim["kind"], claim["metadata"]["name"]) == ("PersistentVolumeClaim", home["claimName"])
    page = (ROOT / "docs/installation.md").read_text(encoding="utf-8")
    made = volumes[mounts[said["PYTHONPATH"]]]["configMap"]["name"]
    assert f"create configmap {made} --from-file={order.wanted.replace('.', '/')}.py" in page
    assert said[order.variable] == order.wanted.rsplit(".", 1)[1], "the image has no other module of ours"
    assert RETRIES.items() <= {each["name"]: each["value"] for each in worker["extraEnvVars"]}.items()


def test_the_worker_looks_at_the_pool_of_the_deployments_and_secrets_are_named_only() -> None:
    server, worker = values("server-values.yaml"), values("worker-values.yaml")["worker"]
    assert worker["config"]["workPool"] == Operations().work_pool
    logins = server["server"]["basicAuth"], worker["selfHostedServerApiConfig"]["basicAuth"]
    assert [login["existingSecret"] for login in logins] == ["prefect-login", "prefect-login"]
    assert not any("authString" in login for login in logins)
    assert server["secret"] == {"create": False, "name": "prefect-database"}
    assert not server["postgresql"]["enabled"]
