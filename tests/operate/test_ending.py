"""What a run's end says, without a server."""

from __future__ import annotations

from dataclasses import asdict, replace
from datetime import date
from pathlib import Path

from flows.ending import ended, failed
from flows.states import NotNotified
from ibf_pipeline.errors import ConfigError, InputMissing, OutcomeUnknown
from ibf_pipeline.runs.folder import write_json
from ibf_pipeline.targets.notice import Notice
from ibf_pipeline.targets.told import kept_notices
from tests.worlds.countries.made_found import event, found, station
from tests.worlds.journals import once_more, planned
from tests.worlds.runs import flood_run

ENDED = Notice("alert ended", "G7", "Testland: the alert at G7 has ended.")


def test_the_message_begins_with_what_was_found_or_cannot_be_shown() -> None:
    day = found([event("G1", "---TT---", "max", {"A": 300, "A1": 300}), event("G2", "--w-----", "min", {})], [])
    assert ended(day, []).message == "1 trigger, 1 warning; alert could not be published: G2 (no areas in the mapping)"
    assert ended(replace(day, exercise=True), [], "approved").message.startswith("EXERCISE: 1 trigger, 1 warning; ")
    hidden = found([event("G2", "--w-----", "min", {})], [])
    assert (ended(hidden, []).is_failed(), ended(hidden, []).name) == (True, "Could not be published")
    assert ended(hidden, []).message == "alert could not be published: G2 (no areas in the mapping); 1 warning"
    assert ended(found([], [station("G3")]), []).message == "no alert"


def test_a_failure_begins_with_its_kind() -> None:
    assert failed(InputMissing("no forecast")).message == "input not available yet: no forecast"
    assert failed(OutcomeUnknown("sent")).message == "notification unconfirmed: sent"
    late = failed(NotNotified("not notified: nobody approved it", where="/runs/XDM", remedy="tell them yourself"))
    assert late.message == "not notified: nobody approved it. What to do: tell them yourself."
    assert failed(ConfigError("there is no country KEN")).message == "there is no country KEN"
    errors = (InputMissing("no forecast"), OutcomeUnknown("sent"), NotNotified("not notified: x"), ConfigError("x"))
    assert [failed(error).name for error in errors] == [
        "Input not available", "Notification unconfirmed", "Not notified", "Failed"
    ]  # fmt: skip
    assert failed(ConfigError("not notified of a change of the file")).name == "Failed", "whatever its words"


def test_notices_of_an_unconfirmed_publication_are_found_on_disk(tmp_path: Path) -> None:
    run = flood_run(tmp_path, "XTS", date(2026, 2, 15))
    assert kept_notices(run, "portal") == []
    second = once_more(planned(run))
    write_json(second.notices_file, {"notices": [asdict(ENDED)]})
    assert kept_notices(run, "portal") == [ENDED]
