"""`deploy` against a real server: registers everything once, then changes only what differs."""

from __future__ import annotations

import socket
import time
from pathlib import Path

import httpx
import pytest
import yaml
from prefect.blocks.notifications import CustomWebhookNotificationBlock
from prefect.blocks.system import Secret
from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import DeploymentUpdate
from prefect.client.schemas.filters import FlowRunFilter
from prefect.exceptions import ObjectNotFound, PrefectHTTPStatusError
from prefect.settings import PREFECT_API_URL, temporary_settings
from pytest_httpserver import HTTPServer
from typer.testing import CliRunner

from flows.cli.app import app
from flows.deployment.deploy import await_server, deploy
from flows.deployment.operator_values import MARK, overlay_job_variables
from flows.deployment.result import DeployResult
from flows.deployment.table import planned_deployments
from flows.wiring.day import open_configuration
from ibf_pipeline.errors import ConfigError
from tests.worlds.countries.projects import add_country, make_project
from tests.worlds.services.prefect_server import PrefectServer

pytestmark = pytest.mark.prefect


def outcomes(done: list[DeployResult]) -> dict[str, str]:
    return {item.name: item.outcome for item in done}


def set_operations(config: Path, **operations: object) -> None:
    settings = yaml.safe_load((config / "settings.yaml").read_text(encoding="utf-8"))
    settings["operations"] = operations
    (config / "settings.yaml").write_text(yaml.safe_dump(settings), encoding="utf-8")


@pytest.fixture
def config(tmp_path: Path) -> Path:
    folder = Path(make_project(tmp_path / "project", ("XDM", "XDN"), stories={}))
    set_operations(folder, work_pool=tmp_path.name.lower().replace("_", "-"))
    return folder


def test_a_country_is_scheduled_with_its_own_cron_limit_tags_and_help_texts(api: PrefectServer, config: Path) -> None:
    add_country(config, "XDN", schedule="15 7 * * *")
    done = outcomes(deploy(str(config), None))
    assert done["floods/XDM"] == done["ibf-floods-XDM"] == done["heartbeat/heartbeat"] == "created"
    with get_client(sync_client=True) as client:
        country = client.read_deployment_by_name("floods/XDN")
        (schedule,) = country.schedules
        assert (schedule.schedule.cron, schedule.schedule.timezone) == ("15 7 * * *", "UTC")
        (other,) = client.read_deployment_by_name("floods/XDM").schedules
        assert other.schedule.cron == "10 15 * * *", "a default, spread"
        assert country.parameters == {"country": "XDN", "config": str(config)}
        assert country.global_concurrency_limit.limit == 1
        assert set(country.tags) == {"ibf-pipeline", "floods", "XDN"}
        assert country.parameter_openapi_schema["properties"]["take_over"]["description"] == (
            "replace an upload of the same day that is not ours."
        )
        assert country.parameter_openapi_schema["properties"]["country"]["enum"] == ["XDN"]
        with pytest.raises(PrefectHTTPStatusError, match="409"):
            client.create_flow_run_from_deployment(country.id, parameters={"country": "XDM"})
        run = client.create_flow_run_from_deployment(country.id)
        assert run.parameters == country.parameters, "the folder that the form does not show"
        assert client.read_global_concurrency_limit_by_name("ibf-floods-XDN").limit == 1


def schedule_runs(url: str, window: dict[str, object]) -> None:
    """Asked again while the server's database is busy with what it does by itself."""
    for _ in range(60):
        answer = httpx.post(url, json=window, timeout=60)
        if answer.status_code != 503:
            break
        time.sleep(1)
    answer.raise_for_status()


def test_every_country_has_its_runs_at_the_hour_of_its_schedule(api: PrefectServer, config: Path) -> None:
    """As the server itself works them out: days in UTC, whatever the season."""
    add_country(config, "XDN", schedule="15 7 * * *")
    deploy(str(config), None)
    window = {"start_time": "2027-03-27T16:00:00Z", "end_time": "2027-03-29T16:00:00Z", "max_runs": 10}
    for iso3, hour in (("XDM", "15:10"), ("XDN", "07:15")):
        with get_client(sync_client=True) as client:
            deployment = client.read_deployment_by_name(f"floods/{iso3}").id
            schedule_runs(f"{api.url}/deployments/{deployment}/schedule", window)
            runs = client.read_flow_runs(flow_run_filter=FlowRunFilter(deployment_id={"any_": [deployment]}))
        assert sorted(f"{run.expected_start_time:%Y-%m-%d %H:%M}" for run in runs if run.auto_scheduled) == [
            f"2027-03-28 {hour}", f"2027-03-29 {hour}"
        ]  # fmt: skip


