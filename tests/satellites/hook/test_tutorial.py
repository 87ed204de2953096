"""EUMETSAT's Hook tutorial, step by step, with the commands; and that no secret is left anywhere on the way."""

from __future__ import annotations

import json
import logging
import re
import shutil
import sqlite3
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import pytest
from typer.testing import CliRunner, Result

from flows.cli.hook import hook_app
from flows.cli.records import records_app
from ibf_pipeline.errors import ConfigError, ForbiddenByRule, IbfError, InputInvalid
from tests.conftest import ROOT
from tests.satellites.hook.conftest import archive
from tests.worlds.services.hook import CLIENT_SECRET, DESP_PASSWORD, S3_SECRET, SIGNING_KEY, Loopback

SCENE = "S2A_MSIL1C_20230910T050701_N0509_R019_T47VLH_20230910T074321.SAFE"
NAME = "Tutorial data-harvest - jess11"
COLLECTION = "desp_source_collection=EO.ESA.DAT.SENTINEL-2.MSI.L1C"
CANARIES = (CLIENT_SECRET, DESP_PASSWORD, S3_SECRET, SIGNING_KEY.decode(), "canarysign")


def hook(config: Path, *words: str, code: int = 0) -> str:
    result = run(config, *words)
    assert result.exit_code == code, result.output
    return result.output


def run(config: Path, *words: str, env: Mapping[str, str] = MappingProxyType({"COLUMNS": "400"})) -> Result:
    result = CliRunner().invoke(hook_app, [*words, "--config", str(config)], env=env)
    if isinstance(result.exception, IbfError):
        raise result.exception
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


