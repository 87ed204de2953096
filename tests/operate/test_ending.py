"""What a run's end says, without a server."""

from __future__ import annotations

from dataclasses import asdict, replace
from datetime import date
from pathlib import Path

from flows.day_state import day_state, failed_state
from flows.states import NotNotified
from ibf_pipeline.errors import ConfigError, InputMissing, OutcomeUnknown
from ibf_pipeline.io.atomic_files import write_json
from ibf_pipeline.targets.notice import Notice
from tests.worlds.countries.flood_findings import event, found, station
from tests.worlds.journals import once_more, planned
from tests.worlds.runs import flood_run, kept_notices

ENDED = Notice("alert ended", "G7", "Testland: the alert at G7 has ended.")


def test_the_message_begins_with_what_was_found_or_cannot_be_shown() -> None:
    day = found([event("G1", "---TT---", "max", {"A": 300, "A1": 300}), event("G2", "--w-----", "min", {})], [])
    assert (
        day_state(day, []).message == "1 trigger, 1 warning; alert could not be published: G2 (no areas in the mapping)"
    )
    assert day_state(replace(day, exercise=True), [], "approved").message.startswith("EXERCISE: 1 trigger, 1 warning; ")
    hidden = found([event("G2", "--w-----", "min", {})], [])
    assert (day_state(hidden, []).is_failed(), day_state(hidden, []).name) == (True, "Could not be published")
    assert day_state(hidden, []).message == "alert could not be published: G2 (no areas in the mapping); 1 warning"
    assert day_state(found([], [station("G3")]), []).message == "no alert"


def test_a_failure_begins_with_its_kind() -> None:
    assert failed_state(InputMissing("no forecast")).message == "input not available yet: no forecast"
    assert failed_state(OutcomeUnknown("sent")).message == "notification unconfirmed: sent"
    late = failed_state(NotNotified("not notified: nobody approved it", where="/runs/XDM", remedy="tell them yourself"))
    assert late.message == "not notified: nobody approved it. What to do: tell them yourself."
    assert failed_state(ConfigError("there is no country KEN")).message == "there is no country KEN"
    errors = (InputMissing("no forecast"), OutcomeUnknown("sent"), NotNotified("not notified: x"), ConfigError("x"))
    assert [failed_state(error).name for error in errors] == [
        "Input not available", "Notification unconfirmed", "Not notified", "Failed"
    ]  # fmt: skip
    assert failed_state(ConfigError("not notified of a change of the file")).name == "Failed", "whatever its words"


def test_notices_of_an_unconfirmed_publication_are_found_on_disk(tmp_path: Path) -> None:
    run = flood_run(tmp_path, "XTS", date(2026, 2, 15))
    assert kept_notices(run, "portal") == []
    second = once_more(planned(run))
    write_json(second.folder.joinpath("notices.json"), {"notices": [asdict(ENDED)]})
    assert kept_notices(run, "portal") == [ENDED]