def test_the_second_deploy_changes_nothing_and_a_change_only_what_it_is_about(api: PrefectServer, config: Path) -> None:
    CustomWebhookNotificationBlock(name="told", url="http://127.0.0.1:9/").save("told", overwrite=True)
    pool = yaml.safe_load((config / "settings.yaml").read_text())["operations"]["work_pool"]
    set_operations(config, notification_block="custom-webhook/told", work_pool=pool)
    deploy(str(config), None)
    again = deploy(str(config), None)
    assert {item.outcome for item in again if item.note != "paused"} <= {"unchanged"}, again
    assert len([item for item in again if item.kind == "automation"]) == 15
    add_country(config, "XDN", schedule="15 8 * * *")
    assert {n for n, outcome in outcomes(deploy(str(config), None)).items() if outcome == "changed"} == {"floods/XDN"}
    set_operations(config, work_pool=pool)
    removed = [item for item in deploy(str(config), None) if item.outcome == "removed"]
    assert len(removed) == 13, "without a block nobody can be told"


def test_a_country_that_is_no_longer_configured_is_paused_and_comes_back(api: PrefectServer, config: Path) -> None:
    deploy(str(config), None)
    (config / "countries/XDN.yaml").unlink()
    assert outcomes(deploy(str(config), None))["floods/XDN"] == "paused"
    with get_client(sync_client=True) as client:
        assert client.read_deployment_by_name("floods/XDN").paused
    assert outcomes(deploy(str(config), None))["floods/XDN"] == "unchanged"
    add_country(config, "XDN")
    assert outcomes(deploy(str(config), None))["floods/XDN"] == "changed"
    with get_client(sync_client=True) as client:
        assert not client.read_deployment_by_name("floods/XDN").paused


def test_a_country_whose_file_is_wrong_keeps_no_other_one_from_its_schedule(api: PrefectServer, config: Path) -> None:
    """What the server has of it stays as it is: it is still configured, only not readable."""
    deploy(str(config), None)
    file = config / "countries" / "XDN.yaml"
    file.write_text(file.read_text() + "\nfoo: 1\n")
    (config / "countries" / "abc.yaml").write_text("iso3: ABC\n")
    add_country(config, "XDO")
    done = {item.name: item for item in deploy(str(config), None)}
    assert done["floods/XDO"].outcome == "created"
    assert done["XDN"].outcome == done["abc"].outcome == "left out"
    assert "foo: unknown key" in done["XDN"].note
    assert "rename the file" in done["abc"].note
    assert "floods/XDN" not in done
    with get_client(sync_client=True) as client:
        assert not client.read_deployment_by_name("floods/XDN").paused
    result = CliRunner().invoke(app, ["deploy", "--config", str(config)])
    assert result.exit_code == 1


def test_a_deployment_that_an_operator_paused_stays_paused(api: PrefectServer, config: Path) -> None:
    deploy(str(config), None)
    with get_client(sync_client=True) as client:
        client.pause_deployment(client.read_deployment_by_name("floods/XDM").id)
        add_country(config, "XDM", schedule="1 1 * * *")
        assert outcomes(deploy(str(config), None))["floods/XDM"] == "changed"
        assert client.read_deployment_by_name("floods/XDM").paused


def test_approval_that_an_operator_set_and_a_schedule_that_is_switched_off_stay(
    api: PrefectServer, config: Path
) -> None:
    """A country that lost its approval with an upgrade would notify people without a person."""
    deploy(str(config), None)
    with get_client(sync_client=True) as client:
        before = client.read_deployment_by_name("floods/XDM")
        by_hand = {**before.parameters, "approval": True, "workspace": "/gone"}
        client.update_deployment(before.id, DeploymentUpdate(parameters=by_hand, enforce_parameter_schema=False))
        client.update_deployment_schedule(before.id, before.schedules[0].id, active=False)
        add_country(config, "XDM", schedule="1 1 * * *")
        done = {item.name: item for item in deploy(str(config), None)}["floods/XDM"]
        assert (done.outcome, done.note) == (
            "changed",
            "1 1 * * * UTC; parameters set by others stay: approval=True; switched off by others",
        )
        now = client.read_deployment_by_name("floods/XDM")
        assert now.parameters == {**before.parameters, "approval": True}
        assert [(item.schedule.cron, item.active) for item in now.schedules] == [("1 1 * * *", False)]
        assert outcomes(deploy(str(config), None))["floods/XDM"] == "unchanged"
        client.delete_deployment(now.id)


