"""Which generation of the IBF API a server is."""

from datetime import UTC, datetime
from typing import Any

import pytest

from ibf_pipeline.domain.lead_times import LEAD_TIMES
from ibf_pipeline.errors import ServerRefused
from ibf_pipeline.publish.call import FileBody
from ibf_pipeline.targets.ibf.capabilities import choose
from ibf_pipeline.targets.ibf.planner import PlanParameters, plan_calls
from tests.worlds.countries.flood_findings import AREAS, event, found

FILE = FileBody("extent.tif", "extent.tif", "0")


def document(*paths: str, **queries: list[str]) -> dict[str, Any]:
    entries: dict[str, Any] = {path: {"post": {"parameters": []}} for path in paths}
    for path, names in queries.items():
        entries["/" + path.replace("__", "/")] = {"post": {"parameters": [{"name": n, "in": "query"} for n in names]}}
    return {"paths": entries}


def test_a_current_server() -> None:
    server = document("/event/alerts-per-lead-time", "/event/triggers-per-leadtime", "/event/close-events",
                      events__process=["noNotifications"], notification__send=["noNotifications"])  # fmt: skip
    choice = choose("auto", server, "here")
    assert choice.capabilities.name == "current"
    assert "alerts-per-lead-time" in choice.reason
    assert choice.capabilities.preview_parameter == choice.capabilities.silent_parameter == "noNotifications"
    assert choice.capabilities.close_path is None, "the preview closes"
    assert choice.capabilities.end_path == "/notification/send"


def test_a_current_server_without_the_old_end() -> None:
    server = document("/event/alerts-per-lead-time", events__process=["noNotifications"])
    assert choose("auto", server, "here").capabilities.end_path == "/events/process"


def test_a_described_server() -> None:
    server = document("/event/triggers-per-leadtime", "/event/close-events",
                      "/event/event-map-image/{countryCodeISO3}/{disasterType}/{eventName}",
                      notification__send=["isApiTest"])  # fmt: skip
    capabilities = choose("auto", server, "here").capabilities
    assert (capabilities.name, capabilities.map_image, capabilities.preview_parameter) == ("described", True, None)
    assert capabilities.silent_parameter == "isApiTest"


TWICE_CLOSED = [("/event/close-events", {})] * 2
"""after the events, and at the end"""


@pytest.mark.parametrize(
    ("process", "calls"),
    [
        (["noNotifications"], [("/events/process", {"noNotifications": "true"})]),
        (["isApiTest"], [("/events/process", {"isApiTest": "true"})]),
        ([], TWICE_CLOSED),
        (None, TWICE_CLOSED),
    ],
)
def test_a_preview_that_would_notify_is_left_out(
    process: list[str] | None, calls: list[tuple[str, dict[str, str]]]
) -> None:
    """A server ignores a parameter that it does not know, and mails. Nobody is to be notified here."""
    queries = {} if process is None else {"events__process": process}
    server = document("/event/alerts-per-lead-time", "/event/close-events", "/notification/send", **queries)
    day = found([event("G1", "--TT----", "max", {"A": 3, "A1": 3})], [])
    order = PlanParameters(datetime(2026, 11, 10, tzinfo=UTC), AREAS, dict.fromkeys(LEAD_TIMES, FILE), notify=False)
    plan = plan_calls(day, order, choose("auto", server, "here").capabilities)
    assert [
        (call.path, dict(call.query)) for call in plan if call.path.startswith("/event") and call.event is None
    ] == (calls)


def test_the_setting_wins_over_the_document() -> None:
    server = document("/event/alerts-per-lead-time", "/event/triggers-per-leadtime", "/event/close-events")
    assert choose("described", server, "here").capabilities.name == "described"
    assert choose("current", None, "here").capabilities.name == "current"


@pytest.mark.parametrize("server", [None, {"paths": {}}, {"paths": {"/health": {}}}])
def test_auto_does_not_guess(server: dict[str, Any] | None) -> None:
    with pytest.raises(ServerRefused, match="OpenAPI document"):
        choose("auto", server, "here")
