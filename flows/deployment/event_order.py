"""Prefect's order of a server's events, waiting a minute at most; an environment variable of the server selects it.

`PREFECT_SERVER_EVENTS_CAUSAL_ORDERING=flows.deployment.event_order` where the server of an installation is started. The
event of a run's state waits for the one of the state before, if that is less than five minutes old. There is none where
the scheduler made the run less than five minutes before its time, and the server forgets which there were when it
restarts. Prefect then waits for 15 minutes, and so do the messages that automations send.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from prefect.server.events.ordering import memory

_WAIT: Final = timedelta(minutes=1)

memory.PRECEDING_EVENT_LOOKBACK = _WAIT
CausalOrdering = memory.CausalOrdering
