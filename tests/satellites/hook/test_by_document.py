"""The Hook commands against a service that knows the documents' calls alone, and may be unkind."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from flows.cli.hook import hook_app
from ibf_pipeline.errors import IbfError
from tests.satellites.hook.conftest import archive
from tests.satellites.strict_hook import StrictHook
from tests.satellites.strict_server import Answer
from tests.worlds.services.hook_platform import Clock

SCENE = "S2A_MSIL1C_20230910T050701_N0509_R019_T47VLH_20230910T074321.SAFE"
COLLECTION = "desp_source_collection=EO.ESA.DAT.SENTINEL-2.MSI.L1C"
ORDER = ("order", "data-harvest", SCENE, "-o", COLLECTION)


@pytest.fixture
def service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[StrictHook]:
    """The strict service, and the project's own destine.yaml pointed at it."""
    clock = Clock()
    with StrictHook() as served:
        served.content = archive({"product/B02.jp2": b"blue"})
        (tmp_path / "config").mkdir()
        content = yaml.safe_load(Path("config/destine.yaml").read_text(encoding="utf-8"))
        content["services"]["dedl"] |= {"url": served.base}
        content["services"]["dedl"]["token"]["url"] = f"{served.url}/token"
        content["polling"] = {"attempts": 3}
        (tmp_path / "config/destine.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")
        settings = Path("config/settings.yaml").read_text(encoding="utf-8")
        (tmp_path / "config/settings.yaml").write_text(settings, encoding="utf-8")
        for name in ("DEDL_CLIENT_ID", "DEDL_CLIENT_SECRET", "DESP_USERNAME", "DESP_PASSWORD"):
            monkeypatch.setenv(name, f"canary-{name}")
        monkeypatch.setattr("flows.wiring.hook.clock", clock)
        monkeypatch.setattr("flows.wiring.hook.pause", clock.sleep)
        monkeypatch.setattr("tests.satellites.hook.test_by_document.FOLDER", tmp_path)
        yield served


FOLDER = Path()


def hook(*words: str, code: int = 0) -> str:
    result = CliRunner().invoke(hook_app, [*words, "--config", str(FOLDER / "config")], env={"COLUMNS": "60"})
    if isinstance(result.exception, IbfError):
        assert result.exception.exit_code == code, str(result.exception)
        return str(result.exception)
    assert result.exit_code == code, result.output
    return result.output


def test_probe(service: StrictHook) -> None:
    def out(*words, code=0):
        before = service.logins
        n = len(service.requests)
        try:
            text = hook(*words, code=code)
        except AssertionError as e:
            text = f"FAILED {e}"
        print("$", " ".join(words), "\n", text, "\nlogins", service.logins - before, [ (r.method, r.path, r.query) for r in service.requests[n:]], service.refused)
        service.refused.clear()
    out("check")
    out("workflows")
    out("describe", "data-harvest")
    out(*ORDER, "--name", "jess11")
    out("orders", "--name", "jess11")
    out("status", "25380")
    service.move("25380", "in_progress")
    out("wait") if 0 else None
    service.move("25380", "completed")
    out("wait")
    out("products", "25380")
    out("products", "25380", "--json")
    out("download", "25380", "--unpack")
    out("budget")
    out("cancel", "25380")
    out("orders", "--book")
