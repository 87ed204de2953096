"""Endpoints that turn uploads into events and mails, and what people do to events."""

from __future__ import annotations

import json
from typing import Any

from ibf_pipeline.sandbox import bodies
from ibf_pipeline.sandbox.backend import ApiRequest, Endpoint
from ibf_pipeline.sandbox.disasters import Disasters
from ibf_pipeline.sandbox.early_actions import tick_action
from ibf_pipeline.sandbox.mail import compose, store_mail
from ibf_pipeline.sandbox.process import close_only, process_events
from ibf_pipeline.sandbox.responses import bad_request, plain_error, server_error
from ibf_pipeline.sandbox.vocabulary import ApiVersion

_Mailed = dict[str, Any] | None


def event_endpoints(disasters: Disasters, behaves_like: ApiVersion) -> list[Endpoint]:
    event_body = bodies.process_fields(disasters)
    check_action = Endpoint("POST", "/eap-actions/check", _tick, "operator", bodies.CHECK_ACTION)
    if behaves_like == "described":
        return [
            Endpoint("POST", "/event/close-events", close_events_2024, "pipeline", event_body),
            Endpoint("POST", "/notification/send", send_notification_2024, "pipeline", event_body),
            check_action,
        ]
    return [
        Endpoint("POST", "/events/process", process, "pipeline", event_body, status=200),
        Endpoint("POST", "/event/close-events", close_events, "pipeline", event_body),
        # These two carry no guard in this version: they run without a token.
        Endpoint("POST", "/notification/send", process, None, event_body),
        Endpoint("POST", "/events/notify", notify, None, event_body),
        Endpoint("POST", "/events/set-trigger", set_trigger, "local-admin", bodies.set_trigger_fields(disasters)),
        check_action,
    ]


def _flag(call: ApiRequest, name: str) -> bool:
    """A query flag: absent is false, anything but ``true`` and ``false`` is refused."""
    text = call.query.get(name)
    if text not in (None, "true", "false"):
        raise bad_request("Validation failed (boolean string is expected)")
    return text == "true"


def process(call: ApiRequest) -> _Mailed:
    """Processes, then mails or (``noNotifications=true``) answers with the mail. The date of the body is ignored."""
    quiet = _flag(call, "noNotifications")
    process_events(call.store, *call.place)
    return _mail(call, quiet=quiet)


def close_events(call: ApiRequest) -> None:
    """Legacy: the full processing, with notifications off and an empty answer."""
    process_events(call.store, *call.place)
    # The content of a mail is made and thrown away, so that its failures are this call's failures.
    compose(call.store, *call.place)


def notify(call: ApiRequest) -> _Mailed:
    """Mail alone, no processing."""
    return _mail(call, quiet=_flag(call, "noNotifications"))


def close_events_2024(call: ApiRequest) -> None:
    close_only(call.store, *call.place)


def send_notification_2024(call: ApiRequest) -> _Mailed:
    """The described server: its quiet parameter was ``isApiTest``; ``noNotifications`` means nothing to it."""
    close_only(call.store, *call.place)
    return _mail(call, quiet=_flag(call, "isApiTest"))


def _mail(call: ApiRequest, *, quiet: bool) -> _Mailed:
    backend = call.backend
    notice = compose(backend.store, *call.place)
    if quiet:
        return {"activeEvents": {"email": notice.html} if notice else {}}
    if notice and not backend.takes_mail():
        raise plain_error(503, "Service Unavailable")  # recorded is the status, not its words
    if notice:
        store_mail(backend.store, *call.place, notice, backend.accounts.recipients(*call.place), backend.now_text())
    return None


def set_trigger(call: ApiRequest) -> dict[str, Any]:
    """A user sets event areas to trigger; mail goes out at once."""
    backend, ids = call.backend, call.body["eventPlaceCodeIds"]
    if not ids or call.user is None:
        raise server_error()
    changed = backend.store.run(
        "UPDATE event_area SET user_trigger = 1, user_trigger_date = :now, user_trigger_name = :name"
        " WHERE id IN (SELECT value FROM json_each(:ids))",
        now=backend.now_text(),
        name=call.user.full_name,
        ids=json.dumps([str(i) for i in ids]),
    )
    _mail(call, quiet=call.body.get("noNotifications") is True)
    return {"generatedMaps": [], "raw": [], "affected": changed}


def _tick(call: ApiRequest) -> dict[str, Any]:
    return tick_action(call.store, call.body, call.backend.now_text())