@pytest.fixture
def workplace(tmp_path: Path, config: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Relative paths of destine.yaml start at the folder above the configuration."""
    return tmp_path


def test_the_whole_tutorial(config: Path, workplace: Path, server: Loopback, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    server.archives[SCENE] = archive({f"{SCENE}/manifest.safe": b"<xml/>", f"{SCENE}/GRANULE/B02.jp2": b"blue"})
    said = []

    # Authentication, and the prerequisites of the service's page
    said.append(hook(config, "check"))
    assert [line.split()[0] for line in said[-1].splitlines() if not line.startswith(" ")] == ["met"] * 7

    # List available workflows
    said.append(hook(config, "workflows"))
    assert "Sentinel-1: Terrain-corrected backscatter" in said[-1]
    assert len(json.loads(hook(config, "workflows", "--json"))) == 10

    # Select a workflow and see parameters
    said.append(hook(config, "describe", "data-harvest"))
    assert re.search(r"output_storage +yes", said[-1])

    # Order data-harvest, name the order, temporary storage
    said.append(hook(config, "order", "data-harvest", SCENE, "--name", NAME, "-o", COLLECTION))
    (placed,) = server.platform.orders
    sent = {entry["Name"]: entry["Value"] for entry in placed.body["WorkflowOptions"]}
    assert placed.body["IdentifierList"] == [SCENE]
    assert sent == {
        "output_storage": "TEMPORARY", "source_type": "DESP", "desp_source_username": "somebody",
        "desp_source_password": DESP_PASSWORD, "desp_source_collection": "EO.ESA.DAT.SENTINEL-2.MSI.L1C",
    }  # fmt: skip

    # Check the status of the order, by its name and by its id
    said.append(hook(config, "orders", "--name", "jess11"))
    assert f"{placed.id}  in_progress" in said[-1]
    said.append(hook(config, "status", str(placed.id)))
    said.append(hook(config, "wait"))
    assert "completed" in said[-1]

    # Access workflow output: list the items, download one
    said.append(hook(config, "products", str(placed.id)))
    assert "2026-03-02 06:05" in said[-1]  # done at 06:05 on 16 February; the link holds 14 days
    said.append(hook(config, "download", str(placed.id), str(placed.items[0].id), "--unpack"))
    folder = workplace / "inputs" / "hook" / "dedl"
    stem = f"{placed.id}_{placed.items[0].id}"
    assert (folder / f"{stem}.zip").read_bytes() == server.archives[SCENE]
    assert (folder / stem / SCENE / "GRANULE" / "B02.jp2").read_bytes() == b"blue"

    # Private storage
    said.append(hook(
        config, "order", "data-harvest", SCENE, "--name", NAME, "-o", COLLECTION, "--output", "private", "--wait"
    ))  # fmt: skip
    key = json.loads(hook(config, "orders", "--book", "--json"))[-1]["key"]
    body = {entry["Name"]: entry["Value"] for entry in server.platform.orders[-1].body["WorkflowOptions"]}
    assert body["output_s3_path"] == f"s3://your-bucket/{key}"
    assert body["output_s3_secret_key"] == S3_SECRET
    server.bucket = {f"{key}/{number}.jp2": b"x" * number for number in range(1, 6)} | {"other/1.jp2": b""}
    files = json.loads(hook(config, "files", key, "--json"))
    assert [(file["key"], file["bytes"]) for file in files] == [(f"{key}/{n}.jp2", n) for n in range(1, 6)]

    # What it cost
    said.append(hook(config, "budget"))
    assert "23 of 25 items left" in said[-1]

    # No secret in what was printed, logged or written
    printed = "\n".join([*said, caplog.text])
    written = {file: file.read_bytes() for file in workplace.rglob("*") if file.is_file()}
    assert len(written) >= 6
    assert not re.search(r"temp_url_sig=(?!<hidden>)", printed)
    assert not [file for file, content in written.items() if b"temp_url_sig" in content]
    for canary in CANARIES:
        assert canary not in printed
        assert not [file for file, content in written.items() if canary.encode() in content]


def test_accounts_are_read_from_the_files_of_the_tutorial_and_what_is_exported_stays(
    config: Path, workplace: Path, server: Loopback, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("DESP_USERNAME", "DESP_PASSWORD", "DEDL_CLIENT_SECRET"):
        monkeypatch.delenv(name)
    (workplace / ".env").write_text(
        f"DEDL_CLIENT_SECRET='{CLIENT_SECRET}'\nDEDL_CLIENT_ID=another\nDESP_USERNAME=first\n", encoding="utf-8"
    )
    (workplace / ".env_tutorial").write_text(
        f'DESP_USERNAME=second\nexport DESP_PASSWORD="{DESP_PASSWORD}"\n', encoding="utf-8"
    )
    hook(config, "order", "data-harvest", SCENE, "-o", COLLECTION)
    sent = {entry["Name"]: entry["Value"] for entry in server.platform.orders[0].body["WorkflowOptions"]}
    assert (sent["desp_source_username"], sent["desp_source_password"]) == ("first", DESP_PASSWORD)
    assert server.forms[0]["client_id"] == "api-key"


def test_ordering_twice_several_and_again(config: Path, workplace: Path, server: Loopback) -> None:
    words = ("order", "data-harvest", "P1", "P2", "--name", "two", "-o", COLLECTION)
    out = hook(config, *words, code=3)  # one runs, the other waits for it
    assert out.count(" sent ") == 1
    assert out.count(" waiting ") == 1
    hook(config, *words, code=3)
    assert len(server.platform.orders) == 1
    assert hook(config, "wait").count("completed") >= 2
    assert len(server.platform.orders) == 2
    hook(config, *words)
    assert len(server.platform.orders) == 2
    hook(config, *words, "--again", "1", "--wait")
    assert len(server.platform.orders) == 4


def test_exit_codes(config: Path, workplace: Path, server: Loopback, monkeypatch: pytest.MonkeyPatch) -> None:
    server.platform.fail.add("bad")
    hook(config, "order", "odp-test", "bad", "--wait", code=1)
    server.faults = ["cut after"]
    out = hook(config, "order", "odp-test", "cut", code=4)
    assert "unclear" in out
    hook(config, "wait")
    waiting = json.loads(hook(config, "orders", "--book", "--json"))[-1]["key"]
    assert "completed" in hook(config, "cancel", waiting)
    with pytest.raises(IbfError, match="no output 'bucket'"):
        run(config, "order", "odp-test", "x", "--output", "bucket")
    with pytest.raises(IbfError, match="no service 'nsis'"):
        run(config, "workflows", "--service", "nsis")
    assert run(config, "order", "odp-test", "x", "-o", "nonsense").exit_code == 2
    monkeypatch.setenv("HOOK_S3_ACCESS_KEY", "wrong")
    with pytest.raises(IbfError, match="not open to this key"):
        run(config, "files")


def test_check_tells_what_is_missing_one_by_one(
    config: Path, workplace: Path, server: Loopback, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.faults = ["403"]
    out = hook(config, "check", code=1)
    assert "met     account of My DataLake Services" in out
    assert "missing OnDemand Processing API (prerequisite 3)" in out
    server.roles = ("hook-workflows", "hook-medium")
    out = hook(config, "check", code=1)
    assert "the configuration says hook-low, the account has hook-medium" in out
    server.roles = ("default-roles",)
    assert "unknown Hook role" in hook(config, "check")
    monkeypatch.setenv("DEDL_CLIENT_SECRET", "canary-wrong")
    findings = json.loads(hook(config, "check", "--json", code=1))
    assert [finding["state"] for finding in findings] == ["missing", "unknown", "unknown", "met"]
    assert "canary" not in json.dumps(findings)
    monkeypatch.delenv("DEDL_CLIENT_SECRET")
    assert "DEDL_CLIENT_SECRET is not set" in hook(config, "check", code=1)
    monkeypatch.delenv("DEDL_CLIENT_ID")
    assert "DEDL_CLIENT_ID and DEDL_CLIENT_SECRET are not set" in hook(config, "check", code=1)


def test_check_names_the_variables_that_every_order_needs(
    config: Path, workplace: Path, server: Loopback, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DESP_PASSWORD")
    out = hook(config, "check", code=1)
    assert "DESP_PASSWORD is not set: " in out
    assert "data-harvest" in out[out.index("DESP_PASSWORD is not set") :]
    monkeypatch.delenv("DESP_USERNAME")
    assert "DESP_PASSWORD and DESP_USERNAME are not set" in hook(config, "check", code=1)


def test_check_of_a_silent_service_says_no_answer_and_not_missing(
    config: Path, workplace: Path, server: Loopback
) -> None:
    server.faults = ["500"] * 3
    out = hook(config, "check", code=1)
    assert "unknown OnDemand Processing API (prerequisite 3)\n        no answer: " in out
    assert "missing" not in out.split("no answer: ")[0]
    file = config / "destine.yaml"
    file.write_text(file.read_text(encoding="utf-8").replace(server.root, "http://127.0.0.1:9"), encoding="utf-8")
    findings = json.loads(hook(config, "check", "--json", code=1))
    assert [(finding["state"], finding["answered"]) for finding in findings] == [
        ("unknown", False), ("unknown", True), ("unknown", True), ("met", True)
    ]  # fmt: skip
    assert "no answer: " in findings[0]["says"]


def test_a_link_in_a_debug_line_of_the_http_library_is_unsigned(
    config: Path, workplace: Path, server: Loopback, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    hook(config, "order", "odp-test", "P1", "--wait")
    hook(config, "download", str(server.platform.orders[0].id))
    assert "/swift/v1/tmp-storage/" in caplog.text
    assert ".zip?... HTTP/1.1" in caplog.text


def test_waits_and_downloads_show_bars_in_a_terminal_and_nowhere_else(
    config: Path, workplace: Path, server: Loopback, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.archives[SCENE] = archive({"a.bin": b"x" * 5000})
    order = ("order", "data-harvest", SCENE, "--name", NAME, "-o", COLLECTION, "--wait")
    assert run(config, *order).stderr == ""
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "sent, in_progress" in plain(run(config, *order, "--again", "2").stderr)
    assert re.search(r"completed.*1/1", plain(run(config, *order, "--again", "1").stderr), re.DOTALL)
    assert re.search(r"item 253780.*bytes", plain(run(config, "download", "25378").stderr), re.DOTALL)
    assert run(config, "download", "25377", "--json").stderr == ""


def plain(text: str) -> str:
    """Without the terminal's codes."""
    return re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", text)


def test_without_an_account_the_order_book_tells_what_it_knows_and_no_senseless_order_gets_far(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("DEDL_CLIENT_ID", "DEDL_CLIENT_SECRET"):
        monkeypatch.delenv(name)
    for command in ("orders", "budget"):
        with pytest.raises(ConfigError) as refused:
            run(config, command)
        assert "--book shows what the order book knows, without an account" in refused.value.remedy
    assert json.loads(hook(config, "orders", "--book", "--json")) == []
    told = json.loads(hook(config, "budget", "--book", "--json"))
    assert (told["used_here"], told["used_elsewhere"], told["left"]) == (0, None, None)
    assert "what others ordered with the account is not known" in " ".join(hook(config, "budget", "--book").split())
    with pytest.raises(InputInvalid, match="a product is named twice"):
        run(config, "order", "sen2cor", SCENE, SCENE, "--batch")


def test_an_order_book_of_an_earlier_version_is_refused_until_it_is_taken_over(
    config: Path, workplace: Path, server: Loopback
) -> None:
    """An order that is in the old file alone would be sent, and paid, a second time."""
    earlier = workplace / "inputs" / "order-book.sqlite"
    earlier.parent.mkdir()
    shutil.copy(ROOT / "tests/fixtures/earlier/databases/orders.sqlite", earlier)
    with sqlite3.connect(earlier) as made:
        made.execute("UPDATE hook_order SET service = 'dedl'")
    made.close()
    for words in (["orders", "--book"], ["order", "data-harvest", SCENE, "-o", COLLECTION], ["wait"], ["budget"]):
        with pytest.raises(ForbiddenByRule, match="ibf-pipeline records take-over"):
            run(config, *words)
    for elsewhere, rows in ((["--workspace", str(workplace / "w")], 0), ([], 2), ([], 0)):
        done = CliRunner().invoke(records_app, ["take-over", "--config", str(config), *elsewhere])
        assert (done.exit_code, f"{earlier}: 2 rows taken over" in done.output) == (0, rows == 2), done.output
    assert [entry["state"] for entry in json.loads(hook(config, "orders", "--book", "--json"))] == ["sent", "waiting"]
    assert server.platform.orders == []