def test_what_prefect_deploy_has_left_on_a_deployment_is_taken_away(api: PrefectServer, config: Path) -> None:
    deploy(str(config), None)
    step = {"prefect.deployments.steps.set_working_directory": {"directory": "/nowhere"}}
    with get_client(sync_client=True) as client:
        before = client.read_deployment_by_name("floods/XDM")
        client.create_deployment(
            flow_id=before.flow_id, name="XDM", entrypoint=before.entrypoint, work_pool_name=before.work_pool_name,
            parameters=before.parameters, pull_steps=[step], enforce_parameter_schema=False,
        )  # fmt: skip
        assert client.read_deployment_by_name("floods/XDM").pull_steps == [step]
        assert outcomes(deploy(str(config), None))["floods/XDM"] == "changed"
        assert not client.read_deployment_by_name("floods/XDM").pull_steps
    assert outcomes(deploy(str(config), None))["floods/XDM"] == "unchanged"


def test_nothing_is_registered_where_a_schedule_is_no_cron(api: PrefectServer, config: Path) -> None:
    add_country(config, "XDQ")
    add_country(config, "XDM", schedule="61 9 * * *")
    with pytest.raises(ConfigError, match=r"schedule of floods/XDM is '61 9"):
        deploy(str(config), None)
    with get_client(sync_client=True) as client:
        names = {deployment.name for deployment in client.read_deployments()}
    assert "XDQ" not in names


def test_a_block_that_does_not_exist_is_named(api: PrefectServer, config: Path) -> None:
    set_operations(config, notification_block="slack-webhook/nobody")
    with pytest.raises(ConfigError, match="there is no block slack-webhook/nobody"):
        deploy(str(config), None)


def test_a_block_that_can_notify_nobody_is_refused_and_nothing_is_registered(api: PrefectServer, config: Path) -> None:
    Secret(value="x").save("not-a-messenger", overwrite=True)
    set_operations(config, notification_block="secret/not-a-messenger", work_pool="never-made")
    with pytest.raises(ConfigError, match="the block secret/not-a-messenger sends no notifications"):
        deploy(str(config), None)
    with get_client(sync_client=True) as client, pytest.raises(ObjectNotFound):
        client.read_work_pool("never-made")


def test_sensors_are_scheduled_where_a_country_uses_a_service(config: Path) -> None:
    settings = yaml.safe_load((config / "settings.yaml").read_text(encoding="utf-8"))
    settings["sources"]["ewds"] = {"kind": "ewds", "waiting": {"first_look": "08:05", "until": "11:00"}}
    settings["sources"]["unused"] = {"kind": "ewds"}
    (config / "settings.yaml").write_text(yaml.safe_dump(settings), encoding="utf-8")
    add_country(config, "XDN", sources=["ewds", "demo"])
    planned = planned_deployments(open_configuration(str(config)), str(config), None)
    sensors = {item.full_name: (item.schedule, item.parameters) for item in planned if item.flow.name == "watch-source"}
    assert sensors == {"watch-source/ewds": ("5 8 * * *", {"source": "ewds", "config": str(config)})}
    schedules = {item.name: item.schedule for item in planned if item.flow.name == "floods"}
    assert schedules["XDN"] is None  # its sensor starts it
    assert schedules["XDM"] == "10 15 * * *"


def test_an_observation_takes_no_place_of_a_forecast(api: PrefectServer, config: Path) -> None:
    """It waits for its order up to a day: a worker of its own runs it."""
    pool = open_configuration(str(config)).settings.operations.work_pool
    assert outcomes(deploy(str(config), None))[f"{pool}-observe"] == "created"
    with get_client(sync_client=True) as client:
        pools = {deployment.name: deployment.work_pool_name for deployment in client.read_deployments()}
        beside = client.read_work_pool(f"{pool}-observe")
        assert (beside.type, beside.base_job_template) == ("process", client.read_work_pool(pool).base_job_template)
    assert pools.pop("observe-event") == f"{pool}-observe"
    assert {pools[name] for name in ("XDM", "XDN", "all-countries", "heartbeat", "intake")} == {pool}
    set_operations(config, work_pool=pool, observation_pool=f"{pool}-later")
    done = outcomes(deploy(str(config), None))
    assert (done[f"{pool}-later"], done["observe-event/observe-event"]) == ("created", "changed")


