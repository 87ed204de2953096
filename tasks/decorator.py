"""Tasks that are plain calls outside a flow run, and events that are left out without a Prefect server: none is started
for them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

from prefect.cache_policies import NO_CACHE
from prefect.context import FlowRunContext
from prefect.events import emit_event as emit
from prefect.settings import PREFECT_API_URL
from prefect.tasks import Task

_P = ParamSpec("_P")
_R = TypeVar("_R")


def has_server() -> bool:
    """Whether this process knows a Prefect server. Prefect would start one of its own, for 12 to 18 seconds."""
    return bool(PREFECT_API_URL.value())


def emit_event(**event: Any) -> None:
    """Prefect's own `emit_event`, if there is a server that can send it on."""
    if has_server():
        emit(**event)


def task(**options: Any) -> Callable[[Callable[_P, _R]], Task[_P, _R]]:
    """Prefect's decorator `task` with its options, without a cache: within a flow run the function is a task run."""
    return lambda function: _Task(function, cache_policy=NO_CACHE, **options)


class _Task(Task[_P, _R]):
    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if FlowRunContext.get() is None:
            return self.fn(*args, **kwargs)
        return super().__call__(*args, **kwargs)
