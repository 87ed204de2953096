"""Early actions of a triggered area, which people tick off; a re-made event area loses the ticks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ibf_pipeline.sandbox.responses import Refusal, server_error
from ibf_pipeline.sandbox.store import SandboxStore
from ibf_pipeline.sandbox.uploads import area_known

# A short list stands for the agreed protocol of a country: the texts are the sandbox's own.
_EARLY_ACTIONS = (
    ("drr", "drr-1", "Inform communities and volunteers of the expected flood"),
    ("shelter", "shelter-1", "Move shelter kits to the branch nearest to the area"),
    ("wash", "wash-1", "Distribute water purification tablets"),
)


def actions_with_status(store: SandboxStore, disaster: str, place_code: str, event: str | None) -> list[dict[str, Any]]:
    """The actions with their newest tick among open events of that name."""
    found = store.rows(
        "SELECT s.action, s.checked FROM early_action_status AS s JOIN event_area AS e ON e.id = s.event_area_id"
        " WHERE s.place_code = :place AND e.closed = 0 AND (:event IS NULL OR e.event = :event) ORDER BY s.id",
        place=place_code,
        event=event or None,
    )
    checked = {row["action"]: bool(row["checked"]) for row in found}
    return [
        {
            "aof": focus,
            "action": action,
            "label": label,
            "disasterType": disaster,
            "month": {},
            "placeCode": place_code,
            "checked": checked.get(action, False),
        }
        for focus, action, label in _EARLY_ACTIONS
    ]


def tick_action(store: SandboxStore, body: Mapping[str, Any], moment: str) -> dict[str, Any]:
    """Note the state of an action on the open event area of that place."""
    if body["action"] not in {action for _, action, _ in _EARLY_ACTIONS}:
        raise Refusal(404, {"errors": "Action not found"})
    with store.transaction():
        if not area_known(store, body["placeCode"]):
            raise server_error()
        area = store.row(
            "SELECT id FROM event_area WHERE place_code = :placeCode AND disaster = :disasterType"
            " AND event IS NULLIF(:eventName, '') AND closed = 0",
            **body,
        )
        tick = {"action": body["action"], "place_code": body["placeCode"], "checked": body["status"], "moment": moment}
        store.insert("early_action_status", [{**tick, "event_area_id": area and area["id"]}])
    return {"status": body["status"], "placeCode": body["placeCode"], "timestamp": moment}
