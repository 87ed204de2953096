"""Flows that end in a state of the table, and are plain calls if there is no Prefect server.

A command on one machine starts no server for itself. What a server adds is left out then: states in order, artifacts,
limits, events, and a record of the run. What the run does and how it ends is the same.
"""

from __future__ import annotations

import functools
import inspect
import logging
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NoReturn, ParamSpec, TypeVar

from prefect.client.schemas.objects import State
from prefect.flows import Flow
from prefect.utilities.callables import get_call_parameters

from flows.automation_version import final_state
from flows.states import COMPLETED, FAILED
from ibf_pipeline.errors import IbfError
from tasks.decorator import has_server

log = logging.getLogger("ibf_pipeline.flows")

_P = ParamSpec("_P")
_R = TypeVar("_R")


def flow(**options: Any) -> Callable[[Callable[_P, _R]], Flow[_P, _R]]:
    """Prefect's decorator `flow` with its options: if there is a server, a call is a flow run of it.

    An IbfError is the last state of the run, Failed with its message, and every state ends as the server's automations
    know it.
    """
    return lambda function: _Flow(_in_a_state(function), **{"retries": 0, "persist_result": False, **options})


def _in_a_state(function: Callable[_P, _R]) -> Callable[_P, Any]:
    @functools.wraps(function)
    def run(*args: _P.args, **kwargs: _P.kwargs) -> Any:
        try:
            ended: Any = function(*args, **kwargs)
        except IbfError as error:
            log.error("%s", error)
            ended = FAILED.state(str(error), error)
        return final_state(ended) if isinstance(ended, State) else ended

    # Prefect looks names of annotations up in the module of the function that it is given
    run.__signature__ = inspect.signature(function, eval_str=True)  # type: ignore[attr-defined]
    return run


class _Flow(Flow[_P, _R]):
    def __call__(self, *args: Any, return_state: bool = False, **kwargs: Any) -> Any:  # type: ignore[override]
        if has_server():
            run: Callable[..., Any] = super().__call__
            return run(*args, return_state=return_state, **kwargs)
        with _ended_in_order():
            state = self._ended(args, kwargs)
        return state if return_state else state.result()

    def _ended(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> State[Any]:
        """The state in which the function ends, as Prefect has it: an error is a state too."""
        try:
            given = get_call_parameters(self.fn, args, kwargs)
            if self.should_validate_parameters:
                given = self.validate_parameters(given)
            function: Callable[..., Any] = self.fn
            ended = function(**given)
        except Exception as error:
            log.exception("%s", self.name)
            return FAILED.state(f"{type(error).__name__}: {error}", error)  # type: ignore[arg-type]
        return ended if isinstance(ended, State) else COMPLETED.state("").model_copy(update={"data": ended})


@contextmanager
def _ended_in_order() -> Iterator[None]:
    """SIGTERM ends the process in order, as within a flow run: it releases what it holds."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, _end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _end(number: int, _: object) -> NoReturn:
    sys.exit(128 + number)
