"""The commands, as a person types them."""

from __future__ import annotations

import json
import logging
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import shapely
import typer
import yaml
from typer.testing import CliRunner

from flows.cli.inbox import inbox_app
from flows.cli.receiver import receiver
from flows.cli.records import records_app
from flows.cli.subscriptions import subscriptions_app
from flows.wiring.subscriptions import open_eodata, open_receiver
from ibf_pipeline.errors import ConfigError, IbfError, InputMissing
from ibf_pipeline.satellites.subscriptions.declarations import country_outline, declared_subscriptions
from ibf_pipeline.satellites.subscriptions.notification import read_product
from ibf_pipeline.satellites.subscriptions.settings import read_settings
from tests.conftest import ROOT
from tests.worlds.services.catalogue import radar_product
from tests.worlds.services.catalogue_account import HERE, NOON
from tests.worlds.services.dialects import ALL, CREODIAS, NSIS, Dialect
from tests.worlds.services.eodata_installation import RADAR_OVER_XTS, SECRETS, Installation, installed
from tests.worlds.services.odata_evaluation import holds, parse

app = typer.Typer()
app.add_typer(subscriptions_app, name="subscriptions")
app.add_typer(inbox_app, name="inbox")
app.add_typer(records_app, name="records")
app.command()(receiver)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Installation]:
    with installed(tmp_path, monkeypatch) as installation:
        installation.declare(floods=RADAR_OVER_XTS)
        yield installation


def run(place: Installation, *words: str, answer: str | None = None) -> tuple[int, str]:
    result = CliRunner().invoke(app, [*words, *place.options], input=answer, env={"COLUMNS": "300"})
    if isinstance(result.exception, IbfError):
        return result.exception.exit_code, str(result.exception)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.output


def test_plan_apply_list_and_delete(place: Installation):
    assert run(place, "subscriptions", "plan") == (0, "test: would create for floods: declared and not there\n")
    assert place.catalogue.subscriptions == {}
    code, text = run(place, "subscriptions", "apply", answer="n\n")
    assert (code, place.catalogue.subscriptions) == (1, {})
    assert run(place, "subscriptions", "apply", "--yes")[0] == 0
    ((made, entry),) = place.catalogue.subscriptions.items()
    product = {"Collection": "SENTINEL-1", "Attributes": [{"Name": "productType", "Value": "IW_GRDH_1S"}]}
    inside = {**product, "GeoFootprint": {"type": "Point", "coordinates": [32.9, 0.9]}}  # in B1
    outside = {**product, "GeoFootprint": {"type": "Point", "coordinates": [34, 0.9]}}
    assert holds(parse(entry["FilterParam"]), inside)
    assert not holds(parse(entry["FilterParam"]), outside)
    assert run(place, "subscriptions", "plan") == (0, "test: everything is as declared\n")
    assert "name one in operations.intake_schedule" in run(place, "subscriptions", "apply", "--yes")[1]
    settings = yaml.safe_load((place.config / "settings.yaml").read_text(encoding="utf-8"))
    settings["operations"] = {"intake_schedule": "*/10 * * * *"}
    (place.config / "settings.yaml").write_text(yaml.safe_dump(settings), encoding="utf-8")
    assert run(place, "subscriptions", "apply", "--yes")[1] == "test: everything is as declared\ntest: 0 steps taken\n"
    code, text = run(place, "subscriptions", "list", "--json")
    (listed,) = json.loads(text)
    assert (listed["id"], listed["declared_as"], listed["kind"]) == (made, "floods", "pull")
    assert made in run(place, "subscriptions", "list")[1]
    assert run(place, "subscriptions", "delete", made, "--provider", "test")[0] == 0
    assert place.catalogue.subscriptions == {}


def test_what_is_stuck_ends_with_code_1(place: Installation):
    place.catalogue.create({"FilterParam": ""})
    code, text = run(place, "subscriptions", "apply", "--yes")
    assert code == 1
    assert "all 1 running subscriptions are taken: pause one of" in text
    assert (
        "not made by this pipeline"
        in run(place, "subscriptions", "delete", next(iter(place.catalogue.subscriptions)), "--provider", "test")[1]
    )


