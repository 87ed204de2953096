"""What lists of runs show of a day: tags."""

from __future__ import annotations

from dataclasses import replace

import pytest
from prefect import flow, tags
from prefect.client.orchestration import get_client
from prefect.runtime import flow_run
from prefect.settings import PREFECT_API_URL, temporary_settings

from flows.outcome_tags import outcome_tags, show_outcome
from tests.worlds.countries.flood_findings import event, found, station
from tests.worlds.services.prefect_server import PrefectServer

QUIET = found([], [station("G1")])
WARNING = found([event("G1", "--ww----", "med", {"A": 0, "A1": 0})], [])
TRIGGER = replace(WARNING, events=(*WARNING.events, event("G2", "--TT----", "max", {"B": 3, "B1": 3})))


def test_the_highest_that_was_found_and_what_could_not_be_seen() -> None:
    assert outcome_tags(QUIET, held=False) == ("no alert",)
    assert outcome_tags(WARNING, held=False) == ("warning",)
    assert outcome_tags(TRIGGER, held=True) == ("trigger", "held")
    blind = found([], [station("G1", blind=True), station("G2")])
    assert outcome_tags(blind, held=False) == ("no alert", "not all seen")


@pytest.mark.prefect
def test_a_run_keeps_its_own_tags_and_shows_the_last_outcome(api: PrefectServer) -> None:
    shown = []

    @flow(name="a-day")
    def day() -> str:
        with get_client(sync_client=True) as client:
            for held in (True, False):
                show_outcome(TRIGGER, held=held)
                shown.append(set(client.read_flow_run(flow_run.id).tags))
        with temporary_settings(updates={PREFECT_API_URL: "http://127.0.0.1:9/api"}):
            show_outcome(QUIET, held=False)
        return "done"

    with tags("UGA", "floods"):
        assert day() == "done", "no server is no reason to fail"
    assert shown == [{"UGA", "floods", "trigger", "held"}, {"UGA", "floods", "trigger"}]