def test_a_country_and_a_hazard_say_what_their_jobs_have_more_than_all(api: PrefectServer, config: Path) -> None:
    pool = open_configuration(str(config)).settings.operations.work_pool
    everywhere = {"image": "ibf-pipeline:1", "memory_limit": "1Gi", "env": {"GDAL_CACHEMAX": "64", "TZ": "UTC"}}
    set_operations(config, work_pool=pool, job_variables=everywhere)
    add_country(config, "XDN", job_variables={"memory_limit": "2Gi", "env": {"GDAL_CACHEMAX": "256"}})
    deploy(str(config), None)
    with get_client(sync_client=True) as client:
        of = {
            name: client.read_deployment_by_name(name).job_variables
            for name in ("floods/XDM", "floods/XDN", "heartbeat/heartbeat")
        }
    needed = {"DO_NOT_TRACK": "1", "PREFECT_LOGGING_EXTRA_LOGGERS": "ibf_pipeline"}
    for variables in of.values():
        assert needed.items() <= variables["env"].items()
        assert (variables["image"], variables["env"]["TZ"]) == ("ibf-pipeline:1", "UTC")
    assert of["floods/XDM"] == of["heartbeat/heartbeat"]
    assert {name: (job["memory_limit"], job["env"]["GDAL_CACHEMAX"]) for name, job in of.items()} == {
        "floods/XDM": ("1Gi", "64"), "floods/XDN": ("2Gi", "256"), "heartbeat/heartbeat": ("1Gi", "64")
    }  # fmt: skip
    add_country(config, "XDN")
    assert [name for name, outcome in outcomes(deploy(str(config), None)).items() if outcome == "changed"] == [
        "floods/XDN"
    ]


def test_job_variables_that_an_operator_sets_stay_and_those_that_we_set_no_longer_go(
    api: PrefectServer, config: Path
) -> None:
    """One at a time, also within the environment; where both say something, the configuration counts."""
    pool = open_configuration(str(config)).settings.operations.work_pool
    ours = {"working_dir": "/app", "env": {"TZ": "UTC", "GDAL_CACHEMAX": "64"}}
    set_operations(config, work_pool=pool, job_variables=ours)
    deploy(str(config), None)
    with get_client(sync_client=True) as client:

        def there() -> tuple[dict[str, object], dict[str, str]]:
            variables = dict(client.read_deployment_by_name("floods/XDM").job_variables)
            return variables, {name: variables["env"].get(name, "") for name in ("TZ", "GDAL_CACHEMAX", "PROXY")}

        before, _ = there()
        by_hand = {"command": "nice -n 5 prefect flow-run execute", "env": {"TZ": "Africa/Kampala", "PROXY": "on"}}
        update = {**before, **by_hand, "env": {**before["env"], **by_hand["env"]}}
        client.update_deployment(
            client.read_deployment_by_name("floods/XDM").id, DeploymentUpdate(job_variables=update)
        )
        done = {item.name: item for item in deploy(str(config), None)}["floods/XDM"]
        assert (done.outcome, done.note) == (
            "changed",
            "10 15 * * * UTC; job variables set by others stay: command, env.PROXY",
        )
        now, env = there()
        assert (now["command"], now["working_dir"]) == ("nice -n 5 prefect flow-run execute", "/app")
        assert env == {"TZ": "UTC", "GDAL_CACHEMAX": "64", "PROXY": "on"}
        assert outcomes(deploy(str(config), None))["floods/XDM"] == "unchanged"
        set_operations(config, work_pool=pool, job_variables={"env": {"TZ": "UTC"}})
        assert outcomes(deploy(str(config), None))["floods/XDM"] == "changed"
        now, env = there()
        assert (now["command"], "working_dir" in now) == ("nice -n 5 prefect flow-run execute", False)
        assert env == {"TZ": "UTC", "GDAL_CACHEMAX": "", "PROXY": "on"}