def test_a_plan_tells_programs_what_has_drifted(place: Installation):
    words = ("subscriptions", "plan", "--json", "--exit-code")
    code, text = run(place, *words)
    (found,) = json.loads(text)
    assert (code, found["provider"], [(step["kind"], step["name"]) for step in found["steps"]]) == (
        1, "test", [("create", "floods")]
    )  # fmt: skip
    assert run(place, "subscriptions", "plan")[0] == 0
    assert run(place, "subscriptions", "apply", "--json")[0] == 2, "it would have to ask"
    code, text = run(place, "subscriptions", "apply", "--json", "--yes")
    assert (code, [step["kind"] for step in json.loads(text)[0]["steps"]]) == (0, ["create"])
    assert run(place, *words) == (0, '[\n  {\n    "provider": "test",\n    "steps": [],\n    "stuck": []\n  }\n]\n')
    next(iter(place.catalogue.subscriptions.values()))["Status"] = "paused"
    assert run(place, *words)[0] == 1


@pytest.mark.parametrize("dialect", ALL, ids=lambda dialect: dialect.name)
def test_a_subscription_is_cancelled_and_shown_with_what_the_catalogue_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, dialect: Dialect
):
    with installed(tmp_path, monkeypatch, dialect) as place:
        place.declare(floods={**RADAR_OVER_XTS, "stage_order": False})
        assert run(place, "subscriptions", "apply", "--yes")[0] == 0
        ((made, entry),) = place.catalogue.subscriptions.items()
        assert entry["StageOrder"] is False
        (listed,) = json.loads(run(place, "subscriptions", "list", "--json")[1])
        assert (listed["stage_order"], listed["status"]) == (dialect.stage_order, "running")
        assert listed["submitted"] == f"{entry['SubmissionDate'][:19].replace('T', ' ')}Z"
        text = run(place, "subscriptions", "list")[1]
        assert f"made {listed['submitted']}; StageOrder {str(dialect.stage_order).lower()}" in text
        code, text = run(place, "subscriptions", "cancel", made, "--provider", "test")
        later = dialect.cancelled == "removed-later"
        assert (code, "the catalogue removes it some time later" in text) == (0, later)
        assert [each["Status"] for each in place.catalogue.subscriptions.values()] == ["cancelled"] * later
        shown = json.loads(run(place, "subscriptions", "list", "--json", "--provider", "test")[1])
        assert [(each["status"], each["declared_as"]) for each in shown] == [("cancelled", None)] * later


def test_a_state_that_there_is_none_of_is_a_mistake_of_the_command(place: Installation):
    code, text = run(place, "inbox", "list", "--state", "waitin")
    assert (code, "waitin" in text, "triggered" in text) == (2, True, True)


def test_a_catalogue_without_a_token_endpoint_takes_a_ready_token(place: Installation, monkeypatch: pytest.MonkeyPatch):
    """As NSIS is shipped: no account in the environment, and a token that a person got."""
    content = yaml.safe_load((place.config / "eodata.yaml").read_text(encoding="utf-8"))
    content["providers"]["test"] |= {"token_url": None, "token_variable": "NSIS_TOKEN"}
    (place.config / "eodata.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")
    for name in ("EODATA_TEST_USERNAME", "EODATA_TEST_PASSWORD"):
        monkeypatch.delenv(name)
    code, text = run(place, "subscriptions", "plan")
    assert (code, "NSIS_TOKEN is not set" in text) == (1, True)
    monkeypatch.setenv("NSIS_TOKEN", "canary-ready-token")
    code, text = run(place, "subscriptions", "plan")
    assert (code, "export a new token as NSIS_TOKEN" in text, "canary" in text) == (1, True, False)
    place.web.tokens.append("canary-ready-token")
    assert run(place, "subscriptions", "plan")[0] == 0
    assert place.web.grants == []
    assert read_settings(ROOT / "config").providers["nsis"].token_variable == "NSIS_TOKEN"


