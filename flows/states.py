"""Words of the messages of run states, and names of events: automations and the morning page go by them."""

from __future__ import annotations

from prefect.client.schemas.objects import State

from ibf_pipeline.errors import IbfError

INPUT_MISSING = "input not available yet"


NOT_PUBLISHED = "alert could not be published"


NOTIFICATION_UNCONFIRMED = "notification unconfirmed"


NOT_NOTIFIED = "not notified"


HELD = "held before the notification"


NOTICE_EVENT = "ibf-pipeline.notice"


HELD_EVENT = "ibf-pipeline.held"


def exit_code(state: State) -> int:
    """0 done, 1 failed, 3 input not available yet, 4 notification unconfirmed."""
    error = _error(state)
    if isinstance(error, IbfError):
        return error.exit_code
    return 0 if state.is_completed() else 1


def _error(state: State) -> BaseException | None:
    result = state.result(raise_on_failure=False) if not state.is_completed() else None
    return result if isinstance(result, BaseException) else None


WATCHED = "watched"
"""tag of the runs that a sensor has started"""
