"""A process that runs the tiny country's day: says when it has read the discharge, goes on at a line of its input."""

from __future__ import annotations

import logging
import sys
from contextlib import nullcontext
from datetime import date
from typing import Any

import flows.floods
from tests.bad_input.conftest import STAGES


def main(config: str, workspace: str, issue_date: date) -> None:
    """The flow's own function; no server limits anything, only the files of this machine do."""
    shown = logging.StreamHandler(sys.stdout)
    shown.setLevel(logging.WARNING)
    logging.getLogger("ibf_pipeline").addHandler(shown)
    for name in STAGES:
        setattr(flows.floods, name, getattr(flows.floods, name).fn)
    find_events = flows.floods.find_events

    def paused(*arguments: Any, **options: Any) -> Any:
        print("inside", flush=True)
        sys.stdin.readline()
        return find_events(*arguments, **options)

    flows.floods.find_events = paused  # type: ignore[assignment]
    flows.floods.one_at_a_time = lambda iso3: nullcontext()  # type: ignore[assignment]
    for name in ("keep_artifacts", "publishing_progress"):
        setattr(flows.floods, name, lambda *arguments: nullcontext())
    state = flows.floods.floods.fn("XTY", issue_date, config=config, workspace=workspace)
    print("ended", state.type.value, state.message, flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], date.fromisoformat(sys.argv[3]))