def test_push_and_renewed_credentials(place: Installation, monkeypatch: pytest.MonkeyPatch):
    place.declare(floods={**RADAR_OVER_XTS, "kind": "push", "endpoint": "https://floods.example.org/notifications"})
    assert run(place, "subscriptions", "apply", "--yes")[0] == 0
    (entry,) = place.catalogue.subscriptions.values()
    assert entry["NotificationEpPassword"] == SECRETS["EODATA_ENDPOINT_PASSWORD"]
    monkeypatch.setenv("EODATA_ENDPOINT_PASSWORD", "canary-second")
    code, text = run(place, "subscriptions", "apply", "--yes", "--renew-credentials")
    assert (code, entry["NotificationEpPassword"]) == (0, "canary-second")
    assert "canary" not in text
    monkeypatch.delenv("EODATA_ENDPOINT_PASSWORD")
    code, text = run(place, "subscriptions", "plan")
    assert (code, "EODATA_ENDPOINT_PASSWORD" in text) == (1, True)


def test_inbox_commands(place: Installation):
    run(place, "subscriptions", "apply", "--yes")
    product = place.publish_over_the_alert(1)
    eodata = open_eodata(str(place.config), str(place.workspace))
    with eodata.client("test") as client:
        (queue,) = place.catalogue.queues
        eodata.inbox.store("test", "pull", client.read(queue).notifications)
    assert product in run(place, "inbox", "list", "--state", "waiting")[1]
    shown = json.loads(run(place, "inbox", "show", product.upper())[1])
    assert (shown["state"], shown["notifications"][0]["times"], shown["catalogue"]["Id"]) == ("waiting", 1, product)
    assert run(place, "inbox", "replay", product) == (0, f"{product}: waiting, replay 1\n")
    assert run(place, "inbox", "prune", "--older-than", "30") == (0, "0 products pruned\n")
    code, text = run(place, "inbox", "prune", "--older-than", "0")
    assert (code, "may still start an observation" in text) == (2, True)
    assert run(place, "inbox", "prune", "--older-than", "0", "--state", "waiting") == (0, "1 products pruned\n")
    assert "dropped by `inbox prune`" in run(place, "inbox", "list", "--state", "ignored")[1]
    assert run(place, "inbox", "show", "nothing")[0] == 2


def test_ids_are_whole_in_a_narrow_terminal_and_a_beginning_is_enough(place: Installation):
    """Eighty columns, names of 70 letters; the ids of products 1 and 16 begin alike, that of the third does not."""
    long = "S1A_IW_GRDH_1SDV_" + "X" * 53
    ids = ["abcdef01-0000-4000-8000-000000000001", "abcdef01-0000-4000-8000-000000000016", "b" * 36]
    eodata = open_eodata(str(place.config), str(place.workspace))
    eodata.inbox.store_products(
        "test", [read_product({**radar_product(1, NOON, HERE), "Id": key, "Name": long}) for key in ids]
    )
    eodata.inbox.decide(ids[0], "ignored", "acquired 99 h ago, the limit is 72 h")
    result = CliRunner().invoke(app, ["inbox", "list", *place.options], env={"COLUMNS": "80"})
    assert result.exit_code == 0
    for text in (*ids, long, "acquired 99 h ago, the limit is 72 h", "acquired 2026-11-20 12:00:00Z", "2 waiting"):
        assert text in result.output
    listed = json.loads(run(place, "inbox", "list", "--json", "--state", "ignored")[1])
    assert [product["product"] for product in listed["products"]] == ids[:1]
    assert listed["counts"]["waiting"] == 2
    assert json.loads(run(place, "inbox", "show", "bbb")[1])["product"] == ids[2]
    assert json.loads(run(place, "inbox", "show", ids[1].upper()[:36])[1])["product"] == ids[1]
    code, text = run(place, "inbox", "show", "abcdef01-0000")
    assert (code, f"one of {ids[0]}, {ids[1]}" in text) == (2, True)
    run(place, "subscriptions", "apply", "--yes")
    (made,) = place.catalogue.subscriptions
    result = CliRunner().invoke(app, ["subscriptions", "list", *place.options], env={"COLUMNS": "80"})
    assert f"{made}  test  floods  pull  running" in result.output


