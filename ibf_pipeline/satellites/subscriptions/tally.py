"""What reached the receiver since it was started: every request by how it ended, from whom, when and for what."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from urllib.parse import quote

from starlette.requests import Request

from ibf_pipeline.satellites.odata import odata_timestamp

log = logging.getLogger(__name__)

STORED: Final = "stored"
_LONGEST_PATH: Final = 200


@dataclass(slots=True)
class Tally:
    """Counts of requests, and the last one of each end and of each subscription that is ours.

    Nothing in it grows with what strangers send: ends are few, and only subscriptions that were let in are kept apart.
    """

    clock: Callable[[], datetime]
    counts: Counter[str] = field(default_factory=Counter)
    last: dict[str, dict[str, str]] = field(default_factory=dict)
    subscriptions: dict[str, dict[str, Any]] = field(default_factory=dict)

    def note(self, end: str, request: Request, text: str, subscription_id: str | None = None) -> None:
        """Count a request and log it: how it ended, in a word and in words, from where, and for which subscription."""
        about = self._counted(
            end,
            request.client.host if request.client else "unknown",
            method=request.method[:10],
            path=quote(request.scope["path"], safe="/")[:_LONGEST_PATH],
            subscription=subscription_id or "unknown",
        )
        if end == STORED and subscription_id:
            stored = self.subscriptions.get(subscription_id, {}).get(STORED, 0) + 1
            self.subscriptions[subscription_id] = {STORED: stored, "last": about["time"], "peer": about["peer"]}
        level = logging.INFO if end == STORED else logging.WARNING
        log.log(level, "%(method)s %(path)s from %(peer)s, subscription %(subscription)s: " + "%(text)s",
                {**about, "text": text})  # fmt: skip

    def note_unread(self, end: str, peer: str, text: str) -> None:
        """Count and log what never became a request, so that it has neither method nor path."""
        self._counted(end, peer)
        log.warning("no request from %s: %s", peer, text)

    def _counted(self, end: str, peer: str, **more: str) -> dict[str, str]:
        self.counts[end] += 1
        self.last[end] = {"time": odata_timestamp(self.clock()), "peer": peer, **more}
        return self.last[end]

    def shown(self) -> dict[str, Any]:
        """For the health page."""
        return {"since start": dict(self.counts), "last": self.last, "subscriptions": self.subscriptions}
