"""Which generation of the IBF API a server is."""

from typing import Any

import pytest

from ibf_pipeline.errors import ServerRefused
from ibf_pipeline.targets.ibf.capabilities import choose


def document(*paths: str, **queries: list[str]) -> dict[str, Any]:
    entries: dict[str, Any] = {path: {"post": {"parameters": []}} for path in paths}
    for path, names in queries.items():
        entries["/" + path.replace("__", "/")] = {"post": {"parameters": [{"name": n, "in": "query"} for n in names]}}
    return {"paths": entries}


def test_a_current_server() -> None:
    server = document("/event/alerts-per-lead-time", "/events/process", "/event/triggers-per-leadtime",
                      notification__send=["noNotifications"])  # fmt: skip
    choice = choose("auto", server, "here")
    assert choice.capabilities.name == "current"
    assert "alerts-per-lead-time" in choice.reason
    assert (choice.capabilities.preview, choice.capabilities.silent_parameter) == (True, "noNotifications")
    assert choice.capabilities.end_path == "/notification/send"


def test_a_current_server_without_the_old_end() -> None:
    server = document("/event/alerts-per-lead-time", events__process=["noNotifications"])
    assert choose("auto", server, "here").capabilities.end_path == "/events/process"


def test_a_described_server() -> None:
    server = document("/event/triggers-per-leadtime", "/event/close-events",
                      "/event/event-map-image/{countryCodeISO3}/{disasterType}/{eventName}",
                      notification__send=["isApiTest"])  # fmt: skip
    capabilities = choose("auto", server, "here").capabilities
    assert (capabilities.name, capabilities.map_image, capabilities.preview) == ("described", True, False)
    assert capabilities.silent_parameter == "isApiTest"


def test_the_setting_wins_over_the_document() -> None:
    server = document("/event/alerts-per-lead-time", "/event/triggers-per-leadtime", "/event/close-events")
    assert choose("described", server, "here").capabilities.name == "described"
    assert choose("current", None, "here").capabilities.name == "current"


@pytest.mark.parametrize("server", [None, {"paths": {}}, {"paths": {"/health": {}}}])
def test_auto_does_not_guess(server: dict[str, Any] | None) -> None:
    with pytest.raises(ServerRefused, match="OpenAPI document"):
        choose("auto", server, "here")