def test_nothing_declared_is_said(place: Installation):
    place.declare()
    for word in ("plan", "apply"):
        assert run(place, "subscriptions", word) == (
            0, "nothing is declared under subscriptions in eodata.yaml, and none was made by this pipeline\n"
        )  # fmt: skip


def test_no_secret_is_shown_or_kept(place: Installation, caplog: pytest.LogCaptureFixture):
    """Neither in what the commands print, nor in the logs, nor in the files."""
    caplog.set_level(logging.DEBUG)
    place.declare(floods={**RADAR_OVER_XTS, "kind": "push", "endpoint": "https://floods.example.org/notifications"})
    texts = [
        run(place, "subscriptions", word, *more)[1]
        for word, more in (("plan", ()), ("apply", ("--yes",)), ("list", ()))
    ]
    place.web.password = "changed"
    place.web.tokens.clear()
    texts.append(run(place, "subscriptions", "list")[1])
    assert "the token endpoint answered 401" in texts[-1]
    texts += [
        caplog.text,
        *(file.read_bytes().decode("latin-1") for file in place.workspace.rglob("*") if file.is_file()),
    ]
    assert [text for text in texts if "canary" in text or "token-1" in text] == []


@pytest.mark.parametrize("dialect", [CREODIAS, NSIS], ids=lambda dialect: dialect.name)
def test_apply_twice_in_the_other_dialects(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, dialect):
    with installed(tmp_path, monkeypatch, dialect) as place:
        place.declare(floods=RADAR_OVER_XTS)
        assert run(place, "subscriptions", "apply", "--yes")[0] == 0
        text = run(place, "subscriptions", "apply", "--yes")[1]
        assert text.startswith("test: everything is as declared\ntest: 0 steps taken\n")
        assert len(place.catalogue.subscriptions) == 1


@pytest.mark.parametrize(
    ("declared", "message"),
    [
        ({"provider": "none"}, "floods: there is no provider 'none'"),
        ({"kind": "push"}, "kind push has an endpoint"),
        ({"country": None, "collection": None, "product_types": []}, "say `everything: true` to want it"),
        ({"everything": True}, "contradict each other"),
        ({"area": [1, 2, 3, 4]}, "either a country or an area"),
        ({"country": None, "area": [3, 2, 1, 4]}, "west < east"),
        ({"events": ["deleted", "created"]}, "a subscription of its own"),
        ({"colection": "SENTINEL-1"}, "unknown key, did you mean 'collection'"),
        ({"password": "canary-in-a-file"}, "unknown key"),
    ],
)
def test_wrong_declarations_name_the_file_and_the_remedy(place: Installation, declared, message):
    place.declare(floods={**RADAR_OVER_XTS, **declared})
    with pytest.raises(ConfigError) as error:
        read_settings(place.config)
    assert message in str(error.value)
    assert "eodata.yaml" in str(error.value)
    assert "canary" not in str(error.value)


def test_an_unencrypted_service_is_refused(place: Installation):
    file = place.config / "eodata.yaml"
    file.write_text(file.read_text(encoding="utf-8").replace("http://127.0.0.1", "http://catalogue.example.org"))
    with pytest.raises(ConfigError, match=r"catalogue\.example\.org is a public host without TLS"):
        read_settings(place.config)


def test_the_shipped_settings_hold_the_documents_limits():
    providers = read_settings(ROOT / "config").providers
    assert {name: (p.running_limit, p.total_limit, p.events) for name, p in providers.items()} == {
        "creodias": (1, 10, ("created",)),
        "nsis": (2, 10, ("created", "modified", "deleted")),
        "cdse": (1, 10, ("created", "modified", "deleted")),
    }


