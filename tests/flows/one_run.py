"""A process that runs the tiny country's day: says when it has read the discharge, goes on at a line of its input."""

from __future__ import annotations

import logging
import sys
from datetime import date
from typing import Any

import flows.floods
import flows.wiring.flood_leg
from tests.worlds.plain_calls import plain_calls


def main(config: str, workspace: str, issue_date: date) -> None:
    """No server limits anything, only the files of this machine do."""
    shown = logging.StreamHandler(sys.stdout)
    shown.setLevel(logging.WARNING)
    logging.getLogger("ibf_pipeline").addHandler(shown)
    find_events = flows.wiring.flood_leg.find_events

    def paused(*arguments: Any, **options: Any) -> Any:
        print("inside", flush=True)
        sys.stdin.readline()
        return find_events(*arguments, **options)

    flows.wiring.flood_leg.find_events = paused  # type: ignore[assignment]
    with plain_calls():
        state = flows.floods.floods("XTY", issue_date, config=config, workspace=workspace, return_state=True)
    print("ended", state.type.value, state.message, flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], date.fromisoformat(sys.argv[3]))