def test_what_an_earlier_version_had_set_stays_as_nothing_tells_whose_it_is() -> None:
    there = {"image": "ibf-pipeline:1", "env": {"TZ": "UTC", "DO_NOT_TRACK": "1"}}
    whole, others = overlay_job_variables(there, {"env": {"DO_NOT_TRACK": "1"}})
    assert whole == {"image": "ibf-pipeline:1", "env": {"TZ": "UTC", "DO_NOT_TRACK": "1", MARK: "env.DO_NOT_TRACK"}}
    assert others == ["env.TZ", "image"]
    assert overlay_job_variables({}, {"image": "a"}) == ({"image": "a", "env": {MARK: "image"}}, [])


def test_a_job_variable_that_the_pool_refuses_keeps_no_other_country_from_its_schedule(
    api: PrefectServer, config: Path
) -> None:
    pool = open_configuration(str(config)).settings.operations.work_pool
    add_country(config, "XDN", job_variables={"stream_output": "sometimes"})
    done = {item.name: item for item in deploy(str(config), None)}
    assert done["floods/XDM"].outcome != done["floods/XDN"].outcome == "left out"
    assert f"the work pool {pool} refuses floods/XDN" in done["floods/XDN"].note
    assert "'stream_output'" in done["floods/XDN"].note
    set_operations(config, work_pool=pool, job_variables={"stream_output": "sometimes"})
    with pytest.raises(ConfigError, match="'stream_output'"):
        deploy(str(config), None)


def test_the_intake_is_scheduled_where_a_schedule_is_named(api: PrefectServer, config: Path) -> None:
    pool = open_configuration(str(config)).settings.operations.work_pool
    deploy(str(config), None)
    with get_client(sync_client=True) as client:
        assert client.read_deployment_by_name("intake/intake").schedules == []
        set_operations(config, work_pool=pool, intake_schedule="*/10 * * * *")
        assert outcomes(deploy(str(config), None))["intake/intake"] == "changed"
        intake = client.read_deployment_by_name("intake/intake")
    (schedule,) = intake.schedules
    assert (schedule.schedule.cron, schedule.schedule.timezone) == ("*/10 * * * *", "UTC")
    assert intake.global_concurrency_limit.limit == 1


def test_deploy_waits_for_a_server_that_is_starting(tmp_path: Path) -> None:
    """The lines of the quick start, pasted: a server starts in the background and `deploy` follows at once."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = HTTPServer("127.0.0.1", port)
    server.expect_request("/api/health").respond_with_json(True)
    waited: list[str] = []

    def say(text: str) -> None:
        waited.append(text)
        server.start()  # it was not there yet

    with temporary_settings(updates={PREFECT_API_URL: f"http://127.0.0.1:{port}/api"}):
        await_server(60, say)
        assert (len(waited), len(server.log)) == (1, 1), "said once; answered once"
        server.stop()
        await_server(0, waited.append)
        assert len(waited) == 1, "it is not waited for"


def test_without_a_server_there_is_nothing_to_deploy_to(config: Path) -> None:
    with pytest.raises(ConfigError, match="there is no Prefect server"):
        deploy(str(config), None)


def test_deploy_says_which_accounts_the_workers_need(
    api: PrefectServer, config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of targets and sources of countries that have runs; those of the built-in server are its own."""
    monkeypatch.setenv("PREFECT_API_URL", api.url)
    said = CliRunner().invoke(app, ["deploy", "--config", str(config)])
    assert "workers need" not in said.output
    settings = yaml.safe_load((config / "settings.yaml").read_text(encoding="utf-8"))
    settings["targets"]["portal"] = {"kind": "ibf", "url": "https://ibf.example.org/api", "email_variable": "MAIL"}
    settings["sources"]["ewds"] = {"kind": "ewds"}
    (config / "settings.yaml").write_text(yaml.safe_dump(settings), encoding="utf-8")
    add_country(config, "XDN", target="portal", sources=["ewds", "demo"])
    add_country(config, "XDO", target="portal", static="nowhere", awaits_static=True)
    output = " ".join(CliRunner().invoke(app, ["deploy", "--config", str(config)]).output.split())
    needed = "EWDS_KEY (source ewds); MAIL, IBF_PASSWORD (target portal)"
    assert f"workers need in their environment, before they start: {needed}" in output
    assert "floods/XDO" in output
    assert "not scheduled: no static data yet in" in output