def test_missing_pieces_are_named(place: Installation, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    place.declare(floods={**RADAR_OVER_XTS, "country": "XXX"})
    assert run(place, "subscriptions", "plan")[0] == 3
    with pytest.raises(InputMissing, match="ibf-pipeline prepare"):
        country_outline(tmp_path / "nothing")
    monkeypatch.delenv("EODATA_TEST_PASSWORD")
    code, text = run(place, "subscriptions", "plan")
    assert (code, "what to do" in text.lower(), "EODATA_TEST_PASSWORD" in text) == (1, True, True)
    monkeypatch.delenv("EODATA_ENDPOINT_USERNAME")
    with pytest.raises(ConfigError, match="EODATA_ENDPOINT_USERNAME"):
        open_receiver(str(place.config))
    (place.config / "eodata.yaml").unlink()
    with pytest.raises(ConfigError, match="copy the repository's"):
        read_settings(place.config)


def test_a_provider_without_a_token_service_says_so(place: Installation):
    file = place.config / "eodata.yaml"
    content = yaml.safe_load(file.read_text(encoding="utf-8"))
    content["providers"]["test"]["token_url"] = None
    file.write_text(yaml.safe_dump(content), encoding="utf-8")
    code, text = run(place, "subscriptions", "plan")
    assert (code, "has no token_url" in text) == (1, True)


def test_the_boundaries_of_the_highest_level_are_enough_for_a_country(place: Installation):
    """The demo country as a clone has it, none of it prepared; of an unprepared one without them the file is named."""
    countries = place.config / "countries"
    countries.mkdir()
    content = yaml.safe_load((ROOT / "config/countries/XDM.yaml").read_text(encoding="utf-8"))
    for iso3, folder in (("XDM", place.workspace / "one"), ("XDN", place.workspace / "none")):
        static = {**content, "iso3": iso3, "static": str(folder)}
        (countries / f"{iso3}.yaml").write_text(yaml.safe_dump(static), encoding="utf-8")
    areas = place.workspace / "one" / "admin_areas"
    areas.mkdir(parents=True)
    shutil.copy(ROOT / "data/fixtures/XDM/admin_areas/adm1.geojson", areas)
    settings = yaml.safe_load((ROOT / "config/settings.yaml").read_text(encoding="utf-8"))
    (place.config / "settings.yaml").write_text(yaml.safe_dump(settings), encoding="utf-8")
    place.declare(floods={**RADAR_OVER_XTS, "country": "XDM"})
    code, text = run(place, "subscriptions", "plan")
    assert (code, "would create for floods" in text) == (0, True), text
    place.declare(floods={**RADAR_OVER_XTS, "country": "XDN"})
    code, text = run(place, "subscriptions", "plan")
    assert (code, "adm1.geojson" in text, "declare an `area`" in text) == (3, True, True), text


def test_an_area_instead_of_a_country(place: Installation):
    place.declare(floods={"provider": "test", "area": [30, 0, 31.5, 1], "collection": "SENTINEL-1"})
    (item,) = declared_subscriptions(read_settings(place.config), "test", lambda iso3: shapely.Point(), {})
    assert (
        "POLYGON((31.5000 0.0000,31.5000 1.0000,30.0000 1.0000,30.0000 0.0000,31.5000 0.0000))" in item.request.filter
    )


def test_an_inbox_of_an_earlier_version_is_refused_until_it_is_taken_over(place: Installation):
    """A product that is in the old file alone would start its observation a second time."""
    earlier = place.workspace / "eodata" / "inbox.sqlite"
    earlier.parent.mkdir()
    shutil.copy(ROOT / "tests/fixtures/earlier/databases/inbox.sqlite", earlier)
    for command in (["subscriptions", "apply", "--yes"], ["inbox", "list"]):
        code, text = run(place, *command)
        assert (code, "ibf-pipeline records take-over" in text) == (1, True), text
    for rows in (4, None):
        code, text = run(place, "records", "take-over")
        assert (code, f"{earlier}: 4 rows taken over" in text) == (0, rows == 4), text
        assert earlier.with_name("inbox.sqlite.taken-over").is_file()
        code, text = run(place, "inbox", "list")
        assert (code, text.splitlines()[-1]) == (
            0, "1 incomplete, 1 waiting, 0 triggered, 0 ignored, 2 notifications",
        )  # fmt: skip
